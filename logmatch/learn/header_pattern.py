"""Header pattern: the header that was found, as a pattern with typed and named fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from logmatch.learn.elements import (
    COMPONENT,
    GROUP,
    PROGRAM,
    TIME,
    TIMES,
    WORD,
    gap,
    is_level,
)
from logmatch.learn.fields import joined, narrowest_type
from logmatch.learn.header import Header
from logmatch.learn.naming import Names
from logmatch.learn.shapes import common_beginning
from logmatch.templates.model import DROPPED, Field, Item, Literal, OptionalPart, Pattern
from logmatch.templates.types import TYPES

_PROCESS = re.compile(r"(?P<program>[^\[\]\s]+)\[(?P<pid>\d+)\]\Z")
_SOURCE = re.compile(r"(?P<file>\S+):(?P<line>\d+)\]\Z")
_EPOCH = re.compile(r"1\d{9}(?:\d{3})?")
_KLOG = re.compile(r"(?P<level>[IWEFD])(?P<time>\d{4} .*)\Z")


def header_pattern(header: Header, lines: Iterable[str]) -> Pattern:
    """Return the pattern of *header*, made of the lines that have it."""
    good = [line for line in dict.fromkeys(lines) if header.end(line) >= 0]
    names = Names()
    items: list[Item] = []
    places = [0] * len(good)
    elements = header.elements
    for number, element in enumerate(elements):
        ends = [element.find(line, place) for line, place in zip(good, places, strict=True)]
        values = [line[place:end] for line, place, end in zip(good, places, ends, strict=True)]
        places = [gap(line, end) for line, end in zip(good, ends, strict=True)]
        gaps = {line[end:place] for line, end, place in zip(good, ends, places, strict=True)}
        is_host = element is WORD and elements[number + 1 : number + 2] == (COMPONENT,) and number > 0
        after = min(gaps, key=len) or " "
        items += _element(element.name, values, after, names, "host" if is_host else "")
        items += _between(gaps)
    return Pattern(tuple(joined(items)))


def _element(kind: str, values: Sequence[str], after: str, names: Names, name: str) -> list[Item]:
    """Return the items of one element."""
    if kind == GROUP.name and len({value[0] + value[-1] for value in values}) == 1:
        inner = [value[1:-1] for value in values]
        return [_text(values[0][0]), *_inner(inner, values[0][-1], names), _text(values[0][-1])]
    if kind == COMPONENT.name:
        return [*_component([value[:-1].rstrip() for value in values], names), _text(":")]
    if kind == PROGRAM.name:
        return [_field("program", [value.removesuffix(" - ") for value in values], " - ", names), _text(" - ")]
    if kind == "source" and all(map(_SOURCE.match, values)):
        files = [value[: value.rindex(":")] for value in values]
        numbers = [value[value.rindex(":") + 1 : -1] for value in values]
        return [_field("source", files, ":", names), _text(":"), _field("line", numbers, "]", names), _text("]")]
    if kind == TIMES.name:
        return _time(values, after, names)
    if kind == "number" and all(value.isdigit() for value in values):
        return [_field(name or "pid", values, after, names)]
    return [_field(name or kind, values, after, names)]


def _time(values: Sequence[str], after: str, names: Names) -> list[Item]:
    """Return a time as one field; as a date and a time where no type takes both."""
    if all(map(_KLOG.match, values)):
        level = _field("level", [value[:1] for value in values], "0", names)
        return [level, *_time([value[1:] for value in values], after, names)]
    type_name = narrowest_type({value: {after} for value in values})
    if type_name == "int" and "epoch" in TYPES and all(map(_EPOCH.fullmatch, values)):
        type_name = "epoch"
    parts = [value.split(" ") for value in values]
    if type_name == "any" and len({len(part) for part in parts}) == 1:
        items: list[Item] = []
        for column, word in enumerate(zip(*parts, strict=True)):
            last = column == len(parts[0]) - 1
            label = "time" if any(":" in text for text in word) or last else "date"
            items += [_field(label, word, after if last else " ", names), *([] if last else [_text(" ")])]
        return items
    return [_field("time", values, after, names, type_name)]


def _inner(values: Sequence[str], after: str, names: Names) -> list[Item]:
    """Return what stands in brackets."""
    if all(TIME.match(value) for value in values):
        return _time(values, after, names)
    if all(map(is_level, values)):
        return [_field("level", values, after, names)]
    if all(value.isdigit() for value in values):
        return [_field("pid", values, after, names)]
    return [_field("context", values, after, names)]


def _component(values: Sequence[str], names: Names) -> list[Item]:
    """Return the name of a program, with the number of its process where it is given."""
    processes = [match for value in values if (match := _PROCESS.match(value))]
    plain = [value for value in values if not _PROCESS.match(value)]
    if not processes or any(re.search(r"\s", value) for value in plain):
        return [_field("component", values, ":", names)]
    programs = [match["program"] for match in processes] + plain
    program = Field(names.unique("program"), TYPES[narrowest_free(programs)])
    pid: list[Item] = [_text("["), Field(names.unique("pid"), TYPES["int"]), _text("]")]
    return [program, OptionalPart(tuple(pid)) if plain else pid[0], *([] if plain else pid[1:])]


def narrowest_free(values: Iterable[str]) -> str:
    """Return `word`, or `any` where a value is empty or holds a blank."""
    return "word" if all(value and not re.search(r"\s", value) for value in values) else "any"


def _field(name: str, values: Sequence[str], after: str, names: Names, type_name: str | None = None) -> Field:
    if type_name is None:
        type_name = narrowest_type({value: {after} for value in values})
    return Field(names.unique(name), TYPES[type_name])


def _between(gaps: set[str]) -> list[Item]:
    """Return what stands between two elements."""
    if len(gaps) == 1:
        return [_text(text)] if (text := next(iter(gaps))) else []
    mark = common_beginning([text.strip() for text in gaps])
    lead = " " if all(text.startswith(" " + mark) for text in gaps) else ""
    return [*([_text(lead + mark)] if lead + mark else []), Field(DROPPED, TYPES["ws"])]


def _text(text: str) -> Literal:
    return Literal(text.encode("utf-8", "surrogateescape"))
