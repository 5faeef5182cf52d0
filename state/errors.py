"""What can go wrong, each with the next thing to do and the exit code of the command line."""


class OvernightError(Exception):
    """The root of everything that is refused or cannot be done. `str()` says what happened, to which thing."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        """What to do next, as one sentence."""


class WrongUsage(OvernightError):
    """The request itself is wrong: an option, a name, a command or a folder that does not exist."""

    exit_code = 2


class AmbiguousName(WrongUsage):
    """A name that several live runs bear."""


class NoSuchRun(OvernightError):
    """No run has this id or name."""

    exit_code = 3


class TimedOut(OvernightError):
    """What was waited for did not happen in time."""

    exit_code = 4


class NotPossibleNow(OvernightError):
    """The run is in a state in which this cannot be done."""


class AlreadySupervised(NotPossibleNow):
    """Another process holds the run's lock."""


class HomeUnusable(OvernightError):
    """The state directory cannot be created, read or written."""


class DamagedRecord(OvernightError):
    """A record that is needed cannot be read."""


def refusal_of(error: OvernightError | OSError) -> OvernightError:
    """What is told of it: one of ours as it is; of the system's where it happened, and what."""
    if isinstance(error, OvernightError):
        return error
    where = f"{error.filename}: " if error.filename else ""
    return OvernightError(f"{where}{error.strerror or error}")
