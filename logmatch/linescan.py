"""Linescan: where lines end and how many there are, and counts by number that add; compiled where a compiler was."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

Buffer = bytes | bytearray | memoryview


def _count_lines(data: Buffer) -> int:
    """The number of lines in *data*; a last line without "\\n" counts."""
    text = bytes(data)  # no copy of what is bytes
    return text.count(b"\n") + (text[-1:] not in (b"", b"\n"))


def _piece_end(data: Buffer, begin: int, size: int) -> int:
    """Where a piece of about *size* bytes of *data* ends that begins at *begin* and holds whole lines, at least one."""
    end = begin + size
    if end >= len(data):
        return len(data)
    whole = bytes(data[begin:end]).rfind(b"\n") + 1
    while not whole and end < len(data):
        begin, end = end, end + max(size, 4096)
        whole = bytes(data[begin:end]).find(b"\n") + 1
    return begin + whole if whole else len(data)


def _add_pairs(totals: array[int], pairs: bytes) -> None:
    """Add to *totals* the counts in *pairs*; it is long enough."""
    numbers = array("i", pairs)
    for number, count in zip(numbers[::2], numbers[1::2], strict=True):
        totals[number] += count


def _most_number(pairs: bytes) -> int:
    """The greatest number in *pairs*, -1 if there is none."""
    return max(array("i", pairs)[::2], default=-1)


def _count_blank(data: Buffer, begins: Buffer, ends: Buffer, numbers: Buffer) -> int:
    """How many of the lines of *data* whose number is -1 hold nothing but spaces and tabs."""
    text, places = bytes(data), zip(memoryview(begins), memoryview(ends), memoryview(numbers), strict=True)
    return sum(number < 0 and not text[begin:end].strip(b" \t") for begin, end, number in places)


def _copied(data: Buffer) -> bytes:
    """*data* as bytes of their own."""
    return bytes(data)


count_lines, piece_end, count_blank, copied = _count_lines, _piece_end, _count_blank, _copied
try:
    from logmatch import _linescan
except ImportError:
    pass
else:
    count_lines, piece_end, count_blank = _linescan.count_lines, _linescan.piece_end, _linescan.count_blank
    copied = _linescan.copied
    _add_pairs, _most_number = _linescan.add_pairs, _linescan.most_number


def pieces(data: Buffer, size: int) -> Iterator[Buffer]:
    """*data* in pieces of about *size* bytes that hold whole lines; nothing is copied."""
    if len(data) <= size:
        if data:
            yield data
        return
    view = memoryview(data)
    begin = 0
    while begin < len(view):
        end = piece_end(view, begin, size)
        yield view[begin:end]
        begin = end


def add_pairs(totals: array[int], pairs: bytes) -> None:
    """
    Add counts to *totals*, by number, which grows as needed.

    Args:
        totals: 64-bit integers.
        pairs: numbers and counts in turn, as 32-bit integers of this machine.
    """
    extend_to(totals, _most_number(pairs))
    _add_pairs(totals, pairs)


def extend_to(totals: array[int], number: int) -> None:
    """Make *totals*, 64-bit integers, long enough to have an index *number*."""
    if number >= len(totals):
        totals.frombytes(bytes(8 * (number + 1 - len(totals))))
