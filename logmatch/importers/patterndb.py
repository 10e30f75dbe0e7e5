"""
Patterndb: a pattern database of syslog-ng, in XML -> templates, with its test messages as examples.

After syslog-ng's documentation, "Using pattern parsers". The patterns are those of the message after the header, so
that the templates are for contents; `--header` gives them one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from xml.etree import ElementTree as Xml

from logmatch.importers.draft import Draft, Imported, Piece, Text, Value
from logmatch.importers.source import Source, Unquoted
from logmatch.wording import did_you_mean

if TYPE_CHECKING:
    from logmatch.templates.template import Example

PARSERS: dict[str, str] = {
    "ANYSTRING": "rest",
    "DOUBLE": "float",
    "EMAIL": "word",
    "ESTRING": "any",
    "FLOAT": "float",
    "HOSTNAME": "host",
    "IPV4": "ipv4",
    "IPV6": "ipv6",
    "IPVANY": "ip",
    "LLADDR": "mac",
    "MACADDR": "mac",
    "NLSTRING": "any",
    "NUMBER": "int",
    "OPTIONALSET": "",
    "PCRE": "",
    "QSTRING": "any",
    "SET": "",
    "STRING": "",
}
"""The parsers of the documentation, and the types that take what they do; without one, its other parts say it."""

_PARSER = re.compile(r"@(?P<kind>\w*)(?::(?P<name>[^:@]*))?(?::(?P<extra>[^@]*))?@")


def read(source: Source) -> Imported:
    """A template for each pattern of each rule."""
    try:
        root = Xml.fromstring(source.text)
    except Xml.ParseError as error:
        raise source.error(f"this is no XML: {error}", 0, 1, "name a file of patterndb") from None
    drafts: list[Draft] = []
    for rule in root.iter("rule"):
        found = [element.text or "" for element in rule.findall("./patterns/pattern") if (element.text or "").strip()]
        tags = tuple(element.text.strip() for element in rule.findall("./tags/tag") if element.text)
        for number, pattern in enumerate(found, 1):
            name = rule.get("id") or f"rule-{len(drafts) + 1}"
            at = source.text.find(pattern)
            text = Unquoted(source, pattern, [at + n if at >= 0 else 0 for n in range(len(pattern))], at + len(pattern))
            id_ = name if number == 1 else f"{name}-{number}"
            drafts.append(Draft(id_, tuple(_pieces(text)), tags=tags, match=_examples(rule) if len(found) == 1 else ()))
    if not drafts:
        raise source.error("there is no rule with a pattern here", 0, 1, "name a file of patterndb")
    where = source.file if source.file is not None else "a string"
    return Imported(tuple(drafts), comments=(f"Made by logmatch import patterndb from {where}.",))


def _examples(rule: Xml.Element) -> tuple[Example, ...]:
    """The test messages of a rule with one pattern."""
    from logmatch.templates.template import Example

    messages = rule.findall("./examples/example/test_message")
    return tuple(Example(message.text.strip()) for message in messages if message.text and "\n" not in message.text)


def _pieces(pattern: Unquoted) -> Iterator[Piece]:
    at = 0
    text = pattern.text
    while (start := text.find("@", at)) >= 0:
        yield Text(text[at:start])
        if text.startswith("@@", start):
            yield Text("@")
            at = start + 2
            continue
        match = _PARSER.match(text, start)
        if match is None or match["kind"].upper() not in PARSERS:
            kind = match["kind"] if match else ""
            hint = f"{did_you_mean(kind, PARSERS)}The parsers are {', '.join(PARSERS)}; an @ of the text is written @@"
            message = f"the parser {kind!r} is not known" if match else "this @ is not closed"
            raise pattern.error(message, start, match.end() if match else start + 1, hint)
        yield from _parser(match["kind"].upper(), match["name"] or "", match["extra"] or "")
        at = match.end()
    yield Text(text[at:])


def _parser(kind: str, written: str, extra: str) -> Iterator[Piece]:
    name = re.sub(r"[^\w.-]", "_", written, flags=re.ASCII).lstrip("0123456789.-") or "_"
    match kind:
        case "ESTRING":
            yield Value(name)
            yield Text(extra)
        case "QSTRING":
            yield Text(extra[:1])
            yield Value(name)
            yield Text(extra[1:2] or extra[:1])
        case "STRING":
            yield Value(name, f"[A-Za-z0-9{_members(extra)}]+")
        case "SET":
            yield Value(name, f"[{_members(extra)}]+" if extra else "word")
        case "OPTIONALSET":
            yield Value(name, f"[{_members(extra)}]*" if extra else "any")
        case "PCRE":
            yield Value(name, f"/{extra}/")
        case _:
            yield Value(name, PARSERS[kind])


def _members(chars: str) -> str:
    """*chars* as members of a set of bytes."""
    return "".join(f"\\{char}" if char in "\\]^-[" else char for char in chars)
