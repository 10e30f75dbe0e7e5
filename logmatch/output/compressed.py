"""
Compressed: a sink whose bytes are compressed, for outputs that end in .gz and .zst.

Every block of records becomes a member (gzip) or a frame (zstd) of its own; what reads such a file joins them. So a
file is whole after each block, however the run ends, and blocks are compressed side by side, in threads.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from logmatch.errors import OutputClosedError, UsageError
from logmatch.output.destination import Compression
from logmatch.output.sink import Closing, Sink
from logmatch.output.writer import Records

BLOCK_SIZE = 1 << 20
"""Bytes of records that are compressed together, about."""

_GZIP_LEVEL = 3
_ZSTD_LEVEL = 3
_MOST_THREADS = 4


class CompressedSink(Closing):
    """An open output that compresses; see `sink.Sink`, whose methods it has."""

    def __init__(self, sink: Sink, kind: Compression, *, line_buffered: bool = False) -> None:
        """*sink* takes bytes, not records, and belongs to this one from now on."""
        self._sink = sink
        self._compress = compressor(kind)
        self._block_size = 1 if line_buffered else BLOCK_SIZE
        self._gathered: list[bytes] = []
        self._size = 0
        self._is_empty = True
        threads = min(_MOST_THREADS, os.cpu_count() or 1)
        self._pool = ThreadPoolExecutor(threads)
        self._most_blocks = 2 * threads
        self._blocks: deque[Future[bytes]] = deque()  # being compressed, oldest first

    @property
    def name(self) -> str:
        """See `Sink.name`."""
        return self._sink.name

    @property
    def descriptor(self) -> int:
        """See `Sink.descriptor`."""
        return self._sink.descriptor

    def write(self, records: Records) -> int:
        """Take *records*, whole ones, all of them; see `Sink.write` for what is raised, also for records before."""
        if records:
            self._gathered.append(bytes(records))
            self._size += len(records)
            if self._size >= self._block_size:
                self._put_block()
        return len(records)

    def count_records(self, records: Records) -> int:
        """See `Sink.count_records`."""
        return self._sink.count_records(records)

    def finish(self) -> None:
        """What is gathered is written whenever it is closed."""

    def closed_by_reader(self) -> OutputClosedError:
        """See `Sink.closed_by_reader`."""
        return self._sink.closed_by_reader()

    def close(self) -> None:
        """Write what is left, and close it."""
        try:
            if self._gathered or self._is_empty:  # a file without a member is none of its kind
                self._put_block()
            while self._blocks:
                self._write_oldest()
        finally:
            self._pool.shutdown(cancel_futures=True)
            self._sink.close()

    def _put_block(self) -> None:
        block = b"".join(self._gathered)
        self._gathered, self._size, self._is_empty = [], 0, False
        self._blocks.append(self._pool.submit(self._compress, block))
        while len(self._blocks) > self._most_blocks:
            self._write_oldest()

    def _write_oldest(self) -> None:
        self._sink.write(self._blocks.popleft().result())


def compressor(kind: Compression) -> Callable[[bytes], bytes]:
    """
    What makes a member or a frame of bytes.

    Raises:
        UsageError: a package is missing.
    """
    if kind is Compression.GZIP:
        import zlib

        return lambda block: zlib.compress(block, _GZIP_LEVEL, zlib.MAX_WBITS | 16)  # 16: with the frame of gzip
    try:
        import zstandard
    except ImportError:
        hint = "pip install zstandard, or write .gz, or pipe it: logmatch parse ... | zstd -o FILE"
        raise UsageError("an output that ends in .zst needs the package zstandard", hint=hint) from None
    return lambda block: zstandard.ZstdCompressor(level=_ZSTD_LEVEL, write_checksum=True).compress(block)
