"""Choice options: which lines a command is to take, by their templates, their values and their times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from logmatch.commands.options import CHOOSING, option
from logmatch.errors import UsageError
from logmatch.wording import did_you_mean

if TYPE_CHECKING:
    from logmatch.choice.choice import Choice
    from logmatch.choice.span import TimeSpan
    from logmatch.program import Program
    from logmatch.templates.template import Template


def read_names(text: str, name: str) -> str:
    """Names with commas between them."""
    if not text.strip(", "):
        raise UsageError(f"{name} names nothing", hint=f"write one name or several: {name} login,logout")
    return text


def read_condition(text: str, name: str) -> str:
    """The text of a condition; whether it is well formed is found out when the templates are known."""
    if not text.strip():
        raise UsageError(f"{name} is empty", hint=f"write a condition in quotes: {name} 'status>=500'")
    return text


def read_time(text: str, name: str) -> str:
    """A time as a person writes it."""
    from logmatch.choice.span import read_bound

    read_bound(text, name)
    return text


@dataclass(frozen=True, kw_only=True)
class ChoiceOptions:
    """Options that choose lines."""

    only: tuple[str, ...] = option(
        "--only",
        default=(),
        metavar="ID[,ID]",
        read=read_names,
        several=True,
        separator=",",
        section=CHOOSING,
        help="Take only lines of these templates. All templates are matched still. May be given several times.",
    )
    not_: tuple[str, ...] = option(
        "--not",
        default=(),
        metavar="ID[,ID]",
        read=read_names,
        several=True,
        separator=",",
        section=CHOOSING,
        help="Leave out lines of these templates. May be given several times.",
    )
    tagged: tuple[str, ...] = option(
        "--tagged",
        default=(),
        metavar="TAG[,TAG]",
        read=read_names,
        several=True,
        separator=",",
        section=CHOOSING,
        help="Take only lines of templates with one of these tags. May be given several times.",
    )
    where: str | None = option(
        "--where",
        default=None,
        metavar="CONDITION",
        read=read_condition,
        section=CHOOSING,
        help="Take only lines whose values meet a condition, as 'status>=500 and method==\"GET\"'.",
    )
    since: str | None = option(
        "--since",
        default=None,
        metavar="TIME",
        read=read_time,
        section=CHOOSING,
        help="Take only lines of this time or later: 2024-05-31T13:05:59Z, a date, 13:05, yesterday, '2h ago'.",
    )
    until: str | None = option(
        "--until",
        default=None,
        metavar="TIME",
        read=read_time,
        section=CHOOSING,
        help="Take only lines of this time or earlier.",
    )

    @property
    def needs_times(self) -> bool:
        """Whether the times of lines must be read."""
        return self.since is not None or self.until is not None


def choice_of(
    options: ChoiceOptions,
    templates: Sequence[Template],
    program: Program,
    *,
    zone: str | None,
    unmatched_are_apart: bool = False,
) -> Choice | None:
    """
    What *options* ask for; None where they ask for all lines.

    Args:
        zone: that of times which say none.
        unmatched_are_apart: see `Choice`.

    Raises:
        UsageError: they name what there is not.
    """
    from logmatch.choice.choice import Choice, make_chooser

    numbers = {template.id: number for number, template in enumerate(templates)}
    tags: dict[str, set[int]] = {}
    for number, template in enumerate(templates):
        for tag in template.tags:
            tags.setdefault(tag, set()).add(number)
    chosen = set(numbers.values())
    if options.only:
        chosen &= {numbers[id_] for id_ in _known(options.only, numbers, "--only", "template")}
    if options.tagged:
        chosen &= set().union(*(tags[tag] for tag in _known(options.tagged, tags, "--tagged", "tag")))
    if options.not_:
        chosen -= {numbers[id_] for id_ in _known(options.not_, numbers, "--not", "template")}
    choice = Choice(
        templates=frozenset(chosen) if options.only or options.tagged or options.not_ else None,
        keeps_unmatched=not (options.only or options.tagged),
        where=options.where,
        span=_span(options, zone),
        unmatched_are_apart=unmatched_are_apart,
    )
    if choice.is_everything:
        return None
    make_chooser(program, choice, by_columns=False)  # an error in it comes before anything is read
    return choice


def _known(written: Iterable[str], known: Iterable[str], option_name: str, what: str) -> list[str]:
    """The names in *written*, each of which must be one of *known*."""
    names = list(known)
    found: list[str] = []
    for text in written:
        for name in [text] if text in names else [part.strip() for part in text.split(",") if part.strip()]:
            if name not in names:
                shown = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
                hint = f"{did_you_mean(name, names)}there are {shown}" if names else f"no template has a {what}"
                raise UsageError(f"{option_name}: there is no {what} {name!r}", hint=hint)
            found.append(name)
    return found


def _span(options: ChoiceOptions, zone: str | None) -> TimeSpan | None:
    if not options.needs_times:
        return None
    from logmatch.choice.span import read_bound, span_of

    since = None if options.since is None else read_bound(options.since, "--since")
    until = None if options.until is None else read_bound(options.until, "--until")
    if since is not None and until is not None and since.is_moment == until.is_moment:
        if since.nanoseconds > until.nanoseconds:
            raise UsageError(f"--since {options.since} is after --until {options.until}", hint="exchange the two")
    return span_of(since, until, zone)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which keys and values records have."""

    keys: frozenset[str]
    value_names: frozenset[str] | None
    """None: all."""


SELECTABLE = ("file", "line", "ts", "template_id", "values", "raw", "offset")
"""The keys of records that can be selected."""


def selection_of(written: Sequence[str], program: Program, *, has_time: bool) -> Selection | None:
    """
    What `--select` says; None where nothing is selected.

    Raises:
        UsageError: it names what no record has.
    """
    if not written:
        return None
    known = sorted({name for template in program.templates for name in template.names if name is not None})
    keys: set[str] = set()
    values: set[str] = set()
    for part in ",".join(written).split(","):
        name = part.strip()
        if name in SELECTABLE:
            keys.add(name)
        elif name.removeprefix("values.") in known:
            values.add(name.removeprefix("values."))
        elif name:
            hint = did_you_mean(name, (*SELECTABLE, *known)) + f"the keys are {', '.join(SELECTABLE)}"
            raise UsageError(f"--select: there is no key and no field {name!r}", hint=hint)
    if "ts" in keys and not has_time:
        raise UsageError("--select: records have no 'ts'", hint="add --time rfc3339")
    selects_all = "values" in keys
    if values:
        keys.add("values")
    return Selection(frozenset(keys), None if selects_all else frozenset(values))
