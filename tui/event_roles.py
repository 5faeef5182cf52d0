"""In which colour an event of a run is told, and whether it means trouble. Pure."""

from collections.abc import Mapping

from overnight.state.records import Event, Outcome

ROLES = {
    "died": "trouble",
    "stalled": "warn",
    "limited": "warn",
    "unbounded": "warn",
    "retrying": "warn",
    "source_changed": "warn",
    "paused": "held",
    "frozen": "held",
}
ENDS: Mapping[str, str] = {
    Outcome.COMPLETED: "done",
    Outcome.FAILED: "trouble",
    Outcome.INTERRUPTED: "warn",
    Outcome.CANCELLED: "",
}
ENDED = "ended"


def role_of(event: Event) -> str:
    if event.event == ENDED:
        return ENDS.get(str(event.detail.get("outcome")), "")
    if event.event == "frozen" and event.detail.get("from_outside"):
        return "warn"
    return ROLES.get(event.event, "")


def is_trouble(event: Event) -> bool:
    return role_of(event) in {"trouble", "warn"}
