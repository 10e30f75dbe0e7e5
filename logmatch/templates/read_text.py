"""
Text: a list of patterns, one a line -> a `Document`. Ids are made of the pattern's text, so that they never depend on
the order.
"""

from __future__ import annotations

from logmatch.templates.document import Document, Table, lines
from logmatch.templates.model import encode


def read_text(document: Document) -> None:
    """Add a table for each line of the text of *document* that is neither blank nor a comment."""
    document.locator = LineLocator()
    for line_number, (start, line) in enumerate(lines(document.text), 1):
        pattern = line.rstrip("\r\n")
        content = pattern.lstrip()
        if content and not content.startswith("#"):
            values: dict[str, object] = {"id": id_of_pattern(pattern), "pattern": pattern}
            document.templates.append(Table(values, line_number, start, start + len(pattern)))


def id_of_pattern(pattern: str) -> str:
    """The id of a template that has none, `t-` and ten hexadecimal digits."""
    import hashlib

    return f"t-{hashlib.sha256(encode(pattern)).hexdigest()[:10]}"


class LineLocator:
    """Finds the line, which is all that there is of a template."""

    def key(self, table: Table, key: str, *, last: bool) -> tuple[int, int] | None:
        return table.start, table.end

    def value(self, table: Table, key: str, value: str) -> int | None:
        return table.start
