"""The items that failed done again: what is put on record for the agent, and which runs it makes sense for."""

import json
import os
import signal
import threading
from pathlib import Path

import pytest

from overnight.agents import operate
from overnight.state.errors import NotPossibleNow
from overnight.state.home import Home
from overnight.state.records import Outcome, Request, Verb
from overnight.state.rundir import RunDir
from overnight.state.status import Status, status_of
from tests.supervision.launched import (
    agent,
    attempt,
    ended,
    keeper_of,
    kill_and_wait,
    kill_supervisor,
    sh,
    supervisor,
)
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process

FAILS_AT_FIRST = """
open(f"{RUN}/checkpoint.log", "a").close()
if ATTEMPT == 1:
    with open(f"{RUN}/errors.jsonl", "a") as errors:
        errors.write('{"item": "x", "type": "ValueError"}\\n')
def say(status):
    progress(status=status, processed_items=3, failed_items=1 if ATTEMPT == 1 else 0)
"""
"""Speaks the protocol: one of its items fails in the first attempt, and none in the next."""


def requests(run: RunDir) -> list[tuple[Verb, dict[str, object]]]:
    read: tuple[Request, ...] = run.requests()[0]
    return [(each.verb, dict(each.options)) for each in read]


def goes_on_once(run: RunDir) -> None:
    """One request, one more attempt, and the outcome before is kept."""
    before = json.loads(Path(run.exit_path).read_bytes()) if os.path.exists(run.exit_path) else None
    asked = operate.retry_errors(run)
    assert asked is not None
    assert (asked.verb, asked.options) == (Verb.RESUME, {"retry": True, "errors": True})
    eventually(lambda: run.last_attempt_number() == 2)
    assert ended(run).outcome is Outcome.COMPLETED
    aside = json.loads(Path(run.file("exit.1.json")).read_bytes())
    assert before in (None, aside)
    assert requests(run)[-1] == (Verb.RESUME, {"retry": True, "errors": True})
    assert [verb for verb, _ in requests(run)].count(Verb.RESUME) == 1


def test_a_completed_run_goes_on_when_an_item_of_it_has_failed(home: Path) -> None:
    run = agent(home, FAILS_AT_FIRST + 'say("completed")')
    assert ended(run).outcome is Outcome.COMPLETED
    with pytest.raises(NotPossibleNow, match="completed"):
        operate.retry(run)
    assert operate.has_errors_to_retry(run)
    goes_on_once(run)
    # Nothing is left that failed, though what happened stays on record.
    assert os.path.exists(run.errors_path)
    with pytest.raises(NotPossibleNow, match="no failed item is left"):
        operate.retry_errors(run)
    assert len(requests(run)) == 1


def test_a_failed_run_goes_on(home: Path) -> None:
    run = agent(home, FAILS_AT_FIRST + 'say("failed" if ATTEMPT == 1 else "completed"); sys.exit(ATTEMPT == 1)')
    assert ended(run).outcome is Outcome.FAILED
    goes_on_once(run)


def test_a_cancelled_run_goes_on(home: Path) -> None:
    run = agent(home, FAILS_AT_FIRST + 'say("running" if ATTEMPT == 1 else "completed"); ATTEMPT == 1 and forever()')
    eventually(lambda: os.path.exists(run.progress_path))
    operate.cancel(run)
    assert ended(run).outcome is Outcome.CANCELLED
    goes_on_once(run)


def test_an_interrupted_run_goes_on(home: Path) -> None:
    run = agent(home, FAILS_AT_FIRST + 'say("running" if ATTEMPT == 1 else "completed"); ATTEMPT == 1 and forever()')
    eventually(lambda: os.path.exists(run.progress_path))
    os.kill(supervisor(run).pid, signal.SIGTERM)
    assert ended(run).outcome is Outcome.INTERRUPTED
    goes_on_once(run)


def test_a_lost_run_goes_on(home: Path) -> None:
    run = agent(home, FAILS_AT_FIRST + 'say("running" if ATTEMPT == 1 else "completed"); ATTEMPT == 1 and forever()')
    eventually(lambda: os.path.exists(run.progress_path))
    keeper = keeper_of(run)
    kill_supervisor(run)
    kill_and_wait(keeper)
    kill_and_wait(attempt(run).pid)
    assert status_of(run.read(), 0.0) is Status.LOST
    goes_on_once(run)


def test_a_live_run_is_refused_and_asked_for_nothing(home: Path) -> None:
    run = agent(home, FAILS_AT_FIRST + 'say("running"); forever()')
    eventually(lambda: os.path.exists(run.progress_path))
    assert not operate.has_errors_to_retry(run)
    with pytest.raises(NotPossibleNow, match="is running") as refused:
        operate.retry_errors(run)
    assert f"overnight wait {run.id}" in refused.value.hint
    assert f"overnight cancel {run.id}" in refused.value.hint
    assert requests(run) == []
    operate.kill(run)
    ended(run)


def test_an_agent_that_keeps_no_checkpoint_is_refused_and_left_as_it_is(home: Path) -> None:
    run = sh(home, """echo '{"item": "x"}' > $OVERNIGHT_RUN_DIR/errors.jsonl; exit 1""")
    over = ended(run)
    with pytest.raises(NotPossibleNow, match="keeps no checkpoint") as refused:
        operate.retry_errors(run)
    assert f"overnight retry {run.id}" in refused.value.hint
    assert run.exit() == over
    assert requests(run) == []


def test_where_nothing_failed_it_is_refused(home: Path) -> None:
    run = agent(home, 'open(f"{RUN}/checkpoint.log", "a").close(); progress(status="completed", processed_items=3)')
    ended(run)
    with pytest.raises(NotPossibleNow, match="no failed item") as refused:
        operate.retry_errors(run)
    assert "overnight run" in refused.value.hint


def test_of_two_operators_who_retry_at_once_one_does_and_one_is_told(home: Path) -> None:
    run = agent(home, FAILS_AT_FIRST + 'say("completed")')
    ended(run)
    told: list[str] = []
    together = threading.Barrier(2)

    def retry() -> None:
        together.wait()
        try:
            operate.retry_errors(Home(str(home)).run(run.id))
        except NotPossibleNow as refused:
            told.append(str(refused))

    operators = [threading.Thread(target=retry) for _ in range(2)]
    for each in operators:
        each.start()
    for each in operators:
        each.join()
    assert len(told) == 1
    eventually(lambda: run.last_attempt_number() == 2)
    assert ended(run).outcome is Outcome.COMPLETED
    assert requests(run) == [(Verb.RESUME, {"retry": True, "errors": True})]
