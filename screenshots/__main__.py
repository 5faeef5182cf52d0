"""Draw the pictures of the README: `python -m screenshots`. With `--check`, only compare them with what is there."""

import argparse
import sys
from pathlib import Path

from screenshots.pictures import PICTURES, draw

FOLDER = Path(__file__).parent


def main() -> int:
    """1 = a picture is not what the code draws."""
    parser = argparse.ArgumentParser(prog="python -m screenshots", description=__doc__)
    parser.add_argument("--check", action="store_true", help="draw nothing, exit 1 when a picture differs")
    check = parser.parse_args().check
    different = []
    for picture in PICTURES:
        path, drawn = FOLDER / f"{picture.name}.svg", draw(picture)
        if path.exists() and path.read_text() == drawn:
            continue
        different.append(path.name)
        if not check:
            path.write_text(drawn)
    if different:
        sys.stderr.write(f"{'differ' if check else 'drawn'}: {', '.join(different)}\n")
    return 1 if check and different else 0


if __name__ == "__main__":
    sys.exit(main())
