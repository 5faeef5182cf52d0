"""Launch a shell command for each text of the JSON list on stdin, all at once."""

import json
import sys

from overnight.agents.launchers.local import Order, launch_all
from overnight.state.errors import OvernightError
from overnight.state.home import default_home

orders = [Order(("sh", "-c", command), name="peer") for command in json.load(sys.stdin)]
refused = [each for each in launch_all(default_home(), orders) if isinstance(each, OvernightError)]
if refused:
    sys.exit(f"{len(refused)} of {len(orders)} were not launched: {refused[0]}")
