"""
Options: what a command takes, declared as fields of a dataclass, and how the text of an option becomes a value.

A command declares its options once. The command line, the help, the man page and `docs/options.md` are made of these
declarations, so that none of them can say anything else than the others (defaults included).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any

from logmatch.errors import UsageError
from logmatch.formats import MARK, packs_of
from logmatch.wording import did_you_mean, listed

STDIN = STDOUT = "-"
"""What stands for them among names of files."""

Read = Callable[[str, str], Any]
"""
Makes a value of the text of an option.

The second argument is what the user wrote it with, `--workers` or `LOGMATCH_WORKERS`; raises `UsageError`, which names
that.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An option as the command line, the help and the documents know it."""

    names: tuple[str, ...]
    """Long name first: `--output`, `-o`; of a switch that can be turned off `--summary`, `--no-summary`."""
    help: str
    section: str
    """The heading that it stands below in the help."""
    metavar: str | None = None
    """What stands for its value; None: a switch."""
    read: Read | None = None
    """None: the value is the text itself."""
    show: Callable[[Any], str] = str
    """The text that would be read as a value; the help shows the default with it."""
    choices: tuple[str, ...] = ()
    """What its value may be, for completion."""
    several: bool = False
    """Whether it may be given several times."""
    separator: str = os.pathsep
    """What stands between several values in its variable."""
    bare: str | None = None
    """The value where none is written: the option may be given without one."""
    follows: Callable[[str], bool] | None = None
    """For an option with `bare`: whether the next argument is meant to be its value."""
    has_variable: bool = True

    @property
    def name(self) -> str:
        """The long name."""
        return self.names[0]

    @property
    def variable(self) -> str | None:
        """The environment variable that is read where the option is not given."""
        return f"LOGMATCH_{self.name[2:].replace('-', '_').upper()}" if self.has_variable else None

    @property
    def switches(self) -> str:
        """The names as the help shows them, short ones first, with what stands for the value."""
        short = [name for name in self.names if not name.startswith("--")]
        long = [name for name in self.names if name.startswith("--")]
        value = "" if self.metavar is None else self.metavar if self.bare is not None else f" {self.metavar}"
        return f"{', '.join([*short, *long])}{value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """What is given without a name; there may be any number of them."""

    metavar: str
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command: what it takes, what it does, and what the help says about it."""

    name: str
    summary: str
    """One sentence."""
    usage: str
    """What follows the name of the command in the line of usage."""
    options: type[Any]
    """A dataclass, whose fields are made by `option` and `argument`."""
    run: Callable[[Any], int]
    """Does what the options say; returns the exit status."""
    examples: tuple[str, ...] = ()
    """Commands to copy."""
    notes: tuple[str, ...] = ()
    """Paragraphs below the examples."""


def option(*names: str, default: Any, **declaration: Any) -> Any:
    """A field of a command's options that is an `Option`; *default* is a value, not its text."""
    return field(default=default, metadata={"declared": Option(names=names, **declaration)})


def argument(**declaration: Any) -> Any:
    """A field of a command's options that takes all `Argument`s, a tuple of texts."""
    return field(default=(), metadata={"declared": Argument(**declaration)})


def declarations(options: type[Any]) -> Iterator[tuple[Field[Any], Option | Argument]]:
    """The fields of a command's options, and what each declares."""
    for each in fields(options):
        yield each, each.metadata["declared"]


def default_of(declared: Option, value: Any) -> str | None:
    """The default *value* of an option as the help shows it; None where there is nothing to show."""
    if value is None or value is MISSING or declared.metavar is None or value == ():
        return None
    return declared.show(value)


# --- texts -> values


def read_count(text: str, name: str) -> int:
    """A whole number, at least 1."""
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text.strip()):
        raise UsageError(f"{name} is {text!r}, which is no whole number", hint="use 1 or more")
    if int(text) < 1:
        raise UsageError(f"{name} is {int(text)}", hint="use 1 or more")
    return int(text)


_POWERS = " KMG"


def read_size(text: str, name: str) -> int:
    """
    The number of bytes that *text* says: digits, and K, M or G (powers of 1,024, as in ripgrep and `head`).

    KiB, MiB and GiB are the same; kB, MB and GB are powers of 1,000.
    """
    match = re.fullmatch(r"\s*([0-9]{1,18})\s*(?:([kmg])(i?b?))?b?\s*", text, re.IGNORECASE)
    if match is None:
        raise UsageError(f"{name} is {text!r}, which is no size", hint="write bytes: 65536, 64K, 1MiB")
    number, unit, suffix = match.groups()
    factor: int = (1000 if suffix and suffix.lower() == "b" else 1024) ** (_POWERS.index(unit.upper()) if unit else 0)
    if int(number) < 1:
        raise UsageError(f"{name} is {text.strip()}", hint="use 1 or more")
    return int(number) * factor


def show_size(size: int) -> str:
    """*size* in the largest unit that says it exactly: `1MiB`."""
    power = 0
    while power < 3 and size % 1024 == 0:
        size //= 1024
        power += 1
    return f"{size}{_POWERS[power]}iB" if power else str(size)


def read_percentage(text: str, name: str) -> float:
    """A number from 0 to 100, with or without a %."""
    if not is_percentage(text) or not 0 <= float(text.strip().removesuffix("%")) <= 100:
        raise UsageError(f"{name} is {text!r}, which is no percentage", hint=f"use 0 to 100, as in {name}=2.5%")
    return float(text.strip().removesuffix("%"))


def is_percentage(text: str) -> bool:
    """Whether *text* looks like a number, with or without a %."""
    return re.fullmatch(r"\s*[0-9]{1,18}(?:\.[0-9]*)?\s*%?\s*", text, re.ASCII) is not None


def read_choice(*choices: str) -> Read:
    """One of *choices*."""

    def read(text: str, name: str) -> str:
        if text not in choices:
            hint = f"{did_you_mean(text, choices)}use {listed(choices)}"
            raise UsageError(f"{name} is {text!r}, which is not known", hint=hint)
        return text

    return read


def read_switch(text: str, name: str) -> bool:
    """What a variable says that stands for a switch."""
    word = text.strip().lower()
    if word not in _SWITCHED:
        raise UsageError(f"{name} is {text!r}, which says neither yes nor no", hint="use 1 or 0")
    return _SWITCHED[word]


_SWITCHED = {
    **dict.fromkeys(("1", "true", "t", "yes", "y", "on"), True),
    **dict.fromkeys(("0", "false", "f", "no", "n", "off"), False),
}


def read_path(text: str, name: str) -> str:
    """The name of a file."""
    if not text:
        raise UsageError(f"{name} names no file", hint="write a path; is a variable of the shell empty?")
    return text


def read_formats(text: str, name: str) -> str:
    """Names of packs, as a template file is named."""
    packs_of(text)
    return MARK + text


def read_glob(text: str, name: str) -> str:
    """A pattern for names of files."""
    if not text.strip("/"):
        raise UsageError(f"{name} is {text!r}, which fits nothing", hint=f"write a pattern of names: {name} '*.log'")
    return text


def read_pattern(text: str, name: str) -> str:
    """The text of a pattern; whether it is well formed is found out with all other templates."""
    if not text.strip():
        raise UsageError(f"{name} is empty", hint="write a pattern in quotes: -e 'user <user:word> logged in'")
    return text


# --- options that several commands have


ENGINES = ("auto", "native", "portable", "reference")

INPUT = "Input"
TEMPLATES = "Templates"
CHOOSING = "Choosing"
OUTPUT = "Output"
RUNNING = "Running"
REPORTING = "Reporting"
SECTIONS = (TEMPLATES, INPUT, CHOOSING, OUTPUT, REPORTING, RUNNING, "Other")
"""In the order of the help."""


def templates_option() -> Any:
    """`--templates`, `-t`."""
    return option(
        *("--templates", "-t"),
        default=(),
        metavar="PATH",
        read=read_path,
        several=True,
        section=TEMPLATES,
        help="Template file (TOML, CSV, JSON, JSON Lines, text) or directory of them; - is stdin, @NAME a format. "
        "May be given several times.",
    )


def formats_option() -> Any:
    """`--format`; its value can be put after that of `--templates`."""
    return option(
        "--format",
        default=(),
        metavar="NAME[,NAME]",
        read=read_formats,
        show=lambda value: value.removeprefix(MARK),
        several=True,
        section=TEMPLATES,
        help="Templates that come with logmatch, for the logs of common programs (logmatch formats lists them). "
        "--format NAME is the same as -t @NAME.",
    )


def pattern_option() -> Any:
    """`--pattern`, `-e`."""
    return option(
        *("--pattern", "-e"),
        default=(),
        metavar="PATTERN",
        read=read_pattern,
        several=True,
        separator="\n",
        section=TEMPLATES,
        help="A template, written here: its pattern. May be given several times.",
    )


def header_option() -> Any:
    """`--header`."""
    return option(
        "--header",
        default=None,
        metavar="PATTERN",
        section=TEMPLATES,
        help="What all lines begin with, for template files that name no header (CSV, text).",
    )


def engine_option(help: str) -> Any:
    """`--engine`."""
    return option(
        "--engine",
        default="auto",
        metavar="NAME",
        read=read_choice(*ENGINES),
        choices=ENGINES,
        section=RUNNING,
        help=help,
    )


def workers_option(help: str) -> Any:
    """`--workers`, `-w`."""
    return option(*("--workers", "-w"), default=None, metavar="N", read=read_count, section=RUNNING, help=help)


def json_option(help: str) -> Any:
    """`--json`."""
    return option("--json", default=False, section=OUTPUT, help=help)
