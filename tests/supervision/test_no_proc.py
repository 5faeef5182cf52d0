"""Where the kernel does not tell which process this is, whoever would put that on record is refused as by a disk."""

import subprocess
import sys
from pathlib import Path

import pytest

from overnight.state.home import Home

WITHOUT_PROC = "mount -t tmpfs none /proc && exec"
WRITE = """
import sys
from overnight.agents.supervisor import book
from overnight.state.records import SupervisorState
from overnight.state.rundir import RunDir
try:
    book.write_standing(RunDir(sys.argv[1]), SupervisorState.WAITING)
except OSError as error:
    print(error.filename)
"""


def test_a_process_that_cannot_be_identified_is_not_put_on_record(home: Path) -> None:
    run = Home(str(home)).new_run("nobody")
    command = ["unshare", "-m", "sh", "-c", f'{WITHOUT_PROC} "$@"', "sh"]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may hide /proc")
    done = subprocess.run(
        [*command, sys.executable, "-c", WRITE, run.path], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("/proc/self/stat\n", "")
    assert run.supervisor() is None
