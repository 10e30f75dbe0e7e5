"""
Learner: templates out of raw lines, in a few passes over the input.

The first pass samples lines and finds the header. The second takes the header off and samples messages; templates are
made of them (`templates_of`). Then an engine matches all lines; what it leaves over is sampled as well, and templates
are made of both. So the cost of learning goes with the number of different messages in the samples, and every line is
looked at by the engine: it has a template, or it is counted with the reason why not.

All choices are made by the lines themselves and never by their order: the result is the same whatever that is.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from logmatch.engine import Engine, make_engine
from logmatch.learn.header import find_header
from logmatch.learn.header_pattern import header_pattern
from logmatch.learn.remarks import are_objects, is_object, remarks, remarks_on
from logmatch.learn.sample import Sample
from logmatch.learn.templates_of import Samples, decode, learn_templates
from logmatch.program import compile_program
from logmatch.templates.model import Field, Pattern
from logmatch.templates.template import Example, Template
from logmatch.templates.types import TYPES

Blocks = Callable[[], Iterable[bytes]]
"""Reads the input from its beginning, as blocks of whole lines; called once for each pass."""

Step = Callable[[str], None]
"""Is told what the learner does now."""

_LINES_FOR_HEADER = 4_000
_LINES_SHOWN = 1_000
_MESSAGES = 20_000
_MESSAGES_MORE = 4_000
"""Of the messages that the templates so far do not match."""
_BUDGET = 4 << 20
"""Bytes of messages in a sample: their tokens take about forty times as much memory."""
_LONGEST = 8 << 10
"""Longer lines are documents and no messages: they are matched, but not learned from."""
_ROUNDS = 6
_TOO_MANY = 0.8
"""A round that leaves more than this share of what was left over before it is the last: all these lines differ."""
_EXAMPLES = 2
_NO_RECORDS = "--multiline has no effect: without a header every line is a record"
_MESSAGE = "\x00message"
"""The name of the field that takes the message while the header is taken off; no pattern can say it."""


@dataclass(frozen=True, slots=True)
class LearnOptions:
    """What to learn, and what to leave out."""

    known: Sequence[Template] = ()
    """Lines that these match are not learned from."""
    header: Pattern | None = None
    """The header that messages have; with no items: there is none; None: it is found."""
    min_count: int = 1
    max_templates: int | None = None
    multiline: bool = False
    """Whether lines without the header continue the record before them: they are counted, and not learned from."""


@dataclass(frozen=True, slots=True)
class Learned:
    """A template, and how many lines it has."""

    template: Template
    lines: int


@dataclass(frozen=True, slots=True)
class Result:
    """What was learned."""

    header: Pattern | None
    templates: tuple[Learned, ...]
    """The most frequent first."""
    lines: int
    known: int
    """Lines that known templates match."""
    left_over: dict[str, int]
    """Lines without a template by the reason why."""
    searched: bool = True
    """Whether the header was looked for, and not given."""
    notes: tuple[str, ...] = ()
    """What a person should know about these lines."""
    sample: tuple[bytes, ...] = ()
    """Some of the lines that were learned from."""
    multiline: bool = False
    """Whether lines without the header were taken for parts of the records before them."""


def learn(blocks: Blocks, options: LearnOptions = LearnOptions(), step: Step = lambda _: None) -> Result:
    """Learn templates from the lines that *blocks* reads."""
    return _Learner(blocks, options, step).run()


@dataclass(slots=True)
class _Matched:
    """What an engine made of all lines."""

    counts: Counter[int] = field(default_factory=Counter)
    examples: dict[int, list[tuple[int, bytes]]] = field(default_factory=dict)
    left_over: int = 0
    long: int = 0
    """Lines that nothing matches and that are longer than `_LONGEST`."""


class _Learner:
    def __init__(self, blocks: Blocks, options: LearnOptions, step: Step) -> None:
        self._blocks = blocks
        self._options = options
        self._step = step
        self._known = _engine(options.known) if options.known else None
        self._lines = self._known_lines = self._blank = self._bare_lines = self._continuing = 0
        self._raw: list[bytes] = []
        self._first_pass = True
        self._objects = False
        """Whether nearly all lines are JSON objects, which one template takes as they are."""
        self._headed = [Sample(_MESSAGES, _BUDGET)]
        self._bare = [Sample(_MESSAGES, _BUDGET)]

    def run(self) -> Result:
        self._step("finding the header")
        raw = self._sample_lines()
        header = self._header(raw)
        splitter = _Splitter(header, others_continue=self._options.multiline)
        self._step("sampling messages")
        self._sample_messages(splitter)
        rounds, left_over = 1, self._lines
        while True:
            templates, matched = self._round(header, splitter)
            if not matched.left_over or matched.left_over > _TOO_MANY * left_over or rounds == _ROUNDS:
                return self._result(header, templates, matched)
            rounds, left_over = rounds + 1, matched.left_over

    def _round(self, header: Pattern | None, splitter: _Splitter) -> tuple[list[Template], _Matched]:
        """Learn templates from the samples, and match all lines with them."""
        self._step("learning")
        samples = Samples(_together(self._headed), _together(self._bare))
        templates = learn_templates(samples, header, [template.id for template in self._options.known])
        if self._objects:
            templates.append(Template("json-object", Pattern((Field("record", TYPES["json"]),))))
        self._step("matching all lines")
        return templates, self._match(templates, splitter)

    def _sample_lines(self) -> list[str]:
        sample = Sample(_LINES_FOR_HEADER, _BUDGET)
        for line in self._unknown():
            if len(line) <= _LONGEST:
                sample.add(line)
        self._raw = [line for line, _ in sample.items()]
        self._objects = "json" in TYPES and are_objects(self._raw)
        return [decode(line) for line in self._raw]

    def _header(self, lines: Sequence[str]) -> Pattern | None:
        if self._options.header is not None:
            return self._options.header if self._options.header.items else None
        header = find_header(lines)
        return header_pattern(header, lines) if header.elements else None

    def _unknown(self) -> Iterator[bytes]:
        """Yield the lines that are not blank and that no known template matches; count the others."""
        self._lines = self._known_lines = self._blank = 0
        known = self._known
        for block in self._blocks():
            lines = block.split(b"\n")
            if not lines[-1]:
                lines.pop()
            self._lines += len(lines)
            for line in lines:
                text = line.removesuffix(b"\r").rstrip(b" \t")
                if not text:
                    self._blank += 1
                elif known is not None and known.match(text) is not None:
                    self._known_lines += 1
                else:
                    yield text

    def _unknown_beginnings(self, splitter: _Splitter) -> Iterator[bytes]:
        """Yield the unknown lines that begin a record; count the others."""
        self._continuing = 0
        for line in self._unknown():
            if splitter.begins(line):
                yield line
            else:
                self._continuing += 1

    def _sample_messages(self, splitter: _Splitter) -> None:
        for line in self._unknown_beginnings(splitter):
            self._add(line, splitter)
        self._first_pass = False

    def _add(self, line: bytes, splitter: _Splitter) -> None:
        """Add a line to the last of its samples."""
        if len(line) > _LONGEST or (self._first_pass and self._objects and is_object(line)):
            return
        message = splitter.message(line)
        if message is None:
            self._bare_lines += self._first_pass
            self._bare[-1].add(line)
        else:
            self._headed[-1].add(message)

    def _match(self, templates: Sequence[Template], splitter: _Splitter) -> _Matched:
        """Match all lines; add those that nothing matches to the samples."""
        found = _Matched()
        self._headed.append(Sample(_MESSAGES_MORE, _BUDGET))
        self._bare.append(Sample(_MESSAGES_MORE, _BUDGET))
        program = compile_program(templates)
        engine = make_engine(program)
        numbers = [variant.template_number for variant in program.variants]
        for line in self._unknown_beginnings(splitter):
            match = engine.match(line)
            if match is None:
                if len(line) > _LONGEST:
                    found.long += 1
                else:
                    found.left_over += 1
                self._add(line, splitter)
                continue
            number = numbers[match[0]]
            found.counts[number] += 1
            examples = found.examples.setdefault(number, [])
            rank = (len(line), line)
            if (len(examples) < _EXAMPLES or rank < examples[-1]) and rank not in examples and _is_text(line):
                examples.append(rank)
                examples.sort()
                del examples[_EXAMPLES:]
        if self._blank and (match := engine.match(b"")) is not None:
            found.counts[numbers[match[0]]] += self._blank
            self._blank = 0
        return found

    def _result(self, header: Pattern | None, templates: Sequence[Template], matched: _Matched) -> Result:
        options = self._options
        order = sorted(matched.counts, key=lambda number: (-matched.counts[number], str(templates[number].pattern)))
        rare = [number for number in order if matched.counts[number] < options.min_count]
        frequent = [number for number in order if matched.counts[number] >= options.min_count]
        beyond = [] if options.max_templates is None else frequent[options.max_templates :]
        kept = frequent[: len(frequent) - len(beyond)]
        left_over = {
            "blank": self._blank,
            "that continue the record before them": self._continuing,
            f"of kinds with fewer than {options.min_count} lines": sum(matched.counts[number] for number in rare),
            f"of kinds beyond the {options.max_templates} most frequent": sum(matched.counts[n] for n in beyond),
            f"longer than {_LONGEST:,} bytes": matched.long,
            "of no kind that a template could be made of": matched.left_over,
        }
        learned = tuple(
            Learned(_with_examples(templates[number], matched.examples.get(number, ())), matched.counts[number])
            for number in kept
        )
        used = any(learn.template.header is not None for learn in learned)
        return Result(
            header if used else None,
            learned,
            self._lines,
            self._known_lines,
            {reason: lines for reason, lines in left_over.items() if lines},
            options.header is None,
            (
                *remarks(self._raw, bare=list(_together(self._bare)), bare_lines=self._bare_lines if used else 0),
                *remarks_on([matched.counts[number] for number in order]),
                *([_NO_RECORDS] if options.multiline and not used else []),
            ),
            tuple(sorted(self._raw, key=zlib.crc32)[:_LINES_SHOWN]),
            options.multiline and used,
        )


class _Splitter:
    """
    Takes the header off lines.

    Args:
        header: None: lines have none.
        others_continue: whether lines without the header begin no record.
    """

    def __init__(self, header: Pattern | None, *, others_continue: bool = False) -> None:
        rest = Pattern((Field(_MESSAGE, TYPES["rest"]),))
        self._engine = None if header is None else _engine([Template("header", rest, header)])
        self._others_continue = others_continue

    def begins(self, line: bytes) -> bool:
        """Tell whether *line* begins a record."""
        return not self._others_continue or self._engine is None or self._engine.match(line) is not None

    def message(self, line: bytes) -> bytes | None:
        """Return the message of a line, or None if it has no header, or nothing after it."""
        if self._engine is None:
            return line
        found = self._engine.match(line)
        return found[1][-1] or None if found is not None else None


def _together(samples: Iterable[Sample]) -> dict[bytes, int]:
    """Return the texts of all samples with their counts, sorted."""
    counts: Counter[bytes] = Counter()
    for sample in samples:
        counts.update(dict(sample.items()))
    return dict(sorted(counts.items()))


def _engine(templates: Collection[Template]) -> Engine:
    return make_engine(compile_program(list(templates)))


def _with_examples(template: Template, examples: Iterable[tuple[int, bytes]]) -> Template:
    return replace(template, match=tuple(Example(line.decode()) for _, line in examples))


def _is_text(line: bytes) -> bool:
    try:
        return line.decode().isprintable() or b"\t" in line
    except UnicodeDecodeError:
        return False
