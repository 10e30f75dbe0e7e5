"""
Templates of messages: from sampled messages to templates that match every one of them.

Messages with and without the header are learned apart. A pattern is made of the messages of a group, but whether it
matches them is for an engine to say: a group with a message that nothing matches gets a looser pattern, first without
token types, then with one field for each run of fields.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from logmatch.engine import make_engine
from logmatch.learn.fields import joined, pattern_of
from logmatch.learn.groups import Groups
from logmatch.learn.ids import assign_ids
from logmatch.learn.naming import Names
from logmatch.learn.passes import join
from logmatch.learn.shapes import Shape
from logmatch.program import compile_program
from logmatch.templates.model import ANY, DROPPED, Field, Item, Literal, OptionalPart, Pattern
from logmatch.templates.template import DEFAULT_HEADER, Template
from logmatch.templates.types import TYPES

Messages = Mapping[bytes, int]
"""Messages without header, and how many lines each has."""

_LOOSEST = 2


@dataclass(frozen=True, slots=True)
class Samples:
    """Messages that have the header, and lines that do not."""

    headed: Messages
    bare: Messages


def learn_templates(samples: Samples, header: Pattern | None, taken: Collection[str] = ()) -> list[Template]:
    """
    Return templates for the samples, in the order of their patterns.

    Args:
        header: what stands before the messages of `samples.headed`.
        taken: ids that are not to be used.
    """
    found: list[tuple[Pattern, Pattern | None]] = []
    for messages, front in ((samples.headed, header), (samples.bare, None)):
        if messages:
            found += [(pattern, front) for pattern in _patterns(messages, front)]
    ids = assign_ids([pattern for pattern, _ in found], taken)
    templates: dict[str, Template] = {}
    for pattern, front in found:
        id_ = ids[pattern]
        if id_ in templates:  # the same text with and without the header
            id_ = next(name for number in range(2, 1000) if (name := f"{id_}-{number}") not in templates)
        templates[id_] = Template(id_, pattern, front, header_name=DEFAULT_HEADER if front is not None else None)
    return sorted(templates.values(), key=lambda template: (str(template.pattern), template.header is None))


def _patterns(messages: Messages, header: Pattern | None) -> list[Pattern]:
    """Return the patterns of messages that have *header*."""
    texts = {decode(message): count for message, count in messages.items()}
    groups = Groups(texts)
    join(groups)
    members: dict[Shape, list[str]] = defaultdict(list)
    for text in sorted(texts):
        members[groups.group(text)].append(text)
    taken = tuple(field.name for field in header.fields() if field.name) if header else ()
    patterns = {group: pattern_of(groups, group, lines, Names(taken)) for group, lines in members.items()}
    looseness = dict.fromkeys(patterns, 0)
    while failed := _unmatched(patterns, members):
        loosened = [group for group in failed if looseness[group] < _LOOSEST]
        if not loosened:
            break
        for group in loosened:
            looseness[group] += 1
            patterns[group] = loose(patterns[group], looseness[group])
    return sorted({pattern for pattern in patterns.values() if str(pattern).strip()}, key=str)


def _unmatched(patterns: Mapping[Shape, Pattern], members: Mapping[Shape, list[str]]) -> Iterator[Shape] | list[Shape]:
    """Return the groups some of whose messages no pattern matches."""
    engine = make_engine(compile_program([Template(str(n), pattern) for n, pattern in enumerate(patterns.values())]))
    return [
        group
        for group, texts in members.items()
        if any(engine.match(encode(text).rstrip(b" \t")) is None for text in texts)
    ]


def loose(pattern: Pattern, looseness: int) -> Pattern:
    """Return *pattern* without token types; at 2 with every run of fields and blanks as one field of any text."""
    items: list[Item] = []
    for item in pattern.items:
        parts: tuple[Item, ...] = item.items if isinstance(item, OptionalPart) else (item,)
        if isinstance(item, OptionalPart) and looseness < _LOOSEST:
            items.append(OptionalPart(tuple(_loose(part) for part in parts)))
        elif isinstance(item, OptionalPart):
            items.append(next(replace(part, type=ANY) for part in parts if isinstance(part, Field)))
        else:
            items.append(_loose(item))
    if looseness >= _LOOSEST:
        items = _runs(items)
    return Pattern(tuple(joined(items)))


def _loose(item: Item) -> Item:
    if not isinstance(item, Field) or item.name == DROPPED or item.type == TYPES["rest"]:
        return item
    return replace(item, type=ANY)


def _runs(items: list[Item]) -> list[Item]:
    found: list[Item] = []
    for item in items:
        if isinstance(item, Literal) and not item.text.strip() and found and isinstance(found[-1], Field):
            continue
        if isinstance(item, Field) and found and isinstance(found[-1], Field):
            if item.type == TYPES["rest"]:
                found[-1] = replace(found[-1], type=item.type)
            continue
        found.append(replace(item, name="text", type=ANY) if isinstance(item, Field) and item.name == DROPPED else item)
    return found


def decode(message: bytes) -> str:
    """Return a message as text; bytes that are not UTF-8 become surrogates, which `shapes` takes for values."""
    return message.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """Return the bytes of a message."""
    return text.encode("utf-8", "surrogateescape")
