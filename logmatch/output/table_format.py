"""Table format: what output formats of tables have in common: their writer, and where each table goes."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

from logmatch.errors import UsageError
from logmatch.output.block_writer import BlockWriter, make_block_writer
from logmatch.output.destination import STDOUT, compression_of
from logmatch.output.jsonl import FORMAT as JSON_LINES
from logmatch.output.record_options import RecordOptions
from logmatch.output.table import Schema, TableOptions, Tables, schema_of
from logmatch.output.text_rows import TextForm
from logmatch.program import Program
from logmatch.templates.model import encode

if TYPE_CHECKING:
    from logmatch.interrupt import Interrupt
    from logmatch.output.format import OpenOutput, OutputFormat
    from logmatch.output.table_output import GroupFile
    from logmatch.output.whole_file import WholeFile

UNMATCHED = "_unmatched"
"""The name of the table of unmatched lines among those of templates."""


@dataclass(frozen=True)
class TableFormat:
    """A format of files of typed columns; see `format.OutputFormat`."""

    options: TableOptions = field(default=TableOptions())
    form: TextForm | None = None
    """Where rows are lines of text, how these are written."""

    @property
    def name(self) -> str:
        """See `OutputFormat`."""
        raise NotImplementedError

    @property
    def suffix(self) -> str:
        """With which the names of files end that are named after templates."""
        return f".{self.name}"

    @property
    def of_unmatched(self) -> OutputFormat:
        """See `OutputFormat`."""
        return JSON_LINES

    def schema(self, program: Program, options: RecordOptions) -> Schema:
        """The tables of a run."""
        return schema_of(program, options, self.options)

    def files(self, path: str, program: Program) -> Sequence[str]:
        """See `OutputFormat.files`."""
        if self.options.tables is Tables.WIDE:
            return (path,)
        return [
            os.path.join(path, name + self.suffix)
            for name in file_names([template.id for template in program.templates])
        ]

    def make_writer(
        self,
        program: Program,
        options: RecordOptions,
        *,
        by_columns: bool,
        separate_unmatched: bool = False,
        drop_unmatched: bool = False,
        drop_blank: bool = False,
    ) -> BlockWriter:
        """See `OutputFormat.make_writer`."""
        return make_block_writer(
            program,
            self.schema(program, options),
            options,
            by_columns=by_columns,
            separate_unmatched=separate_unmatched,
            drop_unmatched=drop_unmatched,
            drop_blank=drop_blank,
            form=self.form,
        )

    def open_output(
        self, path: str, interrupt: Interrupt, program: Program, options: RecordOptions, *, line_buffered: bool = False
    ) -> OpenOutput:
        """See `OutputFormat.open_output`."""
        from logmatch.output.table_output import TableOutput

        self.check(path)
        make_directory(path, self.options.tables)
        files = self.files(path, program)
        return TableOutput(
            path,
            self.schema(program, options),
            files.__getitem__,
            interrupt,
            self.make_file,
            every_row=line_buffered,
        )

    def check(self, path: str) -> None:
        """
        See whether files can be made.

        Raises:
            UsageError: a package is missing, or *path* is nothing that such a file can go to.
        """
        if compression_of(path) is not None:
            raise UsageError(f"{path}: a file of {self.name} is compressed by itself", hint=f"name it x{self.suffix}")
        if path == STDOUT and os.isatty(1):
            raise UsageError(f"{self.name} is no text for a terminal", hint=f"name a file: -o x{self.suffix}")

    def make_file(self, file: WholeFile) -> GroupFile:
        """What makes groups of rows into *file*."""
        raise NotImplementedError


def missing(package: str) -> UsageError:
    """The error of a *package* that is not installed."""
    return UsageError(f"this output needs the package {package}", hint="pip install 'logmatch[arrow]'")


def make_directory(path: str, tables: Tables) -> None:
    """
    Make the directory *path* for the files of templates, if it is not there.

    Raises:
        UsageError: it cannot be made.
    """
    if tables is Tables.WIDE:
        return
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        what = (
            "is no directory" if error.errno in (errno.EEXIST, errno.ENOTDIR) else os.strerror(error.errno or 0).lower()
        )
        raise UsageError(f"cannot make the directory {path}: {what}", hint="name another one with -o") from None


_ODD = re.compile(rb"[^A-Za-z0-9._-]|^\.")
_MOST_NAME = 150


def file_names(ids: Sequence[str]) -> list[str]:
    """
    The names of the files of templates, and at last that of unmatched lines, without suffixes.

    They are the ids, but for bytes that not all file systems take, which are written as in an address: `%2F`. No two
    differ in nothing but upper and lower case.
    """
    names: list[str] = []
    taken = {UNMATCHED}
    for each in ids:
        text = encode(each)
        name = _ODD.sub(lambda match: b"%%%02X" % match[0][0], text).decode()
        if len(name) > _MOST_NAME or name.lower() in taken or not name:
            name = f"{name[:_MOST_NAME]}%{blake2b(text, digest_size=8).hexdigest()}"
        taken.add(name.lower())
        names.append(name)
    return [*names, UNMATCHED]
