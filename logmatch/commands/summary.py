"""Summary: what a run has counted, as a person reads it."""

from __future__ import annotations

import os
import re
import textwrap
import unicodedata
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from logmatch.commands.terminal import is_terminal, say
from logmatch.errors import printable
from logmatch.wording import count, share_of

if TYPE_CHECKING:
    from logmatch.run.tally import Summary

LEAST_FOR_RATE = 10_000
"""Lines below which a rate says nothing about the speed, unless they took a second."""

NAMED = 5
"""How many of the unused templates are named."""

_DERIVED = re.compile(r"t-[0-9a-f]{10}")
"""The id of a template that was given none; its pattern says more."""


def show_summary(summary: Summary, patterns: Mapping[str, str], *, in_full: bool = False) -> None:
    """
    Write the summary to stderr.

    Args:
        patterns: the patterns of templates, by id.
        in_full: name all unused templates.
    """
    width = _width()
    for line in lines_of(summary, patterns, width, in_full=in_full):
        line = printable(line)
        say(textwrap.fill(line, width - 1, break_on_hyphens=False) if is_terminal(2) and len(line) >= width else line)


def _width() -> int:
    """The columns of stderr."""
    try:
        return int(os.environ.get("COLUMNS", "")) or 80
    except ValueError:
        pass
    try:
        return (os.get_terminal_size(2).columns or 80) if is_terminal(2) else 100
    except OSError:
        return 100


def lines_of(summary: Summary, patterns: Mapping[str, str], width: int, *, in_full: bool = False) -> Iterator[str]:
    """The lines of the summary on *width* columns; only sentences may be longer."""
    share = f" ({share_of(summary.matched_share)})" if summary.lines else ""
    yield (
        f"{count(summary.lines, 'line')} in {_duration(summary.seconds)}: "
        f"{summary.matched:,} matched{share}, {summary.unmatched:,} unmatched"
        + (f", {summary.blank:,} blank" if summary.blank else "")
    )
    rates = (
        f"{summary.lines_per_second:,.0f} lines/s, {summary.megabytes_in_per_second:,.1f} MB/s in, "
        f"{summary.megabytes_out_per_second:,.1f} MB/s out, "
    )
    has_rate = summary.lines >= LEAST_FOR_RATE or (summary.lines > 0 and summary.seconds >= 1)
    yield f"{rates if has_rate else ''}{count(summary.workers, 'worker')}, {summary.engine} engine"
    yield from _remarks(summary, patterns, in_full)
    if summary.top_templates:
        yield from _table(summary, patterns, width)


def _remarks(summary: Summary, patterns: Mapping[str, str], in_full: bool) -> Iterator[str]:
    if summary.too_long:
        yield f"{count(summary.too_long, 'line')} longer than --max-line, not matched"
    if summary.physical_lines != summary.lines:
        yield f"made of {count(summary.physical_lines, 'line')} of the input"
    if summary.not_envelopes:
        yield f"{count(summary.not_envelopes, 'line')} not of the kind that --input says, not matched"
    if summary.no_message:
        yield f"{count(summary.no_message, 'line')} without a message, not matched"
    if summary.truncated or summary.left_out:
        yield f"{count(summary.truncated, 'record')} cut at a limit, {count(summary.left_out, 'line')} left out"
    if summary.replaced:
        yield (
            f"{summary.replaced:,} U+FFFD written in place of bytes that are not UTF-8; "
            "are the lines in another encoding? Name it, as in --encoding cp1252"
        )
    if summary.not_chosen:
        yield f"{count(summary.not_chosen, 'line')} not chosen, and without a record"
    if summary.numbers_as_text:
        yield f"{count(summary.numbers_as_text, 'number')} that no double holds, written as text"
    yield from _time_remarks(summary.times or {})
    for id_, name, lines in summary.slow_fields:
        yield f"template {id_!r}: the regular expression of field {name!r} took too long on {count(lines, 'line')}"
    unused = summary.unused_templates
    if unused and summary.lines:
        names = unused if in_full or len(unused) <= NAMED else unused[: NAMED - 1]
        more = f" and {len(unused) - len(names):,} more" if len(names) < len(unused) else ""
        named = ", ".join(_with_pattern(id_, patterns) for id_ in names)
        yield f"{len(unused):,} of {count(summary.templates, 'template')} matched no line: {named}{more}"


_TIME_REMARKS = {
    "naive": "without a zone; name it with --tz, as in --tz Europe/Berlin",
    "impossible": "that do not exist (2024-02-31): null",
    "ambiguous": "that the clock showed twice: the first counts",
    "gap": "that the clock never showed: moved forward",
    "leap": "of a leap second: the second after it",
    "unknown_zone": "with a word for a zone that is not known: without a zone",
}


def _time_remarks(times: Mapping[str, int]) -> Iterator[str]:
    for name, remark in _TIME_REMARKS.items():
        if times.get(name):
            yield f"{count(times[name], 'time')} {remark}"


def _table(summary: Summary, patterns: Mapping[str, str], width: int) -> Iterator[str]:
    """The most frequent templates; where ids say nothing, their patterns too."""
    rows = [
        (printable(id_), f"{lines:,}", f"{lines / summary.lines:.1%}", _pattern(id_, patterns))
        for id_, lines in summary.top_templates
    ]
    heads = ("template", "lines", "share", "pattern")
    numbers = [max(len(heads[column]), *(len(row[column]) for row in rows)) for column in (1, 2)]
    room = max(12, width - 1 - sum(numbers) - 4)
    first = min(room, max(columns_of(heads[0]), *(columns_of(row[0]) for row in rows)))
    rest = room - first - 2
    has_patterns = any(row[3] for row in rows) and rest >= 12
    for row in (heads, *rows):
        line = f"{fitted(row[0], first)}  {row[1]:>{numbers[0]}}  {row[2]:>{numbers[1]}}"
        yield f"{line}  {fitted(row[3], rest)}".rstrip() if has_patterns else line


def _pattern(id_: str, patterns: Mapping[str, str]) -> str:
    return printable(patterns.get(id_, "")) if _DERIVED.fullmatch(id_) else ""


def _with_pattern(id_: str, patterns: Mapping[str, str]) -> str:
    pattern = _pattern(id_, patterns)
    return f"{id_} ({fitted(pattern, min(40, columns_of(pattern)))})" if pattern else id_


def fitted(text: str, width: int) -> str:
    """*text* on exactly *width* columns: cut, with an ellipsis, or filled with spaces."""
    if columns_of(text) > width:
        while text and columns_of(text) > width - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (width - columns_of(text))


def columns_of(text: str) -> int:
    """How many columns of a terminal *text* takes: two for each wide character, none for what is put upon another."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"
