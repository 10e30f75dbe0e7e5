"""
Job: the request of one run, validated, with its defaults resolved. It opens nothing.

The caller resolves the inputs (`input.resolve`) and compiles the program; `pipeline.run` executes the job.
"""

from __future__ import annotations

import enum
import sys
from dataclasses import dataclass, field

from logmatch.choice.choice import Choice
from logmatch.engine import default_name
from logmatch.entries.envelope import Envelope
from logmatch.errors import UsageError
from logmatch.input.decode import check_encoding
from logmatch.input.resolve import Input
from logmatch.output.destination import STDOUT
from logmatch.output.format import OutputFormat
from logmatch.output.jsonl import FORMAT as JSON_LINES
from logmatch.output.record_options import RecordOptions
from logmatch.program import Program
from logmatch.run.preflight import Output
from logmatch.run.records import RecordRules
from logmatch.run.worker import BlankLines
from logmatch.times.times import TimeOptions

DEFAULT_CHUNK_SIZE = 1024 * 1024
"""
Bytes of lines that a worker takes at a time.

Peak memory of one worker with the portable engine, three templates and 37 MB of lines: 22 MiB with chunks of 256 KiB,
25 with 512 KiB, 32 with 1 MiB, 44 with 2 MiB. Processor time did not differ by more than the noise of a busy machine.
"""

SMALLEST_SHARE = 64 * 1024
"""Bytes below which a file is not split further for the sake of having work for all workers."""

_SHARES = 4  # chunks that each worker should get of a small file: the last ones then end at about the same time

MOST_WORKERS = 512
"""More than this is a slip of the finger: thousands of processes bring a machine down before they help."""

DEFAULT_MAX_LINE = 1 << 20
"""Bytes of the longest line that is matched."""


class Unmatched(enum.Enum):
    """What becomes of the records of unmatched lines, if they do not go to a file of their own."""

    INLINE = "inline"
    """They stand among the others."""
    DROP = "drop"
    """They are counted and not written."""


class Pool(enum.Enum):
    """What the workers of a run are, if there are several."""

    AUTO = "auto"
    """
    Threads for the native engine, which works without the GIL; processes for the others, and where most templates have
    `/regex/` fields, which need it.
    """
    PROCESSES = "processes"
    THREADS = "threads"


@dataclass(frozen=True, slots=True)
class UnmatchedFile:
    """The records of unmatched lines go to a file of their own; "-" is stdout."""

    path: str


def parse_unmatched(text: str) -> Unmatched | UnmatchedFile:
    """What `--unmatched` says: "inline", "drop" or a path (a file of that name: "./drop")."""
    try:
        return Unmatched(text)
    except ValueError:
        return UnmatchedFile(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """
    What is to be read, how lines become records, and where these go.

    Raises `UsageError` where the values make no sense.
    """

    program: Program
    inputs: tuple[Input, ...]
    record_options: RecordOptions = field(default=RecordOptions())
    engine: str = "auto"
    workers: int = 1
    """How many workers match lines, at least 1; a single one is the thread that runs the job."""
    pool: Pool = Pool.AUTO
    chunk_size: int = DEFAULT_CHUNK_SIZE
    max_line: int = DEFAULT_MAX_LINE
    envelope: Envelope = field(default=Envelope())
    """What the lines of the inputs are wrapped in."""
    rules: RecordRules | None = None
    """How lines are joined to records; None: each is one."""
    multiline_idle: float = 0.25
    """Seconds without a line after which a record of a pipe is written, though more lines might belong to it."""
    encoding: str = "auto"
    """As `chunk.check_encoding` spells it; "auto" recognises a byte order mark."""
    format: OutputFormat = JSON_LINES
    """How records are written."""
    output: str = STDOUT
    """A path, or "-" for stdout."""
    unmatched: Unmatched | UnmatchedFile = Unmatched.INLINE
    blank_lines: BlankLines = BlankLines.KEEP
    counts_kinds: bool = False
    """Whether the kinds of unmatched lines are counted, to be explained."""
    times: TimeOptions | None = None
    """How the times of lines are read; None: they are not."""
    choice: Choice | None = None
    """Which lines have records; None: all."""
    line_buffered: bool = False
    """Whether each record is written by a system call of its own."""
    start_method: str | None = None
    """How `multiprocessing` starts workers, "fork" or "spawn"; None: fork on Linux, elsewhere its default."""

    def __post_init__(self) -> None:
        for option, value in (("workers", self.workers), ("chunk-size", self.chunk_size), ("max-line", self.max_line)):
            if value < 1:
                raise UsageError(f"--{option} is {value}", hint="use 1 or more")
        if self.workers > MOST_WORKERS:
            raise UsageError(
                f"--workers is {self.workers}", hint=f"use {MOST_WORKERS} or fewer; more than cores is slower"
            )
        object.__setattr__(self, "encoding", check_encoding(self.encoding))
        if isinstance(self.unmatched, UnmatchedFile):
            if not self.unmatched.path:
                raise UsageError("--unmatched names no file", hint="use inline, drop or the path of a file")
            if self.unmatched.path == self.output:
                raise UsageError(
                    f"--unmatched and the output are both {self.output}", hint="use --unmatched inline for one output"
                )
        if not self.output:
            raise UsageError("--output names no file", hint="use the path of a file, or - for stdout")

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Where records go: those of all lines, or of matched lines and of unmatched ones."""
        if isinstance(self.unmatched, UnmatchedFile):
            return Output(self.output), Output(self.unmatched.path, "unmatched records")
        return (Output(self.output),)

    @property
    def files(self) -> tuple[Output, ...]:
        """The files that are written, all of them; `outputs` may be directories."""
        first, *others = self.outputs
        return (*(Output(path) for path in self.format.files(first.path, self.program)), *others)

    @property
    def separate_unmatched(self) -> bool:
        """Whether the records of unmatched lines go to a file of their own."""
        return isinstance(self.unmatched, UnmatchedFile)

    @property
    def effective_start_method(self) -> str | None:
        """What to ask `multiprocessing` for; None is the platform's default."""
        if self.start_method is None and sys.platform == "linux":
            return "fork"  # what spawn costs more: not only time, every worker also gets its program through a pipe
        return self.start_method

    @property
    def effective_pool(self) -> Pool:
        """What the workers are."""
        if self.pool is not Pool.AUTO:
            return self.pool
        engine = default_name() if self.engine == "auto" else self.engine
        if engine != "native":
            return Pool.PROCESSES
        from logmatch.engine.reference import has_regex

        variants = self.program.variants
        with_regex = sum(has_regex(variant) for variant in variants)
        return Pool.THREADS if 2 * with_regex <= len(variants) else Pool.PROCESSES

    @property
    def effective_workers(self) -> int:
        """How many of the workers can get something to do: as far as sizes tell, a worker for each smallest share."""
        sizes = [source.size for source in self.inputs]
        shares = 0
        for size in sizes:
            if size is None:
                return self.workers
            shares += max(1, -(-size // min(self.chunk_size, SMALLEST_SHARE)))
        return max(1, min(self.workers, shares))

    def chunk_size_of(self, source: Input) -> int:
        """The chunk size for *source*: a small file is split, so that all workers get something of it."""
        if self.workers == 1 or source.size is None:
            return self.chunk_size
        share = source.size // (self.workers * _SHARES)
        return min(self.chunk_size, max(SMALLEST_SHARE, share))
