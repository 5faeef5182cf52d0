"""What is said of processes that hang: of real ones, and where the kernel hides what they do."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from overnight.state.activity import Activity, Child, Doing, Wait, Who, activity_of, activity_words, wait_of
from overnight.state.threads import WOKEN, Peers, doing_of, threads_of
from tests.waiting import eventually

LOCKS = "import fcntl, sys; two = [open(sys.argv[1], 'w') for _ in 'ab']; [fcntl.flock(each, 2) for each in two]"
CHILD = Child(7, "sleep 60", 250)
NAMES = ("poll_schedule_timeout.constprop.0", "anon_pipe_read", "futex_do_wait", "wait_for_partner", "do_epoll_wait")
WORKERS = (("futex_do_wait", 4), ("hrtimer_nanosleep", 5))
SLEEPS = "import time; time.sleep(60)"
WAITS = [
    ("import os; ends = os.pipe(); os.read(ends[0], 1)", Wait.PIPE),
    ("import socket; ends = socket.socketpair(); ends[0].recv(1)", Wait.LOCAL),
    ("import socket; socket.create_server(('127.0.0.1', 0)).accept()", Wait.NETWORK),
    (LOCKS, Wait.FILE_LOCK),
    ("import threading; threading.Event().wait()", Wait.THREAD),
    ("import select; select.select([], [], [])", Wait.EVENTS),
    ("import subprocess; subprocess.run(['sleep', '60'])", Wait.CHILD),
    (SLEEPS, Wait.SLEEP),
]


def doing_now(pid: int) -> Doing:
    return doing_of(threads_of(pid)[0], pid, Peers())


def waiting_for(wait: Wait, pid: int) -> Callable[[], bool]:
    return lambda: wait_of(doing_now(pid)) is wait


@pytest.mark.parametrize(("program", "wait"), WAITS, ids=[each.name for _, each in WAITS])
def test_what_a_process_waits_for_is_known(program: str, wait: Wait, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-S", "-c", program, str(tmp_path / "lock")], start_new_session=True
    ) as child:
        try:
            eventually(waiting_for(wait, child.pid))
        finally:
            os.killpg(child.pid, 9)


def test_whom_it_waits_for_over_the_network_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        calls = f"import socket; socket.create_connection(('127.0.0.1', {port})).recv(1)"
        with subprocess.Popen([sys.executable, "-S", "-c", calls]) as child:
            try:
                eventually(waiting_for(Wait.NETWORK, child.pid))
                doing = doing_now(child.pid)
                if doing.file is None:
                    pytest.skip("this kernel does not tell which call a process is in")
                words = f"its process waits for the network (127.0.0.1:{port})"
                assert activity_words(activity_of(0, [doing])) == words
                hidden = threads_of(child.pid)[0]._replace(call=None)
                if hidden.place == WOKEN:
                    found = doing_of(hidden, child.pid, Peers()).file
                    assert found == f"127.0.0.1:{port}", "it has no other connection"
            finally:
                child.kill()


def test_what_the_kernel_tells_of_connections_is_read_once_however_many_threads_ask() -> None:
    """It tells of all of them each time: of tens of thousands for each of a hundred threads it took seconds."""
    peers = Peers()
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as call:
        inode, port = str(os.fstat(call.fileno()).st_ino), server.getsockname()[1]
        assert peers.of(os.getpid(), inode) == f"127.0.0.1:{port}"
    assert Peers().of(os.getpid(), inode) is None, "it is gone"
    assert peers.of(os.getpid(), inode) == f"127.0.0.1:{port}"


def test_of_many_threads_the_first_are_looked_at() -> None:
    many = "import threading; [threading.Thread(target=threading.Event().wait).start() for _ in range(9)]"
    with subprocess.Popen([sys.executable, "-S", "-c", many]) as child:
        try:
            eventually(lambda: len(threads_of(child.pid)) == 10)
            assert threads_of(child.pid, most=3) == threads_of(child.pid)[:3]
        finally:
            child.kill()


def test_what_the_kernel_hides_is_not_told() -> None:
    hidden = activity_of(0, [Doing("S")])
    assert activity_words(hidden) == "its process waits for something"
    assert activity_words(activity_of(0, [Doing("D")])) == "its process waits for the disk"
    assert activity_words(activity_of(0, [])) == "its process waits for something"


def test_who_computes_waits_for_nothing() -> None:
    assert activity_words(activity_of(98, [Doing("S", "futex_wait_queue")])) == "its process computes (98% of a core)"
    assert activity_of(3, [Doing("R")]).wait is None, "others leave it no more of the processor"


def test_a_process_that_waits_for_another_one_is_told_by_that_one() -> None:
    waits, calls = Doing("S", "do_wait"), Doing("S", "wait_woken", "10.0.0.1:443", is_agent=False, pid=7)
    told = activity_of(0, [waits, calls])
    assert told == Activity(0, Wait.NETWORK, "wait_woken", "10.0.0.1:443", Who.CHILD, 7)
    assert activity_words(told._replace(child=CHILD)) == (
        "its child `sleep 60` (pid 7, begun 4m ago) waits for the network (10.0.0.1:443)"
    )
    beside = Doing("S", "futex_wait_queue", is_first=False)
    assert activity_of(0, [beside, Doing("S", "anon_pipe_read")]).wait is Wait.PIPE
    assert activity_of(0, [waits, Doing("S", "hrtimer_nanosleep", is_agent=False)]).wait is Wait.SLEEP


def test_who_waits_for_a_child_is_told_with_what_that_does() -> None:
    waits, sleeps = Doing("S", "do_wait"), Doing("S", "hrtimer_nanosleep", is_agent=False, pid=7, tid=7)
    named = "its process waits for its child `sleep 60` (pid 7, begun 4m ago), which"
    assert activity_words(activity_of(0, [waits, sleeps], child=CHILD)) == f"{named} sleeps until a time comes"
    assert activity_words(activity_of(99, [waits, sleeps], child=CHILD)) == f"{named} computes (99% of a core)"


def test_the_worker_with_the_oldest_item_tells_and_not_the_thread_that_waits_for_all_of_them() -> None:
    main = Doing("S", "poll_schedule_timeout.constprop.0", pid=3, tid=3)
    idle, hangs = (Doing("S", place, is_first=False, pid=3, tid=tid) for place, tid in WORKERS)
    told = activity_of(0, [main, idle, hangs], worker=5)
    assert activity_words(told) == "the worker with its oldest item sleeps until a time comes"
    computes = activity_of(99, [main, idle, Doing("R", is_first=False, tid=5)], worker=5)
    assert activity_words(computes) == "the worker with its oldest item computes (99% of a core)"
    unseen = activity_of(0, [main, idle], worker=5)
    assert activity_words(unseen) == "its process waits for its workers"


@pytest.mark.parametrize("place", NAMES)
def test_no_name_of_the_kernel_is_told_that_has_words(place: str) -> None:
    words = activity_words(activity_of(0, [Doing("S", place)]))
    assert "something" not in words
    assert place not in words


def test_a_name_of_the_kernel_for_which_there_are_no_words_comes_last() -> None:
    words = activity_words(activity_of(0, [Doing("S", "odd_place")]))
    assert words == "its process waits for something (in the kernel: odd_place)"


def test_of_what_is_gone_there_is_nothing_to_tell() -> None:
    with subprocess.Popen([sys.executable, "-S", "-c", ""]) as child:
        child.wait()
    assert threads_of(child.pid) == ()


def test_a_peer_of_the_newer_protocol_is_told_as_it_is_written() -> None:
    try:
        server = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no address of the newer protocol")
    with server:
        port = server.getsockname()[1]
        calls = f"import socket; socket.create_connection(('::1', {port})).recv(1)"
        with subprocess.Popen([sys.executable, "-S", "-c", calls]) as child:
            try:
                eventually(waiting_for(Wait.NETWORK, child.pid))
                assert doing_now(child.pid).file in {f"[::1]:{port}", None}
            finally:
                child.kill()
