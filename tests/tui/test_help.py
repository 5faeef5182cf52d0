"""What the help says: every key as it is configured, and first what fits best."""

import pytest

from overnight.tui.config import Config
from overnight.tui.config_reading import config_of
from overnight.tui.glyphs import UNICODE
from overnight.tui.help import INTRO, MERGED, found_keys, found_lines, help_lines
from overnight.tui.keys import KEYS, Keymap
from overnight.tui.lines import cells
from overnight.tui.matching import best_of, fit_of


def keys_said(text: str) -> Keymap:
    config = config_of(f"[keys]\n{text}")
    assert isinstance(config, Config), config
    return config.keys


def text_of(keys: Keymap, width: int) -> str:
    return "\n".join(line.text for line in help_lines(keys, width))


@pytest.mark.parametrize(("width", "height"), [(76, 18), (115, 14)])
def test_it_fits_whole_with_no_word_cut(width: int, height: int) -> None:
    lines = help_lines(Keymap(), width)
    assert len(lines) <= height
    assert all(cells(line.text) <= width for line in lines)
    assert "…" not in text_of(Keymap(), width)
    assert len(INTRO) <= width


def test_a_row_names_bindings_that_there_are() -> None:
    assert {id for row in MERGED for id, _ in row.parts} <= {key.id for key in KEYS}


def test_it_shows_the_keys_as_they_are_configured_and_nothing_of_one_that_has_none() -> None:
    text = text_of(keys_said('kill = []\ncancel = "ctrl+x"\n"tab.logs" = "ö"'), 76)
    assert "ctrl+x        ask first: cancel " in text
    assert "kill" not in text
    assert "1 ö 3 4 5" in text
    assert "e h           errors, history " in text


def test_a_key_that_is_typed_is_found_before_words_that_have_it() -> None:
    assert found_keys(Keymap(), "x", 3)[0].id == "cancel"
    assert found_keys(Keymap(), "X", 3)[0].id == "kill"
    assert found_keys(Keymap(), "ctrl+l", 3)[0].id == "redraw"
    assert found_keys(Keymap(), "sort", 3)[0].id == "sort"
    assert found_keys(Keymap(), "half down", 3)[0].id == "move.page_down"
    assert found_keys(Keymap(), "", 99) == list(KEYS)
    assert found_lines([], 0, 60, UNICODE)[0].text == "No key does that."


def test_the_beginning_fits_better_than_a_word_than_its_beginning_than_a_part_than_letters() -> None:
    fits = [
        fit_of("crawl", text) for text in ("crawler", "my crawl", "my crawler", "webcrawls", "my c-r-a-w-l", "clear")
    ]
    assert fits == sorted(fits, reverse=True)
    assert fits[-1] == 0
    assert fits[-2] > 0
    assert fit_of("a b", "b a") == fit_of("A B", "b a") > 0
    assert fit_of("", "anything") > 0


def test_of_equal_fits_the_first_comes_first_and_no_more_than_asked_for() -> None:
    assert best_of(["crawl-2", "crawl-4-a2"], lambda text: fit_of("crawl-2", text), 3) == ["crawl-2"]
    assert best_of(["clear", "c-r-a-w-l"], lambda text: fit_of("crwl", text), 3) == ["c-r-a-w-l"]
    assert best_of(["ab", "b", "xb", "b"], lambda text: fit_of("b", text), 3) == ["b", "b", "ab"]
