#!/usr/bin/env python3
"""
What `--input` and `--multiline` cost: processor time for a byte of the input, as a share of that for plain lines.

usage: envelopes.py [LOG TEMPLATES] [--lines N] [--rounds N]    (default: the built-in sshd sample)

The lines of LOG are wrapped as each kind of envelope has them. All kinds are parsed in turn, round after round, by one
worker to a file, with the other keys of the envelope and without; the best round of each counts. Every run must match
as many lines as the one on plain lines, else the exit status is 1.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path

from logmatch.samples import labelled_lines, templates_path

HEADS = {
    "cri": ["--input", "cri"],
    "docker": ["--input", "docker"],
    "json": ["--input", "json:message"],
    "journald": ["--input", "journald"],
}


def wrapped(kind: str, line: bytes, number: int) -> bytes:
    """*line* in an envelope."""
    text = line.decode("utf-8", "replace")
    time = f"2024-05-31T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}.{number * 7919 % 10**9:09}Z"
    if kind == "cri":
        return f"{time} stdout F {text}\n".encode()
    if kind == "docker":
        whole = {"log": text + "\n", "stream": "stdout", "time": time}
    elif kind == "json":
        whole = {"@timestamp": time, "message": text, "kubernetes": {"pod_name": "web-5d9c", "namespace": "default"}}  # type: ignore[dict-item]
    else:
        whole = {
            **{"__CURSOR": f"s=0639b;i={number:x}", "__REALTIME_TIMESTAMP": str(1580000000000000 + number)},
            **{"_BOOT_ID": "1f0d8cf5ad8f4a7e8bbd9f2f1c6a1d00", "_TRANSPORT": "stdout", "PRIORITY": "6", "_PID": "812"},
            **{"_EXE": "/usr/sbin/sshd", "_SYSTEMD_UNIT": "ssh.service", "MESSAGE": text},
        }
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def run(path: Path, options: list[str], directory: Path) -> tuple[float, int]:
    """Processor seconds of a run, and how many lines matched."""
    summary = directory / "summary.json"
    command = [sys.executable, "-m", "logmatch", "parse", str(path), "-o", str(directory / "out"), *options]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*command, "--workers", "1", "--summary-json", str(summary)], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, json.loads(summary.read_text())["matched"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", nargs="?")
    parser.add_argument("templates", nargs="?", default=str(templates_path("sshd")))
    parser.add_argument("--lines", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        if given.log is None:
            lines = [line for _, line in labelled_lines("sshd", given.lines, odd=0)]
        else:
            with open(given.log, "rb") as file:
                lines = [line.rstrip(b"\r\n") for line in islice(file, given.lines)]
        (directory / "plain").write_bytes(b"".join(line + b"\n" for line in lines))
        runs: dict[str, tuple[Path, list[str]]] = {"plain": (directory / "plain", [])}
        runs["multiline"] = directory / "plain", ["--multiline"]
        for kind, options in HEADS.items():
            path = directory / kind
            path.write_bytes(b"".join(wrapped(kind, line, number) for number, line in enumerate(lines)))
            runs[kind] = path, options
            runs[f"{kind}, none"] = path, [*options, "--input-keys", "none"]
        best: dict[str, float] = {}
        matched: dict[str, int] = {}
        for _ in range(given.rounds):
            for key, (path, options) in runs.items():
                seconds, matched[key] = run(path, ["-t", given.templates, *options], directory)
                best[key] = min(best.get(key, seconds), seconds)
        speed = {key: os.path.getsize(path) / best[key] for key, (path, _) in runs.items()}
        for key, value in speed.items():
            share = value / speed["plain"]
            sys.stdout.write(f"{key:16} {best[key]:6.2f} s  {value / 1e6:6.0f} MB/s  {share:5.2f} of plain\n")
        sys.stdout.write(f"matched: {matched['plain']:,} of {len(lines):,} lines in each\n")
        return int(len(set(matched.values())) > 1)


if __name__ == "__main__":
    sys.exit(main())
