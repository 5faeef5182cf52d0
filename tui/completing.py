"""What the word that is being typed may become: by the verb's own parser, and the runs that there are."""

import os
import re
from argparse import Action, ArgumentParser
from collections.abc import Iterable, Sequence
from importlib import import_module

from overnight.state import groups
from overnight.state.home import Home, default_home
from overnight.state.records import Damaged, Spec
from overnight.tui.parsers import Parser, interface_parser
from overnight.tui.verbs import VERBS


def candidates(words: Sequence[str]) -> list[str]:
    """Of the last of `words`; none = it is no word of ours. Raises HomeUnusable."""
    typed = words[-1] if words else ""
    return sorted(each for each in _possible(words[:-1], typed) if each.startswith(typed))


def _possible(before: Sequence[str], typed: str) -> Iterable[str]:
    if not before:
        return _options(interface_parser()) if typed.startswith("-") else VERBS
    verb, *given = before
    # What is behind -- is another program's.
    if verb not in VERBS or "--" in given:
        return ()
    parser = Parser(prog=verb)
    import_module(f"overnight.tui.commands.{verb}").declare(parser)
    taking = next((each for each in parser._actions if given and given[-1] in each.option_strings), None)
    if taking is not None and taking.nargs is None:
        return _values(taking)
    if typed.startswith("-"):
        return _options(parser)
    if verb == "run":
        return _typeable(_declared(next((each for each in given if each.endswith(".toml")), None)))
    return [value for each in parser._actions if not each.option_strings for value in _values(each)]


def _options(parser: ArgumentParser) -> list[str]:
    return [name for each in parser._actions for name in each.option_strings if name.startswith("--")]


def _values(action: Action) -> Iterable[str]:
    if action.choices is not None:
        return map(str, action.choices)
    if action.dest == "runs":
        return _typeable(_runs(default_home()))
    if action.dest == "group":
        return _typeable(_groups(default_home()))
    return ()


def _typeable(words: Iterable[str]) -> Iterable[str]:
    """Those that a shell takes as they stand there: it puts them into the command that is being typed."""
    return (word for word in words if re.fullmatch(r"[^\W_][\w.-]*", word))


def _declared(file: str | None) -> Iterable[str]:
    """Names in a job file."""
    if file is None:
        return ()
    from overnight.tui.job_plan import declared_in, read  # reads TOML: most words are no file

    return declared_in(read(file))


def _runs(home: Home) -> set[str]:
    """Ids, and the names that they begin with."""
    ids = [run_id for run_id in home.ids() if os.path.exists(home.run(run_id).spec_path)]
    return {*ids, *(run_id.rpartition("-")[0] for run_id in ids)}


def _groups(home: Home) -> set[str]:
    said = groups.found_in(home.path)
    named = set() if isinstance(said, Damaged) else set(said)
    return named | {spec.group for run in home.runs() if isinstance(spec := run.spec(), Spec)}
