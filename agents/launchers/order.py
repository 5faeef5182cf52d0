"""What somebody wants launched, and whether it can be: checked before any directory exists."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from overnight.state.amounts import size_words
from overnight.state.errors import WrongUsage
from overnight.state.forms import YEAR_9999
from overnight.state.names import check_name, name_from
from overnight.state.operator import operator_name
from overnight.state.records import LOG_LIMIT, Restart, Spec

DEFAULT_RETRIES = 5
"""Of a restart policy that names no number."""
ON_STALL = ("mark", "restart")
ON_MEMORY = ("fail", "restart")
MOST_NICE = 19
MOST_RETRIES = 999_999_999
LEAST_MEMORY = 1 << 20
LEAST_LOG = 1 << 20
"""Bytes that a bounded log keeps: less than that a disk cannot be given back in."""
INTERPRETERS = ("python", "pypy", "node", "ruby", "perl", "bash", "sh", "zsh", "uv", "deno", "Rscript")
"""Commands that are named by the file they are given."""


class Order(NamedTuple):
    """One launch. None = the protocol's default."""

    command: tuple[str, ...]
    name: str | None = None
    """None = after the command."""
    group: str = "default"
    labels: Mapping[str, str] = {}
    priority: int = 0
    after: tuple[str, ...] = ()
    """Ids of runs that must have completed; with `:ended` behind it, however they ended."""
    start_at: float | None = None
    """Seconds since the epoch; None = as soon as it may."""
    cwd: str | None = None
    """None = where the launcher is."""
    environment: Mapping[str, str] = {}
    """In addition to the launcher's own."""
    restart: Restart | None = None
    """None = on-failure where there are retries, or a restart is to follow a stall or too much memory; else never."""
    retries: int | None = None
    pause_grace: float = 30.0
    stop_grace: float = 20.0
    stall: float | None = None
    on_stall: str = "mark"
    log_limit: int = LOG_LIMIT
    time_limit: float | None = None
    memory_limit: int | None = None
    on_memory: str = "fail"
    nice: int = 0
    progress_file: str | None = None
    heartbeat_file: str | None = None


class Fault(NamedTuple):
    """Why an order cannot be launched."""

    field: str
    """Of the order."""
    what: str
    hint: str = ""
    """What to do next, as one sentence."""


def option(field: str) -> str:
    """How a field of an order is called on the command line."""
    return f"--{field.replace('_', '-')}"


def spec_of(order: Order) -> Spec:
    """The spec without its id. Raises WrongUsage for what cannot be launched."""
    for fault in faults_of(order):
        raise WrongUsage(fault.what, hint=fault.hint)
    name = order.name if order.name is not None else name_of(order.command)
    check_name(name)
    restart, retries = _restarts(order)
    return Spec(
        id="",
        name=name,
        command=order.command,
        cwd=_folder_of(order),
        group=order.group,
        labels=order.labels,
        priority=order.priority,
        after=order.after,
        start_at=order.start_at,
        restart=restart,
        retries=retries,
        pause_grace=order.pause_grace,
        stop_grace=order.stop_grace,
        stall=order.stall,
        on_stall=order.on_stall,
        log_limit=order.log_limit,
        time_limit=order.time_limit,
        memory_limit=order.memory_limit,
        on_memory=order.on_memory,
        nice=order.nice,
        progress_file=order.progress_file,
        heartbeat_file=order.heartbeat_file,
        created_at=time.time(),
        by=operator_name(),
    )


def faults_of(order: Order, word: Callable[[str], str] = option) -> Iterator[Fault]:
    """Everything that keeps it from being launched. `word`: how a field is called where the order comes from."""
    if not order.command:
        yield Fault("command", "no command to run", "overnight run -- COMMAND …")
    folder = _folder_of(order)
    if not os.path.isdir(folder):
        yield Fault("cwd", f"no such folder: {folder}", f"Name one that exists with {word('cwd')}.")
    elif not os.access(folder, os.X_OK):
        yield Fault("cwd", f"folder cannot be entered: {folder}", f"Name one that can be with {word('cwd')}.")
    elif order.command:
        yield from _executable_faults(order, folder, word)
    yield from _number_faults(order, word)
    yield from _choice_faults(order, word)
    yield from _limit_faults(order, word)
    if order.start_at is not None and order.start_at >= YEAR_9999:
        yield Fault("start_at", "would start after the year 9998", "Name a time that comes sooner.")


def name_of(command: tuple[str, ...]) -> str:
    """`python a.py` -> `a`; `python -m pkg.tool` -> `tool`; `sh -c …` -> `sh`; else the command's own name."""
    program = _stem(command[0])
    if not program.startswith(INTERPRETERS):
        return name_from(program)
    arguments = command[1:]
    if "-m" in arguments[:-1]:
        return name_from(arguments[arguments.index("-m") + 1].rpartition(".")[2])
    files = [each for each in arguments if not each.startswith("-")]
    if "-c" in arguments or not files or not _looks_like_a_file(files[0]):
        return name_from(program)
    return name_from(_stem(files[0]))


def _stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0]


def _looks_like_a_file(word: str) -> bool:
    return "/" in word or "." in word


def _folder_of(order: Order) -> str:
    """Raises WrongUsage where there is nothing that it could be relative to."""
    try:
        here = os.getcwd()
    except FileNotFoundError:
        raise WrongUsage("the current folder was removed", hint="Change to a folder that exists.") from None
    return os.path.normpath(os.path.join(here, os.path.expanduser(order.cwd or here)))


def _executable_faults(order: Order, cwd: str, word: Callable[[str], str]) -> Iterator[Fault]:
    program = order.command[0]
    if "/" not in program:
        path = order.environment.get("PATH", os.environ.get("PATH", os.defpath))
        if not any(_is_executable(os.path.join(cwd, folder, program)) for folder in path.split(os.pathsep)):
            yield Fault("command", f"command not found: {program or repr(program)}", _hint_of_missing(program, cwd))
        return
    file = os.path.join(cwd, program)
    if not os.path.exists(file):
        yield Fault("command", f"command not found: {file}", f"Check the path; it is relative to {word('cwd')}.")
    elif not _is_executable(file):
        hint = f"Name its interpreter (python {program}), or chmod +x it."
        yield Fault("command", f"not executable: {file}", hint)


def _is_executable(file: str) -> bool:
    return os.path.isfile(file) and os.access(file, os.X_OK)


def _hint_of_missing(program: str, cwd: str) -> str:
    if program and os.path.isfile(os.path.join(cwd, program)):
        return f"There is such a file here: ./{program}, or its interpreter first (python {program})."
    return "Check the spelling and PATH, or give its path."


def _number_faults(order: Order, word: Callable[[str], str]) -> Iterator[Fault]:
    for field in ("pause_grace", "stop_grace", "stall", "retries"):
        value = getattr(order, field)
        if value is not None and not 0 <= value < float("inf"):
            yield Fault(field, f"{word(field)} {value}: must be a number from 0 on", "Seconds, or a count of retries.")
    if order.retries is not None and order.retries > MOST_RETRIES:
        yield Fault("retries", f"{word('retries')} {order.retries}: must be {MOST_RETRIES} at most")
    if not 0 <= order.nice <= MOST_NICE:
        yield Fault("nice", f"{word('nice')} {order.nice}: must be a number from 0 to {MOST_NICE}")


def _choice_faults(order: Order, word: Callable[[str], str]) -> Iterator[Fault]:
    for field, choices in (("on_stall", ON_STALL), ("on_memory", ON_MEMORY)):
        value = getattr(order, field)
        if value not in choices:
            yield Fault(field, f"{word(field)} {value}: not one of {', '.join(choices)}")


def _limit_faults(order: Order, word: Callable[[str], str]) -> Iterator[Fault]:
    if 0 < order.log_limit < LEAST_LOG:
        yield _too_small("log_limit", order.log_limit, LEAST_LOG, "Or none, to keep all of it.", word)
    if order.time_limit is not None and not 0 < order.time_limit < float("inf"):
        what = f"{word('time_limit')} {order.time_limit:g}: no time at all"
        yield Fault("time_limit", what, "A span such as 90m or 2h.")
    if order.memory_limit is not None and order.memory_limit < LEAST_MEMORY:
        yield _too_small("memory_limit", order.memory_limit, LEAST_MEMORY, "A size such as 512M or 2G.", word)
    if order.on_memory == "restart" and order.memory_limit is None:
        what = f"{word('on_memory')} {order.on_memory}: there is no limit"
        yield Fault("on_memory", what, f"Name one with {word('memory_limit')}.")


def _too_small(field: str, length: int, least: int, hint: str, word: Callable[[str], str]) -> Fault:
    return Fault(field, f"{word(field)} {size_words(length)}: must be {size_words(least)} at least", hint)


def _restarts(order: Order) -> tuple[Restart, int]:
    if order.restart is None:
        unnamed = DEFAULT_RETRIES if "restart" in {order.on_stall, order.on_memory} else 0
        retries = unnamed if order.retries is None else order.retries
        return (Restart.ON_FAILURE if retries else Restart.NEVER), retries
    if order.restart is Restart.NEVER:
        return Restart.NEVER, 0
    return order.restart, DEFAULT_RETRIES if order.retries is None else order.retries
