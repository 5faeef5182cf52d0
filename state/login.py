"""Whether logging out ends a process: what logind is told, and where in its tree the process is. Pure."""

import re
from collections.abc import Iterable
from enum import Enum, auto
from typing import NamedTuple

_SETTING = re.compile(r"^(#?)\s*(KillUserProcesses|KillExcludeUsers)\s*=\s*(.*?)\s*$", re.MULTILINE)
_YES = frozenset({"1", "yes", "y", "true", "t", "on"})


class Login(NamedTuple):
    """What happens to this user's processes at logout. None = it is not known."""

    kill_user_processes: bool | None = None
    lingers: bool | None = None
    cgroup: str = ""
    """Of who asks: what is launched from there is in the same place."""
    reachable: bool = False
    """The user's own manager can be asked to take a process in."""


class Way(Enum):
    """How a supervisor is to be started, so that it outlives the login."""

    PLAINLY = auto()
    """Nothing ends it."""
    IN_A_SCOPE = auto()
    """In a scope of the user's own manager, which stays when the session ends."""
    IN_VAIN = auto()
    """It ends at logout either way, until somebody changes the system's mind."""


def way_of(login: Login | None) -> Way:
    """None = nobody manages logins here."""
    if login is None or not ends_at_logout(login.cgroup, login):
        return Way.PLAINLY
    return Way.IN_A_SCOPE if login.lingers and login.reachable else Way.IN_VAIN


def remedy_of(login: Login, account: str, uid: int) -> str:
    """The command that makes what is started after it outlive the login, in a sentence."""
    if not login.lingers:
        kept = "them" if "/user@" in login.cgroup else "what is started after it"
        return f"`loginctl enable-linger {account}` keeps {kept}."
    return f"`sudo systemctl start user@{uid}.service` lets what is started after it be kept, by `systemd-run`."


def ends_at_logout(cgroup: str, login: Login) -> bool:
    """Whether a process in this control group is ended when its user has logged out."""
    if "/user.slice/" not in cgroup:
        return False
    if "/user@" in cgroup:
        # The user's own manager, and what it started, ends with the last session unless the user lingers.
        return login.lingers is False
    return login.kill_user_processes is True


def kills_at_logout(texts: Iterable[str], account: str) -> bool | None:
    """What the texts of logind's configuration say of this user's processes, the later over the earlier.

    None = nothing. A value that is commented out is the one that logind was built with.
    """
    kills: bool | None = None
    spared = {"root"}
    for text in texts:
        for comment, setting, value in _SETTING.findall(text):
            if setting == "KillUserProcesses" and (not comment or kills is None):
                kills = value.lower() in _YES
            elif setting == "KillExcludeUsers" and not comment:
                spared = set(value.split())
    return False if account in spared else kills


def managed_path(lines: str) -> str:
    """The path in the tree that systemd manages, by the text of /proc/PID/cgroup; "" = none."""
    fields = [line.split(":", 2) for line in lines.splitlines()]
    named = [each[2] for each in fields if len(each) == 3 and (each[1] == "name=systemd" or each[0] == "0")]
    return max(named, key=len, default="")
