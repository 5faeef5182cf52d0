"""A supervisor that waits to be traced: `supervises.py ROOT RUN ROLE READY GO`, without `site`, as launchers do it.

ROOT: where `state` and `agents` lie. ROLE: `supervisor`, or of the N-th attempt that it starts `keeper N`, `agent N`:
what becomes the agent. READY, GO: descriptors; the process in that role writes its pid to the one, and goes on when the
other one says so.
"""

import os
import sys
from collections.abc import Iterable
from typing import NoReturn

root, path, role, ready, go = sys.argv[1:]
overnight = sys.modules["overnight"] = type(sys)("overnight")
overnight.__path__ = [root]

from overnight.agents.supervisor.lean import install  # noqa: E402

install()
from overnight.agents.supervisor import acts, descriptors, execution, keeper  # noqa: E402
from overnight.agents.supervisor.__main__ import prepare, supervise  # noqa: E402
from overnight.agents.supervisor.bell import hold_back_signals  # noqa: E402
from overnight.agents.supervisor.execution import Beginning  # noqa: E402
from overnight.agents.supervisor.kernel import reset_library_signals  # noqa: E402
from overnight.agents.supervisor.report import Listener  # noqa: E402
from overnight.state import lock  # noqa: E402
from overnight.state.rundir import RunDir  # noqa: E402

started = 0
start, attend, become_agent = keeper.start, keeper._attend, execution.become_agent
close_all_but = descriptors.close_all_but
for each in (ready, go):
    os.set_inheritable(int(each), False)


def wait_for_tracer() -> None:
    os.write(int(ready), b"%d\n" % os.getpid())
    os.read(int(go), 1)


def start_and_count(beginning: Beginning, lock: int, end: int | None = None) -> keeper.Kept:
    global started  # noqa: PLW0603
    started += 1
    return start(beginning, lock, end)


def attend_when_traced(beginning: Beginning, lock: int, report: int) -> None:
    if role == f"keeper {started}":
        wait_for_tracer()
    attend(beginning, lock, report)


def become_agent_when_traced(beginning: Beginning, keeper: int, answer: int) -> NoReturn:
    if role == f"agent {started}":
        wait_for_tracer()
    become_agent(beginning, keeper, answer)


def close_all_but_ours(kept: Iterable[int], end: int | None = None) -> None:
    close_all_but((*kept, int(ready), int(go)), end)


keeper.start, keeper._attend = start_and_count, attend_when_traced
execution.become_agent = become_agent_when_traced
vars(keeper)["close_all_but"] = close_all_but_ours
# How long it waits after a start that came to nothing is not in question here.
acts.START_AGAIN = 0.05
held = lock.acquire(f"{path}/lock")
assert held is not None, "somebody supervises it"
if role == "supervisor":
    wait_for_tracer()
reset_library_signals()
hold_back_signals()
run, nobody = RunDir(path), Listener(-1)
supervisor = prepare(run, held, nobody, admitted=True)
assert supervisor is not None
sys.exit(supervise(run, nobody, supervisor, held))
