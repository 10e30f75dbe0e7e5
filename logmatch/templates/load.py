"""
Template file: a file that lists templates, in one of five formats -> templates.

Two stages. A *reader* turns the text of one file into a `_Document`: tables of unchecked keys and values, each with the
part of the text that it stands in. `_Checker` turns a document into templates. Both go on after an error: whatever is
wrong in any of the files is raised together, once, as `TemplateErrors`. What a pattern means is the business of
`syntax`; which templates shadow each other, and whether their examples hold, that of `logmatch check`.

A file is read by its suffix; one without a known suffix, and what comes from a pipe, by what it looks like (`sniff`).
"""

from __future__ import annotations

import enum
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from logmatch.errors import InputError, LogmatchError, Place, TemplateErrors, TemplateSyntaxError, UsageError
from logmatch.formats import MARK, packs_of, read_pack
from logmatch.gc_pause import held_back
from logmatch.templates.model import Example, Origin, Pattern, Template, decode, encode
from logmatch.templates.pattern import PatternParser, check_fields, parse_pattern

if TYPE_CHECKING:
    from logmatch.templates.toml_fast import PlainToml

# What reads one format is imported where it is used, and regular expressions that only errors or few files need are
# texts, which `re` compiles when it is asked for: a run needs little of this, and each of it costs a part of a
# millisecond or some, of a start that has few to spend (SPEC 7).


class Format(enum.Enum):
    """How a template file is written; the value is its name in messages."""

    TOML = "TOML"
    JSON = "JSON"
    JSON_LINES = "JSON Lines"
    CSV = "CSV"
    TEXT = "text"


SUFFIXES: dict[str, Format] = {
    ".toml": Format.TOML,
    ".csv": Format.CSV,
    ".json": Format.JSON,
    ".jsonl": Format.JSON_LINES,
    ".ndjson": Format.JSON_LINES,
    ".txt": Format.TEXT,
}
"""The suffixes (in lower case) of template files; in a directory only files with one of them are read."""

STDIN_NAME = "<stdin>"
"""What standard input is called in messages and in `Origin.file`."""

DEFAULT_HEADER = "default"
"""The header of a file that its templates have when they name none."""

NO_HEADER = "none"
"""What a template says that has no header; no header can be called so."""


class _Key(NamedTuple):
    """What the value of a key must be, and an example of one as TOML and JSON both write it."""

    what: str
    example: str


_KEYS: dict[str, _Key] = {
    "id": _Key("a text", '"login-failed"'),
    "pattern": _Key("a text", '"Invalid user <user> from <src:ip>"'),
    "header": _Key("the name of a header", '"default"'),
    "priority": _Key("a whole number", "10"),
    "description": _Key("a text", '"a login that failed"'),
    "tags": _Key("a list of texts", '["auth"]'),
    "match": _Key("a list of lines, or of tables with 'line' and 'values'", '["a line that it matches"]'),
    "no_match": _Key("a list of lines", '["a line that it does not match"]'),
}
_TOP_KEYS = ("headers", "template")
_EXAMPLE_KEYS = ("line", "values")
_COLUMNS = {"id": "EventId", "pattern": "EventTemplate"}

_FORMAT_HINTS = {
    Format.TOML: 'a template is written [[template]], with id = "…" and pattern = "…" on the lines below',
    Format.JSON: 'a file is written {"template": [{"id": "…", "pattern": "…"}]}',
    Format.JSON_LINES: 'each line is one template: {"id": "…", "pattern": "…"}',
    Format.CSV: "its first line is EventId,EventTemplate, and each row after it one template",
    Format.TEXT: "each line that is not blank and does not begin with '#' is one pattern",
}


@dataclass(slots=True)
class _Table:
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
    """Start and end of each key in the text, and start of its value; found when an error asks for it."""


@dataclass(slots=True)
class _Document:
    """What a reader found in one file. `headers` and `templates` are in the order of the file."""

    file: str
    format: Format
    text: str
    headers: list[_Table] = field(default_factory=list)
    templates: list[_Table] = field(default_factory=list)
    errors: list[LogmatchError] = field(default_factory=list)
    find_places: Callable[[], None] | None = None
    """Fills in the spans of the tables, which have only line numbers until then: only errors ask for more."""

    @property
    def is_json(self) -> bool:
        return self.format in (Format.JSON, Format.JSON_LINES)

    @property
    def hint(self) -> str:
        """How templates are written in this format."""
        return _FORMAT_HINTS[self.format]

    def fail(self, sentence: str, place: Place, hint: str | None) -> None:
        self.errors.append(TemplateSyntaxError(sentence, place=place, hint=hint))

    def place_of_span(self, start: int, end: int, line_number: int) -> Place:
        """The characters from *start* to *end*, which begin in line *line_number*, with (a piece of) that line."""
        line_start = self.text.rfind("\n", 0, start) + 1
        picture_start = line_start if start - line_start <= _PICTURE else start - _PICTURE
        line_end = self.text.find("\n", start, start + _PICTURE)
        picture = self.text[picture_start : line_end if line_end >= 0 else start + _PICTURE].rstrip("\r")
        at = start - picture_start
        return Place(
            self.file, line_number, start - line_start + 1, picture, at, max(at, min(at + end - start, len(picture)))
        )

    def place_of_table(self, table: _Table) -> Place:
        return Place(self.file, table.line_number)

    def place_of_key(self, table: _Table, key: str, *, last: bool = False) -> Place:
        """Where *key* of *table* is written first (or last); where that cannot be told, the place of the table."""
        if self.format is Format.CSV:
            value = str(table.values[key])
            at = self._start_of_value(table, key, value)
            return self.place_of_row(table) if at is None else self._place_in_table(table, at, at + len(value))
        if self.format is Format.TEXT:
            return self._place_in_table(table, table.start, table.end)
        found = self._keys(table).get(key)
        if not found:
            return self.place_of_table(table)
        start, end, _ = found[-1 if last else 0]
        return self._place_in_table(table, start, end)

    def place_of_row(self, table: _Table) -> Place:
        """The whole of the first line of *table*, without a column."""
        place = self._place_in_table(table, table.start, table.end)
        return replace(place, column=None)

    def place_in_value(self, table: _Table, key: str, value: str, inner: Place) -> Place:
        """
        The place *inner*, which is a span in the text *value* of *key*, as a place in the file.

        The column is known only where the file has the value as it is (no escapes, one line).
        """
        start = self._start_of_value(table, key, value)
        text = inner.text if inner.text is not None else value
        if start is None:
            place = self.place_of_key(table, key)
            return Place(self.file, place.line_number, None, text, inner.start, inner.end)
        column = None
        if value.startswith(text):  # not the canonical text of the pattern, whose spans are others
            column = start - self.text.rfind("\n", 0, start) + inner.start
        return Place(self.file, self._line_number(table, start), column, text, inner.start, inner.end)

    def _start_of_value(self, table: _Table, key: str, value: str) -> int | None:
        if self.format is Format.TEXT:
            return table.start
        if self.format is Format.CSV:
            return self._start_of_cell(table, value)
        for _, _, at in self._keys(table).get(key, ()):
            quote = self.text[at : at + 1]
            if quote in ('"', "'") and self.text.startswith(value + quote, at + 1):
                return at + 1
        return None

    def _start_of_cell(self, table: _Table, value: str) -> int | None:
        at = self.text.find(value, table.start, table.end) if value else -1
        while at >= 0:
            before, after = self.text[max(at - 1, table.start) : at], self.text[at + len(value) : table.end][:1]
            if before in ("", ",", '"') and after in ("", ",", '"', "\r", "\n"):
                return at
            at = self.text.find(value, at + 1, table.end)
        return None

    def _place_in_table(self, table: _Table, start: int, end: int) -> Place:
        return self.place_of_span(start, end, self._line_number(table, start))

    def _line_number(self, table: _Table, at: int) -> int:
        return (table.line_number or 1) + self.text.count("\n", table.start, at)

    def _keys(self, table: _Table) -> dict[str, list[tuple[int, int, int]]]:
        if table.keys is None:
            if self.find_places is not None:
                self.find_places()
                self.find_places = None
            table.keys = {}
            if self.format in _KEY_TOKENS and table.line_number is not None:
                tokens = re.compile(_KEY_TOKENS[self.format])
                for match in tokens.finditer(self.text, table.start, table.end):
                    key = match["quoted"] or match["key"]
                    table.keys.setdefault(key, []).append((match.start("key"), match.end("key"), match.end()))
        return table.keys


_PICTURE = 120
"""How many characters of a long line an error shows, at most, on either side of where it is wrong."""

# Where keys stand. These can be misled by a text that looks like a key; then an error shows a wrong place in the right
# table, and nothing else depends on it.
_KEY_TOKENS = {
    Format.TOML: (
        r"""(?m)^[ \t]*(?:\[\[?[ \t]*(?:template[ \t]*\.[ \t]*)?)?"""
        r"""(?P<key>[\w-]+|["'](?P<quoted>[^"'\n]*)["'])[ \t]*(?:=[ \t]*|\.|\])"""
    ),
    Format.JSON: r'(?<!\\)(?P<key>"(?P<quoted>[^"\\\n]*)")[ \t\r\n]*:[ \t\r\n]*',
    Format.JSON_LINES: r'(?<!\\)(?P<key>"(?P<quoted>[^"\\\n]*)")[ \t\r]*:[ \t\r]*',
}


def load_templates(paths: Sequence[str | Path], *, header: str | None = None) -> tuple[Template, ...]:
    """
    Return the templates of all files, in the order given.

    A directory stands for the template files in it and below, sorted by path, hidden ones left out. `-` is standard
    input, `@NAME` a pack of `formats`. A file that is named twice is read once.

    Args:
        paths: template files, directories with template files, packs, or `-`.
        header: a pattern, the header of every template that names none and whose file has no header "default".

    Raises:
        TemplateErrors: with everything that is wrong in all of the files.
    """
    if not paths:
        raise TemplateErrors(
            [UsageError("no template file is given", hint="name a template file or a directory of them")]
        )
    loader = _Loader(header)
    done: set[str] = set()
    with held_back():
        for path, directory_error in _files([os.fspath(path) for path in paths]):
            if directory_error is not None:
                loader.errors.append(directory_error)
                continue
            try:
                identity = path if path == "-" else os.path.realpath(path)
            except ValueError:  # no path, such as one with a null character; reading it says so
                identity = path
            if identity not in done:
                done.add(identity)
                loader.read(path)
        return loader.finish()


def load_text(
    text: str, *, format: Format | None = None, name: str = "<text>", header: str | None = None
) -> tuple[Template, ...]:
    """
    Return the templates that *text*, the content of a template file, describes.

    Args:
        text: bytes that are not UTF-8 stand in it as `template.decode` gives them.
        format: None to tell it from the content.
        name: what the text is called in messages and in `Origin.file`.
        header: as for `load_templates`.

    Raises:
        TemplateErrors: with everything that is wrong.
    """
    loader = _Loader(header)
    loader.add(name, text, format)
    return loader.finish()


def sniff(text: str) -> Format:
    """
    Return the format that *text* is most likely written in; `Format.TEXT` where nothing speaks for another.

    A list of patterns may well begin with '{' or '[', so JSON is only what also has one of its keys.
    """
    if re.search(_LOOKS_LIKE_TOML, text):
        return Format.TOML
    lines = (line.strip() for line in re.findall(r"[^\n]+", text.lstrip()[:_SNIFFED]))
    first, second = next(lines, ""), next(filter(None, lines), "")
    if re.match(r"[\[{][ \t]*(?:[\]}]|$)", first) or re.match(r'[\[{][ \t]*[{"]', first):
        if re.search(r'"(?:id|pattern|headers|template)"\s*:', text) or text.strip() in ("{}", "[]"):
            one_line = first.startswith("{") and first.endswith("}")
            return Format.JSON_LINES if one_line and (second or '"template"' not in first) else Format.JSON
    cells = [cell.strip(' "').lower() for cell in first.split(",")]
    return Format.CSV if any(name.lower() in cells for name in _COLUMNS.values()) else Format.TEXT


_LOOKS_LIKE_TOML = r"""(?mx)
    ^[ \t]*(?:(?:\[\[?[ \t]*["']?(?:templates?|headers?)["']?[ \t]*\]\]?[ \t\r]*(?:\#.*)?$)
    |(?:headers\.[\w-]+[ \t]*=[ \t]*["'])|(?:template[ \t]*=[ \t]*\[))"""
_SNIFFED = 1 << 20
"""How many characters of a file `sniff` looks at for its first lines."""


def _files(paths: Iterable[str]) -> Iterator[tuple[str, LogmatchError | None]]:
    """The files that *paths* stand for; beside the path of a directory that gives none, why."""
    for given in paths:
        if given.startswith(MARK):
            try:
                packs = packs_of(given.removeprefix(MARK))
            except UsageError as unknown:
                yield given, unknown
                continue
            yield from ((MARK + pack, None) for pack in packs)
            continue
        if given == "-" or not os.path.isdir(given):
            yield given, None
            continue
        errors: list[OSError] = []
        found: list[Path] = []
        for folder, folders, names in os.walk(given, onerror=errors.append):
            folders[:] = [name for name in folders if not name.startswith(".")]
            found += (
                Path(folder, name)
                for name in names
                if not name.startswith(".") and os.path.splitext(name)[1].lower() in SUFFIXES
            )
        for path in sorted(found, key=lambda path: path.parts):
            yield str(path), None
        for error in errors:
            yield given, _unreadable(os.fspath(error.filename), error)
        if not found and not errors:
            hint = f"the names of template files end in {', '.join(SUFFIXES)}"
            yield given, InputError("the directory holds no template file", place=Place(given), hint=hint)


def _read_bytes(path: str) -> bytes:
    if path.startswith(MARK):
        return read_pack(path.removeprefix(MARK))
    if path != "-":
        with open(path, "rb") as file:
            return file.read()
    if sys.stdin is None:
        raise OSError("there is no standard input")
    return sys.stdin.buffer.read()


def _unreadable(file: str, error: OSError | ValueError) -> InputError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    hint = "check that the path is right and that you may read it; '-' reads standard input"
    return InputError(f"cannot be read: {reason}", place=Place(file), hint=hint)


class _Loader:
    """Collects the templates and the errors of file after file."""

    def __init__(self, header: str | None) -> None:
        self.templates: list[Template] = []
        self.errors: list[LogmatchError] = []
        self._empty: list[LogmatchError] = []
        self._origins: dict[str, Origin] = {}
        self._parser = PatternParser()
        self._foreign_parser = PatternParser(foreign=True)
        self._header: Pattern | None = None
        if header:
            try:
                self._header = parse_pattern(header)
                check_fields(self._header, Pattern(()))
            except (TemplateSyntaxError, UnicodeEncodeError) as error:
                self.errors.append(_option_error(header, error))

    def read(self, path: str) -> None:
        file = STDIN_NAME if path == "-" else path
        try:
            content = _read_bytes(path)
        except (OSError, ValueError) as error:
            self.errors.append(_unreadable(file, error))
            return
        suffix = ".toml" if path.startswith(MARK) else os.path.splitext(path)[1].lower()
        self.add(file, decode(content), SUFFIXES.get(suffix))

    def add(self, file: str, text: str, format: Format | None) -> None:
        text = text.removeprefix("\N{BYTE ORDER MARK}")
        document = _Document(file, format or sniff(text), text)
        if _check_encoding(document):
            _READERS[document.format](document)
        parser = self._foreign_parser if document.format is Format.CSV else self._parser
        self.templates += _Checker(document, self._header, self._origins, parser).templates()
        if not document.templates and not document.errors:
            sentence = "there is no template in this file"
            self._empty.append(TemplateSyntaxError(sentence, place=Place(file), hint=document.hint))
        # A reader and the checker find errors in their own order; a person reads them from top to bottom.
        self.errors += sorted(document.errors, key=_position)

    def finish(self) -> tuple[Template, ...]:
        if not self.templates and not self.errors:
            self.errors = self._empty
        if self.errors:
            raise TemplateErrors(self.errors)
        return tuple(self.templates)


def _position(error: LogmatchError) -> tuple[int, int]:
    place = error.place or Place()
    return place.line_number or 0, place.column or 0


def _option_error(header: str, error: TemplateSyntaxError | UnicodeEncodeError) -> TemplateSyntaxError:
    if isinstance(error, UnicodeEncodeError):
        place = Place("--header", text=header, start=error.start, end=error.end)
        return TemplateSyntaxError("this is not a character", place=place, hint="a header is text or bytes")
    inner = error.place or Place(text=header)
    place = Place("--header", text=inner.text, start=inner.start, end=inner.end)
    return TemplateSyntaxError(error.sentence, place=place, hint=error.hint)


def _check_encoding(document: _Document) -> bool:
    """Report the first byte that is not UTF-8 where the format wants UTF-8; False when there is one."""
    if document.text.isascii():
        return True
    any_bytes = document.format in (Format.CSV, Format.TEXT)
    wrong = re.search(_NO_CHARACTER_NOR_BYTE if any_bytes else _SURROGATE, document.text)
    if wrong is None:
        return True
    at = wrong.start()
    place = document.place_of_span(at, at + 1, document.text.count("\n", 0, at) + 1)
    code = ord(wrong[0])
    what = (
        f"the byte 0x{code - 0xDC00:02x} is not UTF-8"
        if 0xDC80 <= code <= 0xDCFF
        else f"U+{code:04X} is not a character"
    )
    document.fail(
        what, place, f"save the file as UTF-8, as {document.format.value} must be; CSV and text may hold any bytes"
    )
    return False


_SURROGATE = "[\ud800-\udfff]"
_NO_CHARACTER_NOR_BYTE = "[\ud800-\udc7f\udd00-\udfff]"


# Readers


def _read_toml(document: _Document) -> None:
    from logmatch.templates.toml_fast import read_plain

    text = document.text
    plain = read_plain(text)
    if plain is not None:
        _add_plain(document, plain)
        return
    import tomllib

    try:
        top = tomllib.loads(text)
    except RecursionError:
        document.fail("not valid TOML: nested too deeply", Place(document.file), "a template is a flat table")
        return
    except ValueError as error:  # TOMLDecodeError; a plain ValueError is a number of too many digits
        document.errors.append(_toml_error(document, str(error)))
        return
    whole = _Table(top, 1, 0, len(text))
    _report_unknown_top(document, whole)
    headers, templates = _toml_tables(document)
    if "headers" in top:
        _add_headers(document, headers, top["headers"])
    rows = top.get("template", [])
    if not isinstance(rows, list):
        sentence = f"'template' must be a list of tables, not {_describe(rows)}"
        hint = "write [[template]], with two brackets, before each template"
        document.fail(sentence, document.place_of_key(whole, "template"), hint)
        return
    if len(rows) != len(templates):  # some are written as an inline array, whose places are not looked for
        templates = [_Table({}) for _ in rows]
    for table, row in zip(templates, rows, strict=True):
        _add_row(document, table, row)


def _add_plain(document: _Document, plain: PlainToml) -> None:
    headers = _Table(plain.headers or {}, plain.headers_line)
    if plain.headers is not None:
        document.headers.append(headers)
    document.templates = list(map(_Table, plain.templates, plain.template_lines))

    def find_places() -> None:
        found_headers, found = _toml_tables(document)
        for table, place in zip([headers, *document.templates], [found_headers, *found], strict=True):
            table.start, table.end = place.start, place.end

    document.find_places = find_places


_TOML_POSITION = r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$"


def _toml_error(document: _Document, message: str) -> TemplateSyntaxError:
    """The error that tomllib words as *message*: it gives the position as text only (before Python 3.14)."""
    match = re.search(_TOML_POSITION, message)
    if match is None:
        return TemplateSyntaxError(
            f"not valid TOML: {_lower_first(message)}", place=Place(document.file), hint=_HINT_TOML
        )
    text = document.text
    if match["line"] is None:
        at = len(text.rstrip("\n"))
        line_number = text.count("\n", 0, at) + 1
    else:
        line_number = int(match["line"])
        at = _line_start(text, line_number) + int(match["column"]) - 1
    # For a bad escape tomllib names the place behind it.
    is_escape = message.startswith("Unescaped") and text[at - 2 : at - 1] == "\\"
    place = document.place_of_span(at - 2 if is_escape else at, at if is_escape else at + 1, line_number)
    hint = _HINT_BACKSLASH if "\\" in (place.text or "") else _HINT_TOML
    return TemplateSyntaxError(f"not valid TOML: {_lower_first(message[: match.start()])}", place=place, hint=hint)


_HINT_TOML = 'check the quotes and brackets here and on the line before; a value is written key = "text"'
_HINT_BACKSLASH = "between double quotes a backslash is written \\\\; between single quotes it stands for itself"

_TOML_TABLES = r'''(?msx)
      """ (?: [^"\\]++ | \\. | "(?!"") )*+ "{3,5}           # texts over several lines; they may end in two quotes more
    | \'\'\' (?: [^']++ | '(?!'') )*+ '{3,5}
    | " (?: [^"\\\n]++ | \\. )*+ "
    | '[^'\n]*+'
    | \#[^\n]*+
    | ^[ \t]*+ (?: (?P<template>\[\[[ \t]*+ (?:template|"template"|'template') [ \t]*+\]\])
                 | (?P<headers>\[[ \t]*+ (?:headers|"headers"|'headers') [ \t]*+\]) )
    '''
"""What must be told apart to find the tables of *valid* TOML: texts and comments, so that none is taken for a table."""


def _toml_tables(document: _Document) -> tuple[_Table, list[_Table]]:
    """The place of `[headers]`, unknown where it is not written so, and of each `[[template]]`, to the next of them."""
    text = document.text
    tables: list[tuple[_Table, bool]] = []
    line_number, counted = 1, 0
    for match in re.finditer(_TOML_TABLES, text):
        if match.lastgroup is None:
            continue
        start = match.start(match.lastgroup)
        line_number += text.count("\n", counted, start)
        counted = start
        tables.append((_Table({}, line_number, start, len(text)), match.lastgroup == "headers"))
    for (table, _), (following, _) in pairwise(tables):
        table.end = following.start
    headers = [table for table, is_headers in tables if is_headers]
    return (headers[0] if headers else _Table({})), [table for table, is_headers in tables if not is_headers]


class _JsonDecoder:
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


class _JsonCursor:
    """
    Steps through JSON text that is known to be valid, and gives each value with its place as the json module does not.

    `at` is the offset of the next token; `line_number` (from 1) the line of the last value read.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = self._counted = 0
        self.line_number = 1
        self._decoder = _JsonDecoder()
        self.skip(0)

    @property
    def repeated(self) -> list[str]:
        return self._decoder.repeated

    def peek(self) -> str:
        """The first character of the next token; empty at the end of the text."""
        return self.text[self.at : self.at + 1]

    def skip(self, count: int) -> None:
        """Go on by *count* characters and to the token after them; in valid JSON, commas and colons need no look."""
        match = _JSON_BETWEEN.match(self.text, self.at + count)
        self.at = match.end() if match else self.at + count

    def value(self) -> tuple[object, _Table]:
        """The next value, and a table without values for its place."""
        start = self.at
        self.line_number += self.text.count("\n", self._counted, start)
        self._counted = start
        value, end = self._decoder.decode(self.text, start)
        self.skip(end - start)
        return value, _Table({}, self.line_number, start, end)


_JSON_BETWEEN = re.compile(r"[ \t\r\n,:]*")


def _read_json(document: _Document) -> None:
    import json

    text = document.text
    try:
        json.loads(text)  # says what is wrong; the cursor may then rely on the form
    except RecursionError:
        document.fail("not valid JSON: nested too deeply", Place(document.file), "a template is a flat object")
        return
    except ValueError as error:
        document.errors.append(_json_error(document, error, 0, 1))
        return
    if _lone_surrogates(document, 0, len(text), 1):
        return
    cursor = _JsonCursor(text)
    if cursor.peek() == "[":
        _read_json_rows(document, cursor)
    elif cursor.peek() == "{":
        _read_json_object(document, cursor)
    else:
        value, place = cursor.value()
        sentence = f"the file must hold an object or a list, not {_describe(value, json=True)}"
        document.fail(sentence, document.place_of_span(place.start, place.end, cursor.line_number), document.hint)


def _read_json_object(document: _Document, cursor: _JsonCursor) -> None:
    whole = _Table({}, 1, 0, len(document.text))
    cursor.skip(1)
    while cursor.peek() != "}":
        key, table_of_key = cursor.value()
        if not isinstance(key, str):
            raise AssertionError("a key of valid JSON is a text")
        place = document.place_of_span(table_of_key.start, table_of_key.end, cursor.line_number)
        if key in whole.values:
            document.fail(f"the key {key!r} stands twice in one object", place, "leave one of them out")
        if key == "template" and cursor.peek() == "[":
            whole.values[key] = []
            _read_json_rows(document, cursor)
            continue
        value, table = cursor.value()
        whole.values[key] = value
        if key == "headers":
            _report_repeated(document, table, cursor.repeated)
            _add_headers(document, table, value)
        elif key == "template":
            sentence = f"'template' must be a list of objects, not {_describe(value, json=True)}"
            document.fail(sentence, place, document.hint)
    _report_unknown_top(document, whole)


def _read_json_rows(document: _Document, cursor: _JsonCursor) -> None:
    cursor.skip(1)
    while cursor.peek() != "]":
        row, table = cursor.value()
        _report_repeated(document, table, cursor.repeated)
        _add_row(document, table, row)
    cursor.skip(1)


def _report_repeated(document: _Document, table: _Table, keys: Iterable[str]) -> None:
    for key in dict.fromkeys(keys):
        place = document.place_of_key(table, key, last=True)
        document.fail(f"the key {key!r} stands twice in one object", place, "leave one of them out")


def _json_error(document: _Document, error: ValueError, start: int, line_number: int) -> TemplateSyntaxError:
    """*error* of the json module about text that begins at *start*, in line *line_number*."""
    from json import JSONDecodeError

    if not isinstance(error, JSONDecodeError):  # a number of too many digits
        place = Place(document.file, line_number if document.format is Format.JSON_LINES else None)
        return TemplateSyntaxError(
            f"not valid JSON: {_lower_first(str(error))}", place=place, hint="write it as a text"
        )
    hint = "check the quotes, commas and brackets before this place"
    if "\\escape" in error.msg:
        hint = "in JSON a backslash is written \\\\"
    elif error.msg == "Extra data":
        hint = "a file with one object a line is JSON Lines: give it a name that ends in .jsonl"
        if document.format is Format.JSON_LINES:
            hint = "write one object a line"
    at = start + error.pos
    place = document.place_of_span(at, at + 1, line_number + error.lineno - 1)
    return TemplateSyntaxError(f"not valid JSON: {_lower_first(error.msg)}", place=place, hint=hint)


_JSON_ESCAPE = (
    r"(?s)\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)


def _lone_surrogates(document: _Document, start: int, end: int, line_number: int) -> bool:
    """
    Report each escape that names half of a character; True if there is one.

    RFC 8259, section 8.2, calls what readers make of these "unpredictable".
    """
    if document.text.find("\\", start, end) < 0:
        return False
    found = False
    for match in re.compile(_JSON_ESCAPE).finditer(document.text, start, end):
        if match["lone"]:
            found = True
            line = line_number + document.text.count("\n", start, match.start())
            place = document.place_of_span(match.start(), match.end(), line)
            document.fail(
                f"{match[0]} is half of a character", place, "write the character itself, or both of its escapes"
            )
    return found


def _read_json_lines(document: _Document) -> None:
    import json

    decoder = _JsonDecoder()
    for line_number, (start, line) in enumerate(_lines(document.text), 1):
        content = line.strip(" \t\r\n")
        if not content:
            continue
        start += line.index(content[0])
        try:
            row, end = decoder.decode(content, 0)
            if end < len(content):
                raise json.JSONDecodeError("Extra data", content, end)
        except RecursionError:
            place = Place(document.file, line_number)
            document.fail("not valid JSON: nested too deeply", place, "a template is a flat object")
            continue
        except ValueError as error:
            document.errors.append(_json_error(document, error, start, line_number))
            continue
        if _lone_surrogates(document, start, start + len(content), line_number):
            continue
        table = _Table({}, line_number, start, start + len(content))
        _report_repeated(document, table, decoder.repeated)
        if isinstance(row, dict) and row.keys() == {"headers"}:
            _add_headers(document, table, row["headers"])
        else:
            _add_row(document, table, row)


def _read_csv(document: _Document) -> None:
    import csv

    lines = list(_lines(document.text))
    starts = [start for start, _ in lines] + [len(document.text)]
    # strict: without it a quote that is never closed takes the rest of the file for one cell.
    reader = csv.reader((line for _, line in lines), strict=True)
    columns: dict[str, int] | None = None
    width = 0
    before = 0
    try:
        for row in reader:
            table = _Table({}, before + 1, starts[before], starts[reader.line_num])
            before = reader.line_num
            if not any(map(str.strip, row)):
                continue
            if columns is None:
                columns = _csv_columns(document, table, row)
                if columns is None:
                    return
                width = len(row)
                continue
            if len(row) != width:
                sentence = f"the row has {_count(len(row), 'cell')}, the first line {width}"
                hint = 'a cell that holds a comma or a quote is written in quotes: "…"; a quote in it is doubled: ""'
                document.fail(sentence, document.place_of_row(table), hint)
                continue
            table.values = {key: row[index] for key, index in columns.items()}
            document.templates.append(table)
    except csv.Error as error:
        document.errors.append(_csv_error(document, str(error), before + 1, reader.line_num, starts))


def _csv_columns(document: _Document, table: _Table, row: list[str]) -> dict[str, int] | None:
    """Which cell of a row is which key, by the names in the first *row*."""
    names = [name.strip() for name in row]
    columns: dict[str, int] = {}
    place = document.place_of_row(table)
    for key, column in _COLUMNS.items():
        if column not in names:
            near = _near(column, [name for name in names if name not in _COLUMNS.values()])
            hint = "the first line names the columns, EventId and EventTemplate among them"
            hint = f"{near[0]!r} must be called {column!r}; {hint}" if near else hint
            document.fail(f"the column {column!r} is missing", place, hint)
        elif names.count(column) > 1:
            document.fail(f"the column {column!r} is there {names.count(column)} times", place, "leave one of them")
        else:
            columns[key] = names.index(column)
    return columns if len(columns) == len(_COLUMNS) else None


def _csv_error(document: _Document, message: str, first: int, last: int, starts: list[int]) -> TemplateSyntaxError:
    """*message* of the csv module about the row from line *first* to line *last*; the rows after it are not read."""
    if message == "unexpected end of data":
        sentence, line_number, hint = (
            "a quoted cell is not closed",
            first,
            'it ends with a quote: "…"; a quote in it is doubled: ""',
        )
    elif "expected after" in message:
        sentence, line_number, hint = (
            "text follows the closing quote of a cell",
            last,
            'a quote in a quoted cell is doubled: ""',
        )
    elif message.startswith("new-line character"):
        sentence, line_number, hint = (
            "a carriage return stands in a cell without quotes",
            last,
            "end each line with a line feed",
        )
    else:
        sentence, line_number, hint = message, last, "shorten the cell"
    table = _Table({}, line_number, starts[line_number - 1], starts[line_number])
    return TemplateSyntaxError(f"not valid CSV: {sentence}", place=document.place_of_row(table), hint=hint)


def _read_text(document: _Document) -> None:
    import hashlib

    for line_number, (start, line) in enumerate(_lines(document.text), 1):
        pattern = line.rstrip("\r\n")
        content = pattern.lstrip()
        if content and not content.startswith("#"):
            identity = f"t-{hashlib.sha256(encode(pattern)).hexdigest()[:10]}"
            table = _Table({"id": identity, "pattern": pattern}, line_number, start, start + len(pattern))
            document.templates.append(table)


_READERS: dict[Format, Callable[[_Document], None]] = {
    Format.TOML: _read_toml,
    Format.JSON: _read_json,
    Format.JSON_LINES: _read_json_lines,
    Format.CSV: _read_csv,
    Format.TEXT: _read_text,
}


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Each line with the offset of its first character. Only a line feed ends a line, as in an editor's count."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    return zip(accumulate(map(len, lines), initial=0), lines, strict=False)


def _line_start(text: str, line_number: int) -> int:
    at = 0
    for _ in range(line_number - 1):
        at = text.find("\n", at) + 1
    return at


def _report_unknown_top(document: _Document, whole: _Table) -> None:
    for key in whole.values:
        if key not in _TOP_KEYS:
            hint = f"{_did_you_mean(key, _TOP_KEYS)}The keys of a file are 'headers' and 'template'"
            document.fail(f"unknown key {key!r}", document.place_of_key(whole, key), hint)


def _add_headers(document: _Document, table: _Table, value: object) -> None:
    """Make *value* headers of the document, at the place of *table*, if it is a table of them."""
    if isinstance(value, dict):
        table.values = value
        document.headers.append(table)
        return
    what, example = "a table", 'write [headers], and default = "…" on the line below'
    if document.is_json:
        what, example = "an object", 'write "headers": {"default": "…"}'
    sentence = f"'headers' must be {what} with a pattern for each name, not {_describe(value, json=document.is_json)}"
    document.fail(sentence, document.place_of_table(table), example)


def _add_row(document: _Document, table: _Table, row: object) -> None:
    """Make *row* a template of the document, at the place of *table*, if it is a table."""
    if isinstance(row, dict):
        table.values = row
        document.templates.append(table)
        return
    what = "an object" if document.is_json else "a table"
    sentence = f"a template must be {what}, not {_describe(row, json=document.is_json)}"
    document.fail(sentence, document.place_of_table(table), document.hint)


# Checking


class _Checker:
    """
    Turns the tables of one document into templates, and what is wrong with them into errors of the document.

    `origins` holds where each id was first used, over all files; it is shared and added to. So is what `parser`, the
    one for the language of the document, remembers of patterns.
    """

    def __init__(
        self, document: _Document, header: Pattern | None, origins: dict[str, Origin], parser: PatternParser
    ) -> None:
        self._document = document
        self._origins = origins
        self._parser = parser
        self._is_json = document.is_json
        self._headers: dict[str, Pattern | None] = {}  # None: it is there and wrong
        for table in document.headers:
            for name, value in table.values.items():
                self._add_header(table, name, value)
        self._default = self._headers.get(DEFAULT_HEADER, header)

    def templates(self) -> list[Template]:
        """The templates that nothing is wrong with, in the order of the document."""
        made: list[Template] = []
        for number, table in enumerate(self._document.templates, 1):
            errors = len(self._document.errors)
            template = self._template(table)
            if len(self._document.errors) > errors and table.line_number is None:
                self._name_place(errors, number)
            if template is not None:
                made.append(template)
        return made

    def _template(self, table: _Table) -> Template | None:
        # Here most of the time goes that a long list takes: what a template does not have costs one look.
        errors = len(self._document.errors)
        values = table.values
        misspelt: set[str] = set()
        if not values.keys() <= _KEYS.keys():
            misspelt = self._report_unknown(table)
        identity = self._required(table, "id", misspelt)
        text = self._required(table, "pattern", misspelt)
        header = self._header(table) if "header" in values else self._default
        pattern = self._pattern(table, text, header) if text is not None else None
        priority = self._priority(table) if "priority" in values else 0
        description = self._description(table) if "description" in values else ""
        tags = self._texts(table, "tags") if "tags" in values else ()
        match = self._examples(table) if "match" in values else ()
        no_match = self._texts(table, "no_match") if "no_match" in values else ()
        origin = Origin(self._document.file, table.line_number)
        if identity is not None and self._origins.setdefault(identity, origin) is not origin:
            self._report_second(table, identity, self._origins[identity])
        if identity is None or pattern is None or len(self._document.errors) > errors:
            return None
        return Template(identity, pattern, header, priority, description, tags, match, no_match, origin)

    def _name_place(self, first: int, number: int) -> None:
        """Say in the errors from *first* on which template they are about, since no line does."""
        errors = self._document.errors
        for index in range(first, len(errors)):
            error = errors[index]
            sentence = f"template {number}: {error.sentence}"
            errors[index] = TemplateSyntaxError(sentence, place=error.place, hint=error.hint)

    def _add_header(self, table: _Table, name: str, value: object) -> None:
        place = self._document.place_of_key
        if name in self._headers:
            hint = "the headers of all lines are those of the file; leave one of them out"
            self._document.fail(f"the header {name!r} is given twice", place(table, name), hint)
            return
        self._headers[name] = None
        if name == NO_HEADER:
            hint = f'header = "{NO_HEADER}" says that a template has none; choose another name'
            self._document.fail(f"a header cannot be called {NO_HEADER!r}", place(table, name), hint)
        elif not isinstance(value, str):
            sentence = f"the header {name!r} must be a text, not {_describe(value, json=self._is_json)}"
            example = self._written(name, '"<time:iso8601> "')
            self._document.fail(sentence, place(table, name), f"write for example {example}")
        else:
            try:
                header = parse_pattern(value)
                check_fields(header, Pattern(()))
            except TemplateSyntaxError as error:
                self._report_pattern(table, name, value, error)
                return
            self._headers[name] = header

    def _header(self, table: _Table) -> Pattern | None:
        name = table.values["header"]
        if not isinstance(name, str):
            self._wrong_type(table, "header", name)
            return None
        if name == NO_HEADER:
            return None
        if name not in self._headers:
            known = [known for known in self._headers if known != NO_HEADER]
            hint = (
                f"The headers of this file are {', '.join(map(repr, known))}" if known else "This file has no headers"
            )
            hint = f"{_did_you_mean(name, known)}{hint}; {NO_HEADER!r} is for no header"
            self._document.fail(f"unknown header {name!r}", self._document.place_of_key(table, "header"), hint)
            return None
        return self._headers[name]

    def _pattern(self, table: _Table, text: str, header: Pattern | None) -> Pattern | None:
        try:
            return self._parser.parse(text, header)
        except TemplateSyntaxError as error:
            self._report_pattern(table, "pattern", text, error)
            return None

    def _report_pattern(self, table: _Table, key: str, text: str, error: TemplateSyntaxError) -> None:
        place = self._document.place_in_value(table, key, text, error.place or Place(text=text))
        self._document.fail(error.sentence, place, error.hint)

    def _required(self, table: _Table, key: str, misspelt: set[str]) -> str | None:
        value = table.values.get(key)
        if isinstance(value, str) and value.strip():
            return value
        if key not in table.values:
            if key not in misspelt:
                self._document.fail(
                    f"the template has no {key}", self._document.place_of_table(table), self._write(key)
                )
        elif not isinstance(value, str):
            self._wrong_type(table, key, value)
        elif self._document.format is Format.CSV:
            place = self._document.place_of_row(table)
            self._document.fail(f"the {_COLUMNS[key]} of this row is empty", place, "fill it in, or remove the row")
        else:
            self._document.fail(f"the {key} is empty", self._document.place_of_key(table, key), self._write(key))
        return None

    def _report_second(self, table: _Table, identity: str, first: Origin) -> None:
        place = self._document.place_of_key(table, "id")
        sentence = f"the id {identity!r} is used twice, first in {Place(first.file, first.line_number)}"
        hint = "an id is unique over all files that are loaded; rename or remove one of the two"
        if self._document.format is Format.TEXT:
            sentence = f"the same pattern stands in {Place(first.file, first.line_number)}"
            hint = "leave one of them out"
        self._document.fail(sentence, place, hint)

    def _report_unknown(self, table: _Table) -> set[str]:
        """Report the keys that are none, and give those that were probably meant."""
        misspelt: set[str] = set()
        for key in table.values:
            if key not in _KEYS:
                near = _near(key, [known for known in _KEYS if known not in table.values])
                misspelt.update(near)
                hint = f"did you mean {near[0]!r}? " if near else ""
                hint += f"The keys of a template are {', '.join(_KEYS)}"
                if key == "headers" and self._document.format is Format.JSON_LINES:
                    hint = 'headers stand on a line of their own: {"headers": {"default": "…"}}'
                self._document.fail(f"unknown key {key!r}", self._document.place_of_key(table, key), hint)
        return misspelt

    def _priority(self, table: _Table) -> int:
        value = table.values["priority"]
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        self._wrong_type(table, "priority", value)
        return 0

    def _description(self, table: _Table) -> str:
        value = table.values["description"]
        if isinstance(value, str):
            return value
        self._wrong_type(table, "description", value)
        return ""

    def _texts(self, table: _Table, key: str) -> tuple[str, ...]:
        values = table.values[key]
        if not isinstance(values, list):
            self._wrong_type(table, key, values)
            return ()
        for number, value in enumerate(values, 1):
            if not isinstance(value, str):
                self._wrong_item(table, key, number, f"must be a text, not {_describe(value, json=self._is_json)}")
        return tuple(values)

    def _examples(self, table: _Table) -> tuple[Example, ...]:
        values = table.values["match"]
        if not isinstance(values, list):
            self._wrong_type(table, "match", values)
            return ()
        examples: list[Example] = []
        for number, value in enumerate(values, 1):
            if isinstance(value, str):
                examples.append(Example(value))
            elif isinstance(value, dict):
                example = self._example(table, number, value)
                examples += [example] if example is not None else []
            else:
                what = "an object" if self._is_json else "a table"
                sentence = (
                    f"must be a line, or {what} with 'line' and 'values', not {_describe(value, json=self._is_json)}"
                )
                self._wrong_item(table, "match", number, sentence)
        return tuple(examples)

    def _example(self, table: _Table, number: int, written: dict[str, object]) -> Example | None:
        for key in written:
            if key not in _EXAMPLE_KEYS:
                self._wrong_item(
                    table, "match", number, f"has an unknown key {key!r}", _did_you_mean(key, _EXAMPLE_KEYS)
                )
        line, values = written.get("line"), written.get("values")
        if "line" not in written and any("line" in _near(key, _EXAMPLE_KEYS) for key in written):
            return None
        if not isinstance(line, str):
            wrong = (
                f"must have a text as 'line', not {_describe(line, json=self._is_json)}"
                if "line" in written
                else "has no 'line'"
            )
            self._wrong_item(table, "match", number, wrong)
            return None
        if "values" not in written:
            return Example(line)
        if not isinstance(values, dict):
            what = "an object" if self._is_json else "a table"
            self._wrong_item(
                table, "match", number, f"must have {what} as 'values', not {_describe(values, json=self._is_json)}"
            )
            return None
        for name, value in values.items():
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                described = _describe(value, json=self._is_json)
                self._wrong_item(
                    table, "match", number, f"must have a text or a number as value of {name!r}, not {described}"
                )
        return Example(line, tuple(values.items()))

    def _wrong_type(self, table: _Table, key: str, value: object) -> None:
        what = _KEYS[key].what.replace("tables", "objects") if self._is_json else _KEYS[key].what
        sentence = f"'{key}' must be {what}, not {_describe(value, json=self._is_json)}"
        self._document.fail(sentence, self._document.place_of_key(table, key), self._write(key))

    def _wrong_item(self, table: _Table, key: str, number: int, wrong: str, hint: str = "") -> None:
        place = self._document.place_of_key(table, key)
        example = '{ line = "…", values = { user = "…" } }'
        if self._is_json:
            example = '{"line": "…", "values": {"user": "…"}}'
        example = f'An item is written "…" or {example}' if key == "match" else self._write(key)
        self._document.fail(f"item {number} of '{key}' {wrong}", place, f"{hint}{example}")

    def _write(self, key: str) -> str:
        return f"write for example {self._written(key, _KEYS[key].example)}"

    def _written(self, key: str, value: str) -> str:
        return f'"{key}": {value}' if self._is_json else f"{key} = {value}"


# Words


def _near(word: str, known: Iterable[str]) -> list[str]:
    """The one of *known* that *word* was probably meant to be, or none."""
    import difflib

    by_lower = {name.lower(): name for name in known}
    return [by_lower[name] for name in difflib.get_close_matches(word.lower(), by_lower, n=1)]


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    near = _near(word, known)
    return f"did you mean {near[0]!r}? " if near else ""


def _describe(value: object, *, json: bool = False) -> str:
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


def _lower_first(message: str) -> str:
    return message[:1].lower() + message[1:]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
