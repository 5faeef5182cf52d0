"""The dialog of a launch: it says what is wrong before anything is launched, and what is typed is never lost."""

import sys
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from overnight.agents.launchers.order import Order
from overnight.state.errors import WrongUsage
from overnight.state.home import Home
from overnight.state.records import Exit, Outcome, Restart, Spec
from overnight.state.rundir import RunDir
from overnight.tui.app import OvernightApp
from overnight.tui.launching import MOST_RECENT, Draft, Form, draft_of, order_of, recent_drafts
from overnight.tui.screens.launch import LaunchScreen
from tests.supervision.launched import ended, output, sh
from tests.tui.driven import an_ended_run, drive, shown, until

pytestmark = pytest.mark.leaves_no_process


def order(command: str = "true", **fields: str) -> Order:
    return order_of(Draft(Form(command, **fields)))


def test_the_fields_become_an_order(tmp_path: Path) -> None:
    made = order("sh -c 'echo \"a b\"'", name=" crawl ", folder=str(tmp_path), group="gpu", retries=" 3 ")
    assert made == Order(("sh", "-c", 'echo "a b"'), name="crawl", group="gpu", cwd=str(tmp_path), retries=3)


def test_what_is_left_empty_is_as_a_launch_has_it() -> None:
    assert order("true", group="", retries="") == Order(("true",), retries=0)


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"command": "  "}, "no command yet"),
        ({"command": "echo 'a"}, "the command ends too early: no closing quotation"),
        ({"command": "cat a | wc"}, "| is for a shell"),
        ({"command": "nowhere-at-all"}, "command not found: nowhere-at-all"),
        ({"folder": "/nowhere/at/all"}, "no such folder: /nowhere/at/all"),
        ({"name": "a b"}, "'a b' cannot be a run's name"),
        ({"group": "a/b"}, "'a/b' cannot be a group's name"),
        ({"retries": "many"}, "retries 'many': not a whole number, 0 or more"),
        ({"retries": "-1"}, "retries '-1': not a whole number, 0 or more"),
        ({"retries": "9" * 20}, f"retries {'9' * 20}: must be 999999999 at most"),
        ({"retries": "9" * 9999}, f"retries {'9' * 9999}: must be 999999999 at most"),
    ],
)
def test_what_cannot_be_launched_is_said(fields: dict[str, str], what: str) -> None:
    with pytest.raises(WrongUsage) as refused:
        order(**fields)
    assert str(refused.value) == what


def test_advice_about_a_name_is_what_its_field_takes() -> None:
    with pytest.raises(WrongUsage) as refused:
        order(name="né 日本-x")
    assert refused.value.hint == "Use letters, digits, dot, dash, underscore, at most 64: né-日本-x"


@pytest.mark.parametrize(("typed", "works_on"), [("index", ["."]), ("digest src tests", ["src", "tests"])])
def test_what_comes_along_is_launched_by_the_name_under_which_it_is_listed(typed: str, works_on: list[str]) -> None:
    name = typed.split(maxsplit=1)[0]
    assert order(typed).command == (sys.executable, "-m", f"overnight.agents.bundled.{name}", *works_on)


def test_a_program_goes_before_what_comes_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "index"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert order("index").command == ("index",)


def test_a_shells_sign_is_answered_with_what_a_shell_takes() -> None:
    with pytest.raises(WrongUsage) as refused:
        order("echo 'a b' > c")
    assert refused.value.hint == """sh -c 'echo '"'"'a b'"'"' > c'"""


def spec(number: int, *command: str, cwd: str = "/", retries: int = 0) -> Spec:
    restart = Restart.ON_FAILURE if retries else Restart.NEVER
    return Spec(f"a-{number}", "a", command, cwd, restart=restart, retries=retries, created_at=float(number), by="ann")


def as_it_is(written: Spec) -> Spec:
    return written


def test_each_command_in_each_folder_is_recent_once_the_newest_first() -> None:
    specs = [spec(1, "a"), spec(2, "b"), spec(3, "a"), spec(4, "a", cwd="/tmp")]
    recent = [each.form for each in recent_drafts(specs, "/here", as_it_is) if not each.about]
    assert [(each.command, each.folder) for each in recent] == [("a", "/tmp"), ("a", "/"), ("b", "/")]
    many = recent_drafts([spec(number, f"c{number}") for number in range(50)], "/here", as_it_is)
    assert len([each for each in many if not each.about]) == MOST_RECENT


def test_what_comes_along_can_be_launched_in_the_folder_where_one_is(tmp_path: Path) -> None:
    for each in recent_drafts([], str(tmp_path), as_it_is):
        assert order_of(each).cwd == str(tmp_path)


def test_a_run_that_is_launched_again_keeps_what_the_fields_do_not_hold() -> None:
    before = spec(1, "true", retries=2)._replace(stall=90.0, nice=5, labels={"a": "b"})
    again = order_of(draft_of(before))
    assert (again.retries, again.stall, again.nice, again.labels) == (2, 90.0, 5, {"a": "b"})


def test_no_code_of_a_terminal_gets_into_a_field() -> None:
    assert "\x1b" not in draft_of(spec(1, "a\x1b]52;c;aGk=\x07b")).form.command


def test_what_is_not_changed_is_launched_as_it_was_though_no_field_can_show_it(tmp_path: Path) -> None:
    folder = tmp_path / "two\nlines"
    folder.mkdir()
    written = spec(1, "sh", "-c", "echo 'a'\n\techo | cat", "|", "x" * 9000, cwd=str(folder))
    again = order_of(draft_of(written))
    assert (again.command, again.cwd) == (written.command, written.cwd)
    changed = draft_of(written)
    changed = changed._replace(form=changed.form._replace(command="true", folder=str(tmp_path)))
    assert (order_of(changed).command, order_of(changed).cwd) == (("true",), str(tmp_path))


# -- the dialog


async def opened(app: OvernightApp, pilot: "Pilot[None]", key: str) -> LaunchScreen:
    await pilot.press(key)
    await until(pilot, lambda: isinstance(app.screen, LaunchScreen) and "command" in shown(app))
    assert isinstance(app.screen, LaunchScreen)
    return app.screen


async def typed(pilot: "Pilot[None]", text: str) -> None:
    await pilot.press(*("space" if char == " " else char for char in text))


def the_run(home: Path, name: str) -> RunDir:
    (run,) = (each for each in Home(str(home)).runs() if each.id.startswith(f"{name}-"))
    return run


def test_what_is_typed_is_launched_and_the_cursor_goes_there(home: Path) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await opened(app, pilot, "n")
        await typed(pilot, "echo hello")
        await until(pilot, lambda: "echo, in group default: not retried if it fails" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, LaunchScreen))
        run = the_run(home, "echo")
        await until(pilot, lambda: app.fleet.cursor == run.id)
        assert ended(run).outcome is Outcome.COMPLETED
        assert output(run) == "hello\n"

    drive(home, act)


def test_of_several_lines_that_are_pasted_the_first_is_taken_and_that_is_said(home: Path) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        screen = await opened(app, pilot, "n")
        app.post_message(events.Paste("echo one\necho two\n"))
        await until(pilot, lambda: "Only the first of 2 lines was taken" in shown(app))
        assert screen.query_one("#command", Input).value == "echo one"
        await pilot.press("x")
        await until(pilot, lambda: "Only the first" not in shown(app))
        app.post_message(events.Paste(" y\n"))
        await until(pilot, lambda: "echo onex y" in shown(app))
        assert "Only the first" not in shown(app)

    drive(home, act)


def test_what_is_wrong_stands_there_and_enter_launches_nothing(home: Path) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await opened(app, pilot, "n")
        await typed(pilot, "nowhere-at-all")
        await until(pilot, lambda: "command not found: nowhere-at-all" in shown(app))
        await pilot.press("enter")
        assert isinstance(app.screen, LaunchScreen)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, LaunchScreen))

    drive(home, act)
    assert list(Home(str(home)).runs()) == []


def test_a_launch_that_is_refused_loses_nothing_that_was_typed(home: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/nowhere/at/all\n")
    broken.chmod(0o700)

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        screen = await opened(app, pilot, "n")
        await typed(pilot, str(broken))
        await pilot.press("enter")
        await until(pilot, lambda: "could not be executed" in shown(app))
        assert screen.query_one("#command", Input).value == str(broken)
        await typed(pilot, "x")
        await until(pilot, lambda: "command not found" in shown(app))

    drive(home, act)


def test_arrows_take_over_what_was_launched_lately_and_give_back_what_was_there(home: Path) -> None:
    an_ended_run(home, "crawl", Exit(Outcome.FAILED, 1, attempts=1, started_at=1.0, ended_at=2.0))

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        screen = await opened(app, pilot, "n")
        await typed(pilot, "true")
        await pilot.press("down")
        command = screen.query_one("#command", Input)
        await until(pilot, lambda: command.value == "python agent.py")
        assert screen.query_one("#name", Input).value == "crawl"
        await pilot.press("up")
        await until(pilot, lambda: command.value == "true")

    drive(home, act)


def test_a_run_is_launched_again_with_changes_and_with_its_environment(home: Path) -> None:
    first = sh(home, "echo $TOKEN\nexit 3", name="first", environment={"TOKEN": "1234"})
    assert ended(first).outcome is Outcome.FAILED

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        screen = await opened(app, pilot, "R")
        assert "first again, changed" in shown(app)
        name = screen.query_one("#name", Input)
        name.focus()
        await pilot.press("end", *["backspace"] * len("first"))
        await typed(pilot, "second")
        assert "1234" not in shown(app), "no value of it is shown"
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, LaunchScreen))
        assert output(the_run(home, "second")) == "1234\n"

    drive(home, act)
    assert first.exit() is not None, "it is left as it was"
    ended(the_run(home, "second"))


def test_n_goes_on_finding_as_long_as_something_is_sought(home: Path) -> None:
    for name in ("crawl", "other", "crawl"):
        an_ended_run(home, name, Exit(Outcome.COMPLETED, 0, attempts=1, started_at=1.0, ended_at=2.0))

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"crawl", "enter")
        found = app.fleet.cursor
        await pilot.press("n")
        await until(pilot, lambda: app.fleet.cursor != found)
        assert not isinstance(app.screen, LaunchScreen)
        await pilot.press("escape")
        await opened(app, pilot, "n")

    drive(home, act)


def test_a_dialog_stands_where_the_window_is_as_small_as_can_be(home: Path) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await opened(app, pilot, "n")
        await typed(pilot, "true")
        await until(pilot, lambda: "in group default" in shown(app))

    drive(home, act, size=(60, 18))
