"""`logmatch.input`: the same lines come out, however the bytes arrive."""

from __future__ import annotations

import bz2
import codecs
import encodings.aliases
import errno
import gzip
import io
import lzma
import os
import sys
import time
import tracemalloc
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from logmatch.errors import InputError, UsageError
from logmatch.input import stream
from logmatch.input.chunk import blocking, read_chunks
from logmatch.input.decode import check_encoding
from logmatch.input.framing import Buffers, Chunk, Framer
from logmatch.input.marks import BYTE_ORDER_MARKS, COMPRESSION_MARKS
from logmatch.input.resolve import Input, Inputs, resolve_inputs
from logmatch.input.stream import Pause
from logmatch.linescan import count_lines

MIB = 1 << 20


class Line(NamedTuple):
    """One line, as chunks tell it: `data` with its terminator, or the head of a line that is too long."""

    number: int
    offset: int
    data: bytes
    oversized: int | None = None


def lines_by_definition(data: bytes, max_line: int) -> list[Line]:
    """What `read_chunks` is to give, in the plainest way."""
    lines: list[Line] = []
    offset = 0
    for number, line in enumerate(io.BytesIO(data), 1):  # a BytesIO iterates over lines that end in "\n" only
        bare = line.removesuffix(b"\n").removesuffix(b"\r")
        if len(bare) > max_line:
            lines.append(Line(number, offset, bare[:1024], len(bare)))
        else:
            lines.append(Line(number, offset, line))
        offset += len(line)
    return lines


def lines_of(chunks: Iterable[Chunk]) -> list[Line]:
    """The lines of *chunks*, whose numbers must be right."""
    lines: list[Line] = []
    position = 0
    for chunk in chunks:
        assert chunk.position >= position
        position = chunk.position
        if chunk.oversized is not None:
            assert chunk.line_count == 1
            lines.append(Line(chunk.first_line, chunk.offset, bytes(chunk.data), chunk.oversized))
            continue
        offset = chunk.offset
        inside = list(io.BytesIO(chunk.data))
        assert chunk.line_count == len(inside) == count_lines(chunk.data) > 0
        for number, line in enumerate(inside, chunk.first_line):
            lines.append(Line(number, offset, line))
            offset += len(line)
    return lines


def waiting(chunks: Generator[Chunk | Pause], wait: Callable[[int], bool]) -> Iterator[Chunk]:
    """*chunks*; *wait* is called in each pause with its descriptor, and ends the reading when it returns False."""
    for chunk in chunks:
        if isinstance(chunk, Chunk):
            yield chunk
        elif chunk.descriptor is not None and not wait(chunk.descriptor):
            chunks.close()


def piped(
    pieces: Sequence[bytes], *, chunk_size: int = MIB, max_line: int = MIB, encoding: str = "auto"
) -> Iterator[Chunk]:
    """Read *pieces* (64 KiB at most together) from a pipe; `wait` writes them, so each read gets one of them."""
    reader, writer = os.pipe()
    todo = iter(pieces)
    writing = True

    def write_next(_descriptor: int) -> bool:
        nonlocal writing
        if writing:
            piece = next(todo, None)
            if piece is None:
                os.close(writer)
                writing = False
            else:
                os.write(writer, piece)
        return True

    try:
        source = Input(f"/dev/fd/{reader}")
        chunks = read_chunks(source, chunk_size=chunk_size, max_line=max_line, encoding=encoding)
        yield from waiting(chunks, write_next)
    finally:
        os.close(reader)
        if writing:
            os.close(writer)


def read_file(path: Path, *, chunk_size: int = MIB, max_line: int = MIB, encoding: str = "auto") -> Iterator[Chunk]:
    return blocking(read_chunks(Input(str(path)), chunk_size=chunk_size, max_line=max_line, encoding=encoding))


def until_error(chunks: Iterable[Chunk]) -> tuple[list[Chunk], str | None]:
    """The chunks, and the sentence of the error that ends them."""
    done: list[Chunk] = []
    try:
        done.extend(chunks)  # keeps what came before the error
    except InputError as error:
        return done, error.message
    return done, None


def text_of(chunks: Iterable[Chunk]) -> bytes:
    return b"".join(chunk.data for chunk in chunks)


def cut(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    """*data* in pieces, cut at *cuts* (taken modulo its length)."""
    borders = sorted({0, len(data), *(at % (len(data) + 1) for at in cuts)})
    return [data[start:end] for start, end in pairwise(borders)]


# --- lines at every split

TEXTS = [
    b"",
    b"\n",
    b"a",
    b"a\n",
    b"a\nb",
    b"\n\n\n",
    b"\r",
    b"\r\n",
    b"a\r",
    b"a\r\nb\r\r\n\rc\r",
    b"abc\nabcd\nabcde\nabcdef\n",
    b"abc\r\nabcd\r\nabcde\r\nabcdef\r",
    b"abcdefghij\nx\nabcdefghij\n\nabcdefghij",
    b"BZ\nh",
    b"\x1f\x8b\n\xfd7zX\nP*M\xff\xfe",
    b"\0\xff\xfe\x80\n\0\n",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("max_line", [0, 1, 3, 4, 5, 100])
def test_every_split_and_chunk_size_gives_the_same_lines(text: bytes, max_line: int) -> None:
    expected = lines_by_definition(text, max_line)
    splits = [cut(text, [at]) for at in range(len(text) + 1)] + [cut(text, range(len(text)))]
    for pieces in splits:
        for chunk_size in (1, 2, 3, 5, 7, 1000):
            assert expected == lines_of(piped(pieces, chunk_size=chunk_size, max_line=max_line))


@settings(deadline=None)
@given(
    text=st.lists(st.sampled_from([b"a", b"bc", b"defgh", b"\r", b"\n", b"\r\n", b"\0", b"\xff"])).map(b"".join),
    cuts=st.lists(st.integers(0, 1000)),
    chunk_size=st.integers(1, 40),
    max_line=st.integers(0, 12),
)
def test_any_splits_chunk_size_and_limit_give_the_lines_of_the_definition(
    text: bytes, cuts: list[int], chunk_size: int, max_line: int
) -> None:
    if text.startswith(b"\xff"):  # never the beginning of a byte order mark
        text = b"x" + text
    assert lines_by_definition(text, max_line) == lines_of(
        piped(cut(text, cuts), chunk_size=chunk_size, max_line=max_line)
    )


@settings(deadline=None)
@given(
    size=st.integers(1000, 1050),
    ending=st.sampled_from([b"\n", b"\r\n", b"\r", b""]),
    max_line=st.integers(990, 1050),
    cuts=st.lists(st.integers(0, 3000)),
    chunk_size=st.sampled_from([1, 10, 1000, 1020, 1025, 5000]),
)
@example(size=1025, ending=b"\r\n", max_line=1024, cuts=[1024, 1025, 1026], chunk_size=1)
@example(size=1023, ending=b"\r\n", max_line=1000, cuts=[1023, 1024], chunk_size=1)
def test_of_a_long_line_the_first_1024_bytes_are_kept(
    size: int, ending: bytes, max_line: int, cuts: list[int], chunk_size: int
) -> None:
    line = (b"0123456789abcdefghijklmnopqrstuvw" * 40)[:size]
    text = b"before\n" + line + b"\n" + line + ending
    assert lines_by_definition(text, max_line) == lines_of(
        piped(cut(text, cuts), chunk_size=chunk_size, max_line=max_line)
    )


def test_a_long_line_within_one_read_is_a_chunk_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"one\ntwo\n" + b"x" * 11 + b"\r\n" + b"three\n" + b"y" * 11)
    name = str(path)
    assert [
        Chunk(name, 1, 2, 0, b"one\ntwo\n", 38),
        Chunk(name, 3, 1, 8, b"x" * 11, 38, oversized=11),
        Chunk(name, 4, 1, 21, b"three\n", 38),
        Chunk(name, 5, 1, 27, b"y" * 11, 38, oversized=11),
    ] == list(read_file(path, max_line=10))


@pytest.mark.parametrize("chunk_size", [1, 7, 4096, 65536, 100_000, MIB])
def test_a_file_is_read_in_chunks_of_about_the_size_asked_for(tmp_path: Path, chunk_size: int) -> None:
    text = b"".join(b"line %d of this file\n" % number for number in range(20_000)) + b"the end"
    path = tmp_path / "a.log"
    path.write_bytes(text)
    chunks = list(read_file(path, chunk_size=chunk_size))
    assert lines_by_definition(text, MIB) == lines_of(chunks)
    assert len(text) == chunks[-1].position
    assert all(len(chunk.data) < chunk_size + 65536 + 30 for chunk in chunks)
    assert chunk_size == 1 or len(chunks) <= 2 + len(text) // (chunk_size - min(chunk_size - 1, 30))


@pytest.mark.parametrize(
    ("expected", "data"), [(0, b""), (1, b"\n"), (1, b"a"), (1, b"a\n"), (2, b"a\nb"), (2, b"\n\n"), (1, b"\r")]
)
def test_count_lines_counts_a_last_line_without_its_end(expected: int, data: bytes) -> None:
    assert expected == count_lines(data)


@pytest.mark.parametrize("max_line", [MIB, 200 * MIB])
@pytest.mark.parametrize("piece_size", [100, 65536])
def test_a_line_of_100_mib_in_small_pieces_takes_linear_time(max_line: int, piece_size: int) -> None:
    framer = Framer("-", 4 * MIB, max_line, 0, Buffers())
    count = (100 * MIB if piece_size == 65536 else 40 * MIB) // piece_size
    piece = b"x" * piece_size
    begin = time.process_time()
    for _ in range(count):
        assert [] == list(framer.feed(piece))
    [line] = framer.end()
    # About 0.3 s; copying what is there with each piece is 80 GB or more.
    assert time.process_time() - begin < 4
    size = count * piece_size
    assert (size if max_line == MIB else None) == line.oversized
    assert (1024 if max_line == MIB else size) == len(line.data)


def test_a_line_of_100_mib_in_a_plain_file_takes_linear_time(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    with path.open("wb") as file:
        file.truncate(100 * MIB)
    begin = time.process_time()
    [chunk] = blocking(read_chunks(Input(str(path)), chunk_size=MIB, max_line=200 * MIB))
    # About 0.2 s; copying what is there with each read took more than two minutes.
    assert time.process_time() - begin < 4
    assert (None, 100 * MIB) == (chunk.oversized, len(chunk.data))


# --- pipes


class Pipe:
    """A pipe whose reader must not wait: `wait` fails unless something has been written since."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        self.source = Input(f"/dev/fd/{self.reader}")
        self.ready = False

    def write(self, data: bytes) -> None:
        os.write(self.writer, data)
        self.ready = True

    def close(self) -> None:
        if self.writer >= 0:
            os.close(self.writer)
        self.writer = -1
        self.ready = True

    def wait(self, _descriptor: int) -> bool:
        assert self.ready, "would block"
        self.ready = False
        return True


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.close()
    os.close(pipe.reader)


@pytest.mark.parametrize("first", [b"a\n", b"\n", b"B\n", b"\x1f\n", b"P*\n", b"\xef\n", b"\xff\n", b"\0\n"])
def test_a_line_in_a_pipe_is_there_before_the_next_is_written(pipe: Pipe, first: bytes) -> None:
    chunks = waiting(read_chunks(pipe.source, chunk_size=MIB, max_line=10), pipe.wait)
    pipe.write(first)
    assert first == next(chunks).data
    pipe.write(b"b\nc")
    assert b"b\n" == next(chunks).data
    pipe.write(b"c\n" + b"x" * 11 + b"\n")
    assert b"cc\n" == next(chunks).data
    assert 11 == next(chunks).oversized
    pipe.write(b"last")
    pipe.close()
    assert b"last" == next(chunks).data
    assert [] == list(chunks)


def test_the_lines_before_a_long_line_do_not_wait_for_its_end(pipe: Pipe) -> None:
    chunks = waiting(read_chunks(pipe.source, chunk_size=MIB, max_line=10), pipe.wait)
    pipe.write(b"a\n" + b"x" * 100)
    assert b"a\n" == next(chunks).data
    pipe.write(b"x\nb\n")
    assert 101 == next(chunks).oversized
    assert b"b\n" == next(chunks).data


@pytest.mark.parametrize(("encoding", "line"), [("utf-16", "ä\n"), ("latin-1", "ä\n"), ("utf-8", "ä\n")])
def test_a_transcoded_line_in_a_pipe_is_there_at_once(pipe: Pipe, encoding: str, line: str) -> None:
    chunks = waiting(read_chunks(pipe.source, chunk_size=MIB, max_line=10, encoding=encoding), pipe.wait)
    pipe.write(line.encode(encoding))
    assert line.encode() == next(chunks).data


def test_a_flushed_gzip_line_in_a_pipe_is_there_at_once(pipe: Pipe) -> None:
    chunks = waiting(read_chunks(pipe.source, chunk_size=MIB, max_line=10), pipe.wait)
    compressor = zlib.compressobj(wbits=31)
    pipe.write(compressor.compress(b"a\nb") + compressor.flush(zlib.Z_SYNC_FLUSH))
    assert b"a\n" == next(chunks).data
    pipe.write(compressor.compress(b"c\n") + compressor.flush())
    assert b"bc\n" == next(chunks).data
    pipe.close()
    assert [] == list(chunks)


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_when_told_to_stop_reading_stops_and_only_the_incomplete_line_is_left(
    pipe: Pipe, compress: Callable[[bytes], bytes]
) -> None:
    pipe.write(compress(b"a\nb\nc")[: -1 if compress is gzip.compress else None])
    answers = iter([True, False])
    chunks = list(waiting(read_chunks(pipe.source, chunk_size=MIB, max_line=10), lambda _descriptor: next(answers)))
    assert b"a\nb\n" == text_of(chunks)


@pytest.mark.parametrize("text", [b"", b"B", b"\xff", b"\x1f\x8b"])
def test_stopping_while_the_format_is_not_known_is_quiet(pipe: Pipe, text: bytes) -> None:
    if text:
        pipe.write(text)
    answers = iter([True, False] if text else [False])
    assert [] == list(waiting(read_chunks(pipe.source, chunk_size=9, max_line=9), lambda _descriptor: next(answers)))


@pytest.mark.parametrize(
    ("seconds_a_call", "expected"), [(0.0, [b"a\nb\nc\nd\n"]), (0.004, [b"a\nb\nc\n", b"d\n"]), (1.0, [b"a\n", b"b\n"])]
)
def test_what_is_there_is_gathered_for_a_short_time(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch, seconds_a_call: float, expected: list[bytes]
) -> None:
    monkeypatch.setattr(stream, "READ_SIZE", 2)
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += seconds_a_call
        return now

    monkeypatch.setattr(time, "monotonic", clock)
    pipe.write(b"a\nb\nc\nd\n")
    chunks = waiting(read_chunks(pipe.source, chunk_size=1000, max_line=10), lambda _descriptor: True)
    assert expected == [next(chunks).data for _ in expected]


def test_gathering_ends_with_a_full_chunk(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    pipe.write(b"a\nb\nc\nd\n")
    pipe.close()
    chunks = blocking(read_chunks(pipe.source, chunk_size=4, max_line=10))
    assert [b"a\nb\n", b"c\nd\n"] == [chunk.data for chunk in chunks]


def test_a_named_fifo_is_read_until_its_writer_closes_it(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    [source] = resolve_inputs([str(path)]).inputs
    assert Input(str(path), None) == source

    written = False

    def write(_descriptor: int) -> bool:  # opening has not waited for us
        nonlocal written
        if not written:
            path.write_bytes(b"a\nb")
            written = True
        return True

    chunks = list(waiting(read_chunks(source, chunk_size=10, max_line=10), write))
    assert [Line(1, 0, b"a\n"), Line(2, 2, b"b")] == lines_of(chunks)
    assert {str(path)} == {chunk.file for chunk in chunks}


def test_a_pipe_that_was_not_ready_after_all_is_waited_for_again(pipe: Pipe) -> None:
    answers = 0

    def wait(_descriptor: int) -> bool:
        nonlocal answers
        answers += 1
        if answers == 2:  # the first time nothing is there, so that reading fails
            pipe.write(b"a\n")
        if answers == 3:
            pipe.close()
        return True

    assert b"a\n" == text_of(waiting(read_chunks(pipe.source, chunk_size=10, max_line=10), wait))


@pytest.fixture
def stdin() -> Iterator[Callable[[int], None]]:
    """Makes a descriptor the stdin of this process, until the test ends."""
    saved = os.dup(0)
    yield lambda descriptor: (os.dup2(descriptor, 0), None)[1]
    os.dup2(saved, 0)
    os.close(saved)


def test_stdin_is_read_and_left_open(pipe: Pipe, stdin: Callable[[int], None]) -> None:
    stdin(pipe.reader)
    pipe.write(b"a\nb")
    pipe.close()
    resolved = resolve_inputs(["-"])
    assert Inputs((Input("-", None),), (), with_file=False) == resolved
    assert resolved.inputs[0].is_stdin
    chunks = list(blocking(read_chunks(resolved.inputs[0], chunk_size=10, max_line=10)))
    assert (b"a\nb", {"-"}) == (text_of(chunks), {chunk.file for chunk in chunks})
    os.fstat(0)


def test_a_file_on_stdin_has_a_size(tmp_path: Path, stdin: Callable[[int], None]) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"a\nb\n")
    with path.open("rb") as file:
        stdin(file.fileno())
        [source] = resolve_inputs(["-"]).inputs
        assert Input("-", 4) == source
        assert [Chunk("-", 1, 2, 0, b"a\nb\n", 4)] == list(read_chunks(source, chunk_size=10, max_line=10))


def test_a_directory_on_stdin_is_an_error(tmp_path: Path, stdin: Callable[[int], None]) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    stdin(descriptor)
    os.close(descriptor)
    with pytest.raises(InputError, match=r"^stdin: is a directory$"):
        list(read_chunks(Input("-"), chunk_size=10, max_line=10))


# --- compression


def zstd_compress(data: bytes) -> bytes:
    if sys.version_info >= (3, 14):
        from compression import zstd

        return zstd.compress(data)
    zstandard = pytest.importorskip("zstandard", reason="zstd needs a package before Python 3.14")
    compressed = zstandard.ZstdCompressor().compress(data)
    assert isinstance(compressed, bytes)
    return compressed


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd_compress,
}
each_kind = pytest.mark.parametrize("kind", COMPRESS)
LOG = b"".join(b"line %d\n" % number for number in range(50)) + b"last"


@each_kind
@pytest.mark.parametrize("level_of_split", [1, 2, 3, 1000])
def test_compressed_data_is_recognised_however_it_arrives(kind: str, level_of_split: int) -> None:
    data = COMPRESS[kind](LOG)
    pieces = cut(data, range(0, len(data), level_of_split))
    for chunk_size in (1, 10, MIB):
        assert lines_by_definition(LOG, 7) == lines_of(piped(pieces, chunk_size=chunk_size, max_line=7))


@each_kind
def test_members_follow_each_other_and_may_be_padded(kind: str, tmp_path: Path) -> None:
    compress = COMPRESS[kind]
    path = tmp_path / "no-suffix"
    data = b"".join([compress(b"a\nb"), compress(b""), compress(b"c\n"), bytes(8), compress(LOG), bytes(512)])
    path.write_bytes(data)
    chunks = list(read_file(path))
    assert lines_by_definition(b"a\nbc\n" + LOG, MIB) == lines_of(chunks)
    assert len(data) == chunks[-1].position
    assert b"a\nbc\n" + LOG == text_of(piped(cut(data, range(len(data)))))


@each_kind
def test_nothing_compressed_gives_nothing(kind: str) -> None:
    assert [] == list(piped([COMPRESS[kind](b"")]))


@each_kind
def test_large_compressed_data_comes_in_chunks(kind: str, tmp_path: Path) -> None:
    text = b"".join(b"%d %d\n" % (number, number * number) for number in range(50_000))
    path = tmp_path / "a.log"
    path.write_bytes(COMPRESS[kind](text))
    chunks = list(read_file(path, chunk_size=500_000))
    assert text == text_of(chunks)
    assert lines_by_definition(text, MIB) == lines_of(chunks)
    assert all(len(chunk.data) <= MIB for chunk in chunks)
    assert path.stat().st_size == chunks[-1].position


@each_kind
def test_many_tiny_members_are_read(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(COMPRESS[kind](b"a\n") * 3000)
    assert b"a\n" * 3000 == text_of(read_file(path))


@each_kind
def test_truncated_data_gives_all_that_there_is_and_an_error(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    data = COMPRESS[kind](LOG)
    for length in range(10, len(data)):
        path.write_bytes(data[:length])
        chunks, message = until_error(read_file(path))
        assert f"the {kind} data ends too early: the file is not complete" == message
        assert LOG.startswith(text_of(chunks))
        if kind == "gzip":
            assert zlib.decompressobj(wbits=31).decompress(data[:length]) == text_of(chunks)


@each_kind
def test_all_but_the_last_block_of_truncated_data_is_read(kind: str, tmp_path: Path) -> None:
    text = b"".join(b"%d %d\n" % (number, number * number) for number in range(50_000))
    path = tmp_path / "a.log"
    path.write_bytes(COMPRESS[kind](text)[:-20])
    chunks, message = until_error(read_file(path))
    assert f"the {kind} data ends too early: the file is not complete" == message
    assert text.startswith(text_of(chunks))
    assert len(text) - len(text_of(chunks)) < {"gzip": 200, "bzip2": 900_000, "xz": 200, "zstd": 128 * 1024}[kind]


@each_kind
def test_a_truncated_second_member_is_an_error_after_the_first(kind: str) -> None:
    data = COMPRESS[kind](b"a\nb\n")
    chunks, message = until_error(piped([data + data[:-1]]))
    assert b"a\nb\n" == text_of(chunks)[:4]
    assert f"the {kind} data ends too early: the file is not complete" == message


@each_kind
def test_other_data_behind_the_end_is_an_error_after_all_lines(kind: str) -> None:
    chunks, message = until_error(piped([COMPRESS[kind](LOG), b"something else, 20 bytes at least"]))
    assert LOG == text_of(chunks)
    assert message is not None
    assert message.startswith(f"the {kind} data is damaged, or followed by something else (")


@each_kind
def test_a_damaged_byte_anywhere_gives_lines_or_our_error(kind: str) -> None:
    data = COMPRESS[kind](LOG)
    messages = set()
    for index in range(10, len(data)):
        damaged = data[:index] + bytes((data[index] ^ 0x55,)) + data[index + 1 :]
        chunks, message = until_error(piped([damaged]))
        lines_of(chunks)
        messages.add((message or "").split("(")[0])
    assert f"the {kind} data is damaged " in messages


def test_a_wrong_checksum_of_gzip_loses_no_line(tmp_path: Path) -> None:
    path = tmp_path / "a.log.gz"
    text = b"".join(b"%d %d\n" % (number, number * number) for number in range(100_000))
    data = bytearray(gzip.compress(text))
    data[-5] ^= 1
    path.write_bytes(data)
    chunks, message = until_error(read_file(path, chunk_size=100_000))
    assert text == text_of(chunks)
    assert "the gzip data is damaged (Error -3 while decompressing data: incorrect data check)" == message


@settings(deadline=None)
@given(
    mark=st.sampled_from([b"", *COMPRESSION_MARKS, *BYTE_ORDER_MARKS]),
    data=st.binary(max_size=200),
    cuts=st.lists(st.integers(0, 1000), max_size=5),
)
def test_any_bytes_give_lines_or_our_error(mark: bytes, data: bytes, cuts: list[int]) -> None:
    chunks, message = until_error(piped(cut(mark + data, [])))
    lines = lines_of(chunks)
    chunks, other_message = until_error(piped(cut(mark + data, cuts)))
    other_lines = lines_of(chunks)
    assert (message is None) == (other_message is None)
    assert message is not None or lines == other_lines


@settings(deadline=None)
@given(data=st.binary(max_size=200), kind=st.sampled_from(sorted(COMPRESS)), cuts=st.lists(st.integers(0, 1000)))
def test_whatever_was_compressed_comes_back(data: bytes, kind: str, cuts: list[int]) -> None:
    data = b"-" + data  # no byte order mark
    assert data == text_of(piped(cut(COMPRESS[kind](data), cuts)))


@each_kind
def test_a_bomb_and_an_endless_line_are_read_in_bounded_memory(kind: str, tmp_path: Path) -> None:
    size = 40 * MIB
    path = tmp_path / "bomb"
    path.write_bytes(COMPRESS[kind](bytes(size)))
    tracemalloc.start()
    try:
        [line] = read_file(path, chunk_size=MIB, max_line=MIB)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (size, bytes(1024)) == (line.oversized, line.data)
    assert peak < (30 if kind == "zstd" else 12) * MIB


def test_a_skippable_zstd_frame_is_skipped() -> None:
    frame = b"\x5a\x2a\x4d\x18" + (3).to_bytes(4, "little") + b"abc"
    assert b"a\nb\n" == text_of(piped([frame + zstd_compress(b"a\n") + frame + zstd_compress(b"b\n") + frame]))


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="Python has zstd itself since 3.14")
def test_without_its_package_zstd_is_an_error_that_tells_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    path = tmp_path / "a.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd and so on")
    with pytest.raises(InputError) as caught:
        list(read_file(path))
    assert (
        f"{path}: zstd needs the package zstandard\n"
        "  = help: pip install zstandard, or pipe it: zstd -dc FILE | logmatch parse -t TEMPLATES"
    ) == str(caught.value)


# --- encoding

TEXT = "grün\nĊ 0x0A is no line here\r\n😀\nlast ä"


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_a_byte_order_mark_tells_the_encoding(mark: bytes, encoding: str, compress: Callable[[bytes], bytes]) -> None:
    data = compress(mark + TEXT.encode(encoding))
    expected = lines_by_definition(TEXT.encode(), 12)
    for pieces in [cut(data, [at]) for at in range(len(data) + 1)] + [cut(data, range(len(data)))]:
        for chunk_size in (1, 9, MIB):
            assert expected == lines_of(piped(pieces, chunk_size=chunk_size, max_line=12))


@pytest.mark.parametrize("encoding", ["auto", "utf-8", "UTF8", "ascii"])
def test_a_utf_8_mark_is_left_out_and_counts_in_the_offset(encoding: str) -> None:
    data = codecs.BOM_UTF8 + b"a\nb\n" + codecs.BOM_UTF8 + b"\n"
    expected = [Line(1, 3, b"a\n"), Line(2, 5, b"b\n"), Line(3, 7, codecs.BOM_UTF8 + b"\n")]
    for pieces in [cut(data, [at]) for at in range(len(data) + 1)] + [cut(data, range(len(data)))]:
        assert expected == lines_of(piped(pieces, encoding=encoding))
    assert [] == list(piped([codecs.BOM_UTF8], encoding=encoding))


@pytest.mark.parametrize("mark", [b"\xef", b"\xef\xbb", b"\xff", b"\xfe", b"\0", b"\0\0", b"\0\0\xfe"])
def test_half_a_mark_is_text(mark: bytes) -> None:
    assert [Line(1, 0, mark)] == lines_of(piped([mark]))
    assert [Line(1, 0, mark + b"\n"), Line(2, len(mark) + 1, b"a")] == lines_of(piped([mark, b"\na"]))


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_bytes_that_are_not_text_stay_as_they_are(encoding: str) -> None:
    data = codecs.BOM_UTF16_LE + b"\x80\n\xc3\n"
    assert data == text_of(piped([data], encoding=encoding))


@pytest.mark.parametrize(
    ("encoding", "data", "expected"),
    [
        ("latin-1", b"gr\xfcn\n\xe4", "grün\nä"),
        ("cp1252", b"\x80 1\n\x81", "€ 1\n\ufffd"),
        ("utf-16-le", "ä\nĊ".encode("utf-16-le"), "ä\nĊ"),
        ("utf-16-le", codecs.BOM_UTF16_LE + "ä\n".encode("utf-16-le"), "ä\n"),
        ("utf-16", codecs.BOM_UTF16_BE + "ä\n".encode("utf-16-be"), "ä\n"),
        ("utf-16-be", "a\n".encode("utf-16-be") + b"\0", "a\n\ufffd"),
        ("shift_jis", "日本\n語".encode("shift_jis"), "日本\n語"),
    ],
)
def test_an_encoding_that_is_named_becomes_utf_8(encoding: str, data: bytes, expected: str) -> None:
    for pieces in [cut(data, [at]) for at in range(len(data) + 1)] + [cut(data, range(len(data)))]:
        chunks = list(piped(pieces, encoding=encoding, chunk_size=4))
        assert lines_by_definition(expected.encode(), MIB) == lines_of(chunks)


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        ("auto", "auto"),
        ("auto", "AUTO"),
        ("utf-8", "UTF8"),
        ("utf-8", "us-ascii"),
        ("utf-8", "utf-8-sig"),
        ("iso8859-1", "latin1"),
        ("utf-16", "UTF-16"),
        ("cp1252", "windows-1252"),
    ],
)
def test_check_encoding_gives_the_usual_name(expected: str, name: str) -> None:
    assert expected == check_encoding(name)


@pytest.mark.parametrize("name", ["", "nope", "base64", "rot13", "zip", "idna", "undefined", "a\0b", "ä\ud800", "os"])
def test_check_encoding_refuses_what_lines_cannot_be_read_in(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_encoding(name)
    assert f"unknown encoding {name!r}" == caught.value.message
    assert caught.value.hint is not None


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # unicode_escape warns about some escapes
@pytest.mark.parametrize("name", sorted(set(encodings.aliases.aliases.values()) | {"unicode_escape", "punycode"}))
def test_every_encoding_of_python_gives_lines_or_our_error(name: str) -> None:
    try:
        check_encoding(name)
    except UsageError:
        return
    data = bytes(range(256)) + b"\\udc00 +2AA-\n\\"
    lines_of(until_error(piped(cut(data, range(0, len(data), 3)), encoding=name, max_line=5))[0])


# --- names


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory `logs` of everything that one may hold, as the current directory's only entry but `one.log`."""
    monkeypatch.chdir(tmp_path)
    for name in [
        "logs/b.log",
        "logs/a/2.log",
        "logs/a/10.log",
        "logs/c/d/deep",
        "logs/.hidden/x",
        "logs/.x",
        "one.log",
    ]:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(b"12345\n")
    Path("logs/empty").mkdir()
    os.mkfifo("logs/fifo")
    Path("logs/to-file").symlink_to("../one.log")
    Path("logs/to-directory").symlink_to("a")
    Path("logs/to-nothing").symlink_to("nothing")
    return tmp_path


def test_a_directory_stands_for_its_regular_files_in_order(tree: Path) -> None:
    names = ["logs/a/10.log", "logs/a/2.log", "logs/b.log", "logs/c/d/deep", "logs/to-file"]
    assert Inputs(tuple(Input(name, 6) for name in names), (), with_file=True) == resolve_inputs(["logs"])


def test_what_is_named_itself_is_taken_whatever_it_is(tree: Path) -> None:
    resolved = resolve_inputs(["logs/.x", "logs/fifo", "logs/to-directory/", "/dev/null"])
    assert ["logs/.x", "logs/fifo", "logs/to-directory/10.log", "logs/to-directory/2.log", "/dev/null"] == [
        source.name for source in resolved.inputs
    ]
    assert [6, None, 6, 6, None] == [source.size for source in resolved.inputs]
    assert () == resolved.errors


@pytest.mark.parametrize(
    ("expected", "names"),
    [
        (False, []),
        (False, ["one.log"]),
        (False, ["-"]),
        (True, ["one.log", "one.log"]),
        (True, ["one.log", "-"]),
        (True, ["one.log", "missing"]),
        (True, ["logs/c"]),
    ],
)
def test_records_name_their_file_when_there_may_be_several(tree: Path, expected: bool, names: list[str]) -> None:
    assert expected is resolve_inputs(names).with_file


def test_what_is_wrong_with_a_name_is_told_and_the_rest_is_read(tree: Path) -> None:
    resolved = resolve_inputs(["missing", "one.log/x", "logs/to-nothing", "logs/empty", "a\0b", "one.log"])
    assert (Input("one.log", 6),) == resolved.inputs
    assert [
        "missing: no such file",
        "one.log/x: cannot be read: not a directory",
        "logs/to-nothing: is a symbolic link to a file that does not exist",
        "logs/empty: holds no files\n"
        "  = help: hidden files and links to directories are left out; name a file to have it read",
        "a\N{REPLACEMENT CHARACTER}b: is not a file name",
    ] == [str(error) for error in resolved.errors]


def test_a_directory_that_cannot_be_read_is_an_error(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def refusing(path: str) -> Iterator[os.DirEntry[str]]:
        if path in ("logs/a", "logs/c"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    resolved = resolve_inputs(["logs", "logs/a"])
    assert ["logs/b.log", "logs/to-file"] == [source.name for source in resolved.inputs]
    denied = ": permission denied\n  = help: run logmatch as a user who may read it"
    assert [f"logs/a{denied}", f"logs/c{denied}", f"logs/a{denied}"] == [str(error) for error in resolved.errors]


def test_a_link_to_itself_below_a_directory_ends(tree: Path) -> None:
    Path("logs/c/loop").symlink_to("loop")
    Path("logs/c/up").symlink_to("..")
    resolved = resolve_inputs(["logs/c"])
    assert ["logs/c/d/deep"] == [source.name for source in resolved.inputs]
    assert ["logs/c/loop: cannot be read: too many levels of symbolic links"] == [str(e) for e in resolved.errors]


# --- what goes wrong while reading


@pytest.mark.parametrize(("name", "expected"), [("missing", "missing: no such file"), ("logs", "logs: is a directory")])
def test_an_input_that_cannot_be_opened_is_an_error(tree: Path, name: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        list(read_chunks(Input(name), chunk_size=10, max_line=10))
    assert expected == str(caught.value)


def test_a_file_that_may_not_be_read_is_an_error(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(path: str, flags: int) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr(os, "open", refusing)
    with pytest.raises(InputError) as caught:
        list(read_chunks(Input("one.log"), chunk_size=10, max_line=10))
    assert "one.log: permission denied\n  = help: run logmatch as a user who may read it" == str(caught.value)


def test_a_failing_read_is_an_error_after_all_that_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"a\nb\nc")
    readv = os.readv
    answers = iter([4, 1])

    def failing(descriptor: int, spaces: list[memoryview]) -> int:
        size = next(answers, None)
        if size is None:
            raise OSError(errno.EIO, "Input/output error")
        return readv(descriptor, [spaces[0][:size]])

    monkeypatch.setattr(os, "readv", failing)
    chunks, message = until_error(read_file(path))
    assert (b"a\nb\nc", "cannot be read: input/output error") == (text_of(chunks), message)


def test_a_file_is_closed_when_reading_ends_early(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"a\nb\nc\n")
    before = os.listdir("/dev/fd")
    chunks = read_chunks(Input(str(path)), chunk_size=1, max_line=10)
    next(chunks)
    assert len(before) + 1 == len(os.listdir("/dev/fd"))
    chunks.close()
    assert len(before) == len(os.listdir("/dev/fd"))


def test_an_unknown_encoding_is_an_error_before_anything_is_opened() -> None:
    with pytest.raises(UsageError):
        list(read_chunks(Input("missing"), chunk_size=1, max_line=1, encoding="nope"))
