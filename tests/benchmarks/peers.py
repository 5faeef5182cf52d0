"""Others that launch and steer processes, where they are installed. They listen in a folder of their own.

Not in the folder that is measured on: the path of a socket has at most 107 bytes.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.waiting import eventually

NOT_INSTALLED = "not measured: it is not installed"
SCRIPTS = Path(sys.executable).parent


def has_parallel() -> bool:
    return shutil.which("parallel") is not None


def has_task_spooler() -> bool:
    return shutil.which("tsp") is not None


def has_supervisord() -> bool:
    return find_spec("supervisor") is not None


class Supervisord:
    """A supervisord that runs these shell commands, from its start on."""

    def __init__(self, commands: Sequence[str]) -> None:
        self._place = TemporaryDirectory(prefix="overnight-")
        folder = Path(self._place.name)
        self._socket, self._conf = folder / "socket", folder / "supervisord.conf"
        # In such a file a percent sign begins a variable.
        programs = (
            f"[program:p{number}]\ncommand=/bin/sh -c '{command.replace('%', '%%')}'\nstartsecs=0\nautorestart=false\n"
            "stdout_logfile=NONE\nstderr_logfile=NONE\n"
            for number, command in enumerate(commands)
        )
        self._conf.write_text(
            f"[supervisord]\nnodaemon=true\nlogfile={folder}/log\npidfile={folder}/pid\nchildlogdir={folder}\n"
            f"[unix_http_server]\nfile={self._socket}\n[supervisorctl]\nserverurl=unix://{self._socket}\n"
            "[rpcinterface:supervisor]\n"
            "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n" + "".join(programs)
        )

    def __enter__(self) -> "Supervisord":
        command = [sys.executable, str(SCRIPTS / "supervisord"), "-c", str(self._conf)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        self._place.cleanup()

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self, running: int) -> None:
        """Until so many are running."""
        eventually(lambda: self._ask("status").count("RUNNING") == running, timeout=60, interval=0.1)

    def command(self, *words: str) -> list[str]:
        """What asks it for something."""
        return [sys.executable, str(SCRIPTS / "supervisorctl"), "-c", str(self._conf), *words]

    def _ask(self, *words: str) -> str:
        return subprocess.run(self.command(*words), capture_output=True, text=True, check=False).stdout


class TaskSpooler:
    """A task-spooler of its own, which does so many jobs at once."""

    def __init__(self, slots: int) -> None:
        self._place = TemporaryDirectory(prefix="overnight-")
        folder = self._place.name
        self._environment = {**os.environ, "TS_SOCKET": f"{folder}/socket", "TMPDIR": folder}
        self._slots = slots

    def __enter__(self) -> "TaskSpooler":
        self.run("-S", str(self._slots))
        return self

    def __exit__(self, *_: object) -> None:
        self.run("-K")
        self._place.cleanup()

    def run(self, *words: str) -> None:
        subprocess.run(["tsp", *words], env=self._environment, stdout=subprocess.DEVNULL, check=True)


@contextmanager
def parallel(commands: Sequence[str]) -> Iterator[None]:
    """GNU parallel does these shell commands, as many at once as there are. Waits for it at the end."""
    given = ["parallel", "--will-cite", "-j", str(len(commands))]
    # It warns on stderr that so many at once take long to start.
    with subprocess.Popen(given, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdin is not None
        process.stdin.write("\n".join(commands))
        process.stdin.close()
        yield
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, given)
