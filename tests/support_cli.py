"""
What the tests of the command line share: running it, in this process or in one of its own, and reading golden cases.

In this process the three standard descriptors are files while the command runs, not only `sys.stdout` and the others:
logmatch reads and writes descriptors. What needs a terminal, a pipe or a signal needs a process of its own.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import pty
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from unittest import mock

import pytest

import logmatch
from logmatch.commands.app import main

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden"
COMMAND = [sys.executable, "-m", "logmatch"]
PATH_OF_PACKAGE = str(Path(logmatch.__file__).resolve().parent.parent)
"""Where Python finds the logmatch that is under test, for commands that are started."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run of the command left."""

    status: int
    stdout: str
    stderr: str


RunCli = Callable[..., Outcome]


def environment(**changes: str) -> dict[str, str]:
    """The environment of a run: nothing of the caller's that logmatch or rich look at, and then *changes*."""
    outer = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "COVERAGE_PROCESS_CONFIG") if name in os.environ
    }
    return {**outer, "PYTHONPATH": PATH_OF_PACKAGE, "COLUMNS": "100", "TERM": "xterm-256color", **changes}


@contextmanager
def _descriptors(files: Sequence[BinaryIO]) -> Iterator[None]:
    """Have descriptors 0, 1 and 2, and `sys.stdin` and the others, be *files*."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    saved = [os.dup(number) for number in range(3)]
    try:
        for number, file in enumerate(files):
            os.dup2(file.fileno(), number)
        with ExitStack() as stack:
            for number, name in enumerate(("stdin", "stdout", "stderr")):
                raw = open(number, "rb" if number == 0 else "wb", closefd=False)  # noqa: SIM115
                text = io.TextIOWrapper(raw, "utf-8", errors="strict" if name == "stdout" else "backslashreplace")
                stack.callback(text.close)
                stack.enter_context(mock.patch.object(sys, name, text))
            yield
    finally:
        for number, descriptor in enumerate(saved):
            os.dup2(descriptor, number)
            os.close(descriptor)


@pytest.fixture
def run_cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunCli:
    """Run the command in this process, in a directory of its own: `run_cli("parse", …, stdin=b"", env={})`."""

    def run(*arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Outcome:
        with tempfile.TemporaryFile() as in_, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            in_.write(stdin)
            in_.seek(0)
            with monkeypatch.context() as patch, mock.patch.dict(os.environ, environment(**(env or {})), clear=True):
                patch.chdir(tmp_path)
                patch.setattr(sys, "argv", ["logmatch", *arguments])
                with _descriptors((in_, out, err)), pytest.raises(SystemExit) as exited:
                    main()
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode())
        return Outcome(int(exited.value.code or 0), *texts)

    return run


def run_process(
    *arguments: str, cwd: Path, stdin: bytes = b"", env: Mapping[str, str] | None = None, **options: Any
) -> Outcome:
    """Run the command in a process of its own; *options* go to `subprocess.run`."""
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=cwd, input=stdin, env=environment(**(env or {})), timeout=60, check=False, **streams
    )
    return Outcome(done.returncode, (done.stdout or b"").decode(), (done.stderr or b"").decode())


def run_on_terminal(
    *arguments: str, cwd: Path, on: Sequence[str], env: Mapping[str, str] | None = None, **others: Any
) -> tuple[int, str, str]:
    """
    Run the command with the streams *on* ("stdin", …) being a terminal: status, what that got, stdout if a pipe.

    *others* are other streams, as `subprocess` takes them.
    """
    ours, theirs = pty.openpty()
    try:
        streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        streams |= {**others, **dict.fromkeys(on, theirs)}
        process = subprocess.Popen([*COMMAND, *arguments], cwd=cwd, env=environment(**(env or {})), **streams)
        os.close(theirs)
        theirs = -1
        shown = b""
        with suppress(OSError):  # EIO: the terminal has no more users
            while block := os.read(ours, 65536):
                shown += block
        piped = process.communicate(timeout=60)[0] or b""
    finally:
        os.close(ours)
        if theirs >= 0:
            os.close(theirs)
    return process.returncode, shown.decode().replace("\r\n", "\n"), piped.decode()


_NUMBER = r"[0-9][0-9,]*(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?"
_MASKS = (
    (re.compile(rf'("(?:seconds|[a-z_]+_per_second)": ){_NUMBER}'), r"\1N"),
    (re.compile(rf" in {_NUMBER} s: "), " in N s: "),
    (re.compile(rf"{_NUMBER} (lines/s|MB/s)"), r"N \1"),
)


def mask(text: str) -> str:
    """*text* with N in place of times and rates."""
    for pattern, replacement in _MASKS:
        text = pattern.sub(replacement, text)
    return text


# Golden cases


_COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


def compress(kind: str, data: bytes) -> bytes:
    """*data* as a file of the *kind* gz, bz2, xz or zst."""
    if kind == "zst":
        zstandard = pytest.importorskip("zstandard", reason="nothing here writes zst files")
        compressed: bytes = zstandard.compress(data)
        return compressed
    return _COMPRESSORS[kind](data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """
    One run of the command. Texts are compared as a whole.

    In `files`, `stdin` and `written` a text is UTF-8; `\\u0080` to `\\u00ff` in a file named in `latin1` are bytes.
    """

    name: str
    args: list[str]
    files: dict[str, str] = field(default_factory=dict)
    """Path -> text; those that all cases of the file have are added."""
    latin1: list[str] = field(default_factory=list)
    """Files (and "-" for stdin) whose text is encoded in ISO 8859-1."""
    compressed: dict[str, str] = field(default_factory=dict)
    """Files that are compressed, and how."""
    directories: list[str] = field(default_factory=list)
    """Empty directories."""
    stdin: str = ""
    env: dict[str, str] = field(default_factory=dict)
    stdout: str = ""
    stderr: str = ""
    stderr_like: str | None = None
    """A regular expression, where words are typer's own and differ between its versions."""
    status: int = 0
    written: dict[str, str] = field(default_factory=dict)
    """Path -> text of files afterwards."""
    absent: list[str] = field(default_factory=list)
    """Paths that do not exist afterwards."""

    def lay_out(self, directory: Path) -> None:
        """Write the files of the case below *directory*."""
        for name in self.directories:
            (directory / name).mkdir(parents=True)
        for name, text in self.files.items():
            data = text.encode("latin-1" if name in self.latin1 else "utf-8")
            if name in self.compressed:
                data = compress(self.compressed[name], data)
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    @property
    def stdin_bytes(self) -> bytes:
        return self.stdin.encode("latin-1" if "-" in self.latin1 else "utf-8")


def golden_cases() -> list[Any]:
    """The cases of all files below `GOLDEN`, as parameters of a test, named by file and case."""
    parameters = []
    for path in sorted(GOLDEN.glob("*.toml")):
        content = tomllib.loads(path.read_text("utf-8"))
        shared = content.get("files", {})
        for table in content["case"]:
            case = Case(**{**table, "files": {**shared, **table.get("files", {})}})
            parameters.append(pytest.param(case, id=f"{path.stem}-{case.name.replace(' ', '-')}"))
    return parameters
