"""A breaker in an agent: it holds back from what is down, says so, lets one try, and outlives the process."""

import re
import signal
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.sdk.attempts import Folder
from tests.sdk.inline import Inline
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process


def caller(folder: Path, reset: float, kind: str = "each") -> Inline:
    """Calls what is down while the file `down` is there; COUNT items, each with one call."""
    return Inline(
        folder,
        f"""
        def call(item: int) -> int:
            down = (HERE / "down").exists()
            did(f"{{'failed' if down else 'called'}} {{item}}")
            if down:
                raise ConnectionError("refused")
            return item

        def main(run: Run) -> object:
            out = run.artifact("out.txt")

            def guarded_call(item: int) -> int:
                with run.breaker("api", failures=3, reset={reset}):
                    return call(item)

            async def guarded_call_async(item: int) -> int:
                async with run.breaker("api", failures=3, reset={reset}):
                    await asyncio.sleep(0.001)
                    return call(item)

            async def main_async() -> None:
                if "{kind}" == "aeach":
                    async for guarded in run.aeach(range(20), guard=True):
                        with guarded as item:
                            out.write(f"{{await guarded_call_async(item)}}\\n")
                else:
                    async for item, _ in run.amap(guarded_call_async, range(20), workers=4):
                        out.write(f"{{item}}\\n")

            if "{kind}" in ("aeach", "amap"):
                return main_async()
            if "{kind}" == "map":
                for item, _ in run.map(guarded_call, range(20), workers=4):
                    out.write(f"{{item}}\\n")
                return None
            for guarded in run.each(range(20), guard=True):
                with guarded as item:
                    out.write(f"{{guarded_call(item)}}\\n")
        """,
    )


SAID = "api failed 3 times in a row, waiting"


def waits(folder: Folder, said: str = re.escape(SAID)) -> dict[str, Any]:
    """The heartbeat's wait as soon as the newest attempt announces it."""

    def announced() -> dict[str, Any] | None:
        beat = folder.record("heartbeat.json")
        waiting = beat.get("waiting") or {}
        current = beat.get("attempt") == folder.attempts
        return waiting if current and re.fullmatch(said, waiting.get("for", "")) else None

    return eventually(announced)


@pytest.mark.parametrize("kind", ["each", "aeach"])
def test_after_so_many_failures_it_waits_says_so_and_remembers_it(folder: Folder, tmp_path: Path, kind: str) -> None:
    agent = caller(tmp_path / "agent", reset=3600, kind=kind)
    (agent.folder / "down").touch()
    process = folder.start(agent.command())
    until = waits(folder)["until"]
    folder.when(status="running", message=SAID, processed_items=3, failed_items=3)
    assert agent.did() == ["failed 0", "failed 1", "failed 2"]
    process.kill()
    process.communicate()
    (agent.folder / "down").unlink()
    process = folder.start(agent.command())
    # The same wait, not a new one.
    again = waits(folder)["until"]
    assert abs(seconds(again) - seconds(until)) < 2
    process.send_signal(signal.SIGTSTP)
    folder.when(status="paused")
    process.send_signal(signal.SIGCONT)
    folder.when(status="running", message=SAID)
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 75
    assert folder.record("heartbeat.json")["waiting"] is None
    assert len(agent.did()) == 3


def seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def test_one_try_that_fails_opens_it_again_and_one_that_succeeds_closes_it(folder: Folder, tmp_path: Path) -> None:
    agent = caller(tmp_path / "agent", reset=1.2)
    (agent.folder / "down").touch()
    process = folder.start(agent.command())
    waits(folder)
    waits(folder, "api failed 4 times in a row, waiting")
    assert agent.did() == ["failed 0", "failed 1", "failed 2", "failed 3"]
    (agent.folder / "down").unlink()
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert agent.did()[4:] == [f"called {item}" for item in range(4, 20)]
    assert folder.record("checkpoint.json")["kept"]["breaker:api"] == {"failures": 0, "opened_at": None}
    assert folder.progress["message"] is None


@pytest.mark.parametrize("kind", ["map", "amap"])
def test_beside_each_other_only_one_tries(folder: Folder, tmp_path: Path, kind: str) -> None:
    agent = caller(tmp_path / "agent", reset=1.2, kind=kind)
    (agent.folder / "down").touch()
    process = folder.start(agent.command())
    # Those that had passed before it opened fail, too.
    eventually(lambda: len(agent.did()) >= 3)
    waits(folder, r"api failed [34] times in a row, waiting")
    before = len(agent.did())
    assert before <= 4
    eventually(lambda: len(agent.did()) == before + 1, message="one try")
    (agent.folder / "down").unlink()
    process.communicate(timeout=30)
    assert process.returncode == 0
    called = [line for line in agent.did() if line.startswith("called")]
    assert len(agent.did()) == 20
    assert folder.artifact("out.txt").splitlines() == [str(item) for item in range(20) if f"called {item}" in called]


@pytest.mark.parametrize("kind", ["map", "amap"])
def test_a_stop_is_heard_by_all_that_wait(folder: Folder, tmp_path: Path, kind: str) -> None:
    agent = caller(tmp_path / "agent", reset=3600, kind=kind)
    (agent.folder / "down").touch()
    process = folder.start(agent.command())
    eventually(lambda: folder.record("heartbeat.json").get("waiting"))
    process.terminate()
    process.communicate(timeout=6)
    assert process.returncode == 75
    assert folder.progress["status"] == "interrupted"
    done = folder.progress["processed_items"]
    assert len(agent.did()) == done


def test_a_stop_or_the_end_of_the_process_is_no_failure_of_what_was_called(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            for item in run.each("a"):
                with run.breaker("api", failures=1):
                    meet("inside")
                    run.check()
        """,
    )
    process = folder.start(agent.command())
    eventually(lambda: agent.reached("inside"))
    process.terminate()
    agent.let_go("inside")
    process.communicate(timeout=20)
    assert process.returncode == 75
    assert "breaker:api" not in folder.record("checkpoint.json")["kept"]


@pytest.mark.parametrize("words", ["failures=0", "reset=0", "reset=float('nan')", "failures=-1"])
def test_a_breaker_that_cannot_be_is_refused(folder: Folder, tmp_path: Path, words: str) -> None:
    agent = Inline(
        tmp_path / "agent",
        f"""
        def main(run: Run) -> None:
            run.breaker("api", {words})
        """,
    )
    process = folder.start(agent.command())
    _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert said.startswith("overnight: breaker('api', ")
