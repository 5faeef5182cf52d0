"""What to do next. Pure: the one place that says what a supervisor does in which situation."""

from overnight.agents.supervisor.facts import (
    Acknowledge,
    Action,
    Facts,
    Leave,
    Life,
    NoteStall,
    NoteStop,
    ShowStacks,
    Start,
    TakeTurn,
    Wait,
)
from overnight.agents.supervisor.ladders import pause_step, resume_step, stop_step, stop_wanted
from overnight.agents.supervisor.outcome import Over, verdict_of
from overnight.state.records import Outcome, Verb


def decide(facts: Facts) -> Action:
    """One step. It is asked again after every step until it says Wait."""
    if facts.ending is not None:
        return verdict_of(facts.ending, facts.asked, facts.budget)
    match facts.life:
        case Life.NONE:
            return _between_attempts(facts)
        case Life.RUNNING | Life.LEFTOVERS:
            return _steer(facts)
        case _:
            return Wait(closely=facts.life is Life.UNCLEAR)


def _between_attempts(facts: Facts) -> Action:
    """Nothing runs: what the run shall be decides whether anything will."""
    if facts.asked.cancel_wanted or facts.kill is not None:
        return Over(Outcome.CANCELLED, "cancelled before its next attempt" if facts.budget.used else None)
    if facts.asked.shutdown:
        return Over(Outcome.INTERRUPTED, "its supervisor was told to end") if facts.admitted else Leave()
    early = facts.next_start is not None and facts.now < facts.next_start
    if facts.turn_due and not facts.admitted and not early:
        return TakeTurn()
    if facts.pause_wanted:
        return _settle(facts)
    if early:
        return _settle(facts, until=facts.next_start)
    return Start() if facts.admitted else _settle(facts)


def _steer(facts: Facts) -> Action:
    """An attempt runs."""
    stop = stop_wanted(facts)
    if stop is not None or facts.stopping is not None:
        return stop_step(facts, stop)
    if facts.stopped_outside and not facts.stop_noted:
        return NoteStop()
    if facts.stop_noted and not facts.stands:
        return NoteStop(is_over=True)
    if facts.stalled and not facts.stall_noted:
        return NoteStall()
    if facts.stall_noted and facts.got_on:
        return NoteStall(is_over=True)
    if facts.stacks_again_at is not None and facts.now >= facts.stacks_again_at:
        return ShowStacks()
    if facts.stacks is not None:
        return ShowStacks(facts.stacks)
    asked = facts.lasting
    if asked is None or asked.number <= facts.acknowledged:
        return _settle(facts)
    if facts.agent_acknowledged >= asked.number:
        return Acknowledge(asked.number)
    if _has_just_paused(facts):
        return Acknowledge(facts.agent_acknowledged)
    return pause_step(facts, asked.number) if asked.verb is Verb.PAUSE else resume_step(facts, asked.number)


def _has_just_paused(facts: Facts) -> bool:
    """It obeyed a pause before the request that is the newest by now."""
    return facts.own_paused and facts.agent_acknowledged > facts.acknowledged


def _settle(facts: Facts, until: float | None = None) -> Action:
    """Nothing is left to do for any request so far."""
    return Acknowledge(facts.newest) if facts.newest > facts.acknowledged else Wait(until)
