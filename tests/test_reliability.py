"""What an attack found: each fault is made here, by the command, in all its kinds."""

from __future__ import annotations

import contextlib
import gzip
import json
import lzma
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from support_cli import environment
from support_system import needs_proc

from logmatch.commands import app, terminal
from logmatch.errors import InputError
from logmatch.input.chunk import blocking, read_chunks
from logmatch.input.framing import Buffers, Chunk, Framer
from logmatch.input.resolve import Input
from logmatch.output.record_options import RecordOptions
from logmatch.program import compile_program
from logmatch.run.cores import available_workers
from logmatch.run.worker import PART_BYTES, Spaces, Worker, WorkerSpec
from logmatch.templates.load import templates_from_patterns

LINE = b"user anna in\n"
WAIT = 60
MIB = 1 << 20

each_number_of_workers = pytest.mark.parametrize("workers", ["1", "2"])


def lay_out(directory: Path) -> Path:
    (directory / "t.txt").write_text("user <user:word> in\n")
    (directory / "slow.txt").write_text("q <x:/(a|aa)*b/> <r:rest>\n")
    (directory / "any.txt").write_text("<*>" * 5000 + "\n")
    return directory


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return lay_out(tmp_path)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "logmatch", "parse", "-t", "t.txt", "--no-summary", *arguments]


@contextlib.contextmanager
def started(directory: Path, *arguments: str, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command(*arguments), cwd=directory, env=environment(), stderr=subprocess.PIPE, bufsize=0, **options
    )  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def said_by(process: subprocess.Popen[bytes]) -> str:
    return process.communicate(timeout=WAIT)[1].decode()


# --- files that lose bytes while they are read

SHORTER = "has become shorter while it was read"
WRITTEN_ANEW = "has been written anew while it was read"


def truncate(path: Path) -> None:
    os.truncate(path, 0)


def cut_off(path: Path) -> None:
    os.truncate(path, 5 * MIB)


def refill(path: Path) -> None:
    os.truncate(path, 0)
    with path.open("ab") as file:
        file.write(b"another line, with another text\n" * MIB)


def refill_with_a_hole(path: Path) -> None:
    os.truncate(path, 0)
    os.truncate(path, 40 * MIB)


@each_number_of_workers
@pytest.mark.parametrize("pool", ["threads", "processes"])
@pytest.mark.parametrize("encoding", ["auto", "latin-1"])
@pytest.mark.parametrize(
    ("lose", "messages"),
    [
        (truncate, [SHORTER]),
        (cut_off, [SHORTER]),
        # A worker may still be reading ahead, and see it while it is empty.
        (refill, [WRITTEN_ANEW, SHORTER]),
        (refill_with_a_hole, [WRITTEN_ANEW, SHORTER]),
    ],
)
def test_a_file_that_loses_lines_while_it_is_read_is_an_error(
    directory: Path, workers: str, pool: str, encoding: str, lose: Callable[[Path], None], messages: list[str]
) -> None:
    log = directory / "app.log"
    log.write_bytes(LINE * (20 * MIB // len(LINE)))
    options = ("--workers", workers, "--pool", pool, "--encoding", encoding)
    with started(directory, "app.log", *options, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(MIB)
        lose(log)  # the pipe is full, so the rest has not been read
        threading.Thread(target=process.stdout.read, daemon=True).start()
        said = process.stderr.read().decode()  # type: ignore[union-attr]
        assert any(f"logmatch: app.log: {message}\n" in said for message in messages)
        assert 1 == process.wait(WAIT)


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_a_file_that_was_cut_off_between_two_reads_is_an_error_however_it_is_read(
    tmp_path: Path, compress: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "app.log"
    noise = b"".join(os.urandom(30).hex().encode() + b"\n" for _ in range(20_000))
    path.write_bytes(compress(noise))
    chunks = blocking(read_chunks(Input(str(path)), chunk_size=64 * 1024, max_line=1000))
    next(chunks)
    os.truncate(path, path.stat().st_size - 1)
    with pytest.raises(InputError, match="has become shorter while it was read"):
        list(chunks)


def test_a_file_that_only_grows_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(LINE * 20_000)
    chunks = blocking(read_chunks(Input(str(path)), chunk_size=64 * 1024, max_line=1000))
    count = next(chunks).line_count
    with path.open("ab") as file:
        file.write(LINE * 20_000)
    assert 40_000 == count + sum(chunk.line_count for chunk in chunks)


# --- files whose size says nothing


@needs_proc
@each_number_of_workers
@pytest.mark.parametrize("form", ["name", "stdin", "dash", "with others"])
def test_files_of_proc_are_read(directory: Path, workers: str, form: str) -> None:
    path = Path("/proc/version")
    (directory / "app.log").write_bytes(LINE)
    names = {"name": [str(path)], "stdin": [], "dash": ["-"], "with others": [str(path), "app.log"]}[form]
    with path.open("rb") as stdin:
        done = subprocess.run(
            command(*names, "--workers", workers), cwd=directory, env=environment(), stdin=stdin, capture_output=True
        )
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert (0, b"") == (done.returncode, done.stderr)
    assert [path.read_text().rstrip("\n")] == [record["raw"] for record in records if record["template_id"] is None]


@needs_proc
@each_number_of_workers
def test_a_file_of_proc_has_the_same_lines_by_name_and_as_stdin(directory: Path, workers: str) -> None:
    path = f"/proc/{os.getpid()}/environ"  # that of a process that becomes another cannot be read any more
    records = []
    for way in (f'"$@" {path}', f'"$@" <{path}', f'cat {path} | "$@"'):
        arguments = ["sh", "-c", way, "sh", *command("--workers", workers)]
        done = subprocess.run(arguments, cwd=directory, env=environment(), capture_output=True)
        assert (0, b"") == (done.returncode, done.stderr)
        records.append(done.stdout)
    assert Path(path).read_bytes().count(b"\n") <= records[0].count(b"\n")
    assert records[1:] == records[:1] * 2


# --- descriptors

TOO_MANY_FILES = {
    f"logmatch: {message}\n  = help: raise the limit (ulimit -n); 16 are enough for any command\n"
    for message in (
        "the system opens no more files for this process",
        "app.log: cannot be read: too many open files",
    )
}
"""What is said, by what it was that could not be opened."""


@pytest.mark.skipif(sys.platform != "linux", reason="how many are open at the start differs")
def test_where_no_more_files_may_be_opened_the_run_says_so_or_is_done(directory: Path) -> None:
    (directory / "app.log").write_bytes(LINE * 50_000)
    statuses = []
    for limit in (5, 6, 8, 16):
        limited = ["sh", "-c", f'ulimit -n {limit}; exec "$@"', "sh"]
        arguments = [*limited, *command("app.log", "--workers", "2", "-o", "out")]
        done = subprocess.run(arguments, cwd=directory, env=environment(), capture_output=True, text=True)
        statuses.append(done.returncode)
        assert done.stderr in ({""} if done.returncode == 0 else TOO_MANY_FILES)
    assert (2, 0) == (statuses[0], statuses[-1])
    assert {0, 2} == {*statuses}


def test_few_descriptors_are_enough_for_many_files(directory: Path) -> None:
    logs = directory / "logs"
    logs.mkdir()
    for number in range(300):
        (logs / f"{number:03}.log").write_bytes(LINE * (number % 5))
    limited = ["sh", "-c", 'ulimit -n 20; exec "$@"', "sh"]
    arguments = [*limited, *command("logs", "--workers", "3", "-o", "out")]
    subprocess.run(arguments, cwd=directory, env=environment(), check=True)
    assert 600 == (directory / "out").read_bytes().count(b"\n")


# --- memory


def peak_memory(directory: Path, *arguments: str, log: str) -> int:
    """The most memory in bytes that the command has taken, all processes together."""
    program = (
        "import os, resource, subprocess, sys\n"
        "status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode\n"
        "print(status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *command(*arguments, log)],
        cwd=directory, env=environment(), capture_output=True, text=True, timeout=WAIT,
    )  # fmt: skip
    status, kilobytes = map(int, done.stdout.split())
    assert (0, "") == (status, done.stderr)
    return kilobytes * 1024


@cache
def usual_memory(engine: str) -> int:
    """What a run takes on lines as they usually are."""
    with TemporaryDirectory() as name:
        directory = Path(name)
        lay_out(directory)
        (directory / "plain.log").write_bytes(LINE * 20_000)
        return peak_memory(directory, "--workers", "2", "--pool", "threads", "--engine", engine, log="plain.log")


@pytest.mark.parametrize("engine", ["auto", "portable"])
@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--with-file",),
        ("--raw", "--offsets"),
        ("--unmatched", "./rest"),
        ("-t", "any.txt", "--unmatched", "drop"),
    ],
    ids=" ".join,
)
def test_memory_does_not_depend_on_what_lines_are(directory: Path, engine: str, options: tuple[str, ...]) -> None:
    name = f"{'d' * 200}/{'e' * 200}/app.log"
    (directory / name).parent.mkdir(parents=True)
    fields = "any.txt" in options
    (directory / name).write_bytes(b"\n" * (3_000 if fields else 500_000))
    arguments = (*options, "--workers", "2", "--pool", "threads", "--engine", engine)
    # Two workers: 64 MiB each are promised. Without parts a chunk of empty lines becomes 50 MB, with this name 500.
    assert peak_memory(directory, *arguments, log=name) < usual_memory(engine) + 64 * MIB


@pytest.mark.parametrize("engine", ["portable", "auto"])
@pytest.mark.parametrize("pattern", ["<a:any>", "<*>" * 300])
def test_a_part_is_bounded_in_bytes_of_records(engine: str, pattern: str) -> None:
    program = compile_program(templates_from_patterns([pattern]))
    worker = Worker(WorkerSpec(program, engine, RecordOptions(with_file=True)))
    with_chunks = read_all(b"\n" * 40_000)
    spaces = Spaces()
    lines = 0
    for part in worker.parts(with_chunks, spaces, lambda: False):
        assert len(part.output) <= 2 * PART_BYTES
        lines += part.tally.lines
        spaces.give_back(part.space)
    assert 40_000 == lines


def read_all(data: bytes) -> list[Chunk]:
    framer = Framer("-", MIB, MIB, 0, Buffers())
    return [*framer.feed(data), *framer.end()]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not hold to the limit")
@each_number_of_workers
def test_where_memory_is_limited_the_run_says_so_or_is_done(directory: Path, workers: str) -> None:
    (directory / "app.log").write_bytes(LINE * 500_000)
    for limit in (70, 80, 120):
        limited = ["sh", "-c", f'ulimit -v {limit * 1024}; exec "$@"', "sh"]
        arguments = [*limited, *command("app.log", "--workers", workers, "-o", "out")]
        done = subprocess.run(arguments, cwd=directory, env=environment(), capture_output=True, text=True)
        assert done.returncode in (0, 2), done.stderr
        assert done.returncode == 0 or "memory" in done.stderr
        assert done.returncode == 0 or "use fewer --workers" in done.stderr


# --- signals


@each_number_of_workers
@pytest.mark.parametrize("engine", ["auto", "portable"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_in_the_middle_of_slow_expressions(
    directory: Path, workers: str, engine: str, number: signal.Signals
) -> None:
    (directory / "slow.log").write_bytes(b"q %s! b\n" % (b"a" * 200) * 5000)
    options = ("--workers", workers, "--engine", engine, "-t", "slow.txt", "-o", "out")
    with started(directory, "slow.log", *options) as process:
        until(lambda: (directory / "out").exists())
        process.send_signal(number)
        said = said_by(process)  # `WAIT` is less than the 500 s that the lines take
        assert 128 + number == process.returncode
    assert "logmatch: interrupted; " in said
    assert (directory / "out").read_bytes()[-1:] in (b"", b"\n")


@each_number_of_workers
def test_a_signal_ends_a_run_in_the_middle_of_a_line_without_an_end(directory: Path, workers: str) -> None:
    (directory / "zeros.xz").write_bytes(lzma.compress(bytes(4 * MIB), preset=0) * 1024)
    with started(directory, "zeros.xz", "--workers", workers, "-o", "out") as process:
        until(lambda: (directory / "out").exists())
        process.send_signal(signal.SIGINT)
        assert "logmatch: interrupted; 0 lines are done and written\n" == said_by(process)
        assert 130 == process.returncode


@pytest.fixture(scope="session")
def large_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "app.log"
    path.write_bytes(LINE * 1_000_000)
    return path


@pytest.mark.parametrize("pool", ["threads", "processes"])
@pytest.mark.parametrize(
    ("number", "workers"),
    [
        *((signal.SIGINT, "1"), (signal.SIGINT, "2"), (signal.SIGTERM, "1"), (signal.SIGTERM, "2")),
        *((number, "2") for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)),
    ],
)
def test_after_any_signal_the_output_ends_with_a_whole_record(
    directory: Path, large_log: Path, workers: str, pool: str, number: signal.Signals
) -> None:
    engine = "portable" if pool == "processes" else "auto"
    with started(
        directory, str(large_log), "--workers", workers, "--engine", engine, "--pool", pool, "-o", "out"
    ) as process:
        until(lambda: (directory / "out").exists() and (directory / "out").stat().st_size > 0)
        process.send_signal(number)
        said_by(process)
        assert process.returncode in (128 + number, 0)
    written = (directory / "out").read_bytes()
    assert written.endswith(b"}\n")
    assert written.splitlines()[-1].startswith(b'{"line":%d,' % written.count(b"\n"))


@needs_proc
def test_a_stopped_worker_does_not_outlive_a_parent_that_is_killed(directory: Path) -> None:
    from support_system import children_of

    reader, writer = os.pipe()
    options = ("--workers", "2", "--pool", "processes", "--engine", "portable")
    with started(directory, *options, stdin=reader, stdout=subprocess.PIPE) as process:
        os.close(reader)
        os.write(writer, LINE)
        assert process.stdout is not None
        assert process.stdout.readline()
        for child in children_of(process.pid):
            os.kill(child, signal.SIGSTOP)
        process.kill()
        assert process.stderr is not None
        assert select.select([process.stderr], [], [], WAIT)[0], "a worker holds stderr open"
        assert b"" == process.stderr.read()
        os.close(writer)


@pytest.mark.parametrize("way", [("-m", "logmatch"), ("-c", "import logmatch.__main__ as m; m.main()")])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_an_interrupt_after_our_first_instruction_is_no_traceback(
    directory: Path, way: tuple[str, ...], number: signal.Signals
) -> None:
    # The first import after the handler is set waits at a gate, in which the interrupt comes.
    gate = directory / "gate"
    os.mkfifo(gate)
    package = directory / "site"
    package.mkdir()
    (package / "sitecustomize.py").write_text(
        "import sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'logmatch.commands':\n"
        f"            open({str(gate)!r}).read()\n"
        "sys.meta_path.insert(0, Finder())\n"
    )
    process = subprocess.Popen(
        [sys.executable, *way, "--version"],
        env={**environment(), "PYTHONPATH": str(package)}, stderr=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with gate.open("wb"):  # waits until it is read
        process.send_signal(number)
        assert (b"", b"logmatch: interrupted\n") == process.communicate(timeout=WAIT)
    assert 128 + number == process.returncode


COMMANDS = {
    "learn": ("learn", "{fifo}"),
    "explain": ("explain", "-t", "t.txt", "--file", "{fifo}", "--line", "1"),
    "check": ("check", "t.txt", "--against", "{fifo}"),
    "formats": ("formats", "--detect", "{fifo}"),
    "stats": ("stats", "-t", "t.txt", "{fifo}"),
    "diff": ("diff", "-t", "t.txt", "{fifo}", "any.txt"),
}
"""How each command that reads logs reads the FIFO *fifo*, but `parse` and `bench`, which have something to finish."""


def test_any_command_is_ended_by_a_signal_with_one_line(directory: Path) -> None:
    signals = cycle([signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    processes = {}
    for name, arguments in COMMANDS.items():
        fifo = directory / name
        os.mkfifo(fifo)
        words = [word.format(fifo=fifo) for word in arguments]
        processes[name] = subprocess.Popen(
            [sys.executable, "-m", "logmatch", *words],
            cwd=directory, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
    expected, ended = {}, {}
    for (name, process), number in zip(processes.items(), signals, strict=False):
        with (directory / name).open("wb", buffering=0) as file:  # waits until it is read
            file.write(b"a line\n")
            process.send_signal(number)
            out, err = process.communicate(timeout=WAIT)
        expected[name] = (128 + number, b"", b"logmatch: interrupted\n")
        ended[name] = (process.returncode, out, err)
    assert expected == ended


def test_a_file_that_is_written_over_is_not_left_empty_by_a_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "app.toml"
    path.write_text("old")
    seen = []
    previous = signal.signal(signal.SIGTERM, lambda *_: seen.append(path.read_text()))
    opened = open

    def open_and_signal(*arguments: Any) -> Any:
        file = opened(*arguments)
        signal.raise_signal(signal.SIGTERM)
        return file

    try:
        monkeypatch.setattr(terminal, "open", open_and_signal, raising=False)
        terminal.write_file(str(path), "new")
    finally:
        signal.signal(signal.SIGTERM, previous)
    assert ["new"] == seen


def until(happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# --- inputs


def test_bytes_that_are_wrong_in_an_encoding_are_counted(directory: Path) -> None:
    for encoding, data, expected in (
        ("cp1252", b"a\x81\x8d\nb\x8f", 3),
        ("utf-16-le", "a\n".encode("utf-16-le") + b"\x00\xd8\n\0", 1),
        ("shift_jis", b"a\x81\n\xff\n", 2),
        ("utf-8", b"a\xff\n", 1),
        ("latin-1", bytes(range(256)), 0),
    ):
        (directory / "app.log").write_bytes(data)
        arguments = ("app.log", "--encoding", encoding, "--summary-json", "s.json", "-o", "out")
        subprocess.run(command(*arguments), cwd=directory, env=environment(), check=True)
        written = (directory / "out").read_text("utf-8").count("\N{REPLACEMENT CHARACTER}")
        assert (encoding, expected, expected) == (
            encoding, json.loads((directory / "s.json").read_text())["replaced"], written
        )  # fmt: skip


def test_xz_that_needs_too_much_memory_is_not_called_damaged(directory: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 30}]
    # Only the header says how much it needs, so the file is made with little and its header is that of another.
    compressor = lzma.LZMACompressor(filters=[{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 16}])
    data = bytearray(compressor.compress(LINE) + compressor.flush())
    properties = lzma._encode_filter_properties(filters[0])  # type: ignore[attr-defined]
    header = bytearray(data[12 : 12 + 4 * (data[12] + 1)])
    header[header.index(b"\x21\x01") + 2] = properties[0]
    header[-4:] = __import__("zlib").crc32(bytes(header[:-4])).to_bytes(4, "little")
    data[12 : 12 + len(header)] = header
    (directory / "app.xz").write_bytes(data)
    done = subprocess.run(command("app.xz"), cwd=directory, env=environment(), capture_output=True, text=True)
    assert (
        "logmatch: app.xz: needs more than 512 MiB of memory to decompress\n"
        "  = help: pipe it: xz -dc FILE | logmatch parse -t TEMPLATES\n"
    ) == done.stderr


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_many_empty_members_take_linear_time(tmp_path: Path, kind: str) -> None:
    if kind == "gzip":
        member = gzip.compress(b"")
    else:
        member = pytest.importorskip("zstandard").ZstdCompressor().compress(b"")
    path = tmp_path / "empty"
    seconds = []
    for count in (5_000, 20_000):
        path.write_bytes(member * count)
        begin = time.process_time()
        assert [] == list(blocking(read_chunks(Input(str(path)), chunk_size=MIB, max_line=MIB)))
        seconds.append(time.process_time() - begin)
    assert seconds[1] < 12 * seconds[0] + 0.05


def test_a_long_line_of_a_plain_file_takes_linear_time(tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    seconds = []
    for size in (10 * MIB, 40 * MIB):
        path.write_bytes(b"x" * size)
        begin = time.process_time()
        [line] = blocking(read_chunks(Input(str(path)), chunk_size=MIB, max_line=1 << 30))
        seconds.append(time.process_time() - begin)
        assert size == len(line.data)
    assert seconds[1] < 12 * seconds[0] + 0.05


# --- inputs without an end


@pytest.mark.parametrize(
    "arguments",
    [("parse", "-t", "t.txt", "{}"), *COMMANDS.values()],
    ids=lambda arguments: arguments[0],
)
def test_a_device_without_an_end_is_refused(
    directory: Path, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    link = directory / "app.log"
    link.symlink_to("/dev/zero")
    monkeypatch.chdir(directory)
    monkeypatch.setattr(sys, "argv", ["logmatch", *(word.format(link, fifo=link) for word in arguments)])
    with pytest.raises(SystemExit) as left:
        app.main()
    assert left.value.code in (1, 2)
    hint = "name a file, or pipe a part of it: head -c 1M DEVICE | logmatch ..."
    assert f"{link}: is a device that has no end\n  = help: {hint}\n" in capsys.readouterr().err


@pytest.mark.parametrize("kind", [bytes, gzip.compress])
@pytest.mark.parametrize("through", ["file", "pipe"])
def test_zeros_without_an_end_are_an_error_for_who_must_see_the_end(
    tmp_path: Path, kind: Callable[[bytes], bytes], through: str
) -> None:
    path = tmp_path / "zeros"
    data = b"line\n" + bytes(10 * MIB)
    if through == "file":
        path.write_bytes(kind(data))
    else:
        os.mkfifo(path)
        threading.Thread(target=write_to, args=(path, kind(data)), daemon=True).start()
    chunks = blocking(read_chunks(Input(str(path)), chunk_size=MIB, max_line=100, most_silent=9 * MIB))
    assert [b"line\n"] == [bytes(chunk.data) for chunk in [next(chunks)]]
    with pytest.raises(InputError, match="zeros: holds no line break in 9 MiB"):
        list(chunks)


def test_a_setting_without_an_end_is_refused(directory: Path) -> None:
    with subprocess.Popen(["cat", "/dev/zero"], stdout=subprocess.PIPE) as zeros:
        done = subprocess.run(
            [sys.executable, "-m", "logmatch", "import", "nginx", "-"],
            cwd=directory, env=environment(), stdin=zeros.stdout, capture_output=True, text=True,
        )  # fmt: skip
        zeros.kill()
    assert (2, "") == (done.returncode, done.stdout)
    assert done.stderr == "logmatch: stdin has more than 64 MiB\n  = help: name the file that configures the log\n"


def write_to(file: Path | int, data: bytes) -> None:
    """Write *data* until its reader has enough."""
    with contextlib.suppress(BrokenPipeError), open(file, "wb", buffering=0) as opened:
        opened.write(data)


def test_stdin_that_is_too_much_to_be_kept_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from logmatch.commands import learn

    reader, writer = os.pipe()
    saved = os.dup(0)
    os.dup2(reader, 0)
    os.close(reader)
    threading.Thread(target=write_to, args=(writer, LINE * 4000), daemon=True).start()
    monkeypatch.setattr(learn, "_MOST_KEPT", 20_000)
    monkeypatch.setattr(sys, "argv", ["logmatch", "learn", "-"])
    try:
        with pytest.raises(SystemExit) as left:
            app.main()
    finally:
        os.dup2(saved, 0)
        os.close(saved)
    assert left.value.code in (1, 2)  # 2 where nothing was kept
    assert "logmatch: stdin: cannot be kept to be read again: it has more than 0 gib\n" in capsys.readouterr().err


# --- cores


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 64),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, 64),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"}, 2),
        ({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/cpu.max": "300000 100000\n"}, 3),
        ({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "1000 100000\n"}, 1),
        ({"proc/self/cgroup": "0::/not/here\n", "sys/fs/cgroup/cpu.max": "200000 100000\n"}, 2),
        (
            {
                "proc/self/cgroup": "4:cpu,cpuacct:/docker/x\n",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "250000\n",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            },
            3,
        ),
        (
            {
                "proc/self/cgroup": "4:cpu,cpuacct:/\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            64,
        ),
        ({"proc/self/cgroup": "nonsense", "sys/fs/cgroup/cpu.max": "nonsense"}, 64),
    ],
)
def test_the_quota_of_a_container_counts(
    tmp_path: Path, files: dict[str, str], expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    assert expected == available_workers(tmp_path)


@pytest.mark.parametrize("name", ["parse", "learn", "explain", "check", "formats", "import", "bench", "help"])
def test_a_command_that_gets_no_memory_says_so(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> int:
        raise MemoryError

    monkeypatch.setattr(sys, "argv", ["logmatch", name])
    monkeypatch.setattr("logmatch.commands.app.run_command_line", fails)
    with pytest.raises(SystemExit) as left:
        app.main()
    assert left.value.code == 2
    hint = "raise the limit (ulimit -v, or that of the container), or give it less to read"
    assert capsys.readouterr().err == f"logmatch: the system gives no more memory\n  = help: {hint}\n"
