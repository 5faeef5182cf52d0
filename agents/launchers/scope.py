"""Out of the login session: where its end would end a supervisor, the user's own manager takes it in.

`systemd-run --user --scope` asks the manager for a scope around its own process, and then executes the command in
its place: same process, same descriptors, same session. So whatever is handed over arrives, and everything that the
supervisor starts is in the scope, too.
"""

import os

from overnight.state.login import Login, Way, remedy_of, way_of
from overnight.state.logind import RUNNER, login_of, runtime_folder
from overnight.state.operator import account_name

ROOT = ""
"""Where the filesystem begins in which the system's settings are looked up."""
QUIETLY = ("--user", "--scope", "--quiet", "--collect", "--no-ask-password")


def login_here() -> Login | None:
    """What a logout does to what this process starts. One look at one path where no systemd is in charge."""
    return login_of(os.geteuid(), ROOT)


def scoped(command: list[str], about: str) -> list[str] | None:
    """The command within a scope that says what it is `about`; None = that is not needed, or would not help."""
    # Newer ones put variables in the place of $NAME in a command, older ones do not know how to be told not to.
    if way_of(login_here()) is not Way.IN_A_SCOPE or any("$" in word for word in command):
        return None
    return [RUNNER, *QUIETLY, f"--description=overnight: {about}", "--", *command]


def environment() -> dict[str, str]:
    """By which the user's manager is found."""
    return {"XDG_RUNTIME_DIR": runtime_folder(os.geteuid())}


def warning() -> str | None:
    """What is to be known of a logout by whoever has launched from here; None = it ends nothing."""
    login = login_here()
    if login is None or way_of(login) is not Way.IN_VAIN:
        return None
    uid = os.geteuid()
    return f"Logging out ends runs that are started from here. {remedy_of(login, account_name(uid), uid)}"
