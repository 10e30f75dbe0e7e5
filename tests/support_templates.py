"""Strategies for templates that overlap, and for lines that they match or nearly match."""

from __future__ import annotations

from hypothesis import strategies as st

from logmatch.errors import LogmatchError
from logmatch.lint.samples import texts_of
from logmatch.program import compile_program
from logmatch.templates.model import TYPES, Field, Literal, OptionalPart, Pattern, WordList
from logmatch.templates.pattern import parse_pattern
from logmatch.templates.pattern_rules import check_fields
from logmatch.templates.template import Example, Template

_literals = st.builds(Literal, st.text("ab5 .\t<x", min_size=1, max_size=4).map(str.encode))
_types = st.one_of(
    st.sampled_from([type_ for name, type_ in TYPES.items() if name != "rest"]),
    st.builds(WordList, st.lists(st.sampled_from([b"a", b"ab", b"5", b" "]), min_size=2, unique=True).map(tuple)),
)
_fields = st.builds(Field, st.sampled_from(["_", None]), _types)
_parts = st.one_of(_literals, _fields)
_optionals = st.builds(OptionalPart, st.lists(_parts, min_size=1, max_size=3).map(tuple))
any_pattern = st.builds(Pattern, st.lists(st.one_of(_parts, _parts, _optionals), max_size=5).map(tuple))


@st.composite
def any_templates(draw: st.DrawFn) -> list[Template]:
    """Up to five templates with examples that may fail."""
    made: list[Template] = []
    for number in range(draw(st.integers(0, 5))):
        lines = st.lists(st.text("ab5 .x\n\r\t\0é", max_size=8), max_size=2)
        header = draw(st.none() | any_pattern)
        pattern = parse_pattern(str(draw(any_pattern)))
        header = parse_pattern(str(header)) if header is not None else None
        try:
            check_fields(header, pattern)
        except LogmatchError:
            continue
        made.append(
            Template(
                f"t{number}",
                pattern,
                header,
                draw(st.integers(-1, 1)),
                match=tuple(Example(line, (("p1", 5), ("p2", "a"))) for line in draw(lines)),
                no_match=tuple(draw(lines)),
            )
        )
    return made


@st.composite
def any_line(draw: st.DrawFn, template: Template) -> bytes:
    """A line that *template* matches, or nearly."""
    variant = draw(st.sampled_from(compile_program([template]).variants))
    pieces = [
        item.text if isinstance(item, Literal) else draw(st.sampled_from(texts_of(item.type))) for item in variant.items
    ]
    line = bytearray(b"".join(pieces))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(line)))
        line[at : at + draw(st.integers(0, 2))] = draw(st.sampled_from([b"", b"a", b" ", b"5", b"ab x"]))
    return bytes(line).replace(b"\n", b"")
