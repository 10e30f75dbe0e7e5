"""
Vocabulary: words that are values because they are values elsewhere.

Where enough different words stand at a place, each of them is known to be a value. A message that differs from a group
only where the group has words as values is one of that group (`absorb`), though no other message differs from it in one
word only. And after a word that names what follows (`user`) a known value is one (`name_known`), though no other word
stands there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from logmatch.learn.evidence import NAMES, Place
from logmatch.learn.groups import Change, Groups, keys_of, with_values
from logmatch.learn.shapes import VALUE, Shape, is_open, is_word

_WORDS = 3
"""So many different words at a place make each of them a known value."""
_OUTSIDE = 2
"""So many words must be left where a group has none of its values."""

Columns = dict[Shape, dict[int, set[str]]]


def absorb(groups: Groups) -> Change:
    """Find the groups that differ from another only where that one has words as values."""
    by_keys = groups.by_keys()
    of_length: dict[int, list[Shape]] = defaultdict(list)
    for shape in by_keys:
        of_length[len(shape)].append(shape)
    hosts: dict[tuple[int, tuple[int, ...]], set[Shape]] = defaultdict(set)
    for shape, columns in _columns(groups).items():
        places = tuple(place for place, words in columns.items() if len(words) >= _WORDS)
        if len(places) > 1 and sum(map(is_word, _outside(shape, places))) >= _OUTSIDE:
            hosts[len(shape), places].add(_outside(shape, places))
    change: Change = {}
    for (length, places), outsides in sorted(hosts.items()):
        for shape in of_length[length]:
            words = [place for place in places if shape[place] != VALUE]
            if words and all(is_open(shape[place]) for place in words) and _outside(shape, places) in outsides:
                change.setdefault(shape, with_values(shape, words))
    return change


def name_known(groups: Groups) -> Change:
    """Find known values after words that name what follows."""
    known = {
        word
        for columns in _columns(groups).values()
        for words in columns.values()
        if len(words) >= _WORDS
        for word in words
    }
    change: Change = {}
    for shape in groups.by_keys():
        places = [
            place
            for place, key in enumerate(shape)
            if key in known and is_word(shape[place - 1]) and Place(shape, place).introduction in NAMES
        ]
        if places and sum(map(is_word, shape)) > len(places):
            change[shape] = with_values(shape, places)
    return change


def _columns(groups: Groups) -> Columns:
    """Return for each group the words at the places that are values now."""
    found: Columns = defaultdict(lambda: defaultdict(set))
    for shape, cells in groups.cells.items():
        group = keys_of(cells)
        for place, cell in enumerate(cells):
            if cell.key == VALUE and cell.end == cell.first + 1 and is_word(shape[cell.first]):
                found[group][place].add(shape[cell.first])
    return found


def _outside(shape: Shape, places: Iterable[int]) -> Shape:
    """Return the keys of a shape with values at *places*."""
    keys = list(shape)
    for place in places:
        keys[place] = VALUE
    return tuple(keys)
