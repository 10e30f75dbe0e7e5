"""Read records: records that parse wrote, JSON Lines -> what is gathered of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from logmatch.errors import InputError, Location
from logmatch.input.framing import Chunk
from logmatch.stats.clock import Clock
from logmatch.stats.gather import Column, Gathered


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
        groups: dict[tuple[str | None, int, tuple[str, ...]], tuple[list[int], list[list[Any]]]] = {}
        for at, text in enumerate(bytes(chunk.data).removesuffix(b"\n").split(b"\n")):
            if not text.strip():
                continue
            record = _record(text)
            if record is None:
                hint = "use what logmatch parse wrote"
                raise InputError("this line is no record", location=_location(chunk, at), hint=hint)
            self._gathered.lines += 1
            named = record.get("file")
            where = file if named is None else self._file(str(named))
            values = record.get("values") or {}
            id_ = record["template_id"]
            if id_ is None and not str(record.get("raw", "")).strip(" \t\r"):
                self._gathered.blank += 1
                continue
            self._gathered.too_long += record.get("error") == "line too long"
            lines, rows = groups.setdefault((id_, where, tuple(values)), ([], []))
            line = record.get("line")
            lines.append(line if isinstance(line, int) else chunk.first_line + at)
            rows.append(list(values.values()))
        for (template, where, names), (lines, rows) in groups.items():
            self._add(template, where, names, lines, rows, before)

    def _add(
        self,
        template: str | None,
        file: int,
        names: Sequence[str],
        lines: list[int],
        rows: list[list[Any]],
        before: int,
    ) -> None:
        if any(after < line for line, after in pairwise(lines)):
            order = sorted(range(len(lines)), key=lines.__getitem__)  # records may have been sorted otherwise
            lines, rows = [lines[at] for at in order], [rows[at] for at in order]
        by_field = list(zip(*rows, strict=True))
        columns = [_column(name, values) for name, values in zip(names, by_field, strict=True)]
        times: Sequence[bytes] = ()
        if template is not None:
            if template not in self._times:
                self._times[template] = _time_field(columns)
            named = self._times[template]
            columns = [column._replace(times=column.name == named) for column in columns]
            times = next((column.values for column in columns if column.times), ())
        self._gathered.add(template, file, 0, lines, columns, times, before=before)

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
    return record if isinstance(record, dict) and isinstance(record.get("template_id", 0), str | None) else None


def _time_field(columns: Sequence[Column]) -> str | None:
    return next((each.name for each in columns if not each.numbers and Clock().seconds(None, each.values[:1])), None)


def _column(name: str, values: Sequence[Any]) -> Column:
    kinds = set(map(type, values))
    if kinds == {str}:
        return Column(name, [value.encode("utf-8", "surrogatepass") for value in values])
    return Column(name, [_text(value) for value in values], numbers=kinds <= {int, float})


def _text(value: Any) -> bytes:
    import orjson

    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else orjson.dumps(value)


def _location(chunk: Chunk, at: int) -> Location:
    return Location("stdin" if chunk.file == "-" else chunk.file, chunk.first_line + at)
