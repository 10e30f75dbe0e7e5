"""
Examples: the lines that a template says it matches, or does not match, tried.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from logmatch.explain.explanation import Explainer
from logmatch.explain.show import expectation
from logmatch.lint.contest import Contest, example_line
from logmatch.lint.findings import Finding, FindingKind, make_finding, named
from logmatch.templates.model import FieldType, JsonKind, decode
from logmatch.templates.template import Template


def failed_examples(contest: Contest) -> Iterator[Finding]:
    """What is wrong with the lines of `match`: another template matches them, or none, or their values differ."""
    explainer = Explainer(contest.templates, contest)
    locations = ExampleLocations(contest.templates)
    for number, template in enumerate(contest.templates):
        for count, example in enumerate(template.match, 1):
            line = example_line(example.line)
            failure = _example_failure(contest, explainer, number, f"example {count} of {template.id!r}", line)
            if failure is not None:
                yield locations.moved(failure, template, example.line)
            elif example.values:
                for finding in _wrong_values(contest, number, count, line, example.values):
                    yield locations.moved(finding, template, example.line)


def _example_failure(contest: Contest, explainer: Explainer, number: int, example: str, line: bytes) -> Finding | None:
    """What is wrong if *line* has another match than the template *number*."""
    template = contest.templates[number]
    kind, text = FindingKind.EXAMPLE_FAILED, decode(line)
    winner = contest.winner(line)
    if winner is not None and contest.owner(winner) == number:
        return None
    own = contest.first_of(number, line)
    if winner is not None and own is not None:
        other = contest.template(winner)
        message = f"{example} goes to {named(other)}, which has {contest.advantage(winner, own)}"
        hint = f"give {template.id!r} a higher priority than {other.id!r}, or move the example there"
        return make_finding(kind, template, message, hint, text=text, others=[other])
    others = [contest.template(winner)] if winner is not None else []
    matched_by = f"; {named(others[0])} matches it" if others else ""
    misses = explainer.nearest(line, 1, [number])
    if not misses:
        message = f"{example} does not match{matched_by}"
        return make_finding(kind, template, message, _AS_A_WHOLE, text=text, others=others)
    (miss,) = misses
    message = f"{example} does not match: {expectation(miss)}{matched_by}"
    start = len(decode(line[: miss.stopped_at]))
    end = start + len(decode(miss.found))
    hint = _AS_A_WHOLE
    if miss.suggestion is not None:
        hint = f"correct the pattern or the example; this pattern would match: {miss.suggestion}"
    return make_finding(kind, template, message, hint, text=text, span=(start, end), others=others)


_AS_A_WHOLE = "a template matches a line only as a whole, its header included; correct the pattern or the example"


def _wrong_values(
    contest: Contest, number: int, count: int, line: bytes, expected: Iterable[tuple[str, object]]
) -> Iterator[Finding]:
    """What is wrong with the values of an example whose match is the template *number*."""
    template = contest.templates[number]
    matched = contest.first_of(number, line)
    spans = contest.spans(matched, line) if matched is not None else None
    if matched is None or spans is None:
        return  # a `/regex/` field took too long this time
    slots = contest.variants[matched].slots
    names = contest.names[number]
    found = {names[slot]: index for index, slot in enumerate(slots) if names[slot] is not None}
    fields = contest.variants[matched].fields()
    for name, value in expected:
        span = None
        if name in found:
            index = found[name]
            bounds = spans[2 * index], spans[2 * index + 1]
            wrong = _difference(fields[index].type, line[slice(*bounds)], value)
            if wrong is None:
                continue
            span = len(decode(line[: bounds[0]])), len(decode(line[: bounds[1]]))
            message = f"example {count} of {template.id!r}: the field {name!r} is {wrong}"
            hint = "correct the value, or the pattern"
        elif name in names:
            message = (
                f"example {count} of {template.id!r}: the field {name!r} is in a part that this line does not have"
            )
            hint = "leave the value out, or give the example a line that has the part"
        else:
            message = f"example {count} of {template.id!r}: there is no field {name!r}"
            hint = _known_names([known for known in names if known is not None], name)
        yield make_finding(FindingKind.EXAMPLE_FAILED, template, message, hint, text=decode(line), span=span)


def _known_names(known: Sequence[str], name: str) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    guess = f"did you mean {near[0]!r}? " if near else ""
    return guess + (f"The fields are {', '.join(known)}" if known else "The template has no fields that are output")


def _difference(type_: FieldType, text: bytes, expected: object) -> str | None:
    """How the value of a field of *type_*, whose text is *text*, differs from *expected*; None if it does not."""
    text = type_.facts.value_text(text)
    if type_.json_kind is JsonKind.VALUE:
        return _difference_in_json(text, expected)
    if type_.json_kind is JsonKind.NUMBER:
        if isinstance(expected, int | float) and not isinstance(expected, bool):
            return None if _is_number(text, expected) else f"{decode(text)}, not {expected}"
        return f"the number {decode(text)}, not the text {expected!r}"
    value = text.decode("utf-8", "replace")
    if isinstance(expected, str):
        return None if expected in (value, decode(text)) else f"{value!r}, not {expected!r}"
    return f"the text {value!r}, not the number {expected}"


def _difference_in_json(text: bytes, expected: object) -> str | None:
    """As `_difference`, for a value that is JSON."""
    value = json.loads(text.decode("utf-8", "replace"), parse_float=Decimal)
    if isinstance(expected, int | float) and not isinstance(expected, bool):
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return None if _is_number(str(value).encode(), expected) else f"{value}, not {expected}"
    elif value == expected:
        return None
    return f"{'null' if value is None else repr(value)}, not {expected!r}"


def _is_number(text: bytes, expected: int | float) -> bool:
    """Whether *text* is the number *expected*; a float stands for all digits that it could not hold."""
    if isinstance(expected, float):
        return float(text) == expected
    try:
        return Decimal(text.decode()) == expected
    except InvalidOperation:  # an exponent beyond all bounds
        return False


def failed_no_matches(contest: Contest) -> Iterator[Finding]:
    """The lines of `no_match` that the template matches, whether or not it wins them."""
    locations = ExampleLocations(contest.templates)
    for number, template in enumerate(contest.templates):
        for count, text in enumerate(template.no_match, 1):
            line = example_line(text)
            if contest.first_of(number, line) is not None:
                message = f"{template.id!r} matches line {count} of its 'no_match'"
                hint = "make the pattern more specific, or take the line out"
                finding = make_finding(FindingKind.NO_MATCH_FAILED, template, message, hint, text=decode(line))
                yield locations.moved(finding, template, text)


class ExampleLocations:
    """
    Finds the line of the file in which an example is written. Templates know only where they begin themselves.

    The file is read again when an example has failed, and only then.
    """

    def __init__(self, templates: Sequence[Template]) -> None:
        self._begins: dict[str, list[int]] = {}
        """For each file the lines in which its templates begin."""
        for template in templates:
            origin = template.origin
            if origin.file is not None and origin.line_number is not None:
                self._begins.setdefault(origin.file, []).append(origin.line_number)
        self._lines: dict[str, list[str]] = {}

    def moved(self, finding: Finding, template: Template, text: str) -> Finding:
        """*finding* at the line of the example *text* of *template*, if that can be told."""
        line_number = self._line_of(template, text)
        return (
            finding
            if line_number is None
            else replace(finding, location=replace(finding.location, line_number=line_number))
        )

    def _line_of(self, template: Template, text: str) -> int | None:
        file, begin = template.origin.file, template.origin.line_number
        if file is None or begin is None:
            return None
        written = {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
        end = min((line for line in self._begins[file] if line > begin), default=None)
        lines = self._lines_of(file)[begin - 1 : None if end is None else end - 1]
        return next((begin + index for index, line in enumerate(lines) if any(each in line for each in written)), None)

    def _lines_of(self, file: str) -> list[str]:
        if file not in self._lines:
            try:
                with open(file, encoding="utf-8", errors="surrogateescape", newline="\n") as opened:
                    self._lines[file] = opened.read().split("\n") if os.path.isfile(file) else []
            except (OSError, ValueError):
                self._lines[file] = []  # stdin, a pack, a file that has gone: the line of the template will do
        return self._lines[file]
