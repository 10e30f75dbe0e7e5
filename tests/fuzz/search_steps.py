#!/usr/bin/env python3
"""
Searches for templates and lines for which the time of an engine grows faster than the length of the line.

usage: search_steps.py [--sets N] [--seed N] [--engine native|reference|portable] [--processes N]

Each set of templates is random (`generator`), and each line repeats a few pieces of the set's own literals and samples
of its types, in three lengths: n, 4n, 16n. The native engine is built so that it counts its steps (LM_COUNT_STEPS);
calls are counted in the reference; the portable engine is measured by its time, with a wide margin. What grows is
written down with the seed, and the status is 1.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

import generator

from logmatch.engine import Engine, make_engine
from logmatch.program import Program, compile_program
from logmatch.templates.model import Field, Literal

LENGTH = 400
"""Bytes of the shortest line; the others are 4 and 16 times as long."""

MOST_GROWTH = 6.0
"""How many times more steps a line of four times the length may take; 16 is the square."""

FEW_STEPS = 20.0
"""Steps a byte that are no matter."""

LINES_A_SET = 4


def pieces_of(program: Program, random: Random) -> list[bytes]:
    """Of what lines are made: literals of the set and parts of them, samples of its types and their beginnings."""
    found: list[bytes] = [b" ", b"a", b"1"]
    for variant in program.variants[:6]:
        for item in variant.items:
            if isinstance(item, Literal):
                text = item.text[:40]
                found += [text, text[:1], text[:-1], text[-1:]]
            elif isinstance(item, Field):
                samples = item.type.facts.samples
                if samples:
                    text = random.choice(samples)
                    found += [text, text[: random.randint(1, max(len(text), 1))], text[:1] * 3]
    return [text for text in found if text and b"\n" not in text]


def makers_of(program: Program, random: Random) -> Iterator[Callable[[int], bytes]]:
    """For each of some lines, what makes one of about so many bytes."""
    found = pieces_of(program, random)
    for _ in range(LINES_A_SET):
        unit = b"".join(random.choice(found) for _ in range(random.choice((1, 1, 1, 2, 2, 3, 5))))
        other = random.choice(found)
        begin = b"".join(random.choice(found) for _ in range(random.choice((0, 0, 1, 2, 4))))
        end = b"".join(random.choice(found) for _ in range(random.choice((0, 0, 1, 2))))
        halves = random.random() < 0.25

        def make(size: int, unit: bytes = unit, other: bytes = other, begin: bytes = begin, end: bytes = end) -> bytes:
            return begin + unit * (size // len(unit) + 1) + end

        def make_halves(
            size: int, unit: bytes = unit, other: bytes = other, begin: bytes = begin, end: bytes = end
        ) -> bytes:
            half = size // 2
            return begin + unit * (half // len(unit) + 1) + other * (half // len(other) + 1) + end

        yield make_halves if halves else make


def native_steps(engine: Engine, line: bytes) -> float:
    """How many steps the kernel takes for *line*."""
    from logmatch.engine.native import _kernel

    before = _kernel.steps()
    engine.locate(line)
    return float(_kernel.steps() - before)


def calls(engine: Engine, line: bytes) -> float:
    """How many calls, of Python and of C, the reference makes for *line*."""
    count = 0

    def add(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(add)
    try:
        engine.locate(line)
    finally:
        sys.setprofile(None)
    return float(count)


def microseconds(engine: Engine, line: bytes) -> float:
    """The time that *line* takes, of the processor; the least of some."""
    least = 1e18
    for _ in range(3):
        begun = time.process_time_ns()
        engine.locate(line)
        least = min(least, (time.process_time_ns() - begun) / 1e3)
    return least


COSTS: dict[str, Callable[[Engine, bytes], float]] = {
    "native": native_steps,
    "reference": calls,
    "portable": microseconds,
}


def growing(engine_name: str, seed: int) -> dict[str, object] | None:
    """What of the set of *seed* grows too fast, or None."""
    random = Random(seed)
    templates = generator.draw(seed).templates[:12]
    program = compile_program(templates)
    engine = make_engine(program, engine_name)
    cost = COSTS[engine_name]
    margin = 1.0 if engine_name != "portable" else 1.6
    for make in makers_of(program, random):
        lines = [make(LENGTH), make(4 * LENGTH), make(16 * LENGTH)]
        costs = [cost(engine, line) for line in lines]
        if costs[2] < FEW_STEPS * len(lines[2]) * (0.05 if engine_name == "portable" else 1):
            continue
        if all(more > MOST_GROWTH * margin * max(less, 1) for less, more in itertools.pairwise(costs)):
            line = lines[0]
            patterns = [f"{template.header or ''}{template.pattern}" for template in templates]
            return {"seed": seed, "patterns": patterns, "line": repr(line[:120]), "costs": costs}
    return None


def search(engine_name: str, first: int, count: int) -> int:
    """Search the sets of *count* seeds; write what was found as JSON Lines."""
    found = 0
    for seed in range(first, first + count):
        case = growing(engine_name, seed)
        if case is not None:
            found += 1
            sys.stdout.write(json.dumps(case) + "\n")
            sys.stdout.flush()
    return found


def main() -> int:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", choices=COSTS, default="native")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return int(search(options.engine, options.seed, options.sets) > 0)
    environment = dict(os.environ)
    if options.engine == "native":
        import fuzz

        target = fuzz.BUILD / "steps"
        fuzz.build_flavour(fuzz.ROOT, target, ("-O2", "-shared", "-fPIC", "-DLM_COUNT_STEPS"))
        environment["PYTHONPATH"] = str(target)
    share = -(-options.sets // options.processes)
    command = [sys.executable, str(Path(__file__).resolve()), "--child", "--engine", options.engine]
    running = [
        subprocess.Popen(
            [*command, "--sets", str(share), "--seed", str(options.seed + number * share)], env=environment
        )
        for number in range(options.processes)
    ]
    status = max(process.wait() for process in running)
    sys.stdout.write(
        f"{share * options.processes:,} sets, engine {options.engine}: {'see above' if status else 'nothing grows'}\n"
    )
    return int(status != 0)


if __name__ == "__main__":
    sys.exit(main())
