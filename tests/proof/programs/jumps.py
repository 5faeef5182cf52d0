"""A supervisor whose wall clock jumps: `jumps.py ROOT RUN SHIFT`. SHIFT: a file with the seconds that it is off by now.

A supervisor asks nothing but `time.time` for the wall clock, so this is all that it sees of a clock that is set.
"""

import sys
import time

root, path, shift = sys.argv[1:]
overnight = sys.modules["overnight"] = type(sys)("overnight")
overnight.__path__ = [root]
true_time = time.time


def set_time() -> float:
    with open(shift) as file:
        return true_time() + float(file.read())


time.time = set_time

from overnight.agents.supervisor.__main__ import prepare, supervise  # noqa: E402
from overnight.agents.supervisor.bell import hold_back_signals  # noqa: E402
from overnight.agents.supervisor.report import Listener  # noqa: E402
from overnight.state import lock  # noqa: E402
from overnight.state.rundir import RunDir  # noqa: E402

held = lock.acquire(f"{path}/lock")
assert held is not None, "somebody supervises it"
hold_back_signals()
run, nobody = RunDir(path), Listener(-1)
supervisor = prepare(run, held, nobody)
assert supervisor is not None
sys.exit(supervise(run, nobody, supervisor, held))
