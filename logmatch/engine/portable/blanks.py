"""
Blanks: lines that end in spaces or tabs, which the end of a pattern takes where no field does.

The engine matches the *content* of such a line, which is the line without them. That is the answer for a variant that
ends with a literal or with a token that neither is empty nor holds whitespace: its match ends where the content does,
and all before stands within. Any other variant may have its last field in the blanks, and is walked on the whole line,
if it precedes what the content gave, or is that.
"""

from __future__ import annotations

from collections.abc import Sequence

from logmatch.engine.matches import FieldTimeouts, Found, Group, texts_of
from logmatch.engine.portable.items import has_regex
from logmatch.engine.reference import ReferenceEngine, holds_literals, walk
from logmatch.program import Program, Variant
from logmatch.templates.model import Field


class BlankEnds:
    """What the blanks at the end of lines change in what matches their contents."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._sensitive = [number for number, variant in enumerate(program.variants) if _may_end_in_blanks(variant)]
        # Expressions may look at what stands behind a field: these lines are rare, and matched by the definition.
        self._has_regex = any(map(has_regex, program.variants))

    def match(self, line: bytes, found: Found | None, timeouts: FieldTimeouts) -> Found | None:
        """What matches *line*, where *found* is what matches its content."""
        if self._has_regex:
            return ReferenceEngine(self._program).find(line, timeouts)
        for number in self._sensitive:
            if found is not None and number > found[0]:
                break
            variant = self._program.variants[number]
            if holds_literals(variant, line) and (spans := walk(variant, line)) is not None:
                return number, texts_of(line, spans)
        return found

    def changed(
        self, groups: Sequence[Group], lines: Sequence[bytes], blank_places: Sequence[int], timeouts: FieldTimeouts
    ) -> list[Group]:
        """*groups*, of the contents of *lines*, as they are for the lines; those at *blank_places* end in blanks."""
        blank = set(blank_places)
        of_content: dict[int, Found] = {}
        kept: dict[int, Group] = {}
        for number, places, values in groups:
            _, kept_places, kept_values = kept.setdefault(number, (number, [], []))
            for place, texts in zip(places, values, strict=True):
                if place in blank:
                    of_content[place] = number, texts
                else:
                    kept_places.append(place)
                    kept_values.append(texts)
        for place in blank_places:
            found = self.match(lines[place], of_content.get(place), timeouts)
            if found is not None:
                _, kept_places, kept_values = kept.setdefault(found[0], (found[0], [], []))
                kept_places.append(place)
                kept_values.append(found[1])
        return [group for group in kept.values() if group[1]]


def _may_end_in_blanks(variant: Variant) -> bool:
    """Whether a match may have its last field, perhaps an empty one, in the blanks at the end of a line."""
    last = variant.items[-1] if variant.items else None
    if not isinstance(last, Field):
        return False
    facts = last.type.facts
    return facts.can_be_empty or facts.holds_whitespace
