"""What the proof shares with the tests of the SDK."""

from tests.sdk.conftest import folder

__all__ = ["folder"]
