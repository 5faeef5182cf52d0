"""How a stop, a pause and a resume are insisted on, step by step. Pure: the clock is a fact."""

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
    Life,
    Wait,
)
from overnight.agents.supervisor.outcome import Stop

SETTLING = 2.0
"""Seconds in which a new attempt that has not reported yet may still turn out to handle pause.

An interpreter with the SDK beats after 0.1 to 0.3 s. Freezing it before that would be safe, but it would then
never pause at a checkpoint; a plain command is frozen at most this much later.
"""
CONTINUE_AGAIN = 1.0
"""Seconds until an agent that still says `paused` gets SIGCONT again, and until one that says nothing has resumed.

A shell runs waiting traps in the order of the signals' numbers: SIGCONT, then the SIGTSTP that came before it.
"""
INSIST_AGAIN = 1.0
"""Seconds until what SIGKILL has not ended gets it again."""


def stop_wanted(facts: Facts) -> Stop | None:
    """The strongest stop that is asked for; None = the agent shall go on."""
    if facts.kill is not None:
        return Stop.KILL
    if facts.asked.cancel_wanted:
        return Stop.CANCEL
    if facts.asked.shutdown:
        return Stop.SHUTDOWN
    if facts.restart is not None:
        return Stop.RESTART
    if facts.asked.limit is not None:
        return Stop.LIMIT
    # Noted first: the stacks that the agent shows then, twice, say where it hung.
    is_known = facts.stall_noted and facts.stacks_again_at is None
    return Stop.STALL if facts.stalled and is_known and facts.restart_stalled else None


def stop_step(facts: Facts, wanted: Stop | None) -> Action:
    """Ask once with SIGTERM, wait out the grace, then insist with SIGKILL. `kill` insists at once."""
    stopping = facts.stopping
    if wanted is Stop.KILL and (stopping is None or not stopping.insisted):
        return Insist(Stop.KILL)
    if stopping is None:
        return AskStop(wanted or Stop.CANCEL)
    if stopping.insisted:
        # What is left of a group is killed one by one, and may have started others meanwhile.
        again = stopping.since + INSIST_AGAIN
        return Insist(stopping.why) if facts.now >= again else Wait(again, closely=True)
    deadline = stopping.since + facts.stop_grace
    if facts.now >= deadline:
        return Insist(stopping.why)
    if facts.life is Life.LEFTOVERS and not stopping.asked_rest:
        return AskRest()
    return Wait(deadline, closely=facts.life is Life.LEFTOVERS)


def pause_step(facts: Facts, number: int) -> Action:
    """Ask agents that handle it, freeze the others, and freeze those too that let the grace pass."""
    if facts.stands or facts.paused_since_asked:
        return Acknowledge(number)
    if facts.frozen:
        return Wait(closely=True)
    sent = facts.pause_sent
    if sent is not None and sent.number == number:
        deadline = sent.at + facts.pause_grace
        return Freeze(number) if facts.now >= deadline else Wait(deadline, closely=True)
    if facts.cooperative:
        return AskPause(number)
    if not facts.reports and facts.age < SETTLING:
        return Wait(facts.now + SETTLING - facts.age, closely=True)
    return Freeze(number)


def resume_step(facts: Facts, number: int) -> Action:
    """Continue whatever was held; it has resumed when it no longer says otherwise."""
    sent = facts.resume_sent
    if sent is None or sent.number != number:
        held = facts.frozen or facts.own_paused or facts.pause_sent is not None or facts.adopted
        return Continue(number) if held else Acknowledge(number)
    if facts.frozen:
        return Wait(facts.now + CONTINUE_AGAIN, closely=True)
    again = sent.at + CONTINUE_AGAIN
    if facts.now < again and facts.cooperative:
        return Wait(again, closely=True)
    return Continue(number) if facts.own_paused and facts.cooperative else Acknowledge(number)
