"""Stats options: what `stats` and `diff` have in common: how inputs are read, and where the figures go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from logmatch.commands.input_options import encoding_option, max_line_option, progress_option
from logmatch.commands.manual import terminal_width
from logmatch.commands.options import (
    INPUT,
    OUTPUT,
    engine_option,
    json_option,
    option,
    read_count,
    read_path,
)
from logmatch.commands.status_line import StatusLine
from logmatch.commands.template_options import TemplateOptions, load
from logmatch.commands.terminal import WIDTH_OF_FILES, is_terminal, say
from logmatch.errors import PROGRAM, InputError
from logmatch.wording import count

if TYPE_CHECKING:
    from logmatch.input.resolve import Input
    from logmatch.run.preflight import Output
    from logmatch.stats.gather import Gathered
    from logmatch.stats.read import Source


@dataclass(frozen=True, kw_only=True)
class StatsOptions(TemplateOptions):
    """The options of both commands."""

    records: bool = option(
        "--records",
        default=False,
        section=INPUT,
        help="The inputs are records that parse wrote, JSON Lines. Default: this is recognised.",
    )
    max_line: int = max_line_option()
    encoding: str = encoding_option()
    json: bool = json_option("Write one JSON object.")
    html: str | None = option(
        "--html",
        default=None,
        metavar="FILE",
        read=read_path,
        section=OUTPUT,
        help="Write a report to this file too: one page that needs no other file.",
    )
    rows: int = option(
        "--rows",
        default=40,
        metavar="N",
        read=read_count,
        section=OUTPUT,
        help="The most rows of a table; JSON has all.",
    )
    progress: bool | None = progress_option("Show on stderr how many lines are done. Default: if that is a terminal.")
    engine: str = engine_option("Which engine matches the lines; all give the same.")

    @property
    def outputs(self) -> list[Output]:
        """The files that are written."""
        from logmatch.run.preflight import Output

        return [] if self.html is None else [Output(self.html, "report")]


class Reading:
    """Reads inputs as *options* say, and remembers whether one failed."""

    def __init__(self, options: StatsOptions) -> None:
        self._options = options
        self._source: Source | None = None
        self._line = StatusLine(is_shown=options.progress)
        self.failed = False

    @property
    def source(self) -> Source:
        """How inputs are read; the templates are loaded when this is first asked for."""
        from logmatch.stats.read import Source

        if self._source is None:
            options = self._options
            engine = None
            if options.are_given:
                from logmatch.engine import make_engine
                from logmatch.program import compile_program

                engine = make_engine(compile_program(load(options)), options.engine)
            self._source = Source(
                engine=engine, is_records=options.records, encoding=options.encoding, max_line=options.max_line
            )
        return self._source

    def gather(self, inputs: Sequence[Input]) -> Gathered:
        """What *inputs* hold."""
        from logmatch.stats.read import gather

        with self._line:
            return gather(inputs, self.source, self._fail, self._progress)

    def _fail(self, error: InputError) -> None:
        self._line.clear()
        self.failed = True
        say(f"{PROGRAM}: {error}")

    def _progress(self, lines: int, position: int) -> None:
        self._line.show(f"{count(lines, 'line')} read, {position / 1e6:,.0f} MB")


def output_width() -> int:
    """The columns of a table on stdout."""
    return terminal_width() if is_terminal(1) else WIDTH_OF_FILES
