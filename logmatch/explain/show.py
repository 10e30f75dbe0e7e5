"""
Show: an explanation as a person reads it: the line with its fields named below it, or a caret where a template stopped.

Nothing in the text can steer a terminal. A long line is shown in part, with the place that matters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from logmatch.errors import Location, printable
from logmatch.explain.explanation import Explanation, FieldText, Matched, Miss
from logmatch.templates.model import Field
from logmatch.templates.template import Template

MARGIN = "  | "

MOST_OF_A_FIELD = 60
"""How much of the text of a field is shown in the line, in characters; about as much of the text between fields."""

MOST_OF_A_VALUE = 40
"""How much of a value is shown below the line, in characters."""

MOST_FIELDS = 100
"""How many fields are named."""

MOST_OTHERS = 10
"""How many other templates that match are named."""

ELISION = "\N{HORIZONTAL ELLIPSIS}"

LINE_BREAK = "\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS}"
"""What stands between the lines of a record."""

TAB = "\N{RIGHTWARDS ARROW}"
"""A tab takes one column, so that carets stand where they should, and differs from a space."""


def render(explanation: Explanation, source: str = "", width: int = 80) -> str:
    """
    The text of *explanation*, several lines.

    Args:
        explanation: what is shown.
        source: where the line was read, as the first line says it; empty: the user wrote it.
        width: how many columns there are.
    """
    where = f"{printable(source)}: " if source else ""
    if explanation.match is not None:
        lines = _match_lines(explanation.match, explanation.line, where, width)
    else:
        lines = _miss_lines(explanation, where, width)
    return "".join(f"{line}\n" for line in lines)


# Match


def _match_lines(match: Matched, line: bytes, where: str, width: int) -> Iterator[str]:
    yield f"{where}{_named(match.template)} matches"
    for row in _rows(match, line, max(20, width - len(MARGIN))):
        yield from row.lines()
    if len(match.fields) > MOST_FIELDS:
        yield f"  = {len(match.fields) - MOST_FIELDS:,} more fields"
    yield from _pattern_lines(match.template)
    for loser in match.also[:MOST_OTHERS]:
        advantage = loser.advantage
        yield (f"  = also matches: {_named(loser.template)}; {printable(repr(match.template.id))} wins by {advantage}")
    if len(match.also) > MOST_OTHERS:
        yield f"  = {len(match.also) - MOST_OTHERS:,} more templates match too"


@dataclass(slots=True)
class _Label:
    """What is said about a field, and where its text begins in a row, in columns."""

    at: int
    size: int
    text: str


class _Row:
    """A part of the line that fits on the terminal, with the labels of the fields that begin in it."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._text = ""
        self._marks = ""
        self._labels: list[_Label] = []

    @property
    def room(self) -> int:
        return self._width - len(self._marks)

    def add(self, text: str, mark: str) -> None:
        self._text += text
        self._marks += mark * _columns(text)

    def label(self, text: str, size: int) -> None:
        """Name the field whose text comes next; *size* is how many columns it has."""
        self._labels.append(_Label(len(self._marks), size, text))

    def lines(self) -> Iterator[str]:
        yield MARGIN + self._text
        if not self._labels and not self._marks.strip():
            return
        marks = self._marks.ljust(self._width)
        for label in self._labels:
            if not label.size:  # an empty field has a place all the same
                marks = f"{marks[: label.at]}|{marks[label.at + 1 :]}"
        yield MARGIN + marks.rstrip()
        yield from (MARGIN + line.rstrip() for line in self._label_lines())

    def _label_lines(self) -> Iterator[str]:
        """The labels, from the right; one that has no room beside the others gets a line of its own below them."""
        waiting = list(self._labels)
        while waiting:
            line = ""
            placed: list[_Label] = []
            end = self._width + 1
            for label in reversed(waiting):
                begin = min(label.at, max(0, self._width - _columns(label.text)))
                if placed and (begin != label.at or begin + _columns(label.text) + 2 > end):
                    end = min(end, label.at)
                    continue
                if not placed or begin + _columns(label.text) + 2 <= end:
                    placed.append(label)
                    end = begin
            waiting = [label for label in waiting if label not in placed]
            marks = {label.at: "|" for label in waiting}
            texts = {min(label.at, max(0, self._width - _columns(label.text))): label.text for label in placed}
            column = 0
            for at in sorted({*marks, *texts}):
                if at < column:
                    continue
                text = texts.get(at, marks.get(at, ""))
                line += " " * (at - column) + text
                column = at + _columns(text)
            yield line


def _rows(match: Matched, line: bytes, width: int) -> list[_Row]:
    rows = [_Row(width)]
    at = 0
    for field in match.fields[:MOST_FIELDS]:
        _fill(rows, _elided(_decoded(line[at : field.start])), " ", width)
        shown = _elided(_decoded(field.text))
        if rows[-1].room < min(_columns(shown), 12) or not rows[-1].room:
            rows.append(_Row(width))
        rows[-1].label(_label(field, rows[-1].room), _columns(shown))
        _fill(rows, shown, "^", width)
        at = field.end
    _fill(rows, _elided(_decoded(line[at:])), " ", width)
    return rows


def _label(field: FieldText, room: int) -> str:
    """Name, type and value of *field*, if possible in *room* columns."""
    name = printable(field.name) if field.name is not None else "_"
    before = f"{name}:{_elided(printable(str(field.type)), 30)} = "
    value = _decoded(field.value)
    return before + (_elided(value, max(12, min(MOST_OF_A_VALUE, room - len(before)))) if value else "(empty)")


def _fill(rows: list[_Row], text: str, mark: str, width: int) -> None:
    """Add *text* to the last of *rows*, and go on in new ones where it is full."""
    while text:
        part = _fitting(text, rows[-1].room)
        if not part:
            rows.append(_Row(width))
            part = _fitting(text, width)
        rows[-1].add(part, mark)
        text = text[len(part) :]


# No match


def _miss_lines(explanation: Explanation, where: str, width: int) -> Iterator[str]:
    yield f"{where}no template matches"
    if not explanation.nearest:
        yield from _window(explanation.line, 0, 0, width)[:1]
    for miss in explanation.nearest:
        yield f"{_named(miss.template)} stops at column {miss.column:,}: {expectation(miss)}"
        yield from _window(explanation.line, miss.stopped_at, len(miss.found), width)
        yield from _pattern_lines(miss.template)
        if miss.suggestion is not None:
            yield f"  = help: this would match: {printable(str(miss.suggestion))}"


def expectation(miss: Miss) -> str:
    """What was expected where *miss* stopped and what stands there, as a part of a sentence."""
    if miss.expected is None:
        expected = "the end of the line"
    elif isinstance(miss.expected, Field):
        expected = printable(str(miss.expected))
    else:
        expected = repr(_elided(_decoded(miss.expected)))
    found = repr(_elided(_decoded(miss.found))) if miss.found else "the end of the line"
    return f"expected {expected}, found {found}"


def _window(line: bytes, at: int, size: int, width: int) -> list[str]:
    """The part of *line* around the bytes from *at* on that fits into *width* columns, and carets below them."""
    room = max(20, width - len(MARGIN))
    before = _decoded(line[max(0, at - 4 * room) : at])
    found = _decoded(line[at : at + min(size, 4 * room)])
    after = _decoded(line[at + size : at + size + 4 * room]) if size <= 4 * room else ""
    is_cut = at > 4 * room
    if _columns(before) + _columns(found) + _columns(after) > room or is_cut:
        most = max(room // 3, room - 2 - _columns(found) - _columns(after))
        if _columns(before) > most or is_cut:
            before = ELISION + _fitting(before[::-1], most - 1)[::-1]
    left = room - _columns(before)
    if _columns(found) > left:
        found, after = _fitting(found, left - 1) + ELISION, ""
    elif _columns(found) + _columns(after) > left:
        after = _fitting(after, left - _columns(found) - 1) + ELISION
    carets = " " * _columns(before) + "^" * max(1, _columns(found))
    return [MARGIN + before + found + after, MARGIN + carets]


# Both


def _pattern_lines(template: Template) -> Iterator[str]:
    if template.header is not None:
        yield f"  = header: {printable(str(template.header))}"
    yield f"  = template: {printable(str(template.pattern))}"


def _named(template: Template) -> str:
    where = str(Location(template.origin.file, template.origin.line_number))
    return printable(f"{template.id!r} ({where})" if where else repr(template.id))


def _decoded(text: bytes) -> str:
    return printable(text.decode("utf-8", "replace").replace("\t", TAB).replace("\n", LINE_BREAK))


def _elided(text: str, most: int = MOST_OF_A_FIELD) -> str:
    """*text* without its middle where it is longer than *most*."""
    if len(text) <= most:
        return text
    return text[: 2 * most // 3 - 1] + ELISION + text[len(text) - most // 3 :]


def _fitting(text: str, columns: int) -> str:
    """The longest beginning of *text* that takes no more than *columns*."""
    for index, character in enumerate(text):
        columns -= _width(character)
        if columns < 0:
            return text[:index]
    return text


def _columns(text: str) -> int:
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    if character.isascii():
        return 1
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
