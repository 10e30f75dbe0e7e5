"""Plain TOML: what is read is what tomllib gives, ordinary files are read, and everything else is left to tomllib."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st
from support import examples

from logmatch.errors import TemplateErrors
from logmatch.templates import toml_fast as plain_toml
from logmatch.templates.document import Format
from logmatch.templates.load import load_text
from logmatch.templates.template import Template
from logmatch.templates.toml_fast import PlainToml, read_plain

SAMPLE_LOGS = Path(__file__).resolve().parent.parent / "sample_logs"

ORDINARY = r"""# templates
[headers]  # of all lines
default = "<time> "

[[ template ]]	# first
id = "a"
pattern = "a \"<b>\" \\ \t <c:int>"
priority = -3
header = 'none'
description = '''it's "one" line'''
tags = ["auth", 'x', "\\", ]
match = [
    # an example
    { line = "a ]", values = { b = "#", c = 5, d = 1.50, e = +1 } },
    "b [", 'c',  # and two more

    {}, { values = {} }
]
no_match = []
[[template]]
"""


def check(text: str, plain: PlainToml) -> None:
    """Check that *plain* is what *text* says; for `repr`, 1, 1.0 and True are not the same."""
    headers = {} if plain.headers is None else {"headers": plain.headers}
    templates = {"template": plain.templates} if plain.templates else {}
    assert repr(sorted(tomllib.loads(text).items())) == repr(sorted({**headers, **templates}.items()))
    lines = list(enumerate(text.split("\n"), 1))
    assert [number for number, line in lines if re.match(r"[ \t]*\[\[", line)] == plain.template_lines
    headers_lines = [] if plain.headers_line is None else [plain.headers_line]
    assert [number for number, line in lines if re.match(r"[ \t]*\[[ \t]*h", line)] == headers_lines


@pytest.mark.parametrize(
    "text",
    [
        *(ORDINARY, ORDINARY.replace("\n", "\r\n"), ORDINARY.rstrip("\n"), "", "\n", "# a comment", "\t[headers]"),
        "[[template]]\nid=''\n\n[headers]\nid = \"\"\n[[template]]\nid = ''''''",
    ],
)
def test_ordinary_text_is_read(text: str) -> None:
    plain = read_plain(text)
    assert plain is not None
    check(text, plain)


@pytest.mark.parametrize("path", sorted(SAMPLE_LOGS.glob("*.toml")), ids=lambda path: path.stem)
def test_the_sample_templates_are_read(path: Path) -> None:
    text = path.read_text("utf-8")
    plain = read_plain(text)
    assert plain is not None
    check(text, plain)


@pytest.mark.parametrize(
    "text",
    [
        # Not TOML.
        *("id = 1\n[headers]\nid", "[headers]\na = 1\na = 2", "[headers]\n[headers]", "[headers]\na = 1 b = 2"),
        *("[headers] a = 1", "[headers]\na = 01", '[headers]\na = "\\x"', "[headers]\na = '\x7f'", "# \x00"),
        *("[headers]\ra = 1", "[headers]\na = [1 2]", "[headers]\na = [,]", "[headers]\na = [{b = 1, b = 2}]"),
        *("[headers]\na = [{b = [}]", "[headers]\na = [{]", "[headers]\na = [{b = ]", "[headers]\na = [{b = 1]"),
        *("[headers]\na = [{b = 1,, c = 2}]", "[headers]\na = [{b}]", "[headers]\na = [\x01]", "[headers]\na = [1,,]"),
        "[headers]\na = [# \x01\n]",
        # TOML of other forms.
        *(
            "a = 1",
            "[header]",
            "[template]",
            "[[headers]]",
            "[headers.a.b]",
            "[headers.a]\n[headers]",
            "[headers.a]\n[headers.a]",
            "[headers]\na.b = 1",
            '[headers]\n"a" = 1',
        ),
        *("[headers]\na = true", "[headers]\na = 0x1F", "[headers]\na = 1_000", "[headers]\na = 1e5"),
        *("[headers]\na = 2024-05-31", "[headers]\na = inf", "[headers]\na = 12345678901234567890"),
        *('[headers]\na = """b"""', "[headers]\na = '''\nb'''", "[headers]\na = '''b''''", '[headers]\na = "\\u0041"'),
        *("[headers]\na = {}", "[headers]\na = [[]]", "[headers]\na = [{b = []}]", "[headers]\na = [{b = {c = {}}}]"),
        *("[headers]\na = [{b.c = 1}]", "[headers]\na = [true]", "[headers]\na = [1979-05-27]"),
    ],
)
def test_what_is_not_ordinary_is_left_to_tomllib(text: str) -> None:
    assert read_plain(text) is None


def mostly(plain: st.SearchStrategy[str], odd: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """*plain*, and once in a while *odd*."""
    return st.integers(0, 30).flatmap(lambda number: odd if number == 7 else plain)


PLAIN_VALUES = st.sampled_from(
    ['"b"', "'b'", '""', "''", r'"\"\\\n\t\\\\"', '"# ]"', "'''b'c'''", "''''''", '"ä\t"', "5", "-0", "+1.50", "0.5"]
)
ODD_VALUES = st.sampled_from(
    ['"""', "'''", "'''a''''", r'"\u00e4"', r'"\"', "true", "1e5", "01", "1_0", "1979-05-27", "\x7f", "\x0c", ""]
)
VALUES = mostly(PLAIN_VALUES, ODD_VALUES)
TABLES = st.lists(st.tuples(st.sampled_from("abcdefghijk"), VALUES), max_size=3).map(
    lambda pairs: "{ " + ", ".join(f"{key} = {value}" for key, value in pairs) + " }"
)
DEEP_TABLES = st.lists(
    st.tuples(st.sampled_from(["line", "values", "a", "b"]), st.one_of(VALUES, TABLES)), max_size=3
).map(lambda pairs: "{" + ",".join(f"{key}={value}" for key, value in pairs) + "}")
SEPARATORS = mostly(st.sampled_from([",", ", ", ",\n", '\n,\n  # ] "\n', ",\r\n"]), st.just(" "))
LISTS = st.builds(
    lambda items, separator, end: "[" + separator.join(items) + end + "]",
    st.lists(st.one_of(VALUES, TABLES, DEEP_TABLES), max_size=4),
    SEPARATORS,
    st.sampled_from(["", ",", "\n", " # a\n"]),
)
PAIRS = st.builds(
    lambda key, equals, value, end: key + equals + value + end,
    st.one_of(st.integers(0, 99).map(str), st.sampled_from(["a-b", "id", "a_c"])),
    st.sampled_from(["=", " = ", "\t="]),
    st.one_of(VALUES, VALUES, LISTS),
    mostly(st.sampled_from(["", " ", " # a"]), st.sampled_from(["\t#\x00", ","])),
)
PLAIN_STATEMENTS = st.sampled_from(["[[template]]", "", "# a", " [[ template ]] # b"])
ODD_STATEMENTS = st.sampled_from(
    ["[headers] ", "[template]", "[[template", "[[headers]]", "[headers.a]", "a.b = 1", "[[template]]]", "id", "\x00"]
)
STATEMENTS = mostly(st.one_of(PLAIN_STATEMENTS, PAIRS), ODD_STATEMENTS)
TEXTS = st.builds(
    lambda start, statements, end: start + end.join(statements),
    st.sampled_from(["[[template]]\n", "\n[[template]]\n", "\n[headers]\n", ""]),
    st.lists(STATEMENTS, max_size=6),
    st.sampled_from(["\n", "\r\n"]),
)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """An ordinary text with some characters taken out and put in."""
    text = draw(st.one_of(TEXTS, st.just(ORDINARY)))
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        at, gone = draw(st.integers(0, len(text))), draw(st.integers(0, 2))
        more = draw(
            st.sampled_from(["", "", '"', "'", "[", "]", "{", "}", "#", "\n", "\r", "=", ",", "\\", ".", "\x1f"])
        )
        text = text[:at] + more + text[at + gone :]
    return text


@settings(max_examples=examples(500))
@given(damaged())
def test_what_is_read_is_what_tomllib_gives(text: str) -> None:
    plain = read_plain(text)
    event("left to tomllib" if plain is None else "read")
    if plain is not None:
        check(text, plain)


TEMPLATE_TEXTS = st.lists(
    st.one_of(
        st.sampled_from(["[[template]]", "[headers]", "# a", 'id = "a"', 'id = "b"', 'id = ""', "id = 1", "idd = 'a'"]),
        st.sampled_from(
            ['pattern = "<a> b"', "pattern = '<a'", 'pattern = "\\"<a:in>"', "match = [5]", "tags = ['a']"]
        ),
        st.sampled_from(
            ['default = "<a> "', "default = '<a:rest>'", "none = 'x'", "header = 'default'", "priority = 1.5"]
        ),
    ),
    max_size=9,
).map(lambda lines: "\n".join(["[[template]]", *lines]))


@settings(max_examples=examples(150))
@given(TEMPLATE_TEXTS)
@example("[[template]]\nid = 'a'\npattern = 'b'\n[headers]\ndefault = '<c'\n[[template]]\nid = 'a'\nidd = 1")
def test_templates_and_errors_are_those_that_tomllib_leads_to(text: str) -> None:
    answer = _load(text)
    with mock.patch.object(plain_toml, "read_plain", return_value=None):
        assert _load(text) == answer


def _load(text: str) -> list[tuple[Template, int | None]] | str:
    try:
        templates = load_text(text, format=Format.TOML, name="t")
    except TemplateErrors as errors:
        return str(errors)
    return [(template, template.origin.line_number) for template in templates]
