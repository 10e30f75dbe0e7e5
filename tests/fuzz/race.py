#!/usr/bin/env python3
"""
Runs a matcher that threads share on a kernel built with ThreadSanitizer.

usage: race.py [--seconds N]

Python itself is not built so; its lock is seen, as it is made of the system's, and so is every access of the kernel and
of the writer. Linux and gcc only. The status is that of the sanitizer, or 1 for a wrong answer.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time

import fuzz

from logmatch import Matcher

PATTERNS = (
    "user <u:word> from <ip:ip|host> port <n:int?>",
    "<a:any>=<b:kv> end",
    "<a:word>x<b:int>-<c:host>.<d:hex> <e>!",
    "<a> <j:json> <b:quoted>",
    "<t:timestamp> <r:rest>",
    "<x> <y:int>",
)


def stress(seconds: float) -> int:
    """Match different chunks in four threads for *seconds*; how many answers were wrong."""
    matcher = Matcher.from_patterns(PATTERNS, engine="native")
    lines = [
        *(b"user a%d from 10.0.0.%d port -", b"m=a=%d b=%d end", b"x1-x2-aa.b%d.f%d y!", b'q {"a":[%d,%d]} "x"'),
        *(b"2024-05-31 13:05:%02d something %d", b"anything %d %d"),
    ]
    chunks = [
        b"".join(lines[(k + n) % len(lines)] % ((7 * n + k) % 60, n) + b"\n" for n in range(50 + 300 * k))
        for k in range(4)
    ]
    expected = [matcher.parse_bytes(chunk) for chunk in chunks]
    wrong = 0
    deadline = time.monotonic() + seconds

    def run(number: int) -> None:
        nonlocal wrong
        turn = number
        while time.monotonic() < deadline:
            turn = (turn + 1) % len(chunks)
            wrong += matcher.parse_bytes(chunks[turn]) != expected[turn]

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def main() -> int:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return int(stress(options.seconds) > 0)
    target = fuzz.BUILD / "threads"
    fuzz.build_flavour(fuzz.ROOT, target, ("-shared", "-fPIC", "-O1", "-g", "-fsanitize=thread"))
    command = ["gcc", "-print-file-name=libtsan.so"]
    library = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    environment = {
        **os.environ,
        "LD_PRELOAD": library,
        "TSAN_OPTIONS": "halt_on_error=1",
        "PYTHONPATH": str(target),
        "PYTHONMALLOC": "malloc",
    }
    child = [sys.executable, __file__, "--child", "--seconds", str(options.seconds)]
    status = subprocess.run(child, env=environment, check=False).returncode
    fuzz.say(f"threads for {options.seconds:g} s: {'no report' if status == 0 else f'status {status}'}")
    return status


if __name__ == "__main__":
    sys.exit(main())
