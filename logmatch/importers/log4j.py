"""
Log4j: conversion patterns of log4j 1 and 2, logback and Spring Boot -> templates.

After log4j's "Pattern Layout", logback's "Layouts" and Spring Boot's "Logging". A string is a pattern; of a file every
pattern is taken: `<pattern>`, `pattern="…"`, `ConversionPattern=…`, `layout.pattern = …`, `logging.pattern.console=…`,
`pattern: …`. A template is for the first line of an event: what stands after `%n`, and the lines of an exception, are
other lines.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from logmatch.importers.draft import Blanks, Draft, Imported, Maybe, Piece, Text, Value, slug
from logmatch.importers.source import Source, Unquoted
from logmatch.importers.strftime import java_format, pattern_type
from logmatch.wording import did_you_mean

LEVELS = "TRACE|DEBUG|INFO|WARN|ERROR|FATAL|OFF|ALL"


def _words(field: str, type_: str, words: str) -> dict[str, tuple[str, str]]:
    return dict.fromkeys(words.split(), (field, type_))


CONVERSIONS: dict[str, tuple[str, str]] = {
    **_words("logger", "word", "c lo logger"),
    **_words("class", "word", "C class"),
    **_words("file", "word", "F file"),
    **_words("line", "int?", "L line"),
    **_words("method", "word", "M method"),
    **_words("location", "any", "l location"),
    **_words("fqcn", "word", "fqcn"),
    **_words("message", "rest", "m msg message"),
    **_words("level", LEVELS, "p le level"),
    **_words("thread", "any", "t thread tn threadName"),
    **_words("thread_id", "int", "T tid threadId"),
    **_words("thread_priority", "int", "tp threadPriority"),
    **_words("relative", "int", "r relative"),
    **_words("ndc", "any", "x NDC"),
    **_words("marker", "any", "marker markerSimpleName"),
    **_words("map", "any", "K map MAP"),
    **_words("uuid", "uuid", "u uuid"),
    **_words("sequence_number", "int", "sn sequenceNumber"),
    **_words("nano", "int", "N nano"),
    **_words("pid", "int", "pid processId"),
    **_words("end_of_batch", "true|false", "endOfBatch"),
    **_words("context_name", "word", "cn contextName"),
    **_words("kvp", "any", "kvp"),
    **_words("prefix", "any", "prefix"),
    **_words("microseconds", "int", "micros ms"),
    **_words("correlation_id", "any", "correlationId"),
    **_words("application_name", "any", "applicationName"),
    **_words("application_group", "any", "applicationGroup"),
}
"""Conversion words that become a field: its name, and its type."""

DATES = frozenset({"d", "date"})
CONTEXT = frozenset({"X", "mdc", "MDC"})
PROPERTIES = frozenset({"property"})
NOTHING = frozenset({"n"})
EXCEPTIONS = frozenset(
    {"ex", "exception", "throwable", "xEx", "xException", "xThrowable", "rEx", "rException", "rThrowable", "wEx", "wex"}
    | {"rootException", "nopex", "nopexception", "caller"}
)
"""What is written on lines of its own, or not at all."""

GROUPING = frozenset(
    {"highlight", "style", "clr", "enc", "encode", "maxLen", "maxLength", "replace", "equals", "equalsIgnoreCase"}
    | {"notEmpty", "varsNotEmpty", "variablesNotEmpty", "esb", "repeat"}
    | {"black", "red", "green", "yellow", "blue", "magenta", "cyan", "white", "gray", "boldRed", "boldGreen"}
    | {"boldYellow", "boldBlue", "boldMagenta", "boldCyan", "boldWhite", "faint"}
)
"""Words around another pattern, in parentheses (logback) or braces (log4j)."""

OPTIONAL_GROUPS = frozenset({"notEmpty", "varsNotEmpty", "variablesNotEmpty"})

NAMED_DATES: dict[str, str] = {
    "ABSOLUTE": "time",
    "ABSOLUTE_MICROS": "time",
    "ABSOLUTE_NANOS": "time",
    "ABSOLUTE_PERIOD": "time",
    "DEFAULT": "iso8601",
    "DEFAULT_MICROS": "iso8601",
    "DEFAULT_NANOS": "iso8601",
    "DEFAULT_PERIOD": "iso8601",
    "ISO8601": "iso8601",
    "ISO8601_BASIC": "iso8601",
    "ISO8601_BASIC_PERIOD": "iso8601",
    "ISO8601_PERIOD": "iso8601",
    "ISO8601_PERIOD_MICROS": "iso8601",
    "ISO8601_OFFSET_DATE_TIME_HH": "iso8601",
    "ISO8601_OFFSET_DATE_TIME_HHMM": "iso8601",
    "ISO8601_OFFSET_DATE_TIME_HHCMM": "iso8601",
    "STRICT": "iso8601",
    "COMPACT": "[0-9]{17}",
    "DATE": "time(%d %b %Y %H:%M:%S,%L)",
    "DATE_PERIOD": "time(%d %b %Y %H:%M:%S.%L)",
    "UNIX": "epoch",
    "UNIX_MILLIS": "epoch",
    "US_MONTH_DAY_YEAR2_TIME": "time(%d/%m/%y %H:%M:%S.%L)",
    "US_MONTH_DAY_YEAR4_TIME": "time(%d/%m/%Y %H:%M:%S.%L)",
}
"""The dates that have a name in log4j and logback."""

KNOWN = frozenset(CONVERSIONS) | DATES | CONTEXT | PROPERTIES | NOTHING | EXCEPTIONS | GROUPING

_MODIFIER = re.compile(r"%(?P<minimum>-?[0-9]*)(?:\.-?[0-9]+)?")


def read(source: Source) -> Imported:
    """The template of a pattern, or of every one in a file."""
    drafts: list[Draft] = []
    for number, pattern in enumerate(_patterns(source), 1):
        reader = _Reader(pattern)
        pieces = _first_line(reader.read_until(""))
        if any(not isinstance(piece, Text) for piece in pieces):
            id_ = "log4j" if number == 1 else f"log4j-{number}"
            drafts.append(Draft(id_, tuple(pieces), pattern.text))
    if not drafts:
        raise source.error("there is no conversion pattern here", 0, 1, "write one: '%d [%t] %-5p %c - %m%n'")
    where = source.file if source.file is not None else "a string"
    return Imported(tuple(drafts), comments=(f"Made by logmatch import log4j from conversion patterns in {where}.",))


class _EndOfLine:
    """Where `%n` stands."""


@dataclass(slots=True)
class _Reader:
    """Reads a pattern from left to right; `at` is where it is."""

    pattern: Unquoted
    at: int = 0

    def read_until(self, closing: str) -> list[Piece | _EndOfLine]:
        """The pieces up to *closing*, which is read too; to the end of the pattern if it is empty."""
        text = self.pattern.text
        pieces: list[Piece | _EndOfLine] = []
        opened = self.at - 1
        while self.at < len(text):
            char = text[self.at]
            if closing and char == closing:
                self.at += 1
                return pieces
            if char == "\\" and self.at + 1 < len(text):
                following = text[self.at + 1]
                pieces.append(Text({"t": "\t", "n": "\n", "r": "\r"}.get(following, following)))
                self.at += 2
            elif text.startswith("%%", self.at):
                pieces.append(Text("%"))
                self.at += 2
            elif char == "%":
                pieces += self._conversion()
            elif text.startswith("${", self.at):
                pieces += self._property()
            else:
                pieces.append(Text(char))
                self.at += 1
        if closing:
            raise self.pattern.error("this is not closed", opened, opened + 1, f"write a {closing} at its end")
        return pieces

    def _conversion(self) -> list[Piece | _EndOfLine]:
        text, start = self.pattern.text, self.at
        modifier = _MODIFIER.match(text, start)
        assert modifier is not None
        self.at = modifier.end()
        if text.startswith("(", self.at):
            self.at += 1
            return self._padded(self.read_until(")"), modifier["minimum"])
        letters = re.compile("[A-Za-z]*").match(text, self.at)
        assert letters is not None
        word = next((letters[0][:n] for n in range(len(letters[0]), 0, -1) if letters[0][:n] in KNOWN), None)
        if word is None:
            shown = f"%{letters[0]}" if letters[0] else text[start : self.at + 1]
            near = did_you_mean(letters[0], KNOWN) if letters[0] else ""
            hint = f"{near}A literal % is written %% in log4j and \\% in logback"
            raise self.pattern.error(f"there is no conversion word {shown}", start, max(letters.end(), start + 1), hint)
        self.at += len(word)
        return self._padded(self._word(word, start), modifier["minimum"])

    def _word(self, word: str, start: int) -> list[Piece | _EndOfLine]:
        if word in NOTHING:
            return [_EndOfLine()]
        if word in GROUPING:
            return self._group(word)
        options = self._options()
        if word in DATES:
            return [Value("date", self._date(options, start))]
        if word in CONTEXT:
            key = re.split(r"[,:]", options[0])[0] if options and options[0] else ""
            several = bool(options) and "," in options[0]
            return [Value(slug(key, lower=False) if key and not several else "mdc", "any")]
        if word in PROPERTIES:
            return [Value(slug(options[0], lower=False) if options and options[0] else "property", "any")]
        if word in EXCEPTIONS:
            return []
        name, type_ = CONVERSIONS[word]
        if name == "level" and options:
            return [Value(name, "word")]  # other words, or shorter ones
        return [Value(name, type_)]

    def _group(self, word: str) -> list[Piece | _EndOfLine]:
        text = self.pattern.text
        inner: list[Piece | _EndOfLine] = []
        if text[self.at : self.at + 1] in ("(", "{") and text[self.at : self.at + 1]:
            closing = ")" if text[self.at] == "(" else "}"
            self.at += 1
            inner = self.read_until(closing)
        options = self._options()
        if word == "esb" and not inner:  # Spring Boot: [NAME] where the application has a name
            name = slug(options[0] if options else "application_name")
            return [Maybe((Text("["), Value(name), Text("] ")))]
        if word in ("replace", "equals", "equalsIgnoreCase", "repeat"):
            names = [piece.name for piece in inner if isinstance(piece, Value)]
            return [Value(names[0] if names else word, "any")]
        if word in OPTIONAL_GROUPS:
            return [Maybe(tuple(piece for piece in inner if not isinstance(piece, _EndOfLine)))]
        return inner

    def _options(self) -> list[str]:
        """What stands in braces after a word."""
        text = self.pattern.text
        options: list[str] = []
        while text.startswith("{", self.at):
            depth, end = 1, self.at + 1
            while end < len(text) and depth:
                depth += {"{": 1, "}": -1}.get(text[end], 0)
                end += 1
            if depth:
                raise self.pattern.error("this { is not closed", self.at, self.at + 1, "write a } at its end")
            options.append(text[self.at + 1 : end - 1].strip())
            self.at = end
        return options

    def _date(self, options: list[str], start: int) -> str:
        form = options[0].strip("\"'") if options and options[0].strip("\"'") in NAMED_DATES else None
        if form is not None:
            return NAMED_DATES[form]
        if not options or not options[0]:
            return "iso8601"
        written = options[0]
        if written.startswith('"') and '"' in written[1:]:  # logback: a format with a comma, then the zone
            written = written[1 : written.index('"', 1)]
        else:
            written = re.sub(r",(?!S+$)\s*[A-Za-z_]+/?[A-Za-z_]*(?:[+-]\d+)?$", "", written)
        converted, at = java_format(written)
        if converted is None:
            where = self.pattern.text.index(options[0], start) + options[0].index(written) + at
            hint = "letters that are known are y u M d E H h m s S a z Z X; others stand between '"
            raise self.pattern.error(f"the letter {written[at]!r} of a date is not known", where, where + 1, hint)
        return pattern_type(converted)

    def _property(self) -> list[Piece | _EndOfLine]:
        """`${NAME}` or `${NAME:-default}`: the default where it is a pattern, else a field."""
        start = self.at
        self.at += 1
        (content,) = self._options()[:1] or [""]
        name, has_default, default = content.partition(":-")
        name = re.sub(r"^\w+:", "", name)  # the lookups of log4j: ${sys:NAME}
        if has_default and ("%" in default or re.search("PATTERN|FORMAT|EXCEPTION", name)):
            offsets = self.pattern.offsets
            inner = Unquoted(self.pattern.source, default, [offsets[start]] * len(default), offsets[start] + 1)
            return _Reader(inner).read_until("")
        if name.upper() in ("PID", "PROCESS_ID"):
            return [Value("pid", "int")]
        return [Value(slug(name, lower=False), "any")]

    @staticmethod
    def _padded(pieces: list[Piece | _EndOfLine], minimum: str) -> list[Piece | _EndOfLine]:
        if not minimum or minimum == "-" or not pieces or isinstance(pieces[0], _EndOfLine):
            return pieces
        return [*pieces, Blanks()] if minimum.startswith("-") else [Blanks(), *pieces]


def _first_line(pieces: list[Piece | _EndOfLine]) -> list[Piece]:
    """The pieces up to the end of the line."""
    result: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, _EndOfLine) or piece == Text("\n"):
            break
        result.append(piece)
    return result


# --- a file

_IN_FILES = (
    r"<[pP]attern>\s*(?P<a>[^<]*?)\s*</[pP]attern>",
    r"<PatternLayout\b[^>]*?\bpattern\s*=\s*(?P<q>[\"'])(?P<b>.*?)(?P=q)",
    r"<param\s+name\s*=\s*[\"']ConversionPattern[\"']\s+value\s*=\s*(?P<r>[\"'])(?P<c>.*?)(?P=r)",
    r"(?m)^[ \t]*[\w.-]*(?:ConversionPattern|layout\.pattern|logging\.pattern\.(?:console|file))[ \t]*[=:][ \t]*"
    r"(?P<d>\S.*?)[ \t]*$",
    r"(?m)^[ \t]*[\"']?(?:pattern|console|file)[\"']?[ \t]*:[ \t]*(?P<s>[\"'])(?P<e>.*?%.*?)(?P=s)[ \t]*,?[ \t]*$",
)


def _patterns(source: Source) -> Iterator[Unquoted]:
    """The patterns of a file, each once; the whole text where there is none in it."""
    found: dict[int, tuple[int, int]] = {}
    for expression in _IN_FILES:
        for match in re.finditer(expression, source.text, re.DOTALL if "<" in expression else 0):
            group = next(name for name in "abcde" if name in match.groupdict() and match[name] is not None)
            found.setdefault(match.start(group), match.span(group))
    if not found:
        yield Unquoted.whole(source)
        return
    seen: set[str] = set()
    is_xml = source.text.lstrip().startswith("<")
    for start, end in (found[at] for at in sorted(found)):
        pattern = _unescaped(source, start, end) if is_xml else Unquoted(source, end=start)
        if not is_xml:
            for at in range(start, end):
                pattern.add(source.text[at], at)
        if pattern.text not in seen:
            seen.add(pattern.text)
            yield pattern


def _unescaped(source: Source, start: int, end: int) -> Unquoted:
    """A text of XML without its entities; a line break and what is around it are a space."""
    result = Unquoted(source, end=start)
    at = start
    while at < end:
        entity = re.compile(r"&#?\w+;").match(source.text, at, end)
        gap = re.compile(r"\s*\n\s*").match(source.text, at, end)
        if entity:
            result.add(html.unescape(entity[0]), at, len(entity[0]))
            at = entity.end()
        elif gap:
            at = gap.end()
        else:
            result.add(source.text[at], at)
            at += 1
    return result
