"""
Report: what is gathered of a log, or of two, as plain figures; `show` and `html` draw them, `to_dict` is their JSON.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from logmatch.errors import valid_unicode
from logmatch.stats.clock import DAY, Clock
from logmatch.stats.divergence import divergence, parts_of_divergence
from logmatch.stats.gather import FieldKey, FieldStats, Gathered, Position
from logmatch.stats.sketch import DISTINCT_ERROR
from logmatch.stats.timeline import Timeline

COLUMNS = 60
"""Steps of a rate at most."""

_TIMED_SHARE = 0.9
"""Of the matched lines: where fewer times can be read, the rate is one by position."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Lines by step."""

    by: str
    """`time` or `position`."""
    begin: str
    """Where the first step begins: a time, or the number of a line."""
    end: str
    step: int
    """Seconds, or lines."""
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A line."""

    line: int
    file: str | None = None
    """None where there is only one."""
    time: str | None = None
    """As it stands in the line."""

    def __str__(self) -> str:
        return f"{self.line:,}" if self.file is None else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """A template that matched, or all lines that none matched."""

    template_id: str | None
    lines: int
    share: float
    first: Place
    last: Place
    rate: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Frequent:
    """A value of a field."""

    value: str
    lines: int
    share: float


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field."""

    field: str
    template_id: str | None
    """Its template, where the field has no name of its own."""
    templates: int
    """Templates in which it stands."""
    values: int
    distinct: int
    is_exact: bool
    distinct_error: float
    """The relative standard error of `distinct`."""
    count_error: int
    """By how much the lines of a value may be too few."""
    least: str | None
    greatest: str | None
    """Of numbers."""
    first: str | None
    last: str | None
    """Of times, by line."""
    most_frequent: tuple[Frequent, ...]

    @property
    def name(self) -> str:
        """The name, with the template where it means something there only."""
        return self.field if self.template_id is None else f"{self.template_id}.{self.field}"


@dataclass(frozen=True, slots=True)
class Report:
    """What a log holds."""

    inputs: tuple[str, ...]
    lines: int
    matched: int
    unmatched: int
    blank: int
    too_long: int
    templates_given: int
    """0 for records, which do not say."""
    unused_templates: tuple[str, ...]
    rate: Rate
    templates: tuple[TemplateRow, ...]
    """The most frequent first."""
    fields: tuple[FieldRow, ...]
    """In the order in which they were met."""

    def to_dict(self) -> dict[str, Any]:
        """The report as what JSON can hold."""
        plain = asdict(self)
        for row in plain["templates"]:
            for place in (row["first"], row["last"]):
                for key in ("file", "time"):
                    if place[key] is None:
                        del place[key]
        valid: dict[str, Any] = _valid(plain)
        return valid


@dataclass(frozen=True, slots=True)
class DiffRow:
    """A template of two logs."""

    template_id: str | None
    change: str
    """`appeared`, `vanished`, `more`, `less` or `same`."""
    bits: float
    """What it adds to the divergence."""
    lines_before: int
    lines_after: int
    share_before: float
    share_after: float


@dataclass(frozen=True, slots=True)
class Diff:
    """How two logs differ."""

    before: str
    after: str
    lines_before: int
    lines_after: int
    divergence: float
    """Jensen-Shannon, in bits."""
    templates: tuple[DiffRow, ...]
    """By what they add to it, the greatest first."""

    def to_dict(self) -> dict[str, Any]:
        """The differences as what JSON can hold."""
        valid: dict[str, Any] = _valid(asdict(self))
        return valid


def make_report(gathered: Gathered, top: int) -> Report:
    """The figures of what is *gathered*; the *top* most frequent values of each field."""
    clock = gathered.clock
    is_timed = bool(gathered.timed) and gathered.timed >= gathered.matched * _TIMED_SHARE
    is_timed = is_timed and not (clock.period and clock.has_whole)  # nothing says how far these are apart
    timeline = gathered.by_time if is_timed else gathered.by_line
    step = timeline.step(COLUMNS)
    counted = max(1, gathered.lines - gathered.blank)
    many = len(gathered.files) > 1
    rows = []
    for id_, stats in sorted(gathered.templates.items(), key=lambda pair: -pair[1].lines):

        def place(at: Position, said: bytes | None) -> Place:
            return Place(at.line, gathered.files[at.file] if many else None, None if said is None else _text(said))

        first, last = place(stats.first, stats.first_time), place(stats.last, stats.last_time)
        rate = tuple(timeline.counts(step, id_))
        rows.append(TemplateRow(id_, stats.lines, stats.lines / counted, first, last, rate))
    return Report(
        inputs=tuple(gathered.files),
        lines=gathered.lines,
        matched=gathered.matched,
        unmatched=gathered.unmatched,
        blank=gathered.blank,
        too_long=gathered.too_long,
        templates_given=len(gathered.template_ids),
        unused_templates=tuple(id_ for id_ in gathered.template_ids if id_ not in gathered.templates),
        rate=_rate(timeline, step, clock if is_timed else None),
        templates=tuple(rows),
        fields=tuple(_field_row(key, stats, top) for key, stats in gathered.fields.items()),
    )


def make_diff(before: Gathered, after: Gathered, names: Sequence[str]) -> Diff:
    """How *after* differs from *before*; *names* are theirs."""
    counts = [{id_: stats.lines for id_, stats in each.templates.items()} for each in (before, after)]
    parts = parts_of_divergence(*counts)
    rows = []
    for part in parts:
        lines = counts[0].get(part.key, 0), counts[1].get(part.key, 0)
        if not lines[0]:
            change = "appeared"
        elif not lines[1]:
            change = "vanished"
        else:
            change = "same" if part.before == part.after else "more" if part.before < part.after else "less"
        rows.append(DiffRow(part.key, change, part.bits, *lines, part.before, part.after))
    lines = sum(counts[0].values()), sum(counts[1].values())
    return Diff(names[0], names[1], *lines, divergence(parts), tuple(rows))


def _rate(timeline: Timeline, step: int, clock: Clock | None) -> Rate:
    counts = tuple(timeline.total(step))
    begin, end = timeline.begin, timeline.end
    if clock is None:
        return Rate("position", str(begin), str(end), step, counts)
    form = "%Y-%m-%d %H:%M:%S" if clock.period is None else "%b %d %H:%M:%S"
    if clock.period == DAY:
        form = "day {day}, %H:%M:%S" if end // DAY > begin // DAY else "%H:%M:%S"
    first, last = (_moment(at, form.format(day=at // DAY - begin // DAY + 1)) for at in (begin, end))
    return Rate("time", first, last, step, counts)


def _moment(second: int, form: str) -> str:
    try:
        return time.strftime(form, time.gmtime(second))
    except (OverflowError, ValueError, OSError):
        return str(second)


def _field_row(key: FieldKey, stats: FieldStats, top: int) -> FieldRow:
    values = stats.values
    frequent = [
        Frequent(_text(value), lines, lines / values.total) for value, lines in values.most_common(top) if values.total
    ]
    return FieldRow(
        field=key[0],
        template_id=key[1],
        templates=len(stats.templates),
        values=values.total,
        distinct=values.distinct,
        is_exact=values.is_exact,
        distinct_error=0.0 if values.is_exact else DISTINCT_ERROR,
        count_error=values.count_error,
        least=None if stats.least is None else _text(stats.least),
        greatest=None if stats.greatest is None else _text(stats.greatest),
        first=None if stats.first is None else _text(stats.first),
        last=None if stats.last is None else _text(stats.last),
        most_frequent=tuple(frequent),
    )


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _valid(value: Any) -> Any:
    """*value* with texts that JSON can hold."""
    if isinstance(value, str):
        return valid_unicode(value)
    if isinstance(value, dict):
        return {key: _valid(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_valid(each) for each in value]
    return round(value, 9) if isinstance(value, float) else value
