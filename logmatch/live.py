"""
LiveMatcher: a matcher whose templates change while a program runs.

Each change makes a new `Matcher` aside and puts it in place by one assignment. A call takes the matcher that is there
when it begins and ends with it, so that no call mixes two generations.
"""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

from logmatch.errors import LogmatchError
from logmatch.matcher import Line, Matcher
from logmatch.record import Match, Record
from logmatch.templates.load import load_templates
from logmatch.templates.template import Template

if TYPE_CHECKING:
    from logmatch.output.arrow import ArrowRecords

_LOG = logging.getLogger("logmatch")

Path = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class _Generation:
    """All that one generation is; it is replaced, never changed."""

    number: int
    matcher: Matcher
    templates: tuple[Template, ...]
    of_files: tuple[Template, ...]
    added: tuple[Template, ...]
    removed: frozenset[str]


class LiveMatcher:
    """
    Matches with the templates as they are now. It has the methods of `Matcher`, and threads may share it like one.

    Args:
        paths: template files or directories, as for `Matcher.load`; none: it begins without templates.
        watch: every how many seconds to look whether the files have changed, in a thread of its own; None: never. The
            thread ends with `close`, or when nobody holds on to the object any more.
        header: as for `Matcher.load`.
        engine: as for `Matcher`.
        on_error: called, by the thread that watches, with what is wrong with files that have changed; by default it is
            a warning of the logger "logmatch". The templates stay as they were.

    Raises:
        TemplateErrors: everything that is wrong with the files.
    """

    def __init__(
        self,
        *paths: Path,
        watch: float | None = None,
        header: str | None = None,
        engine: str = "auto",
        on_error: Callable[[LogmatchError], None] | None = None,
    ) -> None:
        self._paths = tuple(os.fspath(path) for path in paths)
        self._header = header
        self._engine = engine
        self._on_error = on_error
        self._changing = threading.Lock()
        """Held by whoever makes the next generation."""
        self._stopped = threading.Event()
        seen = _signature(self._paths)  # before they are read: what changes meanwhile is read again
        self._now = self._made(0, self._load(), (), frozenset())
        if watch is not None:
            if watch <= 0:
                raise ValueError("watch is a number of seconds, above 0")
            arguments = (weakref.ref(self), self._paths, seen, watch, self._stopped)
            threading.Thread(target=_watch, args=arguments, name="logmatch-watch", daemon=True).start()

    def __enter__(self) -> LiveMatcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self._stopped.set()

    def close(self) -> None:
        """End the thread that watches the files; everything else goes on."""
        self._stopped.set()

    @property
    def generation(self) -> int:
        """How many changes there were, from 1: the number of the generation that calls begin with now."""
        return self._now.number

    @property
    def matcher(self) -> Matcher:
        """The matcher that calls begin with now, for several calls with the same templates."""
        return self._now.matcher

    @property
    def templates(self) -> tuple[Template, ...]:
        """The templates that calls begin with now."""
        return self._now.templates

    def match(self, line: Line) -> Match | None:
        """See `Matcher.match`."""
        return self._now.matcher.match(line)

    def parse(self, lines: Iterable[Line]) -> Iterator[Record]:
        """See `Matcher.parse`; all records are made with the templates as they are when this is called."""
        return self._now.matcher.parse(lines)

    def parse_bytes(self, chunk: bytes | bytearray | memoryview, *, first_line: int = 1) -> bytes:
        """See `Matcher.parse_bytes`."""
        return self._now.matcher.parse_bytes(chunk, first_line=first_line)

    def parse_arrow(self, chunk: bytes | bytearray | memoryview, *, first_line: int = 1) -> ArrowRecords:
        """See `Matcher.parse_arrow`."""
        return self._now.matcher.parse_arrow(chunk, first_line=first_line)

    def add(self, template: Template) -> int:
        """
        Add *template* after the others, and return the number of the new generation.

        Raises:
            ValueError: there is one with this id.
        """
        if not isinstance(template, Template):
            raise TypeError(f"add takes a Template, not {type(template).__name__}: Template(id=…, pattern=…) makes one")
        with self._changing:
            now = self._now
            if any(other.id == template.id for other in now.templates):
                raise ValueError(f"there is a template {template.id!r} already; remove it first")
            return self._replace(now, now.of_files, (*now.added, template), now.removed)

    def remove(self, template_id: str) -> int:
        """
        Remove a template, which `reload` does not bring back, and return the number of the new generation.

        Raises:
            KeyError: there is none with this id.
        """
        with self._changing:
            now = self._now
            if all(template.id != template_id for template in now.templates):
                raise KeyError(template_id)
            added = tuple(template for template in now.added if template.id != template_id)
            removed = now.removed if len(added) < len(now.added) else now.removed | {template_id}
            return self._replace(now, now.of_files, added, removed)

    def reload(self) -> int:
        """
        Read the files anew, keep what `add` and `remove` have changed, and return the number of the new generation.

        Raises:
            TemplateErrors: everything that is wrong with the files; the templates stay as they were.
        """
        with self._changing:
            now = self._now
            return self._replace(now, self._load(), now.added, now.removed)

    def _load(self) -> tuple[Template, ...]:
        return tuple(load_templates(list(self._paths), header=self._header)) if self._paths else ()

    def _replace(
        self, now: _Generation, of_files: tuple[Template, ...], added: tuple[Template, ...], removed: frozenset[str]
    ) -> int:
        self._now = made = self._made(now.number, of_files, added, removed)
        return made.number

    def _made(
        self, number: int, of_files: tuple[Template, ...], added: tuple[Template, ...], removed: frozenset[str]
    ) -> _Generation:
        kept = [template for template in of_files if template.id not in removed]
        ids = {template.id for template in kept}
        templates = (*kept, *(template for template in added if template.id not in ids))  # what the files have now wins
        return _Generation(number + 1, Matcher(templates, engine=self._engine), templates, of_files, added, removed)

    def _reload_and_tell(self) -> None:
        try:
            self.reload()
        except LogmatchError as error:
            if self._on_error is not None:
                self._on_error(error)
            else:
                _LOG.warning("the templates stay as they were: %s", error)


_Signature = tuple[tuple[str, int, int, int], ...]
"""Of each file its name, inode, size and time of change."""


def _signature(paths: Iterable[str]) -> _Signature:
    found = []
    for path in paths:
        names = [path]
        for directory, _, files in os.walk(path):
            names += [os.path.join(directory, name) for name in files]
        for name in sorted(names):
            try:
                status = os.stat(name)
            except OSError:
                found.append((name, 0, 0, 0))
            else:
                found.append((name, status.st_ino, status.st_size, status.st_mtime_ns))
    return tuple(found)


def _watch(
    live: weakref.ref[LiveMatcher], paths: tuple[str, ...], seen: _Signature, seconds: float, stopped: threading.Event
) -> None:
    while not stopped.wait(seconds):
        now = _signature(paths)
        if now == seen:
            continue
        seen = now
        matcher = live()
        if matcher is None:
            return
        matcher._reload_and_tell()
        del matcher  # or the object could not go while this thread waits
