"""`logmatch.run.pipeline`: the same bytes with any number of workers, and a good end whatever happens."""

from __future__ import annotations

import errno
import json
import multiprocessing.process
import os
import pickle
import resource
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from support import ENGINES
from support_system import children_of, needs_full_device, open_descriptors

from logmatch.errors import InputError, LogmatchError, OutputError, UsageError, WorkerError
from logmatch.input.framing import Chunk
from logmatch.input.resolve import Input
from logmatch.input.stream import Source
from logmatch.output.record_options import RecordOptions
from logmatch.program import Program, compile_program
from logmatch.run import pipeline, processes, worker_process
from logmatch.run.job import Job, Pool, Unmatched, UnmatchedFile, parse_unmatched
from logmatch.run.pipeline import Outcome, run
from logmatch.run.tally import Tally
from logmatch.run.worker import Spaces, Worker, WorkerSpec
from logmatch.templates.pattern import parse_pattern
from logmatch.templates.template import Template

PATTERNS = {"numbered": "line <n:int> of <what:any>", "said": "<who:word> said <text:quoted>"}

WAIT = 60  # seconds after which a test fails that waits for a process

LINES = b"".join(
    line
    for number in range(60)
    for line in (
        b"line %d of a file\n" % number,
        b"nobody knows \xff\xfe\n" + b"\n" * (number % 3),
        b'she said "%s" \r\n' % (b"x" * number),
        b"y" * 300 + b"\n" if number % 20 == 0 else b"",
    )
)


def program() -> Program:
    return compile_program([Template(id_, parse_pattern(text)) for id_, text in PATTERNS.items()])


each_pool = pytest.mark.parametrize("pool", [Pool.THREADS, Pool.PROCESSES], ids=lambda pool: pool.value)


def job(inputs: Sequence[Path | str], output: Path | str, **options: Any) -> Job:
    """A small job."""
    settings: dict[str, Any] = {"engine": "reference", "max_line": 200, "chunk_size": 100, **options}
    sizes = [os.stat(name).st_size if os.path.isfile(name) else None for name in inputs]
    sources = tuple(Input(str(name), size) for name, size in zip(inputs, sizes, strict=True))
    return Job(program=program(), inputs=sources, output=str(output), **settings)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_bytes(LINES)
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    # What an earlier test left is its failure alone.
    children, descriptors, handlers = {*children_of(os.getpid())}, open_descriptors(), handlers_now()
    running = {*threading.enumerate()}
    yield
    assert set() == {*children_of(os.getpid())} - children
    assert set() == {*threading.enumerate()} - running
    assert descriptors == open_descriptors()
    assert handlers == handlers_now()


def handlers_now() -> list[object]:
    wakeup = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(wakeup)
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    return [signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM), wakeup, blocked]


@pytest.fixture(scope="session", autouse=True)
def _resource_tracker() -> None:
    """Start what `multiprocessing` starts once and leaves: it holds a file descriptor."""
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()


def counts(tally: Tally) -> tuple[object, ...]:
    return (tally.lines, tally.matched, tally.too_long, tally.replaced, tally.bytes_in, tally.bytes_out,
            sorted(tally.by_template.to_dict().items()))  # fmt: skip


@pytest.fixture
def expected(log: Path, tmp_path: Path) -> tuple[bytes, tuple[object, ...]]:
    """What one worker makes of `LINES` in one chunk."""
    path = tmp_path / "expected.jsonl"
    outcome = run(job([log], path, chunk_size=1 << 20))
    assert LINES.count(b"\n") == outcome.tally.lines == path.read_bytes().count(b"\n")
    assert (120, 3) == (outcome.tally.matched, outcome.tally.too_long)
    return path.read_bytes(), counts(outcome.tally)


# --- the same bytes


@each_pool
@pytest.mark.parametrize("chunk_size", [1, 7, 64, 1000, 1 << 20])
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_chunks_and_workers_do_not_show(
    log: Path, out: Path, expected: tuple[bytes, tuple[object, ...]], workers: int, chunk_size: int, pool: Pool
) -> None:
    small = job([log], out, workers=workers, pool=pool, chunk_size=chunk_size)
    outcome = run(small)
    assert expected == (out.read_bytes(), counts(outcome.tally))
    assert (small.effective_workers, "reference", None, (), 0) == (
        outcome.workers,
        outcome.engine,
        outcome.interrupted_by,
        outcome.input_errors,
        outcome.partial_records,
    )


@pytest.mark.parametrize("start_method", ["fork", "spawn"])
def test_start_methods_do_not_show(
    log: Path, out: Path, expected: tuple[bytes, tuple[object, ...]], start_method: str
) -> None:
    outcome = run(job([log], out, workers=2, start_method=start_method, pool=Pool.PROCESSES))
    assert expected == (out.read_bytes(), counts(outcome.tally))


@each_pool
@pytest.mark.parametrize("workers", [1, 3])
def test_chunks_larger_than_what_a_connection_holds(tmp_path: Path, out: Path, workers: int, pool: Pool) -> None:
    log = tmp_path / "large.log"
    log.write_bytes(b"".join(b"line %d of many\n" % number for number in range(20_000)))
    run(job([log], out, workers=workers, pool=pool, chunk_size=150_000))
    assert b"".join(
        b'{"line":%d,"template_id":"numbered","values":{"n":%d,"what":"many"}}\n' % (number + 1, number)
        for number in range(20_000)
    ) == out.read_bytes()  # fmt: skip


@each_pool
@pytest.mark.parametrize("workers", [1, 2])
def test_inputs_follow_each_other(tmp_path: Path, out: Path, workers: int, pool: Pool) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).write_bytes(f"line 1 of {name}\nline 2 of {name}".encode())
    names = [os.path.relpath(tmp_path / name) for name in ("a", "b", "c")]
    run(job(names, out, workers=workers, pool=pool, chunk_size=1, record_options=RecordOptions(with_file=True)))
    records = [json.loads(line) for line in out.read_bytes().splitlines()]
    assert [(name, line, f"{name[-1]}") for name in names for line in (1, 2)] == [
        (record["file"], record["line"], record["values"]["what"]) for record in records
    ]


@each_pool
@pytest.mark.parametrize("workers", [1, 2])
def test_unmatched_lines_go_where_they_should(log: Path, out: Path, tmp_path: Path, workers: int, pool: Pool) -> None:
    apart = tmp_path / "unmatched.jsonl"
    inline = run(job([log], out, workers=workers, pool=pool))
    both = out.read_bytes().splitlines(keepends=True)
    unmatched = [record for record in both if b'"template_id":null' in record]

    dropped = run(job([log], out, workers=workers, pool=pool, unmatched=Unmatched.DROP))
    assert [record for record in both if record not in unmatched] == out.read_bytes().splitlines(keepends=True)
    assert out.stat().st_size == dropped.tally.bytes_out

    to_file = run(job([log], out, workers=workers, pool=pool, unmatched=UnmatchedFile(str(apart))))
    assert [record for record in both if record not in unmatched] == out.read_bytes().splitlines(keepends=True)
    assert unmatched == apart.read_bytes().splitlines(keepends=True)
    assert counts(inline.tally)[:3] == counts(dropped.tally)[:3]
    assert counts(inline.tally)[:5] == counts(to_file.tally)[:5]


def test_the_listener_hears_of_each_chunk_and_each_error(log: Path, out: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int, int] | str] = []

    class Observer:
        def progress(self, tally: Tally, position: int, file_index: int) -> None:
            seen.append((tally.lines, position, file_index))

        def input_failed(self, error: InputError) -> None:
            seen.append(str(error))

    missing = tmp_path / "missing"
    two = tmp_path / "two.log"
    two.write_bytes(b"line 1 of two\nline 2 of two\n")
    outcome = run(job([two, missing, two], out, chunk_size=14), listener=Observer())
    assert [(1, 14, 0), (2, 28, 0), f"{missing}: no such file", (3, 14, 2), (4, 28, 2)] == seen
    assert [f"{missing}: no such file"] == [str(error) for error in outcome.input_errors]


@pytest.mark.parametrize("workers", [1, 2])
def test_what_was_read_of_a_damaged_input_is_written(tmp_path: Path, out: Path, workers: int) -> None:
    import gzip

    damaged, good = tmp_path / "damaged.gz", tmp_path / "good.log"
    damaged.write_bytes(gzip.compress(b"line 1 of damaged\nline 2 of damaged\n")[:-8])
    good.write_bytes(b"line 3 of good\n")
    outcome = run(job([damaged, good], out, workers=workers))
    assert [1, 2, 3] == [json.loads(line)["values"]["n"] for line in out.read_bytes().splitlines()]
    assert 1 == len(outcome.input_errors)


def test_small_inputs_get_few_workers(log: Path, out: Path) -> None:
    with_size = Input(str(log), 100)
    small = Job(program=program(), inputs=(with_size,), workers=8)
    assert (1, 2) == (
        small.effective_workers,
        Job(program=program(), inputs=(with_size,) * 2, workers=8).effective_workers,
    )
    assert 8 == Job(program=program(), inputs=(with_size, Input("-")), workers=8).effective_workers
    assert 8 == Job(program=program(), inputs=(Input("x", 1 << 20),), workers=8).effective_workers


@pytest.mark.skipif("native" not in ENGINES, reason="the native engine was not built")
@pytest.mark.parametrize(
    ("patterns", "engine", "expected"),
    [
        (("a <n:int>", "b <n:int>"), "native", Pool.THREADS),
        (("a <n:int>", "b <n:int>"), "portable", Pool.PROCESSES),
        (("a <n:int>", "b <n:/[0-9]+/>"), "native", Pool.THREADS),
        (("a <n:int>", "b <n:/[0-9]+/>", "c <n:/[0-9]+/>"), "native", Pool.PROCESSES),
        ((), "native", Pool.THREADS),
    ],
)
def test_workers_are_threads_unless_most_of_the_work_needs_the_gil(
    patterns: tuple[str, ...], engine: str, expected: Pool
) -> None:
    program = compile_program([Template(f"t{n}", parse_pattern(text)) for n, text in enumerate(patterns)])
    assert expected is Job(program=program, inputs=(), engine=engine).effective_pool


def test_a_small_file_is_split_for_all_workers() -> None:
    two = Job(program=program(), inputs=(), workers=2)
    sizes = [100, 1 << 20, 1 << 30, None]
    assert [65536, 1 << 17, two.chunk_size, two.chunk_size] == [two.chunk_size_of(Input("x", size)) for size in sizes]


@pytest.mark.parametrize(
    "options", [{"workers": 0}, {"chunk_size": 0}, {"max_line": 0}, {"encoding": "klingon"}, {"output": ""},
                {"unmatched": UnmatchedFile("")}, {"unmatched": UnmatchedFile("-")}]
)  # fmt: skip
def test_a_job_that_makes_no_sense_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Job(program=program(), inputs=(), **options)


def test_what_becomes_of_unmatched_lines_is_parsed() -> None:
    assert [Unmatched.INLINE, Unmatched.DROP, UnmatchedFile("./drop")] == [
        parse_unmatched(text) for text in ("inline", "drop", "./drop")
    ]


@each_pool
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
def test_workers_do_not_show_where_lines_are_of_another_encoding(
    tmp_path: Path, out: Path, pool: Pool, encoding: str
) -> None:
    log = tmp_path / "wide.log"
    text = "".join(f"line {number} of \N{GREEK SMALL LETTER ALPHA}\n" for number in range(300))
    wrong = b"\x00\xd8\x00\xd8" if encoding != "utf-16-be" else b"\xd8\x00\xd8\x00"  # halves of nothing
    data = text.encode(encoding)
    log.write_bytes(data[:4000] + wrong + data[4000:])
    settings = {"encoding": "auto" if encoding != "utf-16-be" else encoding, "chunk_size": 500, "pool": pool}
    one = run(job([log], out, workers=1, **settings))
    records = out.read_bytes()
    assert 300 <= records.count(b"\n") == one.tally.lines
    assert 0 < one.tally.replaced == records.decode().count("\N{REPLACEMENT CHARACTER}")
    for workers in (2, 3):
        outcome = run(job([log], out, workers=workers, **settings))
        assert (records, counts(one.tally)) == (out.read_bytes(), counts(outcome.tally))


# --- what goes wrong


class FaultyWorker(Worker):
    """Does what a line says: "crash" dies, "bug" raises, "refuse" raises an error of ours."""

    def _do(self, part: Any, chunk: Chunk, piece: Any, first_line: int, offset: int) -> int:
        if b"crash" in bytes(piece):
            os.kill(os.getpid(), signal.SIGKILL)
        if b"bug" in bytes(piece):
            raise ZeroDivisionError("a bug")
        if b"refuse" in bytes(piece):
            raise UsageError("no", hint="do not")
        return super()._do(part, chunk, piece, first_line, offset)


@pytest.fixture
def faulty_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (pipeline, processes):
        monkeypatch.setattr(module, "Worker", FaultyWorker)  # reaches forked processes


def log_with(what: bytes, path: Path) -> Path:
    path.write_bytes(b"".join(b"line %03d of it\n" % n if n != 50 else what.ljust(14) + b"\n" for n in range(1, 101)))
    return path


@pytest.mark.parametrize(
    ("what", "workers", "message"),
    [
        *(
            (
                b"bug",
                workers,
                "{log}:49: a worker failed with ZeroDivisionError: a bug (test_pipeline.py:NNN); "
                "lines 49 to 50 were not done, nor what follows\n"
                "  = help: please report this as a bug of logmatch, with these lines; "
                "another --engine may get over them",
            )
            for workers in (1, 3)
        ),
        *((b"refuse", workers, "no\n  = help: do not") for workers in (1, 3)),
    ],
)
@pytest.mark.usefixtures("faulty_worker")
@each_pool
def test_all_before_a_worker_that_fails_is_written(
    tmp_path: Path, out: Path, what: bytes, workers: int, message: str, pool: Pool
) -> None:
    log = log_with(what, tmp_path / "app.log")
    with pytest.raises(LogmatchError) as caught:
        run(job([log], out, workers=workers, pool=pool, chunk_size=30))
    line = FaultyWorker._do.__code__.co_firstlineno + 4
    assert message.format(log=log).replace("NNN", str(line)) == str(caught.value)
    assert list(range(1, 49)) == [json.loads(record)["line"] for record in out.read_bytes().splitlines()]


@pytest.mark.usefixtures("faulty_worker")
def test_all_before_what_a_killed_worker_held_is_written(tmp_path: Path, out: Path) -> None:
    log = log_with(b"crash", tmp_path / "app.log")
    with pytest.raises(WorkerError) as caught:
        run(job([log], out, workers=3, chunk_size=30, pool=Pool.PROCESSES))
    assert list(range(1, 49)) == [json.loads(record)["line"] for record in out.read_bytes().splitlines()]
    assert (
        f"{log}:49: a worker process was killed by SIGKILL; lines 49 to 50 were not done, nor what follows\n"
        "  = help: the system may have run out of memory: use fewer --workers or a smaller --chunk-size"
    ) == str(caught.value)


@pytest.mark.usefixtures("faulty_worker")
@each_pool
@pytest.mark.parametrize("what", [b"bug", b"crash"])
def test_what_another_appends_is_kept_when_a_worker_fails(tmp_path: Path, out: Path, pool: Pool, what: bytes) -> None:
    if (what, pool) == (b"crash", Pool.THREADS):
        return  # it takes the whole process along
    log = log_with(what, tmp_path / "app.log")
    out.write_bytes(b"")
    saved, ours, other = os.dup(1), os.open(out, os.O_WRONLY | os.O_APPEND), os.open(out, os.O_WRONLY | os.O_APPEND)
    ended = threading.Event()
    appended = []

    def append() -> None:
        while not ended.is_set():
            appended.append(os.write(other, b"of another\n"))

    thread = threading.Thread(target=append)
    try:
        os.dup2(ours, 1)
        thread.start()
        with pytest.raises(WorkerError):
            run(job([log], "-", workers=3, chunk_size=30, pool=pool))
    finally:
        os.dup2(saved, 1)
        ended.set()
        thread.join()
        for descriptor in (saved, ours, other):
            os.close(descriptor)
    lines = out.read_bytes().splitlines()
    assert len(appended) == lines.count(b"of another")
    assert list(range(1, 49)) == [json.loads(line)["line"] for line in lines if line != b"of another"]


def test_a_worker_that_cannot_begin_is_an_error(log: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(spec: WorkerSpec) -> Worker:
        raise UsageError("no", hint="do not")

    # The process makes it, as one that was not forked does.
    monkeypatch.setattr(processes, "Worker", lambda spec: spec)
    monkeypatch.setattr(worker_process, "Worker", refuse)
    with pytest.raises(UsageError, match="no"):
        run(job([log], out, workers=2, pool=Pool.PROCESSES))


@each_pool
@pytest.mark.parametrize("workers", [1, 3])
def test_a_file_that_cannot_be_read_to_its_end_is_left_there(
    tmp_path: Path, out: Path, workers: int, monkeypatch: pytest.MonkeyPatch, pool: Pool
) -> None:
    read_into = Source.read_into

    def failing(source: Source, space: memoryview) -> int:
        if source.position >= 750:
            raise InputError(f"{source.name}: bad luck")
        return read_into(source, space)

    monkeypatch.setattr(Source, "read_into", failing)
    long, short = tmp_path / "long.log", tmp_path / "short.log"
    long.write_bytes(b"".join(b"line %03d of it\n" % n for n in range(1, 101)))
    short.write_bytes(b"line 7 of another\n")
    outcome = run(job([long, short], out, workers=workers, chunk_size=75, pool=pool))
    assert [*range(1, 51), 7] == [json.loads(record)["values"]["n"] for record in out.read_bytes().splitlines()]
    assert [*range(1, 51), 1] == [json.loads(record)["line"] for record in out.read_bytes().splitlines()]
    assert [f"{long}: bad luck"] == [str(error) for error in outcome.input_errors]
    assert 51 == outcome.tally.lines


@each_pool
@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_added_to_a_file_meanwhile_is_read_too(tmp_path: Path, out: Path, workers: int, pool: Pool) -> None:
    log = tmp_path / "growing.log"
    log.write_bytes(b"".join(b"line %03d of it\n" % n for n in range(1, 101)) + b"line 101")

    class Observer:
        """Writes when it first hears of progress."""

        def __init__(self) -> None:
            self.heard = False

        def progress(self, tally: Tally, position: int, file_index: int) -> None:
            if not self.heard:
                self.heard = True
                with log.open("ab") as file:
                    file.write(b" of it\nline 102 of it\n")

        def input_failed(self, error: InputError) -> None:
            raise AssertionError(str(error))

    run(job([log], out, workers=workers, pool=pool, chunk_size=70), listener=Observer())
    assert list(range(1, 103)) == [json.loads(record)["values"]["n"] for record in out.read_bytes().splitlines()]


@each_pool
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("appends", [False, True])
def test_a_file_that_is_stdout_is_written_from_where_it_is(
    tmp_path: Path, out: Path, workers: int, appends: bool, monkeypatch: pytest.MonkeyPatch, pool: Pool
) -> None:
    log = tmp_path / "app.log"
    records = numbered_lines(log, 100)
    out.write_bytes(b"something before\n")
    flags = os.O_WRONLY | (os.O_APPEND if appends else 0)
    saved, file = os.dup(1), os.open(out, flags)
    try:
        if not appends:
            os.lseek(file, 0, os.SEEK_END)
        os.dup2(file, 1)
        run(job([log], "-", workers=workers, pool=pool))
        os.write(1, b"something behind\n")
    finally:
        os.dup2(saved, 1)
        os.close(saved)
        os.close(file)
    assert b"something before\n" + records + b"something behind\n" == out.read_bytes()


@each_pool
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("start", [0, 300])
def test_stdin_may_be_a_file(
    log: Path,
    out: Path,
    tmp_path: Path,
    workers: int,
    start: int,
    expected: tuple[bytes, tuple[object, ...]],
    pool: Pool,
) -> None:
    rest = tmp_path / "rest.log"
    rest.write_bytes(LINES[start:])
    wanted = expected[0]
    if start:
        run(job([rest], out))
        wanted = out.read_bytes()
    saved, file = os.dup(0), os.open(log, os.O_RDONLY)
    try:
        os.lseek(file, start, os.SEEK_SET)
        os.dup2(file, 0)
        run(job(["-"], out, workers=workers, pool=pool))
        assert wanted == out.read_bytes()
        assert b"" == os.read(0, 100), "who reads on finds nothing"
    finally:
        os.dup2(saved, 0)
        os.close(saved)
        os.close(file)


@each_pool
@pytest.mark.parametrize("workers", [1, 3])
def test_a_file_that_may_not_grow_further_ends_with_a_whole_record(
    tmp_path: Path, out: Path, workers: int, pool: Pool
) -> None:
    log = tmp_path / "app.log"
    records = numbered_lines(log, 1000)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))  # inherited by the workers
    try:
        with pytest.raises(OutputError) as caught:
            run(job([log], out, workers=workers, pool=pool))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert (
        f"cannot write to {out}: file too large\n"
        "  = help: raise the limit on the size of files (ulimit -f), or write to a pipe"
    ) == str(caught.value)
    written = out.read_bytes()
    assert records.startswith(written)
    assert written.endswith(b"\n")
    assert 10_000 - len(record_of(150, 150)) < len(written) <= 10_000


@each_pool
@pytest.mark.parametrize("given", [0, 1, 2])
def test_where_the_system_gives_fewer_workers_these_do_the_work(
    log: Path,
    out: Path,
    expected: tuple[bytes, tuple[object, ...]],
    monkeypatch: pytest.MonkeyPatch,
    pool: Pool,
    given: int,
) -> None:
    started = {"threads": 0, "processes": 0}
    refused = False  # a thread that nobody has work for is not asked for
    start, start_process = threading.Thread.start, multiprocessing.process.BaseProcess.start

    def limited_start(thread: threading.Thread) -> None:
        nonlocal refused
        if started["threads"] == given:
            refused = True
            raise RuntimeError("can't start new thread")
        started["threads"] += 1
        start(thread)

    def limited_start_process(process: multiprocessing.process.BaseProcess) -> None:
        nonlocal refused
        if started["processes"] == given:
            refused = True
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        started["processes"] += 1
        start_process(process)

    monkeypatch.setattr(threading.Thread, "start", limited_start)
    monkeypatch.setattr(multiprocessing.process.BaseProcess, "start", limited_start_process)
    outcome = run(job([log], out, workers=3, pool=pool))
    workers = max(1, given) if refused else 3
    assert (workers, *expected) == (outcome.workers, out.read_bytes(), counts(outcome.tally))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_output_that_is_an_input_stays_as_it_is(log: Path, workers: int) -> None:
    with pytest.raises(UsageError, match="is also an input"):
        run(job([log], log, workers=workers))
    assert LINES == log.read_bytes()


@needs_full_device
@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_ends_the_run(log: Path, workers: int) -> None:
    with pytest.raises(OutputError, match="cannot write to /dev/full: no space left on device"):
        run(job([log], "/dev/full", workers=workers))


def test_a_run_in_another_thread_leaves_signals_alone(log: Path, out: Path) -> None:
    outcomes: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcomes.append(run(job([log], out))))
    thread.start()
    thread.join(WAIT)
    assert [LINES.count(b"\n")] == [outcome.tally.lines for outcome in outcomes]


# --- processes of their own: pipes and signals

DRIVER = """
import json, os, sys
from pathlib import Path
from logmatch.run import pipeline
from logmatch.input.resolve import Input
from logmatch.errors import LogmatchError
from logmatch.run import processes
from logmatch.run.job import Job, Pool, Unmatched
from logmatch.program import compile_program
from logmatch.templates.pattern import parse_pattern
from logmatch.templates.template import Template

settings, patterns = map(json.loads, sys.argv[1:])
inputs = tuple(map(Input, settings.pop("inputs")))
stuck = settings.pop("stuck")
settings["pool"] = Pool(settings["pool"])
if "unmatched" in settings:
    settings["unmatched"] = Unmatched(settings["unmatched"])

class Worker(pipeline.Worker):
    def _do(self, part, chunk, piece, first_line, offset):
        if stuck and b"stuck" in bytes(piece):
            print("stuck", file=sys.stderr, flush=True)
            while True:
                os.read(os.open(stuck, os.O_RDONLY), 1)
        return super()._do(part, chunk, piece, first_line, offset)

pipeline.Worker = processes.Worker = Worker
templates = [Template(id_, parse_pattern(text)) for id_, text in patterns.items()]
print("started", file=sys.stderr, flush=True)
try:
    outcome = pipeline.run(Job(program=compile_program(templates), inputs=inputs, **settings))
    end = [outcome.tally.lines, outcome.interrupted_by, outcome.partial_records]
except LogmatchError as error:
    end = [type(error).__name__]
children = []
for file in Path("/proc/self/task").glob("*/children"):
    try:
        children.append(file.read_text())
    except OSError:  # a thread that has just ended
        pass
print(json.dumps([*end, "".join(children)]), file=sys.stderr, flush=True)
"""


class Driven:
    """A process that runs a job from stdin to stdout; on stderr it says what happens."""

    def __init__(
        self,
        workers: int,
        pool: Pool = Pool.AUTO,
        *,
        inputs: Sequence[str] = ("-",),
        stuck: Path | None = None,
        **options: Any,
    ) -> None:
        settings = {
            "inputs": inputs,
            "workers": workers,
            "pool": pool.value,
            "chunk_size": 4096,
            "stuck": stuck and str(stuck),
            **options,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, json.dumps(settings), json.dumps(PATTERNS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,  # a group of its own
        )
        assert self.process.stdin and self.process.stdout and self.process.stderr  # noqa: PT018
        self.stdin, self.stdout, self.stderr = self.process.stdin, self.process.stdout, self.process.stderr
        assert b"started\n" == self.line(self.stderr)

    def line(self, file: Any) -> bytes:
        """The next line of stdout or stderr; waits for it."""
        line = b""
        while not line.endswith(b"\n"):
            assert select.select([file], [], [], WAIT)[0], "nothing comes"
            if not (byte := file.read(1)):
                break
            line += byte
        return line

    def __enter__(self) -> Driven:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for file in (self.stdin, self.stdout, self.stderr):
            file.close()

    def end(self) -> list[Any]:
        """Wait for the end: lines done, signal, records beyond, child processes left (or error, these)."""
        said: list[Any] = json.loads(self.line(self.stderr))
        assert b"" == self.line(self.stderr)  # which a worker would hold open
        assert 0 == self.process.wait(WAIT)
        return said


def record_of(line_number: int, number: int) -> bytes:
    return b'{"line":%d,"template_id":"numbered","values":{"n":%d,"what":"it"}}\n' % (line_number, number)


@each_pool
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_line_of_a_live_pipe_is_written_before_the_next_comes(workers: int, pool: Pool) -> None:
    with Driven(workers, pool) as driven:
        for number in range(1, 10):
            driven.stdin.write(b"line %d of it\n" % number)
            assert record_of(number, number) == driven.line(driven.stdout)
        driven.stdin.write(b"line 10 of it")
        driven.stdin.close()
        assert record_of(10, 10) == driven.line(driven.stdout)
        assert [10, None, 0, ""] == driven.end()


@each_pool
@pytest.mark.parametrize("workers", [1, 2])
def test_a_reader_that_goes_away_ends_the_run_while_no_line_comes(workers: int, pool: Pool) -> None:
    with Driven(workers, pool) as driven:
        driven.stdin.write(b"line 1 of it\n")
        assert record_of(1, 1) == driven.line(driven.stdout)
        driven.stdout.close()
        assert ["OutputClosedError", ""] == driven.end()


@each_pool
@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_all_processes_ends_the_wait_for_lines(workers: int, number: signal.Signals, pool: Pool) -> None:
    with Driven(workers, pool) as driven:
        driven.stdin.write(b"line 1 of it\nline 2 of")
        assert record_of(1, 1) == driven.line(driven.stdout)
        os.killpg(driven.process.pid, number)
        assert [1, number, 0, ""] == driven.end()
        assert b"" == driven.stdout.read()


def numbered_lines(path: Path, count: int) -> bytes:
    path.write_bytes(b"".join(b"line %d of it\n" % number for number in range(1, count + 1)))
    return b"".join(record_of(number, number) for number in range(1, count + 1))


@each_pool
@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("signals", [1, 2])
def test_an_interrupt_while_the_reader_is_slow_leaves_whole_records(
    tmp_path: Path, workers: int, signals: int, pool: Pool
) -> None:
    log = tmp_path / "app.log"
    records = numbered_lines(log, 100_000)
    with Driven(workers, pool, inputs=[str(log)]) as driven:
        start = driven.line(driven.stdout)
        for _ in range(signals):
            driven.process.send_signal(signal.SIGINT)
        lines, number, beyond, children = driven.end()  # nothing is read meanwhile: the pipe is full
        written = start + driven.stdout.read()
        assert (signal.SIGINT, "") == (number, children)
        assert records.startswith(written)
        assert written.endswith(b"\n")
        assert lines + beyond == written.count(b"\n") < 100_000


@each_pool
@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupt_while_the_reader_is_quick_writes_what_is_in_flight(
    tmp_path: Path, workers: int, pool: Pool
) -> None:
    log = tmp_path / "app.log"
    records = numbered_lines(log, 200_000)
    with Driven(workers, pool, inputs=[str(log)]) as driven:
        written = driven.line(driven.stdout)
        driven.process.send_signal(signal.SIGINT)
        written += driven.stdout.read()
        lines, number, beyond, children = driven.end()
        assert (signal.SIGINT, 0, "") == (number, beyond, children)
        assert records.startswith(written)
        assert written.endswith(b"\n")
        assert lines == written.count(b"\n") < 200_000


@each_pool
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_an_interrupt_while_a_file_is_written_leaves_whole_records(
    tmp_path: Path, out: Path, workers: int, pool: Pool
) -> None:
    log = tmp_path / "app.log"
    records = numbered_lines(log, 300_000)
    with Driven(workers, pool, inputs=[str(log)], output=str(out), engine="reference") as driven:  # slow enough
        while not (out.exists() and out.stat().st_size):
            assert driven.process.poll() is None
        driven.process.send_signal(signal.SIGINT)
        lines, number, beyond, children = driven.end()
        written = out.read_bytes()
        assert (signal.SIGINT, 0, "") == (number, beyond, children)
        assert records.startswith(written)
        assert written.endswith(b"\n")
        assert lines == written.count(b"\n") < 300_000


@each_pool
@pytest.mark.parametrize("workers", [2, 3])
@pytest.mark.parametrize("unmatched", ["inline", "drop"])
def test_an_interrupt_cut_short_while_a_worker_is_stuck_leaves_whole_records(
    tmp_path: Path, out: Path, workers: int, unmatched: str, pool: Pool
) -> None:
    gate, log = tmp_path / "gate", tmp_path / "app.log"
    os.mkfifo(gate)
    records = numbered_lines(log, 50_000)
    with log.open("ab") as file:
        file.write(b"stuck\n")
    numbered = log.read_bytes()
    log.write_bytes(b"nobody knows\n" + numbered + numbered)
    options = {"unmatched": "drop"} if unmatched == "drop" else {}
    with Driven(workers, pool, inputs=[str(log)], output=str(out), stuck=gate, **options) as driven:
        assert b"stuck\n" == driven.line(driven.stderr)
        driven.process.send_signal(signal.SIGINT)
        driven.process.send_signal(signal.SIGINT)
        lines, number, beyond, children = driven.end()
        written = out.read_bytes()
        assert (signal.SIGINT, "") == (number, children)
        assert written.endswith(b"\n")
        count = written.count(b"\n")
        if unmatched == "drop":
            assert count in (lines + beyond, lines - 1 + beyond)  # the line that has no record counts as a line
        else:
            assert lines + beyond == count
        assert 0 < count <= 50_001
        assert len(records.splitlines()) == 50_000


@each_pool
def test_a_second_interrupt_does_not_wait_for_a_worker(tmp_path: Path, pool: Pool) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    with Driven(2, pool, stuck=gate) as driven:
        driven.stdin.write(b"line 1 of it\n")
        assert record_of(1, 1) == driven.line(driven.stdout)
        driven.stdin.write(b"stuck\n")
        assert b"stuck\n" == driven.line(driven.stderr)
        driven.process.send_signal(signal.SIGINT)
        driven.process.send_signal(signal.SIGINT)
        assert [1, signal.SIGINT, 0, ""] == driven.end()


def test_the_reader_of_the_output_may_be_interrupted_too() -> None:
    with Driven(2) as driven:
        driven.stdin.write(b"line 1 of it\n")
        assert record_of(1, 1) == driven.line(driven.stdout)
        driven.process.send_signal(signal.SIGSTOP)
        driven.process.send_signal(signal.SIGINT)
        driven.stdout.close()
        driven.process.send_signal(signal.SIGCONT)
        assert [1, signal.SIGINT, 0, ""] == driven.end()


@pytest.mark.parametrize("start_method", ["fork", "spawn"])
def test_no_worker_outlives_a_parent_that_is_killed(tmp_path: Path, start_method: str) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    with Driven(3, Pool.PROCESSES, stuck=gate if start_method == "fork" else None, start_method=start_method) as driven:
        for number in range(1, 4):
            driven.stdin.write(b"line %d of it\n" % number)
            assert record_of(number, number) == driven.line(driven.stdout)
        assert 3 == len(children_of(driven.process.pid))
        if start_method == "fork":
            driven.stdin.write(b"stuck\n")
            assert b"stuck\n" == driven.line(driven.stderr)
        driven.process.kill()
        assert b"" == driven.line(driven.stderr)  # which workers would hold open
        assert b"" == driven.stdout.read()


@each_pool
@pytest.mark.parametrize("workers", [1, 2])
def test_no_more_is_read_than_a_slow_reader_takes(workers: int, pool: Pool) -> None:
    line = b"line 1 of it\n"
    with Driven(workers, pool) as driven:
        os.set_blocking(driven.stdin.fileno(), False)
        accepted = 0
        while select.select([], [driven.stdin], [], 1)[1]:  # until none is taken for a second
            accepted += os.write(driven.stdin.fileno(), line * 250)
            assert accepted < 4_000_000  # both pipes hold 1 MiB
        os.set_blocking(driven.stdin.fileno(), True)
        driven.stdin.write(b"line 1 of it\n"[accepted % len(line) :])
        driven.stdin.close()
        lines = accepted // len(line) + 1
        written = driven.stdout.read()
        while more := driven.stdout.read():
            written += more
        assert written == b"".join(record_of(number, 1) for number in range(1, lines + 1))
        assert [lines, None, 0, ""] == driven.end()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_worker_spec_is_all_that_a_worker_needs(engine: str) -> None:
    worker = Worker(pickle.loads(pickle.dumps(WorkerSpec(program(), engine, RecordOptions()))))
    [part] = worker.parts([Chunk("-", 1, 1, 0, b"line 7 of it\n", 13)], Spaces(), lambda: False)
    assert (record_of(1, 7), 1, 0) == (part.output, part.chunks_done, part.lines_done)
