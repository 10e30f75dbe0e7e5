"""Cores: how many workers can work at once: the cores that this process may use, and what its control group allows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def available_workers(root: Path = Path("/")) -> int:
    """
    The number of cores that this process may use, less where a control group (a container) gives it less time.

    Args:
        root: where /proc and /sys are.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    # A part of a core is worth a worker: two workers with a quota of 1.5 cores do more than one.
    quotas = [-(-quota // period) for quota, period in _quotas(root) if quota > 0 and period > 0]
    return max(1, min([cores, *quotas]))


def _quotas(root: Path) -> Iterator[tuple[int, int]]:
    """The quotas of this process's control group and those that it is in: microseconds of time in so many."""
    groups = root / "sys/fs/cgroup"
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers:  # version 2
            for directory in _upwards(groups, path):
                with suppress(OSError, ValueError):
                    quota, period = (directory / "cpu.max").read_text().split()
                    yield (0 if quota == "max" else int(quota)), int(period)
        elif "cpu" in controllers.split(","):
            for directory in (*_upwards(groups / controllers, path), *_upwards(groups / "cpu", path)):
                with suppress(OSError, ValueError):
                    quota = (directory / "cpu.cfs_quota_us").read_text()
                    yield int(quota), int((directory / "cpu.cfs_period_us").read_text())


def _upwards(base: Path, path: str) -> Iterator[Path]:
    """The directory of the control group *path* below *base*, and those above it; in a container it may be the base."""
    inner = base / path.lstrip("/")
    yield inner
    while inner != base and base in inner.parents:
        inner = inner.parent
        yield inner
