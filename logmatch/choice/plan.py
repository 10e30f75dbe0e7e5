"""
Plan: a condition for each variant: its comparisons, with the fields that the variant has, or whether it always holds.

A field has the type that its template gives it. A comparison that makes no sense for it in any template is an error; a
comparison with a field that a variant lacks is false there, and so is any with a value that is null, but `== null`.
"""

from __future__ import annotations

from dataclasses import dataclass

from logmatch.choice.numbers import decimal, order
from logmatch.choice.where import (
    Comparison,
    Condition,
    Constant,
    Not,
    Null,
    Number,
    Or,
    Relation,
    Text,
    comparisons,
    fail,
)
from logmatch.program import Program
from logmatch.templates.field_type import Facts, FieldType, JsonKind, TypeList, option_facts
from logmatch.wording import did_you_mean, listed


@dataclass(frozen=True, slots=True)
class Test:
    """A comparison of the value of a field with a constant."""

    place: int
    """Of the field among those of the variant."""
    facts: Facts
    relation: Relation
    constant: Constant

    def holds(self, text: bytes) -> bool:
        """Whether it holds of a field with *text*."""
        value = value_of(self.facts, text)
        if isinstance(self.constant, Null):
            return (value is None) == (self.relation is Relation.EQUAL)
        if value is None or type(value) is not type(self.constant):
            return False
        if isinstance(value, Number):
            return self.relation.holds(order(decimal(value.text), decimal(self.constant.text)))
        return self.relation.holds((value.text > self.constant.text) - (value.text < self.constant.text))


Tested = Test | bool | tuple[str, tuple["Tested", ...]]
"""What is to be found out of a line: a comparison, nothing, or `and`, `or` or `not` of others."""


def value_of(facts: Facts, text: bytes) -> Number | Text | None:
    """The value of *text*; None for null, and for what is neither a number nor a text."""
    if facts.json_kind is JsonKind.STRING:
        return Text(facts.value_text(text))
    json = facts.value_json(text)
    if json[:1] == b'"':
        import orjson

        try:
            return Text(orjson.loads(json).encode())
        except orjson.JSONDecodeError:  # bytes that are not UTF-8
            return Text(orjson.loads(json.decode("utf-8", "replace")).encode())
    return Number(json) if json[:1] in b"-0123456789" else None


def kinds_of(type_: FieldType) -> frozenset[type[Constant]]:
    """With which constants the values of *type_* can be compared."""
    kinds: dict[JsonKind, frozenset[type[Constant]]] = {
        JsonKind.NUMBER: frozenset((Number,)),
        JsonKind.STRING: frozenset((Text,)),
    }
    if isinstance(type_, TypeList):
        found: frozenset[type[Constant]] = frozenset((Null,)) if type_.nullable else frozenset()
        return found.union(*(kinds.get(option_facts(item).json_kind, frozenset()) for item in type_.items))
    return kinds.get(type_.facts.json_kind, frozenset())


_CALLED = {Number: "a number", Text: "a text", Null: "null"}


def check(condition: Condition, text: str, program: Program) -> None:
    """
    See that every comparison in *condition*, which *text* says, makes sense in a template of *program*.

    Raises:
        UsageError: with the place of the first that does not.
    """
    types: dict[str, set[FieldType]] = {}
    for template in program.templates:
        for name, type_ in zip(template.names, template.types, strict=True):
            if name is not None:
                types.setdefault(name, set()).add(type_)
    for each in comparisons(condition):
        found = types.get(each.field)
        if found is None:
            names = sorted(types)
            hint = did_you_mean(each.field, names) + (
                f"the fields are {listed(names[:20])}" if names else "there are none"
            )
            if len(names) > 20:
                hint += f" and {len(names) - 20} more"
            if isinstance(each.constant, Text):
                hint += "; a text stands in quotes"
            fail(f"no template has a field {each.field!r}", text, each.span, hint)
        if not any(type(each.constant) in kinds_of(type_) for type_ in found):
            type_ = min(found, key=str)
            kinds = frozenset().union(*map(kinds_of, found))
            if not kinds:
                fail(
                    f"the field {each.field!r} is of the type {type_}, which cannot be compared",
                    text,
                    each.span,
                    "choose a field that is a number or a text",
                )
            if isinstance(each.constant, Null):
                fail(
                    f"the field {each.field!r} is of the type {type_}, which is never null",
                    text,
                    each.constant_span,
                    "only types with a ? are, such as <x:int?>",
                )
            wanted = _CALLED[Number] if Number in kinds else _CALLED[Text]
            example = "500" if Number in kinds else '"GET"'
            fail(
                f"the field {each.field!r} is of the type {type_}, and this is {_CALLED[type(each.constant)]}",
                text,
                each.constant_span,
                f"compare it with {wanted}: {each.field}{each.relation.value}{example}",
            )


def tested(condition: Condition, program: Program, number: int) -> Tested:
    """What *condition* comes to for the lines of the variant with this number."""
    variant, template = program.variants[number], program.template_of(number)
    places = {template.names[slot]: (place, template.types[slot]) for place, slot in enumerate(variant.slots)}

    def of(each: Condition) -> Tested:
        if isinstance(each, Comparison):
            place, type_ = places.get(each.field, (0, None))
            if type_ is None or type(each.constant) not in kinds_of(type_):
                # Of a value that can be no null, and is there, the second of these holds.
                return type_ is not None and isinstance(each.constant, Null) and each.relation is Relation.NOT_EQUAL
            return Test(place, type_.facts, each.relation, each.constant)
        if isinstance(each, Not):
            inner = of(each.condition)
            return not inner if isinstance(inner, bool) else ("not", (inner,))
        absorbing = isinstance(each, Or)
        parts = [of(part) for part in each.conditions]
        if absorbing in parts:
            return absorbing
        open_ = tuple(part for part in parts if not isinstance(part, bool))
        if not open_:
            return not absorbing
        return open_[0] if len(open_) == 1 else ("or" if absorbing else "and", open_)

    return of(condition)
