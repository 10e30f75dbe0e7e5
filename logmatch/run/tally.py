"""
Tally: what a run has counted.

A `Tally` holds counts that add: each chunk of lines gives one, and their sum is the tally of the run. A `Summary` is a
tally with the time it took and the names of the templates, as plain values for people and machines; how it looks on a
terminal is the business of `commands.summary`.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from logmatch.errors import valid_unicode
from logmatch.linescan import add_pairs, extend_to
from logmatch.run.kinds import UnmatchedKinds
from logmatch.times.times import COUNT_NAMES, COUNTS


class TemplateCounts:
    """
    How many lines matched each template.

    A chunk of a program with many templates has lines of thousands of them, and is done in a millisecond; so counts
    are added without a step of Python for each, where there is a kernel.

    Args:
        pairs: template numbers and lines in turn, as 32-bit integers of this machine; each number once.
    """

    __slots__ = ("_pairs", "_totals")

    def __init__(self, pairs: bytes = b"") -> None:
        self._pairs = pairs
        self._totals = array("q")  # by template number; in a sum
        """What is not in `_pairs`."""

    def add(self, other: TemplateCounts) -> None:
        """Add the counts of *other* to these."""
        if self._pairs:
            add_pairs(self._totals, self._pairs)
            self._pairs = b""
        if other._pairs:
            add_pairs(self._totals, other._pairs)
        if other._totals:
            extend_to(self._totals, len(other._totals) - 1)
            for number, lines in enumerate(other._totals):
                self._totals[number] += lines

    def to_dict(self) -> dict[int, int]:
        """Template number -> lines, for templates with any, in the order of their numbers."""
        counts = Counter({number: lines for number, lines in enumerate(self._totals) if lines})
        pairs = array("i", self._pairs)
        for number, lines in zip(pairs[::2], pairs[1::2], strict=True):
            counts[number] += lines
        return dict(sorted(counts.items()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TemplateCounts) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"TemplateCounts({self.to_dict()})"


class TimeCounts:
    """How many times of lines were read, by what is known of them: see `times.Times.counts`."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts = [0] * COUNTS

    def add(self, counts: Iterable[int]) -> None:
        """Add *counts*, or those of another."""
        self._counts = list(map(sum, zip(self._counts, counts, strict=True)))

    def __iter__(self) -> Iterator[int]:
        return iter(self._counts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TimeCounts) and self._counts == other._counts

    __hash__ = None  # type: ignore[assignment]

    def to_dict(self) -> dict[str, int]:
        """Name of a count -> lines."""
        return dict(zip(COUNT_NAMES, self._counts, strict=True))


@dataclass(slots=True)
class Tally:
    """Counts of lines, bytes and what happened to them. Every line is counted once: as matched, unmatched or blank."""

    lines: int = 0
    matched: int = 0
    blank: int = 0
    """Lines of nothing but spaces and tabs that no template matched; none where they are to be matched like others."""
    too_long: int = 0
    """Unmatched lines that were longer than `--max-line`."""
    not_envelopes: int = 0
    """Unmatched lines that are not of the kind that `--input` says."""
    no_message: int = 0
    """Unmatched lines that are, and have no message."""
    truncated: int = 0
    """Records whose further lines are left out."""
    left_out: int = 0
    """Physical lines that are left out."""
    physical_lines: int = 0
    """Lines of the inputs, of which `lines` may have several each."""
    replaced: int = 0
    """How many U+FFFD were written in place of bytes that are not UTF-8."""
    not_chosen: int = 0
    """Lines without a record, since a choice has left them out; they are counted as matched or unmatched too."""
    numbers_as_text: int = 0
    """How many numbers were written as text, since no double holds them (`--numbers safe`)."""
    bytes_in: int = 0
    """Bytes of whole lines, their terminators included, after decompression."""
    bytes_out: int = 0
    by_template: TemplateCounts = field(default_factory=TemplateCounts)
    """Matched lines."""
    timeouts: Counter[tuple[int, int]] = field(default_factory=Counter)
    """(template number, slot of a `/regex/` field) -> lines for which it took too long."""
    times: TimeCounts = field(default_factory=TimeCounts)
    """All 0 where no times were read."""
    kinds: UnmatchedKinds = field(default_factory=UnmatchedKinds, compare=False)
    """The kinds of unmatched lines, where they are counted."""

    @property
    def unmatched(self) -> int:
        """Lines that no template matched, those that were too long included, and blank ones not."""
        return self.lines - self.matched - self.blank

    @property
    def matched_share(self) -> float:
        """The share of lines that matched, 0 to 1, of those that are not blank; 1 where there was none."""
        return self.matched / (self.lines - self.blank) if self.lines > self.blank else 1.0

    def add(self, other: Tally) -> None:
        """Add the counts of *other* to these."""
        self.lines += other.lines
        self.matched += other.matched
        self.blank += other.blank
        self.too_long += other.too_long
        self.not_envelopes += other.not_envelopes
        self.no_message += other.no_message
        self.truncated += other.truncated
        self.left_out += other.left_out
        self.physical_lines += other.physical_lines
        self.replaced += other.replaced
        self.numbers_as_text += other.numbers_as_text
        self.not_chosen += other.not_chosen
        self.bytes_in += other.bytes_in
        self.bytes_out += other.bytes_out
        self.by_template.add(other.by_template)
        self.timeouts.update(other.timeouts)
        self.times.add(other.times)
        if other.kinds:
            self.kinds.add(other.kinds)


@dataclass(frozen=True, slots=True)
class Summary:
    """What `--summary-json` writes and `--summary` shows. Rates are per second of wall time."""

    lines: int
    matched: int
    unmatched: int
    blank: int
    matched_share: float
    too_long: int
    not_envelopes: int
    no_message: int
    truncated: int
    left_out: int
    physical_lines: int
    replaced: int
    numbers_as_text: int
    not_chosen: int
    templates: int
    templates_used: int
    top_templates: tuple[tuple[str, int], ...]
    unused_templates: tuple[str, ...]
    """The ids of templates that no line matched, in their order."""
    slow_fields: tuple[tuple[str, str, int], ...]
    """(template id, field, lines) for `/regex/` fields that took too long."""
    bytes_in: int
    bytes_out: int
    seconds: float
    lines_per_second: float
    megabytes_in_per_second: float
    megabytes_out_per_second: float
    workers: int
    engine: str
    times: dict[str, int] | None = None
    """Lines by what is known of their times; None where no times were read."""

    def to_dict(self) -> dict[str, Any]:
        """The summary as what JSON can hold, in the order of its fields."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        if self.times is None:
            del plain["times"]
        plain["top_templates"] = [
            {"template_id": valid_unicode(id_), "lines": lines} for id_, lines in self.top_templates
        ]
        plain["unused_templates"] = [valid_unicode(id_) for id_ in self.unused_templates]
        plain["slow_fields"] = [
            {"template_id": valid_unicode(id_), "field": valid_unicode(name), "lines": lines}
            for id_, name, lines in self.slow_fields
        ]
        return plain


def summarize(
    tally: Tally,
    *,
    template_ids: Sequence[str],
    field_name: dict[tuple[int, int], str],
    seconds: float,
    workers: int,
    engine: str,
    top: int = 10,
) -> Summary:
    """
    Return the summary of *tally*.

    Args:
        template_ids: the ids by template number.
        field_name: a name for each (template number, slot) in `tally.timeouts`.
        seconds: wall time of the run.
        top: how many of the most frequent templates to name.
    """
    per_second = 1 / seconds if seconds > 0 else 0.0
    used = tally.by_template.to_dict()
    frequent = sorted(used.items(), key=lambda pair: (-pair[1], pair[0]))
    return Summary(
        lines=tally.lines,
        matched=tally.matched,
        unmatched=tally.unmatched,
        blank=tally.blank,
        matched_share=tally.matched_share,
        too_long=tally.too_long,
        not_envelopes=tally.not_envelopes,
        no_message=tally.no_message,
        truncated=tally.truncated,
        left_out=tally.left_out,
        physical_lines=tally.physical_lines,
        replaced=tally.replaced,
        numbers_as_text=tally.numbers_as_text,
        not_chosen=tally.not_chosen,
        templates=len(template_ids),
        templates_used=len(frequent),
        top_templates=tuple((template_ids[number], lines) for number, lines in frequent[:top]),
        unused_templates=tuple(id_ for number, id_ in enumerate(template_ids) if number not in used),
        slow_fields=tuple(
            (template_ids[place[0]], field_name[place], lines) for place, lines in sorted(tally.timeouts.items())
        ),
        bytes_in=tally.bytes_in,
        bytes_out=tally.bytes_out,
        seconds=seconds,
        lines_per_second=tally.lines * per_second,
        megabytes_in_per_second=tally.bytes_in / 1e6 * per_second,
        megabytes_out_per_second=tally.bytes_out / 1e6 * per_second,
        workers=workers,
        engine=engine,
        times=tally.times.to_dict() if any(tally.times) else None,
    )
