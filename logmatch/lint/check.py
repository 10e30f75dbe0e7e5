"""
Check: templates -> findings, what is wrong with them though they are well formed. The core of `logmatch check`.

A *finding* is about one template: an example that does not hold, a template that never wins or never matches, a match
that only the place in the file decides, a field whose end is not what it seems, a slow regular expression. Each kind is
looked for in a module of its own; this one puts them in order.
"""

from __future__ import annotations

from collections.abc import Sequence

from logmatch.lint.contest import Contest
from logmatch.lint.examples import failed_examples, failed_no_matches
from logmatch.lint.findings import Finding, FindingKind
from logmatch.lint.shadowing import losers
from logmatch.lint.slow_regex import regex_sources, slow_regexes
from logmatch.lint.structure import structural_faults
from logmatch.templates.template import Template


def check_templates(templates: Sequence[Template]) -> list[Finding]:
    """
    Return what is wrong with *templates*, whose order is their place in the file: by template, then by kind.

    The cost grows about linearly with the number of variants; 10,000 templates take some ten seconds.
    """
    contest = Contest(templates)
    slow = list(slow_regexes(templates))
    findings = [
        *failed_examples(contest),
        *failed_no_matches(contest),
        *structural_faults(contest),
        *(finding for finding, _ in slow),
    ]
    slow_sources = {source for _, source in slow}
    if slow_sources:
        # They would make every sample that reaches them wait for the time limit.
        contest = Contest([template for template in templates if not slow_sources & regex_sources(template)])
    findings += losers(contest)
    number_of = {template.id: number for number, template in reversed([*enumerate(templates)])}
    kinds = list(FindingKind)
    return sorted(findings, key=lambda finding: (number_of[finding.template_id], kinds.index(finding.kind)))
