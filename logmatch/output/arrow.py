"""
Arrow: records as one table of columns in memory, for whoever knows the Arrow PyCapsule interface.

https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html; no package is needed for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from logmatch.output.batch import Batch
from logmatch.output.block_writer import make_block_writer
from logmatch.output.blocks import blocks_in
from logmatch.output.record_options import RecordOptions
from logmatch.output.table import ColumnKind, Table, TableOptions, schema_of
from logmatch.output.text_rows import utf8
from logmatch.output.writer import Records
from logmatch.program import Program

_MOST_BYTES = 1 << 30
"""Of columns: from here on rows go to another batch. Offsets within a batch have 31 bits."""


class ArrowRecords(Protocol):
    """Records as columns, which may be taken as often as one likes."""

    @property
    def num_rows(self) -> int:
        """How many records there are."""

    @property
    def replaced(self) -> int:
        """How many U+FFFD stand in place of bytes that are not UTF-8."""

    @property
    def numbers_as_text(self) -> int:
        """How many numbers are in the column `overflow`."""

    @property
    def column_names(self) -> list[str]:
        """The names of the columns, in their order."""

    def __len__(self) -> int: ...

    def __arrow_c_schema__(self) -> object:
        """The schema, a struct."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """A stream of all rows."""


class Gathered(Protocol):
    """The rows of one table, out of blocks."""

    @property
    def rows(self) -> int:
        """How many there are."""

    @property
    def size(self) -> int:
        """Bytes in use, about."""

    def add(self, block: Records) -> None:
        """Add the rows of *block*, which belongs to this table."""

    def take(
        self, earlier: Sequence[ArrowRecords] = (), *, replaced: int = 0, numbers_as_text: int = 0
    ) -> ArrowRecords:
        """
        All rows, after those of *earlier*, which this has given; there are none then.

        Args:
            replaced, numbers_as_text: what has been counted of the new ones.
        """


def gather(table: Table, ids: Sequence[str]) -> Gathered:
    """What gathers the rows of *table*; *ids* is what the numbers of templates stand for."""
    names = [utf8(column.name).replace(b"\0", b"?") for column in table.columns]  # a NUL would end the name
    texts = [utf8(each) for each in ids] if ColumnKind.ID in table.kinds else []
    try:
        from logmatch.output._columns import Columns, Shape
    except ImportError:
        from logmatch.output.arrow_structs import StructColumns

        return StructColumns(table.kinds, names, texts)
    return Columns(Shape(table.kinds, names, texts))


class ArrowWriter:
    """Makes a table of batches; it belongs to one thread."""

    def __init__(self, program: Program, *, by_columns: bool) -> None:
        options = RecordOptions()
        schema = schema_of(program, options, TableOptions())
        self._writer = make_block_writer(program, schema, options, by_columns=by_columns)
        self._gathered = gather(schema.tables[0], schema.ids)

    def table_of(self, batches: Iterable[Batch]) -> ArrowRecords:
        """The records of the lines in *batches*."""
        writer, gathered = self._writer, self._gathered
        replaced = numbers_as_text = 0
        earlier: list[ArrowRecords] = []
        for batch in batches:
            writer.begin("-")
            writer.write(batch)
            for _, block in blocks_in(writer.take()[0]):
                gathered.add(block)
            replaced += writer.replaced
            numbers_as_text += writer.numbers_as_text
            if gathered.size > _MOST_BYTES:
                earlier = [gathered.take(earlier)]
        return gathered.take(earlier, replaced=replaced, numbers_as_text=numbers_as_text)
