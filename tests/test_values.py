"""
Values that the compiled writer computes are those of `Facts.value_json`, byte for byte: numbers, CSV, pairs, lists.

The judge are the functions of Python, which the other writer asks: both get the matches of the same lines.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support import HAS_KERNEL, examples, make_program

from logmatch.engine import Engine, make_engine
from logmatch.output.batch import Batch
from logmatch.output.jsonl import FORMAT
from logmatch.output.record_options import RecordOptions
from logmatch.output.value_plan import ValuePlan, plan_of
from logmatch.program import Program
from logmatch.templates.type_syntax import parse_type
from logmatch.templates.types import TYPES

pytestmark = pytest.mark.skipif(not HAS_KERNEL, reason="the writer is compiled with the kernel")


def records(type_: str, texts: Sequence[bytes], *, by_columns: bool, safe: bool) -> tuple[bytes, int, int]:
    """The records of *texts*, each a line; how many U+FFFD they have, and how many numbers are text in them."""
    program = _PROGRAMS.setdefault(type_, make_program(f"<x:{type_}>"))
    writer = FORMAT.make_writer(program, RecordOptions(safe_numbers=safe), by_columns=by_columns, drop_unmatched=True)
    writer.begin("-")
    engine = _ENGINES.setdefault(type_, make_engine(program, "native"))
    writer.write(Batch(engine.match_batch(b"\n".join(texts)), first_line=1))
    return bytes(writer.take()[0]), writer.replaced, writer.numbers_as_text


_PROGRAMS: dict[str, Program] = {}
_ENGINES: dict[str, Engine] = {}


def check(type_: str, texts: Sequence[bytes], *, some: bool = False) -> None:
    for safe in (False, True):
        expected = records(type_, texts, by_columns=False, safe=safe)
        assert expected == records(type_, texts, by_columns=True, safe=safe)
        assert expected[0] or not some


digits = st.text("0123456789", min_size=1, max_size=22) | st.integers(0, 10**6).map(str)
amounts = st.builds("{}{}".format, digits, st.just("") | st.builds("{}{}".format, st.sampled_from(".,"), digits))
signs = st.sampled_from(["", "", "-", "+"])
UNITS = ("d", "h", "m", "s", "ms", "us", "\u00b5s", "\u03bcs", "ns")
parts = st.builds("{}{}{}".format, amounts, st.sampled_from(["", "", " "]), st.sampled_from(UNITS))
sixty = st.integers(0, 59).map("{:02}".format)
clocks = st.builds("{}:{}:{}{}".format, digits, sixty, sixty, st.just("") | digits.map(".{}".format))
durations = st.builds("{}{}".format, signs, st.lists(parts, min_size=1, max_size=4).map("".join) | clocks)
SIZES = ["", "B", "k", *(f"{letter}{unit}" for letter in "kKMGTPE" for unit in ("", "B", "i", "iB"))]
sizes = st.builds("{}{}{}".format, amounts, st.sampled_from(["", " "]), st.sampled_from(SIZES))
groups = st.lists(st.integers(0, 999).map("{:03}".format), max_size=4)
numbers = st.builds(
    "{}{}{}{}".format,
    *(signs, st.builds(lambda first, more, mark: mark.join([first, *more]), digits, groups, st.sampled_from(".,'"))),
    *(
        st.just("") | st.builds("{}{}".format, st.sampled_from(".,"), digits),
        st.sampled_from(["", "", "e5", "E-3", "e+12"]),
    ),
)
anything = st.lists(
    st.sampled_from(
        ["a", "key", "k", "=", " ", "\t", '"', '\\"', "\\", ":", ";", ",", '""', "; ", "||", "1", "\u00e4", "-", "[x]"]
    )
    | st.characters(exclude_characters="\n", max_codepoint=255, exclude_categories=()),
    max_size=12,
).map("".join)
keys = st.sampled_from(["a", "b", "key", "longer_key_1", "longer_key_2", "k\u00e4"])
values = st.sampled_from(["", "1", "x y", '"x y"', '"a \\" b"', "a\\=b", '"', "=", "v\u00e9", '"\x01"']) | anything


def pairs(assign: str, separator: str) -> st.SearchStrategy[str]:
    pair = st.builds("{}{}{}".format, keys, st.just(assign), values)
    return st.lists(pair, min_size=1, max_size=20).map(separator.join)


TEXTS: dict[str, st.SearchStrategy[str]] = {
    "duration": durations,
    "size": sizes,
    "number": numbers,
    "csv": anything | anything.map(lambda text: '"' + text.replace('"', '""') + '"'),
    "csv(;)": anything,
    "kv": pairs("=", " ") | anything,
    "kv(;)": pairs("=", "; ") | anything,
    "kv(, :)": pairs(":", ",") | anything,
    "kv(|| =>)": pairs("=>", " || ") | anything,
    "kv(cef)": pairs("=", " ") | anything,
    "int?": st.sampled_from(["-", "+5", "-0", "007"]) | digits,
    "duration?": durations | st.just("-"),
    "csv?": anything | st.just('"-"') | st.just("-"),
    "quoted?": st.sampled_from(["-", '"-"', '""', '"\u00e9\\""']),
    'int|"N/A"': digits | st.sampled_from(["N/A", "N"]),
    'float|"1"|duration': amounts | parts,
    '"1"|float|"-"|word?': amounts | anything,
    "int|percent|[a-z]{2,4}|quoted|word": amounts
    | amounts.map("{}%".format)
    | st.sampled_from(["ab", "abcde", '"x"', "%", "1e"]),
    "ip|host|int?": st.sampled_from(["10.0.0.1", "::1", "a.b", "5", "-"]),
    "quoted|csv": anything | anything.map('"{}"'.format),
    "json|word": st.sampled_from(['{"a":[1,"\xff"]}', "true", "truer", "1.50", '"x"']),
    "size|csv?": sizes | anything,
}


@pytest.mark.parametrize("type_", TEXTS)
def test_values_are_those_of_the_functions_of_python(type_: str) -> None:
    @settings(max_examples=examples(12))
    @given(st.lists(TEXTS[type_].map(_encoded), min_size=1, max_size=12))
    def hold(texts: list[bytes]) -> None:
        check(type_, texts)

    hold()
    check(type_, [text for text in parse_type(type_).facts.samples if b"\n" not in text], some=True)


def _encoded(text: str) -> bytes:
    """UTF-8, but that some characters are bytes that are none."""
    return text.replace("\n", "").encode("latin-1" if "\xff" in text else "utf-8", "replace")


@settings(max_examples=examples(12))
@given(st.lists(durations, max_size=3).map(" ".join), st.sampled_from(["duration", "size", "number"]))
@example("99999999999999999999d99999999999999999999h", "duration")
@example("0.000000000000000000001s", "duration")
@example("18446744073709551615E", "size")
@example("18446744073709551616", "size")
@example("0.0000000000000000001B", "size")
def test_more_digits_than_are_counted_with_are_written_all_the_same(text: str, type_: str) -> None:
    check(type_, [text.encode()])


def test_which_values_are_still_made_in_python() -> None:
    """None of the named types; of lists those whose options only a scan can tell apart."""

    def made(text: bytes) -> tuple[bytes, int]:
        raise AssertionError(text)

    def kind(type_: str) -> str:
        plan: ValuePlan = plan_of(parse_type(type_).facts, made, made_numbers=False)
        return plan.kind

    assert [] == [name for name in TYPES if kind(name) == "made"]
    assert {"list"} == {kind(name) for name in ('int|"N/A"', "duration?", "json?", "float|word", "[a-z]+|int")}
    assert {"made"} == {kind(name) for name in ("ip|int", "duration|int")}


def test_quotes_of_a_value_of_cef_belong_to_it() -> None:
    value = TYPES["kv"].facts.value_json(b'a="x y" b=2')
    assert {"a": "x y", "b": "2"} == json.loads(value)
    value = parse_type("kv(cef)").facts.value_json(b'a="x" y b=2')
    assert {"a": '"x" y', "b": "2"} == json.loads(value)
