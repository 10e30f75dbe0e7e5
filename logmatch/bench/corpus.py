"""
Corpus: the lines and templates that a benchmark is about, made ready to be measured: plain files of lines.

The user's own logs stay where they are, unless they are no plain files of lines; without any, lines are made from the
built-in samples. Slower engines get the first lines only: a *part*.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from logmatch.bench.results import Corpus
from logmatch.errors import UsageError
from logmatch.input.chunk import blocking, read_chunks
from logmatch.input.resolve import Input, resolve_inputs
from logmatch.program import Program, compile_program
from logmatch.run.job import DEFAULT_CHUNK_SIZE, DEFAULT_MAX_LINE
from logmatch.templates.template import Template

SEED = 1
"""The seed of the lines that are made."""

DIFFERENT_LINES = 100_000
"""How many lines are made from the samples; after them they come again, for making them takes longer than reading."""

REFERENCE_WORK = 400_000
"""
How many variants are tried on lines of the part that slow engines get, at most: about a second of the reference engine.
"""

MOST_REFERENCE_LINES = 1_000
LEAST_REFERENCE_LINES = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines and templates. Without files the lines are made from the samples, and the templates are theirs."""

    files: tuple[str, ...]
    templates: tuple[str, ...]
    patterns: tuple[str, ...]
    header: str | None
    sample_lines: int
    engine_lines: int
    """How many lines the engines have side by side, at most."""
    reference_lines: int | None
    """How many lines slow engines get; None: as many as take them about a second."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Plain files of lines, and what is looked for in them."""

    corpus: Corpus
    templates: tuple[Template, ...]
    program: Program
    inputs: tuple[Input, ...]
    side_by_side: tuple[Input, ...]
    """What all engines but slow ones have: `inputs`, or their first lines."""
    part: tuple[Input, ...]
    """The first lines of the inputs, for slow engines."""

    @property
    def has_all_side_by_side(self) -> bool:
        """Whether the engines side by side have all lines."""
        return self.side_by_side is self.inputs


def prepare(wanted: Wanted, directory: str) -> Prepared:
    """
    Make all ready; what has to be written is written into *directory*.

    Raises:
        LogmatchError: the lines or templates could not be read, or there are no lines.
    """
    templates, inputs, name = _find(wanted, directory)
    program = compile_program(templates)
    plain_inputs, lines, size = _unpack(inputs, directory)
    if not lines:
        raise UsageError("there are no lines to measure", hint="name a file that holds some")
    corpus = Corpus(name, lines, size, len(program.templates), len(program.variants))
    side_by_side = plain_inputs
    if lines > wanted.engine_lines:
        side_by_side = _write_first(plain_inputs, wanted.engine_lines, os.path.join(directory, "first.log"))
    part_lines = wanted.reference_lines or _reference_lines(len(program.variants))
    part = _write_first(plain_inputs, part_lines, os.path.join(directory, "part.log"))
    return Prepared(corpus, templates, program, plain_inputs, side_by_side, part)


def _find(wanted: Wanted, directory: str) -> tuple[tuple[Template, ...], tuple[Input, ...], str]:
    """The templates, the inputs, and what to call these."""
    from logmatch.templates.load import load_templates

    if wanted.files:
        templates = load_templates(wanted.templates, header=wanted.header, patterns=wanted.patterns)
        found = resolve_inputs(wanted.files)
        if found.errors:
            raise found.errors[0]
        return templates, found.inputs, _listed_files(wanted.files)
    from logmatch.samples import SYSTEMS, templates_path

    templates = load_templates([templates_path(system) for system in SYSTEMS])
    path = os.path.join(directory, "samples.log")
    _write_samples(path, wanted.sample_lines)
    again = f", {DIFFERENT_LINES:,} different ones" if wanted.sample_lines > DIFFERENT_LINES else ""
    return templates, resolve_inputs([path]).inputs, f"made from the built-in samples, seed {SEED}{again}"


def _reference_lines(variants: int) -> int:
    return max(LEAST_REFERENCE_LINES, min(MOST_REFERENCE_LINES, REFERENCE_WORK // max(1, variants)))


def _listed_files(names: Sequence[str]) -> str:
    first = os.fsencode(names[0]).decode("utf-8", "replace")  # names are bytes, figures are text
    return first if len(names) == 1 else f"{first} and {len(names) - 1} more"


def sample_lines(count: int) -> Iterator[bytes]:
    """Make *count* lines, with their `\\n`, of the built-in samples: a line of each system in turn."""
    from logmatch.samples import SYSTEMS, lines

    different = min(count, DIFFERENT_LINES)
    each = -(-different // len(SYSTEMS))
    streams = [lines(system, each, SEED) for system in SYSTEMS]
    mixed = (line + b"\n" for turn in zip(*streams, strict=True) for line in turn)
    return itertools.islice(itertools.cycle(itertools.islice(mixed, different)), count)


def _write_samples(path: str, count: int) -> None:
    with open(path, "wb") as file:
        file.writelines(sample_lines(count))


def _unpack(inputs: Sequence[Input], directory: str) -> tuple[tuple[Input, ...], int, int]:
    """
    The inputs as plain files of lines, how many lines these have, and how many bytes.

    What is one already is left where it is; stdin, which can be read once, never is. A line too long to be matched is
    cut to its beginning where it is unpacked.
    """
    plain: list[Input] = []
    lines = size = 0
    for number, source in enumerate(inputs):
        count, length = (0, -1) if source.is_stdin or source.size is None else _size_of_lines(source)
        if length != source.size:
            path = os.path.join(directory, f"unpacked-{number}.log")
            with open(path, "wb") as file:
                for chunk in blocking(read_chunks(source, chunk_size=DEFAULT_CHUNK_SIZE, max_line=DEFAULT_MAX_LINE)):
                    file.write(chunk.data if chunk.oversized is None else bytes(chunk.data) + b"\n")
            source = resolve_inputs([path]).inputs[0]
            count, length = _size_of_lines(source)
        plain.append(source)
        lines += count
        size += length
    return tuple(plain), lines, size


def _size_of_lines(source: Input) -> tuple[int, int]:
    """How many lines there are, and how many bytes they have: fewer than the file if it is no plain file of lines."""
    lines = size = 0
    for chunk in blocking(read_chunks(source, chunk_size=DEFAULT_CHUNK_SIZE, max_line=DEFAULT_MAX_LINE)):
        lines += chunk.line_count
        size += len(chunk.data)
    return lines, size


def _write_first(inputs: Sequence[Input], count: int, path: str) -> tuple[Input, ...]:
    """Write the first *count* lines of *inputs*, which are plain files, to *path*, and return it as an input."""
    lines = itertools.islice(itertools.chain.from_iterable(map(_lines_of, inputs)), count)
    with open(path, "wb") as part:
        part.writelines(lines)
    return resolve_inputs([path]).inputs


def _lines_of(source: Input) -> Iterator[bytes]:
    with open(source.name, "rb") as file:
        for line in file:
            yield line if line.endswith(b"\n") else line + b"\n"
