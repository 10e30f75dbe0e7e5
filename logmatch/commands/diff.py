"""Diff: `logmatch diff`, which says how two logs differ: templates that appeared, vanished or changed their share."""

from __future__ import annotations

from dataclasses import dataclass

from logmatch.commands.options import STDIN, Command, argument
from logmatch.commands.stats_options import Reading, StatsOptions, output_width
from logmatch.commands.terminal import say, write, write_file, write_json
from logmatch.errors import PROGRAM, ExitStatus, UsageError
from logmatch.wording import count


@dataclass(frozen=True, kw_only=True)
class DiffOptions(StatsOptions):
    """What `logmatch diff` takes."""

    files: tuple[str, ...] = argument(
        metavar="BEFORE AFTER",
        help="Two logs, or records that parse wrote of them: files, directories or - for stdin. Compressed input is "
        "recognised by its content.",
    )


def diff(options: DiffOptions) -> ExitStatus:
    """Write how two logs differ."""
    from logmatch.input.resolve import resolve_inputs
    from logmatch.run.preflight import check_files
    from logmatch.stats.report import make_diff
    from logmatch.stats.show import show_diff

    if len(options.files) != 2:
        given = count(len(options.files), "input")
        hint = "name them: logmatch diff BEFORE AFTER -t TEMPLATES"
        raise UsageError(f"two logs are compared, and {given} given", hint=hint)
    if [*options.files, *(STDIN for _ in range(options.read_stdin))].count(STDIN) > 1:
        raise UsageError("stdin is named twice", hint="name files for the others")
    sides = [resolve_inputs([name]) for name in options.files]
    errors = [error for side in sides for error in side.errors]
    for error in errors:
        say(f"{PROGRAM}: {error}")
    if errors or not all(side.inputs for side in sides):
        return ExitStatus.FATAL
    check_files([each for side in sides for each in side.inputs], options.outputs, options.paths)
    reading = Reading(options)
    before, after = [reading.gather(side.inputs) for side in sides]
    found = make_diff(before, after, options.files)
    if options.html is not None:
        from logmatch.stats.html import diff_page

        write_file(options.html, diff_page(found))
    if options.json:
        write_json("-", found.to_dict())
    else:
        write(show_diff(found, output_width(), options.rows))
    return ExitStatus.ANSWER_IS_NO if reading.failed else ExitStatus.DONE


COMMAND = Command(
    name="diff",
    summary="Say how two logs differ: templates that appeared, vanished or changed their share.",
    usage="[OPTIONS] BEFORE AFTER [-t TEMPLATES]",
    options=DiffOptions,
    run=diff,
    examples=(
        "logmatch diff monday.log tuesday.log -t app.toml",
        "logmatch diff before.jsonl after.jsonl --html diff.html",
    ),
    notes=(
        "Templates are in the order of what they add to the Jensen-Shannon divergence of the two logs, in bits: 0 "
        "where all shares are the same, 1 where the logs have no template in common. Lines that no template matches "
        "count as one template. The exit status does not say whether the logs differ.",
    ),
)
