"""What the stories have in common: their agents, and the measure of an uninterrupted run."""

import json
import os
import signal
from pathlib import Path
from typing import Any

from tests.command import PYTHON, launched, listed, when_ended
from tests.waiting import eventually

AGENTS = Path(__file__).parents[1] / "agents"


def agent(name: str, *arguments: object) -> list[str]:
    """The command of one of the tests' agents."""
    return [PYTHON, str(AGENTS / f"{name}.py"), *map(str, arguments)]


def launch_durable(count: int, seconds: float, *options: str) -> str:
    """Launch the agent of two lines; returns the run's id."""
    return launched(*options, "--", *agent("durable", count, seconds))


def lines_of(count: int) -> str:
    """What the agent of two lines has written when nothing interrupted it."""
    return "".join(f"item {item}\n" for item in range(count))


def only_run() -> str:
    """The id of the home's one run, as soon as there is one."""
    runs = Path(os.environ["OVERNIGHT_HOME"]) / "runs"
    return eventually(lambda: next((path.parent.name for path in runs.glob("*/spec.json")), None))


def directory(run_id: str) -> Path:
    return Path(listed(run_id)["directory"])


def record(run_id: str, name: str) -> dict[str, Any]:
    """One of the run's JSON files as it is now; empty while there is none."""
    path = Path(os.environ["OVERNIGHT_HOME"]) / "runs" / run_id / name
    read: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return read


def processed(run_id: str) -> int:
    return int(record(run_id, "progress.json").get("processed_items") or 0)


def when_processed(run_id: str, at_least: int) -> int:
    return eventually(
        lambda: (done := processed(run_id)) >= at_least and done, interval=0.005, message=f"{at_least} items"
    )


def agent_pid(run_id: str) -> int:
    """The process of the attempt that works now, read where nothing has to be started for it."""
    pid: int = eventually(lambda: (record(run_id, "supervisor.json").get("agent") or {}).get("pid"), interval=0.005)
    return pid


def when_attempt(run_id: str, at_least: int) -> None:
    """Wait until the supervisor has started this attempt."""
    eventually(lambda: record(run_id, "supervisor.json").get("attempt", 0) >= at_least, message=f"attempt {at_least}")


def reboot(*run_ids: str) -> None:
    """As a power cut leaves these runs: every process gone at once, their records of an earlier boot."""
    home = Path(os.environ["OVERNIGHT_HOME"])
    folders = [home / "runs" / run_id for run_id in run_ids]
    # Supervisors first: none of them may see its agent end.
    pids = [json.loads((folder / "supervisor.json").read_text())["pid"] for folder in folders]
    agents = [agent_pid(run_id) for run_id in run_ids]
    keepers = [int(_parent_of(pid)) for pid in agents]
    for pid in (*pids, *keepers, *agents):
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: not any(_is_alive(pid) for pid in (*pids, *keepers, *agents)))
    for folder in folders:
        for path in (folder / "supervisor.json", *folder.glob("attempts/*.json")):
            written = json.loads(path.read_text())
            written["boot_id"] = "00000000-0000-4000-8000-000000000000"
            path.write_text(json.dumps(written))


def _parent_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return False


def output(run_id: str) -> str:
    return (directory(run_id) / "artifacts" / "out.txt").read_text()


def committed(run: str) -> list[dict[str, Any]]:
    """The whole lines of the run's checkpoint."""
    lines = (directory(run) / "checkpoint.log").read_bytes().splitlines(keepends=True)
    read = [json.loads(line[9:]) for line in lines if line.endswith(b"\n")]
    return [line for line in read if "k" in line]


def assert_whole(run_id: str, count: int) -> None:
    """The run completed; its output and its counter are those of an uninterrupted run."""
    ended = when_ended(run_id)
    assert ended["status"] == "completed", ended
    assert output(run_id) == lines_of(count)
    assert ended["processed_items"] == count
    assert record(run_id, "progress.json")["counters"] == {"lines": count}
