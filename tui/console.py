"""Where the command line writes: data to stdout, chatter and errors to stderr, and what each place can show."""

import os
import sys
from collections.abc import Iterable
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, TextIO

from overnight.state import codec
from overnight.state.errors import OvernightError
from overnight.tui.clean import clean

if TYPE_CHECKING:
    from overnight.agents.launchers.toml_reading import Mistake
    from overnight.tui.table import Style

USUAL_WIDTH = 80


def prepare() -> None:
    """Make the standard streams safe to write to, whatever the caller closed and the locale knows."""
    for descriptor in (0, 1, 2):
        # The next file that is opened would get the number, and what was meant for the stream with it.
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = sys.stdout or os.fdopen(1, "w")
    sys.stderr = sys.stderr or os.fdopen(2, "w")
    for stream in (sys.stdout, sys.stderr):
        # A file name that is not UTF-8, or a locale that knows few characters, must not end a verb.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def data(line: str) -> None:
    """One line of what was asked for."""
    sys.stdout.write(f"{line}\n")


def json_data(plain: Any) -> None:
    """One line of JSON, UTF-8 whatever the locale says."""
    raw_data(codec.to_json(plain) + b"\n")


def json_array(every: Iterable[Any]) -> None:
    """One array, in one line, of any length: nothing of it is held back."""
    before = b"["
    for plain in every:
        raw_data(before + codec.to_json(plain))
        before = b","
    raw_data(b"]\n" if before == b"," else b"[]\n")


def raw_data(some: bytes) -> None:
    """Bytes of what was asked for, as they are."""
    sys.stdout.flush()
    sys.stdout.buffer.write(some)


def wait_while_read(seconds: float) -> None:
    """Sleep. Raises BrokenPipeError as soon as nobody can read stdout any more."""
    import select  # only what follows something waits

    poll = select.poll()
    poll.register(1, 0)
    if poll.poll(1000 * seconds):
        raise BrokenPipeError


def finish() -> None:
    """Write out what is still held back. Raises OSError."""
    sys.stdout.flush()


def abandon() -> None:
    """Nothing can be written to stdout any more: what is held back vanishes, from the interpreter's own flush too."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def finish_or_abandon() -> None:
    """After an error of which it is not known whether stdout itself has failed."""
    try:
        finish()
    except OSError:
        abandon()


def say(line: str) -> None:
    """One line of chatter."""
    chatter(f"{clean(line)}\n")


def chatter(text: str) -> None:
    """Text for stderr as it is. A stderr that is gone takes nothing away from what was asked for."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        return


def complain(error: OvernightError) -> None:
    """One line: what happened, and what to do next."""
    what = str(error)
    say(f"overnight: {what}{'' if what.endswith('.') else '.'} {error.hint}".rstrip())


def say_mistakes(file: str, mistakes: "Iterable[Mistake]") -> None:
    """A line for each: where, and what."""
    for mistake in mistakes:
        line = "" if mistake.line is None else f"{mistake.line}:"
        say(f"{file}:{line} {mistake.what}")


def warn_of_logout() -> None:
    """Once a run was started: what a logout does to it, where that is anything."""
    from overnight.agents.launchers.scope import warning

    if (line := warning()) is not None:
        say(line)


def style(stream: TextIO) -> "Style":
    """What can be drawn there."""
    from overnight.tui.glyphs import ASCII, UNICODE, needs_ascii
    from overnight.tui.table import Style

    drawn = is_drawn(stream)
    glyphs = ASCII if needs_ascii(os.environ) else UNICODE
    # A terminal that understands no codes wraps all the same.
    return Style(glyphs, drawn and not os.environ.get("NO_COLOR"), _width(stream) if stream.isatty() else None)


def is_drawn(stream: TextIO) -> bool:
    """Whether a person sees it, on a terminal that understands codes for colours and movement."""
    return stream.isatty() and os.environ.get("TERM", "") not in {"", "dumb"}


def _width(terminal: TextIO) -> int:
    """Columns; of a terminal that does not know its own (a serial line) what is said of it, else the usual."""
    try:
        columns = os.get_terminal_size(terminal.fileno()).columns
    except (OSError, ValueError):
        columns = 0
    said = os.environ.get("COLUMNS", "")
    return columns or (int(said) if said.isdecimal() else 0) or USUAL_WIDTH
