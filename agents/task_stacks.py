"""Where the tasks of an event loop are, in the words in which `faulthandler` tells of threads. Looks, never acts.

A task that waits is in no thread's stack: of an agent that works with tasks those tell nothing.
"""

import sys
from collections.abc import Iterator
from typing import Any

MOST = 200
"""Tasks that are told of."""
DEEPEST = 100
"""Calls of each."""


def task_lines() -> list[str]:
    """Of the loop that runs in this thread; nothing = none does, or this is no agent that works with tasks."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return []
    try:
        tasks = asyncio.all_tasks()
    except RuntimeError:
        return []
    lines: list[str] = []
    for task in sorted(tasks, key=lambda each: str(each.get_name()))[:MOST]:
        calls = list(_calls_of(task.get_coro()))
        lines += [f"Task {task.get_name()} (most recent call first):", *reversed(calls)]
    if len(tasks) > MOST:
        lines.append(f"and {len(tasks) - MOST} more tasks")
    return lines


def _calls_of(awaited: Any) -> Iterator[str]:
    """From the first call to the one that waits."""
    for _ in range(DEEPEST):
        frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
        if frame is None:
            return
        code = frame.f_code
        yield f'  File "{code.co_filename}", line {frame.f_lineno} in {code.co_name}'
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)
