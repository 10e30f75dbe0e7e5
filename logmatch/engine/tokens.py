"""
Tokens: the exact text of each token type, as regular expressions over bytes (SPEC 1).

Each expression is deterministic from where it begins: it takes the longest text of the type's form and gives nothing
back. Where SPEC's own expression would, a possessive quantifier or an atomic group keeps it from doing so; `tests`
compare the two. `rest`, word lists and `/regex/` fields are not here: the first two need no expression, the last brings
its own. Both Python engines take these texts from here; other engines are tested against them.
"""

from __future__ import annotations

from logmatch.templates.model import (
    CLFTIME,
    DATE,
    FLOAT,
    HEX,
    HOST,
    INT,
    IP,
    IPV4,
    IPV6,
    ISO8601,
    MAC,
    PERCENT,
    QUOTED,
    REST,
    SYSLOGTIME,
    TIME,
    UUID,
    WS,
    NamedType,
)

_FLOAT = rb"[+-]?+(?:[0-9]++(?:\.[0-9]++)?+|\.[0-9]++)(?:[eE][+-]?+[0-9]++)?+"

# An octet may have leading zeros (up to three digits), as other log tools read it and as some devices write it.
_OCTET = rb"(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]{1,2})"
_IPV4 = rb"(?>" + _OCTET + rb")(?:\.(?>" + _OCTET + rb")){3}"

_GROUP = rb"[0-9a-fA-F]{1,4}"


def _ipv6() -> bytes:
    """
    RFC 4291, section 2.2: eight groups, or fewer with one `::` for one or more groups of zeros.

    How many groups stand before `::` is seen from the text alone, so at most one of the alternatives can match. Behind
    it an embedded IPv4 address, which takes the place of two groups, is tried first: it goes on where a group would
    end.
    """
    alternatives = [rb"(?:" + _GROUP + rb":){6}(?:" + _IPV4 + rb"|" + _GROUP + rb":" + _GROUP + rb")"]
    for before in range(8):
        head = rb"(?:" + _GROUP + rb":){%d}:" % before if before else rb"::"
        most = 7 - before
        tails = [rb"(?:" + _GROUP + rb":){0,%d}" % (most - 2) + _IPV4] if most >= 2 else []
        tails += [_GROUP + rb"(?::" + _GROUP + rb"){0,%d}" % (most - 1)] if most else []
        alternatives.append(head + (rb"(?:" + rb"|".join(tails) + rb")?" if tails else b""))
    return rb"(?:" + rb"|".join(alternatives) + rb")"


_IPV6 = _ipv6()

_HEX2 = rb"[0-9a-fA-F]{2}"
_MONTH = rb"(?:0[1-9]|1[0-2])"
_DAY = rb"(?:0[1-9]|[12][0-9]|3[01])"
_MONTH_NAME = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_HOUR = rb"(?:[01][0-9]|2[0-3])"
_MINUTE = rb"[0-5][0-9]"
_SECOND = rb"(?:[0-5][0-9]|60)"
_FRACTION = rb"(?:[.,][0-9]+)?"
_ZONE = rb"(?:[Zz]|[+-]" + _HOUR + rb"(?::?" + _MINUTE + rb")?)?"
# RFC 3339 and the extended form of ISO 8601, whose seconds are optional; and its basic form, 20240531T130559Z.
_EXTENDED = (
    rb"[0-9]{4}-"
    + _MONTH
    + rb"-"
    + _DAY
    + rb"[Tt ]"
    + _HOUR
    + rb":"
    + _MINUTE
    + rb"(?::"
    + _SECOND
    + _FRACTION
    + rb")?"
)
_BASIC = rb"[0-9]{4}" + _MONTH + _DAY + rb"T" + _HOUR + _MINUTE + _SECOND + _FRACTION

TOKEN_EXPRESSIONS: dict[NamedType, bytes] = {
    WS: rb"[ \t]*+",
    INT: rb"[+-]?+[0-9]++",
    FLOAT: _FLOAT,
    PERCENT: _FLOAT + rb"%",
    HEX: rb"(?:0[xX](?=[0-9a-fA-F]))?+[0-9a-fA-F]++",
    IPV4: _IPV4,
    IPV6: rb"(?=[0-9a-fA-F:])(?>" + _IPV6 + rb")",
    IP: rb"(?=[0-9a-fA-F:])(?>" + _IPV6 + rb"|" + _IPV4 + rb")",
    MAC: rb"(?:" + _HEX2 + rb"(?::" + _HEX2 + rb"){5}|" + _HEX2 + rb"(?:-" + _HEX2 + rb"){5})",
    UUID: rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    HOST: rb"[A-Za-z0-9_-]++(?:\.[A-Za-z0-9_-]++)*+",
    QUOTED: rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"',
    DATE: rb"[0-9]{4}(?:-" + _MONTH + rb"-" + _DAY + rb"|/" + _MONTH + rb"/" + _DAY + rb")",
    TIME: rb"(?>" + _HOUR + rb":" + _MINUTE + rb"(?::" + _SECOND + _FRACTION + rb")?)",
    ISO8601: rb"(?>(?:" + _EXTENDED + rb"|" + _BASIC + rb")" + _ZONE + rb")",
    # RFC 3164, section 4.1.2; a day of one digit is also taken with one space before it, as some devices write it.
    SYSLOGTIME: _MONTH_NAME + rb" (?>[12][0-9]|3[01]|[ 0]?[1-9]) " + _HOUR + rb":" + _MINUTE + rb":" + _SECOND,
    CLFTIME: _DAY
    + rb"/"
    + _MONTH_NAME
    + rb"/[0-9]{4}:"
    + _HOUR
    + rb":"
    + _MINUTE
    + rb":"
    + _SECOND
    + rb" [+-][0-9]{4}",
}

ENDS_IN_ORDER = frozenset(
    (REST, WS, INT, FLOAT, PERCENT, HEX, IPV4, MAC, UUID, HOST, QUOTED, DATE, SYSLOGTIME, CLFTIME)
)
"""
Tokens that end no earlier when they begin later. Others may: of 13:05:59.1 the time that begins at 05 ends before the
point.
"""
