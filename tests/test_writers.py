"""The two writers of JSON Lines, `logmatch.output.jsonl`: of columns, compiled, and of groups."""

from __future__ import annotations

import json
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import ENGINES, HAS_KERNEL, make_program

from logmatch.engine import make_engine
from logmatch.output.batch import Batch
from logmatch.output.jsonl import FORMAT
from logmatch.output.record_options import RecordOptions, TimeForm
from logmatch.program import Program, compile_program
from logmatch.templates.template import Template
from logmatch.times.times import COUNTS, Times

if not HAS_KERNEL:
    pytest.skip("the kernel is not built", allow_module_level=True)

PATTERNS = {
    **{"A": "<k:kv>", "B": "<k:kv(;)>", "C": "<k:kv(, :)>", "D": "<k:kv(|| =>)>", "F": "<j:json?>", "K": "<p:path?>"},
    **{"E": "<a:int?> <b:float|word> <c:percent?> <d:quoted?>", "G": "<k:kv(cef)>", "I": '<p:ip|"N/A"> <n:int|word>'},
    **{"H": "<d:duration> <s:size> <n:number>", "J": "<a:csv>,<b:csv>,<c:csv>"},
}

LINES = [
    *(
        b"A a=1 b=2 a=3",
        b'A a="x \\" \xff" b= c=\xc3\xa4',
        b"A " + b" ".join(b"k%d=%d" % (n % 40, n) for n in range(200)),
    ),
    *(b'B a=x y ; b="1;2";c=', b"C a:1, b:2,a:3", b"D a=>1 || b=>=2", b"E - +5 -0.50 -", b'E "-" 7 50% "x\xff\x01"'),
    *(b'E - - - "-"', b'F {"a":[1, "\xff"],"b":{}}', b"F -", b"G a=x y b=\\=1 c=", b"H 1m2.5s 12KiB 1.234,5"),
    *(b"I 10.0.0.1 3", b"I N/A x", b'J a,"b ""c"",",', b"K -", b"K \xff", b"K /a/b"),
]


def program() -> Program:
    return compile_program([Template(name, f"{name} {pattern}") for name, pattern in PATTERNS.items()])


def records(engine: str, options: RecordOptions, *, by_columns: bool) -> tuple[bytes, bytes, int]:
    """The records of `LINES`, those of unmatched lines, and how many U+FFFD were written."""
    writer = FORMAT.make_writer(program(), options, by_columns=by_columns, separate_unmatched=True)
    writer.begin("a.log")
    matches = make_engine(program(), engine).match_batch(b"\r\n".join(LINES))
    writer.write(Batch(matches, first_line=9, offset=5))
    output, unmatched = writer.take()
    return bytes(output), bytes(unmatched), writer.replaced


@pytest.mark.parametrize("options", [RecordOptions(), RecordOptions(with_file=True, raw=True, offsets=True)], ids=str)
def test_each_writer_takes_the_matches_of_each_engine_and_makes_the_same_records(options: RecordOptions) -> None:
    expected = records("reference", options, by_columns=False)
    assert len(LINES) == (expected[0] + expected[1]).count(b"\n")
    for engine in ENGINES:
        for by_columns in (False, True):
            assert expected == records(engine, options, by_columns=by_columns)


MOST = 2**63 - 1


@given(
    st.sampled_from([None, *TimeForm]),
    st.lists(
        st.tuples(
            st.integers(-MOST - 1, MOST) | st.integers(-(10**12), 10**12),
            st.integers(0, 5),
            st.integers(0, 9),
            st.booleans(),
        ),
        min_size=len(LINES),
        max_size=len(LINES),
    ),
    st.booleans(),
    st.booleans(),
)
def test_each_writer_writes_the_same_of_any_times_and_keeps_the_same(
    form: TimeForm | None, rows: list[tuple[int, int, int, bool]], has_keep: bool, raw: bool
) -> None:
    nanoseconds, states, digits, keep = zip(*rows, strict=True)
    times = Times(memoryview(array("q", nanoseconds)), bytes(states), bytes(digits), (0,) * COUNTS)
    matches = make_engine(program(), "native").match_batch(b"\n".join(LINES))
    answers: list[tuple[bytes, bytes, int]] = []
    for by_columns in (False, True):
        options = RecordOptions(time_form=form, raw=raw)
        writer = FORMAT.make_writer(program(), options, by_columns=by_columns, separate_unmatched=True)
        writer.begin("-")
        writer.write(Batch(matches, 1, times=times, keep=bytes(keep) if has_keep else None))
        output, unmatched = writer.take()
        answers.append((bytes(output), bytes(unmatched), writer.replaced))
    assert answers[0] == answers[1]
    numbers = [
        json.loads(line)["line"] for line in (answers[0][0] + answers[0][1]).decode("utf-8", "replace").split("\n")[:-1]
    ]
    assert [number for number in range(1, len(LINES) + 1) if keep[number - 1] or not has_keep] == sorted(numbers)


def test_times_of_other_lines_are_refused() -> None:
    writer = FORMAT.make_writer(program(), RecordOptions(time_form=TimeForm.RFC3339), by_columns=True)
    writer.begin("-")
    matches = make_engine(program(), "native").match_batch(b"\n".join(LINES))
    with pytest.raises(ValueError, match="the times are those of other lines"):
        writer.write(Batch(matches, 1, times=Times(b"", b"", b"", (0,) * COUNTS)))
    with pytest.raises(ValueError, match="what is to be kept is of other lines"):
        writer.write(Batch(matches, 1, keep=b"\1"))


def test_matches_of_another_program_are_refused() -> None:
    writer = FORMAT.make_writer(make_program("<a> <b:int>"), RecordOptions(), by_columns=True)
    writer.begin("-")
    with pytest.raises(ValueError, match="the matches are those of another program"):
        writer.write(Batch(make_engine(program(), "native").match_batch(b"E 1 2 3% -"), first_line=1))


def test_columns_that_are_wrong_are_refused() -> None:
    class Wrong:
        def __init__(self, spans: list[int]) -> None:
            matches = make_engine(make_program("<a> <b:int>"), "portable").match_batch(b"x 12")
            self.line_count, self.data = 1, matches.data
            self.line_begins, self.line_ends = matches.line_begins, matches.line_ends
            self.needs_escape, self.variant_numbers = matches.needs_escape, matches.variant_numbers
            self.span_begins = matches.span_begins
            self.spans = memoryview(array("i", spans))

    writer = FORMAT.make_writer(make_program("<a> <b:int>"), RecordOptions(), by_columns=True)
    writer.begin("-")
    for spans in ([0, 1, 2, 5], [-1, 1, 2, 4], [2, 4, 0, 1], [0, 1]):
        with pytest.raises(ValueError, match="the columns are not those of matches"):
            writer.write(Batch(Wrong(spans), first_line=1))  # type: ignore[arg-type]
