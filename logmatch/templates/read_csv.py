"""
CSV: the template lists of other tools, with the columns EventId and EventTemplate -> a `Document`.
"""

from __future__ import annotations

from logmatch.errors import TemplateSyntaxError
from logmatch.templates.document import Document, Table, lines
from logmatch.wording import count, nearest

COLUMNS = {"id": "EventId", "pattern": "EventTemplate"}
"""The name of the column for each key that is read."""


def read_csv(document: Document) -> None:
    """Add the rows of the text of *document*, and report what is not valid in it."""
    import csv

    document.locator = CellLocator(document.text)
    all_lines = list(lines(document.text))
    starts = [start for start, _ in all_lines] + [len(document.text)]
    # strict: without it a quote that is never closed takes the rest of the file for one cell.
    reader = csv.reader((line for _, line in all_lines), strict=True)
    columns: dict[str, int] | None = None
    width = 0
    before = 0
    try:
        for row in reader:
            table = Table({}, before + 1, starts[before], starts[reader.line_num])
            before = reader.line_num
            if not any(map(str.strip, row)):
                continue
            if columns is None:
                columns = _columns(document, table, row)
                if columns is None:
                    return
                width = len(row)
                continue
            if len(row) != width:
                message = f"the row has {count(len(row), 'cell')}, the first line {width}"
                hint = 'a cell that holds a comma or a quote is written in quotes: "…"; a quote in it is doubled: ""'
                document.fail(message, document.location_of_row(table), hint)
                continue
            table.values = {key: row[index] for key, index in columns.items()}
            document.templates.append(table)
    except csv.Error as error:
        document.report(_syntax_error(document, str(error), before + 1, reader.line_num, starts))


class CellLocator:
    """Finds a cell by its text between two separators, or else the row."""

    def __init__(self, text: str) -> None:
        self._text = text

    def key(self, table: Table, key: str, *, last: bool) -> tuple[int, int] | None:
        value = str(table.values[key])
        at = self.value(table, key, value)
        return None if at is None else (at, at + len(value))

    def value(self, table: Table, key: str, value: str) -> int | None:
        at = self._text.find(value, table.start, table.end) if value else -1
        while at >= 0:
            before, after = self._text[max(at - 1, table.start) : at], self._text[at + len(value) : table.end][:1]
            if before in ("", ",", '"') and after in ("", ",", '"', "\r", "\n"):
                return at
            at = self._text.find(value, at + 1, table.end)
        return None


def _columns(document: Document, table: Table, row: list[str]) -> dict[str, int] | None:
    """Which cell of a row is which key, by the names in the first *row*."""
    names = [name.strip() for name in row]
    columns: dict[str, int] = {}
    location = document.location_of_row(table)
    for key, column in COLUMNS.items():
        if column not in names:
            meant = nearest(column, [name for name in names if name not in COLUMNS.values()])
            hint = "the first line names the columns, EventId and EventTemplate among them"
            hint = f"{meant!r} must be called {column!r}; {hint}" if meant is not None else hint
            document.fail(f"the column {column!r} is missing", location, hint)
        elif names.count(column) > 1:
            document.fail(f"the column {column!r} is there {names.count(column)} times", location, "leave one of them")
        else:
            columns[key] = names.index(column)
    return columns if len(columns) == len(COLUMNS) else None


def _syntax_error(document: Document, reason: str, first: int, last: int, starts: list[int]) -> TemplateSyntaxError:
    """*reason* of the csv module about the row from line *first* to line *last*; the rows after it are not read."""
    message, line_number, hint = reason, last, "shorten the cell"
    if reason == "unexpected end of data":
        message, line_number = "a quoted cell is not closed", first
        hint = 'it ends with a quote: "…"; a quote in it is doubled: ""'
    elif "expected after" in reason:
        message, hint = "text follows the closing quote of a cell", 'a quote in a quoted cell is doubled: ""'
    elif reason.startswith("new-line character"):
        message, hint = "a carriage return stands in a cell without quotes", "end each line with a line feed"
    table = Table({}, line_number, starts[line_number - 1], starts[line_number])
    return TemplateSyntaxError(f"not valid CSV: {message}", location=document.location_of_row(table), hint=hint)
