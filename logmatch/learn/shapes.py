"""
Shapes: a message scanned into words, punctuation and values, of which only the kind counts.

The *shape* of a message is the tuple of its tokens' keys: a word's key is itself, a value's is `VALUE`, and a stem with
digits after it (`blk_1073`, `eth0`) has its letters (`blk_`). Messages of one shape are one kind of message; the
passes then join shapes. What counts as a value is decided by form alone: digits, addresses, paths, times.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

VALUE = "\x00"
"""The key of a token whose text varies."""

REST = "\x01"
"""The key of a token that takes everything to the end of the message."""

DIGITS = "\x02"
"""The last character of a stem's key: letters that digits follow."""


class Token(NamedTuple):
    """A piece of a message: its key, its place (half-open), and what form it has."""

    key: str
    start: int
    end: int
    form: str


Shape = tuple[str, ...]

_BEGIN, _END = r"(?<![A-Za-z0-9_])", r"(?![A-Za-z0-9_])"
_WHOLE = _END + r"(?![.+~/-]\w)"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*"
_CLOCK = r"\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?"
_ZONE = r"(?:Z|\s?[+-]\d\d:?\d\d|\s(?:UTC|GMT|CES?T|[ECMP][SD]T))?"
_UNIT = rf"(?:\s?(?:[KMGTP]i?B|B|[KMG]?[Bb]ytes?/s|[num]?s|µs|msecs?|secs?|mins?|%){_END})?"
_LABEL = r"[A-Za-z0-9_-]+"
_TOP = (
    r"(?:com|net|org|edu|gov|mil|int|info|biz|local|lan|internal|localdomain|intranet|corp|home|arpa|example|test"
    r"|de|uk|fr|nl|it|es|pl|ru|cn|hk|tw|jp|kr|in|br|au|ca|us|ch|at|be|se|no|fi|dk|cz|hu|ro|gr|pt|tr|mx|ar|za|nz|sg|eu|io)"
)
_PATH_BODY = r"[\w.+@%~$#-][\w.+@%~$#:/-]*+(?:\*|\?[^\s\"'<>(){}\[\];|]*)?"

FORMS: tuple[tuple[str, str], ...] = (
    ("quoted", r'(?<==)"(?:[^"\\]|\\.)*"'),
    ("email", _BEGIN + rf"[A-Za-z0-9_.+-]+@{_LABEL}(?:\.{_LABEL})+"),
    ("endpoint", rf"(?<![A-Za-z0-9_.$/-])(?:(?:{_LABEL}\.)+{_LABEL}|localhost):\d+{_END}(?![.:]?\d)"),
    ("url", _BEGIN + r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>(){}\[\],;|]+"),
    ("uuid", _BEGIN + r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}" + _END),
    (
        "time",
        _BEGIN
        + rf"(?:{_DAY},?\s+)?{_MONTH}\s+\d{{1,2}}(?:\s+\d{{1,2}}:\d\d(?::\d\d)?)?(?:\s+[A-Z]{{3,4}})?(?:\s+\d{{4}})?"
        + _END,
    ),
    ("time", _BEGIN + rf"(?:{_DAY},?\s+)?\d{{1,2}}[/ -]{_MONTH}[/ -]\d{{2,4}}(?:[: ]\d\d:\d\d:\d\d)?{_ZONE}" + _END),
    ("time", _BEGIN + rf"\d{{4}}[-/]\d\d[-/]\d\d(?:[T ]{_CLOCK}{_ZONE})?" + _END),
    ("time", _BEGIN + r"\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d+)?" + _WHOLE + "(?!:)"),
    ("mac", _BEGIN + r"(?:[0-9a-fA-F]{2}[:-]){5,}[0-9a-fA-F]{2}" + _END),
    ("ip", _BEGIN + r"\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?:/\d+)?" + _END + r"(?![.-]\w)"),
    ("ip", _BEGIN + r"(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}" + _END),
    (
        "ip",
        r"(?<![A-Za-z0-9_:])(?:[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{1,4}){0,6})?::"
        r"(?:[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{1,4}){0,6}(?:\.\d{1,3}){0,3})?(?:%\w+)?" + _END + r"(?<=[0-9a-fA-F:]{3})",
    ),
    ("ip", r"(?<=\s)::(?=\s)"),
    ("request", r"(?<=[A-Z] )/[^\s\"]*+ HTTP/\d(?:\.\d)?"),
    ("path", rf"(?<![A-Za-z0-9_)\].])(?:~|\.{{1,2}})?/{_PATH_BODY}"),
    ("path", _BEGIN + r"[A-Za-z]:\\[^\s\"'<>|,;]*"),
    ("hex", _BEGIN + r"(?:0[xX][0-9a-fA-F]+|[a-f]{8,})" + _END),
    (
        "number",
        r"(?<![A-Za-z0-9_<])(?:<\s?(?=\d+\s?(?:sec|ms|s|[KMG]?B)\b))?[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
        + _UNIT
        + _WHOLE,
    ),
)
"""The forms of values, tried in this order: the name of a form and the expression for it."""

_SCAN = re.compile(
    "|".join(f"(?P<f{i}>{expression})" for i, (_, expression) in enumerate(FORMS))
    + r"|(?P<escaped>\\[\"'])|(?P<run>\.{2,}|\*{2,}|-{2,}|_{3,}|={2,}|#{2,})"
    + r"|(?P<piece>(?:(?!\\[\"'])[^\s()\[\]{}<>\"',;=|:#@])+)|(?P<mark>\S)"
)
_NAMES = {f"f{i}": name for i, (name, _) in enumerate(FORMS)}

_LEADING = re.compile(r"[!*&+\-]+(?=.)")
_TRAILING = re.compile(r"(?<=.)[.!?*&+\-]+$")
_LEADERS = re.compile(r"(?<=.)(?:\.{2,}|\*{2,})")
_SMALL = re.compile(r"([A-Za-z]+)\d{1,2}$")
_HEX = re.compile(r"[0-9a-f]{6,}|[0-9A-F]{6,}")
_STEM = re.compile(r"([A-Za-z]{2,})[_-](?=[\w.-]*\d)")
_HOST = re.compile(rf"(?!(?:com|org|net|io|java|javax)\.)(?:[a-z0-9_-]+\.)+{_TOP}$")
_COMPONENT = re.compile(r"\w+(?:\.\w+)+/[\w.$]+$")
_ADDRESS = re.compile(r"/\d{1,3}(?:\.\d{1,3}){3}")
_ONE_NAME = re.compile(r"/[A-Za-z_-]+$")
_SURROGATE = re.compile("[\ud800-\udfff]")


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


def common_beginning(texts: Collection[str]) -> str:
    """Return what all texts begin with."""
    first, last = min(texts, default=""), max(texts, default="")
    shared = next(
        (at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last))
    )
    return first[:shared]


def scan(text: str) -> list[Token]:
    """Return the tokens of a message. `: ` and `= ` have other keys than `:` and `=`."""
    found: list[Token] = []
    position = 0
    while match := _SCAN.search(text, position):
        start, position = match.span()
        group = match.lastgroup or ""
        if group == "piece":
            position = _piece(text, start, position, found)
        elif group in ("mark", "run", "escaped"):
            spaced = match.group() in ":=" and text[position : position + 1].isspace()
            found.append(Token(match.group() + " " * spaced, start, position, "mark"))
        else:
            position = _value(text, start, position, _NAMES[group], found)
    return found


def is_word(key: str) -> bool:
    """Tell whether a key is a word: it has a letter, and does not stand for a value."""
    return key not in (VALUE, REST) and key[-1] != DIGITS and any(map(str.isalpha, key))


def is_stem(key: str) -> bool:
    """Tell whether a key is that of letters with digits after them."""
    return key[-1] == DIGITS


def is_absent(key: str) -> bool:
    """Tell whether a key is what programs write where a value is missing: `-`, `****`."""
    return key in ("-", "--", "?") or (len(key) > 2 and not key.strip("*"))


def is_open(key: str) -> bool:
    """Tell whether values may stand where this key does: it is a value, a stem, a word, or says that none is there."""
    return key == VALUE or (key != REST and (any(map(str.isalpha, key)) or is_absent(key)))


def _piece(text: str, start: int, end: int, found: list[Token]) -> int:
    """Add the tokens of a piece without space or punctuation inside; return where it ends."""
    if leaders := _LEADERS.search(text[start:end]):
        end = start + leaders.start()
    position = end
    if leading := _LEADING.match(text[start:end]):
        found.append(Token(leading.group(), start, start + leading.end(), "mark"))
        start += leading.end()
    trailing = _TRAILING.search(text[start:end])
    if trailing:
        end = start + trailing.start()
    word = text[start:end]
    if _SURROGATE.search(word):
        found.append(Token(VALUE, start, end, "bytes"))
    elif _COMPONENT.match(word):
        found.append(Token(VALUE, start, end, "component"))
    elif not any(map(str.isdigit, word)):
        found.append(Token(VALUE, start, end, "host") if is_host(word) else Token(word, start, end, "word"))
    elif (small := _SMALL.match(word)) and not _HEX.fullmatch(word):
        found.append(Token(small.group(1) + DIGITS, start, end, "small"))
    elif is_host(word):
        found.append(Token(VALUE, start, end, "host"))
    elif stem := _STEM.match(word):
        found.append(Token(stem.group() + DIGITS, start, end, "stem"))
    else:
        found.append(Token(VALUE, start, end, "mixed"))
    if trailing:
        found.append(Token(trailing.group(), end, end + len(trailing.group()), "mark"))
    return position


def is_host(word: str) -> bool:
    """Tell whether a piece is the name of a machine: a known last label, three labels where it has only two letters."""
    return bool(_HOST.match(word)) and (word.count(".") > 1 or word[-3] != ".")


def _value(text: str, start: int, end: int, form: str, found: list[Token]) -> int:
    """Add the token of a value; return where it ends."""
    value = text[start:end]
    if form == "path":
        if _ADDRESS.match(value):  # Java writes /10.0.0.1:80
            found.append(Token("/", start, start + 1, "mark"))
            return start + 1
        if trailing := re.search(r"(?<=.)[.:]+$", value):
            end = start + trailing.start()
            value = text[start:end]
        if _ONE_NAME.match(value):
            found.append(Token(value, start, end, "word"))
            return end
    if form == "quoted" and not any(map(str.isdigit, value)) and "/" not in value:
        found.append(Token(value, start, end, "text"))
        return end
    found.append(Token(VALUE, start, end, form))
    return end
