"""Which folders others may get at, though they are to be this user's alone: said wherever they are used."""

from collections.abc import Iterable

from overnight.state.private import exposed_mode
from overnight.tui.clean import clean


def exposure_of(paths: Iterable[str]) -> str | None:
    """One line about all of them; None = nobody else may get at any."""
    exposed = [(path, mode) for path in paths if (mode := exposed_mode(path)) is not None]
    if not exposed:
        return None
    path, mode = exposed[0]
    which, them = (f"{clean(path)} and {len(exposed) - 1} more", "them") if exposed[1:] else (clean(path), "it")
    return f"Others may get at {which} (mode {mode:04o}): `overnight doctor --repair` closes {them}."
