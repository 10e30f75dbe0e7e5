"""Read: inputs, logs or records -> what is gathered of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from logmatch.engine import Engine
from logmatch.errors import InputError, UsageError
from logmatch.input.chunk import blocking, read_chunks
from logmatch.input.framing import Chunk
from logmatch.input.resolve import Input
from logmatch.stats.gather import Gathered
from logmatch.stats.read_lines import LineReader
from logmatch.stats.read_records import RecordReader, looks_like_records

_CHUNK_SIZE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Source:
    """How inputs are read."""

    engine: Engine | None
    """None: no templates were given, so that the inputs must be records."""
    is_records: bool = False
    """Whether they are records, whatever they look like."""
    encoding: str = "auto"
    max_line: int = 1 << 20


def gather(
    inputs: Iterable[Input],
    source: Source,
    failed: Callable[[InputError], None],
    progress: Callable[[int, int], None] = lambda lines, position: None,
) -> Gathered:
    """
    Return what *inputs* hold.

    Args:
        failed: is called with what keeps an input from being read to its end; the others are read all the same.
        progress: is called now and then with the lines that were read, and the bytes of the input as it is stored.

    Raises:
        UsageError: an input holds no records, and there are no templates.
    """
    gathered = Gathered()
    if source.engine is not None:
        gathered.template_ids = [template.id for template in source.engine.program.templates]
    for one in inputs:
        try:
            _gather(one, source, gathered, progress)
        except InputError as error:
            failed(error)
    return gathered


def _gather(one: Input, source: Source, gathered: Gathered, progress: Callable[[int, int], None]) -> None:
    name = "stdin" if one.is_stdin else one.name
    before = gathered.lines
    reader: LineReader | RecordReader | None = None
    file = 0
    for chunk in _chunks(one, source):
        if reader is None:
            if source.is_records or looks_like_records(_first_line(chunk)):
                reader = RecordReader(gathered)
                file = len(gathered.files)
                if chunk_names_no_file(chunk):
                    gathered.files.append(name)
            elif source.engine is None:
                raise UsageError(
                    f"no templates are given, and {name} does not hold records that parse wrote",
                    hint="name templates with -t or --format; logmatch learn makes them",
                )
            else:
                reader = LineReader(source.engine, gathered)
                file = len(gathered.files)
                gathered.files.append(name)
        reader.read(chunk, file, before)
        progress(gathered.lines, chunk.position)


def _chunks(one: Input, source: Source) -> Iterator[Chunk]:
    return blocking(read_chunks(one, chunk_size=_CHUNK_SIZE, max_line=source.max_line, encoding=source.encoding))


def _first_line(chunk: Chunk) -> bytes:
    return bytes(chunk.data).lstrip().partition(b"\n")[0]


def chunk_names_no_file(chunk: Chunk) -> bool:
    """Whether the first record of *chunk* leaves out the file that its line is from."""
    return b'"file":' not in _first_line(chunk)[:8]
