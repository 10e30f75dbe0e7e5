"""
Fixtures that several test modules share, what a run is meant for (`--installed`, `--pure`; test_installation.py holds
it to that), and hypothesis' profiles (HYPOTHESIS_PROFILE=thorough for long runs).
"""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import HealthCheck, settings
from support import ENGINES, HAS_KERNEL, examples

# No deadline: it would measure the machine. Examples are drawn from large models, which takes a while on a busy one.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", parent=settings.get_profile("default"), max_examples=examples(100))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# Tests that a shell starts in the background ignore SIGINT, those under nohup SIGHUP; what they start would inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)
for _number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
    signal.signal(_number, signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    """What the tests cannot see for themselves: which logmatch they are meant to test."""
    group = parser.getgroup("logmatch")
    group.addoption("--installed", action="store_true", help="test the logmatch that is installed, not the tree's")
    group.addoption("--pure", action="store_true", help="test a logmatch without its kernel")


def pytest_report_header() -> str:
    """The engines that are tested."""
    return f"engines: {', '.join(ENGINES)}" + ("" if HAS_KERNEL else " (the kernel is not built)")


@pytest.fixture(params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    """Every engine, one after the other."""
    name: str = request.param
    return name
