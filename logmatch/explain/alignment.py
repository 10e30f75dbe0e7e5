"""
Alignment: a line beside the items of a template, with the fewest departures.

A line that a template does not match is laid beside it so that least of the two is left unexplained: literal bytes
that differ, are missing or are too many cost an edit each, a field whose text is not of its type two. What a free field
takes costs next to nothing, but not nothing: of two templates with one edit each, the one that says more in its
literals is nearer. Optional parts are taken or left, whichever costs less.

This is the edit distance of Wagner and Fischer (1974), over items in place of characters: a row holds for each place in
the line the least cost of what comes before it. Cells that cost more than a bound are left out (Ukkonen 1985). Tokens
and the beginnings of free fields come from the reference's scanner, so that a line without an edit is one that matches.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from logmatch.engine.reference import NO_MATCH, Scanner
from logmatch.program import WHITESPACE, matched_types
from logmatch.templates.field_type import TypeList
from logmatch.templates.model import (
    ANY,
    REST,
    Alternatives,
    Field,
    FieldType,
    Greediness,
    Item,
    Literal,
    OptionalPart,
    WordList,
)

EDIT = 100
"""What one byte costs that is not the same, missing or too many."""

CASE = 50
"""What a letter costs that differs only in case."""

BLANK = 160
"""What a byte costs that is whitespace on one side only: less likely to be meant than a byte added or left out."""

TRAILING = 75
"""What each byte costs that one has after the end of the other: a line may be cut off, a template unfinished."""

WRONG_FIELD = 200
"""What a field costs that has no text of its type; its text costs `WRONG_BYTE` for each byte more."""

WRONG_BYTE = 5

FREE_BYTE = 4
"""What each byte costs that a free field or a `rest` takes."""

NEAR_WORD = 50
"""What it costs, besides the edits, that the line nearly has a word of a list."""

MOST_WORDS = 20
"""Of longer lists no word is aligned with the line."""

TOO_MUCH = 1 << 30

Row = tuple[int, list[int]]
"""A place in the line, and the least cost at it and at each place after it. All other places cost too much."""

NOTHING: Row = (0, [])


@dataclass(frozen=True, slots=True)
class Step:
    """
    An item in the course of a template: a literal or a field, and the steps that it may follow; -1 is the start.

    `slot` is the number of a field among all fields of the template.
    """

    item: Literal | Field
    after: tuple[int, ...]
    slot: int = -1


@dataclass(frozen=True)
class Course:
    """The steps of a template in their order, and those that it can end with; of several ways, the first is fuller."""

    steps: tuple[Step, ...]
    last: tuple[int, ...]

    @cached_property
    def closing(self) -> frozenset[int]:
        """The steps whose trailing whitespace is that of the template: nothing but whitespace may follow them."""
        found = set(self.last)
        for number in reversed(range(len(self.steps))):
            item = self.steps[number].item
            if number in found and isinstance(item, Literal) and not item.text.strip(WHITESPACE):
                found.update(self.steps[number].after)
        return frozenset(found)


def course(items: Iterable[Item], first_slot: int = 0) -> Course:
    """The course of *items*, whose fields have the slots from *first_slot* on."""
    steps: list[Step] = []
    slot = first_slot

    def extend(items: Iterable[Item], after: tuple[int, ...]) -> tuple[int, ...]:
        nonlocal slot
        for item in items:
            if isinstance(item, OptionalPart):
                after = (*extend(item.items, after), *after)
            elif isinstance(item, Alternatives):
                after = tuple(itertools.chain.from_iterable([extend(choice, after) for choice in item.choices]))
            else:
                steps.append(Step(item, after, slot if isinstance(item, Field) else -1))
                slot += isinstance(item, Field)
                after = (len(steps) - 1,)
        return after

    last = extend(items, (-1,))
    return Course(tuple(steps), last)


@dataclass(frozen=True, slots=True)
class Piece:
    """
    A step of an alignment: what of the template stands beside `start` to `end` of the line.

    For a literal `at` is the offset of the byte in it, and a piece is one byte: the same on both sides, or an edit. For
    a field `at` is 0. `step` -1 is what the line has after the end of the template.
    """

    step: int
    at: int
    start: int
    end: int
    is_edit: bool
    is_extra: bool = False
    """Whether the line has a byte here that the template does not have: it stands before the byte `at`."""


class Aligner:
    """Aligns one line with templates; remembers the ends of tokens, which many templates ask for."""

    def __init__(self, line: bytes) -> None:
        self.line = line
        self._scanner = Scanner(line)
        self._ends: dict[FieldType, dict[int, int]] = {}
        self._blank = [byte in WHITESPACE for byte in line]
        self._filled = len(line.rstrip(WHITESPACE))
        """Where the whitespace at the end of the line begins, which any template takes."""

    def cost(self, course: Course, entry: Row, bound: int) -> int:
        """The least cost of the line beside *course*; more than *bound* where it is more than that."""
        return self._end(course, entry, self._rows(course, entry, bound, kept=None))[0]

    def align(self, course: Course, entry: Row, bound: int) -> list[Piece]:
        """The alignment whose cost `cost` gives, piece by piece; *bound* is at least that cost."""
        kept: list[list[Row]] = []
        exits = self._rows(course, entry, bound, kept)
        _, step, at = self._end(course, entry, exits)
        pieces = [Piece(-1, 0, at, len(self.line), is_edit=bool(self.line[at:].strip(WHITESPACE)))]
        while step >= 0:
            came = self._entry(course.steps[step].after, entry, exits)
            if isinstance(item := course.steps[step].item, Literal):
                at = self._back_over_literal(pieces, step, item.text, _optional_bytes(course, step), kept[step], at)
                while _at(came, at) != _at(kept[step][0], at):
                    at -= 1
                    pieces.append(Piece(step, 0, at, at + 1, is_edit=True, is_extra=True))
            else:
                at = self._back_over_field(pieces, step, item.type, came, at)
            # The first of equals is the fuller way.
            cost = _at(came, at)
            after = course.steps[step].after
            step = next(each for each in after if _at(entry if each < 0 else exits[each], at) == cost)
        pieces.reverse()
        return pieces

    def ends(self, items: Sequence[Item]) -> Row:
        """Where *items*, from the start of the line on, can end without an edit, and what their free text costs."""
        exits = self._rows(whole := course(items), (0, [0]), FREE_BYTE * (len(self.line) + 1), kept=None, is_exact=True)
        return self._entry(whole.last, (0, [0]), exits)

    def _end(self, course: Course, entry: Row, exits: Sequence[Row]) -> tuple[int, int, int]:
        """The least cost, the step that it ends with, and where in the line that step ends."""
        best = (TOO_MUCH, -1, 0)
        for step in course.last:
            first, costs = entry if step < 0 else exits[step]
            for place, cost in enumerate(costs, first):
                total = cost + max(0, self._filled - place) * TRAILING
                if total < best[0]:
                    best = (total, step, place)
        return best

    def _rows(
        self, course: Course, entry: Row, bound: int, kept: list[list[Row]] | None, *, is_exact: bool = False
    ) -> list[Row]:
        """The row after each step; with *kept*, the rows after each byte of each literal are put there."""
        exits: list[Row] = []
        for number, step in enumerate(course.steps):
            row = self._entry(step.after, entry, exits)
            rows: list[Row] = []
            if not row[1]:
                row = NOTHING
            elif isinstance(step.item, Field):
                row = self._after_field(row, step.item.type, bound, is_exact=is_exact)
            elif is_exact:
                row = self._after_exact(row, step.item.text)
            else:
                row = self._grown(*row, EDIT, bound, over_blanks=True)  # bytes before the literal that are too many
                rows.append(row)
                for byte, is_optional in zip(step.item.text, _optional_bytes(course, number), strict=True):
                    optional_from = self._filled if is_optional else len(self.line) + 1
                    row = _after_byte(row, byte, self.line, bound, optional_from) if row[1] else NOTHING
                    rows.append(row)
            exits.append(row)
            if kept is not None:
                kept.append(rows)
        return exits

    @staticmethod
    def _entry(after: Sequence[int], entry: Row, exits: Sequence[Row]) -> Row:
        if len(after) == 1:
            return entry if after[0] < 0 else exits[after[0]]
        return _cheapest([entry if each < 0 else exits[each] for each in after])

    def _after_exact(self, row: Row, text: bytes) -> Row:
        first, costs = row
        found = {
            first + index + len(text): cost
            for index, cost in enumerate(costs)
            if cost < TOO_MUCH and self.line.startswith(text, first + index)
        }
        return _row(found, TOO_MUCH)

    def _after_field(self, row: Row, type_: FieldType, bound: int, *, is_exact: bool) -> Row:
        types = matched_types(type_)
        rows = [self._after_type(row, each, bound, is_exact=is_exact) for each in types]
        return rows[0] if len(rows) == 1 else _cheapest(rows)

    def _after_type(self, row: Row, type_: FieldType, bound: int, *, is_exact: bool) -> Row:
        first, costs = row
        if type_ == ANY:
            return self._grown(first, costs, FREE_BYTE, bound, over_blanks=True)
        is_free = type_.greediness is Greediness.FREE
        found: dict[int, int] = {}
        for start, cost in enumerate(costs, first):
            if cost <= bound and (end := self._first_end(type_, start)) != NO_MATCH:
                cost += FREE_BYTE * (end - start) if is_free or type_ == REST else 0
                if cost < found.get(end, TOO_MUCH):
                    found[end] = cost
        right = _row(found, bound)
        if is_free and right[1]:
            right = self._grown(*right, FREE_BYTE, bound, over_blanks=False)
        if is_exact:
            return right
        wrong = [cost + _wrong_cost(type_) for cost in costs]
        rows = [right, self._grown(first, wrong, WRONG_BYTE, bound, over_blanks=False)]
        return _cheapest([*rows, *(word_rows[-1] for _, word_rows in self._word_rows(row, type_, bound))])

    def _word_rows(self, row: Row, type_: FieldType, bound: int) -> Iterator[tuple[bytes, list[Row]]]:
        """For each word of a list the rows before its first byte and after each byte, as of a literal."""
        words = _words(type_)
        if len(words) > MOST_WORDS:
            return
        begin = row[0], [cost + NEAR_WORD for cost in row[1]]
        for word in words:
            rows = [begin]
            for byte in word:
                rows.append(
                    _after_byte(rows[-1], byte, self.line, bound, len(self.line) + 1) if rows[-1][1] else NOTHING
                )
            yield word, rows

    def _first_end(self, type_: FieldType, start: int) -> int:
        """Where a field of *type_* that begins at *start* ends, a free one at the earliest."""
        known = self._ends.setdefault(type_, {})
        end = known.get(start)
        if end is None:
            try:
                if type_.greediness is Greediness.FREE:
                    end = self._scanner.first_end(type_, start)
                else:
                    end = self._scanner.token_end(type_, start)
            except TimeoutError:
                end = NO_MATCH
            known[start] = end
        return end

    def _grown(self, first: int, costs: Sequence[int], each: int, bound: int, *, over_blanks: bool) -> Row:
        """The row where from each place text may be taken for *each* a byte."""
        out = []
        left = TOO_MUCH
        for place, cost in enumerate(costs, first):
            left = left + each if over_blanks or not (place and self._blank[place - 1]) else TOO_MUCH
            left = min(left, cost)
            out.append(left)
        for place in range(first + len(costs), len(self.line) + 1):
            left += each
            if left > bound or not (over_blanks or not self._blank[place - 1]):
                break
            out.append(left)
        return _trimmed(first, out, bound)

    def _back_over_literal(
        self, pieces: list[Piece], step: int, text: bytes, optional: Sequence[bool], rows: Sequence[Row], at: int
    ) -> int:
        """Append the pieces of a literal that ends at *at*, the last first, and give where it begins."""
        byte = len(text)
        while byte:
            cost = _at(rows[byte], at)
            before = rows[byte - 1]
            if at and _at(before, at - 1) + _substitution(text[byte - 1])[self.line[at - 1]] == cost:
                byte -= 1
                at -= 1
                pieces.append(Piece(step, byte, at, at + 1, is_edit=text[byte] != self.line[at]))
            elif _at(before, at) + self._missing(at, is_optional=optional[byte - 1]) == cost:
                byte -= 1
                pieces.append(Piece(step, byte, at, at, is_edit=cost != _at(before, at)))
            else:
                at -= 1
                pieces.append(Piece(step, byte, at, at + 1, is_edit=True, is_extra=True))
        return at

    def _missing(self, at: int, *, is_optional: bool) -> int:
        """What a byte of a literal costs that the line does not have at *at*."""
        if is_optional and at >= self._filled:
            return 0
        return EDIT if at < len(self.line) else TRAILING

    def _back_over_field(self, pieces: list[Piece], step: int, type_: FieldType, came: Row, end: int) -> int:
        """Append the piece of a field that ends at *end*, and give where it begins; the first of equal places."""
        found = [self._best_start(each, came, end) for each in matched_types(type_)]
        _, start, is_edit = min(found, key=lambda each: each[0])
        pieces.append(Piece(step, 0, start, end, is_edit=is_edit))
        return start

    def _best_start(self, type_: FieldType, came: Row, end: int) -> tuple[int, int, bool]:
        """The least cost of a text of *type_* that ends at *end*, where it begins, and whether it is an edit."""
        first, costs = came
        is_free = type_.greediness is Greediness.FREE
        best = (TOO_MUCH, 0, True)
        wrong_cost = _wrong_cost(type_)
        solid_from = end
        while solid_from and not self._blank[solid_from - 1]:
            solid_from -= 1
        for start, cost in enumerate(costs[: end - first + 1], first):
            if cost >= best[0]:
                continue
            length = end - start
            if type_ == ANY:
                fits, right = True, cost + FREE_BYTE * length
            else:
                ends = self._first_end(type_, start)
                fits = ends != NO_MATCH and (ends == end or (is_free and ends <= end and solid_from <= ends))
                right = cost + (FREE_BYTE * length if is_free or type_ == REST else 0)
            if fits and right < best[0]:
                best = (right, start, False)
            elif not fits and solid_from <= start and (wrong := cost + wrong_cost + WRONG_BYTE * length) < best[0]:
                best = (wrong, start, True)
        for word, rows in self._word_rows(came, type_, best[0]):
            if (cost := _at(rows[-1], end)) < best[0]:
                best = (cost, self._back_over_literal([], 0, word, [False] * len(word), rows, end), True)
        return best


def _words(type_: FieldType) -> Sequence[bytes]:
    """The words of a list; the types in it are left out."""
    if isinstance(type_, WordList):
        return type_.words
    return [item for item in type_.items if isinstance(item, bytes)] if isinstance(type_, TypeList) else ()


def _wrong_cost(type_: FieldType) -> int:
    """What it costs that a field has no text of its type; of a list, the letters of its shortest word."""
    if isinstance(type_, WordList):
        return min(2 * WRONG_FIELD, EDIT * min(map(len, type_.words)))
    return WRONG_FIELD


def _after_byte(row: Row, byte: int, line: bytes, bound: int, optional_from: int) -> Row:
    """
    The row after a byte of a literal: the same byte, another, none, or more bytes than one.

    From *optional_from* on, none costs nothing.
    """
    first, costs = row
    table = _substitution(byte)
    places = len(line)
    last = first + len(costs) - 1
    before = costs[0]
    left = before + EDIT
    out = [left]
    append = out.append
    for cost, here in zip(costs[1:], line[first:last], strict=True):
        left += EDIT
        changed = before + table[here]
        before = cost
        missing = cost + EDIT
        if changed < left:
            left = changed
        if missing < left:
            left = missing
        append(left)
    if last == places:
        out[-1] = left = min(left, before + TRAILING)
    if last < places:
        left = min(left + EDIT, before + table[line[last]])
        append(left)
        for _ in range(last + 1, places):
            left += EDIT
            if left > bound:
                break
            append(left)
    for place in range(max(first, optional_from), last + 1):
        out[place - first] = min(out[place - first], costs[place - first])
    return _trimmed(first, out, bound)


@cache
def _substitution(byte: int) -> list[int]:
    """For each byte of a line what it costs where a literal has *byte*."""
    is_blank = byte in WHITESPACE
    table = [EDIT if (other in WHITESPACE) == is_blank else BLANK for other in range(256)]
    character = chr(byte)
    if character.isascii() and character.isalpha():
        table[ord(character.swapcase())] = CASE
    table[byte] = 0
    return table


def _optional_bytes(course: Course, step: int) -> list[bool]:
    """For each byte of a literal whether it is whitespace that is left off at the end of a template."""
    item = course.steps[step].item
    assert isinstance(item, Literal)
    kept = len(item.text.rstrip(WHITESPACE)) if step in course.closing else len(item.text)
    return [at >= kept for at in range(len(item.text))]


def _at(row: Row, place: int) -> int:
    first, costs = row
    return costs[place - first] if first <= place < first + len(costs) else TOO_MUCH


def _trimmed(first: int, costs: list[int], bound: int) -> Row:
    begin, end = 0, len(costs)
    while begin < end and costs[begin] > bound:
        begin += 1
    while end > begin and costs[end - 1] > bound:
        end -= 1
    return (first + begin, costs[begin:end]) if begin < end else NOTHING


def _row(found: dict[int, int], bound: int) -> Row:
    """The row with the costs that *found* has by place."""
    if not found:
        return NOTHING
    first = min(found)
    costs = [TOO_MUCH] * (max(found) - first + 1)
    for place, cost in found.items():
        costs[place - first] = cost
    return _trimmed(first, costs, bound)


def _cheapest(rows: Sequence[Row]) -> Row:
    """For each place the least cost of *rows*."""
    rows = [row for row in rows if row[1]]
    if len(rows) <= 1:
        return rows[0] if rows else NOTHING
    first = min(row[0] for row in rows)
    out = [TOO_MUCH] * (max(row[0] + len(row[1]) for row in rows) - first)
    for begin, costs in rows:
        for index, cost in enumerate(costs, begin - first):
            if cost < out[index]:
                out[index] = cost
    return first, out
