"""
Worker: chunks -> their records and tallies. Pure: it runs the same in any thread and process.

Where it runs, and where the bytes go, is the business of `pipeline`. The engine matches a piece of a chunk
(`engine.matches`), the writer makes records of it (`output.writer`), and the next piece follows. Records go in *parts*,
which bounds the memory of a worker whatever the lines: a chunk of empty lines becomes fifty times as many bytes.
"""

from __future__ import annotations

import enum
import mmap
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from logmatch.choice.choice import Choice, make_chooser
from logmatch.engine import Engine, make_engine
from logmatch.engine.matches import Change, FieldTimeouts, Matches
from logmatch.entries.entries import Entries, State
from logmatch.input.framing import Chunk
from logmatch.interrupt import WorkStopped, stopped_by
from logmatch.line import Buffer
from logmatch.linescan import count_blank, count_lines, piece_end
from logmatch.output.batch import Batch
from logmatch.output.format import OutputFormat
from logmatch.output.jsonl import FORMAT as JSON_LINES
from logmatch.output.record_options import RecordOptions
from logmatch.output.writer import Records
from logmatch.program import WHITESPACE, Program
from logmatch.run.records import Joiner, RecordRules
from logmatch.run.tally import Tally, TemplateCounts
from logmatch.times.times import TimeOptions, make_time_reader

PART_BYTES = 4 << 20
"""About how many bytes of records a part has at most; one line's may be more."""

_FIRST_PIECE = 1024  # bytes; they double while they are quick. What is not done when a run is ended is lost

_SLOW_SECONDS = 0.2
"""Pieces that take longer, with slow `/regex/` fields, become smaller: a run can be ended between two."""


class BlankLines(enum.StrEnum):
    """What becomes of lines that hold nothing but spaces and tabs, where no template matches them."""

    KEEP = "keep"
    """They have the record of an unmatched line, and are counted on their own."""
    SKIP = "skip"
    """They have no record, and are counted on their own."""
    MATCH = "match"
    """They are lines like others: unmatched."""


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """What a worker is made of; picklable, so that it can be made in another process."""

    program: Program
    engine: str
    record_options: RecordOptions
    separate_unmatched: bool = False
    """Whether the records of unmatched lines are kept apart from the others, for a file of their own."""
    drop_unmatched: bool = False
    """Whether unmatched lines are counted and have no record."""
    blank_lines: BlankLines = BlankLines.KEEP
    counts_kinds: bool = False
    """Whether the kinds of unmatched lines are counted."""
    format: OutputFormat = JSON_LINES
    times: TimeOptions | None = None
    """How the times of lines are read; None: they are not."""
    rules: RecordRules | None = None
    """How lines are joined to records; None: each is one."""
    choice: Choice | None = None
    """Which lines have records; None: all."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a chunk became: whole records, in the order of its lines."""

    output: Records
    unmatched: Records
    """The records of unmatched lines, if they are kept apart; else empty."""
    tally: Tally


class Part(NamedTuple):
    """Some of the records that the chunks of a task become: whole records, in the order of the lines."""

    output: Records
    unmatched: Records
    """The records of unmatched lines, if they are kept apart; else empty."""
    tally: Tally
    chunks_done: int
    """How many of the chunks have come to their end with this part."""
    lines_done: int
    """How many lines of the chunk after those."""
    space: memoryview | None
    """Where the records are, if that is to be given back (`Spaces`)."""


class Spaces:
    """Memory for the records of parts, which is used again; threads may share it."""

    def __init__(self) -> None:
        self._spare: list[memoryview] = []

    def take(self) -> memoryview:
        """Memory of `PART_BYTES`. What was never written to takes none."""
        try:
            return self._spare.pop()
        except IndexError:
            pass
        try:
            return memoryview(mmap.mmap(-1, PART_BYTES))
        except OSError:
            raise MemoryError from None

    def give_back(self, space: memoryview | None) -> None:
        """Nobody will look at *space* again."""
        if space is not None:
            self._spare.append(space)


class Worker:
    """
    Matches the lines of one chunk after the other.

    Args:
        spec: what it is made of.
        engine: one that was made for *spec* and may be shared; None: it makes its own.
    """

    def __init__(self, spec: WorkerSpec, engine: Engine | None = None) -> None:
        self._engine = engine if engine is not None else make_engine(spec.program, spec.engine)
        self._piece_size = min(_FIRST_PIECE, self._engine.batch_size)
        self._counter = make_counter(spec.program, by_columns=self._engine.by_columns)
        self._writer = spec.format.make_writer(
            spec.program,
            spec.record_options,
            by_columns=self._engine.by_columns,
            separate_unmatched=spec.separate_unmatched,
            drop_unmatched=spec.drop_unmatched,
            drop_blank=spec.blank_lines is BlankLines.SKIP,
        )
        self._times = None
        if spec.times is not None:
            self._times = make_time_reader(spec.program, spec.times, by_columns=self._engine.by_columns)
        self._joiner = Joiner(spec.rules, spec.engine) if spec.rules is not None else None
        self._chooser = None
        self._keeps_unmatched = True
        if spec.choice is not None:
            self._chooser = make_chooser(spec.program, spec.choice, by_columns=self._engine.by_columns)
            self._keeps_unmatched = spec.choice.keeps_all_unmatched
        self._counts_kinds = spec.counts_kinds
        self._counts_blank = spec.blank_lines is not BlankLines.MATCH

    @property
    def engine(self) -> Engine:
        """The engine that is in use."""
        return self._engine

    def parts(self, chunks: Sequence[Chunk], spaces: Spaces, should_stop: Callable[[], bool]) -> Iterator[Part]:
        """
        The records of *chunks*, in parts, made as they are asked for.

        Args:
            spaces: where records may be put; who takes a part gives its space back.
            should_stop: asked between pieces, and between the steps of what takes long.

        When something fails, the records of all before come first.

        Raises:
            WorkStopped: the rest has no records, since *should_stop* said so.
        """
        part = _PartInProgress(spaces if self._engine.by_columns else None)
        for number, chunk in enumerate(chunks):
            part.tally.replaced += chunk.replaced
            if chunk.entries is not None:
                part.tally.physical_lines += chunk.line_count
                part.tally.bytes_in += chunk.size
            first_line, offset = chunk.first_line, chunk.offset
            done = 0  # lines of the chunk, or entries
            for piece in self._pieces(chunk):
                started = time.monotonic()
                try:
                    if should_stop():
                        raise WorkStopped
                    with stopped_by(should_stop):
                        count = self._do(part, chunk, piece, first_line, offset)
                except Exception:
                    if part:
                        yield part.take(self._counter, number, done)
                    raise
                self._adapt(time.monotonic() - started)
                done += count
                if not isinstance(piece, Entries):
                    first_line += count
                    offset += len(piece)
                if part.is_full:
                    is_end = done == (chunk.line_count if chunk.entries is None else len(chunk.entries))
                    yield part.take(self._counter, number + is_end, 0 if is_end else done)
        if part:
            yield part.take(self._counter, len(chunks), 0)

    def _do(self, part: _PartInProgress, chunk: Chunk, piece: Buffer | Entries, first_line: int, offset: int) -> int:
        """Add the records of *piece* of *chunk* to *part*; return how many lines, or entries, it has."""
        writer = self._writer
        writer.begin(chunk.file, part.rest())
        tally = part.tally
        if chunk.oversized is None:
            entries: Entries | None = None
            if isinstance(piece, Entries):
                entries = piece
                matches = self._engine.match_entries(entries)
            else:
                matches = self._engine.match_batch(piece)
                tally.bytes_in += len(piece)
                tally.physical_lines += matches.line_count
            count = matches.line_count
            tally.timeouts.update(matches.timeouts)
            if self._joiner is not None and not isinstance(piece, Entries):
                matches, entries = self._joiner.lines(matches, piece)
            if entries is not None:
                if entries.has_errors:
                    matches = _without_errors(matches, entries)
                if self._joiner is not None:
                    matches, entries = self._joiner.whole(matches, entries)
                self._count_entries(tally, entries)
            times = None
            if self._times is not None:
                times = self._times.read(matches, chunk.modified)
                tally.times.add(times.counts)
            keep = None
            if self._chooser is not None:
                keep, not_chosen = self._chooser.keep(matches, times)
                tally.not_chosen += not_chosen
            writer.write(Batch(matches, first_line, offset, entries, times, keep))
            self._counter.add(matches)
            if self._counts_blank:
                tally.blank += self._counter.count_blank(matches)
            if self._counts_kinds:
                tally.kinds.add_unmatched(matches if entries is None else _without_broken(matches, entries))
            tally.lines += matches.line_count
        else:
            assert not isinstance(piece, Entries)
            if self._keeps_unmatched:
                writer.write_too_long(first_line, offset, bytes(piece), chunk.oversized)
            else:
                tally.not_chosen += 1
            count = 1
            tally.lines += 1
            tally.too_long += 1
            tally.physical_lines += 1
            tally.bytes_in += chunk.oversized + 1
        tally.replaced += writer.replaced
        tally.numbers_as_text += writer.numbers_as_text
        part.add(*writer.take())
        return count

    def _count_entries(self, tally: Tally, entries: Entries) -> None:
        states = bytes(entries.states)
        tally.truncated += states.count(State.TRUNCATED)
        tally.too_long += states.count(State.TOO_LONG)
        tally.not_envelopes += states.count(State.NO_ENVELOPE)
        tally.no_message += states.count(State.NO_MESSAGE)
        tally.left_out += entries.left_out

    def _pieces(self, chunk: Chunk) -> Iterator[Buffer | Entries]:
        """
        The lines of *chunk* in pieces, each at most about as large as the engine likes, and of so few lines that their
        records are no more than a part, less the text of the lines themselves.
        """
        if chunk.oversized is not None:
            yield chunk.data
            return
        most_lines = max(1, PART_BYTES // self._writer.record_size(chunk.file))
        if chunk.entries is not None:
            yield from self._pieces_of_entries(chunk.entries, most_lines)
            return
        if len(chunk.data) <= self._piece_size and chunk.line_count <= most_lines:
            yield chunk.data
            return
        view = memoryview(chunk.data)
        begin = 0
        while begin < len(view):
            end = piece_end(view, begin, self._piece_size)
            if self._joiner is not None and end < len(view):
                begun = self._joiner.starts.first(view[end:])
                yield view[begin : len(view) if begun is None else end + begun]
                begin = len(view) if begun is None else end + begun
                continue
            if chunk.line_count > most_lines:
                while (count := count_lines(view[begin:end])) > most_lines:
                    end = piece_end(view, begin, max(1, min((end - begin) // 2, (end - begin) * most_lines // count)))
            yield view[begin:end]
            begin = end

    def _pieces_of_entries(self, entries: Entries, most_lines: int) -> Iterator[Entries]:
        size = len(entries.data) + len(entries.inputs)
        count = min(most_lines, 1 + len(entries) * self._piece_size // (size + 1))
        count = min(count, 1 + len(entries) * PART_BYTES // (len(entries.inputs) + 1))
        for first in range(0, len(entries), count):
            yield entries.part(first, min(first + count, len(entries)))

    def _adapt(self, seconds: float) -> None:
        """Make pieces smaller where one takes long."""
        if seconds > _SLOW_SECONDS:
            self._piece_size = max(1, self._piece_size // 4)
        elif seconds < _SLOW_SECONDS / 4 and self._piece_size < self._engine.batch_size:
            self._piece_size = min(2 * self._piece_size, self._engine.batch_size)

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
            for piece in self._pieces(chunk):
                assert not isinstance(piece, Entries)
                matches = self._engine.match_batch(piece)
                writer.write(Batch(matches, first_line, offset))
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


class _PartInProgress:
    """A part while it is made; false while nothing has been added."""

    def __init__(self, spaces: Spaces | None) -> None:
        self._spaces = spaces
        self._space: memoryview | None = None
        self._used = 0  # bytes of the space
        self._records: list[Records] = []  # those that are not in the space, and come after those that are
        self._unmatched: list[Records] = []
        self._size = 0  # of all of them
        self._largest = 0  # the most that was added at once
        self.tally = Tally()

    def __bool__(self) -> bool:
        return self.tally.lines > 0

    @property
    def is_full(self) -> bool:
        """Whether what is added next may be too much."""
        return bool(self._records and self._space is not None) or self._size + 2 * self._largest > PART_BYTES

    def rest(self) -> memoryview | None:
        """Where the next records may be put."""
        if self._spaces is None:
            return None
        if self._space is None:
            self._space = self._spaces.take()
        return self._space[self._used :]

    def add(self, output: Records, unmatched: Records) -> None:
        """Add records; *output* may be in `rest`."""
        if self._space is not None and isinstance(output, memoryview) and output.obj is self._space.obj:
            self._used += len(output)
        elif output:
            self._records.append(output)
        if unmatched:
            self._unmatched.append(bytes(unmatched))
        added = len(output) + len(unmatched)
        self._size += added
        self._largest = max(self._largest, added)

    def take(self, counter: MatchCounter, chunks_done: int, lines_done: int) -> Part:
        """The part; the next begins."""
        tally, space, records = self.tally, self._space, self._records
        tally.matched, by_template = counter.take()
        tally.by_template = TemplateCounts(by_template)
        output: Records = b"" if space is None else space[: self._used]
        if records:
            output = records[0] if len(records) == 1 and not output else b"".join((output, *records))
        unmatched = b"".join(self._unmatched)
        tally.bytes_out = len(output) + len(unmatched)
        self._space, self._used, self._records, self._unmatched = None, 0, [], []
        self._size = self._largest = 0
        self.tally = Tally()
        return Part(output, unmatched, tally, chunks_done, lines_done, space)


def _without_errors(matches: Matches, entries: Entries) -> Matches:
    """*matches* in which the entries that are none match nothing."""
    states, ends = bytes(entries.states), memoryview(entries.ends)
    changes: dict[int, Change] = {
        place: (ends[place], -1, ()) for place, state in enumerate(states) if state >= State.TOO_LONG
    }
    return matches.revised(array("i", range(len(entries))), changes)


def _without_broken(matches: Matches, entries: Entries) -> Matches:
    """Those of *matches* that are not of entries that are none."""
    if not entries.has_errors:
        return matches
    rows = array("i", (place for place, state in enumerate(bytes(entries.states)) if state < State.TOO_LONG))
    return matches.revised(rows, {})


class MatchCounter(Protocol):
    """Counts lines that matched, by template."""

    def add(self, matches: Matches) -> None:
        """Count the lines of *matches*."""

    def count_blank(self, matches: Matches) -> int:
        """How many lines of *matches* matched nothing and hold nothing but spaces and tabs."""

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

    def count_blank(self, matches: Matches) -> int:
        return count_blank(matches.data, matches.line_begins, matches.line_ends, matches.variant_numbers)


class _GroupCounter:
    def __init__(self, template_numbers: array[int]) -> None:
        self._template_numbers = template_numbers
        self._counts: Counter[int] = Counter()

    def add(self, matches: Matches) -> None:
        for variant_number, places, _ in matches.groups():
            self._counts[self._template_numbers[variant_number]] += len(places)

    def count_blank(self, matches: Matches) -> int:
        blank = {place for place, line in enumerate(matches.lines()) if not line.strip(WHITESPACE)}
        if blank:
            blank.difference_update(*(places for _, places, _ in matches.groups()))
        return len(blank)

    def take(self) -> tuple[int, bytes]:
        counts, self._counts = self._counts, Counter()
        pairs = array("i", [number for pair in counts.items() for number in pair])
        return counts.total(), pairs.tobytes()
