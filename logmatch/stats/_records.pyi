from logmatch.line import Buffer

NONE: int

class Records:
    data: Buffer
    line_begins: memoryview
    span_begins: memoryview
    spans: memoryview
    variant_numbers: memoryview
    numbers: memoryview
    kinds: list[tuple[bytes | None, bytes, list[bytes]]]
    forms: list[bytearray]
    unread: list[bytes]
    whole: bool
    def __init__(self, data: Buffer) -> None: ...
