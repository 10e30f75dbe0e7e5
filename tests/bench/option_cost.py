#!/usr/bin/env python3
"""
What options cost: processor time of `logmatch parse` with them, as a share of the same run without.

usage: option_cost.py [--rounds N] COMMON... -- OPTIONS... [-- OPTIONS...]...

COMMON is what all runs have (a log, -t TEMPLATES, --header PATTERN). Runs take turns, so that a busy machine slows all
of them alike; each share is the median of those of the rounds, of user and system time of one worker that writes to a
file. Prints a line for each set of options (what start and loading take is left out of both), and exits 1 if a run
counted other lines than the first.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path


def seconds(arguments: list[str], directory: Path) -> tuple[float, int]:
    """Processor time of a run, and the lines it has counted."""
    command = [sys.executable, "-m", "logmatch", "parse", *arguments, "--workers", "1", "--no-progress"]
    summary = directory / "summary.json"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*command, "-o", str(directory / "out.jsonl"), "--summary-json", str(summary)], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    os.unlink(directory / "out.jsonl")
    return used, json.loads(summary.read_text("utf-8"))["lines"]


def main(arguments: list[str]) -> int:
    rounds = 5
    if arguments[:1] == ["--rounds"]:
        rounds, arguments = int(arguments[1]), arguments[2:]
    sets: list[list[str]] = [[]]
    for argument in arguments:
        if argument == "--":
            sets.append([])
        else:
            sets[-1].append(argument)
    common, *others = sets
    shares: list[list[float]] = [[] for _ in others]
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        empty = directory / "empty.log"
        empty.write_bytes(b"")
        starts = [
            min(seconds([str(empty), *common[1:], *options], directory)[0] for _ in range(3))
            for options in [[], *others]
        ]
        for _ in range(rounds):
            plain, lines = seconds(common, directory)
            plain -= starts[0]
            for options, found, start in zip(others, shares, starts[1:], strict=True):
                used, counted = seconds([*common, *options], directory)
                if counted != lines:
                    print(f"{' '.join(options)}: {counted} lines, not {lines}")
                    return 1
                found.append((used - start) / plain)
    for options, found in zip(others, shares, strict=True):
        print(f"{' '.join(options)}: {statistics.median(found):.3f} ({min(found):.3f} to {max(found):.3f})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
