"""The state directory: where runs live, and which run a name means."""

import os
import stat
from collections.abc import Iterator

from overnight.state.errors import HomeUnusable, NoSuchRun
from overnight.state.names import check_name
from overnight.state.operator import account_name
from overnight.state.private import make_folder, make_folders
from overnight.state.rundir import RunDir

VARIABLE = "OVERNIGHT_HOME"


class Home:
    """The folder with all runs of a user. Creates nothing until `prepare`."""

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        self.runs_path = os.path.join(self.path, "runs")

    def check(self) -> None:
        """Raise HomeUnusable where somebody else has a say: it is another user's, or a link stands in its place.

        What is launched from a record in it runs as this user. A home that is not there yet is fine.
        """
        for path in (self.path, self.runs_path):
            try:
                found = os.lstat(path)
            except (FileNotFoundError, NotADirectoryError):
                return
            except OSError as error:
                raise self.unusable(error) from None
            if stat.S_ISLNK(found.st_mode):
                where = os.path.realpath(path) if path == self.path else "a folder that holds its runs itself"
                raise HomeUnusable(f"state directory {path}: a symbolic link", hint=f"Set {VARIABLE} to {where}.")
            if found.st_uid != os.geteuid():
                raise HomeUnusable(
                    f"state directory {path}: belongs to {account_name(found.st_uid)}, and you are "
                    f"{account_name(os.geteuid())}",
                    hint=f"Set {VARIABLE} to a folder of your own, or be that user.",
                )

    def prepare(self) -> None:
        """Create the folders, 0700 as are those above them that are missing. Raises HomeUnusable."""
        try:
            make_folders(self.runs_path)
        except OSError as error:
            raise self.unusable(error) from None
        if not os.access(self.runs_path, os.W_OK | os.X_OK):
            raise self.unusable(PermissionError(13, "Permission denied", self.runs_path))

    def ids(self) -> list[str]:
        """Of all runs, in no order. Raises HomeUnusable; no folder yet = no runs."""
        try:
            with os.scandir(self.runs_path) as entries:
                return [entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self.unusable(error) from None

    def runs(self) -> Iterator[RunDir]:
        return (self.run(run_id) for run_id in self.ids())

    def run(self, run_id: str) -> RunDir:
        return RunDir(os.path.join(self.runs_path, run_id))

    def new_run(self, name: str) -> RunDir:
        """An empty directory with a fresh id for `name`, 0700. Raises WrongUsage, HomeUnusable."""
        check_name(name)
        self.prepare()
        while True:
            run = self.run(f"{name}-{os.urandom(3).hex()}")
            try:
                make_folder(run.path)
                make_folder(run.control_path)
                make_folder(run.attempts_path)
            except FileExistsError:
                continue
            except OSError as error:
                raise self.unusable(error) from None
            return run

    def existing(self, run_id: str) -> RunDir:
        """The run of exactly this id. Raises NoSuchRun."""
        run = self.run(run_id)
        if not run_id or "/" in run_id or run_id.startswith(".") or not os.path.isdir(run.path):
            raise NoSuchRun(f"no run {run_id!r} in {self.path}", hint="`overnight ls` lists the runs.")
        return run

    def unusable(self, error: OSError) -> HomeUnusable:
        """What to raise for it."""
        return HomeUnusable(
            f"state directory {error.filename or self.path}: {error.strerror}",
            hint=f"Set {VARIABLE} to a folder that you can write to.",
        )


def default_home() -> Home:
    """$OVERNIGHT_HOME, else the XDG state folder: what platformdirs' user_state_path answers, without its import.

    Raises HomeUnusable: it is not safe to use.
    """
    home = Home(_default_path())
    home.check()
    return home


def _default_path() -> str:
    named = os.environ.get(VARIABLE)
    if named:
        return os.path.expanduser(named)
    state = os.environ.get("XDG_STATE_HOME", "").strip() or os.path.expanduser("~/.local/state")
    return os.path.join(state, "overnight")
