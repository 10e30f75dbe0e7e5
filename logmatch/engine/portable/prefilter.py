"""
Prefilter: literals -> candidates. A line that does not hold the literals of a variant cannot match it.

A `Filter` is made from variants that a line has already been narrowed down to. For a few of them it looks for one
literal each; for many it finds all their literals in one pass with an Aho-Corasick automaton. Its answers are a
superset of what matches; the confirmation is not its business.

pyahocorasick takes `str`; the latin-1 view (one character for each byte) is made here and nowhere else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from logmatch.templates.model import Field, Literal

Items = Sequence[Literal | Field]

AUTOMATON_FROM = 12
"""
From how many variants on an automaton is used: one pass over a line of 100 bytes costs about as much as so many
searches.
"""


class Filter:
    """
    Narrows *variants* (their items by number) down to those whose rarest literal is in a line.

    The rarest is the one that the fewest others of them hold, the longest of those. Literals are looked for in the
    whole rest of the line, so their place and order do not count.
    """

    def __init__(self, variants: dict[int, Items]) -> None:
        uses = Counter(text for items in variants.values() for text in set(_literals(items)))
        self._required = {
            number: max(_literals(items), key=lambda text: (-uses[text], len(text)), default=b"")
            for number, items in sorted(variants.items())
        }
        self._few = list(self._required.items())
        self._automaton: Any = None
        self._always: list[int] = []
        if len(self._few) >= AUTOMATON_FROM:
            self._automaton, self._always = _automaton(self._few)

    def candidates(self, line: bytes, start: int) -> Iterable[int]:
        """
        The numbers of the variants that can match, in order, where their literals are in *line* from *start* on.
        """
        if self._automaton is None:
            return [number for number, text in self._few if line.find(text, start) >= 0]
        found = set(self._always)
        for _, numbers in self._automaton.iter(line.decode("latin-1"), start):
            found.update(numbers)
        return sorted(found)


def _automaton(required: Iterable[tuple[int, bytes]]) -> tuple[Any, list[int]]:
    """The automaton whose values are the numbers that need a literal, and the numbers that need none."""
    import ahocorasick  # only large sets of templates pay for its import

    numbers: dict[bytes, list[int]] = {}
    for number, text in required:
        numbers.setdefault(text, []).append(number)
    always = numbers.pop(b"", [])
    automaton = ahocorasick.Automaton()
    for text, wanting in numbers.items():
        automaton.add_word(text.decode("latin-1"), tuple(wanting))
    automaton.make_automaton()
    return (automaton if numbers else None), always


def _literals(items: Items) -> list[bytes]:
    return [item.text for item in items if isinstance(item, Literal)]
