"""What happened to which run. Pure."""

from typing import NamedTuple

from overnight.state.records import Event


class Told(NamedTuple):
    """An event among those of other runs."""

    run_id: str
    event: Event
