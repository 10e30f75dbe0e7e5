"""
Table output: blocks of rows -> files of groups of rows: what formats of whole files have in common.

Rows are gathered until there are enough for a group, which bounds the memory whatever the input; a format makes bytes
of each group (`GroupFile`). An interrupt leaves whole files of all rows that are done, an error none.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Protocol

from logmatch.errors import OutputClosedError
from logmatch.interrupt import Interrupt
from logmatch.output.arrow import ArrowRecords, Gathered, gather
from logmatch.output.blocks import blocks_in, count_rows
from logmatch.output.open_files import OpenFiles
from logmatch.output.table import Schema
from logmatch.output.whole_file import WholeFile
from logmatch.output.writer import Records

GROUP_ROWS = 122_880
"""About how many rows a group has at most: DuckDB's own number, a multiple of its vectors."""

GROUP_BYTES = 12 << 20
"""About how many bytes of columns a group has at most."""

_MOST_GATHERED = 48 << 20
"""Bytes of columns that wait, of all tables."""


class GroupFile(Protocol):
    """What a format makes of a table."""

    def head(self) -> bytes:
        """What comes before the first group."""

    def group(self, records: ArrowRecords) -> bytes:
        """The next group; one without rows if it is the only one."""

    def tail(self) -> bytes:
        """What comes after the last group."""


class TableOutput:
    """
    See `format.OpenOutput`.

    Args:
        schema: its tables.
        path_of: the path of each table by its number, or "-".
        make_file: makes what a format makes of a table.
        every_row: whether rows are to be there for readers at once.
    """

    def __init__(
        self,
        name: str,
        schema: Schema,
        path_of: Callable[[int], str],
        interrupt: Interrupt,
        make_file: Callable[[WholeFile], GroupFile],
        *,
        every_row: bool = False,
    ) -> None:
        self.name = name
        self._schema = schema
        self._path_of = path_of
        self._interrupt = interrupt
        self._make_file = make_file
        self._every_row = every_row
        self._tables: dict[int, _TableFile] = {}
        self._files = OpenFiles()
        self._gathered = 0
        self._is_broken = False
        if schema.is_wide:
            self._table(0)  # so that it is there without rows as well, and cannot be opened only after hours

    @property
    def descriptor(self) -> int:
        """See `OpenOutput`; -1: there are several files."""
        return self._tables[0].file.descriptor if self._schema.is_wide else -1

    def closed_by_reader(self) -> OutputClosedError:
        """See `OpenOutput`."""
        return self._tables[0].file.closed_by_reader()

    def write(self, records: Records) -> int:
        """See `OpenOutput`."""
        for number, block in blocks_in(records):
            table = self._table(number)
            before = table.gathered.size
            table.gathered.add(block)
            self._gathered += table.gathered.size - before
            if self._every_row or table.gathered.rows >= GROUP_ROWS or table.gathered.size >= GROUP_BYTES:
                if not self._put(table):
                    return 0
        while self._gathered > _MOST_GATHERED:
            if not self._put(max(self._tables.values(), key=lambda each: each.gathered.size)):
                return 0
        return len(records)

    def count_records(self, records: Records) -> int:
        """See `OpenOutput`."""
        return count_rows(records)

    def finish(self) -> None:
        """See `OpenOutput`."""
        if self._is_broken:
            return
        for table in self._tables.values():
            if (table.gathered.rows or not table.has_groups) and not self._put(table):
                return
            if not self._files.write(table.number, table.groups.tail()):
                return
        self._files.finish()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.discard()

    def _put(self, table: _TableFile) -> bool:
        """Write what *table* has gathered; return whether all of it could be written."""
        self._gathered -= table.gathered.size
        data = table.groups.group(table.gathered.take())
        if not table.has_groups:
            data = table.groups.head() + data
            table.has_groups = True
        self._is_broken = not self._files.write(table.number, data)
        return not self._is_broken

    def _table(self, number: int) -> _TableFile:
        table = self._tables.get(number)
        if table is None:
            file = WholeFile(self._path_of(number), self._interrupt)
            self._files.add(number, file)
            gathered = gather(self._schema.tables[number], self._schema.ids)
            table = self._tables[number] = _TableFile(number, gathered, file, self._make_file(file))
        return table


class _TableFile:
    def __init__(self, number: int, gathered: Gathered, file: WholeFile, groups: GroupFile) -> None:
        self.number = number
        self.gathered = gathered
        self.file = file
        self.groups = groups
        self.has_groups = False
