"""Batch: lines of one input on their way to a writer: what an engine made of them, and what else is known of each."""

from __future__ import annotations

from dataclasses import dataclass

from logmatch.engine.matches import Matches


@dataclass(frozen=True, slots=True)
class Batch:
    """What a writer makes records of: the lines of a buffer, whole ones, in their order."""

    matches: Matches
    """Of any engine."""
    first_line: int
    """The number of the first of the lines, from 1."""
    offset: int = 0
    """Of the buffer in its file, in bytes."""
