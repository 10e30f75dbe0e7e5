"""
Writer: matches in, records out. An output format is a writer; the one there is is `jsonl`.

A writer belongs to one thread. It is told the input (`begin`), takes batches of its lines in their order (`write`), and
gives what it made of them (`take`).
"""

from __future__ import annotations

from typing import Protocol

from logmatch.engine.matches import Matches

Records = bytes | memoryview
"""Whole records."""


class Writer(Protocol):
    """Makes records of matches; see the module."""

    replaced: int
    """How many U+FFFD were written since `begin` in place of bytes that are not UTF-8."""

    @property
    def numbers_as_text(self) -> int:
        """How many numbers were written as text since `begin`."""

    def begin(self, file: str, space: memoryview | None = None) -> None:
        """
        From now on, write records of lines of *file*.

        Args:
            file: its name, for the records.
            space: memory that records may be written into if they fit, so that they need not be copied there: what
                `take` gives is then a part of it.
        """

    def write(self, matches: Matches, *, first_line: int, offset: int) -> None:
        """
        Write the records of the lines in *matches*.

        Args:
            matches: of any engine.
            first_line: the number of the first of them.
            offset: of their buffer in the file, in bytes.
        """

    def write_too_long(self, line_number: int, offset: int, head: bytes, size: int) -> None:
        """Write the record of a line of *size* bytes, more than may be matched; *head* is its beginning."""

    def take(self) -> tuple[Records, Records]:
        """The records since `begin`, and those of unmatched lines, if they are separate; they are valid until then."""
