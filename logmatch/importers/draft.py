"""
Draft: a template that an importer makes: text and values in their order, and what becomes of it in TOML.

A value has a type in the words of the pattern language, `int?` for one that is a number or `-`. What only neighbours
tell is done here: a value between double quotes is `quoted`, names are unique, a `<` of the text is doubled.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from logmatch.errors import UsageError, printable

if TYPE_CHECKING:
    from logmatch.templates.template import Example

TEXTS = frozenset({"any", "word", "rest"})
"""Types of values that are any text; between double quotes they are `quoted`."""


@dataclass(frozen=True, slots=True)
class Text:
    """What stands in a line as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Value:
    """A field: its name, and its type in the words of the pattern language (with a `?` if it may be `-`)."""

    name: str
    type: str = "any"
    quotes_are_escaped: bool = True
    """Whether a `"` in the value is written so that it does not look like the end of a quoted text."""


@dataclass(frozen=True, slots=True)
class Blanks:
    """Spaces of a width that varies."""


@dataclass(frozen=True, slots=True)
class Maybe:
    """What may be absent."""

    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of several; a name may stand in each of them."""

    branches: tuple[tuple[Piece, ...], ...]


@dataclass(frozen=True, slots=True)
class Raw:
    """A pattern in the pattern language, as another module has made it."""

    pattern: str


Piece = Text | Value | Blanks | Maybe | Either | Raw


@dataclass(frozen=True, slots=True)
class Draft:
    """A template to be: its id, its pieces, and what it was made of."""

    id: str
    pieces: tuple[Piece, ...]
    description: str = ""
    header: str | None = None
    priority: int = 0
    tags: tuple[str, ...] = ()
    match: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """What an importer made of a source."""

    drafts: tuple[Draft, ...]
    headers: dict[str, tuple[Piece, ...]] = field(default_factory=dict)
    comments: tuple[str, ...] = ()
    """What the file begins with: where it is from, and what was left out."""


def to_toml(imported: Imported) -> str:
    """The template file of *imported*."""
    from logmatch.templates.template import Template, TemplateSet
    from logmatch.templates.write import write_toml

    headers = {name: _pattern(pieces, {}) for name, pieces in imported.headers.items()}
    templates = []
    ids: dict[str, int] = {}
    for draft in imported.drafts:
        if not any(isinstance(piece, Value | Raw | Maybe | Either) for piece in draft.pieces):
            text = "".join(piece.text for piece in draft.pieces if isinstance(piece, Text))
            if not text.strip():
                raise UsageError(f"{draft.id!r} is a format of nothing", hint="give one that writes something")
        taken = {} if draft.header is None else dict(_names_of(imported.headers[draft.header]))
        templates.append(
            Template(
                _unused(draft.id.strip() or "unnamed", ids),
                _pattern(draft.pieces, taken),
                headers[draft.header] if draft.header is not None else None,
                draft.priority,
                draft.description,
                draft.tags,
                draft.match,
                header_name=draft.header,
            )
        )
    comments = "".join(f"# {printable(line)}".rstrip() + "\n" for line in imported.comments)
    return comments + ("\n" if comments else "") + write_toml(TemplateSet(templates=tuple(templates)))


def _unused(id_: str, ids: dict[str, int]) -> str:
    """*id_*, or with a number after it where it is taken."""
    number = ids[id_] = ids.get(id_, 0) + 1
    return id_ if number == 1 else _unused(f"{id_}-{number}", ids)


def slug(text: str, *, lower: bool = True) -> str:
    """*text* as a name: what can be none is `_`."""
    name = re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_")
    name = name.lower() if lower else name
    return name if name and not name[0].isdigit() else f"_{name}" if name else "value"


def merged(pieces: Sequence[Piece]) -> list[Piece]:
    """*pieces* without empty texts, and neighbouring texts as one."""
    result: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, Text):
            if result and isinstance(result[-1], Text):
                result[-1] = Text(result[-1].text + piece.text)
            elif piece.text:
                result.append(piece)
        elif not (isinstance(piece, Blanks) and result and isinstance(result[-1], Blanks)):
            result.append(piece)
    return result


def _names_of(pieces: Sequence[Piece]) -> list[tuple[str, int]]:
    names: list[tuple[str, int]] = []
    for piece in pieces:
        if isinstance(piece, Value):
            names.append((piece.name, 1))
        elif isinstance(piece, Maybe):
            names += _names_of(piece.pieces)
        elif isinstance(piece, Either):
            names += [name for branch in piece.branches for name in _names_of(branch)]
    return names


def has_field(pieces: Sequence[Piece]) -> bool:
    """Whether something in a line of *pieces* varies, apart from what may be absent as a whole."""
    return any(
        any(map(has_field, piece.branches)) if isinstance(piece, Either) else isinstance(piece, Value | Raw)
        for piece in pieces
    )


def _pattern(pieces: Sequence[Piece], names: dict[str, int]) -> str:
    """The pattern of *pieces*; *names* counts those that are taken and is added to."""
    todo = merged(pieces)
    written: list[str] = []
    for index, piece in enumerate(todo):
        before = todo[index - 1] if index else None
        after = todo[index + 1] if index + 1 < len(todo) else None
        match piece:
            case Text(text):
                if isinstance(after, Value) and _is_quoted(piece, after, todo[index + 2 : index + 3]):
                    text = text[:-1]
                if isinstance(before, Value) and index >= 2 and _is_quoted(todo[index - 2], before, [piece]):
                    text = text[1:]
                if isinstance(before, Blanks):
                    text = text.lstrip(" \t")
                if isinstance(after, Blanks):
                    text = text.rstrip(" \t")
                written.append(text.replace("<", "<<"))
            case Value(name, type_):
                if before is not None and _is_quoted(before, piece, [after] if after is not None else []):
                    type_ = "quoted?" if type_.endswith("?") else "quoted"
                elif type_.removesuffix("?") == "rest" and after is not None:
                    type_ = "any"
                elif type_.startswith("ip") and isinstance(after, Text) and after.text.startswith(":"):
                    type_ = "word"  # an ip takes ":80" along, as a part of an IPv6 address
                elif type_ == "epoch" and isinstance(after, Text) and after.text.startswith("."):
                    type_ = "int"  # an epoch takes its fraction along
                written_name = name if name in ("_", "*") else _unique(name, names)
                written.append(f"<{written_name}:{type_}>" if type_ != "any" else f"<{written_name}>")
            case Blanks():
                written.append("<_:ws>")
            case Maybe(parts):
                written.append(f"<?>{_pattern(parts, names)}</?>")
            case Either(branches):
                each = [dict(names) for _ in branches]
                texts = [_pattern(branch, taken) for branch, taken in zip(branches, each, strict=True)]
                written.append(f"<(>{'<|>'.join(texts)}</)>")
                for taken in each:
                    names.update(taken)
            case Raw(pattern):
                written.append(pattern)
    return "".join(written)


def _is_quoted(before: Piece | None, value: Value, after: Sequence[Piece]) -> bool:
    """Whether *value* is any text, and stands between double quotes that it cannot hold by itself."""
    return (
        value.type.removesuffix("?") in TEXTS
        and value.quotes_are_escaped
        and isinstance(before, Text)
        and before.text.endswith('"')
        and bool(after)
        and isinstance(after[0], Text)
        and after[0].text.startswith('"')
    )


def _unique(name: str, names: dict[str, int]) -> str:
    """*name*, or with a number after it where it is taken."""
    number = names[name] = names.get(name, 0) + 1
    if number == 1:
        return name
    return _unique(f"{name}_{number}", names)
