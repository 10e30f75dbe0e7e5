"""
Passes: what joins shapes that one statement of a program wrote.

`slot` joins shapes that differ in one word, where the words there are the values of a field. `merge_lists`,
`fill_brackets` and `drop_parentheses` join shapes that are equal once a list is one value, an empty pair of brackets
holds one, and a value in parentheses is left out. `cut_tails` gives up on the text after `name:` where it is free.
They are repeated until nothing changes; each is a function of all groups, so the order of lines does not show.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from logmatch.learn.evidence import METHODS, Place, free_text, is_identifier, varies
from logmatch.learn.groups import Cell, Cells, Change, Groups, keys_of, unchanged, with_values
from logmatch.learn.shapes import REST, VALUE, Shape, is_open, is_stem, is_word
from logmatch.learn.vocabulary import absorb, name_known

_MASK = (1 << 61) - 1
_PAIRS = 3
_PAIRS_SHARE = 0.9
_NAMES = 3
_TEXTS = 3
"""So many different texts between quotes are free text."""
_LONG = 160
"""Places of a shape beyond this one are not looked at by `slot`: such a line is a document, not a message."""


def join(groups: Groups) -> None:
    """Run the passes until no pass changes a group."""
    groups.apply(open_pairs(groups))
    again = True
    while again:
        while groups.apply(slot(groups)):
            pass
        again = groups.apply(_alike(groups, merge_lists))
        again |= groups.apply(_alike(groups, fill_brackets))
        again |= groups.apply(merge_quotes(groups))
        again |= groups.apply(identifiers(groups))
        again |= groups.apply(absorb(groups))
        again |= groups.apply(name_known(groups))
        again |= groups.apply(cut_tails(groups))
        again |= _parentheses(groups)


def slot(groups: Groups) -> Change:
    """Find the places where groups differ in one word only and the words are values."""
    by_keys = groups.by_keys()
    at: dict[tuple[int, int, int], list[Shape]] = defaultdict(list)
    for shape in by_keys:
        words = sum(map(is_word, shape))
        before, after = _hashes(shape)
        for place, key in enumerate(shape[:_LONG]):
            if is_open(key) and words > is_word(key):
                at[place, before[place], after[place + 1]].append(shape)
    many = sorted(
        ((-len(shapes), place, shapes) for (place, _, _), shapes in at.items() if len(shapes) > 1),
        key=lambda found: (found[0], -found[1], found[2]),
    )
    change: Change = {}
    for _, place, shapes in many:
        lines = {shape[place]: by_keys[shape] for shape in shapes}
        if varies(lines, Place(shapes[0], place), groups.scale):
            for shape in shapes:
                if shape[place] != VALUE:
                    change.setdefault(shape, with_values(shape, [place]))
    return change


def identifiers(groups: Groups) -> Change:
    """Find the places where groups differ in names made for machines only, at several places at a time."""
    outside: dict[Shape, list[Shape]] = defaultdict(list)
    for shape in groups.by_keys():
        places = [place for place, key in enumerate(shape) if _is_name(key) and not Place(shape, place).is_first]
        if places and sum(map(is_word, shape)) > len(places):
            outside[keys_of(with_values(shape, places))].append(shape)
    change: Change = {}
    for masked, shapes in sorted(outside.items()):
        columns = {place: {shape[place] for shape in shapes} for place, key in enumerate(masked) if key == VALUE}
        places = [place for place, names in columns.items() if VALUE in names or len(names) >= _NAMES]
        for shape in shapes:
            if any(shape[place] != VALUE for place in places):
                change[shape] = with_values(shape, places)
    return change


def _is_name(key: str) -> bool:
    return is_word(key) and not key.isupper() and is_identifier(key)


def _hashes(shape: Shape) -> tuple[list[int], list[int]]:
    """Return the hashes of all beginnings and of all ends of a shape."""
    before, after = [0], [0]
    for key in shape:
        before.append((before[-1] * 1_000_003 + hash(key)) & _MASK)
    for key in reversed(shape):
        after.append((after[-1] * 1_000_003 + hash(key)) & _MASK)
    after.reverse()
    return before, after


def _alike(groups: Groups, squash: Callable[[Shape], Cells]) -> Change:
    """Squash the groups that are equal to another one then, where they differ."""
    by_result: dict[Shape, list[Shape]] = defaultdict(list)
    for shape in groups.by_keys():
        by_result[keys_of(squash(shape))].append(shape)
    change: Change = {}
    for result, shapes in by_result.items():
        if len(shapes) > 1 and any(map(is_word, result)):  # without a word the template would match anything
            squashed = [squash(shape) for shape in shapes]
            differs = [
                len({shape[cell.first : cell.end] for shape, cell in zip(shapes, cells, strict=True)}) > 1
                for cells in zip(*squashed, strict=True)
            ]
            for shape, cells in zip(shapes, squashed, strict=True):
                change[shape] = _where(shape, cells, differs)
    return change


def _where(shape: Shape, cells: Cells, differs: Sequence[bool]) -> Cells:
    """Return *cells*, but those of *shape* itself where groups do not differ."""
    found: list[Cell] = []
    for cell, is_other in zip(cells, differs, strict=True):
        if is_other:
            found.append(cell)
        else:
            found += [Cell(shape[place], place, place + 1) for place in range(cell.first, cell.end)]
    return tuple(found)


def merge_lists(shape: Shape) -> Cells:
    """Make one value of values that stand side by side or are joined by punctuation."""
    cells: list[Cell] = []
    for place, key in enumerate(shape):
        value = key == VALUE or is_stem(key)
        if value and cells and cells[-1].key == key:
            cells[-1] = Cell(key, cells[-1].first, place + 1)
        elif value and len(cells) > 1 and cells[-1].key in _JOINTS and cells[-2].key == key:
            cells[-2:] = [Cell(key, cells[-2].first, place + 1)]
        else:
            cells.append(Cell(key, place, place + 1))
    return tuple(cells)


_JOINTS = frozenset((",", ":", "/", "#", "|", "@"))


def fill_brackets(shape: Shape) -> Cells:
    """Put an empty value between brackets or quotes that hold nothing."""
    cells: list[Cell] = []
    for place, key in enumerate(shape):
        if place and shape[place - 1] + key in ("()", "[]", "{}", '""', "''"):
            cells.append(Cell(VALUE, place, place))
        cells.append(Cell(key, place, place + 1))
    return tuple(cells)


def drop_parentheses(shape: Shape) -> Cells:
    """Leave out values in parentheses."""
    cells: list[Cell] = []
    for cell in unchanged(shape):
        cells.append(cell)
        if cell.key == ")" and keys_of(cells[-3:-1]) == ("(", VALUE):
            del cells[-3:]
    return tuple(cells)


def _parentheses(groups: Groups) -> bool:
    """Join groups that differ in values in parentheses, and note that the part is optional."""
    change = _alike(groups, drop_parentheses)
    groups.shortened.update(keys_of(cells) for cells in change.values())
    return groups.apply(change)


def merge_quotes(groups: Groups) -> Change:
    """Make one value of the texts between double quotes where groups differ in these only; a first text is a name."""
    at: dict[Shape, dict[Shape, list[tuple[int, int]]]] = defaultdict(dict)
    for shape in groups.by_keys():
        marks = [place for place, key in enumerate(shape) if key == '"']
        quoted = [
            (first + 1, last)
            for first, last in zip(marks[::2], marks[1::2], strict=False)
            if first and last > first + 1 and shape[first + 1] not in METHODS
        ]
        if quoted:
            at[keys_of(_with_one_value(shape, quoted))][shape] = quoted
    change: Change = {}
    for outside, found in sorted(at.items()):
        if not any(map(is_word, outside)):
            continue
        rows = [[shape[first:end] for first, end in quoted] for shape, quoted in found.items()]
        free = [(VALUE,) in texts or len(set(texts)) >= _TEXTS for texts in zip(*rows, strict=True)]
        for shape, quoted in found.items():
            if places := [place for place, is_free in zip(quoted, free, strict=True) if is_free]:
                change[shape] = _with_one_value(shape, places)
    return change


def _with_one_value(shape: Shape, places: Iterable[tuple[int, int]]) -> Cells:
    """Return the cells of a shape with one value for each of *places*, half-open and in order."""
    cells: list[Cell] = []
    position = 0
    for first, end in places:
        cells += [Cell(shape[place], place, place + 1) for place in range(position, first)]
        cells.append(Cell(VALUE, first, end))
        position = end
    return (*cells, *(Cell(shape[place], place, place + 1) for place in range(position, len(shape))))


def cut_tails(groups: Groups) -> Change:
    """Make one field of what follows `name:` or `name=` to the end, where it is free text."""
    at: dict[Shape, Counter[Shape]] = defaultdict(Counter)
    for shape, lines in groups.by_keys().items():
        for place, key in enumerate(shape[:-1]):
            if key in (":", "=", ": ") and place and is_word(shape[place - 1]):
                at[shape[: place + 1]][shape[place + 1 :]] += lines
    change: Change = {}
    for head in sorted(at, key=lambda head: (len(head), head)):
        tails = at[head]
        if free_text(head, tails, groups.scale):
            for tail in tails:
                cells = [*unchanged(head), Cell(REST, len(head), len(head) + len(tail))]
                change.setdefault(head + tail, tuple(cells))
    return change


def open_pairs(groups: Groups) -> Change:
    """Make values of all words after `=` in messages that begin with a pair `key=value` and consist of such pairs."""
    change: Change = {}
    for shape in groups.by_keys():
        values = [
            place + 1
            for place, key in enumerate(shape[:-1])
            if key == "=" and place and is_word(shape[place - 1]) and is_open(shape[place + 1])
        ]
        if shape[1:2] == ("=",) and len(values) >= _PAIRS and 3 * len(values) >= _PAIRS_SHARE * len(shape):
            change[shape] = with_values(shape, values)
    return change
