"""
Stage: what stands between the reader of an input and the workers, where lines are not simply one entry each.

A stage takes chunks in the order of the input and gives others, and may hold back what may go on. It runs in the thread
that reads; what it makes does not depend on where chunks were cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from logmatch.entries.envelope import Envelope, Kind
from logmatch.entries.unwrap import Unwrapper, make_unwrapper
from logmatch.input.framing import Buffers, Chunk
from logmatch.linescan import count_lines, pieces
from logmatch.run.records import Cutting, RecordRules

_STEP = 8 << 20  # bytes that are unwrapped at once: places of texts have 32 bits


class Stage(Protocol):
    """See the module."""

    @property
    def left_out(self) -> int:
        """How many physical lines are in no chunk that it gave."""

    def feed(self, chunk: Chunk) -> Iterator[Chunk]:
        """Take *chunk*; give what is whole by now."""

    def end(self) -> Iterator[Chunk]:
        """The input has ended: give all that is there."""

    @property
    def held_since(self) -> float | None:
        """When the last line came, as `time.monotonic` tells it, if it has something that `end` would give early."""


class Unwrapping:
    """Opens envelopes; see `entries.unwrap`."""

    def __init__(self, envelope: Envelope, max_line: int, buffers: Buffers) -> None:
        self._envelope = envelope
        self._max_line = max_line
        self._buffers = buffers
        self._unwrapper: Unwrapper | None = None
        self._last: Chunk | None = None
        self._size = 0  # bytes that are in no chunk yet
        self._replaced = 0

    held_since = None
    """The rest of a partial line comes for sure."""

    @property
    def left_out(self) -> int:
        """See `Stage.left_out`."""
        return self._unwrapper.left_out if self._unwrapper is not None else 0

    def feed(self, chunk: Chunk) -> Iterator[Chunk]:
        """See `Stage.feed`."""
        if self._unwrapper is None:
            envelope = self._envelope.of_input(bytes(chunk.data[:1]))
            self._unwrapper = make_unwrapper(envelope, self._max_line)
        self._last = chunk
        self._replaced += chunk.replaced
        if chunk.oversized is not None:
            self._size += chunk.oversized + 1
            self._unwrapper.add_too_long(bytes(chunk.data), chunk.oversized, chunk.first_line, chunk.offset)
            yield from self._taken(chunk)
            return
        first_line, offset = chunk.first_line, chunk.offset
        for piece in pieces(chunk.data, _STEP):
            self._size += len(piece)
            self._unwrapper.feed(piece, first_line, offset)
            yield from self._taken(chunk)
            if len(piece) < len(chunk.data):
                first_line += count_lines(piece)
                offset += len(piece)
        self._buffers.give_back(chunk.buffer)

    def end(self) -> Iterator[Chunk]:
        """See `Stage.end`."""
        if self._unwrapper is not None and self._last is not None:
            self._unwrapper.end()
            yield from self._taken(self._last)

    def _taken(self, chunk: Chunk) -> Iterator[Chunk]:
        assert self._unwrapper is not None
        taken = self._unwrapper.take()
        if taken is None:
            return
        entries, first_line, offset, line_count = taken
        size, self._size = self._size, 0
        replaced, self._replaced = self._replaced, 0
        yield Chunk(
            chunk.file, first_line, line_count, offset, entries.data, chunk.position,
            replaced=replaced, entries=entries, size=size, modified=chunk.modified,
        )  # fmt: skip


def make_stages(
    envelope: Envelope, rules: RecordRules | None, *, engine: str, max_line: int, buffers: Buffers
) -> list[Stage]:
    """The stages of one input, in their order; none where each line is an entry."""
    stages: list[Stage] = []
    if envelope.kind is not Kind.LINES:
        stages.append(Unwrapping(envelope, max_line, buffers))
    if rules is not None:
        stages.append(Cutting(rules, engine, buffers))
    return stages


def through(stages: list[Stage], chunk: Chunk) -> Iterator[Chunk]:
    """What comes of *chunk* behind the last of *stages*."""
    if not stages:
        yield chunk
        return
    for each in stages[0].feed(chunk):
        yield from through(stages[1:], each)


def ended(stages: list[Stage]) -> Iterator[Chunk]:
    """What is left in them."""
    for number, stage in enumerate(stages):
        for chunk in stage.end():
            yield from through(stages[number + 1 :], chunk)
