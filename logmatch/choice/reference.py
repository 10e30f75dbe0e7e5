"""Reference: chooses lines in Python, for engines without a kernel; the definition of what `_chooser` gives."""

from __future__ import annotations

from collections.abc import Sequence

from logmatch.choice.choice import Choice
from logmatch.choice.plan import Test, Tested, check, tested
from logmatch.choice.span import TimeSpan
from logmatch.choice.where import parse_condition
from logmatch.engine.matches import Matches
from logmatch.line import Buffer
from logmatch.program import Program
from logmatch.times.times import State, Times


def conditions(program: Program, choice: Choice) -> list[Tested]:
    """
    For each variant what is to be found out of its lines.

    Raises:
        UsageError: the condition is wrong.
    """
    condition = None
    if choice.where is not None:
        condition = parse_condition(choice.where)
        check(condition, choice.where, program)
    found: list[Tested] = []
    for number, variant in enumerate(program.variants):
        if choice.templates is not None and variant.template_number not in choice.templates:
            found.append(False)
        else:
            found.append(True if condition is None else tested(condition, program, number))
    return found


def holds(condition: Tested, texts: Sequence[bytes]) -> bool:
    """Whether *condition* holds of a line with these *texts* of fields."""
    if isinstance(condition, bool):
        return condition
    if isinstance(condition, Test):
        return condition.holds(texts[condition.place])
    kind, parts = condition
    if kind == "not":
        return not holds(parts[0], texts)
    return all(holds(part, texts) for part in parts) if kind == "and" else any(holds(part, texts) for part in parts)


def is_within(span: TimeSpan, state: int, nanoseconds: int) -> bool:
    """Whether a time is in *span*; what is no time is not."""
    if state in (State.NONE, State.IMPOSSIBLE):
        return False
    least, most = span.naive if state == State.NAIVE else span.moments
    return least <= nanoseconds <= most


class PythonChooser:
    """Tells which lines have records; see `Chooser`."""

    def __init__(self, program: Program, choice: Choice) -> None:
        self._conditions = conditions(program, choice)
        self._keeps_unmatched = choice.keeps_all_unmatched
        self._span = choice.span

    def keep(self, matches: Matches, times: Times | None) -> tuple[Buffer | None, int]:
        """See `Chooser.keep`."""
        keep = bytearray([self._keeps_unmatched]) * matches.line_count
        for number, places, texts in matches.groups():
            condition = self._conditions[number]
            for place, each in zip(places, texts, strict=True):
                keep[place] = condition if isinstance(condition, bool) else holds(condition, each)
        if self._span is not None and times is not None:
            matched = memoryview(matches.variant_numbers).cast("B").cast("i")
            columns = zip(memoryview(times.states), memoryview(times.nanoseconds).cast("B").cast("q"), strict=True)
            for place, (state, nanoseconds) in enumerate(columns):
                if keep[place] and matched[place] >= 0:
                    keep[place] = is_within(self._span, state, nanoseconds)
        left_out = keep.count(0)
        return (bytes(keep), left_out) if left_out else (None, 0)
