"""`run.amap`: `run.map` for coroutine functions, each call in a task.

Apart from it, for plain code must not pay for asyncio.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import ExitStack
from typing import Any

from overnight.agents.flight import Step
from overnight.agents.loops import Loops
from overnight.agents.loose import Loose
from overnight.agents.parallel import How, ParallelLoop
from overnight.agents.tasks import Tasks
from overnight.agents.todo import AsyncTodo, PlainTodo, Todo
from overnight.agents.walk import Options


def amapped(
    loops: Loops,
    afn: Callable[[Any], Awaitable[Any]],
    source: Iterable[Any] | AsyncIterable[Any],
    options: Options,
    how: How,
    stop_grace: Callable[[], float],
) -> AsyncIterator[Any]:
    """(item, result) of each call that did not fail. `stop_grace`: seconds from a stop signal to SIGKILL."""
    opened = ExitStack()
    return Loose(_items(loops, afn, source, options, how, stop_grace, opened), opened)


async def _items(
    loops: Loops,
    afn: Callable[[Any], Awaitable[Any]],
    source: Iterable[Any] | AsyncIterable[Any],
    options: Options,
    how: How,
    stop_grace: Callable[[], float],
    opened: ExitStack,
) -> AsyncGenerator[Any, None]:
    with opened:
        loop = ParallelLoop(loops, source, options, how, stop_grace, opened)
        changed = asyncio.Event()
        opened.enter_context(loops.orders.hearing(changed.set))
        tasks = Tasks(loops.report.clock, changed.set)
        opened.callback(tasks.close)
        await loop.walk.begin_async(loops.commits.checkpoint, loops.report)
        todo = _todo_of(loop, source, loops, changed.set)
        opened.callback(todo.close)
        try:
            loop.begin(afn, todo, tasks)
            while (step := loop.next_step()) is not Step.END:
                if step is Step.GIVE_OUT:
                    with loop.given_out() as given:
                        yield given
                elif step is Step.FAIL:
                    loop.fail()
                elif step is Step.REST:
                    await loops.hold.obey_async()
                else:
                    await _wait(changed, loop.wait_at_most())
            loop.end()
        finally:
            opened.close()
            await tasks.gone()
            await todo.gone()


def _todo_of(
    loop: ParallelLoop, source: Iterable[Any] | AsyncIterable[Any], loops: Loops, arrived: Callable[[], None]
) -> Todo:
    if isinstance(source, AsyncIterable):
        return AsyncTodo(loop.walk.todo_async(loops.report), loops.commits.hands, arrived)
    return PlainTodo(loop.walk.todo(loops.report))


async def _wait(changed: asyncio.Event, seconds: float) -> None:
    """Until something has changed since the last wait, at most so long."""
    try:
        async with asyncio.timeout(seconds):
            await changed.wait()
    except TimeoutError:
        pass
    changed.clear()
