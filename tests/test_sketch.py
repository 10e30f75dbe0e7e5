"""Sketch: exact up to the limit; beyond it within the errors that it states."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logmatch.stats.sketch import DISTINCT_ERROR, LIMIT, LONGEST, ValueCounts

batches = st.lists(st.lists(st.integers(0, 60).map(lambda n: b"%d" % n), max_size=40), max_size=12)


@given(batches)
def test_few_values_are_counted_exactly(batches: list[list[bytes]]) -> None:
    counts = ValueCounts(limit=61)
    expected: Counter[bytes] = Counter()
    for batch in batches:
        counts.add(batch)
        expected.update(batch)
    assert counts.is_exact
    assert (len(expected), 0, expected.total()) == (counts.distinct, counts.count_error, counts.total)
    assert sorted(expected.items(), key=lambda pair: (-pair[1], pair[0])) == counts.most_common(100)


@given(batches)
def test_counts_of_many_values_are_too_low_by_the_stated_error_at_most(batches: list[list[bytes]]) -> None:
    counts = ValueCounts(limit=5)
    expected: Counter[bytes] = Counter()
    for batch in batches:
        counts.add(batch)
        expected.update(batch)
    found = dict(counts.most_common(1000))
    assert counts.count_error <= expected.total() / 5
    for value, lines in expected.items():
        assert lines - counts.count_error <= found.get(value, 0) <= lines


@pytest.mark.parametrize("form", [b"%d", b"10.0.%d", b"blk_-%019d", b"%x"])
def test_the_number_of_distinct_values_is_within_three_standard_errors(form: bytes) -> None:
    counts = ValueCounts()
    number = 20 * LIMIT
    for begin in range(0, number, 5000):
        values = [form % n for n in range(begin, begin + 5000)]
        counts.add(values)
        counts.add(values[:100])
    assert not counts.is_exact
    assert abs(counts.distinct - number) <= 3 * DISTINCT_ERROR * number


def test_the_exact_part_ends_above_the_limit() -> None:
    counts = ValueCounts()
    counts.add([b"%d" % n for n in range(LIMIT)])
    assert (True, LIMIT) == (counts.is_exact, counts.distinct)
    counts.add([b"one more"])
    assert not counts.is_exact


def test_long_values_are_kept_in_part_and_told_apart() -> None:
    counts = ValueCounts()
    long = b"x" * 100_000
    counts.add([long + b"a", long + b"b", long + b"a"])
    assert [2, 1] == [lines for _, lines in counts.most_common(2)]
    assert all(len(value) <= LONGEST for value, _ in counts.most_common(2))
