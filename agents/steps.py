"""Steps: calls whose results are remembered, so that a start that goes on does not repeat them."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from overnight.agents.commits import Commits
from overnight.state.errors import WrongUsage
from overnight.state.standing import scope_of

RUN = ""
"""The scope of steps outside of any item."""


class Steps:
    """Of one run. A step inside of an item is that item's, and is forgotten when the item is committed."""

    def __init__(self, commits: Commits) -> None:
        self._commits = commits

    def do(self, name: str, call: Callable[[], Any]) -> Any:
        """The result of the first `call` that ended, as JSON gives it back. Raises WrongUsage where JSON cannot."""
        scope = self._scope()
        if name in self._known(scope):
            return self._commits.checkpoint.result_of(scope, name)
        return self._remember(scope, name, call())

    async def do_async(self, name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        """`do` for a coroutine."""
        scope = self._scope()
        if name in self._known(scope):
            return self._commits.checkpoint.result_of(scope, name)
        return self._remember(scope, name, await call())

    def _scope(self) -> str:
        hand = self._commits.hands.here()
        return RUN if hand is None or hand.loop is None else scope_of(hand.loop.index, hand.identity)

    def _known(self, scope: str) -> dict[str, tuple[int, int]]:
        return self._commits.checkpoint.standing.steps.get(scope, {})

    def _remember(self, scope: str, name: str, result: Any) -> Any:
        try:
            text = json.dumps(result)
        except (TypeError, ValueError, RecursionError) as error:
            raise WrongUsage(
                f"the result of step {name!r} cannot be remembered: {error}",
                hint="Return text, numbers, lists or dicts; write large things to a file and return its path.",
            ) from None
        # As the log gives it back: the first start and a later one see the same.
        again = json.loads(text)
        self._commits.note(step=name, of=scope, result=again)
        return again
