"""No text of an agent reaches the terminal as anything but itself."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from overnight.tui.clean import clean, clean_lines

HOSTILE = st.text(
    st.one_of(st.characters(), st.sampled_from("\x1b\x9b\x9d[];?0m\x07\\\n\r\t\u202e\u200b\ud800")), max_size=80
)


@given(HOSTILE)
def test_nothing_that_steers_a_terminal_is_left(text: str) -> None:
    for char in clean(text):
        assert unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    clean(text).encode()


@given(HOSTILE)
def test_what_is_clean_stays_as_it_is(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(HOSTILE, st.integers(0, 40))
def test_a_limit_is_kept(text: str, limit: int) -> None:
    assert len(clean(text, limit)) <= limit


@given(HOSTILE)
def test_no_line_has_a_line_end(text: str) -> None:
    assert all(line.isprintable() or line == "" for line in clean_lines(text))


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"])))
def test_an_ordinary_text_is_untouched(text: str) -> None:
    assert clean(text) == text


def test_bodies_of_escape_codes_vanish_with_them() -> None:
    assert clean("a\x1b]52;c;c2VjcmV0\x07b") == "ab"
    assert clean("a\x1b]0;title\x1b\\b") == "ab"
    assert clean("a\x1bP1;2|body\x1b\\b\x9dtitle\x9cc") == "abc"
    assert clean("a\x1b[2J\x1b[1;31mb\x9b5nc") == "abc"


def test_tabs_and_line_ends_become_spaces() -> None:
    assert clean("a\tb\nc\r\nd") == "a b c  d"


def test_what_reorders_or_hides_vanishes() -> None:
    assert clean("\u202egpj.exe\u2066\u200b\u00ad\ufeff\ufe0f") == "gpj.exe"


def test_a_lone_surrogate_shows_as_replaced() -> None:
    assert clean("caf\udce9") == "caf\ufffd"


def test_of_a_line_that_was_drawn_over_the_last_drawing_is_kept() -> None:
    assert clean_lines("10%\r 50%\r100%\ndone\r\n") == ["100%", "done"]
    assert clean_lines("") == []
    assert clean_lines("a\n\nb") == ["a", "", "b"]
