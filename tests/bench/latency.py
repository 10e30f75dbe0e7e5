#!/usr/bin/env python3
"""
Time from a line's arrival on a live pipe to its record on stdout.

usage: latency.py LINES [OPTION]...    (options of `logmatch parse`, which reads LINES lines of the built-in sshd
sample)

Lines come one by one, 5 ms apart. Prints median, 99th percentile and maximum in milliseconds, the first line, which
waits for the start of the command, left out; exits 1 if a record does not belong to its line.
"""

import json
import statistics
import subprocess
import sys
import time

from logmatch.samples import labelled_lines, templates_path


def main(count: int, options: list[str]) -> int:
    command = [sys.executable, "-m", "logmatch", "parse", "-", "-t", str(templates_path("sshd")), *options]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert process.stdin is not None
    assert process.stdout is not None
    milliseconds = []
    wrong = 0
    for template_id, line in labelled_lines("sshd", count, odd=0):
        begun = time.perf_counter()
        process.stdin.write(line + b"\n")
        record = b""
        while not record.endswith(b"\n"):
            record += process.stdout.read(65536) or b"\n"
        milliseconds.append((time.perf_counter() - begun) * 1000)
        wrong += json.loads(record)["template_id"] != template_id
        time.sleep(0.005)
    process.stdin.close()
    process.wait()
    later = sorted(milliseconds[1:])
    print(
        f"{count} lines, {wrong} wrong: median {statistics.median(later):.2f} ms, "
        f"99 % {later[int(len(later) * 0.99)]:.2f} ms, maximum {later[-1]:.2f} ms"
    )
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
