"""What a supervisor asks of the kernel past the standard library.

By the part of `ctypes` that is written in C: the rest of it, which only makes it convenient, costs 0.2 MB.
"""

import _ctypes
import os

_SET_CHILD_SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER of prctl(2)."""
_RT_SIGACTION = {"x86_64": 13, "aarch64": 134, "riscv64": 134, "ppc64le": 173, "s390x": 174}
"""The system call's number, by machine."""
_DEFAULT_ACTION = bytes(64)
"""A `struct sigaction` of the kernel whose handler is SIG_DFL."""
_SIGNAL_SET = 8
"""Bytes of the kernel's set of signals."""
_LIBRARY_SIGNALS = (32, 33)
"""glibc keeps them for itself and refuses to speak about them."""
_PRCTL, _SYSCALL = (_ctypes.dlsym(_ctypes.dlopen(None), name) for name in ("prctl", "syscall"))  # type: ignore[arg-type]
"""Found before anything is forked: each supervisor would touch the same for it."""


def become_subreaper() -> None:
    """Become the parent of what a killed keeper leaves: its agent's exit code is then not lost. Raises OSError."""
    if _call(_PRCTL, _SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(0, "cannot become a subreaper")


def reset_library_signals() -> None:
    """Set the two signals to their default that glibc's posix_spawn leaves ignored, and an exec passes on."""
    number = _RT_SIGACTION.get(os.uname().machine)
    if number is None:
        return
    for each in _LIBRARY_SIGNALS:
        _call(_SYSCALL, number, each, _DEFAULT_ACTION, None, _SIGNAL_SET)


def _call(function: int, *arguments: int | bytes | None) -> int:
    """A function of the C library that is there already. Whole numbers are passed as C's `int`."""
    return int(_ctypes.call_function(function, arguments))
