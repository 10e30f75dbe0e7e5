"""
POSIX TZ: the text that says how a zone goes on after its last known transition (POSIX.1, section 8.3; RFC 8536, 3.3).

    CET-1CEST,M3.5.0,M10.5.0/3      <-02>2<-01>,M3.5.0/-1,M10.5.0/0      <+03>-3
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

_DAY = 86_400
_EPOCH = date(1970, 1, 1).toordinal()

_NAME = r"[A-Za-z]{3,}|<[A-Za-z0-9+-]+>"
_TIME = r"[+-]?\d{1,3}(?::\d{1,2}(?::\d{1,2})?)?"
_RULE = r"(?:M\d{1,2}\.\d\.\d|J\d{1,3}|\d{1,3})"
_WHOLE = (
    rf"(?P<std>{_NAME})(?P<offset>{_TIME})"
    rf"(?:(?P<dst>{_NAME})(?P<dst_offset>{_TIME})?"
    rf"(?:,(?P<start>{_RULE})(?:/(?P<start_time>{_TIME}))?,(?P<end>{_RULE})(?:/(?P<end_time>{_TIME}))?)?)?"
)

Transition = tuple[int, int, str]
"""The second since 1970, in UTC, from which on an offset (in seconds, east of UTC) with this abbreviation is in use."""


@dataclass(frozen=True, slots=True)
class PosixRule:
    """What a text says: one offset, or two and when they change."""

    standard: tuple[int, str]
    summer: tuple[int, str] | None
    start: Callable[[int], int] | None
    """Gives for a year when summer time begins: the second of its local clock, as if that were UTC."""
    end: Callable[[int], int] | None

    def transitions(self, years: range) -> Iterator[Transition]:
        """All changes in *years*, in their order."""
        if self.summer is None or self.start is None or self.end is None:
            return
        changes = []
        for year in years:
            changes.append((self.start(year) - self.standard[0], 1, self.summer))
            changes.append((self.end(year) - self.summer[0], 0, self.standard))
        # Where summer time lasts the whole year, the end of one is the start of the next: which then comes later.
        for second, _, (offset, name) in sorted(changes, key=lambda change: change[:2]):
            yield second, offset, name


def parse_posix_tz(text: str) -> PosixRule:
    """
    Return what *text* says.

    Raises:
        ValueError: it is not of this form.
    """
    found = re.fullmatch(_WHOLE, text, re.ASCII)
    if found is None:
        raise ValueError(f"this is no rule of a zone: {text!r}")
    # POSIX counts west of Greenwich, everybody else east of it.
    standard = -_seconds(found["offset"]), found["std"].strip("<>")
    if found["dst"] is None:
        return PosixRule(standard, None, None, None)
    offset = standard[0] + 3600 if found["dst_offset"] is None else -_seconds(found["dst_offset"])
    start, end = found["start"] or "M3.2.0", found["end"] or "M11.1.0"
    return PosixRule(
        standard,
        (offset, found["dst"].strip("<>")),
        _day_rule(start, _seconds(found["start_time"] or "2")),
        _day_rule(end, _seconds(found["end_time"] or "2")),
    )


def _seconds(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    parts = [int(part) for part in text.lstrip("+-").split(":")]
    return sign * sum(part * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))


def _day_rule(rule: str, time: int) -> Callable[[int], int]:
    """What gives for a year the second at which *rule* holds, with *time* seconds added to the day's midnight."""
    if rule.startswith("M"):
        month, week, weekday = map(int, rule[1:].split("."))

        def of_week(year: int) -> int:
            first = date(year, month, 1)
            day = 1 + (weekday - first.isoweekday()) % 7 + 7 * (week - 1)
            while day > calendar.monthrange(year, month)[1]:  # the fifth is the last
                day -= 7
            return (first.toordinal() - _EPOCH + day - 1) * _DAY + time

        return of_week
    number = int(rule.lstrip("J"))

    def of_number(year: int) -> int:
        # J counts from 1 and leaves 29 February out, the other form from 0 and counts it.
        day = number - 1 + (calendar.isleap(year) and number >= 60) if rule.startswith("J") else number
        return (date(year, 1, 1).toordinal() - _EPOCH + day) * _DAY + time

    return of_number
