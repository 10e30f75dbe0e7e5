"""
Rotation: the order in which the files of one rotated log were written, by their names: the oldest first.

    app.log.2.gz app.log.1 app.log          a number: the greater, the older
    app-20240530.log app-20240531.log app.log   a date, with or without a time: the earlier, the older

What belongs together has one name but for the number or the date and a suffix of compression; the file without either
is the one that is written to now, the last. Files of different logs stay in the order of their names.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

_COMPRESSION = re.compile(r"\.(?:gz|bz2|xz|zst|Z)$", re.ASCII)
_DATE = re.compile(
    r"[._-](?P<date>(?:19|20)\d\d(?P<mark>[-_.]?)(?:0[1-9]|1[0-2])(?P=mark)(?:0[1-9]|[12]\d|3[01]))"
    r"(?:[T_.-]?(?P<time>(?:[01]\d|2[0-3])(?:[-_:]?[0-5]\d){0,2}))?(?![0-9])",
    re.ASCII,
)
_NUMBER = re.compile(r"(?<![0-9])\.(?P<number>[0-9]{1,5})(?=\.[A-Za-z]+$|$)", re.ASCII)

Key = tuple[str, bool, str, int, str]


def rotation_key(name: str) -> Key:
    """The sort key of the file *name*: the log that it is of, and its age."""
    rest = _COMPRESSION.sub("", name)
    date, number = "", -1
    found = _DATE.search(rest)
    if found is not None:
        date = re.sub(r"\D", "", found["date"] + (found["time"] or ""))
        rest = rest[: found.start()] + rest[found.end() :]
    numbered = _NUMBER.search(rest)
    if numbered is not None:
        number = int(numbered["number"])
        rest = rest[: numbered.start()] + rest[numbered.end() :]
    # Within a day a greater number is later; without a day it is older.
    order = number if date else -number
    return rest, not (date or number >= 0), date, order, name


def in_rotation_order(paths: Iterable[str]) -> list[str]:
    """
    *paths* as they were given, but for neighbours that are files of one log: these are put in order, the oldest first.

    A shell gives the files that a glob stands for in the order of their names.
    """
    ordered: list[str] = []
    run: list[str] = []
    known: tuple[str, str] | None = None
    for path in paths:
        directory, name = os.path.split(path)
        log = directory, rotation_key(name)[0]
        if log != known:
            ordered += sorted(run, key=_key)
            run, known = [], log
        run.append(path)
    return ordered + sorted(run, key=_key)


def _key(path: str) -> Key:
    return rotation_key(os.path.basename(path))
