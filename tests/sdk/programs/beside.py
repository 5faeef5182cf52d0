"""COUNT items beside each other, by WORKERS threads, processes or tasks (KIND), results in ORDER.

Each says in FILE what it does, writes to an artifact and counts, in the call and in the loop's body. Every seventh
fails at last, every fifth at first.
"""

import asyncio
import hashlib
import os
import sys
import time
from typing import Literal

from overnight.agents import Retry, Run, Transient, start

COUNT, WORKERS, KIND, FILE = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[5]
ORDER: Literal["source", "any"] = "source" if sys.argv[4] == "source" else "any"
ATTEMPT = os.environ.get("OVERNIGHT_ATTEMPT", "0")
POLICY = Retry(tries=2, first=0.002)
SLOWEST = 0.03

tried: set[int] = set()


def say(what: str, item: int) -> None:
    descriptor = os.open(FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(descriptor, f"{ATTEMPT} {os.getpid()} {what} {item}\n".encode())
    os.close(descriptor)


def seconds_of(item: int) -> float:
    """Like chance, and the same each time."""
    return SLOWEST * hashlib.blake2b(b"%d" % item).digest()[0] / 255


def end(item: int) -> str:
    if item % 7 == 3:
        raise ValueError(f"odd one: {item}")
    if item % 5 == 4 and item not in tried:
        tried.add(item)
        raise Transient("not yet")
    say("done", item)
    return f"result {item}"


def in_process(item: int) -> str:
    say("begun", item)
    time.sleep(seconds_of(item))
    return end(item)


def main(run: Run) -> None:
    out, body = run.artifact("out.txt"), run.artifact("body.txt")

    def in_thread(item: int) -> str:
        say("begun", item)
        out.write(f"item {item}\n")
        run.count(calls=1)
        time.sleep(seconds_of(item))
        out.write("." * (item % 11) + "\n")
        return end(item)

    fn = in_process if KIND == "processes" else in_thread
    for item, result in run.map(
        fn, range(COUNT), workers=WORKERS, processes=KIND == "processes", retry=POLICY, order=ORDER
    ):
        body.write(f"{item}: {result}\n")
        run.count(bodies=1)


async def amain(run: Run) -> None:
    out, body = run.artifact("out.txt"), run.artifact("body.txt")

    async def in_task(item: int) -> str:
        say("begun", item)
        out.write(f"item {item}\n")
        run.count(calls=1)
        await asyncio.sleep(seconds_of(item))
        out.write("." * (item % 11) + "\n")
        return end(item)

    async for item, result in run.amap(in_task, range(COUNT), workers=WORKERS, retry=POLICY, order=ORDER):
        body.write(f"{item}: {result}\n")
        await asyncio.sleep(0)
        run.count(bodies=1)


if __name__ == "__main__":
    start(amain if KIND == "tasks" else main)
