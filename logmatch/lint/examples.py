"""
Examples: the lines that a template says it matches, or does not match, tried.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal, InvalidOperation

from logmatch.lint.contest import Contest, example_line
from logmatch.lint.findings import Finding, FindingKind, make_finding, named
from logmatch.templates.model import FieldType, JsonKind, decode


def failed_examples(contest: Contest) -> Iterator[Finding]:
    for number, template in enumerate(contest.templates):
        for count, example in enumerate(template.match, 1):
            line = example_line(example.line)
            failure = _example_failure(contest, number, f"example {count} of {template.id!r}", line)
            if failure is not None:
                yield failure
            elif example.values:
                yield from _wrong_values(contest, number, count, line, example.values)


def _example_failure(contest: Contest, number: int, example: str, line: bytes) -> Finding | None:
    """What is wrong if *line* has another match than the template *number*."""
    template = contest.templates[number]
    kind, text = FindingKind.EXAMPLE_FAILED, decode(line)
    if b"\n" in line:
        hint = "give each line an example of its own"
        return make_finding(kind, template, f"{example} holds a line break, which no line does", hint, text=text)
    winner = contest.winner(line)
    if winner is not None and contest.owner(winner) == number:
        return None
    own = contest.first_of(number, line)
    if winner is None:
        return make_finding(kind, template, f"{example} does not match", _AS_A_WHOLE, text=text)
    other = contest.template(winner)
    if own is None:
        sentence = f"{example} does not match; {named(other)} matches it"
        return make_finding(kind, template, sentence, _AS_A_WHOLE, text=text, others=[other])
    sentence = f"{example} goes to {named(other)}, which has {contest.advantage(winner, own)}"
    hint = f"give {template.id!r} a higher priority than {other.id!r}, or move the example there"
    return make_finding(kind, template, sentence, hint, text=text, others=[other])


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
            sentence = f"example {count} of {template.id!r}: the field {name!r} is {wrong}"
            hint = "correct the value, or the pattern"
        elif name in names:
            sentence = (
                f"example {count} of {template.id!r}: the field {name!r} is in a part that this line does not have"
            )
            hint = "leave the value out, or give the example a line that has the part"
        else:
            sentence = f"example {count} of {template.id!r}: there is no field {name!r}"
            hint = _known_names([known for known in names if known is not None], name)
        yield make_finding(FindingKind.EXAMPLE_FAILED, template, sentence, hint, text=decode(line), span=span)


def _known_names(known: Sequence[str], name: str) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    guess = f"did you mean {near[0]!r}? " if near else ""
    return guess + (f"The fields are {', '.join(known)}" if known else "The template has no fields that are output")


def _difference(type_: FieldType, text: bytes, expected: object) -> str | None:
    """How the value of a field of *type_*, whose text is *text*, differs from *expected*; None if it does not."""
    text = type_.facts.value_text(text)
    if type_.json_kind is JsonKind.NUMBER:
        if isinstance(expected, int | float) and not isinstance(expected, bool):
            return None if _is_number(text, expected) else f"{decode(text)}, not {expected}"
        return f"the number {decode(text)}, not the text {expected!r}"
    value = text.decode("utf-8", "replace")
    if isinstance(expected, str):
        return None if expected in (value, decode(text)) else f"{value!r}, not {expected!r}"
    return f"the text {value!r}, not the number {expected}"


def _is_number(text: bytes, expected: int | float) -> bool:
    """Whether *text* is the number *expected*; a float stands for all digits that it could not hold."""
    if isinstance(expected, float):
        return float(text) == expected
    try:
        return Decimal(text.decode()) == expected
    except InvalidOperation:  # an exponent beyond all bounds
        return False


def failed_no_matches(contest: Contest) -> Iterator[Finding]:
    for number, template in enumerate(contest.templates):
        for count, text in enumerate(template.no_match, 1):
            line = example_line(text)
            if b"\n" not in line and contest.first_of(number, line) is not None:
                sentence = f"{template.id!r} matches line {count} of its 'no_match'"
                hint = "make the pattern more specific, or take the line out"
                yield make_finding(FindingKind.NO_MATCH_FAILED, template, sentence, hint, text=decode(line))
