"""
TOML: the native form of template files -> a `Document`.

Nearly every file is of a form that `toml_fast` knows; all others are read by Python's `tomllib`.
"""

from __future__ import annotations

import re
from itertools import pairwise

from logmatch.errors import Location, TemplateSyntaxError
from logmatch.templates.document import Document, KeyLocator, Table, describe, lower_first

MOST_KEY_PARTS = 32
"""How many parts a dotted key may have. `tomllib` takes time and memory that grow with the square of their number."""


def read_toml(document: Document) -> None:
    """Add the headers and templates of the text of *document*, and report what is not valid in it."""
    from logmatch.templates.toml_fast import read_plain

    document.locator = TomlLocator(document)
    plain = read_plain(document.text)
    if plain is not None:
        if plain.headers is not None:
            document.headers.append(Table(plain.headers, plain.headers_line))
        if plain.types is not None:
            document.types.append(Table(plain.types, plain.types_line))
        document.templates = list(map(Table, plain.templates, plain.template_lines))
        return
    document.locator = KeyLocator(document.text, _KEYS)
    if _has_a_deep_key(document):
        return
    import tomllib

    try:
        top = tomllib.loads(document.text)
    except RecursionError:
        document.fail("not valid TOML: nested too deeply", Location(document.file), "a template is a flat table")
        return
    except ValueError as error:  # TOMLDecodeError; a plain ValueError is a number of too many digits
        document.report(_syntax_error(document, str(error)))
        return
    whole = Table(top, 1, 0, len(document.text))
    document.report_unknown_top(whole)
    headers, types, multiline, templates = _tables(document.text)
    if "headers" in top:
        document.add_headers(headers, top["headers"])
    if "types" in top:
        document.add_types(types, top["types"])
    if "multiline" in top:
        document.add_multiline(multiline, top["multiline"])
    rows = top.get("template", [])
    if not isinstance(rows, list):
        message = f"'template' must be a list of tables, not {describe(rows)}"
        hint = "write [[template]], with two brackets, before each template"
        document.fail(message, document.location_of_key(whole, "template"), hint)
        return
    if len(rows) != len(templates):  # some are written as an inline array, whose places are not looked for
        templates = [Table({}) for _ in rows]
    for table, row in zip(templates, rows, strict=True):
        document.add_row(table, row)


_KEYS = (
    r"""(?m)^[ \t]*(?:\[\[?[ \t]*(?:(?:template|headers)[ \t]*\.[ \t]*)?)?"""
    r"""(?P<key>[\w-]+|["'](?P<quoted>[^"'\n]*)["'])[ \t]*(?:=[ \t]*|\.|\])"""
)


class TomlLocator(KeyLocator):
    """The locator of a file that `toml_fast` has read, which tells the lines of tables alone."""

    def __init__(self, document: Document) -> None:
        super().__init__(document.text, _KEYS)
        self._document = document
        self._knows_tables = False

    def _keys(self, table: Table) -> dict[str, list[tuple[int, int, int]]]:
        if not self._knows_tables:
            self._knows_tables = True
            document = self._document
            found_headers, found_types, _, found = _tables(document.text)
            named = [*(document.headers or [Table({})]), *(document.types or [Table({})])]
            found = [found_headers, found_types, *found]
            for each, location in zip([*named, *document.templates], found, strict=True):
                each.start, each.end = location.start, location.end
        return super()._keys(table)


_TEXTS_AND_COMMENTS = r'''
      """ (?: [^"\\]++ | \\. | "(?!"") )*+ "{3,5}           # texts over several lines; they may end in two quotes more
    | \'\'\' (?: [^']++ | '(?!'') )*+ '{3,5}
    | " (?: [^"\\\n]++ | \\. )*+ "
    | '[^'\n]*+'
    | \#[^\n]*+
'''
"""What may look like a table or a key and is none."""

_TABLES = (
    r"(?msx)"
    + _TEXTS_AND_COMMENTS
    + r"""
    | ^[ \t]*+ (?: (?P<template>\[\[[ \t]*+ (?:template|"template"|'template') [ \t]*+\]\])
                 | (?P<headers>\[[ \t]*+ (?:headers|"headers"|'headers') [ \t]*+ (?:\.[^]\n]++)?+ \])
                 | (?P<types>\[[ \t]*+ (?:types|"types"|'types') [ \t]*+\])
                 | (?P<multiline>\[[ \t]*+ (?:multiline|"multiline"|'multiline') [ \t]*+\]) )
    """
)
_PART = r"""(?: [\w-]++ | "[^"\n]*+" | '[^'\n]*+' )"""
_DEEP_KEY = rf"(?msx) (?P<deep> {_PART} (?: [ \t]*+ \. [ \t]*+ {_PART} ){{{MOST_KEY_PARTS}}} ) | {_TEXTS_AND_COMMENTS}"


def _has_a_deep_key(document: Document) -> bool:
    """Report the first key that has too many parts; whether there is one."""
    text = document.text
    if text.count(".") < MOST_KEY_PARTS:
        return False
    for match in re.finditer(_DEEP_KEY, text):
        if match.lastgroup is not None:
            start = match.start()
            location = document.location_of_span(start, start + 1, text.count("\n", 0, start) + 1)
            document.fail(f"the key has more than {MOST_KEY_PARTS} parts", location, "a template is a flat table")
            return True
    return False


def _tables(text: str) -> tuple[Table, Table, Table, list[Table]]:
    """
    The places of `[headers]` or all `[headers.…]`, of `[types]` and `[multiline]`, unknown where they are not written
    so, and of each `[[template]]`, to the next of them, in valid TOML.
    """
    tables: list[tuple[Table, str]] = []
    line_number, counted = 1, 0
    for match in re.finditer(_TABLES, text):
        if match.lastgroup is None:
            continue
        start = match.start(match.lastgroup)
        line_number += text.count("\n", counted, start)
        counted = start
        tables.append((Table({}, line_number, start, len(text)), match.lastgroup))
    for (table, _), (following, _) in pairwise(tables):
        table.end = following.start
    named = {kind: table for table, kind in reversed(tables)}
    for table, kind in tables:
        if kind == "headers":  # one for each header, or one for all of them
            named[kind].end = table.end
    templates = [table for table, kind in tables if kind == "template"]
    headers, types, multiline = (named.get(name, Table({})) for name in ("headers", "types", "multiline"))
    return headers, types, multiline, templates


_POSITION = r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$"


def _syntax_error(document: Document, message: str) -> TemplateSyntaxError:
    """The error that tomllib words as *message*: it gives the position as text only (before Python 3.14)."""
    match = re.search(_POSITION, message)
    if match is None:
        return TemplateSyntaxError(
            f"not valid TOML: {lower_first(message)}", location=Location(document.file), hint=_HINT
        )
    text = document.text
    if match["line"] is None:
        at = len(text.rstrip("\n"))
        line_number = text.count("\n", 0, at) + 1
    else:
        line_number = int(match["line"])
        at = _line_start(text, line_number) + int(match["column"]) - 1
    # For a bad escape tomllib names the place after it.
    is_escape = message.startswith("Unescaped") and text[at - 2 : at - 1] == "\\"
    location = document.location_of_span(at - 2 if is_escape else at, at if is_escape else at + 1, line_number)
    hint = _HINT_BACKSLASH if "\\" in (location.text or "") else _HINT
    return TemplateSyntaxError(f"not valid TOML: {lower_first(message[: match.start()])}", location=location, hint=hint)


_HINT = 'check the quotes and brackets here and on the line before; a value is written key = "text"'
_HINT_BACKSLASH = "between double quotes a backslash is written \\\\; between single quotes it stands for itself"


def _line_start(text: str, line_number: int) -> int:
    at = 0
    for _ in range(line_number - 1):
        at = text.find("\n", at) + 1
    return at
