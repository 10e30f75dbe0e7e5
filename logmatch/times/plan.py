"""
Plan: which fields of a variant say when its lines were written, and what is known of them that the lines do not say.

That is the field which the header names, else the first of a time type; a date alone goes together with the time of day
in the field after it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from logmatch.program import Program, Variant
from logmatch.templates.template import TimeSource
from logmatch.templates.types import BLANKS, WS
from logmatch.times.forms import Form, Written, is_dated, written_forms
from logmatch.times.times import TimeOptions
from logmatch.times.zone import Zone, load_zone

DAY = 86_400

YEAR_OF_FILE, YEAR_OF_NOW = -1, -2
"""
In place of a year: the latest that keeps the time before a reference and one day more. That is when the input was last
written to, or now.
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """Where the time of a line is, and how it is read."""

    fields: tuple[int, ...]
    """The number of the field among those of the variant; or of two, a date and a time of day."""
    written: tuple[tuple[Written, ...], ...]
    """How the text of each may be written, in the order in which that is tried."""
    zone: Zone | None
    year: int
    """Or `YEAR_OF_FILE`, `YEAR_OF_NOW`."""


def plan_readings(program: Program, options: TimeOptions) -> tuple[list[Reading], list[int]]:
    """
    The readings of the variants of *program*, each once; and for each variant the place of its own, or -1.

    Raises:
        UsageError: a zone cannot be loaded.
    """
    places: dict[Reading, int] = {}
    numbers = []
    for number, variant in enumerate(program.variants):
        reading = _reading(program, number, variant, options)
        numbers.append(-1 if reading is None else places.setdefault(reading, len(places)))
    return list(places), numbers


def _reading(program: Program, number: int, variant: Variant, options: TimeOptions) -> Reading | None:
    template = program.template_of(number)
    source = template.time_of(variant.slots)
    types = [template.types[slot] for slot in variant.slots]
    for place, slot in enumerate(variant.slots):
        if source.field is not None and template.names[slot] != source.field:
            continue
        if not is_dated(types[place]):
            continue
        written = written_forms(types[place])
        fields: tuple[int, ...] = (place,)
        forms: tuple[tuple[Written, ...], ...] = (written,)
        after = next((at for at in range(place + 1, len(types)) if types[at] not in (WS, BLANKS)), None)
        if after is not None and not any(each.has_clock for each in written):
            clock = written_forms(types[after])
            if len(clock) > 0 and all(each.has_clock and not each.has_date for each in clock):
                fields, forms = (place, after), (written, clock)
        if len(fields) == 1 and all(each.form is Form.DATE for each in written) and source.field is None:
            continue
        return _with_rest(fields, forms, source, options)
    return None


def _with_rest(
    fields: tuple[int, ...], forms: tuple[tuple[Written, ...], ...], source: TimeSource, options: TimeOptions
) -> Reading:
    zone = options.zone if options.zone is not None else source.zone
    year = options.year if options.year is not None else source.year
    return Reading(fields, forms, None if zone is None else load_zone(zone), year_number(year))


def year_number(text: str | None) -> int:
    """What *text*, a valid year of a request or of a header, stands for."""
    return {None: YEAR_OF_FILE, "mtime": YEAR_OF_FILE, "now": YEAR_OF_NOW}.get(text) or int(text or 0)


def latest_seconds(zones: Sequence[Zone | None], modified: int | None) -> list[tuple[int, int]]:
    """
    Up to which second times without a year are, by the clock of each of *zones* (None: of UTC).

    The first number is for `YEAR_OF_FILE`, the second for `YEAR_OF_NOW`.
    """
    now = int(time.time())
    limits = (now if modified is None else modified) + DAY, now + DAY
    shown = [[limit + (zone.offset_at(limit) if zone is not None else 0) for limit in limits] for zone in zones]
    return [(of_file, of_now) for of_file, of_now in shown]
