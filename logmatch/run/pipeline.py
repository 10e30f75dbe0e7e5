"""
Pipeline: runs a job: inputs -> tasks -> workers -> sinks. The only package that knows about processes and signals.

A task is a range of a plain file, which a worker reads itself, or a chunk, which this process has read from anything
else. The order of the output is by construction: tasks are dealt to the workers in turn, and their results are
collected in the same turn; what is in flight stands in a queue, of which only the oldest is ever written next. At most
`messages.IN_FLIGHT` tasks a worker are in flight, so memory is bounded whatever the size of the input and however slow
the reader of the output. One worker is this process itself, and takes the same way.

    _Run            deals, collects, writes; single-threaded
    watch.Watch     the one place where this process waits
    crew.Crew       who works: `crew.OneWorker`, without processes, or
    pool.Pool       a crew of processes: the parent's side
    labour          a process of the pool: the child's side
    messages        what the two sides say, and the memory that they share

While input is waited for, results are collected and written; while a result, a worker or the reader of the output is
waited for, no more input is taken. An interrupt is a flag and a descriptor that all waiting watches; nothing is raised
in the middle of something else.
"""

from __future__ import annotations

import select
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Protocol

from logmatch.engine import default_name
from logmatch.errors import InputError, OutputClosedError
from logmatch.input.chunk import Input, read_chunks
from logmatch.input.ranges import PlainFile, open_plain
from logmatch.interrupt import Interrupt
from logmatch.output.sink import Sink, open_sinks
from logmatch.run.crew import Crew, OneWorker, Relayed, Task
from logmatch.run.job import Job, Unmatched, UnmatchedFile
from logmatch.run.tally import Tally
from logmatch.run.wait import GivenUp, Watch
from logmatch.run.worker import WorkerSpec

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
        except GivenUp:
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


# --- one run


class _Run:
    """A job being done: what has been counted so far, and its steps."""

    def __init__(self, job: Job, interrupt: Interrupt, observer: Observer | None) -> None:
        self._job = job
        self._interrupt = interrupt
        self._observer = observer
        self._watch = Watch(interrupt)
        self._sinks: list[Sink] = []
        self._crew: Crew
        self.tally = Tally()
        self.input_errors: list[InputError] = []
        self._failed: set[int] = set()
        """Indices of inputs that could not be read to their end."""
        self.records_beyond = 0
        self.engine = default_name() if job.engine == "auto" else job.engine

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
            self._crew.write_to(sinks)
            stack.push(self._crew)  # it ends before the sinks are closed: it may have to mend what it wrote to them
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
                task = Task(chunk.file, index, chunk.position, chunk.first_line, chunk.line_count)
                self._crew.deal(chunk, task)
                self._make_way()
                if self._interrupt.requested:
                    return

    def _deal_ranges(self, index: int, source: Input, file: PlainFile) -> None:
        first_line: int | None = 1
        start = file.begin
        size = self._job.chunk_size_of(source)
        if self._crew.can_relay(file, size):
            relayed = self._relay(index, file, size)
            self.engine = relayed.engine
            first_line, start = relayed.next_line, relayed.end
            if relayed.error is not None:
                self._fail(index, relayed.error)
            if self._interrupt.requested or relayed.error is not None:
                return
        for part in file.ranges(size, start):
            self._crew.deal_range(file, part, Task(file.name, index, part.end, first_line, None, part))
            first_line = None
            self._make_way()
            if self._interrupt.requested or index in self._failed:
                return

    def _relay(self, index: int, file: PlainFile, size: int) -> Relayed:
        """Have the crew do *file* by itself; see `Crew.relay`."""
        while not self._crew.is_idle():
            self._collect()
        told = Tally()

        def tell(tally: Tally, position: int) -> None:
            told.add(tally)
            self.tally.add(tally)
            if self._observer is not None:
                self._observer.progress(self.tally, position, index)

        try:
            return self._crew.relay(file, size, Task(file.name, index, file.begin, 1, None), tell)
        except GivenUp:
            matched_only = self._job.unmatched is Unmatched.DROP
            self.records_beyond = self._crew.abandon_relay() - (told.matched if matched_only else told.lines)
            raise

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
                raise GivenUp
        self.tally.add(done.tally)
        if self._observer is not None:
            self._observer.progress(self.tally, done.task.position, done.task.file_index)


def _hire(job: Job, watch: Watch) -> Crew:
    spec = WorkerSpec(
        job.program,
        job.engine,
        job.layout,
        unmatched_apart=job.unmatched_apart,
        unmatched_dropped=job.unmatched is Unmatched.DROP,
    )
    if job.busy_workers == 1:
        return OneWorker(spec, job.max_line)
    from logmatch.run.pool import Pool

    return Pool(spec, job.max_line, job.busy_workers, job.effective_start_method, watch)
