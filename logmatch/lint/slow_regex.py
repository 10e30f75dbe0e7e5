"""
Slow regular expressions: `/regex/` fields, each tried on texts that make an expression backtrack.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from logmatch.lint.findings import Finding, FindingKind, make_finding
from logmatch.lint.structure import PatternLayout
from logmatch.templates.model import Field, Pattern, RegexType, decode
from logmatch.templates.template import Template
from logmatch.templates.type_syntax import set_of_regex

if TYPE_CHECKING:
    import regex

SLOW_SECONDS = 0.2
"""A `/regex/` field that needs longer than this for one text, in seconds, is slow."""

ALL_REGEX_SECONDS = 10.0
"""How long all `/regex/` fields together are tried; those whose turn does not come are not reported."""

ONE_REGEX_SECONDS = 3.0
"""How long one of them is tried."""

ATTACK_LENGTHS = (30, 300, 3_000, 30_000)
"""The lengths, in bytes, of the texts that `/regex/` fields are tried on: exponential time shows in the first."""


def slow_regexes(templates: Sequence[Template]) -> Iterator[tuple[Finding, bytes]]:
    """The findings about slow `/regex/` fields, one for each expression, and the source of the expression."""
    uses: dict[bytes, list[tuple[Template, int]]] = {}
    for template in templates:
        for slot, each in enumerate(Pattern(template.items()).fields()):
            if isinstance(each.type, RegexType):
                uses.setdefault(each.type.source, []).append((template, slot))
    deadline = time.monotonic() + ALL_REGEX_SECONDS
    for source, places in uses.items():
        shape = _slow_text(source, min(deadline, time.monotonic() + ONE_REGEX_SECONDS))
        if shape is not None:
            template, slot = places[0]
            text, span = PatternLayout(template).snippet(slot, slot)
            message = f"{template.id!r}: the regular expression needs more than {SLOW_SECONDS} s for {shape}"
            hint = "do not repeat what holds a repeat; use possessive (a++) or atomic ((?>…)) parts"
            others = list(dict.fromkeys(other.id for other, _ in places if other.id != template.id))
            finding = make_finding(FindingKind.SLOW_REGEX, template, message, hint, text=text, span=span)
            yield replace(finding, others=tuple(others)), source


def costly_headers(templates: Sequence[Template]) -> Iterator[Finding]:
    """The `/regex/` fields of headers, which run on each line; of a shared header once, for its first template."""
    seen: set[Pattern] = set()
    for template in templates:
        if template.header is None or template.header in seen:
            continue
        seen.add(template.header)
        for slot, each in enumerate(template.header.fields()):
            if isinstance(each.type, RegexType) and set_of_regex(each.type.source) is None:
                text, span = PatternLayout(template).snippet(slot, slot)
                message = f"the header of {template.id!r} has a regular expression, which runs on each line"
                hint = "it costs more than all the rest; use a type for this text if there is one, or 'word' or 'any'"
                yield make_finding(FindingKind.COSTLY_REGEX, template, message, hint, text=text, span=span)


def set_regexes(templates: Sequence[Template]) -> Iterator[Finding]:
    """The `/regex/` fields that a set of bytes says as well; those of a shared header once, for its first template."""
    seen: set[Pattern] = set()
    for template in templates:
        layout = PatternLayout(template)
        is_new = template.header is not None and template.header not in seen
        seen.update([template.header] if template.header is not None else [])
        for slot, each in enumerate(Pattern(template.items()).fields()):
            if slot < layout.header_fields and not is_new:
                continue
            if isinstance(each.type, RegexType) and (written := set_of_regex(each.type.source)) is not None:
                text, span = layout.snippet(slot, slot)
                message = f"{template.id!r}: the regular expression of {each} is a set of bytes"
                hint = f"write {Field(each.name, each.type)!s}".replace(str(each.type), written)
                hint += ", which takes the same text and is many times faster"
                yield make_finding(FindingKind.SET_REGEX, template, message, hint, text=text, span=span)


def regex_sources(template: Template) -> set[bytes]:
    return {each.type.source for each in Pattern(template.items()).fields() if isinstance(each.type, RegexType)}


def _slow_text(source: bytes, deadline: float) -> str | None:
    """A description of the first text that the expression is slow on; None if there is none, or no time to find it."""
    import regex  # see `syntax._regex_type`

    compiled = regex.compile(source)
    attack = _attack(source)
    for begin, unit, end, length in itertools.product(attack.begins, attack.units, attack.ends, ATTACK_LENGTHS):
        if time.monotonic() >= deadline:
            return None
        repeats = length // len(unit)
        if _is_slow(compiled, begin + unit * repeats + end):
            before = f"{decode(begin)!r}, " if begin else ""
            return f"{before}{repeats:,} times {decode(unit)!r}, {decode(end)!r}"
    return None


def _is_slow(compiled: regex.Pattern[bytes], text: bytes) -> bool:
    """Whether it takes too long on *text*, twice: once may be the fault of a busy machine."""
    for _ in range(2):
        try:
            compiled.match(text, timeout=SLOW_SECONDS)
        except TimeoutError:
            continue
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Attack:
    """What texts that an expression may be slow on begin with, what is repeated in them, and what they end with."""

    begins: tuple[bytes, ...]
    units: tuple[bytes, ...]
    ends: tuple[bytes, ...]


def _attack(source: bytes) -> _Attack:
    """
    The parts of the texts that the expression *source* is tried on.

    Few expressions match a null byte, so that after many repeats they go back and try others. But `regex` gives up
    early on a text without a string that each match holds; so in half of the texts all literals come last.
    """
    import regex  # see `syntax._regex_type`

    text = regex.sub(rb"\\[A-Za-z]|\(\?[a-zA-Z<>=!:]*", b" ", source)  # without the letters that are syntax
    text = regex.sub(rb"[()\[\]{}*+?|^$\\]+", b"", text)
    characters = dict.fromkeys([b"a", b"0", b" "])
    characters.update((bytes([byte]), None) for byte in text)
    singles = tuple(characters)[:12]
    pairs = tuple(first + second for first, second in itertools.permutations(singles[:5], 2))
    words = tuple(dict.fromkeys(regex.findall(rb"[A-Za-z0-9]{3,}", text)))[:4]
    start = regex.match(rb"(?:[^\\()\[\]{}*+?|^$.](?![*+?{]))*+", source)
    begins = (b"", start[0]) if start and start[0] else (b"",)
    ends = (b"\x00", b"\x00" + text.strip()) if text.strip() else (b"\x00",)
    return _Attack(begins, singles + pairs + words, ends)
