"""Batch: lines of one input on their way to a writer: what an engine made of them, and what else is known of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from logmatch.engine.matches import Matches
from logmatch.entries.entries import Entries
from logmatch.line import Buffer
from logmatch.times.times import Times


@dataclass(frozen=True, slots=True)
class Batch:
    """What a writer makes records of: the lines of a buffer, whole ones, in their order."""

    matches: Matches
    """Of any engine."""
    first_line: int
    """The number of the first of the lines, from 1."""
    offset: int = 0
    """Of the buffer in its file, in bytes."""
    entries: Entries | None = None
    """What the lines are, where they are not simply one physical line each; the lines of the matches are theirs."""
    times: Times | None = None
    """The times of the lines, where they were read."""
    keep: Buffer | None = None
    """For each line a byte: 0 if its record is not to be made; None: all are made."""

    def line_numbers(self) -> Sequence[int]:
        """The number of each line."""
        if self.entries is None:
            return range(self.first_line, self.first_line + self.matches.line_count)
        return [self.first_line + delta for delta in memoryview(self.entries.line_deltas)]

    def offsets(self) -> Sequence[int]:
        """Where each line, or the physical line that it begins in, begins in its file."""
        deltas = self.matches.line_begins if self.entries is None else self.entries.offset_deltas
        return [self.offset + delta for delta in memoryview(deltas)]
