"""
JSON scan: where a JSON value ends that begins somewhere in a line (RFC 8259), in time that is linear in the line.
"""

from __future__ import annotations

import re

from logmatch.templates.known_ends import KnownEnds, alike

MAX_DEPTH = 500
"""How deep arrays and objects may stand in each other; what is deeper is no value."""

_STRING = rb'"(?>[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"'
_SCALAR = re.compile(rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+|true|false|null|" + _STRING)
_KEY = re.compile(rb"[ \t]*+(" + _STRING + rb")[ \t]*+:")
_BLANKS = re.compile(rb"[ \t]*+")

# Within a number another begins at a 0; a quote within a string is escaped, and what follows is read alike from both.
_next_alike = alike(
    rb"-(?=[0-9])|[1-9]0*+(?=[1-9])"
    rb'|"(?>[^"\\\x00-\x1f]++|\\(?:[\\/bfnrt]|u[0-9a-fA-F]{4}))*+\\(?=")'
)


class JsonScan:
    """Finds the ends of values in one line; what was found once is remembered."""

    def __init__(self, line: bytes) -> None:
        self._line = line
        self._ends: dict[int, tuple[int, int]] = {}
        """For each place at which an array or object was tried: its end (-1: it has none), and how deep it is."""
        self._scalars = KnownEnds(line, _SCALAR, b'"-tfn0123456789', _next_alike)

    def end(self, start: int) -> int:
        """Where the value ends that begins at *start*, or -1."""
        if self._line[start : start + 1] not in (b"[", b"{"):
            return self._scalars.end(start)
        known = self._ends.get(start)
        if known is None:
            self._read(start)
            known = self._ends[start]
        return known[0]

    def _read(self, start: int) -> None:
        """Find the end of the array or object at *start* and of those in it."""
        line = self._line
        stack: list[tuple[int, bool]] = []  # where each open one begins, and whether it is an object
        deepest: list[int] = []
        at = start
        while True:
            # A value begins at `at`.
            first = line[at : at + 1]
            known = self._ends.get(at)
            if known is not None:
                at, depth = known
                if at < 0:
                    break
                if deepest:
                    deepest[-1] = max(deepest[-1], depth)
            elif first in (b"[", b"{"):
                stack.append((at, first == b"{"))
                deepest.append(0)
                at = self._skip(at + 1)
                if line[at : at + 1] == (b"}" if first == b"{" else b"]"):
                    at = self._close(stack, deepest, at)
                elif first == b"{":
                    at = self._after_key(at)
                    if at < 0:
                        break
                    continue
                else:
                    continue
            else:
                match = _SCALAR.match(line, at)
                if match is None:
                    break
                at = match.end()
            # A value ended at `at`: what follows closes, or goes on.
            while stack:
                at = self._skip(at)
                is_object = stack[-1][1]
                following = line[at : at + 1]
                if following == (b"}" if is_object else b"]"):
                    at = self._close(stack, deepest, at)
                    continue
                at = self._skip(at + 1) if following == b"," else -1
                if at >= 0 and is_object:
                    at = self._after_key(at)
                break
            if not stack or at < 0:
                break
        for place, _ in stack:  # what is still open has no end, from wherever it is read
            self._ends[place] = (-1, 0)
        self._ends.setdefault(start, (-1, 0))

    def _close(self, stack: list[tuple[int, bool]], deepest: list[int], at: int) -> int:
        place, _ = stack.pop()
        depth = deepest.pop() + 1
        self._ends[place] = (at + 1, depth) if depth <= MAX_DEPTH else (-1, 0)
        if deepest:
            deepest[-1] = max(deepest[-1], depth)
        return at + 1

    def _skip(self, at: int) -> int:
        match = _BLANKS.match(self._line, at)
        return match.end() if match else at

    def _after_key(self, at: int) -> int:
        """Where the value begins of the key at *at*, or -1."""
        match = _KEY.match(self._line, at)
        return self._skip(match.end()) if match else -1


def json_end(line: bytes, start: int) -> int:
    """Where the value ends that begins at *start* of *line*, or -1."""
    return JsonScan(line).end(start)
