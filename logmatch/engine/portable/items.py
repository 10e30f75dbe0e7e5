"""Items: what the engine asks of a sequence of literals and fields."""

from __future__ import annotations

from collections.abc import Iterable

from logmatch.engine.portable import expression
from logmatch.program import Variant
from logmatch.templates.field_type import FieldType
from logmatch.templates.model import Field, Literal

Items = tuple[Literal | Field, ...]


def needs_scanner(variant: Variant) -> bool:
    """Whether *variant* has a field that no expression of `re` says, a `/regex/` among them."""
    return any(expression.text_of(field.type) is None for field in variant.fields())


def count_fields(items: Items) -> int:
    """How many of *items* are fields."""
    return sum(isinstance(item, Field) for item in items)


def shape(items: Items) -> tuple[bytes | FieldType, ...]:
    """*items* without the names of fields."""
    return tuple(item.text if isinstance(item, Literal) else item.type for item in items)


def after(prefix: Items, items: Items) -> Items:
    """What of *items*, which begin with *prefix*, comes after it."""
    if not prefix:
        return items
    last = prefix[-1]
    rest = items[len(prefix) :]
    if isinstance(last, Literal):
        cut = items[len(prefix) - 1]
        assert isinstance(cut, Literal)
        if cut.text != last.text:
            return (Literal(cut.text[len(last.text) :]), *rest)
    return rest


def last_search(items: Items) -> int:
    """The place of the last free field in search of its end, or -1."""
    return max((index for index in range(len(items)) if expression.is_search(items, index)), default=-1)


def bytes_after_first(items: Items) -> bytes | None:
    """What bytes a text of *items* can hold after its first, or None if that is not known."""
    found = b""
    for index, item in enumerate(items):
        if isinstance(item, Literal):
            found += item.text if index else item.text[1:]
        elif item.type.facts.is_free or item.type.facts.alphabet is None:
            return None
        else:
            found += item.type.facts.alphabet
    return found


def first_bytes(prefix: Items, variants: Iterable[Variant]) -> frozenset[bytes] | None:
    """With which bytes a line that begins with *prefix* and matches one of *variants* can begin; None: with any."""
    found: set[bytes] = set()
    for items in [prefix] if prefix else [variant.items for variant in variants]:
        first = items[0] if items else None
        if isinstance(first, Literal):
            found.add(first.text[:1])
        elif first is not None and first.type.facts.first_bytes is not None:
            found.update(bytes((byte,)) for byte in first.type.facts.first_bytes)
        else:
            return None
    return frozenset(found)
