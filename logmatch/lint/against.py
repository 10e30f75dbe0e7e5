"""
Against: templates tried on real logs. Which of them match nothing there, and which pairs compete for the same lines.

Every line is matched by the engine, as `parse` does it. That others match a line too is looked for in the first lines
that each template wins, which bounds the cost: an engine stops at the first match.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from logmatch.engine import make_engine
from logmatch.lint.contest import PLACE, Contest
from logmatch.lint.findings import Finding, FindingKind, make_finding, named
from logmatch.templates.model import decode
from logmatch.wording import count

LINES_EACH = 200
"""In how many of the lines that a template wins others are looked for."""


@dataclass(slots=True)
class _Pair:
    """Two variants of two templates that match the same lines: how many, and the first of them."""

    winner: int
    loser: int
    line: bytes
    lines: int = 0


class Usage:
    """What the templates of *contest* match in the logs that `add` is given."""

    def __init__(self, contest: Contest) -> None:
        self.contest = contest
        self._engine = make_engine(contest.program)
        self._won: Counter[int] = Counter()  # number of a template -> lines
        self._tried: Counter[int] = Counter()
        self._pairs: dict[tuple[int, int], _Pair] = {}  # (loser, winner), numbers of templates
        self.lines = 0
        """How many lines there were."""

    @property
    def matched(self) -> int:
        """How many lines matched."""
        return self._won.total()

    def add(self, data: bytes) -> None:
        """Count the lines of *data*, whole lines."""
        matches = self._engine.match_batch(data)
        numbers: list[int] = memoryview(matches.variant_numbers).tolist()
        self.lines += matches.line_count
        begins = memoryview(matches.line_begins)
        ends = memoryview(matches.line_ends)
        for variant, lines in Counter(numbers).items():
            if variant >= 0:
                self._won[self.contest.owner(variant)] += lines
        for place, variant in enumerate(numbers):
            if variant >= 0 and self._tried[owner := self.contest.owner(variant)] < LINES_EACH:
                self._tried[owner] += 1
                self._compare(variant, bytes(data[begins[place] : ends[place]]))

    def _compare(self, winner: int, line: bytes) -> None:
        """Count the templates that match *line* as well as the variant *winner*."""
        contest = self.contest
        owner = contest.owner(winner)
        seen = {owner}
        for variant in contest.candidates(line):
            other = contest.owner(variant)
            if variant > winner and other not in seen and contest.spans(variant, line) is not None:
                seen.add(other)
                pair = self._pairs.setdefault((other, owner), _Pair(winner, variant, line))
                pair.lines += 1

    def findings(self, logs: str) -> Iterator[Finding]:
        """
        The templates that match nothing, and the pairs that compete.

        Args:
            logs: the logs as a sentence names them.
        """
        contest = self.contest
        for number, template in enumerate(contest.templates):
            if not self._won[number]:
                message = f"{template.id!r} matches none of the {count(self.lines, 'line')} of {logs}"
                hint = "correct it, or remove it; logmatch explain shows how near a line is to a template"
                yield make_finding(FindingKind.UNUSED, template, message, hint)
        for (loser, winner), pair in self._pairs.items():
            template, other = contest.templates[loser], contest.templates[winner]
            advantage = contest.advantage(pair.winner, pair.loser)
            of = count(self._tried[winner], "line")
            both = f"{template.id!r} and {named(other)} both match {pair.lines:,} of {of} that {other.id!r} wins"
            if advantage.rule is PLACE:
                kind, message = FindingKind.AMBIGUOUS, f"{both}, and only their place decides"
                hint = "make one of them more specific, or give one a higher priority"
            else:
                kind, message = FindingKind.COMPETING, f"{both} by {advantage}"
                hint = "make one of them more specific, or allow it where it is meant"
            yield make_finding(kind, template, message, hint, text=decode(pair.line), others=[other])
