"""
Display: progress and summary as a person sees them, on stderr.

The only module besides `bench` that draws with rich; a run whose stderr is no terminal and that was not asked for
either never imports it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from logmatch.errors import PROGRAM, OutputClosedError, UsageError
from logmatch.wording import count

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from logmatch.errors import InputError
    from logmatch.run.job import Job
    from logmatch.run.tally import Summary, Tally

SECONDS_BETWEEN_DRAWINGS = 0.2

WIDTH_OF_FILES = 120
"""Columns of what goes to a file or a pipe."""


def console(*, stderr: bool = True) -> Console:
    """The console on stderr or stdout; rich leaves colour off for NO_COLOR, and control sequences too for TERM=dumb."""
    from rich.console import Console

    # What is no terminal has no width; the 80 columns that rich takes it for would cut tables.
    width = None if is_terminal(2 if stderr else 1) else WIDTH_OF_FILES
    return Console(stderr=stderr, highlight=False, width=width)


class Observer:
    """
    Shows how a run goes: errors of inputs when they come, and a progress bar where one is wanted (`pipeline.Observer`).

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
        """See `pipeline.Observer`."""
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
            share=f"{_share(tally.matched_share)} matched",
        )
        self._progress.refresh()

    def input_failed(self, error: InputError) -> None:
        """See `pipeline.Observer`."""
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


def show_summary(summary: Summary) -> None:
    """Write the summary to stderr."""
    from rich.table import Table

    out = console()
    share = f" ({_share(summary.matched_share)})" if summary.lines else ""
    out.print(
        f"{count(summary.lines, 'line')} in {_duration(summary.seconds)}: "
        f"{summary.matched:,} matched{share}, {summary.unmatched:,} unmatched",
        markup=False,
        soft_wrap=True,
    )
    out.print(
        f"{summary.lines_per_second:,.0f} lines/s, {summary.megabytes_in_per_second:,.1f} MB/s in, "
        f"{summary.megabytes_out_per_second:,.1f} MB/s out, with {count(summary.workers, 'worker')} "
        f"and the {summary.engine} engine",
        markup=False,
        soft_wrap=True,
    )
    for sentence in _remarks(summary):
        out.print(sentence, markup=False, soft_wrap=True)
    if summary.top_templates:
        table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
        table.add_column(
            f"most frequent of {summary.templates_used:,} used (of {count(summary.templates, 'template')})"
        )
        table.add_column("lines", justify="right")
        table.add_column("share", justify="right")
        for id_, lines in summary.top_templates:
            table.add_row(_plain(id_), f"{lines:,}", f"{lines / summary.lines:.1%}")
        out.print(table)


def _remarks(summary: Summary) -> list[str]:
    remarks = []
    if summary.too_long:
        remarks.append(f"{count(summary.too_long, 'line')} longer than --max-line, not matched")
    if summary.replaced:
        remarks.append(f"{summary.replaced:,} U+FFFD written in place of bytes that are not UTF-8")
    for id_, name, lines in summary.slow_fields:
        remarks.append(
            f"template {id_!r}: the regular expression of field {name!r} took too long on {count(lines, 'line')}"
        )
    return remarks


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _share(share: float) -> str:
    """*share* (0 to 1) in percent; less than all is never rounded to 100 %."""
    return f"{share if share == 1 else min(share, 0.999):.1%}"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"


def is_terminal(descriptor: int) -> bool:
    """Whether the file descriptor is one."""
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def say(text: str) -> None:
    """Write a message of the program to stderr, as it is; a closed stderr is not an error."""
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return


def write(text: str) -> None:
    """Write *text* to stdout."""
    sys.stdout.write(text)
    sys.stdout.flush()


def write_json(path: str, value: object) -> None:
    """Write *value* as indented JSON to the file *path*; "-" is stdout."""
    import orjson

    text = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if path == "-":
        try:
            sys.stdout.buffer.write(text)
            sys.stdout.flush()
        except BrokenPipeError:
            raise OutputClosedError("the reader of stdout has gone away") from None
        return
    try:
        with open(path, "wb") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {(error.strerror or str(error)).lower()}") from None
