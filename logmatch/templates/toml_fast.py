r"""
Plain TOML: the form that template files nearly always have, read in a fraction of the time that `tomllib` takes.

`tomllib` is Python code that steps through a text; with ten thousand templates it would take most of the time that
loading them may take. Here a line is read by one regular expression. What is known: `[headers]`, `[headers.NAME]`,
`[types]`, `[[template]]`, comments, and below these `key = value`, where a value is a text on one line, a number, or a
list of texts, numbers and inline tables of these. `read_plain` gives exactly what `tomllib.loads` gives, or None where
a text holds anything else. Then `tomllib` reads it, and says what is wrong if something is: nothing here reports an
error, and nothing is guessed.

The rules are those of TOML 1.0 (https://toml.io/en/v1.0.0).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_NO_CONTROL = r"\x00-\x08\x0a-\x1f\x7f"  # inside brackets that exclude it; a tab is allowed everywhere
_TEXT = rf"""(?:
    "(?!"") (?: [^"\\{_NO_CONTROL}]++ | \\[btnfr"\\] )*+ "
  | '(?!'') [^'{_NO_CONTROL}]*+ '
  | \'\'\' (?: [^'{_NO_CONTROL}]++ | '(?!'') )*+ \'\'\'(?!')
)"""
_NUMBER = r"(?: [+-]?+ (?: 0 | [1-9][0-9]{0,17}+ ) (?: \.[0-9]{1,17}+ )?+ )"
_COMMENT = rf"(?: \#[^{_NO_CONTROL}]*+ )"
_KEY = r"[A-Za-z0-9_-]++"

_LINE = re.compile(
    rf"""
    [ \t]*+
    (?: (?P<key>{_KEY}) [ \t]*+ = [ \t]*+
        (?P<value> {_TEXT} | {_NUMBER} | \[ (?: [^]["'\#\r]++ | {_TEXT} | {_COMMENT} )*+ \] )
      | (?P<table> \[\[ [ \t]*+ template [ \t]*+ \]\] | \[ [ \t]*+ (?:headers(?:\.{_KEY})?+|types) [ \t]*+ \] )
    )?+
    [ \t]*+ {_COMMENT}?+
    (?P<end> \n | \Z | .++ )
    """,
    re.VERBOSE,
)
"""
A line, or the lines of a list. It matches wherever it is tried, so that matches cover a text without a gap; where a
line is something else or more than it should be, `end` is what is left of it.
"""

_TOKEN = re.compile(
    rf"""
    [ \t]*+
    (?: (?P<key>{_KEY}) [ \t]*+ = [ \t]*+ )?+
    (?: (?P<value> {_TEXT} | {_NUMBER} ) [ \t]*+ (?P<comma> ,?+ )
      | (?P<sign> {_COMMENT}?+ \n | . )
    )
    """,
    re.VERBOSE | re.DOTALL,
)
"""A part of a list. As few as possible: a value takes the key before it and the comma after it along."""

_DEEPEST = 2
"""How deep tables may stand in each other in a list: an example is a table with a table of values."""


@dataclass(frozen=True, slots=True)
class PlainToml:
    """
    The tables of a text, and the lines (from 1) where they begin.

    `headers` and `types`, and their lines, are None where there is no such table.
    """

    headers: dict[str, object] | None
    headers_line: int | None
    types: dict[str, object] | None
    types_line: int | None
    templates: list[dict[str, object]]
    template_lines: list[int]


class _NotPlainError(Exception):
    """A list is not of the form that is known here."""


def read_plain(text: str) -> PlainToml | None:
    """Return what *text* says, or None where it is not of the form that is known here."""
    headers: dict[str, object] | None = None
    headers_line: int | None = None
    types: dict[str, object] | None = None
    types_line: int | None = None
    templates: list[dict[str, object]] = []
    template_lines: list[int] = []
    table: dict[str, object] | None = None
    line_number = 1
    for key, written, opened, end in _LINE.findall(text.replace("\r\n", "\n")):
        if end != "\n" and end:
            return None
        if key:
            if table is None or key in table:
                return None
            if written[0] == '"' and "\\" not in written:  # what _scalar gives for nearly all of them
                table[key] = written[1:-1]
            elif written[0] != "[":
                table[key] = _scalar(written)
            else:
                try:
                    table[key] = _list(written)
                except _NotPlainError:
                    return None
                line_number += written.count("\n")
        elif opened:
            table = {}
            if opened[1] == "[":
                templates.append(table)
                template_lines.append(line_number)
            elif "types" in opened and types is None:
                types = table
                types_line = line_number
            elif "." in opened:
                name = opened.strip("[ \t]").partition(".")[2]
                if headers is None:
                    headers, headers_line = {}, line_number
                elif name in headers:
                    return None
                headers[name] = table
            elif "headers" in opened and headers is None:
                headers = table
                headers_line = line_number
            else:
                return None
        line_number += 1
    return PlainToml(headers, headers_line, types, types_line, templates, template_lines)


def _scalar(written: str) -> str | int | float:
    first = written[0]
    if first == '"':  # nearly all of them
        return _unescape(written[1:-1]) if "\\" in written else written[1:-1]
    if first == "'":
        return written[3:-3] if written.startswith("'''") else written[1:-1]
    return float(written) if "." in written else int(written)


def _unescape(text: str) -> str:
    pieces = text.split(r"\\")  # from the left, so that what is left in a piece are other escapes
    for index, piece in enumerate(pieces):
        if "\\" in piece:
            for escape, character in _ESCAPES:
                piece = piece.replace(escape, character)
            pieces[index] = piece
    return "\\".join(pieces)


_ESCAPES = ((r"\"", '"'), (r"\t", "\t"), (r"\n", "\n"), (r"\r", "\r"), (r"\f", "\f"), (r"\b", "\b"))


def _list(written: str) -> list[object]:
    """The list that *written* is, from its first bracket to its last."""
    tokens: Iterator[tuple[str, str, str, str]] = iter(_TOKEN.findall(written, 1))
    items: list[object] = []
    is_next = True  # an item may stand here: after the bracket or a comma
    for key, value, comma, sign in tokens:
        if sign == "]" and not key:
            return items
        if sign[-1:] == "\n" and not key:
            continue
        if sign == "," and not key and not is_next:
            is_next = True
        elif is_next and not key and (value or sign == "{"):
            items.append(_scalar(value) if value else _table(tokens, 1))
            is_next = bool(comma)
        else:
            break
    raise _NotPlainError


def _table(tokens: Iterator[tuple[str, str, str, str]], depth: int) -> dict[str, object]:
    """The inline table whose brace was the last of *tokens*, which are then those after it."""
    table: dict[str, object] = {}
    is_next = True  # a key may stand here
    for key, value, comma, sign in tokens:
        if key and is_next and key not in table and (value or (sign == "{" and depth < _DEEPEST)):
            table[key] = _scalar(value) if value else _table(tokens, depth + 1)
            is_next = bool(comma)
        elif sign == "}" and not key and not (is_next and table):
            return table
        elif sign == "," and not key and not is_next:
            is_next = True
        else:
            break
    raise _NotPlainError
