"""
Samples: log lines of five invented systems, made from a seed, each with the id of the template that it came from.

A *system* is a program that writes a log. Each has a module with what it writes (`grammar`) and, beside it, its
templates in `<system>.toml`, written by hand. The lines are what these templates describe, in realistic shares, and a
few *odd* lines: some match in spite of their look, some match nothing (`stream`).

This package knows nothing of matching; that templates and lines agree is held by `tests/test_samples.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from logmatch.samples import k8s, nginx, orders, sshd, storage
from logmatch.samples.grammar import System
from logmatch.samples.stream import labelled_texts

ODD = 0.03
"""The share of odd lines, unless another one is asked for."""

SAMPLE_COUNTS = {"sshd": 900, "nginx": 900, "orders": 900, "storage": 900, "k8s": 600}
"""How many lines each file of `sample_logs/` has."""

SYSTEMS: tuple[str, ...] = tuple(SAMPLE_COUNTS)

_SYSTEMS: dict[str, System] = {
    "sshd": sshd.SYSTEM,
    "nginx": nginx.SYSTEM,
    "orders": orders.SYSTEM,
    "storage": storage.SYSTEM,
    "k8s": k8s.SYSTEM,
}


def lines(system: str, count: int, seed: int = 1, odd: float = ODD) -> Iterator[bytes]:
    """
    Return *count* lines of *system* without their `\\n`; a line that ends in CRLF keeps its `\\r`.

    Args:
        odd: the share of odd lines, 0 to 1; with 0 every line is clean and has a template.
    """
    return (line for _, line in labelled_lines(system, count, seed, odd))


def labelled_lines(system: str, count: int, seed: int = 1, odd: float = ODD) -> Iterator[tuple[str | None, bytes]]:
    """Return the lines of `lines`, each after the id of its true template, None where it is meant to match nothing."""
    source = _system(system)
    if not 0 <= odd <= 1:
        raise ValueError(f"the share of odd lines is {odd}; it must be from 0 to 1")
    stream = islice(labelled_texts(source, seed, odd), count)
    return ((label, line.encode("utf-8", "surrogateescape")) for label, line in stream)


def templates_path(system: str) -> Path:
    """Return the path of the template file of *system*."""
    _system(system)
    return Path(__file__).with_name(f"{system}.toml")


def sample_log(system: str) -> bytes:
    """Return the content of `sample_logs/<system>.log`."""
    return b"".join(line + b"\n" for line in lines(system, SAMPLE_COUNTS[system]))


def expected_counts() -> dict[str, dict[str | None, int]]:
    """Return for each system how many lines of its sample log have which template id; None counts the unmatched."""
    return {
        system: dict(Counter(label for label, _ in labelled_lines(system, count)))
        for system, count in SAMPLE_COUNTS.items()
    }


def write_sample_logs(directory: Path) -> None:
    """Write the sample log and a copy of the template file of every system to *directory*, made if it is missing."""
    directory.mkdir(parents=True, exist_ok=True)
    for system in SYSTEMS:
        (directory / f"{system}.log").write_bytes(sample_log(system))
        (directory / f"{system}.toml").write_bytes(templates_path(system).read_bytes())


def _system(name: str) -> System:
    if name not in _SYSTEMS:
        raise ValueError(f"no sample system is called {name!r}; there are {', '.join(SYSTEMS)}")
    return _SYSTEMS[name]
