"""
Postgres: `log_line_prefix` of PostgreSQL -> templates.

After the documentation of log_line_prefix. A string may be the prefix alone or the whole setting; of a file
(postgresql.conf) the last setting that is not a comment counts. What stands after the prefix in every line is the
severity, a colon, two spaces and the message. Escapes that only sessions have are empty in other processes; what
follows `%q` is left out there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from logmatch.importers.draft import Blanks, Draft, Imported, Maybe, Piece, Text, Value
from logmatch.importers.source import Source, Unquoted

_TIME = "time(%Y-%m-%d %H:%M:%S %Z)|time(%Y-%m-%d %H:%M:%S %z)"  # the zone is a word, or +03 where it has none

ESCAPES: dict[str, tuple[str, str]] = {
    "a": ("application_name", "any"),
    "u": ("user_name", "any"),
    "d": ("database_name", "any"),
    "h": ("remote_host", "any"),
    "L": ("local_host", "any"),
    "b": ("backend_type", "any"),
    "p": ("process_id", "int"),
    "P": ("leader_pid", "int"),
    "t": ("log_time", _TIME),
    "m": ("log_time", _TIME.replace("%S", "%S.%L")),
    "n": ("log_time", "epoch"),
    "i": ("command_tag", "any"),
    "e": ("sql_state_code", "[0-9A-Z]{5}"),
    "c": ("session_id", "[0-9a-f.]+"),
    "l": ("session_line_num", "int"),
    "s": ("session_start_time", _TIME),
    "v": ("virtual_transaction_id", "[0-9/-]*"),
    "x": ("transaction_id", "int"),
    "Q": ("query_id", "int"),
}
"""The escapes by letter: the name of the field, as in csvlog, and its type. `%r`, `%q` and `%%` are apart."""

MAY_BE_EMPTY = frozenset("PQ")
"""Numbers that only some processes have. Texts may be empty as they are."""

DEFAULT = "%m [%p] "
"""What holds where a configuration does not set it."""

SEVERITIES = "DEBUG5|DEBUG4|DEBUG3|DEBUG2|DEBUG1|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC"
CONTINUING = "DETAIL|HINT|QUERY|CONTEXT|LOCATION|STATEMENT|BACKTRACE"

_ESCAPE = re.compile(r"%(?P<padding>-?[0-9]*)(?P<letter>.?)", re.DOTALL)


def read(source: Source) -> Imported:
    """The templates of a prefix."""
    prefix = _prefix(source)
    at = prefix.text.find("\n")
    if at >= 0:
        hint = "give the setting alone, as SHOW log_line_prefix prints it"
        raise prefix.error("a prefix stands in a line and has no line break", at, at + 1, hint)
    header = tuple(_pieces(prefix))
    severity = (Value("error_severity", SEVERITIES), Text(":  "), Value("message", "rest"))
    context = (Value("kind", CONTINUING), Text(":  "), Value("text", "rest"))
    return Imported(
        (
            Draft("message", severity, "A message", "default"),
            Draft("context", context, "What belongs to the message before", "default"),
        ),
        {"default": header},
        (f"Made by logmatch import postgres from log_line_prefix = '{prefix.text}'.",),
    )


def _pieces(prefix: Unquoted) -> Iterator[Piece]:
    """The pieces of the prefix; what follows `%q` may be absent."""
    pieces: list[Piece] = []
    session: list[Piece] | None = None
    at = 0
    for match in _ESCAPE.finditer(prefix.text):
        into = pieces if session is None else session
        into.append(Text(prefix.text[at : match.start()]))
        at = match.end()
        if match["letter"] == "q":
            session = [] if session is None else session
        else:
            into += _escape(prefix, match)
    (pieces if session is None else session).append(Text(prefix.text[at:]))
    yield from pieces
    if session and any(not isinstance(piece, Text) or piece.text for piece in session):
        yield Maybe(tuple(session))


def _escape(prefix: Unquoted, match: re.Match[str]) -> list[Piece]:
    letter, padding = match["letter"], match["padding"]
    if letter == "%" and not padding:
        return [Text("%")]
    if letter == "r":
        return [Value("remote_host", "any"), Maybe((Text("("), Value("remote_port", "int"), Text(")")))]
    if letter not in ESCAPES or not letter:
        known = " ".join(f"%{letter}" for letter in [*ESCAPES, "r", "q", "%"])
        message = f"log_line_prefix has no escape {match[0]}" if letter else "this % begins no escape"
        raise prefix.error(message, match.start(), match.end(), f"the escapes are {known}")
    name, type_ = ESCAPES[letter]
    value: Piece = Value(name, type_)
    if letter in MAY_BE_EMPTY:
        value = Maybe((value,))
    if not padding or padding == "-":
        return [value]
    return [value, Blanks()] if padding.startswith("-") else [Blanks(), value]


# --- where the prefix stands


def _prefix(source: Source) -> Unquoted:
    settings = list(
        re.finditer(
            r"(?im)^[ \t]*log_line_prefix[ \t]*(?:=|[ \t])[ \t]*(?:'((?:[^'\n\\]|''|\\.)*)'|(\S+))", source.text
        )
    )
    if settings:
        last = settings[-1]
        group = 1 if last[1] is not None else 2
        return _unescaped(source, last.start(group), last.end(group))
    if source.file is not None and re.search(r"(?m)^\s*#?\s*\w+\s*=", source.text):
        return Unquoted.whole(Source(DEFAULT))
    text = source.text.rstrip("\r\n")
    if len(text.strip()) > 1 and text.strip()[0] == text.strip()[-1] == "'":
        start = text.index("'") + 1
        return _unescaped(source, start, text.rindex("'"))
    return Unquoted.whole(source)


def _unescaped(source: Source, start: int, end: int) -> Unquoted:
    """The text of a setting without its escapes: a doubled quote, and those of C."""
    result = Unquoted(source, end=start)
    at = start
    while at < end:
        char, following = source.text[at], source.text[at + 1 : at + 2]
        if (char == "'" and following == "'") or (char == "\\" and following):
            result.add({"t": "\t", "n": "\n"}.get(following, following) if char == "\\" else "'", at, 2)
            at += 2
        else:
            result.add(char, at)
            at += 1
    return result
