"""`logmatch.run.worker`: what the engines' own tests do not see of it."""

from __future__ import annotations

import json
import math
import re
from array import array
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import ENGINES
from support_system import needs_proc

from logmatch import linescan
from logmatch.input.framing import Chunk
from logmatch.linescan import Buffer
from logmatch.output.jsonl import json_number
from logmatch.output.record_options import RecordOptions
from logmatch.program import compile_program
from logmatch.run.worker import BlankLines, Part, Spaces, Worker, WorkerSpec
from logmatch.templates.pattern import parse_pattern
from logmatch.templates.template import Template


@needs_proc
@pytest.mark.parametrize("engine", ENGINES)
def test_records_that_never_fit_into_the_space_take_no_more_memory_each_time(engine: str) -> None:
    # A bug of `_encode.Output`: it doubled its memory for each of them, 16 GB after eighteen.
    program = compile_program([Template("a", parse_pattern("<a>"))])
    worker = Worker(WorkerSpec(program, engine, RecordOptions(), separate_unmatched=False))

    def virtual_memory() -> int:
        found = re.search(r"^VmSize:\s*(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
        assert found is not None
        return int(found[1]) * 1024

    sizes = []
    for number in range(14):
        result = worker.run(Chunk("-", number, 1, 0, b"x\n", 0), memoryview(bytearray(1)))
        assert b'{"line":%d,"template_id":"a","values":{"a":"x"}}\n' % number == result.output
        del result
        sizes.append(virtual_memory())
    assert sizes[-1] - sizes[0] < 64 << 20


@given(data=st.binary())
def test_a_copy_is_bytes_of_their_own(data: bytes) -> None:
    for form in (data, bytearray(data), memoryview(data)):
        copy = linescan.copied(form)
        assert (bytes, data) == (type(copy), copy)


LINES = st.lists(st.sampled_from([b"", b" ", b"\t \t", b"\r", b" \r", b"x", b"x ", b"y", b" y", b"\r\r"]), min_size=1)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("policy", BlankLines)
@given(lines=LINES)
def test_blank_lines_are_counted_and_written_as_is_asked_for(
    engine: str, policy: BlankLines, lines: list[bytes]
) -> None:
    program = compile_program([Template("x", parse_pattern("x"))])
    worker = Worker(WorkerSpec(program, engine, RecordOptions(), blank_lines=policy))
    data = b"".join(line + b"\n" for line in lines)
    part = next(worker.parts([Chunk("-", 1, len(lines), 0, data, 0)], Spaces(), lambda: False))
    assert isinstance(part, Part)
    read = [line.removesuffix(b"\r") for line in lines]
    blank = [not line.strip(b" \t") for line in read]
    matched = sum(line.rstrip(b" \t") == b"x" for line in read)
    counted = 0 if policy is BlankLines.MATCH else sum(blank)
    assert (len(lines), matched, counted, len(lines) - matched - counted) == (
        *(part.tally.lines, part.tally.matched, part.tally.blank, part.tally.unmatched),
    )
    written = len(lines) - (sum(blank) if policy is BlankLines.SKIP else 0)
    assert written == bytes(part.output).count(b"\n")


@given(lines=LINES, numbers=st.data())
def test_blank_lines_are_counted_alike_with_a_compiler_and_without(lines: list[bytes], numbers: st.DataObject) -> None:
    data = b"\n".join(lines)
    begins = [sum(len(each) + 1 for each in lines[:place]) for place in range(len(lines))]
    ends = [begin + len(line) for begin, line in zip(begins, lines, strict=True)]
    matched = numbers.draw(st.lists(st.integers(-1, 1), min_size=len(lines), max_size=len(lines)))
    columns: list[Buffer] = [memoryview(array("i", column)) for column in (begins, ends, matched)]
    assert linescan._count_blank(data, *columns) == linescan.count_blank(data, *columns)


NUMBERS = st.one_of(
    st.integers().map(str),
    st.integers(2**53 - 3, 2**53 + 3).map(str),
    st.from_regex(r"[+-]?(?:[0-9]{1,20}(?:\.[0-9]{1,20})?|\.0{0,9}[0-9]{1,9})(?:[eE][+-]?[0-9]{1,4})?", fullmatch=True),
    st.sampled_from(["1e307", "9e307", "1e308", "1e-307", "1e-308", "0e9999999999999", "-0.000"]),
    st.sampled_from(["1" + "0" * 400, "0." + "0" * 400 + "1", "0." + "0" * 306 + "1"]),
)  # fmt: skip


@given(numbers=st.lists(NUMBERS, min_size=1, max_size=6))
def test_numbers_are_safe_alike_on_all_engines_and_never_lost(numbers: list[str]) -> None:
    program = compile_program([Template("x", parse_pattern("x <a:float> <b:float>"))])
    data = "".join(f"x {number} {number}\n" for number in numbers).encode()
    options = RecordOptions(safe_numbers=True)
    outcomes = set()
    for engine in ENGINES:
        worker = Worker(WorkerSpec(program, engine, options))
        part = next(worker.parts([Chunk("-", 1, len(numbers), 0, data, 0)], Spaces(), lambda: False))
        outcomes.add((bytes(part.output), part.tally.numbers_as_text))
        for line in bytes(part.output).splitlines():
            values = orjson.loads(line)["values"]  # refuses what is beyond a double
            assert values["a"] == values["b"]
    assert 1 == len(outcomes)
    written, count = outcomes.pop()
    texts = [json.loads(line, parse_int=Text, parse_float=Text)["values"]["a"] for line in written.splitlines()]
    assert [json_number(number.encode()).decode() for number in numbers] == texts
    assert 2 * sum(not isinstance(text, Text) for text in texts) == count
    for number, text in zip(numbers, texts, strict=True):
        value = float(number)
        if isinstance(text, Text):
            assert math.isfinite(value)
            assert value != 0 or not number.lower().partition("e")[0].strip("+-0.")
        else:
            assert not math.isfinite(value) or abs(value) >= 2**53 or abs(value) < 1e-300


class Text(str):
    """A number as it stands in a record."""
