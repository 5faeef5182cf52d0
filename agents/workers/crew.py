"""One worker process, from outside: started, given calls, heard, killed and buried. Decides nothing."""

import os
import pickle
import signal
from multiprocessing.context import SpawnContext

from overnight.agents.workers import WORKER
from overnight.agents.workers.pool import Job
from overnight.agents.workers.worker import INTERRUPT, Said, serve
from overnight.state import process


class Worker:
    """Its pipe belongs to one thread, the rest is guarded by the lock of its pool."""

    def __init__(self, context: SpawnContext) -> None:
        """Started, by the thread that it ends with. Raises OSError."""
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, os.getpid()), name=WORKER)
        try:
            self._process.start()
        except BaseException:
            self.pipe.close()
            raise
        finally:
            theirs.close()
        self.pidfd = os.pidfd_open(self.pid)
        """Readable when it has ended: unlike the pipe, whatever it has started."""
        self.heard = True
        """It may still say something."""
        self.ready = False
        """It has started."""
        self.doomed = False
        """It was killed, or cannot be reached: nothing that it says counts."""
        self.job: Job | None = None
        self.accepted = self.told = False
        """It has begun with the job; it was told that this is interrupted."""
        self._spared: list[process.Identity] = []
        """What it had started, and could not be killed with it: too many files were open."""

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def take(self, job: Job | None) -> None:
        """From now on it is this job's."""
        self.job = job
        if job is not None:
            job.who = self.pid
        self.accepted = self.told = False

    def give(self, job: Job) -> bool:
        """Send it the job. False = it cannot be reached."""
        assert job.packed is not None
        return self._sent(pickle.dumps((job.so_far, *job.packed), pickle.HIGHEST_PROTOCOL))

    def interrupt(self) -> None:
        """End its wait, or the next one that it would begin."""
        if not self.told:
            self.told = self._sent(INTERRUPT)

    def _sent(self, message: bytes) -> bool:
        try:
            self.pipe.send_bytes(message)
        except OSError:
            return False
        return True

    def hear(self) -> list[Said]:
        """What it has said meanwhile."""
        said: list[Said] = []
        try:
            while self.pipe.poll():
                said.append(self.pipe.recv())
        except (EOFError, OSError):
            self.heard = False
        return said

    def hang_up(self) -> None:
        """It ends by itself when it listens again."""
        self.heard = False
        self.pipe.close()

    def kill(self) -> None:
        """With whatever it has started: nobody else knows of that."""
        self.doomed = True
        family = _living(descendants(self.pid))
        try:
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._spared += [each for each in family if not _was_sent(each)]

    def bury(self) -> str:
        """Once it has ended: free what it had. Says how it ended."""
        self._process.join()
        os.close(self.pidfd)
        self.pipe.close()
        # With these two closed, it can be shown who is who.
        for each in self._spared:
            _was_sent(each)
        return how_ended(self._process.exitcode)


def how_ended(code: int | None) -> str:
    """In words, from what multiprocessing says: a negative number is a signal's."""
    if code is None:
        return "ended, and its exit code was taken by somebody else"
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"was killed by {name}{' (memory may have run out)' if name == 'SIGKILL' else ''}"


def _living(pids: list[int]) -> list[process.Identity]:
    """Those of them that are there; without one that cannot be looked at now."""
    found: list[process.Identity] = []
    for pid in pids:
        try:
            identity = process.identity_of(pid)
        except OSError:
            continue
        found += [] if identity is None else [identity]
    return found


def _was_sent(identity: process.Identity) -> bool:
    """SIGKILL, or it is gone. False = nobody can know which process it is now."""
    try:
        process.send(identity, signal.SIGKILL)
    except OSError:
        return False
    return True


def descendants(pid: int) -> list[int]:
    """The processes that it started, and theirs. Where the kernel does not list children: none."""
    family = [pid]
    for each in family:
        family.extend(_children(each))
    return family[1:]


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found.extend(map(int, file.read().split()))
    except OSError:
        # It, or one of its threads, has just ended.
        pass
    return found
