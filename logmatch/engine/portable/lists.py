"""
Lists: the expression that takes the longest of several types and words, where an order of alternatives can say it.

`re` takes the first alternative that fits. So an order says "the longest" if of every two options that can begin with
the same byte, the first takes at least as much as the second wherever it fits at all.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence

from logmatch.templates.field_type import ByteSet, NamedType, escaped, option_facts
from logmatch.templates.types import (
    DATE,
    FLOAT,
    HEX,
    HOST,
    INT,
    IP,
    IPV4,
    IPV6,
    ISO8601,
    PERCENT,
    SLASHTIME,
    TIME,
    UUID,
)

Option = NamedType | ByteSet | bytes

MAX_TYPES = 4
"""For up to how many types an order is looked for."""

_NO_SHORTER: dict[NamedType, tuple[NamedType, ...]] = {
    PERCENT: (FLOAT, INT),
    FLOAT: (INT,),
    IPV6: (HOST, HEX, INT, IPV4),  # up to its first colon it is what these take; no IPV4 has one
    HOST: (IPV4, HEX, UUID),
    UUID: (HEX, INT),
    DATE: (INT, HEX),
    TIME: (INT, HEX),
    ISO8601: (DATE, INT, HEX),
    SLASHTIME: (DATE, INT, HEX),
}
"""Type -> those that take no more than it does, from any place where it fits."""

_EXTENDING = (HOST, INT, FLOAT, HEX)
"""Types that take a text of theirs, or more, wherever that is."""


def longest_of(options: Sequence[Option], text_of: Callable[[NamedType | ByteSet], bytes | None]) -> bytes | None:
    """
    The expression that takes the longest of *options*; None where no order of them is known to.

    Args:
        text_of: the expression of a type.
    """
    types = [option for option in options if not isinstance(option, bytes)]
    if HOST in types and IP in types:
        types = [each for option in types for each in ((IPV6, IPV4) if option == IP else (option,))]
    words = sorted({option for option in options if isinstance(option, bytes)}, key=len, reverse=True)
    words = [word for word in words if not any(_takes(type_, word, text_of) for type_ in types)]
    last = [word for word in words if len(word) == 1]  # no other text is shorter
    words = [word for word in words if len(word) > 1]
    if len(types) > MAX_TYPES or any(
        type_.facts.is_free or type_.facts.can_be_empty or text_of(type_) is None for type_ in types
    ):
        return None
    if any(not _are_apart(word, type_) for word in words for type_ in types):
        return None
    for order in itertools.permutations(types):
        if all(_no_shorter(first, second) for first, second in itertools.combinations(order, 2)):
            texts = [*map(escaped, words), *(text_of(type_) or b"" for type_ in order), *map(escaped, last)]
            return b"(?>" + b"|".join(texts) + b")"
    return None


def _takes(type_: NamedType | ByteSet, word: bytes, text_of: Callable[[NamedType | ByteSet], bytes | None]) -> bool:
    """Whether *type_* takes *word*, or more, wherever that is."""
    return type_ in _EXTENDING and re.fullmatch(text_of(type_) or b"(?!)", word) is not None


def _no_shorter(first: NamedType | ByteSet, second: NamedType | ByteSet) -> bool:
    return (isinstance(first, NamedType) and second in _NO_SHORTER.get(first, ())) or _are_apart(first, second)


def _are_apart(one: Option, other: Option) -> bool:
    """Whether the two never begin with the same byte."""
    first, second = option_facts(one).first_bytes, option_facts(other).first_bytes
    return first is not None and second is not None and not set(first) & set(second)
