"""Formats: `logmatch formats`, which lists the packs, prints one, and says which of them match a log."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from logmatch.commands.options import INPUT, Command, argument, json_option, option, read_path
from logmatch.commands.terminal import say, write, write_json
from logmatch.errors import ExitStatus, UsageError, printable
from logmatch.formats import PACKS, families, packs_of, read_pack
from logmatch.wording import count, listed

if TYPE_CHECKING:
    from logmatch.formats.detect import Detection


@dataclass(frozen=True, kw_only=True)
class FormatsOptions:
    """What `logmatch formats` takes."""

    name: tuple[str, ...] = argument(metavar="NAME", help="The pack to print. Default: all are listed.")
    detect: tuple[str, ...] = option(
        "--detect",
        default=(),
        metavar="FILE",
        read=read_path,
        several=True,
        has_variable=False,
        section=INPUT,
        help="Show which packs match how much of a log (compressed too; - is stdin). May be given several times.",
    )
    json: bool = json_option("Write the list, or what was detected, as JSON.")


def formats(options: FormatsOptions) -> ExitStatus:
    """Write the list, a pack, or what matches."""
    if options.detect:
        if options.name:
            raise UsageError("--detect tries all packs", hint="leave the name out")
        return _detect(options.detect, as_json=options.json)
    if not options.name:
        _list(as_json=options.json)
        return ExitStatus.DONE
    packs = packs_of(",".join(options.name))
    if len(packs) > 1:
        raise UsageError(
            f"{' '.join(options.name)} stands for {count(len(packs), 'pack')}",
            hint=f"print one at a time: {', '.join(packs)}",
        )
    write(read_pack(packs[0]).decode())
    return ExitStatus.DONE


def _list(*, as_json: bool) -> None:
    if as_json:
        packs = [{"name": pack, "title": title} for pack, title in PACKS.items()]
        write_json("-", {"formats": packs, "families": families()})
        return
    width = max(map(len, PACKS))
    write("".join(f"{pack:{width}}  {title}\n" for pack, title in PACKS.items()))
    say("")
    for family, several in families().items():
        say(f"{family} stands for {listed(several, 'and')}")
    say("Use one: logmatch parse LOG --format NAME; print one to copy: logmatch formats NAME")


def _detect(paths: tuple[str, ...], *, as_json: bool) -> ExitStatus:
    from logmatch.formats.detect import detect

    found = [(path, detect(path)) for path in paths]
    if as_json:
        write_json("-", {"files": [_to_dict(path, detection) for path, detection in found]})
    else:
        for number, (path, detection) in enumerate(found):
            if len(found) > 1:
                write(f"\n{path}\n" if number else f"{path}\n")
            _show(path, detection)
    return ExitStatus.DONE if all(detection.matches for _, detection in found) else ExitStatus.ANSWER_IS_NO


def _to_dict(path: str, detection: Detection) -> dict[str, object]:
    return {
        "file": path,
        "lines": detection.lines,
        "formats": [
            {
                "name": match.pack,
                "matched": match.lines,
                "share": round(match.lines / detection.lines, 6),
                "templates": match.templates,
            }
            for match in detection.matches
        ],
        "suggestion": list(detection.suggestion),
        "suggested_matched": detection.suggested_lines,
    }


def _show(path: str, detection: Detection) -> None:
    if not detection.matches:
        say(f"{count(detection.lines, 'line')} looked at; no pack matches any of them")
        say(f"Make templates of them: logmatch learn {shlex.quote(printable(path))}")
        return
    width = max(len(match.pack) for match in detection.matches)
    for match in detection.matches:
        share = match.lines / detection.lines
        shown = "100 %" if share == 1 else f"{min(share, 0.999):.1%}".replace("%", " %")
        write(f"{match.pack:{width}}  {shown:>6}  {match.lines:>6,}  {PACKS[match.pack]}\n")
    together = detection.suggested_lines
    say(f"\n{count(detection.lines, 'line')} looked at; {together:,} of them match with")
    say(f"logmatch parse {shlex.quote(printable(path))} --format {','.join(detection.suggestion)}")


COMMAND = Command(
    name="formats",
    summary="List the templates that come with logmatch, or find which of them match a log.",
    usage="[OPTIONS] [NAME]",
    options=FormatsOptions,
    run=formats,
    examples=(
        "logmatch formats",
        "logmatch formats --detect /var/log/auth.log",
        "logmatch parse /var/log/auth.log --format sshd,sudo,pam,cron",
        "logmatch formats sshd > sshd.toml",
    ),
    notes=(
        "A pack holds the templates for the log of one program; @NAME stands for it wherever a template file may be "
        "named. The exit status of --detect is 1 if no pack matches any line.",
    ),
)
