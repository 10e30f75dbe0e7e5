"""
Known ends: where the scans of one kind of token end in a line, in time that is linear in the line.

A line may come to a token from many places: from each byte of a long run, or from the same place again and again, when
many texts of the field before end there. Where a token ends depends on its kind and its place alone. So scans count
what they read; when that is a few times the line, what each place gives is written down, at once for all places from
which a scan ends alike. This is "packrat parsing" (Ford 2002), paid for by hostile lines only. The kernel does it too.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable
from typing import Protocol

Alike = Callable[[bytes, int], int]
"""
(line, place) -> the next place where a text may begin, and from which a scan ends as it does from *place*; -1: none is
known.
"""

_PLENTY = 4
"""How often scans of a kind may read the line until what they find is written down."""


class Scanned(Protocol):
    """What an expression found."""

    def end(self) -> int: ...


class Scan(Protocol):
    """What scans: an expression, or a part of one."""

    def match(self, string: bytes, pos: int, /) -> Scanned | None: ...


def alike(expression: bytes) -> Alike:
    """*expression* matches from a place up to the next from which a scan ends alike."""
    match_at = re.compile(expression, re.DOTALL).match

    def next_place(line: bytes, place: int) -> int:
        match = match_at(line, place)
        return -1 if match is None else match.end()

    return next_place


class KnownEnds:
    """
    The ends of one kind of token in one line.

    Args:
        scan: matches the token at a place.
        first_bytes: with which it can begin; None: with any, or it can be empty.
        next_alike: None where every place is scanned on its own.
    """

    def __init__(self, line: bytes, scan: Scan, first_bytes: bytes | None, next_alike: Alike | None = None) -> None:
        self._line = line
        self._scan = scan
        self._first_bytes = first_bytes
        self._next_alike = next_alike
        self._left = _PLENTY * (len(line) + 64)
        self._ends: array[int] | None = None  # for each place one more than the end; -1: there is none, 0: not known

    def end(self, start: int) -> int:
        """Where the text ends that begins at *start*, or -1."""
        if self._first_bytes is not None and self._line[start : start + 1] not in self._first_bytes:
            return -1
        if self._left <= 0:
            return self._known_end(start)
        match = self._scan.match(self._line, start)
        end = -1 if match is None else match.end()
        # What was read in vain is not known: the rest of the line at most.
        self._left -= (end if match else len(self._line)) - start + 1
        return end

    def _known_end(self, start: int) -> int:
        ends = self._ends
        if ends is None:
            ends = self._ends = array("i", bytes(4 * (len(self._line) + 1)))
        places = []
        place = start
        while place >= 0 and not ends[place]:
            places.append(place)
            place = -1 if self._next_alike is None else self._next_alike(self._line, place)
        if place >= 0:
            known = ends[place]
        else:
            match = self._scan.match(self._line, start)
            known = -1 if match is None else match.end() + 1
        for place in places:
            ends[place] = known
        return known - 1 if known > 0 else -1
