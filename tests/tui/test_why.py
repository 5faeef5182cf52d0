"""`overnight why`: for every status one sentence that says what it is, who wanted it and since when, and what to do."""

from typing import Any

import pytest

from overnight.state.activity import Activity, Wait
from overnight.state.queue import Cause, Group, Stand
from overnight.state.records import (
    AgentStatus,
    Damaged,
    Event,
    Exit,
    Handle,
    ItemSeconds,
    Outcome,
    Records,
    Restart,
    SupervisorState,
    Verb,
    Waiting,
)
from overnight.state.status import Status, is_trouble
from overnight.state.waits import EXPECTED
from overnight.tui.case import Case, Seen
from overnight.tui.event_words import event_words
from overnight.tui.why import REASONS, why
from tests.builders import (
    STARTED,
    T0,
    a_request,
    a_run,
    a_spec,
    a_supervisor,
    an_attempt,
    heartbeat,
    progress,
    requests,
)

ID = "crawl-a1b2c3"
RESUME, LOGS, RETRY = f"`overnight resume {ID}`", f"`overnight logs {ID}`", f"`overnight retry {ID}`"
PAUSED_BY_ANN = (a_request(Verb.PAUSE, by="ann@host", at=T0 - 720),)
UNTIL_RESUMED = (*PAUSED_BY_ANN, a_request(Verb.RESUME, number=2, by="bob@host", at=T0 - 3))
COOPERATIVE = heartbeat(handles=frozenset({"pause", "stop"}))
NOTHING_YET: dict[str, Any] = {"attempt": None, "progress": None, "heartbeat": None, "process_state": None}


def ended(outcome: Outcome, **changes: Any) -> dict[str, Any]:
    over = Exit(outcome, attempts=1, started_at=STARTED, ended_at=T0 - 300)._replace(**changes)
    return {"exit": over, "supervised": False, "process_state": None}


def waiting(**changes: Any) -> dict[str, Any]:
    return {**NOTHING_YET, "supervisor": a_supervisor(state=SupervisorState.WAITING, attempt=0)._replace(**changes)}


def backoff(**changes: Any) -> dict[str, Any]:
    record = a_supervisor(state=SupervisorState.BACKOFF, reason="exit code 1", next_start_at=T0 + 72)
    return {"process_state": None, "supervisor": record._replace(**changes)}


CASES: list[tuple[Status, dict[str, Any], str, str]] = [
    (Status.QUEUED, waiting(), "its supervisor is about to start it", ""),
    (
        Status.QUEUED,
        {**waiting(), "requests": PAUSED_BY_ANN},
        "ann@host asked it to pause 12m ago, before it began",
        f"{RESUME} lets it begin.",
    ),
    (
        Status.QUEUED,
        waiting(reason="no attempt could be started: No space left on device", next_start_at=T0 + 4),
        "no attempt could be started: No space left on device; the next try is in 4s",
        "",
    ),
    (
        Status.QUEUED,
        {**NOTHING_YET, "supervisor": None, "supervised": False},
        "it may begin, and nobody has started it yet",
        "The next `overnight` command that can, does.",
    ),
    (
        Status.QUEUED,
        {**NOTHING_YET, "spec": None, "supervised": False, "damaged": (Damaged("/r/spec.json", "empty"),)},
        "its spec cannot be read, so nobody can start it",
        "`overnight doctor` says what can be done",
    ),
    (
        Status.QUEUED,
        {**NOTHING_YET, "spec": None, "supervisor": None, "supervised": False},
        "it has no spec: its launch is under way, or was killed",
        "`overnight cancel crawl-a1b2c3` ends it.",
    ),
    (Status.STARTING, {**NOTHING_YET, "supervisor": None}, "its supervisor is starting its command", ""),
    (Status.BACKOFF, backoff(), "exit code 1; the next attempt begins in 1m12, restart 2 of 5 without progress", ""),
    (
        Status.BACKOFF,
        backoff(next_start_at=T0 - 1),
        "exit code 1; the next attempt begins in a moment, restart 2 of 5",
        "",
    ),
    (
        Status.BACKOFF,
        {**backoff(), "requests": PAUSED_BY_ANN},
        "exit code 1; then ann@host asked it to pause 12m ago",
        f"{RESUME} lets the next attempt begin.",
    ),
    (
        Status.PAUSING,
        {"requests": PAUSED_BY_ANN, "heartbeat": COOPERATIVE},
        "ann@host asked it to pause 12m ago; waiting for its item to finish; after 30 s it is frozen where it is",
        "",
    ),
    (
        Status.PAUSED,
        {"requests": PAUSED_BY_ANN, "progress": progress(status=AgentStatus.PAUSED, acknowledged=1)},
        "ann@host asked it to pause 12m ago",
        f"{RESUME} lets it go on.",
    ),
    (
        Status.PAUSED,
        {"progress": progress(status=AgentStatus.PAUSED, message="waiting for room: No space left on device")},
        "it paused by itself: waiting for room: No space left on device",
        f"{RESUME} lets it try to go on.",
    ),
    (
        Status.PAUSED,
        # Whoever paused it once has taken that back.
        {"requests": UNTIL_RESUMED, "progress": progress(status=AgentStatus.PAUSED, acknowledged=2)},
        "it paused by itself",
        f"{RESUME} lets it try to go on.",
    ),
    (
        Status.FROZEN,
        {"requests": PAUSED_BY_ANN, "process_state": "T", "supervisor": a_supervisor(frozen=True, acknowledged=1)},
        "ann@host asked it to pause 12m ago; it does not handle that, and was stopped where it is",
        f"{RESUME} lets it go on where it is.",
    ),
    (
        Status.FROZEN,
        {
            "requests": PAUSED_BY_ANN,
            "process_state": "T",
            "supervisor": a_supervisor(frozen=True, acknowledged=1),
            "heartbeat": COOPERATIVE,
        },
        "ann@host asked it to pause 12m ago; it did not within 30 s, and was stopped where it is",
        f"{RESUME} lets it go on where it is.",
    ),
    (
        Status.FROZEN,
        {"process_state": "T"},
        "a signal from outside of overnight has stopped its process",
        f"{RESUME} lets it go on where it is.",
    ),
    (
        Status.RESUMING,
        {"requests": UNTIL_RESUMED, "supervisor": a_supervisor(acknowledged=1)},
        "bob@host asked it to resume 3s ago; waiting for its supervisor",
        "",
    ),
    (Status.RUNNING, {}, "attempt 1 has worked for 10m00; 40 of 100 items; 15m left (10m to 22m)", ""),
    (
        Status.RUNNING,
        {"progress": progress(message="429 from the API")},
        "attempt 1 has worked for 10m00; 40 of 100 items; 15m left (10m to 22m); it says: 429 from the API",
        "",
    ),
    (
        Status.RUNNING,
        {"heartbeat": heartbeat(waiting=Waiting("retry in 8 s: 429", T0 + 8))},
        "it waits: retry in 8 s: 429, 8s more; 40 of 100 items; 15m left (11m to 23m)",
        "",
    ),
    (
        Status.RUNNING,
        {"heartbeat": heartbeat(waiting=Waiting(f"{EXPECTED}5m00", T0 + 240))},
        "its item is expected to take up to 5m00, 4m00 more; 40 of 100 items; 19m left (14m to 26m)",
        "",
    ),
    (
        Status.RUNNING,
        {"heartbeat": heartbeat(waiting=Waiting("for a person"))},
        "it waits: for a person",
        "",
    ),
    (
        Status.RUNNING,
        {"spec": a_spec(time_limit=700), "history": (Event(STARTED, "started", 1),)},
        "attempt 1 has worked for 10m00; 40 of 100 items; 15m left (10m to 22m); "
        "its time limit ends it in 1m40, before it is done",
        "",
    ),
    (
        Status.RUNNING,
        {"heartbeat": heartbeat(last_progress=T0 - 100), "progress": progress(current_item="big.bin")},
        "no progress for 1m (usual: an item in 12s), with big.bin; nothing else is wrong",
        "",
    ),
    (
        Status.STOPPING,
        {
            "supervisor": a_supervisor(state=SupervisorState.STOPPING),
            "requests": (a_request(Verb.CANCEL, by="ann@host"),),
        },
        "ann@host asked it to cancel 5s ago; waiting for it to end; by force 20 s after it was told",
        "",
    ),
    (
        Status.STOPPING,
        {"requests": (a_request(Verb.KILL, by="ann@host"),)},
        "ann@host asked it to end at once 5s ago; waiting for its supervisor, which ends it by force",
        "",
    ),
    (
        Status.STOPPING,
        {"supervisor": a_supervisor(state=SupervisorState.STOPPING)},
        "its supervisor was told to end; waiting for it to end; by force 20 s after it was told",
        "",
    ),
    (
        Status.STALLED,
        {"heartbeat": heartbeat(last_progress=T0 - 400), "progress": progress(current_item="big.bin")},
        "no progress for 6m (usual: an item in 5s); its item is big.bin",
        f"`overnight show {ID} --stacks` shows where it hangs; `overnight restart {ID}` starts it again.",
    ),
    (
        Status.STALE,
        {"heartbeat": heartbeat(last_heartbeat=T0 - 90)},
        "no heartbeat for 1m; its process is there, and may be busy or hang",
        f"`overnight show {ID} --stacks` shows where it hangs",
    ),
    (
        Status.LOST,
        {"supervised": False, "process_state": None},
        "its process is gone, and nobody was left to write down how it ended",
        f"{RESUME} continues it from its checkpoint. `overnight cancel {ID}` ends it.",
    ),
    (
        Status.LOST,
        {**NOTHING_YET, "supervised": False, "damaged": (Damaged("/r/attempts/0001.json", "empty"),)},
        "the record of its newest attempt cannot be read",
        RESUME,
    ),
    (
        Status.UNSUPERVISED,
        {"supervised": False},
        "it works, but its supervisor was killed",
        "The next `overnight` command gives it a new one.",
    ),
    (
        Status.UNSUPERVISED,
        {"supervised": False, "process_state": None, "attempt": an_attempt(ended_at=T0, code=0)},
        "it ended after its supervisor was killed",
        "The next `overnight` command gives it a new one.",
    ),
    (
        Status.UNSUPERVISED,
        {
            "supervised": False,
            "process_state": None,
            "attempt": an_attempt(ended_at=T0, code=0),
            "damaged": (Damaged("/r/exit.json", "empty"),),
        },
        "its end is on record in exit.json, which cannot be read",
        "`overnight doctor` says what can be done",
    ),
    (
        Status.UNKNOWN,
        {"supervised": False, "damaged": (Damaged("/r/lock", "Permission denied", intact=True),)},
        "whether it goes on cannot be read: /r/lock: Permission denied",
        "Make it readable",
    ),
    (Status.COMPLETED, ended(Outcome.COMPLETED), "its agent has finished, 5m ago", ""),
    (
        Status.COMPLETED,
        {**ended(Outcome.COMPLETED), "progress": progress(failed_items=3)},
        "its agent has finished, 5m ago; 3 items failed",
        f"`overnight errors {ID}` shows why",
    ),
    (
        Status.FAILED,
        {
            **ended(Outcome.FAILED, code=1, reason="exit code 1 three times without progress"),
            "progress": progress(current_item="src/x.py"),
        },
        "exit code 1 three times without progress, 5m ago; 3 attempts died; its last item was src/x.py",
        f"{LOGS} shows its last words; {RETRY} continues it from its checkpoint.",
    ),
    (
        Status.FAILED,
        {**ended(Outcome.FAILED, signal="SIGKILL", reason="ended by SIGKILL", out_of_memory=True), "history": ()},
        "ended by SIGKILL; the kernel killed it for want of memory, 5m ago",
        LOGS,
    ),
    (
        Status.CANCELLED,
        {**ended(Outcome.CANCELLED), "requests": (a_request(Verb.CANCEL, by="ann@host", at=T0 - 310),)},
        "ann@host asked it to cancel 5m ago",
        RETRY,
    ),
    (
        Status.CANCELLED,
        ended(Outcome.CANCELLED, reason="exit code 75"),
        "it ended as cancelled (exit code 75), 5m ago",
        RETRY,
    ),
    (
        Status.INTERRUPTED,
        ended(Outcome.INTERRUPTED, reason="its supervisor was told to end; exit code 75"),
        "its supervisor was told to end; exit code 75, 5m ago",
        f"{RESUME} continues it from its checkpoint.",
    ),
    (
        Status.INTERRUPTED,
        {"supervised": False, "process_state": None, "boot_id": "another"},
        "the machine was restarted",
        f"{RESUME} continues it from its checkpoint.",
    ),
]

DIED = tuple(Event(STARTED + number, "died", number) for number in range(1, 4))
HISTORY = (*DIED, Event(STARTED + 9, "retrying", 3, detail={"restarts": 2}))


@pytest.mark.parametrize(("status", "changes", "reason", "remedy"), CASES)
def test_each_status_is_explained(status: Status, changes: dict[str, Any], reason: str, remedy: str) -> None:
    changes = dict(changes)
    history = changes.pop("history", HISTORY)
    run: Records = a_run(**{"spec": a_spec(restart=Restart.ON_FAILURE, retries=5), **changes})
    answer = why(run, history, T0, seen=Seen(has_checkpoint=True))
    assert answer.status is status
    assert answer.reason.startswith(reason)
    assert answer.remedy.startswith(remedy)
    assert bool(answer.remedy) == bool(remedy)


def test_a_pause_is_no_work() -> None:
    history = (Event(STARTED, "started", 1), Event(STARTED + 27, "paused", 1), Event(T0 - 4, "resumed", 1))
    assert why(a_run(), history, T0).reason.startswith("attempt 1 has worked for 31s; ")


def test_time_in_which_a_signal_from_outside_had_stopped_it_is_no_work() -> None:
    told = progress(active_seconds=5.0, updated_at=T0 - 1)
    assert why(a_run(progress=told), (Event(T0 - 30, "started", 1),), T0).reason.startswith(
        "attempt 1 has worked for 6s"
    )


def test_every_status_has_a_case() -> None:
    assert {status for status, *_ in CASES} == set(Status) == set(REASONS)


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("verb", [None, *Verb])
def test_an_answer_needs_none_of_the_records(status: Status, verb: Verb | None) -> None:
    """Whatever is missing, there is one line."""
    asked = requests(verb) if verb else ()
    bare = Records(ID, "/r", requests=tuple(each._replace(by="", at=None) for each in asked))
    reason, remedy = REASONS[status](Case(bare, (), T0))
    assert reason
    assert "\n" not in reason + remedy
    assert not reason.endswith(".")


def slots(count: int, place: int = 1, *holders: str) -> Stand:
    return Stand(Cause.SLOT, place, holders, group=Group(count))


STANDS: list[tuple[Stand, str, str]] = [
    (Stand(Cause.TIME, until=T0 + 7500), "it is to start in 2h05", ""),
    (Stand(Cause.AFTER, None, ("a-1",), (None,)), "it waits for a-1, which is not over", ""),
    (
        Stand(Cause.AFTER, None, ("b-1", "a-1"), (None, Outcome.FAILED)),
        "it waits for a-1, which failed, and 1 more run",
        f"`overnight retry a-1` does it again, and then this goes on; `overnight cancel {ID}` ends it.",
    ),
    (
        Stand(Cause.AFTER, None, ("a-1",), (Outcome.INTERRUPTED,)),
        "it waits for a-1, which was interrupted",
        "`overnight retry a-1`",
    ),
    (
        Stand(Cause.AFTER, None, ("a-1",), (None,), gone=True),
        "it waits for a-1 to complete, and that was removed",
        f"`overnight cancel {ID}` ends it; launch it again without --after a-1.",
    ),
    (
        Stand(Cause.GROUP, group=Group(2, True, "ann@host", T0 - 720)),
        "ann@host paused its group gpu 12m ago",
        "`overnight group gpu resume` lets it go on.",
    ),
    (slots(0), "its group gpu has no slot", "`overnight group gpu --slots N` gives it some."),
    (slots(1, 2, "a-1"), "it is 2nd in line for the slot of group gpu, held by a-1", ""),
    (
        slots(3, 1, *"abcdefg"),
        "it is 1st in line for one of 3 slots of group gpu, held by a, b, c, d, e and 2 more",
        "",
    ),
    (Stand(Cause.TURN, 1), "its supervisor is about to start it", ""),
]


@pytest.mark.parametrize(("stand", "reason", "remedy"), STANDS)
def test_what_a_queued_run_waits_for_is_said(stand: Stand, reason: str, remedy: str) -> None:
    answer = why(a_run(**waiting(), spec=a_spec(group="gpu")), (), T0, stand)
    assert answer.status is Status.QUEUED
    assert answer.reason == reason
    assert answer.remedy.startswith(remedy)
    assert bool(answer.remedy) is bool(remedy)


def test_a_run_that_waits_for_its_slot_again_is_queued_though_it_has_had_an_attempt() -> None:
    record = a_supervisor(state=SupervisorState.WAITING)
    ended = an_attempt(ended_at=T0 - 60, code=1)
    for supervised in (True, False):
        run = a_run(supervisor=record, attempt=ended, process_state=None, supervised=supervised)
        assert why(run, (), T0, slots(1, 1, "a-1"))[:2] == (
            Status.QUEUED,
            "it is 1st in line for the slot of group default, held by a-1",
        )


def test_a_pause_of_its_group_is_told_from_its_own() -> None:
    pause = a_request(Verb.PAUSE, by="ann@host", at=T0 - 720, options={"group": "gpu"})
    run = a_run(requests=(pause,), progress=progress(status=AgentStatus.PAUSED, acknowledged=1))
    answer = why(run, (), T0)
    assert answer.reason == "ann@host asked its group gpu to pause 12m ago"
    assert "`overnight group gpu resume`" in answer.remedy


def test_what_hangs_is_told_with_what_it_does_and_what_can_be_done() -> None:
    beat = heartbeat(last_progress=T0 - 400, handles=frozenset({Handle.STOP, Handle.STACKS}))
    run = a_run(heartbeat=beat, progress=progress(item_seconds=ItemSeconds(longest=12, p95=9)))
    answer = why(run, (), T0, seen=Seen(Activity(0, Wait.NETWORK, "wait_woken", "10.0.0.1:443")))
    assert answer.reason == (
        "no progress for 6m (usual: an item in 9s); its process waits for the network (10.0.0.1:443)"
    )
    assert answer.remedy.endswith(f"`overnight restart {ID}` goes on from its checkpoint.")
    by_hand = run._replace(supervisor=a_supervisor(pid=4242))
    assert "the same command by hand" in why(by_hand, (), T0).remedy


def test_one_that_computes_with_a_big_item_is_told_so() -> None:
    items = ItemSeconds(longest=60, p95=20)
    run = a_run(heartbeat=heartbeat(last_progress=T0 - 150), progress=progress(item_seconds=items))
    answer = why(run, (), T0, seen=Seen(Activity(98, None)))
    assert answer.status is Status.RUNNING
    assert answer.reason == "no progress for 2m (usual: an item in 20s); its process computes (98% of a core)"


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.CANCELLED, Outcome.INTERRUPTED])
def test_what_has_no_checkpoint_is_not_said_to_continue_from_one(outcome: Outcome) -> None:
    run = a_run(**ended(outcome), heartbeat=None, progress=None)
    assert "starts it again from the beginning" in why(run, (), T0).remedy
    assert "continues it from its checkpoint" in why(run, (), T0, seen=Seen(has_checkpoint=True)).remedy
    stops = run._replace(heartbeat=heartbeat(handles=frozenset({Handle.STOP})))
    assert "continues it from its checkpoint" in why(stops, (), T0).remedy, "in any language it may keep a place"


def test_a_stop_that_nobody_asked_for_is_told_with_its_time_and_what_lets_it_go_on() -> None:
    run = a_run(process_state="T", supervisor=a_supervisor(stopped_at=T0 - 250))
    answer = why(run, (), T0)
    assert answer.status is Status.FROZEN
    assert answer.reason == "a signal from outside of overnight has stopped its process 4m ago"
    assert answer.remedy == f"{RESUME} lets it go on where it is. So does `kill -CONT 4242`."


def test_who_stopped_itself_at_its_terminal_or_was_resumed_just_now_is_not_said_to_be_stopped_by_others() -> None:
    paused = progress(status=AgentStatus.PAUSED)
    ctrl_z = why(a_run(process_state="T", progress=paused, supervisor=a_supervisor(pid=4242)), (), T0)
    assert ctrl_z.reason == "it has paused, and stopped itself: ctrl+z was pressed at its terminal"
    assert "kill -CONT 4242" in ctrl_z.remedy
    goes_on = why(a_run(process_state="T", supervisor=a_supervisor(frozen=True), requests=UNTIL_RESUMED), (), T0)
    assert goes_on.reason == "bob@host asked it to resume 3s ago; waiting for its supervisor"


@pytest.mark.parametrize(
    ("changes", "trouble"),
    [
        ({}, True),
        ({"requests": requests(Verb.PAUSE)}, False),
        ({"supervisor": a_supervisor(frozen=True), "requests": requests(Verb.PAUSE, Verb.RESUME)}, False),
        ({"progress": progress(status=AgentStatus.PAUSED), "supervisor": a_supervisor(pid=4242)}, False),
        ({"progress": progress(status=AgentStatus.PAUSED)}, True),
    ],
    ids=[
        "stopped from outside",
        "an operator asked",
        "goes on in this moment",
        "stopped itself at its terminal",
        "stopped from outside after it had paused itself",
    ],
)
def test_only_a_stop_that_nobody_asked_for_is_trouble(changes: dict[str, Any], trouble: bool) -> None:
    assert is_trouble(a_run(**{"process_state": "T", **changes}), Status.FROZEN) is trouble


def test_a_restart_after_progress_is_told_with_what_was_finished_and_why_it_died() -> None:
    died = Event(T0, "died", 1, detail={"item": "src/x.py", "log": ["  File ...", "RuntimeError: boom", ""]})
    again = Event(T0, "retrying", 1, detail={"restarts": 1, "delay": 3.0, "reason": "exit code 1", "items": 10})
    backoff = a_supervisor(state=SupervisorState.BACKOFF, reason="exit code 1", next_start_at=T0 + 3)
    run = a_run(supervisor=backoff, process_state=None)
    assert why(run, (died, again), T0).reason == (
        "exit code 1; its last item was src/x.py; the last it printed was: RuntimeError: boom; "
        "the next attempt begins in 3s, after 10 items were finished"
    )
    assert event_words(again) == "attempt 1  10 items were finished; the next attempt begins in 3.0s"


def test_one_that_prints_but_reports_nothing_is_told_that_only_reports_count() -> None:
    run = a_run(spec=a_spec(stall=10), heartbeat=None, progress=None, progress_changed_at=None)
    prints = why(run, (), T0, seen=Seen(printed_at=T0 - 1))
    assert prints.status is Status.STALLED
    assert "it prints, but reports no progress, and only that counts" in prints.reason
    assert "prints" not in why(run, (), T0, seen=Seen(printed_at=STARTED + 1)).reason
