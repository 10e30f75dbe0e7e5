"""
Output format: one value that says all that a run must know of how records are written.

A worker asks it for a writer (`writer.Writer`), the thread that runs the job for the open output that takes what
writers make (`OpenOutput`). What goes from one to the other are bytes that only the format understands. Formats are
frozen and can be pickled. A new format is one file with such a value, and a line in `_FORMATS`.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol

from logmatch.errors import OutputClosedError
from logmatch.interrupt import Interrupt
from logmatch.output.destination import compression_of
from logmatch.output.record_options import RecordOptions
from logmatch.output.writer import Records, Writer
from logmatch.program import Program


class OpenOutput(Protocol):
    """Where the records of a run go; the methods are called by one thread at a time."""

    @property
    def name(self) -> str:
        """How a person calls it."""

    @property
    def descriptor(self) -> int:
        """An error that `poll` reports on it says that the reader has gone."""

    def closed_by_reader(self) -> OutputClosedError:
        """What to raise then."""

    def write(self, records: Records) -> int:
        """
        Take *records*, as a writer gave them; return how many bytes: all, or less where an interrupt's grace ended.

        They may lie in memory that is used again after this call.

        Raises:
            OutputClosedError: nobody reads them any more.
            OutputError: they cannot be written.
        """

    def count_records(self, records: Records) -> int:
        """How many whole records *records* holds, the beginning of what a writer gave."""

    def finish(self) -> None:
        """All records of the run have been written, or all that an interrupt left: make the output whole."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it, whatever has happened; one that must be whole to be worth something is gone if it is not."""


class OutputFormat(Protocol):
    """See the module."""

    @property
    def name(self) -> str:
        """How a person calls it."""

    @property
    def of_unmatched(self) -> OutputFormat:
        """The format of the records of unmatched lines that are kept apart."""

    def files(self, path: str, program: Program) -> Sequence[str]:
        """The files that are made where *path* is the output."""

    def make_writer(
        self,
        program: Program,
        options: RecordOptions,
        *,
        by_columns: bool,
        separate_unmatched: bool = False,
        drop_unmatched: bool = False,
        drop_blank: bool = False,
    ) -> Writer:
        """
        Return a writer.

        Args:
            program: the one that the matches are of.
            options: what records hold.
            by_columns: whether it is to read the columns of the matches, which takes the compiled module, or their
                groups; the records are the same.
            separate_unmatched: whether the records of unmatched lines are kept apart from the others.
            drop_unmatched: whether unmatched lines have no record.
            drop_blank: whether those of them that hold nothing but spaces and tabs have none.
        """

    def open_output(
        self, path: str, interrupt: Interrupt, program: Program, options: RecordOptions, *, line_buffered: bool = False
    ) -> OpenOutput:
        """
        Open *path* ("-" is stdout) for what writers give. A file is made, or emptied: `preflight` has seen that it may.

        Args:
            program, options: as for writers.
            line_buffered: whether each record is to be there for readers at once.

        Raises:
            UsageError: a package is missing.
            OutputError: it cannot be opened.
        """


_FORMATS = {"jsonl": "jsonl", "parquet": "parquet", "arrow": "ipc", "csv": "csv", "tsv": "tsv"}
"""The module of each format by its name; it has the value as `FORMAT`."""

_SUFFIXES = {
    **{".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".csv": "csv", ".tsv": "tsv"},
    **{".arrow": "arrow", ".arrows": "arrow", ".feather": "arrow"},
}
"""The format of an output whose name ends so, after the suffix of a compression."""

NAMES = tuple(_FORMATS)
"""The names of the formats."""


def format_named(name: str) -> OutputFormat:
    """The format *name*, one of `NAMES`."""
    module = importlib.import_module(f"logmatch.output.{_FORMATS[name]}")
    value: OutputFormat = module.FORMAT
    return value


def name_by_suffix(path: str) -> str | None:
    """The name of the format that the name of the output *path* asks for; None: it asks for none."""
    stem, suffix = os.path.splitext(path)
    if compression_of(path) is not None:
        _, suffix = os.path.splitext(stem)
    return _SUFFIXES.get(suffix.lower())
