"""
Check: templates -> findings, what is wrong with them though they are well formed. The core of `logmatch check`.

A *finding* is about one template: an example that does not hold, a template that never wins or never matches, a match
that only the place in the file decides, a field whose end is not what it seems, a slow regular expression. Each kind is
looked for in a module of its own; this one puts them in order.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from logmatch.lint.against import Usage
from logmatch.lint.contest import Contest
from logmatch.lint.examples import failed_examples, failed_no_matches
from logmatch.lint.findings import CODES, Finding, FindingKind, make_finding
from logmatch.lint.foreign import foreign_syntax
from logmatch.lint.shadowing import losers
from logmatch.lint.slow_regex import costly_headers, regex_sources, set_regexes, slow_regexes
from logmatch.lint.structure import structural_faults
from logmatch.templates.template import Template
from logmatch.wording import did_you_mean


def check_templates(
    templates: Sequence[Template],
    allow: Collection[str] = (),
    usage: Usage | None = None,
    logs: str = "",
    step: Callable[[str], None] = lambda _: None,
) -> list[Finding]:
    """
    Return what is wrong with *templates*, whose order is their place in the file: by template, then by kind.

    Args:
        templates: what a template allows itself is not reported.
        allow: codes of findings that are not reported.
        usage: what the templates match in *logs*, as a sentence names them.
        step: is told what is looked at.

    The cost grows about linearly with the number of variants; 10,000 templates take some ten seconds.
    """
    contest = usage.contest if usage is not None else Contest(templates)
    step("regular expressions")
    slow = list(slow_regexes(templates))
    step("examples")
    findings = [
        *failed_examples(contest),
        *failed_no_matches(contest),
        *structural_faults(contest),
        *foreign_syntax(contest),
        *costly_headers(templates),
        *set_regexes(templates),
        *_unknown_codes(templates),
        *(usage.findings(logs) if usage is not None else ()),
        *(finding for finding, _ in slow),
    ]
    slow_sources = {source for _, source in slow}
    if slow_sources:
        # They would make every sample that reaches them wait for the time limit.
        contest = Contest([template for template in templates if not slow_sources & regex_sources(template)])
    told = {(each.template_id, each.others) for each in findings if each.kind is FindingKind.AMBIGUOUS}
    lost = losers(contest, step)
    findings += [e for e in lost if e.kind is not FindingKind.AMBIGUOUS or (e.template_id, e.others) not in told]
    numbers = {template.id: number for number, template in reversed([*enumerate(templates)])}
    kinds = list(FindingKind)
    allowed = {template.id: template.allow for template in templates if template.allow}
    findings = [finding for finding in findings if not _is_allowed(finding, allow, allowed)]
    return sorted(findings, key=lambda finding: (numbers[finding.template_id], kinds.index(finding.kind)))


_OF_PAIRS = (FindingKind.AMBIGUOUS, FindingKind.COMPETING)


def _is_allowed(finding: Finding, allow: Collection[str], allowed: Mapping[str, Collection[str]]) -> bool:
    """Whether *finding* is meant: by the run, by its template, or, if it is about two, by either of them."""
    ids = [finding.template_id, *(finding.others if finding.kind in _OF_PAIRS else ())]
    return finding.kind.value in allow or any(finding.kind.value in allowed.get(id_, ()) for id_ in ids)


def _unknown_codes(templates: Sequence[Template]) -> Iterator[Finding]:
    """What templates allow that no finding is called."""
    for template in templates:
        for code in template.allow:
            if code not in CODES:
                message = f"{template.id!r} allows {code!r}, which is no kind of finding"
                hint = f"{did_you_mean(code, CODES)}The kinds are {', '.join(CODES)}"
                yield make_finding(FindingKind.UNKNOWN_CODE, template, message, hint)
