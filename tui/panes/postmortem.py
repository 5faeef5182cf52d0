"""What a run that did not complete is told with: how that came, what is safe, and what can be done now. Pure."""

from itertools import chain

from overnight.tui import view
from overnight.tui.detail import Detail
from overnight.tui.lines import Line, Span, cells, cut, line, wrapped
from overnight.tui.panes.facts import fact, long_fact, within
from overnight.tui.panes.frame import TALL, Frame
from overnight.tui.panes.remarks import next_words
from overnight.tui.postmortem import Found, end_facts, reached_words
from overnight.tui.view import Row
from overnight.tui.why import end_words


def postmortem(row: Row, detail: Detail, frame: Frame, beside: int = 0) -> list[Line]:
    """The most urgent first. `beside`: lines of the frame that others need."""
    tall, role = frame.height >= TALL, view.state_role(row.status)
    how, worked = end_words(row.records, row.now), view.worked_text(row)
    found = Found(detail.death, detail.in_hand, detail.checkpoint_at, detail.errors)
    facts = [(label, text, "") for label, text in end_facts(row, found)]
    facts.append(("next", next_words(row, has_checkpoint=detail.checkpoint_at is not None), "strong"))
    state: list[Span] = [(f" {frame.glyphs.states[row.status]} {view.state_word(row.status)}", role)]
    if tall:
        # Below stands how far it was, with a bar.
        facts.insert(0, ("how", how, role))
        return [line(*state, (f"  {worked}", "")), *chain(*(long_fact(*each, frame) for each in facts))]
    facts.insert(1, ("got to", reached_words(row), ""))
    if len(facts) >= frame.height:
        # What can be done is more than how far it was.
        facts.insert(0, facts.pop())
    told = [(long_fact(*each, frame), fact(each[0], ((each[1], each[2]),), frame)) for each in facts if each[1]]
    return within(frame.height - beside, [_first(state, ", ".join(filter(None, (how, worked))), frame), *told])


def _first(state: list[Span], how: str, frame: Frame) -> tuple[list[Line], Line]:
    """Whole, and cut to one line."""
    indent = sum(cells(text) for text, _ in state) + 2
    room = max(8, frame.width - indent - 1)
    pieces = [f"{' ' * (2 if number == 0 else indent)}{piece}" for number, piece in enumerate(wrapped(how, room))]
    short = line(*state, f"  {cut(how, room, frame.glyphs)}")
    return [line(*state, pieces[0]), *(line(piece) for piece in pieces[1:])], short
