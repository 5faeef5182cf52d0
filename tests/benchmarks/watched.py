"""A program in a terminal of 80 x 24: what it writes, when, and what that costs it."""

import os
import select
import time
from collections.abc import Callable
from pathlib import Path

from overnight.tui.pace import ASK
from tests.benchmarks.place import NothingMeasured
from tests.terminal import Terminal

PATIENCE = 120.0
"""Seconds until a program has to have shown something."""
PIECE = 0.005
"""Seconds between two reads of a slow line."""


def written(terminal: Terminal, patience: float) -> bytes:
    """What it writes next; nothing = no more within `patience` seconds. As terminals do, it answers."""
    some = _read(terminal, patience)
    if asked := some.count(ASK.encode()):
        os.write(terminal.child.child_fd, asked * b"\x1b[1;1R")
    return some


def _read(terminal: Terminal, patience: float) -> bytes:
    ready, _, _ = select.select([terminal.child.child_fd], [], [], max(0.0, patience))
    if not ready:
        return b""
    try:
        return os.read(terminal.child.child_fd, 65536)
    except OSError as error:
        raise NothingMeasured("a program that draws has ended") from error


def until_quiet(terminal: Terminal, seconds: float = 0.1) -> None:
    while written(terminal, seconds):
        pass


def until_written(terminal: Terminal, *words: str) -> None:
    """Each of them was written at one time or another, in one piece."""
    seen, deadline = b"", time.monotonic() + PATIENCE
    while not all(word.encode() in seen for word in words):
        if time.monotonic() > deadline:
            raise NothingMeasured(f"it never showed {words}: {seen[-2000:]!r}")
        seen += written(terminal, 1.0)


def cost(terminal: Terminal, seconds: float) -> tuple[float, float]:
    """Percent of a core, and bytes a second, while it is read for so long."""
    count, spent, began = 0, _spent(terminal), time.monotonic()
    while (left := began + seconds - time.monotonic()) > 0:
        count += len(written(terminal, left))
    took = time.monotonic() - began
    return 100 * (_spent(terminal) - spent) / took, count / took


def milliseconds(terminal: Terminal, key: bytes) -> float:
    """From the key to the first byte of what it changes, where nothing else does."""
    began = time.perf_counter()
    os.write(terminal.child.child_fd, key)
    if not written(terminal, PATIENCE):
        raise NothingMeasured(f"nothing was drawn for the key {key!r}")
    return 1000 * (time.perf_counter() - began)


def until_shown(terminal: Terminal, shown: Callable[[], bool], bytes_a_second: float | None = None) -> float:
    """Seconds until the emulated screen satisfies `shown`, read no faster than that."""
    began = time.perf_counter()
    while not shown():
        if time.perf_counter() - began > PATIENCE:
            raise NothingMeasured("it never showed what it was to show:\n" + "\n".join(terminal.screen.display))
        drain(terminal, PIECE, bytes_a_second)
    return time.perf_counter() - began


def drain(terminal: Terminal, seconds: float, bytes_a_second: float | None = None) -> None:
    """Let the emulator see what is written in so many seconds; a line carries no more than that."""
    deadline = time.perf_counter() + seconds
    while (left := deadline - time.perf_counter()) > 0:
        if bytes_a_second is None:
            if some := _read(terminal, left):
                terminal.feed(some)
                return
            continue
        if select.select([terminal.child.child_fd], [], [], left)[0]:
            terminal.feed(os.read(terminal.child.child_fd, round(bytes_a_second * PIECE)))
            time.sleep(PIECE)


def _spent(terminal: Terminal) -> float:
    """Seconds of processor time, of all its threads."""
    fields = Path(f"/proc/{terminal.child.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
