r"""
Envelope: what other programs put around a log line, and what is in it: one physical line -> its piece of a log line.

    cri         2016-10-06T00:17:09.669794202Z stdout F message     (kubelet: /var/log/pods, /var/log/containers)
    docker      {"log":"message\n","stream":"stdout","time":"…"}    (Docker's json-file driver)
    journald    {"MESSAGE":"message","_PID":"7",…}                  (journalctl -o json)
    json        any object with the text in one of its fields

This module is the definition, in Python; `_unwrap` is the same compiled, and tests compare the two. `unwrap` puts the
pieces together.

Sources: kubernetes/kubernetes, pkg/kubelet/kuberuntime/logs/logs.go, for CRI (tags are separated by `:`, the first is P
for a part or F for the last one); moby/moby, daemon/logger/jsonfilelog/jsonlog, for Docker (a part has no line break
at its end); systemd, "Journal JSON Format", for the journal (a text that is not UTF-8 is a list of bytes; null where it
was too large).
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import NamedTuple

from logmatch.errors import UsageError
from logmatch.wording import did_you_mean

MOST_PATH = 32
"""How many names the path to a field may have."""

MOST_DEPTH = 512
"""How deep a JSON value may be nested, the object itself included."""


class Kind(enum.StrEnum):
    """What the lines of an input are."""

    LINES = "lines"
    CRI = "cri"
    DOCKER = "docker"
    CONTAINER = "container"
    """Either of these two: each input's first byte says which."""
    JOURNALD = "journald"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Envelope:
    """How log lines are wrapped, and what is kept of what is around them."""

    kind: Kind = Kind.LINES
    path: tuple[bytes, ...] = ()
    """The names on the way to the field that holds the text, of `Kind.JSON`."""
    keys: tuple[bytes, ...] | None = None
    """Which of the other keys are kept, on the outermost level; None: all."""

    def of_input(self, first_byte: bytes) -> Envelope:
        """That of an input that begins with *first_byte*."""
        if self.kind is not Kind.CONTAINER:
            return self
        return Envelope(Kind.DOCKER if first_byte == b"{" else Kind.CRI, keys=self.keys)

    @property
    def field_path(self) -> tuple[bytes, ...]:
        """The names on the way to the text in a JSON object."""
        return {Kind.DOCKER: (b"log",), Kind.JOURNALD: (b"MESSAGE",)}.get(self.kind, self.path)


def read_envelope(text: str, keys: str = "all") -> Envelope:
    """
    What `--input` and `--input-keys` say.

    A dot in *text* goes down; `\\.` is a dot in a name.

    Raises:
        UsageError: they say nothing that is known.
    """
    kind, colon, field = text.partition(":")
    names = tuple(kind.value for kind in Kind)
    if kind not in names or bool(colon) != (kind == Kind.JSON):
        hint = "use lines, cri, docker, container, journald, or json:FIELD"
        if kind == Kind.JSON:
            hint = "name the field that holds the text: json:message, or json:kubernetes.message"
        elif kind not in names:
            hint = did_you_mean(kind, names) + hint
        raise UsageError(f"--input is {text!r}, which is not known", hint=hint)
    path = tuple(re.sub(r"\\(.)", r"\1", name).encode() for name in re.findall(r"((?:[^.\\]|\\.)*)(?:\.|$)", field))
    path = path[:-1] if path else path  # an empty match at the end
    if colon and (not all(path) or not path or len(path) > MOST_PATH):
        hint = "write json:message, or json:kubernetes.message for a field inside another"
        raise UsageError(f"--input is {text!r}, which names no field", hint=hint)
    chosen: tuple[bytes, ...] | None = None
    if keys == "none":
        chosen = ()
    elif keys != "all":
        chosen = tuple(name.encode() for name in keys.split(","))
        if not all(chosen):
            raise UsageError(f"--input-keys is {keys!r}", hint="use all, none, or names: --input-keys stream,time")
    return Envelope(Kind(kind), path, chosen)


class Piece(NamedTuple):
    """What a physical line holds of a log line."""

    text: bytes
    input: bytes = b""
    """What stood around it, as a JSON object; empty: nothing is kept."""
    stream: int = 0
    is_partial: bool = False
    """Whether the log line goes on in the stream's next physical line."""


class NoMessageError(ValueError):
    """The line is an envelope, with nothing in it."""


STREAMS = {b"stdout": 1, b"stderr": 2}

_CRI = re.compile(
    rb"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2}))"
    rb" (stdout|stderr) ([PF])(?::((?:(?![\"\\])[!-~])*))?(?: (.*))?",
    re.DOTALL,
)


def piece_of(envelope: Envelope, line: bytes) -> Piece:
    r"""
    What *line* holds, with its line break, if it has one, left off, but not its `\r`.

    Raises:
        NoMessageError: there is no text in it.
        ValueError: it is no such envelope.
    """
    if envelope.kind is Kind.CRI:
        return _of_cri(envelope, line)
    return _of_json(envelope, line)


def _of_cri(envelope: Envelope, line: bytes) -> Piece:
    match = _CRI.fullmatch(line)
    if match is None:
        raise ValueError
    time, stream, tag, tags, text = match.groups(b"")
    is_partial = tag == b"P"
    members = [(b"time", time), (b"stream", stream)]
    if tags:
        members.append((b"tags", tags))
    kept = [b'"%b":"%b"' % member for member in members if _is_kept(envelope, member[0])]
    if not is_partial:
        text = text.removesuffix(b"\r")
    return Piece(text, b"{%b}" % b",".join(kept) if kept else b"", STREAMS[stream], is_partial)


def _is_kept(envelope: Envelope, name: bytes) -> bool:
    return envelope.keys is None or name in envelope.keys


def _of_json(envelope: Envelope, line: bytes) -> Piece:
    whole = _object_of(line)
    scan = _Scan(line.decode(), envelope)
    kept = scan.kept()
    if scan.found is None or scan.found == "null":
        raise NoMessageError
    text = _text_of(scan.found, takes_bytes=envelope.kind is Kind.JOURNALD)
    stream, is_partial = 0, False
    if envelope.kind is Kind.DOCKER:
        stream = STREAMS.get(str(whole.get("stream")).encode("utf-8", "replace"), 0)
        is_partial = not text.endswith(b"\n")
    return Piece(text, kept.encode() if kept else b"", stream, is_partial)


_DEEP = re.compile(rb'"(?:[^"\\]|\\.)*+"|([\[{])|([\]}])')
_NUMBERS = re.compile(rb'("(?:[^"\\]|\\.)*+")|-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?')


def _object_of(line: bytes) -> dict[str, object]:
    """The JSON object that *line* is; `ValueError` where it is none, or nested too deeply."""
    import orjson

    if line.count(b"[") + line.count(b"{") > MOST_DEPTH:
        depth = 0
        for match in _DEEP.finditer(line):
            depth += (match[1] is not None) - (match[2] is not None)
            if depth > MOST_DEPTH:
                raise ValueError
    try:
        whole = orjson.loads(line)
    except ValueError:
        # It refuses numbers that no double holds; they are numbers all the same.
        whole = orjson.loads(_NUMBERS.sub(lambda match: match[1] or b"0", line))
    if not isinstance(whole, dict):
        raise ValueError
    return whole


def _text_of(value: str, *, takes_bytes: bool) -> bytes:
    import orjson

    if value[0] == '"':
        text: str = orjson.loads(value)
        return text.encode()
    if takes_bytes and re.fullmatch(
        r"\[[ \t\r\n]*(?:[0-9]{1,3}[ \t\r\n]*(?:,[ \t\r\n]*[0-9]{1,3}[ \t\r\n]*)*)?\]", value
    ):
        numbers = orjson.loads(value)
        if max(numbers, default=0) < 256:
            return bytes(numbers)
    return value.encode()


_BLANK = re.compile(r"[ \t\r\n]*")


class _Scan:
    """The members of an object that is known to be right, as they are written."""

    def __init__(self, text: str, envelope: Envelope) -> None:
        import json

        self._text = text
        self._keys = envelope.keys
        self._path = [name.decode() for name in envelope.field_path]
        self._decode = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
        self.found: str | None = None
        """The value of the field as it is written; the last where there are several."""

    def kept(self) -> str:
        """The object without the field, and with no keys but those that are kept; empty where nothing is left."""
        written, _ = self._object(self._skip(0), 0)
        return f"{{{written}}}" if written else ""

    def _object(self, at: int, depth: int) -> tuple[str, int]:
        """The members of the object at *at* that are kept, and where it ends."""
        kept: list[str] = []
        at = self._skip(at + 1)
        while self._text[at] != "}":
            start = at
            name, at = self._decode.raw_decode(self._text, at)
            at = self._skip(self._skip(at) + 1)
            begin = at
            is_on_path = depth < len(self._path) and name == self._path[depth]
            written: str | None = None
            if is_on_path:
                self.found = None
            if is_on_path and depth + 1 < len(self._path) and self._text[at] == "{":
                inner, at = self._object(at, depth + 1)
                written = f"{self._text[start:begin]}{{{inner}}}"
            else:
                _, at = self._decode.raw_decode(self._text, at)
                if is_on_path and depth + 1 == len(self._path):
                    self.found = self._text[begin:at]
                else:
                    written = self._text[start:at]
            if written is not None and (depth or self._keys is None or name.encode() in self._keys):
                kept.append(written)
            at = self._skip(at)
            if self._text[at] == ",":
                at = self._skip(at + 1)
        return ",".join(kept), at + 1

    def _skip(self, at: int) -> int:
        match = _BLANK.match(self._text, at)
        assert match is not None
        return match.end()
