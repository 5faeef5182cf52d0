"""What an attempt takes over from the launch, whoever starts it and whenever: environment, umask, resource limits."""

import os
import resource

from overnight.state.rundir import RunDir
from overnight.state.surroundings import Surroundings

LIMITS = {name: getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")}
OWN = "OVERNIGHT_"
"""Variables that tell a process which run it is: never taken over from the launch."""


def surroundings_here() -> Surroundings:
    """Of this process."""
    environment = {name: value for name, value in os.environ.items() if name and not name.startswith(OWN)}
    limits = {name: resource.getrlimit(number) for name, number in LIMITS.items()}
    return Surroundings(environment, _umask(), limits)


def _umask() -> int:
    # os.umask() can only be asked by setting it, for every thread of this process.
    with open("/proc/self/status", encoding="utf-8", errors="replace") as file:
        return next((int(line.split()[1], 8) for line in file if line.startswith("Umask:")), 0o077)


def agent_environment(here: Surroundings, run: RunDir, attempt: int) -> dict[str, str]:
    """What the agent gets."""
    return {
        # A file is block-buffered: the log would stay empty for minutes.
        "PYTHONUNBUFFERED": "1",
        **here.environment,
        "OVERNIGHT_RUN_DIR": run.path,
        "OVERNIGHT_RUN_ID": run.id,
        "OVERNIGHT_ATTEMPT": str(attempt),
        "OVERNIGHT_HOME": os.path.dirname(os.path.dirname(run.path)),
    }


def apply(here: Surroundings) -> None:
    """Take over umask and limits. A limit that cannot be raised again stays as it is."""
    os.umask(here.umask)
    for name, bounds in here.limits.items():
        try:
            resource.setrlimit(LIMITS[name], bounds)
        except (KeyError, ValueError, OSError):
            continue
