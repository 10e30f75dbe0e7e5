"""
Explanation: what became of a line and why, as values: the match with its fields and the templates that it won against,
or the templates that are nearest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from logmatch.engine.reference import RegexBudget
from logmatch.explain.nearest import Nearest, Neighbours
from logmatch.lint.contest import Advantage, Contest
from logmatch.templates.model import Field, FieldType, Pattern
from logmatch.templates.template import Template

DEFAULT_TOP = 3
"""How many of the nearest templates are given."""


@dataclass(frozen=True, slots=True)
class FieldText:
    """A field of the match: its name in the output (None: it is not output), and its half-open span of bytes."""

    name: str | None
    type: FieldType
    start: int
    end: int
    text: bytes

    @property
    def value(self) -> bytes:
        """The text without what is left off its value, such as quotes."""
        facts = self.type.facts
        return self.text[facts.trimmed_start : len(self.text) - facts.trimmed_end]

    def to_dict(self) -> dict[str, object]:
        return {
            "name": None if self.name is None else _text(self.name),
            "type": _text(str(self.type)),
            "start": self.start,
            "end": self.end,
            "text": _text(self.text),
        }


@dataclass(frozen=True, slots=True)
class Loser:
    """A template that matches too, and what decided against it."""

    template: Template
    advantage: Advantage

    def to_dict(self) -> dict[str, object]:
        return {
            "template_id": _text(self.template.id),
            "lost_by": self.advantage.rule.compares,
            "has": self.advantage.loser_has,
            "winner_has": self.advantage.winner_has,
        }


@dataclass(frozen=True, slots=True)
class Matched:
    """The template that a line matched, the fields in their order, and the other templates that match it."""

    template: Template
    fields: tuple[FieldText, ...]
    also: tuple[Loser, ...]

    def to_dict(self) -> dict[str, object]:
        return {
            **_named(self.template),
            "fields": [field.to_dict() for field in self.fields],
            "also": [loser.to_dict() for loser in self.also],
        }


@dataclass(frozen=True, slots=True)
class Miss:
    """A template that does not match: where it stopped (a byte offset), what it has there and what the line has."""

    template: Template
    stopped_at: int
    column: int
    """The same place as a character, from 1."""
    expected: bytes | Field | None
    """Text of a literal, a field, or None for the end of the line."""
    expected_name: str | None
    """The name of the field in the output."""
    found: bytes
    reached: float
    """How much of the line stands before the place, 0 to 1."""
    suggestion: Pattern | None

    def to_dict(self) -> dict[str, object]:
        expected: dict[str, object]
        if self.expected is None:
            expected = {"kind": "end of line"}
        elif isinstance(self.expected, Field):
            expected = {"kind": "field", "type": _text(str(self.expected.type)), "name": self.expected_name}
        else:
            expected = {"kind": "literal", "text": _text(self.expected)}
        return {
            **_named(self.template),
            "stopped_at": self.stopped_at,
            "column": self.column,
            "expected": expected,
            "found": _text(self.found),
            "reached": self.reached,
            "suggestion": None if self.suggestion is None else _text(str(self.suggestion)),
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """A line as it was matched, and either its match or the templates that are nearest, the nearest first."""

    line: bytes
    match: Matched | None
    nearest: tuple[Miss, ...]

    def to_dict(self) -> dict[str, object]:
        """The explanation as JSON values; bytes that are not UTF-8 are U+FFFD."""
        return {
            "line": _text(self.line),
            "match": None if self.match is None else self.match.to_dict(),
            "nearest": [miss.to_dict() for miss in self.nearest],
        }


class Explainer:
    """Explains lines by *templates*, whose order is their place in the files."""

    def __init__(self, templates: Sequence[Template], contest: Contest | None = None) -> None:
        """*contest* is that of *templates*, where there is one already."""
        self._templates = templates
        self._contest = contest or Contest(templates)

    @cached_property
    def _neighbours(self) -> Neighbours:
        return Neighbours(self._templates)

    def explain(self, line: bytes, top: int = DEFAULT_TOP) -> Explanation:
        """Explain *line*, which is without its terminator and the whitespace at its end."""
        matched = self._match(line)
        return Explanation(line, matched, () if matched is not None else self.nearest(line, top))

    def nearest(self, line: bytes, top: int = DEFAULT_TOP, among: Sequence[int] | None = None) -> tuple[Miss, ...]:
        """The *top* templates that are nearest to *line*, which none of them matches; *among*: of these numbers."""
        if not self._contest.holds_line_breaks:
            line = line.partition(b"\n")[0]  # of a record of several lines the first is matched
        return tuple(self._miss(line, near) for near in self._neighbours.nearest(line, top, among))

    def _match(self, line: bytes) -> Matched | None:
        contest = self._contest
        budget = RegexBudget()
        winner, spans = -1, None
        losers: dict[int, Advantage] = {}  # number of a template -> what the match has over the best of its variants
        for number in contest.candidates(line):
            owner = contest.owner(number)
            if winner >= 0 and (owner == contest.owner(winner) or owner in losers):
                continue
            found = contest.spans(number, line, budget)
            if found is None:
                continue
            if winner < 0:
                winner, spans = number, found
            else:
                losers[owner] = contest.advantage(winner, number)
        if spans is None:
            return None
        variant = contest.variants[winner]
        names = contest.names[variant.template_number]
        fields = [
            FieldText(names[slot], field.type, start, end, line[start:end])
            for slot, field, start, end in zip(variant.slots, variant.fields(), spans[::2], spans[1::2], strict=True)
        ]
        also = [Loser(self._templates[owner], advantage) for owner, advantage in losers.items()]
        return Matched(contest.template(winner), tuple(fields), tuple(also))

    def _miss(self, line: bytes, near: Nearest) -> Miss:
        at = _character_start(line, near.stop.at)
        return Miss(
            self._templates[near.template_number],
            at,
            len(line[:at].decode("utf-8", "replace")) + 1,
            near.stop.expected,
            self._contest.names[near.template_number][near.stop.slot] if near.stop.slot >= 0 else None,
            near.stop.found,
            round(at / len(line), 2) if line else 0.0,
            near.suggestion,
        )


def _character_start(line: bytes, at: int) -> int:
    """*at*, or the beginning of the UTF-8 character that it is within."""
    begin = at
    while 0 < begin < len(line) and at - begin < 3 and line[begin] & 0xC0 == 0x80:
        begin -= 1
    return begin


def _named(template: Template) -> dict[str, object]:
    file = template.origin.file
    return {
        "template_id": _text(template.id),
        "file": None if file is None else _text(file),
        "at": template.origin.line_number,
    }


def _text(text: str | bytes) -> str:
    """*text* as JSON can hold it."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    return data.decode("utf-8", "replace")
