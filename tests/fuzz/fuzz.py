#!/usr/bin/env python3
"""
Compares the native engine, built with AddressSanitizer and UndefinedBehaviorSanitizer, with the reference.

usage: fuzz.py [--minutes N] [--seed N]      compare on random cases for N minutes (default 30)
       fuzz.py --replay FILE                 compare on the case of a file that a run has left in build/fuzz/found
       fuzz.py --replay SEED                 compare on the case of this seed
       --flavour NAME, --simd LEVEL          with one flavour of the kernel, one LOGMATCH_SIMD only

A run is a row of rounds, each a process of its own, with another flavour of the kernel and another LOGMATCH_SIMD than
the one before. On a difference, a report of a sanitizer, or memory that is not freed, it leaves a file, makes the case
smaller, and exits 1. The kernel is built in build/fuzz from the sources as they are when the run begins; Cython comes
from the package index for that, as for every other build. Linux and gcc only.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import generator
from generator import Case

from logmatch.templates.pattern import parse_pattern
from logmatch.templates.template import Template

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("LOGMATCH_FUZZ_BUILD", ROOT / "build" / "fuzz"))
FOUND = BUILD / "found"

FLAVOURS = {
    "default": (),
    # Dead positions are recorded at once, and there is room for the numbers of three memos: see _simd.h.
    "small": ("-DLM_PATIENCE=1", "-DLM_PLENTY=0", "-DLM_MOST_BY_LIMIT=3500"),
    # What is compiled where there is neither SSE2 nor NEON.
    "plain": ("-DLOGMATCH_NO_SIMD", "-DLM_PATIENCE=0", "-DLM_PLENTY=0"),
}
"""How the kernel is built."""

FLAGS = (
    *("-shared", "-fPIC", "-O1", "-g", "-fno-omit-frame-pointer", "-Wno-unreachable-code"),
    *("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
)

ROUNDS = (
    *(("default", ""), ("small", ""), ("plain", "scalar"), ("default", "baseline"), ("small", "baseline")),
    *(("default", ""), ("small", ""), ("default", "scalar"), ("small", "scalar")),
)
"""Flavour and LOGMATCH_SIMD of each round, in turn; "": the best that the processor has."""

ROUND_SECONDS = 40
CASES_A_ROUND = 1_000_000
SHRINK_SECONDS = 30

DIFFERENT = 10
"""The status of a process that has found a difference; others that are not 0 are a sanitizer's, or a crash."""

LEAK_BYTES = 4096
"""How many bytes more may be in use after the same cases were compared again."""


# The process that compares.


def say(text: str) -> None:
    """Write *text* as a line of its own."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def compare_for(seconds: float, seed: int, current: Path) -> int:
    """Compare cases from *seed* on; the seed of the case at hand stands in *current*."""
    from comparison import Difference, compare

    cases = templates = lines = matched = size = 0
    deadline = time.monotonic() + seconds
    with current.open("w+b", buffering=0) as file:
        while time.monotonic() < deadline:
            file.seek(0)
            file.write(b"%20d" % seed)
            case = generator.draw(seed)
            try:
                counts = compare(case)
            except Difference as difference:
                save(case, str(difference))
                say(f"the case of seed {seed} makes a difference: {difference}"[:4000])
                return DIFFERENT
            cases, templates = cases + 1, templates + len(case.templates)
            lines, matched, size = lines + counts.lines, matched + counts.matched, size + counts.size
            seed += 1
    leaked = leaked_bytes(range(seed, seed + 3))
    if leaked > LEAK_BYTES:
        say(f"{leaked} bytes more are in use each time the cases of seeds {seed} to {seed + 2} are compared")
        return DIFFERENT
    say(json.dumps({"cases": cases, "templates": templates, "lines": lines, "matched": matched, "bytes": size}))
    return 0


def leaked_bytes(seeds: range) -> int:
    """How many bytes more are in use after the cases of *seeds* were compared once more; the least of some times."""
    from comparison import compare

    in_use = ctypes.CDLL(None).__sanitizer_get_current_allocated_bytes
    in_use.restype = ctypes.c_size_t
    cases = [generator.draw(seed) for seed in seeds]
    least = sys.maxsize
    before = 0
    for turn in range(7):
        for case in cases:
            compare(case)
        gc.collect()
        now = in_use()
        if turn >= 2:  # before that, Python and the engines' modules fill caches of their own
            least = min(least, now - before)
        before = now
    return least


def compare_file(path: Path, *, smaller: bool) -> int:
    """Compare on the case in *path*; if *smaller*, write the smallest one there that still makes a difference."""
    from comparison import Difference, compare, shrink

    case = load(path)

    def fails(candidate: Case) -> bool:
        try:
            compare(candidate)
        except Difference:
            return True
        return False

    try:
        compare(case)
    except Difference as difference:
        say(str(difference))
        if smaller:
            case = shrink(case, fails, SHRINK_SECONDS)
            try:
                compare(case)
            except Difference as last:
                save(case, str(last), path)
        return DIFFERENT
    return 0


# Files.


def save(case: Case, what: str, path: Path | None = None) -> Path:
    """Write *case* to a file that `--replay` takes, and *what* is wrong."""
    if path is None:
        FOUND.mkdir(parents=True, exist_ok=True)
        path = FOUND / f"{case.seed}.json"
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    templates = [
        {
            "id": template.id,
            "pattern": str(template.pattern),
            "header": None if template.header is None else str(template.header),
            "priority": template.priority,
        }
        for template in case.templates
    ]
    chunks = [chunk.decode("latin-1") for chunk in case.chunks]
    run = {"flavour": os.environ.get("LOGMATCH_FUZZ_FLAVOUR"), "simd": os.environ.get("LOGMATCH_SIMD", "")}
    found = {"seed": case.seed, **run, "templates": templates, "chunks": chunks, "what": what}
    path.write_text(json.dumps({**found, **{key: known[key] for key in run if key in known}}, indent=1), "utf-8")
    return path


def load(path: Path) -> Case:
    """The case in *path*."""
    found = json.loads(path.read_text("utf-8"))
    templates = []
    for row in found["templates"]:
        header = None if row["header"] is None else parse_pattern(row["header"])
        templates.append(Template(row["id"], parse_pattern(row["pattern"]), header, row["priority"]))
    return Case(found["seed"], tuple(templates), tuple(chunk.encode("latin-1") for chunk in found["chunks"]))


# The run.


def build(package: Path, flavours: Sequence[str]) -> None:
    """Build the kernel of *package*, a directory that holds logmatch, in *flavours*."""
    shutil.rmtree(BUILD / "flavours", ignore_errors=True)
    for flavour in flavours:
        build_flavour(package, BUILD / "flavours" / flavour, (*FLAGS, *FLAVOURS[flavour]))


MODULES = ("engine/native/_kernel", "output/_jsonl", "output/_columns", "_linescan")


def build_flavour(package: Path, where: Path, flags: Sequence[str], modules: Sequence[str] = MODULES) -> None:
    """Build the kernel of *package* with *flags* in a copy of it, *where*."""
    shutil.rmtree(where, ignore_errors=True)
    cython = BUILD / "cython"
    if not cython.exists():
        requirements = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
        needed = [requirement for requirement in requirements if requirement.startswith("Cython")]
        command = [sys.executable, "-m", "pip", "install", "-qq", "--no-deps", "--target", str(cython), *needed]
        subprocess.run(command, check=True)
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    include = sysconfig.get_paths()["include"]
    target = where / "logmatch"
    shutil.copytree(package / "logmatch", target, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.c"))
    for module in modules:
        # In its package, so that Cython finds the files that it includes.
        environment = {**os.environ, "PYTHONPATH": str(cython)}
        command = [sys.executable, "-P", "-m", "cython", "-3", f"logmatch/{module}.pyx"]
        subprocess.run(command, check=True, cwd=where, env=environment)
        output = target / f"{module}{suffix}"
        every = [*flags, f"-I{include}", f"-I{target / 'engine/native'}"]
        subprocess.run(["gcc", *every, str(target / f"{module}.c"), "-o", str(output)], check=True)


def environment_of(flavour: str, simd: str) -> dict[str, str]:
    """The variables of a process that compares."""
    command = ["gcc", "-print-file-name=libasan.so"]
    libasan = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    # malloc: in an arena of Python's own allocator, what is read beyond an object would not be seen. CPython does not
    # free all that it has at its end, so leaks are looked for in `leaked_bytes`.
    sanitizers = "detect_leaks=0:quarantine_size_mb=64:detect_stack_use_after_return=1"
    return {
        **{name: value for name, value in os.environ.items() if name != "LOGMATCH_SIMD"},
        "LD_PRELOAD": libasan,
        "ASAN_OPTIONS": sanitizers,
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "PYTHONMALLOC": "malloc",
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": str(BUILD / "flavours" / flavour),
        "LOGMATCH_FUZZ_FLAVOUR": flavour,
        **({"LOGMATCH_SIMD": simd} if simd else {}),
    }


def child(flavour: str, simd: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run this script in a process that compares."""
    command = [sys.executable, __file__, *arguments]
    return subprocess.run(command, env=environment_of(flavour, simd), capture_output=True, text=True, errors="replace")


def run(minutes: float, first_seed: int, rounds: Sequence[tuple[str, str]]) -> int:
    """Compare for *minutes*."""
    current = BUILD / "current"
    begun = time.monotonic()
    sums = {"cases": 0, "templates": 0, "lines": 0, "matched": 0, "bytes": 0}
    number = 0
    while (left := begun + 60 * minutes - time.monotonic()) > 1:
        flavour, simd = rounds[number % len(rounds)]
        seed = (first_seed + number) * CASES_A_ROUND
        process = child(
            flavour, simd, "--for", str(min(ROUND_SECONDS, left)), "--seed", str(seed), "--current", str(current)
        )
        if process.returncode:
            say(process.stdout + process.stderr)
            say(f"failed: flavour {flavour}, LOGMATCH_SIMD={simd}, seed {current.read_text().strip()}")
            _reduce(int(current.read_text()), flavour, simd, process)
            return 1
        for name, value in json.loads(process.stdout).items():
            sums[name] += value
        number += 1
        elapsed = time.monotonic() - begun
        say(f"{elapsed:5.0f} s  {_shown(sums, number)}  ({flavour}, {simd or 'best'}, seed {seed})")
    say(f"no difference and no report in {minutes:g} minutes, seed {first_seed}: {_shown(sums, number)}")
    return 0


def _shown(sums: dict[str, int], rounds: int) -> str:
    share = 100 * sums["matched"] / max(sums["lines"], 1)
    return (
        f"{rounds} rounds, {sums['cases']:,} programs of {sums['templates'] / max(sums['cases'], 1):.0f} templates, "
        f"{sums['lines']:,} lines, {share:.1f} % matched, {sums['bytes']:,} bytes"
    )


def _reduce(seed: int, flavour: str, simd: str, process: subprocess.CompletedProcess[str]) -> None:
    """Leave a file for the case of *seed*, and make it smaller."""
    from comparison import shrink

    path = FOUND / f"{seed}.json"
    if process.returncode == DIFFERENT:
        if path.exists():
            child(flavour, simd, "--shrink", str(path))
            say(f"a smaller case is in {path}: {json.loads(path.read_text('utf-8'))['what'][:1000]}")
        return
    os.environ["LOGMATCH_FUZZ_FLAVOUR"], os.environ["LOGMATCH_SIMD"] = flavour, simd
    case = generator.draw(seed)
    save(case, process.stderr[-4000:])
    trial = BUILD / "trial.json"

    def fails(candidate: Case) -> bool:
        save(candidate, "", trial)
        return child(flavour, simd, "--file", str(trial)).returncode not in (0, DIFFERENT)

    case = shrink(case, fails, SHRINK_SECONDS)
    save(replace(case, seed=seed), process.stderr[-4000:], path)
    say(f"a smaller case is in {path}")


def replay(what: str, flavour: str | None, simd: str | None) -> int:
    """Compare on one case, by its file or its seed, and show what comes of it."""
    path = Path(what)
    if path.exists():
        found = json.loads(path.read_text("utf-8"))
        flavour, simd = flavour or found["flavour"], simd if simd is not None else found["simd"]
    else:
        path = save(generator.draw(int(what)), "")
    statuses = []
    for each in [flavour] if flavour else list(FLAVOURS):
        for level in [simd] if simd is not None else ["", "baseline", "scalar"]:
            process = child(each, level, "--file", str(path))
            statuses.append(process.returncode)
            say(process.stdout + process.stderr + f"flavour {each}, LOGMATCH_SIMD={level}: status {process.returncode}")
    return int(any(statuses))


def main() -> int:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--replay", metavar="FILE|SEED")
    parser.add_argument("--flavour", choices=FLAVOURS)
    parser.add_argument("--simd", choices=["", "baseline", "scalar"])
    parser.add_argument(
        "--package", type=Path, default=ROOT, help="a directory that holds another logmatch to be built"
    )
    parser.add_argument("--for", dest="seconds", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--current", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--shrink", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.seconds is not None:
        return compare_for(options.seconds, options.seed, options.current)
    if options.file or options.shrink:
        return compare_file(options.file or options.shrink, smaller=options.shrink is not None)
    BUILD.mkdir(parents=True, exist_ok=True)
    rounds = [
        (flavour, simd)
        for flavour, simd in ROUNDS
        if options.flavour in (None, flavour) and options.simd in (None, simd)
    ]
    build(options.package, [options.flavour] if options.flavour else list(FLAVOURS))
    if options.replay is not None:
        return replay(options.replay, options.flavour, options.simd)
    return run(options.minutes, options.seed, rounds)


if __name__ == "__main__":
    sys.exit(main())
