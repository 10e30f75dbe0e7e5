"""
Decode: from an input's stored bytes to lines in UTF-8: compression and encodings, recognised by the first bytes.

Each step makes blocks (see `stream`) out of blocks, of bounded size, and passes pauses on as they are.
"""

from __future__ import annotations

import codecs
import itertools
import sys
import threading
from collections.abc import Callable, Collection, Generator, Iterator
from typing import TYPE_CHECKING, Protocol

from logmatch.errors import InputError, UsageError
from logmatch.input.resolve import location_of
from logmatch.input.stream import Block, Pause
from logmatch.wording import did_you_mean

if TYPE_CHECKING:
    import zstandard

_STEP = 256 * 1024  # bytes: what a decompressor may return at once
_FIRST_WINDOW = 512  # bytes that a new member of a compressed stream gets at first: many may be tiny
_WINDOW = 64 * 1024  # bytes that it gets later
_XZ_MEMORY = 512 << 20  # bytes: `xz -9` needs 65 MiB; a header may ask for 4 GiB


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


# --- what the first bytes tell


def recognised(
    blocks: Iterator[Block], marks: Collection[bytes]
) -> Generator[Pause, None, tuple[bytes, Iterator[Block]]]:
    """
    Return which of *marks* the stream begins with (b"" for none), and the stream, from its beginning.

    No more is read than is needed to tell; the pauses until then are yielded. What goes wrong meanwhile is raised by
    the returned stream, in its place.
    """
    head = b""
    failure: InputError | None = None
    try:
        for block in blocks:
            if isinstance(block, Pause):
                yield block
                continue
            head += block
            if not any(len(mark) > len(head) and mark.startswith(head) for mark in marks):
                break
    except InputError as error:
        failure = error

    def whole_stream() -> Iterator[Block]:
        if head:
            yield head
        if failure is not None:
            raise failure
        yield from blocks

    return max((mark for mark in marks if head.startswith(mark)), key=len, default=b""), whole_stream()


def without(mark: bytes, blocks: Iterator[Block]) -> Iterator[Block]:
    """*blocks*, of which the first begins with *mark*, without it."""
    first = next(blocks)
    assert isinstance(first, bytes)
    yield first[len(mark) :]
    yield from blocks


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


def decompressed(blocks: Iterator[Block], name: str, kind: str) -> Iterator[Block]:
    """
    The members (streams, frames) of a compressed stream, one after the other.

    Zero bytes between and after members are padding (of tapes, and in xz by definition).
    """
    new_member, damage = _decompressor(kind, name)
    member: _Decompressor | None = None
    first = True
    window = _FIRST_WINDOW
    for block in blocks:
        if isinstance(block, Pause):
            yield block
            continue
        place = 0
        while True:
            if member is None:
                if not first:
                    place = _end_of_zeros(block, place)
                if place == len(block):
                    break
                member = new_member()
                window = _FIRST_WINDOW
            data = block[place : place + window] if member.needs_input else b""
            if not data and member.needs_input:
                break
            place += len(data)
            window = min(2 * window, _WINDOW)
            try:
                text = member.decompress(data, _STEP)
            except damage as error:
                raise _failure(error, name, kind, first=first) from None
            if text:
                yield text
            if member.eof:
                place -= len(member.unused_data)
                member = None
                first = False
    if member is not None:
        raise InputError(f"the {kind} data ends too early: the file is not complete", location=location_of(name))


def _end_of_zeros(block: bytes, start: int) -> int:
    """Where the zero bytes end that begin at *start*."""
    while start < len(block) and block[start] == 0:
        rest = block[start : start + _WINDOW]
        start += len(rest) - len(rest.lstrip(b"\0"))
    return start


def _failure(error: Exception, name: str, kind: str, *, first: bool) -> InputError:
    if kind == "xz" and "memory" in str(error).lower():
        message = f"needs more than {_XZ_MEMORY >> 20} MiB of memory to decompress"
        return InputError(
            message, location=location_of(name), hint="pipe it: xz -dc FILE | logmatch parse -t TEMPLATES"
        )
    what = "is damaged" if first else "is damaged, or followed by something else"
    return InputError(f"the {kind} data {what} ({error})", location=location_of(name))


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

        return lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY), lzma.LZMAError
    if sys.version_info >= (3, 14):
        from compression import zstd

        return zstd.ZstdDecompressor, zstd.ZstdError
    try:
        import zstandard
    except ImportError:
        hint = "pip install zstandard, or pipe it: zstd -dc FILE | logmatch parse -t TEMPLATES"
        raise InputError("zstd needs the package zstandard", location=location_of(name), hint=hint) from None
    decompressor = zstandard.ZstdDecompressor()  # it costs more than a small frame
    return lambda: _ZstandardFrame(decompressor.decompressobj()), zstandard.ZstdError


_GZIP_TIME_END = 8
"""Where in a gzip stream its time ends: RFC 1952, 2.3.1."""


def gzip_head(blocks: Iterator[Block]) -> Generator[Pause, None, tuple[bytes, Iterator[Block]]]:
    """Return the first bytes of a gzip stream, its time included, and the stream; the pauses until then are yielded."""
    head = b""
    for block in blocks:
        if isinstance(block, Pause):
            yield block
            continue
        head += block
        if len(head) >= _GZIP_TIME_END:
            break
    return head, itertools.chain([head], blocks)


def time_in_gzip_head(head: bytes) -> int | None:
    """When what a gzip stream holds was last written to, in seconds since 1970; None: it does not say."""
    if len(head) < _GZIP_TIME_END:
        return None
    return int.from_bytes(head[4:_GZIP_TIME_END], "little") or None


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

    def __init__(self, frame: zstandard.ZstdDecompressionObj) -> None:
        self._frame = frame
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


# --- encodings


def transcoded(
    blocks: Iterator[Block], name: str, encoding: str, count_replaced: Callable[[int], None]
) -> Iterator[Block]:
    """
    *blocks* in UTF-8, without a byte order mark; bytes that are wrong in *encoding* become U+FFFD.

    *count_replaced* is told how many of these there are in the block that comes next.
    """
    decoder = codecs.getincrementaldecoder(encoding)(_COUNTED)
    first = True
    for block in _with_end(blocks):
        if isinstance(block, Pause):
            yield block
            continue
        before = _replaced.count
        try:
            text = decoder.decode(block or b"", final=block is None)
        except UnicodeError as error:  # some ignore the handler
            raise InputError(f"is not {encoding}: {error}", location=location_of(name)) from None
        if _replaced.count > before:
            count_replaced(_replaced.count - before)
        if text:
            # A few encodings can spell half a surrogate pair; it goes on as bytes that are not UTF-8.
            yield (text.removeprefix("\ufeff") if first else text).encode("utf-8", "surrogatepass")
            first = False


def _with_end(blocks: Iterator[Block]) -> Iterator[Block | None]:
    yield from blocks
    yield None


_COUNTED = "logmatch-replace"
"""The name of the error handler that does what "replace" does, and counts."""


class _Replaced(threading.local):
    """How many U+FFFD this thread has put in place of wrong bytes."""

    count = 0


_replaced = _Replaced()


def _replace(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    _replaced.count += 1
    return "\N{REPLACEMENT CHARACTER}", error.end


codecs.register_error(_COUNTED, _replace)
