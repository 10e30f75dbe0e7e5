"""
Cli: the command line. Options become a request for another module, what comes back becomes an exit status; nothing
else.

The only module that imports typer, catches `LogmatchError` or leaves the process. What only some commands need is
imported where they use it.
"""

from __future__ import annotations

import enum
import errno
import os
import re
import sys
from collections.abc import Set
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from logmatch import __version__
from logmatch.commands.terminal import PROGRAM, Observer, console, count, is_terminal, say, show_summary
from logmatch.errors import LogmatchError, OutputClosedError, TemplateErrors, UsageError
from logmatch.run.tally import ExitStatus, Summary, summarize

if TYPE_CHECKING:
    from logmatch.program import Program
    from logmatch.run.job import Job
    from logmatch.run.pipeline import Outcome
    from logmatch.templates.model import Template

FAIL_ON_UNMATCHED = "--fail-on-unmatched"

_WRITE_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}

app = typer.Typer(
    name=PROGRAM,
    help="Find for each log line the template that it came from, and write the values of its fields as JSON Lines.",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class EngineName(enum.StrEnum):
    """What `--engine` takes."""

    AUTO = "auto"
    NATIVE = "native"
    PORTABLE = "portable"
    REFERENCE = "reference"


Templates = Annotated[
    list[Path],
    typer.Option(
        "--templates",
        "-t",
        envvar="LOGMATCH_TEMPLATES",
        metavar="PATH",
        help="Template file (TOML, CSV, JSON, JSON Lines, text) or directory of them. May be given several times.",
    ),
]
Header = Annotated[
    str | None,
    typer.Option(
        envvar="LOGMATCH_HEADER",
        metavar="PATTERN",
        help="Header of the lines, for template files that name none (CSV, text).",
    ),
]
Engine = Annotated[EngineName, typer.Option(envvar="LOGMATCH_ENGINE", help="Which engine matches the lines.")]
AsJson = Annotated[bool, typer.Option("--json", envvar="LOGMATCH_JSON", help="Write JSON.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        from logmatch.engine import default_name, why_not_native

        reason = why_not_native()
        typer.echo(f"{PROGRAM} {__version__} ({default_name()} engine{f': {reason}' if reason else ''})")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_show_version, is_eager=True, help="Show version and engine.")
    ] = False,
) -> None:
    """Find for each log line the template that it came from, and write the values of its fields as JSON Lines."""


@app.command(no_args_is_help=False)
def parse(
    context: typer.Context,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE|DIR|-",
            show_default=False,
            help="Log files, directories of them, or - for stdin (the default). gz, bz2, xz and zst are recognised.",
        ),
    ] = None,
    templates: Templates = [],  # noqa: B006 - typer copies it
    output: Annotated[
        str,
        typer.Option("--output", "-o", envvar="LOGMATCH_OUTPUT", metavar="FILE", help="Where records go; - is stdout."),
    ] = "-",
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            "-w",
            envvar="LOGMATCH_WORKERS",
            metavar="N",
            help="Processes; default: the usable cores.",
        ),
    ] = None,
    unmatched: Annotated[
        str,
        typer.Option(
            envvar="LOGMATCH_UNMATCHED",
            metavar="inline|drop|FILE",
            help="Where the records of unmatched lines go: among the others, nowhere, or to a file.",
        ),
    ] = "inline",
    fail_on_unmatched: Annotated[
        float | None,
        typer.Option(
            FAIL_ON_UNMATCHED,
            envvar="LOGMATCH_FAIL_ON_UNMATCHED",
            metavar="[=PERCENT]",
            min=0,
            max=100,
            help="Exit with status 1 if more than PERCENT (without it: any) of the lines are unmatched.",
        ),
    ] = None,
    header: Header = None,
    with_file: Annotated[
        bool,
        typer.Option(
            "--with-file", envvar="LOGMATCH_WITH_FILE", help="Name the file in each record (on with several inputs)."
        ),
    ] = False,
    raw: Annotated[
        bool, typer.Option("--raw", envvar="LOGMATCH_RAW", help="Add the line itself to the records of matched lines.")
    ] = False,
    offsets: Annotated[
        bool,
        typer.Option("--offsets", envvar="LOGMATCH_OFFSETS", help="Add the byte offset of the line to each record."),
    ] = False,
    max_line: Annotated[
        str,
        typer.Option(
            envvar="LOGMATCH_MAX_LINE",
            metavar="BYTES",
            help="Lines longer than this are not matched (512K, 1MiB, ...).",
        ),
    ] = "1MiB",
    encoding: Annotated[
        str,
        typer.Option(
            envvar="LOGMATCH_ENCODING",
            metavar="NAME",
            help="Encoding of the lines. auto: UTF-8, or what a byte order mark says.",
        ),
    ] = "auto",
    chunk_size: Annotated[
        str | None,
        typer.Option(
            envvar="LOGMATCH_CHUNK_SIZE",
            metavar="BYTES",
            help="How much a worker gets at a time.",
            show_default="512KiB",
        ),
    ] = None,
    line_buffered: Annotated[
        bool,
        typer.Option(
            "--line-buffered", envvar="LOGMATCH_LINE_BUFFERED", help="Write each record by a write of its own."
        ),
    ] = False,
    progress: Annotated[
        bool | None,
        typer.Option(
            "--progress/--no-progress",
            envvar="LOGMATCH_PROGRESS",
            help="Show progress on stderr. Default: if that is a terminal and the records go elsewhere.",
            show_default=False,
        ),
    ] = None,
    summary: Annotated[
        bool | None,
        typer.Option(
            "--summary/--no-summary",
            envvar="LOGMATCH_SUMMARY",
            help="Show a summary on stderr at the end. Default: if that is a terminal.",
            show_default=False,
        ),
    ] = None,
    summary_json: Annotated[
        str | None,
        typer.Option(envvar="LOGMATCH_SUMMARY_JSON", metavar="FILE", help="Write the summary as JSON to FILE."),
    ] = None,
    engine: Engine = EngineName.AUTO,
) -> None:
    """
    Match log lines and write one JSON record for each.

    logmatch parse app.log -t app.toml

    tail -F app.log | logmatch parse -t app.toml --unmatched drop
    """
    from logmatch.input.chunk import STDIN, resolve_inputs
    from logmatch.output.jsonl import Layout
    from logmatch.program import compile_program
    from logmatch.run import pipeline
    from logmatch.run.job import DEFAULT_CHUNK_SIZE, Job, available_workers, parse_unmatched

    if not files:
        if is_terminal(0):
            typer.echo(context.get_usage(), err=True)
            typer.echo("Name a log file, or pipe lines into it. For all options: logmatch parse --help", err=True)
            raise typer.Exit(ExitStatus.FATAL)
        files = ["-"]
    if STDIN in files and STDIN in map(str, templates):
        raise UsageError("stdin cannot be the templates and the lines as well", hint="name a file for one of them")
    loaded = _load_templates(templates, header)
    program = compile_program(loaded)
    found = resolve_inputs(files)
    for error in found.errors:
        say(f"{PROGRAM}: {error}")
    if not found.inputs:
        raise typer.Exit(ExitStatus.FATAL)
    job = Job(
        program=program,
        inputs=found.inputs,
        layout=Layout(with_file=with_file or found.with_file, raw=raw, offsets=offsets),
        engine=engine.value,
        workers=workers if workers is not None else available_workers(),
        chunk_size=parse_size(chunk_size, "--chunk-size") if chunk_size is not None else DEFAULT_CHUNK_SIZE,
        max_line=parse_size(max_line, "--max-line"),
        encoding=encoding,
        output=output,
        unmatched=parse_unmatched(unmatched),
        line_buffered=line_buffered,
    )
    _check_outputs(job, summary_json, template_files={template.origin.file for template in loaded})
    to_terminal = output == "-" and is_terminal(1)
    shows_progress = progress if progress is not None else is_terminal(2) and not to_terminal
    with Observer(job, shows_progress=shows_progress) as observer:
        outcome = pipeline.run(job, observer=observer)
    result = _summary(outcome, program)
    if summary if summary is not None else is_terminal(2):
        show_summary(result)
    if summary_json is not None:
        _write_json(summary_json, result.to_dict())
    raise typer.Exit(_status(outcome, fail_on_unmatched, inputs=len(found.inputs), had_errors=bool(found.errors)))


def _load_templates(templates: list[Path], header: str | None) -> list[Template]:
    from logmatch.templates.load import load_templates

    if not templates:
        raise UsageError("no templates are given", hint="name a template file or a directory of them with -t")
    return list(load_templates(templates, header=header))


def _check_outputs(job: Job, summary_json: str | None, *, template_files: Set[str | None]) -> None:
    """
    Raise `UsageError` if a run would write over its templates, or could not write its summary at the end.

    That records are not written over an input, nor over other records, is looked after where they are written (`sink`).
    """
    from logmatch.run.job import STDOUT, UnmatchedFile

    records = [job.output, *([job.unmatched.path] if isinstance(job.unmatched, UnmatchedFile) else [])]
    for path in records if summary_json is None else [*records, summary_json]:
        if any(name is not None and _is_same_file(path, name) for name in template_files):
            raise UsageError(f"the output {path} is also a template file", hint="write to another file")
    if summary_json is None:
        return
    is_device = os.path.exists(summary_json) and not os.path.isfile(summary_json)  # /dev/null may take both
    if any((summary_json == path and not is_device) or _is_same_file(summary_json, path) for path in records):
        name = "stdout" if summary_json == STDOUT else summary_json
        raise UsageError(f"the summary and the records would both go to {name}", hint="name two files")
    if any(_is_same_file(summary_json, source.name) for source in job.inputs):
        raise UsageError(f"--summary-json {summary_json} is also an input", hint="write to another file")
    if summary_json != STDOUT:
        _check_writable(summary_json)


def _is_same_file(one: str, other: str) -> bool:
    """Whether both are there and are the same regular file; "-" is none."""
    try:
        return "-" not in (one, other) and os.path.isfile(one) and os.path.samefile(one, other)
    except (OSError, ValueError):
        return False


def _check_writable(path: str) -> None:
    """Raise `UsageError` where writing *path* is sure to fail; it is not opened: it may be a FIFO."""
    directory = os.path.dirname(path) or "."
    if not path:
        raise UsageError("--summary-json names no file", hint="use the path of a file, or -")
    if os.path.isdir(path):
        raise UsageError(f"cannot write {path}: is a directory", hint="name a file")
    if not os.path.isdir(directory):
        raise UsageError(f"cannot write {path}: no such directory", hint="make its directory first")
    if not os.access(path if os.path.exists(path) else directory, os.W_OK):
        raise UsageError(f"cannot write {path}: permission denied", hint="name another file")


def _summary(outcome: Outcome, program: Program) -> Summary:
    names = {
        (template, slot): program.templates[template].names[slot] or f"field {slot + 1}"
        for template, slot in outcome.tally.timeouts
    }
    return summarize(
        outcome.tally,
        template_ids=[template.id for template in program.templates],
        field_name=names,
        seconds=outcome.seconds,
        workers=outcome.workers,
        engine=outcome.engine,
    )


def _status(outcome: Outcome, fail_on_unmatched: float | None, *, inputs: int, had_errors: bool) -> ExitStatus:
    """How the run ended, for the shell; an interrupt is told to the person too."""
    tally = outcome.tally
    if outcome.interrupted_by is not None:
        done = f"{count(tally.lines, 'line')} {'is' if tally.lines == 1 else 'are'} done and written"
        beyond = f" and {count(outcome.records_beyond, 'record')} more" if outcome.records_beyond else ""
        say(f"{PROGRAM}: interrupted; {done}{beyond}")
        return ExitStatus(128 + outcome.interrupted_by)
    if len(outcome.input_errors) == inputs and not tally.lines:
        return ExitStatus.FATAL
    if outcome.input_errors or had_errors:
        return ExitStatus.ANSWER_IS_NO
    if fail_on_unmatched is not None and tally.unmatched * 100 > fail_on_unmatched * tally.lines:
        return ExitStatus.ANSWER_IS_NO
    return ExitStatus.DONE


@app.command()
def check(
    templates: Annotated[
        list[Path], typer.Argument(metavar="TEMPLATES", show_default=False, help="Template files or directories.")
    ],
    header: Header = None,
    as_json: AsJson = False,
) -> None:
    """
    Run the examples of templates, and report what is wrong with them.

    Exit status 1 if there is something to report.

    logmatch check app.toml
    """
    from logmatch.lint.check import check_templates
    from logmatch.templates.load import load_templates

    loaded = load_templates(templates, header=header)
    findings = check_templates(loaded)
    if as_json:
        _write_json("-", {"templates": len(loaded), "findings": [finding.to_dict() for finding in findings]})
    else:
        for finding in findings:
            typer.echo(str(finding))
        examples = sum(len(template.match) + len(template.no_match) for template in loaded)
        counts = [count(len(loaded), "template"), count(examples, "example"), count(len(findings), "finding")]
        typer.echo(", ".join(counts), err=True)
    raise typer.Exit(ExitStatus.ANSWER_IS_NO if findings else ExitStatus.DONE)


@app.command()
def bench(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE", show_default=False, help="Log files. Default: lines made from the built-in samples."
        ),
    ] = None,
    templates: Templates = [],  # noqa: B006 - typer copies it
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            "-w",
            envvar="LOGMATCH_WORKERS",
            metavar="N",
            help="Measure 1 to N; default: the usable cores.",
        ),
    ] = None,
    header: Header = None,
    engine: Engine = EngineName.AUTO,
    scaling: Annotated[
        bool | None,
        typer.Option(
            "--scaling/--no-scaling",
            envvar="LOGMATCH_SCALING",
            show_default=False,
            help="Measure 10 to 10,000 made templates too; default: if no log files are named.",
        ),
    ] = None,
    as_json: AsJson = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", envvar="LOGMATCH_MARKDOWN", help="Write the tables as Markdown.")
    ] = False,
) -> None:
    """
    Measure how fast lines are read, matched and written, on your own logs or on built-in samples.

    logmatch bench app.log -t app.toml --workers 4
    """
    from logmatch.bench.report import ProgressLine, markdown, render
    from logmatch.bench.request import BenchRequest
    from logmatch.bench.rounds import run_bench
    from logmatch.run.job import available_workers

    if as_json and as_markdown:
        raise UsageError("--json and --markdown are two forms of the same figures", hint="use one of them")
    request = BenchRequest(
        files=tuple(files or ()),
        templates=tuple(map(str, templates)),
        header=header,
        engine=engine.value,
        workers=workers if workers is not None else available_workers(),
        scaling=scaling,
    )

    with ProgressLine(console()) as progress:

        def say_engine(text: str) -> None:
            progress.clear()
            say(f"{PROGRAM}: {text}")

        report = run_bench(request, progress.tell, say_engine)
    if as_json:
        _write_json("-", report.to_dict())
    elif as_markdown:
        typer.echo(markdown(report), nl=False)
    else:
        render(report, console(stderr=False))


def _write_json(path: str, value: object) -> None:
    import orjson

    text = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if path == "-":
        try:
            sys.stdout.buffer.write(text)
            sys.stdout.flush()
        except BrokenPipeError:  # typer would make status 1 of it
            raise OutputClosedError("the reader of stdout has gone away") from None
        return
    try:
        Path(path).write_bytes(text)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {(error.strerror or str(error)).lower()}") from None


def parse_size(text: str, option: str) -> int:
    """
    Return the number of bytes that *text* says: digits, and K, M or G (powers of 1,024, as in ripgrep and `head`).

    KiB, MiB and GiB are the same; kB, MB and GB are powers of 1,000.

    Raises:
        UsageError: *text* says no such number; it names *option*.
    """
    match = re.fullmatch(r"\s*([0-9]+)\s*(?:([kmg])(i?b?))?b?\s*", text, re.IGNORECASE)
    if match is None:
        raise UsageError(f"{option} is {text!r}, which is no size", hint="write bytes: 65536, 64K, 1MiB")
    number, unit, suffix = match.groups()
    power = " kmg".index(unit.lower()) if unit else 0
    factor: int = (1000 if suffix and suffix.lower() == "b" else 1024) ** power
    return int(number) * factor


def main() -> NoReturn:
    """Run the command line and leave the process with its status."""
    # An option whose value may be left out is nothing that typer knows.
    arguments = [f"{FAIL_ON_UNMATCHED}=0" if text == FAIL_ON_UNMATCHED else text for text in sys.argv[1:]]
    try:
        app(arguments, prog_name=PROGRAM)
    except OutputClosedError:
        _leave_quietly()
    except TemplateErrors as errors:
        for error in errors.errors:
            say(f"{PROGRAM}: {error}")
    except LogmatchError as error:
        say(f"{PROGRAM}: {error}")
    except BrokenPipeError:
        _leave_quietly()
    except KeyboardInterrupt:
        say(f"{PROGRAM}: interrupted")
        raise SystemExit(int(ExitStatus.INTERRUPTED)) from None
    except OSError as error:
        # Help, findings, figures: what is not written by a sink. Other errors of this kind would be bugs.
        if error.errno not in _WRITE_ERRORS:
            raise
        say(f"{PROGRAM}: cannot write to stdout: {(error.strerror or str(error)).lower()}")
        _discard_stdout()
    raise SystemExit(ExitStatus.FATAL)


def _leave_quietly() -> NoReturn:
    """The reader of stdout has gone."""
    _discard_stdout()
    raise SystemExit(ExitStatus.DONE)


def _discard_stdout() -> None:
    """What Python still holds back for stdout would be an error at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
