"""Write: what was learned as the text of a template file, with counts in comments."""

from __future__ import annotations

from logmatch.errors import printable
from logmatch.learn.learner import Result
from logmatch.templates.template import DEFAULT_HEADER, NO_HEADER, Header, Multiline, TemplateSet
from logmatch.templates.write import write_toml
from logmatch.wording import count

_TABLE = "[[template]]"


def write_result(result: Result) -> str:
    """Return a template file that holds the templates, the most frequent first."""
    text = _file(result).rstrip("\n")
    blocks = text.split("\n\n") if text else []  # TOML strings are written on one line, so no block has this
    templates = iter(result.templates)
    for number, block in enumerate(blocks):
        if block.startswith(_TABLE):
            lines = next(templates).lines
            blocks[number] = f"# {count(lines, 'line')}, {lines / result.lines:.2%}\n{block}"
    return "\n\n".join(["\n".join(f"# {line}" for line in summary(result)), *blocks]) + "\n"


def _file(result: Result) -> str:
    if not result.templates:
        return ""
    headers = () if result.header is None else (Header(DEFAULT_HEADER, result.header),)
    multiline = Multiline() if result.multiline else None
    return write_toml(
        TemplateSet(headers, tuple(learned.template for learned in result.templates), multiline=multiline)
    )


def summary(result: Result) -> list[str]:
    """Return what was learned in sentences."""
    covered = sum(learned.lines for learned in result.templates)
    known = f", {count(result.known, 'line')} known" if result.known else ""
    sentences = [f"{count(len(result.templates), 'template')} of {count(covered, 'line')}{known}; {_rest(result)}"]
    if result.header is not None:
        sentences.append(f"header: {printable(str(result.header))}")
    elif result.templates:
        sentences.append(
            "no header that nearly all lines have was found" if result.searched else f"header: {NO_HEADER}"
        )
    return [*sentences, *result.notes]


def _rest(result: Result) -> str:
    if not result.left_over:
        return "no line is left over"
    reasons = ", ".join(f"{lines:,} {reason}" for reason, lines in result.left_over.items())
    return f"left over: {reasons}"
