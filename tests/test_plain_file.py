"""`logmatch.input.ranges`: each line is owned by one range, wherever the ranges are cut."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from logmatch.errors import InputError
from logmatch.input.chunk import Chunk, Input
from logmatch.input.ranges import PlainFile, Range, RangeReader, open_plain

Line = tuple[int, int, bytes, int | None]
"""Number and offset, the bytes with their terminator (of a line that is too long, its head), its length if too long."""


def lines_by_definition(data: bytes, max_line: int, begin: int) -> list[Line]:
    lines: list[Line] = []
    offset = begin
    for number, line in enumerate(io.BytesIO(data[begin:]), 1):
        bare = line.removesuffix(b"\n").removesuffix(b"\r")
        lines.append((number, offset, bare[:1024], len(bare)) if len(bare) > max_line else (number, offset, line, None))
        offset += len(line)
    return lines


def lines_of(chunks: list[Chunk], number: int) -> list[Line]:
    """The lines of the chunks of a range whose first line has *number*."""
    lines: list[Line] = []
    for chunk in chunks:
        assert chunk.first_line == 1 + len(lines)
        offset = chunk.offset
        data = bytes(chunk.data)
        parts = [data] if chunk.oversized is not None else list(io.BytesIO(data))
        assert chunk.line_count == len(parts)
        for part in parts:
            lines.append((number, offset, part, chunk.oversized))
            offset += len(part)
            number += 1
    return lines


def read_all(path: Path, size: int, max_line: int, start: int | None = None) -> list[Line]:
    file = open_plain(Input(str(path), path.stat().st_size), "auto")
    assert file is not None
    reader = RangeReader(max_line)
    lines: list[Line] = []
    try:
        for part in file.ranges(size, file.begin if start is None else start):
            chunks = reader.read(file, part)
            lines += lines_of(chunks, len(lines) + 1)
    finally:
        file.close()
    return lines


@given(
    st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b"bcdefgh", b"x" * 30, b"\n\n\n"]), max_size=30).map(b"".join),
    st.integers(1, 40),
    st.integers(1, 25),
)
@example(b"\n" * 9, 3, 5)
@example(b"x" * 100, 7, 5)
@example(b"x" * 5 + b"\r\n", 5, 5)
@settings(max_examples=300)
def test_each_line_is_read_once_wherever_ranges_are_cut(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, size: int, max_line: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "plain.log"
    path.write_bytes(data)
    assert lines_by_definition(data, max_line, 0) == read_all(path, size, max_line)


@pytest.mark.parametrize("size", [1, 1000, 100_000, 1 << 20])
def test_lines_longer_than_what_is_read_at_once(tmp_path: Path, size: int) -> None:
    path = tmp_path / "long.log"
    data = b"short\n" + b"y" * 700_000 + b"\r\n" + b"short\n" + b"z" * 300_000 + b"\n" + b"w" * 400_000
    path.write_bytes(data)
    if size == 1:
        data = data[:6] + b"y" * 3000 + data[-20:]
        path.write_bytes(data)
    assert lines_by_definition(data, 350_000, 0) == read_all(path, size, 350_000)


def test_a_byte_order_mark_is_not_a_part_of_the_first_line(tmp_path: Path) -> None:
    path = tmp_path / "marked.log"
    data = b"\xef\xbb\xbfline 1\nline 2\n"
    path.write_bytes(data)
    assert lines_by_definition(data, 100, 3) == read_all(path, 4, 100)


def test_ranges_end_where_the_file_ends_when_the_last_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "growing.log"
    path.write_bytes(b"0123456789")
    file = open_plain(Input(str(path), 10), "auto")
    assert file is not None
    ranges = file.ranges(4, 0)
    assert [Range(0, 4, is_last=False), Range(4, 8, is_last=False)] == [next(ranges), next(ranges)]
    path.write_bytes(b"0123456789ab")
    assert [Range(8, 12, is_last=True)] == list(ranges)
    assert 12 == file.length()
    file.close()


@pytest.mark.parametrize(
    ("name", "content"), [("a.gz", b"\x1f\x8b\x08\x00aaaa"), ("b", b"\xff\xfea\x00\n\x00"), ("fifo", None)]
)
def test_what_is_not_plain_is_left_to_others(tmp_path: Path, name: str, content: bytes | None) -> None:
    path = tmp_path / name
    if content is None:
        os.mkfifo(path)
        assert open_plain(Input(str(path), None), "auto") is None
    else:
        path.write_bytes(content)
        assert open_plain(Input(str(path), len(content)), "auto") is None
        assert open_plain(Input(str(path), len(content)), "latin-1") is None


def test_a_file_that_is_not_there_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        open_plain(Input(str(tmp_path / "none"), 1), "auto")


def test_a_file_that_cannot_be_read_is_an_error_of_ours(tmp_path: Path) -> None:
    file = PlainFile("a directory", os.open(tmp_path, os.O_RDONLY), 0)
    with pytest.raises(InputError, match="a directory: "):
        RangeReader(100).read(file, Range(0, 10, is_last=False))
    file.close()


def test_a_file_that_has_become_shorter_is_an_error_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "cut.log"
    path.write_bytes(b"line 1\nline 2\n")
    file = open_plain(Input(str(path), 14), "auto")
    assert file is not None
    os.truncate(path, 3)
    with pytest.raises(InputError) as caught:
        RangeReader(100).read(file, Range(0, 14, is_last=True))
    assert (
        f"{path}: has become shorter while it was read\n"
        "  = help: something has cut it off, as logrotate does with copytruncate; the rest may be in a copy"
    ) == str(caught.value)
    file.close()
