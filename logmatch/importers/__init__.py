"""
Importers: what configured a log, or the rules of another tool -> a template file.

An importer is a module of this package with a function `read(source) -> Imported`; a new one is its file and its line
in `IMPORTERS`. Each knows every directive that its vendor documents, and refuses any other by name, with its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logmatch.errors import UsageError
from logmatch.wording import did_you_mean

if TYPE_CHECKING:
    from logmatch.importers.source import Source

IMPORTERS: dict[str, str] = {
    "apache": "LogFormat and CustomLog of the Apache HTTP Server; common, combined, …",
    "dissect": "patterns of the dissect filter and processor (Logstash, Elasticsearch)",
    "drain3": "a snapshot of Drain3",
    "grok": "grok patterns (Logstash)",
    "haproxy": "log-format of HAProxy; httplog, tcplog, httpslog, clf",
    "liblognorm": "a rulebase of liblognorm (rsyslog's mmnormalize)",
    "log4j": "conversion patterns of log4j, logback and Spring Boot",
    "loghub": "a list of Loghub or logparser: CSV with EventId and EventTemplate",
    "nginx": "log_format of nginx; combined",
    "patterndb": "a pattern database of syslog-ng, in XML",
    "postgres": "log_line_prefix of PostgreSQL",
}
"""The importers by name, with what they read."""

ALIASES: dict[str, str] = {
    "httpd": "apache",
    "logback": "log4j",
    "logparser": "loghub",
    "postgresql": "postgres",
    "syslog-ng": "patterndb",
}
"""Other names of importers."""


def import_templates(name: str, source: Source) -> str:
    """
    Return the template file, in TOML, that the importer *name* makes of *source*.

    Raises:
        UsageError: there is no such importer.
        TemplateSyntaxError: something in *source* is not known, with its place.
    """
    import importlib

    from logmatch.importers.draft import has_field, to_toml

    if any("\ud800" <= char <= "\udfff" for char in source.text):  # bytes of an argument that are not UTF-8
        raise UsageError(f"{source.file or 'this text'} is not UTF-8", hint="a template file is UTF-8")
    if not source.text.strip():
        raise UsageError(
            f"there is nothing in {source.file or 'this text'}", hint="give the setting itself, or its file"
        )
    imported = importlib.import_module(f"logmatch.importers.{importer(name)}").read(source)
    if source.file is None and not any(has_field(draft.pieces) for draft in imported.drafts):
        hint = "give the setting itself, or check the path of its file"
        raise source.error("there is no directive in this text", 0, len(source.text), hint)
    return to_toml(imported)


def importer(name: str) -> str:
    """
    Return the name in `IMPORTERS` that *name* stands for.

    Raises:
        UsageError: it stands for none.
    """
    name = ALIASES.get(name, name)
    if name not in IMPORTERS:
        hint = f"{did_you_mean(name, IMPORTERS)}The formats are {', '.join(IMPORTERS)}"
        raise UsageError(f"{name!r} is no format that can be imported", hint=hint)
    return name
