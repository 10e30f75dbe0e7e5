"""
Terminal: what a person sees: messages, progress and summary on stderr, results on stdout.

Everything that is written here is safe for a terminal, wherever its texts come from (`errors.printable`). Only the bar
of progress is drawn by rich, which no other run imports.
"""

from __future__ import annotations

import enum
import os
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Self

from logmatch.errors import PROGRAM, OutputClosedError, UsageError, printable_json, printable_lines, reason_of
from logmatch.wording import share_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from logmatch.errors import InputError
    from logmatch.run.job import Job
    from logmatch.run.tally import Tally

SECONDS_BETWEEN_DRAWINGS = 0.2

WIDTH_OF_FILES = 120
"""Columns of what goes to a file or a pipe."""


class Destination(enum.Enum):
    """Where records go, as far as that decides what may be shown beside them."""

    FILE = "file"
    """Nobody looks at them meanwhile."""
    TERMINAL = "terminal"
    """They are on the screen themselves."""
    READER = "reader"
    """Another program has them, which may own the screen: `less`, `jq`."""


def destination_of(path: str) -> Destination:
    """Where the output *path* leads; "-" is stdout."""
    try:
        mode = (os.fstat(1) if path == "-" else os.stat(path)).st_mode
    except (OSError, ValueError):
        return Destination.FILE  # it will be made, or opening it will tell
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        return Destination.READER
    return Destination.TERMINAL if path == "-" and is_terminal(1) else Destination.FILE


def console(*, stderr: bool = True) -> Console:
    """The console on stderr or stdout; rich leaves colour off for NO_COLOR, and control sequences too for TERM=dumb."""
    from rich.console import Console

    # What is no terminal has no width; the 80 columns that rich takes it for would cut tables.
    width = None if is_terminal(2 if stderr else 1) else WIDTH_OF_FILES
    return Console(stderr=stderr, highlight=False, width=width)


class Observer:
    """
    Shows how a run goes: errors of inputs when they come, and a progress bar where one is wanted. It is a
    `pipeline.ProgressListener`.

    The bar shows bytes, lines per second, the share of matched lines and the time left. It is drawn when something has
    been written, and not by a thread of its own: the pipeline forks.
    """

    def __init__(self, job: Job, *, shows_progress: bool) -> None:
        self._sizes = [source.size for source in job.inputs]
        self._started = time.monotonic()
        self._next = 0.0
        self._progress: Progress | None = None
        if shows_progress:
            self._progress, self._task = _progress_bar(self._sizes)

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def progress(self, tally: Tally, position: int, file_index: int) -> None:
        """See `pipeline.ProgressListener`."""
        now = time.monotonic()
        if self._progress is None or now < self._next:
            return
        self._next = now + SECONDS_BETWEEN_DRAWINGS
        before = sum(size or 0 for size in self._sizes[:file_index])
        rate = tally.lines / max(now - self._started, 1e-6)
        self._progress.update(
            self._task,
            completed=before + position,
            rate=f"{rate:,.0f} lines/s",
            share=f"{share_of(tally.matched_share)} matched",
        )
        self._progress.refresh()

    def input_failed(self, error: InputError) -> None:
        """See `pipeline.ProgressListener`."""
        if self._progress is not None:
            self._progress.console.print(f"{PROGRAM}: {error}", markup=False, soft_wrap=True)
        else:
            say(f"{PROGRAM}: {error}")


def _progress_bar(sizes: Sequence[int | None]) -> tuple[Progress, TaskID]:
    """A bar for inputs of these sizes in bytes; None: not known beforehand, so that no time left can be told."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    known = [size for size in sizes if size is not None]
    is_known = len(known) == len(sizes)
    progress = Progress(
        BarColumn(bar_width=30),
        DownloadColumn(binary_units=True),
        TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[share]}"),
        TimeRemainingColumn(compact=True) if is_known else TimeElapsedColumn(),
        TextColumn("left" if is_known else "so far"),
        console=console(),
        auto_refresh=False,
        transient=True,
    )
    return progress, progress.add_task("", total=sum(known) if is_known else None, rate="", share="")


def is_terminal(descriptor: int) -> bool:
    """Whether the file descriptor is one."""
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def say(text: str) -> None:
    """Write a message of the program to stderr; a closed stderr is not an error."""
    try:
        sys.stderr.write(printable_lines(text) + "\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return


def write(text: str) -> None:
    """Write *text* to stdout; what its encoding cannot say is written as "?"."""
    sys.stdout.flush()
    sys.stdout.buffer.write(printable_lines(text).encode(sys.stdout.encoding or "utf-8", "replace"))
    sys.stdout.buffer.flush()


def write_file(path: str, text: str) -> None:
    """Write *text* to the file *path*; "-" is stdout."""
    if path == "-":
        write(text)
    else:
        _write_bytes(path, text.encode("utf-8", "replace"))


def _write_bytes(path: str, data: bytes) -> None:
    try:
        with _no_signal_between() if os.path.isfile(path) else nullcontext(), open(path, "wb") as file:
            file.write(data)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {reason_of(error)}") from None


@contextmanager
def _no_signal_between() -> Iterator[None]:
    """In the block no signal is handled: one between emptying a file and writing it would leave it empty."""
    import signal

    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def write_json_line(value: object) -> None:
    """Write *value* as JSON to stdout, in one line."""
    import orjson

    write(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE).decode())


def write_json(path: str, value: object) -> None:
    """Write *value* as indented JSON to the file *path*; "-" is stdout."""
    import orjson

    text = printable_json(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    if path == "-":
        try:
            sys.stdout.buffer.write(text)
            sys.stdout.flush()
        except BrokenPipeError:
            raise OutputClosedError("the reader of stdout has gone away") from None
        return
    _write_bytes(path, text)
