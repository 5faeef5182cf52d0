"""The interface driven by keys, over real runs of a real home."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from textual.events import Key
from textual.keys import _character_to_key
from textual.pilot import Pilot

from overnight.state import lock, process
from overnight.state.home import Home
from overnight.state.records import (
    Attempt,
    Exit,
    Heartbeat,
    Progress,
    Request,
    Spec,
    SupervisorRecord,
    SupervisorState,
)
from overnight.state.rundir import RunDir
from overnight.tui.app import OvernightApp
from overnight.tui.config import AS_USUAL, Config
from overnight.tui.feed import Feed

Driver = Callable[[OvernightApp, "Pilot[None]"], Awaitable[None]]


def drive(home: Path, act: Driver, *, size: tuple[int, int] = (80, 24), config: Config = AS_USUAL) -> OvernightApp:
    """Open the interface over `home`, let `act` press keys, and close it."""
    app = OvernightApp(Home(str(home)), Feed(Home(str(home))), now=time.time(), host="here", config=config)

    async def run() -> None:
        async with app.run_test(size=size, notifications=True) as pilot:
            await until(pilot, lambda: app.fleet.loaded)
            await act(app, pilot)

    asyncio.run(run())
    return app


NAMES = {"\r": "enter", "\x1b": "escape"}


def burst(app: OvernightApp, keys: str) -> None:
    """As they come from a slow line: all of them before any is acted upon; \r is enter, \x1b escape."""
    for each in keys:
        app.post_message(Key(NAMES.get(each) or _character_to_key(each), each))


async def until(pilot: "Pilot[None]", true: Callable[[], object], timeout: float = 20.0) -> None:
    """Let the interface work until the condition holds."""
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, f"not within {timeout} s; the screen:\n{shown(pilot.app)}"
        await pilot.pause(0.02)


def shown(app: Any) -> str:
    """The text of the screen."""
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())


@contextmanager
def a_supervised_run(home: Path, name: str, *, alive: bool = True, **changes: Any) -> Iterator[RunDir]:
    """A run as its supervisor and its agent would have written it; both are this process.

    Its lock is held, so that nothing starts another supervisor; the doorbell is a signal that is ignored.
    """
    run = Home(str(home)).new_run(name)
    held = lock.acquire(run.lock_path)
    assert held is not None
    identity = process.identity_of(os.getpid())
    assert identity is not None
    now = time.time()
    attempt = Attempt(1, identity.pid, identity.start_time, identity.boot_id, now - 60)
    supervisor = SupervisorRecord(
        identity.pid, identity.start_time, identity.boot_id, "here", SupervisorState.RUNNING, 1
    )
    progress = Progress(processed_items=40, total_items=100, updated_at=now, attempt=1)
    heartbeat = Heartbeat(last_heartbeat=now, pid=identity.pid, handles=frozenset({"pause", "stop"}), attempt=1)
    spec = Spec(run.id, name, ("python", "agent.py"), "/", created_at=now - 60, by="ann@here")
    try:
        run.write(run.supervisor_path, supervisor)
        if alive:
            run.write(run.attempt_path(1), attempt)
            run.write(run.progress_path, changes.pop("progress", progress))
            run.write(run.heartbeat_path, changes.pop("heartbeat", heartbeat))
        run.write(run.spec_path, spec._replace(**changes))
        yield run
    finally:
        os.close(held)


def an_ended_run(home: Path, name: str, ended: Exit) -> RunDir:
    with a_supervised_run(home, name) as run:
        attempt = run.attempt(1)
        assert isinstance(attempt, Attempt)
        run.write(run.attempt_path(1), attempt._replace(ended_at=time.time(), code=ended.code))
        run.write(run.exit_path, ended)
    return run


def asked_of(run: RunDir) -> list[str]:
    """The verbs on record, oldest first."""
    requests: tuple[Request, ...] = run.requests()[0]
    return [str(each.verb) for each in requests]
