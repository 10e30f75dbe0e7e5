"""
Manual: the declarations of commands as text: help, the man page `logmatch.1`, and the tables of `docs/options.md`.

All three are made from the same sentences. The two documents are kept in the repository and written anew by
`make manual`; a test compares.
"""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import suppress

from logmatch.commands.options import SECTIONS, Argument, Command, Option, declarations, default_of
from logmatch.errors import PROGRAM

WIDEST = 88
"""Columns of help, however wide the terminal is: longer lines are hard to read."""

NARROWEST_TABLE = 64
"""Columns below which the meaning of an option stands under its name and not beside it."""

_BESIDE = 26  # columns of names that leave the meaning beside them

HELP = Option(names=("--help", "-h"), help="Show this help.", section="Other", has_variable=False)

VARIABLES = (
    "An option that is not given is taken from its environment variable, if that is set: LOGMATCH_MAX_LINE for "
    "--max-line. For switches 1 is on and 0 is off; several template files have a colon between them."
)

STATUSES = (
    ("0", "done"),
    ("1", "done, but the answer is no: check found something, too many lines are unmatched (--fail-on-unmatched), or "
          "an input could not be read while others could"),
    ("2", "the command line, a template or the output is wrong, or nothing could be read"),
    ("129", "ended since its terminal was closed (SIGHUP)"),
    ("130", "interrupted by Ctrl-C (SIGINT)"),
    ("131", "ended by SIGQUIT"),
    ("138", "ended by SIGUSR1"),
    ("140", "ended by SIGUSR2"),
    ("143", "ended by SIGTERM"),
)  # fmt: skip
"""Exit statuses and what they mean (`ExitStatus`)."""


def terminal_width() -> int:
    """The columns of the terminal that help is written to, or what COLUMNS says; 80 where nobody says."""
    try:
        return int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        pass
    for descriptor in (1, 2, 0):  # not stdout alone: help is piped into a pager
        with suppress(OSError, ValueError):
            return os.get_terminal_size(descriptor).columns or 80
    return 80


# --- help


def command_help(command: Command, width: int) -> str:
    """What `logmatch NAME --help` shows on a terminal of *width* columns."""
    return _help(f"{PROGRAM} {command.name} {command.usage}", command, (), width)


def group_help(command: Command, commands: Sequence[Command], width: int) -> str:
    """What `logmatch --help` shows."""
    return _help(f"{PROGRAM} {command.usage}", command, commands, width)


def short_help(command: Command) -> str:
    """The line of usage alone."""
    return f"Usage: {PROGRAM} {command.name} {command.usage}"


def _help(usage: str, command: Command, commands: Sequence[Command], width: int) -> str:
    width = max(24, min(width, WIDEST) - 1)
    blocks = [paragraph(f"Usage: {usage}", width, hanging="         "), paragraph(command.summary, width)]
    if command.examples:
        blocks.append("".join(_example(line, width) for line in command.examples))
    blocks += [paragraph(note, width) for note in command.notes]
    if commands:
        blocks.append("Commands:\n" + table([(each.name, each.summary) for each in commands], width))
    arguments = [(each.metavar, each.help) for _, each in declarations(command.options) if isinstance(each, Argument)]
    if arguments:
        blocks.append("Arguments:\n" + table(arguments, width))
    for section, rows in _sections(command):
        blocks.append(f"{section}:\n" + table([(names, meaning) for names, _, meaning in rows], width))
    if any(variable for _, rows in _sections(command) for _, variable, _ in rows):
        blocks.append(paragraph(VARIABLES, width))
    return "\n".join(blocks)


def _example(line: str, width: int) -> str:
    """A command to copy, over several lines where it is too long; not cut in quotes, nor between option and value."""
    rows = [" "]
    for word in re.findall(r"(?:-\S+ (?=[^-]))?(?:'[^']*'|\"[^\"]*\"|\S)+", line):
        if len(rows[-1]) + 1 + len(word) > width - 2 and rows[-1].strip():
            rows.append("     ")
        rows[-1] += f" {word}"
    return " \\\n".join(rows) + "\n"


def _sections(command: Command) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """The headings of a command's options; for each option its names, its variable and its meaning."""
    table = [(each, declared) for each, declared in declarations(command.options) if isinstance(declared, Option)]
    for section in SECTIONS:
        rows = []
        for each, declared in table:
            if declared.section == section:
                default = default_of(declared, each.default)
                meaning = f"{declared.help} [default: {default}]" if default is not None else declared.help
                rows.append((declared.switches, declared.variable or "", meaning))
        if section == "Other":
            rows.append((HELP.switches, "", HELP.help))
        if rows:
            yield section, rows


def paragraph(text: str, width: int, *, hanging: str = "") -> str:
    return textwrap.fill(text, width, subsequent_indent=hanging, break_on_hyphens=False, break_long_words=False) + "\n"


def table(rows: Sequence[tuple[str, str]], width: int) -> str:
    """Names and meanings, side by side where there is room."""
    if width < NARROWEST_TABLE:
        return "".join(f"  {name}\n{_indented(meaning, width, 6)}" for name, meaning in rows)
    column = 2 + max([len(name) for name, _ in rows if len(name) <= _BESIDE], default=_BESIDE) + 2
    text = ""
    for name, meaning in rows:
        beside = _indented(meaning, width, column)
        if 2 + len(name) + 2 <= column:
            text += f"  {name}".ljust(column) + beside[column:]
        else:
            text += f"  {name}\n{beside}"
    return text


def _indented(text: str, width: int, indent: int) -> str:
    margin = " " * indent
    return (
        textwrap.fill(
            text, width, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False, break_long_words=False
        )
        + "\n"
    )


# --- docs/options.md


def options_page(main: Command, commands: Sequence[Command]) -> str:
    """The text of `docs/options.md`."""
    parts = [
        "# Options and exit statuses\n\n"
        "<!-- Written by `make manual` from the declarations in `logmatch/commands/`; do not edit. -->\n\n"
        f"{_code_spans(textwrap.fill(VARIABLES, 118, break_on_hyphens=False))}\n"
    ]
    for command in (*commands, main):
        name = PROGRAM if command is main else f"{PROGRAM} {command.name}"
        parts.append(f"\n## `{name}`\n\nUsage: `{name} {command.usage}`\n\n{_markdown(command.summary)}\n")
        parts += [f"\n{textwrap.fill(_markdown(note), 118, break_on_hyphens=False)}\n" for note in command.notes]
        parts.append("\n| option | variable | meaning |\n|---|---|---|\n")
        for _, rows in _sections(command):
            for names, variable, meaning in rows:
                cells = (f"`{_cell(names)}`", f"`{variable}`" if variable else "", _cell(_markdown(meaning)))
                parts.append(f"| {' | '.join(cells)} |\n".replace("|  |", "| |"))
    parts.append("\n## Exit status\n\n| status | meaning |\n|---|---|\n")
    parts += [f"| {status} | {_markdown(meaning)} |\n" for status, meaning in STATUSES]
    return "".join(parts)


_CODE = re.compile(
    r"(?<![\w`-])(--[a-z][a-z-]*(?:=[^\s,;.)]+)?|LOGMATCH_[A-Z_]+"
    r"|logmatch (?:COMMAND|[a-z]+)(?: --[a-z]+| patterns)?)(?![\w`-])"
)
"""What is code in a sentence of the help: options, variables and commands."""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _markdown(text: str) -> str:
    """*text* with the names of options and commands as code."""
    return _code_spans(text).replace("<", "&lt;")


def _code_spans(text: str) -> str:
    return _CODE.sub(r"`\1`", text)


# --- logmatch.1


def man_page(main: Command, commands: Sequence[Command], version: str) -> str:
    """The text of the man page, in the macros of man(7)."""
    parts = [f'.\\" Written by `make manual`; do not edit.\n.TH LOGMATCH 1 "" "logmatch {version}" "User Commands"\n']
    parts.append(f".SH NAME\nlogmatch \\- {_roff(main.summary[0].lower() + main.summary[1:].rstrip('.'))}\n")
    parts.append(".SH SYNOPSIS\n")
    parts += [f".B logmatch {each.name}\n{_roff(each.usage)}\n.br\n" for each in commands]
    parts.append(".SH DESCRIPTION\n")
    parts += [f"{_roff(note)}\n.PP\n" for note in main.notes]
    parts.append(
        "The language of patterns, the types, template files and records have pages of their own:\n"
        '.BR "logmatch help patterns" ", " types ", " templates\nand\n.BR records .\n'
    )
    for command in (*commands, main):
        heading = "OPTIONS" if command is main else f"LOGMATCH {command.name.upper()}"
        parts.append(f".SH {heading}\n{_roff(command.summary)}\n")
        if command.examples:
            parts.append(".PP\n.nf\n.RS 4\n" + "".join(f"{_roff(line)}\n" for line in command.examples) + ".RE\n.fi\n")
        parts += [f".PP\n{_roff(note)}\n" for note in command.notes if command is not main]
        for _, declared in declarations(command.options):
            if isinstance(declared, Argument):
                parts.append(f".TP\n.I {_roff(declared.metavar)}\n{_roff(declared.help)}\n")
        for section, rows in _sections(command):
            parts.append(f".SS {section}\n")
            parts += [f".TP\n.B {_roff(names)}\n{_roff(meaning)}\n" for names, _, meaning in rows]
    parts.append(f".SH ENVIRONMENT\n{_roff(VARIABLES)}\n")
    parts.append(".SH EXIT STATUS\n")
    parts += [f".TP\n.B {status}\n{_roff(meaning[0].upper() + meaning[1:])}.\n" for status, meaning in STATUSES]
    return "".join(parts)


def _roff(text: str) -> str:
    """*text* with what roff would read as its own hidden."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("…", "...")
    return f"\\&{text}" if text.startswith(".") else text
