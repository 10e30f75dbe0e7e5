from collections.abc import Callable

from logmatch.choice.span import Range
from logmatch.engine.matches import Matches
from logmatch.times.times import Times

class Chooser:
    def __init__(
        self,
        entries: bytes,
        tests: bytes,
        field_counts: bytes,
        pool: bytes,
        functions: list[Callable[[bytes], bool]],
        *,
        unmatched: bool,
        moments: Range | None,
        naive: Range | None,
    ) -> None: ...
    def keep(self, matches: Matches, times: Times | None) -> tuple[bytes | None, int]: ...
