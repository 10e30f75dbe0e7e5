"""Templates as values: from text, in sets, written as TOML and read again, pickled."""

from __future__ import annotations

import copy
import json
import pickle
import textwrap
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logmatch import errors
from logmatch.errors import Location, LogmatchError, TemplateErrors, TemplateSyntaxError, UsageError
from logmatch.templates.document import Format
from logmatch.templates.load import load_template_set, load_text_set, templates_from_patterns
from logmatch.templates.model import Pattern
from logmatch.templates.pattern import parse_pattern
from logmatch.templates.pattern_rules import check_fields
from logmatch.templates.template import Example, Header, Origin, Template, TemplateSet, TimeSource
from logmatch.templates.write import toml_string, write_toml

# From text


def test_a_template_takes_its_pattern_and_header_as_text() -> None:
    expected = Template("left", parse_pattern("user <u:word> left"), parse_pattern("<time:time> "))
    assert expected == Template(id="left", pattern="user <u:word> left", header="<time:time> ")


def test_the_lines_of_a_template_may_be_texts() -> None:
    template = Template("left", "user <u> left", match=["user a left"], tags=["x"], no_match=["user"])
    assert (Example("user a left"),) == template.match
    assert (("x",), ("user",)) == (template.tags, template.no_match)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            {"pattern": "user <u:wrd> left"},
            """\
            unknown type 'wrd'
              | user <u:wrd> left
              |         ^^^
            """,
        ),
        (
            {"pattern": "user <u> left", "header": "<u:word> "},
            """\
            the name 'u' is used twice (it is in the header)
              | user <u> left
              |      ^^^
            """,
        ),
        (
            {"pattern": "left", "header": "<all:rest> "},
            """\
            a header cannot hold a 'rest' field
              | <all:rest>\x20
              | ^^^^^^^^^^
            """,
        ),
    ],
)
def test_a_text_that_is_no_pattern_is_an_error_with_its_place(arguments: dict[str, str], expected: str) -> None:
    with pytest.raises(TemplateSyntaxError) as caught:
        Template("left", **arguments)  # type: ignore[arg-type]
    assert textwrap.dedent(expected) == str(caught.value).partition("  = help")[0]


# From patterns


def test_templates_from_patterns_have_the_ids_that_a_text_file_gives_them() -> None:
    patterns = ["user <u:word> left", "done"]
    from_file = load_text_set("\n".join(patterns), format=Format.TEXT, header="<time:time> ").templates
    assert from_file == templates_from_patterns(patterns, header="<time:time> ")


def test_templates_from_a_mapping_have_its_keys_as_ids() -> None:
    assert ("left", "in") == tuple(
        template.id for template in templates_from_patterns({"left": "user <u> left", "in": "user <u> in"})
    )


def test_all_that_is_wrong_with_patterns_is_raised_together() -> None:
    with pytest.raises(TemplateErrors) as caught:
        templates_from_patterns(["a <x:wrd>", "done", "b <", "done"])
    locations = [str(error.location) for error in caught.value.errors]
    assert ["pattern 1", "pattern 3", "pattern 4"] == locations
    assert caught.value.errors[2].message == "the same pattern is pattern 2"


def test_no_patterns_are_an_error() -> None:
    with pytest.raises(TemplateErrors, match="no pattern is given"):
        templates_from_patterns([])


@pytest.mark.parametrize("patterns", ["user <u> left", [b"user"], [None]])
def test_patterns_of_another_type_are_a_type_error(patterns: object) -> None:
    with pytest.raises(TypeError, match=r"patterns? "):
        templates_from_patterns(patterns)  # type: ignore[arg-type]


# Sets


def test_a_set_keeps_all_headers_of_all_files_and_their_names() -> None:
    templates = load_text_set(
        '[headers]\ndefault = "a "\nunused = "b "\n[[template]]\nid = "x"\npattern = "c"', name="t"
    )
    assert (Header("default", parse_pattern("a ")), Header("unused", parse_pattern("b "))) == templates.headers
    assert ["t", "t"] == [header.file for header in templates.headers]
    assert ["default"] == [template.header_name for template in templates.templates]


def test_headers_of_one_name_are_told_apart_in_one_file() -> None:
    a, b = parse_pattern("a "), parse_pattern("b ")
    headers = (Header("default", a, "1.toml"), Header("default", b, "2.toml"))
    templates = tuple(
        Template(name, "x", header, header_name="default") for name, header in (("1", a), ("2", b), ("3", a))
    )
    unique = TemplateSet(headers, templates).with_unique_header_names()
    assert (Header("default", a), Header("default-2", b)) == unique.headers
    assert ["default", "default-2", "default"] == [template.header_name for template in unique.templates]


TIMED = """[headers]
other = "<level:word> "

[headers.default]
pattern = "<x:word> <when:syslogtime> "
time = "when"
zone = "Europe/Berlin"
year = "2020"

[[template]]
id = "a"
pattern = "user <u:word>"

[[template]]
id = "b"
pattern = "group <g:word>"
header = ["default", "other"]
"""


def test_what_headers_say_of_times_is_written_back() -> None:
    templates = load_text_set(TIMED, format=Format.TOML)
    assert TIMED == write_toml(templates)
    berlin = TimeSource("when", "Europe/Berlin", "2020")
    assert [(berlin,), (berlin, TimeSource())] == [template.times for template in templates.templates]
    as_json = json.dumps(tomllib.loads(TIMED))
    assert templates == load_text_set(as_json, format=Format.JSON)


def test_headers_that_differ_in_their_times_are_told_apart_in_one_file() -> None:
    header = parse_pattern("<t:syslogtime> ")
    sources = TimeSource(zone="UTC"), TimeSource(zone="Europe/Berlin")
    templates = TemplateSet(
        templates=tuple(
            Template(f"t{number}", parse_pattern("x"), header, header_name="default", times=[source])
            for number, source in enumerate(sources)
        )
    )
    written = load_text_set(write_toml(templates), format=Format.TOML)
    assert [(source,) for source in sources] == [template.times for template in written.templates]


def test_a_header_without_a_name_gets_one() -> None:
    unique = TemplateSet((), (Template("1", "x", "a "),)).with_unique_header_names()
    assert (Header("header", parse_pattern("a ")),) == unique.headers


# Several headers, and names for types

SEVERAL = """
[headers]
old = "<time:syslogtime> <host:word> "
new = "<time:iso8601> <host:word> "

[types]
level = "DEBUG|INFO|WARN"
ticket = "/[A-Z]+-[0-9]+/"
who = "peer_name|int"
peer_name = 'ip|"none"'

[[template]]
id = "up"
pattern = "up <l:level> <t:ticket> <w:who?>"
header = ["old", "new"]
"""


@pytest.mark.parametrize("text", [SEVERAL, SEVERAL.replace("[types]", "[ types ] # plain no more\n'a b' = 'int'")])
def test_several_headers_are_alternatives_and_types_have_names(text: str) -> None:
    if "a b" in text:
        with pytest.raises(TemplateErrors, match="'a b' cannot be the name of a type"):
            load_text_set(text)
        return
    (template,) = load_text_set(text).templates
    assert ("old", "new") == template.header_name
    expected = parse_pattern("<(><time:syslogtime> <host:word> <|><time:iso8601> <host:word> </)>")
    assert expected == template.header
    assert parse_pattern("up <l:DEBUG|INFO|WARN> <t:/[A-Z]+-[0-9]+/> <w:ip?|none|int>") == template.pattern
    written = write_toml(load_text_set(text))
    assert 'header = ["old", "new"]' in written
    assert load_text_set(text) == load_text_set(written)


def test_types_of_one_file_hold_for_all_whatever_their_order(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[[template]]\nid = "a"\npattern = "<x:level>"\n')
    (tmp_path / "b.jsonl").write_text('{"types": {"level": "INFO|WARN"}}\n{"id": "b", "pattern": "b <y:level>"}\n')
    found = load_template_set([tmp_path]).templates
    assert ["<x:INFO|WARN>", "b <y:INFO|WARN>"] == [str(template.pattern) for template in found]


@pytest.mark.parametrize(
    ("types", "message"),
    [
        ('int = "word"', "there is a type 'int' already"),
        ('csv = "word"', "there is a type 'csv' already"),
        ("level = 5", "the type 'level' must be a text, not the number 5"),
        ('level = "wrd"', "unknown type 'wrd'"),
        ('a = "b"\nb = "a"', "unknown type 'b'"),
        ('level = ""', "this is no type"),
    ],
)
def test_what_is_wrong_with_a_name_of_a_type_is_said_at_its_place(types: str, message: str) -> None:
    with pytest.raises(TemplateErrors) as caught:
        load_text_set(f'[types]\n{types}\n[[template]]\nid = "a"\npattern = "b"\n', format=Format.TOML, name="t")
    error = caught.value.errors[0]
    assert (message, 2) == (error.message, error.location.line_number if error.location else None)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ('["a", "none"]', "this is no list of headers: 'a', 'none'"),
        ('["a", "a"]', "this is no list of headers: 'a', 'a'"),
        ('["a", "c"]', "unknown header 'c'"),
        ('["a", "empty"]', "one of several headers is empty"),
        ("[]", "'header' must be the name of a header, or a list of names, not a list"),
    ],
)
def test_what_is_wrong_with_a_list_of_headers_is_said(header: str, message: str) -> None:
    text = f'[headers]\na = "a "\nempty = ""\n[[template]]\nid = "x"\npattern = "b"\nheader = {header}\n'
    with pytest.raises(TemplateErrors) as caught:
        load_text_set(text, name="t")
    assert [message] == [error.message for error in caught.value.errors]


# Writing

names = st.from_regex(r"[a-z][a-z0-9_.-]{0,5}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
odd_texts = st.one_of(texts, st.text(st.sampled_from("\"'\\\n\r\t\b\f\x7f\x00#=[]<>{}, é"), max_size=12))
type_texts = st.sampled_from(
    [
        "",
        ":int?",
        ":[a-c]{2}",
        ":ip|host",
        ":kv(; =)",
        ":csv(\\t)",
        ":int",
        ":word",
        ":quoted",
        ":GET|a b|\\",
        r":/[^\"' ]+\/<>/",
        ":percent",
        ":ws",
    ]
)


@st.composite
def patterns(draw: st.DrawFn, prefix: str) -> Pattern:
    """Texts of literals, fields with names that begin with *prefix*, and optional parts."""
    pieces: list[str] = []
    for number in range(draw(st.integers(1, 4))):
        literal = draw(odd_texts).replace("\n", "").replace("<", "<<")
        field = f"<{draw(st.sampled_from(['*', '_', f'{prefix}{number}']))}{draw(type_texts)}>"
        piece = draw(st.sampled_from([literal, field, f"{literal}{field}"]))
        pieces.append(f"<?>{piece}</?>" if piece and draw(st.booleans()) else piece)
    text = "".join(pieces)
    if not text.strip():
        text = f"x{text}"
    pattern = parse_pattern(text)
    check_fields(None, pattern)
    return pattern


values = st.one_of(odd_texts, st.integers(), st.floats(allow_nan=False))
examples = st.builds(
    Example,
    odd_texts,
    st.none() | st.lists(st.tuples(odd_texts, values), max_size=3, unique_by=lambda row: row[0]).map(tuple),
)


@st.composite
def template_sets(draw: st.DrawFn) -> TemplateSet:
    header_names = st.one_of(st.just("default"), names, odd_texts.filter(bool)).filter(lambda name: name != "none")
    headers = [Header(name, draw(patterns("h"))) for name in draw(st.lists(header_names, max_size=3))]
    templates = []
    for identity in draw(st.lists(odd_texts.filter(str.strip), max_size=4, unique=True)):
        header = draw(st.sampled_from([None, *headers]))
        templates.append(
            Template(
                identity,
                draw(patterns("g")),
                header.pattern if header is not None else None,
                priority=draw(st.integers(-(2**40), 2**40) | st.just(0)),
                description=draw(odd_texts),
                tags=draw(st.lists(odd_texts, max_size=2)),
                match=draw(st.lists(examples, max_size=3)),
                no_match=draw(st.lists(odd_texts, max_size=3)),
                header_name=header.name if header is not None else None,
                allow=draw(st.lists(odd_texts, max_size=2)),
            )
        )
    return TemplateSet(tuple(headers), tuple(templates))


@given(template_sets())
def test_what_is_written_loads_to_the_same_set(templates: TemplateSet) -> None:
    expected = templates.with_unique_header_names()
    text = write_toml(templates)
    if not templates.templates:
        return
    loaded = load_text_set(text, format=Format.TOML)
    assert expected == loaded
    assert [each.header_name for each in expected.templates] == [each.header_name for each in loaded.templates]
    assert text == write_toml(loaded)


def test_a_written_file_is_one_that_a_person_would_write() -> None:
    text = r"""
        [types]
        level = "DEBUG|INFO|WARN"
        ticket = "/[A-Z]+-[0-9]+x?/"

        [headers]
        default = "<time:iso8601> <l:level> "

        [[template]]
        id = "login"
        pattern = "user <user:word> in<?> <ticket:ticket>: <l2:level></?>"
        tags = ["auth", "in"]
        match = ["2024-05-31T13:05:59Z INFO user anna in"]

        [[template]]
        id = "path"
        pattern = 'file <f:/\w+/> "x"'
        header = "none"
        priority = 2
        description = "a \"file\" and an apostrophe: '"
        match = [
          "file a \"x\" '",
          { line = "file", values = { f = "a", "odd key" = 1.5 } },
        ]
        """
    text = textwrap.dedent(text).lstrip("\n")
    assert text == write_toml(load_text_set(text))


@given(odd_texts)
def test_a_string_is_written_so_that_toml_reads_it(text: str) -> None:
    import tomllib

    assert {"x": text} == tomllib.loads(f"x = {toml_string(text)}")


def test_bytes_that_are_not_utf_8_cannot_be_written_as_toml() -> None:
    with pytest.raises(UnicodeEncodeError):
        write_toml(TemplateSet((), (Template("x", "a\udcff"),)))


# Pickling

FULL = Template("x", "a <b:int>", "h ", 1, "d", ["t"], ["a 1"], ["b"], Origin("f", 3), "default")


@pytest.mark.parametrize("copied", [lambda value: pickle.loads(pickle.dumps(value)), copy.deepcopy, copy.copy])
def test_templates_are_the_same_after_pickling_and_copying(copied: object) -> None:
    assert callable(copied)
    again = copied(FULL)
    assert (FULL, FULL.origin, FULL.header_name) == (again, again.origin, again.header_name)
    whole = TemplateSet((Header("default", parse_pattern("h ")),), (FULL,))
    assert whole == copied(whole)


KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, LogmatchError) and kind is not TemplateErrors
]


@pytest.mark.parametrize("kind", KINDS)
def test_errors_keep_message_location_and_hint_when_pickled(kind: type[LogmatchError]) -> None:
    error = kind("wrong", location=Location("f", 1, 2, "text", 0, 1), hint="mend it")
    again = pickle.loads(pickle.dumps(error))
    assert (kind, error.message, error.location, error.hint, str(error)) == (
        type(again),
        again.message,
        again.location,
        again.hint,
        str(again),
    )


def test_template_errors_keep_all_errors_when_pickled() -> None:
    error = TemplateErrors([UsageError("a"), TemplateSyntaxError("b", location=Location("f"))])
    again = pickle.loads(pickle.dumps(error))
    assert [str(each) for each in error.errors] == [str(each) for each in again.errors]
