"""JSON Schema: which objects the records are (https://json-schema.org, draft-07)."""

from __future__ import annotations

import json
from typing import Any

from logmatch.output.record_options import RecordOptions
from logmatch.output.table import ColumnKind, TableOptions, Tables, schema_of
from logmatch.schemas.source import Source

_TYPES: dict[ColumnKind, dict[str, Any]] = {
    ColumnKind.INTEGER: {"type": ["integer", "null"]},
    ColumnKind.DOUBLE: {"type": ["number", "null"]},
    ColumnKind.PAIRS: {"type": ["object", "null"], "additionalProperties": {"type": "string"}},
}

_LINE: dict[str, Any] = {
    "file": {"type": "string"},
    "line": {"type": "integer", "minimum": 1},
    "raw": {"type": "string"},
    "offset": {"type": "integer", "minimum": 0},
}


def text(source: Source) -> str:
    """See `schemas.schema_text`."""
    if source.format != "jsonl":
        raise source.refuse("a JSON Schema", "it is for JSON Lines (x.jsonl)")
    tables = schema_of(source.program, RecordOptions(), TableOptions(Tables.TEMPLATE)).tables
    matched = [_matched(table.name, table.places, [each.kind for each in table.columns]) for table in tables[:-1]]
    unmatched = {
        "type": "object",
        "properties": {
            **_LINE,
            "template_id": {"type": "null"},
            "error": {"type": "string"},
            "bytes": {"type": "integer", "minimum": 0},
        },
        "required": ["line", "template_id", "raw"],
    }
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Records of logmatch",
        "oneOf": [*matched, unmatched],
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _matched(template_id: str, places: dict[str, int], kinds: list[ColumnKind]) -> dict[str, Any]:
    # What is text in a table may be of several kinds here; --numbers safe makes strings of long numbers.
    values = {name: _value(kinds[place]) for name, place in places.items()}
    return {
        "type": "object",
        "properties": {
            **_LINE,
            "template_id": {"const": template_id},
            "values": {"type": "object", "properties": values, "additionalProperties": False},
        },
        "required": ["line", "template_id", "values"],
    }


def _value(kind: ColumnKind) -> dict[str, Any]:
    found = _TYPES.get(kind)
    if found is None:
        return {}
    return found if kind is ColumnKind.PAIRS else {"type": [*found["type"], "string"]}
