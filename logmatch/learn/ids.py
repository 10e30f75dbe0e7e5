"""
Ids: what a template is called, by its own words.

An id is made of the words of the pattern's literal text and of nothing else, neither of counts nor of the place in the
list, so that it stays when more lines come. Words that name a field (`port 22`) and small words are left out while
enough others are there. Of templates that would have the same id, all but the first (the shortest text) get more words,
or at last a few letters of a digest of their pattern.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

from logmatch.learn.shapes import word_set
from logmatch.templates.model import Literal, Pattern

_WORDS = re.compile(r"[A-Za-z][a-z]+|[A-Z]+(?![a-z])|[a-z]+")
_NAMING = re.compile(r"(?:\w+[ ]+)?[A-Za-z]+[_-]\Z|[\w.]+[^\w\s]*\s*\Z")
"""The end of a text that names the field after it: `port `, `block blk_`."""
_SMALL = word_set("a an and are as at be by for from has have in is it its of on or that the to was were will with")
_SHORT = 5
_LONG = 12
_LETTERS = 60


def assign_ids(patterns: Iterable[Pattern], taken: Iterable[str] = ()) -> Mapping[Pattern, str]:
    """Return an id for each pattern; none is in *taken*."""
    used = set(taken)
    ids: dict[Pattern, str] = {}
    for pattern in sorted(set(patterns), key=lambda pattern: (len(str(pattern)), str(pattern))):
        digest = hashlib.sha256(str(pattern).encode("utf-8", "surrogateescape")).hexdigest()
        chosen, full = _words(pattern)
        candidates = [_cut(words) for words in (chosen[:_SHORT], full[:_LONG])]
        candidates = [name for name in candidates if len(name) > 2]
        stem = (candidates or ["template"])[0]
        candidates += [f"{stem}-{digest[:length]}" for length in (4, 8, 16, 64)]
        ids[pattern] = next(name for name in candidates if name not in used)
        used.add(ids[pattern])
    return ids


def _cut(words: Iterable[str]) -> str:
    """Return as many words as an id may have letters."""
    name = ""
    for word in words:
        if len(name) + len(word) >= _LETTERS:
            break
        name += f"-{word}" if name else word
    return name


def _words(pattern: Pattern) -> tuple[list[str], list[str]]:
    """Return the words that tell most, and all words."""
    chosen: list[str] = []
    full: list[str] = []
    for item in pattern.items:
        if not isinstance(item, Literal):
            continue
        text = item.text.decode("utf-8", "replace")
        full += _split(text)
        if item is not pattern.items[-1]:
            naming = _NAMING.search(text)
            text = text[: naming.start()] if naming and (chosen or naming.start()) else text
        chosen += [word for word in _split(text) if word not in _SMALL and len(word) > 1]
    if len(chosen) < 2:
        chosen = [word for word in full if word not in _SMALL] or full
    return chosen, full


def _split(text: str) -> list[str]:
    """Return the words of a text in small letters; those of `camelCase` are two."""
    return [word.lower() for word in _WORDS.findall(text)]
