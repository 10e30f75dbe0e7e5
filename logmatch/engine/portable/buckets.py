"""
Buckets: the few variants that a line has been narrowed down to, and the first of them that matches.

Variants of a bucket are confirmed by one expression with alternatives where they are few, else one after the other,
where their literals are in the line (`prefilter`).
"""

from __future__ import annotations

import bisect
import functools
import itertools
import operator
import re
from collections.abc import Callable, Iterable, Sequence

from logmatch.engine.matches import Found, Group, texts_of
from logmatch.engine.portable import expression, prefilter
from logmatch.engine.portable.items import Items, count_fields, needs_scanner
from logmatch.engine.portable.prefilter import Filter
from logmatch.engine.reference import NO_MATCH, FieldTimeoutError, RegexBudget, Scanner, walk
from logmatch.program import Variant
from logmatch.templates.field_type import FieldType
from logmatch.templates.model import Field, Literal

Texts = Callable[[re.Match[bytes]], tuple[bytes, ...]]
"""Takes the texts of some groups out of a match."""

NO_LIMIT = 1 << 62
"""A number that no variant has."""

SHARE_LEFT = 0.1
"""
How much of the time of `/regex/` fields is left where one was too slow, for those of variants that precede it and were
not tried.
"""

MAX_JOINED = 16
"""Up to how many variants of a bucket are tried by one expression with alternatives."""


class Scratch:
    """What is known of the line, or of the lines, of one call."""

    __slots__ = ("budget", "end_of", "ends_of")

    def __init__(self) -> None:
        self.end_of: dict[object, int] = {}
        """`PrefixGroup` -> where its prefix ended in the line, where another group asks for it."""
        self.ends_of: dict[object, dict[int, int]] = {}
        """The same for many lines, by their places."""
        self.budget = RegexBudget(1 - SHARE_LEFT)
        """Of the line: all its `/regex/` fields share it."""


class Candidate:
    """A variant, and the items that are left of it after a prefix. Its expression is made when it is first needed."""

    __slots__ = ("_expression", "_has_steps", "_match", "_prefix_fields", "_steps", "_variant", "items", "number")

    def __init__(self, number: int, variant: Variant, items: Items, prefix_fields: int) -> None:
        self.number = number
        self.items = items
        self._variant = variant
        self._prefix_fields = prefix_fields
        self._expression: expression.Expression | None = None
        self._steps: Steps | None = None
        self._has_steps: bool | None = None  # None: not known yet
        self._match: Callable[[bytes, int], re.Match[bytes] | None] | None = None

    def expression(self) -> expression.Expression:
        """The expression of `items`; one for no line at all where they have none."""
        if self._expression is None:
            self._expression = expression.of_items(self.items) or expression.Expression(b"", -1)
        return self._expression

    def confirm(self, line: bytes, start: int, budget: RegexBudget | None) -> tuple[bytes, ...] | None:
        """
        The texts of the fields among `items`, if they match *line* from *start* to its end.

        Raises:
            FieldTimeoutError: a `/regex/` field took too long.
        """
        if len(line) <= self.expression().longest_line:
            if self._match is None:
                self._match = re.compile(self.expression().text, re.DOTALL).match
            match = self._match(line, start)
            return None if match is None else match.groups()
        variant = self._variant
        if needs_scanner(variant):
            if self._has_steps is None:
                self._steps = steps_of(variant, self.items, self._prefix_fields)
                self._has_steps = self._steps is not None
            if self._steps is not None and len(line) <= self._steps.longest_line:
                return self._steps.match(line, start, budget)
            spans = walk(variant, line, budget)
            return texts_of(line, spans)[self._prefix_fields :] if spans is not None else None
        # From where the prefix has ended, since there may be other ends.
        rest = line[start:]
        spans = walk(Variant(variant.template_number, self.items, variant.slots[self._prefix_fields :]), rest)
        return texts_of(rest, spans) if spans is not None else None


class Steps:
    """
    Items with fields that no expression says, each of which has one place to begin at: the reference's scanner takes
    these, expressions what is between them. They are for lines of at most `longest_line` bytes.
    """

    def __init__(
        self,
        variant: Variant,
        expressions: Sequence[expression.Expression],
        fields: Sequence[tuple[FieldType, int]],
    ) -> None:
        self._variant = variant
        *before, last = expressions
        self.longest_line = min(each.longest_line for each in expressions)
        self._fields = [(_compiled(each.text), *field) for each, field in zip(before, fields, strict=True)]
        self._last = _compiled(last.text)

    def match(self, line: bytes, start: int, budget: RegexBudget | None) -> tuple[bytes, ...] | None:
        """
        The texts of the fields, if the items match *line* from *start* to its end.

        Raises:
            FieldTimeoutError: a `/regex/` field took too long.
        """
        scanner = Scanner(line, budget)
        texts: tuple[bytes, ...] = ()
        for match_before, type_, slot in self._fields:
            before = match_before(line, start)
            if before is None:
                return None
            begin = before.end()
            try:
                start = scanner.token_end(type_, begin)
            except TimeoutError:
                raise FieldTimeoutError(self._variant, slot) from None
            if start == NO_MATCH:
                return None
            texts += (*before.groups(), line[begin:start])
        last = self._last(line, start)
        return None if last is None else texts + last.groups()


def steps_of(variant: Variant, items: Items, prefix_fields: int) -> Steps | None:
    """
    The steps of *items* of *variant*, which come after so many fields; None where a field that needs a scanner may
    begin anywhere.
    """
    slots = variant.slots[prefix_fields:]
    expressions: list[expression.Expression | None] = []
    fields: list[tuple[FieldType, int]] = []
    begin = 0
    for place, item in enumerate(items):
        if isinstance(item, Field) and expression.text_of(item.type) is None:
            if any(expression.is_search(items, index) for index in range(begin, place)):
                return None
            expressions.append(expression.of_items(items[begin:place], to_end=False))
            fields.append((item.type, slots[count_fields(items[:place])]))
            begin = place + 1
    expressions.append(expression.of_items(items[begin:]))
    return Steps(variant, [each for each in expressions if each is not None], fields)


class Bucket:
    """
    Variants that a line has been narrowed down to by how it goes on; finds the first of them that matches.

    For a few variants `match_all` tries all of them at once, in order, on lines of at most `longest_line` bytes; the
    number of the last group of what it found is a key of `alternatives`: (number of the variant, what gives the texts
    of its groups). `first` is the lowest number of all.

    Where `literal` is not empty it comes first, and `match_all` begins after it, `skip` bytes further on: so variants
    that differ in their first words only share an expression, since to compile one takes as long as to match hundreds
    of lines.
    """

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self._candidates = {each.number: each for each in sorted(candidates, key=lambda each: each.number)}
        self._numbers = list(self._candidates)
        self._filters: dict[int, Filter] = {}  # for so many of the first candidates
        self.longest_line = -1
        self.first = min(self._candidates, default=NO_LIMIT)
        self.alternatives: dict[int, tuple[int, Texts]] = {}
        self.literal = b""
        self.skip = 0
        self.match_all: Callable[[bytes, int], re.Match[bytes] | None] = _NOTHING.match
        if len(self._candidates) <= MAX_JOINED:
            self._join()

    def _join(self) -> None:
        expressions = [candidate.expression() for candidate in self._candidates.values()]
        self.longest_line = min((each.longest_line for each in expressions), default=expression.UNBOUNDED)
        group = 0
        for number, candidate in self._candidates.items():
            fields = count_fields(candidate.items)
            # A single one needs no group that says which has matched.
            last = group + fields + (len(expressions) > 1)
            self.alternatives[last] = (number, _texts_of(range(group + 1, group + fields + 1)))
            group = last
        if len(expressions) == 1:
            (only,) = self._candidates.values()
            first = only.items[0] if only.items else None
            rest = expression.of_items(only.items[1:])
            if isinstance(first, Literal) and rest is not None:
                self.literal = first.text
                self.skip = len(first.text)
                self.match_all = _compiled(rest.text)
                return
        marker = b"()" if len(expressions) > 1 else b""
        if expressions:
            self.match_all = _compiled(b"|".join(each.text + marker for each in expressions))

    def match_lines(self, lines: Iterable[bytes], starts: Iterable[int], places: list[int]) -> list[Group]:
        """
        What `match` finds in each of *lines*, of at most `longest_line` bytes, from *starts* on.

        Args:
            places: what each of the lines is called.
        """
        match_all, literal, skip = self.match_all, self.literal, self.skip
        found: list[re.Match[bytes] | None]
        if literal:
            found = [
                match_all(line, start + skip) if line.startswith(literal, start) else None
                for line, start in zip(lines, starts)  # noqa: B905  # the starts may go on
            ]
        else:
            found = list(map(match_all, lines, starts))
        matches = list(filter(None, found))
        if len(matches) < len(found):
            places = list(itertools.compress(places, found))
        if len(self._numbers) == 1:
            return [(self._numbers[0], places, list(map(re.Match.groups, matches)))] if places else []
        by_last: dict[int, tuple[list[int], list[re.Match[bytes]]]] = {}
        for place, match in zip(places, matches, strict=True):
            last = match.lastindex or 0
            if last not in by_last:
                by_last[last] = ([], [])
            of_one, those = by_last[last]
            of_one.append(place)
            those.append(match)
        groups = []
        for last, (of_one, those) in by_last.items():
            number, texts_of = self.alternatives[last]
            groups.append((number, of_one, list(map(texts_of, those))))
        return groups

    def match(self, line: bytes, start: int, limit: int, budget: RegexBudget | None) -> Found | None:
        """
        The first candidate that matches *line* from *start* on and whose number is below *limit*.

        Args:
            budget: of the line; None where no variant has `/regex/` fields.
        """
        if len(line) <= self.longest_line:
            match = self.match_all(line, start + self.skip) if line.startswith(self.literal, start) else None
            if match is None:
                return None
            number, texts_of = self.alternatives[match.lastindex or 0]
            return (number, texts_of(match)) if number < limit else None
        for number in self._filter_below(limit).candidates(line, start):
            if number >= limit:
                break
            values = self._candidates[number].confirm(line, start, budget)
            if values is not None:
                return number, values
        return None

    def _filter_below(self, limit: int) -> Filter:
        """A filter for the candidates whose number is below *limit*, and others where those are many."""
        below = bisect.bisect_left(self._numbers, limit)
        if below >= prefilter.AUTOMATON_FROM:
            below = len(self._numbers)
        if below not in self._filters:
            self._filters[below] = Filter({number: self._candidates[number].items for number in self._numbers[:below]})
        return self._filters[below]


def _texts_of(groups: range) -> Texts:
    """What gives the texts of *groups* of a match as a tuple."""
    if len(groups) > 1:
        return operator.methodcaller("group", *groups)
    if groups:
        return lambda match: (match[groups[0]],)
    return lambda match: ()


@functools.lru_cache(maxsize=1024)
def _compiled(text: bytes) -> Callable[[bytes, int], re.Match[bytes] | None]:
    """What matches the expression *text*; `re` itself would forget it sooner."""
    return re.compile(text, re.DOTALL).match


_NOTHING = re.compile(rb"(?!)")
