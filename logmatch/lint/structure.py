"""
Structure: faults that the items of a pattern show, without a line. What is said to be *never* so is proved here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from logmatch.lint.contest import Contest
from logmatch.lint.findings import Finding, FindingKind, make_finding
from logmatch.program import Variant
from logmatch.templates.model import HOST, WS, Alternatives, Field, Item, Literal, OptionalPart, decode
from logmatch.templates.template import Template


@dataclass(frozen=True, slots=True)
class _Fault:
    """What is wrong between two items of a variant; `first` and `last` are the slots of the fields to be shown."""

    kind: FindingKind
    first: int
    last: int
    message: str
    hint: str


def structural_faults(contest: Contest) -> Iterator[Finding]:
    """Adjacent free fields and variants that never match; those of a shared header once, for its first template."""
    seen: set[object] = set()
    for number, template in enumerate(contest.templates):
        variants = [contest.variants[each] for each in contest.variants_of[number]]
        # What follows an item differs between variants: of a fault the first is told.
        told: dict[object, _Fault] = {}
        for fault in itertools.chain.from_iterable(map(_faults, variants)):
            told.setdefault((fault.kind, fault.first, fault.last), fault)
        faults = list(told.values())
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
                    fault.kind, template, f"{subject}: {fault.message}", fault.hint, text=text, span=span
                )


def _faults(variant: Variant) -> Iterator[_Fault]:
    slots = iter(variant.slots)
    numbered = [(item, next(slots) if isinstance(item, Field) else -1) for item in variant.items]
    for (first, slot), (second, second_slot) in itertools.pairwise(numbered):
        if not isinstance(first, Field):
            continue
        if isinstance(second, Field) and first.type.facts.is_free and second.type.facts.is_free:
            message = f"nothing stands between {first} and {second}, so that the first takes its shortest text"
            hint = "put a literal between them, or make them one field"
            yield _Fault(FindingKind.ADJACENT_FREE, slot, second_slot, message, hint)
        elif _never_fits(first, second):
            after = repr(decode(second.text)) if isinstance(second, Literal) else str(second)
            message = f"{first} takes {first.type.facts.swallows_what}, which leaves nothing for {after} after it"
            hint = "leave one of the two out, or put other text between them"
            if first.type == WS:
                hint = "leave the whitespace after 'ws' out of the pattern; 'ws' takes all of it"
            yield _Fault(FindingKind.NEVER_MATCHES, slot, slot, message, hint)
    for (first, slot), (second, _), (third, third_slot) in zip(numbered, numbered[1:], numbered[2:], strict=False):
        if isinstance(second, Field) and second.type == WS and _can_share(first, third):
            message = f"{second} between {first} and {third} may be empty, so that {first} takes its shortest text"
            hint = "use 'blanks', which is never empty, or put other text between the two"
            yield _Fault(FindingKind.LOOSE_WS, slot, third_slot, message, hint)


def _can_share(first: Literal | Field, second: Literal | Field) -> bool:
    """Whether the text of *first*, which is free, could go on with what *second* begins with."""
    if not (isinstance(first, Field) and isinstance(second, Field) and first.type.facts.is_free):
        return False
    alphabet, first_bytes = first.type.facts.alphabet, second.type.facts.first_bytes
    return alphabet is None or first_bytes is None or not set(alphabet).isdisjoint(first_bytes)


def is_impossible(variant: Variant) -> bool:
    """Whether it is certain that *variant* matches no line."""
    return any(_never_fits(*pair) for pair in itertools.pairwise(variant.items))


def _never_fits(first: Literal | Field, second: Literal | Field) -> bool:
    """Whether it is certain that *second* never matches where *first* ends."""
    if not isinstance(first, Field) or not first.type.facts.swallows:
        return False
    swallowed = first.type.facts.swallows
    if isinstance(second, Literal):
        # A dot belongs to a host name if another label follows.
        text = second.text.removeprefix(b".") if first.type == HOST else second.text
        return text[:1] != b"" and text[0] in swallowed
    first_bytes = second.type.facts.first_bytes
    return first_bytes is not None and set(first_bytes) <= set(swallowed)


def field_spans(items: Iterable[Item], at: int = 0) -> list[tuple[int, int]]:
    """Where the fields of *items* are in their text, which begins at *at*; in the order of their slots."""
    spans: list[tuple[int, int]] = []
    for item in items:
        if isinstance(item, Field):
            spans.append((at, at + len(str(item))))
        elif isinstance(item, OptionalPart):
            spans += field_spans(item.items, at + len("<?>"))
        elif isinstance(item, Alternatives):
            inner = at + len("<(>")
            for choice in item.choices:
                spans += field_spans(choice, inner)
                inner += sum(len(str(part)) for part in choice) + len("<|>")
        at += len(str(item))
    return spans


class PatternLayout:
    """Where the fields of a template stand in the text of its header and pattern; fields are known by their slots."""

    def __init__(self, template: Template) -> None:
        self._header = str(template.header) if template.header is not None else ""
        self._pattern = str(template.pattern)
        self.header_fields = sum(1 for _ in template.header.fields()) if template.header is not None else 0
        self._spans = field_spans(template.items())

    def snippet(self, first: int, last: int) -> tuple[str, tuple[int, int]]:
        """The text that holds the fields from slot *first* to *last*, and their span in it."""
        start, end = self._spans[first][0], self._spans[last][1]
        if first >= self.header_fields:
            return self._pattern, (start - len(self._header), end - len(self._header))
        return self._header + (self._pattern if last >= self.header_fields else ""), (start, end)
