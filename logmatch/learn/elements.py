"""
Elements: what headers of log lines are made of, and where one of them ends in a line.

An element is *strong* if its form alone tells what it is (a time, a level, a group in brackets) and *weak* if it could
as well be a word of the message. `logmatch.learn.header` decides which of them make the header of a log.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

Find = Callable[[str, int], int]
"""(line, place) -> where the element that begins there ends, or -1."""


@dataclass(frozen=True, slots=True)
class Element:
    """A part of a header: `name` is that of its field."""

    name: str
    find: Find


_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_CLOCK = r"\d\d:\d\d(?::\d\d)?(?:[.,:]\d{1,9})?"
_ZONE = r"(?:\s?(?:Z|UTC|GMT|CES?T|[ECMP][SD]T|[+-]\d\d:?\d\d|[A-Z]{3,4}(?=\s\d{4})))?"
_TIMES = (
    rf"\d{{4}}[-/.]\d\d[-/.]\d\d(?:[T ]|-){_CLOCK}{_ZONE}",
    r"\d{4}-\d\d-\d\d-\d\d\.\d\d\.\d\d\.\d+",
    r"\d{8}-\d{1,2}:\d{1,2}:\d{1,2}:\d{1,3}",
    rf"\d{{8}}[-T]?{_CLOCK}{_ZONE}",
    rf"\d\d[-/.]\d\d[-/.]\d{{2,4}} {_CLOCK}",
    rf"\d\d[-./]\d\d {_CLOCK}",
    rf"(?:{_DAY},? )?{_MONTH}\s+\d{{1,2}},? (?:\d{{4}},? )?{_CLOCK}(?: [AP]M)?(?: \d{{4}})?{_ZONE}(?: \d{{4}})?",
    rf"\d{{1,2}}/{_MONTH}/\d{{4}}:{_CLOCK} [+-]\d{{4}}",
    rf"(?:{_DAY}, )?\d{{1,2}}[ -]{_MONTH}[ -]\d{{2,4}} {_CLOCK}{_ZONE}",
    rf"[IWEFD]\d{{4}} {_CLOCK}",
    r"\d{6} \d{6}(?= )",
    r"\d{4}[-/.]\d\d[-/.]\d\d",
    r"1\d{9}(?:\.\d+|\d{3})?(?!\d)",
    _CLOCK,
)
TIME = re.compile("|".join(f"(?:{expression})" for expression in _TIMES))
_LEVEL = re.compile(
    r"(?:TRACE|DEBUG|INFO(?:RMATION)?|NOTICE|WARN(?:ING)?|ERR(?:OR)?|CRIT(?:ICAL)?|ALERT|EMERG(?:ENCY)?|FATAL|SEVERE"
    r"|FAILURE|CONFIG|FINE(?:R|ST)?|VERBOSE|PANIC|LOG|STATEMENT|DETAIL|HINT)(?![\w.])",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[VDIWEFATC](?=[ |:/])")
_INTEGER = re.compile(r"-?\d+(?![\w.:])")
_DASH = re.compile(r"-(?= )")
_WORD = re.compile(r"[^\s|\[({]\S*")
_COMPONENT = re.compile(
    r"(?:-- )?[A-Za-z_/][^\s:\[(]*(?: \d[\d.]*(?=[:\[])|(?: [A-Z]\w*){1,2}(?=\[\d))?(?:\([^\s()]*\))?(?:\[[^\]\s]*\])?"
    r"(?: \([^()]*\))?\s*:(?=\s|$)"
)
_PROGRAM = re.compile(r"\S+(?: \S+){0,2}? - ")
_SOURCE = re.compile(r"[\w./-]+:\d+\](?= )")
_GAP = re.compile(r"(?:[\s,|]*(?:- (?=\S))?|:{1,2})")

_CLOSING = {"[": "]", "(": ")", "<": ">"}
_LONGEST_GROUP = 200
_WIDEST_COLUMN = 80


def gap(line: str, place: int) -> int:
    """Return where the blanks and marks after an element end."""
    return _GAP.match(line, place).end()  # type: ignore[union-attr]


def _by(expression: re.Pattern[str]) -> Find:
    return lambda line, place: match.end() if (match := expression.match(line, place)) else -1


def _group(line: str, place: int) -> int:
    """Find the end of a balanced group in brackets."""
    opening = line[place : place + 1]
    if opening not in _CLOSING:
        return -1
    closing, depth = _CLOSING[opening], 0
    for index in range(place, min(len(line), place + _LONGEST_GROUP)):
        depth += (line[index] == opening) - (line[index] == closing)
        if not depth:
            return index + 1 if index + 1 == len(line) or line[index + 1] in " :,|" else -1
    return -1


def is_level(text: str) -> bool:
    """Tell whether a text is the name of a level."""
    return bool(_LEVEL.fullmatch(text))


def column(mark: str) -> Element:
    """Return the element that goes up to the next *mark*, as in `a|b|c`."""

    def find(line: str, place: int) -> int:
        end = line.find(mark, place, place + _WIDEST_COLUMN)
        return end if end > place else -1

    return Element("column", find)


TIMES = Element("time", _by(TIME))
LETTER = Element("level", _by(_LETTER))
GROUP = Element("group", _group)
STRONG = (TIMES, Element("level", _by(_LEVEL)), LETTER, Element("source", _by(_SOURCE)), GROUP)
INTEGER = Element("number", _by(_INTEGER))
WORD = Element("field", _by(_WORD))
WEAK = (INTEGER, Element("dash", _by(_DASH)), WORD)
COMPONENT = Element("component", _by(_COMPONENT))
PROGRAM = Element("program", _by(_PROGRAM))
