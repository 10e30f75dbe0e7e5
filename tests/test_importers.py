"""Importers: what configured a log becomes templates that match its lines, and what is not known is refused by name."""

from __future__ import annotations

import contextlib
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logmatch import Matcher
from logmatch.errors import LogmatchError
from logmatch.importers import ALIASES, IMPORTERS, import_templates
from logmatch.importers.source import Source
from logmatch.lint.check import check_templates
from logmatch.templates.load import load_text

DIRECTORY = Path(__file__).resolve().parent / "imports"


@dataclass(frozen=True, slots=True)
class Case:
    """A setting, a line that is written with it, the template that must match, and its values."""

    importer: str
    name: str
    text: str
    id: str
    line: str
    values: dict[str, Any]
    null: list[str] = field(default_factory=list)
    file: str | None = None

    @property
    def source(self) -> Source:
        return Source(self.text, self.file)


def cases() -> Iterator[Any]:
    for path in sorted(DIRECTORY.glob("*.toml")):
        for case in tomllib.loads(path.read_text("utf-8"))["case"]:
            yield pytest.param(Case(path.stem, **case), id=f"{path.stem}-{case['name'].replace(' ', '-')}")


each_case = pytest.mark.parametrize("case", list(cases()))
each_importer = pytest.mark.parametrize("importer", IMPORTERS)


def plain(value: object) -> object:
    """*value* so that numbers are equal whatever their type."""
    return Decimal(str(value)) if isinstance(value, int | float | Decimal) else value


@each_case
def test_the_templates_of_a_setting_match_its_lines(case: Case) -> None:
    made = import_templates(case.importer, case.source)
    matcher = Matcher(load_text(made))
    record = json.loads(matcher.parse_bytes(case.line.encode()), parse_float=Decimal)
    assert case.id == record["template_id"], made
    values = record["values"]
    assert {name: plain(value) for name, value in case.values.items()} == {
        name: plain(values.get(name)) for name in case.values
    }
    match = matcher.match(case.line)
    assert match is not None
    assert {name: plain(value) for name, value in values.items()} == {
        name: plain(value) for name, value in match.values.items()
    }
    assert dict.fromkeys(case.null) == {name: values[name] for name in case.null}


@each_case
def test_check_finds_nothing_in_what_was_made(case: Case) -> None:
    assert [] == [str(finding) for finding in check_templates(load_text(import_templates(case.importer, case.source)))]


def test_every_importer_has_cases() -> None:
    assert sorted(IMPORTERS) == sorted(path.stem for path in DIRECTORY.glob("*.toml"))


def test_an_alias_stands_for_an_importer() -> None:
    assert set(ALIASES.values()) <= set(IMPORTERS)
    assert import_templates("log4j", Source("%p %m%n")) == import_templates("logback", Source("%p %m%n"))


REFUSED = [
    ("nginx", "$remote_addr $statsu", "nginx has no variable $statsu", "$statsu"),
    ("nginx", "log_format x '$http_';", "nginx has no variable $http_", "$http_"),
    ("nginx", "$status $", "this '$' names no variable", "$"),
    ("nginx", "${status", "this '$' names no variable", "${status"),
    ("nginx", "log_format x escape=xml '$status';", "nginx has no escape 'xml'", "xml"),
    ("nginx", "log_format x '$status", "this ' is not closed", "'"),
    ("nginx", "log_format x;", "this log_format has no format", "log_format"),
    ("nginx", "user x;\nhttp { }", "there is no log_format here", "u"),
    ("apache", "Listen 80\nServerName x", "there is no LogFormat here", "L"),
    ("haproxy", "global\n  daemon", "there is no log-format here", "g"),
    ("apache", "%h %y", "Apache has no directive %y", "%y"),
    ("apache", 'LogFormat "%h \\"%{x}y\\"" a', "Apache has no directive %{x}y", "%{x}y"),
    ("apache", "%{min}T", "Apache has no directive %{min}T", "%{min}T"),
    ("apache", "%{Referer", "this { is not closed", "%{Referer"),
    ("apache", "%h %", "this % begins no directive", "%"),
    ("haproxy", "%ci %zz", "HAProxy has no variable %zz", "%zz"),
    ("haproxy", "log-format %ci\\ %", "this % begins no variable", "%"),
    ("haproxy", "%{+json}o %ci", "the flag '+json' writes no lines of text", "+json"),
    ("haproxy", "%{+Z}ci", "the flag '+Z' is unknown", "+Z"),
    ("haproxy", "%[src", "this [ is not closed", "["),
    ("postgres", "%m %z ", "log_line_prefix has no escape %z", "%z"),
    ("postgres", "log_line_prefix = '%m %'", "this % begins no escape", "%"),
    ("log4j", "%d %quux%n", "there is no conversion word %quux", "%quux"),
    ("log4j", "%d{yyyy-ww}", "the letter 'w' of a date is not known", "w"),
    ("log4j", "%-5(%p", "this is not closed", "("),
    ("log4j", "%d{HH:mm", "this { is not closed", "{"),
    ("grok", "%{IP:a} %{NOSUCH:b}", "the pattern NOSUCH is not known", "%{NOSUCH:b}"),
    ("grok", "%{IP:a:flot}", "the type 'flot' is not known", "flot"),
    ("grok", "(?=x)%{IP:a}", "(?= cannot be imported", "("),
    ("grok", "x+ %{IP:a}", "a repeated x cannot be imported", "x"),
    ("grok", "(%{IP:a}", "this ( is not closed", "("),
    ("dissect", "%{a} %{*b} %{&b}", "a key that stands in the line cannot be imported", "%{*b}"),
    ("dissect", "%{a", "this %{ is not closed", "%{"),
    ("liblognorm", "rule=:%a:nosuch%", "the type 'nosuch' is not known", "%a:nosuch%"),
    ("liblognorm", "rule=:100% done", "this % begins no field", "%"),
    ("liblognorm", "rule=no colon", "this rule has no colon", "no colon"),
    ("drain3", "nothing", "this is no snapshot of Drain3", "n"),
    *((name, "x y", "there is no directive in this text", "x y") for name in ("apache", "grok", "haproxy", "nginx")),
    ("patterndb", "nothing", "this is no XML: syntax error: line 1, column 0", "n"),
]


@pytest.mark.parametrize(("importer", "text", "message", "shown"), REFUSED)
def test_what_is_not_known_is_refused_by_name_with_its_place(
    importer: str, text: str, message: str, shown: str
) -> None:
    with pytest.raises(LogmatchError) as caught:
        import_templates(importer, Source(text))
    location = caught.value.location
    assert message == caught.value.message
    assert location is not None
    assert location.text is not None
    assert shown == location.text[location.start : location.end]


@pytest.mark.parametrize("blank", ["\t", "\v", "\f", "\r", "\x1c", "\x85", "\xa0", "\u2028"], ids=ascii)
@pytest.mark.parametrize(
    ("importer", "words"),
    [
        ("apache", ["LogFormat ", ' "%h"', " common"]),
        ("nginx", ["log_format ", " x ", " '$status'", " ;"]),
        ("haproxy", ["log-format ", " %ci"]),
    ],
)
def test_any_white_space_between_the_words_of_a_configuration_is_imported_or_refused(
    importer: str, words: list[str], blank: str
) -> None:
    for place in range(len(words)):
        text = "".join(words[:place]) + blank + "".join(words[place:])
        with contextlib.suppress(LogmatchError):
            assert import_templates(importer, Source(text, "x.conf"))


@each_importer
@given(text=st.text(alphabet=st.sampled_from("$%{}[]()'\"\\ \n;<>@:-,.aAbcdDhilmpqrstTuvxX0159=_#&?"), max_size=60))
def test_any_text_is_imported_or_refused(importer: str, text: str) -> None:
    for file in (None, "x.conf"):
        try:
            made = import_templates(importer, Source(text, file))
        except LogmatchError:
            continue
        load_text(made)
