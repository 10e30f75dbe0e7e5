"""Collector: it is off in a block, and afterwards as it was."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from logmatch.gc_pause import held_back


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    was_enabled = gc.isenabled()
    yield
    (gc.enable if was_enabled else gc.disable)()


def test_nothing_is_collected_in_a_block_and_in_one_within_it() -> None:
    gc.enable()
    with held_back():
        with held_back():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_an_error_ends_a_block_as_well() -> None:
    gc.enable()
    with pytest.raises(ValueError, match="a reason"), held_back():
        raise ValueError("a reason")
    assert gc.isenabled()


def test_a_program_that_has_turned_it_off_finds_it_off() -> None:
    gc.disable()
    with held_back():
        pass
    assert not gc.isenabled()
