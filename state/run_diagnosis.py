"""What is wrong with one run, and what to do about it. Pure."""

from collections.abc import Iterable, Iterator

from overnight.state.findings import Cure, Entry, Finding, Kind, Machine, RunFacts
from overnight.state.records import Damaged, Records
from overnight.state.status import ENDED, LIVE, Status, standing, status_of

SET_ASIDE = "It can be set aside; nothing is lost that can be read."
TICKS = 100
"""The kernel's clock ticks a second, as it tells them to programs on every Linux."""


def findings_of_run(run: RunFacts, machine: Machine, turn: bool) -> Iterator[Finding]:
    """`turn`: it is queued, and may begin."""
    status = status_of(run.records, machine.now)
    yield from findings_of_entries(run.entries, machine, run.records.id)
    yield from _of_records(run, status)
    yield from _of_supervision(run, machine, status, turn)
    if run.spent and run.has_environment and run.environment is None and not run.records.supervised:
        path = f"{run.records.directory}/env.json"
        problem = "it has completed, and the environment of its launch is still kept"
        yield Finding(Kind.LEFTOVER, problem, "Nobody needs it.", run.records.id, (path,), Cure.FORGET)
    yield from _of_left(run, status)
    attempt = run.records.attempt
    if attempt is not None and attempt.boot_id == machine.boot_id and attempt.start_time / TICKS > machine.uptime + 1:
        yield Finding(
            Kind.CLOCK,
            f"its process began {attempt.start_time / TICKS - machine.uptime:.0f} s from now, by its record",
            "The record is of another machine, or of a copy of this one: look there before you resume the run.",
            run.records.id,
        )


def _of_left(run: RunFacts, status: Status) -> Iterator[Finding]:
    if not run.left:
        return
    several = len(run.left) > 1
    yield Finding(
        Kind.PROCESS,
        f"it {standing(status)}, and {'processes' if several else 'a process'} of it go{'' if several else 'es'} on: "
        f"{', '.join(run.left)}",
        f"Let {'them' if several else 'it'} be if that is meant so; else SIGTERM ends {'them' if several else 'it'}.",
        run.records.id,
        cure=Cure.END,
    )


def _of_supervision(run: RunFacts, machine: Machine, status: Status, turn: bool) -> Iterator[Finding]:
    records, run_id, supervisor = run.records, run.records.id, run.records.supervisor
    elsewhere = supervisor is not None and supervisor.host != machine.host and supervisor.boot_id != machine.boot_id
    if supervisor and elsewhere and not records.supervised and status is Status.INTERRUPTED and records.exit is None:
        yield Finding(
            Kind.ELSEWHERE,
            f"its supervisor was on {supervisor.host}, and this is {machine.host}",
            f"If that is another machine, look there first; else `overnight resume {run_id}` continues it.",
            run_id,
        )
    elif _is_adoptable(run, status, turn):
        words = "it is to begin" if status is Status.QUEUED else "it goes on"
        yield Finding(
            Kind.ORPHAN, f"{words}, and has no supervisor", "The next command gives it one.", run_id, cure=Cure.ADOPT
        )
    elif status is Status.LOST and records.attempt is not None:
        yield Finding(
            Kind.LOST,
            "its process is gone, and nobody wrote down how it ended",
            f"`overnight resume {run_id}` continues it, `overnight cancel {run_id}` ends it.",
            run_id,
        )
    elif records.supervised and supervisor and run.supervisor_state in {"T", "t"}:
        yield Finding(
            Kind.LOCK,
            f"its supervisor, pid {supervisor.pid}, is stopped by a signal: nothing that is asked is obeyed",
            f"`kill -CONT {supervisor.pid}` lets it go on.",
            run_id,
            cure=Cure.CONTINUE,
        )
    elif run.holders is not None:
        yield _held(run)


def _is_adoptable(run: RunFacts, status: Status, turn: bool) -> bool:
    if run.records.spec is None or _damage(run, "exit.json"):
        return False
    if status is Status.UNSUPERVISED:
        # What has begun is watched and judged without what the launch gave it.
        return True
    return turn and not run.records.supervised and run.has_environment and run.environment is None


def _damage(run: RunFacts, name: str) -> bool:
    return any(_name(run.records, each) == name for each in run.records.damaged)


def _held(run: RunFacts) -> Finding:
    """A lock is never left behind: the kernel frees it with the last process that holds it."""
    who = " and ".join(f"pid {each.pid} ({each.name})" for each in run.holders or ())
    if not who:
        return Finding(
            Kind.LOCK,
            "its lock is held by a process that cannot be seen from here, and not by the supervisor on record",
            "Look on the other machines, in the other containers, and as root.",
            run.records.id,
        )
    return Finding(
        Kind.LOCK,
        f"its lock is held by {who}, and not by the supervisor on record",
        "When that ends, the lock is free, and the next command gives the run a supervisor.",
        run.records.id,
    )


def findings_of_entries(entries: Iterable[Entry], machine: Machine, run_id: str | None) -> Iterator[Finding]:
    """Of the run `run_id`; None = of the home."""
    foreign = tuple(each for each in entries if each.owner is not None)
    if foreign:
        yield Finding(
            Kind.OWNER,
            f"{_and_more(foreign)} {'belongs' if len(foreign) == 1 else 'belong'} to {foreign[0].owner}",
            f"`sudo chown -R {machine.account} {foreign[0].path}` gives it back.",
            run_id,
            tuple(each.path for each in foreign),
        )
    open_ones = tuple(each for each in entries if each.owner is None and each.mode & 0o077)
    if open_ones:
        yield Finding(
            Kind.MODE,
            f"others may get at {_and_more(open_ones)} (mode {open_ones[0].mode:04o})",
            "Folders are to be 0700 here, files 0600.",
            run_id,
            tuple(each.path for each in open_ones),
            Cure.TIGHTEN,
        )


def _and_more(entries: tuple[Entry, ...]) -> str:
    return entries[0].path if len(entries) == 1 else f"{entries[0].path} and {len(entries) - 1} more"


def _of_records(run: RunFacts, status: Status) -> Iterator[Finding]:
    run_id, folder = run.records.id, run.records.directory
    if run.records.spec is None and not _damage(run, "spec.json"):
        remedy = _without_spec(run_id, status)
        yield Finding(Kind.DAMAGED, "it has no spec.json", remedy, run_id, (f"{folder}/spec.json",))
    # A run whose outcome cannot be read only looks as if it went on.
    if not run.has_environment and status in LIVE and not _damage(run, "exit.json"):
        yield Finding(Kind.DAMAGED, "it has no env.json", _without_environment(run_id), run_id, (f"{folder}/env.json",))
    if status not in ENDED:
        yield from _of_faults(run.records)
    for each in (*run.records.damaged, *([run.environment] if run.environment else [])):
        name = _name(run.records, each)
        if name.startswith("attempts/") and status in ENDED:
            # How the run ended is known without it.
            continue
        cure = Cure.SET_ASIDE if not each.intact and _may_be_set_aside(name, run.records, status) else None
        yield Finding(
            Kind.DAMAGED,
            f"{each.path} cannot be read: {each.problem}",
            _remedy_of_environment(each, run_id, status, cure)
            if name == "env.json"
            else _remedy(each, name, run.records, status, cure),
            run_id,
            (each.path,),
            cure,
        )


def _of_faults(records: Records) -> Iterator[Finding]:
    """What an agent writes wrong, and would write wrong again."""
    for name, record in (("progress.json", records.progress), ("heartbeat.json", records.heartbeat)):
        if record is not None and record.faults:
            yield Finding(
                Kind.DAMAGED,
                f"its agent writes into {name} what is not valid: {'; '.join(record.faults)}",
                f"It counts as if it were not there. `overnight check {records.directory}` says what is to be written.",
                records.id,
            )


def _name(records: Records, damaged: Damaged) -> str:
    """Within the run; the whole path of a file that lies elsewhere."""
    return damaged.path.removeprefix(f"{records.directory}/")


def _may_be_set_aside(name: str, records: Records, status: Status) -> bool:
    """Whether nobody is worse off without it: neither a writer at work, nor who reads from it what has been done."""
    if name.startswith("control/"):
        return True
    if name in {"exit.json", "supervisor.json"}:
        return not records.supervised
    if name in {"progress.json", "heartbeat.json"}:
        return records.process_state is None
    return name == "env.json" and status in ENDED | {Status.LOST}


def _remedy(damaged: Damaged, name: str, records: Records, status: Status, cure: Cure | None) -> str:
    if damaged.intact:
        return "Make it readable, or, where a newer overnight wrote it, use that one."
    if cure is not None:
        return SET_ASIDE
    if name == "spec.json":
        return _without_spec(records.id, status)
    if name.startswith("attempts/"):
        return f"Whether it still runs is not known: look, then `overnight resume {records.id}`, or `cancel`."
    if name in {"exit.json", "supervisor.json"}:
        return "Its supervisor is at work, and writes it again."
    return "Its agent writes it so, and is to write it otherwise: what it held before is shown."


def _without_spec(run_id: str, status: Status) -> str:
    """What works: what is over cannot be cancelled, and what may go on is not removed."""
    over = status in ENDED | {Status.LOST}
    what = f"`overnight rm {run_id}` removes" if over else f"`overnight cancel {run_id}` ends it, and `rm` removes"
    return f"Put back a copy that can be read; else {what} what is left of it."


def _remedy_of_environment(damaged: Damaged, run_id: str, status: Status, cure: Cure | None) -> str:
    if cure is not None:
        return SET_ASIDE
    readable = "Make it readable; else " if damaged.intact else "No attempt can begin with it: "
    end = f"`overnight cancel {run_id}`, " if status in LIVE else ""
    return f"{readable}{end}move it away, then `overnight retry {run_id}`, from where it is all set."


def _without_environment(run_id: str) -> str:
    return f"Without, no attempt can begin: `overnight cancel {run_id}`, then `retry`, from where it is all set."
