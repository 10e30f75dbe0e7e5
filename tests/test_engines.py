"""
The cases of tests/cases/*.toml on every engine: templates and lines, and the records that must come of them.

A file holds cases of one subject: `[[case]]` with a `name`, and

* `pattern`, which stands for one template called "t"; or `templates`, in the order of the file, each with `id`,
  `pattern` and, if needed, `header` and `priority`;
* `lines`: each has `line` (text) or `line_hex` (bytes), and what becomes of it: `values`, the JSON text of the values,
  byte for byte as it is written, with the `id` of the template where there are several; or `unmatched`, true.
"""

from __future__ import annotations

import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import orjson
import pytest
from support import ENGINES, first_match, make_program, make_template, run_worker

from logmatch.engine import make_engine, reference
from logmatch.engine.portable import buckets
from logmatch.engine.portable.engine import PortableEngine
from logmatch.engine.portable.merged import MergedPrefixes
from logmatch.engine.reference import ReferenceEngine
from logmatch.errors import UsageError
from logmatch.program import compile_program
from logmatch.templates.pattern import parse_pattern
from logmatch.templates.template import Template

FILES = sorted((Path(__file__).parent / "cases").glob("*.toml"))


@dataclass(frozen=True, slots=True)
class Line:
    """Bytes of a line with its `\\r`, if it has one, and the id and values that are expected; None: no match."""

    data: bytes
    id: str | None
    values: bytes

    def record(self, number: int) -> bytes:
        """The whole record, for the line that has this *number*."""
        if self.id is None:
            raw = self.data.removesuffix(b"\r").decode("utf-8", "replace")
            return b'{"line":%d,"template_id":null,"raw":%b}\n' % (number, orjson.dumps(raw))
        return b'{"line":%d,"template_id":%b,"values":%b}\n' % (number, orjson.dumps(self.id), self.values)


@dataclass(frozen=True, slots=True)
class Case:
    """Templates, and lines with what they must become."""

    name: str
    templates: tuple[Template, ...]
    lines: tuple[Line, ...]


def read_cases(path: Path) -> list[Case]:
    """The cases of a file; keys that mean nothing, and lines of which nothing is expected, are errors."""
    document = tomllib.loads(path.read_text("utf-8"))
    assert {"case"} == set(document)
    cases = []
    for table in document["case"]:
        name = f"{path.stem}: {table.pop('name')}"
        rows = [{"id": "t", "pattern": table.pop("pattern")}] if "pattern" in table else table.pop("templates")
        templates = tuple(make_template(row.pop("id"), **row) for row in rows)
        ids = {template.id for template in templates}
        lines = []
        for row in table.pop("lines"):
            data = bytes.fromhex(row.pop("line_hex")) if "line_hex" in row else row.pop("line").encode()
            if "values" in row:
                id_ = row.pop("id", templates[0].id if len(templates) == 1 else None)
                assert id_ in ids, name
                lines.append(Line(data, id_, row.pop("values").encode()))
            else:
                assert row.pop("unmatched"), name
                lines.append(Line(data, None, b""))
            assert not row, name
        assert lines, name
        assert not table, name
        cases.append(Case(name, templates, tuple(lines)))
    return cases


CASES = [case for path in FILES for case in read_cases(path)]

each_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


def test_there_are_cases_of_many_subjects_and_no_two_have_one_name() -> None:
    assert len(FILES) >= 10
    assert len(CASES) >= 100
    assert len(CASES) == len({case.name for case in CASES})


@each_case
def test_the_records_of_a_case_are_as_expected(case: Case, engine_name: str) -> None:
    program = compile_program(case.templates)
    data = b"".join(line.data + b"\n" for line in case.lines)
    expected = b"".join(line.record(number) for number, line in enumerate(case.lines, 1))
    assert expected == run_worker(program, engine_name, data).output


@each_case
def test_the_lines_of_a_case_do_not_depend_on_their_order(case: Case, engine_name: str) -> None:
    program = compile_program(case.templates)
    lines = [*case.lines[::-1], *case.lines]
    data = b"\n".join(line.data for line in lines)  # the last has no terminator
    if not data or data.endswith(b"\n"):
        data += b"\n"  # an empty last line
    expected = b"".join(line.record(number) for number, line in enumerate(lines, 1))
    assert expected == run_worker(program, engine_name, data).output


@each_case
def test_the_patterns_of_a_case_are_written_as_they_are_read(case: Case) -> None:
    for template in case.templates:
        for pattern in (template.pattern, template.header):
            assert pattern is None or pattern == parse_pattern(str(pattern))


@each_case
def test_the_plain_definition_of_the_match_agrees_with_a_case(case: Case) -> None:
    for line in case.lines:
        found = first_match(case.templates, line.data.removesuffix(b"\r"))
        assert (line.id, list(orjson.loads(line.values or b"{}"))) == (
            (None, []) if found is None else (found[0], [name for name, _ in found[1]])
        )


def test_the_engine_that_is_asked_for_is_used() -> None:
    program = make_program("a <n:int> b")
    assert isinstance(make_engine(program, "reference"), ReferenceEngine)
    assert isinstance(make_engine(program, "portable"), PortableEngine)
    assert list(ENGINES) == [make_engine(program, name).name for name in ENGINES]


def test_the_engine_that_is_used_when_none_is_asked_for_is_not_the_reference() -> None:
    assert "reference" != make_engine(make_program("a")).name


def test_the_portable_engine_does_not_lean_on_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    def walk(*arguments: object) -> None:
        raise AssertionError(f"walk was called with {arguments}")

    monkeypatch.setattr(buckets, "walk", walk)
    patterns = [f"a{number} <x:word> b <n:int> <y>" for number in range(50)] + ["<x:ip> - <y> end"]
    engine = make_engine(make_program(*patterns), "portable")
    assert (b"1.2.3.4", b"c") == (engine.match(b"1.2.3.4 - c end") or (0, ()))[1]
    assert (b"c", b"-5", b"d e") == (engine.match(b"a7 c b -5 d e") or (0, ()))[1]
    assert None is engine.match(b"a7 c b - d e")


def test_a_group_whose_preferred_group_was_not_tried_on_a_line_does_not_go_by_the_line_before() -> None:
    # The header's two forms begin with different bytes, and their prefixes end at the same place of the two lines.
    header = "<?><x:a|ab|1></?>e<y:a|ab|1>"
    ends = [f"{'abc'[number % 3]}{number}" for number in range(40)]
    patterns = [base + end for base in ("<z>", "a<p><q><r>") for end in ends]
    program = compile_program([make_template(pattern, pattern, header) for pattern in patterns])
    reference = ReferenceEngine(program)
    for lines in ([b"aeaab10", b"eabc26"], [b"aeaab10"] * 11 + [b"eaab10", b"eabc26"]):
        engine = PortableEngine(program)
        assert [reference.match(line) for line in lines] == [engine.match(line) for line in lines]


HEADERS = {
    # Whether one prefix serves both forms.
    "<time:syslogtime> <host:word> <component><?>[<pid:int>]</?>: <_:ws>": True,
    "<host:word> <component><?>[<pid:int>]</?>: ": True,
    "<host:word> <component><?>(<pid:hex>)</?>: ": True,
    "<host:word> <component><?>[<pid:host>]</?>: ": True,
    # What is between the brackets, or ends the header, may itself hold what ends the header.
    "<host:word> <component><?>:<pid:int></?>: ": False,
    "<host:word> <component><?>[<pid:word>]</?>: ": False,
    "<host:word> <component><?>[<pid:int>]</?>:: ": False,
    # What begins the optional part comes again in it.
    "<host:word> <component><?> <pid:int> </?>- ": False,
    "<host:word> <component><?>[<pid:int>][<thread:int>]</?>: ": False,
    # A header that begins with free text; one without an optional part.
    "<component><?>[<pid:int>]</?>: ": False,
    "<component>] [<level:word>] ": False,
}


@pytest.mark.parametrize(("header", "is_one"), HEADERS.items())
def test_a_header_that_could_end_at_several_places_of_a_line(header: str, is_one: bool) -> None:
    contents = ["start <x> end", "a <x>: b", "b: <x>", "[1]: <x:int>", "<x> end", "<x>: <y>", "stop", "<x:word> b"]
    contents += [f"k{number} <x>" for number in range(9)]
    program = compile_program([make_template(content, content, header) for content in contents])
    engine, reference = PortableEngine(program), ReferenceEngine(program)
    assert is_one == any(isinstance(group, MergedPrefixes) for group in engine._groups)
    begins = ["May  3 13:05:59 h a"] if "<time" in header else ["a", "h a", "h [1]a"]
    ends = [": ", "[1]: ", " 1 - ", "- ", "(f): ", "[1][2]: ", "] [l] ", ":: ", ":7: ", "[a: ]: ", "[1]:: "]
    texts = ["start v end", "start", "a v: b", "b: w", "[1]: 5", "[1]: x", "v end", "stop", "k3 x: y", "w b", ": ", ""]
    texts.append(": ".join(["x"] * 20))
    lines = [
        (begin + end + again + text).rstrip().encode()
        for begin in begins
        for end in ends
        for again in ("", "c" + end, ": ")
        for text in texts
    ]
    expected = [reference.match(line) for line in lines]
    assert len(lines) // 20 < len(lines) - expected.count(None)
    assert expected == [engine.match(line) for line in lines]
    found: list[object] = [None] * len(lines)
    for number, places, values in engine.match_lines(lines):
        for place, of_line in zip(places, values, strict=True):
            assert found[place] is None
            found[place] = (number, of_line)
    assert expected == found


def test_a_variant_that_begins_and_ends_with_a_field_is_tried_on_every_line() -> None:
    patterns = ["<n> errors found on <node>", "<n>: x <y>", "<a:int>-<b>", *(f"w{number} <x>" for number in range(9))]
    program = make_program(*patterns)
    engine, reference = PortableEngine(program), ReferenceEngine(program)
    lines = [
        b"1 errors found on a",
        b"w1 errors found on b",
        b"w2 : x ",
        b"1-2",
        b"w3 y",
        b"1-: x b",
        b"",
        b"errors",
    ] * 4
    expected = [reference.match(line) for line in lines]
    assert expected == [engine.match(line) for line in lines]
    groups = engine.match_lines(lines)
    found = {
        place: (number, of_line)
        for number, places, values in groups
        for place, of_line in zip(places, values, strict=True)
    }
    assert expected == [found.get(place) for place in range(len(lines))]


def test_a_regex_with_one_place_to_begin_at_is_matched_without_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    def walk(*arguments: object) -> None:
        raise AssertionError(f"walk was called with {arguments}")

    monkeypatch.setattr(buckets, "walk", walk)
    engine = PortableEngine(
        make_program("at <t:time> stock of <sku:/[A-Z]{3}-[0-9]+/> is <left:percent>: <x>", "a <x>")
    )
    assert (0, (b"13:05", b"ABC-12", b"5%", b"y")) == engine.match(b"at 13:05 stock of ABC-12 is 5%: y")
    assert None is engine.match(b"at 13:05 stock of ABC-x is 5%: y")
    assert None is engine.match(b"at 13:05 stock of ABC-12 is 5: y")


def test_an_engine_that_is_not_there_is_our_error() -> None:
    with pytest.raises(UsageError, match="fast"):
        make_engine(make_program("a"), "fast")


SLOW = "/(?:a|aa)*[xyz]{9}/"
"""A type that takes longer than its time limit on thousands of letters a."""


def test_a_regex_that_takes_too_long_takes_all_of_them_out_of_the_line_and_is_counted(engine_name: str) -> None:
    # One budget for all: with one for each template, a line of a hundred such templates took ten seconds.
    templates = [
        make_template("slow", f"a <x:{SLOW}> <y>"),
        *(make_template(f"slow-{number}", f"a <n:/a?/><x:{SLOW}><?> <y></?>") for number in range(30)),
        make_template("fast", "a <x>"),
    ]
    program = compile_program(templates)
    engine = make_engine(program, engine_name)
    line = b"a " + b"a" * 5000 + b" x"
    begun = time.process_time()
    matches = engine.match_batch(line + b"\n" + line)
    assert time.process_time() - begun < 1
    ((number, places, values),) = matches.groups()
    assert ("fast", [0, 1], [(line[2:],)] * 2) == (program.template_of(number).id, places, values)
    assert {(0, 0): 2} == matches.timeouts


@pytest.mark.parametrize("way", ["match", "match_batch", "locate"])
def test_all_regexes_of_a_line_take_no_more_than_their_time_together(
    engine_name: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0

    class NeverDone:
        def match(self, line: bytes, start: int, timeout: float) -> None:
            nonlocal now
            now += timeout
            raise TimeoutError

    monkeypatch.setattr(reference, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(reference, "_compiled", lambda source: NeverDone())
    templates = [make_template(f"t{number}", f"<a>{number} <x:/(a|aa)*b/> <y>") for number in range(50)]
    templates += [make_template(f"u{number}", f"x{number % 3}<x:/(a|aa)*b/><?> <y></?>") for number in range(50)]
    engine = make_engine(compile_program(templates), engine_name)
    for line in (b"x0 " + b" ".join(b"%d aaaa! z" % number for number in range(50)), b"x1aaaa!", b"x2aa aa"):
        begun = now
        getattr(engine, way)(line)
        assert now - begun <= reference.REGEX_SECONDS * 1.000001
        assert now > begun


def test_a_regex_that_takes_too_long_leaves_the_variants_without_it(engine_name: str) -> None:
    # So the answer is the same whether an engine runs the regex, or sees first that a variant's literals are missing.
    templates = [make_template("slow", f"a <?><x:{SLOW}> x</?><y>"), make_template("fast", "<x>")]
    program = compile_program(templates)
    engine = make_engine(program, engine_name)
    line = b"a " + b"a" * 5000 + b" x"
    matches = engine.match_batch(line)
    ((number, _, values),) = matches.groups()
    assert ("slow", [(line[2:],)]) == (program.template_of(number).id, values)
    assert {(0, 0): 1} == matches.timeouts


@pytest.mark.parametrize("other", ENGINES[1:])
def test_what_a_regex_that_takes_too_long_takes_with_it_does_not_depend_on_the_engine(other: str) -> None:
    # The variant with "zzz" tries the regex at many places, that without it only at the first, where it is quick. An
    # engine that sees that "zzz" is missing must not give another answer than one that tries.
    slow = make_template("slow", f"a <p><x:{SLOW[:-1]}|b/> <?>zzz</?><y>")
    program = compile_program([slow, make_template("fast", "<x>")])
    line = b"a b c " + b"a" * 5000 + b" x"
    expected, found = (make_engine(program, name).match(line) for name in ("reference", other))
    assert expected == found
