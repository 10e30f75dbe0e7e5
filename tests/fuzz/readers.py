#!/usr/bin/env python3
"""
Gives every parser and reader inputs made from good ones: each must end in time, with a value or with our error.

usage: readers.py [--minutes N] [--seed N] [--target NAME]     run for N minutes (default 1)
       readers.py --target NAME --replay FILE                  run one input

An input that raises anything but a `LogmatchError`, or takes longer than TOO_LONG, is left in build/fuzz/found and ends
the run with status 1. A case is a number: the same seed gives the same inputs.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import lzma
import os
import signal
import sys
import tempfile
import time
import tomllib
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from logmatch.commands.options import read_count, read_glob, read_percentage, read_size, read_switch
from logmatch.errors import LogmatchError
from logmatch.importers import import_templates
from logmatch.importers.source import Source
from logmatch.input.chunk import blocking, read_chunks
from logmatch.input.decode import check_encoding
from logmatch.input.resolve import resolve_inputs
from logmatch.run.job import parse_unmatched
from logmatch.samples import SYSTEMS, sample_log, templates_path
from logmatch.templates.load import load_templates, load_text
from logmatch.templates.pattern import parse_foreign_pattern, parse_pattern

ROOT = Path(__file__).resolve().parent.parent.parent
FOUND = Path(os.environ.get("LOGMATCH_FUZZ_BUILD", ROOT / "build" / "fuzz")) / "found"

TOO_LONG = 20
"""How many seconds an input may take, of some kilobytes, on a machine with other work to do."""

Read = Callable[[bytes, Path], object]
"""Reads an input; the path is of a file that it may write."""


@dataclass(frozen=True, slots=True)
class Target:
    """A parser or reader."""

    read: Read
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...]
    """What is put into inputs: the words of its language."""


# --- the targets


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _from_text(parse: Callable[[str], object]) -> Read:
    def read(data: bytes, path: Path) -> object:
        pattern = parse(_text(data))
        return str(pattern)

    return read


def _from_file(suffix: str) -> Read:
    def read(data: bytes, path: Path) -> object:
        path = path.with_suffix(suffix)
        path.write_bytes(data)
        return load_templates([path])

    return read


def _import(importer: str) -> Read:
    """What an importer makes must load, too."""

    def read(data: bytes, path: Path) -> object:
        return load_text(import_templates(importer, Source(_text(data), "x.conf" if len(data) % 2 else None)))

    return read


def _from_option(read_option: Callable[[str, str], object]) -> Read:
    def read(data: bytes, path: Path) -> object:
        return read_option(_text(data), "--option")

    return read


def _input(encoding: str) -> Read:
    def read(data: bytes, path: Path) -> object:
        path.write_bytes(data)
        (source,) = resolve_inputs([str(path)]).inputs
        lines = 0
        for chunk in blocking(read_chunks(source, chunk_size=512, max_line=300, encoding=encoding)):
            content = bytes(chunk.data)
            assert chunk.line_count == (content.count(b"\n") + (content[-1:] not in (b"", b"\n")) or 1), chunk
            assert chunk.first_line == lines + 1, chunk
            lines += chunk.line_count
        return lines

    return read


def _zstd(data: bytes) -> bytes:
    try:
        import zstandard
    except ImportError:
        return b"\x28\xb5\x2f\xfd" + data
    compressed: bytes = zstandard.compress(data)
    return compressed


PATTERNS = (
    b"user <user:word> logged in<?> from <src:ip></?>",
    b"<a:GET|POST|PUT> <path:path> <n:int> <<literal> <x:/[a-z]+(?:,[0-9]+)*/>",
    b"<time:syslogtime> <host:word> sshd[<pid:int>]: <_:ws><rest:rest>",
    b"<*><*:int><_><_:float> %",
)
PATTERN_WORDS = (
    *(b"<", b">", b"</?>", b"<?>", b"<<", b"<*>", b"<a>", b"<a:", b":int>", b"|", b"/", b"\\/", b"<_:ws>", b" ", b"\t"),
    *(
        b"<NUM>",
        b"<:IP:>",
        b"(?P<x>a)",
        b"[[",
        b"{9999999999}",
        b"\xff",
        b"\xed\xa0\x80",
        b"\x00",
        b"\n",
        b"<x:any>" * 70,
    ),
    *(b"<x:", b"[^;]*>", b"int?", b'"-"', b"<(>", b"<|>", b"</)>", b"time(%Y)", b"kv(; =)", b"csv(;)"),
)
JSON = (
    b'{"headers":{"default":"<t:time> "},"template":[{"id":"a","pattern":"x <n:int>","priority":1,'
    b'"match":[{"line":"13:05 x 1","values":{"n":1}}],"no_match":["y"],"tags":["t"],"description":"d"}]}'
)
JSON_LINES = b'{"id":"a","pattern":"x <n:int>"}\n{"id":"b","pattern":"y","header":"none"}\n'
CSV = b'EventId,EventTemplate\nE1,"a <*>, ""b"""\nE2,user <NUM> left\r\n'
TEXT = b"# comment\nuser <u> left\n\nuser <u> came\n"
DOCUMENT_WORDS = (
    *(
        b'"',
        b"'",
        b'"""',
        b"'''",
        b"[",
        b"]",
        b"[[",
        b"]]",
        b"{",
        b"}",
        b",",
        b"=",
        b":",
        b"\n",
        b"\r\n",
        b"#",
        b"\\",
        b"\\u",
    ),
    *(
        b"\\ud800",
        b"null",
        b"true",
        b"-0",
        b"1e999",
        b"9" * 400,
        b"[[template]]\n",
        b"id = ",
        b"pattern = ",
        b"[headers]\n",
    ),
    *(
        b"match = ",
        b"a." * 300,
        b"[" * 300,
        b'{"a":' * 300,
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\x00",
        b"2024-05-31",
        b"nan",
        b"inf",
    ),
    *PATTERN_WORDS,
)
LINES = sample_log("sshd")[:1500] + b"\r\n\r\n" + b"x" * 400 + b"\nno end"
INPUT_WORDS = (
    *(b"\n", b"\r\n", b"\r", b"\x00", b"\x00\n", b"\xff\xfe", b"\xd8\x00", b"\x81"),
    *(b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"),
)
OPTIONS = (b"64K", b"1MiB", b"10 GB", b"5%", b"2.5", b"1", b"inline", b"out/x.jsonl", b"utf-8", b"*.log", b"yes")
OPTION_WORDS = (
    b"K",
    b"KiB",
    b"%",
    b".",
    b"-",
    b"+",
    b"9" * 30,
    b" ",
    b"\xd9\xa3",
    b"1e5",
    b"nan",
    b"_",
    b"/",
    b"\x00",
    b"\xff",
)

TOML_SEEDS = tuple(templates_path(system).read_bytes() for system in SYSTEMS)

IMPORTS = {
    path.stem: tuple(case["text"].encode() for case in tomllib.loads(path.read_text("utf-8"))["case"])
    for path in sorted((ROOT / "tests" / "imports").glob("*.toml"))
}
IMPORT_WORDS = tuple(b"% $ { } [ ] ( ) ' \" \\ | ? * + %% ${ %{ %{+Q} %[ (?: \n @ @@ <".split(b" "))

TARGETS = {
    **{f"import-{importer}": Target(_import(importer), seeds, IMPORT_WORDS) for importer, seeds in IMPORTS.items()},
    "pattern": Target(_from_text(parse_pattern), PATTERNS, PATTERN_WORDS),
    "foreign-pattern": Target(_from_text(parse_foreign_pattern), (*PATTERNS, b"a <NUM> b <*>"), PATTERN_WORDS),
    "text": Target(lambda data, path: load_text(_text(data)), (TEXT, *PATTERNS), DOCUMENT_WORDS),
    "toml": Target(_from_file(".toml"), TOML_SEEDS, DOCUMENT_WORDS),
    "json": Target(_from_file(".json"), (JSON,), DOCUMENT_WORDS),
    "json-lines": Target(_from_file(".jsonl"), (JSON_LINES,), DOCUMENT_WORDS),
    "csv": Target(_from_file(".csv"), (CSV,), DOCUMENT_WORDS),
    "template-file": Target(_from_file(".templates"), (JSON, JSON_LINES, CSV, TEXT, TOML_SEEDS[0]), DOCUMENT_WORDS),
    "input": Target(
        _input("auto"),
        (
            *(LINES, gzip.compress(LINES), gzip.compress(LINES) * 2, bz2.compress(LINES), lzma.compress(LINES)),
            *(_zstd(LINES), _zstd(LINES) * 2, LINES.decode("latin-1").encode("utf-16"), b"\xef\xbb\xbf" + LINES),
        ),
        INPUT_WORDS,
    ),
    **{
        f"input-{encoding}": Target(
            _input(encoding), (LINES, LINES.decode("latin-1").encode(encoding)), INPUT_WORDS
        )
        for encoding in ("utf-16-le", "cp1252", "shift-jis", "utf-8")
    },
    **{
        f"option-{name}": Target(_from_option(read), OPTIONS, OPTION_WORDS)
        for name, read in {
            "count": read_count,
            "size": read_size,
            "percentage": read_percentage,
            "switch": read_switch,
            "glob": read_glob,
            "unmatched": lambda text, name: parse_unmatched(text),
            "encoding": lambda text, name: check_encoding(text),
        }.items()
    },
}  # fmt: skip


# --- inputs


def made(target: Target, seed: int) -> bytes:
    """The input number *seed*: a good one with some mistakes in it."""
    random = Random(seed)
    data = bytearray(random.choice(target.seeds))
    if random.random() < 0.1:
        data = bytearray()
    for _ in range(random.choice((1, 1, 2, 3, 8, 30))):
        start = int(random.random() * (len(data) + 1))
        end = min(len(data), start + int(random.random() ** 4 * 60))
        match random.randrange(7):
            case 0:
                data[start:end] = b""
            case 1:
                data[start:start] = random.choice(target.words)
            case 2:
                data[start:end] = random.choice(target.words)
            case 3:
                data[start:start] = data[start:end] * random.choice((1, 1, 2, 100))
            case 4 if start < len(data):
                data[start] = random.randrange(256)
            case 5:
                other = random.choice(target.seeds)
                at = int(random.random() * (len(other) + 1))
                data[start:] = other[at:]
            case _:
                del data[start:]
    return bytes(data[:20_000])


# --- the run


class _TooLongError(Exception):
    """An input was not done in time."""


@contextmanager
def _limited() -> Iterator[None]:
    def strike(_number: int, _frame: object) -> None:
        raise _TooLongError(f"not done after {TOO_LONG} s")

    previous = signal.signal(signal.SIGALRM, strike)
    # Again each second: what is raised while garbage is collected is lost.
    signal.setitimer(signal.ITIMER_REAL, TOO_LONG, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def fault(target: Target, data: bytes, directory: Path) -> str | None:
    """What is wrong with how *target* takes *data*; None if nothing is."""
    try:
        with _limited():
            target.read(data, directory / "input")
    except LogmatchError as error:
        text = str(error)
        return None if text else "an error without a sentence"
    except Exception:  # noqa: BLE001  # whatever else is raised is the fault that is looked for
        return traceback.format_exc()
    return None


def run(names: list[str], seconds: float, first_seed: int) -> int:
    """Try the targets in turn for *seconds*."""
    counts = dict.fromkeys(names, 0)
    deadline = time.monotonic() + seconds
    seed = first_seed * 10_000_000
    with tempfile.TemporaryDirectory() as directory:
        while time.monotonic() < deadline:
            for name in names:
                for number in range(seed, seed + 20):
                    data = made(TARGETS[name], number)
                    wrong = fault(TARGETS[name], data, Path(directory))
                    counts[name] += 1
                    if wrong is not None:
                        FOUND.mkdir(parents=True, exist_ok=True)
                        path = FOUND / f"{name}-{number}"
                        path.write_bytes(data)
                        sys.stdout.write(f"{wrong}\nfailed: --target {name} --replay {path}\n")
                        return 1
            seed += 20
    shown = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    sys.stdout.write(f"a value or our error for {sum(counts.values()):,} inputs, seed {first_seed}: {shown}\n")
    return 0


def main() -> int:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", choices=TARGETS)
    parser.add_argument("--replay", type=Path, metavar="FILE")
    options = parser.parse_args()
    if options.replay is not None:
        with tempfile.TemporaryDirectory() as directory:
            wrong = fault(TARGETS[options.target], options.replay.read_bytes(), Path(directory))
        sys.stdout.write(f"{wrong or 'a value or our error'}\n")
        return int(wrong is not None)
    return run([options.target] if options.target else list(TARGETS), 60 * options.minutes, options.seed)


if __name__ == "__main__":
    sys.exit(main())
