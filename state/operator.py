"""Who asks: `user@host`, as it stands in requests and specs."""

import os
import pwd


def operator_name() -> str:
    """The account's name, or its number where it has no name, at this machine."""
    return f"{account_name(os.getuid())}@{host_name()}"


def account_name(uid: int) -> str:
    """Its number where it has no name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def host_name() -> str:
    return os.uname().nodename or "localhost"
