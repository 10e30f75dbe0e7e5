"""The benchmark: its report has the figures of SPEC 5, and its answers hold. Nothing here asserts a time."""

from __future__ import annotations

import gzip
import io
import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from logmatch import bench
from logmatch.bench import BenchReport, BenchRequest, DisagreementError, PlainLoop, PlainTask, Run, run_bench
from logmatch.chunk import resolve_inputs
from logmatch.errors import InputError, OutputError, TemplateErrors, UsageError, WorkerError
from logmatch.job import Job
from logmatch.program import compile_program
from logmatch.samples import SYSTEMS, labelled_lines, templates_path
from logmatch.template import Template
from logmatch.template_file import load_templates, load_text

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
    return run_bench(BenchRequest(sample_lines=600, workers=2, repeats=2, reference_lines=40))


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


# --- the report


def test_the_built_in_corpus_is_measured_with_every_number_of_workers(sample_report: BenchReport) -> None:
    assert [1, 2] == [each.workers for each in sample_report.scaling]
    assert [2, 2] == [len(each.runs) for each in sample_report.scaling]
    assert {600} == {run.lines for each in sample_report.scaling for run in each.runs}
    assert 600 == sample_report.corpus.lines
    assert len(load_templates([templates_path(system) for system in SYSTEMS])) == sample_report.corpus.templates


def test_matched_lines_are_those_that_the_samples_say(sample_report: BenchReport) -> None:
    labels = [label for system in SYSTEMS for label, _ in labelled_lines(system, 120, bench.SEED)]
    assert sum(label is not None for label in labels) == sample_report.scaling[0].best.matched


def test_every_engine_stands_beside_the_chosen_one(sample_report: BenchReport) -> None:
    assert sample_report.engine == sample_report.engines[0].name
    assert sample_report.engines[0] == sample_report.scaling[0]
    assert {"portable", "reference"} <= {each.name for each in sample_report.engines}
    assert {"reference": 40} == {each.name: each.best.lines for each in sample_report.engines if each.best.lines < 600}


def test_the_plain_loop_has_read_the_same_lines(sample_report: BenchReport) -> None:
    plain = sample_report.plain_loop
    assert (600, sample_report.corpus.bytes) == (plain.best.lines, plain.best.bytes_in)
    assert sample_report.corpus.templates == sample_report.plain_templates
    # It has its own order and its own ends of headers, but not another idea of what a line is.
    assert plain.matched_share == pytest.approx(sample_report.scaling[0].matched_share, abs=0.02)


def test_memory_and_processor_time_are_of_the_run(sample_report: BenchReport) -> None:
    one, two = sample_report.scaling
    assert one.peak_parent > 1 << 20
    assert 0 == one.peak_child
    assert two.best.workers == 1 or two.peak_child > 1 << 20
    assert one.best.cpu_seconds > 0


def test_the_json_form_holds_every_figure_with_its_match_rate_and_output(sample_report: BenchReport) -> None:
    report = json.loads(json.dumps(sample_report.to_dict()))
    assert ["machine", "corpus", "engine", "rounds", "workers", "engines", "plain_loop"] == list(report)
    assert {"cores", "python", "system", "load", "logmatch"} == set(report["machine"])
    assert {"name", "lines", "bytes", "templates", "variants"} == set(report["corpus"])
    for measurement in [*report["workers"], *report["engines"], report["plain_loop"]]:
        assert measurement["bytes_out"] > measurement["lines"]
        assert 0 < measurement["matched_share"] <= 1
        assert len(measurement["rounds_seconds"]) == report["rounds"] == 2
        assert min(measurement["rounds_seconds"]) == measurement["seconds"] <= measurement["median_seconds"]
    assert {1.0} == {report["workers"][0][key] for key in ("speed_up", "efficiency")}
    assert all({"times_plain_loop", "times_plain_loop_by_cpu"} <= set(engine) for engine in report["engines"])


def test_the_tables_fit_a_terminal_and_name_what_the_figures_rest_on(sample_report: BenchReport) -> None:
    out = io.StringIO()
    bench.render(sample_report, Console(file=out, width=100, color_system=None))
    text = out.getvalue()
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 100
    for words in ("600 lines", "89 templates", "% of the lines matched", "MB of JSON Lines", "plain loop", "2 rounds"):
        assert words in text
    assert f"{sample_report.engine} engine" in text


def test_lines_per_second_are_those_of_the_fastest_run_and_ratios_those_of_the_same_round() -> None:
    slow_then_fast = bench.Measurement("a", 1, (a_run(seconds=4.0), a_run(seconds=2.0), a_run(seconds=2.0)))
    steady = bench.Measurement("b", 1, (a_run(seconds=8.0), a_run(seconds=4.0), a_run(seconds=2.0)))
    assert 5.0 == slow_then_fast.lines_per_second
    assert 2.0 == slow_then_fast.times(steady)
    assert 10.0 == slow_then_fast.lines_per_cpu_second
    assert 1.0 == slow_then_fast.times_by_cpu(steady)


@pytest.mark.parametrize(
    ("most", "expected"),
    [(1, [1]), (3, [1, 2, 3]), (4, [1, 2, 3, 4]), (6, [1, 2, 3, 4, 6]), (32, [1, 2, 3, 4, 8, 16, 32])],
)
def test_of_many_workers_only_doublings_are_measured(most: int, expected: list[int]) -> None:
    assert expected == bench.worker_counts(most)


# --- the user's own lines


def bench_files(*files: Path, template_file: Path, **options: object) -> BenchReport:
    request = BenchRequest(
        files=tuple(map(str, files)), templates=(str(template_file),), header=HEADER, workers=1, repeats=1
    )
    return run_bench(replace(request, **options))  # type: ignore[arg-type]  # of the types of its fields


def test_files_are_measured_where_they_are(log: Path, template_file: Path) -> None:
    report = bench_files(log, template_file=template_file)
    assert (str(log), 5, len(LOG), 3, 4) == tuple(report.to_dict()["corpus"].values())
    assert 4 == report.scaling[0].best.matched == report.plain_loop.best.matched
    assert LOG == log.read_bytes()


def test_compressed_files_are_unpacked_first(log: Path, template_file: Path, tmp_path: Path) -> None:
    packed = tmp_path / "gate.log.gz"
    packed.write_bytes(gzip.compress(LOG))
    report = bench_files(packed, log, template_file=template_file)
    assert (f"{packed} and 1 more", 10, 2 * len(LOG)) == tuple(report.to_dict()["corpus"].values())[:3]
    assert 8 == report.scaling[0].best.matched == report.plain_loop.best.matched


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
    assert 4 == report.scaling[0].best.matched == report.plain_loop.best.matched


def test_the_reference_engine_can_be_the_one_that_is_measured(log: Path, template_file: Path) -> None:
    report = bench_files(log, template_file=template_file, engine="reference")
    assert "reference" == report.engine
    assert {5} == {each.best.lines for each in report.engines}


def test_a_report_on_progress_names_the_round(log: Path, template_file: Path) -> None:
    said: list[str] = []
    request = BenchRequest(files=(str(log),), templates=(str(template_file),), header=HEADER, workers=2, repeats=1)
    run_bench(request, said.append)
    assert "preparing the lines" == said[0]
    assert {"round 1 of 1: portable, 2 workers", "round 1 of 1: plain loop"} <= set(said)


def test_nothing_is_left_behind(log: Path, template_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
        bench.run_apart(job)


def test_a_measured_process_that_dies_is_an_error(
    log: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "_CHILD", "raise SystemExit(3)")
    with pytest.raises(WorkerError, match="a measured process ended with status 3"):
        bench.run_apart(PlainTask(templates(), (str(log),), str(log.parent / "output")))


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
        bench._check_same([("one", a_run()), ("one", a_run()), ("other", other)])
    runs = iter([a_run(), other, *[a_run()] * 8])
    monkeypatch.setattr(bench, "run_apart", lambda task: next(runs))
    with pytest.raises(DisagreementError):
        bench_files(log, template_file=template_file, workers=2)


def test_other_lines_for_the_plain_loop_are_an_error(
    log: Path, template_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "run_apart", lambda task: a_run(lines=11 if isinstance(task, PlainTask) else 10))
    with pytest.raises(DisagreementError, match="the plain loop read 11 lines, the others 10"):
        bench_files(log, template_file=template_file)


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
    assert [False, True] == [bench.is_plain(template) for template in loaded]
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
