"""Template files: every format to the same templates, and everything that is wrong in one error."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import examples

from logmatch.errors import InputError, TemplateErrors, UsageError
from logmatch.templates.document import Format
from logmatch.templates.load import SUFFIXES, load_templates, load_text, sniff
from logmatch.templates.model import decode
from logmatch.templates.pattern import parse_foreign_pattern, parse_pattern
from logmatch.templates.template import Example, Origin, Template

HEADER = "<time:syslogtime> <host:word>: "

FULL = Template(
    id="invalid-user",
    pattern=parse_pattern("Invalid user <user> from <src:ip>"),
    header=parse_pattern(HEADER),
    priority=3,
    description="a login",
    tags=("auth", "ssh"),
    match=(
        Example("Invalid user a from 1.2.3.4"),
        Example("Invalid user b from ::1", (("user", "b"), ("n", 5), ("x", 1.5))),
        Example("Invalid user c from ::1"),
    ),
    no_match=("Valid user",),
    allow=("ambiguous",),
)
PLAIN = Template("plain", parse_pattern("done"))

TOML = """\
[headers]
default = "<time:syslogtime> <host:word>: "

[[template]]
id = "invalid-user"
pattern = "Invalid user <user> from <src:ip>"
priority = 3
description = "a login"
tags = ["auth", "ssh"]
match = [
    "Invalid user a from 1.2.3.4",
    { line = "Invalid user b from ::1", values = { user = "b", n = 5, x = 1.5 } },
    { line = "Invalid user c from ::1" },
]
no_match = ["Valid user"]
allow = ["ambiguous"]

[[template]]
id = "plain"
pattern = "done"
header = "none"
"""
ROWS: list[dict[str, object]] = [
    {
        "id": "invalid-user",
        "pattern": "Invalid user <user> from <src:ip>",
        "priority": 3,
        "description": "a login",
        "tags": ["auth", "ssh"],
        "match": [
            "Invalid user a from 1.2.3.4",
            {"line": "Invalid user b from ::1", "values": {"user": "b", "n": 5, "x": 1.5}},
            {"line": "Invalid user c from ::1"},
        ],
        "no_match": ["Valid user"],
        "allow": ["ambiguous"],
    },
    {"id": "plain", "pattern": "done", "header": "none"},
]
WHOLE = {"headers": {"default": HEADER}, "template": ROWS}
JSON_LINES = "".join(json.dumps(row) + "\n" for row in [*ROWS, {"headers": WHOLE["headers"]}])
CSV = 'EventId,EventTemplate\nE1,"a <*>, ""b"" <NUM>"\nE2,c < d\n'
TEXT = "# a comment\n\n<user> logs in\n   # another\ndone\n"


def errors_of(text: str, format: Format, *, header: str | None = None) -> str:
    with pytest.raises(TemplateErrors) as caught:
        load_text(textwrap.dedent(text), format=format, name="t", header=header)
    return str(caught.value)


def errors_in(paths: Sequence[str | Path], *, header: str | None = None) -> str:
    with pytest.raises(TemplateErrors) as caught:
        load_templates(paths, header=header)
    return str(caught.value)


def message(text: str) -> str:
    return textwrap.dedent(text).strip("\n")


TYPES_HINT = "'logmatch help types' lists the types; a literal '<' is written '<<'"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, so that messages hold short paths."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "format", "lines"),
    [
        (TOML, Format.TOML, [4, 18]),
        (TOML.replace("\n", "\r\n"), Format.TOML, [4, 18]),
        ("\ufeff" + TOML, Format.TOML, [4, 18]),
        (json.dumps(WHOLE), Format.JSON, [1, 1]),
        (json.dumps(WHOLE, indent=1), Format.JSON, [6, 36]),
        (json.dumps({"template": ROWS, "headers": WHOLE["headers"]}), Format.JSON, [1, 1]),
        (JSON_LINES, Format.JSON_LINES, [1, 2]),
    ],
)
def test_the_same_templates_come_from_every_format(text: str, format: Format, lines: list[int]) -> None:
    templates = load_text(text, format=format, name="t")
    assert (FULL, PLAIN) == templates
    assert [Origin("t", line) for line in lines] == [template.origin for template in templates]


def test_a_json_list_holds_templates_without_headers() -> None:
    templates = load_text('\n[{"id": "plain", "pattern": "done"},\n{"id": "b", "pattern": "c"}]', format=Format.JSON)
    assert (PLAIN, Template("b", parse_pattern("c"))) == templates
    assert [2, 3] == [template.origin.line_number for template in templates]


def test_csv_is_read_in_the_language_of_other_tools() -> None:
    templates = load_text(CSV, format=Format.CSV, name="t")
    assert (
        Template("E1", parse_foreign_pattern('a <*>, "b" <NUM>')),
        Template("E2", parse_foreign_pattern("c < d")),
    ) == templates
    assert [Origin("t", 2), Origin("t", 3)] == [template.origin for template in templates]


def test_csv_columns_may_stand_in_any_order_among_others() -> None:
    text = "\ufeff\r\nEventTemplate,Occurrences, EventId \r\na <*>,5,E1\r\n,,\r\n"
    (template,) = load_text(text, format=Format.CSV)
    assert Template("E1", parse_pattern("a <*>")) == template
    assert 3 == template.origin.line_number


def test_csv_line_numbers_count_the_lines_of_quoted_cells() -> None:
    text = 'EventId,EventTemplate,Note\nE1,a,"x\ny"\nE2,b,z'
    assert [2, 4] == [template.origin.line_number for template in load_text(text, format=Format.CSV)]


def test_text_ids_come_from_the_pattern_alone() -> None:
    first, second = load_text(TEXT, format=Format.TEXT)
    assert ("t-c10e4b1133", "t-a4c3ed04a9") == (first.id, second.id)
    (alone,) = load_text("done", format=Format.TEXT)
    assert second == alone
    assert [3, 5] == [first.origin.line_number, second.origin.line_number]


@pytest.mark.parametrize("suffix", ["csv", "txt"])
def test_bytes_that_are_not_utf8_survive_in_csv_and_text(folder: Path, suffix: str) -> None:
    content = b"caf\xe9 <*>\n" if suffix == "txt" else b"EventId,EventTemplate\nE1,caf\xe9 <*>\n"
    Path(f"t.{suffix}").write_bytes(content)
    (template,) = load_templates([f"t.{suffix}"])
    assert parse_pattern(decode(b"caf\xe9 <*>")) == template.pattern


@pytest.mark.parametrize(
    ("text", "format"),
    [
        (TOML, Format.TOML),
        ("# only\n[headers] # so\n", Format.TOML),
        ("template = [ {} ]", Format.TOML),
        (json.dumps(WHOLE), Format.JSON),
        (json.dumps(WHOLE, indent=2), Format.JSON),
        (json.dumps(ROWS), Format.JSON),
        (json.dumps(ROWS, indent=2), Format.JSON),
        ("[]", Format.JSON),
        (JSON_LINES, Format.JSON_LINES),
        (json.dumps(ROWS[0]), Format.JSON_LINES),
        (CSV, Format.CSV),
        ('"EventTemplate","EventId"\n', Format.CSV),
        (TEXT, Format.TEXT),
        ("[<time>] <_>\n", Format.TEXT),
        ("[template] <_>\n", Format.TEXT),
        ('{"level":"<level>"}\n', Format.TEXT),
        ("", Format.TEXT),
    ],
)
def test_the_format_is_told_from_the_content(text: str, format: Format) -> None:
    assert format is sniff(text)


def test_the_default_header_of_the_file_goes_before_that_of_the_command_line() -> None:
    text = (
        "headers = {default = 'f: ', other = 'o: '}\n[[template]]\nid='a'\npattern='a'\n"
        "[[template]]\nid='b'\npattern='b'\nheader='other'\n[[template]]\nid='c'\npattern='c'\nheader='none'\n"
    )
    headers = [template.header for template in load_text(text, header="c: ")]
    assert [parse_pattern("f: "), parse_pattern("o: "), None] == headers


@pytest.mark.parametrize("text", [CSV, TEXT, json.dumps([{"id": "a", "pattern": "b"}])])
def test_the_header_of_the_command_line_is_for_files_without_one(text: str) -> None:
    assert {parse_pattern("c: ")} == {template.header for template in load_text(text, header="c: ")}
    assert {None} == {template.header for template in load_text(text, header="")}


def test_none_means_none_whatever_the_command_line_says() -> None:
    text = '{"id": "a", "pattern": "b", "header": "none"}'
    assert None is load_text(text, format=Format.JSON_LINES, header="c: ")[0].header


def test_a_bad_header_of_the_command_line_is_reported_once() -> None:
    assert message(
        f"""
        --header: unknown type 'tome'
          | <time:tome>\N{SPACE}
          |       ^^^^
          = help: did you mean 'time'? {TYPES_HINT}
        """
    ) == errors_of(TEXT, Format.TEXT, header="<time:tome> ")


def test_a_header_with_rest_is_reported_where_it_is_written() -> None:
    text = '{"headers": {"default": "<a:rest>"}}\n{"id": "a", "pattern": "b"}\n{"id": "b", "pattern": "b"}'
    assert message(
        """
        t:1:26: a header cannot hold a 'rest' field
          | <a:rest>
          | ^^^^^^^^
          = help: use 'any' or 'word'
        """
    ) == errors_of(text, Format.JSON_LINES)


def test_unknown_doubled_and_reserved_headers_are_errors() -> None:
    text = """\
        {"headers": {"default": "a ", "none": "b "}}
        {"headers": {"default": "c ", "n": 5}}
        {"headers": 5}
        {"id": "a", "pattern": "x", "header": "defalt"}
        {"id": "b", "pattern": "x", "header": 5}
        """
    assert message(
        """
        t:1:31: a header cannot be called 'none'
          | {"headers": {"default": "a ", "none": "b "}}
          |                               ^^^^^^
          = help: header = "none" says that a template has none; choose another name
        t:2:14: the header 'default' is given twice
          | {"headers": {"default": "c ", "n": 5}}
          |              ^^^^^^^^^
          = help: the headers of all lines are those of the file; leave one of them out
        t:2:31: the header 'n' must be a text, not the number 5
          | {"headers": {"default": "c ", "n": 5}}
          |                               ^^^
          = help: write for example "n": "<time:iso8601> "
        t:3: 'headers' must be an object with a pattern for each name, not the number 5
          = help: write "headers": {"default": "…"}
        t:4:29: unknown header 'defalt'
          | {"id": "a", "pattern": "x", "header": "defalt"}
          |                             ^^^^^^^^
          = help: did you mean 'default'? The headers of this file are 'default', 'n'; 'none' is for no header
        t:5:29: 'header' must be the name of a header, or a list of names, not the number 5
          | {"id": "b", "pattern": "x", "header": 5}
          |                             ^^^^^^^^
          = help: write for example "header": "default"
        """
    ) == errors_of(text, Format.JSON_LINES)


def test_a_file_without_headers_says_so() -> None:
    text = "[[template]]\nid = 'a'\npattern = 'b'\nheader = 'x'\n"
    assert message(
        """
        t:4:1: unknown header 'x'
          | header = 'x'
          | ^^^^^^
          = help: This file has no headers; 'none' is for no header
        """
    ) == errors_of(text, Format.TOML)


def test_files_are_read_in_the_order_given_and_directories_sorted(folder: Path) -> None:
    for name in ["b.txt", "a/z.txt", "a/b/y.toml", "a/b.csv", "a/.hidden.txt", "a/.h/x.txt", "a/readme.md"]:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".toml":
            path.write_text(f"[[template]]\nid = {name!r}\npattern = 'x'\n")
        elif path.suffix == ".csv":
            path.write_text(f"EventId,EventTemplate\n{name},x\n")
        else:
            path.write_text(f"{name}\n")
    os.symlink("../b.txt", "a/c.TXT")
    templates = load_templates([Path("b.txt"), "a", "a/z.txt"])
    assert ["b.txt", "a/b/y.toml", "a/b.csv", "a/z.txt"] == [template.origin.file for template in templates]


def test_standard_input_is_read_once_and_its_format_told_from_its_content(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TOML.encode())))
    templates = load_templates(["-", "-"])
    assert (FULL, PLAIN) == templates
    assert Origin("<stdin>", 4) == templates[0].origin


def test_a_pipe_is_read_like_a_file() -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, CSV.encode())
    os.close(write_end)
    try:
        assert ["E1", "E2"] == [template.id for template in load_templates([f"/dev/fd/{read_end}"])]
    finally:
        os.close(read_end)


def test_what_cannot_be_read_is_reported_with_the_rest(folder: Path) -> None:
    Path("empty").mkdir()
    Path("bad.txt").write_text("<\n")
    assert message(
        """
        missing.toml: cannot be read: no such file or directory
          = help: check that the path is right and that you may read it; '-' reads standard input
        empty: the directory holds no template file
          = help: the names of template files end in .toml, .csv, .json, .jsonl, .ndjson, .txt
        nul\N{REPLACEMENT CHARACTER}: cannot be read: embedded null byte
          = help: check that the path is right and that you may read it; '-' reads standard input
        bad.txt:1:1: this '<' opens nothing
          | <
          | ^
          = help: a literal '<' is written '<<'; a field is written <name:type> or <name>, an unnamed one <*>
        """
    ) == errors_in(["missing.toml", "empty", "nul\0", "bad.txt"])


def test_a_closed_standard_input_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(TemplateErrors) as caught:
        load_templates(["-"])
    assert [InputError] == [type(error) for error in caught.value.errors]
    assert "cannot be read: there is no standard input" == caught.value.errors[0].message


def test_no_file_at_all_is_an_error() -> None:
    with pytest.raises(TemplateErrors) as caught:
        load_templates([])
    assert isinstance(caught.value.errors[0], UsageError)


def test_files_without_a_template_are_errors_only_together(folder: Path) -> None:
    for suffix in SUFFIXES:
        Path(f"t{suffix}").write_text("{}" if suffix == ".json" else "\n")
    assert message(
        """
        t.csv: there is no template in this file
          = help: its first line is EventId,EventTemplate, and each row after it one template
        t.json: there is no template in this file
          = help: a file is written {"template": [{"id": "…", "pattern": "…"}]}
        t.jsonl: there is no template in this file
          = help: each line is one template: {"id": "…", "pattern": "…"}
        t.ndjson: there is no template in this file
          = help: each line is one template: {"id": "…", "pattern": "…"}
        t.toml: there is no template in this file
          = help: a template is written [[template]], with id = "…" and pattern = "…" on the lines below
        t.txt: there is no template in this file
          = help: each line that is not blank and does not begin with '#' is one pattern
        """
    ) == errors_in(sorted(f"t{suffix}" for suffix in SUFFIXES))
    Path("one.txt").write_text("a")
    assert 1 == len(load_templates(["t.csv", "one.txt"]))


def test_everything_wrong_in_all_files_is_one_error(folder: Path) -> None:
    Path("a.toml").write_text("[[template]]\nid = 'E2'\npattern = 'a <b'\nprioritty = 1\n")
    Path("b.csv").write_text("EventId,EventTemplate\nE1,<x> <*>\nE2,b\n")
    Path("c.json").write_text('[{"id": "E1", "pattern": "b"}]')
    assert message(
        """
        a.toml:3:14: the field is not closed
          | a <b
          |   ^^
          = help: it ends with '>'; a literal '<' is written '<<'; a field is written <name:type> or <name>, an unnamed one <*>
        a.toml:4:1: unknown key 'prioritty'
          | prioritty = 1
          | ^^^^^^^^^
          = help: did you mean 'priority'? The keys of a template are id, pattern, header, priority, description, tags, match, no_match, allow
        b.csv:3:1: the id 'E2' is used twice, first in a.toml:1
          | E2,b
          | ^^
          = help: an id is unique over all files that are loaded; rename or remove one of the two
        c.json:1:3: the id 'E1' is used twice, first in b.csv:2
          | [{"id": "E1", "pattern": "b"}]
          |   ^^^^
          = help: an id is unique over all files that are loaded; rename or remove one of the two
        """  # noqa: E501
    ) == errors_in(["a.toml", "b.csv", "c.json"])


def test_wrong_keys_and_types_in_toml_are_all_reported() -> None:
    text = """\
        title = "x"

        [[template]]
        id = ""
        patern = "a"
        priority = true
        description = 5
        tags = "auth"
        no_match = [1.5]

        [[template]]
        pattern = 2024-01-01
        priority = "high"
        match = "line"
        tags = { a = 1 }

        [[template]]
        id = "x"
        """
    assert message(
        """
        t:1:1: unknown key 'title'
          | title = "x"
          | ^^^^^
          = help: The keys of a file are 'headers', 'types', 'multiline' and 'template'
        t:4:1: the id is empty
          | id = ""
          | ^^
          = help: write for example id = "login-failed"
        t:5:1: unknown key 'patern'
          | patern = "a"
          | ^^^^^^
          = help: did you mean 'pattern'? The keys of a template are id, pattern, header, priority, description, tags, match, no_match, allow
        t:6:1: 'priority' must be a whole number, not true
          | priority = true
          | ^^^^^^^^
          = help: write for example priority = 10
        t:7:1: 'description' must be a text, not the number 5
          | description = 5
          | ^^^^^^^^^^^
          = help: write for example description = "a login that failed"
        t:8:1: 'tags' must be a list of texts, not the text 'auth'
          | tags = "auth"
          | ^^^^
          = help: write for example tags = ["auth"]
        t:9:1: item 1 of 'no_match' must be a text, not the number 1.5
          | no_match = [1.5]
          | ^^^^^^^^
          = help: write for example no_match = ["a line that it does not match"]
        t:11: the template has no id
          = help: write for example id = "login-failed"
        t:12:1: 'pattern' must be a text, not a date or time
          | pattern = 2024-01-01
          | ^^^^^^^
          = help: write for example pattern = "Invalid user <user> from <src:ip>"
        t:13:1: 'priority' must be a whole number, not the text 'high'
          | priority = "high"
          | ^^^^^^^^
          = help: write for example priority = 10
        t:14:1: 'match' must be a list of lines, or of tables with 'line' and 'values', not the text 'line'
          | match = "line"
          | ^^^^^
          = help: write for example match = ["a line that it matches"]
        t:15:1: 'tags' must be a list of texts, not a table
          | tags = { a = 1 }
          | ^^^^
          = help: write for example tags = ["auth"]
        t:17: the template has no pattern
          = help: write for example pattern = "Invalid user <user> from <src:ip>"
        """  # noqa: E501
    ) == errors_of(text, Format.TOML)


def test_wrong_examples_in_toml_are_all_reported() -> None:
    text = """\
        [[template]]
        id = "a"
        pattern = "b"
        match = [5, {}, {lime = "x"}, {line = 5}, {line = "x", values = []}, {line = "x", values = {u = true}}]
        """
    line = text.splitlines()[3].strip()
    hint = 'An item is written "…" or { line = "…", values = { user = "…" } }'
    expected = [
        "item 1 of 'match' must be a line, or a table with 'line' and 'values', not the number 5",
        "item 2 of 'match' has no 'line'",
        "item 3 of 'match' has an unknown key 'lime'",
        "item 4 of 'match' must have a text as 'line', not the number 5",
        "item 5 of 'match' must have a table as 'values', not a list",
        "item 6 of 'match' must have a text or a number as value of 'u', not true",
    ]
    message_with_guess = errors_of(text, Format.TOML).replace("did you mean 'line'? ", "")
    assert (
        "\n".join(f"t:4:1: {message}\n  | {line}\n  | ^^^^^\n  = help: {hint}" for message in expected)
        == message_with_guess
    )


def test_tables_inside_texts_and_comments_do_not_shift_the_lines() -> None:
    text = '''\
        # [[template]] """
        [[template]]
        id = "a"
        description = """
        [[template]]
        "" \\""" """""
        pattern = "a"
          [[ "template" ]] # x
        id = "'\'\'"
        description = \'\'\'
        [[template]]
        \'\'\'
        pattern = "<x:y> \\t"
        [[template.match]]
        line = "b"
        [template.x]
        '''
    assert message(
        f"""
        t:13: unknown type 'y'
          | <x:y> \t
          |    ^
          = help: {TYPES_HINT}
        t:16:11: unknown key 'x'
          | [template.x]
          |           ^
          = help: The keys of a template are id, pattern, header, priority, description, tags, match, no_match, allow
        """
    ) == errors_of(text, Format.TOML)


def test_templates_in_an_inline_array_are_numbered_since_their_lines_are_not_known() -> None:
    text = "template = [ {id = 'a', pattern = 'b'}, {id = 'b', pattern = '<'}, 5 ]"
    assert message(
        """
        t: a template must be a table, not the number 5
          = help: a template is written [[template]], with id = "…" and pattern = "…" on the lines below
        t: template 2: this '<' opens nothing
          | <
          | ^
          = help: a literal '<' is written '<<'; a field is written <name:type> or <name>, an unnamed one <*>
        """
    ) == errors_of(text, Format.TOML)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[template]\nid = 'a'\n",
            """
            t:1:2: 'template' must be a list of tables, not a table
              | [template]
              |  ^^^^^^^^
              = help: write [[template]], with two brackets, before each template
            """,
        ),
        (
            "[[templates]]\nid = 'a'\n",
            """
            t:1:3: unknown key 'templates'
              | [[templates]]
              |   ^^^^^^^^^
              = help: did you mean 'template'? The keys of a file are 'headers', 'types', 'multiline' and 'template'
            """,
        ),
        (
            "a = 1\nid = \n",
            """
            t:2:6: not valid TOML: invalid value
              | id =\N{SPACE}
              |      ^
              = help: check the quotes and brackets here and on the line before; a value is written key = "text"
            """,
        ),
        (
            'id = "a\\d"\n',
            """
            t:1:8: not valid TOML: unescaped '\\' in a string
              | id = "a\\d"
              |        ^^
              = help: between double quotes a backslash is written \\\\; between single quotes it stands for itself
            """,
        ),
        (
            'id = """abc\n\n',
            """
            t:1:12: not valid TOML: unterminated string
              | id = \"""abc
              |            ^
              = help: check the quotes and brackets here and on the line before; a value is written key = "text"
            """,
        ),
        (
            "id = '" + decode(b"\xff") + "'",
            """
            t:1:7: the byte 0xff is not UTF-8
              | id = '\N{REPLACEMENT CHARACTER}'
              |       ^
              = help: save the file as UTF-8, as TOML must be; CSV and text may hold any bytes
            """,
        ),
        (
            "headers = 5",
            """
            t: 'headers' must be a table with a pattern for each name, not the number 5
              = help: write [headers], and default = "…" on the line below
            """,
        ),
    ],
)
def test_toml_that_is_not_well_formed_is_shown(text: str, expected: str) -> None:
    assert message(expected) == errors_of(text, Format.TOML)


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "a = " + "9" * 5000])
def test_what_the_toml_module_cannot_read_is_an_error(text: str) -> None:
    assert errors_of(text, Format.TOML).startswith("t: not valid TOML: ")


def test_places_are_exact_in_a_json_file_over_several_lines() -> None:
    text = """\
        {
          "headers": {"default": "<a:int> "},
          "template": [
            {"id": "a", "pattern": "<b:in>"}, {"id": "b", "pattern": "<a>", "pattern": "<a>"},
            {"pattern": "\\"<b:in>", "Tags": []},
            5
          ],
          "extra": 1
        }
        """
    assert message(
        f"""
        t:4:32: unknown type 'in'
          | <b:in>
          |    ^^
          = help: did you mean 'int'? {TYPES_HINT}
        t:4:63: the name 'a' is used twice (it is in the header)
          | <a>
          | ^^^
          = help: names are unique within a template, its header included; unnamed fields are called p1, p2, …; <_> is not output
        t:4:69: the key 'pattern' stands twice in one object
          |     {{"id": "a", "pattern": "<b:in>"}}, {{"id": "b", "pattern": "<a>", "pattern": "<a>"}},
          |                                                                     ^^^^^^^^^
          = help: leave one of them out
        t:5: the template has no id
          = help: write for example "id": "login-failed"
        t:5: unknown type 'in'
          | "<b:in>
          |     ^^
          = help: did you mean 'int'? {TYPES_HINT}
        t:5:29: unknown key 'Tags'
          |     {{"pattern": "\\"<b:in>", "Tags": []}},
          |                             ^^^^^^
          = help: did you mean 'tags'? The keys of a template are id, pattern, header, priority, description, tags, match, no_match, allow
        t:6: a template must be an object, not the number 5
          = help: a file is written {{"template": [{{"id": "…", "pattern": "…"}}]}}
        t:8:3: unknown key 'extra'
          |   "extra": 1
          |   ^^^^^^^
          = help: The keys of a file are 'headers', 'types', 'multiline' and 'template'
        """  # noqa: E501
    ) == errors_of(text, Format.JSON)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{"template": {"id": "a"}}',
            """
            t:1:2: 'template' must be a list of objects, not an object
              | {"template": {"id": "a"}}
              |  ^^^^^^^^^^
              = help: a file is written {"template": [{"id": "…", "pattern": "…"}]}
            """,
        ),
        (
            '{"template": [],\n "template": []}',
            """
            t:2:2: the key 'template' stands twice in one object
              |  "template": []}
              |  ^^^^^^^^^^
              = help: leave one of them out
            """,
        ),
        (
            "5",
            """
            t:1:1: the file must hold an object or a list, not the number 5
              | 5
              | ^
              = help: a file is written {"template": [{"id": "…", "pattern": "…"}]}
            """,
        ),
        (
            '{"id": "a"}\n{"id": "b"}',
            """
            t:2:1: not valid JSON: extra data
              | {"id": "b"}
              | ^
              = help: a file with one object a line is JSON Lines: give it a name that ends in .jsonl
            """,
        ),
        (
            '[\n{"id": "a\\d"}]',
            """
            t:2:10: not valid JSON: invalid \\escape
              | {"id": "a\\d"}]
              |          ^
              = help: in JSON a backslash is written \\\\
            """,
        ),
        (
            '[\n"\\\\ud800 \\ud83d\\ude00 \\ud800"]',
            """
            t:2:23: \\ud800 is half of a character
              | "\\\\ud800 \\ud83d\\ude00 \\ud800"]
              |                       ^^^^^^
              = help: write the character itself, or both of its escapes
            """,
        ),
        (
            "",
            """
            t:1:1: not valid JSON: expecting value
              |\N{SPACE}
              | ^
              = help: check the quotes, commas and brackets before this place
            """,
        ),
    ],
)
def test_json_that_is_not_well_formed_is_shown(text: str, expected: str) -> None:
    assert message(expected) == errors_of(text, Format.JSON)


@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 5000])
@pytest.mark.parametrize("format", [Format.JSON, Format.JSON_LINES])
def test_what_the_json_module_cannot_read_is_an_error(text: str, format: Format) -> None:
    assert ": not valid JSON: " in errors_of(text, format)


def test_each_bad_line_of_json_lines_is_reported() -> None:
    text = (
        '{"id": "a"\n,{"id": "b"}\n[]\n{"id": "c", "pattern": "d"} x\n{"id": "\\udc00"}\n{"headers": {}, "id": "e"}\n'
    )
    assert message(
        """
        t:1:11: not valid JSON: expecting ',' delimiter
          | {"id": "a"
          |           ^
          = help: check the quotes, commas and brackets before this place
        t:2:1: not valid JSON: expecting value
          | ,{"id": "b"}
          | ^
          = help: check the quotes, commas and brackets before this place
        t:3: a template must be an object, not a list
          = help: each line is one template: {"id": "…", "pattern": "…"}
        t:4:28: not valid JSON: extra data
          | {"id": "c", "pattern": "d"} x
          |                            ^
          = help: write one object a line
        t:5:9: \\udc00 is half of a character
          | {"id": "\\udc00"}
          |         ^^^^^^
          = help: write the character itself, or both of its escapes
        t:6: the template has no pattern
          = help: write for example "pattern": "Invalid user <user> from <src:ip>"
        t:6:2: unknown key 'headers'
          | {"headers": {}, "id": "e"}
          |  ^^^^^^^^^
          = help: headers stand on a line of their own: {"headers": {"default": "…"}}
        """
    ) == errors_of(text, Format.JSON_LINES)


def test_a_long_line_is_shown_in_part() -> None:
    text = json.dumps([{"id": f"t{number}", "pattern": "x"} for number in range(100)])[:-1] + ', {"x": 5}]'
    (unknown,) = (error for error in errors_of(text, Format.JSON).split("\n") if '"x": 5' in error)
    assert len(unknown) < 300


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Id,eventtemplate\nE1,x\n",
            """
            t:1: the column 'EventId' is missing
              | Id,eventtemplate
              | ^^^^^^^^^^^^^^^^
              = help: the first line names the columns, EventId and EventTemplate among them
            t:1: the column 'EventTemplate' is missing
              | Id,eventtemplate
              | ^^^^^^^^^^^^^^^^
              = help: 'eventtemplate' must be called 'EventTemplate'; the first line names the columns, EventId and EventTemplate among them
            """,  # noqa: E501
        ),
        (
            "EventId,EventTemplate,EventId\nE1,x,y\n",
            """
            t:1: the column 'EventId' is there 2 times
              | EventId,EventTemplate,EventId
              | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              = help: leave one of them
            """,
        ),
        (
            "EventId,EventTemplate\nE1,a, b\n,c\nE2,\nE3\n",
            """
            t:2: the row has 3 cells, the first line 2
              | E1,a, b
              | ^^^^^^^
              = help: a cell that holds a comma or a quote is written in quotes: "…"; a quote in it is doubled: ""
            t:3: the EventId of this row is empty
              | ,c
              | ^^
              = help: fill it in, or remove the row
            t:4: the EventTemplate of this row is empty
              | E2,
              | ^^^
              = help: fill it in, or remove the row
            t:5: the row has 1 cell, the first line 2
              | E3
              | ^^
              = help: a cell that holds a comma or a quote is written in quotes: "…"; a quote in it is doubled: ""
            """,
        ),
        (
            'EventId,EventTemplate\nE1,"a\nE2,b\n',
            """
            t:2: not valid CSV: a quoted cell is not closed
              | E1,"a
              | ^^^^^
              = help: it ends with a quote: "…"; a quote in it is doubled: ""
            """,
        ),
        (
            'EventId,EventTemplate\nE1,"a" b\n',
            """
            t:2: not valid CSV: text follows the closing quote of a cell
              | E1,"a" b
              | ^^^^^^^^
              = help: a quote in a quoted cell is doubled: ""
            """,
        ),
        (
            "EventId,EventTemplate\nE1,a\rb\n",
            """
            t:2: not valid CSV: a carriage return stands in a cell without quotes
              | E1,a\N{REPLACEMENT CHARACTER}b
              | ^^^^^^
              = help: end each line with a line feed
            """,
        ),
        (
            'EventId,EventTemplate\nE1,"a, <x:rest> b"\nE1,c\n',
            """
            t:2:8: a 'rest' field must be the last
              | a, <x:rest> b
              |    ^^^^^^^^
              = help: use 'any' for text before other text
            t:3:1: the id 'E1' is used twice, first in t:2
              | E1,c
              | ^^
              = help: an id is unique over all files that are loaded; rename or remove one of the two
            """,
        ),
    ],
)
def test_bad_rows_of_csv_are_shown(text: str, expected: str) -> None:
    assert message(expected) == errors_of(text, Format.CSV)


def test_a_cell_beyond_the_limit_of_the_csv_module_is_an_error() -> None:
    text = "EventId,EventTemplate\nE1," + "a" * 200_000
    assert errors_of(text, Format.CSV).startswith("t:2: not valid CSV: field larger than field limit (131072)\n")


def test_a_repeated_pattern_in_text_is_shown_with_the_first() -> None:
    assert message(
        """
        t:3:3: the field is not closed
          |   <b
          |   ^^
          = help: it ends with '>'; a literal '<' is written '<<'; a field is written <name:type> or <name>, an unnamed one <*>
        t:4:1: the same pattern stands in t:1
          | a
          | ^
          = help: leave one of them out
        """  # noqa: E501
    ) == errors_of("a\n# a\n  <b\na\n", Format.TEXT)


@pytest.mark.parametrize("format", list(Format))
def test_half_a_character_in_a_text_is_an_error(format: Format) -> None:
    assert errors_of("\ud800", format).startswith("t:1:1: U+D800 is not a character\n")


PIECES = st.sampled_from(
    [
        *("[[template]]\n", "[headers]\n", "id", "pattern", "header", "match", "values", "line", "template", "headers"),
        *(
            " = ",
            '"',
            "'",
            '"""',
            "'''",
            "\n",
            "\r\n",
            "\r",
            ",",
            ":",
            "{",
            "}",
            "[",
            "]",
            "<",
            "<a>",
            "<*>",
            "<?>",
            "</?>",
        ),
        *(
            "EventId,EventTemplate\n",
            "EventTemplate",
            "#",
            "\\",
            "\\ud800",
            "5",
            "1e5",
            "true",
            "null",
            "\0",
            "\ufeff",
            "é",
        ),
        *(
            '{"id": "a", "pattern": "b"}',
            'id = "a"\n',
            'pattern = "<x:rest> y"\n',
            "default",
            "none",
            "<b:/(/>",
            "2024-01-01",
        ),
    ]
)
CONTENTS = st.one_of(
    st.binary(max_size=60),
    st.lists(PIECES, max_size=30).map(lambda pieces: "".join(pieces).encode()),
    st.lists(st.one_of(PIECES.map(str.encode), st.binary(max_size=3)), max_size=20).map(b"".join),
)


@pytest.mark.parametrize("format", [*Format, None])
@settings(max_examples=examples(100))
@given(content=CONTENTS, header=st.one_of(st.none(), st.text(max_size=5)))
def test_any_bytes_load_or_raise_template_errors(format: Format | None, content: bytes, header: str | None) -> None:
    try:
        templates = load_text(decode(content), format=format, header=header)
    except TemplateErrors as error:
        outcome: Sequence[object] = [str(one) for one in error.errors]
    else:
        outcome = templates
    assert outcome


JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["id", "pattern", "line", "values", "headers", "default", "x"]), inner, max_size=3
        ),
    ),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ["id", "pattern", "header", "priority", "description", "tags", "match", "no_match", "allow", "Id", "headers"]
)


@settings(max_examples=examples(100))
@given(
    rows=st.lists(st.dictionaries(KEYS, JSON_VALUES), max_size=4),
    headers=JSON_VALUES,
    indent=st.sampled_from([None, 1]),
)
def test_any_json_loads_or_raises_template_errors(
    rows: list[dict[str, object]], headers: object, indent: int | None
) -> None:
    whole = json.dumps({"headers": headers, "template": rows}, indent=indent)
    lines = "\n".join(json.dumps(row) for row in [{"headers": headers}, *rows])
    for text, format in [(whole, Format.JSON), (lines, Format.JSON_LINES)]:
        with contextlib.suppress(TemplateErrors):
            assert load_text(text, format=format)


@pytest.mark.parametrize("suffix", [*SUFFIXES, ""])
@settings(max_examples=examples(20))
@given(content=CONTENTS)
def test_any_file_loads_or_raises_template_errors(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_bytes(content)
    try:
        templates = load_templates([path])
    except TemplateErrors as error:
        files = {one.location.file for one in error.errors if one.location}
    else:
        files = {template.origin.file for template in templates}
    assert {str(path)} == files
