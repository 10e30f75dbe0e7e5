"""Main: `logmatch` without a command: its version, completion for shells, and an overview."""

from __future__ import annotations

from dataclasses import dataclass

from logmatch.commands import COMMANDS, load_command
from logmatch.commands.completion import SHELLS, install_script, read_shell, script_for
from logmatch.commands.options import Command, option
from logmatch.commands.terminal import say, write
from logmatch.errors import PROGRAM, ExitStatus


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
    show_completion: str | None = option(
        "--show-completion",
        default=None,
        metavar="[=SHELL]",
        read=read_shell,
        choices=SHELLS,
        bare="",
        follows=SHELLS.__contains__,
        has_variable=False,
        section="Other",
        help="Show the completion script for bash, zsh or fish. Default: the shell that $SHELL names.",
    )
    install_completion: str | None = option(
        "--install-completion",
        default=None,
        metavar="[=SHELL]",
        read=read_shell,
        choices=SHELLS,
        bare="",
        follows=SHELLS.__contains__,
        has_variable=False,
        section="Other",
        help="Install that script for this user.",
    )


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
