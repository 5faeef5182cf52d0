"""Waits that real agents announce: they are no work, wherever they happen, and the time left knows of them."""

import signal
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.sdk.attempts import Folder
from tests.sdk.inline import Inline
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process

WAIT = 1.6
"""Seconds; announced because it is longer than a beat."""
KINDS = {
    "each": f"""
        def main(run: Run) -> None:
            for item in run.each("abcde"):
                if item == "b":
                    run.sleep({WAIT}, "the quota opens at six")
                time.sleep(0.01)
        """,
    "tasks": f"""
        async def main(run: Run) -> None:
            async for item in run.aeach("abcde"):
                if item == "b":
                    await run.asleep({WAIT}, "the quota opens at six")
                time.sleep(0.01)
        """,
    "workers": f"""
        def main(run: Run) -> None:
            def work(item: str) -> None:
                if item == "b":
                    run.sleep({WAIT}, "the quota opens at six")
            for _ in run.map(work, "abcde", workers=2):
                pass
        """,
    "retry": f"""
        tried = []

        def main(run: Run) -> None:
            def work(item: str) -> None:
                if item == "b" and not tried:
                    tried.append(item)
                    raise Transient("busy", retry_after={WAIT})
            for item in run.each("abcde"):
                run.retrying(Retry(tries=2, first=0))(work, item)
        """,
    "retries": f"""
        tried = []

        def main(run: Run) -> None:
            def work(item: str) -> None:
                if item == "b" and not tried:
                    tried.append(item)
                    raise Transient("busy", retry_after={WAIT})
            for _ in run.map(work, "abcde", workers=2, retry=Retry(tries=2, first=0)):
                pass
        """,
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_announced_wait_is_no_work(folder: Folder, tmp_path: Path, kind: str) -> None:
    process = folder.start(Inline(tmp_path / "agent", KINDS[kind]).command())
    eventually(lambda: folder.record("heartbeat.json").get("waiting"))
    process.communicate(timeout=20)
    assert process.returncode == 0
    told, lived = folder.progress, folder.record("heartbeat.json")["uptime_seconds"]
    assert told["processed_items"] == 5
    assert lived >= WAIT
    assert told["active_seconds"] <= lived - WAIT + 0.4


@pytest.mark.parametrize("kind", ["each", "workers"])
def test_the_item_in_which_it_waits_took_as_long_as_it_was_worked_at(folder: Folder, tmp_path: Path, kind: str) -> None:
    assert folder.finish(Inline(tmp_path / "agent", KINDS[kind]).command()) == 0
    assert folder.progress["item_seconds"]["longest"] < WAIT / 2


def test_the_time_of_completion_knows_of_the_wait_and_the_estimate_leaves_it_to_the_reader(
    folder: Folder, tmp_path: Path
) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            for item in run.each(range(50)):
                if item == 30:
                    run.sleep(400, "the quota opens at six")
                time.sleep(0.08)
        """,
    )
    process = folder.start(agent.command())
    told: dict[str, Any] = folder.when(processed_items=30, message="the quota opens at six")
    waiting = folder.record("heartbeat.json")["waiting"]
    completion, until = (datetime.fromisoformat(text) for text in (told["estimated_completion"], waiting["until"]))
    assert told["estimate"]["likely"] < 20
    assert abs((completion - until).total_seconds() - told["estimate"]["likely"]) < 1
    process.terminate()
    process.communicate(timeout=20)


LONG_WAITS = {
    "each": """
        def main(run: Run) -> None:
            for item in run.each("a"):
                run.sleep(600, "the quota opens at six")
        """,
    "workers": """
        def main(run: Run) -> None:
            def work(item: str) -> None:
                run.sleep(600, "the quota opens at six")
            for _ in run.map(work, "a", workers=2):
                pass
        """,
    "tasks": """
        async def main(run: Run) -> None:
            async def work(item: str) -> None:
                await run.asleep(600, "the quota opens at six")
            async for _ in run.amap(work, "a", workers=2):
                pass
        """,
}


@pytest.mark.parametrize("kind", LONG_WAITS)
def test_a_pause_puts_off_the_end_of_a_wait_and_what_was_announced_of_it(
    folder: Folder, tmp_path: Path, kind: str
) -> None:
    process = folder.start(Inline(tmp_path / "agent", LONG_WAITS[kind]).command())
    until = eventually(lambda: _until(folder))
    process.send_signal(signal.SIGTSTP)
    folder.when(status="paused")
    paused = time.monotonic()
    eventually(lambda: time.monotonic() - paused > 1.5)
    process.send_signal(signal.SIGCONT)
    eventually(lambda: _until(folder) > until + 1)
    process.terminate()
    process.communicate(timeout=20)


def _until(folder: Folder) -> float:
    """When its wait ends as it has announced; 0 = it has announced none."""
    waiting = folder.record("heartbeat.json").get("waiting")
    return datetime.fromisoformat(waiting["until"]).timestamp() if waiting else 0.0
