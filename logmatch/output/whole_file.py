"""
Whole file: a file that is there when all of it is.

Until then it has a hidden name in the same directory, from which it is renamed when it is whole; if it never is, it is
removed. So whoever reads the file finds the one before, or all of the new one. Where the output is no regular file (a
pipe, a device, stdout), bytes go there as they come.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from logmatch.errors import OutputClosedError, OutputError
from logmatch.interrupt import Interrupt
from logmatch.output.destination import own_descriptor
from logmatch.output.sink import Sink, open_sink, output_error


class WholeFile:
    """
    An output that takes bytes.

    Args:
        path: "-" is stdout.
        interrupt: what ends the waiting for a slow reader.

    Raises:
        OutputError: it could not be opened.
    """

    def __init__(self, path: str, interrupt: Interrupt) -> None:
        self._sink: Sink | None = None
        self._descriptor = -1
        self._is_open = True
        if own_descriptor(path) is not None or not _is_to_be_replaced(path):
            self._sink = open_sink(path, interrupt, takes_records=False)
            self.name = self._sink.name
            return
        self.name = path
        self._target = os.path.realpath(path)
        directory, name = os.path.split(self._target)
        self._temporary = os.path.join(directory, f".{name}.{os.getpid()}.unfinished")
        self._open(os.O_CREAT | os.O_TRUNC)

    @property
    def descriptor(self) -> int:
        """See `format.OpenOutput`; -1 where nobody reads it before it is whole."""
        return -1 if self._sink is None else self._sink.descriptor

    @property
    def is_file(self) -> bool:
        """Whether it is a file that is renamed when it is whole."""
        return self._sink is None

    def closed_by_reader(self) -> OutputClosedError:
        """See `format.OpenOutput`."""
        return OutputClosedError(f"nobody reads {self.name} any more")

    def write(self, data: bytes | memoryview) -> bool:
        """Write *data*; return whether all of it was written: not where an interrupt's grace has ended."""
        if self._sink is not None:
            return self._sink.write(data) == len(data)
        if self._descriptor < 0:
            self._open(os.O_APPEND)
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError as error:
            raise output_error("write to", self.name, error) from None
        return True

    def rest(self) -> None:
        """Give up the descriptor until more is written."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            try:
                os.close(descriptor)
            except OSError as error:
                raise output_error("write to", self.name, error) from None

    def finish(self) -> None:
        """It is whole: close it, and give it its name."""
        if self._sink is not None:
            self._is_open = False
            self._sink.close()
            return
        self.rest()
        try:
            with suppress(OSError):  # there is none yet
                os.chmod(self._temporary, stat.S_IMODE(os.stat(self._target).st_mode))
            os.replace(self._temporary, self._target)
        except OSError as error:
            raise output_error("write to", self.name, error) from None
        self._is_open = False

    def discard(self) -> None:
        """Close it; if it has not been finished, remove it. Idempotent; it raises nothing."""
        if not self._is_open:
            return
        self._is_open = False
        if self._sink is not None:
            with suppress(OutputError):
                self._sink.close()
            return
        if self._descriptor >= 0:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = -1
        with suppress(OSError):
            os.unlink(self._temporary)

    def _open(self, more: int) -> None:
        try:
            self._descriptor = os.open(self._temporary, os.O_WRONLY | os.O_CLOEXEC | more, 0o666)
        except (OSError, ValueError) as error:
            raise output_error("open", self.name, error) from None


def _is_to_be_replaced(path: str) -> bool:
    """Whether *path* is a regular file, or nothing yet."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return True
