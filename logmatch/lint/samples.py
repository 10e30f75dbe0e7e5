"""
Samples: lines that a variant matches, made from texts of the types of its fields. The same in every run.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence

from logmatch.program import WHITESPACE, Variant
from logmatch.templates.model import (
    TYPES,
    FieldType,
    Literal,
    RegexType,
)

REGEX_SECONDS = 0.2
"""How long a `/regex/` field may take to say whether a text is one of its own, in seconds."""

_FROM_EXAMPLES = 5
"""How many values of a template's examples are used for one field."""


def field_texts(variant: Variant, values: dict[int, list[bytes]]) -> list[tuple[bytes, ...]]:
    """The texts that each field of *variant* is filled with; *values* holds those of the examples by slot."""
    return [
        tuple(dict.fromkeys((*values.get(slot, ())[:_FROM_EXAMPLES], *texts_of(item.type))))
        for slot, item in zip(variant.slots, variant.fields(), strict=True)
    ]


def texts_of(type_: FieldType) -> tuple[bytes, ...]:
    return _texts_of_regex(type_.source) if isinstance(type_, RegexType) else type_.facts.samples


@functools.lru_cache(maxsize=1024)
def _texts_of_regex(source: bytes) -> tuple[bytes, ...]:
    """Those of the texts of all types, and of the words of the expression, that it matches; often none."""
    import regex  # see `syntax._regex_type`

    compiled = regex.compile(source)
    samples = itertools.chain.from_iterable(type_.facts.samples for type_ in TYPES.values())
    pool = dict.fromkeys((*samples, *regex.findall(rb"[\w.:-]+", source)))
    try:
        return tuple(text for text in pool if compiled.fullmatch(text, timeout=REGEX_SECONDS) is not None)[:10]
    except TimeoutError:
        return ()


def sample_lines(variant: Variant, texts: Sequence[Sequence[bytes]], count: int) -> Iterator[bytes]:
    """
    Up to *count* different lines that *variant* probably matches: not where a text runs into what comes after it.

    In the first round all fields take their first text, then all their second, and so on; in the next rounds each field
    is one, two, … texts further ahead of the one before it.
    """
    if not all(texts):
        return
    seen = set()
    for index in range(count):
        chosen = (each[(index + place * (index // len(each))) % len(each)] for place, each in enumerate(texts))
        line = b"".join(item.text if isinstance(item, Literal) else next(chosen) for item in variant.items)
        line = line.rstrip(WHITESPACE)
        if line not in seen and b"\n" not in line:
            seen.add(line)
            yield line
