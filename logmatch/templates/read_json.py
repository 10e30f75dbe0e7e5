"""
JSON and JSON Lines: template files with the keys of the TOML form -> a `Document`.

The json module tells no places. It says whether a text is valid; a cursor then steps through it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from logmatch.errors import Location, TemplateSyntaxError
from logmatch.templates.document import Document, Format, KeyLocator, Table, describe, lines, lower_first

_KEYS = r'(?<!\\)(?P<key>"(?P<quoted>[^"\\\n]*)")[ \t\r\n]*:[ \t\r\n]*'
_KEYS_OF_A_LINE = r'(?<!\\)(?P<key>"(?P<quoted>[^"\\\n]*)")[ \t\r]*:[ \t\r]*'


def read_json(document: Document) -> None:
    """Add the headers and templates of the text of *document*, and report what is not valid in it."""
    import json

    text = document.text
    document.locator = KeyLocator(text, _KEYS)
    try:
        json.loads(text)  # says what is wrong; the cursor may then rely on the form
    except RecursionError:
        document.fail("not valid JSON: nested too deeply", Location(document.file), "a template is a flat object")
        return
    except ValueError as error:
        document.report(_syntax_error(document, error, 0, 1))
        return
    if _lone_surrogates(document, 0, len(text), 1):
        return
    cursor = _Cursor(text)
    if cursor.peek() == "[":
        _read_rows(document, cursor)
    elif cursor.peek() == "{":
        _read_object(document, cursor)
    else:
        value, location = cursor.value()
        message = f"the file must hold an object or a list, not {describe(value, json=True)}"
        document.fail(
            message, document.location_of_span(location.start, location.end, cursor.line_number), document.hint
        )


def read_json_lines(document: Document) -> None:
    """The same for a text with one object a line."""
    import json

    document.locator = KeyLocator(document.text, _KEYS_OF_A_LINE)
    decoder = _Decoder()
    for line_number, (start, line) in enumerate(lines(document.text), 1):
        content = line.strip(" \t\r\n")
        if not content:
            continue
        start += line.index(content[0])
        try:
            row, end = decoder.decode(content, 0)
            if end < len(content):
                raise json.JSONDecodeError("Extra data", content, end)
        except RecursionError:
            location = Location(document.file, line_number)
            document.fail("not valid JSON: nested too deeply", location, "a template is a flat object")
            continue
        except ValueError as error:
            document.report(_syntax_error(document, error, start, line_number))
            continue
        if _lone_surrogates(document, start, start + len(content), line_number):
            continue
        table = Table({}, line_number, start, start + len(content))
        _report_repeated(document, table, decoder.repeated)
        if isinstance(row, dict) and row.keys() == {"headers"}:
            document.add_headers(table, row["headers"])
        elif isinstance(row, dict) and row.keys() == {"types"}:
            document.add_types(table, row["types"])
        elif isinstance(row, dict) and row.keys() == {"multiline"}:
            document.add_multiline(table, row["multiline"])
        else:
            document.add_row(table, row)


class _Decoder:
    """Reads single JSON values out of a longer text."""

    def __init__(self) -> None:
        import json

        self.repeated: list[str] = []
        """The keys that an object of the last value has twice: the json module would keep the last and say nothing."""
        self._decode = json.JSONDecoder(object_pairs_hook=self._as_object).raw_decode

    def _as_object(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        values = dict(pairs)
        if len(values) != len(pairs):
            counts = Counter(key for key, _ in pairs)
            self.repeated += [key for key, count in counts.items() if count > 1]
        return values

    def decode(self, text: str, start: int) -> tuple[object, int]:
        """The value that begins at *start*, and its end; raises what the json module raises."""
        self.repeated = []
        value: object
        value, end = self._decode(text, start)
        return value, end


class _Cursor:
    """
    Steps through JSON text that is known to be valid, and gives each value with its place as the json module does not.

    `at` is the offset of the next token; `line_number` (from 1) the line of the last value read.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = self._counted = 0
        self.line_number = 1
        self._decoder = _Decoder()
        self.skip(0)

    @property
    def repeated(self) -> list[str]:
        return self._decoder.repeated

    def peek(self) -> str:
        """The first character of the next token; empty at the end of the text."""
        return self.text[self.at : self.at + 1]

    def skip(self, count: int) -> None:
        """Go on by *count* characters and to the token after them; in valid JSON, commas and colons need no look."""
        match = _BETWEEN.match(self.text, self.at + count)
        self.at = match.end() if match else self.at + count

    def value(self) -> tuple[object, Table]:
        """The next value, and a table without values for its place."""
        start = self.at
        self.line_number += self.text.count("\n", self._counted, start)
        self._counted = start
        value, end = self._decoder.decode(self.text, start)
        self.skip(end - start)
        return value, Table({}, self.line_number, start, end)


_BETWEEN = re.compile(r"[ \t\r\n,:]*")


def _read_object(document: Document, cursor: _Cursor) -> None:
    whole = Table({}, 1, 0, len(document.text))
    cursor.skip(1)
    while cursor.peek() != "}":
        key, table_of_key = cursor.value()
        assert isinstance(key, str), "a key of valid JSON is a text"
        location = document.location_of_span(table_of_key.start, table_of_key.end, cursor.line_number)
        if key in whole.values:
            document.fail(f"the key {key!r} stands twice in one object", location, "leave one of them out")
        if key == "template" and cursor.peek() == "[":
            whole.values[key] = []
            _read_rows(document, cursor)
            continue
        value, table = cursor.value()
        whole.values[key] = value
        if key == "headers":
            _report_repeated(document, table, cursor.repeated)
            document.add_headers(table, value)
        elif key == "types":
            _report_repeated(document, table, cursor.repeated)
            document.add_types(table, value)
        elif key == "multiline":
            _report_repeated(document, table, cursor.repeated)
            document.add_multiline(table, value)
        elif key == "template":
            message = f"'template' must be a list of objects, not {describe(value, json=True)}"
            document.fail(message, location, document.hint)
    document.report_unknown_top(whole)


def _read_rows(document: Document, cursor: _Cursor) -> None:
    cursor.skip(1)
    while cursor.peek() != "]":
        row, table = cursor.value()
        _report_repeated(document, table, cursor.repeated)
        document.add_row(table, row)
    cursor.skip(1)


def _report_repeated(document: Document, table: Table, keys: Iterable[str]) -> None:
    for key in dict.fromkeys(keys):
        location = document.location_of_key(table, key, last=True)
        document.fail(f"the key {key!r} stands twice in one object", location, "leave one of them out")


def _syntax_error(document: Document, error: ValueError, start: int, line_number: int) -> TemplateSyntaxError:
    """*error* of the json module about text that begins at *start*, in line *line_number*."""
    from json import JSONDecodeError

    if not isinstance(error, JSONDecodeError):  # a number of too many digits
        location = Location(document.file, line_number if document.format is Format.JSON_LINES else None)
        return TemplateSyntaxError(
            f"not valid JSON: {lower_first(str(error))}", location=location, hint="write it as a text"
        )
    hint = "check the quotes, commas and brackets before this place"
    if "\\escape" in error.msg:
        hint = "in JSON a backslash is written \\\\"
    elif error.msg == "Extra data":
        hint = "a file with one object a line is JSON Lines: give it a name that ends in .jsonl"
        if document.format is Format.JSON_LINES:
            hint = "write one object a line"
    at = start + error.pos
    location = document.location_of_span(at, at + 1, line_number + error.lineno - 1)
    return TemplateSyntaxError(f"not valid JSON: {lower_first(error.msg)}", location=location, hint=hint)


_ESCAPE = (
    r"(?s)\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)


def _lone_surrogates(document: Document, start: int, end: int, line_number: int) -> bool:
    """
    Report each escape that names half of a character; True if there is one.

    RFC 8259, section 8.2, calls what readers make of these "unpredictable".
    """
    if document.text.find("\\", start, end) < 0:
        return False
    found = False
    line, counted = line_number, start
    for match in re.compile(_ESCAPE).finditer(document.text, start, end):
        if match["lone"]:
            found = True
            line += document.text.count("\n", counted, match.start())
            counted = match.start()
            location = document.location_of_span(match.start(), match.end(), line)
            document.fail(
                f"{match[0]} is half of a character", location, "write the character itself, or both of its escapes"
            )
    return found
