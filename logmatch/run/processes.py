"""
Processes: a pool of worker processes for engines that need the GIL, the parent's side.

Each process (`worker_process`) has one connection, and a thread of the parent, which sends it a task and receives the
parts. That waits with `wait.Waiter`, so an interrupt ends it.
"""

from __future__ import annotations

import select
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from logmatch.errors import LogmatchError
from logmatch.input.framing import Chunk
from logmatch.interrupt import Interrupt, WorkStopped, milliseconds_until
from logmatch.run.ipc import Channel
from logmatch.run.task import BUG_HINT, MEMORY_HINT, Fault, WorkFailed
from logmatch.run.wait import Waiter
from logmatch.run.worker import Part, Spaces, Worker, WorkerSpec
from logmatch.run.worker_process import SIGNALS, Limit, ReportedPart, describe, worker_main

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

_SECONDS_TO_END = 1.0  # for a worker that has been told to, until it is killed

_SECONDS_TO_WRITE = 0.3  # how long before an interrupt's grace ends a process gives what it has


class ProcessPool:
    """
    Worker processes.

    Args:
        most: how many are wanted; if the system gives fewer, these do the work.
        start_method: how `multiprocessing` starts processes; None: its default.
        waiter: how they are waited for; no process holds its descriptors open.

    Raises:
        OSError: the system gives no process.
    """

    def __init__(
        self, spec: WorkerSpec, most: int, start_method: str | None, waiter: Waiter, interrupt: Interrupt
    ) -> None:
        self._waiter = waiter
        self._interrupt = interrupt
        self.workers: list[ProcessWorker] = []
        try:
            self._start(spec, most, start_method)
        except OSError:
            if not self.workers:
                raise
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End all processes; one that is at work is killed."""
        for worker in self.workers:
            worker.hang_up()
        deadline = time.monotonic() + _SECONDS_TO_END
        for worker in self.workers:
            worker.end(deadline)
        self.workers = []

    def _start(self, spec: WorkerSpec, most: int, start_method: str | None) -> None:
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
            for _ in range(most):
                ours, theirs = socket.socketpair()
                try:
                    others = [worker.fileno() for worker in self.workers]
                    inherited = [*self._waiter.descriptors, *others, ours.fileno()]
                    arguments = (theirs, worker, inherited if forks else [])
                    process = context.Process(target=worker_main, args=arguments, daemon=True)
                    process.start()
                except BaseException:
                    ours.close()
                    raise
                finally:
                    theirs.close()
                self.workers.append(ProcessWorker(process, ours, self._waiter, self._interrupt))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)


class ProcessWorker:
    """A process of the pool; a `task.PartMaker`."""

    def __init__(self, process: BaseProcess, connection: socket.socket, waiter: Waiter, interrupt: Interrupt) -> None:
        self._process = process
        self._channel = Channel(connection, self._wait)
        self._waiter = waiter
        self._interrupt = interrupt
        self._is_at_work = False
        self._is_limited = False  # whether it has been told when parts are of no use any more

    def fileno(self) -> int:
        """The descriptor of its connection."""
        return self._channel.fileno()

    def parts(self, chunks: Sequence[Chunk], spaces: Spaces, should_stop: Callable[[], bool]) -> Iterator[Part]:
        """See `worker.Worker.parts`. The process knows by itself when to stop; parts need no space of *spaces*."""
        self._is_at_work = True
        try:
            rows = [chunk.data for chunk in chunks if chunk.entries is None]
            self._channel.send([describe(chunk) for chunk in chunks], rows)
            while True:
                said, output, unmatched = self._channel.receive()
                if not isinstance(said, ReportedPart):
                    break
                yield Part(output, unmatched, said.tally, said.chunks_done, said.lines_done, None)
        except EOFError:
            raise WorkFailed(self._death()) from None
        self._is_at_work = False
        if said.is_stopped:
            raise WorkStopped
        if isinstance(said.fault, LogmatchError):
            raise said.fault
        if said.fault is not None:
            raise WorkFailed(said.fault)

    def hang_up(self) -> None:
        """It is wanted no more; see `end`."""
        self._channel.close()
        if self._is_at_work:
            self._process.kill()

    def end(self, deadline: float) -> None:
        """Wait for its end, until *deadline*: then it is killed."""
        if not self._has_ended_by(deadline):
            self._process.kill()
        self._process.join()
        self._process.close()

    def _wait(self, descriptor: int, events: int) -> None:
        """Wait for the process; after an interrupt it learns how long."""
        if not self._interrupt.requested:
            self._waiter.wait({descriptor: events}, until_deadline=False)
            return
        if events == select.POLLIN and not self._is_limited:  # not in the middle of another message
            self._is_limited = True
            self._channel.send(Limit(self._interrupt.deadline - _SECONDS_TO_WRITE - time.monotonic()))
        self._waiter.wait({descriptor: events})

    def _death(self) -> Fault:
        """What the process has died of."""
        status = None
        if self._has_ended_by(time.monotonic() + _SECONDS_TO_END):
            self._process.join()
            status = self._process.exitcode
        if status is None:
            return Fault("a worker process has closed its connection", BUG_HINT)
        if status >= 0:
            return Fault(f"a worker process ended with status {status}", BUG_HINT)
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        hint = MEMORY_HINT if status == -signal.SIGKILL else BUG_HINT
        return Fault(f"a worker process was killed by {name}", hint)

    def _has_ended_by(self, deadline: float) -> bool:
        """Wait until the process ends, or until *deadline*; `join` with a timeout would import much for that."""
        poll = select.poll()
        poll.register(self._process.sentinel, select.POLLIN)
        return bool(poll.poll(milliseconds_until(deadline)))
