"""
The command line as a user sees it: golden runs (`golden/*.toml`), and what only a process of its own can show:
terminals, pipes that close, signals, completion.
"""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import HAS_KERNEL
from support_cli import COMMAND, Case, RunCli, environment, golden_cases, mask, run_cli, run_on_terminal, run_process
from support_system import children_of, needs_full_device

from logmatch import __version__, engine
from logmatch.commands import COMMANDS, load_command
from logmatch.commands.command_line import with_bare_values
from logmatch.commands.main import MAIN
from logmatch.commands.options import Command, Option, declarations, default_of
from logmatch.run.job import DEFAULT_CHUNK_SIZE, DEFAULT_MAX_LINE

__all__ = ["run_cli"]  # a fixture

OPTION = "--fail-on-unmatched"
TEMPLATES = '[[template]]\nid = "took"\npattern = "request <id:int> took <ms:float> ms"\n'
LINE = b"request 7 took 1.5 ms\n"
RECORD = '{"line":1,"template_id":"took","values":{"id":7,"ms":1.5}}\n'

INTERRUPTED = r"logmatch: interrupted; [0-9,]+ lines are done and written( and [0-9,]+ records more)?\n"

PARSE = ("parse", "app.log", "-t", "app.toml")
TO_FILE = (*PARSE, "-o", "out.jsonl")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with templates and a log of one line."""
    (tmp_path / "app.toml").write_text(TEMPLATES)
    (tmp_path / "app.log").write_bytes(LINE)
    return tmp_path


def write_large_log(directory: Path, lines: int = 400_000) -> None:
    (directory / "app.log").write_bytes(LINE * lines)


@contextmanager
def started(*arguments: str, cwd: Path, stdin: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """The command, running; it is killed at the end if it still is."""
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        bufsize=0,  # no line may be left in a buffer of Python's: `communicate` would not give it
        cwd=cwd,
        env=environment(),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def read_until(process: subprocess.Popen[bytes], end: bytes, seconds: float) -> bytes:
    """What stdout gives until it ends with *end*; fails after *seconds*."""
    assert process.stdout is not None
    data = b""
    deadline = time.monotonic() + seconds
    while not data.endswith(end):
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"only {data!r} came within {seconds} s"
        block = os.read(process.stdout.fileno(), 65536)
        assert block, f"stdout has ended with {data!r}"
        data += block
    return data


def line_numbers(records: bytes) -> list[int]:
    """The numbers of *records*, which must be whole."""
    assert records == b"" or records.endswith(b"\n")
    return [json.loads(record)["line"] for record in records.splitlines()]


# Golden runs


@pytest.mark.parametrize("case", golden_cases())
def test_a_golden_run_gives_exactly_what_it_should(case: Case, run_cli: RunCli, tmp_path: Path) -> None:
    case.lay_out(tmp_path)
    outcome = run_cli(*case.args, stdin=case.stdin_bytes, env=case.env)
    if case.stderr_like is None:
        assert case.stderr == mask(outcome.stderr)
    else:
        assert re.fullmatch(case.stderr_like, outcome.stderr), outcome.stderr
    assert case.stdout == mask(outcome.stdout)
    assert case.status == outcome.status
    assert case.written == {name: mask((tmp_path / name).read_text("utf-8")) for name in case.written}
    assert [] == [name for name in case.absent if (tmp_path / name).exists()]


# Version, help, completion


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_is_that_of_the_package_and_names_the_engine(option: str, run_cli: RunCli) -> None:
    used = "native engine" if HAS_KERNEL else "portable engine: the native one was not built"
    assert (0, f"logmatch {__version__} ({used})\n", "") == _plain(run_cli(option))


def test_a_kernel_that_cannot_be_loaded_is_told_from_one_that_was_not_built(
    monkeypatch: pytest.MonkeyPatch, run_cli: RunCli
) -> None:
    monkeypatch.setattr(engine, "why_not_native", lambda: "the native one cannot be loaded: _kernel.so: bad magic")
    said = f"logmatch {__version__} (portable engine: the native one cannot be loaded: _kernel.so: bad magic)\n"
    assert (0, said, "") == _plain(run_cli("--version"))


def _plain(outcome: object) -> tuple[object, ...]:
    return tuple(getattr(outcome, name) for name in ("status", "stdout", "stderr"))


@pytest.mark.parametrize("name", ["", *COMMANDS])
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_describes_every_option(option: str, name: str, run_cli: RunCli) -> None:
    outcome = run_cli(*name.split(), option)
    assert (0, "") == (outcome.status, outcome.stderr)
    command = load_command(name) if name else MAIN
    for _, declared in declarations(command.options):
        shown = declared.switches if isinstance(declared, Option) else declared.metavar
        assert f"  {shown}" in outcome.stdout


@pytest.mark.parametrize("columns", ["20", "40", "64", "80", "200"])
def test_help_fits_the_terminal(columns: str, run_cli: RunCli) -> None:
    shown = run_cli("parse", "-h", env={"COLUMNS": columns}).stdout
    assert [] == [line for line in shown.splitlines() if len(line) >= max(int(columns), 34)]


def test_a_default_in_the_help_is_the_default() -> None:
    for _, declared, default in _with_defaults():
        text = default_of(declared, default)
        if text is not None and declared.read is not None:
            assert default == declared.read(text, declared.name)


def test_a_default_is_that_of_the_library() -> None:
    defaults = {declared.name: default for command, declared, default in _with_defaults() if command.name == "parse"}
    expected = {"--chunk-size": DEFAULT_CHUNK_SIZE, "--max-line": DEFAULT_MAX_LINE, "--encoding": "auto"}
    assert expected == {name: defaults[name] for name in expected}


def _with_defaults() -> list[tuple[Command, Option, object]]:
    commands = [MAIN, *map(load_command, COMMANDS)]
    return [
        (command, declared, each.default)
        for command in commands
        for each, declared in declarations(command.options)
        if isinstance(declared, Option)
    ]


def test_without_a_command_there_is_help(run_cli: RunCli) -> None:
    outcome = run_cli()
    assert 2 == outcome.status
    assert outcome.stderr.startswith("Usage: logmatch [OPTIONS] COMMAND")


@pytest.mark.parametrize(
    ("shell", "first"),
    [
        ("bash", "_logmatch_completion() {"),
        ("zsh", "#compdef logmatch"),
        ("fish", "complete --command logmatch --no-files"),
    ],
)
def test_a_shell_gets_a_script_and_completions(shell: str, first: str, directory: Path) -> None:
    for arguments in (("--show-completion", shell), (f"--show-completion={shell}",)):
        script = run_process(*arguments, cwd=directory)
        assert (0, first, "") == (script.status, script.stdout.splitlines()[0][: len(first)], script.stderr)
    words = {"COMP_WORDS": "logmatch parse --fail", "COMP_CWORD": "2", "_TYPER_COMPLETE_ARGS": "logmatch parse --fail"}
    fish = {"_TYPER_COMPLETE_FISH_ACTION": "get-args", "_TYPER_COMPLETE_WORD_TO_COMPLETE": "--fail"}
    answer = run_process(cwd=directory, env={"_LOGMATCH_COMPLETE": f"complete_{shell}", **words, **fish})
    assert (0, True) == (answer.status, "--fail-on-unmatched" in answer.stdout)


def test_show_completion_writes_the_script_of_the_shell_that_runs(directory: Path) -> None:
    assert "#compdef" in run_process("--show-completion", cwd=directory, env={"SHELL": "/usr/bin/zsh"}).stdout
    outcome = run_process("--show-completion", cwd=directory, env={"SHELL": "/bin/tcsh"})
    assert (
        2,
        "logmatch: --show-completion names no shell, and $SHELL does not help\n"
        "  = help: write --show-completion=bash, zsh or fish\n",
    ) == (outcome.status, outcome.stderr)


@pytest.mark.parametrize(("shell", "file"), [("bash", ".bashrc"), ("zsh", ".zshrc")])
@pytest.mark.parametrize("before", [b"", b"alias ll='ls -l'\n\n\n", b"no line break, \xff \r\n  x  "])
def test_installing_completion_appends_one_line_and_changes_nothing_else(
    shell: str, file: str, before: bytes, directory: Path
) -> None:
    started = directory / file
    started.write_bytes(before)
    for _ in range(2):
        outcome = run_process("--install-completion", shell, cwd=directory, env={"HOME": str(directory)})
        assert (0, "") == (outcome.status, outcome.stderr)
    script = directory / ".local" / "share" / "logmatch" / f"completion.{shell}"
    added = b"" if before.endswith(b"\n") or not before else b"\n"
    assert before + added + f"source '{script}'\n".encode() == started.read_bytes()
    assert run_process("--show-completion", shell, cwd=directory).stdout == script.read_text()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([OPTION], [f"{OPTION}=0"]),
        ([OPTION, "app.log"], [f"{OPTION}=0", "app.log"]),
        ([OPTION, "5"], [f"{OPTION}=5"]),
        ([OPTION, "5%", "app.log"], [f"{OPTION}=5%", "app.log"]),
        ([f"{OPTION}=5", "6"], [f"{OPTION}=5", "6"]),
        (["--", OPTION, "5"], ["--", OPTION, "5"]),
        (["-o", OPTION], ["-o", OPTION]),
        (["-o", "--", OPTION], ["-o", "--", f"{OPTION}=0"]),
        (["-oout", OPTION], ["-oout", f"{OPTION}=0"]),
        (["--output", OPTION, OPTION], ["--output", OPTION, f"{OPTION}=0"]),
        (["--output=x", OPTION], ["--output=x", f"{OPTION}=0"]),
        (["--raw", OPTION], ["--raw", f"{OPTION}=0"]),
        (["a", "-", OPTION], ["a", "-", f"{OPTION}=0"]),
    ],
)
def test_an_option_may_lack_its_value_and_nothing_else_is_taken_for_it(
    arguments: list[str], expected: list[str]
) -> None:
    assert expected == with_bare_values(arguments, load_command("parse"))


# Terminals


def test_without_input_and_with_a_terminal_on_stdin_there_is_short_help(directory: Path) -> None:
    status, shown, piped = run_on_terminal("parse", "-t", "app.toml", cwd=directory, on=["stdin", "stderr"])
    assert (2, "") == (status, piped)
    assert re.fullmatch(
        r"Usage: logmatch parse \[OPTIONS\] .*\n"
        r"Name a log file, or pipe lines into it\. For all options: logmatch parse --help\n",
        shown,
    )


def test_a_summary_is_shown_where_stderr_is_a_terminal(directory: Path) -> None:
    for arguments, on in ((TO_FILE, ["stderr"]), (PARSE, ["stdout", "stderr"])):
        status, shown, _ = run_on_terminal(*arguments, "--no-progress", cwd=directory, on=on)
        assert 0 == status
        assert "1 line in N s: 1 matched (100.0%), 0 unmatched\n" in mask(shown)


@pytest.mark.parametrize("arguments", [PARSE, (*TO_FILE, "--unmatched", "-")])
def test_the_screen_of_a_program_that_reads_the_records_is_left_alone(
    arguments: tuple[str, ...], directory: Path
) -> None:
    status, shown, _ = run_on_terminal(*arguments, cwd=directory, on=["stderr"])
    assert (0, "") == (status, shown)
    _, shown, _ = run_on_terminal(*arguments, "--summary", cwd=directory, on=["stderr"])
    assert "1 line in N s: 1 matched (100.0%), 0 unmatched\n" in mask(shown)


def test_progress_is_shown_where_stderr_is_a_terminal_and_records_go_to_a_file(directory: Path) -> None:
    _, shown, _ = run_on_terminal(*TO_FILE, "--no-summary", cwd=directory, on=["stdout", "stderr"])
    assert "100.0% matched" in shown
    with open(directory / "out.jsonl", "wb") as file:
        _, shown, _ = run_on_terminal(*PARSE, "--no-summary", cwd=directory, on=["stderr"], stdout=file)
    assert "100.0% matched" in shown
    _, shown, _ = run_on_terminal(*PARSE, "--no-summary", cwd=directory, on=["stdout", "stderr"])
    assert RECORD == shown


def test_a_terminal_gets_nothing_that_was_declined(directory: Path) -> None:
    for declined in (("--no-summary", "--no-progress"), ("--quiet",)):
        _, shown, _ = run_on_terminal(*TO_FILE, *declined, cwd=directory, on=["stdout", "stderr"])
        assert "" == shown


def test_progress_is_left_off_a_pipe_unless_asked_for(directory: Path) -> None:
    assert "" == run_process(*TO_FILE, cwd=directory).stderr
    assert "\x1b" not in run_process(*TO_FILE, "--progress", "--summary", cwd=directory).stderr


def test_no_color_leaves_colour_off(directory: Path) -> None:
    asked = (*TO_FILE, "--progress", "--summary")
    _, coloured, _ = run_on_terminal(*asked, cwd=directory, on=["stderr"])
    _, plain, _ = run_on_terminal(*asked, cwd=directory, on=["stderr"], env={"NO_COLOR": "1"})
    colour = re.compile(r"\x1b\[[0-9;]*(?:3[0-7]|38;[0-9;]+|9[0-7])m")
    assert colour.search(coloured)
    assert None is colour.search(plain)


def test_a_dumb_terminal_gets_no_control_sequences(directory: Path) -> None:
    asked = (*TO_FILE, "--progress", "--summary")
    _, shown, _ = run_on_terminal(*asked, cwd=directory, on=["stderr"], env={"TERM": "dumb"})
    assert "1 line in N s: 1 matched (100.0%), 0 unmatched\n" in mask(shown)
    assert "\x1b" not in shown


# Pipes


def test_records_come_while_a_live_pipe_goes_on(directory: Path) -> None:
    (read_end, write_end) = os.pipe()
    arguments = ("parse", "-t", "app.toml", "--workers", "2")
    with started(*arguments, cwd=directory, stdin=read_end) as process:
        os.close(read_end)
        try:
            for number in range(1, 4):
                os.write(write_end, LINE[:9])
                os.write(write_end, LINE[9:])
                assert [number] == line_numbers(read_until(process, b"\n", seconds=10))
        finally:
            os.close(write_end)
        stdout, stderr = process.communicate(timeout=30)
        assert (0, b"", b"") == (process.returncode, stdout, stderr)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_output_pipe_that_closes_ends_the_run_quietly(workers: str, directory: Path) -> None:
    write_large_log(directory)
    with started(*PARSE, "--workers", workers, cwd=directory) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert RECORD.encode() == process.stdout.readline()
        process.stdout.close()
        assert b"" == process.stderr.read()
        assert 0 == process.wait(30)


def test_a_summary_does_not_mind_a_pipe_that_closes(directory: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        outcome = run_process(*TO_FILE, "--summary-json", "-", cwd=directory, stdout=write_end)
    finally:
        os.close(write_end)
    assert (0, "") == (outcome.status, outcome.stderr)


@needs_full_device
def test_a_full_disk_under_stdout_is_an_error(directory: Path) -> None:
    with open("/dev/full", "wb") as full:
        outcome = run_process(*PARSE, cwd=directory, stdout=full)
    assert (
        "logmatch: cannot write to stdout: no space left on device\n"
        "  = help: make room there, or write to another file\n"
    ) == outcome.stderr
    assert 2 == outcome.status


@needs_full_device
@pytest.mark.parametrize("arguments", [("--help",), ("check", "app.toml", "--json"), (*TO_FILE, "--summary-json", "-")])
def test_whatever_goes_to_a_full_disk_is_an_error(arguments: tuple[str, ...], directory: Path) -> None:
    with open("/dev/full", "wb") as full:
        outcome = run_process(*arguments, cwd=directory, stdout=full)
    assert (2, "logmatch: cannot write to stdout: no space left on device\n") == (outcome.status, outcome.stderr)


# Signals


@pytest.mark.parametrize("pool", ["threads", "processes"])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_interrupt_leaves_whole_records_and_no_child(workers: str, pool: str, directory: Path) -> None:
    write_large_log(directory, 2_000_000)
    with started(*PARSE, "--workers", workers, "--pool", pool, cwd=directory) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        workers_of = children_of(process.pid)
        assert (0 if workers == "1" or pool == "threads" else 2) == len(workers_of)
        process.send_signal(signal.SIGINT)
        rest, stderr = process.communicate(timeout=30)
        numbers = line_numbers(first + rest)
        assert list(range(1, len(numbers) + 1)) == numbers
        assert 0 < len(numbers) < 2_000_000
        assert re.fullmatch(INTERRUPTED, stderr.decode())
        assert 130 == process.returncode
        assert [] == [child for child in workers_of if is_alive(child)]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_interrupt_behind_a_live_pipe_counts_what_was_written(workers: str, directory: Path) -> None:
    read_end, write_end = os.pipe()
    with started("parse", "-t", "app.toml", "--workers", workers, cwd=directory, stdin=read_end) as process:
        os.close(read_end)
        try:
            os.write(write_end, LINE + b"half a li")
            assert RECORD.encode() == read_until(process, b"\n", seconds=10)
            workers_of = children_of(process.pid)
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=30)
        finally:
            os.close(write_end)
    assert b"" == stdout
    assert b"logmatch: interrupted; 1 line is done and written\n" == stderr
    assert 130 == process.returncode
    assert [] == [child for child in workers_of if is_alive(child)]


def test_a_worker_that_is_killed_is_an_error_with_its_place(directory: Path) -> None:
    write_large_log(directory, 2_000_000)
    with started(*PARSE, "--workers", "2", "--pool", "processes", cwd=directory) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        workers = children_of(process.pid)
        os.kill(workers[0], signal.SIGKILL)
        rest, stderr = process.communicate(timeout=60)
    numbers = line_numbers(first + rest)
    assert list(range(1, len(numbers) + 1)) == numbers
    beyond = len(numbers) + 1
    assert re.fullmatch(
        rf"logmatch: app\.log:{beyond}: a worker process was killed by SIGKILL; "
        rf"lines {beyond} to [0-9]+ were not done, nor what follows\n"
        r"  = help: the system may have run out of memory: use fewer --workers or a smaller --chunk-size\n",
        stderr.decode(),
    )
    assert 2 == process.returncode
    assert not is_alive(workers[1])


# Bench


def test_bench_as_json_has_its_figures(directory: Path) -> None:
    (directory / "app.log").write_bytes(LINE * 50)
    outcome = run_process("bench", "app.log", "-t", "app.toml", "--workers", "1", "--json", cwd=directory)
    reason = f": {engine.why_not_native()}" if engine.why_not_native() else ""
    assert (0, f"logmatch: {engine.default_name()} engine{reason}\n") == (outcome.status, outcome.stderr)
    report = json.loads(outcome.stdout)
    assert {"lines": 50, "bytes": 50 * len(LINE), "templates": 1} == {
        name: report["corpus"][name] for name in ("lines", "bytes", "templates")
    }
    measured = {"lines_per_second", "megabytes_in_per_second", "megabytes_out_per_second", "peak_parent_bytes"}
    for measurement in (*report["workers"], *report["engines"]):
        assert set() == measured - {name for name in measured if measurement.get(name, 0) > 0}
        assert 1.0 == measurement["matched_share"]
    assert {"portable", "reference"} <= {measurement["name"] for measurement in report["engines"]}
    assert report["plain_loop"]["lines_per_second"] > 0
