from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from logmatch.engine.matches import Change, FieldTimeouts, Group
from logmatch.line import Buffer

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
LIST_ITEMS: dict[str, int]
FIRST_GRAMMAR_KIND: int
GRAMMAR_MARKS: tuple[int, int]
GRAMMAR_OPERATIONS: dict[str, int]
GRAMMAR_DEPTH: int

def steps() -> int: ...
def lay_out_table(keys: list[bytes], at: int) -> tuple[bytes, list[int]]: ...

class Table:
    timeouts: FieldTimeouts
    @staticmethod
    def split(data: Buffer) -> Table: ...
    @staticmethod
    def of_lines(data: Buffer, begins: Buffer | array[int], ends: Buffer | array[int]) -> Table: ...
    def revised(
        self,
        rows: array[int],
        changes: Mapping[int, Change],
        data: Buffer | None = None,
        begins: Buffer | None = None,
    ) -> Table: ...
    @property
    def data(self) -> Buffer: ...
    @property
    def line_count(self) -> int: ...
    @property
    def line_begins(self) -> memoryview: ...
    @property
    def line_ends(self) -> memoryview: ...
    @property
    def needs_escape(self) -> memoryview: ...
    @property
    def variant_numbers(self) -> memoryview: ...
    @property
    def span_begins(self) -> memoryview: ...
    @property
    def spans(self) -> memoryview: ...
    def groups(self) -> Sequence[Group]: ...
    def lines(self) -> Sequence[bytes]: ...

class TemplateCounter:
    def __init__(self, template_numbers: bytes) -> None: ...
    def add(self, variant_numbers: Buffer) -> None: ...
    def take(self) -> tuple[int, bytes]: ...

class RegexFields(Protocol):
    def begin(self, line: bytes) -> None: ...
    def fields(self, number: int) -> Callable[[int, int], int] | None: ...

class Kernel:
    def __init__(
        self,
        code: bytes,
        entry: int,
        entry_least: int,
        sets: bytes,
        grammars: bytes,
        *,
        field_counts: bytes,
        most_fields: int,
        most_frames: int,
        return_count: int,
        return_bases: bytes,
        kind_count: int,
        regex_entries: list[tuple[int, int, bytes, bytes]],
        other_match: Callable[[bytes], tuple[int, tuple[int, ...]] | None],
    ) -> None: ...
    def match(self, table: Table, regex: RegexFields | None = None) -> None: ...
    def match_line(self, line: Buffer, regex: RegexFields | None = None) -> tuple[int, tuple[int, ...]] | None: ...
