"""Explain: `logmatch explain`, which says why a line matched, or which templates are nearest and where they stopped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from logmatch.commands.input_options import encoding_option, show_short_help
from logmatch.commands.options import (
    INPUT,
    OUTPUT,
    STDIN,
    Command,
    argument,
    json_option,
    option,
    read_count,
    read_path,
)
from logmatch.commands.template_options import TemplateOptions, load_set
from logmatch.commands.terminal import is_terminal, say, write, write_json_line
from logmatch.errors import PROGRAM, ExitStatus, InputError, Location, UsageError
from logmatch.wording import count

if TYPE_CHECKING:
    from logmatch.run.records import Starts
    from logmatch.templates.template import TemplateSet

MOST_LINE = 1 << 26
"""Lines longer than this, in bytes, are not explained."""

CHUNK_SIZE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class ExplainOptions(TemplateOptions):
    """What `logmatch explain` takes."""

    lines: tuple[str, ...] = argument(
        metavar="LINE|-", help="Lines, each in quotes; - reads lines from stdin, which is the default."
    )
    file: str | None = option(
        "--file",
        default=None,
        metavar="FILE",
        read=read_path,
        section=INPUT,
        has_variable=False,
        help="Explain a line of this file, which --line names. It may be compressed.",
    )
    line: tuple[int, ...] = option(
        "--line",
        default=(),
        metavar="N",
        read=read_count,
        several=True,
        section=INPUT,
        has_variable=False,
        help="Which line of --file, from 1. May be given several times.",
    )
    records: str | None = option(
        "--records",
        default=None,
        metavar="FILE",
        read=read_path,
        section=INPUT,
        has_variable=False,
        help="Explain the unmatched records of a file that parse wrote; - is stdin.",
    )
    encoding: str = encoding_option()
    top: int = option(
        "--top",
        default=3,
        metavar="K",
        read=read_count,
        section=OUTPUT,
        help="How many of the nearest templates are shown for a line that none matches.",
    )
    json: bool = json_option("Write one JSON object for each line.")


def explain(options: ExplainOptions) -> ExitStatus:
    """Write an explanation of each line to stdout."""
    from logmatch.explain.explanation import Explainer
    from logmatch.explain.show import render

    if not options.are_given:
        raise UsageError("no templates are given", hint="name a template file or a directory of them with -t")
    if options.file is None and options.line:
        raise UsageError("--line names a line of no file", hint="name the file with --file")
    if options.file is not None and not options.line:
        raise UsageError("--file is given without --line", hint="say which line: --line 3")
    has_lines = options.lines or options.file is not None or options.records is not None
    if not has_lines and is_terminal(0):
        show_short_help(COMMAND, "Write a line in quotes, or pipe lines into it.")
        return ExitStatus.FATAL
    if [options.read_stdin, STDIN in options.lines or not has_lines, options.records == STDIN].count(True) > 1:
        raise UsageError("stdin is named twice", hint="name a file for one of them")
    loaded = load_set(options)
    explainer = Explainer(loaded.templates)
    starts = _starts(loaded)
    width = _width()
    is_first = True
    for line, source in _lines(options, starts) if has_lines else _read_lines(STDIN, options.encoding, starts):
        explanation = explainer.explain(line, options.top)
        if options.json:
            write_json_line(explanation.to_dict())
        else:
            write(("" if is_first else "\n") + render(explanation, source, width))
        is_first = False
    return ExitStatus.DONE


def _starts(loaded: TemplateSet) -> Starts | None:
    """What tells which lines start records, where the templates are of records of several lines."""
    if loaded.multiline is None:
        return None
    from logmatch.program import compile_program
    from logmatch.run.records import Starts, compile_rules

    rules = compile_rules(loaded.templates, compile_program(loaded.templates), loaded.multiline)
    return Starts(rules.starts, "auto")


def _lines(options: ExplainOptions, starts: Starts | None) -> Iterator[tuple[bytes, str]]:
    """The lines that are asked for, without their ends, and where each was read."""
    for text in options.lines:
        if text == STDIN:
            yield from _read_lines(STDIN, options.encoding, starts)
        else:
            lines = enumerate(_encoded(text).removesuffix(b"\n").split(b"\n"), 1)
            yield from ((line, "") for _, _, line in _joined(lines, starts))
    if options.file is not None:
        yield from _numbered_lines(options.file, options.line, options.encoding, starts)
    if options.records is not None:
        yield from _unmatched_lines(options.records)


def _joined(lines: Iterable[tuple[int, bytes]], starts: Starts | None) -> Iterator[tuple[int, int, bytes]]:
    """The records that *lines* are, each with the numbers of its first and last line."""
    record: list[bytes] = []
    first = last = 0
    for number, line in lines:
        if record and (starts is None or starts.starts(_content(line))):
            yield first, last, b"\n".join(record)
            record = []
        if not record:
            first = number
        last = number
        record.append(_content(line))
    if record:
        yield first, last, b"\n".join(record)


def _numbered_lines(
    file: str, numbers: tuple[int, ...], encoding: str, starts: Starts | None
) -> Iterator[tuple[bytes, str]]:
    """The lines of *file* that have *numbers*, or their records, in the order of the numbers as they were given."""
    found: dict[int, bytes] = {}
    last = 0
    for first, last, line in _joined(_whole_lines(file, encoding), starts):
        found.update((number, line) for number in numbers if first <= number <= last)
        if last >= max(numbers):
            break
    for number in numbers:
        if number not in found:
            location = Location(file)
            raise InputError(
                f"there is no line {number:,}", location=location, hint=f"the file has {count(last, 'line')}"
            )
        yield found[number], f"{file}:{number}"


def _read_lines(name: str, encoding: str, starts: Starts | None) -> Iterator[tuple[bytes, str]]:
    """The lines of a file, or of stdin, as they are matched."""
    for number, _, line in _joined(_whole_lines(name, encoding), starts):
        yield line, f"{_shown(name)}:{number}"


def _shown(name: str) -> str:
    return "stdin" if name == STDIN else name


def _whole_lines(name: str, encoding: str) -> Iterator[tuple[int, bytes]]:
    """The lines of a file, or of stdin, and their numbers from 1."""
    from logmatch.input.chunk import blocking, read_chunks
    from logmatch.input.resolve import Input

    chunks = read_chunks(Input(name), chunk_size=CHUNK_SIZE, max_line=MOST_LINE, encoding=encoding)
    for chunk in blocking(chunks):
        if chunk.oversized is not None:
            location = Location(_shown(name), chunk.first_line)
            say(f"{PROGRAM}: {location}: a line of {chunk.oversized:,} bytes is not explained")
            continue
        yield from enumerate(bytes(chunk.data).removesuffix(b"\n").split(b"\n"), chunk.first_line)


def _unmatched_lines(name: str) -> Iterator[tuple[bytes, str]]:
    """The lines of the unmatched records of the file *name*; all others are left out."""
    import orjson

    for at, text in _whole_lines(name, "auto"):
        location = Location(_shown(name), at)
        if not text.strip():
            continue
        try:
            record = orjson.loads(text)
        except ValueError:
            record = None
        if not isinstance(record, dict) or "template_id" not in record:
            hint = "use a file that logmatch parse wrote, or --unmatched FILE of it"
            raise InputError("this line is no record", location=location, hint=hint)
        if record["template_id"] is not None:
            continue
        raw, file, number = record.get("raw"), record.get("file"), record.get("line")
        if not isinstance(raw, str) or "error" in record:
            say(f"{PROGRAM}: {location}: the record does not hold the whole line; it is not explained")
            continue
        more = record.get("more")
        whole = raw if not isinstance(more, str) else f"{raw}\n{more}"
        yield _content(_encoded(whole)), f"{file}:{number}" if file is not None else f"line {number}"


def _content(line: bytes) -> bytes:
    """*line* as it is matched."""

    return line.removesuffix(b"\r")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape" if any("\udc80" <= char <= "\udcff" for char in text) else "replace")


def _width() -> int:
    from logmatch.commands.manual import terminal_width

    return terminal_width()


COMMAND = Command(
    name="explain",
    summary="Say why a line matches a template, or which templates are nearest and where they stop.",
    usage="[OPTIONS] [LINE|-]... -t TEMPLATES",
    options=ExplainOptions,
    run=explain,
    examples=(
        "logmatch explain 'user anna loged in' -t app.toml",
        "logmatch explain --file app.log.gz --line 1207 -t app.toml",
        "logmatch explain --records unmatched.jsonl -t app.toml",
    ),
    notes=(
        "For a match: the template, the line with its fields, and the other templates that match, each with the rule "
        "of precedence that decided against it. For no match: the templates of which least is left unexplained, each "
        "with the place where it stopped, what it has there, and the change that would make it match where that is "
        "small.",
    ),
)
