"""What an attempt takes over from the launch, whoever starts it and whenever: environment, umask, resource limits."""

import json
import os
import resource
from collections.abc import Mapping
from typing import NamedTuple

from overnight.state import codec
from overnight.state.atomic import replace, write_new
from overnight.state.rundir import RunDir

LIMITS = {name: getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")}
OWN = "OVERNIGHT_"
"""Variables that tell a process which run it is: never taken over from the launch."""


class Surroundings(NamedTuple):
    """Of the launching process."""

    environment: Mapping[str, str]
    umask: int
    limits: Mapping[str, tuple[int, int]]
    """RLIMIT name -> (soft, hard); -1 = unlimited."""

    def adding(self, extra: Mapping[str, str]) -> "Surroundings":
        """The same with `extra` variables."""
        return self._replace(environment={**self.environment, **extra})


def surroundings_here() -> Surroundings:
    """Of this process."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
    limits = {name: resource.getrlimit(number) for name, number in LIMITS.items()}
    return Surroundings(environment, _umask(), limits)


def _umask() -> int:
    # os.umask() can only be asked by setting it, for every thread of this process.
    with open("/proc/self/status", encoding="utf-8", errors="replace") as file:
        return next((int(line.split()[1], 8) for line in file if line.startswith("Umask:")), 0o077)


def write(run: RunDir, here: Surroundings) -> None:
    """Write env.json, the only record that holds values of the environment. Raises OSError."""
    replace(run.env_path, _encoded(here))


def write_first(run: RunDir, here: Surroundings) -> None:
    """The same for a run that has no spec.json yet: until then nobody reads it, so it is written in place."""
    write_new(run.env_path, _encoded(here))


def _encoded(here: Surroundings) -> bytes:
    return codec.to_json({"version": codec.VERSION, **here._asdict()}) + b"\n"


def read(run: RunDir) -> Surroundings:
    """What env.json says. Raises OSError, ValueError."""
    with open(run.env_path, "rb") as file:
        raw = json.loads(file.read())
    if not isinstance(raw, dict) or not isinstance(raw.get("environment"), dict):
        raise ValueError("env.json holds no environment")
    limits = {name: (int(soft), int(hard)) for name, (soft, hard) in raw.get("limits", {}).items()}
    return Surroundings(raw["environment"], int(raw.get("umask", 0o077)), limits)


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
