"""What tests of envelopes share with their fuzzer: lines in envelopes, good and broken, and entries as rows."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable
from dataclasses import replace
from itertools import accumulate
from random import Random
from typing import Any

from logmatch.entries import joining
from logmatch.entries.entries import COLUMNS, Entries
from logmatch.entries.envelope import Envelope, Kind
from logmatch.entries.joining import Limits, concatenated, continuing, join, lines_as_entries, picked, starting
from logmatch.entries.unwrap import NativeUnwrapper, PythonUnwrapper, Unwrapper

Row = tuple[Any, ...]

TEXTS = (
    *(
        "a",
        "b",
        '"',
        "\\",
        "\n",
        "\r",
        "\r\n",
        "\t",
        "\0",
        "é",
        "€",
        "😀",
        "\x7f",
        "{",
        "}",
        ":",
        ",",
        " ",
        "log",
        "stream",
    ),
    *("x" * 15, "x" * 16, "x" * 33),
)

TIMES = ("2016-10-06T00:17:09.669794202Z", "2016-10-06T00:17:09Z", "2016-10-06T00:17:09.1+02:00")


def text(random: Random) -> str:
    """A short text of what is special somewhere."""
    return "".join(random.choice(TEXTS) for _ in range(random.randint(0, 8)))


def _value(random: Random, depth: int = 0) -> Any:
    kind = random.randint(0, 9)
    if kind < 3 or depth > 3:
        return text(random)
    if kind == 3:
        return random.choice([0, -1, 10**29, 1.5, -0.0, 1e300, 10**400])
    if kind == 4:
        return random.choice([None, True, False])
    if kind == 5:
        return [_value(random, depth + 1) for _ in range(random.randint(0, 3))]
    if kind == 6:
        return [random.randint(0, 260) for _ in range(random.randint(0, 5))]
    names = [random.choice(["a", "b", "log", "MESSAGE", "k", text(random)]) for _ in range(random.randint(0, 3))]
    return {name: _value(random, depth + 1) for name in names}


def _json(random: Random, value: Any) -> bytes:
    separators = random.choice([(",", ":"), (", ", ": "), (" , ", " : ")])
    return json.dumps(value, ensure_ascii=random.random() < 0.5, separators=separators).encode()


def json_line(random: Random) -> bytes:
    """An object of JSON, whose keys may be there more than once."""
    members = []
    for _ in range(random.randint(0, 5)):
        name = random.choice(["log", "MESSAGE", "a", "stream", "time", "k", text(random)])
        value = _value(random)
        if name == "log" and random.random() < 0.8:
            value = text(random) + ("\n" if random.random() < 0.6 else "")
        elif name == "stream" and random.random() < 0.9:
            value = random.choice(["stdout", "stderr", "x"])
        elif name == "a" and random.random() < 0.6:
            value = {"b": text(random), "c": 1}
        written = _json(random, name)
        if random.random() < 0.05:
            written = written.replace(b"o", b"\\u006f")
        members.append(written + random.choice([b":", b" : "]) + _json(random, value))
    return b"{" + b",".join(members) + b"}"


def cri_line(random: Random) -> bytes:
    """A line of CRI, of which some have something else in a place."""
    is_odd = random.random() < 0.1
    time = "2016-10-06 00:17" if is_odd and random.random() < 0.3 else random.choice(TIMES)
    stream = random.choice(["stdout", "stderr", "stdin"] if is_odd else ["stdout", "stderr"])
    tag = random.choice(["P:x", "F:t:u", "F:", "Q", 'F:"', "F:\\"] if random.random() < 0.2 else ["P", "F"])
    return f"{time} {stream} {tag} ".encode() + text(random).replace("\n", "").encode()


def line(random: Random, kind: Kind) -> bytes:
    """A physical line: mostly of *kind*, sometimes broken."""
    made = cri_line(random) if kind is Kind.CRI else json_line(random)
    if random.random() < 0.05:
        made = random.choice([b"", b" ", b"{", b"plain text", b"[1]", b"null"])
    if random.random() < 0.15:
        for _ in range(random.randint(1, 2)):
            at = random.randrange(len(made) + 1)
            what = random.choice([b"", *(bytes([byte]) for byte in b'{}[]",:\\u0d8\xff\xed\xa0\x00 eE.-+1')])
            made = made[:at] + what + made[at + random.randint(0, 1) :]
    return made.replace(b"\n", b"") + (b"\r" if random.random() < 0.1 else b"")


def envelope(random: Random) -> Envelope:
    """Any envelope."""
    kind = random.choice([Kind.CRI, Kind.DOCKER, Kind.JOURNALD, Kind.JSON])
    paths = [(b"a",), (b"a", b"b"), (b"log",), (b"k", b"a", b"c")]
    keys = random.choice([None, (), (b"time",), (b"stream", b"time", b"k"), (b"a", b"tags")])
    return Envelope(kind, random.choice(paths) if kind is Kind.JSON else (), keys)


def rows_of(entries: Entries, first_line: int, offset: int) -> list[Row]:
    """What *entries* says of each: its texts, input, line, lines, offset, size, state and stream."""
    columns = {name: memoryview(getattr(entries, name)) for name in COLUMNS}
    inputs = memoryview(entries.inputs)
    return [
        (
            first,
            more if columns["more_ends"][place] > columns["ends"][place] else None,
            bytes(inputs[columns["input_begins"][place] : columns["input_ends"][place]]),
            first_line + columns["line_deltas"][place],
            columns["line_counts"][place],
            offset + columns["offset_deltas"][place],
            *(columns[name][place] for name in ("sizes", "states", "streams")),
        )
        for place, (first, more) in enumerate(entries.texts())
    ]


def unwrapped(unwrapper: Unwrapper, data: bytes, ends: Iterable[int]) -> tuple[list[Row], int]:
    """The rows of all entries of *data*, given in pieces that end at *ends*; and how many lines are left out."""
    rows: list[Row] = []
    begin, first_line = 0, 1

    def take() -> None:
        taken = unwrapper.take()
        if taken is not None:
            rows.extend(rows_of(*taken[:3]))

    for end in ends:
        unwrapper.feed(data[begin:end], first_line, begin)
        first_line += data.count(b"\n", begin, end)
        begin = end
        take()
    unwrapper.end()
    take()
    return rows, unwrapper.left_out


def difference(random: Random) -> tuple[Any, ...] | None:
    """What the two unwrappers say of something random, in pieces and line by line; None where that is the same."""
    from logmatch.entries import _unwrap

    chosen = envelope(random)
    max_line = random.choice([5, 30, 1000, 1 << 20])
    lines = [line(random, chosen.kind) for _ in range(random.randint(0, 30))]
    data = b"\n".join(lines) + (b"\n" if random.random() < 0.7 else b"")
    ends = [place + 1 for place, byte in enumerate(data) if byte == 10]
    if data and not data.endswith(b"\n"):
        ends.append(len(data))
    some = sorted({*random.sample(ends, min(len(ends), 3)), *ends[-1:]})
    expected = unwrapped(PythonUnwrapper(chosen, max_line), data, ends[-1:])
    for cuts in (some, ends):
        actual = unwrapped(NativeUnwrapper(chosen, max_line, _unwrap.Unwrapper), data, cuts)
        if actual != expected:
            return chosen, max_line, data, expected, actual
    return None


def column_of(numbers: Iterable[int]) -> memoryview:
    """A column of 32-bit numbers."""
    return memoryview(array("i", numbers))


def difference_of_joining(random: Random) -> tuple[Any, ...] | None:
    """What definition and compiled module join of something random, in two steps; None where that is the same."""
    compiled = vars(joining)["_joining"]
    lines = [text(random).replace("\n", "").encode() for _ in range(random.randint(0, 20))]
    states = bytes(random.choice([0] * 8 + [1, 2, 3]) for _ in lines)
    streams = bytes(random.randint(0, 2) for _ in lines)
    starts = bytearray(random.randint(0, 1) for _ in lines)
    limits = random.choice([Limits(), Limits(3, 100), Limits(500, 12)])
    line_break = random.choice([b"\n", b"\r\n"])
    cut = random.randint(0, len(lines))
    data = b"".join(line + line_break for line in lines)
    places = [0, *accumulate(len(line) + len(line_break) for line in lines)][: len(lines)]
    ends = column_of(place + len(line) for place, line in zip(places, lines, strict=True))
    numbers = column_of(random.choice([-1, 0, 1]) for _ in lines)
    results = []
    try:
        for module in (None, compiled):
            joining._joining = module
            entries = lines_as_entries(data, column_of(places), ends)
            entries = replace(entries, states=states, streams=streams)
            first = join(entries.part(0, cut), starts[:cut], limits)
            again = concatenated(first.entries, entries.part(cut, len(lines)), 0, 0)
            joined = join(again, bytearray(b"\1" * len(first.entries)) + starts[cut:], limits, first)
            rows = rows_of(joined.entries.compacted(), 0, 0)
            assert rows_of(joined.entries, 0, 0) == rows
            left_out = joined.entries.left_out, first.entries.left_out
            asked = continuing(numbers, b"\1\0")
            flags = starting(len(lines), asked, picked(numbers, asked))
            ends_of = joined.rows, joined.last_lines, joined.last_offsets, joined.first_open(), asked, flags
            results.append((rows, left_out, ends_of))
    finally:
        joining._joining = compiled
    return None if results[0] == results[1] else (lines, states, streams, starts, limits, cut, *results)
