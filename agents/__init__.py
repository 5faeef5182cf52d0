"""Running things. An author's whole vocabulary is here: `Run`, what it gives, and `start`.

Loaded when asked for: the supervisor lives in this package too and must not pay for it.
"""

TYPE_CHECKING = False
"""As `typing` has it; importing that would cost a supervisor half a megabyte."""

if TYPE_CHECKING:
    from typing import Any

    from overnight.agents.artifact import Artifact
    from overnight.agents.entry import start
    from overnight.agents.lines import JsonLines, Lines
    from overnight.agents.retrying import Retry
    from overnight.agents.run import Run
    from overnight.agents.transient import Transient

__all__ = ["Artifact", "JsonLines", "Lines", "Retry", "Run", "Transient", "start"]

_HOME = {
    "Artifact": "artifact",
    "JsonLines": "lines",
    "Lines": "lines",
    "Retry": "retrying",
    "Run": "run",
    "Transient": "transient",
    "start": "entry",
}
"""The module of each."""


def __getattr__(name: str) -> "Any":
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
