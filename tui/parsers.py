"""The parsers of the command line: strict, and brief where something is wrong."""

import os
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any, NoReturn

from overnight.tui.verbs import VERBS


class Formatter(RawDescriptionHelpFormatter):
    """As wide as the terminal. Asked by `argparse`, which does it for each option, that loads three compressors."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    named = os.environ.get("COLUMNS", "")
    if named.isdecimal() and int(named):
        return int(named)
    try:
        return os.get_terminal_size(1).columns or 80
    except OSError:
        return 80


class Parser(ArgumentParser):
    """Takes no abbreviations, which a later option would make ambiguous, and complains in one line."""

    def __init__(self, prog: str, **rest: Any) -> None:
        super().__init__(prog, allow_abbrev=False, formatter_class=Formatter, **rest)

    def error(self, message: str) -> NoReturn:
        from overnight.state.errors import WrongUsage

        verb = self.prog.removeprefix("overnight").strip()
        raise WrongUsage(f"{verb}: {message}" if verb else message, hint=f"`{self.prog} --help` shows what there is.")


def interface_parser() -> Parser:
    verbs = "\n".join(f"  {verb:12}{what}" for verb, what in VERBS.items())
    parser = Parser(
        "overnight",
        usage="overnight [--ascii]\n       overnight VERB [options]",
        description="Runs long-running agents and shows them in a terminal. Without a verb: the interface.",
        epilog=f"verbs:\n{verbs}\n\n`overnight VERB --help` shows the options of a verb.\n"
        "Keys, colours and columns of the interface: ~/.config/overnight/config.toml (or $OVERNIGHT_CONFIG).",
    )
    parser.add_argument("--version", action="store_true", help="say the version and exit")
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII characters only")
    return parser
