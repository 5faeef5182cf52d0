"""What waits between the threads of the feed and the interface, which empties it when it has time."""

from threading import Lock

from overnight.tui.events import Arrived, Event, Read


class Mailbox:
    """Events on their way between threads. A newer reading of a run takes the place of the one that waits."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._reads: dict[str, Read] = {}
        self._gone: set[str] = set()
        self._arrived = self._more = False
        self._others: dict[type, Event] = {}

    def put(self, event: Event) -> None:
        with self._lock:
            if not isinstance(event, Arrived):
                self._others[type(event)] = event
                return
            self._arrived, self._more = True, event.more
            for run_id in event.gone:
                self._reads.pop(run_id, None)
                self._gone.add(run_id)
            for read in event.reads:
                self._reads[read.id] = read
                self._gone.discard(read.id)

    def empty(self) -> list[Event]:
        with self._lock:
            events = list(self._others.values())
            if self._arrived:
                events.append(Arrived(tuple(self._reads.values()), frozenset(self._gone), self._more))
            self._reads, self._gone, self._arrived, self._others = {}, set(), False, {}
            return events
