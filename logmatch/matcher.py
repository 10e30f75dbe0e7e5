"""
Matcher: templates, ready to match lines, for programs that use logmatch as a library.

Its answers are those of the command; there are no processes here.
"""

from __future__ import annotations

import codecs
import os
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING

from logmatch.engine import make_engine
from logmatch.gc_pause import held_back
from logmatch.line import without_terminator
from logmatch.linescan import copied, pieces
from logmatch.output.batch import Batch
from logmatch.output.jsonl import FORMAT as JSON_LINES
from logmatch.output.record_options import RecordOptions
from logmatch.output.writer import Writer
from logmatch.program import Program, compile_program
from logmatch.record import Match, Record, Value, value_of
from logmatch.templates.field_type import JsonKind
from logmatch.templates.load import load_templates, templates_from_patterns
from logmatch.templates.template import Template

if TYPE_CHECKING:
    from logmatch.output.arrow import ArrowRecords, ArrowWriter

Line = str | bytes | bytearray | memoryview
"""A line, with or without its terminator."""

_MARK = codecs.BOM_UTF8


class Matcher:
    """
    Finds the template that a line came from.

    A matcher never changes, and any number of threads may use one at once; with the native engine they do so without
    waiting for each other. It can be copied, which costs nothing, and pickled. A UTF-8 byte order mark at the beginning
    of what it is given is left off, as the command does it.

    Args:
        templates: in the order of their files, which decides between templates that are equal otherwise.
        engine: "auto" or one of the other `logmatch.engine.NAMES`.
    """

    def __init__(self, templates: Iterable[Template], *, engine: str = "auto") -> None:
        templates = list(map(_template, templates))
        with held_back():
            self._set_up(compile_program(templates), engine)

    def _set_up(self, program: Program, engine: str) -> None:
        self._program = program
        self._engine_name = engine
        self._engine = make_engine(program, engine)
        self._plans = _Plans(program)
        self._writers: list[Writer] = []
        """Writers that no call is using: each belongs to one thread at a time."""
        self._arrow_writers: list[ArrowWriter] = []

    @classmethod
    def load(cls, *paths: str | os.PathLike[str], header: str | None = None, engine: str = "auto") -> Matcher:
        """
        Return a matcher for the templates of *paths*, files or directories.

        Args:
            paths: template files in any of the formats, or directories of them.
            header: a pattern that stands before the templates of files that have no header of their own.
            engine: as for the class.

        Raises:
            TemplateErrors: everything that is wrong with the files.
        """
        with held_back():
            return cls(load_templates([os.fspath(path) for path in paths], header=header), engine=engine)

    @classmethod
    def from_patterns(
        cls, patterns: Iterable[str] | Mapping[str, str], *, header: str | None = None, engine: str = "auto"
    ) -> Matcher:
        """
        Return a matcher for templates of one pattern each.

        Args:
            patterns: "user <user:word> logged in", …; their ids follow from their texts. Or a mapping of ids to
                patterns.
            header: a pattern that stands before each.
            engine: as for the class.

        Raises:
            TemplateErrors: everything that is wrong with the patterns.
        """
        return cls(templates_from_patterns(patterns, header=header), engine=engine)

    def __reduce__(self) -> tuple[Callable[[Program, str], Matcher], tuple[Program, str]]:
        return _restored, (self._program, self._engine_name)

    def __copy__(self) -> Matcher:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Matcher:
        return self

    def match(self, line: Line) -> Match | None:
        """
        Return the match of *line*, or None.

        Raises:
            TypeError: *line* is no text.
            ValueError: *line* holds a line break before its end.
        """
        whole = without_terminator(_bytes(line, "a line is"))
        text = whole.removeprefix(_MARK)
        found = self._engine.locate(text)
        if found is None:
            return None
        number, spans = found
        template_id, fields = self._plans[number]
        values = _values(fields, text, spans)
        left_off = len(whole) - len(text)
        places: Sequence[int] = [place + left_off for place in spans] if left_off else spans
        if isinstance(line, str) and not line.isascii():
            to_character = _characters(line, whole)
            places = [to_character(place) for place in places]
        return Match(
            template_id, values, {field[0]: (places[2 * field[1]], places[2 * field[1] + 1]) for field in fields}
        )

    def parse(self, lines: Iterable[Line]) -> Iterator[Record]:
        """
        Return an iterator of the record of each line, in their order; a line is asked for when its record is.

        Args:
            lines: any iterable, endless ones too: a list, a file opened as text or bytes, a generator.

        Raises:
            TypeError: *lines* is one text, or something in it is none.
            ValueError: a line holds a line break before its end.
        """
        kind = type(lines).__name__
        if isinstance(lines, str):
            raise TypeError('parse takes an iterable of lines, not str: for one text, write text.split("\\n")')
        if isinstance(lines, bytes | bytearray | memoryview):
            raise TypeError(f"parse takes an iterable of lines, not {kind}: parse_bytes takes these")
        if not hasattr(lines, "__iter__"):
            raise TypeError(f"parse takes an iterable of lines, not {kind}")
        return self._parse(iter(lines))

    def _parse(self, lines: Iterator[Line]) -> Iterator[Record]:
        locate = self._engine.locate
        plans = self._plans
        for number, line in enumerate(lines, 1):
            text = line.encode() if type(line) is str and line.isascii() else _bytes(line, f"line {number} is")
            text = without_terminator(text)
            if number == 1:
                text = text.removeprefix(_MARK)
            found = locate(text)
            raw = text.decode("utf-8", "replace")
            if found is None:
                yield Record(number, None, None, raw)
                continue
            template_id, fields = plans[found[0]]
            yield Record(number, template_id, _values(fields, text, found[1]), raw)

    def parse_bytes(self, chunk: bytes | bytearray | memoryview, *, first_line: int = 1) -> bytes:
        """
        Return the records of *chunk*, whole lines, as JSON Lines: what `logmatch parse` writes for a file of them.

        With the native engine other threads run meanwhile.

        Args:
            chunk: lines, each ended by `\\n`; the last may lack it.
            first_line: the number of the first of them, from 1.

        Raises:
            TypeError: *chunk* is not bytes.
        """
        data = _whole_lines(chunk, first_line)
        if not data:
            return b""
        # Between the question and the answer no other thread runs that could take the same writer.
        writer = self._writers.pop() if self._writers else self._new_writer()
        writer.begin("-")
        for batch in self._batches(data, first_line):
            writer.write(batch)
        made = writer.take()[0]
        records = made if isinstance(made, bytes) else copied(made)
        self._writers.append(writer)
        return records

    def parse_arrow(self, chunk: bytes | bytearray | memoryview, *, first_line: int = 1) -> ArrowRecords:
        """
        Return the records of *chunk*, whole lines, as a table with typed columns: those of `parse -o x.parquet`.

        It has the method `__arrow_c_stream__`, by which polars, DuckDB, pyarrow, pandas and arro3 take it without a
        copy; none of them is needed here. With the native engine other threads run meanwhile.

        Args:
            chunk: lines, each ended by `\\n`; the last may lack it.
            first_line: the number of the first of them, from 1.

        Raises:
            TypeError: *chunk* is not bytes.
        """
        data = _whole_lines(chunk, first_line)
        writer = self._arrow_writers.pop() if self._arrow_writers else self._new_arrow_writer()
        records = writer.table_of(self._batches(data, first_line))
        self._arrow_writers.append(writer)
        return records

    def _batches(self, data: memoryview, first_line: int) -> Iterator[Batch]:
        for piece in pieces(data, self._engine.batch_size):
            matches = self._engine.match_batch(piece)
            yield Batch(matches, first_line)
            first_line += matches.line_count

    def _new_arrow_writer(self) -> ArrowWriter:
        from logmatch.output.arrow import ArrowWriter  # most programs make no tables

        return ArrowWriter(self._program, by_columns=self._engine.by_columns)

    def _new_writer(self) -> Writer:
        return JSON_LINES.make_writer(self._program, RecordOptions(), by_columns=self._engine.by_columns)


def _whole_lines(chunk: bytes | bytearray | memoryview, first_line: int) -> memoryview:
    """The lines of *chunk*, without a mark at the beginning of the first one of all."""
    if not isinstance(chunk, bytes | bytearray | memoryview):
        raise TypeError(f"lines are bytes, not {type(chunk).__name__}")
    data = memoryview(chunk).cast("B")
    if first_line == 1 and data[: len(_MARK)] == _MARK:
        data = data[len(_MARK) :]
    return data


def _template(value: object) -> Template:
    if isinstance(value, Template):
        return value
    hint = "Matcher.load takes files, Matcher.from_patterns takes patterns"
    raise TypeError(f"templates are Template, not {type(value).__name__}: {hint}")


def _restored(program: Program, engine: str) -> Matcher:
    matcher = Matcher.__new__(Matcher)
    matcher._set_up(program, engine)
    return matcher


_Field = tuple[str, int, Callable[[bytes], Value] | None]
"""Its name, its number in the variant, and what makes its value of its text; None: that is the text."""


class _Plans(dict[int, tuple[str, tuple[_Field, ...]]]):
    """For each variant by number, made when it first matches: the template's id, and the fields that are output."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self._program = program

    def __missing__(self, number: int) -> tuple[str, tuple[_Field, ...]]:
        variant = self._program.variants[number]
        template = self._program.templates[variant.template_number]
        fields: list[_Field] = []
        for index, slot in enumerate(variant.slots):
            name, type_ = template.names[slot], template.types[slot]
            if name is not None:
                facts = type_.facts
                is_text = facts.json_kind is JsonKind.STRING and facts.convert is None
                is_text = is_text and not (facts.trimmed_start or facts.trimmed_end)
                fields.append((name, index, None if is_text else partial(value_of, type_=type_)))
        plan = self[number] = (template.id, tuple(fields))
        return plan


def _values(fields: Iterable[_Field], text: bytes, spans: Sequence[int]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, index, convert in fields:
        value = text[spans[2 * index] : spans[2 * index + 1]]
        values[name] = value.decode("utf-8", "replace") if convert is None else convert(value)
    return values


def _bytes(line: Line, subject: str) -> bytes:
    """*line* as bytes; *subject* begins the sentence that says what is wrong with it."""
    if isinstance(line, bytes):
        return line
    if isinstance(line, str):
        try:
            return line.encode()
        except UnicodeEncodeError:
            return b"".join(map(_encoded, line))
    if isinstance(line, bytearray | memoryview):
        return bytes(line)
    raise TypeError(f"{subject} str or bytes, not {type(line).__name__}")


def _encoded(character: str) -> bytes:
    try:
        return character.encode("utf-8", "surrogateescape")  # a byte that was not UTF-8 when the line was read
    except UnicodeEncodeError:
        return character.encode("utf-8", "surrogatepass")  # half a surrogate pair, as JSON escapes can give it


def _characters(line: str, text: bytes) -> Callable[[int], int]:
    """What gives for a byte offset in *text* how many characters of *line*, whose bytes it is, begin before it."""
    begins = list(accumulate((len(_encoded(character)) for character in line), initial=0))
    return lambda offset: bisect_right(begins, offset - 1)
