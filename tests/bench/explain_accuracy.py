"""
How often `explain` names the true template and the damaged word of lines that were damaged in one place.

    python tests/bench/explain_accuracy.py DIRECTORY [SYSTEM]... [--edit change|delete|insert|swap] [--lines N]

DIRECTORY is laid out as Loghub: for each system SYSTEM/SYSTEM_2k.log_structured.csv, whose columns Content and EventId
are the lines without their headers and their true ids, and SYSTEM/SYSTEM_2k.log_templates.csv. Lines are taken at
random. In each a letter or digit of a literal word of four or more characters is changed (or left out, or put in, or
swapped with the next) so that no template matches any more. Reported is the share of lines whose true template is the
nearest, and the share whose place lies in the damaged word.
"""

from __future__ import annotations

import argparse
import csv
import random
import re
import string
import time
from pathlib import Path

from logmatch.engine import Engine, make_engine
from logmatch.explain.nearest import Neighbours
from logmatch.program import compile_program
from logmatch.templates.load import load_templates
from logmatch.templates.template import Template

WORD = re.compile(rb"[A-Za-z0-9]{4,}")
EDITS = ("change", "delete", "insert", "swap")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("systems", nargs="*")
    parser.add_argument("--edit", choices=EDITS, default="change")
    parser.add_argument("--lines", type=int, default=200, help="how many lines of each system")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true", help="show each line that is not explained right")
    options = parser.parse_args()
    if not options.directory.is_dir():
        raise SystemExit(f"{options.directory} is not there; nothing is measured")
    totals = [0, 0, 0]
    for path in sorted(options.directory.iterdir()):
        if (path / f"{path.name}_2k.log_templates.csv").is_file() and path.name in (options.systems or [path.name]):
            counts = measure(path, options.edit, options.lines, random.Random(options.seed), shows=options.show)
            totals = [total + count for total, count in zip(totals, counts, strict=True)]
    if totals[0]:
        print(
            f"{'all':14} {totals[0]:6} lines  nearest {totals[1] / totals[0]:7.2%}  place {totals[2] / totals[0]:7.2%}"
        )


def measure(path: Path, edit: str, lines: int, chance: random.Random, *, shows: bool) -> tuple[int, int, int]:
    """The number of lines, of those whose template is right, and of those whose place is right."""
    templates = load_templates([path / f"{path.name}_2k.log_templates.csv"])
    neighbours = Neighbours(templates)
    engine = make_engine(compile_program(templates))
    number_of = {template.id: number for number, template in enumerate(templates)}
    with (path / f"{path.name}_2k.log_structured.csv").open(
        encoding="utf-8", errors="surrogateescape", newline=""
    ) as file:
        rows = [(row["Content"], row["EventId"]) for row in csv.DictReader(file)]
    chance.shuffle(rows)
    count = right = placed = 0
    begin = time.process_time()
    for content, true_id in rows:
        if count == lines:
            break
        line = content.encode("utf-8", "surrogateescape").rstrip()
        damaged = damage(line, templates[number_of[true_id]], engine, edit, chance)
        if damaged is None:
            continue
        text, word = damaged
        (best, *_) = neighbours.nearest(text, 1)
        is_right = templates[best.template_number].id == true_id
        is_placed = is_right and word[0] <= best.stop.at < word[1]
        count += 1
        right += is_right
        placed += is_placed
        if shows and not is_placed:
            print(f"  {text.decode('utf-8', 'replace')}\n  {' ' * word[0]}{'~' * (word[1] - word[0])}")
            print(f"  true    {templates[number_of[true_id]].pattern}")
            print(f"  nearest {templates[best.template_number].pattern}")
            print(f"  cost {best.cost} at {best.stop.at}: {best.stop.expected!r}, {best.stop.found!r}\n")
    seconds = (time.process_time() - begin) / max(1, count)
    print(
        f"{path.name:14} {count:6} lines  nearest {right / max(1, count):7.2%}  place {placed / max(1, count):7.2%}"
        f"  {seconds * 1000:6.1f} ms a line, {len(templates)} templates"
    )
    return count, right, placed


def damage(
    line: bytes, template: Template, engine: Engine, edit: str, chance: random.Random
) -> tuple[bytes, tuple[int, int]] | None:
    """*line* with one edit in a literal word of *template*, and the span of this word; None if there is none."""
    located = engine.locate(line)
    if located is None:
        return None
    spans = located[1]
    literal = bytearray(b"\1" * len(line))
    for start, end in zip(spans[::2], spans[1::2], strict=True):
        literal[start:end] = b"\0" * (end - start)
    words = [match.span() for match in WORD.finditer(line) if all(literal[match.start() : match.end()])]
    chance.shuffle(words)
    for start, end in words:
        for _ in range(5):
            at = chance.randrange(start, end)
            new = chance.choice(string.digits if line[at : at + 1].isdigit() else string.ascii_lowercase).encode()
            text, last = {
                "change": (line[:at] + new + line[at + 1 :], end),
                "delete": (line[:at] + line[at + 1 :], end - 1),
                "insert": (line[:at] + new + line[at:], end + 1),
                "swap": (line[:at] + line[at + 1 : at + 2] + line[at : at + 1] + line[at + 2 :], end),
            }[edit]
            if text != line and engine.match(text) is None:
                return text, (start, last)
    return None


if __name__ == "__main__":
    main()
