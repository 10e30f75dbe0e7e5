"""Native: reads the times of lines by the compiled `_reader`; lays out for it what `plan` says."""

from __future__ import annotations

from array import array
from itertools import chain

from logmatch.engine.matches import Matches
from logmatch.program import Program
from logmatch.times import _reader
from logmatch.times.forms import LITERAL, Step
from logmatch.times.plan import Reading, latest_seconds, plan_readings
from logmatch.times.times import TimeOptions, Times
from logmatch.times.zone import WORDS, Zone


class NativeTimeReader:
    """Reads the times of lines; see `TimeReader`."""

    def __init__(self, program: Program, options: TimeOptions) -> None:
        readings, numbers = plan_readings(program, options)
        self._zones: list[Zone] = list(dict.fromkeys(each.zone for each in readings if each.zone is not None))
        layout = _Layout(self._zones)
        for reading in readings:
            layout.add(reading)
        self._reader = _reader.Reader(
            array("i", numbers).tobytes(),
            layout.readings.tobytes(),
            layout.written.tobytes(),
            layout.steps.tobytes(),
            [(memoryview(zone.begins), memoryview(zone.offsets), zone.kinds) for zone in self._zones],
            [list(words.items()) for words in (WORDS, *(zone.words for zone in self._zones))],
        )

    def read(self, matches: Matches, modified: int | None) -> Times:
        """See `TimeReader.read`."""
        limits = array("q", chain.from_iterable(latest_seconds([None, *self._zones], modified)))
        return Times(*self._reader.read(matches, memoryview(limits)))


class _Layout:
    """Readings as the compiled module has them."""

    def __init__(self, zones: list[Zone]) -> None:
        self._zones = zones
        self.readings, self.written, self.steps = array("i"), array("i"), array("i")

    def add(self, reading: Reading) -> None:
        fields = [*reading.fields, -1][:2]
        begins, ends = [0, 0], [0, 0]
        for number, ways in enumerate(reading.written):
            begins[number] = len(self.written) // 4
            for way in ways:
                begin = len(self.steps)
                self.steps.extend(ord(directive) if directive else byte << 8 for directive, byte in way.steps)
                clock = _clock_in(way.steps)
                self.written.extend((way.form, begin, len(self.steps), -1 if clock is None else begin + clock))
            ends[number] = len(self.written) // 4
        zone = -1 if reading.zone is None else self._zones.index(reading.zone)
        self.readings.extend((*fields, *begins, *ends, zone, reading.year))


_CLOCKS: tuple[tuple[Step, ...], ...] = (
    (("H", 0), (LITERAL, ord(":")), ("M", 0), (LITERAL, ord(":")), ("S", 0)),
    (("H", 0), ("M", 0), ("S", 0)),
)


def _clock_in(steps: tuple[Step, ...]) -> int | None:
    """Where a clock of two digits each begins in *steps*, in a form that is read all at once."""
    for clock in _CLOCKS:
        for at in range(len(steps) - len(clock) + 1):
            if steps[at : at + len(clock)] == clock:
                return at
    return None
