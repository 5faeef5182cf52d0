"""`run.map`: a call for each item, several beside each other in threads or processes, in a bounded window.

An item is committed when the loop that got its result asks for the next one. At a pause what is tried is finished and
given out first; at a stop it has some seconds for that, then it goes back and is done by the next attempt.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from overnight.agents.flight import Step
from overnight.agents.loops import Loops
from overnight.agents.parallel import How, ParallelLoop
from overnight.agents.todo import PlainTodo
from overnight.agents.walk import Options

if TYPE_CHECKING:
    from overnight.agents.workers import Pool


def mapped(
    loops: Loops,
    fn: Callable[[Any], Any],
    source: Iterable[Any],
    options: Options,
    how: How,
    stop_grace: Callable[[], float],
) -> Iterator[Any]:
    """(item, result) of each call that did not fail. `stop_grace`: seconds from a stop signal to SIGKILL."""
    with ExitStack() as opened:
        loop = ParallelLoop(loops, source, options, how, stop_grace, opened)
        pool = _pool_of(loops, how)
        opened.callback(pool.close)
        loop.walk.begin(loops.commits.checkpoint, loops.report)
        loop.begin(fn, PlainTodo(loop.walk.todo(loops.report)), pool)
        while (step := loop.next_step()) is not Step.END:
            if step is Step.GIVE_OUT:
                with loop.given_out() as given:
                    yield given
            elif step is Step.FAIL:
                loop.fail()
            elif step is Step.REST:
                loops.hold.obey()
            else:
                loops.orders.poll(loop.wait_at_most())
        loop.end()


def _pool_of(loops: Loops, how: How) -> "Pool":
    from overnight.agents import workers

    kind = workers.Processes if how.processes else workers.Threads
    return kind(how.workers, loops.orders.wake, loops.report.clock.awake)
