"""`logmatch.run.preflight`: every pair of files that a run would destroy is refused, whatever they are called."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

LINE = b"2024-05-31T13:05:59Z INFO user bob logged in from 10.0.0.1\n"
TEMPLATES = b'[[template]]\nid = "all"\npattern = "<x:any>"\n'

SOURCES = {
    "input": ("app.log -t app.toml", "app.log", "an input"),
    "stdin": ("-t app.toml < app.log", "app.log", "an input"),
    "dash": ("- -t app.toml < app.log", "app.log", "an input"),
    "/dev/stdin": ("/dev/stdin -t app.toml < app.log", "app.log", "an input"),
    "fd": ("/dev/fd/4 -t app.toml 4< app.log", "app.log", "an input"),
    "templates": ("other.log -t app.toml", "app.toml", "a template file"),
    "directory": ("other.log -t templates", "templates/t.toml", "a template file"),
    "templates by stdin": ("other.log -t - < app.toml", "app.toml", "a template file"),
}
"""A file that is read: how, its name, and what it is called."""

OUTPUTS = ("-o {}", "--unmatched {}", "-o new --summary-json {}", "-o /dev/fd/5 5>> {}", ">> {}")
"""A file that is written."""

NAMES = {"as it is": "{}", "another spelling": "./{}", "absolute": "$PWD/{}", "link": "./link", "hard link": "./hard"}

PAIRS = [
    pytest.param(f"{read} {output.format(name.format(path))}", path, what, id=f"{source}, {output}, {spelling}")
    for number, (source, (read, path, what)) in enumerate(SOURCES.items())
    for shift, output in enumerate(OUTPUTS)
    for spelling, name in [list(NAMES.items())[(number + shift) % len(NAMES)]]
]
"""Each source with each output, and each of them with each spelling (a Latin square): a process is started for each."""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name, content in {"app.log": LINE, "other.log": LINE, "app.toml": TEMPLATES}.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "t.toml").write_bytes(TEMPLATES)
    return tmp_path


def run_shell(command: str, directory: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHON": sys.executable}
    return subprocess.run(
        ["/bin/sh", "-c", f'exec "$PYTHON" -m logmatch parse {command}'],
        cwd=directory, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def snapshot(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("arguments", "path", "what"), PAIRS)
def test_what_is_read_is_never_written(directory: Path, arguments: str, path: str, what: str) -> None:
    os.symlink(path, directory / "link")
    os.link(directory / path, directory / "hard")
    before = snapshot(directory)
    done = run_shell(arguments, directory)
    assert (2, before) == (done.returncode, snapshot(directory)), done.stderr
    assert f"is also {what}" in done.stderr
    assert "  = help: write to another file\n" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        "-o new --unmatched ./new",
        "-o ./new --summary-json new",
        "-o new --summary-json $PWD/new",
        "--unmatched ./new --summary-json $PWD/new",
        "-o old --unmatched ./link",
        "-o link --summary-json hard",
        "--summary-json old > old",
        "--summary-json ./old >> old",
        "-o /dev/stdout --summary-json ./old >> old",
        "-o /dev/fd/5 --unmatched ./link 5>> old",
        "--summary-json -",
        "-o fifo --unmatched ./fifo",
        "-o old 2>> old",
        "-o old 2>> link",
    ],
)
def test_two_outputs_are_two_files(directory: Path, arguments: str) -> None:
    (directory / "old").write_bytes(b"old\n")
    os.symlink("old", directory / "link")
    os.link(directory / "old", directory / "hard")
    os.mkfifo(directory / "fifo")
    done = run_shell(f"app.log -t app.toml {arguments}", directory)
    assert 2 == done.returncode
    assert not (directory / "new").exists()
    kept = (directory / "old").read_bytes()
    if "2>>" in arguments:
        assert b"is also where messages go (stderr)" in kept
        assert kept.startswith(b"old\n")
    else:
        assert "would both go to" in done.stderr
        assert kept == (b"" if "> old" in arguments and ">> old" not in arguments else b"old\n")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("-o /dev/stdout >> old", b"old\n%s"),
        ("-o /dev/fd/5 5>> old", b"old\n%s"),
        ("-o - >> old", b"old\n%s"),
        ("-o old", b"%s"),
        (">> old 2>&1", b"old\n%s"),
        ("-o old --summary-json /dev/null --unmatched /dev/null", b"%s"),
        ("-o old < /dev/null > /dev/null 2> /dev/null", b"%s"),
    ],
)
def test_what_stood_there_stays_where_it_is_appended_to(directory: Path, arguments: str, expected: bytes) -> None:
    (directory / "old").write_bytes(b"old\n")
    done = run_shell(f"app.log -t app.toml --no-summary {arguments}", directory)
    assert 0 == done.returncode, done.stderr
    record = b'{"line":1,"template_id":"all","values":{"x":"%s"}}\n' % LINE.rstrip(b"\n")
    assert expected % record == (directory / "old").read_bytes()


def test_a_usage_error_makes_no_output(directory: Path) -> None:
    for arguments in ("--engine nope", "--max-line 0", "--encoding klingon", "-o app.log", "--unmatched new/x"):
        run_shell(f"app.log -t app.toml -o new {arguments}", directory)
        assert not (directory / "new").exists() or arguments == "--unmatched new/x", arguments
