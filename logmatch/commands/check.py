"""Check: `logmatch check`, which runs the examples of templates and reports what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass

from logmatch.commands.options import Command, argument, header_option, json_option
from logmatch.commands.terminal import say, write, write_json
from logmatch.errors import ExitStatus, UsageError
from logmatch.wording import count


@dataclass(frozen=True, kw_only=True)
class CheckOptions:
    """What `logmatch check` takes."""

    templates: tuple[str, ...] = argument(metavar="TEMPLATES", help="Template files or directories of them.")
    header: str | None = header_option()
    json: bool = json_option("Write the findings as JSON.")


def check(options: CheckOptions) -> ExitStatus:
    """Write the findings to stdout."""
    from logmatch.lint.check import check_templates
    from logmatch.lint.findings import shown
    from logmatch.templates.load import load_templates

    if not options.templates:
        raise UsageError("no templates are given", hint="name a template file: logmatch check app.toml")
    templates = load_templates(options.templates, header=options.header)
    findings = check_templates(templates)
    if options.json:
        write_json("-", {"templates": len(templates), "findings": [finding.to_dict() for finding in findings]})
    else:
        write("".join(shown(findings)))
        examples = sum(len(template.match) + len(template.no_match) for template in templates)
        counts = [count(len(templates), "template"), count(examples, "example"), count(len(findings), "finding")]
        say(", ".join(counts))
    return ExitStatus.ANSWER_IS_NO if findings else ExitStatus.DONE


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
