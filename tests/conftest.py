"""
Fixtures that several test modules share, what a run is meant for (`--installed`, `--pure`; test_installation.py holds
it to that), and hypothesis' profiles (HYPOTHESIS_PROFILE=thorough for long runs).
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

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


SAME_WITHOUT_KERNEL = {
    *("test_bound", "test_check", "test_divergence", "test_docs", "test_explain", "test_formats", "test_grammar"),
    *("test_importers", "test_kinds", "test_layers", "test_learn", "test_learn_command", "test_learn_systems"),
    *("test_lists", "test_loghub", "test_plain_toml", "test_preflight", "test_sink", "test_sketch", "test_status_line"),
    *("test_template_file", "test_template_limits", "test_template_set", "test_terminal", "test_tokens", "test_types"),
}
"""
Modules that `--pure` leaves out: what they test is the same code with a kernel or without it, or an answer that all
engines give, which `test_engines` and `test_properties` see to.
"""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Whether a module would only be run again; None: as usual."""
    return True if config.getoption("pure") and collection_path.stem in SAME_WITHOUT_KERNEL else None


def pytest_report_header() -> str:
    """The engines that are tested."""
    return f"engines: {', '.join(ENGINES)}" + ("" if HAS_KERNEL else " (the kernel is not built)")


@pytest.fixture(params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    """Every engine, one after the other."""
    name: str = request.param
    return name
