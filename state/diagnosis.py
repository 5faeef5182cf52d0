"""What is wrong with a home and its machine, and what to do about each of it. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain

from overnight.state.findings import Cure, Facts, Finding, Gone, Kind, Leftover, Machine, RunFacts
from overnight.state.machine_diagnosis import findings_of_machine
from overnight.state.queue import Queue, queue_of, stands_of, who_may_start
from overnight.state.records import Damaged, Records
from overnight.state.run_diagnosis import findings_of_entries, findings_of_run
from overnight.state.status import LIVE, Status, is_trouble, outcome_words, status_of

FUTURE = 300.0
"""Seconds by which a record may be ahead of the clock."""


def diagnose(facts: Facts) -> list[Finding]:
    """Everything that somebody should do something about, runs first."""
    machine, runs = facts.machine, facts.runs
    live = sum(1 for run in runs if status_of(run.records, machine.now) in LIVE)
    queue = _queue(facts)
    turn = frozenset(who_may_start(queue))
    found: Iterable[Finding] = chain(
        chain.from_iterable(findings_of_run(run, machine, run.records.id in turn) for run in runs),
        _of_groups(facts),
        _of_queue(queue),
        findings_of_entries(facts.home, machine, None),
        map(_of_leftover, facts.leftovers),
        map(_of_gone, facts.gone),
        _of_clock(runs, machine),
        findings_of_machine(machine, live, [run.cgroup for run in runs if run.cgroup]),
    )
    return list(found)


def _queue(facts: Facts) -> Queue:
    """Of those in it that may begin, somebody should have started each."""
    now, every = facts.machine.now, {run.records.id: run.records for run in facts.runs}
    statuses = {run_id: status_of(records, now) for run_id, records in every.items()}
    if isinstance(facts.groups, Damaged):
        return Queue(now)
    return queue_of(every, statuses, facts.groups, now)


def _of_queue(queue: Queue) -> Iterator[Finding]:
    """What comes after a run that will not complete by itself."""
    for run_id, stand in stands_of(queue).items():
        if not stand.is_hopeless:
            continue
        if stand.failed is not None and not stand.gone:
            other, outcome = stand.failed
            how = outcome_words(outcome)
            remedy = f"`overnight retry {other}` does that again; `overnight cancel {run_id}` ends this."
        else:
            other, how = stand.others[0], "was removed"
            remedy = f"`overnight cancel {run_id}` ends it; launch it again."
        yield Finding(Kind.QUEUE, f"it can never begin: it comes after {other}, which {how}", remedy, run_id)


def in_trouble(facts: Facts) -> dict[Status, int]:
    """How many runs somebody should look at, by their status."""
    now = facts.machine.now
    found = Counter(status for run in facts.runs if is_trouble(run.records, status := status_of(run.records, now)))
    return {status: found[status] for status in Status if found[status]}


def _of_groups(facts: Facts) -> Iterator[Finding]:
    damaged = facts.groups
    if not isinstance(damaged, Damaged):
        return
    remedy = "It can be set aside: then no group has a limit or is paused, until you say so again."
    if damaged.intact:
        remedy = "Make it readable, or, where a newer overnight wrote it, use that one."
    problem = f"{damaged.path} cannot be read: {damaged.problem}; nothing of the queue starts"
    cure = None if damaged.intact else Cure.SET_ASIDE
    yield Finding(Kind.DAMAGED, problem, remedy, None, (damaged.path,), cure)


def _of_leftover(left: Leftover) -> Finding:
    problem = f"{left.path} is left of {left.words}"
    return Finding(Kind.LEFTOVER, problem, "Nobody needs it.", None, (left.path,), Cure.SWEEP)


def _of_gone(gone: Gone) -> Finding:
    several = len(gone.left) > 1
    problem = (
        f"its folder was deleted, and {'processes' if several else 'a process'} of it go{'' if several else 'es'} on"
    )
    remedy = (
        f"What {'they do' if several else 'it does'} is put on record nowhere. SIGTERM ends it, and its supervisor."
    )
    return Finding(Kind.PROCESS, f"{problem}: {', '.join(gone.left)}", remedy, gone.run_id, cure=Cure.END)


def _of_clock(runs: Iterable[RunFacts], machine: Machine) -> Iterator[Finding]:
    ahead = [(at - machine.now, run.records.id) for run in runs for at in _times(run.records)]
    most, run_id = max(ahead, default=(0.0, ""))
    if most > FUTURE:
        yield Finding(
            Kind.CLOCK,
            f"the clock was set back: a record of {run_id} is {most:.0f} s ahead of it",
            "Set it right (`timedatectl`): ages, forecasts and `prune` go by it.",
            run_id,
        )


def _times(records: Records) -> list[float]:
    """Times that we wrote: an agent may write any."""
    attempt, ended, supervisor, spec = records.attempt, records.exit, records.supervisor, records.spec
    times = [
        spec.created_at if spec else None,
        attempt.started_at if attempt else None,
        attempt.ended_at if attempt else None,
        ended.ended_at if ended else None,
        supervisor.updated_at if supervisor else None,
        *(request.at for request in records.requests),
    ]
    return [each for each in times if each is not None]
