"""Line options: how a command is told what lines are wrapped in, what stands before them, and which belong together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from logmatch.commands.options import INPUT, TEMPLATES, option, read_count, read_size, show_size
from logmatch.commands.template_options import TemplateOptions
from logmatch.errors import LogmatchError, UsageError
from logmatch.wording import did_you_mean

if TYPE_CHECKING:
    from logmatch.entries.envelope import Envelope
    from logmatch.templates.model import Pattern
    from logmatch.templates.template import Multiline, Template, TemplateSet

PREFIXES = {
    "@kubectl": "[pod/<pod:word>/<container:word>] ",
    "@compose": "<service:word><_:blanks>| ",
}
"""Patterns that `--prefix` knows by name: what `kubectl logs --prefix` and `docker compose logs` put before a line."""


@dataclass(frozen=True, kw_only=True)
class LineOptions(TemplateOptions):
    """Options that say what log lines are in the lines of an input."""

    prefix: str | None = option(
        "--prefix",
        default=None,
        metavar="PATTERN",
        section=TEMPLATES,
        help="What stands before all lines, and before their headers; @kubectl (kubectl logs --prefix) and @compose "
        "(docker compose logs) are known.",
    )
    input: str = option(
        "--input",
        default="lines",
        metavar="KIND",
        section=INPUT,
        help="What the lines are wrapped in: lines (nothing), cri, docker, container (either of these, by the first "
        "byte of each input), journald (journalctl -o json), or json:FIELD, the name of the field that holds the text; "
        "a dot goes down: json:log.message.",
    )
    input_keys: str = option(
        "--input-keys",
        default="all",
        metavar="all|none|NAME,...",
        section=INPUT,
        help='Which of the other keys of an envelope a record has under "input".',
    )
    multiline: bool = option(
        "--multiline",
        default=False,
        section=INPUT,
        help="A line that matches no header of the templates continues the record before it.",
    )
    multiline_start: str | None = option(
        "--multiline-start",
        default=None,
        metavar="PATTERN",
        section=INPUT,
        help="A line that does not begin with this continues the record before it.",
    )
    multiline_lines: int | None = option(
        "--multiline-lines",
        default=None,
        metavar="N",
        read=read_count,
        section=INPUT,
        help="How many lines of a record are kept. Default: what the template file says, else 500.",
    )
    multiline_bytes: int | None = option(
        "--multiline-bytes",
        default=None,
        metavar="BYTES",
        read=read_size,
        show=show_size,
        section=INPUT,
        help="How many bytes of it. Default: what the template file says, else 1 MiB.",
    )

    def envelope(self) -> Envelope:
        """What `--input` and `--input-keys` say."""
        from logmatch.entries.envelope import read_envelope

        return read_envelope(self.input, self.input_keys)

    def pattern_of_prefix(self) -> Pattern | None:
        """What `--prefix` says."""
        if not self.prefix:
            return None
        if self.prefix.startswith("@") and self.prefix not in PREFIXES:
            hint = f"{did_you_mean(self.prefix, PREFIXES)}the names are {', '.join(PREFIXES)}"
            raise UsageError(f"--prefix is {self.prefix!r}, which is not known", hint=hint)
        return _pattern("--prefix", PREFIXES.get(self.prefix, self.prefix))

    def prefixed(self, templates: list[Template]) -> list[Template]:
        """*templates*, with what stands before them."""
        from logmatch.errors import TemplateSyntaxError
        from logmatch.templates.template import prefixed

        prefix = self.pattern_of_prefix()
        if prefix is None:
            return templates
        try:
            return prefixed(templates, prefix)
        except TemplateSyntaxError as error:
            hint = "name the field of the prefix otherwise, or <_> where its value is not wanted"
            raise UsageError(f"--prefix does not go with the templates: {error.message}", hint=hint) from None

    def multiline_of(self, loaded: TemplateSet) -> Multiline | None:
        """Which lines belong together, if they are to be put together."""
        from logmatch.templates.template import Multiline

        found = loaded.multiline
        if self.multiline or self.multiline_start is not None:
            found = found or Multiline()
        if found is None:
            if self.multiline_lines is not None or self.multiline_bytes is not None:
                name = "--multiline-lines" if self.multiline_lines is not None else "--multiline-bytes"
                raise UsageError(f"{name} says nothing without --multiline", hint="give --multiline too")
            return None
        start = found.start
        if self.multiline_start is not None:
            start = _pattern("--multiline-start", self.multiline_start)
        return replace(
            found,
            start=start,
            max_lines=self.multiline_lines or found.max_lines,
            max_bytes=self.multiline_bytes or found.max_bytes,
        )


def _pattern(name: str, text: str) -> Pattern:
    """The pattern *text* of the option *name*."""
    from logmatch.errors import TemplateErrors, TemplateSyntaxError
    from logmatch.templates.load import option_error
    from logmatch.templates.pattern import parse_header

    try:
        pattern = parse_header(text)
    except (TemplateSyntaxError, UnicodeEncodeError) as error:
        errors: list[LogmatchError] = [option_error(name, text, error)]
        raise TemplateErrors(errors) from None
    if not pattern.items:
        raise UsageError(f"{name} is empty", hint="give a pattern, or leave the option out")
    return pattern
