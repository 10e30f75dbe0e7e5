"""
Pool: a crew of processes: the parent's side; `labour` is theirs.

Each worker has one connection (a socket pair): tasks go out on it, results come back. What a worker needs to know of
the ranges before its own is how many lines they have. So it reads a range and counts its lines as soon as it is dealt,
before it works on the one before; the pool adds the counts up and says the number of the first line.

Where every output is a file, workers write their records themselves, in turn: with the descriptor goes its place in
the file, so that all that one has to know is that those before it are done, and that is when the pool gives it the
*turn*. What is written beyond the last result that was collected, by a worker that has died or was ended, is cut off.
Otherwise records come in memory that both share (`messages.Slots`), from where the run writes them. Neither lines nor
records pass through a pipe between processes, but for chunks, and for records that are too many for a slot.

Why no deadlock is possible: a worker process always takes what it is sent and never waits to have a result collected
before it works on. So the parent's sending always ends, and so does its waiting for the oldest result: the worker which
has that task needs nothing more to finish it than the number of its first line and the turn, and it has both when all
results before it have been collected.
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
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from logmatch.chunk import Chunk
from logmatch.errors import InputError, LogmatchError, WorkerError
from logmatch.pipeline.crew import BUG_HINT, Done, Task, failure
from logmatch.pipeline.labour import SIGNALS, worker_main
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
    shared_memory,
)
from logmatch.pipeline.watch import Watch
from logmatch.plain_file import PlainFile, Range
from logmatch.report import Tally
from logmatch.sink import Records, Sink
from logmatch.worker import Worker, WorkerSpec

if TYPE_CHECKING:
    import socket
    from multiprocessing.process import BaseProcess

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
        self._last: Task | None = None  # the one that was dealt last
        self._sinks: list[Sink] = []  # what the workers write to themselves
        self._has_turn = False  # whether the oldest task in flight has it
        self._unreadable: int | None = None  # of which file the ranges that follow are dropped

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
        """See `Crew.write_to`: if all are files, the workers write."""
        if not all(sink.can_be_shared for sink in sinks):
            return
        for member in self._members:
            for sink in sinks:
                with suppress(BrokenPipeError, ConnectionResetError):
                    member.send_descriptor(OutputFile(sink.name), sink.descriptor, self._watch)
        self._sinks = list(sinks)
        self._mark()

    def is_full(self) -> bool:
        return len(self._in_flight) == IN_FLIGHT * len(self._members)

    def is_idle(self) -> bool:
        return not self._in_flight

    def deal(self, chunk: Chunk, task: Task) -> None:
        meta = (chunk.file, chunk.first_line, chunk.line_count, chunk.offset, chunk.position, chunk.oversized)
        self._send(self._put_in_flight(task), meta, chunk.data)
        self._give_turn()

    def deal_range(self, file: PlainFile, part: Range, task: Task) -> None:
        before = self._last
        if task.first_line is None and before is not None:
            task.first_line = before.next_line
        member = self._put_in_flight(task)
        if member.file is not file:
            member.file = file
            with suppress(BrokenPipeError, ConnectionResetError):
                member.send_descriptor(SourceFile(file.name, file.begin), file.descriptor, self._watch)
        self._send(member, part)
        if task.first_line is not None:
            self._send(member, FirstLine(task.first_line))
        self._give_turn()

    def collect(self) -> Done:
        task, member = self._in_flight[0]
        while not member.results:
            # The oldest needs the counts of none but those that have been collected. Yet counts of others come too, and
            # the sooner the numbers go out the better.
            waiting = {each.connection.fileno(): each for each in self._members if each.is_coming}
            for descriptor in self._watch.wait(dict.fromkeys(waiting, select.POLLIN)):
                self._take_from(waiting[descriptor])
        self._in_flight.popleft()
        self._has_turn = False
        report = member.results.popleft()
        if isinstance(report, _Dead):
            raise self._death(task, member)
        self._mark()
        match report.failure:
            case InputError():
                self._unreadable = task.file_index
                done = Done(task, b"", b"", Tally(), "", report.failure)
            case LogmatchError():
                raise report.failure
            case str():
                raise failure(report.failure, BUG_HINT, task)
            case _:
                assert report.tally is not None
                is_written = bool(self._sinks)
                done = Done(task, report.output, report.unmatched, report.tally, report.engine, is_written=is_written)
        self._give_turn()
        return done

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
        self._last = task
        member.dealt.append(task)
        return member

    def _give_turn(self) -> None:
        """The oldest task in flight may be written, if it is the workers who write."""
        if self._sinks and self._in_flight and not self._has_turn:
            task, member = self._in_flight[0]
            self._has_turn = True
            self._send(member, Turn(counts=task.part is None or task.file_index != self._unreadable))

    def _mark(self) -> None:
        """What is in the files now is to stay: results that have been collected, or a part of one that failed."""
        for sink in self._sinks:
            sink.mark()

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
        # The counts of a member's ranges come in their order.
        task = next(task for task in member.dealt if task.line_count is None)
        task.line_count = said.lines
        self._number_ranges()

    def _number_ranges(self) -> None:
        """Tell the workers the numbers that are known by now."""
        before: Task | None = None
        for task, member in self._in_flight:
            if task.first_line is None and before is not None and before.next_line is not None:
                task.first_line = before.next_line
                self._send(member, FirstLine(task.first_line))
            before = task

    def _start(self) -> None:
        import multiprocessing
        import multiprocessing.resource_tracker
        import socket

        context: Any = multiprocessing.get_context(self._start_method)
        forks = context.get_start_method() == "fork"
        # What is made before a fork is made once, and what it is made of is imported once.
        worker = Worker(self._spec) if forks else self._spec
        if not forks:
            multiprocessing.resource_tracker.ensure_running()  # now: it would unblock the signals
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
            member.process.join(max(0.0, deadline - time.monotonic()))
            if member.process.is_alive():
                member.process.kill()
                member.process.join()
            member.process.close()
        self._members.clear()
        for sink in self._sinks:
            sink.cut_back_to_mark()
        self._sinks.clear()

    def _death(self, task: Task, member: Member) -> WorkerError:
        """The error for *task*, the oldest that the dead worker had: it may have died of the next, with this unsent."""
        member.process.join(_SECONDS_TO_EXIT)
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


class Member:
    """
    A process of the pool, and this process's end of the connection to it, which does not block.

    `dealt` are its tasks whose results have not come, `results` what has come and not been collected; both oldest
    first.
    """

    def __init__(self, process: BaseProcess, connection: socket.socket) -> None:
        self.process = process
        self.connection = connection
        self.dealt: deque[Task] = deque()
        self.results: deque[Report | _Dead] = deque()
        self.file: PlainFile | None = None
        """The one whose ranges it gets; it has a descriptor of it."""
        self._slots: Slots | None = None

    @property
    def is_coming(self) -> bool:
        """Whether something is still to come from it."""
        return bool(self.dealt)

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

    def receive(self, watch: Watch) -> Counted | Report:
        """The next message; `EOFError` when the process has died."""
        meta_size, *sizes = HEAD.unpack(self._receive(HEAD.size, watch))
        meta: Counted | Report = pickle.loads(self._receive(meta_size, watch))
        output, unmatched = (self._receive(size, watch) for size in sizes)
        if isinstance(meta, Report):
            meta.output, meta.unmatched = output, unmatched
            if meta.slot is not None:
                assert self._slots is not None
                meta.output = self._slots.view(meta.slot)[: meta.size]
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


@dataclass(frozen=True, slots=True)
class _Dead:
    """In place of a report: its worker has died."""
