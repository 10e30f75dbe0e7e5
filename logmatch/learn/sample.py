"""
Sample: a bounded choice of different texts that does not depend on their order.

Those with the smallest checksums are kept, with how often they came. A text that is kept at the end was kept from its
first time on, since the bound only sinks: so its count is exact.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

_ALL = 1 << 32
"""The bound that no checksum reaches."""


class Sample:
    """Of all texts that were added at most *size* different ones, with at most *budget* bytes."""

    def __init__(self, size: int, budget: int) -> None:
        self._size = size
        self._budget = budget
        self._bound = _ALL
        self._counts: dict[bytes, int] = {}
        self._bytes = 0

    def add(self, text: bytes) -> None:
        """Add a text."""
        counts = self._counts
        if text in counts:
            counts[text] += 1
        elif self._bound == _ALL or zlib.crc32(text) < self._bound:
            counts[text] = 1
            self._bytes += len(text)
            if len(counts) >= 2 * self._size or self._bytes >= 2 * self._budget:
                self._shrink()

    def _shrink(self) -> None:
        """Lower the bound to the first text in the order of checksums that there is no room for."""
        ordered = sorted((zlib.crc32(text), text) for text in self._counts)
        room = self._budget
        for number, (checksum, text) in enumerate(ordered):
            room -= len(text)
            if number == self._size or room < 0:
                self._bound = checksum
                self._counts = {text: self._counts[text] for at, text in ordered if at < checksum}
                break
        self._bytes = sum(map(len, self._counts))

    def items(self) -> Iterator[tuple[bytes, int]]:
        """Yield texts and how often they came, sorted."""
        self._shrink()
        yield from sorted(self._counts.items())
