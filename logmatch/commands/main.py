"""Main: `logmatch` without a command: its version, completion for shells, and an overview."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from logmatch.commands import COMMANDS, load_command
from logmatch.commands.completion import SHELLS, install_script, read_shell, script_for
from logmatch.commands.options import Command, option
from logmatch.commands.terminal import say, write
from logmatch.errors import PROGRAM, ExitStatus


def _may_be_shell(text: str) -> bool:
    """Whether what follows is the name of a shell, right or wrong, and neither an option nor a command."""
    return not text.startswith("-") and text not in COMMANDS


def _shell_option(name: str, help: str) -> Any:
    """An option that takes a shell, or the one that $SHELL names."""
    return option(
        name,
        default=None,
        metavar="[=SHELL]",
        read=read_shell,
        choices=SHELLS,
        bare="",
        follows=_may_be_shell,
        has_variable=False,
        section="Other",
        help=help,
    )


@dataclass(frozen=True, kw_only=True)
class MainOptions:
    """What `logmatch` takes before or without a command."""

    version: bool = option(
        *("--version", "-V"),
        default=False,
        has_variable=False,
        section="Other",
        help="Show the version, and which engine this installation uses.",
    )
    show_completion: str | None = _shell_option(
        "--show-completion",
        "Show the completion script for bash, zsh or fish. Default: the shell that $SHELL names.",
    )
    install_completion: str | None = _shell_option("--install-completion", "Install that script for this user.")


def start(options: MainOptions) -> ExitStatus:
    """Do what is no command."""
    if options.version:
        from logmatch import __version__
        from logmatch.engine import default_name, why_not_native

        reason = why_not_native()
        write(f"{PROGRAM} {__version__} ({default_name()} engine{f': {reason}' if reason else ''})\n")
    elif options.show_completion is not None:
        write(script_for(options.show_completion))
    elif options.install_completion is not None:
        write(install_script(options.install_completion))
    else:
        say(overview().rstrip("\n"))
        return ExitStatus.FATAL
    return ExitStatus.DONE


def overview() -> str:
    """What `logmatch --help` shows."""
    from logmatch.commands.manual import group_help, terminal_width

    return group_help(MAIN, [load_command(name) for name in COMMANDS], terminal_width())


MAIN = Command(
    name="",
    summary="Find for each log line the template that it came from, and write the values of its fields as JSON Lines.",
    usage="[OPTIONS] COMMAND ...",
    options=MainOptions,
    run=start,
    notes=(
        "logmatch COMMAND --help shows the options of a command, logmatch help patterns the language of templates.",
    ),
)
