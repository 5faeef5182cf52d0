"""Spans of time and sizes, read from words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.state.amounts import span_words
from overnight.state.measures import size_of, size_or_none_of, span_of


@pytest.mark.parametrize(
    ("word", "seconds"),
    [("0", 0), ("90", 90), ("0.5", 0.5), ("30m", 1800), ("1h30m", 5400), ("1d12h", 129_600), ("2w", 1_209_600)],
)
def test_a_span_is_a_number_of_seconds_or_of_units(word: str, seconds: float) -> None:
    assert span_of(word) == seconds


@given(st.integers(1, 10**8))
def test_a_span_as_it_is_told_is_read_again(seconds: int) -> None:
    assert span_of(span_words(seconds)) == seconds


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0s"), (0.3, "0.3s"), (1.5, "1.5s"), (61.5, "1m1.5s"), (59.9999, "1m"), (3600, "1h"), (0.0002, "0.0002s")],
)
def test_a_span_tells_its_parts_of_a_second_to_a_thousandth(seconds: float, words: str) -> None:
    assert span_words(seconds) == words


@pytest.mark.parametrize("word", ["", "soon", "-1", "nan", "inf", "1e999", "m", "1m1h", "1.5h", "90 m"])
def test_what_is_no_span_is_refused_by_name(word: str) -> None:
    with pytest.raises(ValueError, match="is not a span of time") as refused:
        span_of(word)
    assert repr(word) in str(refused.value)


def test_a_size_is_a_number_of_bytes_or_of_units() -> None:
    assert [size_of(word) for word in ("4096", "64M", "64m", "1.5G")] == [4096, 64 << 20, 64 << 20, 3 << 29]
    assert [size_or_none_of(word) for word in ("none", "1K")] == [0, 1024]
    with pytest.raises(ValueError, match="'much' is not a size"):
        size_or_none_of("much")
