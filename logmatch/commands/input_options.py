"""Input options: how a command is told its logs, what it does where it is told none, and what it leaves out."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from logmatch.commands.options import INPUT, REPORTING, STDIN, Command, argument, option, read_size, show_size
from logmatch.commands.terminal import is_terminal, say
from logmatch.errors import PROGRAM, printable

if TYPE_CHECKING:
    from logmatch.input.resolve import Inputs, Selection


def files_argument(what: str = "Log files, directories of them,") -> Any:
    """The inputs; `files_or_stdin` says what none stands for."""
    return argument(
        metavar="FILE|DIR|-",
        help=f"{what} or - for stdin (the default). Input compressed with gzip, bzip2, xz or zstd, and tar and zip "
        "archives are recognised by their content.",
    )


def max_line_option(what: str = "matched") -> Any:
    """`--max-line`; *what* is not done with longer lines."""
    return option(
        "--max-line",
        default=1 << 20,
        metavar="BYTES",
        read=read_size,
        show=show_size,
        section=INPUT,
        help=f"Lines longer than this are not {what}.",
    )


def encoding_option() -> Any:
    """`--encoding`."""
    return option(
        "--encoding",
        default="auto",
        metavar="NAME",
        section=INPUT,
        help="The encoding of the lines; auto is UTF-8, or what a byte order mark says.",
    )


def progress_option(help: str) -> Any:
    """`--progress`, `--no-progress`."""
    return option(*("--progress", "--no-progress"), default=None, section=REPORTING, help=help)


def files_or_stdin(files: tuple[str, ...], command: Command) -> tuple[str, ...]:
    """*files*, or stdin where there are none; nothing where that is a terminal: then the short help has been shown."""
    if files or not is_terminal(0):
        return files or (STDIN,)
    show_short_help(command, "Name a log file, or pipe lines into it.")
    return ()


def show_short_help(command: Command, advice: str) -> None:
    """What a command says that is told nothing to work on."""
    from logmatch.commands.manual import short_help

    say(short_help(command))
    say(f"{advice} For all options: {PROGRAM} {command.name} --help")


def find_inputs(files: tuple[str, ...], selection: Selection | None = None, *, is_quiet: bool = False) -> Inputs:
    """What *files* stand for; says what of it is left out, or cannot be read."""
    from logmatch.input.archive import holds_members
    from logmatch.input.resolve import Selection, resolve_inputs

    found = resolve_inputs(files, selection or Selection())
    if len(found.inputs) == 1 and not found.with_file and holds_members(found.inputs[0].name):
        found = replace(found, with_file=True)
    if not is_quiet:
        for path in found.binary:
            say(f"{PROGRAM}: {printable(path)} is binary and is left out; name it to have it read")
        for name in filter(_is_template_file, files):
            say(f"{PROGRAM}: {printable(name)} looks like a template file, and is read as a log; was -t meant?")
    for error in found.errors:
        say(f"{PROGRAM}: {error}")
    return found


def _is_template_file(name: str) -> bool:
    """Whether the input *name* is plainly a file of templates."""
    if not name.lower().endswith((".toml", ".csv")) or not os.path.isfile(name):
        return False  # nearly always: nothing is imported and opened for it
    from logmatch.templates.recognise import HEAD_SIZE, is_template_file

    try:
        with open(name, "rb") as file:
            return is_template_file(file.read(HEAD_SIZE), name)
    except OSError:
        return False  # whoever reads it will tell
