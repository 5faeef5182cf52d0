"""A tmux of a test's own: a server that no other one knows, with one window in which a program runs."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.waiting import eventually

needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


class Tmux:
    def __init__(self, socket: Path) -> None:
        self.command = ["tmux", "-S", str(socket), "-f", "/dev/null"]

    def ask(self, *words: str) -> str:
        done = subprocess.run([*self.command, *words], capture_output=True, text=True, timeout=20)
        return done.stdout

    def text(self) -> str:
        """What its window shows."""
        return self.ask("capture-pane", "-p")

    def shows(self, *words: str, timeout: float = 20) -> str:
        def shown() -> str | None:
            text = self.text()
            return text if all(word in text for word in words) else None

        return eventually(shown, timeout=timeout, message=f"the window shows {words}")

    def type(self, *keys: str) -> None:
        self.ask("send-keys", *keys)

    def kill_server(self) -> None:
        """At once: it says goodbye to nobody."""
        os.kill(int(self.ask("display-message", "-p", "#{pid}")), signal.SIGKILL)


@contextmanager
def a_tmux(folder: Path, command: str, columns: int = 80, rows: int = 24) -> Iterator[Tmux]:
    """`command` is a shell's. Nobody is attached yet."""
    tmux = Tmux(folder / "tmux.sock")
    environment = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", "SHELL": "/bin/sh"}
    for name in ("TMUX", "COLUMNS", "LINES"):
        environment.pop(name, None)
    start = [*tmux.command, "new-session", "-d", "-x", str(columns), "-y", str(rows), command]
    subprocess.run(start, check=True, timeout=20, env=environment)
    try:
        yield tmux
    finally:
        tmux.ask("kill-server")
