"""
Suggestion: the smallest change of a template that makes it match a line, where it is plain.

Made of an alignment: bytes of literals become those of the line, words and fields that the line does not have become an
optional part, and a field whose text is of another form gets the nearest type that takes it. What comes out is tried: a
suggestion that does not match is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from logmatch.engine.reference import FieldTimeoutError, walk
from logmatch.errors import LogmatchError
from logmatch.explain.alignment import Course, Piece
from logmatch.program import compile_program
from logmatch.templates.field_type import NamedType, TypeList
from logmatch.templates.model import (
    IP,
    IPV4,
    IPV6,
    TYPES,
    Alternatives,
    Field,
    FieldType,
    Item,
    Literal,
    OptionalPart,
    Pattern,
)
from logmatch.templates.pattern import parse_pattern
from logmatch.templates.pattern_rules import check_fields
from logmatch.templates.template import Template

MOST_CHANGES = 5
"""How many places a plain change has at most; a word that differs often has two, and a letter in common between."""

LONG_RUN = 4
"""As how many bytes a longer run counts: words that are missing are one change."""

WIDER = ("int", "float", "percent", "ip", "mac", "uuid", "quoted", "word", "any")
"""The types that a field of another form gets: the first that takes the whole text."""

ADDRESSES = (IP, IPV4, IPV6)
"""Types in whose place there is often a name."""


@dataclass(slots=True)
class _Part:
    """A literal or a field of the new pattern, and whether the line has it."""

    item: Literal | Field
    is_missing: bool = False


def suggest(template: Template, whole: Course, pieces: Sequence[Piece], text: bytes, line: bytes) -> Pattern | None:
    """
    The pattern of *template*, changed so that it matches *line*; None if that takes much, or no such change is found.

    Args:
        template: the template; its header is left as it is.
        whole: the course of its pattern.
        pieces: an alignment of this course with *text*.
        text: what of *line* was aligned.
        line: the whole line.
    """
    if not _is_plain(whole, pieces):
        return None
    parts = _parts(whole, pieces, text)
    steps = iter(range(len(whole.steps)))
    items = _rebuilt(template.pattern.items, steps, parts)
    extra = b"".join(text[piece.start : piece.end] for piece in pieces if piece.step < 0 and piece.is_edit)
    if extra:
        items.append(Literal(extra))
    try:
        pattern = parse_pattern(str(Pattern(tuple(items))))
        check_fields(template.header, pattern)
        changed = replace(template, pattern=pattern, match=(), no_match=())
        fits = any(walk(variant, line) is not None for variant in compile_program([changed]).variants)
    except (LogmatchError, FieldTimeoutError):
        return None
    return pattern if fits else None


def _is_plain(whole: Course, pieces: Sequence[Piece]) -> bool:
    """Whether few places differ, and the template keeps most of what it says."""
    runs = [0]
    for piece in pieces:
        if piece.is_edit:
            runs[-1] += piece.end - piece.start if piece.step < 0 else 1
        elif runs[-1]:
            runs.append(0)
    literals = sum(len(step.item.text) for step in whole.steps if isinstance(step.item, Literal))
    changes = [run for run in runs if run]
    return len(changes) <= MOST_CHANGES and sum(min(run, LONG_RUN) for run in changes) <= literals // 2


def _parts(whole: Course, pieces: Sequence[Piece], text: bytes) -> dict[int, list[_Part]]:
    """For each step that the alignment takes, what it becomes."""
    parts: dict[int, list[_Part]] = {}
    for piece in pieces:
        if piece.step < 0:
            continue
        item = whole.steps[piece.step].item
        mine = parts.setdefault(piece.step, [])
        found = text[piece.start : piece.end]
        if isinstance(item, Field):
            if piece.is_edit and found:
                mine.append(_Part(replace(item, type=_wider(item.type, found))))
            else:
                mine.append(_Part(item, is_missing=piece.is_edit))
            continue
        is_missing = not found and not piece.is_extra
        byte = item.text[piece.at : piece.at + 1] if is_missing else found
        last = mine[-1] if mine else None
        if last is not None and last.is_missing == is_missing and isinstance(last.item, Literal):
            last.item = Literal(last.item.text + byte)
        else:
            mine.append(_Part(Literal(byte), is_missing))
    return parts


def _wider(type_: FieldType, text: bytes) -> FieldType:
    """The first type that takes all of *text*."""
    if text == b"-" and isinstance(type_, NamedType) and not type_.facts.is_free:
        return TypeList((type_,), nullable=True)
    names = ("ip", "host", *WIDER) if type_ in ADDRESSES else WIDER
    for name in names:
        variants = compile_program([Template("", Pattern((Field(None, TYPES[name]),)))]).variants
        if walk(variants[0], text) is not None:
            return TYPES[name]
    return type_


def _rebuilt(items: Iterable[Item], steps: Iterable[int], parts: dict[int, list[_Part]]) -> list[Item]:
    """*items* with the parts that their steps became; what the line does not have, in optional parts."""
    out: list[Item] = []
    missing: list[Item] = []
    before = b""  # the last byte of the literal before the missing part

    def close(after: bytes) -> None:
        if missing and not _is_within_word(missing, before, after):
            out.append(OptionalPart(tuple(missing)))
        missing.clear()

    for item in items:
        if isinstance(item, OptionalPart):
            close(b"")
            inner = _rebuilt(item.items, steps, parts)
            if inner:
                out.append(OptionalPart(tuple(inner)))
            before = b""
            continue
        if isinstance(item, Alternatives):
            close(b"")
            choices = tuple(tuple(_rebuilt(choice, steps, parts)) for choice in item.choices)
            if all(choices):
                out.append(Alternatives(choices))
            before = b""
            continue
        step = next(iter(steps))
        for part in parts.get(step, [_Part(item)]):
            if part.is_missing:
                missing.append(part.item)
                continue
            text = part.item.text if isinstance(part.item, Literal) else b""
            close(text[:1])
            out.append(part.item)
            before = text[-1:]
    close(b"")
    return out


_WORD = re.compile(rb"[A-Za-z0-9_]")


def _is_within_word(missing: Sequence[Item], before: bytes, after: bytes) -> bool:
    """Whether *missing* is a few letters of a word, and no word or field of its own."""
    if not all(isinstance(item, Literal) for item in missing):
        return False
    text = b"".join(item.text for item in missing if isinstance(item, Literal))
    if not _WORD.search(text):
        return True
    begins = _WORD.match(text) and _WORD.match(before)
    ends = _WORD.match(text[-1:]) and _WORD.match(after)
    return bool(begins or ends)
