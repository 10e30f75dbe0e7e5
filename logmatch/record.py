"""
Record: what one line became, as a value for programs.

The command writes records without making these (`output`); both have the same keys, and the same values but for one:
here a number is an `int` or a `float`, while JSON keeps the digits of the line.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from logmatch.templates.field_type import FieldType, JsonKind

Value = str | int | float | Decimal | bool | dict[str, Any] | list[Any] | None
"""The value of a field; a `Decimal` is an `int` of more than 100,000 digits."""


@dataclass(frozen=True, slots=True)
class Match:
    """
    The template that a line came from, and its values.

    Attributes:
        template_id: the id of the template.
        values: the value of each field that is output, in the order of the line.
        spans: where each of them is in the line: half-open, in characters of a `str` and in bytes of `bytes`. A span
            takes in what is left off the value: the quotes of a quoted text, the `%` of a percentage.
    """

    template_id: str
    values: dict[str, Value]
    spans: dict[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Record:
    """
    What one line became. `record["template_id"]` and `dict(record)` read it as the JSON object that it stands for;
    data frames take a list of records and make a column of each attribute.

    Attributes:
        line: its number, from 1.
        template_id: the id of its template; None where none matched.
        values: the value of each field that is output; None where no template matched.
        raw: the line without its terminator.
    """

    line: int
    template_id: str | None
    values: dict[str, Value] | None
    raw: str

    def to_dict(self) -> dict[str, object]:
        """The record with the keys that its JSON has, in their order."""
        if self.template_id is None:
            return {"line": self.line, "template_id": None, "raw": self.raw}
        return {"line": self.line, "template_id": self.template_id, "values": self.values}

    # No __iter__: what can be iterated pandas takes for a list, and would show the keys in its rows.

    def keys(self) -> Sequence[str]:
        """The keys of `to_dict`."""
        return list(self.to_dict())

    def __getitem__(self, key: str) -> object:
        return self.to_dict()[key]

    def __contains__(self, key: object) -> bool:
        return key in self.to_dict()


def value_of(text: bytes, type_: FieldType) -> Value:
    """The value of a field of *type_* whose text is *text*; bytes that are not UTF-8 become U+FFFD."""
    facts = type_.facts
    text = facts.value_text(text)
    if facts.json_kind is JsonKind.NUMBER:
        return integer(text) if facts.is_integer else float(text)
    if facts.json_kind is JsonKind.VALUE:
        value: Value = json.loads(text.decode("utf-8", "replace"), parse_int=_integer)
        return value
    return text.decode("utf-8", "replace")


def _integer(digits: str) -> int | Decimal:
    return integer(digits.encode())


_FEW_DIGITS = 4_000
"""int() refuses more than 4,300 digits, since the time that it takes grows with their square."""

_MOST_DIGITS = 100_000
"""Of an `int`: it takes 40 ms. From here on a number is a `Decimal`, whose time grows with its length."""


def integer(text: bytes) -> int | Decimal:
    """The number that *text* stands for, a sign and any number of digits."""
    if len(text) <= _FEW_DIGITS:
        return int(text)
    if len(text) > _MOST_DIGITS:
        return Decimal(text.decode())
    sign = -1 if text.startswith(b"-") else 1
    return sign * _natural(text.lstrip(b"+-"))


def _natural(digits: bytes) -> int:
    # Halves: what costs is a few products of large numbers, which takes less than the square of their length.
    if len(digits) <= _FEW_DIGITS:
        return int(digits)
    half = len(digits) // 2
    value: int = _natural(digits[:-half]) * 10**half + _natural(digits[-half:])
    return value
