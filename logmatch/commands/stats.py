"""Stats: `logmatch stats`, which says what a log holds: templates, the values of fields, the rate."""

from __future__ import annotations

from dataclasses import dataclass

from logmatch.commands.options import OUTPUT, Command, argument, option, read_count
from logmatch.commands.stats_options import Reading, StatsOptions, output_width, write_page
from logmatch.commands.terminal import is_terminal, say, write, write_json
from logmatch.errors import PROGRAM, ExitStatus, UsageError

STDIN = "-"


@dataclass(frozen=True, kw_only=True)
class LogStatsOptions(StatsOptions):
    """What `logmatch stats` takes."""

    files: tuple[str, ...] = argument(
        metavar="FILE|DIR|-",
        help="Logs, or records that parse wrote; directories of them, or - for stdin (the default). Compressed input "
        "is recognised by its content.",
    )
    top: int = option(
        "--top",
        default=3,
        metavar="K",
        read=read_count,
        section=OUTPUT,
        help="How many of the most frequent values of each field are shown.",
    )


def stats(options: LogStatsOptions) -> ExitStatus:
    """Write the figures of a log."""
    from logmatch.input.resolve import resolve_inputs
    from logmatch.run.preflight import Output, check_files
    from logmatch.stats.report import make_report
    from logmatch.stats.show import show

    files = options.files
    if not files:
        if is_terminal(0):
            from logmatch.commands.manual import short_help

            say(short_help(COMMAND))
            say("Name a log file, or pipe lines into it. For all options: logmatch stats --help")
            return ExitStatus.FATAL
        files = (STDIN,)
    if options.read_stdin and STDIN in files:
        raise UsageError("stdin is named twice", hint="name a file for the templates or for the log")
    found = resolve_inputs(files)
    for path in found.binary:
        say(f"{PROGRAM}: {path} is binary and is left out; name it to have it read")
    for error in found.errors:
        say(f"{PROGRAM}: {error}")
    if not found.inputs:
        return ExitStatus.FATAL
    if options.html is not None:
        check_files(found.inputs, [Output(options.html, "report")], options.paths)
    reading = Reading(options)
    report = make_report(reading.gather(found.inputs), options.top)
    if options.html is not None:
        from logmatch.stats.html import page

        write_page(options.html, page(report))
    if options.json:
        write_json("-", report.to_dict())
    else:
        write(show(report, output_width(), options.rows))
    return ExitStatus.ANSWER_IS_NO if reading.failed or found.errors else ExitStatus.DONE


COMMAND = Command(
    name="stats",
    summary="Say what a log holds: templates and their shares, the values of fields, the rate over time.",
    usage="[OPTIONS] [FILE|DIR|-]... [-t TEMPLATES]",
    options=LogStatsOptions,
    run=stats,
    examples=(
        "logmatch stats app.log -t app.toml",
        "logmatch stats /var/log/auth.log* --format sshd,sudo --html report.html",
        "logmatch stats records.jsonl --json",
    ),
    notes=(
        "Records that parse wrote need no templates. Up to 10,000 distinct values of a field are counted exactly; "
        "beyond that their number is an estimate with a standard error of 1.2 %, and what counts may lack is said.",
    ),
)
