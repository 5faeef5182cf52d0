"""An agent that knows nothing of overnight: the pattern as people write it by themselves.

Progress and health files in places of its choosing, rewritten in place with plain writes, local times without
an offset, a percentage as text, `datetime.max` for an unknown completion. It stops at SIGTERM, saved.
"""

import json
import signal
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType


class Agent:
    """Counts to `total`, resuming from its own state file."""

    def __init__(self, folder: Path, total: int, seconds: float) -> None:
        self.folder, self.total, self.seconds = folder, total, seconds
        self.state_file = folder / "agent_state.json"
        self.started = time.time()
        self.running = True
        self.done = json.loads(self.state_file.read_text())["done"] if self.state_file.exists() else 0
        self.first = self.done
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)

    def stop(self, _number: int, _frame: FrameType | None) -> None:
        self.running = False

    def write_progress(self, status: str) -> None:
        worked = time.time() - self.started
        pace = (self.done - self.first) / worked if worked else 0
        left = timedelta(seconds=(self.total - self.done) / pace) if pace else None
        (self.folder / "progress.json").write_text(
            json.dumps(
                {
                    "status": status,
                    "total_items": self.total,
                    "processed_items": self.done,
                    "current_item": f"item_{self.done}",
                    "percent_complete": f"{100 * self.done / self.total:.1f}%",
                    "errors": [],
                    "started_at": datetime.fromtimestamp(self.started).isoformat(),
                    "updated_at": datetime.now().isoformat(),
                    "estimated_completion": (datetime.now() + left if left else datetime.max).isoformat(),
                },
                indent=2,
            )
        )

    def write_health(self) -> None:
        (self.folder / "health.json").write_text(
            json.dumps(
                {
                    "status": "healthy",
                    "last_heartbeat": datetime.now().isoformat(),
                    "uptime_seconds": time.time() - self.started,
                }
            )
        )

    def run(self) -> None:
        while self.done < self.total and self.running:
            time.sleep(self.seconds)
            self.done += 1
            self.state_file.write_text(json.dumps({"done": self.done}))
            self.write_progress("running")
            self.write_health()
        self.write_progress("completed" if self.done >= self.total else "paused")


if __name__ == "__main__":
    Agent(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])).run()
