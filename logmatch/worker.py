"""
Worker: a chunk -> its records and its tally. Pure: it runs the same in this process and in any other.

Which process it runs in, and where the bytes go, is the business of `pipeline`. There are two ways from lines to
records: `_PythonLines`, a line after the other through any engine; and `_NativeLines`, whose engine matches and whose
encoder writes many lines in one call each, without the GIL.
"""

from __future__ import annotations

import itertools
from array import array
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from logmatch.chunk import Chunk
from logmatch.engine import Engine, make_engine
from logmatch.output import Layout, RecordWriter
from logmatch.program import WHITESPACE, Program
from logmatch.report import Tally, TemplateCounts

if TYPE_CHECKING:
    from logmatch.engine.native import NativeEngine

Records = bytes | memoryview

_PIECE = 256 * 1024
"""
How many bytes of lines are matched and then encoded at once by the native engine: few enough that they, their spans and
their records are still in the processor's cache when they are needed next.
"""


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
        self._writer = RecordWriter(spec.program, spec.layout)
        self._apart = spec.unmatched_apart
        self._dropped = spec.unmatched_dropped
        self._lines: _Lines
        if self._engine.name == "native":
            self._lines = _NativeLines(self._engine, self._writer, spec)  # type: ignore[arg-type]
        else:
            self._lines = _PythonLines(self._engine, self._writer, spec)

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
        writer.replaced = 0
        self._engine.timeouts.clear()
        by_template = b""
        matched = 0
        output: Records = b""
        unmatched: Records = b""
        if chunk.oversized is None:
            output, unmatched, matched, by_template = self._lines.run(chunk, space)
        elif not self._dropped:
            writer.begin(chunk.file, b"")
            record = writer.too_long(chunk.first_line, chunk.offset, bytes(chunk.data), chunk.oversized)
            output, unmatched = (b"", record) if self._apart else (record, b"")
        tally = Tally(
            lines=chunk.line_count,
            matched=matched,
            too_long=int(chunk.oversized is not None),
            replaced=writer.replaced,
            bytes_in=len(chunk.data) if chunk.oversized is None else chunk.oversized + 1,
            bytes_out=len(output) + len(unmatched),
            by_template=TemplateCounts(by_template),
            timeouts=Counter(self._engine.timeouts),
        )
        return Result(output, unmatched, tally)


_LinesResult = tuple[Records, Records, int, bytes]
"""
The records; those of unmatched lines, if they are kept apart; how many lines matched; and those by template, as
`TemplateCounts` takes them.
"""


class _Lines(Protocol):
    """Turns lines into records."""

    def run(self, chunk: Chunk, space: memoryview | None) -> _LinesResult:
        """Do *chunk*."""


class _PythonLines:
    """A line after the other."""

    def __init__(self, engine: Engine, writer: RecordWriter, spec: WorkerSpec) -> None:
        self._engine = engine
        self._writer = writer
        self._spec = spec
        self._template_numbers = [variant.template_number for variant in spec.program.variants]

    def run(self, chunk: Chunk, space: memoryview | None) -> _LinesResult:
        """See `_Lines.run`."""
        records: list[bytes] = []
        apart = [] if self._spec.unmatched_apart else records
        variants: list[int] = []
        data = bytes(chunk.data)  # no copy of what is bytes
        self._writer.begin(chunk.file, data)
        match = self._engine.match
        matched = self._writer.matched
        bodies = self._writer.bodies
        plain_head = self._writer.plain_head
        offset = chunk.offset
        lines = data.split(b"\n")
        if not lines[-1]:
            lines.pop()
        may_have_return = b"\r" in data
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
            elif not self._spec.unmatched_dropped:
                apart.append(self._writer.unmatched(line_number, offset, raw))
            offset += len(line) + 1
        counts = Counter(map(self._template_numbers.__getitem__, variants))
        pairs = array("i", itertools.chain.from_iterable(counts.items()))
        return (
            b"".join(records),
            b"".join(apart) if self._spec.unmatched_apart else b"",
            len(variants),
            pairs.tobytes(),
        )


class _NativeLines:
    """Pieces of a chunk, each matched into a table and encoded from it."""

    def __init__(self, engine: NativeEngine, writer: RecordWriter, spec: WorkerSpec) -> None:
        from logmatch.engine import _encode, _kernel

        self._engine = engine
        self._writer = writer
        self._kernel = _kernel
        self._table = _kernel.Table()
        self._encoder = _encode.Encoder(
            len(spec.program.variants),
            lambda number: writer.bodies[number].pieces(),
            raw=spec.layout.raw,
            offsets=spec.layout.offsets,
        )
        self._records = _encode.Output()
        self._apart = _encode.Output() if spec.unmatched_apart else None
        self._unmatched = None if spec.unmatched_dropped else self._apart or self._records

    def run(self, chunk: Chunk, space: memoryview | None) -> _LinesResult:
        """See `_Lines.run`."""
        data = chunk.data
        table = self._table
        self._writer.begin(chunk.file, b"")
        self._records.begin(space)
        if self._apart is not None:
            self._apart.begin()
        begin = 0
        first_line = chunk.first_line
        while begin < len(data):
            end = self._kernel.piece_end(data, begin, _PIECE)
            self._engine.match_chunk(data, begin, end, table)
            self._encoder.encode(
                data,
                begin,
                table,
                head=self._writer.head,
                first_line=first_line,
                offset=chunk.offset + begin,
                records=self._records,
                unmatched=self._unmatched,
            )
            self._writer.replaced += self._encoder.replaced
            first_line += table.line_count
            begin = end
        unmatched = b"" if self._apart is None else self._apart.view()
        return self._records.view(), unmatched, *self._engine.take_counts()
