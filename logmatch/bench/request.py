"""Request: what to measure, checked for sense."""

from __future__ import annotations

from dataclasses import dataclass, field

from logmatch.bench.synthetic import COUNTS
from logmatch.engine import NAMES
from logmatch.errors import UsageError
from logmatch.run.cores import available_workers

ENGINE_LINES = 400_000
"""How many lines the engines and the plain loop have side by side, at most: some seconds of the plain loop."""

REPEATS = 3
"""How many rounds there are."""

SLOW_ENGINES = frozenset({"reference"})
"""Engines that are measured on a part of the lines."""


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
    patterns: tuple[str, ...] = ()
    """Patterns of more templates."""
    header: str | None = None
    engine: str = "auto"
    workers: int = field(default_factory=available_workers)
    """The largest number of workers."""
    scaling: bool | None = None
    """Whether there is a scaling section; None: where there are no files, and the engine is not a slow one."""
    repeats: int = REPEATS
    sample_lines: int | None = None
    """How many lines to make when there are no files; None: what suits the engine."""
    engine_lines: int = ENGINE_LINES
    """How many lines the engines have side by side, at most."""
    reference_lines: int | None = None
    """How many lines slow engines get; None: as many as take them about a second."""
    scaling_counts: tuple[int, ...] = COUNTS
    """The numbers of templates of the scaling section."""
    scaling_size: int | None = None
    """Bytes of a file of short lines there; None: what suits the engine."""

    def __post_init__(self) -> None:
        numbers = {
            "the number of workers": self.workers,
            "the number of rounds": self.repeats,
            "the number of lines to make": self.sample_lines,
            "the number of lines for engines": self.engine_lines,
            "the number of lines for slow engines": self.reference_lines,
            "the size of files of the scaling section": self.scaling_size,
            "the smallest number of templates": min(self.scaling_counts, default=0),
        }
        for what, value in numbers.items():
            if value is not None and value < 1:
                raise UsageError(f"{what} is {value}", hint="use 1 or more")
        if self.engine not in NAMES:
            raise UsageError(f"there is no engine {self.engine!r}", hint=f"the engines are {', '.join(NAMES)}")
        has_templates = bool(self.templates or self.patterns)
        if self.files and not has_templates:
            raise UsageError("there are no templates for these files", hint="name a template file with -t")
        if has_templates and not self.files:
            hint = "name the log files, or leave the templates out to measure the built-in samples"
            raise UsageError("there are templates but no lines", hint=hint)
        if self.scaling and self.engine in SLOW_ENGINES:
            hint = "choose another engine, or leave the section out with --no-scaling"
            raise UsageError(f"the {self.engine} engine is too slow for the scaling section", hint=hint)

    @property
    def has_scaling(self) -> bool:
        """Whether there is a scaling section."""
        return self.scaling if self.scaling is not None else not self.files and self.engine not in SLOW_ENGINES
