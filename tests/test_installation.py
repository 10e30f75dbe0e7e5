"""
Which logmatch is under test. Without these a run could test another installation, or only one of two engines, and be
green.

`--installed` and `--pure` (see conftest.py) say what the run is meant for.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support import HAS_KERNEL, KERNEL
from support_cli import environment

import logmatch
from logmatch.engine import SIMD_LEVELS, default_name, make_engine, why_not_native
from logmatch.errors import UsageError
from logmatch.program import compile_program
from logmatch.templates.load import load_text

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path(logmatch.__file__).resolve().parent

SOURCES = ("pyx", "pxi", "h")
"""The suffixes of what the kernel is built from."""


def test_the_package_is_the_one_that_the_run_is_meant_for(pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("installed"):
        assert PACKAGE.is_relative_to(Path(sys.prefix).resolve()), "this is not an installed logmatch"
    else:
        assert PACKAGE == ROOT / "logmatch", "this is not the logmatch of the tree; give --installed if that is meant"


def test_a_command_that_a_test_starts_runs_the_same_package(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import logmatch; print(logmatch.__file__)"]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True)
    assert PACKAGE == Path(done.stdout.rstrip("\n")).resolve().parent


def test_the_kernel_is_there_unless_the_run_is_pure(pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("pure"):
        assert not HAS_KERNEL, "this logmatch has a kernel, so a run without it proves nothing"
        return
    assert HAS_KERNEL, (
        "the kernel is not built, so the native engine was not tested; `make test` builds it with a C compiler and the "
        "headers of Python, and `make test-pure` tests without it"
    )
    assert why_not_native() is None
    assert "native" == default_name()


@pytest.mark.skipif(not HAS_KERNEL, reason="the kernel is not built")
@pytest.mark.parametrize("name", KERNEL)
def test_the_kernel_is_built_from_the_sources_of_the_tree(name: str, pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("installed"):
        pytest.skip("an installed kernel was built elsewhere")
    spec = importlib.util.find_spec(f"logmatch.{name}")
    assert spec is not None
    assert spec.origin is not None
    built = Path(spec.origin).stat().st_mtime_ns
    sources = [path for suffix in SOURCES for path in (PACKAGE / name.partition(".")[0]).glob(f"*.{suffix}")]
    newer = [path.name for path in sources if path.stat().st_mtime_ns > built]
    assert [] == newer, "`make test` builds the kernel anew"


def test_pyproject_names_every_source_of_the_kernel() -> None:
    modules = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["ext-modules"]
    assert [f"logmatch.{name}" for name in KERNEL] == [module["name"] for module in modules]
    named = {source for module in modules for source in module["sources"] + module.get("depends", [])}
    package = ROOT / "logmatch"
    sources = {path.relative_to(ROOT).as_posix() for suffix in SOURCES for path in package.rglob(f"*.{suffix}")}
    assert sources == named, "what is missing there is missing in the sdist"
    assert [] == [module["name"] for module in modules if not module["optional"]], "logmatch installs without it"
    assert [] == [name for name in KERNEL if not (package / f"{name.replace('.', '/')}.pyi").is_file()], "without types"


@pytest.mark.skipif(not HAS_KERNEL, reason="the kernel is not built")
def test_a_set_of_instructions_that_is_not_known_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    program = compile_program(load_text("a"))
    for level in SIMD_LEVELS:
        monkeypatch.setenv("LOGMATCH_SIMD", level)
        assert "native" == make_engine(program, "native").name
    monkeypatch.setenv("LOGMATCH_SIMD", "avx512")
    with pytest.raises(UsageError, match=r"LOGMATCH_SIMD is 'avx512', which is not known\n.*use scalar or baseline"):
        make_engine(program, "native")
