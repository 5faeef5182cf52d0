"""Shows what a child of an agent gets to see, and how a forked worker ends."""

import json
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

from overnight.agents import Run, start


def main(run: Run) -> None:
    show = [sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"]
    seen = json.loads(subprocess.run(show, stdout=subprocess.PIPE, check=True).stdout)
    codes = set()
    for _ in range(30):
        worker = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
        worker.start()
        worker.terminate()
        worker.join(10)
        codes.add(worker.exitcode)
    Path(run.directory, "seen.json").write_text(json.dumps({"environment": seen, "workers": list(codes)}))
    assert run.directory not in os.environ.values()


if __name__ == "__main__":
    start(main)
