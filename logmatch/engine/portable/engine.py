"""
Portable: literals choose candidates, regular expressions confirm them.

Variants that begin with the same items (the usual case: a header) form a `Section`. Its common head is matched once for
a line; then the next bytes of the line look up, in tables of literal prefixes, the few variants that can follow, beside
those that go on with a field. Where many are left, `prefilter` narrows them down by the other literals. Each candidate
is confirmed by the expression of its remaining items (`expression`), in the order of precedence. `match_lines` does so
for many lines at once.

What makes this the answer of `reference`:

* A head is only used where it can end at one place. If something in the line says that it might end at another, the
  section's variants are tried as wholes.
* A section is left out of a line only if another that stands for the same templates, with precedence, ended its head at
  the same place (`Section.find_twin`).
* A candidate is skipped only if a variant of higher precedence has matched, or its literals are missing. The one that
  matched last is tried first only if no other that precedes it can match the same line.
* A line too long for an expression's cost bound is given to `reference.walk`.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import operator
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from logmatch.engine import FieldTimeouts, Found, Located
from logmatch.engine.portable import expression, prefilter
from logmatch.engine.portable.prefilter import Filter, are_disjoint
from logmatch.engine.reference import NO_MATCH, FieldTimeoutError, ReferenceEngine, Scanner, texts, walk
from logmatch.program import WHITESPACE, Program, Variant, common_prefix
from logmatch.templates.model import (
    ANY,
    WORD,
    Field,
    FieldType,
    Literal,
    RegexType,
)

Items = tuple[Literal | Field, ...]

Group = tuple[int, list[int], list[tuple[bytes, ...]]]
"""
Lines that one variant matched: its number, their places in a sequence of lines, and for each the texts of its fields.
"""

Texts = Callable[[re.Match[bytes]], tuple[bytes, ...]]
"""Takes the texts of some groups out of a match."""

NO_LIMIT = 1 << 62
"""A number that no variant has."""

KEY_LENGTH = 8
PREFIX_LENGTHS = (KEY_LENGTH, 4, 2, 1)
"""
How many bytes the keys of the prefix tables have; a variant stands in the first table that its literal is long enough
for.
"""

FEW = 16
"""Up to how many variants of a bucket are tried by one expression with alternatives."""

PROVABLE = 64
"""
Up to how many variants of a bucket the last match is tried first; proving it right costs the square of their number.
"""

LEAST_SPLIT = 8
"""From how many variants on a part of a section becomes a section of its own."""

MOST_SECTIONS = 8
"""How many sections with a head there are, not counting further splits."""

MOST_SPLITS = 4
"""How many sections may differ only in what follows a free field: each costs every line a match of its head."""

DOUBTS = 64
"""After how many more lines with an ambiguous head than with a clear one a section does without its head."""

MOST_JOINED = 256
"""For up to how many literal beginnings those variants that begin with a field are made part of each expression."""

LEAST_TAIL = 3
"""From how many bytes of a literal at the end of lines on variants are looked up by it."""

LEAST_GROUP = 3
"""From how many lines of a bucket on they are matched together."""

MOST_ENDS = 8
"""At how many ends of its head a line is tried before it is matched as a whole."""

MOST_LOOSE = 1
"""For how many variants that neither begin nor end with a literal it pays to look for one in all lines."""

MANY_LOOSE = 8
"""Of how many lines one is too many to look for the literals of variants that neither begin nor end with one."""

LONG_SHARED = 1500
"""For how many lines of a variant it takes as long to look for its first literal apart as to compile an expression."""

MOST_KEYS = 4096
"""How many different beginnings of lines a section remembers the bucket of."""


class PortableEngine:
    """The engine that needs no compiler; see the module."""

    name = "portable"
    match: Callable[[bytes], Found | None]
    """See `Engine.match`."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.timeouts: FieldTimeouts = Counter()
        sections = [Section(head, variants) for head, variants in split_heads(program.variants)]
        for index, section in enumerate(sections):
            section.find_twin(sections[:index])
        self._sections = join_twins(sections)
        has_regex = any(map(_has_regex, program.variants))
        # For a single section that cannot time out, match is that section's: a call less for each line.
        self.match = self._match if has_regex or len(self._sections) != 1 else self._sections[0].match
        self._beginning_with: dict[bytes, list[Section | Twins]] = {}  # the first byte of a line -> what can match it

    def match_lines(self, lines: Sequence[bytes]) -> list[Group]:
        """
        Return what `match` returns for each of *lines*, by variant; what nothing matched is in no group.

        No place is in two groups. For many lines this is much faster than `match`, line by line.
        """
        groups: list[Group] = []
        left: list[int] = []
        is_shared = False  # whether several sections may have found something for a line
        for sections, places in self._dealt(lines):
            here = lines if len(places) == len(lines) else [lines[place] for place in places]
            finders = 0
            for section in sections:
                before = len(groups) + len(left)
                left += section.match_lines(here, places, groups)
                finders += len(groups) + len(left) > before
            is_shared = is_shared or finders > 1
        if is_shared:
            groups, left = _first_of_each(groups, left, len(lines))
        one_by_one: dict[int, Group] = {}
        for place in left:
            found = self.match(lines[place])
            if found is not None:
                _, places, values = one_by_one.setdefault(found[0], (found[0], [], []))
                places.append(place)
                values.append(found[1])
        return [*groups, *one_by_one.values()]

    def _dealt(self, lines: Sequence[bytes]) -> Iterable[tuple[list[Section | Twins], Sequence[int]]]:
        """The places of *lines*, and in which sections to try those."""
        if len(self._sections) == 1:
            return [(self._sections, range(len(lines)))]
        places: defaultdict[bytes, list[int]] = defaultdict(list)
        for place, line in enumerate(lines):
            places[line[:1]].append(place)
        return [(self._sections_for(first), those) for first, those in places.items()]

    def _sections_for(self, first_byte: bytes) -> list[Section | Twins]:
        """The sections that can match a line that begins with *first_byte*, which is empty for an empty line."""
        sections = self._beginning_with.get(first_byte)
        if sections is None:
            sections = [section for section in self._sections if section.can_begin_with(first_byte)]
            self._beginning_with[first_byte] = sections
        return sections

    def locate(self, line: bytes) -> Located | None:
        """See `Engine.locate`."""
        found = self.match(line)
        if found is None:
            return None
        try:
            spans = walk(self.program.variants[found[0]], line)
        except FieldTimeoutError:
            return None  # it was just within its time when it was matched
        assert spans is not None, "the portable engine and the reference differ"
        return found[0], spans

    def _match(self, line: bytes) -> Found | None:
        found = None
        limit = NO_LIMIT
        try:
            for section in self._sections_for(line[:1]):
                better = section.match(line, limit)
                if better is not None:
                    found = better
                    limit = better[0]
        except FieldTimeoutError:
            # Rare and slow: a variant that takes too long does not match, and the others are tried, by the definition.
            reference = ReferenceEngine(self.program)
            found = reference.match(line)
            self.timeouts.update(reference.timeouts)
        return found


def _first_of_each(groups: Iterable[Group], left: Iterable[int], count: int) -> tuple[list[Group], list[int]]:
    """
    Of the *groups* of several sections and the places that they *left* undecided, those that stay when each of *count*
    places goes to the lowest number, and to none if it is undecided.
    """
    best = [NO_LIMIT] * count
    for number, places, _ in groups:
        for place in places:
            if number < best[place]:
                best[place] = number
    undecided = list(set(left))
    for place in undecided:
        best[place] = -1
    kept: list[Group] = []
    for number, places, values in groups:
        if all(best[place] == number for place in places):
            kept.append((number, places, values))
        else:
            those = [index for index, place in enumerate(places) if best[place] == number]
            kept.append((number, [places[index] for index in those], [values[index] for index in those]))
    return [group for group in kept if group[1]], undecided


def split_heads(variants: Sequence[Variant]) -> list[tuple[Items, dict[int, Variant]]]:
    """
    Split *variants* into sections by the type of their first field or the first byte of their first literal, with the
    longest head that the members have in common. Those without a common field form one section, which has no head; so
    do small groups, since each head costs every line a match.
    """
    sections: list[tuple[Items, dict[int, Variant]]] = []
    headless: dict[int, Variant] = {}
    for group in _by_first_item(variants).values():
        head = _common_head(group.values())
        is_most = 2 * len(group) >= len(variants)
        is_large = len(group) >= LEAST_SPLIT and bool(head) and not expression.is_search(head, 0)
        if _count_fields(head) and (is_most or is_large) and len(sections) < MOST_SECTIONS:
            sections += _split_behind(head, group)
        else:
            headless.update(group)
    return [*sections, ((), dict(sorted(headless.items())))] if headless else sections


def _split_behind(head: Items, group: dict[int, Variant]) -> list[tuple[Items, dict[int, Variant]]]:
    """
    Split a section further where large parts of it have a longer head in common.

    So it is with the headers of several programs in one log, and with a header that has an optional part:
    `<program:any><?>[<pid:int>]</?>: `.
    """
    parts: dict[object, dict[int, Variant]] = {}
    all_search = True
    for number, variant in group.items():
        rest = _behind(head, variant.items)
        all_search = all_search and bool(rest) and expression.is_search(rest, 0)
        parts.setdefault(tuple(_beginning(item) for item in rest[:2]), {})[number] = variant
    longer = {key: _common_head(part.values()) for key, part in parts.items()}
    split = [
        key
        for key, part in parts.items()
        if len(part) >= LEAST_SPLIT
        and _count_fields(longer[key]) > _count_fields(head)
        # A part that begins with a free field would be tried, in vain, on nearly every line of the others.
        and (all_search or isinstance(_behind(head, longer[key])[0], Literal))
    ]
    if not 0 < len(split) <= MOST_SPLITS:
        return [(head, group)]
    remaining = {number: v for key, part in parts.items() if key not in split for number, v in part.items()}
    sections = [each for key in split for each in _split_behind(longer[key], parts[key])]
    return [*sections, (head, dict(sorted(remaining.items())))] if remaining else sections


def _beginning(item: Literal | Field) -> object:
    """What tells apart what follows a head: the first byte of a literal, the type of a field."""
    return item.text[:1] if isinstance(item, Literal) else item.type


def _has_regex(variant: Variant) -> bool:
    return any(isinstance(field.type, RegexType) for field in variant.fields())


def _count_fields(items: Items) -> int:
    return sum(isinstance(item, Field) for item in items)


def _by_first_item(variants: Sequence[Variant]) -> dict[object, dict[int, Variant]]:
    """Group variants by what their first item is."""
    groups: dict[object, dict[int, Variant]] = {}
    for number, variant in enumerate(variants):
        groups.setdefault(_beginning(variant.items[0]) if variant.items else None, {})[number] = variant
    return groups


def _common_head(variants: Iterable[Variant]) -> Items:
    """The longest common beginning that an expression can match on its own: see `Section`."""
    item_lists = [variant.items for variant in variants]
    if len(item_lists) < 2:
        return ()
    head: list[Literal | Field] = []
    for place in zip(*item_lists, strict=False):
        first = place[0]
        if isinstance(first, Literal):
            literals = [item.text for item in place if isinstance(item, Literal)]
            text = common_prefix(literals) if len(literals) == len(place) else b""
            if text:
                head.append(Literal(text))
            if text != first.text or any(text != other for other in literals):
                break
        elif all(isinstance(item, Field) and item.type == first.type for item in place):
            if isinstance(first.type, RegexType):
                break
            head.append(first)
        else:
            break
    # A free field that is not followed by a literal here has no end of its own.
    for index, item in enumerate(head):
        if isinstance(item, Field) and item.type.facts.is_free and not isinstance((*head, None)[index + 1], Literal):
            return tuple(head[:index])
    return tuple(head)


class Section:
    """
    Variants with a common head.

    `head` may hold tokens, and free fields with a literal behind each. Whether the head could end at another place too
    is seen from `_again`: for each free field in search of its end an expression for what follows it in the head.
    """

    def __init__(self, head: Items, variants: dict[int, Variant]) -> None:
        self.head = head
        self._variants = variants
        self._head: Callable[[bytes], re.Match[bytes] | None] | None = None
        self.longest_line = expression.UNBOUNDED
        self._again: list[
            tuple[int, Callable[[bytes, int], re.Match[bytes] | None], bytes]
        ] = []  # (number of the group, what must not come again behind it, the literal that begins with)
        self.can_go_on = False
        """Whether the ends of a head in a line are those that the only one of `_again` finds."""
        self._whole: Bucket | None = None
        self._doubts = 0
        self.twin: Section | None = None
        self._has_twin = False  # whether it is one
        self._ends: dict[int, int] = {}  # of the lines at hand, if so: their places, and where the head ended
        self._ended_at = -1  # where the head ended in the line at hand; -1 where it did not match or was not used
        head_fields = _count_fields(head)
        if head:
            compiled = expression.of_items(head, to_end=False)
            assert compiled is not None
            self._head = re.compile(compiled.text, re.DOTALL).match
            self.longest_line = compiled.longest_line
            self._again = list(_what_comes_again(head))
            place = _last_search(head)
            is_last = len(self._again) == 1 and self._again[0][0] == _count_fields(head[: place + 1])
            # A `word` could not be extended over whitespace.
            self.can_go_on = is_last and _shape(head[place : place + 1]) == (ANY,)
        # A `/regex/` field may look at what stands before it, so that its variant is always matched as a whole.
        self._can_end_later = self.can_go_on and not any(map(_has_regex, variants.values()))
        self._first_bytes = _first_bytes(head, variants.values())
        self._tables: dict[int, dict[bytes, list[Candidate]]] = {}  # length of the keys -> key -> who begins with it
        self._tails: dict[bytes, list[Candidate]] = {}  # the last `_tail_length` bytes -> who ends with them
        self._buckets: dict[tuple[tuple[bytes, ...], bytes, bool], Bucket] = {}
        """Who can follow, by the keys of the tables that fit, the tail, and whether a literal of the loose is there."""
        self._bucket_of: dict[bytes, Bucket] = {}  # a cache of at most `MOST_KEYS`
        self._prefixes_of: dict[bytes, tuple[bytes, ...]] = {}  # the same for the keys of the tables that fit
        with_tail: list[tuple[bytes, Candidate]] = []
        others: list[Candidate] = []
        for number, variant in variants.items():
            candidate = Candidate(number, variant, _behind(head, variant.items), head_fields)
            first = candidate.items[0] if candidate.items else None
            last = candidate.items[-1] if candidate.items else None
            if isinstance(first, Literal):
                length = next(length for length in PREFIX_LENGTHS if length <= len(first.text))
                self._tables.setdefault(length, {}).setdefault(first.text[:length], []).append(candidate)
            elif isinstance(last, Literal) and len(last.text) >= LEAST_TAIL:
                with_tail.append((last.text, candidate))
            else:
                others.append(candidate)
        self._tail_length = min([KEY_LENGTH, *(len(text) for text, _ in with_tail)])
        for text, candidate in with_tail:
            self._tails.setdefault(text[-self._tail_length :], []).append(candidate)
        # What neither begins nor ends with a literal can be whatever the line goes on with. A few such variants are
        # tried on those lines only that hold the longest literal of one of them.
        loose = [candidate for candidate in others if len(candidate.longest_literal()) >= LEAST_TAIL]
        if len(loose) > MOST_LOOSE:
            loose = []
        others = [candidate for candidate in others if candidate not in loose]
        self._loose_texts = list(dict.fromkeys(candidate.longest_literal() for candidate in loose))
        # Of the others, a few are tried together with those that begin as the line does; many, or for many beginnings,
        # would be costly to add to each.
        is_small = len(others) <= FEW and sum(map(len, self._tables.values())) <= MOST_JOINED
        self._in_all = others if is_small else []
        self._apart = Bucket(others) if others and not is_small else None
        self._loose = loose

    def can_begin_with(self, first_byte: bytes) -> bool:
        """Whether a line of this section can begin with *first_byte*; it is empty for an empty line."""
        return self._first_bytes is None or first_byte in self._first_bytes

    def has_head(self, line: bytes) -> bool:
        """Whether *line* begins as this section's head does."""
        return self._head is None or self._head(line) is not None

    def find_twin(self, before: Iterable[Section]) -> None:
        """
        Find among the sections *before* this one one that has, for each variant here, one of the same template with the
        same items behind the head and of higher precedence.

        Where both heads end at the same place of a line, no variant of this section can be its match: the other one
        that stands for the same template fits too. So it is with the two forms of a header with an optional part.
        """
        mine = {number: (v.template_number, _behind(self.head, v.items)) for number, v in self._variants.items()}
        for other in before:
            if other._first_bytes != self._first_bytes:
                continue  # it is not tried on all the lines that this one is tried on
            theirs: dict[object, int] = {}
            for number, variant in other._variants.items():
                theirs.setdefault((variant.template_number, _behind(other.head, variant.items)), number)
            if self.head and all(theirs.get(key, NO_LIMIT) < number for number, key in mine.items()):
                self.twin = other
                other._has_twin = True

    def match(self, line: bytes, limit: int = NO_LIMIT) -> Found | None:
        """The best match among the variants of this section whose number is below *limit*."""
        end = 0
        of_head: tuple[bytes, ...] = ()
        if self._head is not None:
            self._ended_at = -1
            if len(line) > self.longest_line or self._doubts > DOUBTS:
                return self._match_whole(line, limit)
            match = self._head(line)
            if match is None:
                return None
            if self._again:
                for group, again, literal in self._again:
                    start = match.end(group) + 1
                    if line.find(literal, start) >= 0 and (next_one := again(line, start)):
                        return self._match_at_each_end(line, match, next_one, limit)
                self._doubts -= self._doubts > 0
            end = self._ended_at = match.end()
            if self.twin is not None and self.twin._ended_at == end:
                return None
            of_head = match.groups()
        return self.match_behind(line, end, of_head, limit)

    def match_behind(self, line: bytes, end: int, of_head: tuple[bytes, ...], limit: int) -> Found | None:
        """The same where the head ends at *end* of *line*; *of_head* are the texts of its fields."""
        key = line[end : end + KEY_LENGTH]
        tail = line[-self._tail_length :] if self._tails else b""
        is_loose = bool(self._loose_texts) and any(text in line for text in self._loose_texts)
        if is_loose or tail in self._tails:
            prefixes = self._prefixes_of.get(key)
            if prefixes is None:
                prefixes = self._prefixes_by_key(key)
            bucket = self._bucket(prefixes, tail if tail in self._tails else b"", is_loose=is_loose)
        else:
            bucket = self._bucket_of.get(key) or self._bucket_by_key(key)
        found: Found | None = None
        if bucket.first >= limit:
            pass
        elif len(line) <= bucket.longest_line:
            # The same as `bucket.match`, without the calls: nine lines of ten end here.
            content = bucket.match_all(line, end + bucket.skip) if line.startswith(bucket.literal, end) else None
            if content is not None:
                number, texts_of = bucket.alternatives[content.lastindex or 0]
                if number < limit:
                    found = number, texts_of(content)
        else:
            found = bucket.match(line, end, limit)
        if self._apart is not None:
            found = self._apart.match(line, end, limit if found is None else found[0]) or found
        return None if found is None else (found[0], of_head + found[1])

    def _match_at_each_end(
        self, line: bytes, head: re.Match[bytes], next_one: re.Match[bytes] | None, limit: int
    ) -> Found | None:
        """The same where what ends the head stands in the line once more, at *next_one*."""
        if not self._can_end_later:
            self._doubts += 1
            return self._match_whole(line, limit)
        group, again, _ = self._again[0]
        start = head.start(group)
        before = head.groups()[: group - 1]
        ends = [(head.end(), head.groups())]
        while next_one is not None:
            if len(ends) == MOST_ENDS:
                self._doubts += 1
                return self._match_whole(line, limit)
            ends.append((next_one.end(), (*before, line[start : next_one.start()], *next_one.groups())))
            next_one = again(line, next_one.start() + 1)
        self._doubts -= self._doubts > 0
        found: Found | None = None
        for end, of_head in ends:
            better = self.match_behind(line, end, of_head, limit)
            if better is not None:
                found = better
                limit = better[0]
        return found

    def match_lines(self, lines: Sequence[bytes], places: Sequence[int], groups: list[Group]) -> list[int]:
        """
        Add to *groups* the best matches among the variants of this section.

        Returns the places of lines that it leaves to `match`: those whose head may end elsewhere, those that are too
        long for an expression, those with few like them or with many candidates.

        Args:
            places: what each of the lines is called.
        """
        self._ends = {}
        longest = max(map(len, lines), default=0)
        if longest > self.longest_line or self._doubts > DOUBTS or self._apart is not None:
            return list(places)
        left: list[int] = []
        ends: Sequence[int] = ()
        texts_of_heads: Sequence[tuple[bytes, ...]] = ()
        if self._head is not None:
            lines, places, heads, left = self._match_heads(lines, places)
            ends = list(map(re.Match.end, heads))
            texts_of_heads = list(map(re.Match.groups, heads))
        return left + self.match_lines_behind(lines, places, ends, texts_of_heads, groups)

    def match_lines_behind(
        self,
        lines: Sequence[bytes],
        places: Sequence[int],
        ends: Sequence[int],
        texts_of_heads: Sequence[tuple[bytes, ...]],
        groups: list[Group],
    ) -> list[int]:
        """The same where the heads, if there are any, end at *ends*; *texts_of_heads* are those of their fields."""
        longest = max(map(len, lines), default=0)
        if longest > self.longest_line or self._apart is not None:
            return list(places)
        left: list[int] = []
        for bucket, indices in self._by_bucket(lines, ends):
            if bucket.first == NO_LIMIT:
                continue  # it is empty
            if longest > bucket.longest_line:
                left += [places[index] for index in indices if len(lines[index]) > bucket.longest_line]
                indices = [index for index in indices if len(lines[index]) <= bucket.longest_line]
            if len(indices) < LEAST_GROUP:
                left += [places[index] for index in indices]
                continue
            starts = [ends[index] for index in indices] if self._head is not None else itertools.repeat(0)
            for number, matched, values in bucket.match_lines([lines[index] for index in indices], starts, indices):
                if self._head is not None:
                    values = [texts_of_heads[index] + of_rest for index, of_rest in zip(matched, values, strict=True)]
                groups.append((number, [places[index] for index in matched], values))
        return left

    def _match_heads(
        self, lines: Sequence[bytes], places: Sequence[int]
    ) -> tuple[Sequence[bytes], Sequence[int], list[re.Match[bytes]], list[int]]:
        """
        What is to be matched behind its head: lines, their places, matches of the head; and the places of lines whose
        head may end elsewhere. What has no head here is in neither, nor what a twin does better.
        """
        assert self._head is not None
        found = list(map(self._head, lines))
        heads = list(filter(None, found))
        if len(heads) < len(found):
            lines = list(itertools.compress(lines, found))
            places = list(itertools.compress(places, found))
        doubtful: set[int] = set()
        for group, again, literal in self._again:
            for index, (line, head) in enumerate(zip(lines, heads, strict=True)):
                start = head.end(group) + 1
                if line.find(literal, start) >= 0 and again(line, start):
                    doubtful.add(index)
        left = [places[index] for index in doubtful]
        if self._again and not self._can_end_later:
            self._doubts = max(0, self._doubts + 2 * len(doubtful) - len(lines))
        if self._has_twin:
            self._ends = {place: head.end() for place, head in zip(places, heads, strict=True)}
        if self.twin is not None or doubtful:
            of_twin = self.twin._ends if self.twin is not None else {}
            kept = [
                index not in doubtful and of_twin.get(place) != head.end()
                for index, (place, head) in enumerate(zip(places, heads, strict=True))
            ]
            lines = list(itertools.compress(lines, kept))
            places = list(itertools.compress(places, kept))
            heads = list(itertools.compress(heads, kept))
        return lines, places, heads, left

    def _by_bucket(self, lines: Sequence[bytes], ends: Sequence[int]) -> Iterable[tuple[Bucket, list[int]]]:
        """The numbers (from 0) of *lines*, whose heads end at *ends*, by the bucket of what can follow."""
        by_key: defaultdict[bytes, list[int]] = defaultdict(list)
        by_odd: defaultdict[tuple[tuple[bytes, ...], bytes, bool], list[int]] = defaultdict(list)
        tails, length = self._tails, self._tail_length
        loose = self._loose_among(lines)
        if self._head is None:
            keys = [line[:KEY_LENGTH] for line in lines]
        else:
            keys = [line[end : end + KEY_LENGTH] for line, end in zip(lines, ends, strict=True)]
        if tails or loose:
            prefixes_of = self._prefixes_of
            for index, (line, key) in enumerate(zip(lines, keys, strict=True)):
                tail = line[-length:]
                if tail in tails or index in loose:
                    prefixes = prefixes_of.get(key)
                    if prefixes is None:
                        prefixes = self._prefixes_by_key(key)
                    by_odd[prefixes, tail if tail in tails else b"", index in loose].append(index)
                else:
                    by_key[key].append(index)
        else:
            for index, key in enumerate(keys):
                by_key[key].append(index)
        bucket_of = self._bucket_of
        found = [(bucket_of.get(key) or self._bucket_by_key(key), indices) for key, indices in by_key.items()]
        for (prefixes, tail, is_loose), indices in by_odd.items():
            found.append((self._bucket(prefixes, tail, is_loose=is_loose), indices))
        by_bucket: dict[Bucket, list[int]] = {}
        for bucket, indices in found:
            if bucket in by_bucket:
                by_bucket[bucket] += indices
            else:
                by_bucket[bucket] = indices
        return by_bucket.items()

    def _loose_among(self, lines: Sequence[bytes]) -> set[int]:
        """The numbers (from 0) of *lines* that hold a literal of `_loose_texts`."""
        loose: set[int] = set()
        if self._loose_texts:
            together = b"\n".join(lines)
            for text in self._loose_texts:
                if text in together:
                    loose.update(index for index, line in enumerate(lines) if text in line)
            if len(loose) * MANY_LOOSE > len(lines):
                # Then it costs less to try these variants on each line.
                self._in_all = self._in_all + self._loose
                self._loose_texts = []
                self._buckets.clear()
                self._bucket_of.clear()
                loose.clear()
        return loose

    def _bucket_by_key(self, key: bytes) -> Bucket:
        if len(self._bucket_of) >= MOST_KEYS:
            self._bucket_of.clear()
        bucket = self._bucket_of[key] = self._bucket(self._prefixes_by_key(key), b"", is_loose=False)
        return bucket

    def _prefixes_by_key(self, key: bytes) -> tuple[bytes, ...]:
        """Those keys of the tables that *key* begins with."""
        prefixes: tuple[bytes, ...] = ()
        for length, table in self._tables.items():
            prefix = key[:length]
            if prefix in table:
                prefixes += (prefix,)
        if len(self._prefixes_of) >= MOST_KEYS:
            self._prefixes_of.clear()
        self._prefixes_of[key] = prefixes
        return prefixes

    def _bucket(self, prefixes: tuple[bytes, ...], tail: bytes, *, is_loose: bool) -> Bucket:
        """
        The variants that can follow the head where the line goes on with *prefixes*, all that the tables have, and ends
        with *tail*, one of `_tails` or nothing.

        Args:
            is_loose: whether the line holds a literal of `_loose_texts`.
        """
        bucket = self._buckets.get((prefixes, tail, is_loose))
        if bucket is None:
            lists = [self._tables[len(prefix)][prefix] for prefix in prefixes]
            lists += [self._in_all, self._tails.get(tail, []), self._loose if is_loose else []]
            bucket = Bucket(itertools.chain.from_iterable(lists))
            self._buckets[prefixes, tail, is_loose] = bucket
        return bucket

    def _match_whole(self, line: bytes, limit: int) -> Found | None:
        if self._whole is None:
            self._whole = Bucket([Candidate(n, variant, variant.items, 0) for n, variant in self._variants.items()])
        return self._whole.match(line, 0, limit)


class Twins:
    """
    Two sections for the forms of a header with an optional part, with one head for both.

    `_head` finds the leftmost place at which either head goes on behind its last free field. It matches only if what
    ends that field does not come once more; else each section is tried on its own.
    """

    def __init__(self, fuller: Section, other: Section, head: bytes, optional: slice) -> None:
        self._fuller = fuller
        self._other = other
        self._head = re.compile(head, re.DOTALL).match
        self._longest_line = min(fuller.longest_line, other.longest_line)
        self._optional = optional.start
        """Where the fields of the optional part begin among those of the head."""
        self._behind_optional = optional.stop

    def can_begin_with(self, first_byte: bytes) -> bool:
        """See `Section.can_begin_with`."""
        return self._fuller.can_begin_with(first_byte)  # that of the other is the same

    def match(self, line: bytes, limit: int = NO_LIMIT) -> Found | None:
        """See `Section.match`."""
        head = self._head(line) if len(line) <= self._longest_line else None
        if head is None:
            found = self._fuller.match(line, limit)
            return self._other.match(line, limit if found is None else found[0]) or found
        of_head = head.groups()
        if of_head[self._optional] is not None:
            return self._fuller.match_behind(line, head.end(), of_head, limit)
        of_head = of_head[: self._optional] + of_head[self._behind_optional :]
        return self._other.match_behind(line, head.end(), of_head, limit)

    def match_lines(self, lines: Sequence[bytes], places: Sequence[int], groups: list[Group]) -> list[int]:
        """See `Section.match_lines`."""
        if max(map(len, lines), default=0) > self._longest_line:
            return list(places)
        found = list(map(self._head, lines))
        heads = list(filter(None, found))
        left: list[int] = []
        if len(heads) < len(found):
            for line, place, head in zip(lines, places, found, strict=True):
                if head is None and self._other.has_head(line):
                    left.append(place)
            lines = list(itertools.compress(lines, found))
            places = list(itertools.compress(places, found))
        ends = list(map(re.Match.end, heads))
        texts_of_heads = list(map(re.Match.groups, heads))
        first, behind = self._optional, self._behind_optional
        others = [index for index, of_head in enumerate(texts_of_heads) if of_head[first] is None]
        if others:
            left += self._other.match_lines_behind(
                [lines[index] for index in others],
                [places[index] for index in others],
                [ends[index] for index in others],
                [texts_of_heads[index][:first] + texts_of_heads[index][behind:] for index in others],
                groups,
            )
            fuller = [of_head[first] is not None for of_head in texts_of_heads]
            lines = list(itertools.compress(lines, fuller))
            places = list(itertools.compress(places, fuller))
            ends = list(itertools.compress(ends, fuller))
            texts_of_heads = list(itertools.compress(texts_of_heads, fuller))
        return left + self._fuller.match_lines_behind(lines, places, ends, texts_of_heads, groups)


def join_twins(sections: Sequence[Section]) -> list[Section | Twins]:
    """*sections*, where two that have one head for both are one."""
    joined: list[Section | Twins] = list(sections)
    twins = [section.twin for section in sections]
    for section in sections:
        # Whoever else looks at where the head of one of them ended would look in vain.
        if section.twin is None or twins.count(section.twin) > 1 or section in twins:
            continue
        made = _join(section.twin, section)
        if made is not None:
            joined[joined.index(section.twin)] = made
            joined.remove(section)
    return joined


def _join(fuller: Section, other: Section) -> Twins | None:
    """
    The two sections as one, if one head can serve both.

    With P for what both heads begin with, X for the optional part and S for what ends the header, the heads are
    `P <any> X S` and `P <any> S`. X and S begin with literals, and the first byte of neither can stand further on in X,
    nor that of S in S: so neither can begin within a place where they were found.
    """
    if not (fuller.can_go_on and other.can_go_on):
        return None
    place = _last_search(other.head)
    begin, ending, rest = other.head[: place + 1], other.head[place + 1 :], fuller.head[place + 1 :]
    if _shape(fuller.head[: place + 1]) != _shape(begin) or _shape(begin[-1:]) != (ANY,):
        return None
    more = len(rest) - len(ending)
    literal = ending[0]
    junction = rest[more] if more > 0 else None
    if not (isinstance(literal, Literal) and isinstance(junction, Literal) and junction.text.endswith(literal.text)):
        return None
    if _shape(rest[more + 1 :]) != _shape(ending[1:]):
        return None
    cut = junction.text.removesuffix(literal.text)
    optional = (*rest[:more], *([Literal(cut)] if cut else []))
    within_optional, within_ending = _bytes_within(optional), _bytes_within(ending)
    if within_optional is None or within_ending is None:
        return None
    opening = optional[0]
    assert isinstance(opening, Literal), "a free field of a head has a literal behind it"
    x, s = opening.text[0], literal.text[0]
    if x == s or x in within_optional or s in within_optional or s in within_ending:
        return None
    before = expression.of_items(begin, to_end=False)
    found_optional = expression.of_items((*rest[:more], junction), to_end=False)
    found_ending = expression.of_items(ending[1:], to_end=False)
    last = b"(.*+)"  # the free field, as the last item
    if before is None or found_optional is None or found_ending is None or not before.text.endswith(last):
        return None
    text = before.text.removesuffix(last)
    text += b"(?>([^" + re.escape(bytes((x,))) + re.escape(bytes((s,))) + b"]*+.*?)"
    text += b"(?:" + found_optional.text + b"|" + re.escape(literal.text) + b")" + found_ending.text + b")"
    text += b"(?!.*" + re.escape(literal.text) + b")"
    first = _count_fields(begin)
    return Twins(fuller, other, text, slice(first, first + _count_fields(optional)))


def _shape(items: Items) -> tuple[bytes | FieldType, ...]:
    """*items* without the names of fields."""
    return tuple(item.text if isinstance(item, Literal) else item.type for item in items)


def _last_search(items: Items) -> int:
    """The place of the last free field in search of its end, or -1."""
    return max((index for index in range(len(items)) if expression.is_search(items, index)), default=-1)


def _bytes_within(items: Items) -> bytes | None:
    """What bytes a text of *items* can hold behind its first, or None if that is not known."""
    found = b""
    for index, item in enumerate(items):
        if isinstance(item, Literal):
            found += item.text if index else item.text[1:]
        elif item.type.facts.is_free or item.type.facts.alphabet is None:
            return None
        else:
            found += item.type.facts.alphabet
    return found


def _what_comes_again(head: Items) -> Iterable[tuple[int, Callable[[bytes, int], re.Match[bytes] | None], bytes]]:
    """
    For each free field that could make *head* end elsewhere: the number of its group, and what follows it in the head.

    Only such fields are left out whose leftmost end serves as well as a later one, or whose end is the only one.
    """
    group = 0
    for index, item in enumerate(head):
        if isinstance(item, Literal):
            continue
        group += 1
        if not expression.is_search(head, index):
            continue
        end = next((end for end in range(index + 1, len(head)) if expression.is_search(head, end)), len(head))
        segment = head[index + 1 : end]
        if end < len(head) and expression.leftmost_is_final(item, segment, head[end]):
            continue
        literal = segment[0]
        assert isinstance(literal, Literal)
        if item.type != ANY and any(byte in WHITESPACE for byte in literal.text):
            continue  # the literal stands in one place only, since the field cannot reach over its whitespace
        following = expression.of_items(segment, to_end=False)
        assert following is not None
        yield group, re.compile(following.text, re.DOTALL).search, literal.text


def _behind(head: Items, items: Items) -> Items:
    """What of *items* comes behind *head*."""
    if not head:
        return items
    last = head[-1]
    rest = items[len(head) :]
    if isinstance(last, Literal):
        cut = items[len(head) - 1]
        assert isinstance(cut, Literal)
        if cut.text != last.text:
            return (Literal(cut.text[len(last.text) :]), *rest)
    return rest


class Candidate:
    """A variant, and the items that are left of it behind a head. Its expression is made when it is first needed."""

    __slots__ = ("_around", "_expression", "_head_fields", "_is_split", "_match", "_variant", "items", "number")

    def __init__(self, number: int, variant: Variant, items: Items, head_fields: int) -> None:
        self.number = number
        self.items = items
        self._variant = variant
        self._head_fields = head_fields
        self._expression: expression.Expression | None = None
        self._around: AroundRegex | None = None
        self._is_split = False
        self._match: Callable[[bytes, int], re.Match[bytes] | None] | None = None

    def longest_literal(self) -> bytes:
        """The longest literal among `items`, or nothing."""
        return max((item.text for item in self.items if isinstance(item, Literal)), key=len, default=b"")

    def expression(self) -> expression.Expression:
        """The expression of `items`; one for no line at all where they have none."""
        if self._expression is None:
            self._expression = expression.of_items(self.items) or expression.Expression(b"", -1)
        return self._expression

    def _around_regex(self) -> AroundRegex | None:
        if self._around is None and not self._is_split:
            self._is_split = True
            self._around = around_regex(self.items, self._variant.slots[self._head_fields :])
        return self._around

    def confirm(self, line: bytes, start: int) -> tuple[bytes, ...] | None:
        """
        The texts of the fields among `items`, if they match *line* from *start* to its end.

        Raises:
            FieldTimeoutError: a `/regex/` field took too long.
        """
        if len(line) <= self.expression().longest_line:
            if self._match is None:
                self._match = re.compile(self.expression().text, re.DOTALL).match
            match = self._match(line, start)
            return None if match is None else match.groups()
        variant = self._variant
        if _has_regex(variant):
            around = self._around_regex()
            if around is not None and len(line) <= around.longest_line:
                return around.match(line, start)
            spans = walk(variant, line)
            return texts(line, spans)[self._head_fields :] if spans is not None else None
        # From where the head has ended, since there may be other ends.
        rest = line[start:]
        spans = walk(Variant(variant.template_number, self.items, variant.slots[self._head_fields :]), rest)
        return texts(rest, spans) if spans is not None else None


class AroundRegex:
    """
    Items with one `/regex/` field, which has one place to begin at: an expression for what comes before and one for
    what comes behind. They are for lines of at most `longest_line` bytes.
    """

    def __init__(
        self, before: expression.Expression, field: RegexType, slot: int, behind: expression.Expression
    ) -> None:
        self.longest_line = min(before.longest_line, behind.longest_line)
        self._before = _compiled(before.text)
        self._field = field
        self._slot = slot
        self._behind = _compiled(behind.text)

    def match(self, line: bytes, start: int) -> tuple[bytes, ...] | None:
        """
        The texts of the fields, if the items match *line* from *start* to its end.

        Raises:
            FieldTimeoutError: the `/regex/` field took too long.
        """
        before = self._before(line, start)
        if before is None:
            return None
        begin = before.end()
        try:
            end = Scanner(line).token_end(self._field, begin)
        except TimeoutError:
            raise FieldTimeoutError(self._slot) from None
        behind = self._behind(line, end) if end != NO_MATCH else None
        return None if behind is None else (*before.groups(), line[begin:end], *behind.groups())


def around_regex(items: Items, slots: Sequence[int]) -> AroundRegex | None:
    """What matches *items*, whose fields have *slots*, around a `/regex/` field, if that has one place to begin at."""
    places = [place for place, item in enumerate(items) if isinstance(item, Field) and isinstance(item.type, RegexType)]
    if len(places) != 1 or any(expression.is_search(items, place) for place in range(places[0])):
        return None
    place = places[0]
    field = items[place]
    before = expression.of_items(items[:place], to_end=False)
    behind = expression.of_items(items[place + 1 :])
    if before is None or behind is None or not isinstance(field, Field) or not isinstance(field.type, RegexType):
        return None
    return AroundRegex(before, field.type, slots[_count_fields(items[:place])], behind)


class Bucket:
    """
    Variants that a line has been narrowed down to by how it begins; finds the first of them that matches.

    For a few variants `match_all` tries all of them at once, in order, on lines of at most `longest_line` bytes; the
    number of the last group of what it found is a key of `alternatives`: (number of the variant, what gives the texts
    of its groups). `first` is the lowest number of all.

    Where `literal` is not empty it comes first, and `match_all` begins behind it, `skip` bytes further on: so variants
    that differ in their first words only share an expression, since to compile one takes as long as to match hundreds
    of lines.
    """

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self._candidates = {each.number: each for each in sorted(candidates, key=lambda each: each.number)}
        self._numbers = list(self._candidates)
        self._filters: dict[int, Filter] = {}  # for so many of the first candidates
        self._last: Candidate | None = None  # the one that matched last, if nothing before it can match the same line
        self._unrivalled: dict[int, bool] = {}
        self.longest_line = -1
        self.first = min(self._candidates, default=NO_LIMIT)
        self.alternatives: dict[int, tuple[int, Texts]] = {}
        self.literal = b""
        self.skip = 0
        self._shared_for = 0  # how many lines
        self.match_all: Callable[[bytes, int], re.Match[bytes] | None] = _NOTHING.match
        if len(self._candidates) <= FEW:
            self._join()

    def _join(self) -> None:
        expressions = [candidate.expression() for candidate in self._candidates.values()]
        self.longest_line = min((each.longest_line for each in expressions), default=expression.UNBOUNDED)
        group = 0
        for number, candidate in self._candidates.items():
            fields = _count_fields(candidate.items)
            # A single one needs no group that says which has matched.
            last = group + fields + (len(expressions) > 1)
            self.alternatives[last] = (number, _texts_of(range(group + 1, group + fields + 1)))
            group = last
        marker = b"()" if len(expressions) > 1 else b""
        self._all = b"|".join(each.text + marker for each in expressions)
        if len(expressions) == 1:
            (only,) = self._candidates.values()
            first = only.items[0] if only.items else None
            behind = expression.of_items(only.items[1:])
            if isinstance(first, Literal) and behind is not None:
                self.literal = first.text
                self.skip = len(first.text)
                self.match_all = _compiled(behind.text)
                return
        if expressions:
            self.match_all = _compiled(self._all)

    def match_lines(self, lines: Iterable[bytes], starts: Iterable[int], places: list[int]) -> list[Group]:
        """
        What `match` finds in each of *lines*, of at most `longest_line` bytes, from *starts* on.

        Args:
            places: what each of the lines is called.
        """
        if self.literal:
            self._shared_for += len(places)
            if self._shared_for > LONG_SHARED:
                self.literal, self.skip, self.match_all = b"", 0, _compiled(self._all)
        match_all, literal, skip = self.match_all, self.literal, self.skip
        found: list[re.Match[bytes] | None]
        if literal:
            found = [
                match_all(line, start + skip) if line.startswith(literal, start) else None
                for line, start in zip(lines, starts)  # noqa: B905  # the starts may go on
            ]
        else:
            found = list(map(match_all, lines, starts))
        matches = list(filter(None, found))
        if len(matches) < len(found):
            places = list(itertools.compress(places, found))
        if len(self._numbers) == 1:
            return [(self._numbers[0], places, list(map(re.Match.groups, matches)))] if places else []
        by_last: dict[int, tuple[list[int], list[re.Match[bytes]]]] = {}
        for place, match in zip(places, matches, strict=True):
            last = match.lastindex or 0
            if last not in by_last:
                by_last[last] = ([], [])
            of_one, those = by_last[last]
            of_one.append(place)
            those.append(match)
        groups = []
        for last, (of_one, those) in by_last.items():
            number, texts_of = self.alternatives[last]
            groups.append((number, of_one, list(map(texts_of, those))))
        return groups

    def match(self, line: bytes, start: int, limit: int) -> Found | None:
        """The first candidate that matches *line* from *start* on and whose number is below *limit*."""
        if len(line) <= self.longest_line:
            match = self.match_all(line, start + self.skip) if line.startswith(self.literal, start) else None
            if match is None:
                return None
            number, texts_of = self.alternatives[match.lastindex or 0]
            return (number, texts_of(match)) if number < limit else None
        last_match = self._last
        if last_match is not None and last_match.number < limit:
            values = last_match.confirm(line, start)
            if values is not None:
                return last_match.number, values
        for number in self._filter_below(limit).candidates(line, start):
            if number >= limit:
                break
            candidate = self._candidates[number]
            if candidate is last_match:
                continue
            values = candidate.confirm(line, start)
            if values is not None:
                if len(self._candidates) <= PROVABLE and self._is_unrivalled(candidate):
                    self._last = candidate
                return number, values
        return None

    def _filter_below(self, limit: int) -> Filter:
        """A filter for the candidates whose number is below *limit*, and others where those are many."""
        below = bisect.bisect_left(self._numbers, limit)
        if below >= prefilter.AUTOMATON_FROM:
            below = len(self._numbers)
        if below not in self._filters:
            self._filters[below] = Filter({number: self._candidates[number].items for number in self._numbers[:below]})
        return self._filters[below]

    def _is_unrivalled(self, candidate: Candidate) -> bool:
        """Whether no candidate that precedes *candidate* can match a line that it matches."""
        known = self._unrivalled.get(candidate.number)
        if known is None:
            known = all(
                are_disjoint(other.items, candidate.items)
                for other in self._candidates.values()
                if other.number < candidate.number
            )
            self._unrivalled[candidate.number] = known
        return known


def _first_bytes(head: Items, variants: Iterable[Variant]) -> frozenset[bytes] | None:
    """With which bytes a line that begins with *head* and matches one of *variants* can begin; None: with any."""
    found: set[bytes] = set()
    for items in [head] if head else [variant.items for variant in variants]:
        first = items[0] if items else None
        if isinstance(first, Literal):
            found.add(first.text[:1])
        elif first is not None and first.type != WORD and first.type.facts.first_bytes is not None:
            found.update(bytes((byte,)) for byte in first.type.facts.first_bytes)
        else:
            return None
    return frozenset(found)


def _texts_of(groups: range) -> Texts:
    """What gives the texts of *groups* of a match as a tuple."""
    if len(groups) > 1:
        return operator.methodcaller("group", *groups)
    if groups:
        return lambda match: (match[groups[0]],)
    return lambda match: ()


@functools.lru_cache(maxsize=1024)
def _compiled(text: bytes) -> Callable[[bytes, int], re.Match[bytes] | None]:
    """What matches the expression *text*; `re` itself would forget it sooner."""
    return re.compile(text, re.DOTALL).match


_NOTHING = re.compile(rb"(?!)")
