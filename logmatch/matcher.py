"""
Matcher: templates, ready to match lines, for programs that use logmatch as a library.

One matcher belongs to one thread. Its answers are those of the command; there are no processes here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from logmatch.engine import make_engine
from logmatch.engine.reference import FieldTimeoutError, walk
from logmatch.gc_pause import held_back
from logmatch.input.chunk import Chunk, count_lines
from logmatch.output.jsonl import Layout
from logmatch.program import WHITESPACE, compile_program
from logmatch.record import Match, Record, Value, value_of
from logmatch.run.worker import Worker, WorkerSpec
from logmatch.templates.load import load_templates
from logmatch.templates.template import Template

Line = str | bytes
"""A line, with or without its terminator."""


class Matcher:
    """
    Finds the template that a line came from.

    Args:
        templates: in the order of their files, which decides between templates that are equal otherwise.
        engine: "auto" or one of the other `logmatch.engine.NAMES`.
    """

    def __init__(self, templates: Sequence[Template], *, engine: str = "auto") -> None:
        with held_back():
            self._program = compile_program(templates)
            self._engine = make_engine(self._program, engine)
        self._engine_name = engine
        self._worker: Worker | None = None

    @classmethod
    def load(cls, *paths: str | os.PathLike[str], header: str | None = None, engine: str = "auto") -> Matcher:
        """
        Return a matcher for the templates of *paths*, files or directories.

        Args:
            paths: template files in any of the formats, or directories of them.
            header: a pattern that stands before the templates of files that have no header of their own.
            engine: as for the class.

        Raises:
            TemplateErrors: everything that is wrong with the files.
        """
        with held_back():
            return cls(load_templates([os.fspath(path) for path in paths], header=header), engine=engine)

    def match(self, line: Line) -> Match | None:
        """
        Return the match of *line*, or None.

        Raises:
            ValueError: *line* holds a line break before its end.
        """
        text = _content(_bytes(line))
        found = self._engine.match(text)
        if found is None:
            return None
        number, texts = found
        variant = self._program.variants[number]
        try:
            spans = walk(variant, text)
        except FieldTimeoutError:
            return None  # it was just within its time when the engine looked
        assert spans is not None, "the engine and the reference differ"
        template = self._program.templates[variant.template_number]
        names = [template.names[slot] for slot in variant.slots]
        places = list(zip(spans[::2], spans[1::2], strict=True))
        if isinstance(line, str) and not text.isascii():
            places = [(_characters(text, start), _characters(text, end)) for start, end in places]
        return Match(
            template.id,
            self._values(number, texts),
            {name: place for name, place in zip(names, places, strict=True) if name is not None},
        )

    def parse(self, lines: Iterable[Line]) -> Iterator[Record]:
        """
        Yield the record of each line, in their order.

        Raises:
            ValueError: a line holds a line break before its end.
        """
        for number, line in enumerate(lines, 1):
            raw = _line(_bytes(line))
            found = self._engine.match(raw.rstrip(WHITESPACE))
            text = raw.decode("utf-8", "replace")
            if found is None:
                yield Record(number, None, None, text)
            else:
                template = self._program.template_of(found[0])
                yield Record(number, template.id, self._values(*found), text)

    def parse_bytes(self, chunk: bytes, *, first_line: int = 1) -> bytes:
        """
        Return the records of *chunk*, whole lines, as JSON Lines: what `logmatch parse` writes for a file of them.

        Args:
            chunk: lines, each ended by `\\n`; the last may lack it.
            first_line: the number of the first of them.
        """
        if not isinstance(chunk, bytes | bytearray | memoryview):
            raise TypeError(f"lines are bytes, not {type(chunk).__name__}")
        if not chunk:
            return b""
        if self._worker is None:
            self._worker = Worker(WorkerSpec(self._program, self._engine_name, Layout(), unmatched_apart=False))
        lines = Chunk("-", first_line=first_line, line_count=count_lines(chunk), offset=0, data=chunk, position=0)
        return bytes(self._worker.run(lines).output)

    def _values(self, number: int, texts: Sequence[bytes]) -> dict[str, Value]:
        variant = self._program.variants[number]
        template = self._program.templates[variant.template_number]
        values = {}
        for slot, text in zip(variant.slots, texts, strict=True):
            name = template.names[slot]
            if name is not None:
                values[name] = value_of(text, template.types[slot])
        return values


def _bytes(line: Line) -> bytes:
    if isinstance(line, bytes):
        return line
    try:
        return line.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return line.encode("utf-8", "surrogatepass")  # half a surrogate pair: no bytes that a template could hold


def _line(line: bytes) -> bytes:
    """*line* without its terminator."""
    line = line.removesuffix(b"\n")
    if b"\n" in line:
        raise ValueError("a line cannot hold a line break; use parse_bytes for several lines")
    return line.removesuffix(b"\r")


def _content(line: bytes) -> bytes:
    """What of *line* is matched."""
    return _line(line).rstrip(WHITESPACE)


def _characters(text: bytes, offset: int) -> int:
    """How many characters of the `str` that *text* was made of stand before byte *offset*."""
    return len(text[:offset].decode("utf-8", "surrogateescape"))
