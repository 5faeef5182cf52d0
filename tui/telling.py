"""Events of runs as the command line tells them: a line for a person, an object for a program."""

import json
from typing import Any

from overnight.state import codec
from overnight.state.told import Told
from overnight.tui.clean import clean
from overnight.tui.event_words import clean_event, event_name, event_words
from overnight.tui.moments import moment

NAME, RUN = 13, 24
"""Cells of the columns; a longer id takes more."""


def event_line(told: Told, *, names_run: bool) -> str:
    """When, of which run, what."""
    event = clean_event(told.event)
    run = f"{clean(told.run_id):{RUN}}  " if names_run else ""
    return f"{moment(event.at)}  {run}{event_name(event):{NAME}}  {event_words(event)}".rstrip()


def event_plain(told: Told) -> dict[str, Any]:
    """As in `show --json`, with the run that it happened to."""
    fields: dict[str, Any] = json.loads(codec.encode(told.event))
    return {"run": told.run_id, **fields}
