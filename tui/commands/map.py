"""Do a shell command for each item, as one durable run: it resumes where it stopped, and repeats nothing it finished.

{} in CMD is the item, quoted for the shell; without any {} the item comes last. What the commands print is the run's
artifact output.txt, in the order of the items. A command that fails is an item error: `overnight errors`, and
`overnight retry --errors` does it again.
"""

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace

from overnight.state.errors import WrongUsage
from overnight.state.names import name_from
from overnight.tui import arguments
from overnight.tui.commands import run as launching

AGENT = "overnight.agents.bundled.command"


def declare(parser: ArgumentParser) -> None:
    parser.usage = "overnight map [options] 'CMD {}' ITEM…"
    parser.add_argument("template", metavar="'CMD {}'", help="what is done for each item, as the shell reads it")
    parser.add_argument("items", nargs="*", metavar="ITEM")
    parser.add_argument("-j", "--workers", type=_workers, default=4, metavar="N", help="commands at once (4)")
    parser.add_argument("--from", dest="file", metavar="FILE", help="a file with an item a line, instead of ITEM…")
    parser.add_argument("--tries", type=_workers, default=1, metavar="N", help="how often a failing item is tried (1)")
    parser.add_argument("--timeout", type=arguments.span, metavar="SPAN", help="that one command may take")
    launching.declare_launch(parser)


def _workers(word: str) -> int:
    count = arguments.count(word)
    if not count:
        raise ArgumentTypeError("0 do nothing: 1 or more")
    return count


def run(options: Namespace) -> int:
    options.name = options.name or name_from(options.template.split()[0] if options.template.split() else "map")
    options.command = ["--", *command_of(options)]
    return launching.run_one(options)


def command_of(options: Namespace) -> list[str]:
    """The agent that does it. Raises WrongUsage."""
    if not options.template.strip():
        raise WrongUsage("map: no command", hint="overnight map 'CMD {}' ITEM…")
    if bool(options.items) == bool(options.file):
        raise WrongUsage(
            "map: items are needed, as ITEM… or --from FILE, not both", hint="overnight map 'CMD {}' ITEM…"
        )
    given = ["-j", str(options.workers), "--tries", str(options.tries)]
    if options.timeout:
        given += ["--timeout", f"{options.timeout:g}"]
    if options.file:
        if not os.path.isfile(options.file):
            raise WrongUsage(f"map: no such file: {options.file}", hint="--from takes a file with an item a line.")
        given += ["--from", os.path.abspath(options.file)]
    return [sys.executable, "-m", AGENT, *given, "--", options.template, *options.items]
