"""
Pattern: the parsed model of the text that templates are written in.

A *pattern* is a sequence of items: literals, fields, optional parts and alternatives; the last two hold items.
Everything here is a value: frozen, compared by content. `str(pattern)` is text that parses to the same pattern
(`pattern.parse_pattern`); patterns are parsed in `pattern`, read from files in `load`, compiled in `program`. Field
types are in `field_type` and `types`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from logmatch.templates.field_type import FieldType, Greediness, JsonKind, NamedType, RegexType, WordList
from logmatch.templates.types import (
    ANY,
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
    TYPES,
    URL,
    UUID,
    WORD,
    WS,
)

__all__ = [
    "ANY",
    "CLFTIME",
    "DATE",
    "DROPPED",
    "FLOAT",
    "HEX",
    "HOST",
    "INT",
    "IP",
    "IPV4",
    "IPV6",
    "ISO8601",
    "MAC",
    "PATH",
    "PERCENT",
    "QUOTED",
    "REST",
    "SYSLOGTIME",
    "TIME",
    "TYPES",
    "URL",
    "UUID",
    "WORD",
    "WS",
    "Alternatives",
    "Field",
    "FieldType",
    "Greediness",
    "Item",
    "JsonKind",
    "Literal",
    "NamedType",
    "OptionalPart",
    "Pattern",
    "RegexType",
    "WordList",
    "decode",
    "encode",
    "fields_of",
    "output_names",
    "placed_fields",
]


DROPPED = "_"
"""The name of a field that is matched and not output."""


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that stands for itself, byte for byte; never empty in a parsed pattern."""

    text: bytes

    def __str__(self) -> str:
        return decode(self.text).replace("<", "<<")


@dataclass(frozen=True, slots=True)
class Field:
    """
    A place whose text varies.

    `name` is None for an unnamed field (`<*>`) and `DROPPED` for one that is matched and not output.
    """

    name: str | None
    type: FieldType = ANY

    def __str__(self) -> str:
        name = "*" if self.name is None else self.name
        return f"<{name}>" if self.type is ANY or self.type == ANY else f"<{name}:{self.type}>"


@dataclass(frozen=True, slots=True)
class OptionalPart:
    """A part that may be absent; it holds one item at least."""

    items: tuple[Item, ...]

    def __str__(self) -> str:
        return f"<?>{''.join(map(str, self.items))}</?>"


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Exactly one of these sequences of items; there are two at least, and none is empty."""

    choices: tuple[tuple[Item, ...], ...]

    def __str__(self) -> str:
        return f"<(>{'<|>'.join(''.join(map(str, items)) for items in self.choices)}</)>"


Item = Literal | Field | OptionalPart | Alternatives


@dataclass(frozen=True, slots=True)
class Pattern:
    """A sequence of items. No two literals are neighbours."""

    items: tuple[Item, ...]

    def __str__(self) -> str:
        return "".join(map(str, self.items))

    def fields(self) -> Iterator[Field]:
        """All fields in the order in which they are written, those of optional parts and alternatives included."""
        return fields_of(self.items)


def fields_of(items: Iterable[Item]) -> Iterator[Field]:
    """All fields of *items* in the order in which they are written."""
    for item in items:
        if isinstance(item, Field):
            yield item
        elif isinstance(item, OptionalPart):
            yield from fields_of(item.items)
        elif isinstance(item, Alternatives):
            for choice in item.choices:
                yield from fields_of(choice)


def placed_fields(items: Iterable[Item], at: int = 0) -> Iterator[tuple[int, Field]]:
    """Each field of *items* and where it begins in their text, which begins at *at*."""
    for item in items:
        if isinstance(item, Field):
            yield at, item
        elif isinstance(item, OptionalPart):
            yield from placed_fields(item.items, at + len("<?>"))
        elif isinstance(item, Alternatives):
            inner = at + len("<(>")
            for choice in item.choices:
                yield from placed_fields(choice, inner)
                inner += len("".join(map(str, choice))) + len("<|>")
        at += len(str(item))


def output_names(items: Iterable[Item]) -> list[str | None]:
    """
    Under which name the value of each field is output, for all fields of *items* in order; None: it is not output.

    Unnamed fields are numbered over the whole template, so that a value has the same name in every variant of it.
    """
    names: list[str | None] = []
    unnamed = 0
    for field_ in fields_of(items):
        if field_.name == DROPPED or not field_.type.facts.is_output:
            names.append(None)
        elif field_.name is None:
            unnamed += 1
            names.append(f"p{unnamed}")
        else:
            names.append(field_.name)
    return names


def encode(text: str) -> bytes:
    """Template text as bytes: UTF-8; bytes that were not UTF-8 in the file come back as they were."""
    return text.encode("utf-8", "surrogateescape")


def decode(text: bytes) -> str:
    """The reverse of `encode`."""
    return text.decode("utf-8", "surrogateescape")
