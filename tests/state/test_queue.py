"""Who may start: laws that hold for any queue, and what each queued run is said to wait for."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from overnight.state.queue import Cause, Group, Plan, Queue, Waiter, dependency, plan_of, stands_of, who_may_start
from overnight.state.records import Outcome

NOW = 1_800_000_000.0
GROUPS = ("default", "gpu", "cpu")
IDS = tuple(f"r{number}" for number in range(8))

after = st.builds(lambda run_id, how: run_id + how, st.sampled_from((*IDS, "gone")), st.sampled_from(("", ":ended")))
waiters = st.builds(
    Waiter,
    id=st.sampled_from(IDS),
    group=st.sampled_from(GROUPS),
    priority=st.integers(-2, 2),
    created_at=st.integers(0, 3).map(lambda each: NOW - each),
    after=st.lists(after, max_size=2).map(tuple),
    start_at=st.sampled_from((None, None, NOW - 1, NOW + 1)),
    paused=st.booleans(),
    supervised=st.booleans(),
)
groups = st.dictionaries(
    st.sampled_from(GROUPS), st.builds(Group, slots=st.none() | st.integers(0, 3), paused=st.booleans())
)
busy = st.dictionaries(st.sampled_from(GROUPS), st.lists(st.sampled_from(("x", "y", "z")), unique=True).map(tuple))
outcomes = st.dictionaries(st.sampled_from(IDS), st.none() | st.sampled_from(Outcome))
queues = st.builds(
    Queue,
    now=st.just(NOW),
    waiters=st.lists(waiters, unique_by=lambda each: each.id).map(tuple),
    busy=busy,
    groups=groups,
    outcomes=outcomes,
)


def queue(*waiting: Waiter, **rest: Any) -> Queue:
    return Queue(NOW, waiting, **rest)


def used(queue: Queue) -> Mapping[str, int]:
    return Counter({group: len(ids) for group, ids in queue.busy.items()})


def by_id(queue: Queue) -> Mapping[str, Waiter]:
    return {each.id: each for each in queue.waiters}


def after_doing(queue: Queue, plan: Plan) -> Queue:
    """As somebody finds it who comes next."""
    taken = dict(queue.busy)
    for run_id in plan.start:
        group = by_id(queue)[run_id].group
        taken[group] = (*taken.get(group, ()), run_id)
    left = (each for each in queue.waiters if each.id not in plan.start)
    watched = tuple(each._replace(supervised=each.supervised or each.id in plan.watch) for each in left)
    return queue._replace(waiters=watched, busy=taken)


@given(queues)
def test_a_group_never_gets_more_than_its_slots(queue: Queue) -> None:
    started = Counter(by_id(queue)[run_id].group for run_id in who_may_start(queue))
    for group, count in started.items():
        said = queue.groups.get(group, Group())
        assert not said.paused
        assert said.slots is None or used(queue)[group] + count <= said.slots


@given(queues)
def test_nobody_starts_whom_a_pause_a_time_or_another_run_holds(queue: Queue) -> None:
    for run_id in who_may_start(queue):
        waiter = by_id(queue)[run_id]
        assert not waiter.paused
        assert waiter.start_at is None or waiter.start_at <= NOW
        for other, completed in map(dependency, waiter.after):
            if completed:
                assert queue.outcomes.get(other) is Outcome.COMPLETED
            else:
                assert queue.outcomes.get(other) is not None or other not in queue.outcomes


@given(queues)
def test_a_free_slot_is_never_left_to_nobody(queue: Queue) -> None:
    then = after_doing(queue, plan_of(queue))
    for run_id, stand in stands_of(then).items():
        if stand.cause is Cause.SLOT:
            group = by_id(then)[run_id].group
            slots = then.groups[group].slots
            assert slots is not None
            assert used(then)[group] >= slots


@given(queues)
def test_within_a_group_the_first_in_line_starts_first(queue: Queue) -> None:
    def rank(run_id: str) -> tuple[int, float, str]:
        waiter = by_id(queue)[run_id]
        return (-waiter.priority, waiter.created_at, waiter.id)

    stands = stands_of(queue)
    for group in GROUPS:
        mine = {run_id: stand for run_id, stand in stands.items() if by_id(queue)[run_id].group == group}
        starts = [rank(run_id) for run_id in who_may_start(queue) if run_id in mine]
        waits = [rank(run_id) for run_id, stand in mine.items() if stand.cause is Cause.SLOT]
        assert starts == sorted(starts)
        assert not starts or not waits or max(starts) < min(waits)
        places = [mine[run_id].place for run_id in sorted(mine, key=rank) if mine[run_id].place is not None]
        assert places == list(range(1, len(places) + 1))


@given(queues)
def test_what_was_done_once_is_not_to_be_done_again(queue: Queue) -> None:
    assert plan_of(after_doing(queue, plan_of(queue))) == Plan()


@given(queues)
def test_somebody_looks_on_behalf_of_every_group_in_which_anybody_waits(queue: Queue) -> None:
    then = after_doing(queue, plan_of(queue))
    early = {each.id for each in then.waiters if each.start_at is not None and each.start_at > NOW}
    looks = {each.group for each in then.waiters if each.supervised and each.id not in early}
    for waiter in then.waiters:
        # Whoever lets a paused one go on looks then.
        assert waiter.paused or (waiter.supervised if waiter.id in early else waiter.group in looks)


@given(queues)
def test_who_may_start_is_whose_turn_it_is_said_to_be(queue: Queue) -> None:
    stands = stands_of(queue)
    assert stands.keys() == by_id(queue).keys()
    assert {run_id for run_id, stand in stands.items() if stand.cause is Cause.TURN} == set(who_may_start(queue))


def test_higher_priority_goes_first_then_age_then_the_id() -> None:
    waiting = (
        Waiter("d", "g", created_at=2),
        Waiter("c", "g", created_at=1),
        Waiter("b", "g", created_at=1),
        Waiter("a", "g", priority=1, created_at=3),
        Waiter("e", "g", priority=-1, created_at=0),
    )
    assert who_may_start(queue(*waiting)) == ("a", "b", "c", "d", "e")
    assert who_may_start(queue(*waiting, groups={"g": Group(3)}, busy={"g": ("x",)})) == ("a", "b")
    assert who_may_start(queue(*waiting, groups={"g": Group(1)}, busy={"g": ("x", "y")})) == ()


def test_a_removed_run_has_ended_but_is_not_known_to_have_completed() -> None:
    strict, lenient = Waiter("a", "g", after=("x",)), Waiter("b", "g", after=("x:ended",))
    assert who_may_start(queue(strict, lenient)) == ("b",)
    stand = stands_of(queue(strict))["a"]
    assert (stand.cause, stand.others, stand.gone) == (Cause.AFTER, ("x",), True)


def test_one_that_waits_for_something_else_than_a_slot_holds_up_nobody() -> None:
    held = Waiter("a", "g", priority=9, after=("x",))
    next_one = Waiter("b", "g")
    assert who_may_start(queue(held, next_one, groups={"g": Group(1)}, outcomes={"x": None})) == ("b",)
