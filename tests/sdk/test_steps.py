"""Remembered results: called once over kills at any moment, each step its item's own, and nothing counted twice."""

import json
import random
import signal
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.sdk.attempts import Folder, program
from tests.sdk.inline import Inline
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process


def lines_of(folder: Folder) -> list[dict[str, Any]]:
    """What the whole lines of the log say."""
    lines = (folder.path / "checkpoint.log").read_bytes().splitlines(keepends=True)
    return [json.loads(line[9:]) for line in lines if line.endswith(b"\n")]


def kept_steps(folder: Folder) -> dict[str, Any]:
    return {f"{line['of']} {line['step']}".strip(): line["result"] for line in lines_of(folder) if "step" in line}


def refusal(folder: Folder, agent: Inline, *arguments: object) -> str:
    """What the next attempt says, which ends with an error: its last line."""
    process = folder.start(agent.command(*arguments))
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1, said
    return str(said.splitlines()[-1])


def said(effects: Path) -> list[str]:
    return effects.read_text().splitlines() if effects.exists() else []


def kill_after(process: "subprocess.Popen[str]", effects: Path, more: int) -> None:
    """Kill it when it has told of so many calls more, or has ended."""
    before = len(said(effects))
    eventually(lambda: process.poll() is not None or len(said(effects)) >= before + more, interval=0.001)
    process.kill()


def test_each_result_is_kept_once_over_kills_at_any_moment(folder: Folder, tmp_path: Path) -> None:
    chance = random.Random(seed := random.randrange(10**9))
    print(f"seed {seed}")
    count, effects = 24, tmp_path / "effects"
    command, kills = program("steps", count, effects), 0
    while True:
        process = folder.start(command)
        if kills < 10:
            folder.when(timeout=30)
            kill_after(process, effects, chance.randrange(1, 12))
            kills += 1
        process.communicate(timeout=60)
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL
    kept, told = kept_steps(folder), said(effects)
    wanted_names = {"whole"} | {f"0:{item} {step}" for item in range(count) for step in ("first", "second")}
    assert set(kept) == wanted_names
    assert (
        Counter(f"{line['of']} {line['step']}" for line in lines_of(folder) if "step" in line).most_common(1)[0][1] == 1
    )
    # Only the step that was at work when it was killed was called again.
    began = sum(line.startswith("began") for line in told)
    assert len(wanted_names) <= began <= len(wanted_names) + kills
    assert folder.artifact("tokens.txt").splitlines() == [
        f"{item} {kept['whole']} {kept[f'0:{item} first']} {kept[f'0:{item} second']}" for item in range(count)
    ]
    assert list(folder.record("checkpoint.json")["steps"]) == [""]


def test_a_step_is_its_items_own_until_that_is_committed(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            out = run.artifact("out.txt")
            for _ in range(2):
                for item in run.each("ab"):
                    def asked(item: str = item) -> str:
                        did(f"asked {item}")
                        return item * 2
                    out.write(run.step("ask", asked) + run.step("ask", asked) + "\\n")
                    if item == "b" and len(sys.argv) > 1:
                        os.kill(os.getpid(), signal.SIGKILL)
        """,
    )
    assert folder.finish(agent.command("die")) == -signal.SIGKILL
    assert agent.did() == ["asked a", "asked b"]
    assert folder.finish(agent.command()) == 0
    # The second loop's items are others, though they are called alike.
    assert agent.did() == ["asked a", "asked b", "asked a", "asked b"]
    assert folder.artifact("out.txt") == "aaaa\nbbbb\naaaa\nbbbb\n"


def test_an_item_that_is_done_again_asks_again(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            for item in run.each(["a"], version=lambda item: sys.argv[1]):
                run.artifact("out.txt").write(run.step("ask", lambda: sys.argv[1]) + "\\n")
        """,
    )
    for version in (1, 1, 2):
        assert folder.finish(agent.command(version)) == 0
    assert folder.artifact("out.txt") == "1\n2\n"


def test_a_large_result_is_remembered_whole(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            large = {"text": "\\u00e9\\n\\x00" * 1_000_000, "more": [None, 1.5]}
            assert run.step("large", lambda: did("called") or large) == large
            for item in run.each("ab"):
                if item == "b" and len(sys.argv) > 1:
                    os.kill(os.getpid(), signal.SIGKILL)
        """,
    )
    assert folder.finish(agent.command("die")) == -signal.SIGKILL
    assert folder.finish(agent.command()) == 0
    assert agent.did() == ["called"]
    assert folder.committed() == ["a", "b"]


def test_the_first_start_sees_a_result_as_a_later_one_does(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            assert run.step("odd", lambda: {1: (2, 3), "\\udc80": True}) == {"1": [2, 3], "\\udc80": True}
            assert run.step("nothing", lambda: did("called")) is None
        """,
    )
    for _ in range(2):
        assert folder.finish(agent.command()) == 0
    assert agent.did() == ["called"]


@pytest.mark.parametrize("result", ["object()", "{1, 2}", "b'bytes'", "{(1, 2): 3}", "float('nan')", "deep"])
def test_a_result_that_json_cannot_hold_is_refused_in_one_line(folder: Folder, tmp_path: Path, result: str) -> None:
    agent = Inline(
        tmp_path / "agent",
        f"""
        deep: list[object] = []
        deep.append(deep)

        def main(run: Run) -> None:
            run.step("ask", lambda: {result} if len(sys.argv) > 1 else "good")
        """,
    )
    said = refusal(folder, agent, "bad")
    assert said.startswith("overnight: the result of step 'ask' cannot be remembered: ")
    assert "(agent.py, line " in said
    assert kept_steps(folder) == {}
    assert folder.finish(agent.command()) == 0
    assert kept_steps(folder) == {"ask": "good"}


def test_of_a_step_that_raises_nothing_is_remembered(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def work(item: str) -> str:
            did(f"tried {item}")
            if sys.argv[1] == "bad":
                raise ValueError(f"no {item}")
            return item

        def main(run: Run) -> None:
            for guarded in run.each("ab", guard=True):
                with guarded as item:
                    run.artifact("out.txt").write(run.step("work", work, item))
            run.step("last", work, "last")
        """,
    )
    assert refusal(folder, agent, "bad") == "ValueError: no last"
    assert [error["item"] for error in folder.errors()] == ["a", "b", ""]
    assert kept_steps(folder) == {}
    assert folder.finish(agent.command("good")) == 0
    assert agent.did() == ["tried a", "tried b", "tried last", "tried last"]
    assert kept_steps(folder) == {"last": "last"}


def test_a_name_that_stands_for_two_calls_is_refused(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            assert [run.step("size", len, word) for word in ("same", "same")] == [4, 4]
            for item in run.each("ab"):
                for page in range(int(sys.argv[1])):
                    run.step("fetch", str, page)
        """,
    )
    assert "step 'fetch' was called again with other arguments" in refusal(folder, agent, 2)
    assert folder.finish(agent.command(1)) == 0


def test_what_a_step_counts_is_kept_with_its_result(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            def ask(tokens: int, fails: bool = False) -> int:
                run.count(tokens=tokens)
                if fails:
                    raise ValueError("refused")
                run.step("inner", lambda: run.count(inner=1))
                return tokens

            run.step("begin", ask, 1)
            for item in run.each("ab"):
                run.count(items=1)
                run.step("ask", ask, 10)
                if item == "b":
                    try:
                        run.step("refused", ask, 100, fails=True)
                    except ValueError:
                        pass
                    if len(sys.argv) > 1:
                        meet("asked")
                        os.kill(os.getpid(), signal.SIGKILL)
        """,
    )
    process = folder.start(agent.command("die"))
    eventually(lambda: agent.reached("asked"))
    # What the item itself counts is counted when it is finished; what its steps do, at once.
    assert eventually(
        lambda: counted if (counted := folder.progress.get("counters", {})).get("tokens") == 21 else None
    ) == {
        "tokens": 21,
        "inner": 3,
        "items": 1,
    }
    agent.let_go("asked")
    process.communicate(timeout=20)
    assert process.returncode == -signal.SIGKILL
    assert folder.finish(agent.command()) == 0
    assert folder.progress["counters"] == {"tokens": 121, "inner": 3, "items": 2}


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("run.artifact('a').write('x')", "a was written inside of step 'it'"),
        ("run.artifact('a').replace('x')", "a was replaced inside of step 'it'"),
        ("list(run.each('xy'))", "a loop over run.each() or run.map() inside of"),
    ],
)
def test_what_a_remembered_step_would_lack_is_refused_inside(
    folder: Folder, tmp_path: Path, body: str, complaint: str
) -> None:
    agent = Inline(
        tmp_path / "agent",
        f"""
        def main(run: Run) -> None:
            for item in run.each("a"):
                run.step("it", lambda: {body} and None)
        """,
    )
    assert complaint in refusal(folder, agent)


def test_a_loop_inside_of_a_step_of_the_run_is_refused(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            run.step("it", lambda: list(run.each("xy")))
        """,
    )
    assert "inside of step 'it'" in refusal(folder, agent)


def test_a_step_of_the_run_may_replace_a_file_and_an_items_step_asks_with_its_key(
    folder: Folder, tmp_path: Path
) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            run.step("list", lambda: run.artifact("list.txt").replace("a b"))
            for item in run.each("ab"):
                assert run.step("key", run.idempotency_key) == run.idempotency_key()
        """,
    )
    for _ in range(2):
        assert folder.finish(agent.command()) == 0
    assert folder.artifact("list.txt") == "a b"


def test_coroutines_are_remembered_too(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        async def main(run: Run) -> None:
            async def ask(item: str) -> str:
                did(item)
                await asyncio.sleep(0.001)
                run.count(asked=1)
                return item * 2

            one, two = await asyncio.gather(run.astep("one", ask, "one"), run.astep("two", ask, "two"))
            out = run.artifact("out.txt")
            async for item in run.aeach("abc"):
                out.write(await run.astep("ask", ask, item) + one + two)
                if item == "b" and len(sys.argv) > 1:
                    os.kill(os.getpid(), signal.SIGKILL)
        """,
    )
    assert folder.finish(agent.command("die")) == -signal.SIGKILL
    assert folder.finish(agent.command()) == 0
    assert sorted(agent.did()) == ["a", "b", "c", "one", "two"]
    assert folder.artifact("out.txt") == "aaoneonetwotwobboneonetwotwocconeonetwotwo"
    assert folder.progress["counters"] == {"asked": 5}


@pytest.mark.parametrize("kind", ["threads", "tasks"])
def test_items_beside_each_other_have_steps_of_their_own_over_tries_and_kills(
    folder: Folder, tmp_path: Path, kind: str
) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def asked(run: Run, item: int) -> int:
            did(f"asked {item}")
            run.count(asked=1)
            return item * 10

        def work(run: Run, item: int) -> int:
            result = run.step("ask", asked, run, item)
            if item % 3 == 0 and not (HERE / f"failed {item}").exists():
                (HERE / f"failed {item}").touch()
                raise Transient("busy", retry_after=0)
            if item == 5 and len(sys.argv) > 2:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        async def asked_async(run: Run, item: int) -> int:
            await asyncio.sleep(0.001)
            return asked(run, item)

        async def work_async(run: Run, item: int) -> int:
            await run.astep("ask", asked_async, run, item)
            return work(run, item)

        async def main_async(run: Run) -> None:
            out = run.artifact("out.txt")
            async for item, result in run.amap(lambda item: work_async(run, item), range(12), retry=Retry(first=0)):
                out.write(f"{item} {result}\\n")

        def main(run: Run) -> object:
            if sys.argv[1] == "tasks":
                return main_async(run)
            out = run.artifact("out.txt")
            for item, result in run.map(lambda item: work(run, item), range(12), retry=Retry(first=0)):
                out.write(f"{item} {result}\\n")
        """,
    )
    assert folder.finish(agent.command(kind, "die")) == -signal.SIGKILL
    assert folder.finish(agent.command(kind)) == 0
    assert folder.artifact("out.txt") == "".join(f"{item} {item * 10}\n" for item in range(12))
    # What was at work when it was killed may have been asked again.
    asked = Counter(agent.did())
    assert set(asked) == {f"asked {item}" for item in range(12)}
    assert asked.total() <= 12 + 3
    assert folder.progress["counters"] == {"asked": 12}
    assert folder.record("checkpoint.json")["steps"] == {}


def test_a_thread_that_was_left_behind_leaves_no_step(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            def work(item: str) -> str:
                first = not (HERE / f"{item}.reached").exists()
                def late() -> str:
                    if first:
                        meet(item)
                    return "late" if first else "in time"
                try:
                    return run.step("work", late)
                finally:
                    did(f"{'first' if first else 'second'} over")

            for item, result in run.map(work, ["a"], retry=1, timeout=0.2, max_errors=0):
                run.artifact("out.txt").write(result)
            (HERE / "a.go").touch()
            while "first over" not in (HERE / "did").read_text():
                time.sleep(0.01)
            assert run.step("work", lambda: "the run's") == "the run's"
        """,
    )
    process = folder.start(agent.command())
    _, complaint = process.communicate(timeout=30)
    assert process.returncode == 0, complaint
    assert folder.artifact("out.txt") == "in time"
    assert kept_steps(folder) == {"0:a work": "in time", "work": "the run's"}
    assert folder.record("checkpoint.json")["steps"].keys() == {""}


def test_results_are_read_back_from_a_log_in_its_shorter_form(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        from itertools import count

        from overnight.agents import commits
        from overnight.state import compaction

        compaction.LEAST, compaction.GROWTH, commits.HEAD_ITEMS = 4000, 1, 50

        def main(run: Run) -> None:
            def shortened() -> bool:
                return b'"compacted":true' in Path(run.directory, "checkpoint.log").read_bytes()[:200]

            before = run.step("before", lambda: did("before") or ["before", 1])
            for item in run.each(range(3000)):
                step = run.step("in item", lambda: [item])
                assert step == [item]
                if item == 1500:
                    run.step("middle", lambda: did("middle"))
                if item == int(sys.argv[1]):
                    os.kill(os.getpid(), signal.SIGKILL)
            for more in run.each(count()):
                kept = run.step("kept", lambda: did(f"kept {more}") or {"more": more})
                time.sleep(0.001)
                if more > 100 and shortened():
                    os.kill(os.getpid(), signal.SIGKILL) if len(sys.argv) > 2 else None
                    break
            assert run.step("after", lambda: did("after") or "after") == "after"
            assert (before, run.step("before", str)) == (["before", 1], ["before", 1])
            assert kept == {"more": more}
        """,
    )
    for number in (2000, 2500):
        assert folder.finish(agent.command(number)) == -signal.SIGKILL
    assert folder.finish(agent.command(-1, "dies in a shorter log")) == -signal.SIGKILL
    assert folder.finish(agent.command(-1)) == 0
    # The item in hand at the last kill had its step's result already.
    called = Counter(agent.did())
    assert max(called.values()) == 1
    assert {"before", "middle", "after"} <= set(called)


def test_a_step_shows_that_the_item_gets_on(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            for item in run.each("a"):
                meet("first")
                run.step("one", lambda: None)
                meet("second")
        """,
    )
    process = folder.start(agent.command())
    eventually(lambda: agent.reached("first"))
    before = eventually(lambda: folder.record("heartbeat.json"))["last_progress"]
    agent.let_go("first")
    eventually(lambda: folder.record("heartbeat.json")["last_progress"] > before)
    agent.let_go("second")
    process.communicate(timeout=20)
    assert process.returncode == 0
