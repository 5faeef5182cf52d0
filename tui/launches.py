"""Launches from the interface: the dialog is opened, and what it wants is done."""

import asyncio
from typing import TYPE_CHECKING

from overnight.state.errors import OvernightError, refusal_of
from overnight.state.records import Spec
from overnight.tui.clean import clean
from overnight.tui.desk import Desk
from overnight.tui.events import CursorPut
from overnight.tui.lines import middle

if TYPE_CHECKING:
    from overnight.agents.launchers.order import Order
    from overnight.tui.screens.launch import LaunchScreen


LONGEST_NAME = 24
"""Cells of a name in the title of a window, which says more."""


class Launches:
    """Launches what a person wishes, and shows it as soon as it is there."""

    def __init__(self, desk: Desk, here: str) -> None:
        """`here`: the folder that launches begin in."""
        self._desk, self._here = desk, here
        self._expected: str | None = None
        """A run that was launched here, until the cursor stands on it."""

    def open_dialog(self, *, edited: bool) -> None:
        """For another run, or for the one under the cursor once more with changes."""
        from overnight.tui.launching import Draft, Form, draft_of, recent_drafts, recorded_environment
        from overnight.tui.screens.launch import LaunchScreen

        fleet, glyphs = self._desk.fleet, self._desk.glyphs
        specs = {run_id: each.records.spec for run_id, each in fleet.reads.items() if each.records.spec is not None}
        runs = {spec.id: run_id for run_id, spec in specs.items()}
        recent = recent_drafts(specs.values(), self._here, lambda spec: self._as_written(runs[spec.id], spec))
        if not edited:
            self._desk.open(LaunchScreen("New run", Draft(Form(folder=self._here)), recent, glyphs))
        elif fleet.cursor is not None and (spec := specs.get(fleet.cursor)) is not None:
            draft = draft_of(self._as_written(fleet.cursor, spec))
            known = recorded_environment(self._desk.home.run(fleet.cursor))
            draft = draft._replace(base=draft.base._replace(environment=known))
            title = f"{middle(clean(spec.name), LONGEST_NAME, glyphs)} again, changed: a new run, from its beginning"
            self._desk.open(LaunchScreen(title, draft, recent, glyphs))

    def _as_written(self, run_id: str, shown: Spec) -> Spec:
        """The spec as it was launched: what is shown of it is cut and cleaned."""
        spec = self._desk.home.run(run_id).spec()
        return spec if isinstance(spec, Spec) else shown

    def launch(self, screen: "LaunchScreen", order: "Order") -> None:
        self._desk.begin(self._launch(screen, order))

    async def _launch(self, screen: "LaunchScreen", order: "Order") -> None:
        from overnight.agents.launchers.local import launch

        try:
            run = await asyncio.to_thread(launch, self._desk.home, order)
        except (OvernightError, OSError) as error:
            refusal = refusal_of(error)
            if screen.is_attached:
                screen.refused(refusal)
            else:
                self._desk.complain(refusal)
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
