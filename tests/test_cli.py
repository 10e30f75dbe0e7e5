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

__all__ = ["run_cli"]  # a fixture

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


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize(
    ("command", "described"),
    [
        ((), {"parse", "check", "bench", "--version"}),
        (
            ("parse",),
            {
                *("--templates", "--output", "--workers", "--unmatched", "--fail-on-unmatched", "--header"),
                *("--with-file", "--raw", "--offsets", "--max-line", "--encoding", "--chunk-size", "--line-buffered"),
                *("--progress", "--no-progress", "--summary", "--no-summary", "--summary-json", "--engine"),
            },
        ),
        (("check",), {"--header", "--json"}),
        (
            ("bench",),
            {
                *("--templates", "--workers", "--engine", "--header", "--json"),
                *("--markdown", "--scaling", "--no-scaling"),
            },
        ),
    ],
)
def test_help_describes_every_option(
    command: tuple[str, ...], described: set[str], option: str, run_cli: RunCli
) -> None:
    outcome = run_cli(*command, option)
    assert (0, "") == (outcome.status, outcome.stderr)
    assert set() == described - set(re.findall(r"[\w-]+", outcome.stdout))


@pytest.mark.parametrize("command", ["parse", "check", "bench"])
def test_every_option_has_a_variable_of_its_name(command: str, run_cli: RunCli) -> None:
    described = " ".join(run_cli(command, "-h").stdout.split())
    options = set(re.findall(r"(?<![\w-])--([a-z-]+)", described)) - {"help"}
    options = {name for name in options if not (name.startswith("no-") and name[3:] in options)}
    variables = {name.lower().replace("_", "-") for name in re.findall(r"LOGMATCH_([A-Z_]+)", described)}
    assert options == variables


def test_without_a_command_there_is_help(run_cli: RunCli) -> None:
    outcome = run_cli()
    assert 2 == outcome.status
    assert (outcome.stdout + outcome.stderr).startswith("Usage: logmatch [OPTIONS] COMMAND")


@pytest.mark.parametrize(
    ("shell", "first"),
    [
        ("bash", "_logmatch_completion() {"),
        ("zsh", "#compdef logmatch"),
        ("fish", "complete --command logmatch --no-files"),
    ],
)
def test_a_shell_gets_a_script_and_completions(shell: str, first: str, directory: Path) -> None:
    script = run_process(cwd=directory, env={"_LOGMATCH_COMPLETE": f"source_{shell}"})
    assert (0, first) == (script.status, script.stdout.lstrip().splitlines()[0][: len(first)])
    words = {"COMP_WORDS": "logmatch parse --fail", "COMP_CWORD": "2", "_TYPER_COMPLETE_ARGS": "logmatch parse --fail"}
    fish = {"_TYPER_COMPLETE_FISH_ACTION": "get-args", "_TYPER_COMPLETE_WORD_TO_COMPLETE": "--fail"}
    answer = run_process(cwd=directory, env={"_LOGMATCH_COMPLETE": f"complete_{shell}", **words, **fish})
    assert (0, True) == (answer.status, "--fail-on-unmatched" in answer.stdout)


def test_show_completion_writes_the_script_of_the_shell(directory: Path) -> None:
    asked = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}  # else the shell that runs the tests is looked for
    outcome = run_process("--show-completion", "zsh", cwd=directory, env=asked)
    assert (0, True) == (outcome.status, "#compdef logmatch" in outcome.stdout)


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
    status, shown, piped = run_on_terminal(*PARSE, "--no-progress", cwd=directory, on=["stderr"])
    assert (0, RECORD) == (status, piped)
    assert "1 line in N s: 1 matched (100.0%), 0 unmatched\n" in mask(shown)


def test_progress_is_shown_where_stderr_is_a_terminal_and_records_go_elsewhere(directory: Path) -> None:
    _, shown, _ = run_on_terminal(*TO_FILE, "--no-summary", cwd=directory, on=["stdout", "stderr"])
    assert "100.0% matched" in shown
    _, shown, _ = run_on_terminal(*PARSE, "--no-summary", cwd=directory, on=["stdout", "stderr"])
    assert RECORD == shown


def test_a_terminal_gets_nothing_that_was_declined(directory: Path) -> None:
    _, shown, _ = run_on_terminal(*TO_FILE, "--no-summary", "--no-progress", cwd=directory, on=["stdout", "stderr"])
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


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_interrupt_leaves_whole_records_and_no_child(workers: str, directory: Path) -> None:
    write_large_log(directory, 2_000_000)
    with started(*PARSE, "--workers", workers, cwd=directory) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        workers_of = children_of(process.pid)
        assert (0 if workers == "1" else 2) == len(workers_of)
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
    with started(*PARSE, "--workers", "2", cwd=directory) as process:
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
