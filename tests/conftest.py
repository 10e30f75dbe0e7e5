"""Fixtures that several test modules share, and hypothesis' profiles (HYPOTHESIS_PROFILE=thorough for long runs)."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings
from support import ENGINES, examples

# No deadline: it would measure the machine. Examples are drawn from large models, which takes a while on a busy one.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", parent=settings.get_profile("default"), max_examples=examples(100))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    """Every engine, one after the other."""
    name: str = request.param
    return name
