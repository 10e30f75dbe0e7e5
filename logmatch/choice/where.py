"""
Where: the condition of `--where` as text -> a tree of comparisons.

    condition   a comparison; `not`, `and`, `or` (in this order of strength) and parentheses around others
    comparison  a field, one of == != < <= > >=, and a constant; or the other way round
    constant    a number, a text in double or single quotes (\\ hides the next character), or null

Nothing here knows which fields there are: that is the business of `plan`.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from logmatch.errors import Location, UsageError

OPTION = "--where"
"""What the text of a condition is called in messages."""


class Relation(enum.Enum):
    """How a value stands to a constant."""

    EQUAL = "=="
    NOT_EQUAL = "!="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="

    @property
    def mirrored(self) -> Relation:
        """The relation with its sides exchanged."""
        return Relation(self.value.translate(str.maketrans("<>", "><")))

    def holds(self, order: int) -> bool:
        """Whether it holds of a value that is less than the constant (-1), equal (0) or greater (1)."""
        return {
            Relation.EQUAL: order == 0,
            Relation.NOT_EQUAL: order != 0,
            Relation.LESS: order < 0,
            Relation.LESS_OR_EQUAL: order <= 0,
            Relation.GREATER: order > 0,
            Relation.GREATER_OR_EQUAL: order >= 0,
        }[self]


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it is written; its value is exact, whatever its length."""

    text: bytes


@dataclass(frozen=True, slots=True)
class Text:
    """A text, in UTF-8."""

    text: bytes


@dataclass(frozen=True, slots=True)
class Null:
    """No value."""


Constant = Number | Text | Null


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field and a constant; `start` to `end` is the span of the field in the text, the constant's is after it."""

    field: str
    relation: Relation
    constant: Constant
    span: tuple[int, int]
    constant_span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Not:
    """What is true where the condition is not."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class And:
    """What is true where all of them are."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """What is true where one of them is."""

    conditions: tuple[Condition, ...]


Condition = Comparison | Not | And | Or


def comparisons(condition: Condition) -> Iterator[Comparison]:
    """All comparisons in *condition*, from left to right."""
    if isinstance(condition, Comparison):
        yield condition
    elif isinstance(condition, Not):
        yield from comparisons(condition.condition)
    else:
        for each in condition.conditions:
            yield from comparisons(each)


def parse_condition(text: str) -> Condition:
    """
    Return the condition that *text* says.

    Raises:
        UsageError: with the place where it is wrong.
    """
    return _Parser(text).whole()


def fail(message: str, text: str, span: tuple[int, int], hint: str) -> NoReturn:
    """Raise the error that *message* says of a span of *text*."""
    location = Location(OPTION, text=text, start=span[0], end=span[1])
    raise UsageError(message, location=location, hint=hint)


_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text> "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' )
      | (?P<number> [+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)? (?![\w.]) )
      | (?P<relation> == | != | <= | >= | < | > )
      | (?P<word> [^\W\d][\w.-]* )
      | (?P<sign> [()] )
      | (?P<other> \S )
    )""",
    re.VERBOSE | re.DOTALL,
)

_MOST_NESTED = 100
"""How deep conditions may stand in each other."""

_WORDS = ("and", "or", "not", "null")
_INSTEAD = {
    **{"=": "equality is written ==", "&": "write 'and'", "|": "write 'or'", "!": "write 'not', or != between two"},
    **{'"': 'the text is not closed: it ends with another "', "'": "the text is not closed: it ends with another '"},
    **{"~": "there is no matching of patterns here; templates do that"},
}
_EXAMPLE = "a condition is written 'status>=500 and method==\"GET\"'"


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._next()

    def _next(self) -> None:
        """Go to the next token: its kind, its text, its span."""
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            self._kind, self._value = "end", ""
            self._span = len(self._text), len(self._text)
            return
        self._kind = str(match.lastgroup)
        self._value, self._span, self._at = match[self._kind], match.span(self._kind), match.end()
        if self._kind == "word" and self._value in _WORDS:
            self._kind = self._value
        if self._kind == "other":
            hint = _INSTEAD.get(self._value, _EXAMPLE)
            fail(f"{self._value!r} says nothing here", self._text, self._span, hint)

    def whole(self) -> Condition:
        """The condition that the whole text is."""
        condition = self._or()
        if self._kind != "end":
            fail(
                "the condition ends before this", self._text, self._span, "write 'and' or 'or' between two comparisons"
            )
        return condition

    def _or(self) -> Condition:
        found = [self._and()]
        while self._kind == "or":
            self._next()
            found.append(self._and())
        return found[0] if len(found) == 1 else Or(tuple(found))

    def _and(self) -> Condition:
        found = [self._not()]
        while self._kind == "and":
            self._next()
            found.append(self._not())
        return found[0] if len(found) == 1 else And(tuple(found))

    def _not(self) -> Condition:
        self._depth += 1
        if self._depth > _MOST_NESTED:
            fail("the condition is nested too deeply", self._text, self._span, "write it with fewer parentheses")
        condition = self._part()
        self._depth -= 1
        return condition

    def _part(self) -> Condition:
        if self._kind == "not":
            self._next()
            return Not(self._not())
        if self._value == "(" and self._kind == "sign":
            opened = self._span
            self._next()
            condition = self._or()
            if self._value != ")" or self._kind != "sign":
                fail("the parenthesis is not closed", self._text, opened, "it ends with ')'")
            self._next()
            return condition
        return self._comparison()

    def _comparison(self) -> Condition:
        left, left_span = self._operand()
        relation_span = self._span
        if self._kind != "relation":
            hint = "a comparison is a field, one of == != < <= > >=, and a constant"
            span = self._span if self._kind != "end" else left_span
            fail("here a comparison should go on", self._text, span, hint)
        relation = Relation(self._value)
        self._next()
        right, right_span = self._operand()
        if isinstance(left, str) and not isinstance(right, str):
            return self._made(left, relation, right, left_span, right_span)
        if isinstance(right, str) and not isinstance(left, str):
            return self._made(right, relation.mirrored, left, right_span, left_span)
        what = "two fields" if isinstance(left, str) else "two constants"
        hint = 'one side is a field, the other a number or a text in quotes: method=="GET"'
        fail(f"this compares {what}", self._text, (left_span[0], max(right_span[1], relation_span[1])), hint)

    def _made(
        self, name: str, relation: Relation, constant: Constant, span: tuple[int, int], constant_span: tuple[int, int]
    ) -> Comparison:
        if isinstance(constant, Null) and relation not in (Relation.EQUAL, Relation.NOT_EQUAL):
            fail("null is neither less nor greater", self._text, constant_span, "use == or !=")
        return Comparison(name, relation, constant, span, constant_span)

    def _operand(self) -> tuple[str | Constant, tuple[int, int]]:
        """The name of a field, or a constant; and its span."""
        value, span, kind = self._value, self._span, self._kind
        made: str | Constant
        if kind == "word":
            made = value
        elif kind == "number":
            made = Number(value.encode())
        elif kind == "text":
            made = Text(re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL).encode("utf-8", "surrogateescape"))
        elif kind == "null":
            made = Null()
        else:
            message = (
                "the condition ends where a field or a constant should be"
                if kind == "end"
                else "this is neither a field nor a constant"
            )
            fail(message, self._text, span, _EXAMPLE)
        self._next()
        return made, span
