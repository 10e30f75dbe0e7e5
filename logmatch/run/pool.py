"""
Pool: a crew of processes: the parent's side; `labour` is theirs.

Each worker has one connection (a socket pair): tasks go out on it, results come back. What a worker needs to know of
the ranges before its own is how many lines they have. So it reads a range and counts its lines as soon as it is dealt,
before it works on the one before; the pool adds the counts up and says the number of the first line.

Records come in memory that both share (`messages.Slots`), from where the run writes them. Neither lines nor records
pass through a pipe between processes, but for chunks, and for records that are too many for a slot. Where a large plain
file is read and every output is a file, there are no tasks at all: see `relay`.

Why no deadlock is possible: a worker process always takes what it is sent and never waits to have a result collected
before it works on. So the parent's sending always ends, and so does its waiting for the oldest result: the worker which
has that task needs nothing more to finish it than the number of its first line, and that is known when all results
before it have been collected.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any

from logmatch.errors import InputError, LogmatchError, OutputError, WorkerError
from logmatch.input.chunk import Chunk
from logmatch.input.ranges import PlainFile, Range
from logmatch.interrupt import milliseconds_until
from logmatch.output.sink import Records, Sink
from logmatch.run.crew import BUG_HINT, Done, Relayed, Task, Tell, failure
from logmatch.run.labour import SIGNALS, worker_main
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
    shared_memory,
)
from logmatch.run.relay import (
    BARRIER,
    BOARD_SIZE,
    ENDS,
    LEAST_RANGES,
    LINES,
    MATCHED,
    NEXT,
    RELAY_SIZE,
    REST_SIZE,
    TAKEN,
    WRITTEN,
    Finished,
    Progress,
    Relay,
    open_board,
    set_up,
)
from logmatch.run.tally import Tally
from logmatch.run.wait import Watch
from logmatch.run.worker import Worker, WorkerSpec

if TYPE_CHECKING:
    import socket
    from multiprocessing.process import BaseProcess

    from logmatch.run._board import Board

_SECONDS_TO_EXIT = 5.0  # for a worker that has been told to, until it is killed
_KILLED_HINT = "the system may have run out of memory: use fewer --workers or a smaller --chunk-size"


class Pool:
    """A crew of processes; see `crew.Crew` and the module."""

    def __init__(self, spec: WorkerSpec, max_line: int, workers: int, start_method: str | None, watch: Watch) -> None:
        self._spec = spec
        self._max_line = max_line
        self._workers = workers
        self._start_method = start_method
        self._watch = watch
        self._members: list[Member] = []
        self._turn = 0  # index of the member that gets the next task
        self._in_flight: deque[tuple[Task, Member]] = deque()  # oldest first; a member at most IN_FLIGHT times
        self._next_line: int | None = None  # of the task behind those that were collected, if it is of the same file
        self._sinks: list[Sink] = []  # what the workers write to in a relay
        self._board: Board | None = None
        self._records_left = 0  # of the last relay, when all has ended
        self._mends = False  # whether what is in the files may go beyond what is on the board

    def __enter__(self) -> Pool:
        try:
            self._start()
        except OSError as error:
            self._end(graceful=False)
            hint = (
                f"use fewer --workers than {self._workers}, or raise the limits on processes and files (ulimit -u, -n)"
            )
            raise WorkerError(
                f"cannot start a worker process: {(error.strerror or str(error)).lower()}", hint=hint
            ) from None
        except BaseException:
            self._end(graceful=False)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end(graceful=error is None and self.is_idle())

    def write_to(self, sinks: Sequence[Sink]) -> None:
        """See `Crew.write_to`: if all are files, the workers may write."""
        if not all(sink.can_be_shared for sink in sinks):
            return
        descriptor = shared_memory(BOARD_SIZE)
        if descriptor is None:
            return
        try:
            self._board = open_board(descriptor)
            if self._board is None:
                return
            self._sinks = list(sinks)
            for member in self._members:
                with suppress(BrokenPipeError, ConnectionResetError):
                    member.send_descriptor(SharedBoard(), descriptor, self._watch)
                    for sink in sinks:
                        member.send_descriptor(OutputFile(sink.name), sink.descriptor, self._watch)
        finally:
            os.close(descriptor)

    def is_full(self) -> bool:
        return len(self._in_flight) == IN_FLIGHT * len(self._members)

    def is_idle(self) -> bool:
        return not self._in_flight

    def deal(self, chunk: Chunk, task: Task) -> None:
        member = self._put_in_flight(task)
        slot = member.put(chunk.data)
        meta = ChunkMeta(
            chunk.file, chunk.first_line, chunk.line_count, chunk.offset, chunk.position, chunk.oversized,
            slot, len(chunk.data),
        )  # fmt: skip
        self._send(member, meta, chunk.data if slot is None else b"")

    def deal_range(self, file: PlainFile, part: Range, task: Task) -> None:
        member = self._put_in_flight(task)
        self._send_file(member, file)
        self._send(member, part)
        self._number_ranges()

    def collect(self) -> Done:
        task, member = self._in_flight[0]
        while not member.results:
            # The oldest needs the counts of none but those that have been collected. Yet counts of others come too, and
            # the sooner the numbers go out the better.
            waiting = {each.connection.fileno(): each for each in self._members if each.is_coming}
            for descriptor in self._watch.wait(dict.fromkeys(waiting, select.POLLIN)):
                self._take_from(waiting[descriptor])
        self._in_flight.popleft()
        self._next_line = task.next_line
        report = member.results.popleft()
        if isinstance(report, _Dead):
            raise self._death(task, member)
        if isinstance(report.failure, InputError):
            return Done(task, b"", b"", Tally(), "", report.failure)
        _raise(report.failure, task)
        assert report.tally is not None
        return Done(task, report.output, report.unmatched, report.tally, report.engine)

    def can_relay(self, file: PlainFile, size: int) -> bool:
        whole = (file.length() - file.begin) // min(size, RELAY_SIZE)
        return self._board is not None and whole >= LEAST_RANGES * len(self._members)

    def relay(self, file: PlainFile, size: int, task: Task, tell: Tell) -> Relayed:
        board = self._board
        assert board is not None
        size = min(size, RELAY_SIZE)
        last = file.length() - min(size, REST_SIZE)
        count = -(-(last - file.begin) // size)
        set_up(board, count, [sink.position for sink in self._sinks])
        self._mends = True
        for place, member in enumerate(self._members):
            self._send_file(member, file)
            self._send(member, Relay(place, file.begin, size, last))
        relayed = self._finish_relay(board, task, size, last, tell)
        self._mends = False
        return relayed

    def _finish_relay(self, board: Board, task: Task, size: int, last: int, tell: Tell) -> Relayed:
        start = task.position
        at_work = dict(enumerate(self._members))
        failed: Finished | None = None
        dead: Member | None = None
        engine = ""
        while at_work:
            places = {member.connection.fileno(): place for place, member in at_work.items()}
            ready = self._watch.wait(dict.fromkeys(places, select.POLLIN), patient=board[BARRIER] <= board[NEXT])
            if not ready:  # interrupted: what has been taken is done
                board[BARRIER] = min(board[BARRIER], board[NEXT])
            for place in map(places.__getitem__, ready):
                member = at_work[place]
                try:
                    said = member.receive(self._watch)
                except EOFError:
                    del at_work[place]
                    board[BARRIER] = min(board[BARRIER], board[TAKEN + place])
                    dead = dead or member
                    continue
                if isinstance(said, Report):  # it could not begin
                    said = Finished(Tally(), "", said.failure)
                assert isinstance(said, Progress | Finished)
                tell(said.tally, min(start + size * board[WRITTEN], last))
                if isinstance(said, Finished):
                    del at_work[place]
                    engine = said.engine
                    if said.failure is not None:
                        board[BARRIER] = min(board[BARRIER], said.number)
                        if failed is None or said.number < failed.number:
                            failed = said
        end = min(start + size * board[WRITTEN], last)
        next_line = 1 + board[LINES]
        failed_task = Task(task.file, task.file_index, end, next_line, None, Range(end, end + size, is_last=False))
        if failed is not None and (dead is None or failed.number == board[WRITTEN]):
            if isinstance(failed.failure, InputError):
                return Relayed(end, next_line, engine, failed.failure)
            self._mends = not isinstance(failed.failure, OutputError)  # the worker's sink has seen to that
            failed_task.line_count = failed.line_count
            _raise(failed.failure, failed_task)
        if dead is not None:
            raise self._death(failed_task, dead)
        return Relayed(end, next_line, engine)

    def abandon_relay(self) -> int:
        self._end(graceful=False)
        return self._records_left

    def descriptors(self) -> list[int]:
        return [member.connection.fileno() for member in self._members if member.is_coming]

    def take(self, descriptor: int) -> bool:
        for member in self._members:
            if member.connection.fileno() == descriptor:
                self._take_from(member)
        return bool(self._in_flight) and bool(self._in_flight[0][1].results)

    def _put_in_flight(self, task: Task) -> Member:
        """Return the member that gets *task*."""
        member = self._members[self._turn]
        self._turn = (self._turn + 1) % len(self._members)
        self._in_flight.append((task, member))
        member.dealt.append(task)
        member.tasks += 1
        return member

    def _send_file(self, member: Member, file: PlainFile) -> None:
        if member.file is not file:
            member.file = file
            with suppress(BrokenPipeError, ConnectionResetError):
                member.send_descriptor(SourceFile(file.name, file.begin), file.descriptor, self._watch)

    def _send(self, member: Member, meta: object, data: Records = b"") -> None:
        # That a worker has died is told when its turn comes to give a result: what others did before is written first.
        with suppress(BrokenPipeError, ConnectionResetError):
            member.send(message(meta, data), self._watch)

    def _take_from(self, member: Member) -> None:
        """Take a message of *member*: the count of a range's lines, or a result."""
        try:
            said = member.receive(self._watch)
        except EOFError:
            member.results.extend(_Dead() for _ in member.dealt)
            member.dealt.clear()
            return
        if isinstance(said, Report):
            member.dealt.popleft()
            member.results.append(said)
            return
        assert isinstance(said, Counted)
        # The counts of a member's ranges come in their order. One that could not begin has failed before it counted.
        task = next((task for task in member.dealt if task.line_count is None), None)
        if task is not None:
            task.line_count = said.lines
            self._number_ranges()

    def _number_ranges(self) -> None:
        """Tell the workers the numbers that are known by now, in the order of the tasks."""
        next_line = self._next_line
        for task, member in self._in_flight:
            if task.first_line is None:
                task.first_line = next_line
            if task.first_line is None:
                return
            if task.part is not None and not task.is_numbered:
                task.is_numbered = True
                self._send(member, FirstLine(task.first_line))
            next_line = task.next_line

    def _start(self) -> None:
        import multiprocessing
        import socket

        context: Any = multiprocessing.get_context(self._start_method)
        forks = context.get_start_method() == "fork"
        # What is made before a fork is made once, and what it is made of is imported once.
        worker = Worker(self._spec) if forks else self._spec
        if not forks:
            from multiprocessing import resource_tracker

            resource_tracker.ensure_running()  # now: it would unblock the signals
        # Blocked until the new process says what they mean to it: it would treat them as this process does.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            for _ in range(self._workers):
                ours, theirs = socket.socketpair()
                ours.setblocking(False)
                inherited = [ours, *(member.connection for member in self._members)] if forks else []
                descriptors = self._watch.descriptors if forks else []
                arguments = (theirs, worker, self._max_line, inherited, descriptors)
                process = context.Process(target=worker_main, args=arguments, daemon=True)
                try:
                    process.start()
                except BaseException:
                    ours.close()
                    raise
                finally:
                    theirs.close()
                member = Member(process, ours)
                self._members.append(member)
                member.share_slots(self._watch)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def _end(self, *, graceful: bool) -> None:
        """End all processes; a worker that has nothing in work ends by itself when its connection ends. Idempotent."""
        for member in self._members:
            member.close()
            if not graceful:
                member.process.kill()
        deadline = time.monotonic() + _SECONDS_TO_EXIT
        for member in self._members:
            if not member.has_ended_by(deadline):
                member.process.kill()
            member.process.join()
            member.process.close()
        self._members.clear()
        if self._mends:
            assert self._board is not None
            self._mends = False
            for place, sink in enumerate(self._sinks, ENDS):
                sink.cut_back_to(self._board[place])
        if self._board is not None:
            self._records_left = self._board[MATCHED if self._spec.unmatched_dropped else LINES]
            self._board.close()
            self._board = None

    def _death(self, task: Task, member: Member) -> WorkerError:
        """The error for *task*, the oldest that the dead worker had: it may have died of the next, with this unsent."""
        status = None
        if member.has_ended_by(time.monotonic() + _SECONDS_TO_EXIT):
            member.process.join()
            status = member.process.exitcode
        if status is None:
            return failure("a worker process has closed its connection", BUG_HINT, task)
        if status >= 0:
            return failure(f"a worker process ended with status {status}", BUG_HINT, task)
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        hint = _KILLED_HINT if status == -signal.SIGKILL else BUG_HINT
        return failure(f"a worker process was killed by {name}", hint, task)


def _raise(problem: LogmatchError | str | None, task: Task) -> None:
    """Raise what a worker has reported of *task*, if anything."""
    if isinstance(problem, LogmatchError):
        raise problem
    if problem is not None:
        raise failure(problem, BUG_HINT, task)


class Member:
    """
    A process of the pool, and this process's end of the connection to it, which does not block.

    `dealt` are its tasks whose results have not come, `results` what has come and not been collected; both oldest
    first.
    """

    def __init__(self, process: BaseProcess, connection: socket.socket) -> None:
        self.process = process
        self.connection = connection
        self.tasks = 0  # dealt so far
        self.dealt: deque[Task] = deque()
        self.results: deque[Report | _Dead] = deque()
        self.file: PlainFile | None = None
        """The one whose ranges it gets; it has a descriptor of it."""
        self._slots: Slots | None = None

    @property
    def is_coming(self) -> bool:
        """Whether something is still to come from it."""
        return bool(self.dealt)

    def has_ended_by(self, deadline: float) -> bool:
        """Wait until the process ends, or until *deadline*; `join` with a timeout would import much for that."""
        poll = select.poll()
        poll.register(self.process.sentinel, select.POLLIN)
        return bool(poll.poll(milliseconds_until(deadline)))

    def share_slots(self, watch: Watch) -> None:
        """Give it memory for its results, where the system has such memory."""
        descriptor = shared_memory()
        if descriptor is None:
            return
        try:
            self._slots = Slots(descriptor)
            with suppress(BrokenPipeError, ConnectionResetError):
                self.send_descriptor(SharedSlots(), descriptor, watch)
        finally:
            os.close(descriptor)

    def put(self, lines: Records) -> int | None:
        """Copy *lines*, of the last task dealt, to where the worker finds them; return the slot, None without one."""
        slot = (self.tasks - 1) % IN_FLIGHT
        if self._slots is None or len(lines) > len(self._slots.lines(slot)):
            return None
        self._slots.lines(slot)[: len(lines)] = lines
        return slot

    def close(self) -> None:
        """End the connection, and give back the memory."""
        self.connection.close()
        self.results.clear()
        if self._slots is not None:
            self._slots.close()

    def send(self, parts: tuple[Records, ...], watch: Watch) -> None:
        for part in parts:
            view = memoryview(part)
            while view:
                try:
                    view = view[self.connection.send(view) :]
                except BlockingIOError:
                    watch.wait({self.connection.fileno(): select.POLLOUT})

    def send_descriptor(self, meta: object, descriptor: int, watch: Watch) -> None:
        """Send *meta*, and behind it a byte that carries *descriptor*."""
        import socket

        self.send(message(meta), watch)
        while True:
            try:
                socket.send_fds(self.connection, [b"\0"], [descriptor])
                return
            except BlockingIOError:
                watch.wait({self.connection.fileno(): select.POLLOUT})

    def receive(self, watch: Watch) -> Counted | Report | Progress | Finished:
        """The next message; `EOFError` when the process has died."""
        meta_size, *sizes = HEAD.unpack(self._receive(HEAD.size, watch))
        meta: Counted | Report | Progress | Finished = pickle.loads(self._receive(meta_size, watch))
        output, unmatched = (self._receive(size, watch) for size in sizes)
        if isinstance(meta, Report):
            meta.output, meta.unmatched = output, unmatched
            if meta.slot is not None:
                assert self._slots is not None
                meta.output = self._slots.records(meta.slot)[: meta.size]
        return meta

    def _receive(self, size: int, watch: Watch) -> bytearray:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            try:
                count = self.connection.recv_into(view)
            except BlockingIOError:
                watch.wait({self.connection.fileno(): select.POLLIN})
                continue
            except ConnectionResetError:
                count = 0
            if not count:
                raise EOFError
            view = view[count:]
        return data


class _Dead:
    """In place of a report: its worker has died."""
