from __future__ import annotations

import sys
from pathlib import Path

import pytest

from logmatch.commands import status_line
from logmatch.commands.check import CheckOptions, check
from logmatch.commands.status_line import StatusLine


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_line, "_SECONDS_BEFORE", 0.0)
    monkeypatch.setattr(status_line, "SECONDS_BETWEEN_DRAWINGS", 0.0)
    monkeypatch.setenv("TERM", "xterm")


def test_a_line_is_drawn_over_and_taken_away(capsys: pytest.CaptureFixture[str]) -> None:
    with StatusLine(is_shown=True) as line:
        line.show("one")
        line.show("two")
    assert "\r\x1b[Kone\r\x1b[Ktwo\r\x1b[K" == capsys.readouterr().err


@pytest.mark.parametrize(("term", "is_shown"), [("dumb", True), ("xterm", False), ("xterm", None)])
def test_nothing_is_drawn_where_it_would_not_be_a_line(
    term: str, is_shown: bool | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr(status_line, "is_terminal", lambda _: False)
    with StatusLine(is_shown=is_shown) as line:
        line.show("one")
    assert "" == capsys.readouterr().err


def test_a_closed_stderr_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with StatusLine(is_shown=True) as line:
        line.show("one")


def test_check_says_what_it_looks_at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, text in (("t.txt", "a <x:int>\nb <x:word>\n"), ("app.log", "a 1\nb c\n")):
        (tmp_path / name).write_text(text)
    paths = (str(tmp_path / "t.txt"),)
    assert 0 == check(CheckOptions(templates=paths, against=(str(tmp_path / "app.log"),), progress=True))
    steps = capsys.readouterr().err.partition("2 templates, 0 examples")[0]
    assert [
        *("2 lines read …", "regular expressions …", "examples …"),
        *("which win: 1 of 2 templates …", "which win: 2 of 2 templates …"),
    ] == [step for step in steps.split("\r\x1b[K") if step]
