"""What about the machine is in the way of the runs, and what to do about it. Pure."""

from collections.abc import Iterator, Sequence

from overnight.state.findings import Disk, Finding, Inotify, Kind, Machine
from overnight.state.login import Login, Way, ends_at_logout, remedy_of, way_of

IN_MEMORY = frozenset({"tmpfs", "ramfs"})
WATCHES = 2
"""The interface's for each live run: its folder and its requests."""
MOVE = "Set OVERNIGHT_HOME to a folder on a local disk."


def findings_of_machine(machine: Machine, live: int, cgroups: Sequence[str]) -> Iterator[Finding]:
    """`live`: how many runs are; `cgroups`: those of their supervisors, where they are known."""
    yield from _of_inotify(machine.inotify, live)
    yield from _of_login(machine.login, machine.account, machine.uid, cgroups)
    yield from _of_disk(machine.disk)


def notes_of(machine: Machine) -> list[str]:
    """What is good to know, and needs nothing to be done."""
    notes = []
    if machine.container is not None:
        notes.append(f"This is a container ({machine.container}): runs end with it, and go on if their home is kept.")
    if machine.disk is not None and machine.disk.kind in IN_MEMORY:
        notes.append(f"The home is in memory ({machine.disk.kind}): a reboot takes the runs with it.")
    return notes


def _of_inotify(limits: Inotify | None, live: int) -> Iterator[Finding]:
    if limits is None:
        return
    needed = limits.watches + 1 + WATCHES * live
    for name, most, wanted in (
        ("max_user_watches", limits.max_watches, needed),
        ("max_user_instances", limits.max_instances, limits.instances + 1),
    ):
        if wanted > most:
            setting = f"fs.inotify.{name}={_rounded_up(2 * wanted)}"
            yield Finding(
                Kind.INOTIFY,
                f"{name} is {most}, and the interface would need {wanted}: it could not watch every run",
                f"`sudo sysctl {setting}`, and that line in /etc/sysctl.d/overnight.conf.",
            )


def _rounded_up(wanted: int) -> int:
    return 1 << max(8, wanted - 1).bit_length()


def _of_login(login: Login | None, account: str, uid: int, cgroups: Sequence[str]) -> Iterator[Finding]:
    if login is None:
        return
    ending = [each for each in cgroups if ends_at_logout(each, login)]
    if not ending and way_of(login) is not Way.IN_VAIN:
        return
    who = f"{len(ending)} of the runs" if ending else "what is launched from here"
    at = login._replace(cgroup=ending[0] if ending else login.cgroup)
    remedy = remedy_of(at, account, uid) if way_of(at) is Way.IN_VAIN else ""
    if any("/user@" not in each for each in ending):
        remedy = f"{remedy} `overnight cancel`, then `overnight retry` starts them again, out of the session.".strip()
    yield Finding(Kind.LOGIN, f"logging out ends {who}: this system is told so", remedy)


def _of_disk(disk: Disk | None) -> Iterator[Finding]:
    if disk is None:
        return
    if disk.error is not None:
        yield Finding(
            Kind.DISK, f"the home cannot be written: {disk.error}", "Free some space there, or make it writable."
        )
        return
    kind = disk.kind or "this filesystem"
    if not disk.locks:
        yield Finding(Kind.DISK, f"{kind} knows no locks: a run could get two supervisors", MOVE)
    if not disk.hard_links:
        yield Finding(Kind.DISK, f"{kind} knows no hard links: requests are claimed with folders, more slowly", MOVE)
    if not disk.holes:
        yield Finding(Kind.DISK, f"{kind} cannot free a part of a file: no log is bounded", MOVE)
    if disk.is_shared:
        yield Finding(
            Kind.DISK,
            f"{kind} is shared: lines that two machines append at once may be lost, and changes show late",
            "Let one machine write to a run, or set OVERNIGHT_HOME to a folder on a local disk.",
        )
