from collections.abc import Callable, Sequence

from logmatch.engine.matches import Matches
from logmatch.entries.entries import Entries
from logmatch.line import Buffer
from logmatch.output import arrow
from logmatch.output.columns import Plan
from logmatch.times.times import Times

class Columns:
    def __init__(self, shape: Shape) -> None: ...
    @property
    def rows(self) -> int: ...
    @property
    def size(self) -> int: ...
    def add(self, block: Buffer) -> None: ...
    def take_block(self, table: int, space: memoryview | None = None) -> bytes | memoryview: ...
    def take(
        self, earlier: Sequence[arrow.ArrowRecords] = (), *, replaced: int = 0, numbers_as_text: int = 0
    ) -> ArrowRecords: ...

class Filler:
    replaced: int
    numbers_as_text: int
    def __init__(
        self,
        field_counts: bytes,
        plan_of: Callable[[int], tuple[int, int, list[Plan]]],
        tables: Sequence[tuple[bytes, tuple[int, ...]]],
        unmatched: int,
        *,
        raw: bool,
        drop_blank: bool,
        ids: Sequence[bytes],
    ) -> None: ...
    def begin(self) -> None: ...
    def take(self, space: memoryview | None = None) -> bytes | memoryview: ...
    def take_text(
        self, separator: int, escaped: bool, with_heads: bool, space: memoryview | None = None
    ) -> bytes | memoryview: ...
    def fill(
        self,
        matches: Matches,
        file: bytes,
        first_line: int,
        offset: int,
        entries: Entries | None = None,
        errors: tuple[bytes, ...] = (),
        times: Times | None = None,
        keep: Buffer | None = None,
    ) -> None: ...
    def add_too_long(
        self, file: bytes, line_number: int, offset: int, head: bytes, error: bytes, size: int
    ) -> None: ...

class Shape:
    def __init__(self, kinds: bytes, names: Sequence[bytes], ids: Sequence[bytes]) -> None: ...

class ArrowRecords:
    num_rows: int
    replaced: int
    numbers_as_text: int
    def __len__(self) -> int: ...
    @property
    def column_names(self) -> list[str]: ...
    def __arrow_c_schema__(self) -> object: ...
    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...
