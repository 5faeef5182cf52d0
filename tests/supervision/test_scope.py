"""Where a logout would end a supervisor it is started through `systemd-run`, or its user is told.

The machine's settings are files below a root of the test's own. `systemd-run` is a program on PATH that does at its
interface what the real one does: it takes its options, and executes the command in its own place.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from overnight.agents.launchers import scope
from overnight.agents.launchers.local import supervise
from overnight.state.home import Home
from overnight.state.operator import account_name
from overnight.state.rundir import RunDir
from tests.command import overnight
from tests.supervision.launched import attempt, kill_supervisor, sh, supervisor
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process

SESSION = "/user.slice/user-1000.slice/session-3.scope"
ME = account_name(os.geteuid())
RUNNER = """\
#!/bin/sh
printf '%s\\n' "$@" > "$0.arguments"
echo "$XDG_RUNTIME_DIR" > "$0.folder"
[ ! -e "$0.broken" ] || exit 1
while [ "$1" != -- ]; do shift; done
shift
INVOCATION_ID=0123 exec "$@"
"""


class System(NamedTuple):
    """A machine that ends what its users leave behind."""

    root: Path
    runner: Path

    def lingers(self) -> None:
        (self.root / "var/lib/systemd/linger" / ME).touch()

    def asked(self) -> list[str]:
        """The arguments that the runner got; none = it was not executed."""
        path = self.runner.with_suffix(".arguments")
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> System:
    found = System(tmp_path / "system", tmp_path / "bin" / "systemd-run")
    for folder in ("run/systemd/system", "var/lib/systemd/linger", "etc/systemd", "proc/self"):
        (found.root / folder).mkdir(parents=True)
    (found.root / "etc/systemd/logind.conf").write_text("[Login]\nKillUserProcesses=yes\nKillExcludeUsers=\n")
    (found.root / "proc/self/cgroup").write_text(f"0::{SESSION}\n")
    private = found.root / f"run/user/{os.geteuid()}/systemd/private"
    private.parent.mkdir(parents=True)
    private.touch()
    found.runner.parent.mkdir()
    found.runner.write_text(RUNNER)
    found.runner.chmod(0o755)
    monkeypatch.setenv("PATH", f"{found.runner.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(scope, "ROOT", str(found.root))
    return found


def on(system: System, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command line on that machine."""
    program = f"""if True:
        import sys
        from overnight.agents.launchers import scope
        scope.ROOT = {str(system.root)!r}
        from overnight.tui.cli import main
        sys.exit(main())
    """
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)


def kill(run: RunDir) -> None:
    assert overnight("kill", run.id, "--timeout", "30").returncode == 0


def test_a_supervisor_that_a_logout_would_end_is_started_in_a_scope_and_holds_the_lock(
    home: Path, system: System
) -> None:
    system.lingers()
    run = sh(home, "exec sleep 600")
    *options, dashes = system.asked()[: system.asked().index("--") + 1]
    assert dashes == "--"
    assert {"--user", "--scope", f"--description=overnight: {run.id}"} <= set(options)
    assert system.runner.with_suffix(".folder").read_text() == f"/run/user/{os.geteuid()}\n"
    assert system.asked()[len(options) + 1] == sys.executable
    variables = Path(f"/proc/{supervisor(run).pid}/environ").read_bytes().split(b"\0")
    assert b"INVOCATION_ID=0123" in variables, "it is the process that the runner executed, or a child of it"
    assert run.is_supervised()
    assert attempt(run).pid
    kill(run)


def test_whoever_adopts_a_run_does_so_in_a_scope_too(home: Path, system: System) -> None:
    run = sh(home, "exec sleep 600")
    assert system.asked() == []
    before = supervisor(run).pid
    kill_supervisor(run)
    system.lingers()
    assert supervise(run)
    assert system.asked()
    eventually(lambda: supervisor(run).pid != before)
    assert b"INVOCATION_ID" in Path(f"/proc/{supervisor(run).pid}/environ").read_bytes()
    kill(run)


def test_one_that_cannot_do_it_costs_no_launch(home: Path, system: System) -> None:
    system.lingers()
    system.runner.with_suffix(".broken").touch()
    run = sh(home, "exec sleep 600")
    assert system.asked()
    assert run.is_supervised()
    assert "systemd-run failed: logging out may end this run" in Path(run.supervisor_log_path).read_text()
    kill(run)


def test_a_word_that_the_runner_would_read_as_a_variable_is_not_given_to_it(
    home: Path, system: System, tmp_path: Path
) -> None:
    system.lingers()
    odd = tmp_path / "$HOME"
    run = sh(odd, "exec sleep 600")
    assert system.asked() == []
    assert run.is_supervised()
    assert overnight("kill", run.id, "--timeout", "30", env={**os.environ, "OVERNIGHT_HOME": str(odd)}).returncode == 0


def test_where_no_scope_would_stay_the_user_is_told_once_what_keeps_it(home: Path, system: System) -> None:
    done = on(system, "run", "--", "sleep", "600")
    assert done.returncode == 0
    assert system.asked() == []
    told = "Logging out ends runs that are started from here. "
    assert done.stderr == f"{told}`loginctl enable-linger {ME}` keeps what is started after it.\n"
    run = Home(str(home)).run(done.stdout.strip())
    assert run.is_supervised()
    kill(run)
    system.lingers()
    done = on(system, "retry", run.id, "--timeout", "30")
    assert (done.returncode, done.stderr) == (0, f"started again: {run.id}\n")
    assert system.asked()
    kill(run)
    (system.root / f"run/user/{os.geteuid()}/systemd/private").unlink()
    done = on(system, "retry", run.id, "--timeout", "30")
    assert done.stderr.splitlines()[1] == (
        f"{told}`sudo systemctl start user@{os.geteuid()}.service` lets what is started after it be kept, "
        "by `systemd-run`."
    )
    kill(run)


def test_a_service_of_the_machine_is_started_plainly_and_nobody_is_told(home: Path, system: System) -> None:
    system.lingers()
    (system.root / "proc/self/cgroup").write_text("0::/system.slice/cron.service\n")
    done = on(system, "run", "--", "sleep", "600")
    assert (done.returncode, done.stderr, system.asked()) == (0, "", [])
    kill(Home(str(home)).run(done.stdout.strip()))
