"""What a supervisor asks of the kernel past the standard library. (Importing ctypes for it: 0.1 MB, measured.)"""

import ctypes
import os

_SET_CHILD_SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER of prctl(2)."""
_RT_SIGACTION = {"x86_64": 13, "aarch64": 134, "riscv64": 134, "ppc64le": 173, "s390x": 174}
"""The system call's number, by machine."""
_LIBRARY_SIGNALS = (32, 33)
"""glibc keeps them for itself and refuses to speak about them."""


def become_subreaper() -> None:
    """Become the parent of what a killed keeper leaves: its agent's exit code is then not lost. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "cannot become a subreaper")


def reset_library_signals() -> None:
    """Set the two signals to their default that glibc's posix_spawn leaves ignored, and an exec passes on."""
    number = _RT_SIGACTION.get(os.uname().machine)
    if number is None:
        return
    default = ctypes.create_string_buffer(64)
    for each in _LIBRARY_SIGNALS:
        ctypes.CDLL(None).syscall(number, each, default, None, ctypes.c_size_t(8))
