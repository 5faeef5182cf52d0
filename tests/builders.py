"""Records for tests of what decides: each builder gives a plain healthy case, with what a test names changed."""

from typing import Any

from overnight.state.records import (
    Attempt,
    Heartbeat,
    Progress,
    Records,
    Request,
    Spec,
    SupervisorRecord,
    SupervisorState,
    Verb,
)

T0 = 1_800_000_000.0
"""The instant at which tests stand, seconds since the epoch."""
STARTED = T0 - 600
BOOT = "a1b2c3d4-0000-4000-8000-000000000000"


def a_spec(**changes: Any) -> Spec:
    return Spec("crawl-a1b2c3", "crawl", ("python", "a.py"), "/", created_at=STARTED - 1, by="ann@host")._replace(
        **changes
    )


def an_attempt(**changes: Any) -> Attempt:
    return Attempt(1, 4242, 912350, BOOT, STARTED)._replace(**changes)


def a_supervisor(**changes: Any) -> SupervisorRecord:
    return SupervisorRecord(4241, 912345, BOOT, "host", SupervisorState.RUNNING, attempt=1)._replace(**changes)


def progress(**changes: Any) -> Progress:
    return Progress(total_items=100, processed_items=40, updated_at=T0 - 1, attempt=1)._replace(**changes)


def heartbeat(**changes: Any) -> Heartbeat:
    return Heartbeat(last_heartbeat=T0 - 1, pid=4242, attempt=1)._replace(**changes)


def a_request(verb: Verb, number: int = 1, **changes: Any) -> Request:
    return Request(number, verb, at=T0 - 5)._replace(**changes)


def requests(*verbs: Verb) -> tuple[Request, ...]:
    """Numbered from 1."""
    return tuple(a_request(verb, number) for number, verb in enumerate(verbs, 1))


def a_run(**changes: Any) -> Records:
    """A run under its supervisor whose one attempt works."""
    if "progress" in changes and changes["progress"] is None:
        # There is no such file.
        changes.setdefault("progress_changed_at", None)
    return Records(
        "crawl-a1b2c3",
        "/home/runs/crawl-a1b2c3",
        spec=a_spec(),
        progress=progress(),
        progress_changed_at=T0 - 1,
        heartbeat=heartbeat(),
        heartbeat_changed_at=T0 - 1,
        supervisor=a_supervisor(),
        attempt=an_attempt(),
        supervised=True,
        process_state="S",
        boot_id=BOOT,
    )._replace(**changes)
