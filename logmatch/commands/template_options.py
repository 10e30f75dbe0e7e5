"""Template options: how a command is told its templates, and loading them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from logmatch.commands.options import STDIN, formats_option, header_option, pattern_option, templates_option
from logmatch.errors import UsageError

if TYPE_CHECKING:
    from logmatch.templates.template import Template


@dataclass(frozen=True, kw_only=True)
class TemplateOptions:
    """Options that name templates; those of a command begin with them."""

    templates: tuple[str, ...] = templates_option()
    formats: tuple[str, ...] = formats_option()
    patterns: tuple[str, ...] = pattern_option()
    header: str | None = header_option()

    @property
    def paths(self) -> tuple[str, ...]:
        """What `load_templates` takes."""
        return self.templates + self.formats

    @property
    def are_given(self) -> bool:
        """Whether there are any templates."""
        return bool(self.paths or self.patterns)

    @property
    def read_stdin(self) -> bool:
        """Whether templates are read from stdin."""
        return STDIN in self.templates


def load(options: TemplateOptions, hint: str = "name a template file or a directory of them with -t") -> list[Template]:
    """
    The templates that *options* name.

    Raises:
        UsageError: they name none; *hint* says what to do.
        TemplateErrors: all that is wrong with them.
    """
    from logmatch.templates.load import load_templates

    if not options.are_given:
        raise UsageError("no templates are given", hint=hint)
    return list(load_templates(options.paths, header=options.header, patterns=options.patterns))
