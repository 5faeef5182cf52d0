"""What is asked of runs by the name of a verb. Loaded with the first request: a picture needs none of it."""

from collections.abc import Callable, Mapping, Sequence

from overnight.agents import operate
from overnight.state.records import Verb
from overnight.state.rundir import RunDir
from overnight.tui.screens.wishes import Wish

REQUEST_OF: Mapping[str, Callable[[Sequence[RunDir]], list[operate.Answer]]] = {
    Verb.PAUSE: operate.one_by_one(operate.pause),
    Verb.RESUME: operate.resume_all,
    Verb.CANCEL: operate.one_by_one(operate.cancel),
    Verb.KILL: operate.one_by_one(operate.kill),
    Verb.STACKS: operate.one_by_one(operate.stacks),
    Wish.RETRY: operate.retry_all,
}
