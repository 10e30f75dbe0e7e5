"""
Detect: which packs match how much of a log.

A *sample* of the log is looked at: its beginning, and of a plain file its middle and its end too. Every pack is tried
on all lines of the sample, so that the shares of packs may overlap; `Detection.suggestion` chooses among them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from logmatch.errors import InputError
from logmatch.formats import MARK, PACKS
from logmatch.input.chunk import blocking, read_chunks
from logmatch.input.resolve import Input
from logmatch.matcher import Matcher
from logmatch.templates.load import load_templates

SAMPLE = 192 * 1024
"""Bytes of each of the up to three pieces of a sample."""

MOST_LINES = 1_000
"""Lines of each piece at most."""

LONGEST_LINE = 64 * 1024
"""Bytes; longer lines are left out of the sample."""

FALLBACKS = frozenset({"log4j", "logback", "syslog-rfc3164", "syslog-rfc5424"})
"""Packs that match by what all lines of a kind begin with: suggested for what no other pack matches."""

LEAST_SHARE = 0.002
"""What a pack must add to those suggested before it, of all lines: a chance hit is no reason to name it."""


class Share(NamedTuple):
    """How much of the lines a pack matches, from 0 to 1."""

    pack: str
    share: float


@dataclass(frozen=True, slots=True)
class PackMatch:
    """What one pack matched of a sample."""

    pack: str
    lines: int
    templates: dict[str, int]
    """Lines by template id, the most frequent first."""


@dataclass(frozen=True, slots=True)
class Detection:
    """What the packs matched of a sample; packs that matched nothing are left out, the best come first."""

    lines: int
    """Lines of the sample, empty ones left out."""
    matches: tuple[PackMatch, ...]
    suggestion: tuple[str, ...]
    """Packs that together match all that any pack matches, but for chance hits: the one that adds most first."""
    suggested_lines: int
    """Lines that these match."""

    @property
    def suggested_share(self) -> str:
        """How much of the lines the suggestion matches, in words: "all" or a percentage below 100."""
        share = self.suggested_lines / self.lines
        return "all" if share == 1 else f"{min(share, 0.999):.1%}"

    @property
    def shares(self) -> list[Share]:
        """The packs, the best first, with their shares."""
        return [Share(match.pack, match.lines / self.lines) for match in self.matches]


def detect(path: str) -> Detection:
    """
    Return what the packs match of the input *path*, a file as `parse` reads it, or "-".

    Costs about half a second, whatever the size of the input.

    Raises:
        InputError: it cannot be read.
    """
    return detect_lines(sample(path))


def advice(files: Sequence[str]) -> str | None:
    """Return what to say of the first of *files* to somebody who has no templates for it; None if no pack matches."""
    for file in files[:1]:
        if os.path.isfile(file):
            with suppress(InputError):
                found = detect(file)
                if found.suggestion:
                    return f"--format {','.join(found.suggestion)} matches {found.suggested_share} of {file}"
    return None


def detect_lines(lines: Iterable[bytes], packs: Sequence[str] = tuple(PACKS)) -> Detection:
    """Return what *packs* match of *lines*."""
    kept = [line for line in lines if line.strip()]
    found: list[PackMatch] = []
    covered: dict[str, set[int]] = {}
    for pack in packs if kept else ():
        matcher = Matcher(load_templates([MARK + pack]))
        ids = {record.line: record.template_id for record in matcher.parse(kept) if record.template_id is not None}
        if ids:
            covered[pack] = set(ids)
            found.append(PackMatch(pack, len(ids), dict(Counter(ids.values()).most_common())))
    found.sort(key=lambda match: (-match.lines, match.pack in FALLBACKS))
    suggestion, together = _suggest(covered, max(1, int(len(kept) * LEAST_SHARE)))
    return Detection(len(kept), tuple(found), suggestion, together)


def _suggest(covered: dict[str, set[int]], least: int) -> tuple[tuple[str, ...], int]:
    """Packs that cover what all of *covered* do, by the lines that each adds, and how many lines they cover."""
    chosen: list[str] = []
    done: set[int] = set()
    for is_fallback in (False, True):
        left = [pack for pack in covered if (pack in FALLBACKS) is is_fallback]
        while left:
            best = max(left, key=lambda pack: (len(covered[pack] - done), -left.index(pack)))
            if len(covered[best] - done) < least:
                break
            left.remove(best)
            chosen.append(best)
            done |= covered[best]
    return tuple(chosen), len(done)


# --- the sample


def sample(path: str) -> Iterator[bytes]:
    """
    Yield lines of the input *path*, without their ends: up to three pieces of it.

    Raises:
        InputError: it cannot be read.
    """
    head: list[bytes] = []
    size = 0
    chunks = read_chunks(Input(path), chunk_size=SAMPLE, max_line=LONGEST_LINE)
    for chunk in blocking(chunks):
        size += len(chunk.data)
        if chunk.oversized is None:
            head += [line.removesuffix(b"\r") for line in bytes(chunk.data).split(b"\n")]
        if size >= SAMPLE or len(head) >= MOST_LINES:
            break
    chunks.close()
    yield from head[:MOST_LINES]
    yield from _further_pieces(path, head)


def _further_pieces(path: str, head: list[bytes]) -> Iterator[bytes]:
    """Lines of the middle and of the end of a large plain file whose first lines are *head*."""
    if path == "-" or not os.path.isfile(path):
        return
    with open(path, "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        if size < 3 * SAMPLE or not head or file.read(len(head[0])) != head[0]:
            return  # small, or compressed
        for at in (size // 2, size - SAMPLE):
            file.seek(at)
            _, *lines, _ = [b"", *file.read(SAMPLE).split(b"\n"), b""][1:]
            yield from [line.removesuffix(b"\r") for line in lines if len(line) <= LONGEST_LINE][:MOST_LINES]
