"""Ways of a run that are walked under strace, and what must be there when it was hurt on one of them and went on.

What is expected is computed from nothing that the run wrote. How often each item was begun comes from a file outside
of the run's directory, to which the agent appends.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

from overnight.state.records import Verb
from tests.proof.agents.syscalls import FAILING, ITEMS, complaint_of, notes_of, replaces, text_of
from tests.proof.syscalls import finished
from tests.sdk.attempts import Folder

PROGRAM = Path(__file__).parent / "agents" / "syscalls.py"
CHECKPOINTED = 75
DAMAGED = b'{"version": 1, "offset": "'
"""What somebody has left of a head."""
SUCCEEDING = [item for item in range(ITEMS) if item not in FAILING]


class Stage:
    """One run, from outside: its directory, the attempts in it, and the oracle."""

    def __init__(self, path: Path) -> None:
        self.folder = Folder(path)
        self.effects = path.with_suffix(".effects")
        self.in_hand: set[int] = set()
        """The items in whose midst an attempt ended."""

    def like(self, path: Path) -> "Stage":
        """Another one that has come as far as this."""
        copy = Stage(path)
        shutil.copytree(self.folder.path, path, dirs_exist_ok=True)
        if self.effects.exists():
            shutil.copy(self.effects, copy.effects)
        copy.folder.attempts, copy.in_hand = self.folder.attempts, set(self.in_hand)
        return copy

    def remove(self) -> None:
        shutil.rmtree(self.folder.path)
        for file in self.folder.path.parent.glob(f"{self.folder.path.name}.*"):
            file.unlink()

    def command(self, *words: str) -> list[str]:
        return [sys.executable, str(PROGRAM), str(self.effects), *words]

    def file(self, name: str) -> Path:
        return self.folder.path / name

    def begun(self) -> list[int]:
        """The items whose body was begun, one for each time."""
        return [int(line) for line in self.effects.read_text().split()] if self.effects.exists() else []

    def lines(self) -> list[dict[str, Any]]:
        """What the whole lines of the log say, up to the first that is torn."""
        if not self.file("checkpoint.log").exists():
            return []
        said = []
        for line in self.file("checkpoint.log").read_bytes().splitlines(keepends=True):
            if not line.endswith(b"\n") or line[:9] != b"%08x " % crc32(line[9:-1]):
                break
            said.append(json.loads(line[9:-1]))
        return said

    def committed(self) -> list[int]:
        """The items that the log says are finished; in its shorter form it has many to a line."""
        return [int(key) for line in self.lines() for key in line.get("ks", [line.get("k")]) if key is not None]

    def was_left(self) -> None:
        """An attempt ended: the item that it began last may have to be done again, and no other."""
        self.in_hand.update(self.begun()[-1:])

    def goes_on(self, scene: "Scene", *, errors: bool = False) -> None:
        """The next attempt does what was left, and nothing else again; then all is as if nothing had ever happened.

        `errors`: attempts may have ended by one, which is on record.
        """
        self._has_whole_records()
        begun, committed = self.begun(), self.committed()
        assert set(begun) - self.in_hand <= set(committed) or not scene.by_log, "what was finished is lost"
        assert len(set(committed)) == len(committed), "twice in the log"
        if "pause" in scene.words:
            self.folder.requests = max((int(path.stem) for path in self.file("control").glob("0*.json")), default=0)
            self.folder.ask(Verb.RESUME)
        code, said = finished(self.folder, self.command())
        assert code == 0, said
        again = self.begun()[len(begun) :]
        assert set(range(ITEMS)) - set(begun) <= set(again)
        assert set(again) & set(begun) <= self.in_hand, "more than the item in hand was repeated"
        if scene.by_log:
            assert again == [item for item in range(ITEMS) if item not in committed]
        self.is_complete(scene, errors=errors)

    def _has_whole_records(self) -> None:
        """What is replaced is the old one or the new one at each moment."""
        for name in ("checkpoint.json", "progress.json", "heartbeat.json"):
            if self.file(name).exists() and self.file(name).read_bytes() != DAMAGED:
                assert json.loads(self.file(name).read_bytes()), name

    def is_complete(self, scene: "Scene", *, errors: bool = False) -> None:
        """Outputs, counters, errors and log are exact."""
        self._has_outputs(scene)
        self._has_counts()
        self._has_errors(scene, other_too=errors)
        keys = self.committed()
        if scene.by_log:
            assert sorted(keys) == list(range(ITEMS)), "the log's keys"
            assert len(self.lines()) == self.file("checkpoint.log").read_bytes().count(b"\n"), "a torn line inside"
            assert self.file("checkpoint.log").read_bytes().endswith(b"\n")
        if scene.in_order:
            assert keys == sorted(keys)

    def _has_outputs(self, scene: "Scene") -> None:
        wanted = {
            "text": [text_of(item) for item in SUCCEEDING],
            "more/notes": ["".join(notes_of(item)) for item in SUCCEEDING],
            "newest": [text_of([item for item in self.committed() if item in SUCCEEDING and replaces(item)][-1])],
        }
        artifacts = self.file("artifacts")
        there = {str(path.relative_to(artifacts)) for path in artifacts.rglob("*") if path.is_file()}
        assert there == wanted.keys()
        for name, parts in wanted.items():
            found = (artifacts / name).read_text()
            if scene.in_order:
                assert found == "".join(parts), name
            else:
                assert sorted(found.splitlines()) == sorted("".join(parts).splitlines()), name

    def _has_counts(self) -> None:
        said = self.folder.progress
        assert (said["status"], said["processed_items"], said["total_items"]) == ("completed", ITEMS, ITEMS)
        assert said["failed_items"] == len(FAILING)
        assert said["counters"] == {"items": len(SUCCEEDING), "size": sum(SUCCEEDING)}
        assert said["attempt"] == self.folder.attempts

    def _has_errors(self, scene: "Scene", *, other_too: bool) -> None:
        errors = self.folder.errors()
        items = [(error["item"], error["message"]) for error in errors if error["type"] == "ValueError"]
        wanted = [(str(item), complaint_of(item)) for item in FAILING]
        assert items == wanted if scene.in_order else sorted(items) == sorted(wanted)
        others = [error for error in errors if error["type"] != "ValueError"]
        assert len(others) <= (self.folder.attempts - 1 if other_too else 0), others


class Scene(NamedTuple):
    """One way: in what an attempt finds itself, and what happens to it besides being hurt."""

    name: str
    words: tuple[str, ...] = ()
    """What the agent is told in the attempt that is hurt."""
    code: int = 0
    """Its exit code where nothing hurts it."""
    prepare: Callable[[Stage], None] = lambda stage: None
    in_order: bool = True
    """The source comes in the same order in each attempt, and so do the outputs."""
    by_log: bool = True
    """The log alone says what is finished, at each moment."""

    def stage(self, path: Path) -> Stage:
        stage = Stage(path)
        self.prepare(stage)
        return stage


def left_in_the_middle(stage: Stage) -> None:
    """Killed within an item: its output half written, the log torn, half a head beside the last one."""
    code, said = finished(stage.folder, stage.command("die=9"))
    assert code == -9, said
    stage.was_left()
    log = stage.file("checkpoint.log")
    line = log.read_bytes().splitlines(keepends=True)[-1]
    with log.open("ab") as file:
        file.write(line[: len(line) // 2])
    with stage.file("errors.jsonl").open("ab") as file:
        file.write(b'{"at": "2026-')
    head = stage.file("checkpoint.json").read_bytes()
    stage.file(f".checkpoint.json.{os.getpid()}-1").write_bytes(head[: len(head) // 2])


def left_without_a_head(stage: Stage) -> None:
    """Whoever wrote over the head, the log has everything."""
    left_in_the_middle(stage)
    stage.file("checkpoint.json").write_bytes(DAMAGED)


def left_compacted(stage: Stage) -> None:
    """Killed behind the moment at which the log got its shorter form, and another one was begun."""
    code, said = finished(stage.folder, stage.command("compact", "die=13"))
    assert code == -9, said
    assert any("ks" in line for line in stage.lines())
    stage.was_left()


def left_by_a_power_cut(stage: Stage) -> None:
    """An output lost its end, which the log has promised: what was written of later items is done again."""
    left_in_the_middle(stage)
    kept = 6
    os.truncate(stage.file("artifacts/text"), sum(len(text_of(item)) for item in range(kept) if item not in FAILING))
    stage.effects.write_text("".join(f"{item}\n" for item in range(kept)))
    stage.in_hand.clear()


FRESH = Scene("fresh")
RESUMED = Scene("resumed", prepare=left_in_the_middle)
STOPPED = Scene("stopped", ("stop",), CHECKPOINTED)
PAUSED = Scene("paused", ("pause",))
HEADLESS = Scene("headless", prepare=left_without_a_head)
FALLEN_BACK = Scene("fallen back", prepare=left_by_a_power_cut, by_log=False)
REVERSED = Scene("reversed", ("reversed",), prepare=left_in_the_middle, in_order=False)
COMPACTED = Scene("compacted", ("compact",))
COMPACTED_AGAIN = Scene("compacted again", ("compact",), prepare=left_compacted)
POWER = Scene("power", ("power", "compact"))
SCENES = (
    FRESH, RESUMED, STOPPED, PAUSED, HEADLESS, FALLEN_BACK, REVERSED, COMPACTED, COMPACTED_AGAIN, POWER
)  # fmt: skip

BEATING = Scene("beating", ("beating",))
"""Long enough for the thread beside the main one to do all that it does."""
SHORTENING = Scene("shortening", ("compact", "shortening"))
