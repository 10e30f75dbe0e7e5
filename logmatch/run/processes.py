"""
Processes: an executor for engines that need the GIL: a pool of worker processes, the parent's side.

Each worker process (`worker_process`) has one connection. Tasks go out on it, parts come back, and the parent never
waits for one worker alone: what cannot be sent now is sent when that worker takes it, and of a worker whose task is not
the oldest only `_BYTES_AHEAD` bytes of records are received. The oldest task's are always received, so no deadlock is
possible.
"""

from __future__ import annotations

import select
import signal
import socket
import time
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from logmatch.errors import LogmatchError, WorkerError
from logmatch.input.framing import Buffers
from logmatch.interrupt import milliseconds_until
from logmatch.run.executor import BUG_HINT, IN_FLIGHT, MEMORY_HINT, Done, Task, failure
from logmatch.run.ipc import Channel
from logmatch.run.worker import Part, Worker, WorkerSpec
from logmatch.run.worker_process import SIGNALS, ReportedPart, describe, worker_main

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

_BYTES_AHEAD = 4 << 20
_SECONDS_TO_END = 1.0  # for a worker that has been told to, until it is killed


class ProcessExecutor:
    """
    See `executor.Executor`.

    Args:
        start_method: how `multiprocessing` starts processes; None: its default.
        descriptors: what no worker may hold open.

    Raises `OSError` where the system gives no process; if it gives fewer than *workers*, these do the work.
    """

    def __init__(
        self, spec: WorkerSpec, workers: int, buffers: Buffers, start_method: str | None, descriptors: list[int]
    ) -> None:
        self._buffers = buffers
        self._members: list[_Member] = []
        self._in_flight: deque[tuple[Task, _Member]] = deque()  # oldest first
        try:
            self._start(spec, workers, start_method, descriptors)
        except OSError:
            if not self._members:
                raise
        except BaseException:
            self.close()
            raise

    @property
    def workers(self) -> int:
        return len(self._members)

    @property
    def is_full(self) -> bool:
        return len(self._in_flight) >= IN_FLIGHT * len(self._members)

    @property
    def is_idle(self) -> bool:
        return not self._in_flight

    def submit(self, task: Task) -> None:
        member = min(self._members, key=lambda member: member.tasks)
        member.tasks += 1
        self._in_flight.append((task, member))
        member.channel.send([describe(chunk) for chunk in task.chunks], [chunk.data for chunk in task.chunks])

    def next_part(self) -> Done | None:
        while self._in_flight:
            task, member = self._in_flight[0]
            if not member.said:
                self._exchange()
            if not member.said:
                if member.has_gone:
                    raise self._death(task, member)
                return None
            said, output, unmatched = member.said.popleft()
            if isinstance(said, ReportedPart):
                member.held -= len(output) + len(unmatched)
                part = Part(output, unmatched, said.tally, said.chunks_done, said.lines_done, None)
                task.advance(part)
                return Done(task, part)
            if said.fault is not None:
                if isinstance(said.fault, LogmatchError):
                    raise said.fault
                raise failure(said.fault.message, said.fault.hint, task)
            for chunk in task.chunks:
                self._buffers.give_back(chunk.buffer)
            member.tasks -= 1
            self._in_flight.popleft()
        return None

    def descriptors(self) -> Mapping[int, int]:
        if not self._in_flight:
            return {}
        oldest = self._in_flight[0][1]
        wanted = {}
        for member in self._members:
            events = select.POLLIN if member is oldest or member.held < _BYTES_AHEAD else 0
            if member.channel.has_outgoing:
                events |= select.POLLOUT
            if events and not member.has_gone:
                wanted[member.channel.fileno()] = events
        return wanted

    def close(self) -> None:
        graceful = not self._in_flight
        for member in self._members:
            member.channel.close()
            if not graceful:
                member.process.kill()
        deadline = time.monotonic() + _SECONDS_TO_END
        for member in self._members:
            if not member.has_ended_by(deadline):
                member.process.kill()
            member.process.join()
            member.process.close()
        self._members.clear()
        self._in_flight.clear()

    def _exchange(self) -> None:
        """Send and receive what can be, without waiting."""
        oldest = self._in_flight[0][1]
        for member in self._members:
            member.channel.flush()
            try:
                while member is oldest or member.held < _BYTES_AHEAD:
                    message = member.channel.receive()
                    if message is None:
                        break
                    member.held += len(message.first) + len(message.second)
                    member.said.append(message)
                    if member is oldest:
                        break
            except EOFError:
                member.has_gone = True

    def _start(self, spec: WorkerSpec, workers: int, start_method: str | None, descriptors: list[int]) -> None:
        import multiprocessing

        context: Any = multiprocessing.get_context(start_method)
        forks = context.get_start_method() == "fork"
        # What is made before a fork is made once, and what it is made of is imported once.
        worker = Worker(spec) if forks else spec
        if not forks:
            from multiprocessing import resource_tracker

            resource_tracker.ensure_running()  # now: it would unblock the signals
        # Blocked until the new process says what they mean to it: it would treat them as this process does.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            for _ in range(workers):
                ours, theirs = socket.socketpair()
                try:
                    inherited = [*descriptors, *(member.channel.fileno() for member in self._members), ours.fileno()]
                    arguments = (theirs, worker, inherited if forks else [])
                    process = context.Process(target=worker_main, args=arguments, daemon=True)
                    process.start()
                except BaseException:
                    ours.close()
                    raise
                finally:
                    theirs.close()
                self._members.append(_Member(process, Channel(ours)))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def _death(self, task: Task, member: _Member) -> WorkerError:
        """The error for *task*, the oldest that the dead worker had: it may have died of the next, with this unsent."""
        status = None
        if member.has_ended_by(time.monotonic() + _SECONDS_TO_END):
            member.process.join()
            status = member.process.exitcode
        if status is None:
            return failure("a worker process has closed its connection", BUG_HINT, task)
        if status >= 0:
            return failure(f"a worker process ended with status {status}", BUG_HINT, task)
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        hint = MEMORY_HINT if status == -signal.SIGKILL else BUG_HINT
        return failure(f"a worker process was killed by {name}", hint, task)


class _Member:
    """A process of the pool. `said` is what has come from it and has not been taken, `held` its bytes of records."""

    def __init__(self, process: BaseProcess, channel: Channel) -> None:
        self.process = process
        self.channel = channel
        self.tasks = 0  # in flight
        self.said: deque[Any] = deque()  # messages: a ReportedPart or Finished, and the records
        self.held = 0
        self.has_gone = False

    def has_ended_by(self, deadline: float) -> bool:
        """Wait until the process ends, or until *deadline*; `join` with a timeout would import much for that."""
        poll = select.poll()
        poll.register(self.process.sentinel, select.POLLIN)
        return bool(poll.poll(milliseconds_until(deadline)))
