"""Numbers: decimal numbers of any length, compared exactly, without a binary double."""

from __future__ import annotations

import re
from typing import NamedTuple

MOST_EXPONENT = 10**17
"""Exponents beyond it count as this one."""

_NUMBER = re.compile(rb"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?)0*([0-9]+))?")


class Decimal(NamedTuple):
    """The number `sign * 0.DIGITS * 10**exponent`; digits begin and end with none of 0, and are empty for 0."""

    sign: int
    exponent: int
    digits: bytes


def decimal(text: bytes) -> Decimal:
    """The number that *text* is, as a log or JSON writes it."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise ValueError(f"this is no number: {text!r}")
    whole, fraction = found[2].lstrip(b"0"), found[3] or b""
    exponent = len(whole)
    digits = whole + fraction
    if not whole:
        digits = fraction.lstrip(b"0")
        exponent = len(digits) - len(fraction)
    digits = digits.rstrip(b"0")
    if not digits:
        return Decimal(0, 0, b"")
    power = MOST_EXPONENT if len(found[5] or b"") > 17 else int(found[5] or 0)
    return Decimal(-1 if found[1] == b"-" else 1, exponent + (-power if found[4] == b"-" else power), digits)


def order(one: Decimal, other: Decimal) -> int:
    """-1, 0 or 1: whether *one* is less than *other*, equal or greater."""
    if one.sign != other.sign:
        return -1 if one.sign < other.sign else 1
    first, second = (one.exponent, one.digits), (other.exponent, other.digits)
    return 0 if first == second else one.sign if first > second else -one.sign
