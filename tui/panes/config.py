"""Config: what it was launched with, beside what the run of the same name before it was launched with."""

import shlex
import time
from collections.abc import Mapping
from typing import NamedTuple

from overnight.state.records import Restart, Spec
from overnight.tui import numbers, view
from overnight.tui.detail import Detail
from overnight.tui.lines import Line, line, wrapped
from overnight.tui.panes.frame import Frame
from overnight.tui.view import Row


class Setting(NamedTuple):
    """One line of what was asked for; compared with that of the run before."""

    name: str
    text: str


def config(row: Row, detail: Detail, frame: Frame) -> list[Line]:
    spec, before = row.records.spec, detail.before
    if spec is None:
        return _setting_lines(Setting("directory", row.records.directory), None, frame)
    was = dict(_settings(before)) if before is not None else {}
    settings = _settings(spec)
    changed = [each.name for each in settings if before is not None and was[each.name] != each.text]
    lines = _setting_lines(Setting("id", spec.id), None, frame)
    for each in settings:
        if each.text or each.name in changed:
            lines += _setting_lines(each, was[each.name] if each.name in changed else None, frame)
    lines += _setting_lines(Setting("directory", row.records.directory), None, frame)
    lines += _setting_lines(Setting("launched", f"{_moment(spec.created_at)} by {spec.by}"), None, frame)
    if detail.other_variables:
        names = f"other than here: {', '.join(detail.other_variables)}"
        lines += _setting_lines(Setting("environment", names), None, frame)
    if before is not None:
        lines += [line(), *_comparison_lines(before, changed, frame)]
    return lines


def _setting_lines(setting: Setting, was: str | None, frame: Frame) -> list[Line]:
    room = max(8, frame.width - 16)
    first, *rest = wrapped(setting.text, room) if setting.text else [frame.glyphs.dash]
    lines = [line((f" {setting.name:<13} ", "dim"), (first, "" if was is None else "strong"))]
    lines += [line(f"{'':15}{piece}") for piece in rest]
    if was is not None:
        lines += [line((f"{'':15}{piece}", "warn")) for piece in wrapped(f"was {was or frame.glyphs.dash}", room)]
    return lines


def _comparison_lines(before: Spec, changed: list[str], frame: Frame) -> list[Line]:
    run = f"the run of this name before, {before.id} ({_moment(before.created_at)})"
    text = f"changed since {run}: {', '.join(changed)}" if changed else f"as {run}"
    return [line((f" {piece}", "dim")) for piece in wrapped(text, frame.width - 2)]


def _settings(spec: Spec) -> list[Setting]:
    """Those that somebody may have chosen; the same names for every run."""
    stall = "from its own pace" if spec.stall is None else f"after {numbers.duration(spec.stall)}: {spec.on_stall}"
    return [
        Setting("command", shlex.join(spec.command)),
        Setting("folder", spec.cwd),
        Setting("group", f"{spec.group}{f', priority {spec.priority}' if spec.priority else ''}"),
        Setting("after", ", ".join(spec.after)),
        Setting("not before", _moment(spec.start_at) if spec.start_at is not None else ""),
        Setting("labels", _labels(spec.labels)),
        Setting("restart", _restarts(spec)),
        Setting("graces", f"pause {numbers.duration(spec.pause_grace)}, stop {numbers.duration(spec.stop_grace)}"),
        Setting("stall", stall),
        Setting("limits", view.limits_text(spec)),
        Setting("progress", spec.progress_file or ""),
        Setting("heartbeat", spec.heartbeat_file or ""),
    ]


def _restarts(spec: Spec) -> str:
    bound = "" if spec.restart is Restart.NEVER else f", at most {spec.retries} without progress"
    return f"{spec.restart}{bound}"


def _labels(labels: Mapping[str, str]) -> str:
    return "  ".join(f"{name}={value}" for name, value in labels.items())


def _moment(moment: float) -> str:
    return time.strftime("%d %b %H:%M:%S", time.localtime(moment))
