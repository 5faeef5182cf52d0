"""The pools behind `run.map`: calls that are made beside each other, in threads or in processes of their own.

Loaded when asked for: an agent that has no workers must not pay for them.
"""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from overnight.agents.workers.pool import Call, Finished, Pool, WorkerLost
    from overnight.agents.workers.processes import Processes
    from overnight.agents.workers.threads import Threads

__all__ = ["Call", "Finished", "Pool", "Processes", "Threads", "WorkerLost", "is_worker"]

WORKER = "overnight-worker"
"""The name of the processes of a pool, for whoever asks multiprocessing."""


def is_worker() -> bool:
    """Whether this process is a worker of a pool.

    True already while it imports the agent's script: a `start(main)` there stands without its guard
    `if __name__ == "__main__":`, and must not begin a run.
    """
    module = sys.modules.get("multiprocessing.process")
    return module is not None and module.current_process().name == WORKER


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "Processes":
        from overnight.agents.workers.processes import Processes

        return Processes
    if name == "Threads":
        from overnight.agents.workers.threads import Threads

        return Threads
    from overnight.agents.workers import pool

    return getattr(pool, name)
