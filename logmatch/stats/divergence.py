"""
Divergence: how far two logs differ in their shares of templates, and how much each template adds to that.

The Jensen-Shannon divergence of two distributions p and q is the mean of what each diverges from their mean m:

    JSD = sum over templates of (p log2(p / m) + q log2(q / m)) / 2,  m = (p + q) / 2

in bits: 0 where the shares are equal, 1 where the logs have no template in common. No summand is negative, so that each
says how much its template adds.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Part(Generic[Key]):
    """What one template adds to the divergence, in bits, and its shares of both logs, 0 to 1."""

    key: Key
    bits: float
    before: float
    after: float


def parts_of_divergence(before: Mapping[Key, int], after: Mapping[Key, int]) -> list[Part[Key]]:
    """
    The parts of the divergence of two logs, the greatest first; their sum is the divergence.

    A log without lines has shares of 0; the divergence from one with lines is then 1/2, and not defined for two such.

    Args:
        before: lines by template.
        after: the same of the other log.
    """
    lines_before, lines_after = sum(before.values()), sum(after.values())
    parts = []
    for key in dict.fromkeys([*before, *after]):
        p = before.get(key, 0) / lines_before if lines_before else 0.0
        q = after.get(key, 0) / lines_after if lines_after else 0.0
        if p or q:
            parts.append(Part(key, _bits(p, q), p, q))
    parts.sort(key=lambda part: -part.bits)  # stable
    return parts


def divergence(parts: list[Part[Key]]) -> float:
    """The divergence in bits, from 0 to 1."""
    return min(1.0, math.fsum(part.bits for part in parts))


def _bits(p: float, q: float) -> float:
    mean = (p + q) / 2
    bits = (p * math.log2(p / mean) if p else 0.0) + (q * math.log2(q / mean) if q else 0.0)
    return max(0.0, bits / 2)  # of nearly equal shares a rounding error is left
