"""`search_steps.py` for a few sets of templates; it runs for as long as one likes."""

from __future__ import annotations

import pytest
from search_steps import TARGETS, Target, growing
from steps import COUNTING, kernel_with
from support import HAS_KERNEL

from logmatch.engine.portable import buckets
from logmatch.engine.reference import ReferenceEngine


@pytest.mark.parametrize(("name", "count"), [("native", 150), ("reference", 30), ("portable", 30)])
def test_no_cost_grows_faster_than_the_line(name: str, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "native":
        if not HAS_KERNEL:
            pytest.skip("the kernel is not built")
        try:
            kernel_with(*COUNTING)
        except FileNotFoundError:
            pytest.skip("the C source of the kernel is not beside it: the installation is not editable")
    monkeypatch.setattr(buckets, "walk", lambda variant, line, budget=None: None)
    assert [] == [found for seed in range(count) if (found := growing(TARGETS[name], seed)) is not None]


@pytest.mark.parametrize(("power", "sees"), [(1.0, False), (2.0, True), (1.5, True)])
def test_a_cost_that_grows_faster_is_seen(power: float, sees: bool) -> None:
    target = Target(ReferenceEngine, lambda engine, line: len(line) ** power, length=400, growth=5.0, few=4)
    assert sees == (growing(target, 1) is not None)
