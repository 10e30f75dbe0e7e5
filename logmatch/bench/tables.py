"""
Tables: the results as text: sentences, sheets and a chart. Values; how they are shown is `report`'s business.

Every figure comes with what it is for: lines, templates, share of matched lines, machine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from logmatch.bench.plain_loop import PLAIN_LOOP
from logmatch.bench.results import BenchReport, Cell, Measurement, Scaling
from logmatch.bench.synthetic import LENGTHS

MIB = 1 << 20

LEAST_SECONDS = 0.1
"""A shorter run is for the most part its start."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a sheet."""

    name: str
    cells: tuple[str, ...]
    rank: int = 0
    """Where there is no room, columns of a higher rank are left out first, those of rank 0 never."""
    is_text: bool = False
    """Whether it begins at its left; numbers end at their right."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table."""

    title: str
    columns: tuple[Column, ...]
    notes: tuple[str, ...] = ()
    """Sentences below it."""
    bars: tuple[float, ...] = ()
    """A value for each row that can be shown as a bar after it, or none."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a chart."""

    label: str
    value: float
    figure: str
    """The value as text."""


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars that begin at 0."""

    title: str
    bars: tuple[Bar, ...]


# --- sentences


def sentences(report: BenchReport) -> list[str]:
    """What all figures rest on."""
    corpus, machine, first = report.corpus, report.machine, report.one_worker
    rounds = len(report.plain_loop.runs)
    why = f" ({report.why_not_native})" if report.why_not_native else ""
    return [
        f"logmatch {machine.logmatch}, {report.engine} engine{why}, {machine.python}, {machine.system},"
        f" {_count(machine.cores, 'core')}, load {machine.load:.1f}",
        f"{corpus.lines:,} lines ({corpus.bytes / 1e6:,.1f} MB), {corpus.name}",
        f"{_count(corpus.templates, 'template')}; {first.matched_share:.2%} of the lines matched, their fields"
        f" extracted and written: {first.best.bytes_out / 1e6:,.1f} MB of JSON Lines",
        "from file to file, " + (f"best of {rounds} rounds; ratios: median" if rounds > 1 else "one round"),
    ]


# --- sheets


def summary_sheet(report: BenchReport) -> Sheet:
    """The ratios, in short; it has no room to lose, so texts are of 34 columns at most."""
    one = report.one_worker
    rows = [
        (f"{each.name} against the {PLAIN_LOOP}", _times(each.times_by_cpu(report.plain_loop)))
        for each in report.engines
    ]
    rows.append((f"{report.engine} against a copy, bytes/s", _times(one.times_by_bytes(report.copy))))
    rows += [(f"{each.workers} workers against 1", _times(report.speed_up(each))) for each in report.workers[1:]]
    notes = ["with one worker; against the plain loop: by processor time; others: of lines/s"]
    if report.scaling is not None:
        rows += _summary_of_scaling(report.scaling)
        notes.append("of made lines: numbers of templates, unmatched against matched")
    rows.append(("peak memory of one worker", f"{one.peak_parent / MIB:.0f} MiB"))
    return Sheet(
        "In short",
        (
            Column("what", tuple(what for what, _ in rows), is_text=True),
            Column("figure", tuple(figure for _, figure in rows)),
        ),
        tuple(notes),
    )


def _summary_of_scaling(scaling: Scaling) -> list[tuple[str, str]]:
    most = [cell for cell in scaling.cells if cell.key.templates == scaling.most]
    unmatched = [cell for cell in scaling.cells if not cell.key.matching]
    return [
        (
            f"{scaling.most:,} templates against {scaling.fewest:,}",
            _range([scaling.times_fewest(cell) for cell in most]),
        ),
        ("unmatched against matched lines", _range([scaling.times_matching(cell) for cell in unmatched])),
    ]


def workers_sheet(report: BenchReport) -> Sheet:
    """The chosen engine by number of workers."""
    workers = report.workers

    def column(name: str, cell: Callable[[Measurement], str], rank: int = 0) -> Column:
        return Column(name, tuple(map(cell, workers)), rank)

    notes = [f"copy: the files read and written as they are, {report.copy.megabytes_in_per_second:,.0f} MB/s"]
    if report.one_worker.seconds < LEAST_SECONDS:
        took = f"{report.one_worker.seconds * 1e3:,.0f} ms"
        notes.append(f"too few lines: a run of {took} is for the most part its start; measure larger files")
    if any(each.peak_child for each in workers):
        notes.append("peak memory, at most: the process that reads and writes + its workers, each as the largest")
    return Sheet(
        f"{report.engine} engine, all lines",
        (
            Column("workers", tuple(str(each.workers) for each in workers), is_text=True),
            column("lines/s", lambda each: f"{each.lines_per_second:,.0f}"),
            column("(median)", _median, 5),
            column("MB/s in", lambda each: f"{each.megabytes_in_per_second:,.1f}", 2),
            column("MB/s out", lambda each: f"{each.megabytes_out_per_second:,.1f}", 3),
            column("speed-up", lambda each: _times(report.speed_up(each))),
            column("efficiency", lambda each: f"{report.speed_up(each) / each.workers:.0%}", 1),
            column("copy = 1", lambda each: _times(each.times_by_bytes(report.copy)), 4),
            column("lines/CPU s", lambda each: f"{each.lines_per_cpu_second:,.0f}", 6),
            column("peak MiB", _memory, 2),
        ),
        tuple(notes),
    )


def _memory(each: Measurement) -> str:
    parent, child = f"{each.peak_parent / MIB:.0f}", f"{each.peak_child / MIB:.0f}"
    return f"{parent} + {each.best.workers} x {child}" if each.peak_child else parent


def engines_sheet(report: BenchReport) -> Sheet:
    """All engines and the plain loop."""
    measurements = (*report.engines, report.plain_loop)

    def column(name: str, cell: Callable[[Measurement], str], rank: int = 0) -> Column:
        return Column(name, tuple(map(cell, measurements)), rank)

    notes = []
    lines = report.plain_loop.best.lines
    if lines < report.corpus.lines:
        notes.append(f"of the first {lines:,} lines; slow engines have fewer")
    if report.plain_templates < report.corpus.templates:
        notes.append(
            f"the {PLAIN_LOOP} makes use of {report.plain_templates:,} of {_count(report.corpus.templates, 'template')}"
        )
    return Sheet(
        "engines side by side, one worker",
        (
            Column("engine", tuple(each.name for each in measurements), is_text=True),
            column("lines", lambda each: f"{each.best.lines:,}", 3),
            column("matched", lambda each: f"{each.matched_share:.2%}", 1),
            column("lines/s", lambda each: f"{each.lines_per_second:,.0f}"),
            column("(median)", _median, 5),
            column("MB/s in", lambda each: f"{each.megabytes_in_per_second:,.1f}", 3),
            column("MB/s out", lambda each: f"{each.megabytes_out_per_second:,.1f}", 4),
            column(f"{PLAIN_LOOP} = 1", lambda each: _times(each.times(report.plain_loop))),
            column("by CPU time", lambda each: _times(each.times_by_cpu(report.plain_loop)), 6),
            column("peak MiB", lambda each: f"{each.peak_parent / MIB:.0f}", 2),
        ),
        tuple(notes),
    )


def scaling_sheets(scaling: Scaling) -> list[Sheet]:
    """A sheet for lines of each length; bars compare within a sheet."""
    sheets = [
        _scaling_sheet(scaling, length, [cell for cell in scaling.cells if cell.key.length == length])
        for length in LENGTHS
    ]
    return [sheet for sheet in sheets if sheet.bars]


_SCALING_NOTES = (
    "first word: templates differ in their first word; after field: all begin alike and differ after a field",
    "0% matched: near misses, of which a word is wrong, the end is missing, or something follows it",
    "rates: of all that is done for lines; start: what is done once, for a run or for a template",
)


def _scaling_sheet(scaling: Scaling, length: str, cells: Sequence[Cell]) -> Sheet:
    def column(name: str, cell: Callable[[Cell], str], rank: int = 0, *, is_text: bool = False) -> Column:
        return Column(name, tuple(map(cell, cells)), rank, is_text)

    size = sum(cell.best.bytes_in for cell in cells) / max(1, sum(cell.best.lines for cell in cells))
    return Sheet(
        f"scaling, made {length} lines ({size:,.0f} bytes on average), one worker",
        (
            column("style", lambda cell: cell.key.style, is_text=True),
            column("matched", lambda cell: f"{cell.matched_share:.0%}"),
            column("templates", lambda cell: f"{cell.key.templates:,}"),
            column("lines/s", lambda cell: f"{cell.lines_per_second:,.0f}"),
            column("MB/s in", lambda cell: f"{cell.megabytes_in_per_second:,.1f}", 2),
            column("MB/s out", lambda cell: f"{cell.megabytes_out_per_second:,.1f}", 4),
            column(f"{scaling.fewest:,} = 1", lambda cell: _times(scaling.times_fewest(cell))),
            column("matching = 1", lambda cell: _times(scaling.times_matching(cell)), 1),
            column("start ms", lambda cell: f"{cell.start_seconds * 1e3:,.0f}", 3),
        ),
        _SCALING_NOTES if length == LENGTHS[-1] else (),
        tuple(cell.lines_per_second for cell in cells),
    )


def sheets(report: BenchReport) -> list[Sheet]:
    """All but the summary."""
    return [
        workers_sheet(report),
        engines_sheet(report),
        *(scaling_sheets(report.scaling) if report.scaling is not None else ()),
    ]


# --- the chart


def speed_chart(report: BenchReport) -> Chart:
    """Lines per second by engine and number of workers."""
    bars = [_bar(f"{each.name}, {_count(each.workers, 'worker')}", each) for each in report.workers]
    bars += [_bar(each.name, each) for each in (*report.engines[1:], report.plain_loop)]
    return Chart("lines/s", tuple(bars))


def _bar(label: str, each: Measurement) -> Bar:
    return Bar(label, each.lines_per_second, f"{each.lines_per_second:,.0f}")


# --- numbers


def _median(each: Measurement) -> str:
    return f"({each.best.lines / each.median_seconds:,.0f})"


def _times(ratio: float) -> str:
    return f"{ratio:.{2 if ratio >= 0.1 else 3 if ratio >= 0.01 else 4}f} x"


def _range(ratios: Sequence[float]) -> str:
    least, most = _times(min(ratios)), _times(max(ratios))
    return least if least == most else f"{least.removesuffix(' x')} to {most}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
