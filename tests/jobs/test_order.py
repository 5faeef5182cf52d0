"""The runs of a job file wait for each other, for others, for slots and for their time, as it says."""

import time
from pathlib import Path

import pytest

from overnight.state import forms, groups
from overnight.state.queue import Group
from tests.command import launched, overnight
from tests.jobs.test_launching import output, refused, runs, spec, written
from tests.waiting import eventually

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.leaves_no_process]


def launch(path: str, *arguments: str) -> dict[str, str]:
    """The ids of what was launched, by name, in the order in which they were printed."""
    done = overnight("run", *arguments, path)
    assert done.returncode == 0, done.stderr
    return {each.rpartition("-")[0]: each for each in done.stdout.split()}


def test_a_run_begins_when_those_it_comes_after_have_ended(home: Path, tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """\
        [run.report]
        command = "cat trained"
        after = ["train", "broken:ended"]
        [run.train]
        command = "cp fetched trained"
        after = "fetch"
        [run.broken]
        command = "exit 3"
        [run.fetch]
        command = "echo data > fetched"
        """,
    )
    done = overnight("run", "--wait", path)
    assert done.returncode == 1, "one of them fails"
    ids = {each.rpartition("-")[0]: each for each in done.stdout.split()}
    assert list(ids) == ["broken", "fetch", "train", "report"]
    assert output(home, ids["report"]) == "data\n"
    assert spec(home, ids["report"])["after"] == [ids["train"], f"{ids['broken']}:ended"]
    assert spec(home, ids["train"])["after"] == [ids["fetch"]]


def test_launched_again_each_waits_for_the_new_one(home: Path, tmp_path: Path) -> None:
    path = written(tmp_path, '[run.b]\ncommand = "true"\nafter = "a"\n[run.a]\ncommand = "true"\n')
    for _ in range(2):
        ids = launch(path, "--wait")
        assert spec(home, ids["b"])["after"] == [ids["a"]]


def test_the_slots_of_a_group_hold_before_anything_is_launched(home: Path, tmp_path: Path) -> None:
    alone = '[run.{}]\ncommand = "mkdir busy && sleep 0.05 && rmdir busy"\ngroup = "gpu"\n'
    path = written(tmp_path, "[group.gpu]\nslots = 1\n" + "".join(alone.format(name) for name in "abc"))
    assert len(launch(path, "--wait")) == 3
    assert groups.read(str(home)) == {"gpu": Group(1)}


def test_groups_of_runs_that_are_not_named_stay_as_they_are(home: Path, tmp_path: Path) -> None:
    text = '[group.gpu]\nslots = 1\n[group.cpu]\nslots = 2\n[run.a]\ncommand = "true"\ngroup = "cpu"\n'
    path = written(tmp_path, text + '[run.b]\ncommand = "true"\ngroup = "gpu"\n')
    overnight("run", "--wait", path, "a")
    assert groups.read(str(home)) == {"cpu": Group(2)}
    assert overnight("run", path, "--dry-run").stdout.startswith("group gpu: slots 1\ngroup cpu: slots 2\nNAME")


def test_what_is_queued_is_said(tmp_path: Path) -> None:
    sleeps, waits = '[run.a]\ncommand = "sleep 600"\n', '[run.{}]\ncommand = "true"\nafter = "a:ended"\n'
    done = overnight("run", written(tmp_path, sleeps + waits.format("b")))
    assert "queued: it waits for a-" in done.stderr
    done = overnight("run", written(tmp_path, sleeps + waits.format("b") + waits.format("c")))
    assert "2 of 3 are queued." in done.stderr
    assert overnight("kill", "--all").returncode == 0
    eventually(lambda: overnight("wait", "--all", "--timeout", "30").returncode == 1)


def test_what_comes_after_one_that_did_not_start_is_not_launched(home: Path, tmp_path: Path) -> None:
    (tmp_path / "odd").write_text("#!/no/such/interpreter\n")
    (tmp_path / "odd").chmod(0o755)
    path = written(
        tmp_path,
        """\
        [run.odd]
        command = ["./odd"]
        [run.next]
        command = "true"
        after = ["odd"]
        [run.last]
        command = "true"
        after = ["next"]
        [run.other]
        command = "true"
        """,
    )
    done = overnight("run", "--wait", path)
    assert done.returncode == 1
    (other,) = done.stdout.split()
    assert other.startswith("other-")
    again = f"When that is put right: overnight run {path} odd next\n"
    assert f"next was not launched: it comes after odd. {again}" in done.stderr
    assert "last was not launched: it comes after next" in done.stderr
    assert not [each for each in runs(home) if each.startswith(("next", "last"))]


def test_runs_that_were_launched_before_can_be_waited_for_by_id_and_name(home: Path, tmp_path: Path) -> None:
    one, two = (launched("--wait", "--name", name, "--", "true") for name in ("one", "two"))
    path = written(tmp_path, f'[run.a]\ncommand = "true"\nafter = ["{one}", "two:ended"]\n')
    assert f"{one} {two}:ended" in overnight("run", path, "--dry-run").stdout
    assert spec(home, launch(path, "--wait")["a"])["after"] == [one, f"{two}:ended"]


def test_one_that_was_not_named_is_the_newest_run_of_its_name(home: Path, tmp_path: Path) -> None:
    path = written(tmp_path, '[run.a]\ncommand = "true"\n[run.b]\ncommand = "true"\nafter = ["a"]\n')
    (line,) = refused(path, "b")
    assert line == f'{path}:5: run.b.after: "a" is not among the runs that were named, and was never launched'
    first = launch(path, "--wait")["a"]
    assert first in runs(home)
    newest = overnight("run", "--wait", path, "a").stdout.strip()
    second = overnight("run", "--wait", path, "b").stdout.strip()
    assert spec(home, second)["after"] == [newest]


def test_a_run_that_there_is_not_is_told_with_its_line(home: Path, tmp_path: Path) -> None:
    twins = [launched("--name", "twin", "--", "sleep", "600") for _ in range(2)]
    path = written(
        tmp_path,
        '[run.train]\ncommand = "true"\n[run.a]\ncommand = "true"\nafter = [\n  "trian",\n  "twin:ended",\n]\n',
    )
    unknown, ambiguous = refused(path)
    assert unknown == f'{path}:6: run.a.after: no run "trian", in this file or launched before (did you mean "train"?)'
    assert ambiguous.startswith(f"{path}:7: run.a.after: 'twin' names 2 live runs")
    assert sorted(runs(home)) == sorted(twins)
    assert overnight("kill", "--all").returncode == 0
    eventually(lambda: overnight("wait", "--all", "--timeout", "30").returncode == 1)


def test_a_circle_is_told_once_and_nothing_is_launched(home: Path, tmp_path: Path) -> None:
    path = written(tmp_path, '[run.a]\ncommand = "true"\nafter = ["b"]\n[run.b]\ncommand = "true"\nafter = ["a"]\n')
    assert refused(path) == [f"{path}:3: run.a: waits for itself: a after b after a"]
    assert runs(home) == []


def test_a_time_to_start_is_as_on_the_command_line(home: Path, tmp_path: Path) -> None:
    path = written(
        tmp_path, '[run.a]\ncommand = "true"\ndelay = "8h"\n[run.b]\ncommand = "true"\nat = 2100-01-01T02:30:00Z\n'
    )
    before = time.time()
    ids = launch(path)
    assert forms.instant(spec(home, ids["b"])["start_at"]) == forms.instant("2100-01-01T02:30:00Z")
    start = forms.instant(spec(home, ids["a"])["start_at"])
    assert start is not None
    assert before + 8 * 3600 - 1 <= start <= time.time() + 8 * 3600
    assert overnight("cancel", "--all").returncode == 0
    eventually(lambda: overnight("wait", "--all", "--timeout", "30").returncode == 1)


@pytest.mark.parametrize(
    ("value", "what"), [('"noon"', "is not a time"), ('"2020-01-01"', "is over"), ("2020-01-01", "is over")]
)
def test_a_time_that_makes_no_sense(home: Path, tmp_path: Path, value: str, what: str) -> None:
    path = written(tmp_path, f'[run.a]\ncommand = "true"\nat = {value}\n')
    (line,) = refused(path)
    assert line.startswith(f"{path}:3: run.a.at: ")
    assert what in line
    assert runs(home) == []


def test_slots_that_cannot_be_said_keep_everything_from_being_launched(home: Path, tmp_path: Path) -> None:
    (home / groups.FILE).write_text("{")
    path = written(tmp_path, '[group.g]\nslots = 1\n[run.a]\ncommand = "true"\n')
    done = overnight("run", path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "groups.json" in done.stderr
    assert runs(home) == []


def test_many_are_launched_in_the_order_of_their_priority(home: Path, tmp_path: Path) -> None:
    text = "[group.g]\nslots = 1\n" + "".join(
        f'[run.{name}]\ncommand = "echo {name} >> begun"\ngroup = "g"\npriority = {priority}\n'
        for name, priority in (("low", -1), ("first", 9), ("none", 0), ("second", 5))
    )
    launch(written(tmp_path, text), "--wait")
    assert (tmp_path / "begun").read_text().split() == ["first", "second", "none", "low"]
