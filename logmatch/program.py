"""
Program: templates, numbered, spread into variants and put in their order of precedence; frozen and picklable.

A *variant* is a template with each of its optional parts either present or left out. The order of `Program.variants` is
the precedence of SPEC 3: **the first variant in this order that matches a line is the match.** It is computed here and
nowhere else; engines run the program and may use any trick that gives the same answer. How a field matches is not
decided here (`engine.reference`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from logmatch.gc_pause import held_back
from logmatch.templates.field_type import WHITESPACE as WHITESPACE
from logmatch.templates.model import ANY, Field, FieldType, Item, Literal, OptionalPart, Pattern, output_names
from logmatch.templates.template import Template


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
    with held_back():
        return _compile(templates)


def _compile(templates: Sequence[Template]) -> Program:
    compiled: list[CompiledTemplate] = []
    variants: list[Variant] = []
    ranks: list[tuple[int, int, int, int, int]] = []
    layouts: dict[tuple[int, ...], _Layout] = {}
    header: Pattern | None = None
    front: list[Literal | Field] = []  # of all variants with this header; nothing where it has optional parts
    front_size = 0
    for number, template in enumerate(templates):
        if template.header is not header:
            header = template.header
            front = []
            front_size = 0
            if header is not None and OptionalPart not in map(type, header.items):
                front_size = _append(front, header.items)
        items = template.items()
        has_options = OptionalPart in map(type, items)
        fields = list(Pattern(items).fields()) if has_options else [item for item in items if isinstance(item, Field)]
        # Long lists repeat their fields, and the templates of one file share the objects (`syntax.PatternParser`). An
        # object's id stands for its value while the object lives; the layout holds on to these.
        key = tuple(map(id, fields))
        layout = layouts.get(key)
        if layout is None:
            layout = layouts[key] = _layout(fields)
        compiled.append(CompiledTemplate(template.id, layout.names, layout.types))
        if not has_options:
            flat = front.copy()
            size = front_size + _append(flat, template.pattern.items)
            size -= _strip(flat)
            ranks.append((-template.priority, -size, layout.any_fields, layout.free_fields, len(variants)))
            variants.append(Variant(number, tuple(flat), layout.slots))
            continue
        for kept, slots in _choices(items):
            flat = []
            size = _append(flat, kept)
            size -= _strip(flat)
            if len(slots) == len(fields):
                counts = layout.any_fields, layout.free_fields
            else:
                counts = _count_free([fields[slot] for slot in slots])
            ranks.append((-template.priority, -size, *counts, len(variants)))
            variants.append(Variant(number, tuple(flat), slots))
    # Where precedence decides nothing, the last number does: the place in the file, and the fuller variant first.
    ranks.sort()
    return Program(tuple(compiled), tuple([variants[rank[-1]] for rank in ranks]))


def precedence(priority: int, variant: Variant) -> tuple[int, int, int, int]:
    """The sort key of SPEC 3, less the place in the file: the smallest comes first."""
    return (-priority, -variant.literal_bytes, *_count_free(variant.fields()))


@dataclass(frozen=True, slots=True)
class _Layout:
    """What follows from the fields of a template alone; the numbers are those of a variant that has all of them."""

    fields: tuple[Field, ...]
    names: tuple[str | None, ...]
    types: tuple[FieldType, ...]
    slots: tuple[int, ...]
    any_fields: int
    free_fields: int


def _layout(fields: Sequence[Field]) -> _Layout:
    return _Layout(
        tuple(fields),
        tuple(output_names(fields)),
        tuple(field.type for field in fields),
        tuple(range(len(fields))),
        *_count_free(fields),
    )


def _count_free(fields: Iterable[Field]) -> tuple[int, int]:
    """How many of *fields* are `any`, and how many are free."""
    types = [field.type for field in fields]
    return types.count(ANY), sum(type_.facts.is_free for type_ in types)


def _choices(items: Sequence[Item]) -> Iterator[tuple[list[Literal | Field], tuple[int, ...]]]:
    """For each variant of a template its items and the slots of its fields; the one with all its parts is first."""
    optional_parts = sum(isinstance(item, OptionalPart) for item in items)
    for present in itertools.product((True, False), repeat=optional_parts):
        choices = iter(present)
        kept: list[Literal | Field] = []
        slots: list[int] = []
        slot = 0
        for item in items:
            is_kept = not isinstance(item, OptionalPart) or next(choices)
            for part in item.items if isinstance(item, OptionalPart) else (item,):
                if is_kept:
                    kept.append(part)
                if isinstance(part, Field):
                    if is_kept:
                        slots.append(slot)
                    slot += 1
        yield kept, tuple(slots)


def _append(flat: list[Literal | Field], items: Iterable[Item]) -> int:
    """Append *items*, none of them optional, to *flat*, joining neighbouring literals; give the bytes of literals."""
    size = 0
    text = flat[-1].text if flat and isinstance(flat[-1], Literal) else None
    for item in items:
        if isinstance(item, Literal):
            size += len(item.text)
            if text is None:
                text = item.text
                flat.append(item)
            else:
                text += item.text
                flat[-1] = Literal(text)
        else:
            assert isinstance(item, Field), "an optional part is present or it is not"
            text = None
            flat.append(item)
    return size


def _strip(flat: list[Literal | Field]) -> int:
    """Take the literal whitespace off the end of *flat*, and give the number of its bytes."""
    # The end of a pattern takes any whitespace that is left in the line, so that what it has there itself says nothing.
    if not flat or not isinstance(flat[-1], Literal):
        return 0
    text = flat[-1].text
    stripped = text.rstrip(WHITESPACE)
    if len(stripped) != len(text):
        flat[-1:] = [Literal(stripped)] if stripped else []
    return len(text) - len(stripped)


def common_prefix(literals: Sequence[bytes]) -> bytes:
    """The longest beginning that all of *literals*, one at least, have in common."""
    low, high = min(literals), max(literals)
    length = next(
        (index for index, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high))
    )
    return low[:length]
