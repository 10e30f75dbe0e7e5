"""
Prefixes: variants that begin with the same items; their common prefix is matched once for a line.

A prefix may hold tokens, and free fields with a literal after each. After it the next bytes of the line, or its last
ones, look up the bucket of variants that can follow.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from logmatch.engine.matches import Found, Group
from logmatch.engine.portable import expression
from logmatch.engine.portable.buckets import MAX_JOINED, NO_LIMIT, Bucket, Candidate, Scratch
from logmatch.engine.portable.items import Items, after, count_fields, first_bytes, last_search, needs_scanner, shape
from logmatch.program import WHITESPACE, Variant
from logmatch.templates.model import Literal
from logmatch.templates.types import ANY

KEY_LENGTH = 8
KEY_LENGTHS = (KEY_LENGTH, 4, 2, 1)
"""
How many bytes the keys have by which variants are looked up that go on with a literal: each by the longest key that its
literal fills.
"""

MIN_SUFFIX = 3
"""From how many bytes of a literal at the end of lines on variants are looked up by it."""

MAX_BEGINNINGS = 256
"""For up to how many literal beginnings those variants that go on with a field are made part of each expression."""

MAX_ENDS = 2
"""At how many ends of its prefix a line is tried before it is matched as a whole."""

MAX_AMBIGUOUS = 64
"""After how many more lines with an ambiguous prefix than with a clear one a group does without its prefix."""

MAX_KEYS = 4096
"""How many different continuations of lines a group remembers the bucket of."""


class PrefixGroup:
    """
    Variants with a common prefix, which may be empty.

    Whether the prefix could end at another place too is seen from `_again`: for each free field in search of its end an
    expression for what follows it in the prefix.
    """

    def __init__(self, prefix: Items, variants: dict[int, Variant]) -> None:
        self.prefix = prefix
        self._variants = variants
        self._match_prefix: Callable[[bytes], re.Match[bytes] | None] | None = None
        self.longest_line = expression.UNBOUNDED
        self._again: list[tuple[int, Callable[[bytes, int], re.Match[bytes] | None], bytes]] = []
        """Number of a group, what must not come again after it, the literal that this begins with."""
        self.has_listed_ends = False
        """Whether the ends of a prefix in a line are those that the only one of `_again` finds."""
        self._whole: Bucket | None = None
        self._ambiguity = 0  # see `MAX_AMBIGUOUS`
        self.preferred: PrefixGroup | None = None
        """See `find_preferred`."""
        self._is_preferred = False
        prefix_fields = count_fields(prefix)
        if prefix:
            compiled = expression.of_items(prefix, to_end=False)
            assert compiled is not None
            self._match_prefix = re.compile(compiled.text, re.DOTALL).match
            self.longest_line = compiled.longest_line
            self._again = list(_what_comes_again(prefix))
            place = last_search(prefix)
            is_last = len(self._again) == 1 and self._again[0][0] == count_fields(prefix[: place + 1])
            # A `word` could not be extended over whitespace.
            self.has_listed_ends = is_last and shape(prefix[place : place + 1]) == (ANY,)
        # A `/regex/` field may look at what comes before it, so that its variant is always matched as a whole.
        self._tries_each_end = self.has_listed_ends and not any(map(needs_scanner, variants.values()))
        self._first_bytes = first_bytes(prefix, variants.values())
        self._by_key: dict[int, dict[bytes, list[Candidate]]] = {}  # length of keys -> key -> who goes on with it
        self._by_suffix: dict[
            bytes, list[Candidate]
        ] = {}  # the last `_suffix_length` bytes but for whitespace -> who ends with them
        self._buckets: dict[tuple[tuple[bytes, ...], bytes], Bucket] = {}  # keys that fit, suffix -> who can follow
        self._bucket_of: dict[bytes, Bucket] = {}  # a cache of at most `MAX_KEYS`
        with_suffix: list[tuple[bytes, Candidate]] = []
        others: list[Candidate] = []
        for number, variant in variants.items():
            candidate = Candidate(number, variant, after(prefix, variant.items), prefix_fields)
            first = candidate.items[0] if candidate.items else None
            last = candidate.items[-1] if candidate.items else None
            if isinstance(first, Literal):
                length = next(length for length in KEY_LENGTHS if length <= len(first.text))
                self._by_key.setdefault(length, {}).setdefault(first.text[:length], []).append(candidate)
            elif isinstance(last, Literal) and len(last.text) >= MIN_SUFFIX:
                with_suffix.append((last.text, candidate))
            else:
                others.append(candidate)
        self._suffix_length = min([KEY_LENGTH, *(len(text) for text, _ in with_suffix)])
        for text, candidate in with_suffix:
            self._by_suffix.setdefault(text[-self._suffix_length :], []).append(candidate)
        # What neither goes on nor ends with a literal can be whatever the line goes on with. A few such variants are
        # tried together with those that go on as the line does; many, or for many beginnings, would be costly to add to
        # each.
        is_small = len(others) <= MAX_JOINED and sum(map(len, self._by_key.values())) <= MAX_BEGINNINGS
        self._in_all = others if is_small else []
        self._on_each_line = Bucket(others) if others and not is_small else None

    def can_begin_with(self, first_byte: bytes) -> bool:
        """Whether a line of this group can begin with *first_byte*; it is empty for an empty line."""
        return self._first_bytes is None or first_byte in self._first_bytes

    def has_prefix(self, line: bytes) -> bool:
        """Whether *line* begins as this group's prefix does."""
        return self._match_prefix is None or self._match_prefix(line) is not None

    def find_preferred(self, before: Iterable[PrefixGroup]) -> None:
        """
        Find among the groups *before* this one one that has, for each variant here, one of the same template with the
        same items after the prefix and of higher precedence.

        Where both prefixes end at the same place of a line, no variant of this group can be its match: the other one of
        the same template fits too. So it is with the two forms of a header with an optional part.
        """
        mine = {number: (v.template_number, after(self.prefix, v.items)) for number, v in self._variants.items()}
        for other in before:
            if other._first_bytes != self._first_bytes:
                continue  # it is not tried on all the lines that this one is tried on
            theirs: dict[object, int] = {}
            for number, variant in other._variants.items():
                theirs.setdefault((variant.template_number, after(other.prefix, variant.items)), number)
            if self.prefix and all(theirs.get(key, NO_LIMIT) < number for number, key in mine.items()):
                self.preferred = other
                other._is_preferred = True

    # --- one line

    def match(self, line: bytes, limit: int = NO_LIMIT, scratch: Scratch | None = None) -> Found | None:
        """
        The best match among the variants of this group whose number is below *limit*.

        Args:
            scratch: None where this is the only group.
        """
        end = 0
        of_prefix: tuple[bytes, ...] = ()
        if self._match_prefix is not None:
            if len(line) > self.longest_line or self._ambiguity > MAX_AMBIGUOUS:
                return self._match_whole(line, limit, scratch)
            match = self._match_prefix(line)
            if match is None:
                return None
            if self._again:
                for group, again, literal in self._again:
                    start = match.end(group) + 1
                    if line.find(literal, start) >= 0 and (next_one := again(line, start)):
                        return self._match_at_each_end(line, match, next_one, limit, scratch)
                self._ambiguity -= self._ambiguity > 0
            end = match.end()
            if scratch is not None:
                if self._is_preferred:
                    scratch.end_of[self] = end
                if self.preferred is not None and scratch.end_of.get(self.preferred) == end:
                    return None
            of_prefix = match.groups()
        return self.match_after(line, end, of_prefix, limit, scratch)

    def match_after(
        self, line: bytes, end: int, of_prefix: tuple[bytes, ...], limit: int, scratch: Scratch | None
    ) -> Found | None:
        """The same where the prefix ends at *end* of *line*; *of_prefix* are the texts of its fields."""
        key = line[end : end + KEY_LENGTH]
        suffix = line.rstrip(WHITESPACE)[-self._suffix_length :] if self._by_suffix else b""
        if suffix in self._by_suffix:
            bucket = self._bucket(key, suffix)
        else:
            bucket = self._bucket_of.get(key) or self._bucket_by_key(key)
        found: Found | None = None
        if bucket.first >= limit:
            pass
        elif len(line) <= bucket.longest_line:
            # Inlined `bucket.match`; about 90 % of lines take this path.
            content = bucket.match_all(line, end + bucket.skip) if line.startswith(bucket.literal, end) else None
            if content is not None:
                number, texts_of = bucket.alternatives[content.lastindex or 0]
                if number < limit:
                    found = number, texts_of(content)
        else:
            found = bucket.match(line, end, limit, scratch.budget if scratch else None)
        if self._on_each_line is not None:
            limit = limit if found is None else found[0]
            found = self._on_each_line.match(line, end, limit, scratch.budget if scratch else None) or found
        return None if found is None else (found[0], of_prefix + found[1])

    def _match_at_each_end(
        self,
        line: bytes,
        prefix: re.Match[bytes],
        next_one: re.Match[bytes] | None,
        limit: int,
        scratch: Scratch | None,
    ) -> Found | None:
        """The same where what ends the prefix comes once more in the line, at *next_one*."""
        if not self._tries_each_end:
            self._ambiguity += 1
            return self._match_whole(line, limit, scratch)
        group, again, _ = self._again[0]
        start = prefix.start(group)
        before = prefix.groups()[: group - 1]
        ends = [(prefix.end(), prefix.groups())]
        while next_one is not None:
            if len(ends) == MAX_ENDS:
                self._ambiguity += 1
                return self._match_whole(line, limit, scratch)
            ends.append((next_one.end(), (*before, line[start : next_one.start()], *next_one.groups())))
            next_one = again(line, next_one.start() + 1)
        self._ambiguity -= self._ambiguity > 0
        found: Found | None = None
        for end, of_prefix in ends:
            better = self.match_after(line, end, of_prefix, limit, scratch)
            if better is not None:
                found = better
                limit = better[0]
        return found

    def _match_whole(self, line: bytes, limit: int, scratch: Scratch | None) -> Found | None:
        if self._whole is None:
            self._whole = Bucket([Candidate(n, variant, variant.items, 0) for n, variant in self._variants.items()])
        return self._whole.match(line, 0, limit, scratch.budget if scratch else None)

    # --- many lines

    def match_lines(
        self, lines: Sequence[bytes], places: Sequence[int], groups: list[Group], scratch: Scratch
    ) -> list[int]:
        """
        Add to *groups* the best matches among the variants of this group.

        Returns the places of lines that it leaves to `match`: those whose prefix may end elsewhere, those that are too
        long for an expression or have too many candidates.

        Args:
            places: what each of the lines is called.
        """
        longest = max(map(len, lines), default=0)
        if longest > self.longest_line or self._ambiguity > MAX_AMBIGUOUS or self._on_each_line is not None:
            return list(places)
        left: list[int] = []
        ends: Sequence[int] = ()
        texts_of_prefixes: Sequence[tuple[bytes, ...]] = ()
        if self._match_prefix is not None:
            lines, places, prefixes, left = self._match_prefixes(lines, places, scratch)
            ends = list(map(re.Match.end, prefixes))
            texts_of_prefixes = list(map(re.Match.groups, prefixes))
        return left + self.match_lines_after(lines, places, ends, texts_of_prefixes, groups)

    def match_lines_after(
        self,
        lines: Sequence[bytes],
        places: Sequence[int],
        ends: Sequence[int],
        texts_of_prefixes: Sequence[tuple[bytes, ...]],
        groups: list[Group],
    ) -> list[int]:
        """
        The same where the prefixes, if there are any, end at *ends*; *texts_of_prefixes* are those of their fields.
        """
        longest = max(map(len, lines), default=0)
        if longest > self.longest_line or self._on_each_line is not None:
            return list(places)
        left: list[int] = []
        for bucket, indices in self._by_bucket(lines, ends):
            if bucket.first == NO_LIMIT:
                continue  # it is empty
            if longest > bucket.longest_line:
                left += [places[index] for index in indices if len(lines[index]) > bucket.longest_line]
                indices = [index for index in indices if len(lines[index]) <= bucket.longest_line]
            starts = [ends[index] for index in indices] if self._match_prefix is not None else itertools.repeat(0)
            for number, matched, values in bucket.match_lines([lines[index] for index in indices], starts, indices):
                if self._match_prefix is not None:
                    values = [texts_of_prefixes[i] + of_rest for i, of_rest in zip(matched, values, strict=True)]
                groups.append((number, [places[index] for index in matched], values))
        return left

    def _match_prefixes(
        self, lines: Sequence[bytes], places: Sequence[int], scratch: Scratch
    ) -> tuple[Sequence[bytes], Sequence[int], list[re.Match[bytes]], list[int]]:
        """
        What is to be matched after its prefix: lines, their places, matches of the prefix; and the places of lines
        whose prefix may end elsewhere. What has no prefix here is in neither, nor what a preferred group does better.
        """
        assert self._match_prefix is not None
        found = list(map(self._match_prefix, lines))
        prefixes = list(filter(None, found))
        if len(prefixes) < len(found):
            lines = list(itertools.compress(lines, found))
            places = list(itertools.compress(places, found))
        ambiguous: set[int] = set()
        for group, again, literal in self._again:
            for index, (line, prefix) in enumerate(zip(lines, prefixes, strict=True)):
                start = prefix.end(group) + 1
                if line.find(literal, start) >= 0 and again(line, start):
                    ambiguous.add(index)
        left = [places[index] for index in ambiguous]
        if self._again and not self._tries_each_end:
            self._ambiguity = max(0, self._ambiguity + 2 * len(ambiguous) - len(lines))
        if self._is_preferred:
            scratch.ends_of[self] = {place: prefix.end() for place, prefix in zip(places, prefixes, strict=True)}
        if self.preferred is not None or ambiguous:
            of_preferred = scratch.ends_of.get(self.preferred, {})
            kept = [
                index not in ambiguous and of_preferred.get(place) != prefix.end()
                for index, (place, prefix) in enumerate(zip(places, prefixes, strict=True))
            ]
            lines = list(itertools.compress(lines, kept))
            places = list(itertools.compress(places, kept))
            prefixes = list(itertools.compress(prefixes, kept))
        return lines, places, prefixes, left

    def _by_bucket(self, lines: Sequence[bytes], ends: Sequence[int]) -> Iterable[tuple[Bucket, list[int]]]:
        """The numbers (from 0) of *lines*, whose prefixes end at *ends*, by the bucket of what can follow."""
        by_key: defaultdict[bytes, list[int]] = defaultdict(list)
        by_both: defaultdict[tuple[bytes, bytes], list[int]] = defaultdict(list)
        by_suffix, length = self._by_suffix, self._suffix_length
        if self._match_prefix is None:
            keys = [line[:KEY_LENGTH] for line in lines]
        else:
            keys = [line[end : end + KEY_LENGTH] for line, end in zip(lines, ends, strict=True)]
        if by_suffix:
            for index, (line, key) in enumerate(zip(lines, keys, strict=True)):
                suffix = line.rstrip(WHITESPACE)[-length:]
                if suffix in by_suffix:
                    by_both[key, suffix].append(index)
                else:
                    by_key[key].append(index)
        else:
            for index, key in enumerate(keys):
                by_key[key].append(index)
        bucket_of = self._bucket_of
        found = [(bucket_of.get(key) or self._bucket_by_key(key), indices) for key, indices in by_key.items()]
        found += [(self._bucket(key, suffix), indices) for (key, suffix), indices in by_both.items()]
        by_bucket: dict[Bucket, list[int]] = {}
        for bucket, indices in found:
            if bucket in by_bucket:
                by_bucket[bucket] += indices
            else:
                by_bucket[bucket] = indices
        return by_bucket.items()

    # --- buckets

    def _bucket_by_key(self, key: bytes) -> Bucket:
        if len(self._bucket_of) >= MAX_KEYS:
            self._bucket_of.clear()
        bucket = self._bucket_of[key] = self._bucket(key, b"")
        return bucket

    def _bucket(self, key: bytes, suffix: bytes) -> Bucket:
        """
        The variants that can follow the prefix where the line goes on with *key* and ends with *suffix*, one of
        `_by_suffix` or nothing.
        """
        keys: tuple[bytes, ...] = ()
        for length, candidates in self._by_key.items():
            if key[:length] in candidates:
                keys += (key[:length],)
        bucket = self._buckets.get((keys, suffix))
        if bucket is None:
            lists = [self._by_key[len(each)][each] for each in keys]
            lists += [self._in_all, self._by_suffix.get(suffix, [])]
            bucket = self._buckets[keys, suffix] = Bucket(itertools.chain.from_iterable(lists))
        return bucket


def _what_comes_again(prefix: Items) -> Iterable[tuple[int, Callable[[bytes, int], re.Match[bytes] | None], bytes]]:
    """
    For each free field that could make *prefix* end elsewhere: the number of its group, and what follows it there.

    Only such fields are left out whose leftmost end serves as well as a later one, or whose end is the only one.
    """
    group = 0
    for index, item in enumerate(prefix):
        if isinstance(item, Literal):
            continue
        group += 1
        if not expression.is_search(prefix, index):
            continue
        end = next((end for end in range(index + 1, len(prefix)) if expression.is_search(prefix, end)), len(prefix))
        segment = prefix[index + 1 : end]
        if end < len(prefix) and expression.leftmost_is_final(item, segment, prefix[end]):
            continue
        literal = segment[0]
        assert isinstance(literal, Literal)
        if item.type != ANY and any(byte in WHITESPACE for byte in literal.text):
            continue  # the literal is in one place only, since the field cannot reach over its whitespace
        following = expression.of_items(segment, to_end=False)
        assert following is not None
        yield group, re.compile(following.text, re.DOTALL).search, literal.text
