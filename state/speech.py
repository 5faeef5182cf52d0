"""Whether an agent speaks the protocol: what each field of its two files says, and what it leaves out. Pure."""

import json
from collections.abc import Callable, Iterator, Mapping
from enum import EnumMeta, StrEnum
from typing import Any, NamedTuple

from overnight.state import codec, forms
from overnight.state.nearest import nearest
from overnight.state.records import Handle, Heartbeat, Progress

FUTURE = 60.0
"""Seconds by which a clock may be ahead of ours."""
FORGIVEN = 30.0
"""Seconds without a beat, at least, before a run shows as stale; five intervals, where that is more."""
AT_WORK = frozenset({None, "running", "idle", "paused"})


class Verdict(StrEnum):
    """What a field is."""

    RIGHT = "right"
    WRONG = "wrong"
    MISSING = "missing"
    """It is not there, and something would be shown or obeyed with it."""
    NEEDED = "needed"
    """It is not there, and nothing works without it."""
    IGNORED = "ignored"
    """Nobody knows a field of this name."""


FAULTS = frozenset({Verdict.WRONG, Verdict.NEEDED})


class Judgement(NamedTuple):
    """Of one field of one file."""

    file: str
    field: str
    """"" = the file itself."""
    verdict: Verdict
    words: str


class Heard(NamedTuple):
    """What an agent has written, and what was asked of it."""

    progress: bytes | None = None
    """None = there is no such file."""
    heartbeat: bytes | None = None
    newest_request: int = 0
    """0 = nothing was asked."""


def judge(heard: Heard, now: float) -> list[Judgement]:
    """Everything there is to say. `now`: seconds since the epoch."""
    progress, heartbeat = _object(heard.progress), _object(heard.heartbeat)
    found = list(_of_file("progress.json", heard.progress, progress, Progress, Verdict.NEEDED, "nothing is reported"))
    if isinstance(progress, dict):
        found += _of_counts(progress)
        found += _of_acknowledged(progress, heartbeat, heard.newest_request)
    without = "whether it lives is not known, and a pause freezes it"
    found += _of_file("heartbeat.json", heard.heartbeat, heartbeat, Heartbeat, Verdict.MISSING, without)
    if isinstance(heartbeat, dict):
        status = progress.get("status") if isinstance(progress, dict) else None
        found += _of_beat(heartbeat, status if isinstance(status, str) else None, now)
    return found


def _object(data: bytes | None) -> dict[str, Any] | str | None:
    """What a file holds; a text = why it is no object; None = there is no file."""
    if data is None:
        return None
    try:
        raw = json.loads(data)
    except (ValueError, RecursionError) as error:
        return f"not JSON: {error}" if data.strip() else "empty"
    return raw if isinstance(raw, dict) else f"not a JSON object: {forms.brief(raw)}"


def _of_file(
    file: str, data: bytes | None, raw: dict[str, Any] | str | None, kind: type, absent: Verdict, without: str
) -> Iterator[Judgement]:
    if raw is None or data is None:
        yield Judgement(file, "", absent, f"it is not there: {without}")
    elif isinstance(raw, str):
        yield Judgement(file, "", Verdict.WRONG, raw)
    elif len(data) > codec.LARGEST:
        yield Judgement(file, "", Verdict.WRONG, f"larger than {codec.LARGEST} bytes: it is not read")
    else:
        coercers: dict[str, Callable[[Any], Any]] = {**codec.FIELDS[kind], "version": _version}
        if kind is Progress:
            coercers["errors"] = forms.errors
        yield from (_of_field(file, name, value, coercers) for name, value in raw.items())
        yield from _of_absent(file, raw, kind)


def _version(raw: Any) -> None:
    if raw != codec.VERSION:
        raise forms.BadForm(f"not {codec.VERSION}: {forms.brief(raw)}")


def _of_field(file: str, name: str, value: Any, coercers: Mapping[str, Callable[[Any], Any]]) -> Judgement:
    if name not in coercers:
        near = nearest(name, coercers)
        return Judgement(file, name, Verdict.IGNORED, f"is {near} meant?" if near else "nobody reads it")
    if value is None:
        return Judgement(file, name, Verdict.RIGHT, "null: not known")
    coerce = coercers[name]
    try:
        coerce(value)
    except (ValueError, OverflowError) as error:
        words = (
            f"{forms.brief(value)} is not one of {', '.join(coerce)}" if isinstance(coerce, EnumMeta) else str(error)
        )
        return Judgement(file, name, Verdict.WRONG, words)
    return Judgement(file, name, Verdict.RIGHT, forms.brief(value))


_WITHOUT = {
    Progress: {
        "total_items": "no bar, no percentage and no time left are shown",
        "attempt": "the file's own time says which attempt it is of",
    },
    Heartbeat: {
        "last_heartbeat": "the file's own time counts",
        "handles": "a pause freezes it, and a stop goes to its whole group",
        "attempt": "the file's own time says which attempt it is of",
    },
}


def _of_absent(file: str, raw: Mapping[str, Any], kind: type) -> Iterator[Judgement]:
    if kind is Progress and not any(raw.get(name) is not None for name in ("processed_items", "status")):
        instead = raw.get("percent_complete") is not None
        verdict = Verdict.MISSING if instead else Verdict.NEEDED
        yield Judgement(file, "processed_items", verdict, "there is neither this nor a status")
    for name, words in _WITHOUT[kind].items():
        if name not in raw and not (name == "total_items" and "percent_complete" in raw):
            yield Judgement(file, name, Verdict.MISSING, words)


def _of_counts(raw: Mapping[str, Any]) -> Iterator[Judgement]:
    """Counts that contradict each other."""
    for part, whole in (
        ("processed_items", "total_items"),
        ("failed_items", "processed_items"),
        ("resumed_items", "processed_items"),
    ):
        some, most = _count(raw.get(part)), _count(raw.get(whole))
        if some is not None and most is not None and some > most:
            yield Judgement("progress.json", part, Verdict.WRONG, f"{some:g} is more than {whole}, {most:g}")


def _count(raw: Any) -> float | None:
    try:
        return None if raw is None else float(forms.count(raw))
    except (ValueError, OverflowError):
        return None


def _of_acknowledged(raw: Mapping[str, Any], heartbeat: Any, newest: int) -> Iterator[Judgement]:
    acknowledged = _count(raw.get("acknowledged"))
    handles = heartbeat.get("handles") if isinstance(heartbeat, dict) else None
    if acknowledged is None:
        if isinstance(handles, list) and Handle.PAUSE in handles:
            words = "it says that it handles pause, and then is frozen all the same"
            yield Judgement("progress.json", "acknowledged", Verdict.NEEDED, words)
    elif acknowledged > newest:
        words = f"{acknowledged:g}, and the newest request is {newest}" if newest else "nothing was ever asked of it"
        yield Judgement("progress.json", "acknowledged", Verdict.WRONG, words)


def _of_beat(raw: Mapping[str, Any], status: str | None, now: float) -> Iterator[Judgement]:
    handles = raw.get("handles")
    unknown = [each for each in handles if each not in set(Handle)] if isinstance(handles, list) else []
    if unknown:
        words = f"{forms.brief(unknown[0])} is not one of {', '.join(Handle)}"
        yield Judgement("heartbeat.json", "handles", Verdict.WRONG, words)
    if handles and raw.get("pid") is None:
        words = "what it handles is sent to this process, and to no other"
        yield Judgement("heartbeat.json", "pid", Verdict.NEEDED, words)
    try:
        beat = None if raw.get("last_heartbeat") is None else forms.instant(raw["last_heartbeat"])
    except ValueError:
        return
    if beat is None:
        return
    patience = max(FORGIVEN, 5 * (_count(raw.get("interval_seconds")) or 1.0))
    if beat > now + FUTURE:
        words = f"{beat - now:.0f} s ahead of the clock: a time without an offset is local time"
        yield Judgement("heartbeat.json", "last_heartbeat", Verdict.WRONG, words)
    elif status in AT_WORK and now - beat > patience:
        words = f"{now - beat:.0f} s ago, and it has not said that it ended: it shows as stale"
        yield Judgement("heartbeat.json", "last_heartbeat", Verdict.WRONG, words)
