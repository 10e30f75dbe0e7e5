"""
Commands: what was typed -> calls of the library, and what a terminal shows.

A command is a module of this package that holds a `COMMAND`; a new one is its file and its name in `COMMANDS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logmatch.commands.options import Command

COMMANDS = ("parse", "learn", "explain", "check", "formats", "import", "stats", "diff", "schema", "bench", "help")
"""The commands in the order of the help; each is the module of its name (with a `_` after a keyword)."""


def load_command(name: str) -> Command:
    """The command called *name*, one of `COMMANDS`, whose module is imported now: no start loads all of them."""
    import importlib
    import keyword

    module = f"{name}_" if keyword.iskeyword(name) else name
    command: Command = importlib.import_module(f"logmatch.commands.{module}").COMMAND
    return command
