"""
Schemas: what reads records without loss, as text for other programs: SQL, Python, a JSON Schema.

A program is a module of this package with a function `text`, which says how it reads a `Source`; its name stands in
`NAMES`. Programs that guess types lose data: they look at the first records only, or make doubles of long numbers.
"""

from __future__ import annotations

import importlib

from logmatch.schemas.source import Source

NAMES = ("duckdb", "polars", "clickhouse", "spark", "jsonschema")
"""The programs that there are schemas for."""


def schema_text(name: str, source: Source) -> str:
    """
    What has *name*, one of `NAMES`, read *source*.

    Raises:
        UsageError: it cannot read such a file.
    """
    text: str = importlib.import_module(f"logmatch.schemas.{name}").text(source)
    return text
