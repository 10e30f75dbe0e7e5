"""
Preflight: whether a run would destroy something, found out before anything is opened for writing.

It knows all files of a run by device and inode, whatever they are called: links, `/dev/stdin`, `/dev/fd/3` and the
redirections of a shell are seen through. A file that is not there yet is known by its directory and its name.

Not its business: whether files can be opened; who opens them will tell.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from logmatch.errors import UsageError
from logmatch.input.resolve import STDIN, Input
from logmatch.output.destination import STDOUT, own_descriptor


@dataclass(frozen=True, slots=True)
class Output:
    """Something that a run writes."""

    path: str
    """"-" is stdout."""
    what: str = "records"
    """What goes there."""

    @property
    def name(self) -> str:
        """How a person calls it."""
        return "stdout" if self.path == STDOUT else self.path


def check_files(inputs: Sequence[Input], outputs: Sequence[Output], templates: Sequence[str] = ()) -> None:
    """
    Check that no output is also an input, a template file or another output, and no input a template file.

    Args:
        templates: their paths; "-" is stdin.

    Raises:
        UsageError: one is.
    """
    taken: dict[_Identity, Output] = {}
    for output in outputs:
        identity = _identity_of_output(output)
        if identity is None:
            continue
        if identity in taken:
            raise _same(taken[identity], output)
        taken[identity] = output
    for kind, names in (("a template file", templates), ("an input", [source.name for source in inputs])):
        for name in names:
            found = taken.get(_identity_of_source(name))
            if found is not None:
                shown = "stdin" if name == STDIN else name
                also = "" if shown == found.name else f" ({shown})"
                raise UsageError(f"the output {found.name} is also {kind}{also}", hint=_HINT)
    _check_inputs(inputs, templates)
    _check_messages(taken)


_HINT = "write to another file"

_Identity = tuple[int, int] | tuple[int, int, str] | None
"""Device and inode; of what is not there yet, those of its directory, and its name; None: unlike all others."""


def _identity_of_source(name: str) -> _Identity:
    """Only files can be destroyed by writing to them: a terminal or a socket may well be stdin and stdout."""
    try:
        status = os.fstat(0) if name == STDIN else os.stat(name)
    except (OSError, ValueError):
        return None
    is_file = stat.S_ISREG(status.st_mode) or stat.S_ISBLK(status.st_mode)
    return (status.st_dev, status.st_ino) if is_file else None


def _identity_of_output(output: Output) -> _Identity:
    """What it is or will be; None also for devices such as /dev/null and terminals, which may take several outputs."""
    try:
        status = os.fstat(1) if output.path == STDOUT else os.stat(output.path)
    except FileNotFoundError:
        real = os.path.realpath(output.path)
        try:
            directory = os.stat(os.path.dirname(real))
        except OSError:
            return None
        return directory.st_dev, directory.st_ino, os.path.basename(real)
    except (OSError, ValueError):
        return None
    if stat.S_ISCHR(status.st_mode) and output.path != STDOUT:
        return None
    return status.st_dev, status.st_ino


def _same(first: Output, second: Output) -> UsageError:
    name = first.name if second.name == first.name else f"{first.name}, which is also called {second.name}"
    return UsageError(f"the {second.what} and the {first.what} would both go to {name}", hint="name two files")


def _check_inputs(inputs: Iterable[Input], templates: Iterable[str]) -> None:
    """A template file among the logs is a slip: an option without its value, a glob that fits too much."""
    files = {_identity_of_source(name) for name in templates if name != STDIN} - {None}
    for source in inputs:
        if not source.is_stdin and _identity_of_source(source.name) in files:
            raise UsageError(f"{source.name} is a template file and a log as well", hint="name it once")


def _check_messages(taken: dict[_Identity, Output]) -> None:
    """Messages go to stderr: if that is the file of an output that is opened anew, each would write over the other."""
    try:
        status = os.fstat(2)
    except OSError:
        return
    output = taken.get((status.st_dev, status.st_ino)) if stat.S_ISREG(status.st_mode) else None
    if output is not None and own_descriptor(output.path) is None:
        raise UsageError(f"the output {output.name} is also where messages go (stderr)", hint=_HINT)
