"""
Samples: log lines of five invented systems, made from a seed, each with the id of the template that it came from.

A *system* is a program that writes a log: `sshd`, `nginx` (access log), `orders` (a Java service), `storage` (a block
store) and `k8s` (klog). Beside this module stands `<system>.toml`, its templates, written by hand. The lines are what
these templates describe, in realistic shares, and a few *odd* lines: some match in spite of their look, some match
nothing.

What a system writes is a small grammar (`_System`): texts with *slots*, `{name}`, and for each slot what fills it.
The same seed gives the same bytes on every Python: all chance is `random.Random.random`, the one method whose sequence
is promised to stay ("Notes on Reproducibility", https://docs.python.org/3/library/random.html). There is no wall clock.
This module knows nothing of matching; that templates and lines agree is held by `tests/test_samples.py`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from operator import call
from pathlib import Path
from random import Random
from typing import TypeVar

ODD = 0.03
"""The share of odd lines, unless another one is asked for."""

SAMPLE_COUNTS = {"sshd": 900, "nginx": 900, "orders": 900, "storage": 900, "k8s": 600}
"""How many lines each file of `sample_logs/` has."""

SYSTEMS: tuple[str, ...] = tuple(SAMPLE_COUNTS)

_T = TypeVar("_T")
_Maker = Callable[[], str]
_Slots = Mapping[str, _Maker | tuple[str, ...]]
_Labelled = tuple[str | None, str]


def lines(system: str, count: int, seed: int = 1, odd: float = ODD) -> Iterator[bytes]:
    """
    Return *count* lines of *system* without their `\\n`; a line that ends in CRLF keeps its `\\r`.

    Args:
        odd: the share of odd lines, 0 to 1; with 0 every line is clean and has a template.
    """
    return (line for _, line in labelled_lines(system, count, seed, odd))


def labelled_lines(system: str, count: int, seed: int = 1, odd: float = ODD) -> Iterator[tuple[str | None, bytes]]:
    """Return the lines of `lines`, each after the id of its true template, None where it is meant to match nothing."""
    source = _system(system)
    if not 0 <= odd <= 1:
        raise ValueError(f"the share of odd lines is {odd}; it must be from 0 to 1")
    chance = _Chance(seed)
    stream = islice(_stream(source, _Grammar(source.slots(chance), chance), chance, odd), count)
    return ((label, line.encode("utf-8", "surrogateescape")) for label, line in stream)


def templates_path(system: str) -> Path:
    """Return the path of the template file of *system*."""
    _system(system)
    return Path(__file__).with_name(f"{system}.toml")


def sample_log(system: str) -> bytes:
    """Return the content of `sample_logs/<system>.log`."""
    return b"".join(line + b"\n" for line in lines(system, SAMPLE_COUNTS[system]))


def expected_counts() -> dict[str, dict[str | None, int]]:
    """Return for each system how many lines of its sample log have which template id; None counts the unmatched."""
    return {
        system: dict(Counter(label for label, _ in labelled_lines(system, count)))
        for system, count in SAMPLE_COUNTS.items()
    }


def write_sample_logs(directory: Path) -> None:
    """Write the sample log and a copy of the template file of every system to *directory*, made if it is missing."""
    directory.mkdir(parents=True, exist_ok=True)
    for system in SYSTEMS:
        (directory / f"{system}.log").write_bytes(sample_log(system))
        (directory / f"{system}.toml").write_bytes(templates_path(system).read_bytes())


@dataclass(frozen=True, slots=True)
class _System:
    """
    What one system writes, as texts with slots.

    `kinds` gives each template id its weight and its whole line; the weights add up to at most 500, so the first 500
    clean lines hold every template. `free` is the id whose line has a slot `free` that takes any text without `\\n`,
    with `"` and `\\` escaped if `escaped`. `unknown` are lines that no template describes; `traces` are continuation
    lines that may follow a line of `free`, as they are.
    """

    kinds: Mapping[str, tuple[int, str]]
    slots: Callable[[_Chance], _Slots]
    free: str
    unknown: tuple[str, ...]
    traces: tuple[tuple[str, ...], ...] = ()
    escaped: bool = False


class _Chance:
    """All that varies, built on `random` alone (see the module). Most methods return a maker: each call, a new text."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed).random

    def pick(self, choices: Sequence[_T]) -> _T:
        """Return one of *choices*, all equally likely."""
        return choices[int(self.random() * len(choices))]

    def shuffled(self, choices: Sequence[_T]) -> list[_T]:
        random = self.random
        return sorted(choices, key=lambda _: random())

    def number(self, low: int, high: int, form: str = "") -> _Maker:
        """Return a maker of integers from *low* to *high* - 1."""
        random, width = self.random, high - low
        if not form:
            return lambda: str(low + int(random() * width))
        return lambda: format(low + int(random() * width), form)

    def small(self, high: int) -> _Maker:
        """Return a maker of integers from 0 to *high* - 1, mostly small ones: sizes, durations."""
        random = self.random
        return lambda: str(int(random() * random() * random() * high))

    def decimal(self, high: float, places: int) -> _Maker:
        """Return a maker of numbers from 0 to *high* with *places* digits behind the point, mostly small ones."""
        random, form = self.random, f"%.{places}f"
        return lambda: form % (random() * random() * high)

    def hex(self, digits: int) -> _Maker:
        """Return a maker of *digits* hexadecimal digits, at most 12."""
        random, limit, form = self.random, 16**digits, f"%0{digits}x"
        return lambda: form % int(random() * limit)

    def uuid(self) -> str:
        random = self.random
        low, high = f"{int(random() * 0x1000000000000):012x}", f"{int(random() * 0x1000000000000):012x}"
        return f"{high[:8]}-{high[8:]}-4{low[:3]}-a{low[3:6]}-{low[6:]}{high[2:8]}"

    def pool(self, choices: Sequence[str]) -> _Maker:
        """Return a maker that takes the first of *choices* far more often than the last: users, hosts, addresses."""
        random = self.random
        drawn = [choices[int(random() * random() * random() * len(choices))] for _ in range(4096)]
        return lambda: drawn[int(random() * 4096)]

    def addresses(self, count: int, *networks: str) -> _Maker:
        """Return a `pool` of *count* addresses; a network is an address without its last number or numbers."""
        byte, group = self.number(1, 255), self.number(1, 0xFFFF, "x")
        made = []
        for network in (self.pick(networks) for _ in range(count)):
            if ":" in network:
                made.append(f"{network}{group()}:{group()}")
            else:
                made.append(network + ".".join(byte() for _ in range(4 - network.count("."))))
        return self.pool(made)


class _Clock:
    """
    A maker of times that only go forward, from 06:00 on 3 March 2025.

    The text down to the minute is made once a minute: that is what keeps a line cheap.
    """

    def __init__(
        self, chance: _Chance, day: Callable[[datetime], str], gap: float, form: str = "", unit: int = 1
    ) -> None:
        """
        Args:
            day: writes all that stands before the hour.
            gap: the mean time between lines in seconds.
            form: writes the part of the second, in units of *unit* microseconds.
        """
        self._random = chance.random
        self._day = day
        self._reach = gap * 4e6  # the product of two numbers from [0, 1) is 1/4 on average
        self._form = form
        self._unit = unit
        self._minute = datetime(2025, 3, 3, 6, 0)
        self._micros = 0
        self._text = ""
        self._turn(0)

    def __call__(self) -> str:
        random = self._random
        self._micros += int(random() * random() * self._reach)
        if self._micros >= 60_000_000:
            self._turn(self._micros // 60_000_000)
        second, micros = divmod(self._micros, 1_000_000)
        if self._form:
            return self._text + _TWO[second] + self._form % (micros // self._unit)
        return self._text + _TWO[second]

    def _turn(self, minutes: int) -> None:
        self._micros -= minutes * 60_000_000
        self._minute += timedelta(minutes=minutes)
        self._text = f"{self._day(self._minute)}{self._minute.hour:02}:{self._minute.minute:02}:"


class _Grammar:
    """Slots made ready: a slot that was a tuple of texts is one of these texts, their own slots filled."""

    def __init__(self, slots: _Slots, chance: _Chance) -> None:
        self._slots = slots
        self._chance = chance
        self._made: dict[str, _Maker] = {}

    def maker(self, text: str) -> _Maker:
        """Return a maker of *text* with its slots filled anew at each call."""
        pieces = re.split(r"\{(\w+)\}", self._inlined(text))
        if len(pieces) == 1:
            return lambda: pieces[0]
        if len(pieces) == 3 and pieces[0] == pieces[2] == "":
            return self._slot(pieces[1])
        form = "%s".join(piece.replace("%", "%%") for piece in pieces[::2])
        makers = tuple(map(self._slot, pieces[1::2]))
        return lambda: form % tuple(map(call, makers))

    def _inlined(self, text: str) -> str:
        """*text* with the slots that hold just one text replaced by that text: a call less for each."""

        def inline(slot: re.Match[str]) -> str:
            filling = self._slots[slot[1]]
            return self._inlined(filling[0]) if isinstance(filling, tuple) and len(filling) == 1 else slot[0]

        return re.sub(r"\{(\w+)\}", inline, text)

    def _slot(self, name: str) -> _Maker:
        if name not in self._made:
            slot = self._slots[name]
            self._made[name] = self._one_of(slot) if isinstance(slot, tuple) else slot
        return self._made[name]

    def _one_of(self, texts: tuple[str, ...]) -> _Maker:
        random, count = self._chance.random, len(texts)
        if not any("{" in text for text in texts):
            return lambda: texts[int(random() * count)]
        makers = tuple(map(self.maker, texts))
        return lambda: makers[int(random() * count)]()


def _system(name: str) -> _System:
    if name not in _SYSTEMS:
        raise ValueError(f"no sample system is called {name!r}; there are {', '.join(SYSTEMS)}")
    return _SYSTEMS[name]


def _stream(source: _System, grammar: _Grammar, chance: _Chance, odd: float) -> Iterator[_Labelled]:
    """
    Yield labelled lines without end.

    The wheel holds each kind as often as its weight says and is shuffled at each turn, so rare kinds are sure to come.
    An odd event may be several lines; the ones beyond its first are set off against later events, so the share holds.
    """
    random = chance.random
    wheel = [(name, grammar.maker(text)) for name, (weight, text) in source.kinds.items() for _ in range(weight)]
    events = _odd_events(source, grammar, chance)
    ahead = 0
    while True:
        wheel = chance.shuffled(wheel)
        for name, make in wheel:
            while random() < odd:
                if ahead and odd < 1:
                    ahead -= 1
                    break
                event = next(events)
                ahead += len(event) - 1
                yield from event
            yield name, make()


def _odd_events(source: _System, grammar: _Grammar, chance: _Chance) -> Iterator[list[_Labelled]]:
    """Yield odd lines, in groups that belong together; all kinds come in turn, the order is shuffled at each turn."""
    clean = [(name, grammar.maker(text)) for name, (_, text) in source.kinds.items()]
    unknown = [grammar.maker(text) for text in source.unknown]
    before, after = map(grammar.maker, source.kinds[source.free][1].split("{free}"))

    def unmatched() -> list[_Labelled]:
        return [(None, chance.pick(unknown)())]

    def cut() -> list[_Labelled]:
        return [(None, chance.pick(clean)[1]()[:11])]

    def ends_in(end: str) -> list[_Labelled]:
        name, make = chance.pick(clean)
        return [(name, make() + end)]

    def holds(*texts: str) -> list[_Labelled]:
        text = chance.pick(texts)
        if source.escaped:
            text = text.replace("\\", "\\\\").replace('"', '\\"')
        return [(source.free, before() + text + after())]

    def very_long() -> list[_Labelled]:
        return holds("lorem-" * (200 + int(chance.random() * 600)) + "end")

    def trace() -> list[_Labelled]:
        return [*holds("unexpected state"), *((None, line) for line in chance.pick(source.traces))]

    events: list[Callable[[], list[_Labelled]]] = [
        *(unmatched, unmatched, cut, very_long),
        lambda: [(None, "")],
        lambda: [(None, chance.pick(_NOISE))],
        *(partial(ends_in, "\r"), partial(ends_in, "  \t ")),
        *(partial(holds, *texts) for texts in (_NOT_UTF8, _QUOTES, _CONTROLS, _UNICODE)),
        *([trace] * len(source.traces)),
    ]
    while True:
        for event in chance.shuffled(events):
            yield event()


# Bytes that are not UTF-8 are lone surrogates until the line is encoded.
_NOT_UTF8 = ("caf\udce9 \udcff\udc80 \udcc3(",)
_QUOTES = ('say "no" to C:\\temp\\', 'it\'s \\"quoted\\" \\\\', "<NUM> <<*>> </?>")
_CONTROLS = ("\x1b[31mred\x1b[0m \x07\x00\x7f", "one\rtwo", "tab\there \x0b\x0c\x85 \u2028 end")
_UNICODE = ("Zoë Grünwald", "東京 🦊", "e\u0301 \u202eabc \ufeff!")
_NOISE = (" ", "\t", "-- MARK --", "\x00\x00\x00\x00\x00", "}", "\udcff\udcfe\x00l\x00o")

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TWO = tuple(f"{number:02}" for number in range(60))
_USERS = (
    *("maria", "deploy", "tomasz", "backup", "ines", "olu", "git", "hanna", "root", "kofi", "priya", "ansible"),
    *("lukas", "svc-report", "yara", "ben.k", "noor", "matteo", "www-data", "ewa_n", "quentin", "zuzana"),
)
_GUESSES = (
    *("admin", "root", "test", "oracle", "ubuntu", "guest", "user1", "postgres", "ftpuser", "pi", "minecraft"),
    *("nagios", "support", "hadoop", "tomcat", "es", "web master", "admin;id", "0101", "..", "a", ""),
)


def _sshd_slots(chance: _Chance) -> _Slots:
    pid = 2_100

    def process() -> str:
        # Lines of one process stand together, more or less.
        nonlocal pid
        if chance.random() < 0.4:
            pid = pid + 1 + int(chance.random() * 9) if pid < 64_000 else 900
        return str(pid)

    return {
        "time": _Clock(chance, lambda day: f"{_MONTHS[day.month - 1]} {day.day:2} ", 8.0),
        "host": chance.pool(("gate1", "gate2", "bastion.example.net", "build-07")),
        "pid": process,
        "head": ("{time} {host} sshd[{pid}]: ",),
        "inside": chance.addresses(120, "10.20.", "10.31.", "2001:db8:51::"),
        "outside": chance.addresses(900, "192.0.2.", "198.51.100.", "198.51.100.", "2001:db8:bad:1::"),
        "port": chance.number(1024, 65_000),
        "from": ("{outside} port {port}",),
        "user": chance.pool(_USERS),
        "free": chance.pool(_GUESSES),
        "anyone": ("{user}", "invalid user {free}"),
        "state": ("", "authenticating user {user} ", "invalid user {free} "),
        "preauth": (" [preauth]", " [preauth]", ""),
        "with_port": (" port {port}", " port {port}", " port {port}", ""),
        "method": chance.pool(("password", "password", "publickey", "none", "keyboard-interactive/pam")),
        "uid": chance.number(1000, 1060),
        "with_uid": ("(uid={uid})", ""),
        "by": ("", "", "root", "LOGIN"),
        "byte": chance.number(1, 255),
        "name": ("dsl-{byte}-{byte}.pool.example.net", "198.51.100.{byte}", "203-{byte}.example.org"),
        "with_user": ("  user={user}", ""),
        "key": ("ED25519", "ED25519", "RSA", "ECDSA"),
        "print": chance.hex(12),
        "reason": (
            *("disconnected by user", "Bye Bye", "Thank you, good night", "ok", "Auth fail (3)"),
            "Too many: 3 [attempts]",
        ),
        "code": ("11", "11", "3", "14"),
        "offer": (
            "key exchange method found. Their offer: diffie-hellman-group1-sha1,diffie-hellman-group14-sha1",
            "host key type found. Their offer: ssh-rsa,ssh-dss",
            "cipher found. Their offer: aes128-cbc,3des-cbc",
            "MAC found. Their offer: hmac-md5,hmac-sha1-96",
        ),
        "banner": ("GET / HTTP/1.1", "\\003", "*1\\r\\n$4\\r\\nPING", "EHLO probe.example.org", "it's me", ""),
        "kex": (
            *("Connection closed by remote host", "read: Connection reset by peer"),
            "client sent invalid protocol identifier",
        ),
        "bytes": chance.small(9_000_000),
        "moved": ("bytes read {bytes} written 0", "bytes read 0 written {bytes}"),
        "few": chance.number(2, 7),
        "drop": ("report", "export", "my notes", 'the \\"new\\" one'),
        "listen": ("0.0.0.0 port 22", ":: port 22", "10.20.0.7 port 2222"),
        "session": ("shell on pts/{few}", "command", "subsystem 'sftp'"),
    }


_SSHD = _System(
    kinds={
        name: (weight, text if text.startswith("{time}") else f"{{head}}{text}")
        for name, weight, text in (
            ("failed-password", 120, "Failed {method} for {anyone} from {from} ssh2"),
            ("invalid-user", 70, "Invalid user {free} from {outside}{with_port}"),
            ("connection-closed", 59, "Connection closed by {state}{from}{preauth}"),
            (
                *("authentication-failure", 50),
                "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= "
                "rhost={name}{with_user}",
            ),
            ("received-disconnect", 40, "Received disconnect from {from}:{code}: {reason}{preauth}"),
            ("disconnected", 35, "Disconnected from {state}{from}{preauth}"),
            (
                *("accepted-publickey", 20),
                "Accepted publickey for {user} from {inside} port {port} ssh2: {key} SHA256:{print}/{print}+{print}",
            ),
            ("session-opened", 20, "pam_unix(sshd:session): session opened for user {user}{with_uid} by {by}(uid=0)"),
            ("session-closed", 20, "pam_unix(sshd:session): session closed for user {user}"),
            ("session-started", 10, "Starting session: {session} for {user} from {inside} port {port} id {few}"),
            ("accepted-password", 10, "Accepted password for {user} from {inside} port {port} ssh2"),
            ("connection-reset", 8, "Connection reset by {state}{from}{preauth}"),
            ("no-identification", 6, "Did not receive identification string from {from}"),
            (
                *("too-many-attempts", 5),
                "error: maximum authentication attempts exceeded for {anyone} from {from} ssh2 [preauth]",
            ),
            ("key-exchange-failed", 5, "error: kex_exchange_identification: {kex}"),
            ("negotiation-failed", 4, "Unable to negotiate with {from}: no matching {offer}{preauth}"),
            (
                *("reverse-mapping-failed", 4),
                "reverse mapping checking getaddrinfo for dsl-{byte}.pool.example.net [192.0.2.{byte}] failed.",
            ),
            ("bad-protocol", 3, "Bad protocol version identification '{banner}' from {from}"),
            (
                *("sftp-closed", 4),
                '{time} {host} internal-sftp[{pid}]: close "/srv/drop/{user}/{drop}-{uid}.csv" {moved}',
            ),
            (
                *("message-repeated", 4),
                "message repeated {few} times: [ Failed password for root from {from} ssh2]",
            ),
            ("listening", 2, "Server listening on {listen}."),
            ("terminating", 1, "Received signal 15; terminating."),
        )
    },
    slots=_sshd_slots,
    free="invalid-user",
    unknown=(
        "{head}Accepted hostbased for {user} from {inside} port {port} ssh2",
        "{head}Accepted password for {user} from gate9 port {port} ssh2",
        "{head}Invalid user {free} from 198.51.300.{byte}",
        "{head}fatal: bad moduli parameters: {port} 1024 512",
        "{time} {host} cron[{pid}]: ({user}) CMD (test -x /usr/local/bin/rotate && /usr/local/bin/rotate)",
    ),
)


def _nginx_slots(chance: _Chance) -> _Slots:
    return {
        "time": _Clock(chance, lambda day: f"{day.day:02}/{_MONTHS[day.month - 1]}/{day.year}:", 0.4),
        "client": chance.addresses(2_000, "192.0.2.", "198.51.100.", "10.", "2001:db8:7::"),
        "user": (*("-",) * 30, "maria", "shop-admin", "ben.k"),
        "head": ("{client} - {user} [{time} +0100] ",),
        "free": chance.pool(
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0",
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Safari/605.1.15",
                *("ExampleShop-Android/7.2.1 (build 4711)", "curl/8.9.1", "-", "python-requests/2.32.3"),
                *("ExampleBot/1.4 (+https://bot.example.org/about)", 'Odd \\"quoted\\" agent', "Go-http-client/2.0"),
            )
        ),
        "referer": (
            *("-", "-", "-", "https://shop.example.net/", "https://shop.example.net/list?page={page}"),
            "https://search.example.org/?q=%22red%20shoes%22",
        ),
        "page": chance.number(1, 400),
        "item": chance.small(90_000),
        "path": (
            *("/", "/list", "/list", "/item/{item}", "/item/{item}", "/item/{item}", "/cart", "/search", "/account"),
            *("/blog/2025/03/{page}", "/~ines/about%20us", "/img/../img/{page}.png"),
        ),
        "query": (*("",) * 6, "?page={page}", "?q=red+shoes&sort=price&n={page}", "?next=/cart%3Fstep%3D{page}"),
        "method": chance.pool(("GET", "GET", "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS")),
        "version": ("2.0", "2.0", "1.1", "1.0"),
        "status": chance.pool(("200", "200", "200", "301", "302", "404", "403", "500", "502", "499")),
        "bytes": chance.small(300_000),
        "seconds": chance.decimal(4.0, 3),
        "took": (" rt={seconds}", " rt={seconds}", ""),
        "end": ('"{referer}" "{free}"{took}',),
        "call": chance.pool(("GET", "POST", "PATCH", "DELETE")),
        "resource": ("items", "items/{item}", "carts/{item}", "prices"),
        "result": ("200", "200", "201", "204", "409", "422", "503"),
        "asset": ("app.css", "app.9f2c.js", "logo.svg", "fonts/plain.woff2", "img/{item}.webp", "img/{item}.webp"),
        "garbage": (
            *("\\x16\\x03\\x01\\x02\\x00\\x01", "GET /%2e%2e/%2e%2e/%2e%2e/etc/passwd", "SSH-2.0-probe"),
            "\\x03\\x00 cookie: name=probe",
        ),
    }


_NGINX = _System(
    kinds={
        name: (weight, f"{{head}}{text}")
        for name, weight, text in (
            ("request", 260, '"{method} {path}{query} HTTP/{version}" {status} {bytes} "{referer}" "{free}"{took}'),
            ("static-file", 110, '"GET /static/{asset} HTTP/{version}" 200 {bytes} {end}'),
            ("api-call", 70, '"{call} /api/v2/{resource} HTTP/2.0" {result} {bytes} {end}'),
            ("not-modified", 30, '"GET /static/{asset} HTTP/{version}" 304 0 {end}'),
            ("health-check", 20, '"GET /healthz HTTP/1.1" 200 2 "-" "probe/1.{page}"'),
            ("bad-request", 6, '"{garbage}" 400 157 "-" "-"'),
            ("client-timeout", 3, '"" 408 0 "-" "-"'),
        )
    },
    slots=_nginx_slots,
    free="request",
    escaped=True,
    unknown=(
        '{head}"GET / HTTP/1.1" 200 {bytes}',
        '{head}"BREW /pot HTTP/1.1" 418 0 "-" "kettle/0.1"',
        '{head}"GET /list HTTP/1.1" 200 - "-" "curl/8.9.1"',
        '{head}"GET /list HTTP/1.1" 200 {bytes} "-" "curl',
        "2025/03/03 06:10:41 [warn] {page}#0: *{item} upstream server temporarily disabled",
    ),
)


def _orders_slots(chance: _Chance) -> _Slots:
    threads = tuple(f"http-exec-{number}" for number in range(1, 17))
    return {
        "time": _Clock(chance, lambda day: f"{day.year}-{day.month:02}-{day.day:02}T", 0.15, ".%03dZ", 1000),
        "thread": chance.pool((*threads, "main", "scheduler-1", "consumer-2", "consumer-3")),
        "uuid": chance.uuid,
        "hex": chance.hex(12),
        "customer": chance.number(10_000, 99_999),
        "user": chance.pool(_USERS),
        "few": chance.number(1, 10),
        "many": chance.small(90_000),
        "offset": chance.number(0, 90_000_000),
        "money": chance.decimal(900, 2),
        "percent": chance.decimal(100, 1),
        "millis": chance.decimal(900, 2),
        "seconds": chance.decimal(300, 1),
        "currency": ("EUR", "EUR", "GBP", "USD"),
        "states": ("NEW to PAID", "NEW to CANCELLED", "PAID to PACKED", "PACKED to SHIPPED"),
        "method": chance.pool(("GET", "POST", "PUT", "DELETE")),
        "path": ("/orders/{many}", "/orders/recent", "/carts/current?full=yes", "/customers/me", "/prices/{hex}"),
        "status": chance.pool(("200", "200", "201", "404", "500")),
        "session": (" for session {hex}", ""),
        "provider": chance.pool(("paywell", "cardgate", "iban-direct")),
        "declined": (
            *("card expired", "insufficient funds (code {few})", "no answer from the bank (code 51)"),
            "limit (daily) reached",
        ),
        "sku_group": ("SHO", "HAT", "BAG", "SOX"),
        "sku": ("{sku_group}-{customer}",),
        "warehouse": chance.pool(("porto-1", "gdansk-2", "lyon-1")),
        "topic": ("orders-in", "stock.events", "payments-out-retry", "mail"),
        "partner": (
            "pay.example.net/v2/charge?ref={hex}",
            "ship.example.net/labels/{many}",
            "tax.example.net:8443/quote",
        ),
        "failure": ("timeout", "HTTP 503: try again later", "connection refused", "TLS: certificate has expired"),
        "exception": ("java.lang.IllegalStateException", "net.example.orders.PaymentException", "java.io.IOException"),
        "free": ("cart {hex} is closed", "expected: <2> but was: <3>", "Stream closed"),
        "mail": ("Order received", "On its way", "Reset your password", 'About \\"{hex}\\"'),
        "coupon": ("SPRING25", "WELCOME", '5 \\"FRIENDS\\"', "10% OFF"),
        "checked": (
            "accepted for customer {customer}, saving {money}",
            "rejected for customer {customer}",
            "expired for customer {customer}",
        ),
        "cache": ("prices", "items", "tax:rates"),
        "sql": (
            *("SELECT * FROM orders WHERE state = ? AND placed < ?", "UPDATE stock SET n = n - ? WHERE sku = ?"),
            'SELECT \\"id\\" FROM carts',
        ),
        "job": ("purge-carts", "send-reminders", "reindex", "close-day"),
        "day": chance.number(10, 28),
        "file": ("base", "site", "secrets"),
    }


_ORDERS = _System(
    kinds={
        # The level is padded to five characters, as "%-5level" does.
        name: (weight, f"{{time}} {level:5} [{{thread}}] net.example.orders.{logger} - {text}")
        for name, weight, level, logger, text in (
            (
                *("request-answered", 110, "DEBUG", "web.Access"),
                "{method} {path} answered {status} in {millis} ms{session}",
            ),
            ("order-moved", 60, "INFO", "OrderService", "Order {uuid} moved from {states}"),
            ("stock-reserved", 45, "INFO", "StockService", "Reserved {few} of {sku} in warehouse {warehouse}"),
            (
                *("order-placed", 40, "INFO", "OrderService"),
                "Order {uuid} placed by customer {customer}: {few} items, total {money} {currency}",
            ),
            (
                *("payment-authorised", 40, "INFO", "pay.PaymentService"),
                "Payment {hex} authorised for order {uuid} by {provider} in {many} ms",
            ),
            ("message-consumed", 40, "DEBUG", "queue.Consumer", "Consumed {topic}-{few}@{offset}"),
            ("partner-called", 30, "DEBUG", "partner.Client", "Calling https://{partner} (attempt {few} of 10)"),
            ("mail-sent", 25, "INFO", "MailService", 'Mail "{mail}" sent to {user}@example.org'),
            ("coupon-checked", 20, "INFO", "CouponService", 'Coupon "{coupon}" {checked}'),
            (
                *("cache-stats", 15, "DEBUG", "Cache"),
                "Cache {cache}: {many} entries, hit ratio {percent}%, {few} evicted",
            ),
            (
                *("pool-stats", 15, "DEBUG", "db.Pool"),
                "Pool main stats: active={few} idle={few} waiting={few} max=40",
            ),
            (
                *("payment-declined", 12, "WARN", "pay.PaymentService"),
                "Payment {hex} declined for order {uuid}: {declined}",
            ),
            (
                "partner-failed",
                8,
                "WARN",
                "partner.Client",
                "Call to https://{partner} failed after {many} ms: {failure}",
            ),
            ("slow-query", 8, "WARN", "db.Queries", 'Query took {many} ms ({few} rows): "{sql}"'),
            ("stock-low", 6, "WARN", "StockService", "Stock of {sku} is at {percent}% of the target ({few} units)"),
            ("request-failed", 6, "ERROR", "web.Errors", "Request {uuid} failed: {exception}: {free}"),
            (
                *("collection-paused", 6, "INFO", "jvm.Watch"),
                "Paused {millis} ms for collection: 1{day}0M -> 3{day}M of 2048M",
            ),
            (
                *("job-finished", 5, "INFO", "jobs.Runner"),
                "Job {job} finished in {seconds} s, next run at 2025-04-{day}T0{few}:30:00Z",
            ),
            ("cart-rejected", 3, "WARN", "CartService", "Rejected cart {hex}: quantity -{few} < 1"),
            ("settings-loaded", 2, "INFO", "Settings", "Loaded {day} settings from /etc/orders/{file}.yaml"),
            ("started", 1, "INFO", "Main", "Started orders 4.{few}.{day} on port 8080 in {seconds} s"),
        )
    },
    slots=_orders_slots,
    free="request-failed",
    unknown=(
        "{time} INFO  [{thread}] net.example.orders.OrderService - Nobody described this message, number {many}",
        "{time} TRACE [{thread}] net.example.orders.OrderService - Order {uuid} moved from NEW to PAID",
        "{time} INFO  [{thread}] net.example.orders.OrderService - Order {hex} moved from NEW to PAID",
        "{time} INFO  [{thread}] net.example.orders.StockService - Reserved all of {sku} in warehouse lyon-1",
        "Picked up JAVA_TOOL_OPTIONS: -Xmx2048m",
    ),
    traces=(
        (
            "\tat net.example.orders.CartService.total(CartService.java:212)",
            "\tat net.example.orders.web.CartController.show(CartController.java:58)",
            "\tat java.base/java.lang.Thread.run(Thread.java:1583)",
        ),
        (
            "\tat net.example.orders.pay.PaymentService.charge(PaymentService.java:97)",
            "Caused by: java.net.SocketTimeoutException: Read timed out",
            "\tat net.example.http.Client.read(Client.java:340)",
            "\t... 23 more",
        ),
    ),
)


def _storage_slots(chance: _Chance) -> _Slots:
    names = [f"vault-{rack}{number:02}.example.net" for rack in "abc" for number in range(1, 21)]
    return {
        "time": _Clock(chance, lambda day: f"{day.year}-{day.month:02}-{day.day:02} ", 0.05, ",%03d", 1000),
        "address": chance.addresses(240, "10.64.0.", "10.64.1.", "10.65.7."),
        "name": chance.pool(names),
        "serving": ("7070", "7071", "7443"),
        "high": chance.number(32_768, 60_999),
        "node": ("{address}:{serving}",),
        "client": ("{address}:{high}",),
        "half": chance.hex(8),
        "id": ("blk-{half}{half}",),
        "uuid": chance.uuid,
        "odd_size": chance.number(1, 67_108_864),
        "size": ("67108864", "67108864", "{odd_size}"),
        "few": chance.number(1, 4),
        "dozen": chance.number(10, 60),
        "many": chance.number(100_000, 999_999),
        "millis": chance.decimal(900, 2),
        "tenths": chance.decimal(90, 1),
        "percent": chance.decimal(100, 2),
        "full": chance.number(90, 101),
        "rack": (" (rack /eu1/r{dozen})", " (rack /eu2/r{dozen})", ""),
        "volume": ("/vol/0", "/vol/1", "/vol/2", "/vol/cold-0"),
        "file": (
            *("/lake/clicks/part-{many}", "/lake/orders/2025-03-02/part-{many}", "/tmp/sort-{few}.{many}"),
            "/home/ines/models/run-{dozen}",
        ),
        "targets": ("{node}", "{node}, {node}", "{node}, {node}, {node}"),
        "capacity": ("21.8", "43.6", "87"),
        "lease": ("granted", "renewed", "renewed", "renewed", "released", "expired"),
        "user": chance.pool(_USERS),
        "pair": chance.hex(2),
        "mac": ("{pair}:{pair}:{pair}:{pair}:{pair}:{pair}",),
        "mark": ("suspect", "suspect", "dead"),
        "snapshot": ("nightly", "before upgrade", 'the \\"good\\" one'),
        "until": (" kept until 2025-04-{dozen_days}", ""),
        "dozen_days": chance.number(10, 30),
        "free": (
            *("connection reset by 10.64.0.9:7070", "no space left on /vol/1", "ack timeout ({many} us)"),
            "checksum: ab12 != ab13",
        ),
    }


_STORAGE = _System(
    kinds={
        name: (weight, f"{{time}} {level} vault.{part}: {text}")
        for name, weight, level, part, text in (
            (
                "block-received",
                100,
                "INFO",
                "Node$Receiver",
                "Received {id} of {size} bytes from {client} in {millis} ms",
            ),
            ("replica-added", 85, "INFO", "Steward", "Added replica of {id} on {node}{rack}"),
            ("block-served", 70, "INFO", "Node$Sender", "Served {id} to {client}, {size} bytes from offset {odd_size}"),
            ("block-stored", 55, "INFO", "Node", "Stored {id} generation {many} at {volume}/live/{dozen}"),
            (
                *("heartbeat", 40, "DEBUG", "Steward$Beats"),
                "Heartbeat from {name}:7070: {percent}% of {capacity} TiB used, {many} blocks",
            ),
            ("block-verified", 35, "DEBUG", "Verifier", "Verified {id}: checksum {half} matches"),
            ("block-deleted", 30, "INFO", "Node$Cleaner", "Deleted {id} ({size} bytes freed)"),
            ("lease-changed", 25, "INFO", "Leases", "Lease of {file} {lease} for client {user}@{dozen}"),
            ("pipeline-opened", 20, "INFO", "Node$Writer", "Write pipeline {uuid} opened for {file} with {few} nodes"),
            ("copy-asked", 12, "INFO", "Steward", "Asked {node} to copy {id} to {targets}"),
            ("under-replicated", 10, "WARN", "Steward", "{id} has {few} of 4 replicas"),
            ("pipeline-failed", 4, "ERROR", "Node$Writer", "Write pipeline {uuid} failed at node {few}: {free}"),
            ("block-corrupt", 2, "ERROR", "Verifier", "Verified {id}: checksum {half} differs from {half}"),
            ("node-silent", 2, "WARN", "Steward$Beats", "No heartbeat from {name}:7070 for {tenths} s, marked {mark}"),
            ("node-registered", 2, "INFO", "Steward", "Node {name} registered: {mac}, serial VX{many}"),
            ("data-balanced", 2, "INFO", "Balancer", "Balancer moved {tenths} GiB, deviation now {percent}%"),
            (
                *("volume-scanned", 2, "INFO", "Scanner"),
                "Scan of volume {volume} finished: {many} blocks, {few} bad, took 0{few}:{dozen}:{dozen}",
            ),
            ("volume-full", 2, "ERROR", "Node", "Volume {volume} is {full}% full"),
            ("snapshot-made", 2, "INFO", "Snapshots", 'Snapshot "{snapshot}" of {file} by {user}{until}'),
        )
    },
    slots=_storage_slots,
    free="pipeline-failed",
    unknown=(
        "{time} INFO vault.Node: Received {id} of {size} bytes from {name}:7070 in 3.1 ms",
        "{time} INFO vault.Node: Quota of /home/ines raised to {dozen} TiB",
        "{time} WARN vault.Node: blk_{half}{half} has 1 of 3 replicas",
        "{time} FATAL vault.Node: Volume /vol/0 is 100% full",
    ),
    traces=(
        (
            "vault.net.ChannelException: peer went away",
            "\tat vault.Node$Writer.forward(Node.java:811)",
            "\tat vault.Node$Writer.run(Node.java:640)",
        ),
    ),
)


def _k8s_slots(chance: _Chance) -> _Slots:
    names = ("cart", "web", "orders-api", "node-agent", "mailer", "price-sync")
    spaces = ("shop", "shop", "monitoring", "kube-system", "batch-eu")
    nine, five = chance.hex(9), chance.hex(5)
    return {
        "time": _Clock(chance, lambda day: f"{day.month:02}{day.day:02} ", 0.3, ".%06d"),
        "thread": ("      1", "     17", "   1234", "  20931"),  # klog: seven characters
        "pod": chance.pool([f"{chance.pick(spaces)}/{chance.pick(names)}-{nine()}-{five()}" for _ in range(300)]),
        "node": chance.pool([f"worker-{number:02}.eu1.example.net" for number in range(1, 25)]),
        "space": spaces,
        "name": names,
        "hex": chance.hex(12),
        "uuid": chance.uuid,
        "few": chance.number(1, 10),
        "byte": chance.number(1, 255),
        "many": chance.small(90_000),
        "big": chance.small(900_000_000),
        "millis": chance.decimal(900, 3),
        "group": chance.hex(4),
        "percent": chance.decimal(9.9, 1),
        "image": ("registry.example.net/{name}:{few}.{byte}.0",),
        "agent": (' by "kubelet/v1.31.2 (linux/amd64)"', ' by "deployer/0.9"', "", ""),
        "verb": ("GET", "GET", "LIST", "WATCH", "PATCH", "CREATE"),
        "status": ("200", "200", "200", "201", "404", "409"),
        "what": ("pods", "events", "configmaps", "leases?limit=500"),
        "probe": ("liveness", "readiness", "startup"),
        "check": ("live", "ready?full=1"),
        "error": (
            *("context deadline exceeded", 'object \\"cart\\" has been modified', "EOF", "connection refused"),
            'Get \\"https://10.96.0.1:443/api\\": i/o timeout',
        ),
        "free": ("context deadline exceeded", 'pods "cart" not found', "EOF", "no space left, giving up"),
        "exit": ('0 reason="Completed"', "0", "1", '1 reason="Error"', '137 reason="OOM killed"'),
        "ip": ("10.244.{few}.{byte}",),
        "ready": (
            *("0 ready, {few} waiting: []", "1 ready, 0 waiting: [{ip}:8080]"),
            "2 ready, {few} waiting: [{ip}:8080, {ip}:8080]",
        ),
        "second": (" and fd00:10:244::{group}", ""),
        "volume": ("config", "data-0", "kube api access"),
        "kind": ("Deployment", "Deployment", "StatefulSet", "Job"),
        "resource": ("Pod", "Node", "Secret"),
        "condition": ("Ready", "DiskPressure", "MemoryPressure"),
        "is": ("True", "False", "Unknown", "True: kubelet is posting", "False: runtime is down: no socket"),
        "clock": ("0{few}:1{few}:2{few}.{byte}",),
        "operation": ('"List etcd3 key:/registry/pods"', '"Update etcd3 key:/registry/leases/{name}"'),
        "lock": ("scheduler", "controller"),
        "certificate": ("kubelet-client", "front-proxy"),
    }


_K8S = _System(
    kinds={
        name: (weight, f"{place[0]}{{time}} {{thread}} {place[1:]}] {text}")
        for name, weight, place, text in (
            (
                *("api-request", 120, "Ihttplog.go:132"),
                "{verb} /api/v1/namespaces/{space}/{what} {status} {millis}ms{agent}",
            ),
            (
                *("probe-failed", 50, "Wprober.go:107"),
                '"Probe failed" probe={probe} pod="{pod}" url=http://{ip}:8080/{check} err="{error}"',
            ),
            ("endpoints-changed", 45, "Iendpoints.go:154", "Endpoints of {space}/{name} now {ready}"),
            (
                *("container-started", 40, "Iruntime.go:388"),
                '"Container started" pod="{pod}" container="{name}" id={hex}{hex}',
            ),
            (
                "container-exited",
                35,
                "Iruntime.go:412",
                '"Container exited" pod="{pod}" container="{name}" code={exit}',
            ),
            ("pod-bound", 35, "Ibinder.go:77", "Bound pod {pod} to node {node} (24 nodes evaluated, {few} feasible)"),
            ("address-assigned", 30, "Iipam.go:61", "Assigned {ip}{second} to pod {pod}"),
            (
                *("volume-mounted", 30, "Ireconciler.go:254"),
                '"Volume mounted" volume="{volume}" path=/var/lib/kubelet/pods/{uuid}/volumes/{few} pod="{pod}"',
            ),
            ("image-pulled", 25, "Iimages.go:140", '"Image pulled" image="{image}" size={big} duration={millis}s'),
            ("replicas-scaled", 15, "Iscale.go:199", "Scaled {kind} {space}/{name} from {few} to {few} replicas"),
            (
                *("watch-closed", 15, "Wreflector.go:561"),
                "Watch of *v1.{resource} closed after {millis}s: {many} items received",
            ),
            ("node-condition", 12, "Inode_status.go:88", "Node {node} condition {condition} is {is}"),
            ("sync-failed", 10, "Econtroller.go:231", 'Sync of "{pod}" failed: {free}, trying again'),
            (
                *("image-pull-failed", 6, "Eimages.go:171"),
                '"Image pull failed" image="{image}" attempt={few} err="{error}"',
            ),
            ("request-traced", 6, "Itrace.go:236", "Trace[{big}]: {operation} (started {clock}, total {many}ms)"),
            (
                *("container-killed", 5, "Woom.go:64"),
                "Container {hex} of pod {uuid} killed: used 2623{byte}Ki of 262144Ki",
            ),
            (
                *("pod-evicted", 4, "Weviction.go:310"),
                "Evicting pod {pod} from {node}: memory at 9{percent}%, threshold 90%",
            ),
            ("lease-taken", 3, "Ileader.go:258", "Lease kube-system/{lock} taken by {node}_{uuid}"),
            ("images-removed", 2, "Igc.go:93", "Removed {few} unused images, freed {big} bytes"),
            (
                *("certificate-expires", 1, "Wcerts.go:45"),
                "Certificate {certificate} expires at 2025-04-1{few}T00:00:00Z, rotating in {few} days",
            ),
        )
    },
    slots=_k8s_slots,
    free="sync-failed",
    unknown=(
        "I{time} {thread} server.go:12] Flag --cloud-provider has been deprecated",
        'I{time} {thread} runtime.go:388] "Container started" pod="{pod}" container={name}',
        "X{time} {thread} binder.go:77] Bound pod {pod} to node {node} (24 nodes evaluated, 3 feasible)",
        "I{time} {thread} scale.go:199] Scaled CronTab {space}/{name} from 1 to 2 replicas",
    ),
    traces=(
        (
            *("panic: assignment to entry in nil map", "", "goroutine 17 [running]:"),
            *("example.net/agent/sync.(*Loop).run(0xc0001a2000)", "\t/src/sync/loop.go:88 +0x1d4"),
        ),
    ),
)

_SYSTEMS: dict[str, _System] = {
    "sshd": _SSHD,
    "nginx": _NGINX,
    "orders": _ORDERS,
    "storage": _STORAGE,
    "k8s": _K8S,
}
