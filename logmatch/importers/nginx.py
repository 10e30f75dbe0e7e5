"""
Nginx: `log_format` -> templates whose fields are the variables.

After the documentation of nginx, "Alphabetical index of variables" and ngx_http_log_module. A string may be the format
alone, the whole directive, or the name `combined`; of a configuration file every `log_format` becomes templates, and
variables that the file itself defines (map, set, geo, …) are known.

With `escape=default` a variable without a value is written `-`, and `"`, `\\` and control characters as `\\xXX`; with
`escape=json` and `escape=none` a variable without a value is written as nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from logmatch.importers.draft import Draft, Imported, Maybe, Piece, Text, Value
from logmatch.importers.source import Source, Unquoted
from logmatch.wording import did_you_mean

COMBINED = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
)
"""The format that is always there."""


@dataclass(frozen=True, slots=True)
class _Variable:
    """The type of a variable's value; whether it may be without one; whether it has one for each upstream tried."""

    type: str
    may_lack: bool = False
    for_each_upstream: bool = False


def _all(type_: str, names: str, *, may_lack: bool = False, for_each_upstream: bool = False) -> dict[str, _Variable]:
    return dict.fromkeys(names.split(), _Variable(type_, may_lack, for_each_upstream))


VARIABLES: dict[str, _Variable] = {
    # What every request has.
    **_all("int", "status body_bytes_sent bytes_sent bytes_received request_length connection connection_requests pid"),
    **_all("int", "remote_port server_port connections_active connections_reading connections_writing"),
    **_all("int", "connections_waiting tcpinfo_rtt tcpinfo_rttvar tcpinfo_snd_cwnd tcpinfo_rcv_space"),
    **_all("float", "request_time connection_time session_time"),
    **_all("epoch", "msec"),
    **_all("clftime", "time_local"),
    **_all("iso8601", "time_iso8601"),
    **_all('ip|"unix:"', "remote_addr realip_remote_addr server_addr"),
    **_all("word", "hostname nginx_version document_root realpath_root scheme request_id server_name"),
    **_all("p|.", "pipe"),
    **_all("any", "request uri document_uri request_filename"),
    **_all("TCP|UDP", "protocol"),
    # What a request may lack.
    **_all("word", "server_protocol request_method host https binary_remote_addr", may_lack=True),
    **_all("any", "remote_user request_uri args query_string is_args request_body request_body_file", may_lack=True),
    **_all("any", "content_type date_local date_gmt", may_lack=True),
    **_all("word", "request_completion is_request_port http2 http3 quic limit_rate", may_lack=True),
    **_all("int", "content_length request_port realip_remote_port", may_lack=True),
    **_all("ip", "proxy_protocol_addr proxy_protocol_server_addr", may_lack=True),
    **_all("int", "proxy_protocol_port proxy_protocol_server_port proxy_port", may_lack=True),
    **_all("any", "proxy_add_x_forwarded_for", may_lack=True),
    **_all("word", "proxy_host fastcgi_script_name fastcgi_path_info memcached_key slice_range", may_lack=True),
    **_all("word", "invalid_referer limit_conn_status limit_req_status secure_link secure_link_expires", may_lack=True),
    **_all("word", "ancient_browser modern_browser msie uid_got uid_reset uid_set session_log_id", may_lack=True),
    **_all("word", "session_log_binary_id spdy spdy_request_priority", may_lack=True),
    **_all("float", "gzip_ratio", may_lack=True),
    # TLS.
    **_all("word", "ssl_cipher ssl_ciphers ssl_curve ssl_curves ssl_protocol ssl_server_name", may_lack=True),
    **_all("word", "ssl_session_id ssl_session_reused ssl_early_data ssl_alpn_protocol ssl_sigalg", may_lack=True),
    **_all("word", "ssl_client_fingerprint ssl_client_serial ssl_client_escaped_cert", may_lack=True),
    **_all("word", "ssl_client_sigalg ssl_preread_protocol ssl_preread_server_name", may_lack=True),
    **_all("word", "ssl_preread_alpn_protocols ssl_ech_status ssl_ech_outer_server_name", may_lack=True),
    **_all("any", "ssl_client_cert ssl_client_raw_cert ssl_client_s_dn ssl_client_i_dn", may_lack=True),
    **_all("any", "ssl_client_s_dn_legacy ssl_client_i_dn_legacy ssl_client_verify", may_lack=True),
    **_all("any", "ssl_client_v_start ssl_client_v_end", may_lack=True),
    **_all("int", "ssl_client_v_remain", may_lack=True),
    # Upstreams.
    **_all("word", "upstream_addr upstream_cache_status", may_lack=True, for_each_upstream=True),
    **_all("int", "upstream_status upstream_response_length", may_lack=True, for_each_upstream=True),
    **_all("int", "upstream_bytes_sent upstream_bytes_received", may_lack=True, for_each_upstream=True),
    **_all("float", "upstream_response_time upstream_connect_time", may_lack=True, for_each_upstream=True),
    **_all("float", "upstream_header_time upstream_queue_time", may_lack=True, for_each_upstream=True),
    **_all("float", "upstream_first_byte_time upstream_session_time", may_lack=True, for_each_upstream=True),
    **_all("any", "upstream_cache_last_modified upstream_cache_age upstream_cache_key", may_lack=True),
    **_all("word", "upstream_last_server_name", may_lack=True),
    # Places.
    **_all("word", "geoip_country_code geoip_country_code3 geoip_city_country_code", may_lack=True),
    **_all("word", "geoip_city_country_code3 geoip_city_continent_code geoip_region", may_lack=True),
    **_all("any", "geoip_country_name geoip_city_country_name geoip_region_name geoip_city geoip_org", may_lack=True),
    **_all("word", "geoip_postal_code geoip_dma_code geoip_area_code", may_lack=True),
    **_all("float", "geoip_latitude geoip_longitude", may_lack=True),
    # Tokens and traces.
    **_all("any", "jwt_payload", may_lack=True),
    **_all("word", "otel_trace_id otel_span_id otel_parent_id otel_parent_sampled", may_lack=True),
    # Of the log format that ingress-nginx documents.
    **_all("word", "req_id proxy_upstream_name", may_lack=True),
    **_all("any", "proxy_alternative_upstream_name", may_lack=True),
    **_all("word", "namespace ingress_name service_name service_port the_real_ip", may_lack=True),
}
"""The variables of nginx's documentation."""

PREFIXES: dict[str, _Variable] = {
    **dict.fromkeys(("arg_", "cookie_", "http_", "sent_http_", "sent_trailer_"), _Variable("any", may_lack=True)),
    **dict.fromkeys(("upstream_http_", "upstream_trailer_", "upstream_cookie_"), _Variable("any", may_lack=True)),
    **dict.fromkeys(
        ("jwt_header_", "jwt_claim_", "oidc_claim_", "proxy_protocol_tlv_"), _Variable("any", may_lack=True)
    ),
}
"""Variables with the name of a header, a cookie or an argument after these."""

DEFINING = frozenset(
    {"set", "js_set", "perl_set", "set_by_lua", "set_by_lua_block", "auth_request_set", "auth_jwt_claim_set"}
    | {"auth_jwt_header_set", "userid_name", "js_var", "set_random", "otel_span_attr"}
)
"""Directives whose first argument names a variable; of map, geo and split_clients it is the last."""

_BLOCKS = frozenset({"map", "geo", "split_clients", "geoip2", "limit_req_zone"})

SEVERAL = r"""/(?:[^ ,"]+(?:(?:,| :) [^ ,"]+)*)?/"""
"""Values for several upstreams: after commas, and after a colon after a redirect to another group of servers."""

ESCAPES = ("default", "json", "none")


def read(source: Source) -> Imported:
    """The templates of a `log_format`, or of every one in a configuration file."""
    text = source.text.strip()
    if text == "combined":
        return _imported(source, [("combined", "default", Unquoted.whole(Source(COMBINED)))], frozenset())
    if re.search(r"(?m)^\s*(?:\S.*[{;]\s*)?log_format\s", text):
        formats, own = _formats(source)
        return _imported(source, formats, own)
    if "\n" in text:  # a configuration without a format of its own
        if not re.search(r"(?m)^\s*access_log\s", text):
            raise source.error("there is no log_format here", 0, 1, "give the format itself, or the file that has it")
        return _imported(source, [("combined", "default", Unquoted.whole(Source(COMBINED)))], frozenset())
    if text[:1] in ("'", '"') and len(text) > 1 and text.rstrip(";").rstrip()[-1:] == text[0]:
        tokens = [token for token in _tokens(source) if token.text not in "{};" or token.is_quoted]
        return _imported(source, [("nginx", *_format_of(tokens))], frozenset())
    return _imported(source, [("nginx", "default", Unquoted.whole(source))], frozenset())


def _imported(source: Source, formats: list[tuple[str, str, Unquoted]], own: frozenset[str]) -> Imported:
    drafts: list[Draft] = []
    for name, escape, format_ in formats:
        pieces = list(_pieces(format_, escape, own))
        drafts.append(Draft(name, tuple(_written(pieces, escape, several=False)), f"log_format {name}"))
        if any(variable.for_each_upstream for _, variable in pieces if variable is not None):
            several = tuple(_written(pieces, escape, several=True))
            what = f"log_format {name}, where several upstreams were tried"
            drafts.append(Draft(f"{name}-upstreams", several, what, priority=-1))
    where = source.file if source.file is not None else "a string"
    return Imported(tuple(drafts), comments=(f"Made by logmatch import nginx from log_format in {where}.",))


# --- a format


_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w*)(?P<brace>\}?)|(?P<name>\w*))", re.ASCII)


def _pieces(format_: Unquoted, escape: str, own: frozenset[str]) -> Iterator[tuple[str, _Variable | None]]:
    """The texts (None beside them) and the variables of a format."""
    at = 0
    for match in _VARIABLE.finditer(format_.text):
        yield format_.text[at : match.start()], None
        name = match["name"] or match["braced"] or ""
        if not name or match["brace"] == "":
            hint = "a variable is written $name or ${name}; a log_format cannot hold a $ of its own"
            raise format_.error("this '$' names no variable", match.start(), max(match.end(), match.start() + 1), hint)
        variable = _variable(name, own)
        if variable is None:
            hint = did_you_mean(name, VARIABLES) + (
                "A variable of your own (map, set, geo, …) is known where the file that defines it is imported"
            )
            raise format_.error(f"nginx has no variable ${name}", match.start(), match.end(), hint)
        yield name, variable
        at = match.end()
    yield format_.text[at:], None


def _variable(name: str, own: frozenset[str]) -> _Variable | None:
    if name in VARIABLES:
        return VARIABLES[name]
    if name in own:
        return _Variable("any", may_lack=True)
    for prefix, variable in PREFIXES.items():
        if name.startswith(prefix) and name != prefix:
            return variable
    return None


def _written(pieces: list[tuple[str, _Variable | None]], escape: str, *, several: bool) -> Iterator[Piece]:
    """The pieces of a template; *several*: for lines with more than one upstream."""
    for index, (text, variable) in enumerate(pieces):
        if variable is None:
            yield Text(text)
            continue
        if text == "is_args":  # "?" or nothing, with the arguments after it
            yield Value(text, "[?]*")
            continue
        if [("", None), ("is_args", VARIABLES["is_args"])] == pieces[index + 1 : index + 3]:
            yield Value(text, "[^? ]*")
            continue
        type_ = variable.type
        if several and variable.for_each_upstream:
            yield Value(text, SEVERAL)
        elif escape == "default":
            yield Value(text, f"{type_}?" if variable.may_lack else type_)
        elif variable.may_lack and type_ not in ("any", "word"):
            yield Maybe((Value(text, type_),))
        else:
            yield Value(text, "any" if type_ == "word" and variable.may_lack else type_, escape == "json")


# --- a configuration file


@dataclass(slots=True)
class _Token(Unquoted):
    is_quoted: bool = False


def _tokens(source: Source) -> Iterator[_Token]:
    """The words of a configuration, and `{`, `}` and `;` (ngx_conf_read_token)."""
    text = source.text
    at = 0
    while at < len(text):
        char = text[at]
        if char.isspace():
            at += 1
        elif char == "#":
            at = text.find("\n", at)
            if at < 0:
                return
        elif char in "{};":
            token = _Token(source)
            token.add(char, at)
            yield token
            at += 1
        else:
            token = _Token(source, is_quoted=char in "'\"")
            at = _word(token, at)
            yield token


def _word(token: _Token, start: int) -> int:
    """Read a word from *start* on into *token*; return where it ends."""
    text = token.source.text
    quote = text[start] if token.is_quoted else ""
    at = start + len(quote)
    token.end = at
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text):
            following = text[at + 1]
            if following in "\"'\\":
                token.add(following, at, 2)
            elif following in "trn":
                token.add({"t": "\t", "r": "\r", "n": "\n"}[following], at, 2)
            else:
                token.add(char, at)
                token.add(following, at + 1)
            at += 2
        elif quote:
            if char == quote:
                return at + 1
            token.add(char, at)
            at += 1
        elif char.isspace() or char == ";" or (char == "{" and text[at - 1] != "$"):
            return at
        else:
            token.add(char, at)
            at += 1
    if quote:
        raise token.source.error(f"this {quote} is not closed", start, start + 1, f"write a {quote} at its end")
    return at


def _formats(source: Source) -> tuple[list[tuple[str, str, Unquoted]], frozenset[str]]:
    """The name, the escape and the format of every `log_format`, and the variables that the file defines."""
    formats: dict[str, tuple[str, str, Unquoted]] = {}
    own: set[str] = set()
    directive: list[_Token] = []
    for token in _tokens(source):
        if token.is_quoted or token.text not in ("{", "}", ";"):
            directive.append(token)
            continue
        words = [each.text for each in directive]
        if words[:1] == ["log_format"]:
            if len(words) < 3:
                hint = "a log_format has a name and a format"
                raise directive[0].error("this log_format has no format", 0, len("log_format"), hint)
            formats[words[1]] = (words[1], *_format_of(directive[2:]))
        elif words[:1] and len(words) > 1:
            named = words[1] if words[0] in DEFINING else words[-1] if words[0] in _BLOCKS else ""
            own |= {name.removeprefix("$") for name in [named] if name.startswith("$")}
            for word in words:  # named groups of regular expressions
                own |= set(re.findall(r"\(\?P?<(\w+)>", word))
        directive = []
    if not formats:
        raise source.error("there is no log_format here", 0, 1, "give the format itself, or the file that has it")
    return list(formats.values()), frozenset(own)


def _format_of(tokens: list[_Token]) -> tuple[str, Unquoted]:
    """The escape and the format that are the arguments of a `log_format` after its name."""
    escape = "default"
    if tokens and tokens[0].text.startswith("escape="):
        escape = tokens[0].text.removeprefix("escape=")
        if escape not in ESCAPES:
            hint = f"{did_you_mean(escape, ESCAPES)}The escapes are {', '.join(ESCAPES)}"
            raise tokens[0].error(f"nginx has no escape {escape!r}", 7, len(tokens[0].text), hint)
        tokens = tokens[1:]
    joined = Unquoted(tokens[0].source if tokens else Source(""))
    for token in tokens:
        joined.join(token)
    return escape, joined
