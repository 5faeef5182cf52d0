"""An agent that was edited between two attempts goes on, and the history says what changed."""

import json
from pathlib import Path

import pytest

from tests.command import PYTHON, launched, overnight, when_ended
from tests.stories.scenes import directory, when_attempt

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.leaves_no_process]

AGENT = """
from overnight.agents import Run, start
from limits import LIMIT

def main(run: Run) -> None:
    out = run.artifact("out.txt")
    for item in run.each(range(6)):
        if item >= LIMIT:
            raise ValueError(f"{item} is too much")
        out.write(f"{item} ")

start(main)
"""


def changes(run: str) -> list[tuple[int, list[str]]]:
    history = json.loads(overnight("show", "--json", run).stdout)["history"]
    return [(each["attempt"], each["detail"]["changed"]) for each in history if each["event"] == "source_changed"]


def test_a_changed_source_goes_on_and_is_told_in_the_history(tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text(AGENT)
    (tmp_path / "limits.py").write_text("LIMIT = 3")
    run = launched("--", PYTHON, str(tmp_path / "work.py"))
    assert when_ended(run)["status"] == "failed"
    assert overnight("retry", run).returncode == 0
    when_attempt(run, 2)
    assert when_ended(run)["status"] == "failed"
    assert changes(run) == []
    (tmp_path / "limits.py").write_text("LIMIT = 300")
    assert overnight("retry", run).returncode == 0
    when_attempt(run, 3)
    assert when_ended(run)["status"] == "completed"
    assert (directory(run) / "artifacts" / "out.txt").read_text() == "0 1 2 3 4 5 "
    assert changes(run) == [(3, ["limits.py"])]
    assert "the agent's source changed: limits.py" in overnight("show", run).stdout
