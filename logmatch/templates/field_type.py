"""
Field type: what a field can be of, and the facts that all stages share about it.

A *field type* says which text a field takes and how its value is written. Whatever a stage asks about one (can it be
empty? with which bytes does it begin? which quotes are left off its value?) is a `Facts` of it: engines, writers and
`logmatch check` derive their tables from these and keep none of their own. The types that have names are rows of
`types`; those that a pattern spells out (a list of words, a regular expression) make their facts from their parts.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

WHITESPACE = b" \t"
"""What the language calls whitespace."""

ANY_BYTE = bytes(range(256))

SOLID_BYTES = bytes(byte for byte in range(256) if byte not in WHITESPACE)
"""All bytes but whitespace."""


class Greediness(enum.Enum):
    """How a field finds its end: free text takes the shortest that lets the rest match, a token its own longest."""

    FREE = "free"
    TOKEN = "token"


class JsonKind(enum.Enum):
    """How a field's value is written as JSON."""

    STRING = "string"
    NUMBER = "number"
    NOTHING = "nothing"


SameEnd = Callable[[bytes, int, int], tuple[int, int]]
"""
(line, start, result) -> half-open range of places: where the scan that began at *start* ended at *result* (-1: failed),
a scan that begins within the range, with one of the type's first bytes, ends there too.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that stages know of a field type."""

    description: str
    """One line for a person, without a full stop; empty for types that have no name."""
    greediness: Greediness = Greediness.TOKEN
    json_kind: JsonKind = JsonKind.STRING

    expression: bytes | None
    """
    The text as a regular expression of `re` over bytes (with DOTALL). That of a token takes its longest text and gives
    nothing back wherever it is tried (possessive or atomic); that of a free field is lazy. None: it has none of `re`.
    """
    to_whitespace: bytes | None = None
    """For free text that holds no whitespace: the expression of all of it, up to the next whitespace."""
    first_bytes: bytes | None = None
    """With which bytes a text can begin; None: with any, or it can be empty."""
    alphabet: bytes | None = None
    """Which bytes a text can hold; None: any."""
    run_bytes: bytes | None = None
    """
    None where a bound on the length of a text keeps the cost of scans from every place of a line linear. Otherwise two
    scans read the same bytes only if the byte before the second is one of these.
    """
    same_end: SameEnd | None = None
    """Where there is no such bound: which scans need not be made again."""
    ends_in_order: bool = False
    """
    Whether a text ends no earlier when it begins later. Others may: of 13:05:59.1 the time that begins at 05 ends
    before the point.
    """
    swallows: bytes = b""
    """Bytes that never follow a text, since it would have taken them too."""
    swallows_what: str = ""
    """These bytes in words, as in "`int` takes *all digits*"."""

    is_integer: bool = False
    """Whether the value, a number, is always whole."""
    trimmed_start: int = 0
    trimmed_end: int = 0
    """How many bytes of the text are left off the value at its start and at its end."""

    samples: tuple[bytes, ...] = ()
    """Texts of as many forms as possible; the first is the most usual."""

    @property
    def is_free(self) -> bool:
        return self.greediness is Greediness.FREE

    @property
    def is_output(self) -> bool:
        return self.json_kind is not JsonKind.NOTHING

    @property
    def is_bounded(self) -> bool:
        """Whether scans of a token from every place of a line cost no more than a constant factor of one pass."""
        return self.run_bytes is None

    @property
    def can_be_empty(self) -> bool:
        return self.first_bytes is None

    @property
    def holds_whitespace(self) -> bool:
        """Whether a text can hold a space or a tab."""
        return self.alphabet is None or any(byte in self.alphabet for byte in WHITESPACE)

    @property
    def is_solid(self) -> bool:
        """Whether a text is never empty and never holds whitespace."""
        return not self.can_be_empty and not self.holds_whitespace

    def value_text(self, text: bytes) -> bytes:
        """The part of *text* that is the value: without the quotes, without the `%`."""
        return text[self.trimmed_start : len(text) - self.trimmed_end]


class Type:
    """What all field types have: they are values, compared by what a pattern says, and `str()` writes one as there."""

    __slots__ = ()

    @property
    def facts(self) -> Facts:
        raise NotImplementedError

    @property
    def greediness(self) -> Greediness:
        return self.facts.greediness

    @property
    def json_kind(self) -> JsonKind:
        return self.facts.json_kind


@dataclass(frozen=True, slots=True)
class NamedType(Type):
    """One of the types that the language knows by name; the instances are in `types.TYPES`."""

    name: str
    facts: Facts = field(compare=False, repr=False)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class WordList(Type):
    """One of these words, the longest that stands here. `words` are in the order in which they were written."""

    words: tuple[bytes, ...]

    def __str__(self) -> str:
        return "|".join(word.decode("utf-8", "surrogateescape") for word in self.words)

    @property
    def longest_first(self) -> tuple[bytes, ...]:
        """The words in the order in which they are tried."""
        return tuple(sorted(self.words, key=len, reverse=True))

    @property
    def facts(self) -> Facts:
        return _facts_of_words(self.words)


@lru_cache(4096)
def _facts_of_words(words: tuple[bytes, ...]) -> Facts:
    longest_first = sorted(words, key=len, reverse=True)
    return Facts(
        description="",
        expression=b"(?>" + b"|".join(map(escaped, longest_first)) + b")",
        first_bytes=bytes({word[0] for word in words}) if all(words) else None,
        alphabet=bytes({byte for word in words for byte in word}),
        ends_in_order=len({len(word) for word in words}) == 1,
        samples=words,
    )


@dataclass(frozen=True, slots=True)
class RegexType(Type):
    """What a regular expression (package `regex`, over bytes) matches here. `source` is without the slashes."""

    source: bytes

    def __str__(self) -> str:
        return f"/{self.source.decode('utf-8', 'surrogateescape')}/"

    @property
    def facts(self) -> Facts:
        return _FACTS_OF_REGEX


_FACTS_OF_REGEX = Facts(description="", expression=None)

FieldType = NamedType | WordList | RegexType

_SPECIAL_BYTES = re.compile(rb"[\\.^$*+?{}\[\]|()]")


def escaped(text: bytes) -> bytes:
    """
    *text* as an expression, not to stand in a set.

    `re.escape` escapes spaces as well, and an escape takes longer to compile.
    """
    return _SPECIAL_BYTES.sub(rb"\\\g<0>", text)
