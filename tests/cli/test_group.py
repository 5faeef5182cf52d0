"""Queues on the command line: groups and their slots, what `run` can wait for, and what is said of it."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from overnight.state import forms
from tests.cli.test_bad_input import refused
from tests.command import launched, listed, overnight, when, when_ended
from tests.waiting import eventually

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.leaves_no_process]

SLEEP = ("--", "sleep", "600")


def said(*arguments: str, code: int = 0) -> list[str]:
    done = overnight(*arguments)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    return done.stderr.splitlines()


def shown(*arguments: str) -> list[str]:
    done = overnight(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def group(*arguments: str) -> Any:
    return json.loads("\n".join(shown("group", *arguments, "--json")))


def waits_for(run: str) -> dict[str, Any]:
    found: dict[str, Any] = listed(run)["queue"]
    return found


def why(run: str) -> str:
    return " ".join(shown("why", run))


def kill_all() -> None:
    overnight("kill", "--all", "--timeout", "30")


def test_a_group_is_given_slots_shown_and_freed_of_them() -> None:
    assert said("group") == ["No groups. `overnight group NAME --slots N` says how many runs of one work at once."]
    assert said("group", "gpu", "--slots", "2") == []
    assert group("gpu") == {
        "name": "gpu",
        "slots": 2,
        "paused": False,
        "paused_by": None,
        "paused_at": None,
        "running": 0,
        "queued": 0,
    }
    assert [line.split() for line in shown("group")] == [
        ["GROUP", "SLOTS", "RUNNING", "QUEUED"],
        ["gpu", "2", "0", "0"],
    ]
    assert said("group", "gpu", "--slots", "none") == []
    assert group() == []


def test_a_queued_launch_prints_its_id_and_says_why_it_does_not_run_yet() -> None:
    said("group", "gpu", "--slots", "1")
    first = launched("--group", "gpu", "--name", "first", *SLEEP)
    done = overnight("run", "--group", "gpu", *SLEEP)
    second = done.stdout.strip()
    assert done.stderr == f"queued: it is 1st in line for the slot of group gpu, held by {first}\n"
    third = launched("--group", "gpu", "--priority", "3", *SLEEP)
    assert waits_for(third) == {"waits_for": "slot", "place": 1, "runs": [first], "until": None}
    assert waits_for(second)["place"] == 2
    assert listed(first)["queue"] is None
    assert re.search(rf"queued +{second} .*2nd in queue", "\n".join(shown("ls")))
    assert any("1st in queue" in line for line in shown("show", third))
    assert why(second) == f"{second} is queued: it is 2nd in line for the slot of group gpu, held by {first}."
    assert [group("gpu")[name] for name in ("running", "queued")] == [1, 2]
    assert overnight("cancel", second, third).returncode == 0
    assert said("group", "gpu", "--slots", "0") == []
    kill_all()


def test_when_a_queued_run_may_begin_is_foretold_from_those_before_it() -> None:
    said("group", "gpu", "--slots", "1")
    says = (
        """printf '{"processed_items": 1, "total_items": 4, "estimate": {"low": 3600, "likely": 7200, "high": 9000}}'"""
    )
    launched("--group", "gpu", "--", "sh", "-c", f'{says} > "$OVERNIGHT_RUN_DIR/progress.json"; exec sleep 600')
    nobody_knows = launched("--group", "gpu", "--name", "new", *SLEEP)
    behind_it = launched("--group", "gpu", "--name", "behind", "--priority", "-1", *SLEEP)
    eventually(lambda: why(nobody_knows).endswith("; it may begin in 2h00."))
    # How long the one before it takes nobody knows: none of its name has completed yet.
    assert "may begin" not in why(behind_it)
    kill_all()


def test_what_a_run_comes_after_is_resolved_at_the_launch_and_told() -> None:
    first = launched("--name", "first", *SLEEP)
    second = launched("--after", "first", "--after", f"{first}:ended", "--", "true")
    assert json.loads(shown("show", second, "--json")[0])["spec"]["after"] == [first, f"{first}:ended"]
    assert waits_for(second)["runs"] == [first, first]
    assert why(second).startswith(f"{second} is queued: it waits for {first}, which is running")
    assert any("after first" in line for line in shown("ls"))
    overnight("kill", "first", "--timeout", "30")
    assert waits_for(second)["runs"] == [first]
    assert f"it waits for {first}, which was cancelled. " in why(second)
    assert f"`overnight retry {first}`" in why(second)
    assert overnight("rm", first).returncode == 0
    assert "and that was removed" in why(second)
    assert said("cancel", second) == [f"cancelled {second}"]


def test_what_cannot_be_waited_for_is_refused() -> None:
    twins = [launched("--name", "twin", *SLEEP) for _ in range(2)]
    assert "'nobody'" in refused(3, "run", "--after", "nobody", "--", "true")
    assert twins[0] in refused(2, "run", "--after", "twin", "--", "true")
    assert "RUN:ended" in refused(2, "run", "--after", f"{twins[0]}:failed", "--", "true")
    assert len(json.loads(shown("ls", "--json")[0])) == 2
    kill_all()


def test_a_time_is_a_span_a_clock_or_a_date() -> None:
    tomorrow = time.strftime("%Y-%m-%dT%H:%M", time.localtime(time.time() + 86_400))
    clock = time.strftime("%H:%M", time.localtime(time.time() - 60))
    spans = {("--delay", "1h30m"): 5400, ("--delay", "90"): 90, ("--at", tomorrow): 86_400, ("--at", clock): 86_340}
    for given, seconds in spans.items():
        before = time.time()
        run = launched(*given, "--", "true")
        until = waits_for(run)["until"]
        assert listed(run)["queue"]["waits_for"] == "time"
        at = json.loads(shown("show", run, "--json")[0])["spec"]["start_at"]
        assert at == until
        # A clock may be set forth or back by an hour in between.
        assert abs((forms.instant(at) or 0) - before - seconds) < 3700
    assert any(" in 1h" in line for line in shown("ls"))
    assert overnight("cancel", "--all").returncode == 0


def test_a_paused_group_says_who_paused_it_and_lets_go_on_what_it_held() -> None:
    run = launched("--group", "gpu", "--name", "works", *SLEEP)
    assert said("group", "gpu", "pause") == ["paused group gpu", f"frozen {run}"]
    late = launched("--group", "gpu", "--name", "late", *SLEEP)
    assert waits_for(late)["waits_for"] == "group"
    assert re.search(r"is queued: \S+ paused its group gpu \d+s ago\. +`overnight group gpu resume`", why(late))
    assert "asked its group gpu to pause" in why(run)
    assert "paused by" in shown("group")[1]
    assert said("group", "gpu", "resume") == ["resumed group gpu", f"resumed {run}"]
    when(late, "running")
    assert group("gpu")["running"] == 2
    kill_all()


def test_a_run_that_is_retried_into_a_full_group_says_that_it_is_queued() -> None:
    said("group", "gpu", "--slots", "1")
    failed = launched("--group", "gpu", "--", "false")
    when_ended(failed)
    launched("--group", "gpu", *SLEEP)
    assert said("retry", failed) == [f"queued to be started again: {failed}"]
    assert listed(failed)["status"] == "queued"
    # By its name, and with its pause, it is one like any other.
    assert said("pause", failed) == [f"paused {failed}"]
    assert waits_for(failed)["waits_for"] == "pause"
    assert "before it began again" in why(failed)
    assert said("resume", failed) == [f"resumed {failed}"]
    assert said("cancel", failed) == [f"cancelled {failed}"]
    kill_all()


def test_waiting_for_a_queued_run_waits_for_its_end() -> None:
    said("group", "gpu", "--slots", "1")
    launched("--group", "gpu", "--", "sleep", "0.5")
    done = overnight("run", "--group", "gpu", "--wait", "--", "true")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1].endswith(" completed")


def test_bad_words_for_a_group_are_refused_in_one_line(home: Path) -> None:
    assert "which group" in refused(2, "group", "pause")
    assert "--slots" in refused(2, "group", "--slots", "3")
    assert "--slots" in refused(2, "group", "gpu", "--slots", "many")
    assert "--slots" in refused(2, "group", "gpu", "--slots=-1")
    assert "stop" in refused(2, "group", "gpu", "stop")
    refused(2, "group", "a b", "--slots", "1")
    assert not (home / "groups.json").exists()


@pytest.mark.parametrize(
    "junk", ["", "{", "[]", '{"groups": {}}', '{"version": 1, "groups": {"g": {"slots": -1}}}', "\xff" * 9]
)
def test_a_file_of_groups_that_cannot_be_read_is_set_aside_by_doctor_and_by_nobody_else(home: Path, junk: str) -> None:
    said("group", "gpu", "--slots", "1")
    file = home / "groups.json"
    file.write_text(junk)
    for arguments in (("run", "--", "true"), ("group",), ("group", "gpu", "--slots", "2"), ("group", "gpu", "pause")):
        line = refused(1, *arguments)
        assert "groups.json cannot be read" in line
        assert "overnight doctor --repair" in line
    assert file.read_text() == junk
    assert shown("ls") == []
    done = overnight("doctor", "--repair")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "groups.json" in done.stdout
    assert not file.exists()
    assert (home / "groups.json.damaged").read_text() == junk
    launched("--wait", "--", "true")


def test_what_a_newer_overnight_said_of_groups_is_left_alone(home: Path) -> None:
    said("group", "gpu", "--slots", "1")
    file = home / "groups.json"
    file.write_text('{"version": 2, "groups": []}')
    assert "newer" in refused(1, "group", "gpu", "--slots", "2")
    assert overnight("doctor", "--repair").returncode == 1
    assert "2" in file.read_text()
