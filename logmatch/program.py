"""
Program: templates, numbered, spread into variants and put in their order of precedence; frozen and picklable.

A *variant* is one way in which the optional parts of a template can be present or left out, and one of its
alternatives be chosen. The order of `Program.variants` is the precedence of templates: **the first variant in this
order that matches a line is the match.** It is computed here and nowhere else; engines run the program and may use any
trick that gives the same answer. How a field matches is not decided here (`engine.reference`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from logmatch.gc_pause import held_back
from logmatch.templates.field_type import NULL, FieldType, NamedType, TypeList, WordList
from logmatch.templates.field_type import WHITESPACE as WHITESPACE
from logmatch.templates.model import Alternatives, Field, Item, Literal, OptionalPart, Pattern, fields_of, output_names
from logmatch.templates.pattern_rules import is_path_or_nothing
from logmatch.templates.template import NO_TIME_SOURCE, Template, TimeSource
from logmatch.templates.types import ANY, REST, WORD


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
    times: tuple[tuple[int, TimeSource], ...] = ()
    """What each of its headers says of times, if one does; and the slot behind its fields."""

    def time_of(self, slots: Sequence[int]) -> TimeSource:
        """What the header says of times that a variant with *slots* has."""
        begin = 0
        for end, source in self.times:
            if len(self.times) == 1 or any(begin <= slot < end for slot in slots):
                return source
            begin = end
        return NO_TIME_SOURCE


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
    infos: dict[tuple[int, ...], _FieldInfo] = {}
    header: Pattern | None = None
    front: list[Literal | Field] = []  # of all variants with this header; nothing where it has optional parts
    front_size = 0
    front_is_flat = False
    for number, template in enumerate(templates):
        if template.header is not header:
            header = template.header
            front = []
            front_size = 0
            front_is_flat = header is not None and _is_flat(header.items)
            if header is not None and front_is_flat:
                front_size = _append(front, header.items)
        items = template.items()
        is_flat = (header is None or front_is_flat) and _is_flat(template.pattern.items)
        fields = [item for item in items if isinstance(item, Field)] if is_flat else list(fields_of(items))
        # Long lists repeat their fields, and the templates of one file share the objects (`syntax.PatternParser`). An
        # object's id stands for its value while the object lives; the value holds on to these.
        key = tuple(map(id, fields))
        info = infos.get(key)
        if info is None:
            info = infos[key] = _field_info(fields)
        times = _times_of(template) if template.times else ()
        compiled.append(CompiledTemplate(template.id, info.names, info.types, times))
        if is_flat:
            flat = front.copy()
            size = front_size + _append(flat, template.pattern.items)
            size -= _strip(flat)
            ranks.append((-template.priority, -size, info.any_fields, info.free_fields, len(variants)))
            variants.append(Variant(number, tuple(flat), info.slots))
            continue
        for kept, slots in _choices(items):
            flat = []
            size = _append(flat, kept)
            size -= _strip(flat)
            if len(slots) == len(fields):
                counts = info.any_fields, info.free_fields
            else:
                counts = _count_free([fields[slot] for slot in slots])
            ranks.append((-template.priority, -size, *counts, len(variants)))
            variants.append(Variant(number, tuple(flat), slots))
    # Where precedence decides nothing, the last number does: the place in the file, and the fuller variant first.
    ranks.sort()
    return Program(tuple(compiled), tuple([variants[rank[-1]] for rank in ranks]))


def _times_of(template: Template) -> tuple[tuple[int, TimeSource], ...]:
    """See `CompiledTemplate.times`."""
    items = () if template.header is None else template.header.items
    several = items[0].choices if len(template.times) > 1 and items and isinstance(items[0], Alternatives) else (items,)
    ends = itertools.accumulate(len(list(fields_of(choice))) for choice in several)
    return tuple(zip(ends, template.times, strict=True))


def _is_flat(items: Iterable[Item]) -> bool:
    """Whether *items* are one variant as they are."""
    for item in items:
        kind = type(item)
        if kind is not Literal and (not isinstance(item, Field) or type(item.type) is TypeList):
            return False
    return True


def precedence(priority: int, variant: Variant) -> tuple[int, int, int, int]:
    """The sort key of SPEC 3, less the place in the file: the smallest comes first."""
    return (-priority, -variant.literal_bytes, *_count_free(variant.fields()))


@dataclass(frozen=True, slots=True)
class _FieldInfo:
    """What follows from the fields of a template alone; the numbers are those of a variant that has all of them."""

    fields: tuple[Field, ...]
    names: tuple[str | None, ...]
    types: tuple[FieldType, ...]
    slots: tuple[int, ...]
    any_fields: int
    free_fields: int


def _field_info(fields: Sequence[Field]) -> _FieldInfo:
    return _FieldInfo(
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
    for kept in _ways(items, 0)[0]:
        slots = tuple(slot for slot, item in kept if isinstance(item, Field))
        yield [item for _, item in kept], slots


_Way = list[tuple[int, Literal | Field]]
"""The items of a variant, each field with its slot; the number beside a literal says nothing."""


def _ways(items: Iterable[Item], slot: int) -> tuple[list[_Way], int]:
    """The variants of *items*, whose first field has the number *slot*, and the number of the first field after."""
    ways: list[_Way] = [[]]
    for item in items:
        added: list[_Way]
        if isinstance(item, Literal):
            added = [[(0, item)]]
        elif isinstance(item, Field):
            added = [[(slot, Field(item.name, type_))] for type_ in matched_types(item.type)]
            slot += 1
        elif isinstance(item, OptionalPart):
            added, slot = _ways(item.items, slot)
            added.append([])
        else:
            added = []
            for choice in item.choices:
                own, slot = _ways(choice, slot)
                added += own
        ways = [[*way, *more] for way in ways for more in added]
    return ways, slot


def matched_types(type_: FieldType) -> tuple[FieldType, ...]:
    """
    The types that stand in variants for *type_*: mostly itself.

    Free text that may be null takes what it takes without that, a `-` too; only the value differs. Where it cannot be a
    `-`, there is a variant for that.
    """
    if isinstance(type_, TypeList) and type_.nullable and len(type_.items) == 1:
        only = type_.items[0]
        if only in (ANY, WORD, REST):
            assert isinstance(only, NamedType)
            return (only,)
        if is_path_or_nothing(type_):
            assert isinstance(only, NamedType)
            return (only, WordList((NULL,)))
    return (type_,)


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
