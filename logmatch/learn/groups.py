"""
Groups: which shapes belong together, and which tokens of each are its fields.

Every shape keeps its *cells*: pieces of one token or more, with a key each. Shapes whose cells have equal keys are one
group. A pass changes cells by the key tuple of a group, so shapes that are together stay together; nothing depends on
the order in which messages came.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from logmatch.learn.shapes import VALUE, Shape, Token, scan


class Cell(NamedTuple):
    """A key that stands for the tokens `first` to `end` (half-open) of a shape, or of a group's cells."""

    key: str
    first: int
    end: int


_LINES = 2_000

Cells = tuple[Cell, ...]
Change = dict[Shape, Cells]
"""What a pass wants: for the key tuple of a group, cells over the places of that tuple."""


def keys_of(cells: Iterable[Cell]) -> Shape:
    """Return the keys of cells."""
    return tuple(cell.key for cell in cells)


def unchanged(shape: Shape) -> list[Cell]:
    """Return a cell for each place of a shape."""
    return [Cell(key, place, place + 1) for place, key in enumerate(shape)]


def with_values(shape: Shape, places: Iterable[int]) -> Cells:
    """Return the cells of a shape with values at *places*."""
    cells = unchanged(shape)
    for place in places:
        cells[place] = Cell(VALUE, place, place + 1)
    return tuple(cells)


class Groups:
    """Messages by their shapes, and shapes by their cells."""

    def __init__(self, messages: Mapping[str, int]) -> None:
        self.lines: dict[str, int] = dict(messages)
        """How many lines have this message."""
        self.tokens: dict[str, list[Token]] = {message: scan(message) for message in messages}
        self.shape: dict[str, Shape] = {
            message: tuple(token.key for token in tokens) for message, tokens in self.tokens.items()
        }
        self.weight: Counter[Shape] = Counter()
        for message, shape in self.shape.items():
            self.weight[shape] += self.lines[message]
        self.cells: dict[Shape, Cells] = {shape: tuple(unchanged(shape)) for shape in self.weight}
        self.shortened: set[Shape] = set()
        """Groups some of whose messages have a part in parentheses that others lack."""

        self.scale = min(1.0, _LINES / max(1, self.weight.total()))
        """How many lines a line counts as where it matters how often something comes: a log counts as 2,000 at most."""

    def by_keys(self) -> dict[Shape, int]:
        """Return the lines of each group by its key tuple, in an order that does not depend on that of the lines."""
        found: Counter[Shape] = Counter()
        for shape, lines in self.weight.items():
            found[keys_of(self.cells[shape])] += lines
        return dict(sorted(found.items()))

    def apply(self, change: Change) -> bool:
        """Put the cells of *change* in place of those of its groups; tell whether that changed anything."""
        change = {group: cells for group, cells in change.items() if keys_of(cells) != group}
        if change:
            for shape, cells in self.cells.items():
                if new := change.get(keys_of(cells)):
                    self.cells[shape] = tuple(_over(cells, cell) for cell in new)
        return bool(change)

    def group(self, message: str) -> Shape:
        """Return the key tuple of the group of a message."""
        return keys_of(self.cells[self.shape[message]])


def _over(cells: Cells, new: Cell) -> Cell:
    """Return *new*, which counts cells, as a cell that counts tokens."""
    first = cells[new.first].first if new.first < len(cells) else cells[-1].end if cells else 0
    return Cell(new.key, first, cells[new.end - 1].end if new.end > new.first else first)
