"""The command line: which verbs there are, their parsers, and the one place where an error is shown.

Imports only what it takes to get to a verb, and each verb only when it is called: a verb that draws nothing
is back in a few tens of milliseconds.
"""

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn, Protocol, cast

from overnight.tui.verbs import VERBS

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

OLDEST_KERNEL = (5, 4)
INTERRUPTED = 130
"""128 + SIGINT, as shells say it."""


class VerbModule(Protocol):
    """What each file of commands/ offers; its docstring is the verb's help."""

    def declare(self, parser: "ArgumentParser") -> None: ...

    def run(self, options: "Namespace") -> int: ...


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
    from overnight.state.errors import OvernightError, refusal_of
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
        console.complain(refusal_of(error))
        return 1
    return code


def _dispatch(arguments: list[str]) -> int:
    if not arguments:
        return _interface()
    if arguments[0].startswith("-"):
        return _interface_with(arguments)
    from overnight.tui.parsers import Parser

    verb, *rest = arguments
    if verb not in VERBS:
        raise _no_such_verb(verb)
    module = cast(VerbModule, import_module(f"overnight.tui.commands.{verb}"))
    parser = Parser(prog=f"overnight {verb}", description=module.__doc__)
    module.declare(parser)
    return module.run(parser.parse_args(rest))


def _interface_with(arguments: list[str]) -> int:
    from overnight.tui.parsers import interface_parser

    options = interface_parser().parse_args(arguments)
    if not options.version:
        return _interface(ascii=options.ascii)
    from importlib.metadata import version

    sys.stdout.write(f"overnight {version('overnight')}\n")
    return 0


def _interface(*, ascii: bool = False) -> int:
    from overnight.state.home import default_home
    from overnight.tui.interface import open_interface

    return open_interface(default_home(), ascii=ascii)


def _no_such_verb(verb: str) -> Exception:
    from overnight.state.errors import WrongUsage
    from overnight.state.nearest import nearest

    near = nearest(verb, VERBS)
    hint = f"Did you mean `overnight {near}`?" if near else "`overnight --help` lists the verbs."
    return WrongUsage(f"no verb {verb!r}", hint=hint)
