"""
Sink: where records go, and how long a slow reader of them is waited for.

A sink is stdout or a file. It is handed whole records only and ends with a whole record whatever happens, as far as
that is in its hands: on a full disk a file is cut back to its last whole record, and a pipe gets pieces that end with a
record and are taken whole or not at all. An `Interrupt` ends its waiting: writing then goes on for as long as the
reader takes what it is offered, but not beyond the grace.

Not its business: what a record is, and who asks for the interrupt.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import stat
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from logmatch.errors import OutputClosedError, OutputError, printable_json, reason_of
from logmatch.input.stream import enlarge_pipe
from logmatch.interrupt import Interrupt
from logmatch.output.destination import STDOUT, own_descriptor
from logmatch.output.writer import Records

_LINE_SECONDS = 0.3  # how much longer the rest of a record may take, of which the reader has the beginning
_FIFO_SECONDS = 0.05  # how often to look whether somebody reads the FIFO that is the output
_ATOMIC = select.PIPE_BUF  # bytes that a pipe takes whole or not at all, see pipe(7)
_SOCKET_PIECE = 64 * 1024

_HINTS = {
    errno.ENOSPC: "make room there, or write to another file",
    errno.EDQUOT: "make room there, or write to another file",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f), or write to a pipe",
    errno.EACCES: "write to a file that you may write",
    errno.EROFS: "write to a file that you may write",
    errno.ENOENT: "make its directory first",
    errno.EISDIR: "name a file",
}


@dataclass(frozen=True, slots=True)
class _Channel:
    """How the bytes go out."""

    put: Callable[[memoryview], int]
    """Writes some of the bytes; tells how many."""
    room: Callable[[], int] | None = None
    """How many bytes may be offered at once; None: any number."""
    blocks: bool = False
    """Whether `put` may wait for the reader, so that it must not be called before `poll` allows it."""


class Closing:
    """What is closed at the end of a `with`; an error of closing does not hide the one that ended the block."""

    def close(self) -> None:
        """Close it."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except OutputError:
            if error is None:
                raise


class Sink(Closing):
    """An open output. Make it with `open_sink`."""

    def __init__(
        self,
        name: str,
        descriptor: int,
        interrupt: Interrupt,
        *,
        line_buffered: bool = False,
        takes_records: bool = True,
        has_quotes: bool = False,
    ) -> None:
        """
        Make a sink of an open file.

        Args:
            name: how a person calls it.
            descriptor: it belongs to the sink from now on.
            interrupt: what ends its waiting.
            line_buffered: whether each record is written by a system call of its own.
            takes_records: whether what is written are records; else bytes that are worth something only as a whole.
            has_quotes: whether a line break within quotes ends no record.
        """
        self.name = name
        self.unfinished = 0
        """Bytes of a record that has been begun and could not be finished; 0 but after a failure or an interrupt."""
        self._interrupt = interrupt
        self._is_terminal = os.isatty(descriptor)
        self._line_buffered = line_buffered and takes_records
        self._takes_records = takes_records
        self._has_quotes = has_quotes
        self._is_inside = False  # whether what has been written of the records at hand ends within quotes
        self._is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        self._appends = bool(fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_APPEND)
        self.descriptor, self._channel = _open_channel(descriptor)
        """`descriptor` is for polling: an error on it says that the reader has gone."""

    def write(self, records: Records) -> int:
        """
        Write *records*, whole ones; return how many bytes were written: all, or less where an interrupt's grace ended.

        A terminal gets them with escapes for characters that would control it (`errors.printable_json`).

        Raises `OutputClosedError` where nobody reads them any more, and `OutputError`.
        """
        if self._is_terminal:
            shown = printable_json(bytes(records))
            written = self._write(shown)
            if written == len(shown):
                return len(records)
            return _end_of_record(records, shown[:written].count(b"\n"))
        return self._write(records)

    def _write(self, records: Records) -> int:
        """As `write`; the bytes go out as they are."""
        view = memoryview(records)
        put, blocks = self._channel.put, self._channel.blocks
        done = 0
        self._is_inside = False
        try:
            while done < len(records):
                if self._is_over(records, done) or (blocks and not self._wait(records, done)):
                    break
                try:
                    done = self._advance(view, done, put(view[done : self._end_of_piece(records, done)]))
                except BlockingIOError:
                    if not self._wait(records, done):
                        break
        except (BrokenPipeError, ConnectionResetError):
            raise self.closed_by_reader() from None
        except OSError as error:
            self.unfinished = self._length_of_unfinished(records, done)
            self._cut_back()
            raise output_error("write to", self.name, error) from None
        self.unfinished = self._length_of_unfinished(records, done)
        return done

    def count_records(self, records: Records) -> int:
        """How many whole records *records* holds."""
        if not self._has_quotes:
            return bytes(records).count(b"\n")
        return sum(part.count(b"\n") for part in bytes(records).split(b'"')[::2])

    def finish(self) -> None:
        """Records are written as they come: nothing is left to be done."""

    def closed_by_reader(self) -> OutputClosedError:
        """What to raise when `poll` reports an error on `descriptor`."""
        return OutputClosedError(f"nobody reads {self.name} any more")

    def close(self) -> None:
        """Close it. Some file systems report only now that they could not write: `OutputError`."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            try:
                os.close(descriptor)
            except OSError as error:
                raise output_error("write to", self.name, error) from None

    def _advance(self, view: memoryview, done: int, count: int) -> int:
        """*count* bytes more than *done* have been written."""
        if self._has_quotes and bytes(view[done : done + count]).count(b'"') % 2:
            self._is_inside = not self._is_inside
        return done + count

    def _end_of_piece(self, records: Records, start: int) -> int:
        """Where the bytes that are offered next end: with a record, unless that alone is too long."""
        end = len(records)
        if self._channel.room is not None:
            end = min(end, start + self._channel.room())
        if self._line_buffered:
            return self._first_end(records, start, end)
        if end == len(records) or not self._takes_records:
            return end
        return self._last_end(records, start, end, is_inside=self._is_inside) or end

    def _first_end(self, records: Records, start: int, end: int) -> int:
        if self._has_quotes:
            return _first_end_outside(records, start, end, is_inside=self._is_inside)
        return _first_end(records, start, end)

    def _last_end(self, records: Records, start: int, end: int, *, is_inside: bool) -> int:
        if self._has_quotes:
            return _last_end_outside(records, start, end, is_inside=is_inside)
        return _last_end(records, start, end)

    def _is_only_writer(self) -> bool:
        """
        Whether no other open file can append to this one: Linux gives a lease for writing only then, see fcntl(2).

        A process that opens the file meanwhile waits until the lease is given back, when this one is closed.
        """
        try:
            fcntl.fcntl(self.descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        except (AttributeError, OSError):
            return False
        return True

    def _length_of_unfinished(self, records: Records, done: int) -> int:
        """How many of the first *done* bytes are of a record that is not whole."""
        if done == len(records):
            return 0
        return done - (self._last_end(records, 0, done, is_inside=False) if self._takes_records else 0)

    def _deadline(self, records: Records, done: int) -> float:
        return self._interrupt.deadline + (_LINE_SECONDS if self._length_of_unfinished(records, done) else 0)

    def _is_over(self, records: Records, done: int) -> bool:
        return self._interrupt.requested and time.monotonic() >= self._deadline(records, done)

    def _wait(self, records: Records, done: int) -> bool:
        """Wait until the reader takes more: True; or until the grace is over: False."""
        while not self._is_over(records, done):
            if self.descriptor in self._interrupt.wait({self.descriptor: select.POLLOUT}):
                return True
        return False

    def _cut_back(self) -> None:
        """Take the unfinished record off a file, if it is still the file's end and nobody else can be writing there."""
        if not (self._is_file and self.unfinished) or (self._appends and not self._is_only_writer()):
            return
        try:
            size = os.fstat(self.descriptor).st_size
            if os.lseek(self.descriptor, 0, os.SEEK_CUR) == size:
                os.ftruncate(self.descriptor, size - self.unfinished)
                os.lseek(self.descriptor, -self.unfinished, os.SEEK_CUR)
                self.unfinished = 0
        except OSError:
            pass  # what is being reported is the failure before this one


_WINDOW = 4096  # bytes that are copied to look for a line break in them: a memoryview has no `find`


def _end_of_record(records: Records, count: int) -> int:
    """Where the first *count* of *records* end."""
    end = 0
    for _ in range(count):
        end = _first_end(records, end, len(records))
    return end


def _first_end(records: Records, start: int, end: int) -> int:
    """Where the record ends that begins at *start*; *end* if it does not end before."""
    while start < end:
        found = bytes(records[start : min(start + _WINDOW, end)]).find(b"\n")
        if found >= 0:
            return start + found + 1
        start += _WINDOW
    return end


def _last_end(records: Records, start: int, end: int) -> int:
    """Where the last record ends that ends within records[start:end]; 0 if none does."""
    while start < end:
        begin = max(start, end - _WINDOW)
        found = bytes(records[begin:end]).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0


def _first_end_outside(records: Records, start: int, end: int, *, is_inside: bool) -> int:
    """As `_first_end`, for records with quotes; *is_inside*: whether *start* is within some."""
    at = start
    while at < end:
        line_end = _first_end(records, at, end)
        if bytes(records[at:line_end]).count(b'"') % 2:
            is_inside = not is_inside
        if not is_inside:
            return line_end
        at = line_end
    return end


def _last_end_outside(records: Records, start: int, end: int, *, is_inside: bool) -> int:
    """As `_last_end`, for records with quotes; *is_inside*: whether *start* is within some."""
    data = bytes(records[start:end])
    place = data.rfind(b"\n")
    is_inside ^= data.count(b'"', 0, max(place, 0)) % 2 == 1
    while place >= 0 and is_inside:
        earlier = data.rfind(b"\n", 0, place)
        is_inside ^= data.count(b'"', max(earlier, 0), place) % 2 == 1
        place = earlier
    return start + place + 1 if place >= 0 else 0


# --- opening


def open_sink(
    path: str,
    interrupt: Interrupt,
    *,
    line_buffered: bool = False,
    takes_records: bool = True,
    has_quotes: bool = False,
) -> Sink:
    """
    Open *path* ("-" is stdout) for writing. A file is made, or emptied; `preflight` has seen whether it may be.

    Raises:
        OutputError: it could not be opened.
        OutputClosedError: interrupted while waiting for somebody to read a FIFO.
    """
    name = "stdout" if path == STDOUT else path
    own = own_descriptor(path)
    try:
        if own is None:
            descriptor = _open_file(path, interrupt)
            status = os.fstat(descriptor)
            # ext4 writes a file to the disk when it is closed after it was truncated, even if it had been empty.
            if stat.S_ISREG(status.st_mode) and status.st_size:
                os.ftruncate(descriptor, 0)
        else:
            descriptor = _stdout() if own == 1 else os.dup(own)
    except (OSError, ValueError) as error:
        raise output_error("open", name, error) from None
    return Sink(
        name, descriptor, interrupt, line_buffered=line_buffered, takes_records=takes_records, has_quotes=has_quotes
    )


def _stdout() -> int:
    if sys.__stdout__ is None:  # it was closed when Python started: descriptor 1 may be anything by now
        raise OSError(errno.EBADF, "it is closed")
    return os.dup(1)


def _open_file(path: str, interrupt: Interrupt) -> int:
    """Open without emptying; for a FIFO, wait until somebody reads it."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
    poll = select.poll()
    poll.register(interrupt.descriptor, select.POLLIN)
    while True:
        try:
            return os.open(path, flags, 0o666)
        except OSError as error:
            if error.errno != errno.ENXIO or not stat.S_ISFIFO(os.stat(path).st_mode):
                raise
        poll.poll(_FIFO_SECONDS * 1000)
        if interrupt.requested:
            raise OutputClosedError(f"nobody reads {path}")


def _open_channel(descriptor: int) -> tuple[int, _Channel]:
    """
    Return the descriptor to write to in place of *descriptor*, and how.

    O_NONBLOCK is never set on *descriptor* itself: other processes may share its file description (the shell, the
    programs before us in the pipe), and would be surprised. What can be opened anew gets a file description of our own.
    """
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISSOCK(mode):
        return descriptor, _socket_channel(descriptor)
    if not (stat.S_ISFIFO(mode) or os.isatty(descriptor)):
        return descriptor, _Channel(_writer(descriptor))
    try:
        # Fails where there is no /proc, where the pipe is another user's, and where its reader has gone already.
        opened = os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        # When poll says that a pipe can be written, _ATOMIC bytes do not block (pipe(7), poll(2)).
        return descriptor, _Channel(_writer(descriptor), lambda: _ATOMIC, blocks=True)
    os.close(descriptor)
    size = enlarge_pipe(opened) if stat.S_ISFIFO(mode) else None
    if size is None:
        return opened, _Channel(_writer(opened), lambda: _ATOMIC)
    pipe = _Pipe(opened, size)
    return opened, _Channel(pipe.put, pipe.room)


def _writer(descriptor: int) -> Callable[[memoryview], int]:
    return lambda view: os.write(descriptor, view)


class _Pipe:
    """
    A pipe that is written to without waiting.

    It holds pages. What is written takes pages of its own, the last of which may stay partly empty, and a page is free
    again when it has been read to its end. So it is known how much is taken whole, as long as nobody else writes to it;
    if somebody does, the rest of a record may have to be written later, like that of one that is too long.

    Pieces of `_ATOMIC` bytes alone cost twice the processor time of whole chunks when the reader is quick.
    """

    def __init__(self, descriptor: int, size: int) -> None:
        import mmap

        self._descriptor = descriptor
        self._page = mmap.PAGESIZE
        self._pages = size // self._page
        self._writes: deque[tuple[int, int]] = deque()  # bytes and pages of those that have not been read to their end
        self._written = 0  # bytes of those
        self._taken = 0  # pages of those
        if unread := self._count_unread():  # another's, in as many pages as there are, for all that is known
            self._note(unread, self._pages)

    def put(self, view: memoryview) -> int:
        count = os.write(self._descriptor, view)
        self._note(count, -(-count // self._page))
        return count

    def room(self) -> int:
        unread = self._count_unread()
        while self._writes and self._written - self._writes[0][0] >= unread:
            count, pages = self._writes.popleft()
            self._written -= count
            self._taken -= pages
        return max((self._pages - self._taken) * self._page, _ATOMIC)

    def _note(self, count: int, pages: int) -> None:
        self._writes.append((count, pages))
        self._written += count
        self._taken += pages

    def _count_unread(self) -> int:
        import termios

        return int.from_bytes(fcntl.ioctl(self._descriptor, termios.FIONREAD, bytes(4)), sys.byteorder)


def _socket_channel(descriptor: int) -> _Channel:
    import socket

    def put(view: memoryview) -> int:
        connection = socket.socket(fileno=descriptor)
        try:
            return connection.send(view, socket.MSG_DONTWAIT)
        finally:
            connection.detach()

    return _Channel(put, lambda: _SOCKET_PIECE)


def output_error(verb: str, name: str, error: OSError | ValueError) -> OutputError:
    """What to raise where *name* cannot be opened or written to."""
    if isinstance(error, OSError):
        return OutputError(f"cannot {verb} {name}: {reason_of(error)}", hint=_HINTS.get(error.errno or 0))
    return OutputError(f"cannot {verb} {name!r}: it is not a file name")  # a NUL character
