"""
Shortlist: of many templates those that share the most text with a line, before any is aligned.

Two texts that differ in a few letters still have most of their trigrams in common (Ukkonen 1992). A trigram that few
templates hold counts for more than one that most of them hold.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from logmatch.templates.model import Alternatives, Item, Literal, OptionalPart

ALL_BELOW = 60
"""Up to how many templates are all aligned."""

MOST = 40
"""How many of more templates are."""

GRAM = 3

MOST_TEXT = 600
"""How much of a line is looked at, in bytes: this much of its beginning and half as much of its end."""

_BETWEEN = b"\n"
"""Stands between literals: no line holds it."""


class Shortlist:
    """The literals of *patterns*, laid out to be searched."""

    def __init__(self, patterns: Sequence[Sequence[Item]]) -> None:
        texts = [_BETWEEN.join(_literals(items)) for items in patterns]
        self._text = _BETWEEN.join(texts)
        self._begins: list[int] = []
        self.sizes = [len(text) for text in texts]
        """How many bytes of literals each pattern has."""
        at = 0
        for size in self.sizes:
            self._begins.append(at)
            at += size + len(_BETWEEN)

    def nearest(self, line: bytes, most: int = MOST) -> list[int]:
        """The numbers of the *most* patterns that share the most with *line*, the best first."""
        if len(self.sizes) <= ALL_BELOW:
            return list(range(len(self.sizes)))
        shared: dict[int, float] = {}
        for gram in _grams(line):
            found = self._holders(gram)
            weight = math.log(len(self.sizes) / len(found)) if found else 0.0
            for number in found:
                shared[number] = shared.get(number, 0.0) + weight
        # What a template has and the line has not counts against it, less and less.
        score = {number: weight / math.sqrt(self.sizes[number] + 8) for number, weight in shared.items()}
        ranked = sorted(score, key=lambda number: (-score[number], number))[:most]
        if len(ranked) < most:
            ranked += [number for number in range(min(len(self.sizes), 2 * most)) if number not in score]
        return ranked[:most]

    def _holders(self, gram: bytes) -> list[int]:
        """The numbers of the patterns that hold *gram*; none where so many do that it says nothing."""
        limit = len(self.sizes) // 2
        if self._text.count(gram) > 4 * limit:
            return []
        found = []
        at = self._text.find(gram)
        while at >= 0:
            number = bisect_right(self._begins, at) - 1
            found.append(number)
            at = self._text.find(gram, self._begins[number] + self.sizes[number])
        return found if len(found) <= limit else []


def _literals(items: Iterable[Item]) -> list[bytes]:
    texts: list[bytes] = []
    for item in items:
        if isinstance(item, Literal):
            texts.append(item.text)
        elif isinstance(item, OptionalPart):
            texts += _literals(item.items)
        elif isinstance(item, Alternatives):
            texts += _literals(itertools.chain.from_iterable(item.choices))
    return texts


def _grams(line: bytes) -> list[bytes]:
    parts = [line] if len(line) <= 3 * MOST_TEXT // 2 else [line[:MOST_TEXT], line[-MOST_TEXT // 2 :]]
    return list(dict.fromkeys(part[at : at + GRAM] for part in parts for at in range(len(part) - GRAM + 1)))
