"""
Value plan: how a compiled writer comes to the value of a field, from the facts of its type.

A plan names one of the kinds of `_values.pxi`. What none of them says is made by a function of Python, which is
the definition for all of them: that of the facts (`Facts.value_json`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from logmatch.templates import values
from logmatch.templates.field_type import ByteSet, Facts, JsonKind, ListValue, NamedType, option_facts, takes_whole
from logmatch.templates.pair_grammar import CEF, PairForm
from logmatch.templates.types import ANY, FLOAT, INT, PERCENT, WORD

Maker = Callable[[bytes], tuple[bytes, int]]
"""Makes of a field's text what stands for it in a record, and tells how many U+FFFD are new in that."""

MOST_MARK = 16
"""How many bytes a separator of pairs may have for the compiled writer."""


@dataclass(frozen=True, slots=True)
class ValuePlan:
    """The kind of a value; the rest is there for some kinds only."""

    kind: str
    left: int = 0
    right: int = 0
    """How many bytes of the text are left off at its beginning and at its end."""
    maker: Maker | None = None
    """Makes the value: always for "made", and for others where there are more digits than they count with."""
    separator: bytes = b""
    assign: bytes = b""
    """Of "pairs"; without an assignment sign they are those of CEF."""
    nullable: bool = False
    options: tuple[Option, ...] = ()
    """Of "list": whether a `-` is null, in quotes too, and the options: the first that takes the text counts."""


@dataclass(frozen=True, slots=True)
class Option:
    """What a text must be for an option of a list to take it (a test of `_values.pxi`), and how it is written then."""

    test: str
    plan: ValuePlan
    text: bytes = b""
    """Of the test "text": the only one; of "set": a 1 for each byte of the set, else a 0."""
    least: int = 0
    most: int = -1
    """Of "set": how many bytes; -1: no bound."""
    in_quotes: bool = False
    """Whether the value is a string that is written with its quotes, since other options are none."""


_BY_FUNCTION: dict[Callable[[bytes], bytes], str] = {
    values.duration: "duration",
    values.size: "size",
    values.number: "decimal",
    values.csv: "csv",
}
_COUNTED = {"duration", "size"}

_TESTS = {INT: "int", FLOAT: "float", PERCENT: "percent", WORD: "solid", ANY: "always"}


def plan_of(facts: Facts, maker: Maker, *, made_numbers: bool) -> ValuePlan:
    """
    The plan for values of a type.

    Args:
        facts: those of the type.
        maker: makes its values in Python.
        made_numbers: whether numbers within JSON are changed, which only the maker does.
    """
    made = ValuePlan("made", maker=maker)
    convert = facts.convert
    if convert is None:
        if facts.json_kind is JsonKind.VALUE:
            return made if made_numbers else ValuePlan("verbatim")
        kind = "number" if facts.json_kind is JsonKind.NUMBER else "text"
        return ValuePlan(kind, facts.trimmed_start, facts.trimmed_end)
    if isinstance(convert, ListValue):
        return _plan_of_list(convert, facts, maker, made_numbers=made_numbers) or made
    form = getattr(convert, "__self__", None)
    if form == CEF:
        return ValuePlan("pairs")
    if isinstance(form, PairForm) and form.mark is not None and max(len(form.mark), len(form.assign)) <= MOST_MARK:
        return ValuePlan("pairs", separator=form.mark, assign=form.assign)
    known = _BY_FUNCTION.get(convert)
    return made if known is None else ValuePlan(known, maker=maker if known in _COUNTED else None)


def _plan_of_list(value: ListValue, facts: Facts, maker: Maker, *, made_numbers: bool) -> ValuePlan | None:
    """The plan of a list; None where it has an option that only Python can tell from the next, or write."""
    is_value = facts.json_kind is JsonKind.VALUE
    words: list[Option] = []
    types: list[tuple[NamedType | ByteSet, Option]] = []
    for item in value.items:
        plan = plan_of(option_facts(item), maker, made_numbers=made_numbers)
        if plan.kind in ("made", "list"):
            return None
        in_quotes = is_value and option_facts(item).json_kind is JsonKind.STRING
        if not isinstance(item, bytes):
            types.append((item, Option("always", plan, in_quotes=in_quotes)))
        elif not any(takes_whole(type_, item) for type_, _ in types):
            # No type before it takes a word: it can be tried first, and one that is taken never counts.
            words.append(Option("text", plan, item, in_quotes=in_quotes))
    options: list[Option] = []
    for type_, option in reversed(types):
        if not options:
            options = [option]  # some option takes the text; where it is none before, it is the last
        elif option != options[0]:
            if (tested := _tested(type_, option)) is None:
                return None
            options.insert(0, tested)
    if not options:  # nothing but words
        return None
    return ValuePlan("list", maker=maker, nullable=value.nullable, options=(*words, *options))


def _tested(type_: NamedType | ByteSet, option: Option) -> Option | None:
    if isinstance(type_, ByteSet):
        flags = bytes(byte in type_.members for byte in range(256))
        most = -1 if type_.most is None else type_.most
        return replace(option, test="set", text=flags, least=type_.least, most=most)
    test = _TESTS.get(type_)
    return None if test is None else replace(option, test=test)
