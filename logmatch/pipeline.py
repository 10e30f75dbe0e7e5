"""
Pipeline: runs a job: inputs -> chunks -> workers -> sinks. The only module that knows about processes and signals.

The order of the output is by construction: chunks are dealt to the workers in turn, and their results are collected in
the same turn; what is in flight stands in a queue, of which only the oldest is ever written next. At most two chunks a
worker are in flight, so memory is bounded whatever the size of the input and however slow the reader of the output.
One worker is this process itself, and takes the same way.

    _Run            deals, collects, writes; single-threaded
    _Watch          the one place where this process waits
    _OneWorker      a crew without processes
    _Pool           a crew of processes: the parent's side
    _worker_main    a process of the pool: the child's side

While input is waited for, results are collected and written; while a result, a worker or the reader of the output is
waited for, no more input is taken. An interrupt is a flag and a descriptor that all waiting watches; nothing is raised
in the middle of something else.

Why no deadlock is possible: a worker process always takes what it is sent (its main thread does nothing else) and never
waits to have a result collected before it works on (another of its threads sends them). So the parent's sending always
ends, and so does its waiting for the oldest result: the worker which has that chunk needs nothing more to finish it.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import struct
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from logmatch.chunk import STDIN, Chunk, read_chunks
from logmatch.errors import InputError, LogmatchError, OutputClosedError, Place, WorkerError
from logmatch.interrupt import Interrupt, milliseconds_until
from logmatch.job import Job, Unmatched, UnmatchedFile
from logmatch.report import Tally
from logmatch.sink import Sink, open_sinks
from logmatch.worker import Worker, WorkerSpec

if TYPE_CHECKING:
    import socket
    from multiprocessing.process import BaseProcess
    from queue import SimpleQueue

_IN_FLIGHT = 2  # chunks a worker: one in work, one that it can begin with at once
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


@dataclass(frozen=True, slots=True)
class _Task:
    """A chunk that was dealt, less its data."""

    file: str
    file_index: int
    first_line: int
    line_count: int
    position: int


@dataclass(frozen=True, slots=True)
class _Done:
    """A task and what became of it; see `worker.Result`."""

    task: _Task
    output: bytes | bytearray
    unmatched: bytes | bytearray
    tally: Tally
    engine: str


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

    def collect(self) -> _Done:
        """Wait for the oldest result in flight; not when idle."""

    def descriptor(self) -> int | None:
        """What can be read when the oldest result is coming."""


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
            chunks = read_chunks(
                source,
                chunk_size=self._job.chunk_size_of(source),
                max_line=self._job.max_line,
                encoding=self._job.encoding,
                wait=self._wait_for_input,
            )
            try:
                with closing(chunks):  # type: ignore[type-var]  # a generator, though it does not say so
                    for chunk in chunks:
                        self._deal(index, chunk)
                        if self._interrupt.requested:
                            return
            except InputError as error:
                self.input_errors.append(error)
                if self._observer is not None:
                    self._observer.input_failed(error)
            if self._interrupt.requested:
                return

    def _wait_for_input(self, descriptor: int) -> bool:
        """See `chunk.Wait`. Results that come meanwhile are written."""
        while not self._interrupt.requested:
            wanted = {descriptor: select.POLLIN}
            oldest = self._crew.descriptor()
            if oldest is not None:
                wanted[oldest] = select.POLLIN
            ready = self._watch.wait(wanted, patient=False)
            if oldest in ready:
                self._collect()
            elif ready:
                return True
        return False

    def _deal(self, file_index: int, chunk: Chunk) -> None:
        task = _Task(chunk.file, file_index, chunk.first_line, chunk.line_count, chunk.position)
        self._crew.deal(chunk, task)
        while self._crew.is_full():
            self._collect()

    def _collect(self) -> None:
        done = self._crew.collect()
        self.engine = done.engine
        # Without a file of their own, records of unmatched lines stand in the output or do not exist: there is no sink.
        for sink, records in zip(self._sinks, (done.output, done.unmatched), strict=False):
            written = sink.write(records)
            if written < len(records):
                self.records_beyond += records.count(b"\n", 0, written)
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
        return _OneWorker(spec)
    return _Pool(spec, job.busy_workers, job.effective_start_method, watch)


def _failure(sentence: str, hint: str, task: _Task) -> WorkerError:
    """The error that ends the run at *task*."""
    last = task.first_line + task.line_count - 1
    lines = f"line {last} was" if task.line_count == 1 else f"lines {task.first_line} to {last} were"
    place = Place("stdin" if task.file == STDIN else task.file, task.first_line)
    return WorkerError(f"{sentence}; {lines} not done, nor what follows", place=place, hint=hint)


def _unexpected(error: Exception) -> str:
    """What *error*, a bug, says and where it happened."""
    import traceback

    frame = traceback.extract_tb(error.__traceback__)[-1]
    message = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"a worker failed with {message} ({os.path.basename(frame.filename)}:{frame.lineno})"


class _OneWorker:
    """A crew of this process alone: a chunk is done when it has been dealt."""

    def __init__(self, spec: WorkerSpec) -> None:
        self._worker = Worker(spec)
        self._done: _Done | None = None

    def __enter__(self) -> _OneWorker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def is_full(self) -> bool:
        return self._done is not None

    def is_idle(self) -> bool:
        return self._done is None

    def deal(self, chunk: Chunk, task: _Task) -> None:
        try:
            result = self._worker.run(chunk)
        except LogmatchError:
            raise
        except Exception as error:
            raise _failure(_unexpected(error), _BUG_HINT, task) from error
        self._done = _Done(task, bytes(result.output), bytes(result.unmatched), result.tally, self._worker.engine_name)

    def collect(self) -> _Done:
        assert self._done is not None
        done, self._done = self._done, None
        return done

    def descriptor(self) -> int | None:
        return None


class _Pool:
    """A crew of processes. Each has one connection (a socket pair): chunks go out on it, results come back."""

    def __init__(self, spec: WorkerSpec, workers: int, start_method: str | None, watch: _Watch) -> None:
        self._spec = spec
        self._workers = workers
        self._start_method = start_method
        self._watch = watch
        self._members: list[_Member] = []
        self._turn = 0  # index of the member that gets the next chunk
        self._in_flight: deque[tuple[_Task, _Member]] = deque()  # oldest first; a member at most _IN_FLIGHT times

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
        member = self._members[self._turn]
        self._turn = (self._turn + 1) % len(self._members)
        self._in_flight.append((task, member))
        meta = (chunk.file, chunk.first_line, chunk.line_count, chunk.offset, chunk.position, chunk.oversized)
        # That a worker has died is told when its turn comes to give a result: what others did before is written first.
        with suppress(BrokenPipeError, ConnectionResetError):
            member.send(_message(meta, chunk.data), self._watch)

    def collect(self) -> _Done:
        task, member = self._in_flight[0]
        try:
            meta, output, unmatched = member.receive(self._watch)
        except EOFError:
            raise self._death(task, member) from None
        self._in_flight.popleft()
        if isinstance(meta, LogmatchError):
            raise meta
        if isinstance(meta, str):
            raise _failure(meta, _BUG_HINT, task)
        tally, engine = meta
        return _Done(task, output, unmatched, tally, engine)

    def descriptor(self) -> int | None:
        return self._in_flight[0][1].connection.fileno() if self._in_flight else None

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
                arguments = (theirs, self._spec, inherited, descriptors)
                process = context.Process(target=_worker_main, args=arguments, daemon=True)
                try:
                    process.start()
                except BaseException:
                    ours.close()
                    raise
                finally:
                    theirs.close()
                self._members.append(_Member(process, ours))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def _end(self, *, graceful: bool) -> None:
        """End all processes; a worker that has nothing in work ends by itself when its connection ends."""
        for member in self._members:
            member.connection.close()
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


@dataclass(frozen=True, slots=True)
class _Member:
    """A process of the pool, and this process's end of the connection to it, which does not block."""

    process: BaseProcess
    connection: socket.socket

    def send(self, parts: tuple[bytes, ...], watch: _Watch) -> None:
        for part in parts:
            view = memoryview(part)
            while view:
                try:
                    view = view[self.connection.send(view) :]
                except BlockingIOError:
                    watch.wait({self.connection.fileno(): select.POLLOUT})

    def receive(self, watch: _Watch) -> tuple[Any, bytearray, bytearray]:
        """The next message; `EOFError` when the process has died."""
        meta_size, *sizes = _HEAD.unpack(self._receive(_HEAD.size, watch))
        meta = pickle.loads(self._receive(meta_size, watch))
        return meta, self._receive(sizes[0], watch), self._receive(sizes[1], watch)

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


# --- messages: a few small values, pickled, and two rows of bytes as they are

_HEAD = struct.Struct("=QQQ")  # how long these three are


def _message(meta: object, first: bytes, second: bytes = b"") -> tuple[bytes, ...]:
    pickled = pickle.dumps(meta, pickle.HIGHEST_PROTOCOL)
    return _HEAD.pack(len(pickled), len(first), len(second)) + pickled, first, second


# --- a process of the pool


def _worker_main(
    connection: socket.socket, spec: WorkerSpec, inherited: list[socket.socket], descriptors: list[int]
) -> None:
    """
    Work on the chunks that come by *connection* until it ends, which it also does when the parent is killed.

    Args:
        inherited: the parent's ends of connections, of which a fork has made copies: while one is open, that connection
            does not end.
        descriptors: what else a fork has copied and must not stay open here.
    """
    from queue import SimpleQueue
    from threading import Thread

    _leave_to_parent(inherited, descriptors)
    chunks: SimpleQueue[Chunk] = SimpleQueue()
    messages: SimpleQueue[tuple[bytes, ...]] = SimpleQueue()
    Thread(target=_work, args=(spec, chunks, messages), daemon=True).start()
    Thread(target=_send, args=(connection, messages), daemon=True).start()
    # This thread always takes what comes, and ends the process at once when nothing more will come.
    with suppress(EOFError, ConnectionResetError):
        while True:
            chunks.put(_receive_chunk(connection))


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


def _work(spec: WorkerSpec, chunks: SimpleQueue[Chunk], messages: SimpleQueue[tuple[bytes, ...]]) -> None:
    try:
        worker = Worker(spec)
        while True:
            result = worker.run(chunks.get())
            messages.put(_message((result.tally, worker.engine_name), bytes(result.output), bytes(result.unmatched)))
            del result
    except LogmatchError as error:
        messages.put(_message(error, b""))
    except Exception as error:  # noqa: BLE001 (a bug; in the parent it becomes a WorkerError)
        messages.put(_message(_unexpected(error), b""))


def _send(connection: socket.socket, messages: SimpleQueue[tuple[bytes, ...]]) -> None:
    with suppress(BrokenPipeError, ConnectionResetError):  # the parent has gone; the main thread sees it too
        while True:
            for part in messages.get():
                connection.sendall(part)


def _receive_chunk(connection: socket.socket) -> Chunk:
    meta_size, data_size, _ = _HEAD.unpack(_receive_exactly(connection, _HEAD.size))
    file, first_line, line_count, offset, position, oversized = pickle.loads(_receive_exactly(connection, meta_size))
    data = _receive_exactly(connection, data_size)
    return Chunk(file, first_line, line_count, offset, data, position, oversized)


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
