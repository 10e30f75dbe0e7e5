"""
Unwrap: an input's physical lines -> entries: envelopes are opened, and partial lines put together for each stream.

This goes on from chunk to chunk in the order of the input, so that it does not matter where chunks are cut. An entry
has its place by its first physical line: while a partial line waits for its end, those that come after it are held
back, up to `MOST_HELD`; then it ends where it is. `_unwrap` is the same compiled, and so fast that one thread does it
for all workers; where it is not there, `PythonUnwrapper` does it.
"""

from __future__ import annotations

from array import array
from typing import Protocol

from logmatch.entries.entries import COLUMNS, Entries, State, entries_of
from logmatch.entries.envelope import Envelope, NoMessageError, piece_of
from logmatch.line import Buffer

MOST_HELD = 4 << 20
"""About how many bytes of other entries may come while a partial line is open."""

ENTRY_SIZE = 64
"""What an entry counts beside its text in `MOST_HELD`."""

HEAD = 1024
"""How many bytes of a line that is too long are kept."""


class Unwrapper(Protocol):
    """Takes the lines of one input in their order; see the module."""

    @property
    def left_out(self) -> int:
        """How many physical lines are in no entry: the rest of a partial line that kept others waiting too long."""

    def feed(self, data: Buffer, first_line: int, offset: int) -> None:
        """Take the whole lines of *data*; where they are in the input is said by the last two."""

    def add_too_long(self, head: bytes, size: int, line_number: int, offset: int) -> None:
        """Take a physical line of *size* bytes that begins with *head*."""

    def take(self) -> tuple[Entries, int, int, int] | None:
        """
        What is whole by now, and of its first entry the number of the physical line and where that begins, and how many
        physical lines all of them have; None for nothing.
        """

    def end(self) -> None:
        """The input has ended, and with it each open line."""


def make_unwrapper(envelope: Envelope, max_line: int) -> Unwrapper:
    """
    Return what unwraps the lines of one input.

    Args:
        envelope: that of the input; not `Kind.CONTAINER` nor `Kind.LINES`.
        max_line: texts of more bytes are not matched.
    """
    try:
        from logmatch.entries import _unwrap
    except ImportError:
        return PythonUnwrapper(envelope, max_line)
    return NativeUnwrapper(envelope, max_line, _unwrap.Unwrapper)


class NativeUnwrapper:
    """What was compiled."""

    def __init__(self, envelope: Envelope, max_line: int, make: type) -> None:
        self._kind = envelope.kind.value
        self._core = make(
            self._kind,
            envelope.field_path,
            envelope.keys,
            max_line=max_line,
            most_held=MOST_HELD,
            entry_size=ENTRY_SIZE,
        )
        self.feed = self._core.feed
        self.add_too_long = self._core.add_too_long
        self.end = self._core.end

    @property
    def left_out(self) -> int:
        """See `Unwrapper.left_out`."""
        left_out: int = self._core.left_out
        return left_out

    def take(self) -> tuple[Entries, int, int, int] | None:
        """See `Unwrapper.take`."""
        taken = self._core.take()
        if taken is None:
            return None
        first_line, offset, count, data, inputs, columns = taken
        return entries_of(data, inputs, columns, self._kind), first_line, offset, count


class _Row:
    """An entry while it is made."""

    __slots__ = ("input", "line", "lines", "more", "offset", "size", "state", "stream", "text")

    def __init__(self, line: int, offset: int, stream: int, input_: bytes) -> None:
        self.line, self.offset, self.stream, self.input = line, offset, stream, input_
        self.lines = 1
        self.size = 0
        self.state = State.WHOLE
        self.text: bytes | None = None
        """None while it is open."""
        self.more: bytes | None = None


class _Open:
    """A stream's partial line."""

    def __init__(self, row: _Row, held: int) -> None:
        self.row, self.held = row, held
        self.head = b""
        self.tail = b""
        self.size = 0


class PythonUnwrapper:
    """The same in Python: the definition of `_unwrap`."""

    def __init__(self, envelope: Envelope, max_line: int) -> None:
        self._envelope = envelope
        self._max_line = max_line
        self._most_kept = max(max_line + 2, HEAD)  # bytes of a partial line; with a line break at the end
        self._rows: list[_Row] = []
        self._open: dict[int, _Open] = {}
        self._skipped: set[int] = set()
        """Streams of which partial lines are left out up to the last."""
        self._held = 0  # bytes of entries that have been whole
        self.left_out = 0

    def feed(self, data: Buffer, first_line: int, offset: int) -> None:
        """See `Unwrapper.feed`."""
        lines = bytes(data).split(b"\n")
        has_last = bool(lines[-1])
        if not has_last:
            lines.pop()
        for number, line in enumerate(lines):
            is_ended = not has_last or number + 1 < len(lines)
            self._add(line, is_ended, first_line + number, offset)
            offset += len(line) + 1
            self._end_held()

    def add_too_long(self, head: bytes, size: int, line_number: int, offset: int) -> None:
        """See `Unwrapper.add_too_long`."""
        row = _Row(line_number, offset, 0, b"")
        row.text, row.size, row.state = head, size, State.TOO_LONG
        self._append(row)
        self._end_held()

    def end(self) -> None:
        """See `Unwrapper.end`."""
        for stream in list(self._open):
            self._close(stream)

    def take(self) -> tuple[Entries, int, int, int] | None:
        """See `Unwrapper.take`."""
        count = next((place for place, row in enumerate(self._rows) if row.text is None), len(self._rows))
        if not count:
            return None
        rows, self._rows = self._rows[:count], self._rows[count:]
        first = rows[0]
        data, inputs = bytearray(), bytearray()
        columns = [array(code) for code in COLUMNS.values()]
        for row in rows:
            assert row.text is not None
            begin, input_begin = len(data), len(inputs)
            end = begin + len(row.text)
            data += row.text + (b"" if row.more is None else b"\n" + row.more) + b"\n"
            inputs += row.input
            numbers = (
                begin, end, len(data) - 1, input_begin, len(inputs), row.line - first.line, row.lines,
                row.offset - first.offset, row.size, row.state, row.stream,
            )  # fmt: skip
            for column, number in zip(columns, numbers, strict=True):
                column.append(number)
        packed = tuple(column.tobytes() for column in columns)
        entries = entries_of(bytes(data), bytes(inputs), packed, self._envelope.kind.value)
        return entries, first.line, first.offset, sum(row.lines for row in rows)

    def _add(self, line: bytes, is_ended: bool, number: int, offset: int) -> None:
        try:
            piece = piece_of(self._envelope, line)
        except ValueError as error:
            row = _Row(number, offset, 0, b"")
            row.text = line.removesuffix(b"\r") if is_ended else line
            row.state = State.NO_MESSAGE if isinstance(error, NoMessageError) else State.NO_ENVELOPE
            self._append(row)
            return
        if piece.stream in self._skipped:
            self.left_out += 1
            if not piece.is_partial:
                self._skipped.remove(piece.stream)
            return
        if piece.is_partial and piece.stream not in self._open:
            row = _Row(number, offset, piece.stream, piece.input)
            self._rows.append(row)
            self._open[piece.stream] = _Open(row, self._held)
        elif piece.stream in self._open:
            self._open[piece.stream].row.lines += 1
        else:
            row = _Row(number, offset, piece.stream, piece.input)
            self._finish(row, piece.text, piece.text[-2:], len(piece.text))
            self._rows.append(row)
            return
        opened = self._open[piece.stream]
        opened.size += len(piece.text)
        opened.head += piece.text[: self._most_kept - len(opened.head)]
        opened.tail = (opened.tail + piece.text)[-2:]
        if not piece.is_partial:
            self._close(piece.stream)

    def _append(self, row: _Row) -> None:
        """Add an entry that is whole."""
        assert row.text is not None
        self._held += len(row.text) + ENTRY_SIZE
        self._rows.append(row)

    def _finish(self, row: _Row, head: bytes, tail: bytes, size: int) -> None:
        """Give *row* its text of *size* bytes, which begins with *head* and ends with *tail*."""
        if tail.endswith(b"\n"):
            size -= 2 if tail.endswith(b"\r\n") else 1
        if size > self._max_line:
            row.state, row.size = State.TOO_LONG, size
            row.text = head[: min(HEAD, size)]
        elif b"\n" in (text := head[:size]):
            *lines, last = text.split(b"\n")
            lines = [line.removesuffix(b"\r") for line in lines]
            row.text, row.more = lines[0], b"\n".join([*lines[1:], last])
        else:
            row.text = text
        self._held += len(row.text) + ENTRY_SIZE

    def _close(self, stream: int) -> None:
        opened = self._open.pop(stream)
        self._finish(opened.row, opened.head, opened.tail, opened.size)

    def _end_held(self) -> None:
        """End what has kept too much waiting; the rest of it is left out."""
        for stream, opened in list(self._open.items()):
            if self._held - opened.held > MOST_HELD:
                self._close(stream)
                if opened.row.state is State.WHOLE:
                    opened.row.state = State.TRUNCATED
                self._skipped.add(stream)
