"""
Output: what became of a line -> one line of JSON. The only place where bytes of a log become text.

`RecordWriter` knows the layout of records (SPEC 4). Everything that is the same for each record of a variant is put
together once; what is left for a line is a few values in a format of bytes. Strings are escaped as `orjson` does it,
and numbers are written with the digits of the line.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson

from logmatch.program import Program, Variant
from logmatch.template import PERCENT, QUOTED, Json, encode

# Printable ASCII but for the quote and the backslash: such text stands in JSON as it is.
_PLAIN = bytes(byte for byte in range(0x20, 0x7F) if byte not in b'"\\')

_PLAIN_LINES = _PLAIN + b"\n"

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

Values = Sequence[bytes]
"""The texts of a variant's fields, in their order."""

PlainWriter = Callable[[bytes, int, Values], bytes]
"""What comes before the line number, the line number, the values -> the record."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Which keys records have besides those that they always have."""

    with_file: bool = False
    raw: bool = False
    offsets: bool = False


class RecordWriter:
    """
    Encodes records of one program and of one file at a time (`begin`).

    `replaced` counts the U+FFFD that were written in place of bytes that are not UTF-8.
    """

    def __init__(self, program: Program, layout: Layout) -> None:
        self._layout = layout
        self.bodies = Bodies(program)
        self._head = b'{"line":'
        self._has_tail = layout.raw or layout.offsets
        self._is_plain = False
        self.replaced = 0

    def begin(self, file: str, data: bytes) -> None:
        """From now on, encode records of lines that are part of *data*, of *file*."""
        self._is_plain = not data.translate(None, _PLAIN_LINES)
        if self._layout.with_file:
            name, _ = json_string(file.encode("utf-8", "surrogateescape"))
            self._head = b'{"file":' + name + b',"line":'

    def matched(self, line_number: int, offset: int, raw: bytes, variant_number: int, values: Values) -> bytes:
        """The record of a matched line."""
        body = self.bodies[variant_number]
        if self._is_plain or not b"".join(values).translate(None, _PLAIN):
            record = body.plain(self._head, line_number, values)
        else:
            record, replaced = body.escaped(self._head, line_number, values)
            self.replaced += replaced
        if self._has_tail:
            return record[:-2] + self._tail(raw if self._layout.raw else None, offset) + b"\n"
        return record

    @property
    def head(self) -> bytes:
        """What comes before the line number in each record of the file at hand."""
        return self._head

    @property
    def plain_head(self) -> bytes | None:
        """
        What `bodies[variant].plain` takes first, to write what `matched` would write for the lines at hand; None
        where a record needs more than that.
        """
        return self._head if self._is_plain and not self._has_tail else None

    def unmatched(self, line_number: int, offset: int, raw: bytes) -> bytes:
        """The record of a line that nothing matched."""
        return b'%b%d,"template_id":null%b\n' % (self._head, line_number, self._tail(raw, offset))

    def too_long(self, line_number: int, offset: int, head: bytes, size: int) -> bytes:
        """The record of a line of *size* bytes, more than may be matched; *head* is its beginning."""
        error = b',"template_id":null,"error":"line too long","bytes":%d' % size
        return b"%b%d%b%b\n" % (self._head, line_number, error, self._tail(head, offset))

    def _tail(self, raw: bytes | None, offset: int) -> bytes:
        tail = b',"offset":%d}' % offset if self._layout.offsets else b"}"
        if raw is None:
            return tail
        text, replaced = json_string(raw)
        self.replaced += replaced
        return b',"raw":' + text + tail


class Bodies(dict[int, "Body"]):
    """The body of each variant by its number, made when it is first needed."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self._program = program

    def __missing__(self, variant_number: int) -> Body:
        body = self[variant_number] = Body(self._program, variant_number)
        return body


class Body:
    """The record of one variant, with places for what differs from line to line."""

    def __init__(self, program: Program, variant_number: int) -> None:
        variant: Variant = program.variants[variant_number]
        template = program.template_of(variant_number)
        self._fields: list[tuple[int, bool, int, int | None]] = []
        """For each value: the number of the field, whether it is a number, and the slice of its text."""
        keys = []
        for index, slot in enumerate(variant.slots):
            name, type_ = template.names[slot], template.types[slot]
            if name is not None:
                start, end = (1, -1) if type_ == QUOTED else (0, -1) if type_ == PERCENT else (0, None)
                self._fields.append((index, type_.json is Json.NUMBER, start, end))
                keys.append(_key(name) + b":")
        begin = b',"template_id":' + _key(template.id) + b',"values":{'
        self._pieces = [begin, *[b"," + key if number else key for number, key in enumerate(keys)], b"}}\n"]

    @functools.cached_property
    def plain(self) -> PlainWriter:
        """Writes the record for values of which none needs escaping. Making it takes longer than the rest of a body."""
        return _plain_writer(self._pieces, self._fields)

    def pieces(self) -> tuple[bytes, list[tuple[int, bool, int, int, bytes]]]:
        """
        The same for a writer in another language: what comes before the first value, and for each value the number of
        the field, whether it is a number, how many bytes of its text are left off at the beginning and at the end, and
        what stands behind it. The quotes of strings are in these pieces.
        """
        before = self._pieces[0]
        values: list[tuple[int, bool, int, int, bytes]] = []
        quote = b""  # that ends the value before
        for key, (index, is_number, start, end) in zip(self._pieces[1:], self._fields, strict=False):
            piece = quote + key + (b"" if is_number else b'"')
            quote = b"" if is_number else b'"'
            if values:
                values[-1] = (*values[-1][:4], piece)
            else:
                before += piece
            values.append((index, is_number, start, -(end or 0), b""))
        if values:
            values[-1] = (*values[-1][:4], quote + self._pieces[-1])
        else:
            before += self._pieces[-1]
        return before, values

    def escaped(self, head: bytes, line_number: int, values: Values) -> tuple[bytes, int]:
        """The record for any values, and how many U+FFFD are new in it."""
        parts = [head, b"%d" % line_number, self._pieces[0]]
        total = 0
        for key, (index, is_number, start, end) in zip(self._pieces[1:], self._fields, strict=False):
            value = values[index][start:end]
            parts.append(key)
            if is_number:
                parts.append(json_number(value))
            else:
                text, replaced = json_string(value)
                parts.append(text)
                total += replaced
        parts.append(self._pieces[-1])
        return b"".join(parts), total


def _plain_writer(pieces: Sequence[bytes], fields: Sequence[tuple[int, bool, int, int | None]]) -> PlainWriter:
    """
    Return the function that writes the record for values of which none needs escaping.

    It is put together as source text, from numbers only, since it runs for every line: a loop over *fields* takes three
    times as long as the values written out. A number that begins with 1 to 9 is valid JSON as it stands.

    Args:
        pieces: what stands before the first value's key, the keys, and what stands behind the last value.
        fields: see `Body`.
    """
    literals = [pieces[0]]  # what stands between the texts of the values
    texts = []
    for key, (index, is_number, start, end) in zip(pieces[1:], fields, strict=False):
        text = f"v[{index}]" + ("" if (start, end) == (0, None) else f"[{start}:{end}]")
        texts.append(f"{text} if 48 < v[{index}][0] < 58 else json_number({text})" if is_number else text)
        literals[-1] += key if is_number else key + b'"'
        literals.append(b"" if is_number else b'"')
    literals[-1] += pieces[-1]
    names = [f"literal_{number}" for number in range(len(literals))]
    parts = ["head", "b'%d' % line_number", names[0]]
    for name, text in zip(names[1:], texts, strict=True):
        parts += [text, name]
    source = f"lambda head, line_number, v: b''.join(({', '.join(parts)}))"
    make = eval(f"lambda json_number, {', '.join(names)}: {source}", {})
    writer: PlainWriter = make(json_number, *literals)
    return writer


def _key(text: str) -> bytes:
    """An id or a name as a JSON string; one from a file that is not UTF-8 may hold bytes that are not."""
    return json_string(encode(text))[0]


def json_string(text: bytes) -> tuple[bytes, int]:
    """Return *text* as a JSON string in UTF-8, and how many U+FFFD stand in it for bytes that are not UTF-8."""
    if not text.translate(None, _PLAIN):
        return b'"' + text + b'"', 0
    try:
        return orjson.dumps(text.decode()), 0
    except UnicodeDecodeError:
        decoded = text.decode("utf-8", "replace")
        return orjson.dumps(decoded), decoded.count(_REPLACEMENT) - text.count(_REPLACEMENT.encode())


def json_number(text: bytes) -> bytes:
    """
    Return *text* of an `int` or `float` field as a JSON number with the same digits.

    What JSON does not allow goes: a leading `+`, superfluous leading zeros; a point without a digit before it gets one.
    """
    if 0x31 <= text[0] <= 0x39:
        return text
    sign = b"-" if text[:1] == b"-" else b""
    digits = text.lstrip(b"+-").lstrip(b"0")
    return sign + digits if digits[:1].isdigit() else sign + b"0" + digits
