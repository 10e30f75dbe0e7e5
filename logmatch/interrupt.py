"""
Interrupt: the wish that a run ends early, as a flag and as something to wait for.

Who asks (a signal) is the business of `pipeline`; what is done then, of everything that waits, or that works long.
"""

from __future__ import annotations

import math
import os
import select
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

GRACE_SECONDS = 1.2
"""How long after an interrupt what is done is still written, while its reader takes it."""

_AGAIN = 20.0  # milliseconds; how soon a second interrupt is seen, and the end of the grace
_MOMENT = 5.0  # milliseconds


class Interrupt:
    """
    A request to stop, and a file descriptor that becomes readable when it comes, and stays so.

    The first request starts a time of grace, the second ends it. `request` may be called from a signal handler.
    """

    def __init__(self, grace: float = GRACE_SECONDS) -> None:
        self.signal_number: int | None = None
        """The signal that asked first; None as long as none has."""
        self.count = 0
        self.deadline = math.inf
        """When waiting has to end, by `time.monotonic`."""
        self._grace = grace
        self.descriptor, self.wakeup_descriptor = os.pipe()
        os.set_blocking(self.descriptor, False)
        os.set_blocking(self.wakeup_descriptor, False)

    def request(self, signal_number: int) -> None:
        """Ask to stop; asked again: at once."""
        self.count += 1
        if self.signal_number is None:
            self.signal_number = signal_number
            self.deadline = time.monotonic() + self._grace
        else:
            self.deadline = min(self.deadline, time.monotonic())
        with suppress(BlockingIOError):  # it is full: readable, and that is all it is for
            os.write(self.wakeup_descriptor, b"\0")

    @property
    def requested(self) -> bool:
        """Whether somebody has asked to stop."""
        return self.count > 0

    def wait(self, wanted: Mapping[int, int], seconds: float | None = None) -> dict[int, int]:
        """
        Wait until one of *wanted* (descriptor -> what `poll` is to look for) is ready; return those that are, and how.
        Not longer than *seconds*, if these are given.

        None is ready when an interrupt has come, and now and then after that: the caller looks whether its grace is
        over, and waits again if not. Any thread may wait.
        """
        poll = select.poll()
        for descriptor, events in wanted.items():
            poll.register(descriptor, events)
        if self.requested:
            # What would tell of the next request is readable for good, so that all who wait see the first.
            return dict(poll.poll(_AGAIN))
        poll.register(self.descriptor, select.POLLIN)
        ready = dict(poll.poll(None if seconds is None else math.ceil(1000 * seconds)))
        if ready.pop(self.descriptor, None) is not None and not ready and not self.requested:
            # A signal has come, and its handler, which runs in the main thread, has yet to; or it was not for us.
            poll.unregister(self.descriptor)
            ready = dict(poll.poll(_MOMENT))
            self._drain()
        return ready

    def _drain(self) -> None:
        """Take back what signals have written, but not what `request` has."""
        with suppress(BlockingIOError):
            os.read(self.descriptor, 4096)
        if self.requested:
            os.write(self.wakeup_descriptor, b"\0")

    def close(self) -> None:
        """Close the descriptors."""
        os.close(self.descriptor)
        os.close(self.wakeup_descriptor)


def milliseconds_until(deadline: float) -> float | None:
    """What `poll` takes as its time: until *deadline*, at least a millisecond; None for infinity."""
    return None if deadline == math.inf else max(1.0, (deadline - time.monotonic()) * 1000)


# --- work that nobody waits for any more


class WorkStopped(Exception):
    """A line is left in the middle: the run ends, and nobody wants its record any more."""


class _Stopping(threading.local):
    """What the work of this thread is ended by."""

    should_stop: Callable[[], bool] | None = None


_stopping = _Stopping()


@contextmanager
def stopped_by(should_stop: Callable[[], bool]) -> Iterator[None]:
    """In the block, `check_stop` raises `WorkStopped` in this thread once *should_stop* says so."""
    before, _stopping.should_stop = _stopping.should_stop, should_stop
    try:
        yield
    finally:
        _stopping.should_stop = before


def check_stop() -> None:
    """What takes long for one line, a `/regex/` field, asks before each step."""
    if _stopping.should_stop is not None and _stopping.should_stop():
        raise WorkStopped
