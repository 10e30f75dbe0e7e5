"""
Times: for each line of a buffer when it was written, as integers that any writer can read.

For line i, from 0:

    seconds are counted in nanoseconds[i]   since 1970-01-01T00:00:00, of UTC, or of a clock whose zone nobody knows
    states[i]                               what is known of it: one of `State`
    digits[i]                               how many digits of a fraction the line has, at most 9

`nanoseconds` has 64-bit integers, the others bytes; all are objects with the buffer protocol. Where the state is `NONE`
or `IMPOSSIBLE` there is no time, and the number says nothing.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol

from logmatch.engine.matches import Matches
from logmatch.line import Buffer
from logmatch.program import Program


class State(enum.IntEnum):
    """What is known of the time of a line."""

    NONE = 0
    """There is none: the line is unmatched, or has no field of a time, or that holds no time (a `-`)."""
    NAIVE = 1
    """A time of a clock whose zone neither the line says nor anybody else."""
    ZONED = 2
    """A moment."""
    IMPOSSIBLE = 3
    """A day or time that does not exist, or one that 64 bits of nanoseconds do not hold (before 1677, after 2262)."""
    AMBIGUOUS = 4
    """A moment: the clock showed this time twice, and the first counts."""
    GAP = 5
    """A moment: the clock never showed this time, and was set forward instead; the time has been moved forward too."""


LEAP, UNKNOWN_ZONE = 6, 7
"""Places in `Times.counts` beside those of states."""

COUNT_NAMES = (*(state.name.lower() for state in State), "leap", "unknown_zone")
"""What each count is called."""

COUNTS = len(COUNT_NAMES)
"""How many counts there are."""


@dataclass(frozen=True, slots=True)
class TimeOptions:
    """What the request says of the times of lines; it goes before what template files say."""

    zone: str | None = None
    """Of times without one."""
    year: str | None = None
    """Of times without one: `mtime`, `now` or a number."""


@dataclass(frozen=True, slots=True)
class Times:
    """The times of lines; see the module."""

    nanoseconds: Buffer
    states: Buffer
    digits: Buffer
    counts: tuple[int, ...]
    """Lines by `State`; then those with a leap second (:60), and those with the word of a zone that is not known."""


class TimeReader(Protocol):
    """Reads the times of lines; threads may share one."""

    def read(self, matches: Matches, modified: int | None) -> Times:
        """
        The times of the lines of *matches*.

        Args:
            modified: when their input was last written to, in seconds since 1970; None: this is not known, or goes on.
        """


def make_time_reader(program: Program, options: TimeOptions, *, by_columns: bool) -> TimeReader:
    """
    A reader of the times in lines of *program*.

    Args:
        by_columns: whether it is to read the columns of matches, which takes the compiled module, or their groups.

    Raises:
        UsageError: a zone cannot be loaded.
    """
    if by_columns:
        from logmatch.times.native import NativeTimeReader

        return NativeTimeReader(program, options)
    from logmatch.times.reference import PythonTimeReader

    return PythonTimeReader(program, options)
