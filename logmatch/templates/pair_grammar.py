"""
Pair grammar: keys and values in any order, as logfmt, CEF, firewalls and audit logs write them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from logmatch.templates.field_type import WHITESPACE
from logmatch.templates.grammar import (
    END,
    ONE_BYTE,
    Grammar,
    Not,
    Repeat,
    Sequence,
    but,
    choice,
    expression,
    maybe,
    run,
    sequence,
)
from logmatch.templates.values import json_object

_QUOTED = sequence(b'"', Repeat(choice(run(but(b'"\\')), sequence(b"\\", ONE_BYTE))), b'"')


@dataclass(frozen=True, slots=True)
class PairSequence(Sequence):
    """The grammar of pairs; a scanner by hand goes by their marks alone. Without an assignment sign they are of CEF."""

    separator: bytes = b""
    assign: bytes = b""


@dataclass(frozen=True)
class PairForm:
    """How pairs are written; the `grammar` of all of them, and what makes a JSON object of such a text (`convert`)."""

    key: Grammar
    assign: bytes
    value: Grammar
    separator: Grammar
    mark: bytes | None = None
    """The separator, without the blanks around it; empty: it is blanks alone; None: it is of another form."""
    has_quotes: bool = True
    """Whether a value may stand in quotes, which are left off then."""

    @property
    def grammar(self) -> PairSequence:
        pair = sequence(self.key, self.assign, self.value)
        marks = (b"", b"") if self.mark is None else (self.mark, self.assign)
        return PairSequence((pair, Repeat(sequence(self.separator, pair))), *marks)

    def convert(self, text: bytes) -> bytes:
        """The object of the pairs of *text*."""
        return json_object(self.pairs_of(text))

    def pairs_of(self, text: bytes) -> dict[bytes, bytes]:
        """
        The keys and values of *text*; a value in quotes without them, escapes untouched.

        Of a key that comes again, the last value stands, where the first stood.
        """
        pair, separator = self._expressions
        found: list[tuple[bytes, bytes]] = []
        match = pair.match(text)
        while match is not None:
            name, value = match.groups()
            found.append((name, value[1:-1] if self.has_quotes and value.startswith(b'"') else value))
            between = separator.match(text, match.end())
            match = pair.match(text, between.end()) if between else None
        return dict(found)

    @cached_property
    def _expressions(self) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
        """What takes a pair, in two groups, and what takes what stands between two."""
        key, value = expression(self.key), expression(self.value)
        pair = re.compile(b"(" + key + b")" + re.escape(self.assign) + b"(" + value + b")", re.DOTALL)
        return pair, re.compile(expression(self.separator), re.DOTALL)


def pairs_with(separator: bytes, assign: bytes) -> PairForm:
    """Pairs with *separator* (empty: spaces and tabs) between them and *assign* between key and value."""
    blanks = run(WHITESPACE)
    if not separator:
        between: Grammar = blanks
        bare: Grammar = run(but(WHITESPACE), 0)
    else:
        # A tab that separates is no blank around a separator.
        around = maybe(run(bytes(set(WHITESPACE) - set(separator[:1]))))
        between = sequence(around, separator, around)
        if len(separator) == 1:
            bare = run(but(separator), 0)
        else:
            bare = Repeat(choice(run(but(separator[:1])), sequence(Not(sequence(separator)), ONE_BYTE)))
    key = run(but(WHITESPACE, b'"', assign[:1], separator[:1]))
    return PairForm(key, assign, choice(_QUOTED, sequence(Not(sequence(b'"')), bare)), between, separator)


def _cef() -> PairForm:
    # ArcSight Common Event Format: a value goes on up to the next key; in it `=` may be escaped, and `\` is.
    key = run(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-[]")
    blanks = run(WHITESPACE)
    inner = sequence(blanks, Not(choice(sequence(key, b"="), END)))
    value = Repeat(choice(run(but(WHITESPACE, b"\\")), sequence(b"\\", ONE_BYTE), inner))
    return PairForm(key, b"=", value, blanks, has_quotes=False)


CEF = _cef()
