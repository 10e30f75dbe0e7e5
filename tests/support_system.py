"""
What tests ask of the system they run on, Linux or macOS: processes, descriptors, and what only Linux has.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

HAS_PROC = Path("/proc/self/task").is_dir()

needs_proc = pytest.mark.skipif(not HAS_PROC, reason="it is seen in /proc, which is Linux's")
needs_full_device = pytest.mark.skipif(
    not os.path.exists("/dev/full"), reason="there is no /dev/full, which is Linux's"
)


def children_of(process: int) -> list[int]:
    """Child processes, but for the one in which `multiprocessing` tracks what spawned processes share."""
    if not HAS_PROC:
        return _children_by_ps(process)
    found: list[str] = []
    for task in os.listdir(f"/proc/{process}/task"):
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has just ended
            found += Path(f"/proc/{process}/task/{task}/children").read_text().split()
    return [int(child) for child in found if b"resource_tracker" not in Path(f"/proc/{child}/cmdline").read_bytes()]


def _children_by_ps(process: int) -> list[int]:
    with subprocess.Popen(["ps", "-A", "-o", "pid=,ppid=,command="], stdout=subprocess.PIPE, text=True) as ps:
        rows = [row.split(None, 2) for row in ps.communicate()[0].splitlines()]
    return [
        int(child)
        for child, parent, command in rows
        if int(parent) == process and int(child) != ps.pid and "resource_tracker" not in command
    ]


def open_descriptors() -> list[str]:
    """The numbers of the descriptors of this process, one more than there are: that of the directory."""
    return sorted(os.listdir("/dev/fd"))
