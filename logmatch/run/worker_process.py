"""
Worker process: what a process of the pool does; `processes` is its parent's side.

It takes a task, works on it, sends the parts one after the other, and takes the next. It ends when its connection does,
which is also when its parent is killed.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from logmatch.entries.entries import Entries
from logmatch.errors import LogmatchError
from logmatch.input.framing import Chunk
from logmatch.interrupt import WorkStopped
from logmatch.run.ipc import Channel, Message
from logmatch.run.tally import Tally
from logmatch.run.task import Fault, fault_of
from logmatch.run.worker import Spaces, Worker, WorkerSpec

if TYPE_CHECKING:
    import socket

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
"""What asks a run to end. Here they are ignored: the parent says when to end."""

_PR_SET_PDEATHSIG = 1  # prctl(2)

_SECONDS_BETWEEN_LOOKS = 0.02  # whether the parent has said something; a system call


class ChunkMeta(NamedTuple):
    """A chunk, but for its data; see `framing.Chunk`."""

    file: str
    first_line: int
    line_count: int
    offset: int
    position: int
    oversized: int | None
    replaced: int
    modified: int | None
    size: int
    """Bytes of the data, in the message's row; none where there are entries, which have it."""
    entries: Entries | None = None
    input_size: int = 0


class ReportedPart(NamedTuple):
    """A `worker.Part`, but for its records."""

    tally: Tally
    chunks_done: int
    lines_done: int


class Limit(NamedTuple):
    """What the parent says after an interrupt, while a task is worked on or after that."""

    seconds: float
    """What takes longer is of no use any more."""


class Finished(NamedTuple):
    """A task has been done, or not."""

    fault: LogmatchError | Fault | None = None
    is_stopped: bool = False
    """Whether the rest was left since it would have come too late."""


def describe(chunk: Chunk) -> ChunkMeta:
    """*chunk* without its data."""
    return ChunkMeta(
        chunk.file, chunk.first_line, chunk.line_count, chunk.offset, chunk.position, chunk.oversized, chunk.replaced,
        chunk.modified, 0 if chunk.entries is not None else len(chunk.data), chunk.entries, chunk.size,
    )  # fmt: skip


def worker_main(connection: socket.socket, worker: Worker | WorkerSpec, inherited: list[int]) -> None:
    """
    Work on the tasks that come by *connection* until it ends.

    Args:
        worker: who does the work; a process that was not forked makes it of the spec.
        inherited: descriptors that a fork has copied and that must not stay open here: while another process holds the
            parent's end of a connection, that connection does not end.
    """
    _leave_to_parent(inherited)
    channel = Channel(connection)
    clock = _Clock(channel)
    with suppress(EOFError):
        while True:
            message = channel.receive()
            if isinstance(message.value, Limit):
                clock.set(message.value)
                continue
            try:
                if isinstance(worker, WorkerSpec):
                    worker = Worker(worker)
                finished = _work(channel, worker, _chunks(message), clock.is_over)
            except EOFError:
                return
            except LogmatchError as error:
                finished = Finished(error)
            except Exception as error:  # noqa: BLE001 (a bug; in the parent it becomes a WorkerError)
                finished = Finished(fault_of(error))
            channel.send(finished)


def _work(channel: Channel, worker: Worker, chunks: list[Chunk], should_stop: Callable[[], bool]) -> Finished:
    spaces = Spaces()
    try:
        for part in worker.parts(chunks, spaces, should_stop):
            channel.send(ReportedPart(part.tally, part.chunks_done, part.lines_done), (part.output,), part.unmatched)
            spaces.give_back(part.space)
    except WorkStopped:
        return Finished(is_stopped=True)
    return Finished()


class _Clock:
    """Knows whether the parent wants no more; it looks whether it has said so."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._end = math.inf
        self._next_look = 0.0

    def set(self, limit: Limit) -> None:
        """The parent has said so."""
        self._end = time.monotonic() + limit.seconds

    def is_over(self) -> bool:
        """
        Whether work is to stop.

        Raises:
            EOFError: the parent has gone.
        """
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _SECONDS_BETWEEN_LOOKS
            if self._channel.has_incoming:
                limit = self._channel.receive().value
                assert isinstance(limit, Limit)  # nothing else is said during a task
                self.set(limit)
        return now >= self._end


def _chunks(message: Message) -> list[Chunk]:
    chunks = []
    start = 0
    data = memoryview(message.first)
    for meta in message.value:
        assert isinstance(meta, ChunkMeta)
        lines = data[start : start + meta.size]
        start += meta.size
        chunks.append(
            Chunk(
                meta.file, meta.first_line, meta.line_count, meta.offset, lines, meta.position, meta.oversized,
                meta.replaced, meta.entries, meta.input_size, meta.modified,
            )
        )  # fmt: skip
    return chunks


def _leave_to_parent(inherited: list[int]) -> None:
    """
    Give up what only the parent may handle: signals, the output, the connections of others.

    SIGTERM and the like are ignored too: `timeout`, a shell and systemd send them to all processes of a group at once,
    and what is in work is to be finished.
    """
    signal.set_wakeup_fd(-1)
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    _end_with_parent()
    for descriptor in inherited:
        os.close(descriptor)
    # A reader of the output sees its end when the parent ends, whatever happens to the workers.
    with suppress(OSError):  # no /dev/null
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        if nothing != 1:
            os.close(nothing)


def _end_with_parent() -> None:
    """Have this process killed when its parent dies, also while it is stopped: then it sees no end of a connection."""
    if sys.platform == "linux":
        import ctypes

        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
