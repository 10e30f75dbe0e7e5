"""
Portable: literals choose candidates, regular expressions confirm them.

Variants that begin with the same items (the usual case: a header) form a `Section`. Its common head is matched once for
a line; then the next bytes of the line look up, in tables of literal prefixes, the few variants that can follow, beside
those that go on with a field. Where many are left, `prefilter` narrows them down by the other literals. Each candidate
is confirmed by the expression of its remaining items (`expression`), in the order of precedence.

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
import itertools
import operator
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from logmatch.engine import FieldTimeouts, Found, Located, expression, prefilter
from logmatch.engine.prefilter import Filter, are_disjoint
from logmatch.engine.reference import FieldTimeoutError, ReferenceEngine, texts, walk
from logmatch.program import WHITESPACE, Program, Variant, common_prefix
from logmatch.template import ANY, Field, Kind, Literal, RegexType

Items = tuple[Literal | Field, ...]

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

FEW = 8
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
        self._sections = [Section(head, variants) for head, variants in split_heads(program.variants)]
        for index, section in enumerate(self._sections):
            section.find_twin(self._sections[:index])
        has_regex = any(isinstance(f.type, RegexType) for variant in program.variants for f in variant.fields())
        # For a single section that cannot time out, match is that section's: a call less for each line.
        self.match = self._match if has_regex or len(self._sections) != 1 else self._sections[0].match

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
            for section in self._sections:
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
        if (
            isinstance(item, Field)
            and item.type.kind is Kind.FREE
            and not isinstance((*head, None)[index + 1], Literal)
        ):
            return tuple(head[:index])
    return tuple(head)


class Section:
    """
    Variants with a common head.

    `head` may hold tokens, and free fields with a literal behind each. Whether the head could end at another place too
    is seen from `_again`: for each free field in search of its end an expression for what follows it in the head.
    """

    def __init__(self, head: Items, variants: dict[int, Variant]) -> None:
        self._items = head
        self._variants = variants
        self._head = None
        self._longest_line = expression.UNBOUNDED
        self._again: list[
            tuple[int, re.Pattern[bytes]]
        ] = []  # (number of the group, what must not come again behind it)
        self._whole: Bucket | None = None
        self._doubts = 0
        self._twin: Section | None = None
        self._ended_at = -1  # where the head ended in the line at hand; -1 where it did not match or was not used
        head_fields = _count_fields(head)
        if head:
            compiled = expression.of_items(head, to_end=False)
            assert compiled is not None
            self._head = re.compile(compiled.text, re.DOTALL)
            self._longest_line = compiled.longest_line
            self._again = list(_what_comes_again(head))
        self._tables: dict[int, dict[bytes, list[Candidate]]] = {}  # length of the keys -> key -> who begins with it
        self._buckets: dict[tuple[bytes, ...], Bucket] = {}  # the keys of the tables that fit -> who can follow
        self._bucket_of: dict[bytes, Bucket] = {}  # a cache of at most `MOST_KEYS`
        others: list[Candidate] = []
        for number, variant in variants.items():
            candidate = Candidate(number, variant, _behind(head, variant.items), head_fields)
            first = candidate.items[0] if candidate.items else None
            if isinstance(first, Literal):
                length = next(length for length in PREFIX_LENGTHS if length <= len(first.text))
                self._tables.setdefault(length, {}).setdefault(first.text[:length], []).append(candidate)
            else:
                others.append(candidate)
        # What does not begin with a literal can follow whatever the line goes on with. A few such variants are tried
        # together with those that begin as the line does; many, or for many beginnings, would be costly to add to each.
        is_small = len(others) <= FEW and sum(map(len, self._tables.values())) <= MOST_JOINED
        self._in_all = others if is_small else []
        self._apart = Bucket(others) if others and not is_small else None

    def find_twin(self, before: Iterable[Section]) -> None:
        """
        Find among the sections *before* this one one that has, for each variant here, one of the same template with the
        same items behind the head and of higher precedence.

        Where both heads end at the same place of a line, no variant of this section can be its match: the other one
        that stands for the same template fits too. So it is with the two forms of a header with an optional part.
        """
        mine = {number: (v.template_number, _behind(self._items, v.items)) for number, v in self._variants.items()}
        for other in before:
            theirs: dict[object, int] = {}
            for number, variant in other._variants.items():
                theirs.setdefault((variant.template_number, _behind(other._items, variant.items)), number)
            if self._items and all(theirs.get(key, NO_LIMIT) < number for number, key in mine.items()):
                self._twin = other

    def match(self, line: bytes, limit: int = NO_LIMIT) -> Found | None:
        """The best match among the variants of this section whose number is below *limit*."""
        end = 0
        of_head: tuple[bytes, ...] = ()
        if self._head is not None:
            self._ended_at = -1
            if len(line) > self._longest_line or self._doubts > DOUBTS:
                return self._match_whole(line, limit)
            match = self._head.match(line)
            if match is None:
                return None
            if self._again:
                for group, again in self._again:
                    if again.search(line, match.end(group) + 1):
                        self._doubts += 1
                        return self._match_whole(line, limit)
                self._doubts -= self._doubts > 0
            end = self._ended_at = match.end()
            if self._twin is not None and self._twin._ended_at == end:
                return None
            of_head = match.groups()
        key = line[end : end + KEY_LENGTH]
        bucket = self._bucket_of.get(key) or self._bucket(key)
        found: Found | None = None
        if bucket.first >= limit:
            pass
        elif len(line) <= bucket.longest_line:
            # The same as `bucket.match`, without the calls: nine lines of ten end here.
            content = bucket.match_all(line, end)
            if content is not None:
                number, texts_of = bucket.alternatives[content.lastindex or 0]
                if number < limit:
                    found = number, texts_of(content)
        else:
            found = bucket.match(line, end, limit)
        if self._apart is not None:
            found = self._apart.match(line, end, limit if found is None else found[0]) or found
        return None if found is None else (found[0], of_head + found[1])

    def _bucket(self, key: bytes) -> Bucket:
        """The variants that can follow the head where the line goes on with *key*."""
        fitting = tuple(key[:length] for length, table in self._tables.items() if key[:length] in table)
        bucket = self._buckets.get(fitting)
        if bucket is None:
            lists = [self._tables[len(prefix)][prefix] for prefix in fitting]
            bucket = self._buckets[fitting] = Bucket([*self._in_all, *itertools.chain.from_iterable(lists)])
        if len(self._bucket_of) >= MOST_KEYS:
            self._bucket_of.clear()
        self._bucket_of[key] = bucket
        return bucket

    def _match_whole(self, line: bytes, limit: int) -> Found | None:
        if self._whole is None:
            self._whole = Bucket([Candidate(n, variant, variant.items, 0) for n, variant in self._variants.items()])
        return self._whole.match(line, 0, limit)


def _what_comes_again(head: Items) -> Iterable[tuple[int, re.Pattern[bytes]]]:
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
        yield group, re.compile(following.text, re.DOTALL)


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

    __slots__ = ("_expression", "_head_fields", "_match", "_variant", "items", "number")

    def __init__(self, number: int, variant: Variant, items: Items, head_fields: int) -> None:
        self.number = number
        self.items = items
        self._variant = variant
        self._head_fields = head_fields
        self._expression: expression.Expression | None = None
        self._match: Callable[[bytes, int], re.Match[bytes] | None] | None = None

    def expression(self) -> expression.Expression:
        """The expression of `items`; one for no line at all where they have none."""
        if self._expression is None:
            self._expression = expression.of_items(self.items) or expression.Expression(b"", -1)
        return self._expression

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
        spans = walk(self._variant, line)
        return texts(line, spans)[self._head_fields :] if spans is not None else None


class Bucket:
    """
    Variants that a line has been narrowed down to by how it begins; finds the first of them that matches.

    For a few variants `match_all` tries all of them at once, in order, on lines of at most `longest_line` bytes; the
    number of the last group of what it found is a key of `alternatives`: (number of the variant, what gives the texts
    of its groups). `first` is the lowest number of all.
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
        self.match_all = _NOTHING.match
        if len(self._candidates) <= FEW:
            self._join()

    def _join(self) -> None:
        expressions = []
        group = 0
        for number, candidate in self._candidates.items():
            fields = _count_fields(candidate.items)
            expressions.append(candidate.expression())
            self.alternatives[group + fields + 1] = (number, _texts_of(range(group + 1, group + fields + 1)))
            group += fields + 1
        self.longest_line = min((each.longest_line for each in expressions), default=expression.UNBOUNDED)
        if expressions:
            self.match_all = re.compile(b"|".join(each.text + b"()" for each in expressions), re.DOTALL).match

    def match(self, line: bytes, start: int, limit: int) -> Found | None:
        """The first candidate that matches *line* from *start* on and whose number is below *limit*."""
        if len(line) <= self.longest_line:
            match = self.match_all(line, start)
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


def _texts_of(groups: range) -> Texts:
    """What gives the texts of *groups* of a match as a tuple."""
    if len(groups) > 1:
        return operator.methodcaller("group", *groups)
    if groups:
        return lambda match: (match[groups[0]],)
    return lambda match: ()


_NOTHING = re.compile(rb"(?!)")
