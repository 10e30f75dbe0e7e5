"""
Output: what became of a line -> one line of JSON. The only place where bytes of a log become text.

`RecordWriter` knows the layout of records (SPEC 4). Everything that is the same for each record of a variant is put
together once; what is left for a line is a few values in a format of bytes. Strings are escaped as `orjson` does it,
and numbers are written with the digits of the line.
"""

from __future__ import annotations

import itertools
import json  # noqa: F401 - orjson imports it, and crashes where a Ctrl-C interrupts that
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from logmatch.program import Program, Variant
from logmatch.templates.model import JsonKind, encode

# Printable ASCII but for the quote and the backslash: such text stands in JSON as it is.
_PLAIN = bytes(byte for byte in range(0x20, 0x7F) if byte not in b'"\\')

_PLAIN_LINES = _PLAIN + b"\n"

_FEW_LINES = 4
"""Up to below how many lines of a variant it takes longer to make columns of their texts than to go text by text."""

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

Values = Sequence[bytes]
"""The texts of a variant's fields, in their order."""


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

    def matched(self, variant_number: int, line_numbers: Sequence[int], values: Sequence[Values]) -> list[bytes]:
        """
        The records of lines that one variant matched.

        Args:
            values: for each line its texts.
        """
        body = self.bodies[variant_number]
        if len(values) < _FEW_LINES:
            made = (body.record(self._head, *line, self._is_plain) for line in zip(line_numbers, values, strict=True))
            records, replaced = zip(*made, strict=True)
            self.replaced += sum(replaced)
            return list(records)
        many, replaced_in_all = body.records(self._head, line_numbers, values, self._is_plain)
        self.replaced += replaced_in_all
        return many

    @property
    def has_tail(self) -> bool:
        """Whether records need `with_tail`."""
        return self._has_tail

    def with_tail(self, record: bytes, offset: int, raw: bytes) -> bytes:
        """*record* of a matched line, with what the layout says of the line itself."""
        return record[:-2] + self._tail(raw if self._layout.raw else None, offset) + b"\n"

    @property
    def head(self) -> bytes:
        """What comes before the line number in each record of the file at hand."""
        return self._head

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
    """
    The records of one variant: a format with places for what differs from line to line.

    Many lines are written column by column: what has to be done to a field's texts is done, or found to be needless,
    for all lines at once.
    """

    def __init__(self, program: Program, variant_number: int) -> None:
        variant: Variant = program.variants[variant_number]
        template = program.template_of(variant_number)
        self._fields: list[tuple[int, bool, int, int | None]] = []
        """For each value: the number of the field, whether it is a number, and the slice of its text."""
        keys = []
        for index, slot in enumerate(variant.slots):
            name, type_ = template.names[slot], template.types[slot]
            if name is not None:
                facts = type_.facts
                is_number = facts.json_kind is JsonKind.NUMBER
                self._fields.append((index, is_number, facts.trimmed_start, -facts.trimmed_end or None))
                keys.append(_key(name) + b":")
        begin = b',"template_id":' + _key(template.id) + b',"values":{'
        self._pieces = [begin, *[b"," + key if number else key for number, key in enumerate(keys)], b"}}\n"]
        # All texts as they are, as long as they are plain.
        self._is_simple = self._fields == [(index, False, 0, None) for index in range(len(variant.slots))]
        before, values = self.pieces()
        literals = [before, *(behind for *_, behind in values)]
        self._format = b"%b%d" + b"%b".join(text.replace(b"%", b"%%") for text in literals)

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

    def record(self, head: bytes, line_number: int, values: Values, is_plain: bool) -> tuple[bytes, int]:
        """
        The record of one line, and how many U+FFFD are new in it.

        Args:
            is_plain: whether it is known that no text needs escaping.
        """
        if is_plain and self._is_simple:
            return self._format % (head, line_number, *values), 0
        texts = []
        total = 0
        for index, is_number, start, end in self._fields:
            text = values[index][start:end]
            if is_number:
                text = json_number(text)
            elif not is_plain and text.translate(None, _PLAIN):
                text, replaced = _escaped(text)
                total += replaced
            texts.append(text)
        return self._format % (head, line_number, *texts), total

    def records(
        self, head: bytes, line_numbers: Sequence[int], values: Sequence[Values], is_plain: bool
    ) -> tuple[list[bytes], int]:
        """The same for many lines: what `record` gives for each, and the sum."""
        texts = list(zip(*values, strict=True))  # for each field those of all lines
        columns: list[Sequence[bytes]] = []
        total = 0
        for index, is_number, start, end in self._fields:
            column: Sequence[bytes] = texts[index]
            if (start, end) != (0, None):
                column = [text[start:end] for text in column]
            if is_number:
                column = [text if 0x31 <= text[0] <= 0x39 else json_number(text) for text in column]
            elif not is_plain and b"".join(column).translate(None, _PLAIN):
                column, replaced = zip(*map(_escaped, column), strict=True)
                total += sum(replaced)
            columns.append(column)
        rows = zip(itertools.repeat(head), line_numbers, *columns)  # the head is repeated without end
        return list(map(self._format.__mod__, rows)), total


def _escaped(text: bytes) -> tuple[bytes, int]:
    """What `json_string` gives, without the quotes."""
    if not text.translate(None, _PLAIN):
        return text, 0
    string, replaced = json_string(text)
    return string[1:-1], replaced


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
