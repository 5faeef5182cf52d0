"""What somebody may have meant is offered, and nothing that is only a little like it."""

import pytest

from overnight.state.nearest import nearest

VERBS = ("ls", "logs", "pause", "resume", "restart", "retry")


@pytest.mark.parametrize(
    ("word", "meant"),
    [("pasue", "pause"), ("retyr", "retry"), ("lgos", "logs"), ("reset", None), ("stop", None), ("", None)],
)
def test_a_word_that_is_much_like_a_known_one_is_taken_for_it(word: str, meant: str | None) -> None:
    assert nearest(word, VERBS) == meant
