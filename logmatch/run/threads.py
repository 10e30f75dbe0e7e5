"""
Threads: each worker in a thread of its own, while the thread that runs the job looks after signals and deadlines.

That one computes nothing and is never waited for: so a signal is seen at once, and a worker that does not come back
holds nothing up.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from threading import Lock, Thread

from logmatch.run.wait import RunOver, Waiter

_SECONDS_TO_END = 0.5  # for all threads, when the run is over; they look after each piece of lines, and each record


class WorkerThreads:
    """
    Runs *work* in up to *most* threads.

    Args:
        work: takes the number of the thread, from 0, and what it is to call when it has got something to do: the next
            thread is started then.
    """

    def __init__(self, work: Callable[[int, Callable[[], None]], None], most: int, waiter: Waiter) -> None:
        self._work = work
        self._waiter = waiter
        self._lock = Lock()  # for all below
        self._most = most
        self._threads: list[Thread] = []
        self._running = 0
        self._error: BaseException | None = None

    @property
    def count(self) -> int:
        """How many there can be: fewer than were wanted where the system gives no more."""
        return self._most

    def run(self, end: Callable[[], None]) -> bool:
        """
        Do all of it; False: nothing is done, since the system gives no thread.

        Args:
            end: is called when no more is to be done: it has threads end that wait for something.

        Raises what *work* raised first, and what `Waiter.wait` raises.
        """
        if not self._start():
            return False
        try:
            self._waiter.wait({})
        except RunOver:
            pass
        finally:
            end()
            self._waiter.end()
            deadline = time.monotonic() + _SECONDS_TO_END
            for thread in self._threads:
                thread.join(max(0, deadline - time.monotonic()))
        if self._error is not None:
            raise self._error
        return True

    def _start(self) -> bool:
        """Start the next thread, if there may be one; return whether there is any."""
        with self._lock:
            if len(self._threads) >= self._most:
                return True
            number = len(self._threads)
            thread = Thread(target=self._run, args=(number,), daemon=True)
            # Signals are for the thread that runs the job.
            mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            try:
                thread.start()
            except RuntimeError:
                self._most = len(self._threads)
                return self._most > 0
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            self._threads.append(thread)
            self._running += 1
            return True

    def _run(self, number: int) -> None:
        try:
            self._work(number, lambda: self._start_after(number))
        except RunOver:
            pass
        except BaseException as error:  # noqa: BLE001 (it is raised where the run is)
            with self._lock:
                self._error = self._error or error
            self._waiter.end()
        with self._lock:
            self._running -= 1
            is_last = not self._running
        if is_last:
            self._waiter.end()

    def _start_after(self, number: int) -> None:
        if number + 1 == len(self._threads):
            self._start()
