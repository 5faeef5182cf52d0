"""The application: holds the fleet, folds events into it, and hands what keys wish to those who act.

It is the one place where the fleet changes, and nothing an agent depends on lives here: it can be killed at
any instant without harm.
"""

import asyncio
import gc
import os
import time
from collections.abc import Callable, Coroutine
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from rich.console import RenderableType
from textual import events, on
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.filter import Monochrome, NoColor
from textual.message import Message
from textual.notifications import Notification
from textual.reactive import Reactive
from textual.screen import Screen
from textual.theme import Theme
from textual.widgets._toast import Toast

from overnight.state.errors import OvernightError, refusal_of
from overnight.state.home import Home
from overnight.state.private import exposure_of
from overnight.tui.clean import clean
from overnight.tui.config import AS_USUAL, Config
from overnight.tui.driver import Driver
from overnight.tui.events import Arrived, Event
from overnight.tui.feed import Source
from overnight.tui.filters import AsciiOnly
from overnight.tui.glyphs import ASCII, UNICODE
from overnight.tui.keyed_app import KeyedApp
from overnight.tui.launches import Launches
from overnight.tui.model import Fleet
from overnight.tui.reducer import reduce
from overnight.tui.saying import SECONDS, still_said
from overnight.tui.screens.fleet import FleetScreen
from overnight.tui.screens.wishes import (
    Asked,
    BulkStopped,
    CopyAsked,
    EventsAsked,
    Happened,
    HelpAsked,
    Kept,
    LaunchAsked,
    LaunchWanted,
    Looked,
    PagerAsked,
    PaletteAsked,
    Refused,
    SortAsked,
)
from overnight.tui.shown import is_found
from overnight.tui.side_channel import SideChannel
from overnight.tui.terminal import INTERRUPTED, Guard, switch_mouse
from overnight.tui.themes import DARK, THEMES
from overnight.tui.widgets.lines import ROLE_CLASSES
from overnight.tui.windows import Windows
from overnight.tui.written import Difference, Written

if TYPE_CHECKING:
    from overnight.tui.steering import Steering

T = TypeVar("T")
BUSY_LINE = 0.05
"""Seconds until the line is looked at again."""
NOT_YET = 0.01
"""Seconds until it is tried again to leave."""


class OvernightApp(KeyedApp):
    """The fleet of one home."""

    TITLE = "overnight"
    # Textual reads the styles of pushed screens by itself, but not those of the default one.
    CSS_PATH: ClassVar[list[str | PurePath]] = ["app.tcss", "screens/fleet.tcss"]
    # Its key is one of ours; Textual would bind a second one, before all others.
    ENABLE_COMMAND_PALETTE = False
    COMPONENT_CLASSES: ClassVar[set[str]] = ROLE_CLASSES
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "explain_ctrl_c", "leave, the second time", id="ctrl_c", show=False, priority=True),
        Binding("ctrl+q", "ignore", id="ctrl_q", show=False, priority=True),
    ]

    # Nothing looks otherwise when the terminal's window is left: Textual would repaint everything, 18 KB each time.
    app_focus = Reactive(True, compute=False, repaint=False)

    class Woken(Message):
        """The source has something to take."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, OvernightApp.Woken)

    def __init__(
        self,
        home: Home,
        source: Source,
        *,
        now: float,
        host: str,
        ascii_only: bool = False,
        config: Config = AS_USUAL,
        here: str = "/",
    ) -> None:
        """`here`: the folder that launches begin in."""
        super().__init__(driver_class=Driver)
        self.home, self.source = home, source
        self.glyphs = ASCII if ascii_only else UNICODE
        self._ascii_only = ascii_only
        self._explained_ctrl_c = False
        self._waits = False
        self._config, self._taken_at = config, 0.0
        self._greeted = False
        self._kept_of = 0
        """Runs whose records the collector of garbage was last told to leave alone."""
        self.fleet = Fleet(now=now, host=clean(host, 40), keys=config.keys)
        for event in source.take():
            self.fleet = reduce(self.fleet, event)
        self._fleet_screen: FleetScreen | None = None
        self._launches = Launches(self, here)
        self._windows = Windows(self, self._accept)
        self._side_channel = SideChannel(config.notify, self._write)
        self.guard: Guard | None = None
        self._written = Written()
        self.expect_keys(config.keys)
        self.set_class(ascii_only, "-ascii")
        self._set_theme()
        self._set_filters()

    def _set_theme(self) -> None:
        """Before any style is read: another theme later means to read all of them again."""
        for each in THEMES.values():
            self.register_theme(each)
        theme = THEMES[self._config.theme]
        self.set_reactive(OvernightApp.theme, theme.name)
        self.set_class(theme.dark, "-dark-mode")
        self.set_class(not theme.dark, "-light-mode")
        self.stylesheet.set_variables(self.get_css_variables())
        self._refresh_truecolor_filter(self.ansi_theme)

    def _set_filters(self) -> None:
        if self.no_color:
            # Textual's own answer to NO_COLOR is shades of grey, which are colours too.
            self._filters = [NoColor() if isinstance(each, Monochrome) else each for each in self._filters]
        if self._ascii_only:
            self._filters.append(AsciiOnly())

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(DARK.variables)

    def get_default_screen(self) -> Screen[None]:
        self._fleet_screen = FleetScreen(self.fleet, self.glyphs, self._config.columns)
        return self._fleet_screen

    def on_mount(self) -> None:
        if changes := self._config.keys.changes():
            self.set_keymap(changes)
        self._side_channel.begin(self.fleet)
        # At once: afterwards the terminal is the shell's.
        self.app_suspend_signal.subscribe(self, lambda _: self._side_channel.end(), immediate=True)
        self.app_resume_signal.subscribe(self, lambda _: self._come_back())
        if self.guard is not None:
            self.guard.start(asyncio.get_running_loop())
        self.call_after_refresh(self._watch_source)

    def _watch_source(self) -> None:
        """Behind the first picture: what is read meanwhile would only hold it up."""
        self.source.start(self._wake)
        if self.fleet.reads:
            self._after_reading()

    def _wake(self) -> None:
        """From any thread."""
        self.post_message(self.Woken())

    def on_unmount(self) -> None:
        self.source.stop()

    # -- the terminal

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Textual's own, but of an update only the cells are written that differ."""
        if isinstance(renderable, LayoutUpdate | ChopsUpdate):
            marked = self._driver.pace.marked if isinstance(self._driver, Driver) else str
            # All that is asked of it are its codes.
            super()._display(screen, Difference(renderable, self._written, marked))  # type: ignore[arg-type]
        else:
            super()._display(screen, renderable)

    def on_resize(self, event: events.Resize) -> None:
        # Each terminal makes something else of what it showed.
        self._written.forget()

    # -- the fleet

    def change(self, *events: Event) -> None:
        """Fold events in and show what became of the fleet. Nothing else changes it."""
        before = self.fleet
        for event in events:
            self.fleet = reduce(self.fleet, event)
        if not self.is_running:
            # On its way out, with half of its widgets gone: the source, and who has asked, do not know of that.
            return
        if self._fleet_screen is not None:
            self._fleet_screen.show(self.fleet)
        self._windows.show(self.fleet)
        self._side_channel.tell(before, self.fleet)

    @on(Woken)
    def _take(self) -> None:
        """Take what has happened, unless that was just done or the line is still busy with older pictures."""
        wait = BUSY_LINE if self._line_is_busy() else self._taken_at + self._config.tick - time.monotonic()
        if wait > 0:
            if not self._waits:
                self._waits = True
                # Textual's own timer is a task and three messages, for each picture.
                asyncio.get_running_loop().call_later(wait, self._waited)
            return
        events = self.source.take()
        if any(isinstance(event, Arrived) for event in events):
            # The clock's tick draws next to nothing: what an agent writes right after it need not wait.
            self._taken_at = time.monotonic()
        if events:
            self.change(*events)
            self._after_reading()

    def _waited(self) -> None:
        self._waits = False
        self._wake()

    def _line_is_busy(self) -> bool:
        return isinstance(self._driver, Driver) and self._driver.is_busy()

    def _after_reading(self) -> None:
        self._launches.show_expected()
        fleet = self.fleet
        if not gc.isenabled() or len(fleet.reads) > 2 * self._kept_of:
            # Of a long list there are a million objects that stay: looked through again and again, they cost more
            # than all that is drawn.
            gc.freeze()
            gc.enable()
            self._kept_of = len(fleet.reads)
        if fleet.loaded and not self._greeted:
            self._greeted = True
            # Not before there is something to see.
            self._steering.adopt()
            if (exposed := exposure_of((self.home.path, self.home.runs_path))) is not None:
                self.tell(exposed, "warning")
        self._steering.look_after()

    @on(Happened)
    def _fold(self, message: Happened) -> None:
        self.change(message.event)

    @on(Kept)
    def _kept(self) -> None:
        if not is_found(self.fleet):
            self.tell(f"No run that is shown has {self.fleet.sought!r} in its name, group or labels.", "warning")

    @on(Looked)
    def _look(self, message: Looked) -> None:
        # What it finds belongs to the key that was pressed: it is drawn without waiting.
        self._taken_at = 0.0
        self._windows.look(message.sight)

    # -- what keys wish

    @cached_property
    def _steering(self) -> "Steering":
        from overnight.tui.steering import Steering

        return Steering(self)

    def _accept(self, verb: str, run_id: str) -> None:
        self._steering.accept(verb, run_id)

    @on(Asked)
    def _asked(self, message: Asked) -> None:
        self._steering.ask(message.wish)

    @on(BulkStopped)
    def _bulk_stopped(self) -> None:
        self._steering.stop()

    @on(SortAsked)
    def _sort_asked(self) -> None:
        self._windows.open_sort()

    @on(Refused)
    def _refused(self, message: Refused) -> None:
        self.tell(message.problem, "warning")

    @on(LaunchAsked)
    def _launch_asked(self, message: LaunchAsked) -> None:
        self._launches.open_dialog(edited=message.edited)

    @on(LaunchWanted)
    def _launch(self, message: LaunchWanted) -> None:
        self._launches.launch(message.screen, message.order)

    @on(CopyAsked)
    def _copy(self) -> None:
        from overnight.tui.copying import copy

        self.begin(copy(self, self.copy_to_clipboard))

    @on(PagerAsked)
    def _show_in_pager(self) -> None:
        """Until it is left. Nothing is drawn meanwhile, and no agent depends on that."""
        from overnight.tui import pager

        if (command := pager.log_command(self, os.environ)) is None:
            return
        try:
            with self.suspend():
                pager.show(command)
        except SuspendNotSupported:
            self.tell("This terminal cannot be given to a pager.", "warning")
        except OSError as error:
            self.tell(f"{command[0]}: {error.strerror}. PAGER names the pager.", "error")

    @on(PaletteAsked)
    def _palette_asked(self) -> None:
        self._windows.open_palette()

    @on(EventsAsked)
    def _events_asked(self) -> None:
        self._windows.open_events()

    @on(HelpAsked)
    def _help_asked(self) -> None:
        self._windows.open_help()

    # -- for those who act

    def begin(self, work: Coroutine[Any, Any, object]) -> None:
        self.run_worker(self._done(work), group="requests")

    async def _done(self, work: Coroutine[Any, Any, object]) -> None:
        """What ends it is said: a disk or a folder that fails must not take the picture away."""
        try:
            await work
        except (OvernightError, OSError) as error:
            self.complain(refusal_of(error))

    def open(self, screen: Screen[T], closed: Callable[[T | None], None] | None = None) -> None:
        self.push_screen(screen, closed)

    def act(self, action: str) -> None:
        self.call_later(self.run_action, action, self.screen_stack[0])

    def use_theme(self, theme: Theme) -> None:
        self.theme = theme.name

    def tell(self, text: str, severity: str) -> None:
        newest = Notification(clean(text, 400), severity=severity, timeout=SECONDS)  # type: ignore[arg-type]
        before = [each.message for each in self._notifications]
        kept = still_said(before, newest.message, self.size.width)
        for each in [each for each in self._notifications if each.message not in kept]:
            self._unnotify(each, refresh=False)
        for toast in (each for screen in self.screen_stack for each in screen.query(Toast)):
            if toast._notification not in self._notifications:
                # As when its time is over: Textual's rack would keep its lines free.
                toast._expire()
        self._notifications.add(newest)
        self._refresh_notifications()

    def complain(self, error: OvernightError) -> None:
        self.tell(f"{error}. {error.hint}".strip(), "error")

    def _write(self, codes: str) -> None:
        if codes and self._driver is not None and not self.is_headless:
            self._driver.write(codes)
            self._driver.flush()

    # -- keys that are not about runs

    def action_leave(self) -> None:
        self.leave(0)

    def leave(self, code: int, tries: int = 100) -> None:
        """With this exit code. Textual cannot take away a screen that is still being put together: `tries` it waits."""
        if tries and (self._fleet_screen is None or not self._fleet_screen.is_mounted):
            asyncio.get_running_loop().call_later(NOT_YET, self.leave, code, tries - 1)
        else:
            self.exit(return_code=code)

    def action_explain_ctrl_c(self) -> None:
        if self._explained_ctrl_c:
            self.leave(INTERRUPTED)
            return
        self._explained_ctrl_c = True
        leave, cancel = self.fleet.keys.sign("leave"), self.fleet.keys.sign("cancel")
        cancels = f"; {cancel} cancels a run" if cancel else ""
        self.tell(f"{leave} leaves and the agents go on{cancels}. ctrl+c once more leaves.", "information")

    def action_ignore(self) -> None:
        """Terminals and shells use this key themselves."""

    def action_redraw(self) -> None:
        """Write every cell again, whatever the terminal shows."""
        self._written.forget()
        for screen in self.screen_stack:
            screen.refresh(layout=True)
            for widget in screen.walk_children():
                widget.refresh()

    def _come_back(self) -> None:
        """From the shell, which may have drawn and told anything meanwhile."""
        self.action_redraw()
        self._side_channel.begin(self.fleet)

    def action_toggle_mouse(self) -> None:
        if self._driver is not None:
            on = switch_mouse(self._driver)
            self.tell("The mouse works." if on else "The mouse selects text, as the terminal does it.", "information")

    def _watch_app_focus(self, focus: bool) -> None:
        """Restyles nothing, and leaves the keyboard where it is."""
