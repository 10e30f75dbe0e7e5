"""Json text: the bytes of a log as a string of JSON, in UTF-8, escaped as `orjson` does it."""

from __future__ import annotations

import json  # noqa: F401 - orjson imports it, and crashes where a Ctrl-C interrupts that

import orjson

# Printable ASCII but for the quote and the backslash: such text stands in JSON as it is.
PLAIN = bytes(byte for byte in range(0x20, 0x7F) if byte not in b'"\\')

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def json_string(text: bytes) -> tuple[bytes, int]:
    """Return *text* as a JSON string in UTF-8, and how many U+FFFD stand in it for bytes that are not UTF-8."""
    if not text.translate(None, PLAIN):
        return b'"' + text + b'"', 0
    try:
        return orjson.dumps(text.decode()), 0
    except UnicodeDecodeError:
        decoded = text.decode("utf-8", "replace")
        return orjson.dumps(decoded), decoded.count(REPLACEMENT) - text.count(REPLACEMENT.encode())
