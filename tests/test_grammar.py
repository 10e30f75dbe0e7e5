"""Grammars: what scans with a memory, expressions and plain definitions say of the same text; JSON, and values."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support import examples, longest_end

from logmatch.engine.reference import NO_MATCH, Scanner
from logmatch.templates import time_grammar
from logmatch.templates.grammar import (
    Grammar,
    Not,
    Repeat,
    Scan,
    alphabet,
    byte_set,
    can_be_empty,
    choice,
    expression,
    first_bytes,
    maybe,
    run,
    sequence,
)
from logmatch.templates.json_scan import MAX_DEPTH, JsonScan
from logmatch.templates.type_syntax import parse_type
from logmatch.templates.types import TYPES, named_type

LETTERS = [b"a", b"b", b"ab", b"c", b" ", b'"', b"\\"]
leaves = st.one_of(
    st.sampled_from(LETTERS).map(lambda text: sequence(text)),
    st.builds(
        run, st.sampled_from([b"a", b"ab", b"abc ", b'"\\']), st.integers(0, 2), st.sampled_from([None, 2, 3, 70])
    ),
)


def combined(inner: st.SearchStrategy[Grammar]) -> st.SearchStrategy[Grammar]:
    parts = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        parts.map(lambda found: sequence(*found)),
        parts.map(lambda found: choice(*found)),
        inner.map(maybe),
        inner.filter(lambda found: not can_be_empty(found)).map(Repeat),
        inner.map(Not),
    )


grammars = st.recursive(leaves, combined, max_leaves=6)
lines = st.lists(st.sampled_from(LETTERS), max_size=10).map(b"".join)


@settings(max_examples=examples(300))
@given(grammars, lines, st.lists(st.integers(0, 12), min_size=1, max_size=5))
def test_a_scan_finds_what_the_expression_finds_from_any_places(
    grammar: Grammar, line: bytes, starts: list[int]
) -> None:
    scan = Scan(line)
    pattern = re.compile(expression(grammar), re.DOTALL)
    for start in starts:
        if start <= len(line):
            match = pattern.match(line, start)
            assert (match.end() if match else -1) == scan.end(grammar, start)
            if match and match[0]:
                assert set(match[0]) <= set(alphabet(grammar))
            if match and first_bytes(grammar) is not None:
                assert match[0][0] in (first_bytes(grammar) or b"")


@given(st.sets(st.integers(0, 255), min_size=1))
def test_a_set_of_bytes_is_written_so_that_it_matches_its_bytes(members: set[int]) -> None:
    pattern = re.compile(byte_set(bytes(sorted(members))), re.DOTALL)
    assert members == {byte for byte in range(256) if pattern.fullmatch(bytes((byte,)))}


ARGUMENTS = [
    "csv(;)",
    "quoted(')",
    "escaped(|)",
    "kv(;)",
    "kv(; :)",
    "kv(cef)",
    "time(%d.%m.%Y %H:%M:%S,%L)",
    "time(%s)",
]
LISTS = ["int?", "ip|host", 'int|"N/A"', "float|int", "[a-c]+?|ab|b", "json?", "quoted?", "word|-", "[0-9]{2,3}"]
TOKENS = [
    *(each for each in TYPES.values() if not each.facts.is_free and each.name != "rest"),
    *map(parse_type, ARGUMENTS + LISTS),
]


@pytest.mark.parametrize("type_", TOKENS, ids=str)
def test_a_scanner_finds_from_any_place_what_one_that_knows_nothing_finds(type_: object) -> None:
    from logmatch.templates.field_type import FieldType

    assert isinstance(type_, FieldType)
    marks = [
        b" ",
        b"\t",
        b"-",
        b":",
        b";",
        b",",
        b'"',
        b"'",
        b"\\",
        b"=",
        b"|",
        b"1",
        b"0",
        b"a",
        b"K",
        b"\xff",
        b"{",
        b"]",
    ]
    pieces = st.sampled_from([*type_.facts.samples, *marks])

    @settings(max_examples=examples(40))
    @given(st.lists(pieces, max_size=7).map(b"".join), st.data())
    def check(line: bytes, data: st.DataObject) -> None:
        shared = Scanner(line)
        for start in data.draw(st.lists(st.integers(0, len(line)), min_size=1, max_size=8)):
            assert Scanner(line).token_end(type_, start) == shared.token_end(type_, start)

    check()


JSON_PIECES = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "a",
    "\\",
    '\\"',
    "1",
    "-0",
    ".5",
    "e3",
    "01",
    "true",
    "null",
    " ",
    "\t",
]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


def _json_end(text: str, start: int) -> int:
    """Where the longest prefix ends that the json module takes for a value."""
    for end in range(len(text), start, -1):
        try:
            json.loads(text[start:end], parse_constant=_refuse)
        except ValueError:
            continue
        if text[start] not in " \t" and text[end - 1] not in " \t":
            return end
    return -1


def _refuse(constant: str) -> None:
    raise ValueError(constant)


@settings(max_examples=examples(100))
@given(
    st.lists(st.one_of(st.sampled_from(JSON_PIECES), json_values.map(json.dumps)), max_size=6).map("".join), st.data()
)
@example('{"a":[1,{"b":"\\""}]', None)
def test_the_end_of_a_json_value_is_what_the_json_module_takes(text: str, data: st.DataObject | None) -> None:
    scan = JsonScan(text.encode())
    starts = range(len(text)) if data is None else data.draw(st.permutations(range(len(text))))
    for start in starts:
        assert _json_end(text, start) == scan.end(start)


def test_a_json_value_has_a_bound_on_its_depth_and_no_recursion() -> None:
    for depth, fits in ((MAX_DEPTH, True), (MAX_DEPTH + 1, False), (100_000, False)):
        line = b"[" * depth + b"]" * depth
        scan = JsonScan(line)
        assert (len(line) if fits else -1) == scan.end(0)
        assert len(line) - 1 == scan.end(1) or depth != MAX_DEPTH + 1  # one less deep: a value again
    assert -1 == JsonScan(b"[" * 100_000).end(0)
    assert -1 == JsonScan(b'{"a":' * 100_000).end(0)


def test_ten_thousand_pairs_are_one_object() -> None:
    text = b" ".join(b'key%d="value %d"' % (number, number) for number in range(10_000))
    facts = TYPES["kv"].facts
    assert len(text) == Scanner(text).token_end(TYPES["kv"], 0)
    assert 10_000 == len(json.loads(facts.value_json(text)))


def test_a_duration_of_four_hundred_digits_is_none() -> None:
    assert NO_MATCH == Scanner(b"1" * 400 + b"s").token_end(TYPES["duration"], 0)


@given(st.integers(0, 10**12), st.integers(0, 9), st.sampled_from(["d", "h", "m", "s", "ms", "us", "µs", "ns"]))
def test_durations_are_exact(number: int, places: int, unit: str) -> None:
    seconds = {"d": 86400, "h": 3600, "m": 60, "s": 1}
    factor = (
        Decimal(seconds[unit]) if unit in seconds else Decimal(1).scaleb({"m": -3, "u": -6, "µ": -6, "n": -9}[unit[0]])
    )
    amount = Decimal(number).scaleb(-places)
    value = TYPES["duration"].facts.value_json(f"{amount:f}{unit}".encode())
    assert Fraction(amount) * Fraction(factor) == Fraction(value.decode())


@given(
    st.integers(0, 10**12), st.integers(0, 6), st.sampled_from(["", "B", "K", "kB", "KiB", "M", "MB", "G", "TiB", "E"])
)
def test_sizes_are_exact(number: int, places: int, unit: str) -> None:
    base = 1000 if unit in ("kB", "MB") else 1024
    factor = base ** ("BKMGTPE".index(unit[0].upper()) if unit else 0)
    amount = Decimal(number).scaleb(-places)
    value = TYPES["size"].facts.value_json(f"{amount:f}{unit}".encode())
    assert Fraction(amount) * Fraction(factor) == Fraction(value.decode())


def test_timestamp_is_the_longest_of_all_times() -> None:
    times = [
        TYPES[name]
        for name in ["date", "time", "iso8601", "syslogtime", "clftime", "slashtime", "ctime", "rfc2822", "klogtime"]
    ]
    for type_ in times:
        for text in type_.facts.samples:
            ends = [longest_end(each, text, 0) or 0 for each in times]
            assert max(ends) == Scanner(text).token_end(TYPES["timestamp"], 0)


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("time(%Q)", 5, 7),
        ("time(x)", 5, 6),
        ("time(%d %Q)", 8, 10),
        ("csv(ab)", 4, 6),
        ("quoted()", 7, 7),
        ("kv(=)", 3, 4),
    ],
)
def test_an_argument_that_is_wrong_has_a_place(name: str, start: int, end: int) -> None:
    with pytest.raises(time_grammar.FormatError) as caught:
        named_type(name)
    assert (start, end) == (caught.value.start, caught.value.end)
