"""
Timeline: how many lines there were when, by template, in bounded memory; drawn as a sparkline.

A place in the log is a number, a second or the number of a line. Places are counted in steps of a width that grows with
the span of the log, so that there are at most `_MOST` steps.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

_MOST = 480
"""Steps of all of a timeline."""

_SECONDS = (1, 10, 60, 600, 3600, 21_600, 86_400)
"""Widths in seconds that people think in; each is a multiple of the one before, as further ones are by 7 and 4."""

_SHOWN_SECONDS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)

_BLOCKS = "▁▂▃▄▅▆▇█"

Key = str | None


class Timeline:
    """
    Lines by template and place.

    Args:
        by_time: whether places are seconds; else they are numbers of lines.
    """

    __slots__ = ("_by_key", "_by_time", "_high", "_low", "_width")

    def __init__(self, *, by_time: bool) -> None:
        self._by_time = by_time
        self._width = 1
        self._by_key: dict[Key, dict[int, int]] = {}
        self._low = self._high = 0

    def add(self, key: Key, counts: Mapping[int, int]) -> None:
        """Add lines of the template *key*, by place."""
        if not counts:
            return
        self._reach(min(counts), max(counts))
        width, steps = self._width, self._by_key.setdefault(key, {})
        for place, lines in counts.items():
            step = place // width
            steps[step] = steps.get(step, 0) + lines

    def add_lines(self, key: Key, begin: int, offsets: Sequence[int]) -> None:
        """Add a line of the template *key* at the place *begin* and each of *offsets*, which ascend."""
        if not offsets:
            return
        self._reach(begin + offsets[0], begin + offsets[-1])
        width, steps = self._width, self._by_key.setdefault(key, {})
        at = 0
        while at < len(offsets):
            step = (begin + offsets[at]) // width
            end = bisect_left(offsets, (step + 1) * width - begin, at)
            steps[step] = steps.get(step, 0) + end - at
            at = end

    def _reach(self, low: int, high: int) -> None:
        """Take in the places from *low* to *high*."""
        if self._by_key:
            low, high = min(low, self._low), max(high, self._high)
        self._low, self._high = low, high
        width = self._width
        while high // width - low // width >= _MOST:
            width = self._wider(width)
        if width != self._width:
            factor, self._width = width // self._width, width
            for key, steps in self._by_key.items():
                wider: dict[int, int] = {}
                for step, lines in steps.items():
                    wider[step // factor] = wider.get(step // factor, 0) + lines
                self._by_key[key] = wider

    def _wider(self, width: int) -> int:
        if not self._by_time:
            return width * 2
        return next((each for each in _SECONDS if each > width), width * 7)

    # --- what it shows

    @property
    def begin(self) -> int:
        """The first place; 0 where there is none."""
        return self._low

    @property
    def end(self) -> int:
        """The last place."""
        return self._high

    def step(self, columns: int) -> int:
        """The width of steps of which at most *columns* show all of the timeline."""
        if self._by_time:
            for step in _SHOWN_SECONDS:
                if step % self._width == 0 and self._high // step - self._low // step < columns:
                    return step
        step = self._width
        while self._high // step - self._low // step >= columns:
            step *= 2
        return step

    def counts(self, step: int, key: Key) -> list[int]:
        """The lines of the template *key* in steps of this width."""
        return self._sum(step, [self._by_key.get(key, {})])

    def total(self, step: int) -> list[int]:
        """The lines of all templates in steps of this width."""
        return self._sum(step, self._by_key.values())

    def _sum(self, step: int, several: Iterable[Mapping[int, int]]) -> list[int]:
        first, width = self._low // step, self._width
        sums = [0] * (self._high // step - first + 1) if self._by_key else []
        for steps in several:
            for place, lines in steps.items():
                sums[max(0, place * width // step - first)] += lines
        return sums


def sparkline(counts: Sequence[int]) -> str:
    """*counts* as blocks of that height; a space is none."""
    most = max(counts, default=0)
    return "".join(" " if not count else _BLOCKS[(count * len(_BLOCKS) - 1) // most] for count in counts)
