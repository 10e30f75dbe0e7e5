"""
Formats: the template packs that come with logmatch, for the logs of common programs.

A *pack* is a template file of this directory, called by its name: `@sshd` stands wherever a template file may be
named. A *family* is what the names of several packs begin with: `nginx` stands for `nginx-access` and `nginx-error`. A
pack is read when it is asked for, and not before.
"""

from __future__ import annotations

import os

from logmatch.errors import UsageError
from logmatch.wording import did_you_mean

MARK = "@"
"""What stands before the name of a pack where a template file could be named too."""

PACKS: dict[str, str] = {
    "cron": "cron, crond, crontab, anacron and run-parts, in syslog",
    "dpkg": "dpkg.log of Debian and Ubuntu",
    "iptables": "packets that iptables and nftables log",
    "kernel": "the Linux kernel, in syslog or from dmesg",
    "log4j": "log4j: the layouts of its documentation, headers only",
    "logback": "logback and Spring Boot: the usual layouts, headers only",
    "mysql-error": "MySQL and MariaDB: error log",
    "nginx-access": "nginx: access.log, combined format",
    "pam": "Linux-PAM, in the syslog lines of any program",
    "postfix": "Postfix, in syslog",
    "sshd": "the OpenSSH server, in syslog",
    "su": "su and runuser, in syslog",
    "sudo": "sudo, in syslog",
    "systemd": "systemd and its daemons, in syslog",
    "ufw": "packets that ufw logs",
}
"""The packs by name, with what they are for."""


def packs_of(names: str) -> tuple[str, ...]:
    """
    Return the packs that *names* stands for: packs and families, with commas between them.

    Raises:
        UsageError: one of the names is neither.
    """
    found: dict[str, None] = {}
    for name in names.split(","):
        packs = [pack for pack in PACKS if pack == name or pack.startswith(f"{name}-")] if name else []
        if not packs:
            raise UsageError(f"there is no format called {name!r}", hint=_hint(name))
        found.update(dict.fromkeys(packs))
    return tuple(found)


def families() -> dict[str, tuple[str, ...]]:
    """The names that stand for several packs, and those packs."""
    members: dict[str, list[str]] = {}
    for pack in PACKS:
        members.setdefault(pack.partition("-")[0], []).append(pack)
    return {family: tuple(packs) for family, packs in members.items() if len(packs) > 1}


def read_pack(name: str) -> bytes:
    """The TOML of the pack *name*, one of `PACKS`."""
    with open(os.path.join(os.path.dirname(__file__), f"{name}.toml"), "rb") as file:
        return file.read()


def _hint(name: str) -> str:
    meant = did_you_mean(name, [*PACKS, *families()])
    return f"{meant}'logmatch formats' lists them; the name of a file that begins with '{MARK}' is written './{MARK}…'"
