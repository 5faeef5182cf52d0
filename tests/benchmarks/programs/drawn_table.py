"""The same fleet in Textual's DataTable: each changed cell of the rows that are seen is updated."""

import sys

from rich.text import Text
from textual.app import App, ComposeResult
from textual.widgets import DataTable, Static

from overnight.tui.listing import layout_for
from tests.benchmarks.programs.changing import EVERY, texts_at


class TableApp(App[None]):
    CSS = "DataTable { height: 1fr; scrollbar-size: 0 0; }"

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count, self._step = count, 0
        self._layout = layout_for(80)
        self._shown: dict[int, list[str]] = {}

    def compose(self) -> ComposeResult:
        # As much stands around it as around our list.
        yield Static("overnight")
        yield DataTable[Text](cursor_type="row", cell_padding=0)
        yield Static("keys")

    def on_mount(self) -> None:
        table = self._table()
        for number, column in enumerate(self._layout.columns):
            table.add_column(column.title, width=column.width + 1, key=str(number))
        for index in range(self._count):
            table.add_row(*map(Text, texts_at(index, 0, self._layout)), key=str(index))
        self.set_interval(EVERY, self._change)

    def _table(self) -> "DataTable[Text]":
        return self.query_one(DataTable)

    def _change(self) -> None:
        table = self._table()
        self._step += 1
        top = round(table.scroll_y)
        for index in range(top, min(self._count, top + table.size.height - 1)):
            texts = texts_at(index, self._step, self._layout)
            before = self._shown.get(index, [""] * len(texts))
            self._shown[index] = texts
            for number, (old, new) in enumerate(zip(before, texts, strict=True)):
                if old != new:
                    table.update_cell(str(index), str(number), Text(new))


if __name__ == "__main__":
    TableApp(int(sys.argv[1])).run(mouse=False)
