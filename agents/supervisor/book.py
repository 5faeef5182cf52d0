"""Writing down what happens to a run: the supervisor's own records, each with one function.

Whoever holds the run's lock may call these: the supervisor, an agent that is its own supervisor, a command
that ends a run which nobody supervises. All raise OSError.
"""

import errno
import os
import time
from typing import Any

from overnight.state import chronicle, process
from overnight.state.atomic import sweep
from overnight.state.operator import host_name
from overnight.state.records import Attempt, Event, Exit, Outcome, SupervisorRecord, SupervisorState
from overnight.state.rundir import RunDir, read_record
from overnight.state.spent import forget_environment


def write_supervisor(run: RunDir, record: SupervisorRecord) -> None:
    """Replace supervisor.json."""
    run.write(run.supervisor_path, record._replace(updated_at=time.time()))


def write_standing(run: RunDir, state: SupervisorState) -> None:
    """Replace supervisor.json by whoever holds the lock of a run of which nothing is under way: it waits, or begins."""
    me = process.identity_of(os.getpid())
    if me is None:
        raise ProcessLookupError(errno.ESRCH, "nothing tells which process this is", "/proc/self/stat")
    known = run.supervisor()
    before = known if isinstance(known, SupervisorRecord) else SupervisorRecord(0, 0, "", "", state)
    record = before._replace(
        pid=me.pid,
        start_time=me.start_time,
        boot_id=me.boot_id,
        host=host_name(),
        state=state,
        frozen=False,
        agent=None,
    )
    write_supervisor(run, record)


def sweep_drafts(run: RunDir) -> None:
    """Remove what operators, and those who held the lock before, have left of these records when they were killed."""
    if _has_hidden(run.control_path):
        from overnight.state import control  # rare

        control.sweep(run)
    sweep(run.path, (each.rpartition("/")[2] for each in (run.supervisor_path, run.exit_path, run.env_path)))


def _has_hidden(folder: str) -> bool:
    try:
        return any(name.startswith(".") for name in os.listdir(folder))
    except OSError:
        # Whoever has the lock next looks again.
        return False


def write_attempt(run: RunDir, attempt: Attempt) -> None:
    """Replace attempts/NNNN.json: for the keeper of that attempt, and for who stands in for a killed one."""
    run.write(run.attempt_path(attempt.attempt), attempt)


def note(run: RunDir, event: str, attempt: int | None = None, **detail: Any) -> None:
    """Add one event to history.jsonl."""
    chronicle.append(run, Event(time.time(), event, attempt, detail=detail))


def exit_of(
    run: RunDir,
    outcome: Outcome,
    reason: str | None = None,
    *,
    last: Attempt | None = None,
    out_of_memory: bool | None = None,
    limit: str | None = None,
) -> Exit:
    """How the run ends now. `last`: its newest attempt, where that is known better than it is on record."""
    from overnight.agents.supervisor.worked import worked_seconds  # once, at the end

    number = max(run.last_attempt_number(), last.attempt if last else 0)
    recorded = last or run.attempt(number)
    newest = recorded if isinstance(recorded, Attempt) else None
    first = recorded if number == 1 else run.attempt(1)
    return Exit(
        outcome,
        code=newest.code if newest else None,
        signal=newest.signal if newest else None,
        attempts=number,
        reason=reason,
        out_of_memory=out_of_memory,
        limit=limit,
        started_at=first.started_at if isinstance(first, Attempt) else None,
        ended_at=time.time(),
        worked=round(worked_seconds(run, chronicle.supervisors_events(run), last=last), 3),
    )


def end_run(run: RunDir, ended: Exit) -> None:
    """Write exit.json: the run is over. The event comes first: a reader of exit.json finds it there."""
    note(run, "ended", ended.attempts or None, outcome=str(ended.outcome), reason=ended.reason)
    put_exit(run, ended)


def put_exit(run: RunDir, ended: Exit) -> None:
    """Replace exit.json. After it: a killed writer must leave what its successor needs."""
    run.write(run.exit_path, ended)
    forget_environment(run)


def set_exit_aside(run: RunDir) -> None:
    """Rename exit.json to the next free exit.N.json, if there is one: the run is to go on."""
    try:
        os.rename(run.exit_path, _next_exit_aside(run))
    except FileNotFoundError:
        pass
    # Nobody watches what was over.
    run.stir()


def write_exit_aside(run: RunDir, ended: Exit) -> None:
    """Write down how a run ended that is to go on at once: nobody must take it for over meanwhile."""
    note(run, "ended", ended.attempts or None, outcome=str(ended.outcome), reason=ended.reason)
    run.write(_next_exit_aside(run), ended)


def _next_exit_aside(run: RunDir) -> str:
    return run.file(f"exit.{max(run.exits_aside(), default=0) + 1}.json")


def allowed_from(run: RunDir) -> int:
    """Number of the first attempt that counts against the run's limits: a retry gives it a fresh allowance.

    One that was only interrupted goes on with what it had left.
    """
    exits = [read_record(Exit, run.file(f"exit.{number}.json")) for number in run.exits_aside()]
    ends = [each for each in exits if isinstance(each, Exit) and each.outcome is not Outcome.INTERRUPTED]
    return 1 + max((each.attempts for each in ends), default=0)


def unexecuted_attempts(run: RunDir, last: int) -> int:
    """How many in a row, `last` the newest of them, had their keeper killed before the command ran."""
    number = last
    while isinstance(attempt := run.attempt(number), Attempt) and not attempt.executed:
        number -= 1
    return last - number


def last_retry(run: RunDir) -> tuple[int, int]:
    """The newest `retrying` event: the attempt it followed, and the restarts without progress; (0, 0) = none."""
    found = (0, 0)
    for event in chronicle.supervisors_events(run):
        used = event.detail.get("restarts")
        if event.event == "retrying" and event.attempt is not None and isinstance(used, int):
            found = (event.attempt, used)
    return found


def told_of(run: RunDir, attempt: int) -> frozenset[str]:
    """The kinds of events that the history has of `attempt`."""
    return frozenset(event.event for event in chronicle.supervisors_events(run) if event.attempt == attempt)


def before(run: RunDir, attempt: int) -> tuple[float, int]:
    """Items that had succeeded, and bytes of the log, when `attempt` was started, as its `started` event says."""
    for event in reversed(chronicle.supervisors_events(run)):
        if event.event == "started" and event.attempt == attempt:
            done, log_from = (event.detail.get(name) for name in ("succeeded_items", "log_from"))
            return _number(done), log_from if isinstance(log_from, int) else 0
    return 0.0, 0


def _number(told: object) -> float:
    """What an event tells as a number; 0 for what no float can be."""
    try:
        return float(told) if isinstance(told, int | float) else 0.0
    except OverflowError:
        return 0.0
