"""What a supervisor does next, in tables: no process, no clock."""

from typing import Any

import pytest

from overnight.agents.supervisor.decide import decide
from overnight.agents.supervisor.facts import (
    Acknowledge,
    Action,
    AskPause,
    AskRest,
    AskStop,
    Continue,
    Facts,
    Freeze,
    Insist,
    Leave,
    Life,
    NoteStall,
    NoteStop,
    Sent,
    ShowStacks,
    Start,
    Stopping,
    TakeTurn,
    Wait,
)
from overnight.agents.supervisor.ladders import CONTINUE_AGAIN, INSIST_AGAIN, SETTLING
from overnight.agents.supervisor.outcome import Asked, Ending, Limit, Over, Stop
from overnight.state.records import Outcome, Request, Verb

NOW = 1000.0
CANCEL_WANTED = Asked(cancel_wanted=True)
SHUTDOWN = Asked(shutdown=True)
PAST_ITS_LIMIT = Asked(limit=Limit("ran longer than its limit of 2h"))


def facts(**what: Any) -> Facts:
    return Facts(now=NOW)._replace(**what)


def of_its_kind(action: Action) -> tuple[str, Action]:
    """Tuples of two kinds are equal where their fields are."""
    return type(action).__name__, action


def running(**what: Any) -> Facts:
    """An attempt that has settled in and reports nothing."""
    return facts(life=Life.RUNNING, age=100.0)._replace(**what)


def asked(verb: Verb, number: int = 7, **what: Any) -> Facts:
    return running(lasting=Request(number, verb), newest=number, pause_wanted=verb is Verb.PAUSE)._replace(**what)


@pytest.mark.parametrize(
    ("seen", "action"),
    [
        (facts(), Start()),
        # What an earlier supervisor held, nobody knows.
        (asked(Verb.RESUME, adopted=True), Continue(7)),
        (facts(next_start=NOW - 1), Start()),
        (facts(next_start=NOW + 9), Wait(NOW + 9)),
        (facts(pause_wanted=True, newest=3), Acknowledge(3)),
        (facts(pause_wanted=True, newest=3, acknowledged=3), Wait()),
        (facts(pause_wanted=True, newest=3, acknowledged=3, next_start=NOW - 1), Wait()),
        (facts(asked=CANCEL_WANTED), Over(Outcome.CANCELLED)),
        (facts(kill=4), Over(Outcome.CANCELLED)),
        (facts(asked=SHUTDOWN), Over(Outcome.INTERRUPTED, "its supervisor was told to end")),
        (facts(restart=4, newest=4, next_start=NOW + 9), Acknowledge(4)),
        (facts(admitted=False), Wait()),
        (facts(admitted=False, newest=3), Acknowledge(3)),
        (facts(admitted=False, turn_due=True), TakeTurn()),
        (facts(admitted=False, turn_due=True, pause_wanted=True), TakeTurn()),
        (facts(admitted=False, turn_due=True, next_start=NOW + 9), Wait(NOW + 9)),
        (facts(admitted=False, turn_due=True, next_start=NOW - 1), TakeTurn()),
        (facts(admitted=False, turn_due=True, asked=CANCEL_WANTED), Over(Outcome.CANCELLED)),
        (facts(admitted=False, turn_due=True, asked=SHUTDOWN), Leave()),
        (facts(life=Life.STARTING, asked=CANCEL_WANTED), Wait()),
        (facts(life=Life.UNCLEAR), Wait(closely=True)),
    ],
)
def test_between_attempts(seen: Facts, action: Action) -> None:
    assert of_its_kind(decide(seen)) == of_its_kind(action)


def test_an_ending_is_judged_before_anything_else() -> None:
    assert of_its_kind(decide(facts(life=Life.ENDED, ending=Ending(0), pause_wanted=True))) == of_its_kind(
        Over(Outcome.COMPLETED)
    )


@pytest.mark.parametrize(
    ("seen", "action"),
    [
        (running(asked=CANCEL_WANTED), AskStop(Stop.CANCEL)),
        (running(asked=SHUTDOWN), AskStop(Stop.SHUTDOWN)),
        (running(restart=3), AskStop(Stop.RESTART)),
        (running(asked=PAST_ITS_LIMIT), AskStop(Stop.LIMIT)),
        (running(asked=PAST_ITS_LIMIT, frozen=True), AskStop(Stop.LIMIT)),
        (running(asked=PAST_ITS_LIMIT._replace(cancel_wanted=True)), AskStop(Stop.CANCEL)),
        (running(asked=PAST_ITS_LIMIT, stopping=Stopping(Stop.LIMIT, NOW - 5)), Wait(NOW + 15)),
        (running(asked=PAST_ITS_LIMIT, stopping=Stopping(Stop.LIMIT, NOW - 20)), Insist(Stop.LIMIT)),
        (running(kill=3), Insist(Stop.KILL)),
        (running(kill=3, asked=CANCEL_WANTED), Insist(Stop.KILL)),
        (running(asked=Asked(Stop.CANCEL, True), stopping=Stopping(Stop.CANCEL, NOW - 5)), Wait(NOW + 15)),
        (running(asked=Asked(Stop.CANCEL, True), stopping=Stopping(Stop.CANCEL, NOW - 20)), Insist(Stop.CANCEL)),
        (running(kill=3, stopping=Stopping(Stop.CANCEL, NOW - 5)), Insist(Stop.KILL)),
        (
            running(kill=3, stopping=Stopping(Stop.KILL, NOW - 0.25, insisted=True)),
            Wait(NOW + INSIST_AGAIN - 0.25, closely=True),
        ),
        (running(stopping=Stopping(Stop.CANCEL, NOW - 99, insisted=True)), Insist(Stop.CANCEL)),
        # A cancel that was taken back has been passed on already: it is seen through.
        (running(stopping=Stopping(Stop.CANCEL, NOW - 5)), Wait(NOW + 15)),
        (running(life=Life.LEFTOVERS, stopping=Stopping(Stop.CANCEL, NOW - 5)), AskRest()),
        (
            running(life=Life.LEFTOVERS, stopping=Stopping(Stop.CANCEL, NOW - 5, asked_rest=True)),
            Wait(NOW + 15, closely=True),
        ),
        (
            running(life=Life.LEFTOVERS, stopping=Stopping(Stop.CANCEL, NOW - 20, asked_rest=True)),
            Insist(Stop.CANCEL),
        ),
    ],
)
def test_the_stop_ladder(seen: Facts, action: Action) -> None:
    assert of_its_kind(decide(seen)) == of_its_kind(action)


def pausing(**what: Any) -> Facts:
    return asked(Verb.PAUSE, **what)


@pytest.mark.parametrize(
    ("seen", "action"),
    [
        (pausing(cooperative=True, reports=True), AskPause(7)),
        (pausing(reports=True), Freeze(7)),
        (pausing(), Freeze(7)),
        # It may turn out to be an agent that pauses by itself.
        (pausing(age=0.5), Wait(NOW + SETTLING - 0.5, closely=True)),
        (pausing(age=0.5, reports=True), Freeze(7)),
        (pausing(cooperative=True, pause_sent=Sent(7, NOW - 10)), Wait(NOW + 20, closely=True)),
        (pausing(cooperative=True, pause_sent=Sent(7, NOW - 30)), Freeze(7)),
        (pausing(cooperative=True, pause_sent=Sent(5, NOW - 30)), AskPause(7)),
        (pausing(cooperative=True, pause_sent=Sent(7, NOW - 1), agent_acknowledged=7), Acknowledge(7)),
        (pausing(cooperative=True, pause_sent=Sent(7, NOW - 1), paused_since_asked=True), Acknowledge(7)),
        (pausing(frozen=True), Wait(closely=True)),
        (pausing(frozen=True, stands=True), Acknowledge(7)),
        (pausing(frozen=True, stands=True, acknowledged=7), Wait()),
    ],
)
def test_the_pause_ladder(seen: Facts, action: Action) -> None:
    assert of_its_kind(decide(seen)) == of_its_kind(action)


def resuming(**what: Any) -> Facts:
    return asked(Verb.RESUME, **what)


@pytest.mark.parametrize(
    ("seen", "action"),
    [
        (resuming(), Acknowledge(7)),
        # It had paused before the resume came: that is put on record first.
        (resuming(own_paused=True, agent_acknowledged=6, pause_sent=Sent(6, NOW - 1)), Acknowledge(6)),
        (resuming(frozen=True), Continue(7)),
        (resuming(own_paused=True, cooperative=True), Continue(7)),
        (resuming(pause_sent=Sent(6, NOW - 1), cooperative=True), Continue(7)),
        (resuming(resume_sent=Sent(7, NOW)), Acknowledge(7)),
        (resuming(resume_sent=Sent(7, NOW), cooperative=True), Wait(NOW + CONTINUE_AGAIN, closely=True)),
        (resuming(resume_sent=Sent(7, NOW), agent_acknowledged=7), Acknowledge(7)),
        (resuming(resume_sent=Sent(7, NOW - 1), cooperative=True), Acknowledge(7)),
        (resuming(resume_sent=Sent(7, NOW - 1), cooperative=True, own_paused=True), Continue(7)),
    ],
)
def test_the_way_back_from_a_pause(seen: Facts, action: Action) -> None:
    assert of_its_kind(decide(seen)) == of_its_kind(action)


def test_stacks_are_asked_for_once_and_then_on_record() -> None:
    assert of_its_kind(decide(running(stacks=8, newest=8))) == of_its_kind(ShowStacks(8))


def test_a_stall_is_noted_once_and_is_over_when_it_has_got_on() -> None:
    assert decide(running(stalled=True)) == NoteStall()
    assert isinstance(decide(running(stalled=True, stall_noted=True)), Wait)
    assert decide(running(stall_noted=True, got_on=True)) == NoteStall(is_over=True)
    assert isinstance(decide(running(got_on=True)), Wait)


def test_a_stop_from_outside_is_noted_once_and_is_over_when_it_goes_on() -> None:
    stopped = running(frozen=True, stands=True, stopped_outside=True)
    assert decide(stopped) == NoteStop()
    assert isinstance(decide(stopped._replace(stop_noted=True)), Wait)
    assert decide(running(stop_noted=True)) == NoteStop(is_over=True)


def test_stacks_are_asked_for_twice_before_what_hangs_is_stopped() -> None:
    stuck = running(stalled=True, stall_noted=True, restart_stalled=True)
    assert isinstance(decide(stuck._replace(stacks_again_at=NOW + 1)), Wait)
    assert decide(stuck._replace(stacks_again_at=NOW)) == ShowStacks()
    assert decide(stuck) == AskStop(Stop.STALL)
    assert of_its_kind(decide(running(newest=8))) == of_its_kind(Acknowledge(8))
    assert of_its_kind(decide(running(newest=8, acknowledged=8))) == of_its_kind(Wait())
