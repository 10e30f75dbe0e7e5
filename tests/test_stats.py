"""Stats: clock, timeline and what `stats` and `diff` write."""

from __future__ import annotations

import bz2
import gzip
import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_cli import RunCli, run_cli, run_on_terminal

from logmatch.stats.clock import DAY, YEAR, Clock
from logmatch.stats.timeline import Timeline, sparkline

__all__ = ["run_cli"]  # a fixture

TEMPLATES = """[headers]
default = "<at:iso8601> <host:word> "
[[template]]
id = "login"
pattern = "user <user:word> logged in after <took:int> ms"
[[template]]
id = "query"
pattern = 'query <text:quoted> took <took:float> s'
[[template]]
id = "never"
pattern = "never seen"
"""

LINES = "".join(
    f"2024-05-31T13:{n % 60:02}:05.{n:03}Z web{n % 3} user u{n % 7} logged in after {n} ms\n"
    if n % 4
    else f'2024-05-31T13:{n % 60:02}:05.{n:03}Z web{n % 3} query "select {n % 2}" took {n}.5 s\n'
    for n in range(60)
) + ("\nsomething else\n")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "app.toml").write_text(TEMPLATES)
    path = tmp_path / "app.log"
    path.write_text(LINES)
    return path


def figures(run_cli: RunCli, *args: str, stdin: bytes = b"") -> Any:
    done = run_cli("stats", *args, "--json", stdin=stdin)
    assert (0, "") == (done.status, done.stderr)
    return json.loads(done.stdout)


def without_inputs(report: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in report.items() if key != "inputs"}


def test_the_figures_of_a_log(log: Path, run_cli: RunCli) -> None:
    found = figures(run_cli, log.name, "-t", "app.toml")
    assert (62, 60, 1, 1) == tuple(found[key] for key in ("lines", "matched", "unmatched", "blank"))
    assert ["never"] == found["unused_templates"]
    login, query, unmatched = found["templates"]
    assert ("login", 45, 15, None) == (login["template_id"], login["lines"], query["lines"], unmatched["template_id"])
    assert {"line": 2, "time": "2024-05-31T13:01:05.001Z"} == login["first"]
    assert {"line": 60, "time": "2024-05-31T13:59:05.059Z"} == login["last"]
    assert ("time", "2024-05-31 13:00:05", 60) == tuple(found["rate"][key] for key in ("by", "begin", "step"))
    assert [1] * 60 == found["rate"]["counts"]
    fields = {row["field"]: row for row in found["fields"]}
    assert {"at", "host", "user", "took", "text"} == set(fields)
    assert (2, 60, "0.5", "59") == tuple(fields["took"][key] for key in ("templates", "distinct", "least", "greatest"))
    assert ("2024-05-31T13:00:05.000Z", "2024-05-31T13:59:05.059Z") == (fields["at"]["first"], fields["at"]["last"])
    assert [{"value": "select 0", "lines": 15, "share": 1.0}] == fields["text"]["most_frequent"]


def test_compressed_input_and_stdin_give_the_same(log: Path, run_cli: RunCli) -> None:
    expected = without_inputs(figures(run_cli, log.name, "-t", "app.toml"))
    (log.parent / "app.log.bz2").write_bytes(bz2.compress(LINES.encode()))
    assert expected == without_inputs(figures(run_cli, "app.log.bz2", "-t", "app.toml"))
    assert expected == without_inputs(figures(run_cli, "-t", "app.toml", stdin=LINES.encode()))
    assert expected == without_inputs(figures(run_cli, "-", "-t", "app.toml", stdin=gzip.compress(LINES.encode())))


@pytest.mark.parametrize("engine", ["portable", "reference"])
def test_all_engines_give_the_same(log: Path, run_cli: RunCli, engine: str) -> None:
    expected = figures(run_cli, log.name, "-t", "app.toml")
    assert expected == figures(run_cli, log.name, "-t", "app.toml", "--engine", engine)


def test_records_give_what_their_log_gives(log: Path, run_cli: RunCli) -> None:
    expected = without_inputs(figures(run_cli, log.name, "-t", "app.toml"))
    records = run_cli("parse", log.name, "-t", "app.toml").stdout.encode()
    for given_ in ((), ("--records",), ("-t", "app.toml")):
        found = without_inputs(figures(run_cli, *given_, stdin=records))
        for key in ("templates_given", "unused_templates"):
            assert given_ == ("-t", "app.toml") or not found[key]
            found[key] = expected[key]
        assert expected == found


def test_several_files_name_the_file_of_a_line(log: Path, run_cli: RunCli) -> None:
    (log.parent / "b.log").write_text(LINES)
    found = figures(run_cli, log.name, "b.log", "-t", "app.toml")
    assert [120, "app.log", "b.log"] == [found["matched"], *found["inputs"]]
    login = found["templates"][0]
    assert ("app.log", 2, "b.log", 60) == (
        *(login["first"][key] for key in ("file", "line")),
        *(login["last"][key] for key in ("file", "line")),
    )


def test_what_is_no_record_is_an_error_without_templates(log: Path, run_cli: RunCli) -> None:
    done = run_cli("stats", log.name)
    assert (2, "") == (done.status, done.stdout)
    assert done.stderr.startswith("logmatch: no templates are given, and app.log does not hold records")
    done = run_cli("stats", stdin=b'{"line":1,"template_id":"a","values":{}}\n{"line":2}\n')
    assert done.status == 1
    assert "stdin:2: this line is no record" in done.stderr


def test_a_log_without_lines_has_no_figures(log: Path, run_cli: RunCli) -> None:
    found = figures(run_cli, "-t", "app.toml", stdin=b"")
    assert ([], [], 0) == (found["templates"], found["fields"], found["lines"])
    assert run_cli("stats", "-t", "app.toml").stdout.startswith("0 lines, 0 matched; 0 of 3 templates used\n")


def columns_of(line: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in line)


@pytest.mark.parametrize("columns", [32, 40, 60, 80, 133])
def test_a_table_is_as_wide_as_the_terminal(log: Path, columns: int) -> None:
    log.write_text(LINES + f"2024-05-31T13:05:05Z {'w' * 300} user {'名' * 90} logged in after 1 ms\n" * 90)
    env = {"COLUMNS": str(columns)}
    status, shown, _ = run_on_terminal("stats", log.name, "-t", "app.toml", cwd=log.parent, on=["stdout"], env=env)
    assert status == 0
    assert [] == [line for line in shown.split("\n") if columns_of(line) >= columns]
    assert "名" in shown


@pytest.mark.parametrize("columns", [32, 80])
def test_a_table_of_differences_is_as_wide_as_the_terminal(log: Path, columns: int) -> None:
    other = log.with_name(f"{'名' * 40}.log")
    other.write_text(f"2024-05-31T13:05:05Z {'w' * 300} user {'名' * 90} logged in after 1 ms\n" * 90)
    env = {"COLUMNS": str(columns)}
    args = ("diff", log.name, other.name, "-t", "app.toml")
    status, shown, _ = run_on_terminal(*args, cwd=log.parent, on=["stdout"], env=env)
    assert status == 0
    assert [] == [line for line in shown.split("\n") if columns_of(line) >= columns]


def test_a_control_sequence_of_a_log_does_not_reach_the_terminal(log: Path, run_cli: RunCli) -> None:
    log.write_text("2024-05-31T13:05:05Z web user \x1b[31mred logged in after 1 ms\n" * 3)
    done = run_cli("stats", log.name, "-t", "app.toml")
    assert "\x1b" not in done.stdout
    assert "[31mred" in done.stdout


class _Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes.update(name for name, _ in attrs)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "rect":
            assert tag == self.open.pop()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("command", ["stats", "diff"])
def test_a_page_holds_everything_and_needs_nothing(log: Path, run_cli: RunCli, command: str) -> None:
    evil = "<script>alert(1)</script>\"'&<img/src=//example.com>"
    log.write_text(LINES + f"2024-05-31T13:05:05Z web user {evil} logged in after 1 ms\n" * 90)
    templates = TEMPLATES.replace("[[template]]", '[[template]]\nid = "<b>"\npattern = "b"\n[[template]]', 1)
    (log.parent / "app.toml").write_text(templates)
    (log.parent / "b.log").write_text("2024-05-31T13:05:05Z web b\n")
    done = run_cli(command, log.name, "b.log", "-t", "app.toml", "--html", "page.html")
    assert (0, "") == (done.status, done.stderr)
    text = (log.parent / "page.html").read_text()
    page = _Page(text)
    assert [] == page.open
    assert set() == {"script", "img", "link", "iframe", "b"} & set(page.tags)
    assert set() == {"src", "href", "onload"} & page.attributes
    assert "<b>" in page.text
    assert not re.search(r"https?:|url\(|@import", text.replace(evil, ""))
    if command == "stats":
        assert evil in page.text


def test_how_two_logs_differ(log: Path, run_cli: RunCli) -> None:
    (log.parent / "b.log").write_text(LINES.replace("something else", "2024-05-31T14:00:00Z web1 never seen"))
    done = run_cli("diff", log.name, "b.log", "-t", "app.toml", "--json")
    assert (0, "") == (done.status, done.stderr)
    found = json.loads(done.stdout)
    assert (61, 61) == (found["lines_before"], found["lines_after"])
    changes = {row["template_id"]: row["change"] for row in found["templates"]}
    assert {"never": "appeared", None: "vanished", "login": "same", "query": "same"} == changes
    assert found["divergence"] == pytest.approx(sum(row["bits"] for row in found["templates"]))
    assert found["divergence"] == pytest.approx(1 / 61)


def test_a_log_does_not_differ_from_its_records(log: Path, run_cli: RunCli) -> None:
    records = run_cli("parse", log.name, "-t", "app.toml").stdout.encode()
    done = run_cli("diff", log.name, "-", "-t", "app.toml", stdin=records)
    assert done.status == 0
    assert done.stdout.splitlines()[2:] == [
        "Jensen-Shannon divergence: 0.0000 bits (0: the same shares, 1: no template in common)",
        "No template appeared, vanished or changed its share.",
    ]


@pytest.mark.parametrize("files", [(), ("app.log",), ("app.log", "app.log", "app.log")])
def test_diff_takes_two_logs(log: Path, run_cli: RunCli, files: tuple[str, ...]) -> None:
    assert log.name == "app.log"
    done = run_cli("diff", *files, "-t", "app.toml")
    assert (2, "") == (done.status, done.stdout)
    assert "two logs are compared" in done.stderr


def test_an_input_is_not_overwritten_by_the_report(log: Path, run_cli: RunCli) -> None:
    done = run_cli("stats", log.name, "-t", "app.toml", "--html", log.name)
    assert done.status == 2
    assert log.read_text() == LINES


# --- the clock

THEN = 1_717_160_759


@pytest.mark.parametrize(
    "text",
    [
        *("2024-05-31T13:05:59Z", "2024-05-31 13:05:59.123", "2024-05-31T13:05:59.1+02:00", "20240531T130559Z"),
        *("31/May/2024:13:05:59 +0200", "2024/05/31 13:05:59", "Fri May 31 13:05:59 2024", "1717160759.123"),
        *("Fri May 31 13:05:59.123456 2024", "Fri May 31 13:05:59 CEST 2024", "1717160759123", "May 31 2024 13:05:59"),
        *("Fri, 31 May 2024 13:05:59 +0200", "31 May 2024 13:05:59 GMT"),
    ],
)
def test_the_second_of_a_time(text: str) -> None:
    clock = Clock()
    assert {THEN: 1} == clock.seconds("a", [text.encode()])
    assert clock.period is None


def test_a_time_without_a_year_or_a_day_is_near_the_one_before() -> None:
    clock = Clock()
    found = clock.seconds("a", [b"Dec 31 23:59:59", b"Jan  1 00:00:01"])
    assert [2] == [max(found) - min(found)]
    assert (YEAR, False) == (clock.period, clock.has_whole)
    clock = Clock()
    found = clock.seconds("a", [b"23:59:59.5", b"00:00:01.25"])
    assert [2] == [max(found) - min(found)]
    assert clock.period == DAY


def test_times_of_several_forms_are_read_whatever_came_before() -> None:
    clock = Clock()
    assert clock.seconds("a", [b"May 31 13:05:59", b"x", b"", b"May 32 25:61:59"]).total() == 1
    assert clock.seconds("a", [b"2024-05-31T13:05:59.1Z", b"May 31 13:05:59"]).total() == 2


# --- the timeline


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=60), st.booleans(), st.integers(1, 100))
def test_a_timeline_holds_every_line_in_few_steps(places: list[int], by_time: bool, columns: int) -> None:
    timeline = Timeline(by_time=by_time)
    for at, place in enumerate(places):
        timeline.add(str(at % 3), {place: 2})
    step = timeline.step(columns)
    total = timeline.total(step)
    assert len(total) <= columns
    assert sum(total) == 2 * len(places)
    assert [sum(each) for each in zip(*(timeline.counts(step, str(k)) for k in range(3)), strict=True)] == total
    assert (timeline.begin, timeline.end) == (min(places), max(places))


@given(st.sets(st.integers(0, 5000), min_size=1), st.integers(0, 10**6))
def test_lines_are_added_as_their_places_are(offsets: set[int], begin: int) -> None:
    one, other = Timeline(by_time=False), Timeline(by_time=False)
    one.add_lines("a", begin, sorted(offsets))
    other.add("a", {begin + offset: 1 for offset in offsets})
    assert other.step(60) == one.step(60)
    assert other.total(other.step(60)) == one.total(one.step(60))


def test_a_sparkline_shows_none_as_a_space_and_few_as_something() -> None:
    assert sparkline([0, 1, 4, 8, 1000]) == " ▁▁▁█"
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7, 8]) == " ▁▂▃▄▅▆▇█"
    assert (sparkline([]), sparkline([0])) == ("", " ")
