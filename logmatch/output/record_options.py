"""
Record options: which keys a record has besides those that it always has, and how keys are written.

A writer of JSON Lines in any language puts its records together from these, in the order in which they stand here; the
keys of the values of matched lines are in `jsonl.Body`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

LINE = b'{"line":'
LINES = b',"lines":'
NO_TEMPLATE = b',"template_id":null'
ERROR = b',"error":'
BYTES = b',"bytes":'
RAW = b',"raw":'
MORE = b',"more":'
TRUNCATED = b',"truncated":true'
INPUT = b',"input":'
OFFSET = b',"offset":'
TIME = b',"ts":'
NO_TIME = TIME + b"null"


class TimeForm(enum.StrEnum):
    """How the time of a line is written."""

    RFC3339 = "rfc3339"
    """Text in UTC, `2024-05-31T11:05:59.123Z`, with the digits of the line; without the `Z` where no zone is known."""
    EPOCH_NS = "epoch_ns"
    """As a number: nanoseconds since 1970; null where no zone is known."""
    EPOCH_MS = "epoch_ms"
    """The same in milliseconds, rounded down."""


@dataclass(frozen=True, slots=True)
class RecordOptions:
    """Which keys records have besides those that they always have."""

    with_file: bool = False
    raw: bool = False
    offsets: bool = False
    entries: bool = False
    """Whether lines may come with entries (`entries.Entries`), and records with what these say."""
    time_form: TimeForm | None = None
    """How the times of lines are written; None: they are not."""
    keys: frozenset[str] | None = None
    """Which of the keys `line`, `template_id`, `raw` (of unmatched lines) and `values` records have; None: all."""
    value_names: frozenset[str] | None = None
    """Which values records have; None: all."""
    safe_numbers: bool = False
    """Whether numbers that consumers refuse or round are written as text (`jsonl.fits_double`)."""

    def has(self, key: str) -> bool:
        """Whether records have *key*, one of those that they have by themselves."""
        return self.keys is None or key in self.keys


def opened(record: bytes) -> bytes:
    """*record*, which begins with the comma before its first key, or is empty, as an object."""
    return b"{" + record.removeprefix(b",")
