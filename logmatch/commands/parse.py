"""Parse: `logmatch parse`, its options, and the job that they make."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from logmatch.commands.choice_options import ChoiceOptions, choice_of, read_names, selection_of
from logmatch.commands.format_options import exact_numbers_option, output_format, tables_option, to_option
from logmatch.commands.input_options import (
    encoding_option,
    files_argument,
    files_or_stdin,
    find_inputs,
    max_line_option,
    progress_option,
)
from logmatch.commands.line_options import LineOptions
from logmatch.commands.options import (
    INPUT,
    OUTPUT,
    REPORTING,
    RUNNING,
    STDIN,
    STDOUT,
    Command,
    engine_option,
    is_percentage,
    option,
    read_choice,
    read_count,
    read_glob,
    read_path,
    read_percentage,
    read_size,
    show_size,
    workers_option,
)
from logmatch.commands.template_options import load_set
from logmatch.commands.terminal import Destination, Observer, destination_of, is_terminal, say, write_json
from logmatch.errors import PROGRAM, ExitStatus, UsageError, printable
from logmatch.run.tally import Summary, summarize
from logmatch.wording import count, did_you_mean

if TYPE_CHECKING:
    from logmatch.choice.choice import Choice
    from logmatch.input.resolve import Input, Selection
    from logmatch.program import Program
    from logmatch.run.job import Job
    from logmatch.run.pipeline import Outcome
    from logmatch.run.records import RecordRules
    from logmatch.templates.template import Template, TemplateSet
    from logmatch.times.times import TimeOptions


def read_unmatched(text: str, name: str) -> str:
    """What `--unmatched` says; a file has a `/` or a `.` in its name, so that a slip makes no file."""
    words = ("inline", "drop")
    if text and text not in words and text != STDOUT and not {"/", "."} & set(text):
        hint = f"{did_you_mean(text, words)}use inline, drop, or the path of a file: ./{text}"
        raise UsageError(f"{name} is {text!r}, which is not known", hint=hint)
    return read_path(text, name)


def is_percentage_and_no_file(text: str) -> bool:
    """Whether what follows `--fail-on-unmatched` is its value."""
    if is_percentage(text) and os.path.exists(text):
        what = f"{text} after --fail-on-unmatched is a percentage, and a file here"
        raise UsageError(what, hint=f"write --fail-on-unmatched={text}, or ./{text} for the file")
    return is_percentage(text)


def read_zone(text: str, name: str) -> str:
    """The name of a time zone."""
    if not text:
        raise UsageError(f"{name} names no time zone", hint="write a name such as Europe/Berlin, UTC, local or +02:00")
    return text


def read_year(text: str, name: str) -> str:
    """Where the year of times without one comes from."""
    if text not in ("mtime", "now") and re.fullmatch("0*[1-9][0-9]{0,3}", text, re.ASCII) is None:
        hint = f"{did_you_mean(text, ('mtime', 'now'))}use mtime, now, or a year such as 2023"
        raise UsageError(f"{name} is {text!r}, which is not known", hint=hint)
    return text


@dataclass(frozen=True, kw_only=True)
class ParseOptions(ChoiceOptions, LineOptions):
    """What `logmatch parse` takes."""

    files: tuple[str, ...] = files_argument()
    include: tuple[str, ...] = option(
        "--include",
        default=(),
        metavar="GLOB",
        read=read_glob,
        several=True,
        section=INPUT,
        help="Of a directory, read only files whose name fits, as '*.log'; with a / in it, whose path below the "
        "directory fits (* stops at a /, ** does not). May be given several times.",
    )
    exclude: tuple[str, ...] = option(
        "--exclude",
        default=(),
        metavar="GLOB",
        read=read_glob,
        several=True,
        section=INPUT,
        help="Of a directory, leave out files and directories that fit. May be given several times.",
    )
    multiline_idle: int = option(
        "--multiline-idle",
        default=250,
        metavar="MILLISECONDS",
        read=read_count,
        section=INPUT,
        help="How long a pipe must be silent until the last record is written.",
    )
    max_line: int = max_line_option()
    encoding: str = encoding_option()
    output: str = option(
        *("--output", "-o"),
        default=STDOUT,
        metavar="FILE",
        read=read_path,
        section=OUTPUT,
        help="Where records go; - is stdout. A name that ends in .parquet, .arrow, .csv or .tsv is written as a table, "
        "one that ends in .gz or .zst compressed.",
    )
    to: str | None = to_option()
    tables: str | None = tables_option()
    exact_numbers: bool = exact_numbers_option()
    unmatched: str = option(
        "--unmatched",
        default="inline",
        metavar="inline|drop|FILE",
        read=read_unmatched,
        section=OUTPUT,
        help="Where the records of unmatched lines go: among the others, nowhere (they are counted), or to a file.",
    )
    blank_lines: str = option(
        "--blank-lines",
        default="keep",
        metavar="keep|skip|match",
        read=read_choice("keep", "skip", "match"),
        choices=("keep", "skip", "match"),
        section=OUTPUT,
        help="Blank lines that no template matches: keep writes the record of an unmatched line, skip none; both count "
        "them on their own. match takes them for unmatched lines, which --fail-on-unmatched counts.",
    )
    select: tuple[str, ...] = option(
        "--select",
        default=(),
        metavar="KEY[,KEY]",
        read=read_names,
        several=True,
        separator=",",
        section=OUTPUT,
        help="Write only these keys of records and these values: line,template_id,user. The keys are file, line, ts, "
        "template_id, values, raw, offset; a value of such a name is written values.line. May be given several times.",
    )
    with_file: bool = option(
        "--with-file",
        default=False,
        section=OUTPUT,
        help="Name the file in each record. On with several inputs or a directory.",
    )
    raw: bool = option("--raw", default=False, section=OUTPUT, help="Add the line to the records of matched lines.")
    offsets: bool = option(
        "--offsets", default=False, section=OUTPUT, help="Add the byte offset of the line to each record."
    )
    time: str | None = option(
        "--time",
        default=None,
        metavar="FORM",
        read=read_choice("rfc3339", "epoch_ns", "epoch_ms"),
        choices=("rfc3339", "epoch_ns", "epoch_ms"),
        section=OUTPUT,
        help='Add the time of the line to each record, as "ts": text in UTC (rfc3339), or nanoseconds or milliseconds '
        "since 1970 (epoch_ns, epoch_ms). Without a zone anywhere the text has none, and numbers are null.",
    )
    tz: str | None = option(
        "--tz",
        default=None,
        metavar="ZONE",
        read=read_zone,
        section=OUTPUT,
        help="The zone of times that say none, as Europe/Berlin, UTC, +02:00 or local (that of this machine).",
    )
    year: str | None = option(
        "--year",
        default=None,
        metavar="mtime|now|YEAR",
        read=read_year,
        section=OUTPUT,
        help="The year of times that say none: the latest before the file was last written to (mtime; of gzip, the "
        "time within), before now, or this one. Default: mtime.",
    )
    numbers: str = option(
        "--numbers",
        default="exact",
        metavar="exact|safe",
        read=read_choice("exact", "safe"),
        choices=("exact", "safe"),
        section=OUTPUT,
        help="How numbers are written that no double holds (whole ones beyond 2^53, 1e999): exact with the digits of "
        "the line, which is JSON but stops some readers and is rounded by others; safe as text.",
    )
    line_buffered: bool = option(
        "--line-buffered", default=False, section=OUTPUT, help="Write each record by a system call of its own."
    )
    fail_on_unmatched: float | None = option(
        "--fail-on-unmatched",
        default=None,
        metavar="[=PERCENT]",
        read=read_percentage,
        bare="0",
        follows=is_percentage_and_no_file,
        section=REPORTING,
        help="Exit with status 1 if more than this share of the lines is unmatched; without a value: if any is.",
    )
    progress: bool | None = progress_option(
        "Show progress on stderr. Default: if that is a terminal and the records go to a file."
    )
    summary: bool | None = option(
        *("--summary", "--no-summary"),
        default=None,
        section=REPORTING,
        help="Show a summary on stderr at the end. Default: if that is a terminal, and no other program reads the "
        "records.",
    )
    explain_unmatched: int | None = option(
        "--explain-unmatched",
        default=None,
        metavar="N",
        read=read_count,
        section=REPORTING,
        help="Show on stderr the N most frequent kinds of unmatched lines, each with the nearest template and where it "
        "stops.",
    )
    summary_json: str | None = option(
        "--summary-json",
        default=None,
        metavar="FILE",
        read=read_path,
        section=REPORTING,
        help="Write the summary to a file, as JSON.",
    )
    quiet: bool = option(
        *("--quiet", "-q"),
        default=False,
        section=REPORTING,
        help="Show errors only: no progress, no summary, no remarks on files that are left out.",
    )
    verbose: bool = option(
        *("--verbose", "-v"),
        default=False,
        section=REPORTING,
        help="Show what is read and by which engine, and a summary with all templates.",
    )
    workers: int | None = workers_option(
        "How many threads or processes match lines. Default: the cores that may be used."
    )
    pool: str = option(
        "--pool",
        default="auto",
        metavar="NAME",
        read=read_choice("auto", "threads", "processes"),
        choices=("auto", "threads", "processes"),
        section=RUNNING,
        help="What the workers are: threads, processes, or auto: threads for the native engine, which works without "
        "Python's lock, processes for the others and where most templates have /regex/ fields.",
    )
    chunk_size: int = option(
        "--chunk-size",
        default=1 << 20,
        metavar="BYTES",
        read=read_size,
        show=show_size,
        section=RUNNING,
        help="How much a worker takes at a time.",
    )
    engine: str = engine_option(
        "What matches the lines: native (where it was built; auto takes it then), portable or reference. The records "
        "are the same."
    )


def parse(options: ParseOptions) -> ExitStatus:
    """Match the lines and write the records."""
    from logmatch.program import compile_program
    from logmatch.run import pipeline

    files = files_or_stdin(options.files, COMMAND)
    if not files:
        return ExitStatus.FATAL
    if STDIN in files and options.read_stdin:
        raise UsageError("stdin cannot be the templates and the lines as well", hint="name a file for one of them")
    loaded = _load_templates(options)
    templates = options.prefixed(list(loaded.templates))
    program = compile_program(templates)
    multiline = options.multiline_of(loaded)
    rules = None
    if multiline is not None:
        from logmatch.run.records import compile_rules

        rules = compile_rules(loaded.templates, program, multiline, options.pattern_of_prefix())
    found = find_inputs(files, _selection(options, templates), is_quiet=options.quiet)
    if not found.inputs:
        return ExitStatus.FATAL
    choice = choice_of(
        options, templates, program, zone=options.tz, unmatched_are_apart=options.unmatched not in ("inline", "drop")
    )
    job = _make_job(options, program, rules, found.inputs, choice, with_file=found.with_file)
    _check_files(job, options, templates)
    if options.verbose:
        _tell(job)
    destinations = {destination_of(path) for path in _record_outputs(options)}
    with Observer(job, shows_progress=_shows_progress(options, destinations)) as observer:
        outcome = pipeline.run(job, listener=observer)
    summary = _summarize(outcome, program, top=len(templates) if options.verbose else 10)
    if _shows_summary(options, destinations):
        from logmatch.commands.summary import show_summary

        patterns = {template.id: str(template.pattern) for template in templates}
        show_summary(summary, patterns, in_full=options.verbose)
    report = summary.to_dict()
    if options.explain_unmatched is not None:
        from logmatch.commands.unmatched import explain_kinds, kinds_as_json, shown_kinds

        explained = explain_kinds(templates, outcome.tally.kinds.most_frequent(options.explain_unmatched))
        if explained:
            say("\n".join(shown_kinds(explained, summary.unmatched)).rstrip("\n"))
        report["unmatched_kinds"] = kinds_as_json(explained)
    if options.summary_json is not None:
        write_json(options.summary_json, report)
    return _status(outcome, options.fail_on_unmatched, inputs=len(found.inputs), had_errors=bool(found.errors))


COMMAND = Command(
    name="parse",
    summary="Match log lines and write one JSON record for each.",
    usage="[OPTIONS] [FILE|DIR|-]... -t TEMPLATES",
    options=ParseOptions,
    run=parse,
    examples=(
        "logmatch parse app.log -t app.toml",
        "logmatch parse /var/log/app -t app.toml -o app.jsonl --unmatched rest.jsonl",
        "tail -F app.log | logmatch parse -t app.toml --unmatched drop",
    ),
    notes=(
        "Sizes are bytes, or have a unit: 64K and 1MiB are powers of 1,024, 64kB and 1MB are powers of 1,000. "
        "Directories are read recursively in the order of names. Of a directory, hidden and binary files, the "
        "templates and the outputs of the run are left out.",
    ),
)


def _selection(options: ParseOptions, templates: list[Template]) -> Selection:
    """Which files of a directory are logs."""
    from logmatch.input.decode import check_encoding
    from logmatch.input.resolve import Selection, file_identities

    ours = {template.origin.file for template in templates}
    ours.update((options.output, options.unmatched, options.summary_json))
    return Selection(
        include=options.include,
        exclude=options.exclude,
        left_out=file_identities(name for name in ours if name is not None),
        skips_binary=not check_encoding(options.encoding).startswith(("utf-16", "utf-32")),
    )


def _record_outputs(options: ParseOptions) -> list[str]:
    """The outputs that records go to."""
    return [options.output] if options.unmatched in ("inline", "drop") else [options.output, options.unmatched]


def _shows_progress(options: ParseOptions, destinations: Set[Destination]) -> bool:
    if options.progress is not None:
        return options.progress
    return is_terminal(2) and not options.quiet and destinations == {Destination.FILE}


def _shows_summary(options: ParseOptions, destinations: Set[Destination]) -> bool:
    if options.summary is not None:
        return options.summary
    return options.verbose or (is_terminal(2) and not options.quiet and Destination.READER not in destinations)


def _tell(job: Job) -> None:
    """Say what will be done."""
    from logmatch.engine import default_name

    engine = default_name() if job.engine == "auto" else job.engine
    workers, templates = count(job.effective_workers, "worker"), count(len(job.program.templates), "template")
    say(f"{PROGRAM}: {engine} engine, {workers}, {templates}")
    for source in job.inputs:
        name = "stdin" if source.is_stdin else printable(source.name)
        say(f"{PROGRAM}: reads {name}" + (f" ({count(source.size, 'byte')})" if source.size is not None else ""))


def _load_templates(options: ParseOptions) -> TemplateSet:
    return load_set(options, hint="" if options.are_given else _what_would_match(options.files))


def _what_would_match(files: Sequence[str]) -> str:
    """What to do about missing templates: the packs that match the first of *files*, where some do."""
    from logmatch.formats.detect import advice

    hint = "name a template file or a directory of them with -t"
    formats = advice(files)
    return hint if formats is None else f"{formats}; or {hint}"


def _time_options(options: ParseOptions, program: Program) -> TimeOptions | None:
    """How the times of lines are read; None where nobody asks for them."""
    if options.time is None and not options.needs_times:
        return None
    from logmatch.times.plan import plan_readings
    from logmatch.times.times import TimeOptions

    asked = TimeOptions(options.tz, options.year)
    plan_readings(program, asked)  # an error in a zone comes before anything is read
    return asked


def _make_job(
    options: ParseOptions,
    program: Program,
    rules: RecordRules | None,
    inputs: tuple[Input, ...],
    choice: Choice | None,
    *,
    with_file: bool,
) -> Job:
    from logmatch.entries.envelope import Kind
    from logmatch.output.record_options import RecordOptions, TimeForm
    from logmatch.run.cores import available_workers
    from logmatch.run.job import Job, Pool, parse_unmatched
    from logmatch.run.worker import BlankLines

    envelope = options.envelope()
    format_ = output_format(
        options.output,
        options.unmatched,
        options.to,
        options.tables,
        exact_numbers=options.exact_numbers,
        numbers=options.numbers,
    )
    if options.select and format_.name != "jsonl":
        hint = "read the columns that you want of the table, or use --to jsonl"
        raise UsageError(f"--select is for JSON Lines, and these records are {format_.name}", hint=hint)
    selection = selection_of(options.select, program, has_time=options.time is not None)
    writes_time = selection is None or "ts" in selection.keys
    return Job(
        program=program,
        inputs=inputs,
        record_options=RecordOptions(
            with_file=(with_file or options.with_file or format_.name != "jsonl")
            if selection is None
            else "file" in selection.keys,
            raw=options.raw if selection is None else "raw" in selection.keys,
            offsets=options.offsets if selection is None else "offset" in selection.keys,
            keys=None if selection is None else selection.keys,
            value_names=None if selection is None else selection.value_names,
            entries=rules is not None or envelope.kind is not Kind.LINES,
            time_form=None if options.time is None or not writes_time else TimeForm(options.time),
            safe_numbers=options.numbers == "safe",
        ),
        times=_time_options(options, program),
        choice=choice,
        engine=options.engine,
        workers=options.workers if options.workers is not None else available_workers(),
        pool=Pool(options.pool),
        chunk_size=options.chunk_size,
        max_line=options.max_line,
        envelope=envelope,
        rules=rules,
        multiline_idle=options.multiline_idle / 1000,
        encoding=options.encoding,
        format=format_,
        output=options.output,
        unmatched=parse_unmatched(options.unmatched),
        blank_lines=BlankLines(options.blank_lines),
        counts_kinds=options.explain_unmatched is not None,
        line_buffered=options.line_buffered,
    )


def _check_files(job: Job, options: ParseOptions, templates: list[Template]) -> None:
    """Raise `UsageError` if a run would write over a file that it reads or writes, or could not write its summary."""
    from logmatch.run.preflight import Output, check_files

    outputs = list(job.files)
    if options.summary_json is not None:
        outputs.append(Output(options.summary_json, "summary"))
    read = {template.origin.file for template in templates} | set(options.templates)
    check_files(job.inputs, outputs, [name for name in read if name is not None])
    if options.summary_json not in (None, STDOUT):
        _check_writable(options.summary_json)


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


def _summarize(outcome: Outcome, program: Program, *, top: int) -> Summary:
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
        top=top,
    )


def _status(outcome: Outcome, fail_on_unmatched: float | None, *, inputs: int, had_errors: bool) -> ExitStatus:
    """How the run ended, for the shell; an interrupt is told to the person too."""
    tally = outcome.tally
    if outcome.interrupted_by is not None:
        lines = tally.lines + outcome.partial_records
        say(f"{PROGRAM}: interrupted; {count(lines, 'line')} {'is' if lines == 1 else 'are'} done and written")
        return ExitStatus(128 + outcome.interrupted_by)
    if len(outcome.input_errors) == inputs and not tally.lines:
        return ExitStatus.FATAL
    if outcome.input_errors or had_errors:
        return ExitStatus.ANSWER_IS_NO
    if fail_on_unmatched is not None and tally.unmatched * 100 > fail_on_unmatched * (tally.lines - tally.blank):
        return ExitStatus.ANSWER_IS_NO
    return ExitStatus.DONE
