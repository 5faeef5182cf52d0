"""The fields of `ls --json`, from records alone."""

import pytest

from overnight.state.current import has_failed_items
from overnight.state.errors import NotPossibleNow
from overnight.state.records import AgentStatus, Estimate, Exit, Outcome, Pace, Verb
from overnight.state.status import ENDED, Status
from overnight.state.summary import plain, summary_of
from overnight.state.verbs import check, check_remove, check_retry, check_retry_errors
from tests.builders import T0, a_run, an_attempt, progress, requests

FIELDS = (
    "id name group labels status health attempt pid supervisor_pid "
    "processed_items total_items resumed_items percent rate estimate heartbeat_age errors requested "
    "created_at started_at ended_at outcome exit_code directory"
)


def test_every_field_of_the_protocol_is_there() -> None:
    assert set(FIELDS.split()) <= set(plain(summary_of(a_run(), T0)))


def test_resumed_items_are_not_counted_as_this_attempts_work() -> None:
    run = a_run(progress=progress(processed_items=90, resumed_items=80, active_seconds=20.0))
    assert summary_of(run, T0).rate == 0.5


def test_the_rate_is_that_since_the_pace_last_changed() -> None:
    # A hundred seconds at 1/s, then two hundred at half of it.
    told = progress(processed_items=200, total_items=900, active_seconds=300.0, updated_at=T0)
    attempt = an_attempt(started_at=T0 - 300)
    mean = summary_of(a_run(progress=told, attempt=attempt), T0).rate
    present = summary_of(a_run(progress=told._replace(pace=Pace(T0 - 200, 0.5)), attempt=attempt), T0).rate
    assert mean == pytest.approx(2 / 3)
    assert present == pytest.approx(0.5)


def test_a_pause_before_or_after_the_change_of_pace_leaves_a_rate_near_the_present_one() -> None:
    for paused_before in (True, False):
        started_at, changed_at = (T0 - 500, T0 - 200) if paused_before else (T0 - 500, T0 - 400)
        told = progress(processed_items=200, total_items=900, active_seconds=300.0, updated_at=T0)
        run = a_run(progress=told._replace(pace=Pace(changed_at, 0.5)), attempt=an_attempt(started_at=started_at))
        rate = summary_of(run, T0).rate
        assert rate is not None
        # In truth 0.5; the mean is 0.67.
        assert abs(rate - 0.5) < 0.11


@pytest.mark.parametrize("pace", [Pace(T0 - 1e9, 0.5), Pace(T0 + 1e9, 2.0), Pace(T0, 0.0), Pace(T0, -1.0), Pace(T0)])
def test_a_change_of_pace_that_cannot_be_leaves_a_rate_that_can(pace: Pace) -> None:
    rate = summary_of(a_run(progress=progress(active_seconds=40.0, pace=pace)), T0).rate
    assert rate is not None
    assert 0.5 <= rate <= 2


def test_without_totals_a_percentage_serves() -> None:
    assert summary_of(a_run(progress=progress(total_items=None, percent_complete=41.0)), T0).percent == 41.0
    assert summary_of(a_run(progress=progress(total_items=None)), T0).percent is None
    assert summary_of(a_run(progress=progress(total_items=0, processed_items=0)), T0).percent is None


def test_more_done_than_there_is_never_shows_more_than_all() -> None:
    assert summary_of(a_run(progress=progress(processed_items=150)), T0).percent == 100.0


def test_an_agent_that_only_writes_counts_gets_an_estimate() -> None:
    foretold = summary_of(a_run(progress=progress(active_seconds=40.0)), T0).estimate
    assert foretold is not None
    assert foretold.likely == pytest.approx(60.0)


def test_an_agent_that_only_writes_a_percentage_gets_an_estimate_in_its_first_attempt() -> None:
    only = progress(processed_items=None, total_items=None, percent_complete=25.0, active_seconds=40.0)
    foretold = summary_of(a_run(progress=only), T0).estimate
    assert foretold is not None
    assert foretold.likely == 120
    assert summary_of(a_run(progress=only._replace(attempt=2), attempt=an_attempt(attempt=2)), T0).estimate is None
    for percent in (0.0, 1e-310):
        assert summary_of(a_run(progress=only._replace(percent_complete=percent)), T0).estimate is None


def test_an_agents_own_estimate_is_taken() -> None:
    own = Estimate(1.0, 2.0, 3.0)
    assert summary_of(a_run(progress=progress(estimate=own)), T0).estimate == own


def test_a_run_that_ended_has_neither_rate_nor_estimate_nor_pid() -> None:
    run = a_run(exit=Exit(Outcome.FAILED, code=3, ended_at=T0), process_state=None, supervised=False)
    summary = summary_of(run, T0)
    assert (summary.rate, summary.estimate, summary.pid, summary.supervisor_pid) == (None, None, None, None)
    assert (summary.outcome, summary.exit_code) == ("failed", 3)


def test_a_request_shows_until_it_is_obeyed() -> None:
    run = a_run(requests=requests(Verb.PAUSE))
    assert summary_of(run, T0).requested == "pause"
    obeyed = run._replace(progress=progress(status=AgentStatus.PAUSED, acknowledged=1))
    assert summary_of(obeyed, T0).requested is None


@pytest.mark.parametrize("verb", [Verb.PAUSE, Verb.CANCEL, Verb.KILL])
def test_what_has_ended_cannot_be_steered_and_the_hint_says_what_can_be_done(verb: Verb) -> None:
    with pytest.raises(NotPossibleNow) as refused:
        check(verb, Status.FAILED, "crawl-1")
    assert "retry" in refused.value.hint


def test_only_what_ended_is_removed_and_only_what_did_not_complete_is_retried() -> None:
    check_remove(Status.COMPLETED, "x")
    check_remove(Status.LOST, "x")
    check_retry(Status.LOST, "x")
    check(Verb.RESUME, Status.INTERRUPTED, "x")
    with pytest.raises(NotPossibleNow):
        check_remove(Status.PAUSED, "x")
    with pytest.raises(NotPossibleNow):
        check_retry(Status.COMPLETED, "x")
    with pytest.raises(NotPossibleNow):
        check_retry(Status.RUNNING, "x")


@pytest.mark.parametrize("status", sorted(Status))
def test_failed_items_are_retried_of_whatever_is_over(status: Status) -> None:
    if status in ENDED | {Status.LOST}:
        check_retry_errors(status, "x", checkpointed=True, failed=True)
        for checkpointed, failed in ((False, True), (True, False)):
            with pytest.raises(NotPossibleNow) as refused:
                check_retry_errors(status, "x", checkpointed=checkpointed, failed=failed)
            assert ("overnight run" if status is Status.COMPLETED else "overnight retry x") in refused.value.hint
    else:
        with pytest.raises(NotPossibleNow, match=str(status)) as refused:
            check_retry_errors(status, "x", checkpointed=True, failed=True)
        assert ("overnight doctor" if status is Status.UNKNOWN else "overnight cancel x") in refused.value.hint


def test_an_agents_last_word_tells_whether_an_item_failed_and_errors_on_record_only_without_it() -> None:
    def failed(status: AgentStatus, failed_items: int, errors: int, attempt: int = 1) -> bool:
        said = progress(status=status, failed_items=failed_items, attempt=attempt)
        return has_failed_items(a_run(progress=said, errors=errors))

    assert failed(AgentStatus.COMPLETED, 2, 0)
    # What failed was done again since, and stays on record.
    assert not failed(AgentStatus.COMPLETED, 0, 2)
    assert failed(AgentStatus.RUNNING, 0, 2)
    assert not failed(AgentStatus.RUNNING, 0, 0)
    # The last word of an attempt before this one says nothing of this one.
    assert failed(AgentStatus.COMPLETED, 0, 2, attempt=7)
