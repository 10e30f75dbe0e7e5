"""
Structure: faults that the items of a pattern show, without a line. What is said to be *never* so is proved here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from logmatch.lint.contest import Contest
from logmatch.lint.findings import Finding, FindingKind, make_finding
from logmatch.program import WHITESPACE, Variant
from logmatch.templates.model import (
    CLFTIME,
    DATE,
    FLOAT,
    HEX,
    HOST,
    INT,
    IP,
    IPV4,
    IPV6,
    ISO8601,
    MAC,
    PATH,
    PERCENT,
    QUOTED,
    REST,
    SYSLOGTIME,
    TIME,
    URL,
    UUID,
    WORD,
    WS,
    Field,
    FieldType,
    Greediness,
    Literal,
    OptionalPart,
    Template,
    WordList,
    decode,
)


@dataclass(frozen=True, slots=True)
class _Fault:
    """What is wrong between two items of a variant; `first` and `last` are the slots of the fields to be shown."""

    kind: FindingKind
    first: int
    last: int
    sentence: str
    hint: str


def structural_faults(contest: Contest) -> Iterator[Finding]:
    """Adjacent free fields and variants that never match; those of a shared header once, for its first template."""
    seen: set[object] = set()
    for number, template in enumerate(contest.templates):
        variants = [contest.variants[each] for each in contest.variants_of[number]]
        faults = list(dict.fromkeys(fault for variant in variants for fault in _faults(variant)))
        if not faults:
            continue
        layout = PatternLayout(template)
        whose = "can never match" if all(map(is_impossible, variants)) else "has a variant that can never match"
        for fault in faults:
            key = (template.header if fault.last < layout.header_fields else number, fault)
            if key not in seen:
                seen.add(key)
                text, span = layout.snippet(fault.first, fault.last)
                subject = f"{template.id!r} {whose}" if fault.kind is FindingKind.NEVER_MATCHES else repr(template.id)
                yield make_finding(
                    fault.kind, template, f"{subject}: {fault.sentence}", fault.hint, text=text, span=span
                )


def _faults(variant: Variant) -> Iterator[_Fault]:
    slots = itertools.chain(variant.slots, [0])
    slot = next(slots)
    for first, second in itertools.pairwise(variant.items):
        if not isinstance(first, Field):
            continue
        this, slot = slot, next(slots)
        if isinstance(second, Field) and first.type.greediness is second.type.greediness is Greediness.FREE:
            sentence = f"nothing stands between {first} and {second}, so that the first takes its shortest text"
            hint = "put a literal between them, or make them one field"
            yield _Fault(FindingKind.ADJACENT_FREE, this, slot, sentence, hint)
        elif _never_fits(first, second):
            behind = repr(decode(second.text)) if isinstance(second, Literal) else str(second)
            sentence = f"{first} takes {SWALLOWED[first.type].what}, which leaves nothing for {behind} behind it"
            hint = "leave one of the two out, or put other text between them"
            if first.type == WS:
                hint = "leave the whitespace behind 'ws' out of the pattern; 'ws' takes all of it"
            yield _Fault(FindingKind.NEVER_MATCHES, this, this, sentence, hint)


def is_impossible(variant: Variant) -> bool:
    """Whether it is certain that *variant* matches no line."""
    return any(_never_fits(*pair) for pair in itertools.pairwise(variant.items))


_DIGITS = frozenset(b"0123456789")
_HEX_DIGITS = frozenset(b"0123456789abcdefABCDEF")
_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_LABEL = _LETTERS | _DIGITS | frozenset(b"-_")
_BLANKS = frozenset(WHITESPACE)


@dataclass(frozen=True, slots=True)
class Swallowed:
    """The bytes that never stand behind a token, since it would have taken them too."""

    bytes: frozenset[int]
    what: str


SWALLOWED: dict[FieldType, Swallowed] = {
    WS: Swallowed(_BLANKS, "all spaces and tabs"),
    INT: Swallowed(_DIGITS, "all digits"),
    FLOAT: Swallowed(_DIGITS, "all digits"),
    HEX: Swallowed(_HEX_DIGITS, "all hexadecimal digits"),
    HOST: Swallowed(_LABEL, "all labels"),
    REST: Swallowed(frozenset(range(256)), "the whole rest of the line"),
}
"""Only tokens that end where their last run of bytes ends: behind a time of 13:05 may stand a digit, as in 13:051."""

FIRST_BYTES: dict[FieldType, frozenset[int]] = {
    INT: _DIGITS | frozenset(b"+-"),
    FLOAT: _DIGITS | frozenset(b"+-."),
    PERCENT: _DIGITS | frozenset(b"+-."),
    HEX: _HEX_DIGITS,
    IPV4: _DIGITS,
    IPV6: _HEX_DIGITS | frozenset(b":"),
    IP: _HEX_DIGITS | frozenset(b":"),
    MAC: _HEX_DIGITS,
    UUID: _HEX_DIGITS,
    HOST: _LABEL,
    QUOTED: frozenset(b'"'),
    **dict.fromkeys((DATE, TIME, ISO8601, CLFTIME), _DIGITS),
    SYSLOGTIME: frozenset(b"JFMASOND"),
    WORD: frozenset(range(256)) - _BLANKS,
    PATH: _LETTERS | frozenset(b"/~"),
    URL: _LETTERS,
}
"""With which bytes a field can begin. What may be empty (`any`, `rest`, `ws`) is not here."""


def _never_fits(first: Literal | Field, second: Literal | Field) -> bool:
    """Whether it is certain that *second* never matches where *first* ends."""
    if not isinstance(first, Field) or first.type not in SWALLOWED:
        return False
    swallowed = SWALLOWED[first.type].bytes
    if isinstance(second, Literal):
        # A dot belongs to a host name if another label comes behind it.
        text = second.text.removeprefix(b".") if first.type == HOST else second.text
        return text[:1] != b"" and text[0] in swallowed
    if isinstance(second.type, WordList):
        return all(word[0] in swallowed for word in second.type.words)
    return second.type in FIRST_BYTES and FIRST_BYTES[second.type] <= swallowed


class PatternLayout:
    """Where the fields of a template stand in the text of its header and pattern; fields are known by their slots."""

    def __init__(self, template: Template) -> None:
        self._header = str(template.header) if template.header is not None else ""
        self._pattern = str(template.pattern)
        self.header_fields = sum(1 for _ in template.header.fields()) if template.header is not None else 0
        self._spans: list[tuple[int, int]] = []
        at = 0
        for item in template.items():
            inner = at + len("<?>") if isinstance(item, OptionalPart) else at
            for part in item.items if isinstance(item, OptionalPart) else (item,):
                if isinstance(part, Field):
                    self._spans.append((inner, inner + len(str(part))))
                inner += len(str(part))
            at += len(str(item))

    def snippet(self, first: int, last: int) -> tuple[str, tuple[int, int]]:
        """The text that holds the fields from slot *first* to *last*, and their span in it."""
        start, end = self._spans[first][0], self._spans[last][1]
        if first >= self.header_fields:
            return self._pattern, (start - len(self._header), end - len(self._header))
        return self._header + (self._pattern if last >= self.header_fields else ""), (start, end)
