"""`logmatch schema`: what it prints is run, and reads the records and tables of the same templates without loss."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from support_cli import RunCli, run_cli

__all__ = ["run_cli"]

from logmatch.commands.schema import PROGRAMS
from logmatch.schemas import NAMES

TEMPLATES = """
[[template]]
id = "in"
pattern = "in <user:any> <n:int> <f:float>"
[[template]]
id = "kv"
pattern = "kv <k:kv> <j:json>"
[[template]]
id = "odd"
pattern = "odd <line:int?> <x'y:word> <m:int>"
[[template]]
id = "odder"
pattern = "odder <m:word> <file:word?>"
""".replace("x'y", "x-y.z")

LONG = "99999999999999999999"
LINES = (
    f'in anna 7 1.50\nin "" -9223372036854775808 1e-3\nin b,c {LONG} 0.5\n'
    'kv a=1 b="x y" {"u":[1,2]}\nkv a= "s"\n'
    f"odd 5 w 3\nodd - \u00e4 {LONG}\nodder x -\nodder x y\nnothing\nin  1 2\n"
)

EXPECTED: list[dict[str, Any]] = [
    {"line": 1, "template_id": "in", "user": "anna", "n": 7, "f": 1.5},
    {"line": 2, "template_id": "in", "user": '""', "n": -(2**63), "f": 0.001},
    {"line": 3, "template_id": "in", "user": "b,c", "f": 0.5},
    {"line": 4, "template_id": "kv", "k": {"a": "1", "b": "x y"}, "j": {"u": [1, 2]}},
    {"line": 5, "template_id": "kv", "k": {"a": ""}, "j": "s"},
    {"line": 6, "template_id": "odd", "values.line": 5, "x-y.z": "w", "m": "3"},
    {"line": 7, "template_id": "odd", "x-y.z": "\u00e4", "m": LONG},
    {"line": 8, "template_id": "odder", "m": "x"},
    {"line": 9, "template_id": "odder", "m": "x", "values.file": "y"},
    {"line": 10, "template_id": None, "raw": "nothing"},
    {"line": 11, "template_id": "in", "user": "", "n": 1, "f": 2.0},
]

NAMES_OF_COLUMNS = [
    "line",
    "template_id",
    "user",
    "n",
    "f",
    "k",
    "j",
    "values.line",
    "x-y.z",
    "m",
    "values.file",
    "raw",
]


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("app.toml").write_text(TEMPLATES, "utf-8")
    Path("app.log").write_text(LINES, "utf-8")
    return tmp_path


def printed(run_cli: RunCli, program: str, path: str) -> str:
    """Write the records to *path*, and give what reads them."""
    numbers = ["--numbers", "safe"] if (program, path[-6:]) == ("polars", ".jsonl") else []
    run_cli("parse", "app.log", "-t", "app.toml", "-o", path, *numbers)
    done = run_cli("schema", path, "-t", "app.toml", "--for", program)
    assert (0, "") == (done.status, done.stderr)
    return done.stdout


def plain(row: dict[str, Any], kind: str) -> dict[str, Any]:
    """The values of *row*, as all programs have them."""
    found = {name: row[name] for name in NAMES_OF_COLUMNS if row.get(name) is not None}
    found["template_id"] = row["template_id"]
    if isinstance(found.get("k"), str):
        found["k"] = json.loads(found["k"])
    if isinstance(found.get("k"), list):  # of pairs, or of rows of two
        pairs = [tuple(each.values()) if isinstance(each, dict) else each for each in found["k"]]
        found["k"] = dict(pairs)
    if isinstance(found.get("j"), str):
        found["j"] = found["j"] if kind == "bare" and found["j"] == "s" else json.loads(found["j"])
    return found


@pytest.mark.usefixtures("directory")
@pytest.mark.parametrize("path", ["records.jsonl", "it's.jsonl", "x.parquet", "x.csv"])
def test_duckdb_reads_all_values(run_cli: RunCli, path: str) -> None:
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    if path == "x.parquet":
        pytest.importorskip("arro3.io", reason="arro3-io is not installed")
    connection = duckdb.connect()
    connection.execute(printed(run_cli, "duckdb", path))
    found = connection.execute("select * from records order by line")
    names = [column[0] for column in found.description]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    assert EXPECTED == [plain(row, "json") for row in rows]
    if path.endswith("jsonl"):
        assert LONG == rows[2]["values"]["n"]
    connection.close()


@pytest.mark.usefixtures("directory")
@pytest.mark.parametrize("path", ["records.jsonl", "x.parquet", "x.arrow", "x.csv"])
def test_polars_reads_all_values(run_cli: RunCli, path: str) -> None:
    pytest.importorskip("polars", reason="polars is not installed")
    if path in ("x.parquet", "x.arrow"):
        pytest.importorskip("arro3.io", reason="arro3-io is not installed")
    space: dict[str, Any] = {}
    exec(printed(run_cli, "polars", path), space)
    rows = space["records"].to_dicts()
    assert EXPECTED == [plain(row, "bare" if path.endswith("jsonl") else "json") for row in rows]
    if path.endswith("jsonl"):
        assert LONG == rows[2]["values"]["n"]


@pytest.mark.usefixtures("directory")
def test_each_record_is_of_the_json_schema_and_others_are_not(run_cli: RunCli) -> None:
    fastjsonschema = pytest.importorskip("fastjsonschema", reason="fastjsonschema is not installed")
    validate = fastjsonschema.compile(json.loads(printed(run_cli, "jsonschema", "records.jsonl")))
    records = [json.loads(line) for line in Path("records.jsonl").read_text("utf-8").splitlines()]
    for record in records:
        validate(record)
    for key, value in (("line", "1"), ("template_id", "no"), ("values", {"user": 3, "more": 1})):
        with pytest.raises(fastjsonschema.JsonSchemaException):
            validate({**records[0], key: value})


@pytest.mark.usefixtures("directory")
@pytest.mark.parametrize("program", ["clickhouse", "spark"])
def test_what_cannot_be_run_here_is_what_it_was(run_cli: RunCli, program: str) -> None:
    # ClickHouse and Spark are too large to be test dependencies: the text is compared and was not executed.
    shown = "".join(f"# {path}\n{printed(run_cli, program, path)}\n" for path in ("records.jsonl", "x.parquet"))
    golden = Path(__file__).parent / "golden" / "schemas" / f"{program}.txt"
    if os.environ.get("LOGMATCH_WRITE_GOLDEN"):
        golden.write_text(shown, "utf-8")
    assert golden.read_text("utf-8") == shown


@pytest.mark.usefixtures("directory")
@pytest.mark.parametrize(
    ("program", "path", "message", "remedy"),
    [
        ("duckdb", "x.tsv", "DuckDB does not read tsv files", "write Parquet (-o x.parquet), CSV or JSON Lines"),
        ("polars", "x.tsv", "polars does not read tsv files", "write Parquet (-o x.parquet), Arrow, CSV or JSON Lines"),
        ("spark", "x.csv", "Spark does not read csv files", "write Parquet (-o x.parquet) or JSON Lines"),
        ("jsonschema", "x.csv", "a JSON Schema does not read csv files", "it is for JSON Lines (x.jsonl)"),
    ],
)
def test_what_a_program_does_not_read_is_an_error(
    run_cli: RunCli, program: str, path: str, message: str, remedy: str
) -> None:
    done = run_cli("schema", path, "-t", "app.toml", "--for", program)
    assert (2, f"logmatch: {message} without loss\n  = help: {remedy}\n") == (done.status, done.stderr)


@pytest.mark.usefixtures("directory")
def test_a_file_whose_name_says_nothing_is_an_error(run_cli: RunCli) -> None:
    done = run_cli("schema", "x", "-t", "app.toml", "--for", "duckdb")
    assert (2, "logmatch: the name of x does not say what is in it") == (done.status, done.stderr.split("\n")[0])


@pytest.mark.usefixtures("directory")
def test_a_program_must_be_named(run_cli: RunCli) -> None:
    done = run_cli("schema", "-t", "app.toml")
    assert (2, "logmatch: --for is missing: what is to read the records?") == (done.status, done.stderr.split("\n")[0])
    assert PROGRAMS == NAMES


@pytest.mark.usefixtures("directory")
def test_templates_without_fields_have_a_schema(run_cli: RunCli) -> None:
    Path("app.toml").write_text('[[template]]\nid = "x"\npattern = "x"\n', "utf-8")
    for program in ("duckdb", "polars"):
        pytest.importorskip(program, reason=f"{program} is not installed")
        text = printed(run_cli, program, "records.jsonl")
        if program == "polars":
            space: dict[str, Any] = {}
            exec(text, space)
            assert len(LINES.splitlines()) == len(space["records"])
        else:
            import duckdb

            connection = duckdb.connect()
            connection.execute(text)
            assert [(len(LINES.splitlines()),)] == connection.execute("select count(*) from records").fetchall()
            connection.close()
