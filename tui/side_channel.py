"""Tells the terminal beside the picture, as long as the picture is on it."""

from collections.abc import Callable, Collection

from overnight.tui.model import Fleet
from overnight.tui.notices import Notice, Told, closing, news, opening


class SideChannel:
    """Writes what is new, and takes it back when the terminal is given away."""

    def __init__(self, wanted: Collection[Notice], write: Callable[[str], None]) -> None:
        self._wanted, self._write = wanted, write
        self._told: Told | None = None
        """None = the terminal is as it was."""

    def begin(self, fleet: Fleet) -> None:
        """At the start, or after a shell that may have told it anything meanwhile."""
        if self._told is None:
            self._write(opening(self._wanted))
        self._told = Told()
        self.tell(fleet, fleet)

    def tell(self, before: Fleet, fleet: Fleet) -> None:
        if self._told is not None:
            codes, self._told = news(self._wanted, before, fleet, self._told)
            self._write(codes)

    def end(self) -> None:
        self._told = None
        self._write(closing(self._wanted))
