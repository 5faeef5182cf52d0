"""How a supervisor tells whoever launched how its first attempt began: one word and a reason, once, in a pipe."""

import os
from collections.abc import Callable

from overnight.state.atomic import write_all

STARTED, FAILED, NOT_YET, UNSUPERVISED = b"started", b"failed", b"not yet", b"unsupervised"
"""It runs; it does not, and will not; it will; no supervisor could be forked, and the reason."""
Say = Callable[[bytes, str], None]


class Listener:
    """Whoever launched, as long as it waits: hears one word and a reason."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        """-1 = nobody listens, or all was said."""

    def say(self, word: bytes, reason: str) -> None:
        if self.descriptor < 0:
            return
        try:
            write_all(self.descriptor, word + b"\n" + reason.encode("utf-8", "replace"))
        except OSError:
            # It has gone away; the records say the same.
            pass
        self.close()

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def hear(descriptor: int) -> tuple[bytes, str]:
    """The word and the reason; nothing where the supervisor died. Waits, and closes the descriptor."""
    said = b""
    try:
        while part := os.read(descriptor, 4096):
            said += part
    finally:
        os.close(descriptor)
    word, _, reason = said.partition(b"\n")
    return word, reason.decode("utf-8", "replace")
