"""
Kinds: which sorts of unmatched lines there are, and how many of each. Bounded, whatever the lines.

A *kind* is a line whose words with digits are masked, so that lines which differ in their numbers, addresses and times
are of one kind. Counts are exact for as long as there are no more kinds than are kept; then the rarest are forgotten
(Metwally's space-saving, done in batches), and a frequent kind loses little.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from logmatch.engine.matches import Matches
from logmatch.program import WHITESPACE

MOST_KINDS = 1000
"""How many kinds are kept."""

MOST_LINE = 1000
"""How much of a line is kept, in bytes; a kind is made of half as much."""

_WORD_WITH_DIGITS = re.compile(rb"\b[A-Za-z_]*+[0-9]\w*+(?:[.:,/-]\w++)*+")


def kind_of(line: bytes) -> bytes:
    """*line* with `#` in place of each word that holds a digit, and of what belongs to it in addresses and times."""
    return _WORD_WITH_DIGITS.sub(b"#", line[: MOST_LINE // 2])


@dataclass(slots=True)
class Kind:
    """How many lines of a kind there were, and the first of them, cut off after `MOST_LINE` bytes."""

    lines: int
    first: bytes


class UnmatchedKinds:
    """Counts kinds of lines; counts of two runs over parts of a log add."""

    def __init__(self) -> None:
        self._kinds: dict[bytes, Kind] = {}

    def add_unmatched(self, matches: Matches) -> None:
        """Count the lines of *matches* that matched nothing, blank ones left out."""
        numbers: list[int] = memoryview(matches.variant_numbers).tolist()
        if -1 not in numbers:
            return
        begins, ends = memoryview(matches.line_begins), memoryview(matches.line_ends)
        data = memoryview(matches.data)
        for place, variant in enumerate(numbers):
            if variant < 0:
                line = bytes(data[begins[place] : min(ends[place], begins[place] + MOST_LINE)]).rstrip(WHITESPACE)
                if line:
                    self._add(kind_of(line), 1, line)
        self._forget()

    def add(self, other: UnmatchedKinds) -> None:
        """Add the counts of *other*, which come after these."""
        for kind, counted in other._kinds.items():
            self._add(kind, counted.lines, counted.first)
        self._forget()

    def most_frequent(self, count: int) -> list[Kind]:
        """The *count* kinds with most lines; of equals, the one that came first."""
        return sorted(self._kinds.values(), key=lambda kind: -kind.lines)[:count]

    def __bool__(self) -> bool:
        return bool(self._kinds)

    def _add(self, kind: bytes, lines: int, first: bytes) -> None:
        known = self._kinds.get(kind)
        if known is None:
            self._kinds[kind] = Kind(lines, first)
        else:
            known.lines += lines

    def _forget(self) -> None:
        """Leave out the rarest kinds where there are twice as many as are kept."""
        if len(self._kinds) > 2 * MOST_KINDS:
            kept = sorted(self._kinds, key=lambda kind: -self._kinds[kind].lines)[:MOST_KINDS]
            chosen = set(kept)
            self._kinds = {kind: counted for kind, counted in self._kinds.items() if kind in chosen}
