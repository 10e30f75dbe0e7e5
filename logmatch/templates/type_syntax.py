"""
Type syntax: the text after the colon of a field -> its type: a name, a set of bytes, words, a list of these.

Errors carry the text and the span within it (in characters), as those of `pattern`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NoReturn

from logmatch.errors import Location, TemplateSyntaxError
from logmatch.templates.field_type import (
    WHITESPACE,
    ByteSet,
    FieldType,
    NamedType,
    RegexType,
    Type,
    TypeList,
    WordList,
)
from logmatch.templates.model import decode, encode
from logmatch.templates.time_grammar import FormatError
from logmatch.templates.types import ANY, PARAMETRISED, REST, TYPES, named_type
from logmatch.wording import did_you_mean

MAX_SET_COUNT = 9999
"""The largest number in the braces of a set."""

Names = Mapping[str, FieldType]
"""The types that template files give names to."""

# The items of a type: a text in quotes, a set of bytes, a type with an argument; anything else up to the next `|`.
_WORD_IN_QUOTES = r'"(?:[^"\\]|\\.){0,1000}"'
_SET = r"\[(?:[^\]\\]|\\.){1,500}\](?:[+*]|\{[0-9]{1,4}(?:,[0-9]{0,4})?\})"
_ARGUMENT = rf"(?:{'|'.join(PARAMETRISED)})\((?:[^)\\]|\\.){{0,500}}\)"
_ITEM = rf"(?:(?:{_WORD_IN_QUOTES}|{_SET}|{_ARGUMENT})\??(?=[|>])|[^<>|]*)"
TYPE = rf"(?=[^/>]){_ITEM}(?:\|{_ITEM})*"

_ITEMS = re.compile(rf"(?:(?<=\|)|(?<!.)){_ITEM}(?=[|>])", re.DOTALL)

_SET_PARTS = re.compile(
    r"\[(?P<not>\^?)(?P<members>.*)\](?P<count>[+*]|\{(?P<least>[0-9]+)(?P<comma>,?)(?P<most>[0-9]*)\})", re.DOTALL
)

_CLASSES = {
    "d": b"0123456789",
    "w": b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz",
    "s": WHITESPACE,
}

_MEMBER = re.compile(r"\\x(?P<hex>[0-9a-fA-F]{2})|\\(?P<escaped>.)|(?P<plain>.)", re.DOTALL)

HINT_TYPES = "'logmatch help types' lists the types; a literal '<' is written '<<'"


def parse_type(text: str, names: Names | None = None) -> FieldType:
    """
    Return the type that *text* describes, as it stands in a field after the colon.

    Raises:
        TemplateSyntaxError: with the span of what is wrong in *text*.
    """
    check_line(text)
    if len(text) > 1 and text.startswith("/") and text.endswith("/"):
        return regex_type(text[1:-1], text, 1)
    if re.compile(TYPE + r"(?=>\Z)", re.DOTALL).match(text + ">") is None:
        fail("this is no type", text, 0, max(len(text), 1), HINT_TYPES)
    return type_at(text, text, 0, names or {})


def type_at(written: str, text: str, start: int, names: Names) -> FieldType:
    """The type that is *written* at *start* of *text*: one, or a list of types and words."""
    known = TYPES.get(written)
    if known is not None:
        return known
    pieces = [(match[0], start + match.start()) for match in _ITEMS.finditer(written + ">")]
    items: list[FieldType | bytes] = []
    nullable = False
    seen: set[object] = set()
    for piece, at in pieces:
        item, is_nullable = _item(piece, text, at, names, is_alone=len(pieces) == 1)
        nullable = nullable or is_nullable
        if item in seen:
            what = "type" if isinstance(item, Type) else "word"
            fail(f"the {what} {piece!r} stands in the list twice", text, at, at + len(piece), "leave one of them out")
        seen.add(item)
        if len(pieces) > 1 or is_nullable:
            _check_item(item, piece, text, at, is_alone=len(pieces) == 1)
        items.append(item)
    if len(items) == 1 and not nullable:
        return items[0] if isinstance(items[0], Type) else WordList((items[0],))
    flat: list[NamedType | ByteSet | bytes] = []
    for item in items:  # what has a name may be a list
        if isinstance(item, WordList):
            flat += item.words
        elif isinstance(item, TypeList):
            flat += item.items
            nullable = nullable or item.nullable
        else:
            assert not isinstance(item, RegexType), "refused above"
            flat.append(item)
    flat = list(dict.fromkeys(flat))
    words = tuple(item for item in flat if isinstance(item, bytes))
    if len(words) == len(flat) and not nullable:
        return WordList(words)
    return TypeList(tuple(flat), nullable)


def _item(piece: str, text: str, at: int, names: Names, *, is_alone: bool) -> tuple[FieldType | bytes, bool]:
    """The type or word that *piece* at *at* is, and whether a `?` follows it."""
    bare = piece.removesuffix("?")
    if piece.startswith('"'):
        if re.fullmatch(_WORD_IN_QUOTES, bare, re.DOTALL) is None:
            hint = 'a text in quotes ends with one, and a quote in it is written \\"'
            fail("the quotes are not closed", text, at, at + len(piece), hint)
        word = re.sub(r"\\(.)", r"\1", bare[1:-1], flags=re.DOTALL)
        if not word:
            fail("the text is empty", text, at, at + len(bare), "write an optional part, <?>…</?>")
        return encode(word), bare != piece
    for name in (piece, bare):
        found = _named(name, text, at, names)
        if found is not None:
            return found, name != piece
    if is_alone:
        _fail_at_type(piece, text, at, names)
    if re.fullmatch(r"/.+/", piece, re.DOTALL):
        hint = f'say all of it in one expression, or write "{piece}" for this text'
        fail("a list holds no regular expression", text, at, at + len(piece), hint)
    if bare and bare != piece:
        hint = f'a ? follows a type: write {bare}|"-" for the word or a dash, "{piece}" for this text'
        fail(f"{bare!r} is a word, which no ? follows", text, at, at + len(piece), hint)
    if not piece:
        fail("a word of the list is empty", text, max(at - 1, 0), max(at, 1), "words are joined by one '|'")
    return encode(piece), False


def _named(name: str, text: str, at: int, names: Names) -> FieldType | None:
    """The type that *name* at *at* stands for, if it does."""
    found = TYPES.get(name) or names.get(name)
    if found is not None:
        return found
    if re.fullmatch(_SET, name, re.DOTALL):
        return _byte_set(name, text, at)
    if re.fullmatch(_ARGUMENT, name, re.DOTALL):
        try:
            return named_type(name)
        except FormatError as error:
            hint = "as in csv(;), quoted('), escaped(|), kv(; =), time(%d.%m.%Y %H:%M)"
            fail(error.message, text, at + error.start, at + max(error.end, error.start + 1), hint)
    return None


def _check_item(item: FieldType | bytes, piece: str, text: str, at: int, *, is_alone: bool) -> None:
    """Refuse what cannot be an item of a list, or have a `?`."""
    end = at + len(piece)
    if isinstance(item, RegexType):
        fail(f"{piece!r} is a regular expression, which no list holds", text, at, end, "write the words into it")
    if isinstance(item, NamedType) and not item.facts.is_output:
        fail(f"{piece!r} is never output", text, at, end, "leave out what stands beside it")
    if item in (ANY, REST) and not is_alone:
        hint = f'it takes every text; the word {piece} is written "{piece}"'
        fail(f"{piece!r} cannot stand in a list", text, at, end, hint)


def _byte_set(written: str, text: str, at: int) -> ByteSet:
    match = _SET_PARTS.fullmatch(written)
    assert match is not None, written
    members: set[int] = set()
    before: int | None = None  # what a range may begin with
    is_range = False
    offset = at + match.start("members")
    for member in _MEMBER.finditer(match["members"]):
        here = offset + member.start(), offset + member.end()
        if member[0] == "-" and before is not None and member.end() < len(match["members"]):
            is_range = True
            continue
        if member["escaped"] in _CLASSES and not is_range:
            members.update(_CLASSES[member["escaped"]])
            before = None
            continue
        character = member["plain"] or member["escaped"] or ""
        code = int(member["hex"], 16) if member["hex"] else ord({"t": "\t"}.get(member["escaped"], character))
        if code > 0x7F and not member["hex"]:
            hint = "a set holds bytes: write ASCII characters, or \\xHH; [^…] has all others too"
            fail("this is more than one byte", text, *here, hint)
        if is_range:
            assert before is not None
            if code < before:
                fail("the range is empty", text, here[0] - 2, here[1], "a range goes from the lower to the higher")
            members.update(range(before, code + 1))
            before = None
            is_range = False
        else:
            members.add(code)
            before = code
    if match["not"]:
        members = set(range(256)) - members
    members.discard(0x0A)
    if not members:
        fail("the set is empty", text, at, at + len(written), "write the bytes between the brackets")
    least, most = (1, None) if match["count"] == "+" else (0, None)
    if match["least"]:
        least = int(match["least"])
        most = least if not match["comma"] else int(match["most"]) if match["most"] else None
        if most is not None and (most < least or most == 0):
            hint = "the braces hold a number, or the least and the most"
            fail("no text has so many bytes", text, at + match.start("count"), at + len(written), hint)
    return ByteSet(bytes(sorted(members)), least, most, written)


def _fail_at_type(written: str, text: str, start: int, names: Names) -> NoReturn:
    """Say what is wrong with the type *written* at *start*."""
    span = start, start + len(written)
    if written.startswith("["):
        hint = "a set says how many bytes it takes: [a-z]+, [a-z]*, [a-z]{2}, [a-z]{2,5}; ']' in it is written \\]"
        fail("this is no set of bytes", text, *span, hint)
    base, opened, _ = written.partition("(")
    if opened and base in PARAMETRISED:
        fail(f"the parenthesis of {base!r} is not closed", text, *span, "a ')' in it is written \\)")
    if opened and base in TYPES:
        fail(f"{base!r} takes nothing in parentheses", text, *span, f"these do: {', '.join(PARAMETRISED)}")
    if written.endswith("?") and len(written) > 1:
        guess = did_you_mean(written[:-1], [*TYPES, *names])
    else:
        guess = did_you_mean(written, [*TYPES, *names])
    fail(f"unknown type {written!r}", text, *span, f"{guess}{HINT_TYPES}")


def regex_type(source: str, text: str, start: int) -> RegexType:
    import regex  # not at the top: its import takes longer than all others of this module, and few templates need it

    encoded = encode(source)
    try:
        regex.compile(encoded)
    except regex.error as error:
        position: int | None = getattr(error, "pos", None)
        at = start + len(encoded[: position or 0].decode("utf-8", "replace"))
        message = f"the regular expression is not valid: {getattr(error, 'msg', error)}"
        fail(message, text, at, at + 1, "a '/' before a '>' is written '\\/'")
    except (RecursionError, OverflowError, ValueError) as error:
        fail(f"the regular expression cannot be compiled: {error}", text, start, start + len(source), "make it simpler")
    return RegexType(encoded)


_REGEX_SET = re.compile(rb"(?P<set>\[\^?(?:\\.|[^\]\\\[])+\]|\\[dwDW])(?P<count>[+*]|\{[0-9]+(?:,[0-9]*)?\})?\+?")
_REGEX_CLASSES = {b"\\d": b"0-9", b"\\w": b"A-Za-z0-9_", b"\\D": b"^0-9", b"\\W": b"^A-Za-z0-9_"}


def set_of_regex(source: bytes) -> str | None:
    """How a set of bytes is written that takes what the expression *source* does; None: it is more than a set."""
    match = _REGEX_SET.fullmatch(source)
    if match is None:
        return None
    members = match["set"]
    if members in _REGEX_CLASSES:
        members = b"[" + _REGEX_CLASSES[members] + b"]"
    for name in (b"\\d", b"\\w"):
        members = members.replace(name, _REGEX_CLASSES[name])
    written = decode(members + (match["count"] or b"{1}"))
    try:
        type_ = parse_type(written)
    except (TemplateSyntaxError, ValueError):
        return None
    return written if isinstance(type_, ByteSet) else None


def check_line(text: str) -> None:
    """Refuse what no line can hold."""
    at = text.find("\n")
    if at >= 0:
        message = "this describes one line and cannot hold a line break"
        fail(message, text[:at], at, at + 1, "only the pattern of a template can, of a record of several lines")
    check_characters(text)


def check_characters(text: str) -> None:
    """Refuse what is no character."""
    try:
        encode(text)
    except UnicodeEncodeError as error:
        fail("half a surrogate pair is no character", text, error.start, error.end, "write the character itself")


def fail(message: str, text: str, start: int, end: int, hint: str) -> NoReturn:
    raise TemplateSyntaxError(message, location=Location(text=text, start=start, end=end), hint=hint)
