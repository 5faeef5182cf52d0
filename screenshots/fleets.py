"""Named demo fleets, with a stopped clock: what the interface would have read at one moment.

They are records, not pictures: everything on the screen is made of them by the interface's own code.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from overnight.state.kept import Kept, KeptBreaker, KeptLimit
from overnight.state.records import (
    AgentStatus,
    Attempt,
    Estimate,
    Event,
    Exit,
    Heartbeat,
    ItemError,
    Outcome,
    Phase,
    Progress,
    Records,
    Request,
    Restart,
    Spec,
    SupervisorRecord,
    SupervisorState,
    Verb,
)
from overnight.state.told import Told
from overnight.tui.colours import coloured
from overnight.tui.detail import Detail, Tab
from overnight.tui.door import clean_records
from overnight.tui.errorgroups import groups_of, kind_of
from overnight.tui.event_words import clean_event
from overnight.tui.events import Arrived, Detailed, Printed, Read, Recalled, Searched, Ticked
from overnight.tui.events import Event as FleetEvent
from overnight.tui.page import LogLine, Page
from overnight.tui.resources import Resources
from overnight.tui.sight import Sight
from overnight.tui.sought import pattern_of

NOW = 1_795_435_470.0
"""2026-11-23 12:04:30 UTC: the moment at which every fleet stands still."""
HOST = "gpu-03"
BOOT = "boot"
MINUTE, HOUR = 60.0, 3600.0


class DemoFleet(NamedTuple):
    """What there is to read."""

    runs: tuple[Records, ...]
    details: Mapping[str, Detail]
    """What the files of a run say beside its records, by id."""
    printed: Mapping[str, str]
    """The newest line of runs that report nothing, by id."""
    paces: Mapping[str, tuple[float, ...]]
    """Items a second in each of the last minutes, by id: what the sparklines have seen."""
    told: tuple[Told, ...] = ()
    """What has happened lately, by time."""


def run(name: str, *, up: float, **others: Any) -> Records:
    """A run that lives and is supervised, `up` seconds old. Named arguments are fields of its records."""
    started_at = NOW - up
    attempt = others.pop("attempt", 1)
    spec = Spec(
        id=f"{name}-a1b2c3",
        name=name,
        command=others.pop("command", ("python", f"{name}.py")),
        cwd="/srv/agents",
        group=others.pop("group", "default"),
        labels=others.pop("labels", {}),
        restart=Restart.ON_FAILURE if attempt > 1 else Restart.NEVER,
        retries=2 if attempt > 1 else 0,
        created_at=others.pop("created_at", started_at),
        by="ann@gpu-03",
    )
    beat = others.pop("beat", 1.0)
    progress: Progress | None = others.pop("progress", None)
    records = Records(
        id=spec.id,
        directory=f"/home/ann/.local/state/overnight/runs/{spec.id}",
        spec=spec,
        progress=progress._replace(attempt=attempt) if progress else None,
        progress_changed_at=NOW - 1,
        heartbeat=Heartbeat("healthy", NOW - beat, up, pid=41877, handles=frozenset({"pause", "stop"}), attempt=attempt)
        if progress
        else None,
        heartbeat_changed_at=NOW - beat,
        supervisor=SupervisorRecord(41870, 1, BOOT, HOST, SupervisorState.RUNNING, attempt),
        attempt=Attempt(attempt, 41877, 1, BOOT, started_at),
        supervised=True,
        process_state="S",
        boot_id=BOOT,
    )
    return records._replace(**others)


def over(name: str, outcome: Outcome, *, ago: float, took: float, code: int | None = 0, **others: Any) -> Records:
    """A run that has ended."""
    reason, signal = others.pop("reason", None), others.pop("signal", None)
    ended = Exit(outcome, code, signal, 1, reason, None, NOW - ago - took, NOW - ago)
    return run(name, up=ago + took, exit=ended, supervised=False, process_state=None, **others)


def progress(done: int, total: int | None, **others: Any) -> Progress:
    return Progress(
        status=others.pop("status", AgentStatus.RUNNING),
        processed_items=done,
        total_items=total,
        updated_at=NOW - 1,
        **others,
    )


CRAWL = run(
    "crawl-eu-west",
    up=67 * MINUTE,
    attempt=2,
    labels={"region": "eu-west", "team": "search"},
    progress=progress(
        31_304,
        50_330,
        unit="pages",
        phase="embed",
        phases=(
            Phase("fetch", 50_330, 50_330),
            Phase("parse", 50_330, 50_330),
            Phase("embed", 31_304, 50_330),
            Phase("write", 0, 50_330),
        ),
        estimate=Estimate(35 * MINUTE, 41 * MINUTE, 47 * MINUTE),
        active_seconds=4_065.0,
        resumed_items=1_204,
        failed_items=3,
        counters={"tokens": 1_310_000, "usd": 3.71},
        current_item="https://example.org/europe/west/1042",
    ),
)
CRAWL_ATTEMPTS = (
    Attempt(1, 41200, 1, BOOT, NOW - 70 * MINUTE, NOW - 68 * MINUTE, None, "SIGKILL", 2_020 << 20, 96.0),
    Attempt(2, 41877, 1, BOOT, NOW - 67 * MINUTE),
)
CRAWL_LOG = (
    "12:04:21 INFO  batch 1039 embedded in 1.27 s",
    "12:04:23 INFO  batch 1040 embedded in 1.30 s",
    "12:04:26 INFO  batch 1041 embedded in 1.29 s",
    "12:04:28 WARN  retry 1/5 on 429 from api.example (backoff 2 s)",
    "12:04:30 INFO  batch 1042 embedded in 1.31 s",
)
CRAWL_OUTPUT = (
    *(
        line.replace("INFO", "\x1b[32mINFO\x1b[0m").replace("embedded", "\x1b[2membedded\x1b[0m")
        for line in CRAWL_LOG[:4]
    ),
    "12:04:30 \x1b[1;38;5;141mINFO\x1b[0m  batch 1042 \x1b[4membedded\x1b[0m in \x1b[41m1.31 s\x1b[0m",
)
"""The same as it was printed: with colours."""
LABELS = run(
    "label-batch-17",
    up=6 * HOUR,
    progress=progress(7_100, 10_000, unit="images", phase="label", active_seconds=6_900.0),
    errors=1,
)
LABELS = LABELS._replace(
    heartbeat=LABELS.heartbeat._replace(last_progress=NOW - 15 * MINUTE) if LABELS.heartbeat else None
)
EMBED = run(
    "embed-docs-v4",
    up=3 * HOUR,
    progress=progress(4_510, 10_000, unit="documents", status=AgentStatus.PAUSED, acknowledged=1),
    requests=(Request(1, Verb.PAUSE, by="ann@gpu-03", at=NOW - 12 * MINUTE),),
)
PAUSING = run(
    "translate-manuals",
    up=4 * HOUR,
    progress=progress(
        212,
        900,
        unit="pages",
        phase="translate",
        estimate=Estimate(70 * MINUTE, 84 * MINUTE, 98 * MINUTE),
        active_seconds=1500.0,
    ),
    requests=(Request(1, Verb.PAUSE, by="bob@laptop", at=NOW - 4),),
)
TRAIN_ERRORS = (
    *(
        ItemError(
            NOW - 600 + each, 1, f"shards/{each:03}.parquet", "ArrowInvalid", "Parquet magic bytes not found in footer"
        )
        for each in range(11)
    ),
    ItemError(
        NOW - 560,
        1,
        "shards/118.parquet",
        "OutOfMemoryError",
        "tried to allocate 2.4 GiB",
        'Traceback (most recent call last):\n  File "train_router.py", line 88, in step\n    loss = model(batch)\n'
        "OutOfMemoryError: tried to allocate 2.4 GiB\n",
    ),
)
TRAIN_LOG = (
    "11:55:08 INFO  shard 116 trained, loss 0.412",
    "11:55:19 INFO  shard 117 trained, loss 0.409",
    "Traceback (most recent call last):",
    '  File "train_router.py", line 88, in step',
    "    loss = model(batch)",
    "OutOfMemoryError: tried to allocate 2.4 GiB",
)
TRAIN = over(
    "train-router",
    Outcome.FAILED,
    ago=9 * MINUTE,
    took=38 * MINUTE,
    code=1,
    reason="exit code 1",
    progress=progress(3_330, 10_000, status=AgentStatus.FAILED, failed_items=12, unit="shards"),
    errors=12,
)


def happened(name: str, minutes_ago: float, event: Event) -> Told:
    """To the run of this name."""
    return Told(f"{name}-a1b2c3", event._replace(at=NOW - minutes_ago * MINUTE))


def page_of(log: Sequence[str]) -> Page:
    """A log as the feed would have read it."""
    lines, at = [], 0
    for text in log:
        lines.append(LogLine(at, coloured(text)))
        at += len(text.encode()) + 1
    return Page(tuple(lines), begin=0, size=at, is_first=True, is_last=True)


def everyday() -> DemoFleet:
    """A machine on an ordinary day."""
    runs = (
        CRAWL,
        run(
            "crawl-us-east",
            up=40 * MINUTE,
            created_at=NOW - 100 * MINUTE,
            progress=progress(
                9_060,
                50_330,
                unit="pages",
                phase="fetch",
                estimate=Estimate(142 * MINUTE, 182 * MINUTE, 222 * MINUTE),
                active_seconds=2_384.0,
                failed_items=3,
            ),
            beat=2.0,
            errors=3,
        ),
        EMBED,
        PAUSING,
        run("nightly-backup", up=5 * HOUR + 12 * MINUTE, command=("rsync", "-a", "/srv", "backup:/srv")),
        LABELS,
        TRAIN,
        over("reindex-nightly", Outcome.COMPLETED, ago=5 * HOUR, took=52 * MINUTE, progress=progress(812, 812)),
        run(
            "summarise-q3",
            up=60.0,
            attempt=1,
            progress=None,
        )._replace(
            attempt=None, process_state=None, supervisor=SupervisorRecord(1, 1, BOOT, HOST, SupervisorState.WAITING)
        ),
    )
    history = (
        Event(NOW - 70 * MINUTE, "created", None, "ann@gpu-03"),
        Event(NOW - 70 * MINUTE, "started", 1, None, {"pid": 41200}),
        Event(
            NOW - 68 * MINUTE,
            "died",
            1,
            None,
            {"signal": "SIGKILL", "reason": "ended by SIGKILL", "out_of_memory": True},
        ),
        Event(NOW - 68 * MINUTE, "retrying", 1, None, {"restarts": 1, "delay": 60.0, "reason": "ended by SIGKILL"}),
        Event(NOW - 67 * MINUTE, "started", 2, None, {"pid": 41877}),
        Event(NOW - 31 * MINUTE, "requested", None, "ann@gpu-03", {"number": 1, "verb": "pause"}),
        Event(NOW - 31 * MINUTE + 2, "acknowledged", 2, None, {"number": 1, "verb": "pause"}),
        Event(NOW - 31 * MINUTE + 2, "paused", 2, None, {"number": 1}),
        Event(NOW - 27 * MINUTE, "requested", None, "ann@gpu-03", {"number": 2, "verb": "resume"}),
        Event(NOW - 27 * MINUTE, "acknowledged", 2, None, {"number": 2, "verb": "resume"}),
        Event(NOW - 27 * MINUTE, "resumed", 2, None, {"number": 2}),
    )
    told = (
        *(Told(CRAWL.id, event) for event in history),
        happened("nightly-backup", 312, Event(0, "started", 1, None, {"pid": 40110})),
        happened("reindex-nightly", 352, Event(0, "started", 1, None, {"pid": 40021})),
        happened("reindex-nightly", 300, Event(0, "ended", 1, None, {"outcome": "completed", "code": 0})),
        happened("embed-docs-v4", 180, Event(0, "started", 1, None, {"pid": 41009})),
        happened("crawl-us-east", 40, Event(0, "started", 1, None, {"pid": 41944})),
        happened("train-router", 47, Event(0, "started", 1, None, {"pid": 41702})),
        happened("label-batch-17", 15, Event(0, "stalled", 1, None, {"reason": "no progress for 10m"})),
        happened("embed-docs-v4", 12, Event(0, "requested", None, "ann@gpu-03", {"verb": "pause"})),
        happened("embed-docs-v4", 11.9, Event(0, "paused", 1)),
        happened("train-router", 9.1, Event(0, "died", 1, None, {"code": 1})),
        happened("train-router", 9, Event(0, "ended", 1, None, {"outcome": "failed", "reason": "exit code 1"})),
        happened("summarise-q3", 1, Event(0, "created", None, "ann@gpu-03")),
        happened("summarise-q3", 1, Event(0, "queued")),
        happened("translate-manuals", 0.07, Event(0, "requested", None, "bob@laptop", {"verb": "pause"})),
    )
    detail = Detail(
        CRAWL.id,
        log=CRAWL_LOG,
        page=page_of(CRAWL_OUTPUT),
        history=tuple(map(clean_event, history)),
        attempts=CRAWL_ATTEMPTS,
        before=CRAWL.spec._replace(
            id="crawl-eu-west-77c0de", retries=0, restart=Restart.NEVER, created_at=NOW - 26 * HOUR
        )
        if CRAWL.spec
        else None,
        other_variables=("CRAWL_TOKEN", "HTTPS_PROXY"),
        checkpoint_at=NOW - 2,
        in_hand=("https://example.org/europe/west/1042",),
        kept=Kept((KeptBreaker("api.example", 0, None),), (KeptLimit("usd", 5.0, "pause"),)),
        resources=Resources(97, 188 << 20, True, 21, 4, 1),
    )
    return DemoFleet(
        runs,
        {
            CRAWL.id: detail,
            TRAIN.id: Detail(
                TRAIN.id,
                log=TRAIN_LOG,
                page=page_of(TRAIN_LOG),
                errors=groups_of(TRAIN_ERRORS),
                elsewhere={kind_of(TRAIN_ERRORS[0]): ("train-ranker-0f3a9c", "reindex-nightly-a1b2c3")},
                death=Event(NOW - 9 * MINUTE, "died", 1, None, {"code": 1, "item": "shards/118.parquet"}),
                checkpoint_at=NOW - 9 * MINUTE - 4,
                in_hand=("shards/118.parquet",),
            ),
        },
        {"nightly-backup-a1b2c3": "photos/2026/11/0412.raw"},
        {
            CRAWL.id: (4.1, 5.2, 6.4, 7.6, 7.4, 7.8, 7.5, 7.5, 8.0, 7.4, 6.6, 7.8, 7.9, 7.4, 7.7),
            "crawl-us-east-a1b2c3": (2.6, 3.0, 4.0, 3.8, 3.9, 3.7, 3.9, 2.0, 1.3, 3.0, 3.8, 3.9, 3.8, 3.8, 3.8),
        },
        tuple(sorted(told, key=lambda each: each.event.at)),
    )


def empty() -> DemoFleet:
    """Nothing was ever launched here."""
    return DemoFleet((), {}, {}, {})


FLEETS: Mapping[str, Callable[[], DemoFleet]] = {"everyday": everyday, "empty": empty}


class Still:
    """The source of a fleet that stands still."""

    def __init__(self, fleet: DemoFleet) -> None:
        self._fleet = fleet
        self._events: list[FleetEvent] = [Ticked(NOW)]
        self._wake: Callable[[], None] = lambda: None

    def start(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._events = [
            *self._past(),
            Arrived(tuple(map(_read, self._fleet.runs))),
            Printed(self._fleet.printed),
            Ticked(NOW),
        ]
        wake()

    def stop(self) -> None:
        """Nothing moves here."""

    def look(self, sight: Sight) -> None:
        if sight.run_id is not None:
            detail = self._fleet.details.get(sight.run_id, Detail(sight.run_id, page=page_of(())))
            self._events.append(Detailed(_only(detail, sight.tab)))
            self._events += _searched(sight, detail)
        if sight.events:
            self._events.append(Recalled(self._fleet.told))
        self._wake()

    def expect(self, run_id: str) -> None:
        """Nor is anything asked of it."""

    def checkpoint_at(self, run_id: str) -> float | None:
        detail = self._fleet.details.get(run_id)
        return detail.checkpoint_at if detail else None

    def take(self) -> list[FleetEvent]:
        events, self._events = self._events, []
        return events

    def _past(self) -> list[FleetEvent]:
        """The last minutes as the interface would have seen them, for the sparklines."""
        events: list[FleetEvent] = []
        for minute in range(15, 0, -1):
            moment = NOW - minute * MINUTE
            events += [Ticked(moment), Arrived(tuple(_read(self._then(each, minute)) for each in self._fleet.runs))]
        return [*events, Ticked(NOW)]

    def _then(self, records: Records, minutes_ago: int) -> Records:
        paces, progress = self._fleet.paces.get(records.id), records.progress
        if paces is None or progress is None or progress.processed_items is None:
            return records
        since = round(sum(paces[-minutes_ago:]) * MINUTE)
        return records._replace(progress=progress._replace(processed_items=max(0, progress.processed_items - since)))


def _searched(sight: Sight, detail: Detail) -> list[FleetEvent]:
    """What a search finds in what there is of the log."""
    if sight.search is None or sight.run_id is None or detail.page is None:
        return []
    pattern = pattern_of(sight.search.text)
    found = [line.at for line in detail.page.lines if pattern.search(line.text)]
    return [Searched(sight.run_id, sight.search.number, found[0] if found else None, over=True)]


def _read(records: Records) -> Read:
    return Read(records.id, clean_records(records))


def _only(detail: Detail, tab: Tab) -> Detail:
    """As the feed does it: what no pane needs now is not read."""
    works = detail.resources is not None
    errors = detail.errors if tab is Tab.ERRORS or (tab is Tab.PROGRESS and not works) else ()
    return detail._replace(errors=errors, history=detail.history if tab is Tab.HISTORY else ())
