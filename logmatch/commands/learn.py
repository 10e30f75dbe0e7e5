"""Learn: `logmatch learn`, which makes templates out of raw lines."""

from __future__ import annotations

import errno
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from logmatch.commands.input_options import (
    encoding_option,
    files_argument,
    files_or_stdin,
    find_inputs,
    max_line_option,
    progress_option,
)
from logmatch.commands.options import (
    OUTPUT,
    TEMPLATES,
    Command,
    option,
    read_count,
)
from logmatch.commands.status_line import StatusLine
from logmatch.commands.terminal import is_terminal, say, write, write_file
from logmatch.errors import PROGRAM, ExitStatus, InputError, Location, printable

if TYPE_CHECKING:
    from logmatch.input.resolve import Input
    from logmatch.learn.learner import Result
    from logmatch.templates.model import Pattern

_BLOCK = 1 << 20
_IN_MEMORY = 32 << 20
"""Lines of stdin are read several times: more bytes of them than this go to a temporary file."""
_MOST_KEPT = 8 << 30
"""Bytes of stdin that are kept at most: a stream without an end must not fill the disk."""
_HEAD = 8000
_CONTROL = bytes(byte for byte in range(32) if byte not in b"\t\n\r\f\x1b")
_ROWS = 40
_PACKS_MATCH = 0.5
"""Packs that match a smaller share of the lines are not named."""


@dataclass(frozen=True, kw_only=True)
class LearnOptions:
    """What `logmatch learn` takes."""

    files: tuple[str, ...] = files_argument()
    output: str | None = option(
        *("--output", "-o"),
        default=None,
        metavar="FILE",
        section=OUTPUT,
        help="Where the templates go, as TOML; - is stdout. Default: stdout, and a table where that is a terminal.",
    )
    known: tuple[str, ...] = option(
        "--known",
        default=(),
        metavar="FILE|DIR",
        several=True,
        section=TEMPLATES,
        help="Template files: learn only from lines that these do not match. May be given several times.",
    )
    header: str | None = option(
        "--header",
        default=None,
        metavar="PATTERN",
        section=TEMPLATES,
        help="The header of the lines; '' if they have none. Default: it is found.",
    )
    multiline: bool = option(
        "--multiline",
        default=False,
        section=TEMPLATES,
        help="Lines without the header, as those of stack traces, continue the record before them; nothing is learned "
        "from these.",
    )
    min_count: int = option(
        "--min-count",
        default=1,
        metavar="N",
        read=read_count,
        section=TEMPLATES,
        help="Leave out templates of fewer lines.",
    )
    max_templates: int | None = option(
        "--max-templates",
        default=None,
        metavar="N",
        read=read_count,
        section=TEMPLATES,
        help="Keep only the N most frequent templates.",
    )
    max_line: int = max_line_option("learned from")
    encoding: str = encoding_option()
    progress: bool | None = progress_option("Show on stderr what is being done. Default: if that is a terminal.")


def learn(options: LearnOptions) -> ExitStatus:
    """Learn templates and write them."""
    from logmatch.input.resolve import Selection, file_identities
    from logmatch.learn import learner
    from logmatch.learn.write import summary, write_result
    from logmatch.run.preflight import Output, check_files
    from logmatch.templates.load import load_templates

    files = files_or_stdin(options.files, COMMAND)
    if not files:
        return ExitStatus.FATAL
    known = load_templates(options.known) if options.known else ()
    what = learner.LearnOptions(
        known, _header(options.header), options.min_count, options.max_templates, options.multiline
    )
    output = "-" if options.output is None else options.output
    found = find_inputs(files, Selection(left_out=file_identities([output])))
    if not found.inputs:
        return ExitStatus.FATAL
    check_files(found.inputs, [Output(output, "templates")], options.known)
    with StatusLine(is_shown=options.progress) as line, _Lines(found.inputs, options, line) as lines:
        result = learner.learn(lines.read, what, lines.progress.step)
    if lines.failed and not result.lines:
        return ExitStatus.FATAL  # said already; nothing is written over
    if lines.too_long:
        result.left_over["longer than --max-line"] = lines.too_long
    if is_terminal(2) or options.output not in (None, "-"):  # the file says the same in comments
        for message in [*summary(result), *_packs(result, is_first=not known)]:
            say(f"{PROGRAM}: {message}")
    if options.output is None and is_terminal(1):
        _show(result, files)
    else:
        write_file(output, write_result(result))
    return ExitStatus.ANSWER_IS_NO if lines.failed or found.errors else ExitStatus.DONE


def _header(text: str | None) -> Pattern | None:
    """Return the header that was asked for; without items for ''."""
    from logmatch.templates.load import load_text
    from logmatch.templates.model import Pattern

    if text is None:
        return None
    return load_text("message", header=text)[0].header if text else Pattern(())


class _Lines:
    """Reads the inputs once for each pass; stdin is kept in a temporary file."""

    def __init__(self, inputs: Sequence[Input], options: LearnOptions, line: StatusLine) -> None:
        self._inputs = inputs
        self._options = options
        self._kept: dict[str, IO[bytes]] = {}
        self._line = line
        self.progress = _Progress(line)
        self._failed: dict[str, InputError] = {}
        self.too_long = 0

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *exception: object) -> None:
        for file in self._kept.values():
            file.close()

    @property
    def failed(self) -> bool:
        """Whether an input could not be read to its end."""
        return bool(self._failed)

    def read(self) -> Iterator[bytes]:
        """Yield blocks of whole lines."""
        self.too_long = 0
        for source in self._inputs:
            blocks = self._stdin(source) if source.is_stdin else self._file(source)
            for block in blocks:
                self.progress.advance(len(block))
                yield block

    def _file(self, source: Input) -> Iterator[bytes]:
        from logmatch.input.chunk import blocking, read_chunks
        from logmatch.input.resolve import location_of

        options = self._options
        try:
            chunks = read_chunks(source, chunk_size=_BLOCK, max_line=options.max_line, encoding=options.encoding)
            for number, chunk in enumerate(blocking(chunks)):
                if number == 0 and _is_binary(chunk.data):
                    hint = "templates are learned from text; leave this file out"
                    raise InputError("is binary", location=location_of(source.name), hint=hint)
                if chunk.oversized is None:
                    yield bytes(chunk.data)
                else:
                    self.too_long += 1
        except InputError as error:
            self._fail(source, error)

    def _fail(self, source: Input, error: InputError) -> None:
        """Say, once, that *source* could not be read to its end."""
        if source.name not in self._failed:
            self._line.clear()
            say(f"{PROGRAM}: {error}")
        self._failed[source.name] = error

    def _stdin(self, source: Input) -> Iterator[bytes]:
        kept = self._kept.get(source.name)
        if kept is None:
            kept = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  (closed by __exit__)
            self._kept[source.name] = kept
            for block in self._file(source):
                try:
                    if kept.tell() + len(block) > _MOST_KEPT:
                        raise OSError(errno.EFBIG, f"it has more than {_MOST_KEPT >> 30} GiB")
                    kept.write(block)
                except OSError as error:
                    message = f"cannot be kept to be read again: {(error.strerror or str(error)).lower()}"
                    hint = "write it to a file, and name that; what is kept is in the directory that TMPDIR names"
                    self._fail(source, InputError(message, location=Location("stdin"), hint=hint))
                    break
                yield block
            self._too_long_in_stdin = self.too_long
            return
        kept.seek(0)
        self.too_long += self._too_long_in_stdin
        left = b""
        while block := kept.read(_BLOCK):
            whole, line_break, rest = (left + block).rpartition(b"\n")
            left = rest
            yield whole + line_break
        if left:
            yield left


def _is_binary(data: bytes | memoryview) -> bool:
    """Tell whether an input that begins with *data* holds no text; a log that was cut off may begin with zero bytes."""
    head = bytes(data[:_HEAD]).lstrip(b"\0")
    return b"\0" in head and len(head) - len(head.translate(None, _CONTROL)) > len(head) / 20


class _Progress:
    """Says in a status line which step is done, and how much of the input it has read."""

    def __init__(self, line: StatusLine) -> None:
        self._line = line
        self._text = ""
        self._bytes = 0

    def step(self, text: str) -> None:
        self._text, self._bytes = text, 0
        self.advance(0)

    def advance(self, size: int) -> None:
        self._bytes += size
        read = f", {self._bytes / 1e6:,.0f} MB" if self._bytes else ""
        self._line.show(f"{self._text}{read} …")


def _packs(result: Result, *, is_first: bool) -> Iterator[str]:
    """Yield which built-in templates match most of the lines, where there are such."""
    from logmatch.formats.detect import detect_lines

    if is_first and result.sample:
        found = detect_lines(result.sample)
        if found.suggested_lines >= _PACKS_MATCH * found.lines:
            names = ",".join(found.suggestion)
            yield f"built-in templates match {found.suggested_share} of these lines: --format {names}"


def _show(result: Result, files: Sequence[str]) -> None:
    """Show a table of templates, and say what to type next."""
    width = shutil.get_terminal_size().columns
    lines = [f"{'lines':>9}  {'share':>6}  template"]
    for learned in result.templates[:_ROWS]:
        text = f"{learned.lines:9,}  {learned.lines / result.lines:6.1%}  {printable(str(learned.template.pattern))}"
        lines.append(text if len(text) <= width else f"{text[: width - 1]}…")
    if len(result.templates) > _ROWS:
        lines.append(f"          … and {len(result.templates) - _ROWS:,} more")
    names = shlex.join(files)
    lines += ["", f"To keep them:  {PROGRAM} learn {names} -o app.toml"]
    lines += [f"To use them:   {PROGRAM} parse {names} -t app.toml"]
    write("\n".join(lines) + "\n")


COMMAND = Command(
    name="learn",
    summary="Make templates out of raw lines.",
    usage="[OPTIONS] [FILE|DIR|-]... [-o TEMPLATES]",
    options=LearnOptions,
    run=learn,
    examples=(
        "logmatch learn app.log",
        "logmatch learn app.log -o app.toml",
        "logmatch learn new.log --known app.toml -o more.toml",
    ),
    notes=(
        "The header of the lines is found first, then the messages after it; docs/learning.md says how. Every line "
        "that was read matches one of the templates or is counted as left over with the reason. The result is the "
        "same whatever the order of the lines, and `logmatch check` passes on it.",
    ),
)
