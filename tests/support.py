"""
What the tests of the engines share: short ways to make templates and programs, and a definition of the match.

`first_match` is written from SPEC 1 and 3 alone. It imports no code that decides what matches: the forms of tokens are
SPEC's own regular expressions, the `ipaddress` module or plain loops, "longest" is found by trying every end, and
precedence is sorted from the items. It is exponential in nothing but far too slow for anything but short lines.
"""

from __future__ import annotations

import functools
import importlib.util
import ipaddress
import itertools
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

import regex

from logmatch.engine import available
from logmatch.input.framing import Chunk
from logmatch.output.record_options import RecordOptions
from logmatch.program import Program, compile_program
from logmatch.run.worker import Result, Worker, WorkerSpec
from logmatch.templates.field_type import ByteSet, TypeList
from logmatch.templates.model import (
    ANY,
    DROPPED,
    PATH,
    REST,
    TYPES,
    URL,
    WORD,
    WS,
    Alternatives,
    Field,
    FieldType,
    Item,
    Literal,
    NamedType,
    OptionalPart,
    WordList,
)
from logmatch.templates.pattern import parse_pattern
from logmatch.templates.pattern_rules import check_fields
from logmatch.templates.template import Template

ENGINES = ("reference", *(name for name in available() if name != "reference"))
"""All engines; the first defines what the others must answer."""

KERNEL = (
    *("engine.native._kernel", "output._jsonl", "entries._unwrap", "output._columns", "entries._joining", "_linescan"),
    *("stats._spans", "stats._records", "choice._chooser", "times._reader"),
)
"""The modules that are compiled."""

HAS_KERNEL = all(importlib.util.find_spec(f"logmatch.{name}") is not None for name in KERNEL)
"""Whether they are there. One that is there and cannot be imported is an error."""


def examples(default: int) -> int:
    """How many examples a property tries: *default*, or many more with the profile of a long run."""
    return default * 20 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else default


def make_template(id_: str, pattern: str, header: str | None = None, priority: int = 0) -> Template:
    """The template of these texts, checked as a template file's are."""
    parsed = parse_pattern(pattern)
    parsed_header = None if header is None else parse_pattern(header)
    check_fields(parsed_header, parsed)
    return Template(id_, parsed, parsed_header, priority)


def make_program(*patterns: str) -> Program:
    """The program of *patterns*, whose ids are t0, t1, …"""
    return compile_program([make_template(f"t{number}", pattern) for number, pattern in enumerate(patterns)])


def run_worker(program: Program, engine: str, data: bytes, options: RecordOptions | None = None) -> Result:
    """What a worker makes of *data*, the whole of a file."""
    worker = Worker(WorkerSpec(program, engine, options or RecordOptions(), separate_unmatched=False))
    assert worker.engine.name == engine
    line_count = data.count(b"\n") + (not data.endswith(b"\n"))
    result = worker.run(Chunk("-", first_line=1, line_count=line_count, offset=0, data=data, position=0))
    return Result(bytes(result.output), bytes(result.unmatched), result.tally)


# SPEC 1: the forms of the types. A form tells whether a text as a whole is of the type.

Form = Callable[[bytes], bool]


def _expression(source: bytes) -> Form:
    return lambda text: re.fullmatch(source, text, re.DOTALL) is not None


def _is_octet(text: bytes) -> bool:
    # SPEC says 0-255. Leading zeros, up to three digits, are accepted on purpose (see templates/types.py).
    return 1 <= len(text) <= 3 and _are_digits(text) and int(text) <= 255


def _are_digits(text: bytes, count: int | None = None) -> bool:
    return text != b"" and all(byte in b"0123456789" for byte in text) and count in (None, len(text))


def _are_hex(text: bytes, count: int) -> bool:
    return len(text) == count and all(byte in b"0123456789abcdefABCDEF" for byte in text)


def is_ipv4(text: bytes) -> bool:
    """Four octets."""
    return text.count(b".") == 3 and all(map(_is_octet, text.split(b".")))


def is_ipv6(text: bytes) -> bool:
    """RFC 4291 text, perhaps with a zone, as in fe80::1%eth0."""
    address, percent, zone = text.partition(b"%")
    has_zone = not percent or re.fullmatch(rb"[A-Za-z0-9_.-]{1,64}", zone) is not None
    return has_zone and _is_ipv6_without_zone(address)


def _is_ipv6_without_zone(text: bytes) -> bool:
    """What the `ipaddress` module takes for one, but for zones (`%eth0`), which are not part of RFC 4291's forms."""
    if not text or any(byte not in b"0123456789abcdefABCDEF:." for byte in text):
        return False
    head, colon, last = text.rpartition(b":")
    if is_ipv4(last):  # without the leading zeros, which the module refuses
        text = head + colon + b".".join(str(int(octet)).encode() for octet in last.split(b"."))
    try:
        ipaddress.IPv6Address(text.decode())
    except ValueError:
        return False
    return True


def _is_mac(text: bytes) -> bool:
    """EUI-48 or EUI-64: pairs with `:` or `-`, or fours with `.`."""
    forms = ((b":", 2, (6, 8)), (b"-", 2, (6, 8)), (b".", 4, (3, 4)))
    return any(
        len(text.split(mark)) in counts and all(_are_hex(group, size) for group in text.split(mark))
        for mark, size, counts in forms
    )


def _is_uuid(text: bytes) -> bool:
    groups = text.split(b"-")
    return len(groups) == 5 and all(map(_are_hex, groups, (8, 4, 4, 4, 12)))


def _is_number(text: bytes, count: int, low: int, high: int) -> bool:
    return _are_digits(text, count) and low <= int(text) <= high


def _is_day(year: bytes, month: bytes, day: bytes) -> bool:
    return _are_digits(year, 4) and _is_number(month, 2, 1, 12) and _is_number(day, 2, 1, 31)


def is_date(text: bytes) -> bool:
    """2024-05-31 or 2024/05/31."""
    return any(len(parts := text.split(separator)) == 3 and _is_day(*parts) for separator in (b"-", b"/"))


def _is_clock(hour: bytes, minute: bytes, second: bytes = b"00") -> bool:
    return _is_number(hour, 2, 0, 23) and _is_number(minute, 2, 0, 59) and _is_number(second, 2, 0, 60)


def _without_fraction(text: bytes, seconds_end: int) -> bytes | None:
    """*text* less the fraction after the seconds, which end at *seconds_end*; None if that is no fraction."""
    if len(text) <= seconds_end:
        return text
    is_fraction = text[seconds_end : seconds_end + 1] in (b".", b",") and _are_digits(text[seconds_end + 1 :])
    return text[:seconds_end] if is_fraction else None


def is_time(text: bytes) -> bool:
    """13:05, 13:05:59, 13:05:59.123 or 13:05:59,123."""
    whole = _without_fraction(text, 8)
    return whole is not None and whole.count(b":") in (1, 2) and _is_clock(*whole.split(b":"))


_ZONES = (
    b"UTC GMT WET WEST BST IST CET CEST EET EEST MSK EST EDT CST CDT MST MDT PST PDT AKST AKDT HST "
    b"JST KST SGT HKT AEST AEDT ACST ACDT AWST NZST NZDT"
).split()


def _is_zone(text: bytes) -> bool:
    if text in (b"", b"Z", b"z") or (text[:1] == b" " and text[1:] in _ZONES):
        return True
    if text[:1] == b" ":  # then the minutes are there
        return len(text) >= 6 and _is_zone(text[1:])
    digits = text[1:]
    if digits[2:3] == b":" and len(digits) == 5:
        digits = digits[:2] + digits[3:]
    return text[:1] in (b"+", b"-") and (
        _is_number(digits, 2, 0, 23) or (len(digits) == 4 and _is_clock(digits[:2], digits[2:]))
    )


def is_iso8601(text: bytes) -> bool:
    """RFC 3339 and the extended form of ISO 8601, and the basic form 20240531T130559, with fraction and zone."""
    return any(_is_zone(text[end:]) and _is_iso8601_without_zone(text[:end]) for end in range(len(text) + 1))


def _is_iso8601_without_zone(text: bytes) -> bool:
    day, letter, clock = text[:10], text[10:11], text[11:]
    if day[4:5] == b"-" and is_date(day) and letter in (b"T", b"t", b" "):
        return is_time(clock)
    day, letter, clock = text[:8], text[8:9], text[9:]
    whole = _without_fraction(clock, 6)
    return (
        letter == b"T"
        and _is_day(day[:4], day[4:6], day[6:])
        and whole is not None
        and len(whole) == 6
        and _is_clock(whole[:2], whole[2:4], whole[4:])
    )


_MONTHS = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def is_syslogtime(text: bytes) -> bool:
    """
    `May  3 13:05:59`; a day of one digit may also stand after one space or a zero. Network devices write
    `May  3 2024 13:05:59.123 UTC`.
    """
    words = text[3:].replace(b"  ", b" 0", 1).split(b" ")
    if text[:3] not in _MONTHS or words[0] or text.count(b"  ") > (text[3:5] == b"  "):
        return False
    day, *rest = words[1:] or [b""]
    if not (_is_number(day, 2, 1, 31) or _is_number(day, 1, 1, 9)):
        return False
    if len(rest) > 1 and _are_digits(rest[0], 4):
        del rest[0]
    if len(rest) > 1 and rest[-1] in _ZONES:
        del rest[-1]
    return len(rest) == 1 and rest[0].count(b":") == 2 and is_time(rest[0])


def is_clftime(text: bytes) -> bool:
    """31/May/2024:13:05:59 +0200, perhaps with a fraction, or without the zone."""
    day, month, year, clock = text[:2], text[3:6], text[7:11], text[12:]
    clock, space, zone = clock.partition(b" ")
    return (
        text[2:3] == text[6:7] == b"/"
        and text[11:12] == b":"
        and month in _MONTHS
        and _is_day(year, b"01", day)
        and clock.count(b":") == 2
        and is_time(clock)
        and (not space or (zone[:1] in (b"+", b"-") and _are_digits(zone[1:], 4)))
    )


def _goes_on(type_: FieldType, line: bytes, start: int, end: int) -> bool:
    """Whether a zone after a space is the beginning of something else, as UTC of UTCX."""
    zone = re.search(rb" (?:([A-Z]+)|[+-][0-9:]+)\Z", line[start:end])
    if type_ not in (TYPES["iso8601"], TYPES["syslogtime"]) or zone is None:
        return False
    following = line[end : end + 1]
    return following.isdigit() or (zone[1] is not None and following.isalpha())


_FLOAT = rb"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"

FORMS: dict[FieldType, Form] = {
    ANY: lambda text: True,
    WORD: _expression(rb"[^ \t]+"),
    PATH: _expression(rb"(?:/|~|[A-Za-z]:[\\/])[^ \t]*"),
    URL: _expression(rb"[A-Za-z][A-Za-z0-9+.-]*://[^ \t]+"),
    WS: _expression(rb"[ \t]*"),
    TYPES["int"]: _expression(rb"[+-]?[0-9]+"),
    TYPES["float"]: _expression(_FLOAT),
    TYPES["percent"]: _expression(_FLOAT + rb"%"),
    TYPES["hex"]: _expression(rb"(?:0[xX])?[0-9a-fA-F]+"),
    TYPES["ipv4"]: is_ipv4,
    TYPES["ipv6"]: is_ipv6,
    TYPES["ip"]: lambda text: is_ipv4(text) or is_ipv6(text),
    TYPES["mac"]: _is_mac,
    TYPES["uuid"]: _is_uuid,
    TYPES["host"]: _expression(rb"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*"),
    TYPES["quoted"]: _expression(rb'"(?:[^"\\]|\\.)*"'),
    TYPES["date"]: is_date,
    TYPES["time"]: is_time,
    TYPES["iso8601"]: is_iso8601,
    TYPES["syslogtime"]: is_syslogtime,
    TYPES["clftime"]: is_clftime,
}
"""All named types but `rest`."""


def longest_end(type_: NamedType | ByteSet, line: bytes, start: int) -> int | None:
    """Where the longest text of *type_* that begins at *start* ends."""
    if type_ in FORMS:
        is_form = FORMS[type_]
        ends = (end for end in range(len(line), start - 1, -1) if is_form(line[start:end]))
        return next((end for end in ends if not _goes_on(type_, line, start, end)), None)
    facts = type_.facts  # the grammar of a newer type is its definition; tests/cases/types.toml has texts
    if facts.options:
        return _longest_option(facts.options, line, start)
    if facts.scan is not None:
        end = facts.scan(line, start)
        return None if end < 0 else end
    match = re.compile(facts.expression or b"", re.DOTALL).match(line, start)
    return match.end() if match else None


def _longest_option(options: Iterable[NamedType | ByteSet | bytes], line: bytes, start: int) -> int | None:
    """Where the longest item of a list ends; free text is a token there, up to the next whitespace."""
    ends = [
        (start + len(option) if line.startswith(option, start) else None)
        if isinstance(option, bytes)
        else longest_end(option, line, start)
        for option in options
    ]
    return max((end for end in ends if end is not None), default=None)


# SPEC 3: the match.

FREE = (ANY, WORD, PATH, URL)


def possible_ends(type_: FieldType, line: bytes, start: int) -> Iterator[int]:
    """Where a field that begins at *start* may end, in the order of preference."""
    if type_ in FREE:
        yield from (end for end in range(start, len(line) + 1) if FORMS[type_](line[start:end]))
    elif isinstance(type_, WordList):
        yield from sorted((start + len(w) for w in type_.words if line.startswith(w, start)), reverse=True)[:1]
    elif isinstance(type_, TypeList) and _base(type_) in (*FREE, REST):
        yield from possible_ends(_base(type_), line, start)
    elif isinstance(type_, TypeList):
        end = _longest_option(type_.options, line, start)
        yield from () if end is None else (end,)
    elif isinstance(type_, NamedType | ByteSet):
        end = len(line) if type_ == REST else longest_end(type_, line, start)
        yield from () if end is None else (end,)
    elif match := regex.compile(type_.source).match(line, start):
        yield match.end()


def spans_of(items: Sequence[Literal | Field], line: bytes) -> list[tuple[int, int]] | None:
    """Where the fields of *items* are in *line*, if they fit the whole of it, but for blanks."""

    @functools.cache
    def rest(index: int, at: int) -> tuple[tuple[int, int], ...] | None:
        if index == len(items):
            return () if not line[at:].strip(b" \t") else None  # the end takes the blanks that are left
        item = items[index]
        if isinstance(item, Literal):
            return rest(index + 1, at + len(item.text)) if line.startswith(item.text, at) else None
        for end in possible_ends(item.type, line, at):
            if (after := rest(index + 1, end)) is not None:
                return ((at, end), *after)
        return None

    spans = rest(0, 0)
    return None if spans is None else list(spans)


Part = tuple[Literal | Field, str | None]
"""A literal, or a field and the name that its value is output under."""


def spread(items: Iterable[Item]) -> Iterator[list[Part]]:
    """The variants of a template, the fullest first."""
    unnamed = itertools.count(1)

    def name_of(item: Literal | Field) -> str | None:
        if isinstance(item, Literal) or item.name == DROPPED or item.type in (WS, TYPES["blanks"]):
            return None
        return f"p{next(unnamed)}" if item.name is None else item.name

    def ways(item: Item) -> list[list[Part]]:
        if isinstance(item, OptionalPart):
            return [*all_ways(item.items), []]
        if isinstance(item, Alternatives):
            return [way for choice in item.choices for way in all_ways(choice)]
        name = name_of(item)
        if isinstance(item, Field) and isinstance(item.type, TypeList) and item.type.items in ((PATH,), (URL,)):
            return [[(Field(item.name, type_), name)] for type_ in (item.type.items[0], WordList((b"-",)))]
        return [[(item, name)]]

    def all_ways(items: Iterable[Item]) -> list[list[Part]]:
        return [[*itertools.chain(*chosen)] for chosen in itertools.product(*[ways(item) for item in items])]

    yield from map(_without_trailing_whitespace, all_ways(items))


def _without_trailing_whitespace(variant: list[Part]) -> list[Part]:
    # The end of a pattern takes trailing whitespace; what a pattern has there in literals is left off.
    variant = list(variant)
    while variant and isinstance(last := variant[-1][0], Literal):
        text = last.text.rstrip(b" \t")
        if text:
            variant[-1] = (Literal(text), None)
            break
        variant.pop()
    return variant


def _base(type_: FieldType) -> FieldType:
    """*type_*, or what it is when it is not null."""
    only = type_.items[0] if isinstance(type_, TypeList) and len(type_.items) == 1 else None
    return only if isinstance(only, NamedType) else type_


def first_match(templates: Sequence[Template], line: bytes) -> tuple[str, list[tuple[str, bytes]]] | None:
    """The id of the match of *line*, and the text of each field that is output."""
    ranked = []
    for place, template in enumerate(templates):
        for variant in spread(template.items()):
            items = [item for item, _ in variant]
            types = [item.type for item in items if isinstance(item, Field)]
            literal_bytes = sum(len(item.text) for item in items if isinstance(item, Literal))
            any_fields = sum(_base(type_) == ANY for type_ in types)
            free_fields = sum(_base(type_) in FREE for type_ in types)
            key = (-template.priority, -literal_bytes, any_fields, free_fields, place)
            ranked.append((key, template, items, variant))
    for _, template, items, variant in sorted(ranked, key=lambda entry: entry[0]):
        spans = spans_of(items, line)
        if spans is not None:
            names = [name for item, name in variant if isinstance(item, Field)]
            texts = [line[start:end] for start, end in spans]
            return template.id, [(name, text) for name, text in zip(names, texts, strict=True) if name is not None]
    return None
