"""
Types: the field types that have a name, one row of facts each. A new type is a new row.

The text of a token is a grammar (`grammar`), from which its expression, its first bytes and the like follow. Some older
tokens say their expressions themselves. Each of these is deterministic from where it begins: it takes the longest text
of the type's form and gives nothing back; where a plain expression would, a possessive quantifier or an atomic group
keeps it from doing so.

A type with an argument in parentheses, such as `csv(;)`, is a row that is made when it is asked for (`PARAMETRISED`).
"""

from __future__ import annotations

import copyreg
import re
import string
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from logmatch.templates import json_scan, time_grammar, values
from logmatch.templates.field_type import (
    NAMES,
    SOLID_BYTES,
    WHITESPACE,
    Facts,
    Greediness,
    JsonKind,
    NamedType,
    TypeList,
)
from logmatch.templates.grammar import (
    ANY_BYTE,
    ONE_BYTE,
    Grammar,
    Not,
    Repeat,
    alphabet,
    but,
    choice,
    expression,
    first_bytes,
    is_bounded,
    maybe,
    run,
    sequence,
)
from logmatch.templates.known_ends import alike
from logmatch.templates.pair_grammar import CEF, PairForm, pairs_with
from logmatch.templates.time_grammar import DIGITS, NO_DIGIT, FormatError, digits

_DIGITS = DIGITS
_HEX_DIGITS = _DIGITS + b"abcdefABCDEF"
_LETTERS = string.ascii_letters.encode()
_LABEL = _LETTERS + _DIGITS + b"-_"

TYPES: dict[str, NamedType] = {}
"""All types without an argument by name, in the order in which documents list them."""


def _row(name: str, facts: Facts) -> NamedType:
    type_ = TYPES[name] = NamedType(name, facts)
    NAMES.add(name)
    return type_


def token(description: str, grammar: Grammar, **facts: Any) -> Facts:
    """The facts of a token with *grammar*: what follows from that, and *facts*."""
    found = alphabet(grammar)
    derived: dict[str, Any] = {
        "description": description,
        "grammar": grammar,
        "expression": expression(grammar),
        "first_bytes": first_bytes(grammar),
        "alphabet": None if len(found) == 256 else found,
        "run_bytes": None if is_bounded(grammar) else found,
    }
    return Facts(**derived | facts)


def named_type(name: str) -> NamedType:
    """
    The type called *name*, which may have an argument in parentheses.

    Raises:
        KeyError: there is none.
        FormatError: its argument is wrong; the span is one of *name*.
    """
    known = TYPES.get(name)
    if known is not None:
        return known
    base, opened, rest = name.partition("(")
    if not opened or not rest.endswith(")") or base not in PARAMETRISED:
        raise KeyError(name)
    return _with_argument(name, base, rest[:-1])


@lru_cache(4096)
def _with_argument(name: str, base: str, written: str) -> NamedType:
    argument = re.sub(r"\\(.)", lambda match: "\t" if match[1] == "t" else match[1], written)
    try:
        facts = PARAMETRISED[base](argument)
    except FormatError as error:
        start = len(base) + 1
        raise FormatError(error.message, start + error.start, start + min(error.end, len(written))) from None
    return NamedType(name, facts, base, argument)


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
        next_alike=alike(rb"[A-Za-z][0-9+.-]*+(?=[A-Za-z])"),  # what is scanned of free text is its scheme
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


WS = _row(
    "ws",
    Facts(
        description="any number of spaces and tabs, none too; never output",
        json_kind=JsonKind.NOTHING,
        expression=rb"[ \t]*+",
        alphabet=WHITESPACE,
        run_bytes=WHITESPACE,
        next_alike=alike(rb"[ \t]"),
        ends_in_order=True,
        swallows=WHITESPACE,
        swallows_what="all spaces and tabs",
        samples=(b" ", b"", b"\t", b"   "),
    ),
)


BLANKS = _row(
    "blanks",
    token(
        "one or more spaces and tabs; never output",
        run(WHITESPACE),
        json_kind=JsonKind.NOTHING,
        ends_in_order=True,
        swallows=WHITESPACE,
        swallows_what="all spaces and tabs",
        samples=(b" ", b"\t", b"   ", b" \t", b"  "),
    ),
)


# Numbers


_next_digit = alike(rb"[0-9+-](?=[0-9])")


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
        next_alike=_next_digit,
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
        next_alike=_next_digit,
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
        next_alike=_next_digit,
        ends_in_order=True,
        trimmed_end=1,
        samples=(b"50%", b"99.9%", b"-1%", b".5%", b"100%"),
    ),
)


HEX = _row(
    "hex",
    Facts(
        description="hexadecimal digits, with or without 0x",
        expression=rb"(?:0[xX](?=[0-9a-fA-F]))?+[0-9a-fA-F]++",
        first_bytes=_HEX_DIGITS,
        alphabet=_HEX_DIGITS + b"xX",
        run_bytes=_HEX_DIGITS + b"xX",
        # Not from a 0 that begins another 0x.
        next_alike=alike(rb"(?:0[xX]|[0-9a-fA-F])(?=[0-9a-fA-F])(?!0[xX][0-9a-fA-F])"),
        ends_in_order=True,
        swallows=_HEX_DIGITS,
        swallows_what="all hexadecimal digits",
        samples=(b"deadbeef", b"0x1F", b"7", b"A0", b"c0ffee00c0ffee00", b"12"),
    ),
)


_MOST_DIGITS = 64
_PLAIN = choice(
    sequence(digits(1, _MOST_DIGITS), NO_DIGIT, maybe(run(b".,", 1, 1), digits(1, _MOST_DIGITS), NO_DIGIT)),
    sequence(run(b".,", 1, 1), digits(1, _MOST_DIGITS), NO_DIGIT),
)


def _grouped(mark: bytes, point: bytes) -> Grammar:
    """Groups of three digits with *mark* between them, and a fraction after *point*."""
    more = sequence(mark, digits(3), NO_DIGIT)
    fraction = maybe(run(point, 1, 1), digits(1, _MOST_DIGITS), NO_DIGIT)
    # Twenty groups and no loop, so that a text has a bound.
    tail: Grammar = more
    for _ in range(19):
        tail = sequence(more, maybe(tail))
    return sequence(digits(1, 3), tail, fraction)


NUMBER = _row(
    "number",
    token(
        "a number with ',' or '.' as decimal sign, or with thousands marks: 1.234,5 or 1,234.5 or 0,001",
        sequence(
            maybe(run(b"+-", 1, 1)),
            choice(
                _grouped(b",", b"."),
                _grouped(b".", b","),
                _grouped(b"'", b".,"),
                sequence(_PLAIN, maybe(run(b"eE", 1, 1), maybe(run(b"+-", 1, 1)), digits(1, 4), NO_DIGIT)),
            ),
        ),
        json_kind=JsonKind.NUMBER,
        convert=values.number,
        samples=(
            b"1.5",
            b"0,0001000",
            b"1,234,567.8",
            b"1.234.567,8",
            b"42",
            b"-12",
            b"1'234'567",
            b"195,970",
            b"1e-3",
        ),
    ),
)

_AMOUNT = sequence(digits(1, 20), NO_DIGIT, maybe(run(b".,", 1, 1), digits(1, 20), NO_DIGIT))
_NO_LETTER = Not(run(_LETTERS, 1, 1))
_UNIT = sequence(choice(*sorted(values.DURATION_UNITS, key=len, reverse=True)), _NO_LETTER)


def _up_to(count: int, part: Grammar) -> Grammar:
    """*part* from one to *count* times."""
    tail: Grammar = part
    for _ in range(count - 1):
        tail = sequence(part, maybe(tail))
    return tail


DURATION = _row(
    "duration",
    token(
        "a duration, 0:00:30 or 1m2.5s or 18 ms; the value is the number of seconds",
        sequence(
            maybe(run(b"+-", 1, 1)),
            choice(
                sequence(
                    *(digits(1, 9), b":", time_grammar.MINUTE, b":", time_grammar.MINUTE, NO_DIGIT),
                    maybe(run(b".,", 1, 1), digits(1, 20), NO_DIGIT),
                ),
                _up_to(8, sequence(_AMOUNT, maybe(b" "), _UNIT)),
            ),
        ),
        json_kind=JsonKind.NUMBER,
        convert=values.duration,
        samples=(
            *(b"18ms", b"0:00:30", b"120:00:30", b"1m2.5s", "1.676µs".encode(), b"18 ms", b"1d00h", b"5s", b"1h30m"),
            *(b"0:00:11.924833335", b"250us", b"12ns", b"-3s"),
        ),
    ),
)

SIZE = _row(
    "size",
    token(
        "a size, 12KiB or 3.5G; the value is the number of bytes (kB, MB: powers of 1,000; K, M, KiB: of 1,024)",
        sequence(
            _AMOUNT,
            maybe(
                maybe(b" "),
                choice(sequence(run(b"kKMGTPE", 1, 1), maybe(b"i"), maybe(b"B")), b"B"),
                Not(run(_LETTERS + _DIGITS, 1, 1)),
            ),
        ),
        json_kind=JsonKind.NUMBER,
        convert=values.size,
        samples=(b"12KiB", b"3.5G", b"512 B", b"1kB", b"0.0B", b"577", b"1.5 MB", b"3776.0M", b"2Ti", b"8E"),
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

    How many groups stand before `::` is seen from the text alone, so at most one of the alternatives can match. After
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
_ZONE_BYTES = _LABEL + b"."
_ZONE = rb"(?:%[A-Za-z0-9_.-]{1,64}+)?+"  # RFC 4007, section 11: fe80::1%eth0

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
        expression=rb"(?=[0-9a-fA-F:])(?>" + _IPV6 + rb")" + _ZONE,
        first_bytes=b":" + _HEX_DIGITS,
        alphabet=b":%" + _ZONE_BYTES,
        samples=(b"2001:db8::1", b"::", b"::1", b"fe80::1:2", b"::ffff:10.0.0.1", b"1:2:3:4:5:6:7:8"),
    ),
)

IP = _row(
    "ip",
    Facts(
        description="an IPv4 or an IPv6 address",
        expression=rb"(?=[0-9a-fA-F:])(?>(?>" + _IPV6 + rb")" + _ZONE + rb"|" + _IPV4 + rb")",
        first_bytes=b":" + _HEX_DIGITS,
        alphabet=b":%" + _ZONE_BYTES,
        samples=(b"10.0.0.1", b"2001:db8::1", b"::1", b"192.168.1.20", b"1:2:3:4:5:6:7:8"),
    ),
)

_HEX2 = rb"[0-9a-fA-F]{2}"
_HEX4 = rb"[0-9a-fA-F]{4}"
_MAC = rb"(?>%b)" % b"|".join(
    group + rb"(?:" + mark + group + rb"){%d}(?:(?:" % more + mark + group + rb"){%d})?+" % extra
    for group, mark, more, extra in ((_HEX2, rb":", 5, 2), (_HEX2, rb"-", 5, 2), (_HEX4, rb"\.", 2, 1))
)
"""EUI-48 and EUI-64."""


MAC = _row(
    "mac",
    Facts(
        description="a hardware address: pairs of hexadecimal digits with ':' or '-', or fours with '.'",
        expression=_MAC,
        first_bytes=_HEX_DIGITS,
        alphabet=b":-." + _HEX_DIGITS,
        samples=(
            *(b"00:1a:2b:3c:4d:5e", b"00-1A-2B-3C-4D-5E", b"ff:ff:ff:ff:ff:ff", b"01:02:03:04:05:06"),
            *(b"aa-bb-cc-dd-ee-ff", b"001a.2b3c.4d5e", b"00:1a:2b:ff:fe:3c:4d:5e", b"001a.2bff.fe3c.4d5e"),
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
        next_alike=alike(rb"[A-Za-z0-9_-]\.?+(?=[A-Za-z0-9_-])"),
        ends_in_order=True,
        swallows=_LABEL,
        swallows_what="all labels",
        samples=(b"web-01.example.net", b"localhost", b"db_2", b"10.0.0.1", b"a", b"42"),
    ),
)


QUOTED = _row(
    "quoted",
    Facts(
        description='text in double quotes; \\" is a quote within it; the value is what stands between them',
        expression=rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"',
        first_bytes=b'"',
        run_bytes=b"\\",  # a quote begins a text within another only if it is escaped there
        # A quote within a text is escaped, and what comes after it is read alike from both.
        next_alike=alike(rb'"[^"\\]*+(?:\\[^"][^"\\]*+)*+\\(?=")'),
        ends_in_order=True,
        trimmed_start=1,
        trimmed_end=1,
        samples=(b'"text"', b'""', b'"two words"', b'"a \\"b\\" c"', b'"-"'),
    ),
)


PEER = _row("peer", replace(TypeList((IP, HOST)).facts, description="an IP address or a host name"))


# Fields of other formats


def _csv(separator: str) -> Facts:
    if len(separator) != 1 or separator in '"\n\r' or not separator.isascii():
        raise FormatError("the separator is one character", 0, max(len(separator), 1))
    mark = separator.encode()
    in_quotes = sequence(b'"', Repeat(choice(run(but(b'"')), b'""')), b'"')
    return token(
        f"a field of CSV, up to a '{separator}' or in quotes; the value is given without them",
        choice(in_quotes, sequence(Not(sequence(b'"')), run(but(mark), 0))),
        convert=values.csv,
        ends_in_order=False,
        samples=(b"text", b"", b'"two words"', b'"a ""b"" c"', b'"' + mark + b'"', b"a b", b"12"),
    )


CSV = _row("csv", _csv(","))


def _one_byte(argument: str, what: str) -> bytes:
    if len(argument) != 1 or not argument.isascii() or argument in "\n\r\\":
        raise FormatError(f"{what} is one character", 0, max(len(argument), 1))
    return argument.encode()


_QUOTED_TEXTS = (b"'text'", b"''", b"'two words'", b"'a \\'b\\' c'", b"'-'")


def _quoted(quote: str) -> Facts:
    mark = _one_byte(quote, "the quote")
    return token(
        f"text between two {quote}; \\{quote} is one within it; the value is what stands between them",
        sequence(mark, Repeat(choice(run(but(mark, b"\\")), sequence(b"\\", ONE_BYTE))), mark),
        run_bytes=b"\\",
        ends_in_order=True,
        trimmed_start=1,
        trimmed_end=1,
        samples=tuple(text.replace(b"'", mark) for text in _QUOTED_TEXTS),
    )


def _escaped(end: str) -> Facts:
    mark = _one_byte(end, "what ends the text")
    return token(
        f"text up to a '{end}' without a backslash before it; may be empty",
        Repeat(choice(run(but(mark, b"\\")), sequence(b"\\", ONE_BYTE), b"\\")),
        samples=(b"text", b"", b"two words", b"a\\" + mark + b"b", b"12", b"a\\\\"),
    )


def _kv(argument: str) -> Facts:
    if argument == "cef":
        text = "src=10.0.0.1 msg=two words act=a\\=b"
        return _pairs(
            "the pairs of CEF: values go on up to the next key", CEF, text, "a=b", "a= b=", "a.b=c", "n=1 m=2 3"
        )
    separator, space, assign = argument.rpartition(" ")
    if not space:
        separator, assign = argument, "="
    separator, assign = separator.strip(" "), assign or "="
    if '"' in separator + assign or assign.strip() != assign or separator.encode()[:1] == assign.encode()[:1]:
        raise FormatError("a separator and an assignment sign are written kv(; =)", 0, max(len(argument), 1))
    mark = f"{separator} " if separator else " "
    texts = (f'level{assign}info{mark}msg{assign}"two words"', f"a{assign}1", f"a{assign}{mark}b{assign}2")
    more = (f'a{assign}"x \\"y\\""', f"k{assign}v{mark}k{assign}w{mark}z{assign}9")
    form = pairs_with(separator.encode(), assign.encode())
    return _pairs(f"keys and values, as in {texts[1]}, in any order; an object", form, *texts, *more)


def _pairs(description: str, form: PairForm, *samples: str) -> Facts:
    return token(
        description,
        form.grammar,
        json_kind=JsonKind.VALUE,
        convert=form.convert,
        samples=tuple(sample.encode() for sample in samples),
    )


KV = _row("kv", _kv(""))

JSON = _row(
    "json",
    Facts(
        description="one JSON value, which is written as it is",
        json_kind=JsonKind.VALUE,
        expression=None,
        scan=json_scan.json_end,
        first_bytes=b'{["-tfn' + _DIGITS,
        run_bytes=ANY_BYTE,
        samples=(b'{"a":1}', b"[1, 2.50]", b'"text"', b"null", b"-1e3", b'{"a":{"b":[]},"c":"\\u00e9"}', b"true"),
    ),
)


# Dates and times


def _time_row(name: str, description: str, grammar: Grammar, *samples: bytes, **facts: Any) -> NamedType:
    # The only runs without a bound are the digits of a fraction. Two times that begin near each other may read the same
    # digits, and no more than two do.
    return _row(name, token(description, grammar, run_bytes=None, samples=samples, **facts))


DATE = _time_row(
    *("date", "a date, 2024-05-31 or 2024/05/31", time_grammar.DATE),
    *(b"2024-05-31", b"2024/05/31", b"1999-12-01", b"2000/01/02", b"2031-10-10"),
    ends_in_order=True,
)
TIME = _time_row(
    *("time", "a time of day, 13:05 or 13:05:59, with or without a fraction", time_grammar.TIME),
    *(b"13:05:59", b"13:05", b"13:05:59.123", b"00:00:00,001", b"23:59:60"),
)
ISO8601 = _time_row(
    *("iso8601", "a date and a time as RFC 3339 and ISO 8601 write them, 2024-05-31T13:05:59.123+02:00"),
    time_grammar.ISO8601,
    *(b"2024-05-31T13:05:59Z", b"2024-05-31 13:05:59.123", b"2024-05-31T13:05:59.1+02:00", b"20240531T130559Z"),
    *(b"2024-05-31 13:05", b"2024-05-31 13:05:59 +0200", b"2024-05-31 13:05:59,1 UTC"),
)
SYSLOGTIME = _time_row(
    *("syslogtime", "the time of BSD syslog and of network devices, May  3 13:05:59 or May  3 2024 13:05:59.123 UTC"),
    time_grammar.SYSLOGTIME,
    *(b"May 31 13:05:59", b"May  3 13:05:59", b"Jan 1 00:00:00", b"Dec 10 06:55:46", b"Oct 09 23:59:59"),
    *(b"May 31 2024 13:05:59", b"May 31 13:05:59.123", b"May  3 13:05:59.123 CEST"),
    ends_in_order=True,
)
CLFTIME = _time_row(
    *("clftime", "the time of web servers' logs, 31/May/2024:13:05:59 +0200", time_grammar.CLFTIME),
    *(b"31/May/2024:13:05:59 +0200", b"01/Jan/2000:00:00:00 -0500", b"10/Oct/2000:13:55:36 -0700"),
    *(b"28/Feb/2025:23:59:60 +0000", b"31/May/2024:13:05:59.123", b"31/May/2024:13:05:59"),
    ends_in_order=True,
)
EPOCH = _time_row(
    *(
        "epoch",
        "Unix time: seconds, with or without a fraction, ms, µs or ns, by its number of digits",
        time_grammar.EPOCH,
    ),
    *(b"1717160759", b"1717160759.123", b"1717160759123", b"1717160759123456", b"1717160759123456789"),
    json_kind=JsonKind.NUMBER,
)
SLASHTIME = _time_row(
    *("slashtime", "a date with slashes and a time, 2024/05/31 13:05:59", time_grammar.SLASHTIME),
    *(b"2024/05/31 13:05:59", b"2024/05/31 13:05:59.123", b"2024/05/31 13:05:59 +0200", b"2024/05/31 13:05:59Z"),
    b"2024/05/31 13:05:59,1 UTC",
    ends_in_order=True,
)
CTIME = _time_row(
    *("ctime", "the time of C's ctime and of date, Fri May 31 13:05:59 2024", time_grammar.CTIME),
    *(b"Fri May 31 13:05:59 2024", b"Fri May 31 13:05:59.123456 2024", b"Fri May  3 13:05:59 CEST 2024"),
    *(b"Fri May 31 13:05:59 2024 UTC", b"Sat Jun  1 00:00:00 +0200 2024"),
    ends_in_order=True,
)
RFC2822 = _time_row(
    *("rfc2822", "the time of mail and HTTP, Fri, 31 May 2024 13:05:59 +0200", time_grammar.RFC2822),
    *(b"Fri, 31 May 2024 13:05:59 +0200", b"Fri, 31 May 2024 13:05:59 GMT", b"31 May 2024 13:05:59 +0200"),
    *(b"Sat, 1 Jun 2024 00:00 UTC", b"3 May 2024 13:05:59"),
)
KLOGTIME = _time_row(
    *("klogtime", "the time of klog and glog, 0531 13:05:59.123456", time_grammar.KLOGTIME),
    *(b"0531 13:05:59.123456", b"0101 00:00:00.000000", b"1231 23:59:59.9", b"0229 12:00:00.123", b"0703 01:02:03.4"),
    ends_in_order=True,
)
TIMESTAMP = _time_row(
    *("timestamp", "any of the times but epoch and time(…), the longest that stands here", time_grammar.TIMESTAMP),
    *(b"2024-05-31T13:05:59Z", b"May 31 13:05:59", b"2024/05/31 13:05:59", b"31/May/2024:13:05:59 +0200", b"13:05:59"),
    *(b"Fri May 31 13:05:59 2024", b"Fri, 31 May 2024 13:05:59 +0200", b"0531 13:05:59.123456", b"2024-05-31"),
)


def _time(format: str) -> Facts:
    grammar = time_grammar.of_format(format)
    return token(
        f"a time as {format} writes it",
        grammar,
        run_bytes=ANY_BYTE if time_grammar.has_loose_fraction(format) else None,
        samples=time_grammar.samples_of_format(format),
    )


PARAMETRISED: dict[str, Callable[[str], Facts]] = {
    "csv": _csv,
    "quoted": _quoted,
    "escaped": _escaped,
    "kv": _kv,
    "time": _time,
}
"""What makes the facts of a type with an argument."""
