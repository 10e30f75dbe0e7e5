"""
Labour: what a worker process of a pool does; its parent's side is `pool`.

    main thread    takes orders: reads ranges and counts their lines; ends the process when no more orders can come
    work           matches chunks and ranges, in their order, from when the number of their first line is known
    write          writes results to the output when it is their turn, where the output is a file

The main thread waits for nothing but orders and the disk, so that what is sent is always taken.
"""

from __future__ import annotations

import os
import pickle
import signal
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field, replace
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING

from logmatch.chunk import Chunk
from logmatch.errors import InputError, LogmatchError
from logmatch.interrupt import Interrupt
from logmatch.pipeline.crew import unexpected
from logmatch.pipeline.messages import (
    HEAD,
    IN_FLIGHT,
    Counted,
    FirstLine,
    OutputFile,
    Report,
    SharedSlots,
    Slots,
    SourceFile,
    Turn,
    message,
)
from logmatch.plain_file import PlainFile, Range, RangeReader
from logmatch.report import Tally
from logmatch.sink import Records, Sink
from logmatch.worker import Result, Worker, WorkerSpec

if TYPE_CHECKING:
    import socket

SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""What asks a run to end."""


def worker_main(
    connection: socket.socket,
    worker: Worker | WorkerSpec,
    max_line: int,
    inherited: list[socket.socket],
    descriptors: list[int],
) -> None:
    """
    Work on the tasks that come by *connection* until it ends, which it also does when the parent is killed.

    Args:
        worker: who does the work; a process that was not forked makes it of the spec.
        inherited: the parent's ends of connections, of which a fork has made copies: while one is open, that connection
            does not end.
        descriptors: what else a fork has copied and must not stay open here.
    """
    _leave_to_parent(inherited, descriptors)
    desk = _Desk(max_line, _Outbox(connection))
    Thread(target=_work, args=(worker, desk), daemon=True).start()
    with suppress(EOFError, ConnectionResetError):
        while True:
            desk.obey(_receive_order(connection))


def _leave_to_parent(inherited: list[socket.socket], descriptors: list[int]) -> None:
    """
    Give up what only the parent may handle: signals, the output, the connections of others.

    SIGTERM is ignored too: `timeout`, a shell and systemd send it to all processes of a group at once, and what is in
    work is to be finished. The parent says when to end.
    """
    signal.set_wakeup_fd(-1)
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    for connection in inherited:
        connection.close()
    for descriptor in descriptors:
        os.close(descriptor)
    # A reader of the output sees its end when the parent ends, whatever happens to the workers.
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    if nothing != 1:
        os.close(nothing)


# --- orders

_Order = Chunk | Range | PlainFile | Sink | Slots | FirstLine | Turn


class _Desk:
    """
    Takes orders. A range is read and counted when it comes, into one of as many buffers as can be in flight; it becomes
    work when the number of its first line comes.

    `work` are chunks that belong together, in the order in which their tasks were dealt; or why they are not there.
    """

    def __init__(self, max_line: int, outbox: _Outbox) -> None:
        self.outbox = outbox
        self.slots: Slots | None = None
        self.work: SimpleQueue[list[Chunk] | InputError] = SimpleQueue()
        self._readers = [RangeReader(max_line) for _ in range(IN_FLIGHT)]
        self._ranges = 0  # so far
        self._file: PlainFile | None = None
        self._unnumbered: deque[list[Chunk] | InputError] = deque()

    def obey(self, order: _Order) -> None:
        """Do *order*."""
        match order:
            case Range():
                self._read(order)
            case FirstLine():
                self._number(order.number)
            case Turn():
                self.outbox.turns.put(order)
            case Chunk():
                self.work.put([order])
            case PlainFile():
                if self._file is not None:
                    self._file.close()
                self._file = order
            case Sink():
                self.outbox.write_to(order)
            case Slots():
                self.slots = order

    def _read(self, part: Range) -> None:
        assert self._file is not None
        reader = self._readers[self._ranges % IN_FLIGHT]
        self._ranges += 1
        count = 0
        try:
            chunks = reader.read(self._file, part)
        except InputError as error:
            self._unnumbered.append(error)
        else:
            self._unnumbered.append(chunks)
            count = sum(chunk.line_count for chunk in chunks)
        self.outbox.say(Counted(count))

    def _number(self, line: int) -> None:
        unnumbered = self._unnumbered.popleft()
        if isinstance(unnumbered, InputError):
            self.work.put(unnumbered)
            return
        chunks = []
        for chunk in unnumbered:
            chunks.append(replace(chunk, first_line=line))
            line += chunk.line_count
        self.work.put(chunks)


# --- work


def _work(worker: Worker | WorkerSpec, desk: _Desk) -> None:
    outbox = desk.outbox
    try:
        if isinstance(worker, WorkerSpec):
            worker = Worker(worker)
        slot = 0
        while True:
            chunks = desk.work.get()
            if isinstance(chunks, InputError):
                outbox.deliver(Report(None, "", failure=chunks))
            else:
                space = None if desk.slots is None else desk.slots.view(slot)
                outbox.deliver(_report(worker, chunks, slot, space))
            slot = (slot + 1) % IN_FLIGHT
    except LogmatchError as error:
        outbox.deliver(Report(None, "", failure=error))
    except Exception as error:  # noqa: BLE001 (a bug; in the parent it becomes a WorkerError)
        outbox.deliver(Report(None, "", failure=unexpected(error)))


def _report(worker: Worker, chunks: list[Chunk], slot: int, space: memoryview | None) -> Report:
    """Match *chunks*; their records are put into *space*, that of *slot*, if they fit in."""
    if len(chunks) == 1:
        result = worker.run(chunks[0], space)
    else:
        result = _joined([_kept(worker.run(chunk)) for chunk in chunks])
    report = Report(result.tally, worker.engine_name)
    output = result.output
    if space is not None and 0 < len(output) <= len(space):
        if not (isinstance(output, memoryview) and output.obj is space.obj):
            space[: len(output)] = output
        report.slot, report.size = slot, len(output)
        report.output = space[: len(output)]
    else:
        report.output = bytes(output)  # another thread takes it later, and must not find what the next run has written
    report.unmatched = bytes(result.unmatched)
    return report


def _kept(result: Result) -> Result:
    """*result*, when the next is going to be worked on before it is sent."""
    return Result(bytes(result.output), bytes(result.unmatched), result.tally)


def _joined(results: list[Result]) -> Result:
    """The results of several chunks of a range, or of none, as one."""
    tally = Tally()
    for result in results:
        tally.add(result.tally)
    return Result(
        b"".join(result.output for result in results), b"".join(result.unmatched for result in results), tally
    )


# --- write and send


@dataclass(slots=True)
class _Outbox:
    """
    What leaves this process: results in their order, and counts of lines as soon as they are known.

    Without sinks, results are sent: their records in the message, or in a slot. With sinks they are written here when
    their turn comes, and then sent without records. A thread of its own does either.
    """

    connection: socket.socket
    turns: SimpleQueue[Turn] = field(default_factory=SimpleQueue)
    _results: SimpleQueue[Report | Counted] = field(default_factory=SimpleQueue)
    _sinks: list[Sink] = field(default_factory=list)
    _sending: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        Thread(target=self._write, daemon=True).start()

    def write_to(self, sink: Sink) -> None:
        """One more sink, before the first task."""
        self._sinks.append(sink)

    def say(self, counted: Counted) -> None:
        """Send it, before results that wait for their turn; the caller does not wait."""
        if self._sinks:
            self._send(message(counted))  # all messages are so short that the connection takes them at once
        else:
            self._results.put(counted)  # sending records may have to wait for the parent

    def deliver(self, report: Report) -> None:
        """Write the records of *report*, if there are sinks, and send it."""
        self._results.put(report)

    def _write(self) -> None:
        while True:
            report = self._results.get()
            if isinstance(report, Counted):
                self._send(message(report))
                continue
            if self._sinks:
                report = self._written(report)
            output = report.output if report.slot is None else b""
            unmatched = report.unmatched
            report.output = report.unmatched = b""
            self._send(message(report, output, unmatched))

    def _written(self, report: Report) -> Report:
        if self.turns.get().counts:
            try:
                # Without a file of their own, records of unmatched lines stand in the output or do not exist.
                for sink, records in zip(self._sinks, (report.output, report.unmatched), strict=False):
                    sink.write(records)
            except LogmatchError as error:
                return Report(None, "", failure=error)
            except Exception as error:  # noqa: BLE001 (as in `_work`)
                return Report(None, "", failure=unexpected(error))
        return Report(report.tally, report.engine, failure=report.failure)

    def _send(self, parts: tuple[Records, ...]) -> None:
        with self._sending, suppress(BrokenPipeError, ConnectionResetError):  # the parent has gone: this process ends
            for part in parts:
                if part:
                    self.connection.sendall(part)


# --- receive


def _receive_order(connection: socket.socket) -> _Order:
    meta_size, data_size, _ = HEAD.unpack(_receive_exactly(connection, HEAD.size))
    meta = pickle.loads(_receive_exactly(connection, meta_size))
    if isinstance(meta, FirstLine | Range | Turn):
        return meta
    if isinstance(meta, SourceFile):
        return PlainFile(meta.name, _receive_descriptor(connection), meta.begin)
    if isinstance(meta, OutputFile):
        return Sink(meta.name, _receive_descriptor(connection), Interrupt())
    if isinstance(meta, SharedSlots):
        descriptor = _receive_descriptor(connection)
        try:
            return Slots(descriptor)
        finally:
            os.close(descriptor)
    file, first_line, line_count, offset, position, oversized = meta
    data = _receive_exactly(connection, data_size)
    return Chunk(file, first_line, line_count, offset, data, position, oversized)


def _receive_descriptor(connection: socket.socket) -> int:
    import socket

    data, descriptors, _, _ = socket.recv_fds(connection, 1, 1)
    if not data:
        raise EOFError
    return descriptors[0]


def _receive_exactly(connection: socket.socket, size: int) -> bytes:
    """*size* bytes, received in one call while other threads work."""
    import socket

    data = connection.recv(size, socket.MSG_WAITALL)
    while len(data) < size:
        more = connection.recv(size - len(data), socket.MSG_WAITALL)
        if not more:
            raise EOFError
        data += more
    return data
