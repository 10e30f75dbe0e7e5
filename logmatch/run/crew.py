"""
Crew: who works on the tasks of a run, seen from the run: tasks are dealt to it, and what they became is collected.

A *task* is a chunk, or a range of a plain file. Results are collected in the order in which tasks were dealt, whoever
has worked on them. A crew is the process of the run itself (`OneWorker`) or a pool of others (`pool.Pool`).
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from logmatch.errors import InputError, LogmatchError, Place, WorkerError
from logmatch.input.chunk import STDIN, Chunk
from logmatch.input.ranges import PlainFile, Range, RangeReader
from logmatch.output.sink import Records, Sink
from logmatch.run.tally import Tally
from logmatch.run.worker import Worker, WorkerSpec

BUG_HINT = "please report this as a bug of logmatch, with these lines; another --engine may get over them"


@dataclass(slots=True)
class Task:
    """A chunk or a range that was dealt, less its data."""

    file: str
    file_index: int
    position: int
    first_line: int | None
    """None until the lines of the ranges before are counted."""
    line_count: int | None
    """None until they are counted."""
    part: Range | None = None
    is_numbered: bool = False
    """Whether the worker that has the range has been told the number of its first line."""

    @property
    def next_line(self) -> int | None:
        """The number of the line behind the last."""
        return None if self.first_line is None or self.line_count is None else self.first_line + self.line_count


class Done(NamedTuple):
    """A task and what became of it; see `worker.Result`."""

    task: Task
    output: Records
    unmatched: Records
    tally: Tally
    engine: str
    error: InputError | None = None
    """Why the range could not be read; then there are no records."""


class Relayed(NamedTuple):
    """How far a crew has come with a file that it has done by itself."""

    end: int
    """Where in the file its last range ended, in bytes."""
    next_line: int
    """The number of the first line that begins there."""
    engine: str
    error: InputError | None = None
    """Why the file could not be read from there on."""


Tell = Callable[[Tally, int], None]
"""Is told what has been written, and up to which byte of the file about."""


class Crew(Protocol):
    """Works on tasks; gives results in the order in which they were dealt. Leaving its context ends it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it, if it has not ended; what it wrote itself then ends with what was collected."""

    def write_to(self, sinks: Sequence[Sink]) -> None:
        """
        Here is where records are to go, before the first task: those of all lines, or of matched lines and of unmatched
        ones. A crew may write to them itself, in a `relay`.
        """

    def is_full(self) -> bool:
        """Whether a result must be collected before the next task is dealt."""

    def is_idle(self) -> bool:
        """Whether nothing is in flight."""

    def deal(self, chunk: Chunk, task: Task) -> None:
        """Take *chunk*; not when full."""

    def deal_range(self, file: PlainFile, part: Range, task: Task) -> None:
        """Take *part* of *file*; not when full. The ranges of a file are dealt in their order."""

    def can_relay(self, file: PlainFile, size: int) -> bool:
        """Whether `relay` is possible for *file* and worth it."""

    def relay(self, file: PlainFile, size: int, task: Task, tell: Tell) -> Relayed:
        """
        Do *file* from its beginning (*task*), all but a rest, in ranges of *size* bytes or fewer, and write the
        records; only when idle.
        """

    def abandon_relay(self) -> int:
        """End at once, since `relay` raised `GivenUp`; return how many records of the file stay written."""

    def collect(self) -> Done:
        """Wait for the oldest result in flight; not when idle."""

    def descriptors(self) -> list[int]:
        """What can be read when there is something for `take`."""

    def take(self, descriptor: int) -> bool:
        """Take what has come by one of `descriptors`; say whether the oldest result is there to be collected."""


class OneWorker:
    """A crew of this process alone: a task is done when it has been dealt."""

    def __init__(self, spec: WorkerSpec, max_line: int) -> None:
        self._worker = Worker(spec)
        self._reader = RangeReader(max_line)
        self._next_line = 1
        self._done: deque[Done] = deque()

    def __enter__(self) -> OneWorker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def write_to(self, sinks: Sequence[Sink]) -> None:
        """See `Crew.write_to`: it leaves that to the run."""

    def is_full(self) -> bool:
        return bool(self._done)

    def is_idle(self) -> bool:
        return not self._done

    def deal(self, chunk: Chunk, task: Task) -> None:
        try:
            result = self._worker.run(chunk)
        except LogmatchError:
            raise
        except Exception as error:
            raise failure(unexpected(error), BUG_HINT, task) from error
        self._done.append(Done(task, result.output, result.unmatched, result.tally, self._worker.engine_name))

    def deal_range(self, file: PlainFile, part: Range, task: Task) -> None:
        if task.first_line is not None:
            self._next_line = task.first_line
        for chunk in self._reader.read(file, part):
            numbered = replace(chunk, first_line=self._next_line)
            self._next_line += chunk.line_count
            self.deal(numbered, replace(task, first_line=numbered.first_line, line_count=chunk.line_count))

    def can_relay(self, file: PlainFile, size: int) -> bool:
        return False

    def relay(self, file: PlainFile, size: int, task: Task, tell: Tell) -> Relayed:
        raise AssertionError("there is nobody to share it with")

    def abandon_relay(self) -> int:
        return 0

    def collect(self) -> Done:
        return self._done.popleft()

    def descriptors(self) -> list[int]:
        return []

    def take(self, descriptor: int) -> bool:
        raise AssertionError(f"nothing comes by {descriptor}")


def failure(sentence: str, hint: str, task: Task) -> WorkerError:
    """The error that ends the run at *task*."""
    if task.first_line is None:
        assert task.part is not None, "the lines of a chunk have numbers"
        lines = f"bytes {task.part.start} to {task.part.end} were"
    elif task.line_count is None:
        lines = f"lines from {task.first_line} on were"
    elif task.line_count == 1:
        lines = f"line {task.first_line} was"
    else:
        lines = f"lines {task.first_line} to {task.first_line + task.line_count - 1} were"
    place = Place("stdin" if task.file == STDIN else task.file, task.first_line)
    return WorkerError(f"{sentence}; {lines} not done, nor what follows", place=place, hint=hint)


def unexpected(error: Exception) -> str:
    """What *error*, a bug, says and where it happened."""
    import traceback

    frame = traceback.extract_tb(error.__traceback__)[-1]
    message = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"a worker failed with {message} ({os.path.basename(frame.filename)}:{frame.lineno})"
