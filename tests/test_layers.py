"""
Layers: imports of logmatch go one way, and what is heavy or of the terminal is imported in few places.

Nothing is imported here; every module is read with `ast`, and an import inside a function counts like any other.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import SAME_WITHOUT_KERNEL

PACKAGE = Path(__file__).resolve().parent.parent / "logmatch"

ROOT = "(logmatch)"
"""The package itself, `logmatch/__init__.py`."""

ORDER = (
    "gc_pause",
    "interrupt",
    "_linescan",
    "linescan",
    "errors",
    "wording",
    "formats",
    "line",
    "entries",
    "entries.entries",
    "entries.envelope",
    "entries._unwrap",
    "entries.unwrap",
    "entries._joining",
    "entries.joining",
    "templates",
    "templates.grammar",
    "templates.known_ends",
    "templates.values",
    "templates.field_type",
    "templates.time_grammar",
    "templates.pair_grammar",
    "templates.json_scan",
    "templates.types",
    "times",
    "times.posix_tz",
    "times.zone",
    "times.forms",
    "templates.model",
    "templates.type_syntax",
    "templates.pattern_rules",
    "templates.pattern",
    "templates.template",
    "templates.document",
    "templates.toml_fast",
    "templates.read_toml",
    "templates.read_json",
    "templates.read_csv",
    "templates.read_text",
    "templates.recognise",
    "templates.validate",
    "templates.load",
    "templates.write",
    "importers.source",
    "importers.draft",
    "importers.strftime",
    "importers.apache",
    "importers.dissect",
    "importers.drain3",
    "importers.grok",
    "importers.haproxy",
    "importers.liblognorm",
    "importers.log4j",
    "importers.loghub",
    "importers.nginx",
    "importers.patterndb",
    "importers.postgres",
    "importers",
    "program",
    "engine.matches",
    "engine",
    "engine.reference",
    "engine.portable",
    "engine.portable.lists",
    "engine.portable.expression",
    "engine.portable.prefilter",
    "engine.portable.items",
    "engine.portable.split",
    "engine.portable.buckets",
    "engine.portable.prefixes",
    "engine.portable.merged",
    "engine.portable.engine",
    "engine.native",
    "engine.native._kernel",
    "engine.native.grammar_code",
    "engine.native.branches",
    "engine.native.assemble",
    "engine.native.engine",
    "times.times",
    "times.plan",
    "times.reference",
    "times._reader",
    "times.native",
    "choice",
    "choice.numbers",
    "choice.where",
    "choice.span",
    "choice.plan",
    "choice.choice",
    "choice.reference",
    "choice._chooser",
    "choice.native",
    "output",
    "output._jsonl",
    "input",
    "input.marks",
    "input.rotation",
    "input.resolve",
    "input.stream",
    "input.decode",
    "input.archive",
    "input.framing",
    "input.chunk",
    "record",
    "output.record_options",
    "output.batch",
    "output.value_plan",
    "output.writer",
    "output.destination",
    "output.sink",
    "output.compressed",
    "output.text_output",
    "output.format",
    "output.json_text",
    "output.entry_keys",
    "output.time_json",
    "output.jsonl",
    "output.table",
    "output.blocks",
    "output.columns",
    "output._columns",
    "output.text_rows",
    "output.block_writer",
    "output.arrow_structs",
    "output.arrow",
    "output.whole_file",
    "output.open_files",
    "output.table_output",
    "output.text_tables",
    "output.table_format",
    "output.csv",
    "output.tsv",
    "output.parquet_file",
    "output.parquet",
    "output.ipc_file",
    "output.ipc",
    "run",
    "run.kinds",
    "run.tally",
    "run.records",
    "run.worker",
    "matcher",
    "formats.detect",
    "live",
    "run.preflight",
    "run.cores",
    "run.job",
    "run.wait",
    "run.task",
    "run.order",
    "run.stage",
    "run.reader",
    "run.threads",
    "run.ipc",
    "run.worker_process",
    "run.processes",
    "run.pipeline",
    ROOT,
    "samples.grammar",
    "samples.stream",
    "samples.sshd",
    "samples.nginx",
    "samples.orders",
    "samples.storage",
    "samples.k8s",
    "samples",
    "samples.__main__",
    "learn",
    "learn.shapes",
    "learn.groups",
    "learn.evidence",
    "learn.vocabulary",
    "learn.passes",
    "learn.naming",
    "learn.fields",
    "learn.ids",
    "learn.elements",
    "learn.header",
    "learn.header_pattern",
    "learn.sample",
    "learn.remarks",
    "learn.templates_of",
    "learn.learner",
    "learn.write",
    "lint",
    "lint.findings",
    "lint.contest",
    "explain",
    "explain.alignment",
    "explain.shortlist",
    "explain.suggestion",
    "explain.nearest",
    "explain.explanation",
    "explain.show",
    "lint.examples",
    "lint.structure",
    "lint.samples",
    "lint.shadowing",
    "lint.slow_regex",
    "lint.foreign",
    "lint.against",
    "lint.check",
    "stats",
    "stats._records",
    "stats._spans",
    "stats.sketch",
    "stats.divergence",
    "stats.clock",
    "stats.timeline",
    "stats.gather",
    "stats.read_lines",
    "stats.read_records",
    "stats.read",
    "stats.report",
    "stats.show",
    "stats.html",
    "schemas.source",
    "schemas",
    "schemas.duckdb",
    "schemas.polars",
    "schemas.clickhouse",
    "schemas.spark",
    "schemas.jsonschema",
    "bench",
    "bench.plain_loop",
    "bench.results",
    "bench.verify",
    "bench.isolated",
    "bench.corpus",
    "bench.synthetic",
    "bench.scaling",
    "bench.request",
    "bench.workspace",
    "bench.rounds",
    "bench.tables",
    "bench.report",
    "commands.options",
    "commands.template_options",
    "commands.format_options",
    "commands.line_options",
    "commands.choice_options",
    "commands",
    "commands.terminal",
    "commands.status_line",
    "commands.summary",
    "commands.manual",
    "commands.completion",
    "commands.input_options",
    "commands.unmatched",
    "commands.parse",
    "commands.explain",
    "commands.check",
    "commands.formats",
    "commands.learn",
    "commands.import_",
    "commands.stats_options",
    "commands.stats",
    "commands.diff",
    "commands.schema",
    "commands.bench",
    "commands.main",
    "commands.help",
    "commands.command_line",
    "commands.app",
    "commands.__main__",
    "__main__",
)
"""All modules of logmatch, each after those that it may import."""

CHOICES = {
    "times.times": {"times.native", "times.reference"},
    "choice.choice": {"choice.native", "choice.reference"},
    "engine": {
        "engine.reference",
        "engine.portable.engine",
        "engine.native.engine",
        "engine.native._kernel",
        "output._jsonl",
    },
    "schemas": {module for module in ORDER if module.startswith("schemas.")},
    "output.format": {module for module in ORDER if module.startswith("output.")},
    "commands": {module for module in ORDER if module.startswith("commands.")},
}
"""Who may import a later module, inside a function only: what was chosen by name (an engine, a format, a command)."""

IMPORTERS = {
    "typer": {"commands.command_line"},
    "click": {"commands.command_line"},
    "rich": {"commands.terminal", "bench.report"},
}
"""Packages that only these modules may import: the options; the display of progress and summary, and of a benchmark."""

NAMES_THAT_SAY_NOTHING = {"util", "utils", "helper", "helpers", "manager", "managers"}


def modules() -> dict[str, Path]:
    """The modules in the tree by name, `engine.portable` for logmatch/engine/portable/engine.py."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name or ROOT] = path
    return found


def imports(module: str, source: str, *, top_only: bool = False) -> set[str]:
    """
    All that *source*, the text of *module*, imports: named as in `ORDER` for logmatch, by the dotted name for others.

    With *top_only*, what functions import is left out.
    """
    return {_short(name) for name in _full_names(module, source, top_only)}


def _full_names(module: str, source: str, top_only: bool) -> Iterator[str]:
    for node in _nodes(ast.parse(source), top_only):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import in line {node.lineno}"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if _short(whole) in _KNOWN else str(node.module)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            assert node.args, f"{module} imports something by a name that cannot be seen in line {node.lineno}"
            name = node.args[0]
            if isinstance(name, ast.JoinedStr) and isinstance(name.values[0], ast.Constant):
                begin = str(name.values[0].value)  # f"logmatch.commands.{name}": any module of that package
                yield from (f"logmatch.{each}" for each in ORDER if f"logmatch.{each}".startswith(begin))
                continue
            assert isinstance(name, ast.Constant), f"{module} imports a module by a computed name in line {node.lineno}"
            yield str(name.value)


def _nodes(tree: ast.AST, top_only: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        yield node
        if not (top_only and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)):
            yield from _nodes(node, top_only)


def _short(name: str) -> str:
    return ROOT if name == "logmatch" else name.removeprefix("logmatch.")


TREE = modules()
_KNOWN = {*ORDER, *TREE}

each_module = pytest.mark.parametrize("module", TREE)


def test_every_module_has_its_place_in_the_order() -> None:
    assert [] == [module for module in TREE if module not in ORDER]


def test_no_module_has_two_places_in_the_order() -> None:
    assert len(set(ORDER)) == len(ORDER)


@each_module
def test_a_module_imports_only_modules_before_it(module: str) -> None:
    source = TREE[module].read_text("utf-8")
    before = set(ORDER[: ORDER.index(module)]) if module in ORDER else set()
    upward = (imports(module, source) & _KNOWN) - before
    assert set() == upward - CHOICES.get(module, set())
    assert set() == upward & imports(module, source, top_only=True)


@each_module
def test_a_package_is_imported_only_where_it_belongs(module: str) -> None:
    packages = {name.partition(".")[0] for name in imports(module, TREE[module].read_text("utf-8"))}
    assert set() == {package for package in packages if module not in IMPORTERS.get(package, {module})}


@each_module
def test_the_name_of_a_module_says_something(module: str) -> None:
    assert set() == {part.strip("_") for part in module.split(".")} & NAMES_THAT_SAY_NOTHING


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import logmatch", {ROOT}),
        ("import rich.progress as shown", {"rich.progress"}),
        ("from logmatch import __version__", {ROOT}),
        ("from logmatch import errors", {"errors"}),
        ("from logmatch.errors import Place", {"errors"}),
        ("from logmatch.engine import portable, Engine", {"engine", "engine.portable"}),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import typer", {"typing", "typer"}),
        ("import importlib\nimportlib.import_module('logmatch.bench')", {"importlib", "bench"}),
        (
            "import importlib\nimportlib.import_module(f'logmatch.input.{x}')",
            {"importlib", *(name for name in ORDER if name.startswith("input."))},
        ),
    ],
)
def test_every_form_of_import_is_seen(source: str, expected: set[str]) -> None:
    assert expected == imports("input.chunk", source)


def test_an_import_inside_a_function_is_seen_and_told_apart() -> None:
    source = "import os\ndef run():\n    if True:\n        from logmatch.bench import run"
    assert {"os", "bench"} == imports("input.chunk", source)
    assert {"os"} == imports("input.chunk", source, top_only=True)


def test_a_relative_import_is_refused() -> None:
    with pytest.raises(AssertionError, match=r"input\.chunk has a relative import in line 1"):
        imports("input.chunk", "from . import errors")


def test_what_a_run_without_the_kernel_leaves_out_exists() -> None:
    modules = {path.stem for path in Path(__file__).parent.rglob("test_*.py")}
    assert set() == SAME_WITHOUT_KERNEL - modules
