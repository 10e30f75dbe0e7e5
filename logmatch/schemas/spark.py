"""Spark: a module of Python, for a session called `spark`."""

from __future__ import annotations

from logmatch.schemas.source import Source, Value, ValueKind, quoted, remarks

_FIRST = (("file", "STRING"), ("line", "BIGINT"), ("template_id", "STRING"))
_LAST = (("raw", "STRING"), ("error", "STRING"), ("bytes", "BIGINT"), ("offset", "BIGINT"))

_CASTS = {ValueKind.INTEGER: "BIGINT", ValueKind.NUMBER: "DOUBLE"}


def text(source: Source) -> str:
    """See `schemas.schema_text`."""
    if source.format == "jsonl":
        return _of_json(source)
    if source.format == "parquet":
        return (
            "# A ts has nanoseconds, which Spark reads as a number: nanoseconds since 1970 in UTC.\n"
            'spark.conf.set("spark.sql.legacy.parquet.nanosAsLong", "true")\n'
            f"records = spark.read.parquet({source.path!r})\n"
        )
    raise source.refuse("Spark", "write Parquet (-o x.parquet) or JSON Lines")


def _of_json(source: Source) -> str:
    values = source.values
    read = [f"{_name(name)} {type_}" for name, type_ in _FIRST]
    if values:
        fields = ", ".join(f"{_name(each.name)}: {_type(each)}" for each in values)
        read.append(f"`values` STRUCT<{fields}>")
    read += [f"{_name(name)} {type_}" for name, type_ in _LAST]
    columns = ",\n".join(f"    {column!r}" for column in read)
    selected = (
        [_name(name) for name, _ in _FIRST] + [_value(each) for each in values] + [_name(name) for name, _ in _LAST]
    )
    if values:
        selected.append("`values`")
    beyond = '# A number beyond its type is null in its column; "values" has all of its digits.\n' if values else ""
    return (
        f'{beyond}{remarks(values, "#")}schema = ", ".join([\n{columns},\n])\n'
        f"records = spark.read.schema(schema).json({source.path!r}).selectExpr(\n"
        + "".join(f"    {each!r},\n" for each in selected)
        + ")\n"
    )


def _type(value: Value) -> str:
    return "MAP<STRING, STRING>" if value.kind is ValueKind.OBJECT else "STRING"


def _value(value: Value) -> str:
    place = f"`values`.{_name(value.name)}"
    if value.kind in _CASTS:
        place = f"try_cast({place} AS {_CASTS[value.kind]})"
    return f"{place} AS {_name(value.column)}"


def _name(name: str) -> str:
    return quoted(name, "`")
