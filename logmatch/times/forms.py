"""
Forms: in which forms the types of times are written, and which of date, time of day and zone each says.

Whoever reads a text (`reference`, `_reader`) knows each form by its number. A text that was matched by a type has a
form of that type as a whole; a reader still looks at each byte, so that any text has an answer.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from logmatch.templates.field_type import FieldType, NamedType, TypeList
from logmatch.templates.time_grammar import SHORT_FOR
from logmatch.templates.types import (
    CLFTIME,
    CTIME,
    DATE,
    EPOCH,
    ISO8601,
    KLOGTIME,
    RFC2822,
    SLASHTIME,
    SYSLOGTIME,
    TIME,
    TIMESTAMP,
)


class Form(enum.IntEnum):
    """How a time is written."""

    ISO8601 = 1
    SYSLOG = 2
    CLF = 3
    EPOCH = 4
    SLASH = 5
    CTIME = 6
    RFC2822 = 7
    KLOG = 8
    DATE = 9
    CLOCK = 10
    """A time of day."""
    TIMESTAMP = 11
    """Any of these but an epoch."""
    FORMAT = 12
    """What a format of `strptime` says."""


_FORMS = {
    **{ISO8601: Form.ISO8601, SYSLOGTIME: Form.SYSLOG, CLFTIME: Form.CLF, EPOCH: Form.EPOCH, SLASHTIME: Form.SLASH},
    **{CTIME: Form.CTIME, RFC2822: Form.RFC2822, KLOGTIME: Form.KLOG, DATE: Form.DATE, TIME: Form.CLOCK},
    TIMESTAMP: Form.TIMESTAMP,
}

LITERAL = ""
"""The directive of a byte that stands for itself."""

Step = tuple[str, int]
"""A directive of `strptime`, or `LITERAL`; and that byte."""


@dataclass(frozen=True, slots=True)
class Written:
    """One way in which a text may be written."""

    form: Form
    steps: tuple[Step, ...] = ()
    """Of `Form.FORMAT`."""

    @property
    def has_date(self) -> bool:
        """Whether it says the day, but for the year."""
        if self.form is not Form.FORMAT:
            return self.form is not Form.CLOCK
        said = {directive for directive, _ in self.steps}
        month_and_day = said & set("mbhB") and said & set("de")
        week_and_day = (said & set("UW") or ("V" in said and said & set("Gg"))) and said & set("aAuw")
        return bool("s" in said or month_and_day or "j" in said or week_and_day)

    @property
    def has_clock(self) -> bool:
        """Whether it says the hour."""
        if self.form is not Form.FORMAT:
            return self.form is not Form.DATE
        return any(directive in "sHkIl" for directive, _ in self.steps if directive)


def written_forms(type_: FieldType) -> tuple[Written, ...]:
    """How the texts of *type_* are written; none where they are no times. A list is of times if all its types are."""
    if isinstance(type_, NamedType):
        if type_ in _FORMS:
            return (Written(_FORMS[type_]),)
        if type_.base == "time":
            return (Written(Form.FORMAT, steps_of(type_.argument)),)
        return ()
    if not isinstance(type_, TypeList):
        return ()
    found = [written_forms(item) for item in type_.items if not isinstance(item, bytes)]
    return tuple(written for each in found for written in each) if all(found) else ()


def is_dated(type_: FieldType) -> bool:
    """Whether every text of *type_* says a day."""
    written = written_forms(type_)
    return bool(written) and all(each.has_date for each in written)


def is_year(value: object) -> bool:
    """Whether *value* says the year of times without one: `mtime`, `now`, or a number of a year."""
    return value in ("mtime", "now") or (
        not isinstance(value, bool)
        and isinstance(value, int | str)
        and re.fullmatch("0*[1-9][0-9]{0,3}", str(value), re.ASCII) is not None
    )


@lru_cache(256)
def steps_of(format: str) -> tuple[Step, ...]:
    """The directives and literal bytes of *format*, a valid one."""
    return tuple(_steps(format))


def _steps(format: str) -> Iterator[Step]:
    for piece in re.findall("%.|[^%]+", format, re.DOTALL):
        if piece[:1] != "%":
            yield from ((LITERAL, byte) for byte in piece.encode("utf-8", "surrogateescape"))
        elif piece[1] in SHORT_FOR:
            yield from _steps(SHORT_FOR[piece[1]])
        elif piece == "%%":
            yield LITERAL, ord("%")
        else:
            yield piece[1], 0
