"""
Pipeline: runs a job: inputs -> tasks -> workers -> sinks. The only module that knows about processes and signals.

A task is a range of a plain file, which a worker reads itself, or a chunk, which this process has read from anything
else. The order of the output is by construction: tasks are dealt to the workers in turn, and their results are
collected in the same turn; what is in flight stands in a queue, of which only the oldest is ever written next. At most
two tasks a worker are in flight, so memory is bounded whatever the size of the input and however slow the reader of the
output. One worker is this process itself, and takes the same way.

    _Run            deals, collects, writes; single-threaded
    _Watch          the one place where this process waits
    _OneWorker      a crew without processes
    _Pool           a crew of processes: the parent's side
    _worker_main    a process of the pool: the child's side (`_Labour`)

What a worker needs to know of the ranges before its own is how many lines they have. So it reads a range and counts its
lines as soon as it is dealt, before it works on the one before; this process adds the counts up and says the number of
the first line. Records come in memory that both share (`_Slots`), from where they are written: neither lines nor
records pass through a pipe between processes, but for chunks, and for records that are too many for a slot.

While input is waited for, results are collected and written; while a result, a worker or the reader of the output is
waited for, no more input is taken. An interrupt is a flag and a descriptor that all waiting watches; nothing is raised
in the middle of something else.

Why no deadlock is possible: a worker process always takes what it is sent (its main thread does nothing else) and never
waits to have a result collected before it works on (another of its threads sends them). So the parent's sending always
ends, and so does its waiting for the oldest result: the worker which has that task needs nothing more to finish it than
the number of its first line, and that is known when all results before it have been collected.
"""

from __future__ import annotations

import mmap
import os
import pickle
import select
import signal
import struct
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from logmatch.chunk import STDIN, Chunk, Input, read_chunks
from logmatch.errors import InputError, LogmatchError, OutputClosedError, Place, WorkerError
from logmatch.interrupt import Interrupt, milliseconds_until
from logmatch.job import Job, Unmatched, UnmatchedFile
from logmatch.plain_file import PlainFile, Range, RangeReader, open_plain
from logmatch.report import Tally
from logmatch.sink import Records, Sink, open_sinks
from logmatch.worker import Result, Worker, WorkerSpec

if TYPE_CHECKING:
    import socket
    from multiprocessing.process import BaseProcess
    from queue import SimpleQueue

_IN_FLIGHT = 2  # tasks a worker: one in work, one that it can begin with at once
_SECONDS_TO_EXIT = 5.0  # for a worker that has been told to, until it is killed

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Observer(Protocol):
    """Is told how a run goes, in the process and thread that called `run`. It must be quick, and start no threads."""

    def progress(self, tally: Tally, position: int, file_index: int) -> None:
        """
        A chunk has been written.

        Args:
            tally: what has been written so far, this chunk included; the run goes on adding to it.
            position: bytes of the chunk's input that had been read by then, as stored (`Chunk.position`).
            file_index: which of the job's inputs it belongs to, from 0.
        """

    def input_failed(self, error: InputError) -> None:
        """An input could not be read to its end; the run goes on with the next."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended that was not ended by an error."""

    tally: Tally
    """Of the chunks whose records have been written, all of them."""
    input_errors: tuple[InputError, ...]
    """Inputs that could not be read to their end, in their order; the observer has been told."""
    interrupted_by: signal.Signals | None
    """SIGINT or SIGTERM, if the run was asked to stop; what is done has been written."""
    records_beyond: int
    """Records of one more chunk that were written when an interrupt's grace ended; not in the tally."""
    seconds: float
    """Wall time."""
    engine: str
    """The name of the engine that was in use."""
    workers: int
    """How many workers there were; fewer than the job's where the inputs are small."""


def run(job: Job, *, observer: Observer | None = None) -> Outcome:
    """
    Do *job*: read its inputs, match their lines, write the records in order.

    In the main thread SIGINT and SIGTERM are handled meanwhile (unless they are ignored): what is done is written, and
    the outcome tells; a second signal cuts that short. No process and no file descriptor is left behind in any case.

    Raises:
        UsageError: an output is also an input, or the engine is not there.
        OutputError: what could be written is written, and ends with a whole record.
        OutputClosedError: the reader of the output has gone away.
        WorkerError: a worker died; all before its chunk is written.
    """
    started = time.perf_counter()
    interrupt = Interrupt()
    with ExitStack() as stack:
        stack.callback(interrupt.close)
        stack.enter_context(_signals_request(interrupt))
        current = _Run(job, interrupt, observer)
        try:
            current.do()
        except _GivenUp:
            pass
        except OutputClosedError:
            # Ctrl-C reaches all of a pipeline: that our reader has gone as well is no news.
            if not interrupt.requested:
                raise
    return Outcome(
        tally=current.tally,
        input_errors=tuple(current.input_errors),
        interrupted_by=None if interrupt.signal_number is None else signal.Signals(interrupt.signal_number),
        records_beyond=current.records_beyond,
        seconds=time.perf_counter() - started,
        engine=current.engine,
        workers=job.busy_workers,
    )


@contextmanager
def _signals_request(interrupt: Interrupt) -> Iterator[None]:
    """Have SIGINT and SIGTERM request *interrupt*; after the second one the next has its usual effect."""
    import threading

    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, _frame: object) -> None:
        interrupt.request(number)
        if interrupt.count > 1:
            for each in previous:
                signal.signal(each, signal.SIG_DFL)

    # Background jobs of a shell, and what nohup starts, ignore signals and go on doing so.
    previous = {number: signal.getsignal(number) for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN}
    # Python runs handlers between its own steps. The wakeup descriptor is written to by the signal itself: without it,
    # one that comes right before `poll` would be handled only after `poll`.
    wakeup = signal.set_wakeup_fd(interrupt.wakeup_descriptor, warn_on_full_buffer=False)
    try:
        for number in previous:
            signal.signal(number, handle)
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        signal.set_wakeup_fd(wakeup)


class _GivenUp(Exception):
    """An interrupt's grace is over while something was waited for; it ends the run in good order."""


# --- one run


@dataclass(slots=True)
class _Task:
    """A chunk or a range that was dealt, less its data."""

    file: str
    file_index: int
    position: int
    first_line: int | None
    """None until the lines of the ranges before are counted."""
    line_count: int | None
    """None until they are counted."""
    part: Range | None = None

    @property
    def next_line(self) -> int | None:
        """The number of the line behind the last."""
        return None if self.first_line is None or self.line_count is None else self.first_line + self.line_count


@dataclass(frozen=True, slots=True)
class _Done:
    """A task and what became of it; see `worker.Result`."""

    task: _Task
    output: Records
    unmatched: Records
    tally: Tally
    engine: str
    error: InputError | None = None
    """Why the range could not be read; then there are no records."""


class _Crew(Protocol):
    """Works on chunks; gives results in the order in which they were dealt. Leaving its context ends it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def is_full(self) -> bool:
        """Whether a result must be collected before the next chunk is dealt."""

    def is_idle(self) -> bool:
        """Whether nothing is in flight."""

    def deal(self, chunk: Chunk, task: _Task) -> None:
        """Take *chunk*; not when full."""

    def deal_range(self, file: PlainFile, part: Range, task: _Task) -> None:
        """Take *part* of *file*; not when full. The ranges of a file are dealt in their order."""

    def collect(self) -> _Done:
        """Wait for the oldest result in flight; not when idle."""

    def descriptors(self) -> list[int]:
        """What can be read when there is something for `take`."""

    def take(self, descriptor: int) -> bool:
        """Take what has come by one of `descriptors`; say whether the oldest result is there to be collected."""


class _Run:
    """A job being done: what has been counted so far, and its steps."""

    def __init__(self, job: Job, interrupt: Interrupt, observer: Observer | None) -> None:
        self._job = job
        self._interrupt = interrupt
        self._observer = observer
        self._watch = _Watch(interrupt)
        self._sinks: list[Sink] = []
        self._crew: _Crew
        self.tally = Tally()
        self.input_errors: list[InputError] = []
        self._failed: set[int] = set()
        """Indices of inputs that could not be read to their end."""
        self.records_beyond = 0
        self.engine = job.engine

    def do(self) -> None:
        """Do all of it; whatever happens, sinks are closed and processes ended."""
        job = self._job
        paths = [job.output]
        if isinstance(job.unmatched, UnmatchedFile):
            paths.append(job.unmatched.path)
        with ExitStack() as stack:
            # First, so that processes do not inherit what is opened later.
            self._crew = stack.enter_context(_hire(job, self._watch))
            sinks = open_sinks(paths, inputs=job.inputs, interrupt=self._interrupt, line_buffered=job.line_buffered)
            for sink in sinks:
                stack.enter_context(sink)
                self._watch.add(sink)
            self._sinks = sinks
            self._read_inputs()
            while not self._crew.is_idle():
                self._collect()

    def _read_inputs(self) -> None:
        for index, source in enumerate(self._job.inputs):
            try:
                file = open_plain(source, self._job.encoding)
                if file is not None:
                    with closing(file):
                        self._deal_ranges(index, source, file)
                else:
                    self._read_chunks(index, source)
            except InputError as error:
                self._fail(index, error)
            if self._interrupt.requested:
                return

    def _read_chunks(self, index: int, source: Input) -> None:
        chunks = read_chunks(
            source,
            chunk_size=self._job.chunk_size_of(source),
            max_line=self._job.max_line,
            encoding=self._job.encoding,
            wait=self._wait_for_input,
        )
        with closing(chunks):  # type: ignore[type-var]  # a generator, though it does not say so
            for chunk in chunks:
                task = _Task(chunk.file, index, chunk.position, chunk.first_line, chunk.line_count)
                self._crew.deal(chunk, task)
                self._make_way()
                if self._interrupt.requested:
                    return

    def _deal_ranges(self, index: int, source: Input, file: PlainFile) -> None:
        first_line: int | None = 1
        for part in file.ranges(self._job.chunk_size_of(source)):
            self._crew.deal_range(file, part, _Task(file.name, index, part.end, first_line, None, part))
            first_line = None
            self._make_way()
            if self._interrupt.requested or index in self._failed:
                return

    def _fail(self, index: int, error: InputError) -> None:
        self._failed.add(index)
        self.input_errors.append(error)
        if self._observer is not None:
            self._observer.input_failed(error)

    def _wait_for_input(self, descriptor: int) -> bool:
        """See `chunk.Wait`. Results that come meanwhile are written."""
        while not self._interrupt.requested:
            wanted = {descriptor: select.POLLIN}
            coming = self._crew.descriptors()
            wanted.update(dict.fromkeys(coming, select.POLLIN))
            ready = self._watch.wait(wanted, patient=False)
            for each in coming:
                if each in ready and self._crew.take(each):
                    self._collect()
            if descriptor in ready:
                return True
        return False

    def _make_way(self) -> None:
        while self._crew.is_full():
            self._collect()

    def _collect(self) -> None:
        done = self._crew.collect()
        if done.error is not None and done.task.file_index not in self._failed:
            self._fail(done.task.file_index, done.error)
        if done.task.part is not None and done.task.file_index in self._failed:
            return  # a range behind one that could not be read: its lines have no numbers
        self.engine = done.engine
        # Without a file of their own, records of unmatched lines stand in the output or do not exist: there is no sink.
        for sink, records in zip(self._sinks, (done.output, done.unmatched), strict=False):
            written = sink.write(records)
            if written < len(records):
                self.records_beyond += bytes(records[:written]).count(b"\n")
                raise _GivenUp
        self.tally.add(done.tally)
        if self._observer is not None:
            self._observer.progress(self.tally, done.task.position, done.task.file_index)


class _Watch:
    """Waits for descriptors; meanwhile sees interrupts, and outputs whose readers have gone."""

    def __init__(self, interrupt: Interrupt) -> None:
        self._interrupt = interrupt
        self._sinks: dict[int, Sink] = {}

    @property
    def descriptors(self) -> list[int]:
        """Those that it watches for itself; no other process should hold them."""
        return [self._interrupt.descriptor, self._interrupt.wakeup_descriptor, *self._sinks]

    def add(self, sink: Sink) -> None:
        """From now on look whether the reader of *sink* has gone."""
        self._sinks[sink.descriptor] = sink

    def wait(self, wanted: Mapping[int, int], *, patient: bool = True) -> list[int]:
        """
        Wait until one of *wanted* (descriptor -> what `poll` is to look for) is ready; return those that are.

        After an interrupt: when patient, raises `_GivenUp` once the grace is over; otherwise returns none at once.
        """
        poll = select.poll()
        poll.register(self._interrupt.descriptor, select.POLLIN)
        for descriptor in self._sinks:
            poll.register(descriptor, 0)  # errors are reported unasked
        for descriptor, events in wanted.items():
            poll.register(descriptor, events)
        while True:
            if self._interrupt.requested and not patient:
                return []
            if time.monotonic() >= self._interrupt.deadline:
                raise _GivenUp
            events_by_descriptor = dict(poll.poll(milliseconds_until(self._interrupt.deadline)))
            for descriptor, sink in self._sinks.items():
                if descriptor in events_by_descriptor:
                    raise sink.closed_by_reader()
            ready = [descriptor for descriptor in wanted if descriptor in events_by_descriptor]
            if ready:
                return ready
            self._interrupt.drain()


# --- crews


def _hire(job: Job, watch: _Watch) -> _Crew:
    spec = WorkerSpec(
        job.program,
        job.engine,
        job.layout,
        unmatched_apart=job.unmatched_apart,
        unmatched_dropped=job.unmatched is Unmatched.DROP,
    )
    if job.busy_workers == 1:
        return _OneWorker(spec, job.max_line)
    return _Pool(spec, job.max_line, job.busy_workers, job.effective_start_method, watch)


def _failure(sentence: str, hint: str, task: _Task) -> WorkerError:
    """The error that ends the run at *task*."""
    if task.first_line is None:
        assert task.part is not None, "the lines of a chunk have numbers"
        lines = f"bytes {task.part.start} to {task.part.end} were"
    elif task.line_count is None:
        lines = f"lines from {task.first_line} on were"
    elif task.line_count == 1:
        lines = f"line {task.first_line} was"
    else:
        lines = f"lines {task.first_line} to {task.first_line + task.line_count - 1} were"
    place = Place("stdin" if task.file == STDIN else task.file, task.first_line)
    return WorkerError(f"{sentence}; {lines} not done, nor what follows", place=place, hint=hint)


def _unexpected(error: Exception) -> str:
    """What *error*, a bug, says and where it happened."""
    import traceback

    frame = traceback.extract_tb(error.__traceback__)[-1]
    message = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"a worker failed with {message} ({os.path.basename(frame.filename)}:{frame.lineno})"


class _OneWorker:
    """A crew of this process alone: a task is done when it has been dealt."""

    def __init__(self, spec: WorkerSpec, max_line: int) -> None:
        self._worker = Worker(spec)
        self._reader = RangeReader(max_line)
        self._next_line = 1
        self._done: deque[_Done] = deque()

    def __enter__(self) -> _OneWorker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def is_full(self) -> bool:
        return bool(self._done)

    def is_idle(self) -> bool:
        return not self._done

    def deal(self, chunk: Chunk, task: _Task) -> None:
        try:
            result = self._worker.run(chunk)
        except LogmatchError:
            raise
        except Exception as error:
            raise _failure(_unexpected(error), _BUG_HINT, task) from error
        self._done.append(_Done(task, result.output, result.unmatched, result.tally, self._worker.engine_name))

    def deal_range(self, file: PlainFile, part: Range, task: _Task) -> None:
        if task.first_line is not None:
            self._next_line = task.first_line
        for chunk in self._reader.read(file, part):
            numbered = replace(chunk, first_line=self._next_line)
            self._next_line += chunk.line_count
            self.deal(numbered, replace(task, first_line=numbered.first_line, line_count=chunk.line_count))

    def collect(self) -> _Done:
        return self._done.popleft()

    def descriptors(self) -> list[int]:
        return []

    def take(self, descriptor: int) -> bool:
        raise AssertionError(f"nothing comes by {descriptor}")


class _Pool:
    """A crew of processes. Each has one connection (a socket pair): tasks go out on it, results come back."""

    def __init__(self, spec: WorkerSpec, max_line: int, workers: int, start_method: str | None, watch: _Watch) -> None:
        self._spec = spec
        self._max_line = max_line
        self._workers = workers
        self._start_method = start_method
        self._watch = watch
        self._members: list[_Member] = []
        self._turn = 0  # index of the member that gets the next task
        self._in_flight: deque[tuple[_Task, _Member]] = deque()  # oldest first; a member at most _IN_FLIGHT times
        self._last: _Task | None = None  # the one that was dealt last

    def __enter__(self) -> _Pool:
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

    def is_full(self) -> bool:
        return len(self._in_flight) == _IN_FLIGHT * len(self._members)

    def is_idle(self) -> bool:
        return not self._in_flight

    def deal(self, chunk: Chunk, task: _Task) -> None:
        meta = (chunk.file, chunk.first_line, chunk.line_count, chunk.offset, chunk.position, chunk.oversized)
        self._send(self._take_turn(task), meta, chunk.data)

    def deal_range(self, file: PlainFile, part: Range, task: _Task) -> None:
        before = self._last
        if task.first_line is None and before is not None:
            task.first_line = before.next_line
        member = self._take_turn(task)
        if member.file is not file:
            member.file = file
            with suppress(BrokenPipeError, ConnectionResetError):
                member.send_descriptor(_File(file.name, file.begin), file.descriptor, self._watch)
        self._send(member, part)
        if task.first_line is not None:
            self._send(member, _FirstLine(task.first_line))

    def collect(self) -> _Done:
        task, member = self._in_flight[0]
        while not member.results:
            # The oldest needs the counts of none but those that have been collected. Yet counts of others come too, and
            # the sooner the numbers go out the better.
            waiting = {each.connection.fileno(): each for each in self._members if each.is_coming}
            for descriptor in self._watch.wait(dict.fromkeys(waiting, select.POLLIN)):
                self._take_from(waiting[descriptor])
        self._in_flight.popleft()
        result = member.results.popleft()
        if isinstance(result, _Dead):
            raise self._death(task, member)
        if isinstance(result.failure, InputError):
            return _Done(task, b"", b"", Tally(), "", result.failure)
        if isinstance(result.failure, LogmatchError):
            raise result.failure
        if isinstance(result.failure, str):
            raise _failure(result.failure, _BUG_HINT, task)
        assert result.tally is not None
        return _Done(task, result.output, result.unmatched, result.tally, result.engine)

    def descriptors(self) -> list[int]:
        return [member.connection.fileno() for member in self._members if member.is_coming]

    def take(self, descriptor: int) -> bool:
        for member in self._members:
            if member.connection.fileno() == descriptor:
                self._take_from(member)
        return bool(self._in_flight) and bool(self._in_flight[0][1].results)

    def _take_turn(self, task: _Task) -> _Member:
        """Put *task* in flight; return the member that gets it."""
        member = self._members[self._turn]
        self._turn = (self._turn + 1) % len(self._members)
        self._in_flight.append((task, member))
        self._last = task
        member.dealt.append(task)
        return member

    def _send(self, member: _Member, meta: object, data: Records = b"") -> None:
        # That a worker has died is told when its turn comes to give a result: what others did before is written first.
        with suppress(BrokenPipeError, ConnectionResetError):
            member.send(_message(meta, data), self._watch)

    def _take_from(self, member: _Member) -> None:
        """Take a message of *member*: the count of a range's lines, or a result."""
        try:
            message = member.receive(self._watch)
        except EOFError:
            member.results.extend(_Dead() for _ in member.dealt)
            member.dealt.clear()
            return
        if isinstance(message, _Result):
            member.dealt.popleft()
            member.results.append(message)
            return
        # The counts of a member's ranges come in their order.
        task = next(task for task in member.dealt if task.line_count is None)
        task.line_count = message.lines
        self._number_ranges()

    def _number_ranges(self) -> None:
        """Tell the workers the numbers that are known by now."""
        before: _Task | None = None
        for task, member in self._in_flight:
            if task.first_line is None and before is not None and before.next_line is not None:
                task.first_line = before.next_line
                self._send(member, _FirstLine(task.first_line))
            before = task

    def _start(self) -> None:
        import multiprocessing
        import multiprocessing.resource_tracker
        import socket

        context: Any = multiprocessing.get_context(self._start_method)
        forks = context.get_start_method() == "fork"
        if not forks:
            multiprocessing.resource_tracker.ensure_running()  # now: it would unblock the signals
        # Blocked until the new process says what they mean to it: it would treat them as this process does.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            for _ in range(self._workers):
                ours, theirs = socket.socketpair()
                ours.setblocking(False)
                inherited = [ours, *(member.connection for member in self._members)] if forks else []
                descriptors = self._watch.descriptors if forks else []
                arguments = (theirs, self._spec, self._max_line, inherited, descriptors)
                process = context.Process(target=_worker_main, args=arguments, daemon=True)
                try:
                    process.start()
                except BaseException:
                    ours.close()
                    raise
                finally:
                    theirs.close()
                member = _Member(process, ours)
                self._members.append(member)
                member.share_slots(self._watch)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def _end(self, *, graceful: bool) -> None:
        """End all processes; a worker that has nothing in work ends by itself when its connection ends."""
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

    def _death(self, task: _Task, member: _Member) -> WorkerError:
        """The error for *task*, the oldest that the dead worker had: it may have died of the next, with this unsent."""
        member.process.join(_SECONDS_TO_EXIT)
        status = member.process.exitcode
        if status is None:
            return _failure("a worker process has closed its connection", _BUG_HINT, task)
        if status >= 0:
            return _failure(f"a worker process ended with status {status}", _BUG_HINT, task)
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        hint = _KILLED_HINT if status == -signal.SIGKILL else _BUG_HINT
        return _failure(f"a worker process was killed by {name}", hint, task)


_BUG_HINT = "please report this as a bug of logmatch, with these lines; another --engine may get over them"
_KILLED_HINT = "the system may have run out of memory: use fewer --workers or a smaller --chunk-size"


class _Member:
    """
    A process of the pool, and this process's end of the connection to it, which does not block.

    `dealt` are its tasks whose results have not come, `results` what has come and not been collected; both oldest
    first.
    """

    def __init__(self, process: BaseProcess, connection: socket.socket) -> None:
        self.process = process
        self.connection = connection
        self.dealt: deque[_Task] = deque()
        self.results: deque[_Result | _Dead] = deque()
        self.file: PlainFile | None = None
        """The one whose ranges it gets; it has a descriptor of it."""
        self._slots: _Slots | None = None

    @property
    def is_coming(self) -> bool:
        """Whether something is still to come from it."""
        return bool(self.dealt)

    def share_slots(self, watch: _Watch) -> None:
        """Give it memory for its results, where the system has such memory."""
        descriptor = _shared_memory()
        if descriptor is None:
            return
        try:
            self._slots = _Slots(descriptor)
            with suppress(BrokenPipeError, ConnectionResetError):
                self.send_descriptor(_SharedSlots(), descriptor, watch)
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """End the connection, and give back the memory."""
        self.connection.close()
        self.results.clear()
        if self._slots is not None:
            self._slots.close()

    def send(self, parts: tuple[Records, ...], watch: _Watch) -> None:
        for part in parts:
            view = memoryview(part)
            while view:
                try:
                    view = view[self.connection.send(view) :]
                except BlockingIOError:
                    watch.wait({self.connection.fileno(): select.POLLOUT})

    def send_descriptor(self, meta: object, descriptor: int, watch: _Watch) -> None:
        """Send *meta*, and behind it a byte that carries *descriptor*."""
        import socket

        self.send(_message(meta), watch)
        while True:
            try:
                socket.send_fds(self.connection, [b"\0"], [descriptor])
                return
            except BlockingIOError:
                watch.wait({self.connection.fileno(): select.POLLOUT})

    def receive(self, watch: _Watch) -> _Counted | _Result:
        """The next message; `EOFError` when the process has died."""
        meta_size, *sizes = _HEAD.unpack(self._receive(_HEAD.size, watch))
        meta: _Counted | _Result = pickle.loads(self._receive(meta_size, watch))
        output, unmatched = (self._receive(size, watch) for size in sizes)
        if isinstance(meta, _Result):
            meta.output, meta.unmatched = output, unmatched
            if meta.slot is not None:
                assert self._slots is not None
                meta.output = self._slots.view(meta.slot)[: meta.size]
        return meta

    def _receive(self, size: int, watch: _Watch) -> bytearray:
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


# --- memory that a worker and its parent share


class _Slots:
    """
    Two places for the records of two results.

    A worker takes them in turn. It has at most two results in flight, so when a task comes, the slot of the result
    before the last is free again. What was never written to takes no memory.
    """

    def __init__(self, descriptor: int) -> None:
        self._memory = mmap.mmap(descriptor, _IN_FLIGHT * _SLOT_SIZE)
        self._view = memoryview(self._memory)

    def view(self, slot: int) -> memoryview:
        """The memory of a slot, 0 or 1."""
        return self._view[slot * _SLOT_SIZE : (slot + 1) * _SLOT_SIZE]

    def close(self) -> None:
        """Give the memory back, and the descriptor that the mapping holds; where records are still looked at, later."""
        with suppress(BufferError):
            self._view.release()
            self._memory.close()


_SLOT_SIZE = 8 << 20  # bytes; records that need more go by the connection


def _shared_memory() -> int | None:
    """A descriptor of memory that can be shared, all of it zero and none of it there yet; None where that fails."""
    try:
        if hasattr(os, "memfd_create"):
            descriptor = os.memfd_create("logmatch", os.MFD_CLOEXEC)
        else:
            import tempfile

            with tempfile.TemporaryFile() as file:
                descriptor = os.dup(file.fileno())
    except OSError:
        return None
    try:
        os.ftruncate(descriptor, _IN_FLIGHT * _SLOT_SIZE)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


# --- messages: a few small values, pickled, and two rows of bytes as they are


@dataclass(frozen=True, slots=True)
class _SharedSlots:
    """To a worker: the descriptor that follows is that of its `_Slots`."""


@dataclass(frozen=True, slots=True)
class _File:
    """To a worker: the descriptor that follows is that of the plain file whose ranges come next."""

    name: str
    begin: int


@dataclass(frozen=True, slots=True)
class _FirstLine:
    """To a worker: the number of the first line of the oldest range that has not been told one."""

    number: int


@dataclass(frozen=True, slots=True)
class _Counted:
    """From a worker: how many lines the next of its ranges has."""

    lines: int


@dataclass(slots=True)
class _Result:
    """From a worker: what the oldest of its tasks became."""

    tally: Tally | None
    engine: str
    slot: int | None = None
    """Where the output is, if it is not in the message."""
    size: int = 0
    """Bytes of the output in the slot."""
    failure: LogmatchError | str | None = None
    """What went wrong; a text for a bug."""
    output: Records = b""
    unmatched: Records = b""


@dataclass(frozen=True, slots=True)
class _Dead:
    """In place of a result: its worker has died."""


_HEAD = struct.Struct("=QQQ")  # how long these three are


def _message(meta: object, first: Records = b"", second: Records = b"") -> tuple[Records, ...]:
    pickled = pickle.dumps(meta, pickle.HIGHEST_PROTOCOL)
    return _HEAD.pack(len(pickled), len(first), len(second)) + pickled, first, second


# --- a process of the pool


def _worker_main(
    connection: socket.socket,
    spec: WorkerSpec,
    max_line: int,
    inherited: list[socket.socket],
    descriptors: list[int],
) -> None:
    """
    Work on the tasks that come by *connection* until it ends, which it also does when the parent is killed.

    Args:
        inherited: the parent's ends of connections, of which a fork has made copies: while one is open, that connection
            does not end.
        descriptors: what else a fork has copied and must not stay open here.
    """
    from queue import SimpleQueue
    from threading import Thread

    _leave_to_parent(inherited, descriptors)
    tasks: SimpleQueue[_Order] = SimpleQueue()
    messages: SimpleQueue[tuple[Records, ...]] = SimpleQueue()
    Thread(target=_work, args=(spec, max_line, tasks, messages), daemon=True).start()
    Thread(target=_send, args=(connection, messages), daemon=True).start()
    # This thread always takes what comes, and ends the process at once when nothing more will come.
    with suppress(EOFError, ConnectionResetError):
        while True:
            tasks.put(_receive_order(connection))


def _leave_to_parent(inherited: list[socket.socket], descriptors: list[int]) -> None:
    """
    Give up what only the parent may handle: signals, the output, the connections of others.

    SIGTERM is ignored too: `timeout`, a shell and systemd send it to all processes of a group at once, and what is in
    work is to be finished. The parent says when to end.
    """
    signal.set_wakeup_fd(-1)
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    for connection in inherited:
        connection.close()
    for descriptor in descriptors:
        os.close(descriptor)
    # A reader of the output sees its end when the parent ends, whatever happens to the workers.
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    if nothing != 1:
        os.close(nothing)


def _work(
    spec: WorkerSpec, max_line: int, orders: SimpleQueue[_Order], messages: SimpleQueue[tuple[Records, ...]]
) -> None:
    try:
        labour = _Labour(Worker(spec), max_line, messages)
        while True:
            labour.obey(orders.get())
            while orders.empty() and labour.has_work:
                labour.work()
    except LogmatchError as error:
        messages.put(_message(_Result(None, "", failure=error)))
    except Exception as error:  # noqa: BLE001 (a bug; in the parent it becomes a WorkerError)
        messages.put(_message(_Result(None, "", failure=_unexpected(error))))


@dataclass(slots=True)
class _Part:
    """A range that was dealt to this worker, read and counted."""

    chunks: list[Chunk]
    error: InputError | None
    first_line: int | None = None


class _Labour:
    """What a worker process does with its orders: ranges are read when they come, and worked on in their order."""

    def __init__(self, worker: Worker, max_line: int, messages: SimpleQueue[tuple[Records, ...]]) -> None:
        self._worker = worker
        self._messages = messages
        # A buffer for each range in flight: while one is worked on, the next is read.
        self._readers = [RangeReader(max_line) for _ in range(_IN_FLIGHT)]
        self._ranges = 0  # so far
        self._results = 0
        self._file: PlainFile | None = None
        self._slots: _Slots | None = None
        self._todo: deque[Chunk | _Part] = deque()

    @property
    def has_work(self) -> bool:
        """Whether the oldest task can be worked on."""
        return bool(self._todo) and not (isinstance(self._todo[0], _Part) and self._todo[0].first_line is None)

    def obey(self, order: _Order) -> None:
        """Take an order."""
        if isinstance(order, Chunk):
            self._todo.append(order)
        elif isinstance(order, Range):
            self._read(order)
        elif isinstance(order, _FirstLine):
            part = next(each for each in self._todo if isinstance(each, _Part) and each.first_line is None)
            part.first_line = order.number
        elif isinstance(order, PlainFile):
            if self._file is not None:
                self._file.close()
            self._file = order
        else:
            self._slots = order

    def work(self) -> None:
        """Do the oldest task and send its result."""
        task = self._todo.popleft()
        if isinstance(task, _Part):
            if task.error is not None:
                self._messages.put(_message(_Result(None, "", failure=task.error)))
                return
            assert task.first_line is not None
            line = task.first_line
            chunks = []
            for chunk in task.chunks:
                chunks.append(replace(chunk, first_line=line))
                line += chunk.line_count
        else:
            chunks = [task]
        slot = self._results % _IN_FLIGHT
        self._results += 1
        space = None if self._slots is None else self._slots.view(slot)
        if len(chunks) == 1:
            result = self._worker.run(chunks[0], space)
        else:
            result = _joined([_kept(self._worker.run(chunk)) for chunk in chunks])
        meta = _Result(result.tally, self._worker.engine_name)
        output = result.output
        if space is not None and 0 < len(output) <= len(space):
            if not (isinstance(output, memoryview) and output.obj is space.obj):
                space[: len(output)] = output
            meta.slot, meta.size = slot, len(output)
            output = b""
        # What is sent later by another thread must not be what the next run writes to.
        self._messages.put(_message(meta, bytes(output), bytes(result.unmatched)))

    def _read(self, part: Range) -> None:
        assert self._file is not None
        reader = self._readers[self._ranges % _IN_FLIGHT]
        self._ranges += 1
        error = None
        chunks: list[Chunk] = []
        try:
            chunks = reader.read(self._file, part)
        except InputError as failure:
            error = failure
        self._todo.append(_Part(chunks, error))
        self._messages.put(_message(_Counted(sum(chunk.line_count for chunk in chunks))))


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


def _send(connection: socket.socket, messages: SimpleQueue[tuple[Records, ...]]) -> None:
    with suppress(BrokenPipeError, ConnectionResetError):  # the parent has gone; the main thread sees it too
        while True:
            for part in messages.get():
                connection.sendall(part)


_Order = Chunk | Range | PlainFile | _Slots | _FirstLine


def _receive_order(connection: socket.socket) -> _Order:
    meta_size, data_size, _ = _HEAD.unpack(_receive_exactly(connection, _HEAD.size))
    meta = pickle.loads(_receive_exactly(connection, meta_size))
    if isinstance(meta, _FirstLine | Range):
        return meta
    if isinstance(meta, _File):
        return PlainFile(meta.name, _receive_descriptor(connection), meta.begin)
    if isinstance(meta, _SharedSlots):
        descriptor = _receive_descriptor(connection)
        try:
            return _Slots(descriptor)
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
