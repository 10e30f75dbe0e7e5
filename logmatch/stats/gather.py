"""
Gather: adds up what a log holds, from groups of lines that one template matched, whoever made them.

The reader of lines (`read_lines`) and that of records (`read_records`) give the same groups; `report` makes figures of
what is gathered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from logmatch.stats.clock import Clock
from logmatch.stats.sketch import LIMIT, ValueCounts
from logmatch.stats.timeline import Timeline

UNNAMED = re.compile(r"p[1-9][0-9]*")
"""The names of fields that have none of their own, which mean something within their template only."""

_MOST_KEPT = 4_000_000
"""Distinct values of all fields together that are counted exactly."""

FieldKey = tuple[str, str | None]
"""The name of a field; and of one without a name of its own, its template."""


class Position(NamedTuple):
    """Where a line is: the place of its file among the inputs, and its number from 1."""

    file: int
    line: int


_NOWHERE = Position(0, 0)


class Column(NamedTuple):
    """The values of one field in a group of lines."""

    name: str
    values: Sequence[bytes]
    numbers: bool = False
    """Whether all of them are numbers."""
    times: bool = False
    """Whether they are times."""


@dataclass(slots=True)
class TemplateStats:
    """What is known of one template, or of the lines that matched none."""

    lines: int = 0
    first: Position = _NOWHERE
    last: Position = _NOWHERE
    first_time: bytes | None = None
    """As the first line says it."""
    last_time: bytes | None = None


@dataclass(slots=True)
class FieldStats:
    """What is known of one field."""

    values: ValueCounts
    templates: set[str] = field(default_factory=set)
    least: bytes | None = None
    """The least number."""
    greatest: bytes | None = None
    first: bytes | None = None
    """The first of its times."""
    last: bytes | None = None
    positions: tuple[Position, Position] = (_NOWHERE, _NOWHERE)
    """Of these two."""


@dataclass(slots=True)
class Gathered:
    """What a log holds."""

    lines: int = 0
    blank: int = 0
    too_long: int = 0
    template_ids: list[str] = field(default_factory=list)
    """The ids of all templates that were given, in their order; none for records."""
    files: list[str] = field(default_factory=list)
    """The inputs, or the files that records name, in their order."""
    templates: dict[str | None, TemplateStats] = field(default_factory=dict)
    """By id, in the order of their first lines; None: the lines that no template matched."""
    fields: dict[FieldKey, FieldStats] = field(default_factory=dict)
    by_time: Timeline = field(default_factory=lambda: Timeline(by_time=True))
    by_line: Timeline = field(default_factory=lambda: Timeline(by_time=False))
    timed: int = 0
    """Lines whose time was read."""
    clock: Clock = field(default_factory=Clock)

    @property
    def unmatched(self) -> int:
        """Lines that no template matched, blank ones left out."""
        stats = self.templates.get(None)
        return stats.lines if stats is not None else 0

    @property
    def matched(self) -> int:
        """Lines that a template matched."""
        return self.lines - self.blank - self.unmatched

    def add(
        self,
        template: str | None,
        file: int,
        line: int,
        offsets: Sequence[int],
        columns: Iterable[Column] = (),
        times: Sequence[bytes] = (),
        *,
        before: int = 0,
    ) -> None:
        """
        Add lines that one template matched.

        Args:
            template: its id; None: none matched.
            file: the place of their file among the inputs.
            line: the number that *offsets* are added to; those ascend.
            columns: the values of its fields, for each line one.
            times: the text of the time of each line, if the template has one.
            before: lines of the inputs before this one.
        """
        stats = self.templates.get(template)
        begin, end = Position(file, line + offsets[0]), Position(file, line + offsets[-1])
        if stats is None:
            stats = self.templates[template] = TemplateStats(first=begin, last=begin)
        first, last = begin <= stats.first, end >= stats.last
        stats.lines += len(offsets)
        if first:
            stats.first = begin
            stats.first_time = times[0] if times else None
        if last:
            stats.last = end
            stats.last_time = times[-1] if times else None
        if times:
            seconds = self.clock.seconds(template, times)
            self.timed += seconds.total()
            self.by_time.add(template, seconds)
        self.by_line.add_lines(template, before + line, offsets)
        for column in columns:
            self._add_column(column, template, begin, end)

    def _add_column(self, column: Column, template: str | None, begin: Position, end: Position) -> None:
        assert template is not None, "a line without a template has no fields"
        key = (column.name, template if UNNAMED.fullmatch(column.name) else None)
        stats = self.fields.get(key)
        if stats is None:
            limit = max(100, min(LIMIT, _MOST_KEPT // (len(self.fields) + 1)))
            stats = self.fields[key] = FieldStats(ValueCounts(limit), positions=(begin, end))
        stats.templates.add(template)
        beyond = stats.values.add(column.values, (stats.least, stats.greatest) if column.numbers else None)
        if beyond:
            beyond.sort()  # of equal numbers the text that sorts first, in every run
            stats.least = min(beyond if stats.least is None else (stats.least, *beyond), key=float)
            stats.greatest = max(beyond if stats.greatest is None else (stats.greatest, *beyond), key=float)
        if column.times:
            first, last = stats.positions
            if stats.first is None or begin < first:
                stats.first, first = column.values[0], begin
            if stats.last is None or end > last:
                stats.last, last = column.values[-1], end
            stats.positions = first, last
