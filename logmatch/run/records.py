"""
Records: which lines start a record, and lines joined to records, where they may continue each other (`--multiline`).

Whether a line starts a record is decided by that line alone: it matches a header of the templates, or a pattern that
was given for that. So a chunk may end before any line that starts one, and no worker needs what another has. Who reads
cuts there (`Cutting`), for which it mostly looks at the first and the last lines of a chunk; workers join the lines in
between (`Joiner`). There, what a template with a header matches starts a record for sure, and only other lines are
looked at again.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from logmatch.engine import make_engine
from logmatch.engine.matches import Change, LineSpans, Matches, SomeLines
from logmatch.entries.entries import Entries, State
from logmatch.entries.joining import (
    Joined,
    Limits,
    concatenated,
    continuing,
    join,
    lines_as_entries,
    picked,
    shifted,
    starting,
)
from logmatch.errors import UsageError
from logmatch.input.framing import Buffers, Chunk
from logmatch.line import Buffer
from logmatch.linescan import count_lines, piece_end
from logmatch.program import Program, Variant, compile_program
from logmatch.templates.model import DROPPED, Field, Literal, Pattern
from logmatch.templates.template import Multiline, Template
from logmatch.templates.types import REST

_FIRST_STEP = 256  # bytes that are looked at for a line that starts a record; four times as many follow
_MOST_STEP = 256 * 1024


@dataclass(frozen=True, slots=True)
class RecordRules:
    """What is known of lines that start records; picklable."""

    starts: Program
    """What it matches starts a record."""
    owns_start: bytes
    """For each variant of the program whether what it matches starts a record for sure."""
    joined: Program | None
    """The variants that hold a line break, which are tried on records as a whole."""
    joined_numbers: tuple[int, ...]
    """What number each of them has in the program."""
    limits: Limits


def compile_rules(
    templates: Sequence[Template], program: Program, multiline: Multiline, prefix: Pattern | None = None
) -> RecordRules:
    """
    The rules for *templates*, of which *program* was compiled.

    Args:
        prefix: what stands before all lines, in the program too; it says nothing of records.

    Raises:
        UsageError: they have no header, and no pattern says what starts a record.
    """
    patterns = [multiline.start] if multiline.start is not None else _headers_of(templates)
    if not patterns:
        hint = "give --header PATTERN, or --multiline-start PATTERN, the beginning of a record's first line"
        raise UsageError("no template has a header that says where a record starts", hint=hint)
    if prefix is not None:
        patterns = [Pattern((*prefix.items, *pattern.items)) for pattern in patterns]
    rest = Field(DROPPED, REST)
    starts = [Template(f"{number}", Pattern((*pattern.items, rest))) for number, pattern in enumerate(patterns)]
    # A line may end where its header does, whose last blanks it then lacks.
    starts += [Template(f"{number}, alone", pattern) for number, pattern in enumerate(patterns)]
    has_header = [multiline.start is None and _has_header(template) for template in templates]
    numbers = tuple([number for number, variant in enumerate(program.variants) if _has_line_break(variant)])
    return RecordRules(
        compile_program(starts),
        bytes(has_header[variant.template_number] for variant in program.variants),
        Program(program.templates, tuple([program.variants[number] for number in numbers])) if numbers else None,
        numbers,
        Limits(multiline.max_lines, multiline.max_bytes),
    )


def _headers_of(templates: Sequence[Template]) -> list[Pattern]:
    return list(dict.fromkeys(template.header for template in templates if template.header and template.header.items))


def _has_header(template: Template) -> bool:
    return template.header is not None and bool(template.header.items)


def _has_line_break(variant: Variant) -> bool:
    return any(isinstance(item, Literal) and b"\n" in item.text for item in variant.items)


class Starts:
    """Finds lines that start records."""

    def __init__(self, program: Program, engine: str) -> None:
        self.engine = make_engine(program, engine)

    def starts(self, line: bytes) -> bool:
        """Whether *line* starts a record."""
        return self.engine.match(line) is not None

    def flags(self, lines: LineSpans) -> bytearray:
        """A byte for each line, 0 where it does not start a record."""
        return self._flags(self.engine.match_entries(lines))

    def _flags(self, matches: Matches) -> bytearray:
        return starting(matches.line_count, array("i", range(matches.line_count)), matches.variant_numbers)

    def first(self, data: memoryview) -> int | None:
        """Where the first line of *data* begins that starts a record; None: there is none."""
        begin, size = 0, _FIRST_STEP
        while begin < len(data):
            end = piece_end(data, begin, size)
            matches = self.engine.match_batch(data[begin:end])
            row = self._flags(matches).find(1)
            if row >= 0:
                return begin + memoryview(matches.line_begins)[row]
            begin, size = end, min(4 * size, _MOST_STEP)
        return None

    def last(self, data: memoryview) -> int | None:
        """The same of the last such line."""
        end, size = len(data), _FIRST_STEP
        while end > 0:
            begin = _line_begin(data, max(0, end - size))
            matches = self.engine.match_batch(data[begin:end])
            row = self._flags(matches).rfind(1)
            if row >= 0:
                return begin + memoryview(matches.line_begins)[row]
            end, size = begin, min(4 * size, _MOST_STEP)
        return None


def _line_begin(data: memoryview, place: int) -> int:
    """Where the line begins that *place* is in."""
    while place > 0:
        begin = max(0, place - 4096)
        found = bytes(data[begin:place]).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        place = begin
    return 0


class Cutting:
    """
    A `stage.Stage`: chunks that end where records do.

    What may go on is held back, joined, of which the limits keep no more than a record may have.
    """

    left_out = 0

    def __init__(self, rules: RecordRules, engine: str, buffers: Buffers) -> None:
        self._limits = rules.limits
        self._starts = Starts(rules.starts, engine)
        self._buffers = buffers
        self._held: Joined | None = None
        self._chunk: Chunk | None = None  # the last one
        self._first_line = self._offset = 0  # from which the deltas of what is held are counted
        self._size = 0  # bytes of the input that are in no chunk yet
        self._replaced = 0
        self.held_since: float | None = None
        """When the last line came, if something is held back; see `time.monotonic`."""

    def feed(self, chunk: Chunk) -> Iterator[Chunk]:
        """See `Stage.feed`."""
        self._chunk = chunk
        self._replaced += chunk.replaced
        if chunk.oversized is not None:
            yield from self._too_long(chunk, chunk.oversized)
        elif chunk.entries is not None:
            yield from self._feed_entries(chunk, chunk.entries)
        else:
            yield from self._feed_lines(chunk, memoryview(chunk.data))
        self.held_since = None if self._held is None else time.monotonic()

    def end(self) -> Iterator[Chunk]:
        """See `Stage.end`."""
        if self._held is not None:
            entries, self._held, self.held_since = self._held.entries, None, None
            yield self._released(entries)

    def _feed_lines(self, chunk: Chunk, data: memoryview) -> Iterator[Chunk]:
        first = self._starts.first(data)
        if first is None:
            if not self._leave_out(chunk):
                self._extend(data, chunk.first_line, chunk.offset)
            self._buffers.give_back(chunk.buffer)
            return
        last = self._starts.last(data)
        assert last is not None
        if self._held is None:
            first = 0  # what the input begins with is a record in any case
        head = count_lines(data[:first]) if first else 0
        if first:
            self._extend(data[:first], chunk.first_line, chunk.offset)
        yield from self.end()
        tail = count_lines(data[last:])
        middle = chunk.line_count - head - tail
        self._extend(data[last:], chunk.first_line + head + middle, chunk.offset + last)
        if middle:
            replaced, self._replaced = self._replaced, 0
            yield replace(
                chunk, first_line=chunk.first_line + head, line_count=middle, offset=chunk.offset + first,
                data=data[first:last], replaced=replaced,
            )  # fmt: skip
        else:
            self._buffers.give_back(chunk.buffer)

    def _leave_out(self, chunk: Chunk) -> bool:
        """Count the lines of *chunk*, which continue the one record that is held, if no more of that is kept."""
        held = self._held
        if held is None or bytes(held.entries.states) != bytes([State.TRUNCATED]):
            return False
        counts = array("q", [memoryview(held.entries.line_counts)[0] + chunk.line_count])
        left_out = held.entries.left_out + chunk.line_count
        self._held = Joined(
            replace(held.entries, line_counts=memoryview(counts), left_out=left_out),
            held.rows,
            array("q", [chunk.first_line + chunk.line_count - 1 - self._first_line]),
            array("q", [chunk.offset + len(chunk.data) - self._offset]),
        )
        self._size += len(chunk.data)
        return True

    def _extend(self, data: memoryview, first_line: int, offset: int, state: State = State.WHOLE) -> None:
        """What is held goes on with the lines of *data*."""
        if not data:
            return
        copy = bytes(data)
        matches = self._starts.engine.match_batch(copy)
        entries = lines_as_entries(copy, matches.line_begins, matches.line_ends)
        if state:
            entries = replace(entries, states=bytes([state]) * len(entries))
        self._size += len(copy)
        self._hold(entries, bytearray(len(entries)), first_line, offset)

    def _hold(self, entries: Entries, starts: bytearray, first_line: int, offset: int) -> None:
        """Join *entries* to what is held."""
        held = self._held
        if held is None:
            self._first_line, self._offset = first_line, offset
        else:
            starts = bytearray(b"\1" * len(held.entries)) + starts
            entries = concatenated(held.entries, entries, first_line - self._first_line, offset - self._offset)
        joined = join(entries, starts, self._limits, held)
        left_out = joined.entries.left_out + (held.entries.left_out if held is not None else 0)
        self._held = replace(joined, entries=replace(joined.entries, left_out=left_out).compacted())

    def _feed_entries(self, chunk: Chunk, entries: Entries) -> Iterator[Chunk]:
        starts = self._starts.flags(SomeLines(entries.data, entries.begins, entries.ends))
        self._size += chunk.size
        self._hold(entries, starts, chunk.first_line, chunk.offset)
        joined = self._held
        assert joined is not None
        count = joined.first_open()
        if not count:
            return
        whole = replace(joined.entries.part(0, count), left_out=joined.entries.left_out)
        self._held = None
        if count < len(joined.entries):
            rest = joined.entries.part(count, len(joined.entries)).compacted()
            self._held = Joined(rest, joined.rows[count:], joined.last_lines[count:], joined.last_offsets[count:])
        yield self._released(whole)

    def _released(self, entries: Entries) -> Chunk:
        """The chunk of *entries*, which have been held."""
        chunk = self._chunk
        assert chunk is not None
        lines, offset = memoryview(entries.line_deltas)[0], memoryview(entries.offset_deltas)[0]
        size, self._size = self._size, 0
        replaced, self._replaced = self._replaced, 0
        return Chunk(
            chunk.file, self._first_line + lines, sum(memoryview(entries.line_counts)), self._offset + offset,
            entries.data, chunk.position, replaced=replaced, size=size, modified=chunk.modified,
            entries=replace(
                entries,
                line_deltas=shifted(entries.line_deltas, -lines),
                offset_deltas=shifted(entries.offset_deltas, -offset),
            ),
        )  # fmt: skip

    def _too_long(self, chunk: Chunk, size: int) -> Iterator[Chunk]:
        """A line that is too long to be matched, of which the beginning is there."""
        head = memoryview(chunk.data)
        place = array("i", [0]), array("i", [len(head)])
        if self._held is None or self._starts.flags(SomeLines(head, memoryview(place[0]), memoryview(place[1])))[0]:
            yield from self.end()
            yield chunk
        else:
            self._size += size + 1 - len(head)
            self._extend(head, chunk.first_line, chunk.offset, State.TRUNCATED)


class Joiner:
    """Joins the lines that a worker has matched, which begin where a record does and end where one does."""

    def __init__(self, rules: RecordRules, engine: str) -> None:
        self._rules = rules
        self.starts = Starts(rules.starts, engine)
        self._joined = make_engine(rules.joined, engine) if rules.joined is not None else None

    def lines(self, matches: Matches, data: Buffer) -> tuple[Matches, Entries | None]:
        """The records that the lines of *data* are; None: each line is one."""
        rows = continuing(matches.variant_numbers, self._rules.owns_start)
        if not rows or (len(rows) == 1 and rows[0] == 0):
            return matches, None
        unsure = SomeLines(data, picked(matches.line_begins, rows), picked(matches.line_ends, rows))
        found = self.starts.engine.match_entries(unsure)
        starts = starting(matches.line_count, rows, found.variant_numbers)
        starts[0] = 1
        if 0 not in starts:
            return matches, None
        joined = join(
            lines_as_entries(memoryview(data), matches.line_begins, matches.line_ends), starts, self._rules.limits
        )
        return matches.revised(joined.rows, {}, joined.entries.data, joined.entries.begins), joined.entries

    def whole(self, matches: Matches, entries: Entries) -> tuple[Matches, Entries]:
        """The same where patterns that hold a line break match whole records."""
        if self._joined is None:
            return matches, entries
        data = memoryview(entries.data)
        begins, more_ends, states = memoryview(entries.begins), memoryview(entries.more_ends), bytes(entries.states)
        ends = array("i", memoryview(entries.ends))
        changes: dict[int, Change] = {}
        for place, (begin, end, more_end) in enumerate(zip(begins, ends, more_ends, strict=True)):
            if more_end > end and states[place] < State.TOO_LONG:
                found = self._joined.locate(bytes(data[begin:more_end]))
                if found is not None:
                    changes[place] = more_end, self._rules.joined_numbers[found[0]], found[1]
        if not changes:
            return matches, entries
        for place, (end, _, _) in changes.items():
            ends[place] = end
        revised = matches.revised(array("i", range(len(entries))), changes)
        return revised, replace(entries, ends=memoryview(ends))
