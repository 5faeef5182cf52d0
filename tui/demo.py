"""What the demo launches: the bundled agents on real trees of this machine, and two commands that know nothing of us.

Slowed so that all end after about the same time, however many files there are and however fast the machine is.
"""

import os
import sys
import sysconfig

from overnight.agents.launchers.order import Order
from overnight.state.atomic import replace
from overnight.state.home import Home
from overnight.state.private import make_folders

GROUP = "demo"
PARSED_A_SECOND, HASHED_A_SECOND = 25, 200
"""Files; a slow machine does as many. What a tree has more of is left out."""
NOT_THE_LIBRARY = frozenset({"site-packages", "dist-packages", "__pycache__"})
BROKEN = "def almost(:\n    return 'a file with a mistake, for something to go wrong'\n"
PLAIN = 'for n in $(seq 1 "$1"); do echo "line $n of $1"; sleep 1; done'
SECOND_TRY = """\
if [ "$OVERNIGHT_ATTEMPT" = 1 ]; then echo "no luck at first"; sleep "$1"; exit 1; fi
echo "better this time"; sleep "$1"
"""


def orders(home: Home, seconds: float) -> list[Order]:
    """Four runs of about `seconds` each. Writes one broken source file into the home. Raises OSError."""
    folder = os.path.join(home.path, "demo")
    make_folders(folder)
    broken = os.path.join(folder, "broken.py")
    replace(broken, BROKEN.encode())
    library, parsed = _library_folders(int(PARSED_A_SECOND * seconds))
    packages, hashed = _packages_folder(int(HASHED_A_SECOND * seconds))
    half = len(library) // 2
    # In the middle, so that there is an error to look at while it still runs.
    index = ("index", *library[:half], broken, *library[half:], "--pace", f"{seconds / (parsed + 1):.6f}")
    digest = ("digest", packages, "--pace", f"{seconds / max(1, hashed):.6f}")
    return [
        Order(_bundled(*index), name="index-library", group=GROUP, cwd=folder),
        Order(_bundled(*digest), name="digest-packages", group=GROUP, cwd=folder),
        Order(_shell(PLAIN, 0.9 * seconds), name="plain-command", group=GROUP, cwd=folder),
        Order(_shell(SECOND_TRY, 0.3 * seconds), name="second-try", group=GROUP, cwd=folder, retries=2),
    ]


def _bundled(agent: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", f"overnight.agents.bundled.{agent}", *arguments)


def _shell(script: str, seconds: float) -> tuple[str, ...]:
    return ("sh", "-c", script, "sh", str(max(1, round(seconds))))


def _library_folders(most: int) -> tuple[list[str], int]:
    """Folders of the standard library with at most `most` Python files, and how many they have."""
    library = sysconfig.get_path("stdlib")
    taken, count = [], 0
    for name in sorted(os.listdir(library)):
        path = os.path.join(library, name)
        files = 0 if name in NOT_THE_LIBRARY or not os.path.isdir(path) else _count(path, ".py")
        if files and count + files <= most:
            taken.append(path)
            count += files
    return taken, count


def _packages_folder(most: int) -> tuple[str, int]:
    """Where packages are installed, or the largest of them where these are more than `most` files; and how many."""
    packages = sysconfig.get_path("purelib")
    count = _count(packages)
    if count <= most:
        return packages, count
    below = [os.path.join(packages, name) for name in sorted(os.listdir(packages))]
    counts = {path: files for path in below if os.path.isdir(path) and 0 < (files := _count(path)) <= most}
    largest = max(counts, key=lambda path: counts[path], default=packages)
    return largest, counts.get(largest, count)


def _count(tree: str, ending: str = "") -> int:
    return sum(name.endswith(ending) for _, _, names in os.walk(tree) for name in names)
