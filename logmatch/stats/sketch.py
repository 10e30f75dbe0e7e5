"""
Sketch: how often each value of a field occurs and how many there are, in bounded memory.

Up to `LIMIT` distinct values all of this is exact. Beyond that

- the most frequent values are those that a Misra-Gries summary keeps (it holds the same as space-saving): every count
  is too low by at most `ValueCounts.count_error`, which is at most the number of values divided by `LIMIT`;
- the number of distinct values is estimated from a sample of them (adaptive sampling): those whose hash ends in `depth`
  zero bits, where `depth` grows so that at most `LIMIT` are kept. There are about `kept * 2**depth` of them, with a
  standard error of 1.2 / sqrt(`LIMIT`), 1.2 %.

Nothing here depends on chance: the same values, added in the same batches, give the same answer in every run.
"""

from __future__ import annotations

import heapq
import zlib
from collections import Counter
from collections.abc import Collection, Sequence
from hashlib import blake2b
from itertools import islice

try:
    from logmatch.stats import _spans
except ImportError:
    COMPILED = False
else:
    COMPILED = True

LIMIT = 10_000
"""Distinct values of a field that are counted exactly."""

DISTINCT_ERROR = 0.012
"""The relative standard error of an estimated number of distinct values, with `LIMIT`."""

LONGEST = 256
"""Bytes: of a longer value only the beginning is kept, with a digest that tells it from others."""

_ROOM = 4
"""A summary is cut back to the limit when it holds so many times as many: this is seldom, and so is cheap."""


class Counts:
    """Values and how often each came; `_spans.Counts` is the same where it was compiled."""

    __slots__ = ("_counts", "_new")

    def __init__(self) -> None:
        self._counts: Counter[bytes] = Counter()
        self._new = 0
        """How many values came first with the last `add`: the last so many."""

    def __len__(self) -> int:
        return len(self._counts)

    def add(self, values: Sequence[bytes], longest: int) -> list[bytes]:
        """Count *values*; return those that are longer than *longest* bytes, which are not counted."""
        long = [value for value in values if len(value) > longest]
        before = len(self._counts)
        self._counts.update([value for value in values if len(value) <= longest] if long else values)
        self._new = len(self._counts) - before
        return long

    def items(self, least: int = 1) -> list[tuple[bytes, int]]:
        """Return each value that came *least* times at least, with how often it came."""
        return [pair for pair in self._counts.items() if pair[1] >= least]

    def counts(self) -> list[int]:
        """Return how often each value came."""
        return list(self._counts.values())

    def new_ending_in_zeros(self, bits: int, every: bool = False) -> list[bytes]:
        """Return the values that came first with the last `add`, or all, whose hash ends in so many zero *bits*."""
        return _ending_in_zeros(list(self._counts) if every else self._new_values(), bits)

    def new_beyond(self, least: bytes | None, greatest: bytes | None) -> list[bytes]:
        """Return those that came first with the last `add`, all numbers, that are not between the bounds; None: any."""
        new = self._new_values()
        if least is None or greatest is None:
            return new
        low, high = float(least), float(greatest)
        return [value for value in new if not low < float(value) < high]

    def cut(self, amount: int) -> None:
        """Take *amount* from each count, and leave out values that have no more."""
        self._counts = Counter({value: count - amount for value, count in self._counts.items() if count > amount})
        self._new = 0

    def _new_values(self) -> list[bytes]:
        return list(islice(reversed(self._counts), self._new))


class ValueCounts:
    """
    The values of one field.

    Args:
        limit: distinct values that are counted exactly.
    """

    __slots__ = ("_counts", "_depth", "_error", "_limit", "_sample", "total")

    def __init__(self, limit: int = LIMIT) -> None:
        self.total = 0
        """How many values there were, equal ones counted again."""
        self._limit = limit
        self._counts: Counts | _spans.Counts = _spans.Counts() if COMPILED else Counts()
        self._error = 0
        self._sample: set[bytes] | None = None
        """Values whose hash ends in `_depth` zeros; None while all are in `_counts`."""
        self._depth = 0

    def add(self, values: Sequence[bytes], bounds: tuple[bytes | None, bytes | None] | None = None) -> list[bytes]:
        """
        Count *values*.

        Args:
            bounds: the least and the greatest so far, if they are numbers. All that are not between them are returned,
                but for values that were counted before.
        """
        self.total += len(values)
        long = self._count(values)
        beyond = [] if bounds is None else [*self._counts.new_beyond(*bounds), *long]
        if long:
            self._count([_shortened(value) for value in long])
        if self._sample is not None and len(self._counts) > self._limit * _ROOM:
            self._cut()
        return beyond

    def _count(self, values: Sequence[bytes]) -> list[bytes]:
        long = self._counts.add(values, LONGEST)
        if self._sample is not None:
            self._add_to_sample(self._counts.new_ending_in_zeros(self._depth))
        elif len(self._counts) > self._limit:
            self._sample = set()
            self._add_to_sample(self._counts.new_ending_in_zeros(0, every=True))
        return long

    @property
    def is_exact(self) -> bool:
        """Whether the counts and the number of distinct values are exact."""
        return self._sample is None

    @property
    def distinct(self) -> int:
        """How many values there were, equal ones counted once; see the module for its error."""
        return len(self._counts) if self._sample is None else min(self.total, len(self._sample) << self._depth)

    @property
    def count_error(self) -> int:
        """By how much a count may be too low."""
        return self._error

    def most_common(self, number: int) -> list[tuple[bytes, int]]:
        """The *number* most frequent values with their counts; of equally frequent ones the smallest text first."""
        if number < 1:
            return []
        least = 0
        if len(self._counts) > number:
            least = heapq.nlargest(number, self._counts.counts())[-1]
        found = self._counts.items(least)
        if len(found) > 10 * number:  # most of them once: ties apart
            ties = heapq.nsmallest(number, [value for value, count in found if count == least])
            found = [pair for pair in found if pair[1] > least] + [(value, least) for value in ties]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:number]

    def _cut(self) -> None:
        """Leave at most `_limit` values, by taking from each what the next one has."""
        next_one = sorted(self._counts.counts(), reverse=True)[self._limit]
        self._error += next_one
        self._counts.cut(next_one)

    def _add_to_sample(self, values: Collection[bytes]) -> None:
        """Add values whose hash ends in `_depth` zeros."""
        assert self._sample is not None
        self._sample.update(values)
        while len(self._sample) > self._limit:
            self._depth += 1
            self._sample = set(_ending_in_zeros(self._sample, self._depth))


def _ending_in_zeros(values: Collection[bytes], bits: int) -> list[bytes]:
    """Those of *values* whose hash ends in so many zero *bits*."""
    mask = (1 << bits) - 1
    # A checksum is no hash: of neighbouring values it is too even. The hash of a tuple of numbers mixes it (by xxHash),
    # and is the same in every run, unlike that of bytes.
    hashes = map(hash, zip(map(zlib.crc32, values), map(zlib.adler32, values), strict=True))
    return [value for value, number in zip(values, hashes, strict=True) if not number & mask]


def _shortened(value: bytes) -> bytes:
    return value[: LONGEST - 20] + b"... #" + blake2b(value, digest_size=7).hexdigest().encode()
