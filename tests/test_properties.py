"""
What holds for any templates and any lines: engines agree, texts round-trip, parsers are total, records are JSON.

The strategies draw templates as models: a few bases, variations of them that begin alike, one or two headers, optional
parts, priorities. Lines are put together from the items of a variant, and then changed here and there, since random
bytes match nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from unittest import mock

import orjson
import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st
from support import ENGINES, HAS_KERNEL, examples, first_match, run_worker

from logmatch.engine import make_engine
from logmatch.engine.portable import buckets, expression, prefilter, prefixes, split
from logmatch.engine.portable.engine import PortableEngine
from logmatch.engine.reference import ReferenceEngine
from logmatch.errors import TemplateSyntaxError
from logmatch.output.batch import Batch
from logmatch.output.block_writer import make_block_writer
from logmatch.output.json_text import json_string
from logmatch.output.jsonl import json_number
from logmatch.output.record_options import RecordOptions
from logmatch.output.table import TableOptions, Tables, schema_of
from logmatch.program import Variant, compile_program
from logmatch.templates.field_type import ByteSet, TypeList
from logmatch.templates.model import (
    ANY,
    DROPPED,
    FLOAT,
    INT,
    PATH,
    PERCENT,
    QUOTED,
    REST,
    TYPES,
    WORD,
    Alternatives,
    Field,
    FieldType,
    Item,
    Literal,
    NamedType,
    OptionalPart,
    Pattern,
    RegexType,
    WordList,
)
from logmatch.templates.pattern import PatternParser, parse_foreign_pattern, parse_pattern
from logmatch.templates.pattern_rules import check_fields
from logmatch.templates.template import Template
from logmatch.templates.types import named_type

OTHERS = ENGINES[1:]
"""The engines that must agree with the reference."""

each_other_engine = pytest.mark.parametrize("other", OTHERS)

# Templates.

PIECES = [
    *(b"a", b"b", b" ", b"1", b".", b":", b"-", b'"', b"\\", b"/", b"x", b"0", b"%", b"e", b"=", b"\t", b"\xff", b"\r"),
    *(b"12:34", b"::", b"1.2.3.4", b"://", b"a/", b": ", b"ab", b"aab", b'"a"', b"\xc3\xa4", b"\x00", b"<", b"}}"),
]
"""What literals and lines are made of: few, so that texts meet again."""

SAMPLES: dict[str, list[bytes]] = {
    "any": [b"", b"a", b"a b", b": ", b"1"],
    "word": [b"a", b"a:b", b"1-", b"\xff", b'"'],
    "path": [b"/a", b"~", b"c:/a", b"/"],
    "url": [b"a://b", b"ab+1://a/b", b"a:///"],
    "ws": [b"", b" ", b" \t"],
    "int": [b"1", b"-10", b"+007", b"0"],
    "float": [b"1", b".5", b"-1.50", b"1e-1"],
    "percent": [b"1%", b"00.5%"],
    "hex": [b"0x1a", b"ab", b"0"],
    "ipv4": [b"1.2.3.4", b"255.0.0.10"],
    "ipv6": [b"::", b"::1", b"a::1.2.3.4", b"1:2:3:4:5:6:7:8"],
    "ip": [b"1.2.3.4", b"::1"],
    "mac": [b"00:1b:44:11:3a:b7", b"00-1b-44-11-3a-b7"],
    "uuid": [b"123e4567-e89b-12d3-a456-426614174000"],
    "host": [b"a", b"a-1.b", b"1.2.3.4"],
    "quoted": [b'""', b'"a b"', b'"\\""', b'"\\\\"'],
    "date": [b"2024-05-31", b"2024/05/31"],
    "time": [b"12:34", b"12:34:56.1"],
    "iso8601": [b"2024-05-31T12:34:56Z", b"2024-05-31 12:34"],
    "syslogtime": [b"May  3 12:34:56"],
    "clftime": [b"31/May/2024:12:34:56 +0200"],
}
"""For named types, texts that they take besides those of their facts."""

WORD_LISTS = [WordList((b"a", b"ab", b"1")), WordList((b"a b", b"x")), WordList((b"1", b"b"))]
REGEXES = [RegexType(b"[ab]+|1*"), RegexType(b"(?<= )a|.(?=:)")]

pieces = st.sampled_from(PIECES)
literals = st.lists(pieces, min_size=1, max_size=2).map(lambda parts: Literal(b"".join(parts)))
WITH_ARGUMENT = [
    named_type(name)
    for name in (
        *("csv(;)", "quoted(')", "escaped(|)", "kv(;)", "kv(, :)", "kv(cef)", "time(%H:%M)", "time(%d/%b/%y %I:%M %p)"),
        "time(%S%L)",
    )
]
NAMED = [type_ for type_ in TYPES.values() if type_ != REST]

byte_sets = st.builds(
    lambda members, least, more: ByteSet(bytes(sorted(members)), least, None if more is None else least + more or 1),
    st.one_of(
        st.sets(st.sampled_from(b"ab1 :.-x"), min_size=1),
        st.sets(st.sampled_from(b"ab1 :.-x\xff\n")).map(lambda excluded: {*range(256)} - excluded - {0x0A}),
    ),
    st.sampled_from([0, 1, 1, 1, 2]),
    st.sampled_from([None, None, 0, 1, 3]),
)


def type_lists(named: Sequence[NamedType]) -> st.SearchStrategy[TypeList]:
    """Lists of types, some of which take `-` for null."""
    output = [type_ for type_ in named if type_.facts.is_output and not type_.facts.is_free]
    words = st.sampled_from([b"a", b"ab", b"-", b"1", b"N/A", b"int", b"a b"])
    items = st.lists(st.one_of(st.sampled_from(output), byte_sets, words), min_size=1, max_size=3, unique=True)
    nullable = st.builds(TypeList, items.map(tuple), st.booleans()).filter(
        lambda made: made.nullable or (len(made.items) > 1 and not all(isinstance(item, bytes) for item in made.items))
    )
    return st.one_of(nullable, nullable, st.sampled_from([TypeList((WORD,), True), TypeList((PATH,), True)]))


def types_of_fields(named: Sequence[NamedType]) -> st.SearchStrategy[FieldType]:
    """Types of fields; free ones often, since they are what makes matching hard."""
    usual: st.SearchStrategy[FieldType] = st.sampled_from([*[ANY] * 8, *[WORD] * 6, *named])
    return st.one_of(usual, usual, usual, st.sampled_from(WORD_LISTS), byte_sets, type_lists(named))


types: st.SearchStrategy[FieldType] = types_of_fields([*NAMED, *WITH_ARGUMENT])
types_with_regexes: st.SearchStrategy[FieldType] = st.one_of(*[types] * 7, st.sampled_from(REGEXES))


@st.composite
def item_lists(draw: st.DrawFn, max_size: int, of: st.SearchStrategy[FieldType] = types_with_regexes) -> list[Item]:
    """Items of a pattern; no two literals are neighbours, one part may be optional, or alternatives."""
    fields = st.builds(Field, st.sampled_from([None, None, None, DROPPED]), of)
    items: list[Item] = []
    for _ in range(draw(st.integers(1, max_size))):
        after_literal = bool(items) and isinstance(items[-1], Literal)
        items.append(draw(fields if after_literal else st.one_of(literals, fields)))
    if draw(st.integers(0, 3)) == 0:
        parts = [(draw(literals), draw(fields)), (draw(fields),), (draw(fields), draw(literals))]
        made: Item = OptionalPart(draw(st.sampled_from(parts)))
        way = draw(st.integers(0, 4))
        if way == 0:
            made = Alternatives((draw(st.sampled_from(parts)), draw(st.sampled_from(parts))))
        elif way == 1:
            made = OptionalPart((draw(literals), made))
        items.insert(draw(st.integers(0, len(items))), made)
    return items


@st.composite
def template_lists(
    draw: st.DrawFn, max_bases: int = 5, of: st.SearchStrategy[FieldType] = types_with_regexes
) -> list[Template]:
    """Templates, of which many begin alike."""
    lists = draw(st.lists(item_lists(5, of), min_size=1, max_size=max_bases))
    for base in list(lists):
        if draw(st.booleans()):
            other = list(base)
            other[draw(st.integers(0, len(base) - 1))] = draw(st.one_of(literals, st.builds(Field, st.none(), of)))
            lists.append(other)
    headers: list[Pattern | None] = [None]
    header_lists = draw(st.lists(item_lists(4, of), max_size=2))
    headers += [Pattern(tuple(items)) for items in header_lists]
    if len(headers) == 2:
        del headers[0]  # one header for all, as it mostly is
    return [
        Template(
            f"t{number}",
            Pattern(_joined(items)),
            draw(st.sampled_from(headers)),
            draw(st.sampled_from([0, 0, 0, 0, 1, -1])),
        )
        for number, items in enumerate(lists)
    ]


def _joined(items: Sequence[Item]) -> tuple[Item, ...]:
    """*items* with literals that are neighbours made one, as in a parsed pattern."""
    joined: list[Item] = []
    for item in items:
        if isinstance(item, Literal) and joined and isinstance(before := joined[-1], Literal):
            joined[-1] = Literal(before.text + item.text)
        else:
            joined.append(item)
    return tuple(joined)


# Lines.


def field_texts(type_: FieldType) -> st.SearchStrategy[bytes]:
    """Texts that *type_* takes, mostly."""
    if isinstance(type_, WordList):
        return st.sampled_from(type_.words)
    if isinstance(type_, RegexType):
        return st.sampled_from([b"", b"a", b"ab", b"11", b"x"])
    if isinstance(type_, ByteSet):
        return st.lists(st.sampled_from(type_.members), max_size=4).map(bytes)
    if isinstance(type_, TypeList):
        options = [st.just(each) if isinstance(each, bytes) else field_texts(each) for each in type_.options]
        return st.one_of(options)
    return st.sampled_from([*SAMPLES.get(type_.name, []), *type_.facts.samples])


@st.composite
def lines_of(draw: st.DrawFn, variants: Sequence[Variant]) -> bytes:
    """A line made of the items of one of *variants*, changed here and there."""
    noise = st.lists(pieces, min_size=1, max_size=3).map(b"".join)
    parts: list[bytes] = []
    for item in draw(st.sampled_from(variants)).items:
        if isinstance(item, Literal):
            parts.append(item.text)
        else:
            parts.append(draw(st.one_of(field_texts(item.type), field_texts(item.type), noise)))
    line = b"".join(parts)
    change = draw(
        st.sampled_from(["none", "none", "none", "insert", "delete", "repeat", "replace", "append", "blanks"])
    )
    at = draw(st.integers(0, len(line)))
    end = draw(st.integers(at, min(at + 6, len(line))))
    if change == "insert":
        line = line[:at] + draw(noise) + line[at:]
    elif change == "delete":
        line = line[:at] + line[end:]
    elif change == "repeat":
        line = line[:end] + line[at:]
    elif change == "replace":
        line = draw(st.lists(pieces, max_size=8).map(b"".join))
    elif change == "append":
        line += line[at:]
    elif change == "blanks":
        line = line[: draw(st.sampled_from([at, len(line)]))] + draw(st.sampled_from([b" ", b"\t", b"  ", b" \t  "]))
    return line


CONSTANTS = st.fixed_dictionaries(
    {},
    optional={
        "AUTOMATON_FROM": st.sampled_from([1, 2, 5]),
        "MAX_AMBIGUOUS": st.sampled_from([-1, 0, 1]),
        "MAX_BEGINNINGS": st.sampled_from([0, 2]),
        "MAX_ENDS": st.sampled_from([1, 2, 8]),
        "MAX_FACTOR": st.sampled_from([1, 10, 10**9]),
        "MAX_JOINED": st.sampled_from([0, 1, 3]),
        "MAX_KEYS": st.sampled_from([1, 2]),
        "MAX_SPLITS": st.sampled_from([0, 1]),
        "MIN_SPLIT": st.sampled_from([2, 100]),
        "MIN_SUFFIX": st.sampled_from([1, 2, 100]),
    },
)
"""Values that send small programs and few lines down the paths of large ones; MAX_FACTOR also those of long lines."""

_HOLDERS = (prefilter, expression, split, buckets, prefixes)


class constants:  # noqa: N801  # a context manager
    """Sets constants of the portable engine for a while."""

    def __init__(self, values: dict[str, int]) -> None:
        self._patches = [
            mock.patch.object(holder, name, value)
            for name, value in values.items()
            for holder in _HOLDERS
            if hasattr(holder, name)
        ]

    def __enter__(self) -> None:
        for patch in self._patches:
            patch.start()

    def __exit__(self, *_: object) -> None:
        for patch in self._patches:
            patch.stop()


@each_other_engine
@settings(max_examples=examples(100))
@given(st.data())
def test_engines_agree_on_any_templates_and_any_lines(other: str, data: st.DataObject) -> None:
    # One engine sees all lines of an example, so what it has learnt from some must not show in the next.
    program = compile_program(data.draw(template_lists(), label="templates"))
    lines = data.draw(st.lists(lines_of(program.variants), min_size=4, max_size=16), label="lines")
    reference = ReferenceEngine(program)
    with constants(data.draw(CONSTANTS, label="constants")):
        engine = make_engine(program, other)
        for line in lines:
            expected = reference.match(line)
            event("matched" if expected is not None else "unmatched")
            assert expected == engine.match(line)


@settings(max_examples=examples(100))
@given(st.data())
def test_many_lines_matched_at_once_get_what_each_gets_alone(data: st.DataObject) -> None:
    program = compile_program(data.draw(template_lists(), label="templates"))
    lines = data.draw(st.lists(lines_of(program.variants), min_size=1, max_size=16), label="lines")
    lines *= data.draw(st.sampled_from([1, 2, 5]), label="times")
    expected = dict(enumerate(map(ReferenceEngine(program).match, lines)))
    with constants(data.draw(CONSTANTS, label="constants")):
        engine = PortableEngine(program)
        for _ in range(2):
            found = dict.fromkeys(range(len(lines)))
            for number, places, values in engine.match_lines(lines):
                assert places
                for place, texts in zip(places, values, strict=True):
                    assert found[place] is None
                    found[place] = (number, texts)
            assert expected == found


@each_other_engine
@settings(max_examples=examples(50))
@given(st.data())
def test_engines_write_the_same_records(other: str, data: st.DataObject) -> None:
    program = compile_program(data.draw(template_lists(), label="templates"))
    lines = data.draw(st.lists(lines_of(program.variants), min_size=1, max_size=8), label="lines")
    options = RecordOptions(raw=data.draw(st.booleans()), offsets=data.draw(st.booleans()))
    text = b"".join(line + data.draw(st.sampled_from([b"\n", b" \r\n"])) for line in lines * 4)
    expected, found = (run_worker(program, name, text, options) for name in ("reference", other))
    assert expected == found


@pytest.mark.skipif(not HAS_KERNEL, reason="the kernel is not built")
@settings(max_examples=examples(50))
@given(st.data())
def test_engines_write_the_same_tables(data: st.DataObject) -> None:
    program = compile_program(data.draw(template_lists(), label="templates"))
    lines = data.draw(st.lists(lines_of(program.variants), min_size=1, max_size=8), label="lines")
    record = RecordOptions(raw=data.draw(st.booleans()), offsets=data.draw(st.booleans()))
    options = TableOptions(data.draw(st.sampled_from(Tables)), data.draw(st.booleans()), data.draw(st.booleans()))
    schema = schema_of(program, record, options)
    made = []
    for engine in ("reference", "native"):
        writer = make_block_writer(program, schema, record, by_columns=engine == "native")
        writer.begin("-")
        writer.write(Batch(make_engine(program, engine).match_batch(b"\n".join(lines * 3)), 1))
        made.append((bytes(writer.take()[0]), writer.replaced, writer.numbers_as_text))
    assert made[0] == made[1]


@each_other_engine
@settings(max_examples=examples(30))
@given(st.data())
def test_engines_agree_on_any_bytes(other: str, data: st.DataObject) -> None:
    program = compile_program(data.draw(template_lists()))
    engine, reference = make_engine(program, other), ReferenceEngine(program)
    for line in data.draw(st.lists(st.binary(max_size=30), max_size=8)):
        line = line.replace(b"\n", b"")
        assert reference.match(line) == engine.match(line)


@each_other_engine
@settings(max_examples=examples(15))
@given(st.data())
def test_engines_agree_on_many_templates_that_begin_alike(other: str, data: st.DataObject) -> None:
    # Enough of them for every table, filter and cache, without any constant changed.
    base = data.draw(template_lists(3, types))
    after = [Literal(b"%c%d" % (97 + number % 3, number)) for number in range(40)]
    templates = [
        Template(f"t{number}-{place}", Pattern(_joined([*template.pattern.items, more])), template.header)
        for place, template in enumerate(base)
        for number, more in enumerate(after)
    ]
    program = compile_program(templates)
    engine, reference = make_engine(program, other), ReferenceEngine(program)
    for line in data.draw(st.lists(lines_of(program.variants), min_size=10, max_size=25)):
        assert reference.match(line) == engine.match(line)


@each_other_engine
@settings(max_examples=examples(40))
@given(st.data())
def test_a_long_line_gets_the_answer_of_a_short_one(other: str, data: st.DataObject) -> None:
    # Longer than what hard expressions are used for: `expression.longest_line`.
    program = compile_program(data.draw(template_lists(2, types)))
    engine, reference = make_engine(program, other), ReferenceEngine(program)
    for _ in range(3):
        line = data.draw(lines_of(program.variants))
        at = data.draw(st.integers(0, len(line)))
        line = line[:at] + data.draw(pieces) * data.draw(st.sampled_from([40, 300, 1100])) + line[at:]
        assert reference.match(line) == engine.match(line)


@settings(max_examples=examples(100))
@given(st.data())
def test_the_reference_gives_the_answer_of_the_plain_definition(data: st.DataObject) -> None:
    templates = data.draw(template_lists(2), label="templates")
    program = compile_program(templates)
    engine = ReferenceEngine(program)
    for line in data.draw(st.lists(lines_of(program.variants), min_size=1, max_size=3), label="lines"):
        found = engine.match(line)
        expected = first_match(templates, line)
        if found is None:
            assert expected is None
        else:
            template = program.template_of(found[0])
            names = [template.names[slot] for slot in program.variants[found[0]].slots]
            values = [(name, text) for name, text in zip(names, found[1], strict=True) if name is not None]
            assert expected == (template.id, values)


# Texts of patterns.

names = st.one_of(
    st.none(),
    st.just(DROPPED),
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,4}", fullmatch=True),
    st.sampled_from(["ä", "名"]),
)
literal_texts = st.one_of(
    st.lists(
        st.sampled_from(["<", ">", "<<", "</", "?>", "*", "a", ":", "/", "\\", " ", "é", "😀", "\r"]), min_size=1
    ).map("".join),
    st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1, max_size=8),
)
words = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\n<>|"), min_size=1, max_size=4),
    min_size=2,
    max_size=4,
    unique=True,
).filter(lambda texts: not texts[0].startswith("/"))
field_types: st.SearchStrategy[FieldType] = st.one_of(
    st.sampled_from([type_ for type_ in TYPES.values() if type_ != REST]),
    words.map(lambda texts: WordList(tuple(text.encode() for text in texts))),
    st.sampled_from([b"a", b"", rb"\/", rb"[<>]\/>", b"\xff|>", rb"\\", "é|:".encode()]).map(RegexType),
)


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    """Any pattern that a text can stand for."""
    literal = st.one_of(literal_texts.map(str.encode), st.binary(min_size=1, max_size=4)).map(
        lambda text: Literal(text.replace(b"\n", b"?"))
    )
    items = st.one_of(literal, st.builds(Field, names, field_types))
    parts = st.lists(items, min_size=1, max_size=3).map(_joined)
    structures = st.one_of(
        parts.map(OptionalPart),
        st.lists(parts, min_size=2, max_size=3).map(lambda choices: Alternatives(tuple(choices))),
        st.lists(st.one_of(items, parts.map(OptionalPart)), min_size=1, max_size=3).map(_joined).map(OptionalPart),
    )
    return Pattern(_joined(draw(st.lists(st.one_of(items, items, structures), max_size=6))))


@settings(max_examples=examples(200))
@given(patterns())
@example(Pattern((Literal(b"<"), Field("a"), Literal(b"<<"))))
def test_the_text_of_a_pattern_is_parsed_to_the_same_pattern(pattern: Pattern) -> None:
    assert pattern == parse_pattern(str(pattern))


SYNTAX = [" ", *re.findall(r"\S+", r"< > << </?> <?> <*> <_:ws> : / | \ a b _ * int rest [ ( ) +")]
OPENINGS = ["<a", "<b:", "<c:/", "/>", "<*:", "<NUM>", "<:IP:>", "\n", "é", "\udcff"]


def _cut(pattern: Pattern, at: int, more: str) -> str:
    return str(pattern)[:at] + more


pattern_texts = st.one_of(
    st.lists(st.one_of(st.sampled_from(SYNTAX), st.sampled_from(OPENINGS))).map("".join),
    patterns().map(str),
    st.builds(_cut, patterns(), st.integers(0, 30), st.sampled_from(SYNTAX)),
    st.text(),
    st.from_regex(r"<[a-c]:/[][(){}?*+|^$.\\pPxabc<>=!:&~-]{0,12}/>", fullmatch=True),
)


@settings(max_examples=examples(200))
@given(pattern_texts)
@example("<a:/(?<n>a)(?<n>b)/>")
@example("<a:/a{99999999999999999999}/>")
@example("<a:/\\N{x}/>")
@example("<a:/[[a]]||[--b]/>")
def test_a_text_is_a_pattern_or_our_error_with_a_place_in_it(text: str) -> None:
    try:
        pattern = parse_pattern(text)
        check_fields(None, pattern)
    except TemplateSyntaxError as error:
        _check_error(error, text)
    else:
        assert pattern == parse_pattern(str(pattern))


@settings(max_examples=examples(200))
@given(st.one_of(st.none(), patterns()), patterns())
def test_a_header_and_a_pattern_fit_or_are_our_error_with_a_place_in_one_of_them(
    header: Pattern | None, pattern: Pattern
) -> None:
    try:
        check_fields(header, pattern)
    except TemplateSyntaxError as error:
        _check_error(error, str(header), str(pattern))
    else:
        assert 1 <= len(compile_program([Template("t", pattern, header)]).variants) <= 256


def _check_error(error: TemplateSyntaxError, *texts: str) -> None:
    """Check that *error* says what to do, and that its place is a span of one of *texts* (or of its beginning)."""
    assert error.message
    assert error.hint
    location = error.location
    assert location is not None
    assert location.text is not None
    whole = [text for text in texts if text.startswith(location.text)]
    assert whole
    assert 0 <= location.start < location.end <= max(map(len, whole))
    assert str(error)


@settings(max_examples=examples(150))
@given(pattern_texts)
def test_a_text_of_another_tool_is_always_a_pattern_but_for_a_line_break(text: str) -> None:
    try:
        pattern = parse_foreign_pattern(text)
    except TemplateSyntaxError as error:
        assert "\n" in text
        _check_error(error, text)
    else:
        assert "\n" not in text
        assert pattern == parse_pattern(str(pattern))
        fields = [field.name for field in pattern.fields() if field.name not in (None, DROPPED)]
        assert len(fields) == len(set(fields))


@pytest.mark.parametrize("foreign", [False, True])
@settings(max_examples=examples(150))
@given(texts=st.lists(pattern_texts, min_size=1, max_size=4), headers=st.lists(patterns(), max_size=2))
@example(texts=["<a> b<?> c <n:int></?>", "<a> d<?> c <n:int></?>", "<a> d<?> c <a></?>"], headers=[])
@example(texts=["<a:rest>", "<a:rest> b"], headers=[])
@example(texts=["<a:/<b>/>", "<b>", "<a:/x>y/>", "<<b>", "<b", "<b><b>", "<?></?>", "<?><?>b</?></?>"], headers=[])
@example(texts=["<*> <NUM> <:IP:>", "<<*>>", "<a> <a>", "<NUM", "<*:int> <*:nothing> <b:int>"], headers=[])
@example(texts=["<a> <a>", "<a> c <a>", "<a> <a:int>", "<a> b <a:int>"], headers=[])
@example(texts=["<a> b", "<a> b"], headers=[Pattern((Field("b"),)), Pattern((Field("a"),))])
def test_one_parser_for_many_patterns_answers_as_one_for_each(
    foreign: bool, texts: list[str], headers: list[Pattern]
) -> None:
    parser = PatternParser(foreign=foreign)
    for header in (None, *headers, None):
        for text in texts:
            alone = _foreign_alone if foreign else _alone
            assert _answer(alone, text, header) == _answer(parser.parse, text, header)


def _alone(text: str, header: Pattern | None) -> Pattern:
    pattern = parse_pattern(text)
    check_fields(header, pattern)
    return pattern


def _foreign_alone(text: str, header: Pattern | None) -> Pattern:
    pattern = parse_foreign_pattern(text)
    check_fields(header, pattern)
    return pattern


def _answer(
    parse: Callable[[str, Pattern | None], Pattern], text: str, header: Pattern | None
) -> Pattern | tuple[object, ...]:
    try:
        return parse(text, header)
    except TemplateSyntaxError as error:
        return error.message, error.location, error.hint


@pytest.mark.parametrize("text", ["\ud800", "a<<\udfff", "<a:\ud800|b>", "<a:/\ud800/>", "<\ud800>"])
def test_half_a_surrogate_pair_that_stands_for_no_byte_is_our_error(text: str) -> None:
    # A JSON file can hold one. "\udc80" to "\udcff" stand for bytes that were not UTF-8.
    with pytest.raises(TemplateSyntaxError) as caught:
        parse_pattern(text)
    _check_error(caught.value, text)


# Records.

UTF_8_PIECES = [
    *(b"\xef\xbf\xbd", b"\xef", b"\xbf", b"\xc3", b"\xa4", b"\xf0\x9f\x98\x80", b"\xf0\x9f", b"\xed\xa0\x80"),
    *(b"a", b'"', b"\\", b"\x1f", b"\x7f"),
]
values = st.one_of(
    st.binary(max_size=20),
    st.text(max_size=10).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(st.sampled_from(UTF_8_PIECES)).map(b"".join),
)


def _new_replacements(text: bytes) -> int:
    """How many U+FFFD `decode` makes of *text* that did not stand in it."""
    count = 0
    while True:
        try:
            text.decode()
        except UnicodeDecodeError as error:
            # What is wrong here becomes one of them, and reading goes on after it.
            text = text[error.end :]
            count += 1
        else:
            return count


@settings(max_examples=examples(150))
@given(values)
@example(b"\xef\xbf\xbd\xff")
def test_text_is_a_json_string_of_what_it_says_in_utf_8(text: bytes) -> None:
    encoded, replaced = json_string(text)
    assert text.decode("utf-8", "replace") == orjson.loads(encoded) == json.loads(encoded.decode())
    assert _new_replacements(text) == replaced


numbers = st.from_regex(
    rb"[+-]?(?:[0-9]{1,30}(?:\.[0-9]{1,30})?|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,4})?", fullmatch=True
)


@settings(max_examples=examples(150))
@given(numbers)
@example(b"1" * 5000)
@example(b"+000.000e-000")
def test_a_number_is_json_and_keeps_every_digit(text: bytes) -> None:
    encoded = json_number(text).decode()
    loaded = json.loads(encoded, parse_int=Decimal, parse_float=Decimal)
    expected = Decimal(text.decode())
    assert expected.as_tuple() == loaded.as_tuple()
    digits = encoded.lstrip("-")
    assert digits[0] != "0" or not digits[1:2].isdigit()


FIELDS = [ANY, INT, FLOAT, PERCENT, QUOTED, WORD, TYPES["hex"], TYPES["host"]]


@settings(max_examples=examples(150))
@given(
    id_=st.text(max_size=5),
    names=st.lists(st.text(min_size=1, max_size=4), min_size=4, max_size=4, unique=True),
    field_types=st.lists(st.sampled_from(FIELDS), max_size=4),
    lines=st.lists(st.one_of(st.lists(st.one_of(numbers, values), max_size=6).map(b"|".join), values), max_size=4),
    options=st.builds(RecordOptions, with_file=st.booleans(), raw=st.booleans(), offsets=st.booleans()),
    data=st.data(),
)
def test_every_record_is_json_with_its_keys_in_order(
    id_: str,
    names: list[str],
    field_types: list[FieldType],
    lines: list[bytes],
    options: RecordOptions,
    data: st.DataObject,
) -> None:
    items: list[Item] = [Literal(b"|")]
    for name, type_ in zip(names, field_types, strict=False):
        items += [Field(name, type_), Literal(b"|")]
    program = compile_program([Template(id_, Pattern(tuple(items)))])
    samples = [b"", b"a\xff", b"1", b"-0.50", b"05%", b'"\\"\xe4"', b"0x1", b"a.b"]
    raws = [line.replace(b"\n", b"").removesuffix(b"\r") for line in lines]
    for _ in range(3):
        texts = data.draw(st.lists(st.sampled_from(samples), min_size=len(field_types), max_size=len(field_types)))
        raws.append(b"|" + b"".join(text + b"|" for text in texts))
    outputs = {
        engine: run_worker(program, engine, b"".join(raw + b"\r\n" for raw in raws), options) for engine in ENGINES
    }
    result = outputs["reference"]
    assert all(result.output == each.output and result.tally == each.tally for each in outputs.values())
    records = bytes(result.output).split(b"\n")
    assert b"" == records.pop()
    assert len(raws) == len(records)
    engine = ReferenceEngine(program)
    offset = matched = replaced = 0
    for number, (raw, record) in enumerate(zip(raws, records, strict=True), 1):
        found = engine.match(raw)
        expected: list[tuple[str, object]] = [("file", "-")] if options.with_file else []
        expected += [("line", Decimal(number)), ("template_id", None if found is None else id_)]
        if found is not None:
            matched += 1
            value_list: list[tuple[str, object]] = []
            for name, type_, text in zip(names, field_types, found[1], strict=False):
                if name == DROPPED:
                    continue
                if type_ in (INT, FLOAT, PERCENT):
                    value_list.append((name, Decimal(text.decode().removesuffix("%"))))
                else:
                    text = text[1:-1] if type_ == QUOTED else text
                    value_list.append((name, text.decode("utf-8", "replace")))
                    replaced += _new_replacements(text)
            expected.append(("values", value_list))
        if found is None or options.raw:
            expected.append(("raw", raw.decode("utf-8", "replace")))
            replaced += _new_replacements(raw)
        if options.offsets:
            expected.append(("offset", Decimal(offset)))
        offset += len(raw) + 2
        pairs = json.loads(record.decode(), object_pairs_hook=list, parse_int=Decimal, parse_float=Decimal)
        assert expected == pairs
    tally = result.tally
    assert (len(raws), matched, replaced) == (tally.lines, tally.matched, tally.replaced)
