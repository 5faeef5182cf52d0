"""The signs that pictures are made of: one set for Unicode, one for ASCII, and which of them a terminal gets."""

from collections.abc import Mapping
from typing import NamedTuple

from overnight.state.status import Status

PLAIN_TERMINALS = frozenset({"linux", "vt100", "vt220"})
"""Terminals whose fonts have no block characters, whatever the locale says."""


class Glyphs(NamedTuple):
    """One sign a cell. `partials` and `levels` go from least to most."""

    states: Mapping[Status, str]
    cursor: str
    mark: str
    full: str
    partials: str
    """Eighths of a cell; "" = only whole ones."""
    empty: str
    levels: str
    """Heights of a sparkline."""
    rule: str
    wall: str
    nothing: str
    ellipsis: str
    about: str
    done: str
    now: str
    next: str
    dash: str
    above: str
    below: str


_RUNNING = frozenset({Status.RUNNING, Status.STARTING, Status.RESUMING, Status.BACKOFF})
_HELD = frozenset({Status.PAUSED, Status.PAUSING, Status.FROZEN})
_UNCLEAR = frozenset(
    {Status.STALLED, Status.STALE, Status.LOST, Status.UNSUPERVISED, Status.UNKNOWN, Status.INTERRUPTED}
)


def _states(
    running: str, held: str, unclear: str, failed: str, done: str, stopped: str, queued: str
) -> Mapping[Status, str]:
    signs = dict.fromkeys(_RUNNING, running) | dict.fromkeys(_HELD, held) | dict.fromkeys(_UNCLEAR, unclear)
    ends = {Status.FAILED: failed, Status.COMPLETED: done, Status.CANCELLED: stopped, Status.STOPPING: stopped}
    return signs | ends | {Status.QUEUED: queued}


UNICODE = Glyphs(
    states=_states("●", "=", "?", "✖", "✔", "■", "○"),
    cursor="▌",
    mark="▪",
    full="█",
    partials="▏▎▍▌▋▊▉",
    empty="─",
    levels="▁▂▃▄▅▆▇█",
    rule="─",
    wall="│",
    nothing="·",
    ellipsis="…",
    about="±",
    done="✔",
    now="●",
    next="○",
    dash="–",
    above="▲",
    below="▼",
)
ASCII = Glyphs(
    states=_states("*", "=", "?", "x", "+", "#", "o"),
    cursor=">",
    mark="@",
    full="#",
    partials="",
    empty="-",
    levels="_.:-=+*#",
    rule="-",
    wall="|",
    nothing=".",
    ellipsis="~",
    about="+-",
    done="+",
    now="*",
    next="o",
    dash="-",
    above="^",
    below="v",
)


def needs_ascii(environ: Mapping[str, str]) -> bool:
    """Whether block characters would arrive as something else: by the locale's name, or by the terminal's."""
    if environ.get("TERM", "") in PLAIN_TERMINALS:
        return True
    named = next((value for name in ("LC_ALL", "LC_CTYPE", "LANG") if (value := environ.get(name))), "")
    return "utf8" not in named.lower().replace("-", "")
