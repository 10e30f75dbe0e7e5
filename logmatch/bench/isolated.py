"""
Isolated: what is measured runs in a process of its own, so that memory and processor time are its own.

That is a job of logmatch, the plain loop, a copy, or the jobs of some cells of the scaling section. Its output is
hashed, so that answers can be compared, and removed.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from logmatch.bench.plain_loop import PlainLoop
from logmatch.bench.results import Run, SteadyRun
from logmatch.errors import InputError, LogmatchError, WorkerError
from logmatch.run.job import Job
from logmatch.run.tally import Tally
from logmatch.templates.template import Template

if TYPE_CHECKING:
    from logmatch.run.pipeline import Outcome

COPY = "copy"
"""What a copy is called among engines."""

COPY_BLOCK = 1 << 20
"""Bytes that a copy reads and writes at once."""


@dataclass(frozen=True, slots=True)
class PlainTask:
    """The plain loop over files."""

    templates: tuple[Template, ...]
    files: tuple[str, ...]
    output: str


@dataclass(frozen=True, slots=True)
class CopyTask:
    """
    The files written one after the other to the output, a block at a time.

    What `dd if=FILE of=OUT bs=1M` does, and as fast; but dd is not the same everywhere (`1M` and several files are
    GNU's), and the time until it has started would be a part of the figure.
    """

    files: tuple[str, ...]
    output: str


@dataclass(frozen=True, slots=True)
class SteadyTask:
    """Jobs with one worker, one after the other in one process: they share a program, which is large."""

    jobs: tuple[Job, ...]

    @property
    def output(self) -> str:
        """Where all of them write."""
        return self.jobs[0].output


Measured = Job | PlainTask | CopyTask
"""One way of doing the work; picklable."""

Answer = Run | tuple[SteadyRun, ...]

# What the process is started with: it gets our import path as its arguments, what to measure on stdin. Ctrl-C
# comes to it as well as to us, who say what there is to say.
_CHILD = """\
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
sys.path[:] = sys.argv[1:]
from logmatch.bench.isolated import serve
serve()
"""


def run_isolated(measured: Measured) -> Run:
    """
    Run *measured* in a new process and return what it took; the output is removed.

    Raises what it raises, and `WorkerError` if the process dies.
    """
    answer = _ask(measured)
    assert isinstance(answer, Run)
    return answer


def run_isolated_jobs(measured: SteadyTask) -> tuple[SteadyRun, ...]:
    """As `run_isolated`; a run for each of the jobs."""
    answer = _ask(measured)
    assert isinstance(answer, tuple)
    return answer


def _ask(measured: Measured | SteadyTask) -> Answer:
    output = measured.output
    command = [sys.executable, "-c", _CHILD, *sys.path]
    try:
        # Its stderr is ours: what goes wrong there beyond `LogmatchError` should be seen.
        done = subprocess.run(command, input=pickle.dumps(measured), stdout=subprocess.PIPE, check=False)
        if done.returncode != 0:
            raise WorkerError(f"a measured process ended with status {done.returncode}")
    finally:
        if os.path.exists(output):
            os.unlink(output)
    answer: Answer | LogmatchError = pickle.loads(done.stdout)
    if isinstance(answer, LogmatchError):
        raise answer
    return answer


def serve() -> None:
    """Run what is on stdin and write its answer, or the `LogmatchError` that ended it, to stdout: both pickled."""
    measured: Measured | SteadyTask = pickle.load(sys.stdin.buffer)
    answer: Answer | LogmatchError
    try:
        answer = tuple(map(steady_run, measured.jobs)) if isinstance(measured, SteadyTask) else run_here(measured)
    except LogmatchError as error:
        answer = error
    try:
        sys.stdout.buffer.write(pickle.dumps(answer))
        sys.stdout.flush()
    except BrokenPipeError:
        os._exit(1)  # who asked has gone, and Python would say so again when it ends


# --- in that process


def run_here(measured: Measured) -> Run:
    """Run *measured* in this process; its peak memory is this process's so far."""
    work = _work_of(measured)
    cpu_before = _cpu_seconds()
    before = time.perf_counter()
    lines, matched, workers = work()
    seconds = time.perf_counter() - before
    cpu_seconds = _cpu_seconds() - cpu_before
    peaks = _peak_memory(), _peak_memory_of_children()
    files = [source.name for source in measured.inputs] if isinstance(measured, Job) else measured.files
    return Run(
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        workers=workers,
        lines=lines,
        matched=matched,
        bytes_in=sum(os.path.getsize(file) for file in files),
        bytes_out=os.path.getsize(measured.output),
        digest=_digest(measured.output),
        peak_parent=peaks[0],
        peak_child=peaks[1],
    )


def _work_of(measured: Measured) -> Callable[[], tuple[int, int, int]]:
    """What is to be timed; it gives the numbers of lines, of matched lines and of workers."""
    if isinstance(measured, PlainTask):
        return lambda: (*PlainLoop(measured.templates).run(measured.files, measured.output), 1)
    if isinstance(measured, CopyTask):
        return lambda: (_copy(measured), 0, 1)
    from logmatch.run import pipeline  # a plain loop or a copy would have it in its memory

    def work() -> tuple[int, int, int]:
        outcome = pipeline.run(measured)
        _check_outcome(outcome)
        return outcome.tally.lines, outcome.tally.matched, outcome.workers

    return work


def _copy(task: CopyTask) -> int:
    """Copy, and return the number of lines that were looked for: none."""
    block = bytearray(COPY_BLOCK)
    view = memoryview(block)
    with open(task.output, "wb", buffering=0) as output:
        for name in task.files:
            with open(name, "rb", buffering=0) as file:
                while size := file.readinto(block):
                    written = 0
                    while written < size:  # a disk that is full: the second try says so
                        written += output.write(view[written:size])
    return 0


def steady_run(job: Job) -> SteadyRun:
    """Run *job*, whose inputs are one file named several times, here; what comes after the first time is steady."""
    from logmatch.run import pipeline

    assert len(job.inputs) > 1
    clock = _FirstFileClock()
    before = time.perf_counter()
    outcome = pipeline.run(job, listener=clock)
    seconds = time.perf_counter() - before
    _check_outcome(outcome)
    tally = outcome.tally
    run = SteadyRun(
        lines=tally.lines,
        matched=tally.matched,
        bytes_in=tally.bytes_in,
        bytes_out=tally.bytes_out,
        steady_lines=tally.lines - clock.lines,
        steady_bytes_in=tally.bytes_in - clock.bytes_in,
        steady_bytes_out=tally.bytes_out - clock.bytes_out,
        steady_seconds=clock.last - clock.first,
        seconds=seconds,
        digest=_digest(job.output),
    )
    os.unlink(job.output)  # the next job writes a new file too
    return run


class _FirstFileClock:
    """When the first file had been done, what it was, and when the last one had (`pipeline.ProgressListener`)."""

    def __init__(self) -> None:
        self.lines = self.bytes_in = self.bytes_out = 0
        self.first = self.last = 0.0

    def progress(self, tally: Tally, position: int, file_index: int) -> None:
        """See `pipeline.ProgressListener`."""
        self.last = time.perf_counter()
        if file_index == 0:
            self.lines, self.bytes_in, self.bytes_out = tally.lines, tally.bytes_in, tally.bytes_out
            self.first = self.last

    def input_failed(self, error: InputError) -> None:
        """See `pipeline.ProgressListener`; the outcome has the error as well."""


def _check_outcome(outcome: Outcome) -> None:
    if outcome.input_errors:
        raise outcome.input_errors[0]
    if outcome.interrupted_by is not None:
        raise WorkerError(f"a measured process was ended by {outcome.interrupted_by.name}")


def _digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _cpu_seconds() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _peak_memory() -> int:
    # On Linux ru_maxrss counts what the process was before it became this program (the parent's memory, with vfork).
    try:
        with open("/proc/self/status", "rb") as status:
            peak = re.search(rb"^VmHWM:\s*(\d+) kB", status.read(), re.MULTILINE)
    except OSError:
        peak = None
    return int(peak[1]) * 1024 if peak else _maxrss(resource.RUSAGE_SELF)


def _peak_memory_of_children() -> int:
    return _maxrss(resource.RUSAGE_CHILDREN)


def _maxrss(who: int) -> int:
    largest = resource.getrusage(who).ru_maxrss
    return largest if sys.platform == "darwin" else largest * 1024  # getrusage(2): bytes there, else KiB
