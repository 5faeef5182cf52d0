"""Single words of a run, said by real agents: log, keys, phases of time, sections that nothing interrupts."""

import re
import signal
import time
from datetime import datetime
from pathlib import Path

import pexpect
import pyte
import pytest

from tests.command import launched, overnight, when_ended
from tests.sdk.attempts import Folder
from tests.sdk.inline import Inline
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process

STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}"


# ---- log


LOGS = """
def main(run: Run) -> object:
    run.log("begins")
    for item in run.each("a"):
        run.log(f"works \\\\udc80 on {item}")
        run.step("inside", lambda: run.log("a step"))
    for item, _ in run.map(lambda item: run.log("in a thread"), "b"):
        run.log("done")
    run.log("ends")
"""


def test_what_is_logged_stands_in_the_log_with_time_and_item_and_is_the_message(home: Path, tmp_path: Path) -> None:
    run = launched("--name", "logs", "--", *Inline(tmp_path / "agent", LOGS).command())
    when_ended(run)
    said = overnight("logs", run).stdout
    assert [re.sub(f"^{STAMP}", "TIME", line) for line in said.splitlines()] == [
        "TIME begins",
        "TIME a: works \\udc80 on a",
        "TIME a: a step",
        "TIME b: in a thread",
        "TIME b: done",
        "TIME ends",
    ]
    assert re.search(r"message +ends\n", overnight("show", run).stdout)


def test_the_newest_line_is_the_message_at_once(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            for item in run.each("ab"):
                time.sleep(1.5)
                run.log(f"at {item}")
                meet(item)
        """,
    )
    process = folder.start(agent.command())
    for item in "ab":
        eventually(lambda item=item: agent.reached(item))  # type: ignore[misc]
        folder.when(message=f"at {item}", timeout=0.8)
        agent.let_go(item)
    process.communicate(timeout=20)
    assert process.returncode == 0


@pytest.mark.parametrize("output", ["exec >/dev/full", "exec >&-", "exec > >(:); wait $!", "closed"])
def test_a_log_that_cannot_be_written_harms_no_run(folder: Folder, tmp_path: Path, output: str) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            if sys.argv[1] == "closed":
                sys.stdout.close()
            for item in run.each(range(20)):
                run.log(f"works on {item}")
        """,
    )
    command = " ".join(agent.command("closed" if output == "closed" else "open"))
    process = folder.start(["bash", "-c", f"{output if output != 'closed' else ':'}; exec {command}"])
    _, said = process.communicate(timeout=20)
    assert process.returncode == 0, said
    assert folder.progress["message"] == "works on 19"


def test_by_hand_lines_of_the_log_stand_above_the_line_of_progress(home: Path, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            for item in run.each(range(30), unit="things"):
                time.sleep(0.1)
                if item % 5 == 4:
                    run.log("some words")
        """,
    )
    screen = pyte.Screen(100, 30)
    stream = pyte.ByteStream(screen)
    child: pexpect.spawn[bytes] = pexpect.spawn(
        agent.command()[0], agent.command()[1:], dimensions=(30, 100), timeout=30
    )
    while True:
        try:
            stream.feed(child.read_nonblocking(4096))
        except pexpect.EOF:
            break
    child.close()
    shown = [line.rstrip() for line in screen.display if line.strip()]
    assert child.exitstatus == 0
    logged = [line for line in shown if "some words" in line and "things" not in line]
    assert len(logged) == 6
    for line, item in zip(logged, range(4, 30, 5), strict=True):
        assert re.fullmatch(f"{STAMP} {item}: some words", line), shown
    # Nothing is left of the line but the last words that take its place.
    rest = "".join(line for line in shown if line not in logged)
    assert rest.startswith("agent: completed, 30 things done; ")
    assert "%" not in rest


# ---- keys for services that drop what they have had


def test_a_key_is_the_same_in_each_attempt_and_another_for_each_item(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            keys = run.artifact("keys.txt")
            did(run.idempotency_key("refund"))
            for _ in range(2):
                for item in run.each("ab", version=lambda item: 1):
                    did(run.idempotency_key())
                    assert run.idempotency_key("refund") == run.idempotency_key("refund")
                    if len(sys.argv) > 1:
                        os.kill(os.getpid(), signal.SIGKILL)
            for item, key in run.map(lambda item: run.idempotency_key(), "abcdefgh", workers=4):
                did(key)
        """,
    )
    assert folder.finish(agent.command("die")) == -signal.SIGKILL
    assert folder.finish(agent.command()) == 0
    keys = agent.did()
    assert keys[:2] == keys[2:4]
    own = keys[2:]
    # The second loop's items are others.
    assert len(own) == len(set(own)) == 1 + 4 + 8
    assert all(re.fullmatch("[0-9a-f]{32}", key) for key in keys)
    other = Folder(folder.path.parent / "agent-000002")
    other.finish(agent.command())
    assert not set(agent.did()[len(keys) :]) & set(keys)


def test_without_an_item_there_is_no_key_of_its_own(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(tmp_path / "agent", "def main(run: Run) -> None:\n    run.idempotency_key()\n")
    process = folder.start(agent.command())
    _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert said.startswith("overnight: run.idempotency_key() outside of a loop")


# ---- sections that nothing interrupts


@pytest.mark.parametrize("kind", ["plain", "tasks"])
def test_inside_of_a_critical_section_nothing_is_obeyed_and_right_after_it_is(
    folder: Folder, tmp_path: Path, kind: str
) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        async def main_async(run: Run) -> None:
            async for item in run.aeach("ab"):
                with run.critical():
                    with run.critical():
                        await run.asleep(0.01)
                    (HERE / "inside.reached").touch()
                    while not (HERE / "inside.go").exists():
                        await run.acheck()
                        await run.asleep(0.3)
                did(f"left with {time.process_time():.0f}")
                await run.acheck()
                did("went on")

        def main(run: Run) -> object:
            if sys.argv[1] == "tasks":
                return main_async(run)
            for item in run.each("ab"):
                with run.critical():
                    with run.critical():
                        run.sleep(0.01)
                    (HERE / "inside.reached").touch()
                    while not (HERE / "inside.go").exists():
                        run.check()
                        run.sleep(0.3)
                did(f"left with {time.process_time():.0f}")
                run.check()
                did("went on")
        """,
    )
    process = folder.start(agent.command(kind))
    eventually(lambda: agent.reached("inside"))
    process.send_signal(signal.SIGTSTP)
    for _ in range(3):
        beat = folder.record("heartbeat.json")["last_heartbeat"]
        eventually(lambda beat=beat: folder.record("heartbeat.json")["last_heartbeat"] != beat)  # type: ignore[misc]
    assert folder.progress["status"] == "running"
    agent.let_go("inside")
    folder.when(status="paused", processed_items=0)
    # It slept meanwhile, though a pause was pending.
    assert agent.did() == ["left with 0"]
    process.send_signal(signal.SIGCONT)
    eventually(lambda: "went on" in agent.did())
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_a_second_stop_is_put_off_to_the_end_of_a_critical_section(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            for item in run.each("ab"):
                with run.critical():
                    meet("inside")
                    did("inside")
                did("behind")
        """,
    )
    process = folder.start(agent.command())
    eventually(lambda: agent.reached("inside"))
    process.terminate()
    stopped = time.monotonic()
    eventually(lambda: time.monotonic() - stopped > 1.1)
    process.terminate()
    beat = eventually(lambda: folder.record("heartbeat.json"))["last_heartbeat"]
    eventually(lambda: folder.record("heartbeat.json")["last_heartbeat"] != beat)
    assert process.poll() is None
    agent.let_go("inside")
    process.communicate(timeout=20)
    assert process.returncode == 75
    assert agent.did() == ["inside"]
    assert folder.progress["status"] == "interrupted"
    assert folder.committed() == []


def test_a_thread_in_a_critical_section_keeps_nobody_from_resting_but_is_waited_for(
    folder: Folder, tmp_path: Path
) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            def work(item: int) -> None:
                with run.critical():
                    did(f"begins {item}")
                    time.sleep(0.2)
                    did(f"ends {item}")

            for item, _ in run.map(work, range(100), workers=4):
                pass
        """,
    )
    process = folder.start(agent.command())
    folder.when_processed(4)
    process.send_signal(signal.SIGTSTP)
    done = folder.when(status="paused", timeout=3)["processed_items"]
    assert len(agent.did()) == 2 * done
    process.send_signal(signal.SIGCONT)
    folder.when_processed(done + 1)
    process.terminate()
    process.communicate(timeout=6)
    assert process.returncode == 75
    assert sum(line.startswith("begins") for line in agent.did()) == sum(
        line.startswith("ends") for line in agent.did()
    )


# ---- what is no stall


def test_an_item_that_is_expected_to_take_long_announces_it_until_it_is_committed(
    folder: Folder, tmp_path: Path
) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            for item in run.each("ab"):
                if item == "a":
                    run.expect(minutes=20)
                meet(item)
        """,
    )
    process = folder.start(agent.command())
    waiting = eventually(lambda: folder.record("heartbeat.json").get("waiting"))
    assert waiting["for"] == "expected to take up to 20m00"
    assert folder.progress["message"] is None
    until = datetime.fromisoformat(waiting["until"]).timestamp()
    assert 1190 < until - time.time() <= 1200
    agent.let_go("a")
    eventually(lambda: agent.reached("b"))
    eventually(lambda: folder.record("heartbeat.json")["waiting"] is None, timeout=0.8)
    agent.let_go("b")
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_an_expectation_is_of_its_own_item(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            def work(item: int) -> None:
                if item == 0:
                    run.expect(minutes=20)
                    meet("long")

            for item, _ in run.map(work, range(20), workers=2, order="any"):
                pass
            for item in run.each("a"):
                run.expect(minutes=10)
                break
            meet("broken off")
        """,
    )
    process = folder.start(agent.command())
    folder.when_processed(19)
    # Others were committed meanwhile: this one still takes long.
    assert folder.record("heartbeat.json")["waiting"]["for"] == "expected to take up to 20m00"
    agent.let_go("long")
    eventually(lambda: agent.reached("broken off"))
    eventually(lambda: folder.record("heartbeat.json")["waiting"] is None)
    agent.let_go("broken off")
    process.communicate(timeout=20)
    assert process.returncode == 0


@pytest.mark.parametrize("words", ["", "minutes=0", "seconds=-1", "minutes=float('inf')"])
def test_an_expectation_of_no_time_is_refused(folder: Folder, tmp_path: Path, words: str) -> None:
    agent = Inline(tmp_path / "agent", f"def main(run: Run) -> None:\n    run.expect({words})\n")
    process = folder.start(agent.command())
    _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "Say how long, in minutes or seconds." in said


@pytest.mark.parametrize(
    "long",
    [
        "run.expect(seconds=30); time.sleep(4)",
        "run.sleep(4, 'the scale')",
        "run.retrying(Retry(tries=2, first=4, longest=4))(fails)",
        "[run.step(str(n), time.sleep, 0.9) for n in range(5)]",
    ],
)
def test_what_is_announced_or_gets_on_is_no_stall_nor_is_what_follows_it(home: Path, tmp_path: Path, long: str) -> None:
    agent = Inline(
        tmp_path / "agent",
        f"""
        def main(run: Run) -> None:
            def fails() -> None:
                if not (HERE / "failed").exists():
                    (HERE / "failed").touch()
                    raise Transient("busy", retry_after=3)

            for item in run.each("ab"):
                if item == "b":
                    {long}
                    time.sleep(0.9)
        """,
    )
    run = launched("--stall", "2", "--", *agent.command())
    assert when_ended(run)["outcome"] == "completed"
    assert "stalled" not in overnight("show", run).stdout


def test_a_pause_is_no_stall_nor_is_what_follows_it(home: Path, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            for item in run.each("ab"):
                if item == "b":
                    (HERE / "b.reached").touch()
                    began = time.monotonic()
                    while not (HERE / "b.go").exists() and time.monotonic() - began < 20:
                        run.check()
                        time.sleep(0.05)
                    time.sleep(0.9)
        """,
    )
    run = launched("--stall", "2", "--", *agent.command())
    eventually(lambda: agent.reached("b"))
    assert overnight("pause", "--timeout", "10", run).returncode == 0
    paused = time.monotonic()
    eventually(lambda: time.monotonic() - paused > 4)
    assert overnight("resume", "--timeout", "10", run).returncode == 0
    agent.let_go("b")
    assert when_ended(run)["outcome"] == "completed"
    assert "stalled" not in overnight("show", run).stdout


def test_silence_is_still_a_stall(home: Path, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            for item in run.each("ab"):
                if item == "b":
                    run.sleep(1.2, "announced")
                    time.sleep(6)
        """,
    )
    run = launched("--stall", "2", "--", *agent.command())
    when_ended(run)
    assert "stalled" in overnight("show", run).stdout


# ---- points in a long item, and waits


@pytest.mark.parametrize("kind", ["plain", "tasks"])
@pytest.mark.parametrize("word", ["check", "sleep"])
def test_a_pause_and_a_stop_are_heard_inside_of_an_item(folder: Folder, tmp_path: Path, kind: str, word: str) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        async def main_async(run: Run) -> None:
            async for item in run.aeach("ab"):
                while True:
                    await (run.acheck() if sys.argv[2] == "check" else run.asleep(600))
                    await asyncio.sleep(0.01)

        def main(run: Run) -> object:
            if sys.argv[1] == "tasks":
                return main_async(run)
            for item in run.each("ab"):
                while True:
                    run.check() if sys.argv[2] == "check" else run.sleep(600)
                    time.sleep(0.01)
        """,
    )
    process = folder.start(agent.command(kind, word))
    folder.when(current_item="a")
    process.send_signal(signal.SIGTSTP)
    folder.when(status="paused", timeout=5)
    process.send_signal(signal.SIGCONT)
    folder.when(status="running", timeout=5)
    process.terminate()
    process.communicate(timeout=5)
    assert process.returncode == 75
    assert folder.committed() == []


def test_a_sleep_is_active_time(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            for item in run.each("a"):
                began = time.monotonic()
                run.sleep(1.5)
                did(round(time.monotonic() - began, 2))
        """,
    )
    process = folder.start(agent.command())
    folder.when(current_item="a")
    process.send_signal(signal.SIGTSTP)
    folder.when(status="paused")
    paused = time.monotonic()
    eventually(lambda: time.monotonic() - paused > 2)
    process.send_signal(signal.SIGCONT)
    process.communicate(timeout=20)
    assert process.returncode == 0
    # The time in which it was paused is slept again.
    assert float(agent.did()[0]) >= 3.4


@pytest.mark.parametrize("kind", ["plain", "tasks"])
def test_transient_errors_are_tried_again_and_counted_with_the_item(folder: Folder, tmp_path: Path, kind: str) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def fetch(item: str, times: int) -> str:
            did(item)
            if (HERE / "did").read_text().count(item) < times:
                raise Transient(f"busy {item}")
            return item * 2

        async def fetch_async(item: str, times: int) -> str:
            return fetch(item, times)

        quick = Retry(tries=5, first=0.01, longest=0.01)

        async def main_async(run: Run) -> None:
            out = run.artifact("out.txt")
            async for guarded in run.aeach("abc", guard=True):
                with guarded as item:
                    tried = run.aretry if item == "a" else run.aretrying(quick)
                    out.write(await tried(fetch_async, item, {"a": 2, "b": 4, "c": 9}[item]))

        def main(run: Run) -> object:
            if sys.argv[1] == "tasks":
                return main_async(run)
            out = run.artifact("out.txt")
            for guarded in run.each("abc", guard=True):
                with guarded as item:
                    tried = run.retry if item == "a" else run.retrying(quick)
                    out.write(tried(fetch, item, times={"a": 2, "b": 4, "c": 9}[item]))
        """,
    )
    assert folder.finish(agent.command(kind)) == 0
    assert folder.artifact("out.txt") == "aabb"
    assert agent.did() == ["a"] * 2 + ["b"] * 4 + ["c"] * 5
    (error,) = folder.errors()
    assert (error["item"], error["message"], error["tries"], error["transient"]) == ("c", "busy c", 5, True)


def test_what_is_finished_is_not_in_hand_while_its_source_waits_for_the_next_item(
    folder: Folder, tmp_path: Path
) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def slow():
            yield "a"
            time.sleep(600)

        def main(run: Run) -> None:
            for item in run.each(slow()):
                time.sleep(0.4)
        """,
    )
    process = folder.start(agent.command())
    assert eventually(lambda: [each["item"] for each in folder.progress.get("in_hand") or ()]) == ["a"]
    told = eventually(lambda: said if not (said := folder.when(processed_items=1)).get("in_hand") else None)
    assert told["current_item"] == "a", "the last that it had"
    process.kill()
    process.communicate(timeout=20)
