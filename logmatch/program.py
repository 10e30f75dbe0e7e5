"""
Program: templates, numbered, spread into variants and put in their order of precedence; frozen and picklable.

A *variant* is a template with each of its optional parts either present or left out. The order of `Program.variants` is
the precedence of SPEC 3: **the first variant in this order that matches a line is the match.** It is computed here and
nowhere else; engines run the program and may use any trick that gives the same answer. How a field matches is not
decided here (`engine.reference`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from logmatch.template import ANY, Field, FieldType, Item, Kind, Literal, Optional, Pattern, Template, output_names

WHITESPACE = b" \t"
"""What the language calls whitespace; it is left off at the end of a line and of a variant before matching."""


@dataclass(frozen=True, slots=True)
class Variant:
    """
    One way in which a template can stand in a line.

    `items` begins with the header, holds no two neighbouring literals and does not end in literal whitespace. `slots`
    gives for each field of `items` its number (from 0) among all fields of the template.
    """

    template_number: int
    items: tuple[Literal | Field, ...]
    slots: tuple[int, ...]

    @property
    def literal_bytes(self) -> int:
        """The number of bytes of all literals."""
        return sum(len(item.text) for item in self.items if isinstance(item, Literal))

    def fields(self) -> list[Field]:
        """The fields, in the order of the line."""
        return [item for item in self.items if isinstance(item, Field)]


@dataclass(frozen=True, slots=True)
class CompiledTemplate:
    """What a record needs of a template: its id, and for each slot the name (None: not output) and the type."""

    id: str
    names: tuple[str | None, ...]
    types: tuple[FieldType, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """Templates in the order of the files, and their variants in the order of precedence."""

    templates: tuple[CompiledTemplate, ...]
    variants: tuple[Variant, ...]

    def template_of(self, variant_number: int) -> CompiledTemplate:
        """The template of the variant that stands at *variant_number* (from 0) in the order of precedence."""
        return self.templates[self.variants[variant_number].template_number]


def compile_program(templates: Sequence[Template]) -> Program:
    """Return the program for *templates*, whose order is their place in the file."""
    compiled = []
    ranked = []
    for number, template in enumerate(templates):
        items = template.items()
        fields = Pattern(items).fields()
        names = output_names(items)
        compiled.append(CompiledTemplate(template.id, tuple(names), tuple(field.type for field in fields)))
        for present in _choices(items):
            variant = _variant(number, items, present)
            ranked.append((precedence(template.priority, variant), variant))
    ranked.sort(key=lambda pair: pair[0])  # stable: equal ones keep their place in the file, fuller variants first
    return Program(tuple(compiled), tuple(variant for _, variant in ranked))


def precedence(priority: int, variant: Variant) -> tuple[int, int, int, int]:
    """The sort key of SPEC 3, less the place in the file: the smallest comes first."""
    fields = variant.fields()
    any_fields = sum(field.type == ANY for field in fields)
    free_fields = sum(field.type.kind is Kind.FREE for field in fields)
    return (-priority, -variant.literal_bytes, any_fields, free_fields)


def _choices(items: Iterable[Item]) -> Iterable[tuple[bool, ...]]:
    """For each variant, whether each optional part is present; all present first."""
    parts = sum(isinstance(item, Optional) for item in items)
    return itertools.product((True, False), repeat=parts)


def _variant(template_number: int, items: Iterable[Item], present: Iterable[bool]) -> Variant:
    choices = iter(present)
    flat: list[Literal | Field] = []
    slots: list[int] = []
    slot = 0
    for item in items:
        kept = not isinstance(item, Optional) or next(choices)
        for part in item.items if isinstance(item, Optional) else (item,):
            if isinstance(part, Field):
                if kept:
                    flat.append(part)
                    slots.append(slot)
                slot += 1
            elif kept and flat and isinstance(flat[-1], Literal):
                flat[-1] = Literal(flat[-1].text + part.text)
            elif kept:
                flat.append(part)
    if flat and isinstance(flat[-1], Literal):
        # A line is matched without its trailing whitespace, so a variant that asks for some could never match.
        text = flat[-1].text.rstrip(WHITESPACE)
        flat[-1:] = [Literal(text)] if text else []
    return Variant(template_number, tuple(flat), tuple(slots))


def common_prefix(literals: Sequence[bytes]) -> bytes:
    """The longest beginning that all of *literals*, one at least, have in common."""
    low, high = min(literals), max(literals)
    length = next(
        (index for index, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high))
    )
    return low[:length]
