"""What is kept of an agent's colours, and that nothing else of its codes is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.tui.clean import clean_lines
from overnight.tui.colours import coloured
from overnight.tui.lines import Line, merged


@pytest.mark.parametrize(
    ("line", "spans"),
    [
        ("plain", [("plain", "")]),
        ("", []),
        ("\x1b[31mred\x1b[0m plain", [("red", "sgr red"), (" plain", "")]),
        (
            "\x1b[1;4;93mx\x1b[22my\x1b[24;39mz",
            [("x", "sgr bold underline yellow"), ("y", "sgr underline yellow"), ("z", "")],
        ),
        ("\x1b[38;5;196mx\x1b[38;2;1;2;300my", [("x", "sgr #ff0000"), ("y", "sgr #0102ff")]),
        ("\x1b[38;5;1mx\x1b[48;5;232my", [("x", "sgr red"), ("y", "sgr on#080808 red")]),
        ("\x1b[41;97mx\x1b[49my", [("x", "sgr on#cd3131 white"), ("y", "sgr white")]),
        ("\x1b[2mx\x1b[my", [("x", "sgr dim"), ("y", "")]),
        ("\x1b[31m10%\r\x1b[32m99%\r", [("99%", "sgr green")]),
        ("\x1b[31m10%\r99%", [("99%", "sgr red")]),
        ("\x1b[5;7;8;999999999999mx\x1b[38mx\x1b[38;9;1mx", [("x", ""), ("x", ""), ("x", "sgr bold")]),
        ("\x9b31mx", [("x", "sgr red")]),
        ("\x90never ended\r\tb", [(" b", "")]),
        ("a\tb\x1b[2J\x1b]0;31mtitle\x07c", [("a b", ""), ("c", "")]),
    ],
)
def test_colours_are_kept_and_every_other_code_is_not(line: str, spans: list[tuple[str, str]]) -> None:
    assert [each for each in coloured(line) if each[0]] == spans


CODES = st.sampled_from(
    ["\x1b[31m", "\x1b[0m", "\x1b[2J", "\x1b]52;c;eA==\x07", "\x9b1m", "\r", "\t", "\u202e", "[/x]", "漢"]
)


@given(st.lists(st.one_of(CODES, st.text(max_size=5))).map("".join).filter(lambda text: "\n" not in text))
def test_the_text_is_the_clean_one_whatever_an_agent_writes(text: str) -> None:
    spans = coloured(text)
    assert "".join(shown for shown, _ in spans) == "".join(clean_lines(text))
    assert all(shown.isprintable() and role.isascii() and "\x1b" not in role for shown, role in spans)


def test_a_space_keeps_what_an_agent_has_put_behind_it() -> None:
    spans = coloured("a\x1b[41m \x1b[0mb")
    assert merged(Line(spans).spans) == [("a", ""), (" ", "sgr on#cd3131"), ("b", "")]
