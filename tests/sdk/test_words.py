"""Single words of a run, said by real agents: log, keys, phases of time, sections that nothing interrupts."""

import re
import signal
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
