"""
Apache: `LogFormat` and `CustomLog` -> templates.

After the documentation of mod_log_config, mod_logio and mod_ssl. A string may be the format alone, as it stands between
the quotes of a configuration or without their escapes, a whole directive, or one of the names of `NAMED`. Of a
configuration file every `LogFormat`, and every `CustomLog` with a format of its own, becomes a template.

What has no value is written `-`. In values from the client, `"` and `\\` have a `\\` before them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from logmatch.importers.draft import Draft, Imported, Piece, Text, Value, slug
from logmatch.importers.source import Source, Unquoted
from logmatch.importers.strftime import pattern_type
from logmatch.wording import did_you_mean

COMMON = '%h %l %u %t "%r" %>s %b'
COMBINED = f'{COMMON} "%{{Referer}}i" "%{{User-Agent}}i"'

NAMED: dict[str, str] = {
    "common": COMMON,
    "combined": COMBINED,
    "combinedio": f"{COMBINED} %I %O",
    "vhost_common": f"%v {COMMON}",
    "vhost_combined": '%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"',
    "referer": "%{Referer}i -> %U",
    "agent": "%{User-agent}i",
}
"""The formats that the documentation and the usual configuration files have under these names."""

DIRECTIVES: dict[str, tuple[str, str]] = {
    "a": ("client_ip", "ip?"),
    "A": ("local_ip", "ip?"),
    "B": ("response_bytes", "int"),
    "b": ("response_bytes", "int?"),
    "D": ("time_taken_us", "int"),
    "f": ("filename", "any?"),
    "h": ("remote_host", "word?"),
    "H": ("request_protocol", "word?"),
    "k": ("keepalive_requests", "int"),
    "l": ("remote_logname", "word?"),
    "L": ("log_id", "word?"),
    "m": ("request_method", "word?"),
    "p": ("server_port", "int"),
    "P": ("process_id", "int"),
    "q": ("query_string", "any"),
    "r": ("request_line", "any?"),
    "R": ("handler", "word?"),
    "s": ("status", "int?"),
    "t": ("time", "clftime"),
    "T": ("time_taken_s", "int"),
    "u": ("remote_user", "any?"),
    "U": ("url_path", "any?"),
    "v": ("server_name", "word"),
    "V": ("server_name", "word"),
    "X": ("connection_status", "[X+-]+"),
    "I": ("bytes_received", "int"),
    "O": ("bytes_sent", "int"),
    "S": ("bytes_transferred", "int"),
}
"""Directives without an argument: the name of the field, after the documentation's words, and its type."""

ARGUMENTS: dict[str, str] = {
    "C": "cookie",
    "e": "env",
    "i": "",
    "n": "note",
    "o": "response",
    "x": "",
    "^ti": "trailer",
    "^to": "response_trailer",
}
"""Directives whose argument names a cookie, a variable, a header, …, and what the field's name begins with."""

CHOICES: dict[str, dict[str, tuple[str, str]]] = {
    "a": {"c": ("peer_ip", "ip?")},
    "h": {"c": ("peer_host", "word?")},
    "p": {
        "canonical": ("server_port", "int"),
        "local": ("local_port", "int"),
        "remote": ("remote_port", "int"),
    },
    "P": {"pid": ("process_id", "int"), "tid": ("thread_id", "int"), "hextid": ("thread_id", "hex")},
    "T": {"s": ("time_taken_s", "int"), "ms": ("time_taken_ms", "int"), "us": ("time_taken_us", "int")},
}
"""Directives whose argument is one of a few words."""

CARETS: dict[str, tuple[str, str]] = {
    "^FB": ("time_to_first_byte_us", "int?"),
    "^FU": ("time_to_first_byte_us", "int?"),
}
"""Directives of a caret and two letters (mod_logio)."""

TIME_TOKENS: dict[str, tuple[str, str]] = {
    "sec": ("time_s", "epoch"),
    "msec": ("time_ms", "epoch"),
    "usec": ("time_us", "epoch"),
    "msec_frac": ("time_ms_fraction", "[0-9]{3}"),
    "usec_frac": ("time_us_fraction", "[0-9]{6}"),
}
"""What `%{…}t` takes besides the formats of strftime."""

NUMERIC_SSL = frozenset({"SSL_CIPHER_USEKEYSIZE", "SSL_CIPHER_ALGKEYSIZE"})

_DIRECTIVE = re.compile(
    r"%(?P<conditions>!?[0-9]{3}(?:,[0-9]{3})*)?(?P<which>[<>]?)(?P<early>!?[0-9]{3}(?:,[0-9]{3})*)?"
    r"(?:\{(?P<argument>[^}]*)(?P<brace>\}?))?(?P<letter>\^[A-Za-z]{2}|.)?",
    re.DOTALL,
)


def read(source: Source) -> Imported:
    """The template of a format, or of every one in a configuration file."""
    name = source.text.strip()
    if re.match(r"(?i)ErrorLogFormat\s", name):
        hint = "the error log has templates already: --format apache-error"
        raise source.error("ErrorLogFormat is no format of an access log", 0, len("ErrorLogFormat"), hint)
    if name in NAMED:
        formats = [(name, Unquoted.whole(Source(NAMED[name])))]
    elif "\n" in name or re.search(r"(?i)^(?:LogFormat|CustomLog|TransferLog)\s", name):
        formats = list(_formats(source))
    else:
        formats = [("apache", _without_quotes(source))]
    drafts = tuple(Draft(name, tuple(_pieces(format_)), f"LogFormat {name}") for name, format_ in formats)
    where = source.file if source.file is not None else "a string"
    return Imported(drafts, comments=(f"Made by logmatch import apache from LogFormat in {where}.",))


# --- a format


def _pieces(format_: Unquoted) -> Iterator[Piece]:
    """The pieces of a format, in which the parts of a time that follow each other are one time."""
    pieces: list[Piece | _PartOfTime] = list(_parts(format_))
    at = 0
    while at < len(pieces):
        piece = pieces[at]
        at += 1
        if not isinstance(piece, _PartOfTime):
            following = next((each for each in pieces[at : at + 2] if each != Text("")), None)
            if piece == Value("url_path", "any?") and following == Value("query_string", "any"):
                piece = Value("url_path", "[^? ]*")  # the query begins with its "?"
            yield piece
            continue
        form, is_whole = piece.form, piece.is_whole
        while at + 1 < len(pieces) and is_whole:
            between, following = pieces[at], pieces[at + 1]
            if not isinstance(between, Text) or not isinstance(following, _PartOfTime) or following.is_whole:
                break
            form += between.text.replace("%", "%%") + following.form
            at += 2
        yield Value(piece.name, pattern_type(form) if is_whole else piece.type)


@dataclass(frozen=True, slots=True)
class _PartOfTime:
    """A `%{…}t`: its format, and what it is where it stands alone."""

    form: str
    name: str
    type: str
    is_whole: bool
    """Whether it is more than a fraction or a zone."""


def _parts(format_: Unquoted) -> Iterator[Piece | _PartOfTime]:
    at = 0
    text = format_.text
    while (start := text.find("%", at)) >= 0:
        yield Text(text[at:start])
        match = _DIRECTIVE.match(text, start)
        assert match is not None
        at = match.end()
        yield from _directive(format_, match)
    yield Text(text[at:])


def _directive(format_: Unquoted, match: re.Match[str]) -> Iterator[Piece | _PartOfTime]:
    letter, argument = match["letter"], match["argument"]

    def fail(message: str, hint: str) -> Exception:
        return format_.error(message, match.start(), match.end(), hint)

    if argument is not None and not match["brace"]:
        raise fail("this { is not closed", "write a } after the argument, and then the letter")
    if letter is None:
        raise fail("this % begins no directive", "a literal % is written %%")
    if letter == "%" and match[0] == "%%":
        yield Text("%")
        return
    found = _field(letter, argument)
    if found is None:
        known = [*DIRECTIVES, *ARGUMENTS, *CARETS]
        shown = match[0] if argument is None else f"%{{{argument}}}{letter}"
        if argument is not None and letter in CHOICES:
            hint = f"{did_you_mean(argument, CHOICES[letter])}%{{…}}{letter} takes {', '.join(CHOICES[letter])}"
        elif letter in ARGUMENTS:
            hint = f"it is written %{{NAME}}{letter}"
        else:
            hint = f"the letters are {' '.join(sorted(set(known), key=str.lower))}; a literal % is written %%"
        raise fail(f"Apache has no directive {shown}", hint)
    name, type_ = found
    if (match["conditions"] or match["early"]) and not type_.endswith("?"):
        type_ += "?"
    if letter == "t" and argument is None:
        yield Text("[")
        yield Value(name, type_)
        yield Text("]")
        return
    if letter == "t":
        form = _time_format(argument or "")
        is_whole = form not in ("%L", "%z", "%Z", "") and form not in TIME_TOKENS
        yield _PartOfTime(form, name, type_, is_whole)
        return
    yield Value(name, type_)


def _time_format(argument: str) -> str:
    """The format of a `%{…}t` in the directives of strptime."""
    form = argument.removeprefix("begin:").removeprefix("end:")
    return "%L" if form in ("msec_frac", "usec_frac") else form


def _field(letter: str, argument: str | None) -> tuple[str, str] | None:
    """The name and the type of a directive; None if there is none."""
    if argument is None:
        return DIRECTIVES.get(letter) or CARETS.get(letter)
    if letter == "t":
        form = argument.removeprefix("begin:").removeprefix("end:")
        if form in TIME_TOKENS:
            return TIME_TOKENS[form]
        return "time", pattern_type(form) if form else "clftime"
    if letter in CHOICES:
        return CHOICES[letter].get(argument)
    if letter in ARGUMENTS and argument:
        name = slug(argument)
        before = "request" if letter == "i" and name == "host" else ARGUMENTS[letter]
        type_ = "int?" if argument in NUMERIC_SSL or argument.lower() == "content-length" else "any?"
        return (f"{before}_{name}" if before else name), type_
    if letter == "c":  # mod_ssl, for old configurations
        return f"ssl_{slug(argument)}", "any?"
    return None


# --- a configuration

_DIRECTIVE_WITH_FORMAT = r"(?im)^[ \t]*(LogFormat|CustomLog|TransferLog)[ \t]+((?:[^\\\n]|\\.|\\\n)*)"


def _without_quotes(source: Source) -> Unquoted:
    """The format that *source* is, with or without the quotes and escapes that it has in a configuration."""
    text = source.text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        return next(_arguments(source, source.text.index('"'), len(source.text)))
    if '\\"' in text:
        return _unescaped(source, 0, len(source.text.rstrip("\r\n")))
    return Unquoted.whole(source)


def _formats(source: Source) -> Iterator[tuple[str, Unquoted]]:
    """The name and the format of every `LogFormat`, and of every `CustomLog` that has one of its own."""
    found: dict[str, Unquoted] = {}
    for match in re.finditer(_DIRECTIVE_WITH_FORMAT, source.text):
        arguments = list(_arguments(source, match.start(2), match.end(2)))
        if match[1].lower() == "logformat" and arguments:
            found[arguments[1].text if len(arguments) > 1 else "default"] = arguments[0]
        elif match[1].lower() == "customlog" and len(arguments) > 1 and "%" in arguments[1].text:
            path = slug(re.sub(r"\$\{[^}]*\}|\.log$", "", arguments[0].text.split()[0].rpartition("/")[2]))
            name = path
            number = 2
            while name in found:
                name, number = f"{path}-{number}", number + 1
            found[name] = arguments[1]
        elif match[1].lower() == "customlog" and len(arguments) > 1 and arguments[1].text in NAMED:
            found.setdefault(arguments[1].text, Unquoted.whole(Source(NAMED[arguments[1].text])))
    if not found:
        hint = "give the format itself, or the file that has a LogFormat"
        raise source.error("there is no LogFormat here", 0, 1, hint)
    yield from found.items()


def _arguments(source: Source, start: int, end: int) -> Iterator[Unquoted]:
    """The words of a directive (ap_getword_conf)."""
    at = start
    text = source.text
    while at < end:
        if text[at].isspace() or text.startswith("\\\n", at):
            at += 2 if text[at] == "\\" else 1
            continue
        quote = text[at] if text[at] in "\"'" else ""
        stop = at + len(quote)
        while stop < end and (text[stop] != quote if quote else not text[stop].isspace()):
            stop += 2 if text[stop] == "\\" and stop + 1 < end else 1
        if quote and stop >= end:
            raise source.error(f"this {quote} is not closed", at, at + 1, f"write a {quote} at its end")
        yield _unescaped(source, at + len(quote), stop)
        at = stop + len(quote)


def _unescaped(source: Source, start: int, end: int) -> Unquoted:
    """The text between *start* and *end* without its escapes, those of the format (`\\n`, `\\t`) included."""
    result = Unquoted(source, end=start)
    at = start
    while at < end:
        char, following = source.text[at], source.text[at + 1 : at + 2]
        if char == "\\" and following and at + 1 < end:
            if following == "\n":
                at += 2
                continue
            replaced = {'"': '"', "'": "'", "\\": "\\", "n": "\n", "t": "\t"}.get(following)
            result.add(replaced if replaced is not None else char, at, 2)
            at += 2 if replaced is not None else 1
        else:
            result.add(char, at)
            at += 1
    return result
