"""Read lines: lines of a log -> what is gathered of them, by the matches of an engine; no record is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from logmatch.engine import Engine
from logmatch.engine.matches import Group, Matches
from logmatch.input.framing import Chunk
from logmatch.linescan import count_blank, pieces
from logmatch.program import Program
from logmatch.stats.gather import Column, Gathered
from logmatch.stats.sketch import COMPILED
from logmatch.templates.field_type import FieldType, JsonKind
from logmatch.templates.types import (
    CLFTIME,
    CTIME,
    DATE,
    EPOCH,
    ISO8601,
    KLOGTIME,
    RFC2822,
    SLASHTIME,
    SYSLOGTIME,
    TIME,
    TIMESTAMP,
)

if COMPILED:
    from logmatch.stats import _spans

_Texts = Callable[[int], Sequence[bytes]]
"""The place of a field among those of a variant -> its texts."""

_Lines = tuple[int, Sequence[int], _Texts]
"""Lines that one variant matched: its number, their places in the batch, ascending, and the texts of its fields."""

_TIMES = frozenset({DATE, TIME, ISO8601, SYSLOGTIME, CLFTIME, EPOCH, SLASHTIME, CTIME, RFC2822, KLOGTIME, TIMESTAMP})


@dataclass(frozen=True, slots=True)
class _FieldPlan:
    """How the values of a field are made of its texts."""

    place: int
    """Among the fields of the variant."""
    name: str
    type: FieldType
    times: bool


@dataclass(frozen=True, slots=True)
class _VariantPlan:
    """What is taken of the lines of a variant."""

    template_id: str
    fields: tuple[_FieldPlan, ...]
    times: tuple[int, ...]
    """The places of the fields that say the time: none, one, or a date and a time."""


class LineReader:
    """
    Gathers what lines hold.

    Args:
        gathered: is added to.
    """

    def __init__(self, engine: Engine, gathered: Gathered) -> None:
        self._engine = engine
        self._gathered = gathered
        self._plans: dict[int, _VariantPlan] = {}
        self._by_spans = COMPILED and engine.by_columns

    def read(self, chunk: Chunk, file: int, before: int) -> None:
        """Add the lines of *chunk*, of the input with the place *file*; *before*: lines of inputs before it."""
        gathered = self._gathered
        gathered.lines += chunk.line_count
        if chunk.oversized is not None:
            gathered.too_long += 1
            gathered.add(None, file, chunk.first_line, [0], before=before)
            return
        line = chunk.first_line
        for piece in pieces(chunk.data, self._engine.batch_size):
            matches = self._engine.match_batch(piece)
            self._add(matches, file, line, before)
            line += matches.line_count

    def _add(self, matches: Matches, file: int, line: int, before: int) -> None:
        found = 0
        for number, places, texts in _by_spans(matches) if self._by_spans else _by_groups(matches):
            found += len(places)
            plan = self._plans.get(number)
            if plan is None:
                plan = self._plans[number] = plan_of(self._engine.program, number)
            columns = [_column(field, texts(field.place)) for field in plan.fields]
            times = _times(plan, texts)
            self._gathered.add(plan.template_id, file, line, places, columns, times, before=before)
        if found < matches.line_count:
            self._add_unmatched(matches, file, line, before)

    def _add_unmatched(self, matches: Matches, file: int, line: int, before: int) -> None:
        numbers = matches.variant_numbers
        places = [place for place, number in enumerate(memoryview(numbers)) if number < 0]
        blank = count_blank(matches.data, matches.line_begins, matches.line_ends, numbers)
        self._gathered.blank += blank
        if blank:
            lines = matches.lines()
            places = [place for place in places if lines[place].strip(b" \t")]
        if places:
            self._gathered.add(None, file, line, places, before=before)


def _by_groups(matches: Matches) -> Iterator[_Lines]:
    """Yield the lines of each variant, in the order of their first places: engines group in different orders."""
    for number, places, texts in sorted(map(_in_order, matches.groups()), key=_first_place):
        yield number, places, list(zip(*texts, strict=True)).__getitem__


def _in_order(group: Group) -> Group:
    """*group* with its lines in the order in which they are in the batch."""
    number, places, texts = group
    order = sorted(range(len(places)), key=places.__getitem__)
    return number, [places[at] for at in order], [texts[at] for at in order]


def _first_place(group: Group) -> int:
    return group[1][0]


def _by_spans(matches: Matches) -> Iterator[_Lines]:
    """As `_by_groups`, of columns of matches; no object is made for a text."""
    for number, rows in _spans.rows_by_number(matches.variant_numbers):

        def texts(field: int, rows: memoryview = rows) -> Sequence[bytes]:
            return _spans.Spans(matches, rows, field, field)

        yield number, rows, texts


def plan_of(program: Program, number: int) -> _VariantPlan:
    """What is taken of the lines of the variant with this number."""
    variant, template = program.variants[number], program.template_of(number)
    types = [template.types[slot] for slot in variant.slots]
    fields = []
    for place, (slot, type_) in enumerate(zip(variant.slots, types, strict=True)):
        name = template.names[slot]
        if name is not None:
            fields.append(_FieldPlan(place, name, type_, is_time(type_)))
    return _VariantPlan(template.id, tuple(fields), _time_places(types))


def is_time(type_: FieldType) -> bool:
    """Whether the texts of *type_* are times."""
    return type_ in _TIMES or str(type_).startswith("time(")


def _time_places(types: Sequence[FieldType]) -> tuple[int, ...]:
    for place, type_ in enumerate(types):
        if not is_time(type_):
            continue
        if type_ == DATE and types[place + 1 : place + 2] == [TIME]:
            return place, place + 1
        return (place,)
    return ()


def _times(plan: _VariantPlan, texts: _Texts) -> Sequence[bytes]:
    if len(plan.times) == 2:
        return _side_by_side(*map(texts, plan.times))
    return texts(plan.times[0]) if plan.times else ()


def _side_by_side(dates: Sequence[bytes], times: Sequence[bytes]) -> Sequence[bytes]:
    if COMPILED and isinstance(dates, _spans.Spans) and isinstance(times, _spans.Spans):
        if (both := dates.up_to(times)) is not None:
            return both
    return [b"%b %b" % pair for pair in zip(dates, times, strict=True)]


def _column(field: _FieldPlan, texts: Sequence[bytes]) -> Column:
    facts = field.type.facts
    if facts.json_kind is JsonKind.VALUE:
        plain = _converted(texts, lambda text: _plain(facts.value_json(text)))
        return Column(field.name, plain, all(map(_is_number, set(plain))), field.times)
    values: Sequence[bytes] = texts
    if facts.convert is not None:
        values = _converted(texts, facts.value_text)
    elif facts.trimmed_start or facts.trimmed_end:
        start, end = facts.trimmed_start, facts.trimmed_end
        if COMPILED and isinstance(texts, _spans.Spans):
            values = texts.trimmed(start, end)
        else:
            values = [text[start : len(text) - end] for text in texts]
    numbers = facts.json_kind is JsonKind.NUMBER and field.type != EPOCH
    return Column(field.name, values, numbers, field.times)


def _converted(texts: Iterable[bytes], convert: Callable[[bytes], bytes]) -> list[bytes]:
    texts = list(texts)
    made = {text: convert(text) for text in set(texts)}
    return [made[text] for text in texts]


def _plain(json: bytes) -> bytes:
    """The text of a JSON value: of a string, what is in its quotes where nothing is escaped."""
    return json[1:-1] if json.startswith(b'"') and b"\\" not in json else json


def _is_number(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text[:1] not in b"nNiI"
