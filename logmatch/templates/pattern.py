"""
Syntax: the text of a pattern -> the model of `template`.

`parse_pattern` reads the language of logmatch, `parse_foreign_pattern` the lists of other tools, in which only
wildcards and typed fields have a meaning and every other `<` is text. `PatternParser` gives what these give, for one
pattern after another, in a fraction of the time. Errors are `TemplateSyntaxError`s that carry the text and the span
within it (in characters); which file and line it stands in is the business of `template_file`.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import NoReturn

from logmatch.errors import Place, TemplateSyntaxError
from logmatch.templates.model import (
    ANY,
    DROPPED,
    REST,
    TYPES,
    Field,
    FieldType,
    Item,
    Literal,
    OptionalPart,
    Pattern,
    RegexType,
    WordList,
    decode,
    encode,
    output_names,
)
from logmatch.wording import did_you_mean

MAX_OPTIONAL_PARTS = 6
"""2 to the power of 6 is 64, the largest number of variants that one template may stand for (SPEC 3)."""

_NAME = r"\*|[^\W\d][\w.-]*"
_FIELD = re.compile(rf"<(?P<name>{_NAME})(?::(?:(?P<regex>/(?:[^\\]|\\.)*?/)|(?P<type>[^<>/][^<>]*)))?>", re.DOTALL)
_FOREIGN_FIELD = re.compile(
    rf"<(?P<name>{_NAME})(?::(?:(?P<regex>/(?:[^\\]|\\.){{0,500}}?/)|(?P<type>[^<>/][^<>]*)))?>", re.DOTALL
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
_TYPES_AND_LITERAL = f"{', '.join(TYPES)}; a literal '<' is written '<<'"


def parse_pattern(text: str) -> Pattern:
    """
    Return the pattern that *text* describes.

    Raises:
        TemplateSyntaxError: with the span of what is wrong in *text*.
    """
    _check_line(text)
    items: list[Item] = []
    part: list[Literal | Field] | None = None  # the optional part that is open, and where it was opened
    part_start = 0
    literal = ""
    at = 0
    while True:
        opening = text.find("<", at)
        literal += text[at : opening if opening >= 0 else len(text)]
        if opening < 0:
            break
        if text.startswith("<<", opening):
            literal += "<"
            at = opening + 2
            continue
        if literal:
            (items if part is None else part).append(Literal(encode(literal)))
            literal = ""
        if text.startswith("<?>", opening):
            if part is not None:
                _fail(
                    "an optional part cannot stand inside another",
                    text,
                    opening,
                    opening + 3,
                    "close it with </?> first",
                )
            part, part_start, at = [], opening, opening + 3
        elif text.startswith("</?>", opening):
            if part is None:
                _fail("this closes an optional part that was never opened", text, opening, opening + 4, _HINT_LITERAL)
            if not part:
                _fail(
                    "the optional part is empty",
                    text,
                    part_start,
                    opening + 4,
                    "put literals or fields between <?> and </?>",
                )
            items.append(OptionalPart(tuple(part)))
            part, at = None, opening + 4
        else:
            match = _FIELD.match(text, opening)
            if match is None:
                _fail_at_field(text, opening)
            (items if part is None else part).append(_field(match, text))
            at = match.end()
    if part is not None:
        _fail("the optional part is not closed", text, part_start, part_start + 3, "an optional part ends with </?>")
    if literal:
        items.append(Literal(encode(literal)))
    return Pattern(tuple(items))


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
        field = _field(match, text)
    except TemplateSyntaxError:
        return None, opening + 1
    if field.name is not None and field.name != DROPPED:
        if field.name in names or untyped[match[0]] > 1:
            return None, opening + 1
        names.add(field.name)
    return field, match.end()


def _mask_field(match: re.Match[str]) -> Field:
    return Field(None, TYPES[_MASK_TYPES.get(match["word"], "any")])


def _field(match: re.Match[str], text: str) -> Field:
    name = None if match["name"] == "*" else match["name"]
    if match["regex"] is not None:
        return Field(name, _regex_type(match["regex"][1:-1], text, match.start("regex") + 1))
    if match["type"] is None:
        return Field(name, ANY)
    return Field(name, _named_or_words(match["type"], text, match.start("type")))


def _named_or_words(written: str, text: str, start: int) -> FieldType:
    if "|" in written:
        words = written.split("|")
        at = start - 1
        seen: set[str] = set()
        for index, word in enumerate(words):
            at += 1
            if not word:
                _fail(
                    "a word of the list is empty",
                    text,
                    at - 1 if index else at,
                    at + (not index),
                    "words are joined by one '|'",
                )
            if word in seen:
                _fail(f"the word {word!r} stands in the list twice", text, at, at + len(word), "leave one of them out")
            seen.add(word)
            at += len(word)
        return WordList(tuple(map(encode, words)))
    if written in TYPES:
        return TYPES[written]
    guess = did_you_mean(written, TYPES)
    hint = f"{guess}The types are {_TYPES_AND_LITERAL}" if guess else f"the types are {_TYPES_AND_LITERAL}"
    _fail(f"unknown type {written!r}", text, start, start + len(written), hint)


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
        _fail("the field has no type after the ':'", text, opening, closing + 1, f"the types are {_TYPES_AND_LITERAL}")
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

    def __init__(self, *, foreign: bool = False) -> None:
        self._is_foreign = foreign
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
            pattern = parse_foreign_pattern(text) if self._is_foreign else parse_pattern(text)
            is_plain = False
        check_fields(header, pattern)
        if is_plain and all(field.type != REST for field in pattern.fields()):
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
        if match is None or match["regex"] is not None:
            return None
        try:
            return _field(match, text)
        except TemplateSyntaxError:
            return None


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
    Check what holds for a header and a pattern together: names are unique, `rest` is last, at most 64 variants.

    Raises:
        TemplateSyntaxError: its span is one of `str(pattern)`, or of `str(header)` where the header alone is wrong.
    """
    whole = Pattern((header.items if header is not None else ()) + pattern.items)
    names = [name for name in output_names(whole.items) if name is not None]
    parts = sum(isinstance(item, OptionalPart) for item in whole.items)
    if len(set(names)) == len(names) and parts <= MAX_OPTIONAL_PARTS and REST not in [f.type for f in whole.fields()]:
        return  # nearly always; what follows finds places, which takes longer
    if header is not None:
        for span, field in _spans(header):
            if field.type == REST:
                _fail("a header cannot hold a 'rest' field", str(header), *span, "use 'any' or 'word'")
    for span, field in _spans(pattern):
        if field.type == REST and str(pattern)[span[1] :] not in ("", "</?>"):
            _fail("a 'rest' field must be the last", str(pattern), *span, "use 'any' for text before other text")
    _check_names(header, pattern)
    if parts > MAX_OPTIONAL_PARTS:
        hint = f"a template has at most {MAX_OPTIONAL_PARTS} optional parts, its header included"
        _fail(f"{parts} optional parts make more than 64 variants", str(pattern), 0, len(str(pattern)), hint)


def _check_names(header: Pattern | None, pattern: Pattern) -> None:
    names = output_names((header.items if header is not None else ()) + pattern.items)
    texts = [str(header)] * (len(names) - len(_spans(pattern))) + [str(pattern)] * len(_spans(pattern))
    spans = [span for part in (header, pattern) if part is not None for span, _ in _spans(part)]
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        if name is not None and first.setdefault(name, index) != index:
            where = " (it is in the header)" if texts[index] != texts[first[name]] else ""
            _fail(f"the name {name!r} is used twice{where}", texts[index], *spans[index], _HINT_NAMES)


_HINT_NAMES = (
    "names are unique within a template, its header included; unnamed fields are called p1, p2, …; <_> is not output"
)


def _spans(pattern: Pattern) -> list[tuple[tuple[int, int], Field]]:
    """Each field of *pattern* and its span in `str(pattern)`."""
    spans: list[tuple[tuple[int, int], Field]] = []
    at = 0
    for item in pattern.items:
        inner = at + len("<?>") if isinstance(item, OptionalPart) else at
        for part in item.items if isinstance(item, OptionalPart) else (item,):
            if isinstance(part, Field):
                spans.append(((inner, inner + len(str(part))), part))
            inner += len(str(part))
        at += len(str(item))
    return spans
