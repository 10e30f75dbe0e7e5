"""
Worker: a chunk -> its records and its tally. Pure: it runs the same in this process and in any other.

Which process it runs in, and where the bytes go, is the business of `pipeline`. There are two ways from lines to
records: `_PythonLines`, a line after the other through any engine; and `_NativeLines`, whose engine matches and whose
encoder writes many lines in one call each, without the GIL.
"""

from __future__ import annotations

import functools
import itertools
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from logmatch.engine import Engine, make_engine
from logmatch.gc_pause import held_back
from logmatch.input.chunk import Chunk
from logmatch.output.jsonl import Layout, RecordWriter
from logmatch.program import WHITESPACE, Program
from logmatch.run.tally import Tally, TemplateCounts

if TYPE_CHECKING:
    from logmatch.engine.native.engine import NativeEngine
    from logmatch.engine.portable.buckets import Group

Records = bytes | memoryview

_PIECE = 256 * 1024
"""
How many bytes of lines are matched and then encoded at once by the native engine: few enough that they, their spans and
their records are still in the processor's cache when they are needed next.
"""

_AT_ONCE = 2048
"""
How many lines are matched and then written at once by the other engines: enough that many of them are of one variant,
and few enough that what is made of them stays in the processor's cache.
"""

_AT_ONCE_OF_MANY = 8192
"""The same where there are more than `_MANY` variants, so that there are some lines of each."""

_MANY = 256


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
    """Lines as `bytes`; some of them are matched and then written at once, variant by variant."""

    def __init__(self, engine: Engine, writer: RecordWriter, spec: WorkerSpec) -> None:
        self._writer = writer
        self._apart = spec.unmatched_apart
        self._dropped = spec.unmatched_dropped
        self._template_numbers = [variant.template_number for variant in spec.program.variants]
        self._at_once = _AT_ONCE if len(spec.program.variants) <= _MANY else _AT_ONCE_OF_MANY
        self._match_lines: Callable[[Sequence[bytes]], Iterable[Group]]
        self._match_lines = getattr(engine, "match_lines", None) or functools.partial(_match_each, engine)

    def run(self, chunk: Chunk, space: memoryview | None) -> _LinesResult:
        """See `_Lines.run`."""
        data = bytes(chunk.data)  # no copy of what is bytes
        self._writer.begin(chunk.file, data)
        lines = data.split(b"\n")
        if not lines[-1]:
            lines.pop()
        has_return = b"\r" in data
        has_blank = has_return or any(blank in data for blank in (b" \n", b"\t\n")) or data.endswith((b" ", b"\t"))
        records: list[bytes] = []
        apart: list[bytes] = []
        counts: Counter[int] = Counter()
        first_line, offset = chunk.first_line, chunk.offset
        # Nothing that is made here is part of a cycle, and the collector would look through it again and again.
        with held_back():
            for begin in range(0, len(lines), self._at_once):
                part = lines[begin : begin + self._at_once]
                # Read only where a record needs them.
                offsets = itertools.accumulate((len(line) + 1 for line in part), initial=offset)
                texts = [line[:-1] if line.endswith(b"\r") else line for line in part] if has_return else part
                stripped = [line.rstrip(WHITESPACE) for line in texts] if has_blank else texts
                made = self._matched(stripped, first_line, counts)
                if self._writer.has_tail:
                    made = self._completed(made, texts, first_line, offsets, apart)
                elif None in made and not self._dropped:
                    self._add_unmatched(made, texts, first_line, apart)
                records += filter(None, made)
                first_line += len(part)
                offset += sum(map(len, part)) + len(part)
        pairs = array("i", itertools.chain.from_iterable(counts.items()))
        return b"".join(records), b"".join(apart), counts.total(), pairs.tobytes()

    def _matched(self, lines: Sequence[bytes], first_line: int, counts: Counter[int]) -> list[bytes | None]:
        """
        The records of *lines*, without trailing whitespace, that matched, None for the others; adds to *counts* how
        many there are by template.
        """
        records: list[bytes | None] = [None] * len(lines)
        for variant_number, places, values in self._match_lines(lines):
            counts[self._template_numbers[variant_number]] += len(places)
            of_variant = self._writer.matched(variant_number, [first_line + place for place in places], values)
            for place, record in zip(places, of_variant, strict=True):
                records[place] = record
        return records

    def _add_unmatched(
        self, records: list[bytes | None], lines: Sequence[bytes], first_line: int, apart: list[bytes]
    ) -> None:
        """Add to *records* or *apart* those of unmatched lines, where the layout says nothing of each line."""
        for place in [place for place, record in enumerate(records) if record is None]:
            record = self._writer.unmatched(first_line + place, 0, lines[place])  # no offset is written
            if self._apart:
                apart.append(record)
            else:
                records[place] = record

    def _completed(
        self,
        records: Iterable[bytes | None],
        lines: Sequence[bytes],
        first_line: int,
        offsets: Iterable[int],
        apart: list[bytes],
    ) -> list[bytes | None]:
        """*records* with what the layout says of each line, and with those of unmatched lines, if not for *apart*."""
        writer = self._writer
        completed: list[bytes | None] = []
        for line_number, (record, line, offset) in enumerate(zip(records, lines, offsets, strict=False), first_line):
            if record is not None:
                completed.append(writer.with_tail(record, offset, line) if writer.has_tail else record)
            elif not self._dropped:
                (apart if self._apart else completed).append(writer.unmatched(line_number, offset, line))
        return completed


def _match_each(engine: Engine, lines: Sequence[bytes]) -> list[Group]:
    """The same as `PortableEngine.match_lines`, by an engine that matches a line after the other."""
    groups: dict[int, Group] = {}
    for place, line in enumerate(lines):
        found = engine.match(line)
        if found is not None:
            _, places, values = groups.setdefault(found[0], (found[0], [], []))
            places.append(place)
            values.append(found[1])
    return list(groups.values())


class _NativeLines:
    """Pieces of a chunk, each matched into a table and encoded from it."""

    def __init__(self, engine: NativeEngine, writer: RecordWriter, spec: WorkerSpec) -> None:
        from logmatch.engine.native import _kernel
        from logmatch.output import _jsonl as _encode

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
