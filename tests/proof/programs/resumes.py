"""`overnight ARGUMENTS…`, loaded, but begun when its stdin ends; says on stdout that it waits."""

import os
import sys

from overnight.tui.cli import main

if __name__ == "__main__":
    os.write(1, b"!")
    os.read(0, 1)
    sys.exit(main())
