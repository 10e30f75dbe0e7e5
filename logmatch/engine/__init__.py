"""
Engine: runs a program on lines. Many engines, one answer: the one that `reference` defines.

    reference   the matching rule as plain loops: slow, short, the final word
    portable    literals choose candidates (`prefilter`), regular expressions confirm them; needs no compiler

`auto` is the fastest engine that is there. The variable LOGMATCH_ENGINE (or `--engine`) chooses another.
"""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from logmatch.errors import UsageError
from logmatch.program import Program

Found = tuple[int, tuple[bytes, ...]]
"""The number of a variant (from 0, in the order of precedence) and the text of each of its fields, in their order."""

FieldTimeouts = Counter[tuple[int, int]]
"""How often a `/regex/` field took too long: (template number, slot of the field) -> number of lines."""


class Engine(Protocol):
    """Runs one program. An engine belongs to one process and one thread; it is made where it is used."""

    name: str
    program: Program
    timeouts: FieldTimeouts

    def match(self, line: bytes) -> Found | None:
        """
        Return the first variant in the order of precedence that fits the whole of *line*, and the text of its fields.

        Args:
            line: one line without its terminator and without trailing whitespace; any bytes but `\\n`.
        """


NAMES = ("auto", "native", "portable", "reference")
"""What `--engine` takes."""


def make_engine(program: Program, name: str = "auto") -> Engine:
    """
    Return the engine called *name* for *program*.

    Raises:
        UsageError: there is no such engine, or it is not part of this installation.
    """
    if name in ("auto", "portable"):
        from logmatch.engine.portable import PortableEngine

        return PortableEngine(program)
    if name == "reference":
        from logmatch.engine.reference import ReferenceEngine

        return ReferenceEngine(program)
    if name == "native":
        raise UsageError("the native engine is not part of this version", hint="use --engine portable, or leave it out")
    raise UsageError(f"there is no engine {name!r}", hint=f"the engines are {', '.join(NAMES)}")
