"""
Archive: the members of a tar or zip archive, each read as a file of its own; nothing is unpacked to a disk.

A tar archive is read as it comes, compressed or not, from a pipe too (POSIX pax, ustar and GNU). A zip archive has its
list of members at its end, so that only a file can be read.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from logmatch.errors import InputError, Location
from logmatch.input.decode import decompressed
from logmatch.input.marks import COMPRESSION_MARKS, TAR_HEAD, ZIP_MARKS, is_tar
from logmatch.input.resolve import STDIN, location_of
from logmatch.input.stream import Block, Pause

if TYPE_CHECKING:
    import zipfile

_UNIT = 512
_MOST_NOTES = 1 << 20
"""Bytes of what a tar archive says of a member besides its header: a name of many directories has some hundreds."""

_READ_SIZE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Member:
    """A regular file in an archive."""

    name: str
    """As records and messages call it: `logs.tar!app/app.log`."""
    modified: int | None
    """In seconds since 1970."""
    blocks: Iterator[Block]
    """Its bytes; what is not taken is passed over."""


def peeked(blocks: Iterator[Block]) -> Generator[Pause, None, tuple[bytes, Iterator[Block]]]:
    """
    Return the beginning of a stream, as much as tells what archive it is, and the stream; the pauses until then are
    yielded. A stream whose first line is there is not waited for: an archive begins with no line.
    """
    head = b""
    failure: InputError | None = None
    try:
        for block in blocks:
            if isinstance(block, Pause):
                yield block
                continue
            head += block
            if len(head) >= TAR_HEAD or b"\n" in head:
                break
    except InputError as error:
        failure = error

    def whole_stream() -> Iterator[Block]:
        if head:
            yield head
        if failure is not None:
            raise failure
        yield from blocks

    return head, whole_stream()


class TarStream:
    """The members of a tar archive, one after the other."""

    def __init__(self, blocks: Iterator[Block], name: str) -> None:
        self._blocks = blocks
        self._name = name
        self._rest = b""
        self._left = 0  # bytes of the member that have not been taken
        self._padding = 0

    def members(self) -> Generator[Pause | Member, None, None]:
        """Each regular file; raises `InputError` where the archive is damaged or ends too early."""
        notes: dict[str, str] = {}
        while True:
            header = yield from self._exactly(_UNIT)
            if not header.strip(b"\0"):
                break
            if len(header) < _UNIT:
                raise self._error("ends too early: the archive is not complete")
            self._check(header)
            size, kind = self._size(header, notes), header[156:157]
            if kind in b"xgLK" and kind:
                if size > _MOST_NOTES:
                    raise self._error("is damaged: a name in it is too long")
                text = yield from self._exactly(size + -size % _UNIT)
                _add_notes(notes, kind, text[:size])
                continue
            self._left, self._padding = size, -size % _UNIT
            if kind in (b"0", b"\0", b"7"):
                yield Member(f"{self._name}!{_member_name(header, notes)}", _mtime(header, notes), self._data())
            elif kind == b"S":
                raise self._error("holds a sparse file, which cannot be read; unpack it")
            notes = {}
            yield from self._pass_over()
        for block in self._blocks:  # zeros up to the end of a tape's record
            if isinstance(block, Pause):
                yield block

    def _size(self, header: bytes, notes: dict[str, str]) -> int:
        if header[156:157] not in (b"x", b"g", b"L", b"K") and notes.get("size", "").isdigit():
            return int(notes["size"])
        return _number(header[124:136])

    def _check(self, header: bytes) -> None:
        total = sum(header) - sum(header[148:156]) + 8 * 32
        try:
            if total == _number(header[148:156]):
                return
        except ValueError:
            pass
        raise self._error("is damaged: this is no header of a tar archive")

    def _exactly(self, size: int) -> Generator[Pause, None, bytes]:
        parts = [self._rest]
        length = len(self._rest)
        while length < size:
            block = next(self._blocks, None)
            if block is None:
                break
            if isinstance(block, Pause):
                yield block
                continue
            parts.append(block)
            length += len(block)
        whole = b"".join(parts)
        self._rest = whole[size:]
        return whole[:size]

    def _data(self) -> Iterator[Block]:
        while self._left:
            block: Block | None = self._rest or next(self._blocks, None)
            if block is None:
                raise self._error("ends too early: the archive is not complete")
            if isinstance(block, Pause):
                yield block
                continue
            part, self._rest = block[: self._left], block[self._left :]
            self._left -= len(part)
            yield part

    def _pass_over(self) -> Generator[Pause, None, None]:
        for block in self._data():
            if isinstance(block, Pause):
                yield block
        yield from self._exactly(self._padding)

    def _error(self, message: str) -> InputError:
        return InputError(message, location=location_of(self._name))


def _number(field: bytes) -> int:
    if field[:1] in (b"\x80", b"\xff"):  # GNU: a number of base 256
        return int.from_bytes(field[1:], "big")
    return int(field.strip(b" \0") or b"0", 8)


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _member_name(header: bytes, notes: dict[str, str]) -> str:
    if "path" in notes:
        return notes["path"]
    name, prefix = _text(header[:100]), _text(header[345:500]) if header[257:263] == b"ustar\0" else ""
    return f"{prefix}/{name}" if prefix else name


def _mtime(header: bytes, notes: dict[str, str]) -> int | None:
    try:
        return int(float(notes["mtime"])) if "mtime" in notes else _number(header[136:148]) or None
    except ValueError:
        return None


def _add_notes(notes: dict[str, str], kind: bytes, text: bytes) -> None:
    """Add what a note before a member says: a long name, or `LENGTH KEY=VALUE` lines of pax."""
    if kind == b"L":
        notes["path"] = _text(text)
    elif kind == b"x":
        at = 0
        while at < len(text):
            size, _, rest = text[at:].partition(b" ")
            if not size.isdigit() or not 0 < int(size) <= len(text) - at:
                return
            key, _, value = rest[: int(size) - len(size) - 2].partition(b"=")
            notes[key.decode("utf-8", "replace")] = value.decode("utf-8", "surrogateescape")
            at += int(size)


def holds_members(name: str) -> bool:
    """Whether the input *name* is a file that is an archive, by its first bytes, compressed or not."""
    if name == STDIN:
        return False
    try:
        with open(name, "rb") as file:
            head = file.read(_READ_SIZE)
    except (OSError, ValueError):
        return False  # reading it will tell
    mark = max((mark for mark in COMPRESSION_MARKS if head.startswith(mark)), key=len, default=None)
    if mark is not None:
        try:
            texts = decompressed(iter([head]), name, COMPRESSION_MARKS[mark])
            head = next((text for text in texts if isinstance(text, bytes)), b"")
        except InputError:
            head = b""
    return head.startswith(ZIP_MARKS) or is_tar(head)


def zip_members(name: str) -> Iterator[Member | InputError]:
    """
    The regular files of the zip archive *name*, in the order of its list; an error stands for one that cannot be read.

    Raises `InputError` where the archive cannot be.
    """
    import zipfile

    try:
        archive = zipfile.ZipFile(os.fdopen(os.dup(0), "rb") if name == STDIN else name)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        hint = "name the file; its list of members is at its end" if name == STDIN else None
        raise InputError(f"cannot be read as a zip archive: {error}", location=location_of(name), hint=hint) from None
    with archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            member = f"{name}!{info.filename}"
            if info.flag_bits & 1:
                yield InputError("is encrypted", location=Location(member), hint="unpack it, and read what comes of it")
            else:
                yield Member(member, _zip_time(info), _zip_blocks(archive, info, member))


def _zip_time(info: zipfile.ZipInfo) -> int | None:
    """A zip has the time of some clock, to two seconds."""
    from calendar import timegm

    try:
        return timegm((*info.date_time, 0, 0, 0)) if info.date_time[0] > 1980 else None
    except (ValueError, OverflowError):
        return None


def _zip_blocks(archive: zipfile.ZipFile, info: zipfile.ZipInfo, member: str) -> Iterator[Block]:
    import zipfile
    import zlib

    try:
        with archive.open(info) as file:
            while block := file.read(_READ_SIZE):
                yield block
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", location=Location(member)) from None
