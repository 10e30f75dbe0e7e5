"""`logmatch.Matcher`, `LiveMatcher` and records: what a program that uses the library sees."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import pickle
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support import ENGINES, HAS_KERNEL

from logmatch import LiveMatcher, LogmatchError, Matcher, Template, TemplateErrors
from logmatch.engine import reference
from logmatch.matcher import Line
from logmatch.record import integer

PATTERNS = {
    "login": "user <user:word> logged in from <src:ip>",
    "size": "<n:int> bytes",
    "text": "said <text:quoted> <x>",
}


@pytest.fixture(params=ENGINES)
def matcher(request: pytest.FixtureRequest) -> Matcher:
    return Matcher.from_patterns(PATTERNS, engine=request.param)


def test_a_match_has_the_id_the_values_and_where_they_are(matcher: Matcher) -> None:
    line = "user anna logged in from 10.0.0.7"
    match = matcher.match(line)
    assert match is not None
    assert ("login", {"user": "anna", "src": "10.0.0.7"}) == (match.template_id, match.values)
    assert {"user": "anna", "src": "10.0.0.7"} == {name: line[slice(*span)] for name, span in match.spans.items()}


@pytest.mark.parametrize(
    "line",
    [
        'said "é" x',
        'said "\ud83d" x',
        'said "\udcc3\udca9" x',
        '\ufeffsaid "ü\udcff\ud800" \U0001f600x',
        'said "a" \udc80b',
    ],
    ids=ascii,
)
def test_spans_of_a_str_are_characters_whatever_they_are(matcher: Matcher, line: str) -> None:
    match = matcher.match(line)
    assert match is not None
    assert line.index('"') == match.spans["text"][0]
    assert line.rindex('"') + 1 == match.spans["text"][1] == match.spans["x"][0] - 1
    assert len(line) == match.spans["x"][1]


def test_lines_may_be_str_bytes_bytearray_or_memoryview_with_or_without_terminator(matcher: Matcher) -> None:
    lines: list[Line] = ["1 bytes", b"1 bytes", bytearray(b"1 bytes\r\n"), memoryview(b"1 bytes\n"), "\ufeff1 bytes"]
    assert [{"n": 1}] * 5 == [match.values for match in map(matcher.match, lines) if match is not None]


@pytest.mark.parametrize("line", [None, 5, ["1 bytes"], 1.5])
def test_what_is_no_line_is_a_type_error_that_says_so(matcher: Matcher, line: Any) -> None:
    with pytest.raises(TypeError, match=f"a line is str or bytes, not {type(line).__name__}"):
        matcher.match(line)
    with pytest.raises(TypeError, match=f"line 2 is str or bytes, not {type(line).__name__}"):
        list(matcher.parse(["1 bytes", line]))


@pytest.mark.parametrize("lines", ["1 bytes\n2 bytes\n", b"1 bytes\n", bytearray(b"1 bytes"), None, 7])
def test_what_is_no_iterable_of_lines_is_a_type_error_when_parse_is_called(matcher: Matcher, lines: Any) -> None:
    with pytest.raises(TypeError, match=f"parse takes an iterable of lines, not {type(lines).__name__}"):
        matcher.parse(lines)


def test_what_is_no_template_is_a_type_error() -> None:
    with pytest.raises(TypeError, match=r"templates are Template, not str: Matcher\.load takes files"):
        Matcher(["app.toml"])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="patterns are several texts"):
        Matcher.from_patterns("user <u>")
    with pytest.raises(TypeError, match="patterns are several texts, not NoneType"):
        Matcher.from_patterns(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(("key", "value"), [("id", None), ("id", 7), ("pattern", None), ("pattern", b"user <u>")])
def test_a_template_of_anything_but_texts_is_a_type_error(key: str, value: Any) -> None:
    with pytest.raises(TypeError, match=f"the {key} of a template is a text, not {type(value).__name__}"):
        Template(**{"id": "login", "pattern": "user <u>", "header": "<time> ", key: value})


def test_patterns_that_are_wrong_are_template_errors() -> None:
    with pytest.raises(TemplateErrors, match="pattern 2"):
        Matcher.from_patterns(["a <x>", "b <x:nothing>"])


def test_parse_gives_a_record_for_each_line_when_it_is_asked_for(matcher: Matcher) -> None:
    asked = []

    def lines() -> Iterator[str]:
        for number in itertools.count(1):
            asked.append(number)
            yield f"{number} bytes\n" if number != 2 else "nothing\r\n"

    records = matcher.parse(lines())
    assert [] == asked
    first, second = next(records), next(records)
    assert [1, 2] == asked
    assert {"line": 1, "template_id": "size", "values": {"n": 1}} == dict(first)
    assert {"line": 2, "template_id": None, "raw": "nothing"} == dict(second)
    assert "raw" in second
    assert "raw" not in first


def test_a_list_of_records_makes_columns(matcher: Matcher) -> None:
    # As pandas and polars take it: a dataclass that is no sequence, whose attributes are the columns.
    record = next(matcher.parse(["1 bytes"]))
    assert dataclasses.is_dataclass(record)
    assert not hasattr(record, "__iter__")
    assert {"line": 1, "template_id": "size", "values": {"n": 1}, "raw": "1 bytes"} == dataclasses.asdict(record)


def test_parse_bytes_gives_what_the_command_writes(matcher: Matcher) -> None:
    chunk = b'\xef\xbb\xbf1 bytes\r\n\nsaid "\xff" y'
    expected = (
        b'{"line":1,"template_id":"size","values":{"n":1}}\n'
        b'{"line":2,"template_id":null,"raw":""}\n'
        b'{"line":3,"template_id":"text","values":{"text":"\xef\xbf\xbd","x":"y"}}\n'
    )
    assert expected == matcher.parse_bytes(chunk) == matcher.parse_bytes(memoryview(bytearray(chunk)))
    assert b"" == matcher.parse_bytes(b"")
    assert b'{"line":7,' == matcher.parse_bytes(b"1 bytes", first_line=7)[:10]


def test_a_matcher_can_be_copied_and_pickled(matcher: Matcher) -> None:
    assert matcher is copy.copy(matcher)
    assert matcher is copy.deepcopy(matcher)
    chunk = b"1 bytes\nuser a logged in from ::1\n"
    assert matcher.parse_bytes(chunk) == pickle.loads(pickle.dumps(matcher)).parse_bytes(chunk)


def test_an_int_of_any_length_is_exact_in_time_that_grows_with_its_length(matcher: Matcher) -> None:
    for size, kind in ((4_000, int), (4_301, int), (100_000, int), (1_000_000, Decimal)):
        begun = time.process_time()
        match = matcher.match(b"-" + b"7" * (size - 1) + b" bytes")
        assert match is not None
        value = match.values["n"]
        assert type(value) is kind
        assert time.process_time() - begun < 1
        with_any_length = sys.get_int_max_str_digits()
        sys.set_int_max_str_digits(0)
        try:
            assert b"-" + b"7" * 50 == str(value).encode()[:51]
        finally:
            sys.set_int_max_str_digits(with_any_length)
    assert 10**5_000 + 7 == integer(b"+1" + b"0" * 4_999 + b"7")


# Threads


def chunks_and_records(matcher: Matcher) -> list[tuple[bytes, bytes]]:
    """Chunks that differ in all that a call remembers: lengths, numbers, variants; and their records."""
    chunks = [
        b"".join(
            (b"user u%d logged in from 10.0.%d.%d\n" % (seed, seed, line))
            if (line + seed) % 3
            else (b'said "%s" x%d\n' % (b"y" * (seed * 7 + line), line))
            if line % 2
            else b"%d nothing %d\n" % (line, seed)
            for line in range(5 + 40 * seed)
        )
        for seed in range(8)
    ]
    return [(chunk, matcher.parse_bytes(chunk)) for chunk in chunks]


def in_threads(count: int, run: Callable[[int], None]) -> None:
    """Call *run* in *count* threads that begin together; an error in one is an error here."""
    barrier = threading.Barrier(count)

    def begin(number: int) -> None:
        barrier.wait()
        run(number)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(count) as pool:
            list(pool.map(begin, range(count)))
    finally:
        sys.setswitchinterval(before)


def test_threads_that_share_a_matcher_get_their_own_answers(matcher: Matcher) -> None:
    # Before matchers were frozen, 1 to 4 of 1,200 calls gave wrong bytes, and eight threads mostly ended by a crash.
    expected = chunks_and_records(matcher)
    lines = [line for chunk, _ in expected[:3] for line in chunk.split(b"\n")]
    matches = list(map(matcher.match, lines))
    rounds = 12 if matcher._engine.name == "native" else 2

    def run(number: int) -> None:
        for turn in range(rounds):
            for chunk, records in expected[number:] + expected[:number]:
                assert records == matcher.parse_bytes(chunk)
            if turn % 4 == 0:
                assert matches == list(map(matcher.match, lines))
                assert [match and match.template_id for match in matches] == [
                    record.template_id for record in matcher.parse(lines)
                ]

    in_threads(8, run)


@pytest.mark.parametrize("engine", ENGINES)
def test_threads_have_their_own_memories_of_dead_positions_and_regexes(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference, "REGEX_SECONDS", 1000.0)  # six threads wait for each other
    matcher = Matcher.from_patterns(
        ["<a:word>x<b:int>-<c:host>.<d:hex> <e>!", "<a> <b:/[a-c]+/>:<c>;<d>", "<a>a<b:word>a<c> z"], engine=engine
    )
    lines = [
        *(b"x1-" * n + b"a.b" * n + b" y!" for n in range(1, 30)),
        *(b"q " * n + b"abc" + b":" * n + b";" for n in range(1, 20)),
        *(b"a" * n + b" z" for n in range(3, 60)),
    ]
    expected = list(map(matcher.match, lines))
    assert any(expected)

    def run(number: int) -> None:
        for _ in range(2):
            assert expected[number:] == list(map(matcher.match, lines[number:]))

    in_threads(6, run)


@pytest.mark.skipif(not HAS_KERNEL, reason="the engines in Python hold the GIL")
def test_other_threads_run_while_the_native_engine_works() -> None:
    matcher = Matcher.from_patterns(PATTERNS, engine="native")
    chunk = b'said "yyyyyyyyyyyy" and something more\n' * 200_000
    ticks = 0
    done = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not done.is_set():
            ticks += 1
            time.sleep(0)

    before = sys.getswitchinterval()
    sys.setswitchinterval(30)  # nothing but an engine that lets go lets the other run
    thread = threading.Thread(target=tick)
    try:
        thread.start()
        for _ in range(3):
            matcher.parse_bytes(chunk)
    finally:
        done.set()
        thread.join()
        sys.setswitchinterval(before)
    assert ticks > 5


# Live templates


def write(path: Path, *patterns: str) -> None:
    aside = path.with_name("aside")
    aside.write_text("".join(f'[[template]]\nid = "{p.split()[0]}"\npattern = "{p}"\n' for p in patterns), "utf-8")
    aside.replace(path)


def ids(live: LiveMatcher) -> list[str]:
    return [template.id for template in live.templates]


def test_templates_are_added_and_removed_and_reload_keeps_that(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    write(path, "a <x>", "b <x>")
    live = LiveMatcher(path)
    assert (1, ["a", "b"]) == (live.generation, ids(live))
    assert 2 == live.add(Template(id="c", pattern="c <x>"))
    assert 3 == live.remove("a")
    write(path, "a <x>", "d <x>")
    assert 4 == live.reload() == live.generation
    assert ["d", "c"] == ids(live)
    assert [None, "c", "d"] == [record.template_id for record in live.parse(["a 1", "c 1", "d 1"])]
    with pytest.raises(ValueError, match="there is a template 'c' already"):
        live.add(Template(id="c", pattern="x"))
    with pytest.raises(KeyError):
        live.remove("nothing")
    assert 4 == live.generation


def test_a_call_ends_with_the_templates_that_it_began_with() -> None:
    live = LiveMatcher()
    live.add(Template(id="one", pattern="<x>"))
    records = live.parse(iter(["a", "b"]))
    first = next(records)
    live.remove("one")
    assert ["one", "one"] == [first.template_id, next(records).template_id]
    assert None is live.match("a")


def test_a_broken_file_leaves_the_old_templates_and_tells(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    write(path, "a <x>")
    told: list[LogmatchError] = []
    live = LiveMatcher(path, on_error=told.append)
    path.write_text("[[template]]\npattern = 'b <x:nothing>'\n", "utf-8")
    with pytest.raises(TemplateErrors, match="nothing"):
        live.reload()
    live._reload_and_tell()
    assert ["nothing" in str(error) for error in told] == [True]
    assert (1, ["a"]) == (live.generation, ids(live))


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_files_are_watched_until_the_end(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    write(path, "a <x>")
    told: list[LogmatchError] = []
    with LiveMatcher(path, watch=0.01, on_error=told.append) as live:
        path.write_text("broken [", "utf-8")
        eventually(lambda: bool(told))
        assert (1, ["a"]) == (live.generation, ids(live))
        write(path, "b <x>")
        eventually(lambda: ids(live) == ["b"])
        path.unlink()
        eventually(lambda: len(told) == 2)
        assert ["b"] == ids(live)
    eventually(lambda: all(thread.name != "logmatch-watch" for thread in threading.enumerate()))
    forgotten = LiveMatcher(watch=0.01)
    del forgotten
    eventually(lambda: all(thread.name != "logmatch-watch" for thread in threading.enumerate()))


@pytest.mark.parametrize("engine", ENGINES)
def test_no_call_mixes_two_generations(engine: str) -> None:
    live = LiveMatcher(engine=engine)
    live.add(Template(id="g0", pattern="<x> <y:int>"))
    done = threading.Event()
    chunk = b"a 1\n" * 200

    def run(number: int) -> None:
        if number == 0:
            for generation in range(1, 40):
                live.add(Template(id=f"g{generation}", pattern="<x> <y:int>", priority=generation))
                live.remove(f"g{generation - 1}")
            done.set()
            return
        while not done.is_set():
            found = {line.split(b",")[1] for line in live.parse_bytes(chunk).splitlines()}
            assert 1 == len(found)
            assert 1 == len({record.template_id for record in live.parse(["a 1"] * 50)})

    in_threads(4, run)
    assert ["g39"] == ids(live)
