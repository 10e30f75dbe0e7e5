"""
Scaling: what the number of templates costs, and what lines cost that match nothing.

A cell is lines of one kind (`synthetic`) in a file that is read several times in one run, with one worker. The cells
with the same templates run in one process, one after the other; a round has all of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from logmatch.bench.isolated import SteadyTask, run_isolated_jobs
from logmatch.bench.results import Cell, CellKey, Scaling, SteadyRun
from logmatch.bench.synthetic import LENGTHS, SHORT, STYLES, make_lines, make_templates
from logmatch.bench.verify import check_cell
from logmatch.input.resolve import resolve_inputs
from logmatch.program import Program, compile_program
from logmatch.run.job import DEFAULT_CHUNK_SIZE, Job

SIZE = {"native": 2 << 20}
"""Engine -> bytes of a file of short lines: with 10,000 templates each has some lines in it."""

OTHER_SIZE = 128 << 10
"""For other engines, which are slower."""

LONG_TIMES = 4
"""How many times as large a file of long lines is."""

READ_TIMES = 8
"""How often a file of short lines is read in a run; one of long lines half as often."""


@dataclass(frozen=True, slots=True)
class _Expected:
    key: CellKey
    lines: int
    digest: str


@dataclass(frozen=True, slots=True)
class _Group:
    """The cells with the same templates: their jobs in one process, and what each must give."""

    name: str
    task: SteadyTask
    expected: tuple[_Expected, ...]


def measure_scaling(
    engine: str,
    counts: Sequence[int],
    rounds: int,
    directory: str,
    tell: Callable[[str], None],
    size: int | None = None,
) -> Scaling:
    """
    Measure all cells with these numbers of templates; files are made in *directory*.

    Args:
        size: bytes of a file of short lines; None: what suits the engine.

    Raises:
        DisagreementError: a run had other records than the lines were made for.
    """
    tell("making lines for the scaling section")
    size = size or SIZE.get(engine, OTHER_SIZE)
    groups = [_group(engine, style, count, size, directory) for style in STYLES for count in counts]
    runs: dict[CellKey, list[SteadyRun]] = {
        CellKey(length, style, matching, count): []
        for length in LENGTHS
        for style in STYLES
        for matching in (True, False)
        for count in counts
    }
    for number in range(1, rounds + 1):
        for group in groups:
            tell(f"scaling, round {number} of {rounds}: {group.name}")
            for expected, run in zip(group.expected, run_isolated_jobs(group.task), strict=True):
                check_cell(expected.key, run, lines=expected.lines, digest=expected.digest)
                runs[expected.key].append(run)
    return Scaling(tuple(Cell(key, tuple(each)) for key, each in runs.items()))


def _group(engine: str, style: str, count: int, size: int, directory: str) -> _Group:
    program = compile_program(make_templates(style, count))
    cells = [
        _job(engine, program, CellKey(length, style, matching, count), size, directory)
        for length in LENGTHS
        for matching in (True, False)
    ]
    name = f"{count:,} templates, {style}"
    return _Group(name, SteadyTask(tuple(job for job, _ in cells)), tuple(expected for _, expected in cells))


def _job(engine: str, program: Program, key: CellKey, size: int, directory: str) -> tuple[Job, _Expected]:
    is_short = key.length == SHORT
    size, times = (size, READ_TIMES) if is_short else (size * LONG_TIMES, READ_TIMES // 2)
    made = make_lines(key, size)
    kind = "matching" if key.matching else "other"
    path = made.write(directory, f"{key.length}-{kind}-{key.templates}-{[*STYLES].index(key.style)}.log")
    job = Job(
        program=program,
        inputs=resolve_inputs([path]).inputs * times,
        engine=engine,
        chunk_size=min(size, DEFAULT_CHUNK_SIZE),
        output=os.path.join(directory, "output"),
    )
    return job, _Expected(key, len(made.lines) * times, made.digest(times))
