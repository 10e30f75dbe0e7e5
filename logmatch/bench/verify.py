"""
Verify: a benchmark is a test. Runs that must have the same answer have it, or there are no results.

The records of an engine must be the same, byte for byte, in every run and whatever the number of workers; every engine
must give the same ones; where lines were made, they must be the records that the maker says.
"""

from __future__ import annotations

from collections.abc import Sequence

from logmatch.bench.plain_loop import PLAIN_LOOP
from logmatch.bench.results import CellKey, Run, SteadyRun
from logmatch.errors import LogmatchError


class DisagreementError(LogmatchError):
    """Two runs on the same lines gave different records: a bug of logmatch, or of what the results rest on."""


_HINT = (
    "if the templates have /regex/ fields that reach their time limit, mend those; files must not change meanwhile;"
    " else it is a bug, please report it"
)
_BUG = "it is a bug, please report it"


def check_same(runs: Sequence[tuple[str, Run]]) -> None:
    """All *runs*, of the same lines, must have the same answer; each comes after what to call it."""
    first_name, first = runs[0]
    for name, run in runs[1:]:
        if (run.lines, run.matched) != (first.lines, first.matched):
            raise DisagreementError(
                f"{first_name} matched {first.matched:,} of {first.lines:,} lines,"
                f" {name} {run.matched:,} of {run.lines:,}",
                hint=_HINT,
            )
        if run.digest != first.digest:
            raise DisagreementError(
                f"the records of {first_name} and of {name} differ, in {run.matched:,} matched lines each", hint=_HINT
            )


def check_lines(plain: int, others: int) -> None:
    """The plain loop must have read as many lines as the engines."""
    if plain != others:
        raise DisagreementError(f"the {PLAIN_LOOP} read {plain:,} lines, the others {others:,}", hint=_HINT)


def check_copy(copy: Run, size: int) -> None:
    """What was copied must be all that there is."""
    if copy.bytes_out != size:
        raise DisagreementError(f"{copy.bytes_out:,} bytes were copied, the lines have {size:,}", hint=_HINT)


def check_cell(key: CellKey, run: SteadyRun, *, lines: int, digest: str) -> None:
    """A run of the scaling section must have the records that the maker of its lines expects."""
    expected = lines if key.matching else 0
    if (run.lines, run.matched) != (lines, expected):
        raise DisagreementError(
            f"{key}: {run.matched:,} of {run.lines:,} lines matched, not {expected:,} of {lines:,}", hint=_BUG
        )
    if run.digest != digest:
        raise DisagreementError(f"{key}: the records are not those that the lines were made from", hint=_BUG)
