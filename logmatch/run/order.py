"""
Order: parts are written in the order of their tasks, by the threads that bring them. Nothing is sorted.

Only steps of the oldest task are written, and by one thread at a time: usually by the worker that made them, so that
records are still in the cache of its core. What comes too early is put aside, and the worker goes on with another task;
who writes takes it along when its turn has come. So no thread is needed that only writes, and memory is bounded: when
`_ASIDE` parts a worker are put aside, who has another waits. The worker of the oldest task never waits for anything but
the writing of its own, so no deadlock is possible.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Condition

from logmatch.run.task import Step, Task
from logmatch.run.wait import RunOver
from logmatch.run.worker import Part

_ASIDE = 2  # parts a worker


class Order:
    """
    Brings the steps of tasks into order; threads share it.

    Args:
        write: takes the next part; what it raises ends the run.
        workers: how many there are.
    """

    def __init__(self, write: Callable[[Task, Part], None], workers: int) -> None:
        self._write = write
        self._most_aside = _ASIDE * workers
        self._condition = Condition()  # for all below
        self._oldest = 0  # the number of the oldest task that has not been written to its end
        self._aside: dict[int, deque[tuple[Task, Step]]] = {}  # steps that have not been written, by task
        self._aside_count = 0
        self._is_writing = False
        self._is_over = False

    @property
    def is_over(self) -> bool:
        """Whether nothing will be written any more."""
        return self._is_over

    def put(self, task: Task, step: Step) -> None:
        """
        Take the next *step* of *task*, and write what can be written by now, unless another thread is about to.

        Raises:
            RunOver: nothing is written any more.
            and what `write` raises, and what a task has ended with, its turn having come: the run is over then.
        """
        with self._condition:
            while not self._is_over and not self._has_room(task.number):
                self._condition.wait()
            if self._is_over:
                raise RunOver
            self._aside.setdefault(task.number, deque()).append((task, step))
            self._aside_count += 1
            if self._is_writing:
                return
            self._is_writing = True
        try:
            while (found := self._next()) is not None:
                self._write(*found)
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """Nothing is to be written any more; who waits is told."""
        with self._condition:
            self._is_over = True
            self._condition.notify_all()

    def _has_room(self, number: int) -> bool:
        if number == self._oldest:
            return not self._is_writing or len(self._aside.get(number, ())) < _ASIDE
        return self._aside_count < self._most_aside

    def _next(self) -> tuple[Task, Part] | None:
        """The next part to write; None if there is none yet: this thread does not write then any more."""
        with self._condition:
            while not self._is_over and (steps := self._aside.get(self._oldest)):
                task, step = steps.popleft()
                self._aside_count -= 1
                self._condition.notify_all()
                if isinstance(step, Part):
                    return task, step
                if step is not None:
                    raise step
                del self._aside[self._oldest]
                self._oldest += 1
            self._is_writing = False
            self._condition.notify_all()
            return None
