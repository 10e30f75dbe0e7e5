"""
The kernel's scanners by hand take what the grammars of their types say: on texts, on what nearly is one, on anything.

Each text is given to the kernel as the line of a pattern `<x:TYPE><rest>`, from which every place of interest is tried.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import HAS_KERNEL, examples

from logmatch.engine import Engine, make_engine
from logmatch.program import compile_program
from logmatch.templates.grammar import Scan
from logmatch.templates.load import templates_from_patterns
from logmatch.templates.types import named_type

pytestmark = pytest.mark.skipif(not HAS_KERNEL, reason="the scanners are the kernel's")

TIMES = (
    *("date", "time", "iso8601", "syslogtime", "clftime", "epoch", "slashtime", "ctime", "rfc2822", "klogtime"),
    "timestamp",
)
each_time = pytest.mark.parametrize("name", TIMES)

EDGES = b"0123456789:-/ .,+ZzTtAJaSMe=\x00\xff\x2f\x3a\x40"
"""Bytes that stand in times, and neighbours of digits and letters."""

TAILS = (
    *(
        b"",
        b"Z",
        b"z1",
        b"+02",
        b"+02:00",
        b"-0230",
        b" +0200",
        b" +02:00",
        b" +02001",
        b" UTC",
        b" UTCX",
        b" CEST 2024",
    ),
    *(
        b" cest",
        b" ABC 1999",
        b".1",
        b",12345678901234567890123456",
        b".",
        b":5",
        b":60",
        b":61",
        b" 2024",
        b" 2024 UTC",
    ),
)


def engine_of(name: str) -> Engine:
    return make_engine(compile_program(templates_from_patterns([f"<x:{name}><_:rest>"])), "native")


def differences(engine: Engine, name: str, lines: Iterable[bytes]) -> list[tuple[bytes, int, int]]:
    """For each line at whose beginning the kernel and the grammar differ: where the text ends for each, -1 for none."""
    grammar = named_type(name).facts.grammar
    assert grammar is not None
    found = []
    for line in lines:
        expected = Scan(line).end(grammar, 0)
        located = engine.locate(line)
        got = -1 if located is None else located[1][1]
        if expected != got:
            found.append((line, expected, got))
    return found


def near_misses(text: bytes) -> Iterator[bytes]:
    """*text* cut off anywhere, without any byte, and with any byte in place of another or put before it."""
    for place in range(len(text) + 1):
        yield text[:place]
        yield text[:place] + text[place + 1 :]
        for byte in EDGES:
            yield text[:place] + bytes((byte,)) + text[place + 1 :]
    for place, byte in itertools.product(range(len(text) + 1), b"0 :9Z"):
        yield text[:place] + bytes((byte,)) + text[place:]


@each_time
def test_what_nearly_is_a_time_ends_where_its_grammar_says(name: str) -> None:
    engine = engine_of(name)
    lines = itertools.chain.from_iterable(map(near_misses, named_type(name).facts.samples))
    assert [] == differences(engine, name, lines)


@each_time
def test_what_stands_after_a_time_is_taken_as_its_grammar_says(name: str) -> None:
    engine = engine_of(name)
    texts = {text for each in TIMES for text in named_type(each).facts.samples}
    assert [] == differences(engine, name, (text + tail for text in sorted(texts) for tail in TAILS))


@each_time
def test_numbers_of_a_time_have_the_bounds_of_its_grammar(name: str) -> None:
    engine = engine_of(name)
    lines = []
    for text in named_type(name).facts.samples[:3]:
        places = [place for place in range(len(text) - 1) if text[place : place + 2].isdigit()]
        lines += [text[:place] + b"%02d" % number + text[place + 2 :] for place in places for number in range(100)]
    assert [] == differences(engine, name, lines)


@settings(max_examples=examples(60))
@given(
    st.lists(
        st.sampled_from([*(text for name in TIMES for text in named_type(name).facts.samples), *TAILS])
        | st.binary(max_size=3).filter(lambda text: b"\n" not in text),
        max_size=4,
    ).map(b"".join),
    st.integers(0, 60),
)
def test_any_bytes_end_where_the_grammars_say(line: bytes, start: int) -> None:
    for name in TIMES:
        assert [] == differences(_ENGINES[name], name, [line[start:]])


_ENGINES = {name: engine_of(name) for name in TIMES} if HAS_KERNEL else {}
