"""The command line: which verbs there are, their parsers, and the one place where an error is shown.

Imports only what it takes to get to a verb, and each verb only when it is called: a verb that draws nothing
is back in a few tens of milliseconds.
"""

import os
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from importlib import import_module
from typing import Any, NoReturn, Protocol, cast

VERBS = {
    "demo": "real agents on real files of this machine, in the interface",
    "run": "launch a command as a run",
    "map": "do a command for each item, as one durable run",
    "ls": "list the runs",
    "show": "everything about a run",
    "why": "why a run waits, is paused, or has failed, and what can be done",
    "logs": "what an agent printed; -f follows it",
    "errors": "the items that failed, and why",
    "history": "what happened to a run, oldest first",
    "events": "what happens to all runs, in one order; -f goes on with what comes",
    "pause": "pause at the next item, checkpointed",
    "resume": "go on: after a pause, a reboot, a lost process",
    "cancel": "stop at a checkpoint; by force after the grace",
    "kill": "stop by force, now",
    "restart": "stop at a checkpoint, and start the next attempt",
    "retry": "start an ended run again from its checkpoint; --errors: its failed items",
    "group": "how many runs of a group work at once; pause a group, or let it go on",
    "wait": "wait for the end; the exit code says how it ended",
    "rm": "remove ended runs",
    "prune": "remove runs that ended long ago",
    "doctor": "what is wrong with the runs and the machine; --repair: puts it right",
    "check": "whether an agent's files speak the protocol, field by field",
    "completion": "what bash, zsh or fish needs to complete verbs, options and runs",
}
OLDEST_KERNEL = (5, 4)
INTERRUPTED = 130
"""128 + SIGINT, as shells say it."""


class VerbModule(Protocol):
    """What each file of commands/ offers; its docstring is the verb's help."""

    def declare(self, parser: ArgumentParser) -> None: ...

    def run(self, options: Namespace) -> int: ...


def command() -> NoReturn:
    """`main`, as the process that a shell starts: it ends here.

    What was loaded is not taken apart first: that would take six milliseconds, a tenth of a short verb, for nobody.
    """
    code = main()
    from overnight.tui import console

    console.finish_or_abandon()
    os._exit(code)


def main() -> int:
    """Do what the command line asks for; the exit code of the process. Raises SystemExit where this cannot run."""
    if (refusal := refusal_of(sys.platform)) is not None:
        sys.exit(f"overnight: {refusal}")
    try:
        return _guarded(sys.argv[1:])
    except KeyboardInterrupt:
        sys.stderr.write("overnight: interrupted. Runs go on: `overnight ls` shows them.\n")
        return INTERRUPTED


def refusal_of(platform: str) -> str | None:
    """Why this machine cannot run it; None = it can. Asked before anything is imported that only Linux has."""
    needed = f"needs Linux {OLDEST_KERNEL[0]}.{OLDEST_KERNEL[1]} or later"
    if platform != "linux":
        return f"{needed}, and this is {platform}. Run it on a Linux machine, over SSH for example."
    release = os.uname().release
    numbers = tuple(int(part) for part in release.split("-")[0].split(".")[:2] if part.isdecimal())
    return f"{needed}, and this is Linux {release}." if numbers < OLDEST_KERNEL else None


def _guarded(arguments: list[str]) -> int:
    from overnight.state.errors import OvernightError
    from overnight.tui import console

    console.prepare()
    try:
        code = _dispatch(arguments)
        console.finish()
    except OvernightError as error:
        console.complain(error)
        return error.exit_code
    except BrokenPipeError:
        # `overnight ls | head -1` has got what it wanted.
        console.abandon()
        return 0
    except OSError as error:
        console.finish_or_abandon()
        where = f"{error.filename}: " if error.filename else ""
        console.complain(OvernightError(f"{where}{error.strerror or error}"))
        return 1
    return code


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0].startswith("-"):
        return _interface(interface_parser().parse_args(arguments))
    verb, *rest = arguments
    if verb not in VERBS:
        raise _no_such_verb(verb)
    module = cast(VerbModule, import_module(f"overnight.tui.commands.{verb}"))
    parser = Parser(prog=f"overnight {verb}", description=module.__doc__)
    module.declare(parser)
    return module.run(parser.parse_args(rest))


class Formatter(RawDescriptionHelpFormatter):
    """As wide as the terminal. Asked by `argparse`, which does it for each option, that loads three compressors."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    named = os.environ.get("COLUMNS", "")
    if named.isdecimal() and int(named):
        return int(named)
    try:
        return os.get_terminal_size(1).columns or 80
    except OSError:
        return 80


class Parser(ArgumentParser):
    """Takes no abbreviations, which a later option would make ambiguous, and complains in one line."""

    def __init__(self, prog: str, **rest: Any) -> None:
        super().__init__(prog, allow_abbrev=False, formatter_class=Formatter, **rest)

    def error(self, message: str) -> NoReturn:
        from overnight.state.errors import WrongUsage

        verb = self.prog.removeprefix("overnight").strip()
        raise WrongUsage(f"{verb}: {message}" if verb else message, hint=f"`{self.prog} --help` shows what there is.")


def interface_parser() -> Parser:
    verbs = "\n".join(f"  {verb:12}{what}" for verb, what in VERBS.items())
    parser = Parser(
        "overnight",
        usage="overnight [--ascii]\n       overnight VERB [options]",
        description="Runs long-running agents and shows them in a terminal. Without a verb: the interface.",
        epilog=f"verbs:\n{verbs}\n\n`overnight VERB --help` shows the options of a verb.\n"
        "Keys, colours and columns of the interface: ~/.config/overnight/config.toml (or $OVERNIGHT_CONFIG).",
    )
    parser.add_argument("--version", action="store_true", help="say the version and exit")
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII characters only")
    return parser


def _interface(options: Namespace) -> int:
    if options.version:
        from importlib.metadata import version

        sys.stdout.write(f"overnight {version('overnight')}\n")
        return 0
    from overnight.state.home import default_home
    from overnight.tui.interface import open_interface

    return open_interface(default_home(), ascii=options.ascii)


def _no_such_verb(verb: str) -> Exception:
    from overnight.state.errors import WrongUsage
    from overnight.state.nearest import nearest

    near = nearest(verb, VERBS)
    hint = f"Did you mean `overnight {near}`?" if near else "`overnight --help` lists the verbs."
    return WrongUsage(f"no verb {verb!r}", hint=hint)
