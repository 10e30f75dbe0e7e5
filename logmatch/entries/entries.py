"""
Entries: what an input's physical lines hold, as columns: log lines, where they stand, and what belongs to each of them.

Where lines come in envelopes (`envelope`) or continue each other (`joining`), a *physical line* is no longer what is
matched; an entry is. It knows which physical lines it was made of, what follows its first line (`more`), and what else
its envelope said (`input`).
"""

from __future__ import annotations

import enum
from array import array
from collections.abc import Callable, Iterator
from dataclasses import KW_ONLY, dataclass, replace
from operator import sub
from typing import Any, Literal

from logmatch.line import Buffer


class State(enum.IntEnum):
    """What an entry is."""

    WHOLE = 0
    TRUNCATED = 1
    """Whole at its beginning; lines beyond a limit are left out of it."""
    TOO_LONG = 2
    """Longer than may be matched: its text is the beginning of it."""
    NO_ENVELOPE = 3
    """No line of the kind that was asked for: its text is the physical line."""
    NO_MESSAGE = 4
    """An envelope without a message: its text is the physical line."""

    @property
    def is_error(self) -> bool:
        """Whether it is not matched."""
        return self >= State.TOO_LONG


_SPARE = 4096
"""Bytes that entries may take beyond twice what they need."""

TOO_LONG_ERROR = "line too long"


def error_of(state: int, kind: str) -> str:
    """What a record says of an entry that is not matched, from an envelope of *kind*."""
    if state == State.TOO_LONG:
        return TOO_LONG_ERROR
    return f"not a {kind} line" if state == State.NO_ENVELOPE else "no message"


COLUMNS: dict[str, Literal["i", "q", "B"]] = {
    "begins": "i",
    "ends": "i",
    "more_ends": "i",
    "input_begins": "i",
    "input_ends": "i",
    "line_deltas": "q",
    "line_counts": "q",
    "offset_deltas": "q",
    "sizes": "q",
    "states": "B",
    "streams": "B",
}
"""The columns, and the type of their numbers, as `struct` calls it."""


@dataclass(frozen=True, slots=True)
class Entries:
    r"""
    Entries in the order of their first physical lines; a column has a number for each.

    Entry i is `data[begins[i]:ends[i]]`, its first line, without `\n` and `\r`. What continues it is
    `data[ends[i] + 1:more_ends[i]]`, lines joined by `\n`; there is nothing where `more_ends[i]` is `ends[i]`.
    """

    data: bytes | memoryview
    inputs: Buffer
    begins: Buffer
    ends: Buffer
    more_ends: Buffer
    input_begins: Buffer
    """What the envelope said besides is `inputs[input_begins[i]:input_ends[i]]`, a JSON object; empty: nothing."""
    input_ends: Buffer
    line_deltas: Buffer
    """The number of its first physical line, counted from that of the first entry."""
    line_counts: Buffer
    """How many physical lines it has."""
    offset_deltas: Buffer
    """Where that line begins in the input, counted from where that of the first entry does."""
    sizes: Buffer
    """Bytes of the whole text of one that is too long; of others 0."""
    states: Buffer
    """A `State` each."""
    streams: Buffer
    """Which stream it is of: 0 none, 1 stdout, 2 stderr."""
    _: KW_ONLY
    kind: str = "lines"
    """The envelope that it comes from."""
    left_out: int = 0
    """How many physical lines have no text in any entry, since they are beyond a limit."""
    is_joined: bool = False
    """Whether each of them is a record already, where lines may continue each other."""

    def __len__(self) -> int:
        return len(self.states)

    def __reduce__(self) -> tuple[Callable[..., Entries], tuple[object, ...]]:
        columns = tuple([bytes(getattr(self, name)) for name in COLUMNS])
        return _restored, (bytes(self.data), bytes(self.inputs), columns, self.kind, self.left_out, self.is_joined)

    @property
    def has_errors(self) -> bool:
        """Whether there are any that are not matched."""
        return bool(bytes(self.states).strip(b"\0\1"))

    def part(self, first: int, end: int) -> Entries:
        """Those from *first* up to *end*, without a copy; the deltas stay those of all of them."""
        if first == 0 and end == len(self):
            return self
        columns = [memoryview(getattr(self, name))[first:end] for name in COLUMNS]
        return Entries(self.data, self.inputs, *columns, kind=self.kind, is_joined=self.is_joined)

    def compacted(self) -> Entries:
        """The same in as much memory as they need, where they take much more: other texts may stand between."""
        begins, ends, more_ends = memoryview(self.begins), memoryview(self.ends), memoryview(self.more_ends)
        firsts, lasts = memoryview(self.input_begins), memoryview(self.input_ends)
        needed = sum(map(sub, more_ends, begins)) + len(self) + sum(map(sub, lasts, firsts))
        if len(self.data) + len(self.inputs) <= 2 * needed + _SPARE:
            return self
        data, inputs = bytearray(), bytearray()
        places: dict[str, array[int]] = {name: array("i") for name in tuple(COLUMNS)[:5]}
        for place, begin in enumerate(begins):
            shift = len(data) - begin
            for name, column in (("begins", begins), ("ends", ends), ("more_ends", more_ends)):
                places[name].append(column[place] + shift)
            places["input_begins"].append(len(inputs))
            data += bytes(self.data[begin : more_ends[place]]) + b"\n"
            inputs += bytes(self.inputs[firsts[place] : lasts[place]])
            places["input_ends"].append(len(inputs))
        columns: dict[str, Any] = {name: memoryview(column) for name, column in places.items()}
        return replace(self, data=bytes(data), inputs=bytes(inputs), **columns)

    def texts(self) -> Iterator[tuple[bytes, bytes]]:
        """The first line of each, and what continues it."""
        data = memoryview(self.data)
        begins, ends, more_ends = memoryview(self.begins), memoryview(self.ends), memoryview(self.more_ends)
        for begin, end, more_end in zip(begins, ends, more_ends, strict=True):
            yield bytes(data[begin:end]), bytes(data[end + 1 : more_end])


def entries_of(
    data: bytes | memoryview,
    inputs: Buffer,
    columns: tuple[bytes, ...],
    kind: str,
    left_out: int = 0,
    *,
    is_joined: bool = False,
) -> Entries:
    """Entries of *columns*, each as the bytes of its numbers, in the order of `COLUMNS`."""
    typed = [memoryview(column).cast(code) for column, code in zip(columns, COLUMNS.values(), strict=True)]
    return Entries(data, inputs, *typed, kind=kind, left_out=left_out, is_joined=is_joined)


def _restored(
    data: bytes, inputs: bytes, columns: tuple[bytes, ...], kind: str, left_out: int, is_joined: bool
) -> Entries:
    return entries_of(data, inputs, columns, kind, left_out, is_joined=is_joined)
