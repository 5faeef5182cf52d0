"""The core of it again on both kinds of machine: one that reaps orphans at once, and one that never does.

A run's supervisor is nobody's child: its zombie stays for ever where the first process of a container reaps nothing.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

OUTER = Path(__file__).parent / "programs" / "outer.py"
ROOT = Path(__file__).parents[2]
CORE = "test_a_killed_keeper_does_not or test_a_lost_run_is_continued"
SURVIVAL, WINDOWS = "tests/supervision/test_survival.py", "tests/supervision/test_windows.py"

each_machine = pytest.mark.parametrize("machine", ["reaps", "keeps"])


def passes_on(machine: str, *words: str) -> str:
    command = [sys.executable, str(OUTER), machine, sys.executable, "-m", "pytest", "-q", "-n0", *words]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run([*command, "-p", "no:cacheprovider"], cwd=ROOT, text=True, **quiet)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout
    # Where others tidy up the same folder of temporary files, warnings follow behind it.
    found = re.search(r"^\d+ passed.*$", done.stdout, re.MULTILINE)
    return found.group() if found else ""


@each_machine
def test_what_survives_on_any_machine_survives_on_this_one(machine: str) -> None:
    assert "passed" in passes_on(machine, SURVIVAL, "-k", CORE)


@pytest.mark.long
@pytest.mark.timeout(3600)
@each_machine
def test_everything_about_survival_holds_on_this_machine(machine: str) -> None:
    print(machine, passes_on(machine, SURVIVAL, WINDOWS, "tests/proof", "-k", "survival or windows or supervised"))
