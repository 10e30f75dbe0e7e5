"""
The Loghub samples: real lines of eight systems, whole, with a header pattern of ours, against their true template ids.

The data are not part of this project (their licence); the tests say so where they are not there.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from support import ENGINES

from logmatch.input.framing import Chunk
from logmatch.output.record_options import RecordOptions
from logmatch.program import compile_program
from logmatch.run.worker import Worker, WorkerSpec
from logmatch.templates.load import load_templates

LOGHUB = Path(__file__).resolve().parents[2] / "shared" / "data" / "loghub"

HEADERS = {
    "Apache": "[<time>] [<level:word>] ",
    "BGL": "<label:word> <epoch:int> <date:word> <node:word> <time:word> <_:word> <type:word> <part:word> <_:word> ",
    "HDFS": "<date:word> <time:word> <pid:int> <level:word> <component:word>: ",
    "HealthApp": "<time>|<component>|<pid:int>|<_:ws>",
    "Linux": "<time:syslogtime> <host:word> <component><?>[<pid:int>]</?>: <_:ws>",
    "OpenSSH": "<time:syslogtime> <host:word> sshd[<pid:int>]: ",
    "Proxifier": "[<date:word> <time:time>] <program> - ",
    "Zookeeper": "<date:date> <time:time> - <level:word> <_:ws>[<node>:<component>@<id:int>] - ",
}


def true_ids(system: str) -> list[str]:
    path = LOGHUB / system / f"{system}_2k.log_structured.csv"
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return [row["EventId"] for row in csv.DictReader(file)]


@pytest.mark.skipif(not LOGHUB.is_dir(), reason="the Loghub samples are not beside this checkout")
@pytest.mark.parametrize(("engine", "step"), [(name, 20 if name == "reference" else 1) for name in ENGINES])
@pytest.mark.parametrize("system", HEADERS)
def test_every_line_gets_its_true_id(system: str, engine: str, step: int) -> None:
    """The reference takes a minute for all of the lines, so it gets each twentieth."""
    templates = load_templates([LOGHUB / system / f"{system}_2k.log_templates.csv"], header=HEADERS[system])
    program = compile_program(templates)
    worker = Worker(WorkerSpec(program, engine, RecordOptions(), separate_unmatched=False))
    data = (LOGHUB / system / f"{system}_2k.log").read_bytes()
    ids = []
    for line in data.removesuffix(b"\n").split(b"\n")[::step]:
        chunk = Chunk("", first_line=1, line_count=1, offset=0, data=line + b"\n", position=0)
        found = worker.run(chunk).tally.by_template.to_dict()
        ids.append(program.templates[next(iter(found))].id if found else None)
    assert ids == true_ids(system)[::step]
    assert len(ids) == 2000 // step
