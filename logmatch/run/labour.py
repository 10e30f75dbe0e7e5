"""
Labour: what a worker process of a pool does; its parent's side is `pool`.

    main thread    takes orders: reads ranges and counts their lines; ends the process when no more orders can come
    work           matches chunks, and ranges from when the number of their first line is known; takes part in relays
    send           sends to the parent

The main thread waits for nothing but orders and the disk, so that what is sent is always taken.
"""

from __future__ import annotations

import os
import pickle
import signal
from collections import deque
from contextlib import suppress
from dataclasses import replace
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

from logmatch.errors import InputError, LogmatchError
from logmatch.input.chunk import Chunk
from logmatch.input.ranges import PlainFile, Range, RangeReader
from logmatch.interrupt import Interrupt
from logmatch.output.sink import Records, Sink
from logmatch.run.crew import unexpected
from logmatch.run.messages import (
    HEAD,
    IN_FLIGHT,
    ChunkMeta,
    Counted,
    FirstLine,
    OutputFile,
    Report,
    SharedBoard,
    SharedSlots,
    Slots,
    SourceFile,
    message,
)
from logmatch.run.relay import Finished, Progress, Relay, open_board, take_part
from logmatch.run.tally import Tally
from logmatch.run.worker import Result, Worker, WorkerSpec

if TYPE_CHECKING:
    import socket

    from logmatch.run._board import Board

    _Order = Chunk | Range | PlainFile | Sink | Slots | Board | FirstLine | Relay | None

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
            desk.obey(_receive_order(connection, desk.slots))


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


class _Desk:
    """
    Takes orders. A range is read and counted when it comes, into one of as many buffers as can be in flight; it becomes
    work when the number of its first line comes.

    `work` are chunks that belong together, in the order in which their tasks were dealt, or why they are not there; and
    relays.
    """

    def __init__(self, max_line: int, outbox: _Outbox) -> None:
        self.outbox = outbox
        self.slots: Slots | None = None
        self.board: Board | None = None
        self.sinks: list[Sink] = []
        self.file: PlainFile | None = None
        self.readers = [RangeReader(max_line) for _ in range(IN_FLIGHT)]
        self.work: SimpleQueue[list[Chunk] | InputError | Relay] = SimpleQueue()
        self._ranges = 0  # so far
        self._waiting: deque[_Task] = deque()

    def obey(self, order: _Order) -> None:
        """Do *order*."""
        match order:
            case Range():
                self._read(order)
            case FirstLine():
                next(task for task in self._waiting if task.first_line is None).first_line = order.number
                self._pass_on()
            case Relay():
                self.work.put(order)
            case Chunk():
                self._waiting.append(_Task([order], order.first_line))
                self._pass_on()
            case PlainFile():
                if self.file is not None:
                    self.file.close()
                self.file = order
            case Sink():
                self.sinks.append(order)
            case Slots():
                self.slots = order
            case _:
                self.board = order

    def _read(self, part: Range) -> None:
        assert self.file is not None
        reader = self.readers[self._ranges % IN_FLIGHT]
        self._ranges += 1
        count = 0
        try:
            chunks = reader.read(self.file, part)
        except InputError as error:
            self._waiting.append(_Task(error, None))
        else:
            self._waiting.append(_Task(chunks, None))
            count = sum(chunk.line_count for chunk in chunks)
        self.outbox.say(Counted(count))

    def _pass_on(self) -> None:
        while self._waiting:
            task = self._waiting[0]
            if task.first_line is None:
                return
            self._waiting.popleft()
            self.work.put(task.numbered())


class _Task:
    """
    A chunk or a range that was dealt to this worker.

    Of a range, the first line has the number 1 in `chunks`; or they are why it could not be read.
    """

    def __init__(self, chunks: list[Chunk] | InputError, first_line: int | None) -> None:
        self.chunks = chunks
        self.first_line = first_line

    def numbered(self) -> list[Chunk] | InputError:
        """The chunks with the right numbers."""
        if isinstance(self.chunks, InputError):
            return self.chunks
        line = self.first_line
        assert line is not None
        chunks = []
        for chunk in self.chunks:
            chunks.append(replace(chunk, first_line=line))
            line += chunk.line_count
        return chunks


# --- work


def _work(worker: Worker | WorkerSpec, desk: _Desk) -> None:
    outbox = desk.outbox
    try:
        if isinstance(worker, WorkerSpec):
            worker = Worker(worker)
        slot = 0
        while True:
            task = desk.work.get()
            if isinstance(task, Relay):
                assert desk.file is not None
                assert desk.board is not None
                outbox.say(take_part(task, desk.file, desk.board, worker, desk.readers[0], desk.sinks, outbox.say))
                continue
            if isinstance(task, InputError):
                outbox.deliver(Report(None, "", failure=task))
            else:
                space = None if desk.slots is None else desk.slots.records(slot)
                outbox.deliver(_report(worker, task, slot, space))
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


# --- send


class _Outbox:
    """What leaves this process. A thread of its own sends it, since that may have to wait for the parent."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._messages: SimpleQueue[tuple[Records, ...]] = SimpleQueue()
        Thread(target=self._send, daemon=True).start()

    def say(self, said: Counted | Progress | Finished) -> None:
        """Send it."""
        self._messages.put(message(said))

    def deliver(self, report: Report) -> None:
        """Send *report*: its records in the message, or in a slot."""
        output = report.output if report.slot is None else b""
        unmatched = report.unmatched
        report.output = report.unmatched = b""
        self._messages.put(message(report, output, unmatched))

    def _send(self) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):  # the parent has gone; the main thread sees it too
            while True:
                for part in self._messages.get():
                    self._connection.sendall(part)


# --- receive


def _receive_order(connection: socket.socket, slots: Slots | None) -> _Order:
    meta_size, data_size, _ = HEAD.unpack(_receive_exactly(connection, HEAD.size))
    meta = pickle.loads(_receive_exactly(connection, meta_size))
    if isinstance(meta, FirstLine | Range | Relay):
        return meta
    if isinstance(meta, SourceFile):
        return PlainFile(meta.name, _receive_descriptor(connection), meta.begin)
    if isinstance(meta, OutputFile):
        return Sink(meta.name, _receive_descriptor(connection), Interrupt())
    if isinstance(meta, SharedSlots | SharedBoard):
        descriptor = _receive_descriptor(connection)
        try:
            return Slots(descriptor) if isinstance(meta, SharedSlots) else open_board(descriptor)
        finally:
            os.close(descriptor)
    assert isinstance(meta, ChunkMeta)
    data: bytes | memoryview = _receive_exactly(connection, data_size)
    if meta.slot is not None:
        assert slots is not None
        data = slots.lines(meta.slot)[: meta.size]
    return Chunk(meta.file, meta.first_line, meta.line_count, meta.offset, data, meta.position, meta.oversized)


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
