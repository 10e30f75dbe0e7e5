"""Kinds: what is masked, that counts add, and that memory is bounded."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import ENGINES, make_program

from logmatch.engine import make_engine
from logmatch.run import kinds
from logmatch.run.kinds import UnmatchedKinds, kind_of


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b"took 12 ms", b"took # ms"),
        (b"from 10.0.0.1:22 to 10.0.0.2:80", b"from # to #"),
        (b"2024-05-31T13:05:59.123Z INFO x", b"# INFO x"),
        (b"at 0xdeadbeef in a", b"at # in a"),
        (b"user12 left", b"# left"),
        (b"sshd[24200]: x", b"sshd[#]: x"),
        (b"block blk_-123 done", b"block blk_-# done"),
        (b"no digits", b"no digits"),
    ],
)
def test_the_kind_of_a_line(line: bytes, kind: bytes) -> None:
    assert kind == kind_of(line)


def counted(engine: str, *chunks: bytes) -> UnmatchedKinds:
    total = UnmatchedKinds()
    matcher = make_engine(make_program("user <u:word> in"), engine)
    for chunk in chunks:
        part = UnmatchedKinds()
        part.add_unmatched(matcher.match_batch(chunk))
        total.add(part)
    return total


@pytest.mark.parametrize("engine", ENGINES)
def test_unmatched_lines_are_counted_by_kind(engine: str) -> None:
    found = counted(engine, b"user a in\nb 1\nb 2\r\n\n \t\nc\n", b"b 3\nd")
    assert [(b"b 1", 3), (b"c", 1), (b"d", 1)] == [(kind.first, kind.lines) for kind in found.most_frequent(5)]
    assert [b"b 1"] == [kind.first for kind in found.most_frequent(1)]


lines = st.lists(st.sampled_from([b"user a in", b"a 1", b"a 2", b"b", b"c 3", b""]), max_size=20)


@given(lines, st.integers(0, 20))
def test_counts_do_not_depend_on_where_a_log_is_cut(log: list[bytes], at: int) -> None:
    def text(part: list[bytes]) -> bytes:
        return b"".join(line + b"\n" for line in part)

    whole = counted("portable", text(log)).most_frequent(10)
    assert whole == counted("portable", text(log[:at]), text(log[at:])).most_frequent(10)


def test_memory_is_bounded_and_a_frequent_kind_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "MOST_KINDS", 10)
    words = ["".join(pair) for pair in itertools.product("abcdefghijklmnop", repeat=2)]
    found = counted("portable", *(f"often\n{word}\n".encode() for word in words))
    assert 20 >= len(found.most_frequent(1000))
    assert [(b"often", len(words))] == [(kind.first, kind.lines) for kind in found.most_frequent(1)]


def test_a_long_line_is_cut_off() -> None:
    (kind,) = counted("portable", b"x" * 5000 + b"\n").most_frequent(5)
    assert kinds.MOST_LINE == len(kind.first)
