"""What the tests of the SDK share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sdk.attempts import Folder
from tests.sdk.scripts import Script


@pytest.fixture
def folder(home: Path) -> Folder:
    """An empty run directory in the test's home: whatever still works in it at the end is killed."""
    return Folder(home / "runs" / "agent-000001")


@pytest.fixture
def script(folder: Folder, tmp_path: Path) -> Callable[[str], Script]:
    """Makes an agent of what it is given: definitions, `main` among them."""
    return lambda text: Script(folder, tmp_path, text)
