"""
Reference: the matching rule as plain loops. It is the definition that every other engine is tested against.

The rule: variants are tried in the order of precedence, and the first that fits the whole line is the match; spaces and
tabs that are left after its last item belong to nobody. Within one variant a token takes the longest text of its form
and gives nothing back; a free field takes the shortest text that lets the rest match, where an earlier field's choice
counts before a later one's.

`walk` does that for one variant, by depth-first search with a memory. Whether the rest of a variant fits depends only
on the item and the place in the line, so a place where it once failed is never tried again, and the time is bounded by
(length of the line) x (size of the variant). This file is never edited for speed.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from logmatch.engine.matches import (
    FieldTimeouts,
    Found,
    LineSpans,
    Located,
    Matches,
    MatchLines,
    Spans,
    match_each,
    match_in_groups,
    match_spans_in_groups,
    texts_of,
)
from logmatch.interrupt import check_stop
from logmatch.line import Buffer
from logmatch.program import WHITESPACE, Program, Variant, common_prefix
from logmatch.templates.field_type import SOLID_BYTES, ByteSet, FieldType, NamedType, RegexType, TypeList, WordList
from logmatch.templates.grammar import Scan, run
from logmatch.templates.json_scan import JsonScan
from logmatch.templates.known_ends import KnownEnds
from logmatch.templates.model import Field, Literal
from logmatch.templates.types import ANY, PATH, REST, URL, URL_SCHEME, WORD

REGEX_SECONDS = 0.1
"""How long the `/regex/` fields of all variants together may work on one line, in seconds."""

NO_MATCH = -1


class FieldTimeoutError(Exception):
    """A `/regex/` field took too long; `slot` is its number among the fields of the template of *variant*."""

    def __init__(self, variant: Variant, slot: int) -> None:
        super().__init__(slot)
        self.variant = variant
        self.slot = slot


class RegexBudget:
    """
    The time that `/regex/` fields have on one line, whatever the number of variants; it begins with the first question.

    When it is used up the line is matched without the variants that have such fields.

    Args:
        share: how much of it there is here.
    """

    def __init__(self, share: float = 1.0) -> None:
        self._share = share
        self._deadline: float | None = None
        self.is_spent = False

    def seconds_left(self) -> float:
        """
        How much of it is left, above 0.

        Raises:
            TimeoutError: nothing.
            WorkStopped: the run is to end.
        """
        check_stop()
        now = time.monotonic()
        if self._deadline is None:
            self._deadline = now + self._share * REGEX_SECONDS
        if now >= self._deadline:
            raise TimeoutError
        return self._deadline - now


class ReferenceEngine:
    """Tries every variant on every line."""

    name = "reference"
    by_columns = False
    batch_size = 256 * 1024

    def __init__(self, program: Program) -> None:
        self.program = program

    def match(self, line: bytes) -> Found | None:
        """See `Engine.match`."""
        return self.find(line, Counter())

    def locate(self, line: bytes) -> Located | None:
        """See `Engine.locate`."""
        return self._locate(line, Counter())

    def match_batch(self, data: Buffer) -> Matches:
        """See `Engine.match_batch`."""
        timeouts: FieldTimeouts = Counter()
        matches = match_in_groups(self.program.variants, data, self._match_lines(timeouts))
        matches.timeouts = timeouts
        return matches

    def match_entries(self, entries: LineSpans) -> Matches:
        """See `Engine.match_entries`."""
        timeouts: FieldTimeouts = Counter()
        matches = match_spans_in_groups(self.program.variants, entries, self._match_lines(timeouts))
        matches.timeouts = timeouts
        return matches

    def _match_lines(self, timeouts: FieldTimeouts) -> MatchLines:
        return lambda lines: match_each(lambda line: self.find(line, timeouts), lines)

    def find(
        self,
        line: bytes,
        timeouts: FieldTimeouts,
        budget: RegexBudget | None = None,
        too_slow: FieldTimeoutError | None = None,
    ) -> Found | None:
        """
        Do as `match` does, and add to *timeouts* the field that was too slow.

        Args:
            budget: of the line.
            too_slow: a field of which this is known already.
        """
        located = self._locate(line, timeouts, budget, too_slow)
        return None if located is None else (located[0], texts_of(line, located[1]))

    def _locate(
        self,
        line: bytes,
        timeouts: FieldTimeouts,
        budget: RegexBudget | None = None,
        too_slow: FieldTimeoutError | None = None,
    ) -> Located | None:
        budget = budget or RegexBudget()
        for number, variant in enumerate(self.program.variants):
            if has_regex(variant) and (budget.is_spent or not holds_literals(variant, line)):
                continue
            try:
                if too_slow is not None and variant is too_slow.variant:
                    raise too_slow
                spans = walk(variant, line, budget)
            except FieldTimeoutError as timeout:
                budget.is_spent = True
                timeouts[variant.template_number, timeout.slot] += 1
                continue
            if spans is not None:
                return number, spans
        return None


def holds_literals(variant: Variant, line: bytes) -> bool:
    """
    Whether the literals of *variant* stand in *line*; without them there is no match.

    Variants with `/regex/` fields are not tried otherwise: the time that these take is time that others do not have.
    """
    items = variant.items
    if items and isinstance(items[0], Literal) and not line.startswith(items[0].text):
        return False
    return all(item.text in line for item in items if isinstance(item, Literal))


def has_regex(variant: Variant) -> bool:
    """Whether *variant* has `/regex/` fields."""
    return any(isinstance(item, Field) and isinstance(item.type, RegexType) for item in variant.items)


Observer = Callable[[int, int], None]
"""Is told the number of each item that did not fit, and where; the end of the line has the number after the last."""


def walk(
    variant: Variant, line: bytes, budget: RegexBudget | None = None, observer: Observer | None = None
) -> Spans | None:
    """
    Return where the fields of *variant* are in *line*, or None if it does not fit the whole of it.

    The spans are flat: 2·k half-open byte offsets, start and end of each of the k fields.

    Args:
        variant: its `/regex/` fields may take as long as the others of the line have left.
        line: as for `Engine.match`.
        budget: that of the line; one of its own by default.
        observer: is told of what did not fit.

    Raises:
        FieldTimeoutError: a `/regex/` field took too long.
    """
    items = variant.items
    scan = Scanner(line, budget)
    content_end = len(line.rstrip(WHITESPACE))  # the end of a pattern takes the spaces and tabs that are left there
    starts = [0] * len(items)
    ends = [0] * len(items)
    open_free: list[int] = []  # free fields whose end was chosen and can still be moved to the right, the last on top
    # dead[i][p]: no match has free field i reaching p, whether it ends there or further on. It does not depend on where
    # the field began, since a free field that may be extended from p to p + 1 may be so whatever its start.
    dead: dict[int, bytearray] = {}
    index = position = 0
    field_number = 0
    slot_of = {}
    for number, item in enumerate(items):
        if isinstance(item, Field):
            slot_of[number] = variant.slots[field_number]
            field_number += 1
    while True:
        # Forward: from item `index` at `position`, until the variant ends or something does not fit.
        fits = True
        while fits and index < len(items):
            item = items[index]
            starts[index] = position
            if isinstance(item, Literal):
                fits = line.startswith(item.text, position)
                position += len(item.text)
            elif item.type.facts.is_free:
                position = scan.first_end(item.type, position)
                fits = position != NO_MATCH and not (index in dead and dead[index][position])
                if fits:
                    open_free.append(index)
            else:
                try:
                    position = scan.token_end(item.type, position)
                except TimeoutError:
                    raise FieldTimeoutError(variant, slot_of[index]) from None
                fits = position != NO_MATCH
            ends[index] = position
            index += 1
        if fits and position >= content_end:
            return tuple(offset for number in slot_of for offset in (starts[number], ends[number]))
        if observer is not None:
            observer(index if fits else index - 1, position if fits else starts[index - 1])
        # Back: the last free field that can take one byte more does so.
        while open_free:
            index = open_free[-1]
            free = items[index]
            assert isinstance(free, Field)
            position = ends[index]
            marks = dead.get(index)
            if marks is None:
                marks = dead[index] = bytearray(len(line) + 1)
            marks[position] = True
            if position < len(line) and (free.type == ANY or line[position] not in WHITESPACE):
                position += 1
                if not marks[position]:
                    break
            open_free.pop()
        else:
            return None
        ends[index] = position
        index += 1


@dataclass(frozen=True, slots=True)
class Trace:
    """
    How far a variant got on a line that it does not match.

    `item` is the number of the item that did not fit, one more than the last for the end of the line; `start` is where
    it was looked for, and `reached` where it stopped, which for a literal is after the bytes of it that are there.
    """

    item: int
    start: int
    reached: int


def trace(variant: Variant, line: bytes) -> Trace | None:
    """
    Return how far *variant* got on *line*: to its last item, and there to most bytes; None if it matches.

    Of equal attempts the first counts, which has the shortest free text before it.

    Raises:
        FieldTimeoutError: a `/regex/` field took too long.
    """
    best = Trace(-1, 0, 0)

    def observe(item: int, start: int) -> None:
        nonlocal best
        if item < best.item:
            return
        text = variant.items[item] if item < len(variant.items) else None
        matched = 0
        if isinstance(text, Literal):
            matched = len(common_prefix([text.text, line[start : start + len(text.text)]]))
        if (item, matched) > (best.item, best.reached - best.start):
            best = Trace(item, start, start + matched)

    return best if walk(variant, line, observer=observe) is None else None


class Scanner:
    """
    Finds the ends of fields in one line, in amortised constant time for each byte that a walk tries.

    A token scanned from every byte of a long run of digits would cost the square of its length. So what scans of a type
    find is remembered (`known_ends`, `grammar.Scan`, `json_scan`).
    """

    def __init__(self, line: bytes, budget: RegexBudget | None = None) -> None:
        self.line = line
        self._budget = budget or RegexBudget()
        self._ends: dict[FieldType, KnownEnds] = {}
        self._scan = Scan(line)
        self._json = JsonScan(line)

    def first_end(self, type_: FieldType, start: int) -> int:
        """Where free text of *type_* that begins at *start* can end at the earliest, or `NO_MATCH`."""
        if type_ == ANY:
            return start
        if type_ == WORD:
            return self._one_more(start)
        if type_ == PATH:
            prefix = _PATH_START.match(self.line, start)
            return prefix.end() if prefix else NO_MATCH
        assert type_ == URL, type_
        scheme_end = self._token(URL, start)
        if scheme_end == NO_MATCH or not self.line.startswith(b"://", scheme_end):
            return NO_MATCH
        return self._one_more(scheme_end + len(b"://"))

    def _one_more(self, start: int) -> int:
        """The end of the single non-whitespace byte at *start*."""
        return start + 1 if start < len(self.line) and self.line[start] not in WHITESPACE else NO_MATCH

    def token_end(self, type_: FieldType, start: int) -> int:
        """
        Where the longest text of *type_* that begins at *start* ends, or `NO_MATCH`.

        Raises:
            TimeoutError: the `/regex/` fields of this line took more than `REGEX_SECONDS`.
        """
        if isinstance(type_, WordList):
            return next(
                (start + len(word) for word in type_.longest_first if self.line.startswith(word, start)), NO_MATCH
            )
        if isinstance(type_, RegexType):
            return self._regex(type_, start)
        if isinstance(type_, TypeList):
            return max(self._option_end(option, start) for option in type_.options)
        return len(self.line) if type_ == REST else self._token(type_, start)

    def _option_end(self, option: NamedType | ByteSet | bytes, start: int) -> int:
        """Where an item of a list ends; free text goes up to the next whitespace there."""
        if isinstance(option, bytes):
            return start + len(option) if self.line.startswith(option, start) else NO_MATCH
        if not option.facts.is_free:
            return self._token(option, start)
        if self.first_end(option, start) == NO_MATCH:
            return NO_MATCH
        return self._scan.end(_TO_WHITESPACE, start)

    def _token(self, type_: NamedType | ByteSet, start: int) -> int:
        facts = type_.facts
        if facts.options:
            return max(self._option_end(option, start) for option in facts.options)
        if facts.grammar is not None and not facts.is_bounded:
            return self._scan.end(facts.grammar, start)
        if facts.scan is not None:
            return self._json.end(start)
        known = self._ends.get(type_)
        if known is None:
            known = KnownEnds(self.line, _expression(type_), facts.first_bytes, facts.next_alike)
            self._ends[type_] = known
        return known.end(start)

    def _regex(self, type_: RegexType, start: int) -> int:
        match = _compiled(type_.source).match(self.line, start, timeout=self._budget.seconds_left())
        return match.end() if match else NO_MATCH


_TO_WHITESPACE = run(SOLID_BYTES)
_PATH_START = re.compile(rb"/|~|[A-Za-z]:[\\/]")


@cache
def _expression(type_: NamedType | ByteSet) -> re.Pattern[bytes]:
    """What is scanned as a token of *type_*: the token; of a `url`, its scheme."""
    return re.compile(URL_SCHEME if type_ == URL else type_.facts.expression or b"", re.DOTALL)


def _compiled(source: bytes) -> Any:
    import regex  # only programs with `/regex/` fields pay for its import; it caches what it compiled

    return regex.compile(source)
