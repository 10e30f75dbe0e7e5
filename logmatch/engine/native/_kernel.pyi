from array import array
from collections.abc import Callable

Buffer = bytes | bytearray | memoryview

SIMD: str
"""Which long passes over bytes are in use: "avx2", "sse2", "neon" or "scalar"."""
SETS_SIZE: int
PADDING: int
MOST_BYTES: int
TIMED_OUT_RESULT: int
OPERATIONS: dict[str, int]
FREE_KINDS: dict[str, int]
FLAGS: dict[str, int]
TOKENS: dict[str, int]

def count_lines(data: Buffer) -> int: ...
def most_number(pairs: bytes) -> int: ...
def add_pairs(totals: array[int], pairs: bytes) -> None: ...
def lay_out_table(keys: list[bytes], at: int) -> tuple[bytes, list[int]]: ...
def piece_end(data: Buffer, begin: int, size: int) -> int: ...

class Table:
    @property
    def line_count(self) -> int: ...
    def to_lists(self) -> tuple[list[int], list[int], list[int], list[int]]: ...

class Kernel:
    def __init__(
        self,
        code: bytes,
        entry: int,
        entry_least: int,
        sets: bytes,
        *,
        field_counts: bytes,
        template_numbers: bytes,
        most_fields: int,
        most_frames: int,
        return_count: int,
        return_bases: bytes,
        regex_entries: list[tuple[int, int, bytes, bytes]],
        new_fields: Callable[[int, bytes], Callable[[int, int], int]],
        other_match: Callable[[bytes], tuple[int, tuple[int, ...]] | None],
    ) -> None: ...
    def match(self, data: Buffer, begin: int, end: int, table: Table) -> None: ...
    def match_line(self, line: Buffer) -> tuple[int, tuple[int, ...]] | None: ...
    def take_counts(self) -> tuple[int, bytes]: ...
