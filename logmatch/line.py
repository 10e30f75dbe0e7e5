r"""
Line: the bytes up to a `\n`, which alone ends a line, less one `\r` before it. This module owns that rule.

`\n` and `\r` are no part of a line. The native engine has the same rule in `Table.split`; tests compare the two.
"""

from __future__ import annotations

Buffer = bytes | bytearray | memoryview


def split(data: bytes) -> tuple[list[bytes], list[bytes]]:
    r"""
    Return the lines of *data*, and the same as they stand there, with their `\r`. The last may lack its `\n`.

    Both are one list where no line has a `\r`.
    """
    raw = data.split(b"\n")
    if not raw[-1]:
        raw.pop()
    if b"\r" not in data:
        return raw, raw
    return [line[:-1] if line.endswith(b"\r") else line for line in raw], raw


def without_terminator(text: bytes) -> bytes:
    r"""
    Return the line that *text* is, with or without its terminator.

    Raises:
        ValueError: *text* holds more than one line.
    """
    line = text.removesuffix(b"\n")
    if b"\n" in line:
        raise ValueError("a line cannot hold a line break; use parse_bytes for several lines")
    return line.removesuffix(b"\r")
