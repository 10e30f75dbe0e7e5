#!/usr/bin/env python3
"""
What tables cost beside JSON Lines: processor time, memory and size of each format.

usage: tables.py ROUNDS [LOG OPTION...]    (options of `logmatch parse`; without LOG: a million lines of sshd)

Rounds are interleaved: in each, every format is written once, start and imports included, with one worker. The least
processor time (user and system) of each is compared with that of JSON Lines. Exits 1 if a table has not as many rows as
JSON Lines has records.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

LINES = 1_000_000
FORMATS = ("jsonl", "parquet", "arrow", "csv", "tsv")


def sample(path: Path) -> list[str]:
    """Write a log of the sshd sample; return the options that name its templates."""
    from logmatch.samples import labelled_lines, templates_path

    lines = b"".join(line + b"\n" for _, line in labelled_lines("sshd", LINES // 20))
    with path.open("wb") as file:
        for _ in range(20):
            file.write(lines)
    return ["-t", str(templates_path("sshd"))]


def measured(command: list[str]) -> tuple[float, int]:
    """The processor time of *command* in seconds, and its most memory in KiB."""
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def rows_in(path: Path) -> int:
    """How many records or rows there are."""
    if path.suffix == ".parquet":
        from arro3.io import read_parquet

        return sum(batch.num_rows for batch in read_parquet(path))
    if path.suffix == ".arrow":
        from arro3.io import read_ipc

        return sum(batch.num_rows for batch in read_ipc(path))
    with path.open("rb") as file:
        return sum(1 for _ in file) - (path.suffix != ".jsonl")


def main() -> int:
    rounds = int(sys.argv[1])
    with tempfile.TemporaryDirectory(dir=".") as directory:
        if len(sys.argv) > 2:
            log, options = Path(sys.argv[2]), sys.argv[3:]
        else:
            log = Path(directory) / "app.log"
            options = sample(log)
        outputs = {name: Path(directory) / f"records.{name}" for name in FORMATS}
        best: dict[str, tuple[float, int]] = {}
        for _ in range(rounds):
            for name, output in outputs.items():
                command = [sys.executable, "-m", "logmatch", "parse", str(log), *options, "-o", str(output)]
                seconds, memory = measured([*command, "--workers", "1", "--no-summary"])
                least, most = best.get(name, (seconds, memory))
                best[name] = (min(least, seconds), max(most, memory))
        print(f"{log.stat().st_size / 1e6:.0f} MB of lines, {rounds} rounds, one worker")
        for name, (seconds, memory) in best.items():
            size = outputs[name].stat().st_size / 1e6
            ratio = seconds / best["jsonl"][0]
            print(f"{name:8} {seconds:6.2f} s {ratio:6.2f} x jsonl {memory / 1024:6.0f} MiB {size:8.1f} MB")
        counts = {name: rows_in(output) for name, output in outputs.items()}
        print(f"{counts['jsonl']:,} records")
        return int(len(set(counts.values())) > 1)


if __name__ == "__main__":
    sys.exit(main())
