"""
Worker: a chunk -> its records and its tally. Pure: it runs the same in this process and in any other.

Which process it runs in, and where the bytes go, is the business of `pipeline`. The engine matches a piece of the chunk
(`engine.matches`), the writer makes records of it (`output.writer`), and the next piece follows.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from logmatch.engine import kernel_module, make_engine
from logmatch.engine.matches import FieldTimeouts, Matches
from logmatch.input.chunk import Chunk
from logmatch.line import Buffer
from logmatch.output.jsonl import Layout, make_writer
from logmatch.output.writer import Records
from logmatch.program import Program
from logmatch.run.tally import Tally, TemplateCounts


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """What a worker is made of; picklable, so that it can be made in another process."""

    program: Program
    engine: str
    layout: Layout
    unmatched_apart: bool
    """Whether the records of unmatched lines are kept apart from the others, for a file of their own."""
    unmatched_dropped: bool = False
    """Whether unmatched lines are counted and have no record."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a chunk became: whole records, in the order of its lines."""

    output: Records
    unmatched: Records
    """The records of unmatched lines, if they are kept apart; else empty."""
    tally: Tally


class Worker:
    """Matches the lines of one chunk after the other."""

    def __init__(self, spec: WorkerSpec) -> None:
        self._engine = make_engine(spec.program, spec.engine)
        self._counter = make_counter(spec.program, by_columns=self._engine.by_columns)
        self._writer = make_writer(
            spec.program,
            spec.layout,
            by_columns=self._engine.by_columns,
            separate_unmatched=spec.unmatched_apart,
            drop_unmatched=spec.unmatched_dropped,
        )

    @property
    def engine_name(self) -> str:
        """The name of the engine that is in use."""
        return self._engine.name

    def run(self, chunk: Chunk, space: memoryview | None = None) -> Result:
        """
        Return the records and the tally of *chunk*.

        Args:
            space: memory that the output may be written into if it fits, so that it need not be copied there: the
                result's `output` is then a part of it.
        """
        writer = self._writer
        timeouts: FieldTimeouts = Counter()
        writer.begin(chunk.file, space)
        if chunk.oversized is None:
            first_line = chunk.first_line
            offset = chunk.offset
            for piece in pieces(chunk.data, self._engine.batch_size):
                matches = self._engine.match_batch(piece)
                writer.write(matches, first_line=first_line, offset=offset)
                self._counter.add(matches)
                timeouts.update(matches.timeouts)
                first_line += matches.line_count
                offset += len(piece)
        else:
            writer.write_too_long(chunk.first_line, chunk.offset, bytes(chunk.data), chunk.oversized)
        matched, by_template = self._counter.take()
        output, unmatched = writer.take()
        tally = Tally(
            lines=chunk.line_count,
            matched=matched,
            too_long=int(chunk.oversized is not None),
            replaced=writer.replaced,
            bytes_in=len(chunk.data) if chunk.oversized is None else chunk.oversized + 1,
            bytes_out=len(output) + len(unmatched),
            by_template=TemplateCounts(by_template),
            timeouts=timeouts,
        )
        return Result(output, unmatched, tally)


def pieces(data: Buffer, size: int) -> Iterator[Buffer]:
    """*data* in pieces of about *size* bytes that hold whole lines; nothing is copied but where there is no kernel."""
    if len(data) <= size:
        if data:
            yield data
        return
    kernel = kernel_module()
    view = memoryview(data)
    begin = 0
    while begin < len(view):
        if kernel is not None:
            end = kernel.piece_end(view, begin, size)
        else:
            end = len(view)
            if begin + size < end:
                text = bytes(view[begin : begin + size])
                end = begin + (text.rfind(b"\n") + 1 or bytes(view[begin:]).find(b"\n") + 1 or len(view) - begin)
        yield view[begin:end]
        begin = end


class MatchCounter(Protocol):
    """Counts lines that matched, by template."""

    def add(self, matches: Matches) -> None:
        """Count the lines of *matches*."""

    def take(self) -> tuple[int, bytes]:
        """How many lines matched since this was last asked, and those by template, as `TemplateCounts` takes them."""


def make_counter(program: Program, *, by_columns: bool) -> MatchCounter:
    """A counter that reads the columns of matches, which takes the kernel, or their groups; the counts are the same."""
    numbers = array("i", (variant.template_number for variant in program.variants))
    return _ColumnCounter(numbers) if by_columns else _GroupCounter(numbers)


class _ColumnCounter:
    def __init__(self, template_numbers: array[int]) -> None:
        from logmatch.engine.native import _kernel

        self._counter = _kernel.TemplateCounter(template_numbers.tobytes())
        self.take = self._counter.take

    def add(self, matches: Matches) -> None:
        self._counter.add(matches.variant_numbers)


class _GroupCounter:
    def __init__(self, template_numbers: array[int]) -> None:
        self._template_numbers = template_numbers
        self._counts: Counter[int] = Counter()

    def add(self, matches: Matches) -> None:
        for variant_number, places, _ in matches.groups():
            self._counts[self._template_numbers[variant_number]] += len(places)

    def take(self) -> tuple[int, bytes]:
        counts, self._counts = self._counts, Counter()
        pairs = array("i", [number for pair in counts.items() for number in pair])
        return counts.total(), pairs.tobytes()
