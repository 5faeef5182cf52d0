"""Where an agent hangs: it is asked for its stacks, twice; of what does not show any the kernel is asked, twice.

Nobody is signalled but by the supervisor, and only an agent that says that it shows its stacks.
"""

import os
import time
from collections.abc import Iterator, Sequence

from overnight.agents import operate
from overnight.agents.supervisor.family import descendants_of, family_of
from overnight.state import current
from overnight.state.errors import OvernightError
from overnight.state.records import Attempt, Handle, Records
from overnight.state.rundir import RunDir, open_to_read
from overnight.state.threads import threads_of
from overnight.tui.clean import clean_lines
from overnight.tui.descent import POOL, child_of, child_words
from overnight.tui.meter import agent_of
from overnight.tui.stacks import Kind, Section, Stacks, arranged, moved_words, stacks_in, thread_lines, told_lines
from overnight.tui.stacksfile import WINDOW, stacks_of

APART = 2.0
"""Seconds between the two looks."""
ANSWERS_WITHIN = 8.0
"""Seconds that an agent has to show its stacks twice."""
LOOK_AFTER = 0.1
MOST_CHILDREN = 20


def hanging_lines(run: RunDir, records: Records) -> Iterator[str]:
    """What there is to tell, ready to be printed. Takes two seconds, or some more where it does not answer."""
    if records.process_state is None or records.attempt is None:
        kept = stacks_of(run)
        yield "  no process of it is left" + (", and this is what it has shown last:" if kept else "")
        yield from _told(kept) if kept else ()
        return
    shown = _shown(run, records)
    if isinstance(shown, str):
        yield f"  {shown}; this is what the kernel tells of its threads:"
        yield from _told(_looked_at(records.attempt))
        return
    yield from _told(shown)
    yield from _below_lines(records)


def _below_lines(records: Records) -> Iterator[str]:
    """What the agent has started, which its own stacks do not show."""
    items = {each.thread: each.item for each in (records.progress.in_hand if records.progress else ())}
    found = [child for pid in descendants_of({agent_of(records) or 0}) if (child := child_of(pid)) is not None]
    named = sorted((each for each in found if each.pid in items or each.command != POOL), key=lambda each: -each.age)
    if found:
        yield "  what it has started, as the kernel tells:"
    for each in sorted(named[:MOST_CHILDREN], key=lambda each: each.pid not in items):
        item = f"with item {items[each.pid]}: " if each.pid in items else ""
        yield f"    {item}{child_words(each)}"
    if len(found) > len(named[:MOST_CHILDREN]):
        yield f"    and {len(found) - len(named[:MOST_CHILDREN])} more"


def _shown(run: RunDir, records: Records) -> Stacks | str:
    """What it shows now, twice; else why it shows nothing."""
    if records.process_state in {"T", "t"}:
        return "it is stopped by a signal, and shows nothing"
    if not current.handles(records, Handle.STACKS):
        return "its agent does not say that it shows its stacks"
    before = _size_of(run.stacks_path)
    try:
        operate.stacks(run)
        return _answer(run, before) or f"it has not shown its stacks twice within {ANSWERS_WITHIN:g} s"
    except OvernightError as error:
        return str(error)


def _answer(run: RunDir, before: int) -> Stacks | None:
    """What it writes behind the first `before` bytes. None = not twice. Raises OvernightError."""
    begin, size, asked_again = time.monotonic(), before, False
    while (passed := time.monotonic() - begin) < ANSWERS_WITHIN:
        shown = stacks_in(time.time(), _lines_behind(run, before))
        grown, size = size != (now := _size_of(run.stacks_path)), now
        if shown is not None and shown.earlier and not grown:
            # Nothing of the second time is missing.
            return shown
        if shown is not None and not shown.earlier and passed > 2 * APART and not asked_again:
            # One that was started by hand is its own supervisor, and shows them once.
            operate.stacks(run)
            asked_again = True
        time.sleep(LOOK_AFTER)
    return None


def _size_of(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _lines_behind(run: RunDir, offset: int) -> list[str]:
    try:
        with open_to_read(run.stacks_path) as file:
            data = os.pread(file.fileno(), WINDOW, offset)
    except OSError:
        return []
    return clean_lines(data.decode("utf-8", "replace"))


def _looked_at(attempt: Attempt) -> Stacks:
    earlier = _kernel_lines(attempt)
    time.sleep(APART)
    return Stacks(time.time(), _kernel_lines(attempt), earlier)


def _kernel_lines(attempt: Attempt) -> tuple[str, ...]:
    threads = [each for pid in sorted(family_of(attempt)) for each in threads_of(pid, with_stack=True)]
    return tuple(clean_lines("\n".join(thread_lines(threads))))


def _told(stacks: Stacks) -> Iterator[str]:
    sections = arranged(stacks.lines, stacks.earlier)
    if stacks.earlier:
        moved = [each for each in arranged(stacks.earlier, stacks.lines) if each.kind < Kind.IDLE and not each.is_same]
        yield f"  {words}" if (words := moved_words(stacks)) else "  nothing of its own works"
        yield f"  {'= was the same both times' if moved else 'all of it was the same both times'}"
        if moved:
            yield "  before, as far as it was not the same:"
            yield from _marked(moved)
            yield "  then:"
    yield from _marked(sections)


def _marked(sections: Sequence[Section]) -> Iterator[str]:
    for text, same in told_lines(sections):
        yield f"  {'=' if same else ' '} {text}".rstrip()
