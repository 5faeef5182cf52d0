"""What logind is told about this user's processes, and where they are in its tree. Looks, never acts."""

import os

from overnight.state.login import Login, kills_at_logout, managed_path
from overnight.state.operator import account_name

PLACES = ("/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd", "/lib/systemd")
"""Of files that bear one name, the one in the first place counts."""
IN_CHARGE = "/run/systemd/system"
LINGERING = "/var/lib/systemd/linger"
RUNNER = "systemd-run"


def login_of(uid: int, root: str = "") -> Login | None:
    """For the processes of this user; None = no systemd is in charge here. `root`: where the filesystem begins."""
    if not os.path.isdir(root + IN_CHARGE):
        return None
    account = account_name(uid)
    kills = kills_at_logout(map(_text, _configuration(root)), account)
    lingers = os.path.exists(f"{root}{LINGERING}/{account}")
    return Login(kills, lingers, cgroup_of("self", root), _is_reachable(uid, root))


def cgroup_of(pid: int | str, root: str = "") -> str:
    """The control group of a process; "" = not known."""
    return managed_path(_text(f"{root}/proc/{pid}/cgroup"))


def runtime_folder(uid: int) -> str:
    """Where a user's manager listens, as XDG_RUNTIME_DIR says it."""
    return f"/run/user/{uid}"


def _is_reachable(uid: int, root: str) -> bool:
    """Whether the user's manager listens, and there is the program that asks it."""
    if not os.path.exists(f"{root}{runtime_folder(uid)}/systemd/private"):
        return False
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return any(os.access(os.path.join(folder, RUNNER), os.X_OK) for folder in folders)


def _configuration(root: str) -> list[str]:
    """Paths, in the order in which they count: the later over the earlier."""
    mains = [f"{root}{place}/logind.conf" for place in PLACES]
    dropped: dict[str, str] = {}
    for place in PLACES:
        folder = f"{root}{place}/logind.conf.d"
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            if name.endswith(".conf"):
                dropped.setdefault(name, os.path.join(folder, name))
    return [*[path for path in mains if os.path.exists(path)][:1], *(dropped[name] for name in sorted(dropped))]


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""
