"""A run and a model of thirty lines live through the same story, and agree whenever nothing moves.

Real processes: an agent that does what a file tells it, die in an item or pause behind it. The source and what its
items hold change in between; the agent is killed, crashed, stopped, cancelled, paused, resumed, killed while it is
paused, and told to do what failed again.

A story is as long as a few starts; the fast form tells FAST of them, the long one (`-m long`) LONG. What a failing
one did is printed step by step, and `@reproduce_failure` as the report gives it repeats it.
"""

import json
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from overnight.state import control
from overnight.state.records import Verb
from tests.sdk.attempts import Folder

pytestmark = [pytest.mark.leaves_no_process, pytest.mark.timeout(300)]

FAST, LONG = 20, 1500
PROGRAM = Path(__file__).parent / "programs" / "told.py"
KEYS = [f"k{number:02d}" for number in range(40)]
EDITS = ("add", "remove", "reorder", "rotate", "change", "make bad or good")
TOLD = ("die", "crash", "stop", "cancel", "pause")
"""What happens in a body."""
KINDS = ("list", "any", "stream", "lines")
LISTS = {"list", "any"}
"""How many there are is known; `any` comes in any order."""
COMMITS = frozenset({"stop", "cancel", "pause"})
"""What is heard at the edge behind the item, which is finished by then. Behind the last one of a list it completes."""


class Model:
    """What shall have been done. Knows no file and no process."""

    def __init__(self) -> None:
        self.source: dict[str, int] = {}
        """Key -> content, in order."""
        self.bad: set[str] = set()
        """Keys that fail now."""
        self.done: dict[str, int] = {}
        """Key -> content that it was finished with last."""
        self.failed: list[tuple[str, int]] = []
        """Key and content of what is finished, and failed."""
        self.log: list[str] = []
        """Every key that was ever finished."""
        self.errors: list[str] = []
        self.bodies: list[str] = []
        """Every time that a body was begun."""
        self.output, self.counters = "", dict[str, int]()

    def left(self) -> list[str]:
        return [key for key, content in self.source.items() if self.done.get(key) != content]

    def passed(self) -> int:
        """Finished items that stand in the source."""
        return len(self.source) - len(self.left())

    def work(self, until: str | None, *, commits: bool) -> None:
        """To the end, or to one item, which is finished or goes back."""
        for key in self.left():
            self.bodies.append(key)
            if key == until and not commits:
                return
            self._finish(key)
            if key == until:
                return

    def _finish(self, key: str) -> None:
        content = self.source[key]
        self.log.append(key)
        self.done[key] = content
        if key in self.bad:
            self.failed.append((key, content))
            self.errors.append(key)
            return
        self.output += f"{key} {content}\n"
        for name, value in (("items", 1), ("content", content)):
            self.counters[name] = self.counters.get(name, 0) + value

    def forget_the_failed(self) -> None:
        for key, content in self.failed:
            if self.done[key] == content:
                del self.done[key]
        self.failed.clear()


class Story(RuleBasedStateMachine):
    """What happens to a run. Each rule does the same to the model and to the real thing, and compares them."""

    home: Path
    runs = count(1)
    positions = st.integers(0, 50)

    def __init__(self) -> None:
        super().__init__()
        self.folder = Folder(self.home / "runs" / f"told-{next(self.runs):06d}")
        self.plan, self.bodies = self.folder.path / "plan.json", self.folder.path / "bodies"
        self.model = Model()
        self.asked: Verb | None = None
        """The newest request."""
        self.paused: subprocess.Popen[str] | None = None
        """The process that stands still."""
        self.kind = "list"
        self.resumed = 0

    @initialize(size=st.integers(0, 20))
    def begin(self, size: int) -> None:
        self.model.source = dict.fromkeys(KEYS[:size], 1)

    @rule(
        edit=st.sampled_from(EDITS),
        keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=5, unique=True),
        at=positions,
    )
    def edit(self, edit: str, keys: list[str], at: int) -> None:
        """The source changes: what is not in it is added at one place, what is in it is removed or changed."""
        model = self.model
        there = [key for key in keys if key in model.source]
        items = list(model.source.items())
        at %= len(items) + 1
        match edit:
            case "add":
                new = {key: model.source.get(key, 1) for key in keys}
                model.source = dict(items[:at]) | new | dict(items[at:])
            case "remove":
                model.source = {key: content for key, content in items if key not in there}
            case "reorder":
                model.source = dict([*reversed(items[:at]), *items[at:]])
            case "rotate":
                model.source = dict([*items[at:], *items[:at]])
            case "change":
                # The third change leads back to the first content.
                model.source |= {key: model.source[key] % 3 + 1 for key in there}
            case "make bad or good":
                model.bad ^= set(there)

    @precondition(lambda self: self.paused is None and self.model.left())
    @rule(
        told=st.sampled_from(TOLD),
        at=st.integers(0, 4),
        kind=st.sampled_from(KINDS),
    )
    def work_until(self, told: str, at: int, kind: str) -> None:
        """It is started, and something happens in the body of one of the items that are left."""
        left = self.model.left()
        key = left[at % len(left)]
        self._let_go_on()
        self._start(kind, {key: told})
        self.model.work(key, commits=told in COMMITS)
        if key == left[-1] and kind in LISTS and told in COMMITS:
            self._remember(told)
            self._ends(0, "completed")
        else:
            self._happened(told, key)

    def _happened(self, told: str, key: str) -> None:
        self._remember(told)
        match told:
            case "die":
                self._ends(-signal.SIGKILL, None)
            case "crash":
                self.model.errors.append(key)
                self._ends(1, "failed")
            case "stop":
                self._ends(75, "interrupted")
            case "cancel":
                self._ends(75, "cancelled")
            case "pause":
                self._stands_still()

    @precondition(lambda self: self.paused is None and len(self.model.left()) < 2)
    @rule(kind=st.sampled_from(KINDS))
    def work_to_the_end(self, kind: str) -> None:
        self._let_go_on()
        self._start(kind, {})
        self.model.work(None, commits=True)
        self._ends(0, "completed")

    @precondition(lambda self: self.paused is None and self.asked is Verb.PAUSE and self.model.left())
    @rule(kind=st.sampled_from(KINDS))
    def start_though_it_shall_be_paused(self, kind: str) -> None:
        self._start(kind, {})
        self._stands_still()

    @precondition(lambda self: self.paused is None and self.model.failed)
    @rule()
    def want_the_failed_ones_again(self) -> None:
        """As `retry --errors` asks before it starts it."""
        self._ask(Verb.RESUME, errors=True)
        self.model.forget_the_failed()

    @precondition(lambda self: self.paused is not None)
    @rule(then=st.sampled_from(["resume", "stop", "kill"]))
    def while_it_is_paused(self, then: str) -> None:
        match then:
            case "resume":
                self._ask(Verb.RESUME)
                self._signal(signal.SIGCONT)
                with self._as_planned():
                    self.model.work(None, commits=True)
                    self._ends(0, "completed")
            case "stop":
                self._signal(signal.SIGTERM)
                with self._as_planned():
                    self._ends(75, "interrupted")
            case "kill":
                self._signal(signal.SIGKILL)
                self._ends(-signal.SIGKILL, None)

    @contextmanager
    def _as_planned(self) -> Iterator[None]:
        """With the source as it was at the start."""
        plan, model = json.loads(self.plan.read_text()), self.model
        now = model.source, model.bad
        model.source, model.bad = dict(plan["items"]), set(plan["bad"])
        yield
        model.source, model.bad = now

    def _let_go_on(self) -> None:
        """As `resume` and `retry` do before they start it."""
        if self.asked not in {None, Verb.RESUME}:
            self._ask(Verb.RESUME)

    def _ask(self, verb: Verb, **options: bool) -> None:
        control.ask(self.folder.run, verb, by="test@here", options=options)
        self.asked = verb

    def _remember(self, told: str) -> None:
        self.asked = {"pause": Verb.PAUSE, "cancel": Verb.CANCEL}.get(told, self.asked)

    def _start(self, kind: str, do: dict[str, str]) -> None:
        self.kind, self.resumed = kind, self.model.passed()
        items = list(self.model.source.items())
        self.plan.write_text(json.dumps({"items": items, "bad": sorted(self.model.bad), "kind": kind, "do": do}))
        self.paused = self.folder.start([sys.executable, str(PROGRAM), str(self.plan), str(self.bodies)])

    def _signal(self, number: signal.Signals) -> None:
        assert self.paused is not None
        self.paused.send_signal(number)

    def _stands_still(self) -> None:
        self.folder.when(status="paused")
        self._agree()
        self._agree_on_progress("paused")

    def _ends(self, code: int, status: str | None) -> None:
        process, self.paused = self.paused, None
        assert process is not None
        _, said = process.communicate(timeout=30)
        assert process.returncode == code, said
        self._agree()
        if status is not None:
            self._agree_on_progress(status)

    def _agree(self) -> None:
        """What is on the disk is what the model has done, however it came to its end."""
        model, out = self.model, self.folder.path / "artifacts" / "out.txt"
        assert self.folder.committed() == model.log
        assert (out.read_text() if out.exists() else "") == model.output
        assert (self.bodies.read_text().split() if self.bodies.exists() else []) == model.bodies
        errors = self.folder.errors() if (self.folder.path / "errors.jsonl").exists() else []
        assert [error["item"] for error in errors] == model.errors

    def _agree_on_progress(self, status: str) -> None:
        model, said = self.model, self.folder.progress
        wanted: dict[str, Any] = {
            "status": status,
            "counters": model.counters,
            "failed_items": len(model.failed),
        }
        if self.kind in LISTS or status == "completed":
            wanted |= {"processed_items": model.passed(), "resumed_items": self.resumed}
        assert {name: said[name] for name in wanted} == wanted
        assert status != "completed" or said.get("percent_complete") in {None, 100}

    def teardown(self) -> None:
        """Every story that has come so far has a good end."""
        error = sys.exc_info()[1]
        if isinstance(error, AssertionError):
            # Told again, a story may go well: then this is all that is known of it.
            traceback.print_exception(error)
        if self.paused is not None:
            self.paused.kill()
            self.paused.communicate()
        elif error is None:
            self.work_to_the_end("list")


def tell(home: Path, stories: int, phases: tuple[Phase, ...]) -> None:
    class StoryHere(Story):
        pass

    StoryHere.home = home
    chosen = settings(
        max_examples=stories,
        stateful_step_count=14,
        deadline=None,
        print_blob=True,
        phases=phases,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    run_state_machine_as_test(StoryHere, settings=chosen)


def test_a_run_does_what_its_model_does(home: Path) -> None:
    # A story that fails is shown as it was found: to make it shorter takes longer than a test may.
    tell(home, FAST, (Phase.explicit, Phase.reuse, Phase.generate))


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_a_run_does_what_its_model_does_in_many_stories(home: Path) -> None:
    tell(home, LONG, (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink))
