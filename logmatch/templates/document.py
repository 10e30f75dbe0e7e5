"""
Document: what a reader found in one template file: tables of unchecked keys and values, and where they stand.

A reader (`read_toml`, `read_json`, `read_csv`, `read_text`) turns the text of a file into tables of a `Document`, and
brings a `Locator` that finds the place of a key or value again: places are needed only for errors, so they are looked
for then. `validate` turns the tables into templates. Both report errors to the document, which keeps the first of them
and counts the others.
"""

from __future__ import annotations

import enum
import heapq
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Protocol

from logmatch.errors import Location, LogmatchError, TemplateSyntaxError
from logmatch.wording import count, did_you_mean, listed

# Regular expressions that only errors or few files need are texts, which `re` compiles when it is asked for: a start
# has few milliseconds to spend.

MOST_ERRORS = 20
"""How many errors of one file are shown; the others are counted."""

_MOST_KEPT = 1000
"""How many errors are kept until the first of them are known: a reader and the validation find errors in their own
order."""

SNIPPET = 120
"""How many characters of a long line an error shows, at most, on either side of where it is wrong."""

TOP_KEYS = ("headers", "types", "multiline", "template")


class Format(enum.Enum):
    """How a template file is written; the value is its name in messages."""

    TOML = "TOML"
    JSON = "JSON"
    JSON_LINES = "JSON Lines"
    CSV = "CSV"
    TEXT = "text"


_HINTS = {
    Format.TOML: 'a template is written [[template]], with id = "…" and pattern = "…" on the lines below',
    Format.JSON: 'a file is written {"template": [{"id": "…", "pattern": "…"}]}',
    Format.JSON_LINES: 'each line is one template: {"id": "…", "pattern": "…"}',
    Format.CSV: "its first line is EventId,EventTemplate, and each row after it one template",
    Format.TEXT: "each line that is not blank and does not begin with '#' is one pattern",
}


@dataclass(slots=True)
class Table:
    """
    Keys and values that belong together (a template, the headers, a whole file), unchecked, and where they stand.

    `start` and `end` are a half-open span of characters in the text of the document; `line_number` (from 1) is the line
    of `start`, None where the place is not known (the span is empty then).
    """

    values: dict[str, object]
    line_number: int | None = None
    start: int = 0
    end: int = 0
    keys: dict[str, list[tuple[int, int, int]]] | None = field(default=None, repr=False)
    """What a `KeyLocator` found: start and end of each key in the text, and start of its value."""


class Locator(Protocol):
    """Finds places in the text of a document."""

    def key(self, table: Table, key: str, *, last: bool) -> tuple[int, int] | None:
        """The span of *key* where it is written first (or *last*) in *table*; None where that cannot be told."""

    def value(self, table: Table, key: str, value: str) -> int | None:
        """Where the text *value* of *key* begins, if the file has it as it is (no escapes, one line)."""


class Document:
    """What a reader found in one file. `headers` and `templates` are in the order of the file."""

    def __init__(self, file: str, format: Format, text: str) -> None:
        self.file = file
        self.format = format
        self.text = text
        self.headers: list[Table] = []
        self.types: list[Table] = []
        """Names for types, and what they stand for."""
        self.multiline: list[Table] = []
        """What is said of lines that continue others."""
        self.templates: list[Table] = []
        self.locator: Locator = NoLocator()
        self.errors: list[LogmatchError] = []
        self._more = 0  # errors that are only counted

    @property
    def is_json(self) -> bool:
        return self.format in (Format.JSON, Format.JSON_LINES)

    @property
    def hint(self) -> str:
        """How templates are written in this format."""
        return _HINTS[self.format]

    @property
    def error_count(self) -> int:
        return len(self.errors) + self._more

    @property
    def is_full(self) -> bool:
        """Whether errors are only counted from now on: neither places nor hints are looked for."""
        return len(self.errors) >= _MOST_KEPT

    def fail(self, message: str, location: Location, hint: str | None) -> None:
        self.report(TemplateSyntaxError(message, location=location, hint=hint))

    def report(self, error: LogmatchError) -> None:
        if self.is_full:
            self._more += 1
        else:
            self.errors.append(error)

    def first_errors(self) -> list[LogmatchError]:
        """The first errors from top to bottom, and how many there are besides."""
        first = heapq.nsmallest(MOST_ERRORS, self.errors, key=_position)
        more = self.error_count - len(first)
        if more:
            message = f"and {count(more, 'more error')} in this file"
            first.append(
                TemplateSyntaxError(message, location=Location(self.file), hint="correct the first ones, and try again")
            )
        return first

    # Places

    def location_of_span(self, start: int, end: int, line_number: int) -> Location:
        """The characters from *start* to *end*, which begin in line *line_number*, with (a piece of) that line."""
        line_start = self.text.rfind("\n", 0, start) + 1
        snippet_start = line_start if start - line_start <= SNIPPET else start - SNIPPET
        line_end = self.text.find("\n", start, start + SNIPPET)
        snippet = self.text[snippet_start : line_end if line_end >= 0 else start + SNIPPET].rstrip("\r")
        at = start - snippet_start
        return Location(
            self.file, line_number, start - line_start + 1, snippet, at, max(at, min(at + end - start, len(snippet)))
        )

    def location_of_table(self, table: Table) -> Location:
        return Location(self.file, table.line_number)

    def location_of_key(self, table: Table, key: str, *, last: bool = False) -> Location:
        """Where *key* of *table* is written first (or last); where that cannot be told, the place of the table."""
        span = None if self.is_full else self.locator.key(table, key, last=last)
        return self.location_of_table(table) if span is None else self._location_in_table(table, *span)

    def table_of(self, table: Table, key: str, values: dict[str, object]) -> Table:
        """The table that is the value of *key* in *table*."""
        span = None if self.is_full else self.locator.key(table, key, last=False)
        if span is None:
            return Table(values, table.line_number)
        return Table(values, self._line_number(table, span[0]), span[0], table.end)

    def location_of_row(self, table: Table) -> Location:
        """The whole of the first line of *table*, without a column."""
        return replace(self._location_in_table(table, table.start, table.end), column=None)

    def location_in_value(self, table: Table, key: str, value: str, inner: Location) -> Location:
        """The place *inner*, which is a span in the text *value* of *key*, as a place in the file."""
        text = inner.text if inner.text is not None else value
        start = None if self.is_full else self.locator.value(table, key, value)
        if start is None:
            location = Location(
                self.file, self.location_of_key(table, key).line_number, None, text, inner.start, inner.end
            )
        else:
            column = None
            if value.startswith(text):  # not the canonical text of the pattern, whose spans are others
                column = start - self.text.rfind("\n", 0, start) + inner.start
            line_number = self._line_number(table, start)
            location = Location(self.file, line_number, column, text, inner.start, inner.end)
        return _cut(location)

    def _location_in_table(self, table: Table, start: int, end: int) -> Location:
        return self.location_of_span(start, end, self._line_number(table, start))

    def _line_number(self, table: Table, at: int) -> int:
        return (table.line_number or 1) + self.text.count("\n", table.start, at)

    # What all readers add

    def report_unknown_top(self, whole: Table) -> None:
        for key in whole.values:
            if key not in TOP_KEYS:
                hint = f"{did_you_mean(key, TOP_KEYS)}The keys of a file are {listed(map(repr, TOP_KEYS), 'and')}"
                self.fail(f"unknown key {key!r}", self.location_of_key(whole, key), hint)

    def add_headers(self, table: Table, value: object) -> None:
        """Make *value* headers of the document, at the place of *table*, if it is a table of them."""
        self._add(
            self.headers, "headers", table, value, " with a pattern for each name",
            'write [headers], and default = "…" on the line below', 'write "headers": {"default": "…"}',
        )  # fmt: skip

    def add_types(self, table: Table, value: object) -> None:
        """Make *value* names of types of the document, at the place of *table*, if it is a table of them."""
        self._add(
            self.types, "types", table, value, " with a type for each name",
            'write [types], and level = "DEBUG|INFO|WARN" on the line below',
            'write "types": {"level": "DEBUG|INFO|WARN"}',
        )  # fmt: skip

    def add_multiline(self, table: Table, value: object) -> None:
        """Make *value* what the document says of lines that continue others, if it is a table of that."""
        self._add(
            self.multiline, "multiline", table, value, "",
            'write [multiline], and start = "…" on the line below, or nothing', 'write "multiline": {}',
        )  # fmt: skip

    def _add(
        self, tables: list[Table], key: str, table: Table, value: object, content: str, in_toml: str, in_json: str
    ) -> None:
        """Add *table* with *value* to *tables*, or say that *value* is none, and what it should hold."""
        if isinstance(value, dict):
            table.values = value
            tables.append(table)
            return
        what, example = ("an object", in_json) if self.is_json else ("a table", in_toml)
        described = describe(value, json=self.is_json)
        self.fail(f"{key!r} must be {what}{content}, not {described}", self.location_of_table(table), example)

    def add_row(self, table: Table, row: object) -> None:
        """Make *row* a template of the document, at the place of *table*, if it is a table."""
        if isinstance(row, dict):
            table.values = row
            self.templates.append(table)
            return
        what = "an object" if self.is_json else "a table"
        message = f"a template must be {what}, not {describe(row, json=self.is_json)}"
        self.fail(message, self.location_of_table(table), self.hint)


class NoLocator:
    """Finds nothing: for what has no places."""

    def key(self, table: Table, key: str, *, last: bool) -> tuple[int, int] | None:
        return None

    def value(self, table: Table, key: str, value: str) -> int | None:
        return None


class KeyLocator:
    """
    Finds keys by what they look like.

    This can be misled by a text that looks like a key; then an error shows a wrong place in the right table, and
    nothing else depends on it.
    """

    def __init__(self, text: str, expression: str) -> None:
        """
        Args:
            expression: what matches a key and what stands between it and its value, with groups `key` and `quoted`.
        """
        self._text = text
        self._expression = expression

    def key(self, table: Table, key: str, *, last: bool) -> tuple[int, int] | None:
        found = self._keys(table).get(key)
        return found[-1 if last else 0][:2] if found else None

    def value(self, table: Table, key: str, value: str) -> int | None:
        for _, _, at in self._keys(table).get(key, ()):
            quote = self._text[at : at + 1]
            if quote in ('"', "'") and self._text.startswith(value + quote, at + 1):
                return at + 1
        return None

    def _keys(self, table: Table) -> dict[str, list[tuple[int, int, int]]]:
        if table.keys is None:
            table.keys = {}
            if table.line_number is not None:
                for match in re.compile(self._expression).finditer(self._text, table.start, table.end):
                    key = match["quoted"] or match["key"]
                    table.keys.setdefault(key, []).append((match.start("key"), match.end("key"), match.end()))
        return table.keys


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Each line with the offset of its first character. Only a line feed ends a line, as in an editor's count."""
    found = re.findall(r"[^\n]*\n|[^\n]+", text)
    return zip(accumulate(map(len, found), initial=0), found, strict=False)


def describe(value: object, *, json: bool = False) -> str:
    """*value* as a message names it; texts are shown, cut to 40 characters."""
    if isinstance(value, str):
        return f"the text {value if len(value) <= 40 else value[:39] + '…'!r}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return "a very large number" if isinstance(value, int) and abs(value) > 10**18 else f"the number {value}"
    if isinstance(value, dict):
        return "an object" if json else "a table"
    if isinstance(value, list):
        return "a list"
    return "null" if value is None else "a date or time"


def lower_first(message: str) -> str:
    return message[:1].lower() + message[1:]


def _position(error: LogmatchError) -> tuple[int, int]:
    location = error.location or Location()
    return location.line_number or 0, location.column or 0


def _cut(location: Location) -> Location:
    """*location* with the piece of a very long text that is around the span."""
    text = location.text or ""
    if len(text) <= 4 * SNIPPET:
        return location
    first = max(0, location.start - SNIPPET)
    last = min(len(text), max(location.start + SNIPPET, min(location.end, location.start + 2 * SNIPPET)))
    return replace(location, text=text[first:last], start=location.start - first, end=min(location.end, last) - first)
