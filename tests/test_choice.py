"""Choosing lines: the two choosers give one answer, numbers are compared exactly, and every line is counted."""

from __future__ import annotations

import decimal as python_decimal
import json
from array import array
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import ENGINES, HAS_KERNEL
from support_cli import RunCli, run_cli

from logmatch.choice.choice import Choice, Chooser
from logmatch.choice.numbers import decimal, order
from logmatch.choice.reference import PythonChooser
from logmatch.choice.span import ALWAYS, NEVER, Bound, TimeSpan, read_bound, span_of
from logmatch.choice.where import And, Comparison, Condition, Not, Null, Number, Or, Relation, Text, parse_condition
from logmatch.engine import make_engine
from logmatch.errors import UsageError
from logmatch.program import Program, compile_program
from logmatch.templates.template import Template
from logmatch.times.times import COUNTS, Times

__all__ = ["run_cli"]

PATTERNS = {
    "a": "a <n:int> <f:float?> <w:word> <q:quoted?>",
    "b": "b <n:word> <d:duration> <p:percent>",
    "c": "c<?> <x:ip|int|word></?> <l:low|high>",
    "d": "d <k:csv>,<s:size>",
}


def program() -> Program:
    return compile_program([Template(id_, pattern) for id_, pattern in PATTERNS.items()])


def choosers(choice: Choice) -> list[Chooser]:
    """All that there are."""
    found: list[Chooser] = [PythonChooser(program(), choice)]
    if HAS_KERNEL:
        from logmatch.choice.native import NativeChooser

        found.append(NativeChooser(program(), choice))
    return found


def kept(choice: Choice, lines: list[bytes], times: Times | None = None) -> list[bytes]:
    """Which of *lines* have a record; every chooser says the same."""
    engine = make_engine(program(), "native" if HAS_KERNEL else "reference")
    matches = engine.match_batch(b"".join(line + b"\n" for line in lines))
    answers = [chooser.keep(matches, times) for chooser in choosers(choice)]
    assert [answers[0]] * len(answers) == answers
    keep, left_out = answers[0]
    assert left_out == (0 if keep is None else bytes(keep).count(0))
    return [line for place, line in enumerate(lines) if keep is None or memoryview(keep)[place]]


LINES = [
    *(b'a 5 1.50 x "y"', b'a -7 - x "-"', b"a 99999999999999999999999 1e3 - -", b"a 0 -0.0 zz -"),
    *(
        b"b text 1m2.5s 50%",
        b"b 5 18ms 099.50%",
        b"c 10.0.0.1 low",
        b"c 17 high",
        b"c low",
        b'd "a,b",1KiB',
        b"d x,2",
        b"no",
    ),
]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("n==5", [0]),
        ("n<=5", [0, 1, 3]),
        ("n>99999999999999999999998", [2]),
        ("n==99999999999999999999999.0", [2]),
        ("n<0 or n=='text'", [1, 4]),
        ("n!=5", [1, 2, 3]),
        ("not n==5", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("f==1.5", [0]),
        ("f==0 and w=='zz'", [3]),
        ("f==1000", [2]),
        ("f==null", [1]),
        ("f!=null", [0, 2, 3]),
        ("q==null", [1, 2, 3]),
        ('q=="y"', [0]),
        ("d>60", [4]),
        ("d==0.018", [5]),
        ("p>=99.5", [5]),
        ("50==p", [4]),
        ("60 < d and p==50", [4]),
        ("x=='10.0.0.1'", [6]),
        ("x>16", [7]),
        ("l=='low'", [6, 8]),
        ("k=='a,b'", [9]),
        ("s==1024", [9]),
        ("s<1e3", [10]),
        ("(n==5 or l=='high') and not w=='x'", [7]),
        ("not (n==5 or not l=='high')", [7]),
        (r"w=='\x'", [0, 1]),
    ],
)
def test_a_condition_holds_of_values(where: str, expected: list[int]) -> None:
    assert [LINES[place] for place in expected] == kept(Choice(where=where), LINES)


_constants = {
    **dict.fromkeys(
        ("n", "f", "d", "p", "s", "x"), ("5", "-7.0", "0", "1e3", "99999999999999999999999", ".5", "062.5")
    ),
    **dict.fromkeys(("w", "q", "l", "k"), ('"x"', "''", "'low'", '"é"', "'zz'")),
}


@st.composite
def any_condition(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(list(_constants)))
    comparison = (
        f"{name} {draw(st.sampled_from([each.value for each in Relation]))} {draw(st.sampled_from(_constants[name]))}"
    )
    return draw(st.sampled_from([comparison, f"{draw(st.sampled_from(['f', 'q']))} == null", f"not {comparison}"]))


_conditions = st.recursive(
    any_condition(),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda text: f"not ({text})"),
    ),
    max_leaves=8,
)
_numbers = st.from_regex(rb"[+-]?([0-9]{1,4}(\.[0-9]{1,4})?|\.[0-9]{1,3})([eE][+-]?[0-9]{1,2})?", fullmatch=True)
_lines = st.one_of(
    st.sampled_from(LINES),
    st.tuples(st.integers(), _numbers, st.sampled_from([b"x", b"zz", "é".encode(), b"\xff", b"-"])).map(
        lambda parts: b'a %d %b %b "%b"' % (parts[0], parts[1], parts[2], parts[2])
    ),
)


@given(_conditions, st.lists(_lines, max_size=12), st.sampled_from([None, frozenset({0, 2})]), st.booleans())
def test_all_choosers_give_one_answer(
    where: str, lines: list[bytes], templates: frozenset[int] | None, unmatched: bool
) -> None:
    kept(Choice(templates, unmatched, where, unmatched_are_apart=unmatched), lines)


@given(_numbers, _numbers)
def test_numbers_are_compared_exactly(one: bytes, other: bytes) -> None:
    first, second = python_decimal.Decimal(one.decode()), python_decimal.Decimal(other.decode())
    assert (first > second) - (first < second) == order(decimal(one), decimal(other))
    line = b"a 0 " + one + b" x -"
    assert ([line] if first < second else []) == kept(Choice(where=f"f < {other.decode()}"), [line])


def test_a_choice_by_template_leaves_unmatched_lines_to_their_own_rule() -> None:
    assert LINES[:4] == kept(Choice(frozenset({0}), keeps_unmatched=False), LINES)
    assert [*LINES[:4], b"no"] == kept(Choice(frozenset({0})), LINES)
    assert [*LINES[:4], b"no"] == kept(Choice(frozenset({0}), keeps_unmatched=False, unmatched_are_apart=True), LINES)


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 5)), min_size=len(LINES), max_size=len(LINES)))
def test_a_range_of_times_has_both_its_ends(rows: list[tuple[int, int]]) -> None:
    times = Times(memoryview(array("q", [row[0] for row in rows])), bytes(row[1] for row in rows), b"", (0,) * COUNTS)
    expected = [
        line
        for line, (number, state) in zip(LINES, rows, strict=True)
        if line != b"no" and ((state in (2, 4, 5) and -2 <= number <= 3) or (state == 1 and 0 <= number <= 1))
    ]
    assert expected == kept(Choice(span=TimeSpan((-2, 3), (0, 1))), LINES, times)


# The text of a condition


def test_a_condition_is_a_tree() -> None:
    condition = parse_condition("a==1 and not b!='x' or (c<null)".replace("<null", "==null"))
    one = Comparison("a", Relation.EQUAL, Number(b"1"), (0, 1), (3, 4))
    two = Comparison("b", Relation.NOT_EQUAL, Text(b"x"), (13, 14), (16, 19))
    three = Comparison("c", Relation.EQUAL, Null(), (24, 25), (27, 31))
    expected: Condition = Or((And((one, Not(two))), three))
    assert expected == condition


@given(st.text("ab=!<>() andornt'\"1.5e\\", max_size=30))
def test_any_text_is_a_condition_or_an_error_with_its_place(text: str) -> None:
    location = None
    try:
        parse_condition(text)
    except UsageError as error:
        location = error.location
        assert location is not None
    if location is not None:
        assert 0 <= location.start <= location.end <= len(text)


def test_a_condition_may_not_be_nested_without_end() -> None:
    with pytest.raises(UsageError, match="nested too deeply"):
        parse_condition("(" * 10_000)
    with pytest.raises(UsageError, match="nested too deeply"):
        parse_condition("not " * 10_000)


# Times

NOW = datetime(2024, 5, 31, 13, 5, 59, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected", "is_moment"),
    [
        ("2024-05-31T13:05:59Z", 1_717_160_759_000_000_000, True),
        ("2024-05-31 13:05:59.25+02:00", 1_717_153_559_250_000_000, True),
        ("2024-05-31 13:05", 1_717_160_700_000_000_000, False),
        ("2024-05-31", 1_717_113_600_000_000_000, False),
        ("13:05:59", 1_717_160_759_000_000_000, False),
        ("today", 1_717_113_600_000_000_000, False),
        ("yesterday", 1_717_027_200_000_000_000, False),
        ("now", 1_717_160_759_500_000_000, True),
        ("2h ago", 1_717_153_559_500_000_000, True),
        ("-1h 30min", 1_717_155_359_500_000_000, True),
        ("2 days ago", 1_716_987_959_500_000_000, True),
        ("@1717160759.5", 1_717_160_759_500_000_000, True),
    ],
)
def test_a_bound_is_written_as_people_do(text: str, expected: int, is_moment: bool) -> None:
    assert Bound(expected, is_moment) == read_bound(text, "--since", NOW)


@pytest.mark.parametrize("text", ["", "x", "2024-02-31", "24:00", "2 moons ago", "0001-01-01", "@99999999999"])
def test_what_is_no_time_is_an_error(text: str) -> None:
    with pytest.raises(UsageError):
        read_bound(text, "--since", NOW)


def test_a_bound_without_a_zone_is_of_the_clock_of_the_request_or_of_the_line() -> None:
    day = read_bound("2024-05-31", "--since", NOW)
    assert TimeSpan((day.nanoseconds, ALWAYS[1]), (day.nanoseconds, ALWAYS[1])) == span_of(day, None, None)
    two_hours = 2 * 3600 * 10**9
    expected = TimeSpan((ALWAYS[0], day.nanoseconds - two_hours), (ALWAYS[0], day.nanoseconds))
    assert expected == span_of(None, day, "Europe/Berlin")
    assert NEVER == span_of(read_bound("now", "--since", NOW), None, None).naive


# The command

TEMPLATES = """
[headers]
default = "<t:iso8601> "
[[template]]
id = "get"
pattern = "GET <status:int>"
tags = ["web"]
[[template]]
id = "post"
pattern = "POST <status:int>"
tags = ["web", "write"]
[[template]]
id = "other"
pattern = "<rest:rest>"
"""
LOG = "".join(
    f"2024-05-31T13:05:{second:02}Z {text}\n"
    for second, text in enumerate(["GET 200", "POST 503", "GET 500", "something", "POST 201"])
)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--only", "get,post"), [1, 2, 3, 5]),
        (("--not", "other", "--not", "get"), [2, 5, 6]),
        (("--tagged", "write"), [2, 5]),
        (("--tagged", "web", "--not", "post", "--where", "status>=500"), [3]),
        (("--since", "2024-05-31T13:05:01Z", "--until", "2024-05-31T13:05:03Z"), [2, 3, 4]),
        (("--since", "2024-05-31 15:05:04", "--tz", "Europe/Berlin"), [5]),
    ],
    ids=lambda value: str(value)[:30],
)
def test_lines_are_chosen_and_all_are_counted(
    engine: str, options: tuple[str, ...], expected: list[int], run_cli: RunCli, tmp_path: Path
) -> None:
    (tmp_path / "t.toml").write_text(TEMPLATES)
    (tmp_path / "a.log").write_text(LOG + "unmatched\n")
    found = run_cli("parse", "a.log", "-t", "t.toml", *options, "--engine", engine, "--summary-json", "s.json")
    assert expected == [json.loads(line)["line"] for line in found.stdout.splitlines()]
    summary = json.loads((tmp_path / "s.json").read_bytes())
    assert (6, 5, 1, 6 - len(expected)) == tuple(
        summary[key] for key in ("lines", "matched", "unmatched", "not_chosen")
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_lines_are_chosen_for_tables_too(engine: str, run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_text(TEMPLATES)
    (tmp_path / "a.log").write_text(LOG + "unmatched\n")
    found = run_cli("parse", "a.log", "-t", "t.toml", "--where", "status>=500", "--to", "csv", "--engine", engine)
    rows = [row.split(",") for row in found.stdout.splitlines()]
    assert [("2", "post"), ("3", "get")] == [
        (row[rows[0].index("line")], row[rows[0].index("template_id")]) for row in rows[1:]
    ]
    assert 2 == run_cli("parse", "a.log", "-t", "t.toml", "--select", "line", "--to", "csv").status


def test_unmatched_lines_that_go_to_a_file_all_go_there(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_text(TEMPLATES)
    (tmp_path / "a.log").write_text(LOG + "unmatched\n" + "x" * 60 + "\n")
    options = ("--only", "get", "--unmatched", "./rest", "--max-line", "50")
    found = run_cli("parse", "a.log", "-t", "t.toml", *options)
    assert [1, 3] == [json.loads(line)["line"] for line in found.stdout.splitlines()]
    assert [6, 7] == [json.loads(line)["line"] for line in (tmp_path / "rest").read_text().splitlines()]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("selected", "expected"),
    [
        ("line,status", '{"line":1,"values":{"status":200}}\n{"line":2}\n'),
        ("template_id", '{"template_id":"get"}\n{"template_id":null}\n'),
        ("status", '{"values":{"status":200}}\n{}\n'),
        ("values", '{"values":{"t":"2024-05-31T13:05:00Z","status":200}}\n{}\n'),
        ("raw,file", '{"file":"a.log","raw":"2024-05-31T13:05:00Z GET 200"}\n{"file":"a.log","raw":"bad"}\n'),
        ("ts", '{"ts":"2024-05-31T13:05:00Z"}\n{"ts":null}\n'),
        ("offset,values.t", '{"values":{"t":"2024-05-31T13:05:00Z"},"offset":0}\n{"offset":29}\n'),
    ],
)
def test_records_have_the_keys_and_values_that_are_selected(
    engine: str, selected: str, expected: str, run_cli: RunCli, tmp_path: Path
) -> None:
    (tmp_path / "t.toml").write_text(TEMPLATES)
    (tmp_path / "a.log").write_text(LOG.splitlines()[0] + "\nbad\n")
    found = run_cli("parse", "a.log", "-t", "t.toml", "--select", selected, "--time", "rfc3339", "--engine", engine)
    assert expected == found.stdout
