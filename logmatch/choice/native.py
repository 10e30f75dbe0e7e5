"""Native: chooses lines by the compiled `_chooser`; lays out for it what `plan` says."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable
from functools import lru_cache

from logmatch.choice import _chooser
from logmatch.choice.choice import Choice
from logmatch.choice.numbers import decimal
from logmatch.choice.plan import Test, Tested
from logmatch.choice.reference import conditions
from logmatch.choice.where import Null, Number, Relation, Text
from logmatch.engine.matches import Matches
from logmatch.line import Buffer
from logmatch.program import Program
from logmatch.templates.field_type import Facts, JsonKind, ListValue, option_facts
from logmatch.times.times import Times

_KEEP, _DROP = -1, -2
_TEXT, _NUMBER, _IS_NULL, _CALL = range(4)
_NEVER_NULL, _NULL_DASH, _NULL_INNER = range(3)
_TEST = struct.Struct("=8iq4i")

_BITS = {
    **{Relation.LESS: 1, Relation.EQUAL: 2, Relation.GREATER: 4},
    **{Relation.LESS_OR_EQUAL: 3, Relation.GREATER_OR_EQUAL: 6, Relation.NOT_EQUAL: 5},
}


class NativeChooser:
    """Tells which lines have records; see `Chooser`."""

    def __init__(self, program: Program, choice: Choice) -> None:
        layout = _Layout()
        entries = array("i", (layout.entry_of(condition) for condition in conditions(program, choice)))
        span = choice.span
        self._chooser = _chooser.Chooser(
            entries.tobytes(),
            b"".join(layout.tests),
            array("i", (len(variant.slots) for variant in program.variants)).tobytes(),
            bytes(layout.pool),
            layout.functions,
            unmatched=choice.keeps_all_unmatched,
            moments=None if span is None else span.moments,
            naive=None if span is None else span.naive,
        )

    def keep(self, matches: Matches, times: Times | None) -> tuple[Buffer | None, int]:
        """See `Chooser.keep`."""
        return self._chooser.keep(matches, times)


class _Layout:
    """Conditions as the compiled module has them: tests, each of which leads on to another or to an end."""

    def __init__(self) -> None:
        self.tests: list[bytes] = []
        self.pool = bytearray()
        self.functions: list[Callable[[bytes], bool]] = []
        self._known: dict[Tested, int] = {}

    def entry_of(self, condition: Tested) -> int:
        """The number of the first test of *condition*, or where it leads to without one."""
        if condition not in self._known:
            self._known[condition] = self._add(condition)
        return self._known[condition]

    def _add(self, condition: Tested) -> int:
        if isinstance(condition, bool):
            return _KEEP if condition else _DROP
        tests: list[tuple[Test, int, int]] = []
        first = _spread(condition, _KEEP, _DROP, tests)
        # They were put down from the last to the first, and stand the other way round.
        base, last = len(self.tests), len(tests) - 1

        def placed(number: int) -> int:
            return number if number < 0 else base + last - number

        for test, on_true, on_false in reversed(tests):
            self.tests.append(self._packed(test, placed(on_true), placed(on_false)))
        return placed(first)

    def _packed(self, test: Test, on_true: int, on_false: int) -> bytes:
        facts, constant = test.facts, test.constant
        how = _value_of(facts)
        if how is None:
            self.functions.append(lru_cache(4096)(test.holds))
            numbers = (test.place, _CALL, 0, 0, 0, 0, len(self.functions) - 1, 0)
            return _TEST.pack(*numbers, 0, 0, on_true, on_false, 0)
        kind, left, right, null = how
        exponent, sign, text = 0, 0, b""
        if isinstance(constant, Null):
            kind = _IS_NULL
        elif isinstance(constant, Number):
            sign, exponent, text = decimal(constant.text)
        else:
            assert isinstance(constant, Text)
            text = constant.text
        place = len(self.pool)
        self.pool += text
        numbers = (test.place, kind, left, right, null, _BITS[test.relation], place, len(text))
        return _TEST.pack(*numbers, exponent, sign, on_true, on_false, 0)


def _spread(condition: Tested, on_true: int, on_false: int, tests: list[tuple[Test, int, int]]) -> int:
    """Put the tests of *condition* down, the last one first; return the number of the first of them."""
    if isinstance(condition, Test):
        tests.append((condition, on_true, on_false))
        return len(tests) - 1
    assert not isinstance(condition, bool), "what always holds is no part of a condition"
    kind, parts = condition
    if kind == "not":
        return _spread(parts[0], on_false, on_true, tests)
    target = on_true if kind == "and" else on_false
    for part in reversed(parts):
        if kind == "and":
            target = _spread(part, target, on_false, tests)
        else:
            target = _spread(part, on_true, target, tests)
    return target


def _value_of(facts: Facts) -> tuple[int, int, int, int] | None:
    """How a value is compared, what is left off its text at both ends, which texts are null; None: ask `Test.holds`."""
    null = _NEVER_NULL
    if isinstance(facts.convert, ListValue) and facts.convert.nullable and len(facts.convert.items) == 1:
        only = option_facts(facts.convert.items[0])
        is_text = only.json_kind is JsonKind.STRING
        null = _NULL_INNER if is_text and only.trimmed_start else _NULL_DASH
        facts = only
    if facts.convert is not None:
        return None
    if facts.json_kind is JsonKind.STRING:
        return _TEXT, facts.trimmed_start, facts.trimmed_end, null
    if facts.json_kind is JsonKind.NUMBER:
        return _NUMBER, facts.trimmed_start, facts.trimmed_end, null
    return None
