"""
Foreign syntax: literals that look like what another tool writes where logmatch has a field.

Such text is a pattern that parses and matches nothing: `%{IP:client}` stands for these thirteen characters. Where an
example of the template holds the text it is meant, and nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from logmatch.importers.grok import TYPES
from logmatch.lint.contest import Contest
from logmatch.lint.findings import Finding, FindingKind, make_finding
from logmatch.lint.structure import field_spans
from logmatch.templates.model import Pattern
from logmatch.templates.template import Template


@dataclass(frozen=True, slots=True)
class _Form:
    """What another tool writes, as an expression over the text of a pattern, and what it is called."""

    expression: str
    what: str


_FORMS = (
    _Form(r"%\{(?P<grok>[A-Z][A-Z0-9_]*)(?::(?P<grok_name>[\w.@\[\]-]+))?(?::\w+)?\}", "a field of grok"),
    _Form(r"%\{(?P<dissect>[+?&*]?[\w.@\[\]-]*)(?:->)?\}", "a field of dissect"),
    _Form(r"\(\?P?<(?P<group>\w+)>[^()]*\)", "a group of a regular expression"),
    _Form(
        r"\\[dwsSDW](?:[+*?]|\{[0-9]|(?![A-Za-z0-9_]))|\[0-9\][+*]|\[a-z\][+*]|\.\*\??(?=$|[ )\]])|\\[.\[\](){}|]",
        "a regular expression",
    ),
    _Form(r"(?<![\w$#%{])\{(?P<brace>[A-Za-z_]\w*)(?::[^{}]{0,12})?\}(?!\})", "a field of a format string"),
    _Form(r"(?<![\w%])%-?[0-9]*[sdi](?![\w%])", "a field of printf"),
    _Form(r"<<(?P<angle>[A-Za-z_*][\w.-]*)>>", "a field in the angle brackets of another tool"),
)

_PLAIN_TYPES = {"[0-9]+": "int"}
"""Types that say enough in a hint where the importer has a set of bytes; `word` for the others."""


def foreign_syntax(contest: Contest) -> Iterator[Finding]:
    """Templates with text that was meant for another tool, one finding for each."""
    seen: set[str] = set()
    for template in contest.templates:
        for pattern in (template.header, template.pattern):
            if pattern is not None and (text := str(pattern)) not in seen:
                seen.add(text)
                finding = _found(template, pattern, text)
                if finding is not None:
                    yield finding
                    break


def _found(template: Template, pattern: Pattern, text: str) -> Finding | None:
    fields = field_spans(pattern.items)
    for form in _FORMS:
        for match in re.finditer(form.expression, text):
            is_group = match.groupdict().get("group") is not None
            if not is_group and any(start < match.end() and match.start() < end for start, end in fields):
                continue
            written = match[0]
            if any(written in example.line for example in template.match):
                continue
            name = "the header of " if pattern is template.header else ""
            message = f"{name}{template.id!r} has '{written}' as text, which looks like {form.what}"
            hint = f"{_written(match)}; if lines do hold this text, add one to 'match'"
            return make_finding(FindingKind.FOREIGN, template, message, hint, text=text, span=match.span())
    return None


def _written(match: re.Match[str]) -> str:
    """How logmatch writes what *match* was meant to be."""
    groups = match.groupdict()
    if groups.get("grok") is not None:
        name = re.sub(r"[^\w.-]", "", groups.get("grok_name") or "") or groups["grok"].lower()
        type_ = TYPES.get(groups["grok"], "any")
        return f"a field is written <{name}:{_PLAIN_TYPES.get(type_, 'word') if type_.startswith('[') else type_}>"
    name = next(filter(None, map(groups.get, ("dissect", "brace", "group", "angle"))), "") or ""
    name = re.sub(r"[^\w.-]", "", name)
    if name:
        return f"a field is written <{name}>, or with a type, <{name}:int>"
    return "a field is written <name:type>, as <n:int>, or <name:/regex/>"
