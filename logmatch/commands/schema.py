"""Schema: `logmatch schema`, which prints what has another program read the records without loss."""

from __future__ import annotations

from dataclasses import dataclass

from logmatch.commands.options import OUTPUT, Command, argument, option, read_choice
from logmatch.commands.template_options import TemplateOptions, load
from logmatch.commands.terminal import write
from logmatch.errors import ExitStatus, UsageError

PROGRAMS = ("duckdb", "polars", "clickhouse", "spark", "jsonschema")
"""Those of `schemas`, which is not imported for a list of options."""


@dataclass(frozen=True, kw_only=True)
class SchemaOptions(TemplateOptions):
    """What `logmatch schema` takes."""

    file: tuple[str, ...] = argument(
        metavar="FILE", help="The file that is to be read; its name says its format. Default: records.jsonl."
    )
    program: str | None = option(
        "--for",
        default=None,
        metavar="PROGRAM",
        read=read_choice(*PROGRAMS),
        choices=PROGRAMS,
        section=OUTPUT,
        help="What is to read it: duckdb, polars, clickhouse, spark, or jsonschema for a schema of JSON Lines.",
    )
    exact_numbers: bool = option(
        "--exact-numbers", default=False, section=OUTPUT, help="The table was written with --exact-numbers."
    )


def schema(options: SchemaOptions) -> ExitStatus:
    """Print it."""
    from logmatch.output.format import name_by_suffix
    from logmatch.output.table import TableOptions
    from logmatch.program import compile_program
    from logmatch.schemas import schema_text
    from logmatch.schemas.source import Source

    if options.program is None:
        raise UsageError("--for is missing: what is to read the records?", hint=f"use one of {', '.join(PROGRAMS)}")
    if len(options.file) > 1:
        raise UsageError("one file at a time", hint="most programs take a pattern: 'records-*.parquet'")
    path = options.file[0] if options.file else "records.jsonl"
    name = name_by_suffix(path)
    if name is None:
        hint = "name it as logmatch parse -o does: x.jsonl, x.parquet, x.arrow, x.csv or x.tsv"
        raise UsageError(f"the name of {path} does not say what is in it", hint=hint)
    program = compile_program(load(options))
    write(schema_text(options.program, Source(path, name, program, TableOptions(exact_numbers=options.exact_numbers))))
    return ExitStatus.DONE


COMMAND = Command(
    name="schema",
    summary="Print what has DuckDB, polars, ClickHouse or Spark read the records without loss.",
    usage="[OPTIONS] [FILE] -t TEMPLATES --for PROGRAM",
    options=SchemaOptions,
    run=schema,
    examples=(
        "logmatch schema records.jsonl -t app.toml --for duckdb",
        "logmatch schema records.csv -t app.toml --for polars > read_records.py",
    ),
    notes=(
        "Programs that guess types lose data: they look at the first records only, and make doubles of long numbers. "
        "Parquet and Arrow files bear their types; for them this prints one line.",
    ),
)
