"""What the demo launches: the bundled agents on real trees of this machine, and two commands that know nothing of us.

Slowed so that all end after about the same time, however many files there are.
"""

import os
import sys
import sysconfig

from overnight.agents.launchers.order import Order
from overnight.state.home import Home

GROUP = "demo"
SLOWED = 0.7
"""Share of the time that is spent waiting between items; the rest is for the work itself."""
BROKEN = "def almost(:\n    return 'a file with a mistake, for something to go wrong'\n"
PLAIN = 'for n in $(seq 1 "$1"); do echo "line $n of $1"; sleep 1; done'
SECOND_TRY = (
    'if [ "$OVERNIGHT_ATTEMPT" = 1 ]; then echo "no luck at first"; sleep "$1"; exit 1; fi; '
    'echo "better this time"; sleep "$1"'
)


def orders(home: Home, seconds: float) -> list[Order]:
    """Four runs of about `seconds` each. Writes one broken source file into the home. Raises OSError."""
    folder = os.path.join(home.path, "demo")
    broken = _broken_file(folder)
    library, packages = sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")
    index = ("index", [library, broken], _pace(seconds, _count(library, ".py") + 1))
    digest = ("digest", [packages], _pace(seconds, _count(packages)))
    return [
        _bundled(folder, "index-library", *index),
        _bundled(folder, "digest-packages", *digest),
        _plain(folder, "plain-command", PLAIN, max(1, round(seconds * 0.8))),
        _plain(folder, "second-try", SECOND_TRY, max(1, round(seconds / 4)))._replace(retries=2),
    ]


def _bundled(folder: str, name: str, agent: str, roots: list[str], pace: float) -> Order:
    command = (sys.executable, "-m", f"overnight.agents.bundled.{agent}", *roots, "--pace", f"{pace:.6f}")
    return Order(command, name=name, group=GROUP, cwd=folder)


def _plain(folder: str, name: str, script: str, number: int) -> Order:
    return Order(("sh", "-c", script, name, str(number)), name=name, group=GROUP, cwd=folder)


def _pace(seconds: float, items: int) -> float:
    """Seconds to wait at each item."""
    return SLOWED * seconds / max(1, items)


def _count(tree: str, ending: str = "") -> int:
    return sum(name.endswith(ending) for _, _, names in os.walk(tree) for name in names)


def _broken_file(folder: str) -> str:
    """The folder that holds it."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    with open(os.path.join(folder, "broken.py"), "w", encoding="utf-8") as file:
        file.write(BROKEN)
    return folder
