"""Running things. An author's whole vocabulary is here: `Run`, what it gives, and `start`.

Loaded when asked for: the supervisor lives in this package too and must not pay for it.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from overnight.agents.artifact import Artifact
    from overnight.agents.entry import start
    from overnight.agents.run import Run

__all__ = ["Artifact", "Run", "start"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from overnight.agents import artifact, entry, run

    return {"Artifact": artifact.Artifact, "Run": run.Run, "start": entry.start}[name]
