"""
Shadowing: templates that lose every line to others, and pairs that only their place in the file decides between.

That a template can never win is proved where its variants are covered by others (`covers`). What only lines can show is
looked for with the examples and with samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from logmatch.lint.contest import Contest, Symbol, example_line, symbols
from logmatch.lint.findings import Finding, FindingKind, listed, make_finding, named
from logmatch.lint.samples import field_texts, sample_lines
from logmatch.lint.structure import is_impossible
from logmatch.program import WHITESPACE, Variant
from logmatch.templates.model import (
    ANY,
    REST,
    WORD,
    decode,
)
from logmatch.wording import count

SAMPLES = 20
"""How many samples are made of a variant; more where a list has more words."""

MOST_SAMPLES = 64
"""How many samples are made of a variant at most."""

ALL_SAMPLES = 100_000
"""How many samples are made of all variants together, if each template wins some; one takes some 50 microseconds."""

EVIDENCE = 5
"""How many lines a template must have lost, and none won, before it is called shadowed without a proof."""

_BLANKS = frozenset(WHITESPACE)


def losers(contest: Contest, step: Callable[[str], None] = lambda _: None) -> Iterator[Finding]:
    """Templates that can never win, and those that win by their place in the file only; *step* is told which."""
    duplicates = _duplicates(contest)
    dead = set()
    for number, first in duplicates.items():
        template, other = contest.templates[number], contest.templates[first]
        dead.add(number)
        message = f"{template.id!r} can never win: {named(other)} is the same pattern with the same priority"
        yield make_finding(FindingKind.DUPLICATE, template, message, "remove one of the two", others=[other])
    ties: Ties = {}
    samples_each = max(1, min(SAMPLES, ALL_SAMPLES // max(1, len(contest.variants))))
    for number in range(len(contest.templates)):
        if number not in duplicates and not contest.is_exhausted:
            step(f"which win: {number + 1:,} of {count(len(contest.templates), 'template')}")
            trial = _Trial(contest, number, ties)
            trial.run(samples_each)
            shadowed = _shadowed(contest, trial)
            if shadowed is not None:
                dead.add(number)
                yield shadowed
    for (loser, winner), line in ties.items():
        if loser not in dead:
            template, other = contest.templates[loser], contest.templates[winner]
            message = f"{template.id!r} and {named(other)} both match this line, and only their place decides"
            hint = "make one of them more specific, or give one a higher priority"
            yield make_finding(FindingKind.AMBIGUOUS, template, message, hint, text=decode(line), others=[other])


def _duplicates(contest: Contest) -> dict[int, int]:
    """The templates that have the variants and the priority of an earlier one, and which one."""
    first_with: dict[object, int] = {}
    duplicates = {}
    for number, template in enumerate(contest.templates):
        keys = frozenset(contest.keys[each] for each in contest.variants_of[number])
        first = first_with.setdefault((template.priority, keys), number)
        if first != number:
            duplicates[number] = first
    return duplicates


Ties = dict[tuple[int, int], bytes]
"""For two templates, the later and the earlier one, a line whose match only their place in the file decides."""


@dataclass(slots=True)
class _Trial:
    """
    Lines that a template matches, and who won them.

    `lost` holds for each of its variants the winners of lines that this variant matches, each with how often. `ties` is
    shared by all trials, and added to.
    """

    contest: Contest
    number: int
    ties: Ties
    won: bool = False
    lines: int = 0
    lost: dict[int, dict[int, int]] = field(default_factory=dict)
    exhausted: bool = True
    """Whether every value that was chosen for a field had its turn in a line."""

    def run(self, samples_each: int) -> None:
        """Try the examples and samples of every variant: *samples_each*, and more as long as none has been won."""
        contest, template = self.contest, self.contest.templates[self.number]
        variants = contest.variants_of[self.number]
        self.lost = {variant: {} for variant in variants}
        examples = [line for example in template.match if b"\n" not in (line := example_line(example.line))]
        values: dict[int, list[bytes]] = {}
        for line in examples:
            variant = contest.first_of(self.number, line)
            if variant is not None:
                self._add_values(variant, line, values)
                self._try(variant, line)
        for variant in variants:
            texts = field_texts(contest.variants[variant], values)
            longest = max(map(len, texts), default=0)
            count = min(MOST_SAMPLES, max(SAMPLES, longest))
            self.exhausted = self.exhausted and longest <= count
            for number, line in enumerate(sample_lines(contest.variants[variant], texts, count)):
                if self.won and number >= samples_each:
                    break
                if contest.is_exhausted:
                    self.exhausted = False
                    return
                self._try(variant, line)

    def _add_values(self, variant: int, line: bytes, values: dict[int, list[bytes]]) -> None:
        spans = self.contest.spans(variant, line) or ()
        for slot, start, end in zip(self.contest.variants[variant].slots, spans[::2], spans[1::2], strict=False):
            values.setdefault(slot, []).append(line[start:end])

    def _try(self, variant: int, line: bytes) -> None:
        contest = self.contest
        rivals = iter(contest.candidates(line))
        winner = next((number for number in rivals if contest.spans(number, line) is not None), None)
        if winner is None:
            return
        if contest.owner(winner) == self.number:
            self.won = True
        elif contest.spans(variant, line) is not None:
            self.lost[variant][winner] = self.lost[variant].get(winner, 0) + 1
        else:
            return
        self.lines += 1
        for rival in rivals:  # those after the winner
            if contest.ranks[rival] != contest.ranks[winner]:
                break
            pair = (contest.owner(rival), contest.owner(winner))
            if pair[0] != pair[1] and pair not in self.ties and contest.spans(rival, line) is not None:
                self.ties[pair] = line


def _shadowed(contest: Contest, trial: _Trial) -> Finding | None:
    """The finding that the template of *trial* can never win, or has won nothing, if it is so."""
    if trial.won:
        return None
    winners: dict[int, int] = {}  # number of a template -> the best of its variants that won
    proved = True
    loser = -1
    for variant, lost in trial.lost.items():
        cover = _cover(contest, variant, lost)
        if cover is None and not lost:
            if not is_impossible(contest.variants[variant]):
                return None
            continue
        if cover is None:
            proved = False
        if loser < 0:
            loser = variant
        for winner in sorted(lost, key=lambda each: -lost[each]) if cover is None else [cover]:
            winners.setdefault(contest.owner(winner), winner)
    if not winners or not (proved or (trial.lines >= EVIDENCE and trial.exhausted)):
        return None
    template = contest.templates[trial.number]
    others = [contest.templates[number] for number in winners]
    names = listed([named(other) for other in others])
    which = f", which has {contest.advantage(next(iter(winners.values())), loser)}" if len(others) == 1 else ""
    if proved:
        message = f"{template.id!r} can never win: all lines that it matches go to {names}{which}"
        hint = f"remove {template.id!r}, or give it a higher priority"
    else:
        message = f"{template.id!r} has won none of {trial.lines} lines made for it: they went to {names}{which}"
        hint = "give it a higher priority, or remove it; if there are lines for it alone, add one to its 'match'"
    return make_finding(FindingKind.SHADOWED, template, message, hint, others=others)


def _cover(contest: Contest, variant: int, lost: Iterable[int]) -> int | None:
    """A variant that precedes *variant*, as those of *lost* do, and certainly matches every line that it matches."""
    special = contest.variants[variant]
    if not special.fields():
        return next(iter(lost), None)  # there is only one such line
    twin = contest.first_with[contest.keys[variant]]
    if twin < variant and contest.owner(twin) != special.template_number:
        return twin
    return next((general for general in sorted(lost) if covers(contest.variants[general], special)), None)


def covers(general: Variant, special: Variant) -> bool:
    """
    Whether it is certain that *general* matches every line that *special* matches.

    It does if it can divide the line as *special* does: where both have the same literal byte or the same type, they
    take the same text from the same place; an `any` takes whatever *special* has there, a `word` what surely holds no
    whitespace. So *general* is run, as an automaton, on the items of *special*; its states are items that come next.
    """
    pattern = symbols(general)
    states = _skip_empty(pattern, {0})
    for symbol in symbols(special):
        following = set()
        for state in states:
            if state < len(pattern):
                if pattern[state] == ANY or (pattern[state] == REST and state == len(pattern) - 1):
                    following.add(state)
                elif pattern[state] == WORD and _is_solid(symbol):
                    following |= {state, state + 1}
                elif pattern[state] == symbol:
                    following.add(state + 1)
        states = _skip_empty(pattern, following)
    return len(pattern) in states


def _skip_empty(pattern: Sequence[Symbol], states: set[int]) -> set[int]:
    """*states* and those that they become where `any` and a last `rest` take nothing."""
    reached = set(states)
    for state in states:
        following = state
        while following < len(pattern) and pattern[following] in (ANY, REST):
            following += 1
            reached.add(following)
    return reached


def _is_solid(symbol: Symbol) -> bool:
    if isinstance(symbol, int):
        return symbol not in _BLANKS
    if isinstance(symbol, frozenset):
        return all(_BLANKS.isdisjoint(word) for word in symbol)
    return symbol.facts.is_solid
