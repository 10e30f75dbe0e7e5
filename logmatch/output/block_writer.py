"""
Block writer: matches -> rows of tables, as blocks.

Two writers give the same blocks: one reads the columns of matches (compiled, `_columns`), the other their groups, line
by line. Bytes that are not UTF-8 become U+FFFD, and are counted as for JSON.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial

from logmatch.engine.matches import Matches
from logmatch.entries.entries import TOO_LONG_ERROR, Entries, State, error_of
from logmatch.output.batch import Batch
from logmatch.output.blocks import Value, block_of, head_of, text_block
from logmatch.output.columns import How, Plan, double_of, integer_of, plans_of
from logmatch.output.jsonl import FORMAT as JSON_LINES
from logmatch.output.record_options import RecordOptions
from logmatch.output.table import Own, Schema, Table
from logmatch.output.text_rows import TextForm, text_of, utf8
from logmatch.output.writer import Records, Writer
from logmatch.program import WHITESPACE, Program
from logmatch.templates.pair_grammar import CEF, pairs_with
from logmatch.templates.values import json_number
from logmatch.times.times import State as TimeState

TOO_LONG = TOO_LONG_ERROR.encode()


@cache
def _errors_of(kind: str) -> tuple[bytes, ...]:
    """For each `State` why an entry of *kind* is not matched; nothing where it is."""
    return tuple(error_of(state, kind).encode() if state.is_error else b"" for state in State)


_MOMENTS = (TimeState.ZONED, TimeState.AMBIGUOUS, TimeState.GAP)
"""What is known of times that have a zone; others have no place in a column of moments."""

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class _Policy:
    """What becomes of unmatched lines, and what rows hold."""

    record: RecordOptions
    separate_unmatched: bool
    drop_unmatched: bool
    drop_blank: bool
    form: TextForm | None

    @property
    def has_unmatched(self) -> bool:
        """Whether unmatched lines have rows."""
        return not (self.separate_unmatched or self.drop_unmatched)


def make_block_writer(
    program: Program,
    schema: Schema,
    options: RecordOptions,
    *,
    by_columns: bool,
    separate_unmatched: bool = False,
    drop_unmatched: bool = False,
    drop_blank: bool = False,
    form: TextForm | None = None,
) -> BlockWriter:
    """
    Return a writer of blocks; see `format.OutputFormat.make_writer`.

    The records of unmatched lines that are kept apart are JSON Lines.

    Args:
        form: where rows are lines of text, how these are written; of a single table they come without the heads of
            blocks.
    """
    policy = _Policy(options, separate_unmatched, drop_unmatched, drop_blank, form)
    kind: type[BlockWriter] = _ColumnFiller if by_columns else _GroupFiller
    return kind(program, schema, policy, by_columns)


class BlockWriter:
    """What the two writers have in common; see `writer.Writer`."""

    def __init__(self, program: Program, schema: Schema, policy: _Policy, by_columns: bool) -> None:
        self._policy = policy
        self._schema = schema
        self._row_bytes = 64 + max(9 * len(table.columns) for table in schema.tables)
        self._unmatched: Writer | None = None
        if policy.separate_unmatched:
            self._unmatched = JSON_LINES.make_writer(
                program,
                policy.record,
                by_columns=by_columns,
                separate_unmatched=True,
                drop_matched=True,
                drop_blank=policy.drop_blank,
            )

    @property
    def replaced(self) -> int:
        """See `Writer`."""
        return self._replaced() + (0 if self._unmatched is None else self._unmatched.replaced)

    @property
    def numbers_as_text(self) -> int:
        """How many numbers went to the overflow since `begin`."""
        raise NotImplementedError

    def record_size(self, file: str) -> int:
        """See `Writer.record_size`."""
        return self._row_bytes + len(file.encode("utf-8", "replace"))

    def begin(self, file: str, space: memoryview | None = None) -> None:
        """See `Writer.begin`."""
        self._space = space
        self._file = file.encode("utf-8", "surrogateescape").decode("utf-8", "replace").encode()
        if self._unmatched is not None:
            self._unmatched.begin(file)
        self._begin()

    def write(self, batch: Batch) -> None:
        """See `Writer.write`."""
        self._fill(batch)
        if self._unmatched is not None:
            self._unmatched.write(batch)

    def write_too_long(self, line_number: int, offset: int, head: bytes, size: int) -> None:
        """See `Writer.write_too_long`."""
        if self._unmatched is not None:
            self._unmatched.write_too_long(line_number, offset, head, size)
        elif self._policy.has_unmatched:
            self._fill_too_long(line_number, offset, head, size)

    def take(self) -> tuple[Records, Records]:
        """See `Writer.take`."""
        return self._take(self._space), b"" if self._unmatched is None else self._unmatched.take()[1]

    def _replaced(self) -> int:
        raise NotImplementedError

    def _begin(self) -> None:
        raise NotImplementedError

    def _fill(self, batch: Batch) -> None:
        raise NotImplementedError

    def _fill_too_long(self, line_number: int, offset: int, head: bytes, size: int) -> None:
        raise NotImplementedError

    def _take(self, space: memoryview | None) -> Records:
        raise NotImplementedError


class _ColumnFiller(BlockWriter):
    """Reads the columns of matches: all lines of a batch in one call, without the GIL."""

    def __init__(self, program: Program, schema: Schema, policy: _Policy, by_columns: bool) -> None:
        from logmatch.output import _columns

        super().__init__(program, schema, policy, by_columns)
        self._filler = _columns.Filler(
            array("i", (len(variant.slots) for variant in program.variants)).tobytes(),
            partial(plans_of, program, schema),
            [(table.kinds, table.own) for table in schema.tables],
            schema.unmatched if policy.has_unmatched else -1,
            raw=policy.record.raw,
            drop_blank=policy.drop_blank,
            ids=list(map(utf8, schema.ids)),
        )

    @property
    def numbers_as_text(self) -> int:
        """See `BlockWriter`."""
        return self._filler.numbers_as_text

    def _replaced(self) -> int:
        return self._filler.replaced

    def _begin(self) -> None:
        self._filler.begin()

    def _fill(self, batch: Batch) -> None:
        errors = () if batch.entries is None else _errors_of(batch.entries.kind)
        self._filler.fill(
            batch.matches,
            self._file,
            batch.first_line,
            batch.offset,
            batch.entries,
            errors,
            batch.times,
            batch.keep,
        )

    def _fill_too_long(self, line_number: int, offset: int, head: bytes, size: int) -> None:
        self._filler.add_too_long(self._file, line_number, offset, head, TOO_LONG, size)

    def _take(self, space: memoryview | None) -> Records:
        form = self._policy.form
        if form is None:
            return self._filler.take(space)
        return self._filler.take_text(form.separator[0], form.is_escaped, not self._schema.is_wide, space)


class _Rows:
    """The rows of a table, as values of Python."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.count = 0
        self.columns: list[dict[int, Value]] = [{} for _ in table.columns]

    def put(self, place: int, value: Value | None) -> None:
        """The value of the row that is being made; -1: there is no such column."""
        if place >= 0 and value is not None:
            self.columns[place][self.count] = value


class _GroupFiller(BlockWriter):
    """Reads the groups of matches, line by line: the definition."""

    def __init__(self, program: Program, schema: Schema, policy: _Policy, by_columns: bool) -> None:
        super().__init__(program, schema, policy, by_columns)
        self._program = program
        self._plans: dict[int, tuple[int, int, list[Plan]]] = {}
        self._rows: dict[int, _Rows] = {}
        self._numbers_as_text = self._new = 0

    @property
    def numbers_as_text(self) -> int:
        """See `BlockWriter`."""
        return self._numbers_as_text

    def _replaced(self) -> int:
        return self._new

    def _begin(self) -> None:
        self._rows = {}
        self._numbers_as_text = self._new = 0

    def _fill(self, batch: Batch) -> None:
        matches = batch.matches
        line_numbers, offsets = batch.line_numbers(), batch.offsets()
        keep = None if batch.keep is None else memoryview(batch.keep)
        for place, (line, found) in enumerate(zip(matches.lines(), _by_line(matches), strict=True)):
            if keep is not None and not keep[place]:
                continue
            at = line_numbers[place], offsets[place]
            if found is None:
                is_dropped = self._policy.drop_blank and not line.strip(WHITESPACE)
                if self._policy.has_unmatched and not is_dropped:
                    rows = self._begin_row(self._schema.unmatched, *at)
                    self._put_rest(rows, batch, place)
                    self._end_row(rows, line)
                continue
            number, texts = found
            if number not in self._plans:
                self._plans[number] = plans_of(self._program, self._schema, number)
            table_number, template_number, plans = self._plans[number]
            rows = self._begin_row(table_number, *at)
            self._put_rest(rows, batch, place)
            for plan in plans:
                self._put(rows, plan, texts[plan.field])
            rows.put(
                rows.table.own[Own.TEMPLATE_ID], template_number if self._schema.is_wide else self._id(template_number)
            )
            self._end_row(rows, line if self._policy.record.raw else None)

    def _fill_too_long(self, line_number: int, offset: int, head: bytes, size: int) -> None:
        rows = self._begin_row(self._schema.unmatched, line_number, offset)
        rows.put(rows.table.own[Own.ERROR], TOO_LONG)
        rows.put(rows.table.own[Own.BYTES], size)
        self._end_row(rows, head)

    def _take(self, space: memoryview | None) -> Records:
        blocks = [block_of(number, rows.table.kinds, rows.count, rows.columns) for number, rows in self._rows.items()]
        self._rows = {}
        if self._policy.form is not None:
            blocks = [self._text_of(block, self._policy.form) for block in blocks]
        return b"".join(blocks)

    def _id(self, template_number: int) -> bytes:
        return utf8(self._schema.ids[template_number])

    def _text_of(self, block: bytes, form: TextForm) -> bytes:
        table_number, rows = head_of(block)
        text = text_of(block, self._schema.tables[table_number].kinds, list(map(utf8, self._schema.ids)), form)
        return text if self._schema.is_wide else text_block(table_number, rows, text)

    def _begin_row(self, table_number: int, line_number: int, offset: int) -> _Rows:
        rows = self._rows.get(table_number)
        if rows is None:
            rows = self._rows[table_number] = _Rows(self._schema.tables[table_number])
        rows.put(rows.table.own[Own.FILE], self._file)
        rows.put(rows.table.own[Own.LINE], line_number)
        rows.put(rows.table.own[Own.OFFSET], offset)
        return rows

    def _put_rest(self, rows: _Rows, batch: Batch, place: int) -> None:
        """What else is known of the line."""
        self._put_entry(rows, batch.entries, place)
        if batch.times is not None and memoryview(batch.times.states)[place] in _MOMENTS:
            rows.put(rows.table.own[Own.TS], memoryview(batch.times.nanoseconds)[place])

    def _put_entry(self, rows: _Rows, entries: Entries | None, place: int) -> None:
        """What the row says of the entry that its line is."""
        if entries is None:
            return
        own = rows.table.own
        end, more_end = memoryview(entries.ends)[place], memoryview(entries.more_ends)[place]
        state = memoryview(entries.states)[place]
        input_ = memoryview(entries.input_begins)[place], memoryview(entries.input_ends)[place]
        rows.put(own[Own.LINES], memoryview(entries.line_counts)[place])
        if own[Own.MORE] >= 0 and more_end > end:
            rows.put(own[Own.MORE], self._clean(bytes(memoryview(entries.data)[end + 1 : more_end])))
        rows.put(own[Own.TRUNCATED], b"true" if state == State.TRUNCATED else None)
        rows.put(own[Own.INPUT], bytes(memoryview(entries.inputs)[slice(*input_)]) or None)
        rows.put(own[Own.ERROR], _errors_of(entries.kind)[state] or None)
        rows.put(own[Own.BYTES], memoryview(entries.sizes)[place] if state == State.TOO_LONG else None)

    def _end_row(self, rows: _Rows, line: bytes | None) -> None:
        if line is not None:
            rows.put(rows.table.own[Own.RAW], self._clean(line))
        rows.count += 1

    def _put(self, rows: _Rows, plan: Plan, text: bytes) -> None:
        if plan.nullable and text == b"-":
            return
        text = text[plan.left : len(text) - plan.right]
        how = plan.how
        made: bytes | Mapping[bytes, bytes] | None = text
        if callable(plan.extra):
            made = plan.extra(text)
        elif how is How.AS_PAIRS:
            separator, assign = plan.extra or (b"", b"")
            made = (pairs_with(separator, assign) if assign else CEF).pairs_of(text)
        if made is None:
            return
        if not isinstance(made, bytes):
            rows.put(plan.place, {self._clean(key): self._clean(value) for key, value in made.items()})
        elif how in (How.AS_TEXT, How.MADE_TEXT):
            if not (plan.nullable and plan.left and text == b"-"):
                rows.put(plan.place, self._clean(made))
        elif how is How.AS_DIGITS:
            rows.put(plan.place, json_number(made))
        else:
            value = double_of(made) if how in (How.AS_DOUBLE, How.MADE_DOUBLE) else integer_of(made)
            if value is None:
                self._numbers_as_text += 1
                overflow = rows.columns[rows.table.own[Own.OVERFLOW]]
                earlier = overflow.get(rows.count, {})
                assert isinstance(earlier, Mapping)
                overflow[rows.count] = {**earlier, plan.name: json_number(made)}
            rows.put(plan.place, value)

    def _clean(self, text: bytes) -> bytes:
        """*text* as UTF-8; what is replaced is counted."""
        if text.isascii():
            return text
        decoded = text.decode("utf-8", "replace")
        self._new += decoded.count(_REPLACEMENT) - text.count(_REPLACEMENT.encode())
        return decoded.encode()


def _by_line(matches: Matches) -> list[tuple[int, Sequence[bytes]] | None]:
    """For each line the number of its variant and the texts of the fields."""
    found: list[tuple[int, Sequence[bytes]] | None] = [None] * matches.line_count
    for number, places, values in matches.groups():
        for place, texts in zip(places, values, strict=True):
            found[place] = (number, texts)
    return found
