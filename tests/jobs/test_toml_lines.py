"""Where things stand in a TOML document."""

import tomllib

from hypothesis import given

from overnight.agents.launchers.toml_lines import lines_of
from tests.jobs.documents import Document, documents


@given(documents())
def test_everything_in_a_document_stands_where_it_was_written(document: Document) -> None:
    tomllib.loads(document.text)
    assert lines_of(document.text) == document.lines


@given(documents())
def test_line_ends_of_another_system_change_nothing(document: Document) -> None:
    assert lines_of(document.text.replace("\n", "\r\n")) == document.lines


def test_a_table_that_is_named_more_than_once_is_where_it_was_named_first() -> None:
    lines = lines_of("[[a]]\nb = 1\n[a.c]\n[[a]]\nb = 2\n")
    assert lines == {("a",): 1, ("a", "b"): 2, ("a", "c"): 3}


def test_a_string_of_a_megabyte_is_passed_over() -> None:
    text = f'a = """{"x" * 500_000}{chr(10)}{chr(92)}{chr(34)}{"y" * 500_000}"""\nb = 1\n'
    tomllib.loads(text)
    assert lines_of(text) == {("a",): 1, ("b",): 3}
