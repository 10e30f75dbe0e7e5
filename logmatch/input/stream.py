"""
Stream: the stored bytes of one open input, as they come.

What comes are blocks (bytes, cut anywhere) and pauses. A *pause* says that more may take a while: what is whole should
go on its way, and its descriptor tells when to go on. Files have no pauses.

A file that becomes shorter while it is read, or whose bytes change before the place that was read, has lost lines that
nobody has seen: that is an `InputError`, whatever comes after it. Files of /proc and /sys, whose sizes say
nothing, are read to where they end.
"""

from __future__ import annotations

import fcntl
import os
import select
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from logmatch.errors import InputError
from logmatch.input.resolve import input_error, location_of

READ_SIZE = 64 * 1024
"""Bytes: a pipe's usual capacity; and little enough to recognise a format before reading on."""

PIPE_SIZE = 1 << 20
_GATHER_SECONDS = 0.01  # how long lines of a pipe may be held back while more keeps coming
_KNOWN_SIZE = 64  # bytes before the place that was read that are kept, to be compared where a file has been written to


class Pause(NamedTuple):
    """Nothing more is there now. Whoever waits until then may go on at once: there is another pause then."""

    descriptor: int | None
    """What can be read when there is more; None: go on, this is just a moment in which to do something else."""


Block = bytes | Pause


class Source:
    """An open input; `position` is how many bytes of it have been read."""

    def __init__(self, name: str, descriptor: int, chunk_size: int) -> None:
        """*descriptor* stays the caller's."""
        self.name = name
        self.position = 0
        self._descriptor = descriptor
        self._chunk_size = chunk_size
        self._read_size = min(chunk_size, READ_SIZE)
        status = os.fstat(descriptor)
        self.is_file = stat.S_ISREG(status.st_mode)
        self.modified: int | None = int(status.st_mtime) if self.is_file else None
        """When it was last written to, in seconds since 1970; None: it goes on."""
        if self.is_file:
            self._watched = _WatchedFile(name, descriptor, status)
        elif stat.S_ISFIFO(status.st_mode):
            enlarge_pipe(descriptor)

    def read_into(self, space: memoryview) -> int:
        """Read a file on into *space*, of at least one byte; return how many bytes came, 0 at its end."""
        try:
            count = os.readv(self._descriptor, [space])
        except OSError as error:
            raise input_error(self.name, error) from None
        self.position += count
        self._watched.has_read(space[max(0, count - _KNOWN_SIZE) : count])
        return count

    def blocks(self) -> Iterator[Block]:
        """
        All there is, as it comes.

        A pipe is read on without a pause while more is there, until that makes a chunk or has taken 10 ms: a pause for
        each small write would make small chunks, and none would hold lines back.
        """
        if self.is_file:
            space = memoryview(bytearray(self._read_size))
            while count := self.read_into(space):
                yield bytes(space[:count])
            return
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        while True:
            yield Pause(self._descriptor)
            gathered = 0
            deadline = time.monotonic() + _GATHER_SECONDS
            while block := self._read():
                yield block
                gathered += len(block)
                if gathered >= self._chunk_size or time.monotonic() >= deadline or not poll.poll(0):
                    break
            if block == b"":
                return

    def _read(self) -> bytes | None:
        """What is there; None if that is nothing yet (it does not block: opened so, here or by who gave us stdin)."""
        try:
            block = os.read(self._descriptor, self._read_size)
        except BlockingIOError:
            return None
        except OSError as error:
            raise input_error(self.name, error) from None
        self.position += len(block)
        return block


class _WatchedFile:
    """
    Notices that a file has lost bytes while it was read.

    logrotate's `copytruncate` and `> app.log` cut a file off; the writer then fills it again, from its beginning or, if
    it does not append, from where it was.
    """

    def __init__(self, name: str, descriptor: int, status: os.stat_result) -> None:
        self._name = name
        self._descriptor = descriptor
        self._size = status.st_size  # the greatest that was seen
        self._written_at = status.st_mtime_ns
        self._known = b""  # the last bytes that were read
        self._place = _place_in(descriptor)

    def has_read(self, last: memoryview) -> None:
        """
        The file has been read on, and *last* is the end of that.

        Raises `InputError` if it has become shorter since it was opened or has been written to before its place.
        """
        status = os.fstat(self._descriptor)
        if status.st_size < self._size:
            raise self._lost("has become shorter while it was read")
        if status.st_mtime_ns != self._written_at and self._known:
            self._compare()
        self._size = status.st_size
        self._written_at = status.st_mtime_ns
        if last:
            self._known = bytes(last)
            self._place = _place_in(self._descriptor)

    def _compare(self) -> None:
        if self._place is None:
            return
        try:
            found = os.pread(self._descriptor, len(self._known), self._place - len(self._known))
        except OSError:
            return  # files that cannot be read at a place, in /proc
        if found != self._known:
            raise self._lost("has been written anew while it was read")

    def _lost(self, message: str) -> InputError:
        hint = "something has cut it off, as logrotate does with copytruncate; the rest may be in a copy"
        return InputError(message, location=location_of(self._name), hint=hint)


def _place_in(descriptor: int) -> int | None:
    """Where in a file the next read begins; None if that cannot be known."""
    try:
        return os.lseek(descriptor, 0, os.SEEK_CUR)
    except OSError:
        return None


def enlarge_pipe(descriptor: int) -> int | None:
    """
    Have a pipe hold 1 MiB, which Linux allows everyone; return how many bytes it holds, None if that is not known.

    With 64 KiB, the usual size, writer and reader wait for each other most of the time.
    """
    try:
        size = fcntl.fcntl(descriptor, fcntl.F_GETPIPE_SZ)
    except (AttributeError, OSError):
        return None
    if size < PIPE_SIZE:
        with suppress(OSError):  # the user has too many large ones
            size = fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
    return size
