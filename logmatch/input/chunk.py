"""
Chunk: whole lines, numbered; the unit of work.

Inputs are named files, directories and stdin (`resolve_inputs`); `read_chunks` turns one input into chunks. A chunk
never cuts a line, and the chunks of an input follow each other without gap or overlap. Where they are cut depends on
sizes and on timing; their lines, numbers and offsets do not. Only "\\n" ends a line; the last line of an input may lack
it.

The bytes go through a row of iterators, each of which makes blocks (bytes, cut anywhere) out of blocks:

    _Source.blocks -> _decompressed -> _transcoded -> _Splitter.feed

An empty block is a *pause*: more may take a while, so whole lines should go on their way. A pause is passed on as it
is. The end of an input is the end of the iterator.

Not its business: what a line means (matching), who works on a chunk (processes), and what is written.
"""

from __future__ import annotations

import codecs
import os
import select
import stat
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from logmatch.engine import kernel_module
from logmatch.errors import InputError, Place, UsageError
from logmatch.wording import did_you_mean

STDIN = "-"
"""The name of stdin among the inputs and in chunks."""

OVERSIZED_HEAD = 1024
"""How many bytes of a line longer than `max_line` are kept."""

Wait = Callable[[int], bool]
"""Waits until the file descriptor can be read (or has ended): True; or until reading is to stop: False."""

_PIPE_SIZE = 1 << 20  # bytes
_SMALL_READ = 64 * 1024  # bytes: a pipe's usual capacity; and little enough to recognise a format before reading on
_STEP = 256 * 1024  # bytes: what a decompressor may return at once
_GATHER_SECONDS = 0.01  # how long lines of a pipe may be held back while more keeps coming


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole lines of one input, in its order."""

    file: str
    """The input as the user named it, or as it is called below a directory that the user named; "-" for stdin."""
    first_line: int
    """The number of its first line, from 1."""
    line_count: int
    """How many lines it has, at least 1."""
    offset: int
    """Where its first line begins, in bytes of the decompressed and transcoded stream."""
    data: bytes | memoryview
    """The lines, each with its "\\n"; only the last line of an input may lack it."""
    position: int
    """Bytes of the file as it is stored (compressed) that have been read so far, for progress."""
    oversized: int | None = None
    """
    Set when the chunk is one line longer than `max_line`: its size in bytes, without "\\n" and without one "\\r" before
    it. `data` then holds the first 1,024 bytes of those, without "\\n".
    """


@dataclass(frozen=True, slots=True)
class Input:
    """Something to read."""

    name: str
    """A path, or "-" for stdin."""
    size: int | None = None
    """In bytes, as stored, when resolved; None for what is not a regular file."""

    @property
    def is_stdin(self) -> bool:
        return self.name == STDIN


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a list of names stands for."""

    inputs: tuple[Input, ...]
    errors: tuple[InputError, ...]
    """Names that stand for nothing that can be read; the rest is read all the same."""
    with_file: bool
    """Whether records must name their file: several names were given, or a directory."""
    binary: tuple[str, ...] = ()
    """Files below a directory that are left out because they hold no text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which files below a directory are read; what is named itself is read whatever it is."""

    include: tuple[str, ...] = ()
    """Globs, one of which must fit; none: every file."""
    exclude: tuple[str, ...] = ()
    """Globs for files and directories that are left out."""
    left_out: frozenset[tuple[int, int]] = frozenset()
    """Device and inode of files that are no logs: templates, outputs."""
    skips_binary: bool = True
    """Whether a file that holds a NUL byte near its beginning is left out (lines in UTF-16 are full of them)."""

    def includes(self, path: str) -> bool:
        """Whether the file *path*, below the directory that was named, is wanted by its name."""
        return not self.include or _fits(path, self.include)

    def excludes(self, path: str) -> bool:
        """Whether the file or directory *path* is left out by its name."""
        return bool(self.exclude) and _fits(path, self.exclude)


def _fits(path: str, globs: Sequence[str]) -> bool:
    """Whether a glob fits the last part of *path*, or, if it holds a "/", the whole of it."""
    from fnmatch import fnmatchcase

    name = os.path.basename(path)
    return any(fnmatchcase(path if "/" in glob else name, glob.removeprefix("./").rstrip("/")) for glob in globs)


def resolve_inputs(names: Sequence[str], selection: Selection = Selection()) -> Inputs:
    """
    Find what *names* (files, directories, "-") stand for; only directories and the files below them are opened.

    Below a directory, regular files are taken, in the order of their names, at any depth; hidden files and directories
    are left out, as is what *selection* leaves out, and symbolic links to directories are not followed. What is named
    itself is taken whatever it is.
    """
    inputs: list[Input] = []
    errors: list[InputError] = []
    binary: list[str] = []
    any_directory = False
    for name in names:
        try:
            status = os.fstat(0) if name == STDIN else os.stat(name)
        except (OSError, ValueError) as error:
            errors.append(input_error(name, error))
            continue
        if stat.S_ISDIR(status.st_mode) and name != STDIN:
            any_directory = True
            inputs += _files_below(name, selection, errors, binary)
        else:
            inputs.append(Input(name, status.st_size if stat.S_ISREG(status.st_mode) else None))
    return Inputs(tuple(inputs), tuple(errors), any_directory or len(names) > 1, tuple(binary))


def _files_below(directory: str, selection: Selection, errors: list[InputError], binary: list[str]) -> list[Input]:
    """The wanted files below *directory*, sorted; what is wrong, "holds no files" included, is added to *errors*."""
    found: list[Input] = []
    error_count, binary_count, left_out = len(errors), len(binary), 0
    base = len(os.path.join(directory, ""))
    todo: list[tuple[str, int | None]] = [(directory, None)]  # a path and its size, None for a directory; last is next
    while todo:
        path, size = todo.pop()
        if size is not None:
            if selection.skips_binary and _is_binary(path):
                binary.append(path)
            else:
                found.append(Input(path, size))
            continue
        try:
            with os.scandir(path) as entries:
                visible = sorted((e for e in entries if not e.name.startswith(".")), key=lambda e: e.name, reverse=True)
        except OSError as error:
            errors.append(input_error(path, error))
            continue
        for entry in visible:
            try:
                if selection.excludes(entry.path[base:]):
                    left_out += 1
                elif entry.is_dir(follow_symlinks=False):
                    todo.append((entry.path, None))
                elif entry.is_file():
                    status = entry.stat()
                    if (status.st_dev, status.st_ino) in selection.left_out or not selection.includes(
                        entry.path[base:]
                    ):
                        left_out += 1
                    else:
                        todo.append((entry.path, status.st_size))
            except OSError as error:
                errors.append(input_error(entry.path, error))
    if not found and len(errors) == error_count:
        what, hint = "holds no files", "hidden files and links to directories are left out; name a file to have it read"
        if left_out or len(binary) > binary_count:
            what = "holds no files to read"
            hint = "templates, outputs, binary and hidden files and what --include and --exclude say are left out"
        errors.append(InputError(what, place=Place(directory), hint=hint))
    return found


_BINARY_HEAD = 8000
"""Bytes of a file's beginning that a NUL byte is looked for in, as git does."""


def _is_binary(path: str) -> bool:
    """Whether the file holds no lines of text: a NUL byte, and nothing that says compressed or UTF-16."""
    try:
        with open(path, "rb", buffering=0) as file:
            head = file.read(_BINARY_HEAD)
    except OSError:
        return False  # reading it will tell
    if head.startswith((*_COMPRESSION_MARKS, *_BYTE_ORDER_MARKS)):
        return False
    return b"\0" in head


def check_encoding(name: str) -> str:
    """
    Return *name* in its usual spelling, or "auto"; `UsageError` if it is no encoding that lines can be read in.

    "utf-8" stands for all encodings whose bytes are left as they are: UTF-8 and ASCII. Dashes, points and spaces in a
    name do not count: "utf16-le" is "utf-16-le".
    """
    if name.lower() == "auto":
        return "auto"
    usual = _usual_name(name)
    if usual is None:
        known = ("utf-8", "latin-1", "cp1252", "utf-16", "utf-16-le", "utf-32", "shift_jis", "gb18030", "koi8-r")
        hint = f'{did_you_mean(name, known)}use "auto", or a name that Python knows, such as {", ".join(known[:6])}'
        raise UsageError(f"unknown encoding {name!r}", hint=hint)
    return "utf-8" if usual in ("utf-8", "utf-8-sig", "ascii") else usual


def _usual_name(name: str) -> str | None:
    """How Python spells the encoding; None if it is none of text, or one in which nothing can be replaced."""
    for spelling in (name, _squeezed_aliases().get(_squeeze(name), "")):
        try:
            usual = codecs.lookup(spelling).name
            b"\n".decode(usual, "replace")  # a LookupError for codecs from bytes to bytes, such as base64
            codecs.getincrementaldecoder(usual)("replace").decode(b"\n")  # an error where nothing is replaced: idna
        except (LookupError, ValueError):
            continue
        return usual
    return None


def _squeeze(name: str) -> str:
    return "".join(char for char in name.lower() if char.isalnum())


def _squeezed_aliases() -> dict[str, str]:
    from encodings.aliases import aliases

    return {_squeeze(name): usual for alias, usual in aliases.items() for name in (alias, usual)}


def count_lines(data: bytes | memoryview) -> int:
    """The number of lines in *data*; a last line without "\\n" counts."""
    kernel = kernel_module()
    if kernel is not None:
        return int(kernel.count_lines(data))
    text = bytes(data)  # no copy of what is bytes
    return text.count(b"\n") + (text[-1:] not in (b"", b"\n"))


def split_long_lines(
    data: bytes | bytearray, begin: int, end: int, max_line: int
) -> Iterator[tuple[int, int, int | None]]:
    """
    Split data[begin:end], whole lines, around those longer than *max_line*.

    Yields where a part begins and ends; and for a part that is one line too long its size, without its "\\n" and
    without one "\\r" before that; else None.

    Looks only at about one line in each *max_line* bytes: within so many bytes from the beginning of a line, the last
    "\\n" shows that no line before it is too long.
    """
    start = begin  # of what has not been yielded
    line = begin  # the beginning of a line; from start to here no line is too long
    while end - line > max_line:
        newline = data.rfind(b"\n", line, line + max_line + 1)
        if newline != -1:
            line = newline + 1
            continue
        line_end = data.find(b"\n", line + max_line + 1, end)
        if line_end == -1:
            line_end = end
        size = line_end - line - (data[line_end - 1] == 13)  # 13: "\r"
        if size > max_line:
            if start < line:
                yield start, line, None
            start = min(line_end + 1, end)
            yield line, start, size
        line = line_end + 1
    if start < end:
        yield start, end, None


def read_chunks(
    source: Input, *, chunk_size: int, max_line: int, encoding: str = "auto", wait: Wait | None = None
) -> Iterator[Chunk]:
    """
    Read *source* from its beginning to its end, as chunks of about *chunk_size* bytes.

    A file is read in pieces of that size. From anything that may have to be waited for (pipe, terminal) whole lines are
    passed on as soon as they are there; *wait* is called before each read that may block, and when it returns False
    reading stops: whole lines have been yielded by then, an incomplete last line is left out.

    A line of more than *max_line* bytes is a chunk of its own (see `Chunk.oversized`). gzip, bzip2, xz and zstd are
    recognised by the first bytes. With *encoding* "auto", UTF-16 and UTF-32 are recognised by a byte order mark and
    become UTF-8, and other bytes stay as they are; any other encoding but UTF-8 and ASCII becomes UTF-8. A byte order
    mark is left out (a UTF-8 one counts in `Chunk.offset`).

    Memory is about twice *chunk_size* plus *max_line*, whatever the input.

    Raises `InputError` when the input cannot be opened, or after all that could be read of it has been yielded.
    """
    encoding = check_encoding(encoding)
    descriptor = open_input(source.name)
    try:
        yield from _read_chunks(_Source(source.name, descriptor, chunk_size, wait), chunk_size, max_line, encoding)
    finally:
        if not source.is_stdin:
            os.close(descriptor)


def _read_chunks(source: _Source, chunk_size: int, max_line: int, encoding: str) -> Iterator[Chunk]:
    mark, blocks = _recognised(source.blocks(), _COMPRESSION_MARKS)
    if mark:
        blocks = _decompressed(blocks, source.name, _COMPRESSION_MARKS[mark])
    else:
        source.read_whole_chunks()
    mark = b""
    if encoding in ("auto", "utf-8"):
        mark, blocks = _recognised(blocks, _BYTE_ORDER_MARKS if encoding == "auto" else (codecs.BOM_UTF8,))
        encoding = _BYTE_ORDER_MARKS[mark] if mark else "utf-8"
    if encoding != "utf-8":
        blocks = _transcoded(blocks, source.name, encoding)
        mark = b""
    elif mark:
        blocks = _without(mark, blocks)

    splitter = _Splitter(source, chunk_size, max_line, offset=len(mark))
    try:
        for block in blocks:
            yield from splitter.feed(block) if block else splitter.whole_lines()
    except _Stopped:
        yield from splitter.whole_lines()
        return
    except InputError:
        yield from splitter.end()
        raise
    yield from splitter.end()


# --- bytes from the operating system


class _Stopped(Exception):
    """`wait` has said that reading is to stop; it passes through all stages."""


class _Source:
    """The stored bytes of one input."""

    def __init__(self, name: str, descriptor: int, chunk_size: int, wait: Wait | None) -> None:
        self.name = name
        self.position = 0  # bytes read so far
        self._descriptor = descriptor
        self._chunk_size = chunk_size
        self._read_size = min(chunk_size, _SMALL_READ)
        mode = os.fstat(descriptor).st_mode
        self._regular = stat.S_ISREG(mode)
        if stat.S_ISFIFO(mode):
            enlarge_pipe(descriptor)
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        self._wait = wait if wait is not None else self._wait_for_ever

    def read_whole_chunks(self) -> None:
        """From now on, read a regular file by whole chunks: its blocks become chunks as they are."""
        if self._regular:
            self._read_size = self._chunk_size

    def blocks(self) -> Iterator[bytes]:
        """
        All there is, as it comes; with pauses where it may block.

        A pipe is read on without a pause while more is there, until that makes a chunk or has taken 10 ms: a pause for
        each small write would make small chunks, and none would hold lines back.
        """
        if self._regular:
            while block := self._read():
                yield block
            return
        while True:
            self._wait_or_stop()
            gathered = 0
            deadline = time.monotonic() + _GATHER_SECONDS
            while block := self._read():
                yield block
                gathered += len(block)
                if gathered >= self._chunk_size or time.monotonic() >= deadline or not self._poll.poll(0):
                    break
            else:
                return
            yield b""

    def _read(self) -> bytes:
        while True:
            try:
                block = os.read(self._descriptor, self._read_size)
            except BlockingIOError:  # opened so, here or by who gave us stdin
                self._wait_or_stop()
                continue
            except OSError as error:
                raise input_error(self.name, error) from None
            self.position += len(block)
            return block

    def _wait_or_stop(self) -> None:
        if not self._wait(self._descriptor):
            raise _Stopped

    def _wait_for_ever(self, _descriptor: int) -> bool:
        self._poll.poll()
        return True


def enlarge_pipe(descriptor: int) -> int | None:
    """
    Have a pipe hold 1 MiB, which Linux allows everyone; return how many bytes it holds, None if that is not known.

    With 64 KiB, the usual size, writer and reader wait for each other most of the time.
    """
    import fcntl

    try:
        size = fcntl.fcntl(descriptor, fcntl.F_GETPIPE_SZ)
    except (AttributeError, OSError):
        return None
    if size < _PIPE_SIZE:
        with suppress(OSError):  # the user has too many large ones
            size = fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
    return size


def open_input(name: str) -> int:
    """A file descriptor for reading; it never blocks on a FIFO that nobody writes to, so that `wait` can be asked."""
    try:
        descriptor = 0 if name == STDIN else os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        status = os.fstat(descriptor)
    except (OSError, ValueError) as error:
        raise input_error(name, error) from None
    if stat.S_ISDIR(status.st_mode):
        if name != STDIN:
            os.close(descriptor)
        raise InputError("is a directory", place=_place(name))
    return descriptor


def _place(name: str) -> Place:
    return Place("stdin" if name == STDIN else name)


def input_error(name: str, error: OSError | ValueError) -> InputError:
    """What *error* means for whoever named the input *name*."""
    hint = None
    if isinstance(error, FileNotFoundError):
        sentence = "no such file" if not os.path.islink(name) else "is a symbolic link to a file that does not exist"
    elif isinstance(error, PermissionError):
        sentence = "permission denied"
        hint = "run logmatch as a user who may read it"
    elif isinstance(error, OSError):
        sentence = f"cannot be read: {(error.strerror or str(error)).lower()}"
    else:  # os.open does not take a name with a NUL character
        sentence = "is not a file name"
    return InputError(sentence, place=_place(name), hint=hint)


# --- what the first bytes tell


_COMPRESSION_MARKS: dict[bytes, str] = {
    b"\x1f\x8b\x08": "gzip",  # RFC 1952; 8 is the only method there is
    b"\xfd7zXZ\0": "xz",  # https://tukaani.org/xz/xz-file-format.txt, 2.1.1.1
    b"\x28\xb5\x2f\xfd": "zstd",  # RFC 8878, 3.1.1
    **{bytes((first,)) + b"\x2a\x4d\x18": "zstd" for first in range(0x50, 0x60)},  # a skippable frame; same, 3.1.2
    # "BZh", the level, and the first two bytes of a block's or of the end's magic: with "BZh9" alone a line may begin.
    **{b"BZh%d%s" % (level, magic): "bzip2" for level in range(1, 10) for magic in (b"1A", b"\x17r")},
}

_BYTE_ORDER_MARKS: dict[bytes, str] = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
    codecs.BOM_UTF32_LE: "utf-32-le",  # begins like UTF-16: the longest mark that fits is taken
    codecs.BOM_UTF32_BE: "utf-32-be",
}


def begins_like_text(head: bytes, encoding: str) -> bool:
    """
    Whether a file that begins with *head*, at least as long as any mark, holds its lines as they stand.

    It does not if it is compressed, or if *encoding* is "auto" and it begins with a byte order mark of another encoding
    than UTF-8.
    """
    if head.startswith(tuple(_COMPRESSION_MARKS)):
        return False
    return encoding != "auto" or not any(
        head.startswith(mark) and name != "utf-8" for mark, name in _BYTE_ORDER_MARKS.items()
    )


def _recognised(blocks: Iterator[bytes], marks: Collection[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """
    Return which of *marks* the stream begins with (b"" for none), and the stream, from its beginning.

    No more is read than is needed to tell. What goes wrong meanwhile is raised by the returned stream, in its place.
    """
    head = b""
    failure: InputError | _Stopped | None = None
    try:
        for block in blocks:
            head += block
            if not any(len(mark) > len(head) and mark.startswith(head) for mark in marks):
                break
    except (InputError, _Stopped) as error:
        failure = error

    def whole_stream() -> Iterator[bytes]:
        if head:
            yield head
        if failure is not None:
            raise failure
        yield from blocks

    return max((mark for mark in marks if head.startswith(mark)), key=len, default=b""), whole_stream()


# --- compression


class _Decompressor(Protocol):
    """One member of a compressed stream, as `bz2.BZ2Decompressor` and its kin."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _decompressed(blocks: Iterator[bytes], name: str, kind: str) -> Iterator[bytes]:
    """
    The members (streams, frames) of a compressed stream, one after the other, in blocks of bounded size.

    Zero bytes between and after members are padding (of tapes, and in xz by definition).
    """
    new_member, damage = _decompressor(kind, name)
    member: _Decompressor | None = None
    first = True
    for block in blocks:
        if not block:
            yield block
            continue
        data = block
        while data or member is not None:
            if member is None:
                data = data.lstrip(b"\0") if not first else data
                if not data:
                    break
                member = new_member()
            try:
                text = member.decompress(data, _STEP)
            except damage as error:
                what = "is damaged" if first else "is damaged, or followed by something else"
                raise InputError(f"the {kind} data {what} ({error})", place=_place(name)) from None
            if text:
                yield text
            data = b""
            if member.eof:
                data = member.unused_data
                member = None
                first = False
            elif member.needs_input:
                break
    if member is not None:
        raise InputError(f"the {kind} data ends too early: the file is not complete", place=_place(name))


def _decompressor(kind: str, name: str) -> tuple[Callable[[], _Decompressor], type[Exception]]:
    """
    What makes a decompressor of this kind, and what it raises for damaged data. Imports only what is needed.

    When data is damaged, what the failing step had decoded is lost (at most 256 KiB), except with gzip: the libraries
    do not give it out.
    """
    if kind == "gzip":
        import zlib

        return _GzipMember, zlib.error
    if kind == "bzip2":
        import bz2

        return bz2.BZ2Decompressor, OSError
    if kind == "xz":
        import lzma

        # `xz -9` needs 65 MiB; a header may ask for 4 GiB.
        return lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=512 << 20), lzma.LZMAError
    if sys.version_info >= (3, 14):
        from compression import zstd

        return zstd.ZstdDecompressor, zstd.ZstdError
    try:
        import zstandard
    except ImportError:
        hint = "pip install zstandard, or pipe it: zstd -dc FILE | logmatch parse -t TEMPLATES"
        raise InputError("zstd needs the package zstandard", place=_place(name), hint=hint) from None
    return _ZstandardFrame, zstandard.ZstdError


class _GzipMember:
    """`zlib.decompressobj` with the methods of the other decompressors."""

    def __init__(self) -> None:
        import zlib

        self._error = zlib.error
        self._zlib = zlib.decompressobj(zlib.MAX_WBITS | 16)  # 16: a gzip header and trailer, nothing else
        self._more = False
        self._failure: Exception | None = None

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._more

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        if self._failure is not None:
            raise self._failure
        data = self._zlib.unconsumed_tail + data
        before = self._zlib.copy()
        try:
            text = self._zlib.decompress(data, max_length)
        except self._error as failure:
            # zlib raises and forgets what it had decoded: less than max_length, or it had not come to the damage.
            # Go there again, byte by byte, so that no line before it is lost.
            self._failure = failure
            good = bytearray()
            try:
                for index in range(len(data)):
                    good += before.decompress(data[index : index + 1])
            except self._error:
                pass
            self._more = True
            return bytes(good)
        self._more = len(text) == max_length or bool(self._zlib.unconsumed_tail)
        return text


class _ZstandardFrame:
    """`zstandard`'s decompressor of one frame with the methods of the others, and bounded output."""

    # The package gives out all that its input makes. A block makes at most 128 KiB and has at least 4 bytes (RFC 8878,
    # 3.1.1.2), so this makes at most 8 MiB.
    _PIECE = 256

    def __init__(self) -> None:
        import zstandard

        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._input = b""
        self._next = 0  # index of the first byte of _input that is still to be decompressed

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def needs_input(self) -> bool:
        return self._next >= len(self._input)

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data + self._input[self._next :]

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return about *max_length* bytes: more by what one piece of the input makes."""
        if data:
            self._input = self._input[self._next :] + data
            self._next = 0
        parts: list[bytes] = []
        length = 0
        while self._next < len(self._input) and length < max_length and not self._frame.eof:
            piece = self._input[self._next : self._next + self._PIECE]
            self._next += len(piece)
            parts.append(self._frame.decompress(piece))
            length += len(parts[-1])
        return b"".join(parts)


# --- encoding


def _transcoded(blocks: Iterable[bytes], name: str, encoding: str) -> Iterator[bytes]:
    """*blocks* in UTF-8, without a byte order mark; bytes that are wrong in *encoding* become U+FFFD."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    first = True
    for block in _with_end(blocks):
        if block == b"":
            yield block
            continue
        try:
            text = decoder.decode(block or b"", final=block is None)
        except UnicodeError as error:  # some ignore "replace"
            raise InputError(f"is not {encoding}: {error}", place=_place(name)) from None
        if text:
            # A few encodings can spell half a surrogate pair; it goes on as bytes that are not UTF-8.
            yield (text.removeprefix("\ufeff") if first else text).encode("utf-8", "surrogatepass")
            first = False


def _with_end(blocks: Iterable[bytes]) -> Iterator[bytes | None]:
    yield from blocks
    yield None


def _without(mark: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """*blocks*, of which the first begins with *mark*, without it."""
    yield next(blocks)[len(mark) :]
    yield from blocks


# --- lines


class _Splitter:
    """
    Blocks in, chunks out: at about `chunk_size` bytes, when asked for `whole_lines`, and around lines too long.

    Every byte is copied a bounded number of times, however small the blocks and however long a line.
    """

    def __init__(self, source: _Source, chunk_size: int, max_line: int, offset: int) -> None:
        self._source = source
        self._chunk_size = chunk_size
        self._max_line = max_line
        self._line_number = 1  # of the next chunk's first line
        self._offset = offset  # of the next chunk
        self._pending = bytearray()  # begins where a line begins; empty while _long is set
        self._whole = 0  # how much of _pending is whole lines; what follows has no "\n" and at most max_line + 1 bytes
        self._long: LongLine | None = None  # the line in which we are, once it is known to be too long

    def feed(self, block: bytes) -> Iterator[Chunk]:
        """Take *block*; yield what makes a chunk by now."""
        if self._long is not None:
            end = block.find(b"\n")
            self._long.extend(block if end == -1 else block[:end])
            if end == -1:
                return
            yield self._end_of_long_line(self._long, terminator=1)
            block = block[end + 1 :]
        cut = block.rfind(b"\n") + 1
        if cut and len(self._pending) + len(block) >= self._chunk_size:
            # The usual case with a file: one copy, from the block into the chunk.
            view = memoryview(block)
            data = b"".join((self._pending, view[:cut]))
            self._pending = bytearray(view[cut:])
            self._whole = 0
            yield from self._chunks(data)
        else:
            if cut:
                self._whole = len(self._pending) + cut
            self._pending += block
            if len(self._pending) >= self._chunk_size:
                yield from self.whole_lines()
        if len(self._pending) - self._whole > self._max_line + 1:  # 1: a "\r" at the end does not count
            yield from self.whole_lines()
            self._long = LongLine(self._pending)
            self._pending = bytearray()

    def whole_lines(self) -> Iterator[Chunk]:
        """Yield the whole lines that are there."""
        if self._whole:
            data = bytes(memoryview(self._pending)[: self._whole])
            del self._pending[: self._whole]
            self._whole = 0
            yield from self._chunks(data)

    def end(self) -> Iterator[Chunk]:
        """Yield all that is there: the input has ended, and with it its last line."""
        if self._long is not None:
            yield self._end_of_long_line(self._long, terminator=0)
        data = bytes(self._pending)
        self._pending = bytearray()
        self._whole = 0
        yield from self._chunks(data)

    def _end_of_long_line(self, line: LongLine, terminator: int) -> Chunk:
        self._long = None
        return self._chunk(line.head[: line.size], 1, line.length + terminator, oversized=line.size)

    def _chunks(self, data: bytes) -> Iterator[Chunk]:
        """Yield *data* (lines, the last perhaps without its "\\n") as one chunk, or several around lines too long."""
        for start, end, size in split_long_lines(data, 0, len(data), self._max_line):
            if size is None:
                part = data[start:end]  # no copy when it is all
                yield self._chunk(part, count_lines(part), len(part))
            else:
                head = data[start : start + min(size, OVERSIZED_HEAD)]
                yield self._chunk(head, 1, end - start, oversized=size)

    def _chunk(self, data: bytes, line_count: int, length: int, oversized: int | None = None) -> Chunk:
        """Number what covers the next *length* bytes of the stream."""
        source = self._source
        chunk = Chunk(source.name, self._line_number, line_count, self._offset, data, source.position, oversized)
        self._line_number += line_count
        self._offset += length
        return chunk


class LongLine:
    """A line that is too long, while it goes by; `head` is its beginning, `length` its bytes so far."""

    def __init__(self, data: bytearray) -> None:
        self.head = bytes(data[:OVERSIZED_HEAD])
        self.length = len(data)  # bytes so far
        self._ends_in_return = data.endswith(b"\r")

    def extend(self, data: bytes) -> None:
        if data:
            self.head += data[: OVERSIZED_HEAD - len(self.head)]
            self.length += len(data)
            self._ends_in_return = data.endswith(b"\r")

    @property
    def size(self) -> int:
        """Bytes of the line, if it ends here."""
        return self.length - self._ends_in_return
