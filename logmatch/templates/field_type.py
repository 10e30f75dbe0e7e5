"""
Field type: what a field can be of, and the facts that all stages share about it.

A *field type* says which text a field takes and how its value is written. Whatever a stage asks about one (can it be
empty? with which bytes does it begin? which quotes are left off its value?) is a `Facts` of it: engines, writers and
`logmatch check` derive their tables from these and keep none of their own. The types that have names are rows of
`types`; those that a pattern spells out (a list of words, a regular expression) make their facts from their parts.
"""

from __future__ import annotations

import enum
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from logmatch.templates.grammar import Grammar, Run, expression
from logmatch.templates.known_ends import Alike
from logmatch.templates.values import json_number, json_string

WHITESPACE = b" \t"
"""What the language calls whitespace."""

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
    VALUE = "value"
    """Any JSON value: which, the text says."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that stages know of a field type."""

    description: str
    """One line for a person, without a full stop; empty for types that have no name."""
    greediness: Greediness = Greediness.TOKEN
    json_kind: JsonKind = JsonKind.STRING

    grammar: Grammar | None = None
    """The text as a parsing expression, for types that have one."""
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
    next_alike: Alike | None = None
    """Where there is no such bound, and no grammar: from which places scans end alike."""
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
    scan: Callable[[bytes, int], int] | None = None
    """(line, start) -> where the text ends that begins at *start*, or -1: for types that no expression can say."""
    options: tuple[NamedType | ByteSet | bytes, ...] = ()
    """Of which types and words the longest counts, for a list."""
    convert: Callable[[bytes], bytes] | None = None
    """
    What makes the value of the text where that is more than leaving bytes off: of a string the string's bytes, of a
    number or a value its JSON. A function of the text alone; bytes that are not UTF-8 stay in it.
    """

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
        """The value of *text*: without the quotes, without the `%`; of types that compute it, what `convert` gives."""
        if self.convert is not None:
            return self.convert(text)
        return text[self.trimmed_start : len(text) - self.trimmed_end]

    def value_json(self, text: bytes) -> bytes:
        """The value of *text* as JSON, but for bytes that are not UTF-8; empty for a type that is never output."""
        if self.json_kind is JsonKind.NOTHING:
            return b""
        value = self.value_text(text)
        if self.json_kind is JsonKind.STRING:
            return json_string(value)
        return json_number(value) if self.json_kind is JsonKind.NUMBER else value


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
    """As a pattern writes it, with its argument in parentheses."""
    facts: Facts = field(compare=False, repr=False)
    base: str = field(default="", compare=False, repr=False)
    """The name without the argument; empty where there is none."""
    argument: str = field(default="", compare=False, repr=False)
    """What stands between the parentheses, without escapes."""

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class WordList(Type):
    """One of these words, the longest that stands here. `words` are in the order in which they were written."""

    words: tuple[bytes, ...]

    def __str__(self) -> str:
        if len(self.words) == 1:
            return quoted_word(self.words[0])
        return "|".join(map(written_word, self.words))

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


@dataclass(frozen=True, slots=True)
class ByteSet(Type):
    """The longest run of bytes of a set: `least` to `most` of them (None: no bound). `members` ascend."""

    members: bytes
    least: int = 1
    most: int | None = None
    source: str = field(default="", compare=False, repr=False)
    """How a pattern has written it; empty: in a form of our own."""

    def __str__(self) -> str:
        if self.source:
            return self.source
        if self.most is None and self.least <= 1:
            count = "+" if self.least else "*"
        elif self.least == self.most:
            count = f"{{{self.least}}}"
        else:
            count = f"{{{self.least},{'' if self.most is None else self.most}}}"
        return f"[{_written_set(self.members)}]{count}"

    @property
    def facts(self) -> Facts:
        return _facts_of_set(self)


BOUNDED_RUN = 64
"""How many bytes a token may have at most whose scans are made again and again."""


@lru_cache(4096)
def _facts_of_set(type_: ByteSet) -> Facts:
    run = Run(type_.members, type_.least, type_.most)
    return Facts(
        description="",
        grammar=run,
        expression=expression(run),
        first_bytes=type_.members if type_.least else None,
        alphabet=type_.members,
        run_bytes=None if type_.most is not None and type_.most <= BOUNDED_RUN else type_.members,
        ends_in_order=True,
        swallows=type_.members if type_.most is None else b"",
        swallows_what="all bytes of its set",
        samples=_samples_of_set(type_),
    )


def _samples_of_set(type_: ByteSet) -> tuple[bytes, ...]:
    members = [byte for byte in type_.members if byte != 0x0A] or list(type_.members)
    usual = [byte for byte in members if chr(byte).isalnum()] or members
    most = type_.least + 8 if type_.most is None else type_.most
    lengths = sorted({type_.least, min(max(type_.least, 1), most), min(type_.least + 5, most), min(most, 64)})
    texts = [
        bytes(pool[(3 * shift + place) % len(pool)] for place in range(length))
        for shift, length in enumerate(lengths)
        for pool in (usual, members)
    ]
    return tuple(dict.fromkeys(sorted(texts, key=lambda text: text == b"")))


def _written_set(members: bytes) -> str:
    is_negated = len(members) > 128
    # A line break is in no line, and so in no set.
    listed = [byte for byte in range(256) if byte not in members and byte != 0x0A] if is_negated else list(members)
    pieces: list[str] = []
    while listed:
        last = 0
        while last + 1 < len(listed) and listed[last + 1] == listed[last] + 1:
            last += 1
        if last >= 2:
            pieces.append(f"{_written_byte(listed[0])}-{_written_byte(listed[last])}")
        else:
            pieces += map(_written_byte, listed[: last + 1])
        del listed[: last + 1]
    return ("^" if is_negated else "") + "".join(pieces)


def _written_byte(byte: int) -> str:
    if byte == 0x09:
        return "\\t"
    if byte in b"\\]^-[":
        return f"\\{chr(byte)}"
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}"


NULL = b"-"
"""What `?` after a type takes for no value."""


@dataclass(frozen=True, slots=True)
class TypeList(Type):
    """
    The longest that stands here of several types and words, the earlier of equals; its value is that of the item.

    With `nullable`, a `-` is one more item, the first; its value is null. The value depends on the text alone: the
    first item counts that takes the whole of it. A list with one item that is free text is free text.
    """

    items: tuple[NamedType | ByteSet | bytes, ...]
    nullable: bool = False

    def __str__(self) -> str:
        items = [written_word(item) if isinstance(item, bytes) else str(item) for item in self.items]
        if self.nullable:  # a word takes the mark only in quotes
            place = next((index for index, item in enumerate(self.items) if not isinstance(item, bytes)), 0)
            item = self.items[place]
            items[place] = f"{quoted_word(item) if isinstance(item, bytes) else item}?"
        return "|".join(items)

    @property
    def options(self) -> tuple[NamedType | ByteSet | bytes, ...]:
        """All items, the `-` included."""
        return (NULL, *self.items) if self.nullable else self.items

    @property
    def facts(self) -> Facts:
        return _facts_of_list(self)


@lru_cache(4096)
def _facts_of_list(type_: TypeList) -> Facts:
    only = type_.items[0]
    if len(type_.items) == 1 and not isinstance(only, bytes) and only.facts.is_free:
        first_bytes = only.facts.first_bytes
        return replace(
            only.facts,
            description="",
            json_kind=JsonKind.VALUE,
            convert=ListValue(type_),
            first_bytes=None if first_bytes is None else _union([first_bytes, NULL]),
        )
    facts = [option_facts(item) for item in type_.options]
    kinds = {each.json_kind for each in facts}
    firsts = [each.first_bytes for each in facts]
    alphabets = [each.alphabet for each in facts]
    runs = [SOLID_BYTES if each.is_free else each.run_bytes for each in facts]
    samples = [each.samples for each in facts[:: -1 if type_.nullable else 1]]
    # Texts that are their own values need no look at which item took them.
    is_text = kinds == {JsonKind.STRING} and not type_.nullable
    is_plain = is_text and not any(each.convert or each.trimmed_start or each.trimmed_end for each in facts)
    return Facts(
        description="",
        json_kind=JsonKind.STRING if is_text else JsonKind.VALUE,
        expression=_longest(type_.options),
        first_bytes=None if None in firsts else _union([each for each in firsts if each is not None]),
        alphabet=None if None in alphabets else _union([each for each in alphabets if each is not None]),
        run_bytes=_union([each for each in runs if each is not None]) if any(runs) else None,
        options=type_.options,
        convert=None if is_plain else ListValue(type_),
        samples=tuple(dict.fromkeys(itertools.chain.from_iterable(_round_robin(samples)))),
    )


def _round_robin(samples: list[tuple[bytes, ...]]) -> Iterator[list[bytes]]:
    """The first text of each, then the second of each, and so on."""
    for texts in itertools.zip_longest(*samples):
        yield [text for text in texts if text is not None]


def option_facts(option: NamedType | ByteSet | bytes) -> Facts:
    """The facts of an item of a list."""
    return WordList((option,)).facts if isinstance(option, bytes) else option.facts


def option_expression(option: NamedType | ByteSet | bytes) -> bytes | None:
    """The expression of an item of a list, where free text goes up to the next whitespace; None where it has none."""
    if isinstance(option, bytes):
        return escaped(option)
    return option.facts.to_whitespace or option.facts.expression


def _union(sets: list[bytes]) -> bytes:
    return bytes(sorted(set(b"".join(sets))))


def _longest(options: tuple[NamedType | ByteSet | bytes, ...]) -> bytes | None:
    """
    The expression that takes the longest of *options*; None where no order of them does.

    Of two that never begin with the same byte at most one fits. A longer word comes before a shorter one, and a word of
    one byte last, since no other text is shorter.
    """
    words = sorted((item for item in options if isinstance(item, bytes)), key=len, reverse=True)
    taken: set[int] = {word[0] for word in words if len(word) > 1}
    types: list[bytes] = []
    for item in options:
        if isinstance(item, bytes):
            continue
        text, first_bytes = option_expression(item), item.facts.first_bytes
        if text is None or first_bytes is None or taken & set(first_bytes):
            return None
        taken |= set(first_bytes)
        types.append(text)
    parts = (
        [escaped(word) for word in words if len(word) > 1] + types + [escaped(word) for word in words if len(word) == 1]
    )
    return b"(?>" + b"|".join(parts) + b")"


class ListValue:
    """The value of a text of a list: that of the first option which takes the whole of the text."""

    def __init__(self, type_: TypeList) -> None:
        self._type = type_
        self.items = type_.items
        self.nullable = type_.nullable

    def item_of(self, text: bytes) -> NamedType | ByteSet | bytes | None:
        """The item whose value counts; None: it is null."""
        if self.nullable and text == NULL:
            return None
        for item in self.items:
            if item == text or (not isinstance(item, bytes) and takes_whole(item, text)):
                return None if self.nullable and _is_null_in_quotes(option_facts(item), text) else item
        return text

    def __call__(self, text: bytes) -> bytes:
        is_value = self._type.facts.json_kind is JsonKind.VALUE
        item = self.item_of(text)
        if item is None:
            return b"null"
        if isinstance(item, bytes):
            return json_string(text) if is_value else text
        return item.facts.value_json(text) if is_value else item.facts.value_text(text)


def _is_null_in_quotes(facts: Facts, text: bytes) -> bool:
    """Whether *text* is a `-` in quotes, for a type whose value is what stands in them."""
    return facts.json_kind is JsonKind.STRING and facts.value_text(text) == NULL


def takes_whole(type_: NamedType | ByteSet, text: bytes) -> bool:
    """Whether *type_*, as an item of a list, takes the whole of *text* where it stands alone."""
    if type_.facts.scan is not None:
        return type_.facts.scan(text, 0) == len(text)
    if type_.facts.options:
        return any(
            option == text or (not isinstance(option, bytes) and takes_whole(option, text))
            for option in type_.facts.options
        )
    found = option_expression(type_)
    return found is not None and re.fullmatch(found, text, re.DOTALL) is not None


FieldType = NamedType | WordList | RegexType | ByteSet | TypeList

NAMES: set[str] = set()
"""The names that stand for types in a list; `types` fills it."""


def quoted_word(word: bytes) -> str:
    """*word* in quotes."""
    text = word.decode("utf-8", "surrogateescape")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def written_word(word: bytes) -> str:
    """*word* as an item of a list, in quotes where it could be read as something else."""
    text = word.decode("utf-8", "surrogateescape")
    return quoted_word(word) if text in NAMES or re.search(_ODD_WORD, text) else text


_ODD_WORD = r'["|<>]|^[/\[]|\?$|^\w+\(|^$'

_SPECIAL_BYTES = re.compile(rb"[\\.^$*+?{}\[\]|()]")


def escaped(text: bytes) -> bytes:
    """
    *text* as an expression, not to stand in a set.

    `re.escape` escapes spaces as well, and an escape takes longer to compile.
    """
    return _SPECIAL_BYTES.sub(rb"\\\g<0>", text)
