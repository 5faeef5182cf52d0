"""Budgets: a run that has used what it was given pauses until somebody gives it more, or fails; over all attempts."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from overnight.agents.budget import Limit, exceeded, raised
from overnight.state import control
from overnight.state.home import Home
from overnight.state.kept import KeptLimit, kept_in
from overnight.state.records import Verb
from tests.command import launched, overnight, when, when_ended
from tests.sdk.attempts import Folder
from tests.sdk.inline import Inline
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process


def spender(folder: Path, limits: str, count: int = 60, before: str = "") -> Inline:
    """Each item counts 10 tokens and half a dollar, and takes 10 ms."""
    return Inline(
        folder,
        f"""
        def main(run: Run) -> None:
            {before}
            run.budget({limits})
            out = run.artifact("out.txt")
            for item in run.each(range({count})):
                out.write(f"{{item}}\\n")
                run.count(tokens=10, usd=0.5)
                time.sleep(0.01)
        """,
    )


def lines(count: int) -> str:
    return "".join(f"{item}\n" for item in range(count))


PAUSED_AT_100 = "budget: 100 of 100 tokens used; resume grants the same again"


def test_a_limit_pauses_at_the_item_edge_with_everything_safe_and_sigcont_grants_the_same_again(
    folder: Folder, tmp_path: Path
) -> None:
    process = folder.start(spender(tmp_path / "agent", "tokens=100").command())
    said = folder.when(status="paused")
    assert (said["processed_items"], said["message"], said["counters"]["tokens"]) == (10, PAUSED_AT_100, 100)
    assert folder.record("checkpoint.json")["loops"][0]["watermark"] == 10
    beat = folder.record("heartbeat.json")["last_heartbeat"]
    eventually(lambda: folder.record("heartbeat.json")["last_heartbeat"] != beat)
    assert folder.artifact("out.txt") == lines(10)
    process.send_signal(signal.SIGCONT)
    said = folder.when(status="paused", processed_items=20)
    assert said["message"] == "budget: 200 of 200 tokens used; resume grants the same again"
    # A pause is no time to work in.
    assert said["active_seconds"] < folder.record("heartbeat.json")["uptime_seconds"]
    process.send_signal(signal.SIGCONT)
    folder.when(status="running", message=None)
    process.kill()
    process.communicate()


def test_what_it_may_use_is_on_record_for_whoever_looks(folder: Folder, tmp_path: Path) -> None:
    process = folder.start(spender(tmp_path / "agent", "tokens=100, usd=50").command())
    folder.when(status="paused")
    limits = (KeptLimit("tokens", 100.0, "pause"), KeptLimit("usd", 50.0, "pause"))
    assert kept_in(folder.record("checkpoint.json"), 1).limits == limits
    process.send_signal(signal.SIGCONT)
    folder.when(status="paused", processed_items=20)
    assert kept_in(folder.record("checkpoint.json"), 1).limits[0] == KeptLimit("tokens", 200.0, "pause")
    process.kill()
    process.communicate()


def test_what_was_granted_and_what_was_not_outlives_a_kill(folder: Folder, tmp_path: Path) -> None:
    command = spender(tmp_path / "agent", "tokens=100").command()
    process = folder.start(command)
    folder.when(status="paused", processed_items=10)
    process.kill()
    process.communicate()
    process = folder.start(command)
    folder.when(status="paused", processed_items=10, message=PAUSED_AT_100)
    process.send_signal(signal.SIGCONT)
    folder.when_processed(12)
    process.kill()
    process.communicate()
    process = folder.start(command)
    folder.when(
        status="paused",
        processed_items=20,
        message="budget: 200 of 200 tokens used; resume grants the same again",
    )
    for paused_at in (30, 40, 50):
        process.send_signal(signal.SIGCONT)
        folder.when(status="paused", processed_items=paused_at)
    process.send_signal(signal.SIGCONT)
    process.communicate(timeout=20)
    # Reached by the last item: there is nothing that it could be paused before.
    assert process.returncode == 0
    assert folder.artifact("out.txt") == lines(60)
    assert folder.progress["counters"] == {"tokens": 600, "usd": 30}


def test_an_operators_pause_and_the_budgets_end_together(folder: Folder, tmp_path: Path) -> None:
    process = folder.start(spender(tmp_path / "agent", "tokens=100").command())
    folder.when(status="paused", processed_items=10)
    number = folder.ask(Verb.PAUSE)
    process.send_signal(signal.SIGTSTP)
    folder.when(status="paused", acknowledged=number, message=PAUSED_AT_100)
    number = folder.ask(Verb.RESUME)
    process.send_signal(signal.SIGCONT)
    folder.when(status="paused", acknowledged=number, processed_items=20)
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 75


def test_a_resume_before_the_limit_is_reached_grants_nothing(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            run.budget(tokens=20)
            for item in run.each(range(20)):
                run.count(tokens=10)
                if item == 1:
                    meet("second")
        """,
    )
    process = folder.start(agent.command())
    eventually(lambda: agent.reached("second"))
    for verb, number in ((Verb.PAUSE, signal.SIGTSTP), (Verb.RESUME, signal.SIGCONT)):
        folder.ask(verb)
        process.send_signal(number)
    agent.let_go("second")
    folder.when(status="paused", processed_items=2, acknowledged=2)
    beat = folder.record("heartbeat.json")["last_heartbeat"]
    eventually(lambda: folder.record("heartbeat.json")["last_heartbeat"] != beat)
    assert folder.progress["processed_items"] == 2
    process.kill()
    process.communicate()


def test_each_limit_that_is_reached_is_asked_for_by_itself(folder: Folder, tmp_path: Path) -> None:
    process = folder.start(spender(tmp_path / "agent", "tokens=100, usd=5").command())
    folder.when(status="paused", processed_items=10, message=PAUSED_AT_100)
    process.send_signal(signal.SIGCONT)
    folder.when(status="paused", processed_items=10, message="budget: 5 of 5 usd used; resume grants the same again")
    process.send_signal(signal.SIGCONT)
    folder.when(status="paused", processed_items=20)
    process.kill()
    process.communicate()


@pytest.mark.parametrize("command", ["resume", "cancel", "kill"])
def test_a_supervised_run_that_its_budget_has_paused_is_steered_as_any_other(
    home: Path, tmp_path: Path, command: str
) -> None:
    run = launched("--name", "spends", "--retries", "1", "--", *spender(tmp_path / "agent", "tokens=300").command())
    row = when(run, "paused")
    assert row["processed_items"] == 30
    shown = overnight("show", run).stdout
    assert "budget: 300 of 300 tokens used; resume grants the same again" in shown
    if command == "kill":
        # Somebody else's: the supervisor starts it again, and it stands where it stood.
        os.kill(row["pid"], signal.SIGKILL)
        eventually(lambda: when(run, "paused")["attempt"] == 2)
        assert when(run, "paused")["processed_items"] == 30
        command = "resume"
    done = overnight(command, run)
    assert done.returncode == 0, done.stderr
    row = when_ended(run)
    assert (row["outcome"], row["processed_items"]) == (("completed", 60) if command == "resume" else ("cancelled", 30))


def test_a_limit_that_shall_fail_the_run_ends_it_with_one_clear_reason(folder: Folder, tmp_path: Path) -> None:
    process = folder.start(spender(tmp_path / "agent", "tokens=100, on='fail'").command())
    _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert re.sub(r"line \d+", "line N", said) == (
        "overnight: budget: 100 of 100 tokens used (agent.py, line N). "
        "What is finished is kept. Raise the limit, then `overnight retry`.\n"
    )
    assert (folder.progress["status"], folder.progress["message"]) == (
        "failed",
        "BudgetExceeded: budget: 100 of 100 tokens used",
    )
    assert folder.artifact("out.txt") == lines(10)
    assert folder.finish(spender(tmp_path / "more", "tokens=1000, on='fail'").command()) == 0
    assert folder.artifact("out.txt") == lines(60)


def test_a_limit_that_the_last_item_reaches_holds_nothing_up(folder: Folder, tmp_path: Path) -> None:
    agent = spender(tmp_path / "agent", "tokens=100, on='fail'", count=10)
    for _ in range(2):
        assert folder.finish(agent.command()) == 0
    assert folder.progress["counters"]["tokens"] == 100


def test_a_limit_that_was_raised_by_the_author_holds_beside_what_was_granted(folder: Folder, tmp_path: Path) -> None:
    process = folder.start(spender(tmp_path / "agent", "tokens=100").command())
    folder.when(status="paused", processed_items=10)
    process.send_signal(signal.SIGCONT)
    folder.when(status="paused", processed_items=20)
    process.kill()
    process.communicate()
    process = folder.start(spender(tmp_path / "more", "tokens=400").command())
    folder.when(status="paused", processed_items=40)
    process.kill()
    process.communicate()


def test_time_is_active_time_of_all_attempts(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            run.budget(time=1.5)
            for item in run.each(range(1000)):
                time.sleep(0.05)
        """,
    )
    process = folder.start(agent.command())
    folder.when_processed(5)
    process.send_signal(signal.SIGTSTP)
    folder.when(status="paused", message=None)
    # Longer than the whole budget: a pause does not use it up.
    paused = time.monotonic()
    eventually(lambda: time.monotonic() - paused > 2)
    process.send_signal(signal.SIGCONT)
    folder.when_processed(10)
    process.terminate()
    process.communicate(timeout=20)
    used = folder.record("checkpoint.json")["active_seconds"]
    assert 0.5 <= used < 1.5
    process = folder.start(agent.command())
    said = folder.when(status="paused")
    assert re.fullmatch(r"budget: 1\.[5-9]. of 1\.50 seconds used; resume grants the same again", said["message"])
    # The first attempt's part of it was not given again.
    assert said["active_seconds"] + used < 2
    assert 10 < said["processed_items"] <= 31
    process.kill()
    process.communicate()


def test_a_loop_without_commits_is_paused_by_time(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            run.budget(time=0.5)
            for item in run.each(range(100_000), durable=False):
                time.sleep(0.001)
        """,
    )
    process = folder.start(agent.command())
    said = folder.when(status="paused")
    assert said["message"].startswith("budget: 0.5")
    assert 0 < said["processed_items"] < 100_000
    process.send_signal(signal.SIGCONT)
    folder.when(status="running")
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 75


@pytest.mark.parametrize("kind", ["map", "amap"])
@pytest.mark.parametrize("on", ["pause", "fail"])
def test_what_is_in_flight_is_finished_and_paid_for_first(folder: Folder, tmp_path: Path, kind: str, on: str) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> object:
            run.budget(usd=5, on=sys.argv[2])
            out = run.artifact("out.txt")

            def ask(item: int) -> int:
                time.sleep(0.02)
                did(item)
                return item

            async def ask_async(item: int) -> int:
                await asyncio.sleep(0.02)
                did(item)
                return item

            async def asks() -> None:
                async for item, _ in run.amap(ask_async, range(60), workers=4):
                    out.write(f"{item}\\n")
                    run.count(usd=1)

            if sys.argv[1] == "amap":
                return asks()
            for item, _ in run.map(ask, range(60), workers=4):
                out.write(f"{item}\\n")
                run.count(usd=1)
        """,
    )
    process = folder.start(agent.command(kind, on))
    said = folder.when(status="paused" if on == "pause" else "failed")
    done = said["processed_items"]
    # At most two items for each worker were on their way.
    assert 5 <= done <= 5 + 2 * 4
    assert said["counters"]["usd"] == done
    assert folder.artifact("out.txt") == lines(done)
    assert sorted(map(int, agent.did())) == list(range(done))
    if on == "pause":
        process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == (75 if on == "pause" else 1)


@pytest.mark.parametrize(
    ("limits", "complaint"),
    [
        ("tokens=0", "budget(tokens=0)"),
        ("usd=-1", "budget(usd=-1)"),
        ("usd=float('nan')", "budget(usd=nan)"),
        ("usd='5'", "budget(usd='5')"),
        ("usd=5, on='stop'", "budget(on='stop')"),
    ],
)
def test_a_limit_that_is_none_is_refused(folder: Folder, tmp_path: Path, limits: str, complaint: str) -> None:
    process = folder.start(spender(tmp_path / "agent", limits).command())
    _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert complaint in said


@pytest.mark.parametrize("value", ["float('inf')", "float('nan')", "'ten'", "None"])
def test_what_is_no_number_is_not_counted(folder: Folder, tmp_path: Path, value: str) -> None:
    agent = Inline(
        tmp_path / "agent",
        f"""
        from decimal import Decimal
        from fractions import Fraction

        def main(run: Run) -> None:
            for item in run.each("ab"):
                run.count(good=Decimal("0.25"), whole=True, part=Fraction(1, 2))
                if item == "b":
                    run.count(tokens={value})
        """,
    )
    process = folder.start(agent.command())
    _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "count(tokens=" in said
    assert folder.progress["counters"] == {"good": 0.25, "whole": 1, "part": 0.5}


def test_ctrl_z_and_fg_give_the_shell_back_and_grant_nothing(home: Path, tmp_path: Path) -> None:
    command = spender(tmp_path / "agent", "tokens=100").command()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        run = eventually(lambda: next(iter(Home(str(home)).runs()), None))
        folder = Path(run.path)

        def paused_with(items: int) -> bool:
            said = Inline.record(folder / "progress.json")
            return (said.get("status"), said.get("processed_items")) == ("paused", items)

        eventually(lambda: paused_with(10))
        process.send_signal(signal.SIGTSTP)
        eventually(lambda: state_of(process.pid) == "T")
        process.send_signal(signal.SIGCONT)
        eventually(lambda: state_of(process.pid) != "T")
        beat = Inline.record(folder / "heartbeat.json")["last_heartbeat"]
        eventually(lambda: Inline.record(folder / "heartbeat.json")["last_heartbeat"] != beat)
        assert paused_with(10)
        control.ask(run, Verb.RESUME)
        eventually(lambda: paused_with(20))
        process.terminate()


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.parametrize(
    ("used", "granted", "reached"),
    [
        ({"usd": 4}, {}, None),
        ({"usd": 5}, {}, Limit("usd", 5, "pause")),
        ({"usd": 9}, {"usd": 10}, None),
        ({"usd": 10}, {"usd": 10}, Limit("usd", 10, "pause")),
        ({"usd": 4}, {"usd": 3}, None),
        ({"usd": 1, "tokens": 7}, {"tokens": 100}, Limit("tokens", 7, "fail")),
    ],
)
def test_the_first_limit_that_is_reached(
    used: Mapping[str, float], granted: dict[str, float], reached: Limit | None
) -> None:
    limits = {"usd": Limit("usd", 5, "pause"), "tokens": Limit("tokens", 7, "fail")}
    assert exceeded(limits, lambda name: used.get(name, 0), granted) == reached


@pytest.mark.parametrize(("used", "most"), [(5, 10), (9.9, 10), (10, 15), (1e12 + 1, 1e12 + 5)])
def test_a_grant_reaches_beyond_what_was_used(used: float, most: float) -> None:
    assert raised(Limit("usd", 5, "pause"), 5, used) == most


def test_each_grant_adds_the_same(folder: Folder) -> None:
    limit: Any = Limit("usd", 5, "pause")
    for most in (10, 15, 20):
        limit = limit._replace(most=raised(limit, 5, limit.most))
        assert limit.most == most
