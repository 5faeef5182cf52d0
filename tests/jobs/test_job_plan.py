"""What of a job file is to be launched, whatever stands in it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.state.home import Home
from overnight.tui.job_plan import plan_of

FILE = """\
version = 1
[group.gpu]
slots = 2
[run.fetch]
command = ["true", "x"]
env = { PATH = "/bin:/usr/bin" }
[run.train]
command = "true"
cwd = "."
after = ["fetch", "fetch:ended"]
group = "gpu"
delay = "1h"
nice = 3
memory_limit = "2G"
on_memory = "restart"
[run.eval]
command = "true"
after = "train:ended"
at = "02:30"
"""
PIECES = [
    "",
    '"',
    "'",
    "[",
    "]",
    "{",
    "}",
    "\n",
    "=",
    ".",
    ":",
    "#",
    "\\",
    "\0",
    "9",
    "-",
    "~",
    "/",
    "w",
    "é",
    "\ud800",
    "run",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("jobs")


@given(st.data())
def test_whatever_is_done_to_a_file_there_is_a_plan_or_mistakes(folder: Path, data: st.DataObject) -> None:
    text = FILE
    for _ in range(data.draw(st.integers(0, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 8)))
        text = text[:start] + data.draw(st.sampled_from(PIECES)) + text[end:]
    path = folder / "jobs.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    plan = plan_of(Home(str(folder / "home")), str(path), [])
    assert bool(plan.mistakes) != bool(plan.waves)
    for mistake in plan.mistakes:
        assert mistake.line is None or 1 <= mistake.line <= text.count("\n") + 1
    before: set[str] = set()
    for wave in plan.waves:
        assert {name for each in wave for name in each.after} <= before | {f"{name}:ended" for name in before}
        before |= {each.job.name for each in wave}
    assert not (folder / "home").exists()


def test_of_a_file_as_it_is_everything_is_planned(folder: Path) -> None:
    (folder / "jobs.toml").write_text(FILE)
    plan = plan_of(Home(str(folder / "home")), str(folder / "jobs.toml"), [])
    assert plan.mistakes == ()
    assert list(plan.planned) == ["fetch", "train", "eval"]
    assert plan.slots == {"gpu": 2}
    assert plan.planned["train"].order.cwd == f"{folder}/."
    assert plan.planned["fetch"].order.environment == {"PATH": "/bin:/usr/bin"}


def test_of_a_run_whose_command_cannot_be_read_all_else_is_told_too(folder: Path) -> None:
    text = """\
[run.train]
command = ["python", 1]
cwd = "nowhere"
nice = 99
after = ["nobody"]
[run.eval]
comand = "true"
after = ["eval"]
"""
    (folder / "broken.toml").write_text(text)
    plan = plan_of(Home(str(folder / "home")), str(folder / "broken.toml"), [])
    assert [(each.line, each.what.split(":")[0].split(" ")[0]) for each in plan.mistakes] == [
        (2, "run.train.command"),
        (3, "run.train"),
        (4, "run.train"),
        (5, "run.train.after"),
        (7, "run.eval"),
        (8, "run.eval"),
    ]
