r"""
Matches: what an engine makes of a buffer of whole lines and what a writer takes; the one currency between the two.

For line i, from 0, of a buffer `data`:

    line_begins[i], line_ends[i]    the line is data[begin:end], without its `\n` and one `\r` (`logmatch.line`)
    needs_escape[i]                 0: the line is plain ASCII and JSON escapes none of it; 1: this is not known
    variant_numbers[i]              the variant that matched, -1: none
    spans[span_begins[i]:span_begins[i + 1]]
                                    start and end of each field of the variant: half-open offsets in the line

`needs_escape` has bytes, the other columns have 32-bit integers. Each is an object with the buffer protocol, so that
another writer needs no Python object for a line. Columns do not change once an engine has made them.

Two classes hold matches: the kernel's `Table`, made of columns, and `GroupedMatches`, made of groups. Each gives the
other form too, at a cost.
"""

from __future__ import annotations

import itertools
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from logmatch.line import Buffer, split
from logmatch.program import Variant
from logmatch.templates.model import Literal

Found = tuple[int, tuple[bytes, ...]]
"""The number of a variant (from 0, in the order of precedence) and the text of each of its fields, in their order."""

Spans = tuple[int, ...]
"""Start and end of each field of a variant, flat: half-open byte offsets in the line."""

Located = tuple[int, Spans]
"""As `Found`, with places in place of texts."""

FieldTimeouts = Counter[tuple[int, int]]
"""How often a `/regex/` field took too long: (template number, slot of the field) -> number of lines."""

Group = tuple[int, list[int], list[tuple[bytes, ...]]]
"""Lines that one variant matched: its number, their places in the batch, and for each the texts of its fields."""


class Matches(Protocol):
    """The lines of a buffer and what matched them; see the module for the columns."""

    timeouts: FieldTimeouts
    """Of these lines."""

    @property
    def data(self) -> Buffer:
        """The buffer."""

    @property
    def line_count(self) -> int:
        """How many lines there are."""

    @property
    def line_begins(self) -> Buffer:
        """Where each line begins in `data`."""

    @property
    def line_ends(self) -> Buffer:
        """Where each line ends in `data`."""

    @property
    def needs_escape(self) -> Buffer:
        """Whether a line may hold a byte that JSON escapes, or one beyond ASCII."""

    @property
    def variant_numbers(self) -> Buffer:
        """Which variant matched each line."""

    @property
    def span_begins(self) -> Buffer:
        """Where in `spans` those of each line begin; one more than there are lines."""

    @property
    def spans(self) -> Buffer:
        """The start and end of each field."""

    def groups(self) -> Sequence[Group]:
        """The lines that matched, by variant; each line is in one group at most."""

    def lines(self) -> Sequence[bytes]:
        """The lines."""

    def revised(
        self,
        rows: array[int],
        changes: Mapping[int, Change],
        data: Buffer | None = None,
        begins: Buffer | None = None,
    ) -> Matches:
        """
        The matches of some of the lines, with other answers for a few of those.

        Args:
            rows: which lines, ascending; 32-bit numbers.
            changes: what is different, by the number among *rows*.
            data, begins: where these lines stand now, if not where they did.
        """


Change = tuple[int, int, Spans]
"""What another engine said: where the line ends, the number of the variant (-1: none) and the spans in the line."""


class LineSpans(Protocol):
    """Lines that were found by other rules than those of `logmatch.line`: the i-th is data[begins[i]:ends[i]]."""

    @property
    def data(self) -> Buffer: ...
    @property
    def begins(self) -> Buffer: ...
    @property
    def ends(self) -> Buffer: ...


@dataclass(frozen=True, slots=True)
class SomeLines:
    """Such lines, and nothing else; places are 32-bit numbers."""

    data: Buffer
    begins: Buffer
    ends: Buffer


class GroupedMatches:
    """
    Matches that an engine in Python has made: groups of lines. Columns are made when they are first asked for.

    Args:
        variants: those of the program.
        data: the buffer.
        lines: the lines.
        begins: where each begins in *data*.
        groups: see `Matches.groups`.
    """

    def __init__(
        self,
        variants: Sequence[Variant],
        data: bytes,
        lines: Sequence[bytes],
        begins: Callable[[], Iterable[int]],
        groups: Sequence[Group],
    ) -> None:
        self.data: Buffer = data
        self.timeouts: FieldTimeouts = Counter()
        self._variants = variants
        self._lines = lines
        self._begins = begins
        self._groups = groups

    @property
    def line_count(self) -> int:
        """See `Matches`."""
        return len(self._lines)

    def groups(self) -> Sequence[Group]:
        """See `Matches.groups`."""
        return self._groups

    def lines(self) -> Sequence[bytes]:
        """See `Matches.lines`."""
        return self._lines

    @cached_property
    def line_begins(self) -> Buffer:
        """See `Matches`."""
        return _column(self._begins())

    @cached_property
    def line_ends(self) -> Buffer:
        """See `Matches`."""
        begins = memoryview(self.line_begins)
        return _column(begin + len(line) for begin, line in zip(begins, self._lines, strict=True))

    @cached_property
    def needs_escape(self) -> Buffer:
        """See `Matches`."""
        return b"\1" * len(self._lines)

    @cached_property
    def variant_numbers(self) -> Buffer:
        """See `Matches`."""
        numbers = array("i", [-1]) * len(self._lines)
        for number, places, _ in self._groups:
            for place in places:
                numbers[place] = number
        return memoryview(numbers)

    @cached_property
    def span_begins(self) -> Buffer:
        """See `Matches`."""
        return _column(itertools.accumulate(map(len, self._spans_by_line), initial=0))

    @cached_property
    def spans(self) -> Buffer:
        """See `Matches`."""
        return _column(itertools.chain.from_iterable(self._spans_by_line))

    def revised(
        self,
        rows: array[int],
        changes: Mapping[int, Change],
        data: Buffer | None = None,
        begins: Buffer | None = None,
    ) -> GroupedMatches:
        """See `Matches.revised`."""
        old_begins, lines = memoryview(self.line_begins), [self._lines[row] for row in rows]
        new_begins = [old_begins[row] for row in rows] if begins is None else memoryview(begins).tolist()
        whole = bytes(self.data if data is None else data)
        found: dict[int, Group] = {}
        places_of = {row: place for place, row in enumerate(rows)}
        for number, places, values in self._groups:
            for place, texts in zip(places, values, strict=True):
                new_place = places_of.get(place)
                if new_place is not None and new_place not in changes:
                    _add_to(found, number, new_place, texts)
        for place, (end, number, spans) in changes.items():
            lines[place] = whole[new_begins[place] : end]
            if number >= 0:
                _add_to(found, number, place, texts_of(lines[place], spans))
        revised = GroupedMatches(self._variants, whole, lines, lambda: new_begins, list(found.values()))
        revised.timeouts = self.timeouts
        return revised

    @cached_property
    def _spans_by_line(self) -> list[Spans]:
        spans: list[Spans] = [()] * len(self._lines)
        for number, places, values in self._groups:
            variant = self._variants[number]
            for place, texts in zip(places, values, strict=True):
                spans[place] = spans_of(variant, texts)
        return spans


def match_each(match: Callable[[bytes], Found | None], lines: Sequence[bytes]) -> list[Group]:
    """The groups of *lines*, each matched by a call of *match*."""
    groups: dict[int, Group] = {}
    for place, line in enumerate(lines):
        found = match(line)
        if found is not None:
            _add_to(groups, found[0], place, found[1])
    return list(groups.values())


def _add_to(groups: dict[int, Group], number: int, place: int, texts: tuple[bytes, ...]) -> None:
    _, places, values = groups.setdefault(number, (number, [], []))
    places.append(place)
    values.append(texts)


MatchLines = Callable[[Sequence[bytes]], Sequence[Group]]
"""Matches lines one by one, or in groups."""


def match_in_groups(variants: Sequence[Variant], data: Buffer, match_lines: MatchLines) -> GroupedMatches:
    """What an engine in Python gives for *data*; *match_lines* takes lines."""
    whole = bytes(data)  # no copy of what is bytes
    lines, raw_lines = split(whole)

    def begins() -> Iterable[int]:
        ends = itertools.accumulate((len(line) + 1 for line in raw_lines), initial=0)
        return itertools.islice(ends, len(lines))

    return GroupedMatches(variants, whole, lines, begins, match_lines(lines))


def match_spans_in_groups(variants: Sequence[Variant], found: LineSpans, match_lines: MatchLines) -> GroupedMatches:
    """The same for lines that were found by other rules."""
    whole, begins = bytes(found.data), memoryview(found.begins)
    lines = [whole[begin:end] for begin, end in zip(begins, memoryview(found.ends), strict=True)]
    return GroupedMatches(variants, whole, lines, lambda: begins, match_lines(lines))


def spans_of(variant: Variant, texts: Sequence[bytes]) -> Spans:
    """Where the fields of *variant* are in a line that it matched; *texts* are theirs."""
    spans: list[int] = []
    remaining = iter(texts)
    at = 0
    for item in variant.items:
        if isinstance(item, Literal):
            at += len(item.text)
        else:
            start = at
            at += len(next(remaining))
            spans += (start, at)
    return tuple(spans)


def texts_of(line: bytes, spans: Sequence[int]) -> tuple[bytes, ...]:
    """The text of each field of *line*; *spans* is flat: start and end of each."""
    return tuple([line[start:end] for start, end in zip(spans[::2], spans[1::2], strict=True)])


def _column(numbers: Iterable[int]) -> Buffer:
    return memoryview(array("i", numbers))
