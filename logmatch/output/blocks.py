"""
Blocks: some rows of one table as bytes that describe themselves, on their way from a worker to whoever writes them.

They stay on one machine. `_blocks.pxi` says what stands where, and does the same natively; see there.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from logmatch.output.table import ColumnKind
from logmatch.output.writer import Records

Value = bytes | int | float | Mapping[bytes, bytes]
"""What a row has in a column: texts are UTF-8, an id is the number of a template."""

_BLOCK_HEAD = struct.Struct("=qqii")
"""Bytes of all of it, rows, the number of the table, how many columns follow."""

_COLUMN_HEAD = struct.Struct("=iiq6q")
"""The place of a column, its kind, how many values it has, how many bytes each of its buffers has."""

_MOST_BUFFERS = 6


def block_of(table_number: int, kinds: bytes, rows: int, columns: Sequence[Mapping[int, Value]]) -> bytes:
    """A block; *columns* has the values of each column by row, in the order of rows; what is not there is null."""
    heads, buffers = [], []
    for place, values in enumerate(columns):
        if values:
            of_column = list(_buffers_of(ColumnKind(kinds[place]), rows, values))
            sizes = [len(buffer) for buffer in of_column] + [0] * (_MOST_BUFFERS - len(of_column))
            heads.append(_COLUMN_HEAD.pack(place, kinds[place], len(values), *sizes))
            buffers += [buffer + bytes(-len(buffer) % 8) for buffer in of_column]
    body = b"".join(heads + buffers)
    return _BLOCK_HEAD.pack(_BLOCK_HEAD.size + len(body), rows, table_number, len(heads)) + body


def _buffers_of(kind: ColumnKind, rows: int, values: Mapping[int, Any]) -> Iterator[bytes]:
    valid = bytearray((rows + 7) // 8)
    for row in values:
        valid[row >> 3] |= 1 << (row & 7)
    yield bytes(valid)
    if kind in (ColumnKind.TEXT, ColumnKind.PAIRS):
        ends = array("i", [0])
        at = 0
        for row in range(rows):
            at += len(values[row]) if row in values else 0
            ends.append(at)
        yield ends.tobytes()
        if kind is ColumnKind.TEXT:
            yield b"".join(values.values())
            return
        pairs = [pair for each in values.values() for pair in each.items()]
        for texts in ([key for key, _ in pairs], [value for _, value in pairs]):
            yield array("i", _ends(texts)).tobytes()
            yield b"".join(texts)
        return
    letter = {ColumnKind.ID: "i", ColumnKind.DOUBLE: "d"}.get(kind, "q")
    yield array(letter, [values.get(row, 0) for row in range(rows)]).tobytes()


def _ends(texts: Sequence[bytes]) -> Iterator[int]:
    at = 0
    yield at
    for text in texts:
        at += len(text)
        yield at


def text_block(table_number: int, rows: int, text: bytes) -> bytes:
    """A block whose rows are lines of text."""
    return _BLOCK_HEAD.pack(_BLOCK_HEAD.size + len(text), rows, table_number, -1) + text


def text_in(block: Records) -> memoryview:
    """The lines of such a block."""
    return memoryview(block)[_BLOCK_HEAD.size :]


def head_of(block: Records) -> tuple[int, int]:
    """The number of the table of *block*, and how many rows it has."""
    _, rows, table_number, _ = _BLOCK_HEAD.unpack_from(block)
    return table_number, rows


class Buffers(NamedTuple):
    """What a block holds of a column."""

    values: int
    """Rows that are not null."""
    buffers: tuple[bytes, ...]


def open_block(block: Records, kinds: bytes) -> tuple[int, tuple[Buffers | None, ...]]:
    """The number of the rows of *block*, and its columns, *kinds* of them; None where all is null."""
    view = memoryview(block)
    _, rows, _, count = _BLOCK_HEAD.unpack_from(view)
    columns: list[Buffers | None] = [None] * len(kinds)
    at = _BLOCK_HEAD.size + count * _COLUMN_HEAD.size
    for number in range(count):
        place, _, values, *sizes = _COLUMN_HEAD.unpack_from(view, _BLOCK_HEAD.size + number * _COLUMN_HEAD.size)
        buffers = []
        for size in sizes:
            buffers.append(bytes(view[at : at + size]))
            at += size + -size % 8
        columns[place] = Buffers(values, tuple(buffers))
    return rows, tuple(columns)


def blocks_in(records: Records) -> Iterator[tuple[int, memoryview]]:
    """The number of the table of each block in *records*, and the block."""
    view = memoryview(records)
    at = 0
    while at < len(view):
        size, _, table_number, _ = _BLOCK_HEAD.unpack_from(view, at)
        yield table_number, view[at : at + size]
        at += size


def count_rows(records: Records) -> int:
    """How many rows the blocks in *records* have."""
    return sum(_BLOCK_HEAD.unpack_from(block)[1] for _, block in blocks_in(records))
