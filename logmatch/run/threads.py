"""
Threads: an executor for engines that work without the GIL, in threads of this process.

All share one engine, whose code is frozen; what a call writes to is its own. Chunks and records stay where they are:
a thread puts records into a space, from which the run writes them.

A thread whose task is not the oldest makes at most `_PARTS_AHEAD` parts and then waits until they are taken. The oldest
task's are always taken, so no deadlock is possible.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Condition, Event, Thread

from logmatch.errors import LogmatchError
from logmatch.input.framing import Buffers
from logmatch.interrupt import WorkStopped
from logmatch.run.executor import IN_FLIGHT, Done, Fault, Task, failure, fault_of
from logmatch.run.wait import GraceExpired
from logmatch.run.worker import Part, Spaces, Worker, WorkerSpec

_PARTS_AHEAD = 1
_SECONDS_TO_END = 0.3  # for all threads that have been told to; they look after each piece of lines


class ThreadExecutor:
    """
    See `executor.Executor`. The first thread is started at once, the others when there is work for them.

    Raises `RuntimeError` where the system gives no thread; if it gives fewer than *workers*, these do the work.
    """

    def __init__(self, spec: WorkerSpec, workers: int, buffers: Buffers, should_stop: Callable[[], bool]) -> None:
        self._spec = spec
        self._worker = Worker(spec)  # others share its engine
        self._most_threads = workers
        self._threads: list[Thread] = []
        self._buffers = buffers
        self._spaces = Spaces()
        self._space: memoryview | None = None
        self._stop = Event()
        self._should_stop = should_stop
        self._condition = Condition()  # for all below
        self._todo: deque[_Pending] = deque()
        self._in_flight: deque[_Pending] = deque()
        self._was_told = False  # whether the descriptor is readable
        self._descriptor, self._tell_descriptor = os.pipe()
        try:
            self._start_thread()
        except BaseException:
            self.close()
            raise

    @property
    def workers(self) -> int:
        return self._most_threads

    @property
    def is_full(self) -> bool:
        return len(self._in_flight) >= IN_FLIGHT * self._most_threads

    @property
    def is_idle(self) -> bool:
        return not self._in_flight

    def submit(self, task: Task) -> None:
        pending = _Pending(task)
        with self._condition:
            self._todo.append(pending)
            self._in_flight.append(pending)
            needs_thread = len(self._threads) < min(self._most_threads, len(self._in_flight))
            self._condition.notify_all()
        if needs_thread:
            self._start_thread()

    def next_part(self) -> Done | None:
        self._spaces.give_back(self._space)
        self._space = None
        with self._condition:
            if self._was_told:
                self._was_told = False
                os.read(self._descriptor, 1)
            while self._in_flight:
                oldest = self._in_flight[0]
                if not oldest.parts:
                    return None
                said = oldest.parts.popleft()
                if said is None:
                    for chunk in oldest.task.chunks:
                        self._buffers.give_back(chunk.buffer)
                    self._in_flight.popleft()
                    continue
                if isinstance(said, Part):
                    self._condition.notify_all()
                    oldest.task.advance(said)
                    self._space = said.space
                    return Done(oldest.task, said)
                if isinstance(said, Fault):
                    raise failure(said.message, said.hint, oldest.task)
                if isinstance(said, WorkStopped):
                    raise GraceExpired
                raise said
        return None

    def descriptors(self) -> Mapping[int, int]:
        return {self._descriptor: select.POLLIN} if self._in_flight else {}

    def close(self) -> None:
        if self._tell_descriptor < 0:
            return
        self._stop.set()
        with self._condition:
            self._condition.notify_all()
        deadline = time.monotonic() + _SECONDS_TO_END
        for thread in self._threads:
            thread.join(max(0, deadline - time.monotonic()))
        with self._condition:
            os.close(self._descriptor)
            os.close(self._tell_descriptor)
            self._tell_descriptor = -1

    def _start_thread(self) -> None:
        worker = Worker(self._spec, self._worker.engine) if self._threads else self._worker
        thread = Thread(target=self._work, args=(worker,), daemon=True)
        # Signals are the main thread's: one that waits there is to be woken by them.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            thread.start()
        except RuntimeError:
            self._most_threads = max(1, len(self._threads))
            if not self._threads:
                raise
        else:
            self._threads.append(thread)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def _work(self, worker: Worker) -> None:
        while (pending := self._next_task()) is not None:
            try:
                for part in worker.parts(pending.task.chunks, self._spaces, self._is_over):
                    self._deliver(pending, part)
            except (LogmatchError, WorkStopped) as error:
                self._deliver(pending, error)
            except Exception as error:  # noqa: BLE001 (a bug; in the run it becomes a WorkerError)
                self._deliver(pending, fault_of(error))
            else:
                self._deliver(pending, None)

    def _is_over(self) -> bool:
        return self._stop.is_set() or self._should_stop()

    def _next_task(self) -> _Pending | None:
        with self._condition:
            while not self._todo:
                if self._stop.is_set():
                    return None
                self._condition.wait()
            return None if self._stop.is_set() else self._todo.popleft()

    def _deliver(self, pending: _Pending, said: Part | LogmatchError | WorkStopped | Fault | None) -> None:
        with self._condition:
            while len(pending.parts) > _PARTS_AHEAD and not self._stop.is_set():
                self._condition.wait()
            pending.parts.append(said)
            if not self._was_told and self._in_flight[0] is pending and self._tell_descriptor >= 0:
                self._was_told = True
                with suppress(OSError):
                    os.write(self._tell_descriptor, b"\0")


class _Pending:
    """A task, and what its worker has said of it that has not been taken: parts, an error, or None for its end."""

    __slots__ = ("parts", "task")

    def __init__(self, task: Task) -> None:
        self.task = task
        self.parts: deque[Part | LogmatchError | WorkStopped | Fault | None] = deque()
