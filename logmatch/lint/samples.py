"""
Samples: lines that a variant matches, made from texts of the types of its fields. The same in every run.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence

from logmatch.program import WHITESPACE, Variant
from logmatch.templates.model import (
    ANY,
    CLFTIME,
    DATE,
    FLOAT,
    HEX,
    HOST,
    INT,
    IP,
    IPV4,
    IPV6,
    ISO8601,
    MAC,
    PATH,
    PERCENT,
    QUOTED,
    REST,
    SYSLOGTIME,
    TIME,
    URL,
    UUID,
    WORD,
    WS,
    FieldType,
    Literal,
    NamedType,
    RegexType,
    WordList,
)

REGEX_SECONDS = 0.2
"""How long a `/regex/` field may take to say whether a text is one of its own, in seconds."""

TEXTS: dict[NamedType, tuple[bytes, ...]] = {
    ANY: (
        b"value",
        b"two words",
        b"",
        b"a=1, b=2",
        b"12",
        b"/var/log/x.log",
        b"[x] (y): z",
        b'"so" it is',
        b"::1 - 0.5%",
    ),
    WORD: (b"alice", b"x1", b"a.b-c_d", b"/srv/data", b"k=v", b"42", b"(nil)", b"-", b"10.0.0.7", b"caf\xc3\xa9:8"),
    PATH: (b"/", b"/var/log/app.log", b"~/notes", b"C:\\Temp\\x", b"/a", b"D:/x"),
    URL: (b"http://example.com/", b"https://h:8443/p?q=1", b"ftp://x/y", b"s3://bucket/key", b"a://b"),
    REST: (b"value", b"two words", b"", b"a=1, b=2", b"12", b"at x.y(Z:1)", b"[x] (y): z", b'"so" it is'),
    WS: (b" ", b"", b"\t", b"   "),
    INT: (b"42", b"0", b"-7", b"+5", b"007", b"18446744073709551616"),
    FLOAT: (b"1.5", b"42", b"-0.25", b".5", b"1e-3", b"+2"),
    PERCENT: (b"50%", b"99.9%", b"-1%", b".5%", b"100%"),
    HEX: (b"deadbeef", b"0x1F", b"7", b"A0", b"c0ffee00c0ffee00", b"12"),
    IPV4: (b"10.0.0.1", b"192.168.1.20", b"255.255.255.255", b"8.8.8.8", b"127.0.0.1"),
    IPV6: (b"2001:db8::1", b"::", b"::1", b"fe80::1:2", b"::ffff:10.0.0.1", b"1:2:3:4:5:6:7:8"),
    IP: (b"10.0.0.1", b"2001:db8::1", b"::1", b"192.168.1.20", b"1:2:3:4:5:6:7:8"),
    MAC: (b"00:1a:2b:3c:4d:5e", b"00-1A-2B-3C-4D-5E", b"ff:ff:ff:ff:ff:ff", b"01:02:03:04:05:06", b"aa-bb-cc-dd-ee-ff"),
    UUID: (
        b"123e4567-e89b-12d3-a456-426614174000",
        b"00000000-0000-0000-0000-000000000000",
        b"F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6",
        b"11111111-2222-3333-4444-555555555555",
        b"abcdefab-cdef-abcd-efab-cdefabcdefab",
    ),
    HOST: (b"web-01.example.net", b"localhost", b"db_2", b"10.0.0.1", b"a", b"42"),
    QUOTED: (b'"text"', b'""', b'"two words"', b'"a \\"b\\" c"', b'"-"'),
    DATE: (b"2024-05-31", b"2024/05/31", b"1999-12-01", b"2000/01/02", b"2031-10-10"),
    TIME: (b"13:05:59", b"13:05", b"13:05:59.123", b"00:00:00,001", b"23:59:60"),
    ISO8601: (
        b"2024-05-31T13:05:59Z",
        b"2024-05-31 13:05:59.123",
        b"2024-05-31T13:05:59.1+02:00",
        b"20240531T130559Z",
        b"2024-05-31 13:05",
    ),
    SYSLOGTIME: (b"May 31 13:05:59", b"May  3 13:05:59", b"Jan 1 00:00:00", b"Dec 10 06:55:46", b"Oct 09 23:59:59"),
    CLFTIME: (
        b"31/May/2024:13:05:59 +0200",
        b"01/Jan/2000:00:00:00 -0500",
        b"10/Oct/2000:13:55:36 -0700",
        b"28/Feb/2025:23:59:60 +0000",
        b"03/Mar/2025:06:00:00 +0100",
    ),
}
"""Texts of each type, of as many forms as possible; the first is the most usual."""

_FROM_EXAMPLES = 5
"""How many values of a template's examples are used for one field."""


def field_texts(variant: Variant, values: dict[int, list[bytes]]) -> list[tuple[bytes, ...]]:
    """The texts that each field of *variant* is filled with; *values* holds those of the examples by slot."""
    return [
        tuple(dict.fromkeys((*values.get(slot, ())[:_FROM_EXAMPLES], *texts_of(item.type))))
        for slot, item in zip(variant.slots, variant.fields(), strict=True)
    ]


def texts_of(type_: FieldType) -> tuple[bytes, ...]:
    if isinstance(type_, WordList):
        return type_.words
    return _texts_of_regex(type_.source) if isinstance(type_, RegexType) else TEXTS[type_]


@functools.lru_cache(maxsize=1024)
def _texts_of_regex(source: bytes) -> tuple[bytes, ...]:
    """Those of the texts of all types, and of the words of the expression, that it matches; often none."""
    import regex  # see `syntax._regex_type`

    compiled = regex.compile(source)
    pool = dict.fromkeys((*itertools.chain.from_iterable(TEXTS.values()), *regex.findall(rb"[\w.:-]+", source)))
    try:
        return tuple(text for text in pool if compiled.fullmatch(text, timeout=REGEX_SECONDS) is not None)[:10]
    except TimeoutError:
        return ()


def sample_lines(variant: Variant, texts: Sequence[Sequence[bytes]], count: int) -> Iterator[bytes]:
    """
    Up to *count* different lines that *variant* probably matches: not where a text runs into what is behind it.

    In the first round all fields take their first text, then all their second, and so on; in the next rounds each field
    is one, two, … texts further ahead of the one before it.
    """
    if not all(texts):
        return
    seen = set()
    for index in range(count):
        chosen = (each[(index + place * (index // len(each))) % len(each)] for place, each in enumerate(texts))
        line = b"".join(item.text if isinstance(item, Literal) else next(chosen) for item in variant.items)
        line = line.rstrip(WHITESPACE)
        if line not in seen and b"\n" not in line:
            seen.add(line)
            yield line
