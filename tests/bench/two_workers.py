#!/usr/bin/env python3
"""
Two workers against one, and what two cores of this machine can give at all.

usage: two_workers.py ROUNDS [LOG OPTION...]    (options of `logmatch parse`; without LOG: lines of the sshd sample)

In each round, one after the other: a loop of Python once and twice at once; a copy of 256 MiB to a new file, two to two
files, and two to the halves of one; `logmatch parse` of one line, of the log with one worker and with two, and two of
these with one worker at once, each with a half of the log. Best times are compared, since others may use the machine:
run it as `chrt -f 10` there, if you may. Exits 1 if one and two workers do not write the same bytes.
"""

import filecmp
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

LINES = 1_500_000
BLOCK = bytes(1 << 20)
BLOCKS = 256

LOOP = "x = 0\nfor n in range(3_000_000): x += n * n & 7"

Command = list[str]


def seconds_of(commands: list[Command]) -> float:
    """Wall time until all *commands*, started at once, have ended."""
    begun = time.perf_counter()
    processes = [subprocess.Popen(command) for command in commands]
    assert [0] * len(commands) == [process.wait() for process in processes]
    return time.perf_counter() - begun


def copy(path: Path, offset: int) -> Command:
    program = (
        "import os, sys\n"
        f"file, block = os.open({str(path)!r}, os.O_CREAT | os.O_WRONLY), bytes({len(BLOCK)})\n"
        f"for n in range({BLOCKS}): os.pwrite(file, block, {offset} + n * {len(BLOCK)})"
    )
    return [sys.executable, "-I", "-S", "-c", program]


def sample(path: Path) -> list[str]:
    """Write a log of the sshd sample; return the options that name its templates."""
    from logmatch.samples import labelled_lines, templates_path

    lines = b"".join(line + b"\n" for _, line in labelled_lines("sshd", LINES // 30))
    with path.open("wb") as file:
        for _ in range(30):
            file.write(lines)
    return ["-t", str(templates_path("sshd"))]


def split(log: Path, first: Path, second: Path) -> None:
    """Write the lines of *log* to two files, about half to each."""
    data = log.read_bytes()
    middle = data.index(b"\n", len(data) // 2) + 1
    first.write_bytes(data[:middle])
    second.write_bytes(data[middle:])


def main(rounds: int, log: Path | None, options: list[str]) -> int:
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", ".")) as name:
        directory = Path(name)
        if log is None:
            log = directory / "log"
            options = sample(log)
        halves = directory / "half-1", directory / "half-2"
        split(log, *halves)
        line = directory / "line"
        with log.open("rb") as file:
            line.write_bytes(file.readline())
        out = [directory / f"out-{number}" for number in range(6)]

        def parse(source: Path, workers: int, output: Path) -> Command:
            command = [
                sys.executable,
                "-m",
                "logmatch",
                "parse",
                str(source),
                *options,
                "--no-summary",
                "--no-progress",
            ]
            return [*command, "--workers", str(workers), "-o", str(output)]

        size = len(BLOCK) * BLOCKS
        cases: dict[str, Callable[[], list[Command]]] = {
            "a loop": lambda: [[sys.executable, "-I", "-S", "-c", LOOP]],
            "two loops": lambda: [[sys.executable, "-I", "-S", "-c", LOOP]] * 2,
            "a copy": lambda: [copy(out[0], 0)],
            "two copies": lambda: [copy(out[0], 0), copy(out[1], 0)],
            "two to a file": lambda: [copy(out[0], 0), copy(out[0], size)],
            "start": lambda: [parse(line, 1, out[0])],
            "one": lambda: [parse(log, 1, out[2])],
            "two": lambda: [parse(log, 2, out[3])],
            "halves": lambda: [parse(halves[0], 1, out[4]), parse(halves[1], 1, out[5])],
        }
        best = dict.fromkeys(cases, float("inf"))
        for _ in range(rounds):
            for case, commands in cases.items():
                for path in out[:2] + ([out[2]] if case == "one" else [out[3]] if case == "two" else out[4:]):
                    path.unlink(missing_ok=True)
                best[case] = min(best[case], seconds_of(commands()))
        same = filecmp.cmp(out[2], out[3], shallow=False)
        log_size = log.stat().st_size
    start = best["start"]
    print(f"cores: two loops at once do {2 * best['a loop'] / best['two loops']:.2f} times what one does")
    print(f"writing: to two files {2 * best['a copy'] / best['two copies']:.2f}, "
          f"to one file {2 * best['a copy'] / best['two to a file']:.2f}")  # fmt: skip
    megabytes = log_size / 1e6
    print(f"start: {start:.3f} s; {megabytes:.0f} MB with one worker: {best['one']:.3f} s, two: {best['two']:.3f} s, "
          f"two commands at once: {best['halves']:.3f} s")  # fmt: skip
    print(
        f"two commands against one worker, without their start: {(best['one'] - start) / (best['halves'] - start):.2f}"
    )
    print(f"two workers against one: {(best['one'] - start) / (best['two'] - start):.2f} without the start, "
          f"{best['one'] / best['two']:.2f} with it")  # fmt: skip
    if not same:
        print("one and two workers wrote different bytes")
    return int(not same)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None, sys.argv[3:]))
