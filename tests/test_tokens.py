"""
The expression of each token against a definition of its own: the longest text of the type's form (`support.FORMS`).

Texts are put together from pieces of the type, so that most of them are nearly of its form.
"""

from __future__ import annotations

import ipaddress
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support import FORMS, examples, is_ipv4, is_ipv6, longest_end

from logmatch.engine.portable import expression
from logmatch.engine.reference import NO_MATCH, Scanner
from logmatch.templates.model import REST, TYPES, URL, NamedType

_DIGITS = [b"0", b"1", b"5", b"9", b"00", b"12", b"59", b"60", b"123"]
_HEX = [*_DIGITS, b"a", b"F", b"ff", b"1234", b"abcde"]

PIECES: dict[str, list[bytes]] = {
    "ws": [b" ", b"\t", b"  ", b"\x0b", b"\r", b"a"],
    "int": [*_DIGITS, b"+", b"-", b"a", b"."],
    "float": [*_DIGITS, b"+", b"-", b".", b"e", b"E", b"%", b"1.5", b"e+5"],
    "percent": [*_DIGITS, b"+", b"-", b".", b"e", b"E", b"%", b"1.5", b"e+5"],
    "hex": [*_HEX, b"0x", b"0X", b"x", b"g", b"-"],
    "ipv4": [*_DIGITS, b".", b".", b".", b"255", b"256", b"199", b"249", b"300", b"1.2.3.", b"-"],
    "ipv6": [*_HEX, b":", b":", b":", b"::", b"1:2:", b"1:2:3:4:5:6:", b"1.2.3.4", b".", b"255", b"%", b"fe80::"],
    "ip": [*_HEX, b":", b":", b"::", b"1:2:", b"1:2:3:4:5:6:", b"1.2.3.4", b".", b".", b"255", b"1.2."],
    "mac": [*_HEX, b":", b"-", b"00:", b"ff-", b"00:11:22:33:44", b"00-11-22-33-44", b"g"],
    "uuid": [*_HEX, b"-", b"12345678-", b"abcd-", b"0123456789ab", b"123e4567-e89b-12d3-a456-", b"g"],
    "host": [b"a", b"Z", b"0", b"-", b"_", b".", b".", b"..", b"a.b", b":", b"\xe4", b" "],
    "quoted": [b'"', b'"', b"\\", b"\\\\", b'\\"', b"a", b" ", b"\xff", b"\t"],
    "date": [*_DIGITS, b"2024", b"-", b"/", b"-05", b"/05", b"-31", b"-32", b"2024-12-31", b"2024/01/"],
    "time": [*_DIGITS, b":", b".", b",", b"13:05", b":59", b":60", b"23", b"24"],
    "iso8601": [
        *_DIGITS,
        *(b"2024-05-31", b"20240531", b"T", b"t", b" ", b"13:05", b"1305", b":59", b"59", b".", b","),
        *(b"Z", b"z", b"+", b"-", b"02", b":00", b":", b"0200", b"24"),
    ],
    "syslogtime": [*_DIGITS, b"May", b"Jan", b"jan", b" ", b"  ", b" 3", b" 31", b" 13:05:59", b":"],
    "clftime": [*_DIGITS, b"31", b"/May/", b"/", b"2024", b":13:05:59", b" +0200", b" ", b"-", b":"],
}
"""What texts of each type are made of, and what breaks them."""

SAMPLES: dict[str, list[bytes]] = {
    "ipv6": [b"1:2:3:4:5:6:7:8", b"::", b"::1.2.3.4", b"1:2:3:4:5:6:1.2.3.4", b"1:2:3:4:5:6:7::", b"::2:3:4:5:6:7:8"],
    "ip": [b"10.0.0.1", b"::ffff:10.0.0.1", b"1:2:3::"],
    "mac": [b"00:1b:44:11:3a:b7", b"00-1b-44-11-3a-b7"],
    "uuid": [b"123e4567-e89b-12d3-a456-426614174000"],
    "date": [b"2024-05-31", b"2024/05/31"],
    "time": [b"13:05:59.123", b"13:05:59,1"],
    "iso8601": [b"2024-05-31T13:05:59.123+02:00", b"20240531T130559Z", b"2024-05-31 13:05", b"2024-05-31 13:05:59,1"],
    "syslogtime": [b"May  3 13:05:59", b"Dec 31 00:00:00", b"Jan 01 23:59:60", b"Jan 1 00:00:00"],
    "clftime": [b"31/May/2024:13:05:59 +0200"],
}
"""Texts that pieces alone seldom make."""

TOKENS = [TYPES[name] for name in PIECES]
"""The types whose form is defined apart from their expression; the others have a grammar (`test_grammar`)."""

each_token = pytest.mark.parametrize("type_", TOKENS, ids=str)


def texts(type_: NamedType) -> st.SearchStrategy[bytes]:
    """Texts made of the pieces of *type_*; of its samples, cut and with pieces put in; and, seldom, any bytes."""
    pieces = st.lists(st.sampled_from(PIECES[type_.name]), max_size=14).map(b"".join)
    samples = SAMPLES.get(type_.name)
    if not samples:
        return st.one_of(pieces, pieces, st.binary(max_size=12))

    def changed(sample: bytes, start: int, end: int, piece: bytes) -> bytes:
        return sample[:start] + piece + sample[end:]

    offsets = st.integers(0, 40)
    piece = st.one_of(st.just(b""), st.sampled_from(PIECES[type_.name]))
    return st.one_of(
        pieces,
        st.builds(changed, st.sampled_from(samples), offsets, offsets, piece),
        st.builds(changed, st.sampled_from(samples), offsets, st.just(40), piece),
        st.builds(lambda sample, more: sample + more, st.sampled_from(samples), pieces),
    )


def end_by_expression(type_: NamedType, line: bytes, start: int = 0) -> int | None:
    """Where the expression of *type_* ends that is matched from *start*."""
    match = re.compile(type_.facts.expression or b"", re.DOTALL).match(line, start)
    return match.end() if match else None


def test_every_token_has_a_definition() -> None:
    others = [type_ for type_ in TYPES.values() if type_ not in TOKENS and not type_.facts.is_free and type_ != REST]
    assert set(TOKENS) <= set(FORMS)
    assert [] == [
        type_ for type_ in others if type_.facts.grammar is None and not type_.facts.options and not type_.facts.scan
    ]


@each_token
def test_an_expression_takes_the_longest_text_of_its_form(type_: NamedType) -> None:
    @settings(max_examples=examples(100))
    @given(texts(type_))
    def check(text: bytes) -> None:
        assert longest_end(type_, text, 0) == end_by_expression(type_, text)

    check()


@pytest.mark.parametrize("type_", expression._QUICK_TOKENS, ids=str)
def test_an_expression_that_is_written_for_speed_takes_the_same_text(type_: NamedType) -> None:
    quick = re.compile(expression._QUICK_TOKENS[type_], re.DOTALL)

    @settings(max_examples=examples(100))
    @given(texts(type_))
    def check(text: bytes) -> None:
        for start in range(len(text) + 1):
            match = quick.match(text, start)
            assert end_by_expression(type_, text, start) == (match.end() if match else None)

    check()


@each_token
def test_what_an_expression_takes_does_not_depend_on_what_stands_before(type_: NamedType) -> None:
    @settings(max_examples=examples(50))
    @given(texts(type_), texts(type_))
    def check(before: bytes, text: bytes) -> None:
        end = end_by_expression(type_, text)
        assert (None if end is None else len(before) + end) == end_by_expression(type_, before + text, len(before))

    check()


@each_token
def test_samples_are_of_their_type(type_: NamedType) -> None:
    for sample in SAMPLES.get(type_.name, ()):
        assert len(sample) == end_by_expression(type_, sample)


@settings(max_examples=examples(100))
@given(st.lists(st.integers(0, 0xFFFF), min_size=8, max_size=8), st.sampled_from([b"", b" ", b"]", b"/64"]))
@example([0] * 8, b"")
@example([1, 0, 0, 1, 0, 0, 0, 1], b"")
def test_every_ipv6_address_is_taken_in_the_forms_that_the_ipaddress_module_writes(
    groups: list[int], after: bytes
) -> None:
    value = 0
    for group in groups:
        value = value << 16 | (group if group & 1 else 0)  # every second is 0, for '::' to stand for
    address = ipaddress.IPv6Address(value)
    for text in (address.compressed, address.exploded, address.compressed.upper()):
        for name in ("ipv6", "ip"):
            assert len(text) == end_by_expression(TYPES[name], text.encode() + after)


@settings(max_examples=examples(100))
@given(st.integers(0, 2**32 - 1))
def test_every_ipv4_address_is_taken(value: int) -> None:
    text = str(ipaddress.IPv4Address(value)).encode()
    for name in ("ipv4", "ip"):
        assert len(text) == end_by_expression(TYPES[name], text)


def test_the_definitions_know_what_is_no_address() -> None:
    assert is_ipv4(b"1.2.3.4")
    assert is_ipv6(b"::01.002.3.4")
    assert [] == [text for text in (b"", b"1.2.3", b"1.2.3.256", b"1.2.3.0004", b"1.2.3.4 ") if is_ipv4(text)]
    assert [] == [text for text in (b"", b":", b"1::2::3", b"::1%", b"1.2.3.4", b"::1.2.3.256") if is_ipv6(text)]


@pytest.mark.parametrize("type_", [*TOKENS, URL], ids=str)
def test_a_scanner_gives_from_any_place_what_a_new_one_gives(type_: NamedType) -> None:
    # The memory of `reference.Scanner` must never show, in whatever order a walk asks.
    pieces = PIECES.get(type_.name, [b"a", b"Z", b"+", b"1", b":", b"/", b"://", b" "])

    @settings(max_examples=examples(100))
    @given(st.lists(st.sampled_from(pieces), min_size=1, max_size=14).map(b"".join), st.data())
    def check(text: bytes, data: st.DataObject) -> None:
        shared = Scanner(text)
        for start in data.draw(st.lists(st.integers(0, len(text)), min_size=1, max_size=12)):
            if type_ == URL:
                assert Scanner(text).first_end(type_, start) == shared.first_end(type_, start)
            else:
                expected = longest_end(type_, text, start)
                assert (NO_MATCH if expected is None else expected) == shared.token_end(type_, start)

    check()
