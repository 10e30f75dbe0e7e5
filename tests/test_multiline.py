"""Multi-line: lines that continue others are put together by one rule, however they are cut, wrapped and compressed."""

from __future__ import annotations

import gzip
import json
import os
import re
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import ENGINES, HAS_KERNEL, examples
from support_cli import RunCli, run_cli  # noqa: F401 (a fixture)
from support_entries import column_of, difference_of_joining, rows_of

from logmatch.entries import joining
from logmatch.entries.entries import State, entries_of
from logmatch.entries.envelope import Envelope, Kind
from logmatch.entries.joining import Limits, lines_as_entries
from logmatch.errors import UsageError
from logmatch.input.resolve import resolve_inputs
from logmatch.output.record_options import RecordOptions
from logmatch.program import compile_program
from logmatch.run import pipeline
from logmatch.run.job import Job, Pool
from logmatch.run.records import compile_rules
from logmatch.templates.load import load_text_set
from logmatch.templates.template import Multiline, Template

TEMPLATES = """
[headers]
default = "#<n:int> "
other = "@<w:word> "

[[template]]
id = "ok"
pattern = "ok <a:word>"

[[template]]
id = "other"
pattern = "<b:any>"
header = "other"

[[template]]
id = "bare"
pattern = "bare <c:int>"
header = "none"

[[template]]
id = "trace"
pattern = "died\\nError: <why:any>\\n<rest:rest>"
"""

LINES = (
    *(b"#1 ok x", b"#22 ok yy", b"#3 what", b"#4", b"@w text", b"#5 died", b"Error: no", b"Error: ", b"\tat a.b", b""),
    *(b"bare 7", b"# no", b"   ", b"\xe4 \xff", b"#6 ok " + b"z" * 40, b"c" * 60),
)

START = re.compile(rb"#[+-]?[0-9]+( .*)?[ \t]*|@[^ \t]+( .*)?[ \t]*", re.DOTALL)


def definition(lines: Sequence[bytes], limits: Limits) -> list[tuple[int, int, bytes, bytes | None, bool]]:
    """For each record its line, its number of lines, its first line, what continues it, and whether that is cut."""
    records: list[list[Any]] = []
    for number, line in enumerate(lines, 1):
        if not records or START.fullmatch(line):
            records.append([number, 1, line, None, False])
            continue
        record = records[-1]
        record[1] += 1
        kept = record[2] if record[3] is None else record[2] + b"\n" + record[3]
        fits = kept.count(b"\n") + 2 <= limits.max_lines and len(kept) + 1 + len(line) <= limits.max_bytes
        if fits and not record[4]:
            record[3] = line if record[3] is None else record[3] + b"\n" + line
        else:
            record[4] = True
    return [tuple(record) for record in records]


def run(
    path: Path, multiline: Multiline, templates: str = TEMPLATES, **options: Any
) -> tuple[list[dict[str, Any]], pipeline.Outcome]:
    """The records of a run, and how it ended."""
    loaded = load_text_set(templates)
    program = compile_program(loaded.templates)
    out = path.with_suffix(".jsonl")
    job = Job(
        program=program,
        inputs=resolve_inputs([str(path)]).inputs,
        output=str(out),
        record_options=RecordOptions(raw=True, offsets=True, entries=True),
        rules=compile_rules(loaded.templates, program, multiline),
        **options,
    )
    outcome = pipeline.run(job)
    return [json.loads(line) for line in out.read_bytes().splitlines()], outcome


def expected_of(lines: Sequence[bytes], limits: Limits) -> list[dict[str, Any]]:
    """What records say of these lines, their templates left out."""
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line) + 1)
    made = []
    for number, count, first, more, is_cut in definition(lines, limits):
        raw = first.decode("utf-8", "replace")
        record: dict[str, Any] = {"line": number, "raw": raw, "offset": offsets[number - 1]}
        if count > 1:
            record["lines"] = count
        if more is not None:
            record["more"] = more.decode("utf-8", "replace")
        if is_cut:
            record["truncated"] = True
        made.append(record)
    return made


def without_templates(records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """*records* without what was matched; a record that was matched as a whole as one that was not."""
    made = []
    for record in records:
        left = {key: value for key, value in record.items() if key not in ("template_id", "values", "file")}
        if record["template_id"] == "trace":
            left["raw"], _, left["more"] = left["raw"].partition("\n")
        made.append(left)
    return made


@pytest.mark.parametrize("engine", ENGINES)
@given(
    st.lists(st.sampled_from(LINES), max_size=25),
    st.sampled_from([Limits(), Limits(3, 1 << 20), Limits(500, 30), Limits(1, 1)]),
    st.sampled_from([1, 7, 30, 1 << 20]),
    st.booleans(),
)
@settings(max_examples=examples(15), deadline=None)
def test_records_are_those_of_the_definition(
    tmp_path_factory: pytest.TempPathFactory,
    engine: str,
    lines: list[bytes],
    limits: Limits,
    chunk_size: int,
    is_compressed: bool,
) -> None:
    path = tmp_path_factory.mktemp("lines") / "a.log"
    data = b"".join(line + b"\n" for line in lines)
    path.write_bytes(gzip.compress(data) if is_compressed else data)
    multiline = Multiline(max_lines=limits.max_lines, max_bytes=limits.max_bytes)
    records, outcome = run(path, multiline, engine=engine, chunk_size=chunk_size)
    assert expected_of(lines, limits) == without_templates(records)
    assert len(lines) == outcome.tally.physical_lines
    assert len(data) == outcome.tally.bytes_in
    cut = [record for record in definition(lines, limits) if record[4]]
    kept = [record[1] - 1 - (0 if record[3] is None else record[3].count(b"\n") + 1) for record in cut]
    assert (len(cut), sum(kept)) == (outcome.tally.truncated, outcome.tally.left_out)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("copies", [1, 5])
def test_a_line_break_in_a_value_is_escaped_where_all_else_is_plain(tmp_path: Path, engine: str, copies: int) -> None:
    # The writer of groups looks at all lines of a batch at once; few and many records are made in different ways.
    path = tmp_path / "a.log"
    lines = [b"#5 died", b"Error: no", b"at a.b", b"at c.d"] * copies
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    records, _ = run(path, Multiline(), engine=engine)
    assert expected_of(lines, Limits()) == without_templates(records)
    assert ["at a.b\nat c.d"] * copies == [record["values"]["rest"] for record in records]


@pytest.mark.parametrize(("workers", "pool"), [(1, Pool.AUTO), (3, Pool.THREADS), (2, Pool.PROCESSES)])
def test_the_same_bytes_with_any_workers_and_chunk_size(tmp_path: Path, workers: int, pool: Pool) -> None:
    random = Random(1)
    lines = [random.choice(LINES) for _ in range(20_000)]
    path = tmp_path / "a.log"
    path.write_bytes(b"\r\n".join(lines))
    whole, _ = run(path, Multiline())
    lengths = [len(line) + 2 for line in lines]
    offsets = [sum(lengths[: record["line"] - 1]) for record in whole[:50]]
    assert offsets == [record["offset"] for record in whole[:50]]
    for chunk_size in (1000, 1 << 16):
        assert whole == run(path, Multiline(), chunk_size=chunk_size, workers=workers, pool=pool)[0]


def test_patterns_with_a_line_break_come_first_and_only_headers_start_records(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    lines = [b"#5 died", b"Error: no", b"\tat a.b", b"\tat c", b"#6 died", b"bare 7", b"#7 ok x", b"bare 8"]
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    for engine in ENGINES:
        records, _ = run(path, Multiline(), engine=engine)
        assert [
            ("trace", {"n": 5, "why": "no", "rest": "\tat a.b\n\tat c"}, None),
            (None, None, "bare 7"),
            ("ok", {"n": 7, "a": "x"}, "bare 8"),
        ] == [(record["template_id"], record.get("values"), record.get("more")) for record in records]


def test_a_pattern_can_say_what_starts_a_record(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"head\n> one\ntwo\n> three\n#4 ok x\n")
    start = load_text_set('[multiline]\nstart = "<<?> "\n[[template]]\nid = "a"\npattern = "x"'.replace("<<?>", ">"))
    assert start.multiline is not None
    records, _ = run(path, start.multiline)
    assert [("head", None), ("> one", "two"), ("> three", "#4 ok x")] == [
        (record["raw"], record.get("more")) for record in records
    ]


def test_templates_without_headers_are_refused() -> None:
    templates = [Template("a", "x <y>")]
    with pytest.raises(UsageError, match="no template has a header that says where a record starts"):
        compile_rules(templates, compile_program(templates), Multiline())


def test_lines_that_are_too_long_start_records_or_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"#1 ok x\n" + b"c" * 5000 + b"\nmore\n#2 " + b"y" * 5000 + b"\nafter\n#3 ok z\n")
    for chunk_size in (10, 1 << 20):
        records, outcome = run(path, Multiline(), max_line=4000, chunk_size=chunk_size)
        assert [
            {"line": 1, "lines": 3, "raw": "#1 ok x", "more": "c" * 1024, "truncated": True, "offset": 0},
            {"line": 4, "error": "line too long", "bytes": 5003, "raw": ("#2 " + "y" * 5000)[:1024], "offset": 5014},
            {"line": 5, "raw": "after", "offset": 10018},
            {"line": 6, "raw": "#3 ok z", "offset": 10024},
        ] == without_templates(records)
        assert 6 == outcome.tally.physical_lines


def test_one_record_of_any_length_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"#1 ok x\n" + b"\tat some.where(Line.java)\n" * 400_000 + b"#2 ok y\n")
    records, outcome = run(path, Multiline())
    assert [(1, 400_001, True), (400_002, None, None)] == [
        (record["line"], record.get("lines"), record.get("truncated")) for record in records
    ]
    assert 499 == records[0]["more"].count("\n") + 1
    assert 400_000 - 499 == outcome.tally.left_out


@pytest.mark.skipif(not HAS_KERNEL, reason="compares the compiled module, which is not built")
@pytest.mark.parametrize("seed", range(3))
def test_the_compiled_join_does_what_the_definition_does(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(seed)
    monkeypatch.setattr(joining, "MOST_GAP_LINES", 4)
    monkeypatch.setattr(joining, "MOST_GAP_BYTES", 40)
    for _ in range(examples(150)):
        assert difference_of_joining(random) is None


@given(st.lists(st.tuples(st.sampled_from(LINES), st.booleans()), max_size=25), st.sampled_from([1, 100, 1 << 20]))
@settings(max_examples=examples(20), deadline=None)
def test_each_stream_of_a_container_has_records_of_its_own(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[bytes, bool]], chunk_size: int
) -> None:
    directory = tmp_path_factory.mktemp("streams")
    wrapped = directory / "wrapped.log"
    wrapped.write_bytes(
        b"".join(b"2016-10-06T00:17:09Z std%b F %b\n" % (b"err" if err else b"out", line) for line, err in lines)
    )
    envelope = Envelope(Kind.CRI, keys=())
    together, _ = run(wrapped, Multiline(), envelope=envelope, chunk_size=chunk_size)
    numbers = {err: [number for number, (_, of) in enumerate(lines, 1) if of is err] for err in (False, True)}
    expected = []
    for err, own in numbers.items():
        plain = directory / f"{err}.log"
        plain.write_bytes(b"".join(line + b"\n" for line, of in lines if of is err))
        records, _ = run(plain, Multiline())
        expected += [{**record, "line": own[record["line"] - 1]} for record in records]
    expected.sort(key=lambda record: record["line"])
    left = [{key: value for key, value in record.items() if key != "offset"} for record in expected]
    assert left == [{key: value for key, value in record.items() if key != "offset"} for record in together]


def test_what_follows_a_text_of_several_lines_joins_it(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text('{"m":"#1 ok x\\nb"}\n{"m":"c\\nd"}\n{"n":1}\n{"m":"e"}\n{"m":"#2 ok y"}\n')
    for engine in ENGINES:
        records, _ = run(path, Multiline(), envelope=Envelope(Kind.JSON, (b"m",)), engine=engine)
        assert [
            {"line": 1, "lines": 3, "raw": "#1 ok x", "more": "b\nc\nd\ne", "offset": 0},
            {"line": 3, "error": "no message", "raw": '{"n":1}', "offset": 32},
            {"line": 5, "raw": "#2 ok y", "offset": 50},
        ] == without_templates(records)


def test_the_last_record_of_a_pipe_is_written_when_it_is_silent(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    answer = threading.Event()
    out = tmp_path / "fifo.jsonl"
    failures: list[str] = []

    def feed() -> None:
        with open(fifo, "wb", buffering=0) as pipe:
            pipe.write(b"#1 ok x\nmore\n")
            for _ in range(500):
                if out.exists() and out.read_bytes().count(b"\n") == 1:
                    break
                answer.wait(0.01)
            else:
                failures.append("the record was not written while the pipe was open")
            pipe.write(b"#2 ok y\n")

    thread = threading.Thread(target=feed)
    thread.start()
    records, _ = run(fifo, Multiline(), multiline_idle=0.01, line_buffered=True)
    thread.join()
    assert [] == failures
    assert [("#1 ok x", "more"), ("#2 ok y", None)] == [(record["raw"], record.get("more")) for record in records]


def test_entries_can_be_pickled() -> None:
    import pickle

    entries = lines_as_entries(b"ab\nc\n", column_of([0, 3]), column_of([2, 4]))
    restored = pickle.loads(pickle.dumps(entries.part(1, 2)))
    assert rows_of(entries.part(1, 2), 1, 0) == rows_of(restored, 1, 0)
    assert State.WHOLE == bytes(restored.states)[0]
    assert entries_of(b"", b"", (b"",) * 11, "lines").compacted() is not None
