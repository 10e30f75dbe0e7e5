"""The samples: `sample_logs/` is what the generator writes, and templates and lines agree."""

from __future__ import annotations

import tomllib
from collections import Counter
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from logmatch import Matcher, samples

SAMPLE_LOGS = Path(__file__).resolve().parent.parent / "sample_logs"

system_names = pytest.mark.parametrize("system", samples.SYSTEMS)


def template_ids(system: str) -> list[str]:
    return [template["id"] for template in tomllib.loads(samples.templates_path(system).read_text("utf-8"))["template"]]


def same(expected: object, actual: object) -> bool:
    """Whether a value of a line is the one in TOML; numbers are compared as numbers, whatever their type."""
    if isinstance(expected, int | float):
        return Decimal(str(expected)) == Decimal(str(actual))
    return expected == actual


def without_carriage_return(line: bytes) -> bytes:
    """*line* as a reader of a file gives it: a `\\r` before the `\\n` belongs to the end of the line."""
    return line.removesuffix(b"\r")


def test_sample_logs_holds_what_the_generator_writes(tmp_path: Path) -> None:
    samples.write_sample_logs(tmp_path)

    for path in sorted(tmp_path.iterdir()):
        assert path.read_bytes() == (SAMPLE_LOGS / path.name).read_bytes(), (
            f"run python -m logmatch.samples {SAMPLE_LOGS}"
        )


def test_each_system_has_a_log_and_templates(tmp_path: Path) -> None:
    samples.write_sample_logs(tmp_path / "new" / "directory")

    expected = {f"{system}.{kind}" for system in samples.SYSTEMS for kind in ("log", "toml")}
    assert expected == {path.name for path in (tmp_path / "new" / "directory").iterdir()}


@system_names
def test_each_template_has_an_example_with_values_and_is_described(system: str) -> None:
    for template in tomllib.loads(samples.templates_path(system).read_text("utf-8"))["template"]:
        assert template["match"], template["id"]
        assert all(example["values"] for example in template["match"] if "<" in template["pattern"]), template["id"]
        assert template["description"], template["id"]
        assert template["tags"], template["id"]


@system_names
def test_the_examples_match_with_these_values_and_the_others_do_not(system: str) -> None:
    matcher = Matcher.load(samples.templates_path(system))

    for template in tomllib.loads(samples.templates_path(system).read_text("utf-8"))["template"]:
        for example in template["match"]:
            match = matcher.match(example["line"])
            assert match is not None, example["line"]
            assert template["id"] == match.template_id, example["line"]
            for name, expected in example["values"].items():
                assert same(expected, match.values[name]), (name, example["line"])
        for line in template.get("no_match", ()):
            other = matcher.match(line)
            assert other is None or other.template_id != template["id"], line


@system_names
@pytest.mark.parametrize("seed", [1, 2])
def test_each_line_gets_its_true_template(system: str, seed: int) -> None:
    matcher = Matcher.load(samples.templates_path(system))

    for expected, line in samples.labelled_lines(system, 2_000, seed, odd=0.2):
        match = matcher.match(without_carriage_return(line))
        assert expected == (None if match is None else match.template_id), line


@system_names
def test_each_template_occurs_in_the_sample_log_and_some_lines_have_none(system: str) -> None:
    assert {*template_ids(system), None} == set(samples.expected_counts()[system])


@system_names
def test_expected_counts_are_those_of_the_sample_log(system: str) -> None:
    matcher = Matcher.load(samples.templates_path(system))
    lines = samples.sample_log(system).split(b"\n")[:-1]

    matches = (matcher.match(without_carriage_return(line)) for line in lines)
    actual = Counter(None if match is None else match.template_id for match in matches)

    assert samples.expected_counts()[system] == dict(actual)
    assert samples.SAMPLE_COUNTS[system] == len(lines)


@system_names
def test_the_same_seed_gives_the_same_lines_and_another_seed_others(system: str) -> None:
    first = list(samples.lines(system, 500, 7))

    assert first == list(samples.lines(system, 500, 7))
    assert first == list(samples.lines(system, 900, 7))[:500]
    assert first != list(samples.lines(system, 500, 8))


@system_names
def test_lines_are_the_labelled_lines_without_their_labels(system: str) -> None:
    assert list(samples.lines(system, 400)) == [line for _, line in samples.labelled_lines(system, 400)]


@system_names
def test_no_line_holds_a_line_break(system: str) -> None:
    assert not any(b"\n" in line for line in samples.lines(system, 2_000, odd=0.5))


@system_names
def test_clean_lines_all_have_a_template_and_nothing_odd(system: str) -> None:
    for label, line in samples.labelled_lines(system, 2_000, odd=0):
        assert label is not None
        assert line.isascii(), line
        assert line == line.strip(), line


@system_names
@pytest.mark.parametrize("odd", [0.03, 0.3])
def test_about_the_asked_share_of_lines_is_odd(system: str, odd: float) -> None:
    # Every odd line but the continuation of a trace is one event; of each turn of events, half or more match nothing
    # or look strange. The unmatched ones are what can be counted.
    labels = [label for label, _ in samples.labelled_lines(system, 20_000, odd=odd)]
    assert odd / 4 < labels.count(None) / len(labels) < odd


@system_names
def test_the_sample_log_holds_every_kind_of_odd_line(system: str) -> None:
    log = samples.sample_log(system)

    assert b"\n\n" in log
    assert b"\r\n" in log
    assert b"  \t \n" in log
    assert b"caf\xe9" in log
    assert b"\\" in log
    assert max(map(len, log.split(b"\n"))) > 1_000
    assert any(byte < 0x20 and byte not in b"\t\r\n" for byte in log)


@system_names
def test_time_only_goes_forward(system: str) -> None:
    fields = {
        "sshd": ["time"],
        "nginx": ["time"],
        "orders": ["time"],
        "storage": ["date", "time"],
        "k8s": ["date", "time"],
    }
    matcher = Matcher.load(samples.templates_path(system))

    matches = (matcher.match(line) for line in samples.lines(system, 500, odd=0))
    times = [tuple(str(match.values[name]) for name in fields[system]) for match in matches if match is not None]

    assert 500 == len(times)
    assert all(earlier <= later for earlier, later in pairwise(times))


def test_an_unknown_system_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no sample system is called 'mainframe'; there are sshd, nginx"):
        samples.lines("mainframe", 1)
    with pytest.raises(ValueError, match="no sample system is called 'mainframe'"):
        samples.templates_path("mainframe")


def test_a_share_of_odd_lines_beyond_all_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"the share of odd lines is 1\.5; it must be from 0 to 1"):
        samples.lines("sshd", 1, odd=1.5)
