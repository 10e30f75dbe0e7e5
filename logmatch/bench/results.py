"""
Results: what was measured: runs, measurements, and a report of all of them. Values that add nothing to the times that
they were given but ratios.

A *run* is one thing done once. A *measurement* is all its runs, one in each round; its rates are those of the
fastest run, its ratios to another measurement the median of the ratios within a round. A *cell* is a measurement of the
scaling section.

Not its business: how a run is made (`isolated`), and how results look (`tables`).
"""

from __future__ import annotations

import os
import platform
import statistics
from dataclasses import dataclass, replace
from typing import Any

from logmatch import __version__
from logmatch.run.cores import available_workers


@dataclass(frozen=True, slots=True)
class Machine:
    """What the figures depend on besides logmatch."""

    cores: int
    """How many cores this process may use."""
    python: str
    system: str
    load: float
    """Load average of the last minute when the benchmark began: what else there was to do."""
    logmatch: str

    @classmethod
    def this(cls) -> Machine:
        """The machine that runs this."""
        return cls(
            cores=available_workers(),
            python=f"{platform.python_implementation()} {platform.python_version()}",
            system=f"{platform.system()} {platform.machine()}",
            load=round(os.getloadavg()[0], 2),
            logmatch=__version__,
        )


@dataclass(frozen=True, slots=True)
class Corpus:
    """The lines and templates that are measured."""

    name: str
    """The files as the user named them, or how the lines were made."""
    lines: int
    bytes: int
    """Of whole lines, decompressed."""
    templates: int
    variants: int


@dataclass(frozen=True, slots=True)
class Run:
    """One run of what is measured."""

    seconds: float
    """Wall time."""
    cpu_seconds: float
    """Of the process and of its workers, user and system."""
    workers: int
    """How many there were: fewer than asked for where the inputs are small."""
    lines: int
    """0 where lines are not looked for: a copy."""
    matched: int
    bytes_in: int
    bytes_out: int
    digest: str
    """SHA-256 of the output."""
    peak_parent: int
    """Largest memory (resident set) of the process, in bytes."""
    peak_child: int
    """The same of its largest child; 0 without children."""

    @property
    def bytes_per_second(self) -> float:
        """Bytes of input in a second."""
        return self.bytes_in / self.seconds

    @property
    def peak_together(self) -> int:
        """
        The process and all its workers, in bytes, at most: each worker taken for as large as the largest, and what they
        share counted for each.
        """
        return self.peak_parent + self.workers * self.peak_child


@dataclass(frozen=True, slots=True)
class Measurement:
    """All runs of one thing, in the order of the rounds. Its rates are those of the fastest run."""

    name: str
    """The engine, or what is measured in place of one: `PLAIN_LOOP`, `COPY`."""
    workers: int
    runs: tuple[Run, ...]

    @property
    def best(self) -> Run:
        """The fastest run."""
        return min(self.runs, key=lambda run: run.seconds)

    @property
    def seconds(self) -> float:
        """Wall time of the fastest run."""
        return self.best.seconds

    @property
    def median_seconds(self) -> float:
        """Median of the wall times."""
        return statistics.median(run.seconds for run in self.runs)

    @property
    def matched_share(self) -> float:
        """The share of lines that matched, 0 to 1."""
        return self.best.matched / self.best.lines

    @property
    def lines_per_second(self) -> float:
        """Of the fastest run, as all rates."""
        return self.best.lines / self.seconds

    @property
    def lines_per_cpu_second(self) -> float:
        """Lines in a second of processor time of all its processes together."""
        return self.best.lines / self.best.cpu_seconds

    @property
    def megabytes_in_per_second(self) -> float:
        """Millions of bytes of lines."""
        return self.best.bytes_in / 1e6 / self.seconds

    @property
    def megabytes_out_per_second(self) -> float:
        """Millions of bytes of records."""
        return self.best.bytes_out / 1e6 / self.seconds

    @property
    def peak_parent(self) -> int:
        """Of all runs, in bytes; so the others."""
        return max(run.peak_parent for run in self.runs)

    @property
    def peak_child(self) -> int:
        """The largest worker; 0 where the process itself is the worker."""
        return max(run.peak_child for run in self.runs)

    @property
    def peak_together(self) -> int:
        """See `Run.peak_together`."""
        return max(run.peak_together for run in self.runs)

    def times(self, other: Measurement) -> float:
        """How many times as many lines per second as *other* it does: the median of the rounds."""
        return statistics.median(
            (mine.lines / mine.seconds) / (its.lines / its.seconds)
            for mine, its in zip(self.runs, other.runs, strict=True)
        )

    def times_by_cpu(self, other: Measurement) -> float:
        """The same by processor time, which suffers less from what else the machine does."""
        return statistics.median(
            (mine.lines / mine.cpu_seconds) / (its.lines / its.cpu_seconds)
            for mine, its in zip(self.runs, other.runs, strict=True)
        )

    def times_by_bytes(self, other: Measurement) -> float:
        """How many times as many bytes of input per second as *other* it does: the median of the rounds."""
        return statistics.median(
            mine.bytes_per_second / its.bytes_per_second for mine, its in zip(self.runs, other.runs, strict=True)
        )

    def to_dict(self) -> dict[str, Any]:
        """The figures as what JSON can hold."""
        best = self.best
        return {
            "name": self.name,
            "workers": self.workers,
            "workers_busy": best.workers,
            "lines": best.lines,
            "matched": best.matched,
            "matched_share": self.matched_share,
            "bytes_in": best.bytes_in,
            "bytes_out": best.bytes_out,
            "rounds_seconds": [run.seconds for run in self.runs],
            "seconds": self.seconds,
            "median_seconds": self.median_seconds,
            "lines_per_second": self.lines_per_second,
            "median_lines_per_second": best.lines / self.median_seconds,
            "megabytes_in_per_second": self.megabytes_in_per_second,
            "megabytes_out_per_second": self.megabytes_out_per_second,
            "cpu_seconds": best.cpu_seconds,
            "lines_per_cpu_second": self.lines_per_cpu_second,
            "peak_parent_bytes": self.peak_parent,
            "peak_child_bytes": self.peak_child,
            "peak_together_bytes_at_most": self.peak_together,
        }


# --- the scaling section


@dataclass(frozen=True, slots=True)
class CellKey:
    """What the lines of a cell are."""

    length: str
    """"short" or "long"."""
    style: str
    """What the templates have in common: see `synthetic.STYLES`."""
    matching: bool
    """Whether every line matches; else none does."""
    templates: int

    def __str__(self) -> str:
        kind = "that match" if self.matching else "that match nothing"
        return f"{self.length} lines {kind}, {self.templates:,} templates, {self.style}"


@dataclass(frozen=True, slots=True)
class SteadyRun:
    """
    One run of a cell, which reads the same file several times. What comes after the first time is measured: all that
    is done for lines, and nothing that is done once for a run or for a template.
    """

    lines: int
    """All, those of the first time included; so the next three."""
    matched: int
    bytes_in: int
    bytes_out: int
    steady_lines: int
    """After the first time; so the next two."""
    steady_bytes_in: int
    steady_bytes_out: int
    steady_seconds: float
    seconds: float
    """Of the whole run."""
    digest: str
    """SHA-256 of the output."""

    @property
    def lines_per_second(self) -> float:
        """After the first time."""
        return self.steady_lines / self.steady_seconds

    @property
    def start_seconds(self) -> float:
        """What the run took besides: the engine is made ready for the templates."""
        return max(0.0, self.seconds - self.lines / self.lines_per_second)


@dataclass(frozen=True, slots=True)
class Cell:
    """All runs on lines of one kind, in the order of the rounds."""

    key: CellKey
    runs: tuple[SteadyRun, ...]

    @property
    def best(self) -> SteadyRun:
        """The fastest run."""
        return max(self.runs, key=lambda run: run.lines_per_second)

    @property
    def lines_per_second(self) -> float:
        """Of the fastest run, as all rates."""
        return self.best.lines_per_second

    @property
    def matched_share(self) -> float:
        """1 or 0."""
        return self.best.matched / self.best.lines

    @property
    def megabytes_in_per_second(self) -> float:
        """Millions of bytes of lines."""
        return self.best.steady_bytes_in / 1e6 / self.best.steady_seconds

    @property
    def megabytes_out_per_second(self) -> float:
        """Millions of bytes of records."""
        return self.best.steady_bytes_out / 1e6 / self.best.steady_seconds

    @property
    def start_seconds(self) -> float:
        """Median of the rounds."""
        return statistics.median(run.start_seconds for run in self.runs)

    def times(self, other: Cell) -> float:
        """How many times as many lines per second as *other* it does: the median of the rounds."""
        return statistics.median(
            mine.lines_per_second / its.lines_per_second for mine, its in zip(self.runs, other.runs, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Scaling:
    """Made lines and templates, one worker: how the number of templates shows, and lines that match nothing."""

    cells: tuple[Cell, ...]
    """By length, style, matching, and then number of templates."""

    def _cell(self, key: CellKey) -> Cell:
        return next(cell for cell in self.cells if cell.key == key)

    @property
    def fewest(self) -> int:
        """The smallest number of templates."""
        return min(cell.key.templates for cell in self.cells)

    @property
    def most(self) -> int:
        """The largest number of templates."""
        return max(cell.key.templates for cell in self.cells)

    def times_fewest(self, cell: Cell) -> float:
        """Against the same lines with the smallest number of templates."""
        return cell.times(self._cell(replace(cell.key, templates=self.fewest)))

    def times_matching(self, cell: Cell) -> float:
        """Against lines that match the same templates."""
        return cell.times(self._cell(replace(cell.key, matching=True)))

    def to_list(self) -> list[dict[str, Any]]:
        """The cells as what JSON can hold."""
        return [
            {
                "length": cell.key.length,
                "style": cell.key.style,
                "matching": cell.key.matching,
                "templates": cell.key.templates,
                "lines": cell.best.lines,
                "matched": cell.best.matched,
                "matched_share": cell.matched_share,
                "bytes_in": cell.best.bytes_in,
                "bytes_out": cell.best.bytes_out,
                "rounds_lines_per_second": [run.lines_per_second for run in cell.runs],
                "lines_per_second": cell.lines_per_second,
                "megabytes_in_per_second": cell.megabytes_in_per_second,
                "megabytes_out_per_second": cell.megabytes_out_per_second,
                "start_seconds": cell.start_seconds,
                "times_fewest_templates": self.times_fewest(cell),
                "times_matching": self.times_matching(cell),
            }
            for cell in self.cells
        ]


# --- all of it


@dataclass(frozen=True, slots=True)
class BenchReport:
    """What `run_bench` found."""

    machine: Machine
    corpus: Corpus
    engine: str
    """The engine whose workers are measured."""
    why_not_native: str | None
    """Why that is not the native one, where nobody chose it; None where it is, or where somebody did."""
    workers: tuple[Measurement, ...]
    """That engine by number of workers, on all lines; the first is one worker."""
    copy: Measurement
    """The files copied as they are."""
    engines: tuple[Measurement, ...]
    """Each engine that is there, with one worker, on the first lines; the chosen one first."""
    plain_loop: Measurement
    """On the lines that the chosen engine had among `engines`."""
    plain_templates: int
    """How many of the templates the plain loop could make use of; the others have groups within a `/regex/` field."""
    scaling: Scaling | None
    """None where it was not asked for."""

    @property
    def one_worker(self) -> Measurement:
        """The chosen engine with one worker, on all lines."""
        return self.workers[0]

    def speed_up(self, measurement: Measurement) -> float:
        """How much faster it is than one worker."""
        return measurement.times(self.one_worker)

    def to_dict(self) -> dict[str, Any]:
        """The report as what JSON can hold."""
        copied = self.copy.best
        return {
            "machine": _plain(self.machine),
            "corpus": _plain(self.corpus),
            "engine": self.engine,
            "why_not_native": self.why_not_native,
            "rounds": len(self.plain_loop.runs),
            "workers": [
                {
                    **each.to_dict(),
                    "speed_up": self.speed_up(each),
                    "efficiency": self.speed_up(each) / each.workers,
                    "times_copy": each.times_by_bytes(self.copy),
                }
                for each in self.workers
            ],
            "copy": {
                "bytes": copied.bytes_in,
                "rounds_seconds": [run.seconds for run in self.copy.runs],
                "seconds": self.copy.seconds,
                "megabytes_per_second": self.copy.megabytes_in_per_second,
            },
            "engines": [
                {
                    **each.to_dict(),
                    "times_plain_loop": each.times(self.plain_loop),
                    "times_plain_loop_by_cpu": each.times_by_cpu(self.plain_loop),
                }
                for each in self.engines
            ],
            "plain_loop": {**self.plain_loop.to_dict(), "templates": self.plain_templates},
            "scaling": None if self.scaling is None else self.scaling.to_list(),
        }


def _plain(value: Machine | Corpus) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}
