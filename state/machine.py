"""What the machine has to do with the runs: its clock, its limits, its logins, its disk. Looks, never acts."""

import os
import time

from overnight.state import process
from overnight.state.disk import disk_of
from overnight.state.findings import Inotify, Machine
from overnight.state.home import Home
from overnight.state.logind import login_of
from overnight.state.operator import account_name, host_name

LIMITS = "/proc/sys/fs/inotify"
INSTANCE = "anon_inode:inotify"
"""What the descriptor of an inotify instance reads as."""


def machine_now(home: Home) -> Machine:
    """As it is at this moment. Tries out what the disk can do with a file in the home."""
    return Machine(
        now=time.time(),
        account=account_name(os.geteuid()),
        uid=os.geteuid(),
        host=host_name(),
        boot_id=process.boot_id(),
        uptime=time.clock_gettime(time.CLOCK_BOOTTIME),
        inotify=_inotify(),
        login=login_of(os.geteuid()),
        disk=disk_of(home.path),
        container=container(),
    )


def container(root: str = "") -> str | None:
    """Which kind of container this is; None = none that says so. `root`: where the filesystem begins."""
    for path, kind in (("/run/.containerenv", "podman"), ("/.dockerenv", "docker")):
        if os.path.exists(root + path):
            return kind
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        return "kubernetes"
    try:
        with open(f"{root}/run/systemd/container", encoding="utf-8", errors="replace") as file:
            return file.read().strip() or None
    except OSError:
        return None


def _inotify() -> Inotify | None:
    try:
        limits = [_number(f"{LIMITS}/{name}") for name in ("max_user_instances", "max_user_watches")]
    except (OSError, ValueError):
        return None
    instances = watches = 0
    for pid in _own_processes():
        for descriptor in _inotify_descriptors(pid):
            instances += 1
            watches += _watches(pid, descriptor)
    return Inotify(limits[0], limits[1], instances, watches)


def _number(path: str) -> int:
    with open(path, encoding="ascii") as file:
        return int(file.read())


def _own_processes() -> list[int]:
    mine = os.geteuid()
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdecimal() and os.stat(f"/proc/{name}").st_uid == mine:
                found.append(int(name))
        except OSError:
            continue
    return found


def _inotify_descriptors(pid: int) -> list[str]:
    folder = f"/proc/{pid}/fd"
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    found = []
    for name in names:
        try:
            if os.readlink(os.path.join(folder, name)) == INSTANCE:
                found.append(name)
        except OSError:
            continue
    return found


def _watches(pid: int, descriptor: str) -> int:
    try:
        with open(f"/proc/{pid}/fdinfo/{descriptor}", "rb") as file:
            return file.read().count(b"inotify wd:")
    except OSError:
        return 0
