"""
Branches: variants at one place of the tree that the assembler lays out, and what they have in common there.

Nothing here knows of instructions.
"""

from __future__ import annotations

from collections.abc import Iterable

from logmatch.program import WHITESPACE, common_prefix
from logmatch.templates.field_type import FieldType
from logmatch.templates.model import Field, Literal

Items = tuple[Literal | Field, ...]

Entry = tuple[int, Items, int, int]
"""A variant's number, its items, the index of the next of them, and how many bytes of that, a literal, are taken."""

# Sets of bytes, as integers of 256 bits.
ALL_BYTES = (1 << 256) - 1


def set_of(text: bytes) -> int:
    """The set of the bytes of *text*."""
    bits = 0
    for byte in text:
        bits |= 1 << byte
    return bits


def is_literal(entry: Entry) -> bool:
    """Whether a literal comes next."""
    _, items, index, _ = entry
    return index < len(items) and isinstance(items[index], Literal)


def type_at(entry: Entry) -> FieldType | None:
    """The type of the field that comes next; None where none does."""
    _, items, index, _ = entry
    item = items[index] if index < len(items) else None
    return item.type if isinstance(item, Field) else None


def common_literal(entries: list[Entry]) -> bytes:
    """With which bytes all *entries*, whose next item is a literal, go on."""
    texts_ = []
    for _, items, index, taken in entries:
        item = items[index]
        assert isinstance(item, Literal)
        texts_.append(item.text[taken:])
    if len(texts_) == 1:
        return texts_[0]
    return common_prefix(texts_)


def after_literal(entries: list[Entry], count: int) -> list[Entry]:
    """*entries* when *count* more bytes of the literal that comes next are taken."""
    result = []
    for number, items, index, taken in entries:
        item = items[index]
        assert isinstance(item, Literal)
        taken += count
        result.append((number, items, index + 1, 0) if taken == len(item.text) else (number, items, index, taken))
    return result


def beginnings_of(entries: Iterable[Entry]) -> tuple[int, int, bool]:
    """
    With which bytes what follows can begin, which can be second, and whether it can be empty.

    They are sets, as integers; all bytes where it is not worth telling.
    """
    firsts = seconds = 0
    nullable = False
    for _, items, index, taken in entries:
        item = items[index] if index < len(items) else None
        if isinstance(item, Literal):
            firsts |= 1 << item.text[taken]
            if taken + 1 < len(item.text):
                seconds |= 1 << item.text[taken + 1]
            elif index + 1 < len(items):
                following = items[index + 1]
                seconds |= _first_bytes(following)
            else:
                seconds |= set_of(WHITESPACE)  # what may be left at the end of the line
        elif item is None:
            nullable = True
        else:
            firsts |= _first_bytes(item)
            seconds = ALL_BYTES
            nullable = nullable or item.type.facts.can_be_empty
    return firsts, seconds, nullable


def _first_bytes(item: Literal | Field) -> int:
    if isinstance(item, Literal):
        return 1 << item.text[0]
    first_bytes = item.type.facts.first_bytes
    return ALL_BYTES if first_bytes is None else set_of(first_bytes)
