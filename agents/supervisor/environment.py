"""What an attempt takes over from the launch, whoever starts it and whenever: environment, umask, resource limits."""

import json
import os
import resource
from collections.abc import Mapping
from typing import Any, NamedTuple

from overnight.state import codec
from overnight.state.atomic import replace, write_new
from overnight.state.rundir import RunDir, open_to_read

LIMITS = {name: getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")}
UNBOUND = 1 << 63
"""No number that the kernel is told is as great."""
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
    environment = {name: value for name, value in os.environ.items() if name and not name.startswith(OWN)}
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
    """What env.json says. Raises OSError; ValueError where it is not right, in one line that tells no value of it."""
    with open_to_read(run.env_path) as file:
        said = file.read()
    try:
        return _decoded(said)
    except RecursionError:
        raise ValueError(f"{run.env_path}: it is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"{run.env_path}: {error}") from None


def _decoded(said: bytes) -> Surroundings:
    try:
        raw = json.loads(said)
    except ValueError:
        raise ValueError("it is not JSON") from None
    if not isinstance(raw, dict) or not isinstance(raw.get("environment"), dict):
        raise ValueError("it holds no environment")
    return Surroundings(
        _checked_variables(raw["environment"]),
        _checked_umask(raw.get("umask", 0o077)),
        _checked_limits(raw.get("limits", {})),
    )


def _checked_variables(raw: Mapping[str, Any]) -> Mapping[str, str]:
    for name, value in raw.items():
        if not name or "=" in name or not isinstance(value, str) or not _is_passed_on(name + value):
            raise ValueError("no process can be given its environment")
    return raw


def _is_passed_on(text: str) -> bool:
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def _checked_umask(raw: object) -> int:
    if type(raw) is not int or not 0 <= raw <= 0o777:
        raise ValueError("its umask is none")
    return raw


def _checked_limits(raw: object) -> Mapping[str, tuple[int, int]]:
    pairs = list(raw.values()) if isinstance(raw, dict) else [None]
    if not all(isinstance(pair, list) and len(pair) == 2 and all(map(_is_bound, pair)) for pair in pairs):
        raise ValueError("its limits are none")
    assert isinstance(raw, dict), "it has pairs"
    return {name: (soft, hard) for name, (soft, hard) in raw.items()}


def _is_bound(raw: object) -> bool:
    return type(raw) is int and abs(raw) < UNBOUND


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
