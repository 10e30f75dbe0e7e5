r"""
Joining: lines that continue others -> one entry for each record.

Whether a line starts a record is known (`run.records` asks the engine); one that does not continues the record that its
stream has begun last. What of a record is beyond the limits is left out and counted, and is never a record of its own.
The same is compiled in `_joining`; what is here defines it.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

from logmatch.entries.entries import COLUMNS, Entries, State, entries_of
from logmatch.line import Buffer

_joining: ModuleType | None = None
try:
    from logmatch.entries import _joining as _compiled
except ImportError:
    pass
else:
    _joining = _compiled

MOST_GAP_LINES = 1000
MOST_GAP_BYTES = 4 << 20
"""
How many physical lines of other streams, and how many bytes, may stand between two lines of a record: then it is over,
so that what comes after it need not wait.
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """What of a record is kept."""

    max_lines: int = 500
    max_bytes: int = 1 << 20


@dataclass(frozen=True, slots=True)
class Joined:
    """Records, and where each of them begins and ends."""

    entries: Entries
    rows: array[int]
    """Which of the entries that were joined each begins with; 32-bit numbers."""
    last_lines: array[int]
    """The last physical line of each, counted as in `Entries`; 64-bit numbers."""
    last_offsets: array[int]
    """Where the last of the entries that it was joined of begins; the same."""

    def first_open(self) -> int:
        """The first record that may still go on, whatever comes next; how many there are, where none may."""
        states, streams = bytes(self.entries.states), bytes(self.entries.streams)
        first = len(states)
        last_line, last_offset = max(self.last_lines, default=0), max(self.last_offsets, default=0)
        for stream in set(streams):
            place = streams.rfind(stream)
            while place >= 0 and states[place] >= State.TOO_LONG:
                place = streams.rfind(stream, 0, place)
            if place < 0 or last_line - self.last_lines[place] >= MOST_GAP_LINES:
                continue
            if last_offset - self.last_offsets[place] <= MOST_GAP_BYTES:
                first = min(first, place)
        return first


def join(entries: Entries, starts: Buffer, limits: Limits, held: Joined | None = None) -> Joined:
    """
    Join *entries*.

    Args:
        starts: a byte for each, 0 where it continues another. The first of a stream starts a record in any case.
        held: what was joined before; its records stand first in *entries*.
    """
    if _joining is None:
        return _join(entries, bytes(starts), limits, held)
    known = held if held is not None else Joined(entries, array("i"), array("q"), array("q"))
    data, columns, rows, last_lines, last_offsets, left_out = _joining.join(
        entries, starts, limits.max_lines, limits.max_bytes, known.last_lines, known.last_offsets, MOST_GAP_LINES,
        MOST_GAP_BYTES,
    )  # fmt: skip
    joined = entries_of(
        entries.data if data is None else data, entries.inputs, columns, entries.kind, left_out, is_joined=True
    )
    return Joined(joined, rows, last_lines, last_offsets)


class _Record:
    """A record while it is made."""

    def __init__(self, row: int, text: bytes, count: int, state: int) -> None:
        self.row, self.text, self.count, self.state = row, text, count, state
        self.lines = text.count(b"\n") + 1
        self.last_line = self.last_offset = 0


def _join(entries: Entries, starts: bytes, limits: Limits, held: Joined | None) -> Joined:
    line_deltas, counts = memoryview(entries.line_deltas), memoryview(entries.line_counts)
    offset_deltas, begins = memoryview(entries.offset_deltas), memoryview(entries.begins)
    data, more_ends = bytes(entries.data), memoryview(entries.more_ends)
    states, streams = bytes(entries.states), bytes(entries.streams)
    records: list[_Record] = []
    last: dict[int, _Record] = {}
    left_out = 0
    for row, state in enumerate(states):
        text = data[begins[row] : more_ends[row]]
        record = last.get(streams[row])
        is_error = state >= State.TOO_LONG
        if is_error or record is None or starts[row] or _is_over(record, line_deltas[row], offset_deltas[row]):
            record = _Record(row, text, counts[row], state)
            records.append(record)
            if not is_error:
                last[streams[row]] = record
        else:
            lines = text.count(b"\n") + 1
            record.count += counts[row]
            fits = record.lines + lines <= limits.max_lines and len(record.text) + 1 + len(text) <= limits.max_bytes
            if fits and record.state == State.WHOLE:
                record.text += b"\n" + text
                record.lines += lines
                record.state = state
            else:
                record.state = State.TRUNCATED
                left_out += counts[row]
        is_held = held is not None and row < len(held.rows)
        record.last_line = held.last_lines[row] if held is not None and is_held else line_deltas[row] + counts[row] - 1
        record.last_offset = held.last_offsets[row] if held is not None and is_held else offset_deltas[row]
    return _joined(entries, records, left_out)


def _is_over(record: _Record, line: int, offset: int) -> bool:
    gap = line - record.last_line
    return gap > 1 and (gap > MOST_GAP_LINES or offset - record.last_offset > MOST_GAP_BYTES)


def _joined(entries: Entries, records: Sequence[_Record], left_out: int) -> Joined:
    columns = {name: memoryview(getattr(entries, name)) for name in COLUMNS}
    made = {name: array(code, (columns[name][record.row] for record in records)) for name, code in COLUMNS.items()}
    data = bytearray()
    for place, record in enumerate(records):
        first = columns["ends"][record.row] - columns["begins"][record.row]
        made["begins"][place] = len(data)
        made["ends"][place] = len(data) + first
        data += record.text + b"\n"
        made["more_ends"][place] = len(data) - 1
        made["line_counts"][place] = record.count
        made["states"][place] = record.state
    packed = tuple(column.tobytes() for column in made.values())
    joined = entries_of(bytes(data), entries.inputs, packed, entries.kind, left_out, is_joined=True)
    return Joined(
        joined,
        array("i", (record.row for record in records)),
        array("q", (record.last_line for record in records)),
        array("q", (record.last_offset for record in records)),
    )


def lines_as_entries(data: bytes | memoryview, begins: Buffer, ends: Buffer) -> Entries:
    """The entries that lines of a chunk are, each of them one: the i-th is data[begins[i]:ends[i]]."""
    if _joining is not None:
        return entries_of(data, b"", _joining.columns_of_lines(begins, ends), "lines")
    count = len(memoryview(begins))
    nothing = array("q", bytes(8 * count))
    places = array("i", memoryview(begins)).tobytes(), array("i", memoryview(ends)).tobytes()
    columns = (
        places[0], places[1], places[1], bytes(4 * count), bytes(4 * count), array("q", range(count)).tobytes(),
        array("q", [1] * count).tobytes(), array("q", memoryview(begins)).tobytes(), nothing.tobytes(), bytes(count),
        bytes(count),
    )  # fmt: skip
    return entries_of(data, b"", columns, "lines")


def concatenated(first: Entries, second: Entries, lines: int, offset: int) -> Entries:
    """
    The entries of both.

    Args:
        lines, offset: where the first physical line of *second* is, counted from that of *first*.
    """
    shifts = {
        "begins": len(first.data), "ends": len(first.data), "more_ends": len(first.data),
        "input_begins": len(first.inputs), "input_ends": len(first.inputs),
        "line_deltas": lines, "offset_deltas": offset,
    }  # fmt: skip
    packed = []
    for name, code in COLUMNS.items():
        one, other = bytes(getattr(first, name)), bytes(getattr(second, name))
        packed.append(one + _shifted(code, other, shifts.get(name, 0)))
    data, inputs = bytes(first.data) + bytes(second.data), bytes(first.inputs) + bytes(second.inputs)
    return entries_of(data, inputs, tuple(packed), second.kind, first.left_out + second.left_out)


def shifted(column: Buffer, shift: int) -> memoryview:
    """The 64-bit numbers of *column* with *shift* added."""
    return memoryview(_shifted("q", bytes(column), shift)).cast("q")


def _shifted(code: str, column: bytes, shift: int) -> bytes:
    if not shift:
        return column
    if _joining is not None:
        shifted: bytes = _joining.shifted(column, 4 if code == "i" else 8, shift)
        return shifted
    return array(code, [number + shift for number in array(code, column)]).tobytes()


def continuing(numbers: Buffer, owns_start: bytes) -> array[int]:
    """
    The lines that may continue others: those that matched nothing, or something that says nothing of that.

    Args:
        numbers: for each line the variant that matched it, -1: none.
        owns_start: for each variant whether what it matches starts a record.
    """
    if _joining is not None:
        found: array[int] = _joining.continuing(numbers, owns_start)
        return found
    return array("i", (row for row, number in enumerate(memoryview(numbers)) if number < 0 or not owns_start[number]))


def picked(column: Buffer, rows: array[int]) -> memoryview:
    """The 32-bit numbers of *column* in these rows."""
    if _joining is not None:
        found: array[int] = _joining.picked(column, rows)
        return memoryview(found)
    numbers = memoryview(column)
    return memoryview(array("i", [numbers[row] for row in rows]))


def starting(count: int, rows: array[int], numbers: Buffer) -> bytearray:
    """
    A byte for each of *count* lines, 0 where it continues another.

    Args:
        rows: the lines that may.
        numbers: for each of these, -1 where it does.
    """
    if _joining is not None:
        flags: bytearray = _joining.starting(count, rows, numbers)
        return flags
    flags = bytearray(b"\1" * count)
    for row, number in zip(rows, memoryview(numbers), strict=True):
        flags[row] = number >= 0
    return flags
