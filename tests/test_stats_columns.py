"""Stats on columns: what is compiled gives what Python gives, for any values, lines and records."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import HAS_KERNEL, make_program

from logmatch.engine import make_engine
from logmatch.errors import InputError
from logmatch.input.framing import Chunk
from logmatch.stats import read_records
from logmatch.stats.gather import Gathered
from logmatch.stats.read_lines import LineReader
from logmatch.stats.read_records import RecordReader
from logmatch.stats.sketch import COMPILED, Counts, ValueCounts

pytestmark = pytest.mark.skipif(not HAS_KERNEL, reason="nothing was compiled")

numbers = st.one_of(
    st.integers(-(10**20), 10**20).map(lambda n: b"%d" % n), st.floats(allow_nan=False).map(lambda n: repr(n).encode())
)
texts = st.one_of(numbers, st.binary(max_size=20), st.sampled_from([b"", b"a", b"ab", b"x" * 300]))


def state(counts: Any, bounds: tuple[bytes, bytes] | None) -> tuple[object, ...]:
    return (
        len(counts),
        sorted(counts.items()),
        sorted(counts.items(2)),
        sorted(counts.counts()),
        sorted(counts.new_ending_in_zeros(0)),
        sorted(counts.new_ending_in_zeros(2)),
        sorted(counts.new_ending_in_zeros(1, every=True)),
        None if bounds is None else sorted(counts.new_beyond(*bounds)),
    )


@given(st.lists(st.tuples(st.lists(texts, max_size=30), st.integers(0, 2)), max_size=6))
def test_values_are_counted_alike(batches: list[tuple[list[bytes], int]]) -> None:
    from logmatch.stats import _spans

    plain, compiled = Counts(), _spans.Counts()
    for values, amount in batches:
        assert plain.add(values, 256) == compiled.add(values, 256)
        assert state(plain, None) == state(compiled, None)
        if amount:
            plain.cut(amount)
            compiled.cut(amount)
            assert state(plain, None) == state(compiled, None)


@given(st.lists(numbers, min_size=1, max_size=30), numbers, numbers)
def test_numbers_that_are_not_between_bounds_are_found_alike(values: list[bytes], a: bytes, b: bytes) -> None:
    from logmatch.stats import _spans

    bounds = (min(a, b, key=float), max(a, b, key=float))
    plain, compiled = Counts(), _spans.Counts()
    plain.add(values, 256)
    compiled.add(values, 256)
    assert state(plain, bounds) == state(compiled, bounds)
    assert sorted(plain.new_beyond(None, None)) == sorted(compiled.new_beyond(None, None))


def test_what_was_compiled_is_in_use() -> None:
    assert COMPILED


def test_many_values_are_counted_alike() -> None:
    from logmatch.stats import _spans

    plain, compiled = ValueCounts(limit=50), ValueCounts(limit=50)
    plain._counts = Counts()
    assert isinstance(compiled._counts, _spans.Counts)
    for begin in range(0, 3_000, 70):
        values = [b"%d" % (n * n % 977) for n in range(begin, begin + 100)]
        for counts in (plain, compiled):
            counts.add(values)
        assert (plain.distinct, plain.count_error) == (compiled.distinct, compiled.count_error)
        assert plain.most_common(20) == compiled.most_common(20)


PATTERNS = (
    "<at:date> <clock:time> user <user:word> took <ms:float> ms",
    "<at:date> <clock:time> <text:quoted> <share:percent>",
    "<at:iso8601> left after <n:int>",
    "pairs <pairs:kv>",
)
line = st.one_of(
    st.builds(
        "2024-05-{:02} 13:0{}:05 user {} took {} ms".format,
        st.integers(1, 28),
        st.integers(0, 9),
        st.sampled_from(["anna", "bob", "ä", ""]),
        st.sampled_from(["1", "2.50", "17", "-3e2", "no"]),
    ),
    st.builds('2024-05-01  13:00:05 "{}" {}%'.format, st.sampled_from(["a", "", "b c"]), st.integers(0, 3)),
    st.builds('2024-05-01 13:00:05 "{}" {}%'.format, st.sampled_from(["a", "", "b c"]), st.integers(0, 3)),
    st.builds("2024-05-01T13:00:0{}Z left after {}".format, st.integers(0, 9), st.integers(-3, 3)),
    st.builds("pairs a={} b=2".format, st.integers(0, 3)),
    st.sampled_from(["", " ", "something else"]),
)


@given(st.lists(line, max_size=20))
def test_lines_give_the_same_by_columns(lines: list[str]) -> None:
    data = "".join(f"{each}\n" for each in lines).encode()
    found = []
    for compiled in (True, False):
        gathered = Gathered()
        reader = LineReader(make_engine(make_program(*PATTERNS)), gathered)
        assert reader._by_spans
        reader._by_spans = compiled
        for _ in range(2):
            reader.read(Chunk("f", 1, len(lines), 0, data, len(data)), 0, 0)
        found.append(figures(gathered))
    assert found[0] == found[1]


def figures(gathered: Gathered) -> tuple[object, ...]:
    fields = {
        key: (
            stats.values.total,
            stats.values.most_common(100),
            *(stats.templates, stats.least, stats.greatest, stats.first, stats.last, stats.positions),
        )
        for key, stats in gathered.fields.items()
    }
    templates = {id_: stats.__reduce_ex__(4)[2] for id_, stats in gathered.templates.items()}
    counts = [timeline.total(1) for timeline in (gathered.by_time, gathered.by_line)]
    return (
        gathered.lines,
        gathered.blank,
        gathered.too_long,
        gathered.timed,
        list(templates),
        templates,
        fields,
        counts,
    )


values = st.dictionaries(
    st.sampled_from(["user", "at", "n", "k\u00e4se", 'q"', ""]),
    st.one_of(
        st.sampled_from(["2024-05-31T13:05:59Z", "anna", "a\tb", 'say "x"', "", "\u00e9", "7"]),
        st.integers(-5, 5),
        st.sampled_from([2.5, 1e300, 10**19, True, None, {"a": "}"}, ["]", 1]]),
    ),
    max_size=4,
)
record = st.fixed_dictionaries(
    {"template_id": st.sampled_from(["login", "out", "k\u00e4se", None]), "values": values},
    optional={
        "file": st.sampled_from(["a.log", "b.log"]),
        "line": st.integers(1, 9),
        "raw": st.sampled_from(["", " x", "\\"]),
    },
).map(lambda made: {key: made[key] for key in ("file", "line", "template_id", "values", "raw") if key in made})
odd_lines = (
    *(b"", b"\r", b"{}", b'{"template_id":"a"}', b'{"template_id":"a","values":{}}\r', b'{"template_id":"a"', b"\xff"),
    *(b'{"template_id":"a","values":{"n":01}}', b'{"template_id":"a","values":{"n":-0,"n":1.50}}'),
    *(
        b'{"line":0,"template_id":"a","values":{}}',
        b'{"line":im,"template_id":"a"}',
        b'{"line":true,"template_id":"a"}',
    ),
    *(b'{"template_id":"a","input":{x}}', b'{"template_id":"a","input":["}"],"raw":"\\u0041"}'),
    *(b'{"template_id":"a","values":7}', b'{"template_id":"a","values":{"n":-0,"m":"\\x"}}'),
)
record_line = st.one_of(
    record.map(lambda made: json.dumps(made, separators=(",", ":"), ensure_ascii=False).encode()),
    record.map(lambda made: json.dumps(made).encode()),
    st.sampled_from(odd_lines),
)


@given(st.lists(record_line, max_size=12))
def test_records_give_the_same_by_columns(lines: list[bytes]) -> None:
    assert gathered_records(lines, compiled=False) == gathered_records(lines, compiled=True)


@given(st.lists(st.binary(max_size=30).map(lambda noise: b'{"template_id":"a","values":{' + noise), max_size=4))
def test_what_looks_like_a_record_gives_the_same_by_columns(lines: list[bytes]) -> None:
    assert gathered_records(lines, compiled=False) == gathered_records(lines, compiled=True)


def gathered_records(lines: Sequence[bytes], *, compiled: bool) -> object:
    data = b"".join(each + b"\n" for each in lines)
    gathered = Gathered()
    reader = RecordReader(gathered)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(read_records, "COMPILED", compiled)
        try:
            for _ in range(2):
                reader.read(Chunk("f", 1, len(lines), 0, data, len(data)), 0, 0)
        except InputError as error:
            return str(error)
    return figures(gathered)


def test_a_place_that_is_not_there_is_an_error() -> None:
    from logmatch.stats import _spans

    matches = make_engine(make_program("a <x:word>")).match_batch(b"a b\nno\n")
    rows = memoryview(bytearray(4)).cast("i")
    assert [b"b"] == list(_spans.Spans(matches, rows, 0, 0))
    for wrong in (_spans.Spans(matches, rows, 1, 1), _spans.Spans(matches, memoryview(b"\1\0\0\0").cast("i"), 0, 0)):
        with pytest.raises(IndexError):
            wrong[0]
    with pytest.raises(ValueError, match="no such fields"):
        _spans.Spans(matches, rows, -1, 0)
