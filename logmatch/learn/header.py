"""
Header: where the message of a raw line begins, found on a sample of lines.

A header is built from the left. A strong element is taken if nearly all lines have it there; up to five weak ones are
taken with a strong one after them. The header ends with a component (`sshd[24200]:`), or where nothing strong follows.
Lines that begin with a blank, as those of stack traces do, have no say.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from logmatch.learn.elements import (
    COMPONENT,
    GROUP,
    INTEGER,
    LETTER,
    PROGRAM,
    STRONG,
    TIME,
    TIMES,
    WEAK,
    WORD,
    Element,
    column,
    gap,
)

Places = list[int]
"""For each line where the search stands; -1: this line has left the header."""

_SHARE = 0.95
_WEAK_AT_MOST = 5
_ELEMENTS_AT_MOST = 20
_TIME_WITHIN = 80
_TIMED_SHARE = 0.3
"""Where more lines than this have a time near their beginning, the others are taken for continuations."""
_MARKS = ("|", "\t", ";")


class Header:
    """Elements in their order."""

    def __init__(self, elements: Sequence[Element] = ()) -> None:
        self.elements = tuple(elements)

    def end(self, line: str) -> int:
        """Return where the message of *line* begins; -1: it does not have this header."""
        place = 0
        for element in self.elements:
            end = element.find(line, place)
            if end < 0:
                return -1
            place = gap(line, end)
        return place


def find_header(lines: Sequence[str]) -> Header:
    """Return the header of *lines*; one without elements where they have none."""
    lines = [line.rstrip() for line in lines if line.strip() and not line[0].isspace()]
    timed = [line for line in lines if TIME.search(line, 0, _TIME_WITHIN)]
    if len(timed) > _TIMED_SHARE * len(lines):
        lines = timed
    return _Search(lines).run() if lines else Header()


class _Search:
    """The state of one search: the elements so far, and where the lines stand after them."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._at: Places = [0] * len(lines)
        self._elements: list[Element] = []
        self._mark: str | None = None
        self._ended = False

    def run(self) -> Header:
        while len(self._elements) < _ELEMENTS_AT_MOST and self._step():
            pass
        return Header(self._elements)

    def _step(self) -> bool:
        """Take the next element or elements; tell whether there were any."""
        for element in STRONG:
            ends = self._ends(element)
            if self._holds(ends) and (element is not GROUP or self._timed() or self._has_time(ends)):
                self._take(element, ends)
                if element is TIMES and self._mark is None:
                    self._mark = self._column_mark(ends)
                return True
        if self._mark and self._take_if(column(self._mark)):
            return True
        if self._ended:
            return False
        if self._timed() and (self._take_if(COMPONENT) or self._take_if(PROGRAM)):
            self._ended = True
            return True
        if found := self._after_weak():
            for element in found:
                self._take(element, self._ends(element))
            self._ended = found[-1] is COMPONENT
            return True
        return self._timed() and (self._take_if(INTEGER) or (self._few_words() and self._take_if(WORD)))

    def _timed(self) -> bool:
        return any(element in (TIMES, GROUP) for element in self._elements)

    def _ends(self, element: Element, at: Places | None = None) -> Places:
        places = self._at if at is None else at
        return [
            element.find(line, place) if place >= 0 else -1 for line, place in zip(self._lines, places, strict=True)
        ]

    def _after(self, ends: Places) -> Places:
        return [gap(line, end) if end >= 0 else -1 for line, end in zip(self._lines, ends, strict=True)]

    def _holds(self, ends: Places) -> bool:
        return sum(end >= 0 for end in ends) >= _SHARE * len(ends)

    def _take(self, element: Element, ends: Places) -> None:
        self._elements.append(element)
        self._at = self._after(ends)

    def _take_if(self, element: Element) -> bool:
        ends = self._ends(element)
        if self._holds(ends):
            self._take(element, ends)
            return True
        return False

    def _has_time(self, ends: Places, at: Places | None = None) -> bool:
        places = zip(self._lines, self._at if at is None else at, ends, strict=True)
        timed = sum(bool(TIME.search(line, place, end)) for line, place, end in places if end > place >= 0)
        return timed > 0.9 * len(self._lines)

    def _column_mark(self, ends: Places) -> str:
        """Return the mark after the time, where the same one parts the columns after it."""
        marks = Counter(line[end : end + 1] for line, end in zip(self._lines, ends, strict=True) if end >= 0)
        mark, lines = min(marks.items(), key=lambda found: (-found[1], found[0]))
        return mark if mark in _MARKS and lines >= _SHARE * len(self._lines) else ""

    def _after_weak(self) -> list[Element]:
        """Return weak elements and the strong one that they lead to."""
        path: list[Element] = []
        places = self._at
        for _ in range(_WEAK_AT_MOST):
            for weak in WEAK:
                ends = self._ends(weak, places)
                if self._holds(ends):
                    break
            else:
                return []
            path.append(weak)
            places = self._after(ends)
            for strong in STRONG:
                if strong is not LETTER and self._holds(found := self._ends(strong, places)):
                    if strong is not GROUP or self._timed() or self._has_time(found, places):
                        return [*path, strong]
            if self._timed() and len(path) == 1 and self._holds(self._ends(COMPONENT, places)):
                return [*path, COMPONENT]
        return []

    def _few_words(self) -> bool:
        """Tell whether a column of few different words stands here, each with many different texts after it."""
        words: Counter[str] = Counter()
        after: dict[str, set[str]] = defaultdict(set)
        for line, place in zip(self._lines, self._at, strict=True):
            end = WORD.find(line, place) if place >= 0 else -1
            if end >= 0:
                words[line[place:end]] += 1
                after[line[place:end]].add((line[end:].split(None, 1) or [""])[0])
        common = [word for word, lines in words.items() if lines >= 10]
        covered = sum(words[word] for word in common) > 0.97 * sum(words.values())
        return 0 < len(words) <= 12 and bool(common) and covered and all(len(after[word]) >= 4 for word in common)
