"""
Fields: the pattern of a group, with types and names, made of all its messages.

Each value of a group is looked at as it stands in its message: a token type is taken only if, read from where the value
begins, it ends where the value ends in every one of them. What all values of a field begin with is text (`blk_`), and
so is a unit that all of them have.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cache

from logmatch.learn.groups import Groups
from logmatch.learn.naming import FIELD, Names
from logmatch.learn.shapes import REST, VALUE, Shape, common_beginning, is_host, is_stem
from logmatch.templates.model import DROPPED, Field, Item, Literal, OptionalPart, Pattern
from logmatch.templates.types import TYPES

_TOKENS = (
    *("int", "float", "percent", "ipv4", "ip", "mac", "uuid", "iso8601", "syslogtime", "clftime", "date", "time"),
    *("slashtime", "ctime", "rfc2822", "klogtime", "timestamp", "duration", "size"),
)
"""Types that are tried on every field, the narrowest first; those that this version lacks are left out."""

_BY_FORM = {"hex": "hex", "host": "host", "quoted": "quoted", "text": "quoted"}
"""Types that are tried only where all values have this form."""

_ADDRESSES = frozenset(("ip", "host"))
_PREFIXED = frozenset(("mixed", "small", "stem", "endpoint", "many", "email"))
_PORT = re.compile(r"(?P<host>\S*[^\s:/]):(?P<port>\d{1,5})\Z")
_UNIT = re.compile(r"\s?[A-Za-zµ%][A-Za-z/]*\Z")
_END = re.compile(r"(?<=\d)[-./][A-Za-z]{2,}\Z")
_LONG_HEX = re.compile(r"(?=.*\d)[0-9a-f]{6,}|(?=.*\d)[0-9A-F]{6,}")
_MADE_NAME = re.compile(
    r"(?P<directory>(?:/[\w.+-]+)+/)(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,})(?P<suffix>(?:[_.-][A-Za-z_.-]+)?)"
)
"""A file whose name a program made: in one directory only the name is a value."""
_SIGN = re.compile(r"(?<=[^A-Za-z0-9])[+-]\Z")
_LOOK_AHEAD = 80
_FEW_DIGITS = 2
_OFTEN = 5


@dataclass(slots=True)
class _Column:
    """What stands at one place of a group's messages."""

    values: Counter[str] = field(default_factory=Counter)
    contexts: dict[str, set[str]] = field(default_factory=dict)
    """For each value the texts that follow it."""
    forms: set[str] = field(default_factory=set)
    gaps: set[str] = field(default_factory=set)
    """The texts between the place before and this one."""


def pattern_of(groups: Groups, group: Shape, messages: Sequence[str], names: Names) -> Pattern:
    """Return the pattern of a group."""
    columns = [_Column() for _ in group]
    ends: set[str] = set()
    for message in messages:
        position = 0
        for column, (start, end, form) in zip(columns, _places(groups, group, message), strict=True):
            value = message[start:end]
            column.values[value] += groups.lines[message]
            column.contexts.setdefault(value, set()).add(message[end : end + _LOOK_AHEAD])
            column.forms.add(form)
            column.gaps.add(message[position:start])
            position = end
        ends.add(message[position:])
    maker = _Maker(names)
    for place, (key, column) in enumerate(zip(group, columns, strict=True)):
        maker.gap(column.gaps)
        maker.cell(key, column, at_start=place == 0 and group[1:2] == (": ",))
    maker.gap(ends)
    return maker.pattern()


def _places(groups: Groups, group: Shape, message: str) -> Iterable[tuple[int, int, str]]:
    """Yield start, end and form of each cell of a message."""
    tokens = groups.tokens[message]
    position = 0
    for key, first, end in groups.cells[groups.shape[message]]:
        if key == REST:
            yield (tokens[first].start if end > first else position), len(message), "rest"
            position = len(message)
        elif end > first:
            position = tokens[end - 1].end
            yield tokens[first].start, position, tokens[first].form if end == first + 1 else "many"
        else:
            yield position, position, "empty"


def joined(items: Iterable[Item]) -> list[Item]:
    """Return *items* with neighbouring literals as one."""
    found: list[Item] = []
    for item in items:
        last = found[-1] if found else None
        if isinstance(item, Literal) and isinstance(last, Literal):
            found[-1] = Literal(last.text + item.text)
        else:
            found.append(item)
    return found


def _apart(items: Iterable[Item]) -> list[Item]:
    """Return *items* with one field for fields side by side of which one is free: nothing says where it ends."""
    found: list[Item] = []
    for item in items:
        last = found[-1] if found else None
        if isinstance(item, Field) and isinstance(last, Field) and (_is_free(item) or _is_free(last)):
            solid = all(each.type.facts.is_solid for each in (item, last))
            found[-1] = Field(last.name if last.name != DROPPED else item.name, TYPES["word" if solid else "any"])
        else:
            found.append(item)
    return found


def _is_free(field: Field) -> bool:
    return field.type.facts.is_free


class _Maker:
    """Puts a pattern together from left to right."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._items: list[Item] = []

    def pattern(self) -> Pattern:
        """Return the pattern: no two literals side by side, no blanks at its end."""
        items = _apart(joined(self._items))
        while items:
            last = items[-1]
            if isinstance(last, Literal):
                items[-1] = Literal(last.text.rstrip(b" \t"))
                if items[-1].text:  # type: ignore[union-attr]
                    break
            elif not (isinstance(last, Field) and last.type == TYPES["ws"]):
                break
            items.pop()
        return Pattern(tuple(items))

    def gap(self, gaps: set[str]) -> None:
        """Add what stands between two cells: equal text, blanks, or a part in parentheses that may be absent."""
        if len(gaps) == 1:
            self._literal(next(iter(gaps)))
        elif not any(gap.strip() for gap in gaps):
            self._blanks(gaps)
        else:
            self._parentheses(gaps)

    def cell(self, key: str, column: _Column, *, at_start: bool) -> None:
        """Add a cell: text, or a field with the text that all its values share."""
        values = list(column.values)
        if key == REST:
            self._field("rest", "")
        elif len(values) == 1 and (not (key == VALUE or is_stem(key)) or _stays_text(column, at_start)):
            self._literal(values[0])
        else:
            self._value(column)

    def _literal(self, text: str) -> None:
        if text:
            self._items.append(Literal(text.encode("utf-8", "surrogateescape")))

    def _blanks(self, gaps: Iterable[str]) -> None:
        if all(gap.startswith(" ") for gap in gaps):
            self._literal(" ")
        self._items.append(Field(DROPPED, TYPES["ws"]))

    def _parentheses(self, gaps: set[str]) -> None:
        full = [gap for gap in gaps if gap.strip()]
        bare = {gap for gap in gaps if not gap.strip()}
        parts = [re.fullmatch(r"(\s*\()(.*?)(\)\s*)", gap, re.DOTALL) for gap in full]
        around = {(part.group(1), part.group(3)) for part in parts if part}
        if not all(parts) or len(around) != 1 or len(bare) > 1:
            self._field("any", "")
            return
        ((opening, closing),) = around
        blank = next(iter(bare), "")
        before = closing.removesuffix(blank) if closing.endswith(blank) else closing
        column = _Column()
        for part in parts:
            if part:
                column.values[part.group(2)] += 1
                column.contexts[part.group(2)] = {closing}
        inner = _Maker(self._names)
        inner._items = [Literal(opening.encode("utf-8", "surrogateescape"))]
        inner._value(column)
        inner._literal(before)
        items = tuple(item for item in inner.pattern().items if not isinstance(item, OptionalPart))
        self._items.append(OptionalPart(items))
        if closing.endswith(blank):
            self._literal(blank)

    def _value(self, column: _Column) -> None:
        values = list(column.values)
        prefix, suffix = _shared(values, column.forms)
        middles = {value[len(prefix) : len(value) - len(suffix)] for value in values}
        self._literal(prefix)
        if all(map(_PORT.match, middles)) and not column.forms & {"time", "mac", "url", "path"}:
            hosts = {middle.rpartition(":")[0]: {":"} for middle in middles}
            self._field(narrowest_type(hosts, column.forms | {"host"}), ":")
            self._literal(":")
            ports = {value.rpartition(":")[2]: column.contexts[value] for value in values}
            self._items.append(Field(self._names.unique("port"), TYPES[narrowest_type(ports, set())]))
        else:
            contexts: dict[str, set[str]] = {}
            for value in values:
                middle = value[len(prefix) : len(value) - len(suffix)]
                follows = {suffix + text for text in column.contexts[value]}
                contexts.setdefault(middle, set()).update(follows)
            follow = common_beginning([text for texts in contexts.values() for text in texts])
            self._field(narrowest_type(contexts, column.forms), follow)
        self._literal(suffix)

    def _field(self, type_name: str, after: str) -> None:
        name = self._names.choose(self._before(), type_name, after)
        self._items.append(Field(name, TYPES[type_name]))

    def _before(self) -> str:
        """Return the pattern so far, as `Names.choose` takes it."""
        blank = Field(DROPPED, TYPES["ws"])
        return "".join(
            item.text.decode("utf-8", "replace") if isinstance(item, Literal) else " " if item == blank else FIELD
            for item in self._items[-4:]
        )


def _stays_text(column: _Column, at_start: bool) -> bool:
    """Tell whether the only value of a place that could vary is better left as text: `L3`, `ext4`, `HTTP/1.1`."""
    ((value, lines),) = column.values.items()
    digits = sum(map(str.isdigit, value))
    if value.isdigit():
        return False
    if column.forms <= {"small", "component"}:
        return True
    if not column.forms <= {"mixed", "stem", "small"}:
        return False
    if at_start and digits <= _FEW_DIGITS + 2 and value[:1].isalpha():
        return True
    numbered = re.search(r"[_-]\d+(?:\W|$)", value)
    return digits <= _FEW_DIGITS and not numbered and (lines >= _OFTEN or bool(re.search("[A-Za-z]{3}", value)))


def _shared(values: Sequence[str], forms: set[str]) -> tuple[str, str]:
    """Return the text that all values begin with, without digits, and the unit that all end with."""
    if forms <= {"number", "time"}:
        units = {unit.group() if (unit := _UNIT.search(value)) else "" for value in values}
        shared = units.pop() if len(units) == 1 else ""
        return "", "" if shared == "%" else shared
    if forms == {"path"} and (made := [match for value in values if (match := _MADE_NAME.fullmatch(value))]):
        around = {(match["directory"], match["suffix"]) for match in made}
        return around.pop() if len(made) == len(values) > 2 and len(around) == 1 else ("", "")
    if not forms <= _PREFIXED:
        return "", ""
    prefix = common_beginning(values)
    if digit := re.search("[\\d\ud800-\udfff]", prefix):  # a byte that is no UTF-8 cannot be written in a template
        prefix = prefix[: digit.start()]
    if not all(value[len(prefix) : len(prefix) + 1].isdigit() for value in values):
        prefix = re.match(r"(?:.*[^A-Za-z0-9])?", prefix, re.DOTALL).group()  # type: ignore[union-attr]
    prefix = _SIGN.sub("", prefix)
    if len(values) == 1 and forms <= {"mixed"} and values[0].isalnum():
        prefix = ""
    if "endpoint" in forms and all(is_host(value.rpartition(":")[0]) for value in values):
        prefix = ""
    return prefix, _common_end([value[len(prefix) :] for value in values]) if forms <= {"mixed", "stem"} else ""


def _common_end(values: Sequence[str]) -> str:
    """Return the mark and the letters that all values end with: `-byte` of `512-byte`."""
    ends = {match.group() if (match := _END.search(value)) else "" for value in values}
    return ends.pop() if len(ends) == 1 else ""


def narrowest_type(contexts: Mapping[str, set[str]], forms: Set[str] = frozenset()) -> str:
    """
    Return the narrowest type that takes exactly these values before the texts that follow them.

    Args:
        contexts: each value with the texts that follow it.
        forms: which forms the values have (`shapes.FORMS`).
    """
    values = list(contexts)
    names = [*_TOKENS, *(["peer"] if forms and forms <= _ADDRESSES else [])]
    names += [type_name for form, type_name in _BY_FORM.items() if form in forms]
    for name in names:
        if name in TYPES and all(_takes(name, value, texts) for value, texts in contexts.items()):
            return name
    if all(map(_LONG_HEX.fullmatch, values)) and all(_takes("hex", value, texts) for value, texts in contexts.items()):
        return "hex"
    if not all(values) or any(character in value for value in values for character in " \t"):
        return "any"
    for name in ("url", "path"):
        if all(_expression(name).fullmatch(_bytes(value)) for value in values):
            return name
    return "word"


def _takes(name: str, value: str, follows: set[str]) -> bool:
    """Tell whether a token type, read from where the value begins, ends where it ends."""
    text = _bytes(value)
    for follow in follows:
        match = _expression(name).match(text + _bytes(follow))
        if not match or match.end() != len(text):
            return False
    return True


@cache
def _expression(name: str) -> re.Pattern[bytes]:
    expression = TYPES[name].facts.expression
    return re.compile(expression if expression is not None else b"(?!)", re.DOTALL)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
