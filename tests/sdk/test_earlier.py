"""What a run leaves for the forecasts of the next one, on real files and by real agents."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from overnight.agents.earlier import FOLDER, MOST_AGENTS, Earlier, Measure, keep, recalled
from overnight.state.experts import Profile
from overnight.state.home import Home
from overnight.state.records import Progress
from overnight.state.rundir import RunDir
from tests.builders import a_spec
from tests.command import launched, overnight, when_ended
from tests.sdk.inline import Inline
from tests.waiting import eventually

QUICK = tuple(0.3 * part / 100 for part in range(101))
SLOW_AT_LAST = Earlier(Profile(12.0, (*QUICK, *(0.3 + 0.7 * part / 28 for part in range(1, 29)))))
"""Of 128 parts of the work the last 28 take seven tenths of the time."""
STEADY = """
def main(run: Run) -> None:
    for item in run.each(range({count})):
        time.sleep(0.12)
"""


def a_run(home: Path, name: str = "nightly", cwd: str = "/tmp") -> RunDir:
    run = Home(str(home)).new_run(name)
    run.write(run.spec_path, a_spec(id=run.id, name=name, cwd=cwd))
    return run


def test_what_one_run_leaves_the_next_one_of_the_same_name_in_the_same_folder_recalls(home: Path) -> None:
    keep(a_run(home), SLOW_AT_LAST)
    found = recalled(a_run(home))
    assert found is not None
    assert found.profile.seconds == 12.0
    assert found.profile.shares == pytest.approx(SLOW_AT_LAST.profile.shares)
    assert recalled(a_run(home, name="hourly")) is None
    assert recalled(a_run(home, cwd="/var")) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"seconds": 1}',
        '{"seconds": 0, "shares": [0, 1]}',
        '{"seconds": NaN, "shares": [0, 1]}',
        '{"seconds": 1, "shares": [0, 0.7, 0.5, 1]}',
        '{"seconds": 1, "shares": [0, "1"]}',
        '{"seconds": true, "shares": [0, 1]}',
        '{"seconds": 1, "shares": [0, 1], "measure": "miles"}',
        '{"seconds": 1, "shares": [0, 1], "measure": []}',
        "9" * 20_000,
        pytest.param(f'{{"seconds": {"9" * 400}, "shares": [0, 1]}}', id="no float is as large"),
        pytest.param("[" * 10_000, id="deeper than anybody reads"),
    ],
)
def test_what_was_damaged_says_nothing(home: Path, text: str) -> None:
    run = a_run(home)
    keep(run, SLOW_AT_LAST)
    (path,) = (home / FOLDER).iterdir()
    path.write_text(text)
    assert recalled(run) is None


def test_the_shares_of_phases_are_recalled_as_far_as_they_can_be(home: Path) -> None:
    phases = {"fetch": 0.2, "index": 0.8, "index / parse": 1.0}
    keep(a_run(home), SLOW_AT_LAST._replace(measure=Measure.SHARES, phases=phases))
    found = recalled(a_run(home))
    assert found is not None
    assert (found.measure, found.phases) == (Measure.SHARES, phases)
    (path,) = (home / FOLDER).iterdir()
    damages: list[Any] = [{"fetch": 7}, {"fetch": "all"}, [], {"fetch": True}]
    for damaged in damages:
        path.write_text(json.dumps({**json.loads(path.read_text()), "phases": damaged}))
        found = recalled(a_run(home))
        assert found is not None
        assert found.phases == {}
    keep(a_run(home), SLOW_AT_LAST._replace(phases={f"phase {number}": 0.0 for number in range(1000)}))
    assert path.stat().st_size < 4096


def test_where_nothing_can_be_written_nothing_is_kept(home: Path) -> None:
    run = a_run(home)
    (home / FOLDER).write_text("a file in its place")
    keep(run, SLOW_AT_LAST)
    assert recalled(run) is None


def test_the_agent_that_ran_longest_ago_is_forgotten(home: Path) -> None:
    folder = home / FOLDER
    folder.mkdir()
    for number in range(MOST_AGENTS):
        (folder / f"a{number}-00000000.json").write_text("{}")
        os.utime(folder / f"a{number}-00000000.json", (1_000 + number, 1_000 + number))
    keep(a_run(home), SLOW_AT_LAST)
    left = {path.name for path in folder.iterdir()}
    assert len(left) == MOST_AGENTS
    assert "a0-00000000.json" not in left
    assert "a1-00000000.json" in left


@pytest.mark.leaves_no_process
def test_a_complete_run_leaves_how_it_went(home: Path, tmp_path: Path) -> None:
    run = launched("--name", "steady", "--", *Inline(tmp_path / "agent", STEADY.format(count=6)).command())
    when_ended(run)
    (path,) = (home / FOLDER).iterdir()
    said = json.loads(path.read_text())
    assert said["version"] == 1
    assert said["seconds"] > 0.4
    assert said["shares"][64] == pytest.approx(0.5, abs=0.25)


@pytest.mark.leaves_no_process
def test_a_run_expects_what_the_last_one_met(home: Path, tmp_path: Path) -> None:
    """After three quarters of the items, which are quick, it knows that most of the time is ahead."""
    command = Inline(tmp_path / "agent", STEADY.format(count=32)).command()
    keep(a_run(home, "steady", os.getcwd()), SLOW_AT_LAST)
    run = launched("--name", "steady", "--", *command)
    directory = Home(str(home)).run(run)

    def foretold() -> float | None:
        progress = directory.read().progress or Progress()
        late = (progress.processed_items or 0) >= 22
        return progress.estimate.likely if late and progress.estimate is not None else None

    assert eventually(foretold) > 3.0, "by its own pace alone it would be 1.2 s"
    overnight("cancel", run)
    when_ended(run)


PHASED = """
def main(run: Run) -> None:
    with run.phase("fetch"):
        for item in run.each(range(100)):
            pass
    with run.phase("index"):
        for item in run.each(range(4)):
            did(run._work.loops.report.progress(0.0).percent_complete)
            time.sleep(0.3)
"""


@pytest.mark.leaves_no_process
def test_phases_without_shares_have_those_of_the_last_run(home: Path, tmp_path: Path) -> None:
    """Nearly all of its items are quick, and nearly all of its time goes into the others."""
    agent = Inline(tmp_path / "agent", PHASED)
    for _ in range(2):
        when_ended(launched("--name", "phased", "--", *agent.command()))
    assert agent.did()[:4] == ["None"] * 4
    # By items it would be 100 of 104 as soon as it begins.
    assert [float(each) for each in agent.did()[4:]] == pytest.approx([0, 25, 50, 75], abs=10)
    (path,) = (home / FOLDER).iterdir()
    assert json.loads(path.read_text())["phases"]["index"] > 0.9
