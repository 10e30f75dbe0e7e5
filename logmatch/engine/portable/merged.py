"""
Merged prefixes: the two forms of a header with an optional part, as in `<program><?>[<pid:int>]</?>: `, matched as one.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from logmatch.engine.matches import Found, Group
from logmatch.engine.portable import expression
from logmatch.engine.portable.buckets import NO_LIMIT, Scratch
from logmatch.engine.portable.items import bytes_after_first, count_fields, last_search, shape
from logmatch.engine.portable.prefixes import PrefixGroup
from logmatch.templates.model import Literal
from logmatch.templates.types import ANY


class MergedPrefixes:
    """
    Two groups for the forms of a header with an optional part, with one prefix for both.

    `_match_prefix` finds the leftmost place at which either prefix goes on after its last free field. It matches only
    if what ends that field does not come once more; else each group is tried on its own.
    """

    def __init__(self, fuller: PrefixGroup, other: PrefixGroup, prefix: bytes, optional: slice) -> None:
        self._fuller = fuller
        self._other = other
        self._match_prefix = re.compile(prefix, re.DOTALL).match
        self._longest_line = min(fuller.longest_line, other.longest_line)
        self._optional = optional.start
        """Where the fields of the optional part begin among those of the prefix."""
        self._after_optional = optional.stop

    def can_begin_with(self, first_byte: bytes) -> bool:
        """See `PrefixGroup.can_begin_with`."""
        return self._fuller.can_begin_with(first_byte)  # that of the other is the same

    def match(self, line: bytes, limit: int = NO_LIMIT, scratch: Scratch | None = None) -> Found | None:
        """See `PrefixGroup.match`."""
        prefix = self._match_prefix(line) if len(line) <= self._longest_line else None
        if prefix is None:
            scratch = Scratch() if scratch is None else scratch
            found = self._fuller.match(line, limit, scratch)
            return self._other.match(line, limit if found is None else found[0], scratch) or found
        of_prefix = prefix.groups()
        if of_prefix[self._optional] is not None:
            return self._fuller.match_after(line, prefix.end(), of_prefix, limit, scratch)
        of_prefix = of_prefix[: self._optional] + of_prefix[self._after_optional :]
        return self._other.match_after(line, prefix.end(), of_prefix, limit, scratch)

    def match_lines(
        self, lines: Sequence[bytes], places: Sequence[int], groups: list[Group], scratch: Scratch
    ) -> list[int]:
        """See `PrefixGroup.match_lines`."""
        if max(map(len, lines), default=0) > self._longest_line:
            return list(places)
        found = list(map(self._match_prefix, lines))
        prefixes = list(filter(None, found))
        left: list[int] = []
        if len(prefixes) < len(found):
            for line, place, prefix in zip(lines, places, found, strict=True):
                if prefix is None and self._other.has_prefix(line):
                    left.append(place)
            lines = list(itertools.compress(lines, found))
            places = list(itertools.compress(places, found))
        ends = list(map(re.Match.end, prefixes))
        texts_of_prefixs = list(map(re.Match.groups, prefixes))
        first, last = self._optional, self._after_optional
        others = [index for index, of_prefix in enumerate(texts_of_prefixs) if of_prefix[first] is None]
        if others:
            left += self._other.match_lines_after(
                [lines[index] for index in others],
                [places[index] for index in others],
                [ends[index] for index in others],
                [texts_of_prefixs[index][:first] + texts_of_prefixs[index][last:] for index in others],
                groups,
            )
            fuller = [of_prefix[first] is not None for of_prefix in texts_of_prefixs]
            lines = list(itertools.compress(lines, fuller))
            places = list(itertools.compress(places, fuller))
            ends = list(itertools.compress(ends, fuller))
            texts_of_prefixs = list(itertools.compress(texts_of_prefixs, fuller))
        return left + self._fuller.match_lines_after(lines, places, ends, texts_of_prefixs, groups)


def merge_prefixes(groups: Sequence[PrefixGroup]) -> list[PrefixGroup | MergedPrefixes]:
    """*groups*, where two that can have one prefix for both are one."""
    merged: list[PrefixGroup | MergedPrefixes] = list(groups)
    preferred = [group.preferred for group in groups]
    for group in groups:
        # Nothing else may ask where the prefix of one of them ended: merged ones do not say.
        if group.preferred is None or preferred.count(group.preferred) > 1 or group in preferred:
            continue
        made = _merge(group.preferred, group)
        if made is not None:
            merged[merged.index(group.preferred)] = made
            merged.remove(group)
    return merged


def _merge(fuller: PrefixGroup, other: PrefixGroup) -> MergedPrefixes | None:
    """
    The two groups as one, if one prefix can serve both.

    With P for what both prefixes begin with, X for the optional part and S for what ends the header, they are
    `P <any> X S` and `P <any> S`. X and S begin with literals, and the first byte of neither can stand further on in X,
    nor that of S in S: so neither can begin within a place where they were found.
    """
    if not (fuller.has_listed_ends and other.has_listed_ends):
        return None
    place = last_search(other.prefix)
    begin, ending, rest = other.prefix[: place + 1], other.prefix[place + 1 :], fuller.prefix[place + 1 :]
    if shape(fuller.prefix[: place + 1]) != shape(begin) or shape(begin[-1:]) != (ANY,):
        return None
    more = len(rest) - len(ending)
    literal = ending[0]
    junction = rest[more] if more > 0 else None
    if not (isinstance(literal, Literal) and isinstance(junction, Literal) and junction.text.endswith(literal.text)):
        return None
    if shape(rest[more + 1 :]) != shape(ending[1:]):
        return None
    cut = junction.text.removesuffix(literal.text)
    optional = (*rest[:more], *([Literal(cut)] if cut else []))
    in_optional, in_ending = bytes_after_first(optional), bytes_after_first(ending)
    if in_optional is None or in_ending is None:
        return None
    opening = optional[0]
    assert isinstance(opening, Literal), "a free field of a prefix has a literal after it"
    x, s = opening.text[0], literal.text[0]
    if x == s or x in in_optional or s in in_optional or s in in_ending:
        return None
    before = expression.of_items(begin, to_end=False)
    found_optional = expression.of_items((*rest[:more], junction), to_end=False)
    found_ending = expression.of_items(ending[1:], to_end=False)
    last = expression.LAST_ANY
    if before is None or found_optional is None or found_ending is None or not before.text.endswith(last):
        return None
    text = before.text.removesuffix(last)
    text += b"(?>([^" + re.escape(bytes((x,))) + re.escape(bytes((s,))) + b"]*+.*?)"
    text += b"(?:" + found_optional.text + b"|" + re.escape(literal.text) + b")" + found_ending.text + b")"
    text += b"(?!.*" + re.escape(literal.text) + b")"
    first = count_fields(begin)
    return MergedPrefixes(fuller, other, text, slice(first, first + count_fields(optional)))
