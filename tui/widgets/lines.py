"""Widgets that draw lines of cells, and write to the terminal only those that say something else than before."""

from collections.abc import Callable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from overnight.tui.colours import NAMES
from overnight.tui.filters import AsciiOnly
from overnight.tui.lines import GROUNDS, ROLES, SGR, Line, merged

EMPTY = Line()
ATTRIBUTES = {"bold": Style(bold=True), "dim": Style(dim=True), "underline": Style(underline=True)}
ROLE_CLASSES = {
    *(f"line--{role}" for role in ROLES),
    *(f"line--on-{ground}" for ground in GROUNDS),
    *(f"line--{name}" for name in NAMES),
}
"""The application's: how each role looks."""


class LineView(ScrollView, can_focus=False):
    """Lines that are drawn when they are seen. Whoever derives from it says what line number `y` is."""

    class Fitted(Message):
        """It has another size than before: it can show more, or less."""

    DEFAULT_CSS = """
    LineView {
        overflow: hidden hidden;
        scrollbar-size: 0 0;
        background: $background;
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._drawn: dict[int, tuple[Line, Strip]] = {}
        """What was drawn last, by the line of the window."""
        self._styles: dict[tuple[str, str], Style] = {}
        """By role and ground, as long as no style changes: Textual would add each up from all that it is inside of."""

    @property
    def size(self) -> Size:
        """Of what it draws on. It has no border and no padding; Textual would look for its place on the screen."""
        return self.outer_size

    # -- for those that derive from it

    def line_count(self) -> int:
        raise NotImplementedError

    def line_at(self, y: int) -> Line:
        """Line `y`, 0 <= y < line_count()."""
        raise NotImplementedError

    # -- drawing

    def refresh_changed(self) -> None:
        """Draw again the visible lines that are not what they were."""
        self._fit_size()
        top, size = self.scroll_offset.y, self.size
        lines = [Region(0, y, size.width, 1) for y in range(size.height) if self._is_other(y, top)]
        if lines:
            self.refresh(*lines)

    def _is_other(self, y: int, top: int) -> bool:
        return y not in self._drawn or self._drawn[y][0] != self._line_in_window(y, top)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Past what Textual draws around and over lines: these have no borders, and are seldom all drawn at once."""
        top, width = self.scroll_offset.y, self.size.width
        strips = [self._strip(y, top, width) for y in crop.line_range]
        return strips if crop.column_span == (0, width) else [strip.crop(*crop.column_span) for strip in strips]

    def render_line(self, y: int) -> Strip:
        return self._strip(y, self.scroll_offset.y, self.size.width)

    def _strip(self, y: int, top: int, width: int) -> Strip:
        line = self._line_in_window(y, top)
        if y in self._drawn:
            before, strip = self._drawn[y]
            if before == line and strip.cell_length == width:
                return strip
        strip = self._drawn_line(line, width)
        self._drawn[y] = (line, strip)
        return strip

    def _drawn_line(self, line: Line, width: int) -> Strip:
        segments = [Segment(text, self._style(role, line.ground)) for text, role in merged(line.spans)]
        strip = Strip(segments).adjust_cell_length(width, self._style("", line.ground))
        for each in self.get_line_filters():
            if isinstance(each, AsciiOnly):
                # The only one that changes texts: what the others make of the styles is known.
                strip = strip.apply_filter(each, self.background_colors[1])
        return strip

    def _style(self, role: str, ground: str) -> Style:
        if role.startswith(SGR):
            return self._filtered(self._own_style(role, self._style("", ground)))
        if (role, ground) not in self._styles:
            names = ([f"line--on-{ground}"] if ground else []) + ([f"line--{role}"] if role else [])
            parts = (self._role_style(name) for name in names)
            self._styles[role, ground] = self._filtered(sum(parts, start=self.rich_style))
        return self._styles[role, ground]

    def _filtered(self, style: Style) -> Style:
        """As this terminal can show it. Textual does that to each piece of each line, whenever that is drawn."""
        for each in self.get_line_filters():
            (segment,) = each.apply([Segment(" ", style)], self.background_colors[1])
            style = segment.style or Style.null()
        return style

    def _role_style(self, name: str) -> Style:
        # Of the application, which has them once: each of the twenty lines and views of a screen would match
        # all rules of all styles with each of its own.
        return self.app.get_component_styles(name).partial_rich_style

    def _own_style(self, role: str, ground: Style) -> Style:
        """A colour that an agent chose. The eight that have names are the theme's."""
        style = ground
        for word in role.split()[1:]:
            if word in NAMES:
                style += self._role_style(f"line--{word}")
            elif word.startswith("on#"):
                style += Style(bgcolor=word.removeprefix("on"), color=_readable_on(word[3:]))
            elif word.startswith("#"):
                style += Style(color=word)
            else:
                style += ATTRIBUTES[word]
        return style

    def _line_in_window(self, y: int, top: int) -> Line:
        return self.line_at(top + y) if top + y < self.line_count() else EMPTY

    def _fit_size(self) -> None:
        size = Size(self.size.width, self.line_count())
        if size != self.virtual_size:
            self.virtual_size = size
            if self.scroll_offset.y > self.max_scroll_y:
                self.show_from(self.max_scroll_y)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._drawn.clear()
        self._styles.clear()

    def on_resize(self, event: events.Resize) -> None:
        self.post_message(self.Fitted())

    # -- scrolling

    @property
    def above(self) -> int:
        """Lines out of sight above."""
        return min(self.scroll_offset.y, self.line_count())

    @property
    def below(self) -> int:
        """Lines out of sight below."""
        return max(0, self.line_count() - self.scroll_offset.y - self.size.height)

    def show_from(self, y: int) -> None:
        """Line `y` at the top, as far as there are lines below it."""
        # Forced: no scrollbar is drawn, which Textual takes for a wish not to scroll.
        self.scroll_to(y=y, animate=False, immediate=True, force=True)

    def scroll_by(self, lines: int) -> None:
        self.show_from(self.scroll_offset.y + lines)

    def show_line(self, y: int) -> None:
        """Scroll so far that line `y` is seen."""
        top, height = self.scroll_offset.y, self.size.height
        if y < top:
            self.show_from(y)
        elif height and y >= top + height:
            self.show_from(y - height + 1)


def _readable_on(ground: str) -> str:
    red, green, blue = bytes.fromhex(ground)
    return "#000000" if 2 * red + 5 * green + blue > 8 * 127 else "#ffffff"


class Lines(LineView):
    """Lines that are given, or made for the width that there is."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._make: Callable[[int], Sequence[Line]] = lambda _: ()
        self._made: tuple[int, Sequence[Line]] | None = None
        """For which width, and what."""

    def line_count(self) -> int:
        return len(self._lines())

    def line_at(self, y: int) -> Line:
        return self._lines()[y]

    def _lines(self) -> Sequence[Line]:
        width = self.size.width
        if self._made is None or self._made[0] != width:
            self._made = width, self._make(width) if width else ()
        return self._made[1]

    def show(self, *lines: Line) -> None:
        self.show_fitting(lambda _: lines)

    def show_fitting(self, make: Callable[[int], Sequence[Line]]) -> None:
        """What `make` says for so many columns: when it is drawn, as it is not known before how many there will be."""
        self._make, self._made = make, None
        self.refresh_changed()
