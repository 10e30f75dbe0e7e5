"""
Pattern rules: what holds for a header and a pattern together: unique names, `rest` last, a bounded number of variants.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from logmatch.templates.field_type import FieldType, TypeList
from logmatch.templates.model import (
    Alternatives,
    Field,
    Item,
    Literal,
    OptionalPart,
    Pattern,
    output_names,
    placed_fields,
)
from logmatch.templates.type_syntax import fail
from logmatch.templates.types import PATH, REST, URL

MAX_VARIANTS = 256
"""How many variants the optional parts and alternatives of a template, its header included, may make."""


def check_fields(header: Pattern | None, pattern: Pattern) -> None:
    """
    Check what holds for a header and a pattern together: names are unique, `rest` is last, at most 256 variants.

    Raises:
        TemplateSyntaxError: its span is one of `str(pattern)`, or of `str(header)` where the header alone is wrong.
    """
    items = (header.items if header is not None else ()) + pattern.items
    fields = [item for item in items if isinstance(item, Field)]
    is_flat = all(isinstance(item, Literal | Field) for item in items)
    if is_flat and not any(isinstance(field.type, TypeList) for field in fields):
        names = [name for name in output_names(fields) if name is not None]
        if len(set(names)) == len(names) and REST not in [field.type for field in fields]:
            return  # nearly always; what follows finds places, which takes longer
    if header is not None:
        for start, field in placed_fields(header.items):
            if takes_the_rest(field):
                span = start, start + len(str(field))
                fail("a header cannot hold a 'rest' field", str(header), *span, "use 'any' or 'word'")
    place = _rest_before_others(pattern.items, 0, is_followed=False)
    if place is not None:
        fail("a 'rest' field must be the last", str(pattern), *place, "use 'any' for text before other text")
    _check_names(header, pattern)
    _check_variants(header, pattern)


def takes_the_rest(field: Field) -> bool:
    return field.type == REST or (isinstance(field.type, TypeList) and field.type.items == (REST,))


def _rest_before_others(items: Sequence[Item], at: int, *, is_followed: bool) -> tuple[int, int] | None:
    """The span of the first `rest` field that something follows, in the text of *items*, which begins at *at*."""
    for index, item in enumerate(items):
        follows = is_followed or index + 1 < len(items)
        found = None
        if isinstance(item, Field) and follows and takes_the_rest(item):
            found = at, at + len(str(item))
        elif isinstance(item, OptionalPart):
            found = _rest_before_others(item.items, at + len("<?>"), is_followed=follows)
        elif isinstance(item, Alternatives):
            inner = at + len("<(>")
            for choice in item.choices:
                found = found or _rest_before_others(choice, inner, is_followed=follows)
                inner += len("".join(map(str, choice))) + len("<|>")
        if found is not None:
            return found
        at += len(str(item))
    return None


def _check_names(header: Pattern | None, pattern: Pattern) -> None:
    """No two fields of one variant have the same name; two of different alternatives may."""
    parts = [(str(part), part) for part in (header, pattern) if part is not None]
    placed = [(text, start, field) for text, part in parts for start, field in placed_fields(part.items)]
    items = (header.items if header is not None else ()) + pattern.items
    numbered = enumerate(output_names([field for _, _, field in placed]))
    clash = _clash(items, numbered, {})
    if clash is not None:
        name, first, second = clash
        (text, start, field), (other, _, _) = placed[second], placed[first]
        where = " (it is in the header)" if text != other else ""
        fail(f"the name {name!r} is used twice{where}", text, start, start + len(str(field)), _HINT_NAMES)


def _clash(
    items: Iterable[Item], numbered: Iterator[tuple[int, str | None]], taken: dict[str, int]
) -> tuple[str, int, int] | None:
    """The first name of *items* that is in *taken*, and both fields that have it; names are added to *taken*."""
    for item in items:
        if isinstance(item, Field):
            number, name = next(numbered)
            if name is not None and taken.setdefault(name, number) != number:
                return name, taken[name], number
        elif isinstance(item, OptionalPart):
            clash = _clash(item.items, numbered, taken)
            if clash is not None:
                return clash
        elif isinstance(item, Alternatives):
            before = dict(taken)
            for choice in item.choices:
                own = dict(before)
                clash = _clash(choice, numbered, own)
                if clash is not None:
                    return clash
                taken.update(own)
    return None


_HINT_NAMES = (
    "names are unique within a template, its header included; unnamed fields are called p1, p2, …; <_> is not output"
)


def count_variants(items: Iterable[Item]) -> int:
    """How many variants *items* stand for."""
    return math.prod(map(_variants_of, items))


def _variants_of(item: Item) -> int:
    if isinstance(item, OptionalPart):
        return 1 + count_variants(item.items)
    if isinstance(item, Alternatives):
        return sum(map(count_variants, item.choices))
    return 2 if isinstance(item, Field) and is_path_or_nothing(item.type) else 1


def is_path_or_nothing(type_: FieldType) -> bool:
    """Whether it is free text that cannot be a `-`, or a `-`: `path?` and `url?` stand for two variants."""
    return isinstance(type_, TypeList) and type_.nullable and type_.items in ((PATH,), (URL,))


def _check_variants(header: Pattern | None, pattern: Pattern) -> None:
    in_header = header.items if header is not None else ()
    count = count_variants((*in_header, *pattern.items))
    if count <= MAX_VARIANTS:
        return
    parts = [
        f"{_shortened(str(item))} {'(header) ' if place == 0 else ''}makes {_variants_of(item):,}"
        for place, items in enumerate((in_header, pattern.items))
        for item in items
        if _variants_of(item) > 1
    ]
    listed = ", ".join(parts[:9]) + (f" and {len(parts) - 9} more parts" if len(parts) > 9 else "")
    count_text = f"{count:,}" if count < 10**9 else "more than a billion"
    message = f"the optional parts and alternatives make {count_text} variants, and {MAX_VARIANTS} is the most"
    hint = f"they multiply: {listed}; write some of them as templates of their own"
    fail(message, str(pattern), 0, len(str(pattern)), hint)


def _shortened(text: str) -> str:
    return text if len(text) <= 30 else f"{text[:20]}…{text[-9:]}"
