"""What a run's records mean: the protocol's list, first match first."""

import pytest

from overnight.state import current
from overnight.state.records import AgentStatus, Damaged, Exit, Outcome, Records, SupervisorState, Verb, Waiting
from overnight.state.status import ENDED, LIVE, Status, status_of
from tests.builders import STARTED, T0, a_run, a_spec, a_supervisor, an_attempt, heartbeat, progress, requests


@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_outcome_on_record_outweighs_everything_else(outcome: Outcome) -> None:
    run = a_run(exit=Exit(outcome), process_state="T", supervised=False, requests=requests(Verb.PAUSE))
    assert status_of(run, T0) == Status(outcome.value)


CASES: list[tuple[str, Records, Status]] = [
    ("a working run", a_run(), Status.RUNNING),
    (
        "no attempt and nobody supervises",
        a_run(attempt=None, supervised=False, supervisor=None),
        Status.QUEUED,
    ),
    (
        "no attempt, the supervisor waits for a slot",
        a_run(attempt=None, supervisor=a_supervisor(state=SupervisorState.WAITING)),
        Status.QUEUED,
    ),
    ("no attempt yet", a_run(attempt=None, supervisor=None), Status.STARTING),
    ("the process is gone and the lock is free", a_run(process_state=None, supervised=False), Status.LOST),
    (
        "the same after a reboot",
        a_run(process_state=None, supervised=False, boot_id="another"),
        Status.INTERRUPTED,
    ),
    ("alive with a free lock", a_run(supervised=False), Status.UNSUPERVISED),
    (
        "ended on record with a free lock",
        a_run(supervised=False, process_state=None, attempt=an_attempt(ended_at=T0 - 1, code=0)),
        Status.UNSUPERVISED,
    ),
    (
        "stopping",
        a_run(supervisor=a_supervisor(state=SupervisorState.STOPPING), process_state="T"),
        Status.STOPPING,
    ),
    (
        "backoff",
        a_run(supervisor=a_supervisor(state=SupervisorState.BACKOFF), process_state=None),
        Status.BACKOFF,
    ),
    ("the kernel says stopped", a_run(process_state="T", requests=requests(Verb.PAUSE)), Status.FROZEN),
    (
        "frozen before its child had executed",
        a_run(process_state="D", supervisor=a_supervisor(frozen=True)),
        Status.FROZEN,
    ),
    ("busy with a disk", a_run(process_state="D"), Status.RUNNING),
    (
        "its attempt's record is damaged and nobody supervises",
        a_run(attempt=None, supervised=False, damaged=(Damaged("/r/attempts/0001.json", "empty"),)),
        Status.LOST,
    ),
    (
        "it was resumed, and whoever was to start its next attempt was killed",
        a_run(process_state=None, supervised=False, resumed=True),
        Status.QUEUED,
    ),
    (
        "the process is gone, and its keeper has not written yet how it ended",
        a_run(process_state=None, supervised=False, kept=True),
        Status.UNSUPERVISED,
    ),
    ("a pause nobody obeyed", a_run(requests=requests(Verb.PAUSE)), Status.PAUSING),
    (
        "a resume nobody obeyed",
        a_run(
            requests=requests(Verb.PAUSE, Verb.RESUME),
            progress=progress(status=AgentStatus.PAUSED, acknowledged=1),
        ),
        Status.RESUMING,
    ),
    (
        "a pause that was obeyed",
        a_run(requests=requests(Verb.PAUSE), progress=progress(status=AgentStatus.PAUSED, acknowledged=1)),
        Status.PAUSED,
    ),
    ("idle shows as running", a_run(progress=progress(status=AgentStatus.IDLE)), Status.RUNNING),
    ("an old beat", a_run(heartbeat=heartbeat(last_heartbeat=T0 - 31)), Status.STALE),
    (
        "an old beat of a slow beater",
        a_run(heartbeat=heartbeat(last_heartbeat=T0 - 31, interval_seconds=10)),
        Status.RUNNING,
    ),
    (
        "a beat of the attempt before does not count",
        a_run(heartbeat=heartbeat(last_heartbeat=T0 - 500, attempt=7)),
        Status.RUNNING,
    ),
    ("no progress for long", a_run(heartbeat=heartbeat(last_progress=T0 - 500)), Status.STALLED),
    (
        "no progress for long, but it said what it waits for",
        a_run(heartbeat=heartbeat(last_progress=T0 - 500, waiting=Waiting("429", T0 + 60))),
        Status.RUNNING,
    ),
    ("nothing was ever reported", a_run(progress=None, heartbeat=None), Status.RUNNING),
    (
        "nothing was ever reported, and the spec names a limit",
        a_run(progress=None, progress_changed_at=None, heartbeat=None, spec=a_spec(stall=60.0)),
        Status.STALLED,
    ),
]


@pytest.mark.parametrize(("run", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_records_mean_a_status(run: Records, expected: Status) -> None:
    assert status_of(run, T0) is expected


def test_words_without_an_attempt_count_when_the_file_changed_after_the_start() -> None:
    paused = progress(status=AgentStatus.PAUSED, attempt=None)
    run = a_run(progress=paused, progress_changed_at=STARTED + 1)
    assert status_of(run, T0) is Status.PAUSED
    assert status_of(run._replace(progress_changed_at=STARTED - 1), T0) is Status.RUNNING


def test_a_late_kill_is_no_longer_asked() -> None:
    late = requests(Verb.KILL)[0]._replace(attempt=1)
    run = a_run(attempt=an_attempt(attempt=2), requests=(late,))
    assert current.unobeyed(run) is None
    assert current.unobeyed(run._replace(attempt=an_attempt(attempt=1))) == late


@pytest.mark.parametrize("later", [Verb.STACKS, Verb.KILL])
def test_a_later_request_for_the_process_does_not_hide_a_pause_that_is_not_obeyed(later: Verb) -> None:
    pause, other = requests(Verb.PAUSE, later)
    assert status_of(a_run(requests=(pause, other._replace(attempt=99))), T0) is Status.PAUSING


def test_every_status_is_either_live_or_over() -> None:
    assert LIVE | ENDED | {Status.LOST} == frozenset(Status)
    assert not LIVE & ENDED
