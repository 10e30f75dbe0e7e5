"""Check: every kind of finding, whole, and beside each a template that is nearly as bad and has none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import examples, make_template
from support_templates import any_templates

from logmatch import samples
from logmatch.engine.reference import FieldTimeoutError, ReferenceEngine, walk
from logmatch.lint import contest, slow_regex
from logmatch.lint.against import Usage
from logmatch.lint.check import check_templates
from logmatch.lint.contest import Contest
from logmatch.lint.findings import Finding, FindingKind
from logmatch.lint.findings import shown as shown_findings
from logmatch.lint.samples import texts_of
from logmatch.lint.shadowing import covers
from logmatch.program import WHITESPACE, Variant, compile_program
from logmatch.templates.load import load_templates, load_text
from logmatch.templates.model import Literal, Pattern
from logmatch.templates.pattern import parse_pattern
from logmatch.templates.template import Example, Origin, Template


@pytest.fixture(autouse=True)
def _time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the search for slow expressions ends before it has found all of them."""
    monkeypatch.setattr(slow_regex, "ALL_REGEX_SECONDS", 600.0)


def findings(toml: str) -> list[Finding]:
    return check_templates(load_text(toml, name="t.toml"))


def patterns(*written: str, header: str | None = None) -> list[Finding]:
    """The findings for these patterns, whose ids are a, b, c, …"""
    return check_templates(templates(*written, header=header))


def templates(*written: str, header: str | None = None) -> list[Template]:
    parsed = parse_pattern(header) if header is not None else None
    return [
        Template(chr(ord("a") + number), parse_pattern(text), parsed, origin=Origin("t.toml", number + 1))
        for number, text in enumerate(written)
    ]


def shown(found: Sequence[Finding]) -> str:
    return "".join(f"{finding}\n" for finding in found)


def kinds(found: Sequence[Finding]) -> list[tuple[FindingKind, str, tuple[str, ...]]]:
    return [(finding.kind, finding.template_id, finding.others) for finding in found]


# Examples


def test_an_example_that_nothing_matches() -> None:
    found = findings('[[template]]\nid = "login"\npattern = "user <user:word> in"\nmatch = ["user root out"]')
    assert """\
t.toml:1: example 1 of 'login' does not match: expected 'in', found 'out'
  | user root out
  |           ^^^
  = help: correct the pattern or the example; this pattern would match: user <user:word> out
""" == shown(found)
    assert [(FindingKind.EXAMPLE_FAILED, "login", ())] == kinds(found)


def test_an_example_that_only_another_template_matches() -> None:
    found = findings(
        """
[[template]]
id = "in"
pattern = "user <user:word> in"
match = ["user root in", "user root out"]
[[template]]
id = "out"
pattern = "user <user:word> out"
"""
    )
    assert """\
t.toml:2: example 2 of 'in' does not match: expected 'in', found 'out'; 'out' (t.toml:6) matches it
  | user root out
  |           ^^^
  = help: correct the pattern or the example; this pattern would match: user <user:word> out
""" == shown(found)
    assert [(FindingKind.EXAMPLE_FAILED, "in", ("out",))] == kinds(found)


@pytest.mark.parametrize(
    ("loser", "winner", "line", "advantage"),
    [
        ("p <x:any>", ("<x:any>", 3), "p 1", "a higher priority (3 against 0)"),
        ("p <x:any>", ("<x:any> qq", 0), "p qq", "more literal bytes (3 against 2)"),
        ("p <x:any>", ("p <x:word>", 0), "p 1", "fewer 'any' fields (0 against 1)"),
        ("p <x:word>", ("p <x:int>", 0), "p 1", "fewer free fields (0 against 1)"),
    ],
)
def test_an_example_that_another_template_wins_says_by_what(
    loser: str, winner: tuple[str, int], line: str, advantage: str
) -> None:
    one, two = templates(loser, winner[0])
    first = check_templates([replace(one, match=(Example(line),)), replace(two, priority=winner[1])])[0]
    assert (f"example 1 of 'a' goes to 'b' (t.toml:2), which has {advantage}", ("b",)) == (first.message, first.others)
    assert "give 'a' a higher priority than 'b', or move the example there" == first.hint


def test_an_example_that_an_earlier_template_wins() -> None:
    found = findings(
        '[[template]]\nid = "a"\npattern = "p <x:hex>"\n[[template]]\nid = "b"\npattern = "p <x:int>"\nmatch = ["p 1"]'
    )
    assert "example 1 of 'b' goes to 'a' (t.toml:1), which has the earlier place" == found[0].message


def test_an_example_of_several_lines_is_matched_by_a_pattern_that_holds_a_line_break_or_by_its_first_line() -> None:
    one = (
        '[[template]]\nid = "a"\npattern = "p <x:int>"\nmatch = [{ line = "p 1\\n\\tat q\\nr", values = { x = 1 } }]\n'
    )
    two = (
        '[[template]]\nid = "b"\npattern = "p <x:int>\\nError: <why:any>\\n<rest:rest>"\n'
        'match = [{ line = "p 1\\r\\nError: no\\r\\nat q\\r\\nr", values = { why = "no", rest = "at q\\nr" } }]'
    )
    assert [] == findings(one + two)
    wrong = one.replace('"p 1\\n\\tat q\\nr"', '"p 1\\nError: no\\nq"')
    assert ["example 1 of 'a' goes to 'b' (t.toml:6), which has more literal bytes (11 against 2)"] == [
        finding.message for finding in findings(wrong + "\n" + two)
    ]


def test_the_end_of_an_example_is_read_as_that_of_a_line() -> None:
    assert [] == findings(
        '[[template]]\nid = "a"\npattern = "p <x:int>"\nmatch = ["p 1 \\t\\r\\n", "p 2\\r", "p 3\\n"]'
    )


VALUES = """
[[template]]
id = "a"
pattern = 'n <i:int> <f:float> <p:percent> <q:quoted> <h:hex> é<s:any><?> (<o:word>)</?>'
match = [{{ line = 'n +007 1.50 12.0% "a \\" b" 12 éx y', values = {{ {} }} }}]
"""


@pytest.mark.parametrize(
    "values",
    [
        "",
        "i = 7, f = 1.5, p = 12",
        "i = 7.0, f = 1.50, p = 12.00",
        r"""q = 'a \" b', h = "12", s = "x y" """,
    ],
)
def test_values_are_compared_as_json(values: str) -> None:
    assert [] == findings(VALUES.format(values))


@pytest.mark.parametrize(
    ("value", "message", "marked"),
    [
        ("i = 8", "the field 'i' is +007, not 8", "+007"),
        ('i = "7"', "the field 'i' is the number +007, not the text '7'", "+007"),
        ("f = 1.51", "the field 'f' is 1.50, not 1.51", "1.50"),
        ("f = 1", "the field 'f' is 1.50, not 1", "1.50"),
        ("p = 13", "the field 'p' is 12.0, not 13", "12.0%"),
        ("h = 12", "the field 'h' is the text '12', not the number 12", "12"),
        ('q = "a"', r"""the field 'q' is 'a \\" b', not 'a'""", r'"a \" b"'),
        ('s = "x"', "the field 's' is 'x y', not 'x'", "x y"),
        ('o = "x"', "the field 'o' is in a part that this line does not have", r'n +007 1.50 12.0% "a \" b" 12 éx y'),
        ('z = "x"', "there is no field 'z'", r'n +007 1.50 12.0% "a \" b" 12 éx y'),
    ],
)
def test_a_value_that_differs(value: str, message: str, marked: str) -> None:
    (finding,) = findings(VALUES.format(value))
    assert f"example 1 of 'a': {message}" == finding.message
    assert finding.location.text is not None
    assert marked == finding.location.text[finding.location.start : finding.location.end]


def test_a_value_that_differs_is_shown_with_its_place() -> None:
    found = findings(
        '[[template]]\nid = "a"\npattern = "é <user:word>: <n:int>"\n'
        'match = [{ line = "é root: 12", values = { usr = "x", n = 13 } }]'
    )
    assert """\
t.toml:1: example 1 of 'a': there is no field 'usr'
  | é root: 12
  | ^^^^^^^^^^
  = help: did you mean 'user'? The fields are user, n
t.toml:1: example 1 of 'a': the field 'n' is 12, not 13
  | é root: 12
  |         ^^
  = help: correct the value, or the pattern
""" == shown(found)


def test_a_value_beyond_what_a_float_holds() -> None:
    text = '[[template]]\nid = "a"\npattern = "<f:float>"\nmatch = [{{ line = "{0}", values = {{ f = {0} }} }}]'
    assert [] == findings(text.format("0.12345678901234567890123"))
    assert [] == findings(text.format("123456789012345678901234567890"))


def test_a_dropped_field_has_no_value() -> None:
    found = findings('[[template]]\nid = "a"\npattern = "p <_:int>"\nmatch = [{ line = "p 1", values = { _ = 1 } }]')
    assert ["example 1 of 'a': there is no field '_'"] == [finding.message for finding in found]
    assert ["The template has no fields that are output"] == [finding.hint for finding in found]


def test_a_line_of_no_match_that_the_template_matches() -> None:
    found = findings('[[template]]\nid = "a"\npattern = "p <x:word>"\nno_match = ["q", "p 1"]')
    assert """\
t.toml:1: 'a' matches line 2 of its 'no_match'
  | p 1
  | ^^^
  = help: make the pattern more specific, or take the line out
""" == shown(found)
    assert [(FindingKind.NO_MATCH_FAILED, "a", ())] == kinds(found)


def test_a_line_of_no_match_is_matched_even_where_another_template_wins_it() -> None:
    text = '[[template]]\nid = "a"\npattern = "p <x:any>"\nno_match = ["p 1"]\n'
    other = '[[template]]\nid = "b"\npattern = "p <x:int>"'
    assert [(FindingKind.NO_MATCH_FAILED, "a", ())] == kinds(findings(text + other))


def test_a_line_of_no_match_may_be_matched_by_another_template() -> None:
    text = '[[template]]\nid = "a"\npattern = "p <x:int>"\nno_match = ["p x"]\n'
    assert [] == findings(text + '[[template]]\nid = "b"\npattern = "p <x:any>"')


def test_a_failed_example_has_its_own_line_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(
        """
[[template]]
id = "a"
pattern = 'say "<x:int>"'
match = [
    "say \\"1\\"",
    "say \\"one\\"",
    { line = 'say "2"', values = { x = 3 } },
]
no_match = [
    'say "4"',
]
[[template]]
id = "b"
pattern = "p <x:int>"
match = ["p \\u0078"]
"""
    )
    found = check_templates(load_templates([path]))
    assert [("a", 7), ("a", 8), ("a", 11), ("b", 13)] == [
        (each.template_id, each.location.line_number) for each in found
    ]


def test_of_many_findings_about_a_file_the_first_are_shown() -> None:
    wrong = [f"p <x:int>{number}" for number in range(30)]
    found = patterns(*wrong)
    texts = list(shown_findings(found))
    assert [f"{finding}\n" for finding in found[:20]] == texts[:20]
    assert [
        "t.toml: and 10 more findings in this file\n  = help: correct the first ones, or see all of them with --json\n"
    ] == texts[20:]


def test_of_a_long_line_the_part_that_is_wrong_is_shown() -> None:
    (finding,) = check_templates([make_template("a", "p <x:any> <y:word><z:word>!" + "q" * 1000)])
    assert 230 > max(map(len, str(finding).splitlines()))
    assert "…" in str(finding)


def test_whitespace_at_the_end_of_an_example_hides_no_match() -> None:
    one, two = templates("port <n:int> open", "<x> open")
    assert [] == check_templates([replace(one, match=(Example("port 1 open  "),)), two])


# Duplicate


def test_a_duplicate() -> None:
    found = patterns("user <x:word> <s:up|down>", "user <y:word> <s:down|up>")
    assert """\
t.toml:2: 'b' can never win: 'a' (t.toml:1) is the same pattern with the same priority
  | user <y:word> <s:down|up>
  | ^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: remove one of the two
""" == shown(found)
    assert [(FindingKind.DUPLICATE, "b", ("a",))] == kinds(found)


def test_a_header_and_a_pattern_are_a_duplicate_of_one_pattern() -> None:
    (one,) = templates("user <x:word> in", header="host: ")
    (other,) = templates("host: user <y:word> in")
    found = check_templates([one, Template("b", other.pattern)])
    assert [(FindingKind.DUPLICATE, "b", ("a",))] == kinds(found)


def test_another_literal_type_or_header_is_no_duplicate() -> None:
    assert [] == patterns("user <x:word> in", "user <x:word> on", "user <x:word> <y:word> in")
    (one,) = templates("user <x:word> in", header="host: ")
    assert [] == check_templates([one, Template("b", one.pattern)])


# Shadowed


def test_the_same_pattern_with_a_higher_priority_shadows() -> None:
    (one,) = templates("p <x:/[a-c]{4}[0-9]{9}/>")
    found = check_templates([one, Template("b", one.pattern, priority=2)])
    assert [(FindingKind.SHADOWED, "a", ("b",))] == kinds(found)


def test_a_shadowed_template_that_is_proved() -> None:
    (one, two) = templates("user <x:int> in <y:any>", "<x:word> <y:any>")
    found = check_templates([one, Template("b", two.pattern, priority=1, origin=two.origin)])
    assert """\
t.toml:1: 'a' can never win: all lines that it matches go to 'b' (t.toml:2), which has a higher priority (1 against 0)
  | user <x:int> in <y>
  | ^^^^^^^^^^^^^^^^^^^
  = help: remove 'a', or give it a higher priority
""" == shown(found)
    assert [(FindingKind.SHADOWED, "a", ("b",))] == kinds(found)


def test_a_template_without_fields_is_shadowed_by_what_matches_it() -> None:
    one, two = templates("user 12", "user <x:int>")
    found = check_templates([one, Template("b", two.pattern, priority=1)])
    assert ["'a' can never win: all lines that it matches go to 'b', which has a higher priority (1 against 0)"] == [
        finding.message for finding in found
    ]


def test_a_shadowed_template_that_samples_show() -> None:
    found = patterns("user <x:float> in", "user <x:int> in")
    assert """\
t.toml:2: 'b' has won none of 6 lines made for it: they went to 'a' (t.toml:1), which has the earlier place
  | user <x:int> in
  | ^^^^^^^^^^^^^^^
  = help: give it a higher priority, or remove it; if there are lines for it alone, add one to its 'match'
""" == shown(found)
    assert [(FindingKind.SHADOWED, "b", ("a",))] == kinds(found)


def test_a_template_can_be_shadowed_by_several() -> None:
    found = patterns("state <s:up|down|gone>", "state <s:open|shut>", "state <s:up|down|gone|open|shut>")
    assert [(FindingKind.SHADOWED, "c", ("a", "b"))] == kinds(found)
    assert "'c' has won none of 5 lines made for it: they went to 'a' (t.toml:1), 'b' (t.toml:2)" == found[0].message


def test_every_word_of_a_list_is_tried() -> None:
    words = [f"w{number}" for number in range(50)]
    assert [] == [
        finding
        for finding in patterns(f"state <s:{'|'.join(words[:49])}>", f"state <s:{'|'.join(words)}>")
        if finding.kind is FindingKind.SHADOWED
    ]


def test_a_template_that_wins_some_lines_is_not_shadowed() -> None:
    assert [] == patterns("n <x:word>", "n <x:any>")
    assert FindingKind.SHADOWED not in {finding.kind for finding in patterns("n <x:float>", "n <x:hex>")}


def test_an_example_shows_that_a_template_is_not_shadowed() -> None:
    one, two = templates("<x:/[^~!]*()/>!", "<x:any>!")
    found = check_templates([replace(one, priority=1), two])
    assert [(FindingKind.SHADOWED, "b", ("a",))] == kinds(found)
    assert [] == check_templates([replace(one, priority=1), replace(two, match=(Example("~!"),))])


def test_a_template_whose_optional_part_is_its_own_is_not_shadowed() -> None:
    one, two = templates("user <x:int><?> in</?>", "user <x:int>")
    assert [] == check_templates([one, Template("b", two.pattern, priority=1)])


@pytest.mark.parametrize(
    ("general", "special", "expected"),
    [
        ("<x:any>", "", True),
        ("<x:any>", "a <y:quoted> b", True),
        ("<x:rest>", "a <y:any>", True),
        ("<x:word>", "ab<y:int>", True),
        ("a<x:word>", "a<y:date>,<z:time>", True),
        ("<x:any> <y:word>", "a <y:any> <z:ip>", True),
        ("<x:word> <y:any>", "a<y:path> <z:iso8601>", True),
        ("<a:word><b:word>", "xy", True),
        ("<a:word><b:word>", "x", False),
        ("<x:word>", "a b", False),
        ("<x:word>", "<y:any>", False),
        ("<x:word>", "<y:quoted>", False),
        ("<x:word>", "<y:a b|c>", False),
        ("<x:word>", "<y:a|c>", True),
        ("<y:a|c>", "<y:c|a>", True),
        ("<y:a|b|c>", "<y:c|a>", False),  # of <y:a|ab> and 'a', the longer word would be taken
        ("<x:float>", "<x:int>", False),  # in 12.5 it would take more
        ("<x:float>", "12", False),  # not worth a proof
        ("<x:int> ", "<x:int>", True),
        ("a<x:any>b", "a<x:int>", False),
        ("<x:int>", "<y:int> <z:int>", False),
    ],
)
def test_what_is_proved_to_cover(general: str, special: str, expected: bool) -> None:
    program = compile_program([Template(text, parse_pattern(text)) for text in (general, special)])
    by_number = {variant.template_number: variant for variant in program.variants}
    assert expected == covers(by_number[0], by_number[1])


# Ambiguous


def test_an_ambiguous_pair() -> None:
    found = patterns("n <x:hex>", "n <x:float>")
    assert """\
t.toml:2: 'b' and 'a' (t.toml:1) both match this line, and only their place decides
  | n 7
  | ^^^
  = help: make one of them more specific, or give one a higher priority
""" == shown(found)
    assert [(FindingKind.AMBIGUOUS, "b", ("a",))] == kinds(found)


def test_an_example_shows_ambiguity_too() -> None:
    one, two = templates("<x:word> is down", "ethernet <x:word>")  # 8 and 9 literal bytes
    assert [] == check_templates([one, two])
    three = Template("c", parse_pattern("eth is <x:word>"))  # 7
    four = Template("d", parse_pattern("<x:word> is up"), match=(Example("eth is up"),))  # 6
    assert [(FindingKind.EXAMPLE_FAILED, "d", ("c",))] == kinds(check_templates([three, four]))
    five = Template("e", parse_pattern("<x:word> is far"), match=(Example("eth is far"),))  # 7
    assert [(FindingKind.EXAMPLE_FAILED, "e", ("c",)), (FindingKind.AMBIGUOUS, "e", ("c",))] == kinds(
        check_templates([three, five])
    )
    assert [] == check_templates([three, replace(five, match=())])


@pytest.mark.parametrize("differ", ["priority = 1", "priority = -1"])
def test_a_priority_settles_an_ambiguity(differ: str) -> None:
    assert [] == findings(
        f'[[template]]\nid = "a"\npattern = "n <x:hex>"\n[[template]]\nid = "b"\npattern = "n <x:float>"\n{differ}'
    )


def test_a_line_that_a_third_template_wins_is_not_ambiguous() -> None:
    assert [] == patterns("n <x:quoted>", "n <y:mac>", "n <z:any>")


def test_three_that_match_the_same_line() -> None:
    found = patterns("n <x:hex>", "n <x:float>", "n <x:host>")
    pairs = [(finding.template_id, finding.others) for finding in found if finding.kind is FindingKind.AMBIGUOUS]
    assert [("b", ("a",)), ("c", ("a",)), ("c", ("b",))] == pairs


def test_variants_of_one_template_are_not_ambiguous() -> None:
    assert [] == patterns("n <?><x:hex></?><?><y:float></?> end")


# Adjacent free fields


def test_adjacent_free_fields() -> None:
    found = patterns("user <x:word><y> in")
    assert """\
t.toml:1: 'a': nothing stands between <x:word> and <y>, so that the first takes its shortest text
  | user <x:word><y> in
  |      ^^^^^^^^^^^
  = help: put a literal between them, or make them one field
""" == shown(found)
    assert [(FindingKind.ADJACENT_FREE, "a", ())] == kinds(found)


def test_free_fields_that_are_adjacent_without_an_optional_part() -> None:
    (finding,) = patterns("user <x:word><?>, </?><y> in")
    assert finding.location.text is not None
    assert (FindingKind.ADJACENT_FREE, "<x:word><?>, </?><y>") == (
        finding.kind,
        finding.location.text[finding.location.start : finding.location.end],
    )


def test_fields_with_text_or_a_token_between_them_are_not_adjacent() -> None:
    assert [] == patterns(
        "user <x:word>,<y> in", "user <x:word><z:quoted><y> on", "at <x:int><y>", "at: <y><?>, <x:word></?>"
    )


def test_a_fault_of_a_header_is_told_once() -> None:
    found = patterns("user <x:int> in", "user <x:int> out", header="<h:word><g:word>: |")
    assert """\
t.toml:1: 'a': nothing stands between <h:word> and <g:word>, so that the first takes its shortest text
  | <h:word><g:word>: |
  | ^^^^^^^^^^^^^^^^
  = help: put a literal between them, or make them one field
""" == shown(found)


def test_a_fault_between_header_and_pattern_shows_both() -> None:
    found = patterns("<x:word> in", "<x:word> out", header="p: <h:word>")
    assert [("p: <h:word><x:word> in", 3, 19), ("p: <h:word><x:word> out", 3, 19)] == [
        (finding.location.text, finding.location.start, finding.location.end) for finding in found
    ]


@pytest.mark.parametrize(
    "pattern",
    [
        "<a:word><_:ws><b:word>",
        "<a><_:ws><b:int>",
        "<a:word><_:ws><b:int>",
        "<a:path><_:ws><b>",
        "<a:url><_:ws><b:host>",
    ],
)
def test_ws_between_fields_that_could_share_text(pattern: str) -> None:
    (finding,) = patterns(f"p {pattern} q")
    assert finding.location.text is not None
    assert (FindingKind.LOOSE_WS, str(parse_pattern(pattern))) == (
        finding.kind,
        finding.location.text[finding.location.start : finding.location.end],
    )


@pytest.mark.parametrize(
    "pattern",
    ["<a:int><_:ws><b>", "<a:word> <_:ws><b:word>", "<a:word><_:ws>x<b>", "<a:word><_:ws>", "x<_:ws><b:word>"],
)
def test_ws_whose_neighbours_cannot_share_text(pattern: str) -> None:
    assert [] == patterns(f"p {pattern}")


# Text that was meant for another tool


@pytest.mark.parametrize(
    ("pattern", "written", "what", "remedy"),
    [
        ("from %{IP:client} port", "%{IP:client}", "a field of grok", "<client:ip>"),
        ("from %{IP} port", "%{IP}", "a field of grok", "<ip:ip>"),
        ("from %{IPORHOST:who} port", "%{IPORHOST:who}", "a field of grok", "<who:peer>"),
        ("%{WORD:verb} %{YEAR:y}", "%{WORD:verb}", "a field of grok", "<verb:word>"),
        ("mail <<from>> sent", "<<from>>", "a field in the angle brackets of another tool", "<from>"),
        ("%{GREEDYDATA:[log][text]}", "%{GREEDYDATA:[log][text]}", "a field of grok", "<logtext:any>"),
        ("took %{NUMBER:ms:float} ms", "%{NUMBER:ms:float}", "a field of grok", "<ms:float>"),
        ("from %{client} port", "%{client}", "a field of dissect", "<client>"),
        ("from %{+ts/1}", None, "", ""),
        (r"(?P<n>\d+) ms", r"(?P<n>\d+)", "a group of a regular expression", "<n>"),
        (r"took \d+ ms", r"\d+", "a regular expression", "<n:int>"),
        (r"took .* ms", ".*", "a regular expression", "<n:int>"),
        (r"at [0-9]+", "[0-9]+", "a regular expression", "<n:int>"),
        (r"a\.b", r"\.", "a regular expression", "<n:int>"),
        ("user {name} in", "{name}", "a field of a format string", "<name>"),
        ("took {ms:.2f} ms", "{ms:.2f}", "a field of a format string", "<ms>"),
        ("user %s in", "%s", "a field of printf", "<n:int>"),
        ("took %5d ms", "%5d", "a field of printf", "<n:int>"),
    ],
)
def test_text_that_was_meant_for_another_tool(pattern: str, written: str | None, what: str, remedy: str) -> None:
    found = patterns(pattern)
    if written is None:
        assert [] == found
        return
    (finding,) = found
    assert (FindingKind.FOREIGN, f"'a' has '{written}' as text, which looks like {what}") == (
        finding.kind,
        finding.message,
    )
    assert finding.location.text is not None
    assert written == finding.location.text[finding.location.start : finding.location.end]
    assert remedy in finding.hint


@pytest.mark.parametrize(
    "pattern",
    [
        *("100% sure", "is 90%d", "{<x>}", '{"a": <x>}', "${HOME}/x", "a{{x}}", "x.*y", "[0-9]", "C:\\dir\\x", "%{"),
        *("<x:/\\d+x/>", "<x:/%{IP}/>", "a.b", "call(x)", "{}", "%%s", "*** x ***", "{a b}", "\\\\server"),
    ],
)
def test_text_that_looks_like_no_other_tool(pattern: str) -> None:
    assert [] == patterns(pattern)


def test_an_example_shows_that_such_text_is_meant() -> None:
    (one,) = templates("user {name} in")
    assert [] == check_templates([replace(one, match=(Example("user {name} in"),))])


def test_such_text_in_a_header_is_told_once() -> None:
    found = patterns("a <x:int>", "b <x:int>", header="%{HOST:host} ")
    assert ["the header of 'a' has '%{HOST:host}' as text, which looks like a field of grok"] == [
        finding.message for finding in found
    ]


# Patterns that never match


def test_a_pattern_that_never_matches() -> None:
    found = patterns("took <n:int>0 ms")
    assert """\
t.toml:1: 'a' can never match: <n:int> takes all digits, which leaves nothing for '0 ms' after it
  | took <n:int>0 ms
  |      ^^^^^^^
  = help: leave one of the two out, or put other text between them
""" == shown(found)
    assert [(FindingKind.NEVER_MATCHES, "a", ())] == kinds(found)


def test_whitespace_behind_ws_never_matches() -> None:
    found = patterns("a<_:ws> b")
    assert """\
t.toml:1: 'a' can never match: <_:ws> takes all spaces and tabs, which leaves nothing for ' b' after it
  | a<_:ws> b
  |  ^^^^^^
  = help: leave the whitespace after 'ws' out of the pattern; 'ws' takes all of it
""" == shown(found)


def test_a_variant_that_never_matches() -> None:
    (finding,) = patterns("a<_:ws><?>(<x:int>)</?> b")
    taken = "<_:ws> takes all spaces and tabs, which leaves nothing for ' b' after it"
    assert f"'a' has a variant that can never match: {taken}" == finding.message


NEVER = [
    *("<x:ws> .", "<x:ws>\t.", "<x:ws><y: a|\tb>"),
    *("<x:int>5", "<x:int><y:date>", "<x:int><y:time>", "<x:int><y:ipv4>", "<x:int><y:1|2>", "<x:int><y:clftime>"),
    *("<x:float>5", "<x:float><y:iso8601>", "<x:hex>fish", "<x:hex><y:uuid>", "<x:hex><y:mac>", "<x:hex><y:hex>"),
    *("<x:host>x", "<x:host>-", "<x:host>.net", "<x:host><y:url>", "<x:host><y:syslogtime>", "<x:host><y:hex>"),
]
SOMETIMES = [
    *("<x:ws>.", "<x:ws><y:ws>.", "<x:ws><y>.", "<x:ws><y:a| b>", "<x:int><y:int>", "<x:int>.5", "<x:int><y:1|k>"),
    *("<x:float>.5", "<x:float>e5", "<x:percent>5", "<x:hex>x1", "<x:hex><y:int>", "<x:hex><y:ip>", "<x:hex><y:path>"),
    *("<x:host>.", "<x:host>..a", "<x:host>:a", "<x:host><y:path>", "<x:host><y:word>", '<x:quoted>"', "<x:time>5"),
    *("<x:date>5", "<x:ipv4>5", "<x:GET|GETX>X", "<x:/[0-9]+/>5", "<x:int><y:/[0-9]+/>", "<x:word>a", "<x:iso8601>5"),
]


@pytest.mark.parametrize("pattern", NEVER)
def test_a_token_before_what_it_swallows(pattern: str) -> None:
    assert [FindingKind.NEVER_MATCHES] == [finding.kind for finding in patterns(f"p {pattern}")]


@pytest.mark.parametrize("pattern", SOMETIMES)
def test_a_token_before_what_it_may_leave(pattern: str) -> None:
    assert [] == [f for f in patterns(f"p {pattern}") if f.kind is FindingKind.NEVER_MATCHES]


# Slow regular expressions


def test_a_slow_regular_expression() -> None:
    found = patterns("p <x:/(?:a|a)*b/> q", "q <x:/(?:a|a)*b/> p")
    assert """\
t.toml:1: 'a': the regular expression needs more than 0.2 s for 30 times 'a', '\\x00ab'
  | p <x:/(?:a|a)*b/> q
  |   ^^^^^^^^^^^^^^^
  = help: do not repeat what holds a repeat; use possessive (a++) or atomic ((?>…)) parts
""" == shown(found)
    assert [(FindingKind.SLOW_REGEX, "a", ("b",))] == kinds(found)


@pytest.mark.parametrize("source", [r"(?:\w+\s?)*:", r"id=(?:[a-z0-9]+)*;", "(?:x|xx|xy)*=(?:,+,+)+!", r"(?:\d+)*e"])
def test_slow_expressions_of_other_shapes(source: str) -> None:
    assert [FindingKind.SLOW_REGEX] == [finding.kind for finding in patterns(f"p <x:/{source}/>")]


@pytest.mark.parametrize("source", ["a++$", r"\w+", "[^,]*,[^,]*", r"(?>(?:a|b)+)c", r"\d{3}-\d{4}", r"id=\S+"])
def test_expressions_that_are_not_slow(source: str) -> None:
    assert FindingKind.SLOW_REGEX not in {finding.kind for finding in patterns(f"p <x:/{source}/>")}


def test_a_slow_expression_runs_on_no_made_line(monkeypatch: pytest.MonkeyPatch) -> None:
    timeouts = []

    def counted(variant: Variant, *rest: Any) -> object:
        try:
            return walk(variant, *rest)
        except FieldTimeoutError:
            timeouts.append(variant)
            raise

    monkeypatch.setattr(contest, "walk", counted)
    slow = [f"p <f{number}:/(?:[a-z]+ ?)*{number}/>" for number in range(3)]
    found = patterns(*slow, *(f"p <a> {number} <b:word>" for number in range(20)))
    assert [FindingKind.SLOW_REGEX] * 3 == [finding.kind for finding in found]
    assert [] == timeouts


def test_a_regular_expression_in_a_header_is_told_once() -> None:
    found = patterns("a <x:int>", "b <x:int>", header="<d:/[0-9.]++x?/> <h:word> ")
    assert """\
t.toml:1: the header of 'a' has a regular expression, which runs on each line
  | <d:/[0-9.]++x?/> <h:word> \n\
  | ^^^^^^^^^^^^^^^^
  = help: it costs more than all the rest; use a type for this text if there is one, or 'word' or 'any'
""" == shown(found)


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("[A-Z]+", "[A-Z]+"),
        (r"\d{4}", "[0-9]{4}"),
        (r"\w+", "[A-Za-z0-9_]+"),
        ("[^;]*", "[^;]*"),
        (r"[\w.-]{2,}", "[A-Za-z0-9_.-]{2,}"),
        ("[ab]", "[ab]{1}"),
    ],
)
def test_a_regular_expression_that_is_a_set_of_bytes(source: str, written: str) -> None:
    (finding,) = patterns(f"p <x:/{source}/>!")
    assert FindingKind.SET_REGEX == finding.kind
    assert f"write <x:{written}>, which takes the same text and is many times faster" == finding.hint


@pytest.mark.parametrize("source", ["[a-z]+[0-9]", "(?:[a-z])+", "a+", ".*", r"[\]]+x", "[a-z]+?", "a|b", "(?i)[a-z]+"])
def test_a_regular_expression_that_is_more_than_a_set(source: str) -> None:
    assert FindingKind.SET_REGEX not in {finding.kind for finding in patterns(f"p <x:/{source}/> q")}


def test_faults_in_nested_parts_have_their_place() -> None:
    found = patterns("a <(>b <x:word><y>!<|>c <z:int>5</)><?> d<?> <n:hex>a</?></?>")
    spans = [(str(each.location.text)[each.location.start : each.location.end], each.kind.value) for each in found]
    assert [("<x:word><y>", "adjacent-free"), ("<n:hex>", "never-matches"), ("<z:int>", "never-matches")] == sorted(
        spans, key=lambda each: each[1] + each[0]
    )


# What is meant


def test_a_finding_that_is_meant_is_allowed() -> None:
    one, two = templates("n <x:hex>", "n <x:float>")
    assert [] == check_templates([one, replace(two, allow=("ambiguous",))])
    assert [] == check_templates([replace(one, allow=("ambiguous",)), two])
    assert [] == check_templates([one, two], allow=["ambiguous"])
    assert [FindingKind.AMBIGUOUS] == [each.kind for each in check_templates([one, replace(two, allow=("duplicate",))])]


def test_what_is_allowed_must_be_a_kind_of_finding() -> None:
    (one,) = templates("n <x:hex>")
    (finding,) = check_templates([replace(one, allow=("ambigous",))])
    assert "'a' allows 'ambigous', which is no kind of finding" == finding.message
    assert finding.hint.startswith("did you mean 'ambiguous'? The kinds are example-failed, ")


# Against logs


LOG = b"""\
user ann in
user ann in
user bob out
disk full
"""


def against(log: bytes, *written: str) -> list[Finding]:
    made = templates(*written)
    usage = Usage(Contest(made))
    for line in log.splitlines(keepends=True):
        usage.add(line)
    assert usage.lines == log.count(b"\n")
    return check_templates(made, ["shadowed"], usage, "a.log")


def test_a_template_that_matches_nothing_of_a_log() -> None:
    found = against(LOG, "user <u:word> in", "user <u:word> left")
    assert """\
t.toml:2: 'b' matches none of the 4 lines of a.log
  | user <u:word> left
  | ^^^^^^^^^^^^^^^^^^
  = help: correct it, or remove it; logmatch explain shows how near a line is to a template
""" == shown(found)
    assert [(FindingKind.UNUSED, "b", ())] == kinds(found)


def test_templates_that_compete_for_the_lines_of_a_log() -> None:
    found = against(LOG, "user <u:word> in", "<x> in", "user <u:word> out", "disk full")
    assert """\
t.toml:2: 'b' and 'a' (t.toml:1) both match 2 of 2 lines that 'a' wins by more literal bytes (8 against 3)
  | user ann in
  | ^^^^^^^^^^^
  = help: make one of them more specific, or allow it where it is meant
t.toml:2: 'b' matches none of the 4 lines of a.log
  | <x> in
  | ^^^^^^
  = help: correct it, or remove it; logmatch explain shows how near a line is to a template
""" == "".join(f"{finding}\n" for finding in sorted(found, key=lambda each: each.kind.value))


def test_templates_between_which_only_their_place_decides_in_a_log() -> None:
    found = against(b"n 7\nn 8\nn a\n", "n <x:hex>", "n <x:float>")
    assert [
        "'b' and 'a' (t.toml:1) both match 2 of 3 lines that 'a' wins, and only their place decides",
    ] == [finding.message for finding in found if finding.kind is FindingKind.AMBIGUOUS]


# All together


@pytest.mark.parametrize("system", samples.SYSTEMS)
def test_the_samples_have_no_findings(system: str) -> None:
    assert "" == shown(check_templates(load_templates([samples.templates_path(system)])))


def test_no_templates_have_no_findings() -> None:
    assert [] == check_templates([])


def test_findings_are_in_the_order_of_the_templates_and_kinds() -> None:
    found = findings(
        """
[[template]]
id = "z"
pattern = "p <x><y> <n:int>5"
match = ["q"]
no_match = ["p 5"]
[[template]]
id = "a"
pattern = "p <y><z> <n:int>5"
"""
    )
    assert [
        ("z", FindingKind.EXAMPLE_FAILED),
        ("z", FindingKind.ADJACENT_FREE),
        ("z", FindingKind.NEVER_MATCHES),
        ("a", FindingKind.DUPLICATE),
        ("a", FindingKind.ADJACENT_FREE),
        ("a", FindingKind.NEVER_MATCHES),
    ] == [(finding.template_id, finding.kind) for finding in found]


def test_a_finding_as_json() -> None:
    pattern, line = Pattern((Literal(b"p \xe9"),)), "p 1\udce96"
    (finding,) = check_templates([Template("a", pattern, match=(Example(line),), origin=Origin("t.toml", 1))])
    assert {
        "kind": "example-failed",
        "template_id": "a",
        "sentence": "example 1 of 'a' does not match: expected '\ufffd', found '1\ufffd6'",
        "file": "t.toml",
        "line": 1,
        "text": "p 1\N{REPLACEMENT CHARACTER}6",
        "start": 2,
        "end": 5,
        "hint": "a template matches a line only as a whole, its header included; correct the pattern or the example",
        "others": [],
    } == json.loads(json.dumps(finding.to_dict(), ensure_ascii=False).encode())


def test_a_template_that_was_made_in_a_program_has_no_place() -> None:
    found = check_templates([Template("a", parse_pattern("n <x:int>5"))])
    assert "'a' can never match: " in str(found[0]).splitlines()[0]
    assert (None, None) == (found[0].location.file, found[0].location.line_number)


def test_what_a_terminal_must_not_be_sent_is_replaced() -> None:
    found = check_templates(
        [Template("a", parse_pattern("n <x:a\x1b|b><y:word><z:\x1b|q>"), match=(Example("\x1b[2J"),))]
    )
    assert "\x1b" not in shown(found)


def test_much_work_ends_the_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contest, "MOST_WORK", 0)
    assert [FindingKind.DUPLICATE] == [
        finding.kind for finding in patterns("n <x:float> in", "n <x:int> in", "n <y:int> in")
    ]


@settings(max_examples=examples(40))
@given(any_templates())
def test_any_templates_can_be_checked_and_every_finding_written(made: list[Template]) -> None:
    found = check_templates(made)
    assert found == check_templates(made)
    for finding in found:
        assert finding.message in str(finding)
        json.dumps(finding.to_dict())


@settings(max_examples=examples(60))
@given(any_templates(), st.randoms(use_true_random=False))
def test_what_is_said_never_to_win_wins_no_line(made: list[Template], chance: Random) -> None:
    found = check_templates(made)
    ids = {each.template_id for each in found if each.message.startswith(f"{each.template_id!r} can never ")}
    program = compile_program(made)
    reference = ReferenceEngine(program)
    for variant in program.variants:
        if program.templates[variant.template_number].id in ids:
            for _ in range(20):
                line = b"".join(
                    item.text if isinstance(item, Literal) else chance.choice(texts_of(item.type))
                    for item in variant.items
                ).rstrip(WHITESPACE)
                match = reference.match(line)
                assert match is None or program.template_of(match[0]).id not in ids
