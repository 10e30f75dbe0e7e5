"""
Types: the field types that have a name, one row of facts each. A new type is a new row.

Each expression of a token is deterministic from where it begins: it takes the longest text of the type's form and gives
nothing back. Where SPEC's own expression would, a possessive quantifier or an atomic group keeps it from doing so;
`tests` compare the two.
"""

from __future__ import annotations

import copyreg
import re
import string
from collections.abc import Callable

from logmatch.templates.field_type import (
    ANY_BYTE,
    SOLID_BYTES,
    WHITESPACE,
    Facts,
    Greediness,
    JsonKind,
    NamedType,
)

_DIGITS = b"0123456789"
_HEX_DIGITS = _DIGITS + b"abcdefABCDEF"
_LETTERS = string.ascii_letters.encode()
_LABEL = _LETTERS + _DIGITS + b"-_"

TYPES: dict[str, NamedType] = {}
"""All types of this module by name, in the order in which documents list them."""


def _row(name: str, facts: Facts) -> NamedType:
    type_ = TYPES[name] = NamedType(name, facts)
    return type_


def named_type(name: str) -> NamedType:
    """The type called *name*; raises KeyError."""
    return TYPES[name]


def _reduced(type_: NamedType) -> tuple[Callable[[str], NamedType], tuple[str]]:
    # Facts hold functions, which pickle refuses, and are the same in every process.
    return named_type, (type_.name,)


copyreg.pickle(NamedType, _reduced)


# Text

ANY = _row(
    "any",
    Facts(
        description="any text, the shortest that lets the rest of the pattern match; may be empty",
        greediness=Greediness.FREE,
        expression=rb".*?",
        samples=(
            *(b"value", b"two words", b"", b"a=1, b=2", b"12", b"/var/log/x.log", b"[x] (y): z", b'"so" it is'),
            b"::1 - 0.5%",
        ),
    ),
)

WORD = _row(
    "word",
    Facts(
        description="text without spaces or tabs, the shortest that lets the rest match",
        greediness=Greediness.FREE,
        expression=rb"[^ \t]+?",
        to_whitespace=rb"[^ \t]++",
        first_bytes=SOLID_BYTES,
        alphabet=SOLID_BYTES,
        samples=(
            *(b"alice", b"x1", b"a.b-c_d", b"/srv/data", b"k=v", b"42", b"(nil)", b"-", b"10.0.0.7"),
            b"caf\xc3\xa9:8",
        ),
    ),
)

PATH = _row(
    "path",
    Facts(
        description="a file path: text without spaces that begins with '/', '~' or a drive",
        greediness=Greediness.FREE,
        expression=rb"(?:/|~|[A-Za-z]:[\\/])[^ \t]*?",
        to_whitespace=rb"(?:/|~|[A-Za-z]:[\\/])[^ \t]*+",
        first_bytes=b"/~" + _LETTERS,
        alphabet=SOLID_BYTES,
        samples=(b"/", b"/var/log/app.log", b"~/notes", b"C:\\Temp\\x", b"/a", b"D:/x"),
    ),
)


def _scheme_to_its_end(line: bytes, start: int, result: int) -> tuple[int, int]:
    return (start, result)


URL_SCHEME = rb"[A-Za-z][A-Za-z0-9+.-]*+"

URL = _row(
    "url",
    Facts(
        description="a URL: a scheme, '://', and text without spaces",
        greediness=Greediness.FREE,
        expression=URL_SCHEME + rb"://[^ \t]+?",
        to_whitespace=URL_SCHEME + rb"://[^ \t]++",
        first_bytes=_LETTERS,
        alphabet=SOLID_BYTES,
        same_end=_scheme_to_its_end,  # what is scanned of free text is its scheme
        samples=(b"http://example.com/", b"https://h:8443/p?q=1", b"ftp://x/y", b"s3://bucket/key", b"a://b"),
    ),
)

REST = _row(
    "rest",
    Facts(
        description="everything to the end of the line; may be empty; the last field of its template",
        expression=rb".*+",
        ends_in_order=True,
        swallows=ANY_BYTE,
        swallows_what="the whole rest of the line",
        samples=(b"value", b"two words", b"", b"a=1, b=2", b"12", b"at x.y(Z:1)", b"[x] (y): z", b'"so" it is'),
    ),
)


def _whole(line: bytes, start: int, result: int) -> tuple[int, int]:
    return (start, result)


WS = _row(
    "ws",
    Facts(
        description="any number of spaces and tabs, none too; never output",
        json_kind=JsonKind.NOTHING,
        expression=rb"[ \t]*+",
        alphabet=WHITESPACE,
        run_bytes=WHITESPACE,
        same_end=_whole,
        ends_in_order=True,
        swallows=WHITESPACE,
        swallows_what="all spaces and tabs",
        samples=(b" ", b"", b"\t", b"   "),
    ),
)


# Numbers


def _first_digits(line: bytes, start: int, result: int) -> tuple[int, int]:
    # From each digit of the first run of digits a number ends at the same place (or does not, for want of a '%').
    match = re.compile(rb"[+-]?([0-9]*)").match(line, start)
    return match.span(1) if match else (start, start)


INT = _row(
    "int",
    Facts(
        description="a whole number, with or without a sign",
        json_kind=JsonKind.NUMBER,
        is_integer=True,
        expression=rb"[+-]?+[0-9]++",
        first_bytes=b"+-" + _DIGITS,
        alphabet=b"+-" + _DIGITS,
        run_bytes=_DIGITS,  # not the signs: a text holds at most two, so that no byte is read by more than three scans
        same_end=_first_digits,
        ends_in_order=True,
        swallows=_DIGITS,
        swallows_what="all digits",
        samples=(b"42", b"0", b"-7", b"+5", b"007", b"18446744073709551616"),
    ),
)

_FLOAT = rb"[+-]?+(?:[0-9]++(?:\.[0-9]++)?+|\.[0-9]++)(?:[eE][+-]?+[0-9]++)?+"

FLOAT = _row(
    "float",
    Facts(
        description="a number with or without a fraction and an exponent",
        json_kind=JsonKind.NUMBER,
        expression=_FLOAT,
        first_bytes=b"+-." + _DIGITS,
        alphabet=b"+-.eE" + _DIGITS,
        run_bytes=_DIGITS + b".eE",
        same_end=_first_digits,
        ends_in_order=True,
        swallows=_DIGITS,
        swallows_what="all digits",
        samples=(b"1.5", b"42", b"-0.25", b".5", b"1e-3", b"+2"),
    ),
)

PERCENT = _row(
    "percent",
    Facts(
        description="a float and '%'; the value is the number",
        json_kind=JsonKind.NUMBER,
        expression=_FLOAT + rb"%",
        first_bytes=b"+-." + _DIGITS,
        alphabet=b"+-.eE%" + _DIGITS,
        run_bytes=_DIGITS + b".eE",
        same_end=_first_digits,
        ends_in_order=True,
        trimmed_end=1,
        samples=(b"50%", b"99.9%", b"-1%", b".5%", b"100%"),
    ),
)


def _hex_digits(line: bytes, start: int, result: int) -> tuple[int, int]:
    # Not from the last digit: it may be the 0 of a 0x.
    match = re.compile(rb"(?:0[xX](?=[0-9a-fA-F]))?([0-9a-fA-F]*)").match(line, start)
    return (match.start(1), match.end(1) - 1) if match else (start, start)


HEX = _row(
    "hex",
    Facts(
        description="hexadecimal digits, with or without 0x",
        expression=rb"(?:0[xX](?=[0-9a-fA-F]))?+[0-9a-fA-F]++",
        first_bytes=_HEX_DIGITS,
        alphabet=_HEX_DIGITS + b"xX",
        run_bytes=_HEX_DIGITS + b"xX",
        same_end=_hex_digits,
        ends_in_order=True,
        swallows=_HEX_DIGITS,
        swallows_what="all hexadecimal digits",
        samples=(b"deadbeef", b"0x1F", b"7", b"A0", b"c0ffee00c0ffee00", b"12"),
    ),
)


# Addresses and names

# An octet may have leading zeros (up to three digits), as other log tools read it and as some devices write it.
_OCTET = rb"(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]{1,2})"
_IPV4 = rb"(?>" + _OCTET + rb")(?:\.(?>" + _OCTET + rb")){3}"

_GROUP = rb"[0-9a-fA-F]{1,4}"


def _ipv6() -> bytes:
    """
    RFC 4291, section 2.2: eight groups, or fewer with one `::` for one or more groups of zeros.

    How many groups stand before `::` is seen from the text alone, so at most one of the alternatives can match. Behind
    it an embedded IPv4 address, which takes the place of two groups, is tried first: it goes on where a group would
    end.
    """
    alternatives = [rb"(?:" + _GROUP + rb":){6}(?:" + _IPV4 + rb"|" + _GROUP + rb":" + _GROUP + rb")"]
    for before in range(8):
        head = rb"(?:" + _GROUP + rb":){%d}:" % before if before else rb"::"
        most = 7 - before
        tails = [rb"(?:" + _GROUP + rb":){0,%d}" % (most - 2) + _IPV4] if most >= 2 else []
        tails += [_GROUP + rb"(?::" + _GROUP + rb"){0,%d}" % (most - 1)] if most else []
        alternatives.append(head + (rb"(?:" + rb"|".join(tails) + rb")?" if tails else b""))
    return rb"(?:" + rb"|".join(alternatives) + rb")"


_IPV6 = _ipv6()

IPV4 = _row(
    "ipv4",
    Facts(
        description="an IPv4 address",
        expression=_IPV4,
        first_bytes=_DIGITS,
        alphabet=b"." + _DIGITS,
        ends_in_order=True,
        samples=(b"10.0.0.1", b"192.168.1.20", b"255.255.255.255", b"8.8.8.8", b"127.0.0.1"),
    ),
)

IPV6 = _row(
    "ipv6",
    Facts(
        description="an IPv6 address",
        expression=rb"(?=[0-9a-fA-F:])(?>" + _IPV6 + rb")",
        first_bytes=b":" + _HEX_DIGITS,
        alphabet=b":." + _HEX_DIGITS,
        samples=(b"2001:db8::1", b"::", b"::1", b"fe80::1:2", b"::ffff:10.0.0.1", b"1:2:3:4:5:6:7:8"),
    ),
)

IP = _row(
    "ip",
    Facts(
        description="an IPv4 or an IPv6 address",
        expression=rb"(?=[0-9a-fA-F:])(?>" + _IPV6 + rb"|" + _IPV4 + rb")",
        first_bytes=b":" + _HEX_DIGITS,
        alphabet=b":." + _HEX_DIGITS,
        samples=(b"10.0.0.1", b"2001:db8::1", b"::1", b"192.168.1.20", b"1:2:3:4:5:6:7:8"),
    ),
)

_HEX2 = rb"[0-9a-fA-F]{2}"

MAC = _row(
    "mac",
    Facts(
        description="a hardware address: six pairs of hexadecimal digits joined by ':' or '-'",
        expression=rb"(?:" + _HEX2 + rb"(?::" + _HEX2 + rb"){5}|" + _HEX2 + rb"(?:-" + _HEX2 + rb"){5})",
        first_bytes=_HEX_DIGITS,
        alphabet=b":-" + _HEX_DIGITS,
        ends_in_order=True,
        samples=(
            *(b"00:1a:2b:3c:4d:5e", b"00-1A-2B-3C-4D-5E", b"ff:ff:ff:ff:ff:ff", b"01:02:03:04:05:06"),
            b"aa-bb-cc-dd-ee-ff",
        ),
    ),
)

UUID = _row(
    "uuid",
    Facts(
        description="a UUID: hexadecimal digits, 8-4-4-4-12",
        expression=rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
        first_bytes=_HEX_DIGITS,
        alphabet=b"-" + _HEX_DIGITS,
        ends_in_order=True,
        samples=(
            b"123e4567-e89b-12d3-a456-426614174000",
            b"00000000-0000-0000-0000-000000000000",
            b"F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6",
            b"11111111-2222-3333-4444-555555555555",
            b"abcdefab-cdef-abcd-efab-cdefabcdefab",
        ),
    ),
)

HOST = _row(
    "host",
    Facts(
        description="a host name or an IPv4 address: labels of letters, digits, '-' and '_' joined by '.'",
        expression=rb"[A-Za-z0-9_-]++(?:\.[A-Za-z0-9_-]++)*+",
        first_bytes=_LABEL,
        alphabet=_LABEL + b".",
        run_bytes=_LABEL + b".",
        same_end=_whole,
        ends_in_order=True,
        swallows=_LABEL,
        swallows_what="all labels",
        samples=(b"web-01.example.net", b"localhost", b"db_2", b"10.0.0.1", b"a", b"42"),
    ),
)


def _up_to_closing_quote(line: bytes, start: int, result: int) -> tuple[int, int]:
    # A quote within the text is an escaped one. From it, too, the text ends at the next quote that has an even number
    # of backslashes before it: those cannot reach back over the quote, so that their number does not depend on the
    # start.
    if not line.startswith(b'"', start):
        return (start, start)
    return (start, result - 1 if result >= 0 else len(line))


QUOTED = _row(
    "quoted",
    Facts(
        description='text in double quotes; \\" is a quote within it; the value is what stands between them',
        expression=rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"',
        first_bytes=b'"',
        run_bytes=b"\\",  # a quote begins a text within another only if it is escaped there
        same_end=_up_to_closing_quote,
        ends_in_order=True,
        trimmed_start=1,
        trimmed_end=1,
        samples=(b'"text"', b'""', b'"two words"', b'"a \\"b\\" c"', b'"-"'),
    ),
)


# Dates and times

_MONTH = rb"(?:0[1-9]|1[0-2])"
_DAY = rb"(?:0[1-9]|[12][0-9]|3[01])"
_MONTH_NAME = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_HOUR = rb"(?:[01][0-9]|2[0-3])"
_MINUTE = rb"[0-5][0-9]"
_SECOND = rb"(?:[0-5][0-9]|60)"
_FRACTION = rb"(?:[.,][0-9]+)?"
_ZONE = rb"(?:[Zz]|[+-]" + _HOUR + rb"(?::?" + _MINUTE + rb")?)?"
_CLOCK = _HOUR + rb":" + _MINUTE + rb":" + _SECOND
# RFC 3339 and the extended form of ISO 8601, whose seconds are optional; and its basic form, 20240531T130559Z.
_EXTENDED = (
    rb"[0-9]{4}-"
    + _MONTH
    + rb"-"
    + _DAY
    + rb"[Tt ]"
    + _HOUR
    + rb":"
    + _MINUTE
    + rb"(?::"
    + _SECOND
    + _FRACTION
    + rb")?"
)
_BASIC = rb"[0-9]{4}" + _MONTH + _DAY + rb"T" + _HOUR + _MINUTE + _SECOND + _FRACTION
_MONTH_LETTERS = b"JanFebMarAprMayJunJulAugSepOctNovDec"

DATE = _row(
    "date",
    Facts(
        description="a date, 2024-05-31 or 2024/05/31",
        expression=rb"[0-9]{4}(?:-" + _MONTH + rb"-" + _DAY + rb"|/" + _MONTH + rb"/" + _DAY + rb")",
        first_bytes=_DIGITS,
        alphabet=b"-/" + _DIGITS,
        ends_in_order=True,
        samples=(b"2024-05-31", b"2024/05/31", b"1999-12-01", b"2000/01/02", b"2031-10-10"),
    ),
)

TIME = _row(
    "time",
    Facts(
        description="a time of day, 13:05 or 13:05:59, with or without a fraction",
        expression=rb"(?>" + _HOUR + rb":" + _MINUTE + rb"(?::" + _SECOND + _FRACTION + rb")?)",
        first_bytes=_DIGITS,
        alphabet=b":.," + _DIGITS,
        samples=(b"13:05:59", b"13:05", b"13:05:59.123", b"00:00:00,001", b"23:59:60"),
    ),
)

ISO8601 = _row(
    "iso8601",
    Facts(
        description="a date and a time as RFC 3339 and ISO 8601 write them, 2024-05-31T13:05:59.123+02:00",
        expression=rb"(?>(?:" + _EXTENDED + rb"|" + _BASIC + rb")" + _ZONE + rb")",
        first_bytes=_DIGITS,
        alphabet=b"-:.,+ TtZz" + _DIGITS,
        samples=(
            *(b"2024-05-31T13:05:59Z", b"2024-05-31 13:05:59.123", b"2024-05-31T13:05:59.1+02:00"),
            *(b"20240531T130559Z", b"2024-05-31 13:05"),
        ),
    ),
)

SYSLOGTIME = _row(
    "syslogtime",
    Facts(
        description="the time of BSD syslog, May  3 13:05:59",
        # RFC 3164, section 4.1.2; a day of one digit is also taken with one space before it, as some devices write it.
        expression=_MONTH_NAME + rb" (?>[12][0-9]|3[01]|[ 0]?[1-9]) " + _CLOCK,
        first_bytes=b"JFMASOND",
        alphabet=bytes(dict.fromkeys(_MONTH_LETTERS + _DIGITS + b" :")),
        ends_in_order=True,
        samples=(b"May 31 13:05:59", b"May  3 13:05:59", b"Jan 1 00:00:00", b"Dec 10 06:55:46", b"Oct 09 23:59:59"),
    ),
)

CLFTIME = _row(
    "clftime",
    Facts(
        description="the time of web servers' logs, 31/May/2024:13:05:59 +0200",
        expression=_DAY + rb"/" + _MONTH_NAME + rb"/[0-9]{4}:" + _CLOCK + rb" [+-][0-9]{4}",
        first_bytes=_DIGITS,
        alphabet=bytes(dict.fromkeys(_MONTH_LETTERS + _DIGITS + b"/: +-")),
        ends_in_order=True,
        samples=(
            *(b"31/May/2024:13:05:59 +0200", b"01/Jan/2000:00:00:00 -0500", b"10/Oct/2000:13:55:36 -0700"),
            *(b"28/Feb/2025:23:59:60 +0000", b"03/Mar/2025:06:00:00 +0100"),
        ),
    ),
)
