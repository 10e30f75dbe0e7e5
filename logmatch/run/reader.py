"""Reader: the inputs of a job as tasks, in their order. Workers take tasks in turn; who takes one, reads it."""

from __future__ import annotations

import select
from collections.abc import Callable, Generator
from contextlib import closing
from threading import Lock

from logmatch.errors import InputError
from logmatch.input.chunk import read_chunks
from logmatch.input.framing import Buffers, Chunk
from logmatch.input.resolve import Input
from logmatch.interrupt import Interrupt
from logmatch.run.job import Job
from logmatch.run.stage import Stage, ended, make_stages, through
from logmatch.run.task import Task
from logmatch.run.wait import Waiter

_TASK_BYTES = 64 * 1024
"""Chunks smaller than this go to a worker together: what a task costs is then little beside its lines."""

_TASK_CHUNKS = 64

_SECONDS_TO_CLOSE = 0.3  # for a thread that reads from what does not answer


class TaskReader:
    """
    Reads; threads share it.

    Args:
        waiter: how input is waited for.
        failed: is told of each input that could not be read to its end; the next is read then.
    """

    def __init__(
        self, job: Job, buffers: Buffers, interrupt: Interrupt, waiter: Waiter, failed: Callable[[InputError], None]
    ) -> None:
        self._job = job
        self._buffers = buffers
        self._interrupt = interrupt
        self._waiter = waiter
        self._failed = failed
        self._lock = Lock()  # for all below
        self._tasks = self._read_inputs()
        self._number = 0  # of the next task
        self._gathered: list[tuple[Chunk, int]] = []  # chunks of the next task, and of which inputs they are
        self._gathered_bytes = 0
        self._task_bytes = min(_TASK_BYTES, job.chunk_size)
        self.left_out = 0
        """How many lines of the inputs are in no task."""

    def next_task(self) -> Task | None:
        """
        The next task, which may have to be waited for; None after the last, and soon after an interrupt.

        Raises what `wait.Waiter.wait` raises.
        """
        with self._lock:
            return next(self._tasks, None)

    def give_back(self, task: Task) -> None:
        """Nobody will look at the lines of *task* again."""
        for chunk in task.chunks:
            self._buffers.give_back(chunk.buffer)

    def close(self) -> None:
        """Close what is open."""
        if self._lock.acquire(timeout=_SECONDS_TO_CLOSE):
            self._tasks.close()
            self._lock.release()

    def _read_inputs(self) -> Generator[Task, None, None]:
        for index, source in enumerate(self._job.inputs):
            try:
                yield from self._read(index, source)
            except InputError as error:
                self._failed(error)
            if self._interrupt.requested:
                break
        yield from self._gathered_task()

    def _read(self, index: int, source: Input) -> Generator[Task, None, None]:
        chunks = read_chunks(
            source,
            chunk_size=self._job.chunk_size_of(source),
            max_line=self._job.max_line,
            encoding=self._job.encoding,
            buffers=self._buffers,
            most_silent=None,
        )
        stages = self._stages()
        file: str | None = None
        with closing(chunks):
            try:
                for chunk in chunks:
                    if isinstance(chunk, Chunk):
                        if file is not None and chunk.file != file:  # the next member of an archive
                            yield from self._end(stages, index)
                            stages = self._stages()
                        file = chunk.file
                        for each in through(stages, chunk):
                            yield from self._gather(each, index)
                    elif chunk.descriptor is not None:
                        yield from self._gathered_task()
                        yield from self._wait(chunk.descriptor, stages, index)
                    else:
                        self._waiter.check()
                    if self._interrupt.requested:
                        return
            except InputError:
                yield from self._end(stages, index)
                raise
            yield from self._end(stages, index)

    def _stages(self) -> list[Stage]:
        job = self._job
        return make_stages(job.envelope, job.rules, engine=job.engine, max_line=job.max_line, buffers=self._buffers)

    def _wait(self, descriptor: int, stages: list[Stage], index: int) -> Generator[Task, None, None]:
        """Wait for more input; what is held back goes on when none has come for a while."""
        wanted = {descriptor: select.POLLIN}
        since = min((stage.held_since for stage in stages if stage.held_since is not None), default=None)
        if since is not None:
            deadline = since + self._job.multiline_idle
            if self._waiter.wait(wanted, until_deadline=False, deadline=deadline) or self._interrupt.requested:
                return
            for stage in stages:
                if stage.held_since is not None:
                    for chunk in stage.end():
                        yield from self._gather(chunk, index)
            yield from self._gathered_task()
        self._waiter.wait(wanted, until_deadline=False)

    def _end(self, stages: list[Stage], index: int) -> Generator[Task, None, None]:
        """The input has ended."""
        for chunk in ended(stages):
            yield from self._gather(chunk, index)
        self.left_out += sum(stage.left_out for stage in stages)

    def _gather(self, chunk: Chunk, index: int) -> Generator[Task, None, None]:
        if self._gathered_bytes + len(chunk.data) > self._task_bytes:
            yield from self._gathered_task()
        self._gathered.append((chunk, index))
        self._gathered_bytes += len(chunk.data)
        if self._gathered_bytes >= self._task_bytes or len(self._gathered) >= _TASK_CHUNKS:
            yield from self._gathered_task()

    def _gathered_task(self) -> Generator[Task, None, None]:
        """What has been gathered, if there is something."""
        if self._gathered:
            chunks, indices = zip(*self._gathered, strict=True)
            self._gathered = []
            self._gathered_bytes = 0
            self._number += 1
            yield Task(self._number - 1, chunks, indices)
