"""
Plain loop: what a person would write in Python who knows the templates: the yardstick of the figures.

Not its business: being right in every case. It is not bound to SPEC 3, and its answers are not compared with those of
the engines, only the number of lines is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from logmatch.templates.model import (
    ANY,
    PATH,
    REST,
    TYPES,
    URL,
    WORD,
    Alternatives,
    FieldType,
    Item,
    Literal,
    NamedType,
    OptionalPart,
    Pattern,
    RegexType,
    WordList,
    output_names,
)
from logmatch.templates.template import Template

PLAIN_LOOP = "plain loop"
"""What it is called among engines."""


class PlainLoop:
    """
    Templates made ready for the loop, and the loop.

    The header by an expression of its own; then the first word of what follows looks up a few expressions, those with
    more literal text first, and after them those that have no literal first word; the groups of the first that fits
    become a dict, and `orjson` writes it. Values are strings, and what is absent is null. It is as fast as this plan
    allows: each expression compiled once, everything in local variables, records written one by one through the file's
    buffer. (To join them all and write once took 1.9 times as long on 43 MB of lines, for all the memory touched.)

    It is not bound to SPEC 3, so that it may match other lines: a header that could end at several places ends at the
    first, and order is by literal text of the pattern alone.
    """

    def __init__(self, templates: Sequence[Template]) -> None:
        groups: dict[Pattern | None, list[Template]] = {}
        for template in templates:
            if is_plain(template):
                groups.setdefault(template.header, []).append(template)
        self._headers = [_PlainHeader(header, members) for header, members in groups.items()]

    def run(self, files: Sequence[str], output: str) -> tuple[int, int]:
        """Write a record of each line of *files* to *output*; return how many lines there are and how many matched."""
        import orjson

        dumps, newline = orjson.dumps, orjson.OPT_APPEND_NEWLINE
        headers = [(each.match, each.by_first_word, each.others) for each in self._headers]
        total = matched = 0
        with open(output, "wb") as out:
            write = out.write
            for file in files:
                number = 0
                with open(file, encoding="utf-8", errors="replace", newline="\n") as lines:
                    for number, line in enumerate(lines, 1):
                        raw = line.rstrip("\r\n")
                        text = raw.rstrip()
                        record = None
                        for match_header, by_first_word, others in headers:
                            header = match_header(text)
                            if header is None:
                                continue
                            content = text[header.end() :]
                            for fullmatch, template_id, names in by_first_word.get(content.partition(" ")[0], others):
                                match = fullmatch(content)
                                if match is not None:
                                    values = dict(zip(names, header.groups() + match.groups(), strict=False))
                                    record = {"line": number, "template_id": template_id, "values": values}
                                    matched += 1
                                    break
                            if record is not None:
                                break
                        if record is None:
                            record = {"line": number, "template_id": None, "raw": raw}
                        write(dumps(record, option=newline))
                total += number
        return total, matched


_Fullmatch = Callable[[str], Any]
_Entry = tuple[_Fullmatch, str, tuple[str, ...]]


class _PlainHeader:
    """The templates with one header: its expression, and the entries to try by the first word after it."""

    def __init__(self, header: Pattern | None, templates: Sequence[Template]) -> None:
        self.match = _compile(header.items if header is not None else ()).match
        self.by_first_word: dict[str, list[_Entry]] = {}
        """The entries that may follow a word, those of `others` included."""
        self.others: list[_Entry] = []
        for template in sorted(templates, key=lambda each: (-each.priority, -_literal_length(each.pattern.items))):
            names = tuple(name for name in output_names(template.items()) if name is not None)
            items = _without_trailing_whitespace(template.pattern.items)
            entry = (_compile(items).fullmatch, _text(template.id.encode("utf-8", "surrogateescape")), names)
            word = _first_word(items)
            if word is None:
                self.others.append(entry)
            else:
                self.by_first_word.setdefault(word, []).append(entry)
        for entries in self.by_first_word.values():
            entries += self.others


def is_plain(template: Template) -> bool:
    """Whether the plain loop can use *template*: groups of its own in a `/regex/` field would be taken for values."""
    return not any(
        _regex(_text(each.type.source)).groups
        if isinstance(each.type, RegexType)
        else each.type.facts.expression is None or not each.type.facts.expression.isascii()
        for each in Pattern(template.items()).fields()
    )


def _compile(items: Sequence[Item]) -> Any:
    text = "".join(map(_expression, items))
    if any(isinstance(each.type, RegexType) for each in Pattern(tuple(items)).fields()):
        return _regex(text)
    return re.compile(text, re.ASCII)


def _regex(text: str) -> Any:
    import regex  # only templates with `/regex/` fields need it

    return regex.compile(text, regex.ASCII)


_FREE_EXPRESSIONS = {
    ANY: r".*?",
    WORD: r"\S+?",
    PATH: r"(?:/|~|[A-Za-z]:[\\/])\S*?",
    URL: r"[A-Za-z][A-Za-z0-9+.-]*://\S+?",
    REST: r".*",
}
_EXPRESSIONS: dict[FieldType, str] = {
    type_: _FREE_EXPRESSIONS.get(type_) or (type_.facts.expression or b"").decode("utf-8") for type_ in TYPES.values()
}


def _expression(item: Item) -> str:
    """*item* as it is usually written; a group for each value that is output."""
    if isinstance(item, Literal):
        return re.escape(_text(item.text))
    if isinstance(item, OptionalPart):
        return f"(?:{''.join(map(_expression, item.items))})?"
    if isinstance(item, Alternatives):
        return f"(?:{'|'.join(''.join(map(_expression, choice)) for choice in item.choices)})"
    if isinstance(item.type, RegexType):
        text = f"(?>{_text(item.type.source)})"
    elif isinstance(item.type, WordList):
        text = "|".join(re.escape(_text(word)) for word in item.type.longest_first)
    elif isinstance(item.type, NamedType) and item.type in _EXPRESSIONS:
        text = _EXPRESSIONS[item.type]
    else:
        text = _text(item.type.facts.expression or b"")
    return f"(?:{text})" if output_names((item,)) == [None] else f"({text})"


def _text(text: bytes) -> str:
    """Bytes of a pattern as the lines are read."""
    return text.decode("utf-8", "replace")


def _first_word(items: Sequence[Item]) -> str | None:
    """The first word of every line that *items* match; None where it is not the same for all."""
    if not items or not isinstance(items[0], Literal):
        return None
    word, space, _ = _text(items[0].text).partition(" ")
    return word if space or len(items) == 1 else None


def _without_trailing_whitespace(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """*items* for lines without their trailing whitespace."""
    if items and isinstance(items[-1], Literal):
        text = items[-1].text.rstrip()
        return (*items[:-1], Literal(text)) if text else items[:-1]
    return items


def _literal_length(items: Sequence[Item]) -> int:
    """How many bytes of literals there are, those of optional parts included."""
    parts = [part for item in items for part in (item.items if isinstance(item, OptionalPart) else (item,))]
    return sum(len(part.text) for part in parts if isinstance(part, Literal))
