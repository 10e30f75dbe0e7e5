"""
The generator and the comparison of `fuzz.py` on a few cases, without sanitizers, on the kernel that is installed.

`fuzz.py` runs them for as long as one likes: see CONTRIBUTING.md.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from generator import draw
from steps import AT_ONCE, kernel_with
from support import HAS_KERNEL

if not HAS_KERNEL:
    pytest.skip("the kernel is not built", allow_module_level=True)

import fuzz
from comparison import Difference, compare, shrink
from generator import Case

from logmatch.engine import reference
from logmatch.engine.native import branches, engine
from logmatch.engine.native.engine import NativeEngine
from logmatch.output import jsonl as output
from logmatch.output.json_text import json_string
from logmatch.program import Variant


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_the_native_engine_gives_the_answers_of_the_reference(first: int) -> None:
    lines = matched = 0
    for seed in range(first, first + 10):
        counts = compare(draw(seed))
        lines += counts.lines
        matched += counts.matched
    assert matched > 0.3 * lines


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_a_kernel_that_writes_everything_down_gives_the_answers_of_the_reference(
    first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Ordinary lines never get so far: what only hostile ones need would hardly be tried.
    try:
        monkeypatch.setattr(engine, "kernel", kernel_with(*AT_ONCE))
    except FileNotFoundError:
        pytest.skip("the C source of the kernel is not beside it: the installation is not editable")
    for seed in range(first, first + 20):
        compare(draw(seed))


def test_a_seed_gives_the_same_case_again() -> None:
    assert draw(7) == draw(7)
    assert draw(7) != draw(8)


def _first_difference(seeds: range) -> Difference | None:
    for seed in seeds:
        try:
            compare(draw(seed))
        except Difference as difference:
            return difference
    return None


def test_a_wrong_end_of_a_field_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    # The longest text of a free field in place of the shortest: the tables, which come from the kernel, are right.
    right = reference.walk

    def wrong(variant: Variant, line: bytes) -> tuple[int, ...] | None:
        spans = right(variant, line)
        return None if spans is None or len(spans) < 4 else (*spans[:-1], spans[-1] + 1)

    monkeypatch.setattr(reference, "walk", wrong)
    assert _first_difference(range(5)) is not None


def test_wrong_code_for_the_kernel_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    # A free field before a token is ended only where the token can begin.
    monkeypatch.setattr(branches, "_first_bytes", lambda item: 1 << 127)
    assert _first_difference(range(30)) is not None


def test_a_wrong_escape_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = json_string

    def wrong(text: bytes) -> tuple[bytes, int]:
        escaped, replaced = right(text)
        return escaped.replace(b"\\u001b", b"\\u001B"), replaced

    monkeypatch.setattr(output, "json_string", wrong)
    difference = _first_difference(range(60))
    assert difference is not None
    assert "records" in difference.what


def test_a_case_that_fails_is_made_smaller_and_comes_back_from_its_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    right = NativeEngine.locate
    monkeypatch.setattr(NativeEngine, "locate", lambda self, line: None if b"user" in line else right(self, line))

    def fails(case: Case) -> bool:
        try:
            compare(case)
        except Difference:
            return True
        return False

    case = next(case for case in map(draw, range(100)) if len(case.templates) < 10 and fails(case))
    small = shrink(case, fails, 30.0)
    assert fails(small)
    assert len(small.templates) == 1
    assert b"".join(small.chunks).count(b"user") == 1
    path = fuzz.save(small, "nothing is found", tmp_path / "case.json")
    assert fails(fuzz.load(path))
    assert json.loads(path.read_text("utf-8"))["what"] == "nothing is found"
