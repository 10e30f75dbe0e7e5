"""`--time` from the file to the record: which year a file's times are of, whatever reads it; and what is counted."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest
from support import ENGINES
from support_cli import RunCli, run_cli

__all__ = ["run_cli"]

LOG = b"Dec 31 23:59:59 a\nbad\nFeb 30 00:00:00 b\nJan  1 00:00:00 c\n"
PARSE = ("-e", "<t:syslogtime> <w:word>", "--time", "rfc3339")
SECOND_OF_JANUARY = 1_704_153_600  # 2024-01-02


def times(records: str) -> list[str | None]:
    """The "ts" of each record."""
    return [json.loads(line)["ts"] for line in records.splitlines()]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("options", [(), ("--workers", "2", "--pool", "processes", "--chunk-size", "20")], ids=str)
def test_the_year_is_that_in_which_the_file_was_written(
    engine: str, options: tuple[str, ...], run_cli: RunCli, tmp_path: Path
) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(LOG)
    os.utime(path, (0, SECOND_OF_JANUARY))
    found = run_cli("parse", "a.log", *PARSE, "--engine", engine, *options)
    assert ["2023-12-31T23:59:59", None, None, "2024-01-01T00:00:00"] == times(found.stdout)


@pytest.mark.parametrize(
    ("written", "expected"), [(978_307_200, "2000"), (0, "2023")], ids=["in the header", "not in the header"]
)
def test_the_year_of_a_gzip_file_is_that_in_its_header(
    written: int, expected: str, run_cli: RunCli, tmp_path: Path
) -> None:
    path = tmp_path / "a.log.gz"
    path.write_bytes(gzip.compress(LOG, mtime=written))
    os.utime(path, (0, SECOND_OF_JANUARY))
    found = run_cli("parse", "a.log.gz", *PARSE)
    assert f"{expected}-12-31T23:59:59" == times(found.stdout)[0]


def test_times_are_counted_in_the_summary(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(LOG)
    run_cli("parse", "a.log", *PARSE, "--summary-json", "s.json")
    expected = {
        "none": 1,
        "naive": 2,
        "zoned": 0,
        "impossible": 1,
        "ambiguous": 0,
        "gap": 0,
        "leap": 0,
        "unknown_zone": 0,
    }
    assert expected == json.loads((tmp_path / "s.json").read_bytes())["times"]
    run_cli("parse", "a.log", *PARSE[:2], "--summary-json", "s.json")
    assert "times" not in json.loads((tmp_path / "s.json").read_bytes())


def test_a_line_that_is_too_long_has_no_time(run_cli: RunCli) -> None:
    found = run_cli("parse", *PARSE, "--max-line", "5", stdin=LOG)
    assert [None, None, None, None] == times(found.stdout)
