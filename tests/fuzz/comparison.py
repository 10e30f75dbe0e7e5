"""
Comparison: a case -> how much was compared, or the first `Difference` of the native engine from the reference.

Compared are whole records and tallies (`worker.Worker`, in several layouts, into spaces of several sizes), the columns
of `match_batch` at any place of a buffer, and `locate` for each line. Buffers are allocated to the byte, so that a
sanitizer sees what is read or written beyond them.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from unittest import mock

from arrow_consumer import count_rows
from generator import Case, joined

from logmatch import _linescan
from logmatch.engine import make_engine, reference
from logmatch.engine.matches import Found, Located, Matches, match_each, match_in_groups, texts_of
from logmatch.engine.native.engine import NativeEngine
from logmatch.input.framing import Chunk
from logmatch.line import Buffer
from logmatch.output.arrow import Gathered, gather
from logmatch.output.blocks import blocks_in, head_of
from logmatch.output.csv import FORMAT as CSV
from logmatch.output.format import OutputFormat
from logmatch.output.jsonl import FORMAT as JSON_LINES
from logmatch.output.parquet import FORMAT as PARQUET
from logmatch.output.parquet import Parquet
from logmatch.output.record_options import RecordOptions
from logmatch.output.table import Schema, TableOptions, Tables
from logmatch.output.tsv import FORMAT as TSV
from logmatch.program import Program, compile_program
from logmatch.run import worker
from logmatch.templates.model import Item, Literal, OptionalPart, Pattern

PIECES = (1, 16, 64, 300, 300, 256 * 1024, 256 * 1024)
"""How many bytes of lines a worker gives to the kernel at once."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What was compared in a case."""

    lines: int
    matched: int
    size: int


class Difference(Exception):
    """The native engine gives another answer than the reference."""

    def __init__(self, what: str, expected: object, actual: object) -> None:
        super().__init__(what, expected, actual)
        self.what, self.expected, self.actual = what, expected, actual

    def __str__(self) -> str:
        return f"{self.what}\n  expected {self.expected!r}\n  actual   {self.actual!r}"


def check(what: str, expected: object, actual: object) -> None:
    """Raise a `Difference` unless both are equal."""
    if expected != actual:
        raise Difference(what, expected, actual)


def exact(data: bytes) -> memoryview:
    """*data* in memory of its own that ends with it; that of `bytes` and `bytearray` has one byte more."""
    memory = array("B", [0]) * len(data)
    view = memoryview(memory)
    view[:] = data
    return view


class Remembering:
    """
    The reference made quicker: it answers a line that it has seen from memory, and does not try variants of which a
    literal is not in the line.
    """

    name = "reference"
    by_columns = False
    batch_size = 1 << 20

    def __init__(self, program: Program) -> None:
        self.program = program
        self._literals = [
            [item.text for item in variant.items if isinstance(item, Literal)] for variant in program.variants
        ]
        self._known: dict[bytes, Located | None] = {}

    def locate(self, line: bytes) -> Located | None:
        """See `Engine.locate`."""
        if line not in self._known:
            self._known[line] = self._locate(line)
        return self._known[line]

    def _locate(self, line: bytes) -> Located | None:
        for number, (variant, literals) in enumerate(zip(self.program.variants, self._literals, strict=True)):
            if all(text in line for text in literals) and (spans := reference.walk(variant, line)) is not None:
                return number, spans
        return None

    def match(self, line: bytes) -> Found | None:
        """See `Engine.match`."""
        found = self.locate(line)
        return None if found is None else (found[0], texts_of(line, found[1]))

    def match_batch(self, data: Buffer) -> Matches:
        """See `Engine.match_batch`."""
        return match_in_groups(self.program.variants, data, lambda lines: match_each(self.match, lines))


def compare(case: Case) -> Counts:
    """
    Compare the engines on *case*.

    Raises:
        Difference: they differ.
    """
    random = Random(case.seed)
    program = compile_program(case.templates)
    engine = Remembering(program)
    # A `/regex/` that is slow since this machine is busy would be a difference.
    with mock.patch.object(reference, "REGEX_SECONDS", 1000.0):
        counts = _compare_tables(case, program, engine, random.randrange(1 << 30))
        for _ in range(2 if len(case.templates) < 30 else 1):
            _compare_records(case, program, engine, random.randrange(1 << 30))
    return counts


def lines_of(chunk: bytes) -> list[bytes]:
    """The lines of *chunk*, as they stand there."""
    lines = chunk.split(b"\n")
    return lines if lines[-1] else lines[:-1]


def matched_text(line: bytes) -> bytes:
    """What of *line* is matched."""
    return line.removesuffix(b"\r")


def columns_of(matches: Matches) -> tuple[list[int], ...]:
    """The columns of *matches* as lists."""
    columns = (
        *(matches.line_begins, matches.line_ends, matches.variant_numbers, matches.span_begins),
        matches.spans,
    )
    return tuple(memoryview(column).tolist() for column in columns)


def _compare_tables(case: Case, program: Program, engine: Remembering, seed: int) -> Counts:
    random = Random(seed)
    native = make_engine(program, "native")
    assert isinstance(native, NativeEngine)
    portable = make_engine(program, "portable") if random.random() < 0.05 and len(case.templates) < 60 else None
    whole = reference.ReferenceEngine(program)
    counter = worker.make_counter(program, by_columns=True)
    lines = matched = 0
    for chunk in case.chunks:
        texts = lines_of(chunk)
        expected: tuple[list[int], ...] = ([], [], [], [0], [])
        at = 0
        for text in texts:
            line = matched_text(text)
            found = engine.locate(line)
            expected[0].append(at)
            expected[1].append(at + len(text.removesuffix(b"\r")))
            expected[2].append(-1 if found is None else found[0])
            expected[4].extend(() if found is None else found[1])
            expected[3].append(len(expected[4]))
            at += len(text) + 1
            lines += 1
            matched += found is not None
            if random.random() < 0.02:
                check(f"locate {line!r} (whole reference)", whole.locate(line), found)
            check(f"locate {line!r}", found, native.locate(line))
            check(f"locate {line!r} in memory that ends there", found, native.locate(exact(line)))  # type: ignore[arg-type]
            if portable is not None:
                check(f"locate {line!r} (portable)", found, portable.locate(line))
        before = random.choice([b"", b"\n", b"x" * random.randint(0, 70) + b"\n"])
        after = random.choice([b"", b"", b"a" * random.randint(1, 70)]) if chunk.endswith(b"\n") else b""
        begin, end = len(before), len(before) + len(chunk)
        data = exact(before + chunk + after)
        matches = native.match_batch(data[begin:end])
        check(f"columns of {chunk!r}", expected, columns_of(matches))
        counter.add(matches)
        check(f"count_lines of {chunk!r}", len(texts), _linescan.count_lines(exact(chunk)))
        size = random.choice([1, 2, 16, 64, len(chunk)])
        check(f"piece_end of {chunk!r}, {size}", _piece_end(data, begin, size), _linescan.piece_end(data, begin, size))
    check("how many lines matched", matched, counter.take()[0])
    return Counts(lines, matched, sum(map(len, case.chunks)))


def _piece_end(view: memoryview, begin: int, size: int) -> int:
    data = bytes(view)
    if begin + size >= len(data):
        return len(data)
    last = data.rfind(b"\n", begin, begin + size)
    if last < 0:
        last = data.find(b"\n", begin + size - 1)
    return last + 1 if last >= 0 else len(data)


def _compare_records(case: Case, program: Program, engine: Remembering, seed: int) -> None:
    random = Random(seed)
    options = RecordOptions(random.random() < 0.3, random.random() < 0.4, random.random() < 0.4)
    unmatched = random.choice(["inline", "inline", "apart", "dropped"])
    form: OutputFormat = JSON_LINES
    if random.random() < 0.5:
        form = replace(
            random.choice([PARQUET, CSV, TSV]), options=TableOptions(random.choice(list(Tables)), random.random() < 0.3)
        )
    spec = worker.WorkerSpec(program, "native", options, unmatched == "apart", unmatched == "dropped", format=form)
    with mock.patch.object(worker, "make_engine", return_value=engine):
        first = worker.Worker(spec)
    second = worker.Worker(spec)
    file = random.choice(["-", "a/b.log", 'ä "\udcff\\'])
    offset = random.choice([0, 0, 9, 10**6 - 1, 2**40])
    first_line = random.choice([1, 1, 8, 99, 9_999_990, 2**33])
    for chunk in case.chunks:
        count = len(lines_of(chunk))
        piece = random.choice(PIECES)
        expected = first.run(Chunk(file, first_line, count, offset, chunk, 0))
        size = len(expected.output)
        spaces = [None, size + 64, size, size - 1, 0, size + 64 + 128 + 12 * len(chunk), int(random.random() * size)]
        for room in random.sample(spaces, 2):
            space = None if room is None or room < 0 else exact(bytes(room))
            with mock.patch.object(NativeEngine, "batch_size", piece):
                actual = second.run(Chunk(file, first_line, count, offset, exact(chunk), 0), space)
            if isinstance(form, Parquet):
                _take_arrow(program, form.schema(program, options), bytes(actual.output), random)
            what = f"{form}, {options}, unmatched {unmatched}, pieces of {piece}, space of {room}, chunk {chunk!r}"
            check(f"records: {what}", bytes(expected.output), bytes(actual.output))
            check(f"unmatched records: {what}", bytes(expected.unmatched), bytes(actual.unmatched))
            check(f"tally: {what}", expected.tally, actual.tally)
            del actual
        first_line += count
        offset += len(chunk)


def _take_arrow(program: Program, schema: Schema, records: bytes, random: Random) -> None:
    """Gather the blocks in *records*, and take them by the Arrow C data interface, wholes and parts in any order."""
    gathered: dict[int, Gathered] = {}
    rows: dict[int, int] = {}
    for number, block in blocks_in(records):
        if number not in gathered:
            gathered[number] = gather(schema.tables[number], schema.ids)
        gathered[number].add(exact(bytes(block)))
        rows[number] = rows.get(number, 0) + head_of(block)[1]
    for number, each in gathered.items():
        made = each.take()
        made.__arrow_c_schema__()
        made.__arrow_c_stream__()
        check("rows of an Arrow stream", rows[number], count_rows(made, random.random() < 0.5))


# Cases with less in them.


def shrink(case: Case, fails: Callable[[Case], bool], seconds: float) -> Case:
    """A case with as little as can be found within *seconds* for which *fails* still holds."""
    deadline = time.monotonic() + seconds
    smaller = True
    while smaller:
        smaller = False
        for candidate in _smaller(case):
            if time.monotonic() > deadline:
                return case
            if fails(candidate):
                case = candidate
                smaller = True
                break
    return case


def _smaller(case: Case) -> Iterator[Case]:
    """Cases with something of *case* left out, the most first."""
    templates, chunks = case.templates, case.chunks
    for start, end in _cuts(len(chunks)):
        yield replace(case, chunks=chunks[:start] + chunks[end:])
    for start, end in _cuts(len(templates)):
        yield replace(case, templates=templates[:start] + templates[end:])
    for index, chunk in enumerate(chunks):
        lines = chunk.split(b"\n")
        for start, end in _cuts(len(lines)):
            if less := b"\n".join(lines[:start] + lines[end:]):
                yield replace(case, chunks=(*chunks[:index], less, *chunks[index + 1 :]))
    for index, template in enumerate(templates):
        candidates = [replace(template, header=None), replace(template, priority=0)]
        if len(templates) < 8:
            candidates += [replace(template, pattern=pattern) for pattern in _simpler(template.pattern)]
            if template.header is not None:
                candidates += [replace(template, header=header) for header in _simpler(template.header)]
        for candidate in candidates:
            if candidate != template:
                yield replace(case, templates=(*templates[:index], candidate, *templates[index + 1 :]))
    for index, chunk in enumerate(chunks):
        for start, end in _cuts(len(chunk)):
            yield replace(case, chunks=(*chunks[:index], chunk[:start] + chunk[end:], *chunks[index + 1 :]))


def _cuts(size: int) -> Iterator[tuple[int, int]]:
    """Parts of a sequence of *size* elements to be left out, never all: from the half to one."""
    step = (size + 1) // 2
    while step and size > 1:
        for start in range(0, size, step):
            if step < size:
                yield start, min(start + step, size)
        step = 0 if step == 1 else (step + 1) // 2


def _simpler(pattern: Pattern) -> Iterator[Pattern]:
    for index, item in enumerate(pattern.items):
        kept: list[tuple[Item, ...]] = [()]
        if isinstance(item, OptionalPart):
            kept += [item.items]
        elif isinstance(item, Literal):
            kept += [(Literal(item.text[:start] + item.text[end:]),) for start, end in _cuts(len(item.text))]
        for items in kept:
            yield Pattern(joined((*pattern.items[:index], *items, *pattern.items[index + 1 :])))
