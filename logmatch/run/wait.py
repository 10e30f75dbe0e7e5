"""
Wait: the one place where the thread that runs a job waits.

It waits for descriptors, and whatever it waits for, it sees an interrupt and an output whose reader has gone.
"""

from __future__ import annotations

import select
import time
from collections.abc import Mapping
from typing import Protocol

from logmatch.errors import OutputClosedError
from logmatch.interrupt import Interrupt, milliseconds_until


class WatchedSink(Protocol):
    """What `Waiter` must know of an output."""

    @property
    def descriptor(self) -> int: ...

    def closed_by_reader(self) -> OutputClosedError: ...


class GraceExpired(Exception):
    """An interrupt's grace is over while something was waited for; it ends the run in good order."""


class Waiter:
    """Waits for descriptors; meanwhile sees interrupts, and outputs whose readers have gone."""

    def __init__(self, interrupt: Interrupt) -> None:
        self._interrupt = interrupt
        self._sinks: dict[int, WatchedSink] = {}

    @property
    def descriptors(self) -> list[int]:
        """Those that it watches for itself; no other process should hold them."""
        return [self._interrupt.descriptor, self._interrupt.wakeup_descriptor, *self._sinks]

    def add(self, sink: WatchedSink) -> None:
        """From now on look whether the reader of *sink* has gone."""
        self._sinks[sink.descriptor] = sink

    def wait(self, wanted: Mapping[int, int], *, until_deadline: bool = True) -> list[int]:
        """
        Wait until one of *wanted* (descriptor -> what `poll` is to look for) is ready; return those that are.

        After an interrupt: with *until_deadline*, raises `GraceExpired` once the grace is over; otherwise returns none
        at once.
        """
        poll = select.poll()
        poll.register(self._interrupt.descriptor, select.POLLIN)
        for descriptor in self._sinks:
            poll.register(descriptor, 0)  # errors are reported unasked
        for descriptor, events in wanted.items():
            poll.register(descriptor, events)
        while True:
            if self._interrupt.requested and not until_deadline:
                return []
            if time.monotonic() >= self._interrupt.deadline:
                raise GraceExpired
            events_by_descriptor = dict(poll.poll(milliseconds_until(self._interrupt.deadline)))
            for descriptor, sink in self._sinks.items():
                if descriptor in events_by_descriptor:
                    raise sink.closed_by_reader()
            ready = [descriptor for descriptor in wanted if descriptor in events_by_descriptor]
            if ready:
                return ready
            self._interrupt.drain()
