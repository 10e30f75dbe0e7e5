"""
Grammar code: a grammar -> instructions for the kernel's interpreter (`_grammar.pxi` lists them).

The form is that of LPeg: a stack of places to go back to, and no recursion. Ierusalimschy, "A text pattern-matching
tool based on Parsing Expression Grammars" (2009). What an option can begin with is known here, so that most choices are
made by the next byte alone.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass

from logmatch.engine.native import _kernel as kernel
from logmatch.templates import time_grammar
from logmatch.templates.grammar import (
    Choice,
    Grammar,
    Maybe,
    Not,
    Repeat,
    Run,
    Sequence,
    Text,
    first_bytes,
    is_bounded,
    run,
)
from logmatch.templates.pair_grammar import PairSequence

_OPERATION: dict[str, int] = kernel.GRAMMAR_OPERATIONS

_FIRST_KIND: int = kernel.FIRST_GRAMMAR_KIND

_MOST_MARK, _MARKS_SIZE = kernel.GRAMMAR_MARKS

MAX_DEPTH: int = kernel.GRAMMAR_DEPTH
"""How many places to go back to the interpreter has room for."""

# By identity: to hash or compare a grammar is to walk through all of it.
_TWO_DIGITS = {
    id(time_grammar.HOUR): (0, 23),
    id(time_grammar.MINUTE): (0, 59),
    id(time_grammar.SECOND): (0, 60),
    id(time_grammar.MONTH): (1, 12),
    id(time_grammar.DAY): (1, 31),
}
_NAMES = {id(time_grammar.MONTH_NAME): 0, id(time_grammar.DAY_NAME): 1}


_SHORT_RUN = 64
"""A run of at most so many bytes is read again wherever it is met."""


@dataclass(frozen=True, slots=True)
class Program:
    """Where the code of a grammar is, and the kind of its scans (`_known.pxi`), -1 where all read but a few bytes."""

    at: int
    kind: int


class GrammarCode:
    """
    Makes code of grammars, each once.

    Args:
        sets: gives the offset of a set of bytes, as an integer of 256 bits: of those at which a run of others ends.
    """

    def __init__(self, sets: Callable[[int], int]) -> None:
        self.words = array("i")
        self._sets = sets
        self._programs: dict[int, tuple[Grammar, Program]] = {}
        """By the identity of the grammar, which is kept."""
        self._kinds: dict[Grammar, int] = {}

    @property
    def kind_count(self) -> int:
        """One more than the greatest number of a kind."""
        return _FIRST_KIND + len(self._programs) + len(self._kinds)

    def program(self, grammar: Grammar) -> Program:
        """
        The code of *grammar*.

        Raises:
            ValueError: it is too deep for the interpreter.
        """
        _, program = self._programs.get(id(grammar), (grammar, None))
        if program is None:
            if _depth(grammar) > MAX_DEPTH:
                raise ValueError("a grammar is too deep")
            at = len(self.words)
            self._put(grammar)
            self._add("DONE")
            program = Program(at, -1 if is_bounded(grammar) else self.kind_count)
            self._programs[id(grammar)] = grammar, program
        return program

    def _add(self, operation: str, *numbers: int) -> int:
        """Add an instruction; return where its first number is."""
        self.words.append(_OPERATION[operation])
        self.words.extend(numbers)
        return len(self.words) - len(numbers)

    def _add_set(self, operation: str, members: bytes, *numbers: int) -> int:
        """The same for one that begins with a set of bytes; return where the first number after it is."""
        bits = [0] * 8
        for byte in members:
            bits[byte >> 5] |= 1 << (byte & 31)
        self.words.append(_OPERATION[operation])
        self.words.extend(word - (1 << 32) if word >> 31 else word for word in bits)
        self.words.extend(numbers)
        return len(self.words) - len(numbers)

    def _kind(self, part: Run | Repeat) -> int:
        """The kind of the scans of *part*, whichever grammars it is in."""
        key = run(part.members, 0) if isinstance(part, Run) else part
        if key not in self._kinds:
            self._kinds[key] = self.kind_count
        return self._kinds[key]

    def _put(self, grammar: Grammar) -> None:
        if id(grammar) in _TWO_DIGITS:
            self._add("TWO", *_TWO_DIGITS[id(grammar)])
            return
        if id(grammar) in _NAMES:
            self._add("NAME", _NAMES[id(grammar)])
            return
        match grammar:
            case Text(text):
                self._text(text)
            case Run():
                self._run(grammar)
            case PairSequence() if max(len(grammar.separator), len(grammar.assign)) <= _MOST_MARK:
                at = self._pairs(grammar.separator, grammar.assign)
                for part in grammar.parts:
                    self._put(part)
                self.words[at] = len(self.words)
            case Sequence(parts):
                for part in parts:
                    self._put(part)
            case Choice(options):
                self._choice(options)
            case Maybe(part):
                at = self._try(part)
                self._put(part)
                commit = self._add("COMMIT", -1)
                self.words[commit] = self.words[at] = len(self.words)
            case Repeat(part):
                begin = len(self.words)
                firsts = first_bytes(part)
                at = self._add_set("LOOP", bytes(range(256)) if firsts is None else firsts, -1, self._kind(grammar))
                self._put(part)
                self._add("BACK", begin)
                self.words[at] = len(self.words)
            case Not(part):
                at = self._add("TRY", -1)
                self._put(part)
                self._add("FAIL_TWICE")
                self.words[at] = len(self.words)

    def _text(self, text: bytes) -> None:
        if len(text) == 1:
            self._add("BYTE", text[0])
        elif text:
            self._add("TEXT", len(text))
            self.words.frombytes(text + bytes(-len(text) % 4))

    def _pairs(self, separator: bytes, assign: bytes) -> int:
        """The place of the number where to go on after pairs."""
        at = self._add("PAIRS", -1)
        marks = separator.ljust(_MOST_MARK, b"\0") + assign.ljust(_MOST_MARK, b"\0")
        self.words.frombytes(marks)
        self.words.extend((len(separator), len(assign)))
        assert _MARKS_SIZE == len(marks) + 2 * self.words.itemsize
        return at

    def _run(self, run_: Run) -> None:
        members, least, most = run_.members, run_.least, run_.most
        if (least, most) == (1, 1):
            self._add_set("SET", members)
        elif members == time_grammar.DIGITS and least == most:
            self._add("DIGITS", least)
        else:
            ends = (1 << 256) - 1
            for byte in members:
                ends &= ~(1 << byte)
            kind = -1 if most is not None and most <= _SHORT_RUN else self._kind(run_)
            self._add("RUN", self._sets(ends), least, -1 if most is None else most, kind)

    def _try(self, part: Grammar) -> int:
        """Where to go on if *part*, which follows, does not fit: the place of that number."""
        firsts = first_bytes(part)
        return self._add("TRY", -1) if firsts is None else self._add_set("TRY_IF", firsts, -1)

    def _choice(self, options: tuple[Grammar, ...]) -> None:
        ends: list[int] = []
        for index, option in enumerate(options):
            others = options[index + 1 :]
            if not others:
                self._put(option)
                break
            firsts = first_bytes(option)
            other_firsts = [first_bytes(other) for other in others]
            is_alone = firsts is not None and all(
                other is not None and not set(other) & set(firsts) for other in other_firsts
            )
            if is_alone:
                # If it does not fit where it can begin, no other does.
                assert firsts is not None
                at = self._add_set("IF", firsts, -1)
                self._put(option)
                ends.append(self._add("JUMP", -1))
            else:
                at = self._try(option)
                self._put(option)
                ends.append(self._add("COMMIT", -1))
            self.words[at] = len(self.words)
        for at in ends:
            self.words[at] = len(self.words)


def _depth(grammar: Grammar) -> int:
    """How many places to go back to may be open at once."""
    match grammar:
        case Text(_) | Run(_, _, _):
            return 0
        case Sequence(parts):
            return max(map(_depth, parts), default=0)
        case Choice(options):
            return 1 + max(map(_depth, options), default=0)
        case Maybe(part) | Repeat(part) | Not(part):
            return 1 + _depth(part)
