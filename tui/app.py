"""The application: holds the fleet, folds events into it, and turns what keys ask for into requests.

It is the one place where the fleet changes, and nothing an agent depends on lives here: it can be killed at
any instant without harm.
"""

import asyncio
import gc
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import PurePath
from typing import ClassVar

from rich.console import RenderableType
from textual import events, on
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App, SuspendNotSupported, SystemCommand
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.filter import Monochrome, NoColor
from textual.message import Message
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widgets import Input

from overnight.agents import operate
from overnight.agents.launchers.local import launch
from overnight.agents.launchers.order import Order
from overnight.agents.orphans import adopt_orphans
from overnight.state import verbs
from overnight.state.errors import OvernightError
from overnight.state.home import Home
from overnight.state.operator import host_name
from overnight.state.private import exposure_of
from overnight.state.records import Verb
from overnight.state.rundir import RunDir
from overnight.state.status import RESUMABLE, RETRYABLE, Status
from overnight.tui import copying, pager
from overnight.tui.clean import clean
from overnight.tui.config import AS_USUAL, Config
from overnight.tui.detail import Tab
from overnight.tui.events import Arrived, CursorPut, Event, Marked, Marking, Sorted, TabChosen
from overnight.tui.feed import Feed, Source
from overnight.tui.filters import AsciiOnly
from overnight.tui.glyphs import ASCII, UNICODE, needs_ascii
from overnight.tui.launching import Draft, Form, draft_of, recent_drafts, recorded_environment
from overnight.tui.logfile import whole_line
from overnight.tui.model import (
    Fleet,
    cut_off,
    is_found,
    is_in_log,
    live_ids,
    page_of,
    pause_or_resume,
    reading_of,
    reduce,
    row_at,
    targets,
)
from overnight.tui.notices import Told, closing, news, opening
from overnight.tui.place import line_at
from overnight.tui.questions import answers, question_lines
from overnight.tui.screens.fleet import FleetScreen, Wish
from overnight.tui.screens.help import HelpScreen
from overnight.tui.screens.launch import LaunchScreen
from overnight.tui.screens.question import QuestionScreen
from overnight.tui.screens.sort import SortScreen
from overnight.tui.sorting import Sort
from overnight.tui.terminal import INTERRUPTED, Guard, write_at_once
from overnight.tui.themes import DARK, THEMES
from overnight.tui.view import plural
from overnight.tui.widgets.typed_line import TypedLine
from overnight.tui.written import Difference, Written

BUSY_LINE = 0.05
"""Seconds until the output queue is looked at again."""
ADOPT_AGAIN = 5.0
REQUESTS: Mapping[str, Callable[[RunDir], object]] = {
    Verb.PAUSE: operate.pause,
    Verb.RESUME: operate.resume,
    Verb.CANCEL: operate.cancel,
    Verb.KILL: operate.kill,
    Verb.STACKS: operate.stacks,
    Wish.RETRY: operate.retry,
}


class OvernightApp(App[None]):
    """The fleet of one home."""

    TITLE = "overnight"
    # Textual reads the styles of pushed screens by itself, but not those of the default one.
    CSS_PATH: ClassVar[list[str | PurePath]] = ["app.tcss", "screens/fleet.tcss"]
    # Its key is one of ours; Textual would bind a second one, before all others.
    ENABLE_COMMAND_PALETTE = False
    NOTIFICATION_TIMEOUT = 6
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
        super().__init__()
        self._home, self._source, self._here = home, source, here
        self._glyphs = ASCII if ascii_only else UNICODE
        self._ascii_only = ascii_only
        self._explained_ctrl_c = False
        self._waits = False
        self._config, self._taken_at = config, 0.0
        self._told: Told | None = None
        """What the terminal was told beside the picture; None = it is as it was."""
        self._adopted_at = 0.0
        self._greeted = False
        self._expected: str | None = None
        """A run that was launched here, until the cursor stands on it."""
        self._kept_of = 0
        """Runs whose records the collector of garbage was last told to leave alone."""
        self._offered: frozenset[str] = frozenset()
        """Runs that were cut off when that was last said."""
        self.fleet = Fleet(now=now, host=clean(host, 40), keys=config.keys)
        self._fleet_screen: FleetScreen | None = None
        self.guard: Guard | None = None
        self._written = Written()
        self.set_class(ascii_only, "-ascii")
        self._set_filters()

    def _set_filters(self) -> None:
        if self.no_color:
            # Textual's own answer to NO_COLOR is shades of grey, which are colours too.
            self._filters = [NoColor() if isinstance(each, Monochrome) else each for each in self._filters]
        if self._ascii_only:
            self._filters.append(AsciiOnly())

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(DARK.variables)

    def get_default_screen(self) -> Screen[None]:
        self._fleet_screen = FleetScreen(self.fleet, self._glyphs, self._config.columns)
        return self._fleet_screen

    def on_mount(self) -> None:
        for theme in THEMES.values():
            self.register_theme(theme)
        self.theme = THEMES[self._config.theme].name
        if changes := self._config.keys.changes():
            self.set_keymap(changes)
        self._tell_terminal(self.fleet)
        # At once: afterwards the terminal is the shell's.
        self.app_suspend_signal.subscribe(self, lambda _: self._tell_no_more(), immediate=True)
        self.app_resume_signal.subscribe(self, lambda _: self._come_back())
        if self.guard is not None:
            self.guard.start(asyncio.get_running_loop())
        self._source.start(self._wake)
        self._adopt()

    def _wake(self) -> None:
        """From any thread."""
        self.post_message(self.Woken())

    def on_unmount(self) -> None:
        self._source.stop()

    # -- the terminal

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Textual's own, but of an update only the cells are written that differ."""
        if isinstance(renderable, LayoutUpdate | ChopsUpdate):
            # All that is asked of it are its codes.
            super()._display(screen, Difference(renderable, self._written))  # type: ignore[arg-type]
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
        if self._fleet_screen is not None:
            self._fleet_screen.show(self.fleet)
        if self._told is not None:
            self._tell_terminal(before)

    @on(Woken)
    def _take(self) -> None:
        """Take what has happened, unless that was just done or the line is still busy with older pictures."""
        wait = BUSY_LINE if self._line_is_busy() else self._taken_at + self._config.tick - time.monotonic()
        if wait > 0:
            if not self._waits:
                self._waits = True
                self.set_timer(wait, self._waited)
            return
        events = self._source.take()
        if any(isinstance(event, Arrived) for event in events):
            # The clock's tick draws next to nothing: what an agent writes right after it need not wait.
            self._taken_at = time.monotonic()
        if events:
            self.change(*events)
            self._after_reading()

    def _waited(self) -> None:
        self._waits = False
        self._take()

    def _line_is_busy(self) -> bool:
        writer = getattr(self._driver, "_writer_thread", None)
        return writer is not None and writer._queue.qsize() > 0

    def _after_reading(self) -> None:
        if self._expected in self.fleet.shown:
            self.change(CursorPut(self.fleet.shown.index(self._expected)))
            self._expected = None
        fleet = self.fleet
        if len(fleet.reads) > 2 * self._kept_of:
            # Of a long list there are a million objects that stay: looked through again and again, they cost more
            # than all that is drawn.
            gc.freeze()
            self._kept_of = len(fleet.reads)
        if fleet.loaded and not self._greeted:
            self._greeted = True
            if (exposed := exposure_of((self._home.path, self._home.runs_path))) is not None:
                self.tell(exposed, "warning")
        self._offer_to_resume()
        if Status.UNSUPERVISED in fleet.tally and fleet.now - self._adopted_at >= ADOPT_AGAIN:
            self._adopt()

    def _offer_to_resume(self) -> None:
        """Once for each run that is found cut off, at the start or later."""
        before, self._offered = self._offered, frozenset(cut_off(self.fleet))
        if self._offered - before:
            key = self.fleet.keys.way("resume.all")
            were, them = ("was", "it") if len(self._offered) == 1 else ("were", "them")
            runs = plural(len(self._offered), "run")
            self.tell(f"{runs} {were} interrupted: press {key} to resume {them}.", "warning")

    @on(FleetScreen.Happened)
    def _fold(self, message: FleetScreen.Happened) -> None:
        self.change(message.event)

    @on(FleetScreen.Kept)
    def _kept(self) -> None:
        if not is_found(self.fleet):
            self.tell(f"No run that is shown has {self.fleet.sought!r} in its name, group or labels.", "warning")

    @on(FleetScreen.Looked)
    def _look(self, message: FleetScreen.Looked) -> None:
        # What it finds belongs to the key that was pressed: it is drawn without waiting.
        self._taken_at = 0.0
        self._source.look(message.sight)

    # -- requests

    @on(FleetScreen.Asked)
    def _asked(self, message: FleetScreen.Asked) -> None:
        if message.wish is Wish.RESUME_ALL:
            self._resume_all()
            return
        ids = targets(self.fleet)
        if not ids:
            self.tell("There is no run to ask anything of.", "warning")
            return
        match message.wish:
            case Wish.PAUSE_OR_RESUME:
                self._pause_or_resume(ids)
            case Wish.RETRY:
                self._request(Wish.RETRY, ids)
            case Wish.STACKS:
                self.run_worker(self._ask_stacks(), group="requests")
            case Wish.CANCEL | Wish.KILL:
                self._question(Verb(message.wish.value), ids)

    def _pause_or_resume(self, ids: Sequence[str]) -> None:
        statuses = {self.fleet.statuses[run_id] for run_id in ids}
        if statuses <= RETRYABLE - RESUMABLE:
            self.tell(f"It has ended. {self.fleet.keys.way('retry')} starts it again from its checkpoint.", "warning")
        else:
            self._request(pause_or_resume(self.fleet), ids)

    def _resume_all(self) -> None:
        """All that were cut off, and nothing else: it loses nothing, so nothing is asked, and marks stay."""
        if ids := cut_off(self.fleet):
            self.run_worker(self._send(Verb.RESUME, ids), group="requests")
        else:
            self.tell("No run was interrupted.", "information")

    def _question(self, verb: Verb, ids: Sequence[str]) -> None:
        """Ask first: it loses something. Runs that have ended are not asked about."""
        possible = []
        for run_id in ids:
            try:
                verbs.check(verb, self.fleet.statuses[run_id], run_id)
            except OvernightError as error:
                if len(ids) == 1:
                    self.complain(error)
            else:
                possible.append(run_id)
        if not possible:
            return
        rows = [row_at(self.fleet, run_id) for run_id in possible]
        checkpoints = [self._source.checkpoint_at(run_id) for run_id in possible]

        def answered(yes: bool | None) -> None:
            if yes:
                self._request(verb, possible)

        self.push_screen(QuestionScreen(question_lines(verb, rows, checkpoints), answers(verb)), answered)

    def _request(self, name: str, ids: Sequence[str]) -> None:
        if self.fleet.marks:
            self.change(Marked(Marking.NONE))
        self.run_worker(self._send(name, ids), group="requests")

    async def _send(self, name: str, ids: Sequence[str]) -> bool:
        """Ask each of the runs. What becomes of it is seen in their records, nothing is painted here.

        Whether none of them refused.
        """
        refused = 0
        for run_id in ids:
            try:
                await asyncio.to_thread(REQUESTS[name], self._home.run(run_id))
            except OvernightError as error:
                refused += 1
                # One is read; one for each of many marked runs would hide the list.
                if refused == 1:
                    self.complain(error)
            self._source.expect(run_id)
        if refused > 1:
            self.tell(f"{plural(refused - 1, 'more run')} refused, too.", "error")
        return refused == 0

    async def _ask_stacks(self) -> None:
        """They come into the pane of errors as soon as the agent has shown them."""
        run_id = self.fleet.cursor
        if run_id is not None and await self._send(Verb.STACKS, [run_id]):
            self.change(TabChosen(Tab.ERRORS))
            if self.fleet.statuses.get(run_id) is Status.FROZEN:
                self.tell("It is frozen: it shows its stacks when it goes on.", "warning")

    def _adopt(self) -> None:
        self._adopted_at = self.fleet.now
        self.run_worker(self._adopt_orphans(), group="requests")

    async def _adopt_orphans(self) -> None:
        """Start a supervisor for whatever lives without one."""
        try:
            adopted = await asyncio.to_thread(adopt_orphans, self._home)
        except OvernightError as error:
            self.complain(error)
            return
        if adopted:
            self.tell(f"{plural(len(adopted), 'run')} had lost its supervisor and got a new one.", "information")

    @on(FleetScreen.SortAsked)
    def _sort_asked(self) -> None:
        def chosen(sort: Sort | None) -> None:
            if sort is not None:
                self.change(Sorted(sort))

        self.push_screen(SortScreen(self.fleet.sort, self._glyphs), chosen)

    @on(FleetScreen.Refused)
    def _refused(self, message: FleetScreen.Refused) -> None:
        self.tell(message.problem, "warning")

    # -- launches

    @on(FleetScreen.LaunchAsked)
    def _launch_asked(self, message: FleetScreen.LaunchAsked) -> None:
        fleet = self.fleet
        specs = [each.records.spec for each in fleet.reads.values() if each.records.spec is not None]
        recent = recent_drafts(specs, self._here)
        if not message.edited:
            self.push_screen(LaunchScreen("New run", Draft(Form(folder=self._here)), recent, self._glyphs))
        elif fleet.cursor is not None and (spec := fleet.reads[fleet.cursor].records.spec) is not None:
            draft = draft_of(spec)
            known = recorded_environment(self._home.run(fleet.cursor))
            draft = draft._replace(base=draft.base._replace(environment=known))
            title = f"{clean(spec.name)} again, changed: a new run, from its beginning"
            self.push_screen(LaunchScreen(title, draft, recent, self._glyphs))

    @on(LaunchScreen.Wanted)
    def _launch(self, message: LaunchScreen.Wanted) -> None:
        self.run_worker(self._launched(message.screen, message.order), group="requests")

    async def _launched(self, screen: LaunchScreen, order: Order) -> None:
        try:
            run = await asyncio.to_thread(launch, self._home, order)
        except OvernightError as error:
            if screen.is_attached:
                screen.refused(error)
            else:
                self.complain(error)
            return
        if screen.is_attached:
            screen.dismiss()
        self._expected = run.id
        self._source.expect(run.id)
        self.tell(f"{run.id} is launched.", "information")

    # -- words

    def tell(self, text: str, severity: str) -> None:
        self.notify(clean(text, 400), severity=severity, markup=False)  # type: ignore[arg-type]

    def complain(self, error: OvernightError) -> None:
        self.tell(f"{error}. {error.hint}".strip(), "error")

    # -- what the terminal is told beside the picture

    def _tell_terminal(self, before: Fleet) -> None:
        codes = opening(self._config.notify) if self._told is None else ""
        more, self._told = news(self._config.notify, before, self.fleet, self._told or Told())
        self._write(codes + more)

    def _tell_no_more(self) -> None:
        self._told = None
        self._write(closing(self._config.notify))

    def _write(self, codes: str) -> None:
        if codes and self._driver is not None and not self.is_headless:
            self._driver.write(codes)
            self._driver.flush()

    # -- keys that are not about runs

    def on_key(self, event: events.Key) -> None:
        """What came in one piece with the key that opened a line is typed into it."""
        if isinstance(self.focused, TypedLine) and self.focused.take(event):
            event.prevent_default()

    @on(FleetScreen.PagerAsked)
    def _show_in_pager(self) -> None:
        run_id, command = self.fleet.cursor, pager.find_pager(os.environ)
        if run_id is None:
            self.tell("There is no run whose log could be read.", "warning")
            return
        path = self._home.run(run_id).output_path
        if command is None:
            self.tell(f"There is no pager: install less, or name one in PAGER. The log is {path}.", "warning")
        elif not os.path.exists(path):
            self.tell("It has written nothing yet.", "information")
        else:
            self._give_terminal_to(pager.command_for(command, path, reading_of(self.fleet).at))

    def _give_terminal_to(self, command: list[str]) -> None:
        """Until it is left. Nothing is drawn meanwhile, and no agent depends on that."""
        try:
            with self.suspend():
                pager.show(command)
        except SuspendNotSupported:
            self.tell("This terminal cannot be given to a pager.", "warning")
        except OSError as error:
            self.tell(f"{command[0]}: {error.strerror}. PAGER names the pager.", "error")

    @on(FleetScreen.CopyAsked)
    def _copy(self) -> None:
        if self.fleet.cursor is None:
            self.tell("There is nothing to copy.", "warning")
        else:
            self.run_worker(self._copy_from(self.fleet, self.fleet.cursor), group="requests")

    async def _copy_from(self, fleet: Fleet, run_id: str) -> None:
        """The line under the cursor in the log, else the ids of the runs that a key means."""
        if is_in_log(fleet):
            page = page_of(fleet)
            at = line_at(reading_of(fleet), page) if page is not None else None
            if at is None:
                self.tell("There is no line to copy.", "warning")
                return
            what = "the line"
            text = await asyncio.to_thread(whole_line, self._home.run(run_id).output_path, at)
        else:
            ids = targets(fleet)
            what, text = (ids[0] if len(ids) == 1 else plural(len(ids), "id")), "\n".join(ids)
        try:
            path = await asyncio.to_thread(copying.keep, self._home, text)
        except OvernightError as error:
            self.complain(error)
            return
        if copying.fits_clipboard(text):
            self.copy_to_clipboard(text)
        self.tell(copying.copied_words(what, text, path), "information")

    @on(FleetScreen.HelpAsked)
    def _help(self) -> None:
        self.push_screen(HelpScreen(self.fleet.keys))

    def action_leave(self) -> None:
        self.leave(0)

    def leave(self, code: int) -> None:
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
        if self._told is not None:
            self._told = Told()
        self._tell_terminal(self.fleet)

    def action_toggle_mouse(self) -> None:
        driver = self._driver
        if driver is None:
            return
        on = not driver._mouse
        if on:
            driver._mouse = True
            _call(driver, "_enable_mouse_support")
        else:
            _call(driver, "_disable_mouse_support")
            driver._mouse = False
        driver.flush()
        self.tell("The mouse works." if on else "The mouse selects text, as the terminal does it.", "information")

    # -- the palette

    def action_command_palette(self) -> None:
        if not isinstance(self.screen, CommandPalette):
            palette = CommandPalette(id="--command-palette")
            self.push_screen(palette)
            # A cursor that blinks writes for ever.
            palette.call_after_refresh(lambda: setattr(palette.query_one(Input), "cursor_blink", False))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        for key in self.fleet.keys.keys:
            if key.id != "palette":
                run = self._runner(key.action)
                yield SystemCommand(key.words[0].upper() + key.words[1:], f"{key.section}: {key.shown}", run)
        for name, theme in THEMES.items():
            choose = partial(setattr, self, "theme", theme.name)
            yield SystemCommand(f"{name.capitalize()} colours", "Theme", choose)

    def _runner(self, action: str) -> Callable[[], None]:
        def run() -> None:
            self.call_later(self.run_action, action, self.screen_stack[0])

        return run

    def _watch_app_focus(self, focus: bool) -> None:
        """Restyles nothing, and leaves the keyboard where it is."""


def _call(driver: object, name: str) -> None:
    method = getattr(driver, name, None)
    if method is not None:
        method()


def run_app(home: Home, ascii: bool = False, config: Config = AS_USUAL) -> int:
    """The interface on this terminal until it is left. Its exit code: 0, 129 hung up, 143 terminated, 130 ctrl+c.

    `ascii`: draw with ASCII characters only; False = where the locale or the terminal needs it. Raises
    HomeUnusable when there is nothing that could be shown.
    """
    import sys

    home.prepare()
    environ = os.environ
    app = OvernightApp(
        home,
        Feed(home),
        now=time.time(),
        host=host_name(),
        ascii_only=ascii or needs_ascii(environ),
        here=_folder_here(),
        config=config,
    )
    ending = closing(config.notify).encode()
    guard = app.guard = Guard(app.leave, ending)
    try:
        # Over a line, 20 movements of the mouse cost 10 KB; the terminal's own selection is of more use there.
        app.run(mouse="SSH_CONNECTION" not in environ)
    finally:
        guard.stop()
        write_at_once(ending)
    code = app.return_code or 0
    if code != 129:
        sys.stdout.write(farewell(app.fleet))
        sys.stdout.flush()
    return code


def _folder_here() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        # Somebody has removed it: launches begin somewhere.
        return "/"


def farewell(fleet: Fleet) -> str:
    """What still runs, and how to come back to it."""
    live = len(live_ids(fleet))
    if not live:
        return "Nothing runs. `overnight` opens the list again.\n"
    go = "goes" if live == 1 else "go"
    return f"{plural(live, 'run')} {go} on. `overnight` opens the list again; `overnight ls` prints it.\n"
