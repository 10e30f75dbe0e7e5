"""
Assembler: a program -> the code of the kernel.

`Assembler` lays out one tree over the items of all variants as instructions for `_kernel` (its docstring lists them).
Variants go one way for as long as their items are the same, literals byte by byte, so that a line meets each beginning
once, however many variants share it. Variants with `/regex/` fields have code of their own, which is run after the
tree, and only if a variant that precedes what the tree found may still match.

What the kernel does not check for itself is made true here, in one place each: the size of the stacks
(`Assembler._measure`), and that jumps lead to instructions (`Assembler.add`).
"""

from __future__ import annotations

import dataclasses
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from logmatch.engine.native import _kernel as kernel
from logmatch.engine.native.branches import (
    ALL_BYTES,
    Entry,
    Items,
    after_literal,
    beginnings_of,
    common_literal,
    is_literal,
    type_at,
)
from logmatch.engine.native.grammar_code import GrammarCode
from logmatch.program import WHITESPACE
from logmatch.templates.field_type import SOLID_BYTES, ByteSet, Facts, FieldType, NamedType, RegexType, WordList
from logmatch.templates.model import Field, Literal
from logmatch.templates.types import ANY, REST, WORD

_OPERATION: dict[str, int] = kernel.OPERATIONS
_LITERAL = _OPERATION["LITERAL"]
_TOKEN = _OPERATION["TOKEN"]
_CUT, _FINAL = kernel.FLAGS["CUT"], kernel.FLAGS["FINAL"]
_MEMOIZED = kernel.FLAGS["MEMOIZED"]
_UNORDERED, _NULLABLE = kernel.FLAGS["UNORDERED"], kernel.FLAGS["NULLABLE"]

_MOST_LITERAL = (1 << 23) - 1
"""How many bytes a LITERAL instruction holds."""

_BOUNDED = frozenset({"rest", "date", "rfc2822", "ipv4", "ipv6", "ip", "mac", "uuid"})
"""Tokens with a scanner of the kernel that reads no more than some bytes (or, at the end of all patterns, none)."""

_MOST_KEYS = 16
"""How many bytes a BYTE instruction tells apart."""

_MOST_WAYS = 100_000
"""How many texts a TABLE instruction tells apart; the kernel could do with a few more."""

_TABLE_KEY = 8
"""How many bytes a TABLE instruction looks at, at most."""


@dataclass(slots=True)
class _Path:
    """
    What is known of the way from the root to a place in the tree.

    `once`: no line comes here more than once. The others tell of what came since the last free field: whether it leaves
    a frame (`pushes`), whether a line comes to it once (`once_there`), whether the way has not branched (`unbroken`),
    and whether all tokens since end in order (`monotone`); `ordered`: so do all tokens since the first free field.
    """

    frames: int = 0
    once: bool = True
    pushes: bool = False
    once_there: bool = True
    unbroken: bool = False
    monotone: bool = True
    ordered: bool = True


@dataclass(frozen=True, slots=True)
class _Tail:
    """The rest of a variant, after what it shares: where it is laid out, how many frames and numbers it needs."""

    at: int
    frames: int
    returns: int


class Assembler:
    """
    Makes the kernel's code of variants; see `_kernel` for the instructions.

    Attributes:
        code: 32-bit words.
        sets: for FREE_SWEEP.
        most_frames: the most frames that a path can leave open.
        return_count: how many numbers of memos there are.
        return_bases: for each variant, the first of those that are its own.
    """

    def __init__(self, variant_count: int) -> None:
        self.code = array("i")
        self.sets = bytearray()
        self.most_frames = 0
        self.return_count = 0
        self.return_bases = array("i", bytes(4 * variant_count))
        self._fields_at = self._fields_end = self._token_at = -1
        """
        Where the last FIELDS instruction is and ends, and the last TOKEN: if nothing has been laid out after, and
        nothing leads to there, it can take what comes.
        """
        self._returns_of_tail: int | None = None
        """While a tail is laid out, how many numbers it has got."""
        self._set_offsets: dict[tuple[int, int], int] = {}
        self._grammars = GrammarCode(lambda ends: self._sets(ends, ALL_BYTES))
        self._tails: dict[tuple[object, ...], _Tail] = {}
        """By what remains of a variant and of its path."""

    def add(self, variants: Iterable[tuple[int, Items]]) -> int:
        """Add one tree over *variants* (number and items), in their order of precedence; return where it begins."""
        entry = len(self.code)
        # Trees that are still to be laid out, the last first: their variants, their paths, and where their place in the
        # code is to be written.
        self._todo: list[tuple[list[Entry], _Path, int]] = []
        self._lay_out([(number, items, 0, 0) for number, items in variants], _Path())
        while self._todo:
            entries, path, at = self._todo.pop()
            self.code[at] = self._lay_out_tail(entries[0], path) if len(entries) == 1 else self._lay_out(entries, path)
        return entry

    def grammars(self) -> bytes:
        """The code of the grammars."""
        return self._grammars.words.tobytes() + bytes(kernel.PADDING)

    @property
    def kind_count(self) -> int:
        """How many kinds of scans there are of which something may be known in a line."""
        return self._grammars.kind_count

    def finished(self) -> bytes:
        """The code and its padding."""
        return self.code.tobytes() + bytes(kernel.PADDING)

    def _lay_out_tail(self, entry: Entry, path: _Path) -> int:
        """Lay out the rest of one variant, unless another ends in the same way; return where it is."""
        number, items, index, taken = entry
        rest = [item.text if isinstance(item, Literal) else id(item.type) for item in items[index:]]
        if taken:
            first = items[index]
            assert isinstance(first, Literal)
            rest[0] = first.text[taken:]
        key = (*rest, path.once, path.pushes, path.once_there, path.unbroken, path.monotone, path.ordered)
        tail = self._tails.get(key)
        if tail is None:
            frames = path.frames
            self._returns_of_tail = 0
            at = self._put_tail(rest, items, index, path)
            tail = self._tails[key] = _Tail(at, path.frames - frames, self._returns_of_tail)
            self._returns_of_tail = None
        else:
            path.frames += tail.frames
            self._measure(path)
        self.return_bases[number] = self.return_count
        self.return_count += tail.returns
        return tail.at

    def _put_tail(self, rest: Sequence[bytes | int], items: Items, index: int, path: _Path) -> int:
        """
        Lay out items[index:], of which *rest* has the texts of literals. It is what `_lay_out` would do, but for one
        variant, which needs no looking at what others have in common: with thousands of templates most of the code is
        of this kind.
        """
        at = self._begin()
        first = index
        while index < len(items):
            item = items[index]
            text = rest[index - first]
            index += 1
            if isinstance(text, bytes):
                self._literal(text)
                continue
            assert isinstance(item, Field)
            type_ = item.type
            if not type_.facts.is_free:
                self._token(type_, items, index - 1, path)
                continue
            assert isinstance(type_, NamedType)
            prefix = rest[index - first] if index < len(items) else b""
            if isinstance(prefix, bytes):
                index += bool(prefix)
                following = items[index] if index < len(items) else None
                final = isinstance(following, Field) and following.type in (ANY, REST)
                self._put_free(type_, path, prefix, ends=following is None, final=final)
                if following is None:
                    return at
            else:
                self._put_free(type_, path, beginnings=beginnings_of([(0, items, index, 0)]))
        self.code.append(_OPERATION["END"])
        return at

    def _lay_out(self, entries: list[Entry], path: _Path) -> int:
        """
        Lay out what the entries, in ascending order and never empty, have in common; put off where they part.

        Returns where it begins.
        """
        code = self.code
        at = self._begin()
        while True:
            branches: dict[FieldType | type[Literal] | None, list[Entry]] = {}
            for entry in entries:
                items, index = entry[1], entry[2]
                item = items[index] if index < len(items) else None
                key = item.type if isinstance(item, Field) else None if item is None else Literal
                branches.setdefault(key, []).append(entry)
            if len(branches) > 1:
                self._split(list(branches.values()), path)
                return at
            ((key, entries),) = branches.items()
            if key is None:
                # Others that are the same to the end can never be the first.
                code.append(_OPERATION["END"])
                return at
            if key is Literal:
                text = common_literal(entries)
                if not text:
                    self._part_by_byte(entries, path)
                    return at
                self._literal(text)
                entries = after_literal(entries, len(text))
            else:
                assert not isinstance(key, type)
                following = [(number, items, index + 1, 0) for number, items, index, _ in entries]
                if key.facts.is_free:
                    assert isinstance(key, NamedType)
                    rest = self._free(key, following, path)
                    if rest is None:
                        return at
                    entries = rest
                else:
                    self._token(key, *entries[0][1:3], path)
                    entries = following

    def _begin(self) -> int:
        """Where a jump leads to: what is laid out here is no part of what stands before."""
        self._fields_at = self._fields_end = self._token_at = -1
        return len(self.code)

    def _split(self, branches: list[list[Entry]], path: _Path) -> None:
        code = self.code
        branches.sort(key=lambda entries: entries[0][0])
        literals = [index for index, entries in enumerate(branches) if is_literal(entries[0])]
        if len(branches) == 2 and literals:
            code.append(_OPERATION["FORK"] | literals[0] << 8)
            firsts, _, _ = beginnings_of(branches[literals[0]])
            for start in range(0, 256, 32):
                bits = firsts >> start & 0xFFFFFFFF
                code.append(bits if bits < 1 << 31 else bits - (1 << 32))
        else:
            code.append(_OPERATION["SPLIT"] | len(branches) << 8)
        path.frames += 1
        self._measure(path)
        self._part(branches, path)

    def _part_by_byte(self, entries: list[Entry], path: _Path) -> None:
        """Where the line goes on with another byte for each of several groups of *entries*, whose next is a literal."""
        code = self.code
        if self._part_by_table(entries, path):
            return
        by_byte: dict[int, list[Entry]] = {}
        for entry in entries:
            _, items, index, taken = entry
            item = items[index]
            assert isinstance(item, Literal)
            by_byte.setdefault(item.text[taken], []).append(entry)
        if len(by_byte) == 256:
            del by_byte[0x0A]  # no line holds it, and 255 keys is what an instruction can tell apart
        keys = bytes(by_byte)
        if len(keys) <= _MOST_KEYS:
            code.append(_OPERATION["BYTE"] | len(keys) << 8)
            code.frombytes(keys.ljust(_MOST_KEYS, b"\0"))
        else:
            indices = bytearray(b"\xff" * 256)
            for index, byte in enumerate(keys):
                indices[byte] = index
            code.append(_OPERATION["BYTES"])
            code.frombytes(bytes(indices))
        self._part([after_literal(group, 1) for group in by_byte.values()], path)

    def _part_by_table(self, entries: list[Entry], path: _Path) -> bool:
        """The same by several bytes at once, if the literals are long enough and the branches not too many."""
        rests = []
        for _, items, index, taken in entries:
            item = items[index]
            assert isinstance(item, Literal)
            rests.append(item.text[taken : taken + _TABLE_KEY])
        size = min(map(len, rests))
        if size < 2:
            return False
        by_key: dict[bytes, list[Entry]] = {}
        for entry, rest in zip(entries, rests, strict=True):
            by_key.setdefault(rest[:size], []).append(entry)
        if len(by_key) > _MOST_WAYS:
            return False
        words, places = kernel.lay_out_table(list(by_key), len(self.code))
        at = len(self.code)
        self.code.frombytes(words)
        groups = [after_literal(group, size) for group in by_key.values()]
        for group, place in zip(reversed(groups), reversed(places), strict=True):
            self.code[at + place] = group[0][0]
            self._todo.append((group, dataclasses.replace(path, unbroken=False), at + place + 1))
        return True

    def _part(self, branches: list[list[Entry]], path: _Path) -> None:
        """The pairs of an instruction with several targets."""
        at = len(self.code)
        for entries in branches:
            self.code.extend((entries[0][0], -1))
        for index in reversed(range(len(branches))):
            self._todo.append((branches[index], dataclasses.replace(path, unbroken=False), at + 2 * index + 1))

    def _literal(self, text: bytes) -> None:
        if text[0] == 0x20 and 0 <= self._token_at == len(self.code) - 2:
            type_ = self.code[self._token_at] >> 8
            del self.code[self._token_at :]
            self._token_at = -1  # what comes to stand there is no token
            self._put_field(type_)
            text = text[1:]
        for start in range(0, len(text), _MOST_LITERAL):
            part = text[start : start + _MOST_LITERAL]
            self.code.append(_LITERAL | len(part) << 8)
            self._bytes(part)

    def _put_field(self, type_: int) -> None:
        """A word or a token of FIELDS."""
        code = self.code
        if self._fields_end == len(code) and self._fields_at >= 0:
            code[self._fields_at] += 1 << 8
        else:
            self._fields_at = len(code)
            code.append(_OPERATION["FIELDS"] | 1 << 8)
        code.append(type_)
        self._fields_end = len(code)

    def _bytes(self, text: bytes) -> None:
        self.code.frombytes(text + bytes(-len(text) % 4))

    def _token(self, type_: FieldType, items: Items, index: int, path: _Path) -> None:
        """Lay out items[index], a token."""
        code = self.code
        if isinstance(type_, WordList):
            words = list(dict.fromkeys(type_.longest_first))
            code.append(_OPERATION["WORDS"] | len(words) << 8)
            for word in words:
                code.append(len(word))
                self._bytes(word)
            in_order = len({len(word) for word in words}) == 1
        elif isinstance(type_, RegexType):
            field_number = sum(isinstance(item, Field) for item in items[:index])
            code.extend((_OPERATION["REGEX"], field_number))
            in_order = False
        elif type_.facts.options:
            options = list(_flat_options(type_.facts.options))
            at = len(code)
            code.extend((_OPERATION["LIST"], -1, len(options)))
            for option in options:
                self._option(option, path)
            code[at + 1] = len(code) - at
            in_order = type_.facts.ends_in_order
        else:
            facts = type_.facts
            number = self._scanner_of(type_)
            if number is not None:
                returns = str(type_) not in _BOUNDED and not path.once
                if facts.is_solid and not returns:
                    self._token_at = len(code)
                code.extend((_TOKEN | number << 8, returns))
            else:
                code.append(_OPERATION["GRAMMAR"])
                code.extend(self._grammar(facts, path))
            in_order = facts.ends_in_order
        if not in_order:
            path.monotone = False
            path.ordered = False

    @staticmethod
    def _scanner_of(type_: FieldType) -> int | None:
        """The number of the kernel's own scanner for *type_*, if it has one; others are grammars."""
        return kernel.TOKENS.get(type_.name) if isinstance(type_, NamedType) else None

    def _grammar(self, facts: Facts, path: _Path) -> tuple[int, int]:
        """Where the code of the type's grammar is, and its kind where a line may come to it more than once."""
        assert facts.grammar is not None, "a type without scanner has a grammar"
        program = self._grammars.program(facts.grammar)
        return program.at, -1 if path.once else program.kind

    def _option(self, option: NamedType | ByteSet | bytes, path: _Path) -> None:
        """An item of a LIST."""
        code = self.code
        kinds = kernel.LIST_ITEMS
        if isinstance(option, bytes):
            code.extend((kinds["word"], len(option)))
            self._bytes(option)
            return
        facts = option.facts
        number = self._scanner_of(option)
        if facts.is_free:
            assert isinstance(option, NamedType)
            to_whitespace = self._grammar(_TO_WHITESPACE, path)
            code.extend((kinds["free"], kernel.FREE_KINDS[option.name], not path.once, *to_whitespace))
        elif number is not None:
            code.extend((kinds["token"], number, str(option) not in _BOUNDED and not path.once))
        else:
            code.extend((kinds["grammar"], *self._grammar(facts, path)))

    def _free(self, type_: NamedType, following: list[Entry], path: _Path) -> list[Entry] | None:
        """Lay out a free field and what ends it; return what comes after that, None if nothing does."""
        if all(entry[2] < len(entry[1]) and isinstance(entry[1][entry[2]], Literal) for entry in following):
            prefix = common_literal(following)
        else:
            prefix = b""
        rest = after_literal(following, len(prefix)) if prefix else following
        if all(entry[2] == len(entry[1]) for entry in rest):
            self._put_free(type_, path, prefix, ends=True)
            return None
        if len(prefix) > 1 or (prefix and len(following) == 1) or (prefix and type_ != ANY and prefix[0] in WHITESPACE):
            next_types = {type_at(entry) for entry in rest}
            self._put_free(type_, path, prefix, final=next_types <= {ANY} or next_types <= {REST})
            return rest
        self._put_free(type_, path, beginnings=beginnings_of(following))
        return following

    def _put_free(
        self,
        type_: NamedType,
        path: _Path,
        prefix: bytes = b"",
        *,
        ends: bool = False,
        final: bool = False,
        beginnings: tuple[int, int, bool] | None = None,
    ) -> None:
        """
        The instruction for a free field.

        Args:
            prefix: the literal after it.
            ends: whether the line ends after that.
            final: whether what follows the literal takes all there is.
            beginnings: with what the items after it can begin, if that is no literal; see `beginnings_of`.
        """
        is_any = type_ == ANY
        flags = 0
        once = path.once
        if is_any and path.unbroken and path.pushes and path.monotone:
            # The free field before cannot do better at a later place: this one can take what lies between.
            flags |= _CUT
            once = path.once_there
        if once:
            path.ordered = True
        if not path.ordered:
            flags |= _UNORDERED
        pushes = False
        kind = "ANY" if is_any else "FREE"
        if ends:
            operation = "SUFFIX" if prefix else "END"
        elif beginnings is not None:
            operation = "SWEEP"
            flags |= _NULLABLE if beginnings[2] else 0
            pushes = True
        elif not is_any and prefix[0] in WHITESPACE:
            operation = "SPACE"
        else:
            operation = "LITERAL"
            flags |= _FINAL if final else 0
            pushes = not final
        # `any` that is followed by the end finds that without going anywhere.
        returns = not once and not (is_any and ends)
        flags |= _MEMOIZED if returns else 0
        if operation == "SPACE" and type_ == WORD and prefix[0] == 0x20 and not returns:
            self._put_field(kernel.TOKENS["word"])
            if prefix[1:]:
                self._literal(prefix[1:])
        else:
            word = _OPERATION[f"{kind}_{operation}"] | flags << 8
            if not is_any:
                word |= kernel.FREE_KINDS[type_.name] << 16
            elif operation == "LITERAL":
                word |= prefix[0] << 16 | prefix[-1] << 24
            self.code.append(word if word < 1 << 31 else word - (1 << 32))
            if returns:
                self.code.append(self._return())
            if beginnings is not None:
                self.code.append(self._sets(*beginnings[:2]))
            elif prefix:
                self.code.append(len(prefix))
                self._bytes(prefix)
        if pushes:
            path.frames += 1
            self._measure(path)
        path.once_there = once
        path.once = once and not pushes
        path.pushes = pushes
        path.unbroken = True
        path.monotone = True

    def _return(self) -> int:
        """
        A number for a memo.

        In a tail, which variants share, it is relative to a number of the variant's own (`return_bases`), and negative:
        -2 for the first. What is known of one variant must not be taken for another.
        """
        if self._returns_of_tail is not None:
            self._returns_of_tail += 1
            return -1 - self._returns_of_tail
        self.return_count += 1
        return self.return_count - 1

    def _sets(self, firsts: int, seconds: int) -> int:
        offset = self._set_offsets.get((firsts, seconds))
        if offset is None:
            offset = self._set_offsets[firsts, seconds] = len(self.sets)
            self.sets += bytes((firsts >> byte & 1) | (seconds >> byte & 1) << 1 for byte in range(256))
            self.sets += bytes(kernel.SETS_SIZE - 256)
        return offset

    def _measure(self, path: _Path) -> None:
        self.most_frames = max(self.most_frames, path.frames)


_TO_WHITESPACE = ByteSet(SOLID_BYTES).facts
"""What finds the end of free text in a list."""


def _flat_options(
    options: Iterable[NamedType | ByteSet | bytes],
) -> Iterator[NamedType | ByteSet | bytes]:
    """The items of a list, and in place of those that are lists themselves, theirs: the longest of all counts."""
    for option in options:
        if not isinstance(option, bytes) and option.facts.options:
            yield from _flat_options(option.facts.options)
        else:
            yield option
