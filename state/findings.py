"""What an examination sees and what it can come to. Values only."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from overnight.state.login import Login
from overnight.state.queue import Group
from overnight.state.records import Damaged, Records


class Kind(StrEnum):
    """Of what sort a finding is."""

    ORPHAN = "orphan"
    """It goes on, or is to begin, and nobody supervises it."""
    LOST = "lost"
    """Its process is gone, and nobody wrote down how it ended."""
    ELSEWHERE = "elsewhere"
    """Another machine has it."""
    LOCK = "lock"
    """Whoever holds it does not supervise."""
    DAMAGED = "damaged"
    QUEUE = "queue"
    """It is queued, and by itself never begins."""
    MODE = "mode"
    """Others may read or write what is this user's alone."""
    OWNER = "owner"
    LEFTOVER = "leftover"
    PROCESS = "process"
    """It belongs to a run that is over, or whose folder is gone."""
    INOTIFY = "inotify"
    LOGIN = "login"
    CLOCK = "clock"
    DISK = "disk"


class Cure(StrEnum):
    """What can be done about a finding without asking anybody, in the order in which it is done."""

    TIGHTEN = "tighten"
    SET_ASIDE = "set aside"
    FORGET = "forget"
    CONTINUE = "continue"
    ADOPT = "adopt"
    SWEEP = "sweep"
    END = "end"


class Finding(NamedTuple):
    """Something that somebody should do something about."""

    kind: Kind
    problem: str
    """Without a full stop."""
    remedy: str
    """What to do, as whole sentences."""
    run_id: str | None = None
    paths: tuple[str, ...] = ()
    cure: Cure | None = None


class Entry(NamedTuple):
    """A file or folder that should be this user's alone."""

    path: str
    mode: int
    """Permission bits."""
    owner: str | None = None
    """Whose it is instead; None = it is this user's."""


class Leftover(NamedTuple):
    """A folder among the runs that is none."""

    path: str
    words: str
    """What it is left of."""


class Gone(NamedTuple):
    """A run whose folder was deleted while something of it worked."""

    run_id: str
    left: tuple[str, ...]
    """Pids and commands of what goes on of it."""


class Holder(NamedTuple):
    """A process that holds a lock."""

    pid: int
    name: str


class RunFacts(NamedTuple):
    """What was seen of one run."""

    records: Records
    entries: tuple[Entry, ...] = ()
    supervisor_state: str | None = None
    """The kernel's letter for the supervisor on record; None = it is gone, or none is on record."""
    holders: tuple[Holder, ...] | None = None
    """Who holds the lock, in the place of a supervisor on record; None = nothing was suspicious."""
    environment: Damaged | None = None
    """env.json, where it cannot be read."""
    has_environment: bool = True
    """There is an env.json. A run that is over may have none."""
    spent: bool = False
    """Nothing can follow that would need its env.json."""
    left: tuple[str, ...] = ()
    """Pids and commands of what goes on of a run that is over."""
    cgroup: str = ""
    """Of its supervisor; "" = not known."""


class Inotify(NamedTuple):
    """The kernel's limits for this user, and what of them is in use."""

    max_instances: int
    max_watches: int
    instances: int = 0
    watches: int = 0


class Disk(NamedTuple):
    """What the filesystem of the home can do."""

    kind: str = ""
    error: str | None = None
    """Why nothing could be tried; the rest then says nothing."""
    hard_links: bool = True
    holes: bool = True
    locks: bool = True
    is_shared: bool = False
    """Other machines write to it."""


class Machine(NamedTuple):
    """What was seen of the machine."""

    now: float
    account: str
    """This user's name."""
    uid: int
    host: str
    boot_id: str
    uptime: float
    """Seconds since boot."""
    inotify: Inotify | None = None
    login: Login | None = None
    """None = nobody manages logins here."""
    disk: Disk | None = None
    """None = there is no home yet."""
    container: str | None = None
    """Which kind of container this is."""


NOTHING: Mapping[str, Group] = {}


class Facts(NamedTuple):
    """Everything that was seen."""

    machine: Machine
    home: tuple[Entry, ...] = ()
    runs: tuple[RunFacts, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    gone: tuple[Gone, ...] = ()
    groups: Mapping[str, Group] | Damaged = NOTHING
    """What was said of groups; what is wrong with groups.json."""
