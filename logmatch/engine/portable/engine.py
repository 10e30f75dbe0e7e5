"""
Portable: literals choose candidates, regular expressions confirm them.

Variants that begin with the same items (the usual case: a header) form a `prefixes.PrefixGroup`. Their common prefix is
matched once for a line; then the next bytes of the line look up the few variants that can follow, a `buckets.Bucket`.
Where many are left, `prefilter` narrows them down by their literals. Each candidate is confirmed by the expression of
its remaining items (`expression`), in the order of precedence. `match_lines` does so for many lines at once.

What makes this the answer of `reference`:

* A prefix is only used where it can end at one place, or at a few that are all tried. Else the variants of the group
  are tried as wholes.
* A group is left out of a line only if another that stands for the same templates, with precedence, ended its prefix at
  the same place (`prefixes.PrefixGroup.find_preferred`).
* A candidate is skipped only if a variant of higher precedence has matched, or its literals are missing.
* A line too long for an expression's cost bound is given to `reference.walk`.

An engine is shared by threads: what belongs to one line or one batch is in a `buckets.Scratch`, made for the call.
What the engine itself keeps are caches, which any thread may fill or empty at any time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from logmatch.engine.matches import (
    FieldTimeouts,
    Found,
    Group,
    LineSpans,
    Located,
    Matches,
    match_in_groups,
    match_spans_in_groups,
    spans_of,
)
from logmatch.engine.portable.buckets import NO_LIMIT, SHARE_LEFT, Scratch
from logmatch.engine.portable.items import needs_scanner
from logmatch.engine.portable.merged import MergedPrefixes, merge_prefixes
from logmatch.engine.portable.prefixes import PrefixGroup
from logmatch.engine.portable.split import split_by_prefix
from logmatch.engine.reference import FieldTimeoutError, ReferenceEngine, RegexBudget
from logmatch.line import Buffer
from logmatch.program import Program

BATCH_SIZE = 256 * 1024
"""
About how many bytes of lines are matched at once: enough that many of them are of one variant, and few enough that what
is made of them stays in the processor's cache.
"""

BATCH_SIZE_OF_MANY = 1024 * 1024
"""The same where there are more than `MANY_VARIANTS`, so that there are some lines of each."""

MANY_VARIANTS = 256


class PortableEngine:
    """The engine that needs no compiler; see the module."""

    name = "portable"
    by_columns = False

    def __init__(self, program: Program) -> None:
        self.program = program
        self.batch_size = BATCH_SIZE if len(program.variants) <= MANY_VARIANTS else BATCH_SIZE_OF_MANY
        groups = [PrefixGroup(prefix, variants) for prefix, variants in split_by_prefix(program.variants)]
        for index, group in enumerate(groups):
            group.find_preferred(groups[:index])
        self._groups = merge_prefixes(groups)
        # A single group that cannot time out is asked directly: a call less for each line.
        self._is_simple = len(self._groups) == 1 and not any(map(needs_scanner, program.variants))
        self._beginning_with: dict[bytes, list[PrefixGroup | MergedPrefixes]] = {}
        """The first byte of a line -> which groups can match it."""

    def match(self, line: bytes) -> Found | None:
        """See `Engine.match`."""
        return self._groups[0].match(line) if self._is_simple else self._match(line, Counter())

    def match_batch(self, data: Buffer) -> Matches:
        """See `Engine.match_batch`."""
        timeouts: FieldTimeouts = Counter()
        matches = match_in_groups(self.program.variants, data, lambda lines: self.match_lines(lines, timeouts))
        matches.timeouts = timeouts
        return matches

    def match_entries(self, entries: LineSpans) -> Matches:
        """See `Engine.match_entries`."""
        timeouts: FieldTimeouts = Counter()
        matches = match_spans_in_groups(self.program.variants, entries, lambda lines: self.match_lines(lines, timeouts))
        matches.timeouts = timeouts
        return matches

    def match_lines(self, lines: Sequence[bytes], timeouts: FieldTimeouts | None = None) -> list[Group]:
        """
        Return what `match` returns for each of *lines*, by variant; what nothing matched is in no group.

        No place is in two groups. For many lines this is much faster than `match`, line by line. Fields that took too
        long are added to *timeouts*.
        """
        timeouts = Counter() if timeouts is None else timeouts
        found: list[Group] = []
        left: list[int] = []
        is_shared = False  # whether several groups may have found something for a line
        for groups, places in self._by_first_byte(lines):
            here = lines if len(places) == len(lines) else [lines[place] for place in places]
            finders = 0
            scratch = Scratch()
            for group in groups:
                before = len(found) + len(left)
                left += group.match_lines(here, places, found, scratch)
                finders += len(found) + len(left) > before
            is_shared = is_shared or finders > 1
        if is_shared:
            found, left = _first_of_each(found, left, len(lines))
        one_by_one: dict[int, Group] = {}
        for place in left:
            match = self._groups[0].match(lines[place]) if self._is_simple else self._match(lines[place], timeouts)
            if match is not None:
                _, places, values = one_by_one.setdefault(match[0], (match[0], [], []))
                places.append(place)
                values.append(match[1])
        return [*found, *one_by_one.values()]

    def _by_first_byte(
        self, lines: Sequence[bytes]
    ) -> Iterable[tuple[list[PrefixGroup | MergedPrefixes], Sequence[int]]]:
        """The places of *lines*, and in which groups to try those."""
        if len(self._groups) == 1:
            return [(self._groups, range(len(lines)))]
        places: defaultdict[bytes, list[int]] = defaultdict(list)
        for place, line in enumerate(lines):
            places[line[:1]].append(place)
        return [(self._groups_for(first), those) for first, those in places.items()]

    def _groups_for(self, first_byte: bytes) -> list[PrefixGroup | MergedPrefixes]:
        """The groups that can match a line that begins with *first_byte*, which is empty for an empty line."""
        groups = self._beginning_with.get(first_byte)
        if groups is None:
            groups = [group for group in self._groups if group.can_begin_with(first_byte)]
            self._beginning_with[first_byte] = groups
        return groups

    def locate(self, line: bytes) -> Located | None:
        """See `Engine.locate`."""
        found = self.match(line)
        if found is None:
            return None
        return found[0], spans_of(self.program.variants[found[0]], found[1])

    def _match(self, line: bytes, timeouts: FieldTimeouts) -> Found | None:
        found = None
        limit = NO_LIMIT
        scratch = Scratch()
        try:
            for group in self._groups_for(line[:1]):
                better = group.match(line, limit, scratch)
                if better is not None:
                    found = better
                    limit = better[0]
        except FieldTimeoutError as too_slow:
            # Rare and slow: a variant that takes too long does not match, and the others are tried, by the definition.
            found = ReferenceEngine(self.program).find(line, timeouts, RegexBudget(SHARE_LEFT), too_slow)
        return found


def _first_of_each(groups: Iterable[Group], left: Iterable[int], count: int) -> tuple[list[Group], list[int]]:
    """
    Of the *groups* of several prefixes and the places that they *left* undecided, those that stay when each of *count*
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
