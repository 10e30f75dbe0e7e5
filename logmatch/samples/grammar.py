"""
Grammar: what a system writes, as texts with *slots*, `{name}`, and for each slot what fills it.

The same seed gives the same bytes on every Python: all chance is `random.Random.random`, the one method whose sequence
is promised to stay ("Notes on Reproducibility", https://docs.python.org/3/library/random.html). There is no wall clock.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import call
from random import Random
from typing import TypeVar

_T = TypeVar("_T")
Maker = Callable[[], str]
"""Each call gives a new text."""

Slots = Mapping[str, Maker | tuple[str, ...]]
"""For each slot its maker, or texts of which one is taken, their own slots filled."""

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
USERS = (
    *("maria", "deploy", "tomasz", "backup", "ines", "olu", "git", "hanna", "root", "kofi", "priya", "ansible"),
    *("lukas", "svc-report", "yara", "ben.k", "noor", "matteo", "www-data", "ewa_n", "quentin", "zuzana"),
)
_TWO = tuple(f"{number:02}" for number in range(60))


@dataclass(frozen=True, slots=True)
class System:
    """
    What one system writes, as texts with slots.

    `kinds` gives each template id its weight and its whole line; the weights add up to at most 500, so the first 500
    clean lines hold every template. `free` is the id whose line has a slot `free` that takes any text without `\\n`,
    with `"` and `\\` escaped if `escaped`. `unknown` are lines that no template describes; `traces` are continuation
    lines that may follow a line of `free`, as they are.
    """

    kinds: Mapping[str, tuple[int, str]]
    slots: Callable[[Chance], Slots]
    free: str
    unknown: tuple[str, ...]
    traces: tuple[tuple[str, ...], ...] = ()
    escaped: bool = False


class Chance:
    """All that varies, built on `random` alone (see the module). Most methods return a maker: each call, a new text."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed).random

    def pick(self, choices: Sequence[_T]) -> _T:
        """Return one of *choices*, all equally likely."""
        return choices[int(self.random() * len(choices))]

    def shuffled(self, choices: Sequence[_T]) -> list[_T]:
        random = self.random
        return sorted(choices, key=lambda _: random())

    def number(self, low: int, high: int, form: str = "") -> Maker:
        """Return a maker of integers from *low* to *high* - 1."""
        random, width = self.random, high - low
        if not form:
            return lambda: str(low + int(random() * width))
        return lambda: format(low + int(random() * width), form)

    def small(self, high: int) -> Maker:
        """Return a maker of integers from 0 to *high* - 1, mostly small ones: sizes, durations."""
        random = self.random
        return lambda: str(int(random() * random() * random() * high))

    def decimal(self, high: float, places: int) -> Maker:
        """Return a maker of numbers from 0 to *high* with *places* digits after the point, mostly small ones."""
        random, form = self.random, f"%.{places}f"
        return lambda: form % (random() * random() * high)

    def hex(self, digits: int) -> Maker:
        """Return a maker of *digits* hexadecimal digits, at most 12."""
        random, limit, form = self.random, 16**digits, f"%0{digits}x"
        return lambda: form % int(random() * limit)

    def uuid(self) -> str:
        random = self.random
        low, high = f"{int(random() * 0x1000000000000):012x}", f"{int(random() * 0x1000000000000):012x}"
        return f"{high[:8]}-{high[8:]}-4{low[:3]}-a{low[3:6]}-{low[6:]}{high[2:8]}"

    def pool(self, choices: Sequence[str]) -> Maker:
        """Return a maker that takes the first of *choices* far more often than the last: users, hosts, addresses."""
        random = self.random
        drawn = [choices[int(random() * random() * random() * len(choices))] for _ in range(4096)]
        return lambda: drawn[int(random() * 4096)]

    def addresses(self, count: int, *networks: str) -> Maker:
        """Return a `pool` of *count* addresses; a network is an address without its last number or numbers."""
        byte, group = self.number(1, 255), self.number(1, 0xFFFF, "x")
        made = []
        for network in (self.pick(networks) for _ in range(count)):
            if ":" in network:
                made.append(f"{network}{group()}:{group()}")
            else:
                made.append(network + ".".join(byte() for _ in range(4 - network.count("."))))
        return self.pool(made)


class Clock:
    """
    A maker of times that only go forward, from 06:00 on 3 March 2025.

    The text down to the minute is made once a minute: that is what keeps a line cheap.
    """

    def __init__(
        self, chance: Chance, day: Callable[[datetime], str], gap: float, form: str = "", unit: int = 1
    ) -> None:
        """
        Args:
            day: writes all that stands before the hour.
            gap: the mean time between lines in seconds.
            form: writes the part of the second, in units of *unit* microseconds.
        """
        self._random = chance.random
        self._day = day
        self._reach = gap * 4e6  # the product of two numbers from [0, 1) is 1/4 on average
        self._form = form
        self._unit = unit
        self._minute = datetime(2025, 3, 3, 6, 0)
        self._micros = 0
        self._text = ""
        self._turn(0)

    def __call__(self) -> str:
        random = self._random
        self._micros += int(random() * random() * self._reach)
        if self._micros >= 60_000_000:
            self._turn(self._micros // 60_000_000)
        second, micros = divmod(self._micros, 1_000_000)
        if self._form:
            return self._text + _TWO[second] + self._form % (micros // self._unit)
        return self._text + _TWO[second]

    def _turn(self, minutes: int) -> None:
        self._micros -= minutes * 60_000_000
        self._minute += timedelta(minutes=minutes)
        self._text = f"{self._day(self._minute)}{self._minute.hour:02}:{self._minute.minute:02}:"


class Grammar:
    """Slots made ready: a slot that was a tuple of texts is one of these texts, their own slots filled."""

    def __init__(self, slots: Slots, chance: Chance) -> None:
        self._slots = slots
        self._chance = chance
        self._made: dict[str, Maker] = {}

    def maker(self, text: str) -> Maker:
        """Return a maker of *text* with its slots filled anew at each call."""
        pieces = re.split(r"\{(\w+)\}", self._inlined(text))
        if len(pieces) == 1:
            return lambda: pieces[0]
        if len(pieces) == 3 and pieces[0] == pieces[2] == "":
            return self._slot(pieces[1])
        form = "%s".join(piece.replace("%", "%%") for piece in pieces[::2])
        makers = tuple(map(self._slot, pieces[1::2]))
        return lambda: form % tuple(map(call, makers))

    def _inlined(self, text: str) -> str:
        """*text* with the slots that hold just one text replaced by that text: a call less for each."""

        def inline(slot: re.Match[str]) -> str:
            filling = self._slots[slot[1]]
            return self._inlined(filling[0]) if isinstance(filling, tuple) and len(filling) == 1 else slot[0]

        return re.sub(r"\{(\w+)\}", inline, text)

    def _slot(self, name: str) -> Maker:
        if name not in self._made:
            slot = self._slots[name]
            self._made[name] = self._one_of(slot) if isinstance(slot, tuple) else slot
        return self._made[name]

    def _one_of(self, texts: tuple[str, ...]) -> Maker:
        random, count = self._chance.random, len(texts)
        if not any("{" in text for text in texts):
            return lambda: texts[int(random() * count)]
        makers = tuple(map(self.maker, texts))
        return lambda: makers[int(random() * count)]()
