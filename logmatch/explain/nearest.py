"""
Nearest: for a line that nothing matches, the templates of which least is left unexplained, and where each stopped.

A header that matches is not aligned: then the place lies in the content. All places are byte offsets in the whole line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from logmatch.engine.reference import FieldTimeoutError, Trace, trace
from logmatch.explain.alignment import TOO_MUCH, Aligner, Course, Piece, Row, course
from logmatch.explain.shortlist import MOST, Shortlist
from logmatch.explain.suggestion import suggest
from logmatch.program import WHITESPACE, Variant, compile_program
from logmatch.templates.model import Field, Literal, Pattern
from logmatch.templates.template import Template

MOST_HEADER = 4096
"""How far into a line a header is looked for, in bytes."""

MOST_ALIGNED = 2000
"""Of a content that is longer than this, in bytes, the middle is left out of the alignment."""

KEPT_END = 500
"""How many bytes of its end are kept then."""

BOUNDS = (600, 2400, TOO_MUCH - 1)
"""How dear an alignment may become: the last is tried only where the ones before do not find enough templates."""

HEADER_IN_DOUBT = 300
"""A content that costs more than this may begin elsewhere, though the header matched: the line is aligned whole too."""

HEADER_REFUTED = 200
"""How much less the whole line must cost then."""


@dataclass(frozen=True, slots=True)
class Stop:
    """
    Where a template stopped in a line, and what it has there.

    `expected` is the text of a literal, a field, or None for the end of the line; `found` is what stands there.
    """

    at: int
    expected: bytes | Field | None
    slot: int
    """The number of a field among all fields of the template; -1 for what is none."""
    found: bytes


@dataclass(frozen=True, slots=True)
class Nearest:
    """A template, how much is left unexplained (100 is a byte), where it stopped, and a pattern that would match."""

    template_number: int
    cost: int
    stop: Stop
    suggestion: Pattern | None


class Neighbours:
    """Finds the templates that are nearest to a line."""

    def __init__(self, templates: Sequence[Template]) -> None:
        self._templates = templates
        self._shortlist = Shortlist([template.pattern.items for template in templates])
        self._courses: dict[tuple[int, bool], Course] = {}

    def nearest(self, line: bytes, count: int, among: Sequence[int] | None = None) -> list[Nearest]:
        """The *count* templates (of those with the numbers *among*) that are nearest to *line*, the nearest first."""
        views = _Views(line)
        headers = self._distinct_headers(among)
        begin = min((views.content(header).begin for header in headers), default=0)
        chosen = self._shortlist.nearest(line[begin:], _size(line[begin:], count)) if among is None else among
        found: dict[int, tuple[int, _View]] = {}
        waiting = chosen
        for bound in BOUNDS:
            for number in waiting:
                view = views.content(self._templates[number].header)
                cost = self._cost(number, view, bound)
                if cost <= bound:
                    found[number] = cost, view
            if len(found) >= min(count, len(chosen)):
                break
            waiting = [number for number in chosen if number not in found]
        best, view = min(found.values(), key=lambda each: each[0], default=(TOO_MUCH, views.whole()))
        if begin and best > min(view.entry[1]) + HEADER_IN_DOUBT:
            # The header may have matched by chance: a word is missing in it, and one of the content took its place.
            whole, bound = views.whole(), best - HEADER_REFUTED
            for number in self._shortlist.nearest(line, _size(line, count)) if among is None else among:
                cost = self._cost(number, whole, bound)
                if cost <= bound:
                    found[number] = cost, whole
        ranked = sorted(found, key=lambda number: (found[number][0], -self._shortlist.sizes[number], number))[:count]
        return [self._explained(number, *found[number], line) for number in ranked]

    def _cost(self, number: int, view: _View, bound: int) -> int:
        return view.aligner.cost(self._course(number, with_header=view.has_header), view.entry, bound)

    def _distinct_headers(self, among: Sequence[int] | None) -> list[Pattern | None]:
        """The headers of the templates; those of one file share the object."""
        chosen = self._templates if among is None else [self._templates[number] for number in among]
        return list({id(template.header): template.header for template in chosen}.values())

    def _course(self, number: int, *, with_header: bool) -> Course:
        key = number, with_header
        if key not in self._courses:
            template = self._templates[number]
            header_fields = sum(1 for _ in template.header.fields()) if template.header is not None else 0
            if with_header:
                self._courses[key] = course(template.items())
            else:
                self._courses[key] = course(template.pattern.items, header_fields)
        return self._courses[key]

    def _explained(self, number: int, cost: int, view: _View, line: bytes) -> Nearest:
        template = self._templates[number]
        text = view.aligner.line
        whole = self._course(number, with_header=view.has_header)
        pieces = _with_whole_words(whole, view.aligner.align(whole, view.entry, cost), text)
        stop = _stop(whole, pieces, text)
        stop = replace(stop, at=view.place(stop.at))
        if view.cut:
            traced = _traced_stop(template, line)
            if traced is not None and view.begin + view.seam < traced.at < view.begin + view.seam + view.cut:
                stop = traced
        suggestion = None
        if not view.cut and (template.header is None or not view.has_header):
            suggestion = suggest(template, whole, pieces, text, line)
        return Nearest(number, cost, stop, suggestion)


def _traced_stop(template: Template, line: bytes) -> Stop | None:
    """Where the variant of *template* that got furthest stopped, by the reference's own walk."""
    best: tuple[Trace, Variant] | None = None
    for variant in compile_program([template]).variants:
        try:
            found = trace(variant, line)
        except FieldTimeoutError:
            continue
        if found is not None and (best is None or found.reached > best[0].reached):
            best = found, variant
    if best is None:
        return None
    found, variant = best
    if found.item == len(variant.items):
        return Stop(found.reached, None, -1, line[found.reached :])
    item = variant.items[found.item]
    if isinstance(item, Literal):
        matched = found.reached - found.start
        while matched and _WORD.match(item.text, matched - 1):
            matched -= 1
        at = found.start + matched
        return Stop(at, _solid(item.text, matched), -1, _solid(line, at))
    slot = variant.slots[sum(isinstance(each, Field) for each in variant.items[: found.item])]
    return Stop(found.reached, item, slot, _solid(line, found.reached))


def _size(line: bytes, count: int) -> int:
    """How many templates are aligned with *line*."""
    return max(min(MOST, MOST * 250 // max(1, len(line))), 2 * count, 8)


@dataclass(frozen=True, slots=True)
class _View:
    """
    The part of a line that is aligned: all of it from `begin` on, or without `cut` bytes from `seam` on.

    With the header, or only what comes after it.
    """

    has_header: bool
    aligner: Aligner
    entry: Row
    begin: int
    seam: int
    cut: int

    def place(self, at: int) -> int:
        """The place in the line that *at* is in the aligned text."""
        return self.begin + at + (self.cut if at > self.seam else 0)


class _Views:
    """What of one line is aligned with which templates."""

    def __init__(self, line: bytes) -> None:
        self._line = line
        self._head = Aligner(line[:MOST_HEADER])
        self._contents: dict[int, _View] = {}
        self._whole: _View | None = None

    def content(self, header: Pattern | None) -> _View:
        """What comes after *header*, which may end at several places; the whole line where it does not match."""
        view = self._contents.get(id(header))
        if view is None:
            entry = self._head.ends(header.items) if header is not None else (0, [0])
            view = self._contents[id(header)] = self._view(entry, has_header=False) if entry[1] else self.whole()
        return view

    def whole(self) -> _View:
        """The line with its header."""
        if self._whole is None:
            self._whole = self._view((0, [0]), has_header=True)
        return self._whole

    def _view(self, entry: Row, *, has_header: bool) -> _View:
        begin, costs = entry
        text = self._line[begin:]
        cut = max(0, len(text) - MOST_ALIGNED)
        seam = MOST_ALIGNED - KEPT_END if cut else len(text)
        if cut:
            text = text[:seam] + text[-KEPT_END:]
        return _View(has_header, Aligner(text), (0, costs[: seam + 1]), begin, seam, cut)


_WORD = re.compile(rb"[A-Za-z0-9\x80-\xff]")


def _with_whole_words(whole: Course, pieces: Sequence[Piece], text: bytes) -> list[Piece]:
    """
    *pieces*, where a token that took only a part of a word has all of it, and so is of another form.

    In 12x an `int` takes 12, and the alignment has an x too many; a person sees a word that is no number.
    """
    out: list[Piece] = []
    rest = list(reversed(pieces))
    while rest:
        piece = rest.pop()
        if piece.is_edit or piece.step < 0 or not isinstance(whole.steps[piece.step].item, Field):
            out.append(piece)
            continue
        first = len(out)
        while first and _is_extra_of_word(out[first - 1], text):
            first -= 1
        last = len(rest)
        while last and _is_extra_of_word(rest[last - 1], text):
            last -= 1
        start = out[first].start if first < len(out) else piece.start
        end = rest[last].end if last < len(rest) else piece.end
        if last == 1 and rest[0].step < 0:  # what comes after the end of the template may begin with the word's end
            match = _SOLID_RUN.match(text, end)
            end = match.end() if match else end
        if _WORD.search(text[start : piece.start] + text[piece.end : end]):
            del out[first:], rest[last:]
            if rest and rest[0].step < 0:
                rest[0] = replace(rest[0], start=max(end, rest[0].start), is_edit=bool(text[end:].strip(WHITESPACE)))
            piece = replace(piece, start=start, end=end, is_edit=True)
        out.append(piece)
    return out


def _is_extra_of_word(piece: Piece, text: bytes) -> bool:
    return piece.is_extra and text[piece.start] not in WHITESPACE


_SOLID_RUN = re.compile(rb"[^ \t]*")


def _stop(whole: Course, pieces: Sequence[Piece], text: bytes) -> Stop:
    """Where the alignment *pieces* of *text* first departs from the template, with whole words on both sides."""
    first = next((number for number, piece in enumerate(pieces) if piece.is_edit), None)
    if first is None:
        return Stop(len(text), None, -1, b"")  # a `/regex/` field took too long
    piece = pieces[first]
    if piece.step < 0:
        return Stop(piece.start, None, -1, text[piece.start :])
    step = whole.steps[piece.step]
    if isinstance(step.item, Field):
        found = text[piece.start : piece.end] or _solid(text, piece.start)
        return Stop(piece.start, step.item, step.slot, found)
    literal = step.item.text
    begin = first
    if _is_in_word(literal, piece, text):
        while begin and _is_same_word(pieces[begin - 1], piece.step, literal):
            begin -= 1
    end = first
    while end < len(pieces) and pieces[end].step == piece.step:
        if not pieces[end].is_edit and not _is_same_word(pieces[end], piece.step, literal):
            break
        end += 1
    start, stop = pieces[begin].at, pieces[end - 1].at + (not pieces[end - 1].is_extra)
    at, last = pieces[begin].start, pieces[end - 1].end
    if end < len(pieces) and _begins_anywhere(whole, pieces[end]):
        while _WORD.match(text, last) and last > at and _WORD.match(text, last - 1):
            last += 1
    found = text[at:last] or _solid(text, at)
    if start < stop:
        return Stop(at, literal[start:stop], -1, found)
    # There is only too much: name what was expected in its place.
    if start < len(literal):
        return Stop(at, _solid(literal, start), -1, found)
    if piece.step + 1 == len(whole.steps):
        return Stop(at, None, -1, text[at:])
    following = whole.steps[piece.step + 1]
    if isinstance(following.item, Field):
        return Stop(at, following.item, following.slot, _solid(text, at))
    return Stop(at, _solid(following.item.text, 0), -1, found)


def _begins_anywhere(whole: Course, piece: Piece) -> bool:
    """Whether *piece* is free text, or what comes after the template: where it begins says nothing."""
    item = whole.steps[piece.step].item if piece.step >= 0 else None
    return item is None or (isinstance(item, Field) and item.type.facts.is_free)


def _is_in_word(literal: bytes, piece: Piece, text: bytes) -> bool:
    """Whether the edit *piece* belongs to a word that may have begun before it."""
    sides = [] if piece.is_extra else [literal[piece.at : piece.at + 1]]
    sides.append(text[piece.start : piece.start + 1])
    return any(_WORD.match(side) for side in sides)


def _is_same_word(piece: Piece, step: int, literal: bytes) -> bool:
    """Whether *piece* is a byte of a word of the literal of *step* that stands in the line too."""
    return piece.step == step and not piece.is_edit and _WORD.match(literal, piece.at) is not None


def _solid(text: bytes, start: int) -> bytes:
    """The word that stands at *start*; where whitespace does, that and the word after it."""
    begin = start
    while begin < len(text) and text[begin] in b" \t":
        begin += 1
    match = _SOLID_RUN.match(text, begin)
    return text[start : match.end()] if match else b""
