"""A list of which one line is chosen: what the mouse does there."""

from textual import events
from textual.message import Message

from overnight.tui.widgets.lines import LineView


class ChoiceList(LineView):
    """Posts what the mouse does; keys are the screen's."""

    class Picked(Message):
        """A line was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    class Wheeled(Message):
        """The wheel was turned over the list: lines down, negative = up."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def choice_count(self) -> int:
        """Lines that can be chosen: from the first on; what stands there instead of them cannot."""
        raise NotImplementedError

    def on_click(self, event: events.Click) -> None:
        index = self.scroll_offset.y + event.y
        if index < self.choice_count():
            self.post_message(self.Picked(index))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.post_message(self.Wheeled(1))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.post_message(self.Wheeled(-1))
