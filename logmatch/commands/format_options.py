"""Format options: how records are written: `--to`, `--tables`, `--exact-numbers`, and the format that they ask for."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from logmatch.commands.options import OUTPUT, STDOUT, option, read_choice
from logmatch.errors import UsageError

if TYPE_CHECKING:
    from logmatch.output.format import OutputFormat

NAMES = ("jsonl", "parquet", "arrow", "csv", "tsv")
"""The output formats, those of `output.format`, which is not imported for a list of options."""


def to_option() -> Any:
    """`--to`."""
    return option(
        "--to",
        default=None,
        metavar="FORMAT",
        read=read_choice(*NAMES),
        choices=NAMES,
        section=OUTPUT,
        help="How records are written: jsonl (JSON Lines), parquet, arrow, csv or tsv. Default: what the name of the "
        "output ends with, else jsonl. parquet and arrow need pip install 'logmatch[arrow]'.",
    )


def tables_option() -> Any:
    """`--tables`."""
    return option(
        "--tables",
        default=None,
        metavar="wide|template",
        read=read_choice("wide", "template"),
        choices=("wide", "template"),
        section=OUTPUT,
        help="Of tables: wide is one with a column for every field (the default); template a file for each template, "
        "in the directory that -o names.",
    )


def exact_numbers_option() -> Any:
    """`--exact-numbers`."""
    return option(
        "--exact-numbers",
        default=False,
        section=OUTPUT,
        help="Of tables: numbers that may have a fraction are text, with the digits of the line.",
    )


def output_format(
    output: str, unmatched: str, to: str | None, tables: str | None, *, exact_numbers: bool, numbers: str
) -> OutputFormat:
    """
    The output format: what `--to` says, else what the name of the output says.

    Args:
        output, unmatched, to, tables, exact_numbers, numbers: the values of the options.

    Raises:
        UsageError: options of one kind of format were given with another, or a package is missing.
    """
    from logmatch.output.format import format_named, name_by_suffix

    of_name = name_by_suffix(output)
    name = to or of_name or ("parquet" if tables == "template" else "jsonl")
    if name_by_suffix(unmatched) not in (None, "jsonl"):
        hint = "name it x.jsonl, or leave it out: unmatched lines are rows of the table too"
        raise UsageError(f"--unmatched is {unmatched}, and its records are JSON Lines", hint=hint)
    if name == "jsonl":
        for option_name, is_given in (("--tables", tables), ("--exact-numbers", exact_numbers)):
            if is_given:
                hint = "write a table: -o x.parquet, or --to parquet, arrow, csv or tsv"
                raise UsageError(f"{option_name} is for tables, and the output is JSON Lines", hint=hint)
        return format_named(name)
    if tables == "template":
        _check_directory(output, of_name)
    if numbers != "exact":
        hint = "tables have typed columns; --exact-numbers makes numbers with a fraction text"
        raise UsageError("--numbers is for JSON Lines, and the output is a table", hint=hint)
    from logmatch.output.table import TableOptions, Tables
    from logmatch.output.table_format import TableFormat

    found = format_named(name)
    assert isinstance(found, TableFormat), name
    found = replace(found, options=TableOptions(Tables(tables or "wide"), exact_numbers))
    found.check(output)
    return found


def _check_directory(output: str, of_name: str | None) -> None:
    """Raise `UsageError` where *output* is no name for a directory; *of_name* is the format that it ends with."""
    if output == STDOUT:
        raise UsageError("--tables template writes several files", hint="name a directory for them with -o")
    if of_name is not None and not os.path.isdir(output):
        hint = f"name a directory, and the format of its files with --to {of_name}"
        raise UsageError(f"--tables template writes several files, and {output} is the name of one", hint=hint)
