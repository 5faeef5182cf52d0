"""The pane of the open run: its lines, and how far they are scrolled."""

from bisect import bisect_left
from collections.abc import Sequence

from textual import events
from textual.message import Message

from overnight.tui.lines import Line
from overnight.tui.widgets.lines import LineView


class Pane(LineView):
    """Shows lines. Those that have places stay where they are though others come before them."""

    class Moved(Message):
        """Other lines of it are seen than before."""

    class Dragged(Message):
        """The lines were scrolled away from under the cursor: it shall be at `place`; None = at their end."""

        def __init__(self, place: int | None) -> None:
            super().__init__()
            self.place = place

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: Sequence[Line] = ()
        self._places: Sequence[int] = ()
        self._cursor: tuple[int, int] | None = None
        self._marked = False
        self._subject: object = None
        self._follows = False
        """Whether its end is seen, as far as somebody has moved it there."""

    def show(
        self,
        lines: Sequence[Line],
        *,
        subject: object,
        places: Sequence[int] = (),
        cursor: tuple[int, int] | None = None,
        marked: bool = False,
        at_end: bool = False,
        newest_last: bool = False,
    ) -> None:
        """`subject`: what they are about; where it is another than before, they are shown from their beginning.

        `at_end`: they are seen to their end. `newest_last`: so they are until they are scrolled away from it.

        `places`: of each line, rising. `cursor`: the first line under it and the one behind the last, which are
        seen, and stand out if it is `marked`.
        """
        top = self._top_among(places) if subject == self._subject else 0
        follows = self._follows
        self._lines, self._places, self._cursor, self._marked = lines, places, cursor, marked
        self._fit_size()
        if at_end or (newest_last and (subject != self._subject or follows)):
            self.show_from(self.max_scroll_y)
        elif top is not None:
            self.show_from(top)
            self._show_cursor()
        elif cursor is not None:
            self.show_from(max(0, cursor[0] - self.size.height // 2))
        self._subject = subject
        self.refresh_changed()

    def _top_among(self, places: Sequence[int]) -> int | None:
        """Where the line at the top of the window is now; None = it is not among them any more."""
        top = self.scroll_offset.y
        if not places or top >= len(self._places):
            return top
        place = self._places[top]
        index = bisect_left(places, place)
        if index == len(places) or places[index] != place:
            return None
        return index + top - bisect_left(self._places, place)

    def _show_cursor(self) -> None:
        if self._cursor is None:
            return
        first, behind = self._cursor
        top, height = self.scroll_offset.y, self.size.height
        if behind <= top:
            self.show_from(max(first, behind - height))
        elif first >= top + height or (behind > top + height and behind - first <= height):
            self.show_from(min(first, behind - height) if behind - first > height else behind - height)

    def show_from(self, y: int) -> None:
        super().show_from(y)
        self._follows = self.below == 0

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Moved())

    def line_count(self) -> int:
        return len(self._lines)

    def line_at(self, y: int) -> Line:
        line = self._lines[y]
        if self._marked and self._cursor is not None and self._cursor[0] <= y < self._cursor[1]:
            return line._replace(ground="cursor")
        return line

    def scroll_within(self, by: int) -> bool:
        """Scroll over what is not seen of the line under the cursor; whether there was any."""
        if self._cursor is None:
            return False
        first, behind = self._cursor
        hidden = behind - self.scroll_offset.y - self.size.height if by > 0 else self.scroll_offset.y - first
        if hidden > 0:
            self.scroll_by(min(by, hidden) if by > 0 else max(by, -hidden))
        return hidden > 0

    def _drag(self, by: int) -> None:
        self.scroll_by(by)
        if not self._places:
            return
        top = self.scroll_offset.y
        if top >= self.max_scroll_y:
            self.post_message(self.Dragged(None))
            return
        at = self._cursor[0] if self._cursor is not None else top
        self.post_message(self.Dragged(self._places[min(max(at, top), top + self.size.height - 1)]))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._drag(2)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._drag(-2)
