"""
Grammar: the text of a token as a parsing expression, from which every engine derives its scanner.

A *grammar* says what a token takes where it begins. It is deterministic: a `Run` takes as many bytes as it may, a
`Choice` the first of its options that fits, and nothing is given back. So its text is what the equivalent regular
expression with possessive and atomic parts takes (`expression`), and what a small interpreter takes in one pass (the
kernel's). https://bford.info/pub/lang/peg.pdf has the theory.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

ANY_BYTE = bytes(range(256))


@dataclass(frozen=True, slots=True)
class Text:
    """These bytes."""

    text: bytes


@dataclass(frozen=True, slots=True)
class Run:
    """As many bytes of a set as there are, at least `least`; no more than `most` (None: no bound). `members` ascend."""

    members: bytes
    least: int = 1
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Sequence:
    """One part after the other."""

    parts: tuple[Grammar, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The first option that fits here."""

    options: tuple[Grammar, ...]


@dataclass(frozen=True, slots=True)
class Maybe:
    """The part, if it fits here."""

    part: Grammar


@dataclass(frozen=True, slots=True)
class Repeat:
    """The part as often as it fits, none at all too; it is never empty."""

    part: Grammar


@dataclass(frozen=True, slots=True)
class Not:
    """Nothing, where the part does not fit."""

    part: Grammar


Grammar = Text | Run | Sequence | Choice | Maybe | Repeat | Not


def run(members: Iterable[int], least: int = 1, most: int | None = None) -> Run:
    """A run of bytes of *members*, in any order."""
    return Run(bytes(sorted(set(members))), least, most)


def but(*excluded: bytes) -> bytes:
    """All bytes but these."""
    return bytes(sorted(set(ANY_BYTE) - set(b"".join(excluded))))


def sequence(*parts: Grammar | bytes) -> Sequence:
    """*parts* one after the other; bytes stand for themselves."""
    return Sequence(tuple(Text(part) if isinstance(part, bytes) else part for part in parts))


def choice(*options: Grammar | bytes) -> Choice:
    """The first of *options* that fits."""
    return Choice(tuple(Text(option) if isinstance(option, bytes) else option for option in options))


def maybe(*parts: Grammar | bytes) -> Maybe:
    """*parts* one after the other, or nothing."""
    return Maybe(sequence(*parts))


ONE_BYTE = Run(ANY_BYTE, 1, 1)
END = Not(ONE_BYTE)
"""The end of the line."""


def expression(grammar: Grammar) -> bytes:
    """The regular expression (`re`, DOTALL) that takes the same text."""
    return _expression(grammar, {})


def _expression(grammar: Grammar, known: dict[int, bytes]) -> bytes:
    # *known*: by identity, what has been found of parts, which often stand in many places.
    found = known.get(id(grammar))
    if found is None:
        found = known[id(grammar)] = _new_expression(grammar, known)
    return found


def _new_expression(grammar: Grammar, known: dict[int, bytes]) -> bytes:
    match grammar:
        case Text(text):
            return re.escape(text)
        case Run(members, least, most):
            counts = {(1, 1): b"", (1, None): b"++", (0, None): b"*+", (0, 1): b"?+"}
            if (least, most) not in counts:
                upper = b"" if most is None else b"%d" % most
                counts[least, most] = b"{%d}" % least if least == most else b"{%d,%b}+" % (least, upper)
            return byte_set(members) + counts[least, most]
        case Sequence(parts):
            return b"".join([_expression(part, known) for part in parts])
        case Choice(options):
            return b"(?>" + b"|".join([_expression(option, known) for option in options]) + b")"
        case Maybe(part):
            return b"(?>" + _expression(part, known) + b")?+"
        case Repeat(part):
            return b"(?>" + _expression(part, known) + b")*+"
        case Not(part):
            return b"(?!" + _expression(part, known) + b")"


@lru_cache(4096)
def byte_set(members: bytes) -> bytes:
    """A set of bytes (ascending) as a regular expression writes it."""
    if len(members) == 256:
        return b"."
    if len(members) == 1:
        return re.escape(members)
    is_negated = len(members) > 128
    listed = [byte for byte in range(256) if byte not in members] if is_negated else list(members)
    pieces: list[bytes] = []
    index = 0
    while index < len(listed):
        last = index
        while last + 1 < len(listed) and listed[last + 1] == listed[last] + 1:
            last += 1
        if last - index >= 2:
            pieces.append(b"\\x%02x-\\x%02x" % (listed[index], listed[last]))
        else:
            pieces += [b"\\x%02x" % byte for byte in listed[index : last + 1]]
        index = last + 1
    return b"[" + (b"^" if is_negated else b"") + b"".join(pieces) + b"]"


def can_be_empty(grammar: Grammar) -> bool:
    """Whether it may fit without taking a byte."""
    match grammar:
        case Text(text):
            return not text
        case Run(_, least, _):
            return least == 0
        case Sequence(parts):
            return all(map(can_be_empty, parts))
        case Choice(options):
            return any(map(can_be_empty, options))
    return True


def first_bytes(grammar: Grammar) -> bytes | None:
    """With which bytes the text can begin; None where it can be empty."""
    return None if can_be_empty(grammar) else bytes(sorted(_firsts(grammar)))


def _firsts(grammar: Grammar) -> set[int]:
    match grammar:
        case Text(text):
            return set(text[:1])
        case Run(members, _, most):
            return set() if most == 0 else set(members)
        case Sequence(parts):
            found: set[int] = set()
            for part in parts:
                found |= _firsts(part)
                if not can_be_empty(part):
                    break
            return found
        case Choice(options):
            return set().union(*map(_firsts, options))
        case Maybe(part) | Repeat(part):
            return _firsts(part)
        case Not(_):
            return set()


def alphabet(grammar: Grammar) -> bytes:
    """Which bytes the text can hold."""
    found: set[int] = set()
    seen: set[int] = set()
    parts = [grammar]
    while parts:
        part = parts.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        match part:
            case Text(text):
                found.update(text)
            case Run(members, _, _):
                found.update(members)
            case Sequence(inner) | Choice(inner):
                parts += inner
            case Maybe(one) | Repeat(one):
                parts.append(one)
    return bytes(sorted(found))


def is_bounded(grammar: Grammar) -> bool:
    """Whether the length of the text, and of what is looked at beyond it, has a bound."""
    match grammar:
        case Text(_):
            return True
        case Run(_, _, most):
            return most is not None
        case Sequence(parts) | Choice(parts):
            return all(map(is_bounded, parts))
        case Maybe(part) | Not(part):
            return is_bounded(part)
        case Repeat(_):
            return False


@lru_cache(4096)
def _run_expression(members: bytes) -> re.Pattern[bytes]:
    return re.compile(byte_set(members) + b"*+", re.DOTALL)


class Scan:
    """
    Finds the end of a grammar's text in one line, from any number of places, in time that is linear in the line.

    What has no bound on its length is remembered: for a run where it ends, for a repeat where it ends from each place
    at which an iteration began ("packrat parsing").
    """

    def __init__(self, line: bytes) -> None:
        self._line = line
        self._runs: dict[bytes, tuple[list[int], list[int]]] = {}  # of each set: where known runs begin, and end
        self._repeats: dict[int, dict[int, int]] = {}

    def end(self, grammar: Grammar, start: int) -> int:
        """Where the text that begins at *start* ends, or -1."""
        match grammar:
            case Text(text):
                return start + len(text) if self._line.startswith(text, start) else -1
            case Run(members, least, most):
                end = self._end_of_run(members, start, most)
                return end if end - start >= least else -1
            case Sequence(parts):
                for part in parts:
                    start = self.end(part, start)
                    if start < 0:
                        break
                return start
            case Choice(options):
                return next((end for option in options if (end := self.end(option, start)) >= 0), -1)
            case Maybe(part):
                end = self.end(part, start)
                return end if end >= 0 else start
            case Repeat(part):
                return self._end_of_repeat(grammar, part, start)
            case Not(part):
                return start if self.end(part, start) < 0 else -1

    def _end_of_run(self, members: bytes, start: int, most: int | None) -> int:
        if most is not None and most <= 64:
            end = start
            last = min(len(self._line), start + most)
            while end < last and self._line[end] in members:
                end += 1
            return end
        starts, ends = self._runs.setdefault(members, ([], []))
        index = bisect_right(starts, start) - 1
        if index >= 0 and start <= ends[index]:
            end = ends[index]
        else:
            # Up to the next run that is known, if it comes so far.
            following = starts[index + 1] if index + 1 < len(starts) else len(self._line)
            match = _run_expression(members).match(self._line, start, following)
            end = match.end() if match else start
            if end == following and index + 1 < len(starts):
                end = ends[index + 1]
                starts[index + 1] = start
            else:
                starts.insert(index + 1, start)
                ends.insert(index + 1, end)
        return end if most is None else min(end, start + most)

    def _end_of_repeat(self, repeat: Repeat, part: Grammar, start: int) -> int:
        known = self._repeats.setdefault(id(repeat), {})
        places: list[int] = []
        while start not in known:
            places.append(start)
            end = self.end(part, start)
            if end <= start:
                known[start] = start
                break
            start = end
        for place in places:
            known[place] = known[start]
        return known[start]
