"""`run.amap` and `run.aeach`: what is special to tasks. What both drivers promise is asked of both beside `run.map`.

Each script must end without a word on stderr: no task that was never awaited, no exception that nobody retrieved.
"""

import signal
import time
from collections.abc import Callable

import pytest

from overnight.state.records import Verb
from tests.sdk.scripts import Script, usage
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process

Write = Callable[[str], Script]


def test_a_slow_source_does_not_keep_back_what_is_ready(script: Write) -> None:
    agent = script(
        """
async def source(got):
    for item in range(5):
        yield item
        # Not before the body has had it.
        await got.wait()
        got.clear()

async def main(run):
    got = asyncio.Event()
    async for item, result in run.amap(asyncio.sleep, source(got), workers=4):
        said("got", item)
        got.set()
""".replace("asyncio.sleep, source", "afn, source").replace(
            "async def main", "async def afn(item):\n    pass\n\nasync def main"
        )
    )
    agent.finish()
    assert agent.said("got") == list("01234")


def test_a_source_may_be_a_plain_one_and_a_call_may_go_through_threads_and_tasks_of_its_own(script: Write) -> None:
    agent = script("""
async def main(run):
    out = run.artifact("out.txt")

    async def part(item, number):
        await asyncio.sleep(0.001)
        run.count(parts=1)

    async def afn(item):
        await asyncio.gather(*(part(item, number) for number in range(3)))
        await asyncio.to_thread(out.write, f"{item}\\n")

    async for item, result in run.amap(afn, range(50), workers=8):
        assert result is None
""")
    agent.finish()
    assert agent.folder.artifact("out.txt") == "".join(f"{item}\n" for item in range(50))
    assert agent.folder.progress["counters"] == {"parts": 150}


@pytest.mark.parametrize("loop", ["amap", "aeach"])
def test_a_loop_that_is_broken_off_is_left_at_once(script: Write, loop: str) -> None:
    agent = script(
        """
LOOP = "amap"

async def source():
    try:
        for item in range(100):
            yield item
    finally:
        said("closed", "")

async def main(run):
    out = run.artifact("out.txt")

    async def afn(item):
        said("begun", item)
        out.write(f"{item}\\n")
        try:
            await asyncio.sleep(0 if item < 3 else 600)
        finally:
            said("left", item)
            await asyncio.sleep(0.01)

    def loop(source):
        return run.aeach(source) if LOOP == "aeach" else run.amap(afn, source, workers=3)

    async for each in loop(source()):
        item = each if LOOP == "aeach" else each[0]
        if LOOP == "aeach":
            out.write(f"{item}\\n")
        if item == 2:
            break
    async for item in run.aeach("ab"):
        out.write(f"{item}\\n")
    async for item, _ in run.amap(afn, range(2)):
        pass
    for item in run.each("cd"):
        out.write(f"{item}\\n")
""".replace('"amap"', f'"{loop}"', 1)
    )
    agent.finish()
    assert agent.folder.artifact("out.txt") == "0\n1\na\nb\n0\n1\nc\nd\n"
    assert agent.said("closed") == [""]
    if loop == "amap":
        assert sorted(agent.said("left")) == sorted(agent.said("begun"))


@pytest.mark.parametrize("held", ["", "loop = "])
def test_an_error_in_the_body_leaves_its_item_undone(script: Write, held: str) -> None:
    agent = script(f"""
async def main(run):
    async def afn(item):
        run.artifact("out.txt").write(f"{{item}}\\n")
        await asyncio.sleep(0.01)
    {held or "pass; "}run.amap(afn, range(12))
    async for item, _ in {"loop" if held else "run.amap(afn, range(12))"}:
        if item == 5 and not (HERE / "go").exists():
            raise ValueError("five")
""")
    agent.finish(1, stderr="ValueError: five")
    assert agent.folder.committed() == list(map(str, range(5)))
    (error,) = agent.folder.errors()
    assert (error["item"], error["outcome"]) == ("5", "ended the attempt")
    agent.go()
    agent.finish()
    assert agent.folder.committed() == list(map(str, range(12)))
    assert agent.folder.artifact("out.txt") == "".join(f"{item}\n" for item in range(12))


def test_without_a_guard_an_error_ends_the_loop_and_nothing_is_left_running(script: Write) -> None:
    agent = script("""
async def main(run):
    async def afn(item):
        try:
            if item == 2 and not (HERE / "go").exists():
                raise ValueError("two")
            await asyncio.sleep(0.2 if item > 2 and not (HERE / "go").exists() else 0)
        except asyncio.CancelledError:
            said("cancelled", item)
            raise
    try:
        async for item, _ in run.amap(afn, range(6), guard=False):
            pass
    except ValueError:
        await asyncio.sleep(0.02)
        assert len(asyncio.all_tasks()) == 1
        raise
""")
    agent.finish(1, stderr="ValueError: two")
    assert agent.folder.committed() == ["0", "1"]
    assert agent.said("cancelled")
    agent.go()
    agent.finish()
    assert agent.folder.committed() == list("012345")


def test_a_task_that_takes_too_long_is_cancelled_and_tried_again(script: Write) -> None:
    agent = script("""
async def main(run):
    async def afn(item):
        said("begun", item)
        run.artifact("out.txt").write(f"{item}\\n")
        begun = (HERE / "begun").read_text().splitlines().count(item)
        if item == "hangs" or (item == "hangs once" and begun == 1):
            await asyncio.sleep(600)
        if item == "its own":
            raise TimeoutError("of its own")
    policy = Retry(2, first=0, on=TimeoutError)
    async for item, _ in run.amap(afn, ["hangs", "hangs once", "its own", "good"], timeout=0.5, retry=policy):
        pass
""")
    agent.finish()
    errors = {error["item"]: (error["type"], error["message"], error["tries"]) for error in agent.folder.errors()}
    assert errors == {
        "hangs": ("TimeoutError", "no result within 0.5 s; its task was cancelled", 2),
        "its own": ("TimeoutError", "of its own", 2),
    }
    assert agent.folder.artifact("out.txt") == "hangs once\ngood\n"


def test_time_in_which_the_process_was_stopped_or_paused_is_not_a_calls(script: Write) -> None:
    agent = script("""
async def main(run):
    async def afn(item):
        said("begun", item)
        while not (HERE / "go").exists():
            await asyncio.sleep(0.01)
            await run.acheck()
    async for item, _ in run.amap(afn, range(3), workers=3, timeout=3.5):
        pass
""")
    process, folder = agent.start(), agent.folder
    agent.when_said("begun", 3)
    for stop, status in ((signal.SIGSTOP, "running"), (signal.SIGTSTP, "paused")):
        process.send_signal(stop)
        folder.when(status=status)
        beat, stopped = folder.record("heartbeat.json"), time.monotonic()
        eventually(lambda stopped=stopped: time.monotonic() - stopped > 4)  # type: ignore[misc]
        process.send_signal(signal.SIGCONT)
        eventually(lambda beat=beat: folder.record("heartbeat.json") != beat)  # type: ignore[misc]
        folder.when(status="running")
    agent.go()
    agent.end(process)
    assert not (folder.path / "errors.jsonl").exists()
    assert folder.committed() == list("012")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("raise asyncio.CancelledError", "WorkerLost: its task was cancelled by something in it"),
        ("asyncio.current_task().cancel(); await asyncio.sleep(1)", "WorkerLost: its task was cancelled"),
        ("sys.exit(3)", "WorkerLost: left with SystemExit(3)"),
        ("raise KeyboardInterrupt", "WorkerLost: left with KeyboardInterrupt()"),
    ],
)
def test_what_would_end_the_event_loop_is_an_error_of_its_item(script: Write, body: str, error: str) -> None:
    agent = script(f"""
async def main(run):
    async def afn(item):
        if item == 1:
            {body}
    async for item, _ in run.amap(afn, range(4)):
        pass
""")
    agent.finish()
    assert len(agent.folder.committed()) == 4
    (line,) = agent.folder.progress["errors"]
    assert line.startswith(f"1: {error}")


def test_a_source_that_sleeps_does_not_take_a_pause_for_done(script: Write) -> None:
    agent = script("""
async def main(run):
    async def source():
        for item in range(4):
            yield item
            if item == 1:
                said("source", "sleeps")
                await run.asleep(0.3)

    async def afn(item):
        said("begun", item)
        await aheld(item)

    async for item, _ in run.amap(afn, source(), workers=4):
        pass
""")
    process, folder = agent.start(), agent.folder
    agent.when_said("source", 1)
    agent.when_said("begun", 2)
    number = folder.ask(Verb.PAUSE)
    process.send_signal(signal.SIGTSTP)
    assert usage(process.pid, 0.6) < 0.4
    assert (folder.progress["status"], folder.progress["acknowledged"]) == ("running", 0)
    agent.go()
    folder.when(status="paused", acknowledged=number, processed_items=2)
    assert usage(process.pid, 0.6) < 0.1
    assert len(agent.said("begun")) == 2
    folder.ask(Verb.RESUME)
    process.send_signal(signal.SIGCONT)
    agent.end(process)
    assert folder.committed() == list("0123")


@pytest.mark.parametrize("loop", ["amap", "aeach"])
def test_an_error_of_an_asynchronous_source_comes_when_all_before_it_is_done(script: Write, loop: str) -> None:
    agent = script(
        """
LOOP = "amap"

async def source():
    for item in range(10):
        yield item
    if not (HERE / "go").exists():
        raise OSError("the source is gone")

async def afn(item):
    await asyncio.sleep(0.02)

async def main(run):
    if LOOP == "amap":
        async for item, _ in run.amap(afn, source()):
            pass
    else:
        async for item in run.aeach(source()):
            pass
""".replace('"amap"', f'"{loop}"', 1)
    )
    agent.finish(1, stderr="the source is gone")
    assert agent.folder.committed() == list(map(str, range(10)))
    agent.go()
    agent.finish()
    assert agent.folder.progress["total_items"] == 10


def test_a_loop_whose_time_is_over_is_left_and_another_one_may_follow(script: Write) -> None:
    agent = script("""
async def main(run):
    async def afn(item):
        said("begun", item)
        await asyncio.sleep(600)
    try:
        async with asyncio.timeout(0.5):
            async for item, _ in run.amap(afn, range(10), workers=2):
                pass
    except TimeoutError:
        said("over", len(asyncio.all_tasks()))
    async for item in run.aeach("ab"):
        pass
""")
    agent.finish()
    assert agent.said("begun") == ["0", "1"]
    assert agent.said("over") == ["1"]
    assert agent.folder.committed() == ["a", "b"]


def test_waits_of_many_calls_leave_no_word_behind(script: Write) -> None:
    agent = script("""
async def main(run):
    async def afn(item):
        await run.asleep(1.05 + 0.1 * (item % 3), f"the reason of {item}")
    run.log("what it says itself")
    async for item, _ in run.amap(afn, range(5), workers=5, order="any"):
        pass
    await asyncio.sleep(0)
    async for item in run.aeach(range(1)):
        await aheld("end")
""")
    process, folder = agent.start(), agent.folder
    eventually(lambda: (folder.progress.get("message") or "").startswith("the reason of"))
    folder.when(processed_items=5, message="what it says itself")
    eventually(lambda: folder.record("heartbeat.json")["waiting"] is None)
    agent.go()
    agent.end(process)
