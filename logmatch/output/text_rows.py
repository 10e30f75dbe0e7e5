r"""
Text rows: rows of tables as lines of text, CSV and TSV.

CSV is that of RFC 4180, with `\n` at the end of a line: a value stands in quotes where it holds the separator, a quote
or a line break, and quotes in it are doubled. Null is nothing at all, an empty text `""`. TSV has no quotes: `\t`,
`\n`, `\r` and `\\` stand for the bytes that would be taken for something else, and `\N` for null.

All columns are text but for whole numbers of the line itself, ids and moments, which are written as RFC 3339 has them,
in UTC; so no digit is lost.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from logmatch.output.blocks import Buffers, open_block
from logmatch.output.table import ColumnKind, Table
from logmatch.output.writer import Records
from logmatch.templates.model import encode


@dataclass(frozen=True, slots=True)
class TextForm:
    """How rows are written."""

    separator: bytes
    is_escaped: bool
    """Whether values have escapes; else quotes."""

    def value(self, text: bytes) -> bytes:
        """*text* as it stands in a line."""
        if self.is_escaped:
            return _TO_ESCAPE.sub(lambda match: _ESCAPES[match[0]], text)
        if text and not re.search(rb'["\r\n]|' + re.escape(self.separator), text):
            return text
        return b'"' + text.replace(b'"', b'""') + b'"'

    def line(self, values: Sequence[bytes | None]) -> bytes:
        """A line; None is null."""
        null = rb"\N" if self.is_escaped else b""
        return self.separator.join([null if each is None else self.value(each) for each in values]) + b"\n"

    def header(self, table: Table) -> bytes:
        """The first line: the names of the columns."""
        return self.line([utf8(column.name) for column in table.columns])


_TO_ESCAPE = re.compile(rb"[\t\n\r\\]")
_ESCAPES = {b"\t": rb"\t", b"\n": rb"\n", b"\r": rb"\r", b"\\": rb"\\"}

CSV = TextForm(b",", is_escaped=False)
TSV = TextForm(b"\t", is_escaped=True)


def text_of(block: Records, kinds: bytes, ids: Sequence[bytes], form: TextForm) -> bytes:
    """The rows of *block* as lines; *ids* is what the numbers of templates stand for."""
    rows, columns = open_block(block, kinds)
    texts = [_texts(ColumnKind(kind), rows, column, ids) for kind, column in zip(kinds, columns, strict=True)]
    return b"".join(map(form.line, zip(*texts, strict=True)))


def _texts(kind: ColumnKind, rows: int, column: Buffers | None, ids: Sequence[bytes]) -> list[bytes | None]:
    """The value of each row."""
    if column is None:
        return [None] * rows
    valid, body, *rest = column.buffers
    value: Callable[[int], bytes]
    if kind is ColumnKind.TEXT:
        ends, data = array("i", body), rest[0]
        value = lambda row: data[ends[row] : ends[row + 1]]  # noqa: E731
    else:
        numbers = array("i" if kind is ColumnKind.ID else "q", body)
        if kind is ColumnKind.ID:
            value = lambda row: ids[numbers[row]]  # noqa: E731
        elif kind is ColumnKind.TIME:
            value = lambda row: _moment(numbers[row])  # noqa: E731
        else:
            assert kind is ColumnKind.INTEGER, kind
            value = lambda row: b"%d" % numbers[row]  # noqa: E731
    return [value(row) if valid[row >> 3] >> (row & 7) & 1 else None for row in range(rows)]


def _moment(nanoseconds: int) -> bytes:
    seconds, rest = divmod(nanoseconds, 10**9)
    text = (datetime(1970, 1, 1) + timedelta(seconds=seconds)).isoformat()
    fraction = f".{rest:09}" if rest else ""
    while fraction.endswith("000"):
        fraction = fraction[:-3]
    return f"{text}{fraction}Z".encode()


def utf8(text: str) -> bytes:
    """*text*, which may hold bytes that are not UTF-8, as UTF-8."""
    return encode(text).decode("utf-8", "replace").encode()
