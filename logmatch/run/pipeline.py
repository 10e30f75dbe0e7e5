"""
Pipeline: runs a job: inputs -> chunks -> executor -> sinks. Only this package knows about workers and signals.

One thread reads, submits tasks, takes parts of their results and writes them; workers only compute. The order of the
output is by construction (`executor`). At most `executor.IN_FLIGHT` tasks a worker are in flight, and what a worker
holds is bounded in bytes; so memory is bounded whatever the input and however slow the reader of the output.

While input is waited for, parts are taken and written; while a part, a worker or the reader of the output is waited
for, no more input is taken. An interrupt is a flag and a descriptor that all waiting watches; nothing is raised in the
middle of something else.
"""

from __future__ import annotations

import select
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from logmatch.engine import default_name
from logmatch.errors import InputError, OutputClosedError, WorkerError
from logmatch.input.chunk import read_chunks
from logmatch.input.framing import Buffers, Chunk
from logmatch.input.resolve import Input
from logmatch.interrupt import Interrupt
from logmatch.output.format import OpenOutput
from logmatch.run.executor import Executor, Task
from logmatch.run.job import Job, Pool, Unmatched
from logmatch.run.preflight import check_files
from logmatch.run.tally import Tally
from logmatch.run.wait import GraceExpired, Waiter
from logmatch.run.worker import WorkerSpec

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
"""What asks a run to end: what is done is written, and the output ends with a whole record."""

_TASK_BYTES = 64 * 1024
"""Chunks smaller than this go to a worker together: what a task costs is then little beside its lines."""

_TASK_CHUNKS = 64

_SECONDS_TO_WRITE = 0.3
"""How long before an interrupt's grace ends workers give what they have."""


class ProgressListener(Protocol):
    """Is told how a run goes, in the process and thread that called `run`. It must be quick, and start no threads."""

    def progress(self, tally: Tally, position: int, file_index: int) -> None:
        """
        Records have been written.

        Args:
            tally: what has been written so far; the run goes on adding to it.
            position: how many bytes of the input had been read by then, as stored (`Chunk.position`).
            file_index: which of the job's inputs that is, from 0.
        """

    def input_failed(self, error: InputError) -> None:
        """An input could not be read to its end; the run goes on with the next."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended that was not ended by an error."""

    tally: Tally
    """Of the lines whose records have been written, all of them."""
    input_errors: tuple[InputError, ...]
    """Inputs that could not be read to their end, in their order; the listener has been told."""
    interrupted_by: signal.Signals | None
    """One of `SIGNALS`, if the run was asked to stop; what is done has been written."""
    partial_records: int
    """Records that were written of the part in which an interrupt's grace ended; not in the tally."""
    seconds: float
    """Wall time."""
    engine: str
    """The name of the engine that was in use."""
    workers: int
    """How many workers there were; fewer than the job's where the inputs are small or the system gave no more."""


def run(job: Job, *, listener: ProgressListener | None = None) -> Outcome:
    """
    Do *job*: read its inputs, match their lines, write the records in order.

    In the main thread `SIGNALS` are handled meanwhile (unless they are ignored): what is done is written, and the
    outcome tells; a second signal cuts that short. No process, thread or file descriptor is left behind in any case.

    Raises:
        UsageError: an output is also an input, or the engine is not there.
        OutputError: what could be written is written, and ends with a whole record.
        OutputClosedError: the reader of the output has gone away.
        WorkerError: a worker died; all before its lines is written.
    """
    started = time.perf_counter()
    interrupt = Interrupt()
    with ExitStack() as stack:
        stack.callback(interrupt.close)
        stack.enter_context(_signals_request(interrupt))
        current = _Run(job, interrupt, listener)
        try:
            current.do()
        except GraceExpired:
            pass
        except MemoryError:
            hint = "use fewer --workers, a smaller --chunk-size or --max-line, or raise the limit (ulimit -v)"
            raise WorkerError("the system gives no more memory", hint=hint) from None
        except OutputClosedError:
            # Ctrl-C reaches all of a pipeline: that our reader has gone as well is no news.
            if not interrupt.requested:
                raise
    return Outcome(
        tally=current.tally,
        input_errors=tuple(current.input_errors),
        interrupted_by=None if interrupt.signal_number is None else signal.Signals(interrupt.signal_number),
        partial_records=current.partial_records,
        seconds=time.perf_counter() - started,
        engine=default_name() if job.engine == "auto" else job.engine,
        workers=current.workers,
    )


@contextmanager
def _signals_request(interrupt: Interrupt) -> Iterator[None]:
    """Have `SIGNALS` request *interrupt*; after the second one the next has its usual effect."""
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
    previous = {number: signal.getsignal(number) for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN}
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

    def __init__(self, job: Job, interrupt: Interrupt, listener: ProgressListener | None) -> None:
        self._job = job
        self._interrupt = interrupt
        self._listener = listener
        self._waiter = Waiter(interrupt)
        self._buffers = Buffers()
        self._outputs: list[OpenOutput] = []
        self._executor: Executor
        self._gathered: list[tuple[Chunk, int]] = []  # small chunks that go to a worker together
        self._gathered_bytes = 0
        self._task_bytes = min(_TASK_BYTES, job.chunk_size)
        self.tally = Tally()
        self.input_errors: list[InputError] = []
        self.partial_records = 0
        self.workers = job.effective_workers

    def do(self) -> None:
        """Do all of it; whatever happens, sinks are closed and workers ended."""
        job = self._job
        paths = [output.path for output in job.outputs]
        check_files(job.inputs, job.outputs)
        with ExitStack() as stack:
            # First, so that processes do not inherit what is opened later.
            self._executor = make_executor(job, self._waiter, self._buffers, self._interrupt)
            stack.callback(self._executor.close)
            for path in paths:
                output = job.format.open_output(path, self._interrupt, line_buffered=job.line_buffered)
                stack.push(output.__exit__)
                self._outputs.append(output)
                self._waiter.add(output)
            with suppress(GraceExpired):
                self._read_inputs()
                while not self._executor.is_idle:
                    self._write_next()
            self.workers = self._executor.workers
            for output in self._outputs:
                output.finish()

    def _read_inputs(self) -> None:
        for index, source in enumerate(self._job.inputs):
            try:
                self._read(index, source)
            except InputError as error:
                self.input_errors.append(error)
                if self._listener is not None:
                    self._listener.input_failed(error)
            if self._interrupt.requested:
                break
        self._submit()

    def _read(self, index: int, source: Input) -> None:
        chunks = read_chunks(
            source,
            chunk_size=self._job.chunk_size_of(source),
            max_line=self._job.max_line,
            encoding=self._job.encoding,
            buffers=self._buffers,
        )
        with closing(chunks):
            for chunk in chunks:
                if isinstance(chunk, Chunk):
                    self._gather(chunk, index)
                elif chunk.descriptor is not None:
                    self._submit()
                    self._wait_for_input(chunk.descriptor)
                else:
                    self._write_what_is_there()
                if self._interrupt.requested:
                    return

    def _wait_for_input(self, descriptor: int) -> None:
        """Wait until *descriptor* can be read or an interrupt comes; parts that come meanwhile are written."""
        while not self._interrupt.requested:
            self._write_what_is_there()
            wanted = {descriptor: select.POLLIN, **self._executor.descriptors()}
            if descriptor in self._waiter.wait(wanted, until_deadline=False):
                return

    def _gather(self, chunk: Chunk, index: int) -> None:
        if self._gathered_bytes + len(chunk.data) > self._task_bytes:
            self._submit()
        self._gathered.append((chunk, index))
        self._gathered_bytes += len(chunk.data)
        if self._gathered_bytes >= self._task_bytes or len(self._gathered) >= _TASK_CHUNKS:
            self._submit()

    def _submit(self) -> None:
        """Submit what has been gathered, and make room for more."""
        if not self._gathered:
            return
        chunks, indices = zip(*self._gathered, strict=True)
        self._gathered = []
        self._gathered_bytes = 0
        self._executor.submit(Task(chunks, indices))
        while self._executor.is_full:
            self._write_next()

    def _write_what_is_there(self) -> None:
        while self._write_one():
            pass

    def _write_next(self) -> None:
        """Write the next part, or find that there is none."""
        while not self._write_one() and not self._executor.is_idle:
            self._waiter.wait(self._executor.descriptors())

    def _write_one(self) -> bool:
        """Write the next part, if it is there."""
        done = self._executor.next_part()
        if done is None:
            return False
        task, part = done
        # Without a file of their own, records of unmatched lines stand in the output or do not exist: it is alone.
        for output, records in zip(self._outputs, (part.output, part.unmatched), strict=False):
            written = output.write(records)
            if written < len(records):
                self.partial_records += output.count_records(records[:written])
                raise GraceExpired
        self.tally.add(part.tally)
        if self._listener is not None:
            place = max(0, part.chunks_done - 1)
            self._listener.progress(self.tally, task.chunks[place].position, task.file_indices[place])
        return True


def make_executor(job: Job, waiter: Waiter, buffers: Buffers, interrupt: Interrupt) -> Executor:
    """The executor that *job* asks for; with fewer workers where the system gives no more."""
    spec = WorkerSpec(
        job.program,
        job.engine,
        job.record_options,
        separate_unmatched=job.separate_unmatched,
        drop_unmatched=job.unmatched is Unmatched.DROP,
        blank_lines=job.blank_lines,
        counts_kinds=job.counts_kinds,
        format=job.format,
    )
    workers = job.effective_workers

    def should_stop() -> bool:
        return time.monotonic() >= interrupt.deadline - _SECONDS_TO_WRITE

    if workers > 1:
        with suppress(OSError, RuntimeError):  # what a process, a thread that cannot be started raises
            if job.effective_pool is Pool.PROCESSES:
                from logmatch.run.processes import ProcessExecutor

                return ProcessExecutor(spec, workers, buffers, job.effective_start_method, waiter.descriptors)
            from logmatch.run.threads import ThreadExecutor

            return ThreadExecutor(spec, workers, buffers, should_stop)
    from logmatch.run.inline import InlineExecutor

    return InlineExecutor(spec, buffers, should_stop)
