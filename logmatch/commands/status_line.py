"""Status line: one line on stderr that says what is being done, drawn over and over and taken away at the end."""

from __future__ import annotations

import os
import sys
import time
from typing import Self

from logmatch.commands.terminal import SECONDS_BETWEEN_DRAWINGS, is_terminal

_SECONDS_BEFORE = 0.5
"""What is done sooner shows nothing."""


class StatusLine:
    """A line that is there while a `with` block runs; other messages come after `clear`."""

    def __init__(self, *, is_shown: bool | None) -> None:
        """*is_shown*: what `--progress` says; None: whether stderr is a terminal."""
        self._is_shown = (is_terminal(2) if is_shown is None else is_shown) and os.environ.get("TERM") != "dumb"
        self._next = time.monotonic() + _SECONDS_BEFORE
        self._is_drawn = False

    def show(self, text: str) -> None:
        """Draw *text*, unless the line has been drawn just now."""
        now = time.monotonic() if self._is_shown else 0.0
        if self._is_shown and now >= self._next:
            self._next = now + SECONDS_BETWEEN_DRAWINGS
            self._is_drawn = True
            self._put(f"\r\x1b[K{text}")

    def clear(self) -> None:
        """Take it away."""
        if self._is_drawn:
            self._is_drawn = False
            self._put("\r\x1b[K")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.clear()

    def _put(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except (OSError, ValueError, AttributeError):
            self._is_shown = False
