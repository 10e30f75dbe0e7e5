"""Read records: records that parse wrote, JSON Lines -> what is gathered of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from logmatch.errors import InputError, Location
from logmatch.input.framing import Chunk
from logmatch.stats.clock import Clock
from logmatch.stats.gather import Column, Gathered
from logmatch.stats.sketch import COMPILED

if COMPILED:
    from logmatch.stats import _records, _spans

_TEXTS, _INTEGERS = 1, 2


def looks_like_records(line: bytes) -> bool:
    """Whether *line* is a record."""
    return line.lstrip().startswith(b"{") and _record(line) is not None


class RecordReader:
    """
    Gathers what records hold.

    The types of fields are not known here. A field whose values are all numbers is one of numbers; the first that is
    written like a time says the time.

    Args:
        gathered: is added to.
    """

    def __init__(self, gathered: Gathered) -> None:
        self._gathered = gathered
        self._times: dict[str, str | None] = {}
        """The field that says the time, by template."""

    def read(self, chunk: Chunk, file: int, before: int) -> None:
        """
        Add the records of *chunk*, of the input with the place *file*; *before*: lines of inputs before it.

        Raises:
            InputError: a line is no record.
        """
        if chunk.oversized is not None:
            hint = "raise --max-line"
            raise InputError("the record is longer than --max-line", location=_location(chunk, 0), hint=hint)
        if not self._add_columns(chunk, file, before):
            self._add_parsed(chunk, enumerate(_lines(chunk)), file, before)

    def _add_columns(self, chunk: Chunk, file: int, before: int) -> bool:
        """Add records by the places of their values; tell whether all of them are written as parse writes them."""
        if not COMPILED:
            return False
        data = bytes(chunk.data)
        found = _records.Records(data)
        if not found.whole or not _is_utf8(data) or any(len(set(names)) < len(names) for _, _, names in found.kinds):
            return False
        groups = _spans.rows_by_number(found.variant_numbers)
        numbers, none = found.numbers, _records.NONE
        lines = [
            [numbers[row] if numbers[row] != none else chunk.first_line + row for row in rows] for _, rows in groups
        ]
        if any(after < line for each in lines for line, after in pairwise(each)):
            return False  # sorted otherwise, or without numbers
        try:
            _check(found.unread)
            columns = [_columns_of(found, number, rows) for number, rows in groups]
            names = [(None if named is None else _plain(named), _plain(id_)) for named, id_, _ in found.kinds]
        except ValueError:  # what only a parser can see
            return False
        others: list[tuple[int, bytes]] = []
        if sum(len(rows) for _, rows in groups) < len(found.numbers):
            texts = _lines(chunk)
            others = [(row, texts[row]) for row, number in enumerate(found.variant_numbers[: len(texts)]) if number < 0]
        for (number, rows), places, of_group in zip(groups, lines, columns, strict=True):
            if others and others[0][0] < rows[0]:  # templates are in the order of their first lines
                self._add_parsed(chunk, others, file, before)
                others = []
            self._gathered.lines += len(rows)
            of_file, id_ = names[number]
            where = file if of_file is None else self._file(of_file)
            self._add(id_, where, of_group, places, before)
        self._add_parsed(chunk, others, file, before)
        return True

    def _add_parsed(self, chunk: Chunk, lines: Iterable[tuple[int, bytes]], file: int, before: int) -> None:
        """Add records that a parser reads, by their places in *chunk*."""
        groups: dict[tuple[str | None, int, tuple[str, ...]], tuple[list[int], list[list[Any]]]] = {}
        for at, text in lines:
            if not text.strip():
                continue
            record = _record(text)
            if record is None:
                hint = "use what logmatch parse wrote"
                raise InputError("this line is no record", location=_location(chunk, at), hint=hint)
            self._gathered.lines += 1
            named = record.get("file")
            where = file if named is None else self._file(str(named))
            id_ = record["template_id"]
            values = {} if id_ is None else record.get("values") or {}
            if id_ is None and not str(record.get("raw", "")).strip(" \t\r"):
                self._gathered.blank += 1
                continue
            self._gathered.too_long += record.get("error") == "line too long"
            places, rows = groups.setdefault((id_, where, tuple(values)), ([], []))
            line = record.get("line")
            places.append(line if type(line) is int else chunk.first_line + at)
            rows.append(list(values.values()))
        for (template, where, names), (places, rows) in groups.items():
            if any(after < line for line, after in pairwise(places)):
                order = sorted(range(len(places)), key=places.__getitem__)  # records may have been sorted otherwise
                places, rows = [places[at] for at in order], [rows[at] for at in order]
            by_field = zip(*rows, strict=True)
            columns = [_column(name, values) for name, values in zip(names, by_field, strict=True)]
            self._add(template, where, columns, places, before)

    def _add(self, template: str | None, file: int, columns: list[Column], places: Sequence[int], before: int) -> None:
        times: Sequence[bytes] = ()
        if template is not None:
            if template not in self._times:
                self._times[template] = _time_field(columns)
            named = self._times[template]
            columns = [column._replace(times=column.name == named) for column in columns]
            times = next((column.values for column in columns if column.times), ())
        self._gathered.add(template, file, 0, places, columns, times, before=before)

    def _file(self, name: str) -> int:
        """The place of a file that a record names."""
        files = self._gathered.files
        try:
            return files.index(name)
        except ValueError:
            files.append(name)
            return len(files) - 1


def _record(line: bytes) -> dict[str, Any] | None:
    import orjson

    try:
        record = orjson.loads(line)
    except ValueError:
        return None
    if not (isinstance(record, dict) and isinstance(record.get("template_id", 0), str | None)):
        return None
    return record if isinstance(record.get("values"), dict | None) else None


def _time_field(columns: Sequence[Column]) -> str | None:
    return next((each.name for each in columns if not each.numbers and Clock().seconds(None, [each.values[0]])), None)


def _column(name: str, values: Sequence[Any]) -> Column:
    kinds = set(map(type, values))
    if kinds == {str}:
        return Column(name, [value.encode("utf-8", "surrogatepass") for value in values])
    return Column(name, [_text(value) for value in values], numbers=kinds <= {int, float})


def _columns_of(found: _records.Records, number: int, rows: memoryview) -> list[Column]:
    """Return the columns of records of one kind."""
    _, _, names = found.kinds[number]
    return [
        _column_of(_plain(name), _spans.Spans(found, rows, place, place), form)
        for place, (name, form) in enumerate(zip(names, found.forms[number], strict=True))
    ]


def _column_of(name: str, texts: _spans.Spans, form: int) -> Column:
    """Return a column of places; *form* says what is there (`_records.Records.forms`)."""
    if form in (_TEXTS, _INTEGERS):
        return Column(name, texts, numbers=form == _INTEGERS)
    import orjson

    tokens = texts.tokens()
    made = {token: orjson.loads(token) for token in set(tokens)}
    return _column(name, [made[token] for token in tokens])


def _plain(text: bytes) -> str:
    """Return the text of a string of JSON."""
    import orjson

    return str(orjson.loads(text))


def _check(values: Sequence[bytes]) -> None:
    """Raise ValueError if one of *values* is none of JSON."""
    import orjson

    if values:
        orjson.loads(b"[" + b",".join(values) + b"]")


def _is_utf8(data: bytes) -> bool:
    try:
        return data.isascii() or bool(data.decode())
    except UnicodeDecodeError:
        return False


def _lines(chunk: Chunk) -> list[bytes]:
    return bytes(chunk.data).removesuffix(b"\n").split(b"\n")


def _text(value: Any) -> bytes:
    import orjson

    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else orjson.dumps(value)


def _location(chunk: Chunk, at: int) -> Location:
    return Location("stdin" if chunk.file == "-" else chunk.file, chunk.first_line + at)
