"""Text output: where records go that are lines of text: a sink, which compresses them where its name says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from logmatch.interrupt import Interrupt
from logmatch.output.destination import compression_of
from logmatch.output.sink import Sink, open_sink

if TYPE_CHECKING:
    from logmatch.output.compressed import CompressedSink


def open_text_output(
    path: str, interrupt: Interrupt, *, line_buffered: bool, has_quotes: bool = False
) -> Sink | CompressedSink:
    """
    Open *path* ("-" is stdout); see `format.OutputFormat.open_output`.

    Args:
        has_quotes: whether a line break within quotes ends no record.
    """
    kind = compression_of(path)
    if kind is None:
        return open_sink(path, interrupt, line_buffered=line_buffered, has_quotes=has_quotes)
    from logmatch.output.compressed import CompressedSink, compressor

    compressor(kind)  # an error before there is a file
    return CompressedSink(open_sink(path, interrupt, takes_records=False), kind, line_buffered=line_buffered)
