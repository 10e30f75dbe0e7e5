"""Files that are no template files, and mistakes without end: one sentence, or a few and a count, in bounded time."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import socket
from pathlib import Path

import pytest

from logmatch.errors import InputError, TemplateErrors
from logmatch.templates import load
from logmatch.templates.document import Format
from logmatch.templates.load import load_templates, load_text
from logmatch.templates.pattern import parse_foreign_pattern, parse_pattern
from logmatch.templates.recognise import HEAD_SIZE

GOOD = '[[template]]\nid = "a"\npattern = "b <c>"\n'
RECORDS = "".join(
    json.dumps({"line": number, "template_id": "x", "values": {"id": "y"}}, separators=(",", ":")) + "\n"
    for number in range(1000)
)
LOG = "".join(
    f"2024-05-31 13:05:{number % 60:02} host app[{number}]: <started> user {number}\n" for number in range(200)
)
SYSLOG = "".join(f"<13>May 31 13:05:{number % 60:02} host app: started\n" for number in range(30))


def short(value: object) -> str:
    """What a parameter is called: the beginning of a text."""
    return repr(value)[:20]


def errors_of(*paths: Path | str) -> list[str]:
    """The sentences of the errors, each with its place."""
    with pytest.raises(TemplateErrors) as caught:
        load_templates(paths)
    return [f"{error.location}: {error.message}" if error.location else error.message for error in caught.value.errors]


# What is no template file


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("records.jsonl", RECORDS, "records that logmatch wrote"),
        ("records", RECORDS, "records that logmatch wrote"),
        (
            "records.json",
            '{"file":"a,b.log","line":1,"offset":0,"template_id":null,"raw":""}\n',
            "records that logmatch wrote",
        ),
        ("docker.jsonl", '{"log":"a","stream":"x"}\n' * 30, "JSON objects that are no templates"),
        ("app.log", LOG, "a log"),
        ("app.log", "started\nstopped\n", "a log"),
        ("app", LOG, "a log"),
        ("app.txt", LOG, "a log"),
        ("syslog", SYSLOG, "a log"),
        ("access", '10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 2326\n' * 5, "a log"),
        ("t.yaml", "templates:\n  - id: a\n    pattern: b\n", "YAML"),
        ("t.YML", "a: b\n", "YAML"),
        ("t", "---\n- id: a\n  pattern: user <u>\n", "YAML"),
        ("page", "<!DOCTYPE html><html>", "XML or HTML"),
        ("x.toml", b"\x89PNG\r\n\x1a\n\x00\x00", "a PNG image"),
        ("x.txt", b"SQLite format 3\x00" + bytes(100), "an SQLite database"),
        ("x.csv", bytes(range(256)) * 10, "binary data"),
        ("x", bytes(5), "binary data"),
        ("x.toml", GOOD.encode("utf-16"), "text in UTF-16"),
        ("x.toml", gzip.compress(GOOD.encode(), mtime=0), "compressed (gzip)"),
        ("x.toml", bz2.compress(GOOD.encode()), "compressed (bzip2)"),
        ("x.toml", lzma.compress(GOOD.encode()), "compressed (xz)"),
    ],
    ids=short,
)
def test_a_file_that_is_plainly_no_template_file_is_one_sentence(
    tmp_path: Path, name: str, content: str | bytes, what: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert [f"{path}: this is no template file: it is {what}"] == errors_of(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.txt", "server started\nserver stopped\n"),
        ("t", "2024 is <what>\n2025-01-01 <x>\n"),
        ("t.txt", "2024-05-31 13:05:59 <user:word> left\n" + "May 31 13:05:59 <x>\n"),
        ("t.txt", b"a \x00 <b>, which is no image\n"),
        ("t.txt", "\n".join(f"event {word} <x>" for word in "abcdefghijklmnopqrstuvwxyz")),
        ("t.jsonl", '{"id":"a","pattern":"b","tags":["line"]}\n'),
        ("t", '{"id":"a","pattern":"b"}\n{"id":"c","pattern":"d"}\n'),
        ("t.csv", "LineId,EventId,EventTemplate\n1,a,2024-05-31 13:05:59 b\n"),
        ("t", "user: <x>\nhost: <y>\n"),
    ],
    ids=short,
)
def test_a_template_file_is_not_taken_for_something_else(tmp_path: Path, name: str, content: str | bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert load_templates([path])


def test_an_object_with_a_misspelt_key_is_told_so_and_not_called_something_else(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"ident":"a","patern":"b"}\n{"ident":"c","patern":"d"}\n')
    assert f"{path}:1:14: unknown key 'patern'" in errors_of(path)


def test_the_beginning_of_a_file_decides_before_the_rest_is_read() -> None:
    class Endless(io.RawIOBase):
        read_bytes = 0

        def read(self, size: int = -1) -> bytes:
            assert 0 <= size <= load.MAX_FILE_SIZE + 1
            self.read_bytes += size
            return (RECORDS.encode() * (size // len(RECORDS) + 1))[:size]

    endless = Endless()
    found = load._read_file(endless, "x", None)  # type: ignore[arg-type]
    assert isinstance(found, InputError)
    assert HEAD_SIZE == endless.read_bytes


def test_a_file_that_is_larger_than_a_template_file_may_be_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "MAX_FILE_SIZE", 1 << 18)
    path = tmp_path / "t.txt"
    path.write_text("user <u> left\n" * 20_000)
    assert [f"{path}: this is larger than a template file may be, 256 KiB"] == errors_of(path)
    path.write_text(("user <u> left\n" * 20_000)[: 1 << 18])
    assert 21 == len(errors_of(path))  # as large as it may be: the same pattern again and again


def test_a_device_without_an_end_is_a_sentence() -> None:
    assert ["/dev/zero: this is no template file: it is binary data"] == errors_of("/dev/zero")


def test_an_empty_name_is_an_error() -> None:
    assert ["the name of a template file is empty"] == errors_of("")


@pytest.mark.parametrize("kind", ["fifo", "socket"])
def test_what_is_no_file_in_a_directory_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.toml").write_text(GOOD)
    path = str(tmp_path / "b.toml")
    if kind == "fifo":
        os.mkfifo(path)
    else:
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind(path)
    assert ["a"] == [template.id for template in load_templates([tmp_path])]


# Mistakes without end


def many(format: Format, number: int) -> str:
    if format is Format.TOML:
        return '[[template]]\nid = "a"\npatern = "b"\n' * number
    if format is Format.JSON:
        return json.dumps({"template": [{"id": "a", "pattern": "<"}] * number})
    if format is Format.JSON_LINES:
        return '{"id":"a","pattern":1}\n' * number
    if format is Format.CSV:
        return "EventId,EventTemplate\n" + "a,\n" * number
    return "user <\n" * number


@pytest.mark.parametrize("format", list(Format))
def test_at_most_twenty_errors_of_a_file_are_shown_and_the_others_counted(format: Format) -> None:
    with pytest.raises(TemplateErrors) as caught:
        load_text(many(format, 5000), format=format, name="t")
    *first, last = caught.value.errors
    assert 20 == len(first)
    assert last.message.startswith("and ")
    assert last.message.endswith(" more errors in this file")
    lines = [error.location.line_number or 0 for error in first if error.location is not None]
    assert sorted(lines) == lines
    assert int(last.message.split()[1].replace(",", "")) in range(4980, 15000)


def test_twenty_one_errors_are_shown_as_they_are_and_one_more() -> None:
    with pytest.raises(TemplateErrors) as caught:
        load_text("\n".join(f"{number} <" for number in range(21)), format=Format.TEXT, name="t")
    assert "t: and 1 more error in this file" in str(caught.value)


def test_errors_of_many_files_are_bounded_too(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number}.txt").write_text("user <\n" * 100)
    errors = errors_of(tmp_path)
    assert 201 == len(errors)
    assert "and 430 more errors" == errors[-1]


def test_an_error_in_a_very_long_pattern_shows_the_piece_around_it() -> None:
    with pytest.raises(TemplateErrors) as caught:
        load_text("a" * 500_000 + " <b:wrd> " + "c" * 500_000, format=Format.TEXT, name="t")
    assert "<b:wrd>" in str(caught.value)
    assert len(str(caught.value)) < 2000


# Bounded time

# Nothing here looks at a clock: where time grew with the square of the size, each of these took minutes.

DEEP = 50_000


@pytest.mark.parametrize(
    ("format", "text"),
    [
        (Format.TOML, ".".join("a" * DEEP) + " = 1\n"),
        (Format.TOML, "[" + ".".join("a" * DEEP) + "]\n"),
        (Format.TOML, "[[" + " . ".join(['"a"'] * DEEP) + "]]\n"),
        (Format.TOML, "a = { " + ".".join("a" * DEEP) + " = 1 }\n"),
        (Format.TOML, "a = " + "[" * DEEP + "]" * DEEP),
        (Format.TOML, "a = " + "{a=" * DEEP + "1" + "}" * DEEP),
        (Format.TOML, "a = " + "9" * 1_000_000),
        (Format.JSON, "[" * DEEP + "]" * DEEP),
        (Format.JSON, '{"a":' * DEEP + "1" + "}" * DEEP),
        (Format.JSON, '{"template":' + "[" * DEEP + "]" * DEEP + "}"),
        (Format.JSON_LINES, '{"a":' * DEEP + "1" + "}" * DEEP),
        (Format.JSON_LINES, '{"id":' + "9" * 1_000_000 + "}"),
        (Format.JSON_LINES, '{"a":1,' * 3 + '"\\ud800"' * 1000),
        (Format.CSV, 'EventId,EventTemplate\na,"' + "b" * 1_000_000),
        (Format.TOML, "[headers]\n" + "".join(f"a{number} = 1\n" for number in range(DEEP))),
        (Format.TOML, '[[template]]\nid = "a"\n' + "".join(f"a{number} = 1\n" for number in range(DEEP))),
        (Format.TEXT, "<a>" * DEEP),
        (Format.TEXT, "<a:" + "|".join("ab" * DEEP) + ">"),
        (Format.TEXT, "<a:" + "b" * 1_000_000 + ">"),
        (Format.TEXT, "<?>" * DEEP),
        (Format.TEXT, "<a:/" * DEEP),
    ],
    ids=short,
)
def test_a_text_that_goes_on_and_on_is_an_error_at_once(format: Format, text: str) -> None:
    with pytest.raises(TemplateErrors):
        load_text(text, format=format, name="t")


@pytest.mark.parametrize(
    "text",
    [
        "<<" * 200_000,
        "<a:/" * 20_000,
        "<a:/b/>" * 50_000,
        "".join(f"<a{number}>" for number in range(50_000)),
        "<a:" * 100_000,
        "<" * 200_000,
        "<NUM><:" * 50_000,
    ],
    ids=short,
)
def test_patterns_of_other_tools_are_read_in_time_that_grows_with_their_size(text: str) -> None:
    parse_foreign_pattern(text)


def test_a_pattern_of_many_pieces_is_read_in_time_that_grows_with_its_size() -> None:
    parse_pattern("<<" * 300_000 + "<a:" + "|".join(map(str, range(100_000))) + ">")


def test_a_dotted_text_is_no_deep_key() -> None:
    text = '[[template]]\nid = "a"\npattern = "' + "a." * 100 + '"\n# ' + "a." * 100 + "\n[x]\n"
    with pytest.raises(TemplateErrors) as caught:
        load_text(text, format=Format.TOML, name="t")
    assert ["unknown key 'x'"] == [error.message for error in caught.value.errors]
