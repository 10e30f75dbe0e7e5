"""
Wait: the one place where threads of a run wait for descriptors.

Whatever they wait for, they see an interrupt, an output whose reader has gone, and the end of the run.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Mapping
from typing import Protocol

from logmatch.errors import OutputClosedError
from logmatch.interrupt import Interrupt


class WatchedSink(Protocol):
    """What `Waiter` must know of an output."""

    @property
    def descriptor(self) -> int:
        """-1: it has none that says anything."""

    def closed_by_reader(self) -> OutputClosedError: ...


class GraceExpired(Exception):
    """An interrupt's grace is over while something was waited for; it ends the run in good order."""


class RunOver(Exception):
    """The run has ended in another thread, for a reason of its own."""


class Waiter:
    """Waits for descriptors; threads share it."""

    def __init__(self, interrupt: Interrupt) -> None:
        self._interrupt = interrupt
        self._sinks: dict[int, WatchedSink] = {}
        self._over, self._tell_over = os.pipe()  # it becomes readable, and stays so
        self._is_over = False

    @property
    def descriptors(self) -> list[int]:
        """Those that it watches for itself; no other process should hold them."""
        own = [self._over, self._tell_over]
        return [self._interrupt.descriptor, self._interrupt.wakeup_descriptor, *own, *self._sinks]

    def add(self, sink: WatchedSink) -> None:
        """From now on look whether the reader of *sink* has gone."""
        if sink.descriptor >= 0:
            self._sinks[sink.descriptor] = sink

    def end(self) -> None:
        """The run is over: who waits, or waits from now on, gets `RunOver`."""
        if not self._is_over:
            self._is_over = True
            os.write(self._tell_over, b"\0")

    def check(self) -> None:
        """Raise `RunOver` if that is so."""
        if self._is_over:
            raise RunOver

    def close(self) -> None:
        """Close its own descriptors."""
        os.close(self._over)
        os.close(self._tell_over)

    def wait(self, wanted: Mapping[int, int], *, until_deadline: bool = True, deadline: float | None = None) -> bool:
        """
        Wait until one of *wanted* (descriptor -> what `poll` is to look for) is ready; return whether that is so.

        Args:
            until_deadline: whether to wait on after an interrupt until its grace is over; otherwise that ends the wait.
            deadline: how long to wait at most, as `time.monotonic` tells it.

        Raises:
            GraceExpired: it is over.
            RunOver: see `end`.
            OutputClosedError: the reader of an output has gone.
        """
        # Errors are reported unasked.
        watched = {self._over: select.POLLIN, **dict.fromkeys(self._sinks, 0), **wanted}
        while until_deadline or not self._interrupt.requested:
            now = time.monotonic()
            if now >= self._interrupt.deadline:
                raise GraceExpired
            ready = self._interrupt.wait(watched, None if deadline is None else max(0.0, deadline - now))
            self.check()
            for descriptor, sink in self._sinks.items():
                if descriptor in ready:
                    raise sink.closed_by_reader()
            if not wanted.keys().isdisjoint(ready):
                return True
            if deadline is not None and time.monotonic() >= deadline:
                return False
        return False
