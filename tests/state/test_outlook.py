"""The end of a queue: as if whoever decides who may start had been asked again and again."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from overnight.state.outlook import Outlook, outlook_of
from overnight.state.queue import Group, Queue, Waiter, who_may_start
from overnight.state.records import Outcome
from tests.state.test_queue import IDS, NOW, busy, groups, outcomes, waiters

seconds = st.dictionaries(st.sampled_from((*IDS, "x", "y", "z")), st.integers(0, 5).map(float))
queues = st.builds(
    Queue,
    now=st.just(NOW),
    waiters=st.lists(waiters, unique_by=lambda each: each.id).map(tuple),
    busy=busy.map(lambda each: {group: tuple(f"{run_id}-{group}" for run_id in ids) for group, ids in each.items()}),
    groups=groups,
    outcomes=outcomes,
)


def asked_again_and_again(queue: Queue, left: Mapping[str, float], usual: Mapping[str, float]) -> Outlook:
    """Moment after moment, with the same records that a supervisor would find then."""
    group_of = {run_id: group for group, ids in queue.busy.items() for run_id in ids}
    ends = {run_id: left[run_id] for run_id in group_of if run_id in left}
    starts: dict[str, float] = {}
    now, last, over = 0.0, None, 0
    while True:
        for run_id in [each for each, at in ends.items() if at == now]:
            del ends[run_id]
            group = group_of[run_id]
            rest = tuple(each for each in queue.busy[group] if each != run_id)
            known = {**queue.outcomes, run_id: Outcome.COMPLETED}
            queue = queue._replace(busy={**queue.busy, group: rest}, outcomes=known)
            last, over = now, over + 1
        begun = who_may_start(queue._replace(now=NOW + now))
        for waiter in [each for each in queue.waiters if each.id in begun]:
            taken = (*queue.busy.get(waiter.group, ()), waiter.id)
            rest_of_line = tuple(each for each in queue.waiters if each.id != waiter.id)
            queue = queue._replace(busy={**queue.busy, waiter.group: taken}, waiters=rest_of_line)
            group_of[waiter.id], starts[waiter.id], last = waiter.group, now, now or last
            if waiter.id in usual:
                ends[waiter.id] = now + usual[waiter.id]
        if any(at == now for at in ends.values()):
            continue
        waits = [each.start_at - NOW for each in queue.waiters if each.start_at is not None]
        moments = [at for at in (*ends.values(), *waits) if at > now]
        if not moments:
            working = sum(map(len, queue.busy.values()))
            return Outlook(last, working + len(queue.waiters), starts)
        now = min(moments)


@given(queues, seconds, seconds)
def test_it_ends_as_if_it_had_been_asked_at_every_moment_who_may_start(
    queue: Queue, left: dict[str, float], usual: dict[str, float]
) -> None:
    # Those that others come after and that neither work nor wait are over, or were removed.
    there = {*(each.id for each in queue.waiters), *(run_id for ids in queue.busy.values() for run_id in ids)}
    over = {run_id: outcome for run_id, outcome in queue.outcomes.items() if run_id not in there}
    queue = queue._replace(outcomes={**over, **dict.fromkeys(there)})
    left = {f"{run_id}-{group}": each for run_id, each in left.items() for group in queue.busy}
    assert outlook_of(queue, left, usual) == asked_again_and_again(queue, left, usual)


def waiting(run_id: str, **changes: Any) -> Waiter:
    return Waiter(run_id, "gpu", created_at=NOW)._replace(**changes)


def test_two_at_once_and_what_comes_after_them() -> None:
    queue = Queue(
        NOW,
        (waiting("b"), waiting("c"), waiting("report", group="default", after=("b", "c"))),
        {"gpu": ("a", "x")},
        {"gpu": Group(slots=2)},
    )
    seen = outlook_of(
        queue._replace(outcomes=dict.fromkeys("abc")), {"a": 60, "x": 100}, {"b": 30, "c": 50, "report": 5}
    )
    assert seen == Outlook(155, 0, {"b": 60, "c": 90, "report": 140}) or seen.left == 145


def test_what_nobody_can_foretell_is_counted() -> None:
    queue = Queue(NOW, (waiting("b"), waiting("held", paused=True)), {"gpu": ("stream",)}, {"gpu": Group(slots=1)})
    assert outlook_of(queue, {}, {"b": 30}) == Outlook(None, 3, {})


def test_ten_thousand_that_wait_are_played_through() -> None:
    count = 10_000
    line = tuple(waiting(f"r{number}", after=(f"r{number - 1}",) if number % 3 else ()) for number in range(count))
    queue = Queue(NOW, line, {}, {"gpu": Group(slots=4)}, dict.fromkeys(each.id for each in line))
    seen = outlook_of(queue, {}, {each.id: 10.0 for each in line})
    assert (seen.open, len(seen.starts)) == (0, count)
    # All four work but at the very end, where what comes after another waits for it.
    assert seen.left is not None
    assert 10.0 * count / 4 <= seen.left <= 10.0 * (count / 4 + 3)
