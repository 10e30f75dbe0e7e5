"""Show: figures of a log as text for a terminal of any width; what lines hold is made safe for it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from logmatch.errors import printable
from logmatch.stats.report import Diff, FieldRow, Rate, Report, TemplateRow
from logmatch.stats.timeline import sparkline
from logmatch.wording import count, share_of

ROWS = 40
"""Rows of a table; --json has all."""

UNMATCHED = "(no template)"

_LEAST_WIDTH = 32
_NARROW = 60
"""Below so many columns names stand in lines of their own."""
_SPARK = 20

_FEW = 10
"""Of so few values the most frequent are shown even where they are none."""

_LEAST_SHARE = 0.001
"""Values of a smaller share are not shown: they are hardly more frequent than others."""

_SIGNS = {"appeared": "+", "vanished": "-", "more": "↑", "less": "↓", "same": "="}


def show(report: Report, width: int, rows: int = ROWS) -> str:
    """What `stats` writes."""
    return "\n".join(_lines(report, max(width, _LEAST_WIDTH) - 1, rows)) + "\n"


def show_diff(diff: Diff, width: int, rows: int = ROWS) -> str:
    """What `diff` writes."""
    return "\n".join(_diff_lines(diff, max(width, _LEAST_WIDTH) - 1, rows)) + "\n"


def headline(report: Report) -> str:
    """How many lines there were, and what became of them."""
    parts = [count(report.lines, "line"), f"{report.matched:,} matched"]
    others = ((report.unmatched, "unmatched"), (report.blank, "blank"))
    parts += [f"{number:,} {what}" for number, what in others if number]
    used = sum(row.template_id is not None for row in report.templates)
    of = f" of {report.templates_given:,}" if report.templates_given else ""
    return f"{', '.join(parts)}; {used:,}{of} template{'s' if (report.templates_given or used) != 1 else ''} used"


def describe(rate: Rate) -> str:
    """What the steps of *rate* are."""
    if rate.by == "time":
        return f"rate by time: {rate.begin} to {rate.end}, {_seconds(rate.step)} a step"
    return f"rate by position (no time to go by): lines {int(rate.begin):,} to {int(rate.end):,}, {rate.step:,} a step"


def describe_approximation(report: Report) -> str | None:
    """What is said of counts that are not exact; None where all are."""
    rows = [row for row in report.fields if not row.is_exact]
    if not rows:
        return None
    return (
        f"~ an estimate, standard error {rows[0].distinct_error:.1%}; the counts of its most frequent values may be "
        f"too low by {max(row.count_error for row in rows):,} at most"
    )


def extent(row: FieldRow) -> str:
    """From where to where the values go."""
    if row.least is not None and row.greatest is not None:
        return f"{row.least} to {row.greatest}"
    return f"{row.first} to {row.last}" if row.first is not None else ""


def distinct(row: FieldRow) -> str:
    """The number of distinct values."""
    return f"{row.distinct:,}" if row.is_exact else f"~{row.distinct:,}"


def _lines(report: Report, width: int, rows: int) -> Iterator[str]:
    yield from _wrapped(headline(report), width)
    if report.rate.counts:
        yield ""
        yield from _wrapped(describe(report.rate), width)
        yield sparkline(_squeezed(report.rate.counts, width))
        yield f"up to {max(report.rate.counts):,} lines a step"
    if report.templates:
        yield ""
        rate = "" if width < _NARROW - 1 else f"{'rate':{_SPARK}}  "
        yield f"{'lines':>11}  {'share':>6}  {rate}template"
        for row in report.templates[:rows]:
            yield from _template_lines(row, width)
        yield from _left_out(len(report.templates) - rows, "template")
    if report.fields:
        name_width = min(24, max(len("field"), *(_width(printable(row.name)) for row in report.fields)))
        yield ""
        if width < _NARROW - 1:
            yield "field: distinct values; range;"
            yield "  most frequent values"
        else:
            yield f"{'field':{name_width}}  {'distinct':>10}  range; most frequent values"
        for field in report.fields[:rows]:
            yield from _field_lines(field, name_width, width)
        yield from _left_out(len(report.fields) - rows, "field")
        note = describe_approximation(report)
        if note is not None:
            yield from _wrapped(note, width)
    if report.unused_templates:
        yield ""
        names = ", ".join(printable(id_) for id_ in report.unused_templates[:rows])
        more = f" and {len(report.unused_templates) - rows:,} more" if len(report.unused_templates) > rows else ""
        yield from _wrapped(f"unused: {names}{more}", width)


def _template_lines(row: TemplateRow, width: int) -> Iterator[str]:
    name = UNMATCHED if row.template_id is None else printable(row.template_id)
    if width < _NARROW - 1:
        indent = 2
        yield f"{row.lines:11,}  {share_of(row.share):>6}  {_cut(name, width - 21)}"
    else:
        indent = 21
        spark = sparkline(_squeezed(row.rate, _SPARK))
        yield f"{row.lines:11,}  {share_of(row.share):>6}  {spark:{_SPARK}}  {_cut(name, width - 43)}"
    first, last = row.first, row.last
    if row.lines == 1:
        where = printable(f"line {first}")
    elif first.file == last.file:
        where = f"lines {first.line:,} to {last.line:,}" + (f" of {printable(first.file)}" if first.file else "")
    else:
        where = printable(f"lines {first} to {last}")
    times = [printable(time) for time in dict.fromkeys((row.first.time, row.last.time)) if time is not None]
    said = f"{where}; {' to '.join(times)}" if times else where
    yield from (f"{'':{indent}}{line}" for line in _wrapped(said, width - indent))


def _field_lines(row: FieldRow, name_width: int, width: int) -> Iterator[str]:
    name = printable(row.name)
    is_narrow = width < _NARROW - 1
    beside = width - 2 if is_narrow else width - name_width - 14
    if _width(name) > name_width and not is_narrow:
        yield _cut(name, width)
        name = ""
    texts = []
    if extent(row):
        texts.append(_cut(printable(extent(row)), beside))
    # Of values that nearly all differ, none is frequent.
    frequent = [
        each for each in row.most_frequent if row.distinct <= _FEW or (each.lines > 1 and each.share >= _LEAST_SHARE)
    ]
    if row.distinct == 1:
        frequent = list(row.most_frequent) if not texts else []
    texts += _filled(
        [f"{_cut(printable(each.value) or '(empty)', beside - 9)} {share_of(each.share)}" for each in frequent], beside
    )
    if is_narrow:
        yield f"{_cut(name, width - 14)}: {distinct(row)}"
        yield from (f"  {text}" for text in texts)
        return
    for at, text in enumerate(texts or [""]):
        first = f"{_padded(name, name_width)}  {distinct(row):>10}" if at == 0 else " " * (name_width + 12)
        yield f"{first}  {text}".rstrip()


def _diff_lines(diff: Diff, width: int, rows: int) -> Iterator[str]:
    before, after = printable(diff.before), printable(diff.after)
    for side, name, lines in (("before: ", before, diff.lines_before), ("after:  ", after, diff.lines_after)):
        said = count(lines, "line")
        yield f"{side}{_cut(name, max(8, width - len(said) - 10))}, {said}"
    meaning = "(0: the same shares, 1: no template in common)"
    yield from _wrapped(f"Jensen-Shannon divergence: {diff.divergence:.4f} bits {meaning}", width)
    changed = [row for row in diff.templates if row.change != "same"]
    if not changed:
        yield "No template appeared, vanished or changed its share."
        return
    yield ""
    is_narrow = width < _NARROW - 1
    if is_narrow:
        yield f"{'bits':>8}  template"
        yield f"{'':10}before, after"
    else:
        yield f"{'bits':>8}  {'before':>18}  {'after':>18}  template"
    for row in changed[:rows]:
        name = UNMATCHED if row.template_id is None else printable(row.template_id)
        sides = [
            f"{lines:,} {share_of(share):>6}" if lines else "none"
            for lines, share in ((row.lines_before, row.share_before), (row.lines_after, row.share_after))
        ]
        if is_narrow:
            yield f"{row.bits:8.4f}  {_SIGNS[row.change]} {_cut(name, width - 12)}"
            yield from (f"{'':10}{line}" for line in _wrapped(", ".join(sides), width - 10))
        else:
            yield f"{row.bits:8.4f}  {sides[0]:>18}  {sides[1]:>18}  {_SIGNS[row.change]} {_cut(name, width - 52)}"
    yield from _left_out(len(changed) - rows, "template")
    yield ""
    yield from _wrapped("+ appeared   - vanished   ↑ greater share   ↓ smaller share", width)


def _left_out(number: int, noun: str) -> Iterator[str]:
    if number > 0:
        yield f"... and {count(number, f'more {noun}')}; --rows shows more, --json all"


def _squeezed(counts: tuple[int, ...], columns: int) -> list[int]:
    """*counts* in at most so many *columns*."""
    each = -(-len(counts) // columns)
    return [sum(counts[at : at + each]) for at in range(0, len(counts), each)] if counts else []


def _seconds(seconds: int) -> str:
    for size, noun in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds % size == 0:
            return count(seconds // size, noun)
    return count(seconds, "second")


def _width(text: str) -> int:
    """The columns that *text* takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _cut(text: str, width: int) -> str:
    """*text*, or as much of it as *width* columns take with an ellipsis."""
    if _width(text) <= width:
        return text
    while text and _width(text) > width - 1:
        text = text[: min(len(text) - 1, width)]
    return text + "…"


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _filled(texts: list[str], width: int) -> list[str]:
    """*texts* in lines of at most *width* columns, none of them cut."""
    lines: list[str] = []
    for text in texts:
        if lines and _width(lines[-1]) + 2 + _width(text) <= width:
            lines[-1] += f", {text}"
        else:
            lines.append(text)
    return lines


def _wrapped(text: str, width: int) -> list[str]:
    """*text* in lines of at most *width* columns, broken between words."""
    lines: list[str] = []
    for word in text.split(" "):
        if lines and _width(lines[-1]) + 1 + _width(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(_cut(word, width))
    return lines
