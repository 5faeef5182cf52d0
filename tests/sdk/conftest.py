"""What the tests of the SDK share."""

from pathlib import Path

import pytest

from tests.sdk.attempts import Folder


@pytest.fixture
def folder(home: Path) -> Folder:
    """An empty run directory in the test's home: whatever still works in it at the end is killed."""
    return Folder(home / "runs" / "agent-000001")
