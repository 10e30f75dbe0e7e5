"""
Clock: the second that the text of a time says, for times of the usual forms.

Good enough to count lines by time, and no more: zones are left aside (the times of one log are of one zone), and a time
without a year or without a day is taken to be near the one before it.
"""

from __future__ import annotations

import re
from calendar import timegm
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_MONTHS = {name: number for number, name in enumerate(b"jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
DAY = 86_400
"""The period of times without a day, in seconds."""
YEAR = 366 * DAY
"""That of times without a year."""

_CLOCK = rb"(?P<h>\d\d):(?P<mi>\d\d)(?::(?P<s>\d\d))?"
_MONTH = rb"(?P<mon>[A-Za-z]{3})"


@dataclass(frozen=True, slots=True)
class _Form:
    """One way in which times are written."""

    expression: re.Pattern[bytes]
    length: int | None = None
    """Bytes that say the second, where that is the same for all; what follows is a fraction or a zone."""
    period: int | None = None
    """Seconds after which the same text comes again."""


_FORMS = (
    _Form(re.compile(rb"(?P<y>\d{4})([-/])(?P<mo>\d\d)\2(?P<d>\d\d)[T ]" + _CLOCK), 19),
    _Form(re.compile(rb"(?P<y>\d{4})(?P<mo>\d\d)(?P<d>\d\d)T(?P<h>\d\d)(?P<mi>\d\d)(?P<s>\d\d)"), 15),
    _Form(re.compile(rb"(?P<d>\d\d)/" + _MONTH + rb"/(?P<y>\d{4}):" + _CLOCK), 20),
    _Form(re.compile(_MONTH + rb" +(?P<d>\d\d?) (?P<y>\d{4}) " + _CLOCK)),
    _Form(re.compile(_MONTH + rb" (?P<d>[ \d]\d) (?P<h>\d\d):(?P<mi>\d\d):(?P<s>\d\d)"), 15, YEAR),
    _Form(re.compile(_MONTH + rb" +(?P<d>\d\d?) " + _CLOCK), None, YEAR),
    _Form(re.compile(rb"[A-Za-z]{3} " + _MONTH + rb" +(?P<d>\d\d?) " + _CLOCK + rb"(?:\.\d+)?.* (?P<y>\d{4})\b")),
    _Form(re.compile(rb"(?:[A-Za-z]{3}, )?(?P<d>\d\d?) " + _MONTH + rb" (?P<y>\d{4}) " + _CLOCK)),
    _Form(re.compile(rb"(?P<mo>\d\d)(?P<d>\d\d) " + _CLOCK + rb"\."), 14, YEAR),
    _Form(re.compile(rb"(?P<epoch>\d{10})(?:\d{3}){0,3}(?:\.\d+)?\Z"), None),
    _Form(re.compile(rb"(?P<y>\d{4})([-/])(?P<mo>\d\d)\2(?P<d>\d\d)\Z")),
    _Form(re.compile(_CLOCK), 8, DAY),
)


class Clock:
    """Reads the times of one log, one after the other."""

    __slots__ = ("_forms", "_last", "_second", "has_whole", "period")

    def __init__(self) -> None:
        self._forms: dict[object, _Form] = {}
        """How the time before was written, by template."""
        self._second: dict[bytes, tuple[int, _Form]] = {}
        """Texts that were read of late."""
        self._last: int | None = None
        self.period: int | None = None
        """Of the first time, if nothing says its year or its day; see `YEAR` and `DAY`."""
        self.has_whole = False
        """Whether there was a time with day and year."""

    def seconds(self, key: object, texts: Sequence[bytes]) -> Counter[int]:
        """
        How many of *texts* say which second, since 1970 or, without a year, since some year; others are left out.

        Args:
            key: the template that they are of; its times are mostly written in one way.
        """
        form = self._forms.get(key)
        found: Counter[int] = Counter()
        length = form.length if form is not None else None
        if length is None:
            self._add(found, key, Counter(texts))
            return found
        beginnings = getattr(texts, "beginnings", None)  # of `_spans.Spans`
        missed = self._add(
            found, key, Counter([text[:length] for text in texts]) if beginnings is None else beginnings(length)
        )
        if missed:
            self._add(found, key, Counter([text for text in texts if text[:length] in missed]))
        return found

    def _add(self, found: Counter[int], key: object, counts: Mapping[bytes, int]) -> set[bytes]:
        """Add to *found* what *counts* of texts say; return those that say nothing."""
        missed = set()
        for text, count in counts.items():
            second = self._read(key, text)
            if second is None:
                missed.add(text)
            else:
                found[second] += count
        return missed

    def _read(self, key: object, text: bytes) -> int | None:
        known = self._second.get(text)
        if known is None:
            known = _parse(text, self._forms.get(key))
            if known is None:
                return None
            if len(self._second) > 4096:
                self._second.clear()
            self._second[text] = known
        second, form = known
        self._forms[key] = form
        if form.period is None:
            self.has_whole = True
        elif self._last is None:
            self.period = form.period
        else:
            second += form.period * round((self._last - second) / form.period)
        self._last = second
        return second


def _parse(text: bytes, likely: _Form | None) -> tuple[int, _Form] | None:
    for form in _FORMS if likely is None else (likely, *_FORMS):
        match = form.expression.match(text)
        second = None if match is None else _second(match.groupdict())
        if second is not None:
            return second, form
    return None


def _second(parts: dict[str, bytes | None]) -> int | None:
    epoch = parts.get("epoch")
    if epoch is not None:
        return int(epoch)
    name = parts.get("mon")
    month = int(parts.get("mo") or 1) if name is None else _MONTHS.get(name.lower(), 0)
    numbers = [
        int(parts.get(key) or default) for key, default in (("y", 2000), ("d", 1), ("h", 0), ("mi", 0), ("s", 0))
    ]
    year, day, hour, minute, second = numbers
    if not (year and 1 <= month <= 12 and 1 <= day <= 31 and hour <= 24 and minute <= 59 and second <= 60):
        return None
    return timegm((year, month, day, hour, minute, second))
