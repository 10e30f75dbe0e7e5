"""`logmatch.output.sink`: whole records arrive, and nothing waits for ever."""

from __future__ import annotations

import fcntl
import gzip
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support_system import needs_full_device

from logmatch.errors import OutputClosedError, OutputError
from logmatch.interrupt import Interrupt
from logmatch.output.compressed import CompressedSink
from logmatch.output.destination import Compression, compression_of
from logmatch.output.sink import Sink, open_sink

RECORDS = b"".join(b'{"line":%d}\n' % number for number in range(100_000))  # more than a pipe holds: 1 MiB


@pytest.fixture
def interrupt() -> Iterator[Interrupt]:
    interrupt = Interrupt()
    yield interrupt
    interrupt.close()


def read_all(descriptor: int) -> bytes:
    with open(descriptor, "rb") as file:
        return file.read()


class Reader(threading.Thread):
    """Reads all of a descriptor."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self.data = b""
        self.start()

    def run(self) -> None:
        self.data = read_all(self._descriptor)

    def result(self) -> bytes:
        self.join(60)
        assert not self.is_alive()
        return self.data


@pytest.mark.parametrize("reopened", [True, False])
@pytest.mark.parametrize("line_buffered", [False, True])
def test_a_pipe_gets_all_records(
    interrupt: Interrupt, monkeypatch: pytest.MonkeyPatch, reopened: bool, line_buffered: bool
) -> None:
    if not reopened:
        refuse_to_open_anew(monkeypatch)
    reading, writing = os.pipe()
    reader = Reader(reading)
    with Sink("pipe", writing, interrupt, line_buffered=line_buffered) as sink:
        assert len(RECORDS) == sink.write(RECORDS)
    assert RECORDS == reader.result()


def refuse_to_open_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    real_open = os.open

    def refusing_open(path: str, *arguments: int) -> int:
        if path.startswith("/proc/self/fd/"):
            raise PermissionError(13, "Permission denied")
        return real_open(path, *arguments)

    monkeypatch.setattr(os, "open", refusing_open)


def test_the_descriptor_that_others_share_stays_as_it_is(interrupt: Interrupt) -> None:
    reading, writing = os.pipe()
    shared = os.dup(writing)
    with Sink("pipe", writing, interrupt) as sink:
        sink.write(b"{}\n")
        assert 0 == fcntl.fcntl(shared, fcntl.F_GETFL) & os.O_NONBLOCK
    os.close(shared)
    assert b"{}\n" == read_all(reading)


def test_a_socket_gets_all_records_and_stays_as_it_is(interrupt: Interrupt) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        reader = Reader(os.dup(theirs.fileno()))
        with Sink("socket", os.dup(ours.fileno()), interrupt) as sink:
            assert len(RECORDS) == sink.write(RECORDS)
            assert os.get_blocking(ours.fileno())
        ours.close()
        assert RECORDS == reader.result()


@pytest.mark.skipif(sys.platform == "darwin", reason="there is no SOCK_SEQPACKET, which keeps writes apart")
def test_line_buffered_writes_each_record_by_itself(interrupt: Interrupt) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # keeps what was written together together
    with ours, theirs:
        with Sink("socket", os.dup(ours.fileno()), interrupt, line_buffered=True) as sink:
            sink.write(b'{"line":1}\n{"line":2}\n')
        assert [b'{"line":1}\n', b'{"line":2}\n'] == [theirs.recv(100), theirs.recv(100)]


def test_a_file_is_created_or_emptied(interrupt: Interrupt, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"what was there before\n")
    with open_sink(str(path), interrupt) as sink:
        sink.write(b'{"line":1}\n')
        sink.write(b'{"line":2}\n')
    assert b'{"line":1}\n{"line":2}\n' == path.read_bytes()


@needs_full_device
@pytest.mark.parametrize("path", ["/dev/full", "/dev/stdout"])
def test_a_full_disk_is_an_error_with_a_remedy(path: str) -> None:
    program = (
        "from logmatch.interrupt import Interrupt\nfrom logmatch.output.sink import open_sink\n"
        f"open_sink({path!r}, Interrupt()).write(b'{{}}\\n')"
    )
    with open("/dev/full", "wb") as full:
        done = subprocess.run([sys.executable, "-c", program], stdout=full, stderr=subprocess.PIPE, text=True)
    assert f"OutputError: cannot write to {path}: no space left on device\n" in done.stderr
    assert done.stderr.endswith("  = help: make room there, or write to another file\n")


def test_a_file_that_can_grow_no_further_ends_with_a_whole_record(interrupt: Interrupt, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with open_sink(str(path), interrupt) as sink:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
        try:
            with pytest.raises(OutputError, match=r"cannot write to .*out\.jsonl: file too large"):
                sink.write(RECORDS)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert 0 == sink.unfinished
    written = path.read_bytes()
    assert RECORDS.startswith(written)
    assert written.endswith(b"}\n")
    assert 980 < len(written) <= 1000


@pytest.mark.parametrize("has_other_writer", [False, True])
def test_of_a_file_that_is_appended_to_only_what_is_surely_ours_is_cut_off(
    interrupt: Interrupt, tmp_path: Path, has_other_writer: bool
) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"before\n")
    other = path.open("ab") if has_other_writer else None
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Sink("out", os.open(path, os.O_WRONLY | os.O_APPEND), interrupt) as sink:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
        try:
            with pytest.raises(OutputError, match="file too large"):
                sink.write(RECORDS)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    written = path.read_bytes()
    assert (b"before\n" + RECORDS).startswith(written)
    if other is not None:
        other.close()
        assert 1000 == len(written)  # another could have written after it meanwhile, and would have lost that
    else:
        assert written.endswith(b"}\n")


def test_a_reader_that_goes_away_closes_the_output(interrupt: Interrupt) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with Sink("pipe", writing, interrupt) as sink, pytest.raises(OutputClosedError, match="nobody reads pipe any more"):
        sink.write(b"{}\n")


def test_a_reader_that_goes_away_in_the_middle_closes_the_output(interrupt: Interrupt) -> None:
    reading, writing = os.pipe()

    def read_a_little() -> None:
        os.read(reading, 10)
        os.close(reading)

    thread = threading.Thread(target=read_a_little)
    thread.start()
    with Sink("pipe", writing, interrupt) as sink, pytest.raises(OutputClosedError):
        sink.write(RECORDS)
    thread.join()


def test_poll_reports_that_the_reader_has_gone_away(interrupt: Interrupt) -> None:
    reading, writing = os.pipe()
    with Sink("pipe", writing, interrupt) as sink:
        poll = select.poll()
        poll.register(sink.descriptor, 0)
        assert [] == poll.poll(0)
        os.close(reading)
        assert [(sink.descriptor, select.POLLERR)] == poll.poll(0)


@pytest.mark.parametrize("reopened", [True, False])
def test_a_second_interrupt_ends_waiting_for_a_slow_reader_at_the_end_of_a_record(
    monkeypatch: pytest.MonkeyPatch, reopened: bool
) -> None:
    if not reopened:
        refuse_to_open_anew(monkeypatch)
    interrupt = Interrupt(grace=1e6)
    reading, writing = os.pipe()
    with Sink("pipe", writing, interrupt) as sink:

        def interrupt_when_full() -> None:
            full = select.poll()
            full.register(writing_copy, select.POLLOUT)
            while full.poll(0):
                pass
            interrupt.request(signal.SIGINT)
            interrupt.request(signal.SIGINT)

        writing_copy = os.dup(sink.descriptor)
        thread = threading.Thread(target=interrupt_when_full)
        thread.start()
        written = sink.write(RECORDS)
        thread.join()
        os.close(writing_copy)
        assert 0 == sink.unfinished
        assert 0 == sink.write(RECORDS)
    interrupt.close()
    received = read_all(reading)
    assert RECORDS[:written] == received
    assert received.endswith(b"}\n")
    assert 0 < written < len(RECORDS)


def test_what_the_reader_takes_is_written_after_an_interrupt() -> None:
    interrupt = Interrupt(grace=1e6)
    interrupt.request(signal.SIGINT)
    reading, writing = os.pipe()
    reader = Reader(reading)
    with Sink("pipe", writing, interrupt) as sink:
        assert len(RECORDS) == sink.write(RECORDS)
    assert RECORDS == reader.result()
    interrupt.close()


def test_the_grace_ends_by_itself() -> None:
    interrupt = Interrupt(grace=0.01)
    interrupt.request(signal.SIGTERM)
    reading, writing = os.pipe()
    with Sink("pipe", writing, interrupt) as sink:
        written = sink.write(RECORDS)
        assert 0 == sink.unfinished
    assert RECORDS[:written] == read_all(reading)
    interrupt.close()


def test_a_record_longer_than_a_pipe_holds_is_finished_while_the_reader_takes_it() -> None:
    interrupt = Interrupt(grace=0)
    record = b"x" * 1_200_000 + b"\n"
    reading, writing = os.pipe()
    with Sink("pipe", writing, interrupt) as sink:
        poll = select.poll()
        poll.register(reading, select.POLLIN)
        data = []

        def read_after_interrupt() -> None:
            poll.poll()
            interrupt.request(signal.SIGINT)
            data.append(read_all(reading))

        thread = threading.Thread(target=read_after_interrupt)
        thread.start()
        assert len(record) == sink.write(record + record)
    thread.join()
    assert [record] == data
    interrupt.close()


def test_a_fifo_waits_for_its_reader(interrupt: Interrupt, tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    reader = subprocess.Popen(["cat", path], stdout=subprocess.PIPE)
    with open_sink(str(path), interrupt) as sink:
        sink.write(b"{}\n")
    assert b"{}\n" == reader.communicate(timeout=60)[0]


def test_waiting_for_the_reader_of_a_fifo_can_be_interrupted(interrupt: Interrupt, tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    interrupt.request(signal.SIGINT)
    with pytest.raises(OutputClosedError):
        open_sink(str(path), interrupt)


def test_what_names_an_open_descriptor_is_that_and_is_not_emptied(interrupt: Interrupt, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"before\n")
    with path.open("ab") as file, open_sink(f"/dev/fd/{file.fileno()}", interrupt) as sink:
        sink.write(b"{}\n")
    assert b"before\n{}\n" == path.read_bytes()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing/out", "cannot open {}: no such file or directory\n  = help: make its directory first"),
        (".", "cannot open {}: is a directory\n  = help: name a file"),
    ],
)
def test_an_output_that_cannot_be_opened_is_an_error(
    interrupt: Interrupt, tmp_path: Path, path: str, message: str
) -> None:
    with pytest.raises(OutputError) as caught:
        open_sink(str(tmp_path / path), interrupt)
    assert message.format(tmp_path / path) == str(caught.value)


def test_a_name_that_is_none_is_an_error(interrupt: Interrupt) -> None:
    with pytest.raises(OutputError, match="it is not a file name"):
        open_sink("a\0b", interrupt)


def test_a_closed_stdout_is_an_error() -> None:
    program = (
        "from logmatch.interrupt import Interrupt; from logmatch.output.sink import open_sink\n"
        "open_sink('-', Interrupt())"
    )
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" -c "$1" >&-', sys.executable, program], stderr=subprocess.PIPE, text=True
    )
    assert done.stderr.endswith("OutputError: cannot open stdout: it is closed\n")


# --- compressed


def decompressed(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(data)
    zstandard = pytest.importorskip("zstandard")
    whole = zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True).read()
    assert isinstance(whole, bytes)
    return whole


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("size", [0, 1, 5 << 20])
def test_a_compressed_output_holds_the_records(interrupt: Interrupt, tmp_path: Path, suffix: str, size: int) -> None:
    path = tmp_path / f"out.jsonl{suffix}"
    records = (RECORDS * 5)[:size]
    kind = compression_of(str(path))
    assert kind is not None
    with CompressedSink(open_sink(str(path), interrupt, takes_records=False), kind) as sink:
        for start in range(0, size, 300_000):
            assert len(records[start : start + 300_000]) == sink.write(records[start : start + 300_000])
    assert records == decompressed(path)


def write_compressed(path: Path, interrupt: Interrupt, *blocks: bytes) -> None:
    kind = compression_of(str(path))
    assert kind is not None
    with CompressedSink(open_sink(str(path), interrupt, takes_records=False), kind) as sink:
        for block in blocks:
            sink.write(block)


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_compressed_output_on_a_full_disk_ends_with_a_whole_block(
    interrupt: Interrupt, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"out.jsonl{suffix}"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    noise = b"".join(b"%s\n" % os.urandom(500).hex().encode() for _ in range(3000))
    try:
        with pytest.raises(OutputError, match="file too large"):
            write_compressed(path, interrupt, RECORDS[: 1 << 20], noise)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert RECORDS[: 1 << 20] == decompressed(path)


def test_only_a_suffix_makes_an_output_compressed() -> None:
    assert [None, Compression.GZIP, Compression.ZSTD, Compression.GZIP, None] == [
        compression_of(path) for path in ("-", "a.jsonl.gz", "b.zst", "C.GZ", "gz")
    ]
