"""logmatch: log lines and templates in, template ids and values out."""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = ["LogmatchError", "Match", "Matcher", "Record", "Template", "TemplateErrors", "__version__"]

if TYPE_CHECKING:
    from logmatch.errors import LogmatchError, TemplateErrors
    from logmatch.matcher import Matcher
    from logmatch.record import Match, Record
    from logmatch.template import Template


def __getattr__(name: str) -> object:
    # PEP 562: the command imports this package too, and does not pay for what a library user needs.
    module = _WHERE.get(name)
    if module is None:
        raise AttributeError(f"module 'logmatch' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(module), name)


_WHERE = {
    "LogmatchError": "logmatch.errors",
    "TemplateErrors": "logmatch.errors",
    "Matcher": "logmatch.matcher",
    "Match": "logmatch.record",
    "Record": "logmatch.record",
    "Template": "logmatch.template",
}
