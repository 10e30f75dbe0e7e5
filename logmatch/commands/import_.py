"""Import: `logmatch import`, which makes a template file of what configured a log, or of another tool's rules."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from logmatch.commands.options import OUTPUT, STDIN, Command, argument, option, read_path
from logmatch.commands.terminal import say, write_file
from logmatch.errors import ExitStatus, InputError, UsageError, reason_of
from logmatch.importers import IMPORTERS, import_templates, importer

if TYPE_CHECKING:
    from logmatch.importers.source import Source


_FILE_NAME = re.compile(r"/|\.[A-Za-z]\w*$")
"""What the name of a file has and the text of a setting mostly has not: a directory, or a suffix."""

_MOST_BYTES = 64 << 20
"""Of a setting; more is a log, or has no end."""


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """What `logmatch import` takes."""

    what: tuple[str, ...] = argument(
        metavar="FORMAT",
        help=f"What is imported: {', '.join(IMPORTERS)}. Then the text itself, its file, or - for stdin.",
    )
    output: str = option(
        *("--output", "-o"),
        default="-",
        metavar="FILE",
        read=read_path,
        section=OUTPUT,
        help="Where the template file goes; - is stdout.",
    )


def import_(options: ImportOptions) -> ExitStatus:
    """Write the template file."""
    if not options.what:
        width = max(map(len, IMPORTERS))
        say("".join(f"{name:{width}}  {title}\n" for name, title in IMPORTERS.items()).rstrip("\n"))
        raise UsageError("nothing to import is named", hint="logmatch import nginx /etc/nginx/nginx.conf")
    name, *rest = options.what
    importer(name)
    if len(rest) != 1:
        hint = f"put it between quotes: logmatch import {name} '…'" if rest else "name a file, or give the text itself"
        raise UsageError(f"logmatch import {name} takes one text or file, not {len(rest) or 'none'}", hint=hint)
    write_file(options.output, import_templates(name, _source(rest[0])))
    return ExitStatus.DONE


def _source(given: str) -> Source:
    """The text of a file or of stdin, or *given* itself where there is no such file."""
    from logmatch.importers.source import Source

    if given != STDIN and not os.path.isfile(given):
        if _FILE_NAME.search(given) and not any(sign in given for sign in "%$ \t<"):
            hint = "check the path; the text itself would have directives in it"
            raise InputError(f"there is no file {given}", hint=hint)
        return Source(given)
    try:
        if given == STDIN:
            return Source(_read(sys.stdin.buffer, "stdin").decode(), "<stdin>")
        with open(given, "rb") as file:
            return Source(_read(file, given).decode().removeprefix("\N{BYTE ORDER MARK}"), given)
    except UnicodeDecodeError:
        raise InputError(f"{given} is not UTF-8", hint="save it as UTF-8") from None
    except OSError as error:
        raise InputError(f"{given} cannot be read: {reason_of(error)}", hint="check that you may read it") from None


def _read(file: IO[bytes], name: str) -> bytes:
    data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        hint = "name the file that configures the log"
        raise InputError(f"{name} has more than {_MOST_BYTES >> 20} MiB", hint=hint)
    return data


COMMAND = Command(
    name="import",
    summary="Make a template file of the setting that configured a log.",
    usage="[OPTIONS] FORMAT STRING|FILE",
    options=ImportOptions,
    run=import_,
    examples=(
        "logmatch import nginx /etc/nginx/nginx.conf -o nginx.toml",
        "logmatch import apache '%h %l %u %t \"%r\" %>s %b'",
        "logmatch import postgres '%m [%p] %q%u@%d '",
        "logmatch import log4j '%d{ISO8601} [%t] %-5p %c - %m%n'",
    ),
    notes=(
        "Fields are called as the vendor calls them, and have types; what the vendor may write as - is null. A "
        "directive that the vendor does not document is an error that names it. docs/import.md says what is read.",
    ),
)
