"""Help: `logmatch help`, which shows the help of a command, or a page about patterns, types, templates or records."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from logmatch.commands import COMMANDS, load_command
from logmatch.commands.options import Command, argument
from logmatch.commands.terminal import write
from logmatch.errors import ExitStatus, UsageError
from logmatch.wording import did_you_mean

TOPICS = ("patterns", "types", "templates", "records")
"""Pages that are files in `topics/`."""

_DIRECTORY = os.path.join(os.path.dirname(__file__), "topics")


@dataclass(frozen=True, kw_only=True)
class HelpOptions:
    """What `logmatch help` takes."""

    topics: tuple[str, ...] = argument(
        metavar="TOPIC", help=f"A command, or {', '.join(TOPICS)}. Default: an overview of the commands."
    )


def help(options: HelpOptions) -> ExitStatus:
    """Write the pages to stdout."""
    from logmatch.commands.main import overview
    from logmatch.commands.manual import command_help, terminal_width

    width = terminal_width()
    pages = []
    for topic in options.topics:
        if topic in TOPICS:
            pages.append(render(page(topic), width))
        elif topic in COMMANDS:
            pages.append(command_help(load_command(topic), width))
        else:
            known = (*TOPICS, *COMMANDS)
            hint = f"{did_you_mean(topic, known)}The topics are {', '.join(known)}"
            raise UsageError(f"there is no help about {topic!r}", hint=hint)
    if not pages:
        pages.append(overview())
    write("\n".join(pages))
    return ExitStatus.DONE


COMMAND = Command(
    name="help",
    summary="Show the help of a command, or a page about patterns, types, templates or records.",
    usage="[TOPIC]...",
    options=HelpOptions,
    run=help,
    examples=("logmatch help patterns", "logmatch help types", "logmatch help parse"),
)


def page(topic: str) -> str:
    """The page about *topic*, one of `TOPICS`, as Markdown."""
    with open(os.path.join(_DIRECTORY, f"{topic}.md"), encoding="utf-8") as file:
        return file.read().replace("<!-- types -->", _table_of_types())


def _table_of_types() -> str:
    from logmatch.templates.field_type import JsonKind
    from logmatch.templates.types import TYPES

    rows = []
    for name, type_ in TYPES.items():
        facts = type_.facts
        kind = " (a number in records)" if facts.json_kind is JsonKind.NUMBER else ""
        example = facts.samples[0].decode("utf-8", "replace").strip() if facts.samples else ""
        is_shown = re.search(r"\b[0-9]", facts.description) is not None  # it is in the description
        shown = f", as {example}" if example and not is_shown and not facts.can_be_empty and not facts.is_free else ""
        rows.append(f"| `{name}` | {facts.description}{shown}{kind} |")
    return "\n".join(["| type | meaning |", "|---|---|", *rows])


# --- Markdown -> a terminal


def render(text: str, width: int) -> str:
    """
    The Markdown *text* for a terminal of *width* columns.

    It knows what the pages have: headings, paragraphs on one line each, fenced blocks and tables of two columns.
    """
    return "\n".join(_rendered(text.splitlines(), width))


def _rendered(lines: Sequence[str], width: int) -> Iterator[str]:
    from logmatch.commands.manual import paragraph, table

    rows: list[tuple[str, str]] = []
    block: list[str] | None = None
    for line in [*lines, ""]:
        if block is not None:
            if line == "```":
                yield "".join(f"  {each}".rstrip() + "\n" for each in block)
                block = None
            else:
                block.append(line)
            continue
        cells = re.fullmatch(r"\| (.*?)(?<!\\) ?\| (.*) \|", line)
        if cells is not None:
            if cells[1] not in ("key", "type", "written"):
                rows.append((_plain(cells[1]), _plain(cells[2])))
        elif line.startswith("|---"):
            continue
        elif rows:
            yield table(rows, width)
            rows = []
        if line.startswith("```"):
            title = re.search(r'title="(.*)"', line)
            block = [f"{title[1]}:"] if title is not None else []
            if title is not None:
                block.append("")
        elif line.startswith("# "):
            yield f"{line[2:].upper()}\n"
        elif line and not line.startswith("|"):
            yield paragraph(_plain(line), width)


def _plain(text: str) -> str:
    return text.replace("`", "").replace("\\|", "|")
