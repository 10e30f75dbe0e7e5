"""Text tables: lines of text into a file for each table, each there when it is whole."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from logmatch.errors import OutputClosedError
from logmatch.interrupt import Interrupt
from logmatch.output.blocks import blocks_in, count_rows, text_in
from logmatch.output.open_files import OpenFiles
from logmatch.output.table import Schema
from logmatch.output.text_rows import TextForm
from logmatch.output.whole_file import WholeFile
from logmatch.output.writer import Records

_BUFFER = 64 << 10
"""Bytes that are written to a file at a time, about."""

_MOST_BUFFERED = 16 << 20
"""Bytes that wait, of all tables."""


class TextTables:
    """See `format.OpenOutput`."""

    def __init__(self, name: str, schema: Schema, paths: Sequence[str], form: TextForm, interrupt: Interrupt) -> None:
        self.name = name
        self.descriptor = -1
        self._schema = schema
        self._paths = paths
        self._form = form
        self._interrupt = interrupt
        self._buffers: dict[int, bytearray] = {}
        self._buffered = 0
        self._files = OpenFiles()

    def closed_by_reader(self) -> OutputClosedError:
        """See `OpenOutput`; files have no readers that go."""
        raise NotImplementedError

    def write(self, records: Records) -> int:
        """See `OpenOutput`."""
        for number, block in blocks_in(records):
            buffer = self._buffers.get(number)
            if buffer is None:
                self._files.add(number, WholeFile(self._paths[number], self._interrupt))
                buffer = self._buffers[number] = bytearray(self._form.header(self._schema.tables[number]))
            text = text_in(block)
            buffer += text
            self._buffered += len(text)
            if len(buffer) >= _BUFFER:
                self._put(number)
        while self._buffered > _MOST_BUFFERED:
            self._put(max(self._buffers, key=lambda each: len(self._buffers[each])))
        return len(records)

    def count_records(self, records: Records) -> int:
        """See `OpenOutput`."""
        return count_rows(records)

    def finish(self) -> None:
        """See `OpenOutput`."""
        for number in self._buffers:
            self._put(number)
        self._files.finish()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.discard()

    def _put(self, number: int) -> None:
        buffer = self._buffers[number]
        self._buffered = max(0, self._buffered - len(buffer))  # headers are not counted
        self._files.write(number, bytes(buffer))
        buffer.clear()
