"""
Chunk: one input, read from its beginning to its end, as chunks: whole lines, numbered; the unit of work.

A chunk never cuts a line, and the chunks of an input follow each other without gap or overlap. Where they are cut
depends on sizes and on timing; their lines, numbers and offsets do not. Only "\\n" ends a line; the last line of an
input may lack it.

    stream.Source -> decode.decompressed -> decode.transcoded -> framing.Framer

A plain file takes a shorter way: its bytes are read right into the memory of the chunks.

Not its business: what a line means (matching), who works on a chunk (processes), and what is written.
"""

from __future__ import annotations

import codecs
import os
import select
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass

from logmatch.errors import InputError
from logmatch.input.archive import TarStream, peeked, zip_members
from logmatch.input.decode import (
    check_encoding,
    decompressed,
    gzip_head,
    recognised,
    time_in_gzip_head,
    transcoded,
    without,
)
from logmatch.input.framing import Buffers, Chunk, Framer
from logmatch.input.marks import BYTE_ORDER_MARKS, COMPRESSION_MARKS, ZIP_MARKS, is_tar
from logmatch.input.resolve import Input, location_of, open_input
from logmatch.input.stream import Block, Pause, Source

MOST_SILENT_BYTES = 1 << 30
"""How long a line may be, if only to be left out, where a command has to see the end of its input."""

_MOST_ARCHIVES = 4
"""How deep archives may stand in each other."""

_SILENT_BYTES = 4 << 20  # after so many bytes that made no chunk there is a pause, in which a run can be ended


def read_chunks(
    source: Input,
    *,
    chunk_size: int,
    max_line: int,
    encoding: str = "auto",
    buffers: Buffers | None = None,
    most_silent: int | None = MOST_SILENT_BYTES,
) -> Generator[Chunk | Pause, None, None]:
    """
    Read *source* from its beginning to its end, as chunks of about *chunk_size* bytes.

    A file is read in pieces of that size. From anything that may have to be waited for (pipe, terminal) whole lines are
    passed on as soon as they are there, and there is a pause before each read that may block: all whole lines have been
    yielded by then. Closing the generator ends the reading.

    A line of more than *max_line* bytes is a chunk of its own (see `Chunk.oversized`). gzip, bzip2, xz and zstd are
    recognised by the first bytes. With *encoding* "auto", UTF-16 and UTF-32 are recognised by a byte order mark and
    become UTF-8, and other bytes stay as they are; any other encoding but UTF-8 and ASCII becomes UTF-8. A byte order
    mark is left out (a UTF-8 one counts in `Chunk.offset`).

    More than *most_silent* bytes without a line break, as in zeros without an end, are an error: who reads all of an
    input before it does something would never do it. None: there is no such limit.

    Memory is about *chunk_size* plus twice *max_line*, whatever the input, and what a decompressor needs.

    Raises `InputError` when the input cannot be opened, or after all that could be read of it has been yielded.
    """
    encoding = check_encoding(encoding)
    descriptor = open_input(source.name)
    try:
        stream = Source(source.name, descriptor, chunk_size)
        reading = _Reading(stream, chunk_size, max_line, encoding, buffers or Buffers(), most_silent)
        yield from _read_stream(reading, source.name, stream.blocks(), stream.modified)
    finally:
        if not source.is_stdin:
            os.close(descriptor)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What is the same for an input and the members of an archive in it."""

    source: Source
    chunk_size: int
    max_line: int
    encoding: str
    buffers: Buffers
    most_silent: int | None


def _read_stream(
    reading: _Reading, name: str, blocks: Iterator[Block], modified: int | None, depth: int = 0
) -> Generator[Chunk | Pause, None, None]:
    """The chunks of *blocks*, the input itself or a member of an archive in it; *depth*: in how many archives it is."""
    source = reading.source
    mark, blocks = yield from recognised(blocks, (*COMPRESSION_MARKS, *ZIP_MARKS))
    is_plain = source.is_file and not mark and depth == 0
    if mark in ZIP_MARKS:
        yield from _read_zip(reading, name, depth)
        return
    if mark and COMPRESSION_MARKS[mark] == "gzip":
        head, blocks = yield from gzip_head(blocks)
        modified = time_in_gzip_head(head) or modified
    if mark:
        blocks = decompressed(blocks, name, COMPRESSION_MARKS[mark])
    head, blocks = yield from peeked(blocks)
    if is_tar(head):
        yield from _read_tar(reading, name, blocks, depth)
        return
    yield from _read_lines(reading, name, blocks, modified, is_plain=is_plain)


def _read_tar(
    reading: _Reading, name: str, blocks: Iterator[Block], depth: int
) -> Generator[Chunk | Pause, None, None]:
    _check_depth(name, depth)
    for member in TarStream(blocks, name).members():
        if isinstance(member, Pause):
            yield member
        else:
            yield from _read_stream(reading, member.name, member.blocks, member.modified, depth + 1)


def _read_zip(reading: _Reading, name: str, depth: int) -> Generator[Chunk | Pause, None, None]:
    if depth or not reading.source.is_file:
        hint = "unpack it, or name the file" if depth == 0 else "unpack it"
        where = "in another archive" if depth else "from a pipe"
        raise InputError(f"a zip archive {where} cannot be read", location=location_of(name), hint=hint)
    failure: InputError | None = None
    for member in zip_members(name):
        try:
            if isinstance(member, InputError):
                raise member
            yield from _read_stream(reading, member.name, member.blocks, member.modified, depth + 1)
        except InputError as error:  # the other members can be read all the same
            failure = failure or error
    if failure is not None:
        raise failure


def _check_depth(name: str, depth: int) -> None:
    if depth >= _MOST_ARCHIVES:
        raise InputError("is an archive in too many others", location=location_of(name), hint="unpack it")


def _read_lines(
    reading: _Reading, name: str, blocks: Iterator[Block], modified: int | None, *, is_plain: bool
) -> Generator[Chunk | Pause, None, None]:
    source, encoding = reading.source, reading.encoding
    mark = b""
    if encoding in ("auto", "utf-8"):
        marks = BYTE_ORDER_MARKS if encoding == "auto" else (codecs.BOM_UTF8,)
        mark, blocks = yield from recognised(blocks, marks)
        encoding = BYTE_ORDER_MARKS[mark] if mark else "utf-8"
    offset = len(mark) if encoding == "utf-8" else 0
    framer = Framer(name, reading.chunk_size, reading.max_line, offset, reading.buffers)
    framer.modified = modified
    if encoding != "utf-8":

        def count_replaced(count: int) -> None:
            framer.replaced += count

        blocks = transcoded(blocks, name, encoding, count_replaced)
    elif mark:
        blocks = without(mark, blocks)
    silence = _Silence(name, reading.most_silent)
    try:
        if is_plain and encoding == "utf-8":
            yield from _framed_file(source, blocks, framer, silence)
        else:
            yield from _framed(source, blocks, framer, silence)
    except InputError:
        yield from framer.end()
        raise
    yield from framer.end()


def _framed_file(source: Source, blocks: Iterator[Block], framer: Framer, silence: _Silence) -> Iterator[Chunk | Pause]:
    """Read a plain file, of which the next of *blocks*, if there is one, has been read already."""
    head = next(blocks, b"")
    assert isinstance(head, bytes)
    framer.position = source.position
    yield from framer.feed(head)
    while count := source.read_into(framer.space()):
        framer.position = source.position
        silence.add(count)
        for chunk in framer.filled(count):
            silence.end()
            yield chunk
        if silence.needs_pause():
            yield Pause(None)


def _framed(source: Source, blocks: Iterable[Block], framer: Framer, silence: _Silence) -> Iterator[Chunk | Pause]:
    for block in blocks:
        framer.position = source.position
        if isinstance(block, Pause):
            for chunk in framer.whole_lines():
                silence.end()
                yield chunk
            yield block
            continue
        silence.add(len(block))
        for chunk in framer.feed(block):
            silence.end()
            yield chunk
        if silence.needs_pause():
            yield Pause(None)


class _Silence:
    """Counts bytes of the input *name* that have made no chunk; more than *most* in a row are an `InputError`."""

    def __init__(self, name: str, most: int | None) -> None:
        self._name = name
        self._most = most
        self._size = 0
        self._next_pause = _SILENT_BYTES

    def add(self, size: int) -> None:
        """So many more have come."""
        self._size += size
        if self._most is not None and self._size > self._most:
            message = f"holds no line break in {self._most >> 20:,} MiB"
            raise InputError(message, location=location_of(self._name), hint="this is no log; leave it out")

    def end(self) -> None:
        """A chunk was made."""
        self._size, self._next_pause = 0, _SILENT_BYTES

    def needs_pause(self) -> bool:
        """Whether it is time for a moment in which to do something else."""
        if self._size <= self._next_pause:
            return False
        self._next_pause = self._size + _SILENT_BYTES
        return True


def blocking(chunks: Iterable[Chunk | Pause]) -> Iterator[Chunk]:
    """The chunks alone, for who has nothing else to do in a pause than to wait."""
    for chunk in chunks:
        if isinstance(chunk, Chunk):
            yield chunk
        elif chunk.descriptor is not None:
            poll = select.poll()
            poll.register(chunk.descriptor, select.POLLIN)
            poll.poll()
