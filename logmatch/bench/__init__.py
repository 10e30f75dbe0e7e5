"""
Bench: what it costs to turn given lines into records, measured, and checked.

Every task goes the whole way, from files to an output file: reading, matching, extraction, encoding and writing are
included, and so is making engines ready for the templates; starting Python and reading template files are not. A
*round* runs every task once, one after the other, so that what else the machine does hits all alike; ratios are taken
within a round. (The scaling section leaves out what is done once for a run: see `figures.SteadyRun`.)

    corpus      the lines: the user's, or made from the samples
    apart       a task in a process of its own
    plain_loop  what a person would write in Python instead
    synthetic   made templates and lines for the scaling section
    scaling     that section
    agreement   the answers are compared
    figures     what was measured, as values
    tables      the figures as tables and bars of text
    show        these on a terminal, or as Markdown

Not its business: how logmatch does the work (`pipeline.run` is called as `parse` calls it), and options.
"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from logmatch.bench.agreement import check_copy, check_lines, check_same
from logmatch.bench.apart import COPY, CopyTask, PlainTask, Task, run_apart
from logmatch.bench.corpus import Prepared, Wanted, prepare
from logmatch.bench.figures import BenchReport, Machine, Measurement, Run, Scaling
from logmatch.bench.plain_loop import PLAIN_LOOP, is_plain
from logmatch.bench.scaling import measure_scaling
from logmatch.bench.synthetic import COUNTS
from logmatch.engine import NAMES, available, default_name, make_engine, why_not_native
from logmatch.errors import UsageError
from logmatch.input.chunk import Input
from logmatch.run.job import Job, available_workers

SAMPLE_LINES = {"native": 400_000, "portable": 100_000, "reference": 2_000}
"""Engine -> how many lines there are when no file is named: a second of it, or a few."""

ENGINE_LINES = 400_000
"""How many lines the engines and the plain loop have side by side, at most: some seconds of the plain loop."""

REPEATS = 3
"""How many rounds there are."""

SLOW_ENGINES = frozenset({"reference"})
"""Engines that are measured on a part of the lines."""

EVERY_COUNT_TO = 4
"""Up to which number of workers every number is measured; beyond it only doublings, and the number asked for."""

Observer = Callable[[str], None]
"""Is told something in a few words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchRequest:
    """
    What to measure. Raises `UsageError` where the values make no sense.

    Without `files` the lines are made from the built-in samples, and the templates are theirs.
    """

    files: tuple[str, ...] = ()
    """Files, directories, "-"."""
    templates: tuple[str, ...] = ()
    """Template files and directories of them."""
    header: str | None = None
    engine: str = "auto"
    workers: int = field(default_factory=available_workers)
    """The largest number of workers."""
    scaling: bool | None = None
    """Whether there is a scaling section; None: where there are no files, and the engine is not a slow one."""
    repeats: int = REPEATS
    sample_lines: int | None = None
    """How many lines to make when there are no files; None: what suits the engine."""
    engine_lines: int = ENGINE_LINES
    """How many lines the engines have side by side, at most."""
    reference_lines: int | None = None
    """How many lines slow engines get; None: as many as take them about a second."""
    scaling_counts: tuple[int, ...] = COUNTS
    """The numbers of templates of the scaling section."""
    scaling_size: int | None = None
    """Bytes of a file of short lines there; None: what suits the engine."""

    def __post_init__(self) -> None:
        numbers = {
            "the number of workers": self.workers,
            "the number of rounds": self.repeats,
            "the number of lines to make": self.sample_lines,
            "the number of lines for engines": self.engine_lines,
            "the number of lines for slow engines": self.reference_lines,
            "the size of files of the scaling section": self.scaling_size,
            "the smallest number of templates": min(self.scaling_counts, default=0),
        }
        for what, value in numbers.items():
            if value is not None and value < 1:
                raise UsageError(f"{what} is {value}", hint="use 1 or more")
        if self.engine not in NAMES:
            raise UsageError(f"there is no engine {self.engine!r}", hint=f"the engines are {', '.join(NAMES)}")
        if self.files and not self.templates:
            raise UsageError("there are no templates for these files", hint="name a template file with -t")
        if self.templates and not self.files:
            hint = "name the log files, or leave the templates out to measure the built-in samples"
            raise UsageError("there are templates but no lines", hint=hint)
        if self.scaling and self.engine in SLOW_ENGINES:
            hint = "choose another engine, or leave the section out with --no-scaling"
            raise UsageError(f"the {self.engine} engine is too slow for the scaling section", hint=hint)

    @property
    def has_scaling(self) -> bool:
        """Whether there is a scaling section."""
        return self.scaling if self.scaling is not None else not self.files and self.engine not in SLOW_ENGINES


def _ignore(text: str) -> None:
    pass


def run_bench(request: BenchRequest, observer: Observer = _ignore, engine_observer: Observer = _ignore) -> BenchReport:
    """
    Measure what *request* says, and return the figures.

    All that it makes is in a temporary directory: where inputs are not plain files of lines (stdin, compressed, UTF-16)
    the unpacked lines too, since unpacking is not what is measured. The page cache holds the inputs, as far as it can.

    Args:
        observer: is told what is being done now.
        engine_observer: is told once which engine is measured, and why not the native one.

    Raises:
        DisagreementError: two runs that must have the same answer had not.
        LogmatchError: the lines or templates could not be read, or a run failed.
    """
    with _sigterm_leaves_nothing(), tempfile.TemporaryDirectory(prefix="logmatch-bench-") as directory:
        observer("preparing the lines")
        wanted = Wanted(
            files=request.files,
            templates=request.templates,
            header=request.header,
            sample_lines=request.sample_lines or SAMPLE_LINES[_chosen(request.engine)],
            engine_lines=request.engine_lines,
            reference_lines=request.reference_lines,
        )
        return _Bench(request, prepare(wanted, directory), directory, observer, engine_observer).report()


@contextmanager
def _sigterm_leaves_nothing() -> Iterator[None]:
    """Have SIGTERM end the process as an exception does: what was made is removed, a measured process is ended."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    previous = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


_Key = tuple[str, int]
"""The name of an engine, or of what is measured in place of one, and the number of workers."""


class _Bench:
    """A benchmark being done."""

    def __init__(
        self, request: BenchRequest, prepared: Prepared, directory: str, tell: Observer, tell_engine: Observer
    ) -> None:
        self._request = request
        self._prepared = prepared
        self._directory = directory
        self._output = os.path.join(directory, "output")
        self._tell = tell
        self._machine = Machine.this()
        self._engine = make_engine(prepared.program, request.engine).name
        self._why_not_native = why_not_native() if request.engine == "auto" else None
        tell_engine(f"{self._engine} engine{f': {self._why_not_native}' if self._why_not_native else ''}")
        self._engines = [self._engine, *(name for name in available() if name != self._engine)]
        self._counts = worker_counts(request.workers)
        self._on_part = SLOW_ENGINES - {self._engine}  # who wants the workers of a slow engine measured gets that

    def report(self) -> BenchReport:
        """Measure, compare the answers, and put the figures together."""
        workers = {(self._engine, count): self._job(self._engine, workers=count) for count in self._counts}
        side_by_side = self._side_by_side()
        copy = CopyTask(_names(self._prepared.inputs), self._output)
        # Tasks whose figures are compared stand side by side.
        all_runs = self._rounds([((COPY, 1), copy), *workers.items()], [*side_by_side.items()])
        of_workers, of_engines = all_runs
        copied = of_workers.pop((COPY, 1))
        if self._prepared.has_all_side_by_side:
            of_engines = {(self._engine, 1): of_workers[self._engine, 1], **of_engines}
        plain = of_engines.pop((PLAIN_LOOP, 1))
        self._check(of_workers, of_engines, copied, plain)
        return BenchReport(
            machine=self._machine,
            corpus=self._prepared.corpus,
            engine=self._engine,
            why_not_native=self._why_not_native,
            workers=tuple(of_workers.values()),
            copy=copied,
            engines=tuple(of_engines.values()),
            plain_loop=plain,
            plain_templates=sum(map(is_plain, self._prepared.templates)),
            scaling=self._scaling(),
        )

    def _job(self, engine: str, inputs: tuple[Input, ...] | None = None, workers: int = 1) -> Job:
        return Job(
            program=self._prepared.program,
            inputs=self._prepared.inputs if inputs is None else inputs,
            engine=engine,
            workers=workers,
            output=self._output,
        )

    def _side_by_side(self) -> dict[_Key, Task]:
        """One worker of each engine, and the plain loop; what is measured on all lines anyway is left out."""
        prepared = self._prepared
        tasks: dict[_Key, Task] = {
            (name, 1): self._job(name, prepared.part if name in self._on_part else prepared.side_by_side)
            for name in self._engines
            if name != self._engine or not prepared.has_all_side_by_side
        }
        tasks[PLAIN_LOOP, 1] = PlainTask(prepared.templates, _names(prepared.side_by_side), self._output)
        return tasks

    def _rounds(self, *sections: Sequence[tuple[_Key, Task]]) -> list[dict[_Key, Measurement]]:
        """The measurements of each section, whose keys may be those of another section too."""
        runs: list[dict[_Key, list[Run]]] = [{key: [] for key, _ in section} for section in sections]
        for number in range(1, self._request.repeats + 1):
            for section, of_section in zip(sections, runs, strict=True):
                for key, task in section:
                    self._tell(f"round {number} of {self._request.repeats}: {_task_name(*key)}")
                    of_section[key].append(run_apart(task))
        return [{key: Measurement(*key, tuple(each)) for key, each in section.items()} for section in runs]

    def _check(
        self,
        of_workers: dict[_Key, Measurement],
        of_engines: dict[_Key, Measurement],
        copied: Measurement,
        plain: Measurement,
    ) -> None:
        check_same(_named(of_workers.values()))
        whole = [each for (name, _), each in of_engines.items() if name not in self._on_part]
        check_same(_named(whole))
        of_part = [each for (name, _), each in of_engines.items() if name in self._on_part]
        if of_part:
            self._tell(f"checking the answers of {' and '.join(each.name for each in of_part)}")
            again = [(each.name, run_apart(self._job(each.name, self._prepared.part))) for each in whole]
            check_same([*again, *_named(of_part)])
        check_lines(plain.best.lines, whole[0].best.lines)
        for run in copied.runs:
            check_copy(run, self._prepared.corpus.bytes)

    def _scaling(self) -> Scaling | None:
        if not self._request.has_scaling:
            return None
        request = self._request
        directory = os.path.join(self._directory, "scaling")
        os.mkdir(directory)
        counts, size = request.scaling_counts, request.scaling_size
        return measure_scaling(self._engine, counts, request.repeats, directory, self._tell, size)


def _chosen(engine: str) -> str:
    """The name of the engine that *engine* stands for."""
    return default_name() if engine == "auto" else engine


def worker_counts(most: int) -> list[int]:
    """The numbers of workers to measure: 1 to *most*, of large numbers only doublings and *most* itself."""
    counts = {*range(1, min(most, EVERY_COUNT_TO) + 1), most}
    count = EVERY_COUNT_TO
    while count < most:
        counts.add(count)
        count *= 2
    return sorted(counts)


def _names(inputs: Sequence[Input]) -> tuple[str, ...]:
    return tuple(each.name for each in inputs)


def _task_name(name: str, workers: int) -> str:
    return f"{name}, {workers} workers" if workers > 1 else name


def _named(measurements: Iterable[Measurement]) -> list[tuple[str, Run]]:
    return [(_task_name(each.name, each.workers), run) for each in measurements for run in each.runs]
