"""
Task: some chunks that go to one worker together, and what is said of it when it fails.

A *worker* makes parts of a task (`worker.Part`): what it holds is bounded in bytes of records, whatever the chunks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from logmatch.errors import Location, LogmatchError, WorkerError
from logmatch.input.framing import Chunk
from logmatch.input.resolve import STDIN
from logmatch.interrupt import WorkStopped
from logmatch.run.wait import GraceExpired
from logmatch.run.worker import Part, Spaces

BUG_HINT = "please report this as a bug of logmatch, with these lines; another --engine may get over them"
MEMORY_HINT = "the system may have run out of memory: use fewer --workers or a smaller --chunk-size"


@dataclass(slots=True)
class Task:
    """Some chunks that go to one worker together, and how far it has come with them."""

    number: int
    """From 0, in the order of the lines."""
    chunks: Sequence[Chunk]
    file_indices: Sequence[int]
    """Which of the job's inputs each chunk belongs to, from 0."""
    chunks_done: int = 0
    """How many chunks the worker has done."""
    lines_done: int = 0
    """How many lines it has done of the chunk after those."""


class PartMaker(Protocol):
    """What works on tasks: a `worker.Worker`, or one in another process."""

    def parts(self, chunks: Sequence[Chunk], spaces: Spaces, should_stop: Callable[[], bool]) -> Iterator[Part]:
        """See `worker.Worker.parts`."""


Step = Part | LogmatchError | GraceExpired | None
"""What comes of a task, one after the other: parts; then None, its end, or what the run ends with at this place."""


def steps(worker: PartMaker, task: Task, spaces: Spaces, should_stop: Callable[[], bool]) -> Iterator[Step]:
    """What comes of *task*, as *worker* makes it. The task says how far that is."""
    try:
        for part in worker.parts(task.chunks, spaces, should_stop):
            task.chunks_done, task.lines_done = part.chunks_done, part.lines_done
            yield part
    except WorkStopped:
        yield GraceExpired()
    except (LogmatchError, GraceExpired) as error:
        yield error
    except Exception as error:  # noqa: BLE001 (a bug, or a lack of memory)
        yield _failure(fault_of(error), task)
    else:
        yield None


class Fault(NamedTuple):
    """Something that should not have happened while a task was worked on, in words."""

    message: str
    hint: str


class WorkFailed(Exception):
    """A fault in another process, or of one."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def fault_of(error: Exception) -> Fault:
    """What *error*, a bug or a lack of memory, says and where it happened."""
    import traceback

    if isinstance(error, WorkFailed):
        return error.fault
    if isinstance(error, MemoryError):
        return Fault("a worker has run out of memory", MEMORY_HINT)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    message = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return Fault(f"a worker failed with {message} ({os.path.basename(frame.filename)}:{frame.lineno})", BUG_HINT)


def _failure(fault: Fault, task: Task) -> WorkerError:
    """The error that ends the run at *task*, after what has come of it."""
    chunk = task.chunks[min(task.chunks_done, len(task.chunks) - 1)]
    first = chunk.first_line + task.lines_done
    last = chunk.first_line + chunk.line_count - 1
    lines = f"line {first} was" if first >= last else f"lines {first} to {last} were"
    location = Location("stdin" if chunk.file == STDIN else chunk.file, first)
    return WorkerError(f"{fault.message}; {lines} not done, nor what follows", location=location, hint=fault.hint)
