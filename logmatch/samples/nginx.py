"""nginx: the access log of a web server. Its templates are in `nginx.toml`."""

from __future__ import annotations

from logmatch.samples.grammar import MONTHS, Chance, Clock, Slots, System


def _slots(chance: Chance) -> Slots:
    return {
        "time": Clock(chance, lambda day: f"{day.day:02}/{MONTHS[day.month - 1]}/{day.year}:", 0.4),
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


SYSTEM = System(
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
    slots=_slots,
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
