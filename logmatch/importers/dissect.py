"""
Dissect: patterns of Logstash's dissect filter and of Elasticsearch's and Beats' dissect processor -> templates.

A string is a pattern; of a file every line that has a `%{` is one, or what stands between quotes in it. Between the
keys stands plain text. `%{}` and `%{?name}` are not output, `%{name->}` may be followed by blanks, and `%{+name}`,
which dissect appends to the value before, becomes a field of its own. Keys that stand in the line (`*`, `&`) cannot be
imported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from logmatch.importers.draft import Blanks, Draft, Imported, Piece, Text, Value
from logmatch.importers.source import Source, Unquoted

_KEY = re.compile(r"%\{(?P<mark>[+?*&]?)(?P<name>[^}]*?)(?P<order>/[0-9]+)?(?P<padded>->)?\}")
_TYPES = {"int": "int", "integer": "int", "long": "int", "float": "float", "double": "float", "ip": "ip"}


def read(source: Source) -> Imported:
    """A template for each pattern."""
    drafts = []
    for number, pattern in enumerate(patterns(source), 1):
        id_ = "dissect" if number == 1 else f"dissect-{number}"
        drafts.append(Draft(id_, tuple(_pieces(pattern)), pattern.text))
    where = source.file if source.file is not None else "a string"
    return Imported(tuple(drafts), comments=(f"Made by logmatch import dissect from {where}.",))


def patterns(source: Source) -> Iterator[Unquoted]:
    """The patterns of a source: the text itself, or those of a configuration, which have a `%{`."""
    if source.file is None and "=>" not in source.text:
        yield Unquoted.whole(source)
        return
    found = False
    for line in re.finditer(r"(?m)^(?![ \t]*#).*%\{.*$", source.text):
        quoted = list(re.finditer(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'", line[0]))
        texts = [match for match in quoted if "%{" in match[0]] if re.search(r"=>|:\s*[\"'\[]", line[0]) else []
        spans = [match.span(1 if match[1] is not None else 2) for match in texts]
        for start, end in spans or [(len(line[0]) - len(line[0].lstrip()), len(line[0].rstrip()))]:
            pattern = Unquoted(source, end=line.start() + start)
            for at in range(line.start() + start, line.start() + end):
                if not (spans and source.text[at] == "\\" and source.text[at + 1 : at + 2] in ("'", '"')):
                    pattern.add(source.text[at], at)
            found = True
            yield pattern
    if not found:
        raise source.error("there is no pattern here", 0, 1, "a pattern has keys: %{client} %{method}")


def _pieces(pattern: Unquoted) -> Iterator[Piece]:
    at = 0
    text = pattern.text
    while (start := text.find("%{", at)) >= 0:
        yield Text(text[at:start])
        match = _KEY.match(text, start)
        if match is None:
            raise pattern.error("this %{ is not closed", start, start + 2, "write a } after the name")
        if match["mark"] in ("*", "&"):
            hint = "give the field a name of its own"
            raise pattern.error("a key that stands in the line cannot be imported", match.start(), match.end(), hint)
        name, _, kind = match["name"].partition("|")
        name = re.sub(r"[^\w.-]", "_", name.strip(), flags=re.ASCII).lstrip("0123456789.-")
        is_dropped = match["mark"] == "?" or not name
        yield Value("_" if is_dropped else name, _TYPES.get(kind.strip(), "any"))
        if match["padded"]:
            yield Blanks()
        at = match.end()
    yield Text(text[at:])
