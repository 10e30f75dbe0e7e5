"""The rows of facts about field types: each agrees with the texts that the type takes."""

from __future__ import annotations

import copy
import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logmatch.engine.reference import Scanner
from logmatch.templates.field_type import NamedType, WordList, takes_whole
from logmatch.templates.types import TYPES, WS

each_type = pytest.mark.parametrize("type_", TYPES.values(), ids=str)


def end_of(type_: NamedType, line: bytes, start: int = 0) -> int:
    """Where the text of *type_* ends that begins at *start* of *line*, or -1."""
    facts = type_.facts
    if not facts.is_free:
        return Scanner(line).token_end(type_, start)
    match = re.compile(facts.expression or b"", re.DOTALL).match(line, start)
    return match.end() if match else -1


@each_type
def test_the_samples_of_a_type_are_texts_of_it(type_: NamedType) -> None:
    assert [] == [text for text in type_.facts.samples if not takes_whole(type_, text)]


@each_type
def test_a_type_has_five_samples_at_least_and_a_description(type_: NamedType) -> None:
    assert len(set(type_.facts.samples)) >= (4 if type_ == WS else 5)
    assert type_.facts.description
    assert not type_.facts.description.endswith(".")


@each_type
def test_a_text_of_a_type_begins_with_its_first_bytes_and_is_within_its_alphabet(type_: NamedType) -> None:
    facts = type_.facts
    for text in type_.facts.samples:
        assert facts.first_bytes is None or text[:1] in [bytes((byte,)) for byte in facts.first_bytes]
        assert facts.alphabet is None or set() == set(text) - set(facts.alphabet)
    assert facts.first_bytes is None or facts.alphabet is None or set(facts.first_bytes) <= set(facts.alphabet)


@each_type
def test_a_type_that_can_be_empty_says_so(type_: NamedType) -> None:
    assert (end_of(type_, b"") == 0) == type_.facts.can_be_empty
    assert type_.facts.can_be_empty == (type_.name in ("any", "rest", "ws", "csv"))


@each_type
def test_what_a_type_swallows_never_follows_its_text(type_: NamedType) -> None:
    for text in type_.facts.samples:
        for byte in type_.facts.swallows:
            assert end_of(type_, text + bytes((byte,))) > len(text)


@each_type
@given(st.data())
def test_scans_from_places_that_are_alike_have_the_same_end(type_: NamedType, data: st.DataObject) -> None:
    facts = type_.facts
    if facts.next_alike is None or facts.is_free:
        return
    assert facts.expression is not None
    pieces = st.sampled_from([*type_.facts.samples, b" ", b"\t", b".", b'"', b"\\", b"x", b"0", b"-"])
    line = b"".join(data.draw(st.lists(pieces, max_size=6)))
    expression = re.compile(facts.expression, re.DOTALL)
    for start in range(len(line)):
        again = facts.next_alike(line, start)
        if again >= 0 and (facts.first_bytes is None or line[start] in facts.first_bytes):
            ends = [match and match.end() for match in (expression.match(line, place) for place in (start, again))]
            assert ends[0] == ends[1]


@each_type
def test_a_type_is_the_same_object_after_pickling_and_copying(type_: NamedType) -> None:
    assert type_ is pickle.loads(pickle.dumps(type_))
    assert type_ is copy.deepcopy(type_)


def test_the_facts_of_a_list_of_words_are_those_of_its_words() -> None:
    facts = WordList((b"GET", b"PUT", b"P")).facts
    assert b"(?>GET|PUT|P)" == facts.expression
    assert set(b"GP") == set(facts.first_bytes or b"")
    assert set(b"GETPU") == set(facts.alphabet or b"")
    assert facts.is_solid
    assert not facts.ends_in_order
    assert WordList((b"GET", b"PUT")).facts.ends_in_order
    assert WordList((b"a b", b"c")).facts.holds_whitespace
