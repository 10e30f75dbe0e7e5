"""
Steps: how many steps an engine takes for a line, a number that is the same each time.

The kernel counts its own in a build with LM_COUNT_STEPS: instructions and bytes that it reads. Other builds for tests
are made here too. Of the reference, calls
are counted (Python's and C's), the bytes that its expressions read, and its marks.
"""

from __future__ import annotations

import cProfile
import hashlib
import importlib.util
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from unittest import mock

from logmatch.engine import Engine, reference
from logmatch.program import Program
from logmatch.templates import grammar, json_scan
from logmatch.templates.model import FLOAT, PERCENT, QUOTED, NamedType

BUILD = Path(__file__).resolve().parent.parent / "build" / "steps"


COUNTING = ("-DLM_COUNT_STEPS",)
AT_ONCE = ("-O0", "-DLM_PATIENCE=0", "-DLM_PLENTY=0")
"""What is in vain is written down at once, and what a scan finds."""


@cache
def kernel_with(*flags: str) -> ModuleType:
    """
    The kernel that is installed, built again with *flags*; what was built once stays in `build/steps`.

    Raises:
        FileNotFoundError: the C source, which an editable installation leaves beside the kernel, is not there.
        subprocess.CalledProcessError: it could not be compiled.
    """
    from logmatch.engine.native import _kernel

    name = _kernel.__name__
    directory = Path(_kernel.__file__).parent
    source = directory / "_kernel.c"
    content = b"".join(path.read_bytes() for path in [source, *sorted(directory.glob("*.h"))]) + repr(flags).encode()
    digest = hashlib.sha256(content).hexdigest()[:16]
    target = BUILD / f"{digest}{sysconfig.get_config_var('EXT_SUFFIX')}"
    if not target.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        made = target.with_suffix(f".{os.getpid()}")
        include = sysconfig.get_paths()["include"]
        others = ("-O1", "-w", "-shared", "-fPIC", f"-I{include}", f"-I{directory}")
        subprocess.run(["gcc", *others, *flags, str(source), "-o", str(made)], check=True)
        made.replace(target)
    spec = importlib.util.spec_from_file_location(name, target)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def counting_engine(program: Program) -> Engine:
    """A native engine whose steps `native_steps` counts."""
    from logmatch.engine.native import engine

    with mock.patch.object(engine, "kernel", kernel_with(*COUNTING)):
        return engine.NativeEngine(program)


def native_steps(engine: Engine, line: bytes) -> int:
    """How many steps the kernel of a `counting_engine` takes for *line*."""
    count = kernel_with(*COUNTING).steps
    before: int = count()
    engine.locate(line)
    after: int = count()
    return after - before


class CountingExpression:
    """An expression that counts the bytes that it reads."""

    def __init__(self, compiled: re.Pattern[bytes], read_in_vain: re.Pattern[bytes]) -> None:
        self.compiled = compiled
        self.read_in_vain = read_in_vain
        self.bytes_read = 0

    def match(self, line: bytes, start: int, *end: int) -> re.Match[bytes] | None:
        """What the expression finds."""
        match = self.compiled.match(line, start, *end)
        read = match or self.read_in_vain.match(line, start, *end)
        self.bytes_read += 1 if read is None else read.end() - start + 1
        return match


_NOTHING = re.compile(b"")
_JSON_STRING = re.compile(rb"[ \t]*+" + json_scan._STRING.removesuffix(b'"'))
_IN_VAIN = {PERCENT: re.compile(FLOAT.facts.expression or b""), QUOTED: re.compile(rb'".*', re.DOTALL)}
"""Which bytes of a line are read, at most, where there is no token; of the other types, a few."""


class Marks(bytearray):
    """The marks of a free field; to make them takes a step for each."""

    made = 0

    def __init__(self, size: int) -> None:
        super().__init__(size)
        Marks.made += size


@contextmanager
def _counted_expressions() -> Iterator[list[CountingExpression]]:
    """While this lasts the expressions of the reference are ones that count."""
    counted: list[CountingExpression] = []

    def counting(compiled: re.Pattern[bytes], read_in_vain: re.Pattern[bytes] = _NOTHING) -> CountingExpression:
        counted.append(CountingExpression(compiled, read_in_vain))
        return counted[-1]

    expression_of, run_of = reference._expression, grammar._run_expression

    @cache
    def of_token(type_: NamedType) -> CountingExpression:
        return counting(expression_of(type_), _IN_VAIN.get(type_, _NOTHING))

    @cache
    def of_run(members: bytes) -> CountingExpression:
        return counting(run_of(members))

    scalar, key, blanks = json_scan._SCALAR, json_scan._KEY, json_scan._BLANKS
    with (
        mock.patch.object(reference, "bytearray", Marks, create=True),
        mock.patch.object(reference, "_expression", of_token),
        mock.patch.object(grammar, "_run_expression", of_run),
        mock.patch.object(json_scan, "_SCALAR", counting(scalar, _JSON_STRING)),
        mock.patch.object(json_scan, "_KEY", counting(key, _JSON_STRING)),
        mock.patch.object(json_scan, "_BLANKS", counting(blanks)),
    ):
        yield counted


def reference_steps(engine: Engine, line: bytes) -> int:
    """How many steps the reference takes for *line*."""
    marks = Marks.made
    with _counted_expressions() as counted:
        profile = cProfile.Profile()
        before = sys.getprofile()
        profile.enable()
        try:
            engine.locate(line)
        finally:
            profile.disable()
            sys.setprofile(before)
    calls: int = sum(entry.callcount for entry in profile.getstats())
    return calls + sum(each.bytes_read for each in counted) + Marks.made - marks
