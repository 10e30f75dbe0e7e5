"""
Executor: who works on the chunks of a run, seen from the run: chunks are submitted, parts of their results come back.

A *task* is some chunks that go to one worker together. A *part* (`worker.Part`) is some of the records that a task
becomes: what a worker holds is bounded in bytes of records, whatever the chunk. Parts come in the order in which tasks
were submitted, whoever has worked on them, since only those of the oldest task are taken; so nothing is ever sorted.

There are three executors: `inline` works in the thread of the run, `threads` in threads of this process (the native
engine holds no GIL), `processes` in other processes (engines in Python do).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from logmatch.errors import Location, WorkerError
from logmatch.input.framing import Chunk
from logmatch.input.resolve import STDIN
from logmatch.run.worker import Part

BUG_HINT = "please report this as a bug of logmatch, with these lines; another --engine may get over them"
MEMORY_HINT = "the system may have run out of memory: use fewer --workers or a smaller --chunk-size"

IN_FLIGHT = 3
"""Tasks for each worker: one in work, one to begin with at once, one that is being written."""


@dataclass(slots=True)
class Task:
    """Some chunks that go to one worker together, and how far it has come with them."""

    chunks: Sequence[Chunk]
    file_indices: Sequence[int]
    """Which of the job's inputs each chunk belongs to, from 0."""
    chunks_done: int = 0
    """How many chunks have come back whole."""
    lines_done: int = 0
    """How many lines have come back of the chunk after those."""

    def advance(self, part: Part) -> None:
        """*part* has come back."""
        self.chunks_done, self.lines_done = part.chunks_done, part.lines_done


class Done(NamedTuple):
    """A part of what a task became."""

    task: Task
    part: Part


class Executor(Protocol):
    """Works on tasks; see the module."""

    @property
    def workers(self) -> int:
        """How many work."""

    @property
    def is_full(self) -> bool:
        """Whether parts must be taken before the next task is submitted."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in flight."""

    def submit(self, task: Task) -> None:
        """Take *task*; not when full."""

    def next_part(self) -> Done | None:
        """
        The next part, or None if it is not there yet. A part is valid until the next call.

        Raises the error that ends the run at this place.
        """

    def descriptors(self) -> Mapping[int, int]:
        """What to wait for until `next_part` may have something: descriptor -> what `poll` is to look for."""

    def close(self) -> None:
        """End all work, and wait for its end; what is in flight is lost. Idempotent."""


def failure(message: str, hint: str, task: Task) -> WorkerError:
    """The error that ends the run at *task*, after what has come back of it."""
    chunk = task.chunks[min(task.chunks_done, len(task.chunks) - 1)]
    first = chunk.first_line + task.lines_done
    last = chunk.first_line + chunk.line_count - 1
    lines = f"line {first} was" if first >= last else f"lines {first} to {last} were"
    location = Location("stdin" if chunk.file == STDIN else chunk.file, first)
    return WorkerError(f"{message}; {lines} not done, nor what follows", location=location, hint=hint)


class Fault(NamedTuple):
    """Something that should not have happened while a task was worked on, in words."""

    message: str
    hint: str


def fault_of(error: Exception) -> Fault:
    """What *error*, a bug or a lack of memory, says and where it happened."""
    import traceback

    if isinstance(error, MemoryError):
        return Fault("a worker has run out of memory", MEMORY_HINT)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    message = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return Fault(f"a worker failed with {message} ({os.path.basename(frame.filename)}:{frame.lineno})", BUG_HINT)
