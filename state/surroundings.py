"""env.json: the only record that holds values of the environment. Written by the launch, and judged in one place.

Whoever asks what is wrong with it is told in words that hold no value of it: it may be a secret.
"""

import errno
import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from overnight.state import codec
from overnight.state.atomic import replace, write_new
from overnight.state.records import Damaged
from overnight.state.rundir import LASTING, RunDir, open_to_read

UNBOUND = 1 << 63
"""No number that the kernel is told is as great."""
LARGEST = 1 << 26
"""Bytes: more than any environment that the kernel takes, though each of its characters be escaped."""


class Surroundings(NamedTuple):
    """Of the launching process."""

    environment: Mapping[str, str]
    umask: int
    limits: Mapping[str, tuple[int, int]]
    """RLIMIT name -> (soft, hard); -1 = unlimited."""

    def adding(self, extra: Mapping[str, str]) -> "Surroundings":
        """The same with `extra` variables."""
        return self._replace(environment={**self.environment, **extra})


def write(run: RunDir, here: Surroundings) -> None:
    """Write env.json. Raises OSError."""
    replace(run.env_path, _encoded(here))


def write_first(run: RunDir, here: Surroundings) -> None:
    """The same for a run that has no spec.json yet: until then nobody reads it, so it is written in place."""
    write_new(run.env_path, _encoded(here))


def _encoded(here: Surroundings) -> bytes:
    return codec.to_json({"version": codec.VERSION, **here._asdict()}) + b"\n"


def read(run: RunDir) -> Surroundings:
    """What env.json says. Raises OSError; ValueError where no attempt can be given it, in one line."""
    found = found_in(run)
    if not isinstance(found, Surroundings):
        raise ValueError(f"{run.env_path}: {found.problem if found else os.strerror(errno.ENOENT)}")
    return found


def problem_of(run: RunDir) -> str | None:
    """Why no attempt can be given it until somebody does something about it; None = it can, or nobody knows now."""
    try:
        read(run)
    except ValueError as error:
        return str(error)
    except OSError:
        pass
    return None


def found_in(run: RunDir) -> Surroundings | Damaged | None:
    """What env.json says, or what is wrong with it until somebody does something about it; None = it is not there.

    Raises OSError where it cannot be read for a reason that may pass.
    """
    path = run.env_path
    try:
        with open_to_read(path) as file:
            said = file.read(LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno not in LASTING:
            raise
        return Damaged(path, error.strerror or str(error), intact=True)
    if len(said) > LARGEST:
        return Damaged(path, f"larger than {LARGEST} bytes")
    try:
        return _decoded(said)
    except RecursionError:
        return Damaged(path, "it is nested too deeply")
    except ValueError as error:
        return Damaged(path, str(error))


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
