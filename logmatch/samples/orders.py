"""orders: the log of a Java service. Its templates are in `orders.toml`."""

from __future__ import annotations

from logmatch.samples.grammar import USERS, Chance, Clock, Slots, System


def _slots(chance: Chance) -> Slots:
    threads = tuple(f"http-exec-{number}" for number in range(1, 17))
    return {
        "time": Clock(chance, lambda day: f"{day.year}-{day.month:02}-{day.day:02}T", 0.15, ".%03dZ", 1000),
        "thread": chance.pool((*threads, "main", "scheduler-1", "consumer-2", "consumer-3")),
        "uuid": chance.uuid,
        "hex": chance.hex(12),
        "customer": chance.number(10_000, 99_999),
        "user": chance.pool(USERS),
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


SYSTEM = System(
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
    slots=_slots,
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
