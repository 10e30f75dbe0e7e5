"""IPC: tables as Arrow's own files, and as its streams where they go to a pipe: messages are written by `arro3-io`."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from logmatch.output.ipc_file import Messages
from logmatch.output.table_format import TableFormat, missing

if TYPE_CHECKING:
    from logmatch.output.arrow import ArrowRecords
    from logmatch.output.whole_file import WholeFile

STREAM_SUFFIX = ".arrows"
"""Of files that are streams."""


@dataclass(frozen=True)
class Ipc(TableFormat):
    """The format; see `format.OutputFormat`."""

    @property
    def name(self) -> str:
        """See `OutputFormat`."""
        return "arrow"

    def check(self, path: str) -> None:
        """See `TableFormat.check`."""
        super().check(path)
        _write_stream()

    def make_file(self, file: WholeFile) -> _Groups:
        """See `TableFormat.make_file`."""
        return _Groups(is_file=file.is_file and not file.name.lower().endswith(STREAM_SUFFIX))


FORMAT = Ipc()


class _Groups:
    """See `table_output.GroupFile`."""

    def __init__(self, *, is_file: bool) -> None:
        self._messages = Messages(is_file=is_file)
        self._write = _write_stream()

    def head(self) -> bytes:
        return self._messages.head()

    def group(self, records: ArrowRecords) -> bytes:
        made = io.BytesIO()
        self._write(records, made, compression=None)
        return self._messages.add(made.getvalue())

    def tail(self) -> bytes:
        return self._messages.tail()


def _write_stream() -> Callable[..., Any]:
    try:
        from arro3.io import write_ipc_stream
    except ImportError:
        raise missing("arro3-io") from None
    return write_ipc_stream
