"""
Template: a pattern with an id, the header that stands before it and what people say about it; and sets of templates.

Everything here is a value: frozen, compared by content, picklable.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from logmatch.templates.model import Alternatives, FieldType, Item, Pattern
from logmatch.templates.pattern import parse_pattern
from logmatch.templates.pattern_rules import check_fields

DEFAULT_HEADER = "default"
"""The header of a file that its templates have when they name none."""

NO_HEADER = "none"
"""What a template says that has no header; no header can be called so."""


@dataclass(frozen=True, slots=True)
class Example:
    """A line that a template must match (`values`: what the named fields must be, None: not said)."""

    line: str
    values: tuple[tuple[str, object], ...] | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """The file and line (from 1) that a template was read from; both None for one made in a program."""

    file: str | None = None
    line_number: int | None = None


_MADE_IN_A_PROGRAM = Origin()


@dataclass(frozen=True, slots=True)
class TimeSource:
    """What a header says of the times in its lines."""

    field: str | None = None
    """The name of the field that is the time; None: the first of a time type."""
    zone: str | None = None
    """Of times without one."""
    year: str | None = None
    """Of times without one: `mtime`, `now` or a number."""


NO_TIME_SOURCE = TimeSource()
"""Of a header that says nothing of times."""


@dataclass(frozen=True, slots=True)
class Header:
    """A pattern that templates share as their beginning. Names are unique within a file, not within a set."""

    name: str
    pattern: Pattern
    file: str | None = field(default=None, compare=False)
    time: TimeSource = NO_TIME_SOURCE


@dataclass(frozen=True, slots=True, init=False)
class Template:
    """
    A pattern with an id, and the header that stands before it in a line.

    Its place among others is not kept here: templates have the order of the sequence that holds them. `header_name` is
    what the header is called where it comes from, or the names of several, which are alternatives in `header`; what a
    template matches does not depend on it.
    """

    id: str
    pattern: Pattern
    header: Pattern | None = None
    priority: int = 0
    description: str = ""
    tags: tuple[str, ...] = ()
    match: tuple[Example, ...] = ()
    no_match: tuple[str, ...] = ()
    origin: Origin = field(default=_MADE_IN_A_PROGRAM, compare=False)
    header_name: str | tuple[str, ...] | None = field(default=None, compare=False)
    allow: tuple[str, ...] = ()
    times: tuple[TimeSource, ...] = ()
    """What its header says of times, or each of several; empty where none says anything."""

    def __init__(
        self,
        id: str,
        pattern: Pattern | str,
        header: Pattern | str | None = None,
        priority: int = 0,
        description: str = "",
        tags: Iterable[str] = (),
        match: Iterable[Example | str] = (),
        no_match: Iterable[str] = (),
        origin: Origin = _MADE_IN_A_PROGRAM,
        header_name: str | tuple[str, ...] | None = None,
        allow: Iterable[str] = (),
        times: Iterable[TimeSource] = (),
    ) -> None:
        """
        Args:
            pattern: a pattern, or its text.
            header: the same for the header.
            match: lines that the template must match; `logmatch check` tries them.
            no_match: lines that it must not match.
            allow: codes of what `logmatch check` would find and is meant.
            times: what the header says of times, or each of several.

        Raises:
            TemplateSyntaxError: a text is no pattern, or the two do not go together.
        """
        given: object
        for name, given, kinds in (("id", id, str), ("pattern", pattern, (str, Pattern))):
            if not isinstance(given, kinds):
                raise TypeError(f"the {name} of a template is a text, not {type(given).__name__}")
        if isinstance(pattern, str) or isinstance(header, str):
            header = parse_pattern(header) if isinstance(header, str) else header
            pattern = parse_pattern(pattern) if isinstance(pattern, str) else pattern
            check_fields(header, pattern)
        set_ = object.__setattr__  # the class is frozen
        set_(self, "id", id)
        set_(self, "pattern", pattern)
        set_(self, "header", header)
        set_(self, "priority", priority)
        set_(self, "description", description)
        set_(self, "tags", tuple(tags))
        set_(self, "match", tuple([Example(each) if isinstance(each, str) else each for each in match]))
        set_(self, "no_match", tuple(no_match))
        set_(self, "origin", origin)
        set_(self, "header_name", header_name)
        set_(self, "allow", tuple(allow))
        set_(self, "times", tuple(times))

    def items(self) -> tuple[Item, ...]:
        """The items of the header and of the pattern, as they stand in a line."""
        return (self.header.items if self.header is not None else ()) + self.pattern.items


def prefixed(templates: Iterable[Template], prefix: Pattern) -> list[Template]:
    """
    *templates* with *prefix* before them all, and before their headers.

    Raises:
        TemplateSyntaxError: a field of the prefix has a name that a template has too.
    """
    headers: dict[Pattern | None, Pattern] = {}
    made: list[Template] = []
    for template in templates:
        header = headers.get(template.header)
        if header is None:
            items = template.header.items if template.header is not None else ()
            header = headers[template.header] = Pattern((*prefix.items, *items))
            check_fields(prefix, Pattern(items))
        check_fields(header, template.pattern)
        made.append(replace(template, header=header))
    return made


@dataclass(frozen=True, slots=True)
class Multiline:
    """That lines may continue others, and what starts a record: a line that matches a header, or *start*."""

    start: Pattern | None = None
    """What the first line of a record begins with; None: the headers of the templates."""
    max_lines: int = 500
    max_bytes: int = 1 << 20


@dataclass(frozen=True, slots=True)
class TemplateSet:
    """
    Templates in the order of their files, and all headers of these files, those that no template has too.

    Two files may call two headers by one name: which one is meant follows from the pattern.
    """

    headers: tuple[Header, ...] = ()
    templates: tuple[Template, ...] = ()
    types: tuple[tuple[str, FieldType], ...] = ()
    """What `[types]` gives names to; fields hold the types themselves."""
    multiline: Multiline | None = None
    """What the files say of lines that continue others; None: nothing."""

    def with_unique_header_names(self) -> TemplateSet:
        """
        The same set with one header for each name, as one file needs it.

        A header that has no name is called "header", a name that is taken gets a number: "default-2".
        """
        names: dict[tuple[str, Pattern, TimeSource], str] = {}
        taken: set[str] = {NO_HEADER}
        headers: list[Header] = []

        def name_of(name: str, pattern: Pattern, time: TimeSource) -> str:
            known = names.get((name, pattern, time))
            if known is None:
                numbers = itertools.count(2)
                known = name
                while known in taken:
                    known = f"{name}-{next(numbers)}"
                taken.add(known)
                names[name, pattern, time] = known
                headers.append(Header(known, pattern, time=time))
            return known

        for header in self.headers:
            name_of(header.name, header.pattern, header.time)

        def names_of(template: Template, header: Pattern) -> str | tuple[str, ...]:
            only = header.items[0] if len(header.items) == 1 else None
            if isinstance(template.header_name, tuple) and isinstance(only, Alternatives):
                times = template.times or itertools.repeat(NO_TIME_SOURCE)
                named = zip(template.header_name, only.choices, times, strict=False)
                return tuple(name_of(name, Pattern(items), time) for name, items, time in named)
            time = template.times[0] if template.times else NO_TIME_SOURCE
            return name_of(template.header_name if isinstance(template.header_name, str) else "header", header, time)

        templates = [
            template if template.header is None else replace(template, header_name=names_of(template, template.header))
            for template in self.templates
        ]
        return TemplateSet(tuple(headers), tuple(templates), self.types, self.multiline)
