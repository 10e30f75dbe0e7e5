"""
Source: the text that is imported, and places in it.

Quotes and escapes of a configuration are taken off before its directives are read; `Unquoted` keeps where each
character stood, so that an error shows the place in what the user wrote.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from logmatch.errors import Location, TemplateSyntaxError


@dataclass(frozen=True, slots=True)
class Source:
    """A text as it was given: on the command line (`file` is None), or in a file."""

    text: str
    file: str | None = None

    def error(self, message: str, start: int, end: int, hint: str | None = None) -> TemplateSyntaxError:
        """An error about the characters from *start* to *end*."""
        line_start = self.text.rfind("\n", 0, start) + 1
        line_end = self.text.find("\n", start)
        line = self.text[line_start : line_end if line_end >= 0 else len(self.text)].rstrip("\r")
        number = self.text.count("\n", 0, start) + 1
        at = start - line_start
        stop = max(at + 1, min(at + end - start, len(line)))
        is_line = self.file is not None or "\n" in self.text.strip("\n")
        location = Location(self.file, number if is_line else None, at + 1, line, at, stop)
        return TemplateSyntaxError(message, location=location, hint=hint)


@dataclass(slots=True)
class Unquoted:
    """A text of a configuration as its program reads it, and where in the source each character stands."""

    source: Source
    text: str = ""
    offsets: list[int] = field(default_factory=list)
    end: int = 0
    """After its last character, in the source."""

    @classmethod
    def whole(cls, source: Source) -> Unquoted:
        """All of *source*, less a line break at its end, as it is."""
        text = source.text.rstrip("\r\n")
        return cls(source, text, list(range(len(text))), len(text))

    def add(self, char: str, offset: int, width: int = 1) -> None:
        """Add a character that is written at *offset* of the source, with *width* characters."""
        self.text += char
        self.offsets.append(offset)
        self.end = offset + width

    def join(self, other: Unquoted) -> None:
        """Add all of *other*."""
        self.text += other.text
        self.offsets += other.offsets
        self.end = other.end

    def error(self, message: str, start: int, end: int, hint: str | None = None) -> TemplateSyntaxError:
        """An error about the characters from *start* to *end* of this text."""
        where = [*self.offsets, self.end]
        first = where[min(start, len(where) - 1)]
        last = where[end - 1] + 1 if end > start and end <= len(self.offsets) else first + 1
        return self.source.error(message, first, max(last, first + 1), hint)
