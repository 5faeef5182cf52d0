"""Known bugs, each as the change of text that puts it back, and the tests that are there to notice it.

To move a tooth to other code: change its row. A text that does not stand in its file exactly once is an error.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("state", "agents", "tui")

SWEEP = "tests/proof/test_torture.py::test_a_death_before_any_call_and_inside_of_any_write_leaves_no_trace"
CHECKPOINT = "tests/state/test_checkpoint.py::test_"
DAMAGE = "tests/proof/test_damage.py::test_"
CONTINUED = "tests/proof/test_at_once.py::test_of_several_that_continue_an_ended_run_one_gets_it"


class Change(NamedTuple):
    """In one file, one text instead of another that stands there once."""

    file: str
    old: str
    new: str


class Tooth(NamedTuple):
    """One bug."""

    name: str
    changes: tuple[Change, ...]
    noticed_by: tuple[str, ...]
    """Tests that are quick, at least one of which fails with it."""


LOG, LINE, FILE = "state/checkpoint.py", "state/logline.py", "state/appending.py"
REOPENING, STANDING, OUTPUTS = "state/reopening.py", "state/standing.py", "state/outputs.py"
COMMITS, LOOPS, HAND = "agents/commits.py", "agents/loops.py", "agents/hand.py"

TEETH = (
    Tooth(
        "outputs are not cut when a run goes on",
        (Change(OUTPUTS, "    if _size(path) > length:\n", "    if False:\n"),),
        (SWEEP,),
    ),
    Tooth(
        "an item is marked before it is done",
        (
            Change(
                LOOPS,
                "                yield Guarded(item, self._fail) if guard else item\n",
                "                self.commits.checkpoint.commit(walk.loop, position, identity, 0, {}, {})\n"
                "                yield Guarded(item, self._fail) if guard else item\n",
            ),
            Change(
                COMMITS,
                "        try:\n            write(loop, hand.position, hand.identity, milliseconds, ",
                "        try:\n"
                "            error = {'e': more['e']} if more and 'e' in more else {}\n"
                "            self.checkpoint.note(o=outputs, c=hand.counters, **error)\n"
                "            (lambda *unwritten: None)(",
            ),
        ),
        (SWEEP,),
    ),
    Tooth(
        "the line is written before the outputs that it counts",
        (
            Change(
                COMMITS,
                "                artifact.append(pieces)\n            except",
                "                pass\n            except",
            ),
            Change(
                COMMITS,
                "lengths[artifact.name] = artifact.length",
                "lengths[artifact.name] = artifact.file.length + sum(map(len, pieces))",
            ),
            Change(
                COMMITS,
                "            for artifact in hand.appended:\n                artifact.committed",
                "            for artifact, pieces in hand.appended.items():\n"
                "                artifact.append(pieces)\n"
                "                artifact.committed",
            ),
        ),
        (SWEEP,),
    ),
    Tooth(
        "the head is written in place",
        (
            Change(LOG, "from overnight.state.atomic import ", "from overnight.state.atomic import write_new, "),
            Change(LOG, "        replace(self._run.checkpoint_path, ", "        write_new(self._run.checkpoint_path, "),
        ),
        (SWEEP,),
    ),
    Tooth(
        "the head is written before the line that it counts",
        (
            Change(
                LOG,
                "            self.standing.offset += self._append(line)\n            self.standing.settle(",
                "            self.standing.settle(loop, position, identity, outputs, counters, more)\n"
                "            self.save_head()\n"
                "            self.standing.offset += self._append(line)\n"
                "            return\n"
                "            self.standing.settle(",
            ),
        ),
        (SWEEP,),
    ),
    Tooth(
        "what lies behind the head is not read",
        (
            Change(
                REOPENING, "        for line in lines_of(self._run, standing.offset):\n", "        for line in ():\n"
            ),
        ),
        (CHECKPOINT + "a_torn_tail_is_cut_before_anything_is_appended",),
    ),
    Tooth(
        "the head of another log is taken",
        (Change(REOPENING, 'plain["generation"] == generation and ', ""),),
        (DAMAGE + "a_head_of_another_log_is_not_believed",),
    ),
    Tooth(
        "checksums are not compared",
        (Change(LINE, 'line[:8] != UNCHECKED and line[:8] != b"%08x" % crc32(body)', "False"),),
        (DAMAGE + "a_line_that_changed_on_the_disk_does_not_count",),
    ),
    Tooth(
        "a session is no fence",
        (Change(STANDING, 'return int(line.get("s", self.session)) >= self.session', "return True"),),
        (DAMAGE + "a_line_of_an_older_start_does_not_count",),
    ),
    Tooth(
        "a torn tail is not cut",
        (Change(REOPENING, "        self._log.cut(end)\n", "        pass\n"),),
        (SWEEP,),
    ),
    Tooth(
        "what a full disk took of a line stays",
        (
            Change(
                FILE, "        except OSError:\n            self.take_back(self.length)\n", "        except OSError:\n"
            ),
        ),
        (CHECKPOINT + "what_a_refusing_disk_took_of_a_line_is_cut_at_once",),
    ),
    Tooth(
        "the line does not say how long the outputs are",
        (Change(LINE, "    if outputs:\n", "    if False:\n"),),
        (SWEEP,),
    ),
    Tooth(
        "the line does not say what was counted",
        (Change(LINE, "    if counters:\n", "    if False:\n"),),
        (SWEEP,),
    ),
    Tooth(
        "an output that lost bytes is not noticed",
        (Change(OUTPUTS, "            if sizes[name] < length:\n", "            if False:\n"),),
        (CHECKPOINT + "where_an_artifact_is_shorter_it_goes_back_to_the_last_line_that_fits",),
    ),
    Tooth(
        "errors of items that were not finished stay on record",
        (
            Change(COMMITS, "        cut(records.errors_path, checkpoint.standing.errors)\n", ""),
            Change(COMMITS, "records.errors_path, checkpoint.standing.errors, 0)", "records.errors_path, 1 << 62, 0)"),
        ),
        (SWEEP,),
    ),
    Tooth(
        "an item that failed leaves what it wrote",
        (
            Change(
                HAND, "                artifact.discard()\n            self.appended = {}\n", "                pass\n"
            ),
        ),
        ("tests/sdk/test_items.py::test_a_guarded_loop_records_the_errors_of_its_items_and_goes_on",),
    ),
    Tooth(
        "an output that is replaced shows what is not committed",
        (
            Change(
                "agents/artifact.py",
                "        write_new(path, content, sync=sync)\n",
                "        write_new(path, content, sync=sync)\n        write_new(self.path, content)\n",
            ),
        ),
        (SWEEP,),
    ),
    Tooth(
        "results of steps are not found again",
        (Change(STANDING, '        elif "step" in line:\n', "        elif False:\n"),),
        (SWEEP,),
    ),
    Tooth(
        "a shorter log has only the finished items",
        (Change("state/compaction.py", '        draft.add({"base": self._moved_head()})\n', ""),),
        (SWEEP,),
    ),
    Tooth(
        "a changed source is passed over by position",
        (
            Change(
                "state/chain.py",
                "        if self.length == longer.length:\n            return ",
                "        if self.length == longer.length:\n            return True or ",
            ),
        ),
        ("tests/sdk/test_source.py::test_what_changed_is_counted",),
    ),
    Tooth(
        "a pause is not a checkpoint",
        (Change("agents/hold.py", "        self._checkpoint()\n", ""),),
        ("tests/sdk/test_requests.py::test_a_pause_is_obeyed_at_the_item_edge_and_acknowledged_with_its_number",),
    ),
    Tooth(
        "the lock lets everybody in",
        (Change("state/lock.py", "fcntl.F_OFD_SETLK", "fcntl.F_OFD_GETLK"),),
        ("tests/state/test_lock.py", CONTINUED),
    ),
)


class Tree:
    """A copy of the source that is imported instead of it, by every process that a test starts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in FOLDERS:
            shutil.copytree(ROOT / name, folder / "overnight" / name)
        self.environment = {**os.environ, "PYTHONPATH": str(folder)}

    def apply(self, change: Change) -> None:
        path = self._folder / "overnight" / change.file
        text = path.read_text()
        found = text.count(change.old)
        assert found == 1, f"{change.file} has {found} times what is to be changed there:\n{change.old}"
        changed = text.replace(change.old, change.new)
        compile(changed, str(path), "exec")
        path.write_text(changed)

    def origin_of(self, module: str) -> Path:
        """Where a process that is started with `environment` finds a module."""
        ask = [sys.executable, "-c", f"import {module} as module; print(module.__file__)"]
        found = subprocess.run(ask, env=self.environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
        return Path(found.stdout.strip()).relative_to(self._folder)

    def test(self, *tests: str, stop_at_first: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run tests of the suite with it."""
        options = ["-q", "-n0", "-p", "no:cacheprovider", *(["-x"] if stop_at_first else [])]
        return subprocess.run(
            [sys.executable, "-m", "pytest", *options, *tests],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
