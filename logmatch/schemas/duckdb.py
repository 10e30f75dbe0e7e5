"""DuckDB: a view in SQL."""

from __future__ import annotations

from logmatch.output.table import ColumnKind
from logmatch.schemas.source import Source, Value, ValueKind, quoted, remarks

_OWN = (("file", "VARCHAR"), ("line", "BIGINT"), ("template_id", "VARCHAR"))
_LAST = (("raw", "VARCHAR"), ("error", "VARCHAR"), ("bytes", "BIGINT"), ("offset", "BIGINT"))

_CASTS = {ValueKind.INTEGER: "BIGINT", ValueKind.NUMBER: "DOUBLE"}
_TYPES = {ValueKind.OBJECT: "MAP(VARCHAR, VARCHAR)", ValueKind.ANY: "JSON"}
_COLUMN_TYPES = {ColumnKind.INTEGER: "BIGINT", ColumnKind.DOUBLE: "DOUBLE"}


def text(source: Source) -> str:
    """See `schemas.schema_text`."""
    if source.format == "jsonl":
        return _of_json(source)
    if source.format == "parquet":
        return f"CREATE OR REPLACE VIEW records AS\nSELECT * FROM read_parquet({_text(source.path)});\n"
    if source.format == "csv":
        return _of_csv(source)
    raise source.refuse("DuckDB", "write Parquet (-o x.parquet), CSV or JSON Lines")


def _of_json(source: Source) -> str:
    values = source.values
    selected = [quoted(name, '"') for name, _ in _OWN]
    selected += [f"{_value(each)} AS {quoted(each.column, chr(34))}" for each in values]
    selected += [quoted(name, '"') for name, _ in _LAST]
    read = dict(_OWN)
    if values:
        selected.append('"values"')
        fields = ", ".join(f"{quoted(each.name, chr(34))} {_TYPES.get(each.kind, 'VARCHAR')}" for each in values)
        read["values"] = f"STRUCT({fields})"
    read.update(_LAST)
    columns = ",\n".join(f"  {_text(name)}: {_text(type_)}" for name, type_ in read.items())
    beyond = '-- A number beyond its type is NULL here; "values" has all of its digits.\n' if values else ""
    return (
        f"{beyond}{remarks(values, '--')}CREATE OR REPLACE VIEW records AS\nSELECT\n  "
        + ",\n  ".join(selected)
        + f"\nFROM read_json({_text(source.path)}, format = 'newline_delimited', columns = {{\n{columns}\n}});\n"
    )


def _value(value: Value) -> str:
    place = f'"values".{quoted(value.name, chr(34))}'
    return f"TRY_CAST({place} AS {_CASTS[value.kind]})" if value.kind in _CASTS else place


def _of_csv(source: Source) -> str:
    # DuckDB has the reader of CSV cast what is cast as it stands, and that fails where TRY_CAST gives NULL.
    casts = [
        f"TRY_CAST(trim({name}) AS {_COLUMN_TYPES[each.kind]}) AS {name}"
        for each in source.columns
        if each.kind in _COLUMN_TYPES and (name := quoted(each.name, '"'))
    ]
    return (
        "-- A number beyond its type is NULL here; the file has all of its digits.\n"
        "CREATE OR REPLACE VIEW records AS\nSELECT * REPLACE (\n  "
        + ",\n  ".join(casts)
        + f")\nFROM read_csv({_text(source.path)}, header = true, all_varchar = true, delim = ',', quote = '\"',\n"
        "  escape = '\"', nullstr = '', allow_quoted_nulls = false);\n"
    )


def _text(text: str) -> str:
    return quoted(text, "'")
