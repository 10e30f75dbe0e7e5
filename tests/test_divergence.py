"""Divergence: from 0 to 1 bit, the same both ways, made of parts that are never negative."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from logmatch.stats.divergence import divergence, parts_of_divergence

counts = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 10**9), min_size=1)


@given(counts, counts)
def test_it_is_symmetric_and_between_0_and_1(before: dict[str, int], after: dict[str, int]) -> None:
    there, back = parts_of_divergence(before, after), parts_of_divergence(after, before)
    assert 0 <= divergence(there) <= 1
    assert math.isclose(divergence(there), divergence(back), abs_tol=1e-12)
    assert all(part.bits >= 0 for part in there)
    assert sorted((part.bits for part in there), reverse=True) == [part.bits for part in there]


@given(counts, st.integers(1, 1000))
def test_equal_shares_diverge_by_nothing(before: dict[str, int], factor: int) -> None:
    after = {key: lines * factor for key, lines in before.items()}
    assert divergence(parts_of_divergence(before, after)) < 1e-12


@given(counts, counts)
def test_logs_without_a_common_template_diverge_by_one_bit(before: dict[str, int], after: dict[str, int]) -> None:
    parts = parts_of_divergence(before, {f"{key}2": lines for key, lines in after.items()})
    assert math.isclose(divergence(parts), 1)


def test_it_is_what_the_formula_gives() -> None:
    parts = parts_of_divergence({"a": 3, "b": 1}, {"a": 1, "b": 1, "c": 2})
    p, q = (0.75, 0.25, 0.0), (0.25, 0.25, 0.5)
    mean = [(x + y) / 2 for x, y in zip(p, q, strict=True)]

    def entropy(shares: tuple[float, ...] | list[float]) -> float:
        return -sum(share * math.log2(share) for share in shares if share)

    assert math.isclose(divergence(parts), entropy(mean) - (entropy(p) + entropy(q)) / 2)
    assert ["c", "a", "b"] == [part.key for part in parts]


def test_an_empty_log_has_no_shares() -> None:
    assert [] == parts_of_divergence({}, {})
    assert divergence(parts_of_divergence({"a": 2}, {})) == 0.5
