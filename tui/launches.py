"""Launches from the interface: the dialog is opened, and what it wants is done."""

import asyncio

from overnight.agents.launchers.local import launch
from overnight.agents.launchers.order import Order
from overnight.state.errors import OvernightError
from overnight.tui.clean import clean
from overnight.tui.desk import Desk
from overnight.tui.events import CursorPut
from overnight.tui.launching import Draft, Form, draft_of, recent_drafts, recorded_environment
from overnight.tui.screens.launch import LaunchScreen


class Launches:
    """Launches what a person wishes, and shows it as soon as it is there."""

    def __init__(self, desk: Desk, here: str) -> None:
        """`here`: the folder that launches begin in."""
        self._desk, self._here = desk, here
        self._expected: str | None = None
        """A run that was launched here, until the cursor stands on it."""

    def open_dialog(self, *, edited: bool) -> None:
        """For another run, or for the one under the cursor once more with changes."""
        fleet, glyphs = self._desk.fleet, self._desk.glyphs
        specs = [each.records.spec for each in fleet.reads.values() if each.records.spec is not None]
        recent = recent_drafts(specs, self._here)
        if not edited:
            self._desk.open(LaunchScreen("New run", Draft(Form(folder=self._here)), recent, glyphs))
        elif fleet.cursor is not None and (spec := fleet.reads[fleet.cursor].records.spec) is not None:
            draft = draft_of(spec)
            known = recorded_environment(self._desk.home.run(fleet.cursor))
            draft = draft._replace(base=draft.base._replace(environment=known))
            title = f"{clean(spec.name)} again, changed: a new run, from its beginning"
            self._desk.open(LaunchScreen(title, draft, recent, glyphs))

    def launch(self, screen: LaunchScreen, order: Order) -> None:
        self._desk.begin(self._launch(screen, order))

    async def _launch(self, screen: LaunchScreen, order: Order) -> None:
        try:
            run = await asyncio.to_thread(launch, self._desk.home, order)
        except OvernightError as error:
            if screen.is_attached:
                screen.refused(error)
            else:
                self._desk.complain(error)
            return
        if screen.is_attached:
            screen.dismiss()
        self._expected = run.id
        self._desk.source.expect(run.id)
        self._desk.tell(f"{run.id} is launched.", "information")

    def show_expected(self) -> None:
        """The cursor on what was launched here, once it is in the list."""
        if self._expected is not None and self._expected in self._desk.fleet.shown:
            self._desk.change(CursorPut(self._desk.fleet.shown.index(self._expected)))
            self._expected = None
