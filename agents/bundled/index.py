"""What is in the Python files of source trees: one JSON line a file, and an item error for each that is not Python."""

import argparse
import ast
import json
import os
import warnings
from collections.abc import Iterator
from typing import Any

from overnight.agents import Run, start
from overnight.agents.bundled import pace

Function = ast.FunctionDef | ast.AsyncFunctionDef


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m overnight.agents.bundled.index",
        description="Parse each .py file below the given folders and write one JSON line for it: path, lines, "
        "functions, classes, longest function, imports. One that cannot be parsed is an item error; the run goes on.",
        epilog="The lines are an artifact of the run: `overnight show RUN` names its directory.",
    )
    parser.add_argument("root", nargs="+", metavar="ROOT", help="a folder, or a single file")
    parser.add_argument("--output", default="index.jsonl", metavar="NAME", help="the artifact (default: index.jsonl)")
    pace.add_option(parser)
    given = parser.parse_args()
    missing = [root for root in given.root if not os.path.exists(root)]
    if missing:
        parser.error(f"no such file or folder: {missing[0]}")
    return given


def sources(roots: list[str]) -> list[str]:
    """Every .py file below, in an order that depends on names alone, each once."""
    return list(dict.fromkeys(path for root in roots for path in _below(root)))


def _below(root: str) -> Iterator[str]:
    if not os.path.isdir(root):
        yield root
        return
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__pycache__")
        for name in sorted(files):
            if name.endswith(".py") and not name.startswith("."):
                yield os.path.join(folder, name)


def entry_of(path: str, source: bytes) -> dict[str, Any]:
    """What the file holds. Raises SyntaxError, ValueError, RecursionError for what Python cannot parse."""
    with warnings.catch_warnings():
        # An odd escape in somebody's string is not this run's business.
        warnings.simplefilter("ignore")
        nodes = list(ast.walk(ast.parse(source, path)))
    functions = [node for node in nodes if isinstance(node, Function)]
    return {
        "path": path,
        "lines": len(source.splitlines()),
        "functions": len(functions),
        "classes": sum(isinstance(node, ast.ClassDef) for node in nodes),
        "longest_function": _longest(functions),
        "imports": sorted({name for node in nodes for name in _imported(node)}),
    }


def _longest(functions: list[Function]) -> dict[str, Any] | None:
    longest = max(functions, key=_lines_of, default=None)
    return None if longest is None else {"name": longest.name, "lines": _lines_of(longest)}


def _lines_of(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return ["." * node.level + (node.module or "")]
    return []


def main(run: Run) -> None:
    given = arguments()
    out, rhythm = run.artifact(given.output), pace.Pace(run, given.pace)
    for guarded in run.each(sources(given.root), unit="files", guard=True):
        rhythm.keep()
        with guarded as path:
            with open(path, "rb") as file:
                entry = entry_of(path, file.read())
            out.write(json.dumps(entry) + "\n")
            run.count(lines=entry["lines"], functions=entry["functions"], classes=entry["classes"])


if __name__ == "__main__":
    arguments()  # A wrong option is an error of the command: no run is made for it.
    start(main)
