"""What the interface does not load though what it is made with would."""

import sys


def load_asyncio() -> None:
    """Without TLS, which asyncio does without where Python has none. Whoever needs it later imports it as ever.

    The interface talks to files and a terminal, and loading TLS takes as long as reading fifty runs.
    """
    if "ssl" in sys.modules:
        return
    sys.modules["ssl"] = None  # type: ignore[assignment]
    try:
        import asyncio  # noqa: F401 for all that import it from now on
    finally:
        del sys.modules["ssl"]
