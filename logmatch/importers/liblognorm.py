"""
Liblognorm: a rulebase -> templates.

After liblognorm's documentation, "How to configure". Read are `rule=TAGS:…` of version 1 and 2, `prefix=`,
`%name:type%` with its extra data, and the fields in JSON of version 2. Annotations and includes are left out; types of
one's own are not known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from logmatch.importers.draft import Blanks, Draft, Imported, Piece, Text, Value
from logmatch.importers.source import Source, Unquoted
from logmatch.wording import did_you_mean

TYPES: dict[str, str] = {
    "alpha": "[A-Za-z]+",
    "cee-syslog": "rest",
    "cef": "kv(cef)",
    "char-sep": "any",
    "char-separated": "any",
    "char-to": "any",
    "checkpoint-lea": "rest",
    "date-iso": "date",
    "date-rfc3164": "syslogtime",
    "date-rfc5424": "iso8601",
    "duration": "duration",
    "float": "float",
    "hexnumber": "hex",
    "ipv4": "ipv4",
    "ipv6": "ipv6",
    "json": "json",
    "kernel-timestamp": "[][0-9. ]+",
    "literal": "any",
    "mac48": "mac",
    "name-value-list": "kv",
    "number": "int",
    "op-quoted-string": "quoted|word",
    "quoted-string": "quoted",
    "rest": "rest",
    "string-to": "any",
    "time-12hr": "word",
    "time-24hr": "time",
    "v2-iptables": "rest",
    "word": "word",
}
"""The parsers of the documentation, and the types that take what they do."""

_FIELD = re.compile(
    r"%(?:(?P<json>\{.*?\}|\[.*?\])|(?P<name>[^:%]*):(?P<type>[\w-]+)(?::(?P<extra>[^%]*))?)%", re.DOTALL
)


def read(source: Source) -> Imported:
    """A template for each rule."""
    drafts: list[Draft] = []
    prefix: tuple[Piece, ...] = ()
    for match in re.finditer(
        r"(?m)^(?P<key>rule|prefix)=(?P<rest>.*(?:\n(?![a-z]+[=#]|\s*#|version).+)*)", source.text
    ):
        start = match.start("rest")
        tags: tuple[str, ...] = ()
        if match["key"] == "rule":
            written, colon, _ = match["rest"].partition(":")
            if not colon:
                hint = "a rule is written rule=TAGS:TEXT; the tags may be empty"
                raise source.error("this rule has no colon", start, match.end("rest"), hint)
            tags = tuple(tag.strip() for tag in written.split(",") if tag.strip())
            start += len(written) + 1
        rule = Unquoted(source, end=start)
        for at in range(start, match.end("rest")):
            if source.text[at] not in "\r\n":
                rule.add(source.text[at], at)
        pieces = tuple(_pieces(rule))
        if match["key"] == "prefix":
            prefix = pieces
            continue
        drafts.append(Draft(f"rule-{len(drafts) + 1}", (*prefix, *pieces), tags=tags))
    if not drafts:
        raise source.error("there is no rule here", 0, 1, "a rule is written rule=TAGS:TEXT with fields %name:type%")
    where = source.file if source.file is not None else "a string"
    return Imported(tuple(drafts), comments=(f"Made by logmatch import liblognorm from {where}.",))


def _pieces(rule: Unquoted) -> Iterator[Piece]:
    at = 0
    text = rule.text
    while (start := text.find("%", at)) >= 0:
        yield Text(_plain(text[at:start]))
        if text.startswith("%%", start):
            yield Text("%")
            at = start + 2
            continue
        match = _FIELD.match(text, start)
        if match is None:
            hint = "a field is written %name:type% or %name:type:extra%; a % of the text %%"
            raise rule.error("this % begins no field", start, start + 1, hint)
        yield from _field(rule, match)
        at = match.end()
    yield Text(_plain(text[at:]))


def _plain(text: str) -> str:
    return re.sub(r"\\x([0-9a-fA-F]{2})", lambda match: chr(int(match[1], 16)), text).replace("\\\\", "\\")


def _field(rule: Unquoted, match: re.Match[str]) -> Iterator[Piece]:
    if match["json"] is not None:
        try:
            found = json.loads(match["json"])
        except (ValueError, RecursionError):
            raise rule.error("this is no JSON", match.start(), match.end(), 'write {"name": …, "type": …}') from None
        fields = found if isinstance(found, list) else [found]
    else:
        fields = [{"name": match["name"], "type": match["type"]}]
    for field in fields:
        kind = str(field.get("type", "")) if isinstance(field, dict) else ""
        name = re.sub(r"[^\w.-]", "_", str(field.get("name", "-")) if isinstance(field, dict) else "-", flags=re.ASCII)
        if kind == "literal":
            yield Text(str(field.get("text", "")))
        elif kind == "whitespace":
            yield Blanks()
        elif kind in TYPES:
            yield Value("_" if name.strip("_-") == "" else name.lstrip("0123456789.-@"), TYPES[kind])
        else:
            hint = f"{did_you_mean(kind, TYPES)}Known are {', '.join(TYPES)}"
            raise rule.error(f"the type {kind!r} is not known", match.start(), match.end(), hint)
