"""Remarks: what a person should know about lines before they rely on templates learned from them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from logmatch.wording import count

_KEY_VALUE = re.compile(rb"(?:^|\s)[A-Za-z_][\w.-]*=(?:\"(?:[^\"\\]|\\.)*\"|\S*)")
_TRACE = re.compile(rb"\s+(?:at |File \"|\.{3} \d+ more)|Caused by: |Traceback |[\w.]+(?:Error|Exception)(?::|$)|\t")
_MOST = 0.9
_MANY = 100
_MOSTLY = 0.5
_PAIRS = 3


def remarks(lines: Collection[bytes], *, bare: Collection[bytes], bare_lines: int) -> Iterator[str]:
    """
    Yield sentences about the form of lines.

    Args:
        lines: a sample of all lines.
        bare: a sample of those that do not have the header.
        bare_lines: how many there are of these.
    """
    if are_objects(lines):
        yield "nearly all lines are JSON objects: a template says little of them, their keys and values do"
    elif lines and sum(_is_key_value(line) for line in lines) >= _MOST * len(lines):
        yield "nearly all lines are pairs of key=value: lines with other keys, or in another order, are other templates"
    if bare_lines:
        traces = sum(bool(_TRACE.match(line)) for line in bare)
        looks = ", and look like parts of stack traces" if bare and traces > len(bare) / 2 else ""
        have = "does" if bare_lines == 1 else "do"
        yield f'{count(bare_lines, "line")} {have} not have the header{looks}; their templates have header = "none"'


def is_object(line: bytes) -> bool:
    """Tell whether a line looks like a JSON object."""
    return line[:1] == b"{" and line[-1:] == b"}"


def are_objects(lines: Collection[bytes]) -> bool:
    """Tell whether nearly all lines look like JSON objects."""
    return bool(lines) and sum(map(is_object, lines)) >= _MOST * len(lines)


def remarks_on(counts: Sequence[int]) -> Iterator[str]:
    """Yield a sentence about templates, by how many lines each of them has."""
    if len(counts) >= _MANY and counts.count(1) > _MOSTLY * sum(counts):
        yield "most lines have a template of their own: they have little in common; --min-count 2 leaves these out"


def _is_key_value(line: bytes) -> bool:
    pairs = _KEY_VALUE.findall(line)
    return len(pairs) >= _PAIRS and sum(map(len, pairs)) >= _MOST * len(line)
