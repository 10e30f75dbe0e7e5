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
    "apache-combined": "Apache HTTP Server: access log, combined format",
    "apache-common": "Apache HTTP Server: access log, Common Log Format",
    "apache-error": "Apache HTTP Server: error log",
    "aws-alb": "AWS Application Load Balancer: access log",
    "bind": "BIND 9 (named), in syslog or in files of its own",
    "cron": "cron, crond, crontab, anacron and run-parts, in syslog",
    "dpkg": "dpkg.log of Debian and Ubuntu",
    "haproxy-event": "HAProxy: servers and proxies that come and go",
    "haproxy-http": "HAProxy: requests, option httplog and httpslog",
    "haproxy-tcp": "HAProxy: connections, option tcplog",
    "iptables": "packets that iptables and nftables log",
    "kernel": "the Linux kernel, in syslog or from dmesg",
    "klog": "Kubernetes' components, klog and glog",
    "log4j": "log4j: the layouts of its documentation, headers only",
    "logback": "logback and Spring Boot: the usual layouts, headers only",
    "mysql-error": "MySQL and MariaDB: error log",
    "nginx-access": "nginx: access.log, combined format",
    "nginx-error": "nginx: error.log",
    "pam": "Linux-PAM, in the syslog lines of any program",
    "postfix": "Postfix, in syslog",
    "postgresql": "PostgreSQL, with the default log_line_prefix or Debian's",
    "squid": "Squid: access.log in the native format, cache.log",
    "sshd": "the OpenSSH server, in syslog",
    "su": "su and runuser, in syslog",
    "sudo": "sudo, in syslog",
    "syslog-rfc3164": "any line of syslog: RFC 3164, or with an ISO time",
    "syslog-rfc5424": "any line of syslog: RFC 5424",
    "systemd": "systemd and its daemons, in syslog",
    "tomcat": "Tomcat: catalina.out",
    "ufw": "packets that ufw logs",
}
"""The packs by name, with what they are for."""


ALIASES: dict[str, str] = {
    "alb": "aws-alb",
    "glog": "klog",
    "httpd": "apache",
    "mariadb": "mysql-error",
    "named": "bind",
    "postgres": "postgresql",
}
"""Other names of packs and families."""


def packs_of(names: str) -> tuple[str, ...]:
    """
    Return the packs that *names* stands for: packs, families and aliases, with commas between them.

    Raises:
        UsageError: one of the names is neither.
    """
    found: dict[str, None] = {}
    for written in names.split(","):
        name = ALIASES.get(written, written)
        packs = [pack for pack in PACKS if pack == name or pack.startswith(f"{name}-")] if name else []
        if not packs:
            raise UsageError(f"there is no format called {written!r}", hint=_hint(written))
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
