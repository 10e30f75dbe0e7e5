#!/usr/bin/env python3
"""
What each field type costs: lines that differ only in the text of one field, matched and written.

    python tests/bench/field_types.py [TYPE]... [--lines N] [--rounds N] [--markdown]

Each type has lines `worker[4211]: took TEXT`, and the pattern `worker[<pid:int>]: took <x:TYPE>`. Reported are the
bytes of a line, nanoseconds of processor time for a line, megabytes of text (of the field alone) a second, and the time
as a ratio to that of `iso8601`. All types take their turn in each round, and the least of the rounds counts, so that
ratios hold on a busy machine too. The records of every type are compared with what `Facts.value_json` makes of the
texts: a figure of wrong records is none.
"""

from __future__ import annotations

import argparse
import json
import random
import string
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from logmatch import Matcher
from logmatch.templates.field_type import FieldType
from logmatch.templates.model import Field
from logmatch.templates.pattern import parse_pattern

BASELINE = "iso8601"

Texts = Callable[[random.Random], str]


def moment(format: str) -> Texts:
    """Texts of random times of forty years."""
    return lambda chance: datetime.fromtimestamp(chance.randrange(10**9, 2 * 10**9), UTC).strftime(format)


def words(chance: random.Random, count: int) -> list[str]:
    return ["".join(chance.choices(string.ascii_lowercase, k=chance.randrange(3, 9))) for _ in range(count)]


def addresses(chance: random.Random) -> str:
    return ".".join(str(chance.randrange(256)) for _ in range(4))


def pairs(chance: random.Random, separator: str = " ", assign: str = "=") -> str:
    """Twelve pairs, of which two have a value in quotes."""
    values = (
        [str(chance.randrange(10**6)) for _ in range(6)] + words(chance, 4) + [f'"{" ".join(words(chance, 3))}"'] * 2
    )
    return separator.join(f"{key}{assign}{value}" for key, value in zip(words(chance, 12), values, strict=True))


def cef(chance: random.Random) -> str:
    values = [str(chance.randrange(10**6)) for _ in range(6)] + [" ".join(words(chance, 3)) for _ in range(6)]
    return " ".join(f"{key}={value}" for key, value in zip(words(chance, 12), values, strict=True))


def document(chance: random.Random) -> str:
    inner = {key: chance.randrange(10**6) for key in words(chance, 4)}
    flat = dict(zip(words(chance, 6), words(chance, 6), strict=True))
    return json.dumps(flat | {"inner": inner, "list": [1.5, None, True, "a b"]})


def hexadecimal(count: int) -> Texts:
    return lambda chance: f"{chance.getrandbits(4 * count):0{count}x}"


def number(format: str) -> Texts:
    return lambda chance: format.format(chance.randrange(10, 10**6), chance.randrange(10, 60), chance.randrange(1000))


_TEXTS: dict[str, tuple[str, Texts]] = {
    # What is measured -> the type, and its texts. A name with a remark measures a type with texts of another form.
    "iso8601": ("iso8601", moment("%Y-%m-%d %H:%M:%S.123")),
    "iso8601 Z": ("iso8601", moment("%Y-%m-%dT%H:%M:%SZ")),
    "date": ("date", moment("%Y-%m-%d")),
    "time": ("time", moment("%H:%M:%S.123")),
    "syslogtime": ("syslogtime", moment("%b %d %H:%M:%S")),
    "clftime": ("clftime", moment("%d/%b/%Y:%H:%M:%S +0200")),
    "epoch": ("epoch", lambda chance: str(chance.randrange(10**9, 2 * 10**9))),
    "epoch ms": ("epoch", lambda chance: str(chance.randrange(10**12, 2 * 10**12))),
    "slashtime": ("slashtime", moment("%Y/%m/%d %H:%M:%S.123")),
    "ctime": ("ctime", moment("%a %b %d %H:%M:%S %Y")),
    "rfc2822": ("rfc2822", moment("%a, %d %b %Y %H:%M:%S +0200")),
    "klogtime": ("klogtime", moment("%m%d %H:%M:%S.123456")),
    "timestamp, iso8601": ("timestamp", moment("%Y-%m-%d %H:%M:%S.123")),
    "timestamp, slashtime": ("timestamp", moment("%Y/%m/%d %H:%M:%S.123")),
    "timestamp, clftime": ("timestamp", moment("%d/%b/%Y:%H:%M:%S +0200")),
    "timestamp, rfc2822": ("timestamp", moment("%a, %d %b %Y %H:%M:%S +0200")),
    "timestamp, klogtime": ("timestamp", moment("%m%d %H:%M:%S.123456")),
    "timestamp, ctime": ("timestamp", moment("%a %b %d %H:%M:%S %Y")),
    "timestamp, syslogtime": ("timestamp", moment("%b %d %H:%M:%S")),
    "time(%H:%M:%S)": ("time(%H:%M:%S)", moment("%H:%M:%S")),
    "time(%d.%m.%Y %H:%M:%S,%L)": ("time(%d.%m.%Y %H:%M:%S,%L)", moment("%d.%m.%Y %H:%M:%S,123")),
    "word": ("word", lambda chance: words(chance, 1)[0]),
    "any": ("any", lambda chance: " ".join(words(chance, 3))),
    "rest": ("rest", lambda chance: " ".join(words(chance, 3))),
    "path": ("path", lambda chance: "/" + "/".join(words(chance, 4))),
    "url": ("url", lambda chance: "https://" + "/".join(words(chance, 4))),
    "int": ("int", number("{0}")),
    "float": ("float", number("{0}.{2}")),
    "percent": ("percent", number("{1}.{2}%")),
    "hex": ("hex", hexadecimal(16)),
    "ipv4": ("ipv4", addresses),
    "ip": ("ip", addresses),
    "host": ("host", lambda chance: ".".join(words(chance, 3))),
    "peer": ("peer", addresses),
    "mac": ("mac", lambda chance: ":".join(f"{chance.randrange(256):02x}" for _ in range(6))),
    "uuid": ("uuid", lambda chance: "-".join(hexadecimal(count)(chance) for count in (8, 4, 4, 4, 12))),
    "quoted": ("quoted", lambda chance: f'"{" ".join(words(chance, 3))}"'),
    "quoted(')": ("quoted(')", lambda chance: f"'{' '.join(words(chance, 3))}'"),
    "escaped(|)": ("escaped(|)", lambda chance: " ".join(words(chance, 3))),
    "csv": ("csv", lambda chance: " ".join(words(chance, 3))),
    "csv, quoted": ("csv", lambda chance: f'"{", ".join(words(chance, 3))}"'),
    "number": ("number", number("{0:,}.{2}")),
    "duration": ("duration", number("{1}m{1}.{2:03}s")),
    "duration, clock": ("duration", number("{1}:{1}:{1}.{2:03}")),
    "size": ("size", number("{1}.{2}KiB")),
    "int?": ("int?", number("{0}")),
    "duration?": ("duration?", number("{0}ms")),
    'int|"N/A"': ('int|"N/A"', number("{0}")),
    "ip|host": ("ip|host", addresses),
    "[a-z ]+": ("[a-z ]+", lambda chance: " ".join(words(chance, 3))),
    "GET|POST|PUT": ("GET|POST|PUT", lambda chance: chance.choice(["GET", "POST", "PUT"])),
    "kv": ("kv", pairs),
    "kv(; :)": ("kv(; :)", lambda chance: pairs(chance, "; ", ":")),
    "kv(cef)": ("kv(cef)", cef),
    "json": ("json", document),
}


@dataclass
class Case:
    """A type with its lines; `least` is the least processor time of a round, in nanoseconds a line."""

    name: str
    matcher: Matcher
    lines: bytes
    count: int
    text_size: float
    least: float = field(default=float("inf"))

    def measure(self) -> None:
        begin = time.process_time_ns()
        self.matcher.parse_bytes(self.lines)
        self.least = min(self.least, (time.process_time_ns() - begin) / self.count)


def case(name: str, count: int) -> Case:
    """
    The case called *name*, whose records are right.

    Raises:
        SystemExit: they are not.
    """
    type_, texts = _TEXTS[name]
    pattern = f"worker[<pid:int>]: took <x:{type_}>"
    chance = random.Random(name)
    all_texts = [texts(chance) for _ in range(count)]
    lines = "".join(f"worker[4211]: took {text}\n" for text in all_texts).encode()
    matcher = Matcher.from_patterns([pattern])
    expected = [value(field_type(pattern), text) for text in all_texts]
    got = [json.loads(record, parse_float=str, parse_int=str) for record in matcher.parse_bytes(lines).splitlines()]
    if [record.get("values") for record in got] != [{"pid": "4211", "x": each} for each in expected]:
        raise SystemExit(f"{name}: the records are wrong")
    return Case(name, matcher, lines, count, sum(map(len, all_texts)) / count)


def field_type(pattern: str) -> FieldType:
    return next(item.type for item in parse_pattern(pattern).items if isinstance(item, Field) and item.name == "x")


def value(type_: FieldType, text: str) -> object:
    """What the record says of *text*, by the functions of Python alone; numbers as they are written."""
    return json.loads(type_.facts.value_json(text.encode()), parse_float=str, parse_int=str)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("types", nargs="*", metavar="TYPE", help="what to measure, by name; default: all")
    parser.add_argument("--lines", type=int, default=4000, help="of each type")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    if unknown := set(options.types) - set(_TEXTS):
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(_TEXTS)}")
    names = dict.fromkeys([BASELINE, *(options.types or _TEXTS)])
    cases = [case(name, options.lines) for name in names]
    order = random.Random(1)
    for _ in range(options.rounds):
        for each in order.sample(cases, len(cases)):  # what one leaves in caches and on the heap is for no other alone
            each.measure()
    baseline = cases[0].least
    row = "| `{}` | {} | {} | {} | {} |" if options.markdown else "{:28} {:>10} {:>10} {:>10} {:>10}"
    print(row.format("type", "bytes/line", "ns/line", "MB/s", BASELINE + " = 1").replace("`type`", "type"))
    if options.markdown:
        print("|---|--:|--:|--:|--:|")
    for each in cases:
        size, speed = len(each.lines) / each.count, each.text_size / each.least * 1000
        name = each.name.replace("|", "\\|") if options.markdown else each.name
        print(row.format(name, f"{size:.0f}", f"{each.least:.0f}", f"{speed:.0f}", f"{each.least / baseline:.2f}"))


if __name__ == "__main__":
    main()
