"""
What reaches a terminal: whatever stands in a log, a template, the name of a file or a variable, no control character,
line break or mark that turns the direction of text is sent there.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_cli import run_on_terminal

from logmatch.errors import Location, LogmatchError, TemplateErrors, printable, printable_json

HOSTILE = "\x1b]0;title\x07\x9b31m\u202e\u2066\u200f\x7f\u2028"
"""A title, colours, and text from right to left."""

FORGED = "\nlogmatch: forged\r"

UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

OURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[78]|\r(?=\n|\x1b|$)|\r")
"""What the bar of progress and colours are made of."""

NAME = f"a{HOSTILE}{FORGED}.log"


def toml(text: str) -> str:
    """*text* as a string of TOML."""
    return json.dumps(text).replace("\x7f", "\\u007f")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory in which every name and every text is hostile."""
    template = f"[[template]]\nid = {toml('t' + HOSTILE + FORGED)}\npattern = {toml('x' + HOSTILE + '<a>')}\n"
    (tmp_path / "t.toml").write_text(template, "utf-8")
    (tmp_path / "bad.toml").write_text(
        template + f"{toml('key' + HOSTILE)} = 1\nmatch = [{toml('y' + HOSTILE)}]\n", "utf-8"
    )
    (tmp_path / "failing.toml").write_text(template + f"match = [{toml('y' + HOSTILE)}]\n", "utf-8")
    line = f"x{HOSTILE}1{HOSTILE}\n".encode() + b"y\x9b31m\xff\n"
    (tmp_path / NAME).write_bytes(line)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / NAME).write_bytes(line)
    (tmp_path / "logs" / f"{HOSTILE}.bin").write_bytes(b"\0")
    return tmp_path


COMMANDS = [
    ("parse", NAME, "-t", "t.toml", "-v"),
    ("parse", NAME, "-t", "t.toml", "-o", "out.jsonl", "-v", "--progress"),
    ("parse", "logs", "-t", "t.toml", "--unmatched", "-", "-o", "out.jsonl", "--summary"),
    ("parse", NAME, "-t", "t.toml", "-o", "out.jsonl", "--summary-json", "-"),
    ("parse", f"no{NAME}", NAME, "-t", "t.toml", "--raw", "-w", "2"),
    ("parse", NAME, "-t", "bad.toml"),
    ("parse", NAME, "-t", f"no{NAME}"),
    ("parse", NAME, "-t", NAME),
    ("parse", NAME, "-t", "t.toml", "-o", f"no/{NAME}"),
    ("parse", NAME, "-t", "t.toml", "-o", NAME),
    ("parse", NAME, "-t", "t.toml", "--header", f"<{HOSTILE}"),
    ("parse", NAME, "-t", "t.toml", "--encoding", HOSTILE),
    ("parse", NAME, "-t", "t.toml", "--engine", HOSTILE),
    ("parse", NAME, "-t", "t.toml", "--workers", HOSTILE),
    ("parse", NAME, "-t", "t.toml", f"--{HOSTILE}"),
    ("parse", NAME, "-t", "t.toml", f"--raw={HOSTILE}"),
    ("parse", NAME),
    (HOSTILE,),
    (f"--{HOSTILE}",),
    ("help", HOSTILE),
    ("check", "t.toml", "failing.toml"),
    ("check", "failing.toml"),
    ("check", "failing.toml", "--json"),
    ("check", "bad.toml"),
    ("explain", f"x{HOSTILE}1", "-t", "t.toml"),
    ("explain", f"x{HOSTILE}1", "-t", "t.toml", "--json"),
    ("explain", f"z{HOSTILE}1", "-t", "t.toml"),
    ("explain", "--file", NAME, "--line", "2", "-t", "t.toml"),
    ("formats", HOSTILE),
    ("formats", "--detect", NAME),
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: printable(" ".join(arguments)))
def test_nothing_of_a_stranger_reaches_a_terminal_as_it_is(arguments: tuple[str, ...], directory: Path) -> None:
    _, shown, _ = run_on_terminal(*arguments, cwd=directory, on=["stdout", "stderr"], env={"NO_COLOR": "1"})
    text = OURS.sub("", shown)
    assert [] == UNSAFE.findall(text)
    assert not re.search(r"^logmatch: forged", text, re.MULTILINE)
    assert text


@pytest.mark.parametrize("variable", ["LOGMATCH_ENGINE", "LOGMATCH_RAW", "LOGMATCH_TEMPLATES", "LOGMATCH_MAX_LINE"])
def test_nothing_of_a_variable_reaches_a_terminal_as_it_is(variable: str, directory: Path) -> None:
    _, shown, _ = run_on_terminal(
        "parse", NAME, cwd=directory, on=["stdout", "stderr"], env={variable: HOSTILE + FORGED}
    )
    assert [] == UNSAFE.findall(OURS.sub("", shown))
    assert not re.search(r"^logmatch: forged", shown, re.MULTILINE)


def test_records_that_go_elsewhere_are_as_they_are(directory: Path) -> None:
    status, _, piped = run_on_terminal("parse", NAME, "-t", "t.toml", cwd=directory, on=["stderr"])
    _, shown, _ = run_on_terminal("parse", NAME, "-t", "t.toml", "-q", cwd=directory, on=["stdout", "stderr"])
    assert 0 == status
    assert "\x9b" in piped
    assert [json.loads(line) for line in piped.split("\n")[:-1]] == [
        json.loads(line) for line in shown.split("\n")[:-1]
    ]


@given(st.text(), st.text(), st.text())
def test_an_error_is_safe_and_its_lines_are_its_own(message: str, file: str, hint: str) -> None:
    error = LogmatchError(message, location=Location(file, 3, text=message, start=0, end=1), hint=hint)
    for shown in (str(error), str(TemplateErrors([error]))):
        assert [] == UNSAFE.findall(shown.replace("\n", ""))
        assert 4 == len(shown.split("\n"))


@given(st.text())
def test_json_with_escapes_is_the_same_value(text: str) -> None:
    shown = printable_json(json.dumps({"a": text}, ensure_ascii=False).encode("utf-8", "replace")).decode()
    assert [] == UNSAFE.findall(shown)
    assert text.encode("utf-8", "replace").decode() == json.loads(shown)["a"]
