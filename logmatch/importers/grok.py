"""
Grok: patterns of Logstash -> templates.

After the patterns of logstash-patterns-core. A string is a pattern; of a file every line that has a `%{` is one, or
what stands between quotes in it; a line `NAME expression` defines a pattern of one's own. Of the regular expression
around the patterns what has a counterpart is read: literals and their escapes, blanks, optional parts, alternatives,
sets of characters, named groups. Grok looks for its pattern anywhere in a line; a template matches the whole of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from logmatch.importers.dissect import patterns
from logmatch.importers.draft import Blanks, Draft, Either, Imported, Maybe, Piece, Text, Value
from logmatch.importers.source import Source, Unquoted
from logmatch.templates.type_syntax import set_of_regex
from logmatch.wording import did_you_mean

MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"

TYPES: dict[str, str] = {
    **dict.fromkeys(("INT", "POSINT", "NONNEGINT"), "int"),
    **dict.fromkeys(("NUMBER", "BASE10NUM", "BASE16FLOAT"), "float"),
    **dict.fromkeys(("BASE16NUM",), "hex"),
    **dict.fromkeys(("WORD",), "[A-Za-z0-9_]+"),
    **dict.fromkeys(
        ("NOTSPACE", "EMAILADDRESS", "URN", "TTY", "URIHOST", "URIPARAM", "URIPATHPARAM", "URIQUERY"), "word"
    ),
    **dict.fromkeys(
        ("HOSTPORT", "PROG", "SYSLOGFACILITY", "HTTPDUSER", "URIPROTO", "JAVACLASS", "JAVAFILE", "TZ"), "word"
    ),
    **dict.fromkeys(("USER", "USERNAME", "EMAILLOCALPART"), "[A-Za-z0-9._-]+"),
    **dict.fromkeys(("DATA", "GREEDYDATA", "JAVALOGMESSAGE", "SYSLOGMESSAGE"), "any"),
    **dict.fromkeys(("QUOTEDSTRING", "QS"), "quoted"),
    **dict.fromkeys(("UUID",), "uuid"),
    **dict.fromkeys(("IP",), "ip"),
    **dict.fromkeys(("IPV4",), "ipv4"),
    **dict.fromkeys(("IPV6",), "ipv6"),
    **dict.fromkeys(("MAC", "COMMONMAC", "WINDOWSMAC", "CISCOMAC"), "mac"),
    **dict.fromkeys(("HOST", "HOSTNAME"), "host"),
    **dict.fromkeys(("IPORHOST", "SYSLOGHOST"), "peer"),
    **dict.fromkeys(("PATH", "UNIXPATH", "WINPATH", "URIPATH"), "path"),
    **dict.fromkeys(("URI",), "url"),
    **dict.fromkeys(("TIMESTAMP_ISO8601", "TOMCAT_DATESTAMP"), "iso8601"),
    **dict.fromkeys(("HTTPDATE",), "clftime"),
    **dict.fromkeys(("SYSLOGTIMESTAMP",), "syslogtime"),
    **dict.fromkeys(("DATESTAMP_RFC822", "DATESTAMP_RFC2822"), "rfc2822"),
    **dict.fromkeys(("DATESTAMP_OTHER", "HTTPDERROR_DATE"), "ctime"),
    **dict.fromkeys(("TIME",), "time"),
    **dict.fromkeys(("YEAR", "MONTHNUM", "MONTHNUM2", "MONTHDAY", "HOUR", "MINUTE"), "[0-9]+"),
    **dict.fromkeys(("SECOND",), "[0-9.,]+"),
    **dict.fromkeys(("ISO8601_TIMEZONE",), "[0-9Z:+-]+"),
    **dict.fromkeys(("MONTH", "DAY"), "[A-Za-z]+"),
    **dict.fromkeys(("LOGLEVEL",), "[A-Za-z]+"),
}
"""The patterns of logstash-patterns-core that have a type."""

MADE_OF: dict[str, str] = {
    "SYSLOGPROG": r"%{PROG:program}(?:\[%{POSINT:pid}\])?",
    "SYSLOGBASE": r"%{SYSLOGTIMESTAMP:timestamp} (?:%{SYSLOGFACILITY} )?%{SYSLOGHOST:logsource} %{SYSLOGPROG}:",
    "SYSLOGLINE": r"%{SYSLOGTIMESTAMP:timestamp} %{SYSLOGHOST:logsource} %{SYSLOGPROG}: %{GREEDYDATA:message}",
    "COMMONAPACHELOG": r"%{IPORHOST:clientip} %{HTTPDUSER:ident} %{NOTSPACE:auth} \[%{HTTPDATE:timestamp}\] "
    r'"(?:%{WORD:verb} %{NOTSPACE:request}(?: HTTP/%{NUMBER:httpversion})?|%{DATA:rawrequest})" %{INT:response} '
    r"(?:%{INT:bytes}|-)",
    "COMBINEDAPACHELOG": r"%{COMMONAPACHELOG} %{QS:referrer} %{QS:agent}",
}
"""Patterns that are made of others."""

KINDS = {"int": "int", "integer": "int", "long": "int", "float": "float", "double": "float", "string": "", "": ""}

_REFERENCE = re.compile(r"%\{(?P<pattern>\w+)(?::(?P<name>[^:}]*))?(?::(?P<kind>[^}]*))?\}")
_GROUP = re.compile(r"\((?:\?:|\?<(?P<name>[A-Za-z_]\w*)>|\?P<(?P<other>[A-Za-z_]\w*)>)?")
_SET = re.compile(r"\[\^?\]?(?:[^\]\\]|\\.)*\]")
_CLASSES = {"d": "[0-9]", "w": "[A-Za-z0-9_]", "S": "word", ".": "any"}


def read(source: Source) -> Imported:
    """A template for each pattern."""
    own: dict[str, str] = {}
    drafts: list[Draft] = []
    for pattern in patterns(source):
        definition = re.fullmatch(r"([A-Z][A-Z0-9_]*) (.+)", pattern.text) if source.file is not None else None
        if definition:
            own[definition[1]] = definition[2]
            continue
        number = len(drafts) + 1
        pieces = _Reader(pattern, own).read()
        drafts.append(Draft("grok" if number == 1 else f"grok-{number}", tuple(pieces), pattern.text))
    if not drafts:
        raise source.error("there is no pattern here", 0, 1, "a pattern has references: %{IP:client} %{WORD:method}")
    where = source.file if source.file is not None else "a string"
    return Imported(tuple(drafts), comments=(f"Made by logmatch import grok from {where}.",))


@dataclass(slots=True)
class _Reader:
    """Reads a pattern from left to right; `at` is where it is."""

    pattern: Unquoted
    own: dict[str, str]
    at: int = 0
    inside: tuple[str, ...] = field(default=())
    """The patterns that this one is a part of."""

    def read(self) -> list[Piece]:
        pieces = self._alternatives("")
        if self.at < len(self.pattern.text):
            raise self.pattern.error("this ) closes nothing", self.at, self.at + 1, "a literal ) is written \\)")
        return pieces

    def _alternatives(self, closing: str) -> list[Piece]:
        """The pieces up to *closing*, which is read too."""
        opened = self.at - 1
        branches: list[list[Piece]] = [[]]
        text = self.pattern.text
        while self.at < len(text):
            char = text[self.at]
            if char == ")":
                if not closing:
                    return branches[0]
                self.at += 1
                break
            if char == "|":
                branches.append([])
                self.at += 1
                continue
            branches[-1] += self._item(char)
        else:
            if closing:
                raise self.pattern.error("this ( is not closed", opened, opened + 1, "write a ) at its end")
        return branches[0] if len(branches) == 1 else [Either(tuple(tuple(branch) for branch in branches))]

    def _item(self, char: str) -> list[Piece]:
        text, start = self.pattern.text, self.at
        pieces: list[Piece]
        if text.startswith("%{", start):
            pieces = self._reference()
        elif char == "(":
            pieces = self._group()
        elif char == "[":
            found = _SET.match(text, start)
            if found is None:
                raise self.pattern.error("this [ is not closed", start, start + 1, "write a ] at its end")
            self.at = found.end()
            return self._repeated(found[0], start)
        elif char == "\\" and start + 1 < len(text):
            self.at += 2
            letter = text[start + 1]
            if letter == "s":
                self._skip("+*?")
                return [Blanks()]
            if letter in "dwS":
                return self._repeated(_CLASSES[letter], start)
            if letter.isalnum() and letter not in "tbBAzZ":
                raise self._unknown(f"\\{letter}", start)
            pieces = [Text("\t")] if letter == "t" else [] if letter.isalnum() else [Text(letter)]
        elif char == ".":
            self.at += 1
            return self._repeated("any", start)
        elif char in "^$":
            self.at += 1
            return []
        else:
            self.at += 1
            if char == " " and text[self.at : self.at + 1] in ("+", "*"):
                self._skip("+*?")
                return [Blanks()]
            pieces = [Text(char)]
        if text[self.at : self.at + 1] == "?":
            self.at += 1
            return [Maybe(tuple(pieces))] if pieces else []
        if text[self.at : self.at + 1] in ("*", "+") and text[self.at : self.at + 1]:
            raise self._unknown(f"a repeated {text[start : self.at]}", start)
        return pieces

    def _skip(self, chars: str) -> None:
        while self.pattern.text[self.at : self.at + 1] and self.pattern.text[self.at] in chars:
            self.at += 1

    def _repeated(self, type_: str, start: int) -> list[Piece]:
        """A set of characters, or any text, as often as what follows says."""
        repeat = re.compile(r"[*+?]|\{\d+(?:,\d*)?\}").match(self.pattern.text, self.at)
        self.at = repeat.end() if repeat else self.at
        self._skip("?+")
        times = repeat[0] if repeat else ""
        if type_.startswith("["):
            type_ = re.sub(r"\\([dws])", lambda match: {"d": "0-9", "w": "A-Za-z0-9_", "s": " \\\\t"}[match[1]], type_)
            if times == "?":
                return [Maybe((Value("_", f"{type_}{{1}}"),))]
            return [Value("_", type_ + (times or "{1}"))]
        if times in ("*", "+"):
            return [Value("_", type_)]
        raise self._unknown(self.pattern.text[start : self.at], start)

    def _unknown(self, what: str, start: int) -> Exception:
        hint = "write the template by hand, or give this part a pattern: (?<name>expression)"
        return self.pattern.error(f"{what} cannot be imported", start, max(self.at, start + 1), hint)

    def _group(self) -> list[Piece]:
        text, start = self.pattern.text, self.at
        opening = _GROUP.match(text, start)
        assert opening is not None
        if text.startswith("(?", start) and opening[0] == "(":
            raise self._unknown(text[start : start + 3], start)
        self.at = opening.end()
        name = opening["name"] or opening["other"]
        if name is None:
            return self._alternatives(")")
        depth, end = 1, self.at
        while end < len(text) and depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0) if text[end - 1] != "\\" else 0
            end += 1
        if depth:
            raise self.pattern.error("this ( is not closed", start, start + 1, "write a ) at its end")
        expression = self._expanded(text[self.at : end - 1], start)
        self.at = end
        return [Value(name, set_of_regex(expression.encode()) or f"/{expression}/")]

    def _expanded(self, expression: str, start: int) -> str:
        """An expression without references."""
        if "%{" in expression:
            raise self._unknown("a reference in a named group", start)
        return expression.replace("/>", "\\/>")

    def _reference(self) -> list[Piece]:
        text, start = self.pattern.text, self.at
        match = _REFERENCE.match(text, start)
        if match is None:
            raise self.pattern.error("this %{ is no reference", start, start + 2, "write %{PATTERN} or %{PATTERN:name}")
        self.at = match.end()
        pattern, written, kind = match["pattern"], match["name"] or "", match["kind"] or ""
        name = (
            re.sub(r"[^\w.-]", "_", written.replace("][", ".").strip("[]"), flags=re.ASCII).lstrip("0123456789.-")
            or "_"
        )
        if kind not in KINDS:
            hint = f"{did_you_mean(kind, KINDS)}The types are int and float"
            raise self.pattern.error(f"the type {kind!r} is not known", match.start("kind"), match.end("kind"), hint)
        if pattern == "SPACE":
            return [Blanks()]
        if pattern in self.own:
            expression = self._expanded(self.own[pattern], start)
            return [Value(name, set_of_regex(expression.encode()) or f"/{expression}/")]
        if pattern in MADE_OF and pattern not in self.inside:
            source = Source(MADE_OF[pattern])
            return _Reader(Unquoted.whole(source), self.own, inside=(*self.inside, pattern)).read()
        if pattern not in TYPES:
            hint = (
                did_you_mean(pattern, [*TYPES, *MADE_OF])
                + "A pattern of your own is a line of the file: NAME expression"
            )
            raise self.pattern.error(f"the pattern {pattern} is not known", match.start(), match.end(), hint)
        type_ = KINDS[kind] or TYPES[pattern]
        if pattern == "GREEDYDATA" and self.at == len(text) and not self.inside:
            type_ = KINDS[kind] or "rest"
        return [Value(name, type_)]
