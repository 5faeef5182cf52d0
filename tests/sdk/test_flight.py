"""Which item begins, which is given out, and when a loop with many items in hand rests or ends: for any course."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.agents import flight as flights
from overnight.agents.flight import AHEAD, Entry, Flight, Step
from overnight.agents.hand import Hand
from overnight.agents.retrying import Attempted
from overnight.state.standing import Loop

DONE = Attempted("result", None, 1)
FAILED = Attempted(None, ValueError("odd"), 1)


def nobody(hand: Hand) -> bool:
    return False


def everybody(hand: Hand) -> bool:
    return True


def entry_of(item: int, *, alone: bool = False) -> Entry:
    return Entry(item, Hand(Loop(0), item, str(item), str(item)), alone=alone)


def begun(flight: Flight, count: int) -> list[int]:
    """Tickets of so many items."""
    return [flight.begin(entry_of(item)) for item in range(count)]


def next_step(
    flight: Flight, *, resting: bool = False, ended: bool = False, stands: Callable[[Hand], bool] = nobody
) -> Step:
    return flight.next_step(resting=resting, ended=ended, stands=stands)


@given(
    workers=st.integers(1, 5), count=st.integers(0, 40), ordered=st.booleans(), seed=st.integers(), lonely=st.booleans()
)
def test_each_item_is_given_out_once_within_the_window_whatever_happens(
    workers: int, count: int, ordered: bool, seed: int, lonely: bool
) -> None:
    chance, flight = random.Random(seed), Flight(workers, ordered=ordered)
    todo = [entry_of(item, alone=lonely and chance.random() < 0.2) for item in range(count)]
    items, tickets, out = iter(todo), dict[int, Entry](), list[int]()
    waiting: Entry | None = next(items, None)
    while (step := next_step(flight, ended=waiting is None)) is not Step.END:
        if step in {Step.GIVE_OUT, Step.FAIL} and chance.random() < 0.7:
            landed = flight.give_out()
            assert (landed.attempted is FAILED) == (step is Step.FAIL)
            assert not landed.entry.alone or list(flight.on_their_way) == [landed.entry]
            out.append(landed.entry.item)
            flight.let_go(landed.entry)
        elif flight.may_begin() and chance.random() < 0.6:
            again = flight.begin_again()
            if again is not None:
                tickets[again[0]] = again[1]
            elif waiting is not None and (not waiting.alone or flight.empty):
                tickets[flight.begin(waiting)] = waiting
                waiting = next(items, None)
        elif tickets:
            ticket = chance.choice(list(tickets))
            flight.land(ticket, chance.choice((DONE, DONE, FAILED, None)), 0.1)
            del tickets[ticket]
        in_flight = list(flight.in_flight)
        assert len(in_flight) <= workers
        assert len(list(flight.on_their_way)) <= AHEAD * workers
        alone = [entry for entry in flight.on_their_way if entry.alone]
        assert not alone or list(flight.on_their_way) == alone[:1]
    assert sorted(out) == list(range(count))
    assert out == sorted(out) or not ordered
    assert flight.empty


def test_results_wait_for_their_turn_or_come_as_they_land() -> None:
    for ordered, first in ((True, None), (False, 2)):
        flight = Flight(3, ordered=ordered)
        begun(flight, 3)
        flight.land(2, DONE, 0.1)
        assert next_step(flight) is (Step.WAIT if ordered else Step.GIVE_OUT)
        assert first is None or flight.give_out().entry.item == first


def test_it_rests_when_everything_in_flight_is_done_or_stands_still() -> None:
    flight = Flight(3, ordered=True)
    begun(flight, 3)
    assert next_step(flight, resting=True) is Step.WAIT
    assert next_step(flight, resting=True, stands=everybody) is Step.REST
    assert next_step(flight, resting=False, stands=everybody) is Step.WAIT
    flight.land(0, DONE, 0.1)
    # What is ready is given out before that.
    assert next_step(flight, resting=True, stands=everybody) is Step.GIVE_OUT
    flight.let_go(flight.give_out().entry)
    flight.land(1, None, 0.1)
    flight.land(2, DONE, 0.1)
    # The third waits for the second, which was given back: nothing moves.
    assert next_step(flight, resting=True) is Step.REST


def test_it_ends_when_nothing_is_left_also_where_it_shall_rest() -> None:
    flight = Flight(2, ordered=True)
    assert next_step(flight, ended=False) is Step.WAIT
    assert next_step(flight, ended=False, resting=True) is Step.REST
    assert next_step(flight, ended=True, resting=True) is Step.END
    (ticket,) = begun(flight, 1)
    assert next_step(flight, ended=True) is Step.WAIT
    flight.land(ticket, None, 0.1)
    assert next_step(flight, ended=True) is Step.WAIT


def test_what_was_given_back_begins_again_first_with_its_old_place() -> None:
    flight = Flight(2, ordered=True)
    begun(flight, 2)
    flight.land(0, None, 0.0)
    again = flight.begin_again()
    assert again is not None
    assert (again[0], again[1].item) == (0, 0)
    assert flight.begin_again() is None


def test_who_still_writes_for_an_earlier_try_writes_for_nothing() -> None:
    entry = entry_of(7)
    before = entry.hand
    before.counters["n"] = 1
    after = entry.renew()
    assert before.loop is None
    assert after.loop is not None
    assert (after.counters, after.position, after.identity) == ({}, 7, "7")


def test_results_in_any_order_do_not_run_ahead_of_one_item_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flights, "FARTHEST", 100)
    flight = Flight(3, ordered=False)
    begun(flight, 1)
    passed = 0
    while flight.may_begin():
        ticket = flight.begin(entry_of(passed + 1))
        flight.land(ticket, DONE, 0.0)
        flight.let_go(flight.give_out().entry)
        passed += 1
    assert passed == 99
    flight.land(0, DONE, 0.0)
    flight.let_go(flight.give_out().entry)
    assert flight.may_begin()


def test_of_what_is_in_hand_the_oldest_comes_first_and_what_waits_to_be_given_out_is_in_nobodys() -> None:
    flight = Flight(4, ordered=True)
    entries = [entry_of(item) for item in range(4)]
    for at, entry in enumerate(entries):
        entry.begun = float(at)
        flight.begin(entry)
    flight.land(1, DONE, 0.1)
    assert [(ticket, entry.item) for ticket, entry in flight.in_hand(8)] == [(0, 0), (2, 2), (3, 3)]
    flight.land(0, DONE, 0.1)
    given = flight.give_out().entry
    given.begun = 9.0
    assert [(ticket, entry.item) for ticket, entry in flight.in_hand(8)] == [(2, 2), (3, 3), (None, 0)]
    flight.let_go(given)
    flight.land(2, None, 0.0)
    assert flight.begin_again() == (2, entries[2])
    entries[2].begun = 10.0
    assert [ticket for ticket, _ in flight.in_hand(8)] == [3, 2]
    assert [ticket for ticket, _ in flight.in_hand(1)] == [3]


def test_of_what_is_in_hand_so_many_are_told_as_are_asked_for_whatever_else_there_is() -> None:
    flight = Flight(1000, ordered=False)
    entries = [entry_of(item) for item in range(1000)]
    for at, entry in enumerate(entries):
        entry.begun = float(at)
        flight.begin(entry)
    flight.land(1, DONE, 0.1)
    given = flight.give_out().entry
    given.begun = -1.0
    assert [ticket for ticket, _ in flight.in_hand(3)] == [None, 0, 2]
