"""Bench: `logmatch bench`, which measures lines per second on the user's own logs or on built-in samples."""

from __future__ import annotations

from dataclasses import dataclass

from logmatch.commands.options import (
    OUTPUT,
    RUNNING,
    Command,
    argument,
    engine_option,
    json_option,
    option,
    workers_option,
)
from logmatch.commands.template_options import TemplateOptions
from logmatch.commands.terminal import console, say, write, write_json
from logmatch.errors import PROGRAM, ExitStatus, UsageError


@dataclass(frozen=True, kw_only=True)
class BenchOptions(TemplateOptions):
    """What `logmatch bench` takes."""

    files: tuple[str, ...] = argument(
        metavar="FILE", help="Log files. Default: 400,000 lines made from the built-in samples."
    )
    json: bool = json_option("Write the figures as JSON.")
    markdown: bool = option("--markdown", default=False, section=OUTPUT, help="Write the tables as Markdown.")
    workers: int | None = workers_option("Measure 1 to N workers. Default: the cores that may be used.")
    engine: str = engine_option("The engine whose workers are measured.")
    scaling: bool | None = option(
        *("--scaling", "--no-scaling"),
        default=None,
        section=RUNNING,
        help="Measure 10 to 10,000 made templates too. Default: if no log files are named.",
    )


def bench(options: BenchOptions) -> ExitStatus:
    """Measure, and write the figures to stdout."""
    from logmatch.bench.report import ProgressLine, markdown, render
    from logmatch.bench.request import BenchRequest
    from logmatch.bench.rounds import run_bench
    from logmatch.run.cores import available_workers

    if options.json and options.markdown:
        raise UsageError("--json and --markdown are two forms of the same figures", hint="use one of them")
    request = BenchRequest(
        files=options.files,
        templates=options.paths,
        patterns=options.patterns,
        header=options.header,
        engine=options.engine,
        workers=options.workers if options.workers is not None else available_workers(),
        scaling=options.scaling,
    )

    with ProgressLine(console()) as progress:

        def say_engine(text: str) -> None:
            progress.clear()
            say(f"{PROGRAM}: {text}")

        report = run_bench(request, progress.tell, say_engine)
    if options.json:
        write_json("-", report.to_dict())
    elif options.markdown:
        write(markdown(report))
    else:
        render(report, console(stderr=False))
    return ExitStatus.DONE


COMMAND = Command(
    name="bench",
    summary="Measure how fast lines are read, matched and written.",
    usage="[OPTIONS] [FILE]... [-t TEMPLATES]",
    options=BenchOptions,
    run=bench,
    examples=("logmatch bench --workers 2", "logmatch bench app.log -t app.toml --workers 4"),
    notes=(
        "Measures your own logs and templates, or lines made from built-in samples: each number of workers, each "
        "engine, a plain loop in Python, and a copy of the files. The records of each run are checked.",
    ),
)
