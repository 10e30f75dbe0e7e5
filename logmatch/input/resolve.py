"""Resolve: what the names on the command line stand for, and opening one of them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from logmatch.errors import MORE_FILES_HINT, TOO_MANY_FILES, InputError, Location, reason_of
from logmatch.input.marks import BYTE_ORDER_MARKS, COMPRESSION_MARKS, ZIP_MARKS, is_tar
from logmatch.input.rotation import Key, in_rotation_order, rotation_key

STDIN = "-"
"""The name of stdin among the inputs and in chunks."""


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
    names = path.split("/")
    return any(
        _fits_names(names if "/" in glob else names[-1:], glob.removeprefix("./").strip("/").split("/"))
        for glob in globs
    )


def _fits_names(names: Sequence[str], globs: Sequence[str]) -> bool:
    """Whether *globs* fit *names* one by one; `**` fits any number of names, as in ripgrep's globs."""
    from fnmatch import fnmatchcase

    ends = {0}  # how many of the names may be taken by the globs so far
    for glob in globs:
        if glob == "**":
            ends = set(range(min(ends, default=len(names) + 1), len(names) + 1))
        else:
            ends = {end + 1 for end in ends if end < len(names) and fnmatchcase(names[end], glob)}
    return len(names) in ends


def file_identities(paths: Iterable[str]) -> frozenset[tuple[int, int]]:
    """Device and inode of each of *paths* that is there."""
    found = set()
    for path in paths:
        with suppress(OSError, ValueError):
            status = os.stat(path)
            found.add((status.st_dev, status.st_ino))
    return frozenset(found)


def resolve_inputs(names: Sequence[str], selection: Selection = Selection()) -> Inputs:
    """
    Find what *names* (files, directories, "-") stand for; only directories and the files below them are opened.

    Below a directory, regular files are taken, in the order of their names, at any depth; files of one rotated log from
    the oldest on (`rotation`). Hidden files and directories are left out, as is what *selection* leaves out, and
    symbolic links to directories are not followed. What is named itself is taken whatever it is; names that follow each
    other and are of one rotated log are put in its order. A name that is a glob, and no file, stands for what fits it.
    """
    inputs: list[Input] = []
    errors: list[InputError] = []
    binary: list[str] = []
    any_directory = False
    names = in_rotation_order(each for name in names for each in _expanded(name))
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


def _expanded(name: str) -> list[str]:
    """*name*, or the files that it stands for where it is a glob that no shell has replaced."""
    if not any(char in name for char in "*?[") or os.path.lexists(name):
        return [name]
    import glob

    return sorted(glob.glob(name, recursive=True)) or [name]


def _age(entry: os.DirEntry[str]) -> Key:
    return rotation_key(entry.name)


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
                visible = sorted((e for e in entries if not e.name.startswith(".")), key=_age, reverse=True)
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
        errors.append(InputError(what, location=Location(directory), hint=hint))
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
    if head.startswith((*COMPRESSION_MARKS, *BYTE_ORDER_MARKS, *ZIP_MARKS)) or is_tar(head):
        return False
    return b"\0" in head


def open_input(name: str) -> int:
    """A file descriptor for reading; it never blocks on a FIFO that nobody writes to, so that `wait` can be asked."""
    try:
        descriptor = 0 if name == STDIN else os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        status = os.fstat(descriptor)
    except (OSError, ValueError) as error:
        raise input_error(name, error) from None
    what = hint = None
    if stat.S_ISDIR(status.st_mode):
        what = "is a directory"
    elif stat.S_ISCHR(status.st_mode) and status.st_rdev in _endless_devices():
        what, hint = (
            "is a device that has no end",
            "name a file, or pipe a part of it: head -c 1M DEVICE | logmatch ...",
        )
    if what is not None:
        if name != STDIN:
            os.close(descriptor)
        raise InputError(what, location=location_of(name), hint=hint)
    return descriptor


def _endless_devices() -> set[int]:
    """What /dev/zero and the like are, whatever they are called."""
    found = set()
    for name in ("zero", "full", "random", "urandom"):
        with suppress(OSError):
            found.add(os.stat(f"/dev/{name}").st_rdev)
    return found


def location_of(name: str) -> Location:
    return Location("stdin" if name == STDIN else name)


def input_error(name: str, error: OSError | ValueError) -> InputError:
    """What *error* means for whoever named the input *name*."""
    hint = None
    if isinstance(error, FileNotFoundError):
        message = "no such file" if not os.path.islink(name) else "is a symbolic link to a file that does not exist"
    elif isinstance(error, PermissionError):
        message = "permission denied"
        hint = "run logmatch as a user who may read it"
    elif isinstance(error, OSError):
        message = f"cannot be read: {reason_of(error)}"
        hint = MORE_FILES_HINT if error.errno in TOO_MANY_FILES else None
    else:  # os.open does not take a name with a NUL character
        message = "is not a file name"
    return InputError(message, location=location_of(name), hint=hint)
