"""Records and their bytes: every listed form is read, damage is a value, unknown fields are ignored."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from overnight.state import codec, forms
from overnight.state.records import (
    AgentProcess,
    AgentStatus,
    Attempt,
    Damaged,
    Estimate,
    Event,
    Exit,
    Heartbeat,
    ItemError,
    ItemSeconds,
    Outcome,
    Phase,
    Progress,
    Request,
    Restart,
    Spec,
    SupervisorRecord,
    SupervisorState,
    Verb,
    Waiting,
)

T = 1_795_000_000.25

FULL: list[Any] = [
    Spec("a-1", "a", ("x", "y z"), "/tmp", "g", {"k": "v"}, 4, ("b",), T, Restart.ALWAYS, 3, 1.0, 2.0, 9.0, "restart",
         5, 7200.0, 1 << 31, "restart", 10, "p.json", "h.json", T, "ann@host"),
    Progress(AgentStatus.PAUSED, 10, 4, 2, 1, "é", "files", "embed", (Phase("fetch", 5, None),), "m", ("e",), 1,
             Estimate(1.0, 2.0, 3.0), T, 40.0, 12.5, {"usd": 0.5}, ItemSeconds(2.0, 1.0), 7, 2, T),
    Heartbeat("healthy", T, 5.0, 2.0, 77, T, frozenset({"pause", "stop"}), Waiting("429", T), 2),
    Request(7, Verb.PAUSE, 2, "ann@host", T, {"why": "lunch"}),
    SupervisorRecord(1, 2, "boot", "host", SupervisorState.BACKOFF, 2, 7, True, AgentProcess(3, 4, T), T, "why", T, T),
    Attempt(2, 3, 4, "boot", T, T, None, "SIGKILL", 5, 6.5, None),
    Exit(Outcome.FAILED, 1, None, 2, "why", False, T, T, "time"),
    ItemError(T, 1, "x.py", "SyntaxError", "bad", "Traceback", True, 3, "quarantined"),
    Event(T, "died", 2, "ann", {"signal": "SIGKILL"}),
]  # fmt: skip


@pytest.mark.parametrize("record", FULL, ids=lambda record: type(record).__name__)
def test_a_record_survives_the_way_to_bytes_and_back(record: Any) -> None:
    assert codec.decode(type(record), codec.encode(record)) == record


@pytest.mark.parametrize("record", FULL, ids=lambda record: type(record).__name__)
def test_every_field_of_a_record_is_read(record: Any) -> None:
    assert set(codec.FIELDS[type(record)]) | {"errors"} | codec.DERIVED >= set(record._fields)


@pytest.mark.parametrize("record", FULL, ids=lambda record: type(record).__name__)
def test_a_newer_writer_may_add_fields(record: Any) -> None:
    raw = json.loads(codec.encode(record)) | {"colour": "blue", "nested": {"a": [1]}}
    assert codec.decode(type(record), json.dumps(raw).encode()) == record


def a_progress(**fields: Any) -> Progress:
    read = codec.decode(Progress, json.dumps(fields).encode())
    assert isinstance(read, Progress)
    return read


def test_a_status_alone_is_enough() -> None:
    assert a_progress(status="idle").status is AgentStatus.IDLE


@pytest.mark.parametrize(
    ("errors", "lines", "count"),
    [
        (["a", "b"], ("a", "b"), 2),
        ([{"item": "x.py", "message": "bad"}], ("x.py: bad",), 1),
        ([{"error": "bad"}], ("bad",), 1),
        (17, (), 17),
        ([], (), 0),
    ],
)
def test_errors_may_be_texts_objects_or_a_number(errors: Any, lines: tuple[str, ...], count: int) -> None:
    read = a_progress(processed_items=1, errors=errors)
    assert (read.errors, read.error_count) == (lines, count)


@pytest.mark.parametrize("percent", [41.0, 41, "41.0%", "41", " 41 % "])
def test_a_percentage_may_be_a_number_or_a_text(percent: Any) -> None:
    assert a_progress(percent_complete=percent).percent_complete == 41.0


@pytest.mark.parametrize("unknown", [0, 1e15, datetime.max.isoformat(), "9999-12-31T23:59:59+00:00", None])
def test_an_unknown_completion_is_none(unknown: Any) -> None:
    assert a_progress(processed_items=1, estimated_completion=unknown).estimated_completion is None


def test_a_time_without_an_offset_is_local_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert (
            a_progress(processed_items=1, updated_at="2026-11-23T21:04:00").updated_at
            == datetime(2026, 11, 23, 12, 4, tzinfo=UTC).timestamp()
        )
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_field_of_a_wrong_kind_does_not_hide_the_rest_of_an_agents_record() -> None:
    read = a_progress(processed_items=5, total_items="many", updated_at={"a": 1}, phases=7)
    assert (read.processed_items, read.total_items, read.updated_at, read.phases) == (5, None, None, ())


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"total_items": -5}, "total_items: negative: -5"),
        ({"total_items": float("nan")}, "total_items: not a number: nan"),
        ({"total_items": 1e308}, "total_items: more than anybody can count: 1e+308"),
        ({"attempt": -1}, "attempt: negative: -1"),
        ({"attempt": 0}, "attempt: not 1 or more: 0"),
        ({"acknowledged": -7}, "acknowledged: negative: -7"),
    ],
)
def test_what_an_agent_writes_wrong_is_left_out_and_told(given: dict[str, Any], fault: str) -> None:
    read = a_progress(processed_items=5, **given)
    assert (read.faults, read.total_items, read.attempt, read.acknowledged) == ((fault,), None, None, 0)
    assert b"faults" not in codec.encode(read)


def test_a_field_of_a_wrong_kind_makes_our_own_record_damaged_and_is_named() -> None:
    raw = json.loads(codec.encode(FULL[5])) | {"pid": "many"}
    read = codec.decode(Attempt, json.dumps(raw).encode(), "/runs/a/attempts/0002.json")
    assert read == Damaged("/runs/a/attempts/0002.json", "pid: not a number: 'many'")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"  \n",
        b"{",
        b'{"processed_items": 1',
        b"[]",
        b"null",
        b"\xff\xfe",
        b"1" * 5_000_000,
        b"[" * 100_000,
        b"{}",
    ],
)
def test_garbage_is_a_damaged_value(data: bytes) -> None:
    assert isinstance(codec.decode(Progress, data, "p"), Damaged)


def test_a_version_of_the_future_is_not_guessed_at() -> None:
    assert isinstance(codec.decode(Exit, b'{"version": 2, "outcome": "completed"}'), Damaged)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


# The first draw builds the strategies, and takes a second on a busy machine.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(kind=st.sampled_from(list(codec.FIELDS)), data=st.data())
def test_whatever_json_holds_decoding_never_raises(kind: type, data: st.DataObject) -> None:
    names = st.sampled_from([*codec.FIELDS[kind], "errors", "version"])
    raw = data.draw(st.dictionaries(names, JSON, max_size=8))
    read = codec.decode(kind, json.dumps(raw).encode())
    assert isinstance(read, kind | Damaged)
    if not isinstance(read, Damaged):
        assert isinstance(codec.decode(kind, codec.encode(read)), kind)


@given(st.binary(max_size=200))
def test_whatever_bytes_come_decoding_never_raises(data: bytes) -> None:
    assert isinstance(codec.decode(Heartbeat, data), Heartbeat | Damaged)


@given(st.floats(min_value=-1e9, max_value=2e11).map(lambda moment: round(moment, 3)))
def test_a_time_survives_the_way_to_iso_and_back(moment: float) -> None:
    assert forms.instant(forms.iso(moment)) == pytest.approx(moment, abs=0.0011)


def test_a_file_name_that_is_not_utf8_survives() -> None:
    name = b"caf\xe9.py".decode("utf-8", "surrogateescape")
    line = codec.encode(ItemError(item=name))
    line.decode("utf-8", "strict")
    read = codec.decode(ItemError, line)
    assert isinstance(read, ItemError)
    assert read.item == name
