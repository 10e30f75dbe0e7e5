"""
Span: the range of times of `--since` and `--until`, and the ways in which a person writes a time.

A time that is written with a zone, or as some time ago, is a moment. One without is a time of a clock: of the zone of
the request, or, without one, of the clock of the line: in UTC where the line says a moment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from logmatch.errors import UsageError
from logmatch.times.zone import LEAST_SECOND, MOST_SECOND, load_zone

ALWAYS = (-(2**63), 2**63 - 1)
"""A range that leaves nothing out, in nanoseconds since 1970, both ends included."""

NEVER = (1, 0)
"""One that leaves everything out."""

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A range for moments, and one for times of a clock whose zone nobody knows (as if that were UTC)."""

    moments: Range
    naive: Range


@dataclass(frozen=True, slots=True)
class Bound:
    """A time that a person wrote, in nanoseconds since 1970: a moment, or a time of a clock."""

    nanoseconds: int
    is_moment: bool


_UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
    **dict.fromkeys(("w", "week", "weeks"), 7 * 86_400),
}
_PART = r"(\d{1,9})\s*([a-z]+)"
_AGO = rf"-\s*(?P<minus>{_PART}(?:\s*{_PART})*)|(?P<ago>{_PART}(?:\s*{_PART})*)\s+ago"
_DAYS = {"today": 0, "yesterday": -1, "tomorrow": 1}
_ISO = (
    r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)"
    r"(?:[Tt ](?P<H>\d\d):(?P<M>\d\d)(?::(?P<S>\d\d)(?:[.,](?P<f>\d+))?)?\s*(?P<z>[Zz]|UTC|[+-]\d\d(?::?\d\d)?)?)?"
)
_CLOCK = r"(?P<H>\d\d):(?P<M>\d\d)(?::(?P<S>\d\d)(?:[.,](?P<f>\d+))?)?"


def read_bound(text: str, option: str, now: datetime | None = None) -> Bound:
    """
    The time that *text* says: RFC 3339, a date, a time of today, `yesterday`, `now`, `2h ago`, `-30min`, `@EPOCH`.

    Args:
        option: what messages call it.
        now: in UTC.

    Raises:
        UsageError: it says none.
    """
    now = now if now is not None else datetime.now(UTC)
    written = text.strip()
    lower = written.lower()
    if lower == "now":
        return _moment(now)
    if lower in _DAYS:
        return _of_clock(now.date() + timedelta(days=_DAYS[lower]), 0, 0)
    epoch = re.fullmatch(r"@(-?\d{1,11})(?:\.(\d+))?", written, re.ASCII)
    if epoch is not None:
        return _checked(int(epoch[1]), _nanoseconds(epoch[2]), True, option, text)
    ago = re.fullmatch(_AGO, lower, re.ASCII)
    if ago is not None:
        parts = re.findall(_PART, ago["minus"] or ago["ago"])
        if all(unit in _UNITS for _, unit in parts):
            second = int(now.timestamp()) - sum(int(number) * _UNITS[unit] for number, unit in parts)
            return _checked(second, now.microsecond * 1000, True, option, text)
    found = re.fullmatch(_ISO, written, re.ASCII)
    clock = re.fullmatch(_CLOCK, written, re.ASCII)
    try:
        if found is not None:
            day = date(int(found["y"]), int(found["m"]), int(found["d"]))
            second = _second(day, found["H"], found["M"], found["S"])
            zone = found["z"]
            offset = 0 if zone is None else load_zone(zone).lookup(0).offset
            return _checked(second - offset, _nanoseconds(found["f"]), zone is not None, option, text)
        if clock is not None:
            second = _second(now.date(), clock["H"], clock["M"], clock["S"])
            return _checked(second, _nanoseconds(clock["f"]), False, option, text)
    except ValueError:
        raise UsageError(f"{option} is {text!r}, a time that does not exist", hint=_HINT) from None
    raise UsageError(f"{option} is {text!r}, which is no time", hint=_HINT)


_HINT = "write 2024-05-31T13:05:59Z, 2024-05-31 13:05, 2024-05-31, 13:05, yesterday, now, '2h ago' or @1717160759"


def _second(day: date, hour: str | None, minute: str | None, second: str | None) -> int:
    hours, minutes, seconds = int(hour or 0), int(minute or 0), int(second or 0)
    if hours > 23 or minutes > 59 or seconds > 60:
        raise ValueError
    return (day.toordinal() - date(1970, 1, 1).toordinal()) * 86_400 + hours * 3600 + minutes * 60 + seconds


def _nanoseconds(fraction: str | None) -> int:
    return int((fraction or "")[:9].ljust(9, "0"))


def _moment(time: datetime) -> Bound:
    return Bound(int(time.timestamp()) * 10**9 + time.microsecond * 1000, True)


def _of_clock(day: date, hour: int, minute: int) -> Bound:
    return Bound(_second(day, str(hour), str(minute), None) * 10**9, False)


def _checked(second: int, nanoseconds: int, is_moment: bool, option: str, text: str) -> Bound:
    if not LEAST_SECOND <= second <= MOST_SECOND:
        raise UsageError(f"{option} is {text!r}, before 1677 or after 2262", hint=_HINT)
    return Bound(second * 10**9 + nanoseconds, is_moment)


def span_of(since: Bound | None, until: Bound | None, zone: str | None) -> TimeSpan:
    """
    The range from *since* to *until*, both included.

    Args:
        zone: whose clock the bounds without a zone are of; None: of that of the lines.

    Raises:
        UsageError: there is no such zone.
    """
    moments, naive = list(ALWAYS), list(ALWAYS)
    for place, bound in enumerate((since, until)):
        if bound is None:
            continue
        moments[place] = bound.nanoseconds
        naive[place] = bound.nanoseconds
        if bound.is_moment:
            naive[:] = NEVER  # nobody knows when that was
        elif zone is not None:
            second, rest = divmod(bound.nanoseconds, 10**9)
            moments[place] = (second - load_zone(zone).lookup(second).offset) * 10**9 + rest
    is_never = (since is not None and since.is_moment) or (until is not None and until.is_moment)
    return TimeSpan((moments[0], moments[1]), NEVER if is_never else (naive[0], naive[1]))
