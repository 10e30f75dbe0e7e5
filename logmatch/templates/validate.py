"""
Validate: the tables of a document -> templates; what is wrong in them becomes errors of the document.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from typing import NamedTuple

from logmatch.errors import Location, TemplateSyntaxError, UsageError
from logmatch.templates.document import Document, Format, Table, describe
from logmatch.templates.field_type import FieldType
from logmatch.templates.model import DROPPED, Alternatives, Pattern
from logmatch.templates.pattern import PatternParser, parse_header
from logmatch.templates.read_csv import COLUMNS
from logmatch.templates.template import (
    DEFAULT_HEADER,
    NO_HEADER,
    NO_TIME_SOURCE,
    Example,
    Header,
    Multiline,
    Origin,
    Template,
    TimeSource,
)
from logmatch.templates.type_syntax import Names, parse_type
from logmatch.templates.types import PARAMETRISED, TYPES
from logmatch.times.forms import is_dated, is_year
from logmatch.wording import did_you_mean, nearest


class _Key(NamedTuple):
    """What the value of a key must be, and an example of one as TOML and JSON both write it."""

    what: str
    example: str


_MULTILINE_KEYS = ("start", "max_lines", "max_bytes")
_START = '"<time:iso8601> "'

KEYS: dict[str, _Key] = {
    "id": _Key("a text", '"login-failed"'),
    "pattern": _Key("a text", '"Invalid user <user> from <src:ip>"'),
    "header": _Key("the name of a header, or a list of names", '"default"'),
    "priority": _Key("a whole number", "10"),
    "description": _Key("a text", '"a login that failed"'),
    "tags": _Key("a list of texts", '["auth"]'),
    "match": _Key("a list of lines, or of tables with 'line' and 'values'", '["a line that it matches"]'),
    "no_match": _Key("a list of lines", '["a line that it does not match"]'),
    "allow": _Key("a list of texts", '["ambiguous"]'),
}
"""The keys of a template."""

HEADER_KEYS: dict[str, _Key] = {
    "pattern": _Key("a text", '"<time:syslogtime> "'),
    "time": _Key("the name of a field", '"time"'),
    "zone": _Key("the name of a time zone", '"Europe/Berlin"'),
    "year": _Key('"mtime", "now" or a year', "2023"),
}
"""The keys of a header that is a table."""

_Front = tuple[Pattern | None, str | tuple[str, ...] | None, tuple[TimeSource, ...]]
"""What stands before a pattern, the name of the header or of several, and what these say of times."""

_NO_FRONT: _Front = None, None, ()

_EXAMPLE_KEYS = ("line", "values")


class Validator:
    """
    Makes the headers and templates of one document.

    `origins` holds where each id was first used, over all files; it is shared and added to. So is what `parser`, the
    one for the language of the document, remembers of patterns.
    """

    def __init__(
        self,
        document: Document,
        header: Header | None,
        origins: dict[str, Origin],
        parser: PatternParser,
        names: Names | None = None,
    ) -> None:
        """
        Args:
            names: what the names of types stand for.
            header: the header of templates that name none, where the document has no "default".
        """
        self._document = document
        self._origins = origins
        self._parser = parser
        self._names = names
        self._is_json = document.is_json
        self._several: dict[tuple[str, ...], _Front] = {}
        """What each list of headers is."""
        self._headers: dict[str, Header | None] = {}  # None: it is there and wrong
        for table in document.headers:
            for name, value in table.values.items():
                self._add_header(table, name, value)
        default = self._headers.get(DEFAULT_HEADER, header)
        self._default_front: _Front = _front_of(default) if default is not None else _NO_FRONT

    def headers(self) -> list[Header]:
        """The headers that nothing is wrong with, in the order of the document."""
        return [header for header in self._headers.values() if header is not None]

    def templates(self) -> list[Template]:
        """The templates that nothing is wrong with, in the order of the document."""
        made: list[Template] = []
        for number, table in enumerate(self._document.templates, 1):
            errors = len(self._document.errors)
            template = self._template(table)
            if len(self._document.errors) > errors and table.line_number is None:
                self._name_location(errors, number)
            if template is not None:
                made.append(template)
        return made

    def multiline(self) -> Multiline | None:
        """What the document says of lines that continue others, as far as nothing is wrong with it."""
        made: Multiline | None = None
        for table in self._document.multiline:
            made = Multiline(self._start(table), self._limit(table, "max_lines"), self._limit(table, "max_bytes"))
            for key in table.values:
                if key not in _MULTILINE_KEYS:
                    keys = ", ".join(_MULTILINE_KEYS)
                    hint = f"{did_you_mean(key, _MULTILINE_KEYS)}The keys of 'multiline' are {keys}"
                    self._document.fail(f"unknown key {key!r}", self._document.location_of_key(table, key), hint)
        return made

    def _start(self, table: Table) -> Pattern | None:
        """What a record begins with, if that is said."""
        value = table.values.get("start")
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            message = f"'start' must be a text, not {describe(value, json=self._is_json)}"
            hint = f"write for example {self._written('start', _START)}"
            self._document.fail(message, self._document.location_of_key(table, "start"), hint)
            return None
        try:
            return parse_header(value, self._names)
        except TemplateSyntaxError as error:
            self._report_pattern(table, "start", value, error)
            return None

    def _limit(self, table: Table, key: str) -> int:
        """How much of a record is kept."""
        default: int = getattr(Multiline(), key)
        value = table.values.get(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
            return value
        message = f"'{key}' must be a whole number from 1 on, not {describe(value, json=self._is_json)}"
        hint = f"write for example {self._written(key, str(default))}"
        self._document.fail(message, self._document.location_of_key(table, key), hint)
        return default

    def _template(self, table: Table) -> Template | None:
        # Hot path of a long list: an absent key costs one lookup.
        errors = self._document.error_count
        values = table.values
        misspelt: set[str] = set()
        if not values.keys() <= KEYS.keys():
            misspelt = self._report_unknown(table)
        identity = self._required(table, "id", misspelt)
        text = self._required(table, "pattern", misspelt)
        if "header" in values:
            front, name, times = self._front(table)
        else:
            front, name, times = self._default_front
        pattern = self._pattern(table, text, front) if text is not None else None
        priority = self._priority(table) if "priority" in values else 0
        description = self._description(table) if "description" in values else ""
        tags = self._texts(table, "tags") if "tags" in values else ()
        match = self._examples(table) if "match" in values else ()
        no_match = self._texts(table, "no_match") if "no_match" in values else ()
        allow = self._texts(table, "allow") if "allow" in values else ()
        origin = Origin(self._document.file, table.line_number)
        if identity is not None and self._origins.setdefault(identity, origin) is not origin:
            self._report_second(table, identity, self._origins[identity])
        if identity is None or pattern is None or self._document.error_count > errors:
            return None
        return Template(
            *(identity, pattern, front, priority, description, tags, match, no_match, origin, name, allow, times)
        )

    def _name_location(self, first: int, number: int) -> None:
        """Say in the errors from *first* on which template they are about, since no line does."""
        errors = self._document.errors
        for index in range(first, len(errors)):
            error = errors[index]
            message = f"template {number}: {error.message}"
            errors[index] = TemplateSyntaxError(message, location=error.location, hint=error.hint)

    def _add_header(self, table: Table, name: str, value: object) -> None:
        location = self._document.location_of_key
        if name in self._headers:
            hint = "the headers of all lines are those of the file; leave one of them out"
            self._document.fail(f"the header {name!r} is given twice", location(table, name), hint)
            return
        self._headers[name] = None
        if name == NO_HEADER:
            hint = f'header = "{NO_HEADER}" says that a template has none; choose another name'
            self._document.fail(f"a header cannot be called {NO_HEADER!r}", location(table, name), hint)
        elif isinstance(value, dict):
            self._headers[name] = self._header_of_table(self._document.table_of(table, name, value), name)
        elif not isinstance(value, str):
            message = f"the header {name!r} must be a text, not {describe(value, json=self._is_json)}"
            example = self._written(name, '"<time:iso8601> "')
            self._document.fail(message, location(table, name), f"write for example {example}")
        else:
            pattern = self._header_pattern(table, name, value)
            self._headers[name] = None if pattern is None else Header(name, pattern, self._document.file)

    def _header_pattern(self, table: Table, key: str, text: str) -> Pattern | None:
        try:
            return parse_header(text, self._names)
        except TemplateSyntaxError as error:
            self._report_pattern(table, key, text, error)
            return None

    def _header_of_table(self, table: Table, name: str) -> Header | None:
        """The header that *table* says: a pattern, and what is known of the times in it."""
        document, values = self._document, table.values
        errors = document.error_count
        for key in values:
            if key not in HEADER_KEYS:
                hint = f"{did_you_mean(key, HEADER_KEYS)}The keys of a header are {', '.join(HEADER_KEYS)}"
                document.fail(f"unknown key {key!r}", document.location_of_key(table, key), hint)
        text = values.get("pattern")
        pattern = None
        if isinstance(text, str):
            pattern = self._header_pattern(table, "pattern", text)
        elif "pattern" in values:
            self._wrong_header(table, "pattern")
        else:
            example = self._written("pattern", HEADER_KEYS["pattern"].example)
            document.fail(f"the header {name!r} has no pattern", document.location_of_table(table), f"write {example}")
        zone, year = values.get("zone"), values.get("year")
        if "zone" in values:
            self._check_zone(table)
        if "year" in values and not is_year(year):
            self._wrong_header(table, "year")
        if "time" in values and pattern is not None:
            self._check_time(table, pattern)
        if pattern is None or document.error_count > errors:
            return None
        source = TimeSource(*(None if value is None else str(value) for value in (values.get("time"), zone, year)))
        return Header(name, pattern, document.file, source)

    def _check_zone(self, table: Table) -> None:
        from logmatch.times.zone import load_zone

        zone = table.values["zone"]
        if not isinstance(zone, str):
            self._wrong_header(table, "zone")
            return
        try:
            load_zone(zone)
        except UsageError as error:
            self._document.fail(error.message, self._document.location_of_key(table, "zone"), error.hint)

    def _check_time(self, table: Table, pattern: Pattern) -> None:
        name, document = table.values["time"], self._document
        types = {field.name: field.type for field in pattern.fields() if field.name not in (None, DROPPED)}
        if not isinstance(name, str):
            self._wrong_header(table, "time")
        elif name not in types:
            names = [str(each) for each in types]
            hint = f"{did_you_mean(name, names)}its fields are {', '.join(map(repr, names)) or 'without names'}"
            document.fail(f"the header has no field {name!r}", document.location_of_key(table, "time"), hint)
        elif not is_dated(types[name]):
            message = f"the field {name!r} is of the type {types[name]}, whose texts say no day"
            hint = "types of times are iso8601, syslogtime, clftime, epoch, klogtime, timestamp, time(…), …"
            document.fail(message, document.location_of_key(table, "time"), hint)

    def _wrong_header(self, table: Table, key: str) -> None:
        described = describe(table.values[key], json=self._is_json)
        message = f"'{key}' must be {HEADER_KEYS[key].what}, not {described}"
        example = f"write for example {self._written(key, HEADER_KEYS[key].example)}"
        self._document.fail(message, self._document.location_of_key(table, key), example)

    def _front(self, table: Table) -> _Front:
        """The header that *table* names, or several as alternatives; and the name, or the names."""
        value = table.values["header"]
        if isinstance(value, str):
            header = self._header(table, value)
            return _front_of(header) if header is not None else _NO_FRONT
        if not isinstance(value, list) or not value:
            self._wrong_type(table, "header", value)
            return _NO_FRONT
        for number, name in enumerate(value, 1):
            if not isinstance(name, str):
                described = describe(name, json=self._is_json)
                self._wrong_item(table, "header", number, f"must be the name of a header, not {described}")
                return _NO_FRONT
        names = tuple(value)
        known = self._several.get(names)
        if known is None:
            location = self._document.location_of_key(table, "header")
            if NO_HEADER in names or len(set(names)) < len(names):
                hint = f"a list holds the names of headers of the file, each once; {NO_HEADER!r} stands alone"
                self._document.fail(f"this is no list of headers: {', '.join(map(repr, names))}", location, hint)
                return _NO_FRONT
            headers = [header for header in (self._header(table, name) for name in names) if header is not None]
            choices = [header.pattern.items for header in headers]
            if len(choices) < len(names) or not all(choices):
                if len(choices) == len(names):
                    hint = "give that header a text, or leave it out"
                    self._document.fail("one of several headers is empty", location, hint)
                return _NO_FRONT
            if len(headers) == 1:
                known = _front_of(headers[0])
            else:
                sources = tuple(header.time for header in headers)
                has_any = any(source != NO_TIME_SOURCE for source in sources)
                known = Pattern((Alternatives(tuple(choices)),)), names, sources if has_any else ()
            self._several[names] = known
        return known

    def _header(self, table: Table, name: str) -> Header | None:
        if name == NO_HEADER:
            return None
        if name not in self._headers:
            names = [known for known in self._headers if known != NO_HEADER]
            hint = (
                f"The headers of this file are {', '.join(map(repr, names))}" if names else "This file has no headers"
            )
            hint = f"{did_you_mean(name, names)}{hint}; {NO_HEADER!r} is for no header"
            self._document.fail(f"unknown header {name!r}", self._document.location_of_key(table, "header"), hint)
            return None
        return self._headers[name]

    def _pattern(self, table: Table, text: str, header: Pattern | None) -> Pattern | None:
        try:
            return self._parser.parse(text, header)
        except TemplateSyntaxError as error:
            self._report_pattern(table, "pattern", text, error)
            return None

    def _report_pattern(self, table: Table, key: str, text: str, error: TemplateSyntaxError) -> None:
        location = self._document.location_in_value(table, key, text, error.location or Location(text=text))
        self._document.fail(error.message, location, error.hint)

    def _required(self, table: Table, key: str, misspelt: set[str]) -> str | None:
        value = table.values.get(key)
        if isinstance(value, str) and value.strip():
            return value
        if key not in table.values:
            if key not in misspelt:
                self._document.fail(
                    f"the template has no {key}", self._document.location_of_table(table), self._write(key)
                )
        elif not isinstance(value, str):
            self._wrong_type(table, key, value)
        elif self._document.format is Format.CSV:
            location = self._document.location_of_row(table)
            self._document.fail(f"the {COLUMNS[key]} of this row is empty", location, "fill it in, or remove the row")
        else:
            self._document.fail(f"the {key} is empty", self._document.location_of_key(table, key), self._write(key))
        return None

    def _report_second(self, table: Table, identity: str, first: Origin) -> None:
        location = self._document.location_of_key(table, "id")
        message = f"the id {identity!r} is used twice, first in {Location(first.file, first.line_number)}"
        hint = "an id is unique over all files that are loaded; rename or remove one of the two"
        if self._document.format is Format.TEXT:
            message = f"the same pattern stands in {Location(first.file, first.line_number)}"
            hint = "leave one of them out"
        self._document.fail(message, location, hint)

    def _report_unknown(self, table: Table) -> set[str]:
        """Report the keys that are none, and give those that were probably meant."""
        misspelt: set[str] = set()
        for key in table.values:
            if key not in KEYS and not self._document.is_full:
                meant = nearest(key, [known for known in KEYS if known not in table.values])
                hint = f"The keys of a template are {', '.join(KEYS)}"
                if meant is not None:
                    misspelt.add(meant)
                    hint = f"did you mean {meant!r}? {hint}"
                if key == "headers" and self._document.format is Format.JSON_LINES:
                    hint = 'headers stand on a line of their own: {"headers": {"default": "…"}}'
                self._document.fail(f"unknown key {key!r}", self._document.location_of_key(table, key), hint)
            elif key not in KEYS:
                self._document.fail("unknown key", Location(self._document.file), None)
        return misspelt

    def _priority(self, table: Table) -> int:
        value = table.values["priority"]
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        self._wrong_type(table, "priority", value)
        return 0

    def _description(self, table: Table) -> str:
        value = table.values["description"]
        if isinstance(value, str):
            return value
        self._wrong_type(table, "description", value)
        return ""

    def _texts(self, table: Table, key: str) -> tuple[str, ...]:
        values = table.values[key]
        if not isinstance(values, list):
            self._wrong_type(table, key, values)
            return ()
        for number, value in enumerate(values, 1):
            if not isinstance(value, str):
                self._wrong_item(table, key, number, f"must be a text, not {describe(value, json=self._is_json)}")
        return tuple(values)

    def _examples(self, table: Table) -> tuple[Example, ...]:
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
                described = describe(value, json=self._is_json)
                message = f"must be a line, or {what} with 'line' and 'values', not {described}"
                self._wrong_item(table, "match", number, message)
        return tuple(examples)

    def _example(self, table: Table, number: int, written: dict[str, object]) -> Example | None:
        for key in written:
            if key not in _EXAMPLE_KEYS:
                hint = did_you_mean(key, _EXAMPLE_KEYS)
                self._wrong_item(table, "match", number, f"has an unknown key {key!r}", hint)
        line, values = written.get("line"), written.get("values")
        if "line" not in written and any(nearest(key, _EXAMPLE_KEYS) == "line" for key in written):
            return None
        if not isinstance(line, str):
            described = describe(line, json=self._is_json)
            wrong = f"must have a text as 'line', not {described}" if "line" in written else "has no 'line'"
            self._wrong_item(table, "match", number, wrong)
            return None
        if "values" not in written:
            return Example(line)
        if not isinstance(values, dict):
            what = "an object" if self._is_json else "a table"
            described = describe(values, json=self._is_json)
            self._wrong_item(table, "match", number, f"must have {what} as 'values', not {described}")
            return None
        for name, value in values.items():
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                described = describe(value, json=self._is_json)
                wrong = f"must have a text or a number as value of {name!r}, not {described}"
                self._wrong_item(table, "match", number, wrong)
        return Example(line, tuple(values.items()))

    def _wrong_type(self, table: Table, key: str, value: object) -> None:
        what = KEYS[key].what.replace("tables", "objects") if self._is_json else KEYS[key].what
        message = f"'{key}' must be {what}, not {describe(value, json=self._is_json)}"
        self._document.fail(message, self._document.location_of_key(table, key), self._write(key))

    def _wrong_item(self, table: Table, key: str, number: int, wrong: str, hint: str = "") -> None:
        location = self._document.location_of_key(table, key)
        example = '{ line = "…", values = { user = "…" } }'
        if self._is_json:
            example = '{"line": "…", "values": {"user": "…"}}'
        example = f'An item is written "…" or {example}' if key == "match" else self._write(key)
        self._document.fail(f"item {number} of '{key}' {wrong}", location, f"{hint}{example}")

    def _write(self, key: str) -> str:
        return f"write for example {self._written(key, KEYS[key].example)}"

    def _written(self, key: str, value: str) -> str:
        return f'"{key}": {value}' if self._is_json else f"{key} = {value}"


def _front_of(header: Header) -> _Front:
    return header.pattern, header.name, () if header.time == NO_TIME_SOURCE else (header.time,)


def name_types(documents: Sequence[Document]) -> dict[str, FieldType]:
    """
    What the names of types in all *documents* stand for; what is wrong with one becomes an error of its document.

    A type may use names that are given anywhere.
    """
    names: dict[str, FieldType] = {}
    pending: dict[str, tuple[Document, Table, str]] = {}
    for document in documents:
        for table in document.types:
            for name, value in table.values.items():
                if _is_new_type(document, table, name, value, pending):
                    assert isinstance(value, str)
                    pending[name] = document, table, value
    while pending:
        failed: dict[str, TemplateSyntaxError] = {}
        for name, (_, _, value) in pending.items():
            used = set(re.findall(r"[^\W\d][\w.-]*", value)) if not value.startswith("/") else set()
            try:
                found = parse_type(value, names)
            except TemplateSyntaxError as error:  # perhaps it uses a name that comes later
                failed[name] = error
                continue
            later = sorted(other for other in used & pending.keys() if other not in names and other != name)
            if later:  # which would be taken for a word now
                failed[name] = TemplateSyntaxError(
                    f"the type {name!r} uses {later[0]!r}, which is wrong or uses it in turn", hint="write it out"
                )
            else:
                names[name] = found
        if len(failed) == len(pending):
            for name, (document, table, value) in pending.items():
                wrong = failed[name]
                location = document.location_in_value(table, name, value, wrong.location or Location(text=value))
                document.fail(wrong.message, location, wrong.hint)
            break
        pending = {name: pending[name] for name in failed}
    return names


def _is_new_type(document: Document, table: Table, name: str, value: object, known: Container[str]) -> bool:
    """Whether *name* can be given to *value*; if not, report why."""
    location = document.location_of_key(table, name)
    if name in TYPES or name in PARAMETRISED:
        document.fail(f"there is a type {name!r} already", location, "choose another name")
    elif name in known:
        document.fail(
            f"the name {name!r} is given to two types", location, "names hold for all files; leave one of them out"
        )
    elif re.fullmatch(r"[^\W\d][\w.-]*", name) is None:
        document.fail(
            f"{name!r} cannot be the name of a type", location, "a name holds letters, digits, '_', '.' and '-'"
        )
    elif not isinstance(value, str):
        described = describe(value, json=document.is_json)
        document.fail(
            f"the type {name!r} must be a text, not {described}", location, 'write for example level = "INFO|WARN"'
        )
    else:
        return True
    return False
