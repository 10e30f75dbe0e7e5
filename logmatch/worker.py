"""
Worker: a chunk -> its records and its tally. Pure: it runs the same in this process and in any other.

Which process it runs in, and where the bytes go, is the business of `pipeline`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from logmatch.chunk import Chunk
from logmatch.engine import make_engine
from logmatch.output import Layout, RecordWriter
from logmatch.program import WHITESPACE, Program
from logmatch.report import Tally


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

    output: bytes
    unmatched: bytes
    """The records of unmatched lines, if they are kept apart; else empty."""
    tally: Tally


class Worker:
    """Matches the lines of one chunk after the other."""

    def __init__(self, spec: WorkerSpec) -> None:
        self._engine = make_engine(spec.program, spec.engine)
        self._writer = RecordWriter(spec.program, spec.layout)
        self._template_numbers = [variant.template_number for variant in spec.program.variants]
        self._apart = spec.unmatched_apart
        self._dropped = spec.unmatched_dropped

    @property
    def engine_name(self) -> str:
        """The name of the engine that is in use."""
        return self._engine.name

    def run(self, chunk: Chunk) -> Result:
        """Return the records and the tally of *chunk*."""
        writer = self._writer
        writer.begin(chunk.file, chunk.data)
        writer.replaced = 0
        self._engine.timeouts.clear()
        records: list[bytes] = []
        apart = [] if self._apart else records
        variants: list[int] = []
        if chunk.oversized is None:
            self._match_lines(chunk, records, apart, variants)
        elif not self._dropped:
            apart.append(writer.too_long(chunk.first_line, chunk.offset, chunk.data, chunk.oversized))
        output = b"".join(records)
        unmatched = b"".join(apart) if self._apart else b""
        tally = Tally(
            lines=chunk.line_count,
            matched=len(variants),
            too_long=int(chunk.oversized is not None),
            replaced=writer.replaced,
            bytes_in=len(chunk.data) if chunk.oversized is None else chunk.oversized + 1,
            bytes_out=len(output) + len(unmatched),
            timeouts=Counter(self._engine.timeouts),
        )
        for variant, lines in Counter(variants).items():
            tally.by_template[self._template_numbers[variant]] += lines
        return Result(output, unmatched, tally)

    def _match_lines(self, chunk: Chunk, records: list[bytes], apart: list[bytes], variants: list[int]) -> None:
        """Add the records of the lines of *chunk*, and the number of the variant of each line that matched."""
        match = self._engine.match
        matched = self._writer.matched
        bodies = self._writer.bodies
        plain_head = self._writer.plain_head
        offset = chunk.offset
        lines = chunk.data.split(b"\n")
        if not lines[-1]:
            lines.pop()
        may_have_return = b"\r" in chunk.data
        for line_number, line in enumerate(lines, chunk.first_line):
            raw = line[:-1] if may_have_return and line.endswith(b"\r") else line
            found = match(raw.rstrip(WHITESPACE))
            if found is not None:
                number, values = found
                variants.append(number)
                if plain_head is not None:
                    records.append(bodies[number].plain(plain_head, line_number, values))
                else:
                    records.append(matched(line_number, offset, raw, number, values))
            elif not self._dropped:
                apart.append(self._writer.unmatched(line_number, offset, raw))
            offset += len(line) + 1
