"""ClickHouse: a table in SQL, and what fills it; for `clickhouse local` and the client."""

from __future__ import annotations

from logmatch.output.table import Column, ColumnKind
from logmatch.schemas.source import Source, Value, ValueKind, remarks

_FORMATS = {"parquet": "Parquet", "arrow": "Arrow", "csv": "CSVWithNames", "tsv": "TabSeparatedWithNames"}

_TYPES = {
    ColumnKind.TEXT: "Nullable(String)",
    ColumnKind.ID: "LowCardinality(Nullable(String))",
    ColumnKind.INTEGER: "Nullable(Int64)",
    ColumnKind.DOUBLE: "Nullable(Float64)",
    ColumnKind.PAIRS: "Map(String, String)",
    ColumnKind.TIME: "Nullable(DateTime64(9, 'UTC'))",
}

_CASTS = {ValueKind.INTEGER: "toInt64OrNull", ValueKind.NUMBER: "toFloat64OrNull"}

_SETTINGS = (
    "SETTINGS input_format_json_read_numbers_as_strings = 1, input_format_json_read_objects_as_strings = 1,\n"
    "  input_format_json_read_arrays_as_strings = 1, input_format_skip_unknown_fields = 1,\n"
    "  input_format_json_defaults_for_missing_elements_in_named_tuple = 1"
)


def text(source: Source) -> str:
    """See `schemas.schema_text`."""
    if source.format == "jsonl":
        return _of_json(source)
    columns = [each for each in source.columns if each.name != "overflow" or source.format in ("parquet", "arrow")]
    is_text = source.format in ("csv", "tsv")
    table = _table([(each.name, _type(each, is_text=is_text)) for each in columns])
    insert = f"INSERT INTO records SELECT * FROM file({_text(source.path)}, {_text(_FORMATS[source.format])}"
    if is_text:
        read = ", ".join(f"{_name(each.name)} {_type(each, is_text=True)}" for each in columns)
        insert += f",\n  {_text(read)}"
    return f"{table}{insert});\n"


def _type(column: Column, *, is_text: bool) -> str:
    if column.name == "line":
        return "Int64"
    # The digits of a number may be more than a type has.
    return "Nullable(String)" if is_text and column.field is not None else _TYPES[column.kind]


def _table(columns: list[tuple[str, str]]) -> str:
    rows = ",\n".join(f"  {_name(name)} {type_}" for name, type_ in columns)
    return f"CREATE TABLE IF NOT EXISTS records (\n{rows}\n) ENGINE = MergeTree ORDER BY line;\n"


_FIRST = (("file", "Nullable(String)"), ("line", "Int64"), ("template_id", "LowCardinality(Nullable(String))"))
_LAST = (
    *(("raw", "Nullable(String)"), ("error", "Nullable(String)")),
    *(("bytes", "Nullable(Int64)"), ("offset", "Nullable(Int64)")),
)


def _of_json(source: Source) -> str:
    values = source.values
    kinds = {
        ValueKind.INTEGER: ColumnKind.INTEGER,
        ValueKind.NUMBER: ColumnKind.DOUBLE,
        ValueKind.OBJECT: ColumnKind.PAIRS,
    }
    columns = [*_FIRST, *((each.column, _TYPES[kinds.get(each.kind, ColumnKind.TEXT)]) for each in values), *_LAST]
    tuple_ = ", ".join(f"{_name(each.name)} {_read_type(each)}" for each in values)
    values_type = [("values", f"Tuple({tuple_})")] if values else []
    read = ", ".join(f"{_name(name)} {type_}" for name, type_ in [*_FIRST, *values_type, *_LAST])
    selected = (
        [_name(name) for name, _ in _FIRST] + [_value(each) for each in values] + [_name(name) for name, _ in _LAST]
    )
    kept = ""
    if values:
        columns.append(("values", f"Tuple({tuple_})"))
        selected.append("`values`")
        kept = "-- A number beyond its type is NULL in its column; `values` has all of its digits.\n"
    return (
        f"{kept}{remarks(values, '--')}{_table(columns)}INSERT INTO records SELECT\n  "
        + ",\n  ".join(selected)
        + f"\nFROM file({_text(source.path)}, 'JSONEachRow',\n  {_text(read)})\n{_SETTINGS};\n"
    )


def _read_type(value: Value) -> str:
    return "Map(String, String)" if value.kind is ValueKind.OBJECT else "Nullable(String)"


def _value(value: Value) -> str:
    place = f"tupleElement(`values`, {_text(value.name)})"
    return f"{_CASTS[value.kind]}({place})" if value.kind in _CASTS else place


def _name(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
