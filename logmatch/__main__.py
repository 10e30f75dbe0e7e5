"""
`python -m logmatch`, and where the command begins.

What holds for the process and not for the command stands here: what Ctrl-C and `kill` do while modules are loaded and
while Python leaves, and how Python's garbage collector behaves. Only what Python has loaded by itself is imported
before the first of these is settled.
"""

import _signal  # type: ignore[import-not-found]  # what `signal` wraps, which imports much
import gc
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

MOST_NEW_OBJECTS = 1_000_000
"""
How many objects may be added before Python looks for cyclic garbage among them.

Its own 700 are reached over and over while modules and templates are loaded, where all objects stay: ten thousand
templates make some hundred thousand. Lines leave no cycles behind, however many there are (`tests/test_main.py`).
"""


_SIGNALS = (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP)
"""What asks a command to end: Ctrl-C, `kill`, a terminal that is closed."""


def _leave_at_once(number: int, _frame: object) -> None:
    """
    Say so, and end the process.

    A KeyboardInterrupt would come in the middle of an import, where it becomes a traceback or another error. What has
    something to finish or to remove (`pipeline.run`, `bench`) sets a handler of its own meanwhile.
    """
    try:  # noqa: SIM105 (`contextlib` imports much)
        os.write(2, b"logmatch: interrupted\n")
    except OSError:
        pass
    os._exit(128 + number)


def main() -> "NoReturn":
    """Run the command line and leave the process with its status."""
    for number in _SIGNALS:
        if _signal.getsignal(number) is not _signal.SIG_IGN:  # as for jobs in the background of a shell, and by nohup
            _signal.signal(number, _leave_at_once)
    gc.set_threshold(MOST_NEW_OBJECTS)
    try:
        from logmatch.commands import app as cli

        cli.main()
    finally:
        # Python would look for garbage among all that there is before it leaves; the process takes it along anyway.
        gc.freeze()


if __name__ == "__main__":
    main()
