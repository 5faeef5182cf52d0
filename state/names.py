"""What a run, and a group of runs, may be called: a file's name and a word on the command line. Pure."""

import re

from overnight.state.errors import WrongUsage

# Not compiled yet: every verb loads this, and few are given a name.
_NAME = r"[^\W_][\w.-]{0,63}"
"""A letter or digit, then letters, digits, dot, dash, underscore."""


def is_name(text: str) -> bool:
    """Whether it can be a file's name and a word on the command line."""
    return re.fullmatch(_NAME, text) is not None


def check_name(name: str, option: str = "--name ") -> None:
    """Raise WrongUsage for a name that cannot be a file's and a word on the command line.

    `option`: what stands before it where it is given; "" = nothing, it is a field's.
    """
    if not is_name(name):
        raise WrongUsage(
            f"{name!r} cannot be a run's name",
            hint=f"Use letters, digits, dot, dash, underscore, at most 64: {option}{name_from(name)}",
        )


def name_from(text: str) -> str:
    """The nearest allowed name."""
    kept = re.sub(r"[^\w.-]+", "-", text).strip("-._")[:64]
    return kept or "run"
