"""
Pattern: the text of a pattern -> the model of `model`.

`parse_pattern` reads the language of logmatch, `parse_foreign_pattern` the lists of other tools, in which only
wildcards and typed fields have a meaning and every other `<` is text. `PatternParser` gives what these give, for one
pattern after another, in a fraction of the time. Errors are `TemplateSyntaxError`s that carry the text and the span
within it (in characters); which file and line it stands in is the business of `document`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import NoReturn

from logmatch.errors import TemplateSyntaxError
from logmatch.templates.model import (
    DROPPED,
    Alternatives,
    Field,
    Item,
    Literal,
    OptionalPart,
    Pattern,
    decode,
    encode,
)
from logmatch.templates.pattern_rules import check_fields, takes_the_rest
from logmatch.templates.type_syntax import (
    HINT_TYPES,
    TYPE,
    Names,
    check_characters,
    check_line,
    fail,
    regex_type,
    type_at,
)
from logmatch.templates.types import ANY, TYPES

MAX_DEPTH = 100
"""How deep optional parts and alternatives may stand in each other."""


_NAME = r"\*|[^\W\d][\w.-]*"
_FIELD = re.compile(rf"<(?P<name>{_NAME})(?::(?:(?P<regex>/(?:[^\\]|\\.)*?/)|(?P<type>{TYPE})))?>", re.DOTALL)
_FOREIGN_FIELD = re.compile(
    rf"<(?P<name>{_NAME})(?::(?:(?P<regex>/(?:[^\\]|\\.){{0,500}}?/)|(?P<type>{TYPE})))?>", re.DOTALL
)
"""The same in a list of another tool, where a text that looks like the beginning of a field may stand many times."""
_UNTYPED = re.compile(rf"<(?:{_NAME})>")
_FIELD_START = re.compile(rf"<(?P<name>{_NAME})(?P<colon>:?)")
_MASK = re.compile(r"<(?P<colon>:?)(?P<word>[A-Z][A-Z0-9_]*)(?P=colon)>")

_MASK_TYPES = {
    **{"NUM": "int", "INT": "int", "INTEGER": "int", "DIGITS": "int", "PID": "int", "PORT": "int"},
    **{"FLOAT": "float", "DECIMAL": "float", "NUMBER": "float", "PERCENT": "percent", "PERCENTAGE": "percent"},
    **{"HEX": "hex", "IP": "ip", "IPV4": "ipv4", "IPV6": "ipv6", "MAC": "mac", "UUID": "uuid", "GUID": "uuid"},
    **{"HOST": "host", "HOSTNAME": "host", "PATH": "path", "URL": "url", "URI": "url", "WORD": "word"},
    **{"DATE": "date", "TIME": "time", "ISO8601": "iso8601"},
}
"""
The nearest type for the mask words of other tools; a word that is not here is `any`. NUM is an integer: the miners mask
runs of digits, so that 10.5 becomes `<NUM>.<NUM>` (the sample configuration of logpai/Drain3).
"""

_HINT_LITERAL = "a literal '<' is written '<<'; a field is written <name:type> or <name>, an unnamed one <*>"


@dataclass(slots=True)
class _Group:
    """An optional part or alternatives that are open: where they began, and the items of each choice so far."""

    start: int
    is_optional: bool
    choices: list[list[Item]]


def parse_pattern(text: str, names: Names | None = None) -> Pattern:
    """
    Return the pattern that *text* describes.

    Args:
        names: what the names of types stand for that template files have given.

    Raises:
        TemplateSyntaxError: with the span of what is wrong in *text*.
    """
    check_characters(text)
    whole = _Group(0, False, [[]])
    groups = [whole]  # those that are open, the innermost last
    literals: list[str] = []
    at = 0
    while True:
        opening = text.find("<", at)
        literals.append(text[at : opening if opening >= 0 else len(text)])
        if opening >= 0 and text.startswith("<<", opening):
            literals.append("<")
            at = opening + 2
            continue
        items = groups[-1].choices[-1]
        if literal := "".join(literals):
            items.append(Literal(encode(literal)))
        literals.clear()
        if opening < 0:
            break
        mark = _MARK.match(text, opening)
        if mark is None:
            match = _FIELD.match(text, opening)
            if match is None:
                _fail_at_field(text, opening)
            items.append(_field(match, text, names))
            at = match.end()
            continue
        at = mark.end()
        if mark[0] in ("<?>", "<(>"):
            if len(groups) > MAX_DEPTH:
                fail(f"parts stand in each other more than {MAX_DEPTH} deep", text, opening, at, "write it flatter")
            groups.append(_Group(opening, mark[0] == "<?>", [[]]))
        else:
            _close_or_go_on(groups, mark[0], text, opening)
    if len(groups) > 1:
        group = groups[-1]
        what, end = ("optional part is", "</?>") if group.is_optional else ("alternatives are", "</)>")
        hint = f"{'an optional part ends' if group.is_optional else 'alternatives end'} with {end}"
        fail(f"the {what} not closed", text, group.start, group.start + 3, hint)
    return Pattern(tuple(whole.choices[0]))


_MARK = re.compile(r"<(?:\?|\(|\||/\?|/\))>")


def _close_or_go_on(groups: list[_Group], mark: str, text: str, at: int) -> None:
    """Do what a `</?>`, `<|>` or `</)>` at *at* says."""
    group = groups[-1] if len(groups) > 1 else None
    end = at + len(mark)
    if mark == "</?>":
        if group is None or not group.is_optional:
            fail("this closes an optional part that was never opened", text, at, end, _HINT_LITERAL)
        if not group.choices[0]:
            hint = "put literals or fields between <?> and </?>"
            fail("the optional part is empty", text, group.start, end, hint)
        groups.pop()
        groups[-1].choices[-1].append(OptionalPart(tuple(group.choices[0])))
        return
    if group is None or group.is_optional:
        message = "this separates alternatives" if mark == "<|>" else "this closes alternatives"
        fail(f"{message} that were never opened", text, at, end, f"they begin with <(>; {_HINT_LITERAL}")
    if not group.choices[-1]:
        hint = "put literals or fields there, or write an optional part, <?>…</?>"
        fail("one of the alternatives is empty", text, group.start, end, hint)
    if mark == "<|>":
        group.choices.append([])
        return
    if len(group.choices) < 2:
        fail("there is one alternative only", text, group.start, end, "alternatives are written <(>one<|>other</)>")
    groups.pop()
    groups[-1].choices[-1].append(Alternatives(tuple(map(tuple, group.choices))))


def parse_header(text: str, names: Names | None = None) -> Pattern:
    """
    Return the pattern that *text* describes, which stands before others.

    Raises:
        TemplateSyntaxError: with the span of what is wrong in *text*.
    """
    check_line(text)
    pattern = parse_pattern(text, names)
    check_fields(pattern, Pattern(()))
    return pattern


def parse_foreign_pattern(text: str) -> Pattern:
    """
    Return the pattern that *text* of another tool's template list describes.

    `<*>` and fields with a known type are fields as in logmatch's own language, mask words in capitals (`<NUM>`,
    `<:IP:>`) are unnamed fields of the nearest type, and `<name>` is a field where its name occurs once. Everything
    else is text, since such lists have no way to write a literal `<`: `<<*>>` is a wildcard between a `<` and a `>`.
    """
    check_line(text)
    items: list[Item] = []
    names: set[str] = set()
    untyped = Counter(_UNTYPED.findall(text))
    literals: list[str] = []
    at = 0
    while (opening := text.find("<", at)) >= 0:
        literals.append(text[at:opening])
        field, end = _foreign_field(text, opening, names, untyped)
        if field is None:
            literals.append(text[opening:end])
        else:
            if literal := "".join(literals):
                items.append(Literal(encode(literal)))
            literals.clear()
            items.append(field)
        at = end
    literals.append(text[at:])
    if literal := "".join(literals):
        items.append(Literal(encode(literal)))
    return Pattern(tuple(items))


def _foreign_field(text: str, opening: int, names: set[str], untyped: Counter[str]) -> tuple[Field | None, int]:
    """The field that begins at *opening* and its end, or None and the end of what is text there."""
    if mask := _MASK.match(text, opening):
        return _mask_field(mask), mask.end()
    match = _FOREIGN_FIELD.match(text, opening)
    if match is None:
        return None, opening + 1
    try:
        field = _field(match, text, None)
    except TemplateSyntaxError:
        return None, opening + 1
    if field.name is not None and field.name != DROPPED:
        if field.name in names or untyped[match[0]] > 1:
            return None, opening + 1
        names.add(field.name)
    return field, match.end()


def _mask_field(match: re.Match[str]) -> Field:
    return Field(None, TYPES[_MASK_TYPES.get(match["word"], "any")])


def _field(match: re.Match[str], text: str, names: Names | None) -> Field:
    name = None if match["name"] == "*" else match["name"]
    if match["regex"] is not None:
        return Field(name, regex_type(match["regex"][1:-1], text, match.start("regex") + 1))
    if match["type"] is None:
        return Field(name, ANY)
    return Field(name, type_at(match["type"], text, match.start("type"), names or {}))


def _fail_at_field(text: str, opening: int) -> NoReturn:
    """Say what is wrong with the field that begins at *opening* and that `_FIELD` does not match."""
    start = _FIELD_START.match(text, opening)
    if start is None:
        if text.startswith("<:", opening):
            fail(
                "the field has no name",
                text,
                opening,
                opening + 2,
                "an unnamed field is written <*:type>, a literal '<' is written '<<'",
            )
        fail("this '<' opens nothing", text, opening, opening + 1, _HINT_LITERAL)
    if start["colon"] and (regex := re.compile(r"/(?:[^/\\<>]|\\.)+/(?=[|?])").match(text, start.end())):
        mark = text[regex.end()]
        message = "a list holds no regular expression" if mark == "|" else "no ? follows a regular expression"
        hint = f"say all of it in one expression: <name:{regex[0][:-1]}|…/>"
        if mark == "?":
            hint = "put what may be absent into <?>…</?>, or into the expression: (…)?"
        fail(message, text, regex.start(), regex.end() + (mark == "?"), hint)
    if start["colon"] and text.startswith("/", start.end()):
        fail(
            "the regular expression is not closed",
            text,
            opening,
            start.end() + 1,
            "a field with one is written <name:/regex/>, a literal '<' is written '<<'",
        )
    closing = text.find(">", start.end())
    if closing < 0 or "<" in text[start.end() : closing]:
        fail("the field is not closed", text, opening, start.end(), f"it ends with '>'; {_HINT_LITERAL}")
    if start["colon"]:
        fail("the field has no type after the ':'", text, opening, closing + 1, HINT_TYPES)
    hint = f"a name holds letters, digits, '_', '.' and '-'; {_HINT_LITERAL}"
    fail("this is not the name of a field", text, opening, closing + 1, hint)


class PatternParser:
    """
    Parses pattern after pattern, as a long list of templates has them.

    The answer for a pattern is that of `parse_pattern` (or `parse_foreign_pattern`) and `check_fields`. Nearly all
    patterns are made of literals and of fields that an earlier pattern has too: these are cut at their fields by one
    regular expression, and a field is looked up by its text. Whatever is not of this form, errors included, is left to
    those functions. Equal literals and fields of all patterns are one object, which later stages gain from as well.
    """

    def __init__(self, *, foreign: bool = False, names: Names | None = None) -> None:
        self._is_foreign = foreign
        self._names = names
        self._items: dict[bytes, Literal | Field] = {}
        """What a piece of a pattern stands for, wherever it stands."""
        self._header: Pattern | None = None
        self._checked: set[tuple[bytes, ...]] = set()
        """
        The fields of patterns that fit after `_header`: `check_fields` does not look at literals, but for those that
        come after a `rest`.
        """

    def parse(self, text: str, header: Pattern | None = None) -> Pattern:
        """
        Return the pattern that *text* describes, which fits after *header*.

        Raises:
            TemplateSyntaxError: as `parse_pattern` and `check_fields`.
        """
        if self._is_foreign:
            check_line(text)
        elif not text.isascii():
            check_characters(text)
        pieces = _PIECES.split(encode(text))
        pattern = self._put_together(pieces)
        if header is not self._header:
            self._header = header
            self._checked.clear()
        fields = tuple(pieces[1::2])
        if pattern is not None and fields in self._checked:
            return pattern
        is_plain = pattern is not None
        if pattern is None or (self._is_foreign and _repeats_a_name(pattern)):  # not all of these are fields there
            pattern = parse_foreign_pattern(text) if self._is_foreign else parse_pattern(text, self._names)
            is_plain = False
        check_fields(header, pattern)
        if is_plain and not any(map(takes_the_rest, pattern.fields())):
            self._checked.add(fields)
        return pattern

    def _put_together(self, pieces: list[bytes]) -> Pattern | None:
        """The pattern of *pieces*, which are texts and fields in turn; None where one of them is something else."""
        known = self._items
        items: list[Item] = []
        part: list[Literal | Field] | None = None  # the optional part that is open
        for piece in pieces:
            item = known.get(piece)
            if item is None:
                if not piece:
                    continue
                if b"<" not in piece:
                    item = known[piece] = Literal(piece)
                elif piece == b"<?>" and part is None and not self._is_foreign:
                    part = []
                    continue
                elif piece == b"</?>" and part:
                    items.append(OptionalPart(tuple(part)))
                    part = None
                    continue
                else:
                    item = self._field(piece)
                    if item is None:
                        return None
                    known[piece] = item
            (items if part is None else part).append(item)
        return Pattern(tuple(items)) if part is None else None

    def _field(self, piece: bytes) -> Field | None:
        """The field that *piece* is in every pattern that holds it."""
        text = decode(piece)
        if self._is_foreign:
            if mask := _MASK.fullmatch(text):
                return _mask_field(mask)
        match = _FIELD.fullmatch(text)
        if match is None or match["regex"] is not None or _MAY_GO_ON.search(text):
            return None
        try:
            return _field(match, text, self._names)
        except TemplateSyntaxError:
            return None


_MAY_GO_ON = re.compile(r'["\[(]')
"""What a type holds whose end may not be the first `>`."""

_PIECES = re.compile(rb"(<[^<>]*>)")
"""
Where a pattern is cut. A `<<`, and a regular expression that holds `<` or `>`, are cut in wrong places; then one of the
pieces is a text with a `<` in it, or is no field though it looks like one.
"""


def _repeats_a_name(pattern: Pattern) -> bool:
    names = [field.name for field in pattern.fields() if field.name not in (None, DROPPED)]
    return len(set(names)) != len(names)
