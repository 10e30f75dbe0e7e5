"""Stats: `logmatch stats`, which says what a log holds: templates, the values of fields, the rate."""

from __future__ import annotations

from dataclasses import dataclass

from logmatch.commands.input_options import files_argument, files_or_stdin, find_inputs
from logmatch.commands.options import OUTPUT, STDIN, Command, option, read_count
from logmatch.commands.stats_options import Reading, StatsOptions, output_width
from logmatch.commands.terminal import write, write_file, write_json
from logmatch.errors import ExitStatus, UsageError


@dataclass(frozen=True, kw_only=True)
class LogStatsOptions(StatsOptions):
    """What `logmatch stats` takes."""

    files: tuple[str, ...] = files_argument("Logs, or records that parse wrote; directories of them,")
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
    from logmatch.input.resolve import Selection, file_identities
    from logmatch.run.preflight import check_files
    from logmatch.stats.report import make_report
    from logmatch.stats.show import show

    files = files_or_stdin(options.files, COMMAND)
    if not files:
        return ExitStatus.FATAL
    if options.read_stdin and STDIN in files:
        raise UsageError("stdin is named twice", hint="name a file for the templates or for the log")
    found = find_inputs(files, Selection(left_out=file_identities(options.paths)))
    if not found.inputs:
        return ExitStatus.FATAL
    check_files(found.inputs, options.outputs, options.paths)
    reading = Reading(options)
    report = make_report(reading.gather(found.inputs), options.top)
    if options.html is not None:
        from logmatch.stats.html import page

        write_file(options.html, page(report))
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
