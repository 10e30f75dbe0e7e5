"""
Pair grammar: keys and values in any order, as logfmt, CEF, firewalls and audit logs write them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

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
from logmatch.templates.values import pairs

_QUOTED = sequence(b'"', Repeat(choice(run(but(b'"\\')), sequence(b"\\", ONE_BYTE))), b'"')


@dataclass(frozen=True, slots=True)
class PairForm:
    """How pairs are written; the `grammar` of all of them, and what makes a JSON object of such a text (`convert`)."""

    key: Grammar
    assign: bytes
    value: Grammar
    separator: Grammar
    mark: bytes | None = None
    """The separator, without the blanks around it; empty: it is blanks alone; None: it is of another form."""

    @property
    def grammar(self) -> Sequence:
        pair = sequence(self.key, self.assign, self.value)
        return sequence(pair, Repeat(sequence(self.separator, pair)))

    def convert(self, text: bytes) -> bytes:
        """The object of the pairs of *text*; a value in quotes without them, escapes untouched."""
        key, value = expression(self.key), expression(self.value)
        pair = re.compile(b"(" + key + b")" + re.escape(self.assign) + b"(" + value + b")", re.DOTALL)
        separator = re.compile(expression(self.separator), re.DOTALL)
        found: list[tuple[bytes, bytes]] = []
        match = pair.match(text)
        while match is not None:
            name, text_of_value = match.groups()
            is_quoted = text_of_value.startswith(b'"')
            found.append((name, text_of_value[1:-1] if is_quoted else text_of_value))
            between = separator.match(text, match.end())
            match = pair.match(text, between.end()) if between else None
        return pairs(found)


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
    return PairForm(key, b"=", value, blanks)


CEF = _cef()
