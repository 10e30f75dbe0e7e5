"""sshd: what `sshd` writes to syslog. Its templates are in `sshd.toml`."""

from __future__ import annotations

from logmatch.samples.grammar import MONTHS, USERS, Chance, Clock, Slots, System

_GUESSES = (
    *("admin", "root", "test", "oracle", "ubuntu", "guest", "user1", "postgres", "ftpuser", "pi", "minecraft"),
    *("nagios", "support", "hadoop", "tomcat", "es", "web master", "admin;id", "0101", "..", "a", ""),
)


def _slots(chance: Chance) -> Slots:
    pid = 2_100

    def process() -> str:
        # Lines of one process stand together, more or less.
        nonlocal pid
        if chance.random() < 0.4:
            pid = pid + 1 + int(chance.random() * 9) if pid < 64_000 else 900
        return str(pid)

    return {
        "time": Clock(chance, lambda day: f"{MONTHS[day.month - 1]} {day.day:2} ", 8.0),
        "host": chance.pool(("gate1", "gate2", "bastion.example.net", "build-07")),
        "pid": process,
        "head": ("{time} {host} sshd[{pid}]: ",),
        "inside": chance.addresses(120, "10.20.", "10.31.", "2001:db8:51::"),
        "outside": chance.addresses(900, "192.0.2.", "198.51.100.", "198.51.100.", "2001:db8:bad:1::"),
        "port": chance.number(1024, 65_000),
        "from": ("{outside} port {port}",),
        "user": chance.pool(USERS),
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


SYSTEM = System(
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
    slots=_slots,
    free="invalid-user",
    unknown=(
        "{head}Accepted hostbased for {user} from {inside} port {port} ssh2",
        "{head}Accepted password for {user} from gate9 port {port} ssh2",
        "{head}Invalid user {free} from 198.51.300.{byte}",
        "{head}fatal: bad moduli parameters: {port} 1024 512",
        "{time} {host} cron[{pid}]: ({user}) CMD (test -x /usr/local/bin/rotate && /usr/local/bin/rotate)",
    ),
)
