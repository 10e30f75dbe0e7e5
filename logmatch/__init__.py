"""logmatch: log lines and templates in, template ids and values out."""

TYPE_CHECKING = False  # type checkers know the name; importing it from `typing` takes long enough for a Ctrl-C to hit

__version__ = "0.1.0"

__all__ = ["LiveMatcher", "LogmatchError", "Match", "Matcher", "Record", "Template", "TemplateErrors", "__version__"]

if TYPE_CHECKING:
    from logmatch.errors import LogmatchError, TemplateErrors
    from logmatch.live import LiveMatcher
    from logmatch.matcher import Matcher
    from logmatch.record import Match, Record
    from logmatch.templates.template import Template


def __getattr__(name: str) -> object:
    # PEP 562: the command imports this package too, and does not pay for what only a library user needs.
    if name in __all__:
        from logmatch import errors, live, matcher, record
        from logmatch.templates import template

        for module in (errors, matcher, live, record, template):
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module 'logmatch' has no attribute {name!r}")
