"""
Errors: what can go wrong, as a message with its location and a hint.

Everything that logmatch raises on purpose is a `LogmatchError`. It is made of a message, an optional location
(file, line, the text of that line and the span that is wrong) and an optional hint that says what to do. `str()` gives
the whole message as a person reads it, without the program's name and safe for a terminal (`printable`). Only
`commands.app` catches these; nothing here prints or exits.
"""

from __future__ import annotations

import enum
import errno
import re
from collections.abc import Sequence
from dataclasses import dataclass

PROGRAM = "logmatch"
"""What messages begin with."""


class ExitStatus(enum.IntEnum):
    """How the process ends."""

    DONE = 0
    ANSWER_IS_NO = 1
    FATAL = 2
    HUNG_UP = 129
    INTERRUPTED = 130
    QUIT = 131
    USER_1 = 138
    USER_2 = 140
    TERMINATED = 143


@dataclass(frozen=True, slots=True)
class Location:
    """
    Where something is wrong.

    `line_number` counts from 1; `start` and `end` are a half-open span of characters in `text`. `column` (from 1) is
    what the message shows beside the line number; it differs from `start + 1` when `text` stands somewhere inside the
    line.
    """

    file: str | None = None
    line_number: int | None = None
    column: int | None = None
    text: str | None = None
    start: int = 0
    end: int = 0

    def __str__(self) -> str:
        parts = [printable(self.file)] if self.file is not None else []
        if self.line_number is not None:
            parts.append(str(self.line_number))
            if self.column is not None:
                parts.append(str(self.column))
        return ":".join(parts)

    def snippet(self) -> list[str]:
        """The text with carets below the span; a tab stays a tab, so the carets stand where the span is."""
        if self.text is None:
            return []
        margin = "".join("\t" if char == "\t" else " " for char in self.text[: self.start])
        return [f"  | {printable(self.text)}", f"  | {margin}{'^' * max(1, self.end - self.start)}"]


def printable(text: str) -> str:
    """
    *text* with what a terminal must not be sent replaced by U+FFFD, one for one: a tab stays.

    That is: control characters (C0, DEL, C1), line breaks of all kinds, marks that change the direction of text, other
    invisible characters, and lone surrogates. The one owner of this rule: all that comes from a log, a template, a name
    of a file or a variable passes here before it is shown.
    """
    if text.isprintable():
        return text
    return "".join(char if char == "\t" or char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def printable_lines(text: str) -> str:
    """*text*, which has lines of our own making, with each line `printable`."""
    return "\n".join(map(printable, text.split("\n")))


TOO_MANY_FILES = frozenset({errno.EMFILE, errno.ENFILE})
"""Errors of the system where it opens no more files."""

MORE_FILES_HINT = "raise the limit (ulimit -n); 16 are enough for any command"


def reason_of(error: OSError | ValueError) -> str:
    """What the system says of *error*, as it stands after a colon; a ValueError is of a name with a NUL character."""
    text = (isinstance(error, OSError) and error.strerror) or str(error)
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


_UNSAFE_IN_JSON = re.compile(rb"\x7f|\xc2[\x80-\x9f]|\xd8\x9c|\xe2(?:\x80[\x8e\x8f\xa8-\xae]|\x81[\xa6-\xa9])")
"""In UTF-8: DEL, C1, U+061C, U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069. JSON has C0 as escapes already."""


def printable_json(text: bytes) -> bytes:
    """*text*, valid JSON in UTF-8, with escapes for what a terminal must not be sent: the same values."""
    if text.isascii() and b"\x7f" not in text:
        return text
    return _UNSAFE_IN_JSON.sub(lambda match: b"\\u%04x" % ord(match[0].decode()), text)


def valid_unicode(text: str) -> str:
    """*text* without lone surrogates, which stand for bytes that are not UTF-8, and which JSON cannot hold."""
    if text.isascii():
        return text
    return "".join("\N{REPLACEMENT CHARACTER}" if "\ud800" <= char <= "\udfff" else char for char in text)


class LogmatchError(Exception):
    """The base of all errors of logmatch: `message`, `location` and `hint`."""

    def __init__(self, message: str, *, location: Location | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.location = location
        self.hint = hint

    def __str__(self) -> str:
        where = str(self.location) if self.location is not None else ""
        message = printable(self.message)
        lines = [f"{where}: {message}" if where else message]
        if self.location is not None:
            lines += self.location.snippet()
        if self.hint is not None:
            lines.append(f"  = help: {printable(self.hint)}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        # The default would call the class with `args` alone and lose location and hint on the way out of a worker.
        return _rebuild, (type(self), self.message, self.location, self.hint)


def _rebuild(kind: type[LogmatchError], message: str, location: Location | None, hint: str | None) -> LogmatchError:
    return kind(message, location=location, hint=hint)


class UsageError(LogmatchError):
    """The request makes no sense: an option's value, or options that exclude each other."""


class TemplateSyntaxError(LogmatchError):
    """A pattern, or the file around it, is not well formed. `location` carries the span within the pattern."""


class TemplateErrors(LogmatchError):
    """All that is wrong with the given templates, together. `errors` holds them in the order of the files."""

    def __init__(self, errors: Sequence[LogmatchError]) -> None:
        super().__init__("\n".join(str(error) for error in errors))
        self.errors = tuple(errors)

    def __str__(self) -> str:
        return "\n".join(map(str, self.errors))

    def __reduce__(self) -> tuple[object, ...]:
        return TemplateErrors, (self.errors,)


class InputError(LogmatchError):
    """An input could not be opened, read or decoded to its end."""


class OutputError(LogmatchError):
    """The output could not be opened or written."""


class OutputClosedError(OutputError):
    """The reader of the output has gone away (a closed pipe); the run ends quietly."""


class WorkerError(LogmatchError):
    """A worker process died. `location` names the file and the first line that was not done."""
