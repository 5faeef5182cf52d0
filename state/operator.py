"""Who asks: `user@host`, as it stands in requests and specs."""

import os
import pwd


def operator_name() -> str:
    """The account's name, or its number where it has no name, at this machine."""
    try:
        account = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        account = str(os.getuid())
    return f"{account}@{host_name()}"


def host_name() -> str:
    return os.uname().nodename or "localhost"
