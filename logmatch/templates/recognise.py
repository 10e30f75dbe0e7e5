"""
Recognise: what a file looks like by its first bytes, so that one that is plainly no template file is one sentence.

A wrong file after `-t` is common: a log, records that logmatch wrote, an image in the same directory. Read as a
template file, each of its lines would be a mistake.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from logmatch.templates.document import Format

HEAD_SIZE = 1 << 16
"""How many bytes are looked at."""

_FEW = 50
"""How many lines are looked at."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """What a file is instead of a template file, and what to do about it."""

    what: str
    hint: str


_LEAVE_OUT = "a template file is TOML, JSON, CSV or text; leave this file out, or move it elsewhere"
_SWAPPED = "a log is named without an option, template files after -t; were the two swapped?"

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF-", "a PDF document"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x7fELF", "a program"),
    (b"PAR1", "a Parquet file"),
    (b"PK\x03\x04", "a zip archive"),
)
_COMPRESSED = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)


def recognise(head: bytes, path: str, format: Format | None) -> Foreign | None:
    """
    What the file at *path* is that begins with the bytes *head*; None where it may be a template file.

    Args:
        format: what its suffix says; None: nothing.
    """
    if foreign := _binary(head):
        return foreign
    lines = _whole_lines(head)
    if _RECORD.match(head):
        return Foreign("records that logmatch wrote", _LEAVE_OUT)
    if format in (Format.JSON_LINES, None) and head.lstrip()[:1] == b"{" and _are_other_objects(lines):
        hint = 'an object that is a template has a "pattern"'
        return Foreign("JSON objects that are no templates", f"{hint}; {_LEAVE_OUT}")
    suffix = os.path.splitext(path)[1].lower()
    if suffix in (".yaml", ".yml") or (format is None and _is_yaml(lines)):
        hint = "YAML is not read: write TOML, with [[template]] before each template, and id and pattern below it"
        return Foreign("YAML", hint)
    if re.match(rb"\s*<(?:\?xml|!doctype|html)", head, re.IGNORECASE):
        return Foreign("XML or HTML", _LEAVE_OUT)
    if format in (Format.TEXT, None) and _is_log(lines, path):
        return Foreign("a log", _SWAPPED)
    return None


def is_template_file(head: bytes, path: str) -> bool:
    """Whether the file at *path* that begins with *head* is plainly one of templates: for where a log is expected."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix == ".toml":
        return re.search(rb"^[ \t]*\[\[[ \t]*template[ \t]*\]\]", head, re.MULTILINE) is not None
    return suffix == ".csv" and {b"EventId", b"EventTemplate"} <= set(re.findall(rb"\w+", head.partition(b"\n")[0]))


def _binary(head: bytes) -> Foreign | None:
    for magic, what in _MAGIC:
        if head.startswith(magic):
            return Foreign(what, _LEAVE_OUT)
    for magic, what in _COMPRESSED:
        if head.startswith(magic):
            return Foreign(f"compressed ({what})", "template files are read as they are; decompress it first")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Foreign("text in UTF-16", "save the file as UTF-8")
    if len(head) - len(head.translate(None, _CONTROL)) > len(head) / 20:
        return Foreign("binary data", _LEAVE_OUT)
    return None


_CONTROL = bytes(byte for byte in (*range(0x20), 0x7F) if byte not in b"\t\n\r\f\x1b")
"""What text has hardly ever: a pattern may hold a null byte, but not one byte in twenty is one."""


def _whole_lines(head: bytes) -> list[bytes]:
    """The first lines that are neither blank nor a comment, but for one that is cut off."""
    lines = head.split(b"\n")
    if len(head) >= HEAD_SIZE and len(lines) > 1:
        lines.pop()
    return [line for line in map(bytes.strip, lines) if line and not line.startswith(b"#")][:_FEW]


_RECORD = re.compile(rb'\s*\{(?:"file":"(?:[^"\\]|\\.)*",)?"line":[0-9]+,(?:"[a-z]+":[^,"]+,)*"template_id":')

_TEMPLATE_KEYS = {b"id", b"pattern", b"header", b"headers", b"template", b"types"}


def _are_other_objects(lines: list[bytes]) -> bool:
    """Whether all of several lines are JSON objects, and none has a key that one of a template file has, or nearly."""
    from logmatch.wording import nearest

    if len(lines) < 2 or not all(line.startswith(b"{") and line.endswith(b"}") for line in lines):
        return False
    found = {key for line in lines for key in re.findall(rb'"([^"\\]{1,100})"[ \t]*:', line)}
    known = [key.decode() for key in _TEMPLATE_KEYS]
    return not any(nearest(key.decode("utf-8", "replace"), known) for key in found)


def _is_yaml(lines: list[bytes]) -> bool:
    keys = [line for line in lines if re.match(rb"(?:- )?[A-Za-z_][\w-]*:(?:\s|$)", line)]
    names_one = any(re.match(rb"(?:- )?(?:id|pattern|templates?):", line) for line in keys)
    return bool(lines) and (lines[0] == b"---" or (names_one and len(keys) > len(lines) / 2))


_FIELD = re.compile(rb"<(?:\*|[A-Za-z_][\w.-]*)(?::[^<>]+)?>|</?\?>")
_NO_TEXT_OF_A_LOG = re.compile(rb"<(?:\*(?::[^<>]+)?|[A-Za-z_][\w.-]*:[^<>]+)>|</?\?>")
"""A field that no log holds; `<init>` stands in many."""
_TIME = re.compile(
    rb"""(?x) \A (?:<[0-9]{1,3}>[0-9]?\ ?)? [^\w<]{0,3}
    (?: [0-9]{4}[-/.][0-9]{2}[-/.][0-9]{2} | [0-9]{1,2}[-/.](?:[0-9]{2}|[A-Z][a-z]{2})[-/.][0-9]{2,4}
      | [A-Z][a-z]{2}\ +[0-9]{1,2}\ +[0-9:]{5} | [A-Z][a-z]{2},?\ [0-9A-Z] | [0-9]{2}:[0-9]{2}:[0-9]{2}
      | [0-9]{10,19}\b | [0-9]{6}\ [0-9]{6}\b | [IWEF][0-9]{4}\ [0-9]{2}: | \S+\ \S+\ \S+\ \[[0-9]{2}/ )"""
)


def _is_log(lines: list[bytes], path: str) -> bool:
    """Whether hardly any line has a field, and most look like lines of a log."""

    def share(expression: re.Pattern[bytes]) -> float:
        return sum(expression.search(line) is not None for line in lines) / len(lines)

    if not lines or share(_NO_TEXT_OF_A_LOG) > 0.1:
        return False
    if share(_TIME) > 0.5:
        return True
    has_name = re.search(r"\.(?:log|out|err)(?:\.[0-9]+)?$", path, re.IGNORECASE) is not None
    return share(_FIELD) <= 0.1 and (has_name or (len(lines) >= 20 and share(re.compile(rb"[0-9]")) > 0.8))
