"""
JSON Lines: matches -> one line of JSON for each line. The only place where bytes of a log become text.

Two writers give the same bytes: one reads the columns of matches (compiled, `_jsonl`), the other their groups. What
records look like is said here for both. Everything that is the same for each record of a variant is put
together once; what is left for a line is a few values in a format of bytes. Strings are escaped as `orjson` does it,
and numbers are written with the digits of the line.
"""

from __future__ import annotations

import json  # noqa: F401 - orjson imports it, and crashes where a Ctrl-C interrupts that
import re
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from logmatch.entries.entries import State
from logmatch.gc_pause import held_back
from logmatch.output.batch import Batch
from logmatch.output.entry_keys import EntryKeys, errors_of
from logmatch.output.json_text import PLAIN, REPLACEMENT, json_string
from logmatch.output.record_options import (
    BYTES,
    INPUT,
    LINE,
    LINES,
    MORE,
    NO_TEMPLATE,
    NO_TIME,
    OFFSET,
    RAW,
    TRUNCATED,
    RecordOptions,
    TimeForm,
    opened,
)
from logmatch.output.time_json import times_json
from logmatch.output.value_plan import ValuePlan, plan_of
from logmatch.output.writer import Records, Writer
from logmatch.program import WHITESPACE, CompiledTemplate, Program, Variant
from logmatch.templates.field_type import Facts, JsonKind
from logmatch.templates.model import encode

if TYPE_CHECKING:
    from logmatch.interrupt import Interrupt
    from logmatch.output.format import OpenOutput

_PLAIN_LINES = PLAIN + b"\n"

_FEW_LINES = 4
"""Up to below how many lines of a variant it takes longer to make columns of their texts than to go text by text."""

Values = Sequence[bytes]
"""The texts of a variant's fields, in their order."""

_RECORD_BYTES = 64
"""Of a record besides the names in it and the text of its line, at most."""


def _record_size(options: RecordOptions, names_size: int, file: str) -> int:
    time_size = 48 if options.time_form is not None else 0
    return _RECORD_BYTES + time_size + names_size + (len(file.encode("utf-8", "replace")) if options.with_file else 0)


def _longest_names(program: Program) -> int:
    """How many bytes of a record of *program* are names and what belongs to them, at most."""
    return max((_names_of(template) for template in program.templates), default=0)


def _names_of(template: CompiledTemplate) -> int:
    names = [template.id, *(name or "p000" for name in template.names)]
    return sum(len(name.encode("utf-8", "replace")) + len('"":"",') for name in names)


def record_beginning(options: RecordOptions, file: str) -> bytes:
    """What comes before the line number in each record of *file*."""
    if not options.with_file:
        return LINE if options.has("line") else b""
    name, _ = json_string(file.encode("utf-8", "surrogateescape"))
    if not options.has("line"):
        return b'{"file":' + name
    return b'{"file":' + name + b"," + LINE[1:]


@dataclass(frozen=True, slots=True)
class JsonLines:
    """The format; see `format.OutputFormat`."""

    name: str = "jsonl"

    @property
    def of_unmatched(self) -> JsonLines:
        """See `OutputFormat`."""
        return self

    def files(self, path: str, program: Program) -> Sequence[str]:
        """See `OutputFormat.files`."""
        return (path,)

    def make_writer(
        self,
        program: Program,
        options: RecordOptions,
        *,
        by_columns: bool,
        separate_unmatched: bool = False,
        drop_unmatched: bool = False,
        drop_blank: bool = False,
        drop_matched: bool = False,
    ) -> Writer:
        """See `OutputFormat.make_writer`; *drop_matched*: whether matched lines have no record."""
        kind = _ColumnWriter if by_columns else _GroupWriter
        return kind(program, options, separate_unmatched, drop_unmatched, drop_blank, drop_matched)

    def open_output(
        self, path: str, interrupt: Interrupt, program: Program, options: RecordOptions, *, line_buffered: bool = False
    ) -> OpenOutput:
        """See `OutputFormat.open_output`."""
        from logmatch.output.text_output import open_text_output  # programs that use the library open none

        return open_text_output(path, interrupt, line_buffered=line_buffered)


FORMAT = JsonLines()


class _ColumnWriter:
    """Writes records of columns: all lines of a batch in one call, without the GIL."""

    def __init__(
        self,
        program: Program,
        options: RecordOptions,
        separate_unmatched: bool,
        drop_unmatched: bool,
        drop_blank: bool,
        drop_matched: bool,
    ) -> None:
        from logmatch.output import _jsonl

        self.replaced = 0
        self._options = options
        self._names_size = _longest_names(program)
        bodies = self._bodies = Bodies(program, options)
        self._encoder = _jsonl.Encoder(
            array("i", (len(variant.slots) for variant in program.variants)).tobytes(),
            lambda number: bodies[number].pieces(),
            raw=options.raw,
            offsets=options.offsets,
            entries=options.entries,
            time_form=0 if options.time_form is None else list(TimeForm).index(options.time_form) + 1,
            numbered=options.has("line"),
            raw_unmatched=options.has("raw"),
            safe_numbers=options.safe_numbers,
            drop_blank=drop_blank,
            no_template=NO_TEMPLATE if options.has("template_id") else b"",
            raw_key=RAW,
            offset_key=OFFSET,
            lines_key=LINES,
            more_key=MORE,
            truncated=TRUNCATED,
            input_key=INPUT,
            bytes_key=BYTES,
        )
        self._records = _jsonl.Output()
        self._separate = _jsonl.Output() if separate_unmatched else None
        self._matched = None if drop_matched else self._records
        self._unmatched = None if drop_unmatched else self._separate or self._records

    @property
    def numbers_as_text(self) -> int:
        """See `Writer`."""
        return self._encoder.numbers_as_text + self._bodies.numbers_as_text

    def record_size(self, file: str) -> int:
        """See `Writer.record_size`."""
        return _record_size(self._options, self._names_size, file)

    def begin(self, file: str, space: memoryview | None = None) -> None:
        """See `Writer.begin`."""
        self.replaced = 0
        self._encoder.numbers_as_text = self._bodies.numbers_as_text = 0
        self._beginning = record_beginning(self._options, file)
        self._records.begin(space)
        if self._separate is not None:
            self._separate.begin()

    def write(self, batch: Batch) -> None:
        """See `Writer.write`."""
        self.replaced += self._encoder.encode(
            batch.matches,
            beginning=self._beginning,
            first_line=batch.first_line,
            offset=batch.offset,
            records=self._matched,
            unmatched=self._unmatched,
            entries=batch.entries,
            errors=() if batch.entries is None else errors_of(batch.entries.kind),
            times=batch.times,
            keep=batch.keep,
        )

    def write_too_long(self, line_number: int, offset: int, head: bytes, size: int) -> None:
        """See `Writer.write_too_long`."""
        if self._unmatched is not None:
            record, replaced = too_long(self._options, self._beginning, line_number, offset, head, size)
            self.replaced += replaced
            self._unmatched.add(record)

    def take(self) -> tuple[Records, Records]:
        """See `Writer.take`."""
        return self._records.view(), b"" if self._separate is None else self._separate.view()


class _GroupWriter:
    """Writes records of groups: for all lines of a variant at once."""

    def __init__(
        self,
        program: Program,
        options: RecordOptions,
        separate_unmatched: bool,
        drop_unmatched: bool,
        drop_blank: bool,
        drop_matched: bool,
    ) -> None:
        self.replaced = 0
        self._options = options
        self._names_size = _longest_names(program)
        self._bodies = Bodies(program, options)
        self._separate_unmatched = separate_unmatched
        self._drop_matched = drop_matched
        self._drop_unmatched = drop_unmatched
        self._drop_blank = drop_blank

    @property
    def numbers_as_text(self) -> int:
        """See `Writer`."""
        return self._bodies.numbers_as_text

    def record_size(self, file: str) -> int:
        """See `Writer.record_size`."""
        return _record_size(self._options, self._names_size, file)

    def begin(self, file: str, space: memoryview | None = None) -> None:
        """See `Writer.begin`."""
        self.replaced = 0
        self._bodies.numbers_as_text = 0
        self._beginning = record_beginning(self._options, file)
        self._records: list[bytes] = []
        self._separate: list[bytes] = []

    def write(self, batch: Batch) -> None:
        """See `Writer.write`."""
        matches = batch.matches
        # Nothing that is made here is part of a cycle, and the collector would look through it again and again.
        with held_back():
            # An entry of several lines has line breaks in its texts.
            is_plain = not bytes(matches.data).translate(None, _PLAIN_LINES if batch.entries is None else PLAIN)
            records: list[bytes | None] = [None] * matches.line_count
            keep = None if batch.keep is None else memoryview(batch.keep)
            line_numbers = batch.line_numbers()
            self._times = times_json(batch, self._options.time_form)
            for variant_number, places, values in matches.groups():
                if self._drop_matched:
                    for place in places:
                        records[place] = b""
                    continue
                if keep is not None:
                    kept = [number for number, place in enumerate(places) if keep[place]]
                    if not kept:
                        continue
                    places, values = [places[number] for number in kept], [values[number] for number in kept]
                begins = self._begins([line_numbers[place] for place in places], places)
                of_variant = self._matched(self._bodies[variant_number], begins, values, is_plain)
                for place, record in zip(places, of_variant, strict=True):
                    records[place] = record
            left: Sequence[int] = range(len(records))  # places of lines that have a record
            if keep is not None:
                left = [place for place in left if keep[place]]
            if batch.entries is not None:
                self._add_entries(records, left, batch, EntryKeys(batch.entries))
            elif self._options.raw or self._options.offsets:
                self._add_tails(records, left, batch)
            elif not self._drop_unmatched:
                lines = matches.lines()
                for place in [place for place in left if records[place] is None]:
                    self._add_unmatched(records, place, line_numbers[place], lines[place], b"}\n")
            made = filter(None, records)
            self._records += made if self._beginning else map(opened, made)

    def write_too_long(self, line_number: int, offset: int, head: bytes, size: int) -> None:
        """See `Writer.write_too_long`."""
        if not self._drop_unmatched:
            record, replaced = too_long(self._options, self._beginning, line_number, offset, head, size)
            self.replaced += replaced
            (self._separate if self._separate_unmatched else self._records).append(record)

    def take(self) -> tuple[Records, Records]:
        """See `Writer.take`."""
        return b"".join(self._records), b"".join(self._separate)

    def _begins(self, line_numbers: Sequence[int], places: Sequence[int]) -> Sequence[bytes]:
        """What comes before the id of the template in the records of the lines at *places*: number and time."""
        if self._options.has("line"):
            each = self._beginning.replace(b"%", b"%%") + b"%d\n"
            begins = (each * len(places) % tuple(line_numbers)).split(b"\n")
            begins.pop()
        else:
            begins = [self._beginning] * len(places)
        times = self._times
        return begins if times is None else [begins[at] + times[place] for at, place in enumerate(places)]

    def _matched(
        self, body: Body, begins: Sequence[bytes], values: Sequence[Values], is_plain: bool
    ) -> Sequence[bytes]:
        """The records of lines that one variant matched; *values* has the texts of each."""
        if len(values) < _FEW_LINES:
            made = (body.record(*line, is_plain) for line in zip(begins, values, strict=True))
            records, replaced = zip(*made, strict=True)
            self.replaced += sum(replaced)
            return list(records)
        many, replaced_in_all = body.records(begins, values, is_plain)
        self.replaced += replaced_in_all
        return many

    def _add_tails(self, records: list[bytes | None], places: Sequence[int], batch: Batch) -> None:
        """Complete the *records* at *places* with what the options say of each line; add those of unmatched lines."""
        line_numbers, offsets, lines = batch.line_numbers(), batch.offsets(), batch.matches.lines()
        for place in places:
            record, line = records[place], lines[place]
            end = self._end(offsets[place])
            if record is None:
                self._add_unmatched(records, place, line_numbers[place], line, end)
            elif record:
                records[place] = record[:-2] + self._raw(line) + end

    def _add_entries(self, records: list[bytes | None], places: Sequence[int], batch: Batch, keys: EntryKeys) -> None:
        """The same, with what records say of entries."""
        line_numbers, offsets, lines = batch.line_numbers(), batch.offsets(), batch.matches.lines()
        for place in places:
            record, line = records[place], lines[place]
            if record == b"" or (record is None and self._drop_unmatched):
                continue
            rest, replaced = keys.rest(place)
            self.replaced += replaced
            end = rest + self._end(offsets[place])
            count = keys.count(place)
            if record is None:
                error = keys.error(place)
                self._add_unmatched(records, place, line_numbers[place], line, end, count, error)
            else:
                begin = len(_beginning_of(self._options, self._beginning, line_numbers[place]))
                records[place] = b"".join((record[:begin], count, record[begin:-2], self._raw(line), end))

    def _end(self, offset: int) -> bytes:
        return b"%b%d}\n" % (OFFSET, offset) if self._options.offsets else b"}\n"

    def _raw(self, line: bytes) -> bytes:
        """What the record of a matched line says of the line itself."""
        if not self._options.raw:
            return b""
        text, replaced = json_string(line)
        self.replaced += replaced
        return RAW + text

    def _add_unmatched(
        self,
        records: list[bytes | None],
        place: int,
        line_number: int,
        line: bytes,
        end: bytes,
        count: bytes = b"",
        error: bytes = b"",
    ) -> None:
        if self._drop_unmatched or (self._drop_blank and not line.strip(WHITESPACE)):
            return
        options = self._options
        raw = b""
        if options.has("raw"):
            text, replaced = json_string(line)
            self.replaced += replaced
            raw = RAW + text
        time = b"" if self._times is None else self._times[place]
        begin = _beginning_of(options, self._beginning, line_number)
        id_ = NO_TEMPLATE if options.has("template_id") else b""
        record = b"".join((begin, count, time, id_, error, raw, end))
        if self._separate_unmatched:
            self._separate.append(record if self._beginning else opened(record))
        else:
            records[place] = record


def too_long(
    options: RecordOptions, beginning: bytes, line_number: int, offset: int, head: bytes, size: int
) -> tuple[bytes, int]:
    """The record of a line of *size* bytes that begins with *head*, and how many U+FFFD are new in it."""
    text, replaced = json_string(head) if options.has("raw") else (b"", 0)
    end = b"%b%d}\n" % (OFFSET, offset) if options.offsets else b"}\n"
    time = b"" if options.time_form is None else NO_TIME
    error = errors_of("")[State.TOO_LONG]
    id_ = NO_TEMPLATE if options.has("template_id") else b""
    raw = RAW + text if options.has("raw") else b""
    parts = (_beginning_of(options, beginning, line_number), time, id_, error, BYTES, b"%d" % size, raw, end)
    record = b"".join(parts)
    return record if beginning else opened(record), replaced


def _beginning_of(options: RecordOptions, beginning: bytes, line_number: int) -> bytes:
    """What a record begins with, the number of its line included."""
    return b"%b%d" % (beginning, line_number) if options.has("line") else beginning


_STRING_OR_NUMBER = re.compile(rb'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*')
"""The tokens of JSON that are strings, so that no digit in them is taken for a number, and numbers."""


class Bodies(dict[int, "Body"]):
    """The body of each variant by its number, made when it is first needed."""

    def __init__(self, program: Program, options: RecordOptions) -> None:
        super().__init__()
        self._program = program
        self.options = options
        self.number: Callable[[bytes], bytes] = self._safe_number if options.safe_numbers else json_number
        """Writes the text of a number field."""
        self._plans: dict[Facts, ValuePlan] = {}
        self.numbers_as_text = 0
        """How many numbers were written as text."""

    def __missing__(self, variant_number: int) -> Body:
        body = self[variant_number] = Body(self._program, variant_number, self)
        return body

    def plan(self, facts: Facts) -> ValuePlan:
        """How the compiled writer comes to the values of a type."""
        plan = self._plans.get(facts)
        if plan is None:
            safe = self.number is not json_number
            plan = self._plans[facts] = plan_of(facts, partial(self.converted, facts), made_numbers=safe)
        return plan

    def converted(self, facts: Facts, text: bytes) -> tuple[bytes, int]:
        """See `_converted`; numbers anywhere in the value are safe where that is asked for."""
        value, replaced = _converted(facts, text)
        if self.number is not json_number and facts.json_kind is not JsonKind.STRING:
            value = _STRING_OR_NUMBER.sub(self._safe_token, value)
        return value, replaced

    def _safe_token(self, match: re.Match[bytes]) -> bytes:
        return match[0] if match[0][:1] == b'"' else self.number(match[0])

    def _safe_number(self, text: bytes) -> bytes:
        number = json_number(text)
        if fits_double(number):
            return number
        self.numbers_as_text += 1
        return b'"%b"' % number


FieldPlan = tuple[int, ValuePlan, bytes]
"""The number of a field, how its value is written, and what comes after the value."""


class Body:
    """
    The records of one variant: a format with places for what differs from line to line.

    Many lines are written column by column: what has to be done to a field's texts is done, or found to be needless,
    for all lines at once.
    """

    def __init__(self, program: Program, variant_number: int, bodies: Bodies) -> None:
        self._number, self._converted, self._plan = bodies.number, bodies.converted, bodies.plan
        variant: Variant = program.variants[variant_number]
        template = program.template_of(variant_number)
        value_names = bodies.options.value_names if bodies.options.has("values") else frozenset()
        self._fields: list[tuple[int, bool, int, int | None]] = []
        """For each value: the number of the field, whether it is a number, and the slice of its text."""
        self._converts: dict[int, Facts] = {}
        """The types of fields whose values are made, and not cut, of their texts, by the number of the field."""
        keys = []
        for index, slot in enumerate(variant.slots):
            name, type_ = template.names[slot], template.types[slot]
            if name is not None and (value_names is None or name in value_names):
                facts = type_.facts
                is_number = facts.json_kind in (JsonKind.NUMBER, JsonKind.VALUE)
                self._fields.append((index, is_number, facts.trimmed_start, -facts.trimmed_end or None))
                if facts.convert is not None or facts.json_kind is JsonKind.VALUE:
                    self._converts[index] = facts
                keys.append(_key(name) + b":")
        begin = b',"template_id":' + _key(template.id) if bodies.options.has("template_id") else b""
        end = b"}\n"
        if bodies.options.has("values"):
            begin += b',"values":{'
            end = b"}}\n"
        self._pieces = [begin, *[b"," + key if number else key for number, key in enumerate(keys)], end]
        # All texts as they are, as long as they are plain.
        plain = [(index, False, 0, None) for index in range(len(variant.slots))]
        self._is_simple = self._fields == plain and not self._converts
        before, values = self.pieces()
        literals = [before, *(after for *_, after in values)]
        self._format = b"%b" + b"%b".join(text.replace(b"%", b"%%") for text in literals)

    def pieces(self) -> tuple[bytes, list[FieldPlan]]:
        """
        The same for a writer in another language: what comes before the first value, and for each value a plan. The
        quotes of strings are in these pieces.
        """
        before = self._pieces[0]
        values: list[FieldPlan] = []
        quote = b""  # that ends the value before
        for key, (index, is_number, start, end) in zip(self._pieces[1:], self._fields, strict=False):
            piece = quote + key + (b"" if is_number else b'"')
            quote = b"" if is_number else b'"'
            if values:
                values[-1] = (*values[-1][:2], piece)
            else:
                before += piece
            if index in self._converts:
                values.append((index, self._plan(self._converts[index]), b""))
            else:
                values.append((index, ValuePlan("number" if is_number else "text", start, -(end or 0)), b""))
        if values:
            values[-1] = (*values[-1][:2], quote + self._pieces[-1])
        else:
            before += self._pieces[-1]
        return before, values

    def record(self, begin: bytes, values: Values, is_plain: bool) -> tuple[bytes, int]:
        """
        The record of one line, and how many U+FFFD are new in it.

        Args:
            begin: what comes before the id of the template.
            is_plain: whether it is known that no text needs escaping.
        """
        if is_plain and self._is_simple:
            return self._format % (begin, *values), 0
        texts = []
        total = 0
        for index, is_number, start, end in self._fields:
            if index in self._converts:
                text, replaced = self._converted(self._converts[index], values[index])
                total += replaced
                texts.append(text)
                continue
            text = values[index][start:end]
            if is_number:
                text = self._number(text)
            elif not is_plain and text.translate(None, PLAIN):
                text, replaced = _escaped(text)
                total += replaced
            texts.append(text)
        return self._format % (begin, *texts), total

    def records(self, begins: Sequence[bytes], values: Sequence[Values], is_plain: bool) -> tuple[list[bytes], int]:
        """The same for many lines: what `record` gives for each, and the sum."""
        texts = list(zip(*values, strict=True))  # for each field those of all lines
        columns: list[Sequence[bytes]] = []
        total = 0
        for index, is_number, start, end in self._fields:
            column: Sequence[bytes] = texts[index]
            if index in self._converts:
                facts = self._converts[index]
                column, replaced = zip(*[self._converted(facts, text) for text in column], strict=True)
                total += sum(replaced)
                columns.append(column)
                continue
            if (start, end) != (0, None):
                column = [text[start:end] for text in column]
            if is_number:
                number = self._number
                if number is json_number:
                    column = [text if 0x31 <= text[0] <= 0x39 else json_number(text) for text in column]
                else:
                    column = [number(text) for text in column]
            elif not is_plain and b"".join(column).translate(None, PLAIN):
                column, replaced = zip(*map(_escaped, column), strict=True)
                total += sum(replaced)
            columns.append(column)
        return list(map(self._format.__mod__, zip(begins, *columns, strict=True))), total


def _converted(facts: Facts, text: bytes) -> tuple[bytes, int]:
    """What stands for *text* in the format, and how many U+FFFD are new in it; of a string, without its quotes."""
    if facts.json_kind is JsonKind.STRING:
        return _escaped(facts.value_text(text))
    value = facts.value_json(text)
    if value.isascii():
        return value, 0
    decoded = value.decode("utf-8", "replace")
    return decoded.encode(), decoded.count(REPLACEMENT) - value.count(REPLACEMENT.encode())


def _escaped(text: bytes) -> tuple[bytes, int]:
    """What `json_string` gives, without the quotes."""
    if not text.translate(None, PLAIN):
        return text, 0
    string, replaced = json_string(text)
    return string[1:-1], replaced


def _key(text: str) -> bytes:
    """An id or a name as a JSON string; one from a file that is not UTF-8 may hold bytes that are not."""
    return json_string(encode(text))[0]


def json_number(text: bytes) -> bytes:
    """
    Return *text* of an `int` or `float` field as a JSON number with the same digits.

    What JSON does not allow goes: a leading `+`, superfluous leading zeros; a point without a digit before it gets one.
    """
    if 0x31 <= text[0] <= 0x39:
        return text
    sign = b"-" if text[:1] == b"-" else b""
    digits = text.lstrip(b"+-").lstrip(b"0")
    return sign + digits if digits[:1].isdigit() else sign + b"0" + digits


MOST_WHOLE = b"%d" % 2**53
"""Up to here a double has every whole number."""

MOST_EXPONENT = 307
"""Powers of ten between whose negative and which, both included, every number has a double near it."""


def fits_double(number: bytes) -> bool:
    """
    Whether what reads the JSON *number* as a double neither refuses it nor makes another number of it.

    That is: a whole number up to 2^53; one with a fraction or an exponent if it is 0 or between 1e-307 and 1e308. Of a
    fraction a double keeps 15 digits in any case; that much is expected of it.
    """
    digits = number.removeprefix(b"-")
    if digits.isdigit():
        return len(digits) < len(MOST_WHOLE) or (len(digits) == len(MOST_WHOLE) and digits <= MOST_WHOLE)
    mantissa, _, exponent = digits.lower().partition(b"e")
    whole, _, fraction = mantissa.partition(b".")
    if whole.strip(b"0"):
        first = len(whole) - 1
    else:
        first = len(fraction.lstrip(b"0")) - len(fraction) - 1
        if not fraction.strip(b"0"):
            return True
    size = exponent.lstrip(b"+-").lstrip(b"0")
    power = int(size or b"0") if len(size) < 10 else 10**9
    return -MOST_EXPONENT <= first + (-power if exponent[:1] == b"-" else power) <= MOST_EXPONENT
