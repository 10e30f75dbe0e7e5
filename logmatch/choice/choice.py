"""
Choice: what a request asks for of lines: templates, a condition on values, a range of times.

A template that is left out is still matched: what wins does not change, only records are not made. A line that matches
nothing has no template, no value and no time, so it meets none of these demands but `not_`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from logmatch.engine.matches import Matches
from logmatch.line import Buffer
from logmatch.program import Program
from logmatch.times.times import Times

if TYPE_CHECKING:  # it imports more than a start has time for
    from logmatch.choice.span import TimeSpan


@dataclass(frozen=True, slots=True)
class Choice:
    """Which lines have records. Picklable."""

    templates: frozenset[int] | None = None
    """The numbers of the templates whose lines have; None: those of all."""
    keeps_unmatched: bool = True
    """Whether lines that match nothing have records, as far as templates decide."""
    where: str | None = None
    """The text of a condition."""
    span: TimeSpan | None = None
    unmatched_are_apart: bool = False
    """Whether the records of unmatched lines go to a file of their own: all of them do then."""

    @property
    def keeps_all_unmatched(self) -> bool:
        """Whether lines that match nothing have records."""
        return self.unmatched_are_apart or (self.keeps_unmatched and self.where is None and self.span is None)

    @property
    def is_everything(self) -> bool:
        """Whether all lines have records."""
        return self.templates is None and self.where is None and self.span is None


class Chooser(Protocol):
    """Tells which lines have records; threads may share one."""

    def keep(self, matches: Matches, times: Times | None) -> tuple[Buffer | None, int]:
        """
        For each line of *matches* a byte, 0 where it has no record; None where all have one. And how many have none.

        Args:
            times: of the lines, where the choice has a range of times.
        """


def make_chooser(program: Program, choice: Choice, *, by_columns: bool) -> Chooser:
    """
    What tells which lines of *program* have records.

    Args:
        by_columns: whether it is to read the columns of matches, which takes the compiled module, or their groups.

    Raises:
        UsageError: the condition is wrong, or no template has a field of it.
    """
    if by_columns:
        from logmatch.choice.native import NativeChooser

        return NativeChooser(program, choice)
    from logmatch.choice.reference import PythonChooser

    return PythonChooser(program, choice)
