"""Open files: the files of many tables, of which only some have a descriptor at a time."""

from __future__ import annotations

from logmatch.output.whole_file import WholeFile

_MOST_OPEN = 128


class OpenFiles:
    """Files by the numbers of their tables."""

    def __init__(self) -> None:
        self._files: dict[int, WholeFile] = {}
        self._open: dict[int, WholeFile] = {}
        """Those with a descriptor, the one that was used last at the end."""

    def add(self, number: int, file: WholeFile) -> None:
        """*file* belongs to these from now on."""
        self._files[number] = file
        self._use(number)

    def write(self, number: int, data: bytes) -> bool:
        """See `WholeFile.write`."""
        self._use(number)
        return self._files[number].write(data)

    def finish(self) -> None:
        """All files are whole."""
        for file in self._files.values():
            file.finish()

    def discard(self) -> None:
        """See `WholeFile.discard`."""
        for file in self._files.values():
            file.discard()

    def _use(self, number: int) -> None:
        self._open.pop(number, None)
        self._open[number] = self._files[number]
        if len(self._open) > _MOST_OPEN:
            oldest = next(iter(self._open))
            self._open.pop(oldest).rest()
