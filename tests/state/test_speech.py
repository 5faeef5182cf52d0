"""What is said of an agent's words: each field by itself, and where two contradict each other."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.state import codec
from overnight.state.records import Damaged, Progress
from overnight.state.speech import FAULTS, Heard, Verdict, judge
from tests.builders import T0

PROGRESS: dict[str, Any] = {"processed_items": 3, "total_items": 5, "acknowledged": 0, "attempt": 1}
HEARTBEAT: dict[str, Any] = {"last_heartbeat": T0, "pid": 41877, "handles": ["pause", "stop"], "attempt": 1}


def said(progress: Any = PROGRESS, heartbeat: Any = HEARTBEAT, newest: int = 0) -> dict[tuple[str, str], Verdict]:
    """Everything but what is right, by file and field."""
    told, beat = (None if each is None else json.dumps(each).encode() for each in (progress, heartbeat))
    found = judge(Heard(told, beat, newest), T0)
    return {(each.file.partition(".")[0], each.field): each.verdict for each in found if each.verdict is not RIGHT}


RIGHT, WRONG, MISSING, NEEDED, IGNORED = Verdict


def test_an_agent_that_says_everything_is_right() -> None:
    assert said() == {}


@pytest.mark.parametrize(
    ("changed", "field", "verdict"),
    [
        ({"processed_items": "many"}, "processed_items", WRONG),
        ({"processed_items": -1}, "processed_items", WRONG),
        ({"processed_items": 6}, "processed_items", WRONG),
        ({"failed_items": 4}, "failed_items", WRONG),
        ({"resumed_items": 4}, "resumed_items", WRONG),
        ({"status": "busy"}, "status", WRONG),
        ({"estimate": {"low": 1}}, "estimate", WRONG),
        ({"errors": {}}, "errors", WRONG),
        ({"updated_at": "yesterday"}, "updated_at", WRONG),
        ({"version": 2}, "version", WRONG),
        ({"acknowledged": 1}, "acknowledged", WRONG),
        ({"total": 5}, "total", IGNORED),
    ],
)
def test_each_field_of_the_progress_is_judged(changed: dict[str, Any], field: str, verdict: Verdict) -> None:
    assert said({**PROGRESS, **changed}) == {("progress", field): verdict}


@pytest.mark.parametrize(
    ("changed", "field", "verdict"),
    [
        ({"handles": ["pause", "sing"]}, "handles", WRONG),
        ({"handles": "pause"}, "handles", WRONG),
        ({"pid": None}, "pid", NEEDED),
        ({"interval_seconds": "soon"}, "interval_seconds", WRONG),
        ({"last_heartbeat": T0 - 31}, "last_heartbeat", WRONG),
        ({"last_heartbeat": T0 + 61}, "last_heartbeat", WRONG),
        ({"beat": 1}, "beat", IGNORED),
    ],
)
def test_each_field_of_the_heartbeat_is_judged(changed: dict[str, Any], field: str, verdict: Verdict) -> None:
    assert said(heartbeat={**HEARTBEAT, **changed}) == {("heartbeat", field): verdict}


def test_what_is_missing_is_told_and_only_what_nothing_works_without_is_a_fault() -> None:
    assert said({"status": "running"}, None) == {
        ("progress", "total_items"): MISSING,
        ("progress", "attempt"): MISSING,
        ("heartbeat", ""): MISSING,
    }
    assert said({"percent_complete": "41.0%", "attempt": 1, "acknowledged": 0}) == {
        ("progress", "processed_items"): MISSING
    }
    assert said({})[("progress", "processed_items")] is NEEDED
    assert said(None)[("progress", "")] is NEEDED
    without = {name: value for name, value in PROGRESS.items() if name != "acknowledged"}
    assert said(without) == {("progress", "acknowledged"): NEEDED}


def test_a_beat_that_has_stopped_is_no_fault_of_one_that_said_that_it_ended() -> None:
    old = {**HEARTBEAT, "last_heartbeat": T0 - 999}
    assert said({**PROGRESS, "status": "completed"}, old) == {}
    assert said(heartbeat={**HEARTBEAT, "last_heartbeat": T0 - 99, "interval_seconds": 20}) == {}


def test_a_request_may_be_acknowledged_only_once_it_was_made() -> None:
    assert said({**PROGRESS, "acknowledged": 2}, newest=2) == {}
    assert said({**PROGRESS, "acknowledged": 3}, newest=2) == {("progress", "acknowledged"): WRONG}


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b"\xff", b"[" * 100_000])
def test_what_is_no_record_is_wrong_as_a_whole(data: bytes) -> None:
    first = judge(Heard(data, data), T0)[0]
    assert (first.file, first.field, first.verdict) == ("progress.json", "", WRONG)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*codec.FIELDS[Progress], "errors", "version", "x"]), JSON), JSON)
def test_whatever_is_said_has_an_answer_and_what_cannot_be_read_is_never_found_faultless(
    progress: dict[str, Any], heartbeat: Any
) -> None:
    data = json.dumps(progress).encode()
    found = judge(Heard(data, json.dumps(heartbeat).encode()), T0)
    if isinstance(codec.decode(Progress, data), Damaged):
        assert any(each.verdict in FAULTS for each in found)
