"""Polars: a module of Python."""

from __future__ import annotations

from logmatch.output.table import ColumnKind
from logmatch.schemas.source import Source, Value, ValueKind, remarks

_OWN = (("file", "String"), ("line", "Int64"), ("template_id", "String"))
_LAST = (("raw", "String"), ("error", "String"), ("bytes", "Int64"), ("offset", "Int64"))

_CASTS = {ValueKind.INTEGER: "Int64", ValueKind.NUMBER: "Float64"}
_COLUMN_CASTS = {ColumnKind.INTEGER: "Int64", ColumnKind.DOUBLE: "Float64"}


def text(source: Source) -> str:
    """See `schemas.schema_text`."""
    if source.format == "jsonl":
        return _of_json(source)
    if source.format == "csv":
        return _of_csv(source)
    if source.format in ("parquet", "arrow"):
        read = "read_parquet" if source.format == "parquet" else "read_ipc"
        return f"import polars as pl\n\nrecords = pl.{read}({source.path!r})\n"
    raise source.refuse("polars", "write Parquet (-o x.parquet), Arrow, CSV or JSON Lines")


def _of_json(source: Source) -> str:
    values = source.values
    lines = [f"    {name!r}: pl.{type_}," for name, type_ in _OWN]
    if values:
        lines.append('    "values": pl.Struct({')
        lines += [f"        {each.name!r}: pl.String," for each in values]
        lines.append("    }),")
    lines += [f"    {name!r}: pl.{type_}," for name, type_ in _LAST]
    beyond = (
        '# A number beyond its type is null in its column; "values" has all of its digits. Write the records with\n'
        "# --numbers safe: polars refuses numbers of more than 128 bits.\n"
        if values
        else ""
    )
    selected = "".join(f"    {_value(each)},\n" for each in values)
    return (
        f"{beyond}{remarks(values, '#')}import polars as pl\n\nschema = {{\n"
        + "\n".join(lines)
        + f"\n}}\nrecords = pl.read_ndjson({source.path!r}, schema=schema)"
        + (f".with_columns(\n{selected})\n" if values else "\n")
    )


def _value(value: Value) -> str:
    place = f'pl.col("values").struct.field({value.name!r})'
    cast = f".cast(pl.{_CASTS[value.kind]}, strict=False)" if value.kind in _CASTS else ""
    return f"{place}{cast}.alias({value.column!r})"


def _of_csv(source: Source) -> str:
    casts = "".join(
        f"    pl.col({each.name!r}).cast(pl.{_COLUMN_CASTS[each.kind]}, strict=False),\n"
        for each in source.columns
        if each.kind in _COLUMN_CASTS and each.name != "overflow"
    )
    read = f"pl.read_csv({source.path!r}, infer_schema=False)"
    beyond = "# A number beyond its type is null; the file has all of its digits.\n"
    return f"{beyond}import polars as pl\n\nrecords = {read}.with_columns(\n{casts})\n"
