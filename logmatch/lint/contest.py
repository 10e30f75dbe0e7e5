"""
Contest: templates that compete for a line. Which of them match it, which wins, and which rule of precedence decided.

The common ground of `check`, which asks about lines that it makes, and of `explain`, which asks about a line that a
person names. Both want all templates that match, where an engine stops at the first. The answer is the reference's:
literals only leave out what cannot match.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from logmatch.engine.portable.prefilter import Filter
from logmatch.engine.reference import FieldTimeoutError, RegexBudget, walk
from logmatch.program import WHITESPACE, Variant, compile_program, precedence
from logmatch.templates.model import FieldType, Literal, WordList, encode
from logmatch.templates.template import Template

MOST_WORK = 15_000_000
"""
After how much work no more samples are tried: one for each variant whose literals are looked for in a line, and
`WALK_WORK` for each walk. Only many variants with few literals take so much. It is no time, so that every run finds the
same.
"""

WALK_WORK = 30
"""How much more a walk costs than a look for a few literals; about what was measured."""

MOST_TIMEOUTS = 20
"""After how many lines on which a `/regex/` field took too long no more samples are tried."""


class Contest:
    """
    Templates that compete for lines.

    Variants are known by their numbers, which are in the order of precedence: of two that match a line, the lower wins.
    """

    def __init__(self, templates: Sequence[Template]) -> None:
        self.templates = templates
        self.program = program = compile_program(templates)
        self.variants = program.variants
        self.names = [compiled.names for compiled in program.templates]
        """For each template and slot the name that the value is output under; None: it is not output."""
        self.variants_of: list[list[int]] = [[] for _ in templates]
        for number, variant in enumerate(program.variants):
            self.variants_of[variant.template_number].append(number)
        self._required = [_required_literals(variant) for variant in program.variants]
        self.timeouts = 0
        """How often a `/regex/` field took too long."""
        self.work = 0
        """See `MOST_WORK`."""

    @cached_property
    def keys(self) -> list[tuple[Symbol, ...]]:
        """For each variant what it shares with those that match the same lines in the same way."""
        return [tuple(symbols(variant)) for variant in self.variants]

    @cached_property
    def first_with(self) -> dict[tuple[Symbol, ...], int]:
        """For each key the first variant that has it."""
        return {key: number for number, key in reversed([*enumerate(self.keys)])}

    @cached_property
    def ranks(self) -> list[tuple[int, int, int, int]]:
        """For each variant its precedence, less its place in the file."""
        return [precedence(self.template(number).priority, each) for number, each in enumerate(self.variants)]

    @cached_property
    def _filter(self) -> Filter:
        return Filter({number: variant.items for number, variant in enumerate(self.variants)})

    @cached_property
    def holds_line_breaks(self) -> bool:
        """Whether any variant is one of records of several lines."""
        return any(required.hold_line_break for required in self._required)

    @property
    def is_exhausted(self) -> bool:
        """Whether enough work was done, and no more samples are to be tried."""
        return self.timeouts >= MOST_TIMEOUTS or self.work >= MOST_WORK

    def candidates(self, line: bytes) -> list[int]:
        """
        The variants whose literals stand in *line* in their order, and at its ends where they must.

        Of a record of several lines, those that hold a line break come first; the others are tried on its first line.
        """
        first, line_break, _ = line.partition(b"\n")
        if line_break:
            whole = [number for number in self._candidates(line) if self._required[number].hold_line_break]
            return whole + self._candidates(first)
        return self._candidates(line)

    def _candidates(self, line: bytes) -> list[int]:
        numbers = list(self._filter.candidates(line, 0))
        self.work += len(numbers)
        return [number for number in numbers if self._required[number].are_in(line)]

    def winner(self, line: bytes) -> int | None:
        """The variant that is the match of *line*."""
        return next((number for number in self.candidates(line) if self.spans(number, line) is not None), None)

    def owner(self, variant_number: int) -> int:
        """The number of the template of a variant."""
        return self.variants[variant_number].template_number

    def template(self, variant_number: int) -> Template:
        """The template of a variant."""
        return self.templates[self.owner(variant_number)]

    def spans(self, variant_number: int, line: bytes, budget: RegexBudget | None = None) -> tuple[int, ...] | None:
        """
        Where the fields of a variant are in *line*, or None if it does not match; a timeout counts as no match.

        *budget* is the time of all `/regex/` fields on this line together; None: this variant has one of its own.
        """
        self.work += WALK_WORK
        if b"\n" in line and not self._required[variant_number].hold_line_break:
            line = line[: line.index(b"\n")]
        try:
            return walk(self.variants[variant_number], line, budget)
        except FieldTimeoutError:
            self.timeouts += 1
            return None

    def first_of(self, template_number: int, line: bytes) -> int | None:
        """The first variant of a template that matches *line*, whatever others do."""
        return next((n for n in self.variants_of[template_number] if self.spans(n, line) is not None), None)

    def advantage(self, winner: int, loser: int) -> Advantage:
        """What decided that the variant *winner* precedes *loser*."""
        for rule, ours, theirs in zip(RULES, self.ranks[winner], self.ranks[loser], strict=True):
            if ours != theirs:
                sign = -1 if rule.more_wins else 1  # in the key these are negative, so that more comes first
                return Advantage(rule, sign * ours, sign * theirs)
        return Advantage(PLACE, self.owner(winner) + 1, self.owner(loser) + 1)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of precedence: what it compares, whether more of it wins, and what a sentence calls the advantage."""

    compares: str
    more_wins: bool
    advantage: str


RULES = (
    Rule("priority", True, "a higher priority"),
    Rule("literal bytes", True, "more literal bytes"),
    Rule("any fields", False, "fewer 'any' fields"),
    Rule("free fields", False, "fewer free fields"),
)
"""The rules of `program.precedence`, in its order."""

PLACE = Rule("place", False, "the earlier place")
"""The last rule: the place among all templates, from 1."""


@dataclass(frozen=True, slots=True)
class Advantage:
    """The rule that decided between two variants, and the numbers that it compared."""

    rule: Rule
    winner_has: int
    loser_has: int

    def __str__(self) -> str:
        """As a sentence says it: more literal bytes (9 against 7)."""
        if self.rule is PLACE:
            return self.rule.advantage
        return f"{self.rule.advantage} ({self.winner_has} against {self.loser_has})"


@dataclass(frozen=True, slots=True)
class RequiredLiterals:
    """What a line must begin with and end with to match a variant, and all literals that it must hold."""

    first: bytes
    last: bytes
    all: tuple[bytes, ...]

    @property
    def hold_line_break(self) -> bool:
        """Whether the variant is one of records of several lines."""
        return any(b"\n" in text for text in self.all)

    def are_in(self, line: bytes) -> bool:
        """Whether the literals are where they must be; most variants that do not match are known by that."""
        if not line.startswith(self.first):
            return False
        if not (line.endswith(self.last) or line.rstrip(WHITESPACE).endswith(self.last)):
            return False
        at = 0
        for text in self.all:
            found = line.find(text, at)
            if found < 0:
                return False
            at = found + len(text)
        return True


def _required_literals(variant: Variant) -> RequiredLiterals:
    ends = [item.text if isinstance(item, Literal) else b"" for item in (*variant.items[:1], *variant.items[-1:])]
    first, last = ends or (b"", b"")
    return RequiredLiterals(first, last, tuple(item.text for item in variant.items if isinstance(item, Literal)))


def example_line(text: str) -> bytes:
    """*text* of an example as a reader of a file gives it to an engine; its lines without their `\\r`."""
    return encode(text).removesuffix(b"\n").replace(b"\r\n", b"\n").removesuffix(b"\r")


Symbol = int | frozenset[bytes] | FieldType


def symbols(variant: Variant) -> list[Symbol]:
    """The bytes of the literals and the types of the fields of *variant*, word lists as sets."""
    symbols: list[Symbol] = []
    for item in variant.items:
        if isinstance(item, Literal):
            symbols += item.text
        else:
            symbols.append(frozenset(item.type.words) if isinstance(item.type, WordList) else item.type)
    return symbols
