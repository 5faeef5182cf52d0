"""An agent whose tasks wait for what never comes."""

import asyncio

from overnight.agents import Run, start


async def fetch(item: int) -> None:
    await asyncio.Event().wait()


async def main(run: Run) -> None:
    async for _ in run.amap(fetch, range(3)):
        pass


if __name__ == "__main__":
    start(main)
