"""
Time grammar: dates and times as grammars, and those that a format of `strptime` describes.
"""

from __future__ import annotations

import re

from logmatch.templates.grammar import Choice, Grammar, Not, Text, choice, maybe, run, sequence

DIGITS = b"0123456789"
_CAPITALS = bytes(range(ord("A"), ord("Z") + 1))
_LETTERS = _CAPITALS + _CAPITALS.lower()


def digits(least: int, most: int | None = None) -> Grammar:
    """*least* to *most* digits (None: just as many as *least*)."""
    return run(DIGITS, least, least if most is None else most)


DIGIT = digits(1)
NO_DIGIT = Not(DIGIT)
_NO_LETTER = Not(run(_LETTERS + DIGITS, 1, 1))


def names(*words: bytes) -> Choice:
    """One of *words*, the longest that stands here."""
    return choice(*sorted(words, key=len, reverse=True))


MONTHS = b"January February March April May June July August September October November December".split()
DAYS = b"Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()

YEAR = digits(4)
MONTH = choice(sequence(b"0", run(b"123456789", 1, 1)), sequence(b"1", run(b"012", 1, 1)))
_NOT_ZERO = run(b"123456789", 1, 1)
DAY = choice(sequence(b"0", _NOT_ZERO), sequence(run(b"12", 1, 1), DIGIT), sequence(b"3", run(b"01", 1, 1)))
MONTH_NAME = names(*(name[:3] for name in MONTHS))
DAY_NAME = names(*(name[:3] for name in DAYS))
PADDED_DAY = choice(DAY, sequence(maybe(b" "), run(b"123456789", 1, 1)))
"""A day of one digit stands with a zero, with a blank, or alone."""
HOUR = choice(sequence(run(b"01", 1, 1), DIGIT), sequence(b"2", run(b"0123", 1, 1)))
MINUTE = sequence(run(b"012345", 1, 1), DIGIT)
SECOND = choice(MINUTE, b"60")
FRACTION = maybe(run(b".,", 1, 1), run(DIGITS))
CLOCK = sequence(HOUR, b":", MINUTE, b":", SECOND)

_ZONE_WORDS = (
    b"UTC GMT WET WEST BST IST CET CEST EET EEST MSK EST EDT CST CDT MST MDT PST PDT AKST AKDT HST "
    b"JST KST SGT HKT AEST AEDT ACST ACDT AWST NZST NZDT"
).split()
ZONE_WORD = sequence(names(*_ZONE_WORDS), _NO_LETTER)
"""The word of a zone where any other word may follow too, such as INFO: only well-known ones."""
ANY_ZONE_WORD = sequence(run(_CAPITALS, 2, 6), _NO_LETTER)
"""The word of a zone where nothing else can stand."""

_SIGN = run(b"+-", 1, 1)
OFFSET = sequence(_SIGN, HOUR, maybe(maybe(b":"), MINUTE))
_WHOLE_OFFSET = sequence(_SIGN, HOUR, maybe(b":"), MINUTE, NO_DIGIT)
ZONE = choice(run(b"Zz", 1, 1), OFFSET, sequence(b" ", choice(_WHOLE_OFFSET, ZONE_WORD)))
"""Right after the time, or after one space."""
SPACED_ZONE = sequence(b" ", choice(_WHOLE_OFFSET, ZONE_WORD))

DATE = sequence(YEAR, choice(sequence(b"-", MONTH, b"-", DAY), sequence(b"/", MONTH, b"/", DAY)))
TIME = sequence(HOUR, b":", MINUTE, maybe(b":", SECOND, FRACTION))
# RFC 3339 and the extended form of ISO 8601, whose seconds are optional; and its basic form, 20240531T130559Z.
ISO8601 = sequence(
    choice(
        sequence(YEAR, b"-", MONTH, b"-", DAY, run(b"Tt ", 1, 1), TIME),
        sequence(YEAR, MONTH, DAY, b"T", HOUR, MINUTE, SECOND, FRACTION),
    ),
    maybe(ZONE),
)
# RFC 3164, section 4.1.2; a day of one digit is also taken with one space before it, as some devices write it. Network
# devices add a year, a fraction and the word of a zone.
SYSLOGTIME = sequence(MONTH_NAME, b" ", PADDED_DAY, b" ", maybe(YEAR, b" "), CLOCK, FRACTION, maybe(b" ", ZONE_WORD))
CLFTIME = sequence(DAY, b"/", MONTH_NAME, b"/", YEAR, b":", CLOCK, FRACTION, maybe(b" ", _SIGN, digits(4)))
SLASHTIME = sequence(YEAR, b"/", MONTH, b"/", DAY, b" ", CLOCK, FRACTION, maybe(ZONE))
CTIME = sequence(
    *(DAY_NAME, b" ", MONTH_NAME, b" ", PADDED_DAY, b" ", CLOCK, FRACTION),
    *(maybe(b" ", choice(_WHOLE_OFFSET, ANY_ZONE_WORD)), b" ", YEAR, maybe(SPACED_ZONE)),
)
RFC2822 = sequence(
    maybe(DAY_NAME, b", "),
    *(choice(DAY, run(b"123456789", 1, 1)), b" ", MONTH_NAME, b" ", YEAR, b" "),
    *(HOUR, b":", MINUTE, maybe(b":", SECOND), maybe(SPACED_ZONE)),
)
KLOGTIME = sequence(MONTH, DAY, b" ", CLOCK, b".", run(DIGITS))
EPOCH = choice(
    *(sequence(digits(count), NO_DIGIT) for count in (19, 16, 13)),
    sequence(digits(10), NO_DIGIT, maybe(b".", run(DIGITS))),
)
TIMESTAMP = choice(ISO8601, SLASHTIME, CLFTIME, RFC2822, KLOGTIME, CTIME, SYSLOGTIME, DATE, TIME)
"""The longest of all: no two begin alike, but for a date alone, which comes after those that go on."""


class FormatError(ValueError):
    """A format that is none; `start` and `end` are the span of what is wrong in it."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end


def _one_to(most: int) -> Grammar:
    """A number from 1 to *most*, below 100, of two digits, or of one after a blank or alone."""
    tens = most // 10
    pairs = [sequence(b"0", run(b"123456789", 1, 1))]
    if tens > 1:
        pairs.append(sequence(run(DIGITS[1:tens], 1, 1), DIGIT))
    pairs.append(sequence(b"%d" % tens, run(DIGITS[: most % 10 + 1], 1, 1)))
    return choice(*pairs, sequence(maybe(b" "), run(b"123456789", 1, 1)))


_HOUR_OF_24 = choice(HOUR, sequence(maybe(b" "), DIGIT))
_BLANKS = run(b" \t", 1, 64)
_DIRECTIVES: dict[str, Grammar] = {
    "Y": YEAR,
    "G": YEAR,
    "y": digits(2),
    "g": digits(2),
    "C": digits(2),
    "m": _one_to(12),
    "d": PADDED_DAY,
    "e": PADDED_DAY,
    "H": _HOUR_OF_24,
    "k": _HOUR_OF_24,
    "I": _one_to(12),
    "l": _one_to(12),
    "M": choice(MINUTE, DIGIT),
    "S": choice(MINUTE, sequence(b"6", run(b"01", 1, 1)), DIGIT),
    "f": digits(1, 9),
    "L": run(DIGITS),
    **dict.fromkeys("pP", names(b"AM", b"PM", b"am", b"pm")),
    "b": MONTH_NAME,
    "h": MONTH_NAME,
    "B": names(*MONTHS),
    "a": DAY_NAME,
    "A": names(*DAYS),
    "j": digits(1, 3),
    "u": run(b"1234567", 1, 1),
    "w": run(b"0123456", 1, 1),
    **dict.fromkeys("UWV", digits(1, 2)),
    "s": digits(1, 19),
    "z": choice(run(b"Zz", 1, 1), sequence(OFFSET, maybe(b":", MINUTE))),
    "Z": ANY_ZONE_WORD,
    "%": Text(b"%"),
    "n": _BLANKS,
    "t": _BLANKS,
}
SHORT_FOR = {
    **{"T": "%H:%M:%S", "R": "%H:%M", "F": "%Y-%m-%d", "D": "%m/%d/%y", "r": "%I:%M:%S %p"},
    **{"c": "%a %b %e %H:%M:%S %Y", "x": "%m/%d/%y", "X": "%H:%M:%S"},  # as in the locale "C"
}


def has_loose_fraction(text: str) -> bool:
    """
    Whether the digits of a `%L` in *text*, a valid format, may be read from any number of places.

    After a mark that is no digit they are read from the few places at which what stands before it may begin.
    """
    before = ""
    for piece in re.findall("%.|.", text, re.DOTALL):
        if piece == "%L" and (before in ("", *DIGITS.decode()) or before.startswith("%")):
            return True
        before = piece
    return False


def of_format(text: str) -> Grammar:
    """
    The grammar of *text*, a format of `strptime`.

    Numbers that `strptime` takes with fewer digits may be so here, or be padded with a blank. `%L` is a fraction of any
    length.

    Raises:
        FormatError: an unknown directive, or none at all.
    """
    parts: list[Grammar | bytes] = []
    literal = b""
    at = 0
    while at < len(text):
        if text[at] != "%":
            literal += text[at].encode("utf-8", "surrogateescape")
            at += 1
            continue
        directive = text[at + 1 : at + 2]
        if directive in SHORT_FOR:
            text = text[:at] + SHORT_FOR[directive] + text[at + 2 :]
            continue
        if directive not in _DIRECTIVES:
            known = ", ".join(f"%{each}" for each in (*_DIRECTIVES, *SHORT_FOR))
            raise FormatError(f"unknown directive; the directives are {known}", at, at + 2)
        if literal:
            parts.append(literal)
            literal = b""
        parts.append(_DIRECTIVES[directive])
        at += 2
    if not any(isinstance(part, Grammar) for part in parts):
        raise FormatError("the format has no directive, such as %H", 0, len(text))
    return sequence(*parts, *([literal] if literal else []))


_SAMPLE_TIMES = (
    {"Y": "2024", "y": "24", "m": "05", "d": "31", "H": "13", "I": "01", "M": "05", "S": "59", "L": "123", "p": "PM"},
    {"Y": "1999", "y": "99", "m": "12", "d": "01", "H": "00", "I": "12", "M": "00", "S": "00", "L": "0", "p": "AM"},
    {"Y": "2031", "y": "31", "m": "10", "d": " 3", "H": " 9", "I": "9", "M": "30", "S": "01", "L": "123456", "p": "am"},
)
_SAMPLE_NAMES = {
    **{"b": "May", "h": "May", "B": "May", "a": "Fri", "A": "Friday", "j": "152", "u": "5", "w": "5", "U": "22"},
    **{"W": "22", "V": "22", "s": "1717160759", "z": "+0200", "Z": "CEST", "%": "%", "n": " ", "t": "\t"},
}


def samples_of_format(text: str) -> tuple[bytes, ...]:
    """Texts of the grammar of *text*, a valid format."""
    text = re.sub("%(.)", lambda match: SHORT_FOR.get(match[1], match[0]), text)
    same = {"G": "Y", "g": "y", "C": "y", "P": "p", "e": "d", "k": "H", "l": "I", "f": "L"}
    texts = []
    for values in _SAMPLE_TIMES:
        known = values | _SAMPLE_NAMES | {each: values[other] for each, other in same.items()}
        pieces = text.replace("%%", "%\0").split("%")
        known["\0"] = "%"
        made = pieces[0] + "".join(known[piece[0]] + piece[1:] for piece in pieces[1:])
        texts.append(made.encode("utf-8", "surrogateescape"))
    return tuple(dict.fromkeys(texts))
