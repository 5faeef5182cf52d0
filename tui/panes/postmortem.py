"""What a run that did not complete is told with: how that came, what is safe, and what can be done now. Pure."""

from itertools import chain

from overnight.tui import view
from overnight.tui.detail import Detail
from overnight.tui.lines import Line, Span, cut, line
from overnight.tui.panes.facts import fact, long_fact
from overnight.tui.panes.frame import TALL, Frame
from overnight.tui.panes.remarks import next_words
from overnight.tui.postmortem import Found, end_facts, reached_words
from overnight.tui.view import Row
from overnight.tui.why import end_words


def postmortem(row: Row, detail: Detail, frame: Frame) -> list[Line]:
    """The most urgent first."""
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
    first = line(*state, (f"  {cut(', '.join(filter(None, (how, worked))), frame.width - 14, frame.glyphs)}", ""))
    return [first, *(fact(label, ((text, role),), frame) for label, text, role in facts if text)]
