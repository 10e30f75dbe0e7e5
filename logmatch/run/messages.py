"""
Messages: what a pool and its worker processes say to each other, and the memory that they share.

A message is a small value, pickled, and two rows of bytes as they are; it goes by a socket pair. Down to the worker go
orders (a chunk, a range and what belongs to it, a relay), up go counts of lines and results. The values are named
tuples: dataclasses take much longer to make, and these are made at every start of a pool.
"""

from __future__ import annotations

import mmap
import os
import pickle
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from logmatch.errors import LogmatchError
from logmatch.output.sink import Records
from logmatch.run.tally import Tally

IN_FLIGHT = 3
"""Tasks a worker: one in work, one to begin with at once, one that is being written by the parent."""

HEAD = struct.Struct("=QQQ")
"""How long the three parts of a message are."""


def message(meta: object, first: Records = b"", second: Records = b"") -> tuple[Records, ...]:
    """The parts of a message, to be sent one after the other."""
    pickled = pickle.dumps(meta, pickle.HIGHEST_PROTOCOL)
    return HEAD.pack(len(pickled), len(first), len(second)) + pickled, first, second


# --- to a worker


class SharedSlots(NamedTuple):
    """The descriptor that follows is that of its `Slots`."""


class SharedBoard(NamedTuple):
    """The descriptor that follows is that of the memory of the board for relays, one page for each."""


class OutputFile(NamedTuple):
    """The descriptor that follows is that of a file to write to in a relay, when it is its turn."""

    name: str


class SourceFile(NamedTuple):
    """The descriptor that follows is that of the plain file whose ranges come next."""

    name: str
    begin: int


class ChunkMeta(NamedTuple):
    """A `chunk.Chunk`, but for its data; see there."""

    file: str
    first_line: int
    line_count: int
    offset: int
    position: int
    oversized: int | None
    slot: int | None
    """Where the data is, if it is not in the message."""
    size: int
    """Bytes of the data in the slot."""


class FirstLine(NamedTuple):
    """The number of the first line of the oldest range that has not been told one."""

    number: int


# --- from a worker


class Counted(NamedTuple):
    """How many lines the next of its ranges has."""

    lines: int


@dataclass(slots=True)
class Report:
    """What the oldest of its tasks became."""

    tally: Tally | None
    engine: str
    slot: int | None = None
    """Where the output is, if it is not in the message."""
    size: int = 0
    """Bytes of the output in the slot."""
    failure: LogmatchError | str | None = None
    """What went wrong; a text for a bug."""
    output: Records = b""
    unmatched: Records = b""


# --- memory that a worker and its parent share


class Slots:
    """
    Places for as many tasks as a worker may have in flight: for the lines of a chunk, and for the records of a result.

    They are used in turn: when a task comes, the slot of the one that is so many before is free again. What was never
    written to takes no memory.
    """

    def __init__(self, descriptor: int) -> None:
        self._memory = mmap.mmap(descriptor, _SLOTS_SIZE)
        self._view = memoryview(self._memory)

    def records(self, slot: int) -> memoryview:
        """Where records go, by the number of a slot, from 0."""
        return self._view[slot * _SLOT_SIZE : (slot + 1) * _SLOT_SIZE]

    def lines(self, slot: int) -> memoryview:
        """Where lines go."""
        start = IN_FLIGHT * _SLOT_SIZE + slot * _LINES_SIZE
        return self._view[start : start + _LINES_SIZE]

    def close(self) -> None:
        """Give the memory back, and the descriptor that the mapping holds; where records are still looked at, later."""
        with suppress(BufferError):
            self._view.release()
            self._memory.close()


_SLOT_SIZE = 8 << 20  # bytes; records that need more go by the connection, ...
_LINES_SIZE = 2 << 20  # ... and lines
_SLOTS_SIZE = IN_FLIGHT * (_SLOT_SIZE + _LINES_SIZE)


def shared_memory(size: int = _SLOTS_SIZE) -> int | None:
    """A descriptor of memory, that of `Slots` by default, all zero and not there yet; None where that fails."""
    try:
        if hasattr(os, "memfd_create"):
            descriptor = os.memfd_create("logmatch", os.MFD_CLOEXEC)
        else:
            import tempfile

            with tempfile.TemporaryFile() as file:
                descriptor = os.dup(file.fileno())
    except OSError:
        return None
    try:
        os.ftruncate(descriptor, size)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
