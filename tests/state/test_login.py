"""Whether logging out ends a process: by logind's own files, in the order in which it reads them."""

from pathlib import Path

import pytest

from overnight.state.login import Login, Way, ends_at_logout, kills_at_logout, managed_path, way_of
from overnight.state.logind import cgroup_of, login_of
from overnight.state.operator import account_name

NOBODY = 65534
SESSION = "/user.slice/user-1000.slice/session-3.scope"
MANAGER = "/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope"


@pytest.mark.parametrize(
    ("texts", "kills"),
    [
        ([], None),
        (["[Login]\n#NAutoVTs=6\n"], None),
        # What is commented out is what logind was built with.
        (["[Login]\n#KillUserProcesses=no\n"], False),
        (["[Login]\n# KillUserProcesses = yes\n"], True),
        (["#KillUserProcesses=no\nKillUserProcesses=yes\n"], True),
        (["KillUserProcesses=yes\n#KillUserProcesses=no\n"], True),
        (["KillUserProcesses=yes", "KillUserProcesses=off"], False),
        (["KillUserProcesses=1", "#KillUserProcesses=no"], True),
        (["KillUserProcesses=yes\nKillExcludeUsers=root ann"], False),
        (["KillUserProcesses=yes\nKillExcludeUsers=root annabel"], True),
        (["KillUserProcesses=yes\n#KillExcludeUsers=ann"], True),
        (["KillUserProcessesNot=yes"], None),
    ],
)
def test_the_configuration_says_whether_a_users_processes_are_killed(texts: list[str], kills: bool | None) -> None:
    assert kills_at_logout(texts, "ann") is kills


def test_root_is_spared_unless_the_configuration_says_otherwise() -> None:
    assert kills_at_logout(["KillUserProcesses=yes"], "root") is False
    assert kills_at_logout(["KillUserProcesses=yes\nKillExcludeUsers="], "root") is True


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        (f"0::{SESSION}\n", SESSION),
        (f"12:cpu,cpuacct:/\n1:name=systemd:{SESSION}\n0::/\n", SESSION),
        ("0::/odd:name/x\n", "/odd:name/x"),
        ("4:memory:/user.slice\n", ""),
        ("torn", ""),
        ("", ""),
    ],
)
def test_the_tree_that_systemd_manages_is_found_in_both_forms(lines: str, path: str) -> None:
    assert managed_path(lines) == path


def test_a_process_ends_with_its_session_or_with_the_users_manager() -> None:
    assert ends_at_logout(SESSION, Login(True, True))
    assert not ends_at_logout(SESSION, Login(False, False))
    assert ends_at_logout(MANAGER, Login(False, False))
    assert not ends_at_logout(MANAGER, Login(True, True))
    assert not ends_at_logout("/system.slice/ssh.service", Login(True, False))


def a_system(root: Path, **files: str) -> str:
    """`files`: their place, with two underscores for a slash."""
    (root / "run/systemd/system").mkdir(parents=True)
    for place, text in files.items():
        path = root / (place.replace("__", "/") + ".conf")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(root)


def kills(root: str) -> bool | None:
    login = login_of(NOBODY, root)
    assert login is not None
    return login.kill_user_processes


YES, NO = "[Login]\nKillUserProcesses=yes\n", "[Login]\nKillUserProcesses=no\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"etc__systemd__logind": YES}, True),
        ({"usr__lib__systemd__logind": YES}, True),
        ({"etc__systemd__logind": NO, "usr__lib__systemd__logind": YES}, False),
        ({"etc__systemd__logind": NO, "usr__lib__systemd__logind.conf.d__10-x": YES}, True),
        ({"etc__systemd__logind.conf.d__10-x": NO, "usr__lib__systemd__logind.conf.d__10-x": YES}, False),
        ({"etc__systemd__logind.conf.d__10-x": NO, "run__systemd__logind.conf.d__20-y": YES}, True),
    ],
)
def test_files_count_in_the_order_in_which_logind_reads_them(
    tmp_path: Path, files: dict[str, str], expected: bool | None
) -> None:
    assert kills(a_system(tmp_path, **files)) is expected


def test_a_user_lingers_whose_name_is_in_the_folder(tmp_path: Path) -> None:
    root = a_system(tmp_path)
    assert login_of(NOBODY, root) == Login(None, False)
    (tmp_path / "var/lib/systemd/linger").mkdir(parents=True)
    (tmp_path / "var/lib/systemd/linger" / account_name(NOBODY)).touch()
    assert login_of(NOBODY, root) == Login(None, True)


def test_the_manager_is_reachable_where_it_listens_and_there_is_the_program_that_asks_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, programs = a_system(tmp_path), tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))

    def reachable() -> bool:
        login = login_of(NOBODY, root)
        assert login is not None
        return login.reachable

    assert not reachable()
    (tmp_path / f"run/user/{NOBODY}/systemd").mkdir(parents=True)
    (tmp_path / f"run/user/{NOBODY}/systemd/private").touch()
    assert not reachable()
    (programs / "systemd-run").touch(mode=0o755)
    assert reachable()


def test_where_in_the_tree_a_process_is_is_its_own_word(tmp_path: Path) -> None:
    root = a_system(tmp_path)
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(f"0::{SESSION}\n")
    assert login_of(NOBODY, root) == Login(None, False, SESSION)
    with open("/proc/self/cgroup", encoding="utf-8") as file:
        assert cgroup_of("self") == managed_path(file.read())


@pytest.mark.parametrize(
    ("login", "way"),
    [
        (None, Way.PLAINLY),
        (Login(False, False, SESSION), Way.PLAINLY),
        (Login(None, None, SESSION, reachable=True), Way.PLAINLY),
        (Login(True, True, SESSION, reachable=True), Way.IN_A_SCOPE),
        (Login(True, True, SESSION), Way.IN_VAIN),
        # Its manager ends with its last session.
        (Login(True, False, SESSION, reachable=True), Way.IN_VAIN),
        (Login(False, False, MANAGER, reachable=True), Way.IN_VAIN),
        (Login(True, True, MANAGER, reachable=True), Way.PLAINLY),
        (Login(True, False, "/system.slice/cron.service"), Way.PLAINLY),
    ],
)
def test_a_scope_is_asked_for_only_where_it_is_needed_and_stays(login: Login | None, way: Way) -> None:
    assert way_of(login) is way


def test_without_systemd_nobody_ends_anything_at_logout(tmp_path: Path) -> None:
    assert login_of(NOBODY, str(tmp_path)) is None
    assert cgroup_of(1 << 30) == ""
