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
from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b

LIMIT = 10_000
"""Distinct values of a field that are counted exactly."""

DISTINCT_ERROR = 0.012
"""The relative standard error of an estimated number of distinct values, with `LIMIT`."""

LONGEST = 256
"""Bytes: of a longer value only the beginning is kept, with a digest that tells it from others."""

_ROOM = 4
"""A summary is cut back to the limit when it holds so many times as many: this is seldom, and so is cheap."""


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
        self._counts: Counter[bytes] = Counter()
        self._error = 0
        self._sample: set[bytes] | None = None
        """Values whose hash ends in `_depth` zeros; None while all are in `_counts`."""
        self._depth = 0

    def add(self, values: Sequence[bytes]) -> None:
        """Count *values*."""
        self.total += len(values)
        if max(map(len, values), default=0) > LONGEST:
            values = [value if len(value) <= LONGEST else _shortened(value) for value in values]
        self._counts.update(values)
        if self._sample is not None:
            self._add_to_sample(set(values))
        elif len(self._counts) > self._limit:
            self._sample = set()
            self._add_to_sample(self._counts)
        if self._sample is not None and len(self._counts) > self._limit * _ROOM:
            self._cut()

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
        found = list(self._counts.items())
        if len(found) > 1000 and number < 100:  # most of them once: a heap, and ties apart
            least = self._counts.most_common(number)[-1][1]
            ties = heapq.nsmallest(number, [value for value, count in found if count == least])
            found = [pair for pair in found if pair[1] > least] + [(value, least) for value in ties]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:number]

    def _cut(self) -> None:
        """Leave at most `_limit` values, by taking from each what the next one has."""
        next_one = sorted(self._counts.values(), reverse=True)[self._limit]
        self._error += next_one
        self._counts = Counter({value: count - next_one for value, count in self._counts.items() if count > next_one})

    def _add_to_sample(self, values: Collection[bytes]) -> None:
        assert self._sample is not None
        self._sample.update(_ending_in_zeros(values, self._depth))
        while len(self._sample) > self._limit:
            self._depth += 1
            self._sample = set(_ending_in_zeros(self._sample, self._depth))


def _ending_in_zeros(values: Collection[bytes], bits: int) -> Iterable[bytes]:
    """Those of *values* whose hash ends in so many zero *bits*."""
    mask = (1 << bits) - 1
    # A checksum is no hash: of neighbouring values it is too even. The hash of a tuple of numbers mixes it (by xxHash),
    # and is the same in every run, unlike that of bytes.
    hashes = map(hash, zip(map(zlib.crc32, values), map(zlib.adler32, values), strict=True))
    return [value for value, number in zip(values, hashes, strict=True) if not number & mask]


def _shortened(value: bytes) -> bytes:
    return value[: LONGEST - 20] + b"... #" + blake2b(value, digest_size=7).hexdigest().encode()
