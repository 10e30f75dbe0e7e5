from array import array

from logmatch.entries.entries import Entries
from logmatch.line import Buffer

def join(
    entries: Entries,
    starts: Buffer,
    max_lines: int,
    max_bytes: int,
    held_lines: array[int],
    held_offsets: array[int],
    most_gap_lines: int,
    most_gap_bytes: int,
) -> tuple[bytes | None, tuple[bytes, ...], array[int], array[int], array[int], int]: ...
def columns_of_lines(begins: Buffer, ends: Buffer) -> tuple[bytes, ...]: ...
def shifted(column: bytes, width: int, shift: int) -> bytes: ...
def picked(column: Buffer, rows: array[int]) -> array[int]: ...
def starting(count: int, rows: array[int], numbers: Buffer) -> bytearray: ...
def continuing(numbers: Buffer, owns_start: bytes) -> array[int]: ...
