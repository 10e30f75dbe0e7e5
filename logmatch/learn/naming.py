"""
Naming: what a field is called, by the text around it.

A key before a mark (`user=`, `port: `) names a field, and so does the word before it (`port 22`), save words that only
lead to it, some of which have a meaning of their own (`from` an address: `src`). Failing these a unit or a plural noun
after a number does (`12 bytes`), and at last the form of the values.
"""

from __future__ import annotations

import re

from logmatch.learn.shapes import word_set

_KEY = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)[\"']?\s?[=:]\s?[\"'(\[{</]*\Z")
_WORD = re.compile(r"([A-Za-z][A-Za-z0-9_]*)[_#/-]?[\s\"'(\[{<#:=]*\Z")
_COUNTED = re.compile(r"([A-Za-z][A-Za-z_]+) (?:of|is|was|are) \Z")
_AFTER = re.compile(r"[ ]?([A-Za-z]{2,}s|ms|KB|MB|GB|MHz)\b")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_UNFIT = re.compile(r"[^a-z0-9_]+")

_LETTERS = 40
_LEADS = word_set(
    "a all an and are as at be been by for from has have in into is its no not of off on onto or over per than that the"
    " then this to under until up was were will with within x got only already"
)
"""Words that lead to a value and say nothing about it."""

_ADDRESSES = frozenset(("ip", "ipv4", "ipv6", "host", "peer"))
_SOURCES = {"from": "src", "by": "src", "to": "dst", "with": "dst"}
_LED_BY = {"from": "source", "to": "target", "by": "by", "at": "at", "on": "on"}
_OF_TYPE = {
    **{"int": "number", "float": "number", "percent": "percent", "ipv4": "ip", "ipv6": "ip", "any": "text"},
    **{"iso8601": "time", "syslogtime": "time", "clftime": "time", "rest": "text", "word": "value"},
    **{"timestamp": "time", "slashtime": "time", "ctime": "time"},
}
_UNITS = {"ms": "ms", "KB": "kb", "MB": "mb", "GB": "gb", "MHz": "mhz"}
_SAID_BY_FORM = frozenset(("path", "url", "uuid", "mac", "ip", "ipv4", "ipv6", "date", "time", "iso8601", "timestamp"))


FIELD = "\x00"
"""Stands for a field in the text before another."""


class Names:
    """The names of one template's fields; no two are equal."""

    def __init__(self, taken: tuple[str, ...] = ()) -> None:
        self._used = set(taken)

    def choose(self, before: str, type_name: str, after: str) -> str:
        """
        Return a name for a field.

        Args:
            before: the pattern's text before the field, each field as `FIELD`.
            after: the text after it.
        """
        return self.unique(_name(before, type_name, after))

    def unique(self, word: str) -> str:
        """Return *word*, with a number if a field has this name."""
        name, number = word, 1
        while name in self._used:
            number += 1
            name = f"{word}_{number}"
        self._used.add(name)
        return name


def _name(before: str, type_name: str, after: str) -> str:
    key = _KEY.search(before)
    found = key or _WORD.search(before)
    word = snake(found.group(1)) if found else ""
    if key is None and any(map(str.isdigit, word)):
        word = ""  # `amd64 1.2`: a value of its own
    if type_name in _ADDRESSES and word in _SOURCES:
        return _SOURCES[word]
    if word and word not in _LEADS:
        return word
    if type_name in ("int", "float") and (unit := _AFTER.match(after)):
        return _UNITS.get(unit.group(1), unit.group(1).lower())
    if type_name in _SAID_BY_FORM:
        return _OF_TYPE.get(type_name, type_name)
    if word in ("of", "is", "was", "are") and (counted := _COUNTED.search(before)) and counted.group(1) not in _LEADS:
        return snake(counted.group(1))
    return _LED_BY.get(word) or _OF_TYPE.get(type_name, type_name)


def snake(word: str) -> str:
    """Return a word as a name: `blockId` and `Block-ID` become `block_id`."""
    word = word.rpartition(".")[2]
    return _UNFIT.sub("_", _CAMEL.sub("_", word).lower()).strip("_")[:_LETTERS]
