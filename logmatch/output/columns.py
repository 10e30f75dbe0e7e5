"""
Columns: what the text of a field becomes in its column: how, for each value of a variant, for all writers of tables.

Numbers keep their value, or go to the column `overflow` with all their digits: whole ones beyond 64 bits, others that
no double is near.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from logmatch.output.table import ColumnKind, Schema, pair_form
from logmatch.output.value_plan import MOST_MARK
from logmatch.program import Program
from logmatch.templates.field_type import Facts, FieldType, JsonKind, ListValue, TypeList, option_facts
from logmatch.templates.model import encode
from logmatch.templates.pair_grammar import CEF


class How(enum.IntEnum):
    """How the text of a field becomes a value; the numbers are those of `_columns`."""

    AS_TEXT = 0
    AS_DIGITS = 1
    """A number, as text."""
    AS_INTEGER = 2
    AS_DOUBLE = 3
    AS_PAIRS = 4
    """The separator of the pairs and their sign are the `extra` of the plan; both are empty for those of CEF."""
    MADE_TEXT = 5
    """The `extra` of the plan makes it: a text, or None for null."""
    MADE_INTEGER = 6
    """A number of JSON, or None."""
    MADE_DOUBLE = 7
    MADE_PAIRS = 8
    """A mapping, or None."""


_AS_NUMBER = {
    ColumnKind.INTEGER: How.AS_INTEGER,
    ColumnKind.DOUBLE: How.AS_DOUBLE,
    ColumnKind.TEXT: How.AS_DIGITS,
}
_MADE = {
    ColumnKind.TEXT: How.MADE_TEXT,
    ColumnKind.INTEGER: How.MADE_INTEGER,
    ColumnKind.DOUBLE: How.MADE_DOUBLE,
    ColumnKind.PAIRS: How.MADE_PAIRS,
}

Maker = Callable[[bytes], bytes | Mapping[bytes, bytes] | None]


class Plan(NamedTuple):
    """How one value of a variant is made."""

    field: int
    """The number of the field in the variant."""
    place: int
    """Of its column in the table."""
    how: How
    left: int
    right: int
    """Bytes that are left off the text."""
    nullable: bool
    """Whether `-` is null; of texts in quotes also what is left of them."""
    extra: Maker | tuple[bytes, bytes] | None
    name: bytes
    """The field's, for the overflow."""


def plans_of(program: Program, schema: Schema, variant_number: int) -> tuple[int, int, list[Plan]]:
    """The numbers of a variant's table and template, and how the values of its lines are made."""
    variant = program.variants[variant_number]
    template = program.template_of(variant_number)
    table_number = schema.table_of(variant.template_number)
    table = schema.tables[table_number]
    plans = []
    for index, slot in enumerate(variant.slots):
        name, type_ = template.names[slot], template.types[slot]
        if name is not None:
            place = table.places[name]
            kind = table.columns[place].kind
            plans.append(Plan(index, place, *_steps(type_, kind), encode(name)))
    return table_number, variant.template_number, plans


_Steps = tuple[How, int, int, bool, Maker | tuple[bytes, bytes] | None]
"""The third to the seventh of a `Plan`."""


def _steps(type_: FieldType, kind: ColumnKind) -> _Steps:
    """How a value of *kind* is made of the text of a field of *type_*."""
    facts, nullable = type_.facts, False
    if isinstance(facts.convert, ListValue) and facts.convert.nullable and len(facts.convert.items) == 1:
        facts, nullable = option_facts(facts.convert.items[0]), True
    if facts.convert is None:
        how = _AS_NUMBER[kind] if facts.json_kind is JsonKind.NUMBER else How.AS_TEXT
        return how, facts.trimmed_start, facts.trimmed_end, nullable, None
    form = pair_form(facts)
    if kind is ColumnKind.PAIRS and form == CEF:
        return How.AS_PAIRS, 0, 0, nullable, (b"", b"")
    if kind is ColumnKind.PAIRS and form is not None and form.mark is not None:
        if max(len(form.mark), len(form.assign)) <= MOST_MARK:
            return How.AS_PAIRS, 0, 0, nullable, (form.mark, form.assign)
    return _MADE[kind], 0, 0, False, partial(_pairs_of if kind is ColumnKind.PAIRS else _text_of, type_)


def _facts_for(type_: FieldType, text: bytes) -> Facts | None:
    """The facts that say what *text* of *type_* is worth: of a list those of one of its items; None: it is null."""
    if not isinstance(type_, TypeList):
        return type_.facts
    item = ListValue(type_).item_of(text)
    return None if item is None else option_facts(item)


def _text_of(type_: FieldType, text: bytes) -> bytes | None:
    """The value of *text* as text: a string's own, the digits of a number, the JSON of other values; None: null."""
    facts = _facts_for(type_, text)
    if facts is None:
        return None
    return facts.value_text(text) if facts.json_kind is JsonKind.STRING else facts.value_json(text)


def _pairs_of(type_: FieldType, text: bytes) -> dict[bytes, bytes] | None:
    """The keys and values of *text*; None: null."""
    facts = _facts_for(type_, text)
    if facts is None:
        return None
    form = pair_form(facts)
    assert form is not None, type_
    return form.pairs_of(text)


_LEAST, _MOST = -(2**63), 2**63 - 1
_DIGITS_OF_64_BITS = 19


def integer_of(number: bytes) -> int | None:
    """The *number* of JSON, rounded to a whole one (half a unit away from 0); None: it has more than 64 bits."""
    whole, _, fraction = number.partition(b".")
    digits = whole.lstrip(b"+-").lstrip(b"0")
    if len(digits) > _DIGITS_OF_64_BITS:
        return None
    size = int(digits or b"0") + (fraction[:1] >= b"5")
    value = -size if whole.startswith(b"-") else size
    return value if _LEAST <= value <= _MOST else None


def double_of(number: bytes) -> float | None:
    """The double that is nearest to *number*; None: it is larger than any, or would become 0."""
    value = float(number)
    if value in (float("inf"), float("-inf")):
        return None
    mantissa, _, _ = number.lower().partition(b"e")
    return None if value == 0 and mantissa.strip(b"+-.0") else value
