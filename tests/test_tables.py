"""Tables: `logmatch.output.table`, `columns`, `blocks`, the two writers of blocks, and Arrow in memory."""

from __future__ import annotations

import gc
import sys
import threading
from array import array
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support import ENGINES, HAS_KERNEL, examples
from support_cli import RunCli, run_cli

from logmatch import Matcher
from logmatch.engine import make_engine
from logmatch.live import LiveMatcher
from logmatch.output.arrow import ArrowWriter, gather
from logmatch.output.batch import Batch
from logmatch.output.block_writer import make_block_writer
from logmatch.output.blocks import blocks_in
from logmatch.output.columns import double_of, integer_of
from logmatch.output.record_options import RecordOptions, TimeForm
from logmatch.output.table import ColumnKind, Schema, TableOptions, Tables, schema_of
from logmatch.output.text_rows import CSV, TSV
from logmatch.program import Program, compile_program
from logmatch.templates.template import Template
from logmatch.times.times import State, Times

__all__ = ["run_cli"]  # a fixture

PATTERNS = {
    **{"A": "<k:kv>", "B": "<k:kv(;)>", "C": "<k:kv(, :)>", "D": "<k:kv(|| =>)>", "F": "<j:json?>", "K": "<p:path?>"},
    **{"E": "<a:int?> <b:float|word> <c:percent?> <d:quoted?>", "G": "<k:kv(cef)>", "I": '<p:ip|"N/A"> <n:int|word>'},
    **{"H": "<e:duration> <s:size> <n2:number>", "J": "<a2:csv>,<b2:csv>,<c2:csv>", "L": "<?>x <x:int></?>y <y:float>"},
    **{"M": "<kn:kv?>", "N": "<line:int> <raw:float?> <values.raw:word>", "O": "<k:int>", "P": "<c3:csv?>,<i:int|hex>"},
}

LINES = [
    *(b"A a=1 b=2 a=3", b'A a="x \\" \xff" b= c=\xc3\xa4'),
    b"A " + b" ".join(b"k%d=%d" % (n % 40, n) for n in range(200)),
    *(b'B a=x y ; b="1;2";c=', b"C a:1, b:2,a:3", b"D a=>1 || b=>=2", b"E - 5 -0.50% -", b'E "-" 7 50% "x\xff\x01"'),
    *(
        b'E 9223372036854775808 x 1e999% "-"',
        b'E -9223372036854775808 1.5 - "a"',
        b'F {"a":[1, "\xff"],"b":{}}',
        b"F -",
    ),
    *(b"G a=x y b=\\=1 c=", b"H 1m2.5s 12KiB 1.234,5", b"H 1ns 1.2M 1e-400", b"I 10.0.0.1 3", b"I N/A x"),
    *(b'J a,"b ""c"",",', b"K -", b"K \xff", b"K /a/b", b"L x +007 y .50", b"L y 1e999", b"M -", b"M a=1", b""),
    *(b"N 1 - w", b"N -0 123456789012345678901234567890 w\xff", b"O " + b"9" * 400, b'P "-",12', b"P -,ff", b" \t"),
]

PROGRAM = compile_program([Template(name, f"{name} {pattern}") for name, pattern in PATTERNS.items()])

each_option = pytest.mark.parametrize(
    "options",
    [TableOptions(), TableOptions(Tables.TEMPLATE), TableOptions(exact_numbers=True), TableOptions(all_text=True)],
    ids=["wide", "template", "exact", "text"],
)
each_record = pytest.mark.parametrize(
    "record", [RecordOptions(), RecordOptions(with_file=True, raw=True, offsets=True)], ids=["plain", "all"]
)

Made = tuple[bytes, bytes, int, int]
"""Blocks, unmatched records, U+FFFD, numbers in the overflow."""


def blocks(
    engine: str, program: Program, data: bytes, schema: Schema, record: RecordOptions, *, by_columns: bool, **what: Any
) -> Made:
    """What a writer makes of *data* and of a line that is too long."""
    writer = make_block_writer(program, schema, record, by_columns=by_columns, **what)
    writer.begin("a\udcff.log")
    writer.write(Batch(make_engine(program, engine).match_batch(data), first_line=9, offset=5))
    writer.write_too_long(100, 77, b"x\xff", 10**7)
    output, unmatched = writer.take()
    return bytes(output), bytes(unmatched), writer.replaced, writer.numbers_as_text


# --- the writers


@pytest.mark.skipif(not HAS_KERNEL, reason="the kernel is not built")
@each_option
@each_record
@pytest.mark.parametrize(
    "what", [{}, {"separate_unmatched": True}, {"drop_unmatched": True}, {"drop_blank": True}], ids=str
)
def test_each_writer_takes_the_matches_of_each_engine_and_makes_the_same_blocks(
    options: TableOptions, record: RecordOptions, what: dict[str, bool]
) -> None:
    schema = schema_of(PROGRAM, record, options)
    data = b"\r\n".join(LINES)
    expected = blocks("reference", PROGRAM, data, schema, record, by_columns=False, **what)
    assert expected[0]
    for engine in ENGINES:
        for by_columns in (False, True):
            assert expected == blocks(engine, PROGRAM, data, schema, record, by_columns=by_columns, **what)


numbers = st.from_regex(
    rb"[+-]?(?:[0-9]{1,25}(?:\.[0-9]{1,25})?|\.[0-9]{1,25})(?:[eE][+-]?[0-9]{1,4})?", fullmatch=True
)


@pytest.mark.skipif(not HAS_KERNEL, reason="the kernel is not built")
@settings(max_examples=examples(60), deadline=None)
@given(st.lists(numbers, min_size=1, max_size=30))
@example(
    [
        b"9007199254740993",
        b"1e22",
        b"1e23",
        b"-0",
        b"4.35",
        b"0.1e-6",
        b"1e308",
        b"1e309",
        b"2e-324",
        b"1e-400",
        b"1" * 800,
    ]
)
@example([b"9223372036854775807", b"9223372036854775808", b"-9223372036854775808", b"-9223372036854775809", b"0" * 30])
def test_numbers_of_the_compiled_writer_are_those_of_python(texts: list[bytes]) -> None:
    program = compile_program(
        [Template("i", "<i:int>"), Template("f", "<f:float>"), Template("n", "<n:int> <m:float>")]
    )
    record = RecordOptions()
    schema = schema_of(program, record, TableOptions())
    data = b"".join(
        b"%b\n0%b %b\n" % (text, text.lstrip(b"+-.").partition(b".")[0].lower().partition(b"e")[0], text)
        for text in texts
    )
    expected = blocks("native", program, data, schema, record, by_columns=False)
    assert expected == blocks("native", program, data, schema, record, by_columns=True)


@settings(max_examples=examples(100))
@given(numbers)
def test_a_double_is_the_nearest_and_a_whole_number_is_whole(text: bytes) -> None:
    double = double_of(text)
    assert double in (float(text), None)
    assert (double is None) == (
        abs(float(text)) == float("inf") or (float(text) == 0 and bool(text.lower().partition(b"e")[0].strip(b"+-.0")))
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(
            (b"0", 0),
            (b"-1", -1),
            (b"1258291.2", 1258291),
            (b"1.5", 2),
            (b"-1.5", -2),
            (b"0.49", 0),
            (b"9" * 5000, None),
        ),
        *((b"9223372036854775807", 2**63 - 1), (b"9223372036854775808", None), (b"-9223372036854775808", -(2**63))),
    ],
)
def test_a_whole_number_is_one_of_64_bits(text: bytes, expected: int | None) -> None:
    assert expected == integer_of(text)


def test_a_broken_block_is_refused() -> None:
    columns = pytest.importorskip("logmatch.output._columns", reason="the kernel is not built")
    record = RecordOptions(raw=True)
    schema = schema_of(PROGRAM, record, TableOptions())
    block, *_ = blocks("reference", PROGRAM, b"\n".join(LINES), schema, record, by_columns=False)
    table = schema.tables[0]

    def new() -> Any:
        return columns.Columns(columns.Shape(table.kinds, [b""] * len(table.kinds), [b""] * len(schema.ids)))

    for size in range(0, len(block), 5):
        with pytest.raises(ValueError, match="no block of these columns"):
            new().add(block[:size])
    for place in range(0, len(block), 3):  # whatever is wrong, it is refused or read within its bounds
        broken = bytearray(block)
        broken[place] ^= 0x81
        gathered = new()
        try:
            gathered.add(bytes(broken))
        except ValueError:
            continue
        gathered.take()


# --- which columns there are


PLAIN = RecordOptions()


def shown(options: TableOptions, record: RecordOptions = PLAIN, **patterns: str) -> dict[str, list[tuple[str, str]]]:
    program = compile_program([Template(name, pattern) for name, pattern in patterns.items()])
    schema = schema_of(program, record, options)
    return {table.name: [(each.name, each.kind.name.lower()) for each in table.columns] for table in schema.tables}


ENDS = [("raw", "text"), ("error", "text"), ("bytes", "integer")]


def test_a_type_says_what_a_column_holds() -> None:
    types = [
        "int",
        "float",
        "percent",
        "duration",
        "size",
        "number",
        "word",
        "kv(;)",
        "json",
        "int?",
        "int|word",
        "kv?",
    ]
    pattern = " ".join(f"<{name}:{type_}>" for name, type_ in zip("abcdefghijkl", types, strict=True))
    beginning = [("line", "integer"), ("template_id", "id")]
    kinds = [
        "integer",
        "double",
        "double",
        "double",
        "integer",
        "double",
        "text",
        "pairs",
        "text",
        "integer",
        "text",
        "pairs",
    ]
    assert {"": [*beginning, *zip("abcdefghijkl", kinds, strict=True), *ENDS, ("overflow", "pairs")]} == shown(
        TableOptions(), t=pattern
    )
    exact = [*kinds[:1], "text", "text", "text", "text", "text", *kinds[6:]]
    assert {"": [*beginning, *zip("abcdefghijkl", exact, strict=True), *ENDS, ("overflow", "pairs")]} == shown(
        TableOptions(exact_numbers=True), t=pattern
    )
    text = ["text"] * 12
    assert {"": [*beginning, *zip("abcdefghijkl", text, strict=True), *ENDS]} == shown(
        TableOptions(all_text=True), t=pattern
    )


def test_a_name_with_two_kinds_is_text_and_the_schema_knows() -> None:
    found = shown(TableOptions(), a="a <n:int> <m:word>", b="b <n:float> <m:hex>")
    assert [("n", "text"), ("m", "text")] == found[""][2:4]
    program = compile_program([Template("a", "a <n:int> <m:word>"), Template("b", "b <n:float> <m:hex>")])
    columns = {each.name: each.types for each in schema_of(program, RecordOptions(), TableOptions()).tables[0].columns}
    assert (("int", "float"), ()) == (columns["n"], columns["m"])


def test_each_template_has_a_table_with_its_own_kinds_and_unmatched_lines_have_the_last() -> None:
    found = shown(TableOptions(Tables.TEMPLATE), a="a <n:int>", b="b <n:word>")
    beginning = [("line", "integer"), ("template_id", "text")]
    assert {
        "a": [*beginning, ("n", "integer"), ("overflow", "pairs")],
        "b": [*beginning, ("n", "text")],
        "": [*beginning, *ENDS],
    } == found


def test_a_field_that_is_called_like_a_column_of_the_line_has_another_name() -> None:
    found = shown(TableOptions(), RecordOptions(with_file=True), a="<line:int> <file:word> <values.line:word> <p:word>")
    names = [name for name, _ in found[""]]
    assert ["file", "line", "template_id", "values.values.line", "values.file", "values.line", "p"] == names[:7]
    assert len(set(names)) == len(names)


# --- Arrow

TEXT = b"".join(line + b"\r\n" for line in LINES)


def read(records: object) -> list[dict[str, Any]]:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    table = pyarrow.table(records)
    table.validate(full=True)
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


@pytest.mark.parametrize("engine", ENGINES)
def test_arrow_has_the_rows_of_all_lines(engine: str) -> None:
    matcher = Matcher.from_patterns({"in": "in <user:word> <n:int>", "kv": "kv <k:kv> <d:duration>"}, engine=engine)
    records = matcher.parse_arrow(b"in anna 7\nkv a=1 1m\nin bob 99999999999999999999\n\xff\r\n", first_line=5)
    nothing = dict.fromkeys(["user", "n", "k", "d", "raw", "error", "bytes", "overflow"])
    assert [
        {"line": 5, "template_id": "in", **nothing, "user": "anna", "n": 7},
        {"line": 6, "template_id": "kv", **nothing, "k": [("a", "1")], "d": 60.0},
        {"line": 7, "template_id": "in", **nothing, "user": "bob", "overflow": [("n", "99999999999999999999")]},
        {"line": 8, "template_id": None, **nothing, "raw": "\N{REPLACEMENT CHARACTER}"},
    ] == read(records)
    assert (4, 4, 1, 1) == (len(records), records.num_rows, records.replaced, records.numbers_as_text)
    assert ["line", "template_id", *nothing] == records.column_names


def test_all_engines_give_the_same_arrow() -> None:
    expected, *others = [
        ArrowWriter(PROGRAM, by_columns=False).table_of([Batch(make_engine(PROGRAM, engine).match_batch(TEXT * 3), 1)])
        for engine in ENGINES
    ]
    for other in others:
        assert read(expected) == read(other)


def test_arrow_of_no_lines_has_columns_and_no_rows() -> None:
    records = Matcher.from_patterns(["user <user:word>"]).parse_arrow(b"")
    assert [] == read(records)
    assert ["line", "template_id", "user", "raw", "error", "bytes"] == records.column_names


def test_a_live_matcher_gives_arrow_of_the_templates_of_now() -> None:
    with LiveMatcher() as matcher:
        assert [None] == [row["template_id"] for row in read(matcher.parse_arrow(b"user anna\n"))]
        matcher.add(Template("u", "user <user:word>"))
        assert ["u"] == [row["template_id"] for row in read(matcher.parse_arrow(b"user anna\n"))]


def test_arrow_wants_bytes() -> None:
    with pytest.raises(TypeError, match="lines are bytes, not str"):
        Matcher.from_patterns(["x"]).parse_arrow("x")  # type: ignore[arg-type]


def matcher() -> Matcher:
    return Matcher([Template(name, f"{name} {pattern}") for name, pattern in PATTERNS.items()])


@pytest.mark.parametrize("library", ["polars", "duckdb", "pandas", "arro3.core"])
def test_what_others_read_is_what_pyarrow_reads(library: str) -> None:
    module = pytest.importorskip(library, reason=f"{library} is not installed")
    records = matcher().parse_arrow(TEXT * 10)
    expected = [row["a2"] for row in read(records)]
    for _ in range(2):  # it can be taken again
        if library == "polars":
            found = module.DataFrame(records)["a2"].to_list()
        elif library == "duckdb":
            found = [value for (value,) in module.sql("select a2 from records").fetchall()]
        elif library == "pandas":
            found = [None if module.isna(each) else each for each in module.DataFrame.from_arrow(records)["a2"]]
        else:
            found = module.Table(records).column("a2").to_pylist()
        assert expected == found


def use_in_every_way(records: Any) -> None:
    """Take streams and schemas and let them go consumed, half consumed and not at all, parts before wholes."""
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    records.__arrow_c_stream__()
    records.__arrow_c_schema__()
    table = pyarrow.table(records)
    columns = [table.column(place) for place in range(table.num_columns)]
    del table
    assert all(len(records) == len(column) for column in columns)
    half = pyarrow.RecordBatchReader.from_stream(records)
    batch = half.read_next_batch()
    del half
    parts = [batch.column(place) for place in range(batch.num_columns)]
    del batch
    while parts:
        parts.pop().validate(full=True)
    schema = records.__arrow_c_schema__()
    pyarrow.Schema._import_from_c_capsule(schema)
    with pytest.raises(ValueError, match="released"):
        pyarrow.Schema._import_from_c_capsule(schema)
    del records
    gc.collect()
    for column in columns:
        column.validate(full=True)  # the memory lives as long as one array does


def memory() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_arrow_leaks_nothing_however_it_is_used() -> None:
    source = matcher()
    use_in_every_way(source.parse_arrow(TEXT * 10))
    big = TEXT * 100

    def rounds(count: int) -> None:
        pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
        for _ in range(count):
            records = source.parse_arrow(big)
            records.__arrow_c_stream__()
            records.__arrow_c_schema__()
            batch = pyarrow.RecordBatchReader.from_stream(records).read_next_batch()
            assert batch.column(0).null_count == 0

    rounds(3)
    before = memory()
    rounds(12)  # 25 MB of columns
    assert memory() - before < 10_000_000


def test_without_the_compiled_module_arrow_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from logmatch.output import arrow_structs

    expected = read(matcher().parse_arrow(TEXT))
    monkeypatch.setitem(sys.modules, "logmatch.output._columns", None)
    records = Matcher(
        [Template(name, f"{name} {pattern}") for name, pattern in PATTERNS.items()], engine="portable"
    ).parse_arrow(TEXT)
    assert isinstance(records, arrow_structs.StructRecords)
    assert expected == read(records)
    use_in_every_way(records)
    del records
    gc.collect()
    assert ({}, {}) == (arrow_structs._held, arrow_structs._capsules)


def test_rows_go_to_another_batch_before_offsets_are_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = read(matcher().parse_arrow(TEXT * 40))
    monkeypatch.setattr("logmatch.output.arrow._MOST_BYTES", 1000)
    source = matcher()
    monkeypatch.setattr(source._engine, "batch_size", 500, raising=False)
    assert expected == read(source.parse_arrow(TEXT * 40))


def test_threads_share_a_matcher() -> None:
    source = matcher()
    expected = read(source.parse_arrow(TEXT))
    start = threading.Barrier(4)

    def work(_: int) -> bool:
        start.wait()
        return all(expected == read(source.parse_arrow(TEXT)) for _ in range(5))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(4)))


def test_blocks_of_many_batches_become_one() -> None:
    schema = schema_of(PROGRAM, RecordOptions(), TableOptions())
    table = schema.tables[0]
    whole, parts = gather(table, schema.ids), gather(table, schema.ids)
    writer = make_block_writer(PROGRAM, schema, RecordOptions(), by_columns=False)
    engine = make_engine(PROGRAM, "reference")
    for gathered, pieces in ((whole, [LINES * 3]), (parts, [[line] for line in LINES * 3])):
        number = 1
        for lines in pieces:
            writer.begin("-")
            writer.write(Batch(engine.match_batch(b"\n".join(lines) + b"\n"), number))
            for _, block in blocks_in(writer.take()[0]):
                gathered.add(block)
            number += len(lines)
    assert read(whole.take()) == read(parts.take())
    assert 0 == whole.rows == len(whole.take())
    assert ColumnKind.ID in table.kinds


# --- what else is known of lines


def times_of(nanoseconds: list[int], states: bytes) -> Times:
    return Times(memoryview(array("q", nanoseconds)), states, bytes(len(states)), (0,) * 8)


@pytest.mark.skipif(not HAS_KERNEL, reason="the kernel is not built")
@settings(max_examples=examples(50), deadline=None)
@given(st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.sampled_from(State), st.booleans()), min_size=1))
@example([(-(2**63), State.ZONED, True), (2**63 - 1, State.GAP, True), (0, State.NAIVE, True), (-1, State.ZONED, True)])
@example(
    [(951782400 * 10**9 + 5000, State.ZONED, True), (10**9, State.AMBIGUOUS, False), (86400 * 10**9, State.ZONED, True)]
)
def test_moments_and_what_is_kept_are_the_same_in_both_writers(lines: list[tuple[int, State, bool]]) -> None:
    program = compile_program([Template("x", "x<n:int>")])
    record = RecordOptions(time_form=TimeForm.RFC3339)
    matches = make_engine(program, "reference").match_batch(
        b"".join(b"x%d\n" % n if n % 3 else b"y\n" for n in range(len(lines)))
    )
    times = times_of([each[0] for each in lines], bytes(each[1] for each in lines))
    batch = Batch(matches, 1, times=times, keep=bytes(each[2] for each in lines))
    for options, form in (
        (TableOptions(), None),
        (TableOptions(all_text=True), CSV),
        (TableOptions(all_text=True), TSV),
    ):
        made = []
        for by_columns in (False, True):
            schema = schema_of(program, record, options)
            writer = make_block_writer(program, schema, record, by_columns=by_columns, form=form)
            writer.begin("-")
            writer.write(batch)
            made.append(bytes(writer.take()[0]))
        assert made[0] == made[1]


@pytest.mark.parametrize("engine", ENGINES)
def test_rows_say_what_entries_and_times_say(engine: str, tmp_path: Path, run_cli: RunCli) -> None:
    log = tmp_path / "cri.log"
    log.write_text(
        "2024-05-31T13:05:59.5Z stdout F 2024-05-31T13:05:59.25Z user anna\n"
        "2024-05-31T13:05:59.6Z stderr P part \n2024-05-31T13:05:59.7Z stderr F one\nno\n"
        "2024-05-31T13:05:59.6Z stdout F 2024-05-31T13:05:59 user bob\n"
    )
    args = ["parse", str(log), "--input", "cri", "-e", "<t:iso8601> user <u:word>", "--time", "rfc3339", "--to", "csv"]
    done = run_cli(*args, "--engine", engine, "--unmatched", "inline")
    name = done.stdout.splitlines()[1].split(",")[4]
    assert done.stdout.replace(str(log), "LOG").replace(name, "ID").splitlines() == [
        "file,line,lines,ts,template_id,t,u,raw,more,truncated,input,error,bytes",
        'LOG,1,1,2024-05-31T13:05:59.250Z,ID,2024-05-31T13:05:59.25Z,anna,,,,"{""time"":""2024-05-31T13:05:59.5Z"",""stream"":""stdout""}",,',
        'LOG,2,2,,,,,part one,,,"{""time"":""2024-05-31T13:05:59.6Z"",""stream"":""stderr""}",,',
        "LOG,4,1,,,,,no,,,,not a cri line,",
        'LOG,5,1,,ID,2024-05-31T13:05:59,bob,,,,"{""time"":""2024-05-31T13:05:59.6Z"",""stream"":""stdout""}",,',
    ]
