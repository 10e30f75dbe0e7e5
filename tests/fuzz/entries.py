#!/usr/bin/env python3
"""
Compares what opens envelopes and joins lines, built with AddressSanitizer and UndefinedBehaviorSanitizer, with their
definitions in Python.

usage: entries.py [--minutes N] [--seed N]      (default: 1 minute, seed 0)

Rounds with the vectors of the processor and without them follow each other, each a process of its own. Exits 1 on a
difference or a report of a sanitizer, and says which seed. Linux and gcc only.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import fuzz

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

MODULES = ("entries/_unwrap", "entries/_joining", "_linescan")
CASES = 2_000


def compare(first_seed: int) -> int:
    """Compare on some cases; the status of the process that does."""
    from support_entries import difference, difference_of_joining

    from logmatch.entries import joining, unwrap

    joining.MOST_GAP_LINES, joining.MOST_GAP_BYTES = 4, 40
    for seed in range(first_seed, first_seed + CASES):
        random = Random(seed)
        unwrap.MOST_HELD = random.choice([100, 300, 1 << 22])
        found = difference(random) or difference_of_joining(random)
        if found is not None:
            fuzz.say(f"a difference with seed {seed}: {found}")
            return fuzz.DIFFERENT
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--compare", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.compare is not None:
        return compare(given.compare)
    flavours = {"entries": (), "entries-plain": fuzz.FLAVOURS["plain"]}
    for flavour, flags in flavours.items():
        fuzz.build_flavour(fuzz.ROOT, fuzz.BUILD / "flavours" / flavour, (*fuzz.FLAGS, *flags), MODULES)
    begun = time.monotonic()
    rounds = 0
    while time.monotonic() < begun + 60 * given.minutes:
        flavour = list(flavours)[rounds % len(flavours)]
        seed = given.seed * 1_000_000 + rounds * CASES
        command = [sys.executable, __file__, "--compare", str(seed)]
        status = subprocess.run(command, env=fuzz.environment_of(flavour, ""), check=False).returncode
        if status:
            fuzz.say(f"failed: {flavour}, seeds from {seed} on")
            return 1
        rounds += 1
    fuzz.say(f"no difference and no report in {rounds} rounds of {CASES} cases, seed {given.seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
