"""
Table: which columns the tables of a run have, and of which kind; computed of the program alone, before the first line.

A *wide* table has the lines of all templates, and a column for each name that a field has in any of them. Otherwise
each template has a table of its own, and unmatched lines have the last one. A field's kind follows from its type; a
name that has several kinds is text, which holds any of them.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from logmatch.output.record_options import RecordOptions
from logmatch.program import CompiledTemplate, Program
from logmatch.templates import values
from logmatch.templates.field_type import Facts, FieldType, JsonKind, TypeList, option_facts
from logmatch.templates.pair_grammar import PairForm


class ColumnKind(enum.IntEnum):
    """What a column holds; the numbers are those of `_columns`."""

    TEXT = 0
    INTEGER = 1
    """Whole numbers of 64 bits."""
    DOUBLE = 2
    PAIRS = 3
    """A map of texts to texts."""
    ID = 4
    """The id of a template, by its number, where the lines of several share a table."""
    TIME = 5
    """Nanoseconds since 1970 in UTC."""


class Own(enum.IntEnum):
    """The columns of a line itself, not of its fields; the numbers are those of `_columns`."""

    FILE = 0
    LINE = 1
    TEMPLATE_ID = 2
    RAW = 3
    ERROR = 4
    BYTES = 5
    OVERFLOW = 6
    OFFSET = 7
    LINES = 8
    MORE = 9
    TRUNCATED = 10
    INPUT = 11
    TS = 12


_KINDS = {
    Own.FILE: ColumnKind.TEXT,
    Own.LINE: ColumnKind.INTEGER,
    Own.TEMPLATE_ID: ColumnKind.ID,
    Own.RAW: ColumnKind.TEXT,
    Own.ERROR: ColumnKind.TEXT,
    Own.BYTES: ColumnKind.INTEGER,
    Own.OVERFLOW: ColumnKind.PAIRS,
    Own.OFFSET: ColumnKind.INTEGER,
    Own.LINES: ColumnKind.INTEGER,
    Own.MORE: ColumnKind.TEXT,
    Own.TRUNCATED: ColumnKind.TEXT,
    Own.INPUT: ColumnKind.TEXT,
    Own.TS: ColumnKind.TIME,
}

_FIRST = (Own.FILE, Own.LINE, Own.LINES, Own.TS, Own.TEMPLATE_ID)
_LAST = (Own.RAW, Own.MORE, Own.TRUNCATED, Own.INPUT, Own.ERROR, Own.BYTES, Own.OVERFLOW, Own.OFFSET)
"""The columns before the fields, and those after them, in their order."""


class Tables(enum.Enum):
    """How lines are laid out in tables."""

    WIDE = "wide"
    """One table for all."""
    TEMPLATE = "template"
    """One for each template, and one for unmatched lines."""


@dataclass(frozen=True, slots=True)
class TableOptions:
    """What a person can ask of tables."""

    tables: Tables = Tables.WIDE
    exact_numbers: bool = False
    """Whether numbers that may have a fraction are text, with the digits of the line."""
    all_text: bool = False
    """Whether every field is text, as formats without types have it."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    kind: ColumnKind
    field: str | None = None
    """The name of the fields that it holds; None: it is one of `Own`."""
    types: tuple[str, ...] = ()
    """The types of these fields, as patterns write them, where there are several of different kinds."""


@dataclass(frozen=True)
class Table:
    """The columns of a table, in their order."""

    name: str
    """The template's id; empty: that of no single one."""
    columns: tuple[Column, ...]
    own: tuple[int, ...]
    """For each of `Own` its place among the columns, -1 where there is none."""

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of the column of each field by the field's name."""
        return {column.field: place for place, column in enumerate(self.columns) if column.field is not None}

    @property
    def kinds(self) -> bytes:
        """The kinds of the columns."""
        return bytes(column.kind for column in self.columns)


@dataclass(frozen=True)
class Schema:
    """The tables of a run."""

    tables: tuple[Table, ...]
    ids: tuple[str, ...] = field(repr=False)
    """What the numbers of templates stand for."""
    is_wide: bool

    def table_of(self, template_number: int) -> int:
        """The number of the table of a template's lines."""
        return 0 if self.is_wide else template_number

    @property
    def unmatched(self) -> int:
        """The number of the table of unmatched lines."""
        return len(self.tables) - 1


def schema_of(program: Program, record: RecordOptions, options: TableOptions) -> Schema:
    """The tables of a run of *program*."""
    templates = program.templates
    ids = tuple(template.id for template in templates)
    if options.tables is Tables.WIDE:
        return Schema((_table("", templates, record, options, has_unmatched=True, is_wide=True),), ids, True)
    tables = [_table(each.id, [each], record, options, has_unmatched=False) for each in templates]
    tables.append(_table("", [], record, options, has_unmatched=True))
    return Schema(tuple(tables), ids, False)


def _table(
    name: str,
    templates: Iterable[CompiledTemplate],
    record: RecordOptions,
    options: TableOptions,
    *,
    has_unmatched: bool,
    is_wide: bool = False,
) -> Table:
    types: dict[str, dict[FieldType, None]] = {}
    seen: set[tuple[int, int]] = set()  # long lists of templates share their tuples
    for template in templates:
        key = (id(template.names), id(template.types))
        if key in seen:
            continue
        seen.add(key)
        for field_name, type_ in zip(template.names, template.types, strict=True):
            if field_name is not None:
                types.setdefault(field_name, {})[type_] = None
    fields = {each: _kind_of_types(list(found), options) for each, found in types.items()}
    has_numbers = any(kind in (ColumnKind.INTEGER, ColumnKind.DOUBLE) for kind in fields.values())
    wanted = {
        Own.FILE: record.with_file,
        Own.LINE: True,
        Own.TEMPLATE_ID: True,
        Own.RAW: record.raw or has_unmatched,
        Own.ERROR: has_unmatched,
        Own.BYTES: has_unmatched,
        Own.OVERFLOW: has_numbers,
        Own.OFFSET: record.offsets,
        Own.TS: record.time_form is not None,
        **dict.fromkeys((Own.LINES, Own.MORE, Own.TRUNCATED, Own.INPUT), record.entries),
    }
    own_names = {each.name.lower() for each in Own}
    kinds = {**_KINDS, Own.TEMPLATE_ID: ColumnKind.ID if is_wide else ColumnKind.TEXT}
    columns = [Column(each.name.lower(), kinds[each]) for each in _FIRST if wanted[each]]
    taken = own_names | fields.keys()
    for field_name, kind in fields.items():
        column_name = field_name
        if field_name in own_names:
            column_name = f"values.{field_name}"
            while column_name in taken:
                column_name = f"values.{column_name}"
            taken.add(column_name)
        found = list(types[field_name])
        is_mixed = len({_kind_of(type_, options) for type_ in found}) > 1
        columns.append(Column(column_name, kind, field_name, tuple(map(str, found)) if is_mixed else ()))
    columns += [Column(each.name.lower(), _KINDS[each]) for each in _LAST if wanted[each]]
    places = {column.name: place for place, column in enumerate(columns) if column.field is None}
    return Table(name, tuple(columns), tuple(places.get(each.name.lower(), -1) for each in Own))


def _kind_of_types(types: Sequence[FieldType], options: TableOptions) -> ColumnKind:
    kinds = {_kind_of(type_, options) for type_ in types}
    return kinds.pop() if len(kinds) == 1 else ColumnKind.TEXT


def _kind_of(type_: FieldType, options: TableOptions) -> ColumnKind:
    """What a column of fields of *type_* alone holds."""
    if options.all_text:
        return ColumnKind.TEXT
    if isinstance(type_, TypeList):
        kinds = {_kind_of_facts(option_facts(item), options) for item in type_.items}
        return kinds.pop() if len(kinds) == 1 else ColumnKind.TEXT
    return _kind_of_facts(type_.facts, options)


def _kind_of_facts(facts: Facts, options: TableOptions) -> ColumnKind:
    if facts.json_kind is JsonKind.NUMBER:
        if facts.is_integer:
            return ColumnKind.INTEGER
        if options.exact_numbers:
            return ColumnKind.TEXT
        return ColumnKind.INTEGER if facts.convert is values.size else ColumnKind.DOUBLE
    return ColumnKind.PAIRS if pair_form(facts) is not None else ColumnKind.TEXT


def pair_form(facts: Facts) -> PairForm | None:
    """How the pairs of a type are written that is one of pairs."""
    form = getattr(facts.convert, "__self__", None)
    return form if isinstance(form, PairForm) else None
