"""Template options: how a command is told its templates, and loading them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from logmatch.commands.options import STDIN, formats_option, header_option, pattern_option, templates_option
from logmatch.errors import UsageError

if TYPE_CHECKING:
    from logmatch.templates.template import Template, TemplateSet


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


NO_TEMPLATES = "name a template file or a directory of them with -t"


def load(options: TemplateOptions, hint: str = NO_TEMPLATES) -> list[Template]:
    """The templates of `load_set`."""
    return list(load_set(options, hint).templates)


def load_set(options: TemplateOptions, hint: str = NO_TEMPLATES) -> TemplateSet:
    """
    The templates that *options* name, and what their files say besides.

    Raises:
        UsageError: they name none; *hint* says what to do.
        TemplateErrors: all that is wrong with them.
    """
    from logmatch.templates.load import load_template_set

    if not options.are_given:
        raise UsageError("no templates are given", hint=hint)
    return load_template_set(options.paths, header=options.header, patterns=options.patterns)
