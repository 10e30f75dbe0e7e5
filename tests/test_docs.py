"""
Documentation is run: what README.md and the other documents show is what happens, and what they name exists.

The blocks of a document run in their order, in one directory of its own. What happens to a block is decided by its info
string:

    console          commands ("$ ...") run in a shell; their output, stdout and stderr, must be what the block shows
    python           runs; with ">>>" as a doctest
    toml, csv, json, jsonl, text    with title="NAME": written to the file NAME
    pattern          each line must be a pattern of the language
    sh               is not run (it would not end, or change the machine); the options in it must exist
    diagram          a picture of text

There are no other blocks.
"""

from __future__ import annotations

import doctest
import importlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support_cli import PATH_OF_PACKAGE

from logmatch import Matcher
from logmatch.commands import COMMANDS, load_command
from logmatch.commands.__main__ import documents
from logmatch.commands.help import TOPICS, page
from logmatch.commands.main import MAIN
from logmatch.commands.manual import STATUSES
from logmatch.commands.options import Option, declarations
from logmatch.errors import ExitStatus
from logmatch.lint.findings import CODES
from logmatch.templates.load import load_text
from logmatch.templates.model import TYPES, Greediness
from logmatch.templates.pattern import parse_foreign_pattern, parse_pattern

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
CHECK = ROOT / "docs" / "check.md"
PATTERN_LANGUAGE = ROOT / "docs" / "pattern-language.md"
JOURNEY = ROOT / "docs" / "how-a-line-travels.md"
TOPIC_PAGES = tuple(ROOT / "logmatch" / "commands" / "topics" / f"{topic}.md" for topic in TOPICS)
DOCUMENTS = (README, *sorted((ROOT / "docs").glob("*.md")), ROOT / "logmatch" / "engine" / "README.md", *TOPIC_PAGES)

FILE_LANGUAGES = {"toml", "csv", "json", "jsonl", "text"}
OTHER_LANGUAGES = {"console", "python", "pattern", "sh", "diagram"}

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


# Blocks


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block; `line_number` (from 1) is that of its fence."""

    document: Path
    line_number: int
    language: str
    title: str | None
    text: str

    @property
    def where(self) -> str:
        """Its place as messages name it."""
        return f"{self.document.relative_to(ROOT)}:{self.line_number}"


_INFO = re.compile(r'(?P<language>\w*)(?: title="(?P<title>[^"/]+)")?')


def blocks_of(document: Path) -> Iterator[Block]:
    """The fenced blocks of *document* in their order."""
    lines = enumerate(document.read_text("utf-8").splitlines(), 1)
    for line_number, line in lines:
        if line.startswith("```"):
            info = _INFO.fullmatch(line[3:])
            assert info is not None, f"{document}:{line_number}: what is {line!r}?"
            content: list[str] = []
            for _, inner in lines:
                if inner == "```":
                    break
                content.append(inner + "\n")
            else:
                pytest.fail(f"{document}:{line_number}: the block is not closed")
            yield Block(document, line_number, info["language"], info["title"], "".join(content))


def prose_of(document: Path) -> str:
    """*document* without its blocks."""
    return re.sub(r"^```.*?^```$", "", document.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


@dataclass(slots=True)
class Step:
    """A command of a console block, and its output."""

    command: str
    output: str = ""


def steps_of(block: Block) -> list[Step]:
    """The commands of a console block with the output that it shows; a command goes on after a backslash."""
    steps: list[Step] = []
    is_command = False
    for line in block.text.splitlines(keepends=True):
        if line.startswith("$ "):
            steps.append(Step(line[2:]))
        elif is_command:
            steps[-1].command += line
        else:
            assert steps, f"{block.where}: a console block begins with '$ '"
            steps[-1].output += line
            continue
        is_command = line.endswith("\\\n")
    return steps


def transcript(steps: list[Step]) -> str:
    """The text of a console block with these *steps*."""
    return "".join(f"$ {step.command}{step.output}" for step in steps)


class Shell:
    """Runs commands in *directory*, in which `logmatch` is the one under test."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "work"
        self._directory.mkdir()
        programs = directory / "bin"
        programs.mkdir()
        program = programs / "logmatch"
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m logmatch "$@"\n')
        program.chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LOGMATCH_")}
        self._environment = {
            **kept,
            "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "PYTHONPATH": PATH_OF_PACKAGE,
            "LC_ALL": "C.UTF-8",
            "NO_COLOR": "1",
            "COLUMNS": "100",
        }

    def write(self, name: str, text: str) -> None:
        """Write a file of the directory."""
        (self._directory / name).write_text(text, "utf-8")

    def run(self, command: str) -> str:
        """What *command* writes to stdout and stderr."""
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self._directory,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return done.stdout.decode("utf-8")

    def run_python(self, block: Block) -> None:
        """Run a python block here, in the directory."""
        before = Path.cwd()
        os.chdir(self._directory)
        try:
            if ">>>" in block.text:
                test = doctest.DocTestParser().get_doctest(block.text, {}, block.where, None, 0)
                said: list[str] = []
                doctest.DocTestRunner(verbose=False).run(test, out=said.append)
                assert [] == said
            else:
                exec(compile(block.text, block.where, "exec"), {"__name__": block.where})
        finally:
            os.chdir(before)


PACKAGES = {"kubernetes.md": ("arro3.io", "duckdb")}
"""What a document needs that is no part of an installation for tests, by its name."""


@each_document
def test_the_blocks_of_a_document_show_what_happens(document: Path, tmp_path: Path) -> None:
    for package in PACKAGES.get(document.name, ()):
        pytest.importorskip(package, reason=f"{document.name} needs {package}")
    shell = Shell(tmp_path)
    for block in blocks_of(document):
        if block.title is not None:
            shell.write(block.title, block.text)
        elif block.language == "console":
            happened = [Step(step.command, shell.run(step.command)) for step in steps_of(block)]
            assert f"{block.where}\n{block.text}" == f"{block.where}\n{transcript(happened)}"
        elif block.language == "python":
            shell.run_python(block)
        elif block.language == "pattern":
            for line in block.text.splitlines():
                assert line == str(parse_pattern(line)), block.where


@each_document
def test_no_block_is_left_out_silently(document: Path) -> None:
    assert [] == re.findall(r"\n\n((?: {4}|\t).*)", prose_of(document)), "a block without a fence cannot be run"
    for block in blocks_of(document):
        known = FILE_LANGUAGES if block.title is not None else OTHER_LANGUAGES
        assert block.language in known, f"{block.where}: neither run nor written to a file"


# Commands and their options


NAMES = {
    command.name: {"--help", "-h"}.union(
        *(declared.names for _, declared in declarations(command.options) if isinstance(declared, Option))
    )
    for command in (MAIN, *map(load_command, COMMANDS))
}
"""The names of the options of each command; "" is `logmatch` itself."""

ALL_NAMES = set().union(*NAMES.values())


def section(document: Path, heading: str) -> str:
    """What stands below *heading*, up to the next heading of any level."""
    parts = re.split(r"^(#+ .*)$", prose_of(document), flags=re.MULTILINE)
    bodies = [body for title, body in zip(parts[1::2], parts[2::2], strict=True) if title.lstrip("# ") == heading]
    assert len(bodies) == 1, f"{document.name} has {len(bodies)} sections {heading!r}"
    return bodies[0]


def rows(text: str) -> list[list[str]]:
    """The cells of the first table in *text*, its head left out."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def codes(cell: str) -> list[str]:
    """The code spans in a cell."""
    return [code.replace("\\|", "|") for code in re.findall(r"`([^`]+)`", cell)]


def option_names(text: str) -> set[str]:
    """What looks like the name of an option in *text*."""
    return set(re.findall(r"(?<![\w-])(?:--[a-z][a-z-]*[a-z]|-[A-Za-z])(?![\w-])", text))


@pytest.mark.parametrize("path", documents())
def test_a_document_made_of_the_declarations_is_up_to_date(path: str) -> None:
    assert documents()[path] == (ROOT / path).read_text("utf-8"), "`make manual` writes it anew"


@each_document
def test_every_option_that_a_document_names_exists(document: Path) -> None:
    text = document.read_text("utf-8")
    assert set() == {name for name in option_names(text) if name.startswith("--")} - ALL_NAMES


def test_the_commands_of_what_is_promised_run_tests() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text("utf-8")
    chosen = re.findall(r"""make test ARGS="-k ('[^']+'|\w+)\"""", text)
    words = {word for each in chosen for word in each.strip("'").split(" or ")}
    assert len(words) > 20
    names = {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
    for path in (ROOT / "tests").rglob("test_*.py"):
        names.update(re.findall(r"^def (test_\w+)\(", path.read_text("utf-8"), re.MULTILINE))
    assert set() == {word for word in words if not any(word in name for name in names)}


@each_document
def test_commands_that_are_not_run_have_options_that_exist(document: Path) -> None:
    for block in blocks_of(document):
        for words in _commands(block.text) if block.language == "sh" else []:
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                del words[0]
            if words[:1] == ["logmatch"]:
                command = words[1] if len(words) > 1 and not words[1].startswith("-") else ""
                assert command in NAMES, f"{block.where}: there is no command {command!r}"
                options = {word.partition("=")[0] for word in words if re.match(r"--?[A-Za-z]", word)}
                assert set() == options - NAMES[command], block.where


def _commands(text: str) -> Iterator[list[str]]:
    """The words of each command in a piece of shell script."""
    for line in text.replace("\\\n", " ").splitlines():
        reader = shlex.shlex(line, posix=True, punctuation_chars=True)
        reader.whitespace_split = True
        words: list[str] = []
        for word in reader:
            if set(word) <= set("|&;()"):
                yield words
                words = []
            else:
                words.append(word)
        yield words


OTHER_VARIABLES = {"LOGMATCH_SIMD", "LOGMATCH_NO_SIMD"}
"""Variables that are no option."""


@each_document
def test_a_document_names_only_variables_that_exist(document: Path) -> None:
    variables = {
        declared.variable
        for command in map(load_command, COMMANDS)
        for _, declared in declarations(command.options)
        if isinstance(declared, Option)
    }
    assert set() == set(re.findall(r"LOGMATCH_[A-Z_]*[A-Z]", document.read_text("utf-8"))) - variables - OTHER_VARIABLES


def test_every_exit_status_has_its_meaning() -> None:
    assert [str(int(status)) for status in ExitStatus] == [status for status, _ in STATUSES]


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_of_help_is_there(topic: str) -> None:
    assert page(topic).startswith("# ")


def test_the_readme_is_short_and_works_where_it_is_shown_alone() -> None:
    text = README.read_text("utf-8")
    assert len(text.split()) <= 1800
    assert [] == [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if not target.startswith(("#", "https://"))]


def test_the_readme_begins_with_learning_parsing_explaining_and_checking_a_log_of_the_reader() -> None:
    # test_the_blocks_of_a_document_show_what_happens runs them.
    steps = [
        step.command.split()[:2]
        for block in blocks_of(README)
        if block.language == "console"
        for step in steps_of(block)
    ]
    commands = [words[1] for words in steps if words[0] == "logmatch"]
    assert ["learn", "parse", "explain", "check"] == [*dict.fromkeys(commands)][:4]
    assert "On your own log" == re.findall(r"^## (.*)$", prose_of(README), re.MULTILINE)[0]


def test_every_target_of_make_that_a_document_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for document in (README, ROOT / "CONTRIBUTING.md"):
        assert set() == set(re.findall(r"`make ([a-z-]+)", document.read_text("utf-8"))) - targets


def test_every_kind_of_finding_has_its_meaning() -> None:
    assert [*CODES] == [code for row in rows(section(CHECK, "The kinds of findings")) for code in codes(row[0])]


# Names in the documents


def _module_names() -> set[str]:
    # An __init__.py of one line says only what its package holds.
    paths = (ROOT / "logmatch").rglob("*.py")
    return {str(path.relative_to(ROOT)) for path in paths if path.read_text("utf-8").count("\n") > 2}


@pytest.mark.parametrize("document", [*DOCUMENTS, ROOT / "CONTRIBUTING.md"], ids=lambda path: path.name)
def test_every_file_that_a_document_names_exists(document: Path) -> None:
    named = set(re.findall(r"`((?:logmatch|tests|docs)/[\w./]*)`", prose_of(document)))
    assert set() == {name for name in named if not (ROOT / name).exists()}


def test_the_journey_of_a_line_names_every_module() -> None:
    named = re.findall(r"`(logmatch/[\w./]*)`", prose_of(JOURNEY))
    assert set() == _module_names() - set(named)


SUFFIXES = {"py", "log", "toml", "jsonl", "csv", "txt"}
"""What stands after the point in the name of a file, not of a module's member."""


@each_document
def test_every_name_in_a_module_that_a_document_names_exists(document: Path) -> None:
    modules = {name.removesuffix(".py").replace("/", ".") for name in _module_names()}
    for short, name in re.findall(r"`([a-z][a-z_]*)\.(\w+)`", prose_of(document)):
        found = [
            importlib.import_module(module)
            for module in modules
            if module.endswith(f".{short}") and name not in SUFFIXES
        ]
        assert not found or any(hasattr(module, name) for module in found), f"{short}.{name}"


@each_document
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose_of(document)):
        if not target.startswith("https://"):
            file, _, anchor = target.partition("#")
            path = (document.parent / file).resolve() if file else document
            assert path.exists(), target
            assert not anchor or anchor in _anchors(path), target


def _anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", prose_of(document), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


# The types


TYPE_ROWS = rows(section(PATTERN_LANGUAGE, "The types"))

each_type = pytest.mark.parametrize("row", TYPE_ROWS, ids=lambda row: row[0].strip("`"))


def test_the_table_of_types_has_every_type() -> None:
    assert [*TYPES] == [code for row in TYPE_ROWS for code in codes(row[0])]


@each_type
def test_a_type_is_what_its_row_says(row: list[str]) -> None:
    name, kind, text, json, good, bad = row
    type_ = TYPES[codes(name)[0]]
    assert (type_.greediness.value, type_.json_kind.value.replace("nothing", "–")) == (kind, json)
    matcher = Matcher(load_text(f"<value:{type_}>\n"))
    taken = {line: matcher.match(line) is not None for line in codes(good) + codes(bad)}
    assert taken == {**dict.fromkeys(codes(good), True), **dict.fromkeys(codes(bad), False)}
    if re.fullmatch(r"`[^`]+`", text):  # an expression, and nothing besides
        expression = re.compile(codes(text)[0])
        assert taken == {line: expression.fullmatch(line) is not None for line in taken}
        assert (type_.greediness is Greediness.FREE) == codes(text)[0].endswith(("*?", "+?")), (
            "free text is written with a lazy quantifier"
        )


def test_the_mask_words_of_other_tools_stand_for_these_types() -> None:
    table = rows(section(PATTERN_LANGUAGE, "Lists of other tools"))
    assert table
    for words, type_name in table:
        assert codes(words)
        for word in codes(words):
            assert str(parse_foreign_pattern(word)) == str(parse_pattern(f"<*:{codes(type_name)[0]}>"))
