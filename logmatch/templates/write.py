"""
Write: a set of templates -> the text of a TOML file that loads to the same set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from logmatch.templates.model import FieldType, Pattern, placed_fields
from logmatch.templates.template import (
    DEFAULT_HEADER,
    NO_HEADER,
    NO_TIME_SOURCE,
    Example,
    Header,
    Multiline,
    Template,
    TemplateSet,
)
from logmatch.templates.types import TYPES


def write_toml(templates: TemplateSet) -> str:
    """
    Return the text of a template file.

    Headers of one name are renamed (`TemplateSet.with_unique_header_names`).

    Raises:
        UnicodeEncodeError: a text holds bytes that are not UTF-8, which TOML cannot hold.
    """
    unique = templates.with_unique_header_names()
    blocks: list[str] = []
    names = {header.name for header in unique.headers}
    if unique.types:
        lines = [f"{_key(name)} = {toml_string(str(type_))}" for name, type_ in unique.types]
        blocks.append("\n".join(["[types]", *lines]))
    types = {type_: name for name, type_ in reversed(unique.types) if type_ not in _BUILT_IN}
    plain = [header for header in unique.headers if header.time == NO_TIME_SOURCE]
    if plain:
        lines = [f"{_key(header.name)} = {toml_string(_text(header.pattern, types))}" for header in plain]
        blocks.append("\n".join(["[headers]", *lines]))
    blocks += [_header(header, types) for header in unique.headers if header.time != NO_TIME_SOURCE]
    if unique.multiline is not None:
        blocks.append("\n".join(["[multiline]", *_multiline(unique.multiline, types)]))
    blocks += [_block(template, types, has_default=DEFAULT_HEADER in names) for template in unique.templates]
    text = "\n\n".join(blocks) + "\n"
    text.encode()
    return text


_BUILT_IN = frozenset(TYPES.values())
"""Types that have a name without `[types]`."""


def _text(pattern: Pattern, types: Mapping[FieldType, str]) -> str:
    """*pattern* with the names of *types* in place of what they stand for."""
    text = str(pattern)
    if types:
        for at, field in reversed(list(placed_fields(pattern.items))):
            if field.type in types:
                end = at + len(str(field)) - 1
                text = f"{text[: end - len(str(field.type))]}{types[field.type]}{text[end:]}"
    return text


def _header(header: Header, types: Mapping[FieldType, str]) -> str:
    """The table of a header that says something of times."""
    lines = [f"[headers.{_key(header.name)}]", f"pattern = {toml_string(_text(header.pattern, types))}"]
    said = (("time", header.time.field), ("zone", header.time.zone), ("year", header.time.year))
    return "\n".join([*lines, *(f"{key} = {toml_string(value)}" for key, value in said if value is not None)])


def _multiline(multiline: Multiline, types: Mapping[FieldType, str]) -> Iterator[str]:
    if multiline.start is not None:
        yield f"start = {toml_string(_text(multiline.start, types))}"
    for key in ("max_lines", "max_bytes"):
        if getattr(multiline, key) != getattr(Multiline(), key):
            yield f"{key} = {getattr(multiline, key)}"


def _block(template: Template, types: Mapping[FieldType, str], *, has_default: bool) -> str:
    pattern = toml_string(_text(template.pattern, types))
    lines = ["[[template]]", f"id = {toml_string(template.id)}", f"pattern = {pattern}"]
    name = NO_HEADER if template.header is None else template.header_name or DEFAULT_HEADER
    if isinstance(name, tuple):
        lines.append(f"header = [{', '.join(map(toml_string, name))}]")
    elif name != (DEFAULT_HEADER if has_default else NO_HEADER):
        lines.append(f"header = {toml_string(name)}")
    if template.priority:
        lines.append(f"priority = {template.priority}")
    if template.description:
        lines.append(f"description = {toml_string(template.description)}")
    if template.tags:
        lines.append(f"tags = [{', '.join(map(toml_string, template.tags))}]")
    if template.match:
        lines.append(_list("match", [_example(example) for example in template.match]))
    if template.no_match:
        lines.append(_list("no_match", [toml_string(line) for line in template.no_match]))
    if template.allow:
        lines.append(f"allow = [{', '.join(map(toml_string, template.allow))}]")
    return "\n".join(lines)


def _list(key: str, items: list[str]) -> str:
    if len(items) == 1:
        return f"{key} = [{items[0]}]"
    return "\n".join([f"{key} = [", *(f"  {item}," for item in items), "]"])


def _example(example: Example) -> str:
    if example.values is None:
        return toml_string(example.line)
    values = ", ".join(f"{_key(name)} = {_value(value)}" for name, value in example.values)
    return f"{{ line = {toml_string(example.line)}, values = {{{f' {values} ' if values else ''}}} }}"


def _value(value: object) -> str:
    if isinstance(value, str):
        return toml_string(value)
    if isinstance(value, float):
        return repr(value) if value == value and abs(value) != float("inf") else str(value)
    assert isinstance(value, int), f"a value of an example is a text or a number, not {value!r}"
    return str(value)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml_string(name)


_NAMED_ESCAPES = {"\\": r"\\", '"': r"\"", "\b": r"\b", "\t": r"\t", "\n": r"\n", "\f": r"\f", "\r": r"\r"}
_ESCAPES = str.maketrans({chr(code): f"\\u{code:04X}" for code in (*range(0x20), 0x7F)} | _NAMED_ESCAPES)


def toml_string(text: str) -> str:
    """
    *text* as TOML writes it: between single quotes, where it has backslashes or double quotes and that is possible.

    A pattern with a `/regex/` is easier to read so.
    """
    if ("\\" in text or '"' in text) and "'" not in text and not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", text):
        return f"'{text}'"
    return f'"{text.translate(_ESCAPES)}"'
