"""
Relay: how workers share a large plain file and write to files, without a word to the parent for each range.

All that they have to agree on stands on a board of numbers in shared memory (`_board`): which range is taken next, how
many lines there are before a range, and whose turn it is to write. A worker takes a range, reads it, counts its lines,
waits for the number of its first line and passes on that of the next, matches, waits for its turn, writes and passes
the turn on. Ranges are taken in their order, so whoever is waited for is at work: no deadlock is possible.

The *barrier* is the first range that will not be done: the end of the relay; or where the parent ends it, which it does
when a range could not be done, when a worker has died and when the run is interrupted. Ranges before it are done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from logmatch.errors import LogmatchError
from logmatch.input.ranges import PlainFile, Range, RangeReader
from logmatch.output.sink import Sink
from logmatch.run.crew import unexpected
from logmatch.run.job import MOST_WORKERS
from logmatch.run.tally import Tally
from logmatch.run.worker import Worker

if TYPE_CHECKING:
    from logmatch.run._board import Board

# Places on the board.
NEXT = 0
"""The range that is taken next, from 0."""
BARRIER = 1
COUNTED = 2
"""The range of whose first line the number is known, ..."""
LINE = 3
"""... and that number."""
WRITTEN = 4
"""The range whose turn it is to be written: all before are, ..."""
LINES = 5
"""... and they had so many lines, ..."""
MATCHED = 6
"""... of which so many matched; ..."""
ENDS = 7
"""... and their records end at these two places of the outputs, in bytes."""
TAKEN = 9
"""From here on, for each worker, which range it has taken last."""

BOARD_SIZE = 8 * (TAKEN + MOST_WORKERS)
"""Bytes of a board."""

RELAY_SIZE = 1024 * 1024
"""Bytes of a range, at most."""

REST_SIZE = 64 * 1024
"""Bytes of a file that are left when the relay ends, about: what is in them depends on where the file ends by then."""

LEAST_RANGES = 4
"""For each worker: with fewer, a relay is not worth it."""

REPORT_SECONDS = 0.1
"""How often a worker reports what it has done."""


class Relay(NamedTuple):
    """An order to a worker: take part in the relay over a file, whose descriptor it has."""

    place: int
    """Which of the workers it is, from 0."""
    start: int
    """Where the first range begins, in bytes."""
    size: int
    """Of each range but the last, in bytes."""
    end: int
    """Where the last range ends, in bytes; the file goes on there."""


class Progress(NamedTuple):
    """From a worker: what it has written since it last reported."""

    tally: Tally


class Finished(NamedTuple):
    """From a worker: it has left the relay."""

    tally: Tally
    """What it has written since it last reported."""
    engine: str
    failure: LogmatchError | str | None = None
    """Why its last range was not done, if so: an error; a text for a bug."""
    number: int = 0
    """Which range that was, ..."""
    first_line: int | None = None
    """... and the number of its first line, if that was known, ..."""
    line_count: int | None = None
    """... and how many lines it has, if they were counted."""


def take_part(
    relay: Relay,
    file: PlainFile,
    board: Board,
    worker: Worker,
    reader: RangeReader,
    sinks: Sequence[Sink],
    report: Callable[[Progress], None],
) -> Finished:
    """Do ranges for as long as there are any."""
    tally = Tally()
    reported = time.monotonic()
    while True:
        number = board.take(NEXT)
        board[TAKEN + relay.place] = number
        if number >= board[BARRIER]:
            break
        first_line = line_count = None
        start = relay.start + number * relay.size
        part = Range(start, min(start + relay.size, relay.end), is_last=False)
        try:
            chunks = reader.read(file, part)
            line_count = sum(chunk.line_count for chunk in chunks)
            if not board.wait(COUNTED, number, BARRIER):
                break
            first_line = board[LINE]
            board[LINE] = first_line + line_count
            board[COUNTED] = number + 1
            line = first_line
            written = Tally()
            for index, chunk in enumerate(chunks):
                result = worker.run(replace(chunk, first_line=line))
                line += chunk.line_count
                if index == 0 and not board.wait(WRITTEN, number, BARRIER):
                    return Finished(tally, worker.engine_name)
                # Without a file of their own, records of unmatched lines stand in the output or do not exist.
                for sink, records in zip(sinks, (result.output, result.unmatched), strict=False):
                    sink.write(records)
                written.add(result.tally)
            if not chunks and not board.wait(WRITTEN, number, BARRIER):
                break
            _pass_turn_on(board, number, written, sinks)
            tally.add(written)
        except LogmatchError as error:
            return Finished(tally, worker.engine_name, error, number, first_line, line_count)
        except Exception as error:  # noqa: BLE001 (a bug; in the parent it becomes a WorkerError)
            return Finished(tally, worker.engine_name, unexpected(error), number, first_line, line_count)
        now = time.monotonic()
        if now - reported >= REPORT_SECONDS:
            report(Progress(tally))
            tally, reported = Tally(), now
    return Finished(tally, worker.engine_name)


def _pass_turn_on(board: Board, number: int, written: Tally, sinks: Sequence[Sink]) -> None:
    """The records of range *number* are written: the turn is that of the next."""
    board[LINES] += written.lines
    board[MATCHED] += written.matched
    for place, sink in enumerate(sinks, ENDS):
        board[place] = sink.position
    board[WRITTEN] = number + 1


def open_board(descriptor: int) -> Board | None:
    """The board in the shared memory *descriptor*; None where it was not compiled (see `engine`)."""
    import mmap

    try:
        from logmatch.run._board import Board
    except ImportError:
        return None
    return Board(mmap.mmap(descriptor, BOARD_SIZE))


def set_up(board: Board, count: int, ends: Sequence[int]) -> None:
    """Set up *board* for a relay over *count* ranges, before it begins; *ends* are the places of the outputs."""
    for place in range(len(board)):
        board[place] = 0
    board[BARRIER] = count
    board[LINE] = 1
    for place, end in enumerate(ends, ENDS):
        board[place] = end
