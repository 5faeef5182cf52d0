"""What a run can go through while its supervision is hurt."""

from collections.abc import Callable

from overnight.agents.launchers.local import supervise
from overnight.state import control
from overnight.state.records import Outcome, Request, Restart, Verb
from tests.proof.supervised import Scene, Stage
from tests.supervision.launched import attempt, kill_supervisor
from tests.waiting import eventually

UNTIL_TOLD = 'while ! test -e "$EFFECTS.go"; do sleep 0.01; done'
ON = {"restart": Restart.ON_FAILURE, "retries": 1}


def ask(stage: Stage, verb: Verb) -> Request:
    """As a command does: on record, and whoever has no supervisor is found one."""
    number = stage.run.last_attempt_number() or None
    request = control.ask(stage.run, verb, attempt=number if verb in {Verb.KILL, Verb.RESTART} else None)
    stage.look()
    return request


def is_asked(verb: Verb) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        stage.begins()
        ask(stage, verb)

    return play


def is_paused_and_let_go(stage: Stage) -> None:
    stage.begins()
    ask(stage, Verb.PAUSE)
    stage.becomes("frozen")
    ask(stage, Verb.RESUME)
    stage.let_go()


def was_left_alone(stage: Stage) -> None:
    """Its supervisor was killed while its agent was at work."""
    supervise(stage.run)
    stage.begins()
    kill_supervisor(stage.run)


def was_left_ended(stage: Stage) -> None:
    """And that has ended since then."""
    was_left_alone(stage)
    stage.let_go()
    eventually(lambda: attempt(stage.run).cpu_seconds is not None, interval=0.005)


COMPLETED, FAILED, CANCELLED = Outcome.COMPLETED, Outcome.FAILED, Outcome.CANCELLED
SUCCEEDS = Scene("succeeds", COMPLETED)
FAILS = Scene("fails", FAILED, leave="exit 3", code=3)
IS_SIGNALLED = Scene("ends by a signal", FAILED, leave="kill -SEGV $$", code=None, signal="SIGSEGV")
CANNOT_BE_EXECUTED = Scene("cannot be executed", FAILED, command="/nowhere/agent", code=127, begun=0, finished=0)
STARTS_AGAIN = Scene(
    "starts again",
    COMPLETED,
    leave="exit $((2 - $TIME))",
    attempts=2,
    begun=2,
    keepers=2,
    finished=2,
    order=ON,
)
IS_CANCELLED = Scene(
    "is cancelled",
    CANCELLED,
    work="exec sleep 60",
    code=None,
    signal="SIGTERM",
    finished=0,
    order=ON,
    play=is_asked(Verb.CANCEL),
)
IS_KILLED = IS_CANCELLED._replace(name="is killed", signal="SIGKILL", play=is_asked(Verb.KILL))
IS_RESTARTED = Scene(
    "is restarted",
    COMPLETED,
    work="test $TIME = 2 || exec sleep 60",
    attempts=2,
    begun=2,
    play=is_asked(Verb.RESTART),
)
IS_PAUSED = Scene("is paused", COMPLETED, work=UNTIL_TOLD, play=is_paused_and_let_go)
IS_ADOPTED = Scene(
    "is adopted", FAILED, work=UNTIL_TOLD, leave="exit 3", code=3, prepare=was_left_alone, play=Stage.let_go
)
IS_TAKEN_OVER = Scene("is taken over", FAILED, work=UNTIL_TOLD, leave="exit 3", code=3, prepare=was_left_ended)
SCENES = (
    SUCCEEDS, FAILS, IS_SIGNALLED, CANNOT_BE_EXECUTED, STARTS_AGAIN, IS_CANCELLED, IS_KILLED, IS_RESTARTED, IS_PAUSED,
    IS_ADOPTED, IS_TAKEN_OVER,
)  # fmt: skip
