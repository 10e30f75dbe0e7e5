"""Destination: what the name of an output stands for: stdout, an open descriptor, a file, a compressed file."""

from __future__ import annotations

import enum
import os

STDOUT = "-"
"""The name of stdout among outputs."""

_MOST_LINKS = 40


class Compression(enum.Enum):
    """How a file is compressed whose name has this suffix."""

    GZIP = ".gz"
    ZSTD = ".zst"


def compression_of(path: str) -> Compression | None:
    """How the output *path* is to be compressed; None: not at all."""
    _, suffix = os.path.splitext(path)
    return next((kind for kind in Compression if kind.value == suffix.lower()), None)


def own_descriptor(path: str) -> int | None:
    """
    Which descriptor of this process *path* stands for: "-", /dev/stdout, /dev/fd/3; None if it is a file of its own.

    Opened by that name, a file would be another open file with a place of its own, and would be emptied.
    """
    if path == STDOUT:
        return 1
    for _ in range(_MOST_LINKS):
        directory, name = os.path.split(os.path.normpath(path))
        if name.isdigit() and directory in ("/dev/fd", "/proc/self/fd", f"/proc/{os.getpid()}/fd"):
            return int(name)
        try:
            path = os.path.join(directory, os.readlink(path))
        except (OSError, ValueError):
            return None
    return None
