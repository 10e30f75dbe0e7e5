from collections.abc import Callable

from logmatch.engine.matches import Matches
from logmatch.entries.entries import Entries
from logmatch.line import Buffer
from logmatch.output.jsonl import FieldPlan
from logmatch.times.times import Times

class Output:
    def begin(self, space: memoryview | None = None) -> None: ...
    def view(self) -> memoryview: ...
    def add(self, record: Buffer) -> None: ...

class Encoder:
    numbers_as_text: int
    def __init__(
        self,
        field_counts: bytes,
        body_of: Callable[[int], tuple[bytes, list[FieldPlan]]],
        *,
        raw: bool,
        offsets: bool,
        entries: bool,
        time_form: int,
        numbered: bool,
        raw_unmatched: bool,
        safe_numbers: bool,
        drop_blank: bool,
        no_template: bytes,
        raw_key: bytes,
        offset_key: bytes,
        lines_key: bytes,
        more_key: bytes,
        truncated: bytes,
        input_key: bytes,
        bytes_key: bytes,
    ) -> None: ...
    def encode(
        self,
        matches: Matches,
        *,
        beginning: bytes,
        first_line: int,
        offset: int,
        records: Output | None,
        unmatched: Output | None,
        entries: Entries | None = None,
        errors: tuple[bytes, ...] = (),
        times: Times | None = None,
        keep: Buffer | None = None,
    ) -> int: ...
