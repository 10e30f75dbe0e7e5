"""
Workspace: the temporary directory of a benchmark, which holds log lines and must not outlive it.

It is removed when the benchmark ends, by whatever exception, and on SIGINT, SIGTERM and SIGHUP. Nothing can be done
when the process is killed (SIGKILL, out of memory); so each benchmark removes what such a one has left. A lock tells
whose owner still lives.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from logmatch.errors import PROGRAM

PREFIX = "logmatch-bench-"

_LOCK = "owner"
"""The file in a workspace that its owner holds a lock on."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What ends the process without an exception; SIGINT raises one."""


@contextmanager
def workspace() -> Iterator[str]:
    """Give the path of a new directory, which is gone afterwards."""
    _remove_abandoned(tempfile.gettempdir())
    with _signals_raise(), tempfile.TemporaryDirectory(prefix=PREFIX) as directory, _locked(directory):
        yield directory


@contextmanager
def _locked(directory: str) -> Iterator[None]:
    """Hold the lock of *directory*; measured processes do not inherit it."""
    path = os.path.join(directory, _LOCK)
    with open(path + ".new", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.rename(lock.name, path)  # so that no other process meets it unlocked
        yield


def _remove_abandoned(parent: str) -> None:
    """Remove the workspaces of ours in *parent* whose owner was killed."""
    with os.scandir(parent) as entries:
        found = [entry.path for entry in entries if entry.name.startswith(PREFIX)]
    for path in found:
        try:
            if os.lstat(path).st_uid != os.geteuid():
                continue
            descriptor = os.open(os.path.join(path, _LOCK), os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            continue  # just being made, or just being removed
        with os.fdopen(descriptor) as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue  # its owner lives
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _signals_raise() -> Iterator[None]:
    """Have `_SIGNALS` end the process as an exception does: what was made is removed, a measured process is ended."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, _frame: object) -> None:
        with suppress(OSError):  # stderr may be closed
            os.write(2, f"{PROGRAM}: interrupted\n".encode())
        raise SystemExit(128 + number)

    # A signal that is ignored (nohup) stays so.
    previous = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in previous.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
