"""What is seen of the machine is so: its limits and what of them is used, its disk, whether it is a container."""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from overnight.state import lock
from overnight.state.disk import disk_of
from overnight.state.home import Home
from overnight.state.machine import container, machine_now
from overnight.state.mounts import kind_of
from overnight.state.process import identity_of
from tests.small_disk import fill, small_disk_at

MOUNTS = """\
22 1 259:1 / / rw,relatime shared:1 - ext4 /dev/root rw
23 22 0:21 / /mnt rw shared:2 - tmpfs none rw
24 23 0:22 / /mnt/a\\040b rw - nfs4 server:/x rw
26 23 0:25 / /mnt/é\\040\udcff\\134040 rw - cifs //server/x rw
27 23 0:26 / /mnt/a\xa0b\u2028c rw - 9p x rw
25 22 0:23 / /mnt rw - xfs /dev/sdb rw
26 22 0:24 / /home rw master:3 - btrfs /dev/sdc rw
torn
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/etc/x", "ext4"),
        ("/mnt", "xfs"),
        ("/mntx", "ext4"),
        ("/mnt/a b/runs", "nfs4"),
        ("/mnt/é \udcff\\040/runs", "cifs"),
        ("/mnt/a\xa0b\u2028c", "9p"),
        ("/home/ann/.local", "btrfs"),
    ],
)
def test_the_nearest_and_newest_mount_says_of_which_kind_a_folder_is(path: str, kind: str) -> None:
    assert kind_of(path, MOUNTS) == kind


def test_of_no_mounts_nothing_is_known() -> None:
    assert kind_of("/x", "") == ""


def test_a_disk_is_tried_out_and_left_as_it_was(tmp_path: Path) -> None:
    found = disk_of(str(tmp_path))
    assert found is not None
    assert found.error is None
    assert (found.hard_links, found.locks) == (True, True)
    assert found.kind
    assert os.listdir(tmp_path) == []
    assert disk_of(str(tmp_path / "none")) is None


@pytest.fixture
def mounted(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A filesystem of the kind that the test names."""
    place = tmp_path / "mounted"
    place.mkdir()
    mount = ["mount", "-t", request.param, "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip(f"{request.param} cannot be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize(("mounted", "holes"), [("tmpfs", True), ("ramfs", False)], indirect=["mounted"])
def test_a_filesystem_that_cannot_punch_holes_is_told_from_one_that_can(mounted: Path, holes: bool) -> None:
    found = disk_of(str(mounted))
    assert found is not None
    assert found.holes is holes
    assert found.hard_links
    assert os.listdir(mounted) == []


def test_a_full_disk_is_told_of_and_left_as_it_was(tmp_path: Path) -> None:
    with small_disk_at(tmp_path) as disk:
        fill(disk)
        before = os.listdir(disk)
        found = disk_of(str(disk))
        assert found is not None
        assert found.error == "No space left on device"
        assert os.listdir(disk) == before


def test_the_inotify_instances_and_watches_of_this_user_are_counted(home: Path) -> None:
    libc = ctypes.CDLL(None)
    before = machine_now(Home(str(home))).inotify
    assert before is not None
    descriptors = [libc.inotify_init() for _ in range(3)]
    try:
        for number in range(10):
            folder = home / str(number)
            folder.mkdir()
            assert libc.inotify_add_watch(descriptors[0], os.fsencode(folder), 0x80) > 0
        after = machine_now(Home(str(home))).inotify
    finally:
        for each in descriptors:
            os.close(each)
    assert after is not None
    # Others of this user come and go meanwhile, but not by so many.
    assert after.max_watches == before.max_watches > 0
    assert after.watches >= 10
    assert after.instances >= 3


def test_the_clock_since_boot_is_the_one_that_processes_are_timed_by(home: Path) -> None:
    me = identity_of(os.getpid())
    machine = machine_now(Home(str(home)))
    assert me is not None
    assert me.boot_id == machine.boot_id
    assert 0 <= machine.uptime - me.start_time / 100 < 3600


@pytest.mark.parametrize(
    ("path", "text", "kind"),
    [
        ("run/.containerenv", "", "podman"),
        (".dockerenv", "", "docker"),
        ("run/systemd/container", "lxc\n", "lxc"),
        ("run/systemd/container", "", None),
        ("etc/hosts", "", None),
    ],
)
def test_a_container_is_known_by_what_its_maker_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, text: str, kind: str | None
) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(text)
    assert container(str(tmp_path)) == kind
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    assert container(str(tmp_path)) in {kind, "kubernetes"}


def test_the_lock_that_is_tried_out_is_a_real_one(tmp_path: Path) -> None:
    # On one disk with the homes of the tests: else they would prove nothing.
    held = lock.acquire(str(tmp_path / "lock"))
    assert held is not None
    assert lock.acquire(str(tmp_path / "lock")) is None
    os.close(held)
