"""Outputs that are tables: Parquet, Arrow, CSV and TSV files, and every promise of a run on each of them."""

from __future__ import annotations

import array
import csv
import io
import json
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support_cli import COMMAND, environment
from test_pipeline import LINES, WAIT, FaultyWorker, job, log_with

from logmatch.errors import LogmatchError, OutputError
from logmatch.interrupt import Interrupt
from logmatch.output import parquet_file, table_output, text_tables
from logmatch.output.format import NAMES, format_named, name_by_suffix
from logmatch.output.ipc_file import END, Messages
from logmatch.output.record_options import RecordOptions
from logmatch.output.sink import Sink
from logmatch.output.table import TableOptions, Tables
from logmatch.output.table_format import TableFormat, file_names
from logmatch.output.whole_file import WholeFile
from logmatch.program import compile_program
from logmatch.run import pipeline, processes
from logmatch.run.job import Pool, Unmatched, UnmatchedFile
from logmatch.run.pipeline import run
from logmatch.templates.template import Template

pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
pytest.importorskip("arro3.io", reason="arro3-io is not installed")

TABLES = [name for name in NAMES if name != "jsonl"]
each_format = pytest.mark.parametrize("name", TABLES)
each_pool = pytest.mark.parametrize("pool", [Pool.THREADS, Pool.PROCESSES], ids=lambda pool: pool.value)

Row = dict[str, Any]


def table_format(name: str, tables: Tables = Tables.WIDE, *, exact_numbers: bool = False) -> TableFormat:
    found = format_named(name)
    assert isinstance(found, TableFormat)
    return replace(found, options=TableOptions(tables, exact_numbers))


def table_job(log: Path, out: Path, name: str, tables: Tables = Tables.WIDE, **options: Any) -> Any:
    record = RecordOptions(with_file=True, **options.pop("record", {}))
    return job([log], out, format=table_format(name, tables), record_options=record, **options)


def rows_of_csv(text: bytes) -> list[list[str | None]]:
    """The values of CSV as we write it: null is nothing, an empty text in quotes."""
    found = [next(csv.reader([line], strict=True)) for line in text.decode().splitlines(keepends=True)]
    marks = [line.rstrip(b"\n").split(b",") for line in text.splitlines(keepends=True)]
    return [
        [None if not value and b'""' not in mark else value for value, mark in zip(row, marks_of, strict=False)]
        for row, marks_of in zip(found, marks, strict=True)
    ]


def rows_of_tsv(text: bytes) -> list[list[str | None]]:
    escapes = {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\\\": "\\"}

    def value(part: str) -> str | None:
        if part == "\\N":
            return None
        pieces, at = [], 0
        while at < len(part):
            pieces.append(escapes[part[at : at + 2]] if part[at] == "\\" else part[at])
            at += 2 if part[at] == "\\" else 1
        return "".join(pieces)

    return [list(map(value, line.split("\t"))) for line in text.decode().split("\n")[:-1]]


def read(path: Path | bytes, name: str) -> list[Row]:
    """The rows of a table; of text all values are text."""
    data = path if isinstance(path, bytes) else path.read_bytes()
    if name == "parquet":
        import pyarrow.parquet

        table = pyarrow.parquet.read_table(io.BytesIO(data))
    elif name == "arrow":
        import pyarrow.ipc

        table = (
            pyarrow.ipc.open_file(data).read_all()
            if data.startswith(b"ARROW1")
            else pyarrow.ipc.open_stream(data).read_all()
        )
    else:
        header, *rows = (rows_of_csv if name == "csv" else rows_of_tsv)(data)
        return [dict(zip(map(str, header), row, strict=True)) for row in rows]
    table.validate(full=True)
    found: list[Row] = table.to_pylist()
    return found


def expected_rows(records: bytes, columns: Sequence[str], name: str) -> list[Row]:
    """What a table has to hold, by the JSON Lines of the same run."""
    rows = []
    for line in records.splitlines():
        record = json.loads(line)
        values = {**record, **record.pop("values", {})}
        row: Row = dict.fromkeys(columns)
        row.update({key: value for key, value in values.items() if key in row})
        if name in ("csv", "tsv"):
            row = {key: None if value is None else str(value) for key, value in row.items()}
        rows.append(row)
    return rows


COLUMNS = ["file", "line", "template_id", "who", "text", "n", "what", "raw", "error", "bytes", "overflow"]


def columns_of(name: str) -> list[str]:
    return COLUMNS[:-1] if name in ("csv", "tsv") else COLUMNS


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_bytes(LINES)
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def records(log: Path, tmp_path: Path) -> bytes:
    """The JSON Lines of `LINES`."""
    path = tmp_path / "expected.jsonl"
    run(job([log], path, record_options=RecordOptions(with_file=True)))
    return path.read_bytes()


def same(expected: list[Row], found: list[Row]) -> bool:
    return [sorted(row.items()) for row in expected] == [sorted(row.items()) for row in found]


# --- what a table holds


@each_format
@pytest.mark.parametrize(
    ("workers", "pool", "chunk_size", "engine"),
    [
        *((1, Pool.AUTO, 1, "reference"), (1, Pool.AUTO, 1 << 20, "auto"), (3, Pool.THREADS, 100, "auto")),
        *((2, Pool.PROCESSES, 100, "reference"), (2, Pool.THREADS, 64, "reference")),
    ],
)
def test_a_table_has_the_records_in_their_order(
    log: Path, out: Path, records: bytes, name: str, workers: int, pool: Pool, chunk_size: int, engine: str
) -> None:
    outcome = run(table_job(log, out, name, workers=workers, pool=pool, chunk_size=chunk_size, engine=engine))
    assert (LINES.count(b"\n"), 120, 3) == (outcome.tally.lines, outcome.tally.matched, outcome.tally.too_long)
    assert same(expected_rows(records, columns_of(name), name), read(out, name))
    assert outcome.tally.replaced == records.count("\N{REPLACEMENT CHARACTER}".encode())
    assert ["app.log", "expected.jsonl", "out"] == sorted(os.listdir(out.parent))


@each_format
def test_groups_and_buffers_of_any_size_give_the_same_rows(
    log: Path, out: Path, records: bytes, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = expected_rows(records, columns_of(name), name)
    for rows in (1, 7, 50):
        monkeypatch.setattr(table_output, "GROUP_ROWS", rows)
        run(table_job(log, out, name, chunk_size=64))
        assert same(expected, read(out, name))
        if name == "parquet":
            import pyarrow.parquet

            assert pyarrow.parquet.ParquetFile(out).metadata.num_row_groups > len(expected) // 60


@each_format
def test_no_lines_make_a_table_without_rows(tmp_path: Path, out: Path, name: str) -> None:
    (tmp_path / "empty.log").write_bytes(b"")
    run(table_job(tmp_path / "empty.log", out, name))
    assert [] == read(out, name)


@each_format
@pytest.mark.parametrize("workers", [1, 2])
def test_each_template_has_a_file(
    log: Path, out: Path, records: bytes, name: str, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_output, "_MOST_GATHERED", 500)
    monkeypatch.setattr(text_tables, "_MOST_BUFFERED", 500)
    monkeypatch.setattr(text_tables, "_BUFFER", 200)
    monkeypatch.setattr("logmatch.output.open_files._MOST_OPEN", 1)
    run(table_job(log, out, name, Tables.TEMPLATE, workers=workers))
    assert [f"_unmatched.{name}", f"numbered.{name}", f"said.{name}"] == sorted(os.listdir(out))
    fields = {"numbered": ["n", "what"], "said": ["who", "text"], "_unmatched": ["raw", "error", "bytes"]}
    for template, names in fields.items():
        has_overflow = template == "numbered" and name in ("parquet", "arrow")
        columns = ["file", "line", "template_id", *names, *(["overflow"] if has_overflow else [])]
        expected = [
            row
            for row in expected_rows(records, [*columns, "raw"], name)
            if row["template_id"] == (None if template == "_unmatched" else template)
        ]
        for row in expected:
            if template != "_unmatched":
                del row["raw"]
        assert same(expected, read(out / f"{template}.{name}", name))


@each_format
@pytest.mark.parametrize("unmatched", ["drop", "file"])
def test_unmatched_lines_go_where_they_should(
    log: Path, out: Path, tmp_path: Path, records: bytes, name: str, unmatched: str
) -> None:
    rest = tmp_path / "rest.jsonl"
    policy = Unmatched.DROP if unmatched == "drop" else UnmatchedFile(str(rest))
    run(table_job(log, out, name, unmatched=policy))
    matched = [row for row in expected_rows(records, columns_of(name), name) if row["template_id"] is not None]
    assert same(matched, read(out, name))
    if unmatched == "file":
        lines = [line for line in records.splitlines(keepends=True) if b'"template_id":null' in line]
        assert b"".join(lines) == rest.read_bytes()


ODD = {"t": 'a="<v:any>"', "u": "b<v:any>"}
ODD_VALUES = ["x,y", 'say "hi"', "tab\there", "back\\slash", "\\N", "", " ", "cr\rcr", "\u00e9\U0001f600", "'", '"']


@each_format
def test_every_value_comes_back(tmp_path: Path, out: Path, name: str) -> None:
    odd = compile_program([Template(key, pattern) for key, pattern in ODD.items()])
    path = tmp_path / "odd.log"
    path.write_text("".join(f"b{value}|\n" for value in ODD_VALUES), "utf-8", newline="")
    run(replace(table_job(path, out, name), program=odd))
    data = out.read_bytes()
    if name == "csv":
        found = [row[3] for row in csv.reader(io.StringIO(data.decode(), newline=""))][1:]
    else:
        found = [row["v"] for row in read(out, name)]
    assert [f"{value}|" for value in ODD_VALUES] == found


@pytest.mark.parametrize(
    ("library", "name"),
    # DuckDB reads Arrow files by an extension that it downloads.
    [
        *(("polars", "parquet"), ("polars", "arrow"), ("polars", "csv"), ("duckdb", "parquet"), ("duckdb", "csv")),
        *(("pandas", "parquet"), ("pandas", "arrow"), ("pandas", "csv")),
    ],
)
def test_others_read_the_tables_too(
    log: Path, out: Path, records: bytes, name: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = pytest.importorskip(library, reason=f"{library} is not installed")
    monkeypatch.setattr(table_output, "GROUP_ROWS", 50)
    path = out.with_suffix(f".{name}")
    run(table_job(log, path, name))
    expected = [row["what"] for row in expected_rows(records, COLUMNS, name)]
    if library == "polars":
        how = {"parquet": module.read_parquet, "arrow": module.read_ipc, "csv": module.read_csv}
        found = how[name](path)["what"].to_list()
    elif library == "duckdb":
        found = [value for (value,) in module.sql(f"select what from '{path}'").fetchall()]
    else:
        frame = {"parquet": module.read_parquet, "arrow": module.read_feather, "csv": module.read_csv}[name](path)
        found = [None if module.isna(value) else value for value in frame["what"]]
    assert expected == found


# --- what goes wrong


@each_format
@pytest.mark.parametrize(
    ("what", "pool", "workers"), [(b"bug", Pool.THREADS, 1), (b"bug", Pool.THREADS, 3), (b"crash", Pool.PROCESSES, 3)]
)
def test_a_worker_that_fails_leaves_no_file_that_is_not_whole(
    tmp_path: Path, out: Path, name: str, what: bytes, pool: Pool, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (pipeline, processes):
        monkeypatch.setattr(module, "Worker", FaultyWorker)
    path = log_with(what, tmp_path / "app.log")
    if name in ("parquet", "arrow"):
        out.write_bytes(b"earlier")
    with pytest.raises(LogmatchError, match="49 to 50 were not done"):
        run(table_job(path, out, name, workers=workers, pool=pool, chunk_size=30))
    assert ["app.log", "out"] == sorted(os.listdir(tmp_path))
    if name in ("parquet", "arrow"):
        assert b"earlier" == out.read_bytes()
    else:
        assert list(map(str, range(1, 49))) == [row["line"] for row in read(out, name)]


@each_format
@pytest.mark.parametrize("tables", Tables)
def test_a_full_disk_ends_the_run_and_leaves_nothing_half(
    log: Path, out: Path, name: str, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    import resource

    if tables is Tables.WIDE and name in ("parquet", "arrow"):
        out.write_bytes(b"earlier")
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OutputError, match=r"cannot write to .*: file too large"):
            run(table_job(log, out, name, tables))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    if tables is Tables.TEMPLATE:
        assert [] == os.listdir(out)
    elif name in ("parquet", "arrow"):
        assert b"earlier" == out.read_bytes()
        assert ["app.log", "out"] == sorted(os.listdir(out.parent))
    else:
        assert out.read_bytes().endswith(b"\n")


@each_format
@each_pool
def test_an_interrupt_leaves_a_whole_table_of_what_is_done(tmp_path: Path, out: Path, name: str, pool: Pool) -> None:
    path = out.with_suffix(f".{name}")
    command = [*COMMAND, "parse", "-", "-e", "line <n:int> of <what:any>", "-o", str(path), "--no-summary"]
    command += ["--workers", "2", "--pool", pool.value, "--engine", "portable"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(b"".join(b"line %d of it\n" % number for number in range(20_000)))
        process.stdin.flush()
        while not any(name in ("parquet", "arrow") or each.stat().st_size for each in tmp_path.iterdir()):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        said = process.stderr.read().decode()
        process.stdin.close()
        assert 130 == process.wait(WAIT)
    rows = read(path, name)
    assert said in (
        f"logmatch: interrupted; {len(rows)} lines are done and written\n".replace("20000", "20,000"),
        f"logmatch: interrupted; {len(rows):,} lines are done and written\n",
    )
    assert list(range(len(rows))) == [int(row["n"]) for row in rows]
    assert [path.name] == os.listdir(tmp_path)


@each_format
def test_a_reader_that_goes_away_ends_the_run_quietly(tmp_path: Path, name: str) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(b"".join(b"line %d of it\n" % number for number in range(300_000)))
    command = [*COMMAND, "parse", str(path), "-e", "line <n:int> of <what:any>", "--to", name, "--no-summary"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(100)
        process.stdout.close()
        assert b"" == process.stderr.read()
        assert process.wait(WAIT) in (0, 141, 128 + signal.SIGPIPE)


@each_format
def test_a_table_goes_to_a_pipe(log: Path, records: bytes, name: str) -> None:
    command = [*COMMAND, "parse", str(log), "--to", name, "--no-summary", "--max-line", "200"]
    command += ["-e", "line <n:int> of <what:any>"]
    done = subprocess.run(command, capture_output=True, env=environment(), check=True, timeout=WAIT)
    assert [json.loads(line)["line"] for line in records.splitlines()] == [
        int(row["line"]) for row in read(done.stdout, name)
    ]


@pytest.mark.parametrize("name", ["csv", "arrow"])
def test_rows_of_a_live_pipe_are_there_at_once_where_that_is_asked_for(name: str) -> None:
    command = [
        *COMMAND,
        "parse",
        "-",
        "--to",
        name,
        "--no-summary",
        "--line-buffered",
        "-e",
        "line <n:int> of <what:any>",
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(), bufsize=0
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        data = b""
        for number in range(3):
            process.stdin.write(b"line %d of number%d\n" % (number, number))
            while b"number%d" % number not in data:
                data += os.read(process.stdout.fileno(), 1 << 16)
        process.stdin.close()
        data += process.stdout.read()
        assert 0 == process.wait(WAIT)
    assert [0, 1, 2] == [int(row["n"]) for row in read(data, name)]


# --- the parts


def test_names_of_files_are_ids_that_every_file_system_takes() -> None:
    names = file_names(["a", "A", "b/c", "..", "", "x" * 300, "é", "_unmatched", "a b"])
    assert ["a", "b%2Fc", "%2E."] == [names[0], *names[2:4]]
    assert "_unmatched" == names[-1]
    assert len(names) == len({name.lower() for name in names}) == 10
    assert all(len(name) < 200 and "/" not in name for name in names)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("x.parquet", "parquet"),
        ("x.csv.gz", "csv"),
        ("x.jsonl.zst", "jsonl"),
        ("x.ARROW", "arrow"),
        ("x", None),
        ("x.gz", None),
    ],
)
def test_the_name_of_an_output_says_its_format(path: str, expected: str | None) -> None:
    assert expected == name_by_suffix(path)


def test_a_whole_file_is_there_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"earlier")
    path.chmod(0o600)
    link = tmp_path / "link"
    link.symlink_to("x")
    interrupt = Interrupt()
    file = WholeFile(str(link), interrupt)
    file.write(b"new ")
    file.rest()
    file.write(b"text")
    assert b"earlier" == path.read_bytes()
    file.finish()
    assert b"new text" == path.read_bytes()
    assert link.is_symlink()
    assert 0o600 == path.stat().st_mode & 0o777
    other = WholeFile(str(path), interrupt)
    other.write(b"half")
    other.discard()
    other.discard()
    assert b"new text" == path.read_bytes()
    assert ["link", "x"] == sorted(os.listdir(tmp_path))
    with pytest.raises(OutputError, match="no such file or directory"):
        WholeFile(str(tmp_path / "no" / "x"), interrupt)
    interrupt.close()


def test_a_record_of_csv_ends_outside_of_quotes(tmp_path: Path) -> None:
    text = b'a,"x\ny",b\nc,"""\n",d\n'
    interrupt = Interrupt()
    with (tmp_path / "x").open("wb") as file:
        sink = Sink("x", os.dup(file.fileno()), interrupt, has_quotes=True)
    ends = [sink._last_end(text, 0, size, is_inside=False) for size in range(len(text) + 1)]
    first, second = text.index(b",b\n") + 3, len(text)
    assert [0 if size < first else first if size < second else second for size in range(len(text) + 1)] == ends
    assert [first, second] == [sink._first_end(text, 0, second), sink._first_end(text, first, second)]
    assert [0, 1, 2] == [sink.count_records(text[:size]) for size in (5, first, second)]
    sink.close()
    interrupt.close()


def test_the_thrift_that_is_read_is_written_again() -> None:
    import pyarrow.parquet

    made = io.BytesIO()
    table = pyarrow.table(
        {f"c{n}": [n, None, 3] for n in range(20)} | {"t": [True, False, None], "f": [1.5, None, 2.5]}
    )
    pyarrow.parquet.write_table(table, made, compression="snappy")
    data = made.getvalue()
    size = struct.unpack("<I", data[-8:-4])[0]
    footer = data[-8 - size : -8]
    assert footer == parquet_file._struct(parquet_file._Reader(footer, 0).struct())


def test_a_stream_of_arrow_has_one_schema_and_one_end() -> None:
    from arro3.io import write_ipc_stream

    messages = Messages(is_file=False)
    parts = [messages.head()]
    for start in (0, 10):
        made = io.BytesIO()
        write_ipc_stream(pyarrow.table({"x": array.array("q", range(start, start + 10))}), made, compression=None)
        parts.append(messages.add(made.getvalue()))
    data = b"".join([*parts, messages.tail()])
    assert 1 == data.count(END)
    assert list(range(20)) == pyarrow.ipc.open_stream(data).read_all()["x"].to_pylist()


def test_plain_records_import_nothing_of_tables() -> None:
    code = (
        "import sys, atexit\n"
        "from logmatch.commands.app import main\n"
        "def tell():\n"
        "    heavy = {'arro3', 'pyarrow', 'polars', 'numpy', 'logmatch.output.table'} & sys.modules.keys()\n"
        "    print(sorted(heavy), file=sys.stderr)\n"
        "atexit.register(tell)\n"
        "sys.argv[1:] = ['parse', '-e', 'x']\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=b"x\n", capture_output=True, env=environment(), check=True
    )
    assert b"[]\n" == done.stderr


def test_without_its_package_a_table_is_an_error(log: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "arro3.io", None)
    for name in ("parquet", "arrow"):
        with pytest.raises(LogmatchError) as caught:
            run(table_job(log, out, name))
        assert "this output needs the package arro3-io\n  = help: pip install 'logmatch[arrow]'" == str(caught.value)
    assert ["app.log"] == os.listdir(out.parent)


def test_without_the_compiled_module_tables_are_the_same(
    log: Path, out: Path, records: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "logmatch.output._columns", None)
    for name in TABLES:
        run(table_job(log, out, name))
        assert same(expected_rows(records, columns_of(name), name), read(out, name))
