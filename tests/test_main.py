"""
What a start loads: no module that only other runs need, since each costs a part of the time that a short run takes
(SPEC 7). Modules are compared and no times, which differ from machine to machine. And what lines leave to Python's
garbage collector, which `logmatch.__main__` tells to wait.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Set
from pathlib import Path

import pytest
from support import HAS_KERNEL
from support_cli import environment

from logmatch import engine

TEMPLATES = {
    "app.toml": '[[template]]\nid = "took"\npattern = "took <ms:float> ms"\nmatch = ["took 1 ms"]\n',
    "app.csv": "EventId,EventTemplate\ntook,took <*> ms\n",
    "app.jsonl": '{"id": "took", "pattern": "took <ms:float> ms"}\n',
    "app.txt": "took <ms:float> ms\n",
}

OF_THE_PORTABLE_ENGINE = {
    *("ahocorasick", "regex"),
    *("logmatch.engine.portable.engine", "logmatch.engine.portable.prefilter", "logmatch.engine.portable.expression"),
}
"""What a run with the native engine does not need either, unless a template has a `/regex/` field."""

NEVER = {
    *("rich", "click", "zstandard", "tomllib", "difflib"),
    *("asyncio", "bz2", "concurrent", "ctypes", "gzip", "http", "logging", "lzma", "multiprocessing"),
    *("pdb", "pickle", "pprint", "pydoc", "shutil", "socket", "ssl", "statistics", "tarfile", "tempfile", "zipfile"),
    *(
        "logmatch.bench",
        "logmatch.lint.check",
        "logmatch.commands.check",
        "logmatch.commands.bench",
        "logmatch.commands.manual",
        "logmatch.matcher",
        "logmatch.samples",
        "logmatch.record",
    ),
    *("logmatch.run.threads", "logmatch.run.processes", "logmatch.run.worker_process", "logmatch.run.ipc"),
}
"""What neither `--version` nor the `parse` of one line needs."""

READERS = {"csv": {"app.csv"}, "hashlib": {"app.txt"}, "logmatch.templates.toml_fast": {"app.toml"}}
"""Modules that only the reader of one format needs."""

OURS = {"logmatch", "orjson"}

TYPER = """
import typer
app = typer.Typer(add_completion=True, pretty_exceptions_enable=False, rich_markup_mode=None)
@app.command()
def main(path: str, number: int = 1) -> None:
    pass
app()
"""
"""A command that does nothing: what it imports is the business of typer."""


def loaded(*arguments: str, cwd: Path) -> set[str]:
    """The modules that Python imports when it runs with *arguments*, and the packages that they are in."""
    command = [sys.executable, "-X", "importtime", *arguments]
    done = subprocess.run(
        command, cwd=cwd, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
    )
    stderr = done.stderr.decode()
    assert done.returncode == 0, stderr
    names = [line.rsplit("|", 1)[1].strip() for line in stderr.splitlines() if line.startswith("import time:")]
    return {name.rsplit(".", depth)[0] for name in names for depth in range(name.count(".") + 1)}


def unexpected(modules: set[str], of_typer: set[str], *, needed: Set[str] = frozenset()) -> set[str]:
    """Those of *modules* that are not *needed* for a start."""
    others = {name for name in modules - of_typer if "." not in name} - sys.stdlib_module_names - OURS
    return (others | (modules & (NEVER | OF_THE_PORTABLE_ENGINE)) - of_typer) - needed


@pytest.fixture(scope="module")
def of_typer(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What a command with typer imports in any case."""
    return loaded("-c", TYPER, "path", cwd=tmp_path_factory.mktemp("typer"))


def test_the_version_is_shown_without_what_only_runs_need(tmp_path: Path, of_typer: set[str]) -> None:
    modules = loaded("-m", "logmatch", "--version", cwd=tmp_path)
    assert {"logmatch.commands.app", "logmatch.engine", "typer"} <= modules
    assert set() == unexpected(modules, of_typer)
    assert set() == modules & {
        "logmatch.run.pipeline",
        "logmatch.templates.load",
        "logmatch.templates.pattern",
        "orjson",
    }


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_line_is_parsed_without_what_only_other_runs_need(name: str, tmp_path: Path, of_typer: set[str]) -> None:
    (tmp_path / name).write_text(TEMPLATES[name])
    (tmp_path / "app.log").write_text("took 1.5 ms\n")
    modules = loaded("-m", "logmatch", "parse", "app.log", "-t", name, cwd=tmp_path)
    assert {"logmatch.commands.app", "logmatch.run.pipeline", "logmatch.templates.load", "orjson"} <= modules
    assert set() == unexpected(modules, of_typer, needed=frozenset() if HAS_KERNEL else OF_THE_PORTABLE_ENGINE)
    assert set() == {module for module, files in READERS.items() if module in modules - of_typer and name not in files}


GARBAGE = """
import gc, sys
gc.disable()
from logmatch.commands import app as cli
try:
    cli.main()
except SystemExit:
    sys.stderr.write(str(gc.collect()))
"""
"""Runs the command and tells how many objects only the collector could remove."""


@pytest.mark.parametrize("name", engine.available())
def test_lines_leave_no_garbage_to_be_collected(name: str, tmp_path: Path) -> None:
    (tmp_path / "app.toml").write_text(TEMPLATES["app.toml"] + '[[template]]\nid = "r"\npattern = "<a:/x+/><b>"\n')
    garbage = []
    for lines in (1, 2000):
        (tmp_path / "app.log").write_text("took 1.5 ms\nxxy\nz\n" * lines)
        arguments = ["parse", "app.log", "-t", "app.toml", "-o", "out", "--workers", "1", "--chunk-size", "1K"]
        done = subprocess.run(
            [sys.executable, "-c", GARBAGE, *arguments, "--engine", name],
            cwd=tmp_path,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        garbage.append(int(done.stderr))
    assert garbage[1] < garbage[0] + 100
