"""
Evidence: whether the words that stand at one place are the values of a field, or parts of different statements.

A program writes few statements, each many times, and the values of a field are many, each seldom. So a place varies if
enough different words stand there; how many are enough depends on what the text around says (`user`, `=`), on what the
words look like, and on how often each of them comes: words that all come often are more likely to be written so in the
program.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from logmatch.learn.shapes import VALUE, Shape, is_absent, is_stem, is_word, word_set


class Place(NamedTuple):
    """A place in a shape; the key that stands there does not count."""

    shape: Shape
    at: int

    @property
    def before(self) -> str:
        """The key before this place."""
        return self.shape[self.at - 1] if self.at else ""

    @property
    def introduction(self) -> str:
        """The word before this place, over one mark, in small letters."""
        key = self.before if self.at < 2 or is_word(self.before) else self.shape[self.at - 2]
        return key.lower()

    @property
    def is_first(self) -> bool:
        """Whether the message begins here, or a message after `name: `."""
        return self.at == 0 or (self.at == 2 and self.shape[1] == ": ")

    @property
    def other_words(self) -> int:
        """How many words the shape has at other places."""
        return sum(map(is_word, self.shape)) - is_word(self.shape[self.at])


_WORDS = 4
"""So many different words are enough if nothing speaks for or against them."""
_NAMED = 3
"""After a word that introduces values, and where most of the words look like identifiers."""
_CAPITALS = 6
"""Where most are in capitals, or single letters: states, commands, axes."""
_FIRST = 12
_LONELY = 6
"""Where the rest of the message is one word."""
_MORE = 4
"""So many more if each word comes often, or is a verb: what was done is written in the program."""
_OFTEN = 8
"""Lines of 2,000; of longer logs the same share."""
_STEMS = 3
_RARE = 3
_RARE_STEM = 0.05
_TAILS_AFTER_MARK = 4
_TAILS_AFTER_COLON = 8

NAMES = word_set(
    "user users username login logname ruser host hostname rhost server client node peer file directory dir path folder"
    " name named called id key group account domain device disk volume interface port address process program daemon"
    " job task thread session package module library plugin driver uid gid pid database table queue topic bucket region"
    " zone"
)
"""Words that name what comes after them."""

_LEADS = word_set(
    "from to for by on at as in of with via role service class method function command action app application component"
    " resource type state status is"
)
"""Words that values often follow, and other words as well."""


_BOOLEAN = frozenset(("true", "false"))
METHODS = word_set("GET HEAD POST PUT PATCH DELETE OPTIONS LIST WATCH CREATE UPDATE")
"""What a request can be, in HTTP and in interfaces like it."""


def varies(lines: Mapping[str, int], place: Place, scale: float = 1.0) -> bool:
    """
    Tell whether the keys that stand at a place are values.

    Args:
        lines: the keys, and how many lines have each.
        place: in one of the shapes; the others are equal but for this place.
        scale: how many lines a line counts as (`Groups.scale`).
    """
    different = len(lines)
    if VALUE in lines or lines.keys() == _BOOLEAN:
        return True
    if any(map(is_absent, lines)):
        return False
    if place.before in ("", '"') and METHODS >= lines.keys():
        return different >= (_WORDS if place.at else _NAMED)
    if all(map(is_stem, lines)):
        return _stems_vary(lines, scale)
    if all(word[0] == '"' for word in lines):
        return True
    often = sorted(lines.values())[different // 2] * scale >= _OFTEN
    more = _MORE if often or all(word.endswith(("ed", "ing")) for word in lines) else 0
    if place.is_first:
        return different >= _FIRST
    if place.other_words == 1:
        return different >= _LONELY
    if 2 * sum(word.isupper() or len(word) == 1 for word in lines) > different:
        return different >= _CAPITALS + more
    if place.before[0] == "=":
        return different >= _WORDS
    if place.introduction in NAMES:
        return different >= _NAMED
    if 2 * sum(map(is_identifier, lines)) > different:
        return different >= _NAMED + often
    if place.introduction in _LEADS and not often:
        return different >= _NAMED
    return different >= _WORDS + more


def _stems_vary(lines: Mapping[str, int], scale: float) -> bool:
    """Tell whether stems are values; of two that are both frequent (`broadcast_`, `rdd_`) each has its statement."""
    rarest = min(lines.values())
    return len(lines) >= _STEMS or rarest * scale < _RARE or rarest < _RARE_STEM * sum(lines.values())


def is_identifier(word: str) -> bool:
    """Tell whether a word looks like a name made for a machine."""
    return any(character in "._-/\\@~#" for character in word) or any(map(str.isupper, word[1:]))


def free_text(head: Shape, tails: Mapping[Shape, int], scale: float = 1.0) -> bool:
    """
    Tell whether what follows `name:` or `name=` to the end of the message is free text.

    Args:
        head: the shape up to the mark.
        tails: the shapes after it, and how many lines have each.
        scale: as for `varies`.
    """
    after_colon = head[-1] == ": "
    enough = _TAILS_AFTER_COLON if after_colon else _TAILS_AFTER_MARK
    if len({tail[0] for tail in tails}) < enough or sum(map(is_word, head)) <= 1 + after_colon:
        return False
    pairs = sum(any(key[0] == "=" for key in tail) for tail in tails)  # after `a=b` they have fields of their own
    return 2 * len(tails) >= sum(tails.values()) * scale and not (head[-1][0] == "=" and 2 * pairs > len(tails))
