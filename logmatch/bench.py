"""
Bench: what it costs to turn given lines into records, measured, and checked.

A *task* is one way of doing that work: an engine with a number of workers, on all lines or on a part of them, or the
*plain loop*, what a person would write in Python instead. Every task goes the whole way, from files to an output file:
reading, matching, extraction, encoding and writing are included, and so is compiling expressions; starting Python and
reading template files are not. A *run* does one task once, in a process of its own, so that memory and processor time
are the task's. A *round* runs every task once, one after the other, so that what else the machine does hits all alike;
ratios are taken within a round.

A benchmark is a test: the records of an engine must be the same, byte for byte, in every run and whatever the number of
workers, and every engine must give the same ones; else `DisagreementError`.

Not its business: how logmatch does the work (`pipeline.run` is called as `parse` calls it), and options.
"""

from __future__ import annotations

import os
import pickle
import platform
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from logmatch import __version__
from logmatch.chunk import Input, read_chunks, resolve_inputs
from logmatch.engine import NAMES, make_engine
from logmatch.engine.tokens import TOKEN_EXPRESSIONS
from logmatch.errors import LogmatchError, UsageError, WorkerError
from logmatch.job import DEFAULT_CHUNK_SIZE, DEFAULT_MAX_LINE, Job, available_workers
from logmatch.program import Program, compile_program
from logmatch.template import (
    ANY,
    PATH,
    REST,
    TYPES,
    URL,
    WORD,
    FieldType,
    Item,
    Literal,
    NamedType,
    Optional,
    Pattern,
    RegexType,
    Template,
    WordList,
    output_names,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

SAMPLE_LINES = 100_000
"""How many lines are made when no file is named."""

SEED = 1
"""The seed of those lines."""

REPEATS = 3
"""How many rounds there are."""

REFERENCE_WORK = 400_000
"""
How many variants are tried on lines of the part that slow engines get: about a second of the reference engine.
"""

MOST_REFERENCE_LINES = 2_000
LEAST_REFERENCE_LINES = 50

SLOW_ENGINES = frozenset({"reference"})
"""Engines that are measured on a part of the lines."""

PLAIN_LOOP = "plain loop"

EVERY_COUNT_TO = 4
"""Up to which number of workers every number is measured; beyond it only doublings, and the number asked for."""

Observer = Callable[[str], None]
"""Is told what is being done now, in a few words."""


class DisagreementError(LogmatchError):
    """Two runs on the same lines gave different records: a bug of logmatch, or of what the figures rest on."""


# --- request and report


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchRequest:
    """
    What to measure. Raises `UsageError` where the values make no sense.

    Without `files` the lines are made from the built-in samples, and the templates are theirs.
    """

    files: tuple[str, ...] = ()
    """Files, directories, "-"."""
    templates: tuple[str, ...] = ()
    """Template files and directories of them."""
    header: str | None = None
    engine: str = "auto"
    workers: int = field(default_factory=available_workers)
    """The largest number of workers."""
    repeats: int = REPEATS
    sample_lines: int = SAMPLE_LINES
    """How many lines to make when there are no files."""
    reference_lines: int | None = None
    """How many lines slow engines get; None: as many as take them about a second."""

    def __post_init__(self) -> None:
        numbers = {
            "the number of workers": self.workers,
            "the number of rounds": self.repeats,
            "the number of lines to make": self.sample_lines,
            "the number of lines for slow engines": self.reference_lines,
        }
        for what, value in numbers.items():
            if value is not None and value < 1:
                raise UsageError(f"{what} is {value}", hint="use 1 or more")
        if self.engine not in NAMES:
            raise UsageError(f"there is no engine {self.engine!r}", hint=f"the engines are {', '.join(NAMES)}")
        if self.files and not self.templates:
            raise UsageError("there are no templates for these files", hint="name a template file with -t")
        if self.templates and not self.files:
            hint = "name the log files, or leave the templates out to measure the built-in samples"
            raise UsageError("there are templates but no lines", hint=hint)


@dataclass(frozen=True, slots=True)
class Machine:
    """What the figures depend on besides logmatch."""

    cores: int
    """How many cores this process may use."""
    python: str
    system: str
    load: float
    """Load average of the last minute when the benchmark began: what else there was to do."""
    logmatch: str

    @classmethod
    def this(cls) -> Machine:
        """The machine that runs this."""
        return cls(
            cores=available_workers(),
            python=f"{platform.python_implementation()} {platform.python_version()}",
            system=f"{platform.system()} {platform.machine()}",
            load=round(os.getloadavg()[0], 2),
            logmatch=__version__,
        )


@dataclass(frozen=True, slots=True)
class Corpus:
    """The lines and templates that are measured."""

    name: str
    """The files as the user named them, or how the lines were made."""
    lines: int
    bytes: int
    """Of whole lines, decompressed."""
    templates: int
    variants: int


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one task."""

    seconds: float
    """Wall time."""
    cpu_seconds: float
    """Of the process and of its workers, user and system."""
    workers: int
    """How many there were: fewer than asked for where the inputs are small."""
    lines: int
    matched: int
    bytes_in: int
    bytes_out: int
    digest: str
    """SHA-256 of the output."""
    peak_parent: int
    """Largest memory (resident set) of the process, in bytes."""
    peak_child: int
    """The same of its largest child; 0 without children."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """
    All runs of one task, in the order of the rounds. Its rates are those of the fastest run.
    """

    name: str
    """The engine, or `PLAIN_LOOP`."""
    workers: int
    runs: tuple[Run, ...]

    @property
    def best(self) -> Run:
        """The fastest run."""
        return min(self.runs, key=lambda run: run.seconds)

    @property
    def seconds(self) -> float:
        """Wall time of the fastest run."""
        return self.best.seconds

    @property
    def median_seconds(self) -> float:
        """Median of the wall times."""
        return statistics.median(run.seconds for run in self.runs)

    @property
    def matched_share(self) -> float:
        """The share of lines that matched, 0 to 1."""
        return self.best.matched / self.best.lines

    @property
    def lines_per_second(self) -> float:
        return self.best.lines / self.seconds

    @property
    def lines_per_cpu_second(self) -> float:
        return self.best.lines / self.best.cpu_seconds

    @property
    def peak_parent(self) -> int:
        return max(run.peak_parent for run in self.runs)

    @property
    def peak_child(self) -> int:
        return max(run.peak_child for run in self.runs)

    def times(self, other: Measurement) -> float:
        """How many times as many lines per second as *other* it does: the median of the rounds."""
        return statistics.median(
            (mine.lines / mine.seconds) / (its.lines / its.seconds)
            for mine, its in zip(self.runs, other.runs, strict=True)
        )

    def times_by_cpu(self, other: Measurement) -> float:
        """The same by processor time, which suffers less from what else the machine does."""
        return statistics.median(
            (mine.lines / mine.cpu_seconds) / (its.lines / its.cpu_seconds)
            for mine, its in zip(self.runs, other.runs, strict=True)
        )

    def to_dict(self) -> dict[str, Any]:
        """The figures as what JSON can hold."""
        best = self.best
        return {
            "name": self.name,
            "workers": self.workers,
            "workers_busy": best.workers,
            "lines": best.lines,
            "matched": best.matched,
            "matched_share": self.matched_share,
            "bytes_in": best.bytes_in,
            "bytes_out": best.bytes_out,
            "rounds_seconds": [run.seconds for run in self.runs],
            "seconds": self.seconds,
            "median_seconds": self.median_seconds,
            "lines_per_second": self.lines_per_second,
            "median_lines_per_second": best.lines / self.median_seconds,
            "megabytes_in_per_second": best.bytes_in / 1e6 / self.seconds,
            "megabytes_out_per_second": best.bytes_out / 1e6 / self.seconds,
            "cpu_seconds": best.cpu_seconds,
            "lines_per_cpu_second": self.lines_per_cpu_second,
            "peak_parent_bytes": self.peak_parent,
            "peak_child_bytes": self.peak_child,
        }


@dataclass(frozen=True, slots=True)
class BenchReport:
    """What `run_bench` found. All measurements but those of slow engines are of the same lines."""

    machine: Machine
    corpus: Corpus
    engine: str
    """The engine whose workers are measured."""
    scaling: tuple[Measurement, ...]
    """That engine by number of workers; the first is one worker."""
    engines: tuple[Measurement, ...]
    """Each engine that is there, with one worker; the chosen one first."""
    plain_loop: Measurement
    plain_templates: int
    """How many of the templates the plain loop could make use of; the others have groups within a `/regex/` field."""

    def speed_up(self, measurement: Measurement) -> float:
        """How much faster it is than one worker."""
        return measurement.times(self.scaling[0])

    def to_dict(self) -> dict[str, Any]:
        """The report as what JSON can hold."""
        return {
            "machine": _plain(self.machine),
            "corpus": _plain(self.corpus),
            "engine": self.engine,
            "rounds": len(self.plain_loop.runs),
            "workers": [
                {
                    **each.to_dict(),
                    "speed_up": self.speed_up(each),
                    "efficiency": self.speed_up(each) / each.workers,
                }
                for each in self.scaling
            ],
            "engines": [
                {
                    **each.to_dict(),
                    "times_plain_loop": each.times(self.plain_loop),
                    "times_plain_loop_by_cpu": each.times_by_cpu(self.plain_loop),
                }
                for each in self.engines
            ],
            "plain_loop": {**self.plain_loop.to_dict(), "templates": self.plain_templates},
        }


def _plain(value: Machine | Corpus) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


# --- measuring


@dataclass(frozen=True, slots=True)
class PlainTask:
    """The plain loop over files."""

    templates: tuple[Template, ...]
    files: tuple[str, ...]
    output: str


Task = Job | PlainTask
"""One way of doing the work; picklable."""


def run_bench(request: BenchRequest, observer: Observer | None = None) -> BenchReport:
    """
    Measure what *request* says, and return the figures.

    All that it makes is in a temporary directory: where inputs are not plain files of lines (stdin, compressed, UTF-16)
    the unpacked lines too, since unpacking is not what is measured. The page cache holds the inputs, as far as it can.

    Raises:
        DisagreementError: two runs that must have the same answer had not.
        LogmatchError: the lines or templates could not be read, or a run failed.
    """
    tell = observer or (lambda _: None)
    with tempfile.TemporaryDirectory(prefix="logmatch-bench-") as directory:
        tell("preparing the lines")
        prepared = _prepare(request, directory)
        return _measure(request, prepared, os.path.join(directory, "output"), tell)


@dataclass(frozen=True, slots=True)
class _Prepared:
    corpus: Corpus
    templates: tuple[Template, ...]
    program: Program
    inputs: tuple[Input, ...]
    part: tuple[Input, ...]
    """The first lines of the inputs, for slow engines."""


def _measure(request: BenchRequest, prepared: _Prepared, output: str, tell: Observer) -> BenchReport:
    program = prepared.program
    machine = Machine.this()
    chosen = make_engine(program, request.engine).name
    names = [chosen, *(name for name in _available_engines(program) if name != chosen)]

    def job(engine: str, workers: int = 1, *, part: bool = False) -> Job:
        inputs = prepared.part if part else prepared.inputs
        return Job(program=program, inputs=inputs, engine=engine, workers=workers, output=output)

    on_part = SLOW_ENGINES - {chosen}  # who wants the workers of a slow engine measured gets that
    counts = worker_counts(request.workers)
    tasks: dict[tuple[str, int], Task] = {(chosen, workers): job(chosen, workers) for workers in counts}
    tasks |= {(name, 1): job(name, part=name in on_part) for name in names if name != chosen}
    tasks[PLAIN_LOOP, 1] = PlainTask(prepared.templates, tuple(each.name for each in prepared.inputs), output)

    runs: dict[tuple[str, int], list[Run]] = {key: [] for key in tasks}
    for number in range(1, request.repeats + 1):
        for (name, workers), task in tasks.items():
            tell(f"round {number} of {request.repeats}: {_task_name(name, workers)}")
            runs[name, workers].append(run_apart(task))
    measurements = {key: Measurement(*key, tuple(each)) for key, each in runs.items()}

    whole = [each for each in measurements.values() if each.name not in {PLAIN_LOOP, *on_part}]
    _check_same([(_task_name(each.name, each.workers), run) for each in whole for run in each.runs])
    of_part = [(name, run) for name in names if name in on_part for run in measurements[name, 1].runs]
    if of_part:
        tell(f"checking the answers of {_listed([name for name in names if name in on_part])}")
        fast = (name for name in names if name not in on_part)
        _check_same([*((name, run_apart(job(name, part=True))) for name in fast), *of_part])
    plain = measurements[PLAIN_LOOP, 1]
    _check_lines(plain.best.lines, whole[0].best.lines)

    return BenchReport(
        machine=machine,
        corpus=prepared.corpus,
        engine=chosen,
        scaling=tuple(measurements[chosen, workers] for workers in counts),
        engines=tuple(measurements[name, 1] for name in names),
        plain_loop=plain,
        plain_templates=sum(is_plain(template) for template in prepared.templates),
    )


def worker_counts(most: int) -> list[int]:
    """The numbers of workers to measure: 1 to *most*, of large numbers only doublings and *most* itself."""
    counts = {*range(1, min(most, EVERY_COUNT_TO) + 1), most}
    count = EVERY_COUNT_TO
    while count < most:
        counts.add(count)
        count *= 2
    return sorted(counts)


def _available_engines(program: Program) -> list[str]:
    names = []
    for name in NAMES:
        if name != "auto":
            try:
                names.append(make_engine(program, name).name)
            except UsageError:
                continue  # it is not part of this installation
    return names


def _task_name(name: str, workers: int) -> str:
    return f"{name}, {workers} workers" if workers > 1 else name


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names)


def _check_same(runs: Sequence[tuple[str, Run]]) -> None:
    """All *runs*, of the same lines, must have the same answer."""
    first_name, first = runs[0]
    for name, run in runs[1:]:
        if (run.lines, run.matched) != (first.lines, first.matched):
            raise DisagreementError(
                f"{first_name} matched {first.matched:,} of {first.lines:,} lines,"
                f" {name} {run.matched:,} of {run.lines:,}",
                hint=_DISAGREEMENT_HINT,
            )
        if run.digest != first.digest:
            raise DisagreementError(
                f"the records of {first_name} and of {name} differ, in {run.matched:,} matched lines each",
                hint=_DISAGREEMENT_HINT,
            )


_DISAGREEMENT_HINT = (
    "if the templates have /regex/ fields that reach their time limit, mend those; files must not change meanwhile;"
    " else it is a bug, please report it"
)


def _check_lines(plain: int, others: int) -> None:
    if plain != others:
        sentence = f"the {PLAIN_LOOP} read {plain:,} lines, the others {others:,}"
        raise DisagreementError(sentence, hint=_DISAGREEMENT_HINT)


# --- lines and templates


def _prepare(request: BenchRequest, directory: str) -> _Prepared:
    from logmatch.template_file import load_templates

    if request.files:
        templates = load_templates(request.templates, header=request.header)
        found = resolve_inputs(request.files)
        if found.errors:
            raise found.errors[0]
        inputs, name = found.inputs, _listed_files(request.files)
    else:
        from logmatch.samples import SYSTEMS, templates_path

        templates = load_templates([templates_path(system) for system in SYSTEMS])
        path = os.path.join(directory, "samples.log")
        _write_samples(path, request.sample_lines)
        inputs = resolve_inputs([path]).inputs
        name = f"made from the built-in samples, seed {SEED}"
    program = compile_program(templates)
    part_lines = request.reference_lines or _reference_lines(len(program.variants))
    plain_inputs, lines, size = _unpack(inputs, directory)
    if not lines:
        raise UsageError("there are no lines to measure", hint="name a file that holds some")
    corpus = Corpus(name, lines, size, len(program.templates), len(program.variants))
    part = os.path.join(directory, "part.log")
    _write_part(plain_inputs, part_lines, part)
    return _Prepared(corpus, templates, program, plain_inputs, resolve_inputs([part]).inputs)


def _reference_lines(variants: int) -> int:
    return max(LEAST_REFERENCE_LINES, min(MOST_REFERENCE_LINES, REFERENCE_WORK // max(1, variants)))


def _listed_files(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def sample_lines(count: int) -> Iterator[bytes]:
    """Make *count* lines, with their `\\n`, of the built-in samples: a line of each system in turn."""
    from logmatch.samples import SYSTEMS, lines

    each = -(-count // len(SYSTEMS))
    streams = [lines(system, each, SEED) for system in SYSTEMS]
    for number, line in enumerate(line for turn in zip(*streams, strict=True) for line in turn):
        if number < count:
            yield line + b"\n"


def _write_samples(path: str, count: int) -> None:
    with open(path, "wb") as file:
        file.writelines(sample_lines(count))


def _unpack(inputs: Sequence[Input], directory: str) -> tuple[tuple[Input, ...], int, int]:
    """
    The inputs as plain files of lines, how many lines these have, and how many bytes.

    What is one already is left where it is; stdin, which can be read once, never is. A line too long to be matched is
    cut to its beginning where it is unpacked.
    """
    plain: list[Input] = []
    lines = size = 0
    for number, source in enumerate(inputs):
        count, length = (0, -1) if source.is_stdin or source.size is None else _size_of_lines(source)
        if length != source.size:
            path = os.path.join(directory, f"unpacked-{number}.log")
            with open(path, "wb") as file:
                for chunk in read_chunks(source, chunk_size=DEFAULT_CHUNK_SIZE, max_line=DEFAULT_MAX_LINE):
                    file.write(chunk.data if chunk.oversized is None else bytes(chunk.data) + b"\n")
            source = resolve_inputs([path]).inputs[0]
            count, length = _size_of_lines(source)
        plain.append(source)
        lines += count
        size += length
    return tuple(plain), lines, size


def _size_of_lines(source: Input) -> tuple[int, int]:
    """How many lines there are, and how many bytes they have: fewer than the file if it is no plain file of lines."""
    lines = size = 0
    for chunk in read_chunks(source, chunk_size=DEFAULT_CHUNK_SIZE, max_line=DEFAULT_MAX_LINE):
        lines += chunk.line_count
        size += len(chunk.data)
    return lines, size


def _write_part(inputs: Sequence[Input], count: int, path: str) -> None:
    """Write the first *count* lines of *inputs*, which are plain files, to *path*."""
    with open(path, "wb") as part:
        for source in inputs:
            with open(source.name, "rb") as file:
                for line in file:
                    if count == 0:
                        return
                    part.write(line if line.endswith(b"\n") else line + b"\n")
                    count -= 1


# --- a run, in a process of its own

# What the process is started with: it gets our import path as its arguments, a task on stdin.
_CHILD = "import sys; sys.path[:] = sys.argv[1:]; from logmatch.bench import serve; serve()"


def run_apart(task: Task) -> Run:
    """
    Run *task* in a new process and return what it took; the output is removed.

    Raises what the task raises, and `WorkerError` if the process dies.
    """
    output = task.output
    command = [sys.executable, "-c", _CHILD, *sys.path]
    try:
        # Its stderr is ours: what goes wrong there beyond `LogmatchError` should be seen.
        done = subprocess.run(command, input=pickle.dumps(task), stdout=subprocess.PIPE, check=False)
        if done.returncode != 0:
            raise WorkerError(f"a measured process ended with status {done.returncode}")
    finally:
        if os.path.exists(output):
            os.unlink(output)
    answer = pickle.loads(done.stdout)
    if isinstance(answer, LogmatchError):
        raise answer
    assert isinstance(answer, Run)
    return answer


def serve() -> None:
    """Run the task on stdin and write its `Run`, or the `LogmatchError` that ended it, to stdout: both pickled."""
    task: Task = pickle.load(sys.stdin.buffer)
    answer: Run | LogmatchError
    try:
        answer = run_here(task)
    except LogmatchError as error:
        answer = error
    sys.stdout.buffer.write(pickle.dumps(answer))


def run_here(task: Task) -> Run:
    """Run *task* in this process; its peak memory is this process's so far."""
    import hashlib

    work = _work_of(task)
    cpu_before = _cpu_seconds()
    before = time.perf_counter()
    lines, matched, workers = work()
    seconds = time.perf_counter() - before
    cpu_seconds = _cpu_seconds() - cpu_before
    peaks = _peak_memory(), _peak_memory_of_children()
    files = task.files if isinstance(task, PlainTask) else [source.name for source in task.inputs]
    with open(task.output, "rb") as output:
        digest = hashlib.file_digest(output, "sha256").hexdigest()
        return Run(
            seconds=seconds,
            cpu_seconds=cpu_seconds,
            workers=workers,
            lines=lines,
            matched=matched,
            bytes_in=sum(os.path.getsize(file) for file in files),
            bytes_out=output.tell(),
            digest=digest,
            peak_parent=peaks[0],
            peak_child=peaks[1],
        )


def _work_of(task: Task) -> Callable[[], tuple[int, int, int]]:
    """What is to be timed; it gives the numbers of lines, of matched lines and of workers."""
    if isinstance(task, PlainTask):
        return lambda: (*PlainLoop(task.templates).run(task.files, task.output), 1)
    from logmatch import pipeline

    def work() -> tuple[int, int, int]:
        outcome = pipeline.run(task)
        if outcome.input_errors:
            raise outcome.input_errors[0]
        if outcome.interrupted_by is not None:
            raise WorkerError(f"a measured process was ended by {outcome.interrupted_by.name}")
        return outcome.tally.lines, outcome.tally.matched, outcome.workers

    return work


def _cpu_seconds() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _peak_memory() -> int:
    # On Linux ru_maxrss counts what the process was before it became this program (the parent's memory, with vfork).
    try:
        with open("/proc/self/status", "rb") as status:
            peak = re.search(rb"^VmHWM:\s*(\d+) kB", status.read(), re.MULTILINE)
    except OSError:
        peak = None
    return int(peak[1]) * 1024 if peak else _maxrss(resource.RUSAGE_SELF)


def _peak_memory_of_children() -> int:
    return _maxrss(resource.RUSAGE_CHILDREN)


def _maxrss(who: int) -> int:
    largest = resource.getrusage(who).ru_maxrss
    return largest if sys.platform == "darwin" else largest * 1024  # getrusage(2): bytes there, else KiB


# --- the plain loop


class PlainLoop:
    """
    What a person would write in Python who knows the templates: the yardstick of the figures.

    The header by an expression of its own; then the first word of what follows looks up a few expressions, those with
    more literal text first, and behind them those that have no literal first word; the groups of the first that fits
    become a dict, and `orjson` writes it. Values are strings, and what is absent is null. It is as fast as this plan
    allows: each expression compiled once, everything in local variables, records written one by one through the file's
    buffer. (To join them all and write once took 1.9 times as long on 43 MB of lines, for all the memory touched.)

    It is not bound to SPEC 3, so that it may match other lines: a header that could end at several places ends at the
    first, and order is by literal text of the pattern alone.
    """

    def __init__(self, templates: Sequence[Template]) -> None:
        groups: dict[Pattern | None, list[Template]] = {}
        for template in templates:
            if is_plain(template):
                groups.setdefault(template.header, []).append(template)
        self._headers = [_PlainHeader(header, members) for header, members in groups.items()]

    def run(self, files: Sequence[str], output: str) -> tuple[int, int]:
        """Write a record of each line of *files* to *output*; return how many lines there are and how many matched."""
        import orjson

        dumps, newline = orjson.dumps, orjson.OPT_APPEND_NEWLINE
        headers = [(each.match, each.by_first_word, each.others) for each in self._headers]
        total = matched = 0
        with open(output, "wb") as out:
            write = out.write
            for file in files:
                number = 0
                with open(file, encoding="utf-8", errors="replace", newline="\n") as lines:
                    for number, line in enumerate(lines, 1):
                        raw = line.rstrip("\r\n")
                        text = raw.rstrip()
                        record = None
                        for match_header, by_first_word, others in headers:
                            header = match_header(text)
                            if header is None:
                                continue
                            content = text[header.end() :]
                            for fullmatch, template_id, names in by_first_word.get(content.partition(" ")[0], others):
                                match = fullmatch(content)
                                if match is not None:
                                    values = dict(zip(names, header.groups() + match.groups(), strict=False))
                                    record = {"line": number, "template_id": template_id, "values": values}
                                    matched += 1
                                    break
                            if record is not None:
                                break
                        if record is None:
                            record = {"line": number, "template_id": None, "raw": raw}
                        write(dumps(record, option=newline))
                total += number
        return total, matched


_Fullmatch = Callable[[str], Any]
_Entry = tuple[_Fullmatch, str, tuple[str, ...]]


class _PlainHeader:
    """The templates with one header: its expression, and the entries to try by the first word behind it."""

    def __init__(self, header: Pattern | None, templates: Sequence[Template]) -> None:
        self.match = _compile(header.items if header is not None else ()).match
        self.by_first_word: dict[str, list[_Entry]] = {}
        """The entries that may follow a word, those of `others` included."""
        self.others: list[_Entry] = []
        for template in sorted(templates, key=lambda each: (-each.priority, -_literal_length(each.pattern.items))):
            names = tuple(name for name in output_names(template.items()) if name is not None)
            items = _without_trailing_whitespace(template.pattern.items)
            entry = (_compile(items).fullmatch, _text(template.id.encode("utf-8", "surrogateescape")), names)
            word = _first_word(items)
            if word is None:
                self.others.append(entry)
            else:
                self.by_first_word.setdefault(word, []).append(entry)
        for entries in self.by_first_word.values():
            entries += self.others


def is_plain(template: Template) -> bool:
    """Whether the plain loop can use *template*: groups of its own in a `/regex/` field would be taken for values."""
    return not any(
        isinstance(each.type, RegexType) and _regex(_text(each.type.source)).groups
        for each in Pattern(template.items()).fields()
    )


def _compile(items: Sequence[Item]) -> Any:
    text = "".join(map(_expression, items))
    if any(isinstance(each.type, RegexType) for each in Pattern(tuple(items)).fields()):
        return _regex(text)
    return re.compile(text, re.ASCII)


def _regex(text: str) -> Any:
    import regex  # only templates with `/regex/` fields need it

    return regex.compile(text, regex.ASCII)


_FREE_EXPRESSIONS = {
    ANY: r".*?",
    WORD: r"\S+?",
    PATH: r"(?:/|~|[A-Za-z]:[\\/])\S*?",
    URL: r"[A-Za-z][A-Za-z0-9+.-]*://\S+?",
    REST: r".*",
}
_EXPRESSIONS: dict[FieldType, str] = {
    type_: _FREE_EXPRESSIONS.get(type_) or TOKEN_EXPRESSIONS[type_].decode("ascii") for type_ in TYPES.values()
}


def _expression(item: Item) -> str:
    """*item* as it is usually written; a group for each value that is output."""
    if isinstance(item, Literal):
        return re.escape(_text(item.text))
    if isinstance(item, Optional):
        return f"(?:{''.join(map(_expression, item.items))})?"
    if isinstance(item.type, RegexType):
        text = f"(?>{_text(item.type.source)})"
    elif isinstance(item.type, WordList):
        text = "|".join(re.escape(_text(word)) for word in item.type.longest_first)
    else:
        assert isinstance(item.type, NamedType)
        text = _EXPRESSIONS[item.type]
    return f"(?:{text})" if output_names((item,)) == [None] else f"({text})"


def _text(text: bytes) -> str:
    """Bytes of a pattern as the lines are read."""
    return text.decode("utf-8", "replace")


def _first_word(items: Sequence[Item]) -> str | None:
    """The first word of every line that *items* match; None where it is not the same for all."""
    if not items or not isinstance(items[0], Literal):
        return None
    word, space, _ = _text(items[0].text).partition(" ")
    return word if space or len(items) == 1 else None


def _without_trailing_whitespace(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """*items* for lines without their trailing whitespace."""
    if items and isinstance(items[-1], Literal):
        text = items[-1].text.rstrip()
        return (*items[:-1], Literal(text)) if text else items[:-1]
    return items


def _literal_length(items: Sequence[Item]) -> int:
    """How many bytes of literals there are, those of optional parts included."""
    parts = [part for item in items for part in (item.items if isinstance(item, Optional) else (item,))]
    return sum(len(part.text) for part in parts if isinstance(part, Literal))


# --- as a person reads it


def render(report: BenchReport, console: Console) -> None:
    """Write *report* as tables; every figure stands below what it is for: lines, templates, share, machine."""
    corpus, plain = report.corpus, report.plain_loop
    first = report.scaling[0]
    machine = report.machine
    rounds = len(plain.runs)
    for sentence in (
        f"logmatch {machine.logmatch}, {report.engine} engine, {machine.python}, {machine.system},"
        f" {_count(machine.cores, 'core')}, load {machine.load:.1f}",
        f"{corpus.lines:,} lines ({corpus.bytes / 1e6:,.1f} MB), {corpus.name}",
        f"{_count(corpus.templates, 'template')}; {first.matched_share:.2%} of the lines matched, their fields"
        f" extracted and written: {first.best.bytes_out / 1e6:,.1f} MB of JSON Lines",
        "from file to file, " + (f"best of {rounds} rounds; ratios: median" if rounds > 1 else "one round"),
    ):
        console.print(sentence, markup=False, highlight=False, soft_wrap=True)
    console.print()
    console.print(_scaling_table(report))
    console.print()
    console.print(_engines_table(report))
    if report.plain_templates < corpus.templates:
        console.print(
            f"The {PLAIN_LOOP} makes use of {report.plain_templates:,} of {corpus.templates:,} templates.",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


def _scaling_table(report: BenchReport) -> Table:
    table = _table("workers", "lines/s", "(median)", "MB/s in", "MB/s out", "speed-up", "efficiency")
    for name in ("lines/CPU s", "peak MiB"):
        table.add_column(name, justify="right")
    for each in report.scaling:
        best, speed_up = each.best, report.speed_up(each)
        memory = f"{each.peak_parent / 2**20:.0f}" + (f" + {each.peak_child / 2**20:.0f}" if each.peak_child else "")
        table.add_row(
            str(each.workers),
            f"{each.lines_per_second:,.0f}",
            f"({best.lines / each.median_seconds:,.0f})",
            f"{best.bytes_in / 1e6 / each.seconds:,.1f}",
            f"{best.bytes_out / 1e6 / each.seconds:,.1f}",
            f"{speed_up:.2f} x",
            f"{speed_up / each.workers:.0%}",
            f"{each.lines_per_cpu_second:,.0f}",
            memory,
        )
    if any(each.peak_child for each in report.scaling):
        table.caption = "peak memory: the process that reads and writes + its largest worker"
        table.caption_justify = "left"
    return table


def _engines_table(report: BenchReport) -> Table:
    table = _table(
        "one worker", "lines", "matched", "lines/s", "(median)", "MB/s in", f"{PLAIN_LOOP} = 1", "by CPU time"
    )
    table.add_column("peak MiB", justify="right")
    for each in (*report.engines, report.plain_loop):
        best = each.best
        table.add_row(
            each.name,
            f"{best.lines:,}",
            f"{each.matched_share:.2%}",
            f"{each.lines_per_second:,.0f}",
            f"({best.lines / each.median_seconds:,.0f})",
            f"{best.bytes_in / 1e6 / each.seconds:,.1f}",
            f"{_significant(each.times(report.plain_loop))} x",
            f"{_significant(each.times_by_cpu(report.plain_loop))} x",
            f"{each.peak_parent / 2**20:.0f}",
        )
    return table


def _table(first: str, *others: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _significant(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.4f}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
