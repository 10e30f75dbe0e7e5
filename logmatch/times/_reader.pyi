from logmatch.engine.matches import Matches
from logmatch.line import Buffer

class Reader:
    def __init__(
        self,
        numbers: bytes,
        readings: bytes,
        written: bytes,
        steps: bytes,
        zones: list[tuple[Buffer, Buffer, bytes]],
        words: list[list[tuple[bytes, int]]],
    ) -> None: ...
    def read(self, matches: Matches, limits: Buffer) -> tuple[bytes, bytes, bytes, tuple[int, ...]]: ...
