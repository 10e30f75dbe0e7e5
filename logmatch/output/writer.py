"""
Writer: matches in, records out. Each output format has its own (`format.OutputFormat.make_writer`).

A writer belongs to one thread. It is told the input (`begin`), takes batches of its lines in their order (`write`), and
gives what it made of them (`take`): bytes, which a sink of the same format takes, whatever process or thread made them.
"""

from __future__ import annotations

from typing import Protocol

from logmatch.output.batch import Batch

Records = bytes | bytearray | memoryview
"""Whole records: what a writer gives at a time, and a sink takes."""


class Writer(Protocol):
    """Makes records of matches; see the module."""

    @property
    def replaced(self) -> int:
        """How many U+FFFD were written since `begin` in place of bytes that are not UTF-8."""

    @property
    def numbers_as_text(self) -> int:
        """How many numbers were written as text since `begin`."""

    def record_size(self, file: str) -> int:
        """How many bytes the record of a line of *file* takes at most, besides the text of the line itself."""

    def begin(self, file: str, space: memoryview | None = None) -> None:
        """
        From now on, write records of lines of *file*.

        Args:
            file: its name, for the records.
            space: memory that records may be written into if they fit, so that they need not be copied there: what
                `take` gives is then a part of it.
        """

    def write(self, batch: Batch) -> None:
        """Write the records of the lines in *batch*."""

    def write_too_long(self, line_number: int, offset: int, head: bytes, size: int) -> None:
        """Write the record of a line of *size* bytes, more than may be matched; *head* is its beginning."""

    def take(self) -> tuple[Records, Records]:
        """The records since `begin`, and those of unmatched lines, if they are separate; they are valid until then."""
