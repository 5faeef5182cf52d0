"""Items are the lines of FILE, each SECONDS long. `stream`: from a generator. `fail KEY`: an error there ends it."""

import sys
import time
from pathlib import Path

from overnight.agents import Run, start


def main(run: Run) -> None:
    keys = Path(sys.argv[1]).read_text().split()
    out = run.artifact("out.txt")
    failing = sys.argv[sys.argv.index("fail") + 1] if "fail" in sys.argv else None
    for item in run.each((key for key in keys) if "stream" in sys.argv else keys, unit="keys"):
        out.write(f"{item}\n")
        time.sleep(float(sys.argv[2]))
        if item == failing:
            raise ValueError(f"cannot do {item}")


if __name__ == "__main__":
    start(main)
