"""Show groups; say how many runs of one work at once; pause one, or let it go on.

A run in a group whose slots are taken is queued: the one of the highest priority, then the oldest, starts next.
Pausing a group pauses its runs and starts nothing new; resuming it lets those go on that its pause holds.
--json: an array, of one NAME an object.
"""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import Any

from overnight.agents import grouping
from overnight.agents.grouping import Asked, GroupNow
from overnight.state import forms
from overnight.state.errors import WrongUsage
from overnight.state.home import Home
from overnight.state.measures import UNLIMITED
from overnight.tui import arguments, console, selection
from overnight.tui.asking import tell_each
from overnight.tui.clean import clean
from overnight.tui.commands.pause import PAUSE
from overnight.tui.commands.resume import RESUME

ACTIONS = ("pause", "resume")


def declare(parser: ArgumentParser) -> None:
    parser.usage = "overnight group [NAME] [--slots N] [pause|resume] [--json]"
    parser.add_argument("group", nargs="?", type=arguments.group, metavar="NAME")
    parser.add_argument("action", nargs="?", choices=ACTIONS)
    parser.add_argument(
        "--slots",
        type=_slots,
        metavar="N",
        help=f"so many of its runs at once; 0: none; {UNLIMITED}: no limit",
    )
    parser.add_argument("--json", action="store_true", help="all of it, for a program")


def _slots(word: str) -> int | str:
    try:
        return word if word == UNLIMITED else arguments.count(word)
    except ArgumentTypeError:
        raise ArgumentTypeError(f"{word!r} is not a number of runs from 0 on, nor `{UNLIMITED}`") from None


def run(options: Namespace) -> int:
    if options.group in ACTIONS and options.action is None and options.slots is None:
        raise WrongUsage(f"group: which group shall {options.group}?", hint=f"overnight group NAME {options.group}")
    if options.slots is not None and options.group is None:
        raise WrongUsage("group: the slots of which group?", hint="overnight group NAME --slots N")
    home = selection.open_home()
    if options.slots is not None:
        grouping.set_slots(home, options.group, None if options.slots == UNLIMITED else options.slots)
    code = _act(home, options.group, options.action) if options.action else 0
    if options.json or not (options.action or options.slots is not None):
        _show(home, options)
    return code


def _act(home: Home, name: str, action: str) -> int:
    asked: Asked = grouping.pause(home, name) if action == "pause" else grouping.resume(home, name)
    console.say(f"{action}d group {name}")
    return tell_each(asked, PAUSE if action == "pause" else RESUME, None)


def _show(home: Home, options: Namespace) -> None:
    every = [grouping.group_now(home, options.group)] if options.group else grouping.all_now(home)
    if options.json:
        plain = [_plain(each) for each in every]
        console.json_data(plain[0] if options.group else plain)
    elif every:
        width = max(5, *(len(each.name) for each in every))
        console.data(f"{'GROUP':{width}}  SLOTS  RUNNING  QUEUED")
        for each in every:
            console.data(_line(each, width))
    else:
        console.say("No groups. `overnight group NAME --slots N` says how many runs of one work at once.")


def _line(each: GroupNow, width: int) -> str:
    slots = "·" if each.said.slots is None else str(each.said.slots)
    paused = f"  paused by {clean(each.said.by)}" if each.said.paused else ""
    return f"{clean(each.name):{width}}  {slots:>5}  {len(each.running):>7}  {len(each.queued):>6}{paused}"


def _plain(each: GroupNow) -> dict[str, Any]:
    return {
        "name": each.name,
        "slots": each.said.slots,
        "paused": each.said.paused,
        "paused_by": each.said.by or None,
        "paused_at": None if each.said.at is None else forms.iso(each.said.at),
        "running": len(each.running),
        "queued": len(each.queued),
    }
