"""The interface over so many runs, of which those that are seen change ten times a second."""

import sys
import time
from collections.abc import Callable
from threading import Event as Flag
from threading import Thread

from overnight.state.home import default_home
from overnight.tui.app import OvernightApp
from overnight.tui.config import Config
from overnight.tui.events import Arrived, Event, Read, Ticked
from overnight.tui.mailbox import Mailbox
from overnight.tui.sight import Sight
from tests.benchmarks.programs.changing import EVERY, record_of


class Changing:
    """A source whose listed runs change."""

    def __init__(self, count: int) -> None:
        self._mailbox, self._stop, self._sight = Mailbox(), Flag(), Sight()
        self._numbers = {self._read(number, 0).id: number for number in range(count)}

    def start(self, wake: Callable[[], None]) -> None:
        Thread(target=self._change, args=(wake,), daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def look(self, sight: Sight) -> None:
        self._sight = sight

    def expect(self, run_id: str) -> None:
        pass

    def checkpoint_at(self, run_id: str) -> float | None:
        return None

    def take(self) -> list[Event]:
        return self._mailbox.empty()

    def _read(self, number: int, step: int) -> Read:
        records = record_of(number, step)
        return Read(records.id, records)

    def _change(self, wake: Callable[[], None]) -> None:
        self._mailbox.put(Arrived(tuple(self._read(number, 0) for number in self._numbers.values())))
        step = 0
        while not self._stop.wait(EVERY):
            step += 1
            reads = tuple(self._read(self._numbers[run_id], step) for run_id in self._sight.listed)
            if step % round(1 / EVERY) == 0:
                self._mailbox.put(Ticked(time.time()))
            self._mailbox.put(Arrived(reads))
            wake()


if __name__ == "__main__":
    OvernightApp(
        default_home(), Changing(int(sys.argv[1])), now=time.time(), host="here", config=Config(tick=EVERY)
    ).run(mouse=False)
