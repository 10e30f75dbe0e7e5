"""
Findings: what `check` reports, a sentence about one template with a place and a remedy.

Which findings there are is decided in the modules that look for them; this one knows their kinds, how one reads and
what it is as JSON.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from logmatch.errors import Location, LogmatchError, valid_unicode
from logmatch.templates.template import Template
from logmatch.wording import count


class FindingKind(enum.Enum):
    """What is wrong; in the order in which the findings of one template are given. The value is its code."""

    EXAMPLE_FAILED = "example-failed"
    NO_MATCH_FAILED = "no-match-failed"
    DUPLICATE = "duplicate"
    SHADOWED = "shadowed"
    AMBIGUOUS = "ambiguous"
    ADJACENT_FREE = "adjacent-free"
    LOOSE_WS = "loose-ws"
    NEVER_MATCHES = "never-matches"
    FOREIGN = "foreign-syntax"
    SLOW_REGEX = "slow-regex"
    COSTLY_REGEX = "costly-regex"
    SET_REGEX = "regex-is-set"
    UNUSED = "unused"
    COMPETING = "competing"
    UNKNOWN_CODE = "unknown-code"


CODES = tuple(kind.value for kind in FindingKind)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with one template. `others` are the ids of further templates that have a part in it."""

    kind: FindingKind
    template_id: str
    message: str
    location: Location
    hint: str
    others: tuple[str, ...] = ()

    def __str__(self) -> str:
        return str(LogmatchError(self.message, location=_clipped(self.location), hint=self.hint))

    def to_dict(self) -> dict[str, object]:
        """The finding as JSON values: `line` counts from 1, `start` and `end` are a span of characters in `text`."""
        return {
            "kind": self.kind.value,
            "template_id": _unicode(self.template_id),
            "sentence": _unicode(self.message),
            "file": _unicode(self.location.file),
            "line": self.location.line_number,
            "text": _unicode(self.location.text),
            "start": self.location.start,
            "end": self.location.end,
            "hint": _unicode(self.hint),
            "others": [_unicode(other) for other in self.others],
        }


MOST_SHOWN = 20
"""How many findings about one file are shown as text."""

SNIPPET = 100
"""How many characters of a long text are shown on either side of where it is wrong, at most."""


def shown(findings: Sequence[Finding]) -> Iterator[str]:
    """The findings as text, each with its line break; of one file the first, and how many there are besides."""
    counts = Counter(finding.location.file for finding in findings)
    seen: Counter[str | None] = Counter()
    for finding in findings:
        file = finding.location.file
        seen[file] += 1
        if seen[file] <= MOST_SHOWN:
            yield f"{finding}\n"
        elif seen[file] == counts[file]:
            more = count(counts[file] - MOST_SHOWN, "more finding")
            hint = "correct the first ones, or see all of them with --json"
            yield f"{LogmatchError(f'and {more} in this file', location=Location(file), hint=hint)}\n"


def _clipped(location: Location) -> Location:
    """*location* with a part of its text, if that is long: the part that is wrong."""
    text = location.text
    if text is None or len(text) <= 2 * SNIPPET:
        return location
    begin = max(0, location.start - SNIPPET)
    end = min(len(text), max(location.start + 1, min(location.end, location.start + SNIPPET)) + SNIPPET)
    before, after = "…" * (begin > 0), "…" * (end < len(text))
    start = location.start - begin + len(before)
    stop = min(start + location.end - location.start, len(before) + end - begin)
    return replace(location, text=f"{before}{text[begin:end]}{after}", start=start, end=stop)


def _unicode(text: str | None) -> str | None:
    return None if text is None else valid_unicode(text)


def make_finding(
    kind: FindingKind,
    template: Template,
    message: str,
    hint: str,
    *,
    text: str | None = None,
    span: tuple[int, int] | None = None,
    others: Iterable[Template] = (),
) -> Finding:
    """A finding with *text* (None: the pattern) and the *span* of characters in it (None: all of it) as its snippet."""
    text = str(template.pattern) if text is None else text
    start, end = span or (0, len(text))
    location = Location(template.origin.file, template.origin.line_number, text=text, start=start, end=end)
    return Finding(kind, template.id, message, location, hint, tuple(other.id for other in others))


def named(template: Template) -> str:
    """*template* as a sentence about another one names it."""
    where = str(Location(template.origin.file, template.origin.line_number))
    return f"{template.id!r} ({where})" if where else repr(template.id)


def listed(names: Sequence[str]) -> str:
    """*names* as a sentence lists them, the first few."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
