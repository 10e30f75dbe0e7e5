"""
App: runs the command line, and turns whatever happens into an exit status.

The only module that catches `LogmatchError` or leaves the process.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import NoReturn

from logmatch.commands import COMMANDS, load_command
from logmatch.commands.command_line import Group, complete, make_group, run_command_line
from logmatch.commands.completion import VARIABLE
from logmatch.commands.main import MAIN
from logmatch.commands.terminal import say
from logmatch.errors import (
    MORE_FILES_HINT,
    PROGRAM,
    TOO_MANY_FILES,
    ExitStatus,
    LogmatchError,
    OutputClosedError,
    TemplateErrors,
    reason_of,
)

_WRITE_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def make_app() -> Group:
    """The command line."""
    return make_group(MAIN, COMMANDS, load_command)


def main() -> NoReturn:
    """Run the command line and leave the process with its status."""
    try:
        app = make_app()
        if VARIABLE in os.environ:
            complete(app)
        raise SystemExit(int(run_command_line(app, sys.argv[1:])))
    except OutputClosedError:
        _leave_quietly()
    except TemplateErrors as errors:
        for error in errors.errors:
            say(f"{PROGRAM}: {error}")
    except LogmatchError as error:
        say(f"{PROGRAM}: {error}")
    except BrokenPipeError:
        _leave_quietly()
    except KeyboardInterrupt:
        say(f"{PROGRAM}: interrupted")
        raise SystemExit(int(ExitStatus.INTERRUPTED)) from None
    except MemoryError:
        # parse and bench say more themselves; at a limit this is no bug of any other command either.
        hint = "raise the limit (ulimit -v, or that of the container), or give it less to read"
        say(f"{PROGRAM}: {LogmatchError('the system gives no more memory', hint=hint)}")
    except OSError as error:
        if error.errno in TOO_MANY_FILES:  # wherever a file is opened, a module or a pipe
            message = "the system opens no more files for this process"
            say(f"{PROGRAM}: {LogmatchError(message, hint=MORE_FILES_HINT)}")
            raise SystemExit(int(ExitStatus.FATAL)) from None
        # Help, findings, figures: what is not written by a sink. Other errors of this kind would be bugs.
        if error.errno not in _WRITE_ERRORS:
            raise
        say(f"{PROGRAM}: cannot write to stdout: {reason_of(error)}")
        _discard_stdout()
    raise SystemExit(int(ExitStatus.FATAL))


def _leave_quietly() -> NoReturn:
    """The reader of stdout has gone."""
    _discard_stdout()
    raise SystemExit(int(ExitStatus.DONE))


def _discard_stdout() -> None:
    """What Python still holds back for stdout would be an error at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
