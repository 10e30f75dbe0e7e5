"""
Haproxy: `log-format` -> templates.

After HAProxy's configuration manual, 8.2.6 "Custom log format". A string may be the format alone, with or without the
quotes and escapes of a configuration, a whole directive, or one of the names of `NAMED`. Of a configuration file every
`log-format`, and every `option httplog`, `tcplog` and `httpslog`, becomes a template.

HAProxy writes `-` for what has no value, one space for several, and captured headers between braces only where there
are any. Most files have the header of syslog before each line, so that it may be there and may not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from logmatch.importers.draft import Draft, Imported, Maybe, Piece, Text, Value, slug
from logmatch.importers.source import Source, Unquoted
from logmatch.wording import did_you_mean

HTTP = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r"
NAMED: dict[str, str] = {
    "httplog": HTTP,
    "tcplog": "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq",
    "httpslog": f"{HTTP} %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] "
    "%[ssl_fc_sni]/%sslv/%sslc",
    "clf": '%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc '
    "%sq %bq %CC %CS %hrl %hsl",
}
"""What the options of these names (and `option httplog clf`) stand for, in the words of the manual."""

VARIABLES: dict[str, tuple[str, str]] = {
    "B": ("bytes_read", "int"),
    "CC": ("captured_request_cookie", "word?"),
    "CS": ("captured_response_cookie", "word?"),
    "H": ("hostname", "word"),
    "HM": ("http_method", "word"),
    "HP": ("http_request_uri_path", "any"),
    "HPO": ("http_path", "any"),
    "HQ": ("http_request_uri_query_string", "any?"),
    "HU": ("http_request_uri", "any"),
    "HV": ("http_version", "word"),
    "ID": ("unique_id", "any?"),
    "ST": ("status_code", "int"),
    "T": ("gmt_date_time", "clftime"),
    **{name: (name, "int") for name in ("Ta", "Tc", "Td", "Th", "Ti", "Tq", "Tr", "TR", "Tt", "Tu", "Tw")},
    "Tl": ("local_date_time", "clftime"),
    "Ts": ("timestamp", "epoch"),
    "U": ("bytes_uploaded", "int"),
    "ac": ("actconn", "int"),
    "b": ("backend_name", "word"),
    "bc": ("beconn", "int"),
    "bi": ("backend_source_ip", "word?"),
    "bp": ("backend_source_port", "int?"),
    "bq": ("backend_queue", "int"),
    "ci": ("client_ip", "word?"),
    "cp": ("client_port", "int?"),
    "f": ("frontend_name", "word"),
    "fc": ("feconn", "int"),
    "fi": ("frontend_ip", "word?"),
    "fp": ("frontend_port", "int?"),
    "ft": ("frontend_name_transport", "word"),
    "hr": ("captured_request_headers", "any"),
    "hrl": ("captured_request_headers", "any"),
    "hs": ("captured_response_headers", "any"),
    "hsl": ("captured_response_headers", "any"),
    "lc": ("frontend_log_counter", "int"),
    "ms": ("accept_date_ms", "int"),
    "pid": ("pid", "int"),
    "r": ("http_request", "any?"),
    "rc": ("retries", "int"),
    "rt": ("request_counter", "int"),
    "s": ("server_name", "word"),
    "sc": ("srv_conn", "int"),
    "si": ("server_ip", "word?"),
    "sp": ("server_port", "int?"),
    "sq": ("srv_queue", "int"),
    "sslc": ("ssl_ciphers", "word?"),
    "sslv": ("ssl_version", "word?"),
    "t": ("accept_date", "time(%d/%b/%Y:%H:%M:%S.%L)"),
    "tr": ("accept_date", "time(%d/%b/%Y:%H:%M:%S.%L)"),
    "trg": ("gmt_accept_date", "clftime"),
    "trl": ("local_accept_date", "clftime"),
    "ts": ("termination_state", "word"),
    "tsc": ("termination_state", "word"),
}
"""The variables of the manual: the name of the field, in its words, and its type."""

HEX = frozenset({"bi", "bp", "ci", "cp", "fi", "fp", "si", "sp", "pid", "rt", "Ts", "ms", "lc"})
"""What the flag `+X` writes in hexadecimal digits."""

FLAGS = frozenset({"Q", "X", "E"})
REFUSED_FLAGS = frozenset({"bin", "json", "cbor"})

SYSLOG: tuple[Piece, ...] = (
    Value("syslog_timestamp", "syslogtime|iso8601"),
    Text(" "),
    Value("syslog_hostname", "word"),
    Text(" "),
    Value("process_name", "word"),
    Text("["),
    Value("process_id", "int"),
    Text("]: "),
)

_VARIABLE = re.compile(
    r"%(?:\((?P<own>[^):]*)(?::\w*)?\))?(?:\{(?P<flags>[^}]*)\})?(?:\((?P<later>[^):]*)(?::\w*)?\))?"
    r"(?:(?P<expression>\[)|(?P<name>[A-Za-z]*))"
)


def read(source: Source) -> Imported:
    """The template of a format, or of every one in a configuration file."""
    name = source.text.strip().removeprefix("option ").replace("httplog clf", "clf").strip()
    if name in NAMED:
        formats = [(name, Unquoted.whole(Source(NAMED[name])))]
    elif "\n" in name or re.search(r"^(?:log-format|error-log-format|option\s+(?:http|https|tcp)log)\b", name):
        formats = list(_formats(source))
    else:
        formats = [("haproxy", _argument(source, 0, len(source.text)))]
    drafts = tuple(Draft(name, (Maybe(SYSLOG), *_pieces(format_)), f"log-format {name}") for name, format_ in formats)
    where = source.file if source.file is not None else "a string"
    return Imported(drafts, comments=(f"Made by logmatch import haproxy from log-format in {where}.",))


# --- a format


def _pieces(format_: Unquoted) -> Iterator[Piece]:
    pieces: list[Piece] = []
    common: dict[str, bool] = {}
    text = format_.text
    at = 0
    while (start := text.find("%", at)) >= 0:
        pieces.append(_text(text[at:start]))
        if text.startswith("%%", start):
            pieces.append(Text("%"))
            at = start + 2
            continue
        match = _VARIABLE.match(text, start)
        assert match is not None
        at = match.end()
        flags = {**common, **_flags(format_, match)}
        if match["expression"]:
            end = _end_of_expression(format_, at)
            pieces.append(_expression(text[at:end], match["own"] or match["later"], quotes=flags.get("Q", False)))
            at = end + 1
        elif match["name"] == "o":
            common = flags
            at += text.startswith(" ", at)  # a separator that nothing stands before
        else:
            pieces += _variable(format_, match, flags)
    pieces.append(_text(text[at:]))
    yield from _with_spaces(pieces)


def _text(text: str) -> Text:
    return Text(re.sub(" +", " ", text))


def _flags(format_: Unquoted, match: re.Match[str]) -> dict[str, bool]:
    flags: dict[str, bool] = {}
    for flag in filter(None, (match["flags"] or "").replace(" ", "").split(",")):
        name = flag.lstrip("+-")
        if name in REFUSED_FLAGS or name not in FLAGS:
            what = "writes no lines of text" if name in REFUSED_FLAGS else "is unknown"
            hint = "the flags that can be imported are Q, X and E, with + or - before them"
            raise format_.error(f"the flag {flag!r} {what}", match.start("flags"), match.end("flags"), hint)
        flags[name] = not flag.startswith("-")
    return flags


def _variable(format_: Unquoted, match: re.Match[str], flags: dict[str, bool]) -> list[Piece]:
    written = match["name"]
    if written not in VARIABLES:
        hint = f"{did_you_mean(written, VARIABLES)}The variables are {', '.join(f'%{name}' for name in VARIABLES)}"
        message = f"HAProxy has no variable %{written}" if written else "this % begins no variable"
        raise format_.error(message, match.start(), max(match.end(), match.start() + 1), f"{hint}; %% is a %")
    name, type_ = VARIABLES[written]
    name = slug(match["own"] or match["later"] or "") if match["own"] or match["later"] else name
    if written in ("hr", "hs"):
        return [Maybe((Text("{"), Value(name), Text("}")))]
    if flags.get("X") and written in HEX:
        type_ = "hex"
    if flags.get("Q") and type_.removesuffix("?") in ("any", "word"):
        return [Value(name, "quoted?" if type_.endswith("?") else "quoted")]
    return [Value(name, type_)]


def _end_of_expression(format_: Unquoted, start: int) -> int:
    """Where the `]` of a sample expression stands; it may hold brackets and quoted texts."""
    depth = 1
    quote = ""
    for at in range(start, len(format_.text)):
        char = format_.text[at]
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char == "[":
            depth += 1
        elif char == "]":
            depth -= 1
            if not depth:
                return at
    raise format_.error("this [ is not closed", start - 1, start, "write a ] at the end of the expression")


_INT_FETCHES = re.compile(
    r"(?:\w*_port|fc_err|ssl_c_err|ssl_c_ca_err|ssl_fc_is_resumed|\w*_(?:cnt|rate|conn)|res\.status)"
)


def _expression(expression: str, own: str | None, *, quotes: bool) -> Piece:
    """A sample expression, such as `%[capture.req.hdr(0)]`: a field named after it."""
    name = slug(own or expression)
    if quotes:
        return Value(name, "quoted?")
    if _INT_FETCHES.fullmatch(expression):
        return Value(name, "int?")
    return Value(name, "hex?" if expression.endswith(",hex") else "any?")


def _with_spaces(pieces: list[Piece]) -> Iterator[Piece]:
    """*pieces*, in which what may be absent takes one of the spaces around it along."""
    todo = [piece for piece in pieces if not (isinstance(piece, Text) and not piece.text)]
    for index, piece in enumerate(todo):
        if isinstance(piece, Maybe):
            after = todo[index + 1] if index + 1 < len(todo) else None
            if isinstance(after, Text) and after.text.startswith(" "):
                piece = Maybe((*piece.pieces, Text(" ")))
                todo[index + 1] = Text(after.text[1:])
        yield piece


# --- a configuration


def _formats(source: Source) -> Iterator[tuple[str, Unquoted]]:
    found: dict[str, Unquoted] = {}
    section = "haproxy"
    for match in re.finditer(r"(?m)^[ \t]*(?P<word>[\w-]+)[ \t]*(?P<rest>[^\n]*)", source.text):
        word, rest = match["word"], match["rest"].strip()
        if word in ("frontend", "backend", "listen", "defaults", "global"):
            section = rest.split()[0] if rest and not rest.startswith("#") else word
        elif word in ("log-format", "error-log-format"):
            name = section if word == "log-format" else f"{section}-error"
            found[_unused(name, found)] = _argument(source, match.start("rest"), match.end("rest"))
        elif word == "option" and rest.split("#")[0].split():
            option = " ".join(rest.split("#")[0].split()).replace("httplog clf", "clf")
            if option in NAMED:
                found.setdefault(option, Unquoted.whole(Source(NAMED[option])))
    if not found:
        raise source.error("there is no log-format here", 0, 1, "give the format itself, or the file that has it")
    yield from found.items()


def _unused(name: str, taken: dict[str, Unquoted]) -> str:
    number = 1
    unused = name
    while unused in taken:
        number += 1
        unused = f"{name}-{number}"
    return unused


def _argument(source: Source, start: int, end: int) -> Unquoted:
    """The argument of a directive without its quotes and escapes (section 2.2 of the manual)."""
    text = source.text
    directive = re.compile(r"\s*(?:error-)?log-format\s+").match(text, start, end)
    at = directive.end() if directive else start
    result = Unquoted(source, end=at)
    quote = ""
    end = at + len(text[at:end].rstrip())
    is_bare = not text[at:end].startswith(('"', "'")) and "\\ " not in text[at:end]
    while at < end:
        char, following = text[at], text[at + 1 : at + 2]
        if char == "\\" and quote != "'" and following and at + 1 < end:
            plain = {"r": "\r", "n": "\n", "t": "\t"}.get(following) if following in "rnt" else following
            if quote and following not in '"\\$rnt':
                result.add(char, at)
                at += 1
                continue
            result.add(plain or following, at, 2)
            at += 2
        elif char == quote:
            quote = ""
            at += 1
        elif not quote and char in "\"'" and not is_bare:
            quote = char
            at += 1
        elif not quote and not is_bare and (char.isspace() or char == "#"):
            break
        else:
            result.add(char, at)
            at += 1
    if quote:
        raise source.error(f"this {quote} is not closed", start, start + 1, f"write a {quote} at its end")
    return result
