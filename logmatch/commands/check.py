"""Check: `logmatch check`, which runs the examples of templates and reports what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from logmatch.commands.input_options import encoding_option, progress_option
from logmatch.commands.options import (
    INPUT,
    OUTPUT,
    Command,
    argument,
    header_option,
    json_option,
    option,
    read_path,
)
from logmatch.commands.status_line import StatusLine
from logmatch.commands.terminal import say, write, write_json
from logmatch.errors import ExitStatus, UsageError
from logmatch.wording import count, did_you_mean, listed

if TYPE_CHECKING:
    from logmatch.lint.against import Usage
    from logmatch.templates.template import Template

CHUNK_SIZE = 1 << 20

MOST_LINE = 1 << 20
"""Lines longer than this, in bytes, are not matched, as by `parse`."""


def _read_codes(text: str, name: str) -> str:
    """Codes of findings, joined by commas."""
    from logmatch.lint.findings import CODES

    for code in text.split(","):
        if code not in CODES:
            hint = f"{did_you_mean(code, CODES)}The kinds are {', '.join(CODES)}"
            raise UsageError(f"{name} is {text!r}: there is no kind of finding {code!r}", hint=hint)
    return text


@dataclass(frozen=True, kw_only=True)
class CheckOptions:
    """What `logmatch check` takes."""

    templates: tuple[str, ...] = argument(metavar="TEMPLATES", help="Template files or directories of them.")
    header: str | None = header_option()
    against: tuple[str, ...] = option(
        "--against",
        default=(),
        metavar="LOG",
        read=read_path,
        several=True,
        section=INPUT,
        has_variable=False,
        help="Report also templates that match nothing in this file or directory, and pairs that compete for its "
        "lines. May be given several times.",
    )
    encoding: str = encoding_option()
    allow: tuple[str, ...] = option(
        "--allow",
        default=(),
        metavar="CODE[,CODE]",
        read=_read_codes,
        several=True,
        section=OUTPUT,
        help='Do not report findings of this kind. A template does the same with allow = ["CODE"].',
    )
    json: bool = json_option("Write the findings as JSON.")
    progress: bool | None = progress_option("Show on stderr what is being done. Default: if that is a terminal.")


def check(options: CheckOptions) -> ExitStatus:
    """Write the findings to stdout."""
    from logmatch.lint.check import check_templates
    from logmatch.lint.findings import shown
    from logmatch.templates.load import load_templates

    if not options.templates:
        raise UsageError("no templates are given", hint="name a template file: logmatch check app.toml")
    templates = load_templates(options.templates, header=options.header)
    allow = {code for codes in options.allow for code in codes.split(",")}
    with StatusLine(is_shown=options.progress) as line:
        usage = _usage(options, templates, line) if options.against else None
        logs = listed(options.against, "and") if options.against else ""
        findings = check_templates(templates, allow, usage, logs, lambda step: line.show(f"{step} …"))
    if options.json:
        write_json("-", {"templates": len(templates), "findings": [finding.to_dict() for finding in findings]})
    else:
        write("".join(shown(findings)))
        examples = sum(len(template.match) + len(template.no_match) for template in templates)
        counts = [count(len(templates), "template"), count(examples, "example"), count(len(findings), "finding")]
        say(", ".join(counts))
        if usage is not None and usage.lines:
            say(f"{usage.matched:,} of {count(usage.lines, 'line')} match ({usage.matched / usage.lines:.1%})")
    return ExitStatus.ANSWER_IS_NO if findings else ExitStatus.DONE


def _usage(options: CheckOptions, templates: Sequence[Template], line: StatusLine) -> Usage:
    """What *templates* match in the logs."""
    from logmatch.input.chunk import blocking, read_chunks
    from logmatch.input.resolve import resolve_inputs
    from logmatch.lint.against import Usage
    from logmatch.lint.contest import Contest

    found = resolve_inputs(options.against)
    if found.errors:
        raise found.errors[0]
    usage = Usage(Contest(templates))
    for source in found.inputs:
        chunks = read_chunks(source, chunk_size=CHUNK_SIZE, max_line=MOST_LINE, encoding=options.encoding)
        for chunk in blocking(chunks):
            if chunk.oversized is None:
                usage.add(bytes(chunk.data))
            line.show(f"{count(usage.lines, 'line')} read …")
    return usage


COMMAND = Command(
    name="check",
    summary="Run the examples of templates, and report what is wrong with them.",
    usage="[OPTIONS] TEMPLATES...",
    options=CheckOptions,
    run=check,
    examples=("logmatch check app.toml",),
    notes=(
        "Reported are examples that fail, duplicates, templates that can never match or never win, pairs that only "
        "their place in the file decides between, free fields side by side, and slow regular expressions. The exit "
        "status is 1 if there is something to report.",
    ),
)
