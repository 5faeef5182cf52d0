"""When a silence is a stall, and when it is none."""

import pytest

from overnight.state.health import Verdict, health_of, is_stall, judged_silence, silence, stall_after
from overnight.state.records import AgentStatus, ItemSeconds, Phase
from overnight.state.status import Status, status_of
from tests.builders import STARTED, T0, a_run, a_spec, a_supervisor, heartbeat, progress

COUNTS_ONLY = a_run(heartbeat=None, progress=progress(processed_items=4, updated_at=STARTED + 20))
"""Four items in twenty seconds, and nothing since."""


def test_of_an_agent_that_only_counts_a_silence_does_not_make_itself_usual() -> None:
    assert stall_after(COUNTS_ONLY) == 50
    ends = [now for now in range(int(STARTED) + 20, int(T0)) if is_stall(COUNTS_ONLY, now)]
    assert ends == list(range(int(STARTED) + 20 + 51, int(T0))), "once stalled, it is stalled until it gets on"


def test_time_in_which_it_was_paused_makes_no_item_longer() -> None:
    paused = COUNTS_ONLY._replace(progress=progress(processed_items=4, updated_at=STARTED + 500, active_seconds=20.0))
    assert stall_after(paused) == 50
    silent = COUNTS_ONLY._replace(progress=progress(processed_items=4, updated_at=STARTED + 20, active_seconds=500.0))
    assert stall_after(silent) == 50, "what it has worked at since then took longer"


def test_of_an_agent_that_has_done_nothing_yet_nobody_knows_what_is_usual() -> None:
    run = a_run(heartbeat=None, progress=progress(processed_items=0, updated_at=STARTED + 1))
    assert stall_after(run) is None
    assert health_of(run, T0).verdict is Verdict.RUNNING


def test_what_holds_the_interpreter_is_a_stall_though_it_ends_the_beats_as_well() -> None:
    beat = heartbeat(last_heartbeat=T0 - 200, last_progress=T0 - 200)
    run = a_run(heartbeat=beat, progress=progress(item_seconds=ItemSeconds(longest=2, p95=1)))
    assert status_of(run, T0) is Status.STALE
    assert is_stall(run, T0)


def test_items_of_one_phase_say_nothing_of_those_of_the_next() -> None:
    fetched, first = Phase("fetch", 40, 40), Phase("embed", 0, 60)
    quick = progress(item_seconds=ItemSeconds(longest=0.2, p95=0.1), phases=(fetched, first), phase="embed / encode")
    run = a_run(heartbeat=heartbeat(last_progress=T0 - 500), progress=quick)
    assert health_of(run, T0).verdict is Verdict.RUNNING, "as of a run that never reported progress"
    assert is_stall(run._replace(progress=quick._replace(phases=(fetched, first._replace(processed_items=1)))), T0)
    assert is_stall(run._replace(progress=quick._replace(phase="fetch")), T0)
    assert is_stall(run._replace(spec=a_spec(stall=60.0)), T0)


def test_what_was_committed_since_the_last_beat_is_progress() -> None:
    run = a_run(heartbeat=heartbeat(last_heartbeat=T0 - 20, last_progress=T0 - 25), spec=a_spec(stall=10.0))
    assert is_stall(run, T0)
    assert not is_stall(run._replace(committed_at=T0 - 1), T0)
    assert is_stall(run._replace(committed_at=STARTED - 1), T0), "an earlier attempt did that"


def test_a_progress_that_is_read_while_it_is_written_is_no_silence_since_the_beginning() -> None:
    limited = a_run(heartbeat=None, progress=None, progress_changed_at=None, spec=a_spec(stall=3.0))
    assert silence(limited, T0) == T0 - STARTED
    cut = limited._replace(progress_changed_at=T0 - 1)
    assert silence(cut, T0) == 1
    assert status_of(cut, T0) is Status.RUNNING
    assert status_of(cut, T0 + 5) is Status.STALLED
    earlier = limited._replace(progress_changed_at=STARTED - 5)
    assert silence(earlier, T0) == T0 - STARTED


def test_between_two_beats_nobody_knows_and_nothing_is_a_stall() -> None:
    run = a_run(heartbeat=heartbeat(last_heartbeat=T0 - 1.5, last_progress=T0 - 2), spec=a_spec(stall=1.0))
    assert judged_silence(run, T0) == 0.5
    assert not is_stall(run, T0)
    assert is_stall(run, T0 + 1), "the next beat is overdue"


@pytest.mark.parametrize("state", ["T", "t", None])
def test_what_cannot_get_on_is_not_silent(state: str | None) -> None:
    run = a_run(heartbeat=heartbeat(last_progress=T0 - 500), process_state=state)
    assert not is_stall(run, T0)


def test_time_in_which_it_was_stopped_is_no_silence_though_it_cannot_say_so() -> None:
    run = COUNTS_ONLY._replace(supervisor=a_supervisor(went_on_at=T0 - 10))
    assert silence(run, T0) == 10
    assert not is_stall(run, T0)


def test_who_leaves_that_time_out_by_itself_is_as_silent_as_before() -> None:
    run = a_run(heartbeat=heartbeat(last_progress=T0 - 500), supervisor=a_supervisor(went_on_at=T0 - 10))
    assert silence(run, T0) == 500


def test_what_is_paused_is_not_silent() -> None:
    paused = progress(status=AgentStatus.PAUSED)
    assert not is_stall(a_run(heartbeat=heartbeat(last_progress=T0 - 500), progress=paused), T0)
