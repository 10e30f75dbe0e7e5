"""
Drain3: a snapshot -> templates.

A snapshot is what Drain3's persistence keeps: the JSON of jsonpickle, as it is or compressed with zlib and in base64. A
cluster is a list of tokens; `<*>` and mask words such as `<:IP:>` are unnamed fields, as in lists of other tools.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from typing import Any

from logmatch.importers.draft import Draft, Imported, Raw
from logmatch.importers.source import Source


def read(source: Source) -> Imported:
    """A template for each cluster, the largest first; the ids are `cluster-` and the number that Drain3 gave."""
    from logmatch.templates.pattern import parse_foreign_pattern

    clusters = sorted(_clusters(_decoded(source)), key=lambda cluster: -_number(cluster, "size"))
    if not clusters:
        raise source.error(
            "there is no cluster of Drain3 here", 0, 1, "name the file that the persistence of Drain3 writes"
        )
    drafts = tuple(
        Draft(
            f"cluster-{cluster['cluster_id']}",
            (Raw(str(parse_foreign_pattern(" ".join(_tokens(cluster["log_template_tokens"]))))),),
            f"{_number(cluster, 'size'):,} lines when the snapshot was made",
        )
        for cluster in clusters
    )
    where = source.file if source.file is not None else "a string"
    return Imported(drafts, comments=(f"Made by logmatch import drain3 from {where}.",))


def _decoded(source: Source) -> object:
    text = source.text.strip()
    if not text.startswith("{"):
        try:
            text = zlib.decompress(base64.b64decode(text, validate=True)).decode()
        except (binascii.Error, zlib.error, ValueError):
            hint = "a snapshot is JSON, or JSON compressed with zlib and in base64"
            raise source.error("this is no snapshot of Drain3", 0, 1, hint) from None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise source.error("this is no JSON", 0, 1, "a snapshot of Drain3 is JSON of jsonpickle") from None


def _clusters(value: object) -> list[dict[str, Any]]:
    """The clusters anywhere in *value*: versions of Drain3 keep them in different places."""
    found: dict[int, dict[str, Any]] = {}
    todo = [value]
    while todo:
        each = todo.pop()
        if isinstance(each, dict):
            number = each.get("cluster_id")
            if isinstance(number, int) and _tokens(each.get("log_template_tokens")):
                found.setdefault(number, each)
            todo += each.values()
        elif isinstance(each, list):
            todo += each
    return [found[number] for number in sorted(found)]


def _tokens(value: object) -> list[str]:
    """The tokens of a cluster: a list, or a tuple as jsonpickle writes it."""
    if isinstance(value, dict):
        value = value.get("py/tuple")
    return [str(token) for token in value] if isinstance(value, list) else []


def _number(cluster: dict[str, Any], key: str) -> int:
    value = cluster.get(key)
    return value if isinstance(value, int) else 0
