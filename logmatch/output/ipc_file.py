"""
IPC file: Arrow's own files and streams, out of streams that were written apart for the same columns.

A stream is messages: the schema, dictionaries, batches of rows, and an end. A file is a stream between two marks, and a
footer that says where its messages are (FlatBuffers).
https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
https://flatbuffers.dev/internals/
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

MAGIC = b"ARROW1"

_HEAD = MAGIC + b"\0\0"
_CONTINUES = b"\xff\xff\xff\xff"
END = _CONTINUES + bytes(4)
"""What ends a stream."""

_SCHEMA, _DICTIONARY, _BATCH = 1, 2, 3
"""The kinds of messages."""

_KIND_FIELD, _HEADER_FIELD, _BODY_FIELD = 1, 2, 3
"""The numbers of their fields."""

_BLOCK = struct.Struct("<qi4xq")


class _Message(NamedTuple):
    kind: int
    metadata: bytes
    """FlatBuffers."""
    data: memoryview
    """All of it."""
    body_size: int


class Messages:
    """
    The messages of a stream or a file that grows.

    Args:
        is_file: whether it is a file; else a stream.
    """

    def __init__(self, *, is_file: bool) -> None:
        self._is_file = is_file
        self._position = len(_HEAD) if is_file else 0
        self._schema: bytes | None = None
        self._has_dictionaries = False
        self._blocks: dict[int, bytearray] = {_DICTIONARY: bytearray(), _BATCH: bytearray()}

    def head(self) -> bytes:
        """What comes before the first message."""
        return _HEAD if self._is_file else b""

    def add(self, stream: bytes) -> bytes:
        """What the messages of *stream* add, one with the same schema and dictionaries as all others."""
        parts = []
        is_first = self._schema is None
        for message in _messages(stream):
            if message.kind == _SCHEMA:
                if not is_first:
                    continue
                self._schema = message.metadata
            elif message.kind == _DICTIONARY and not is_first:
                continue
            if message.kind in self._blocks:
                size = len(message.data) - message.body_size
                self._blocks[message.kind] += _BLOCK.pack(self._position, size, message.body_size)
            parts.append(message.data)
            self._position += len(message.data)
        return b"".join(parts)

    def tail(self) -> bytes:
        """What comes after the last message; something has been added."""
        if not self._is_file:
            return END
        assert self._schema is not None
        footer = _footer(self._schema, *map(bytes, self._blocks.values()))
        return END + footer + struct.pack("<i", len(footer)) + MAGIC


def _messages(stream: bytes) -> Iterator[_Message]:
    view = memoryview(stream)
    at = 0
    while view[at : at + 8] != END:
        assert view[at : at + 4] == _CONTINUES
        metadata_end = at + 8 + int.from_bytes(view[at + 4 : at + 8], "little")
        metadata = bytes(view[at + 8 : metadata_end])
        kind_place, body_place = _field(metadata, _KIND_FIELD), _field(metadata, _BODY_FIELD)
        body_size = 0 if body_place is None else int.from_bytes(metadata[body_place : body_place + 8], "little")
        yield _Message(
            0 if kind_place is None else metadata[kind_place], metadata, view[at : metadata_end + body_size], body_size
        )
        at = metadata_end + body_size


def _field(table: bytes, number: int) -> int | None:
    """Where in a message the field is that has this number in its root table."""
    (root,) = struct.unpack_from("<I", table)
    directory = root - struct.unpack_from("<i", table, root)[0]
    (size,) = struct.unpack_from("<H", table, directory)
    place = 4 + 2 * number
    (offset,) = struct.unpack_from("<H", table, directory + place) if place < size else (0,)
    return root + offset if offset else None


_VERSION_5 = 4
_DIRECTORY = struct.Struct("<HHHHHH")  # 12 bytes of it, 16 of the table, where in the table its four fields are
_TABLE = struct.Struct("<iIIIhxx")  # back to the directory; schema, dictionaries, batches; the version


def _footer(schema: bytes, dictionaries: bytes, batches: bytes) -> bytes:
    """
    The footer: a table of four fields, after it two vectors of blocks, and the message of the schema as it is.

    All references go forward, and those within the message are relative to places within it.
    """
    table_at = 4 + _DIRECTORY.size
    data = bytearray(struct.pack("<I", table_at))
    data += _DIRECTORY.pack(_DIRECTORY.size, _TABLE.size, 16, 4, 8, 12)
    data += bytes(_TABLE.size)
    vectors = []
    for blocks in (dictionaries, batches):
        data += bytes((4 - len(data)) % 8)  # so that blocks, after the count, are at a multiple of 8
        vectors.append(len(data))
        data += struct.pack("<I", len(blocks) // _BLOCK.size) + blocks
    data += bytes(-len(data) % 8)
    place = _field(schema, _HEADER_FIELD)
    assert place is not None
    schema_at = len(data) + place + struct.unpack_from("<I", schema, place)[0]
    data += schema
    _TABLE.pack_into(
        data, table_at, _DIRECTORY.size, schema_at - (table_at + 4), vectors[0] - (table_at + 8),
        vectors[1] - (table_at + 12), _VERSION_5,
    )  # fmt: skip
    return bytes(data)
