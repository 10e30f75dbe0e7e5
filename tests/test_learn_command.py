"""`logmatch learn`, from what was typed to what is written."""

from __future__ import annotations

import gzip
import itertools
import json
import time
from pathlib import Path
from typing import Any

import pytest
from support_cli import RunCli, run_cli, run_on_terminal

from logmatch.commands import learn
from logmatch.commands.status_line import StatusLine

__all__ = ["run_cli"]  # a fixture

LINES = "".join(f"2024-05-31 13:05:{n:02} INFO app: opened /data/{n} for user{n}\n" for n in range(12)) + (
    "2024-05-31 13:06:00 WARN app: closed\n"
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_text(LINES)
    return path


def test_what_is_learned_parses_and_passes_check(log: Path, run_cli: RunCli) -> None:
    done = run_cli("learn", log.name, "-o", "app.toml")
    assert (0, "") == (done.status, done.stdout)
    assert done.stderr.startswith("logmatch: 2 templates of 13 lines; no line is left over\n")
    assert run_cli("check", "app.toml").status == 0
    records = run_cli("parse", log.name, "-t", "app.toml", "--fail-on-unmatched")
    assert records.status == 0
    assert '"template_id":"closed"' in records.stdout


def test_stdin_and_compressed_input_give_the_same(log: Path, run_cli: RunCli) -> None:
    expected = run_cli("learn", log.name)
    (log.parent / "app.log.gz").write_bytes(gzip.compress(LINES.encode()))
    assert run_cli("learn", "app.log.gz") == expected
    assert run_cli("learn", stdin=LINES.encode()) == expected
    assert run_cli("learn", "-", stdin=LINES.encode()) == expected


def test_a_terminal_gets_a_table_and_what_to_type_next(log: Path) -> None:
    status, shown, _ = run_on_terminal("learn", log.name, cwd=log.parent, on=["stdout"])
    assert status == 0
    lines = shown.replace("\r\n", "\n").splitlines()
    assert lines[0] == "    lines   share  template"
    assert lines[1].startswith("       12   92.3%  opened <opened:path> for user")
    assert lines[-2:] == [
        "To keep them:  logmatch learn app.log -o app.toml",
        "To use them:   logmatch parse app.log -t app.toml",
    ]


def test_known_templates_are_not_learned_again(log: Path, run_cli: RunCli) -> None:
    run_cli("learn", log.name, "-o", "known.toml")
    more = LINES + "2024-05-31 13:07:00 WARN app: lost\n"
    done = run_cli("learn", "--known", "known.toml", stdin=more.encode())
    assert done.status == 0
    assert done.stdout.count("[[template]]") == 1
    assert 'id = "lost"' in done.stdout


def test_a_header_can_be_given(log: Path, run_cli: RunCli) -> None:
    assert 'default = "<when:iso8601> "' in run_cli("learn", log.name, "--header", "<when:iso8601> ").stdout
    assert "[headers]" not in run_cli("learn", log.name, "--header", "").stdout


TRACES = "".join(
    f"2024-05-31 13:05:{n:02} ERROR app: order {n} failed\njava.lang.Error: no stock\n\n\tat com.Stock({n})\n"
    for n in range(6)
)


def test_with_multiline_lines_without_the_header_are_parts_of_the_records_before_them(
    tmp_path: Path, run_cli: RunCli
) -> None:
    (tmp_path / "app.log").write_text(TRACES)
    done = run_cli("learn", "--multiline", "app.log", "-o", "app.toml")
    assert done.stderr.startswith(
        "logmatch: 1 template of 6 lines; left over: 6 blank, 12 that continue the record before them\n"
    )
    assert (0, 0) == (done.status, run_cli("check", "app.toml").status)
    records = run_cli("parse", "app.log", "-t", "app.toml", "--fail-on-unmatched")
    assert 0 == records.status
    assert [("order-failed", 4)] * 6 == [
        (record["template_id"], record["lines"]) for record in map(json.loads, records.stdout.splitlines())
    ]


def test_multiline_without_a_header_is_said_to_have_no_effect(tmp_path: Path, run_cli: RunCli) -> None:
    (tmp_path / "app.log").write_text("started\nstopped\n")
    done = run_cli("learn", "--multiline", "app.log")
    assert "# --multiline has no effect: without a header every line is a record\n" in done.stdout
    assert "[multiline]" not in done.stdout


def test_a_bad_header_is_an_error_with_its_place(log: Path, run_cli: RunCli) -> None:
    done = run_cli("learn", log.name, "--header", "<when:tim> ")
    assert done.status == 2
    assert "--header" in done.stderr
    assert "^" in done.stderr


def test_an_input_that_is_not_there_is_said_and_the_others_are_learned_from(log: Path, run_cli: RunCli) -> None:
    done = run_cli("learn", log.name, "none.log")
    assert done.status == 1
    assert "none.log" in done.stderr
    assert done.stdout.count("[[template]]") == 2


def test_nothing_to_learn_from_gives_no_templates(run_cli: RunCli) -> None:
    done = run_cli("learn", stdin=b"")
    assert (0, "# 0 templates of 0 lines; no line is left over\n") == (done.status, done.stdout)


def test_a_log_is_not_written_over(log: Path, run_cli: RunCli) -> None:
    done = run_cli("learn", log.name, "-o", log.name)
    assert done.status == 2
    assert log.read_text() == LINES


def test_templates_in_the_directory_of_the_logs_are_not_learned_from(log: Path, run_cli: RunCli) -> None:
    first = run_cli("learn", ".", "-o", "app.toml")
    assert first.stderr.startswith("logmatch: 2 templates of 13 lines")
    assert run_cli("learn", ".", "-o", "app.toml") == first


@pytest.mark.parametrize("stdin", [False, True])
def test_a_binary_file_is_refused(log: Path, run_cli: RunCli, stdin: bool) -> None:
    program = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00>\x00\x01\n" * 40
    (log.parent / "app.bin").write_bytes(program)
    done = run_cli("learn", "-o", "app.toml", stdin=program) if stdin else run_cli("learn", "app.bin", "-o", "app.toml")
    name = "stdin" if stdin else "app.bin"
    hint = "  = help: templates are learned from text; leave this file out\n"
    assert (2, "", f"logmatch: {name}: is binary\n{hint}") == (done.status, done.stdout, done.stderr)
    assert not (log.parent / "app.toml").exists()
    both = run_cli("learn", "app.bin", log.name)
    assert (1, f"logmatch: app.bin: is binary\n{hint}") == (both.status, both.stderr)
    assert run_cli("learn", log.name).stdout == both.stdout


def test_a_log_that_was_cut_off_while_it_was_written_is_learned_from(log: Path, run_cli: RunCli) -> None:
    log.write_bytes(bytes(100) + LINES.encode())
    assert run_cli("learn", log.name).status == 0


def test_progress_is_one_line_that_is_taken_away(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    seconds = itertools.count()
    monkeypatch.setattr(time, "monotonic", lambda: float(next(seconds)))
    monkeypatch.delenv("TERM", raising=False)
    with StatusLine(is_shown=True) as line:
        progress = learn._Progress(line)
        progress.step("learning")
        progress.advance(5_000_000)
    assert "\r\x1b[Klearning …\r\x1b[Klearning, 5 MB …\r\x1b[K" == capsys.readouterr().err
