"""
Report: the tables of the results, on a terminal or as Markdown; and what is being measured.

On a terminal no line of a table is wrapped or cut: columns are left out where there is no room for all, and named.
Markdown has all columns and no bars; README's figures are made of it.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Self

from logmatch.bench.results import BenchReport
from logmatch.bench.tables import Chart, Column, Sheet, sentences, sheets, speed_chart, summary_sheet

if TYPE_CHECKING:
    from rich.console import Console

GAP = "  "

LEAST_BAR = 8
MOST_BAR = 50
"""Columns of the longest bar."""

EIGHTHS = " ▏▎▍▌▋▊▉"
FULL = "█"

BAR_STYLE = "cyan"


# --- while it is measured


class ProgressLine:
    """
    Says on a terminal what is being done, in one line that is written over and is gone at the end; else nothing.

    No thread draws it: it would be measured as well.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._in_place = not console.is_dumb_terminal

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.clear()

    def tell(self, text: str) -> None:
        """Show *text* in place of what was told before."""
        if not self._console.is_terminal:
            return
        self.clear()
        # The last column stays free: some terminals begin a new line when it is written.
        line = text[: self._console.width - 1] if self._in_place else text
        self._console.print(line, end="" if self._in_place else "\n", markup=False, highlight=False, soft_wrap=True)

    def clear(self) -> None:
        """Make the line empty, for what somebody else writes."""
        from rich.control import Control
        from rich.segment import ControlType

        if self._console.is_terminal and self._in_place:
            self._console.control(Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2)))


# --- on a terminal


def render(report: BenchReport, console: Console) -> None:
    """Write all of *report*; what is shortest comes last, where a person looks first."""
    for sentence in sentences(report):
        _print_sentence(console, sentence)
    workers, engines, *others = sheets(report)
    blocks: list[Sheet | Chart] = [workers, engines, speed_chart(report), *others, summary_sheet(report)]
    for block in blocks:
        _print(console)
        if isinstance(block, Chart):
            _render_chart(block, console)
        else:
            _render_sheet(block, console)


def _render_sheet(sheet: Sheet, console: Console) -> None:
    room_of_bars = LEAST_BAR + len(GAP) if sheet.bars else 0
    columns = fitting(sheet.columns, console.width - room_of_bars)
    if _width(columns) + room_of_bars > console.width:
        columns = fitting(sheet.columns, console.width)
    bar_width = min(MOST_BAR, console.width - _width(columns) - len(GAP)) if sheet.bars else 0
    bars = [""] * len(columns[0].cells)
    if bar_width >= LEAST_BAR:
        bars = [bar(value / max(sheet.bars), bar_width, ascii_only=_ascii_only(console)) for value in sheet.bars]
    _print_sentence(console, sheet.title, style="bold")
    _print(console, GAP.join(_padded(column, column.name) for column in columns).rstrip(), style="bold")
    for *cells, drawn in zip(*(column.cells for column in columns), bars, strict=True):
        line = GAP.join(_padded(column, cell) for column, cell in zip(columns, cells, strict=True))
        _print(console, line, GAP + drawn if drawn else "")
    missing = [column.name for column in sheet.columns if column not in columns]
    if missing:
        _print_sentence(console, f"(no room for: {', '.join(missing)})")
    for note in sheet.notes:
        _print_sentence(console, note)


def fitting(columns: Sequence[Column], width: int) -> list[Column]:
    """*columns* as far as there is room for them: those of the highest rank are left out first, the last one first."""
    kept = list(columns)
    while _width(kept) > width:
        droppable = [column for column in kept if column.rank]
        if not droppable:
            break
        highest = max(column.rank for column in droppable)
        kept.remove([column for column in droppable if column.rank == highest][-1])
    return kept


def _width(columns: Sequence[Column]) -> int:
    return sum(map(_column_width, columns)) + len(GAP) * (len(columns) - 1)


def _column_width(column: Column) -> int:
    return max(map(len, (column.name, *column.cells)))


def _padded(column: Column, text: str) -> str:
    width = _column_width(column)
    return text.ljust(width) if column.is_text else text.rjust(width)


def _render_chart(chart: Chart, console: Console) -> None:
    label_width = max(len(each.label) for each in chart.bars)
    figure_width = max(len(each.figure) for each in chart.bars)
    room = console.width - label_width - figure_width - 2 * len(GAP)
    most = max(each.value for each in chart.bars)
    _print(console, chart.title, style="bold")
    for each in chart.bars:
        drawn = bar(each.value / most, max(LEAST_BAR, min(MOST_BAR, room)), ascii_only=_ascii_only(console))
        _print(console, f"{each.label:{label_width}}{GAP}{each.figure:>{figure_width}}", GAP + drawn)


def bar(share: float, width: int, *, ascii_only: bool = False) -> str:
    """A bar of *share* (0 to 1) of *width* columns; whatever is more than nothing can be seen."""
    eighths = max(1, round(share * width * 8)) if share > 0 else 0
    if ascii_only:
        return "#" * -(-eighths // 8)
    full, rest = divmod(eighths, 8)
    return FULL * full + EIGHTHS[rest].strip()


def _ascii_only(console: Console) -> bool:
    return not console.encoding.startswith("utf")


def _print_sentence(console: Console, text: str, *, style: str = "") -> None:
    """A terminal would cut words in two; in a file a sentence is a line."""
    lines = [text]
    if console.is_terminal:
        lines = textwrap.wrap(text, console.width, break_long_words=False, break_on_hyphens=False)
    for line in lines:
        _print(console, line, style=style)


def _print(console: Console, text: str = "", drawn: str = "", *, style: str = "") -> None:
    from rich.text import Text

    # Names of files may have what this terminal has not.
    text = text.encode(console.encoding, "backslashreplace").decode(console.encoding)
    console.print(Text.assemble((text, style), (drawn, BAR_STYLE)), soft_wrap=True)


# --- as Markdown


def markdown(report: BenchReport) -> str:
    """All of *report* but its bars, as GitHub reads it."""
    blocks = ["\n".join(f"- {_escape(sentence)}" for sentence in sentences(report))]
    for sheet in (summary_sheet(report), *sheets(report)):
        blocks += [f"{_escape(sheet.title)}:", _markdown_table(sheet.columns)]
        if sheet.notes:
            blocks.append("\n".join(f"- {_escape(note)}" for note in sheet.notes))
    return "\n\n".join(blocks) + "\n"


def _markdown_table(columns: Sequence[Column]) -> str:
    head = [_row(column.name for column in columns), _row(("---" if c.is_text else "--:" for c in columns), gap="")]
    return "\n".join([*head, *(map(_row, zip(*(column.cells for column in columns), strict=True)))])


def _row(cells: Iterable[str], gap: str = " ") -> str:
    return "|" + "|".join(f"{gap}{_escape(cell)}{gap}" for cell in cells) + "|"


def _escape(text: str) -> str:
    """*text* as Markdown that shows it."""
    return re.sub(r"[\\`*\[\]<>|]|\b_|_\b", r"\\\g<0>", text)
