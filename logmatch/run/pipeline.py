"""
Pipeline: runs a job: inputs -> tasks -> workers -> outputs. Only this package knows about workers and signals.

Every worker does the same: it takes the next task, which it reads itself (`reader`), makes parts of it, and brings each
into the order (`order`), in which it is written. Lines and records so stay near the core that works on them, and no
thread is busy with anything else. A single worker is the thread that runs the job; several are threads (`threads`), and
for an engine that needs the GIL each of these has a process that does its work (`processes`).

What a worker holds is bounded in bytes, and what is put aside in parts; so memory is bounded whatever the input and
however slow the reader of the output. An interrupt is a flag and a descriptor that all waiting watches; nothing is
raised in the middle of something else.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from logmatch.engine import default_name
from logmatch.errors import InputError, OutputClosedError, WorkerError
from logmatch.input.framing import Buffers
from logmatch.interrupt import Interrupt
from logmatch.output.format import OpenOutput
from logmatch.run.job import Job, Pool, Unmatched
from logmatch.run.order import Order
from logmatch.run.preflight import check_files
from logmatch.run.reader import TaskReader
from logmatch.run.tally import Tally
from logmatch.run.task import PartMaker, Task, steps
from logmatch.run.wait import GraceExpired, Waiter
from logmatch.run.worker import Part, Spaces, Worker, WorkerSpec

if TYPE_CHECKING:
    from logmatch.run.processes import ProcessPool

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
"""What asks a run to end: what is done is written, and the output ends with a whole record."""

_SECONDS_TO_WRITE = 0.3
"""How long before an interrupt's grace ends workers give what they have."""


class ProgressListener(Protocol):
    """Is told how a run goes, in this process, by one thread at a time. It must be quick, and start no threads."""

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
        self._listener_lock = Lock()
        self._waiter = Waiter(interrupt)
        self._spaces = Spaces()
        self._outputs: list[OpenOutput] = []
        self._reader = TaskReader(job, Buffers(), interrupt, self._waiter, self._input_failed)
        self._order: Order
        self._spec = WorkerSpec(
            job.program,
            job.engine,
            job.record_options,
            separate_unmatched=job.separate_unmatched,
            drop_unmatched=job.unmatched is Unmatched.DROP,
            blank_lines=job.blank_lines,
            counts_kinds=job.counts_kinds,
            format=job.format,
            times=job.times,
            rules=job.rules,
            choice=job.choice,
        )
        self.tally = Tally()
        self.input_errors: list[InputError] = []
        self.partial_records = 0
        self.workers = job.effective_workers

    def do(self) -> None:
        """Do all of it; whatever happens, outputs are closed and workers ended."""
        job = self._job
        with ExitStack() as stack:
            stack.callback(self._waiter.close)
            check_files(job.inputs, job.files)
            # First, so that processes do not inherit what is opened later.
            pool = self._start_processes()
            if pool is not None:
                stack.callback(pool.close)
                self.workers = len(pool.workers)
            worker = Worker(self._spec) if pool is None else None
            for output, format_ in zip(job.outputs, (job.format, job.format.of_unmatched), strict=False):
                opened = format_.open_output(
                    output.path, self._interrupt, job.program, job.record_options, line_buffered=job.line_buffered
                )
                stack.push(opened.__exit__)
                self._outputs.append(opened)
                self._waiter.add(opened)
            self._order = Order(self._write, self.workers)
            stack.callback(self._reader.close)
            with suppress(GraceExpired):
                if worker is None:
                    assert pool is not None
                    self._work_in_threads(pool.workers.__getitem__)
                elif self.workers == 1:
                    self._work(worker)
                else:
                    self._work_in_threads(lambda number: Worker(self._spec, worker.engine) if number else worker)
            self.tally.left_out += self._reader.left_out
            for opened in self._outputs:
                opened.finish()

    def _start_processes(self) -> ProcessPool | None:
        """The processes that work, if some are to and can."""
        job = self._job
        if self.workers > 1 and job.effective_pool is Pool.PROCESSES:
            from logmatch.run.processes import ProcessPool

            with suppress(OSError):
                return ProcessPool(self._spec, self.workers, job.effective_start_method, self._waiter, self._interrupt)
            self.workers = 1
        return None

    def _work_in_threads(self, worker_of: Callable[[int], PartMaker]) -> None:
        """Have workers work in threads; in this one where there can be no other."""
        from logmatch.run.threads import WorkerThreads

        threads = WorkerThreads(lambda number, begun: self._work(worker_of(number), begun), self.workers, self._waiter)
        if threads.run(self._order.end):
            self.workers = threads.count
        else:
            self.workers = 1
            self._work(worker_of(0))

    def _work(self, worker: PartMaker, begun: Callable[[], None] = lambda: None) -> None:
        """
        Have *worker* take tasks and work on them until there are no more.

        Args:
            begun: is called when it has got a task.
        """
        while (task := self._reader.next_task()) is not None:
            begun()
            for step in steps(worker, task, self._spaces, self._should_stop):
                if step is None:
                    self._reader.give_back(task)
                self._order.put(task, step)

    def _should_stop(self) -> bool:
        """Whether workers are to give what they have."""
        return self._order.is_over or time.monotonic() >= self._interrupt.deadline - _SECONDS_TO_WRITE

    def _write(self, task: Task, part: Part) -> None:
        """Write *part* of *task*, which is next in the order."""
        # Without a file of their own, records of unmatched lines stand in the output or do not exist: it is alone.
        for output, records in zip(self._outputs, (part.output, part.unmatched), strict=False):
            written = output.write(records)
            if written < len(records):
                self.partial_records += output.count_records(records[:written])
                raise GraceExpired
        self._spaces.give_back(part.space)
        self.tally.add(part.tally)
        if self._listener is not None:
            place = max(0, part.chunks_done - 1)
            with self._listener_lock:
                self._listener.progress(self.tally, task.chunks[place].position, task.file_indices[place])

    def _input_failed(self, error: InputError) -> None:
        self.input_errors.append(error)
        if self._listener is not None:
            with self._listener_lock:
                self._listener.input_failed(error)
