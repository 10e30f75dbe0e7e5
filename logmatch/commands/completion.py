"""
Completion: the script that has a shell complete `logmatch`, and its installation for one user.

A script is installed as a file of its own. Where the shell must be told of it, one line is appended to the user's own
file; nothing else in that file changes, and a line that is there already is not added again.
"""

from __future__ import annotations

import os

from logmatch.errors import PROGRAM, OutputError, UsageError, reason_of
from logmatch.wording import did_you_mean, listed

SHELLS = ("bash", "zsh", "fish")

VARIABLE = f"_{PROGRAM.upper()}_COMPLETE"
"""By this environment variable a shell asks `logmatch` for completions."""

_SCRIPTS = {
    "bash": r"""
_logmatch_completion() {
    local IFS=$'\n'
    COMPREPLY=( $( env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD VARIABLE=complete_bash $1 ) )
    return 0
}

complete -o default -F _logmatch_completion logmatch
""",
    "zsh": r"""
#compdef logmatch

_logmatch_completion() {
  eval $(env _TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" VARIABLE=complete_zsh logmatch)
}

(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
compdef _logmatch_completion logmatch
""",
    "fish": r"""
complete --command logmatch --no-files --arguments "(env VARIABLE=complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args _TYPER_COMPLETE_ARGS=(commandline -cp) logmatch)" --condition "env VARIABLE=complete_fish _TYPER_COMPLETE_FISH_ACTION=is-args _TYPER_COMPLETE_ARGS=(commandline -cp) logmatch"
""",  # noqa: E501
}
"""What asks `logmatch` for completions by the variables that typer looks at."""


def read_shell(text: str, name: str) -> str:
    """A shell that there is a script for; an empty text is the one that $SHELL names."""
    shell = text or os.path.basename(os.environ.get("SHELL", ""))
    if shell not in SHELLS:
        what = f"{name} is {text!r}, which is not known" if text else f"{name} names no shell, and $SHELL does not help"
        raise UsageError(what, hint=f"{did_you_mean(text, SHELLS)}write {name}={listed(SHELLS)}")
    return shell


def script_for(shell: str) -> str:
    """The script that makes *shell*, one of `SHELLS`, complete `logmatch`."""
    return _SCRIPTS[shell].lstrip("\n").replace("VARIABLE", VARIABLE)


def install_script(shell: str) -> str:
    """Install the script for this user; return what to tell."""
    home = os.path.expanduser("~")
    config = os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    data = os.environ.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share")
    started = None
    path = os.path.join(data, PROGRAM, f"completion.{shell}")
    if shell == "fish":
        path = os.path.join(config, "fish", "completions", f"{PROGRAM}.fish")
    elif shell == "bash":
        started = os.path.join(home, ".bashrc")
    else:
        started = os.path.join(os.environ.get("ZDOTDIR") or home, ".zshrc")
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(script_for(shell))
        if started is not None:
            _append_line(started, f"source '{path}'".encode())
    except OSError as error:
        raise OutputError(
            f"cannot install completion: {error.filename}: {reason_of(error)}",
            hint=f"see {PROGRAM} --show-completion={shell}, and put it where your shell looks",
        ) from None
    read = f", which {started} reads" if started is not None else ""
    return f"{shell} completion is installed in {path}{read}; it works in shells that start from now on\n"


def _append_line(path: str, line: bytes) -> None:
    """Append *line* to the file unless it is there; what is there stays as it is, byte for byte."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        content = b""
    if line not in content.splitlines():
        with open(path, "ab") as file:
            file.write((b"" if content.endswith(b"\n") or not content else b"\n") + line + b"\n")
