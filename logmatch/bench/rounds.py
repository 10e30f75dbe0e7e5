"""
Rounds: what a benchmark does, and the report of it.

In each round everything is measured once, one after the other; then the answers are compared.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from logmatch.bench.corpus import Prepared, Wanted, prepare
from logmatch.bench.isolated import COPY, CopyTask, Measured, PlainTask, run_isolated
from logmatch.bench.plain_loop import PLAIN_LOOP, is_plain
from logmatch.bench.request import SLOW_ENGINES, BenchRequest
from logmatch.bench.results import BenchReport, Machine, Measurement, Run, Scaling
from logmatch.bench.scaling import measure_scaling
from logmatch.bench.verify import check_copy, check_lines, check_same
from logmatch.bench.workspace import workspace
from logmatch.engine import available, default_name, make_engine, why_not_native
from logmatch.input.resolve import Input
from logmatch.run.job import Job

SAMPLE_LINES = {"native": 400_000, "portable": 100_000, "reference": 2_000}
"""Engine -> how many lines there are when no file is named: a second of it, or a few."""

EVERY_COUNT_TO = 4
"""Up to which number of workers every number is measured; beyond it only doublings, and the number asked for."""

StatusCallback = Callable[[str], None]
"""Is told what is being done, in a few words."""


def _ignore(text: str) -> None:
    pass


def run_bench(
    request: BenchRequest, on_status: StatusCallback = _ignore, on_engine: StatusCallback = _ignore
) -> BenchReport:
    """
    Measure what *request* says, and return the results.

    All that it makes is in a temporary directory: where inputs are not plain files of lines (stdin, compressed, UTF-16)
    the unpacked lines too, since unpacking is not what is measured. The page cache holds the inputs, as far as it can.

    Args:
        on_status: is told what is being done now.
        on_engine: is told once which engine is measured, and why not the native one.

    Raises:
        DisagreementError: two runs that must have the same answer had not.
        LogmatchError: the lines or templates could not be read, or a run failed.
    """
    with workspace() as directory:
        on_status("preparing the lines")
        wanted = Wanted(
            files=request.files,
            templates=request.templates,
            patterns=request.patterns,
            header=request.header,
            sample_lines=request.sample_lines or SAMPLE_LINES[_chosen(request.engine)],
            engine_lines=request.engine_lines,
            reference_lines=request.reference_lines,
        )
        return _Rounds(request, prepare(wanted, directory), directory, on_status, on_engine).report()


_Key = tuple[str, int]
"""The name of an engine, or of what is measured in place of one, and the number of workers."""


class _Rounds:
    """A benchmark under way."""

    def __init__(
        self,
        request: BenchRequest,
        prepared: Prepared,
        directory: str,
        on_status: StatusCallback,
        on_engine: StatusCallback,
    ) -> None:
        self._request = request
        self._prepared = prepared
        self._directory = directory
        self._output = os.path.join(directory, "output")
        self._tell = on_status
        self._machine = Machine.this()
        self._engine = make_engine(prepared.program, request.engine).name
        self._why_not_native = why_not_native() if request.engine == "auto" else None
        on_engine(f"{self._engine} engine{f': {self._why_not_native}' if self._why_not_native else ''}")
        self._engines = [self._engine, *(name for name in available() if name != self._engine)]
        self._counts = worker_counts(request.workers)
        self._on_part = SLOW_ENGINES - {self._engine}  # who wants the workers of a slow engine measured gets that

    def report(self) -> BenchReport:
        """Measure, compare the answers, and put the results together."""
        workers = {(self._engine, count): self._job(self._engine, workers=count) for count in self._counts}
        side_by_side = self._side_by_side()
        copy = CopyTask(_names(self._prepared.inputs), self._output)
        # Those whose figures are compared are run side by side.
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

    def _side_by_side(self) -> dict[_Key, Measured]:
        """One worker of each engine, and the plain loop; what is measured on all lines anyway is left out."""
        prepared = self._prepared
        side_by_side: dict[_Key, Measured] = {
            (name, 1): self._job(name, prepared.part if name in self._on_part else prepared.side_by_side)
            for name in self._engines
            if name != self._engine or not prepared.has_all_side_by_side
        }
        side_by_side[PLAIN_LOOP, 1] = PlainTask(prepared.templates, _names(prepared.side_by_side), self._output)
        return side_by_side

    def _rounds(self, *sections: Sequence[tuple[_Key, Measured]]) -> list[dict[_Key, Measurement]]:
        """The measurements of each section, whose keys may be those of another section too."""
        runs: list[dict[_Key, list[Run]]] = [{key: [] for key, _ in section} for section in sections]
        for number in range(1, self._request.repeats + 1):
            for section, of_section in zip(sections, runs, strict=True):
                for key, measured in section:
                    self._tell(f"round {number} of {self._request.repeats}: {_title(*key)}")
                    of_section[key].append(run_isolated(measured))
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
            again = [(each.name, run_isolated(self._job(each.name, self._prepared.part))) for each in whole]
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


def _title(name: str, workers: int) -> str:
    return f"{name}, {workers} workers" if workers > 1 else name


def _named(measurements: Iterable[Measurement]) -> list[tuple[str, Run]]:
    return [(_title(each.name, each.workers), run) for each in measurements for run in each.runs]
