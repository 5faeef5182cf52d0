"""An application that loses nothing of what is typed between a key that opens a window and the window."""

from textual import events, on
from textual.app import App

from overnight.tui.keys import Keymap
from overnight.tui.typed_ahead import Settled, Typed, TypedAhead, anew
from overnight.tui.widgets.typed_line import TypedLine


class KeyedApp(App[None]):
    """Keeps it, and hands it out when the window is there."""

    _ahead: TypedAhead

    def expect_keys(self, keys: Keymap) -> None:
        """Before it runs: these say which open something."""
        self._ahead = TypedAhead(keys)

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, Typed) and not event.is_forwarded and self._ahead.waits:
            self._ahead.keep_new(event)
        else:
            await super().on_event(event)

    def on_key(self, event: events.Key) -> None:
        """What came in one piece with the key that opened a line, or a window, is typed into it."""
        if self._ahead.waits:
            self._ahead.keep_handed_out(event)
            event.prevent_default()
        elif isinstance(self.focused, TypedLine):
            if self.focused.take(event):
                event.prevent_default()
        elif self.screen is self.screen_stack[0] and self._ahead.opens(event):
            self._ahead.waits = True
            # Behind what the key asks for, which comes the same way.
            self.call_later(self._settle)

    def on_paste(self, event: events.Paste) -> None:
        """No field has taken it: the same, where one comes of the key before it."""
        if self._ahead.waits:
            self._ahead.keep_handed_out(event)
        elif isinstance(self.focused, TypedLine):
            self.focused.post_message(anew(event))

    async def _settle(self) -> None:
        if not self.screen.post_message(Settled(self.screen)):
            # It is on its way out, and gives nothing back.
            await self._hand_out_keys()

    @on(Settled)
    async def _settled(self, message: Settled) -> None:
        """Of the main screen first, then of the window that has come of it."""
        if message.screen is self.screen:
            await self._hand_out_keys()
        else:
            await self._settle()

    async def _hand_out_keys(self) -> None:
        """Before any that comes now."""
        for typed in self._ahead.release():
            await super().on_event(typed)
