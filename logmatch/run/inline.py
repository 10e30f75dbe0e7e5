"""Inline: an executor that works in the thread of the run itself, a part at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from logmatch.errors import LogmatchError
from logmatch.input.framing import Buffers
from logmatch.interrupt import WorkStopped
from logmatch.run.executor import Done, Task, failure, fault_of
from logmatch.run.wait import GraceExpired
from logmatch.run.worker import Part, Spaces, Worker, WorkerSpec


class InlineExecutor:
    """See `executor.Executor`. *should_stop* says whether the rest of a task is to be left."""

    workers = 1

    def __init__(self, spec: WorkerSpec, buffers: Buffers, should_stop: Callable[[], bool]) -> None:
        self._worker = Worker(spec)
        self._buffers = buffers
        self._should_stop = should_stop
        self._spaces = Spaces()
        self._task: Task | None = None
        self._parts: Iterator[Part] = iter(())
        self._space: memoryview | None = None

    @property
    def is_full(self) -> bool:
        return self._task is not None

    @property
    def is_idle(self) -> bool:
        return self._task is None

    def submit(self, task: Task) -> None:
        self._task = task
        self._parts = self._worker.parts(task.chunks, self._spaces, self._should_stop)

    def next_part(self) -> Done | None:
        task = self._task
        if task is None:
            return None
        self._spaces.give_back(self._space)
        self._space = None
        try:
            part = next(self._parts, None)
        except LogmatchError:
            raise
        except WorkStopped:
            raise GraceExpired from None
        except Exception as error:
            fault = fault_of(error)
            raise failure(fault.message, fault.hint, task) from error
        if part is None:
            for chunk in task.chunks:
                self._buffers.give_back(chunk.buffer)
            self._task = None
            return None
        task.advance(part)
        self._space = part.space
        return Done(task, part)

    def descriptors(self) -> Mapping[int, int]:
        return {}

    def close(self) -> None:
        self._task = None
