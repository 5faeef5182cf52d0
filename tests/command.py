"""The command line as a person or a script uses it: a real process of the installed `overnight`."""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from tests.waiting import eventually

OVERNIGHT = str(Path(sysconfig.get_path("scripts")) / "overnight")
PYTHON = sys.executable
ENDED = {"completed", "failed", "cancelled", "interrupted"}


def overnight(*arguments: str, timeout: float = 60, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `overnight ARGUMENTS…` without a terminal to its end; nothing is raised for its exit code."""
    return subprocess.run(
        [OVERNIGHT, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        check=False,
        **options,
    )


def launched(*arguments: str, **options: Any) -> str:
    """The id that `overnight run ARGUMENTS…` prints. Fails the test when it does not launch."""
    done = overnight("run", *arguments, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def listed(run_id: str) -> dict[str, Any]:
    """The object of `overnight ls --json` for one run."""
    done = overnight("ls", "--json")
    assert done.returncode == 0, done.stderr
    return next(each for each in json.loads(done.stdout) if each["id"] == run_id)


def when(run_id: str, *statuses: str, timeout: float = 30) -> dict[str, Any]:
    """The run's object as soon as its status is one of these."""
    seen: dict[str, Any] = {}

    def reached() -> bool:
        seen.update(listed(run_id))
        return seen["status"] in statuses

    try:
        eventually(reached, timeout=timeout, interval=0.1)
    except AssertionError:
        raise AssertionError(f"{run_id} was never {' or '.join(statuses)}: {seen}") from None
    return seen


def when_ended(run_id: str, timeout: float = 40) -> dict[str, Any]:
    return when(run_id, *ENDED, timeout=timeout)
