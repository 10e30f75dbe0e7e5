"""`engine.portable.lists`: an order of alternatives takes the longest of several types."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import examples

from logmatch.engine.portable import lists
from logmatch.engine.portable.expression import text_of
from logmatch.engine.reference import NO_MATCH, Scanner
from logmatch.templates.field_type import FieldType, NamedType
from logmatch.templates.model import Field
from logmatch.templates.pattern import parse_pattern

PAIRS = [(one, other) for one, others in lists._NO_SHORTER.items() for other in others]

pieces = st.sampled_from(
    [
        *(
            b"1",
            b"12",
            b".",
            b"a",
            b"f",
            b":",
            b"-",
            b"e",
            b"%",
            b"0x",
            b"T",
            b" ",
            b"/",
            b"::",
            b"_",
            b"+",
            b"Z",
            b"z",
        ),
        *(b"fe80::1", b"1.2.3.4", b"2024-05-31", b"2024/05/31", b"13:05:59", b"20240531T130559", b"UTC", b"N/A", b"N"),
    ]
)
texts = st.lists(pieces, min_size=1, max_size=6).map(b"".join)


def end_of(type_: NamedType, text: bytes) -> int:
    """Where the text of *type_* at the beginning of *text* ends."""
    return Scanner(text).token_end(type_, 0)


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=str)
@settings(max_examples=examples(100))
@given(data=st.data())
def test_a_type_that_takes_no_more_never_does(one: NamedType, other: NamedType, data: st.DataObject) -> None:
    text = data.draw(st.one_of(texts, st.tuples(st.sampled_from(one.facts.samples), texts).map(b"".join)))
    if end_of(one, text) != NO_MATCH:
        assert end_of(other, text) <= end_of(one, text)


def list_of(text: str) -> FieldType:
    """The type of a field, as a pattern writes it."""
    (item,) = parse_pattern(f"<x:{text}>").items
    assert isinstance(item, Field)
    return item.type


WITH_AN_ORDER = [
    *("ip|host", "peer", "int|float", "float|int|percent", "int?", "host?", "quoted?", 'int|"N/A"', "date|iso8601"),
    *("uuid|hex", "time|int", '"-"|float', '"1"|host|ipv4'),
]


@pytest.mark.parametrize("text", WITH_AN_ORDER)
@settings(max_examples=examples(100))
@given(data=st.data())
def test_an_expression_of_a_list_takes_the_longest(text: str, data: st.DataObject) -> None:
    type_ = list_of(text)
    source = text_of(type_)
    assert source is not None
    line = data.draw(st.one_of(texts, st.tuples(st.sampled_from(type_.facts.samples), texts).map(b"".join)))
    match = re.compile(source, re.DOTALL).match(line)
    assert Scanner(line).token_end(type_, 0) == (NO_MATCH if match is None else match.end())


@pytest.mark.parametrize("text", ["int|hex", '"1a"|int', "json|int", "size|float"])
def test_a_list_without_a_known_order_has_no_expression(text: str) -> None:
    assert text_of(list_of(text)) is None
