"""Loghub: a list of templates in CSV (`EventId,EventTemplate`), as Loghub and logparser write it."""

from __future__ import annotations

from logmatch.importers.draft import Draft, Imported, Raw
from logmatch.importers.source import Source


def read(source: Source) -> Imported:
    """The templates of the list."""
    from logmatch.templates.document import Format
    from logmatch.templates.load import load_text

    where = source.file if source.file is not None else "a string"
    templates = load_text(source.text, format=Format.CSV, name=source.file or "<text>")
    drafts = tuple(Draft(template.id, (Raw(str(template.pattern)),)) for template in templates)
    return Imported(drafts, comments=(f"Made by logmatch import loghub from {where}.",))
