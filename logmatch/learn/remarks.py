"""Remarks: what a person should know about lines before they rely on templates learned from them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from logmatch.wording import count

_KEY_VALUE = re.compile(rb"(?:^|\s)[A-Za-z_][\w.-]*=(?:\"(?:[^\"\\]|\\.)*\"|\S*)")
_TRACE = re.compile(rb"\s+(?:at |File \"|\.{3} \d+ more)|Caused by: |Traceback |[\w.]+(?:Error|Exception)(?::|$)|\t")
_MOST = 0.9
_MANY = 100
_MOSTLY = 0.8
_PAIRS = 3


def remarks(lines: Collection[bytes], *, bare: Collection[bytes], bare_lines: int) -> Iterator[str]:
    """
    Yield sentences about the form of lines.

    Args:
        lines: a sample of all lines.
        bare: a sample of those that do not have the header.
        bare_lines: how many there are of these.
    """
    objects = sum(line[:1] == b"{" and line[-1:] == b"}" for line in lines)
    if lines and objects >= _MOST * len(lines):
        yield "nearly all lines are JSON objects: templates say little of them; read their fields as JSON"
    elif lines and sum(_is_key_value(line) for line in lines) >= _MOST * len(lines):
        yield "nearly all lines are pairs of key=value: lines with other keys, or in another order, are other templates"
    if bare_lines:
        traces = sum(bool(_TRACE.match(line)) for line in bare)
        looks = ", and look like parts of stack traces" if bare and traces > len(bare) / 2 else ""
        have = "does" if bare_lines == 1 else "do"
        yield f'{count(bare_lines, "line")} {have} not have the header{looks}; their templates have header = "none"'


def remarks_on(counts: Sequence[int]) -> Iterator[str]:
    """Yield sentences about templates that have so many lines each."""
    if len(counts) >= _MANY and counts.count(1) > _MOSTLY * len(counts):
        yield "most templates have one line: these lines have little in common; --min-count 2 leaves such templates out"


def _is_key_value(line: bytes) -> bool:
    pairs = _KEY_VALUE.findall(line)
    return len(pairs) >= _PAIRS and sum(map(len, pairs)) >= _MOST * len(line)
