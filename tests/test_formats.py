"""Packs: each is sound by itself, none takes lines of another, and `@NAME` stands for one where a file may be named."""

from __future__ import annotations

import ast
import bz2
import gzip
import lzma
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from logmatch import Matcher
from logmatch.errors import TemplateErrors
from logmatch.formats import ALIASES, PACKS, families, packs_of, read_pack
from logmatch.formats.detect import detect, detect_lines
from logmatch.lint.check import check_templates
from logmatch.templates.load import load_templates

DIRECTORY = Path(__file__).resolve().parent.parent / "logmatch" / "formats"

MEANT: dict[str, set[str]] = {
    "apache-combined": {"nginx-access"},  # the same format
    "logback": {"log4j"},  # the same layouts
}
"""Packs by those that may take lines of theirs when both are loaded: they describe the same lines."""

each_pack = pytest.mark.parametrize("pack", PACKS)


def tables(pack: str) -> list[dict[str, object]]:
    templates: list[dict[str, object]] = tomllib.loads(read_pack(pack).decode())["template"]
    return templates


def test_every_file_of_the_directory_is_a_pack() -> None:
    assert sorted(f"{pack}.toml" for pack in PACKS) == sorted(path.name for path in DIRECTORY.glob("*.toml"))


def test_the_document_lists_every_pack_and_how_many_templates_it_has() -> None:
    document = (DIRECTORY.parent.parent / "docs" / "formats.md").read_text("utf-8")
    rows = re.findall(r"(?m)^\| `([a-z0-9-]+)` \| .* \| (\d+) \|$", document)
    assert {pack: str(len(tables(pack))) for pack in PACKS} == dict(rows)


def test_packs_are_listed_in_the_order_of_their_names() -> None:
    assert sorted(PACKS) == list(PACKS)


@each_pack
def test_check_finds_nothing_in_a_pack(pack: str) -> None:
    assert [] == [str(finding) for finding in check_templates(load_templates([f"@{pack}"]))]


@each_pack
def test_each_template_is_described_and_has_an_example_with_values(pack: str) -> None:
    for template in tables(pack):
        assert template["description"], template["id"]
        examples = template["match"]
        assert isinstance(examples, list)
        assert examples, template["id"]
        if "<" in str(template["pattern"]).replace("<?>", "").replace("</?>", "").replace("<<", ""):
            assert any(isinstance(example, dict) and example["values"] for example in examples), template["id"]


@each_pack
def test_the_ids_of_a_pack_begin_with_its_name(pack: str) -> None:
    assert [] == [template["id"] for template in tables(pack) if not f"{template['id']}-".startswith(f"{pack}-")]


@each_pack
def test_a_pack_says_what_it_is_and_where_it_is_from(pack: str) -> None:
    assert read_pack(pack).startswith(b"# ")


def test_no_pack_takes_the_lines_of_another() -> None:
    """All packs in one program: an example goes to a template of its pack, or of one that is meant to have it."""
    matcher = Matcher(load_templates([f"@{pack}" for pack in PACKS]))
    owner = {str(template["id"]): pack for pack in PACKS for template in tables(pack)}
    strays = []
    for pack in PACKS:
        for template in load_templates([f"@{pack}"]):
            for example in template.match:
                match = matcher.match(example.line)
                assert match is not None
                if owner[match.template_id] not in {pack, *MEANT.get(pack, ())}:
                    strays.append((template.id, match.template_id, example.line))
    assert [] == strays


def test_a_name_stands_for_a_pack_a_family_or_several() -> None:
    assert ("sshd",) == packs_of("sshd")
    assert ("sudo", "cron") == packs_of("sudo,cron,sudo")
    for family, packs in families().items():
        assert packs == packs_of(family)
    for alias, name in ALIASES.items():
        assert packs_of(name) == packs_of(alias)


def test_a_pack_is_named_where_a_template_file_is() -> None:
    templates = load_templates(["@sudo"])
    assert {"@sudo"} == {template.origin.file for template in templates}
    match = Matcher.load("@sudo", "@sudo,sshd").match("Mar  3 06:01:22 gate1 sudo: unable to resolve host a: b")
    assert match is not None
    assert "sudo-unknown-host" == match.template_id


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("@shsd", "there is no format called 'shsd'\n  = help: did you mean 'sshd'? "),
        ("@sshd,", "there is no format called ''\n  = help: "),
    ],
)
def test_an_unknown_name_is_an_error_with_the_nearest(name: str, expected: str) -> None:
    with pytest.raises(TemplateErrors) as caught:
        load_templates([name])
    known = "'logmatch formats' lists them; the name of a file that begins with '@' is written './@…'"
    assert expected + known == str(caught.value)


def test_a_file_whose_name_begins_with_the_mark_can_still_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("@own.txt").write_text("own <name:word>\n")
    assert 1 == len(load_templates(["./@own.txt"]))


def test_the_registry_imports_nothing_that_costs_time() -> None:
    tree = ast.parse((DIRECTORY / "__init__.py").read_text("utf-8"))
    top = {ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)}
    expected = {
        "from __future__ import annotations",
        "import os",
        "from logmatch.errors import UsageError",
        "from logmatch.wording import did_you_mean",
    }
    assert expected == top


# Detection


def test_the_middle_and_the_end_of_a_large_file_are_looked_at_too(tmp_path: Path) -> None:
    log = tmp_path / "mixed.log"
    own = b"own line %d\n"
    dpkg = b"2026-03-03 06:01:22 startup packages configure\n"
    log.write_bytes(b"".join(own % n for n in range(100_000)) + dpkg * 100_000)
    assert ["dpkg"] == [share.pack for share in detect(str(log)).shares]


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_input_is_looked_at(compress: Callable[[bytes], bytes], tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(compress(b"2026-03-03 06:01:22 startup packages configure\n" * 3))
    assert [("dpkg", 1.0)] == detect(str(log)).shares


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\0\xff" * 1000, b"x" * 300_000])
def test_what_no_pack_matches_is_no_error(content: bytes, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(content)
    found = detect(str(log))
    assert ([], ()) == (found.shares, found.suggestion)


def test_what_is_suggested_covers_all_that_any_pack_matches() -> None:
    lines = [
        example.line.encode() for pack in ("cron", "su") for t in load_templates([f"@{pack}"]) for example in t.match
    ]
    found = detect_lines([*lines, b"own line"])
    assert (("cron", "su"), len(lines)) == (found.suggestion, found.suggested_lines)


def test_all_is_said_only_where_all_lines_match() -> None:
    lines = [example.line.encode() for t in load_templates(["@cron"]) for example in t.match]
    assert "all" == detect_lines(lines).suggested_share
    assert "99.9%" == detect_lines([*lines * 100, b"own line"]).suggested_share
