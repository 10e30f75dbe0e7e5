"""
Strftime: the format of a time, of strftime or of Java -> a type of the pattern language.

A format that one of the named types takes becomes that type; any other becomes `time(FORMAT)`, whose directives are
those of strptime and `%L` for a fraction.
"""

from __future__ import annotations

import re

SHORTHANDS = {"%T": "%H:%M:%S", "%R": "%H:%M", "%F": "%Y-%m-%d", "%D": "%m/%d/%y", "%e": "%d", "%h": "%b"}

NAMED: dict[str, str] = {
    "%d/%b/%Y:%H:%M:%S %z": "clftime",
    "%Y/%m/%d %H:%M:%S": "slashtime",
    "%Y/%m/%d %H:%M:%S.%L": "slashtime",
    "%a %b %d %H:%M:%S %Y": "ctime",
    "%a %b %d %H:%M:%S.%L %Y": "ctime",
    "%a, %d %b %Y %H:%M:%S %z": "rfc2822",
    "%b %d %H:%M:%S": "syslogtime",
    "%s": "epoch",
    "%Y-%m-%d": "date",
    "%Y/%m/%d": "date",
    "%H:%M": "time",
    "%H:%M:%S": "time",
    "%H:%M:%S.%L": "time",
    "%H:%M:%S,%L": "time",
    **{
        f"%Y-%m-%d{between}%H:%M{seconds}{zone}": "iso8601"
        for between in ("T", " ")
        for seconds in ("", ":%S", ":%S.%L", ":%S,%L")
        for zone in ("", "%z", "Z")
    },
}
"""Formats that a named type takes."""

_SINGLE: dict[str, str] = {
    "%Y": "[0-9]{4}",
    "%H": "[0-9]{2}",
    "%M": "[0-9]{2}",
    "%S": "[0-9]{2}",
    "%m": "[0-9]{2}",
    "%d": "[0-9]{2}",
    "%y": "[0-9]{2}",
    "%j": "[0-9]{3}",
    "%L": "[0-9]+",
    "%z": "[0-9+:Z-]+",
    "%Z": "word",
    "%a": "[A-Za-z]+",
    "%b": "[A-Za-z]+",
    "%p": "AM|PM",
}
"""Parts of a time that stand alone, as `%{%z}t` of Apache: these are no times."""


def pattern_type(form: str) -> str:
    """The type of a time that strftime writes in the format *form*."""
    for short, long in SHORTHANDS.items():
        form = form.replace(short, long)
    if form in NAMED:
        return NAMED[form]
    return _SINGLE.get(form) or f"time({form})"


_JAVA: dict[str, str] = {
    "yyyy": "%Y",
    "uuuu": "%Y",
    "yy": "%y",
    "MMMM": "%B",
    "MMM": "%b",
    "MM": "%m",
    "M": "%m",
    "dd": "%d",
    "d": "%d",
    "HH": "%H",
    "H": "%H",
    "hh": "%I",
    "h": "%I",
    "mm": "%M",
    "ss": "%S",
    "EEEE": "%A",
    "EEE": "%a",
    "EE": "%a",
    "E": "%a",
    "a": "%p",
    "DDD": "%j",
    "z": "%Z",
    "zzz": "%Z",
    "Z": "%z",
    "X": "%z",
    "XX": "%z",
    "XXX": "%z",
    "xxx": "%z",
    "xx": "%z",
    "x": "%z",
}


def java_format(form: str) -> tuple[str, int] | tuple[None, int]:
    """
    A format of SimpleDateFormat or DateTimeFormatter as one of strftime, and 0.

    None, and where it stands, for a letter that has none.
    """
    result: list[str] = []
    at = 0
    while at < len(form):
        char = form[at]
        if char == "'":
            end = form.find("'", at + 1)
            end = len(form) if end < 0 else end
            result.append((form[at + 1 : end] or "'").replace("%", "%%"))
            at = end + 1
            continue
        if not char.isalpha():
            result.append("%%" if char == "%" else char)
            at += 1
            continue
        run = re.match(re.escape(char) + "+", form[at:])
        assert run is not None
        letters = run[0]
        if char in "Sn":
            result.append("%L")
        elif letters in _JAVA:
            result.append(_JAVA[letters])
        else:
            return None, at
        at += len(letters)
    return "".join(result), 0
