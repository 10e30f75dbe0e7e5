"""
Engine: runs a program on lines. Many engines, one answer: the one that `reference` defines.

    reference   the matching rule as plain loops: slow, short, the final word
    portable    literals choose candidates (`prefilter`), regular expressions confirm them; needs no compiler
    native      one tree over all variants, run by a compiled kernel on whole chunks

`auto` is the fastest engine that is there: native, or portable where the kernel was not compiled or cannot be loaded.
The variable LOGMATCH_ENGINE (or `--engine`) chooses another.
"""

from __future__ import annotations

import os
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Protocol

from logmatch.errors import UsageError
from logmatch.wording import listed

if TYPE_CHECKING:
    from logmatch.engine.matches import Found, LineSpans, Located, Matches
    from logmatch.line import Buffer
    from logmatch.program import Program

__all__ = [
    "NAMES",
    "Engine",
    "available",
    "default_name",
    "kernel_module",
    "make_engine",
    "why_not_native",
]


class Engine(Protocol):
    """Runs one program. Threads may share an engine: what a call writes to is its own."""

    name: str
    program: Program
    by_columns: bool
    """Whether its matches are made of columns; else they are made of groups. See `matches`."""
    batch_size: int
    """About how many bytes of lines `match_batch` does best with at once."""

    def match(self, line: bytes) -> Found | None:
        """
        Return the first variant in the order of precedence that fits the whole of *line*, and the text of its fields.

        Args:
            line: one line without its terminator; any bytes but `\\n`.
        """

    def locate(self, line: bytes) -> Located | None:
        """Return the same variant, and where its fields are."""

    def match_batch(self, data: Buffer) -> Matches:
        """
        Match the lines of *data*.

        Args:
            data: whole lines, less than 2 GiB; the last may lack its `\\n`.
        """

    def match_entries(self, entries: LineSpans) -> Matches:
        """Match lines that were found by other rules than that of the line, as the first lines of `Entries` are."""


SIMD_LEVELS = ("", "scalar", "baseline")
"""What the variable LOGMATCH_SIMD may say: `lm_choose` in `_simd.h` reads it."""

NAMES = ("auto", "native", "portable", "reference")
"""What `--engine` takes."""


def kernel_module() -> ModuleType | None:
    """The compiled kernel, `engine._kernel`; None if it is not there."""
    if why_not_native() is not None:
        return None
    from logmatch.engine.native import _kernel

    return _kernel


@cache
def why_not_native() -> str | None:
    """Why the native engine is not there, in a few words; None if it is."""
    try:
        import logmatch.engine.native._kernel
        import logmatch.output._jsonl  # noqa: F401
    except ModuleNotFoundError:
        return "the native one was not built"
    except ImportError as error:
        return f"the native one cannot be loaded: {error}"
    return None


def default_name() -> str:
    """The name of the engine that "auto" stands for."""
    return "native" if why_not_native() is None else "portable"


def available() -> tuple[str, ...]:
    """The names of the engines that this installation has, the fastest first."""
    return NAMES[1:] if why_not_native() is None else NAMES[2:]


def make_engine(program: Program, name: str = "auto") -> Engine:
    """
    Return the engine called *name* for *program*.

    Raises:
        UsageError: there is no such engine, or it is not part of this installation.
    """
    if name == "auto":
        name = default_name()
    if name == "native":
        reason = why_not_native()
        if reason is not None:
            hint = "install logmatch where a C compiler is, or use --engine portable, which gives the same records"
            raise UsageError(f"there is no native engine here: {reason}", hint=hint)
        simd = os.environ.get("LOGMATCH_SIMD", "")
        if simd not in SIMD_LEVELS:
            hint = f"use {listed(SIMD_LEVELS[1:])}, or unset it: then the best that the processor has is used"
            raise UsageError(f"LOGMATCH_SIMD is {simd!r}, which is not known", hint=hint)
        from logmatch.engine.native.engine import NativeEngine

        return NativeEngine(program)
    if name == "portable":
        from logmatch.engine.portable.engine import PortableEngine

        return PortableEngine(program)
    if name == "reference":
        from logmatch.engine.reference import ReferenceEngine

        return ReferenceEngine(program)
    raise UsageError(f"there is no engine {name!r}", hint=f"the engines are {', '.join(NAMES)}")
