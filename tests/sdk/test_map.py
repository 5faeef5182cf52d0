"""`run.map`: calls beside each other, in a bounded window, each committed with its item, exactly once.

Real threads and processes, real signals. What both drivers promise is asked of `run.amap` here, too; what is special
to tasks, of the other tests.
"""

import json
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from overnight.state.records import Verb
from tests.sdk.attempts import Folder, program
from tests.sdk.scripts import Script, usage
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process

Write = Callable[[str], Script]
WORKERS = 4
COUNT = 600
KILLS = {"threads": 6, "processes": 3, "tasks": 6}
KINDS = [
    ("threads", "source"),
    ("threads", "any"),
    ("processes", "source"),
    ("tasks", "source"),
    ("tasks", "any"),
]


def failed(item: int) -> bool:
    return item % 7 == 3


BAD = sum(map(failed, range(COUNT)))


def lines_of(kind: str, name: str) -> list[str]:
    """What nobody has disturbed leaves in an artifact, in the order of the source; of each item as one text."""
    done = [item for item in range(COUNT) if not failed(item)]
    if name == "body.txt":
        return [f"{item}: result {item}\n" for item in done]
    return [] if kind == "processes" else [f"item {item}\n{'.' * (item % 11)}\n" for item in done]


def told(effects: Path, what: str, attempt: int | None = None) -> Counter[str]:
    """Which items say this of themselves, and how often."""
    lines = [line.split() for line in effects.read_text().splitlines()]
    return Counter(line[3] for line in lines if line[2] == what and (attempt is None or line[0] == str(attempt)))


def assert_undisturbed(folder: Folder, kind: str, order: str) -> None:
    for name in ("body.txt", "out.txt"):
        wanted, path = lines_of(kind, name), folder.path / "artifacts" / name
        found = path.read_text() if path.exists() else ""
        assert len(found) == sum(map(len, wanted))
        assert found == "".join(wanted) if order == "source" else all(map(found.__contains__, wanted))
    said = folder.progress
    assert (said["status"], said["processed_items"], said["failed_items"]) == ("completed", COUNT, BAD)
    calls = {} if kind == "processes" else {"calls": COUNT - BAD}
    assert said["counters"] == {"bodies": COUNT - BAD, **calls}
    assert sorted(map(int, folder.committed())) == list(range(COUNT))
    errors = folder.errors()
    assert sorted(int(error["item"]) for error in errors) == list(filter(failed, range(COUNT)))
    assert {(error["type"], error["outcome"], error["tries"]) for error in errors} == {("ValueError", "quarantined", 1)}


@pytest.mark.parametrize(("kind", "order"), KINDS)
def test_killed_at_random_moments_it_ends_as_if_it_had_never_been(
    folder: Folder, tmp_path: Path, kind: str, order: str
) -> None:
    effects = tmp_path / "effects"
    command = program("beside", COUNT, WORKERS, kind, order, effects)
    moments = random.Random(f"{kind} {order}")
    for _ in range(KILLS[kind]):
        process = folder.start(command)
        folder.when_processed(folder.progress.get("processed_items", 0) + moments.randrange(1, 25))
        time.sleep(moments.random() * 0.02)
        process.kill()
        process.communicate()
        begun = {
            line.split()[3] for line in effects.read_text().splitlines() if line.split()[0] == str(folder.attempts)
        }
        assert len(begun - set(folder.committed())) <= 2 * WORKERS
    assert folder.finish(command) == 0
    assert_undisturbed(folder, kind, order)
    # Nothing is done once more but what was in flight.
    done = told(effects, "done")
    assert sum(done.values()) - len(done) <= KILLS[kind] * 2 * WORKERS


@pytest.mark.parametrize("kind", ["threads", "processes", "tasks"])
def test_stopped_at_random_moments_nothing_is_done_twice(folder: Folder, tmp_path: Path, kind: str) -> None:
    effects = tmp_path / "effects"
    command = program("beside", COUNT, WORKERS, kind, "source", effects)
    moments = random.Random(kind)
    for _ in range(KILLS[kind] // 2):
        process = folder.start(command)
        folder.when_processed(folder.progress.get("processed_items", 0) + moments.randrange(1, 25))
        process.send_signal(moments.choice((signal.SIGTERM, signal.SIGINT)))
        _, complaints = process.communicate(timeout=30)
        assert (process.returncode, complaints) == (75, "")
        assert folder.progress["status"] == "interrupted"
    assert folder.finish(command) == 0
    assert_undisturbed(folder, kind, "source")
    assert set(told(effects, "done").values()) == {1}


def test_results_come_as_the_source_has_them_or_as_they_are_ready(script: Write) -> None:
    agent = script("""
def main(run):
    def first_is_last(item):
        if item == 0:
            while len(list(HERE.glob("over *"))) < 3:
                time.sleep(0.002)
        Path(HERE, f"over {item}").touch()
        return None

    for order in ("source", "any"):
        for path in HERE.glob("over *"):
            path.unlink()
        got = [each for each in run.map(first_is_last, range(8), workers=4, order=order)]
        said("got", json.dumps(got))
""")
    agent.finish()
    in_order, as_ready = map(json.loads, agent.said("got"))
    assert in_order == [[item, None] for item in range(8)]
    assert sorted(as_ready) == in_order
    assert as_ready.index([0, None]) >= 3


WINDOW = """
import tracemalloc
KIND, ORDER, MOST = "threads", "source", 2000
pulled = given = farthest = 0

def source():
    global pulled
    for pulled in range(1, 1_000_001):
        yield pulled

async def asource():
    for each in source():
        yield each

def look():
    global farthest
    farthest = max(farthest, pulled - given)

def fn(item):
    look()
    return item

async def afn(item):
    await asyncio.sleep(0)
    return fn(item)

def got():
    global given
    given += 1
    if given == MOST // 2:
        tracemalloc.start()
    if given < MOST:
        return False
    said("farthest", farthest)
    said("memory", tracemalloc.get_traced_memory()[1])
    return True

def main(run):
    for item, result in run.map(fn, source(), workers=4, order=ORDER):
        time.sleep(0.0002)
        if got():
            break

async def amain(run):
    async for item, result in run.amap(afn, asource(), workers=4, order=ORDER):
        await asyncio.sleep(0.0002)
        if got():
            break

if KIND == "tasks":
    main = amain
"""


@pytest.mark.parametrize(("kind", "order"), [("threads", "source"), ("threads", "any"), ("tasks", "source")])
def test_a_source_is_read_no_further_than_its_window(script: Write, kind: str, order: str) -> None:
    agent = script(WINDOW.replace('"threads", "source"', f'"{kind}", "{order}"'))
    agent.finish()
    # Two for each worker, the one in the body, and one that is looked at.
    assert int(agent.said("farthest")[0]) <= 2 * 4 + 2
    # A list of what was pulled would need more.
    assert int(agent.said("memory")[0]) < 200_000
    assert len(agent.folder.committed()) == 1999


def test_what_fails_is_kept_with_its_tries_and_a_server_is_asked_again_when_it_says(script: Write) -> None:
    agent = script("""
def main(run):
    def fn(item):
        said("tries", f"{item} {time.monotonic()}")
        run.artifact("out.txt").write(f"{item}\\n")
        run.count(n=1)
        if item == "passes" and len((HERE / "tries").read_text().split(item)) == 2:
            raise Transient("busy", retry_after=0.3)
        if item == "transient":
            raise ConnectionError("gone")
        if item == "fatal":
            raise KeyError("a bug")

    for item, _ in run.map(fn, ["passes", "transient", "fatal", "good"], retry=Retry(tries=3, first=0.01)):
        run.count(given=1)
""")
    agent.finish()
    errors = {error["item"]: error for error in agent.folder.errors()}
    assert {item: (error["type"], error["tries"], error["transient"]) for item, error in errors.items()} == {
        "transient": ("ConnectionError", 3, True),
        "fatal": ("KeyError", 1, False),
    }
    assert 'raise ConnectionError("gone")' in errors["transient"]["traceback"]
    assert "agents/" not in errors["transient"]["traceback"]
    began = [float(line.split()[1]) for line in agent.said("tries") if line.startswith("passes")]
    assert len(began) == 2
    assert began[1] - began[0] >= 0.3
    assert agent.folder.artifact("out.txt") == "passes\ngood\n"
    assert agent.folder.progress["counters"] == {"n": 2, "given": 2}
    lines = [json.loads(line[9:]) for line in (agent.folder.path / "checkpoint.log").read_text().splitlines()]
    assert {line["k"]: line.get("n", 1) for line in lines if "k" in line} == {
        "passes": 2,
        "transient": 3,
        "fatal": 1,
        "good": 1,
    }


def test_a_thread_that_takes_too_long_is_left_behind_and_nothing_it_does_stays(script: Write) -> None:
    agent = script("""
def late(run, what):
    out = run.artifact("out.txt")
    words = (lambda: out.write("late"), lambda: run.count(n=100), lambda: run.step("s", str, "late"),
             lambda: run.idempotency_key(), lambda: run.artifact("whole").replace("late"),
             lambda: run.check(), lambda: run.sleep(9))
    for word in words:
        try:
            word()
        except BaseException as error:
            said(what, type(error).__name__)
        else:
            said(what, "allowed")

def main(run):
    def fn(item):
        said("begun", item)
        run.artifact("out.txt").write(f"{item}\\n")
        run.count(n=1)
        begun = (HERE / "begun").read_text().splitlines().count(item)
        if item == "hangs" or (item == "hangs once" and begun == 1):
            held(item)
            late(run, item)
        return item

    for item, result in run.map(fn, ["hangs", "hangs once", "good"], workers=3, timeout=0.5, retry=Retry(2, first=0)):
        said("got", item)
    said("over", "")
    held("end")
    for _ in run.each([1]):
        while sum(len(path.read_text().split()) for path in HERE.glob("hangs*")) < 21:
            time.sleep(0.01)
""")
    process = agent.start()
    agent.when_said("over", 1)
    agent.go()
    agent.end(process)
    # Two threads of the one that hung at both tries, and one of the other.
    assert Counter(agent.said("hangs")) == {"NotPossibleNow": 10, "Stopped": 4}
    assert Counter(agent.said("hangs once")) == {"NotPossibleNow": 5, "Stopped": 2}
    assert agent.folder.artifact("out.txt") == "hangs once\ngood\n"
    assert agent.folder.progress["counters"] == {"n": 2}
    (error,) = agent.folder.errors()
    assert (error["item"], error["type"], error["tries"], error["transient"]) == ("hangs", "TimeoutError", 2, True)
    assert "no result within 0.5 s" in error["message"]


def test_a_process_that_takes_too_long_is_killed(script: Write) -> None:
    agent = script("""
def fn(item):
    said("pids", os.getpid())
    if item == "hangs":
        held("never")
    return item

def main(run):
    for item, result in run.map(fn, ["hangs", "good"], workers=2, processes=True, timeout=0.5):
        said("got", item)
""")
    agent.finish()
    (error,) = agent.folder.errors()
    assert (error["item"], error["type"]) == ("hangs", "TimeoutError")
    assert agent.said("got") == ["good"]
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in agent.said("pids")))


def test_a_process_that_crashes_is_an_error_of_its_item_alone(script: Write) -> None:
    agent = script("""
def fn(item):
    if item == 3:
        os.kill(os.getpid(), signal.SIGSEGV)
    return item

def main(run):
    said("got", json.dumps([item for item, _ in run.map(fn, range(8), workers=2, processes=True)]))
""")
    agent.finish()
    assert json.loads(agent.said("got")[0]) == [0, 1, 2, 4, 5, 6, 7]
    (error,) = agent.folder.errors()
    assert (error["item"], error["type"]) == ("3", "WorkerLost")
    assert "SIGSEGV" in error["message"]


@pytest.mark.parametrize("where", ["call", "body"])
def test_an_error_that_ends_the_loop_leaves_its_item_undone(script: Write, where: str) -> None:
    agent = script(f"""
WHERE = {where!r}

def fail(item, where):
    if WHERE == where and item == 5 and not (HERE / "go").exists():
        raise ValueError("five")

def main(run):
    def fn(item):
        run.artifact("out.txt").write(f"{{item}}\\n")
        fail(item, "call")
    results = run.map(fn, range(12), guard=False)
    for item, _ in results:
        fail(item, "body")
""")
    agent.finish(1, stderr="ValueError: five")
    assert agent.folder.committed() == list(map(str, range(5)))
    (error,) = agent.folder.errors()
    assert (error["item"], error["outcome"]) == ("5", "ended the attempt")
    agent.go()
    agent.finish()
    assert agent.folder.committed() == list(map(str, range(12)))
    assert agent.folder.artifact("out.txt") == "".join(f"{item}\n" for item in range(12))


def test_a_loop_that_is_broken_off_gives_everything_back_and_another_one_may_follow(script: Write) -> None:
    agent = script("""
def main(run):
    out = run.artifact("out.txt")
    def fn(item):
        out.write(f"{item}\\n")
        run.count(n=1)
        if item == 4:
            held("four")
    for item, _ in run.map(fn, range(100), workers=3):
        if item == 2:
            break
    for item in run.each("ab"):
        out.write(f"{item}\\n")
    for item, _ in run.map(lambda item: out.write(f"{item}\\n"), "cd"):
        pass
""")
    agent.finish()
    assert agent.folder.artifact("out.txt") == "0\n1\na\nb\nc\nd\n"
    assert agent.folder.progress["counters"] == {"n": 2}
    agent.go()
    agent.finish()
    assert agent.folder.artifact("out.txt") == "0\n1\na\nb\nc\nd\n2\n"[:-2]


HELD = """
KIND = "threads"

def main(run):
    def fn(item):
        said("begun", item)
        run.artifact("out.txt").write(f"{item}\\n")
        held(item)
        said("done", item)
    for item, _ in run.map(fn, range(8), workers=3):
        run.count(n=1)

async def amain(run):
    async def afn(item):
        said("begun", item)
        run.artifact("out.txt").write(f"{item}\\n")
        await aheld(item)
        said("done", item)
    async for item, _ in run.amap(afn, range(8), workers=3):
        run.count(n=1)

def in_process(item):
    said("begun", item)
    held(item)
    said("done", item)

def pmain(run):
    for item, _ in run.map(in_process, range(8), workers=3, processes=True):
        run.artifact("out.txt").write(f"{item}\\n")

main = {"threads": main, "tasks": amain, "processes": pmain}[KIND]
"""
THREE_KINDS = pytest.mark.parametrize("kind", ["threads", "processes", "tasks"])


@THREE_KINDS
def test_a_pause_comes_when_what_is_in_flight_is_done_and_a_resume_goes_on(script: Write, kind: str) -> None:
    agent = script(HELD.replace("threads", kind, 1))
    process, folder = agent.start(), agent.folder
    agent.when_said("begun", 3)
    number = folder.ask(Verb.PAUSE)
    process.send_signal(signal.SIGTSTP)
    agent.go(1)
    agent.when_said("done", 1)
    # It works as long as something is in flight, without a busy loop.
    assert usage(process.pid, 0.5) < (0.4 if kind == "tasks" else 0.2)
    assert folder.progress["status"] == "running"
    assert folder.progress["acknowledged"] < number
    agent.go(0)
    agent.go(2)
    said = folder.when(status="paused", acknowledged=number)
    assert (said["processed_items"], folder.committed()) == (3, ["0", "1", "2"])
    assert folder.record("checkpoint.json")["loops"][0]["watermark"] == 3
    assert usage(process.pid, 0.5) < 0.1
    assert len(agent.said("begun")) == 3
    agent.go()
    number = folder.ask(Verb.RESUME)
    process.send_signal(signal.SIGCONT)
    folder.when(acknowledged=number)
    agent.end(process)
    assert sorted(agent.said("begun")) == sorted(agent.said("done")) == list("01234567")
    assert folder.committed() == list("01234567")
    assert folder.artifact("out.txt") == "".join(f"{item}\n" for item in range(8))


@THREE_KINDS
def test_a_resume_before_what_is_in_flight_is_done_takes_the_pause_back(script: Write, kind: str) -> None:
    agent = script(HELD.replace("threads", kind, 1))
    process, folder = agent.start(), agent.folder
    agent.when_said("begun", 3)
    folder.ask(Verb.PAUSE)
    process.send_signal(signal.SIGTSTP)
    agent.go(0)
    agent.go(1)
    agent.when_said("done", 2)
    number = folder.ask(Verb.RESUME)
    process.send_signal(signal.SIGCONT)
    folder.when(status="running", acknowledged=number)
    # There is room, and it is used.
    agent.when_said("begun", 5)
    agent.go()
    agent.end(process)
    assert folder.committed() == list("01234567")


@THREE_KINDS
def test_at_a_stop_what_does_not_end_goes_back_in_time(script: Write, kind: str) -> None:
    agent = script(HELD.replace("threads", kind, 1))
    agent.grace(2.0)
    process, folder = agent.start(), agent.folder
    agent.when_said("begun", 3)
    began = time.monotonic()
    process.terminate()
    agent.go(0)
    agent.go(1)
    agent.end(process, 75)
    assert time.monotonic() - began < 2.0
    assert folder.progress["status"] == "interrupted"
    # What ended within the time counts.
    assert folder.committed() == ["0", "1"]
    agent.go()
    agent.finish()
    assert folder.committed() == list("01234567")
    assert Counter(agent.said("begun")) == {**dict.fromkeys("01234567", 1), "2": 2}
    assert folder.artifact("out.txt") == "".join(f"{item}\n" for item in range(8))


@THREE_KINDS
def test_a_second_stop_a_second_later_ends_it_at_once(script: Write, kind: str) -> None:
    agent = script(HELD.replace("threads", kind, 1))
    process, folder = agent.start(), agent.folder
    agent.when_said("begun", 3)
    process.terminate()
    stopped = time.monotonic()
    eventually(lambda: time.monotonic() - stopped > 1.1)
    assert process.poll() is None
    process.terminate()
    agent.end(process, 75)
    assert time.monotonic() - stopped < 6.0
    agent.go()
    agent.finish()
    assert folder.committed() == list("01234567")


RETRYING = """
KIND, AFTER = "threads", 30
POLICY = Retry(tries=3, first=0)

def fail(item):
    said("tries", item)
    if len((HERE / "tries").read_text().split()) > 2 and AFTER < 30:
        return
    if not (HERE / "go").exists():
        raise Transient("too many requests", retry_after=AFTER)

def failing(item):
    fail(item)
    held("again") if AFTER < 30 else None

def main(run):
    for item, _ in run.map(failing, range(4), workers=2, retry=POLICY):
        pass

async def amain(run):
    async def afail(item):
        fail(item)
        await aheld("again") if AFTER < 30 else None
    async for item, _ in run.amap(afail, range(4), workers=2, retry=POLICY):
        pass

def pmain(run):
    for item, _ in run.map(failing, range(4), workers=2, retry=POLICY, processes=True):
        pass

main = {"threads": main, "tasks": amain, "processes": pmain}[KIND]
"""


@THREE_KINDS
def test_while_everything_waits_it_says_so_and_hears_pause_resume_and_stop(script: Write, kind: str) -> None:
    agent = script(RETRYING.replace("threads", kind, 1))
    process, folder = agent.start(), agent.folder
    waiting = eventually(lambda: folder.record("heartbeat.json").get("waiting"))
    assert waiting["for"] == "retry 1 of 2 in 30 s: too many requests"
    folder.when(status="running", message=waiting["for"])
    assert usage(process.pid) < 0.1
    process.send_signal(signal.SIGTSTP)
    folder.when(status="paused", message=None)
    assert folder.record("heartbeat.json")["waiting"] is None
    assert len(agent.said("tries")) == 2
    process.send_signal(signal.SIGCONT)
    # What was given back is tried at once, and waits again.
    agent.when_said("tries", 4)
    eventually(lambda: folder.record("heartbeat.json").get("waiting"))
    began = time.monotonic()
    process.terminate()
    agent.end(process, 75)
    assert time.monotonic() - began < 8
    assert folder.committed() == []
    assert not (folder.path / "errors.jsonl").exists()
    agent.go()
    agent.finish()
    assert folder.committed() == list("0123")


@THREE_KINDS
def test_what_it_waited_for_is_said_no_longer_when_it_works_again(script: Write, kind: str) -> None:
    agent = script(RETRYING.replace('"threads", 30', f'"{kind}", 1.2'))
    process, folder = agent.start(), agent.folder
    eventually(lambda: folder.record("heartbeat.json").get("waiting"))
    agent.when_said("tries", 3)
    eventually(lambda: folder.record("heartbeat.json").get("waiting") is None)
    folder.when(message=None)
    agent.go()
    agent.end(process)
    assert folder.progress["message"] is None


PAUSABLE = """
KIND, HOW = "threads", "check"

def main(run):
    def fn(item):
        said("begun", item)
        run.artifact("out.txt").write(f"{item}\\n")
        if HOW == "sleep":
            said("slept", "")
            run.sleep(600, "the tide")
        while not (HERE / "go").exists():
            run.check()
            time.sleep(0.005)
    for item, _ in run.map(fn, range(6), workers=3):
        run.count(n=1)

async def amain(run):
    async def afn(item):
        said("begun", item)
        run.artifact("out.txt").write(f"{item}\\n")
        if HOW == "sleep":
            said("slept", "")
            await run.asleep(600, "the tide")
        while not (HERE / "go").exists():
            await run.acheck()
            await asyncio.sleep(0.005)
    async for item, _ in run.amap(afn, range(6), workers=3):
        run.count(n=1)

main = {"threads": main, "tasks": amain}[KIND]
"""


@pytest.mark.parametrize("kind", ["threads", "tasks"])
@pytest.mark.parametrize("how", ["check", "sleep"])
def test_a_call_stands_still_where_it_says_that_it_may_and_stops_there(script: Write, kind: str, how: str) -> None:
    agent = script(PAUSABLE.replace('"threads", "check"', f'"{kind}", "{how}"'))
    process, folder = agent.start(), agent.folder
    agent.when_said("begun", 3)
    if how == "sleep":
        agent.when_said("slept", 3)
        assert usage(process.pid) < 0.1
        assert folder.record("heartbeat.json")["waiting"]["for"] == folder.progress["message"] == "the tide"
    number = folder.ask(Verb.PAUSE)
    process.send_signal(signal.SIGTSTP)
    said = folder.when(status="paused", acknowledged=number)
    assert (said["processed_items"], folder.committed()) == (0, [])
    agent.go()
    assert usage(process.pid, 0.5) < 0.1
    assert folder.committed() == []
    agent.hold()
    number = folder.ask(Verb.RESUME)
    process.send_signal(signal.SIGCONT)
    after = folder.when(status="running", acknowledged=number)
    assert after["active_seconds"] - said["active_seconds"] < 0.4
    began = time.monotonic()
    process.terminate()
    agent.end(process, 75)
    assert time.monotonic() - began < 6.0
    assert folder.committed() == []
    assert not (folder.path / "errors.jsonl").exists()
    assert len(agent.said("begun")) == 3


@pytest.mark.parametrize("kind", ["threads", "tasks"])
def test_a_call_that_stood_still_goes_on_where_it_was(script: Write, kind: str) -> None:
    agent = script(PAUSABLE.replace("threads", kind, 1))
    process, folder = agent.start(), agent.folder
    agent.when_said("begun", 3)
    process.send_signal(signal.SIGTSTP)
    folder.when(status="paused")
    agent.go()
    process.send_signal(signal.SIGCONT)
    agent.end(process)
    assert sorted(agent.said("begun")) == list("012345")
    assert folder.artifact("out.txt") == "".join(f"{item}\n" for item in range(6))


def test_what_must_not_be_interrupted_is_waited_for_by_pause_and_stop(script: Write) -> None:
    agent = script("""
def main(run):
    def fn(item):
        with run.critical():
            said("begun", item)
            run.check()
            held(item)
            run.check()
        said("done", item)
    for item, _ in run.map(fn, range(4), workers=2):
        pass
""")
    agent.grace(1.0)
    process, folder = agent.start(), agent.folder
    agent.when_said("begun", 2)
    process.terminate()
    stopped = time.monotonic()
    # Neither the end of its time nor a second signal ends it.
    eventually(lambda: time.monotonic() - stopped > 1.1)
    process.terminate()
    eventually(lambda: time.monotonic() - stopped > 1.5)
    assert process.poll() is None
    agent.go()
    agent.end(process, 75)
    assert len(agent.said("begun")) == 2
    assert set(folder.committed()) <= {"0", "1"}
    agent.finish()
    assert folder.committed() == list("0123")


STEPS = """
KIND = "threads"

def work(item):
    said("worked", item)
    return {"of": item}

async def awork(item):
    return work(item)

def main(run):
    def fn(item):
        got = run.step("work", work, item)
        assert got == run.step("work", work, item) == {"of": item}
        held(item)
        return got
    for item, got in run.map(fn, range(6), workers=3):
        run.artifact("out.txt").write(f"{item} {got['of']}\\n")

async def amain(run):
    async def afn(item):
        got = await run.astep("work", awork, item)
        assert got == await run.astep("work", awork, item) == {"of": item}
        await aheld(item)
        return got
    async for item, got in run.amap(afn, range(6), workers=3):
        run.artifact("out.txt").write(f"{item} {got['of']}\\n")

main = {"threads": main, "tasks": amain}[KIND]
"""


@pytest.mark.parametrize("kind", ["threads", "tasks"])
def test_a_step_in_a_call_is_its_items_and_is_not_repeated_after_a_kill(script: Write, kind: str) -> None:
    agent = script(STEPS.replace("threads", kind, 1))
    process = agent.start()
    agent.when_said("worked", 3)
    eventually(lambda: (agent.folder.path / "checkpoint.log").read_text().count('"step"') == 3)
    agent.kill(process)
    agent.go()
    agent.finish()
    assert sorted(agent.said("worked")) == list("012345")
    assert agent.folder.artifact("out.txt") == "".join(f"{item} {item}\n" for item in range(6))


def test_one_breaker_holds_back_all_calls_and_lets_them_go_on_after_a_restart(script: Write) -> None:
    agent = script("""
def main(run):
    def fn(item):
        with run.breaker("api", failures=3, reset=1.5):
            said("calls", f"{item} {time.monotonic()}")
            if not (HERE / "go").exists():
                raise ConnectionError("down")
    for item, _ in run.map(fn, range(8), workers=4, retry=Retry(tries=50, first=0)):
        pass
""")
    process, folder = agent.start(), agent.folder
    agent.when_said("calls", 4)
    folder.when(message=eventually(lambda: folder.progress.get("message")))
    assert "api failed" in folder.progress["message"]
    assert usage(process.pid) < 0.1
    # Four had begun before it opened; afterwards one at a time tries.
    assert len(agent.said("calls")) <= 6
    process.terminate()
    agent.end(process, 75)
    opened_at = folder.record("checkpoint.json")["kept"]["breaker:api"]["opened_at"]
    agent.go()
    agent.finish()
    assert folder.committed() == list(map(str, range(8)))
    assert time.time() - opened_at >= 1.5
    assert folder.progress["message"] is None
    assert not (folder.path / "errors.jsonl").exists()


LINES = """
KIND, ORDER = "JsonLines", "any"

def main(run):
    source = JsonLines(HERE / "in.txt") if KIND == "JsonLines" else Lines(HERE / "in.txt")
    def fn(item):
        number = item["n"] if KIND == "JsonLines" else int(item)
        said("begun", number)
        if number % 10 == 3:
            held(number)
        time.sleep(0.002)
        return number
    for item, number in run.map(fn, source, workers=4, order=ORDER):
        run.artifact("out.txt").write(f"{number}\\n")
"""


@pytest.mark.parametrize(("kind", "order"), [("JsonLines", "any"), ("Lines", "any"), ("JsonLines", "source")])
def test_a_file_of_lines_goes_on_at_the_watermark_though_later_lines_were_finished_first(
    script: Write, kind: str, order: str
) -> None:
    agent = script(LINES.replace('"JsonLines", "any"', f'"{kind}", "{order}"'))
    lines = [f'{{"n": {number}}}' if kind == "JsonLines" else str(number) for number in range(120)]
    (agent.home / "in.txt").write_text("".join(f"{line}\n" for line in lines))
    agent.grace(1.0)
    folder, process = agent.folder, agent.start()
    agent.when_said("begun", 4)
    eventually(lambda: len(folder.committed()) == (30 if order == "any" else 3))
    process.terminate()
    agent.end(process, 75)
    loop = folder.record("checkpoint.json")["loops"][0]
    assert loop["watermark"] == 3
    assert loop["cursor"][:2] == [3, sum(len(line) + 1 for line in lines[:3])]
    assert len(loop["finished"]) == len(folder.committed()) - 3
    agent.go(3)
    agent.go(13)
    process = agent.start()
    eventually(lambda: len(folder.committed()) == (50 if order == "any" else 23))
    agent.kill(process)
    agent.go()
    agent.finish()
    out = list(map(int, folder.artifact("out.txt").split()))
    assert sorted(out) == list(range(120))
    assert out == sorted(out) or order == "any"
    assert folder.progress["percent_complete"] == 100


def test_only_what_has_another_version_is_done_again(script: Write) -> None:
    agent = script("""
def main(run):
    versions = json.loads((HERE / "versions").read_text())
    for item, _ in run.map(lambda item: said("done", item), list("abcd"), version=versions.get):
        pass
""")
    for versions in ({"a": 1, "b": 1, "c": 1, "d": 1}, {"a": 1, "b": 2, "c": 1, "d": 3}):
        (agent.home / "versions").write_text(json.dumps(versions))
        agent.finish()
    assert agent.said("done")[4:] in (["b", "d"], ["d", "b"])
    assert Counter(agent.folder.committed()) == {"a": 1, "b": 2, "c": 1, "d": 2}


def test_a_loop_inside_of_a_call_or_of_the_body_is_refused(script: Write) -> None:
    agent = script("""
def main(run):
    for item, _ in run.map(lambda item: list(run.each([1])), "ab"):
        pass
    for item, _ in run.map(str, "ab"):
        for _ in run.map(str, "ab"):
            pass
""")
    agent.finish(1, stderr="inside of another one")
    errors = agent.folder.errors()
    assert [(error["type"], error["item"]) for error in errors] == [("NotPossibleNow", item) for item in "aba"]


def test_an_error_of_the_source_comes_when_all_before_it_is_done(script: Write) -> None:
    agent = script("""
def source():
    yield from range(10)
    if not (HERE / "go").exists():
        raise OSError("the source is gone")
    yield from range(10, 20)

def main(run):
    for item, _ in run.map(lambda item: time.sleep(0.02), source(), workers=4):
        run.artifact("out.txt").write(f"{item}\\n")
""")
    agent.finish(1, stderr="the source is gone")
    assert agent.folder.committed() == list(map(str, range(10)))
    agent.go()
    agent.finish()
    assert agent.folder.artifact("out.txt") == "".join(f"{item}\n" for item in range(20))


def test_a_slow_source_does_not_keep_back_what_is_ready(script: Write) -> None:
    agent = script("""
pulled = 0

def source():
    global pulled
    for item in range(12):
        time.sleep(0.05)
        pulled += 1
        yield item

def main(run):
    for item, _ in run.map(str, source(), workers=8):
        said("lead", pulled - item)
""")
    agent.finish()
    assert max(map(int, agent.said("lead"))) <= 3


def test_what_items_take_and_what_is_left_is_told_of_each_and_of_all(script: Write) -> None:
    agent = script("""
def main(run):
    for item, _ in run.map(lambda item: time.sleep(0.2), range(1000), workers=4):
        pass
""")
    process = agent.start()
    said = eventually(lambda: said if (said := agent.folder.progress).get("estimate") else None)
    agent.kill(process)
    assert 0.2 <= said["item_seconds"]["p95"] <= said["item_seconds"]["longest"] < 2
    each = said["active_seconds"] / said["processed_items"]
    left = (said["total_items"] - said["processed_items"]) * each
    assert 0.5 * left < said["estimate"]["likely"] < 2 * left


def test_an_item_that_is_expected_to_take_long_is_so_until_it_is_over(script: Write) -> None:
    agent = script("""
def main(run):
    def fn(item):
        if item == "long":
            run.expect(minutes=20)
        said("begun", item)
        held(item)
    for item, _ in run.map(fn, ["long", "a", "b", "c"], workers=2, order="any"):
        said("got", item)
""")
    process, folder = agent.start(), agent.folder
    agent.when_said("begun", 2)
    expected = folder.record("heartbeat.json")["waiting"]
    assert expected["for"] == "expected to take up to 20m00"
    agent.go("a")
    agent.go("b")
    agent.when_said("got", 2)
    agent.when_said("begun", 4)
    assert folder.record("heartbeat.json")["waiting"] == expected
    assert folder.progress["message"] is None
    agent.go("long")
    agent.when_said("got", 3)
    eventually(lambda: folder.record("heartbeat.json")["waiting"] is None)
    agent.go()
    agent.end(process)


def test_threads_that_ask_for_one_artifact_at_once_get_one(script: Write) -> None:
    agent = script("""
def main(run):
    sys.setswitchinterval(1e-6)
    together = threading.Barrier(8)
    def fn(item):
        together.wait()
        out = run.artifact(f"out-{item // 8}.txt")
        together.wait()
        out.write(f"{item}\\n")
    for item, _ in run.map(fn, range(400), workers=8):
        pass
""")
    agent.finish()
    for number in range(50):
        wanted = "".join(f"{item}\n" for item in range(8 * number, 8 * number + 8))
        assert agent.folder.artifact(f"out-{number}.txt") == wanted


def test_by_hand_ctrl_c_finishes_what_is_in_flight_and_the_same_command_goes_on(home: Path, tmp_path: Path) -> None:
    agent = Script(Folder(home / "unused"), tmp_path, HELD)
    process = subprocess.Popen(agent.command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    agent.when_said("begun", 3)
    process.send_signal(signal.SIGINT)
    agent.go()
    _, said = process.communicate(timeout=30)
    assert process.returncode == 75
    assert "Traceback" not in said
    assert sorted(agent.said("done")) == list("012")
    done = subprocess.run(agent.command, capture_output=True, stdin=subprocess.DEVNULL, text=True, timeout=30)
    assert done.returncode == 0
    assert sorted(agent.said("done")) == list("01234567")
