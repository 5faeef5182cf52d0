"""What the dialog of a launch holds: texts of a few fields, and the order that they come to. Draws nothing."""

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from overnight.agents.launchers.order import MOST_RETRIES, Order, faults_of, name_of
from overnight.state import surroundings
from overnight.state.errors import WrongUsage
from overnight.state.names import check_name, is_name, name_from
from overnight.state.records import Restart, Spec
from overnight.state.rundir import RunDir
from overnight.tui import numbers
from overnight.tui.clean import clean
from overnight.tui.lines import Line, cells, cut, left, line

SHELL_SIGNS = frozenset({"|", "||", "&&", "&", ";", "<", ">", ">>", "2>", "2>&1"})
"""Words that only a shell understands."""
MOST_RECENT = 6
BUNDLED = (("index", "Python files below a folder"), ("digest", "a digest of each file below a folder"))
"""Agents that come along, and what they make."""


class Form(NamedTuple):
    """The fields, as they are typed."""

    command: str = ""
    name: str = ""
    folder: str = ""
    group: str = "default"
    retries: str = "0"


class Draft(NamedTuple):
    """A launch that is being written."""

    form: Form
    base: Order = Order(())
    """What the fields do not hold."""
    about: str = ""
    """Where it comes from, in a word or two."""


def draft_of(spec: Spec, about: str = "") -> Draft:
    """As that run was launched. What it waited for is over; its environment is not in its spec."""
    form = Form(_shown(spec.command), clean(spec.name), clean(spec.cwd), clean(spec.group), str(spec.retries))
    base = Order(
        spec.command,
        cwd=spec.cwd,
        labels=spec.labels,
        priority=spec.priority,
        restart=spec.restart if spec.restart is Restart.ALWAYS else None,
        pause_grace=spec.pause_grace,
        stop_grace=spec.stop_grace,
        stall=spec.stall,
        on_stall=spec.on_stall,
        log_limit=spec.log_limit,
        time_limit=spec.time_limit,
        memory_limit=spec.memory_limit,
        on_memory=spec.on_memory,
        nice=spec.nice,
        progress_file=spec.progress_file,
        heartbeat_file=spec.heartbeat_file,
    )
    return Draft(form, base, about)


def _shown(command: Sequence[str]) -> str:
    """In one line, and without what a field cannot hold."""
    return clean(shlex.join(command))


def recorded_environment(run: RunDir) -> Mapping[str, str]:
    """What that run was launched with, as far as it is still on record."""
    try:
        return surroundings.read(run).environment
    except (OSError, ValueError):
        return {}


def recent_drafts(specs: Iterable[Spec], here: str, as_written: Callable[[Spec], Spec]) -> tuple[Draft, ...]:
    """The newest launches, each command in each folder once, and what comes along.

    `here`: the folder of the latter. `as_written`: the spec as it is on record, for one with clean texts.
    """
    each_once: dict[object, Spec] = {}
    for spec in sorted(specs, key=lambda spec: spec.created_at, reverse=True):
        each_once.setdefault((spec.command, spec.cwd), spec)
    kept = list(each_once.values())[:MOST_RECENT]
    return (*(draft_of(as_written(spec)) for spec in kept), *_bundled(here))


def _bundled(here: str) -> Iterable[Draft]:
    for agent, makes in BUNDLED:
        yield Draft(Form(shlex.join(_bundled_command([agent])), agent, here), about=f"comes along: {makes}")


def _bundled_command(words: Sequence[str]) -> tuple[str, ...]:
    """Of an agent that comes along: its name, and what it shall work on; the folder that it is in where nothing is."""
    agent, *arguments = words
    return (sys.executable, "-m", f"overnight.agents.bundled.{agent}", *(arguments or ["."]))


def order_of(draft: Draft) -> Order:
    """Raises WrongUsage for what cannot be launched: what is wrong, and what to do."""
    form, base = draft.form, draft.base
    # What was not changed is as it was, and not as a field can show it: a command may have several lines.
    as_it_was = bool(base.command) and form.command == _shown(base.command)
    in_its_folder = base.cwd is not None and form.folder == clean(base.cwd)
    order = base._replace(
        command=base.command if as_it_was else _command(form.command),
        name=form.name.strip() or None,
        cwd=base.cwd if in_its_folder else form.folder.strip() or None,
        group=_group(form.group.strip()),
        retries=_retries(form.retries.strip()),
    )
    for fault in faults_of(order, lambda field: {"cwd": "folder"}.get(field, field.replace("_", " "))):
        raise WrongUsage(fault.what, hint=fault.hint)
    check_name(order.name if order.name is not None else name_of(order.command), option="")
    return order


def _command(text: str) -> tuple[str, ...]:
    if not text.strip():
        raise WrongUsage("no command yet", hint="Type one, or take a recent one with the arrow keys.")
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise WrongUsage(f"the command ends too early: {str(error).lower()}") from None
    signs = [word for word in words if word in SHELL_SIGNS]
    if signs:
        raise WrongUsage(f"{signs[0]} is for a shell", hint=f"sh -c {shlex.quote(text.strip())}")
    # By the name under which it is listed, unless a program has it.
    is_bundled = words[0] in dict(BUNDLED) and shutil.which(words[0]) is None
    return _bundled_command(words) if is_bundled else tuple(words)


def _group(text: str) -> str:
    if text and not is_name(text):
        raise WrongUsage(f"{text!r} cannot be a group's name", hint=f"For example {name_from(text)}.")
    return text or "default"


def _retries(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) and text:
        raise WrongUsage(f"retries {text!r}: not a whole number, 0 or more")
    if len(text.lstrip("0")) > len(str(MOST_RETRIES)):
        # As `faults_of` says it, of a number of any length.
        raise WrongUsage(f"retries {text}: must be {MOST_RETRIES} at most")
    return int(text or "0")


def preview(order: Order, width: int) -> tuple[Line, ...]:
    """What would happen: as what, what becomes of a failure, and where."""
    name = order.name if order.name is not None else name_of(order.command)
    retries = order.retries or 0
    again = (
        f"retried up to {numbers.plural(retries, 'time')} without progress" if retries else "not retried if it fails"
    )
    said = (
        f"{name}, in group {order.group}: {again}",
        f"in {clean(os.path.abspath(os.path.expanduser(order.cwd or '.')))}",
    )
    return tuple(line((cut(text, width), "done" if number == 0 else "dim")) for number, text in enumerate(said))


def draft_lines(drafts: Sequence[Draft], chosen: int | None, width: int, mark: str) -> tuple[Line, ...]:
    """One line each: the command, and where it comes from."""
    return tuple(
        line(
            (f"{mark if number == chosen else ' '} ", "accent"),
            left(each.form.name if each.about else each.form.command, max(10, width - 2 - cells(_about(each)))),
            (_about(each), "dim"),
        )
        for number, each in enumerate(drafts)
    )


def _about(draft: Draft) -> str:
    home = os.path.expanduser("~")
    folder = draft.form.folder
    return f"  {draft.about or (f'~{folder.removeprefix(home)}' if folder.startswith(f'{home}/') else folder)}"
