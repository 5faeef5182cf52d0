"""Items are the lines of FILE, or its records (KIND `lines` or `json`), by the loop of WAY: `each`, `map` or `aeach`.

Each takes SECONDS. `guard`: bad lines are item errors. `memory`: says in a file how much was used.
"""

import asyncio
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

from overnight.agents import JsonLines, Lines, Run, start

FILE, KIND, WAY, SECONDS = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])
GUARD = "guard" in sys.argv


def work(item: Any) -> bytes:
    time.sleep(SECONDS)
    return f"{item}\n".encode("utf-8", "surrogatepass")


def main(run: Run) -> None:
    source: Any = JsonLines(FILE) if KIND == "json" else Lines(FILE)
    out = run.artifact("out.txt")
    if "memory" in sys.argv:
        tracemalloc.start()
    if WAY == "map":
        for _, text in run.map(work, source, workers=3, guard=GUARD):
            out.write(text)
    elif WAY == "aeach":
        asyncio.run(each_async(run, source))
    elif GUARD:
        for guarded in run.each(source, guard=True):
            with guarded as item:
                out.write(work(item))
    else:
        for item in run.each(source):
            if SECONDS:
                out.write(work(item))
    if "memory" in sys.argv:
        Path(run.directory, "memory.txt").write_text(str(tracemalloc.get_traced_memory()[1]))


async def each_async(run: Run, source: Any) -> None:
    out = run.artifact("out.txt")
    async for item in run.aeach(source):
        await asyncio.sleep(SECONDS)
        out.write(f"{item}\n")


if __name__ == "__main__":
    start(main)
