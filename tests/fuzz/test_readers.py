"""Every parser and reader takes any input: `readers.py` for a few inputs of each; it runs for as long as one likes."""

from __future__ import annotations

from pathlib import Path

import pytest
import readers
from readers import TARGETS, Target, fault, made


@pytest.mark.parametrize("name", TARGETS)
def test_any_input_gives_a_value_or_our_error(name: str, tmp_path: Path) -> None:
    for seed in range(150):
        data = made(TARGETS[name], seed)
        assert fault(TARGETS[name], data, tmp_path) is None, (seed, data)


@pytest.mark.parametrize("name", TARGETS)
def test_the_good_inputs_that_others_are_made_from_are_read(name: str, tmp_path: Path) -> None:
    for data in TARGETS[name].seeds:
        assert fault(TARGETS[name], data, tmp_path) is None


def test_a_seed_gives_the_same_input_again() -> None:
    target = TARGETS["pattern"]
    assert made(target, 7) == made(target, 7)
    assert len({made(target, seed) for seed in range(50)}) > 40


def test_what_is_not_our_error_and_what_takes_too_long_are_faults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "TOO_LONG", 0.01)

    def raises(data: bytes, path: Path) -> object:
        raise KeyError(data)

    def loops(data: bytes, path: Path) -> object:
        while True:
            pass

    assert "KeyError: b'x'" in str(fault(Target(raises, (b"x",), ()), b"x", tmp_path))
    assert "not done after 0.01 s" in str(fault(Target(loops, (b"x",), ()), b"x", tmp_path))
