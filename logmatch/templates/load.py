"""
Load: paths of template files -> a set of templates.

A file is read by its suffix; one without a known suffix, and what comes from a pipe, by what it looks like (`sniff`).
Loading goes on after an error: whatever is wrong in any of the files is raised together, once, as `TemplateErrors`.
Which templates shadow each other, and whether their examples hold, is the business of `logmatch check`.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from logmatch.errors import (
    InputError,
    Location,
    LogmatchError,
    TemplateErrors,
    TemplateSyntaxError,
    UsageError,
    reason_of,
)
from logmatch.formats import MARK, packs_of, read_pack
from logmatch.gc_pause import held_back
from logmatch.templates.document import Document, Format
from logmatch.templates.model import decode
from logmatch.templates.pattern import PatternParser, parse_header
from logmatch.templates.read_csv import COLUMNS, read_csv
from logmatch.templates.read_json import read_json, read_json_lines
from logmatch.templates.read_text import id_of_pattern, read_text
from logmatch.templates.read_toml import read_toml
from logmatch.templates.recognise import HEAD_SIZE, recognise
from logmatch.templates.template import DEFAULT_HEADER, Header, Multiline, Origin, Template, TemplateSet
from logmatch.templates.type_syntax import Names
from logmatch.templates.validate import Validator, name_types
from logmatch.wording import count

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

OPTION_NAME = "-e"
"""What a pattern of the command line is called in messages and in `Origin.file`."""

MAX_FILE_SIZE = 64 << 20
"""How many bytes a template file may have: some hundred thousand templates."""

MOST_ERRORS = 200
"""How many errors of all files together are shown."""

_READERS: dict[Format, Callable[[Document], None]] = {
    Format.TOML: read_toml,
    Format.JSON: read_json,
    Format.JSON_LINES: read_json_lines,
    Format.CSV: read_csv,
    Format.TEXT: read_text,
}


def load_templates(
    paths: Sequence[str | Path], *, header: str | None = None, patterns: Sequence[str] = ()
) -> tuple[Template, ...]:
    """The templates of `load_template_set`."""
    return load_template_set(paths, header=header, patterns=patterns).templates


def load_template_set(
    paths: Sequence[str | Path], *, header: str | None = None, patterns: Sequence[str] = ()
) -> TemplateSet:
    """
    Return the templates and headers of all files, in the order given, and then a template for each of *patterns*.

    A directory stands for the template files in it and below, sorted by path, hidden ones left out. `-` is standard
    input, `@NAME` a pack of `formats`. A file that is named twice is read once.

    Args:
        paths: template files, directories with template files, packs, or `-`.
        header: a pattern, the header of every template that names none and whose file has no header "default".
        patterns: texts of patterns, whose ids are made of them as those of a text file are; "-e" in messages.

    Raises:
        TemplateErrors: with what is wrong in any of the files.
    """
    if not paths and not patterns:
        raise TemplateErrors(
            [UsageError("no template file is given", hint="name a template file or a directory of them")]
        )
    loader = _Loader(header)
    done: set[str] = set()
    with held_back():
        for path, directory_error in _files([os.fspath(path) for path in paths]):
            if directory_error is not None:
                loader.fail(directory_error)
                continue
            try:
                identity = path if path == "-" else os.path.realpath(path)
            except ValueError:  # no path, such as one with a null character; reading it says so
                identity = path
            if identity not in done:
                done.add(identity)
                loader.read(path)
        by_id = {id_of_pattern(pattern): pattern for pattern in reversed(patterns)}  # a pattern may be given twice
        loader.add_patterns(((OPTION_NAME, None, by_id[id_]) for id_ in reversed(by_id)), Origin(OPTION_NAME))
        return loader.finish()


def load_text(
    text: str, *, format: Format | None = None, name: str = "<text>", header: str | None = None
) -> tuple[Template, ...]:
    """The templates of `load_text_set`."""
    return load_text_set(text, format=format, name=name, header=header).templates


def load_text_set(
    text: str, *, format: Format | None = None, name: str = "<text>", header: str | None = None
) -> TemplateSet:
    """
    Return the templates and headers that *text*, the content of a template file, describes.

    Args:
        text: bytes that are not UTF-8 stand in it as `model.decode` gives them.
        format: None to tell it from the content.
        name: what the text is called in messages and in `Origin.file`.
        header: as for `load_templates`.

    Raises:
        TemplateErrors: with everything that is wrong.
    """
    loader = _Loader(header)
    loader.add(name, text, format)
    return loader.finish()


def templates_from_patterns(
    patterns: Iterable[str] | Mapping[str, str], *, header: str | None = None
) -> tuple[Template, ...]:
    """
    Return a template for each of *patterns*.

    Args:
        patterns: texts of patterns, whose ids are made of them as those of a text file are; or a mapping of ids to
            patterns.
        header: the text of a header for all of them.

    Raises:
        TemplateErrors: with everything that is wrong; a place is "pattern 2" or the id.
    """
    if isinstance(patterns, str | bytes):
        raise TypeError(f"patterns are several texts, not {patterns!r}; write [{patterns!r}]")
    if not isinstance(patterns, Iterable):
        raise TypeError(f"patterns are several texts, not {type(patterns).__name__}")
    if isinstance(patterns, Mapping):
        rows = [(str(identity), identity, text) for identity, text in patterns.items()]
    else:
        rows = [(f"pattern {number}", None, text) for number, text in enumerate(patterns, 1)]
    loader = _Loader(header, option="header")
    loader.add_patterns(rows)
    if not rows and not loader.errors:
        loader.fail(UsageError("no pattern is given", hint="give one pattern at least"))
    return loader.finish().templates


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
    return Format.CSV if any(name.lower() in cells for name in COLUMNS.values()) else Format.TEXT


_LOOKS_LIKE_TOML = r"""(?mx)
    ^[ \t]*(?:(?:\[\[?[ \t]*["']?(?:templates?|headers?|multiline)["']?[ \t]*\]\]?[ \t\r]*(?:\#.*)?$)
    |(?:headers\.[\w-]+[ \t]*=[ \t]*["'])|(?:template[ \t]*=[ \t]*\[))"""
_SNIFFED = 1 << 20
"""How many characters of a file `sniff` looks at for its first lines."""


def _files(paths: Iterable[str]) -> Iterator[tuple[str, LogmatchError | None]]:
    """The files that *paths* stand for; beside the path of a directory that gives none, why."""
    for given in paths:
        if not given:
            hint = "name a template file; is the variable set that was meant?"
            yield given, UsageError("the name of a template file is empty", hint=hint)
            continue
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
                if not name.startswith(".")
                and os.path.splitext(name)[1].lower() in SUFFIXES
                and not _would_wait(os.path.join(folder, name))
            )
        for path in sorted(found, key=lambda path: path.parts):
            yield str(path), None
        for error in errors:
            yield given, _unreadable(os.fspath(error.filename), error)
        if not found and not errors:
            hint = f"the names of template files end in {', '.join(SUFFIXES)}"
            yield given, InputError("the directory holds no template file", location=Location(given), hint=hint)


def _would_wait(path: str) -> bool:
    """Whether *path* is a FIFO, a socket or a device, whose end may never come; these are read only by name."""
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)
    except OSError:  # such as a broken link: reading it says what is wrong
        return False


def _read_bytes(path: str, format: Format | None) -> bytes | InputError:
    """The content of a file, or why it is none of a template file: its beginning decides before all is read."""
    if path.startswith(MARK):
        return read_pack(path.removeprefix(MARK))
    if path != "-":
        with open(path, "rb") as file:
            return _read_file(file, path, format)
    if sys.stdin is None:
        raise OSError("there is no standard input")
    return _read_file(sys.stdin.buffer, STDIN_NAME, format)


def _read_file(file: BinaryIO, name: str, format: Format | None) -> bytes | InputError:
    head = file.read(HEAD_SIZE)
    foreign = recognise(head.removeprefix(b"\xef\xbb\xbf"), name, format)
    if foreign is not None:
        return InputError(f"this is no template file: it is {foreign.what}", location=Location(name), hint=foreign.hint)
    rest = file.read(MAX_FILE_SIZE - len(head) + 1) if len(head) == HEAD_SIZE else b""
    if len(head) + len(rest) > MAX_FILE_SIZE:
        message = f"this is larger than a template file may be, {_size(MAX_FILE_SIZE)}"
        hint = "a log is named without an option, template files after -t; were the two swapped?"
        return InputError(message, location=Location(name), hint=hint)
    return head + rest


def _size(size: int) -> str:
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size >> 10} KiB"


def _unreadable(file: str, error: OSError | ValueError) -> InputError:
    hint = "check that the path is right and that you may read it; '-' reads standard input"
    return InputError(f"cannot be read: {reason_of(error)}", location=Location(file), hint=hint)


@dataclass(frozen=True, slots=True)
class _Patterns:
    """Patterns without a file: the place of each in messages, its id (None: made of its pattern), its text."""

    rows: list[tuple[str, str | None, str]]
    origin: Origin


class _Loader:
    """
    Collects the templates and the errors of file after file.

    A type that one file gives a name to holds for all of them: so all are read before any is validated (`finish`).
    """

    def __init__(self, header: str | None, option: str = "--header") -> None:
        """
        Args:
            option: what *header* is called in messages.
        """
        self.errors: list[LogmatchError] = []
        self._header_text = header
        self._option = option
        self._read: list[Document | LogmatchError | _Patterns] = []
        self._headers: list[Header] = []
        self._multiline: Multiline | None = None
        self._templates: list[Template] = []
        self._empty: list[LogmatchError] = []
        self._origins: dict[str, Origin] = {}

    def read(self, path: str) -> None:
        file = STDIN_NAME if path == "-" else path
        format = SUFFIXES.get(".toml" if path.startswith(MARK) else os.path.splitext(path)[1].lower())
        try:
            content = _read_bytes(path, format)
        except (OSError, ValueError) as error:
            self._read.append(_unreadable(file, error))
            return
        if isinstance(content, InputError):
            self._read.append(content)
        else:
            self.add(file, decode(content), format)

    def fail(self, error: LogmatchError) -> None:
        """Report *error* in its place among the files."""
        self._read.append(error)

    def add(self, file: str, text: str, format: Format | None) -> None:
        text = text.removeprefix("\N{BYTE ORDER MARK}")
        document = Document(file, format or sniff(text), text)
        if _check_encoding(document):
            _READERS[document.format](document)
        self._read.append(document)

    def add_patterns(self, rows: Iterable[tuple[str, str | None, str]], origin: Origin | None = None) -> None:
        """Add a template for each row: its place in messages, its id (None: made of its pattern), its pattern."""
        rows = list(rows)
        for _, _, text in rows:
            if not isinstance(text, str):
                raise TypeError(f"a pattern is a text (str), not {text!r}")
        self._read.append(_Patterns(rows, origin or Origin()))

    def finish(self) -> TemplateSet:
        names = name_types([each for each in self._read if isinstance(each, Document)])
        header = self._given_header(names)
        parser, foreign_parser = PatternParser(names=names), PatternParser(foreign=True)
        for each in self._read:
            if isinstance(each, LogmatchError):
                self.errors.append(each)
            elif isinstance(each, _Patterns):
                self._make(each, header, parser)
            else:
                self._validate(each, header, foreign_parser if each.format is Format.CSV else parser, names)
        if not self._templates and not self.errors:
            self.errors = self._empty
        if len(self.errors) > MOST_ERRORS:
            more = count(len(self.errors) - MOST_ERRORS, "more error")
            self.errors[MOST_ERRORS:] = [
                TemplateSyntaxError(f"and {more}", hint="correct the first ones, and try again")
            ]
        if self.errors:
            raise TemplateErrors(self.errors)
        return TemplateSet(tuple(self._headers), tuple(self._templates), tuple(names.items()), self._multiline)

    def _given_header(self, names: Names) -> Header | None:
        """The header that was given beside the files."""
        if not self._header_text:
            return None
        try:
            pattern = parse_header(self._header_text, names)
        except (TemplateSyntaxError, UnicodeEncodeError) as error:
            self.errors.append(option_error(self._option, self._header_text, error))
            return None
        header = Header(DEFAULT_HEADER, pattern)
        self._headers.append(header)
        return header

    def _validate(self, document: Document, header: Header | None, parser: PatternParser, names: Names) -> None:
        validator = Validator(document, header, self._origins, parser, names)
        self._headers += validator.headers()
        self._templates += validator.templates()
        self._multiline = validator.multiline() or self._multiline
        if not document.templates and not document.errors and not document.types:
            message = "there is no template in this file"
            self._empty.append(TemplateSyntaxError(message, location=Location(document.file), hint=document.hint))
        self.errors += document.first_errors()

    def _make(self, patterns: _Patterns, header: Header | None, parser: PatternParser) -> None:
        front = header.pattern if header is not None else None
        name = header.name if header is not None else None
        locations: dict[str, str] = {}
        for location, identity, text in patterns.rows:
            try:
                pattern = parser.parse(text, front)
            except TemplateSyntaxError as error:
                inner = error.location or Location(text=text)
                at = Location(location, text=inner.text, start=inner.start, end=inner.end)
                self.errors.append(TemplateSyntaxError(error.message, location=at, hint=error.hint))
                continue
            identity = id_of_pattern(text) if identity is None else identity
            first = self._origins.get(identity)
            if locations.setdefault(identity, location) is not location or first is not None:
                message = f"the same pattern is {locations[identity] if first is None else first.file}"
                self.errors.append(
                    TemplateSyntaxError(message, location=Location(location), hint="leave one of them out")
                )
            self._templates.append(Template(identity, pattern, front, header_name=name, origin=patterns.origin))


def option_error(option: str, header: str, error: TemplateSyntaxError | UnicodeEncodeError) -> TemplateSyntaxError:
    """What is wrong with the pattern *header* that *option* was given."""
    if isinstance(error, UnicodeEncodeError):
        location = Location(option, text=header, start=error.start, end=error.end)
        return TemplateSyntaxError("this is not a character", location=location, hint="a header is text or bytes")
    inner = error.location or Location(text=header)
    location = Location(option, text=inner.text, start=inner.start, end=inner.end)
    return TemplateSyntaxError(error.message, location=location, hint=error.hint)


def _check_encoding(document: Document) -> bool:
    """Report the first byte that is not UTF-8 where the format wants UTF-8; False when there is one."""
    if document.text.isascii():
        return True
    any_bytes = document.format in (Format.CSV, Format.TEXT)
    wrong = re.search(_NO_CHARACTER_NOR_BYTE if any_bytes else _SURROGATE, document.text)
    if wrong is None:
        return True
    at = wrong.start()
    location = document.location_of_span(at, at + 1, document.text.count("\n", 0, at) + 1)
    code = ord(wrong[0])
    is_byte = 0xDC80 <= code <= 0xDCFF
    what = f"the byte 0x{code - 0xDC00:02x} is not UTF-8" if is_byte else f"U+{code:04X} is not a character"
    hint = f"save the file as UTF-8, as {document.format.value} must be; CSV and text may hold any bytes"
    document.fail(what, location, hint)
    return False


_SURROGATE = "[\ud800-\udfff]"
_NO_CHARACTER_NOR_BYTE = "[\ud800-\udc7f\udd00-\udfff]"
