"""Learn: what is learned from lines matches them, whatever their order; golden results on small made logs."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logmatch.learn.evidence import Place, varies
from logmatch.learn.header import find_header
from logmatch.learn.header_pattern import header_pattern
from logmatch.learn.learner import LearnOptions, Result, learn
from logmatch.learn.naming import FIELD, Names
from logmatch.learn.sample import Sample
from logmatch.learn.shapes import DIGITS, VALUE, scan
from logmatch.learn.write import write_result
from logmatch.lint.check import check_templates
from logmatch.lint.findings import Finding, FindingKind
from logmatch.matcher import Matcher
from logmatch.templates.load import load_text
from logmatch.templates.model import Pattern
from logmatch.templates.template import Template

NO_HEADER = LearnOptions(header=Pattern(()))


EVERYTHING = LearnOptions()


def learned(lines: Sequence[str | bytes], options: LearnOptions = EVERYTHING) -> Result:
    raw = b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines)
    return learn(lambda: [raw], options)


def patterns(result: Result) -> list[tuple[int, str, str]]:
    return [(each.lines, each.template.id, str(each.template.pattern)) for each in result.templates]


def program_log(count: int = 400) -> list[str]:
    """Lines of an invented program: six statements, two kinds of lines without a header."""
    made = random.Random(1)
    users = ("anna", "boris", "chen", "dora", "emil", "fatima")
    lines = []
    for number in range(count):
        front = f"2024-05-31 13:{number // 60 % 60:02}:{number % 60:02},{number % 1000:03} "
        level, text = made.choice(
            (
                (
                    "INFO ",
                    f"User {made.choice(users)} logged in from 10.0.{number % 7}.{number % 200} port {40000 + number}",
                ),
                ("INFO ", f"Query took {number * 3} ms (rows={number % 9}, cached=false)"),
                ("WARN ", f"Block blk_{number * 7919} is missing at /data/vol{number % 3}/current"),
                ("ERROR", "Shutting down"),
                ("INFO ", f"Job {made.choice(users)}-{number} started"),
                ("INFO ", f"Job {made.choice(users)}-{number} stopped"),
            )
        )
        lines.append(f"{front}{level} app.Server: {text}")
        if level == "ERROR":
            lines += ["java.lang.IllegalStateException: closed", f"\tat app.Server.run(Server.java:{number % 50})"]
    return lines


def test_a_log_is_learned_whole() -> None:
    result = learned(program_log())
    assert str(result.header) == "<time:iso8601> <level:word> <_:ws><component:word>: "
    counts = [lines for lines, _, _ in patterns(result)]
    assert counts == sorted(counts, reverse=True)
    assert {text for _, _, text in patterns(result)} == {
        "User <user:word> logged in from <src:ipv4> port <port:int>",
        "Query took <took:int> ms (rows=<rows:int>, cached=false)",
        "Block blk_<blk:int> is missing at <path:path>",
        "Shutting down",
        "Job <job:word> started",
        "Job <job:word> stopped",
        "java.lang.IllegalStateException: closed",
        "\tat app.Server.run(Server.java:<java:int>)",
    }
    assert result.left_over == {}


def test_bytes_that_are_no_text_are_in_no_template() -> None:
    lines = [b"codes caf\xe91,caf\xe92,caf\xe93 sent", b"codes caf\xe94,caf\xe95 sent", b"codes caf\xe96,caf\xe97 sent"]
    assert ["codes <codes:word> sent"] == [text for _, _, text in patterns(learned(lines))]


def test_ids_are_made_of_words() -> None:
    ids = {text: id_ for _, id_, text in patterns(learned(program_log()))}
    assert ids["Block blk_<blk:int> is missing at <path:path>"] == "block-blk-missing"
    assert ids["Job <job:word> started"] == "job-started"
    assert ids["Shutting down"] == "shutting-down"


def test_ids_stay_when_more_lines_come() -> None:
    before = {text: id_ for _, id_, text in patterns(learned(program_log(300)))}
    more = [*program_log(300), *(f"2024-05-31 14:00:00,000 INFO  app.Disk: Disk sd{n}x is full" for n in range(40))]
    after = {text: id_ for _, id_, text in patterns(learned(more))}
    assert before == {text: after[text] for text in before}


def test_the_order_of_lines_does_not_matter() -> None:
    lines = program_log()
    expected = write_result(learned(lines))
    for seed in range(3):
        random.Random(seed).shuffle(lines)
        assert write_result(learned(lines)) == expected


def test_check_finds_nothing_in_what_was_learned() -> None:
    templates = load_text(write_result(learned(program_log())))
    assert check_templates(templates) == []
    assert all(template.match for template in templates)


def test_the_file_is_the_templates() -> None:
    result = learned(program_log())
    assert load_text(write_result(result)) == tuple(each.template for each in result.templates)
    assert write_result(result).startswith("# 8 templates of ")


WORDS = ("open", "close", "user", "id=7", "id=x", "12", "0x1f", "-", "/tmp/a", "10.0.0.1", "(a)", "[b]", '"q r"', "a:b")
words = st.sampled_from((*WORDS, "<", "<<", "<x>", "é", "\t", "x", "y", "z", "****", "blk_1", "blk_2", "eth0", "5 ms"))
messages = st.lists(words, max_size=8).map(" ".join)


@given(st.lists(messages, max_size=40))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_line_has_a_template_or_is_counted(lines: list[str]) -> None:
    assert assert_round_trip([line.encode() for line in lines]) == []


@given(st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")), max_size=12))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_bytes_of_any_kind_can_be_learned_from(lines: list[bytes]) -> None:
    findings = assert_round_trip(lines)
    assert [finding for finding in findings if finding.kind is FindingKind.EXAMPLE_FAILED] == []


def assert_round_trip(lines: Sequence[bytes]) -> list[Finding]:
    """Learn from lines, and match them with what was learned; return what `check` finds."""
    result = learned(lines)
    matched = match_all(result, lines)
    assert sum(id_ is not None for id_ in matched) == sum(each.lines for each in result.templates)
    for each in result.templates:
        assert matched.count(each.template.id) == each.lines
    assert sum(id_ is None for id_ in matched) == sum(result.left_over.values())
    templates = load_text(write_result(result)) if result.templates else ()
    assert templates == tuple(each.template for each in result.templates)
    return check_templates(templates)


def match_all(result: Result, lines: Iterable[bytes]) -> list[str | None]:
    matcher = Matcher([each.template for each in result.templates]) if result.templates else None
    matches = [matcher.match(line) if matcher is not None else None for line in lines]
    return [match.template_id if match is not None else None for match in matches]


def test_the_words_that_a_program_writes_come_often() -> None:
    place = Place(("the", "x", "gate", "opens"), 1)
    words = ("north", "south", "east", "west")
    assert varies(dict.fromkeys(words, 2), place)
    assert not varies(dict.fromkeys(words, 44), place)
    assert varies(dict.fromkeys((*words, "upper", "lower", "inner", "outer"), 44), place)


def test_verbs_are_written_in_the_program() -> None:
    place = Place(("Machine", "x", "(Event)", "seen"), 1)
    assert not varies(dict.fromkeys(("Started", "Stopped", "Paused", "Resumed"), 2), place)
    assert varies(dict.fromkeys(("Started", "Stopped", "Paused", "anna"), 2), place)


def test_true_and_false_are_the_values_of_one_field() -> None:
    place = Place(("keyguard", "=", "x", "flags"), 2)
    assert varies({"true": 90, "false": 80}, place)
    assert not varies({"open": 90, "shut": 80}, place)


def test_methods_of_requests_are_values() -> None:
    at_first, in_quotes = Place(("x", VALUE, "answered"), 0), Place((VALUE, '"', "x", VALUE), 2)
    assert varies({"GET": 90, "POST": 80, "PUT": 2}, at_first)
    assert not varies({"GET": 90, "POST": 80, "DELETE": 20}, in_quotes)
    assert varies({"GET": 90, "POST": 80, "DELETE": 20, "HEAD": 1}, in_quotes)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(
            [f'Mail "{text}" sent to {to}' for text in ("Order received", 'About \\"it\\"', "Bye") for to in "12"],
            ['Mail "<mail>" sent to <target:int>'],
            id="texts between quotes of equal and of different length",
        ),
        pytest.param(
            ['"Job done" reason="Out of memory" code=1', '"Job done" reason="All done" code=0'],
            ['"Job done" reason=<reason:quoted> code=<code:int>'],
            id="what stands in quotes after = is a value; a text that begins a message is its name",
        ),
        pytest.param(
            [f"Use org.example.{a} for class org.example.{b}" for a, b in ("AB", "CD", "EF", "GH")],
            ["Use <use:word> for class <class:word>"],
            id="names for machines at two places, each message with others",
        ),
        pytest.param(
            [
                f"Use the {a} in the {b} room"
                for a in ("red", "green", "blue", "white")
                for b in ("big", "low", "new", "old")
            ]
            + ["Use the black in the dark room"],
            ["Use the <value:word> in the <value_2:word> room"],
            id="a message that differs at two places from those of a group, where that group has words as values",
        ),
        pytest.param(
            [
                f"status {state} {name}:all {version}"
                for state in ("half-in", "un-packed", "in", "pre-in", "not-in")
                for name in ("ab", "cd", "ef", "gh", "ij")
                for version in ("2.3-4", "1:2.3-4+deb")
            ],
            ["status <status:word> <value:word>:all <value_2:word>"],
            id="lists are one value only where they differ in length",
        ),
        pytest.param(
            [f"session closed for user {user}" for user in ("anna", "boris", "chen", "dora")]
            + ["message for user anna by LOGIN"],
            ["message for user <user:word> by LOGIN", "session closed for user <user:word>"],
            id="a value elsewhere is one after a word that names values",
        ),
        pytest.param(
            [f"file /srv/base/{number:040x}_del is gone" for number in (7 << 150, 11 << 150, 13 << 150)],
            ["file /srv/base/<base:hex>_del is gone"],
            id="names that a program made for files of one directory",
        ),
    ],
)
def test_what_belongs_to_one_statement_is_one_template(lines: list[str], expected: list[str]) -> None:
    assert expected == sorted(str(each.template.pattern) for each in learned(lines, NO_HEADER).templates)


def test_what_is_often_goes_by_the_share_and_not_by_the_length_of_a_log() -> None:
    place = Place(("password", "for", "x", "from"), 2)
    assert varies({"root": 55_000, "ftp": 440, "git": 430}, place, scale=2_000 / 300_000)
    assert not varies({"root": 550, "ftp": 44, "git": 43}, place)


def test_after_a_word_that_names_values_three_are_enough() -> None:
    place = Place(("session", "of", "user", "x"), 3)
    assert varies({"anna": 90, "boris": 40, "chen": 20}, place)
    assert not varies({"anna": 90, "boris": 40}, place)


def test_two_frequent_stems_are_two_kinds_and_a_rare_one_is_none() -> None:
    place = Place(("Block", "x", "stored"), 1)
    broadcast, rdd = f"broadcast_{DIGITS}", f"rdd_{DIGITS}"
    assert not varies({broadcast: 100, rdd: 80}, place)
    assert varies({broadcast: 100, rdd: 2}, place)
    assert varies({broadcast: 100, VALUE: 80}, place)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("took 12 ms", ["took", VALUE]),
        ("from 10.0.0.1:22 ok", ["from", VALUE, "ok"]),
        ("blk_-12 on eth0", [f"blk_{DIGITS}", "on", f"eth{DIGITS}"]),
        ("a=b, c: d", ["a", "=", "b", ",", "c", ": ", "d"]),
        ("see /usr/lib/x.so.1.", ["see", VALUE, "."]),
        ("to /default-rack", ["to", "/default-rack"]),
        ('"GET /a?b=1 HTTP/1.1" 200', ['"', "GET", VALUE, '"', VALUE]),
        ("at www.example.org now", ["at", VALUE, "now"]),
        ("org.example.Main$Run failed", ["org.example.Main$Run", "failed"]),
        ("state **** -", ["state", "****", "-"]),
        ("mask febfacb2 on :: now", ["mask", VALUE, "on", VALUE, "now"]),
        (r'"a \"b\""', ['"', "a", r"\"", "b", r"\"", '"']),
        ("", []),
    ],
)
def test_a_message_is_scanned_into_words_marks_and_values(text: str, keys: list[str]) -> None:
    assert [token.key for token in scan(text)] == keys


@pytest.mark.parametrize("text", ["a" * 50_000, "/" * 20_000, "a." * 20_000, "GET /" + "a/" * 20_000, "1:" * 20_000])
def test_scanning_takes_time_in_proportion_to_the_message(text: str) -> None:
    scan(text)


@pytest.mark.parametrize(
    ("lines", "header"),
    [
        (["Mar  3 06:00:01 gate sshd[21]: a b", "Mar 13 06:00:01 gate cron: c"], "<time:syslogtime> <host:word> "),
        (["2024-05-31T13:05:59Z INFO [main] a.B - c", "2024-05-31T13:06:59Z WARN [w-1] a.C - d"], "<time:iso8601> "),
        (['1.2.3.4 - - [31/May/2024:13:05:59 +0200] "GET / HTTP/1.1" 200 5'] * 3, "<field:ipv4> - "),
        (["13:05:59.1|core|77|started", "13:06:59.2|core|78|stopped"], "<time:time>|"),
        (["no header here", "nor here at all"], ""),
        ([], ""),
    ],
)
def test_headers_begin_with_what_is_certain(lines: list[str], header: str) -> None:
    found = find_header(lines * 20)
    assert str(header_pattern(found, lines)).startswith(header)
    assert bool(found.elements) == bool(header)


@pytest.mark.parametrize(
    ("before", "type_name", "after", "name"),
    [
        ("user=", "word", "", "user"),
        ("port ", "int", "", "port"),
        ("Accepted from ", "ipv4", "", "src"),
        ("send to ", "ip", "", "dst"),
        ("took ", "int", " ms", "took"),
        (f"{FIELD} in ", "float", " ms", "ms"),
        (f"{FIELD} (", "int", " bytes freed)", "bytes"),
        ("blockId: ", "hex", "", "block_id"),
        ("", "uuid", "", "uuid"),
        ("the number of ", "int", "", "number"),
    ],
)
def test_the_text_around_names_a_field(before: str, type_name: str, after: str, name: str) -> None:
    assert Names().choose(before, type_name, after) == name


def test_names_are_unique_within_a_template_and_its_header() -> None:
    names = Names(("time",))
    assert [names.unique("time"), names.unique("id"), names.unique("id")] == ["time_2", "id", "id_2"]


@given(st.lists(st.binary(max_size=6), max_size=60), st.integers(0, 5), st.integers(1, 200), st.randoms())
def test_a_sample_does_not_depend_on_the_order(texts: list[bytes], size: int, budget: int, mix: random.Random) -> None:
    first = Sample(size, budget)
    for text in texts:
        first.add(text)
    mix.shuffle(texts)
    second = Sample(size, budget)
    for text in texts:
        second.add(text)
    chosen = list(first.items())
    assert list(second.items()) == chosen
    assert len(chosen) <= size
    assert sum(len(text) for text, _ in chosen) <= budget
    assert all(texts.count(text) == count for text, count in chosen)


def test_known_templates_take_their_lines_and_their_ids() -> None:
    known = [Template("job-started", "Job <job:word> started", "<_:any> app.Server: ")]
    result = learned(program_log(), LearnOptions(known=known))
    assert result.known == sum(line.endswith(" started") for line in program_log())
    assert all(not text.endswith("started") for _, _, text in patterns(result))
    assert "job-started" not in {id_ for _, id_, _ in patterns(result)}


def test_rare_kinds_can_be_left_out_and_are_counted() -> None:
    lines = [*(f"opened {n}" for n in range(5)), "closed for good", "closed by hand"]
    result = learned(lines, LearnOptions(header=Pattern(()), min_count=2))
    assert patterns(result) == [(5, "opened", "opened <opened:int>")]
    assert result.left_over == {"of kinds with fewer than 2 lines": 2}
    result = learned(lines, LearnOptions(header=Pattern(()), max_templates=2))
    assert result.left_over == {"of kinds beyond the 2 most frequent": 1}


def test_a_document_in_a_line_is_left_over() -> None:
    result = learned(["a short one", f"x{'y ' * 5_000}"], NO_HEADER)
    assert result.left_over == {"longer than 8,192 bytes": 1}


def test_pairs_are_fields_whatever_their_values() -> None:
    result = learned([f'level={["info", "warn"][n % 2]} msg="done {n % 3}" ms={n}' for n in range(20)])
    assert [text for _, _, text in patterns(result)] == ["level=<level:word> msg=<msg:quoted> ms=<ms:int>"]
    assert result.notes[0].startswith("nearly all lines are pairs of key=value")


def test_json_is_said_to_be_json() -> None:
    result = learned([f'{{"level": "info", "n": {n}}}' for n in range(20)])
    assert len(result.templates) == 1
    assert result.notes[0].startswith("nearly all lines are JSON objects")


def test_lines_of_traces_are_said_to_have_no_header() -> None:
    assert (
        learned(program_log())
        .notes[0]
        .endswith(' do not have the header, and look like parts of stack traces; their templates have header = "none"')
    )


def test_lines_that_are_nothing_but_what_looks_like_a_header_have_templates() -> None:
    days = [f"2025-06-{day:02}  14:36:{day:02}" for day in range(1, 9)]
    lines = [text for day in days for text in (f"Start-Date: {day}", "Commandline: apt upgrade", f"End-Date: {day}")]
    result = learned(lines)
    assert ({}, None, ()) == (result.left_over, result.header, result.notes)
    assert sum(each.lines for each in result.templates) == len(lines)


def test_lines_that_have_nothing_in_common_are_said_to_have_nothing() -> None:
    made = random.Random(2)
    lines = [" ".join("".join(made.choices("abcdefgh", k=6)) for _ in range(made.randint(3, 9))) for _ in range(300)]
    result = learned(lines)
    assert len(result.templates) == 300
    assert result.notes == (
        "most lines have a template of their own: they have little in common; --min-count 2 leaves these out",
    )
