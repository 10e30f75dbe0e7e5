"""
Framing: from bytes, cut anywhere, to chunks: whole lines, numbered, and lines that are too long.

Every byte is copied a bounded number of times, however small the pieces in which it comes and however long its line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from logmatch.entries.entries import Entries
from logmatch.linescan import count_lines

OVERSIZED_HEAD = 1024
"""How many bytes of a line longer than `max_line` are kept."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole lines of one input, in its order."""

    file: str
    """The input as the user named it, or as it is called below a directory that the user named; "-" for stdin."""
    first_line: int
    """The number of its first line, from 1."""
    line_count: int
    """How many lines it has, at least 1."""
    offset: int
    """Where its first line begins, in bytes of the decompressed and transcoded stream."""
    data: bytes | memoryview
    """The lines, each with its "\\n"; only the last line of an input may lack it."""
    position: int
    """Bytes of the file as it is stored (compressed) that have been read so far, for progress."""
    oversized: int | None = None
    """
    Set when the chunk is one line longer than `max_line`: its size in bytes, without "\\n" and without one "\\r" before
    it. `data` then holds the first 1,024 bytes of those, without "\\n".
    """
    replaced: int = 0
    """U+FFFD that were put in place of bytes that are wrong in the input's encoding, in these lines or nearby."""
    entries: Entries | None = None
    """
    What its lines are, if they are not simply one entry each: `data` is then that of the entries, and `line_count` how
    many physical lines they have.
    """
    size: int = 0
    """Of one with entries, how many bytes of the input they were made of."""
    modified: int | None = field(default=None, compare=False)
    """When the input was last written to, in seconds since 1970; None: not known, as of a pipe."""
    buffer: bytearray | None = field(default=None, compare=False, repr=False)
    """What `data` is part of, if it is to be given back (`Buffers`) when the chunk is done; None if others share it."""


_ROOM = 64 * 1024  # bytes to read at once at the end of the longest line that is not too long


class Buffers:
    """Memory for chunks that is used again: what is new to a process costs it more than reading a file."""

    def __init__(self) -> None:
        self._spare: list[bytearray] = []
        self._size = 0

    def take(self, size: int) -> bytearray:
        """A buffer of *size* bytes, whatever they are."""
        if size != self._size:
            self._spare.clear()
            self._size = size
        return self._spare.pop() if self._spare else bytearray(size)

    def give_back(self, buffer: bytearray | None) -> None:
        """Nobody will look at *buffer* again."""
        if buffer is not None and len(buffer) == self._size:
            self._spare.append(buffer)


def split_long_lines(
    data: bytes | bytearray, begin: int, end: int, max_line: int
) -> Iterator[tuple[int, int, int | None]]:
    """
    Split data[begin:end], whole lines, around those longer than *max_line*.

    Yields where a part begins and ends; and for a part that is one line too long its size, without its "\\n" and
    without one "\\r" before that; else None.

    Looks only at about one line in each *max_line* bytes: within so many bytes from the beginning of a line, the last
    "\\n" shows that no line before it is too long.
    """
    start = begin  # of what has not been yielded
    line = begin  # the beginning of a line; from start to here no line is too long
    while end - line > max_line:
        newline = data.rfind(b"\n", line, line + max_line + 1)
        if newline != -1:
            line = newline + 1
            continue
        line_end = data.find(b"\n", line + max_line + 1, end)
        if line_end == -1:
            line_end = end
        size = line_end - line - (data[line_end - 1] == 13)  # 13: "\r"
        if size > max_line:
            if start < line:
                yield start, line, None
            start = min(line_end + 1, end)
            yield line, start, size
        line = line_end + 1
    if start < end:
        yield start, end, None


class Framer:
    """
    Pieces in, chunks out: at about `chunk_size` bytes, when asked for `whole_lines`, and around lines too long.

    A piece is copied in (`feed`), or read into `space()` and told (`filled`). `position`, `replaced` and `modified` are
    what the next chunk says of itself; the caller keeps them.
    """

    def __init__(self, name: str, chunk_size: int, max_line: int, offset: int, buffers: Buffers) -> None:
        self.position = 0
        self.replaced = 0
        self.modified: int | None = None
        self._name = name
        self._chunk_size = chunk_size
        self._max_line = max_line
        self._line_number = 1  # of the next chunk's first line
        self._offset = offset  # of the next chunk
        self._buffers = buffers
        self._buffer = buffers.take(chunk_size)  # begins where a line begins, or where a piece of _long does
        self._length = 0  # bytes in it
        self._whole = 0  # how much of that is whole lines; what follows has no "\n" and at most max_line + 1 bytes
        self._long: LongLine | None = None  # the line in which we are, once it is known to be too long

    def space(self) -> memoryview:
        """Where the next piece may be put: at least one byte."""
        return memoryview(self._buffer)[self._length :]

    def feed(self, block: bytes) -> Iterator[Chunk]:
        """Take *block*; yield what makes a chunk by now."""
        start = 0
        while start < len(block):
            end = min(len(block), start + len(self._buffer) - self._length)
            self._buffer[self._length : self._length + end - start] = memoryview(block)[start:end]
            yield from self.filled(end - start)
            start = end

    def filled(self, count: int) -> Iterator[Chunk]:
        """*count* bytes have come into `space()`; yield what makes a chunk by now."""
        start = self._length
        self._length += count
        if self._long is not None:
            end = self._buffer.find(b"\n", 0, self._length)
            self._long.extend(self._buffer, self._length if end == -1 else end)
            if end == -1:
                self._length = 0
                return
            yield self._end_of_long_line(self._long, terminator=1)
            self._drop(end + 1)
            start = 0
        self._whole = self._buffer.rfind(b"\n", start, self._length) + 1 or self._whole
        is_full = self._length == len(self._buffer)
        if is_full:
            yield from self.whole_lines()
        if self._length - self._whole > self._max_line + 1:  # 1: a "\r" at the end does not count
            yield from self.whole_lines()
            self._long = LongLine()
            self._long.extend(self._buffer, self._length)
            self._length = 0
        elif self._length == len(self._buffer):  # a line that is not too long and does not fit
            larger = bytearray(min(2 * self._length, self._max_line + 1 + _ROOM))
            larger[: self._length] = self._buffer
            self._buffer = larger

    def whole_lines(self) -> Iterator[Chunk]:
        """Yield the whole lines that are there."""
        whole = self._whole
        if not whole:
            return
        if whole < len(self._buffer) // 2:  # a few lines of a pipe: they are copied, and the buffer stays
            data = self._buffer[:whole]
            self._drop(whole)
            yield from self._chunks(data, whole)
            return
        data = self._buffer
        rest = memoryview(data)[whole : self._length]
        self._buffer = self._buffers.take(self._chunk_size)
        if len(rest) >= len(self._buffer):
            self._buffer = bytearray(2 * len(rest))
        self._buffer[: len(rest)] = rest
        self._length, self._whole = len(rest), 0
        yield from self._chunks(data, whole)

    def end(self) -> Iterator[Chunk]:
        """Yield all that is there: the input has ended, and with it its last line."""
        if self._long is not None:
            self._long.extend(self._buffer, self._length)
            yield self._end_of_long_line(self._long, terminator=0)
            self._length = 0
        self._whole = self._length
        yield from self.whole_lines()
        self._buffers.give_back(self._buffer)

    def _drop(self, size: int) -> None:
        """Take the first *size* bytes out of the buffer."""
        rest = self._buffer[size : self._length]
        self._buffer[: len(rest)] = rest
        self._length, self._whole = len(rest), 0

    def _end_of_long_line(self, line: LongLine, terminator: int) -> Chunk:
        self._long = None
        return self._chunk(bytes(line.head[: line.size]), 1, line.length + terminator, oversized=line.size)

    def _chunks(self, data: bytearray, length: int) -> Iterator[Chunk]:
        """Yield data[:length], lines, as one chunk, or as several around lines too long."""
        view = memoryview(data)
        for start, end, size in split_long_lines(data, 0, length, self._max_line):
            if size is None:
                part = view[start:end]
                is_alone = start == 0 and end == length
                yield self._chunk(part, count_lines(part), len(part), buffer=data if is_alone else None)
            else:
                head = bytes(view[start : start + min(size, OVERSIZED_HEAD)])
                yield self._chunk(head, 1, end - start, oversized=size)

    def _chunk(
        self,
        data: bytes | memoryview,
        line_count: int,
        length: int,
        oversized: int | None = None,
        buffer: bytearray | None = None,
    ) -> Chunk:
        """Number what covers the next *length* bytes of the stream."""
        chunk = Chunk(
            self._name, self._line_number, line_count, self._offset, data, self.position, oversized, self.replaced,
            modified=self.modified, buffer=buffer,
        )  # fmt: skip
        self._line_number += line_count
        self._offset += length
        self.replaced = 0
        return chunk


class LongLine:
    """A line that is too long, while it goes by; `head` is its beginning, `length` its bytes so far."""

    def __init__(self) -> None:
        self.head = b""
        self.length = 0
        self._ends_in_return = False

    def extend(self, buffer: bytearray, size: int) -> None:
        """The line goes on with the first *size* bytes of *buffer*."""
        if size:
            self.head += buffer[: min(size, OVERSIZED_HEAD - len(self.head))]
            self.length += size
            self._ends_in_return = buffer[size - 1] == 13  # "\r"

    @property
    def size(self) -> int:
        """Bytes of the line, if it ends here."""
        return self.length - self._ends_in_return
