from collections.abc import Callable

from logmatch.engine.native._kernel import Buffer, Table

class Output:
    def begin(self, space: memoryview | None = None) -> None: ...
    def view(self) -> memoryview: ...
    def add(self, record: Buffer) -> None: ...

class Encoder:
    def __init__(
        self,
        variant_count: int,
        body_of: Callable[[int], tuple[bytes, list[tuple[int, bool, int, int, bytes]]]],
        *,
        raw: bool,
        offsets: bool,
    ) -> None: ...
    @property
    def replaced(self) -> int: ...
    def encode(
        self,
        data: Buffer,
        begin: int,
        table: Table,
        *,
        head: bytes,
        first_line: int,
        offset: int,
        records: Output,
        unmatched: Output | None,
    ) -> None: ...
