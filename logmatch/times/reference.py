"""
Reference: reads the times of lines in Python, for engines without a kernel; the definition of what `_reader` gives.

A text is taken apart by a regular expression (`Told`), and what that says becomes a time (`resolve`).
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from logmatch.engine.matches import Matches
from logmatch.program import Program
from logmatch.templates.time_grammar import DAYS, MONTHS
from logmatch.times.forms import LITERAL, Form, Step, Written
from logmatch.times.plan import DAY, YEAR_OF_NOW, Reading, latest_seconds, plan_readings
from logmatch.times.times import COUNTS, LEAP, UNKNOWN_ZONE, State, TimeOptions, Times
from logmatch.times.zone import AMBIGUOUS, BY_ZONE, GAP, LEAST_SECOND, MOST_SECOND, PLAIN, WORDS, Zone

_MONTH_NUMBERS = {name[:3]: number for number, name in enumerate(MONTHS, 1)}
_DAY_NUMBERS = {name[:3]: number for number, name in enumerate(DAYS)}

_EPOCH = date(1970, 1, 1).toordinal()

_MOST_YEARS_BACK = 8
"""From 1904 the last 29 February before is that of 1896."""

_DATE = rb"(?P<Y>\d{4})%b(?P<m>\d\d)%b(?P<d>\d\d)"
_FRACTION = rb"(?:[.,](?P<L>\d+))?"
_CLOCK = rb"(?P<H>\d\d):(?P<M>\d\d):(?P<S>\d\d)" + _FRACTION
_SHORT_CLOCK = rb"(?P<H>\d\d):(?P<M>\d\d)(?::(?P<S>\d\d)" + _FRACTION + rb")?"
_SPACED = rb"(?: (?P<%b>[+-]\d\d:?\d\d|[A-Z]{2,6}))?"
_ZONE = rb"(?:(?P<z>[Zz]|[+-]\d\d(?::?\d\d)?)|" + _SPACED % b"Z" + rb")"
_MONTH = rb"(?P<b>[A-Z][a-z]{2})"
_DAY = rb"(?P<d>\d\d| ?\d)"

_EXPRESSIONS = {
    Form.ISO8601: [
        _DATE % (b"-", b"-") + rb"[Tt ]" + _SHORT_CLOCK + _ZONE,
        rb"(?P<Y>\d{4})(?P<m>\d\d)(?P<d>\d\d)T(?P<H>\d\d)(?P<M>\d\d)(?P<S>\d\d)" + _FRACTION + _ZONE,
    ],
    Form.SLASH: [_DATE % (b"/", b"/") + b" " + _CLOCK + _ZONE],
    Form.CLF: [rb"(?P<d>\d\d)/" + _MONTH + rb"/(?P<Y>\d{4}):" + _CLOCK + rb"(?: (?P<z>[+-]\d{4}))?"],
    Form.RFC2822: [
        rb"(?:[A-Z][a-z]{2}, )?(?P<d>\d\d?) "
        + _MONTH
        + rb" (?P<Y>\d{4}) (?P<H>\d\d):(?P<M>\d\d)(?::(?P<S>\d\d))?"
        + _SPACED % b"Z"
    ],
    Form.KLOG: [rb"(?P<m>\d\d)(?P<d>\d\d) (?P<H>\d\d):(?P<M>\d\d):(?P<S>\d\d)\.(?P<L>\d+)"],
    Form.CTIME: [
        rb"[A-Z][a-z]{2} " + _MONTH + b" " + _DAY + b" " + _CLOCK + _SPACED % b"z" + rb" (?P<Y>\d{4})" + _SPACED % b"Z"
    ],
    Form.SYSLOG: [_MONTH + b" " + _DAY + rb" (?:(?P<Y>\d{4}) )?" + _CLOCK + rb"(?: (?P<Z>[A-Z]{2,6}))?"],
    Form.DATE: [_DATE % (b"-", b"-"), _DATE % (b"/", b"/")],
    Form.CLOCK: [_SHORT_CLOCK],
    Form.EPOCH: [rb"(?P<s>\d{10})(?:\.(?P<L>\d+))?", rb"(?P<s>\d{10})(?P<L>\d{3}|\d{6}|\d{9})"],
}
_COMPILED = {form: [re.compile(text) for text in texts] for form, texts in _EXPRESSIONS.items()}
_COMPILED[Form.TIMESTAMP] = [
    each
    for form in (
        Form.ISO8601,
        Form.SLASH,
        Form.CLF,
        Form.RFC2822,
        Form.KLOG,
        Form.CTIME,
        Form.SYSLOG,
        Form.DATE,
        Form.CLOCK,
    )
    for each in _COMPILED[form]
]

_12 = rb"(?>0[1-9]|1[0-2]| ?[1-9])"
_24 = rb"(?>[01]\d|2[0-3]| ?\d)"
_DIRECTIVES = {
    **{"Y": rb"\d{4}", "G": rb"\d{4}", "y": rb"\d\d", "g": rb"\d\d", "C": rb"\d\d", "m": _12, "I": _12, "l": _12},
    **{"d": rb"(?>0[1-9]|[12]\d|3[01]| ?[1-9])", "e": rb"(?>0[1-9]|[12]\d|3[01]| ?[1-9])", "H": _24, "k": _24},
    **{"M": rb"(?>[0-5]\d|\d)", "S": rb"(?>[0-5]\d|6[01]|\d)", "f": rb"\d{1,9}+", "L": rb"\d++"},
    **{"p": rb"AM|PM|am|pm", "P": rb"AM|PM|am|pm"},
    **{"b": b"|".join(_MONTH_NUMBERS), "h": b"|".join(_MONTH_NUMBERS), "B": b"|".join(MONTHS)},
    **{"a": b"|".join(_DAY_NUMBERS), "A": b"|".join(DAYS), "j": rb"\d{1,3}+", "u": rb"[1-7]", "w": rb"[0-6]"},
    **{"U": rb"\d{1,2}+", "W": rb"\d{1,2}+", "V": rb"\d{1,2}+", "s": rb"\d{1,19}+"},
    "z": rb"(?>[Zz]|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?+(?::?[0-5]\d)?+)",
    "Z": rb"[A-Z]{2,6}(?![A-Za-z0-9])",
}
_BLANKS = rb"[ \t]{1,64}+"


@lru_cache(256)
def _of_steps(steps: tuple[Step, ...]) -> re.Pattern[bytes]:
    """The expression of a format; the same directive twice is a group with another name, of which the last counts."""
    parts = []
    for number, (directive, byte) in enumerate(steps):
        if directive == LITERAL:
            parts.append(re.escape(bytes([byte])))
        elif directive in "nt":
            parts.append(_BLANKS)
        else:
            parts.append(rb"(?P<%b_%d>%b)" % (directive.encode(), number, _DIRECTIVES[directive]))
    return re.compile(b"".join(parts), re.DOTALL)


def _told(text: bytes, written: Sequence[Written]) -> dict[str, bytes] | None:
    """What *text* says, by directives of `strptime`; None if it is written in none of these ways."""
    for way in written:
        for expression in [_of_steps(way.steps)] if way.form is Form.FORMAT else _COMPILED[way.form]:
            found = expression.fullmatch(text)
            if found is not None:
                return {name[0]: value for name, value in found.groupdict().items() if value is not None}
    return None


@dataclass(frozen=True, slots=True)
class _Time:
    """The time of one line."""

    state: State
    nanoseconds: int = 0
    digits: int = 0
    is_leap: bool = False
    has_unknown_zone: bool = False


_NONE = _Time(State.NONE)
_IMPOSSIBLE = _Time(State.IMPOSSIBLE)


def read_time(texts: Sequence[bytes], reading: Reading, limits: tuple[int, int], of_utc: tuple[int, int]) -> _Time:
    """
    The time that *texts* say, those of the fields of *reading*.

    Args:
        limits: see `latest_seconds`, for the zone of the reading; *of_utc*: for UTC.
    """
    told: dict[str, bytes] = {}
    for text, written in zip(texts, reading.written, strict=True):
        found = _told(text, written)
        if found is None:
            return _NONE
        told |= found
    fraction = (told.get("f") or told.get("L") or b"")[:9]
    nanoseconds, digits = int(fraction.ljust(9, b"0")), len(fraction)
    if "s" in told:
        return _in_range(State.ZONED, int(told["s"]), nanoseconds, digits)
    clock = _clock(told)
    if clock is None:
        return _IMPOSSIBLE
    zone = _zone_of(told, reading.zone)
    if zone is False:
        return _IMPOSSIBLE
    is_unknown = zone == "unknown"
    index = 1 if reading.year == YEAR_OF_NOW else 0
    limit = of_utc[index]
    if isinstance(zone, Zone):
        limit = limits[index]
    elif isinstance(zone, int):
        limit += zone
    local = _local(told, clock, reading.year, limit)
    if local is None:
        return _IMPOSSIBLE
    is_leap = int(told.get("S", b"0")) >= 60
    offset, state = 0, State.NAIVE
    if isinstance(zone, Zone):
        offset, kind = zone.lookup(local)
        state = {PLAIN: State.ZONED, AMBIGUOUS: State.AMBIGUOUS, GAP: State.GAP}[kind]
    elif isinstance(zone, int):
        offset, state = zone, State.ZONED
    return _in_range(state, local - offset, nanoseconds, digits, is_leap, is_unknown)


def _in_range(
    state: State, second: int, nanoseconds: int, digits: int, is_leap: bool = False, has_unknown_zone: bool = False
) -> _Time:
    if not LEAST_SECOND <= second <= MOST_SECOND:
        return _IMPOSSIBLE
    return _Time(state, second * 10**9 + nanoseconds, digits, is_leap, has_unknown_zone)


def _clock(told: dict[str, bytes]) -> int | None:
    """The second of the day; None if it has none such."""
    if "I" in told or "l" in told:
        hour = int(told.get("I") or told["l"]) % 12
        hour += 12 * ((told.get("p") or told.get("P") or b"").upper() == b"PM")
    else:
        hour = int(told.get("H") or told.get("k") or b"0")
    minute, second = int(told.get("M", b"0")), int(told.get("S", b"0"))
    return None if hour > 23 or minute > 59 or second > 61 else hour * 3600 + minute * 60 + second


def _zone_of(told: dict[str, bytes], default: Zone | None) -> Zone | int | str | bool | None:
    """What the line says, else *default*; "unknown": a word that is not known, False: no offset."""
    texts = [told[directive] for directive in "Zz" if directive in told]
    if not texts:
        return default
    # An offset says more than a word beside it, as in +0200 (CEST).
    text = next((text for text in texts if text[:1] in b"+-" or len(text) == 1), texts[0])
    if text[:1] in b"+-":
        digits = text[1:].replace(b":", b"").ljust(6, b"0")
        hours, minutes, seconds = int(digits[:2]), int(digits[2:4]), int(digits[4:])
        if hours > 23 or minutes > 59 or seconds > 59:
            return False
        offset = hours * 3600 + minutes * 60 + seconds
        return -offset if text[:1] == b"-" else offset
    offset_of_word = (default.words if default is not None else WORDS).get(text.upper())
    if offset_of_word is None:
        return "unknown"
    return default if offset_of_word == BY_ZONE else offset_of_word


def _local(told: dict[str, bytes], clock: int, year: int, limit: int) -> int | None:
    """The second of the local clock, without a year the latest up to *limit*; None if there is none."""
    said = _year(told)
    if said is None and year >= 0:
        said = year
    if said is not None:
        day = _day_in(told, said)
        return None if day is None else day * DAY + clock
    latest = _year_of(limit)
    for each in range(latest, latest - _MOST_YEARS_BACK - 1, -1):
        day = _day_in(told, each)
        if day is not None and day * DAY + clock <= limit:
            return day * DAY + clock
    return None


def _year_of(second: int) -> int:
    return date.fromordinal(max(1, min(second // DAY + _EPOCH, date.max.toordinal()))).year


def _year(told: dict[str, bytes]) -> int | None:
    for directive in "YG":
        if directive in told:
            return int(told[directive])
    short = told.get("y") or told.get("g")
    if "C" in told:
        return 100 * int(told["C"]) + int(short or b"0")
    if short is None:
        return None
    return int(short) + (1900 if int(short) >= 69 else 2000)


def _day_in(told: dict[str, bytes], year: int) -> int | None:
    """The day since 1970 that *told* says, in *year*."""
    name = told.get("b") or told.get("h") or told.get("B")
    day = told.get("d") or told.get("e")
    try:
        if day is not None and (name is not None or "m" in told):
            month = int(told["m"]) if name is None else _MONTH_NUMBERS.get(name[:3], 0)
            return date(year, month, int(day)).toordinal() - _EPOCH
        first = date(year, 1, 1).toordinal() - _EPOCH
        if "j" in told:
            number = int(told["j"])
            return first + number - 1 if 1 <= number <= date(year, 12, 31).timetuple().tm_yday else None
        weekday = _weekday(told)
        if weekday is None:
            return None
        if "V" in told:
            return date.fromisocalendar(year, int(told["V"]), weekday + 1).toordinal() - _EPOCH
        shift = int("U" in told)  # whose weeks begin on Sunday
        week = int(told["U" if shift else "W"])
        first_weekday = (date(year, 1, 1).weekday() + shift) % 7
        before = -first_weekday if week == 0 else -first_weekday % 7 + 7 * (week - 1)
        return first + before + (weekday + shift) % 7 if week <= 53 else None
    except (ValueError, KeyError):
        return None


def _weekday(told: dict[str, bytes]) -> int | None:
    """0 for Monday."""
    name = told.get("a") or told.get("A")
    if name is not None:
        return _DAY_NUMBERS[name[:3]]
    if "u" in told:
        return int(told["u"]) - 1
    return (int(told["w"]) - 1) % 7 if "w" in told else None


class PythonTimeReader:
    """Reads the times of lines; see `TimeReader`."""

    def __init__(self, program: Program, options: TimeOptions) -> None:
        self._readings, self._numbers = plan_readings(program, options)

    def read(self, matches: Matches, modified: int | None) -> Times:
        """See `TimeReader.read`."""
        nanoseconds = array("q", bytes(8 * matches.line_count))
        states, digits = bytearray(matches.line_count), bytearray(matches.line_count)
        counts = [0] * COUNTS
        of_utc, *limits = latest_seconds([None, *(reading.zone for reading in self._readings)], modified)
        for number, places, texts in matches.groups():
            at = self._numbers[number]
            if at < 0:
                continue
            reading = self._readings[at]
            known: dict[tuple[bytes, ...], _Time] = {}
            for place, each in zip(places, texts, strict=True):
                key = tuple([each[field] for field in reading.fields])
                time = known.get(key)
                if time is None:
                    time = known[key] = read_time(key, reading, limits[at], of_utc)
                nanoseconds[place], states[place], digits[place] = time.nanoseconds, time.state, time.digits
                counts[LEAP] += time.is_leap
                counts[UNKNOWN_ZONE] += time.has_unknown_zone
        for state in State:
            counts[state] = states.count(state)
        return Times(memoryview(nanoseconds), bytes(states), bytes(digits), tuple(counts))
