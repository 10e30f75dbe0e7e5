"""`python -m logmatch.commands DIRECTORY` writes the documents that are made of the commands' declarations below it."""

from __future__ import annotations

import sys
from pathlib import Path

from logmatch import __version__
from logmatch.commands import COMMANDS, load_command
from logmatch.commands.main import MAIN
from logmatch.commands.manual import man_page, options_page


def documents() -> dict[str, str]:
    """The documents by their paths in the repository."""
    commands = [load_command(name) for name in COMMANDS]
    return {
        "docs/options.md": options_page(MAIN, commands),
        "docs/logmatch.1": man_page(MAIN, commands, __version__),
    }


if __name__ == "__main__":
    for path, text in documents().items():
        Path(sys.argv[1], path).write_text(text, "utf-8")
