"""
Synthetic: made templates and made lines, for which the right records are known by construction.

A template has a word of its own that no other text has, its *mark*, so that a line can match the template whose mark it
bears and no other. The templates of a set are of one *style*: they differ in their first word, or only after a field,
where all begin alike. A line is short, or long in its field `detail`. A line that matches nothing is a *near miss*: the
line of a template with one mistake, in its middle or at its end.

All is made from numbers that are drawn by `random.Random.random`, whose sequence is promised to stay. This module knows
nothing of matching; that the records are right is held by the tests, and by every run of the benchmark.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from logmatch.bench.results import CellKey
from logmatch.templates.template import Template

COUNTS = (10, 100, 1_000, 10_000)
"""Numbers of templates."""

STYLES = {
    "first word": "{mark} {verb} <user:word> {noun} <detail:any> {end} <number:int>",
    "after field": "req <user:word>: {mark} {verb} {noun} <detail:any> {end} <number:int>",
}
"""Style -> the pattern of its templates."""

SHORT, LONG = "short", "long"

LONG_DETAIL = (1_000, 1_900)
"""Bytes of the field `detail` in a long line: from, to."""

LENGTHS = (SHORT, LONG)

_FIELD = re.compile(r"<(\w+):\w+>")

SEED = 1

_SYLLABLES = tuple(consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou")
_VERBS = ("opened", "closed", "sent", "lost", "moved", "held", "kept", "read")
_NOUNS = ("to", "on", "at", "by", "via", "for")
_ENDS = ("took", "after", "code", "size", "left", "try")
_USERS = ("ann", "bob", "eve", "joe", "kim", "lea", "max", "sue", "tom", "zoe")
_DETAILS = (
    *("disk", "queue", "cache", "index", "peer", "shard", "lease", "batch", "token", "route", "page", "frame", "node"),
    *("slow", "cold", "full", "next", "main", "late", "10.0.3.7", "/var/lib/db", "id=4711", "retry", "(ok)", "0x7f3a"),
)
"""No mark is among them, and no verb, noun or end: a detail never completes a near miss."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """What is particular to one template."""

    id: str
    mark: str
    verb: str
    noun: str
    end: str


@dataclass(frozen=True, slots=True)
class Made:
    """Lines of one cell, and what they must become."""

    key: CellKey
    lines: tuple[bytes, ...]
    """Without their `\\n`."""
    records: tuple[bytes, ...]
    """What the record of each line has after its number: from the comma to the `\\n`."""

    def output(self) -> Iterator[bytes]:
        """The records of all lines."""
        for number, record in enumerate(self.records, 1):
            yield b'{"line":%d%s' % (number, record)

    def digest(self, times: int) -> str:
        """SHA-256 of the output where the file of these lines is read *times* times."""
        output = b"".join(self.output())
        digest = hashlib.sha256()
        for _ in range(times):
            digest.update(output)
        return digest.hexdigest()

    def write(self, directory: str, name: str) -> str:
        """Write the lines to a file called *name*, and return its path."""
        path = os.path.join(directory, name)
        with open(path, "wb") as file:
            file.writelines(line + b"\n" for line in self.lines)
        return path


def make_templates(style: str, count: int) -> tuple[Template, ...]:
    """*count* templates of a style of `STYLES`, parsed."""
    from logmatch.templates.load import load_text

    shapes = _shapes(count)
    loaded = load_text("\n".join(STYLES[style].format(**_words(shape)) for shape in shapes))
    return tuple(Template(id=shape.id, pattern=each.pattern) for shape, each in zip(shapes, loaded, strict=True))


def make_lines(key: CellKey, size: int) -> Made:
    """Lines of *size* bytes together, or a little less; all templates have about as many of them."""
    lines: list[bytes] = []
    records: list[bytes] = []
    for line, record in _endless(key):
        size -= len(line) + 1
        if size < 0 and lines:
            break
        lines.append(line.encode("ascii"))
        records.append(record.encode("ascii"))
    return Made(key, tuple(lines), tuple(records))


def _endless(key: CellKey) -> Iterator[tuple[str, str]]:
    """Lines of the cell, each with what its record has after the number."""
    chance = Random(SEED)
    pick = _picker(chance)
    detail = _details(chance, key.length)
    pattern = _FIELD.sub(r"{\1}", STYLES[key.style])
    shapes = _shapes(key.templates)
    mistakes = itertools.cycle((_no_mistake,) if key.matching else _MISTAKES)
    while True:
        # Every template once, in another order each time.
        for shape in sorted(shapes, key=lambda _: chance.random()):
            values = {"user": pick(_USERS), "detail": detail(), "number": str(int(chance.random() * 10_000))}
            line = next(mistakes)(pattern, {**_words(shape), **values}, pick)
            yield line, _matched(shape.id, values) if key.matching else _unmatched(line)


def _matched(id_: str, values: dict[str, str]) -> str:
    # Nothing in them has to be escaped, and a number has no superfluous zeros. All styles have these fields so ordered.
    written = '"user":"{user}","detail":"{detail}","number":{number}'.format(**values)
    return f',"template_id":"{id_}","values":{{{written}}}}}\n'


def _unmatched(line: str) -> str:
    return f',"template_id":null,"raw":"{line}"}}\n'


# --- near misses

_Pick = Callable[[Sequence[str]], str]
"""Draws one of them."""

_Mistake = Callable[[str, dict[str, str], _Pick], str]
"""Makes a line of a pattern and the words for it."""


def _no_mistake(pattern: str, words: dict[str, str], pick: _Pick) -> str:
    return pattern.format(**words)


def _unit_after_the_number(pattern: str, words: dict[str, str], pick: _Pick) -> str:
    return pattern.format(**words) + "ms"


def _cut_off(pattern: str, words: dict[str, str], pick: _Pick) -> str:
    return pattern.format(**words).rpartition(f" {words['end']} ")[0]


def _other_verb(pattern: str, words: dict[str, str], pick: _Pick) -> str:
    return pattern.format(**_other(words, "verb", _VERBS, pick))


def _other_noun(pattern: str, words: dict[str, str], pick: _Pick) -> str:
    return pattern.format(**_other(words, "noun", _NOUNS, pick))


def _other_end(pattern: str, words: dict[str, str], pick: _Pick) -> str:
    return pattern.format(**_other(words, "end", _ENDS, pick))


def _other(words: dict[str, str], name: str, choices: Sequence[str], pick: _Pick) -> dict[str, str]:
    return {**words, name: pick([choice for choice in choices if choice != words[name]])}


_MISTAKES: tuple[_Mistake, ...] = (_unit_after_the_number, _other_noun, _cut_off, _other_end, _other_verb)


# --- words


def _shapes(count: int) -> list[_Shape]:
    pick = _picker(Random(SEED))
    return [_Shape(f"t{number:05}", _mark(number), pick(_VERBS), pick(_NOUNS), pick(_ENDS)) for number in range(count)]


def _mark(number: int) -> str:
    """A word for *number*, another one for each: three syllables, scattered over all that there are."""
    rest, last = divmod(number * 104_729 % len(_SYLLABLES) ** 3, len(_SYLLABLES))  # a prime: no mark comes twice
    first, middle = divmod(rest, len(_SYLLABLES))
    return _SYLLABLES[first] + _SYLLABLES[middle] + _SYLLABLES[last]


def _words(shape: _Shape) -> dict[str, str]:
    return {"mark": shape.mark, "verb": shape.verb, "noun": shape.noun, "end": shape.end}


def _details(chance: Random, length: str) -> Callable[[], str]:
    """Makes values of the field `detail`."""
    pick = _picker(chance)
    if length == SHORT:
        return lambda: pick(_DETAILS)
    least, most = LONG_DETAIL
    text = " ".join(pick(_DETAILS) for _ in range(most * 4))

    def cut() -> str:
        begin = text.index(" ", int(chance.random() * most)) + 1
        return text[begin : text.index(" ", begin + least + int(chance.random() * (most - least)))]

    return cut


def _picker(chance: Random) -> _Pick:
    return lambda choices: choices[int(chance.random() * len(choices))]
