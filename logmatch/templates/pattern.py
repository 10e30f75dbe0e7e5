"""
Syntax: the text of a pattern -> the model of `template`.

`parse_pattern` reads the language of logmatch, `parse_foreign_pattern` the lists of other tools, in which only
wildcards and typed fields have a meaning and every other `<` is text. `PatternParser` gives what these give, for one
pattern after another, in a fraction of the time. Errors are `TemplateSyntaxError`s that carry the text and the span
within it (in characters); which file and line it stands in is the business of `template_file`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from logmatch.errors import Place, TemplateSyntaxError
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
from logmatch.templates.model import (
    DROPPED,
    Alternatives,
    Field,
    Item,
    Literal,
    OptionalPart,
    Pattern,
    decode,
    encode,
    output_names,
    placed_fields,
)
from logmatch.templates.time_grammar import FormatError
from logmatch.templates.types import ANY, PARAMETRISED, PATH, REST, TYPES, URL, named_type
from logmatch.wording import did_you_mean

MAX_VARIANTS = 256
"""How many variants the optional parts and alternatives of a template, its header included, may make."""

MAX_DEPTH = 100
"""How deep optional parts and alternatives may stand in each other."""

MAX_SET_COUNT = 9999
"""The largest number in the braces of a set."""

Names = Mapping[str, FieldType]
"""The types that template files give names to."""

_NAME = r"\*|[^\W\d][\w.-]*"
# The items of a type: a text in quotes, a set of bytes, a type with an argument; anything else up to the next `|`.
_WORD_IN_QUOTES = r'"(?:[^"\\]|\\.){0,1000}"'
_SET = r"\[(?:[^\]\\]|\\.){1,500}\](?:[+*]|\{[0-9]{1,4}(?:,[0-9]{0,4})?\})"
_ARGUMENT = rf"(?:{'|'.join(PARAMETRISED)})\((?:[^)\\]|\\.){{0,500}}\)"
_ITEM = rf"(?:(?:{_WORD_IN_QUOTES}|{_SET}|{_ARGUMENT})\??(?=[|>])|[^<>|]*)"
_TYPE = rf"(?=[^/>]){_ITEM}(?:\|{_ITEM})*"
_FIELD = re.compile(rf"<(?P<name>{_NAME})(?::(?:(?P<regex>/(?:[^\\]|\\.)*?/)|(?P<type>{_TYPE})))?>", re.DOTALL)
_FOREIGN_FIELD = re.compile(
    rf"<(?P<name>{_NAME})(?::(?:(?P<regex>/(?:[^\\]|\\.){{0,500}}?/)|(?P<type>{_TYPE})))?>", re.DOTALL
)
"""The same in a list of another tool, where a text that looks like the beginning of a field may stand many times."""
_UNTYPED = re.compile(rf"<(?:{_NAME})>")
_FIELD_START = re.compile(rf"<(?P<name>{_NAME})(?P<colon>:?)")
_MASK = re.compile(r"<(?P<colon>:?)(?P<word>[A-Z][A-Z0-9_]*)(?P=colon)>")

_MASK_TYPES = {
    **{"NUM": "int", "INT": "int", "INTEGER": "int", "DIGITS": "int", "PID": "int", "PORT": "int"},
    **{"FLOAT": "float", "DECIMAL": "float", "NUMBER": "float", "PERCENT": "percent", "PERCENTAGE": "percent"},
    **{"HEX": "hex", "IP": "ip", "IPV4": "ipv4", "IPV6": "ipv6", "MAC": "mac", "UUID": "uuid", "GUID": "uuid"},
    **{"HOST": "host", "HOSTNAME": "host", "PATH": "path", "URL": "url", "URI": "url", "WORD": "word"},
    **{"DATE": "date", "TIME": "time", "ISO8601": "iso8601"},
}
"""
The nearest type for the mask words of other tools; a word that is not here is `any`. NUM is an integer: the miners mask
runs of digits, so that 10.5 becomes `<NUM>.<NUM>` (the sample configuration of logpai/Drain3).
"""

_HINT_LITERAL = "a literal '<' is written '<<'; a field is written <name:type> or <name>, an unnamed one <*>"
_HINT_TYPES = "'logmatch help types' lists the types; a literal '<' is written '<<'"


@dataclass(slots=True)
class _Group:
    """An optional part or alternatives that are open: where they began, and the items of each choice so far."""

    start: int
    is_optional: bool
    choices: list[list[Item]]


def parse_pattern(text: str, names: Names | None = None) -> Pattern:
    """
    Return the pattern that *text* describes.

    Args:
        names: what the names of types stand for that template files have given.

    Raises:
        TemplateSyntaxError: with the span of what is wrong in *text*.
    """
    _check_line(text)
    whole = _Group(0, False, [[]])
    groups = [whole]  # those that are open, the innermost last
    literals: list[str] = []
    at = 0
    while True:
        opening = text.find("<", at)
        literals.append(text[at : opening if opening >= 0 else len(text)])
        if opening >= 0 and text.startswith("<<", opening):
            literals.append("<")
            at = opening + 2
            continue
        items = groups[-1].choices[-1]
        if literal := "".join(literals):
            items.append(Literal(encode(literal)))
        literals.clear()
        if opening < 0:
            break
        mark = _MARK.match(text, opening)
        if mark is None:
            match = _FIELD.match(text, opening)
            if match is None:
                _fail_at_field(text, opening)
            items.append(_field(match, text, names))
            at = match.end()
            continue
        at = mark.end()
        if mark[0] in ("<?>", "<(>"):
            if len(groups) > MAX_DEPTH:
                _fail(f"parts stand in each other more than {MAX_DEPTH} deep", text, opening, at, "write it flatter")
            groups.append(_Group(opening, mark[0] == "<?>", [[]]))
        else:
            _close_or_go_on(groups, mark[0], text, opening)
    if len(groups) > 1:
        group = groups[-1]
        what, end = ("optional part is", "</?>") if group.is_optional else ("alternatives are", "</)>")
        hint = f"{'an optional part ends' if group.is_optional else 'alternatives end'} with {end}"
        _fail(f"the {what} not closed", text, group.start, group.start + 3, hint)
    return Pattern(tuple(whole.choices[0]))


_MARK = re.compile(r"<(?:\?|\(|\||/\?|/\))>")


def _close_or_go_on(groups: list[_Group], mark: str, text: str, at: int) -> None:
    """Do what a `</?>`, `<|>` or `</)>` at *at* says."""
    group = groups[-1] if len(groups) > 1 else None
    end = at + len(mark)
    if mark == "</?>":
        if group is None or not group.is_optional:
            _fail("this closes an optional part that was never opened", text, at, end, _HINT_LITERAL)
        if not group.choices[0]:
            hint = "put literals or fields between <?> and </?>"
            _fail("the optional part is empty", text, group.start, end, hint)
        groups.pop()
        groups[-1].choices[-1].append(OptionalPart(tuple(group.choices[0])))
        return
    if group is None or group.is_optional:
        sentence = "this separates alternatives" if mark == "<|>" else "this closes alternatives"
        _fail(f"{sentence} that were never opened", text, at, end, f"they begin with <(>; {_HINT_LITERAL}")
    if not group.choices[-1]:
        hint = "put literals or fields there, or write an optional part, <?>…</?>"
        _fail("one of the alternatives is empty", text, group.start, end, hint)
    if mark == "<|>":
        group.choices.append([])
        return
    if len(group.choices) < 2:
        _fail("there is one alternative only", text, group.start, end, "alternatives are written <(>one<|>other</)>")
    groups.pop()
    groups[-1].choices[-1].append(Alternatives(tuple(map(tuple, group.choices))))


def parse_foreign_pattern(text: str) -> Pattern:
    """
    Return the pattern that *text* of another tool's template list describes.

    `<*>` and fields with a known type are fields as in logmatch's own language, mask words in capitals (`<NUM>`,
    `<:IP:>`) are unnamed fields of the nearest type, and `<name>` is a field where its name occurs once. Everything
    else is text, since such lists have no way to write a literal `<`: `<<*>>` is a wildcard between a `<` and a `>`.
    """
    _check_line(text)
    items: list[Item] = []
    names: set[str] = set()
    untyped = Counter(_UNTYPED.findall(text))
    literals: list[str] = []
    at = 0
    while (opening := text.find("<", at)) >= 0:
        literals.append(text[at:opening])
        field, end = _foreign_field(text, opening, names, untyped)
        if field is None:
            literals.append(text[opening:end])
        else:
            if literal := "".join(literals):
                items.append(Literal(encode(literal)))
            literals.clear()
            items.append(field)
        at = end
    literals.append(text[at:])
    if literal := "".join(literals):
        items.append(Literal(encode(literal)))
    return Pattern(tuple(items))


def _foreign_field(text: str, opening: int, names: set[str], untyped: Counter[str]) -> tuple[Field | None, int]:
    """The field that begins at *opening* and its end, or None and the end of what is text there."""
    if mask := _MASK.match(text, opening):
        return _mask_field(mask), mask.end()
    match = _FOREIGN_FIELD.match(text, opening)
    if match is None:
        return None, opening + 1
    try:
        field = _field(match, text, None)
    except TemplateSyntaxError:
        return None, opening + 1
    if field.name is not None and field.name != DROPPED:
        if field.name in names or untyped[match[0]] > 1:
            return None, opening + 1
        names.add(field.name)
    return field, match.end()


def _mask_field(match: re.Match[str]) -> Field:
    return Field(None, TYPES[_MASK_TYPES.get(match["word"], "any")])


def _field(match: re.Match[str], text: str, names: Names | None) -> Field:
    name = None if match["name"] == "*" else match["name"]
    if match["regex"] is not None:
        return Field(name, _regex_type(match["regex"][1:-1], text, match.start("regex") + 1))
    if match["type"] is None:
        return Field(name, ANY)
    return Field(name, _type(match["type"], text, match.start("type"), names or {}))


def parse_type(text: str, names: Names | None = None) -> FieldType:
    """
    Return the type that *text* describes, as it stands in a field behind the colon.

    Raises:
        TemplateSyntaxError: with the span of what is wrong in *text*.
    """
    _check_line(text)
    if len(text) > 1 and text.startswith("/") and text.endswith("/"):
        return _regex_type(text[1:-1], text, 1)
    if re.compile(_TYPE + r"(?=>\Z)", re.DOTALL).match(text + ">") is None:
        _fail("this is no type", text, 0, max(len(text), 1), _HINT_TYPES)
    return _type(text, text, 0, names or {})


def _type(written: str, text: str, start: int, names: Names) -> FieldType:
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
            _fail(f"the {what} {piece!r} stands in the list twice", text, at, at + len(piece), "leave one of them out")
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


_ITEMS = re.compile(rf"(?:(?<=\|)|(?<!.)){_ITEM}(?=[|>])", re.DOTALL)
_SET_PARTS = re.compile(
    r"\[(?P<not>\^?)(?P<members>.*)\](?P<count>[+*]|\{(?P<least>[0-9]+)(?P<comma>,?)(?P<most>[0-9]*)\})", re.DOTALL
)


def _item(piece: str, text: str, at: int, names: Names, *, is_alone: bool) -> tuple[FieldType | bytes, bool]:
    """The type or word that *piece* at *at* is, and whether a `?` follows it."""
    bare = piece.removesuffix("?")
    if piece.startswith('"'):
        if re.fullmatch(_WORD_IN_QUOTES, bare, re.DOTALL) is None:
            hint = 'a text in quotes ends with one, and a quote in it is written \\"'
            _fail("the quotes are not closed", text, at, at + len(piece), hint)
        word = re.sub(r"\\(.)", r"\1", bare[1:-1], flags=re.DOTALL)
        if not word:
            _fail("the text is empty", text, at, at + len(bare), "write an optional part, <?>…</?>")
        return encode(word), bare != piece
    for name in (piece, bare):
        found = _named(name, text, at, names)
        if found is not None:
            return found, name != piece
    if is_alone:
        _fail_at_type(piece, text, at, names)
    if not piece:
        _fail("a word of the list is empty", text, max(at - 1, 0), max(at, 1), "words are joined by one '|'")
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
            _fail(error.sentence, text, at + error.start, at + max(error.end, error.start + 1), hint)
    return None


def _check_item(item: FieldType | bytes, piece: str, text: str, at: int, *, is_alone: bool) -> None:
    """Refuse what cannot be an item of a list, or have a `?`."""
    end = at + len(piece)
    if isinstance(item, RegexType):
        _fail(f"{piece!r} is a regular expression, which no list holds", text, at, end, "write the words into it")
    if isinstance(item, NamedType) and not item.facts.is_output:
        _fail(f"{piece!r} is never output", text, at, end, "leave out what stands beside it")
    if item in (ANY, REST) and not is_alone:
        hint = f'it takes every text; the word {piece} is written "{piece}"'
        _fail(f"{piece!r} cannot stand in a list", text, at, end, hint)


_CLASSES = {
    "d": b"0123456789",
    "w": b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz",
    "s": WHITESPACE,
}
_MEMBER = re.compile(r"\\x(?P<hex>[0-9a-fA-F]{2})|\\(?P<escaped>.)|(?P<plain>.)", re.DOTALL)


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
            _fail("this is more than one byte", text, *here, hint)
        if is_range:
            assert before is not None
            if code < before:
                _fail("the range is empty", text, here[0] - 2, here[1], "a range goes from the lower to the higher")
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
        _fail("the set is empty", text, at, at + len(written), "write the bytes between the brackets")
    least, most = (1, None) if match["count"] == "+" else (0, None)
    if match["least"]:
        least = int(match["least"])
        most = least if not match["comma"] else int(match["most"]) if match["most"] else None
        if most is not None and (most < least or most == 0):
            hint = "the braces hold a number, or the least and the most"
            _fail("no text has so many bytes", text, at + match.start("count"), at + len(written), hint)
    return ByteSet(bytes(sorted(members)), least, most, written)


def _fail_at_type(written: str, text: str, start: int, names: Names) -> NoReturn:
    """Say what is wrong with the type *written* at *start*."""
    span = start, start + len(written)
    if written.startswith("["):
        hint = "a set says how many bytes it takes: [a-z]+, [a-z]*, [a-z]{2}, [a-z]{2,5}; ']' in it is written \\]"
        _fail("this is no set of bytes", text, *span, hint)
    base, opened, _ = written.partition("(")
    if opened and base in PARAMETRISED:
        _fail(f"the parenthesis of {base!r} is not closed", text, *span, "a ')' in it is written \\)")
    if opened and base in TYPES:
        _fail(f"{base!r} takes nothing in parentheses", text, *span, f"these do: {', '.join(PARAMETRISED)}")
    if written.endswith("?") and len(written) > 1:
        guess = did_you_mean(written[:-1], [*TYPES, *names])
    else:
        guess = did_you_mean(written, [*TYPES, *names])
    _fail(f"unknown type {written!r}", text, *span, f"{guess}{_HINT_TYPES}")


def _regex_type(source: str, text: str, start: int) -> RegexType:
    import regex  # not at the top: its import takes longer than all others of this module, and few templates need it

    encoded = encode(source)
    try:
        regex.compile(encoded)
    except regex.error as error:
        position: int | None = getattr(error, "pos", None)
        at = start + len(encoded[: position or 0].decode("utf-8", "replace"))
        sentence = f"the regular expression is not valid: {getattr(error, 'msg', error)}"
        _fail(sentence, text, at, at + 1, "a '/' before a '>' is written '\\/'")
    except (RecursionError, OverflowError, ValueError) as error:
        _fail(
            f"the regular expression cannot be compiled: {error}", text, start, start + len(source), "make it simpler"
        )
    return RegexType(encoded)


def _fail_at_field(text: str, opening: int) -> NoReturn:
    """Say what is wrong with the field that begins at *opening* and that `_FIELD` does not match."""
    start = _FIELD_START.match(text, opening)
    if start is None:
        if text.startswith("<:", opening):
            _fail(
                "the field has no name",
                text,
                opening,
                opening + 2,
                "an unnamed field is written <*:type>, a literal '<' is written '<<'",
            )
        _fail("this '<' opens nothing", text, opening, opening + 1, _HINT_LITERAL)
    if start["colon"] and text.startswith("/", start.end()):
        _fail(
            "the regular expression is not closed",
            text,
            opening,
            start.end() + 1,
            "a field with one is written <name:/regex/>, a literal '<' is written '<<'",
        )
    closing = text.find(">", start.end())
    if closing < 0 or "<" in text[start.end() : closing]:
        _fail("the field is not closed", text, opening, start.end(), f"it ends with '>'; {_HINT_LITERAL}")
    if start["colon"]:
        _fail("the field has no type after the ':'", text, opening, closing + 1, _HINT_TYPES)
    hint = f"a name holds letters, digits, '_', '.' and '-'; {_HINT_LITERAL}"
    _fail("this is not the name of a field", text, opening, closing + 1, hint)


def _check_line(text: str) -> None:
    """Refuse what no line can hold."""
    at = text.find("\n")
    if at >= 0:
        sentence = "a pattern describes one line and cannot hold a line break"
        _fail(sentence, text[:at], at, at + 1, "describe each line by a template")
    try:
        encode(text)
    except UnicodeEncodeError as error:
        _fail("half a surrogate pair is no character", text, error.start, error.end, "write the character itself")


def _fail(sentence: str, text: str, start: int, end: int, hint: str) -> NoReturn:
    raise TemplateSyntaxError(sentence, place=Place(text=text, start=start, end=end), hint=hint)


class PatternParser:
    """
    Parses pattern after pattern, as a long list of templates has them.

    The answer for a pattern is that of `parse_pattern` (or `parse_foreign_pattern`) and `check_fields`. Nearly all
    patterns are made of literals and of fields that an earlier pattern has too: these are cut at their fields by one
    regular expression, and a field is looked up by its text. Whatever is not of this form, errors included, is left to
    those functions. Equal literals and fields of all patterns are one object, which later stages gain from as well.
    """

    def __init__(self, *, foreign: bool = False, names: Names | None = None) -> None:
        self._is_foreign = foreign
        self._names = names
        self._items: dict[bytes, Literal | Field] = {}
        """What a piece of a pattern stands for, wherever it stands."""
        self._header: Pattern | None = None
        self._checked: set[tuple[bytes, ...]] = set()
        """
        The fields of patterns that fit behind `_header`: `check_fields` does not look at literals, but for those that
        stand behind a `rest`.
        """

    def parse(self, text: str, header: Pattern | None = None) -> Pattern:
        """
        Return the pattern that *text* describes, which fits behind *header*.

        Raises:
            TemplateSyntaxError: as `parse_pattern` and `check_fields`.
        """
        if not text.isascii() or "\n" in text:
            _check_line(text)
        pieces = _PIECES.split(encode(text))
        pattern = self._put_together(pieces)
        if header is not self._header:
            self._header = header
            self._checked.clear()
        fields = tuple(pieces[1::2])
        if pattern is not None and fields in self._checked:
            return pattern
        is_plain = pattern is not None
        if pattern is None or (self._is_foreign and _repeats_a_name(pattern)):  # not all of these are fields there
            pattern = parse_foreign_pattern(text) if self._is_foreign else parse_pattern(text, self._names)
            is_plain = False
        check_fields(header, pattern)
        if is_plain and not any(map(_takes_the_rest, pattern.fields())):
            self._checked.add(fields)
        return pattern

    def _put_together(self, pieces: list[bytes]) -> Pattern | None:
        """The pattern of *pieces*, which are texts and fields in turn; None where one of them is something else."""
        known = self._items
        items: list[Item] = []
        part: list[Literal | Field] | None = None  # the optional part that is open
        for piece in pieces:
            item = known.get(piece)
            if item is None:
                if not piece:
                    continue
                if b"<" not in piece:
                    item = known[piece] = Literal(piece)
                elif piece == b"<?>" and part is None and not self._is_foreign:
                    part = []
                    continue
                elif piece == b"</?>" and part:
                    items.append(OptionalPart(tuple(part)))
                    part = None
                    continue
                else:
                    item = self._field(piece)
                    if item is None:
                        return None
                    known[piece] = item
            (items if part is None else part).append(item)
        return Pattern(tuple(items)) if part is None else None

    def _field(self, piece: bytes) -> Field | None:
        """The field that *piece* is in every pattern that holds it."""
        text = decode(piece)
        if self._is_foreign:
            if mask := _MASK.fullmatch(text):
                return _mask_field(mask)
        match = _FIELD.fullmatch(text)
        if match is None or match["regex"] is not None or _MAY_GO_ON.search(text):
            return None
        try:
            return _field(match, text, self._names)
        except TemplateSyntaxError:
            return None


_MAY_GO_ON = re.compile(r'["\[(]')
"""What a type holds whose end may not be the first `>`."""

_PIECES = re.compile(rb"(<[^<>]*>)")
"""
Where a pattern is cut. A `<<`, and a regular expression that holds `<` or `>`, are cut in wrong places; then one of the
pieces is a text with a `<` in it, or is no field though it looks like one.
"""


def _repeats_a_name(pattern: Pattern) -> bool:
    names = [field.name for field in pattern.fields() if field.name not in (None, DROPPED)]
    return len(set(names)) != len(names)


def check_fields(header: Pattern | None, pattern: Pattern) -> None:
    """
    Check what holds for a header and a pattern together: names are unique, `rest` is last, at most 256 variants.

    Raises:
        TemplateSyntaxError: its span is one of `str(pattern)`, or of `str(header)` where the header alone is wrong.
    """
    items = (header.items if header is not None else ()) + pattern.items
    fields = [item for item in items if isinstance(item, Field)]
    is_flat = all(isinstance(item, Literal | Field) for item in items)
    if is_flat and not any(isinstance(field.type, TypeList) for field in fields):
        names = [name for name in output_names(fields) if name is not None]
        if len(set(names)) == len(names) and REST not in [field.type for field in fields]:
            return  # nearly always; what follows finds places, which takes longer
    if header is not None:
        for start, field in placed_fields(header.items):
            if _takes_the_rest(field):
                span = start, start + len(str(field))
                _fail("a header cannot hold a 'rest' field", str(header), *span, "use 'any' or 'word'")
    place = _rest_before_others(pattern.items, 0, is_followed=False)
    if place is not None:
        _fail("a 'rest' field must be the last", str(pattern), *place, "use 'any' for text before other text")
    _check_names(header, pattern)
    _check_variants(header, pattern)


def _takes_the_rest(field: Field) -> bool:
    return field.type == REST or (isinstance(field.type, TypeList) and field.type.items == (REST,))


def _rest_before_others(items: Sequence[Item], at: int, *, is_followed: bool) -> tuple[int, int] | None:
    """The span of the first `rest` field that something follows, in the text of *items*, which begins at *at*."""
    for index, item in enumerate(items):
        follows = is_followed or index + 1 < len(items)
        found = None
        if isinstance(item, Field) and follows and _takes_the_rest(item):
            found = at, at + len(str(item))
        elif isinstance(item, OptionalPart):
            found = _rest_before_others(item.items, at + len("<?>"), is_followed=follows)
        elif isinstance(item, Alternatives):
            inner = at + len("<(>")
            for choice in item.choices:
                found = found or _rest_before_others(choice, inner, is_followed=follows)
                inner += len("".join(map(str, choice))) + len("<|>")
        if found is not None:
            return found
        at += len(str(item))
    return None


def _check_names(header: Pattern | None, pattern: Pattern) -> None:
    """No two fields of one variant have the same name; two of different alternatives may."""
    parts = [(str(part), part) for part in (header, pattern) if part is not None]
    placed = [(text, start, field) for text, part in parts for start, field in placed_fields(part.items)]
    items = (header.items if header is not None else ()) + pattern.items
    numbered = enumerate(output_names([field for _, _, field in placed]))
    clash = _clash(items, numbered, {})
    if clash is not None:
        name, first, second = clash
        (text, start, field), (other, _, _) = placed[second], placed[first]
        where = " (it is in the header)" if text != other else ""
        _fail(f"the name {name!r} is used twice{where}", text, start, start + len(str(field)), _HINT_NAMES)


def _clash(
    items: Iterable[Item], numbered: Iterator[tuple[int, str | None]], taken: dict[str, int]
) -> tuple[str, int, int] | None:
    """The first name of *items* that is in *taken*, and both fields that have it; names are added to *taken*."""
    for item in items:
        if isinstance(item, Field):
            number, name = next(numbered)
            if name is not None and taken.setdefault(name, number) != number:
                return name, taken[name], number
        elif isinstance(item, OptionalPart):
            clash = _clash(item.items, numbered, taken)
            if clash is not None:
                return clash
        elif isinstance(item, Alternatives):
            before = dict(taken)
            for choice in item.choices:
                own = dict(before)
                clash = _clash(choice, numbered, own)
                if clash is not None:
                    return clash
                taken.update(own)
    return None


_HINT_NAMES = (
    "names are unique within a template, its header included; unnamed fields are called p1, p2, …; <_> is not output"
)


def count_variants(items: Iterable[Item]) -> int:
    """How many variants *items* stand for."""
    return math.prod(map(_variants_of, items))


def _variants_of(item: Item) -> int:
    if isinstance(item, OptionalPart):
        return 1 + count_variants(item.items)
    if isinstance(item, Alternatives):
        return sum(map(count_variants, item.choices))
    return 2 if isinstance(item, Field) and is_path_or_nothing(item.type) else 1


def is_path_or_nothing(type_: FieldType) -> bool:
    """Whether it is free text that cannot be a `-`, or a `-`: `path?` and `url?` stand for two variants."""
    return isinstance(type_, TypeList) and type_.nullable and type_.items in ((PATH,), (URL,))


def _check_variants(header: Pattern | None, pattern: Pattern) -> None:
    in_header = header.items if header is not None else ()
    count = count_variants((*in_header, *pattern.items))
    if count <= MAX_VARIANTS:
        return
    parts = [
        f"{_shortened(str(item))} {'(header) ' if place == 0 else ''}makes {_variants_of(item):,}"
        for place, items in enumerate((in_header, pattern.items))
        for item in items
        if _variants_of(item) > 1
    ]
    listed = ", ".join(parts[:9]) + (f" and {len(parts) - 9} more parts" if len(parts) > 9 else "")
    count_text = f"{count:,}" if count < 10**9 else "more than a billion"
    sentence = f"the optional parts and alternatives make {count_text} variants, and {MAX_VARIANTS} is the most"
    hint = f"they multiply: {listed}; write some of them as templates of their own"
    _fail(sentence, str(pattern), 0, len(str(pattern)), hint)


def _shortened(text: str) -> str:
    return text if len(text) <= 30 else f"{text[:20]}…{text[-9:]}"
