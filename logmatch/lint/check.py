"""
Check: templates -> findings, what is wrong with them though they are well formed. The core of `logmatch check`.

A *finding* is about one template: an example that does not hold, a template that never wins or never matches, a match
that only the place in the file decides, a field whose end is not what it seems, a slow regular expression. What is said
to be *never* so is proved from the items. What only lines can show is looked for with the examples and with *samples*:
lines made from a variant, its fields filled with a few texts of their types. Samples are the same in every run.

How far a line is from a template (`explain`) and how findings are shown is not decided here.
"""

from __future__ import annotations

import difflib
import enum
import functools
import itertools
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from logmatch.engine.portable.prefilter import Filter
from logmatch.engine.reference import FieldTimeoutError, walk
from logmatch.errors import LogmatchError, Place, printable
from logmatch.program import WHITESPACE, Variant, compile_program, precedence
from logmatch.templates.model import (
    ANY,
    CLFTIME,
    DATE,
    FLOAT,
    HEX,
    HOST,
    INT,
    IP,
    IPV4,
    IPV6,
    ISO8601,
    MAC,
    PATH,
    PERCENT,
    QUOTED,
    REST,
    SYSLOGTIME,
    TIME,
    URL,
    UUID,
    WORD,
    WS,
    Field,
    FieldType,
    Greediness,
    JsonKind,
    Literal,
    NamedType,
    OptionalPart,
    Pattern,
    RegexType,
    Template,
    WordList,
    decode,
    encode,
)

SAMPLES = 20
"""How many samples are made of a variant; more where a list has more words."""

MOST_SAMPLES = 64
"""How many samples are made of a variant at most."""

ALL_SAMPLES = 100_000
"""How many samples are made of all variants together, if each template wins some; one takes some 50 microseconds."""

EVIDENCE = 5
"""How many lines a template must have lost, and none won, before it is called shadowed without a proof."""

MOST_WORK = 15_000_000
"""
After how much work no more samples are tried: one for each variant whose literals are looked for in a line, and
`WALK_WORK` for each walk. Only many variants with few literals take so much. It is no time, so that every run finds the
same.
"""

WALK_WORK = 30
"""How much dearer a walk is than a look for a few literals; about what was measured."""

MOST_TIMEOUTS = 20
"""After how many lines on which a `/regex/` field took too long no more samples are tried."""

SLOW_SECONDS = 0.2
"""A `/regex/` field that needs longer than this for one text, in seconds, is slow."""

ALL_REGEX_SECONDS = 10.0
"""How long all `/regex/` fields together are tried; those whose turn does not come are not reported."""

ONE_REGEX_SECONDS = 3.0
"""How long one of them is tried."""

ATTACK_LENGTHS = (30, 300, 3_000, 30_000)
"""The lengths, in bytes, of the texts that `/regex/` fields are tried on: exponential time shows in the first."""

if TYPE_CHECKING:
    import regex

# Findings


class FindingKind(enum.Enum):
    """What is wrong; in the order in which the findings of one template are given."""

    EXAMPLE_FAILED = "example-failed"
    NO_MATCH_FAILED = "no-match-failed"
    DUPLICATE = "duplicate"
    SHADOWED = "shadowed"
    AMBIGUOUS = "ambiguous"
    ADJACENT_FREE = "adjacent-free"
    NEVER_MATCHES = "never-matches"
    SLOW_REGEX = "slow-regex"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with one template. `others` are the ids of further templates that have a part in it."""

    kind: FindingKind
    template_id: str
    sentence: str
    place: Place
    hint: str
    others: tuple[str, ...] = ()

    def __str__(self) -> str:
        return str(LogmatchError(printable(self.sentence), place=self.place, hint=printable(self.hint)))

    def to_dict(self) -> dict[str, object]:
        """The finding as JSON values: `line` counts from 1, `start` and `end` are a span of characters in `text`."""
        return {
            "kind": self.kind.value,
            "template_id": _unicode(self.template_id),
            "sentence": _unicode(self.sentence),
            "file": _unicode(self.place.file),
            "line": self.place.line_number,
            "text": _unicode(self.place.text),
            "start": self.place.start,
            "end": self.place.end,
            "hint": _unicode(self.hint),
            "others": [_unicode(other) for other in self.others],
        }


def _unicode(text: str | None) -> str | None:
    """*text* without the stand-ins for bytes that are not UTF-8, which JSON cannot hold."""
    if text is None:
        return None
    return "".join("\N{REPLACEMENT CHARACTER}" if "\ud800" <= char <= "\udfff" else char for char in text)


def check_templates(templates: Sequence[Template]) -> list[Finding]:
    """
    Return what is wrong with *templates*, whose order is their place in the file: by template, then by kind.

    The cost grows about linearly with the number of variants; 10,000 templates take some ten seconds.
    """
    contest = _Contest(templates)
    slow = list(_slow_regexes(templates))
    findings = [
        *_failed_examples(contest),
        *_failed_no_matches(contest),
        *_structural_faults(contest),
        *(finding for finding, _ in slow),
    ]
    slow_sources = {source for _, source in slow}
    if slow_sources:
        # They would make every sample that reaches them wait for the time limit.
        contest = _Contest([template for template in templates if not slow_sources & _regex_sources(template)])
    findings += _losers(contest)
    number_of = {template.id: number for number, template in reversed([*enumerate(templates)])}
    kinds = list(FindingKind)
    return sorted(findings, key=lambda finding: (number_of[finding.template_id], kinds.index(finding.kind)))


def _finding(
    kind: FindingKind,
    template: Template,
    sentence: str,
    hint: str,
    *,
    text: str | None = None,
    span: tuple[int, int] | None = None,
    others: Iterable[Template] = (),
) -> Finding:
    """A finding with *text* (None: the pattern) and the *span* of characters in it (None: all of it) as its picture."""
    text = str(template.pattern) if text is None else text
    start, end = span or (0, len(text))
    place = Place(template.origin.file, template.origin.line_number, text=text, start=start, end=end)
    return Finding(kind, template.id, sentence, place, hint, tuple(other.id for other in others))


def _named(template: Template) -> str:
    """*template* as a sentence about another one names it."""
    where = str(Place(template.origin.file, template.origin.line_number))
    return f"{template.id!r} ({where})" if where else repr(template.id)


def _listed(names: Sequence[str]) -> str:
    """*names* as a sentence lists them, the first few."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


# Contest


class _Contest:
    """
    Templates that compete for lines.

    Variants are known by their numbers, which are in the order of precedence: of two that match a line, the lower wins.
    """

    def __init__(self, templates: Sequence[Template]) -> None:
        self.templates = templates
        program = compile_program(templates)
        self.variants = program.variants
        self.names = [compiled.names for compiled in program.templates]
        """For each template and slot the name that the value is output under; None: it is not output."""
        self.variants_of: list[list[int]] = [[] for _ in templates]
        for number, variant in enumerate(program.variants):
            self.variants_of[variant.template_number].append(number)
        self.keys = [tuple(_symbols(variant)) for variant in program.variants]
        """For each variant what it shares with those that match the same lines in the same way."""
        self.first_with = {key: number for number, key in reversed([*enumerate(self.keys)])}
        """For each key the first variant that has it."""
        self.ranks = [precedence(templates[each.template_number].priority, each) for each in program.variants]
        """For each variant its precedence, less its place in the file."""
        self._literals = [_literals(variant) for variant in program.variants]
        self._filter = Filter({number: variant.items for number, variant in enumerate(program.variants)})
        self.timeouts = 0
        """How often a `/regex/` field took too long."""
        self.work = 0
        """See `MOST_WORK`."""

    @property
    def is_exhausted(self) -> bool:
        """Whether enough work was done, and no more samples are to be tried."""
        return self.timeouts >= MOST_TIMEOUTS or self.work >= MOST_WORK

    def candidates(self, line: bytes) -> list[int]:
        """The variants whose literals stand in *line* in their order, and at its ends where they must."""
        numbers = list(self._filter.candidates(line, 0))
        self.work += len(numbers)
        return [number for number in numbers if self._literals[number].stand_in(line)]

    def winner(self, line: bytes) -> int | None:
        """The variant that is the match of *line*."""
        return next((number for number in self.candidates(line) if self.spans(number, line) is not None), None)

    def owner(self, variant_number: int) -> int:
        """The number of the template of a variant."""
        return self.variants[variant_number].template_number

    def template(self, variant_number: int) -> Template:
        """The template of a variant."""
        return self.templates[self.owner(variant_number)]

    def spans(self, variant_number: int, line: bytes) -> tuple[int, ...] | None:
        """Where the fields of a variant are in *line*, or None if it does not match; a timeout counts as no match."""
        self.work += WALK_WORK
        try:
            return walk(self.variants[variant_number], line)
        except FieldTimeoutError:
            self.timeouts += 1
            return None

    def first_of(self, template_number: int, line: bytes) -> int | None:
        """The first variant of a template that matches *line*, whatever others do."""
        return next((n for n in self.variants_of[template_number] if self.spans(n, line) is not None), None)

    def advantage(self, winner: int, loser: int) -> str:
        """What the variant *winner* has over *loser*, by which it precedes: 'more literal bytes (9 against 7)'."""
        for what, ours, theirs in zip(_ADVANTAGES, self.ranks[winner], self.ranks[loser], strict=True):
            if ours != theirs:
                is_more = what in _ADVANTAGES[:2]  # in the key these are negative, so that more comes first
                return f"{what} ({-ours if is_more else ours} against {-theirs if is_more else theirs})"
        return "the earlier place"


@dataclass(frozen=True, slots=True)
class _Literals:
    """What a line must begin with and end with to match a variant, and all literals that it must hold."""

    first: bytes
    last: bytes
    all: tuple[bytes, ...]

    def stand_in(self, line: bytes) -> bool:
        """Whether the literals are where they must be; most variants that do not match are known by that."""
        if not (line.startswith(self.first) and line.endswith(self.last)):
            return False
        at = 0
        for text in self.all:
            found = line.find(text, at)
            if found < 0:
                return False
            at = found + len(text)
        return True


def _literals(variant: Variant) -> _Literals:
    ends = [item.text if isinstance(item, Literal) else b"" for item in (*variant.items[:1], *variant.items[-1:])]
    first, last = ends or (b"", b"")
    return _Literals(first, last, tuple(item.text for item in variant.items if isinstance(item, Literal)))


_ADVANTAGES = ("a higher priority", "more literal bytes", "fewer 'any' fields", "fewer free fields")
"""What each part of `program.precedence` means for the one that it puts first."""


def _as_line(text: str) -> bytes:
    """*text* of an example as a reader of a file gives it to an engine."""
    return encode(text).removesuffix(b"\n").removesuffix(b"\r").rstrip(WHITESPACE)


# Examples


def _failed_examples(contest: _Contest) -> Iterator[Finding]:
    for number, template in enumerate(contest.templates):
        for count, example in enumerate(template.match, 1):
            line = _as_line(example.line)
            failure = _example_failure(contest, number, f"example {count} of {template.id!r}", line)
            if failure is not None:
                yield failure
            elif example.values:
                yield from _wrong_values(contest, number, count, line, example.values)


def _example_failure(contest: _Contest, number: int, example: str, line: bytes) -> Finding | None:
    """What is wrong if *line* has another match than the template *number*."""
    template = contest.templates[number]
    kind, text = FindingKind.EXAMPLE_FAILED, decode(line)
    if b"\n" in line:
        hint = "give each line an example of its own"
        return _finding(kind, template, f"{example} holds a line break, which no line does", hint, text=text)
    winner = contest.winner(line)
    if winner is not None and contest.owner(winner) == number:
        return None
    own = contest.first_of(number, line)
    if winner is None:
        return _finding(kind, template, f"{example} does not match", _distance(template, line), text=text)
    other = contest.template(winner)
    if own is None:
        sentence = f"{example} does not match; {_named(other)} matches it"
        return _finding(kind, template, sentence, _distance(template, line), text=text, others=[other])
    sentence = f"{example} goes to {_named(other)}, which has {contest.advantage(winner, own)}"
    hint = f"give {template.id!r} a higher priority than {other.id!r}, or move the example there"
    return _finding(kind, template, sentence, hint, text=text, others=[other])


def _distance(template: Template, line: bytes) -> str:
    """
    What to do about *template*, which should match *line* and does not.

    This is the place where `explain`, once it exists, says how far the template got.
    """
    return "a template matches a line only as a whole, its header included; correct the pattern or the example"


def _wrong_values(
    contest: _Contest, number: int, count: int, line: bytes, expected: Iterable[tuple[str, object]]
) -> Iterator[Finding]:
    """What is wrong with the values of an example whose match is the template *number*."""
    template = contest.templates[number]
    matched = contest.first_of(number, line)
    spans = contest.spans(matched, line) if matched is not None else None
    if matched is None or spans is None:
        return  # a `/regex/` field took too long this time
    slots = contest.variants[matched].slots
    names = contest.names[number]
    found = {names[slot]: index for index, slot in enumerate(slots) if names[slot] is not None}
    fields = contest.variants[matched].fields()
    for name, value in expected:
        span = None
        if name in found:
            index = found[name]
            bounds = spans[2 * index], spans[2 * index + 1]
            wrong = _difference(fields[index].type, line[slice(*bounds)], value)
            if wrong is None:
                continue
            span = len(decode(line[: bounds[0]])), len(decode(line[: bounds[1]]))
            sentence = f"example {count} of {template.id!r}: the field {name!r} is {wrong}"
            hint = "correct the value, or the pattern"
        elif name in names:
            sentence = (
                f"example {count} of {template.id!r}: the field {name!r} is in a part that this line does not have"
            )
            hint = "leave the value out, or give the example a line that has the part"
        else:
            sentence = f"example {count} of {template.id!r}: there is no field {name!r}"
            hint = _known_names([known for known in names if known is not None], name)
        yield _finding(FindingKind.EXAMPLE_FAILED, template, sentence, hint, text=decode(line), span=span)


def _known_names(known: Sequence[str], name: str) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    guess = f"did you mean {near[0]!r}? " if near else ""
    return guess + (f"The fields are {', '.join(known)}" if known else "The template has no fields that are output")


def _difference(type_: FieldType, text: bytes, expected: object) -> str | None:
    """How the value of a field of *type_*, whose text is *text*, differs from *expected*; None if it does not."""
    if type_ == PERCENT:
        text = text[:-1]
    elif type_ == QUOTED:
        text = text[1:-1]
    if type_.json_kind is JsonKind.NUMBER:
        if isinstance(expected, int | float) and not isinstance(expected, bool):
            return None if _is_number(text, expected) else f"{decode(text)}, not {expected}"
        return f"the number {decode(text)}, not the text {expected!r}"
    value = text.decode("utf-8", "replace")
    if isinstance(expected, str):
        return None if expected in (value, decode(text)) else f"{value!r}, not {expected!r}"
    return f"the text {value!r}, not the number {expected}"


def _is_number(text: bytes, expected: int | float) -> bool:
    """Whether *text* is the number *expected*; a float stands for all digits that it could not hold."""
    if isinstance(expected, float):
        return float(text) == expected
    try:
        return Decimal(text.decode()) == expected
    except InvalidOperation:  # an exponent beyond all bounds
        return False


def _failed_no_matches(contest: _Contest) -> Iterator[Finding]:
    for number, template in enumerate(contest.templates):
        for count, text in enumerate(template.no_match, 1):
            line = _as_line(text)
            if b"\n" not in line and contest.first_of(number, line) is not None:
                sentence = f"{template.id!r} matches line {count} of its 'no_match'"
                hint = "make the pattern more specific, or take the line out"
                yield _finding(FindingKind.NO_MATCH_FAILED, template, sentence, hint, text=decode(line))


# Faults that the items show


@dataclass(frozen=True, slots=True)
class _Fault:
    """What is wrong between two items of a variant; `first` and `last` are the slots of the fields to be shown."""

    kind: FindingKind
    first: int
    last: int
    sentence: str
    hint: str


def _structural_faults(contest: _Contest) -> Iterator[Finding]:
    """Adjacent free fields and variants that never match; those of a shared header once, for its first template."""
    seen: set[object] = set()
    for number, template in enumerate(contest.templates):
        variants = [contest.variants[each] for each in contest.variants_of[number]]
        faults = list(dict.fromkeys(fault for variant in variants for fault in _faults(variant)))
        if not faults:
            continue
        layout = _Layout(template)
        whose = "can never match" if all(map(_is_impossible, variants)) else "has a variant that can never match"
        for fault in faults:
            key = (template.header if fault.last < layout.header_fields else number, fault)
            if key not in seen:
                seen.add(key)
                text, span = layout.picture(fault.first, fault.last)
                subject = f"{template.id!r} {whose}" if fault.kind is FindingKind.NEVER_MATCHES else repr(template.id)
                yield _finding(fault.kind, template, f"{subject}: {fault.sentence}", fault.hint, text=text, span=span)


def _faults(variant: Variant) -> Iterator[_Fault]:
    slots = itertools.chain(variant.slots, [0])
    slot = next(slots)
    for first, second in itertools.pairwise(variant.items):
        if not isinstance(first, Field):
            continue
        this, slot = slot, next(slots)
        if isinstance(second, Field) and first.type.greediness is second.type.greediness is Greediness.FREE:
            sentence = f"nothing stands between {first} and {second}, so that the first takes its shortest text"
            hint = "put a literal between them, or make them one field"
            yield _Fault(FindingKind.ADJACENT_FREE, this, slot, sentence, hint)
        elif _never_fits(first, second):
            behind = repr(decode(second.text)) if isinstance(second, Literal) else str(second)
            sentence = f"{first} takes {_SWALLOWED[first.type].what}, which leaves nothing for {behind} behind it"
            hint = "leave one of the two out, or put other text between them"
            if first.type == WS:
                hint = "leave the whitespace behind 'ws' out of the pattern; 'ws' takes all of it"
            yield _Fault(FindingKind.NEVER_MATCHES, this, this, sentence, hint)


def _is_impossible(variant: Variant) -> bool:
    """Whether it is certain that *variant* matches no line."""
    return any(_never_fits(*pair) for pair in itertools.pairwise(variant.items))


_DIGITS = frozenset(b"0123456789")
_HEX_DIGITS = frozenset(b"0123456789abcdefABCDEF")
_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_LABEL = _LETTERS | _DIGITS | frozenset(b"-_")
_BLANKS = frozenset(WHITESPACE)


@dataclass(frozen=True, slots=True)
class _Swallowed:
    """The bytes that never stand behind a token, since it would have taken them too."""

    bytes: frozenset[int]
    what: str


_SWALLOWED: dict[FieldType, _Swallowed] = {
    WS: _Swallowed(_BLANKS, "all spaces and tabs"),
    INT: _Swallowed(_DIGITS, "all digits"),
    FLOAT: _Swallowed(_DIGITS, "all digits"),
    HEX: _Swallowed(_HEX_DIGITS, "all hexadecimal digits"),
    HOST: _Swallowed(_LABEL, "all labels"),
    REST: _Swallowed(frozenset(range(256)), "the whole rest of the line"),
}
"""Only tokens that end where their last run of bytes ends: behind a time of 13:05 may stand a digit, as in 13:051."""

_FIRST_BYTES: dict[FieldType, frozenset[int]] = {
    INT: _DIGITS | frozenset(b"+-"),
    FLOAT: _DIGITS | frozenset(b"+-."),
    PERCENT: _DIGITS | frozenset(b"+-."),
    HEX: _HEX_DIGITS,
    IPV4: _DIGITS,
    IPV6: _HEX_DIGITS | frozenset(b":"),
    IP: _HEX_DIGITS | frozenset(b":"),
    MAC: _HEX_DIGITS,
    UUID: _HEX_DIGITS,
    HOST: _LABEL,
    QUOTED: frozenset(b'"'),
    **dict.fromkeys((DATE, TIME, ISO8601, CLFTIME), _DIGITS),
    SYSLOGTIME: frozenset(b"JFMASOND"),
    WORD: frozenset(range(256)) - _BLANKS,
    PATH: _LETTERS | frozenset(b"/~"),
    URL: _LETTERS,
}
"""With which bytes a field can begin. What may be empty (`any`, `rest`, `ws`) is not here."""


def _never_fits(first: Literal | Field, second: Literal | Field) -> bool:
    """Whether it is certain that *second* never matches where *first* ends."""
    if not isinstance(first, Field) or first.type not in _SWALLOWED:
        return False
    swallowed = _SWALLOWED[first.type].bytes
    if isinstance(second, Literal):
        # A dot belongs to a host name if another label comes behind it.
        text = second.text.removeprefix(b".") if first.type == HOST else second.text
        return text[:1] != b"" and text[0] in swallowed
    if isinstance(second.type, WordList):
        return all(word[0] in swallowed for word in second.type.words)
    return second.type in _FIRST_BYTES and _FIRST_BYTES[second.type] <= swallowed


class _Layout:
    """Where the fields of a template stand in the text of its header and pattern; fields are known by their slots."""

    def __init__(self, template: Template) -> None:
        self._header = str(template.header) if template.header is not None else ""
        self._pattern = str(template.pattern)
        self.header_fields = sum(1 for _ in template.header.fields()) if template.header is not None else 0
        self._spans: list[tuple[int, int]] = []
        at = 0
        for item in template.items():
            inner = at + len("<?>") if isinstance(item, OptionalPart) else at
            for part in item.items if isinstance(item, OptionalPart) else (item,):
                if isinstance(part, Field):
                    self._spans.append((inner, inner + len(str(part))))
                inner += len(str(part))
            at += len(str(item))

    def picture(self, first: int, last: int) -> tuple[str, tuple[int, int]]:
        """The text that holds the fields from slot *first* to *last*, and their span in it."""
        start, end = self._spans[first][0], self._spans[last][1]
        if first >= self.header_fields:
            return self._pattern, (start - len(self._header), end - len(self._header))
        return self._header + (self._pattern if last >= self.header_fields else ""), (start, end)


# Losers


def _losers(contest: _Contest) -> Iterator[Finding]:
    """Templates that can never win, and those that win by their place in the file only."""
    duplicates = _duplicates(contest)
    dead = set()
    for number, first in duplicates.items():
        template, other = contest.templates[number], contest.templates[first]
        dead.add(number)
        sentence = f"{template.id!r} can never win: {_named(other)} is the same pattern with the same priority"
        yield _finding(FindingKind.DUPLICATE, template, sentence, "remove one of the two", others=[other])
    ties: _Ties = {}
    samples_each = max(1, min(SAMPLES, ALL_SAMPLES // max(1, len(contest.variants))))
    for number in range(len(contest.templates)):
        if number not in duplicates and not contest.is_exhausted:
            trial = _Trial(contest, number, ties)
            trial.run(samples_each)
            shadowed = _shadowed(contest, trial)
            if shadowed is not None:
                dead.add(number)
                yield shadowed
    for (loser, winner), line in ties.items():
        if loser not in dead:
            template, other = contest.templates[loser], contest.templates[winner]
            sentence = f"{template.id!r} and {_named(other)} both match this line, and only their place decides"
            hint = "make one of them more specific, or give one a higher priority"
            yield _finding(FindingKind.AMBIGUOUS, template, sentence, hint, text=decode(line), others=[other])


def _duplicates(contest: _Contest) -> dict[int, int]:
    """The templates that have the variants and the priority of an earlier one, and which one."""
    first_with: dict[object, int] = {}
    duplicates = {}
    for number, template in enumerate(contest.templates):
        keys = frozenset(contest.keys[each] for each in contest.variants_of[number])
        first = first_with.setdefault((template.priority, keys), number)
        if first != number:
            duplicates[number] = first
    return duplicates


_Ties = dict[tuple[int, int], bytes]
"""For two templates, the later and the earlier one, a line whose match only their place in the file decides."""


@dataclass(slots=True)
class _Trial:
    """
    Lines that a template matches, and who won them.

    `lost` holds for each of its variants the winners of lines that this variant matches, each with how often. `ties` is
    shared by all trials, and added to.
    """

    contest: _Contest
    number: int
    ties: _Ties
    won: bool = False
    lines: int = 0
    lost: dict[int, dict[int, int]] = field(default_factory=dict)
    exhausted: bool = True
    """Whether every value that was chosen for a field had its turn in a line."""

    def run(self, samples_each: int) -> None:
        """Try the examples and samples of every variant: *samples_each*, and more as long as none has been won."""
        contest, template = self.contest, self.contest.templates[self.number]
        variants = contest.variants_of[self.number]
        self.lost = {variant: {} for variant in variants}
        examples = [line for example in template.match if b"\n" not in (line := _as_line(example.line))]
        values: dict[int, list[bytes]] = {}
        for line in examples:
            variant = contest.first_of(self.number, line)
            if variant is not None:
                self._add_values(variant, line, values)
                self._try(variant, line)
        for variant in variants:
            texts = _field_texts(contest.variants[variant], values)
            longest = max(map(len, texts), default=0)
            count = min(MOST_SAMPLES, max(SAMPLES, longest))
            self.exhausted = self.exhausted and longest <= count
            for number, line in enumerate(_samples(contest.variants[variant], texts, count)):
                if self.won and number >= samples_each:
                    break
                if contest.is_exhausted:
                    self.exhausted = False
                    return
                self._try(variant, line)

    def _add_values(self, variant: int, line: bytes, values: dict[int, list[bytes]]) -> None:
        spans = self.contest.spans(variant, line) or ()
        for slot, start, end in zip(self.contest.variants[variant].slots, spans[::2], spans[1::2], strict=False):
            values.setdefault(slot, []).append(line[start:end])

    def _try(self, variant: int, line: bytes) -> None:
        contest = self.contest
        rivals = iter(contest.candidates(line))
        winner = next((number for number in rivals if contest.spans(number, line) is not None), None)
        if winner is None:
            return
        if contest.owner(winner) == self.number:
            self.won = True
        elif contest.spans(variant, line) is not None:
            self.lost[variant][winner] = self.lost[variant].get(winner, 0) + 1
        else:
            return
        self.lines += 1
        for rival in rivals:  # those behind the winner
            if contest.ranks[rival] != contest.ranks[winner]:
                break
            pair = (contest.owner(rival), contest.owner(winner))
            if pair[0] != pair[1] and pair not in self.ties and contest.spans(rival, line) is not None:
                self.ties[pair] = line


def _shadowed(contest: _Contest, trial: _Trial) -> Finding | None:
    """The finding that the template of *trial* can never win, or has won nothing, if it is so."""
    if trial.won:
        return None
    winners: dict[int, int] = {}  # number of a template -> the best of its variants that won
    proved = True
    loser = -1
    for variant, lost in trial.lost.items():
        cover = _cover(contest, variant, lost)
        if cover is None and not lost:
            if not _is_impossible(contest.variants[variant]):
                return None
            continue
        if cover is None:
            proved = False
        if loser < 0:
            loser = variant
        for winner in sorted(lost, key=lambda each: -lost[each]) if cover is None else [cover]:
            winners.setdefault(contest.owner(winner), winner)
    if not winners or not (proved or (trial.lines >= EVIDENCE and trial.exhausted)):
        return None
    template = contest.templates[trial.number]
    others = [contest.templates[number] for number in winners]
    names = _listed([_named(other) for other in others])
    which = f", which has {contest.advantage(next(iter(winners.values())), loser)}" if len(others) == 1 else ""
    if proved:
        sentence = f"{template.id!r} can never win: all lines that it matches go to {names}{which}"
        hint = f"remove {template.id!r}, or give it a higher priority"
    else:
        sentence = f"{template.id!r} has won none of {trial.lines} lines made for it: they went to {names}{which}"
        hint = "give it a higher priority, or remove it; if there are lines for it alone, add one to its 'match'"
    return _finding(FindingKind.SHADOWED, template, sentence, hint, others=others)


def _cover(contest: _Contest, variant: int, lost: Iterable[int]) -> int | None:
    """A variant that precedes *variant*, as those of *lost* do, and certainly matches every line that it matches."""
    special = contest.variants[variant]
    if not special.fields():
        return next(iter(lost), None)  # there is only one such line
    twin = contest.first_with[contest.keys[variant]]
    if twin < variant and contest.owner(twin) != special.template_number:
        return twin
    return next((general for general in sorted(lost) if _covers(contest.variants[general], special)), None)


def _covers(general: Variant, special: Variant) -> bool:
    """
    Whether it is certain that *general* matches every line that *special* matches.

    It does if it can divide the line as *special* does: where both have the same literal byte or the same type, they
    take the same text from the same place; an `any` takes whatever *special* has there, a `word` what surely holds no
    whitespace. So *general* is run, as an automaton, on the items of *special*; its states are items that come next.
    """
    pattern = _symbols(general)
    states = _skip_empty(pattern, {0})
    for symbol in _symbols(special):
        following = set()
        for state in states:
            if state < len(pattern):
                if pattern[state] == ANY or (pattern[state] == REST and state == len(pattern) - 1):
                    following.add(state)
                elif pattern[state] == WORD and _is_solid(symbol):
                    following |= {state, state + 1}
                elif pattern[state] == symbol:
                    following.add(state + 1)
        states = _skip_empty(pattern, following)
    return len(pattern) in states


_Symbol = int | frozenset[bytes] | FieldType


def _symbols(variant: Variant) -> list[_Symbol]:
    """The bytes of the literals and the types of the fields of *variant*, word lists as sets."""
    symbols: list[_Symbol] = []
    for item in variant.items:
        if isinstance(item, Literal):
            symbols += item.text
        else:
            symbols.append(frozenset(item.type.words) if isinstance(item.type, WordList) else item.type)
    return symbols


def _skip_empty(pattern: Sequence[_Symbol], states: set[int]) -> set[int]:
    """*states* and those that they become where `any` and a last `rest` take nothing."""
    reached = set(states)
    for state in states:
        following = state
        while following < len(pattern) and pattern[following] in (ANY, REST):
            following += 1
            reached.add(following)
    return reached


_SOLID = {WORD, PATH, URL, INT, FLOAT, PERCENT, HEX, IPV4, IPV6, IP, MAC, UUID, HOST, DATE, TIME}
"""The types whose text is never empty and never holds whitespace."""


def _is_solid(symbol: _Symbol) -> bool:
    if isinstance(symbol, int):
        return symbol not in _BLANKS
    if isinstance(symbol, frozenset):
        return all(_BLANKS.isdisjoint(word) for word in symbol)
    return symbol in _SOLID


# Samples


_TEXTS: dict[NamedType, tuple[bytes, ...]] = {
    ANY: (
        b"value",
        b"two words",
        b"",
        b"a=1, b=2",
        b"12",
        b"/var/log/x.log",
        b"[x] (y): z",
        b'"so" it is',
        b"::1 - 0.5%",
    ),
    WORD: (b"alice", b"x1", b"a.b-c_d", b"/srv/data", b"k=v", b"42", b"(nil)", b"-", b"10.0.0.7", b"caf\xc3\xa9:8"),
    PATH: (b"/", b"/var/log/app.log", b"~/notes", b"C:\\Temp\\x", b"/a", b"D:/x"),
    URL: (b"http://example.com/", b"https://h:8443/p?q=1", b"ftp://x/y", b"s3://bucket/key", b"a://b"),
    REST: (b"value", b"two words", b"", b"a=1, b=2", b"12", b"at x.y(Z:1)", b"[x] (y): z", b'"so" it is'),
    WS: (b" ", b"", b"\t", b"   "),
    INT: (b"42", b"0", b"-7", b"+5", b"007", b"18446744073709551616"),
    FLOAT: (b"1.5", b"42", b"-0.25", b".5", b"1e-3", b"+2"),
    PERCENT: (b"50%", b"99.9%", b"-1%", b".5%", b"100%"),
    HEX: (b"deadbeef", b"0x1F", b"7", b"A0", b"c0ffee00c0ffee00", b"12"),
    IPV4: (b"10.0.0.1", b"192.168.1.20", b"255.255.255.255", b"8.8.8.8", b"127.0.0.1"),
    IPV6: (b"2001:db8::1", b"::", b"::1", b"fe80::1:2", b"::ffff:10.0.0.1", b"1:2:3:4:5:6:7:8"),
    IP: (b"10.0.0.1", b"2001:db8::1", b"::1", b"192.168.1.20", b"1:2:3:4:5:6:7:8"),
    MAC: (b"00:1a:2b:3c:4d:5e", b"00-1A-2B-3C-4D-5E", b"ff:ff:ff:ff:ff:ff", b"01:02:03:04:05:06", b"aa-bb-cc-dd-ee-ff"),
    UUID: (
        b"123e4567-e89b-12d3-a456-426614174000",
        b"00000000-0000-0000-0000-000000000000",
        b"F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6",
        b"11111111-2222-3333-4444-555555555555",
        b"abcdefab-cdef-abcd-efab-cdefabcdefab",
    ),
    HOST: (b"web-01.example.net", b"localhost", b"db_2", b"10.0.0.1", b"a", b"42"),
    QUOTED: (b'"text"', b'""', b'"two words"', b'"a \\"b\\" c"', b'"-"'),
    DATE: (b"2024-05-31", b"2024/05/31", b"1999-12-01", b"2000/01/02", b"2031-10-10"),
    TIME: (b"13:05:59", b"13:05", b"13:05:59.123", b"00:00:00,001", b"23:59:60"),
    ISO8601: (
        b"2024-05-31T13:05:59Z",
        b"2024-05-31 13:05:59.123",
        b"2024-05-31T13:05:59.1+02:00",
        b"20240531T130559Z",
        b"2024-05-31 13:05",
    ),
    SYSLOGTIME: (b"May 31 13:05:59", b"May  3 13:05:59", b"Jan 1 00:00:00", b"Dec 10 06:55:46", b"Oct 09 23:59:59"),
    CLFTIME: (
        b"31/May/2024:13:05:59 +0200",
        b"01/Jan/2000:00:00:00 -0500",
        b"10/Oct/2000:13:55:36 -0700",
        b"28/Feb/2025:23:59:60 +0000",
        b"03/Mar/2025:06:00:00 +0100",
    ),
}
"""Texts of each type, of as many forms as possible; the first is the most usual."""

_FROM_EXAMPLES = 5
"""How many values of a template's examples are used for one field."""


def _field_texts(variant: Variant, values: dict[int, list[bytes]]) -> list[tuple[bytes, ...]]:
    """The texts that each field of *variant* is filled with; *values* holds those of the examples by slot."""
    return [
        tuple(dict.fromkeys((*values.get(slot, ())[:_FROM_EXAMPLES], *_texts_of(item.type))))
        for slot, item in zip(variant.slots, variant.fields(), strict=True)
    ]


def _texts_of(type_: FieldType) -> tuple[bytes, ...]:
    if isinstance(type_, WordList):
        return type_.words
    return _texts_of_regex(type_.source) if isinstance(type_, RegexType) else _TEXTS[type_]


@functools.lru_cache(maxsize=1024)
def _texts_of_regex(source: bytes) -> tuple[bytes, ...]:
    """Those of the texts of all types, and of the words of the expression, that it matches; often none."""
    import regex  # see `syntax._regex_type`

    compiled = regex.compile(source)
    pool = dict.fromkeys((*itertools.chain.from_iterable(_TEXTS.values()), *regex.findall(rb"[\w.:-]+", source)))
    try:
        return tuple(text for text in pool if compiled.fullmatch(text, timeout=SLOW_SECONDS) is not None)[:10]
    except TimeoutError:
        return ()


def _samples(variant: Variant, texts: Sequence[Sequence[bytes]], count: int) -> Iterator[bytes]:
    """
    Up to *count* different lines that *variant* probably matches: not where a text runs into what is behind it.

    In the first round all fields take their first text, then all their second, and so on; in the next rounds each field
    is one, two, … texts further ahead of the one before it.
    """
    if not all(texts):
        return
    seen = set()
    for index in range(count):
        chosen = (each[(index + place * (index // len(each))) % len(each)] for place, each in enumerate(texts))
        line = b"".join(item.text if isinstance(item, Literal) else next(chosen) for item in variant.items)
        line = line.rstrip(WHITESPACE)
        if line not in seen and b"\n" not in line:
            seen.add(line)
            yield line


# Slow regular expressions


def _slow_regexes(templates: Sequence[Template]) -> Iterator[tuple[Finding, bytes]]:
    """The findings about slow `/regex/` fields, one for each expression, and the source of the expression."""
    uses: dict[bytes, list[tuple[Template, int]]] = {}
    for template in templates:
        for slot, each in enumerate(Pattern(template.items()).fields()):
            if isinstance(each.type, RegexType):
                uses.setdefault(each.type.source, []).append((template, slot))
    deadline = time.monotonic() + ALL_REGEX_SECONDS
    for source, places in uses.items():
        shape = _slow_text(source, min(deadline, time.monotonic() + ONE_REGEX_SECONDS))
        if shape is not None:
            template, slot = places[0]
            text, span = _Layout(template).picture(slot, slot)
            sentence = f"{template.id!r}: the regular expression needs more than {SLOW_SECONDS} s for {shape}"
            hint = "do not repeat what holds a repeat; use possessive (a++) or atomic ((?>…)) parts"
            others = list(dict.fromkeys(other.id for other, _ in places if other.id != template.id))
            finding = _finding(FindingKind.SLOW_REGEX, template, sentence, hint, text=text, span=span)
            yield replace(finding, others=tuple(others)), source


def _regex_sources(template: Template) -> set[bytes]:
    return {each.type.source for each in Pattern(template.items()).fields() if isinstance(each.type, RegexType)}


def _slow_text(source: bytes, deadline: float) -> str | None:
    """A description of the first text that the expression is slow on; None if there is none, or no time to find it."""
    import regex  # see `syntax._regex_type`

    compiled = regex.compile(source)
    attack = _attack(source)
    for begin, unit, end, length in itertools.product(attack.begins, attack.units, attack.ends, ATTACK_LENGTHS):
        if time.monotonic() >= deadline:
            return None
        repeats = length // len(unit)
        if _is_slow(compiled, begin + unit * repeats + end):
            before = f"{decode(begin)!r}, " if begin else ""
            return f"{before}{repeats:,} times {decode(unit)!r}, {decode(end)!r}"
    return None


def _is_slow(compiled: regex.Pattern[bytes], text: bytes) -> bool:
    """Whether it takes too long on *text*, twice: once may be the fault of a busy machine."""
    for _ in range(2):
        try:
            compiled.match(text, timeout=SLOW_SECONDS)
        except TimeoutError:
            continue
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Attack:
    """What texts that an expression may be slow on begin with, what is repeated in them, and what they end with."""

    begins: tuple[bytes, ...]
    units: tuple[bytes, ...]
    ends: tuple[bytes, ...]


def _attack(source: bytes) -> _Attack:
    """
    The parts of the texts that the expression *source* is tried on.

    Few expressions match a null byte, so that behind many repeats they go back and try others. But `regex` gives up
    early on a text without a string that each match holds; so in half of the texts all literals come last.
    """
    import regex  # see `syntax._regex_type`

    text = regex.sub(rb"\\[A-Za-z]|\(\?[a-zA-Z<>=!:]*", b" ", source)  # without the letters that are syntax
    text = regex.sub(rb"[()\[\]{}*+?|^$\\]+", b"", text)
    characters = dict.fromkeys([b"a", b"0", b" "])
    characters.update((bytes([byte]), None) for byte in text)
    singles = tuple(characters)[:12]
    pairs = tuple(first + second for first, second in itertools.permutations(singles[:5], 2))
    words = tuple(dict.fromkeys(regex.findall(rb"[A-Za-z0-9]{3,}", text)))[:4]
    start = regex.match(rb"(?:[^\\()\[\]{}*+?|^$.](?![*+?{]))*+", source)
    begins = (b"", start[0]) if start and start[0] else (b"",)
    ends = (b"\x00", b"\x00" + text.strip()) if text.strip() else (b"\x00",)
    return _Attack(begins, singles + pairs + words, ends)
