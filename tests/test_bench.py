"""The benchmark: its report has the figures of SPEC 5, and its answers hold. Nothing here asserts a time."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from support_cli import RunCli, environment, run_cli

from logmatch import engine
from logmatch.bench import corpus, isolated, rounds, scaling, synthetic, verify, workspace
from logmatch.bench.isolated import CopyTask, PlainTask
from logmatch.bench.plain_loop import PlainLoop, is_plain
from logmatch.bench.report import ProgressLine, bar, fitting, markdown, render
from logmatch.bench.request import BenchRequest
from logmatch.bench.results import BenchReport, Cell, CellKey, Corpus, Machine, Measurement, Run, Scaling, SteadyRun
from logmatch.bench.rounds import StatusCallback, run_bench
from logmatch.bench.tables import Column
from logmatch.bench.verify import DisagreementError
from logmatch.engine import make_engine
from logmatch.errors import InputError, OutputError, TemplateErrors, UsageError, WorkerError
from logmatch.input.resolve import resolve_inputs
from logmatch.matcher import Matcher
from logmatch.program import compile_program
from logmatch.run.job import Job, Pool
from logmatch.samples import SYSTEMS, labelled_lines, templates_path
from logmatch.templates.load import load_templates, load_text
from logmatch.templates.template import Template

__all__ = ["run_cli"]  # a fixture

FIGURES = Path(__file__).resolve().parent.parent / "docs" / "performance.md"

LOG = b"""\
a1 gate: login of ann from 10.0.0.1
a2 gate: login of bob
a3 gate: bye  \r
nothing that anybody described
a4 gate: 17 left"""

TEMPLATES = """\
login of <user:word><?> from <src:ip></?>
bye
<count:int> left
"""

HEADER = "a<number:int> <host:word>: "

RECORDS = [
    {
        "line": 1,
        "template_id": "login",
        "values": {"number": "1", "host": "gate", "user": "ann", "src": "10.0.0.1"},
    },
    {"line": 2, "template_id": "login", "values": {"number": "2", "host": "gate", "user": "bob", "src": None}},
    {"line": 3, "template_id": "bye", "values": {"number": "3", "host": "gate"}},
    {"line": 4, "template_id": None, "raw": "nothing that anybody described"},
    {"line": 5, "template_id": "left", "values": {"number": "4", "host": "gate", "count": "17"}},
]


def templates(text: str = TEMPLATES, header: str | None = HEADER, ids: str = "login bye left") -> tuple[Template, ...]:
    loaded = load_text(text, header=header)
    return tuple(replace(template, id=id_) for template, id_ in zip(loaded, ids.split(), strict=True))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "gate.log"
    path.write_bytes(LOG)
    return path


@pytest.fixture
def template_file(tmp_path: Path) -> Path:
    path = tmp_path / "gate.txt"
    path.write_text(TEMPLATES)
    return path


@pytest.fixture(scope="module")
def sample_report() -> BenchReport:
    request = BenchRequest(
        sample_lines=600,
        engine_lines=500,
        reference_lines=40,
        workers=2,
        repeats=2,
        scaling_counts=(2, 20),
        scaling_size=2_000,
    )
    return run_bench(request)


def plain_records(templates: tuple[Template, ...], log: Path) -> list[dict[str, object]]:
    output = log.with_suffix(".jsonl")
    PlainLoop(templates).run([str(log)], str(output))
    return [json.loads(line) for line in output.read_bytes().splitlines()]


def a_run(**changes: object) -> Run:
    run = Run(
        seconds=2.0,
        cpu_seconds=1.0,
        workers=1,
        lines=10,
        matched=9,
        bytes_in=100,
        bytes_out=200,
        digest="d",
        peak_parent=1,
        peak_child=0,
    )
    return replace(run, **changes)  # type: ignore[arg-type]  # of the types of its fields


def a_steady_run(**changes: object) -> SteadyRun:
    run = SteadyRun(
        lines=80,
        matched=80,
        bytes_in=3_200,
        bytes_out=8_000,
        steady_lines=40,
        steady_bytes_in=1_600,
        steady_bytes_out=4_000,
        steady_seconds=1.0,
        seconds=2.5,
        digest="d",
    )
    return replace(run, **changes)  # type: ignore[arg-type]  # of the types of its fields


# --- the report


def test_the_built_in_corpus_is_measured_with_every_number_of_workers(sample_report: BenchReport) -> None:
    assert [1, 2] == [each.workers for each in sample_report.workers]
    assert [2, 2] == [len(each.runs) for each in sample_report.workers]
    assert {600} == {run.lines for each in sample_report.workers for run in each.runs}
    assert 600 == sample_report.corpus.lines
    assert len(load_templates([templates_path(system) for system in SYSTEMS])) == sample_report.corpus.templates


def test_matched_lines_are_those_that_the_samples_say(sample_report: BenchReport) -> None:
    labels = [label for system in SYSTEMS for label, _ in labelled_lines(system, 120, corpus.SEED)]
    assert sum(label is not None for label in labels) == sample_report.one_worker.best.matched


def test_every_engine_stands_beside_the_chosen_one(sample_report: BenchReport) -> None:
    assert sample_report.engine == sample_report.engines[0].name == engine.default_name()
    assert {*engine.available()} == {each.name for each in sample_report.engines}
    expected = dict.fromkeys(engine.available(), 500) | {"reference": 40}
    assert expected == {each.name: each.best.lines for each in sample_report.engines}


def test_the_plain_loop_has_read_the_same_lines(sample_report: BenchReport) -> None:
    plain, first = sample_report.plain_loop.best, sample_report.engines[0].best
    assert (500, first.bytes_in) == (plain.lines, plain.bytes_in)
    assert sample_report.corpus.templates == sample_report.plain_templates
    # It has its own order and its own ends of headers, but not another idea of what a line is.
    assert plain.matched == pytest.approx(first.matched, abs=10)


def test_a_copy_has_all_bytes(sample_report: BenchReport) -> None:
    assert {(sample_report.corpus.bytes,) * 2} == {(run.bytes_in, run.bytes_out) for run in sample_report.copy.runs}
    assert 2 == len(sample_report.copy.runs)


def test_memory_and_processor_time_are_of_the_run(sample_report: BenchReport) -> None:
    one, two = sample_report.workers
    assert one.peak_parent > 1 << 20
    assert 0 == one.peak_child
    assert one.peak_parent == one.peak_together
    in_threads = Pool.THREADS is Job(program=compile_program([]), inputs=()).effective_pool
    assert two.best.workers == 1 or in_threads or two.peak_child > 1 << 20
    assert one.best.cpu_seconds > 0


def test_every_cell_of_the_scaling_section_has_the_lines_that_it_names(sample_report: BenchReport) -> None:
    assert sample_report.scaling is not None
    expected = [
        CellKey(length, style, matching, count)
        for length in ("short", "long")
        for style in ("first word", "after field")
        for matching in (True, False)
        for count in (2, 20)
    ]
    assert expected == [cell.key for cell in sample_report.scaling.cells]
    for cell in sample_report.scaling.cells:
        assert float(cell.key.matching) == cell.matched_share
        assert 2 == len(cell.runs)
        assert 0 < cell.best.steady_lines < cell.best.lines


def test_the_json_form_holds_every_figure_with_its_match_rate_and_output(sample_report: BenchReport) -> None:
    report = json.loads(json.dumps(sample_report.to_dict()))
    assert [
        *("machine", "corpus", "engine", "why_not_native", "rounds", "workers", "copy", "engines", "plain_loop"),
        "scaling",
    ] == list(report)
    assert {"cores", "python", "system", "load", "logmatch"} == set(report["machine"])
    assert {"name", "lines", "bytes", "templates", "variants"} == set(report["corpus"])
    for measurement in [*report["workers"], *report["engines"], report["plain_loop"]]:
        assert measurement["bytes_out"] > measurement["lines"]
        assert 0 < measurement["matched_share"] <= 1
        assert len(measurement["rounds_seconds"]) == report["rounds"] == 2
        assert min(measurement["rounds_seconds"]) == measurement["seconds"] <= measurement["median_seconds"]
        assert measurement["peak_together_bytes_at_most"] >= measurement["peak_parent_bytes"] > 0
    assert {1.0} == {report["workers"][0][key] for key in ("speed_up", "efficiency")}
    assert all(each["times_copy"] > 0 for each in report["workers"])
    assert all({"times_plain_loop", "times_plain_loop_by_cpu"} <= set(each) for each in report["engines"])
    assert {"bytes", "rounds_seconds", "seconds", "megabytes_per_second"} == set(report["copy"])
    for cell in report["scaling"]:
        assert cell["matched"] == (cell["lines"] if cell["matching"] else 0)
        assert cell["bytes_out"] > cell["bytes_in"] > cell["lines"]
        assert cell["lines_per_second"] == max(cell["rounds_lines_per_second"])
        assert cell["templates"] != 2 or cell["times_fewest_templates"] == 1
        assert not cell["matching"] or cell["times_matching"] == 1


def test_lines_per_second_are_those_of_the_fastest_run_and_ratios_those_of_the_same_round() -> None:
    slow_then_fast = Measurement("a", 1, (a_run(seconds=4.0), a_run(seconds=2.0), a_run(seconds=2.0)))
    steady = Measurement("b", 1, (a_run(seconds=8.0), a_run(seconds=4.0), a_run(seconds=2.0)))
    assert 5.0 == slow_then_fast.lines_per_second
    assert 2.0 == slow_then_fast.times(steady)
    assert 10.0 == slow_then_fast.lines_per_cpu_second
    assert 1.0 == slow_then_fast.times_by_cpu(steady)
    assert 20.0 == slow_then_fast.times_by_bytes(
        Measurement("c", 1, (a_run(seconds=4.0, bytes_in=5),) * 2 + steady.runs[1:2])
    )


def test_what_is_done_once_for_a_run_is_no_part_of_a_steady_rate() -> None:
    run = a_steady_run(lines=100, steady_lines=60, steady_seconds=3.0, seconds=7.0)
    assert 20.0 == run.lines_per_second
    assert 2.0 == run.start_seconds


def test_all_processes_together_have_at_most_what_the_largest_have() -> None:
    assert 100 + 3 * 10 == a_run(peak_parent=100, peak_child=10, workers=3).peak_together


@pytest.mark.parametrize(("name", "lines"), [("auto", None), ("portable", 100_000), ("reference", 2_000)])
def test_slower_engines_have_fewer_made_lines(name: str, lines: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted: list[corpus.Wanted] = []

    def prepare(each: corpus.Wanted, directory: str) -> corpus.Prepared:
        wanted.append(each)
        raise UsageError("that is all")

    monkeypatch.setattr(rounds, "prepare", prepare)
    with pytest.raises(UsageError, match="that is all"):
        run_bench(BenchRequest(engine=name))
    assert [lines or rounds.SAMPLE_LINES[engine.default_name()]] == [each.sample_lines for each in wanted]


@pytest.mark.parametrize(
    ("most", "expected"),
    [(1, [1]), (3, [1, 2, 3]), (4, [1, 2, 3, 4]), (6, [1, 2, 3, 4, 6]), (32, [1, 2, 3, 4, 8, 16, 32])],
)
def test_of_many_workers_only_doublings_are_measured(most: int, expected: list[int]) -> None:
    assert expected == rounds.worker_counts(most)


# --- as it is shown


def a_report(**changes: object) -> BenchReport:
    """All that a benchmark of two workers with the native engine can have; its scaling section is of two numbers."""

    def measured(name: str, workers: int = 1, **changes: object) -> Measurement:
        run = a_run(lines=400_000, matched=394_000, bytes_in=57_600_000, bytes_out=99_300_000, workers=workers)
        run = replace(run, seconds=0.5, cpu_seconds=0.5, peak_parent=28 << 20)
        slow = replace(run, **changes)  # type: ignore[arg-type]  # of the types of its fields
        return Measurement(name, workers, (slow, replace(slow, seconds=slow.seconds * 2)))

    def cell(key: CellKey) -> Cell:
        seconds = key.templates**0.1 * (10 if key.length == "long" else 1) / (2 - key.matching)
        size = 40 if key.length == "short" else 1_500
        run = a_steady_run(bytes_in=80 * size, matched=80 * key.matching, steady_seconds=seconds / 1e5, seconds=0.125)
        return Cell(key, (run, run))

    part = {"lines": 200_000, "matched": 197_000, "bytes_in": 28_800_000, "bytes_out": 49_600_000}
    report = BenchReport(
        machine=Machine(cores=2, python="CPython 3.11.7", system="Linux x86_64", load=0.25, logmatch="0.1.0"),
        corpus=Corpus("app_1.log and 1 more", 400_000, 57_600_000, templates=89, variants=120),
        engine="native",
        why_not_native=None,
        workers=(
            measured("native"),
            measured("native", 2, seconds=0.25, peak_parent=24 << 20, peak_child=26 << 20),
        ),
        copy=measured("copy", lines=0, matched=0, bytes_out=57_600_000, seconds=0.05),
        engines=(
            measured("native", seconds=0.25, **part),
            measured("portable", seconds=4.0, **part),
            measured("reference", seconds=1.0, lines=1_000, matched=985, bytes_in=144_000, bytes_out=248_000),
        ),
        plain_loop=measured("plain loop", seconds=2.0, **part),
        plain_templates=88,
        scaling=Scaling(
            tuple(
                cell(CellKey(length, style, matching, count))
                for length in synthetic.LENGTHS
                for style in synthetic.STYLES
                for matching in (True, False)
                for count in (10, 10_000)
            )
        ),
    )
    return replace(report, **changes)  # type: ignore[arg-type]  # of the types of its fields


def rendered(report: BenchReport, width: int, encoding: str = "utf-8", **options: object) -> str:
    out = io.TextIOWrapper(io.BytesIO(), encoding, newline="\n")
    environment = {"TERM": "xterm-256color"}
    render(report, Console(file=out, width=width, _environ=environment, **options))  # type: ignore[arg-type]
    out.seek(0)
    return out.read()


WIDE = """\
logmatch 0.1.0, native engine, CPython 3.11.7, Linux x86_64, 2 cores, load 0.2
400,000 lines (57.6 MB), app_1.log and 1 more
89 templates; 98.50% of the lines matched, their fields extracted and written: 99.3 MB of JSON Lines
from file to file, best of 2 rounds; ratios: median

native engine, all lines
workers    lines/s     (median)  MB/s in  MB/s out  speed-up  efficiency  copy = 1  lines/CPU s     peak MiB
1          800,000    (533,333)    115.2     198.6    1.00 x        100%    0.10 x      800,000           28
2        1,600,000  (1,066,667)    230.4     397.2    2.00 x        100%    0.20 x      800,000  24 + 2 x 26
copy: the files read and written as they are, 1,152 MB/s
peak memory, at most: the process that reads and writes + its workers, each as the largest

engines side by side, one worker
engine        lines  matched  lines/s   (median)  MB/s in  MB/s out  plain loop = 1  by CPU time  peak MiB
native      200,000   98.50%  800,000  (533,333)    115.2     198.4          8.00 x       1.00 x        28
portable    200,000   98.50%   50,000   (33,333)      7.2      12.4          0.50 x       1.00 x        28
reference     1,000   98.50%    1,000      (667)      0.1       0.2         0.010 x     0.0050 x        28
plain loop  200,000   98.50%  100,000   (66,667)     14.4      24.8          1.00 x       1.00 x        28
of the first 200,000 lines; slow engines have fewer
the plain loop makes use of 88 of 89 templates

lines/s
native, 1 worker     800,000  █████████████████████████
native, 2 workers  1,600,000  ██████████████████████████████████████████████████
portable              50,000  █▌
reference              1,000  ▏
plain loop           100,000  ███▏

scaling, made short lines (40 bytes on average), one worker
style        matched  templates    lines/s  MB/s in  MB/s out  10 = 1  matching = 1  start ms
first word      100%         10  3,177,313    127.1     317.7  1.00 x        1.00 x       125  ████████████▌
first word      100%     10,000  1,592,429     63.7     159.2  0.50 x        1.00 x       125  ██████▎
first word        0%         10  6,354,626    254.2     635.5  1.00 x        2.00 x       125  █████████████████████████
first word        0%     10,000  3,184,857    127.4     318.5  0.50 x        2.00 x       125  ████████████▌
after field     100%         10  3,177,313    127.1     317.7  1.00 x        1.00 x       125  ████████████▌
after field     100%     10,000  1,592,429     63.7     159.2  0.50 x        1.00 x       125  ██████▎
after field       0%         10  6,354,626    254.2     635.5  1.00 x        2.00 x       125  █████████████████████████
after field       0%     10,000  3,184,857    127.4     318.5  0.50 x        2.00 x       125  ████████████▌

scaling, made long lines (1,500 bytes on average), one worker
style        matched  templates  lines/s  MB/s in  MB/s out  10 = 1  matching = 1  start ms
first word      100%         10  317,731     12.7      31.8  1.00 x        1.00 x       125  █████████████▌
first word      100%     10,000  159,243      6.4      15.9  0.50 x        1.00 x       124  ██████▊
first word        0%         10  635,463     25.4      63.5  1.00 x        2.00 x       125  ███████████████████████████
first word        0%     10,000  318,486     12.7      31.8  0.50 x        2.00 x       125  █████████████▌
after field     100%         10  317,731     12.7      31.8  1.00 x        1.00 x       125  █████████████▌
after field     100%     10,000  159,243      6.4      15.9  0.50 x        1.00 x       124  ██████▊
after field       0%         10  635,463     25.4      63.5  1.00 x        2.00 x       125  ███████████████████████████
after field       0%     10,000  318,486     12.7      31.8  0.50 x        2.00 x       125  █████████████▌
first word: templates differ in their first word; after field: all begin alike and differ after a field
0% matched: near misses, of which a word is wrong, the end is missing, or something follows it
rates: of all that is done for lines; start: what is done once, for a run or for a template

In short
what                                figure
native against the plain loop       1.00 x
portable against the plain loop     1.00 x
reference against the plain loop  0.0050 x
native against a copy, bytes/s      0.10 x
2 workers against 1                 2.00 x
10,000 templates against 10         0.50 x
unmatched against matched lines     2.00 x
peak memory of one worker           28 MiB
with one worker; against the plain loop: by processor time; others: of lines/s
of made lines: numbers of templates, unmatched against matched
"""

NARROW = """\
logmatch 0.1.0, native engine, CPython 3.11.7,
Linux x86_64, 2 cores, load 0.2
400,000 lines (57.6 MB), app_1.log and 1 more
89 templates; 98.50% of the lines matched, their
fields extracted and written: 99.3 MB of JSON
Lines
from file to file, best of 2 rounds; ratios:
median

native engine, all lines
workers    lines/s  MB/s in  speed-up  efficiency
1          800,000    115.2    1.00 x        100%
2        1,600,000    230.4    2.00 x        100%
(no room for: (median), MB/s out, copy = 1,
lines/CPU s, peak MiB)
copy: the files read and written as they are,
1,152 MB/s
peak memory, at most: the process that reads and
writes + its workers, each as the largest

engines side by side, one worker
engine      matched  lines/s  plain loop = 1
native       98.50%  800,000          8.00 x
portable     98.50%   50,000          0.50 x
reference    98.50%    1,000         0.010 x
plain loop   98.50%  100,000          1.00 x
(no room for: lines, (median), MB/s in, MB/s out,
by CPU time, peak MiB)
of the first 200,000 lines; slow engines have
fewer
the plain loop makes use of 88 of 89 templates

lines/s
native, 1 worker     800,000  ██████████
native, 2 workers  1,600,000  ████████████████████
portable              50,000  ▋
reference              1,000  ▏
plain loop           100,000  █▎

In short
what                                figure
native against the plain loop       1.00 x
portable against the plain loop     1.00 x
reference against the plain loop  0.0050 x
native against a copy, bytes/s      0.10 x
2 workers against 1                 2.00 x
peak memory of one worker           28 MiB
with one worker; against the plain loop: by
processor time; others: of lines/s
"""

MARKDOWN = """\
- logmatch 0.1.0, native engine, CPython 3.11.7, Linux x86_64, 2 cores, load 0.2
- 400,000 lines (57.6 MB), app_1.log and 1 more
- 89 templates; 98.50% of the lines matched, their fields extracted and written: 99.3 MB of JSON Lines
- from file to file, best of 2 rounds; ratios: median

In short:

| what | figure |
|---|--:|
| native against the plain loop | 1.00 x |
| portable against the plain loop | 1.00 x |
| reference against the plain loop | 0.0050 x |
| native against a copy, bytes/s | 0.10 x |
| 2 workers against 1 | 2.00 x |
| 10,000 templates against 10 | 0.50 x |
| unmatched against matched lines | 2.00 x |
| peak memory of one worker | 28 MiB |

- with one worker; against the plain loop: by processor time; others: of lines/s
- of made lines: numbers of templates, unmatched against matched

native engine, all lines:

| workers | lines/s | (median) | MB/s in | MB/s out | speed-up | efficiency | copy = 1 | lines/CPU s | peak MiB |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|
| 1 | 800,000 | (533,333) | 115.2 | 198.6 | 1.00 x | 100% | 0.10 x | 800,000 | 28 |
| 2 | 1,600,000 | (1,066,667) | 230.4 | 397.2 | 2.00 x | 100% | 0.20 x | 800,000 | 24 + 2 x 26 |

- copy: the files read and written as they are, 1,152 MB/s
- peak memory, at most: the process that reads and writes + its workers, each as the largest

engines side by side, one worker:

| engine | lines | matched | lines/s | (median) | MB/s in | MB/s out | plain loop = 1 | by CPU time | peak MiB |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|
| native | 200,000 | 98.50% | 800,000 | (533,333) | 115.2 | 198.4 | 8.00 x | 1.00 x | 28 |
| portable | 200,000 | 98.50% | 50,000 | (33,333) | 7.2 | 12.4 | 0.50 x | 1.00 x | 28 |
| reference | 1,000 | 98.50% | 1,000 | (667) | 0.1 | 0.2 | 0.010 x | 0.0050 x | 28 |
| plain loop | 200,000 | 98.50% | 100,000 | (66,667) | 14.4 | 24.8 | 1.00 x | 1.00 x | 28 |

- of the first 200,000 lines; slow engines have fewer
- the plain loop makes use of 88 of 89 templates

scaling, made short lines (40 bytes on average), one worker:

| style | matched | templates | lines/s | MB/s in | MB/s out | 10 = 1 | matching = 1 | start ms |
|---|--:|--:|--:|--:|--:|--:|--:|--:|
| first word | 100% | 10 | 3,177,313 | 127.1 | 317.7 | 1.00 x | 1.00 x | 125 |
| first word | 100% | 10,000 | 1,592,429 | 63.7 | 159.2 | 0.50 x | 1.00 x | 125 |
| first word | 0% | 10 | 6,354,626 | 254.2 | 635.5 | 1.00 x | 2.00 x | 125 |
| first word | 0% | 10,000 | 3,184,857 | 127.4 | 318.5 | 0.50 x | 2.00 x | 125 |
| after field | 100% | 10 | 3,177,313 | 127.1 | 317.7 | 1.00 x | 1.00 x | 125 |
| after field | 100% | 10,000 | 1,592,429 | 63.7 | 159.2 | 0.50 x | 1.00 x | 125 |
| after field | 0% | 10 | 6,354,626 | 254.2 | 635.5 | 1.00 x | 2.00 x | 125 |
| after field | 0% | 10,000 | 3,184,857 | 127.4 | 318.5 | 0.50 x | 2.00 x | 125 |

scaling, made long lines (1,500 bytes on average), one worker:

| style | matched | templates | lines/s | MB/s in | MB/s out | 10 = 1 | matching = 1 | start ms |
|---|--:|--:|--:|--:|--:|--:|--:|--:|
| first word | 100% | 10 | 317,731 | 12.7 | 31.8 | 1.00 x | 1.00 x | 125 |
| first word | 100% | 10,000 | 159,243 | 6.4 | 15.9 | 0.50 x | 1.00 x | 124 |
| first word | 0% | 10 | 635,463 | 25.4 | 63.5 | 1.00 x | 2.00 x | 125 |
| first word | 0% | 10,000 | 318,486 | 12.7 | 31.8 | 0.50 x | 2.00 x | 125 |
| after field | 100% | 10 | 317,731 | 12.7 | 31.8 | 1.00 x | 1.00 x | 125 |
| after field | 100% | 10,000 | 159,243 | 6.4 | 15.9 | 0.50 x | 1.00 x | 124 |
| after field | 0% | 10 | 635,463 | 25.4 | 63.5 | 1.00 x | 2.00 x | 125 |
| after field | 0% | 10,000 | 318,486 | 12.7 | 31.8 | 0.50 x | 2.00 x | 125 |

- first word: templates differ in their first word; after field: all begin alike and differ after a field
- 0% matched: near misses, of which a word is wrong, the end is missing, or something follows it
- rates: of all that is done for lines; start: what is done once, for a run or for a template
"""


def test_a_wide_terminal_has_all_columns() -> None:
    assert WIDE == rendered(a_report(), 120)


def test_a_narrow_terminal_has_those_that_fit_and_says_which_do_not() -> None:
    assert NARROW == rendered(a_report(scaling=None), 50, force_terminal=True, no_color=True, color_system=None)


@pytest.mark.parametrize("width", [50, 60, 80, 100])
def test_no_line_is_longer_than_the_terminal(width: int) -> None:
    text = rendered(a_report(), width, force_terminal=True, color_system=None)
    assert [] == [line for line in text.splitlines() if len(line) > width]
    assert "…" not in text


def test_colour_adds_nothing_to_what_can_be_read() -> None:
    coloured = rendered(a_report(), 100, force_terminal=True, color_system="standard")
    assert "\x1b[" in coloured
    assert rendered(a_report(), 100, force_terminal=True, color_system=None) == re.sub(r"\x1b\[[0-9;]*m", "", coloured)


def test_a_terminal_without_blocks_has_bars_of_ascii() -> None:
    report = a_report(corpus=replace(a_report().corpus, name="größe.log"))
    text = rendered(report, 100, "ascii")
    assert r"gr\xf6\xdfe.log" in text
    assert "native, 2 workers  1,600,000  " + "#" * 50 + "\n" in text


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.0, ""), (1e-9, "▏"), (0.5, "█████"), (0.5625, "█████▋"), (0.96, "█████████▋"), (1.0, "██████████")],
)
def test_a_bar_is_drawn_in_eighths(share: float, expected: str) -> None:
    assert expected == bar(share, 10)


def test_columns_are_left_out_by_rank_and_those_that_must_stay_stay() -> None:
    columns = [Column("aaa", ("1",)), Column("bbb", ("2",), 1), Column("ccc", ("3",), 2), Column("ddd", ("4",), 2)]
    kept = {width: "".join(column.name[0] for column in fitting(columns, width)) for width in (18, 17, 12, 7, 1)}
    assert {18: "abcd", 17: "abc", 12: "ab", 7: "a", 1: "a"} == kept


@pytest.mark.parametrize(
    ("term", "is_terminal", "expected"),
    [
        ("xterm", True, "\r\x1b[2Kone\r\x1b[2Ktwo is too\r\x1b[2K"),
        ("dumb", True, "one\ntwo is too long\n"),
        ("xterm", False, ""),
    ],
)
def test_progress_is_a_line_that_is_written_over(term: str, *, is_terminal: bool, expected: str) -> None:
    out = io.StringIO()
    console = Console(file=out, width=11, force_terminal=is_terminal, _environ={"TERM": term})
    with ProgressLine(console) as progress:
        progress.tell("one")
        progress.tell("two is too long")
    assert expected == out.getvalue()


def test_the_markdown_form_has_all_of_it() -> None:
    assert MARKDOWN == markdown(a_report())


def test_figures_of_too_few_lines_say_so() -> None:
    one = a_report().one_worker
    short = replace(one, runs=tuple(replace(run, seconds=0.04) for run in one.runs))
    said = "too few lines: a run of 40 ms is for the most part its start; measure larger files\n"
    assert said in rendered(a_report(workers=(short,)), 120)
    assert "too few lines" not in WIDE


def test_names_of_files_mean_nothing_to_markdown() -> None:
    named = markdown(a_report(corpus=replace(a_report().corpus, name="_a*b_c|<d>.log")))
    assert r"- 400,000 lines (57.6 MB), \_a\*b_c\|\<d\>.log" == named.splitlines()[1]


def test_without_a_kernel_the_tables_say_why() -> None:
    report = a_report(engine="portable", why_not_native="the native one was not built", scaling=None)
    first = rendered(report, 120).splitlines()[0]
    assert first.startswith("logmatch 0.1.0, portable engine (the native one was not built), CPython 3.11.7, Linux")


def shape(text: str) -> list[str]:
    """What a Markdown form says besides figures: headings, what stands before tables, and the rows' first cells."""
    parts = []
    for line in text.splitlines():
        if line.startswith("|") and "--:" not in line:
            is_head = re.search(r"[0-9]{2}|[0-9] x", line) is None
            parts.append(line if is_head else line.split("|")[1])
        elif line.endswith(":"):
            parts.append(line)
    return list(dict.fromkeys(re.sub(r"[0-9][0-9,]*", "N", part) for part in parts))


def test_the_figures_in_the_documents_have_the_form_of_today() -> None:
    document = FIGURES.read_text("utf-8")
    begin, end = "<!-- logmatch bench --workers 2 --markdown -->\n", "<!-- end -->\n"
    assert 1 == document.count(begin) == document.count(end), "the figures stand between two comments"
    figures = document.partition(begin)[2].partition(end)[0]
    assert shape(markdown(a_report())) == shape(figures), "write them anew with the command that the comment names"


# --- the command


@pytest.mark.parametrize(("option", "expected"), [("--markdown", markdown(a_report())), (None, WIDE)])
def test_the_command_writes_the_figures_to_stdout_and_the_engine_to_stderr(
    option: str | None, expected: str, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: list[BenchRequest] = []

    def measured(request: BenchRequest, on_status: StatusCallback, on_engine: StatusCallback) -> BenchReport:
        requests.append(request)
        on_status("what only a person wants to know")
        on_engine("native engine")
        return a_report()

    monkeypatch.setattr(rounds, "run_bench", measured)
    outcome = run_cli("bench", "--no-scaling", "--workers", "2", *([option] if option else []))
    assert (0, expected, "logmatch: native engine\n") == (outcome.status, outcome.stdout, outcome.stderr)
    assert [BenchRequest(workers=2, scaling=False)] == requests


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, True),
        ({"scaling": False}, False),
        ({"engine": "reference"}, False),
        ({"files": ("a.log",), "templates": ("a.toml",)}, False),
        ({"files": ("a.log",), "templates": ("a.toml",), "scaling": True}, True),
    ],
)
def test_the_scaling_section_is_measured_without_files_or_when_asked_for(
    options: dict[str, object], *, expected: bool
) -> None:
    assert expected == BenchRequest(**options).has_scaling  # type: ignore[arg-type]  # of the types of its fields


# --- the user's own lines


def bench_files(*files: Path, template_file: Path, **options: object) -> BenchReport:
    request = BenchRequest(
        files=tuple(map(str, files)), templates=(str(template_file),), header=HEADER, workers=1, repeats=1
    )
    return run_bench(replace(request, **options))  # type: ignore[arg-type]  # of the types of its fields


def test_files_are_measured_where_they_are(log: Path, template_file: Path) -> None:
    report = bench_files(log, template_file=template_file)
    assert (str(log), 5, len(LOG), 3, 4) == tuple(report.to_dict()["corpus"].values())
    assert 4 == report.one_worker.best.matched == report.plain_loop.best.matched
    assert LOG == log.read_bytes()


def test_compressed_files_are_unpacked_first(log: Path, template_file: Path, tmp_path: Path) -> None:
    packed = tmp_path / "gate.log.gz"
    packed.write_bytes(gzip.compress(LOG))
    report = bench_files(packed, log, template_file=template_file)
    assert (f"{packed} and 1 more", 10, 2 * len(LOG)) == tuple(report.to_dict()["corpus"].values())[:3]
    assert 8 == report.one_worker.best.matched == report.plain_loop.best.matched


def test_stdin_is_read_once_and_measured_all_the_same(log: Path, template_file: Path) -> None:
    stdin = os.dup(0)
    try:
        with log.open("rb") as file:
            os.dup2(file.fileno(), 0)
        report = bench_files(Path("-"), template_file=template_file)
    finally:
        os.dup2(stdin, 0)
        os.close(stdin)
    assert ("-", 5, len(LOG)) == tuple(report.to_dict()["corpus"].values())[:3]
    assert 4 == report.one_worker.best.matched == report.plain_loop.best.matched


def test_the_reference_engine_can_be_the_one_that_is_measured(log: Path, template_file: Path) -> None:
    report = bench_files(log, template_file=template_file, engine="reference")
    assert "reference" == report.engine
    assert {5} == {each.best.lines for each in report.engines}


def test_a_report_on_progress_names_the_round(log: Path, template_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(rounds, "run_isolated", lambda measured: a_run(lines=5, matched=4, bytes_out=len(LOG)))
    request = BenchRequest(files=(str(log),), templates=(str(template_file),), header=HEADER, workers=2, repeats=1)
    run_bench(request, on_status=said.append)
    name = engine.default_name()
    measured = [f"{name}, 2 workers", *(each for each in engine.available() if each != name), "plain loop"]
    assert ["preparing the lines", *(f"round 1 of 1: {each}" for each in ("copy", name, *measured))] == said[:-1]
    assert "checking the answers of reference" == said[-1]


def test_the_engine_is_told_once_and_why_it_is_not_the_native_one(
    log: Path, template_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(rounds, "run_isolated", lambda measured: a_run(lines=5, matched=4, bytes_out=len(LOG)))
    request = BenchRequest(
        files=(str(log),), templates=(str(template_file),), header=HEADER, workers=1, repeats=1, engine="portable"
    )
    assert run_bench(request, on_engine=said.append).why_not_native is None
    reason = engine.why_not_native()
    run_bench(replace(request, engine="auto"), on_engine=said.append)
    assert ["portable engine", f"portable engine: {reason}" if reason else "native engine"] == said
    monkeypatch.setattr(rounds, "why_not_native", lambda: "the native one was not built")
    monkeypatch.setattr(rounds, "make_engine", lambda program, name: make_engine(program, "portable"))
    report = run_bench(replace(request, engine="auto"), on_engine=said.append)
    assert "portable engine: the native one was not built" == said[-1]
    assert "the native one was not built" == report.why_not_native


def test_nothing_is_left(log: Path, template_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = log.parent / "temporary"
    own.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(own))
    bench_files(log, template_file=template_file)
    assert [] == os.listdir(own)


# --- what makes no sense, and what goes wrong


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"files": ("a.log",)}, "there are no templates for these files"),
        ({"templates": ("a.toml",)}, "there are templates but no lines"),
        ({"workers": 0}, "the number of workers is 0"),
        ({"repeats": 0}, "the number of rounds is 0"),
        ({"engine": "steam"}, "there is no engine 'steam'"),
        ({"engine": "reference", "scaling": True}, "the reference engine is too slow for the scaling section"),
        ({"scaling_counts": (10, 0)}, "the smallest number of templates is 0"),
    ],
)
def test_a_request_without_sense_is_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        BenchRequest(**options)  # type: ignore[arg-type]  # of the types of its fields


def test_an_empty_file_cannot_be_measured(log: Path, template_file: Path) -> None:
    log.write_bytes(b"")
    with pytest.raises(UsageError, match="there are no lines to measure"):
        bench_files(log, template_file=template_file)


def test_a_missing_file_and_a_bad_template_are_the_usual_errors(log: Path, template_file: Path) -> None:
    with pytest.raises(InputError):
        bench_files(log.with_name("missing.log"), template_file=template_file)
    template_file.write_text("login of <user")
    with pytest.raises(TemplateErrors):
        bench_files(log, template_file=template_file)


def test_an_error_of_the_measured_process_comes_back(log: Path) -> None:
    job = Job(
        program=compile_program(templates()),
        inputs=resolve_inputs([str(log)]).inputs,
        output=str(log.parent / "missing" / "output"),
    )
    with pytest.raises(OutputError, match="missing/output"):
        isolated.run_isolated(job)


def test_a_measured_process_that_dies_is_an_error(
    log: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(isolated, "_CHILD", "raise SystemExit(3)")
    with pytest.raises(WorkerError, match="a measured process ended with status 3"):
        isolated.run_isolated(PlainTask(templates(), (str(log),), str(log.parent / "output")))


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (a_run(matched=8), "one matched 9 of 10 lines, other 8 of 10"),
        (a_run(lines=9), "one matched 9 of 10 lines, other 9 of 9"),
        (a_run(digest="e"), "the records of one and of other differ, in 9 matched lines each"),
    ],
)
def test_runs_that_disagree_are_an_error(
    other: Run, words: str, log: Path, template_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DisagreementError, match=words):
        verify.check_same([("one", a_run()), ("one", a_run()), ("other", other)])
    runs = iter([a_run(), other, *[a_run()] * 8])
    copied = a_run(bytes_out=len(LOG))
    monkeypatch.setattr(
        rounds, "run_isolated", lambda measured: copied if isinstance(measured, CopyTask) else next(runs)
    )
    with pytest.raises(DisagreementError):
        bench_files(log, template_file=template_file, workers=2)


def test_other_lines_for_the_plain_loop_are_an_error(
    log: Path, template_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        rounds, "run_isolated", lambda measured: a_run(lines=11 if isinstance(measured, PlainTask) else 10)
    )
    with pytest.raises(DisagreementError, match="the plain loop read 11 lines, the others 10"):
        bench_files(log, template_file=template_file)


def test_a_copy_of_other_bytes_is_an_error(log: Path, template_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "run_isolated", lambda measured: a_run(bytes_out=7))
    with pytest.raises(DisagreementError, match=f"7 bytes were copied, the lines have {len(LOG)}"):
        bench_files(log, template_file=template_file)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"matched": 7}, "short lines that match, 2 templates, first word: 7 of 80 lines matched, not 80 of 80"),
        ({"lines": 9}, "short lines that match, 2 templates, first word: 80 of 9 lines matched, not 80 of 80"),
        ({"digest": "e"}, "short lines that match, 2 templates, first word: the records are not those that the lines"),
    ],
)
def test_records_that_made_lines_must_not_have_are_an_error(changes: dict[str, object], words: str) -> None:
    key = CellKey("short", "first word", matching=True, templates=2)
    verify.check_cell(key, a_steady_run(), lines=80, digest="d")
    with pytest.raises(DisagreementError, match=words):
        verify.check_cell(key, a_steady_run(**changes), lines=80, digest="d")


def test_a_wrong_expectation_in_the_scaling_section_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = synthetic.make_lines

    def make_wrong(key: CellKey, size: int) -> synthetic.Made:
        made = make(key, size)
        return replace(made, records=(made.records[0].replace(b"t00000", b"t00001"), *made.records[1:]))

    monkeypatch.setattr(scaling, "make_lines", make_wrong)
    with pytest.raises(DisagreementError, match="first word: the records are not those that the lines were made from"):
        scaling.measure_scaling(engine.default_name(), (1,), 1, str(tmp_path), lambda text: None, 500)


# --- the copy


def test_a_copy_is_all_files_one_after_the_other(tmp_path: Path) -> None:
    first, second, output = (tmp_path / name for name in ("first", "second", "output"))
    first.write_bytes(b"x" * (isolated.COPY_BLOCK + 1))
    second.write_bytes(b"yz")
    run = isolated.run_here(CopyTask((str(first), str(second)), str(output)))
    assert b"x" * (isolated.COPY_BLOCK + 1) + b"yz" == output.read_bytes()
    assert (0, 0, isolated.COPY_BLOCK + 3, isolated.COPY_BLOCK + 3) == (
        run.lines,
        run.matched,
        run.bytes_in,
        run.bytes_out,
    )
    assert hashlib.sha256(output.read_bytes()).hexdigest() == run.digest


# --- made templates and lines

each_style = pytest.mark.parametrize("style", synthetic.STYLES)
each_length = pytest.mark.parametrize("length", synthetic.LENGTHS)


@each_style
@each_length
@pytest.mark.parametrize("matching", [True, False])
def test_made_lines_have_the_records_that_the_reference_engine_gives(
    style: str, length: str, *, matching: bool
) -> None:
    key = CellKey(length, style, matching, 20)
    made = synthetic.make_lines(key, 3_000 if length == "short" else 40_000)
    matcher = Matcher(synthetic.make_templates(style, 20), engine="reference")
    text = b"".join(line + b"\n" for line in made.lines)
    assert b"".join(made.output()) == matcher.parse_bytes(text)


@each_style
def test_made_lines_are_near_misses_of_their_templates(style: str) -> None:
    marks = [template.pattern for template in synthetic.make_templates(style, 10)]
    lines = synthetic.make_lines(CellKey("short", style, matching=False, templates=10), 2_000).lines
    words = {word for pattern in marks for word in re.findall(r"\b(?:[b-z][aeiou]){3}\b", str(pattern))}
    assert 10 == len(words)
    assert words == {word for line in lines for word in line.decode().split() if word in words}


def test_marks_are_all_different() -> None:
    assert 10_000 == len({synthetic._mark(number) for number in range(10_000)})


@each_style
def test_made_lines_are_as_long_as_their_cell_says(style: str) -> None:
    short = synthetic.make_lines(CellKey("short", style, matching=True, templates=100), 5_000).lines
    long = synthetic.make_lines(CellKey("long", style, matching=True, templates=100), 50_000).lines
    assert {True} == {20 < len(line) < 80 for line in short}
    assert {True} == {1_000 < len(line) < 2_048 for line in long}
    assert 4_900 < sum(len(line) + 1 for line in short) <= 5_000


def test_a_file_that_is_read_several_times_has_its_records_several_times() -> None:
    made = synthetic.make_lines(CellKey("short", "first word", matching=True, templates=2), 100)
    assert hashlib.sha256(b"".join(made.output()) * 3).hexdigest() == made.digest(3)


# --- the plain loop


def test_the_plain_loop_writes_a_record_for_each_line(log: Path) -> None:
    assert RECORDS == plain_records(templates(), log)


def test_the_plain_loop_tries_each_header(log: Path) -> None:
    others = templates("bye <_>\n<*>", header=None, ids="b c")
    records = plain_records((*templates(), *others), log)
    assert ["login", "login", "bye", "c", "left"] == [record["template_id"] for record in records]


def test_the_plain_loop_prefers_more_literal_text_and_a_literal_first_word(log: Path) -> None:
    log.write_bytes(b"one two three\none two four\nfive\n")
    records = plain_records(templates("<*>\none <*>\none two <a>\nfive", header=None, ids="any one two five"), log)
    assert [("two", {"a": "three"}), ("two", {"a": "four"}), ("five", {})] == [
        (record["template_id"], record["values"]) for record in records
    ]


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("any", ""),
        ("word", "w(o)r<d"),
        ("path", "/var/log"),
        ("url", "http://a/b"),
        ("rest", "a b"),
        ("int", "-7"),
        ("ipv6", "fe80::1"),
        ("quoted", r'"a \" b"'),
        ("GET|POST", "POST"),
        ("/[a-c]+/", "abc"),
        ("/(?i:x)y/", "Xy"),
    ],
)
def test_the_plain_loop_knows_every_kind_of_field(log: Path, type_: str, text: str) -> None:
    log.write_bytes(f"[ {text}".encode())
    assert [{"line": 1, "template_id": "id", "values": {"f": text}}] == plain_records(
        templates(f"[<_:ws><f:{type_}>", header=None, ids="id"), log
    )


def test_the_plain_loop_leaves_out_templates_whose_regex_has_groups(log: Path) -> None:
    loaded = templates("<*:/(a)b/>\n<*:/(?:a)b/>", header=None, ids="with without")
    assert [False, True] == [is_plain(template) for template in loaded]
    log.write_bytes(b"ab\n")
    assert ["without"] == [record["template_id"] for record in plain_records(loaded, log)]


def test_the_plain_loop_takes_any_bytes(log: Path) -> None:
    log.write_bytes(b"\xff\x00\r\n\n\xe2\x80\xa8x")
    records = plain_records(templates("<all>", header=None, ids="all"), log)
    assert ["\N{REPLACEMENT CHARACTER}\0", "", "\N{LINE SEPARATOR}x"] == [
        record["values"]["all"]  # type: ignore[index]  # it is a dict where a template matched
        for record in records
    ]


@pytest.mark.parametrize("system", SYSTEMS)
def test_on_clean_samples_the_plain_loop_finds_what_they_say(system: str, tmp_path: Path) -> None:
    labelled = list(labelled_lines(system, 300, odd=0))
    log = tmp_path / "clean.log"
    log.write_bytes(b"".join(line + b"\n" for _, line in labelled))
    records = plain_records(load_templates([templates_path(system)]), log)
    agreeing = sum(label == record["template_id"] for (label, _), record in zip(labelled, records, strict=True))
    assert agreeing >= 0.95 * len(labelled)


# --- what is left of it


@contextmanager
def started_benchmark(directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A benchmark that has begun to work, with its temporary files in *directory*; it is ended at last."""
    process = subprocess.Popen(
        [sys.executable, "-m", "logmatch", "bench", "--workers", "2"],
        cwd=directory.parent,
        env={**environment(), "TMPDIR": str(directory)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        while not any(directory.glob(f"{workspace.PREFIX}*/samples.log")):
            assert process.poll() is None
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)],
    ids=lambda each: str(each),
)
@pytest.mark.parametrize("to_all", [False, True])
def test_a_signal_leaves_nothing(tmp_path: Path, number: signal.Signals, status: int, to_all: bool) -> None:
    with started_benchmark(tmp_path) as process:
        if to_all:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        out, err = process.communicate(timeout=60)  # ends when no process holds them any more
    assert (status, b"") == (process.returncode, out)
    assert err.endswith(b"logmatch: interrupted\n")
    assert 1 == err.count(b"interrupted")
    assert b"Traceback" not in err
    assert [] == list(tmp_path.iterdir())


def test_what_a_killed_benchmark_leaves_is_removed_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with started_benchmark(tmp_path) as killed:
        (left,) = tmp_path.iterdir()
        with workspace.workspace() as ours:
            assert {left, Path(ours)} == set(tmp_path.iterdir()), "its owner lives"
        os.killpg(killed.pid, signal.SIGKILL)
        killed.communicate(timeout=60)
    assert [left] == list(tmp_path.iterdir())
    with workspace.workspace() as ours:
        assert [Path(ours)] == list(tmp_path.iterdir())
    assert [] == list(tmp_path.iterdir())


def test_what_is_called_like_a_workspace_and_is_none_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    kept = {tmp_path / f"{workspace.PREFIX}notes", tmp_path / f"{workspace.PREFIX}directory"}
    (tmp_path / f"{workspace.PREFIX}notes").write_text("mine")
    (tmp_path / f"{workspace.PREFIX}directory").mkdir()
    with workspace.workspace():
        pass
    assert kept == set(tmp_path.iterdir())
