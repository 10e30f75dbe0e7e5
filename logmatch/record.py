"""
Record: what one line became, as a value for programs.

The command writes records without making these (`output`); both have the same keys, and the same values but for one:
here a number is an `int` or a `float`, while JSON keeps the digits of the line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from logmatch.templates.model import FieldType, JsonKind

Value = str | int | float
"""The value of a field."""


@dataclass(frozen=True, slots=True)
class Match:
    """
    The template that a line came from, and its values.

    Attributes:
        template_id: the id of the template.
        values: the value of each field that is output, in the order of the line.
        spans: where each of them is in the line: half-open, in characters of a `str` and in bytes of `bytes`. A span
        takes
            in what is left off the value: the quotes of a quoted text, the `%` of a percentage.
    """

    template_id: str
    values: dict[str, Value]
    spans: dict[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Record:
    """
    What one line became. `record["template_id"]` and `dict(record)` read it as the JSON object that it stands for.

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

    def __getitem__(self, key: str) -> object:
        return self.to_dict()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.to_dict())

    def keys(self) -> Sequence[str]:
        """The keys of `to_dict`."""
        return list(self.to_dict())


def value_of(text: bytes, type_: FieldType) -> Value:
    """The value of a field of *type_* whose text is *text*; bytes that are not UTF-8 become U+FFFD."""
    facts = type_.facts
    text = facts.value_text(text)
    if facts.json_kind is JsonKind.NUMBER:
        return _integer(text) if facts.is_integer else float(text)
    return text.decode("utf-8", "replace")


_PIECE = 4000  # digits: int() refuses more than 4,300 at once, since the time it takes grows with their square


def _integer(text: bytes) -> int:
    if len(text) <= _PIECE:
        return int(text)
    sign = -1 if text.startswith(b"-") else 1
    digits = text.lstrip(b"+-")
    value = 0
    for start in range(0, len(digits), _PIECE):
        piece = digits[start : start + _PIECE]
        value = value * 10 ** len(piece) + int(piece)
    return sign * value
