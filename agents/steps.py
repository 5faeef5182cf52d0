"""Steps: calls whose results are remembered, so that a start that goes on does not repeat them."""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from overnight.agents.commits import Commits
from overnight.agents.hand import Hand, StepHand, not_here
from overnight.agents.report import Report
from overnight.state.errors import WrongUsage
from overnight.state.standing import scope_of

RUN = ""
"""The scope of steps outside of any item."""
COMPARED = (str, bytes, int, float, bool, type(None))
"""Arguments that tell two calls of one step apart. Others may be made anew by a next try, and mean the same."""


class Steps:
    """Of one run. A step inside of an item is that item's, and is forgotten when the item is committed."""

    def __init__(self, commits: Commits, report: Report, wake: Callable[[], None]) -> None:
        """`wake` is called when a result was kept, for what reports and syncs."""
        self._commits, self._report, self._wake = commits, report, wake
        self._asked: dict[str, int] = {}
        """As `Hand.steps`, outside of any item."""

    def do(self, name: str, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """The result of the first call that ended, as JSON gives it back.

        Raises what `fn` raises; WrongUsage where JSON cannot hold the result, and where the name stands for two
        calls; NotPossibleNow where the item went back.
        """
        hand = self._commits.hands.item()
        scope = self._scope(hand, name, args, kwargs)
        if name in self._known(scope):
            return self._result(scope, name)
        with self._at_work(name) as step:
            return self._remembered(scope, step, hand, fn(*args, **kwargs))

    async def do_async(
        self, name: str, fn: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """`do` for a coroutine function."""
        hand = self._commits.hands.item()
        scope = self._scope(hand, name, args, kwargs)
        if name in self._known(scope):
            return self._result(scope, name)
        with self._at_work(name) as step:
            return self._remembered(scope, step, hand, await fn(*args, **kwargs))

    def _scope(self, hand: Hand | None, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
        """Whose step it is."""
        if hand is None:
            scope, asked = RUN, self._asked
        elif hand.loop is None:
            raise not_here(hand, f"step {name!r}")
        else:
            scope = scope_of(hand.loop.index, hand.identity)
            if hand.steps[0] != scope:
                hand.steps = (scope, {})
            asked = hand.steps[1]
        told = _told_apart(args, kwargs)
        if asked.setdefault(name, told) != told:
            raise WrongUsage(
                f"step {name!r} was called again with other arguments: it is known by its name",
                hint="Give each call a name of its own, such as f'{name} {number}'.",
            )
        return scope

    def _known(self, scope: str) -> Mapping[str, object]:
        return self._commits.checkpoint.standing.steps.get(scope, {})

    def _result(self, scope: str, name: str) -> Any:
        self._report.phases.step(remembered=True)
        return self._commits.hold.keep(lambda: self._commits.checkpoint.result_of(scope, name))

    @contextmanager
    def _at_work(self, name: str) -> Iterator[StepHand]:
        hands = self._commits.hands
        step = StepHand(name, hands.here())
        try:
            with hands.at_work(step):
                yield step
        finally:
            step.give_back()

    def _remembered(self, scope: str, step: StepHand, hand: Hand | None, result: Any) -> Any:
        """Keep the result, and what was counted for it, in one line."""
        if hand is not None and hand.loop is None:
            # Another try has taken the item's place; this one's would outlive it.
            raise not_here(hand, f"step {step.name!r}")
        text = _json_of(step.name, result)
        # As the log gives it back: the first start and a later one see the same.
        again = json.loads(text)
        counted = {"c": step.counters} if step.counters else {}
        self._commits.note(step=step.name, of=scope, result=again, **counted)
        step.counters = {}
        self._report.phases.step(remembered=False)
        self._report.steps += 1
        self._report.last_commit = self._report.clock.monotonic()
        self._wake()
        return again


def _told_apart(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> int:
    """Differs where plain arguments do."""
    given = (*args, *(each for pair in sorted(kwargs.items()) for each in pair))
    return hash(tuple((type(each), each) if isinstance(each, COMPARED) else type(each) for each in given))


def _json_of(name: str, result: Any) -> str:
    try:
        return json.dumps(result, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise WrongUsage(
            f"the result of step {name!r} cannot be remembered: {error}",
            hint="Return text, numbers, lists or dicts; write large things to a file and return its path.",
        ) from None
