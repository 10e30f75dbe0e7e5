"""Source: a file of records that is to be read, and which columns its records have."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from logmatch.errors import UsageError
from logmatch.output.record_options import RecordOptions
from logmatch.output.table import Column, ColumnKind, Schema, TableOptions, schema_of
from logmatch.program import Program
from logmatch.templates.field_type import FieldType, JsonKind, ListValue, option_facts


class ValueKind(enum.Enum):
    """What the values of a field are in JSON."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    OBJECT = "object"
    """Of strings."""
    ANY = "any"
    """Any JSON value."""


_KINDS = {
    ColumnKind.TEXT: ValueKind.STRING,
    ColumnKind.INTEGER: ValueKind.INTEGER,
    ColumnKind.DOUBLE: ValueKind.NUMBER,
    ColumnKind.PAIRS: ValueKind.OBJECT,
}


@dataclass(frozen=True, slots=True)
class Value:
    """A field in the records: its name there, that of its column, and what it holds."""

    name: str
    column: str
    kind: ValueKind
    types: tuple[str, ...]
    """Its types where they are of several kinds."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file of records: its path, the name of its format, and the program of its templates."""

    path: str
    format: str
    program: Program
    options: TableOptions = field(default=TableOptions())

    @property
    def schema(self) -> Schema:
        """The tables that such a file belongs to."""
        return schema_of(self.program, RecordOptions(with_file=True), self.options)

    @property
    def columns(self) -> Sequence[Column]:
        """The columns of the table."""
        return self.schema.tables[0].columns

    @property
    def values(self) -> list[Value]:
        """The fields, in the order of the columns."""
        return list(self._values())

    def _values(self) -> Iterator[Value]:
        types: dict[str, list[FieldType]] = {}
        for template in self.program.templates:
            for name, type_ in zip(template.names, template.types, strict=True):
                if name is not None:
                    types.setdefault(name, []).append(type_)
        for column in self.columns:
            if column.field is not None:
                is_any = not column.types and any(map(_is_json, types[column.field]))
                kind = ValueKind.ANY if is_any else _KINDS[column.kind]
                yield Value(column.field, column.name, kind, column.types)

    def refuse(self, program: str, hint: str) -> UsageError:
        """The error of *program*, which does not read such a file as it is."""
        return UsageError(f"{program} does not read {self.format} files without loss", hint=hint)


def _is_json(type_: FieldType) -> bool:
    """Whether values of *type_* may be of several kinds in JSON."""
    facts = type_.facts
    if isinstance(facts.convert, ListValue):
        items = facts.convert.items
        facts = option_facts(items[0]) if len(items) == 1 else facts
    return facts.json_kind is JsonKind.VALUE and facts.convert is None


def quoted(name: str, mark: str) -> str:
    """*name* between two of *mark*, which is doubled within."""
    return mark + name.replace(mark, mark * 2) + mark


def remarks(values: Sequence[Value], comment: str) -> str:
    """Lines that say which columns are text because their fields are of several kinds."""
    lines = [f"{comment} {each.column} is text: it is {' or '.join(each.types)}\n" for each in values if each.types]
    return "".join(lines)
