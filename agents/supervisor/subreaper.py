"""Become the parent of what a killed keeper leaves: its agent's exit code is then not lost."""

import ctypes

_SET_CHILD_SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER of prctl(2). The standard library has no other way there; measured: 0.1 MB."""


def become_subreaper() -> None:
    """Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "cannot become a subreaper")
