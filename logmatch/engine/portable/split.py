"""
Split: variants -> groups with a common prefix, which is matched once for all of a group.

Each prefix costs every line a match, so there are few: for most of the variants, or for many.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from logmatch.engine.portable import expression
from logmatch.engine.portable.items import Items, after, count_fields
from logmatch.program import Variant, common_prefix
from logmatch.templates.model import Field, Literal

MIN_SPLIT = 8
"""From how many variants on a part gets a prefix of its own."""

MAX_GROUPS = 8
"""How many groups with a prefix there are, not counting further splits."""

MAX_SPLITS = 4
"""How many groups may differ only in what follows a free field: each costs every line a match of its prefix."""


def split_by_prefix(variants: Sequence[Variant]) -> list[tuple[Items, dict[int, Variant]]]:
    """
    Split *variants* by the type of their first field or the first byte of their first literal; each group comes with
    the longest prefix that its members have in common. Those without a common field are the last group, which has no
    prefix; so are small groups.
    """
    groups: list[tuple[Items, dict[int, Variant]]] = []
    others: dict[int, Variant] = {}
    for group in _by_first_item(variants).values():
        prefix = _common_items(group.values())
        is_most = 2 * len(group) >= len(variants)
        is_large = len(group) >= MIN_SPLIT and bool(prefix) and not expression.is_search(prefix, 0)
        if count_fields(prefix) and (is_most or is_large) and len(groups) < MAX_GROUPS:
            groups += _split_further(prefix, group)
        else:
            others.update(group)
    return [*groups, ((), dict(sorted(others.items())))] if others else groups


def _split_further(prefix: Items, group: dict[int, Variant]) -> list[tuple[Items, dict[int, Variant]]]:
    """
    Split a group where large parts of it have a longer prefix in common.

    So it is with the headers of several programs in one log, and with a header that has an optional part:
    `<program:any><?>[<pid:int>]</?>: `.
    """
    parts: dict[object, dict[int, Variant]] = {}
    all_search = True
    for number, variant in group.items():
        rest = after(prefix, variant.items)
        all_search = all_search and bool(rest) and expression.is_search(rest, 0)
        parts.setdefault(tuple(_beginning(item) for item in rest[:2]), {})[number] = variant
    longer = {key: _common_items(part.values()) for key, part in parts.items()}
    split = [
        key
        for key, part in parts.items()
        if len(part) >= MIN_SPLIT
        and count_fields(longer[key]) > count_fields(prefix)
        # A part that begins with a free field would be tried, in vain, on nearly every line of the others.
        and (all_search or isinstance(after(prefix, longer[key])[0], Literal))
    ]
    if not 0 < len(split) <= MAX_SPLITS:
        return [(prefix, group)]
    remaining = {number: v for key, part in parts.items() if key not in split for number, v in part.items()}
    groups = [each for key in split for each in _split_further(longer[key], parts[key])]
    return [*groups, (prefix, dict(sorted(remaining.items())))] if remaining else groups


def _beginning(item: Literal | Field) -> object:
    """What tells apart what follows a prefix: the first byte of a literal, the type of a field."""
    return item.text[:1] if isinstance(item, Literal) else item.type


def _by_first_item(variants: Sequence[Variant]) -> dict[object, dict[int, Variant]]:
    groups: dict[object, dict[int, Variant]] = {}
    for number, variant in enumerate(variants):
        groups.setdefault(_beginning(variant.items[0]) if variant.items else None, {})[number] = variant
    return groups


def _common_items(variants: Iterable[Variant]) -> Items:
    """The longest common beginning that an expression can match on its own: see `prefixes.PrefixGroup`."""
    item_lists = [variant.items for variant in variants]
    if len(item_lists) < 2:
        return ()
    common: list[Literal | Field] = []
    for place in zip(*item_lists, strict=False):
        first = place[0]
        if isinstance(first, Literal):
            literals = [item.text for item in place if isinstance(item, Literal)]
            text = common_prefix(literals) if len(literals) == len(place) else b""
            if text:
                common.append(Literal(text))
            if text != first.text or any(text != other for other in literals):
                break
        elif all(isinstance(item, Field) and item.type == first.type for item in place):
            if expression.text_of(first.type) is None:
                break
            common.append(first)
        else:
            break
    # A free field that is not followed by a literal here has no end of its own.
    for index, item in enumerate(common):
        if isinstance(item, Field) and item.type.facts.is_free and not isinstance((*common, None)[index + 1], Literal):
            return tuple(common[:index])
    return tuple(common)
