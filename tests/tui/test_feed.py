"""The feed tells of what real runs do, and of nothing twice."""

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event as Flag

import pytest

from overnight.state import groups
from overnight.state.atomic import append_line
from overnight.state.codec import encode
from overnight.state.home import Home
from overnight.state.queue import Group
from overnight.state.records import Exit, ItemError, Origin, Outcome, Progress
from overnight.state.status import Status
from overnight.state.watch import RESCAN_AFTER
from overnight.tui.detail import Detail, Tab
from overnight.tui.events import Arrived, Event, Failed, Read, Ticked
from overnight.tui.feed import Feed
from overnight.tui.looker import Looker
from overnight.tui.model import Fleet
from overnight.tui.reducer import reduce
from overnight.tui.sight import Sight
from tests.builders import a_run, a_spec
from tests.command import launched
from tests.tui.driven import a_supervised_run, an_ended_run
from tests.waiting import eventually


class Fed:
    """A fleet that takes in what its feed says, as the interface does."""

    def __init__(self, home: Path) -> None:
        self.feed = Feed(Home(str(home)))
        self.woken = Flag()
        self._fleet = Fleet(now=time.time())

    def fleet(self) -> Fleet:
        for event in self.feed.take():
            self._fleet = reduce(self._fleet, event)
        return self._fleet

    def detail(self) -> Detail:
        return self.fleet().detail or Detail("")


@pytest.fixture
def fed(home: Path) -> Iterator[Fed]:
    fed = Fed(home)
    fed.feed.start(fed.woken.set)
    yield fed
    fed.feed.stop()


def test_it_tells_of_every_run_then_of_what_changes_and_of_what_is_removed(home: Path, fed: Fed) -> None:
    with a_supervised_run(home, "crawl") as run:
        eventually(lambda: run.id in fed.fleet().reads)
        run.write(run.progress_path, Progress(processed_items=77, total_items=100, attempt=1))
        eventually(lambda: fed.fleet().samples[run.id][-1].processed == 77)
        run.write(run.exit_path, Exit(Outcome.COMPLETED, 0))
        eventually(lambda: fed.fleet().statuses[run.id] is Status.COMPLETED)
    for path in sorted(Path(run.path).rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    Path(run.path).rmdir()
    eventually(lambda: run.id not in fed.fleet().reads)
    assert fed.woken.is_set()


def test_the_first_runs_are_read_before_it_is_started_and_the_others_behind(home: Path) -> None:
    ids = {an_ended_run(home, f"run-{number:02}", Exit(Outcome.COMPLETED, 0)).id for number in range(10)}
    feed = Feed(Home(str(home)), 4)
    try:
        feed.begin(60)
        assert [len(event.reads) for event in feed.take() if isinstance(event, Arrived)] == [4]
        told: list[Event] = []
        feed.start(lambda: None)

        def arrived() -> list[Arrived]:
            told.extend(feed.take())
            return [event for event in told if isinstance(event, Arrived)]

        [others] = eventually(arrived)
        assert (len(others.reads), others.more) == (6, False)
        assert {read.id for read in others.reads} < ids
    finally:
        feed.stop()


def test_runs_that_cannot_be_read_do_not_keep_the_interface_waiting(home: Path) -> None:
    feed = Feed(Home(str(home / "none" / "\0")))
    try:
        began = time.monotonic()
        feed.begin(60)
        assert time.monotonic() - began < 60
        assert any(isinstance(event, Failed) for event in feed.take())
    finally:
        feed.stop()


def test_of_an_agent_that_writes_only_counts_the_end_is_foretold_by_watching_it(home: Path, fed: Fed) -> None:
    with a_supervised_run(home, "crawl") as run:

        def told() -> Progress:
            fleet = fed.fleet()
            return (fleet.reads[run.id].records.progress if run.id in fleet.reads else None) or Progress()

        for done in range(41, 46):
            run.write(run.progress_path, Progress(processed_items=done, total_items=100, attempt=1))
            eventually(partial(lambda done: told().processed_items == done, done))
        estimate = told().estimate
        assert estimate is not None
        assert estimate.low < estimate.likely < estimate.high


def test_a_run_whose_launch_takes_a_while_is_told_of_as_soon_as_it_is_one(home: Path, fed: Fed) -> None:
    run = Home(str(home)).new_run("crawl")
    # It was seen while there was nothing in it but its folders.
    eventually(lambda: fed.woken.is_set() and fed.fleet().loaded)
    before = time.monotonic()
    run.write(run.spec_path, a_spec(id=run.id))
    eventually(lambda: run.id in fed.fleet().reads)
    assert time.monotonic() - before < RESCAN_AFTER


def test_the_newest_line_of_a_run_that_reports_nothing_is_told(home: Path, fed: Fed) -> None:
    run_id = launched(
        "--name", "talker", "--", "bash", "-c", "for i in 1 2 3; do echo line $i; sleep 0.5; done; sleep 60"
    )
    fed.feed.look(Sight(None, Tab.PROGRESS, frozenset({run_id})))
    eventually(lambda: fed.fleet().printed.get(run_id) == "line 3")


def test_what_is_not_looked_at_is_not_read(home: Path, fed: Fed) -> None:
    run = an_ended_run(home, "crawl", Exit(Outcome.FAILED, 1))
    Path(run.output_path).write_text("hello\n")
    fed.feed.look(Sight(run.id, Tab.PROGRESS))
    eventually(lambda: fed.detail().log == ("hello",))
    assert fed.detail().history == ()
    fed.feed.look(Sight(run.id, Tab.HISTORY))
    eventually(lambda: [event.event for event in fed.detail().history] == ["created"])
    assert fed.detail().errors == ()


def test_of_many_item_errors_only_the_newest_are_read(home: Path) -> None:
    run = an_ended_run(home, "crawl", Exit(Outcome.FAILED, 1))
    with open(run.errors_path, "wb") as file:
        # Read whole, it would be 64 GB.
        os.truncate(file.fileno(), 64 << 30)
        file.seek(0, os.SEEK_END)
        file.writelines(b"\n" + encode(ItemError(item=f"{number}.py", type="OSError")) for number in range(20_000))
    detail = Looker().look(Home(str(home)), Sight(run.id, Tab.ERRORS))
    assert detail is not None
    assert not detail.errors_are_whole
    (group,) = detail.errors
    assert group.items[0] == "19999.py"
    assert 0 < group.seen < 20_000


def test_a_change_of_the_source_is_seen_while_one_looks(home: Path) -> None:
    run, looker = an_ended_run(home, "crawl", Exit(Outcome.FAILED, 1)), Looker()
    for attempt, digest in enumerate("ab", 1):
        append_line(run.origins_path, encode(Origin(time.time(), attempt, digest, {"a.py": digest})))
        detail = looker.look(Home(str(home)), Sight(run.id, Tab.HISTORY))
    assert detail is not None
    assert [event.event for event in detail.history] == ["created", "source_changed"]


def test_a_home_that_cannot_be_watched_is_said(home: Path) -> None:
    (home / "runs").write_text("a file")
    fed = Fed(home)
    fed.feed.start(fed.woken.set)
    eventually(lambda: "runs" in fed.fleet().failure)
    fed.feed.stop()


@contextmanager
def no_more_files() -> Iterator[None]:
    """Inside, this process can open none, whichever it closes meanwhile: it has the first three for good."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_where_no_more_files_can_be_opened_it_says_so_and_goes_on_as_soon_as_it_can(home: Path, fed: Fed) -> None:
    with a_supervised_run(home, "crawl") as run:
        eventually(lambda: run.id in fed.fleet().reads)
        with no_more_files():
            run.stir()
            eventually(lambda: "Too many open files" in fed.fleet().failure)
        run.write(run.progress_path, Progress(processed_items=77, total_items=100, attempt=1))
        eventually(lambda: fed.fleet().samples[run.id][-1].processed == 77)
        eventually(lambda: fed.fleet().failure == "")


def test_what_happens_to_all_runs_is_told_as_soon_as_they_can_be_listed_again(home: Path, fed: Fed) -> None:
    run = an_ended_run(home, "crawl", Exit(Outcome.COMPLETED, 0))
    eventually(lambda: run.id in fed.fleet().reads)
    with no_more_files():
        fed.feed.look(Sight(events=True))
        eventually(lambda: "Too many open files" in fed.fleet().failure)
    eventually(lambda: [told.run_id for told in fed.fleet().told or ()] == [run.id])
    eventually(lambda: fed.fleet().failure == "")


def test_a_slow_taker_gets_the_newest_reading_of_a_run_and_no_older_one() -> None:
    from overnight.tui.mailbox import Mailbox

    mailbox = Mailbox()
    old, new = (Read("a", a_run(errors=errors)) for errors in (1, 2))
    for event in (Ticked(1), Arrived((old,)), Ticked(2), Arrived((new,)), Arrived((), frozenset({"b"}))):
        mailbox.put(event)
    assert mailbox.empty() == [Ticked(2), Arrived((new,), frozenset({"b"}))]
    assert mailbox.empty() == []


def test_it_tells_what_is_said_of_groups_and_of_a_damaged_file_nothing(home: Path, fed: Fed) -> None:
    groups.write(str(home), {"gpu": Group(2)})
    eventually(lambda: fed.fleet().groups == {"gpu": Group(2)})
    path = Path(groups.path_of(str(home)))
    with a_supervised_run(home, "crawl"):
        path.write_text("{")
        before = fed.fleet().now
        eventually(lambda: fed.fleet().now > before + 1)
    assert fed.fleet().groups == {"gpu": Group(2)}
    path.unlink()
    eventually(lambda: fed.fleet().groups == {})


def test_while_nothing_lives_and_nothing_has_just_ended_no_second_is_told(home: Path, fed: Fed) -> None:
    """Each would draw a picture that is as it was."""
    old = an_ended_run(home, "old", Exit(Outcome.COMPLETED, 0, ended_at=time.time() - 3600))
    eventually(lambda: fed.fleet().statuses.get(old.id) is Status.COMPLETED)

    def is_silent() -> bool:
        fed.fleet()
        fed.woken.clear()
        return not fed.woken.wait(1.5)

    eventually(is_silent)
    an_ended_run(home, "new", Exit(Outcome.COMPLETED, 0, ended_at=time.time()))
    eventually(lambda: len(fed.fleet().reads) == 2)
    before = fed.fleet().now
    assert before > time.time() - 5
    eventually(lambda: fed.fleet().now > before)
