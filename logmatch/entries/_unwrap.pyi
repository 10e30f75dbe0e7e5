from logmatch.line import Buffer

class Unwrapper:
    left_out: int
    def __init__(
        self,
        kind: str,
        path: tuple[bytes, ...],
        keys: tuple[bytes, ...] | None,
        *,
        max_line: int,
        most_held: int,
        entry_size: int,
    ) -> None: ...
    def feed(self, data: Buffer, first_line: int, offset: int) -> None: ...
    def add_too_long(self, head: bytes, size: int, line_number: int, offset: int) -> None: ...
    def end(self) -> None: ...
    def take(self) -> tuple[int, int, int, bytes, bytes, tuple[bytes, ...]] | None: ...
