"""
Values: what the text of a field becomes where that is not the text itself: numbers of durations and sizes, CSV, pairs.

Each function takes the whole text of a field, which its type has matched, and gives the value's bytes: JSON for types
whose kind is a number or a value of its own, the string's bytes for strings. They are the definition for all writers.
Bytes that are not UTF-8 stay as they are; whoever writes them replaces them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# Numbers are computed in whole numbers and written digit by digit: a value is exact.


def decimal(digits: int, places: int) -> bytes:
    """*digits* / 10 ** *places* as JSON, without superfluous zeros."""
    sign, text = (b"-", b"%d" % -digits) if digits < 0 else (b"", b"%d" % digits)
    if places:
        text = text.rjust(places + 1, b"0")
        fraction = text[-places:].rstrip(b"0")
        text = text[:-places] + (b"." + fraction if fraction else b"")
    return sign + text


def _scaled(number: bytes) -> tuple[int, int]:
    """The digits of *number*, which may have a point or a comma, and how many of them are its fraction."""
    whole, _, fraction = number.replace(b",", b".").partition(b".")
    return int(whole + fraction or b"0"), len(fraction)


_NANOSECONDS = {
    b"d": 86_400 * 10**9,
    b"h": 3600 * 10**9,
    b"m": 60 * 10**9,
    b"s": 10**9,
    b"ms": 10**6,
    b"us": 10**3,
    b"\xc2\xb5s": 10**3,  # µs, with the micro sign
    b"\xce\xbcs": 10**3,  # μs, with the letter mu
    b"ns": 1,
}
DURATION_UNITS = tuple(_NANOSECONDS)
_PARTS = re.compile(rb"([0-9]+(?:[.,][0-9]+)?) ?([a-z\xc2\xb5\xce\xbc]+)")


def duration(text: bytes) -> bytes:
    """Seconds: `0:00:30` -> 30, `1m2.5s` -> 62.5, `1.676µs` -> 0.000001676, `1d00h` -> 86400."""
    sign = -1 if text.startswith(b"-") else 1
    text = text.lstrip(b"+-")
    total, places = 0, 9  # nanoseconds at first; a fraction of these adds places
    if b":" in text:
        for part in text.split(b":")[:-1]:
            total = total * 60 + int(part)
        digits, fraction = _scaled(text.rpartition(b":")[2])
        return decimal(sign * (total * 60 * 10**fraction + digits), fraction)
    for number, unit in _PARTS.findall(text):
        digits, fraction = _scaled(number)
        total = total * 10**fraction + digits * _NANOSECONDS[unit] * 10 ** (places - 9)
        places += fraction
    return decimal(sign * total, places)


_THOUSAND = {b"": 0, b"k": 1, b"m": 2, b"g": 3, b"t": 4, b"p": 5, b"e": 6}
_SIZE = re.compile(rb"([0-9]+(?:[.,][0-9]+)?) ?([A-Za-z]*)")


def size(text: bytes) -> bytes:
    """Bytes: `12KiB` -> 12288, `3.5G` -> 3758096384, `512 B` -> 512, `1kB` -> 1000."""
    match = _SIZE.match(text)
    assert match is not None, text
    digits, places = _scaled(match[1])
    unit = match[2].lower()
    # kB and MB are powers of 1,000 (as SI has it); K, M, KiB and MiB of 1,024.
    base = 1000 if unit.endswith(b"b") and not unit.endswith(b"ib") else 1024
    power = _THOUSAND[unit.removesuffix(b"b").removesuffix(b"i")]
    return decimal(digits * base**power, places)


def number(text: bytes) -> bytes:
    """A number with `,` or `.` as decimal sign, or with thousands marks: `1.234,5` -> 1234.5, `0,001` -> 0.001."""
    sign = b"-" if text.startswith(b"-") else b""
    text = text.lstrip(b"+-")
    mantissa, exponent = text, b""
    for letter in (b"e", b"E"):
        if letter in text:
            mantissa, _, power = text.partition(letter)
            exponent = letter + power
    marks = re.findall(rb"[.,']", mantissa)
    whole, fraction = mantissa, b""
    if len(set(marks)) > 1 or marks in ([b"."], [b","]):
        # One mark, or two kinds of which the last stands once: the last is the decimal sign.
        whole, _, fraction = mantissa.rpartition(marks[-1])
    whole = re.sub(rb"[.,']", b"", whole).lstrip(b"0") or b"0"
    return sign + whole + (b"." + fraction if fraction else b"") + exponent


# Texts


def csv(text: bytes) -> bytes:
    """A field of CSV without its quotes, and with single quotes in place of doubled ones."""
    return text[1:-1].replace(b'""', b'"') if text.startswith(b'"') else text


_NAMED = {0x22: b'\\"', 0x5C: b"\\\\", 0x08: b"\\b", 0x09: b"\\t", 0x0A: b"\\n", 0x0C: b"\\f", 0x0D: b"\\r"}
_ESCAPES = {bytes((code,)): _NAMED.get(code, b"\\u%04x" % code) for code in (*range(0x20), 0x22, 0x5C)}
_ESCAPED = re.compile(rb'[\x00-\x1f"\\]')


def json_string(text: bytes) -> bytes:
    """*text* as a JSON string, as `orjson` escapes it; bytes that are not UTF-8 stay."""
    return b'"' + _ESCAPED.sub(lambda match: _ESCAPES[match[0]], text) + b'"'


def json_number(text: bytes) -> bytes:
    """
    *text* of an `int` or `float` field as a JSON number with the same digits.

    What JSON does not allow goes: a leading `+`, superfluous leading zeros; a point without a digit before it gets one.
    """
    if 0x31 <= text[0] <= 0x39:
        return text
    sign = b"-" if text[:1] == b"-" else b""
    digits = text.lstrip(b"+-").lstrip(b"0")
    return sign + digits if digits[:1].isdigit() else sign + b"0" + digits


def json_object(pairs: Mapping[bytes, bytes]) -> bytes:
    """The JSON object of keys and values, both strings."""
    return b"{" + b",".join(json_string(key) + b":" + json_string(value) for key, value in pairs.items()) + b"}"
