"""
Plain file: a regular file whose bytes are its lines as they stand, so that any process can read any part of it.

A *range* is a part of the file, from one byte to another; it owns the lines that begin in it. So the ranges of a file,
which follow each other without gap or overlap, own each line once, wherever they are cut, and who reads one needs to
know nothing of the others but how many lines are in those before it.

Files that are compressed or in an encoding of more than ASCII and UTF-8, pipes and the like are `chunk.read_chunks`'.
Both give the same lines, numbers and offsets.
"""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from logmatch.errors import InputError, Place
from logmatch.input.chunk import (
    OVERSIZED_HEAD,
    STDIN,
    Chunk,
    Input,
    LongLine,
    begins_like_text,
    count_lines,
    input_error,
    open_input,
    split_long_lines,
)

_OVERLAP = 64 * 1024  # bytes behind a range that are read with it: its last line mostly ends there
_STEP = 256 * 1024  # bytes that are read at once behind that


@dataclass(frozen=True, slots=True)
class Range:
    """A part of a file; it owns the lines that begin in it."""

    start: int
    end: int
    """Offsets in bytes."""
    is_last: bool
    """Whether the file ends at `end`, whatever has come since."""


class PlainFile:
    """An open plain file. `begin` is where its first line begins: behind the byte order mark, if it has one."""

    def __init__(self, name: str, descriptor: int, begin: int) -> None:
        """*descriptor* belongs to the object from now on."""
        self.name = name
        self.descriptor = descriptor
        self.begin = begin

    def close(self) -> None:
        """Close the file; stdin then stands at its end, as if it had been read in the usual way."""
        if self.name == STDIN:
            os.lseek(self.descriptor, 0, os.SEEK_END)
        os.close(self.descriptor)

    def length(self) -> int:
        """Where it ends now, in bytes."""
        return os.fstat(self.descriptor).st_size

    def ranges(self, size: int, start: int) -> Iterator[Range]:
        """The ranges of about *size* bytes of the file from *start* to its end as it is when the last is asked for."""
        while True:
            length = self.length()
            if start >= length:
                return
            end = min(start + size, length)
            yield Range(start, end, is_last=end == length)
            if end == length:
                return
            start = end


def open_plain(source: Input, encoding: str) -> PlainFile | None:
    """
    Open *source* if it is a plain file; None if it has to be read by `chunk.read_chunks`.

    Raises `InputError` when it cannot be opened or read.
    """
    if encoding not in ("auto", "utf-8"):
        return None
    if source.is_stdin:
        descriptor = _dup_of_plain_stdin()
        if descriptor is None:
            return None
    elif source.size is None:
        return None
    else:
        descriptor = open_input(source.name)
    try:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            head = os.pread(descriptor, 64, 0)
            if begins_like_text(head, encoding):
                begin = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
                return PlainFile(source.name, descriptor, begin)
    except OSError as error:
        os.close(descriptor)
        raise input_error(source.name, error) from None
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _dup_of_plain_stdin() -> int | None:
    """A descriptor of the file that stdin is, if it has not been read: offsets count from where reading begins."""
    try:
        if stat.S_ISREG(os.fstat(0).st_mode) and os.lseek(0, 0, os.SEEK_CUR) == 0:
            return os.dup(0)
    except OSError:
        pass  # who reads stdin will tell
    return None


class RangeReader:
    """
    Reads ranges of plain files, one after the other, into a buffer of its own.

    Memory is about the size of the largest range plus `max_line`.
    """

    def __init__(self, max_line: int) -> None:
        self._max_line = max_line
        self._buffer = bytearray()

    def read(self, file: PlainFile, part: Range) -> list[Chunk]:
        """
        The lines that begin in *part*, as chunks; the number of the first is 1.

        The data of the chunks is part of the buffer: it is valid until the next call.

        Raises `InputError` when the file cannot be read, or ends before the range does.
        """
        # The byte before tells whether a line begins at the start.
        before = 1 if part.start > file.begin else 0
        size = before + part.end - part.start
        wanted = size if part.is_last else size + _OVERLAP
        if len(self._buffer) < wanted:
            self._buffer = bytearray(wanted)
        data = self._buffer
        origin = part.start - before  # the offset in the file of data[0]
        length = self._fill(file, data, 0, wanted, origin)
        if length < size:
            hint = "something has cut it off, as logrotate does with copytruncate; the rest may be in a copy"
            raise InputError("has become shorter while it was read", place=Place(file.name), hint=hint)
        first = 0
        if before:
            first = data.find(b"\n", 0, min(size - 1, length)) + 1
            if not first:
                return []
        if first >= length:
            return []
        long_line = None
        if length <= size:
            end = length  # of the file
        else:
            # The last line that begins in the range ends here: at the first line break from the range's last byte on.
            end = data.find(b"\n", size - 1, length) + 1
            if not end:
                begin = max(first, data.rfind(b"\n", first, size - 1) + 1)
                data, end, long_line = self._read_on(file, data, length, origin, begin)
        chunks = list(self._chunks(file, data, first, end, origin))
        if long_line is not None:
            number = sum(chunk.line_count for chunk in chunks) + 1
            offset = origin + end
            position = offset + long_line.length
            chunks.append(
                Chunk(file.name, number, 1, offset, long_line.head[: long_line.size], position, long_line.size)
            )
        return chunks

    def _fill(self, file: PlainFile, data: bytearray, start: int, end: int, origin: int) -> int:
        """Read data[start:end] from the place *origin* + start of the file on; return where what there is ends."""
        with memoryview(data) as view:
            while start < end:
                try:
                    count = os.preadv(file.descriptor, [view[start:end]], origin + start)
                except OSError as error:
                    raise input_error(file.name, error) from None
                if not count:
                    break
                start += count
        return start

    def _read_on(
        self, file: PlainFile, data: bytearray, length: int, origin: int, begin: int
    ) -> tuple[bytearray, int, LongLine | None]:
        """
        Read to the end of the line that begins at data[begin] and goes on behind data[:length].

        Returns the data, where in it whole lines end, and the line itself if it is longer than `max_line`: then it
        begins where they end, and is not in the data.
        """
        while length - begin <= self._max_line + 1:  # 1: a "\\r" at the end does not count
            if len(data) < length + _STEP:
                data = self._buffer = data[:length] + bytearray(_STEP)
            end = self._fill(file, data, length, length + _STEP, origin)
            line_end = data.find(b"\n", length, end) + 1
            if line_end:
                return data, line_end, None
            if end < length + _STEP:
                return data, end, None  # the end of the file
            length = end
        line = LongLine(data[begin:length])
        place = origin + length
        while True:
            step = bytearray(_STEP)
            end = self._fill(file, step, 0, _STEP, place)
            line_end = step.find(b"\n", 0, end)
            line.extend(bytes(step[: end if line_end < 0 else line_end]))
            if line_end >= 0 or end < _STEP:
                return data, begin, line
            place += end

    def _chunks(self, file: PlainFile, data: bytearray, first: int, end: int, origin: int) -> Iterator[Chunk]:
        """The lines data[first:end] as one chunk, or as several around lines too long."""
        number = 1
        view = memoryview(data)
        for start, stop, oversized in split_long_lines(data, first, end, self._max_line):
            if oversized is None:
                lines = view[start:stop]
                count = count_lines(lines)
            else:
                lines = view[start : start + min(oversized, OVERSIZED_HEAD)]
                count = 1
            yield Chunk(file.name, number, count, origin + start, lines, origin + stop, oversized)
            number += count
