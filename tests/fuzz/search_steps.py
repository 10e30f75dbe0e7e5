#!/usr/bin/env python3
"""
Searches for templates and lines for which the time of an engine grows faster than the length of the line.

usage: search_steps.py [--sets N] [--seed N] [--engine native|reference|portable] [--processes N]
       search_steps.py --replay SEED [--engine E]       what each line of one set costs

Each set of templates is random (`generator`), and each line repeats a few pieces of the set's own literals and samples
of its types, in lengths n, 4n, 16n, 64n, as long as what they cost grows too fast. Steps are counted in the kernel and
in the reference (`steps.py`). A regular expression cannot be counted: the portable engine is measured by its time, with
a wide margin, and without the lines that it leaves to `reference.walk`. What grows is written as JSON Lines, with the
seed of its set, and the status is 1. Another `--seed` gives other sets.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import generator
from steps import counting_engine, native_steps, reference_steps

from logmatch.engine import Engine
from logmatch.engine.portable import buckets
from logmatch.engine.portable.engine import PortableEngine
from logmatch.engine.reference import ReferenceEngine
from logmatch.program import Program, compile_program
from logmatch.templates.field_type import FieldType
from logmatch.templates.model import Field, Literal

MOST_TEMPLATES = 4
LINES_A_SET = 4
SETS_A_SEED = 1_000_000

PIECES = (b" ", b"a", b"1", b"-", b'"', b'\\"', b'"\\"', b"[", b"]", b"=", b",", b"1.", b":")
"""Of what lines are made besides what the templates of a set hold."""


def samples_of(type_: FieldType) -> tuple[bytes, ...]:
    """Texts of *type_*."""
    return type_.facts.samples


def pieces_of(program: Program, random: Random) -> list[bytes]:
    """Of what lines are made: literals of the set and parts of them, samples of its types and their beginnings."""
    found = list(random.sample(PIECES, 4))
    for variant in program.variants[:6]:
        for item in variant.items:
            if isinstance(item, Literal):
                text = item.text[:40]
                found += [text, text[:1], text[:-1], text[-1:]]
            elif isinstance(item, Field):
                samples = samples_of(item.type)
                if samples:
                    text = random.choice(samples)
                    found += [text, text[: random.randint(1, max(len(text), 1))], text[:1] * 3]
    return [text for text in found if text and b"\n" not in text]


def makers_of(program: Program, random: Random) -> Iterator[Callable[[int], bytes]]:
    """For each of some lines, what makes one of about so many bytes."""
    found = pieces_of(program, random)
    for _ in range(LINES_A_SET):
        count = random.choice((1, 1, 1, 2, 2, 3))
        units = [b"".join(random.choices(found, k=random.choice((1, 1, 1, 2, 2, 3, 5)))) for _ in range(count)]
        ends = [b"".join(random.choices(found, k=random.choice((0, 0, 1, 2, 4)))) for _ in range(count + 1)]
        nested = count > 1 and random.random() < 0.3

        def make(size: int, units: list[bytes] = units, ends: list[bytes] = ends, nested: bool = nested) -> bytes:
            share = size // len(units)
            times = [share // len(unit) + 1 for unit in units]
            if nested:  # as often as each other, as brackets that open and close
                times = [min(times)] * len(units)
            parts = (end + unit * number for end, unit, number in zip(ends, units, times, strict=False))
            return b"".join(parts) + ends[-1]

        yield make


def microseconds(engine: Engine, line: bytes) -> float:
    """The time that *line* takes, of the processor; the least of some."""
    least = 1e18
    for _ in range(3):
        begun = time.process_time_ns()
        engine.locate(line)
        least = min(least, (time.process_time_ns() - begun) / 1e3)
    return least


def microseconds_at_most(engine: Engine, line: bytes) -> float:
    """The time that *line* takes by the clock on the wall, which costs nothing to read."""
    begun = time.perf_counter()
    engine.locate(line)
    return 1e6 * (time.perf_counter() - begun)


class Target:
    """
    An engine and how it is measured.

    Args:
        make: gives it for a program.
        cost: of a line.
        length: bytes of the shortest line; the others are 4, 16 and 64 times as long.
        growth: how many times as much a line of four times the length may cost; 16 is the square.
        few: what is no matter, for a byte.
        at_most: a bound of the cost that is quicker to find.
    """

    def __init__(
        self,
        make: Callable[[Program], Engine],
        cost: Callable[[Engine, bytes], float],
        *,
        length: int,
        growth: float,
        few: float,
        at_most: Callable[[Engine, bytes], float] | None = None,
    ) -> None:
        self.make = make
        self.cost = cost
        self.length = length
        self.growth = growth
        self.few = few
        self.at_most = at_most

    def costs(self, engine: Engine, make_line: Callable[[int], bytes]) -> list[float] | None:
        """What lines of each length cost, if that grows too fast all the way."""
        if self.at_most is not None:
            line = make_line(16 * self.length)
            if self.at_most(engine, line) <= self.few * len(line):
                return None
        costs: list[float] = []
        for times in (1, 4, 16, 64):
            size = times * self.length
            costs.append(self.cost(engine, make_line(size)))
            if len(costs) > 1 and costs[-1] <= max(self.growth * costs[-2], self.few * size):
                return None
        return costs


TARGETS = {
    "native": Target(counting_engine, native_steps, length=400, growth=5.0, few=4),
    "reference": Target(ReferenceEngine, reference_steps, length=60, growth=5.5, few=4),
    "portable": Target(PortableEngine, microseconds, length=400, growth=9.0, few=0.5, at_most=microseconds_at_most),
}


def growing(target: Target, seed: int) -> dict[str, object] | None:
    """What of the set of *seed* grows too fast, or None."""
    random = Random(seed)
    templates = generator.draw_templates(seed, MOST_TEMPLATES)
    program = compile_program(templates)
    engine = target.make(program)
    for make_line in makers_of(program, random):
        costs = target.costs(engine, make_line)
        if costs is not None:
            patterns = [f"{template.header or ''}{template.pattern}" for template in templates]
            line = make_line(target.length)
            return {"seed": seed, "patterns": patterns, "line": repr(line[:120]), "costs": costs}
    return None


def search(name: str, first: int, count: int) -> int:
    """Search the sets of *count* seeds; write what was found as JSON Lines."""
    found = 0
    target = TARGETS[name]
    with mock.patch.object(buckets, "walk", return_value=None):
        for seed in range(first, first + count):
            case = growing(target, seed)
            if case is not None:
                found += 1
                sys.stdout.write(json.dumps(case) + "\n")
            if case is not None or seed % 10_000 == 0:
                sys.stdout.flush()
    return found


def replay(name: str, seed: int) -> int:
    """Show what the lines of one set cost, by the byte."""
    target = TARGETS[name]
    templates = generator.draw_templates(seed, MOST_TEMPLATES)
    program = compile_program(templates)
    for template in templates:
        sys.stdout.write(f"{template.header or ''}{template.pattern}\n")
    engine = target.make(program)
    for make_line in makers_of(program, Random(seed)):
        lines = [make_line(times * target.length) for times in (1, 4, 16, 64)]
        costs = " ".join(f"{target.cost(engine, line) / len(line):.2f}" for line in lines)
        sys.stdout.write(f"{costs}  {lines[0]!r}\n")
    return 0


def main() -> int:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", choices=TARGETS, default="native")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--replay", type=int, metavar="SEED")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.replay is not None:
        return replay(options.engine, options.replay)
    if options.child:
        return int(search(options.engine, options.seed, options.sets) > 0)
    share = -(-options.sets // options.processes)
    command = [sys.executable, str(Path(__file__).resolve()), "--child", "--engine", options.engine]
    running = [
        subprocess.Popen([*command, "--sets", str(share), "--seed", str(options.seed * SETS_A_SEED + number * share)])
        for number in range(options.processes)
    ]
    status = max(process.wait() for process in running)
    sys.stdout.write(
        f"{share * options.processes:,} sets, engine {options.engine}: {'see above' if status else 'nothing grows'}\n"
    )
    return int(status != 0)


if __name__ == "__main__":
    sys.exit(main())
