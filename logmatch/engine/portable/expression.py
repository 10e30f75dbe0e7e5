"""
Expression: a variant -> a regular expression that finds what `reference.walk` finds, and up to which length of line it
may.

Written plainly (`(.*?)` for each free field), a backtracking matcher needs time of the order n^k for k free fields on a
line of n bytes. Mostly that can be avoided by construction: where the leftmost place at which a free field and the text
after it match is also the right one whatever comes later, the search for it is made atomic. `hard_loops` counts the
searches for which that does not hold; `Expression.longest_line` says for which lines the cost stays within a constant
factor of the linear one. Longer lines are matched by `reference.walk`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from logmatch.engine.portable.lists import longest_of
from logmatch.program import WHITESPACE
from logmatch.templates.field_type import escaped
from logmatch.templates.model import (
    ANY,
    IP,
    IPV4,
    IPV6,
    SYSLOGTIME,
    WORD,
    Field,
    FieldType,
    Literal,
)

MAX_FACTOR = 1000
"""How much dearer than linear the worst line may be: n^hard_loops <= MAX_FACTOR."""

_END = rb"[ \t]*+\Z"
"""The end of a pattern takes the spaces and tabs that are left there."""

LAST_ANY = rb"((?>.*[^ \t])?+)"
"""An `any` that ends a pattern leaves them: its text ends with the last other byte, or is empty."""

UNBOUNDED = 1 << 62
"""A length that no line has."""


def _text(type_: FieldType) -> bytes:
    expression = type_.facts.expression
    assert expression is not None, "a `/regex/` field has none, and none of its variants comes here"
    return expression


# The texts of `types`, written for speed: an octet four times instead of a loop, months by their first letters.
# The digits that an IPv4 address begins with are followed by a dot, those of an IPv6 address by a colon: so there is at
# most one of the two at a place, and the one that is quick to try, and much more frequent, comes first.
_OCTET = _text(IPV4).partition(rb"(?:\.")[0]
_QUICK_IPV4 = rb"\.".join([_OCTET] * 4)
_QUICK_IPV6 = rb"(?=[0-9a-fA-F]{0,4}+:)" + _text(IPV6)
_QUICK_TOKENS: dict[FieldType, bytes] = {
    IPV4: _QUICK_IPV4,
    IPV6: _QUICK_IPV6,
    IP: rb"(?>" + _QUICK_IPV4 + rb"|" + _QUICK_IPV6 + rb")",
    SYSLOGTIME: rb"(?:J(?:an|u[nl])|Feb|Ma[ry]|A(?:pr|ug)|Sep|Oct|Nov|Dec)" + _text(SYSLOGTIME).partition(b")")[2],
}


@functools.lru_cache(maxsize=4096)
def text_of(type_: FieldType) -> bytes | None:
    """
    The expression of a text of *type_*, or None; of free text that holds no whitespace, all of it up to there.
    """
    facts = type_.facts
    if facts.to_whitespace is not None:
        return facts.to_whitespace
    if facts.expression is None and facts.options:
        return longest_of(facts.options, text_of)
    return _QUICK_TOKENS.get(type_, facts.expression)


@dataclass(frozen=True, slots=True)
class Expression:
    """
    `text` matches from the start of its first item, with one group for each field; it ends at the end of the line, but
    for spaces and tabs.
    """

    text: bytes
    longest_line: int


def of_items(items: Sequence[Literal | Field], *, to_end: bool = True) -> Expression | None:
    """
    The expression for *items*, or None where they have none (`/regex/` fields keep their own rules and time limit).

    With *to_end* they end where the line ends, but for spaces and tabs.

    Without *to_end* what matches is the first of possibly several ways, and the last item must be no free field.
    """
    if any(isinstance(item, Field) and text_of(item.type) is None for item in items):
        return None
    parts: list[bytes] = []
    open_groups = 0  # searches whose end may have to move when something later does not fit
    monotone = True  # whether all segments since the first of them are
    hard_loops = 0
    index = 0
    while index < len(items):
        item = items[index]
        if not is_search(items, index):
            parts.append(_plain(items, index))
            index += 1
            continue
        end = index + 1
        while end < len(items) and not is_search(items, end):
            end += 1
        segment = items[index + 1 : end]
        following = items[end] if end < len(items) else None
        assert isinstance(item, Field)
        hard_loops += _scans_overlap(segment)
        monotone = monotone and all(map(_is_monotone, segment))
        is_final = not to_end if following is None else leftmost_is_final(item, segment, following)
        quick = None
        if len(segment) == 1 and isinstance(segment[0], Literal):
            quick = _quick_search(item, segment[0].text, is_final=is_final, to_end=to_end and following is None)
        if quick is not None:
            parts.append(quick)
        else:
            parts += [b"(?>(", _text(item.type), b")"]
            parts += [_plain(items, place) for place in range(index + 1, end)]
            if is_final:
                parts.append(b")")
            else:
                open_groups += 1
                hard_loops += following is not None
        if isinstance(following, Field) and following.type == ANY and monotone:
            # `any` takes whatever lies between the end of this place and the end of a later one: nothing before it
            # moves.
            parts.append(b")" * open_groups)
            open_groups = 0
        if not open_groups:
            monotone = True
        index = end
    if to_end:
        parts.append(_END)
    parts.append(b")" * open_groups)
    longest = UNBOUNDED if hard_loops == 0 else int(MAX_FACTOR ** (1 / hard_loops))
    return Expression(b"".join(parts), longest)


def is_search(items: Sequence[Literal | Field], index: int) -> bool:
    """Whether the item is a free field whose end is not plain from the next whitespace or the end of the line."""
    item = items[index]
    if not isinstance(item, Field) or not item.type.facts.is_free:
        return False
    following = items[index + 1] if index + 1 < len(items) else None
    if following is None:
        return False
    return item.type == ANY or not (isinstance(following, Literal) and following.text[0] in WHITESPACE)


def _plain(items: Sequence[Literal | Field], index: int) -> bytes:
    """The expression of an item that is no search."""
    item = items[index]
    if isinstance(item, Literal):
        return escaped(item.text)
    type_ = item.type
    if type_ == ANY:
        return LAST_ANY
    return b"(" + (text_of(type_) or b"(?!)") + b")"


def _quick_search(item: Field, literal: bytes, *, is_final: bool, to_end: bool) -> bytes | None:
    """
    A faster expression for a search whose segment is *literal* alone, where it has one.

    With *is_final* the leftmost place of the literal is the right one, so that it can be found by runs of other bytes.
    With *to_end* only spaces and tabs may follow the literal, and it ends with something else: there is just one place
    for it.
    """
    if to_end:
        return b"(.*)" + escaped(literal) if item.type == ANY else None
    if not is_final or item.type not in (ANY, WORD):
        return None
    first, rest = escaped(literal[:1]), escaped(literal[1:])
    run = b"[^" + re.escape(literal[:1]) + (b" \\t" if item.type == WORD else b"") + b"]*+"
    text = (b"[^ \\t]" if item.type == WORD else b"") + run
    if rest:
        text += b"(?:" + first + b"(?!" + rest + b")" + run + b")*+"
    return b"(" + text + b")" + first + rest


def leftmost_is_final(item: Field, segment: Sequence[Literal | Field], following: Literal | Field) -> bool:
    """
    Whether the leftmost place of *item* and *segment* need not be given up for a later one.

    So it is if the field that follows can take whatever lies between the end of the leftmost and the end of a later
    one: if the segment ends no earlier when it begins later, and that field is `any`, or is a `word` and only such text
    can lie there.
    """
    assert isinstance(following, Field)
    if not all(_is_monotone(part) for part in segment):
        return False
    if following.type == ANY:
        return True
    return following.type == WORD and item.type != ANY and all(map(_has_no_whitespace, segment))


def _is_monotone(item: Literal | Field) -> bool:
    if isinstance(item, Literal):
        return True
    return item.type.facts.ends_in_order or item.type.facts.to_whitespace is not None


def _has_no_whitespace(item: Literal | Field) -> bool:
    if isinstance(item, Literal):
        return not any(byte in WHITESPACE for byte in item.text)
    return not item.type.facts.is_free and not item.type.facts.holds_whitespace


def _scans_overlap(segment: Sequence[Literal | Field]) -> bool:
    """Whether, tried from every place of a line, the tokens of *segment* may read the same bytes again and again."""
    before: Literal | Field | None = None
    # Whether the place of a segment follows from each byte within it: its literals hold a known number of whitespace
    # bytes, one of them in the first literal, and its fields none. So scans that read the same byte began at one place.
    first = segment[0] if segment else None
    is_anchored = isinstance(first, Literal) and any(byte in WHITESPACE for byte in first.text)
    for item in segment:
        if is_anchored and (isinstance(item, Literal) or not item.type.facts.holds_whitespace):
            before = item
            continue
        is_anchored = False
        if isinstance(item, Field):
            facts = item.type.facts
            if facts.to_whitespace is not None:
                if not (isinstance(before, Literal) and before.text[-1] in WHITESPACE):
                    return True
            elif facts.run_bytes is not None:
                if not isinstance(before, Literal) or before.text[-1] in facts.run_bytes:
                    return True
        before = item
    return False
