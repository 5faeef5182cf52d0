"""Files that are replaced as a whole: the old content or the new, with the item, and never a mixture."""

import os
import random
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.sdk.attempts import Folder
from tests.sdk.inline import Inline
from tests.small_disk import fill, small_disk_at
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process


def names_in(folder: Folder) -> list[str]:
    """Every file below artifacts/, hidden ones included."""
    root = folder.path / "artifacts"
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


STATE = """
def main(run: Run) -> None:
    state, count = run.artifact("deep/er/state.txt"), int(sys.argv[1])
    for item in run.each(range(count)):
        state.replace(f"{item}\\n" * 2000)
        run.artifact(f"pages/{item % 7}").replace(str(item))
        run.artifact("log.txt").write(f"{item}\\n")
        time.sleep(0.001)
"""


@pytest.mark.parametrize("power", [False, True], ids=["process", "power"])
def test_content_is_what_the_log_says_over_kills_at_any_moment(folder: Folder, tmp_path: Path, power: bool) -> None:
    chance = random.Random(seed := random.randrange(10**9))
    print(f"seed {seed}")
    agent, count, kills = Inline(tmp_path / "agent", STATE, power=power), 300, 0
    while True:
        process = folder.start(agent.command(count))
        if kills < 12:
            wanted = len(committed(folder)) + chance.randrange(1, 25)
            eventually(lambda: process.poll() is not None or len(committed(folder)) >= wanted, interval=0.001)  # noqa: B023
            process.kill()
            kills += 1
        # Whoever reads it meanwhile sees whole content of one item.
        with suppress(FileNotFoundError):
            assert len(set((folder.path / "artifacts/deep/er/state.txt").read_text().splitlines())) == 1
        process.communicate(timeout=60)
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL
    assert folder.artifact("deep/er/state.txt") == f"{count - 1}\n" * 2000
    last = {str(item % 7): str(item) for item in range(count)}
    assert {name: folder.artifact(f"pages/{name}") for name in last} == last
    assert folder.artifact("log.txt") == "".join(f"{item}\n" for item in range(count))
    assert names_in(folder) == ["deep/er/state.txt", "log.txt", *(f"pages/{name}" for name in sorted(last))]


def committed(folder: Folder) -> list[str]:
    try:
        return folder.committed()
    except FileNotFoundError:
        return []


def test_content_is_rolled_forward_when_its_line_was_written_and_its_place_not_taken(
    folder: Folder, tmp_path: Path
) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            out = run.artifact("in/out.txt")
            replace = os.replace

            def dies(source: str, target: str) -> None:
                if len(sys.argv) > 1 and target == out.path and "second" in Path(source).read_text():
                    os.kill(os.getpid(), signal.SIGKILL)
                replace(source, target)

            os.replace = dies
            for item in run.each(["first", "second"]):
                out.replace(item)
                if item == "second":
                    assert Path(out.path).read_text() == "first"
        """,
    )
    assert folder.finish(agent.command("die")) == -signal.SIGKILL
    assert folder.artifact("in/out.txt") == "first"
    assert folder.committed() == ["first", "second"]
    assert folder.finish(agent.command()) == 0
    assert folder.artifact("in/out.txt") == "second"
    assert names_in(folder) == ["in/out.txt"]


def test_content_whose_item_was_not_committed_never_was(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            out = run.artifact("out.txt")
            for guarded in run.each(["good", "bad", "good too"], guard=True):
                with guarded as item:
                    out.replace(item)
                    out.replace(f"{item} again")
                    if item == "bad":
                        raise ValueError(item)
                if item == "good":
                    assert not Path(out.path).exists()
                if item == "bad":
                    assert Path(out.path).read_text() == "good again"
                    if len(sys.argv) > 1:
                        os.kill(os.getpid(), signal.SIGKILL)
            for item in run.each(["broken off"]):
                out.replace(item)
                break
        """,
    )
    assert folder.finish(agent.command("die")) == -signal.SIGKILL
    assert folder.artifact("out.txt") == "good again"
    assert folder.finish(agent.command()) == 0
    assert folder.artifact("out.txt") == "good too again"
    assert names_in(folder) == ["out.txt"]


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("out.write('a')", "out.replace('b')"),
        ("out.replace('a')", "out.write('b')"),
    ],
)
@pytest.mark.parametrize("when", ["at once", "later", "resumed"])
def test_a_mixture_is_refused(folder: Folder, tmp_path: Path, first: str, then: str, when: str) -> None:
    agent = Inline(
        tmp_path / "agent",
        f"""
        def main(run: Run) -> None:
            out = run.artifact("out.txt")
            for item in run.each("abcd"):
                if item == "a":
                    {first}
                if (item, sys.argv[1]) in [("a", "at once"), ("b", "later"), ("c", "resumed")]:
                    {then}
                if item == "b" and sys.argv[1] == "first":
                    os.kill(os.getpid(), signal.SIGKILL)
        """,
    )
    if when == "resumed":
        assert folder.finish(agent.command("first")) == -signal.SIGKILL
    process = folder.start(agent.command(when))
    _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "overnight: artifact 'out.txt' is both written to and replaced (agent.py, line " in said
    if when != "at once":
        assert folder.artifact("out.txt") == "a"
        assert folder.finish(agent.command("never")) == 0
        assert folder.artifact("out.txt") == "a"


def test_a_mixture_of_items_beside_each_other_is_refused_too(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            out = run.artifact("out.txt")
            both = threading.Barrier(2)

            def work(item: str) -> None:
                both.wait(5)
                (out.write if item == "a" else out.replace)(item)

            for _ in run.map(work, "ab", guard=False):
                pass
        """,
    )
    process = folder.start(agent.command())
    _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "artifact 'out.txt' is both written to and replaced" in said


def test_outside_of_a_loop_content_is_put_there_at_once(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            out = run.artifact("list.txt")
            out.replace("before")
            assert Path(out.path).read_text() == "before"
            for item in run.each("ab"):
                out.replace(b"in " + item.encode())
            out.replace("after \\udc80")
            if len(sys.argv) > 1:
                os.kill(os.getpid(), signal.SIGKILL)
        """,
    )
    for arguments, code in ((["die"], -signal.SIGKILL), ([], 0)):
        assert folder.finish(agent.command(*arguments)) == code
        assert (folder.path / "artifacts" / "list.txt").read_bytes() == b"after \x80"
        assert names_in(folder) == ["list.txt"]


@pytest.mark.parametrize("kind", ["threads", "tasks"])
def test_items_beside_each_other_replace_files_of_their_own(folder: Folder, tmp_path: Path, kind: str) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def work(run: Run, item: int) -> None:
            run.artifact(f"pages/{item}.html").replace(f"<h1>{item}</h1>")
            run.artifact("newest.txt").replace(str(item))
            run.artifact("all.txt").write(f"{item}\\n")

        async def main_async(run: Run) -> None:
            async def work_async(item: int) -> None:
                await asyncio.sleep(0.001)
                work(run, item)
            async for item, _ in run.amap(work_async, range(100), workers=8):
                if item == int(sys.argv[2]):
                    os.kill(os.getpid(), signal.SIGKILL)

        def main(run: Run) -> object:
            if sys.argv[1] == "tasks":
                return main_async(run)
            for item, _ in run.map(lambda item: work(run, item), range(100), workers=8):
                if item == int(sys.argv[2]):
                    os.kill(os.getpid(), signal.SIGKILL)
        """,
    )
    for last in (20, 21, 60):
        assert folder.finish(agent.command(kind, last)) == -signal.SIGKILL
    assert folder.finish(agent.command(kind, -1)) == 0
    assert {path: folder.artifact(path) for path in names_in(folder)} == {
        "all.txt": "".join(f"{item}\n" for item in range(100)),
        "newest.txt": "99",
        **{f"pages/{item}.html": f"<h1>{item}</h1>" for item in range(100)},
    }


@pytest.fixture
def small_disk(home: Path) -> Iterator[Path]:
    """A small disk that holds the home's runs."""
    (home / "runs").mkdir()
    with small_disk_at(home / "runs") as disk:
        yield disk


def test_on_a_full_disk_the_old_content_stays_until_there_is_room(small_disk: Path, tmp_path: Path) -> None:
    folder = Folder(small_disk / "agent-000001")
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            out = run.artifact("out.txt")
            for item in run.each("abc"):
                out.replace(item * 30_000)
                if item == "b":
                    meet("b")
        """,
    )
    process = folder.start(agent.command())
    eventually(lambda: agent.reached("b"))
    ballast = fill(small_disk)
    agent.let_go("b")
    folder.when(status="paused", message="waiting for room: No space left on device")
    assert folder.artifact("out.txt") == "a" * 30_000
    assert folder.committed() == ["a"]
    ballast.unlink()
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert folder.artifact("out.txt") == "c" * 30_000
    assert names_in(folder) == ["out.txt"]


@pytest.mark.parametrize("data", ["5", "None", "['a']"])
@pytest.mark.parametrize("how", ["write", "replace"])
def test_what_is_neither_text_nor_bytes_is_refused(folder: Folder, tmp_path: Path, data: str, how: str) -> None:
    agent = Inline(
        tmp_path / "agent",
        f"""
        def main(run: Run) -> None:
            for item in run.each("a"):
                run.artifact("out.txt").{how}({data})
        """,
    )
    process = folder.start(agent.command())
    _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "an artifact takes text or bytes, not " in said


def test_an_output_that_cannot_be_written_is_no_fault_of_its_item(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            out = run.artifact("out.txt")
            for guarded in run.each("ab", guard=True):
                with guarded as item:
                    if len(sys.argv) > 1:
                        Path(out.path).mkdir(exist_ok=True)
                    out.write(item * 100_000)
        """,
    )
    process = folder.start(agent.command("in the way"))
    _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "Is a directory" in said
    assert folder.progress["failed_items"] == 0
    assert folder.committed() == []
    os.rmdir(folder.path / "artifacts" / "out.txt")
    assert folder.finish(agent.command()) == 0
    assert folder.artifact("out.txt") == "a" * 100_000 + "b" * 100_000
