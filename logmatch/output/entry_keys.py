"""Entry keys: what a record says of the entry that its line is, for writers in Python (else `_entry_columns.pxi`)."""

from __future__ import annotations

from functools import cache

import orjson

from logmatch.entries.entries import Entries, State, error_of
from logmatch.output.json_text import json_string
from logmatch.output.record_options import BYTES, ERROR, INPUT, LINES, MORE, TRUNCATED


@cache
def errors_of(kind: str) -> tuple[bytes, ...]:
    """For each `State` what a record has of it, for entries of *kind*; nothing where it is no error."""
    return tuple(ERROR + orjson.dumps(error_of(state, kind)) if state.is_error else b"" for state in State)


class EntryKeys:
    """The same for the entry at a place of *entries*."""

    def __init__(self, entries: Entries) -> None:
        self._errors = errors_of(entries.kind)
        self._data, self._inputs = memoryview(entries.data), memoryview(entries.inputs)
        self._ends, self._more_ends = memoryview(entries.ends), memoryview(entries.more_ends)
        self._input_begins, self._input_ends = memoryview(entries.input_begins), memoryview(entries.input_ends)
        self._counts, self._sizes = memoryview(entries.line_counts), memoryview(entries.sizes)
        self._states = memoryview(entries.states)

    def count(self, place: int) -> bytes:
        """What comes after the number of the line."""
        count = self._counts[place]
        return b"%b%d" % (LINES, count) if count > 1 else b""

    def error(self, place: int) -> bytes:
        """Why it is not matched."""
        state = self._states[place]
        size = b"%b%d" % (BYTES, self._sizes[place]) if state == State.TOO_LONG else b""
        return self._errors[state] + size

    def rest(self, place: int) -> tuple[bytes, int]:
        """What comes after the line itself, and how many U+FFFD are new in it."""
        parts = []
        replaced = 0
        end, more_end = self._ends[place], self._more_ends[place]
        if more_end > end:
            text, replaced = json_string(bytes(self._data[end + 1 : more_end]))
            parts.append(MORE + text)
        if self._states[place] == State.TRUNCATED:
            parts.append(TRUNCATED)
        input_ = bytes(self._inputs[self._input_begins[place] : self._input_ends[place]])
        if input_:
            parts.append(INPUT + input_)
        return b"".join(parts), replaced
