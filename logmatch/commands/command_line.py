"""
Command line: the commands as typer runs them, and what is wrong with a command line as an error of ours.

The only module that knows typer. It makes a parser of the declarations in `options`, and gives a command its options as
one value. Typer's own errors, which differ between its versions, become `UsageError`s.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import typer
import typer.core
import typer.main

from logmatch.commands.completion import VARIABLE
from logmatch.commands.options import Argument, Command, Option, declarations, read_switch
from logmatch.errors import PROGRAM, UsageError
from logmatch.wording import did_you_mean

HELP_NAMES = ["-h", "--help"]

_ERROR: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "UsageError")
"""The base of typer's errors of usage; typer does not export it."""


class TyperCommand(typer.core.TyperCommand):
    """A command of ours as typer runs it."""

    ours: Command

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Parse *args*; what is wrong with them is a `UsageError`."""
        try:
            return super().make_context(info_name, args, parent=parent, **extra)
        except _ERROR as error:
            _fail(error, self)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse *args* after the options that may lack a value have got one."""
        return super().parse_args(ctx, with_bare_values(args, self.ours))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help of ours."""
        from logmatch.commands.manual import command_help, terminal_width

        formatter.write(command_help(self.ours, terminal_width()))


class Group(typer.core.TyperGroup):
    """`logmatch` itself: its commands are made when they are asked for."""

    ours: Command
    load: Callable[[str], Command]
    names: tuple[str, ...]

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of the commands in the order of the help."""
        return list(self.names)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name; None if there is none."""
        return make_command(self.load(cmd_name)) if cmd_name in self.names else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As typer's; a name that is unknown is a `UsageError`."""
        if args[0] not in self.names and not ctx.resilient_parsing:
            hint = f"{did_you_mean(args[0], self.names)}The commands are {', '.join(self.names)}"
            raise UsageError(f"unknown command {args[0]!r}", hint=hint)
        return super().resolve_command(ctx, args)

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Parse *args*; what is wrong with them is a `UsageError`."""
        try:
            return super().make_context(info_name, args, parent=parent, **extra)
        except _ERROR as error:
            _fail(error, self)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse *args* after the options that may lack a value have got one."""
        return super().parse_args(ctx, with_bare_values(args, self.ours, stops_at_argument=True))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help of ours."""
        from logmatch.commands.main import overview

        formatter.write(overview())


def make_command(command: Command) -> TyperCommand:
    """*command* as typer runs it; its `invoke` returns the exit status."""
    single = typer.Typer(
        add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": HELP_NAMES}
    )
    single.command(command.name, cls=TyperCommand, help=command.summary)(_callback(command))
    made = typer.main.get_command(single)
    assert isinstance(made, TyperCommand)
    made.ours = command
    return made


def make_group(command: Command, names: tuple[str, ...], load: Callable[[str], Command]) -> Group:
    """
    `logmatch` itself as typer runs it.

    Args:
        command: its own options; `run` is called before a command, or where there is none.
        names: of its commands.
        load: gives the command of a name.
    """
    whole = typer.Typer(
        name=PROGRAM,
        cls=Group,
        add_completion=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": HELP_NAMES},
    )
    whole.callback(help=command.summary, invoke_without_command=True)(_callback(command))
    made = typer.main.get_command(whole)
    assert isinstance(made, Group)
    made.ours, made.names, made.load = command, names, load
    return made


def run_command_line(group: Group, arguments: list[str]) -> int:
    """Do what *arguments* say; return the exit status."""
    try:
        with group.make_context(PROGRAM, arguments) as context:
            return int(group.invoke(context) or 0)
    except typer.Exit as leave:  # after help
        return leave.exit_code


def complete(group: Group) -> None:
    """Answer a shell that asks for completions, as `_LOGMATCH_COMPLETE` says (what typer's scripts set)."""
    from typer._completion_classes import completion_init

    completion_init()
    group.main(args=[], prog_name=PROGRAM, complete_var=VARIABLE)


# --- declarations -> typer


def _callback(command: Command) -> Callable[..., int]:
    """A function with a parameter for each option, which gives `command.run` what it takes."""
    table = list(declarations(command.options))

    def call(context: typer.Context, **texts: Any) -> int:
        if context.invoked_subcommand is not None:  # this is `logmatch` itself
            if not any(texts.values()):
                return 0
            raise typer.Exit(finish(texts))
        return finish(texts)

    def finish(texts: Mapping[str, Any]) -> int:
        values = {}
        for each, declared in table:
            given = texts[each.name]
            if isinstance(declared, Argument):
                values[each.name] = tuple(given or ())
            else:
                value = _value(declared, given)
                if value is not None:
                    values[each.name] = value
        return command.run(command.options(**values))

    parameters = [inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)]
    for each, declared in table:
        default, annotation = _argument(declared) if isinstance(declared, Argument) else _option(declared)
        kind = inspect.Parameter.KEYWORD_ONLY
        parameters.append(inspect.Parameter(each.name, kind, default=default, annotation=annotation))
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {each.name: each.annotation for each in parameters}
    return call


def _value(declared: Option, given: Any) -> Any:
    """The value of an option that was *given* so, or that its variable has; None: neither."""
    name = declared.name
    if (given is None or given == []) and declared.variable is not None:
        name = declared.variable
        text = os.environ.get(name, "")
        if not text:
            return None
        if declared.metavar is None:
            return read_switch(text, name)
        given = text.split(declared.separator) if declared.several else text
    if given is None or declared.read is None or declared.metavar is None:
        return given
    return tuple(declared.read(each, name) for each in given) if declared.several else declared.read(given, name)


def _argument(declared: Argument) -> tuple[Any, Any]:
    return typer.Argument(None, metavar=declared.metavar, show_default=False, help=declared.help), list[str] | None


def _option(declared: Option) -> tuple[Any, Any]:
    off = [name for name in declared.names if name.startswith("--no-")]
    names = [name for name in declared.names if name not in off]
    if off:
        names[0] = f"{names[0]}/{off[0]}"
    if declared.metavar is None:
        return typer.Option(None, *names, help=declared.help), bool | None
    complete = (lambda: list(declared.choices)) if declared.choices else None
    text = list[str] if declared.several else str
    return typer.Option(
        None, *names, metavar=declared.metavar, help=declared.help, autocompletion=complete
    ), text | None


def with_bare_values(arguments: list[str], command: Command, *, stops_at_argument: bool = False) -> list[str]:
    """
    *arguments* in which every option that may lack its value has one.

    Typer knows no such options. Values of other options and what follows `--` stay as they are.

    Args:
        stops_at_argument: leave what follows the first argument: the options of a command.
    """
    by_name = {name: declared for _, declared in declarations(command.options) if isinstance(declared, Option)
               for name in declared.names}  # fmt: skip
    result: list[str] = []
    rest = list(arguments)
    while rest:
        text = rest.pop(0)
        result.append(text)
        if text == "--" or (stops_at_argument and not text.startswith("-")):
            break
        option = by_name.get(text)
        if option is not None and option.bare is not None:
            value = option.bare
            if rest and option.follows is not None and option.follows(rest[0]):
                value = rest.pop(0)
            result[-1] = f"{text}={value}"
        elif rest and _takes_next(text, by_name):
            result.append(rest.pop(0))
    return result + rest


def _takes_next(text: str, by_name: Mapping[str, Option]) -> bool:
    """Whether the argument after *text* is the value of an option in it."""
    if text.startswith("--") or not text.startswith("-"):
        return text in by_name and by_name[text].metavar is not None
    for place, letter in enumerate(text[1:], 2):
        option = by_name.get(f"-{letter}")
        if option is None:
            return False
        if option.metavar is not None:
            return place == len(text)
    return False


# --- errors of typer -> ours


def _fail(error: Any, command: TyperCommand | Group) -> NoReturn:
    """Raise the `UsageError` that says what typer's *error* says."""
    ours = command.ours
    where = PROGRAM if isinstance(command, Group) else f"{PROGRAM} {ours.name}"
    options = [declared for _, declared in declarations(ours.options) if isinstance(declared, Option)]
    name = getattr(error, "option_name", None)
    kind = type(error).__name__
    if kind == "NoSuchOption":
        known = [each for declared in options for each in declared.names if each.startswith("--")] + ["--help"]
        near = did_you_mean(str(name), known) if str(name).startswith("--") else ""
        raise UsageError(f"unknown option {name}", hint=f"{near}{where} --help shows the options") from None
    if kind == "BadOptionUsage":
        declared = next((each for each in options if name in each.names), None)
        if declared is not None and declared.metavar is not None:
            raise UsageError(f"{name} lacks its value", hint=f"write {name} {declared.metavar}") from None
        raise UsageError(f"{name} takes no value", hint=f"write {name} alone") from None
    message = re.sub(r"\.$", "", str(getattr(error, "message", error)))
    raise UsageError(message[:1].lower() + message[1:], hint=f"{where} --help shows what it takes") from None
