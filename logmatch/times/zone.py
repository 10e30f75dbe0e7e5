"""
Zone: the offsets of a time zone from UTC, loaded once and laid out as arrays, for times of its local clock.

The local clock is cut into segments: in each, one offset holds, and times are plain, shown twice (*ambiguous*: the
clock was set back, and the earlier offset counts) or never shown (a *gap*: the clock was set forward, and the offset
before it counts, so that the time moves forward). That is `fold=0` of PEP 495. Segments go on up to the end of what 64
bits of nanoseconds can hold, so that nobody needs the rule for future years.
"""

from __future__ import annotations

import os
import re
from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from logmatch.errors import UsageError
from logmatch.wording import did_you_mean

# What only named zones need is imported where they are loaded: a start has few milliseconds to spend.
if TYPE_CHECKING:
    from logmatch.times.posix_tz import Transition

PLAIN, AMBIGUOUS, GAP = 0, 1, 2
"""What the times of a segment are."""

LEAST_SECOND = -(2**63 // 10**9)
MOST_SECOND = 2**63 // 10**9 - 1
"""Between which seconds since 1970, both included, 64 bits hold any nanosecond: 1677 to 2262."""

_ALWAYS = -(2**62)  # before any time
_YEARS = range(1677, 2264)

LOCAL = "local"
"""The zone of this machine."""

BY_ZONE = -(2**31)
"""In place of an offset: a word that a zone has used for several."""

WORDS: Mapping[bytes, int] = {
    word: round(hours * 3600)
    for word, hours in {
        **{b"UTC": 0, b"UT": 0, b"GMT": 0, b"Z": 0},
        **{b"WET": 0, b"WEST": 1, b"CET": 1, b"CEST": 2, b"EET": 2, b"EEST": 3},
        **{b"EST": -5, b"EDT": -4, b"CDT": -5, b"MST": -7, b"MDT": -6, b"PST": -8, b"PDT": -7},
        **{b"AKST": -9, b"AKDT": -8, b"HST": -10, b"JST": 9, b"KST": 9, b"SGT": 8, b"HKT": 8},
        **{b"AEST": 10, b"AEDT": 11, b"ACST": 9.5, b"ACDT": 10.5, b"AWST": 8, b"NZST": 12, b"NZDT": 13},
    }.items()
}
"""
The words that stand for one offset wherever no zone says otherwise.

CST (America, China, Cuba), IST (India, Ireland, Israel), BST (Britain, Bangladesh) and MSK (which was UTC+4 for three
years) are not among them: they say something only in a zone that uses them.
"""


class Lookup(NamedTuple):
    """What a time of the local clock is."""

    offset: int
    """Seconds east of UTC."""
    kind: int
    """`PLAIN`, `AMBIGUOUS` or `GAP`."""


@dataclass(frozen=True, slots=True, eq=False)
class Zone:
    """A time zone; see the module. Made by `load_zone`, once for each name."""

    name: str
    begins: array[int]
    """The second of the local clock (as if that were UTC) from which on each segment lasts; 64 bits, ascending."""
    offsets: array[int]
    """Of each segment; 64 bits."""
    kinds: bytes
    """Of each segment."""
    utc_begins: array[int]
    """The second since 1970 from which on each of `utc_offsets` holds; ascending."""
    utc_offsets: array[int]
    words: Mapping[bytes, int]
    """The abbreviations that it has used since 1970, and their offsets, or `BY_ZONE`."""

    def lookup(self, local: int) -> Lookup:
        """What the second *local* of the clock is."""
        at = bisect_right(self.begins, local) - 1
        return Lookup(self.offsets[at], self.kinds[at])

    def offset_at(self, second: int) -> int:
        """The offset at a second since 1970."""
        return self.utc_offsets[bisect_right(self.utc_begins, second) - 1]

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (
            self.name,
            self.begins,
            self.offsets,
            self.kinds,
            self.utc_begins,
            self.utc_offsets,
            self.words,
        )


def _rebuild(*parts: object) -> Zone:
    return Zone(*parts)  # type: ignore[arg-type]


@lru_cache(64)
def load_zone(name: str) -> Zone:
    """
    Return the zone called *name*: a name of the time zone database, an offset such as `+02:00`, `Z` or `local`.

    Raises:
        UsageError: there is none, or the database is not there.
    """
    fixed = re.fullmatch(r"(?:UTC|GMT)?([+-])(\d\d?)(?::?(\d\d))?", name, re.ASCII)
    if fixed is not None and int(fixed[2]) < 24 and int(fixed[3] or 0) < 60:
        offset = (int(fixed[2]) * 60 + int(fixed[3] or 0)) * 60
        return _zone(name, [], -offset if fixed[1] == "-" else offset, {})
    if name.upper() in ("Z", "UTC", "UT", "GMT"):
        return _zone(name, [], 0, {})
    return _parsed(name, _local_data() if name.lower() == LOCAL else _data_of(name))


def _data_of(name: str) -> bytes:
    """The file of the zone in the database of the system, or of the package tzdata."""
    import zoneinfo

    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        known = zoneinfo.available_timezones()
        if not known:
            hint = "install the tzdata of the system, or: pip install tzdata; or give an offset: +02:00"
            raise UsageError(
                f"the time zone {name!r} cannot be read: there is no database of them", hint=hint
            ) from None
        hint = f"{did_you_mean(name, sorted(known))}use a name such as Europe/Berlin, UTC, local, or an offset: +02:00"
        raise UsageError(f"unknown time zone {name!r}", hint=hint) from None
    for directory in zoneinfo.TZPATH:
        path = os.path.join(directory, name)
        if os.path.isfile(path):
            return _file(path)
    from importlib import resources

    package, _, file = f"tzdata/zoneinfo/{name}".rpartition("/")
    return (resources.files(package.replace("/", ".")) / file).read_bytes()


def _local_data() -> bytes:
    """What the clock of this machine goes by: TZ, else /etc/localtime; UTC where there is neither."""
    name = os.environ.get("TZ", "").removeprefix(":")
    if name:
        return _file(name) if os.path.isabs(name) else _data_of(name)
    try:
        return _file("/etc/localtime")
    except OSError:
        return _data_of("UTC")


def _file(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _parsed(name: str, data: bytes) -> Zone:
    """The zone of a TZif file (RFC 8536)."""
    import struct

    try:
        version, counts = data[4:5], struct.unpack(">6l", data[20:44])
        if data[:4] != b"TZif":
            raise ValueError
        size = 4
        if version != b"\0":  # what follows is for readers of the first version; then comes all again in 64 bits
            data = data[44 + _block_size(counts, 4) :]
            counts = struct.unpack(">6l", data[20:44])
            size = 8
        return _from_block(name, data[44:], counts, size)
    except (ValueError, IndexError, struct.error):
        raise UsageError(f"the file of the time zone {name!r} is damaged", hint="install tzdata anew") from None


def _block_size(counts: Sequence[int], size: int) -> int:
    in_ut, in_standard, leaps, times, types, characters = counts
    return times * (size + 1) + types * 6 + characters + leaps * (size + 4) + in_standard + in_ut


def _from_block(name: str, data: bytes, counts: Sequence[int], size: int) -> Zone:
    import struct

    from logmatch.times.posix_tz import parse_posix_tz

    _, _, _, time_count, type_count, character_count = counts
    seconds = struct.unpack_from(f">{time_count}{'q' if size == 8 else 'l'}", data)
    numbers = data[time_count * size : time_count * (size + 1)]
    at = time_count * (size + 1)
    rows = list(struct.iter_unpack(">lBB", data[at : at + type_count * 6]))
    texts = data[at + type_count * 6 :][:character_count]
    types = [(offset, texts[begin : texts.index(b"\0", begin)].decode("ascii")) for offset, _, begin in rows]
    transitions: list[Transition] = [(second, *types[number]) for second, number in zip(seconds, numbers, strict=True)]
    # Before the first transition: the first offset that is not of summer time, as `zoneinfo` has it.
    before = types[next((number for number, row in enumerate(rows) if not row[1]), 0)]
    footer = data[_block_size(counts, size) :].strip(b"\n").decode("ascii") if size == 8 else ""
    if footer:
        rule = parse_posix_tz(footer)
        last = transitions[-1][0] if transitions else _ALWAYS
        if not transitions:
            before = rule.standard
        transitions += [each for each in rule.transitions(_YEARS) if each[0] > last]
    return _zone(name, transitions, before[0], _words(before, transitions))


def _words(before: tuple[int, str], transitions: Sequence[Transition]) -> dict[bytes, int]:
    used: dict[bytes, int] = {}
    ends = [*(second for second, _, _ in transitions), 2**62]
    for (offset, word), end in zip([before, *(each[1:] for each in transitions)], ends, strict=True):
        if end > 0 and re.fullmatch("[A-Z]{2,6}", word):
            text = word.encode()
            used[text] = offset if used.get(text, offset) == offset else BY_ZONE
    return used


def _zone(name: str, transitions: Sequence[Transition], before: int, words: Mapping[bytes, int]) -> Zone:
    offsets = [before, *(offset for _, offset, _ in transitions)]
    seconds = [second for second, _, _ in transitions]
    pairs = list(pairwise(offsets))
    earlier = [second + max(pair) for second, pair in zip(seconds, pairs, strict=True)]
    later = [second + min(pair) for second, pair in zip(seconds, pairs, strict=True)]
    begins, of_begin, kinds = array("q"), array("q"), bytearray()
    for begin in [_ALWAYS, *sorted({*earlier, *later})]:
        offset = offsets[bisect_right(earlier, begin)]
        other = offsets[bisect_right(later, begin)]
        kind = PLAIN if offset == other else AMBIGUOUS if offset > other else GAP
        if begins and (of_begin[-1], kinds[-1]) == (offset, kind):
            continue
        begins.append(begin)
        of_begin.append(offset)
        kinds.append(kind)
    return Zone(
        name, begins, of_begin, bytes(kinds), array("q", [_ALWAYS, *seconds]), array("q", offsets), {**WORDS, **words}
    )
