"""Twelve items, by KIND: each, aeach, map or amap. Number 5 ends the process in WHERE (call or body), as long as FOLDER
has no file `harmless`; at first only when others are in hand beside it. What is begun is told in FOLDER.
"""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from overnight.agents import Run, start

KIND, WHERE, FOLDER = sys.argv[1], sys.argv[2], Path(sys.argv[3])
POISON, COUNT, WORKERS = 5, 12, 3


def say(item: int) -> None:
    with (FOLDER / "begun").open("a") as file:
        file.write(f"{item}\n")


def others_begun() -> bool:
    """Or nobody else will, for it is alone."""
    return (FOLDER / "alone").exists() or len((FOLDER / "begun").read_text().split()) >= POISON + WORKERS


def is_fatal(item: int, where: str) -> bool:
    return item == POISON and where == WHERE and not (FOLDER / "harmless").exists()


def die() -> None:
    (FOLDER / "alone").touch()
    os.kill(os.getpid(), signal.SIGSEGV)


def main(run: Run) -> None:
    if KIND == "each":
        for item in run.each(range(COUNT)):
            say(item)
            if item == POISON and not (FOLDER / "harmless").exists():
                die()
            run.artifact("out.txt").write(f"{item}\n")
        return

    def call(item: int) -> None:
        say(item)
        if is_fatal(item, "call"):
            while not others_begun():
                time.sleep(0.002)
            die()
        # So that others begin beside it.
        time.sleep(0.02)

    for item, _ in run.map(call, range(COUNT), workers=WORKERS):
        run.artifact("out.txt").write(f"{item}\n")
        if is_fatal(item, "body"):
            while not others_begun():
                time.sleep(0.002)
            die()


async def amain(run: Run) -> None:
    if KIND == "aeach":
        async for item in run.aeach(range(COUNT)):
            say(item)
            if item == POISON and not (FOLDER / "harmless").exists():
                die()
            run.artifact("out.txt").write(f"{item}\n")
        return

    async def call(item: int) -> None:
        say(item)
        if is_fatal(item, "call"):
            while not others_begun():
                await asyncio.sleep(0.002)
            die()
        await asyncio.sleep(0.02)

    async for item, _ in run.amap(call, range(COUNT), workers=WORKERS):
        run.artifact("out.txt").write(f"{item}\n")
        if is_fatal(item, "body"):
            while not others_begun():
                await asyncio.sleep(0.002)
            die()


if __name__ == "__main__":
    start(main if KIND in {"each", "map"} else amain)
