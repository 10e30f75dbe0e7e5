"""`logmatch.run.worker`: what the engines' own tests do not see of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support import ENGINES
from support_system import needs_proc

from logmatch.input.framing import Chunk
from logmatch.output.jsonl import Layout
from logmatch.program import compile_program
from logmatch.run.worker import Worker, WorkerSpec
from logmatch.templates.pattern import parse_pattern
from logmatch.templates.template import Template


@needs_proc
@pytest.mark.parametrize("engine", ENGINES)
def test_records_that_never_fit_into_the_space_take_no_more_memory_each_time(engine: str) -> None:
    # A bug of `_encode.Output`: it doubled its memory for each of them, 16 GB after eighteen.
    program = compile_program([Template("a", parse_pattern("<a>"))])
    worker = Worker(WorkerSpec(program, engine, Layout(), separate_unmatched=False))

    def virtual_memory() -> int:
        found = re.search(r"^VmSize:\s*(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
        assert found is not None
        return int(found[1]) * 1024

    sizes = []
    for number in range(14):
        result = worker.run(Chunk("-", number, 1, 0, b"x\n", 0), memoryview(bytearray(1)))
        assert b'{"line":%d,"template_id":"a","values":{"a":"x"}}\n' % number == result.output
        del result
        sizes.append(virtual_memory())
    assert sizes[-1] - sizes[0] < 64 << 20
