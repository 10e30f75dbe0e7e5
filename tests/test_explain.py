"""Explain: alignments against the reference, where a template stopped, what is suggested, and what is shown."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import examples, make_program, make_template
from support_templates import any_line, any_templates

from logmatch.engine.reference import ReferenceEngine, Trace, trace, walk
from logmatch.errors import LogmatchError
from logmatch.explain.alignment import (
    BLANK,
    CASE,
    EDIT,
    FREE_BYTE,
    NEAR_WORD,
    TOO_MUCH,
    TRAILING,
    WRONG_BYTE,
    WRONG_FIELD,
    Aligner,
    Course,
    Piece,
    course,
)
from logmatch.explain.explanation import Explainer, Explanation
from logmatch.explain.show import render
from logmatch.program import WHITESPACE, compile_program
from logmatch.templates.model import TYPES, Field, WordList
from logmatch.templates.pattern import parse_pattern
from logmatch.templates.template import Template

START = (0, [0])


def align(pattern: str, line: bytes) -> tuple[int, list[tuple[str, int, bytes]]]:
    """The cost of the alignment, and its edits: the item, the byte in it, and what the line has."""
    whole = course(parse_pattern(pattern).items)
    aligner = Aligner(line)
    cost = aligner.cost(whole, START, TOO_MUCH)
    return cost, [
        (str(whole.steps[piece.step].item) if piece.step >= 0 else "", piece.at, line[piece.start : piece.end])
        for piece in aligner.align(whole, START, cost)
        if piece.is_edit
    ]


# Alignment


@pytest.mark.parametrize(
    ("pattern", "line", "cost", "edits"),
    [
        ("user in", b"user in", 0, []),
        ("user in", b"uzer in", EDIT, [("user in", 1, b"z")]),
        ("user in", b"usr in", EDIT, [("user in", 2, b"")]),
        ("user in", b"usser in", EDIT, [("user in", 1, b"s")]),
        ("user in", b"User in", CASE, [("user in", 0, b"U")]),
        ("user in", b"user_in", BLANK, [("user in", 4, b"_")]),
        ("user in", b"user in 7", 2 * TRAILING, [("", 0, b" 7")]),
        ("<x> in", b"ab in", 2 * FREE_BYTE, []),
        ("<x> connected", b"ab xonnected", EDIT + 2 * FREE_BYTE, [(" connected", 1, b"x")]),
        ("took <n:int> ms", b"took 12x ms", EDIT, [(" ms", 0, b"x")]),
        ("took <n:int> ms", b"took long ms", WRONG_FIELD + 4 * WRONG_BYTE, [("<n:int>", 0, b"long")]),
        ("took <n:int> ms", b"took  ms", WRONG_FIELD, [("<n:int>", 0, b"")]),
        ("at <l:WARN|INFO>: x", b"at WRN: x", NEAR_WORD + EDIT, [("<l:WARN|INFO>", 0, b"WRN")]),
        ("at <l:WARN|INFO>: x", b"at 7: x", 2 * WRONG_FIELD + WRONG_BYTE, [("<l:WARN|INFO>", 0, b"7")]),
        ("at <x:rest>", b"at home", 4 * FREE_BYTE, []),
        ("a<?> b</?> c", b"a c", 0, []),
        ("a<?> b</?> c", b"a b c", 0, []),
        ("a<?> b</?> c", b"a x c", EDIT, [(" b", 1, b"x")]),
        ("a <?>b</?>", b"a", 0, []),
        ("a<?>5 </?> ", b"a5", 0, []),
        ("a\t", b"a ", 0, []),
        ("a <x>", b"a  ", 0, []),
        ("a <x:int>", b"a 7 \t", 0, []),
        ("a <x:int>", b"a  ", WRONG_FIELD, [("<x:int>", 0, b"")]),
        ("a <x>", b"a", TRAILING, [("a ", 1, b"")]),
    ],
)
def test_an_alignment(pattern: str, line: bytes, cost: int, edits: list[tuple[str, int, bytes]]) -> None:
    assert (cost, edits) == align(pattern, line)


@settings(deadline=None, max_examples=examples(100))
@given(any_templates(), st.data())
def test_a_line_without_an_edit_is_one_that_matches(templates: list[Template], data: st.DataObject) -> None:
    for template in templates:
        line = data.draw(any_line(template))
        whole = course(template.items())
        aligner = Aligner(line)
        cost = aligner.cost(whole, START, TOO_MUCH)
        has_edit = any(piece.is_edit for piece in aligner.align(whole, START, cost))
        matches = any(walk(variant, line) is not None for variant in compile_program([template]).variants)
        assert matches == (not has_edit)


@settings(deadline=None, max_examples=examples(100))
@given(any_templates(), st.data())
def test_the_pieces_of_an_alignment_follow_each_other_and_have_its_cost(
    templates: list[Template], data: st.DataObject
) -> None:
    for template in templates:
        line = data.draw(any_line(template))
        whole = course(template.items())
        aligner = Aligner(line)
        cost = aligner.cost(whole, START, TOO_MUCH)
        pieces = aligner.align(whole, START, cost)
        assert [0, *(piece.end for piece in pieces)] == [*(piece.start for piece in pieces), len(line)]
        if any(piece.is_edit and is_list(whole, piece) for piece in pieces):
            continue  # which of its words the line nearly has is not in the pieces
        assert cost == sum(piece_cost(whole, piece, line) for piece in pieces)
        assert cost == aligner.cost(whole, START, cost)
        assert cost - 1 < aligner.cost(whole, START, cost - 1)


def is_list(whole: Course, piece: Piece) -> bool:
    item = whole.steps[piece.step].item if piece.step >= 0 else None
    return isinstance(item, Field) and isinstance(item.type, WordList)


def piece_cost(whole: Course, piece: Piece, line: bytes) -> int:
    size = piece.end - piece.start
    if piece.step < 0:
        return TRAILING * len(line[piece.start :].rstrip(WHITESPACE))
    item = whole.steps[piece.step].item
    if isinstance(item, Field):
        free = FREE_BYTE * size if item.type.facts.is_free else 0
        return WRONG_FIELD + WRONG_BYTE * size if piece.is_edit else free
    if not piece.is_edit:
        return 0
    here, there = item.text[piece.at : piece.at + 1], line[piece.start : piece.end]
    if piece.is_extra or not there:
        return EDIT if piece.is_extra or piece.start < len(line) else TRAILING
    if (here in WHITESPACE) != (there in WHITESPACE):
        return BLANK
    return CASE if here.isalpha() and here.swapcase() == there else EDIT


# Nearest


def nearest(line: str, *patterns: str, header: str | None = None) -> list[dict[str, object]]:
    templates = [make_template(f"t{number}", pattern, header) for number, pattern in enumerate(patterns)]
    return [miss.to_dict() for miss in Explainer(templates).explain(line.encode()).nearest]


@pytest.mark.parametrize(
    ("pattern", "line", "expected", "found", "column", "suggestion"),
    [
        ("user <u:word> logged in", "user ann loged in", "logged", "loged", 10, "user <u:word> loged in"),
        ("user <u:word> logged in", "user ann", " logged in", "", 9, "user <u:word><?> logged in</?>"),
        ("user <u:word> in", "user ann in now", None, " now", 12, "user <u:word> in now"),
        ("port <n:int> open", "port ssh open", ("int", "n"), "ssh", 6, "port <n:word> open"),
        ("port <*:int> open", "port ssh open", ("int", "p1"), "ssh", 6, "port <*:word> open"),
        ("port <_:int> open", "port 1.5 open", ("int", None), "1.5", 6, "port <_:float> open"),
        ("é <n:int> open", "é 1 opn", "open", "opn", 5, "é <n:int> opn"),
        ("a <<b> c", "a <b> d", "c", "d", 7, "a <<b> d"),
        ("from <a:ip>", "from x10.0.0.1", ("ip", "a"), "x10.0.0.1", 6, "from <a:host>"),
        ("took <n:int> ms", "took 12x ms", ("int", "n"), "12x", 6, "took <n:word> ms"),
        ("id <n:int>", "id #12", ("int", "n"), "#12", 4, "id #<n:int>"),
        ("port <n:int>", "port -", ("int", "n"), "-", 6, "port <n:int?>"),
        ("<(>in<|>out</)> of <x:word>", "ou of a", "out", "ou", 1, "<(>in<|>ou</)> of <x:word>"),
        ("a<?> b<?> c <n:int></?></?>", "a b d 7", "c", "d", 5, "a<?> b<?> d <n:int></?></?>"),
        ("abc", "xyz", "abc", "xyz", 1, None),
    ],
)
def test_where_a_template_stops(
    pattern: str, line: str, expected: object, found: str, column: int, suggestion: str | None
) -> None:
    (miss,) = nearest(line, pattern)
    if isinstance(expected, tuple):
        assert {"kind": "field", "type": expected[0], "name": expected[1]} == miss["expected"]
    else:
        kind = {"kind": "end of line"} if expected is None else {"kind": "literal", "text": expected}
        assert kind == miss["expected"]
    assert (found, column, suggestion) == (miss["found"], miss["column"], miss["suggestion"])


@pytest.mark.parametrize("name", TYPES)
def test_every_type_that_may_be_null_is_aligned_as_it_is_matched(name: str) -> None:
    try:
        variants = make_program(f"a <x:{name}?> b").variants
    except LogmatchError:
        pytest.skip("it cannot be null, or nothing can come after it")
    for text in (b"-", b"--", b"", b"?", b"- -", *TYPES[name].facts.samples):
        line = b"a " + text + b" b"
        _, edits = align(f"a <x:{name}?> b", line)
        assert (line, not edits) == (line, any(walk(variant, line) is not None for variant in variants))
    assert nearest("a b", f"a <x:{name}?> c")


# The nearest of many


def test_one_letter_is_nearer_than_a_beginning() -> None:
    found = nearest("disk sda1 is fulll now", "disk <d:word> is full now", "disk <d:word> is", "<x> now now")
    assert "t0" == found[0]["template_id"]


def test_a_template_that_says_more_is_nearer_than_one_that_takes_everything() -> None:
    found = nearest("10.0.0.1:22 Xerved block blk_7", "<*>:<*> Served block blk_<*>", "<*>,<*>", "<*>:<*>|<*>")
    assert "t0" == found[0]["template_id"]


def test_of_many_templates_the_nearest_is_found() -> None:
    many = [f"job <*> of svc{number} did start item=<*> in <*> ms" for number in range(2000)]
    found = nearest("job 7 of svc1234 did strt item=9 in 4 ms", *many)
    assert ("t1234", 21) == (found[0]["template_id"], found[0]["stopped_at"])
    assert 3 == len(found)


def test_a_header_that_matches_is_not_compared() -> None:
    (miss,) = nearest("[a] [b] x", "[b] y", header="[<x>] ")
    assert (8, "y", "x") == (miss["stopped_at"], miss["expected"]["text"], miss["found"])  # type: ignore[index]


def test_a_content_may_begin_where_the_header_ends_later() -> None:
    (miss,) = nearest("a: b: connecter", "connected", header="<x>: ")
    assert (6, "connected", "connecter") == (
        miss["stopped_at"],
        miss["expected"]["text"],  # type: ignore[index]
        miss["found"],
    )


def test_a_long_line_keeps_the_place_that_matters() -> None:
    line = b"user " + b"x" * 200_000 + b" loged in"
    (miss,) = Explainer([make_template("a", "user <u:word> logged in")]).nearest(line)
    assert (200_006, b"loged") == (miss.stopped_at, miss.found)
    shown = render(Explanation(line, None, (miss,)))
    assert max(map(len, shown.splitlines())) <= 80
    assert "loged in\n" in shown


def test_a_place_in_the_middle_of_a_long_line() -> None:
    line = b"user " + b"x" * 50_000 + b" loged in " + b"y" * 50_000
    (miss,) = Explainer([make_template("a", "user <u:word> logged in <v:word>")]).nearest(line)
    assert (50_006, b"loged") == (miss.stopped_at, miss.found)


# How far the reference got


@pytest.mark.parametrize(
    ("pattern", "line", "expected"),
    [
        ("user <u:word> in", b"user ann on", Trace(2, 8, 9)),
        ("user <u:word> in", b"usr ann in", Trace(0, 0, 2)),
        ("user <u:word> in", b"user ann", Trace(2, 6, 6)),
        ("user <u:word> in", b"user ann in!", Trace(3, 11, 11)),
        ("<x> in <n:int>", b"in in in x", Trace(2, 6, 6)),
        ("<x> in <n:int>", b"a in 5 in 6", None),
        ("", b"x", Trace(0, 0, 0)),
    ],
)
def test_how_far_a_variant_got(pattern: str, line: bytes, expected: Trace | None) -> None:
    (variant,) = make_program(pattern).variants
    assert expected == trace(variant, line)


# Matches


def test_a_match_says_what_decided_against_others() -> None:
    templates = [
        make_template("a", "n <x:any>"),
        make_template("b", "n <x:word>"),
        make_template("c", "n <x:int>"),
        make_template("d", "n <x:hex>"),
        make_template("e", "<x:word> 7"),
        make_template("f", "<x> <y>", priority=-1),
    ]
    match = Explainer(templates).explain(b"n 7").match
    assert match is not None
    assert (
        "c",
        [
            ("d", "place", 4, 3),
            ("b", "free fields", 1, 0),
            ("e", "free fields", 1, 0),
            ("a", "any fields", 1, 0),
            ("f", "priority", -1, 0),
        ],
    ) == (
        match.template.id,
        [
            (each.template.id, each.advantage.rule.compares, each.advantage.loser_has, each.advantage.winner_has)
            for each in match.also
        ],
    )


def test_a_template_that_matches_in_several_ways_is_named_once() -> None:
    templates = [make_template("a", "n<?> 7</?><?> <x></?>"), make_template("b", "n <x:word>")]
    match = Explainer(templates).explain(b"n 7").match
    assert match is not None
    assert ("a", ["b"]) == (match.template.id, [each.template.id for each in match.also])


# Anything


@settings(deadline=None, max_examples=examples(100))
@given(any_templates(), st.data())
def test_any_line_can_be_explained(templates: list[Template], data: st.DataObject) -> None:
    line = data.draw(any_line(data.draw(st.sampled_from(templates)))) if templates else b"x"
    explanation = Explainer(templates).explain(line)
    found = ReferenceEngine(compile_program(templates)).match(line)
    assert (found is not None) == (explanation.match is not None)
    json.dumps(explanation.to_dict(), ensure_ascii=False).encode()
    for width in (20, 80):
        shown = render(explanation, "a.log:1", width)
        assert shown.isprintable() or set(shown) - {"\n"} == {
            char for char in shown if char.isprintable() or char == "\t"
        }
    for miss in explanation.nearest:
        assert 0 <= miss.stopped_at <= len(line)
        if miss.suggestion is not None:
            changed = replace(miss.template, pattern=miss.suggestion, match=(), no_match=())
            assert any(walk(variant, line) is not None for variant in compile_program([changed]).variants)
