"""Every block of the author's guide is executed, in their order, and its agents are hurt while they work."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.table import put_between
from tests.command import PYTHON, launched, listed, overnight, when, when_ended
from tests.readme.blocks import ROOT, Page, run_commands
from tests.stories.scenes import agent_pid, directory, only_run, processed, record, when_attempt, when_processed
from tests.waiting import eventually

GUIDE = Page("agents/README.md")
PROMPTS = [f"question {number}" for number in range(1, 81)]
pytestmark = pytest.mark.leaves_no_process


@pytest.fixture
def written(home: Path, tmp_path: Path) -> Path:
    """A folder with the guide's files, for a home of its own."""
    folder = tmp_path / "guide"
    folder.mkdir()
    GUIDE.write_files(folder)
    return folder


def artifact(run: str, name: str) -> str:
    return (directory(run) / "artifacts" / name).read_text()


def counters(run: str) -> dict[str, Any]:
    return dict(record(run, "progress.json")["counters"])


def assert_completed(run: str, processed_items: int) -> None:
    ended = when_ended(run)
    assert (ended["status"], ended["processed_items"], ended["failed_items"]) == ("completed", processed_items, 0)


def kill(run: str) -> None:
    os.kill(agent_pid(run), signal.SIGKILL)


def launch(folder: Path, *command: str, retries: int = 2) -> str:
    return launched("--retries", str(retries), "--", PYTHON, *command, cwd=folder)


# ---- the page


@pytest.mark.timeout(180)
def test_every_block_does_what_it_says(written: Path) -> None:
    said = run_commands(GUIDE.blocks, written, 170)
    runs = {each["name"]: each for each in json.loads(overnight("ls", "--json").stdout)}
    assert {name: run["status"] for name, run in runs.items()} == dict.fromkeys(
        ("squares", "words", "double", "pages", "llm", "scale"), "completed"
    )
    assert re.search(r"^200 .*/artifacts/squares\.txt$", said, re.MULTILINE)
    assert "ValueError: invalid literal" in said
    assert "twice 5 is 10\ntwice 0x4 is 8\n" in said
    assert "the agent's source changed: double.py" in overnight("show", "double").stdout
    assert re.search(r"budget: 0\.0[56]\d* of 0\.05 usd used", said)
    assert " 429 " in (written / "requests").read_text()
    assert artifact(runs["words"]["id"], "longest.json") == '{"file": "8.txt", "words": 8}'
    for run in runs.values():
        assert_only_what_is_listed(Path(run["directory"]))


def assert_only_what_is_listed(run: Path) -> None:
    """No file and no field of a log's line that the guide does not name."""
    section = GUIDE.text.partition("## The files")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([\w.-]+)/?`", section))
    assert {path.name for path in run.iterdir()} - {"lock"} <= named
    for line in (run / "checkpoint.log").read_bytes().splitlines():
        assert json.loads(line[9:]).keys() - {"version"} <= named, line


def test_the_blocks_are_typed(written: Path) -> None:
    files = [path.name for path in GUIDE.write_files(written)]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), *files],
        cwd=written,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_is_a_place_for_the_figures() -> None:
    assert put_between(GUIDE.text, "figures")


def test_every_file_that_the_guide_links_to_is_there() -> None:
    assert not GUIDE.broken_links()


# ---- its agents, hurt


def test_started_again_by_hand_the_squares_are_whole(written: Path) -> None:
    command = [PYTHON, "squares.py"]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=written, **quiet)  # type: ignore[call-overload]
    run = only_run()
    done = when_processed(run, 20)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert done < 200
    assert subprocess.run(command, cwd=written, check=False, **quiet).returncode == 0  # type: ignore[call-overload]
    assert_completed(run, 200)
    assert artifact(run, "squares.txt") == "".join(f"{number * number}\n" for number in range(200))


def test_of_texts_that_changed_meanwhile_only_what_is_different_is_counted_again(written: Path) -> None:
    texts = written / "texts"
    texts.mkdir()
    for name in "abcdefg":
        (texts / name).write_text("word " * (ord(name) - ord("a") + 1))
    (texts / "e").unlink()
    os.mkfifo(texts / "e")  # whoever reads it waits
    run = launch(written, "words.py", "texts", retries=0)
    eventually(lambda: record(run, "progress.json").get("current_item") == "e")
    kill(run)
    assert when_ended(run)["status"] == "failed"
    (texts / "aa").write_text("new " * 20)
    (texts / "b").write_text("changed " * 30)
    (texts / "c").unlink()
    (texts / "e").unlink()
    (texts / "e").write_text("word " * 5)
    assert overnight("retry", run).returncode == 0
    when_attempt(run, 2)
    assert_completed(run, 7)
    assert record(run, "progress.json")["message"] == "the source changed: 1 new, 1 changed, 1 gone"
    rows = [json.loads(line) for line in artifact(run, "words.jsonl").splitlines()]
    assert [row["file"] for row in rows] == ["a", "b", "c", "d", "aa", "b", "e", "f", "g"]
    assert counters(run) == {"words": sum(row["words"] for row in rows)}


def test_killed_in_each_phase_the_pages_are_whole(written: Path) -> None:
    run = launch(written, "pages.py")
    when_processed(run, 10)
    kill(run)
    when_attempt(run, 2)
    when_processed(run, 70)
    kill(run)
    assert_completed(run, 120)
    index = artifact(run, "index.txt").splitlines()
    assert [line.rpartition(" ")[0] for line in index] == [f"page {number}" for number in range(60)]
    folder = directory(run)
    fetched = {path.name: path.read_text() for path in (folder / "artifacts").glob("*.html")}
    assert fetched == {f"page {number}.html": f"<h1>page {number}</h1>" for number in range(60)}
    steps = [line for line in (folder / "checkpoint.log").read_text().splitlines() if '"step"' in line]
    assert len(steps) == 1, "the list is remembered"


def test_killed_twice_the_model_has_answered_each_question_once(written: Path) -> None:
    (written / "questions.jsonl").write_text("".join(json.dumps({"prompt": prompt}) + "\n" for prompt in PROMPTS))
    with the_model(written) as url:
        run = launch(written, "llm.py", url)
        for attempt, done in (1, 10), (2, 25):
            when_attempt(run, attempt)
            when_processed(run, done)
            kill(run)
        paused = when(run, "paused")
        assert 50 <= paused["processed_items"] < 80
        assert overnight("resume", run).returncode == 0
        assert_completed(run, 80)
    answers = [json.loads(line) for line in artifact(run, "answers.jsonl").splitlines()]
    assert [(answer["prompt"], answer["text"]) for answer in answers] == [(each, each.upper()) for each in PROMPTS]
    assert counters(run) == {"tokens": sum(map(len, PROMPTS)), "usd": pytest.approx(0.08)}


@contextmanager
def the_model(folder: Path) -> Iterator[str]:
    """The address of a running `model.py`."""
    command = [PYTHON, "model.py"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as model:
        try:
            assert model.stdout is not None
            yield model.stdout.readline().strip()
        finally:
            model.kill()


def test_stopped_while_the_scale_settles_the_item_is_left_undone(written: Path) -> None:
    run = launch(written, "scale.py")
    when_waiting(run, "the scale settles")
    assert overnight("cancel", run, "--timeout", "10").returncode == 0
    assert when_ended(run)["status"] == "cancelled"
    assert processed(run) == 0
    assert not (directory(run) / "artifacts" / "weights.txt").exists()
    assert overnight("retry", run).returncode == 0
    when_waiting(run, "the scale settles")
    assert overnight("pause", run, "--timeout", "10").returncode == 0
    assert (listed(run)["status"], processed(run)) == ("paused", 0)
    assert overnight("resume", run).returncode == 0
    assert_completed(run, 2)
    assert artifact(run, "weights.txt") == "iron: 4 g\nlead: 4 g\n"
    assert "iron: weighed" in (directory(run) / "output.log").read_text()


def when_waiting(run: str, reason: str) -> None:
    eventually(lambda: (record(run, "heartbeat.json").get("waiting") or {}).get("for") == reason, message=reason)
