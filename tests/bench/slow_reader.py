#!/usr/bin/env python3
"""
Memory after a reader that takes 1 KiB a second.

usage: slow_reader.py SECONDS LOG [OPTION]...    (options of `logmatch parse`; it reads LOG and is killed after SECONDS)

Prints the peak resident memory of the command and of its workers, the largest single process and their sum, and how
many records the reader got; exits 1 if a record is no JSON object or out of order.
"""

import json
import subprocess
import sys
import time
from pathlib import Path


def resident(pid: int) -> int:
    """Bytes of memory that process *pid* has in RAM; 0 where it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
    except OSError:
        return 0


def family(pid: int) -> list[int]:
    """The process *pid* and its children."""
    return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]


def main(seconds: float, arguments: list[str]) -> int:
    command = [sys.executable, "-m", "logmatch", "parse", *arguments, "--no-progress", "--no-summary"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0)
    assert process.stdout is not None
    got = b""
    largest = total = 0
    begun = time.monotonic()
    while time.monotonic() < begun + seconds:
        got += process.stdout.read(1024) or b""
        sizes = list(map(resident, family(process.pid)))
        largest = max(largest, *sizes)
        total = max(total, sum(sizes))
        time.sleep(1)
    process.kill()
    process.wait()
    records = [json.loads(line) for line in got.split(b"\n")[:-1]]
    print(f"largest process {largest / 2**20:.1f} MiB, all {total / 2**20:.1f} MiB, {len(records)} records read")
    return int([record["line"] for record in records] != list(range(1, len(records) + 1)) or not records)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
