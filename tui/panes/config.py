"""Config: what it was launched with."""

import time
from collections.abc import Mapping

from overnight.state.records import Restart, Spec
from overnight.tui import view
from overnight.tui.detail import Detail
from overnight.tui.lines import Line, line, wrapped
from overnight.tui.panes.frame import Frame
from overnight.tui.view import Row


def config(row: Row, detail: Detail, frame: Frame) -> list[Line]:
    lines = []
    for name, text in _settings(row):
        first, *rest = wrapped(text, max(8, frame.width - 16)) if text else [frame.glyphs.dash]
        lines.append(line((f" {name:<13} ", "dim"), first))
        lines += [line(f"{'':15}{piece}") for piece in rest]
    return lines


def _settings(row: Row) -> list[tuple[str, str]]:
    spec = row.records.spec
    if spec is None:
        return [("directory", row.records.directory)]
    stall = "from its own pace" if spec.stall is None else f"after {view.duration(spec.stall)}: {spec.on_stall}"
    return [
        ("id", row.summary.id),
        ("command", " ".join(spec.command)),
        ("folder", spec.cwd),
        ("directory", row.records.directory),
        ("group", spec.group),
        ("labels", _labels(spec.labels)),
        ("restart", _restarts(spec)),
        ("graces", f"pause {view.duration(spec.pause_grace)}, stop {view.duration(spec.stop_grace)}"),
        ("stall", stall),
        ("limits", view.limits_text(spec)),
        ("launched", f"{time.strftime('%d %b %H:%M:%S', time.localtime(spec.created_at))} by {spec.by}"),
    ]


def _restarts(spec: Spec) -> str:
    bound = "" if spec.restart is Restart.NEVER else f", at most {spec.retries} without progress"
    return f"{spec.restart}{bound}"


def _labels(labels: Mapping[str, str]) -> str:
    return "  ".join(f"{name}={value}" for name, value in labels.items())
