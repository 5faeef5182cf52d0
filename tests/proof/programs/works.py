"""COUNT items and a second loop of a tenth of them, with outputs of every kind, for about PACE seconds each.

HOW they are worked on: `each`, or a map over `threads`, `tasks` or `processes`, or `any`: threads in any order. Some
fail, some write more than waits in memory. Says in EFFECTS, outside of its run, which item it begins and which it has
done. With `together` it waits until its stdin ends before it starts, and says on stdout that it waits.
"""

import asyncio
import os
import sys
import time

from overnight.agents import Run, start

COUNT, PACE, EFFECTS, HOW = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3], sys.argv[4]
WORKERS = 3


def say(attempt: int, pid: int, what: str, item: object) -> None:
    """One line, one write."""
    descriptor = os.open(EFFECTS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(descriptor, f"{attempt} {pid} {what} {item}\n".encode())
    os.close(descriptor)


class Agent:
    """What belongs to an item, in three parts: before it takes its time, after that, and how it ends."""

    def __init__(self, run: Run) -> None:
        self.run, self.pid = run, os.getpid()
        self.out, self.large = run.artifact("out.txt"), run.artifact("deep/large.txt")

    def begin(self, item: int) -> float:
        """Seconds that it takes."""
        say(self.run.attempt, self.pid, "begun", item)
        self.out.write(f"item {item}\n")
        return PACE * (item % 3)

    def end(self, item: int) -> None:
        if item % 40 == 7:
            self.large.write(f"{item} " * 30_000 + "\n")
        self.out.write("." * (item % 7) + "\n")
        self.run.count(lines=2, price=0.1)
        say(self.run.attempt, self.pid, "done", item)
        fail_at_times(item)

    def do(self, item: int) -> None:
        time.sleep(self.begin(item))
        self.end(item)

    async def do_as_task(self, item: int) -> None:
        await asyncio.sleep(self.begin(item))
        self.end(item)

    def do_the_last(self) -> None:
        for last in self.run.each(f"last-{number}" for number in range(COUNT // 10)):
            say(self.run.attempt, self.pid, "begun", last)
            self.out.write(f"{last}\n")
            self.run.count(lines=1)
            say(self.run.attempt, self.pid, "done", last)


def fail_at_times(item: int) -> None:
    if item % 11 == 3:
        raise ValueError(f"odd one: {item}")


def do_elsewhere(order: tuple[int, int, int]) -> int:
    """In a process of its own, for the agent that ordered it."""
    item, attempt, pid = order
    say(attempt, pid, "begun", item)
    time.sleep(PACE * (item % 3))
    say(attempt, pid, "done", item)
    fail_at_times(item)
    return item


def main(run: Run) -> None:
    agent = Agent(run)
    match HOW:
        case "each":
            for guarded in run.each(range(COUNT), guard=True):
                with guarded as item:
                    agent.do(item)
        case "threads":
            for _ in run.map(agent.do, range(COUNT), workers=WORKERS):
                pass
        case "any":
            for _ in run.map(agent.do, range(COUNT), workers=WORKERS, order="any"):
                pass
        case "processes":
            orders = [(item, run.attempt, agent.pid) for item in range(COUNT)]
            for _, item in run.map(do_elsewhere, orders, key=lambda order: order[0], workers=WORKERS, processes=True):
                agent.out.write(f"item {item}\n")
                if item % 40 == 7:
                    agent.large.write(f"{item} " * 30_000 + "\n")
                agent.out.write("." * (item % 7) + "\n")
                run.count(lines=2, price=0.1)
    agent.do_the_last()


async def main_of_tasks(run: Run) -> None:
    agent = Agent(run)
    async for _ in run.amap(agent.do_as_task, range(COUNT), workers=WORKERS):
        pass
    agent.do_the_last()


if __name__ == "__main__":
    if "together" in sys.argv:
        os.write(1, b"!")
        os.read(0, 1)
    start(main_of_tasks if HOW == "tasks" else main)
